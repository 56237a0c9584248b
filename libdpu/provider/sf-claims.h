/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names that programs put beside SFs, kept as claims in a folder: what providers whose SFs outlive a
 * program have in common. Each function is the provider's member of the same name. */
#ifndef DPU_PROVIDER_SF_CLAIMS_H
#define DPU_PROVIDER_SF_CLAIMS_H

#include "core/claims.h"
#include "provider/provider.h"

/* *claims is the context's own set, NULL before the first claim; claims_close() ends it. */
int sf_claims_claim(struct dpu_ctx *ctx, struct claims **claims, const char *dir, const char *handle,
		    const struct provider_claim *claim);

/* Takes back a claim of one's own; or, when it is not, one that somebody left behind. */
int sf_claims_unclaim(struct dpu_ctx *ctx, struct claims *claims, const char *dir, const char *handle,
		      const struct provider_claim *claim);

/* What was left behind, less what a living program has claimed since: a number is used again. */
int sf_claims_left(struct dpu_ctx *ctx, const char *dir, const char *handle, struct provider_claim **ret,
		   size_t *count);

#endif
