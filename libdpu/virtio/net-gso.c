/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Large packets cut in software: what a device with the offload would put on the wire. */
#include <dpu/virtio_net_packet.h>
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "virtio/net-packet.h"

#define TCP_FIN 0x01
#define TCP_PSH 0x08
#define TCP_CWR 0x80
#define IP_MORE_FRAGMENTS 0x2000
#define IPV6_FRAGMENT 44
#define FRAGMENT_LEN 8

_Static_assert(sizeof(((struct dpu_virtio_net_gso *)0)->headers) <= UINT16_MAX,
	       "header_len and copied hold it");

/* Copies the next bytes of the packet, or passes over them; the caller knows that they are there. */
static void take(struct dpu_virtio_net_gso *gso, uint8_t *to, size_t len)
{
	size_t piece;

	while (len) {
		piece = gso->iov->iov_len - gso->iov_offset;
		if (piece > len)
			piece = len;
		if (to) {
			memcpy(to, (const uint8_t *)gso->iov->iov_base + gso->iov_offset, piece);
			to += piece;
		}
		len -= piece;
		gso->iov_offset += piece;
		if (gso->iov_offset == gso->iov->iov_len && gso->iov_count > 1) {
			gso->iov++;
			gso->iov_count--;
			gso->iov_offset = 0;
		}
	}
}

/* The sum of what is left of the packet, as if it began at an even place. */
static uint64_t sum_rest(const struct dpu_virtio_net_gso *gso)
{
	const struct iovec *iov = gso->iov, *end = iov + gso->iov_count;
	size_t offset = gso->iov_offset, len;
	uint64_t sum = 0;
	uint16_t part;
	bool odd = false;

	for (; iov < end; iov++, offset = 0) {
		len = iov->iov_len - offset;
		part = (uint16_t)~net_fold(net_sum(0, (const uint8_t *)iov->iov_base + offset, len));
		/* In a piece that begins at an odd place, high and low bytes are exchanged. */
		sum += htobe16(odd ? __builtin_bswap16(part) : part);
		odd ^= len & 1;
	}
	return sum;
}

/* Bytes of the packet, or PACKET_MAX + 1 for more than that. */
static uint32_t length(const struct iovec *iov, uint32_t count, size_t offset)
{
	size_t sum = 0, len;

	for (; count && sum <= DPU_VIRTIO_NET_PACKET_MAX; iov++, count--) {
		len = iov->iov_len;
		if (offset >= len) {
			offset -= len;
			continue;
		}
		sum = len - offset > DPU_VIRTIO_NET_PACKET_MAX ? DPU_VIRTIO_NET_PACKET_MAX + 1
							       : sum + len - offset;
		offset = 0;
	}
	return sum > DPU_VIRTIO_NET_PACKET_MAX ? DPU_VIRTIO_NET_PACKET_MAX + 1 : (uint32_t)sum;
}

/* A packet that is not large: its checksum may be left to do. */
static int start_whole(struct dpu_virtio_net_gso *gso, const struct dpu_virtio_net_hdr *hdr, uint32_t len)
{
	if (hdr->flags & DPU_VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		gso->transport = hdr->csum_start;
		gso->check = (uint32_t)hdr->csum_start + hdr->csum_offset;
		if (!gso->check || gso->check + 2 > len)
			return -EINVAL;
	}
	gso->segments = 1;
	gso->segment_max = gso->payload = gso->size = len;
	return 0;
}

/* The headers must be those of the gso_type, and the checksum where they have it. Tells the transport
 * header's length, 0 for an error. */
