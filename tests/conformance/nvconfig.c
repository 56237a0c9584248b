/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include "conformance.h"

static void check_param(struct dpu_device *device, const struct dpu_nvconfig_param *param)
{
	const char *names[] = { param->name };
	struct dpu_nvconfig_list *single = NULL;
	uint32_t when;

	must(dpu_nvconfig_list(device, names, 1, &single) == 0);
	is_int(dpu_nvconfig_list_count(single), 1);
	ok(!memcmp(dpu_nvconfig_list_get(single, 0), param, sizeof(*param)), "%s alone is the same",
	   param->name);
	dpu_nvconfig_list_unref(single);
	ok(param->known & 1u << DPU_NVCONFIG_NEXT, "what is stored is known");
	for (when = 0; when < 3; when++) {
		if (param->known & 1u << when)
			ok(param->value[when][0] && param->number[when] <= param->max,
			   "value %u is %s, in range", when, param->value[when]);
	}
	ok(!(param->known & 1u << DPU_NVCONFIG_CURRENT) ||
		   (param->reset == DPU_RESET_NONE) ==
			   (param->number[DPU_NVCONFIG_CURRENT] == param->number[DPU_NVCONFIG_NEXT]),
	   "a reset is needed when it differs");
}

/* Wishing for what is stored is no change. */
static void check_plan(struct dpu_device *device, const struct dpu_nvconfig_param *param)
{
	const struct dpu_nvconfig_setting setting = { param->name, param->value[DPU_NVCONFIG_NEXT] };
	struct dpu_nvconfig_change_list *changes = NULL;
	const struct dpu_nvconfig_change *change;

	is_int(dpu_nvconfig_plan(device, &setting, 1, &changes), 0);
	must(changes);
	is_int(dpu_nvconfig_change_list_count(changes), 1);
	change = dpu_nvconfig_change_list_get(changes, 0);
	is_str(change->device, dpu_device_handle(device));
	is_str(change->name, param->name);
	is_str(change->next, change->wanted);
	is_int(change->differs, 0);
	is_int(change->reset, param->reset);
	ok(!dpu_nvconfig_change_list_get(changes, 1), "no more than that");
	dpu_nvconfig_change_list_unref(changes);
}

/* A number other than the stored one. */
static void plan_another(struct dpu_device *device, const struct dpu_nvconfig_param *param)
{
	struct dpu_nvconfig_change_list *changes = NULL;
	struct dpu_nvconfig_list *after = NULL;
	const char *names[] = { param->name };
	struct dpu_nvconfig_setting setting = { .name = param->name };
	char value[16];

	snprintf(value, sizeof(value), "%u", param->number[DPU_NVCONFIG_NEXT] ? 0 : param->max);
	setting.value = value;
	must(dpu_nvconfig_plan(device, &setting, 1, &changes) == 0);
	is_int(dpu_nvconfig_change_list_get(changes, 0)->differs, 1);
	is_str(dpu_nvconfig_change_list_get(changes, 0)->wanted, value);
	dpu_nvconfig_change_list_unref(changes);
	must(dpu_nvconfig_list(device, names, 1, &after) == 0);
	ok(!memcmp(dpu_nvconfig_list_get(after, 0), param, sizeof(*param)), "a plan changes nothing");
	dpu_nvconfig_list_unref(after);
}

static void refusals(struct dpu_device *device)
{
	const struct dpu_nvconfig_setting settings[] = { { "NUM_OF_VFS", "8" }, { "NUM_OF_VF", "8" } };
	const char *names[] = { "NUM_OF_VF" };
	struct dpu_nvconfig_change_list *changes = NULL;
	struct dpu_nvconfig_list *list = NULL;
	uint8_t data[256];

	is_int(dpu_nvconfig_list(device, names, 1, &list), -ENOENT);
	contains(dpu_error_hint(dpu_ctx_error(dpu_device_ctx(device))), "NUM_OF_VFS");
	is_int(dpu_nvconfig_plan(device, settings, 2, &changes), -ENOENT);
	is_int(dpu_nvconfig_set(device, settings, 2), -ENOENT);
	is_int(dpu_nvconfig_reset(device, "NUM_OF_VF", 0), -ENOENT);
	is_int(dpu_nvconfig_reset(device, NULL, 2), -EINVAL);
	is_int(dpu_profile_plan(device, "virtio", &changes), -ENOENT);
	is_int(dpu_nvconfig_tlv_get(device, 0xc, (enum dpu_nvconfig_when)3, data, sizeof(data)), -EINVAL);
	is_int(dpu_nvconfig_tlv_get(device, 0xc, DPU_NVCONFIG_NEXT, data, 0), -ENOSPC);
	is_int(dpu_nvconfig_tlv_set(device, 0xc, 0, data, 0), -EINVAL);
	ok(!list && !changes, "outputs are untouched");
}

