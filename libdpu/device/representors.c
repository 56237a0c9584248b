/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device/representors.h"

int representors_named(struct dpu_device *device, const uint32_t *only)
{
	struct dpu_ctx *ctx = device->ctx;
	struct provider_port *ports = NULL;
	bool seen = false;
	size_t count = 0;
	size_t i;
	int rc;

	rc = ctx->ops->ports(ctx, device->info.handle, &ports, &count);
	if (rc < 0)
		return rc;
	for (i = 0; i < count; i++) {
		if (only && ports[i].index != *only)
			continue;
		if (!ports[i].netdev[0])
			break;
		seen = true;
	}
	ctx_free(ctx, ports);
	return i == count && (seen || !only);
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
	return mode == DPU_ESWITCH_LEGACY ? 1 : representors_named(device, NULL);
}
