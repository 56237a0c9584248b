/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flows: installs two rules between an uplink and a host, lists them. usage: offload-flow [URI [DEVICE]] */
#include <dpu/dpu.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int list(struct dpu_flow_table *table)
{
	struct dpu_flow_list *flows;
	char text[256];
	uint64_t id;
	size_t i;
	int rc;

	rc = dpu_flow_list(table, &flows);
	if (rc < 0)
		return rc;
	for (i = 0; i < dpu_flow_list_count(flows); i++) {
		DPU_OPTS(dpu_flow_stats, stats);

		dpu_flow_rule_format(dpu_flow_list_get(flows, i, &id, &stats), text, sizeof(text));
		printf("%" PRIu64 ": %" PRIu64 " packets, %s\n", id, stats.packets, text);
	}
	dpu_flow_list_unref(flows);
	return 0;
}

int main(int argc, char **argv)
{
	char error[512] = "";
	DPU_OPTS(dpu_ctx_opts, ctx_opts, .error = error, .error_size = sizeof(error));
	struct dpu_flow_table *fdb = NULL;
	struct dpu_device *device = NULL;
	uint64_t to_host = DPU_FLOW_NONE, to_wire = DPU_FLOW_NONE;
	struct dpu_ctx *ctx;
	int rc;

	if (dpu_ctx_open(argc > 1 ? argv[1] : "sim:", &ctx_opts, &ctx) < 0) {
		fprintf(stderr, "%s\n", error);
		return EXIT_FAILURE;
	}
	rc = dpu_device_find(ctx, argc > 2 ? argv[2] : "p0", &device);
	if (rc == 0)
		rc = dpu_flow_table_open(device, NULL, &fdb);
	if (rc == 0)
		rc = dpu_flow_insert_text(fdb, "in_port=p0,tcp,tp_dst=80 actions=output:pf0hpf", &to_host);
	if (rc == 0)
		rc = dpu_flow_insert_text(fdb, "in_port=pf0hpf,ip actions=push_vlan:5,output:p0", &to_wire);
	if (rc == 0)
		rc = list(fdb);
	if (rc < 0)
		fprintf(stderr, "%s\n", dpu_ctx_error_text(ctx));
	/* Rules outlive the table's handle: what was put in is taken out again. */
	if (to_wire != DPU_FLOW_NONE)
		dpu_flow_delete(fdb, to_wire);
	if (to_host != DPU_FLOW_NONE)
		dpu_flow_delete(fdb, to_host);
	dpu_flow_table_unref(fdb);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
