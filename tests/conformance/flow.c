/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include "conformance.h"

static bool listed(struct dpu_flow_table *table, uint64_t id, const char *text)
{
	struct dpu_flow_list *list;
	struct dpu_flow_rule *rule;
	bool found = false;
	char line[512];
	uint64_t other;
	size_t i;

	must(dpu_flow_list(table, &list) == 0);
	for (i = 0; i < dpu_flow_list_count(list) && !found; i++) {
		rule = dpu_flow_list_get(list, i, &other, NULL);
		dpu_flow_rule_format(rule, line, sizeof(line));
		found = other == id && strstr(line, text);
	}
	ok(dpu_flow_list_get(list, dpu_flow_list_count(list), &other, NULL) == NULL,
	   "there is nothing past the end");
	dpu_flow_list_unref(list);
	return found;
}

static void rules(struct dpu_flow_table *table, const char *uplink)
{
	uint64_t first = 0, second = 0, untouched = 77;
	char text[128];
	DPU_OPTS(dpu_flow_stats, stats);

	snprintf(text, sizeof(text), "in_port=%s,tcp,tp_dst=80 actions=drop", uplink);
	is_int(dpu_flow_insert_text(table, text, &first), 0);
	ok(first != DPU_FLOW_NONE, "a rule has an id");
	ok(listed(table, first, "tp_dst=80"), "it is listed");
	is_int(dpu_flow_insert_text(table, text, &untouched), -EEXIST);
	is_int(dpu_flow_insert_text(table, "in_port=no-such-port actions=drop", &untouched), -ENODEV);
	is_int(dpu_flow_insert_text(table, "actions=output:no-such-port", &untouched), -ENODEV);
	is_int(dpu_flow_insert_text(table, "tp_dst=80 actions=drop", &untouched), -EINVAL);
	is_int(dpu_flow_insert_text(table, "nonsense", &untouched), -EINVAL);
	is_int(untouched, 77);
	is_int(dpu_flow_insert_text(table, "priority=7,arp actions=drop", &second), 0);
	ok(second != first, "another rule has another id");
	is_int(dpu_flow_stats(table, first, &stats), 0);
	is_int(stats.packets, 0);
	is_int(dpu_flow_stats(table, 123456789, &stats), -ENOENT);
	is_int(dpu_flow_delete(table, first), 0);
	is_int(dpu_flow_delete(table, first), -ENOENT);
	ok(!listed(table, first, "tp_dst"), "a deleted rule is no longer listed");
	is_int(dpu_flow_flush(table), 1);
	is_int(dpu_flow_flush(table), 0);
}

void chapter_flow(struct dpu_ctx *ctx)
{
	struct dpu_device *device = conformance_eswitch_device(ctx);
	DPU_OPTS(dpu_flow_table_opts, opts, .reserved = 1);
	struct dpu_flow_table *table = NULL, *again = NULL;
	uint64_t id = 0, ids[1];
	struct dpu_flow_packet packet = { "", 0, 0 };

	tap_diag("chapter: flow");
	if (!device || dpu_flow_table_open(device, NULL, &table) < 0) {
		tap_skip("no flow table here: %s", device ? dpu_ctx_error_text(ctx) : "no e-switch");
		dpu_device_unref(device);
		return;
	}
	rules(table, dpu_device_netdev(device));
	is_int(dpu_flow_lookup(table, &packet, 1, ids), -EOPNOTSUPP);

	/* Rules outlive the handle. */
	is_int(dpu_flow_insert_text(table, "arp actions=drop", &id), 0);
	table = dpu_flow_table_unref(table);
	is_int(dpu_flow_table_open(device, NULL, &again), 0);
	ok(listed(again, id, "arp"), "another handle shows the rule");
	is_int(dpu_flow_delete(again, id), 0);
	dpu_flow_table_unref(again);
	is_int(dpu_flow_table_open(device, &opts, &again), -EINVAL);
	dpu_device_unref(device);
}
