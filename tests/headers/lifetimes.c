/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program as users write it: it links the shared library, holds one more reference of each kind of object, and
 * lets go of parents before children.
 */
#include <dpu/dpu.h>
#include "tap.h"

static void virtq_side(void)
{
	struct dpu_memory_map *map = NULL;
	struct dpu_virtq *vq = NULL;
	size_t avail = 0, used = 0;
	int size = dpu_virtq_ring_size(DPU_VIRTQ_SPLIT, 8, &avail, &used);
	char *ring;

	must(size > 0);
	ring = aligned_alloc(4096, ((size_t)size + 4095) / 4096 * 4096);
	must(ring);
	memset(ring, 0, (size_t)size);
	must(dpu_memory_map_create(&map) == 0);
	DPU_OPTS(dpu_virtq_opts, opts, .desc = ring, .avail = ring + avail, .used = ring + used, .memory = map,
		 .side = DPU_VIRTQ_DEVICE, .size = 8);

	must(dpu_virtq_create(&opts, &vq) == 0);
	ok(dpu_memory_map_ref(map) == map, "a memory map gives itself");
	ok(dpu_virtq_ref(vq) == vq, "a queue gives itself");
	dpu_memory_map_unref(map);
	dpu_memory_map_unref(map);
	dpu_virtq_unref(vq);
	is_int(dpu_virtq_pending(vq), 0);
	ok(!dpu_virtq_unref(vq), "a queue outlives the map's other references");
	free(ring);
}

int main(void)
{
	struct dpu_ctx *ctx = NULL;
	struct dpu_device *device = NULL;
	struct dpu_port *port = NULL;
	struct dpu_function *function = NULL;
	struct dpu_flow_table *table = NULL;
	struct dpu_flow_rule *rule = NULL;
	struct dpu_eswitch *eswitch = NULL;
	char version[32];

	snprintf(version, sizeof(version), "%d.%d.%d", DPU_VERSION_MAJOR, DPU_VERSION_MINOR, DPU_VERSION_PATCH);
	is_str(dpu_version_string(), version);

	must(dpu_ctx_open("sim:", NULL, &ctx) == 0);
	must(dpu_device_find(ctx, "p0", &device) == 0);
	must(dpu_port_find(ctx, "en3f0pf0sf0", &port) == 0);
	must(dpu_function_find(ctx, "enp3s0f0s0", &function) == 0);
	must(dpu_flow_table_open(device, NULL, &table) == 0);
	must(dpu_flow_rule_parse(ctx, "priority=7,in_port=p0 actions=drop", &rule) == 0);
	must(dpu_eswitch_open(device, &eswitch) == 0);

	ok(dpu_ctx_ref(ctx) == ctx, "a context gives itself");
	ok(dpu_device_ref(device) == device, "a device gives itself");
	ok(dpu_port_ref(port) == port, "a port gives itself");
	ok(dpu_function_ref(function) == function, "a function gives itself");
	ok(dpu_flow_table_ref(table) == table, "a flow table gives itself");
	ok(dpu_flow_rule_ref(rule) == rule, "a rule gives itself");
	ok(dpu_eswitch_ref(eswitch) == eswitch, "a data path gives itself");

	/* Both references of the parents go first. */
	dpu_ctx_unref(ctx);
	dpu_ctx_unref(ctx);
	dpu_device_unref(device);
	dpu_device_unref(device);

	is_int(dpu_flow_rule_priority(rule), 7);
	is_int(dpu_flow_insert(table, rule, NULL), 0);
	is_int(dpu_eswitch_process(eswitch), 0);
	is_str(dpu_device_handle(dpu_port_device(port)), "pci/0000:03:00.0");
	is_str(dpu_device_firmware_version(dpu_function_device(function)), "32.41.1000");
	is_str(dpu_ctx_uri(dpu_device_ctx(dpu_port_device(port))), "sim:");

	dpu_eswitch_unref(eswitch);
	dpu_eswitch_unref(eswitch);
	dpu_flow_rule_unref(rule);
	dpu_flow_rule_unref(rule);
	dpu_port_unref(port);
	dpu_port_unref(port);
	dpu_flow_table_unref(table);
	is_int(dpu_flow_flush(table), 1);
	ok(!dpu_flow_table_unref(table), "what a table needs lives as long as the table");
	dpu_function_unref(function);
	is_str(dpu_function_netdev(function), "enp3s0f0s0");
	ok(!dpu_function_unref(function), "the last object closes the context");

	virtq_side();
	return tap_done();
}
