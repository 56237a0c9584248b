/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints what the linux: provider finds, one JSON object a line, for test-linux-oracle.sh. Names come from
 * the kernel and hold nothing that JSON would have to escape. An argument is another sysfs root. */
#include <stdio.h>
#include "provider/provider.h"

static const char *const facility_names[] = { "pci", "netdev", "devlink", "rdma" };

static void dump_device(struct dpu_ctx *ctx, const struct provider_device *device)
{
	struct provider_function *functions = NULL;
	struct provider_port *ports = NULL;
	size_t port_count = 0, function_count = 0, i;
	struct dpu_port_stats stats;
	uint32_t total = 0;
	int vfs;

	vfs = provider_linux.vf_count(ctx, device->handle, &total);
	printf("{\"what\":\"device\",\"handle\":\"%s\",\"pci\":\"%s\",\"kind\":%d,\"model\":\"%s\","
	       "\"driver\":\"%s\",\"vendor\":%u,\"device\":%u,\"firmware\":\"%s\",\"psid\":\"%s\","
	       "\"serial\":\"%s\",\"netdev\":\"%s\",\"ifindex\":%u,\"rdma\":\"%s\",\"numa\":%d,\"vfs\":%d}\n",
	       device->handle, device->pci_address, (int)device->kind, device->model, device->driver,
	       device->vendor_id, device->device_id, device->firmware_version, device->psid,
	       device->serial_number, device->netdev, device->ifindex, device->rdma_device, device->numa_node,
	       vfs);

	if (provider_linux.ports(ctx, device->handle, &ports, &port_count) < 0)
		return;
	for (i = 0; i < port_count; i++) {
		int rc = provider_linux.port_stats(ctx, device->handle, ports[i].index, &stats);

		printf("{\"what\":\"port\",\"handle\":\"%s\",\"index\":%u,\"flavour\":%d,\"controller\":%u,"
		       "\"pfnum\":%u,\"vfnum\":%u,\"sfnum\":%u,\"netdev\":\"%s\",\"ifindex\":%u,"
		       "\"phys_port_name\":\"%s\",\"phys_switch_id\":\"%s\",\"stats\":%d}\n",
		       device->handle, ports[i].index, (int)ports[i].flavour, ports[i].controller,
		       ports[i].pfnum, ports[i].vfnum, ports[i].sfnum, ports[i].netdev, ports[i].ifindex,
		       ports[i].phys_port_name, ports[i].phys_switch_id, rc);
	}
	provider_linux.functions(ctx, device->handle, &functions, &function_count);
	for (i = 0; i < function_count; i++)
		printf("{\"what\":\"function\",\"handle\":\"%s\",\"type\":%d,\"controller\":%u,\"pfnum\":%u,"
		       "\"number\":%u,\"netdev\":\"%s\",\"rdma\":\"%s\",\"aux\":\"%s\"}\n",
		       device->handle, (int)functions[i].type, functions[i].controller, functions[i].pfnum,
		       functions[i].number, functions[i].netdev, functions[i].rdma_device,
		       functions[i].aux_device);
	ctx_free(ctx, ports);
	ctx_free(ctx, functions);
}

int main(int argc, char **argv)
{
	struct dpu_ctx_opts opts = { .sz = sizeof(opts), .sysfs_root = argc > 1 ? argv[1] : NULL };
	struct provider_device *devices;
	struct dpu_ctx *ctx;
	const char *reason;
	size_t count, i;
	int present;

	if (ctx_create(&opts, &ctx) < 0)
		return 1;
	if (provider_linux.open(ctx, "", NULL) < 0 || provider_linux.devices(ctx, &devices, &count) < 0) {
		fprintf(stderr, "%s\n", dpu_ctx_error_text(ctx));
		return 1;
	}
	for (i = 0; i < 4; i++) {
		present = provider_linux.facility(ctx, (enum dpu_facility)i, &reason);
		printf("{\"what\":\"facility\",\"name\":\"%s\",\"present\":%d,\"reason\":\"%s\"}\n",
		       facility_names[i], present, reason ? reason : "");
	}
	for (i = 0; i < count; i++)
		dump_device(ctx, &devices[i]);
	ctx_free(ctx, devices);
	provider_linux.close(ctx);
	dpu_ctx_unref(ctx);
	return 0;
}
