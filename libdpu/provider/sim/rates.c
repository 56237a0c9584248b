/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What functions may send. Leaves come and go with the ports of functions, nodes when somebody makes them;
 * both with the refusals of the kernel and of mlx5 in their own words. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/text.h"
#include "provider/sim/sim.h"

struct sim_rate_node *sim_rate_node_find(const struct sim_pf *pf, const char *name)
{
	size_t i;

	for (i = 0; i < pf->node_count; i++) {
		if (!strcmp(pf->nodes[i].name, name))
			return &pf->nodes[i];
	}
	return NULL;
}

bool sim_rate_parent_wrong(const struct sim_pf *pf, const struct sim_rate *rate)
{
	const struct sim_rate *above = rate;
	const struct sim_rate_node *node;
	size_t depth;

	for (depth = 0; above->parent[0]; depth++) {
		node = sim_rate_node_find(pf, above->parent);
		if (!node || depth > pf->node_count)
			return true;
		above = &node->rate;
	}
	return false;
}

void sim_rates_forget(struct dpu_ctx *ctx, struct sim_model *model, struct sim_pf *pf)
{
	size_t i;

	for (i = 0; i < model->function_count; i++) {
		if (model->functions[i].pfnum == pf->pfnum)
			model->functions[i].rate.parent[0] = '\0';
	}
	ctx_free(ctx, pf->nodes);
	pf->nodes = NULL;
	pf->node_count = 0;
}

static void fill(struct dpu_rate *info, const struct sim_rate *rate)
{
	info->tx_share = rate->tx_share;
	info->tx_max = rate->tx_max;
	text_copy(info->parent, sizeof(info->parent), rate->parent);
}

/* Leaves before nodes; leaves by port, nodes by name. */
static int by_object(const void *a, const void *b)
{
	const struct dpu_rate *left = a, *right = b;

	if (left->type != right->type)
		return (left->type > right->type) - (left->type < right->type);
	if (left->port != right->port)
		return (left->port > right->port) - (left->port < right->port);
	return strcmp(left->node, right->node);
}

int sim_rates(struct dpu_ctx *ctx, const char *handle, struct dpu_rate **ret, size_t *ret_count)
{
	struct sim *sim = sim_of(ctx);
	const struct sim_function *function;
	struct dpu_rate *rates;
	struct sim_pf *pf;
	size_t count = 0;
	size_t i;
	int rc;

	rc = sim_read_eswitch(sim, "rates", handle, &pf);
	if (rc < 0)
		return rc;
	rates = ctx_alloc(ctx, (sim->model->function_count + pf->node_count) * sizeof(*rates));
	if (!rates)
		return ctx_fail_nomem(ctx, "rates");
	for (i = 0; i < sim->model->function_count && pf->eswitch_mode != DPU_ESWITCH_LEGACY; i++) {
		function = &sim->model->functions[i];
		if (function->pfnum != pf->pfnum)
			continue;
		rates[count].type = DPU_RATE_LEAF;
		rates[count].port = function->port;
		fill(&rates[count++], &function->rate);
	}
	for (i = 0; i < pf->node_count; i++) {
		rates[count].type = DPU_RATE_NODE;
		rates[count].port = DPU_PORT_NO_NUMBER;
		text_copy(rates[count].node, sizeof(rates[count].node), pf->nodes[i].name);
		fill(&rates[count++], &pf->nodes[i].rate);
	}
	qsort(rates, count, sizeof(*rates), by_object);
	*ret = rates;
	*ret_count = count;
	return 0;
}

int sim_rate_check(struct sim *sim, const char *step, const char *object, uint64_t tx_share, uint64_t tx_max)
{
	if (tx_share % SIM_RATE_UNIT || tx_max % SIM_RATE_UNIT)
		return ctx_fail(sim->ctx, -EINVAL, step, object,
				"TX rate value not in link speed units of 1Mbps");
	if (tx_share > SIM_LINK_SPEED || tx_max > SIM_LINK_SPEED)
		return ctx_fail(sim->ctx, -EINVAL, step, object, "TX rate value exceed link maximum speed");
	if (tx_max && tx_share > tx_max)
		return ctx_fail(sim->ctx, -EINVAL, step, object, "more is assured than allowed");
	return 0;
}

/* Checks a new parent of a node, or of a leaf when name is NULL. */
static int check_parent(struct sim *sim, const struct sim_pf *pf, const char *step, const char *object,
			const char *name, const char *parent)
{
	const struct sim_rate_node *above = sim_rate_node_find(pf, parent);

	if (name && !strcmp(name, parent))
		return ctx_fail(sim->ctx, -EINVAL, step, object, "Parent to self is not allowed");
	if (!above)
		return ctx_fail(sim->ctx, -ENODEV, step, object, "there is no node %s", parent);
	for (; name && above; above = sim_rate_node_find(pf, above->rate.parent)) {
		if (!strcmp(above->rate.parent, name))
			return ctx_fail(sim->ctx, -EEXIST, step, object,
					"Node is already a parent of parent node.");
	}
	return 0;
}

