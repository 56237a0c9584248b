/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Headers, checksums and segments of packets: bytes written by hand, packets put together again, and hostile
 * ones. What the kernel makes of the same packets is compared in test-virtio-net-tap. */
#include <errno.h>
#include "net-frames.h"
#include "tap.h"

#define ELEMENTS 16
#define V1 DPU_VIRTIO_F_VERSION_1
#define TSO (DPU_VIRTIO_NET_F_CSUM | DPU_VIRTIO_NET_F_HOST_TSO4 | DPU_VIRTIO_NET_F_HOST_TSO6)

static struct frame frame;
static uint8_t segment[FRAME_MAX];

static void test_header(void)
{
	const uint8_t bytes[20] = { 1, 0x81, 0x36, 0,    0xb4, 5,    0x22, 0, 0x10, 0,
				    3, 0,    0x78, 0x56, 0x34, 0x12, 2,    0, 0xff, 0xff };
	struct dpu_virtio_net_hdr hdr;
	uint8_t wire[24];

	is_int(dpu_virtio_net_hdr_len(0), 10);
	is_int(dpu_virtio_net_hdr_len(DPU_VIRTIO_NET_F_MRG_RXBUF), 12);
	is_int(dpu_virtio_net_hdr_len(V1), 12);
	is_int(dpu_virtio_net_hdr_len(DPU_VIRTIO_NET_F_HASH_REPORT), 20);
	is_int(dpu_virtio_net_hdr_decode(bytes, DPU_VIRTIO_NET_F_HASH_REPORT, &hdr), 20);
	ok(hdr.flags == 1 && hdr.gso_type == 0x81 && hdr.hdr_len == 54 && hdr.gso_size == 1460 &&
		   hdr.csum_start == 34 && hdr.csum_offset == 16 && hdr.num_buffers == 3 &&
		   hdr.hash_value == 0x12345678 && hdr.hash_report == 2 && hdr.reserved == 0,
	   "each member is decoded");
	memset(wire, 0xaa, sizeof(wire));
	is_int(dpu_virtio_net_hdr_encode(&hdr, DPU_VIRTIO_NET_F_HASH_REPORT, wire), 20);
	ok(!memcmp(wire, bytes, 18) && !wire[18] && !wire[19] && wire[20] == 0xaa, "and encoded");
	memset(wire, 0xaa, sizeof(wire));
	is_int(dpu_virtio_net_hdr_encode(&hdr, 0, wire), 10);
	ok(!memcmp(wire, bytes, 10) && wire[10] == 0xaa, "the short form has 10 bytes of it");
	is_int(dpu_virtio_net_hdr_decode(bytes, V1, &hdr), 12);
	ok(hdr.num_buffers == 3 && !hdr.hash_value && !hdr.hash_report,
	   "without HASH_REPORT there is no hash");
	dpu_virtio_net_hdr_decode(bytes, 0, &hdr);
	is_int(hdr.num_buffers, 0);
}

static int check(uint8_t flags, uint8_t gso_type, uint16_t gso_size, uint64_t features, uint32_t writer)
{
	struct dpu_virtio_net_hdr hdr = { .flags = flags,
					  .gso_type = gso_type,
					  .gso_size = gso_size,
					  .csum_start = 34,
					  .csum_offset = 16,
					  .hdr_len = 0xffff };

	return dpu_virtio_net_hdr_check(&hdr, features, writer, 100);
}

