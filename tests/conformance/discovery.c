/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include "conformance.h"

static bool same_device(struct dpu_device *a, struct dpu_device *b)
{
	return !strcmp(dpu_device_handle(a), dpu_device_handle(b));
}

/* Every name that a device has finds it again. */
static void found_by(struct dpu_ctx *ctx, struct dpu_device *device, const char *name)
{
	struct dpu_device *found = NULL;

	if (!name || !name[0])
		return;
	ok(dpu_device_find(ctx, name, &found) == 0 && same_device(found, device), "%s is found as %s",
	   dpu_device_handle(device), name);
	dpu_device_unref(found);
}

static void ports_of(struct dpu_ctx *ctx, struct dpu_device *device)
{
	uint32_t last = 0;
	struct dpu_port_list *ports;
	struct dpu_port *port, *found;
	size_t i;

	if (!ok(dpu_port_list(device, &ports) == 0, "%s lists its ports", dpu_device_handle(device)))
		return;
	ok(dpu_port_list_get(ports, dpu_port_list_count(ports)) == NULL, "there is nothing past the end");
	for (i = 0; i < dpu_port_list_count(ports); i++) {
		port = dpu_port_list_get(ports, i);
		ok(i == 0 || dpu_port_index(port) > last, "port %u comes in order", dpu_port_index(port));
		last = dpu_port_index(port);
		ok(dpu_port_flavour_name(dpu_port_flavour(port)) != NULL, "its flavour has a name");
		if (!dpu_port_netdev(port)[0])
			continue;
		found = NULL;
		ok(dpu_port_find(ctx, dpu_port_netdev(port), &found) == 0 && dpu_port_index(found) == last,
		   "%s finds it", dpu_port_netdev(port));
		dpu_port_unref(found);
		ok(dpu_port_ifindex(port) != 0, "%s has an ifindex", dpu_port_netdev(port));
	}
	dpu_port_list_unref(ports);
}

static void refused(struct dpu_ctx *ctx)
{
	struct dpu_device *device = (struct dpu_device *)ctx;
	const char *reason = NULL;

	is_int(dpu_device_find(ctx, "no-such-device", &device), -ENODEV);
	ok(device == (struct dpu_device *)ctx, "the output is untouched on failure");
	is_int(dpu_error_code(dpu_ctx_error(ctx)), -ENODEV);
	is_str(dpu_error_object(dpu_ctx_error(ctx)), "no-such-device");
	contains(dpu_ctx_error_text(ctx), "find device no-such-device: no such device");
	ok(dpu_error_hint(dpu_ctx_error(ctx))[0], "there is a hint");
	is_int(dpu_device_find(ctx, "", &device), -EINVAL);
	is_int(dpu_device_find(ctx, NULL, &device), -EINVAL);
	is_int(dpu_ctx_facility(ctx, (enum dpu_facility)99, &reason), -EINVAL);
}

static void facilities(struct dpu_ctx *ctx)
{
	const char *reason, *name;
	int i, present;

	for (i = 0; (name = dpu_facility_name((enum dpu_facility)i)); i++) {
		reason = "unset";
		present = dpu_ctx_facility(ctx, (enum dpu_facility)i, &reason);
		ok(present == 1 ? reason == NULL : present == 0 && reason && reason[0],
		   "%s is present, or absent for a reason", name);
	}
	is_int(i, 4);
}

void chapter_discovery(struct dpu_ctx *ctx)
{
	struct dpu_device_list *list;
	struct dpu_device *device;
	const char *last = "";
	size_t i;

	tap_diag("chapter: discovery");
	facilities(ctx);
	must(dpu_device_list(ctx, &list) == 0);
	ok(dpu_device_list_get(list, dpu_device_list_count(list)) == NULL, "there is nothing past the end");
	for (i = 0; i < dpu_device_list_count(list); i++) {
		device = dpu_device_list_get(list, i);
		ok(dpu_device_ctx(device) == ctx, "%s knows its context", dpu_device_handle(device));
		ok(strcmp(dpu_device_handle(device), last) != 0, "its handle is its own");
		last = dpu_device_handle(device);
		ok(dpu_device_kind_name(dpu_device_kind(device)) != NULL, "its kind has a name");
		ok(!dpu_device_netdev(device)[0] == !dpu_device_ifindex(device),
		   "a netdev has an ifindex, and only it");
		ok(!dpu_device_pci_address(device) == !dpu_device_vendor_id(device) &&
			   !dpu_device_pci_address(device) == !dpu_device_device_id(device),
		   "a PCI function has its ids, and only it");
		ok(dpu_device_numa_node(device) >= -1, "its NUMA node is one, or unknown");
		found_by(ctx, device, dpu_device_handle(device));
		found_by(ctx, device, dpu_device_pci_address(device));
		found_by(ctx, device, dpu_device_netdev(device));
		found_by(ctx, device, dpu_device_rdma_device(device));
		ports_of(ctx, device);
	}
	if (!i)
		tap_skip("this world has no device");
	dpu_device_list_unref(list);
	refused(ctx);
}
