/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a scalable function, from its number to a usable network device and back. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include "core/opts.h"
#include "device/representors.h"
#include "function/function.h"

_Static_assert(sizeof(struct dpu_sf_opts) == offsetof(struct dpu_sf_opts, reserved) + sizeof(uint32_t),
	       "dpu_sf_opts has tail padding");

/* What the waits below look at. */
struct sf_wait {
	struct dpu_device *device;
	uint32_t port;
	bool bound;
	struct provider_function now;
};

/* A local SF is usable when its driver has it and its network device is there; an SF of another controller
 * when its representor is there, for its driver is not ours to wait for. */
static int sf_usable(void *arg)
{
	struct sf_wait *wait = arg;
	struct dpu_device *device = wait->device;
	struct dpu_ctx *ctx = device->ctx;
	int rc;

	rc = function_read(device, wait->port, &wait->now);
	if (rc < 0)
		return rc;
	rc = representors_named(device, &wait->port);
	if (rc <= 0 || wait->now.state == DPU_FUNCTION_INACTIVE || wait->now.controller)
		return rc;
	if (!wait->bound) {
		rc = ctx->ops->sf_bind(ctx, device->info.handle, wait->port);
		if (rc < 0)
			return rc;
		wait->bound = rc > 0;
	}
	return wait->bound && wait->now.opstate == DPU_FUNCTION_ATTACHED && wait->now.netdev[0];
}

static int sf_detached(void *arg)
{
	struct sf_wait *wait = arg;
	int rc;

	rc = function_read(wait->device, wait->port, &wait->now);
	return rc < 0 ? rc : wait->now.opstate == DPU_FUNCTION_DETACHED;
}

/* Undoing must not hide why it was needed. */
static void sf_undo(struct dpu_device *device, uint32_t port, bool activated)
{
	struct deadline deadline = deadline_start(UNDO_MS);
	struct sf_wait wait = { .device = device, .port = port };
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_error error = ctx->error;

	/* Even if the driver does not let go, deleting makes the kernel tear the SF down. */
	if (activated && ctx->ops->sf_deactivate(ctx, device->info.handle, port) == 0)
		wait_until(ctx, &deadline, sf_detached, &wait, "sf_detach", device->info.handle);
	ctx->ops->sf_delete(ctx, device->info.handle, port);
	ctx->error = error;
}

static int sf_build(struct dpu_device *device, uint32_t port, const struct dpu_sf_opts *opts,
		    const char *object, const struct deadline *deadline, bool *activated,
		    struct dpu_function **ret)
{
	struct sf_wait wait = { .device = device, .port = port };
	struct dpu_ctx *ctx = device->ctx;
	int rc;

	if (opts->hw_addr) {
		rc = ctx->ops->function_set_hw_addr(ctx, device->info.handle, port, opts->hw_addr);
		if (rc < 0)
			return rc;
	}
	if (!opts->inactive) {
		rc = ctx->ops->sf_activate(ctx, device->info.handle, port);
		if (rc < 0)
			return rc;
		*activated = true;
	}
	rc = wait_until(ctx, deadline, sf_usable, &wait, "sf_attach", object);
	if (rc < 0)
		return rc;
	return function_at_port(device, port, ret);
}

/* The PF's number is that of its uplink; the kernel takes no other. */
static int device_pfnum(struct dpu_device *device, uint32_t *pfnum)
{
	struct dpu_ctx *ctx = device->ctx;
	struct provider_port *ports = NULL;
	size_t count = 0;
	size_t i;
	int rc;

	rc = ctx->ops->ports(ctx, device->info.handle, &ports, &count);
	if (rc < 0)
		return rc;
	for (i = 0; i < count; i++) {
		if (ports[i].flavour == DPU_PORT_PHYSICAL && ports[i].pfnum != DPU_PORT_NO_NUMBER)
			break;
	}
	*pfnum = i < count ? ports[i].pfnum : 0;
	ctx_free(ctx, ports);
	return 0;
}

int dpu_sf_create(struct dpu_device *device, const struct dpu_sf_opts *user, int deadline_ms,
		  struct dpu_function **ret)
{
	struct deadline deadline = deadline_start(deadline_ms);
	struct dpu_ctx *ctx = device->ctx;
	enum dpu_eswitch_mode mode;
	struct dpu_sf_opts opts;
	bool activated = false;
	uint32_t pfnum, port;
	char object[32];
	int rc;

