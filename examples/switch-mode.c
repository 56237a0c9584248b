/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Modes: from DPU to NIC mode and back, with the reset that each needs. usage: switch-mode [URI [DEVICE]]
 * This resets the device: it is meant for sim:. */
#include <dpu/dpu.h>
#include <stdio.h>
#include <stdlib.h>

static int show(struct dpu_device *device, const char *when)
{
	DPU_OPTS(dpu_mode_info, info);
	int rc = dpu_mode_get(device, &info);

	if (rc < 0)
		return rc;
	printf("%-14s now %s, at next boot %s, reset needed: %s\n", when,
	       dpu_mode_name((enum dpu_mode)info.current), dpu_mode_name((enum dpu_mode)info.next),
	       dpu_reset_name((enum dpu_reset)info.reset));
	return 0;
}

static int switch_to(struct dpu_device *device, enum dpu_mode mode)
{
	int rc = dpu_mode_set(device, mode);

	if (rc == 0)
		rc = show(device, "after set:");
	if (rc == 0)
		rc = dpu_device_reset(device, DPU_RESET_SYSTEM, 10000);
	if (rc == 0)
		rc = show(device, "after reset:");
	return rc;
}

int main(int argc, char **argv)
{
	char error[512] = "";
	DPU_OPTS(dpu_ctx_opts, ctx_opts, .error = error, .error_size = sizeof(error));
	struct dpu_device *device = NULL;
	struct dpu_ctx *ctx;
	int rc;

	if (dpu_ctx_open(argc > 1 ? argv[1] : "sim:", &ctx_opts, &ctx) < 0) {
		fprintf(stderr, "%s\n", error);
		return EXIT_FAILURE;
	}
	rc = dpu_device_find(ctx, argc > 2 ? argv[2] : "p0", &device);
	if (rc == 0)
		rc = show(device, "at first:");
	if (rc == 0)
		rc = switch_to(device, DPU_MODE_NIC);
	if (rc == 0)
		rc = switch_to(device, DPU_MODE_DPU);
	if (rc < 0)
		fprintf(stderr, "%s\n", dpu_ctx_error_text(ctx));
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
