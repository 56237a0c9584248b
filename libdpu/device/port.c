/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include "core/list.h"
#include "core/opts.h"
#include "device/find.h"

_Static_assert(sizeof(struct dpu_port_stats) == offsetof(struct dpu_port_stats, misses) + sizeof(uint64_t),
	       "dpu_port_stats has tail padding");

static void port_destroy(struct dpu_port *port)
{
	struct dpu_device *device = port->device;

	ctx_free(device->ctx, port);
	dpu_device_unref(device);
}

DEFINE_REF(dpu_port, port_destroy)
DEFINE_LIST(dpu_port_list, dpu_port)

int port_wrap(struct dpu_device *device, const struct provider_port *info, struct dpu_port **ret)
{
	struct dpu_port *port = ctx_alloc(device->ctx, sizeof(*port));

	if (!port)
		return ctx_fail_nomem(device->ctx, "list ports");
	ref_init(&port->ref);
	port->device = dpu_device_ref(device);
	port->info = *info;
	*ret = port;
	return 0;
}

int dpu_port_list(struct dpu_device *device, struct dpu_port_list **ret)
{
	struct dpu_ctx *ctx = device->ctx;
	struct provider_port *infos = NULL;
	struct dpu_port_list *list;
	size_t count = 0;
	size_t i;
	int rc;

	rc = ctx->ops->ports(ctx, device->info.handle, &infos, &count);
	if (rc < 0)
		return rc;
	list = dpu_port_list_alloc(ctx, count);
	if (!list) {
		rc = ctx_fail_nomem(ctx, "list ports");
		goto out;
	}
	for (i = 0; i < count; i++) {
		rc = port_wrap(device, &infos[i], &list->items[i]);
		if (rc < 0) {
			dpu_port_list_unref(list);
			goto out;
		}
		list->count++;
	}
	*ret = list;
	rc = 0;
out:
	ctx_free(ctx, infos);
	return rc;
}

struct port_find {
	struct find find;
	struct dpu_port *found;
};

static int find_on(struct dpu_device *device, void *arg)
{
	struct port_find *search = arg;
	const char *name = search->find.name;
	struct dpu_port_list *list;
	enum find_rank rank;
	struct dpu_port *port;
	char handle[80];
	size_t i;
	int rc;

	rc = dpu_port_list(device, &list);
	if (rc < 0)
		return rc;
	for (i = 0; i < list->count; i++) {
		port = list->items[i];
		port_format(device->info.handle, port->info.index, handle, sizeof(handle));
		/* Each e-switch has its own "p0" and "pf0sf1". */
		rank = !strcmp(port->info.phys_port_name, name) ? FIND_LOOSE : FIND_NOT;
		if (!strcmp(port->info.netdev, name) || !strcmp(handle, name))
			rank = FIND_EXACT;
		if (find_take(&search->find, rank, handle)) {
			dpu_port_unref(search->found);
			search->found = dpu_port_ref(port);
		}
	}
	dpu_port_list_unref(list);
	return 0;
}

int dpu_port_find(struct dpu_ctx *ctx, const char *name, struct dpu_port **ret)
{
	struct port_find search = { .found = NULL };
	int rc;

	rc = find_begin(ctx, &search.find, "port", name);
	if (rc == 0)
		rc = device_each(ctx, find_on, &search);
	if (rc == 0)
		rc = find_end(ctx, &search.find, "show the device to see its ports");
	if (rc < 0) {
		dpu_port_unref(search.found);
		return rc;
	}
	*ret = search.found;
	return 0;
}

struct dpu_device *dpu_port_device(struct dpu_port *port)
{
	return port->device;
}

uint32_t dpu_port_index(struct dpu_port *port)
{
	return port->info.index;
}

enum dpu_port_flavour dpu_port_flavour(struct dpu_port *port)
{
	return port->info.flavour;
}

uint32_t dpu_port_controller(struct dpu_port *port)
{
	return port->info.controller;
}

uint32_t dpu_port_pfnum(struct dpu_port *port)
{
	return port->info.pfnum;
}

uint32_t dpu_port_vfnum(struct dpu_port *port)
{
	return port->info.vfnum;
}

uint32_t dpu_port_sfnum(struct dpu_port *port)
{
	return port->info.sfnum;
}

const char *dpu_port_netdev(struct dpu_port *port)
{
	return port->info.netdev;
}

uint32_t dpu_port_ifindex(struct dpu_port *port)
{
	return port->info.ifindex;
}

const char *dpu_port_phys_port_name(struct dpu_port *port)
{
	return port->info.phys_port_name;
}

const char *dpu_port_phys_switch_id(struct dpu_port *port)
{
	return port->info.phys_switch_id;
}

int dpu_port_stats(struct dpu_port *port, struct dpu_port_stats *stats)
{
	DPU_OPTS(dpu_port_stats, result);
	struct dpu_ctx *ctx = port->device->ctx;
	int rc;

	if (!opts_valid(stats))
		return ctx_fail(ctx, -EINVAL, "port_stats", port->info.netdev, "sz is not set");
	rc = ctx->ops->port_stats(ctx, port->device->info.handle, port->info.index, &result);
	if (rc < 0)
		return rc;
	opts_write(stats, &result, sizeof(result));
	return 0;
}
