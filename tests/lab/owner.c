/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* usage: owner DEVICE SFNUM
 * Makes an SF that it owns, says so, and waits to be killed. For test-faults.sh. */
#include <dpu/dpu.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	DPU_OPTS(dpu_sf_opts, opts, .owned = 1);
	struct dpu_device *device = NULL;
	struct dpu_function *sf;
	struct dpu_ctx *ctx;
	int rc;

	if (argc != 3 || dpu_ctx_open(NULL, NULL, &ctx) < 0)
		return 2;
	opts.sfnum = (uint32_t)atoi(argv[2]);
	rc = dpu_device_find(ctx, argv[1], &device);
	if (rc == 0)
		rc = dpu_sf_create(device, &opts, 10000, &sf);
	if (rc < 0) {
		printf("%s\n", dpu_ctx_error_text(ctx));
		return 1;
	}
	printf("made %s\n", dpu_function_netdev(sf));
	fflush(stdout);
	pause();
	dpu_function_unref(sf);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
	return 0;
}
