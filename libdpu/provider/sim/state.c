/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model to and from JSON. Whoever wrote the file may have been mistaken: every value is checked, and the
 * first that is wrong is named by its path. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "core/text.h"
#include "flow/softtable.h"
#include "provider/sim/sim.h"
#include "provider/sim/state.h"

#define FORMAT "libdpu-sim"
#define VERSION 2

/* The counters in the order of the structure. */
static const char *const counter_names[] = {
	"rx_packets", "rx_bytes", "rx_dropped", "tx_packets", "tx_bytes", "tx_dropped", "misses",
};

#define COUNTERS (sizeof(counter_names) / sizeof(counter_names[0]))
_Static_assert(sizeof(struct sim_counters) == COUNTERS * sizeof(uint64_t), "a counter without a name");

static void get_counters(struct state_reader *r, const json_t *object, struct sim_port_counters *counters)
{
	const json_t *values = json_object_get(object, "counters");
	uint64_t numbers[COUNTERS];
	size_t i;

	if (!values) /* written by hand: nothing counted yet */
		return;
	for (i = 0; i < COUNTERS; i++)
		numbers[i] = state_number(r, values, counter_names[i], INT64_MAX);
	memcpy(&counters->now, numbers, sizeof(counters->now));
	counters->saved = counters->now;
}

/* What is wrong with a rule is told as what is wrong with the file. */
static void wrong_rule(struct state_reader *r, int rc)
{
	char message[sizeof(r->ctx->error.message)];

	text_copy(message, sizeof(message), r->ctx->error.message);
	if (rc == -ENOMEM)
		r->rc = rc;
	else
		state_wrong(r, "rule", message);
}

static void get_flow(struct state_reader *r, const json_t *object, struct sim_model *model, struct sim_pf *pf)
{
	struct sim_resolve resolve = { model, pf };
	struct softtable_entry *entry;
	struct dpu_flow_rule *parsed, *rule;
	uint64_t id;
	int rc;

	id = state_number(r, object, "id", INT64_MAX);
	if (!id || id >= pf->next_flow_id)
		state_wrong(r, "id", "not below next_flow_id");
	if (r->rc < 0)
		return;
	rc = dpu_flow_rule_parse(r->ctx, state_text(r, object, "rule", 4096), &parsed);
	if (rc == 0) {
		rc = flow_rule_clone(r->ctx, parsed, true, &rule);
		dpu_flow_rule_unref(parsed);
	}
	if (rc == 0) {
		rc = softtable_insert(pf->fdb, rule, sim_port_resolve, &resolve, id, &id);
		dpu_flow_rule_unref(rule);
	}
	if (rc < 0) {
		wrong_rule(r, rc);
		return;
	}
	entry = softtable_find(pf->fdb, id);
	entry->packets = state_number(r, object, "packets", INT64_MAX);
	entry->bytes = state_number(r, object, "bytes", INT64_MAX);
}

static void get_flows(struct state_reader *r, const json_t *object, struct sim_model *model,
		      struct sim_pf *pf)
{
	const json_t *flows = json_object_get(object, "flows");
	const json_t *flow;
	size_t i;

	if (flows && !json_is_array(flows))
		state_wrong(r, "flows", "not a list");
	json_array_foreach(flows, i, flow) {
		if (r->rc < 0)
			return;
		snprintf(r->where, sizeof(r->where), "pfs[%" PRIu32 "].flows[%zu]", pf->pfnum, i);
		get_flow(r, flow, model, pf);
	}
}

static void get_pf(struct state_reader *r, const json_t *object, struct sim_model *model, uint32_t pfnum)
{
	struct sim_pf *pf = &model->pfs[pfnum];

	snprintf(r->where, sizeof(r->where), "pfs[%" PRIu32 "]", pfnum);
	pf->pfnum = pfnum;
	STATE_TEXT(r, object, "pci_address", pf->pci_address);
	STATE_TEXT(r, object, "netdev", pf->netdev);
	pf->ifindex = (uint32_t)state_number(r, object, "ifindex", INT32_MAX);
	STATE_TEXT(r, object, "rdma_device", pf->rdma_device);
	state_mac(r, object, "hw_addr", pf->hw_addr);
	if (dpu_eswitch_mode_parse(state_text(r, object, "eswitch_mode", 32), &pf->eswitch_mode) < 0)
		state_wrong(r, "eswitch_mode", "not an e-switch mode");
	pf->representors_ms = (int64_t)state_number(r, object, "representors_ms", INT64_MAX);
	pf->next_flow_id = state_number(r, object, "next_flow_id", INT64_MAX);
	state_pf_attrs(r, object, pf);
	state_firmware(r, object, model, pf);
	get_counters(r, object, &pf->counters);
	if (r->rc == 0)
		r->rc = softtable_create(r->ctx, 0, &pf->fdb);
}

