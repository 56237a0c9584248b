/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config: the firmware's configuration, by parameter, by profile and by TLV. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"

enum {
	MAX_SETTINGS = 128,
	TLV_MAX = 256,
};

struct wanted {
	const char *const *names; /* of parameters, for query */
	struct dpu_nvconfig_setting settings[MAX_SETTINGS];
	size_t count;
	const char *name; /* of a parameter or profile; NULL for all */
	bool dry_run;
	bool mode;
};

struct query {
	struct wanted *wanted;
	json_t *rows;
};

static json_t *value_json(const struct dpu_nvconfig_param *param, int when)
{
	if (!(param->known & 1u << when))
		return json_null();
	if (param->type == DPU_NVCONFIG_UNSIGNED)
		return json_integer(param->number[when]);
	return cli_string(param->value[when]);
}

static const char *const type_names[] = { "bool", "enum", "unsigned" };

static int query_of(struct cli *cli, struct dpu_device *device, void *arg)
{
	struct query *query = arg;
	const struct dpu_nvconfig_param *param;
	struct dpu_nvconfig_list *list;
	const char *transport;
	size_t i;

	if (dpu_nvconfig_transport(device, &transport) < 0 ||
	    dpu_nvconfig_list(device, query->wanted->names, query->wanted->count, &list) < 0)
		return cli_fail(cli);
	for (i = 0; i < dpu_nvconfig_list_count(list); i++) {
		param = dpu_nvconfig_list_get(list, i);
		json_array_append_new(query->rows,
				      json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:s, s:b, s:s}",
						"device", dpu_device_handle(device), "name", param->name,
						"type", param->type < 3 ? type_names[param->type] : "unknown",
						"max", (json_int_t)param->max, "default",
						value_json(param, DPU_NVCONFIG_DEFAULT), "current",
						value_json(param, DPU_NVCONFIG_CURRENT), "next_boot",
						value_json(param, DPU_NVCONFIG_NEXT), "reset_needed",
						dpu_reset_name((enum dpu_reset)param->reset), "writable",
						param->writable != 0, "transport", transport));
	}
	dpu_nvconfig_list_unref(list);
	return EXIT_OK;
}

static int query(struct cli *cli, int argc, char **argv)
{
	static const struct column columns[] = {
		{ "name", "NAME" },           { "default", "DEFAULT" },           { "current", "CURRENT" },
		{ "next_boot", "NEXT BOOT" }, { "reset_needed", "RESET NEEDED" }, { NULL, NULL },
	};
	struct wanted wanted = { 0 };
	struct query arg = { &wanted, NULL };
	int code;

	if (argc < 1)
		return cli_usage(cli, "a device is needed");
	wanted.count = (size_t)argc - 1;
	wanted.names = argc > 1 ? (const char *const *)(argv + 1) : NULL;
	arg.rows = json_array();
	code = cli_each_device(cli, argv[0], query_of, &arg);
	if (code == EXIT_OK)
		return cli_rows(cli, arg.rows, columns);
	json_decref(arg.rows);
	return code;
}

static const struct option change_options[] = {
	{ "dry-run", no_argument, NULL, 'n' },
	{ "mode", no_argument, NULL, 'm' },
	{ NULL, 0, NULL, 0 },
};

static bool take_change(struct cli *cli, int option, const char *text, void *arg)
{
	struct wanted *wanted = arg;

	(void)cli;
	(void)text;
	wanted->dry_run = wanted->dry_run || option == 'n';
	wanted->mode = wanted->mode || option == 'm';
	return true;
}

static const struct column change_columns[] = {
	{ "device", "DEVICE" },       { "name", "NAME" }, { "current", "CURRENT" },
	{ "next_boot", "NEXT BOOT" }, { "to", "TO" },     { NULL, NULL },
};

/* The changes that make a difference; the greatest reset among all. */
static json_t *changes_json(const struct dpu_nvconfig_change_list *list, enum dpu_reset *reset)
{
	const struct dpu_nvconfig_change *change;
	json_t *rows = json_array();
	size_t i;

	*reset = DPU_RESET_NONE;
	for (i = 0; i < dpu_nvconfig_change_list_count(list); i++) {
		change = dpu_nvconfig_change_list_get(list, i);
		if (change->reset > *reset)
			*reset = (enum dpu_reset)change->reset;
		if (!change->differs)
			continue;
		json_array_append_new(rows,
				      json_pack("{s:s, s:s, s:o, s:s, s:s}", "device", change->device, "name",
						change->name, "current", cli_text(change->current),
						"next_boot", change->next, "to", change->wanted));
	}
	return rows;
}

