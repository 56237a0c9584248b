/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The packet parser. Every step first asks whether its bytes are there. */
#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>
#include "flow/key.h"

#define ETH_HEADER 14
#define ETH_TYPE_MIN 0x0600 /* below it is a length (IEEE 802.3) */
#define MAX_TAGS 2
#define MAX_IPV6_EXTENSIONS 8

enum {
	PROTO_HOP_BY_HOP = 0,
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_AH = 51,
	PROTO_ICMPV6 = 58,
	PROTO_DESTINATION = 60,
	PROTO_SCTP = 132,
};

/* What is left of the packet. */
struct rest {
	const uint8_t *at;
	uint32_t len;
};

static void skip(struct rest *rest, uint32_t len)
{
	rest->at += len;
	rest->len -= len;
}

static uint16_t read16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void cut(struct rest *rest, uint32_t len)
{
	if (rest->len > len)
		rest->len = len;
}

/* The type and code of ICMP stand where others have ports. */
static void extract_icmp(struct rest rest, struct flow_key *key)
{
	if (rest.len < 2)
		return;
	key->l4_src = htons(rest.at[0]);
	key->l4_dst = htons(rest.at[1]);
}

static void extract_ports(struct rest rest, struct flow_key *key)
{
	if (rest.len < 4)
		return;
	memcpy(&key->l4_src, rest.at, 2);
	memcpy(&key->l4_dst, rest.at + 2, 2);
}

static void extract_l4(struct rest rest, uint8_t icmp, struct flow_key *key)
{
	if (key->ip_proto == icmp)
		extract_icmp(rest, key);
	else if (key->ip_proto == PROTO_TCP || key->ip_proto == PROTO_UDP || key->ip_proto == PROTO_SCTP)
		extract_ports(rest, key);
}

static void extract_ipv4(struct rest rest, struct flow_key *key)
{
	uint32_t header, total;

	if (rest.len < 20 || rest.at[0] >> 4 != 4)
		return;
	header = (rest.at[0] & 15U) * 4;
	total = read16(rest.at + 2);
	if (header < 20 || header > rest.len || total < header)
		return;
	key->ip_tos = rest.at[1];
	key->ip_proto = rest.at[9];
	memcpy(key->ip_src, rest.at + 12, 4);
	memcpy(key->ip_dst, rest.at + 16, 4);
	if (read16(rest.at + 6) & 0x1fff)
		return;
	/* What comes after the datagram is Ethernet's padding. */
	cut(&rest, total);
	skip(&rest, header);
	extract_l4(rest, PROTO_ICMP, key);
}

static bool is_extension(uint8_t proto)
{
	return proto == PROTO_HOP_BY_HOP || proto == PROTO_ROUTING || proto == PROTO_FRAGMENT ||
	       proto == PROTO_AH || proto == PROTO_DESTINATION;
}

/* Goes past one extension header; false when nothing after it can be read. */
static bool skip_extension(struct rest *rest, struct flow_key *key)
{
	uint8_t proto = key->ip_proto;
	bool later = false;
	uint32_t len;

	if (rest->len < 8)
		return false;
	if (proto == PROTO_FRAGMENT) {
		len = 8;
		later = read16(rest->at + 2) & 0xfff8;
	} else if (proto == PROTO_AH) {
		len = (rest->at[1] + 2U) * 4;
	} else {
		len = (rest->at[1] + 1U) * 8;
	}
	if (len > rest->len)
		return false;
	key->ip_proto = rest->at[0];
	skip(rest, len);
	return !later;
}

static void extract_ipv6(struct rest rest, struct flow_key *key)
{
	uint32_t payload;
	int i;

	if (rest.len < 40 || rest.at[0] >> 4 != 6)
		return;
	key->ip_tos = (uint8_t)(read16(rest.at) >> 4);
	key->ip_proto = rest.at[6];
	memcpy(key->ip_src, rest.at + 8, 16);
	memcpy(key->ip_dst, rest.at + 24, 16);
	payload = read16(rest.at + 4);
	skip(&rest, 40);
	/* 0 before a hop-by-hop header is a jumbogram (RFC 2675), whose length is elsewhere. */
	if (payload || key->ip_proto != PROTO_HOP_BY_HOP)
		cut(&rest, payload);
	for (i = 0; is_extension(key->ip_proto); i++) {
		if (i == MAX_IPV6_EXTENSIONS || !skip_extension(&rest, key))
			return;
	}
	extract_l4(rest, PROTO_ICMPV6, key);
}

static void extract_arp(struct rest rest, struct flow_key *key)
{
	static const uint8_t ethernet_ipv4[] = { 0, 1, 8, 0, 6, 4 };

	if (rest.len < 28 || memcmp(rest.at, ethernet_ipv4, sizeof(ethernet_ipv4)) != 0)
		return;
	memcpy(&key->arp_op, rest.at + 6, 2);
	memcpy(key->ip_src, rest.at + 14, 4);
	memcpy(key->ip_dst, rest.at + 24, 4);
}

static bool is_tag(uint16_t type)
{
	return type == 0x8100 || type == 0x88a8;
}

/* Reads the type and the tags before it; 0 when there is none. */
static uint16_t extract_type(struct rest *rest, struct flow_key *key)
{
	uint16_t type = read16(rest->at - 2), tci;
	int tags;

	for (tags = 0; is_tag(type) && tags < MAX_TAGS; tags++) {
		if (rest->len < 4)
			return 0;
		tci = read16(rest->at);
		if (!tags) {
			key->vlan_vid = htons(0x1000 | (tci & 0xfff));
			key->vlan_pcp = (uint8_t)(tci >> 13);
		}
		type = read16(rest->at + 2);
		skip(rest, 4);
	}
	return type < ETH_TYPE_MIN ? 0 : type;
}

void flow_key_extract(const struct dpu_flow_packet *packet, struct flow_key *key)
{
	struct rest rest = { .at = packet->data, .len = packet->len };
	uint16_t type;

	memset(key, 0, sizeof(*key));
	key->in_port = packet->in_port;
	if (rest.len < ETH_HEADER)
		return;
	memcpy(key->eth_dst, rest.at, 6);
	memcpy(key->eth_src, rest.at + 6, 6);
	skip(&rest, ETH_HEADER);
	type = extract_type(&rest, key);
	key->eth_type = htons(type);
	if (type == 0x0800)
		extract_ipv4(rest, key);
	else if (type == 0x86dd)
		extract_ipv6(rest, key);
	else if (type == 0x0806)
		extract_arp(rest, key);
}
