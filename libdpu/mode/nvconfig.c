/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The firmware's parameters by name, as programs see them. */
#include <errno.h>
#include <string.h>
#include "core/facts.h"
#include "core/text.h"
#include "mode/mode.h"
#include "mode/nvconfig.h"

DEFINE_FACTS(dpu_nvconfig_list, dpu_nvconfig_param)

_Static_assert((int)DPU_NVCONFIG_CURRENT == (int)PROVIDER_NVCONFIG_CURRENT &&
		       (int)DPU_NVCONFIG_NEXT == (int)PROVIDER_NVCONFIG_NEXT &&
		       (int)DPU_NVCONFIG_DEFAULT == (int)PROVIDER_NVCONFIG_DEFAULT,
	       "the seam's words and the API's differ");

static int fill(struct nv_look *look, const struct nv_param_info *param, struct dpu_nvconfig_param *item)
{
	uint32_t valid[3] = { 0 };
	int when, rc;

	text_copy(item->name, sizeof(item->name), param->name);
	item->type = param->type;
	item->tlv = nv_tlvs[param->field.tlv].type;
	item->writable = nv_look_supports(look, param->field.tlv) > 1;
	rc = nv_look_max(look, param, &item->max);
	for (when = 0; when < 3 && rc == 0; when++) {
		if (!nv_look_tells(look, (enum provider_nvconfig_when)when))
			continue;
		rc = nv_look_value(look, param, (enum provider_nvconfig_when)when, &item->number[when],
				   &valid[when]);
		nv_value_format(param, item->number[when], item->value[when], sizeof(item->value[when]));
		item->known |= 1u << when;
	}
	if (!(item->known & 1u << DPU_NVCONFIG_CURRENT) ||
	    item->number[DPU_NVCONFIG_CURRENT] != item->number[DPU_NVCONFIG_NEXT] ||
	    valid[DPU_NVCONFIG_CURRENT] != valid[DPU_NVCONFIG_NEXT])
		item->reset = nv_param_reset(param);
	return rc;
}

/* The wanted ones, or all that the device has. */
static int collect(struct nv_look *look, const char *const *names, size_t count,
		   struct dpu_nvconfig_param *items, size_t *found)
{
	const struct nv_param_info *param;
	const size_t end = names ? count : nv_param_count;
	size_t i;
	int rc;

	for (i = 0; i < end; i++) {
		param = &nv_params[i];
		rc = names ? nv_find(look->ctx, "nvconfig_list", names[i], &param) : 0;
		if (rc == 0)
			rc = nv_look_has(look, param);
		if (rc < 0)
			return rc;
		if (rc == 0 && names)
			return ctx_fail(look->ctx, -EOPNOTSUPP, "nvconfig_list", param->name,
					"%s has no such parameter", look->handle);
		if (rc == 0)
			continue;
		rc = fill(look, param, &items[*found]);
		if (rc < 0)
			return rc;
		(*found)++;
	}
	return 0;
}

int dpu_nvconfig_list(struct dpu_device *device, const char *const *names, size_t count,
		      struct dpu_nvconfig_list **ret)
{
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_nvconfig_param *items;
	const size_t room = names ? count : nv_param_count;
	size_t found = 0;
	struct nv_look look;
	int rc;

	rc = nv_look_begin(ctx, device->info.handle, &look);
	if (rc < 0)
		return rc;
	items = ctx_alloc(ctx, (room ? room : 1) * sizeof(*items));
	if (!items)
		return ctx_fail_nomem(ctx, "nvconfig_list");
	rc = collect(&look, names, count, items, &found);
	if (rc < 0) {
		ctx_free(ctx, items);
		return rc;
	}
	return dpu_nvconfig_list_take(ctx, "nvconfig_list", items, found, ret);
}

int dpu_nvconfig_transport(struct dpu_device *device, const char **ret)
{
	struct provider_firmware firmware = { 0 };
	int rc;

	rc = device->ctx->ops->firmware(device->ctx, device->info.handle, &firmware);
	if (rc == 0)
		*ret = firmware.transport;
	return rc;
}

/* Opens the device as a target of these settings, all checked. To be closed whatever comes. */
static int target_of(struct dpu_device *device, const char *step, const struct dpu_nvconfig_setting *settings,
		     size_t count, struct nv_target *target)
{
	struct dpu_ctx *ctx = device->ctx;
	const struct nv_param_info *param;
	uint32_t value;
	size_t i;
	int rc;

	memset(target, 0, sizeof(*target));
	if (count && !settings)
		return ctx_fail(ctx, -EINVAL, step, device->info.handle, "no settings");
	rc = nv_target_open(ctx, device->info.handle, target);
	for (i = 0; i < count && rc == 0; i++) {
		rc = nv_find(ctx, step, settings[i].name, &param);
		if (rc == 0)
			rc = nv_parse(ctx, step, param, settings[i].value, &value);
		if (rc == 0)
			rc = nv_target_wish(target, param, value);
	}
	return rc < 0 ? rc : nv_target_check(target, step);
}

int dpu_nvconfig_plan(struct dpu_device *device, const struct dpu_nvconfig_setting *settings, size_t count,
		      struct dpu_nvconfig_change_list **ret)
{
	struct nv_target target;
	int rc;

