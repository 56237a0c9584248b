/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a hostile peer can write into a ring, and that it stops the queue with the reason meant. */
#include <dpu/virtq.h>
#include <errno.h>
#include <linux/virtio_ring.h>
#include "tap.h"

#define SIZE 8
#define BASE UINT64_C(0x10000)

static struct vring_desc table[SIZE] __attribute__((aligned(16)));
static struct vring_packed_desc packed[SIZE] __attribute__((aligned(16)));
static struct vring_packed_desc_event events[2] __attribute__((aligned(4)));
static uint16_t avail[3 + SIZE];
static struct {
	uint16_t flags, idx;
	struct vring_used_elem ring[SIZE];
	uint16_t avail_event;
} used;
static uint8_t memory[4096] __attribute__((aligned(16)));
static struct dpu_virtq *vq;
static uint32_t started; /* the side */

static void start_at(struct dpu_virtq_opts *opts)
{
	memset(table, 0, sizeof(table));
	memset(avail, 0, sizeof(avail));
	memset(&used, 0, sizeof(used));
	memset(packed, 0, sizeof(packed));
	memset(events, 0, sizeof(events));
	must(dpu_memory_map_create(&opts->memory) == 0);
	/* The second half follows the first in addresses, not in memory. */
	must(dpu_memory_map_add(opts->memory, BASE, 2048, memory + 2048) == 0);
	must(dpu_memory_map_add(opts->memory, BASE + 2048, 2048, memory) == 0);
	must(dpu_memory_map_add(opts->memory, UINT64_MAX - 15, 16, memory) == 0);
	must(dpu_virtq_create(opts, &vq) == 0);
	started = opts->side;
	dpu_memory_map_unref(opts->memory);
}

static void start(uint32_t side, uint64_t features)
{
	DPU_OPTS(dpu_virtq_opts, opts, .features = features, .desc = table, .avail = avail, .used = &used,
		 .side = side, .size = SIZE);

	start_at(&opts);
}

static void start_packed(uint32_t side, uint64_t features)
{
	DPU_OPTS(dpu_virtq_opts, opts, .features = features, .desc = packed, .avail = &events[0],
		 .used = &events[1], .layout = DPU_VIRTQ_PACKED, .side = side, .size = SIZE);

	start_at(&opts);
}

static void desc(struct vring_desc *at, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	*at = (struct vring_desc){ htole64(addr), htole32(len), htole16(flags), htole16(next) };
}

static int pop(uint16_t head, uint16_t idx, struct dpu_virtq_chain *chain)
{
	static struct iovec iov[16];

	*chain = (struct dpu_virtq_chain){ .iov = iov, .iov_max = 16 };
	avail[2] = htole16(head);
	avail[1] = htole16(idx);
	return dpu_virtq_pop(vq, chain, 1);
}

static void stopped(int rc, const char *reason)
{
	struct dpu_virtq_chain chain = { .head = 0 };

	is_int(rc, -EIO);
	contains(dpu_virtq_error(vq), reason);
	is_int(started == DPU_VIRTQ_DEVICE ? dpu_virtq_pop(vq, &chain, 1) : dpu_virtq_get(vq, &chain, 1),
	       -EIO);
	is_int(started == DPU_VIRTQ_DEVICE ? dpu_virtq_push(vq, &chain, 1) : dpu_virtq_add(vq, &chain, 1),
	       -EIO);
	is_int(dpu_virtq_pending(vq), 0);
	is_int(dpu_virtq_notify(vq, 1), 1);
	vq = dpu_virtq_unref(vq);
}

#define N VRING_DESC_F_NEXT
#define W VRING_DESC_F_WRITE
#define I VRING_DESC_F_INDIRECT

