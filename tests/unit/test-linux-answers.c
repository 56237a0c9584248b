/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A kernel that answers badly: messages cut short, nests that lie, dumps that are interrupted, buffers that
 * overflow. */
#include "fake-kernel.h"

static const char handle[] = "pci/0000:03:00.0";

static void port_answer(struct nl_msg *msg, int i)
{
	struct nlattr *nest;

	nla_put_u32(msg, 3, 100 + (uint32_t)i);
	nla_put_u16(msg, 77, 7);
	nest = nla_nest_start(msg, 145);
	nla_put(msg, 1, 6, "\x02\0\0\0\0\x58");
	nla_put_u8(msg, 2, 1);
	nla_nest_end(msg, nest);
}

static const struct fake_rule rules[] = {
	{ FAKE_DEVLINK, 5, 0, NULL, port_answer, 3 },
	{ FAKE_DEVLINK, 6, -EPERM, NULL, NULL, 0 },
	{ FAKE_DEVLINK, 7, 0, NULL, NULL, 0 },
};

static struct fake_kernel new_kernel(void)
{
	return (struct fake_kernel){ .rules = rules, .rule_count = sizeof(rules) / sizeof(rules[0]) };
}

static int read_ports(struct dpu_ctx *ctx, size_t *count)
{
	struct fact_port *ports = NULL;
	int rc;

	must(devlink_present(ctx, linux_provider(ctx)) == 1);
	*count = 0;
	rc = devlink_ports(ctx, linux_provider(ctx), "ports", handle, &ports, count);
	ctx_free(ctx, ports);
	return rc;
}

static void test_interrupted(void)
{
	struct fake_kernel kernel = new_kernel();
	struct dpu_ctx *ctx = fake_open(&kernel);
	size_t count;

	must(devlink_present(ctx, linux_provider(ctx)) == 1);
	kernel.interruptions = 3;
	is_int(read_ports(ctx, &count), 0);
	is_int(count, 3);
	is_int(kernel.asked_count, 4);
	fake_reset(&kernel);
	kernel.enobufs = 2;
	is_int(read_ports(ctx, &count), 0);
	is_int(count, 3);

	fake_reset(&kernel);
	kernel.interruptions = 1000;
	is_int(read_ports(ctx, &count), -EAGAIN);
	contains(dpu_ctx_error_text(ctx), "interrupted");
	ok(kernel.asked_count < 64, "it gives up some time");
	fake_reset(&kernel);
	kernel.interruptions = 0;
	kernel.enobufs = 1000;
	is_int(read_ports(ctx, &count), -EAGAIN);
	kernel.enobufs = 0;
	fake_close(&kernel, ctx);
}

static void cut_short(struct nlmsghdr *nlh)
{
	nlh->nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN - 2;
}

static void length_of_nothing(struct nlmsghdr *nlh)
{
	nlh->nlmsg_len = 3;
}

/* The function's nest says that it is longer than the message. */
static void lying_nest(struct nlmsghdr *nlh)
{
	struct nlattr *nest = nlmsg_find_attr(nlh, GENL_HDRLEN, 145);

	nest->nla_len = 0x7fff;
}

/* The address says that it is longer than its nest. */
static void lying_leaf(struct nlmsghdr *nlh)
{
	struct nlattr *nest = nlmsg_find_attr(nlh, GENL_HDRLEN, 145);

	((struct nlattr *)nla_data(nest))->nla_len = 0x100;
}

static void test_spoiled(void)
{
	static const struct {
		void (*spoil)(struct nlmsghdr *nlh);
		int rc;
		size_t count;
		const char *what;
	} cases[] = {
		{ cut_short, -EBADMSG, 0, "a message without room for its header" },
		{ length_of_nothing, -EBADMSG, 0, "a message shorter than its own header" },
		{ lying_nest, -EBADMSG, 0, "a nest longer than its message" },
		{ lying_leaf, -EBADMSG, 0, "an attribute longer than its nest" },
	};
	struct dpu_ctx *ctx;
	size_t i, count;
	int rc;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_kernel kernel = new_kernel();

		ctx = fake_open(&kernel);
		must(devlink_present(ctx, linux_provider(ctx)) == 1);
		kernel.spoil = cases[i].spoil;
		rc = read_ports(ctx, &count);
		ok(rc == cases[i].rc && count == cases[i].count, "%s (%d, %zu)", cases[i].what, rc, count);
		contains(dpu_ctx_error_text(ctx), "malformed");
		fake_close(&kernel, ctx);
	}
}

static void test_refusals(void)
{
	struct fake_kernel kernel = new_kernel();
	struct dpu_ctx *ctx = fake_open(&kernel);
	uint32_t index = 7, ifindex = 8;

	is_int(devlink_sf_activate(ctx, handle, 100), -EPERM);
	contains(dpu_error_hint(dpu_ctx_error(ctx)), "CAP_NET_ADMIN");
	is_int(devlink_sf_add(ctx, handle, 0, 0, 1, &index, &ifindex), -EPROTO);
	contains(dpu_ctx_error_text(ctx), "did not say which port");
	ok(index == 7 && ifindex == 8, "a failure writes no output");
	is_int(devlink_sf_add(ctx, handle, 0, 70000, 1, &index, &ifindex), -EINVAL);
	fake_close(&kernel, ctx);
}

int main(void)
{
	test_interrupted();
	test_spoiled();
	test_refusals();
	return tap_done();
}
