/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* usage: conformance URI */
#include "conformance.h"

struct dpu_device *conformance_eswitch_device(struct dpu_ctx *ctx)
{
	struct dpu_device *device = NULL;
	struct dpu_device_list *list;
	size_t i;

	must(dpu_device_list(ctx, &list) == 0);
	for (i = 0; i < dpu_device_list_count(list) && !device; i++) {
		if (dpu_device_kind(dpu_device_list_get(list, i)) != DPU_DEVICE_NIC)
			device = dpu_device_ref(dpu_device_list_get(list, i));
	}
	dpu_device_list_unref(list);
	return device;
}

int main(int argc, char **argv)
{
	struct dpu_ctx *ctx = open_uri(argc > 1 ? argv[1] : "sim:");

	tap_diag("%s", dpu_ctx_uri(ctx));
	chapter_discovery(ctx);
	chapter_eswitch(ctx);
	chapter_sf(ctx);
	chapter_vf(ctx);
	chapter_attributes(ctx);
	chapter_vf_attributes(ctx);
	chapter_flow(ctx);
	chapter_datapath(ctx);
	chapter_nvconfig(ctx);
	chapter_mode(ctx);
	dpu_ctx_unref(ctx);
	return tap_done();
}
