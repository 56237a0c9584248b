/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets through a receive queue: the device's end and the driver's gathering, on a real virtqueue between
 * them. */
#include <dpu/virtio_net.h>
#include <errno.h>
#include "fail-alloc.h"
#include "tap.h"

#define SIZE 128
#define BUFFERS 64
#define PACKET_LEN 70000

static struct dpu_virtq *driver, *device;
static struct dpu_virtio_net_rxq *rxq;
static char *ring;
static uint8_t memory[BUFFERS][4096];
static struct iovec pieces[BUFFERS][SIZE];
static uint16_t piece_count[BUFFERS];
static uint8_t packet[PACKET_LEN], back[PACKET_LEN];
static uint64_t features;

static void set_up(uint64_t negotiated, uint32_t chains, uint32_t elements)
{
	DPU_OPTS(dpu_virtq_opts, opts, .side = DPU_VIRTQ_DRIVER, .size = SIZE, .features = negotiated);
	DPU_OPTS(dpu_virtio_net_rxq_opts, rxq_opts, .features = negotiated, .chains = chains,
		 .elements = elements);
	size_t avail, used;
	int size = dpu_virtq_ring_size(DPU_VIRTQ_SPLIT, SIZE, &avail, &used);

	must(size > 0);
	ring = aligned_alloc(4096, ((size_t)size + 4095) & ~(size_t)4095);
	must(ring);
	memset(ring, 0, (size_t)size);
	opts.desc = ring;
	opts.avail = ring + avail;
	opts.used = ring + used;
	must(dpu_virtq_create(&opts, &driver) == 0);
	opts.side = DPU_VIRTQ_DEVICE;
	must(dpu_virtq_create(&opts, &device) == 0);
	rxq_opts.vq = device;
	must(dpu_virtio_net_rxq_create(&rxq_opts, &rxq) == 0);
	features = negotiated;
	memset(memory, 0x5a, sizeof(memory));
}

static void tear_down(void)
{
	dpu_virtio_net_rxq_unref(rxq);
	dpu_virtq_unref(device);
	dpu_virtq_unref(driver);
	free(ring);
}

/* Each allocation of a receive queue and of a device fails once. */
static void test_nomem(void)
{
	DPU_OPTS(dpu_virtio_net_opts, net_opts);
	DPU_OPTS(dpu_virtio_net_rxq_opts, rxq_opts);
	struct dpu_virtio_net_rxq *other = NULL;
	struct dpu_virtio_net *net = NULL;
	int step = 0, rc = -ENOMEM;

	set_up(0, 0, 0);
	rxq_opts.vq = device;
	live = 0;
	for (fail_at = 1; rc < 0; fail_at++) {
		calls = 0;
		rc = step ? dpu_virtio_net_create(&net_opts, &net)
			  : dpu_virtio_net_rxq_create(&rxq_opts, &other);
		if (rc < 0)
			ok(rc == -ENOMEM && !live && !other && !net, "allocation %ld fails: nothing is left",
			   fail_at);
		if (rc == 0 && !step++) {
			is_int(fail_at, 5);
			dpu_virtio_net_rxq_unref(other);
			other = NULL;
			fail_at = 0;
			rc = -ENOMEM;
		}
	}
	is_int(fail_at, 5);
	dpu_virtio_net_unref(net);
	is_int(live, 0);
	fail_at = 0;
	tear_down();
}

/* The driver adds buffer number i, of so many bytes in so many elements. */
static void add(uint32_t i, size_t len, uint16_t elements)
{
	struct dpu_virtq_chain chain = { .iov = pieces[i], .write_count = elements, .cookie = &memory[i] };
	size_t each = len / elements, at = 0;
	uint16_t e;

	for (e = 0; e < elements; e++, at += each)
		pieces[i][e] = (struct iovec){ memory[i] + at, e + 1 < elements ? each : len - at };
	piece_count[i] = elements;
	must(dpu_virtq_add(driver, &chain, 1) == 1);
}

