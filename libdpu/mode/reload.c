/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include "device/device.h"

int dpu_device_reload(struct dpu_device *device, enum dpu_reload_action action, enum dpu_reload_limit limit,
		      uint32_t *performed)
{
	struct dpu_ctx *ctx = device->ctx;
	uint32_t done = 0;
	int rc;

	if (!dpu_reload_action_name(action) || limit > DPU_RELOAD_NO_RESET)
		return ctx_fail(ctx, -EINVAL, "reload", device->info.handle,
				"there is no such action or limit");
	rc = ctx->ops->reload(ctx, device->info.handle, action, limit, &done);
	if (rc < 0)
		return rc;
	if (performed)
		*performed = done;
	return 0;
}
