/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include "core/facts.h"
#include "device/device.h"

DEFINE_FACTS(dpu_health_list, dpu_health)

int dpu_health_list(struct dpu_device *device, struct dpu_health_list **ret)
{
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_health *items = NULL;
	size_t count = 0;
	int rc;

	rc = ctx->ops->health(ctx, device->info.handle, &items, &count);
	return rc < 0 ? rc : dpu_health_list_take(ctx, "health", items, count, ret);
}

static int check_name(struct dpu_device *device, const char *step, const char *name)
{
	if (name && name[0])
		return 0;
	return ctx_fail(device->ctx, -EINVAL, step, device->info.handle, "a health reporter has a name");
}

int dpu_health_recover(struct dpu_device *device, uint32_t port, const char *name)
{
	struct dpu_ctx *ctx = device->ctx;
	int rc;

	rc = check_name(device, "health_recover", name);
	return rc < 0 ? rc : ctx->ops->health_recover(ctx, device->info.handle, port, name);
}

int dpu_health_set_auto_recover(struct dpu_device *device, uint32_t port, const char *name, int on)
{
	struct dpu_ctx *ctx = device->ctx;
	int rc;

	rc = check_name(device, "health_set", name);
	return rc < 0 ? rc : ctx->ops->health_set(ctx, device->info.handle, port, name, on != 0);
}
