/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The firmware's non-volatile configuration, and the resets that make its next-boot values current. Both are
 * the board's: any of its PFs will do, in every mode. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "provider/sim/sim.h"

const struct sim_param_info sim_param_infos[SIM_PARAMS] = {
	{ "INTERNAL_CPU_MODEL", 1, 1, DPU_RESET_SYSTEM },
	{ "INTERNAL_CPU_PAGE_SUPPLIER", 0, 1, DPU_RESET_SYSTEM },
	{ "INTERNAL_CPU_ESWITCH_MANAGER", 0, 1, DPU_RESET_SYSTEM },
	{ "INTERNAL_CPU_IB_VPORT0", 0, 1, DPU_RESET_SYSTEM },
	{ "INTERNAL_CPU_OFFLOAD_ENGINE", 0, 1, DPU_RESET_SYSTEM },
	{ "SRIOV_EN", 1, 1, DPU_RESET_FIRMWARE },
	{ "NUM_OF_VFS", 16, 504, DPU_RESET_FIRMWARE },
	{ "NUM_OF_PF", 2, 2, DPU_RESET_FIRMWARE },
	{ "HIDE_PORT2_PF", 0, 1, DPU_RESET_FIRMWARE },
	{ "PER_PF_NUM_SF", 1, 1, DPU_RESET_FIRMWARE },
	{ "PF_TOTAL_SF", 236, 512, DPU_RESET_FIRMWARE },
	{ "PF_SF_BAR_SIZE", 10, 16, DPU_RESET_FIRMWARE },
	{ "PF_BAR2_ENABLE", 0, 1, DPU_RESET_FIRMWARE },
	{ "LAG_RESOURCE_ALLOCATION", 0, 2, DPU_RESET_FIRMWARE },
};

/* The position of a parameter, or -ENOENT recorded. */
static int find_param(struct sim *sim, const char *step, const char *name)
{
	int i = sim_param_index(name);

	if (i >= 0)
		return i;
	return ctx_fail(sim->ctx, -ENOENT, step, name, "the firmware has no such parameter");
}

int sim_nvconfig_get(struct dpu_ctx *ctx, const char *handle, enum provider_nvconfig_when when,
		     const char *name, uint64_t *value)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	const struct sim_param *param;
	int i, rc;

	rc = sim_read_on(sim, "nvconfig_get", handle, sim_pf_find, &pf);
	if (rc < 0)
		return rc;
	i = find_param(sim, "nvconfig_get", name);
	if (i < 0)
		return i;
	param = &sim->model->params[i];
	if (when == PROVIDER_NVCONFIG_DEFAULT)
		*value = param->factory;
	else
		*value = when == PROVIDER_NVCONFIG_CURRENT ? param->current : param->next;
	return 0;
}

static int check_value(struct sim *sim, const struct provider_nvconfig *value)
{
	int i = find_param(sim, "nvconfig_set", value->name);

	if (i < 0)
		return i;
	if (value->value > sim_param_infos[i].max)
		return ctx_fail(sim->ctx, -EINVAL, "nvconfig_set", value->name,
				"bad parameter: %" PRIu64 " is more than %" PRIu64, value->value,
				sim_param_infos[i].max);
	/* nv_internal_cpu_cap: later BlueField-3 firmware has dropped this model. */
	if (!strcmp(value->name, "INTERNAL_CPU_MODEL") && value->value == 0)
		return ctx_fail(sim->ctx, -EOPNOTSUPP, "nvconfig_set", value->name,
				"the firmware does not support the separated host model");
	return 0;
}

int sim_nvconfig_set(struct dpu_ctx *ctx, const char *handle, const struct provider_nvconfig *values,
		     size_t count)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	size_t i;
	int rc;

	rc = sim_begin_on(sim, "nvconfig_set", handle, sim_pf_find, &pf);
	if (rc < 0)
		return rc;
	for (i = 0; i < count && rc == 0; i++)
		rc = check_value(sim, &values[i]);
	for (i = 0; i < count && rc == 0; i++)
		sim->model->params[find_param(sim, "nvconfig_set", values[i].name)].next = values[i].value;
	return sim_end(sim, rc);
}

int sim_nvconfig_reset_level(struct dpu_ctx *ctx, const char *handle, const char *name, enum dpu_reset *ret)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	int i, rc;

	rc = sim_pf_find(sim, "nvconfig_reset_level", handle, &pf);
	if (rc < 0)
		return rc;
	i = find_param(sim, "nvconfig_reset_level", name);
	if (i < 0)
		return i;
	*ret = sim_param_infos[i].level;
	return 0;
}

int sim_reset_board(struct sim *sim, enum dpu_reset level)
{
	struct sim_param former[SIM_PARAMS];
	int i, rc;

	memcpy(former, sim->model->params, sizeof(former));
	for (i = 0; i < SIM_PARAMS; i++) {
		if (sim_param_infos[i].level <= level)
			sim->model->params[i].current = sim->model->params[i].next;
	}
	rc = sim_model_boot(sim->ctx, sim->model, false);
	if (rc < 0)
		memcpy(sim->model->params, former, sizeof(former));
	return rc;
}

int sim_reset(struct dpu_ctx *ctx, const char *handle, enum dpu_reset level)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	size_t i;
	int rc;

	rc = sim_begin_on(sim, "reset", handle, sim_pf_find, &pf);
	if (rc < 0)
		return rc;
	rc = sim_reset_board(sim, level);
	if (rc == 0) {
		for (i = 0; i < sim->model->pf_count; i++)
			sim_pf_defaults(&sim->model->pfs[i]);
		sim->model->reset_ms = sim_settle_ms(sim, "reset_done");
	}
	return sim_end(sim, rc);
}

int sim_reset_done(struct dpu_ctx *ctx, const char *handle)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	int rc;

	rc = sim_read_on(sim, "reset_done", handle, sim_pf_find, &pf);
	return rc < 0 ? rc : sim_settled(sim->model->reset_ms);
}