static void test_check(void)
{
	struct dpu_virtio_net_hdr hdr = { 0 };
	const uint64_t guest = DPU_VIRTIO_NET_F_GUEST_CSUM;

	is_int(check(0, 0, 0, 0, DPU_VIRTQ_DRIVER), 0);
	is_int(dpu_virtio_net_hdr_check(&hdr, 0, DPU_VIRTQ_DRIVER, 13), -EINVAL);
	is_int(dpu_virtio_net_hdr_check(&hdr, 0, DPU_VIRTQ_DRIVER, 65598), -EMSGSIZE);
	is_int(check(1, 0, 0, 0, DPU_VIRTQ_DRIVER), -EOPNOTSUPP);
	is_int(check(1, 0, 0, guest, DPU_VIRTQ_DRIVER), -EOPNOTSUPP);
	is_int(check(1, 0, 0, DPU_VIRTIO_NET_F_CSUM, DPU_VIRTQ_DRIVER), 0);
	is_int(check(1, 0, 0, DPU_VIRTIO_NET_F_CSUM, DPU_VIRTQ_DEVICE), -EOPNOTSUPP);
	is_int(check(1, 0, 0, guest, DPU_VIRTQ_DEVICE), 0);
	is_int(check(0xfe & ~4, 0, 0, 0, DPU_VIRTQ_DRIVER), 0);
	is_int(check(2, 0, 0, guest, DPU_VIRTQ_DEVICE), 0);
	is_int(check(4, 0, 0, guest, DPU_VIRTQ_DEVICE), -EOPNOTSUPP);
	hdr = (struct dpu_virtio_net_hdr){ .flags = 1, .csum_start = 82, .csum_offset = 16 };
	is_int(dpu_virtio_net_hdr_check(&hdr, TSO, DPU_VIRTQ_DRIVER, 100), 0);
	is_int(dpu_virtio_net_hdr_check(&hdr, TSO, DPU_VIRTQ_DRIVER, 99), -EINVAL);
	hdr.csum_start = hdr.csum_offset = 0xffff;
	is_int(dpu_virtio_net_hdr_check(&hdr, TSO, DPU_VIRTQ_DRIVER, 65597), -EINVAL);
	hdr.flags = 5; /* coalesced: csum_start counts */
	is_int(dpu_virtio_net_hdr_check(&hdr, guest | DPU_VIRTIO_NET_F_RSC_EXT, DPU_VIRTQ_DEVICE, 100), 0);

	is_int(check(1, 1, 1460, TSO, DPU_VIRTQ_DRIVER), 0);
	is_int(check(1, 4, 1460, TSO, DPU_VIRTQ_DRIVER), 0);
	is_int(check(1, 1, 0, TSO, DPU_VIRTQ_DRIVER), -EINVAL);
	is_int(check(0, 1, 1460, TSO, DPU_VIRTQ_DRIVER), -EINVAL);
	is_int(check(1, 1, 1460, DPU_VIRTIO_NET_F_CSUM, DPU_VIRTQ_DRIVER), -EOPNOTSUPP);
	is_int(check(1, 1, 1460, DPU_VIRTIO_NET_F_HOST_TSO4, DPU_VIRTQ_DRIVER), -EOPNOTSUPP);
	is_int(check(1, 1, 1460, DPU_VIRTIO_NET_F_CSUM | DPU_VIRTIO_NET_F_GSO, DPU_VIRTQ_DRIVER), 0);
	is_int(check(1, 0x81, 1460, TSO, DPU_VIRTQ_DRIVER), -EOPNOTSUPP);
	is_int(check(1, 0x81, 1460, TSO | DPU_VIRTIO_NET_F_HOST_ECN, DPU_VIRTQ_DRIVER), 0);
	is_int(check(1, 0x83, 1460, ~UINT64_C(0), DPU_VIRTQ_DRIVER), -EINVAL);
	is_int(check(1, 0x80, 1460, ~UINT64_C(0), DPU_VIRTQ_DRIVER), -EINVAL);
	is_int(check(1, 2, 1460, ~UINT64_C(0), DPU_VIRTQ_DRIVER), -EINVAL);
	is_int(check(1, 0x21, 1460, ~UINT64_C(0), DPU_VIRTQ_DRIVER), -EINVAL);
	is_int(check(1, 3, 1460, TSO, DPU_VIRTQ_DRIVER), -EOPNOTSUPP);
	is_int(check(1, 3, 1460, TSO | DPU_VIRTIO_NET_F_HOST_UFO, DPU_VIRTQ_DRIVER), 0);
	is_int(check(1, 5, 1460, TSO, DPU_VIRTQ_DRIVER), -EOPNOTSUPP);
	is_int(check(1, 5, 1460, TSO | DPU_VIRTIO_NET_F_HOST_USO, DPU_VIRTQ_DRIVER), 0);
	is_int(check(1, 5, 1460, guest | DPU_VIRTIO_NET_F_GUEST_USO6, DPU_VIRTQ_DEVICE), 0);
	is_int(check(1, 1, 1460, guest, DPU_VIRTQ_DEVICE), -EOPNOTSUPP);
	is_int(check(1, 1, 1460, guest | DPU_VIRTIO_NET_F_GUEST_TSO4, DPU_VIRTQ_DEVICE), 0);
}

