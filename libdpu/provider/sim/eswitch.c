/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The e-switch: its mode and its flow table. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "flow/softtable.h"
#include "provider/sim/sim.h"

int sim_eswitch_mode_get(struct dpu_ctx *ctx, const char *handle, enum dpu_eswitch_mode *ret)
{
	struct sim_pf *pf;
	int rc;

	rc = sim_read_eswitch(sim_of(ctx), "eswitch_mode_get", handle, &pf);
	if (rc == 0)
		*ret = pf->eswitch_mode;
	return rc;
}

/* As mlx5 does it: no representor, no SF, no rule survives going legacy. */
void sim_go_legacy(struct sim *sim, struct sim_pf *pf)
{
	struct sim_model *model = sim->model;
	size_t i = model->function_count;

	while (i--) {
		if (model->functions[i].pfnum == pf->pfnum && model->functions[i].type == DPU_FUNCTION_SF)
			sim_model_remove(model, &model->functions[i]);
	}
	sim_rates_forget(sim->ctx, model, pf);
	sim_settings_legacy(pf);
	softtable_flush(pf->fdb);
	pf->eswitch_mode = DPU_ESWITCH_LEGACY;
}

int sim_eswitch_mode_set(struct dpu_ctx *ctx, const char *handle, enum dpu_eswitch_mode mode)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	int rc;

	rc = sim_begin_eswitch(sim, "eswitch_mode_set", handle, &pf);
	if (rc < 0)
		return rc;
	if (mode == DPU_ESWITCH_SWITCHDEV_INACTIVE) {
		rc = ctx_fail(ctx, -EOPNOTSUPP, "eswitch_mode_set", handle, "the driver has no such mode");
	} else if (mode != pf->eswitch_mode && pf->node_count) {
		ctx_fail(ctx, -EBUSY, "eswitch_mode_set", handle, "Rate node(s) exists.");
		rc = ctx_hint(ctx, "delete the rate nodes first");
	} else if (mode == DPU_ESWITCH_LEGACY) {
		sim_go_legacy(sim, pf);
	} else if (pf->eswitch_mode == DPU_ESWITCH_LEGACY) {
		pf->eswitch_mode = mode;
		pf->representors_ms = sim_settle_ms(sim, "representors");
	}
	return sim_end(sim, rc);
}

int sim_eswitch_attrs_get(struct dpu_ctx *ctx, const char *handle, struct dpu_eswitch_attrs *ret)
{
	struct sim_pf *pf;
	int rc;

	rc = sim_read_eswitch(sim_of(ctx), "eswitch_attrs_get", handle, &pf);
	if (rc < 0)
		return rc;
	*ret = (struct dpu_eswitch_attrs){
		.sz = sizeof(*ret),
		.set = DPU_ESWITCH_INLINE_MODE | DPU_ESWITCH_ENCAP,
		.inline_mode = DPU_ESWITCH_INLINE_NONE,
		.encap = pf->encap,
	};
	return 0;
}

static int check_attrs(struct sim *sim, const char *handle, const struct sim_pf *pf,
		       const struct dpu_eswitch_attrs *attrs)
{
	/* This hardware looks at no headers by itself: there is nothing to choose. */
	if (attrs->set & DPU_ESWITCH_INLINE_MODE && attrs->inline_mode != DPU_ESWITCH_INLINE_NONE)
		return ctx_fail(sim->ctx, -EOPNOTSUPP, "eswitch_attrs_set", handle,
				"Inline mode can't be set");
	if (!(attrs->set & DPU_ESWITCH_ENCAP) || (attrs->encap != 0) == pf->encap)
		return 0;
	if (pf->eswitch_mode != DPU_ESWITCH_LEGACY && softtable_count(pf->fdb))
		return ctx_fail(sim->ctx, -EOPNOTSUPP, "eswitch_attrs_set", handle,
				"Can't set encapsulation when flows are configured");
	return 0;
}

int sim_eswitch_attrs_set(struct dpu_ctx *ctx, const char *handle, const struct dpu_eswitch_attrs *attrs)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	int rc;

	rc = sim_begin_eswitch(sim, "eswitch_attrs_set", handle, &pf);
	if (rc < 0)
		return rc;
	rc = check_attrs(sim, handle, pf, attrs);
	if (rc == 0 && attrs->set & DPU_ESWITCH_ENCAP)
		pf->encap = attrs->encap != 0;
	return sim_end(sim, rc);
}

/* Rules are for an e-switch that forwards by them. */
static int check_switchdev(struct sim *sim, const char *step, const char *handle, const struct sim_pf *pf)
{
	if (pf->eswitch_mode == DPU_ESWITCH_SWITCHDEV)
		return 0;
	ctx_fail(sim->ctx, -EOPNOTSUPP, step, handle, "the e-switch is in legacy mode");
	return ctx_hint(sim->ctx, "set the e-switch to switchdev first");
}

