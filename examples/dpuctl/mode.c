/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mode: operation mode, e-switch mode, reset. */
#include <errno.h>
#include <string.h>
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
	json_t *rows = json_array();
	int code;

	if (argc > 1) {
		json_decref(rows);
		return cli_usage(cli, "\"%s\" is too much", argv[1]);
	}
	code = cli_each_device(cli, argc ? argv[0] : NULL, mode_of, rows);
	if (code == EXIT_OK)
		return cli_rows(cli, rows, columns);
	json_decref(rows);
	return code;
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

static int set_eswitch(struct cli *cli, struct dpu_device *device, void *arg)
{
	enum dpu_eswitch_mode *mode = arg;

	if (dpu_eswitch_mode_set(device, *mode, cli->timeout_ms) < 0)
		return cli_fail(cli);
	return cli_done(cli,
			json_pack("{s:s, s:s}", "device", dpu_device_handle(device), "eswitch",
				  dpu_eswitch_mode_name(*mode)),
			"the e-switch of %s is in %s mode", dpu_device_handle(device),
			dpu_eswitch_mode_name(*mode));
}

static int eswitch(struct cli *cli, int argc, char **argv)
{
	enum dpu_eswitch_mode mode;

	if (argc != 2)
		return cli_usage(cli, "a device and a mode are needed");
	if (dpu_eswitch_mode_parse(argv[1], &mode) < 0)
		return cli_usage(
			cli, "\"%s\" is no e-switch mode; there are legacy, switchdev, switchdev_inactive",
			argv[1]);
	return cli_each_device(cli, argv[0], set_eswitch, &mode);
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

const struct command mode_commands[] = {
	{ "mode", "[DEVICE]", "Shows the operation mode, now and at next boot, and the mode of the e-switch.",
	  show },
	{ "mode set", "DEVICE dpu|nic|separated",
	  "Sets the operation mode for the next boot. Nothing is reset; \"mode\" says which reset is needed.",
	  set },
	{ "mode eswitch", "DEVICE legacy|switchdev",
	  "Sets the mode of the e-switch, now. Going legacy destroys the device's SFs and flow rules.",
	  eswitch },
	{ "mode reset", "DEVICE firmware|system",
	  "Resets the DPU: what is pending for that level becomes current, SFs, VFs and flow rules are lost.",
	  reset },
	{ NULL, NULL, NULL, NULL },
};
