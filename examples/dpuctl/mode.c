/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mode, reload: operation mode, e-switch, resets. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "cli.h"

/* Names in the order of the bits, as an array. */
static json_t *bits_json(uint32_t bits, const char *const *names, size_t count)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < count; i++) {
		if (bits & 1u << i)
			json_array_append_new(array, json_string(names[i]));
	}
	return array;
}

static const char *const evidence_names[] = { "eswitch", "representors", "rshim" };
static const char *const restriction_names[] = { "port_owner", "port_counter", "tracer", "rshim" };

static json_t *evidence_json(uint32_t bits)
{
	return bits_json(bits, evidence_names, sizeof(evidence_names) / sizeof(evidence_names[0]));
}

static json_t *mode_json(struct dpu_device *device, const struct dpu_mode_info *info)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "device", dpu_device_handle(device),
			 "current", dpu_mode_name((enum dpu_mode)info->current), "next_boot",
			 dpu_mode_name((enum dpu_mode)info->next), "reset_needed",
			 dpu_reset_name((enum dpu_reset)info->reset), "side",
			 dpu_side_name((enum dpu_side)info->side), "runtime",
			 dpu_mode_name((enum dpu_mode)info->runtime), "evidence",
			 evidence_json(info->evidence), "contradicts", evidence_json(info->contradicts));
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
		row = json_pack("{s:s, s:n, s:n, s:n, s:n, s:n, s:[], s:[]}", "device",
				dpu_device_handle(device), "current", "next_boot", "reset_needed", "side",
				"runtime", "evidence", "contradicts");
	} else {
		return cli_fail(cli);
	}
	json_object_set_new(row, "eswitch",
			    rc == 0 ? json_string(dpu_eswitch_mode_name(eswitch)) : json_null());
	json_array_append_new(arg, row);
	if (!cli->json && info.contradicts)
		fprintf(stderr, "dpuctl: %s: its configuration says %s, what it does says %s\n",
			dpu_device_handle(device), dpu_mode_name((enum dpu_mode)info.current),
			info.runtime ? dpu_mode_name((enum dpu_mode)info.runtime) : "otherwise");
	return EXIT_OK;
}

static int show(struct cli *cli, int argc, char **argv)
{
	static const struct column columns[] = {
		{ "device", "DEVICE" },       { "current", "MODE" },
		{ "next_boot", "NEXT BOOT" }, { "reset_needed", "RESET NEEDED" },
		{ "runtime", "RUNTIME" },     { "side", "SIDE" },
		{ "eswitch", "E-SWITCH" },    { NULL, NULL },
	};

	return cli_list(cli, argc, argv, mode_of, columns);
}

struct wanted_mode {
	enum dpu_mode mode;
	uint32_t host;
	uint32_t restrictions;
	bool restrict_some;
	bool dry_run;
};

static const struct option mode_options[] = {
	{ "dry-run", no_argument, NULL, 'n' },
	{ "host", required_argument, NULL, 'H' },
	{ "restrict", required_argument, NULL, 'r' },
	{ NULL, 0, NULL, 0 },
};

/* "rshim,tracer", "all" or "none". */
static bool take_restrictions(struct cli *cli, const char *text, uint32_t *restrictions)
{
	size_t len, i;

	*restrictions = 0;
	if (!strcmp(text, "none"))
		return true;
	if (!strcmp(text, "all")) {
		*restrictions = DPU_RESTRICT_ALL;
		return true;
	}
	for (;; text += len + 1) {
		len = strcspn(text, ",");
		for (i = 0; i < sizeof(restriction_names) / sizeof(restriction_names[0]); i++) {
			if (strlen(restriction_names[i]) == len && !memcmp(restriction_names[i], text, len))
				break;
		}
		if (i == sizeof(restriction_names) / sizeof(restriction_names[0])) {
			cli_usage(cli,
				  "restrictions are all, none, or of port_owner,port_counter,tracer,rshim");
			return false;
		}
		*restrictions |= 1u << i;
		if (!text[len])
			return true;
	}
}

