/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mode of an e-switch, changed to usable: representors there, or gone. */
#include <errno.h>
#include "device/device.h"
#include "device/representors.h"
#include "device/wait.h"

struct mode_wait {
	struct dpu_device *device;
	enum dpu_eswitch_mode mode;
};

int dpu_eswitch_mode_get(struct dpu_device *device, enum dpu_eswitch_mode *ret)
{
	return device->ctx->ops->eswitch_mode_get(device->ctx, device->info.handle, ret);
}

static int mode_settled(void *arg)
{
	struct mode_wait *wait = arg;
	enum dpu_eswitch_mode mode;
	int rc;

	rc = dpu_eswitch_mode_get(wait->device, &mode);
	if (rc < 0)
		return rc;
	if (mode != wait->mode)
		return 0;
	return representors_settled(wait->device, mode);
}

int dpu_eswitch_mode_set(struct dpu_device *device, enum dpu_eswitch_mode mode, int deadline_ms)
{
	struct deadline deadline = deadline_start(deadline_ms);
	struct mode_wait wait = { .device = device, .mode = mode };
	struct dpu_ctx *ctx = device->ctx;
	enum dpu_eswitch_mode now;
	int rc;

	if (!dpu_eswitch_mode_name(mode))
		return ctx_fail(ctx, -EINVAL, "eswitch_mode_set", device->info.handle,
				"there is no such mode");
	rc = dpu_eswitch_mode_get(device, &now);
	if (rc < 0)
		return rc;
	if (now != mode) {
		rc = ctx->ops->eswitch_mode_set(ctx, device->info.handle, mode);
		if (rc < 0)
			return rc;
	}
	return wait_until(ctx, &deadline, mode_settled, &wait, "eswitch_mode_set", device->info.handle);
}
