/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mode, reload: operation mode, e-switch, resets. */
#include <errno.h>
#include <stdio.h>
#include "cli.h"

static json_t *mode_json(struct dpu_device *device, const struct dpu_mode_info *info)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "device", dpu_device_handle(device), "current",
			 dpu_mode_name((enum dpu_mode)info->current), "next_boot",
			 dpu_mode_name((enum dpu_mode)info->next), "reset_needed",
			 dpu_reset_name((enum dpu_reset)info->reset));
}

static int mode_of(struct cli *cli, struct dpu_device *device, void *arg)
{
	DPU_OPTS(dpu_mode_info, info);
	enum dpu_eswitch_mode eswitch;
	json_t *row;
	int rc;

	/* A NIC that is no DPU has an e-switch only; in NIC mode a DPU has none to show. */
	rc = dpu_eswitch_mode_get(device, &eswitch);
	if (dpu_mode_get(device, &info) == 0) {
		row = mode_json(device, &info);
	} else if (rc == 0 && dpu_error_code(dpu_ctx_error(cli->ctx)) == -EOPNOTSUPP) {
		row = json_pack("{s:s, s:n, s:n, s:n}", "device", dpu_device_handle(device), "current",
				"next_boot", "reset_needed");
	} else {
		return cli_fail(cli);
	}
	json_object_set_new(row, "eswitch",
			    rc == 0 ? json_string(dpu_eswitch_mode_name(eswitch)) : json_null());
	json_array_append_new(arg, row);
	return EXIT_OK;
}

static int show(struct cli *cli, int argc, char **argv)
{
	static const struct column columns[] = {
		{ "device", "DEVICE" },       { "current", "MODE" },
		{ "next_boot", "NEXT BOOT" }, { "reset_needed", "RESET NEEDED" },
		{ "eswitch", "E-SWITCH" },    { NULL, NULL },
	};

	return cli_list(cli, argc, argv, mode_of, columns);
}

static int set_mode(struct cli *cli, struct dpu_device *device, void *arg)
{
	DPU_OPTS(dpu_mode_info, info);
	enum dpu_mode *mode = arg;

	if (dpu_mode_set(device, *mode) < 0 || dpu_mode_get(device, &info) < 0)
		return cli_fail(cli);
	if (info.reset == DPU_RESET_NONE)
		return cli_done(cli, mode_json(device, &info), "the mode is %s now, and at next boot",
				dpu_mode_name(*mode));
	return cli_done(cli, mode_json(device, &info),
			"the mode is %s at next boot; now it is %s, until a reset of level \"%s\"",
			dpu_mode_name(*mode), dpu_mode_name((enum dpu_mode)info.current),
			dpu_reset_name((enum dpu_reset)info.reset));
}

static int set(struct cli *cli, int argc, char **argv)
{
	enum dpu_mode mode;

	if (argc != 2)
		return cli_usage(cli, "a device and a mode are needed");
	if (dpu_mode_parse(argv[1], &mode) < 0)
		return cli_usage(cli, "\"%s\" is no mode; there are dpu, nic, separated", argv[1]);
	return cli_each_device(cli, argv[0], set_mode, &mode);
}

static const struct option eswitch_options[] = {
	{ "inline-mode", required_argument, NULL, 'i' },
	{ "encap", required_argument, NULL, 'e' },
	{ NULL, 0, NULL, 0 },
};

struct wanted_eswitch {
	bool set_mode;
	enum dpu_eswitch_mode mode;
	struct dpu_eswitch_attrs attrs;
};

static bool take_eswitch_option(struct cli *cli, int option, const char *text, void *arg)
{
	struct dpu_eswitch_attrs *attrs = &((struct wanted_eswitch *)arg)->attrs;
	enum dpu_eswitch_inline mode;

	if (option == 'e') {
		attrs->set |= DPU_ESWITCH_ENCAP;
		return cli_switch(cli, text, &attrs->encap);
	}
	if (dpu_eswitch_inline_parse(text, &mode) < 0) {
		cli_usage(cli, "an inline mode is none, link, network or transport, not \"%s\"", text);
		return false;
	}
	attrs->set |= DPU_ESWITCH_INLINE_MODE;
	attrs->inline_mode = mode;
	return true;
}

/* In the kernel's order: the mode decides what the others may be. */
static int set_eswitch(struct cli *cli, struct dpu_device *device, void *arg)
{
	struct wanted_eswitch *wanted = arg;
	enum dpu_eswitch_mode now;
	json_t *object;

	if (wanted->set_mode && dpu_eswitch_mode_set(device, wanted->mode, cli->timeout_ms) < 0)
		return cli_fail(cli);
	if (wanted->attrs.set && dpu_eswitch_attrs_set(device, &wanted->attrs) < 0)
		return cli_fail(cli);
	if (dpu_eswitch_mode_get(device, &now) < 0)
		return cli_fail(cli);
	object = json_pack("{s:s, s:s}", "device", dpu_device_handle(device), "eswitch",
			   dpu_eswitch_mode_name(now));
	cli_add_eswitch(device, object);
	if (wanted->set_mode)
		return cli_done(cli, object, "the e-switch of %s is in %s mode", dpu_device_handle(device),
				dpu_eswitch_mode_name(now));
	return cli_done(cli, object, "the e-switch of %s is changed", dpu_device_handle(device));
}

