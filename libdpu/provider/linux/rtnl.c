/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "provider/linux/devlink.h"
#include "provider/linux/rtnl.h"

enum {
	/* Newer than the kernel headers that libdpu may be built with. */
	LINK_DEVLINK_PORT = 62, /* IFLA_DEVLINK_PORT */
	LINK_MAX = 62,
	EXT_SKIP_STATS = 1 << 3, /* RTEXT_FILTER_SKIP_STATS */
};

static void parse_switch_id(const struct nlattr *attr, char *text, size_t size)
{
	const uint8_t *bytes;
	size_t i, len;

	if (!attr)
		return;
	bytes = nla_data(attr);
	len = (size_t)nla_len(attr);
	if (2 * len >= size)
		return;
	for (i = 0; i < len; i++)
		snprintf(text + 2 * i, size - 2 * i, "%02x", bytes[i]);
}

static void parse_devlink_port(const struct nlattr *attr, struct fact_link *link)
{
	struct nlattr *attrs[DEVLINK_ATTR_PORT_INDEX + 1];

	if (!netlink_parse_nested(attr, attrs, DEVLINK_ATTR_PORT_INDEX))
		return;
	link->has_devlink_port = devlink_parse_handle(attrs, link->devlink_handle) &&
				 netlink_u32(attrs[DEVLINK_ATTR_PORT_INDEX], &link->devlink_port);
}

int rtnl_parse_link(const struct nlmsghdr *nlh, struct fact_link *link)
{
	struct nlattr *attrs[LINK_MAX + 1];
	struct ifinfomsg header;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return 0;
	if (!netlink_parse(nlh, sizeof(header), attrs, LINK_MAX))
		return -EBADMSG;
	memcpy(&header, nlmsg_data(nlh), sizeof(header));
	if (header.ifi_index <= 0)
		return -EBADMSG;

	memset(link, 0, sizeof(*link));
	link->ifindex = (uint32_t)header.ifi_index;
	if (!netlink_text(attrs[IFLA_IFNAME], link->name, sizeof(link->name)))
		return -EBADMSG;
	netlink_text(attrs[IFLA_PHYS_PORT_NAME], link->phys_port_name, sizeof(link->phys_port_name));
	parse_switch_id(attrs[IFLA_PHYS_SWITCH_ID], link->phys_switch_id, sizeof(link->phys_switch_id));
	netlink_text(attrs[IFLA_PARENT_DEV_NAME], link->parent_name, sizeof(link->parent_name));
	netlink_text(attrs[IFLA_PARENT_DEV_BUS_NAME], link->parent_bus, sizeof(link->parent_bus));
	/* Only an Ethernet address is one that a function can have; InfiniBand's is longer. */
	if (attrs[IFLA_ADDRESS] && nla_len(attrs[IFLA_ADDRESS]) == sizeof(link->address))
		memcpy(link->address, nla_data(attrs[IFLA_ADDRESS]), sizeof(link->address));
	parse_devlink_port(attrs[LINK_DEVLINK_PORT], link);
	return 1;
}

int rtnl_parse_stats(const struct nlmsghdr *nlh, struct rtnl_link_stats64 *stats)
{
	struct nlattr *attrs[LINK_MAX + 1];
	size_t len;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return 0;
	if (!netlink_parse(nlh, sizeof(struct ifinfomsg), attrs, LINK_MAX))
		return -EBADMSG;
	if (!attrs[IFLA_STATS64])
		return 0;
	/* The structure grows with the kernel: take what both sides know. */
	len = (size_t)nla_len(attrs[IFLA_STATS64]);
	memset(stats, 0, sizeof(*stats));
	memcpy(stats, nla_data(attrs[IFLA_STATS64]), len < sizeof(*stats) ? len : sizeof(*stats));
	return 1;
}

struct links {
	struct dpu_ctx *ctx;
	struct fact_link *items;
	size_t count;
};

static int add_link(void *data, const struct nlmsghdr *nlh)
{
	struct links *links = data;
	struct fact_link link;
	int rc;

	rc = rtnl_parse_link(nlh, &link);
	if (rc <= 0)
		return rc;
	rc = ctx_grow(links->ctx, &links->items, links->count, sizeof(link));
	if (rc < 0)
		return rc;
	links->items[links->count++] = link;
	return 0;
}

static void forget_links(void *data)
{
	struct links *links = data;

	/* ctx_grow() tells room from count, so the array must go with it. */
	ctx_free(links->ctx, links->items);
	links->items = NULL;
	links->count = 0;
}

static int compare_links(const void *a, const void *b)
{
	const struct fact_link *left = a, *right = b;

	return (left->ifindex > right->ifindex) - (left->ifindex < right->ifindex);
}

/* A RTM_GETLINK for one device, or (0) for all. */
static struct nl_msg *getlink(uint32_t ifindex, uint32_t ext_mask)
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex };
	struct nl_msg *msg;

	msg = nlmsg_alloc_simple(RTM_GETLINK, ifindex ? 0 : NLM_F_DUMP);
	if (!msg)
		return NULL;
	if (nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO) < 0 ||
	    nla_put_u32(msg, IFLA_EXT_MASK, ext_mask) < 0) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

int rtnl_links(struct dpu_ctx *ctx, struct netlink *rtnl, const char *step, struct fact_link **ret,
	       size_t *count)
{
	struct links links = { .ctx = ctx };
	struct netlink_answer answer = { .object = add_link, .restart = forget_links, .data = &links };
	struct nl_msg *msg;
	int rc;

	msg = getlink(0, EXT_SKIP_STATS);
	if (!msg)
		return ctx_fail_nomem(ctx, step);
	rc = netlink_request(ctx, rtnl, msg, &answer);
	nlmsg_free(msg);
	if (rc < 0) {
		forget_links(&links);
		return ctx_fail(ctx, rc, step, "RTM_GETLINK", "%s",
				answer.message[0] ? answer.message : strerror(-rc));
	}
	if (links.count)
		qsort(links.items, links.count, sizeof(links.items[0]), compare_links);
	*ret = links.items;
	*count = links.count;
	return 0;
}

struct counters {
	struct rtnl_link_stats64 stats;
	bool found;
};

static int take_stats(void *data, const struct nlmsghdr *nlh)
{
	struct counters *counters = data;
	int rc;

	rc = rtnl_parse_stats(nlh, &counters->stats);
	if (rc > 0)
		counters->found = true;
	return rc < 0 ? rc : 0;
}

int rtnl_stats(struct dpu_ctx *ctx, struct netlink *rtnl, uint32_t ifindex, struct rtnl_link_stats64 *ret)
{
	struct counters counters = { .found = false };
	struct netlink_answer answer = { .object = take_stats, .data = &counters };
	struct nl_msg *msg;
	char object[32];
	int rc;

	msg = getlink(ifindex, 0);
	if (!msg)
		return ctx_fail_nomem(ctx, "port_stats");
	rc = netlink_request(ctx, rtnl, msg, &answer);
	nlmsg_free(msg);
	snprintf(object, sizeof(object), "ifindex %u", ifindex);
	if (rc < 0)
		return ctx_fail(ctx, rc, "port_stats", object, "%s",
				answer.message[0] ? answer.message : strerror(-rc));
	if (!counters.found)
		return ctx_fail(ctx, -EOPNOTSUPP, "port_stats", object, "the network device counts nothing");
	*ret = counters.stats;
	return 0;
}
