/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rate: what the functions of an e-switch may send. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"

static const struct option options[] = {
	{ "tx-share", required_argument, NULL, 's' }, { "tx-max", required_argument, NULL, 'm' },
	{ "priority", required_argument, NULL, 'p' }, { "weight", required_argument, NULL, 'w' },
	{ "parent", required_argument, NULL, 'n' },   { NULL, 0, NULL, 0 },
};

#define OPTION_ARGS                                                                                          \
	"[--tx-share RATE] [--tx-max RATE] [--priority N]\n"                                                 \
	"      [--weight N] [--parent NODE|none]"

struct wanted {
	struct dpu_rate_attrs attrs;
	const char *object; /* the port or node as it was called */
	bool add;
};

static json_t *rate_json(struct dpu_device *device, struct dpu_port_list *ports, const struct dpu_rate *rate)
{
	const char *netdev = "";
	json_t *object;
	size_t i;

	for (i = 0; i < dpu_port_list_count(ports); i++) {
		if (dpu_port_index(dpu_port_list_get(ports, i)) == rate->port)
			netdev = dpu_port_netdev(dpu_port_list_get(ports, i));
	}
	object = json_pack("{s:s, s:o, s:o, s:o, s:o}", "device", dpu_device_handle(device), "type",
			   cli_text(dpu_rate_type_name((enum dpu_rate_type)rate->type)), "node",
			   cli_text(rate->node), "port", cli_number_json(rate->port), "netdev",
			   cli_text(netdev));
	json_object_set_new(object, "tx_share", cli_u64_json(rate->tx_share));
	json_object_set_new(object, "tx_max", cli_u64_json(rate->tx_max));
	json_object_set_new(object, "tx_priority", json_integer(rate->priority));
	json_object_set_new(object, "tx_weight", json_integer(rate->weight));
	json_object_set_new(object, "parent", cli_text(rate->parent));
	return object;
}

static bool is_meant(const struct dpu_rate_attrs *attrs, const struct dpu_rate *rate)
{
	if (!attrs)
		return true;
	if (attrs->node)
		return !strcmp(attrs->node, rate->node);
	return rate->type == DPU_RATE_LEAF && rate->port == attrs->port;
}

/* Adds the rates of a device to rows: all of them, or the one that attrs names. */
static int add_rates(struct dpu_device *device, const struct dpu_rate_attrs *attrs, json_t *rows)
{
	const struct dpu_rate *rate;
	struct dpu_rate_list *list;
	struct dpu_port_list *ports;
	size_t i;
	int rc;

	rc = dpu_rate_list(device, &list);
	if (rc < 0)
		return rc;
	rc = dpu_port_list(device, &ports);
	if (rc == 0) {
		for (i = 0; i < dpu_rate_list_count(list); i++) {
			rate = dpu_rate_list_get(list, i);
			if (is_meant(attrs, rate))
				json_array_append_new(rows, rate_json(device, ports, rate));
		}
		dpu_port_list_unref(ports);
	}
	dpu_rate_list_unref(list);
	return rc;
}

static int list_of(struct cli *cli, struct dpu_device *device, void *arg)
{
	return add_rates(device, NULL, arg) < 0 ? cli_fail_listing(cli) : EXIT_OK;
}

static int rate_list(struct cli *cli, int argc, char **argv)
{
	static const struct column columns[] = {
		{ "device", "DEVICE" },
		{ "type", "TYPE" },
		{ "node", "NODE" },
		{ "port", "PORT" },
		{ "netdev", "NETDEV" },
		{ "tx_share", "TX_SHARE" },
		{ "tx_max", "TX_MAX" },
		{ "tx_priority", "PRIORITY" },
		{ "tx_weight", "WEIGHT" },
		{ "parent", "PARENT" },
		{ NULL, NULL },
	};

	return cli_list(cli, argc, argv, list_of, columns);
}

static bool take_option(struct cli *cli, int option, const char *text, void *arg)
{
	struct dpu_rate_attrs *attrs = &((struct wanted *)arg)->attrs;

	switch (option) {
	case 's':
		attrs->set |= DPU_RATE_TX_SHARE;
		return cli_rate(cli, text, &attrs->tx_share);
	case 'm':
		attrs->set |= DPU_RATE_TX_MAX;
		return cli_rate(cli, text, &attrs->tx_max);
	case 'p':
		attrs->set |= DPU_RATE_PRIORITY;
		return cli_number32(cli, "the priority", text, 0, &attrs->priority);
	case 'w':
		attrs->set |= DPU_RATE_WEIGHT;
		return cli_number32(cli, "the weight", text, 0, &attrs->weight);
	default:
		attrs->set |= DPU_RATE_PARENT;
		attrs->parent = strcmp(text, "none") ? text : "";
		return true;
	}
}

