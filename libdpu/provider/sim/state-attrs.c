/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attributes to and from JSON. All of them are optional: what a file does not have is as a fresh DPU has it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "provider/sim/sim.h"
#include "provider/sim/state.h"

static void get_setting(struct state_reader *r, const json_t *object, const struct sim_setting_info *info,
			uint64_t *value)
{
	uint64_t number = *value;
	bool on = *value != 0;
	int choice;

	if (!json_object_get(object, info->name))
		return;
	switch (info->type) {
	case DPU_PARAM_BOOL:
		state_bool_maybe(r, object, info->name, &on);
		*value = on;
		break;
	case DPU_PARAM_STRING:
		choice = sim_setting_choice(info, state_text(r, object, info->name, 31));
		if (choice < 0)
			state_wrong(r, info->name, "no value that the driver knows");
		else
			*value = (uint64_t)choice;
		break;
	default:
		state_number_maybe(r, object, info->name, info->min, info->max, &number);
		if (sim_setting_wrong(info, number))
			state_wrong(r, info->name, sim_setting_wrong(info, number));
		*value = number;
		break;
	}
}

static void get_settings(struct state_reader *r, const json_t *object, struct sim_pf *pf)
{
	const json_t *values = state_object_maybe(r, object, "params");
	size_t i;

	snprintf(r->where, sizeof(r->where), "pfs[%" PRIu32 "].params", pf->pfnum);
	for (i = 0; i < SIM_SETTINGS; i++) {
		if (!sim_setting_infos[i].nvconfig)
			get_setting(r, values, &sim_setting_infos[i], &pf->settings[i]);
	}
}

static void get_reporter(struct state_reader *r, const json_t *object, struct sim_reporter *reporter,
			 const struct sim_reporter_info *info)
{
	const char *state = dpu_health_state_name(DPU_HEALTH_HEALTHY);

	if (json_object_get(object, "state"))
		state = state_text(r, object, "state", 16);
	if (!strcmp(state, dpu_health_state_name(DPU_HEALTH_ERROR)))
		reporter->state = DPU_HEALTH_ERROR;
	else if (strcmp(state, dpu_health_state_name(DPU_HEALTH_HEALTHY)) != 0)
		state_wrong(r, "state", "neither healthy nor error");
	state_number_maybe(r, object, "errors", 0, INT64_MAX, &reporter->errors);
	state_number_maybe(r, object, "recoveries", 0, INT64_MAX, &reporter->recoveries);
	state_bool_maybe(r, object, "auto_recover", &reporter->auto_recover);
	if (reporter->auto_recover && !info->recovers)
		state_wrong(r, "auto_recover", "the reporter cannot recover");
}

static void get_health(struct state_reader *r, const json_t *object, struct sim_pf *pf)
{
	const json_t *health = state_object_maybe(r, object, "health");
	const json_t *reporter;
	size_t i;

	for (i = 0; i < SIM_REPORTERS; i++) {
		snprintf(r->where, sizeof(r->where), "pfs[%" PRIu32 "].health", pf->pfnum);
		reporter = state_object_maybe(r, health, sim_reporter_infos[i].name);
		snprintf(r->where, sizeof(r->where), "pfs[%" PRIu32 "].health.%s", pf->pfnum,
			 sim_reporter_infos[i].name);
		if (reporter)
			get_reporter(r, reporter, &pf->reporters[i], &sim_reporter_infos[i]);
	}
}

static void get_rate(struct state_reader *r, const json_t *object, struct sim_rate *rate)
{
	state_number_maybe(r, object, "tx_share", 0, SIM_LINK_SPEED, &rate->tx_share);
	state_number_maybe(r, object, "tx_max", 0, SIM_LINK_SPEED, &rate->tx_max);
	if (rate->tx_max && rate->tx_share > rate->tx_max)
		state_wrong(r, "tx_share", "more than tx_max");
	if (json_object_get(object, "parent"))
		STATE_TEXT(r, object, "parent", rate->parent);
}

static void get_node(struct state_reader *r, const json_t *object, struct sim_pf *pf)
{
	struct sim_rate_node node = { .name = "" };

	STATE_TEXT(r, object, "name", node.name);
	get_rate(r, object, &node.rate);
	if (r->rc == 0 && (!node.name[0] || sim_rate_node_find(pf, node.name)))
		state_wrong(r, "name", node.name[0] ? "another node has it" : "empty");
	if (r->rc < 0)
		return;
	if (ctx_grow(r->ctx, &pf->nodes, pf->node_count, sizeof(node)) < 0)
		r->rc = ctx_fail_nomem(r->ctx, "open");
	else
		pf->nodes[pf->node_count++] = node;
}

