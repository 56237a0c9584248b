/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sf: scalable functions, and what all functions have in common. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "cli.h"

/* The options of a capability: its bit, above all characters. */
#define CAP 0x10000

#define LIMIT_OPTIONS                                                                                        \
	{ "roce", required_argument, NULL, CAP | DPU_FUNCTION_CAP_ROCE },                                    \
		{ "migratable", required_argument, NULL, CAP | DPU_FUNCTION_CAP_MIGRATABLE },                \
		{ "ipsec-crypto", required_argument, NULL, CAP | DPU_FUNCTION_CAP_IPSEC_CRYPTO },            \
		{ "ipsec-packet", required_argument, NULL, CAP | DPU_FUNCTION_CAP_IPSEC_PACKET },            \
		{ "trust", required_argument, NULL, CAP | DPU_FUNCTION_CAP_TRUST },                          \
		{ "max-io-eqs", required_argument, NULL, 'e' },                                              \
		{ "max-uc-list", required_argument, NULL, 'u' },                                             \
	{                                                                                                    \
		NULL, 0, NULL, 0                                                                             \
	}

#define LIMIT_ARGS                                                                                           \
	"\n      [--roce on|off] [--migratable on|off] [--ipsec-crypto on|off] [--ipsec-packet on|off]"      \
	"\n      [--trust on|off] [--max-io-eqs N] [--max-uc-list N]"

static const struct option create_options[] = {
	{ "hw-addr", required_argument, NULL, 'a' },
	{ "controller", required_argument, NULL, 'c' },
	{ "inactive", no_argument, NULL, 'i' },
	LIMIT_OPTIONS,
};

static const struct option set_options[] = {
	{ "hw-addr", required_argument, NULL, 'a' },
	{ "state", required_argument, NULL, 's' },
	LIMIT_OPTIONS,
};

/* What the options of sf create and of sf set ask for. */
struct wanted {
	uint8_t mac[6];
	const uint8_t *hw_addr;
	uint32_t controller;
	uint32_t inactive;
	uint32_t set_state;
	uint32_t state;
	uint32_t set_caps;
	uint32_t caps;
	uint32_t max_io_eqs;
	uint32_t max_uc_list;
};

static bool take_cap(struct cli *cli, uint32_t cap, const char *text, struct wanted *wanted)
{
	uint32_t on;

	if (!cli_switch(cli, text, &on))
		return false;
	wanted->set_caps |= cap;
	wanted->caps = on ? wanted->caps | cap : wanted->caps & ~cap;
	return true;
}

static bool take_option(struct cli *cli, int option, const char *text, void *arg)
{
	struct wanted *wanted = arg;

	switch (option) {
	case 'a':
		wanted->hw_addr = wanted->mac;
		return cli_mac(cli, text, wanted->mac);
	case 'c':
		return cli_number32(cli, "the controller", text, 0, &wanted->controller);
	case 'i':
		wanted->inactive = 1;
		return true;
	case 's':
		wanted->set_state = 1;
		wanted->state = strcmp(text, "active") ? DPU_FUNCTION_INACTIVE : DPU_FUNCTION_ACTIVE;
		if (!strcmp(text, "active") || !strcmp(text, "inactive"))
			return true;
		cli_usage(cli, "a state is active or inactive, not \"%s\"", text);
		return false;
	case 'e':
		return cli_number32(cli, "the number of event queues", text, 1, &wanted->max_io_eqs);
	case 'u':
		return cli_number32(cli, "the number of addresses", text, 1, &wanted->max_uc_list);
	default:
		return take_cap(cli, (uint32_t)option & ~(uint32_t)CAP, text, wanted);
	}
}

static int add_sfs(struct cli *cli, struct dpu_device *device, void *arg)
{
	return cli_add_functions(cli, device, DPU_FUNCTION_SF, arg);
}

static int sf_list(struct cli *cli, int argc, char **argv)
{
	return cli_list(cli, argc, argv, add_sfs, cli_function_columns);
}

static int sf_show(struct cli *cli, int argc, char **argv)
{
	struct dpu_function *function;
	int code;

	if (argc != 1)
		return cli_usage(cli, "one function is needed");
	if (dpu_function_find(cli->ctx, argv[0], &function) < 0)
		return cli_fail(cli);
	code = cli_object(cli, cli_function_json(function));
	dpu_function_unref(function);
	return code;
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
	code = cli_done(cli, cli_function_json(sf), "SF %" PRIu32 ": netdev %s, representor %s",
			dpu_function_number(sf), or_none(dpu_function_netdev(sf)),
			dpu_port_netdev(dpu_function_representor(sf)));
	dpu_function_unref(sf);
	return code;
}