/* RFC 1071's own example: 00 01 f2 03 f4 f5 f6 f7 sum up to ddf2. */
static void test_checksum(void)
{
	uint8_t data[] = { 0xaa, 0xbb, 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7, 0x00, 0x00 };
	uint8_t zero[] = { 0, 0, 0xff, 0xff, 0, 0 };
	uint8_t odd[] = { 0, 0, 0x12, 0, 0, 0x34, 0x56 };
	struct dpu_virtio_net_hdr hdr = { .flags = 3, .csum_start = 2, .csum_offset = 8 };

	is_int(dpu_virtio_net_checksum(&hdr, data, 11), -EINVAL);
	is_int(hdr.flags, 3);
	is_int(dpu_virtio_net_checksum(&hdr, data, 12), 0);
	is_int(peek16(data + 10), 0xffff - 0xddf2);
	is_int(hdr.flags, 2);
	is_int(dpu_virtio_net_checksum(&hdr, data, 0), 0);
	hdr = (struct dpu_virtio_net_hdr){ .flags = 1, .csum_start = 2, .csum_offset = 2 };
	is_int(dpu_virtio_net_checksum(&hdr, zero, 6), 0);
	is_int(peek16(zero + 4), 0xffff);
	hdr = (struct dpu_virtio_net_hdr){ .flags = 1, .csum_start = 2, .csum_offset = 1 };
	is_int(dpu_virtio_net_checksum(&hdr, odd, 7), 0);
	is_int(peek16(odd + 3), 0xffff - (0x1200 + 0x0034 + 0x5600));
}

/* True when IP's lengths and all checksums of a segment are right, by the textbook. */
static bool valid(const uint8_t *data, size_t len, bool fragment)
{
	const uint8_t *ip = data + frame.network, *l4 = data + frame.transport;
	size_t header = frame.transport - frame.network, l4_len = len - frame.transport;

	if (!frame.v6 && (peek16(ip + 2) != len - frame.network || sum16(0, ip, header) != 0xffff))
		return false;
	if (frame.v6 && peek16(ip + 4) != len - frame.network - 40)
		return false;
	if (fragment)
		return true;
	if (!frame.tcp && peek16(l4 + 4) != l4_len)
		return false;
	return sum16(pseudo16(ip, frame.v6, frame.tcp ? 6 : 17, l4_len), l4, l4_len) == 0xffff;
}

/* Cuts the frame and puts its payload together again; false when a segment is wrong. */
static bool cut(uint32_t *segments)
{
	static uint8_t again[FRAME_MAX];
	size_t headers = frame.payload, at = headers;
	struct dpu_virtio_net_gso gso;
	struct iovec iov[ELEMENTS];
	int len;

	*segments = 0;
	if (dpu_virtio_net_gso_start(&gso, &frame.hdr, iov, frame_scatter(&frame, iov, ELEMENTS), 0) < 0)
		return false;
	while ((len = dpu_virtio_net_gso_next(&gso, segment, gso.segment_max)) > 0) {
		const uint8_t *tcp = segment + frame.transport, *whole = frame.data + frame.transport;
		bool first = at == headers, last = ++*segments == gso.segments;

		if (!valid(segment, (size_t)len, false))
			return false;
		if (frame.tcp) {
			uint32_t sequence = (uint32_t)peek16(tcp + 4) << 16 | peek16(tcp + 6);
			uint32_t start = (uint32_t)peek16(whole + 4) << 16 | peek16(whole + 6);
			uint8_t want = whole[13] & (last ? 0xff : 0xf6) & (first ? 0xff : 0x7f);

			if (sequence != (uint32_t)(start + (at - headers)) || tcp[13] != want)
				return false;
		}
		if (!last && (size_t)len - headers != frame.hdr.gso_size)
			return false;
		memcpy(again + at, segment + headers, (size_t)len - headers);
		at += (size_t)len - headers;
	}
	return len == 0 && *segments == gso.segments && at == frame.len &&
	       !memcmp(again + headers, frame.data + headers, frame.len - headers);
}