/* The device puts count packets of so many bytes. */
static int put(size_t len, uint32_t count)
{
	struct dpu_virtio_net_hdr hdr = { .flags = 2, .hash_value = 0xabcdef01, .hash_report = 1 };
	struct iovec iov[3] = { { packet, len / 3 },
				{ packet + len / 3, 0 },
				{ packet + len / 3, len - len / 3 } };
	struct dpu_virtio_net_packet packets[8];
	uint32_t i;

	for (i = 0; i < 8; i++)
		packets[i] = (struct dpu_virtio_net_packet){ .hdr = &hdr, .iov = iov, .iov_count = 3 };
	return dpu_virtio_net_rxq_put(rxq, packets, count);
}

static struct dpu_virtq_chain got[BUFFERS];
static uint32_t got_count;

/* What the driver gets, with its elements. */
static uint32_t get(void)
{
	int n = dpu_virtq_get(driver, got, BUFFERS);
	uint32_t i, number;

	must(n >= 0);
	got_count = (uint32_t)n;
	for (i = 0; i < got_count; i++) {
		number = (uint32_t)((uint8_t(*)[4096])got[i].cookie - memory);
		got[i].iov = pieces[number];
		got[i].read_count = 0;
		got[i].write_count = piece_count[number];
	}
	return got_count;
}

/* Gathers the packet that begins in got[first]; its length, or why not. */
static int gather(uint32_t first, struct dpu_virtio_net_hdr *hdr)
{
	struct iovec iov[BUFFERS * 4];
	uint32_t count, i;
	size_t len = 0;
	int rc;

	rc = dpu_virtio_net_gather(got + first, got_count - first, features, hdr, iov, BUFFERS * 4, &count);
	if (rc < 0)
		return rc;
	for (i = 0; i < count; i++) {
		memcpy(back + len, iov[i].iov_base, iov[i].iov_len);
		len += iov[i].iov_len;
	}
	return (int)len;
}

static void test_single(uint64_t negotiated, size_t header)
{
	struct dpu_virtio_net_hdr hdr = { 0 };

	set_up(negotiated, 0, 0);
	is_int(put(100, 1), 0);
	add(0, header + 100, 2);
	add(1, header + 100, 1);
	add(2, header + 99, 1);
	is_int(put(100, 8), 2);
	is_int(get(), 2);
	is_int(got[0].written, header + 100);
	is_int(gather(0, &hdr), 100);
	ok(!memcmp(back, packet, 100) && hdr.flags == 2, "%zu bytes of header: the packet is there", header);
	is_int(hdr.num_buffers, header == 10 ? 0 : 1);
	is_int(hdr.hash_value, header == 20 ? 0xabcdef01 : 0);
	is_int(memory[0][header + 100], 0x5a);
	is_int(gather(1, &hdr), 100);
	is_int(put(100, 1), -EMSGSIZE);
	is_int(get(), 0);
	is_int(put(99, 1), 1);
	is_int(get(), 1);
	is_int(gather(0, &hdr), 99);
	tear_down();
}

static void test_merged(void)
{
	const uint64_t merge = DPU_VIRTIO_NET_F_MRG_RXBUF | DPU_VIRTIO_F_VERSION_1;
	struct dpu_virtio_net_hdr hdr = { 0 };
	uint32_t i;

	set_up(merge, 0, 0);
	add(0, 1000, 2);
	add(1, 1000, 3);
	is_int(put(3000, 1), 0);
	is_int(dpu_virtq_pending(device), 0);
	is_int(get(), 0);
	add(2, 1000, 1);
	is_int(put(3000, 1), 0);
	add(3, 1000, 1);
	/* The second needs one more than there are. */
	is_int(put(3000, 2), 1);
	is_int(get(), 4);
	ok(got[0].written == 1000 && got[1].written == 1000 && got[2].written == 1000 && got[3].written == 12,
	   "all buffers but the last are full");
	is_int(gather(0, &hdr), 3000);
	is_int(hdr.num_buffers, 4);
	ok(!memcmp(back, packet, 3000), "one packet in four buffers");
	for (i = 0; i < 3; i++)
		add(4 + i, 1000, 1);
	is_int(put(988, 8), 3);
	is_int(get(), 3);
	ok(gather(0, &hdr) == 988 && hdr.num_buffers == 1 && gather(2, &hdr) == 988, "a packet in each");
	/* Two are kept for a packet that never gets its third; a short one takes the first. */
	add(7, 500, 1);
	add(8, 500, 1);
	is_int(put(3000, 1), 0);
	is_int(put(100, 1), 1);
	is_int(dpu_virtio_net_rxq_drain(rxq), 1);
	is_int(get(), 2);
	ok(got[0].written == 112 && got[1].written == 0, "the other one comes back empty");
	is_int(dpu_virtio_net_rxq_drain(rxq), 0);
	/* A buffer without room for a header, then one without any room behind a good one. */
	add(9, 11, 1);
	add(10, 12, 1);
	add(11, 1, 1);
	add(12, 100, 1);
	is_int(put(50, 1), -EMSGSIZE);
	is_int(put(50, 1), 1);
	is_int(get(), 4);
	ok(!got[0].written && got[1].written == 12 && got[2].written == 1 && got[3].written == 49,
	   "the bad buffer comes back empty, the others are filled");
	got_count = 4;
	is_int(gather(1, &hdr), 50);
	tear_down();
}

