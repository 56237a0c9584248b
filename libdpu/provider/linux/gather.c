/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "core/text.h"
#include "provider/linux/devlink.h"
#include "provider/linux/facts-index.h"
#include "provider/linux/gather.h"
#include "provider/linux/join.h"
#include "provider/linux/pci.h"
#include "provider/linux/rdma.h"
#include "provider/linux/rtnl.h"
#include "provider/linux/sfs.h"

void facts_free(struct dpu_ctx *ctx, struct facts *facts)
{
	ctx_free(ctx, facts->pci);
	ctx_free(ctx, facts->links);
	ctx_free(ctx, facts->devlinks);
	ctx_free(ctx, facts->ports);
	ctx_free(ctx, facts->rdma);
	ctx_free(ctx, facts->sfs);
	facts_index_free(ctx, facts);
	memset(facts, 0, sizeof(*facts));
}

static void read_link(const struct sysfs *sysfs, const char *name, struct fact_link *link)
{
	char path[SYSFS_PATH_SIZE], text[32];
	uint64_t number = 0;

	text_copy(link->name, sizeof(link->name), name);
	if (sysfs_path(path, "class/net/%s/ifindex", name))
		sysfs_number(sysfs, path, INT32_MAX, &number);
	link->ifindex = (uint32_t)number;
	number = 0;
	if (sysfs_path(path, "class/net/%s/brport/bridge/ifindex", name))
		sysfs_number(sysfs, path, INT32_MAX, &number);
	link->bridge = (uint32_t)number;
	if (sysfs_path(path, "class/net/%s/phys_port_name", name))
		sysfs_text(sysfs, path, link->phys_port_name, sizeof(link->phys_port_name));
	if (sysfs_path(path, "class/net/%s/phys_switch_id", name))
		sysfs_text(sysfs, path, link->phys_switch_id, sizeof(link->phys_switch_id));
	if (sysfs_path(path, "class/net/%s/address", name) && sysfs_text(sysfs, path, text, sizeof(text)))
		text_mac(text, link->address);
}

/* Network devices where there is no rtnetlink to ask: a recorded tree, a container that forbids it. */
static int sysfs_links(struct dpu_ctx *ctx, const struct sysfs *sysfs, struct fact_link **ret, size_t *count)
{
	struct fact_link *links = NULL;
	struct sysfs_names names;
	size_t i, found = 0;
	int rc;

	rc = sysfs_list(ctx, sysfs, "class/net", &names);
	if (rc < 0)
		return rc;
	if (names.count) {
		links = ctx_alloc(ctx, names.count * sizeof(*links));
		if (!links) {
			sysfs_names_free(ctx, &names);
			return -ENOMEM;
		}
	}
	for (i = 0; i < names.count; i++) {
		/* class/net has files of other kinds too ("bonding_masters"). */
		if (strlen(names.entries[i].name) >= sizeof(links->name))
			continue;
		memset(&links[found], 0, sizeof(*links));
		read_link(sysfs, names.entries[i].name, &links[found]);
		if (links[found].ifindex)
			found++;
	}
	sysfs_names_free(ctx, &names);
	*ret = links;
	*count = found;
	return 0;
}

static void place_at(const struct sysfs *sysfs, const char *bus, int bus_len, const char *name,
		     struct fact_place *place)
{
	char path[SYSFS_PATH_SIZE];

	memset(place, 0, sizeof(*place));
	if (sysfs_path(path, "bus/%.*s/devices/%s", bus_len, bus, name))
		sysfs_place(sysfs, path, place);
}

/* Most devices are PCI functions or SFs, whose places are known already. Climbing sysfs once for each of a
 * thousand network devices is what discovery would spend its time with. */
static bool place_known(const struct facts *facts, const char *bus, size_t bus_len, const char *name,
			struct fact_place *place)
{
	const struct fact_pci *function;
	const struct fact_sf *sf;

