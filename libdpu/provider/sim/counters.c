/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counters in a state that several processes share: each process adds what it has counted, none overwrites.
 */
#include <errno.h>
#include <string.h>
#include "flow/softtable.h"
#include "provider/sim/sim.h"

static void carry_port(struct sim_port_counters *counters, const struct sim_port_counters *former)
{
	counters->now.rx_packets += former->now.rx_packets - former->saved.rx_packets;
	counters->now.rx_bytes += former->now.rx_bytes - former->saved.rx_bytes;
	counters->now.rx_dropped += former->now.rx_dropped - former->saved.rx_dropped;
	counters->now.tx_packets += former->now.tx_packets - former->saved.tx_packets;
	counters->now.tx_bytes += former->now.tx_bytes - former->saved.tx_bytes;
	counters->now.tx_dropped += former->now.tx_dropped - former->saved.tx_dropped;
	counters->now.misses += former->now.misses - former->saved.misses;
}

static const struct sim_flow_saved *find_saved(const struct sim_pf *pf, uint64_t id)
{
	size_t low = 0, high = pf->flows_saved_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (pf->flows_saved[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < pf->flows_saved_count && pf->flows_saved[low].id == id ? &pf->flows_saved[low] : NULL;
}

static void carry_flows(struct sim_pf *pf, const struct sim_pf *former)
{
	const struct sim_flow_saved *saved;
	const struct softtable_entry *counted;
	struct softtable_entry *entry;
	size_t i;

	for (i = 0; (counted = softtable_at(former->fdb, i)); i++) {
		entry = softtable_find(pf->fdb, counted->id);
		if (!entry)
			continue;
		saved = find_saved(former, counted->id);
		entry->packets += counted->packets - (saved ? saved->packets : 0);
		entry->bytes += counted->bytes - (saved ? saved->bytes : 0);
	}
}

void sim_model_carry(struct sim_model *model, const struct sim_model *former)
{
	struct sim_function *function;
	struct sim_pf *pf;
	size_t i, j;

	for (i = 0; i < model->pf_count && i < former->pf_count; i++) {
		carry_port(&model->pfs[i].counters, &former->pfs[i].counters);
		carry_flows(&model->pfs[i], &former->pfs[i]);
	}
	for (i = 0; i < former->function_count; i++) {
		for (j = 0; j < model->pf_count; j++) {
			pf = &model->pfs[j];
			function = sim_function_at(model, pf, former->functions[i].port);
			/* The port may have gone to another function since. */
			if (function && function->number == former->functions[i].number)
				carry_port(&function->counters, &former->functions[i].counters);
		}
	}
}

bool sim_model_counted(const struct sim_model *model)
{
	const struct sim_flow_saved *saved;
	const struct softtable_entry *entry;
	size_t i, j;

	for (i = 0; i < model->function_count; i++) {
		if (memcmp(&model->functions[i].counters.now, &model->functions[i].counters.saved,
			   sizeof(struct sim_counters)))
			return true;
	}
	for (i = 0; i < model->pf_count; i++) {
		if (memcmp(&model->pfs[i].counters.now, &model->pfs[i].counters.saved,
			   sizeof(struct sim_counters)))
			return true;
		for (j = 0; (entry = softtable_at(model->pfs[i].fdb, j)); j++) {
			saved = find_saved(&model->pfs[i], entry->id);
			if (entry->packets != (saved ? saved->packets : 0))
				return true;
		}
	}
	return false;
}

int sim_model_mark_saved(struct dpu_ctx *ctx, struct sim_model *model)
{
	struct sim_flow_saved *saved[SIM_MAX_PFS] = { NULL };
	const struct softtable_entry *entry;
	size_t i, j;

	/* All the memory first, so that a failure leaves the marks as they were. */
	for (i = 0; i < model->pf_count; i++) {
		saved[i] = ctx_alloc(ctx, softtable_count(model->pfs[i].fdb) * sizeof(*saved[i]));
		if (saved[i])
			continue;
		while (i--)
			ctx_free(ctx, saved[i]);
		return ctx_fail_nomem(ctx, "save");
	}
	for (i = 0; i < model->pf_count; i++) {
		for (j = 0; (entry = softtable_at(model->pfs[i].fdb, j)); j++)
			saved[i][j] = (struct sim_flow_saved){ entry->id, entry->packets, entry->bytes };
		ctx_free(ctx, model->pfs[i].flows_saved);
		model->pfs[i].flows_saved = saved[i];
		model->pfs[i].flows_saved_count = j;
		model->pfs[i].counters.saved = model->pfs[i].counters.now;
	}
	for (i = 0; i < model->function_count; i++)
		model->functions[i].counters.saved = model->functions[i].counters.now;
	return 0;
}
