/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/if.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "provider/linux/rtnl.h"

enum {
	LINK_MAX = IFLA_PARENT_DEV_BUS_NAME,
	REQUEST_SIZE = 256,
};

static void parse_switch_id(const struct nlattr *attr, char *text, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes;
	size_t i, len;

	if (!attr)
		return;
	bytes = nla_data(attr);
	len = (size_t)nla_len(attr);
	if (2 * len >= size)
		return;
	for (i = 0; i < len; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * len] = '\0';
}

/* A network device may have other masters as well: a bond, a VRF. */
static uint32_t parse_bridge(struct nlattr **attrs)
{
	struct nlattr *info[IFLA_INFO_SLAVE_KIND + 1];
	char kind[16] = "";
	uint32_t master;

	if (!netlink_u32(attrs[IFLA_MASTER], &master) || !attrs[IFLA_LINKINFO] ||
	    !netlink_parse_nested(attrs[IFLA_LINKINFO], info, IFLA_INFO_SLAVE_KIND) ||
	    !netlink_text(info[IFLA_INFO_SLAVE_KIND], kind, sizeof(kind)))
		return 0;
	return !strcmp(kind, "bridge") || !strcmp(kind, "openvswitch") ? master : 0;
}

int rtnl_parse_link(const struct nlmsghdr *nlh, struct fact_link *link)
{
	struct nlattr *attrs[LINK_MAX + 1];
	struct ifinfomsg header;

	if (nlh->nlmsg_type != RTM_NEWLINK && nlh->nlmsg_type != RTM_DELLINK)
		return 0;
	if (!netlink_parse(nlh, sizeof(header), attrs, LINK_MAX))
		return -EBADMSG;
	memcpy(&header, nlmsg_data(nlh), sizeof(header));
	/* A bridge tells of its ports in the same messages. */
	if (header.ifi_family != AF_UNSPEC)
		return 0;
	if (header.ifi_index <= 0)
		return -EBADMSG;

	memset(link, 0, sizeof(*link));
	link->ifindex = (uint32_t)header.ifi_index;
	link->flags = header.ifi_flags & (IFF_UP | IFF_RUNNING | IFF_LOWER_UP);
	link->bridge = parse_bridge(attrs);
	if (!netlink_text(attrs[IFLA_IFNAME], link->name, sizeof(link->name)))
		return -EBADMSG;
	netlink_text(attrs[IFLA_PHYS_PORT_NAME], link->phys_port_name, sizeof(link->phys_port_name));
	parse_switch_id(attrs[IFLA_PHYS_SWITCH_ID], link->phys_switch_id, sizeof(link->phys_switch_id));
	netlink_text(attrs[IFLA_PARENT_DEV_NAME], link->parent_name, sizeof(link->parent_name));
	netlink_text(attrs[IFLA_PARENT_DEV_BUS_NAME], link->parent_bus, sizeof(link->parent_bus));
	/* Only an Ethernet address is one that a function can have; InfiniBand's is longer. */
	if (attrs[IFLA_ADDRESS] && nla_len(attrs[IFLA_ADDRESS]) == sizeof(link->address))
		memcpy(link->address, nla_data(attrs[IFLA_ADDRESS]), sizeof(link->address));
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
	int rc;

	rc = ctx_grow(links->ctx, &links->items, links->count, sizeof(links->items[0]));
	if (rc == 0)
		rc = rtnl_parse_link(nlh, &links->items[links->count]);
	if (rc <= 0)
		return rc;
	links->count++;
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

struct nl_msg *rtnl_getlink(uint32_t ifindex, uint32_t ext_mask)
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex };
	struct nl_msg *msg;

	msg = nlmsg_alloc_size(REQUEST_SIZE);
	if (!msg)
		return NULL;
	if (!nlmsg_put(msg, 0, 0, RTM_GETLINK, 0, ifindex ? 0 : NLM_F_DUMP) ||
	    nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO) < 0 ||
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
	int rc;

	rc = netlink_step(ctx, rtnl, rtnl_getlink(0, RTNL_SKIP_STATS), &answer, step, "RTM_GETLINK");
	if (rc < 0) {
		forget_links(&links);
		return rc;
	}
	*ret = links.items;
	*count = links.count;
	return 0;
}

static int take_link(void *data, const struct nlmsghdr *nlh)
{
	int rc = rtnl_parse_link(nlh, data);

	return rc < 0 ? rc : 0;
}

int rtnl_link(struct dpu_ctx *ctx, struct netlink *rtnl, const char *step, uint32_t ifindex, const char *name,
	      struct fact_link *ret)
{
	struct netlink_answer answer = { .object = take_link, .data = ret };
	struct nl_msg *msg;
	char object[32];
	int rc;

	memset(ret, 0, sizeof(*ret));
	msg = rtnl_getlink(ifindex, RTNL_SKIP_STATS);
	if (msg && name) {
		nlmsg_hdr(msg)->nlmsg_flags &= (uint16_t)~NLM_F_DUMP;
		if (nla_put_string(msg, IFLA_IFNAME, name) < 0) {
			nlmsg_free(msg);
			msg = NULL;
		}
	}
	if (!msg)
		return ctx_fail_nomem(ctx, step);
	rc = netlink_request(ctx, rtnl, msg, &answer);
	nlmsg_free(msg);
	if (rc == 0)
		return 0;
	snprintf(object, sizeof(object), "ifindex %u", ifindex);
	return netlink_fail(ctx, rc, &answer, step, name ? name : object);
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
	char object[32];
	int rc;

	snprintf(object, sizeof(object), "ifindex %u", ifindex);
	rc = netlink_step(ctx, rtnl, rtnl_getlink(ifindex, 0), &answer, "port_stats", object);
	if (rc < 0)
		return rc;
	if (!counters.found)
		return ctx_fail(ctx, -EOPNOTSUPP, "port_stats", object, "the network device counts nothing");
	*ret = counters.stats;
	return 0;
}

static int count_filter(void *data, const struct nlmsghdr *nlh)
{
	struct nlattr *attrs[TCA_OPTIONS + 1];
	struct tcmsg header;
	int *count = data;

	if (nlh->nlmsg_type != RTM_NEWTFILTER || !netlink_parse(nlh, sizeof(header), attrs, TCA_OPTIONS))
		return 0;
	/* A filter without a handle is the head of a priority, not a rule. */
	memcpy(&header, nlmsg_data(nlh), sizeof(header));
	if (header.tcm_handle && attrs[TCA_OPTIONS])
		(*count)++;
	return 0;
}

static void restart_count(void *data)
{
	*(int *)data = 0;
}

int rtnl_filters(struct dpu_ctx *ctx, struct netlink *rtnl, const char *step, uint32_t ifindex)
{
	struct tcmsg header = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)ifindex,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
	};
	int count = 0;
	struct netlink_answer answer = { .object = count_filter, .restart = restart_count, .data = &count };
	char object[32];
	struct nl_msg *msg;
	int rc;

	snprintf(object, sizeof(object), "ifindex %u", ifindex);
	msg = nlmsg_alloc_simple(RTM_GETTFILTER, NLM_F_DUMP);
	if (msg && nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO) < 0) {
		nlmsg_free(msg);
		msg = NULL;
	}
	rc = netlink_step(ctx, rtnl, msg, &answer, step, object);
	return rc < 0 ? rc : count;
}
