/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vf: virtual functions, and what their PF decides for them. */
#include <inttypes.h>
#include <strings.h>
#include "cli.h"

static const struct option set_options[] = {
	{ "hw-addr", required_argument, NULL, 'a' },
	{ "vlan", required_argument, NULL, 'v' },
	{ "qos", required_argument, NULL, 'q' },
	{ "proto", required_argument, NULL, 'p' },
	{ "spoofchk", required_argument, NULL, 's' },
	{ "trust", required_argument, NULL, 't' },
	{ "link-state", required_argument, NULL, 'l' },
	{ "min-rate", required_argument, NULL, 'i' },
	{ "max-rate", required_argument, NULL, 'x' },
	{ "node-guid", required_argument, NULL, 'n' },
	{ "port-guid", required_argument, NULL, 'g' },
	{ "msix", required_argument, NULL, 'm' },
	{ NULL, 0, NULL, 0 },
};

/* The Ethertypes of a VLAN's tag. */
static const struct {
	const char *name;
	uint32_t type;
} protocols[] = {
	{ "802.1Q", 0x8100 },
	{ "802.1ad", 0x88a8 },
};

#define PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

struct wanted {
	struct dpu_vf_attrs attrs;
	bool tag; /* qos or protocol were given */
	bool min_rate;
	bool max_rate;
	bool set_msix;
	uint32_t msix;
};

static json_t *known(const struct dpu_vf_attrs *attrs, enum dpu_vf_field field, json_t *value)
{
	if (attrs->set & (uint32_t)field)
		return value;
	json_decref(value);
	return json_null();
}

static json_t *protocol_json(uint32_t type)
{
	size_t i;

	for (i = 0; i < PROTOCOLS; i++) {
		if (protocols[i].type == type)
			return json_string(protocols[i].name);
	}
	return json_string(protocols[0].name);
}

/* The names are those of ip -j. */
static json_t *vf_json(struct dpu_function *vf, const struct dpu_vf_attrs *attrs)
{
	json_t *object = json_pack(
		"{s:s, s:I, s:I, s:o}", "device", dpu_device_handle(dpu_function_device(vf)), "controller",
		(json_int_t)dpu_function_controller(vf), "pfnum", (json_int_t)dpu_function_pfnum(vf), "vfnum",
		cli_number_json(dpu_function_number(vf)));
	const struct {
		const char *key;
		enum dpu_vf_field field;
		json_t *value;
	} members[] = {
		{ "hw_addr", DPU_VF_HW_ADDR, cli_mac_json(attrs->hw_addr) },
		{ "vlan", DPU_VF_VLAN, json_integer(attrs->vlan) },
		{ "qos", DPU_VF_VLAN, json_integer(attrs->qos) },
		{ "protocol", DPU_VF_VLAN, protocol_json(attrs->vlan_proto) },
		{ "spoofchk", DPU_VF_SPOOFCHK, json_boolean(attrs->spoofchk) },
		{ "trust", DPU_VF_TRUST, json_boolean(attrs->trust) },
		{ "link_state", DPU_VF_LINK_STATE,
		  cli_text(dpu_vf_link_state_name((enum dpu_vf_link_state)attrs->link_state)) },
		{ "min_tx", DPU_VF_RATE, json_integer(attrs->min_tx_rate) },
		{ "max_tx", DPU_VF_RATE, json_integer(attrs->max_tx_rate) },
		{ "node_guid", DPU_VF_NODE_GUID, cli_guid_json(attrs->node_guid, 2) },
		{ "port_guid", DPU_VF_PORT_GUID, cli_guid_json(attrs->port_guid, 2) },
	};
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		json_object_set_new(object, members[i].key, known(attrs, members[i].field, members[i].value));
	return object;
}

static int add_vfs(struct cli *cli, struct dpu_device *device, void *arg)
{
	return cli_add_functions(cli, device, DPU_FUNCTION_VF, arg);
}

static int vf_list(struct cli *cli, int argc, char **argv)
{
	return cli_list(cli, argc, argv, add_vfs, cli_function_columns);
}

/* A verb about one VF. */
static int with_vf(struct cli *cli, int argc, char **argv,
		   int (*run)(struct cli *cli, struct dpu_function *vf, void *arg), void *arg)
{
	struct dpu_function *vf;
	int code;

	if (argc != 1)
		return cli_usage(cli, "one VF is needed");
	if (dpu_function_find(cli->ctx, argv[0], &vf) < 0)
		return cli_fail(cli);
	code = run(cli, vf, arg);
	dpu_function_unref(vf);
	return code;
}

