/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mlxdevm in both its versions, which no kernel that can be had here has: a transcript. What goes out is
 * compared number by number with the vendor's headers (linux/mlxdevm.h of DOCA-OFED; mlxdevm_netlink.h of
 * OFED 5.3 to 24.x), what comes in is made from them.
 */
#include "fake-kernel.h"

static const char handle[] = "pci/0000:03:00.0";

static void port(struct nl_msg *msg)
{
	nla_put_u32(msg, 3, 32768);
	nla_put_u16(msg, 77, 7);
	nla_put_u16(msg, 127, 0);
	nla_put_u32(msg, 164, 88);
}

static void devlink_ports_answer(struct nl_msg *msg, int i)
{
	struct nlattr *nest;

	(void)i;
	port(msg);
	nest = nla_nest_start(msg, 145);
	nla_put(msg, 1, 6, "\x02\0\0\0\0\x58");
	nla_put_u8(msg, 2, 1);
	nla_put_u8(msg, 3, 1);
	nla_nest_end(msg, nest);
}

/* The first is devlink's too, the second is not. */
static void v1_ports_answer(struct nl_msg *msg, int i)
{
	struct nlattr *nest;

	if (i == 0) {
		port(msg);
	} else {
		nla_put_u32(msg, 3, 32769);
		nla_put_u16(msg, 77, 7);
		nla_put_u16(msg, 127, 0);
		nla_put_u32(msg, 164, 89);
	}
	nest = nla_nest_start(msg, 145);
	nla_put_u8(msg, 4, 1);     /* trust */
	nla_put_u8(msg, 161, 0);   /* RoCE */
	nla_put_u32(msg, 162, 33); /* unicast list */
	nla_nest_end(msg, nest);
}

static void v2_ports_answer(struct nl_msg *msg, int i)
{
	const struct nla_bitfield32 caps = { .selector = 3, .value = 2 };
	struct nlattr *nest;

	(void)i;
	port(msg);
	nest = nla_nest_start(msg, 145);
	nla_put(msg, 4, sizeof(caps), &caps);
	nla_put_u32(msg, 6, 12);
	nla_put_u8(msg, 161, 1);   /* trust */
	nla_put_u32(msg, 162, 44); /* unicast list */
	nla_nest_end(msg, nest);
}

static void index_answer(struct nl_msg *msg, int i)
{
	(void)i;
	nla_put_u32(msg, 3, 32770);
}

static void v1_rates_answer(struct nl_msg *msg, int i)
{
	if (i == 0) {
		nla_put_u32(msg, 3, 32768);
		nla_put_u16(msg, 8194, 161);
		nla_put_string(msg, 8199, "gold");
		nla_put_u64(msg, 8198, 125000000);
	} else {
		nla_put_string(msg, 8195, "gold");
		nla_put_u16(msg, 8194, 160);
		nla_put_u64(msg, 8197, 1000);
	}
}

static void vendor_param_answer(struct nl_msg *msg, int i)
{
	struct nlattr *param, *list, *value;

	(void)i;
	param = nla_nest_start(msg, 80);
	nla_put_string(msg, 81, "esw_pet_insert");
	nla_put_u8(msg, 83, 6);
	list = nla_nest_start(msg, 84);
	value = nla_nest_start(msg, 85);
	nla_put_u8(msg, 87, 0);
	nla_nest_end(msg, value);
	nla_nest_end(msg, list);
	nla_nest_end(msg, param);
}

static const struct fake_rule v1_rules[] = {
	{ FAKE_DEVLINK, 5, 0, NULL, devlink_ports_answer, 1 },
	{ FAKE_DEVLINK, 6, -EOPNOTSUPP, "devlink's words", NULL, 0 },
	{ FAKE_DEVLINK, 7, -EOPNOTSUPP, NULL, NULL, 0 },
	{ FAKE_DEVLINK, 75, -EOPNOTSUPP, NULL, NULL, 0 },
	{ FAKE_DEVLINK, 39, -EINVAL, NULL, NULL, 0 },
	{ FAKE_MLXDEVM, 5, 0, NULL, v1_ports_answer, 2 },
	{ FAKE_MLXDEVM, 6, 0, NULL, NULL, 0 },
	{ FAKE_MLXDEVM, 7, 0, NULL, index_answer, 1 },
	{ FAKE_MLXDEVM, 38, 0, NULL, vendor_param_answer, 1 },
	{ FAKE_MLXDEVM, 39, 0, NULL, NULL, 0 },
	{ FAKE_MLXDEVM, 161, 0, NULL, NULL, 0 },
	{ FAKE_MLXDEVM, 164, 0, NULL, v1_rates_answer, 2 },
	{ FAKE_MLXDEVM, 165, 0, NULL, NULL, 0 },
};

static const struct fake_rule v2_rules[] = {
	{ FAKE_DEVLINK, 5, 0, NULL, devlink_ports_answer, 1 },
	{ FAKE_DEVLINK, 6, -EOPNOTSUPP, "devlink's words", NULL, 0 },
	{ FAKE_MLXDEVM, 5, 0, NULL, v2_ports_answer, 1 },
	{ FAKE_MLXDEVM, 6, 0, NULL, NULL, 0 },
};

