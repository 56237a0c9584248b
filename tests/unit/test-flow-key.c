/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets by hand, from the specifications, each also cut off at every length. */
#include <arpa/inet.h>
#include "flow/key.h"
#include "tap.h"

#define MACS "\x02\x00\x00\x00\x00\x0d\x02\x00\x00\x00\x00\x0e"
#define A6 "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
#define B6 "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2"
#define IP4(len, frag, proto) "\x45\x2e\x00" len "\0\0" frag "\x40" proto "\0\0\x0a\0\0\1\x0a\0\0\2"
#define IP6(len, proto) "\x62\xe0\0\0\0" len proto "\x40" A6 B6
#define PORTS "\x12\x34\x00\x50\0\0\0\0"

static const struct {
	const char *name, *data;
	uint32_t len;
	uint16_t type, vid;
	uint8_t pcp, proto, tos;
	uint16_t l4_src, l4_dst, op;
	int ip; /* bytes of the addresses */
} cases[] = {
#define P(s) s, sizeof(s) - 1
	{ "udp", P(MACS "\x08\x00" IP4("\x1c", "\0\0", "\x11") PORTS), 0x800, 0, 0, 17, 0x2e, 0x1234, 80, 0,
	  4 },
	{ "padding is no port", P(MACS "\x08\x00" IP4("\x14", "\0\0", "\x06") PORTS), 0x800, 0, 0, 6, 0x2e, 0,
	  0, 0, 4 },
	{ "first fragment", P(MACS "\x08\x00" IP4("\x1c", "\x20\0", "\x84") PORTS), 0x800, 0, 0, 132, 0x2e,
	  0x1234, 80, 0, 4 },
	{ "later fragment", P(MACS "\x08\x00" IP4("\x1c", "\0\1", "\x11") PORTS), 0x800, 0, 0, 17, 0x2e, 0, 0,
	  0, 4 },
	{ "icmp", P(MACS "\x08\x00" IP4("\x1c", "\0\0", "\x01") "\x08\x03\0\0\0\0\0\0"), 0x800, 0, 0, 1, 0x2e,
	  8, 3, 0, 4 },
	{ "icmpv6 over IPv4", P(MACS "\x08\x00" IP4("\x1c", "\0\0", "\x3a") PORTS), 0x800, 0, 0, 58, 0x2e, 0,
	  0, 0, 4 },
	{ "one tag", P(MACS "\x81\x00\x60\x05\x08\x00" IP4("\x1c", "\0\0", "\x06") PORTS), 0x800, 0x1005, 3,
	  6, 0x2e, 0x1234, 80, 0, 4 },
	{ "two tags", P(MACS "\x88\xa8\xe0\x07\x81\x00\x60\x05\x08\x00" IP4("\x1c", "\0\0", "\x06") PORTS),
	  0x800, 0x1007, 7, 6, 0x2e, 0x1234, 80, 0, 4 },
	{ "three tags", P(MACS "\x88\xa8\0\7\x81\x00\0\5\x81\x00\0\6\x08\x00"), 0x8100, 0x1007, 0, 0, 0, 0, 0,
	  0, 0 },
	{ "length, not type", P(MACS "\x00\x26\xaa\xaa\3"), 0, 0, 0, 0, 0, 0, 0, 0, 0 },
	{ "arp", P(MACS "\x08\x06\0\1\x08\0\6\4\0\2\2\0\0\0\0\x0e\x0a\0\0\1\2\0\0\0\0\x0d\x0a\0\0\2"), 0x806,
	  0, 0, 0, 0, 0, 0, 2, 4 },
	{ "arp of another link",
	  P(MACS "\x08\x06\0\6\x08\0\6\4\0\2\2\0\0\0\0\x0e\x0a\0\0\1\2\0\0\0\0\x0d\x0a\0\0\2"), 0x806, 0, 0,
	  0, 0, 0, 0, 0, 0 },
	{ "udp6", P(MACS "\x86\xdd" IP6("\x08", "\x11") PORTS), 0x86dd, 0, 0, 17, 0x2e, 0x1234, 80, 0, 16 },
	{ "icmp6", P(MACS "\x86\xdd" IP6("\x08", "\x3a") "\x80\0\0\0\0\0\0\0"), 0x86dd, 0, 0, 58, 0x2e, 128,
	  0, 0, 16 },
	{ "hop-by-hop, routing, AH, tcp",
	  P(MACS "\x86\xdd" IP6("\x24", "\0") "\x2b\0\0\0\0\0\0\0"
					      "\x33\0\0\0\0\0\0\0"
					      "\x06\1\0\0\0\0\0\0\0\0\0\0" PORTS),
	  0x86dd, 0, 0, 6, 0x2e, 0x1234, 80, 0, 16 },
	{ "first fragment6", P(MACS "\x86\xdd" IP6("\x10", "\x2c") "\x11\0\0\1\0\0\0\0" PORTS), 0x86dd, 0, 0,
	  17, 0x2e, 0x1234, 80, 0, 16 },
	{ "later fragment6", P(MACS "\x86\xdd" IP6("\x10", "\x2c") "\x11\0\0\x08\0\0\0\0" PORTS), 0x86dd, 0,
	  0, 17, 0x2e, 0, 0, 0, 16 },
	{ "extensions without end",
	  P(MACS "\x86\xdd" IP6("\x50", "\x3c") "\x3c\0\0\0\0\0\0\0\x3c\0\0\0\0\0\0\0\x3c\0\0\0\0\0\0\0\x3c\0"
						"\0\0\0\0\0\0\x3c\0\0\0\0\0\0\0\x3c\0\0\0\0\0\0\0\x3c\0\0\0\0"
						"\0\0\0\x3c\0\0\0\0\0\0\0\x11\0\0\0\0\0\0\0" PORTS),
	  0x86dd, 0, 0, 60, 0x2e, 0, 0, 0, 16 },
};