static void test_device(void)
{
	static const struct {
		const char *reason;
		uint64_t features;
		uint16_t head, idx;
		struct {
			uint64_t addr;
			uint32_t len;
			uint16_t flags, next;
		} d[2], indirect[2];
	} cases[] = {
		{ "by more than the queue's size", 0, 0, SIZE + 1, { { BASE, 1, 0, 0 } }, { { 0 } } },
		{ "by more than the queue's size", 0, 0, 0xffff, { { BASE, 1, 0, 0 } }, { { 0 } } },
		{ "outside the table", 0, SIZE, 1, { { 0 } }, { { 0 } } },
		{ "outside its table", 0, 0, 1, { { BASE, 1, N, SIZE } }, { { 0 } } },
		{ "loops", 0, 0, 1, { { BASE, 1, N, 1 }, { BASE, 1, N, 0 } }, { { 0 } } },
		{ "loops", 0, 0, 1, { { BASE, 0, N, 0 } }, { { 0 } } },
		{ "outside the memory map", 0, 0, 1, { { BASE - 1, 1, 0, 0 } }, { { 0 } } },
		{ "outside the memory map", 0, 0, 1, { { BASE + 4095, 2, 0, 0 } }, { { 0 } } },
		{ "wraps", 0, 0, 1, { { UINT64_MAX - 3, 5, 0, 0 } }, { { 0 } } },
		{ "to read comes after", 0, 0, 1, { { BASE, 1, N | W, 1 }, { BASE, 1, 0, 0 } }, { { 0 } } },
		{ "without VIRTIO_F_INDIRECT", 0, 0, 1, { { BASE, 16, I, 0 } }, { { BASE, 1, 0, 0 } } },
		{ "multiple of 16", DPU_VIRTIO_F_INDIRECT_DESC, 0, 1, { { BASE, 17, I, 0 } }, { { 0 } } },
		{ "multiple of 16", DPU_VIRTIO_F_INDIRECT_DESC, 0, 1, { { BASE, 0, I, 0 } }, { { 0 } } },
		{ "not the last", DPU_VIRTIO_F_INDIRECT_DESC, 0, 1, { { BASE, 16, I | N, 1 } }, { { 0 } } },
		{ "within an indirect",
		  DPU_VIRTIO_F_INDIRECT_DESC,
		  0,
		  1,
		  { { BASE, 16, I, 0 } },
		  { { BASE, 16, I, 0 } } },
		{ "outside its table",
		  DPU_VIRTIO_F_INDIRECT_DESC,
		  0,
		  1,
		  { { BASE, 16, I, 0 } },
		  { { BASE, 1, N, 1 } } },
		{ "loops",
		  DPU_VIRTIO_F_INDIRECT_DESC,
		  0,
		  1,
		  { { BASE, 32, I, 0 } },
		  { { BASE, 1, N, 1 }, { BASE, 1, N, 0 } } },
		{ "indirect table is outside",
		  DPU_VIRTIO_F_INDIRECT_DESC,
		  0,
		  1,
		  { { 1, 16, I, 0 } },
		  { { 0 } } },
		{ "wraps", DPU_VIRTIO_F_INDIRECT_DESC, 0, 1, { { UINT64_MAX - 15, 32, I, 0 } }, { { 0 } } },
	};
	struct dpu_virtq_chain chain;
	size_t i, j;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(DPU_VIRTQ_DEVICE, cases[i].features);
		for (j = 0; j < 2; j++) {
			desc(&table[j], cases[i].d[j].addr, cases[i].d[j].len, cases[i].d[j].flags,
			     cases[i].d[j].next);
			desc((struct vring_desc *)(void *)(memory + 2048) + j, cases[i].indirect[j].addr,
			     cases[i].indirect[j].len, cases[i].indirect[j].flags, cases[i].indirect[j].next);
		}
		tap_diag("case %zu", i);
		stopped(pop(cases[i].head, cases[i].idx, &chain), cases[i].reason);
	}
}

static void test_device_out(void)
{
	struct dpu_virtq_chain chain, other;

	start(DPU_VIRTQ_DEVICE, 0);
	desc(&table[3], BASE + 2000, 100, W, 0);
	is_int(pop(3, 1, &chain), 1);
	is_int(chain.write_count, 2);
	ok(chain.iov[0].iov_base == memory + 2048 + 2000 && chain.iov[0].iov_len == 48,
	   "an element ends where its region does");
	ok(chain.iov[1].iov_base == memory && chain.iov[1].iov_len == 52, "and goes on in the next region");
	chain.written = 101;
	is_int(dpu_virtq_push(vq, &chain, 1), -EINVAL);
	chain.written = 100;
	other = chain;
	other.head = 4;
	is_int(dpu_virtq_push(vq, (struct dpu_virtq_chain[]){ chain, other }, 2), -EINVAL);
	is_int(le16toh(used.idx), 0);
	is_int(dpu_virtq_push(vq, (struct dpu_virtq_chain[]){ chain, chain }, 2), -EINVAL);
	other.head = SIZE;
	is_int(dpu_virtq_push(vq, &other, 1), -EINVAL);
	is_int(dpu_virtq_push(vq, &chain, 1), 0);
	is_int(le16toh(used.idx), 1);
	is_int(le32toh(used.ring[0].len), 100);
	is_int(dpu_virtq_push(vq, &chain, 1), -EINVAL);
	vq = dpu_virtq_unref(vq);

	start(DPU_VIRTQ_DEVICE, 0);
	desc(&table[3], BASE, 100, W, 0);
	is_int(pop(3, 1, &chain), 1);
	avail[3] = htole16(3);
	avail[1] = htole16(2);
	stopped(dpu_virtq_pop(vq, &chain, 1), "out already");
}

