/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resources, as mlx5 has them: how many SFs there can be. Their sizes come from the firmware and are what
 * they are: the driver lets none be chosen. */
#include <errno.h>
#include <string.h>
#include "core/text.h"
#include "provider/sim/sim.h"

enum {
	RESOURCES = 2,
};

static uint64_t count_sfs(const struct sim_model *model, const struct sim_pf *pf, bool external)
{
	const struct sim_function *function;
	uint64_t count = 0;
	size_t i;

	for (i = 0; i < model->function_count; i++) {
		function = &model->functions[i];
		if (function->type == DPU_FUNCTION_SF && function->pfnum == pf->pfnum &&
		    (function->controller != 0) == external)
			count++;
	}
	return count;
}

static void fill(const struct sim_model *model, const struct sim_pf *pf,
		 struct dpu_resource resources[RESOURCES])
{
	bool sfs = sim_nvconfig_current(model, NULL, "PER_PF_NUM_SF") != 0;
	size_t i;

	memset(resources, 0, RESOURCES * sizeof(*resources));
	text_copy(resources[0].path, sizeof(resources[0].path), "max_local_SFs");
	text_copy(resources[1].path, sizeof(resources[1].path), "max_external_SFs");
	resources[0].size = sfs ? sim_nvconfig_current(model, pf, "PF_TOTAL_SF") : 0;
	resources[1].size = sfs && !sim_separated_mode(model) ? SIM_EXTERNAL_SFS : 0;
	for (i = 0; i < RESOURCES; i++) {
		resources[i].size_new = resources[i].size;
		resources[i].size_min = resources[i].size;
		resources[i].size_max = resources[i].size;
		resources[i].granularity = 1;
		resources[i].occupied = count_sfs(model, pf, i == 1);
		resources[i].has_occupied = 1;
	}
}

int sim_resources(struct dpu_ctx *ctx, const char *handle, struct dpu_resource **ret, size_t *count)
{
	struct sim *sim = sim_of(ctx);
	struct dpu_resource *resources;
	struct sim_pf *pf;
	int rc;

	rc = sim_read_on(sim, "resources", handle, sim_devlink_find, &pf);
	if (rc < 0)
		return rc;
	resources = ctx_alloc(ctx, RESOURCES * sizeof(*resources));
	if (!resources)
		return ctx_fail_nomem(ctx, "resources");
	fill(sim->model, pf, resources);
	*ret = resources;
	*count = RESOURCES;
	return 0;
}

static int check(struct sim *sim, const struct sim_pf *pf, const char *path, uint64_t size)
{
	struct dpu_resource resources[RESOURCES];
	size_t i;

	fill(sim->model, pf, resources);
	for (i = 0; i < RESOURCES && strcmp(resources[i].path, path) != 0; i++)
		continue;
	if (i == RESOURCES)
		return ctx_fail(sim->ctx, -ENOENT, "resource_set", path, "there is no such resource");
	if (size > resources[i].size_max)
		return ctx_fail(sim->ctx, -EINVAL, "resource_set", path, "Size larger than maximum");
	if (size < resources[i].size_min)
		return ctx_fail(sim->ctx, -EINVAL, "resource_set", path, "Size smaller than minimum");
	return 0;
}

int sim_resource_set(struct dpu_ctx *ctx, const char *handle, const char *path, uint64_t size)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	int rc;

	rc = sim_begin_on(sim, "resource_set", handle, sim_devlink_find, &pf);
	return rc < 0 ? rc : sim_end(sim, check(sim, pf, path, size));
}
