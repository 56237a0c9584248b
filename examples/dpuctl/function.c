/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sf, vf: functions. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "cli.h"

static const struct option create_options[] = {
	{ "hw-addr", required_argument, NULL, 'a' },
	{ "controller", required_argument, NULL, 'c' },
	{ "inactive", no_argument, NULL, 'i' },
	{ NULL, 0, NULL, 0 },
};

static const struct option set_options[] = {
	{ "hw-addr", required_argument, NULL, 'a' },
	{ "state", required_argument, NULL, 's' },
	{ NULL, 0, NULL, 0 },
};

struct selection {
	json_t *rows;
	enum dpu_function_type type;
};

static int add_functions(struct cli *cli, struct dpu_device *device, void *arg)
{
	struct selection *selection = arg;
	struct dpu_function_list *list;
	struct dpu_function *function;
	size_t i;

	if (dpu_function_list(device, &list) < 0)
		return cli_fail(cli);
	for (i = 0; i < dpu_function_list_count(list); i++) {
		function = dpu_function_list_get(list, i);
		if (dpu_function_type(function) == selection->type)
			json_array_append_new(selection->rows, cli_function_json(function));
	}
	dpu_function_list_unref(list);
	return EXIT_OK;
}

static int list(struct cli *cli, enum dpu_function_type type, int argc, char **argv)
{
	static const struct column columns[] = {
		{ "number", "NUMBER" },   { "controller", "CONTROLLER" }, { "pfnum", "PF" },
		{ "hw_addr", "HW_ADDR" }, { "state", "STATE" },           { "opstate", "OPSTATE" },
		{ "netdev", "NETDEV" },   { "rdma_device", "RDMA" },      { "representor", "REPRESENTOR" },
		{ NULL, NULL },
	};
	struct selection selection = { json_array(), type };
	int code;

	if (argc > 1) {
		json_decref(selection.rows);
		return cli_usage(cli, "\"%s\" is too much", argv[1]);
	}
	code = cli_each_device(cli, argc ? argv[0] : NULL, add_functions, &selection);
	if (code == EXIT_OK)
		return cli_rows(cli, selection.rows, columns);
	json_decref(selection.rows);
	return code;
}

static int sf_list(struct cli *cli, int argc, char **argv)
{
	return list(cli, DPU_FUNCTION_SF, argc, argv);
}

static int vf_list(struct cli *cli, int argc, char **argv)
{
	return list(cli, DPU_FUNCTION_VF, argc, argv);
}

static const char *or_none(const char *text)
{
	return text[0] ? text : "none";
}

static int do_create(struct cli *cli, struct dpu_device *device, void *arg)
{
	struct dpu_sf_opts *opts = arg;
	struct dpu_function *sf;
	int code;

	if (dpu_sf_create(device, opts, cli->timeout_ms, &sf) < 0)
		return cli_fail(cli);
	code = cli_done(cli, cli_function_json(sf), "SF %" PRIu32 ": netdev %s, representor %s", opts->sfnum,
			or_none(dpu_function_netdev(sf)), dpu_port_netdev(dpu_function_representor(sf)));
	dpu_function_unref(sf);
	return code;
}

/* What getopt_long did not take, in dpuctl's own words. */
static int bad_option(struct cli *cli, int c, char **argv)
{
	if (c == ':')
		return cli_usage(cli, "%s needs a value", argv[optind - 1]);
	return cli_usage(cli, "\"%s\" is no option of this verb", argv[optind - 1]);
}

/* getopt_long wants argv[0] to be the program: one step back is the verb's last word. */
static int sf_create(struct cli *cli, int argc, char **argv)
{
	DPU_OPTS(dpu_sf_opts, opts);
	uint64_t number;
	uint8_t mac[6];
	int c;

	argc++;
	argv--;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":", create_options, NULL)) != -1) {
		switch (c) {
		case 'a':
			if (!cli_mac(cli, optarg, mac))
				return EXIT_USAGE;
			opts.hw_addr = mac;
			break;
		case 'c':
			if (!cli_number(cli, "the controller", optarg, UINT32_MAX, &number))
				return EXIT_USAGE;
			opts.controller = (uint32_t)number;
			break;
		case 'i':
			opts.inactive = 1;
			break;
		default:
			return bad_option(cli, c, argv);
		}
	}
	if (argc - optind != 2)
		return cli_usage(cli, "a device and an SF number are needed");
	if (!cli_number(cli, "the SF number", argv[optind + 1], UINT32_MAX, &number))
		return EXIT_USAGE;
	opts.sfnum = (uint32_t)number;
	return cli_each_device(cli, argv[optind], do_create, &opts);
}

