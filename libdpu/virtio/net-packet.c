/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <endian.h>
#include <string.h>
#include "virtio/net-packet.h"

/* More extension headers than any sender has use for; a peer could make a packet of nothing else. */
#define EXTENSIONS_MAX 16
#define OPTION_HOME_ADDRESS 0xc9

enum {
	HOP_BY_HOP = 0,
	ROUTING = 43,
	FRAGMENT = 44,
	AUTHENTICATION = 51,
	DESTINATION = 60,
};

static bool parse_ipv4(const uint8_t *data, size_t len, struct net_packet *packet)
{
	const uint8_t *ip = data + packet->network;
	size_t left = len - packet->network, header;

	if (left < 20 || ip[0] >> 4 != 4)
		return false;
	header = (size_t)(ip[0] & 15) * 4;
	if (header < 20 || header > left)
		return false;
	packet->version = 4;
	packet->protocol = ip[9];
	packet->fragment = net_get16(ip + 6) & 0x3fff; /* more fragments, or an offset */
	packet->source = ip + 12;
	packet->destination = ip + 16;
	packet->transport = packet->network + header;
	return true;
}

/* The home address among a destination header's options, NULL when there is none. */
static const uint8_t *home_address(const uint8_t *header, size_t size)
{
	size_t at = 2;

	while (at + 2 <= size) {
		if (header[at] == 0) { /* one byte of padding */
			at++;
			continue;
		}
		if (header[at] == OPTION_HOME_ADDRESS)
			return header[at + 1] == 16 && at + 18 <= size ? header + at + 2 : NULL;
		at += 2 + (size_t)header[at + 1];
	}
	return NULL;
}

/* Takes an extension header's size, and what it says of addresses. 0: it is none, or cut short. */
static size_t extension(const uint8_t *header, size_t left, struct net_packet *packet)
{
	const uint8_t *address;
	size_t size;

	if (left < 8)
		return 0;
	size = packet->protocol == AUTHENTICATION ? (size_t)(header[1] + 2) * 4 : (size_t)(header[1] + 1) * 8;
	if (packet->protocol == FRAGMENT)
		size = 8;
	if (size > left)
		return 0;
	switch (packet->protocol) {
	case FRAGMENT:
		packet->fragment = true;
		return size;
	case ROUTING:
		if (header[2] == 2 && size >= 24)
			packet->destination = header + 8;
		return size;
	case DESTINATION:
		address = home_address(header, size);
		if (address)
			packet->source = address;
		return size;
	case HOP_BY_HOP:
	case AUTHENTICATION:
		return size;
	default:
		return 0;
	}
}

static bool parse_ipv6(const uint8_t *data, size_t len, struct net_packet *packet)
{
	const uint8_t *ip = data + packet->network;
	bool routed = false, fragmentable = false;
	size_t size;
	int i;

	if (len - packet->network < 40 || ip[0] >> 4 != 6)
		return false;
	packet->version = 6;
	packet->protocol = ip[6];
	packet->source = ip + 8;
	packet->destination = ip + 24;
	packet->next_header = packet->network + 6;
	packet->transport = packet->network + 40;
	packet->unfragmentable = packet->transport;
	for (i = 0; i < EXTENSIONS_MAX; i++) {
		/* RFC 8200, 4.5: up to the routing header, if there is one; what follows is each fragment's
		 * own. */
		if (packet->protocol == AUTHENTICATION || (packet->protocol == DESTINATION && routed))
			fragmentable = true;
		size = extension(data + packet->transport, len - packet->transport, packet);
		if (!size)
			break;
		packet->extended = true;
		routed |= packet->protocol == ROUTING;
		packet->protocol = data[packet->transport];
		if (!fragmentable) {
			packet->next_header = packet->transport;
			packet->unfragmentable = packet->transport + size;
		}
		packet->transport += size;
		if (packet->fragment)
			break;
	}
	return true;
}

bool net_packet_parse(const uint8_t *data, size_t len, struct net_packet *packet)
{
	size_t at = ETH_LEN - 2;
	uint16_t type;
	int tags;

	memset(packet, 0, sizeof(*packet));
	if (len < ETH_LEN)
		return false;
	type = net_get16(data + at);
	for (tags = 0; tags < 2 && (type == ETH_VLAN || type == ETH_QINQ); tags++) {
		at += 4;
		if (at + 2 > len)
			return false;
		type = net_get16(data + at);
	}
	packet->network = at + 2;
	if (type == ETH_IPV4)
		return parse_ipv4(data, len, packet);
	return type == ETH_IPV6 && parse_ipv6(data, len, packet);
}

/* Words are added in this machine's order, four bytes at a time: ones' complement sums do not mind (RFC
 * 1071). */
uint64_t net_sum(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *at = data;
	uint32_t words[4];
	uint16_t last = 0;

	for (; len >= sizeof(words); at += sizeof(words), len -= sizeof(words)) {
		memcpy(words, at, sizeof(words));
		sum += (uint64_t)words[0] + words[1] + words[2] + words[3];
	}
	for (; len >= 2; at += 2, len -= 2) {
		memcpy(&last, at, 2);
		sum += last;
	}
	if (len) {
		last = 0;
		memcpy(&last, at, 1);
		sum += last;
	}
	return sum;
}

uint16_t net_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return be16toh((uint16_t)~sum);
}
