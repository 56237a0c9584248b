/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Indirect descriptors as a driver may write them (VIRTIO 1.2, 2.7.5.3): the device side sees the same chain
 * as if each descriptor stood in the queue's own table. */
#include <dpu/virtq.h>
#include <errno.h>
#include <linux/virtio_ring.h>
#include "tap.h"

#define SIZE 8
#define DATA UINT64_C(0x10000)
#define TABLES UINT64_C(0x40000)
#define TABLES_SIZE 1024
/* Not a multiple of 16: one descriptor lies across the border of the regions. */
#define BORDER 488

static struct vring_desc ring[SIZE] __attribute__((aligned(16)));
static uint16_t avail[3 + SIZE];
static struct {
	uint16_t flags, idx;
	struct vring_used_elem ring[SIZE];
	uint16_t avail_event;
} used;
static uint8_t data[4096];
static uint8_t tables[TABLES_SIZE];
static struct dpu_virtq *vq;
static uint16_t available;

/* What the driver's addresses mean: in each pair of regions the second half of the memory comes first. */
static void *data_at(uint64_t offset)
{
	return data + (offset + 2048) % 4096;
}

static void start(void)
{
	DPU_OPTS(dpu_virtq_opts, opts, .features = DPU_VIRTIO_F_INDIRECT_DESC, .desc = ring, .avail = avail,
		 .used = &used, .side = DPU_VIRTQ_DEVICE, .size = SIZE);

	memset(ring, 0, sizeof(ring));
	memset(avail, 0, sizeof(avail));
	memset(&used, 0, sizeof(used));
	available = 0;
	must(dpu_memory_map_create(&opts.memory) == 0);
	must(dpu_memory_map_add(opts.memory, DATA, 2048, data + 2048) == 0);
	must(dpu_memory_map_add(opts.memory, DATA + 2048, 2048, data) == 0);
	must(dpu_memory_map_add(opts.memory, TABLES, BORDER, tables + TABLES_SIZE - BORDER) == 0);
	must(dpu_memory_map_add(opts.memory, TABLES + BORDER, TABLES_SIZE - BORDER, tables) == 0);
	must(dpu_virtq_create(&opts, &vq) == 0);
	dpu_memory_map_unref(opts.memory);
}

static struct vring_desc desc(uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	return (struct vring_desc){ htole64(addr), htole32(len), htole16(flags), htole16(next) };
}

/* Writes memory as the driver sees it, byte by byte: a table may lie across the border. */
static void put(uint64_t offset, const struct vring_desc *at)
{
	const uint8_t *from = (const uint8_t *)at;
	size_t i;

	for (i = 0; i < sizeof(*at); i++, offset++)
		tables[offset < BORDER ? TABLES_SIZE - BORDER + offset : offset - BORDER] = from[i];
}

/* A table of count buffers of 10 bytes, 100 apart, at an offset, the first readers of them to read. With
 * reversed set the descriptors stand in it from the back, but for the first. */
static void write_table(uint64_t offset, uint32_t count, uint32_t readers, bool reversed)
{
	uint32_t i, at, next;
	uint16_t flags;

	for (i = 0; i < count; i++) {
		at = i && reversed ? count - i : i;
		next = reversed ? count - 1 - i : i + 1;
		flags = (uint16_t)((i < readers ? 0 : VRING_DESC_F_WRITE) |
				   (i + 1 < count ? VRING_DESC_F_NEXT : 0));
		struct vring_desc buffer =
			desc(DATA + i * 100, 10, flags, (uint16_t)(i + 1 < count ? next : 0xffff));

		put(offset + at * sizeof(buffer), &buffer);
	}
}

static void make_available(uint16_t head)
{
	avail[2 + available % SIZE] = htole16(head);
	avail[1] = htole16(++available);
}

static int pop(struct dpu_virtq_chain *chain)
{
	static struct iovec iov[2 * SIZE];

	*chain = (struct dpu_virtq_chain){ .iov = iov, .iov_max = 2 * SIZE };
	return dpu_virtq_pop(vq, chain, 1);
}