typedef int (*write_fn)(struct dpu_device *device, const struct wanted *wanted);

/* Says what is left to do when the changes are stored. */
static void tell_rest(size_t count, enum dpu_reset reset, const char *boot_options, bool dry_run)
{
	if (!count)
		printf("all of it is stored already\n");
	else
		printf("%s\n", dry_run ? "nothing is written" : "written, for the next boot");
	if (reset != DPU_RESET_NONE && (count == 0 || !dry_run))
		printf("it takes a reset of level \"%s\" to make it current\n", dpu_reset_name(reset));
	if (boot_options && boot_options[0])
		printf("the host's kernel is to be booted with %s\n", boot_options);
}

/* Shows what differs, and only then writes it; write is NULL in a dry run. Takes the list over. */
static int carry_out(struct cli *cli, struct dpu_device *device, const struct wanted *wanted,
		     struct dpu_nvconfig_change_list *list, const char *boot_options, write_fn write)
{
	enum dpu_reset reset;
	json_t *rows = changes_json(list, &reset);
	const size_t count = json_array_size(rows);
	json_t *object;

	dpu_nvconfig_change_list_unref(list);
	if (!cli->json && count)
		cli_rows(cli, json_incref(rows), change_columns);
	if (write && count && write(device, wanted) < 0) {
		json_decref(rows);
		return cli_fail(cli);
	}
	if (!cli->json) {
		json_decref(rows);
		tell_rest(count, reset, boot_options, !write);
		return EXIT_OK;
	}
	object = json_pack("{s:o, s:b, s:s}", "changes", rows, "written", write && count, "reset_needed",
			   dpu_reset_name(reset));
	if (boot_options)
		json_object_set_new(object, "boot_options", cli_text(boot_options));
	return cli_object(cli, object);
}

static int write_settings(struct dpu_device *device, const struct wanted *wanted)
{
	return dpu_nvconfig_set(device, wanted->settings, wanted->count);
}

static int write_profile(struct dpu_device *device, const struct wanted *wanted)
{
	return dpu_profile_apply(device, wanted->name);
}

static int do_set(struct cli *cli, struct dpu_device *device, void *arg)
{
	struct dpu_nvconfig_change_list *list;
	struct wanted *wanted = arg;

	if (dpu_nvconfig_plan(device, wanted->settings, wanted->count, &list) < 0)
		return cli_fail(cli);
	return carry_out(cli, device, wanted, list, NULL, wanted->dry_run ? NULL : write_settings);
}

static int set(struct cli *cli, int argc, char **argv)
{
	struct wanted wanted = { 0 };
	char *equals;
	int i;

	if (!cli_options(cli, &argc, &argv, change_options, take_change, &wanted))
		return EXIT_USAGE;
	if (wanted.mode || argc < 2)
		return cli_usage(cli, "a device and at least one NAME=VALUE are needed");
	if (argc - 1 > MAX_SETTINGS)
		return cli_usage(cli, "too many settings at once");
	for (i = 1; i < argc; i++) {
		equals = strchr(argv[i], '=');
		if (!equals)
			return cli_usage(cli, "\"%s\" is no NAME=VALUE", argv[i]);
		*equals = '\0';
		wanted.settings[wanted.count].name = argv[i];
		wanted.settings[wanted.count++].value = equals + 1;
	}
	return cli_each_device(cli, argv[0], do_set, &wanted);
}

static int plan_reset(struct cli *cli, struct dpu_device *device, const struct wanted *wanted)
{
	const uint32_t flags = wanted->mode ? DPU_NVCONFIG_RESET_MODE : 0;
	struct dpu_nvconfig_change_list *list;

	if (dpu_nvconfig_plan_reset(device, wanted->name, flags, &list) < 0)
		return cli_fail(cli);
	return carry_out(cli, device, wanted, list, NULL, NULL);
}

