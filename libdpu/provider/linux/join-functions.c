/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/sort.h"
#include "core/text.h"
#include "provider/linux/facts-index.h"
#include "provider/linux/join.h"

static const struct fact_sf *find_sf(const struct facts *facts, const char *handle,
				     const struct provider_function *function, const struct fact_port *port)
{
	static const char bus[] = "auxiliary/";
	const struct fact_sf *sf;

	/* A newer kernel names the SF's own devlink instance. */
	if (port && !strncmp(port->function_handle, bus, sizeof(bus) - 1)) {
		sf = facts_sf(facts, port->function_handle + sizeof(bus) - 1);
		if (sf)
			return sf;
	}
	/* An SF with the same number behind another controller is another SF, on another machine. */
	if (function->controller != 0 || (port && port->external))
		return NULL;
	return facts_sf_number(facts, handle, function->number);
}

static const struct fact_pci *find_vf(const struct facts *facts, const char *handle,
				      const struct provider_function *function, const struct fact_port *port)
{
	const struct fact_pci *pf = join_pci(facts, handle);

	if (!pf || function->controller != 0 || (port && port->external))
		return NULL;
	return facts_vf(facts, pf->address, function->number);
}

/* The network and RDMA devices of a function that this machine drives. */
static void join_local(const struct facts *facts, struct provider_function *function, const char *handle,
		       const char *sf)
{
	const struct fact_link *link = join_own_link(facts, handle, sf);
	const struct fact_rdma *rdma;

	if (link) {
		text_copy(function->netdev, sizeof(function->netdev), link->name);
		memcpy(function->hw_addr, link->address, sizeof(function->hw_addr));
	}
	rdma = join_own_rdma(facts, handle, sf, function->netdev);
	if (rdma)
		text_copy(function->rdma_device, sizeof(function->rdma_device), rdma->name);
}

static void join_sf(const struct facts *facts, struct provider_function *function, const struct fact_sf *sf)
{
	text_copy(function->aux_device, sizeof(function->aux_device), sf->name);
	join_local(facts, function, sf->place.handle, sf->name);
	if (sf->bound)
		function->opstate = DPU_FUNCTION_ATTACHED;
}

static void join_vf(const struct facts *facts, struct provider_function *function, const struct fact_pci *vf)
{
	char handle[HANDLE_SIZE] = "pci/";

	text_copy(handle + 4, sizeof(handle) - 4, vf->address);
	join_local(facts, function, handle, NULL);
	if (vf->driver[0])
		function->opstate = DPU_FUNCTION_ATTACHED;
}

/* What devlink says of a function goes before what its device looks like. */
static void take_port(struct provider_function *function, const struct fact_port *port)
{
	if (port->has_hw_addr)
		memcpy(function->hw_addr, port->hw_addr, sizeof(function->hw_addr));
	if (port->has_state)
		function->state = port->state ? DPU_FUNCTION_ACTIVE : DPU_FUNCTION_INACTIVE;
	if (port->has_opstate)
		function->opstate = port->opstate ? DPU_FUNCTION_ATTACHED : DPU_FUNCTION_DETACHED;
	function->known_caps = port->known_caps;
	function->caps = port->caps;
	function->max_io_eqs = port->max_io_eqs;
	function->max_uc_list = port->max_uc_list;
}

/* What was found of a function on this machine. */
struct local {
	const struct fact_sf *sf;
	const struct fact_pci *vf;
};

/* Completes a function whose type, controller, pfnum and number are set. */
static struct local complete(const struct facts *facts, const char *handle,
			     struct provider_function *function, const struct fact_port *port)
{
	struct local local = { .sf = NULL };

	/* Only an SF can be inactive. */
	function->state = DPU_FUNCTION_ACTIVE;
	function->opstate = DPU_FUNCTION_DETACHED;
	if (function->type == DPU_FUNCTION_SF)
		local.sf = find_sf(facts, handle, function, port);
	if (function->type == DPU_FUNCTION_VF)
		local.vf = find_vf(facts, handle, function, port);
	if (local.sf)
		join_sf(facts, function, local.sf);
	if (local.vf)
		join_vf(facts, function, local.vf);
	if (port)
		take_port(function, port);
	return local;
}

/* The function behind a port, as far as the port tells; false for a port that has none. */
static bool start(const struct provider_port *port, struct provider_function *function)
{
	*function = (struct provider_function){
		.has_port = true,
		.port = port->index,
		.controller = port->controller,
		.pfnum = port->pfnum,
		.number = DPU_PORT_NO_NUMBER,
		.representor_ifindex = port->ifindex,
	};
	text_copy(function->representor, sizeof(function->representor), port->netdev);
	switch (port->flavour) {
	case DPU_PORT_PCIPF:
		function->type = DPU_FUNCTION_PF;
		return true;
	case DPU_PORT_PCIVF:
		function->type = DPU_FUNCTION_VF;
		function->number = port->vfnum;
		return true;
	case DPU_PORT_PCISF:
		function->type = DPU_FUNCTION_SF;
		function->number = port->sfnum;
		return true;
	default:
		return false;
	}
}

