/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* list, show, stats: what there is. */
#include <stdio.h>
#include <string.h>
#include "cli.h"

static json_t *device_json(struct dpu_device *device)
{
	json_t *object = json_object();
	char text[16];

	json_object_set_new(object, "handle", json_string(dpu_device_handle(device)));
	json_object_set_new(object, "kind", json_string(dpu_device_kind_name(dpu_device_kind(device))));
	json_object_set_new(object, "model", cli_text(dpu_device_model(device)));
	json_object_set_new(object, "netdev", cli_text(dpu_device_netdev(device)));
	json_object_set_new(object, "ifindex", json_integer(dpu_device_ifindex(device)));
	json_object_set_new(object, "rdma_device", cli_text(dpu_device_rdma_device(device)));
	json_object_set_new(object, "driver", cli_text(dpu_device_driver(device)));
	json_object_set_new(object, "firmware", cli_text(dpu_device_firmware_version(device)));
	json_object_set_new(object, "psid", cli_text(dpu_device_psid(device)));
	json_object_set_new(object, "serial_number", cli_text(dpu_device_serial_number(device)));
	json_object_set_new(object, "bsp_release", cli_text(dpu_device_bsp_release(device)));
	json_object_set_new(object, "pci_address", cli_text(dpu_device_pci_address(device)));
	if (dpu_device_pci_address(device)) {
		snprintf(text, sizeof(text), "%04x:%04x", dpu_device_vendor_id(device),
			 dpu_device_device_id(device));
		json_object_set_new(object, "pci_id", json_string(text));
	}
	json_object_set_new(object, "numa_node",
			    dpu_device_numa_node(device) < 0 ? json_null()
							     : json_integer(dpu_device_numa_node(device)));
	return object;
}

static json_t *facilities_json(struct cli *cli)
{
	json_t *object = json_object();
	const char *name, *reason;
	int i, present;

	for (i = 0; (name = dpu_facility_name((enum dpu_facility)i)); i++) {
		present = dpu_ctx_facility(cli->ctx, (enum dpu_facility)i, &reason);
		json_object_set_new(object, name, present == 1 ? json_true() : cli_text(reason));
	}
	return object;
}

static int list(struct cli *cli, int argc, char **argv)
{
	static const struct column columns[] = {
		{ "handle", "DEVICE" },    { "kind", "KIND" },     { "netdev", "NETDEV" },
		{ "rdma_device", "RDMA" }, { "driver", "DRIVER" }, { "firmware", "FIRMWARE" },
		{ "model", "MODEL" },      { NULL, NULL },
	};
	json_t *rows, *facilities;
	struct dpu_device_list *list;
	const char *name;
	json_t *value;
	size_t i;

	if (argc)
		return cli_usage(cli, "\"%s\" is too much", argv[0]);
	if (dpu_device_list(cli->ctx, &list) < 0)
		return cli_fail(cli);
	rows = json_array();
	for (i = 0; i < dpu_device_list_count(list); i++)
		json_array_append_new(rows, device_json(dpu_device_list_get(list, i)));
	dpu_device_list_unref(list);
	facilities = facilities_json(cli);
	if (cli->json)
		return cli_object(cli, json_pack("{s:o, s:o}", "devices", rows, "facilities", facilities));
	cli_rows(cli, rows, columns);
	json_object_foreach(facilities, name, value) {
		if (!json_is_true(value))
			printf("absent: %s (%s)\n", name,
			       json_is_string(value) ? json_string_value(value) : "unknown");
	}
	json_decref(facilities);
	return EXIT_OK;
}

/* What the modes are, as far as they can be told. */
static void add_modes(struct dpu_device *device, json_t *object)
{
	DPU_OPTS(dpu_mode_info, info);
	enum dpu_eswitch_mode mode;
	uint32_t total;
	int count;

	if (dpu_mode_get(device, &info) == 0) {
		json_object_set_new(object, "mode", json_string(dpu_mode_name((enum dpu_mode)info.current)));
		json_object_set_new(object, "mode_next_boot",
				    json_string(dpu_mode_name((enum dpu_mode)info.next)));
		json_object_set_new(object, "reset_needed",
				    json_string(dpu_reset_name((enum dpu_reset)info.reset)));
	}
	if (dpu_eswitch_mode_get(device, &mode) == 0) {
		json_object_set_new(object, "eswitch_mode", json_string(dpu_eswitch_mode_name(mode)));
		cli_add_eswitch(device, object);
	}
	count = dpu_vf_count(device, &total);
	if (count >= 0) {
		json_object_set_new(object, "vfs", json_integer(count));
		json_object_set_new(object, "vfs_total", json_integer(total));
	}
	count = dpu_vf_msix_total(device);
	if (count >= 0)
		json_object_set_new(object, "vf_msix_total", json_integer(count));
}

/* An array of kind, name and value; empty for a device that tells none. */
static json_t *version_rows(struct dpu_device *device)
{
	const struct dpu_device_version *version;
	struct dpu_device_version_list *list;
	json_t *rows = json_array();
	size_t i;

	if (dpu_device_version_list(device, &list) < 0)
		return rows;
	for (i = 0; i < dpu_device_version_list_count(list); i++) {
		version = dpu_device_version_list_get(list, i);
		json_array_append_new(
			rows,
			json_pack("{s:o, s:o, s:o}", "kind",
				  cli_text(dpu_version_kind_name((enum dpu_version_kind)version->kind)),
				  "name", cli_string(version->name), "value", cli_string(version->value)));
	}
	dpu_device_version_list_unref(list);
	return rows;
}