/* As many as can be held, and chains of many elements. */
static void test_limits(void)
{
	const uint64_t merge = DPU_VIRTIO_NET_F_MRG_RXBUF | DPU_VIRTIO_F_VERSION_1;
	struct dpu_virtio_net_hdr hdr;
	uint32_t i;

	set_up(merge, 4, 40);
	for (i = 0; i < 5; i++)
		add(i, 20, 1);
	is_int(put(69, 1), -EMSGSIZE);
	is_int(put(68, 1), 1);
	is_int(get(), 4);
	is_int(gather(0, &hdr), 68);
	is_int(put(8, 1), 1);
	is_int(get(), 1);
	add(0, 800, 40);
	add(1, 800, 40);
	is_int(put(700, 2), 2);
	is_int(get(), 2);
	ok(gather(0, &hdr) == 700 && !memcmp(back, packet, 700), "40 elements");
	add(2, 800, 40);
	add(3, 800, 40);
	is_int(put(1000, 1), -EMSGSIZE);
	is_int(put(700, 1), 1);
	is_int(put(700, 1), 1);
	is_int(get(), 2);
	add(4, 800, 41);
	is_int(put(700, 1), -E2BIG);
	tear_down();
}

static void test_create(void)
{
	DPU_OPTS(dpu_virtio_net_rxq_opts, opts);
	struct dpu_virtio_net_rxq *other = NULL;

	set_up(0, 0, 0);
	is_int(dpu_virtio_net_rxq_create(&opts, &other), -EINVAL);
	opts.vq = driver;
	is_int(dpu_virtio_net_rxq_create(&opts, &other), -EINVAL);
	opts.vq = device;
	opts.chains = 32769;
	is_int(dpu_virtio_net_rxq_create(&opts, &other), -EINVAL);
	opts.chains = 0;
	opts.elements = 32769;
	is_int(dpu_virtio_net_rxq_create(&opts, &other), -EINVAL);
	opts.sz = 1;
	is_int(dpu_virtio_net_rxq_create(&opts, &other), -EINVAL);
	ok(!other, "a failure leaves the result alone");
	dpu_virtio_net_rxq_unref(dpu_virtio_net_rxq_ref(rxq));
	is_int(put(100, 1), 0);
	tear_down();
}

static void chain_of(struct dpu_virtq_chain *chain, struct iovec *iov, uint8_t *data, size_t room,
		     uint32_t written)
{
	*iov = (struct iovec){ data, room };
	*chain = (struct dpu_virtq_chain){ .iov = iov, .write_count = 1, .written = written };
}

