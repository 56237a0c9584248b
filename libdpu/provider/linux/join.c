/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/sort.h"
#include "core/text.h"
#include "provider/linux/facts-index.h"
#include "provider/linux/join.h"
#include "provider/linux/pci.h"

static bool same(const char *a, const char *b)
{
	return !strcmp(a, b);
}

const struct fact_pci *join_pci(const struct facts *facts, const char *handle)
{
	return strncmp(handle, "pci/", 4) ? NULL : facts_pci(facts, handle + 4);
}

static bool is_network_function(const struct fact_pci *function)
{
	return function->class_code >> 16 == NETWORK_BASE_CLASS;
}

bool join_is_device(const struct facts *facts, const char *handle)
{
	const struct fact_pci *function = join_pci(facts, handle);
	const struct fact_devlink *devlink = facts_devlink(facts, handle);
	size_t i;

	if (!handle[0])
		return false;
	if ((function && is_network_function(function)) || (devlink && same(devlink->place.handle, handle)) ||
	    facts_next_link(facts, handle, NULL, NULL))
		return true;
	/* One that only its SFs tell of. */
	for (i = 0; i < facts->link_count; i++) {
		if (same(facts->links[i].place.handle, handle))
			return true;
	}
	for (i = 0; i < facts->devlink_count; i++) {
		if (same(facts->devlinks[i].place.handle, handle))
			return true;
	}
	return false;
}

const struct fact_link *join_own_link(const struct facts *facts, const char *handle, const char *sf)
{
	const struct fact_link *link = facts_next_link(facts, handle, sf, NULL);

	/* In the order of ifindex. */
	while (link && link->representor)
		link = facts_next_link(facts, handle, sf, link);
	return link;
}

const struct fact_rdma *join_own_rdma(const struct facts *facts, const char *handle, const char *sf,
				      const char *netdev)
{
	const struct fact_rdma *first = facts_next_rdma(facts, handle, sf, NULL), *rdma = first;

	while (rdma && netdev[0] && !same(rdma->netdev, netdev))
		rdma = facts_next_rdma(facts, handle, sf, rdma);
	return rdma ? rdma : first;
}

static void set_port_link(struct provider_port *port, const struct fact_link *link)
{
	port->ifindex = link->ifindex;
	port->bridge = link->bridge;
	text_copy(port->netdev, sizeof(port->netdev), link->name);
	text_copy(port->phys_port_name, sizeof(port->phys_port_name), link->phys_port_name);
	text_copy(port->phys_switch_id, sizeof(port->phys_switch_id), link->phys_switch_id);
}

static void join_devlink_port(const struct facts *facts, const struct fact_port *fact,
			      struct provider_port *port)
{
	const struct fact_link *link;

	port->index = fact->index;
	port->flavour = (enum dpu_port_flavour)fact->flavour;
	port->controller = fact->controller;
	port->pfnum = fact->pfnum;
	port->vfnum = fact->vfnum;
	port->sfnum = fact->sfnum;
	port->ifindex = fact->ifindex;
	text_copy(port->netdev, sizeof(port->netdev), fact->netdev);
	link = facts_link(facts, fact->ifindex);
	if (link)
		set_port_link(port, link);
}

static int compare_ports(const void *a, const void *b)
{
	const struct provider_port *left = a, *right = b;

	return (left->index > right->index) - (left->index < right->index);
}

/* The ports that devlink knows. */
static int devlink_ports_of(const struct facts *facts, const char *handle, join_port_fn visit, void *data)
{
	const struct fact_port *fact = NULL;
	struct provider_port port;
	int rc = 0;

	while (rc == 0 && (fact = facts_next_port(facts, handle, fact))) {
		memset(&port, 0, sizeof(port));
		join_devlink_port(facts, fact, &port);
		rc = visit(data, &port, fact);
	}
	return rc;
}

/* The ports that show as network devices only. */
static int link_ports_of(const struct facts *facts, const char *handle, join_port_fn visit, void *data)
{
	const struct fact_link *link = NULL;
	struct provider_port port;
	int rc = 0;

	while (rc == 0 && (link = facts_next_link(facts, handle, NULL, link))) {
		memset(&port, 0, sizeof(port));
		if (!join_parse_phys_port_name(link->phys_port_name, &port))
			continue;
		port.index = link->ifindex;
		set_port_link(&port, link);
		rc = visit(data, &port, NULL);
	}
	return rc;
}