	if (bus_len == 9 && !memcmp(bus, "auxiliary", 9)) {
		sf = facts_sf(facts, name);
		if (sf)
			*place = sf->place;
		return sf != NULL;
	}
	if (bus_len != 3 || memcmp(bus, "pci", 3) != 0)
		return false;
	function = facts_pci(facts, name);
	if (!function)
		return false;
	memset(place, 0, sizeof(*place));
	snprintf(place->handle, sizeof(place->handle), "pci/%s", function->address);
	text_copy(place->driver, sizeof(place->driver), function->driver);
	place->numa_node = function->numa_node;
	return true;
}

/* The last parent that had to be looked for: a device's representors all have the same. */
struct parent_cache {
	char bus[16];
	char name[HANDLE_SIZE];
	struct fact_place place;
};

/* The place of a device that is named by its handle. */
static void place_handle(const struct sysfs *sysfs, const struct facts *facts, struct parent_cache *last,
			 const char *handle, struct fact_place *place)
{
	const char *slash = strchr(handle, '/');
	const size_t bus_len = (size_t)(slash - handle);

	if (place_known(facts, handle, bus_len, slash + 1, place))
		return;
	if (strncmp(last->bus, handle, bus_len) != 0 || last->bus[bus_len] ||
	    strcmp(last->name, slash + 1) != 0) {
		snprintf(last->bus, sizeof(last->bus), "%.*s", (int)bus_len, handle);
		text_copy(last->name, sizeof(last->name), slash + 1);
		place_at(sysfs, handle, (int)bus_len, slash + 1, &last->place);
	}
	*place = last->place;
	/* Not in this sysfs, or on no bus: it is then its own hardware. */
	if (!place->handle[0])
		text_copy(place->handle, sizeof(place->handle), handle);
}

static void place_link(const struct sysfs *sysfs, const struct facts *facts, struct parent_cache *last,
		       struct fact_link *link)
{
	char path[SYSFS_PATH_SIZE], bus[sizeof(link->parent_bus)], name[sizeof(link->parent_name)];
	uint64_t ifindex;

	memcpy(bus, link->parent_bus, sizeof(bus));
	memcpy(name, link->parent_name, sizeof(name));
	memset(&link->place, 0, sizeof(link->place));
	/* The kernel names the parent by bus and name; an older one leaves it to sysfs, whose class/net may
	 * be another network namespace's: the ifindex tells. */
	if (bus[0] && name[0] && place_known(facts, bus, strlen(bus), name, &link->place))
		return;
	if (bus[0] && !strcmp(name, last->name) && !strcmp(bus, last->bus)) {
		link->place = last->place;
		return;
	}
	if (bus[0] && name[0] && sysfs_path(path, "bus/%s/devices/%s", bus, name) &&
	    sysfs_exists(sysfs, path)) {
		memcpy(last->bus, bus, sizeof(bus));
		memcpy(last->name, name, sizeof(name));
		sysfs_place(sysfs, path, &last->place);
		link->place = last->place;
		return;
	}
	if (sysfs_path(path, "class/net/%s/ifindex", link->name) &&
	    sysfs_number(sysfs, path, INT32_MAX, &ifindex) && ifindex == link->ifindex &&
	    sysfs_path(path, "class/net/%s/device", link->name))
		sysfs_place(sysfs, path, &link->place);
}

static const char auxiliary[] = "auxiliary/";

/* The name of the auxiliary device that a newer kernel gives with the port of a local SF, or NULL. */
static const char *port_sf(const struct fact_port *port)
{
	const size_t len = sizeof(auxiliary) - 1;

	if (port->flavour != DPU_PORT_PCISF || strncmp(port->function_handle, auxiliary, len) != 0 ||
	    strlen(port->function_handle + len) >= DEVNAME_SIZE)
		return NULL;
	return port->function_handle + len;
}

static int add_sf(struct dpu_ctx *ctx, struct facts *facts, const struct fact_sf *sf)
{
	return ctx_append(ctx, facts->sfs, facts->sf_count, *sf);
}