/* A device may lack what a profile needs. */
static void profiles(struct dpu_device *device)
{
	struct dpu_nvconfig_change_list *changes;
	const char *name;
	size_t i;
	int rc;

	for (i = 0; (name = dpu_profile_name(i)); i++) {
		ok(dpu_profile_description(name)[0], "%s has a description", name);
		ok(dpu_profile_boot_options(name) != NULL, "%s presumes \"%s\"", name,
		   dpu_profile_boot_options(name));
		rc = dpu_profile_plan(device, name, &changes);
		ok(rc == 0 || rc == -EOPNOTSUPP, "%s can be planned, or the device lacks something", name);
		if (rc < 0)
			continue;
		ok(dpu_nvconfig_change_list_count(changes) > 0, "and is about something");
		dpu_nvconfig_change_list_unref(changes);
	}
	is_int(i, 6);
	ok(!dpu_profile_description("virtio"), "no profile, no description");
	ok(!dpu_profile_boot_options("virtio"), "nor options");
}

/* This writes: only where it does no harm. */
static void set(struct dpu_device *device)
{
	const struct dpu_nvconfig_setting settings[] = { { "NUM_OF_VFS", "9" }, { "PF_TOTAL_SF", "0x21" } };
	const char *names[] = { "PF_TOTAL_SF", "NUM_OF_VFS" };
	struct dpu_nvconfig_list *list = NULL;

	is_int(dpu_nvconfig_set(device, settings, 2), 2);
	is_int(dpu_nvconfig_set(device, settings, 2), 0);
	must(dpu_nvconfig_list(device, names, 2, &list) == 0);
	is_str(dpu_nvconfig_list_get(list, 0)->value[DPU_NVCONFIG_NEXT], "33");
	is_str(dpu_nvconfig_list_get(list, 1)->value[DPU_NVCONFIG_NEXT], "9");
	is_int(dpu_nvconfig_list_get(list, 1)->reset, DPU_RESET_FIRMWARE);
	dpu_nvconfig_list_unref(list);
	is_int(dpu_nvconfig_reset(device, "PF_TOTAL_SF", 0), 0);
	is_int(dpu_nvconfig_reset(device, NULL, 0), 0);
	ok(dpu_profile_apply(device, "lag") > 0, "a profile can be applied");
	is_int(dpu_profile_apply(device, "lag"), 0);
	is_int(dpu_nvconfig_reset(device, NULL, 0), 0);
	must(dpu_nvconfig_list(device, names, 2, &list) == 0);
	is_int(dpu_nvconfig_list_get(list, 0)->reset, DPU_RESET_NONE);
	is_int(dpu_nvconfig_list_get(list, 1)->reset, DPU_RESET_NONE);
	dpu_nvconfig_list_unref(list);
}

void chapter_nvconfig(struct dpu_ctx *ctx)
{
	struct dpu_device *device = conformance_eswitch_device(ctx);
	const struct dpu_nvconfig_param *param;
	struct dpu_nvconfig_list *list = NULL;
	const char *transport = NULL;
	size_t i;

	tap_diag("chapter: firmware configuration");
	if (!device || dpu_nvconfig_list(device, NULL, 0, &list) < 0) {
		tap_skip("%s", device ? dpu_ctx_error_text(ctx) : "no device with firmware");
		dpu_device_unref(device);
		return;
	}
	is_int(dpu_nvconfig_transport(device, &transport), 0);
	ok(transport && transport[0], "the way is %s", transport);
	for (i = 0; (param = dpu_nvconfig_list_get(list, i)); i++) {
		check_param(device, param);
		if (param->writable)
			check_plan(device, param);
		if (param->writable && !strcmp(param->name, "NUM_OF_VFS"))
			plan_another(device, param);
	}
	is_int(i, dpu_nvconfig_list_count(list));
	dpu_nvconfig_list_unref(list);
	refusals(device);
	profiles(device);
	if (!strcmp(dpu_ctx_provider(ctx), "sim"))
		set(device);
	dpu_device_unref(device);
}