static int sf_create(struct cli *cli, int argc, char **argv)
{
	struct wanted wanted = { .hw_addr = NULL };
	DPU_OPTS(dpu_sf_opts, opts);
	uint64_t number = DPU_SF_ANY;

	if (!cli_options(cli, &argc, &argv, create_options, take_option, &wanted))
		return EXIT_USAGE;
	if (argc != 2)
		return cli_usage(cli, "a device and an SF number are needed");
	if (strcmp(argv[1], "any") && !cli_number(cli, "the SF number", argv[1], 0, DPU_SF_ANY - 1, &number))
		return EXIT_USAGE;
	opts.sfnum = (uint32_t)number;
	opts.hw_addr = wanted.hw_addr;
	opts.controller = wanted.controller;
	opts.inactive = wanted.inactive;
	opts.set_caps = wanted.set_caps;
	opts.caps = wanted.caps;
	opts.max_io_eqs = wanted.max_io_eqs;
	opts.max_uc_list = wanted.max_uc_list;
	return cli_each_device(cli, argv[0], do_create, &opts);
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
	struct wanted wanted = { .hw_addr = NULL };
	DPU_OPTS(dpu_function_attrs, attrs);

	if (!cli_options(cli, &argc, &argv, set_options, take_option, &wanted))
		return EXIT_USAGE;
	attrs.hw_addr = wanted.hw_addr;
	attrs.set_state = wanted.set_state;
	attrs.state = wanted.state;
	attrs.set_caps = wanted.set_caps;
	attrs.caps = wanted.caps;
	attrs.max_io_eqs = wanted.max_io_eqs;
	attrs.max_uc_list = wanted.max_uc_list;
	if (argc != 1 ||
	    !(attrs.hw_addr || attrs.set_state || attrs.set_caps || attrs.max_io_eqs || attrs.max_uc_list))
		return cli_usage(cli, "one function and something to set are needed");
	return apply(cli, argv[0], &attrs);
}

static int add_orphans(struct cli *cli, struct dpu_device *device, void *arg)
{
	const struct dpu_orphan *orphan;
	struct dpu_orphan_list *list;
	json_t *row;
	size_t i;

	if (dpu_orphan_list(device, &list) < 0)
		return cli_fail_listing(cli);
	for (i = 0; i < dpu_orphan_list_count(list); i++) {
		orphan = dpu_orphan_list_get(list, i);
		row = json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:I, s:b, s:o}", "device", orphan->handle,
				"name", orphan->name, "controller", (json_int_t)orphan->controller, "sfnum",
				(json_int_t)orphan->sfnum, "port", (json_int_t)orphan->port, "representor",
				cli_text(orphan->representor), "rules", (json_int_t)orphan->rules, "making",
				(int)orphan->making, "owner", cli_text(orphan->owner));
		json_array_append_new(arg, row);
	}
	dpu_orphan_list_unref(list);
	return EXIT_OK;
}

static int sf_orphans(struct cli *cli, int argc, char **argv)
{
	static const struct column columns[] = {
		{ "device", "DEVICE" }, { "name", "SF" },     { "representor", "REPRESENTOR" },
		{ "rules", "RULES" },   { "owner", "OWNER" }, { NULL, NULL },
	};

	return cli_list(cli, argc, argv, add_orphans, columns);
}

static int do_sweep(struct cli *cli, struct dpu_device *device, void *arg)
{
	int rc = dpu_orphan_sweep(device, cli->timeout_ms);

	(void)arg;
	if (rc < 0)
		return cli_fail(cli);
	return cli_done(cli, json_pack("{s:s, s:i}", "device", dpu_device_handle(device), "swept", rc),
			"%d SFs deleted", rc);
}

static int sf_sweep(struct cli *cli, int argc, char **argv)
{
	if (argc != 1)
		return cli_usage(cli, "a device is needed");
	return cli_each_device(cli, argv[0], do_sweep, NULL);
}

const struct command function_commands[] = {
	{ "sf list", "[DEVICE]", "Lists the scalable functions.", sf_list },
	{ "sf show", "FUNCTION", "Shows one function, with what it may do and have.", sf_show },
	{ "sf create", "DEVICE SFNUM|any [--hw-addr MAC] [--controller N] [--inactive]" LIMIT_ARGS,
	  "Makes an SF and waits until it can be used: driver, netdev and representor are there. Controller "
	  "1 is\n"
	  "the host. When it fails, nothing is left behind.",
	  sf_create },
	{ "sf delete", "SF...",
	  "Deletes SFs, named by netdev, representor, devlink port or kernel name (pf0sf88).", sf_delete },
	{ "sf set", "FUNCTION [--hw-addr MAC] [--state active|inactive]" LIMIT_ARGS,
	  "Changes a function; all of it or nothing. Most drivers want it inactive for all but its address.",
	  sf_set },
	{ "sf orphans", "[DEVICE]", "Lists the SFs that programs which have ended left behind.", sf_orphans },
	{ "sf sweep", "DEVICE", "Deletes these.", sf_sweep },
	{ NULL, NULL, NULL, NULL },
};