int join_each_port(const struct facts *facts, const char *handle, join_port_fn visit, void *data)
{
	if (!join_is_device(facts, handle))
		return -ENODEV;
	if (facts_next_port(facts, handle, NULL))
		return devlink_ports_of(facts, handle, visit, data);
	return facts_devlink(facts, handle) ? 0 : link_ports_of(facts, handle, visit, data);
}

struct pick {
	uint32_t index;
	struct provider_port *port;
	const struct fact_port *fact;
};

static int pick(void *data, const struct provider_port *port, const struct fact_port *fact)
{
	struct pick *pick = data;

	if (port->index != pick->index)
		return 0;
	*pick->port = *port;
	pick->fact = fact;
	return 1;
}

int join_port(const struct facts *facts, const char *handle, uint32_t index, struct provider_port *ret,
	      const struct fact_port **ret_fact)
{
	struct pick wanted = { .index = index, .port = ret };
	int rc;

	rc = join_each_port(facts, handle, pick, &wanted);
	if (rc <= 0)
		return rc < 0 ? rc : -ENXIO;
	if (ret_fact)
		*ret_fact = wanted.fact;
	return 0;
}

struct ports {
	struct dpu_ctx *ctx;
	struct provider_port *items;
	size_t count;
};

static int add_port(void *data, const struct provider_port *port, const struct fact_port *fact)
{
	struct ports *ports = data;

	(void)fact;
	return ctx_append(ports->ctx, ports->items, ports->count, *port);
}

int join_ports(struct dpu_ctx *ctx, const struct facts *facts, const char *handle, struct provider_port **ret,
	       size_t *count)
{
	struct ports ports = { .ctx = ctx };
	int rc;

	rc = join_each_port(facts, handle, add_port, &ports);
	if (rc < 0) {
		ctx_free(ctx, ports.items);
		return rc;
	}
	sort_unsorted(ports.items, ports.count, sizeof(ports.items[0]), compare_ports);
	*ret = ports.items;
	*count = ports.count;
	return 0;
}

static bool is_dpu(const struct fact_pci *function)
{
	static const uint16_t dpus[] = { 0xa2d2, 0xa2d6, 0xa2d9, 0xa2dc, 0xa2df };
	size_t i;

	if (function->vendor != NVIDIA_NETWORKING_VENDOR)
		return false;
	for (i = 0; i < sizeof(dpus) / sizeof(dpus[0]); i++) {
		if (function->device == dpus[i])
			return true;
	}
	return false;
}

static bool has_eswitch(const struct facts *facts, const char *handle, const struct fact_devlink *devlink)
{
	const struct fact_link *link = NULL;

	if (devlink && devlink->has_eswitch)
		return true;
	while ((link = facts_next_link(facts, handle, NULL, link))) {
		if (link->phys_switch_id[0])
			return true;
	}
	return false;
}

/* The uplink's network device where there is an uplink, else the device's own. */
static void join_netdev(const struct facts *facts, struct provider_device *device)
{
	const struct fact_port *uplink = NULL, *fact = NULL;
	struct provider_port port = { 0 };
	const struct fact_link *link;

	while ((fact = facts_next_port(facts, device->handle, fact))) {
		if (fact->flavour != DPU_PORT_PHYSICAL)
			continue;
		memset(&port, 0, sizeof(port));
		join_devlink_port(facts, fact, &port);
		if (!port.ifindex || (uplink && uplink->index < fact->index))
			continue;
		uplink = fact;
		device->ifindex = port.ifindex;
		text_copy(device->netdev, sizeof(device->netdev), port.netdev);
	}
	if (uplink)
		return;
	link = join_own_link(facts, device->handle, NULL);
	if (!link)
		return;
	device->ifindex = link->ifindex;
	text_copy(device->netdev, sizeof(device->netdev), link->name);
}

/* Of what is no PCI function. */
static void join_place(const struct facts *facts, struct provider_device *device,
		       const struct fact_devlink *devlink)
{
	const struct fact_place *place = devlink ? &devlink->place : NULL;
	size_t i;

	for (i = 0; !place && i < facts->link_count; i++) {
		if (same(facts->links[i].place.handle, device->handle))
			place = &facts->links[i].place;
	}
	device->numa_node = place ? place->numa_node : -1;
	text_copy(device->driver, sizeof(device->driver), place ? place->driver : "");
}

