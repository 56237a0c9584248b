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
	is_int(i, 5);
	for (i = 0; dpu_side_name((enum dpu_side)i); i++)
		ok(dpu_side_name((enum dpu_side)i)[0], "side %d has a name", i);
	is_int(i, 3);
	for (i = 0; dpu_reset_name((enum dpu_reset)i); i++)
		ok(dpu_reset_parse(dpu_reset_name((enum dpu_reset)i), &level) == 0 && (int)level == i,
		   "%s is read as written", dpu_reset_name((enum dpu_reset)i));
	is_int(i, 3);
	is_int(dpu_mode_parse("ecpf", &mode), -EINVAL);
	is_int(dpu_reset_parse("", &level), -EINVAL);
}

/* What the DPU runs in and will run in, and the reset between; what it does agrees with the former. */
static void stands(struct dpu_device *device, enum dpu_mode current, enum dpu_mode next, enum dpu_reset reset)
{
	DPU_OPTS(dpu_mode_info, info);

	is_int(dpu_mode_get(device, &info), 0);
	is_str(dpu_mode_name((enum dpu_mode)info.current), dpu_mode_name(current));
	is_str(dpu_mode_name((enum dpu_mode)info.next), dpu_mode_name(next));
	is_str(dpu_mode_name((enum dpu_mode)info.runtime), dpu_mode_name(current));
	is_int(info.reset, reset);
	is_int(info.contradicts, 0);
	is_int(info.stored, 0);
	ok(info.evidence && info.side != DPU_SIDE_UNKNOWN, "there is evidence, and a side");
	/* The level of a host's rights holds at once. */
	is_int(info.restricted & 1u, next == DPU_MODE_RESTRICTED);
	is_int(info.next_restricted & 1u, next == DPU_MODE_RESTRICTED);
}

/* From one mode into another: planned, stored, not current after a reset that is too small, current after the
 * right one. */
static void switch_mode(struct dpu_device *device, enum dpu_mode from, enum dpu_mode to)
{
	DPU_OPTS(dpu_mode_plan, plan);
	DPU_OPTS(dpu_mode_plan, stored);

	tap_diag("from %s to %s", dpu_mode_name(from), dpu_mode_name(to));
	is_int(dpu_mode_plan(device, to, &plan), 0);
	is_int(plan.from, from);
	is_int(plan.to, to);
	is_int(plan.reset, DPU_RESET_SYSTEM);
	ok(plan.power_cycle || plan.reset_level, "the plan has a way");
	stands(device, from, from, DPU_RESET_NONE);
	is_int(dpu_mode_set(device, to), 0);
	stands(device, from, to, DPU_RESET_SYSTEM);
	is_int(dpu_mode_plan(device, DPU_MODE_UNKNOWN, &stored), 0);
	ok(!memcmp(&plan, &stored, sizeof(plan)), "the plan was right");
	is_int(dpu_device_reset(device, DPU_RESET_FIRMWARE, DEADLINE_MS), 0);
	stands(device, from, to, DPU_RESET_SYSTEM);
	is_int(dpu_device_reset(device, DPU_RESET_SYSTEM, DEADLINE_MS), 0);
	stands(device, to, to, DPU_RESET_NONE);
}

/* What a host may: the writing of the configuration goes at once, the rest with a reset. */
static void restrict_host(struct dpu_device *device)
{
	DPU_OPTS(dpu_mode_host, host);

	is_int(dpu_mode_restrict(device, 0, 1u << 4), -EINVAL);
	is_int(dpu_mode_restrict(device, 1000, DPU_RESTRICT_ALL), -EINVAL);
	is_int(dpu_mode_host_get(device, 1000, &host), -EINVAL);
	is_int(dpu_mode_restrict(device, 0, DPU_RESTRICT_TRACER), 0);
	stands(device, DPU_MODE_RESTRICTED, DPU_MODE_RESTRICTED, DPU_RESET_FIRMWARE);
	is_int(dpu_mode_host_get(device, 0, &host), 0);
	is_int(host.restricted, 1);
	is_int(host.restrictions, 0);
	is_int(host.next_restricted, 1);
	is_int(host.next_restrictions, DPU_RESTRICT_TRACER);
	is_int(dpu_device_reset(device, DPU_RESET_FIRMWARE, DEADLINE_MS), 0);
	stands(device, DPU_MODE_RESTRICTED, DPU_MODE_RESTRICTED, DPU_RESET_NONE);
	is_int(dpu_mode_host_get(device, 0, &host), 0);
	is_int(host.restrictions, DPU_RESTRICT_TRACER);
	/* A reset of the configuration gives no rights back, unless it is asked to. */
	is_int(dpu_nvconfig_reset(device, NULL, 0), 0);
	is_int(dpu_mode_host_get(device, 0, &host), 0);
	is_int(host.next_restricted, 1);
	is_int(host.next_restrictions, DPU_RESTRICT_TRACER);
	is_int(dpu_nvconfig_reset(device, NULL, DPU_NVCONFIG_RESET_MODE), 0);
	is_int(dpu_mode_host_get(device, 0, &host), 0);
	is_int(host.next_restricted, 0);
	is_int(dpu_device_reset(device, DPU_RESET_SYSTEM, DEADLINE_MS), 0);
	stands(device, DPU_MODE_DPU, DPU_MODE_DPU, DPU_RESET_NONE);
}

/* This resets the device: only where that loses nothing. */
static void switch_modes(struct dpu_device *device)
{
	DPU_OPTS(dpu_mode_info, info);
	enum dpu_eswitch_mode eswitch;

	switch_mode(device, DPU_MODE_DPU, DPU_MODE_NIC);
	is_int(dpu_eswitch_mode_get(device, &eswitch), -EOPNOTSUPP);
	contains(dpu_ctx_error_text(dpu_device_ctx(device)), "NIC mode");
	switch_mode(device, DPU_MODE_NIC, DPU_MODE_DPU);
	is_int(dpu_eswitch_mode_get(device, &eswitch), 0);
	switch_mode(device, DPU_MODE_DPU, DPU_MODE_SEPARATED);
	is_int(dpu_eswitch_mode_get(device, &eswitch), 0);
	switch_mode(device, DPU_MODE_SEPARATED, DPU_MODE_RESTRICTED);
	is_int(dpu_eswitch_mode_get(device, &eswitch), 0);
	is_int(dpu_mode_set(device, DPU_MODE_DPU), 0);
	is_int(dpu_mode_get(device, &info), 0);
	is_int(info.current, DPU_MODE_DPU);
	is_int(dpu_device_reset(device, DPU_RESET_SYSTEM, DEADLINE_MS), 0);
	stands(device, DPU_MODE_DPU, DPU_MODE_DPU, DPU_RESET_NONE);
	restrict_host(device);
}

void chapter_mode(struct dpu_ctx *ctx)
{
	struct dpu_device *device = conformance_eswitch_device(ctx);
	DPU_OPTS(dpu_mode_info, info);
	DPU_OPTS(dpu_mode_plan, plan);
	DPU_OPTS(dpu_mode_host, host);

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
	is_int(dpu_mode_plan(device, (enum dpu_mode)17, &plan), -EINVAL);
	info.sz = plan.sz = host.sz = 0;
	is_int(dpu_mode_get(device, &info), -EINVAL);
	is_int(dpu_mode_plan(device, DPU_MODE_DPU, &plan), -EINVAL);
	is_int(dpu_mode_host_get(device, 0, &host), -EINVAL);
	if (!strcmp(dpu_ctx_provider(ctx), "sim"))
		switch_modes(device);
	dpu_device_unref(device);
}