static void get_function(struct state_reader *r, const json_t *object, struct sim_model *model, size_t i)
{
	struct sim_function *function;
	const char *type;
	size_t j;

	snprintf(r->where, sizeof(r->where), "functions[%zu]", i);
	type = state_text(r, object, "type", 2);
	for (j = 0; dpu_function_type_name((enum dpu_function_type)j); j++) {
		if (!strcmp(type, dpu_function_type_name((enum dpu_function_type)j)))
			break;
	}
	if (!dpu_function_type_name((enum dpu_function_type)j))
		state_wrong(r, "type", "not pf, vf or sf");
	function = sim_model_add(r->ctx, model, (enum dpu_function_type)j);
	if (!function) {
		r->rc = ctx_fail_nomem(r->ctx, "open");
		return;
	}
	function->pfnum = (uint32_t)state_number(r, object, "pfnum", model->pf_count - 1);
	function->controller = (uint32_t)state_number(r, object, "controller", SIM_HOST_CONTROLLER);
	function->number = DPU_PORT_NO_NUMBER;
	if (function->type != DPU_FUNCTION_PF)
		function->number = (uint32_t)state_number(r, object, "number", SIM_MAX_SFNUM);
	function->port = (uint32_t)state_number(r, object, "port", UINT32_MAX);
	state_mac(r, object, "hw_addr", function->hw_addr);
	function->state = (enum dpu_function_state)state_number(r, object, "state", DPU_FUNCTION_ACTIVE);
	function->settled_ms = (int64_t)state_number(r, object, "settled_ms", INT64_MAX);
	function->representor_ms = (int64_t)state_number(r, object, "representor_ms", INT64_MAX);
	STATE_TEXT(r, object, "representor", function->representor);
	function->representor_ifindex = (uint32_t)state_number(r, object, "representor_ifindex", INT32_MAX);
	STATE_TEXT(r, object, "netdev", function->netdev);
	function->ifindex = (uint32_t)state_number(r, object, "ifindex", INT32_MAX);
	STATE_TEXT(r, object, "rdma_device", function->rdma_device);
	STATE_TEXT(r, object, "aux_device", function->aux_device);
	get_counters(r, object, &function->counters);
	state_function_attrs(r, object, &model->pfs[function->pfnum], function);
	for (j = 0; j < i && r->rc == 0; j++) {
		if (model->functions[j].port == function->port)
			state_wrong(r, "port", "another function has it");
	}
}

static void get_nic(struct state_reader *r, const json_t *object, struct sim_nic *nic, size_t i)
{
	snprintf(r->where, sizeof(r->where), "nics[%zu]", i);
	STATE_TEXT(r, object, "handle", nic->handle);
	STATE_TEXT(r, object, "netdev", nic->netdev);
	nic->ifindex = (uint32_t)state_number(r, object, "ifindex", INT32_MAX);
	STATE_TEXT(r, object, "driver", nic->driver);
	STATE_TEXT(r, object, "model", nic->model);
}

static void get_board(struct state_reader *r, const json_t *object, struct sim_model *model)
{
	const json_t *board = json_object_get(object, "board");

	snprintf(r->where, sizeof(r->where), "board");
	STATE_TEXT(r, board, "model", model->model);
	model->vendor_id = (uint16_t)state_number(r, board, "vendor_id", UINT16_MAX);
	model->device_id = (uint16_t)state_number(r, board, "device_id", UINT16_MAX);
	STATE_TEXT(r, board, "serial_number", model->serial_number);
	STATE_TEXT(r, board, "psid", model->psid);
	STATE_TEXT(r, board, "firmware_version", model->firmware_version);
	STATE_TEXT(r, board, "bsp_release", model->bsp_release);
	STATE_TEXT(r, board, "phys_switch_id", model->switch_id);
	r->where[0] = '\0';
	model->next_ifindex = (uint32_t)state_number(r, object, "next_ifindex", INT32_MAX);
	model->reset_ms = (int64_t)state_number(r, object, "reset_ms", INT64_MAX);
}