static int do_show(struct cli *cli, struct dpu_function *vf, void *arg)
{
	DPU_OPTS(dpu_vf_attrs, attrs);

	(void)arg;
	if (dpu_vf_attrs_get(vf, &attrs) < 0)
		return cli_fail(cli);
	return cli_object(cli, vf_json(vf, &attrs));
}

static int vf_show(struct cli *cli, int argc, char **argv)
{
	return with_vf(cli, argc, argv, do_show, NULL);
}

static int do_stats(struct cli *cli, struct dpu_function *vf, void *arg)
{
	DPU_OPTS(dpu_vf_stats, stats);
	json_t *object;

	(void)arg;
	if (dpu_vf_stats(vf, &stats) < 0)
		return cli_fail(cli);
	object =
		json_pack("{s:I, s:I, s:I, s:I, s:I}", "rx_packets", (json_int_t)stats.rx_packets, "rx_bytes",
			  (json_int_t)stats.rx_bytes, "rx_dropped", (json_int_t)stats.rx_dropped, "broadcast",
			  (json_int_t)stats.broadcast, "multicast", (json_int_t)stats.multicast);
	json_object_set_new(object, "tx_packets", cli_u64_json(stats.tx_packets));
	json_object_set_new(object, "tx_bytes", cli_u64_json(stats.tx_bytes));
	json_object_set_new(object, "tx_dropped", cli_u64_json(stats.tx_dropped));
	return cli_object(cli, object);
}

static int vf_stats(struct cli *cli, int argc, char **argv)
{
	return with_vf(cli, argc, argv, do_stats, NULL);
}

static int do_count(struct cli *cli, struct dpu_device *device, void *arg)
{
	uint32_t *count = arg;

	if (dpu_vf_set_count(device, *count, cli->timeout_ms) < 0)
		return cli_fail(cli);
	return cli_done(
		cli, json_pack("{s:s, s:I}", "device", dpu_device_handle(device), "vfs", (json_int_t)*count),
		"%s has %" PRIu32 " VFs", dpu_device_handle(device), *count);
}

/* One of the two rates is set: the other stays. */
static bool keep_rate(struct dpu_function *vf, struct wanted *wanted)
{
	DPU_OPTS(dpu_vf_attrs, now);

	if (wanted->min_rate == wanted->max_rate)
		return true;
	if (dpu_vf_attrs_get(vf, &now) < 0)
		return false;
	if (wanted->min_rate)
		wanted->attrs.max_tx_rate = now.max_tx_rate;
	else
		wanted->attrs.min_tx_rate = now.min_tx_rate;
	return true;
}

static int do_set(struct cli *cli, struct dpu_function *vf, void *arg)
{
	DPU_OPTS(dpu_vf_attrs, now);
	struct wanted *wanted = arg;

	if (!keep_rate(vf, wanted))
		return cli_fail(cli);
	if (wanted->set_msix && dpu_vf_set_msix(vf, wanted->msix) < 0)
		return cli_fail(cli);
	if (wanted->attrs.set && dpu_vf_attrs_set(vf, &wanted->attrs) < 0)
		return cli_fail(cli);
	if (dpu_vf_attrs_get(vf, &now) < 0)
		return cli_fail(cli);
	return cli_done(cli, vf_json(vf, &now), "VF %" PRIu32 " is changed", dpu_function_number(vf));
}

static bool take_protocol(struct cli *cli, const char *text, uint32_t *ret)
{
	size_t i;

	for (i = 0; i < PROTOCOLS; i++) {
		*ret = protocols[i].type;
		if (!strcasecmp(text, protocols[i].name))
			return true;
	}
	cli_usage(cli, "a protocol is 802.1q or 802.1ad, not \"%s\"", text);
	return false;
}

static bool take_link_state(struct cli *cli, const char *text, uint32_t *ret)
{
	enum dpu_vf_link_state state;

	if (dpu_vf_link_state_parse(text, &state) < 0) {
		cli_usage(cli, "a link state is auto, enable or disable, not \"%s\"", text);
		return false;
	}
	*ret = state;
	return true;
}