static bool take_mode_option(struct cli *cli, int option, const char *text, void *arg)
{
	struct wanted_mode *wanted = arg;

	if (option == 'n') {
		wanted->dry_run = true;
		return true;
	}
	wanted->restrict_some = true;
	if (option == 'H')
		return cli_number32(cli, "a host", text, 0, &wanted->host);
	return take_restrictions(cli, text, &wanted->restrictions);
}

/* In words, one step on a line. */
static void print_plan(const struct dpu_mode_plan *plan)
{
	printf("from %s to %s: ", dpu_mode_name((enum dpu_mode)plan->from),
	       dpu_mode_name((enum dpu_mode)plan->to));
	if (plan->reset == DPU_RESET_NONE) {
		printf("nothing to reset\n");
		return;
	}
	printf("a reset of level \"%s\"\n", dpu_reset_name((enum dpu_reset)plan->reset));
	if (plan->arm_shutdown)
		printf("  shut down the system of the Arm cores\n");
	if (plan->power_cycle)
		printf("  power-cycle the host\n");
	else if (plan->reset_level == 4)
		printf("  reboot the host warm (mlxfwreset level 4)\n");
	else
		printf("  reset the firmware (mlxfwreset level %u%s)\n", plan->reset_level,
		       plan->synced ? ", all hosts' drivers taking part" : "");
	printf("  lost: %u bridges, %u SFs, %u VFs, %u representors, %u rules on them\n", plan->bridges,
	       plan->sfs, plan->vfs, plan->representors, plan->rules);
}

static int tell_plan(struct cli *cli, struct dpu_device *device, enum dpu_mode mode)
{
	DPU_OPTS(dpu_mode_plan, plan);

	if (dpu_mode_plan(device, mode, &plan) < 0)
		return cli_fail(cli);
	if (!cli->json) {
		print_plan(&plan);
		return EXIT_OK;
	}
	return cli_object(
		cli,
		json_pack("{s:s, s:s, s:s, s:s, s:o, s:b, s:b, s:b, s:{s:i, s:i, s:i, s:i, s:i}}", "device",
			  dpu_device_handle(device), "from", dpu_mode_name((enum dpu_mode)plan.from), "to",
			  dpu_mode_name((enum dpu_mode)plan.to), "reset",
			  dpu_reset_name((enum dpu_reset)plan.reset), "mlxfwreset_level",
			  cli_count_json(plan.reset_level), "arm_shutdown", plan.arm_shutdown != 0,
			  "power_cycle", plan.power_cycle != 0, "told_by_device", plan.told != 0, "lost",
			  "bridges", (int)plan.bridges, "sfs", (int)plan.sfs, "vfs", (int)plan.vfs,
			  "representors", (int)plan.representors, "rules", (int)plan.rules));
}

static int do_plan(struct cli *cli, struct dpu_device *device, void *arg)
{
	return tell_plan(cli, device, *(enum dpu_mode *)arg);
}

static bool take_mode(struct cli *cli, const char *text, enum dpu_mode *mode)
{
	if (dpu_mode_parse(text, mode) == 0 && *mode != DPU_MODE_UNKNOWN)
		return true;
	cli_usage(cli, "\"%s\" is no mode; there are dpu, nic, separated, restricted", text);
	return false;
}

static int plan(struct cli *cli, int argc, char **argv)
{
	enum dpu_mode mode = DPU_MODE_UNKNOWN;

	if (argc < 1 || argc > 2)
		return cli_usage(cli, "a device is needed, and a mode can be given");
	if (argc == 2 && !take_mode(cli, argv[1], &mode))
		return EXIT_USAGE;
	return cli_each_device(cli, argv[0], do_plan, &mode);
}

