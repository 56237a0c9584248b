/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said of VFs in rtnetlink: lists that are longer than an attribute can be, and each attribute as it
 * goes out. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include "harness.h"
#include "provider/linux/rtnl.h"

enum {
	MESSAGE_SIZE = 512 * 1024,
};

static void put_vf(struct nl_msg *msg, uint32_t vfnum)
{
	struct ifla_vf_vlan_info vlan = { .vf = vfnum, .vlan = vfnum % 4095, .vlan_proto = htons(0x88a8) };
	struct ifla_vf_spoofchk spoofchk = { vfnum, vfnum % 2 };
	struct ifla_vf_rate rate = { vfnum, vfnum, 2 * vfnum };
	struct ifla_vf_trust trust = { vfnum, UINT32_MAX };
	struct ifla_vf_guid guid = { vfnum, UINT64_C(0x1122334455667700) + vfnum };
	struct ifla_vf_mac mac = { .vf = vfnum,
				   .mac = { 2, 0, 0, 0, (uint8_t)(vfnum >> 8), (uint8_t)vfnum } };
	struct nlattr *info, *list;
	uint64_t counter = 1000 + vfnum;

	info = nla_nest_start(msg, IFLA_VF_INFO);
	nla_put(msg, IFLA_VF_MAC, sizeof(mac), &mac);
	nla_put(msg, IFLA_VF_SPOOFCHK, sizeof(spoofchk), &spoofchk);
	nla_put(msg, IFLA_VF_RATE, sizeof(rate), &rate);
	nla_put(msg, IFLA_VF_TRUST, sizeof(trust), &trust);
	nla_put(msg, IFLA_VF_IB_NODE_GUID, sizeof(guid), &guid);
	list = nla_nest_start(msg, IFLA_VF_VLAN_LIST);
	nla_put(msg, IFLA_VF_VLAN_INFO, sizeof(vlan), &vlan);
	nla_nest_end(msg, list);
	list = nla_nest_start(msg, IFLA_VF_STATS);
	nla_put(msg, IFLA_VF_STATS_RX_PACKETS, sizeof(counter), &counter);
	nla_nest_end(msg, list);
	nla_nest_end(msg, info);
}

/* As the kernel writes it: the list's length is what is left of it in 16 bits. */
static struct nl_msg *link_message(uint32_t count)
{
	struct ifinfomsg header = { .ifi_index = 7 };
	struct nlattr *list;
	struct nl_msg *msg;
	uint32_t i;

	msg = nlmsg_alloc_size(MESSAGE_SIZE);
	must(msg && nlmsg_put(msg, 0, 0, RTM_NEWLINK, 0, 0));
	must(nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO) == 0);
	nla_put_string(msg, IFLA_IFNAME, "eth0");
	nla_put_u32(msg, IFLA_NUM_VF, count);
	list = nla_nest_start(msg, IFLA_VFINFO_LIST);
	must(list);
	for (i = 0; i < count; i++)
		put_vf(msg, i);
	list->nla_len = (uint16_t)((char *)nlmsg_tail(nlmsg_hdr(msg)) - (char *)list);
	nla_put_u32(msg, IFLA_TXQLEN, 1000);
	return msg;
}

static void test_list(uint32_t count)
{
	struct nl_msg *msg = link_message(count);
	DPU_OPTS(dpu_vf_attrs, attrs);
	const struct nlattr *info;
	uint32_t i, right = 0;

	for (i = 0; i < count; i++) {
		info = rtnl_find_vf(nlmsg_hdr(msg), i);
		if (!info)
			break;
		rtnl_parse_vf(info, &attrs);
		right += attrs.hw_addr[5] == (uint8_t)i && attrs.hw_addr[4] == (uint8_t)(i >> 8) &&
			 attrs.max_tx_rate == 2 * i && attrs.vlan == i % 4095 && attrs.vlan_proto == 0x88a8 &&
			 attrs.spoofchk == i % 2 && !(attrs.set & DPU_VF_TRUST) &&
			 attrs.node_guid == UINT64_C(0x1122334455667700) + i;
	}
	is_int(right, count);
	ok(!rtnl_find_vf(nlmsg_hdr(msg), count), "of %u VFs there is no other", count);
	nlmsg_free(msg);
}

/* A list that says more than it has. */
static void test_lies(void)
{
	struct nl_msg *msg = link_message(3);
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	uint32_t len, full = nlh->nlmsg_len, i;
	struct nlattr *num = nlmsg_find_attr(nlh, sizeof(struct ifinfomsg), IFLA_NUM_VF);
	uint32_t many = 1000000;
	int found = 0;

	memcpy(nla_data(num), &many, sizeof(many));
	ok(!rtnl_find_vf(nlh, 3) && !rtnl_find_vf(nlh, 999999), "what is not there is not found");
	for (len = NLMSG_HDRLEN; len < full; len++) {
		char *copy = malloc(len);

		must(copy);
		memcpy(copy, nlh, len);
		((struct nlmsghdr *)(void *)copy)->nlmsg_len = len;
		for (i = 0; i < 4; i++)
			found += rtnl_find_vf((void *)copy, i) != NULL;
		free(copy);
	}
	ok(found > 0, "cut anywhere, nothing is read behind the end");
	nlmsg_free(msg);
}

/* A peer that takes one request and acknowledges it. */
struct peer {
	struct nlmsghdr *request;
	uint32_t seq;
};