/* A device that lies. */
static void test_liars(void)
{
	const uint64_t merge = DPU_VIRTIO_NET_F_MRG_RXBUF, v1 = DPU_VIRTIO_F_VERSION_1;
	struct dpu_virtio_net_hdr hdr = { .num_buffers = 77 };
	struct iovec iov[3], out[2];
	struct dpu_virtq_chain chains[3];
	uint8_t data[3][64] = { { 0 } };
	uint32_t count = 55;
	int i;

	for (i = 0; i < 3; i++)
		chain_of(&chains[i], &iov[i], data[i], 64, 60);
#define GATHER(have, with, max) dpu_virtio_net_gather(chains, have, with, &hdr, out, max, &count)
	is_int(GATHER(0, merge, 2), -EINVAL);
	is_int(GATHER(3, merge, 2), -EPROTO); /* num_buffers is 0 */
	is_int(GATHER(3, v1, 2), -EPROTO);
	data[0][10] = 4;
	is_int(GATHER(3, merge, 2), -EAGAIN);
	data[0][10] = data[0][11] = 0xff;
	is_int(GATHER(3, merge, 2), -EAGAIN);
	data[0][10] = 3;
	data[0][11] = 0;
	is_int(GATHER(3, v1, 2), -EPROTO);
	is_int(GATHER(3, merge, 2), -ENOBUFS);
	chains[0].written = 11;
	is_int(GATHER(3, merge, 2), -EPROTO);
	chains[0].written = 65;
	is_int(GATHER(3, merge, 2), -EPROTO);
	chains[0].written = 60;
	chains[1].written = 65;
	is_int(GATHER(3, merge, 2), -EPROTO);
	chains[1].written = 60;
	chains[2].written = UINT32_MAX;
	is_int(GATHER(3, merge, 2), -EPROTO);
	ok(hdr.num_buffers == 77 && count == 55, "a failure leaves the results alone");
	chains[1].written = 0;
	data[0][10] = 2;
	is_int(GATHER(3, merge, 2), 2);
	ok(count == 1 && out[0].iov_base == data[0] + 12 && out[0].iov_len == 48 && hdr.num_buffers == 2,
	   "a chain with nothing written adds no element");
	chains[0].written = 12;
	data[0][10] = 1;
	is_int(GATHER(3, merge, 0), 1);
	is_int(count, 0);
	is_int(GATHER(1, 0, 1), 1);
	ok(count == 1 && out[0].iov_len == 2, "the short header has no num_buffers");
}

/* Random buffers and packets: what comes out is what went in, in order. */
static void test_random(void)
{
	const uint64_t merge = DPU_VIRTIO_NET_F_MRG_RXBUF | DPU_VIRTIO_F_VERSION_1;
	struct dpu_virtio_net_hdr hdr;
	unsigned int round, wrong = 0, packets = 0;
	uint32_t i, next = 0, first, number;
	size_t len = 14;
	int rc;

	set_up(merge, 40, 0);
	got_count = 0;
	for (round = 0; round < 20000; round++) {
		/* Descriptors run out before buffers do, so that each is used once at a time. */
		for (i = (uint32_t)rand() % 8; i && dpu_virtq_room(driver) >= SIZE - 2 * 20; i--, next++)
			add(next % BUFFERS, 12 + (size_t)rand() % 3000, (uint16_t)(1 + rand() % 2));
		rc = put(len, 1);
		if (rc == 0)
			continue;
		wrong += rc != 1;
		number = get();
		for (first = 0; first < number; first += hdr.num_buffers) {
			rc = gather(first, &hdr);
			if (rc != (int)len || memcmp(back, packet, len) != 0) {
				wrong++;
				break;
			}
			packets++;
		}
		len = 14 + (size_t)rand() % (rand() % 2 ? 1500 : 20000);
	}
	ok(!wrong && packets > 1000, "%u packets of random lengths", packets);
	tear_down();
}

int main(void)
{
	const char *text = getenv("SEED");
	unsigned int seed = text ? (unsigned int)strtoul(text, NULL, 0) : 20261121;
	size_t i;

	tap_diag("seed %u", seed);
	srand(seed);
	for (i = 0; i < sizeof(packet); i++)
		packet[i] = (uint8_t)rand();
	test_create();
	test_nomem();
	test_single(0, 10);
	test_single(DPU_VIRTIO_F_VERSION_1, 12);
	test_single(DPU_VIRTIO_NET_F_HASH_REPORT | DPU_VIRTIO_F_VERSION_1, 20);
	test_merged();
	test_limits();
	test_liars();
	test_random();
	return tap_done();
}
