/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Functions behind ports, and SFs, with the refusals of the mlx5 driver and its firmware in their own words.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "provider/sim/sim.h"

/* The function behind a port that a step is about, and what messages call it. */
struct at {
	struct sim_pf *pf;
	struct sim_function *function;
	char object[PORT_TEXT_SIZE];
};

/* The way into such a step. After 0, sim_end() must follow. */
static int begin_at(struct sim *sim, const char *step, const char *handle, uint32_t port, struct at *at)
{
	int rc;

	rc = sim_begin_eswitch(sim, step, handle, &at->pf);
	if (rc < 0)
		return rc;
	port_format(handle, port, at->object, sizeof(at->object));
	at->function = sim_function_at(sim->model, at->pf, port);
	if (at->function && at->pf->eswitch_mode != DPU_ESWITCH_LEGACY)
		return 0;
	return sim_end(sim, ctx_fail(sim->ctx, -ENODEV, step, at->object, "no function is behind that port"));
}

/* The same for an SF. */
static int begin_sf(struct sim *sim, const char *step, const char *handle, uint32_t port, struct at *at)
{
	int rc = begin_at(sim, step, handle, port, at);

	if (rc < 0 || at->function->type == DPU_FUNCTION_SF)
		return rc;
	return sim_end(
		sim, ctx_fail(sim->ctx, -EOPNOTSUPP, step, handle, "the function behind that port is no SF"));
}

/* The lowest free slot of a controller's SFs; -EEXIST, -ENOSPC. */
static int find_slot(struct sim *sim, const struct sim_pf *pf, uint32_t controller, uint32_t sfnum,
		     uint32_t *ret)
{
	uint64_t slots = controller ? SIM_EXTERNAL_SFS : sim_nvconfig_current(sim->model, pf, "PF_TOTAL_SF");
	const struct sim_function *function;
	char object[32];
	uint32_t slot;
	size_t i;

	snprintf(object, sizeof(object), "sfnum %" PRIu32, sfnum);
	for (i = 0; i < sim->model->function_count; i++) {
		function = &sim->model->functions[i];
		if (function->type != DPU_FUNCTION_SF || function->pfnum != pf->pfnum ||
		    function->controller != controller || function->number != sfnum)
			continue;
		ctx_fail(sim->ctx, -EEXIST, "sf_add", object, "SF already exist. Choose different sfnum");
		return ctx_hint(sim->ctx, "list the SFs to see the numbers that are taken");
	}
	for (slot = 0; slot < slots; slot++) {
		if (!sim_function_at(sim->model, pf, sim_sf_port(pf->pfnum, controller, slot)))
			break;
	}
	if (slot == slots) {
		ctx_fail(sim->ctx, -ENOSPC, "sf_add", object,
			 "all %" PRIu64 " SFs of controller %" PRIu32 " are in use", slots, controller);
		return ctx_hint(sim->ctx, "delete one, or raise PF_TOTAL_SF in the firmware configuration");
	}
	*ret = slot;
	return 0;
}

static int check_sf(struct sim *sim, const struct sim_pf *pf, uint32_t controller, uint32_t pfnum,
		    uint32_t sfnum)
{
	struct dpu_ctx *ctx = sim->ctx;
	char object[32];

	snprintf(object, sizeof(object), "sfnum %" PRIu32, sfnum);
	if (pf->eswitch_mode == DPU_ESWITCH_LEGACY)
		return ctx_fail(ctx, -EOPNOTSUPP, "sf_add", object,
				"SF ports are only supported in eswitch switchdev mode.");
	if (!sim_nvconfig_current(sim->model, NULL, "PER_PF_NUM_SF"))
		return ctx_fail(ctx, -EOPNOTSUPP, "sf_add", object, "SF ports are not supported.");
	if (controller > (sim_separated_mode(sim->model) ? 0 : SIM_HOST_CONTROLLER))
		return ctx_fail(ctx, -EINVAL, "sf_add", object, "Invalid controller number");
	if (pfnum != pf->pfnum)
		return ctx_fail(ctx, -EOPNOTSUPP, "sf_add", object, "Invalid pfnum supplied");
	if (sfnum > SIM_MAX_SFNUM)
		return ctx_fail(ctx, -ERANGE, "sf_add", object, "SF numbers go from 0 to %d", SIM_MAX_SFNUM);
	return 0;
}

