/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a packet's headers are; Internet checksums; bytes in network order. */
#ifndef DPU_VIRTIO_NET_PACKET_INTERNAL_H
#define DPU_VIRTIO_NET_PACKET_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ETH_LEN 14
#define TCP_LEN 20
#define UDP_LEN 8
#define IP_TCP 6
#define IP_UDP 17
#define ETH_IPV4 0x0800
#define ETH_IPV6 0x86dd
#define ETH_VLAN 0x8100
#define ETH_QINQ 0x88a8

struct net_packet {
	const uint8_t *source; /* IPv6: with what the extension headers say */
	const uint8_t *destination;
	size_t network;
	size_t transport;      /* what follows IP and its extension headers; may be the packet's end */
	size_t unfragmentable; /* IPv6: where a fragment header belongs */
	size_t next_header;    /* IPv6: the byte that would name it */
	uint8_t version;       /* 4 or 6 */
	uint8_t protocol;
	bool fragment;
	bool extended; /* IPv6: there are extension headers */
};

/* Looks through Ethernet, VLAN tags (as many as two) and IP. False: it is not IP, or cut short there. */
bool net_packet_parse(const uint8_t *data, size_t len, struct net_packet *packet);

static inline uint16_t net_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void net_put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline uint32_t net_get32(const uint8_t *at)
{
	return (uint32_t)net_get16(at) << 16 | net_get16(at + 2);
}

static inline void net_put32(uint8_t *at, uint32_t value)
{
	net_put16(at, value >> 16);
	net_put16(at + 2, value);
}

/* Adds the 16-bit words of data to a sum; an odd last byte counts as a word's first. Sums of pieces can be
 * added as long as all but the last piece are even. */
uint64_t net_sum(uint64_t sum, const void *data, size_t len);
/* The ones' complement of a sum, as 16 bits to be stored with net_put16(). */
uint16_t net_fold(uint64_t sum);

#endif
