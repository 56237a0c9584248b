/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of programs beside SFs, in a folder beside the topology. A DPU in memory has one program only,
 * and ends with it: nothing can be left behind. */
#include "provider/sf-claims.h"
#include "provider/sim/sim.h"

int sim_sf_claim(struct dpu_ctx *ctx, const char *handle, const struct provider_claim *claim)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	int rc;

	rc = sim_read_on(sim, "sf_claim", handle, sim_devlink_find, &pf);
	if (rc < 0 || !sim->path)
		return rc;
	return sf_claims_claim(ctx, &sim->claims, sim->claims_dir, handle, claim);
}

static bool exists(const struct sim *sim, const struct provider_claim *claim)
{
	const struct sim_function *function;
	size_t i;

	for (i = 0; i < sim->model->function_count; i++) {
		function = &sim->model->functions[i];
		if (function->type == DPU_FUNCTION_SF && function->controller == claim->controller &&
		    function->pfnum == claim->pfnum && function->number == claim->sfnum)
			return true;
	}
	return false;
}

/* Names beside what is not there are of no use: their programs ended before there was an SF. That they cannot
 * be taken away is no failure of the call that tries. */
static void prune(struct sim *sim, const char *handle)
{
	struct dpu_ctx *ctx = sim->ctx;
	struct dpu_error error = ctx->error;
	struct provider_claim *claims = NULL;
	size_t count = 0, i;

	/* First who has ended, then what there is: what they have made until then can be seen. */
	if (sf_claims_left(ctx, sim->claims_dir, handle, &claims, &count) == 0 && sim_read(sim) == 0) {
		for (i = 0; i < count; i++) {
			if (!exists(sim, &claims[i]))
				sf_claims_unclaim(ctx, sim->claims, sim->claims_dir, handle, &claims[i]);
		}
	}
	ctx_free(ctx, claims);
	ctx->error = error;
}

int sim_sf_unclaim(struct dpu_ctx *ctx, const char *handle, const struct provider_claim *claim)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	int rc;

	rc = sim_read_on(sim, "sf_unclaim", handle, sim_devlink_find, &pf);
	if (rc < 0 || !sim->path)
		return rc;
	rc = sf_claims_unclaim(ctx, sim->claims, sim->claims_dir, handle, claim);
	if (rc == 0)
		prune(sim, handle);
	return rc;
}

int sim_claims_left(struct dpu_ctx *ctx, const char *handle, struct provider_claim **ret, size_t *count)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	int rc;

	rc = sim_read_on(sim, "claims_left", handle, sim_devlink_find, &pf);
	if (rc < 0)
		return rc;
	*ret = NULL;
	*count = 0;
	return sim->path ? sf_claims_left(ctx, sim->claims_dir, handle, ret, count) : 0;
}
