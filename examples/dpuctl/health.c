/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* health: reporters of errors. */
#include "cli.h"

static const struct option options[] = {
	{ "port", required_argument, NULL, 'p' },
	{ NULL, 0, NULL, 0 },
};

struct wanted {
	uint32_t port;
	const char *name;
	bool recover;
	uint32_t auto_recover;
};

static int list_of(struct cli *cli, struct dpu_device *device, void *arg)
{
	const struct dpu_health *health;
	struct dpu_health_list *list;
	json_t *row;
	size_t i;

	if (dpu_health_list(device, &list) < 0)
		return cli_fail_listing(cli);
	for (i = 0; i < dpu_health_list_count(list); i++) {
		health = dpu_health_list_get(list, i);
		row = json_pack(
			"{s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:b, s:b}", "device", dpu_device_handle(device),
			"port", cli_number_json(health->port), "reporter", cli_string(health->name), "state",
			cli_text(dpu_health_state_name((enum dpu_health_state)health->state)), "error",
			(json_int_t)health->errors, "recover", (json_int_t)health->recoveries, "grace_period",
			(json_int_t)health->grace_period_ms, "auto_recover", (int)health->auto_recover,
			"auto_dump", (int)health->auto_dump);
		json_array_append_new(arg, row);
	}
	dpu_health_list_unref(list);
	return EXIT_OK;
}

static int health_list(struct cli *cli, int argc, char **argv)
{
	static const struct column columns[] = {
		{ "device", "DEVICE" },
		{ "port", "PORT" },
		{ "reporter", "REPORTER" },
		{ "state", "STATE" },
		{ "error", "ERRORS" },
		{ "recover", "RECOVERIES" },
		{ "grace_period", "GRACE_PERIOD" },
		{ "auto_recover", "AUTO_RECOVER" },
		{ "auto_dump", "AUTO_DUMP" },
		{ NULL, NULL },
	};

	return cli_list(cli, argc, argv, list_of, columns);
}

static bool take_option(struct cli *cli, int option, const char *text, void *arg)
{
	(void)option;
	return cli_number32(cli, "the port", text, 0, &((struct wanted *)arg)->port);
}

static int do_change(struct cli *cli, struct dpu_device *device, void *arg)
{
	const struct wanted *wanted = arg;
	json_t *object;
	int rc;

	if (wanted->recover)
		rc = dpu_health_recover(device, wanted->port, wanted->name);
	else
		rc = dpu_health_set_auto_recover(device, wanted->port, wanted->name,
						 (int)wanted->auto_recover);
	if (rc < 0)
		return cli_fail(cli);
	object = json_pack("{s:s, s:o, s:o}", "device", dpu_device_handle(device), "port",
			   cli_number_json(wanted->port), "reporter", cli_string(wanted->name));
	if (wanted->recover)
		return cli_done(cli, object, "%s has recovered", wanted->name);
	json_object_set_new(object, "auto_recover", json_boolean(wanted->auto_recover));
	return cli_done(cli, object, "%s recovers by itself: %s", wanted->name,
			wanted->auto_recover ? "on" : "off");
}

static int recover(struct cli *cli, int argc, char **argv)
{
	struct wanted wanted = { .port = DPU_PORT_NO_NUMBER, .recover = true };

	if (!cli_options(cli, &argc, &argv, options, take_option, &wanted))
		return EXIT_USAGE;
	if (argc != 2)
		return cli_usage(cli, "a device and a reporter are needed");
	wanted.name = argv[1];
	return cli_each_device(cli, argv[0], do_change, &wanted);
}

static int auto_recover(struct cli *cli, int argc, char **argv)
{
	struct wanted wanted = { .port = DPU_PORT_NO_NUMBER };

	if (!cli_options(cli, &argc, &argv, options, take_option, &wanted))
		return EXIT_USAGE;
	if (argc != 3)
		return cli_usage(cli, "a device, a reporter, and on or off are needed");
	wanted.name = argv[1];
	if (!cli_switch(cli, argv[2], &wanted.auto_recover))
		return EXIT_USAGE;
	return cli_each_device(cli, argv[0], do_change, &wanted);
}

const struct command health_commands[] = {
	{ "health list", "[DEVICE]", "Lists the health reporters of a device and of its ports.",
	  health_list },
	{ "health recover", "DEVICE REPORTER [--port N]", "Recovers from what a reporter reported.",
	  recover },
	{ "health auto-recover", "DEVICE REPORTER on|off [--port N]",
	  "Lets a reporter recover by itself, or not.", auto_recover },
	{ NULL, NULL, NULL, NULL },
};