/* The PF's number on its ports is its PCI function's, as the kernel's drivers have it. */
static uint32_t pf_number(const struct facts *facts, const char *handle, const struct fact_pci *function)
{
	const char *dot = function ? strrchr(function->address, '.') : NULL;
	const struct fact_port *port = NULL;

	while ((port = facts_next_port(facts, handle, port))) {
		if (!port->controller && port->pfnum != DPU_PORT_NO_NUMBER)
			return port->pfnum;
	}
	return dot ? (uint32_t)strtoul(dot + 1, NULL, 16) : 0;
}

static void join_device(const struct facts *facts, const char *handle, struct provider_device *device)
{
	const struct fact_devlink *devlink = facts_devlink(facts, handle);
	const struct fact_pci *function = join_pci(facts, handle);
	const struct fact_rdma *rdma;

	text_copy(device->handle, sizeof(device->handle), handle);
	device->kind = has_eswitch(facts, handle, devlink) ? DPU_DEVICE_SWITCHDEV_NIC : DPU_DEVICE_NIC;
	device->pfnum = pf_number(facts, handle, function);
	if (function) {
		text_copy(device->pci_address, sizeof(device->pci_address), function->address);
		text_copy(device->driver, sizeof(device->driver), function->driver);
		device->vendor_id = function->vendor;
		device->device_id = function->device;
		device->numa_node = function->numa_node;
		if (is_dpu(function)) {
			device->kind = DPU_DEVICE_DPU;
			text_copy(device->bsp_release, sizeof(device->bsp_release), facts->bsp_release);
		}
	} else {
		join_place(facts, device, devlink);
	}
	if (devlink) {
		const char *serial = devlink->board_serial_number[0] ? devlink->board_serial_number
								     : devlink->serial_number;

		if (devlink->driver[0])
			text_copy(device->driver, sizeof(device->driver), devlink->driver);
		text_copy(device->firmware_version, sizeof(device->firmware_version),
			  devlink->firmware_version);
		text_copy(device->psid, sizeof(device->psid), devlink->psid);
		text_copy(device->serial_number, sizeof(device->serial_number), serial);
	}
	join_netdev(facts, device);
	rdma = join_own_rdma(facts, handle, NULL, device->netdev);
	if (rdma)
		text_copy(device->rdma_device, sizeof(device->rdma_device), rdma->name);
}

struct devices {
	struct dpu_ctx *ctx;
	const struct facts *facts;
	struct provider_device *items;
	size_t count;
	size_t functions; /* PCI functions come first, each once */
	const char *last; /* asked about */
};

static int add_device(struct devices *devices, const char *handle)
{
	int rc;

	rc = ctx_grow(devices->ctx, &devices->items, devices->count, sizeof(devices->items[0]));
	if (rc == 0)
		join_device(devices->facts, handle, &devices->items[devices->count++]);
	return rc;
}

/* What something sits at: most is at a PCI function, and what else there is are a few. */
static int add_place(struct devices *devices, const char *handle)
{
	const struct fact_pci *function;
	size_t i;

	if (!handle[0] || same(handle, devices->last))
		return 0;
	devices->last = handle;
	function = join_pci(devices->facts, handle);
	if (function && is_network_function(function))
		return 0;
	for (i = devices->functions; i < devices->count; i++) {
		if (same(devices->items[i].handle, handle))
			return 0;
	}
	return add_device(devices, handle);
}

static int compare_devices(const void *a, const void *b)
{
	const struct provider_device *left = a, *right = b;

	return strcmp(left->handle, right->handle);
}

int join_devices(struct dpu_ctx *ctx, const struct facts *facts, struct provider_device **ret, size_t *count)
{
	struct devices devices = { .ctx = ctx, .facts = facts, .last = "" };
	char handle[HANDLE_SIZE] = "pci/";
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < facts->pci_count; i++) {
		if (!is_network_function(&facts->pci[i]))
			continue;
		text_copy(handle + 4, sizeof(handle) - 4, facts->pci[i].address);
		rc = add_device(&devices, handle);
	}
	devices.functions = devices.count;
	for (i = 0; rc == 0 && i < facts->link_count; i++)
		rc = add_place(&devices, facts->links[i].place.handle);
	for (i = 0; rc == 0 && i < facts->devlink_count; i++)
		rc = add_place(&devices, facts->devlinks[i].place.handle);
	if (rc < 0) {
		ctx_free(ctx, devices.items);
		return rc;
	}
	sort_unsorted(devices.items, devices.count, sizeof(devices.items[0]), compare_devices);
	*ret = devices.items;
	*count = devices.count;
	return 0;
}
