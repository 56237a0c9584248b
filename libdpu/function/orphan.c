/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SFs that programs have left behind. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "core/facts.h"
#include "core/text.h"
#include "function/function.h"

DEFINE_FACTS(dpu_orphan_list, dpu_orphan)

struct orphans {
	struct dpu_device *device;
	struct provider_claim *claims;
	size_t claim_count;
	struct dpu_orphan *items;
	size_t count;
};

/*
 * Numbers are used again, by other tools too: what a claim is on is told by the representor, of which there
 * is never another one with the same ifindex. Before there was a representor, the program had come no further
 * than making the port.
 */
static bool is_claimed(const struct provider_claim *claim, const struct provider_function *info)
{
	if (info->type != DPU_FUNCTION_SF || !info->has_port || claim->controller != info->controller ||
	    claim->pfnum != info->pfnum || claim->sfnum != info->number)
		return false;
	if (claim->ifindex)
		return claim->ifindex == info->representor_ifindex;
	return info->state == DPU_FUNCTION_INACTIVE && info->opstate == DPU_FUNCTION_DETACHED;
}

static const struct provider_claim *claim_on(const struct orphans *orphans,
					     const struct provider_function *info)
{
	size_t i;

	for (i = 0; i < orphans->claim_count; i++) {
		if (is_claimed(&orphans->claims[i], info))
			return &orphans->claims[i];
	}
	return NULL;
}

static int add(struct orphans *orphans, const struct provider_function *sf,
	       const struct provider_claim *claim)
{
	struct dpu_device *device = orphans->device;
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_orphan *orphan;
	struct provider_port port;
	int rc;

	rc = ctx->ops->port(ctx, device->info.handle, sf->port, &port);
	if (rc < 0)
		return rc;
	rc = ctx_grow(ctx, &orphans->items, orphans->count, sizeof(*orphan));
	if (rc < 0)
		return ctx_fail_nomem(ctx, "list orphans");
	orphan = &orphans->items[orphans->count++];
	*orphan = (struct dpu_orphan){
		.port = sf->port,
		.controller = sf->controller,
		.sfnum = sf->number,
		.making = claim->kind == PROVIDER_CLAIM_MAKING,
	};
	text_copy(orphan->handle, sizeof(orphan->handle), device->info.handle);
	text_copy(orphan->representor, sizeof(orphan->representor), port.netdev);
	text_copy(orphan->owner, sizeof(orphan->owner), claim->owner);
	function_format(sf, orphan->name, sizeof(orphan->name));
	rc = ctx->ops->port_rules(ctx, device->info.handle, sf->port);
	if (rc > 0)
		orphan->rules = (uint32_t)rc;
	return 0;
}

/* What a program had claimed before it ended, but had not made yet: nothing is left of it but the claim. */
static void forget_void(const struct orphans *orphans, const struct provider_function *infos, size_t count)
{
	const char *handle = orphans->device->info.handle;
	struct dpu_ctx *ctx = orphans->device->ctx;
	struct dpu_error error = ctx->error;
	const struct provider_claim *claim;
	size_t i, k;

	for (i = 0; i < orphans->claim_count; i++) {
		claim = &orphans->claims[i];
		for (k = 0; k < count && !is_claimed(claim, &infos[k]); k++)
			continue;
		if (k == count)
			ctx->ops->sf_unclaim(ctx, handle, claim);
	}
	ctx->error = error;
}

static int collect(struct orphans *orphans)
{
	const char *handle = orphans->device->info.handle;
	struct dpu_ctx *ctx = orphans->device->ctx;
	struct provider_function *infos = NULL;
	const struct provider_claim *claim;
	size_t count = 0, i;
	int rc;

	rc = ctx->ops->claims_left(ctx, handle, &orphans->claims, &orphans->claim_count);
	/* What has no SFs has no orphans. */
	if (rc == -EOPNOTSUPP)
		return 0;
	if (rc < 0 || !orphans->claim_count)
		return rc;
	rc = ctx->ops->functions(ctx, handle, &infos, &count);
	for (i = 0; rc >= 0 && i < count; i++) {
		claim = claim_on(orphans, &infos[i]);
		if (claim)
			rc = add(orphans, &infos[i], claim);
	}
	if (rc >= 0)
		forget_void(orphans, infos, count);
	ctx_free(ctx, infos);
	return rc < 0 ? rc : 0;
}

int dpu_orphan_list(struct dpu_device *device, struct dpu_orphan_list **ret)
{
	struct orphans orphans = { .device = device };
	struct dpu_ctx *ctx = device->ctx;
	int rc;

	rc = collect(&orphans);
	ctx_free(ctx, orphans.claims);
	if (rc < 0) {
		ctx_free(ctx, orphans.items);
		return rc;
	}
	return dpu_orphan_list_take(ctx, "list orphans", orphans.items, orphans.count, ret);
}

int dpu_orphan_sweep(struct dpu_device *device, int deadline_ms)
{
	struct deadline deadline = deadline_start(deadline_ms);
	struct dpu_orphan_list *orphans = NULL;
	struct dpu_function *sf;
	size_t i;
	int rc;

	rc = dpu_orphan_list(device, &orphans);
	for (i = 0; rc >= 0 && i < orphans->count; i++) {
		rc = function_at_port(device, orphans->items[i].port, &sf);
		if (rc < 0)
			break;
		rc = dpu_sf_delete(sf, deadline_left(&deadline));
		dpu_function_unref(sf);
	}
	dpu_orphan_list_unref(orphans);
	return rc < 0 ? rc : (int)i;
}