static void test_too_big(void)
{
	struct iovec iov[2];
	struct dpu_virtq_chain chains[2] = { { .iov = iov, .iov_max = 1 }, { .iov = iov + 1, .iov_max = 0 } };

	start(DPU_VIRTQ_DEVICE, 0);
	desc(&table[0], BASE, 1, 0, 0);
	desc(&table[1], BASE, 1, 0, 0);
	avail[3] = htole16(1);
	avail[1] = htole16(2);
	is_int(dpu_virtq_pop(vq, chains, 2), 1);
	is_int(dpu_virtq_pop(vq, &chains[1], 1), -E2BIG);
	is_int(dpu_virtq_pending(vq), 1);
	chains[1].iov_max = 1;
	is_int(dpu_virtq_pop(vq, &chains[1], 1), 1);
	is_int(chains[1].head, 1);
	vq = dpu_virtq_unref(vq);
}

static void add_one(void)
{
	struct iovec iov[2] = { { memory, 10 }, { memory + 2048, 20 } };
	struct dpu_virtq_chain chain = { .iov = iov, .read_count = 1, .write_count = 1 };

	is_int(dpu_virtq_add(vq, &chain, 1), 1);
}

static void test_driver(void)
{
	static const struct {
		const char *reason;
		uint32_t id, len;
		uint16_t idx;
	} cases[] = {
		{ "ahead of the chains", 0, 0, 2 },
		{ "ahead of the chains", 0, 0, 0xffff },
		{ "names no chain", SIZE, 0, 1 },
		{ "names no chain", 1, 0, 1 }, /* the second descriptor of a chain */
		{ "names no chain", 0x10000, 0, 1 },
		{ "longer than", 0, 21, 1 },
	};
	struct dpu_virtq_chain chain;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(DPU_VIRTQ_DRIVER, 0);
		add_one();
		used.ring[0] = (struct vring_used_elem){ htole32(cases[i].id), htole32(cases[i].len) };
		used.idx = htole16(cases[i].idx);
		stopped(dpu_virtq_get(vq, &chain, 1), cases[i].reason);
	}
	/* A table scribbled on by the device changes nothing. */
	start(DPU_VIRTQ_DRIVER, 0);
	add_one();
	memset(table, 0xff, sizeof(table));
	used.ring[0] = (struct vring_used_elem){ 0, htole32(20) };
	used.idx = htole16(1);
	is_int(dpu_virtq_get(vq, &chain, 1), 1);
	is_int(chain.written, 20);
	is_int(dpu_virtq_room(vq), SIZE);
	add_one();
	/* The same chain used twice. */
	used.ring[1] = used.ring[2] = (struct vring_used_elem){ 0, 0 };
	add_one();
	used.idx = htole16(3);
	is_int(dpu_virtq_get(vq, &chain, 1), 1);
	stopped(dpu_virtq_get(vq, &chain, 1), "names no chain");
}

/* A descriptor of the ring's first lap, or of its second. */
#define P(lap) ((lap) ? 1 << VRING_PACKED_DESC_F_AVAIL : 1 << VRING_PACKED_DESC_F_USED)
#define FIRST P(1)
#define SECOND P(0)
#define DONE (P(0) | P(1))
#define INDIRECT DPU_VIRTIO_F_INDIRECT_DESC

static void packed_desc(struct vring_packed_desc *at, uint64_t addr, uint32_t len, uint16_t flags,
			uint16_t id)
{
	*at = (struct vring_packed_desc){ htole64(addr), htole32(len), htole16(id), htole16(flags) };
}