static int set_mode(struct cli *cli, struct dpu_device *device, void *arg)
{
	struct wanted_mode *wanted = arg;
	DPU_OPTS(dpu_mode_info, info);
	int rc;

	if (wanted->dry_run)
		return tell_plan(cli, device, wanted->mode);
	if (wanted->restrict_some)
		rc = dpu_mode_restrict(device, wanted->host, wanted->restrictions);
	else
		rc = dpu_mode_set(device, wanted->mode);
	if (rc < 0 || dpu_mode_get(device, &info) < 0)
		return cli_fail(cli);
	if (info.reset == DPU_RESET_NONE)
		return cli_done(cli, mode_json(device, &info), "the mode is %s now, and at next boot",
				dpu_mode_name(wanted->mode));
	if (info.current == info.next)
		return cli_done(cli, mode_json(device, &info),
				"the mode is %s now; a reset of level \"%s\" makes all of it current",
				dpu_mode_name((enum dpu_mode)info.current),
				dpu_reset_name((enum dpu_reset)info.reset));
	return cli_done(cli, mode_json(device, &info),
			"the mode is %s at next boot; now it is %s, until a reset of level \"%s\"",
			dpu_mode_name((enum dpu_mode)info.next), dpu_mode_name((enum dpu_mode)info.current),
			dpu_reset_name((enum dpu_reset)info.reset));
}

static int set(struct cli *cli, int argc, char **argv)
{
	struct wanted_mode wanted = { .host = DPU_ALL_HOSTS, .restrictions = DPU_RESTRICT_ALL };

	if (!cli_options(cli, &argc, &argv, mode_options, take_mode_option, &wanted))
		return EXIT_USAGE;
	if (argc != 2)
		return cli_usage(cli, "a device and a mode are needed");
	if (!take_mode(cli, argv[1], &wanted.mode))
		return EXIT_USAGE;
	if (wanted.restrict_some && wanted.mode != DPU_MODE_RESTRICTED)
		return cli_usage(cli, "--host and --restrict are for the mode \"restricted\"");
	if (wanted.restrict_some && wanted.dry_run)
		return cli_usage(cli, "--dry-run shows the whole restriction: without --host and --restrict");
	return cli_each_device(cli, argv[0], set_mode, &wanted);
}

static int host_of(struct cli *cli, struct dpu_device *device, void *arg)
{
	DPU_OPTS(dpu_mode_host, host);
	uint32_t i;

	for (i = 0;; i++) {
		if (dpu_mode_host_get(device, i, &host) < 0) {
			/* Past the last host. */
			if (i && dpu_error_code(dpu_ctx_error(cli->ctx)) == -EINVAL)
				return EXIT_OK;
			return cli_fail(cli);
		}
		json_array_append_new(
			arg,
			json_pack("{s:s, s:i, s:b, s:o, s:b, s:o}", "device", dpu_device_handle(device),
				  "host", (int)i, "restricted", host.restricted != 0, "restrictions",
				  bits_json(host.restrictions, restriction_names, 4), "next_boot_restricted",
				  host.next_restricted != 0, "next_boot_restrictions",
				  bits_json(host.next_restrictions, restriction_names, 4)));
	}
}

static int hosts(struct cli *cli, int argc, char **argv)
{
	static const struct column columns[] = {
		{ "device", "DEVICE" },
		{ "host", "HOST" },
		{ "restricted", "RESTRICTED" },
		{ "restrictions", "DENIED" },
		{ "next_boot_restricted", "NEXT BOOT" },
		{ "next_boot_restrictions", "DENIED" },
		{ NULL, NULL },
	};

	if (argc != 1)
		return cli_usage(cli, "a device is needed");
	return cli_list(cli, argc, argv, host_of, columns);
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
	{ "mode set",
	  "DEVICE dpu|nic|separated|restricted [--host N] [--restrict WHAT,...]\n      [--dry-run]",
	  "Sets the operation mode for the next boot. Nothing is reset; \"mode\" says which reset is needed. "
	  "The\n"
	  "mode restricted takes all rights from all hosts, or those of --restrict (all, none, or of "
	  "port_owner,\n"
	  "port_counter, tracer, rshim) from one. With --dry-run nothing is written, as \"mode plan\".",
	  set },
	{ "mode plan", "DEVICE [dpu|nic|separated|restricted]",
	  "Shows the way into a mode, or into what is stored for the next boot: what is to be reset and how, "
	  "and\n"
	  "what that destroys.",
	  plan },
	{ "mode hosts", "DEVICE", "Shows what the DPU's hosts may.", hosts },
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