/* Whether the elements are those of write_table(). */
static bool is_table(const struct dpu_virtq_chain *chain, uint32_t count, uint32_t readers)
{
	uint32_t i;

	if (chain->read_count != readers || chain->write_count != count - readers)
		return false;
	for (i = 0; i < count; i++) {
		if (chain->iov[i].iov_base != data_at(i * 100) || chain->iov[i].iov_len != 10)
			return false;
	}
	return true;
}

/* Gives a chain back: one byte more than it has room for is refused, all of it is not. */
static void used_up(struct dpu_virtq_chain *chain, uint32_t writable)
{
	uint16_t idx = le16toh(used.idx);

	chain->written = writable + 1;
	is_int(dpu_virtq_push(vq, chain, 1), -EINVAL);
	chain->written = writable;
	is_int(dpu_virtq_push(vq, chain, 1), 0);
	is_int(le16toh(used.idx), (uint16_t)(idx + 1));
	is_int(le32toh(used.ring[idx % SIZE].id), chain->head);
	is_int(le32toh(used.ring[idx % SIZE].len), writable);
}

/* Every length that the queue allows, to read, to write and half of each, wherever the table lies. */
static void test_lengths(void)
{
	static const uint64_t offsets[] = { 0, 8, BORDER - 24, BORDER - 16, BORDER - 1, BORDER };
	struct dpu_virtq_chain chain;
	uint32_t count, readers;
	bool right, reversed;
	size_t i;

	start();
	for (count = 1; count <= SIZE; count++) {
		right = true;
		for (i = 0; i < 3 * sizeof(offsets) / sizeof(offsets[0]); i++) {
			readers = (uint32_t)(i % 3) * count / 2;
			reversed = i % 2;
			write_table(offsets[i / 3], count, readers, reversed);
			/* The WRITE flag of the descriptor that leads to a table says nothing (2.7.5.3.2). */
			ring[5] =
				desc(TABLES + offsets[i / 3], count * 16,
				     (uint16_t)(VRING_DESC_F_INDIRECT | (reversed ? VRING_DESC_F_WRITE : 0)),
				     0xffff);
			make_available(5);
			right = right && pop(&chain) == 1 && chain.head == 5 &&
				is_table(&chain, count, readers);
			chain.written = (count - readers) * 10;
			right = right && dpu_virtq_push(vq, &chain, 1) == 0;
		}
		ok(right, "tables of %u descriptors", count);
	}
	make_available(5); /* the last of them once more: all of it is to read */
	is_int(pop(&chain), 1);
	used_up(&chain, chain.write_count * 10u);
	ok(!dpu_virtq_error(vq), "and no error");
	vq = dpu_virtq_unref(vq);
}

/* More descriptors in the table than the chain uses, even more than the queue has, is the driver's business;
 * a chain that is longer than the queue is not (2.7.5.3.1). */
static void test_long(void)
{
	struct dpu_virtq_chain chain;

	start();
	write_table(0, 3, 1, false);
	ring[0] = desc(TABLES, 40 * 16, VRING_DESC_F_INDIRECT, 0);
	make_available(0);
	is_int(pop(&chain), 1);
	ok(is_table(&chain, 3, 1), "a short chain in a long table");
	used_up(&chain, 20);
	write_table(0, SIZE + 1, 1, false);
	make_available(0);
	is_int(pop(&chain), -EIO);
	contains(dpu_virtq_error(vq), "longer than the queue");
	vq = dpu_virtq_unref(vq);

	/* Those before the table count too. */
	start();
	write_table(0, SIZE, 1, false);
	ring[0] = desc(DATA, 10, VRING_DESC_F_NEXT, 1);
	ring[1] = desc(TABLES, SIZE * 16, VRING_DESC_F_INDIRECT, 0);
	make_available(0);
	is_int(pop(&chain), -EIO);
	contains(dpu_virtq_error(vq), "longer than the queue");
	vq = dpu_virtq_unref(vq);
}

