/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Functions behind ports, and SFs, with the refusals of the mlx5 driver and its firmware in their own words.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "provider/sim/sim.h"

/* The way into a step on the function behind a port. After 0, sim_end() must follow. */
static int begin_at(struct sim *sim, const char *step, const char *handle, uint32_t port, struct sim_pf **pf,
		    struct sim_function **function)
{
	char object[80];
	int rc;

	rc = sim_begin_eswitch(sim, step, handle, pf);
	if (rc < 0)
		return rc;
	*function = sim_function_at(sim->model, *pf, port);
	if (*function && (*pf)->eswitch_mode != DPU_ESWITCH_LEGACY)
		return 0;
	snprintf(object, sizeof(object), "%s/%" PRIu32, handle, port);
	return sim_end(sim, ctx_fail(sim->ctx, -ENODEV, step, object, "no function is behind that port"));
}

/* The same for an SF. */
static int begin_sf(struct sim *sim, const char *step, const char *handle, uint32_t port, struct sim_pf **pf,
		    struct sim_function **sf)
{
	int rc = begin_at(sim, step, handle, port, pf, sf);

	if (rc < 0 || (*sf)->type == DPU_FUNCTION_SF)
		return rc;
	return sim_end(
		sim, ctx_fail(sim->ctx, -EOPNOTSUPP, step, handle, "the function behind that port is no SF"));
}