/* The last request: its family and command, and the function's nest (or nest_type), whose only attribute is
 * type. */
static const struct nlattr *asked(const struct fake_kernel *kernel, uint16_t family, uint8_t command,
				  int nest_type, int type)
{
	const struct nlmsghdr *nlh = kernel->asked_count ? kernel->asked[kernel->asked_count - 1] : NULL;
	const struct nlattr *attr, *found = NULL;
	int rest;

	if (!nlh || nlh->nlmsg_type != family || ((struct genlmsghdr *)nlmsg_data(nlh))->cmd != command)
		return NULL;
	attr = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)nlh, GENL_HDRLEN, nest_type);
	if (!attr || !type)
		return attr;
	rest = nla_len(attr);
	for (attr = nla_data(attr); nla_ok(attr, rest); attr = nla_next(attr, &rest)) {
		if (nla_type(attr) != type || found)
			return NULL;
		found = attr;
	}
	return found;
}

static void test_v1(void)
{
	struct fake_kernel kernel = { .has_mlxdevm = true,
				      .rules = v1_rules,
				      .rule_count = sizeof(v1_rules) / sizeof(v1_rules[0]) };
	struct dpu_ctx *ctx = fake_open(&kernel);
	struct linux_provider *machine = linux_provider(ctx);
	struct fact_port *ports = NULL, one;
	const struct nlattr *attr;
	uint32_t index = 0, ifindex = 7;
	size_t count = 0;

	must(devlink_present(ctx, machine) == 1);
	must(devlink_ports(ctx, machine, "ports", handle, &ports, &count) == 0);
	is_int(machine->mlxdevm.abi, MLXDEVM_V1_ABI);
	is_int(count, 2);
	ok(ports[0].caps == DPU_FUNCTION_CAP_TRUST &&
		   ports[0].known_caps == (DPU_FUNCTION_CAP_TRUST | DPU_FUNCTION_CAP_ROCE) &&
		   ports[0].has_hw_addr,
	   "what mlxdevm adds to a port of devlink's is added");
	is_int(ports[0].max_uc_list, 33);
	ok(ports[1].index == 32769 && ports[1].sfnum == 89, "a port that only mlxdevm has is there");
	ctx_free(ctx, ports);
	is_int(devlink_port(ctx, machine, "port", handle, 32768, &one), 0);
	is_int(one.max_uc_list, 33);

	fake_reset(&kernel);
	is_int(devlink_sf_activate(ctx, handle, 32769), 0);
	attr = asked(&kernel, FAKE_MLXDEVM, 6, 145, 2);
	ok(attr && nla_get_u8(attr) == 1, "state goes to mlxdevm when devlink cannot: port set, attribute 2");
	is_int(devlink_function_set_caps(ctx, handle, 32769, DPU_FUNCTION_CAP_ROCE, 0), 0);
	attr = asked(&kernel, FAKE_MLXDEVM, 161, 8193, 161);
	ok(attr && nla_len(attr) == 1 && nla_get_u8(attr) == 0, "RoCE has a command and a nest of its own");
	is_int(devlink_function_set_caps(ctx, handle, 32769, DPU_FUNCTION_CAP_TRUST, DPU_FUNCTION_CAP_TRUST),
	       0);
	attr = asked(&kernel, FAKE_MLXDEVM, 6, 145, 4);
	ok(attr && nla_len(attr) == 1 && nla_get_u8(attr) == 1, "trust is attribute 4");
	is_int(devlink_function_set_max_uc_list(ctx, handle, 32769, 128), 0);
	attr = asked(&kernel, FAKE_MLXDEVM, 161, 8193, 162);
	ok(attr && nla_get_u32(attr) == 128, "the unicast list is a capability");

	/* Attribute 4 would be trust: a capability that this version does not have must not be sent to it. */
	fake_reset(&kernel);
	is_int(devlink_function_set_caps(ctx, handle, 32769, DPU_FUNCTION_CAP_MIGRATABLE, 2), -EOPNOTSUPP);
	contains(dpu_ctx_error_text(ctx), "devlink's words");
	is_int(kernel.asked_count, 1);
	is_int(devlink_function_set_max_io_eqs(ctx, handle, 32769, 8), -EOPNOTSUPP);
	is_int(kernel.asked_count, 2);

	is_int(devlink_sf_add(ctx, handle, 0, 0, 90, &index, &ifindex), 0);
	is_int(index, 32770);
	is_int(ifindex, 0);
	ok(asked(&kernel, FAKE_MLXDEVM, 7, 164, 0) != NULL, "an SF is added by mlxdevm where devlink cannot");
	fake_close(&kernel, ctx);
}