/* Changes a rate, or nothing. */
static int change(struct sim *sim, const struct sim_pf *pf, const char *step, const char *object,
		  const struct dpu_rate_attrs *attrs, struct sim_rate *rate)
{
	const char *what = attrs->node ? "nodes" : "leafs";
	struct sim_rate next = *rate;
	int rc;

	if (attrs->set & DPU_RATE_PRIORITY)
		return ctx_fail(sim->ctx, -EOPNOTSUPP, step, object,
				"TX priority set isn't supported for the %s", what);
	if (attrs->set & DPU_RATE_WEIGHT)
		return ctx_fail(sim->ctx, -EOPNOTSUPP, step, object,
				"TX weight set isn't supported for the %s", what);
	if (attrs->set & DPU_RATE_TX_SHARE)
		next.tx_share = attrs->tx_share;
	if (attrs->set & DPU_RATE_TX_MAX)
		next.tx_max = attrs->tx_max;
	rc = sim_rate_check(sim, step, object, next.tx_share, next.tx_max);
	if (rc < 0)
		return rc;
	if (attrs->set & DPU_RATE_PARENT) {
		text_copy(next.parent, sizeof(next.parent), attrs->parent ? attrs->parent : "");
		if (next.parent[0])
			rc = check_parent(sim, pf, step, object, attrs->node, next.parent);
		if (rc < 0)
			return rc;
	}
	*rate = next;
	return 0;
}

static int set(struct sim *sim, struct sim_pf *pf, const char *handle, const struct dpu_rate_attrs *attrs)
{
	struct sim_rate_node *node = attrs->node ? sim_rate_node_find(pf, attrs->node) : NULL;
	struct sim_function *function = NULL;
	char object[160];

	rate_format(handle, attrs, object, sizeof(object));
	if (!attrs->node && pf->eswitch_mode != DPU_ESWITCH_LEGACY)
		function = sim_function_at(sim->model, pf, attrs->port);
	if (!node && !function)
		return ctx_fail(sim->ctx, -ENODEV, "rate_set", object, "there is no such rate");
	return change(sim, pf, "rate_set", object, attrs, node ? &node->rate : &function->rate);
}

int sim_rate_set(struct dpu_ctx *ctx, const char *handle, const struct dpu_rate_attrs *attrs)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	int rc;

	rc = sim_begin_eswitch(sim, "rate_set", handle, &pf);
	return rc < 0 ? rc : sim_end(sim, set(sim, pf, handle, attrs));
}

static int add(struct sim *sim, struct sim_pf *pf, const char *handle, const struct dpu_rate_attrs *attrs)
{
	struct sim_rate_node node = { .name = "" };
	struct dpu_ctx *ctx = sim->ctx;
	char object[160];
	int rc;

	snprintf(object, sizeof(object), "%s/%s", handle, attrs->node);
	if (pf->eswitch_mode == DPU_ESWITCH_LEGACY)
		return ctx_fail(ctx, -EOPNOTSUPP, "rate_node_add", object,
				"Rate node creation supported only in switchdev mode");
	if (sim_rate_node_find(pf, attrs->node))
		return ctx_fail(ctx, -EEXIST, "rate_node_add", object, "there is a node of this name");
	if (pf->node_count == SIM_RATE_NODES)
		return ctx_fail(ctx, -ENOSPC, "rate_node_add", object,
				"E-Switch create TSAR for group failed");
	text_copy(node.name, sizeof(node.name), attrs->node);
	rc = change(sim, pf, "rate_node_add", object, attrs, &node.rate);
	if (rc < 0)
		return rc;
	if (ctx_grow(ctx, &pf->nodes, pf->node_count, sizeof(node)) < 0)
		return ctx_fail_nomem(ctx, "rate_node_add");
	pf->nodes[pf->node_count++] = node;
	return 0;
}

int sim_rate_node_add(struct dpu_ctx *ctx, const char *handle, const struct dpu_rate_attrs *attrs)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	int rc;

	rc = sim_begin_eswitch(sim, "rate_node_add", handle, &pf);
	return rc < 0 ? rc : sim_end(sim, add(sim, pf, handle, attrs));
}

static bool has_members(const struct sim_model *model, const struct sim_pf *pf, const char *name)
{
	size_t i;

	for (i = 0; i < pf->node_count; i++) {
		if (!strcmp(pf->nodes[i].rate.parent, name))
			return true;
	}
	for (i = 0; i < model->function_count; i++) {
		if (model->functions[i].pfnum == pf->pfnum && !strcmp(model->functions[i].rate.parent, name))
			return true;
	}
	return false;
}

static int delete_node(struct sim *sim, struct sim_pf *pf, const char *handle, const char *name)
{
	struct sim_rate_node *node = sim_rate_node_find(pf, name);
	char object[160];

	snprintf(object, sizeof(object), "%s/%s", handle, name);
	if (!node)
		return ctx_fail(sim->ctx, -ENODEV, "rate_node_delete", object, "there is no such node");
	if (has_members(sim->model, pf, name))
		return ctx_fail(sim->ctx, -EBUSY, "rate_node_delete", object,
				"Node has children. Cannot delete node.");
	/* The last one takes its place, so that the count alone tells ctx_grow() when the array is full. */
	*node = pf->nodes[--pf->node_count];
	return 0;
}

int sim_rate_node_delete(struct dpu_ctx *ctx, const char *handle, const char *name)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	int rc;

	rc = sim_begin_eswitch(sim, "rate_node_delete", handle, &pf);
	return rc < 0 ? rc : sim_end(sim, delete_node(sim, pf, handle, name));
}