/* Name, number and place need not be read from sysfs then. */
static int add_port_sf(struct dpu_ctx *ctx, struct parent_cache *last, const struct fact_port *port,
		       struct facts *facts)
{
	struct fact_sf sf = { .sfnum = port->sfnum, .bound = port->opstate != 0 };

	text_copy(sf.name, sizeof(sf.name), port_sf(port));
	place_handle(&linux_provider(ctx)->sysfs, facts, last, port->handle, &sf.place);
	text_copy(sf.place.sf, sizeof(sf.place.sf), sf.name);
	return add_sf(ctx, facts, &sf);
}

/* Unlike the rest, drivers come and go. */
static void look_for_driver(const struct sysfs *sysfs, struct fact_sf *sf)
{
	char path[SYSFS_PATH_SIZE];

	if (sysfs_path(path, "bus/auxiliary/devices/%s/driver", sf->name))
		sf->bound = sysfs_exists(sysfs, path);
}

/* Those that no port has told of: of older kernels, or without a port here. Only these are read from sysfs.
 * How many, or a negative errno. */
static int add_untold_sfs(struct dpu_ctx *ctx, struct facts *facts)
{
	const size_t told = facts->sf_count;
	struct sysfs_names entries;
	struct linux_sf sf;
	size_t i;
	int rc;

	rc = sysfs_list(ctx, &linux_provider(ctx)->sysfs, "bus/auxiliary/devices", &entries);
	for (i = 0; rc >= 0 && i < entries.count; i++) {
		if (!facts_sf(facts, entries.entries[i].name) && sfs_read(ctx, &entries.entries[i], &sf))
			rc = add_sf(ctx, facts, &sf.sf);
	}
	sysfs_names_free(ctx, &entries);
	return rc < 0 ? rc : facts->sf_count != told;
}

/* All SFs that this machine may drive. Whether a driver has those that no port told of is yet to be looked
 * for. */
static int gather_sfs(struct dpu_ctx *ctx, struct facts *facts)
{
	struct parent_cache last = { .bus = "" };
	size_t i;
	int rc = 0;

	for (i = 0; rc >= 0 && i < facts->port_count; i++) {
		if (port_sf(&facts->ports[i]))
			rc = add_port_sf(ctx, &last, &facts->ports[i], facts);
	}
	if (rc >= 0)
		rc = facts_index_sfs(ctx, facts);
	if (rc >= 0)
		rc = add_untold_sfs(ctx, facts);
	return rc > 0 ? facts_index_sfs(ctx, facts) : rc;
}

static int gather_links(struct dpu_ctx *ctx, const char *step, struct facts *facts)
{
	struct parent_cache last = { .bus = "" };
	struct linux_provider *machine = linux_provider(ctx);
	size_t i;
	int rc;

	if (machine->rtnl.fd >= 0)
		rc = rtnl_links(ctx, &machine->rtnl, step, &facts->links, &facts->link_count);
	else
		rc = sysfs_links(ctx, &machine->sysfs, &facts->links, &facts->link_count);
	for (i = 0; rc >= 0 && i < facts->link_count; i++)
		place_link(&machine->sysfs, facts, &last, &facts->links[i]);
	return rc;
}

/* An RDMA device's directory stands in that of its parent, whose name mostly says enough: to climb from each
 * of a thousand takes longer than the rest. */
static void place_rdma(const struct sysfs *sysfs, const struct facts *facts, struct fact_rdma *rdma)
{
	char path[SYSFS_PATH_SIZE], dir[SYSFS_PATH_SIZE], *slash;

	memset(&rdma->place, 0, sizeof(rdma->place));
	if (!sysfs_path(path, "class/infiniband/%s", rdma->name))
		return;
	/* "../../devices/…/mlx5_core.sf.4/infiniband" */
	slash = sysfs_link_dir(sysfs, path, dir) ? strrchr(dir, '/') : NULL;
	if (slash) {
		*slash = '\0';
		slash = strrchr(dir, '/');
	}
	if (slash && (place_known(facts, "auxiliary", 9, slash + 1, &rdma->place) ||
		      place_known(facts, "pci", 3, slash + 1, &rdma->place)))
		return;
	if (sysfs_path(path, "class/infiniband/%s/device", rdma->name))
		sysfs_place(sysfs, path, &rdma->place);
}

