/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A kernel that answers generic netlink as a test tells it to, and remembers what it was asked. */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include <errno.h>
#include <linux/genetlink.h>
#include <netlink/genl/genl.h>
#include "harness.h"
#include "provider/linux/devlink.h"

enum {
	FAKE_DEVLINK = 0x20,
	FAKE_MLXDEVM = 0x21,
	FAKE_CONFIG_GROUP = 5,
	FAKE_QUEUE = 64,
	FAKE_LOG = 64,
};

/* How a request is answered. */
struct fake_rule {
	uint16_t family;
	uint8_t command;
	int error;                                 /* negative errno, with the words */
	const char *words;                         /* NULL: none */
	void (*answer)(struct nl_msg *msg, int i); /* makes the ith object; NULL for none */
	int objects;
};

struct fake_kernel {
	struct netlink_peer peer;
	bool has_mlxdevm;
	bool config_group; /* of mlxdevm: it is the newer one */
	const struct fake_rule *rules;
	size_t rule_count;
	struct nlmsghdr *queue[FAKE_QUEUE]; /* answers not yet taken */
	size_t first, count;
	struct nlmsghdr *asked[FAKE_LOG]; /* requests to devlink and mlxdevm */
	size_t asked_count;
	int enobufs;                         /* so many receptions fail with -ENOBUFS */
	int interruptions;                   /* so many dumps are interrupted */
	void (*spoil)(struct nlmsghdr *nlh); /* makes each object's message bad */
};

static void fake_push(struct fake_kernel *kernel, struct nl_msg *msg)
{
	struct nlmsghdr *copy;

	must(msg && kernel->count < FAKE_QUEUE);
	copy = malloc(nlmsg_hdr(msg)->nlmsg_len);
	must(copy);
	memcpy(copy, nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len);
	if (kernel->spoil && copy->nlmsg_type >= NLMSG_MIN_TYPE && copy->nlmsg_type != GENL_ID_CTRL)
		kernel->spoil(copy);
	kernel->queue[kernel->count++] = copy;
	nlmsg_free(msg);
}

static void fake_acknowledge(struct fake_kernel *kernel, const struct nlmsghdr *request, int error,
			     const char *words)
{
	struct nlmsgerr body = { .error = error, .msg = *request };
	struct nl_msg *msg = nlmsg_alloc();

	must(msg && nlmsg_put(msg, 0, request->nlmsg_seq, NLMSG_ERROR, 0, NLM_F_ACK_TLVS | 0x100));
	must(nlmsg_append(msg, &body, sizeof(body), NLMSG_ALIGNTO) == 0);
	if (words)
		nla_put_string(msg, NLMSGERR_ATTR_MSG, words);
	fake_push(kernel, msg);
}

static void fake_done(struct fake_kernel *kernel, const struct nlmsghdr *request)
{
	struct nl_msg *msg = nlmsg_alloc();
	int zero = 0, flags = NLM_F_MULTI;

	if (kernel->interruptions > 0) {
		kernel->interruptions--;
		flags |= NLM_F_DUMP_INTR;
	}
	must(msg && nlmsg_put(msg, 0, request->nlmsg_seq, NLMSG_DONE, 0, flags));
	must(nlmsg_append(msg, &zero, sizeof(zero), NLMSG_ALIGNTO) == 0);
	fake_push(kernel, msg);
}

static void fake_family(struct fake_kernel *kernel, const struct nlmsghdr *request, const char *name)
{
	const bool mlxdevm = !strcmp(name, "mlxdevm");
	struct nlattr *groups, *group;
	struct nl_msg *msg;

	msg = nlmsg_alloc();
	must(msg &&
	     genlmsg_put(msg, 0, request->nlmsg_seq, GENL_ID_CTRL, 0, NLM_F_MULTI, CTRL_CMD_NEWFAMILY, 1));
	nla_put_u16(msg, CTRL_ATTR_FAMILY_ID, mlxdevm ? FAKE_MLXDEVM : FAKE_DEVLINK);
	nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, name);
	if (!mlxdevm || kernel->config_group) {
		groups = nla_nest_start(msg, CTRL_ATTR_MCAST_GROUPS);
		group = nla_nest_start(msg, 1);
		nla_put_string(msg, CTRL_ATTR_MCAST_GRP_NAME, "config");
		nla_put_u32(msg, CTRL_ATTR_MCAST_GRP_ID, FAKE_CONFIG_GROUP);
		nla_nest_end(msg, group);
		nla_nest_end(msg, groups);
	}
	fake_push(kernel, msg);
}