static ssize_t take(void *data, const void *message, size_t len)
{
	struct peer *peer = data;

	free(peer->request);
	peer->request = malloc(len);
	must(peer->request);
	memcpy(peer->request, message, len);
	return (ssize_t)len;
}

static ssize_t acknowledge(void *data, void *buffer, size_t size, bool peek)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} answer = { .header = { .nlmsg_len = sizeof(answer), .nlmsg_type = NLMSG_ERROR } };
	struct peer *peer = data;

	(void)peek;
	answer.header.nlmsg_seq = peer->request->nlmsg_seq;
	memcpy(buffer, &answer, size < sizeof(answer) ? size : sizeof(answer));
	return (ssize_t)sizeof(answer);
}

/* The one attribute of the one VF in a request, if it is of that type and length and about VF 9. */
static const void *sent(const struct peer *peer, int type, int len)
{
	struct nlattr *list = nlmsg_find_attr(peer->request, sizeof(struct ifinfomsg), IFLA_VFINFO_LIST);
	struct nlattr *info, *attr;
	uint32_t vfnum;

	if (peer->request->nlmsg_type != RTM_SETLINK || !list)
		return NULL;
	info = nla_data(list);
	attr = nla_data(info);
	if (nla_type(info) != IFLA_VF_INFO || nla_len(info) != nla_total_size(nla_len(attr)))
		return NULL;
	if (type == IFLA_VF_VLAN_LIST && nla_type(attr) == type) {
		attr = nla_data(attr);
		type = IFLA_VF_VLAN_INFO;
	}
	if (nla_type(attr) != type || nla_len(attr) != len)
		return NULL;
	memcpy(&vfnum, nla_data(attr), sizeof(vfnum));
	return vfnum == 9 ? nla_data(attr) : NULL;
}

static void test_set(struct dpu_ctx *ctx)
{
	struct peer peer = { .request = NULL };
	const struct netlink_peer io = { .send = take, .receive = acknowledge, .data = &peer };
	struct netlink nl = { .fd = -1, .peer = &io };
	DPU_OPTS(dpu_vf_attrs, attrs, .hw_addr = { 2, 1, 2, 3, 4, 5 }, .vlan = 100, .qos = 3,
		 .vlan_proto = 0x88a8, .spoofchk = 7, .trust = 1, .link_state = DPU_VF_LINK_DISABLE,
		 .min_tx_rate = 5, .max_tx_rate = 6, .node_guid = 0x1234567890abcdef,
		 .port_guid = UINT64_C(0xfedcba0987654321));
	const struct ifla_vf_vlan_info *vlan;
	struct ifla_vf_guid guid;
	const void *at;
	const struct ifla_vf_rate *rate;
	const struct ifla_vf_mac *mac;
	const uint32_t *pair;

#define SET(field) (attrs.set = (field), rtnl_vf_set(ctx, &nl, 7, 9, &attrs))
	is_int(SET(DPU_VF_HW_ADDR), 0);
	mac = sent(&peer, IFLA_VF_MAC, sizeof(*mac));
	ok(mac && !memcmp(mac->mac, attrs.hw_addr, 6) && !mac->mac[6], "an address");
	is_int(SET(DPU_VF_VLAN), 0);
	vlan = sent(&peer, IFLA_VF_VLAN_LIST, sizeof(*vlan));
	ok(vlan && vlan->vlan == 100 && vlan->qos == 3 && vlan->vlan_proto == htons(0x88a8), "a VLAN");
	is_int(SET(DPU_VF_SPOOFCHK), 0);
	pair = sent(&peer, IFLA_VF_SPOOFCHK, 8);
	ok(pair && pair[1] == 1, "spoof check");
	is_int(SET(DPU_VF_TRUST), 0);
	pair = sent(&peer, IFLA_VF_TRUST, 8);
	ok(pair && pair[1] == 1, "trust");
	is_int(SET(DPU_VF_LINK_STATE), 0);
	pair = sent(&peer, IFLA_VF_LINK_STATE, 8);
	ok(pair && pair[1] == IFLA_VF_LINK_STATE_DISABLE, "link state");
	is_int(SET(DPU_VF_RATE), 0);
	rate = sent(&peer, IFLA_VF_RATE, sizeof(*rate));
	ok(rate && rate->min_tx_rate == 5 && rate->max_tx_rate == 6, "rates");
	is_int(SET(DPU_VF_NODE_GUID), 0);
	at = sent(&peer, IFLA_VF_IB_NODE_GUID, sizeof(guid));
	must(at);
	memcpy(&guid, at, sizeof(guid));
	ok(guid.guid == attrs.node_guid, "node GUID");
	is_int(SET(DPU_VF_PORT_GUID), 0);
	at = sent(&peer, IFLA_VF_IB_PORT_GUID, sizeof(guid));
	must(at);
	memcpy(&guid, at, sizeof(guid));
	ok(guid.guid == attrs.port_guid, "port GUID");
	free(peer.request);
	netlink_close(ctx, &nl);
}

int main(void)
{
	struct dpu_ctx *ctx = open_uri("linux:");

	test_list(1);
	test_list(200);
	test_list(504);
	/* Each of these makes another rest of the length. */
	for (uint32_t count = 380; count < 400; count++)
		test_list(count);
	test_lies();
	test_set(ctx);
	dpu_ctx_unref(ctx);
	return tap_done();
}