static bool take_option(struct cli *cli, int option, const char *text, void *arg)
{
	struct wanted *wanted = arg;
	struct dpu_vf_attrs *attrs = &wanted->attrs;

	switch (option) {
	case 'a':
		attrs->set |= DPU_VF_HW_ADDR;
		return cli_mac(cli, text, attrs->hw_addr);
	case 'v':
		attrs->set |= DPU_VF_VLAN;
		return cli_number32(cli, "the VLAN", text, 0, &attrs->vlan);
	case 'q':
		wanted->tag = true;
		return cli_number32(cli, "the priority", text, 0, &attrs->qos);
	case 'p':
		wanted->tag = true;
		return take_protocol(cli, text, &attrs->vlan_proto);
	case 's':
		attrs->set |= DPU_VF_SPOOFCHK;
		return cli_switch(cli, text, &attrs->spoofchk);
	case 't':
		attrs->set |= DPU_VF_TRUST;
		return cli_switch(cli, text, &attrs->trust);
	case 'l':
		attrs->set |= DPU_VF_LINK_STATE;
		return take_link_state(cli, text, &attrs->link_state);
	case 'i':
		attrs->set |= DPU_VF_RATE;
		wanted->min_rate = true;
		return cli_number32(cli, "the rate", text, 0, &attrs->min_tx_rate);
	case 'x':
		attrs->set |= DPU_VF_RATE;
		wanted->max_rate = true;
		return cli_number32(cli, "the rate", text, 0, &attrs->max_tx_rate);
	case 'n':
		attrs->set |= DPU_VF_NODE_GUID;
		return cli_guid(cli, text, &attrs->node_guid);
	case 'g':
		attrs->set |= DPU_VF_PORT_GUID;
		return cli_guid(cli, text, &attrs->port_guid);
	default:
		wanted->set_msix = true;
		return cli_number32(cli, "the number of vectors", text, 0, &wanted->msix);
	}
}

static int vf_set(struct cli *cli, int argc, char **argv)
{
	struct wanted wanted = { .attrs = { .sz = sizeof(wanted.attrs) } };
	bool something;
	uint32_t count;

	if (!cli_options(cli, &argc, &argv, set_options, take_option, &wanted))
		return EXIT_USAGE;
	something = wanted.attrs.set || wanted.set_msix;
	if (wanted.tag && !(wanted.attrs.set & DPU_VF_VLAN))
		return cli_usage(cli, "--qos and --proto go with --vlan");
	if (argc == 1 && something)
		return with_vf(cli, argc, argv, do_set, &wanted);
	if (argc != 2 || something)
		return cli_usage(cli, "a device and a number are needed, or a VF and something to set");
	if (!cli_number32(cli, "the number of VFs", argv[1], 0, &count))
		return EXIT_USAGE;
	return cli_each_device(cli, argv[0], do_count, &count);
}

static int do_autoprobe(struct cli *cli, struct dpu_device *device, void *arg)
{
	const uint32_t *on = arg;
	int now;

	if (on && dpu_vf_set_autoprobe(device, (int)*on) < 0)
		return cli_fail(cli);
	now = dpu_vf_autoprobe(device);
	if (now < 0)
		return cli_fail(cli);
	return cli_done(cli, json_pack("{s:s, s:b}", "device", dpu_device_handle(device), "autoprobe", now),
			"drivers take new VFs of %s by themselves: %s", dpu_device_handle(device),
			now ? "on" : "off");
}

static int vf_autoprobe(struct cli *cli, int argc, char **argv)
{
	uint32_t on;

	if (argc != 1 && argc != 2)
		return cli_usage(cli, "a device is needed");
	if (argc == 2 && !cli_switch(cli, argv[1], &on))
		return EXIT_USAGE;
	return cli_each_device(cli, argv[0], do_autoprobe, argc == 2 ? &on : NULL);
}

const struct command vf_commands[] = {
	{ "vf list", "[DEVICE]", "Lists the virtual functions.", vf_list },
	{ "vf show", "VF", "Shows what its PF decides for a VF, as far as the PF tells.", vf_show },
	{ "vf set",
	  "DEVICE COUNT | VF\n      [--hw-addr MAC] [--vlan ID [--qos N] [--proto 802.1q|802.1ad]] "
	  "[--spoofchk on|off]\n      [--trust on|off] [--link-state auto|enable|disable] [--min-rate MBIT] "
	  "[--max-rate MBIT]\n      [--node-guid GUID] [--port-guid GUID] [--msix N]",
	  "Sets the number of VFs; those that exist are lost when it changes. Or changes one VF.", vf_set },
	{ "vf stats", "VF", "Shows the counters of a VF, as its PF has them.", vf_stats },
	{ "vf autoprobe", "DEVICE [on|off]", "Tells or decides whether drivers take new VFs by themselves.",
	  vf_autoprobe },
	{ NULL, NULL, NULL, NULL },
};
