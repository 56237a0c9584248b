/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virtio-blk on a file: a driver and a device in one program. Writes a text to a sector and reads it back. */
#include <dpu/dpu.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 8
#define SECTOR 1

static struct dpu_virtio_blk *blk;
static struct dpu_virtq *driver, *device;

/* Makes a request, lets the device serve it, and takes it back. */
static int request(uint32_t type, uint64_t sector, void *data, size_t len)
{
	struct iovec element = { data, len }, iov[3];
	struct dpu_virtq_chain chain = { .iov = iov, .iov_max = 3 }, used;
	struct dpu_virtio_blk_req req;
	int rc;

	rc = dpu_virtio_blk_req_init(&req, type, sector, &element, len ? 1 : 0, &chain);
	if (rc < 0)
		return rc;
	if (dpu_virtq_add(driver, &chain, 1) != 1 || dpu_virtio_blk_process(blk, device, 1) != 1 ||
	    dpu_virtq_get(driver, &used, 1) != 1)
		return -EIO;
	return dpu_virtio_blk_req_result(&chain, used.written);
}

static int open_disk(const char *path)
{
	DPU_OPTS(dpu_virtio_blk_backend, backend);
	DPU_OPTS(dpu_virtio_blk_opts, opts, .backend = &backend, .id = "libdpu-example");
	int rc;

	rc = dpu_virtio_blk_backend_file(path, 0, &backend);
	if (rc < 0)
		return rc;
	rc = dpu_virtio_blk_create(&opts, &blk);
	if (rc < 0) {
		backend.release(backend.user);
		return rc;
	}
	/* This driver accepts everything. */
	return dpu_virtio_blk_set_features(blk, dpu_virtio_blk_features(blk));
}

static int open_queue(char *ring, size_t avail, size_t used)
{
	DPU_OPTS(dpu_virtq_opts, opts, .desc = ring, .avail = ring + avail, .used = ring + used, .size = SIZE,
		 .side = DPU_VIRTQ_DRIVER);
	int rc;

	rc = dpu_virtq_create(&opts, &driver);
	if (rc < 0)
		return rc;
	opts.side = DPU_VIRTQ_DEVICE;
	return dpu_virtq_create(&opts, &device);
}

static int use_disk(void)
{
	char sector[DPU_VIRTIO_BLK_SECTOR_SIZE] = "written through a virtqueue",
	     id[DPU_VIRTIO_BLK_ID_BYTES + 1] = "";
	uint64_t capacity;
	int rc;

	dpu_virtio_blk_config_read(blk, 0, &capacity, sizeof(capacity));
	rc = request(DPU_VIRTIO_BLK_T_GET_ID, 0, id, DPU_VIRTIO_BLK_ID_BYTES);
	if (rc < 0)
		return rc;
	printf("disk %s: %llu sectors\n", id, (unsigned long long)le64toh(capacity));
	rc = request(DPU_VIRTIO_BLK_T_OUT, SECTOR, sector, sizeof(sector));
	if (rc == 0)
		rc = request(DPU_VIRTIO_BLK_T_FLUSH, 0, NULL, 0);
	memset(sector, 0, sizeof(sector));
	if (rc == 0)
		rc = request(DPU_VIRTIO_BLK_T_IN, SECTOR, sector, sizeof(sector));
	if (rc == 0)
		printf("sector %d: \"%s\"\n", SECTOR, sector);
	return rc;
}

int main(int argc, char **argv)
{
	size_t avail, used, bytes;
	char *ring;
	int rc;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FILE\n", argv[0]);
		return EXIT_FAILURE;
	}
	bytes = (size_t)dpu_virtq_ring_size(DPU_VIRTQ_SPLIT, SIZE, &avail, &used);
	if (posix_memalign((void **)&ring, 4096, bytes))
		return EXIT_FAILURE;
	memset(ring, 0, bytes);
	rc = open_disk(argv[1]);
	if (rc == 0)
		rc = open_queue(ring, avail, used);
	if (rc == 0)
		rc = use_disk();
	if (rc < 0)
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-rc));
	dpu_virtq_unref(device);
	dpu_virtq_unref(driver);
	dpu_virtio_blk_unref(blk);
	free(ring);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