static int gather_rdma(struct dpu_ctx *ctx, struct facts *facts)
{
	const struct sysfs *sysfs = &linux_provider(ctx)->sysfs;
	size_t i;
	int rc;

	rc = rdma_devices(ctx, sysfs, &facts->rdma, &facts->rdma_count);
	for (i = 0; rc >= 0 && i < facts->rdma_count; i++)
		place_rdma(sysfs, facts, &facts->rdma[i]);
	return rc;
}

static bool is_sf(const void *data, const char *handle)
{
	const struct facts *facts = data;

	return !strncmp(handle, "auxiliary/", 10) && facts_sf(facts, handle + 10);
}

static int gather_devlink(struct dpu_ctx *ctx, const char *step, bool details, struct facts *facts)
{
	struct linux_provider *machine = linux_provider(ctx);
	size_t i;
	struct parent_cache last = { .bus = "" };
	int rc;

	if (!machine->devlink.id)
		return 0;
	rc = devlink_devices(ctx, machine, step, details, is_sf, facts, &facts->devlinks,
			     &facts->devlink_count);
	if (rc < 0)
		return rc;
	for (i = 0; i < facts->devlink_count; i++)
		place_handle(&machine->sysfs, facts, &last, facts->devlinks[i].handle,
			     &facts->devlinks[i].place);
	return 0;
}

/* Gives back what an array that grew by doubling has too much. */
static void trim(struct dpu_ctx *ctx, void *array_ptr, size_t count, size_t size)
{
	void *array, *trimmed;

	memcpy(&array, array_ptr, sizeof(array));
	trimmed = count ? ctx_realloc(ctx, array, count * size) : NULL;
	if (trimmed)
		memcpy(array_ptr, &trimmed, sizeof(trimmed));
}

/* VFs that are no PCI functions are known by their number alone. */
static void count_vfs(const struct sysfs *sysfs, const char *handle, struct facts *facts)
{
	const char *slash = handle ? strchr(handle, '/') : NULL;
	char path[SYSFS_PATH_SIZE];
	uint64_t count;

	facts->soft_vfs = 0;
	if (!slash || !strncmp(handle, "pci/", 4) || strstr(handle, ".."))
		return;
	if (sysfs_path(path, "bus/%.*s/devices/%s/sriov_numvfs", (int)(slash - handle), handle, slash + 1) &&
	    sysfs_number(sysfs, path, UINT16_MAX, &count))
		facts->soft_vfs = (uint32_t)count;
}

int gather(struct dpu_ctx *ctx, const char *step, const char *handle, bool details, struct facts *facts)
{
	struct linux_provider *machine = linux_provider(ctx);
	size_t i;
	int rc;

	memset(facts, 0, sizeof(*facts));
	/* Each of these needs to know those before it, for its place. */
	rc = pci_functions(ctx, &machine->sysfs, &facts->pci, &facts->pci_count);
	if (rc >= 0)
		rc = facts_index_pci(ctx, facts);
	if (rc >= 0)
		rc = devlink_present(ctx, machine);
	if (rc > 0)
		rc = devlink_ports(ctx, machine, step, NULL, &facts->ports, &facts->port_count);
	if (rc >= 0)
		rc = gather_sfs(ctx, facts);
	for (i = 0; rc >= 0 && i < facts->sf_count; i++) {
		if (!facts->sfs[i].bound)
			look_for_driver(&machine->sysfs, &facts->sfs[i]);
	}
	if (rc >= 0)
		rc = gather_links(ctx, step, facts);
	trim(ctx, &facts->links, facts->link_count, sizeof(facts->links[0]));
	if (rc >= 0)
		rc = gather_devlink(ctx, step, details, facts);
	if (rc >= 0)
		rc = gather_rdma(ctx, facts);
	if (rc >= 0)
		rc = facts_index(ctx, facts);
	if (rc < 0) {
		facts_free(ctx, facts);
		return rc == -ENOMEM ? ctx_fail_nomem(ctx, step) : rc;
	}
	count_vfs(&machine->sysfs, handle, facts);
	/* This file is the Arm cores' own: it says nothing about a recorded tree. */
	if (details && !machine->recorded)
		file_first_line("/etc/mlnx-release", facts->bsp_release, sizeof(facts->bsp_release));
	return 0;
}

