/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ports of the e-switches and the functions behind them, as devlink shows them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/text.h"
#include "flow/rule.h"
#include "provider/sim/sim.h"

#define UPLINK_PORT(pf) ((((pf)->pfnum + 2) << 16) | 0xffff)

int sim_pf_find(struct sim *sim, const char *step, const char *handle, struct sim_pf **pf)
{
	struct sim_model *model = sim->model;
	size_t i;

	if (!strncmp(handle, "pci/", 4)) {
		for (i = 0; i < model->pf_count; i++) {
			if (strcmp(model->pfs[i].pci_address, handle + 4))
				continue;
			*pf = &model->pfs[i];
			return 0;
		}
	}
	return ctx_fail(sim->ctx, -ENODEV, step, handle, "no such device");
}

static bool is_nic(const struct sim_model *model, const char *handle)
{
	size_t i;

	for (i = 0; i < model->nic_count; i++) {
		if (!strcmp(model->nics[i].handle, handle))
			return true;
	}
	return false;
}

int sim_devlink_find(struct sim *sim, const char *step, const char *handle, struct sim_pf **pf)
{
	if (is_nic(sim->model, handle))
		return ctx_fail(sim->ctx, -EOPNOTSUPP, step, handle, "the device has no devlink instance");
	return sim_pf_find(sim, step, handle, pf);
}

int sim_firmware_find(struct sim *sim, const char *step, const char *handle, struct sim_pf **pf)
{
	if (is_nic(sim->model, handle))
		return ctx_fail(sim->ctx, -EOPNOTSUPP, step, handle, "the device is no DPU");
	return sim_pf_find(sim, step, handle, pf);
}

int sim_eswitch_find(struct sim *sim, const char *step, const char *handle, struct sim_pf **pf)
{
	int rc;

	if (is_nic(sim->model, handle))
		return ctx_fail(sim->ctx, -EOPNOTSUPP, step, handle, "the device has no e-switch");
	rc = sim_pf_find(sim, step, handle, pf);
	if (rc < 0 || !sim_nic_mode(sim->model))
		return rc;
	ctx_fail(sim->ctx, -EOPNOTSUPP, step, handle, "in NIC mode the host owns the e-switch");
	return ctx_hint(sim->ctx, "set the mode to dpu, then reset the system");
}

int sim_read_on(struct sim *sim, const char *step, const char *handle, sim_find_fn find, struct sim_pf **pf)
{
	int rc = sim_read_step(sim, step, handle);

	return rc < 0 ? rc : find(sim, step, handle, pf);
}

int sim_begin_on(struct sim *sim, const char *step, const char *handle, sim_find_fn find, struct sim_pf **pf)
{
	int rc = sim_begin_step(sim, step, handle);

	if (rc < 0)
		return rc;
	rc = find(sim, step, handle, pf);
	if (rc < 0)
		sim_abort(sim);
	return rc;
}

int sim_read_eswitch(struct sim *sim, const char *step, const char *handle, struct sim_pf **pf)
{
	return sim_read_on(sim, step, handle, sim_eswitch_find, pf);
}

int sim_begin_eswitch(struct sim *sim, const char *step, const char *handle, struct sim_pf **pf)
{
	return sim_begin_on(sim, step, handle, sim_eswitch_find, pf);
}

struct sim_function *sim_function_at(struct sim_model *model, const struct sim_pf *pf, uint32_t port)
{
	size_t i;

	for (i = 0; i < model->function_count; i++) {
		if (model->functions[i].port == port && model->functions[i].pfnum == pf->pfnum)
			return &model->functions[i];
	}
	return NULL;
}

/* The port is there at once, its network device after a while. */
static bool has_representor(const struct sim_pf *pf, const struct sim_function *function)
{
	return sim_settled(pf->representors_ms) && sim_settled(function->representor_ms);
}

bool sim_port_exists(struct sim_model *model, const struct sim_pf *pf, uint32_t port)
{
	return port == UPLINK_PORT(pf) || sim_function_at(model, pf, port);
}

int sim_port_resolve(void *arg, const char *name, uint32_t *number)
{
	struct sim_resolve *resolve = arg;
	const struct sim_function *function;
	struct flow_port port;
	size_t i;

	if (!strcmp(resolve->pf->netdev, name)) {
		*number = UPLINK_PORT(resolve->pf);
		return 0;
	}
	for (i = 0; i < resolve->model->function_count; i++) {
		function = &resolve->model->functions[i];
		if (function->pfnum != resolve->pf->pfnum || strcmp(function->representor, name))
			continue;
		*number = function->port;
		return 0;
	}
	text_copy(port.name, sizeof(port.name), name);
	if (!flow_port_number(&port, number) || !sim_port_exists(resolve->model, resolve->pf, *number))
		return -ENODEV;
	return 0;
}

/* A plain NIC is no PF, and no error: *pf becomes NULL. */
static int find_or_nic(struct sim *sim, const char *step, const char *handle, struct sim_pf **pf)
{
	*pf = NULL;
	return is_nic(sim->model, handle) ? 0 : sim_pf_find(sim, step, handle, pf);
}