static void get_nodes(struct state_reader *r, const json_t *object, struct sim_pf *pf)
{
	const json_t *nodes = NULL, *node;
	size_t i;

	if (json_object_get(object, "rate_nodes"))
		nodes = state_array(r, object, "rate_nodes", SIM_RATE_NODES);
	json_array_foreach(nodes, i, node) {
		if (r->rc < 0)
			return;
		snprintf(r->where, sizeof(r->where), "pfs[%" PRIu32 "].rate_nodes[%zu]", pf->pfnum, i);
		get_node(r, node, pf);
	}
	for (i = 0; i < pf->node_count && r->rc == 0; i++) {
		snprintf(r->where, sizeof(r->where), "pfs[%" PRIu32 "].rate_nodes[%zu]", pf->pfnum, i);
		if (sim_rate_parent_wrong(pf, &pf->nodes[i].rate))
			state_wrong(r, "parent", "no such node, or one below");
	}
}

void state_pf_attrs(struct state_reader *r, const json_t *object, struct sim_pf *pf)
{
	char where[sizeof(r->where)];

	text_copy(where, sizeof(where), r->where);
	sim_pf_defaults(pf);
	state_bool_maybe(r, object, "encap", &pf->encap);
	state_bool_maybe(r, object, "autoprobe", &pf->autoprobe);
	get_settings(r, object, pf);
	text_copy(r->where, sizeof(r->where), where);
	get_health(r, object, pf);
	text_copy(r->where, sizeof(r->where), where);
	get_nodes(r, object, pf);
	text_copy(r->where, sizeof(r->where), where);
}

static void get_vf(struct state_reader *r, const json_t *object, struct sim_vf *vf)
{
	const char *link_state;
	bool bound = true;

	state_bool_maybe(r, object, "bound", &bound);
	vf->unbound = !bound;
	state_u32_maybe(r, object, "vlan", 0, 4094, &vf->vlan);
	state_u32_maybe(r, object, "qos", 0, 7, &vf->qos);
	state_u32_maybe(r, object, "vlan_proto", 0, UINT16_MAX, &vf->vlan_proto);
	if (vf->vlan_proto != 0x8100 && vf->vlan_proto != 0x88a8)
		state_wrong(r, "vlan_proto", "neither 33024 (802.1Q) nor 34984 (802.1ad)");
	state_bool_maybe(r, object, "spoofchk", &vf->spoofchk);
	if (json_object_get(object, "link_state")) {
		link_state = state_text(r, object, "link_state", 16);
		if (dpu_vf_link_state_parse(link_state, &vf->link_state) < 0)
			state_wrong(r, "link_state", "not auto, enable or disable");
	}
	state_guid_maybe(r, object, "node_guid", &vf->node_guid);
	state_guid_maybe(r, object, "port_guid", &vf->port_guid);
	state_u32_maybe(r, object, "msix", 0, SIM_MSIX_MAX, &vf->msix);
	if (vf->msix && vf->msix < SIM_MSIX_MIN)
		state_wrong(r, "msix", "not a number in range");
}

static void get_caps(struct state_reader *r, const json_t *object, struct sim_function *function)
{
	const json_t *caps = NULL, *cap;
	uint32_t known = sim_known_caps(function->type), bit;
	const char *name;
	size_t i;

	if (!json_object_get(object, "caps"))
		return;
	caps = state_array(r, object, "caps", 32);
	function->caps = 0;
	json_array_foreach(caps, i, cap) {
		name = json_string_value(cap);
		for (bit = 1; bit && (!name || !(known & bit) ||
				      strcmp(name, dpu_function_cap_name((enum dpu_function_cap)bit)) != 0);)
			bit <<= 1;
		if (!bit)
			state_wrong(r, "caps", "not a list of what such a function may have");
		function->caps |= bit;
	}
}

void state_function_attrs(struct state_reader *r, const json_t *object, const struct sim_pf *pf,
			  struct sim_function *function)
{
	char where[sizeof(r->where)];
	const json_t *rate, *vf;