static void test_segments(uint8_t gso_type, bool v6)
{
	struct frame_plan plan = { .gso_type = gso_type, .v6 = v6, .payload = 100, .gso_size = 100 };
	uint32_t segments, i;
	bool right = true;

	/* Around the borders, which the kernel does not all take. */
	frame_make(&frame, &plan);
	ok(cut(&segments) && segments == 1, "%u: payload of one segment", gso_type);
	plan.payload = 101;
	frame_make(&frame, &plan);
	ok(cut(&segments) && segments == 2, "a byte more");
	plan.payload = 0;
	frame_make(&frame, &plan);
	ok(cut(&segments) && segments == 1, "no payload");
	plan.gso_size = 1;
	plan.payload = 300;
	frame_make(&frame, &plan);
	ok(cut(&segments) && segments == 300, "a byte in each");
	plan.gso_size = 0xffff;
	plan.payload = 65400;
	frame_make(&frame, &plan);
	ok(cut(&segments) && segments == 1, "64 KiB in one");
	for (i = 0; i < 200; i++) {
		plan.gso_size = (uint16_t)(1 + rand() % 9000);
		plan.payload = (size_t)rand() % 60000;
		plan.extensions = rand() % 2;
		plan.tags = (unsigned int)rand() % 3;
		plan.options = (unsigned int)rand() % 11;
		frame_make(&frame, &plan);
		right &= cut(&segments);
	}
	ok(right, "and 200 random ones");
}

/* Fragments put together as a receiver does: by their offsets, behind the unfragmentable part. */
static void test_fragments(bool v6, bool extensions)
{
	struct frame_plan plan = { .gso_type = DPU_VIRTIO_NET_HDR_GSO_UDP,
				   .v6 = v6,
				   .extensions = extensions,
				   .payload = 5001,
				   .gso_size = 1003 };
	static uint8_t again[FRAME_MAX];
	struct dpu_virtio_net_gso gso;
	struct iovec iov[ELEMENTS];
	size_t datagram, extra = v6 ? 8 : 0, at, part, total = 0;
	bool right = true, more = true;
	uint32_t count = 0;
	int len;

	frame_make(&frame, &plan);
	datagram = frame.len - frame.transport;
	must(dpu_virtio_net_gso_start(&gso, &frame.hdr, iov, frame_scatter(&frame, iov, ELEMENTS), 0) == 0);
	gso.fragment_id = 0x01020304;
	while ((len = dpu_virtio_net_gso_next(&gso, segment, sizeof(segment))) > 0) {
		const uint8_t *header = segment + frame.transport, *ip = segment + frame.network;

		right &= (size_t)len <= gso.segment_max && valid(segment, (size_t)len, true);
		at = v6 ? peek16(header + 2) & 0xfff8 : (peek16(ip + 6) & 0x1fffu) * 8;
		more = v6 ? header[3] & 1 : peek16(ip + 6) & 0x2000;
		part = (size_t)len - frame.transport - extra;
		right &= at + part <= datagram && (!more || part == 1000);
		right &= !v6 || (header[0] == 17 && !memcmp(header + 4, "\1\2\3\4", 4));
		memcpy(again + at, header + extra, part);
		total += part;
		count++;
	}
	ok(right && !more && count == 6 && count == gso.segments && total == datagram,
	   "IPv%d%s: six fragments", v6 ? 6 : 4, extensions ? " with extensions" : "");
	ok(!memcmp(again + 8, frame.data + frame.payload, plan.payload) &&
		   sum16(pseudo16(frame.data + frame.network, v6, 17, datagram), again, datagram) == 0xffff,
	   "make the datagram, whose checksum is right");

	plan.payload = 900;
	frame_make(&frame, &plan);
	must(dpu_virtio_net_gso_start(&gso, &frame.hdr, iov, frame_scatter(&frame, iov, ELEMENTS), 0) == 0);
	len = dpu_virtio_net_gso_next(&gso, segment, gso.segment_max);
	ok(len == (int)frame.len && valid(segment, (size_t)len, false), "one that fits is no fragment");
	frame.hdr.gso_size = 7;
	is_int(dpu_virtio_net_gso_start(&gso, &frame.hdr, iov, 1, 0), -EINVAL);
}

