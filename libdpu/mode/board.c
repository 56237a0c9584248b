/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which devices are DPUs, and which are PFs of one board. */
#include <errno.h>
#include <string.h>
#include "mode/mode.h"

int mode_check_dpu(struct dpu_device *device, const char *step)
{
	if (device->info.kind == DPU_DEVICE_DPU)
		return 0;
	return ctx_fail(device->ctx, -EOPNOTSUPP, step, device->info.handle, "the device is no DPU");
}

bool nv_same_board(const struct provider_device *a, const struct provider_device *b)
{
	const char *dot = strrchr(a->pci_address, '.');

	return dot && a->kind == b->kind &&
	       !strncmp(a->pci_address, b->pci_address, (size_t)(dot - a->pci_address) + 1);
}

int nv_find_ports(struct dpu_device *device, const char *step, struct nv_ports *ports)
{
	struct provider_device *devices = NULL;
	struct dpu_ctx *ctx = device->ctx;
	size_t found = 0, i;
	int rc;

	rc = ctx->ops->devices(ctx, &devices, &found);
	if (rc < 0)
		return rc;
	ports->count = 0;
	/* Ordered by handle, so by port. */
	for (i = 0; i < found && ports->count < NV_PORTS; i++) {
		if (nv_same_board(&device->info, &devices[i]))
			memcpy(ports->handles[ports->count++], devices[i].handle, sizeof(ports->handles[0]));
	}
	ctx_free(ctx, devices);
	return ports->count ? 0 : ctx_fail(ctx, -ENODEV, step, device->info.handle, "the device has gone");
}