static void fill_uplink(const struct sim_model *model, const struct sim_pf *pf, struct provider_port *port)
{
	port->index = UPLINK_PORT(pf);
	port->flavour = DPU_PORT_PHYSICAL;
	port->pfnum = pf->pfnum;
	port->vfnum = DPU_PORT_NO_NUMBER;
	port->sfnum = DPU_PORT_NO_NUMBER;
	text_copy(port->netdev, sizeof(port->netdev), pf->netdev);
	port->ifindex = pf->ifindex;
	snprintf(port->phys_port_name, sizeof(port->phys_port_name), "p%" PRIu32, pf->pfnum);
	if (pf->eswitch_mode != DPU_ESWITCH_LEGACY)
		text_copy(port->phys_switch_id, sizeof(port->phys_switch_id), model->switch_id);
}

void sim_port_fill(const struct sim_model *model, const struct sim_pf *pf,
		   const struct sim_function *function, struct provider_port *port)
{
	char controller[16] = "";

	if (!function) {
		fill_uplink(model, pf, port);
		return;
	}
	port->index = function->port;
	port->controller = function->controller;
	port->pfnum = function->pfnum;
	port->vfnum = DPU_PORT_NO_NUMBER;
	port->sfnum = DPU_PORT_NO_NUMBER;
	if (has_representor(pf, function)) {
		text_copy(port->netdev, sizeof(port->netdev), function->representor);
		port->ifindex = function->representor_ifindex;
		text_copy(port->phys_switch_id, sizeof(port->phys_switch_id), model->switch_id);
	}
	if (function->controller)
		snprintf(controller, sizeof(controller), "c%" PRIu32, function->controller);
	switch (function->type) {
	case DPU_FUNCTION_VF:
		port->flavour = DPU_PORT_PCIVF;
		port->vfnum = function->number;
		snprintf(port->phys_port_name, sizeof(port->phys_port_name), "%.4spf%" PRIu32 "vf%" PRIu32,
			 controller, function->pfnum, function->number);
		break;
	case DPU_FUNCTION_SF:
		port->flavour = DPU_PORT_PCISF;
		port->sfnum = function->number;
		snprintf(port->phys_port_name, sizeof(port->phys_port_name), "%.4spf%" PRIu32 "sf%" PRIu32,
			 controller, function->pfnum, function->number);
		break;
	default:
		port->flavour = DPU_PORT_PCIPF;
		snprintf(port->phys_port_name, sizeof(port->phys_port_name), "%.4spf%" PRIu32, controller,
			 function->pfnum);
		break;
	}
}

static int by_index(const void *a, const void *b)
{
	const struct provider_port *left = a, *right = b;

	return (left->index > right->index) - (left->index < right->index);
}

int sim_ports(struct dpu_ctx *ctx, const char *handle, struct provider_port **ret, size_t *ret_count)
{
	struct sim *sim = sim_of(ctx);
	struct sim_model *model;
	struct provider_port *ports;
	struct sim_pf *pf;
	size_t count = 0;
	size_t i;
	int rc;

	rc = sim_read_on(sim, "ports", handle, find_or_nic, &pf);
	if (rc < 0)
		return rc;
	*ret = NULL;
	*ret_count = 0;
	if (!pf)
		return 0;
	model = sim->model;
	ports = ctx_alloc(ctx, (model->function_count + 1) * sizeof(*ports));
	if (!ports)
		return ctx_fail_nomem(ctx, "ports");
	if (!sim_nic_mode(model))
		sim_port_fill(model, pf, NULL, &ports[count++]);
	for (i = 0; i < model->function_count && pf->eswitch_mode != DPU_ESWITCH_LEGACY; i++) {
		if (model->functions[i].pfnum == pf->pfnum)
			sim_port_fill(model, pf, &model->functions[i], &ports[count++]);
	}
	qsort(ports, count, sizeof(*ports), by_index);
	*ret = ports;
	*ret_count = count;
	return 0;
}

/* The one port of that index, as function, or NULL for the uplink; -ENODEV. */
static int find_port(struct sim *sim, const char *step, const char *handle, const struct sim_pf *pf,
		     uint32_t port, struct sim_function **function)
{
	char object[PORT_TEXT_SIZE];
	bool legacy;

	*function = pf ? sim_function_at(sim->model, pf, port) : NULL;
	legacy = pf && pf->eswitch_mode == DPU_ESWITCH_LEGACY;
	if (pf && !sim_nic_mode(sim->model) && (*function ? !legacy : port == UPLINK_PORT(pf)))
		return 0;
	port_format(handle, port, object, sizeof(object));
	return ctx_fail(sim->ctx, -ENODEV, step, object, "no such port");
}

int sim_port(struct dpu_ctx *ctx, const char *handle, uint32_t port, struct provider_port *ret)
{
	struct sim *sim = sim_of(ctx);
	struct sim_function *function;
	struct sim_pf *pf;
	int rc;

	rc = sim_read_on(sim, "port", handle, find_or_nic, &pf);
	if (rc == 0)
		rc = find_port(sim, "port", handle, pf, port, &function);
	if (rc < 0)
		return rc;
	memset(ret, 0, sizeof(*ret));
	sim_port_fill(sim->model, pf, function, ret);
	return 0;
}