static int packed_pop(struct dpu_virtq_chain *chain)
{
	static struct iovec iov[16];

	*chain = (struct dpu_virtq_chain){ .iov = iov, .iov_max = 16 };
	return dpu_virtq_pop(vq, chain, 1);
}

static void test_packed_device(void)
{
	static const struct {
		const char *reason;
		uint64_t features;
		struct {
			uint64_t addr;
			uint32_t len;
			uint16_t flags, id;
		} d[2], table[2];
	} cases[] = {
		{ "ID beyond", 0, { { BASE, 1, FIRST, SIZE } }, { { 0 } } },
		{ "ID beyond", 0, { { BASE, 1, FIRST | N, 1 }, { BASE, 1, FIRST, 0xffff } }, { { 0 } } },
		{ "outside the memory map", 0, { { BASE - 1, 1, FIRST, 0 } }, { { 0 } } },
		{ "outside the memory map", 0, { { BASE + 4095, 2, FIRST, 0 } }, { { 0 } } },
		{ "wraps", 0, { { UINT64_MAX - 3, 5, FIRST, 0 } }, { { 0 } } },
		{ "to read comes after",
		  0,
		  { { BASE, 1, FIRST | N | W, 1 }, { BASE, 1, FIRST, 0 } },
		  { { 0 } } },
		{ "longer than 4 GiB",
		  0,
		  { { UINT64_MAX - 15, 2, FIRST | N, 1 }, { BASE, UINT32_MAX, FIRST, 0 } },
		  { { 0 } } },
		{ "without VIRTIO_F_INDIRECT", 0, { { BASE, 16, FIRST | I, 0 } }, { { BASE, 1, 0, 0 } } },
		{ "multiple of 16", INDIRECT, { { BASE, 17, FIRST | I, 0 } }, { { 0 } } },
		{ "multiple of 16", INDIRECT, { { BASE, 0, FIRST | I, 0 } }, { { 0 } } },
		{ "not the last", INDIRECT, { { BASE, 16, FIRST | I | N, 1 } }, { { BASE, 1, 0, 0 } } },
		{ "only one",
		  INDIRECT,
		  { { BASE, 1, FIRST | N, 1 }, { BASE, 16, FIRST | I, 0 } },
		  { { BASE, 1, 0, 0 } } },
		{ "indirect table is outside", INDIRECT, { { 1, 16, FIRST | I, 0 } }, { { 0 } } },
		{ "indirect table is outside", INDIRECT, { { BASE + 4088, 16, FIRST | I, 0 } }, { { 0 } } },
		{ "wraps", INDIRECT, { { UINT64_MAX - 15, 32, FIRST | I, 0 } }, { { 0 } } },
		{ "longer than the queue", INDIRECT, { { BASE, 16 * (SIZE + 1), FIRST | I, 0 } }, { { 0 } } },
		{ "to read comes after",
		  INDIRECT,
		  { { BASE, 32, FIRST | I, 0 } },
		  { { BASE, 1, W, 0 }, { BASE, 1, 0, 0 } } },
	};
	struct vring_packed_desc *indirect = (struct vring_packed_desc *)(void *)(memory + 2048);
	struct dpu_virtq_chain chain;
	size_t i, j;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start_packed(DPU_VIRTQ_DEVICE, cases[i].features);
		memset(memory, 0, sizeof(memory));
		for (j = 0; j < 2; j++) {
			packed_desc(&packed[j], cases[i].d[j].addr, cases[i].d[j].len, cases[i].d[j].flags,
				    cases[i].d[j].id);
			packed_desc(&indirect[j], cases[i].table[j].addr, cases[i].table[j].len,
				    cases[i].table[j].flags, cases[i].table[j].id);
		}
		tap_diag("packed, case %zu", i);
		stopped(packed_pop(&chain), cases[i].reason);
	}
	/* The whole ring, and on. */
	start_packed(DPU_VIRTQ_DEVICE, 0);
	for (i = 0; i < SIZE; i++)
		packed_desc(&packed[i], BASE, 0, FIRST | N, 0);
	stopped(packed_pop(&chain), "loops");
}

