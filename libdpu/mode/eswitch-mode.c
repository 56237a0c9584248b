/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mode of an e-switch, changed to usable: representors there, or gone. */
#include <errno.h>
#include "core/opts.h"
#include "device/device.h"
#include "device/representors.h"
#include "device/wait.h"

_Static_assert(sizeof(struct dpu_eswitch_attrs) ==
		       offsetof(struct dpu_eswitch_attrs, reserved) + sizeof(uint32_t),
	       "dpu_eswitch_attrs has tail padding");

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

int dpu_eswitch_attrs_get(struct dpu_device *device, struct dpu_eswitch_attrs *attrs)
{
	DPU_OPTS(dpu_eswitch_attrs, result);
	struct dpu_ctx *ctx = device->ctx;
	int rc;

	if (!opts_valid(attrs))
		return ctx_fail(ctx, -EINVAL, "eswitch_attrs_get", device->info.handle, "sz is not set");
	rc = ctx->ops->eswitch_attrs_get(ctx, device->info.handle, &result);
	if (rc < 0)
		return rc;
	opts_write(attrs, &result, sizeof(result));
	return 0;
}

int dpu_eswitch_attrs_set(struct dpu_device *device, const struct dpu_eswitch_attrs *user)
{
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_eswitch_attrs attrs;
	int rc;

	rc = opts_read(&attrs, sizeof(attrs), user);
	if (rc < 0 || !user || attrs.reserved ||
	    attrs.set & ~(uint32_t)(DPU_ESWITCH_INLINE_MODE | DPU_ESWITCH_ENCAP) ||
	    !dpu_eswitch_inline_name((enum dpu_eswitch_inline)attrs.inline_mode) || attrs.encap > 1)
		return ctx_fail(ctx, -EINVAL, "eswitch_attrs_set", device->info.handle,
				"malformed attributes");
	return attrs.set ? ctx->ops->eswitch_attrs_set(ctx, device->info.handle, &attrs) : 0;
}
