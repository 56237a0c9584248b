/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* param: the parameters of a driver. */
#include <stdlib.h>
#include <string.h>
#include "cli.h"

#define CMODES 3

static const struct option set_options[] = {
	{ "cmode", required_argument, NULL, 'c' },
	{ NULL, 0, NULL, 0 },
};

struct wanted {
	const char *name;
	const char *value;
	bool set_cmode;
	enum dpu_param_cmode cmode;
};

/* As devlink -j has it: numbers and truth values as such. */
static json_t *value_json(const struct cli *cli, const struct dpu_param *param, const char *value)
{
	if (!cli->json || param->type == DPU_PARAM_STRING)
		return cli_string(value);
	if (param->type == DPU_PARAM_BOOL)
		return json_boolean(!strcmp(value, "true"));
	return cli_u64_json(strtoull(value, NULL, 10));
}

static json_t *param_json(const struct cli *cli, struct dpu_device *device, const struct dpu_param *param,
			  int cmode)
{
	return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o}", "device", dpu_device_handle(device), "name",
			 cli_string(param->name), "type", param->generic ? "generic" : "driver-specific",
			 "value_type", cli_text(dpu_param_type_name((enum dpu_param_type)param->type)),
			 "cmode", cli_text(dpu_param_cmode_name((enum dpu_param_cmode)cmode)), "value",
			 value_json(cli, param, param->value[cmode]));
}

static int list_of(struct cli *cli, struct dpu_device *device, void *arg)
{
	const struct dpu_param *param;
	struct dpu_param_list *list;
	size_t i;
	int c;

	if (dpu_param_list(device, &list) < 0)
		return cli_fail_listing(cli);
	for (i = 0; i < dpu_param_list_count(list); i++) {
		param = dpu_param_list_get(list, i);
		for (c = 0; c < CMODES; c++) {
			if (param->cmodes & 1u << c)
				json_array_append_new(arg, param_json(cli, device, param, c));
		}
	}
	dpu_param_list_unref(list);
	return EXIT_OK;
}

static int param_list(struct cli *cli, int argc, char **argv)
{
	static const struct column columns[] = {
		{ "device", "DEVICE" }, { "name", "NAME" },
		{ "type", "TYPE" },     { "value_type", "VALUE_TYPE" },
		{ "cmode", "CMODE" },   { "value", "VALUE" },
		{ NULL, NULL },
	};

	return cli_list(cli, argc, argv, list_of, columns);
}

static const struct dpu_param *find(const struct dpu_param_list *list, const char *name)
{
	size_t i;

	for (i = 0; i < dpu_param_list_count(list); i++) {
		if (!strcmp(dpu_param_list_get(list, i)->name, name))
			return dpu_param_list_get(list, i);
	}
	return NULL;
}

/* The only cmode of a parameter. Of one that is not there setting it will tell. */
static int choose_cmode(struct cli *cli, struct dpu_device *device, struct wanted *wanted)
{
	const struct dpu_param *param;
	struct dpu_param_list *list;
	uint32_t cmodes;
	int c;

	if (dpu_param_list(device, &list) < 0)
		return cli_fail(cli);
	param = find(list, wanted->name);
	cmodes = param ? param->cmodes : 0;
	dpu_param_list_unref(list);
	if (cmodes & (cmodes - 1))
		return cli_usage(cli, "%s has several cmodes: --cmode is needed", wanted->name);
	for (c = 0; c < CMODES; c++) {
		if (cmodes & 1u << c)
			wanted->cmode = (enum dpu_param_cmode)c;
	}
	return EXIT_OK;
}

static int tell(struct cli *cli, struct dpu_device *device, const struct wanted *wanted)
{
	static const char *const when[CMODES] = { "", ", after a reload driver_reinit", ", after a reset" };
	const struct dpu_param *param;
	struct dpu_param_list *list;
	int code;

	if (dpu_param_list(device, &list) < 0)
		return cli_fail(cli);
	param = find(list, wanted->name);
	code = cli_done(cli, param ? param_json(cli, device, param, (int)wanted->cmode) : json_null(),
			"%s is %s%s", wanted->name, param ? param->value[wanted->cmode] : wanted->value,
			when[wanted->cmode]);
	dpu_param_list_unref(list);
	return code;
}

static int do_set(struct cli *cli, struct dpu_device *device, void *arg)
{
	struct wanted *wanted = arg;
	int code = EXIT_OK;

	if (!wanted->set_cmode)
		code = choose_cmode(cli, device, wanted);
	if (code != EXIT_OK)
		return code;
	if (dpu_param_set(device, wanted->name, wanted->cmode, wanted->value) < 0)
		return cli_fail(cli);
	return tell(cli, device, wanted);
}

static bool take_option(struct cli *cli, int option, const char *text, void *arg)
{
	struct wanted *wanted = arg;

	(void)option;
	wanted->set_cmode = true;
	if (dpu_param_cmode_parse(text, &wanted->cmode) == 0)
		return true;
	cli_usage(cli, "a cmode is runtime, driverinit or permanent, not \"%s\"", text);
	return false;
}

static int param_set(struct cli *cli, int argc, char **argv)
{
	struct wanted wanted = { .cmode = DPU_PARAM_RUNTIME };

	if (!cli_options(cli, &argc, &argv, set_options, take_option, &wanted))
		return EXIT_USAGE;
	if (argc != 3)
		return cli_usage(cli, "a device, a parameter and a value are needed");
	wanted.name = argv[1];
	wanted.value = argv[2];
	return cli_each_device(cli, argv[0], do_set, &wanted);
}

const struct command param_commands[] = {
	{ "param list", "[DEVICE]", "Lists the parameters of a device's driver.", param_list },
	{ "param set", "DEVICE NAME VALUE [--cmode runtime|driverinit|permanent]",
	  "Sets a parameter: at once, for the next reload driver_reinit, or in the device for its next "
	  "reset.\n"
	  "--cmode is needed when the parameter has several.",
	  param_set },
	{ NULL, NULL, NULL, NULL },
};
