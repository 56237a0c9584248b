/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the network device of a PF says of the PF's VFs, and takes for them. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include "provider/linux/rtnl.h"

/* The VF's number is the first word of each of its attributes. */
static bool is_vf(const struct nlattr *info, uint32_t vfnum)
{
	struct nlattr *attrs[IFLA_VF_MAX + 1];
	uint32_t number;

	return netlink_parse_nested(info, attrs, IFLA_VF_MAX) && netlink_u32(attrs[IFLA_VF_MAC], &number) &&
	       number == vfnum;
}

/*
 * An attribute's length has 16 bits. With some 200 VFs IFLA_VFINFO_LIST is longer than that, and the kernel
 * lets its length wrap around. Its elements are whole, one for each VF in order, right behind its header: so
 * they are counted (IFLA_NUM_VF comes before), not measured.
 */
static const struct nlattr *first_vf(const struct nlmsghdr *nlh, int *rest, uint32_t *count)
{
	const size_t header = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct ifinfomsg));
	const struct nlattr *attr = (const void *)((const char *)nlh + header);

	*count = 0;
	if (nlh->nlmsg_len < header || nlh->nlmsg_len > INT32_MAX)
		return NULL;
	*rest = (int)(nlh->nlmsg_len - header);
	for (; nla_ok(attr, *rest); attr = nla_next(attr, rest)) {
		if (nla_type(attr) == IFLA_NUM_VF)
			netlink_u32(attr, count);
		if (nla_type(attr) == IFLA_VFINFO_LIST) {
			*rest -= (int)sizeof(struct nlattr);
			return nla_data(attr);
		}
	}
	/* A list whose length became less than a header's stands where the walk ended. */
	if (*rest > (int)sizeof(struct nlattr) && nla_type(attr) == IFLA_VFINFO_LIST) {
		*rest -= (int)sizeof(struct nlattr);
		return nla_data(attr);
	}
	return NULL;
}

const struct nlattr *rtnl_find_vf(const struct nlmsghdr *nlh, uint32_t vfnum)
{
	const struct nlattr *info;
	uint32_t count, i;
	int rest;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return NULL;
	info = first_vf(nlh, &rest, &count);
	for (i = 0; info && i < count && nla_ok(info, rest) && nla_type(info) == IFLA_VF_INFO; i++) {
		if (i == vfnum)
			return is_vf(info, vfnum) ? info : NULL;
		info = nla_next(info, &rest);
	}
	return NULL;
}

/* Copies an attribute's structure; false when it is missing or shorter. */
static bool take(const struct nlattr *attr, void *value, size_t size)
{
	if (!attr || nla_len(attr) < (int)size)
		return false;
	memcpy(value, nla_data(attr), size);
	return true;
}

static void parse_vlan(struct nlattr **attrs, struct dpu_vf_attrs *ret)
{
	struct nlattr *list[IFLA_VF_VLAN_INFO + 1];
	struct ifla_vf_vlan_info info;
	struct ifla_vf_vlan vlan;

	/* The list names the protocol, and there is only ever one in it. */
	if (netlink_parse_nested(attrs[IFLA_VF_VLAN_LIST], list, IFLA_VF_VLAN_INFO) &&
	    take(list[IFLA_VF_VLAN_INFO], &info, sizeof(info))) {
		ret->vlan = info.vlan;
		ret->qos = info.qos;
		ret->vlan_proto = ntohs(info.vlan_proto);
		ret->set |= DPU_VF_VLAN;
	} else if (take(attrs[IFLA_VF_VLAN], &vlan, sizeof(vlan))) {
		ret->vlan = vlan.vlan;
		ret->qos = vlan.qos;
		ret->vlan_proto = 0x8100;
		ret->set |= DPU_VF_VLAN;
	}
}