/* A buffer across regions becomes two elements. */
static void test_spanning(void)
{
	struct dpu_virtq_chain chain;
	struct vring_desc buffer;
	struct iovec iov[3];

	start();
	buffer = desc(DATA + 2000, 100, VRING_DESC_F_NEXT, 1);
	put(BORDER - 20, &buffer);
	buffer = desc(DATA + 2040, 16, VRING_DESC_F_WRITE, 0);
	put(BORDER - 4, &buffer);
	ring[7] = desc(TABLES + BORDER - 20, 32, VRING_DESC_F_INDIRECT, 0);
	make_available(7);
	/* Without room it stays where it is, whole. */
	chain = (struct dpu_virtq_chain){ .iov = iov, .iov_max = 3 };
	is_int(dpu_virtq_pop(vq, &chain, 1), -E2BIG);
	is_int(dpu_virtq_pending(vq), 1);
	is_int(pop(&chain), 1);
	ok(chain.read_count == 2 && chain.write_count == 2, "two buffers, four elements");
	ok(chain.iov[0].iov_base == data_at(2000) && chain.iov[0].iov_len == 48 &&
		   chain.iov[1].iov_base == data_at(2048) && chain.iov[1].iov_len == 52,
	   "the one to read");
	ok(chain.iov[2].iov_base == data_at(2040) && chain.iov[2].iov_len == 8 &&
		   chain.iov[3].iov_base == data_at(2048) && chain.iov[3].iov_len == 8,
	   "the one to write");
	used_up(&chain, 16);
	vq = dpu_virtq_unref(vq);
}

/* A burst of direct chains, indirect ones, and direct descriptors that end in a table. */
static void test_mixed(void)
{
	struct iovec iov[4][SIZE];
	struct dpu_virtq_chain chains[4];
	uint32_t i;

	start();
	for (i = 0; i < 4; i++)
		chains[i] = (struct dpu_virtq_chain){ .iov = iov[i], .iov_max = SIZE };
	ring[0] = desc(DATA, 10, VRING_DESC_F_NEXT, 1);
	ring[1] = desc(DATA + 100, 10, VRING_DESC_F_WRITE, 0);
	write_table(0, 5, 2, true);
	ring[2] = desc(TABLES, 5 * 16, VRING_DESC_F_INDIRECT, 0);
	write_table(512, 2, 1, false);
	ring[3] = desc(DATA + 3000, 7, VRING_DESC_F_NEXT, 6);
	ring[6] = desc(TABLES + 512, 2 * 16, VRING_DESC_F_INDIRECT, 0);
	ring[4] = desc(DATA + 200, 33, 0, 0);
	make_available(2);
	make_available(0);
	make_available(3);
	make_available(4);
	is_int(dpu_virtq_pop(vq, chains, 4), 4);
	ok(is_table(&chains[0], 5, 2), "an indirect chain");
	ok(is_table(&chains[1], 2, 1), "a direct one");
	ok(chains[2].read_count == 2 && chains[2].write_count == 1 && iov[2][0].iov_base == data_at(3000) &&
		   iov[2][0].iov_len == 7 && iov[2][1].iov_base == data_at(0) &&
		   iov[2][2].iov_base == data_at(100),
	   "a direct descriptor, then a table");
	ok(chains[3].read_count == 1 && chains[3].write_count == 0 && iov[3][0].iov_len == 33,
	   "a direct one again");
	/* Given back in another order, each with its own room. */
	used_up(&chains[3], 0);
	used_up(&chains[2], 10);
	used_up(&chains[0], 30);
	used_up(&chains[1], 10);
	make_available(2);
	is_int(dpu_virtq_pop(vq, chains, 4), 1);
	is_int(chains[0].head, 2);
	vq = dpu_virtq_unref(vq);
}

int main(void)
{
	test_lengths();
	test_long();
	test_spanning();
	test_mixed();
	return tap_done();
}
