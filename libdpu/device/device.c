/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "core/list.h"
#include "device/find.h"

static void device_destroy(struct dpu_device *device)
{
	struct dpu_ctx *ctx = device->ctx;

	ctx_free(ctx, device);
	dpu_ctx_unref(ctx);
}

DEFINE_REF(dpu_device, device_destroy)
DEFINE_LIST(dpu_device_list, dpu_device)

static int device_wrap(struct dpu_ctx *ctx, const struct provider_device *info, struct dpu_device **ret)
{
	struct dpu_device *device = ctx_alloc(ctx, sizeof(*device));

	if (!device)
		return ctx_fail_nomem(ctx, "list devices");
	ref_init(&device->ref);
	device->ctx = dpu_ctx_ref(ctx);
	device->info = *info;
	*ret = device;
	return 0;
}

int dpu_device_list(struct dpu_ctx *ctx, struct dpu_device_list **ret)
{
	struct provider_device *infos = NULL;
	struct dpu_device_list *list;
	size_t count = 0;
	size_t i;
	int rc;

	rc = ctx->ops->devices(ctx, &infos, &count);
	if (rc < 0)
		return rc;
	list = dpu_device_list_alloc(ctx, count);
	if (!list) {
		rc = ctx_fail_nomem(ctx, "list devices");
		goto out;
	}
	for (i = 0; i < count; i++) {
		rc = device_wrap(ctx, &infos[i], &list->items[i]);
		if (rc < 0) {
			dpu_device_list_unref(list);
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

static bool same(const char *value, const char *name)
{
	return value[0] && !strcmp(value, name);
}

static enum find_rank answers_to(const struct provider_device *info, const char *name)
{
	if (same(info->handle, name) || same(info->pci_address, name) || same(info->netdev, name))
		return FIND_EXACT;
	/* "03:00.0" is short for domain 0000, as lspci has it. Bonded uplinks share their RDMA device. */
	if (same(info->rdma_device, name) ||
	    (!strncmp(info->pci_address, "0000:", 5) && same(info->pci_address + 5, name)))
		return FIND_LOOSE;
	return FIND_NOT;
}

int dpu_device_find(struct dpu_ctx *ctx, const char *name, struct dpu_device **ret)
{
	struct provider_device *infos = NULL;
	const struct provider_device *found = NULL;
	struct find find;
	size_t count = 0;
	size_t i;
	int rc;

	rc = find_begin(ctx, &find, "device", name);
	if (rc == 0)
		rc = ctx->ops->devices(ctx, &infos, &count);
	if (rc < 0)
		return rc;
	for (i = 0; i < count; i++) {
		if (find_take(&find, answers_to(&infos[i], name), infos[i].handle))
			found = &infos[i];
	}
	rc = find_end(ctx, &find, "list the devices to see what there is");
	if (rc == 0)
		rc = device_wrap(ctx, found, ret);
	ctx_free(ctx, infos);
	return rc;
}

struct dpu_ctx *dpu_device_ctx(struct dpu_device *device)
{
	return device->ctx;
}

const char *dpu_device_handle(struct dpu_device *device)
{
	return device->info.handle;
}

const char *dpu_device_pci_address(struct dpu_device *device)
{
	return device->info.pci_address[0] ? device->info.pci_address : NULL;
}

enum dpu_device_kind dpu_device_kind(struct dpu_device *device)
{
	return device->info.kind;
}

const char *dpu_device_model(struct dpu_device *device)
{
	return device->info.model;
}

const char *dpu_device_driver(struct dpu_device *device)
{
	return device->info.driver;
}

uint16_t dpu_device_vendor_id(struct dpu_device *device)
{
	return device->info.vendor_id;
}

uint16_t dpu_device_device_id(struct dpu_device *device)
{
	return device->info.device_id;
}

const char *dpu_device_firmware_version(struct dpu_device *device)
{
	return device->info.firmware_version;
}

const char *dpu_device_psid(struct dpu_device *device)
{
	return device->info.psid;
}

const char *dpu_device_serial_number(struct dpu_device *device)
{
	return device->info.serial_number;
}

const char *dpu_device_bsp_release(struct dpu_device *device)
{
	return device->info.bsp_release;
}

const char *dpu_device_netdev(struct dpu_device *device)
{
	return device->info.netdev;
}

uint32_t dpu_device_ifindex(struct dpu_device *device)
{
	return device->info.ifindex;
}

const char *dpu_device_rdma_device(struct dpu_device *device)
{
	return device->info.rdma_device;
}

int dpu_device_numa_node(struct dpu_device *device)
{
	return device->info.numa_node;
}