void rtnl_parse_vf(const struct nlattr *nest, struct dpu_vf_attrs *ret)
{
	struct nlattr *attrs[IFLA_VF_MAX + 1];
	struct ifla_vf_link_state link_state;
	struct ifla_vf_spoofchk spoofchk;
	struct ifla_vf_trust trust;
	struct ifla_vf_rate rate;
	struct ifla_vf_guid guid;
	struct ifla_vf_mac mac;

	ret->set = 0;
	if (!netlink_parse_nested(nest, attrs, IFLA_VF_MAX))
		return;
	if (take(attrs[IFLA_VF_MAC], &mac, sizeof(mac))) {
		memcpy(ret->hw_addr, mac.mac, sizeof(ret->hw_addr));
		ret->set |= DPU_VF_HW_ADDR;
	}
	parse_vlan(attrs, ret);
	/* A driver that does not know says -1. */
	if (take(attrs[IFLA_VF_SPOOFCHK], &spoofchk, sizeof(spoofchk)) && spoofchk.setting != UINT32_MAX) {
		ret->spoofchk = spoofchk.setting != 0;
		ret->set |= DPU_VF_SPOOFCHK;
	}
	if (take(attrs[IFLA_VF_TRUST], &trust, sizeof(trust)) && trust.setting != UINT32_MAX) {
		ret->trust = trust.setting != 0;
		ret->set |= DPU_VF_TRUST;
	}
	if (take(attrs[IFLA_VF_LINK_STATE], &link_state, sizeof(link_state)) &&
	    link_state.link_state <= DPU_VF_LINK_DISABLE) {
		ret->link_state = link_state.link_state;
		ret->set |= DPU_VF_LINK_STATE;
	}
	if (take(attrs[IFLA_VF_RATE], &rate, sizeof(rate))) {
		ret->min_tx_rate = rate.min_tx_rate;
		ret->max_tx_rate = rate.max_tx_rate;
		ret->set |= DPU_VF_RATE;
	}
	if (take(attrs[IFLA_VF_IB_NODE_GUID], &guid, sizeof(guid))) {
		ret->node_guid = guid.guid;
		ret->set |= DPU_VF_NODE_GUID;
	}
	if (take(attrs[IFLA_VF_IB_PORT_GUID], &guid, sizeof(guid))) {
		ret->port_guid = guid.guid;
		ret->set |= DPU_VF_PORT_GUID;
	}
}

static void parse_stats(const struct nlattr *info, struct dpu_vf_stats *stats)
{
	struct nlattr *attrs[IFLA_VF_MAX + 1], *counters[IFLA_VF_STATS_MAX + 1];
	const struct nlattr *attr;
	int rest;

	memset(counters, 0, sizeof(counters));
	if (!netlink_parse_nested(info, attrs, IFLA_VF_MAX) || !attrs[IFLA_VF_STATS])
		return;
	/* Here numbers begin at 0, which netlink_parse_nested() takes for padding. */
	rest = nla_len(attrs[IFLA_VF_STATS]);
	for (attr = nla_data(attrs[IFLA_VF_STATS]); nla_ok(attr, rest); attr = nla_next(attr, &rest)) {
		if (nla_type(attr) <= IFLA_VF_STATS_MAX)
			counters[nla_type(attr)] = (struct nlattr *)(uintptr_t)attr;
	}
	netlink_u64(counters[IFLA_VF_STATS_RX_PACKETS], &stats->rx_packets);
	netlink_u64(counters[IFLA_VF_STATS_TX_PACKETS], &stats->tx_packets);
	netlink_u64(counters[IFLA_VF_STATS_RX_BYTES], &stats->rx_bytes);
	netlink_u64(counters[IFLA_VF_STATS_TX_BYTES], &stats->tx_bytes);
	netlink_u64(counters[IFLA_VF_STATS_BROADCAST], &stats->broadcast);
	netlink_u64(counters[IFLA_VF_STATS_MULTICAST], &stats->multicast);
	netlink_u64(counters[IFLA_VF_STATS_RX_DROPPED], &stats->rx_dropped);
	netlink_u64(counters[IFLA_VF_STATS_TX_DROPPED], &stats->tx_dropped);
}

struct query {
	uint32_t vfnum;
	bool found;
	struct dpu_vf_attrs *attrs;
	struct dpu_vf_stats *stats;
};

static int take_vf(void *data, const struct nlmsghdr *nlh)
{
	struct query *query = data;
	const struct nlattr *info = rtnl_find_vf(nlh, query->vfnum);

	if (!info)
		return 0;
	query->found = true;
	if (query->attrs)
		rtnl_parse_vf(info, query->attrs);
	if (query->stats)
		parse_stats(info, query->stats);
	return 0;
}

static void name_vf(uint32_t ifindex, uint32_t vfnum, char text[48])
{
	snprintf(text, 48, "VF %u of ifindex %u", vfnum, ifindex);
}

static int ask(struct dpu_ctx *ctx, struct netlink *rtnl, const char *step, uint32_t ifindex,
	       uint32_t ext_mask, struct query *query)
{
	struct netlink_answer answer = { .object = take_vf, .data = query };
	char object[48];
	int rc;

	name_vf(ifindex, query->vfnum, object);
	rc = netlink_step(ctx, rtnl, rtnl_getlink(ifindex, ext_mask), &answer, step, object);
	if (rc < 0)
		return rc;
	return query->found
		       ? 0
		       : ctx_fail(ctx, -EOPNOTSUPP, step, object, "the network device does not know its VFs");
}

