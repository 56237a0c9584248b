/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "core/facts.h"
#include "core/text.h"
#include "device/device.h"

DEFINE_FACTS(dpu_param_list, dpu_param)

int dpu_param_list(struct dpu_device *device, struct dpu_param_list **ret)
{
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_param *items = NULL;
	size_t count = 0;
	int rc;

	rc = ctx->ops->params(ctx, device->info.handle, &items, &count);
	return rc < 0 ? rc : dpu_param_list_take(ctx, "params", items, count, ret);
}

/* Whether text is a value of the type, as param_set takes it. */
static bool fits(enum dpu_param_type type, const char *value)
{
	static const uint64_t most[] = {
		[DPU_PARAM_U8] = UINT8_MAX,
		[DPU_PARAM_U16] = UINT16_MAX,
		[DPU_PARAM_U32] = UINT32_MAX,
		[DPU_PARAM_U64] = UINT64_MAX,
	};
	uint64_t number;

	if (type == DPU_PARAM_BOOL)
		return !strcmp(value, "true") || !strcmp(value, "false");
	/* The kernel takes strings of up to 31 characters (__DEVLINK_PARAM_MAX_STRING_VALUE). */
	if (type == DPU_PARAM_STRING)
		return value[0] && strlen(value) < 32;
	return type <= DPU_PARAM_U64 && text_number(value, most[type], &number);
}

static int check(struct dpu_device *device, const struct dpu_param *param, const char *name,
		 enum dpu_param_cmode cmode, const char *value)
{
	struct dpu_ctx *ctx = device->ctx;

	if (!param) {
		ctx_fail(ctx, -ENOENT, "param_set", name, "%s has no such parameter", device->info.handle);
		return ctx_hint(ctx, "list the device's parameters to see what there is");
	}
	if (!(param->cmodes & (1u << cmode)))
		return ctx_fail(ctx, -EOPNOTSUPP, "param_set", name, "it has no value in cmode %s",
				dpu_param_cmode_name(cmode));
	if (!fits((enum dpu_param_type)param->type, value)) {
		const char *type = dpu_param_type_name((enum dpu_param_type)param->type);

		return ctx_fail(ctx, -EINVAL, "param_set", name, "%s is no value of type %s", value,
				type ? type : "unknown");
	}
	return 0;
}

int dpu_param_set(struct dpu_device *device, const char *name, enum dpu_param_cmode cmode, const char *value)
{
	const struct dpu_param *param = NULL;
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_param *items = NULL;
	size_t count = 0, i;
	int rc;

	if (!name || !name[0] || !value || !dpu_param_cmode_name(cmode))
		return ctx_fail(ctx, -EINVAL, "param_set", name, "a name, a cmode and a value are needed");
	/* Its type is known only to the driver. */
	rc = ctx->ops->params(ctx, device->info.handle, &items, &count);
	if (rc < 0)
		return rc;
	for (i = 0; i < count && !param; i++) {
		if (!strcmp(items[i].name, name))
			param = &items[i];
	}
	rc = check(device, param, name, cmode, value);
	if (rc == 0)
		rc = ctx->ops->param_set(ctx, device->info.handle, param, cmode, value);
	ctx_free(ctx, items);
	return rc;
}
