/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Virtqueues: a driver and a device in one program; the device answers each request in capitals. */
#include <ctype.h>
#include <dpu/dpu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 8

/* The device's side of the work: read what the driver sent, write the answer. */
static int serve(struct dpu_virtq *device)
{
	struct iovec iov[4];
	struct dpu_virtq_chain chain = { .iov = iov, .iov_max = 4 };
	size_t i, len;
	int rc;

	rc = dpu_virtq_pop(device, &chain, 1);
	if (rc <= 0)
		return rc;
	len = iov[0].iov_len < iov[1].iov_len ? iov[0].iov_len : iov[1].iov_len;
	for (i = 0; i < len; i++)
		((char *)iov[1].iov_base)[i] = (char)toupper(((unsigned char *)iov[0].iov_base)[i]);
	chain.written = (uint32_t)len;
	return dpu_virtq_push(device, &chain, 1);
}

int main(void)
{
	char request[] = "a buffer goes round", answer[64] = "";
	struct iovec iov[] = { { request, sizeof(request) }, { answer, sizeof(answer) } };
	struct dpu_virtq_chain chain = { .iov = iov, .read_count = 1, .write_count = 1, .cookie = answer };
	struct dpu_virtq *driver, *device;
	size_t avail, used;
	char *ring;
	int bytes;

	bytes = dpu_virtq_ring_size(DPU_VIRTQ_SPLIT, SIZE, &avail, &used);
	if (bytes < 0 || posix_memalign((void **)&ring, 4096, (size_t)bytes))
		return EXIT_FAILURE;
	memset(ring, 0, (size_t)bytes);

	DPU_OPTS(dpu_virtq_opts, opts, .desc = ring, .avail = ring + avail, .used = ring + used, .size = SIZE,
		 .side = DPU_VIRTQ_DRIVER);
	if (dpu_virtq_create(&opts, &driver) < 0)
		return EXIT_FAILURE;
	opts.side = DPU_VIRTQ_DEVICE;
	if (dpu_virtq_create(&opts, &device) < 0)
		return EXIT_FAILURE;

	if (dpu_virtq_add(driver, &chain, 1) != 1 || serve(device) < 0 ||
	    dpu_virtq_get(driver, &chain, 1) != 1)
		return EXIT_FAILURE;
	printf("sent \"%s\", got %u bytes: \"%s\"\n", request, chain.written, (char *)chain.cookie);

	dpu_virtq_unref(device);
	dpu_virtq_unref(driver);
	free(ring);
	return EXIT_SUCCESS;
}
