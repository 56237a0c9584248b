/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attributes of a function: the kernel takes each by itself, the caller wants all or none. */
#include "function/function.h"

static int set_hw_addr(struct dpu_device *device, uint32_t port, const struct function_change *change)
{
	struct dpu_ctx *ctx = device->ctx;

	if (!change->hw_addr)
		return 0;
	return ctx->ops->function_set_hw_addr(ctx, device->info.handle, port, change->hw_addr);
}

static int set_caps(struct dpu_device *device, uint32_t port, const struct function_change *change)
{
	struct dpu_ctx *ctx = device->ctx;

	if (!change->set_caps)
		return 0;
	return ctx->ops->function_set_caps(ctx, device->info.handle, port, change->set_caps, change->caps);
}

static int set_max_io_eqs(struct dpu_device *device, uint32_t port, const struct function_change *change)
{
	struct dpu_ctx *ctx = device->ctx;

	if (!change->max_io_eqs)
		return 0;
	return ctx->ops->function_set_max_io_eqs(ctx, device->info.handle, port, change->max_io_eqs);
}

static int set_max_uc_list(struct dpu_device *device, uint32_t port, const struct function_change *change)
{
	struct dpu_ctx *ctx = device->ctx;

	if (!change->max_uc_list)
		return 0;
	return ctx->ops->function_set_max_uc_list(ctx, device->info.handle, port, change->max_uc_list);
}

typedef int (*set_fn)(struct dpu_device *device, uint32_t port, const struct function_change *change);

static const set_fn steps[] = { set_caps, set_max_io_eqs, set_max_uc_list, set_hw_addr };

enum {
	STEPS = sizeof(steps) / sizeof(steps[0]),
};

/* Takes back the first so many steps. What could not be read before cannot be taken back. */
static void back(struct dpu_device *device, uint32_t port, const struct function_change *change,
		 const struct provider_function *before, size_t count)
{
	const struct function_change old = {
		.hw_addr = change->hw_addr ? before->hw_addr : NULL,
		.set_caps = change->set_caps & before->known_caps,
		.caps = change->set_caps & before->caps,
		.max_io_eqs = change->max_io_eqs ? before->max_io_eqs : 0,
		.max_uc_list = change->max_uc_list ? before->max_uc_list : 0,
	};
	struct dpu_error error = device->ctx->error;

	while (count-- > 0)
		steps[count](device, port, &old);
	device->ctx->error = error;
}

int function_change(struct dpu_device *device, uint32_t port, const struct function_change *change,
		    const struct provider_function *before)
{
	size_t i;
	int rc;

	for (i = 0; i < STEPS; i++) {
		rc = steps[i](device, port, change);
		if (rc < 0) {
			if (before)
				back(device, port, change, before, i);
			return rc;
		}
	}
	return 0;
}

void function_change_back(struct dpu_device *device, uint32_t port, const struct function_change *change,
			  const struct provider_function *before)
{
	back(device, port, change, before, STEPS);
}
