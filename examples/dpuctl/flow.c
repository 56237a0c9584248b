/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* flow: the rules of a device's e-switch. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"

static int list_of(struct cli *cli, struct dpu_device *device, void *arg)
{
	json_t *rows = arg;
	struct dpu_flow_table *table;
	struct dpu_flow_list *list;
	struct dpu_flow_rule *rule;
	char text[4096];
	uint64_t id;
	size_t i;
	int rc;

	rc = dpu_flow_table_open(device, NULL, &table);
	if (rc == 0) {
		rc = dpu_flow_list(table, &list);
		dpu_flow_table_unref(table);
	}
	if (rc < 0) /* of all devices, some may be in legacy or NIC mode */
		return cli_fail_listing(cli);
	for (i = 0; i < dpu_flow_list_count(list); i++) {
		DPU_OPTS(dpu_flow_stats, stats);

		rule = dpu_flow_list_get(list, i, &id, &stats);
		dpu_flow_rule_format(rule, text, sizeof(text));
		json_array_append_new(rows, json_pack("{s:s, s:I, s:I, s:I, s:s}", "device",
						      dpu_device_handle(device), "id", (json_int_t)id,
						      "packets", (json_int_t)stats.packets, "bytes",
						      (json_int_t)stats.bytes, "rule", text));
	}
	dpu_flow_list_unref(list);
	return EXIT_OK;
}

static int flow_list(struct cli *cli, int argc, char **argv)
{
	static const struct column columns[] = {
		{ "device", "DEVICE" }, { "id", "ID" },     { "packets", "PACKETS" },
		{ "bytes", "BYTES" },   { "rule", "RULE" }, { NULL, NULL },
	};

	return cli_list(cli, argc, argv, list_of, columns);
}

static int do_add(struct cli *cli, struct dpu_device *device, void *arg)
{
	struct dpu_flow_table *table;
	uint64_t id;
	int rc;

	if (dpu_flow_table_open(device, NULL, &table) < 0)
		return cli_fail(cli);
	rc = dpu_flow_insert_text(table, arg, &id);
	dpu_flow_table_unref(table);
	if (rc < 0)
		return cli_fail(cli);
	return cli_done(cli,
			json_pack("{s:s, s:I}", "device", dpu_device_handle(device), "id", (json_int_t)id),
			"flow %" PRIu64 " added", id);
}

static int flow_add(struct cli *cli, int argc, char **argv)
{
	char *text;
	size_t size = 1;
	int i, code;

	if (argc < 2)
		return cli_usage(cli, "a device and a rule are needed");
	/* An unquoted rule comes as several words. */
	for (i = 1; i < argc; i++)
		size += strlen(argv[i]) + 1;
	text = calloc(1, size);
	if (!text) {
		fprintf(stderr, "dpuctl: out of memory\n");
		return EXIT_FAILED;
	}
	for (i = 1; i < argc; i++) {
		strcat(text, argv[i]);
		if (i + 1 < argc)
			strcat(text, " ");
	}
	code = cli_each_device(cli, argv[0], do_add, text);
	free(text);
	return code;
}

static int do_delete(struct cli *cli, struct dpu_device *device, void *arg)
{
	struct dpu_flow_table *table;
	uint64_t *id = arg;
	int rc;

	if (dpu_flow_table_open(device, NULL, &table) < 0)
		return cli_fail(cli);
	rc = dpu_flow_delete(table, *id);
	dpu_flow_table_unref(table);
	if (rc < 0)
		return cli_fail(cli);
	return cli_done(
		cli, json_pack("{s:s, s:I}", "device", dpu_device_handle(device), "deleted", (json_int_t)*id),
		"flow %" PRIu64 " deleted", *id);
}

static int flow_del(struct cli *cli, int argc, char **argv)
{
	uint64_t id;

	if (argc != 2)
		return cli_usage(cli, "a device and a flow's id are needed");
	if (!cli_number(cli, "the id", argv[1], 0, INT64_MAX, &id))
		return EXIT_USAGE;
	return cli_each_device(cli, argv[0], do_delete, &id);
}

static int do_flush(struct cli *cli, struct dpu_device *device, void *arg)
{
	struct dpu_flow_table *table;
	int rc;

	(void)arg;
	if (dpu_flow_table_open(device, NULL, &table) < 0)
		return cli_fail(cli);
	rc = dpu_flow_flush(table);
	dpu_flow_table_unref(table);
	if (rc < 0)
		return cli_fail(cli);
	return cli_done(cli, json_pack("{s:s, s:i}", "device", dpu_device_handle(device), "flushed", rc),
			"%d flows deleted", rc);
}

static int flow_flush(struct cli *cli, int argc, char **argv)
{
	if (argc != 1)
		return cli_usage(cli, "a device is needed");
	return cli_each_device(cli, argv[0], do_flush, NULL);
}

const struct command flow_commands[] = {
	{ "flow list", "[DEVICE]", "Lists the rules of an e-switch by falling priority, with their counters.",
	  flow_list },
	{ "flow add", "DEVICE RULE",
	  "Adds a rule, such as \"in_port=p0,tcp,tp_dst=80 actions=output:pf0hpf\"; dpu-flow(7).", flow_add },
	{ "flow del", "DEVICE ID", "Deletes a rule.", flow_del },
	{ "flow flush", "DEVICE", "Deletes every rule.", flow_flush },
	{ NULL, NULL, NULL, NULL },
};
