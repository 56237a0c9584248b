/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "core/text.h"
#include "provider/linux/devlink.h"
#include "provider/linux/gather.h"
#include "provider/linux/join.h"
#include "provider/linux/pci.h"
#include "provider/linux/rdma.h"
#include "provider/linux/rtnl.h"

void facts_free(struct dpu_ctx *ctx, struct facts *facts)
{
	ctx_free(ctx, facts->pci);
	ctx_free(ctx, facts->links);
	ctx_free(ctx, facts->devlinks);
	ctx_free(ctx, facts->ports);
	ctx_free(ctx, facts->rdma);
	ctx_free(ctx, facts->sfs);
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
		if (strlen(names.names[i]) >= sizeof(links->name))
			continue;
		memset(&links[found], 0, sizeof(*links));
		read_link(sysfs, names.names[i], &links[found]);
		if (links[found].ifindex)
			found++;
	}
	sysfs_names_free(ctx, &names);
	*ret = links;
	*count = found;
	return 0;
}

static void place_link(const struct sysfs *sysfs, struct fact_link *link)
{
	char path[SYSFS_PATH_SIZE];
	uint64_t ifindex;

	/* The kernel names the parent by bus and name; an older one leaves it to sysfs, whose class/net may
	 * be another network namespace's: the ifindex tells. */
	if (link->parent_bus[0] && link->parent_name[0] &&
	    sysfs_path(path, "bus/%s/devices/%s", link->parent_bus, link->parent_name) &&
	    sysfs_exists(sysfs, path)) {
		sysfs_place(sysfs, path, &link->place);
		return;
	}
	memset(&link->place, 0, sizeof(link->place));
	if (sysfs_path(path, "class/net/%s/ifindex", link->name) &&
	    sysfs_number(sysfs, path, INT32_MAX, &ifindex) && ifindex == link->ifindex &&
	    sysfs_path(path, "class/net/%s/device", link->name))
		sysfs_place(sysfs, path, &link->place);
}

static void place_devlink(const struct sysfs *sysfs, struct fact_devlink *devlink)
{
	char path[SYSFS_PATH_SIZE];
	const char *slash = strchr(devlink->handle, '/');

	if (sysfs_path(path, "bus/%.*s/devices/%s", (int)(slash - devlink->handle), devlink->handle,
		       slash + 1))
		sysfs_place(sysfs, path, &devlink->place);
	/* Not in this sysfs, or on no bus: it is then its own hardware. */
	if (!devlink->place.handle[0])
		memcpy(devlink->place.handle, devlink->handle, sizeof(devlink->place.handle));
}

static int auxiliary_sfs(struct dpu_ctx *ctx, const struct sysfs *sysfs, struct fact_sf **ret, size_t *count)
{
	struct fact_sf *sfs = NULL;
	char path[SYSFS_PATH_SIZE];
	struct sysfs_names names;
	size_t i, found = 0;
	uint64_t sfnum;
	int rc;

	rc = sysfs_list(ctx, sysfs, "bus/auxiliary/devices", &names);
	for (i = 0; rc >= 0 && i < names.count; i++) {
		const char *name = names.names[i];
		struct fact_sf *sf;

		if (strlen(name) >= sizeof(sf->name) ||
		    !sysfs_path(path, "bus/auxiliary/devices/%s/sfnum", name) ||
		    !sysfs_number(sysfs, path, UINT32_MAX, &sfnum))
			continue;
		rc = ctx_grow(ctx, &sfs, found, sizeof(*sfs));
		if (rc < 0)
			break;
		sf = &sfs[found++];
		text_copy(sf->name, sizeof(sf->name), name);
		sf->sfnum = (uint32_t)sfnum;
		if (sysfs_path(path, "bus/auxiliary/devices/%s/driver", name))
			sf->bound = sysfs_exists(sysfs, path);
		if (sysfs_path(path, "bus/auxiliary/devices/%s", name))
			sysfs_place(sysfs, path, &sf->place);
	}
	sysfs_names_free(ctx, &names);
	if (rc < 0) {
		ctx_free(ctx, sfs);
		return rc;
	}
	*ret = sfs;
	*count = found;
	return 0;
}

static int gather_netlink(struct dpu_ctx *ctx, const char *step, struct facts *facts)
{
	struct linux_provider *machine = linux_provider(ctx);
	size_t i;
	int rc;

	if (machine->rtnl.fd >= 0)
		rc = rtnl_links(ctx, &machine->rtnl, step, &facts->links, &facts->link_count);
	else
		rc = sysfs_links(ctx, &machine->sysfs, &facts->links, &facts->link_count);
	if (rc < 0)
		return rc;
	for (i = 0; i < facts->link_count; i++)
		place_link(&machine->sysfs, &facts->links[i]);

	rc = devlink_present(ctx, machine);
	if (rc <= 0)
		return rc;
	rc = devlink_devices(ctx, machine, step, &facts->devlinks, &facts->devlink_count);
	if (rc < 0)
		return rc;
	for (i = 0; i < facts->devlink_count; i++)
		place_devlink(&machine->sysfs, &facts->devlinks[i]);
	return devlink_ports(ctx, machine, step, &facts->ports, &facts->port_count);
}

int gather(struct dpu_ctx *ctx, const char *step, struct facts *facts)
{
	struct linux_provider *machine = linux_provider(ctx);
	int rc;

	memset(facts, 0, sizeof(*facts));
	rc = pci_functions(ctx, &machine->sysfs, &facts->pci, &facts->pci_count);
	if (rc >= 0)
		rc = gather_netlink(ctx, step, facts);
	if (rc >= 0)
		rc = rdma_devices(ctx, &machine->sysfs, &facts->rdma, &facts->rdma_count);
	if (rc >= 0)
		rc = auxiliary_sfs(ctx, &machine->sysfs, &facts->sfs, &facts->sf_count);
	if (rc < 0) {
		facts_free(ctx, facts);
		return rc == -ENOMEM ? ctx_fail_nomem(ctx, step) : rc;
	}
	/* This file is the Arm cores' own: it says nothing about a recorded tree. */
	if (!machine->recorded)
		file_first_line("/etc/mlnx-release", facts->bsp_release, sizeof(facts->bsp_release));
	return 0;
}
