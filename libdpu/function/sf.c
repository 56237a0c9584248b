/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a scalable function, from its number to a usable network device and back. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include "core/opts.h"
#include "function/function.h"

_Static_assert(sizeof(struct dpu_sf_opts) == offsetof(struct dpu_sf_opts, owned) + sizeof(uint32_t),
	       "dpu_sf_opts has tail padding");

enum {
	/* From here on they are the virtio-net controller's on a BlueField. */
	SFNUM_RESERVED = 1000,
};

/* What the waits below look at. */
struct sf_wait {
	struct dpu_device *device;
	uint32_t port;
	struct provider_claim *claim; /* of one that is being made; else NULL */
	struct provider_function now;
	struct provider_port now_port;
	char missing[96]; /* what was waited for when the time was over */
};

static int missing(struct sf_wait *wait, const char *what, const char *name)
{
	snprintf(wait->missing, sizeof(wait->missing), "%s%s%s", what, name[0] ? " " : "", name);
	return 0;
}

/* Changes what stands beside the SF: there is no moment at which nothing does. Without a claim the SF is as
 * good; only, nobody would know whose it was. */
static int change_claim(struct dpu_device *device, struct provider_claim *claim,
			const struct provider_claim *to)
{
	struct dpu_ctx *ctx = device->ctx;
	int rc;

	rc = ctx->ops->sf_claim(ctx, device->info.handle, to);
	if (rc == 0)
		ctx->ops->sf_unclaim(ctx, device->info.handle, claim);
	else
		ctx_log(ctx, DPU_LOG_INFO, "%s", dpu_ctx_error_text(ctx));
	*claim = *to;
	return rc;
}

/* As soon as there is a representor, the claim is on this SF and no other of its number. */
static void claim_representor(struct dpu_device *device, struct provider_claim *claim, uint32_t ifindex)
{
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_error error = ctx->error;
	struct provider_claim to = *claim;

	if (!ifindex || claim->ifindex)
		return;
	to.ifindex = ifindex;
	change_claim(device, claim, &to);
	ctx->error = error;
}

static int sf_represented(void *arg)
{
	struct sf_wait *wait = arg;
	struct dpu_device *device = wait->device;
	struct dpu_ctx *ctx = device->ctx;
	int rc;

	rc = ctx->ops->function(ctx, device->info.handle, wait->port, &wait->now, &wait->now_port);
	if (rc < 0)
		return rc;
	if (wait->claim)
		claim_representor(device, wait->claim, wait->now.representor_ifindex);
	if (!wait->now.representor[0])
		return missing(wait, "its representor has no network device", "");
	return 1;
}

/* A local SF is usable when its driver has it and its network device is there; an SF of another controller
 * when its representor is there, for its driver is not ours to wait for. */
static int sf_usable(void *arg)
{
	struct sf_wait *wait = arg;
	struct dpu_device *device = wait->device;
	const struct provider_function *now = &wait->now;
	struct dpu_ctx *ctx = device->ctx;
	int rc;

	rc = sf_represented(wait);
	if (rc <= 0)
		return rc;
	if (now->state == DPU_FUNCTION_INACTIVE || now->controller)
		return 1;
	if (now->opstate == DPU_FUNCTION_ATTACHED && now->netdev[0])
		return 1;
	rc = ctx->ops->sf_bind(ctx, device->info.handle, now);
	if (rc < 0)
		return rc;
	if (!now->aux_device[0])
		return missing(wait, "its auxiliary device has not appeared", "");
	if (now->opstate != DPU_FUNCTION_ATTACHED)
		return missing(wait, "no driver has taken its auxiliary device", now->aux_device);
	return missing(wait, "the driver has made no network device of", now->aux_device);
}

static int sf_detached(void *arg)
{
	struct sf_wait *wait = arg;
	struct dpu_ctx *ctx = wait->device->ctx;
	int rc;

	rc = ctx->ops->function(ctx, wait->device->info.handle, wait->port, &wait->now, NULL);
	return rc < 0 ? rc : wait->now.opstate == DPU_FUNCTION_DETACHED;
}

