/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "core/text.h"
#include "provider/sf-claims.h"

static const char *const kinds[] = {
	[PROVIDER_CLAIM_MAKING] = "making",
	[PROVIDER_CLAIM_OWNED] = "owned",
};

/* "owned 0 0 88 17 pci/0000:03:00.0": the handle last, for it may be anything. */
static void format(const char *handle, const struct provider_claim *claim, char key[CLAIMS_TEXT_MAX + 1])
{
	snprintf(key, CLAIMS_TEXT_MAX + 1, "%s %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %s",
		 kinds[claim->kind], claim->controller, claim->pfnum, claim->sfnum, claim->ifindex, handle);
}

static bool parse(const char *key, const char *handle, struct provider_claim *claim)
{
	char kind[8];
	int end = 0, i;

	if (sscanf(key, "%7s %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32 " %n", kind, &claim->controller,
		   &claim->pfnum, &claim->sfnum, &claim->ifindex, &end) != 5 ||
	    !end || strcmp(key + end, handle) != 0)
		return false;
	i = text_index(kinds, sizeof(kinds) / sizeof(kinds[0]), kind);
	claim->kind = (enum provider_claim_kind)i;
	return i >= 0;
}

int sf_claims_claim(struct dpu_ctx *ctx, struct claims **claims, const char *dir, const char *handle,
		    const struct provider_claim *claim)
{
	char key[CLAIMS_TEXT_MAX + 1];
	int rc = 0;

	if (!*claims)
		rc = claims_open(ctx, "sf_claim", dir, claims);
	if (rc < 0)
		return rc;
	format(handle, claim, key);
	return claims_add(ctx, "sf_claim", *claims, key);
}

int sf_claims_unclaim(struct dpu_ctx *ctx, struct claims *claims, const char *dir, const char *handle,
		      const struct provider_claim *claim)
{
	char key[CLAIMS_TEXT_MAX + 1];

	format(handle, claim, key);
	if (claims && claims_remove(claims, key))
		return 0;
	return claims_forget(ctx, "sf_unclaim", dir, key);
}

/* The claims on one device's SFs; those of the living in the array's first part. */
struct found {
	struct dpu_ctx *ctx;
	const char *handle;
	struct provider_claim *claims;
	size_t count;
	size_t live;
};

static int collect(void *arg, const char *owner, const char *key, bool live)
{
	struct found *found = arg;
	struct provider_claim claim = { .sfnum = 0 };

	if (!parse(key, found->handle, &claim))
		return 0;
	text_copy(claim.owner, sizeof(claim.owner), owner);
	if (ctx_grow(found->ctx, &found->claims, found->count, sizeof(claim)) < 0)
		return ctx_fail_nomem(found->ctx, "claims_left");
	found->claims[found->count++] = claim;
	if (live) {
		found->claims[found->count - 1] = found->claims[found->live];
		found->claims[found->live++] = claim;
	}
	return 0;
}

static bool lives(const struct found *found, const struct provider_claim *claim)
{
	const struct provider_claim *other;

	for (other = found->claims; other < found->claims + found->live; other++) {
		if (other->controller == claim->controller && other->pfnum == claim->pfnum &&
		    other->sfnum == claim->sfnum)
			return true;
	}
	return false;
}

int sf_claims_left(struct dpu_ctx *ctx, const char *dir, const char *handle, struct provider_claim **ret,
		   size_t *count)
{
	struct found found = { .ctx = ctx, .handle = handle };
	size_t i, kept = 0;
	int rc;

	rc = claims_visit(ctx, "claims_left", dir, collect, &found);
	for (i = found.live; rc == 0 && i < found.count; i++) {
		if (lives(&found, &found.claims[i]))
			continue;
		/* Not onto the living, who are still looked at. */
		found.claims[found.live + kept++] = found.claims[i];
	}
	if (rc < 0 || !kept) {
		ctx_free(ctx, found.claims);
		found.claims = NULL;
	}
	if (rc < 0)
		return rc;
	if (kept)
		memmove(found.claims, found.claims + found.live, kept * sizeof(*found.claims));
	*ret = found.claims;
	*count = kept;
	return 0;
}