static void check_format(struct state_reader *r, const json_t *object)
{
	const json_t *format = json_object_get(object, "format");

	if (!json_is_string(format) || strcmp(json_string_value(format), FORMAT)) {
		r->rc = ctx_fail(r->ctx, -EBADMSG, "open", r->path,
				 "the file is no libdpu topology: \"format\" is not \"%s\"", FORMAT);
		return;
	}
	if (state_number(r, object, "version", INT32_MAX) > VERSION)
		r->rc = ctx_fail(r->ctx, -EPROTONOSUPPORT, "open", r->path,
				 "the topology has a newer format than this library knows (%d)", VERSION);
}

int sim_model_load(struct dpu_ctx *ctx, const char *path, const json_t *json, struct sim_model **ret)
{
	struct state_reader r = { .ctx = ctx, .path = path };
	const json_t *array, *value;
	struct sim_model *model;
	size_t i;

	check_format(&r, json);
	if (r.rc < 0)
		return r.rc;
	model = ctx_alloc(ctx, sizeof(*model));
	if (!model)
		return ctx_fail_nomem(ctx, "open");
	get_board(&r, json, model);
	sim_nvconfig_fresh(model);
	state_firmware(&r, json, model, NULL);
	array = state_array(&r, json, "pfs", SIM_MAX_PFS);
	if (r.rc == 0 && !json_array_size(array))
		state_wrong(&r, "pfs", "empty");
	json_array_foreach(array, i, value) {
		if (r.rc < 0)
			goto out;
		get_pf(&r, value, model, (uint32_t)i);
		model->pf_count++;
	}
	r.where[0] = '\0';
	array = state_array(&r, json, "nics", SIM_MAX_NICS);
	json_array_foreach(array, i, value)
		get_nic(&r, value, &model->nics[model->nic_count++], i);
	r.where[0] = '\0';
	array = state_array(&r, json, "functions", 65536);
	json_array_foreach(array, i, value) {
		if (r.rc < 0)
			goto out;
		get_function(&r, value, model, i);
	}
	/* Flows last: their ports must be there. */
	array = state_array(&r, json, "pfs", SIM_MAX_PFS);
	json_array_foreach(array, i, value) {
		if (r.rc < 0)
			goto out;
		get_flows(&r, value, model, &model->pfs[i]);
	}
	model->faults = json_incref(json_object_get(json, "faults"));
	model->latencies = json_incref(json_object_get(json, "latencies"));
	if (r.rc == 0)
		r.rc = sim_model_mark_saved(ctx, model);
out:
	if (r.rc < 0) {
		sim_model_free(ctx, model);
		return r.rc;
	}
	*ret = model;
	return 0;
}

static json_t *dump_counters(const struct sim_port_counters *counters, bool *failed)
{
	json_t *object = json_object();
	uint64_t numbers[COUNTERS];
	size_t i;

	memcpy(numbers, &counters->now, sizeof(numbers));
	for (i = 0; i < COUNTERS; i++)
		state_put(object, counter_names[i], state_integer(numbers[i]), failed);
	return object;
}

static json_t *dump_flow(struct dpu_ctx *ctx, const struct softtable_entry *entry, bool *failed)
{
	json_t *object = json_object();
	char text[1024];
	char *longer;
	int len;

	state_put(object, "id", state_integer(entry->id), failed);
	len = dpu_flow_rule_format(entry->rule, text, sizeof(text));
	if (len < (int)sizeof(text)) {
		state_put(object, "rule", json_string(text), failed);
	} else {
		longer = ctx_alloc(ctx, (size_t)len + 1);
		if (longer)
			dpu_flow_rule_format(entry->rule, longer, (size_t)len + 1);
		state_put(object, "rule", longer ? json_string(longer) : NULL, failed);
		ctx_free(ctx, longer);
	}
	state_put(object, "packets", state_integer(entry->packets), failed);
	state_put(object, "bytes", state_integer(entry->bytes), failed);
	return object;
}

static json_t *dump_pf(struct dpu_ctx *ctx, const struct sim_pf *pf, bool *failed)
{
	json_t *object = json_object();
	json_t *flows = json_array();
	struct softtable_entry *entry;
	size_t i;

	state_put(object, "pci_address", json_string(pf->pci_address), failed);
	state_put(object, "netdev", json_string(pf->netdev), failed);
	state_put(object, "ifindex", state_integer(pf->ifindex), failed);
	state_put(object, "rdma_device", json_string(pf->rdma_device), failed);
	state_put(object, "hw_addr", state_mac_text(pf->hw_addr), failed);
	state_put(object, "eswitch_mode", json_string(dpu_eswitch_mode_name(pf->eswitch_mode)), failed);
	state_put(object, "representors_ms", state_integer((uint64_t)pf->representors_ms), failed);
	state_put(object, "next_flow_id", state_integer(pf->next_flow_id), failed);
	state_put(object, "counters", dump_counters(&pf->counters, failed), failed);
	state_put_pf_attrs(object, pf, failed);
	state_put_firmware(object, pf->tlvs, true, failed);
	for (i = 0; (entry = softtable_at(pf->fdb, i)); i++) {
		state_append(flows, dump_flow(ctx, entry, failed), failed);
	}
	state_put(object, "flows", flows, failed);
	return object;
}

