/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a packet a rule can match, in one flat block that is hashed and compared word by word. */
#ifndef DPU_FLOW_KEY_H
#define DPU_FLOW_KEY_H

#include <stddef.h>
#include <stdint.h>
#include <dpu/flow.h>

/* All in network byte order but in_port. No padding; unused fields are zero. */
struct flow_key {
	uint32_t in_port;
	uint8_t eth_dst[6];
	uint8_t eth_src[6];
	uint16_t eth_type;
	uint16_t vlan_vid; /* bit 12 set when there is a tag */
	uint8_t vlan_pcp;
	uint8_t ip_proto;
	uint8_t ip_tos;
	uint8_t zero;
	uint16_t arp_op;
	uint16_t l4_src;
	uint16_t l4_dst;
	uint16_t zero2;
	uint8_t ip_src[16]; /* IPv4 and ARP: the first 4 bytes */
	uint8_t ip_dst[16];
};

_Static_assert(sizeof(struct flow_key) == 64 && sizeof(struct flow_key) % sizeof(uint64_t) == 0, "flow_key");

/* Reads the key out of a frame. Never fails: what is cut off or unknown stays zero. */
void flow_key_extract(const struct dpu_flow_packet *packet, struct flow_key *key);

#endif
