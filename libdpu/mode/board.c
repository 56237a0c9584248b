/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which devices are DPUs, which are PFs of one board, and what is done on all of these. */
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

void nv_one_port(const struct dpu_device *device, struct nv_ports *ports)
{
	memcpy(ports->handles[0], device->info.handle, sizeof(ports->handles[0]));
	ports->count = 1;
}

bool nv_is_of_mode(const struct nv_param_info *param)
{
	return param->field.tlv == NV_INTERNAL_CPU_CONF || param->field.tlv == NV_HOST_PRIV_CONF;
}

bool nv_is_of_port(const struct nv_param_info *param, size_t port)
{
	return port == 0 || nv_class_of(nv_tlvs[param->field.tlv].type) == NV_HOST_FUNCTION;
}

int nv_on_ports(struct dpu_ctx *ctx, const char *step, const struct nv_ports *ports, nv_wish_fn wish,
		const void *arg, struct dpu_nvconfig_change_list **plan)
{
	struct nv_target *targets;
	size_t i;
	int rc = 0;

	targets = ctx_alloc(ctx, ports->count * sizeof(*targets));
	if (!targets)
		return ctx_fail_nomem(ctx, step);
	for (i = 0; i < ports->count && rc == 0; i++) {
		rc = nv_target_open(ctx, ports->handles[i], &targets[i]);
		if (rc == 0)
			rc = wish(&targets[i], i, arg);
		if (rc == 0)
			rc = nv_target_check(&targets[i], step);
	}
	if (rc == 0 && plan)
		rc = nv_targets_plan(ctx, targets, ports->count, step, plan);
	else if (rc == 0)
		rc = nv_targets_write(ctx, step, targets, ports->count);
	for (i = 0; i < ports->count; i++)
		nv_target_close(&targets[i]);
	ctx_free(ctx, targets);
	return rc;
}