static size_t match(const struct dpu_virtio_net_gso *gso, const struct dpu_virtio_net_hdr *hdr,
		    const struct net_packet *packet)
{
	bool tcp = gso->kind == DPU_VIRTIO_NET_HDR_GSO_TCPV4 || gso->kind == DPU_VIRTIO_NET_HDR_GSO_TCPV6;
	size_t room = gso->copied - packet->transport, size = tcp ? TCP_LEN : UDP_LEN;

	if ((gso->kind == DPU_VIRTIO_NET_HDR_GSO_TCPV4 && packet->version != 4) ||
	    (gso->kind == DPU_VIRTIO_NET_HDR_GSO_TCPV6 && packet->version != 6) ||
	    packet->protocol != (tcp ? IP_TCP : IP_UDP) || packet->fragment || room < size)
		return 0;
	if (!(hdr->flags & DPU_VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return 0;
	if (!(hdr->flags & DPU_VIRTIO_NET_HDR_F_RSC_INFO) &&
	    (hdr->csum_start != packet->transport || hdr->csum_offset != (tcp ? 16 : 6)))
		return 0;
	if (!tcp)
		return size;
	size = (size_t)(gso->headers[packet->transport + 12] >> 4) * 4;
	return size >= TCP_LEN && size <= room ? size : 0;
}

static int start_segments(struct dpu_virtio_net_gso *gso, uint32_t len)
{
	uint32_t most;

	gso->header_len = gso->copied;
	gso->payload = len - gso->header_len;
	gso->segments = gso->payload ? (gso->payload + gso->size - 1) / gso->size : 1;
	most = gso->payload < gso->size ? gso->payload : gso->size;
	gso->segment_max = gso->header_len + most;
	/* IPv6's length does not count its first header. */
	return gso->segment_max - gso->network - (gso->version == 6 ? 40 : 0) > UINT16_MAX ? -EMSGSIZE : 0;
}

static int start_fragments(struct dpu_virtio_net_gso *gso, const struct net_packet *packet, uint32_t len)
{
	uint8_t *udp = gso->headers + packet->transport, *check = udp + 6;
	uint16_t sum;

	gso->header_len = (uint16_t)(gso->version == 4 ? packet->transport : packet->unfragmentable);
	gso->payload = len - gso->header_len;
	gso->size &= ~7u;
	if (!gso->size)
		return -EINVAL;
	if (len - gso->network - (gso->version == 6 ? 40 : 0) > UINT16_MAX)
		return -EMSGSIZE;
	/* The checksum spans all fragments: it is the one thing for which the payload is read twice. */
	net_put16(udp + 4, len - gso->transport);
	sum = net_fold(net_sum(sum_rest(gso), udp, UDP_LEN));
	net_put16(check, sum ? sum : 0xffff);
	gso->fragment_id = net_get32(udp) ^ (uint32_t)(net_get16(check) * UINT32_C(0x9e3779b1));
	gso->segments = (gso->payload + gso->size - 1) / gso->size;
	gso->segment_max = gso->header_len + (gso->segments > 1 ? gso->size : gso->payload);
	if (gso->version == 6 && gso->segments > 1) {
		gso->fragment_next = gso->headers[packet->next_header];
		gso->headers[packet->next_header] = IPV6_FRAGMENT;
		gso->segment_max += FRAGMENT_LEN;
	}
	return 0;
}

static int start_large(struct dpu_virtio_net_gso *gso, const struct dpu_virtio_net_hdr *hdr, uint32_t len)
{
	struct dpu_virtio_net_gso at = *gso;
	struct net_packet packet;
	uint32_t whole;
	size_t size;

	gso->size = hdr->gso_size;
	gso->copied = len < sizeof(gso->headers) ? (uint16_t)len : sizeof(gso->headers);
	take(&at, gso->headers, gso->copied);
	if (!gso->size || !net_packet_parse(gso->headers, gso->copied, &packet))
		return -EINVAL;
	size = match(gso, hdr, &packet);
	if (!size)
		return -EINVAL;
	gso->network = (uint16_t)packet.network;
	gso->transport = (uint32_t)packet.transport;
	gso->version = packet.version;
	gso->check = gso->transport + (packet.protocol == IP_TCP ? 16 : 6);
	gso->copied = (uint16_t)(packet.transport + size);
	take(gso, NULL, gso->copied);
	if (gso->kind == DPU_VIRTIO_NET_HDR_GSO_UDP)
		return start_fragments(gso, &packet, len);
	/* What the checksum field has now is the pseudo header's sum with the length of the whole. */
	whole = len - gso->transport;
	gso->sum = (uint32_t)htobe16(net_get16(gso->headers + gso->check)) +
		   htobe16((uint16_t) ~(whole >> 16)) + htobe16((uint16_t)~whole);
	return start_segments(gso, len);
}

int dpu_virtio_net_gso_start(struct dpu_virtio_net_gso *ret, const struct dpu_virtio_net_hdr *hdr,
			     const struct iovec *iov, uint32_t count, size_t offset)
{
	uint8_t kind = hdr->gso_type & (uint8_t)~DPU_VIRTIO_NET_HDR_GSO_ECN;
	struct dpu_virtio_net_gso gso = { .kind = kind };
	uint32_t len = length(iov, count, offset);
	int rc;

	if (len < ETH_LEN)
		return -EINVAL;
	if (len > DPU_VIRTIO_NET_PACKET_MAX)
		return -EMSGSIZE;
	for (; offset >= iov->iov_len; iov++, count--)
		offset -= iov->iov_len;
	gso.iov = iov;
	gso.iov_count = count;
	gso.iov_offset = offset;
	switch (hdr->gso_type == DPU_VIRTIO_NET_HDR_GSO_ECN ? UINT8_MAX : kind) {
	case DPU_VIRTIO_NET_HDR_GSO_NONE:
		rc = start_whole(&gso, hdr, len);
		break;
	case DPU_VIRTIO_NET_HDR_GSO_TCPV4:
	case DPU_VIRTIO_NET_HDR_GSO_TCPV6:
	case DPU_VIRTIO_NET_HDR_GSO_UDP_L4:
	case DPU_VIRTIO_NET_HDR_GSO_UDP:
		rc = start_large(&gso, hdr, len);
		break;
	default:
		rc = -EINVAL;
	}
	if (rc == 0)
		*ret = gso;
	return rc;
}

static void finish_whole(const struct dpu_virtio_net_gso *gso, uint8_t *buf, uint32_t len)
{
	uint16_t sum;

	if (!gso->check)
		return;
	sum = net_fold(net_sum(0, buf + gso->transport, len - gso->transport));
	net_put16(buf + gso->check, sum ? sum : 0xffff);
}

static void finish_ip(const struct dpu_virtio_net_gso *gso, uint8_t *ip, uint32_t len)
{
	if (gso->version == 6) {
		net_put16(ip + 4, len - 40);
		return;
	}
	net_put16(ip + 2, len);
	net_put16(ip + 10, 0);
	net_put16(ip + 10, net_fold(net_sum(0, ip, (size_t)(ip[0] & 15) * 4)));
}

static void finish_segment(const struct dpu_virtio_net_gso *gso, uint8_t *buf, uint32_t len)
{
	bool first = !gso->done, last = gso->done + 1 == gso->segments;
	uint8_t *ip = buf + gso->network, *l4 = buf + gso->transport;
	uint32_t l4_len = len - gso->transport;
	uint16_t sum;

	if (gso->version == 4)
		net_put16(ip + 4, net_get16(ip + 4) + gso->done);
	finish_ip(gso, ip, len - gso->network);
	if (gso->kind == DPU_VIRTIO_NET_HDR_GSO_UDP_L4) {
		net_put16(l4 + 4, l4_len);
	} else {
		net_put32(l4 + 4, net_get32(l4 + 4) + gso->position);
		if (!last)
			l4[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
		if (!first)
			l4[13] &= (uint8_t)~TCP_CWR;
	}
	net_put16(buf + gso->check, 0);
	sum = net_fold(net_sum((uint64_t)gso->sum + htobe16((uint16_t)l4_len), l4, l4_len));
	net_put16(buf + gso->check, !sum && gso->kind == DPU_VIRTIO_NET_HDR_GSO_UDP_L4 ? 0xffff : sum);
}

static void finish_fragment(const struct dpu_virtio_net_gso *gso, uint8_t *buf, uint32_t len)
{
	bool last = gso->done + 1 == gso->segments;
	uint8_t *ip = buf + gso->network;

	if (gso->version == 4 && gso->segments > 1)
		net_put16(ip + 6, gso->position / 8 | (last ? 0 : IP_MORE_FRAGMENTS));
	finish_ip(gso, ip, len - gso->network);
}

/* An IPv6 fragment's own header; its length. */
static uint32_t put_fragment_header(const struct dpu_virtio_net_gso *gso, uint8_t *to)
{
	bool last = gso->done + 1 == gso->segments;

	if (gso->version == 4 || gso->segments == 1)
		return 0;
	to[0] = gso->fragment_next;
	to[1] = 0;
	net_put16(to + 2, gso->position | !last);
	net_put32(to + 4, gso->fragment_id);
	return FRAGMENT_LEN;
}

/* A fragment's part of the IP payload, which begins among the headers: with the UDP header at least. */
static void take_fragment(struct dpu_virtio_net_gso *gso, uint8_t *to, uint32_t len)
{
	uint32_t held = gso->copied - gso->header_len, piece = 0;

	if (gso->position < held) {
		piece = held - gso->position < len ? held - gso->position : len;
		memcpy(to, gso->headers + gso->header_len + gso->position, piece);
	}
	take(gso, to + piece, len - piece);
}

int dpu_virtio_net_gso_next(struct dpu_virtio_net_gso *gso, void *buf, size_t size)
{
	uint32_t left = gso->payload - gso->position, part = left < gso->size ? left : gso->size;
	bool fragment = gso->kind == DPU_VIRTIO_NET_HDR_GSO_UDP;
	uint32_t len = gso->header_len;
	uint8_t *to = buf;

	if (gso->done == gso->segments)
		return 0;
	if (size < len + part + (fragment && gso->version == 6 && gso->segments > 1 ? FRAGMENT_LEN : 0))
		return -ENOBUFS;
	memcpy(to, gso->headers, len);
	if (fragment) {
		len += put_fragment_header(gso, to + len);
		take_fragment(gso, to + len, part);
	} else {
		take(gso, to + len, part);
	}
	len += part;
	if (fragment)
		finish_fragment(gso, to, len);
	else if (gso->kind != DPU_VIRTIO_NET_HDR_GSO_NONE)
		finish_segment(gso, to, len);
	else
		finish_whole(gso, to, len);
	gso->position += part;
	gso->done++;
	return (int)len;
}