static int start(const struct dpu_virtio_net_hdr *hdr, size_t len)
{
	struct iovec iov = { frame.data, len };
	struct dpu_virtio_net_gso gso;

	return dpu_virtio_net_gso_start(&gso, hdr, &iov, 1, 0);
}

/* Each contradiction between header and packet, one at a time. */
static void test_refused(void)
{
	struct frame_plan plan = { .gso_type = DPU_VIRTIO_NET_HDR_GSO_TCPV4,
				   .payload = 5000,
				   .gso_size = 1000 };
	struct dpu_virtio_net_hdr hdr;
	struct dpu_virtio_net_gso gso;
	struct iovec iov[3];
	uint8_t *ip;

	frame_make(&frame, &plan);
	ip = frame.data + frame.network;
	is_int(start(&frame.hdr, frame.len), 0);
#define BAD(change, restore, what)                                                                           \
	hdr = frame.hdr;                                                                                     \
	change;                                                                                              \
	ok(start(&hdr, frame.len) == -EINVAL, what " is refused");                                           \
	restore
	BAD(hdr.gso_size = 0, , "gso_size 0");
	BAD(hdr.gso_type = 4, , "TCPV6 on IPv4");
	BAD(hdr.gso_type = 5, , "UDP_L4 on TCP");
	BAD(hdr.gso_type = 3, , "UDP on TCP");
	BAD(hdr.gso_type = 2, , "a gso_type that there is not");
	BAD(hdr.gso_type = 0x80, , "ECN alone");
	BAD(hdr.flags = 0, , "a checksum that is not to be completed");
	BAD(hdr.csum_start++, , "csum_start beside the transport header");
	BAD(hdr.csum_offset = 6, , "csum_offset of another protocol");
	BAD(ip[0] = 0x44, ip[0] = 0x45, "an IPv4 header that is too short");
	BAD(ip[0] = 0x55, ip[0] = 0x45, "another IP version");
	BAD(ip[6] |= 0x20, ip[6] &= 0xdf, "a fragment");
	BAD(ip[9] = 17, ip[9] = 6, "another protocol");
	BAD(ip[32] = 0x40, ip[32] = 0x50, "a TCP header that is too short");
	BAD(frame.data[12] = 9, frame.data[12] = 8, "another Ethernet type");
	is_int(start(&frame.hdr, 53), -EINVAL);
	is_int(start(&frame.hdr, 13), -EINVAL);
	iov[0] = (struct iovec){ frame.data, 60000 };
	iov[1] = (struct iovec){ frame.data, 5598 };
	is_int(dpu_virtio_net_gso_start(&gso, &frame.hdr, iov, 2, 0), -EMSGSIZE);
	iov[1].iov_len = SIZE_MAX;
	is_int(dpu_virtio_net_gso_start(&gso, &frame.hdr, iov, 2, 0), -EMSGSIZE);
	is_int(dpu_virtio_net_gso_start(&gso, &frame.hdr, iov, 0, 0), -EINVAL);
	is_int(dpu_virtio_net_gso_start(&gso, &frame.hdr, iov, 1, 60000), -EINVAL);
	hdr = frame.hdr;
	hdr.gso_size = 0xffff;
	iov[0].iov_len = 65535 + 15;
	is_int(dpu_virtio_net_gso_start(&gso, &hdr, iov, 1, 0), -EMSGSIZE);

	/* The chain's first elements are the header's; an element of no bytes does no harm. */
	iov[0] = (struct iovec){ frame.data, 0 };
	iov[1] = (struct iovec){ frame.data - 0, 0 };
	iov[2] = (struct iovec){ frame.data, frame.len };
	is_int(dpu_virtio_net_gso_start(&gso, &frame.hdr, iov, 3, 0), 0);
	is_int(dpu_virtio_net_gso_next(&gso, segment, gso.segment_max - 1), -ENOBUFS);
	is_int(gso.done, 0);
	is_int(dpu_virtio_net_gso_next(&gso, segment, gso.segment_max), 1054);
	hdr = (struct dpu_virtio_net_hdr){ .flags = 1, .csum_start = 4998, .csum_offset = 60 };
	is_int(start(&hdr, 5059), -EINVAL);
	is_int(start(&hdr, 5060), 0);
}