static int eswitch(struct cli *cli, int argc, char **argv)
{
	struct wanted_eswitch wanted = { .attrs = { .sz = sizeof(wanted.attrs) } };

	if (!cli_options(cli, &argc, &argv, eswitch_options, take_eswitch_option, &wanted))
		return EXIT_USAGE;
	wanted.set_mode = argc == 2;
	if (argc != 2 && !(argc == 1 && wanted.attrs.set))
		return cli_usage(cli, "a device and a mode or an option are needed");
	if (wanted.set_mode && dpu_eswitch_mode_parse(argv[1], &wanted.mode) < 0)
		return cli_usage(
			cli, "\"%s\" is no e-switch mode; there are legacy, switchdev, switchdev_inactive",
			argv[1]);
	return cli_each_device(cli, argv[0], set_eswitch, &wanted);
}

static int do_reset(struct cli *cli, struct dpu_device *device, void *arg)
{
	enum dpu_reset *level = arg;

	if (dpu_device_reset(device, *level, cli->timeout_ms) < 0)
		return cli_fail(cli);
	return cli_done(
		cli,
		json_pack("{s:s, s:s}", "device", dpu_device_handle(device), "reset", dpu_reset_name(*level)),
		"%s is back from a reset of level \"%s\"", dpu_device_handle(device), dpu_reset_name(*level));
}

static int reset(struct cli *cli, int argc, char **argv)
{
	enum dpu_reset level;

	if (argc != 2)
		return cli_usage(cli, "a device and a level are needed");
	if (dpu_reset_parse(argv[1], &level) < 0 || level == DPU_RESET_NONE)
		return cli_usage(cli, "\"%s\" is no reset; there are firmware, system", argv[1]);
	return cli_each_device(cli, argv[0], do_reset, &level);
}

struct wanted_reload {
	enum dpu_reload_action action;
	enum dpu_reload_limit limit;
};

static const struct option reload_options[] = {
	{ "no-reset", no_argument, NULL, 'n' },
	{ NULL, 0, NULL, 0 },
};

static bool take_reload_option(struct cli *cli, int option, const char *text, void *arg)
{
	(void)cli;
	(void)option;
	(void)text;
	((struct wanted_reload *)arg)->limit = DPU_RELOAD_NO_RESET;
	return true;
}

static int do_reload(struct cli *cli, struct dpu_device *device, void *arg)
{
	struct wanted_reload *wanted = arg;
	uint32_t performed = 0;
	json_t *actions;
	char text[128];
	const char *name;
	size_t used = 0;
	unsigned int i;

	if (dpu_device_reload(device, wanted->action, wanted->limit, &performed) < 0)
		return cli_fail(cli);
	snprintf(text, sizeof(text), " nothing");
	actions = json_array();
	for (i = 1; i < 32 && used < sizeof(text); i++) {
		name = dpu_reload_action_name((enum dpu_reload_action)i);
		if (!(performed & 1u << i) || !name)
			continue;
		json_array_append_new(actions, json_string(name));
		used += (size_t)snprintf(text + used, sizeof(text) - used, " %s", name);
	}
	return cli_done(cli,
			json_pack("{s:s, s:o}", "device", dpu_device_handle(device),
				  "reload_actions_performed", actions),
			"%s performed%s", dpu_device_handle(device), text);
}

static int reload(struct cli *cli, int argc, char **argv)
{
	struct wanted_reload wanted = { .limit = DPU_RELOAD_UNLIMITED };

	if (!cli_options(cli, &argc, &argv, reload_options, take_reload_option, &wanted))
		return EXIT_USAGE;
	if (argc != 2)
		return cli_usage(cli, "a device and an action are needed");
	if (dpu_reload_action_parse(argv[1], &wanted.action) < 0)
		return cli_usage(cli, "\"%s\" is no reload; there are driver_reinit, fw_activate", argv[1]);
	return cli_each_device(cli, argv[0], do_reload, &wanted);
}

const struct command mode_commands[] = {
	{ "mode", "[DEVICE]", "Shows the operation mode, now and at next boot, and the mode of the e-switch.",
	  show },
	{ "mode set", "DEVICE dpu|nic|separated",
	  "Sets the operation mode for the next boot. Nothing is reset; \"mode\" says which reset is needed.",
	  set },
	{ "mode eswitch",
	  "DEVICE [legacy|switchdev] [--inline-mode none|link|network|transport]\n      [--encap on|off]",
	  "Sets the mode of the e-switch, now. Going legacy destroys the device's SFs and flow rules.",
	  eswitch },
	{ "mode reset", "DEVICE firmware|system",
	  "Resets the DPU: what is pending for that level becomes current, SFs, VFs and flow rules are lost.",
	  reset },
	{ "reload", "DEVICE driver_reinit|fw_activate [--no-reset]",
	  "Starts the driver anew or activates the stored firmware; tells what took place. SFs, VFs and "
	  "flow\n"
	  "rules may be lost. With --no-reset nothing that stops traffic is done.",
	  reload },
	{ NULL, NULL, NULL, NULL },
};
