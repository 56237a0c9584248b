/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Life cycle: makes a scalable function, shows it, deletes it. usage: create-sf [URI [DEVICE [SFNUM]]] */
#include <dpu/dpu.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	char error[512] = "";
	DPU_OPTS(dpu_ctx_opts, ctx_opts, .error = error, .error_size = sizeof(error));
	static const uint8_t mac[6] = { 0x02, 0x25, 0xf2, 0x8d, 0xa2, 0x5c };
	DPU_OPTS(dpu_sf_opts, opts, .hw_addr = mac, .sfnum = 88);
	struct dpu_device *device = NULL;
	struct dpu_function *sf = NULL;
	struct dpu_ctx *ctx;
	int rc;

	if (dpu_ctx_open(argc > 1 ? argv[1] : "sim:", &ctx_opts, &ctx) < 0) {
		fprintf(stderr, "%s\n", error);
		return EXIT_FAILURE;
	}
	if (argc > 3)
		opts.sfnum = (uint32_t)strtoul(argv[3], NULL, 0);
	rc = dpu_device_find(ctx, argc > 2 ? argv[2] : "p0", &device);
	if (rc == 0)
		rc = dpu_sf_create(device, &opts, 5000, &sf); /* usable within 5 s, or nothing was made */
	if (rc == 0) {
		printf("netdev       %s\n", dpu_function_netdev(sf));
		printf("RDMA device  %s\n", dpu_function_rdma_device(sf));
		printf("representor  %s\n", dpu_port_netdev(dpu_function_representor(sf)));
		rc = dpu_sf_delete(sf, 5000);
	}
	if (rc < 0)
		fprintf(stderr, "%s\n", dpu_ctx_error_text(ctx));
	else
		printf("deleted\n");
	dpu_function_unref(sf);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