int rtnl_vf(struct dpu_ctx *ctx, struct netlink *rtnl, uint32_t ifindex, uint32_t vfnum,
	    struct dpu_vf_attrs *attrs)
{
	struct query query = { .vfnum = vfnum, .attrs = attrs };

	return ask(ctx, rtnl, "vf_attrs_get", ifindex, RTNL_VF | RTNL_SKIP_STATS, &query);
}

int rtnl_vf_stats(struct dpu_ctx *ctx, struct netlink *rtnl, uint32_t ifindex, uint32_t vfnum,
		  struct dpu_vf_stats *stats)
{
	struct query query = { .vfnum = vfnum, .stats = stats };

	return ask(ctx, rtnl, "vf_stats", ifindex, RTNL_VF, &query);
}

static int put_attr(struct nl_msg *msg, uint32_t vfnum, const struct dpu_vf_attrs *attrs)
{
	struct ifla_vf_link_state link_state = { .vf = vfnum, .link_state = attrs->link_state };
	struct ifla_vf_rate rate = { vfnum, attrs->min_tx_rate, attrs->max_tx_rate };
	struct ifla_vf_spoofchk spoofchk = { .vf = vfnum, .setting = attrs->spoofchk != 0 };
	struct ifla_vf_trust trust = { .vf = vfnum, .setting = attrs->trust != 0 };
	struct ifla_vf_guid guid = { .vf = vfnum };
	struct ifla_vf_mac mac = { .vf = vfnum };
	struct ifla_vf_vlan_info vlan = {
		.vf = vfnum,
		.vlan = attrs->vlan,
		.qos = attrs->qos,
		.vlan_proto = htons((uint16_t)attrs->vlan_proto),
	};
	struct nlattr *list;
	int rc;

	switch (attrs->set) {
	case DPU_VF_HW_ADDR:
		memcpy(mac.mac, attrs->hw_addr, sizeof(attrs->hw_addr));
		return nla_put(msg, IFLA_VF_MAC, sizeof(mac), &mac);
	case DPU_VF_VLAN:
		list = nla_nest_start(msg, IFLA_VF_VLAN_LIST);
		if (!list)
			return -ENOMEM;
		rc = nla_put(msg, IFLA_VF_VLAN_INFO, sizeof(vlan), &vlan);
		nla_nest_end(msg, list);
		return rc;
	case DPU_VF_SPOOFCHK:
		return nla_put(msg, IFLA_VF_SPOOFCHK, sizeof(spoofchk), &spoofchk);
	case DPU_VF_TRUST:
		return nla_put(msg, IFLA_VF_TRUST, sizeof(trust), &trust);
	case DPU_VF_LINK_STATE:
		return nla_put(msg, IFLA_VF_LINK_STATE, sizeof(link_state), &link_state);
	case DPU_VF_RATE:
		return nla_put(msg, IFLA_VF_RATE, sizeof(rate), &rate);
	case DPU_VF_NODE_GUID:
		guid.guid = attrs->node_guid;
		return nla_put(msg, IFLA_VF_IB_NODE_GUID, sizeof(guid), &guid);
	default:
		guid.guid = attrs->port_guid;
		return nla_put(msg, IFLA_VF_IB_PORT_GUID, sizeof(guid), &guid);
	}
}

static struct nl_msg *setlink(uint32_t ifindex, uint32_t vfnum, const struct dpu_vf_attrs *attrs)
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex };
	struct nlattr *list, *info;
	struct nl_msg *msg;

	msg = nlmsg_alloc_simple(RTM_SETLINK, 0);
	if (!msg)
		return NULL;
	if (nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO) < 0)
		goto fail;
	list = nla_nest_start(msg, IFLA_VFINFO_LIST);
	info = list ? nla_nest_start(msg, IFLA_VF_INFO) : NULL;
	if (!info || put_attr(msg, vfnum, attrs) < 0)
		goto fail;
	nla_nest_end(msg, info);
	nla_nest_end(msg, list);
	return msg;
fail:
	nlmsg_free(msg);
	return NULL;
}

int rtnl_vf_set(struct dpu_ctx *ctx, struct netlink *rtnl, uint32_t ifindex, uint32_t vfnum,
		const struct dpu_vf_attrs *attrs)
{
	struct netlink_answer answer = { .object = NULL };
	char object[48];

	name_vf(ifindex, vfnum, object);
	return netlink_step(ctx, rtnl, setlink(ifindex, vfnum, attrs), &answer, "vf_attrs_set", object);
}