static int add_flow(struct sim *sim, struct sim_pf *pf, const struct dpu_flow_rule *rule, uint64_t *id)
{
	struct sim_resolve resolve = { sim->model, pf };
	struct dpu_flow_rule *own;
	int rc;

	rc = flow_rule_clone(sim->ctx, rule, true, &own);
	if (rc < 0)
		return rc;
	rc = softtable_insert(pf->fdb, own, sim_port_resolve, &resolve, pf->next_flow_id, id);
	dpu_flow_rule_unref(own);
	if (rc == 0)
		pf->next_flow_id++;
	return rc;
}

int sim_flow_insert(struct dpu_ctx *ctx, const char *handle, struct dpu_flow_rule *rule, uint64_t *ret_id)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	uint64_t id;
	int rc;

	rc = sim_begin_eswitch(sim, "flow_insert", handle, &pf);
	if (rc < 0)
		return rc;
	rc = check_switchdev(sim, "flow_insert", handle, pf);
	if (rc == 0)
		rc = add_flow(sim, pf, rule, &id);
	rc = sim_end(sim, rc);
	if (rc == 0)
		*ret_id = id;
	return rc;
}

int sim_flow_delete(struct dpu_ctx *ctx, const char *handle, uint64_t id)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	int rc;

	rc = sim_begin_eswitch(sim, "flow_delete", handle, &pf);
	if (rc < 0)
		return rc;
	rc = check_switchdev(sim, "flow_delete", handle, pf);
	if (rc == 0)
		rc = softtable_remove(pf->fdb, id);
	return sim_end(sim, rc);
}

int sim_flow_flush(struct dpu_ctx *ctx, const char *handle)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	int count = 0, rc;

	rc = sim_begin_eswitch(sim, "flow_flush", handle, &pf);
	if (rc < 0)
		return rc;
	rc = check_switchdev(sim, "flow_flush", handle, pf);
	if (rc == 0)
		count = softtable_flush(pf->fdb);
	rc = sim_end(sim, rc);
	return rc < 0 ? rc : count;
}

int sim_flow_list(struct dpu_ctx *ctx, const char *handle, struct provider_flow **ret, size_t *ret_count)
{
	struct sim *sim = sim_of(ctx);
	const struct softtable_entry *entry;
	struct provider_flow *flows;
	struct sim_pf *pf;
	size_t i;
	int rc;

	rc = sim_read_eswitch(sim, "flow_list", handle, &pf);
	if (rc == 0)
		rc = check_switchdev(sim, "flow_list", handle, pf);
	if (rc < 0)
		return rc;
	flows = ctx_alloc(ctx, softtable_count(pf->fdb) * sizeof(*flows));
	if (!flows)
		return ctx_fail_nomem(ctx, "flow_list");
	for (i = 0; (entry = softtable_at(pf->fdb, i)); i++) {
		rc = flow_rule_clone(ctx, entry->rule, false, &flows[i].rule);
		if (rc < 0)
			goto fail;
		flows[i].id = entry->id;
		flows[i].packets = entry->packets;
		flows[i].bytes = entry->bytes;
	}
	*ret = flows;
	*ret_count = i;
	return 0;
fail:
	while (i--)
		dpu_flow_rule_unref(flows[i].rule);
	ctx_free(ctx, flows);
	return rc;
}

/* A port in a rule is a name or a number; both may mean the one that goes. */
static bool names_port(const struct flow_port *written, uint32_t port, const char *netdev)
{
	char number[16];

	snprintf(number, sizeof(number), "%" PRIu32, port);
	return !strcmp(written->name, netdev) || !strcmp(written->name, number);
}

static bool refers_to(const struct softtable_entry *entry, uint32_t port, const char *netdev)
{
	uint32_t i;

	if (entry->rule->match_port && names_port(&entry->rule->in_port, port, netdev))
		return true;
	for (i = 0; i < entry->action_count; i++) {
		if (entry->actions[i].type == FLOW_ACTION_OUTPUT && entry->actions[i].port_number == port)
			return true;
	}
	return false;
}

void sim_flows_forget_port(struct sim_pf *pf, uint32_t port, const char *netdev)
{
	const struct softtable_entry *entry;
	size_t i = softtable_count(pf->fdb);

	while (i--) {
		entry = softtable_at(pf->fdb, i);
		if (refers_to(entry, port, netdev))
			softtable_remove(pf->fdb, entry->id);
	}
}

int sim_port_rules(struct dpu_ctx *ctx, const char *handle, uint32_t port)
{
	struct sim *sim = sim_of(ctx);
	const struct sim_function *function;
	const struct softtable_entry *entry;
	struct sim_pf *pf;
	int count = 0, rc;
	size_t i;

	rc = sim_read_eswitch(sim, "port_rules", handle, &pf);
	if (rc < 0)
		return rc;
	function = sim_function_at(sim->model, pf, port);
	if (!sim_port_exists(sim->model, pf, port))
		return ctx_fail(ctx, -ENODEV, "port_rules", handle, "no port has the index %" PRIu32, port);
	for (i = 0; (entry = softtable_at(pf->fdb, i)); i++)
		count += refers_to(entry, port, function ? function->representor : pf->netdev);
	return count;
}