/* As devlink -j has them: by kind, then by name. */
static json_t *versions_json(const json_t *rows)
{
	json_t *object = json_object(), *row, *kind;
	const char *name;
	size_t i;
	int k;

	for (k = 0; (name = dpu_version_kind_name((enum dpu_version_kind)k)); k++) {
		kind = json_object();
		json_object_set_new(object, name, kind);
		json_array_foreach(rows, i, row) {
			if (!strcmp(json_string_value(json_object_get(row, "kind")), name))
				json_object_set(kind, json_string_value(json_object_get(row, "name")),
						json_object_get(row, "value"));
		}
	}
	return object;
}

static json_t *port_rows(struct dpu_port_list *list)
{
	json_t *rows = json_array();
	size_t i;

	for (i = 0; i < dpu_port_list_count(list); i++)
		json_array_append_new(rows, cli_port_json(dpu_port_list_get(list, i)));
	return rows;
}

/* A table under an empty line, if there is anything in it. */
static void print_section(struct cli *cli, json_t *rows, const struct column *columns)
{
	printf("\n");
	if (json_array_size(rows))
		cli_rows(cli, rows, columns);
	else
		json_decref(rows);
}

static void show_text(struct cli *cli, json_t *object, json_t *versions, json_t *ports)
{
	static const struct column version_columns[] = {
		{ "name", "VERSION OF" },
		{ "kind", "KIND" },
		{ "value", "VERSION" },
		{ NULL, NULL },
	};
	static const struct column port_columns[] = {
		{ "index", "PORT" },
		{ "flavour", "FLAVOUR" },
		{ "controller", "CONTROLLER" },
		{ "pfnum", "PF" },
		{ "vfnum", "VF" },
		{ "sfnum", "SF" },
		{ "netdev", "NETDEV" },
		{ "phys_port_name", "PHYS_PORT_NAME" },
		{ NULL, NULL },
	};

	cli_object(cli, object);
	if (json_array_size(versions))
		print_section(cli, versions, version_columns);
	else
		json_decref(versions);
	print_section(cli, ports, port_columns);
}

/* arg: the devices for JSON; for a person, one null for each that was printed. */
static int show_device(struct cli *cli, struct dpu_device *device, void *arg)
{
	json_t *object, *versions, *functions, *all = arg;
	struct dpu_port_list *ports;
	int type, code = EXIT_OK;

	if (dpu_port_list(device, &ports) < 0)
		return cli_fail(cli);
	functions = json_array();
	for (type = DPU_FUNCTION_PF; type <= DPU_FUNCTION_SF && cli->json && code == EXIT_OK; type++)
		code = cli_add_functions(cli, device, (enum dpu_function_type)type, functions);
	if (code != EXIT_OK)
		goto out;
	object = device_json(device);
	add_modes(device, object);
	versions = version_rows(device);
	if (cli->json) {
		json_object_set_new(object, "versions", versions_json(versions));
		json_object_set_new(object, "ports", port_rows(ports));
		json_object_set(object, "functions", functions);
		json_decref(versions);
		json_array_append_new(all, object);
	} else {
		if (json_array_size(all)) /* a line between devices */
			printf("\n");
		json_array_append_new(all, json_null());
		show_text(cli, object, versions, port_rows(ports));
	}
out:
	json_decref(functions);
	dpu_port_list_unref(ports);
	return code;
}

static int show(struct cli *cli, int argc, char **argv)
{
	static const struct column none[] = { { NULL, NULL } };

	return cli_list(cli, argc, argv, show_device, none);
}

static int stats_of(struct cli *cli, struct dpu_device *device, void *arg)
{
	struct dpu_port_list *list;
	struct dpu_port *port;
	json_t *rows = arg, *row;
	int rc = 0;
	size_t i;

	if (dpu_port_list(device, &list) < 0)
		return cli_fail(cli);
	for (i = 0; i < dpu_port_list_count(list) && rc == 0; i++) {
		DPU_OPTS(dpu_port_stats, stats);

		port = dpu_port_list_get(list, i);
		rc = dpu_port_stats(port, &stats);
		if (rc < 0)
			break;
		row = json_pack("{s:s, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "device",
				dpu_device_handle(device), "index", (json_int_t)dpu_port_index(port), "port",
				cli_text(dpu_port_netdev(port)), "rx_packets", (json_int_t)stats.rx_packets,
				"rx_bytes", (json_int_t)stats.rx_bytes, "rx_dropped",
				(json_int_t)stats.rx_dropped, "tx_packets", (json_int_t)stats.tx_packets,
				"tx_bytes", (json_int_t)stats.tx_bytes, "tx_dropped",
				(json_int_t)stats.tx_dropped, "misses", (json_int_t)stats.misses);
		json_array_append_new(rows, row);
	}
	dpu_port_list_unref(list);
	return rc < 0 ? cli_fail(cli) : EXIT_OK;
}

static int stats(struct cli *cli, int argc, char **argv)
{
	static const struct column columns[] = {
		{ "port", "PORT" },
		{ "rx_packets", "RX PACKETS" },
		{ "rx_bytes", "RX BYTES" },
		{ "rx_dropped", "RX DROPPED" },
		{ "tx_packets", "TX PACKETS" },
		{ "tx_bytes", "TX BYTES" },
		{ "tx_dropped", "TX DROPPED" },
		{ "misses", "MISSES" },
		{ NULL, NULL },
	};

	return cli_list(cli, argc, argv, stats_of, columns);
}

const struct command inventory_commands[] = {
	{ "list", "", "Lists the network devices, and which facilities of the kernel are absent.", list },
	{ "show", "[DEVICE]", "Shows a device (else every DPU and switchdev NIC) with its modes and ports.",
	  show },
	{ "stats", "[DEVICE]",
	  "Shows the counters of a device's ports. rx is what entered the e-switch through the port.",
	  stats },
	{ NULL, NULL, NULL, NULL },
};