static int do_reset(struct cli *cli, struct dpu_device *device, void *arg)
{
	struct wanted *wanted = arg;

	if (wanted->dry_run)
		return plan_reset(cli, device, wanted);
	if (dpu_nvconfig_reset(device, wanted->name, wanted->mode ? DPU_NVCONFIG_RESET_MODE : 0) < 0)
		return cli_fail(cli);
	return cli_done(cli,
			json_pack("{s:s, s:o, s:b}", "device", dpu_device_handle(device), "reset",
				  wanted->name ? json_string(wanted->name) : json_null(), "mode_kept",
				  !wanted->name && !wanted->mode),
			"%s %s for the next boot%s", wanted->name ? wanted->name : "all parameters",
			wanted->name ? "has its default" : "have their defaults",
			wanted->name || wanted->mode ? "" : "; the operation mode stays");
}

static int reset(struct cli *cli, int argc, char **argv)
{
	struct wanted wanted = { 0 };

	if (!cli_options(cli, &argc, &argv, change_options, take_change, &wanted))
		return EXIT_USAGE;
	if (argc < 1 || argc > 2 || (argc == 2 && wanted.mode))
		return cli_usage(cli, "a device is needed, and a parameter or --mode can be given");
	wanted.name = argc == 2 ? argv[1] : NULL;
	return cli_each_device(cli, argv[0], do_reset, &wanted);
}

static int list_profiles(struct cli *cli)
{
	static const struct column columns[] = {
		{ "name", "NAME" },
		{ "description", "FOR" },
		{ "boot_options", "BOOT OPTIONS" },
		{ NULL, NULL },
	};
	json_t *rows = json_array();
	const char *name;
	size_t i;

	for (i = 0; (name = dpu_profile_name(i)); i++)
		json_array_append_new(rows, json_pack("{s:s, s:s, s:o}", "name", name, "description",
						      dpu_profile_description(name), "boot_options",
						      cli_text(dpu_profile_boot_options(name))));
	return cli_rows(cli, rows, columns);
}

static int do_profile(struct cli *cli, struct dpu_device *device, void *arg)
{
	struct dpu_nvconfig_change_list *list;
	struct wanted *wanted = arg;

	if (dpu_profile_plan(device, wanted->name, &list) < 0)
		return cli_fail(cli);
	return carry_out(cli, device, wanted, list, dpu_profile_boot_options(wanted->name),
			 wanted->dry_run ? NULL : write_profile);
}

static int profile(struct cli *cli, int argc, char **argv)
{
	struct wanted wanted = { 0 };

	if (!cli_options(cli, &argc, &argv, change_options, take_change, &wanted))
		return EXIT_USAGE;
	if (argc == 0 && !wanted.dry_run && !wanted.mode)
		return list_profiles(cli);
	if (argc != 2 || wanted.mode)
		return cli_usage(cli, "a device and a profile are needed");
	wanted.name = argv[1];
	return cli_each_device(cli, argv[0], do_profile, &wanted);
}

struct tlv {
	uint32_t tlv_class;
	uint32_t id;
	uint32_t index;
	uint32_t function;
	uint32_t type;
	uint32_t offset;
	enum dpu_nvconfig_when when;
	bool write;
	uint8_t data[TLV_MAX];
	size_t size;
};

static const struct option tlv_options[] = {
	{ "index", required_argument, NULL, 'i' },  { "function", required_argument, NULL, 'f' },
	{ "offset", required_argument, NULL, 'o' }, { "set", required_argument, NULL, 's' },
	{ "when", required_argument, NULL, 'w' },   { NULL, 0, NULL, 0 },
};

/* "80100000": an even number of hexadecimal digits, at most a TLV's. */
static bool read_hex(const char *text, uint8_t *data, size_t *size)
{
	const size_t len = strlen(text);
	unsigned int byte;
	size_t i;

	if (!len || len % 2 || len > 2 * (size_t)TLV_MAX || strspn(text, "0123456789abcdefABCDEF") != len)
		return false;
	for (i = 0; i < len / 2; i++) {
		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			return false;
		data[i] = (uint8_t)byte;
	}
	*size = len / 2;
	return true;
}

