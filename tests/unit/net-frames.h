/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets made up at random, with the headers that ask for their offloads. Checksums here are the textbook's
 * loop. */
#ifndef NET_FRAMES_H
#define NET_FRAMES_H

#include <dpu/virtio_net.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_MAX 66000

struct frame {
	struct dpu_virtio_net_hdr hdr;
	uint8_t data[FRAME_MAX];
	size_t len;
	size_t network;
	size_t transport;
	size_t payload;
	bool v6;
	bool tcp;
};

/* What to make; the rest is chosen at random. */
struct frame_plan {
	uint8_t gso_type; /* for GSO_NONE: UDP with a checksum to complete */
	bool v6;
	unsigned int tags;
	unsigned int options; /* words of TCP options */
	bool extensions;      /* IPv4 options, or IPv6 extension headers */
	size_t payload;
	uint16_t gso_size;
};

static inline void poke16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline uint16_t peek16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint16_t sum16(uint32_t sum, const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

static inline uint16_t pseudo16(const uint8_t *ip, bool v6, uint8_t protocol, size_t len)
{
	uint32_t sum = protocol + (uint32_t)(len & 0xffff) + (uint32_t)(len >> 16);

	sum = (sum & 0xffff) + (sum >> 16);
	return v6 ? sum16(sum, ip + 8, 32) : sum16(sum, ip + 12, 8);
}

static inline void frame_bytes(uint8_t *at, size_t len)
{
	for (; len; len--)
		*at++ = (uint8_t)rand();
}

static inline size_t frame_ethernet(struct frame *frame, const struct frame_plan *plan)
{
	size_t at = 12;
	unsigned int i;

	memcpy(frame->data, "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01", 12);
	for (i = 0; i < plan->tags; i++, at += 4) {
		poke16(frame->data + at, i + 1 < plan->tags ? 0x88a8 : 0x8100);
		poke16(frame->data + at + 2, (unsigned int)rand() & 0x0fff);
	}
	poke16(frame->data + at, plan->v6 ? 0x86dd : 0x0800);
	return at + 2;
}

static inline size_t frame_ipv4(struct frame *frame, const struct frame_plan *plan, uint8_t protocol,
				size_t payload)
{
	size_t words = 5 + (plan->extensions ? 1 + (unsigned int)rand() % 10 : 0);
	uint8_t *ip = frame->data + frame->network;

	memset(ip, 1, words * 4); /* options: "no operation" */
	ip[0] = (uint8_t)(0x40 | words);
	ip[1] = (uint8_t)rand() & 0xfc;
	poke16(ip + 2, (uint32_t)(words * 4 + payload));
	poke16(ip + 4, rand() % 2 ? 0xffff - (unsigned int)rand() % 8 : (unsigned int)rand());
	poke16(ip + 6, rand() % 2 && plan->gso_type != DPU_VIRTIO_NET_HDR_GSO_UDP ? 0x4000 : 0);
	ip[8] = 64;
	ip[9] = protocol;
	poke16(ip + 10, 0);
	memcpy(ip + 12, "\x0a\x01\x02", 3);
	memcpy(ip + 16, "\x0a\x01\x02", 3);
	ip[15] = (uint8_t)rand();
	ip[19] = (uint8_t)rand();
	poke16(ip + 10, (uint16_t)~sum16(0, ip, words * 4));
	return words * 4;
}

static inline size_t frame_ipv6(struct frame *frame, const struct frame_plan *plan, uint8_t protocol,
				size_t payload)
{
	uint8_t *ip = frame->data + frame->network, *at = ip + 40;

	ip[0] = 0x60;
	ip[1] = 0;
	poke16(ip + 2, (unsigned int)rand());
	ip[6] = protocol;
	ip[7] = 64;
	frame_bytes(ip + 8, 32);
	memcpy(ip + 8, "\xfd\x00", 2);
	memcpy(ip + 24, "\xfd\x00", 2);
	if (plan->extensions) {
		/* Hop-by-hop options, then destination options, of padding only. */
		ip[6] = 0;
		memcpy(at, "\x3c\x00\x01\x04\x00\x00\x00\x00", 8);
		memcpy(at + 8, "\x11\x01\x01\x0c\0\0\0\0\0\0\0\0\0\0\0\0", 16);
		at[8] = protocol;
		at += 24;
	}
	poke16(ip + 4, (uint32_t)((size_t)(at - ip) - 40 + payload));
	return (size_t)(at - ip);
}

static inline void frame_make(struct frame *frame, const struct frame_plan *plan)
{
	bool tcp = plan->gso_type == DPU_VIRTIO_NET_HDR_GSO_TCPV4 ||
		   plan->gso_type == DPU_VIRTIO_NET_HDR_GSO_TCPV6;
	size_t header = tcp ? 20 + 4 * plan->options : 8, length = header + plan->payload;
	uint8_t protocol = tcp ? 6 : 17, *l4;

	frame->v6 = plan->v6;
	frame->tcp = tcp;
	frame->network = frame_ethernet(frame, plan);
	frame->transport = frame->network + (plan->v6 ? frame_ipv6(frame, plan, protocol, length)
						      : frame_ipv4(frame, plan, protocol, length));
	frame->payload = frame->transport + header;
	frame->len = frame->transport + length;
	l4 = frame->data + frame->transport;
	frame_bytes(l4, length);
	if (tcp) {
		l4[12] = (uint8_t)(header / 4 << 4);
		memset(l4 + 20, 1, header - 20);
		if (rand() % 2)
			memset(l4 + 4, 0xff, 3); /* the sequence number runs over */
	} else {
		poke16(l4 + 4, (uint32_t)length);
	}
	poke16(l4 + (tcp ? 16 : 6), pseudo16(frame->data + frame->network, plan->v6, protocol, length));
	frame->hdr = (struct dpu_virtio_net_hdr){
		.flags = DPU_VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = plan->gso_type,
		.hdr_len = (uint16_t)frame->payload,
		.gso_size = plan->gso_size,
		.csum_start = (uint16_t)frame->transport,
		.csum_offset = tcp ? 16 : 6,
	};
	if (tcp && l4[13] & 0x80)
		frame->hdr.gso_type |= DPU_VIRTIO_NET_HDR_GSO_ECN;
}

/* Cuts the frame's memory into elements at random places. */
static inline uint32_t frame_scatter(struct frame *frame, struct iovec *iov, uint32_t max)
{
	size_t at = 0, piece;
	uint32_t count = 0;

	while (at < frame->len) {
		piece = 1 + (size_t)rand() % (rand() % 2 ? 60 : 40000);
		if (count + 1 == max || piece > frame->len - at)
			piece = frame->len - at;
		iov[count++] = (struct iovec){ frame->data + at, piece };
		at += piece;
	}
	return count;
}

#endif
