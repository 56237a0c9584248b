/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include "conformance.h"

static void names(void)
{
	enum dpu_reset level = DPU_RESET_NONE;
	enum dpu_mode mode = DPU_MODE_UNKNOWN;
	int i;

	for (i = 0; dpu_mode_name((enum dpu_mode)i); i++)
		ok(dpu_mode_parse(dpu_mode_name((enum dpu_mode)i), &mode) == 0 && (int)mode == i,
		   "%s is read as written", dpu_mode_name((enum dpu_mode)i));
	is_int(i, 4);
	for (i = 0; dpu_reset_name((enum dpu_reset)i); i++)
		ok(dpu_reset_parse(dpu_reset_name((enum dpu_reset)i), &level) == 0 && (int)level == i,
		   "%s is read as written", dpu_reset_name((enum dpu_reset)i));
	is_int(i, 3);
	is_int(dpu_mode_parse("ecpf", &mode), -EINVAL);
	is_int(dpu_reset_parse("", &level), -EINVAL);
}

/* This resets the device: only where that loses nothing. */
static void switch_modes(struct dpu_device *device)
{
	DPU_OPTS(dpu_mode_info, info);
	enum dpu_eswitch_mode eswitch;

	is_int(dpu_mode_set(device, DPU_MODE_NIC), 0);
	is_int(dpu_mode_get(device, &info), 0);
	is_int(info.current, DPU_MODE_DPU);
	is_int(info.next, DPU_MODE_NIC);
	is_int(info.reset, DPU_RESET_SYSTEM);
	is_int(dpu_device_reset(device, DPU_RESET_FIRMWARE, DEADLINE_MS), 0);
	is_int(dpu_mode_get(device, &info), 0);
	is_int(info.current, DPU_MODE_DPU);
	is_int(info.next, DPU_MODE_NIC);
	is_int(dpu_device_reset(device, DPU_RESET_SYSTEM, DEADLINE_MS), 0);
	is_int(dpu_mode_get(device, &info), 0);
	is_int(info.current, DPU_MODE_NIC);
	is_int(info.reset, DPU_RESET_NONE);
	is_int(dpu_eswitch_mode_get(device, &eswitch), -EOPNOTSUPP);
	contains(dpu_ctx_error_text(dpu_device_ctx(device)), "NIC mode");
	is_int(dpu_mode_set(device, DPU_MODE_DPU), 0);
	is_int(dpu_device_reset(device, DPU_RESET_SYSTEM, DEADLINE_MS), 0);
	is_int(dpu_mode_get(device, &info), 0);
	is_int(info.current, DPU_MODE_DPU);
	is_int(dpu_eswitch_mode_get(device, &eswitch), 0);
}

void chapter_mode(struct dpu_ctx *ctx)
{
	struct dpu_device *device = conformance_eswitch_device(ctx);
	DPU_OPTS(dpu_mode_info, info);

	tap_diag("chapter: mode");
	names();
	if (!device || dpu_mode_get(device, &info) < 0) {
		tap_skip("no DPU whose mode this world can tell");
		dpu_device_unref(device);
		return;
	}
	is_int(dpu_mode_set(device, DPU_MODE_UNKNOWN), -EINVAL);
	is_int(dpu_mode_set(device, (enum dpu_mode)17), -EINVAL);
	is_int(dpu_device_reset(device, DPU_RESET_NONE, DEADLINE_MS), -EINVAL);
	info.sz = 0;
	is_int(dpu_mode_get(device, &info), -EINVAL);
	if (!strcmp(dpu_ctx_provider(ctx), "sim"))
		switch_modes(device);
	dpu_device_unref(device);
}