int join_function(const struct facts *facts, const char *handle, uint32_t index,
		  struct provider_function *ret, struct provider_port *ret_port)
{
	const struct fact_port *fact;
	int rc;

	rc = join_port(facts, handle, index, ret_port, &fact);
	if (rc < 0)
		return rc;
	if (!start(ret_port, ret))
		return -ENXIO;
	complete(facts, handle, ret, fact);
	return 0;
}

struct functions {
	struct dpu_ctx *ctx;
	const struct facts *facts;
	const char *handle;
	bool *sf_seen; /* which of the facts have found their function */
	bool *vf_seen;
	struct provider_function *items;
	size_t count;
};

static int add(struct functions *functions, struct provider_function *function, const struct fact_port *port)
{
	const struct local local = complete(functions->facts, functions->handle, function, port);

	if (local.sf)
		functions->sf_seen[local.sf - functions->facts->sfs] = true;
	if (local.vf)
		functions->vf_seen[local.vf - functions->facts->pci] = true;
	return ctx_append(functions->ctx, functions->items, functions->count, *function);
}

static int add_port_function(void *data, const struct provider_port *port, const struct fact_port *fact)
{
	struct provider_function function;

	return start(port, &function) ? add(data, &function, fact) : 0;
}

/* Whether the e-switch has a port for any of this machine's own VFs: then it has one for all. */
static bool has_vf_ports(const struct functions *functions)
{
	size_t i;

	for (i = 0; i < functions->count; i++) {
		if (functions->items[i].type == DPU_FUNCTION_VF && !functions->items[i].controller)
			return true;
	}
	return false;
}

/* VFs that are no PCI functions, which a device of another bus may have: known by their number. */
static int add_soft_vfs(struct functions *functions)
{
	const bool ports = has_vf_ports(functions);
	uint32_t i;
	int rc = 0;

	for (i = 0; i < functions->facts->soft_vfs && !ports && rc >= 0; i++) {
		struct provider_function function = { .type = DPU_FUNCTION_VF, .number = i };

		rc = add(functions, &function, NULL);
	}
	return rc;
}

/* Functions of a PF that have no representor: those of legacy mode, or of a PF that does not manage the
 * e-switch. Their PF's number is its PCI function's. */
static int add_portless(struct functions *functions)
{
	const struct fact_pci *pf = join_pci(functions->facts, functions->handle);
	const struct facts *facts = functions->facts;
	struct provider_function blank = { .has_port = false }, function;
	const char *dot;
	size_t i;
	int rc = 0;

	if (!pf)
		return add_soft_vfs(functions);
	dot = strrchr(pf->address, '.');
	blank.pfnum = dot ? (uint32_t)strtoul(dot + 1, NULL, 16) : 0;
	for (i = 0; rc >= 0 && i < facts->pci_count; i++) {
		if (strcmp(facts->pci[i].physfn, pf->address) != 0 ||
		    facts->pci[i].vfnum == DPU_PORT_NO_NUMBER || functions->vf_seen[i])
			continue;
		function = blank;
		function.type = DPU_FUNCTION_VF;
		function.number = facts->pci[i].vfnum;
		rc = add(functions, &function, NULL);
	}
	for (i = 0; rc >= 0 && i < facts->sf_count; i++) {
		if (strcmp(facts->sfs[i].place.handle, functions->handle) != 0 || functions->sf_seen[i])
			continue;
		function = blank;
		function.type = DPU_FUNCTION_SF;
		function.number = facts->sfs[i].sfnum;
		rc = add(functions, &function, NULL);
	}
	return rc;
}

static int compare(const void *a, const void *b)
{
	const struct provider_function *l = a, *r = b;

	if (l->type != r->type)
		return l->type > r->type ? 1 : -1;
	if (l->controller != r->controller)
		return l->controller > r->controller ? 1 : -1;
	if (l->pfnum != r->pfnum)
		return l->pfnum > r->pfnum ? 1 : -1;
	return (l->number > r->number) - (l->number < r->number);
}

int join_functions(struct dpu_ctx *ctx, const struct facts *facts, const char *handle,
		   struct provider_function **ret, size_t *count)
{
	struct functions functions = { .ctx = ctx, .facts = facts, .handle = handle };
	int rc;

	/* One more, so that none is not no memory. */
	functions.sf_seen = ctx_alloc(ctx, (facts->sf_count + 1) * sizeof(bool));
	functions.vf_seen = ctx_alloc(ctx, (facts->pci_count + 1) * sizeof(bool));
	rc = functions.sf_seen && functions.vf_seen
		     ? join_each_port(facts, handle, add_port_function, &functions)
		     : -ENOMEM;
	if (rc >= 0)
		rc = add_portless(&functions);
	ctx_free(ctx, functions.sf_seen);
	ctx_free(ctx, functions.vf_seen);
	if (rc < 0) {
		ctx_free(ctx, functions.items);
		return rc;
	}
	sort_unsorted(functions.items, functions.count, sizeof(functions.items[0]), compare);
	*ret = functions.items;
	*count = functions.count;
	return 0;
}