	rc = opts_read(&opts, sizeof(opts), user);
	snprintf(object, sizeof(object), "sfnum %" PRIu32, opts.sfnum);
	if (rc < 0 || !user || opts.reserved)
		return ctx_fail(ctx, -EINVAL, "create SF", object, "malformed options");
	if (opts.hw_addr) {
		rc = function_check_hw_addr(ctx, "create SF", opts.hw_addr);
		if (rc < 0)
			return rc;
	}
	rc = ctx->ops->eswitch_mode_get(ctx, device->info.handle, &mode);
	if (rc < 0)
		return rc;
	if (mode == DPU_ESWITCH_LEGACY) {
		ctx_fail(ctx, -EOPNOTSUPP, "create SF", object, "the e-switch of %s is in legacy mode",
			 device->info.handle);
		return ctx_hint(ctx, "set the e-switch to switchdev first");
	}
	rc = device_pfnum(device, &pfnum);
	if (rc < 0)
		return rc;
	rc = ctx->ops->sf_add(ctx, device->info.handle, opts.controller, pfnum, opts.sfnum, &port);
	if (rc < 0)
		return rc;
	ctx_log(ctx, DPU_LOG_INFO, "%s: %s is port %" PRIu32, device->info.handle, object, port);
	rc = sf_build(device, port, &opts, object, &deadline, &activated, ret);
	if (rc < 0)
		sf_undo(device, port, activated);
	return rc;
}

static int change_state(struct dpu_device *device, uint32_t port, const char *object, bool active,
			const struct deadline *deadline, bool *begun)
{
	struct sf_wait wait = { .device = device, .port = port };
	struct dpu_ctx *ctx = device->ctx;
	int rc;

	if (active)
		rc = ctx->ops->sf_activate(ctx, device->info.handle, port);
	else
		rc = ctx->ops->sf_deactivate(ctx, device->info.handle, port);
	if (rc < 0)
		return rc;
	*begun = true;
	return wait_until(ctx, deadline, active ? sf_usable : sf_detached, &wait,
			  active ? "sf_attach" : "sf_detach", object);
}

int sf_set_state(struct dpu_device *device, uint32_t port, const char *object, bool active,
		 const struct deadline *deadline)
{
	struct deadline undo;
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_error error;
	bool begun = false;
	int rc;

	rc = change_state(device, port, object, active, deadline, &begun);
	if (rc == 0 || !begun)
		return rc;
	error = ctx->error;
	undo = deadline_start(UNDO_MS);
	change_state(device, port, object, !active, &undo, &begun);
	ctx->error = error;
	return rc;
}

int dpu_sf_delete(struct dpu_function *sf, int deadline_ms)
{
	struct deadline deadline = deadline_start(deadline_ms);
	struct dpu_device *device = sf->device;
	struct dpu_ctx *ctx = device->ctx;
	struct provider_function now;
	struct dpu_error error;
	char object[32];
	int rc;

	function_format(&sf->info, object, sizeof(object));
	if (sf->info.type != DPU_FUNCTION_SF || !sf->info.has_port)
		return ctx_fail(ctx, -EINVAL, "delete SF", object, "the function is no SF");
	rc = function_read(device, sf->info.port, &now);
	if (rc < 0)
		return rc;
	/* A port index is used again: do not delete a stranger that got it since. */
	if (now.number != sf->info.number || now.controller != sf->info.controller)
		return ctx_fail(ctx, -ENODEV, "delete SF", object, "the function has gone");
	if (now.state == DPU_FUNCTION_ACTIVE || now.opstate == DPU_FUNCTION_ATTACHED) {
		rc = sf_set_state(device, sf->info.port, object, false, &deadline);
		if (rc < 0)
			return rc;
	}
	rc = ctx->ops->sf_delete(ctx, device->info.handle, sf->info.port);
	if (rc == 0 || now.state != DPU_FUNCTION_ACTIVE)
		return rc;
	/* It stays, so it stays usable. */
	error = ctx->error;
	deadline = deadline_start(UNDO_MS);
	sf_set_state(device, sf->info.port, object, true, &deadline);
	ctx->error = error;
	return rc;
}