void gather_again(struct dpu_ctx *ctx, const char *handle, struct facts *facts)
{
	count_vfs(&linux_provider(ctx)->sysfs, handle, facts);
}

/* A representor's parent is its device: that has answered by its name, and need not be looked for. */
static struct parent_cache known_parent(const struct fact_devlink *device)
{
	const char *slash = strchr(device->handle, '/');
	struct parent_cache last = { .place = device->place };

	if (slash) {
		snprintf(last.bus, sizeof(last.bus), "%.*s", (int)(slash - device->handle), device->handle);
		text_copy(last.name, sizeof(last.name), slash + 1);
	}
	return last;
}

static int add_link(struct dpu_ctx *ctx, const char *step, uint32_t ifindex, const char *name,
		    struct facts *facts)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct parent_cache last = known_parent(facts->devlinks);
	struct dpu_error error = ctx->error;
	struct fact_link link;
	int rc;

	/* One that goes or is renamed just now is not there. */
	rc = rtnl_link(ctx, &machine->rtnl, step, ifindex, name, &link);
	if (rc < 0 && rc != -ENOMEM) {
		ctx->error = error;
		return 0;
	}
	if (rc == 0 && link.ifindex) {
		place_link(&machine->sysfs, facts, &last, &link);
		rc = ctx_append(ctx, facts->links, facts->link_count, link);
	}
	return rc;
}

/* The network and RDMA devices of the device at path. */
static int add_children(struct dpu_ctx *ctx, const char *step, const char *path,
			const struct fact_place *place, struct facts *facts)
{
	const struct sysfs *sysfs = &linux_provider(ctx)->sysfs;
	char at[SYSFS_PATH_SIZE];
	struct sysfs_names names;
	struct fact_rdma rdma;
	size_t i;
	int rc;

	sysfs_path(at, "%s/net", path);
	rc = sysfs_list(ctx, sysfs, at, &names);
	if (rc < 0)
		return rc;
	for (i = 0; i < names.count && rc == 0; i++)
		rc = add_link(ctx, step, 0, names.entries[i].name, facts);
	sysfs_names_free(ctx, &names);
	sysfs_path(at, "%s/infiniband", path);
	if (rc == 0)
		rc = sysfs_list(ctx, sysfs, at, &names);
	if (rc < 0)
		return rc;
	for (i = 0; i < names.count && rc == 0; i++) {
		rdma_read(sysfs, names.entries[i].name, &rdma);
		rdma.place = *place;
		rc = ctx_append(ctx, facts->rdma, facts->rdma_count, rdma);
	}
	sysfs_names_free(ctx, &names);
	return rc;
}

/* The auxiliary device of a local SF: named by a newer kernel, else found among all. */
static int add_own_sf(struct dpu_ctx *ctx, const char *step, const struct fact_port *port,
		      struct facts *facts)
{
	struct linux_provider *machine = linux_provider(ctx);
	char path[SYSFS_PATH_SIZE];
	struct fact_sf *sf;
	size_t i;
	int rc;