/* Waits until the SF has come so far; says what was missing when it has not in time. */
static int wait_for_sf(struct sf_wait *wait, int (*condition)(void *), const struct deadline *deadline,
		       const char *object)
{
	struct dpu_ctx *ctx = wait->device->ctx;
	int rc;

	rc = wait_until(ctx, deadline, condition, wait, "sf_attach", object);
	if (rc == -ETIMEDOUT) {
		ctx_fail(ctx, rc, "sf_attach", object, "not done within %d ms: %s", deadline->given_ms,
			 wait->missing);
		ctx_hint(ctx, "give it more time, or see the kernel's log for what holds it up");
	}
	return rc;
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
		    struct provider_claim *claim, const char *object, const struct deadline *deadline,
		    bool *activated, struct dpu_function **ret)
{
	const struct function_change change = {
		.hw_addr = opts->hw_addr,
		.set_caps = opts->set_caps,
		.caps = opts->caps,
		.max_io_eqs = opts->max_io_eqs,
		.max_uc_list = opts->max_uc_list,
	};
	struct sf_wait wait = { .device = device, .port = port, .claim = claim };
	struct dpu_ctx *ctx = device->ctx;
	int rc;

	rc = function_change(device, port, &change, NULL);
	if (rc < 0)
		return rc;
	if (!opts->inactive) {
		/* Until its representor is claimed an SF is told to be ours by its being inactive. */
		rc = claim->ifindex ? 0 : wait_for_sf(&wait, sf_represented, deadline, object);
		if (rc == 0)
			rc = ctx->ops->sf_activate(ctx, device->info.handle, port);
		if (rc < 0)
			return rc;
		*activated = true;
	}
	rc = wait_for_sf(&wait, sf_usable, deadline, object);
	return rc < 0 ? rc : function_wrap(device, &wait.now, &wait.now_port, ret);
}

/* The lowest number above from that none of the PF's SFs has, nor is another program's range: 0 for none. */
static int free_sfnum(struct dpu_device *device, uint32_t controller, uint32_t from, uint32_t *ret)
{
	struct dpu_ctx *ctx = device->ctx;
	struct provider_function *infos = NULL;
	bool taken[SFNUM_RESERVED] = { false };
	size_t count = 0, i;
	uint32_t sfnum;
	int rc;

	rc = ctx->ops->functions(ctx, device->info.handle, &infos, &count);
	if (rc < 0)
		return rc;
	for (i = 0; i < count; i++) {
		if (infos[i].type == DPU_FUNCTION_SF && infos[i].controller == controller &&
		    infos[i].number < SFNUM_RESERVED)
			taken[infos[i].number] = true;
	}
	ctx_free(ctx, infos);
	for (sfnum = from + 1; sfnum < SFNUM_RESERVED && taken[sfnum]; sfnum++)
		continue;
	if (sfnum == SFNUM_RESERVED)
		return ctx_fail(ctx, -ENOSPC, "create SF", device->info.handle,
				"all numbers from 1 to %d are taken", SFNUM_RESERVED - 1);
	*ret = sfnum;
	return 0;
}

/* Makes the port. When the number is ours to choose, another program may be choosing the same. */
static int sf_add(struct dpu_device *device, struct dpu_sf_opts *opts, struct provider_claim *claim,
		  uint32_t *port)
{
	const bool any = opts->sfnum == DPU_SF_ANY;
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_error error;
	uint32_t ifindex;
	int rc;

	opts->sfnum = any ? 0 : opts->sfnum;
	for (;;) {
		if (any) {
			rc = free_sfnum(device, opts->controller, opts->sfnum, &opts->sfnum);
			if (rc < 0)
				return rc;
		}
		claim->sfnum = opts->sfnum;
		/* Without a claim the SF is as good; only, nobody would know whose it was. */
		rc = ctx->ops->sf_claim(ctx, device->info.handle, claim);
		if (rc < 0)
			ctx_log(ctx, DPU_LOG_INFO, "%s", dpu_ctx_error_text(ctx));
		rc = ctx->ops->sf_add(ctx, device->info.handle, opts->controller, claim->pfnum, opts->sfnum,
				      port, &ifindex);
		if (rc == 0) {
			claim_representor(device, claim, ifindex);
			return 0;
		}
		error = ctx->error;
		ctx->ops->sf_unclaim(ctx, device->info.handle, claim);
		ctx->error = error;
		if (!any || rc != -EEXIST)
			return rc;
	}
}