bool sim_attached(const struct sim_function *function)
{
	bool settled = sim_settled(function->settled_ms);
	bool active = function->state == DPU_FUNCTION_ACTIVE;

	/* The driver follows the state after a while, in either direction. */
	return active == settled && !function->vf.unbound;
}

void sim_function_fill(const struct sim_pf *pf, const struct sim_function *function,
		       struct provider_function *info)
{
	info->has_port = pf->eswitch_mode != DPU_ESWITCH_LEGACY;
	if (info->has_port && has_representor(pf, function)) {
		text_copy(info->representor, sizeof(info->representor), function->representor);
		info->representor_ifindex = function->representor_ifindex;
	}
	info->port = function->port;
	info->type = function->type;
	info->controller = function->controller;
	info->pfnum = function->pfnum;
	info->number = function->number;
	memcpy(info->hw_addr, function->hw_addr, sizeof(info->hw_addr));
	info->state = function->state;
	info->known_caps = sim_known_caps(function->type);
	info->caps = function->caps;
	info->max_io_eqs = function->max_io_eqs;
	info->max_uc_list = function->max_uc_list;
	info->opstate = sim_attached(function) ? DPU_FUNCTION_ATTACHED : DPU_FUNCTION_DETACHED;
	if (info->opstate == DPU_FUNCTION_DETACHED)
		return;
	text_copy(info->netdev, sizeof(info->netdev), function->netdev);
	text_copy(info->rdma_device, sizeof(info->rdma_device), function->rdma_device);
	text_copy(info->aux_device, sizeof(info->aux_device), function->aux_device);
}

static int by_type(const void *a, const void *b)
{
	const struct provider_function *left = a, *right = b;

	if (left->type != right->type)
		return (left->type > right->type) - (left->type < right->type);
	if (left->controller != right->controller)
		return (left->controller > right->controller) - (left->controller < right->controller);
	return (left->number > right->number) - (left->number < right->number);
}

int sim_functions(struct dpu_ctx *ctx, const char *handle, struct provider_function **ret, size_t *ret_count)
{
	struct sim *sim = sim_of(ctx);
	struct sim_model *model;
	struct provider_function *infos;
	struct sim_pf *pf;
	size_t count = 0;
	size_t i;
	int rc;

	rc = sim_read_on(sim, "functions", handle, find_or_nic, &pf);
	if (rc < 0)
		return rc;
	*ret = NULL;
	*ret_count = 0;
	if (!pf)
		return 0;
	model = sim->model;
	infos = ctx_alloc(ctx, model->function_count * sizeof(*infos));
	if (!infos)
		return ctx_fail_nomem(ctx, "functions");
	for (i = 0; i < model->function_count; i++) {
		if (model->functions[i].pfnum == pf->pfnum)
			sim_function_fill(pf, &model->functions[i], &infos[count++]);
	}
	qsort(infos, count, sizeof(*infos), by_type);
	*ret = infos;
	*ret_count = count;
	return 0;
}

int sim_function(struct dpu_ctx *ctx, const char *handle, uint32_t port, struct provider_function *ret,
		 struct provider_port *ret_port)
{
	struct sim *sim = sim_of(ctx);
	struct sim_function *function;
	struct sim_pf *pf;
	int rc;

	rc = sim_read_on(sim, "function", handle, find_or_nic, &pf);
	if (rc == 0)
		rc = find_port(sim, "function", handle, pf, port, &function);
	if (rc == 0 && !function)
		rc = ctx_fail(ctx, -ENODEV, "function", handle, "no function is behind the uplink");
	if (rc < 0)
		return rc;
	memset(ret, 0, sizeof(*ret));
	sim_function_fill(pf, function, ret);
	if (!ret_port)
		return 0;
	memset(ret_port, 0, sizeof(*ret_port));
	sim_port_fill(sim->model, pf, function, ret_port);
	return 0;
}

int sim_port_stats(struct dpu_ctx *ctx, const char *handle, uint32_t port, struct dpu_port_stats *stats)
{
	struct sim *sim = sim_of(ctx);
	const struct sim_counters *counters;
	const struct sim_function *function;
	struct sim_pf *pf;
	int rc;

	rc = sim_read_on(sim, "port_stats", handle, find_or_nic, &pf);
	if (rc < 0)
		return rc;
	function = pf ? sim_function_at(sim->model, pf, port) : NULL;
	if (!function && (!pf || port != UPLINK_PORT(pf)))
		return ctx_fail(ctx, -ENODEV, "port_stats", handle, "no port has the index %" PRIu32, port);
	counters = function ? &function->counters.now : &pf->counters.now;
	stats->rx_packets = counters->rx_packets;
	stats->rx_bytes = counters->rx_bytes;
	stats->rx_dropped = counters->rx_dropped;
	stats->tx_packets = counters->tx_packets;
	stats->tx_bytes = counters->tx_bytes;
	stats->tx_dropped = counters->tx_dropped;
	stats->misses = counters->misses;
	return 0;
}