int main(void)
{
	struct flow_key key, want;
	struct dpu_flow_packet packet;
	uint8_t *copy;
	uint32_t len;
	size_t i, b;
	bool subset;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&want, 0, sizeof(want));
		want.in_port = 7;
		memcpy(want.eth_dst, MACS, 6);
		memcpy(want.eth_src, &MACS[6], 6);
		want.eth_type = htons(cases[i].type);
		want.vlan_vid = htons(cases[i].vid);
		want.vlan_pcp = cases[i].pcp;
		want.ip_proto = cases[i].proto;
		want.ip_tos = cases[i].tos;
		want.l4_src = htons(cases[i].l4_src);
		want.l4_dst = htons(cases[i].l4_dst);
		want.arp_op = htons(cases[i].op);
		memcpy(want.ip_src, cases[i].ip == 4 ? "\x0a\0\0\1" : A6, (size_t)cases[i].ip);
		memcpy(want.ip_dst, cases[i].ip == 4 ? "\x0a\0\0\2" : B6, (size_t)cases[i].ip);
		packet = (struct dpu_flow_packet){ cases[i].data, cases[i].len, 7 };
		flow_key_extract(&packet, &key);
		for (b = 0; b < sizeof(key) && ((uint8_t *)&key)[b] == ((uint8_t *)&want)[b]; b++)
			;
		ok(b == sizeof(key), "%s (first difference at byte %zu of the key)", cases[i].name, b);

		/* Cut off, each byte of the key is the whole packet's or zero; the protocol may be an earlier
		 * one. */
		for (subset = true, len = 0; len < cases[i].len; len++) {
			copy = malloc(len ? len : 1);
			must(copy);
			memcpy(copy, cases[i].data, len);
			packet = (struct dpu_flow_packet){ copy, len, 7 };
			flow_key_extract(&packet, &key);
			key.ip_proto = 0;
			for (b = 0; b < sizeof(key); b++)
				subset = subset && (!((uint8_t *)&key)[b] ||
						    ((uint8_t *)&key)[b] == ((uint8_t *)&want)[b]);
			free(copy);
		}
		ok(subset, "%s, cut off at each length", cases[i].name);
	}
	return tap_done();
}