static void fake_answer(struct fake_kernel *kernel, const struct nlmsghdr *request,
			const struct fake_rule *rule)
{
	struct genlmsghdr *header = nlmsg_data(request);
	struct nl_msg *msg;
	int i;

	for (i = 0; !rule->error && i < rule->objects; i++) {
		msg = nlmsg_alloc();
		must(msg &&
		     genlmsg_put(msg, 0, request->nlmsg_seq, request->nlmsg_type, 0, 0, header->cmd, 1));
		nla_put_string(msg, DEVLINK_ATTR_BUS_NAME, "pci");
		nla_put_string(msg, DEVLINK_ATTR_DEV_NAME, "0000:03:00.0");
		rule->answer(msg, i);
		fake_push(kernel, msg);
	}
	if (!rule->error && (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP)
		fake_done(kernel, request);
	else
		fake_acknowledge(kernel, request, rule->error, rule->words);
}

static ssize_t fake_send(void *data, const void *message, size_t len)
{
	const struct nlmsghdr *request = message;
	struct fake_kernel *kernel = data;
	const struct genlmsghdr *header = nlmsg_data(request);
	size_t i;

	must(len >= sizeof(*request) + sizeof(*header) && request->nlmsg_len == len);
	if (request->nlmsg_type == GENL_ID_CTRL) {
		fake_family(kernel, request, DEVLINK_GENL_NAME);
		if (kernel->has_mlxdevm)
			fake_family(kernel, request, "mlxdevm");
		fake_done(kernel, request);
		return (ssize_t)len;
	}
	must(kernel->asked_count < FAKE_LOG);
	kernel->asked[kernel->asked_count] = malloc(len);
	must(kernel->asked[kernel->asked_count]);
	memcpy(kernel->asked[kernel->asked_count++], message, len);
	for (i = 0; i < kernel->rule_count; i++) {
		if (kernel->rules[i].family == request->nlmsg_type &&
		    kernel->rules[i].command == header->cmd) {
			fake_answer(kernel, request, &kernel->rules[i]);
			return (ssize_t)len;
		}
	}
	if ((request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP)
		fake_done(kernel, request);
	else
		fake_acknowledge(kernel, request, -EOPNOTSUPP, NULL);
	return (ssize_t)len;
}

static ssize_t fake_receive(void *data, void *buffer, size_t size, bool peek)
{
	struct fake_kernel *kernel = data;
	struct nlmsghdr *nlh;
	size_t len;

	if (kernel->enobufs > 0) {
		kernel->enobufs--;
		return -ENOBUFS;
	}
	must(kernel->first < kernel->count);
	nlh = kernel->queue[kernel->first];
	/* A spoiled message may lie about its own length. */
	len = nlh->nlmsg_len;
	memcpy(buffer, nlh, len < size ? len : size);
	if (!peek) {
		free(nlh);
		if (++kernel->first == kernel->count)
			kernel->first = kernel->count = 0;
	}
	return (ssize_t)len;
}

/* Forgets what was asked and what has not been taken. */
static void fake_reset(struct fake_kernel *kernel)
{
	while (kernel->asked_count)
		free(kernel->asked[--kernel->asked_count]);
	while (kernel->first < kernel->count)
		free(kernel->queue[kernel->first++]);
	kernel->first = kernel->count = 0;
}

/* A context on linux: that talks to this kernel. */
static struct dpu_ctx *fake_open(struct fake_kernel *kernel)
{
	struct dpu_ctx *ctx = open_uri("linux:");
	struct linux_provider *machine = linux_provider(ctx);

	kernel->peer = (struct netlink_peer){ .send = fake_send, .receive = fake_receive, .data = kernel };
	machine->genl.peer = &kernel->peer;
	machine->devlink = machine->mlxdevm = (struct linux_family){ 0 };
	return ctx;
}

static void fake_close(struct fake_kernel *kernel, struct dpu_ctx *ctx)
{
	fake_reset(kernel);
	dpu_ctx_unref(ctx);
}

#endif