/* A number is a port's index; a name that a port of the device has, that port; any other, a node. */
static int find_object(struct dpu_device *device, struct wanted *wanted)
{
	struct dpu_port *port;
	uint64_t number;
	int rc;

	if (!wanted->object[strspn(wanted->object, "0123456789")]) {
		number = strtoull(wanted->object, NULL, 10);
		wanted->attrs.port = (uint32_t)number;
		if (number >= DPU_PORT_NO_NUMBER) /* there is no such port, and no such node either */
			wanted->attrs.node = wanted->object;
		return 0;
	}
	rc = dpu_port_find(dpu_device_ctx(device), wanted->object, &port);
	if (rc < 0 && rc != -ENODEV)
		return rc;
	if (rc == 0 && !strcmp(dpu_device_handle(dpu_port_device(port)), dpu_device_handle(device)))
		wanted->attrs.port = dpu_port_index(port);
	else
		wanted->attrs.node = wanted->object;
	if (rc == 0)
		dpu_port_unref(port);
	return 0;
}

static int do_set(struct cli *cli, struct dpu_device *device, void *arg)
{
	struct wanted *wanted = arg;
	json_t *rows, *now;
	int rc;

	if (wanted->add) {
		wanted->attrs.node = wanted->object;
		rc = dpu_rate_node_add(device, &wanted->attrs);
	} else {
		rc = find_object(device, wanted);
		if (rc == 0)
			rc = dpu_rate_set(device, &wanted->attrs);
	}
	if (rc < 0)
		return cli_fail(cli);
	rows = json_array();
	rc = add_rates(device, &wanted->attrs, rows);
	now = json_incref(json_array_size(rows) ? json_array_get(rows, 0) : json_null());
	json_decref(rows);
	if (rc == 0)
		return cli_done(cli, now, "%s is %s", wanted->object, wanted->add ? "added" : "changed");
	json_decref(now);
	return cli_fail(cli);
}

static int rate_set(struct cli *cli, int argc, char **argv)
{
	struct wanted wanted = { .attrs = { .sz = sizeof(wanted.attrs) } };

	if (!cli_options(cli, &argc, &argv, options, take_option, &wanted))
		return EXIT_USAGE;
	if (argc != 2 || !wanted.attrs.set)
		return cli_usage(cli, "a device, a port or node, and something to set are needed");
	wanted.object = argv[1];
	return cli_each_device(cli, argv[0], do_set, &wanted);
}

static int rate_add(struct cli *cli, int argc, char **argv)
{
	struct wanted wanted = { .attrs = { .sz = sizeof(wanted.attrs) }, .add = true };

	if (!cli_options(cli, &argc, &argv, options, take_option, &wanted))
		return EXIT_USAGE;
	if (argc != 2)
		return cli_usage(cli, "a device and a name are needed");
	wanted.object = argv[1];
	return cli_each_device(cli, argv[0], do_set, &wanted);
}

static int do_delete(struct cli *cli, struct dpu_device *device, void *arg)
{
	if (dpu_rate_node_delete(device, arg) < 0)
		return cli_fail(cli);
	return cli_done(
		cli, json_pack("{s:s, s:o}", "device", dpu_device_handle(device), "deleted", cli_string(arg)),
		"%s is deleted", (const char *)arg);
}

static int rate_delete(struct cli *cli, int argc, char **argv)
{
	if (argc != 2)
		return cli_usage(cli, "a device and a node are needed");
	return cli_each_device(cli, argv[0], do_delete, argv[1]);
}

const struct command rate_commands[] = {
	{ "rate list", "[DEVICE]", "Lists the rates of an e-switch, in bytes per second: leaves, then nodes.",
	  rate_list },
	{ "rate set", "DEVICE PORT|NODE " OPTION_ARGS,
	  "Changes the rate of a port or a node. A RATE is a number of bytes per second, or has a unit: "
	  "1gbit,\n"
	  "100mbit, 125MBps. 0 is no limit, or nothing assured.",
	  rate_set },
	{ "rate add", "DEVICE NODE " OPTION_ARGS, "Makes a node, to be the parent of others.", rate_add },
	{ "rate delete", "DEVICE NODE", "Removes a node.", rate_delete },
	{ NULL, NULL, NULL, NULL },
};
