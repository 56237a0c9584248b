/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include "conformance.h"

static size_t count_flavour(struct dpu_device *device, enum dpu_port_flavour flavour)
{
	struct dpu_port_list *ports;
	size_t i, count = 0;

	must(dpu_port_list(device, &ports) == 0);
	for (i = 0; i < dpu_port_list_count(ports); i++)
		count += dpu_port_flavour(dpu_port_list_get(ports, i)) == flavour;
	dpu_port_list_unref(ports);
	return count;
}

void chapter_eswitch(struct dpu_ctx *ctx)
{
	struct dpu_device *device = conformance_eswitch_device(ctx);
	enum dpu_eswitch_mode mode = DPU_ESWITCH_LEGACY;
	struct dpu_function_list *functions;
	struct dpu_flow_table *table = NULL;
	struct dpu_function *sf = NULL;
	size_t i;

	tap_diag("chapter: e-switch");
	if (!device || dpu_eswitch_mode_get(device, &mode) < 0 ||
	    dpu_eswitch_mode_set(device, mode, DEADLINE_MS) == -EOPNOTSUPP) {
		tap_skip("no e-switch that this world can change");
		dpu_device_unref(device);
		return;
	}
	is_int(dpu_eswitch_mode_set(device, DPU_ESWITCH_LEGACY, DEADLINE_MS), 0);
	is_int(dpu_eswitch_mode_get(device, &mode), 0);
	is_int(mode, DPU_ESWITCH_LEGACY);
	is_int(count_flavour(device, DPU_PORT_PCIPF), 0);
	is_int(count_flavour(device, DPU_PORT_PCISF), 0);
	must(dpu_function_list(device, &functions) == 0);
	for (i = 0; i < dpu_function_list_count(functions); i++) {
		ok(dpu_function_representor(dpu_function_list_get(functions, i)) == NULL,
		   "in legacy mode a function has no representor");
		ok(dpu_function_type(dpu_function_list_get(functions, i)) != DPU_FUNCTION_SF,
		   "in legacy mode there is no SF");
	}
	dpu_function_list_unref(functions);
	is_int(dpu_flow_table_open(device, NULL, &table), -EOPNOTSUPP);

	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 500);
	is_int(dpu_sf_create(device, &opts, DEADLINE_MS, &sf), -EOPNOTSUPP);
	contains(dpu_ctx_error_text(ctx), "legacy");

	is_int(dpu_eswitch_mode_set(device, DPU_ESWITCH_SWITCHDEV, DEADLINE_MS), 0);
	is_int(dpu_eswitch_mode_set(device, DPU_ESWITCH_SWITCHDEV, DEADLINE_MS), 0);
	is_int(dpu_eswitch_mode_get(device, &mode), 0);
	is_int(mode, DPU_ESWITCH_SWITCHDEV);
	is_int(dpu_eswitch_mode_set(device, (enum dpu_eswitch_mode)7, DEADLINE_MS), -EINVAL);
	is_int(count_flavour(device, DPU_PORT_PHYSICAL), 1);
	must(dpu_function_list(device, &functions) == 0);
	for (i = 0; i < dpu_function_list_count(functions); i++)
		ok(dpu_port_netdev(dpu_function_representor(dpu_function_list_get(functions, i)))[0],
		   "in switchdev mode a function has its representor when the call returns");
	dpu_function_list_unref(functions);
	is_str(dpu_eswitch_mode_name(mode), "switchdev");
	is_int(dpu_eswitch_mode_parse("legacy", &mode), 0);
	is_int(mode, DPU_ESWITCH_LEGACY);
	is_int(dpu_eswitch_mode_parse("bridge", &mode), -EINVAL);
	dpu_device_unref(device);
}