	if (port_sf(port)) {
		struct fact_sf own = { .sfnum = port->sfnum, .bound = port->opstate != 0 };

		text_copy(own.name, sizeof(own.name), port_sf(port));
		text_copy(own.place.handle, sizeof(own.place.handle), port->handle);
		text_copy(own.place.sf, sizeof(own.place.sf), own.name);
		rc = add_sf(ctx, facts, &own);
	} else {
		rc = sfs_see(ctx);
		for (i = 0; rc == 0 && i < machine->sf_count; i++) {
			if (machine->sfs[i].sf.sfnum == port->sfnum && machine->sfs[i].sf.name[0])
				rc = add_sf(ctx, facts, &machine->sfs[i].sf);
		}
	}
	if (rc == 0)
		rc = facts_index_sfs(ctx, facts);
	for (sf = facts->sfs; rc == 0 && sf < facts->sfs + facts->sf_count; sf++) {
		if (sf->sfnum != port->sfnum || strcmp(sf->place.handle, port->handle) != 0)
			continue;
		look_for_driver(&machine->sysfs, sf);
		if (sysfs_path(path, "bus/auxiliary/devices/%s", sf->name))
			return add_children(ctx, step, path, &sf->place, facts);
	}
	return rc;
}

static int add_vf(struct dpu_ctx *ctx, const char *step, const struct fact_port *port, struct facts *facts)
{
	const struct sysfs *sysfs = &linux_provider(ctx)->sysfs;
	char path[SYSFS_PATH_SIZE];
	struct fact_place place;
	int rc;

	if (strncmp(port->handle, "pci/", 4) != 0)
		return 0;
	facts->pci = ctx_alloc(ctx, 2 * sizeof(*facts->pci));
	if (!facts->pci)
		return -ENOMEM;
	facts->pci_count = pci_pair(sysfs, port->handle + 4, port->vfnum, facts->pci);
	if (facts->pci_count < 2 ||
	    !sysfs_path(path, "bus/pci/devices/%s/virtfn%u", port->handle + 4, port->vfnum))
		return 0;
	sysfs_place(sysfs, path, &place);
	rc = facts_index_pci(ctx, facts);
	return rc < 0 ? rc : add_children(ctx, step, path, &place, facts);
}

int gather_port(struct dpu_ctx *ctx, const char *step, const char *handle, uint32_t index, bool function,
		struct facts *facts)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct fact_port *port;
	int rc;

	memset(facts, 0, sizeof(*facts));
	rc = devlink_present(ctx, machine);
	if (rc < 0)
		return ctx_fail_nomem(ctx, step);
	if (!rc || machine->rtnl.fd < 0)
		return gather(ctx, step, handle, false, facts);
	facts->ports = ctx_alloc(ctx, sizeof(*facts->ports));
	facts->devlinks = ctx_alloc(ctx, sizeof(*facts->devlinks));
	if (!facts->ports || !facts->devlinks) {
		facts_free(ctx, facts);
		return ctx_fail_nomem(ctx, step);
	}
	port = facts->ports;
	rc = devlink_port(ctx, machine, step, handle, index, port);
	if (rc < 0) {
		facts_free(ctx, facts);
		return rc;
	}
	facts->port_count = facts->devlink_count = 1;
	/* It has answered by this name: it need not be placed to be found. */
	text_copy(facts->devlinks->handle, sizeof(facts->devlinks->handle), handle);
	text_copy(facts->devlinks->place.handle, sizeof(facts->devlinks->place.handle), handle);
	if (function && port->flavour == DPU_PORT_PCISF && !port->controller && !port->external)
		rc = add_own_sf(ctx, step, port, facts);
	if (function && port->flavour == DPU_PORT_PCIVF && !port->controller && !port->external)
		rc = add_vf(ctx, step, port, facts);
	if (rc == 0 && port->ifindex)
		rc = add_link(ctx, step, port->ifindex, NULL, facts);
	if (rc == 0)
		rc = facts_index(ctx, facts);
	if (rc < 0) {
		facts_free(ctx, facts);
		return ctx_fail_nomem(ctx, step);
	}
	return 0;
}