static void test_v1_rates_and_params(void)
{
	struct fake_kernel kernel = { .has_mlxdevm = true,
				      .rules = v1_rules,
				      .rule_count = sizeof(v1_rules) / sizeof(v1_rules[0]) };
	struct dpu_ctx *ctx = fake_open(&kernel);
	DPU_OPTS(dpu_rate_attrs, attrs, .port = 32768, .tx_max = 1000, .set = DPU_RATE_TX_MAX);
	struct dpu_param *params = NULL;
	struct dpu_rate *rates = NULL;
	const struct nlattr *attr;
	size_t count = 0;

	is_int(devlink_rates(ctx, handle, &rates, &count), 0);
	is_int(count, 2);
	ok(count == 2 && rates[0].type == DPU_RATE_LEAF && rates[0].tx_max == 125000000 &&
		   !strcmp(rates[0].parent, "gold"),
	   "a leaf");
	ok(count == 2 && rates[1].type == DPU_RATE_NODE && rates[1].tx_share == 1000 &&
		   !strcmp(rates[1].node, "gold"),
	   "a node");
	ctx_free(ctx, rates);
	is_int(devlink_rate_set(ctx, handle, &attrs), 0);
	attr = asked(&kernel, FAKE_MLXDEVM, 165, 8198, 0);
	ok(attr && nla_get_u64(attr) == 1000, "a rate is set under the older numbers");

	is_int(devlink_params(ctx, handle, &params, &count), 0);
	must(count == 1);
	is_str(params[0].name, "esw_pet_insert");
	is_str(params[0].value[DPU_PARAM_RUNTIME], "false");
	is_int(devlink_param_set(ctx, handle, params, DPU_PARAM_RUNTIME, "true"), 0);
	attr = asked(&kernel, FAKE_MLXDEVM, 39, 86, 0);
	ok(attr && nla_len(attr) == 0,
	   "a parameter of the vendor's own is set there; true is an empty value");
	is_int(devlink_param_set(ctx, handle, params, DPU_PARAM_RUNTIME, "false"), 0);
	ok(!asked(&kernel, FAKE_MLXDEVM, 39, 86, 0) && asked(&kernel, FAKE_MLXDEVM, 39, 81, 0),
	   "false is none");
	ctx_free(ctx, params);
	fake_close(&kernel, ctx);
}

static void test_v2(void)
{
	struct fake_kernel kernel = {
		.has_mlxdevm = true,
		.config_group = true,
		.rules = v2_rules,
		.rule_count = sizeof(v2_rules) / sizeof(v2_rules[0]),
	};
	struct dpu_ctx *ctx = fake_open(&kernel);
	struct linux_provider *machine = linux_provider(ctx);
	struct nla_bitfield32 caps = { 0, 0 };
	struct fact_port *ports = NULL;
	const struct nlattr *attr;
	size_t count = 0;

	must(devlink_present(ctx, machine) == 1);
	must(devlink_ports(ctx, machine, "ports", handle, &ports, &count) == 0);
	is_int(machine->mlxdevm.abi, MLXDEVM_V2_ABI);
	is_int(count, 1);
	is_int(ports[0].caps, DPU_FUNCTION_CAP_TRUST | DPU_FUNCTION_CAP_MIGRATABLE);
	is_int(ports[0].known_caps,
	       DPU_FUNCTION_CAP_TRUST | DPU_FUNCTION_CAP_MIGRATABLE | DPU_FUNCTION_CAP_ROCE);
	is_int(ports[0].max_uc_list, 44);
	ctx_free(ctx, ports);

	is_int(devlink_function_set_caps(ctx, handle, 32768, DPU_FUNCTION_CAP_TRUST, 0), 0);
	attr = asked(&kernel, FAKE_MLXDEVM, 6, 145, 161);
	ok(attr && nla_get_u8(attr) == 0, "trust is attribute 161");
	is_int(devlink_function_set_caps(ctx, handle, 32768, 3, 1), 0);
	attr = asked(&kernel, FAKE_MLXDEVM, 6, 145, 4);
	if (attr && nla_len(attr) == sizeof(caps))
		memcpy(&caps, nla_data(attr), sizeof(caps));
	ok(caps.selector == 3 && caps.value == 1, "capabilities are attribute 4, as in devlink");
	is_int(devlink_function_set_max_uc_list(ctx, handle, 32768, 7), 0);
	attr = asked(&kernel, FAKE_MLXDEVM, 6, 145, 162);
	ok(attr && nla_get_u32(attr) == 7, "the unicast list is attribute 162");
	fake_close(&kernel, ctx);
}

static void test_none(void)
{
	struct fake_kernel kernel = { .rules = v2_rules, .rule_count = 2 };
	struct dpu_ctx *ctx = fake_open(&kernel);

	is_int(devlink_function_set_caps(ctx, handle, 32768, DPU_FUNCTION_CAP_TRUST, 0), -EOPNOTSUPP);
	contains(dpu_ctx_error_text(ctx), "only mlxdevm has this");
	is_int(devlink_sf_activate(ctx, handle, 32768), -EOPNOTSUPP);
	contains(dpu_ctx_error_text(ctx), "devlink's words");
	fake_close(&kernel, ctx);
}

int main(void)
{
	test_v1();
	test_v1_rates_and_params();
	test_v2();
	test_none();
	return tap_done();
}
