/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/facts.h"
#include "device/device.h"

DEFINE_FACTS(dpu_device_version_list, dpu_device_version)

int dpu_device_version_list(struct dpu_device *device, struct dpu_device_version_list **ret)
{
	struct dpu_device_version *items = NULL;
	struct dpu_ctx *ctx = device->ctx;
	size_t count = 0;
	int rc;

	rc = ctx->ops->versions(ctx, device->info.handle, &items, &count);
	return rc < 0 ? rc : dpu_device_version_list_take(ctx, "versions", items, count, ret);
}