static json_t *dump_function(const struct sim_function *function, bool *failed)
{
	json_t *object = json_object();

	state_put(object, "type", json_string(dpu_function_type_name(function->type)), failed);
	state_put(object, "pfnum", state_integer(function->pfnum), failed);
	state_put(object, "controller", state_integer(function->controller), failed);
	if (function->type != DPU_FUNCTION_PF)
		state_put(object, "number", state_integer(function->number), failed);
	state_put(object, "port", state_integer(function->port), failed);
	state_put(object, "hw_addr", state_mac_text(function->hw_addr), failed);
	state_put(object, "state", state_integer((uint64_t)function->state), failed);
	state_put(object, "settled_ms", state_integer((uint64_t)function->settled_ms), failed);
	state_put(object, "representor_ms", state_integer((uint64_t)function->representor_ms), failed);
	state_put(object, "representor", json_string(function->representor), failed);
	state_put(object, "representor_ifindex", state_integer(function->representor_ifindex), failed);
	state_put(object, "netdev", json_string(function->netdev), failed);
	state_put(object, "ifindex", state_integer(function->ifindex), failed);
	state_put(object, "rdma_device", json_string(function->rdma_device), failed);
	state_put(object, "aux_device", json_string(function->aux_device), failed);
	state_put(object, "counters", dump_counters(&function->counters, failed), failed);
	state_put_function_attrs(object, function, failed);
	return object;
}

static json_t *dump_nic(const struct sim_nic *nic, bool *failed)
{
	json_t *object = json_object();

	state_put(object, "handle", json_string(nic->handle), failed);
	state_put(object, "netdev", json_string(nic->netdev), failed);
	state_put(object, "ifindex", state_integer(nic->ifindex), failed);
	state_put(object, "driver", json_string(nic->driver), failed);
	state_put(object, "model", json_string(nic->model), failed);
	return object;
}

static json_t *dump_board(const struct sim_model *model, bool *failed)
{
	json_t *object = json_object();

	state_put(object, "model", json_string(model->model), failed);
	state_put(object, "vendor_id", state_integer(model->vendor_id), failed);
	state_put(object, "device_id", state_integer(model->device_id), failed);
	state_put(object, "serial_number", json_string(model->serial_number), failed);
	state_put(object, "psid", json_string(model->psid), failed);
	state_put(object, "firmware_version", json_string(model->firmware_version), failed);
	state_put(object, "bsp_release", json_string(model->bsp_release), failed);
	state_put(object, "phys_switch_id", json_string(model->switch_id), failed);
	return object;
}

json_t *sim_model_dump(struct dpu_ctx *ctx, const struct sim_model *model)
{
	json_t *object = json_object();
	json_t *nics = json_array(), *pfs = json_array(), *functions = json_array();
	bool failed = false;
	size_t i;

	state_put(object, "format", json_string(FORMAT), &failed);
	state_put(object, "version", state_integer(VERSION), &failed);
	state_put(object, "board", dump_board(model, &failed), &failed);
	state_put_firmware(object, model->tlvs, false, &failed);
	state_put(object, "next_ifindex", state_integer(model->next_ifindex), &failed);
	state_put(object, "reset_ms", state_integer((uint64_t)model->reset_ms), &failed);
	if (model->faults)
		state_put(object, "faults", json_incref(model->faults), &failed);
	if (model->latencies)
		state_put(object, "latencies", json_incref(model->latencies), &failed);
	for (i = 0; i < model->nic_count; i++)
		state_append(nics, dump_nic(&model->nics[i], &failed), &failed);
	state_put(object, "nics", nics, &failed);
	for (i = 0; i < model->pf_count; i++)
		state_append(pfs, dump_pf(ctx, &model->pfs[i], &failed), &failed);
	state_put(object, "pfs", pfs, &failed);
	for (i = 0; i < model->function_count; i++)
		state_append(functions, dump_function(&model->functions[i], &failed), &failed);
	state_put(object, "functions", functions, &failed);
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}
