/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way into a mode: how much has to be reset, how that can be had, and what goes with it. And the reset
 * itself. */
#include <errno.h>
#include "core/opts.h"
#include "device/wait.h"
#include "mode/mode.h"

_Static_assert(sizeof(struct dpu_mode_plan) == offsetof(struct dpu_mode_plan, rules) + sizeof(uint32_t),
	       "dpu_mode_plan has tail padding");

enum {
	/* mlxfwreset's levels. */
	LEVEL_PCI_RESET = 3,
	LEVEL_WARM_REBOOT = 4,
};

/* The way that the device offers. A reset of the whole system takes the Arm cores down: their system first.
 */
static int choose_reset(struct dpu_device *device, struct dpu_mode_plan *plan)
{
	struct provider_reset_info info = { 0 };
	int rc;

	if (plan->reset == DPU_RESET_NONE)
		return 0;
	plan->arm_shutdown = plan->reset == DPU_RESET_SYSTEM;
	rc = device->ctx->ops->reset_info(device->ctx, device->info.handle, &info);
	if (rc < 0 && rc != -EOPNOTSUPP)
		return rc;
	plan->told = rc == 0;
	plan->reset_levels = info.levels;
	plan->synced = info.synced;
	if (plan->reset == DPU_RESET_FIRMWARE && info.levels & 1u << LEVEL_PCI_RESET)
		plan->reset_level = LEVEL_PCI_RESET;
	else if (info.levels & 1u << LEVEL_WARM_REBOOT)
		plan->reset_level = LEVEL_WARM_REBOOT;
	else
		plan->power_cycle = 1;
	return 0;
}

/* Bridges that were counted, by ifindex. */
struct bridges {
	uint32_t *ifindex;
	size_t count;
};

static int count_bridge(struct dpu_ctx *ctx, struct bridges *bridges, uint32_t ifindex)
{
	size_t i;

	for (i = 0; i < bridges->count; i++) {
		if (bridges->ifindex[i] == ifindex)
			return 0;
	}
	if (ctx_append(ctx, bridges->ifindex, bridges->count, ifindex) < 0)
		return ctx_fail_nomem(ctx, "mode_plan");
	return 0;
}

static int count_ports(struct dpu_ctx *ctx, const char *handle, struct dpu_mode_plan *plan,
		       struct bridges *bridges)
{
	struct provider_port *ports = NULL;
	size_t count = 0, i;
	int rc;

	rc = ctx->ops->ports(ctx, handle, &ports, &count);
	for (i = 0; i < count && rc >= 0; i++) {
		int rules;

		if (ports[i].bridge)
			rc = count_bridge(ctx, bridges, ports[i].bridge);
		if (ports[i].flavour == DPU_PORT_PHYSICAL || !ports[i].netdev[0])
			continue;
		plan->representors++;
		rules = ctx->ops->port_rules(ctx, handle, ports[i].index);
		if (rules > 0)
			plan->rules += (uint32_t)rules;
	}
	ctx_free(ctx, ports);
	return rc;
}

static int count_functions(struct dpu_ctx *ctx, const char *handle, struct dpu_mode_plan *plan)
{
	struct provider_function *functions = NULL;
	size_t count = 0, i;
	int rc;

	rc = ctx->ops->functions(ctx, handle, &functions, &count);
	for (i = 0; i < count; i++) {
		plan->sfs += functions[i].type == DPU_FUNCTION_SF;
		plan->vfs += functions[i].type == DPU_FUNCTION_VF;
	}
	ctx_free(ctx, functions);
	return rc;
}

/* What is there of the whole board: a reset spares no PF. */
static int count_losses(struct dpu_device *device, struct dpu_mode_plan *plan)
{
	struct dpu_ctx *ctx = device->ctx;
	struct provider_device *devices = NULL;
	struct bridges bridges = { 0 };
	size_t count = 0, i;
	int rc;

	rc = ctx->ops->devices(ctx, &devices, &count);
	for (i = 0; i < count && rc >= 0; i++) {
		if (!nv_same_board(&device->info, &devices[i]))
			continue;
		rc = count_ports(ctx, devices[i].handle, plan, &bridges);
		if (rc >= 0)
			rc = count_functions(ctx, devices[i].handle, plan);
	}
	plan->bridges = (uint32_t)bridges.count;
	ctx_free(ctx, bridges.ifindex);
	ctx_free(ctx, devices);
	return rc < 0 ? rc : 0;
}

static bool is_dpu(uint32_t mode)
{
	return mode == DPU_MODE_DPU || mode == DPU_MODE_RESTRICTED;
}

/* Into another mode all of the board goes down; into the stored one, what that needs. DPU mode and restricted
 * mode differ in the hosts' rights only. */
static int reset_between(struct dpu_device *device, const struct dpu_mode_info *info, enum dpu_mode to,
			 uint32_t *reset)
{
	const uint32_t flags = to == DPU_MODE_RESTRICTED ? DPU_RESTRICT_ALL : 0;
	enum dpu_reset level = DPU_RESET_NONE;
	struct nv_look look;
	int rc;

	if (to == info->next) {
		*reset = info->reset;
		return 0;
	}
	if (!is_dpu(to) || !is_dpu(info->current)) {
		*reset = to == info->current ? DPU_RESET_NONE : DPU_RESET_SYSTEM;
		return 0;
	}
	rc = nv_look_begin(device->ctx, device->info.handle, &look);
	if (rc == 0)
		rc = rights_level(&look, flags, &level);
	*reset = level;
	return rc;
}

int dpu_mode_plan(struct dpu_device *device, enum dpu_mode mode, struct dpu_mode_plan *plan)
{
	struct dpu_ctx *ctx = device->ctx;
	DPU_OPTS(dpu_mode_plan, result);
	DPU_OPTS(dpu_mode_info, info);
	int rc;

	if (!opts_valid(plan) || !dpu_mode_name(mode))
		return ctx_fail(ctx, -EINVAL, "mode_plan", device->info.handle,
				"sz is not set or there is no such mode");
	rc = dpu_mode_get(device, &info);
	if (rc < 0)
		return rc;
	if (info.stored < 0)
		return info.stored;
	result.from = info.current;
	result.to = mode == DPU_MODE_UNKNOWN ? info.next : (uint32_t)mode;
	rc = reset_between(device, &info, (enum dpu_mode)result.to, &result.reset);
	if (rc == 0)
		rc = choose_reset(device, &result);
	if (rc == 0 && result.reset != DPU_RESET_NONE)
		rc = count_losses(device, &result);
	if (rc < 0)
		return rc;
	opts_write(plan, &result, sizeof(result));
	return 0;
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
	rc = mode_check_dpu(device, "reset");
	if (rc < 0)
		return rc;
	rc = ctx->ops->reset(ctx, device->info.handle, level);
	if (rc < 0)
		return rc;
	return wait_until(ctx, &deadline, reset_done, device, "reset", device->info.handle);
}