	text_copy(where, sizeof(where), r->where);
	get_caps(r, object, function);
	state_u32_maybe(r, object, "max_io_eqs", 0, SIM_IO_EQS_MAX, &function->max_io_eqs);
	state_u32_maybe(r, object, "max_uc_list", 1, SIM_UC_LIST_MAX, &function->max_uc_list);
	rate = state_object_maybe(r, object, "rate");
	vf = function->type == DPU_FUNCTION_VF ? state_object_maybe(r, object, "vf") : NULL;
	snprintf(r->where, sizeof(r->where), "%.50s.rate", where);
	get_rate(r, rate, &function->rate);
	if (r->rc == 0 && sim_rate_parent_wrong(pf, &function->rate))
		state_wrong(r, "parent", "no such node");
	snprintf(r->where, sizeof(r->where), "%.50s.vf", where);
	get_vf(r, vf, &function->vf);
	text_copy(r->where, sizeof(r->where), where);
}

static json_t *put_settings(const struct sim_pf *pf, bool *failed)
{
	json_t *object = json_object();
	size_t i;

	for (i = 0; i < SIM_SETTINGS; i++) {
		const struct sim_setting_info *info = &sim_setting_infos[i];
		uint64_t value = pf->settings[i];

		if (info->nvconfig)
			continue;
		if (info->type == DPU_PARAM_BOOL)
			state_put(object, info->name, json_boolean(value), failed);
		else if (info->type == DPU_PARAM_STRING)
			state_put(object, info->name, json_string(info->choices[value]), failed);
		else
			state_put(object, info->name, state_integer(value), failed);
	}
	return object;
}

static json_t *put_health(const struct sim_pf *pf, bool *failed)
{
	json_t *object = json_object();
	json_t *reporter;
	size_t i;

	for (i = 0; i < SIM_REPORTERS; i++) {
		reporter = json_object();
		state_put(reporter, "state", json_string(dpu_health_state_name(pf->reporters[i].state)),
			  failed);
		state_put(reporter, "errors", state_integer(pf->reporters[i].errors), failed);
		state_put(reporter, "recoveries", state_integer(pf->reporters[i].recoveries), failed);
		state_put(reporter, "auto_recover", json_boolean(pf->reporters[i].auto_recover), failed);
		state_put(object, sim_reporter_infos[i].name, reporter, failed);
	}
	return object;
}

static json_t *put_rate(const struct sim_rate *rate, bool *failed)
{
	json_t *object = json_object();

	state_put(object, "tx_share", state_integer(rate->tx_share), failed);
	state_put(object, "tx_max", state_integer(rate->tx_max), failed);
	state_put(object, "parent", json_string(rate->parent), failed);
	return object;
}

void state_put_pf_attrs(json_t *object, const struct sim_pf *pf, bool *failed)
{
	json_t *nodes = json_array();
	json_t *node;
	size_t i;

	state_put(object, "encap", json_boolean(pf->encap), failed);
	state_put(object, "autoprobe", json_boolean(pf->autoprobe), failed);
	state_put(object, "params", put_settings(pf, failed), failed);
	state_put(object, "health", put_health(pf, failed), failed);
	for (i = 0; i < pf->node_count; i++) {
		node = put_rate(&pf->nodes[i].rate, failed);
		state_put(node, "name", json_string(pf->nodes[i].name), failed);
		state_append(nodes, node, failed);
	}
	state_put(object, "rate_nodes", nodes, failed);
}

static json_t *put_vf(const struct sim_vf *vf, bool *failed)
{
	json_t *object = json_object();

	state_put(object, "bound", json_boolean(!vf->unbound), failed);
	state_put(object, "vlan", state_integer(vf->vlan), failed);
	state_put(object, "qos", state_integer(vf->qos), failed);
	state_put(object, "vlan_proto", state_integer(vf->vlan_proto), failed);
	state_put(object, "spoofchk", json_boolean(vf->spoofchk), failed);
	state_put(object, "link_state", json_string(dpu_vf_link_state_name(vf->link_state)), failed);
	state_put(object, "node_guid", state_guid_text(vf->node_guid), failed);
	state_put(object, "port_guid", state_guid_text(vf->port_guid), failed);
	state_put(object, "msix", state_integer(vf->msix), failed);
	return object;
}

void state_put_function_attrs(json_t *object, const struct sim_function *function, bool *failed)
{
	json_t *caps = json_array();
	uint32_t bit;

	for (bit = 1; bit; bit <<= 1) {
		if (function->caps & bit)
			state_append(caps, json_string(dpu_function_cap_name((enum dpu_function_cap)bit)),
				     failed);
	}
	state_put(object, "caps", caps, failed);
	state_put(object, "max_io_eqs", state_integer(function->max_io_eqs), failed);
	state_put(object, "max_uc_list", state_integer(function->max_uc_list), failed);
	state_put(object, "rate", put_rate(&function->rate, failed), failed);
	if (function->type == DPU_FUNCTION_VF)
		state_put(object, "vf", put_vf(&function->vf, failed), failed);
}