static int add_sf(struct sim *sim, struct sim_pf *pf, uint32_t controller, uint32_t sfnum,
		  struct provider_function *ret)
{
	struct sim_function *sf;
	uint32_t slot = 0;
	int rc;

	rc = find_slot(sim, pf, controller, sfnum, &slot);
	if (rc < 0)
		return rc;
	sf = sim_model_add(sim->ctx, sim->model, DPU_FUNCTION_SF);
	if (!sf)
		return ctx_fail_nomem(sim->ctx, "sf_add");
	sf->pfnum = pf->pfnum;
	sf->controller = controller;
	sf->number = sfnum;
	sim_model_name_sf(sim->model, sf, slot);
	sf->representor_ms = sim_settle_ms(sim, "representors");
	sim_function_fill(pf, sf, ret);
	return 0;
}

int sim_sf_add(struct dpu_ctx *ctx, const char *handle, uint32_t controller, uint32_t pfnum, uint32_t sfnum,
	       uint32_t *port, uint32_t *ifindex)
{
	struct sim *sim = sim_of(ctx);
	struct provider_function function = { .port = 0 };
	struct sim_pf *pf;
	int rc;

	rc = sim_begin_eswitch(sim, "sf_add", handle, &pf);
	if (rc < 0)
		return rc;
	rc = check_sf(sim, pf, controller, pfnum, sfnum);
	if (rc == 0)
		rc = add_sf(sim, pf, controller, sfnum, &function);
	rc = sim_end(sim, rc);
	if (rc < 0)
		return rc;
	*port = function.port;
	*ifindex = function.representor_ifindex;
	return 0;
}

int sim_function_set_hw_addr(struct dpu_ctx *ctx, const char *handle, uint32_t port, const uint8_t hw_addr[6])
{
	struct sim *sim = sim_of(ctx);
	struct at at;
	int rc;

	rc = begin_at(sim, "function_set_hw_addr", handle, port, &at);
	if (rc < 0)
		return rc;
	memcpy(at.function->hw_addr, hw_addr, sizeof(at.function->hw_addr));
	return sim_end(sim, 0);
}

uint32_t sim_known_caps(enum dpu_function_type type)
{
	uint32_t caps = DPU_FUNCTION_CAP_ROCE | DPU_FUNCTION_CAP_TRUST;

	if (type == DPU_FUNCTION_VF)
		caps |= DPU_FUNCTION_CAP_MIGRATABLE | DPU_FUNCTION_CAP_IPSEC_CRYPTO |
			DPU_FUNCTION_CAP_IPSEC_PACKET;
	return caps;
}

/* What the firmware takes before a driver has the function only. */
static int check_free(struct sim *sim, const char *step, const struct at *at, const char *what)
{
	if (!sim_attached(at->function))
		return 0;
	ctx_fail(sim->ctx, -EBUSY, step, at->object, "Failed setting HCA %s", what);
	if (at->function->type == DPU_FUNCTION_SF)
		return ctx_hint(sim->ctx, "an SF must be inactive for that");
	return ctx_hint(sim->ctx, "no driver may have the function for that");
}

/* Capabilities one by one, as the kernel has them. */
static int check_caps(struct sim *sim, const struct at *at, uint32_t set)
{
	uint32_t bit;

	for (bit = 1; bit; bit <<= 1) {
		const char *name = dpu_function_cap_name((enum dpu_function_cap)bit);

		if (!(set & bit & ~sim_known_caps(at->function->type)))
			continue;
		if (at->function->type == DPU_FUNCTION_PF && name)
			return ctx_fail(sim->ctx, -EOPNOTSUPP, "function_set_caps", at->object,
					"%s function attribute supported for VFs only", name);
		return ctx_fail(sim->ctx, -EOPNOTSUPP, "function_set_caps", at->object,
				"Port doesn't support %s function attribute", name ? name : "such a");
	}
	return 0;
}