static void test_packed_out(void)
{
	struct dpu_virtq_chain chain;
	uint32_t i;

	start_packed(DPU_VIRTQ_DEVICE, 0);
	packed_desc(&packed[0], BASE, 100, FIRST | W, 3);
	is_int(packed_pop(&chain), 1);
	is_int(chain.head, 3);
	/* What is in the ring now is not looked at again. */
	packed_desc(&packed[0], 0, 1000, SECOND, 7);
	chain.written = 101;
	is_int(dpu_virtq_push(vq, &chain, 1), -EINVAL);
	chain.written = 100;
	is_int(dpu_virtq_push(vq, &chain, 1), 0);
	ok(le16toh(packed[0].id) == 3 && le32toh(packed[0].len) == 100 &&
		   le16toh(packed[0].flags) == (DONE | W),
	   "the used descriptor");
	is_int(dpu_virtq_push(vq, &chain, 1), -EINVAL);
	packed_desc(&packed[1], BASE, 100, FIRST | W, 3);
	is_int(packed_pop(&chain), 1);
	packed_desc(&packed[2], BASE, 100, FIRST | W, 3);
	stopped(packed_pop(&chain), "out already");

	/* Five of eight are out, and four more are said to be available. */
	start_packed(DPU_VIRTQ_DEVICE, 0);
	for (i = 0; i < 5; i++)
		packed_desc(&packed[i], BASE, 1, (uint16_t)(FIRST | (i < 4 ? N : 0)), 1);
	is_int(packed_pop(&chain), 1);
	for (i = 5; i < 9; i++)
		packed_desc(&packed[i % SIZE], BASE, 1, (uint16_t)(P(i < SIZE) | (i < 8 ? N : 0)), 2);
	stopped(packed_pop(&chain), "more descriptors are available");
	/* A lap ahead: nothing is free, so nothing can be available. */
	start_packed(DPU_VIRTQ_DEVICE, 0);
	for (i = 0; i < SIZE; i++)
		packed_desc(&packed[i], BASE, 1, (uint16_t)(FIRST | (i < SIZE - 1 ? N : 0)), 1);
	is_int(packed_pop(&chain), 1);
	packed_desc(&packed[0], BASE, 1, SECOND, 2);
	stopped(packed_pop(&chain), "more descriptors are available");
}

static void use(uint32_t at, uint16_t id, uint32_t len, uint16_t flags)
{
	packed_desc(&packed[at], 0, len, flags, id);
}

static void test_packed_driver(void)
{
	static const struct {
		const char *reason;
		uint32_t len;
		uint16_t id, in_order;
	} cases[] = {
		{ "names no chain", 0, SIZE, 0 },    { "names no chain", 0, 0xffff, 0 },
		{ "names no chain", 0, 1, 0 },       { "longer than", 21, 0, 0 },
		{ "longer than", UINT32_MAX, 0, 0 }, { "names no chain", 0, SIZE, 1 },
		{ "names no chain", 0, 1, 1 }, /* its second descriptor */
		{ "longer than", 21, 0, 1 },
	};
	struct dpu_virtq_chain chain;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start_packed(DPU_VIRTQ_DRIVER, cases[i].in_order ? DPU_VIRTIO_F_IN_ORDER : 0);
		add_one();
		use(0, cases[i].id, cases[i].len, DONE | W);
		tap_diag("packed, case %zu", i);
		stopped(dpu_virtq_get(vq, &chain, 1), cases[i].reason);
	}
	/* A ring scribbled on by the device changes nothing. */
	start_packed(DPU_VIRTQ_DRIVER, 0);
	add_one();
	memset(packed, 0xff, sizeof(packed));
	use(0, 0, 20, DONE | W);
	is_int(dpu_virtq_get(vq, &chain, 1), 1);
	is_int(chain.written, 20);
	is_int(dpu_virtq_room(vq), SIZE);
	is_int(dpu_virtq_get(vq, &chain, 1), 0);
	/* The same chain used twice. */
	add_one();
	add_one();
	use(2, 0, 0, DONE);
	use(4, 0, 0, DONE);
	is_int(dpu_virtq_get(vq, &chain, 1), 1);
	stopped(dpu_virtq_get(vq, &chain, 1), "names no chain");
}

/* A full ring, in order, and a name that is no chain's, but a later descriptor's of one. */
static void test_packed_full(void)
{
	uint32_t i;

	start_packed(DPU_VIRTQ_DRIVER, DPU_VIRTIO_F_IN_ORDER);
	for (i = 0; i < SIZE / 2; i++)
		add_one();
	use(0, 3, 0, DONE);
	is_int(dpu_virtq_pending(vq), 0);
	contains(dpu_virtq_error(vq), "names no chain");
	vq = dpu_virtq_unref(vq);
}

