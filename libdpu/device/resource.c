/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include "core/facts.h"
#include "device/device.h"

DEFINE_FACTS(dpu_resource_list, dpu_resource)

int dpu_resource_list(struct dpu_device *device, struct dpu_resource_list **ret)
{
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_resource *items = NULL;
	size_t count = 0;
	int rc;

	rc = ctx->ops->resources(ctx, device->info.handle, &items, &count);
	return rc < 0 ? rc : dpu_resource_list_take(ctx, "resources", items, count, ret);
}

int dpu_resource_set(struct dpu_device *device, const char *path, uint64_t size)
{
	struct dpu_ctx *ctx = device->ctx;

	if (!path || !path[0])
		return ctx_fail(ctx, -EINVAL, "resource_set", device->info.handle, "a resource has a path");
	return ctx->ops->resource_set(ctx, device->info.handle, path, size);
}
