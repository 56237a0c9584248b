/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reloads of the driver and of the firmware, as mlx5 does them. */
#include <errno.h>
#include <string.h>
#include "provider/sim/sim.h"

#define PERFORMED(action) (1u << (action))

/* The driver starts anew: e-switch and SFs begin as it begins. Its parameters stay, and VFs come back. */
static int driver_reinit(struct sim *sim, struct sim_pf *pf, uint32_t *performed)
{
	sim_go_legacy(sim, pf);
	*performed = PERFORMED(DPU_RELOAD_DRIVER_REINIT);
	return 0;
}

/* A reset of the firmware takes all of the board with it; the one that is stored is the one that runs. */
static int fw_activate(struct sim *sim, enum dpu_reload_limit limit, uint32_t *performed)
{
	*performed = PERFORMED(DPU_RELOAD_FW_ACTIVATE);
	if (limit == DPU_RELOAD_NO_RESET)
		return 0;
	*performed |= PERFORMED(DPU_RELOAD_DRIVER_REINIT);
	return sim_reset_board(sim, DPU_RESET_FIRMWARE);
}

int sim_reload(struct dpu_ctx *ctx, const char *handle, enum dpu_reload_action action,
	       enum dpu_reload_limit limit, uint32_t *ret_performed)
{
	struct sim *sim = sim_of(ctx);
	uint32_t performed = 0;
	struct sim_pf *pf;
	int rc;

	rc = sim_begin_on(sim, "reload", handle, sim_devlink_find, &pf);
	if (rc < 0)
		return rc;
	if (action == DPU_RELOAD_FW_ACTIVATE)
		rc = fw_activate(sim, limit, &performed);
	else if (limit == DPU_RELOAD_NO_RESET)
		rc = ctx_fail(ctx, -EINVAL, "reload", handle, "Requested limit is invalid for this action");
	else
		rc = driver_reinit(sim, pf, &performed);
	rc = sim_end(sim, rc);
	if (rc == 0)
		*ret_performed = performed;
	return rc;
}
