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

struct settings {
	const char *step;
	const struct dpu_nvconfig_setting *items;
	size_t count;
};

static int wish_settings(struct nv_target *target, size_t port, const void *arg)
{
	const struct settings *settings = arg;
	size_t i;
	int rc = 0;

	(void)port;
	for (i = 0; i < settings->count && rc == 0; i++)
		rc = nv_target_set(target, settings->step, &settings->items[i]);
	return rc;
}

/* Plans, or writes where plan is NULL. */
static int with_settings(struct dpu_device *device, const struct settings *settings,
			 struct dpu_nvconfig_change_list **plan)
{
	struct nv_ports ports;

	if (settings->count && !settings->items)
		return ctx_fail(device->ctx, -EINVAL, settings->step, device->info.handle, "no settings");
	nv_one_port(device, &ports);
	return nv_on_ports(device->ctx, settings->step, &ports, wish_settings, settings, plan);
}

int dpu_nvconfig_plan(struct dpu_device *device, const struct dpu_nvconfig_setting *settings, size_t count,
		      struct dpu_nvconfig_change_list **ret)
{
	const struct settings wanted = { "nvconfig_plan", settings, count };

	return with_settings(device, &wanted, ret);
}

int dpu_nvconfig_set(struct dpu_device *device, const struct dpu_nvconfig_setting *settings, size_t count)
{
	const struct settings wanted = { "nvconfig_set", settings, count };

	return with_settings(device, &wanted, NULL);
}

/* One parameter, or all (NULL), and of these the mode too. */
struct defaults {
	const char *step;
	const struct nv_param_info *param;
	bool mode;
	size_t port;
};

static bool keep(const struct nv_param_info *param, const void *arg)
{
	const struct defaults *defaults = arg;

	return (!defaults->mode && nv_is_of_mode(param)) || !nv_is_of_port(param, defaults->port);
}

static int wish_defaults(struct nv_target *target, size_t port, const void *arg)
{
	struct defaults defaults = *(const struct defaults *)arg;
	int rc;

	defaults.port = port;
	if (!defaults.param)
		return nv_target_defaults(target, defaults.step, keep, &defaults);
	rc = nv_look_has(&target->look, defaults.param);
	if (rc == 0)
		return ctx_fail(target->look.ctx, -EOPNOTSUPP, defaults.step, defaults.param->name,
				"%s has no such parameter", target->look.handle);
	return rc < 0 ? rc : nv_target_default(target, defaults.param, defaults.step);
}

/* One parameter of the device. Plans, or writes where plan is NULL. */
static int with_default(struct dpu_device *device, const char *step, const char *name,
			struct dpu_nvconfig_change_list **plan)
{
	struct defaults defaults = { .step = step };
	struct nv_ports ports;
	int rc;

	rc = nv_find(device->ctx, step, name, &defaults.param);
	if (rc < 0)
		return rc;
	nv_one_port(device, &ports);
	rc = nv_on_ports(device->ctx, step, &ports, wish_defaults, &defaults, plan);
	return rc < 0 ? rc : 0;
}

int dpu_nvconfig_plan_reset(struct dpu_device *device, const char *name, uint32_t flags,
			    struct dpu_nvconfig_change_list **ret)
{
	const struct defaults defaults = { .step = "nvconfig_plan_reset",
					   .mode = flags & DPU_NVCONFIG_RESET_MODE };
	struct nv_ports ports;
	int rc;

	if (flags & ~(uint32_t)DPU_NVCONFIG_RESET_MODE)
		return ctx_fail(device->ctx, -EINVAL, defaults.step, device->info.handle, "unknown flags");
	if (name)
		return with_default(device, defaults.step, name, ret);
	rc = nv_find_ports(device, defaults.step, &ports);
	return rc < 0 ? rc : nv_on_ports(device->ctx, defaults.step, &ports, wish_defaults, &defaults, ret);
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
		return with_default(device, "nvconfig_reset", name, NULL);
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
