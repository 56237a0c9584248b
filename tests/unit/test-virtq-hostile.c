/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a hostile peer can write into a ring, and that it stops the queue with the reason meant. */
#include <dpu/virtq.h>
#include <errno.h>
#include "virtq/virtq.h"
#include "tap.h"

#define SIZE 8
#define BASE UINT64_C(0x10000)

static struct virtq_desc table[SIZE] __attribute__((aligned(16)));
static uint16_t avail[3 + SIZE];
static struct {
	uint16_t flags, idx;
	struct virtq_used_elem ring[SIZE];
	uint16_t avail_event;
} used;
static uint8_t memory[4096] __attribute__((aligned(16)));
static struct dpu_virtq *vq;

static void start(uint32_t side, uint64_t features)
{
	DPU_OPTS(dpu_virtq_opts, opts, .features = features, .desc = table, .avail = avail, .used = &used,
		 .side = side, .size = SIZE);

	memset(table, 0, sizeof(table));
	memset(avail, 0, sizeof(avail));
	memset(&used, 0, sizeof(used));
	must(dpu_memory_map_create(&opts.memory) == 0);
	/* The second half follows the first in addresses, not in memory. */
	must(dpu_memory_map_add(opts.memory, BASE, 2048, memory + 2048) == 0);
	must(dpu_memory_map_add(opts.memory, BASE + 2048, 2048, memory) == 0);
	must(dpu_memory_map_add(opts.memory, UINT64_MAX - 15, 16, memory) == 0);
	must(dpu_virtq_create(&opts, &vq) == 0);
	ok(dpu_memory_map_add(opts.memory, 0, 1, memory) == -EBUSY, "a map in use takes no region");
	dpu_memory_map_unref(opts.memory);
}

static void desc(struct virtq_desc *at, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	*at = (struct virtq_desc){ htole64(addr), htole32(len), htole16(flags), htole16(next) };
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
	is_int(vq->side == DPU_VIRTQ_DEVICE ? dpu_virtq_pop(vq, &chain, 1) : dpu_virtq_get(vq, &chain, 1),
	       -EIO);
	is_int(vq->side == DPU_VIRTQ_DEVICE ? dpu_virtq_push(vq, &chain, 1) : dpu_virtq_add(vq, &chain, 1),
	       -EIO);
	is_int(dpu_virtq_pending(vq), 0);
	is_int(dpu_virtq_notify(vq, 1), 1);
	vq = dpu_virtq_unref(vq);
}

#define N VIRTQ_DESC_F_NEXT
#define W VIRTQ_DESC_F_WRITE
#define I VIRTQ_DESC_F_INDIRECT

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
			desc((struct virtq_desc *)(void *)(memory + 2048) + j, cases[i].indirect[j].addr,
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
		used.ring[0] = (struct virtq_used_elem){ htole32(cases[i].id), htole32(cases[i].len) };
		used.idx = htole16(cases[i].idx);
		stopped(dpu_virtq_get(vq, &chain, 1), cases[i].reason);
	}
	/* A table scribbled on by the device changes nothing. */
	start(DPU_VIRTQ_DRIVER, 0);
	add_one();
	memset(table, 0xff, sizeof(table));
	used.ring[0] = (struct virtq_used_elem){ 0, htole32(20) };
	used.idx = htole16(1);
	is_int(dpu_virtq_get(vq, &chain, 1), 1);
	is_int(chain.written, 20);
	is_int(dpu_virtq_room(vq), SIZE);
	add_one();
	/* The same chain used twice. */
	used.ring[1] = used.ring[2] = (struct virtq_used_elem){ 0, 0 };
	add_one();
	used.idx = htole16(3);
	is_int(dpu_virtq_get(vq, &chain, 1), 1);
	stopped(dpu_virtq_get(vq, &chain, 1), "names no chain");
}

int main(void)
{
	test_device();
	test_device_out();
	test_too_big();
	test_driver();
	return tap_done();
}
