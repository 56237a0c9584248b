/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operation mode: which firmware parameters make it, current and next boot, and the reset between them.
 */
#include <errno.h>
#include "core/opts.h"
#include "device/device.h"
#include "device/wait.h"

_Static_assert(sizeof(struct dpu_mode_info) == offsetof(struct dpu_mode_info, reserved) + sizeof(uint32_t),
	       "dpu_mode_info has tail padding");

/* TLV nv_internal_cpu_conf. MODEL 1 is EMBEDDED_CPU; in the others 0 is ECPF or ENABLED, 1 EXT_HOST_PF or
 * DISABLED. BlueField-3 looks at MODEL and OFFLOAD_ENGINE only; BlueField-2 needs all of them. */
#define MODE_PARAMETERS 5
static const struct provider_nvconfig mode_values[][MODE_PARAMETERS] = {
	[DPU_MODE_DPU] = {
		{ "INTERNAL_CPU_MODEL", 1 },
		{ "INTERNAL_CPU_PAGE_SUPPLIER", 0 },
		{ "INTERNAL_CPU_ESWITCH_MANAGER", 0 },
		{ "INTERNAL_CPU_IB_VPORT0", 0 },
		{ "INTERNAL_CPU_OFFLOAD_ENGINE", 0 },
	},
	[DPU_MODE_NIC] = {
		{ "INTERNAL_CPU_MODEL", 1 },
		{ "INTERNAL_CPU_PAGE_SUPPLIER", 1 },
		{ "INTERNAL_CPU_ESWITCH_MANAGER", 1 },
		{ "INTERNAL_CPU_IB_VPORT0", 1 },
		{ "INTERNAL_CPU_OFFLOAD_ENGINE", 1 },
	},
	[DPU_MODE_SEPARATED] = {
		{ "INTERNAL_CPU_MODEL", 0 },
	},
};

static int check_dpu(struct dpu_device *device, const char *step)
{
	if (device->info.kind == DPU_DEVICE_DPU)
		return 0;
	return ctx_fail(device->ctx, -EOPNOTSUPP, step, device->info.handle, "the device is no DPU");
}

/* Only two of the parameters decide, on every generation. */
static int decode(struct dpu_device *device, enum provider_nvconfig_when when, uint32_t *mode)
{
	struct dpu_ctx *ctx = device->ctx;
	uint64_t model, offload;
	int rc;

	rc = ctx->ops->nvconfig_get(ctx, device->info.handle, when, "INTERNAL_CPU_MODEL", &model);
	if (rc < 0)
		return rc;
	rc = ctx->ops->nvconfig_get(ctx, device->info.handle, when, "INTERNAL_CPU_OFFLOAD_ENGINE", &offload);
	if (rc < 0)
		return rc;
	if (model == 0)
		*mode = DPU_MODE_SEPARATED;
	else if (model != 1 || offload > 1)
		*mode = DPU_MODE_UNKNOWN;
	else
		*mode = offload ? DPU_MODE_NIC : DPU_MODE_DPU;
	return 0;
}

int dpu_mode_get(struct dpu_device *device, struct dpu_mode_info *info)
{
	struct dpu_ctx *ctx = device->ctx;
	DPU_OPTS(dpu_mode_info, result);
	enum dpu_reset level;
	int rc;

	if (!opts_valid(info))
		return ctx_fail(ctx, -EINVAL, "mode_get", device->info.handle, "sz is not set");
	rc = check_dpu(device, "mode_get");
	if (rc < 0)
		return rc;
	rc = decode(device, PROVIDER_NVCONFIG_CURRENT, &result.current);
	if (rc < 0)
		return rc;
	rc = decode(device, PROVIDER_NVCONFIG_NEXT, &result.next);
	if (rc < 0)
		return rc;
	if (result.current != result.next) {
		rc = ctx->ops->nvconfig_reset_level(ctx, device->info.handle, "INTERNAL_CPU_MODEL", &level);
		if (rc < 0)
			return rc;
		result.reset = level;
	}
	opts_write(info, &result, sizeof(result));
	return 0;
}

int dpu_mode_set(struct dpu_device *device, enum dpu_mode mode)
{
	struct dpu_ctx *ctx = device->ctx;
	size_t count = 0;
	int rc;

	if ((size_t)mode >= sizeof(mode_values) / sizeof(mode_values[0]) || mode == DPU_MODE_UNKNOWN)
		return ctx_fail(ctx, -EINVAL, "mode_set", device->info.handle,
				"there is no such mode to set");
	rc = check_dpu(device, "mode_set");
	if (rc < 0)
		return rc;
	while (count < MODE_PARAMETERS && mode_values[mode][count].name)
		count++;
	rc = ctx->ops->nvconfig_set(ctx, device->info.handle, mode_values[mode], count);
	if (rc == -EOPNOTSUPP)
		ctx_hint(ctx, "the device lacks the mode \"%s\"; show it to see what it runs in",
			 dpu_mode_name(mode));
	return rc;
}

static int reset_done(void *arg)
{
	struct dpu_device *device = arg;

	return device->ctx->ops->reset_done(device->ctx, device->info.handle);
}

int dpu_device_reset(struct dpu_device *device, enum dpu_reset level, int deadline_ms)
{
	struct deadline deadline = deadline_start(deadline_ms);
	struct dpu_ctx *ctx = device->ctx;
	int rc;

	if (!dpu_reset_name(level) || level == DPU_RESET_NONE)
		return ctx_fail(ctx, -EINVAL, "reset", device->info.handle, "there is no such reset");
	rc = check_dpu(device, "reset");
	if (rc < 0)
		return rc;
	rc = ctx->ops->reset(ctx, device->info.handle, level);
	if (rc < 0)
		return rc;
	return wait_until(ctx, &deadline, reset_done, device, "reset", device->info.handle);
}