	rc = target_of(device, "nvconfig_plan", settings, count, &target);
	if (rc == 0)
		rc = nv_targets_plan(device->ctx, &target, 1, "nvconfig_plan", ret);
	nv_target_close(&target);
	return rc;
}

int dpu_nvconfig_set(struct dpu_device *device, const struct dpu_nvconfig_setting *settings, size_t count)
{
	struct nv_target target;
	int rc;

	rc = target_of(device, "nvconfig_set", settings, count, &target);
	if (rc == 0)
		rc = nv_targets_write(device->ctx, "nvconfig_set", &target, 1);
	nv_target_close(&target);
	return rc;
}

/* Opens the device as a target of one parameter's default, checked. To be closed whatever comes. */
static int default_of(struct dpu_device *device, const char *step, const char *name, struct nv_target *target)
{
	const struct nv_param_info *param;
	int rc;

	memset(target, 0, sizeof(*target));
	rc = nv_find(device->ctx, step, name, &param);
	if (rc == 0)
		rc = nv_target_open(device->ctx, device->info.handle, target);
	if (rc == 0)
		rc = nv_look_has(&target->look, param);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return ctx_fail(device->ctx, -EOPNOTSUPP, step, param->name, "%s has no such parameter",
				device->info.handle);
	rc = nv_target_default(target, param, step);
	return rc < 0 ? rc : nv_target_check(target, step);
}

static int reset_one(struct dpu_device *device, const char *name)
{
	struct nv_target target;
	int rc;

	rc = default_of(device, "nvconfig_reset", name, &target);
	if (rc == 0)
		rc = nv_targets_write(device->ctx, "nvconfig_reset", &target, 1);
	nv_target_close(&target);
	return rc < 0 ? rc : 0;
}

/* What a reset of all keeps: the mode, unless asked otherwise, and of the second port what is the board's. */
struct kept {
	bool mode;
	bool first;
};

static bool keep(const struct nv_param_info *param, const void *arg)
{
	const struct kept *kept = arg;

	if (kept->mode && (param->field.tlv == NV_INTERNAL_CPU_CONF || param->field.tlv == NV_HOST_PRIV_CONF))
		return true;
	return !kept->first && nv_class_of(nv_tlvs[param->field.tlv].type) != NV_HOST_FUNCTION;
}

static int plan_reset_all(struct dpu_device *device, uint32_t flags, struct dpu_nvconfig_change_list **ret)
{
	struct dpu_ctx *ctx = device->ctx;
	struct nv_target *targets;
	struct nv_ports ports;
	size_t i;
	int rc;

	rc = nv_find_ports(device, "nvconfig_plan_reset", &ports);
	if (rc < 0)
		return rc;
	targets = ctx_alloc(ctx, ports.count * sizeof(*targets));
	if (!targets)
		return ctx_fail_nomem(ctx, "nvconfig_plan_reset");
	for (i = 0; i < ports.count && rc == 0; i++) {
		const struct kept kept = { !(flags & DPU_NVCONFIG_RESET_MODE), i == 0 };

		rc = nv_target_open(ctx, ports.handles[i], &targets[i]);
		if (rc == 0)
			rc = nv_target_defaults(&targets[i], "nvconfig_plan_reset", keep, &kept);
		if (rc == 0)
			rc = nv_target_check(&targets[i], "nvconfig_plan_reset");
	}
	if (rc == 0)
		rc = nv_targets_plan(ctx, targets, ports.count, "nvconfig_plan_reset", ret);
	for (i = 0; i < ports.count; i++)
		nv_target_close(&targets[i]);
	ctx_free(ctx, targets);
	return rc;
}

int dpu_nvconfig_plan_reset(struct dpu_device *device, const char *name, uint32_t flags,
			    struct dpu_nvconfig_change_list **ret)
{
	struct nv_target target;
	int rc;

	if (flags & ~(uint32_t)DPU_NVCONFIG_RESET_MODE)
		return ctx_fail(device->ctx, -EINVAL, "nvconfig_plan_reset", device->info.handle,
				"unknown flags");
	if (!name)
		return plan_reset_all(device, flags, ret);
	rc = default_of(device, "nvconfig_plan_reset", name, &target);
	if (rc == 0)
		rc = nv_targets_plan(device->ctx, &target, 1, "nvconfig_plan_reset", ret);
	nv_target_close(&target);
	return rc;
}

int dpu_nvconfig_reset(struct dpu_device *device, const char *name, uint32_t flags)
{
	struct dpu_ctx *ctx = device->ctx;
	struct nv_write *mode = NULL;
	size_t count = 0;
	int rc = 0;

	if (flags & ~(uint32_t)DPU_NVCONFIG_RESET_MODE)
		return ctx_fail(ctx, -EINVAL, "nvconfig_reset", device->info.handle, "unknown flags");
	if (name)
		return reset_one(device, name);
	if (!flags)
		rc = mode_stored(device, &mode, &count);
	if (rc == 0)
		rc = ctx->ops->nvconfig_reset(ctx, device->info.handle);
	if (rc == 0 && count) {
		rc = nv_write_all(ctx, "nvconfig_reset", mode, count);
		if (rc < 0)
			ctx_hint(ctx,
				 "the configuration is reset, but the operation mode could not be put back: "
				 "set it before the next boot");
	}
	ctx_free(ctx, mode);
	return rc < 0 ? rc : 0;
}
