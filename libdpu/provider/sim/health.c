/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The health reporters of mlx5. Errors come from the topology file alone. */
#include <errno.h>
#include <string.h>
#include "core/text.h"
#include "provider/sim/sim.h"

const struct sim_reporter_info sim_reporter_infos[SIM_REPORTERS] = {
	{ .name = "fw" },
	/* On the Arm cores of a DPU mlx5 takes more time than on a host. */
	{ .name = "fw_fatal", .recovers = true, .grace_period_ms = 180000 },
};

void sim_health_fill(const struct sim_pf *pf, size_t i, struct dpu_health *health)
{
	text_copy(health->name, sizeof(health->name), sim_reporter_infos[i].name);
	health->errors = pf->reporters[i].errors;
	health->recoveries = pf->reporters[i].recoveries;
	health->grace_period_ms = sim_reporter_infos[i].grace_period_ms;
	health->port = DPU_PORT_NO_NUMBER;
	health->state = pf->reporters[i].state;
	health->auto_recover = pf->reporters[i].auto_recover;
	health->auto_dump = 1;
}

int sim_health(struct dpu_ctx *ctx, const char *handle, struct dpu_health **ret, size_t *count)
{
	struct dpu_health *reporters;
	struct sim_pf *pf;
	size_t i;
	int rc;

	rc = sim_read_on(sim_of(ctx), "health", handle, sim_devlink_find, &pf);
	if (rc < 0)
		return rc;
	reporters = ctx_alloc(ctx, SIM_REPORTERS * sizeof(*reporters));
	if (!reporters)
		return ctx_fail_nomem(ctx, "health");
	for (i = 0; i < SIM_REPORTERS; i++)
		sim_health_fill(pf, i, &reporters[i]);
	*ret = reporters;
	*count = SIM_REPORTERS;
	return 0;
}

/* The place of a reporter that can recover; -ENOENT, -EOPNOTSUPP. */
static int find(struct sim *sim, const char *step, uint32_t port, const char *name)
{
	int i;

	for (i = 0; i < SIM_REPORTERS && strcmp(sim_reporter_infos[i].name, name) != 0; i++)
		continue;
	if (i == SIM_REPORTERS || port != DPU_PORT_NO_NUMBER)
		return ctx_fail(sim->ctx, -ENOENT, step, name, "there is no such reporter");
	if (!sim_reporter_infos[i].recovers)
		return ctx_fail(sim->ctx, -EOPNOTSUPP, step, name, "the reporter cannot recover");
	return i;
}

int sim_health_recover(struct dpu_ctx *ctx, const char *handle, uint32_t port, const char *name)
{
	struct sim *sim = sim_of(ctx);
	struct sim_reporter *reporter;
	struct sim_pf *pf;
	int i, rc;

	rc = sim_begin_on(sim, "health_recover", handle, sim_devlink_find, &pf);
	if (rc < 0)
		return rc;
	i = find(sim, "health_recover", port, name);
	if (i < 0)
		return sim_end(sim, i);
	reporter = &pf->reporters[i];
	if (reporter->state == DPU_HEALTH_ERROR) {
		reporter->state = DPU_HEALTH_HEALTHY;
		reporter->recoveries++;
	}
	return sim_end(sim, 0);
}

int sim_health_set(struct dpu_ctx *ctx, const char *handle, uint32_t port, const char *name,
		   bool auto_recover)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	int i, rc;

	rc = sim_begin_on(sim, "health_set", handle, sim_devlink_find, &pf);
	if (rc < 0)
		return rc;
	i = find(sim, "health_set", port, name);
	if (i >= 0)
		pf->reporters[i].auto_recover = auto_recover;
	return sim_end(sim, i < 0 ? i : 0);
}
