/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Firmware parameters: what a few of them are, now and at next boot, and what another number of VFs would
 * change; with a fourth argument "write" that is stored. usage: firmware-config [URI [DEVICE [VFS [write]]]]
 */
#include <dpu/dpu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int show(struct dpu_device *device)
{
	static const char *const names[] = { "INTERNAL_CPU_MODEL", "SRIOV_EN", "NUM_OF_VFS" };
	const struct dpu_nvconfig_param *param;
	struct dpu_nvconfig_list *list;
	size_t i;
	int rc;

	rc = dpu_nvconfig_list(device, names, 3, &list);
	if (rc < 0)
		return rc;
	for (i = 0; i < dpu_nvconfig_list_count(list); i++) {
		param = dpu_nvconfig_list_get(list, i);
		printf("%-20s default %s, now %s, at next boot %s\n", param->name,
		       param->value[DPU_NVCONFIG_DEFAULT], param->value[DPU_NVCONFIG_CURRENT],
		       param->value[DPU_NVCONFIG_NEXT]);
	}
	dpu_nvconfig_list_unref(list);
	return 0;
}

static int change(struct dpu_device *device, const char *vfs, int write)
{
	const struct dpu_nvconfig_setting settings[] = { { "SRIOV_EN", "True" }, { "NUM_OF_VFS", vfs } };
	const struct dpu_nvconfig_change *item;
	struct dpu_nvconfig_change_list *list;
	size_t i;
	int rc;

	rc = dpu_nvconfig_plan(device, settings, 2, &list);
	if (rc < 0)
		return rc;
	for (i = 0; i < dpu_nvconfig_change_list_count(list); i++) {
		item = dpu_nvconfig_change_list_get(list, i);
		if (item->differs)
			printf("%s: from %s to %s, current after a reset of level \"%s\"\n", item->name,
			       item->next, item->wanted, dpu_reset_name((enum dpu_reset)item->reset));
	}
	dpu_nvconfig_change_list_unref(list);
	/* All of it or nothing. */
	rc = write ? dpu_nvconfig_set(device, settings, 2) : 0;
	if (rc > 0)
		printf("written\n");
	return rc < 0 ? rc : 0;
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
		rc = show(device);
	if (rc == 0)
		rc = change(device, argc > 3 ? argv[3] : "32", argc > 4 && !strcmp(argv[4], "write"));
	if (rc < 0)
		fprintf(stderr, "%s\n", dpu_ctx_error_text(ctx));
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