int sim_function_set_caps(struct dpu_ctx *ctx, const char *handle, uint32_t port, uint32_t set, uint32_t caps)
{
	struct sim *sim = sim_of(ctx);
	uint32_t changed;
	struct at at;
	int rc;

	rc = begin_at(sim, "function_set_caps", handle, port, &at);
	if (rc < 0)
		return rc;
	rc = check_caps(sim, &at, set);
	changed = (at.function->caps ^ caps) & set;
	/* Trust is the e-switch's: it needs nothing of the function. */
	if (rc == 0 && changed & ~(uint32_t)DPU_FUNCTION_CAP_TRUST)
		rc = check_free(sim, "function_set_caps", &at,
				changed & DPU_FUNCTION_CAP_ROCE ? "roce cap" : "caps");
	if (rc == 0)
		at.function->caps ^= changed;
	return sim_end(sim, rc);
}

int sim_function_set_max_io_eqs(struct dpu_ctx *ctx, const char *handle, uint32_t port, uint32_t count)
{
	struct sim *sim = sim_of(ctx);
	struct at at;
	int rc;

	rc = begin_at(sim, "function_set_max_io_eqs", handle, port, &at);
	if (rc < 0)
		return rc;
	if (at.function->type == DPU_FUNCTION_PF)
		rc = ctx_fail(ctx, -EOPNOTSUPP, "function_set_max_io_eqs", at.object,
			      "Function does not support max_io_eqs setting");
	else if (count > SIM_IO_EQS_MAX)
		rc = ctx_fail(ctx, -EINVAL, "function_set_max_io_eqs", at.object,
			      "the device has %d event queues for a function", SIM_IO_EQS_MAX);
	else if (count != at.function->max_io_eqs)
		rc = check_free(sim, "function_set_max_io_eqs", &at, "caps");
	if (rc == 0)
		at.function->max_io_eqs = count;
	return sim_end(sim, rc);
}

int sim_function_set_max_uc_list(struct dpu_ctx *ctx, const char *handle, uint32_t port, uint32_t count)
{
	struct sim *sim = sim_of(ctx);
	struct at at;
	int rc;

	rc = begin_at(sim, "function_set_max_uc_list", handle, port, &at);
	if (rc < 0)
		return rc;
	if (!count || count > SIM_UC_LIST_MAX)
		rc = ctx_fail(ctx, -EINVAL, "function_set_max_uc_list", at.object,
			      "max_uc_list goes from 1 to %d", SIM_UC_LIST_MAX);
	else if (count != at.function->max_uc_list)
		rc = check_free(sim, "function_set_max_uc_list", &at, "max_uc_list");
	if (rc == 0)
		at.function->max_uc_list = count;
	return sim_end(sim, rc);
}

/* The driver follows after a latency; one that has not followed the last change need not do anything. */
static int set_state(struct sim *sim, const char *step, const char *handle, uint32_t port,
		     enum dpu_function_state state, const char *latency)
{
	struct at at;
	int rc;

	rc = begin_sf(sim, step, handle, port, &at);
	if (rc < 0)
		return rc;
	if (at.function->state == state) {
		sim_abort(sim);
		return 0;
	}
	at.function->settled_ms = sim_settled(at.function->settled_ms) ? sim_settle_ms(sim, latency) : 0;
	at.function->state = state;
	return sim_commit(sim);
}

int sim_sf_activate(struct dpu_ctx *ctx, const char *handle, uint32_t port)
{
	return set_state(sim_of(ctx), "sf_activate", handle, port, DPU_FUNCTION_ACTIVE, "sf_attach");
}

int sim_sf_deactivate(struct dpu_ctx *ctx, const char *handle, uint32_t port)
{
	return set_state(sim_of(ctx), "sf_deactivate", handle, port, DPU_FUNCTION_INACTIVE, "sf_detach");
}

int sim_sf_bind(struct dpu_ctx *ctx, const char *handle, const struct provider_function *function)
{
	struct sim *sim = sim_of(ctx);
	struct at at;
	int rc;

	rc = begin_sf(sim, "sf_bind", handle, function->port, &at);
	if (rc < 0)
		return rc;
	/* The driver binds by itself, as upstream's does: nothing to change. */
	rc = sim_settled(at.function->settled_ms);
	sim_abort(sim);
	return rc;
}

int sim_sf_delete(struct dpu_ctx *ctx, const char *handle, uint32_t port)
{
	struct sim *sim = sim_of(ctx);
	struct at at;
	int rc;

	rc = begin_sf(sim, "sf_delete", handle, port, &at);
	if (rc < 0)
		return rc;
	sim_flows_forget_port(at.pf, at.function->port, at.function->representor);
	sim_model_remove(sim->model, at.function);
	return sim_commit(sim);
}
