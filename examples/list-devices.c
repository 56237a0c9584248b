/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Discovery: every device with its ports. usage: list-devices [URI] */
#include <dpu/dpu.h>
#include <stdio.h>
#include <stdlib.h>

static int list_ports(struct dpu_device *device)
{
	struct dpu_port_list *ports;
	struct dpu_port *port;
	size_t i;

	if (dpu_port_list(device, &ports) < 0)
		return -1;
	for (i = 0; i < dpu_port_list_count(ports); i++) {
		port = dpu_port_list_get(ports, i);
		printf("  port %-8u %-9s %s\n", dpu_port_index(port),
		       dpu_port_flavour_name(dpu_port_flavour(port)), dpu_port_netdev(port));
	}
	dpu_port_list_unref(ports);
	return 0;
}

int main(int argc, char **argv)
{
	char error[512];
	DPU_OPTS(dpu_ctx_opts, opts, .error = error, .error_size = sizeof(error));
	struct dpu_device_list *devices;
	struct dpu_device *device;
	struct dpu_ctx *ctx;
	int code = EXIT_SUCCESS;
	size_t i;

	if (dpu_ctx_open(argc > 1 ? argv[1] : "sim:", &opts, &ctx) < 0) {
		fprintf(stderr, "%s\n", error);
		return EXIT_FAILURE;
	}
	if (dpu_device_list(ctx, &devices) < 0) {
		fprintf(stderr, "%s\n", dpu_ctx_error_text(ctx));
		dpu_ctx_unref(ctx);
		return EXIT_FAILURE;
	}
	for (i = 0; i < dpu_device_list_count(devices); i++) {
		device = dpu_device_list_get(devices, i);
		printf("%s: %s, %s\n", dpu_device_handle(device),
		       dpu_device_kind_name(dpu_device_kind(device)), dpu_device_model(device));
		if (list_ports(device) < 0) {
			fprintf(stderr, "%s\n", dpu_ctx_error_text(ctx));
			code = EXIT_FAILURE;
		}
	}
	dpu_device_list_unref(devices);
	dpu_ctx_unref(ctx);
	return code;
}