static bool take_tlv(struct cli *cli, int option, const char *text, void *arg)
{
	static const char *const whens[] = { "current", "next", "default" };
	struct tlv *tlv = arg;
	int i;

	switch (option) {
	case 'i':
		return cli_number32(cli, "an index", text, 0, &tlv->index);
	case 'f':
		return cli_number32(cli, "a function", text, 0, &tlv->function);
	case 'o':
		return cli_number32(cli, "an offset", text, 0, &tlv->offset);
	case 's':
		tlv->write = read_hex(text, tlv->data, &tlv->size);
		if (!tlv->write)
			cli_usage(cli, "bytes are hexadecimal digits, two each, not \"%s\"", text);
		return tlv->write;
	default:
		for (i = 0; i < 3; i++) {
			tlv->when = (enum dpu_nvconfig_when)i;
			if (!strcmp(text, whens[i]))
				return true;
		}
		cli_usage(cli, "--when is current, next or default, not \"%s\"", text);
		return false;
	}
}

static int do_tlv(struct cli *cli, struct dpu_device *device, void *arg)
{
	struct tlv *tlv = arg;
	char type[11], hex[2 * TLV_MAX + 1] = "";
	int size, i;

	if (tlv->write && dpu_nvconfig_tlv_set(device, tlv->type, tlv->offset, tlv->data, tlv->size) < 0)
		return cli_fail(cli);
	size = dpu_nvconfig_tlv_get(device, tlv->type, tlv->when, tlv->data, sizeof(tlv->data));
	if (size < 0)
		return cli_fail(cli);
	for (i = 0; i < size; i++)
		snprintf(hex + 2 * i, sizeof(hex) - 2 * (size_t)i, "%02x", tlv->data[i]);
	snprintf(type, sizeof(type), "0x%08x", tlv->type);
	return cli_done(
		cli,
		json_pack("{s:s, s:s, s:s}", "device", dpu_device_handle(device), "type", type, "data", hex),
		"%s %s", type, hex);
}

static int tlv(struct cli *cli, int argc, char **argv)
{
	struct tlv tlv = { .when = DPU_NVCONFIG_NEXT };

	if (!cli_options(cli, &argc, &argv, tlv_options, take_tlv, &tlv))
		return EXIT_USAGE;
	if (argc != 3)
		return cli_usage(cli, "a device, a class and an id are needed");
	if (!cli_number32(cli, "a class", argv[1], 0, &tlv.tlv_class) ||
	    !cli_number32(cli, "an id", argv[2], 0, &tlv.id))
		return EXIT_USAGE;
	if (tlv.write && tlv.when != DPU_NVCONFIG_NEXT)
		return cli_usage(cli, "only what is stored for the next boot can be set");
	if (dpu_nvconfig_tlv_type(tlv.tlv_class, tlv.id, tlv.index, tlv.function, &tlv.type) < 0)
		return cli_usage(cli, "there is no such class of TLVs, or a number does not fit in it");
	return cli_each_device(cli, argv[0], do_tlv, &tlv);
}

const struct command config_commands[] = {
	{ "config query", "DEVICE [PARAMETER...]",
	  "Shows firmware parameters: default, current and stored for the next boot. Without PARAMETER, all "
	  "that\n"
	  "the device supports.",
	  query },
	{ "config set", "DEVICE PARAMETER=VALUE... [--dry-run]",
	  "Stores firmware parameters for the next boot, all or none; shows what differs first. With "
	  "--dry-run\n"
	  "nothing is written.",
	  set },
	{ "config reset", "DEVICE [PARAMETER | --mode] [--dry-run]",
	  "Stores the defaults for the next boot: of one parameter, or of all but the operation mode, which "
	  "goes\n"
	  "with --mode only.",
	  reset },
	{ "config profile", "[DEVICE PROFILE [--dry-run]]",
	  "Stores what a DPU needs for one purpose, on its ports, and says how the host is to be booted. "
	  "Without\n"
	  "arguments, lists the profiles.",
	  profile },
	{ "config tlv",
	  "DEVICE CLASS ID [--index N] [--function N] [--when current|next|default]\n"
	  "      [--set HEX [--offset N]]",
	  "Shows a TLV as it is, or writes bytes of it for the next boot.", tlv },
	{ NULL, NULL, NULL, NULL },
};