/* The lowest free slot of a controller's SFs; -EEXIST, -ENOSPC. */
static int find_slot(struct sim *sim, const struct sim_pf *pf, uint32_t controller, uint32_t sfnum,
		     uint32_t *ret)
{
	uint64_t slots = controller ? SIM_EXTERNAL_SFS : sim_param_current(sim->model, "PF_TOTAL_SF");
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
	if (!sim_param_current(sim->model, "PER_PF_NUM_SF"))
		return ctx_fail(ctx, -EOPNOTSUPP, "sf_add", object, "SF ports are not supported.");
	if (controller > SIM_HOST_CONTROLLER)
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
	struct sim_function *function;
	struct sim_pf *pf;
	int rc;

	rc = begin_at(sim, "function_set_hw_addr", handle, port, &pf, &function);
	if (rc < 0)
		return rc;
	memcpy(function->hw_addr, hw_addr, sizeof(function->hw_addr));
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
static int check_free(struct sim *sim, const char *step, const char *object,
		      const struct sim_function *function, const char *what)
{
	if (!sim_attached(function))
		return 0;
	ctx_fail(sim->ctx, -EBUSY, step, object, "Failed setting HCA %s", what);
	if (function->type == DPU_FUNCTION_SF)
		return ctx_hint(sim->ctx, "an SF must be inactive for that");
	return ctx_hint(sim->ctx, "no driver may have the function for that");
}

/* Capabilities one by one, as the kernel has them. */
static int check_caps(struct sim *sim, const char *object, const struct sim_function *function, uint32_t set)
{
	uint32_t bit;

	for (bit = 1; bit; bit <<= 1) {
		const char *name = dpu_function_cap_name((enum dpu_function_cap)bit);

		if (!(set & bit & ~sim_known_caps(function->type)))
			continue;
		if (function->type == DPU_FUNCTION_PF && name)
			return ctx_fail(sim->ctx, -EOPNOTSUPP, "function_set_caps", object,
					"%s function attribute supported for VFs only", name);
		return ctx_fail(sim->ctx, -EOPNOTSUPP, "function_set_caps", object,
				"Port doesn't support %s function attribute", name ? name : "such a");
	}
	return 0;
}

int sim_function_set_caps(struct dpu_ctx *ctx, const char *handle, uint32_t port, uint32_t set, uint32_t caps)
{
	struct sim *sim = sim_of(ctx);
	struct sim_function *function;
	struct sim_pf *pf;
	uint32_t changed;
	char object[80];
	int rc;

	rc = begin_at(sim, "function_set_caps", handle, port, &pf, &function);
	if (rc < 0)
		return rc;
	snprintf(object, sizeof(object), "%s/%" PRIu32, handle, port);
	rc = check_caps(sim, object, function, set);
	changed = (function->caps ^ caps) & set;
	/* Trust is the e-switch's: it needs nothing of the function. */
	if (rc == 0 && changed & ~(uint32_t)DPU_FUNCTION_CAP_TRUST)
		rc = check_free(sim, "function_set_caps", object, function,
				changed & DPU_FUNCTION_CAP_ROCE ? "roce cap" : "caps");
	if (rc == 0)
		function->caps ^= changed;
	return sim_end(sim, rc);
}

int sim_function_set_max_io_eqs(struct dpu_ctx *ctx, const char *handle, uint32_t port, uint32_t count)
{
	struct sim *sim = sim_of(ctx);
	struct sim_function *function;
	struct sim_pf *pf;
	char object[80];
	int rc;

	rc = begin_at(sim, "function_set_max_io_eqs", handle, port, &pf, &function);
	if (rc < 0)
		return rc;
	snprintf(object, sizeof(object), "%s/%" PRIu32, handle, port);
	if (function->type == DPU_FUNCTION_PF)
		rc = ctx_fail(ctx, -EOPNOTSUPP, "function_set_max_io_eqs", object,
			      "Function does not support max_io_eqs setting");
	else if (count > SIM_IO_EQS_MAX)
		rc = ctx_fail(ctx, -EINVAL, "function_set_max_io_eqs", object,
			      "the device has %d event queues for a function", SIM_IO_EQS_MAX);
	else if (count != function->max_io_eqs)
		rc = check_free(sim, "function_set_max_io_eqs", object, function, "caps");
	if (rc == 0)
		function->max_io_eqs = count;
	return sim_end(sim, rc);
}

int sim_function_set_max_uc_list(struct dpu_ctx *ctx, const char *handle, uint32_t port, uint32_t count)
{
	struct sim *sim = sim_of(ctx);
	struct sim_function *function;
	struct sim_pf *pf;
	char object[80];
	int rc;

	rc = begin_at(sim, "function_set_max_uc_list", handle, port, &pf, &function);
	if (rc < 0)
		return rc;
	snprintf(object, sizeof(object), "%s/%" PRIu32, handle, port);
	if (!count || count > SIM_UC_LIST_MAX)
		rc = ctx_fail(ctx, -EINVAL, "function_set_max_uc_list", object,
			      "max_uc_list goes from 1 to %d", SIM_UC_LIST_MAX);
	else if (count != function->max_uc_list)
		rc = check_free(sim, "function_set_max_uc_list", object, function, "max_uc_list");
	if (rc == 0)
		function->max_uc_list = count;
	return sim_end(sim, rc);
}

int sim_sf_activate(struct dpu_ctx *ctx, const char *handle, uint32_t port)
{
	struct sim *sim = sim_of(ctx);
	struct sim_function *sf;
	struct sim_pf *pf;
	int rc;

	rc = begin_sf(sim, "sf_activate", handle, port, &pf, &sf);
	if (rc < 0)
		return rc;
	if (sf->state == DPU_FUNCTION_ACTIVE) {
		sim_abort(sim);
		return 0;
	}
	/* A driver that has not let go keeps the SF, as if nothing had been asked of it. */
	sf->settled_ms = !sim_settled(sf->settled_ms) ? 0 : sim_settle_ms(sim, "sf_attach");
	sf->state = DPU_FUNCTION_ACTIVE;
	return sim_commit(sim);
}

int sim_sf_deactivate(struct dpu_ctx *ctx, const char *handle, uint32_t port)
{
	struct sim *sim = sim_of(ctx);
	struct sim_function *sf;
	struct sim_pf *pf;
	int rc;

	rc = begin_sf(sim, "sf_deactivate", handle, port, &pf, &sf);
	if (rc < 0)
		return rc;
	if (sf->state == DPU_FUNCTION_INACTIVE) {
		sim_abort(sim);
		return 0;
	}
	/* A driver that has not taken it yet need not let go. */
	sf->settled_ms = !sim_settled(sf->settled_ms) ? 0 : sim_settle_ms(sim, "sf_detach");
	sf->state = DPU_FUNCTION_INACTIVE;
	return sim_commit(sim);
}

int sim_sf_bind(struct dpu_ctx *ctx, const char *handle, const struct provider_function *function)
{
	struct sim *sim = sim_of(ctx);
	struct sim_function *sf;
	struct sim_pf *pf;
	int rc;

	rc = begin_sf(sim, "sf_bind", handle, function->port, &pf, &sf);
	if (rc < 0)
		return rc;
	/* The driver binds by itself, as upstream's does: nothing to change. */
	rc = sim_settled(sf->settled_ms);
	sim_abort(sim);
	return rc;
}

int sim_sf_delete(struct dpu_ctx *ctx, const char *handle, uint32_t port)
{
	struct sim *sim = sim_of(ctx);
	struct sim_function *sf;
	struct sim_pf *pf;
	int rc;

	rc = begin_sf(sim, "sf_delete", handle, port, &pf, &sf);
	if (rc < 0)
		return rc;
	sim_flows_forget_port(pf, sf->port, sf->representor);
	sim_model_remove(sim->model, sf);
	return sim_commit(sim);
}
