/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device/representors.h"

/* 1 when every port has its network device, 0 not yet, or a negative errno. */
static int all_named(struct dpu_device *device)
{
	struct dpu_ctx *ctx = device->ctx;
	struct provider_port *ports = NULL;
	size_t count = 0;
	size_t i;
	int rc;

	rc = ctx->ops->ports(ctx, device->info.handle, &ports, &count);
	if (rc < 0)
		return rc;
	for (i = 0; i < count && ports[i].netdev[0]; i++)
		continue;
	ctx_free(ctx, ports);
	return i == count;
}

int representors_settled(struct dpu_device *device, enum dpu_eswitch_mode mode)
{
	struct dpu_ctx *ctx = device->ctx;
	struct provider_function *infos = NULL;
	size_t count = 0;
	size_t i;
	int rc;

	rc = ctx->ops->functions(ctx, device->info.handle, &infos, &count);
	if (rc < 0)
		return rc;
	for (i = 0; i < count; i++) {
		if (infos[i].has_port == (mode == DPU_ESWITCH_LEGACY))
			break;
	}
	ctx_free(ctx, infos);
	if (i < count)
		return 0;
	return mode == DPU_ESWITCH_LEGACY ? 1 : all_named(device);
}