/* A batch that goes beyond what the used index says. */
static void test_batch(void)
{
	struct dpu_virtq_chain chains[2];

	start(DPU_VIRTQ_DRIVER, DPU_VIRTIO_F_IN_ORDER);
	add_one();
	add_one();
	used.ring[0] = (struct vring_used_elem){ htole32(2), 0 };
	used.idx = htole16(1);
	stopped(dpu_virtq_get(vq, chains, 2), "longer than what was used");
	start(DPU_VIRTQ_DRIVER, DPU_VIRTIO_F_IN_ORDER);
	add_one();
	add_one();
	used.ring[0] = (struct vring_used_elem){ htole32(2), 0 };
	used.idx = htole16(2);
	is_int(dpu_virtq_get(vq, chains, 1), 1);
	is_int(chains[0].written, 20);
	is_int(dpu_virtq_get(vq, chains, 2), 1);
	is_int(chains[0].written, 0);
	vq = dpu_virtq_unref(vq);
}

/* A region of chains in flight in which nothing fits together is refused, whatever is wrong with it. */
struct region_entry {
	uint8_t inflight, padding;
	uint16_t next, last, num;
	uint64_t counter;
	uint16_t id, flags;
	uint32_t len;
	uint64_t addr;
};

static struct {
	uint64_t features;
	uint16_t version, desc_num, free_head, old_free_head, used_idx, old_used_idx;
	uint8_t used_wrap_counter, old_used_wrap_counter, padding[7];
	struct region_entry desc[SIZE];
} region;

static int start_region(void)
{
	DPU_OPTS(dpu_virtq_opts, opts, .desc = packed, .avail = &events[0], .used = &events[1],
		 .layout = DPU_VIRTQ_PACKED, .side = DPU_VIRTQ_DEVICE, .size = SIZE, .inflight = &region,
		 .inflight_size = sizeof(region));

	memset(packed, 0, sizeof(packed));
	return dpu_virtq_create(&opts, &vq);
}

/* One chain of two descriptors is out, in the entries 0 and 1. */
static void make_region(void)
{
	uint16_t i;

	memset(&region, 0, sizeof(region));
	region.version = 1;
	region.desc_num = SIZE;
	region.free_head = region.old_free_head = 2;
	region.used_wrap_counter = region.old_used_wrap_counter = 1;
	for (i = 0; i < SIZE; i++)
		region.desc[i].next = (uint16_t)(i + 1);
	region.desc[0].inflight = 1;
	region.desc[0].num = 2;
	region.desc[0].last = 1;
}

static void test_region(void)
{
	struct dpu_virtq *before = vq;

	make_region();
	is_int(start_region(), 0);
	is_int(dpu_virtq_pending(vq), 1);
	vq = dpu_virtq_unref(vq);
#define BAD(member, value)                                                                                   \
	make_region();                                                                                       \
	region.member = (value);                                                                             \
	ok(start_region() == -EINVAL && vq == before, #member " " #value " is refused")
	BAD(version, 2);
	BAD(desc_num, SIZE - 1);
	BAD(features, 1);
	BAD(used_idx, SIZE);
	BAD(old_used_idx, SIZE);
	BAD(used_wrap_counter, 2);
	BAD(old_used_wrap_counter, 2);
	/* Entries in no list would be missed later. */
	BAD(old_free_head, SIZE);
	BAD(old_free_head, 3);
	BAD(desc[4].next, SIZE);
	BAD(desc[0].num, 0);
	BAD(desc[0].num, 1);
	BAD(desc[0].inflight, 0);
	/* And some in two. */
	BAD(desc[0].num, 3);
	BAD(desc[0].next, 2);
	BAD(desc[0].next, 0);
	BAD(desc[0].next, SIZE);
	BAD(desc[SIZE - 1].next, 5);
	BAD(desc[1].inflight, 1);
#undef BAD
}

int main(void)
{
	test_device();
	test_device_out();
	test_too_big();
	test_driver();
	test_packed_device();
	test_packed_out();
	test_packed_driver();
	test_packed_full();
	test_batch();
	test_region();
	return tap_done();
}