/* Headers of no sense: no more can happen than that they are refused, or cut into as many segments as is
 * said. */
static void test_hostile(void)
{
	const uint8_t types[] = { 0, 1, 3, 4, 5, 0x81, 0x84 };
	struct dpu_virtio_net_gso gso;
	struct iovec iov[ELEMENTS];
	unsigned int i, j, taken = 0, wrong = 0;
	uint32_t count;

	for (i = 0; i < 60000; i++) {
		struct frame_plan plan = { .gso_type = types[rand() % 5],
					   .v6 = rand() % 2,
					   .tags = (unsigned int)rand() % 3,
					   .options = (unsigned int)rand() % 11,
					   .extensions = rand() % 2,
					   .payload = (size_t)rand() % 3000,
					   .gso_size = (uint16_t)(rand() % 1000) };
		uint8_t *exact;
		int len;

		frame_make(&frame, &plan);
		for (j = (unsigned int)rand() % 4; j; j--)
			frame.data[(size_t)rand() % (frame.payload + 2)] = (uint8_t)rand();
		if (rand() % 4 == 0)
			frame_bytes((uint8_t *)&frame.hdr, sizeof(frame.hdr));
		frame.hdr.gso_type = types[rand() % 7];
		if (rand() % 4 == 0)
			frame.len = (size_t)rand() % frame.len;
		/* A copy on the heap, whose ends the sanitizer watches. */
		exact = malloc(frame.len + 1);
		memcpy(exact, frame.data, frame.len);
		count = frame_scatter(&frame, iov, ELEMENTS);
		for (j = 0; j < count; j++)
			iov[j].iov_base = exact + ((uint8_t *)iov[j].iov_base - frame.data);
		if (dpu_virtio_net_gso_start(&gso, &frame.hdr, iov, count, 0) == 0) {
			for (j = 0; (len = dpu_virtio_net_gso_next(&gso, segment, gso.segment_max)) > 0; j++)
				wrong += (uint32_t)len > gso.segment_max;
			wrong += j != gso.segments || len != 0;
			taken++;
		}
		free(exact);
	}
	ok(!wrong && taken > 1000, "60000 packets with wrong bytes, %u of them cut", taken);
}

int main(void)
{
	const char *text = getenv("SEED");
	unsigned int seed = text ? (unsigned int)strtoul(text, NULL, 0) : 20261121;

	tap_diag("seed %u", seed);
	srand(seed);
	test_header();
	test_check();
	test_checksum();
	test_segments(DPU_VIRTIO_NET_HDR_GSO_TCPV4, false);
	test_segments(DPU_VIRTIO_NET_HDR_GSO_TCPV6, true);
	test_segments(DPU_VIRTIO_NET_HDR_GSO_UDP_L4, false);
	test_segments(DPU_VIRTIO_NET_HDR_GSO_UDP_L4, true);
	test_fragments(false, false);
	test_fragments(false, true);
	test_fragments(true, false);
	test_fragments(true, true);
	test_refused();
	test_hostile();
	return tap_done();
}