/* What is done stays claimed only if the caller wants to own it. */
static int sf_own(struct dpu_device *device, struct provider_claim *claim, const struct dpu_sf_opts *opts,
		  const struct dpu_function *sf)
{
	struct provider_claim owned = *claim;
	struct dpu_ctx *ctx = device->ctx;

	if (!opts->owned) {
		ctx->ops->sf_unclaim(ctx, device->info.handle, claim);
		return 0;
	}
	owned.kind = PROVIDER_CLAIM_OWNED;
	owned.ifindex = sf->info.representor_ifindex;
	return change_claim(device, claim, &owned);
}

static int check_opts(struct dpu_device *device, const struct dpu_sf_opts *opts)
{
	struct dpu_ctx *ctx = device->ctx;
	enum dpu_eswitch_mode mode;
	char object[32];
	int rc;

	snprintf(object, sizeof(object), "sfnum %" PRIu32, opts->sfnum);
	if (opts->set_caps & ~(uint32_t)FUNCTION_CAPS || opts->caps & ~opts->set_caps)
		return ctx_fail(ctx, -EINVAL, "create SF", object, "malformed options");
	if (opts->hw_addr) {
		rc = function_check_hw_addr(ctx, "create SF", opts->hw_addr);
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
	return 0;
}

int dpu_sf_create(struct dpu_device *device, const struct dpu_sf_opts *user, int deadline_ms,
		  struct dpu_function **ret)
{
	struct provider_claim claim = { .kind = PROVIDER_CLAIM_MAKING, .pfnum = device->info.pfnum };
	struct deadline deadline = deadline_start(deadline_ms);
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_function *sf = NULL;
	struct dpu_sf_opts opts;
	struct dpu_error error;
	bool activated = false;
	char object[32];
	uint32_t port;
	int rc;

	rc = opts_read(&opts, sizeof(opts), user);
	if (rc < 0 || !user)
		return ctx_fail(ctx, -EINVAL, "create SF", device->info.handle, "malformed options");
	rc = check_opts(device, &opts);
	if (rc < 0)
		return rc;
	claim.controller = opts.controller;
	rc = sf_add(device, &opts, &claim, &port);
	if (rc < 0)
		return rc;
	snprintf(object, sizeof(object), "sfnum %" PRIu32, opts.sfnum);
	ctx_log(ctx, DPU_LOG_INFO, "%s: %s is port %" PRIu32, device->info.handle, object, port);
	rc = sf_build(device, port, &opts, &claim, object, &deadline, &activated, &sf);
	if (rc == 0)
		rc = sf_own(device, &claim, &opts, sf);
	if (rc == 0) {
		*ret = sf;
		return 0;
	}
	dpu_function_unref(sf);
	sf_undo(device, port, activated);
	error = ctx->error;
	ctx->ops->sf_unclaim(ctx, device->info.handle, &claim);
	ctx->error = error;
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
	if (active)
		return wait_for_sf(&wait, sf_usable, deadline, object);
	return wait_until(ctx, deadline, sf_detached, &wait, "sf_detach", object);
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

/* Nobody can own what is gone. That there was no such claim is no failure. */
static void forget(struct dpu_device *device, const struct provider_function *sf)
{
	struct provider_claim claim = {
		.controller = sf->controller,
		.pfnum = sf->pfnum,
		.sfnum = sf->number,
		.ifindex = sf->representor_ifindex,
	};
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_error error = ctx->error;

	claim.kind = PROVIDER_CLAIM_OWNED;
	ctx->ops->sf_unclaim(ctx, device->info.handle, &claim);
	claim.kind = PROVIDER_CLAIM_MAKING;
	ctx->ops->sf_unclaim(ctx, device->info.handle, &claim);
	ctx->error = error;
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
	rc = ctx->ops->function(ctx, device->info.handle, sf->info.port, &now, NULL);
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
	if (rc == 0)
		forget(device, &now);
	if (rc == 0 || now.state != DPU_FUNCTION_ACTIVE)
		return rc;
	/* It stays, so it stays usable. */
	error = ctx->error;
	deadline = deadline_start(UNDO_MS);
	sf_set_state(device, sf->info.port, object, true, &deadline);
	ctx->error = error;
	return rc;
}