static int delete_one(struct cli *cli, const char *name)
{
	struct dpu_function *sf;
	int code = EXIT_OK;

	if (dpu_function_find(cli->ctx, name, &sf) < 0)
		return cli_fail(cli);
	if (dpu_sf_delete(sf, cli->timeout_ms) < 0)
		code = cli_fail(cli);
	else if (!cli->json)
		printf("SF %" PRIu32 " deleted\n", dpu_function_number(sf));
	dpu_function_unref(sf);
	return code;
}

static int sf_delete(struct cli *cli, int argc, char **argv)
{
	json_t *deleted = json_array();
	int code = EXIT_OK, told;
	int i;

	if (argc < 1 || argv[0][0] == '-') {
		json_decref(deleted);
		return cli_usage(cli, "an SF is needed: its netdev, representor or port");
	}
	for (i = 0; i < argc && code == EXIT_OK; i++) {
		code = delete_one(cli, argv[i]);
		if (code == EXIT_OK)
			json_array_append_new(deleted, cli_string(argv[i]));
	}
	/* Those before the one that failed are gone all the same. */
	told = cli->json ? cli_object(cli, json_pack("{s:O}", "deleted", deleted)) : EXIT_OK;
	json_decref(deleted);
	return code == EXIT_OK ? told : code;
}

static int apply(struct cli *cli, const char *name, const struct dpu_function_attrs *attrs)
{
	struct dpu_function *sf, *now;
	int code;

	if (dpu_function_find(cli->ctx, name, &sf) < 0)
		return cli_fail(cli);
	if (dpu_function_set(sf, attrs, cli->timeout_ms) < 0 || dpu_function_refresh(sf, &now) < 0) {
		code = cli_fail(cli);
	} else {
		code = cli_done(cli, cli_function_json(now), "%s is changed", name);
		dpu_function_unref(now);
	}
	dpu_function_unref(sf);
	return code;
}

static int sf_set(struct cli *cli, int argc, char **argv)
{
	DPU_OPTS(dpu_function_attrs, attrs);
	uint8_t mac[6];
	int c;

	argc++;
	argv--;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":", set_options, NULL)) != -1) {
		switch (c) {
		case 'a':
			if (!cli_mac(cli, optarg, mac))
				return EXIT_USAGE;
			attrs.hw_addr = mac;
			break;
		case 's':
			attrs.set_state = 1;
			attrs.state = strcmp(optarg, "active") ? DPU_FUNCTION_INACTIVE : DPU_FUNCTION_ACTIVE;
			if (strcmp(optarg, "active") && strcmp(optarg, "inactive"))
				return cli_usage(cli, "a state is active or inactive, not \"%s\"", optarg);
			break;
		default:
			return bad_option(cli, c, argv);
		}
	}
	if (argc - optind != 1 || (!attrs.hw_addr && !attrs.set_state))
		return cli_usage(cli, "one function and something to set are needed");
	return apply(cli, argv[optind], &attrs);
}

static int do_vf_set(struct cli *cli, struct dpu_device *device, void *arg)
{
	uint64_t *count = arg;

	if (dpu_vf_set_count(device, (uint32_t)*count, cli->timeout_ms) < 0)
		return cli_fail(cli);
	return cli_done(
		cli, json_pack("{s:s, s:I}", "device", dpu_device_handle(device), "vfs", (json_int_t)*count),
		"%s has %" PRIu64 " VFs", dpu_device_handle(device), *count);
}

static int vf_set(struct cli *cli, int argc, char **argv)
{
	uint64_t count;

	if (argc != 2)
		return cli_usage(cli, "a device and a number are needed");
	if (!cli_number(cli, "the number of VFs", argv[1], UINT32_MAX, &count))
		return EXIT_USAGE;
	return cli_each_device(cli, argv[0], do_vf_set, &count);
}

const struct command function_commands[] = {
	{ "sf list", "[DEVICE]", "Lists the scalable functions.", sf_list },
	{ "sf create", "DEVICE SFNUM [--hw-addr MAC] [--controller N] [--inactive]",
	  "Makes an SF and waits until it can be used: driver, netdev and representor are there. Controller "
	  "1 is\n"
	  "the host. When it fails, nothing is left behind.",
	  sf_create },
	{ "sf delete", "SF...",
	  "Deletes SFs, named by netdev, representor, devlink port or kernel name (pf0sf88).", sf_delete },
	{ "sf set", "SF [--hw-addr MAC] [--state active|inactive]", "Changes an SF; all of it or nothing.",
	  sf_set },
	{ "vf list", "[DEVICE]", "Lists the virtual functions.", vf_list },
	{ "vf set", "DEVICE COUNT", "Sets the number of VFs; those that exist are lost when it changes.",
	  vf_set },
	{ NULL, NULL, NULL, NULL },
};
