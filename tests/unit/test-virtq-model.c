/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random operations of both sides against a model of a virtqueue: a list of chains that are available, a set
 * of chains that are out, a list of chains that are used, and a pool of descriptors. All four engines; what
 * lies in the rings meanwhile is for test-virtq-spec. */
#include <dpu/virtq.h>
#include <errno.h>
#include <linux/virtio_ring.h>
#include "tap.h"

#define BASE UINT64_C(0x40000000)
#define ROOM 4096
#define OPS 20000

static uint64_t state;

static uint32_t roll(uint32_t n)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(state >> 33) % n;
}

struct model_chain {
	uintptr_t cookie;
	uint32_t reads, writes, written;
	uint8_t *memory[8];
	uint32_t lens[8];
};

struct fifo {
	struct model_chain at[256];
	uint32_t count;
};

static struct fifo available, out, used;
static uint16_t heads[256]; /* of out */

static struct model_chain take(struct fifo *fifo, uint32_t i)
{
	struct model_chain chain = fifo->at[i];

	memmove(&fifo->at[i], &fifo->at[i + 1], (--fifo->count - i) * sizeof(chain));
	return chain;
}

static uint8_t memory[2][ROOM];
static bool failed;
static bool in_order;
static uint32_t table_max;

/* Descriptors of the ring that a chain of count elements takes. */
static uint32_t descs(uint32_t count)
{
	return count > 1 && count <= table_max ? 1 : count;
}

static void expect(bool pass, const char *what)
{
	if (!pass && !failed)
		tap_diag("wrong: %s", what);
	failed |= !pass;
}

static void run_add(struct dpu_virtq *driver, uint32_t size, uint32_t *free_count)
{
	static uintptr_t cookie;
	struct dpu_virtq_chain chains[4];
	struct model_chain model[4];
	struct iovec iov[4][8];
	uint32_t n = 1 + roll(4), i, e, want = 0, left = *free_count;
	int got;

	for (i = 0; i < n; i++) {
		uint32_t count = 1 + roll(size < 5 ? size : 5);

		memset(&model[i], 0, sizeof(model[i]));
		model[i].cookie = ++cookie;
		model[i].reads = roll(count + 1);
		model[i].writes = count - model[i].reads;
		for (e = 0; e < count; e++) {
			model[i].lens[e] = 1 + roll(100);
			model[i].memory[e] = memory[roll(2)] + roll(ROOM - 100);
			iov[i][e] = (struct iovec){ model[i].memory[e], model[i].lens[e] };
		}
		chains[i] = (struct dpu_virtq_chain){ .iov = iov[i],
						      .cookie = (void *)cookie,
						      .read_count = (uint16_t)model[i].reads,
						      .write_count = (uint16_t)model[i].writes };
		if (want == i && descs(count) <= left) {
			left -= descs(count);
			want++;
		}
	}
	got = dpu_virtq_add(driver, chains, n);
	expect(got == (int)want, "how many were added");
	for (i = 0; i < want; i++)
		available.at[available.count++] = model[i];
	*free_count = left;
}

static void run_pop(struct dpu_virtq *device)
{
	struct dpu_virtq_chain chains[4];
	struct model_chain model;
	struct iovec iov[4][8];
	uint32_t n = 1 + roll(4), i, e;
	uint32_t want = n < available.count ? n : available.count;

	for (i = 0; i < n; i++)
		chains[i] = (struct dpu_virtq_chain){ .iov = iov[i], .iov_max = 8 };
	expect(dpu_virtq_pending(device) == available.count, "how many are available");
	expect(dpu_virtq_pop(device, chains, n) == (int)want, "how many were popped");
	for (i = 0; i < want && !failed; i++) {
		model = take(&available, 0);
		expect(chains[i].read_count == model.reads && chains[i].write_count == model.writes,
		       "a chain's elements");
		for (e = 0; e < model.reads + model.writes && !failed; e++)
			expect(iov[i][e].iov_base == model.memory[e] && iov[i][e].iov_len == model.lens[e],
			       "an element");
		heads[out.count] = chains[i].head;
		out.at[out.count++] = model;
	}
	expect(dpu_virtq_room(device) == out.count, "how many are out");
}

static void run_push(struct dpu_virtq *device)
{
	struct dpu_virtq_chain chains[4];
	struct model_chain model;
	uint32_t n = 1 + roll(4), i, e, pick, room;

	n = n < out.count ? n : out.count;
	for (i = 0; i < n; i++) {
		pick = in_order ? 0 : roll(out.count);
		model = take(&out, pick);
		chains[i] = (struct dpu_virtq_chain){ .head = heads[pick] };
		memmove(&heads[pick], &heads[pick + 1], (out.count - pick) * sizeof(heads[0]));
		for (room = 0, e = model.reads; e < model.reads + model.writes; e++)
			room += model.lens[e];
		model.written = chains[i].written = roll(4) ? roll(room + 1) : room;
		used.at[used.count++] = model;
	}
	expect(dpu_virtq_push(device, chains, n) == 0, "push");
}

static void run_get(struct dpu_virtq *driver, uint32_t *free_count)
{
	struct dpu_virtq_chain chains[4];
	struct model_chain model;
	uint32_t n = 1 + roll(4), i;
	uint32_t want = n < used.count ? n : used.count;

	expect(dpu_virtq_pending(driver) == used.count, "how many are used");
	expect(dpu_virtq_get(driver, chains, n) == (int)want, "how many were got back");
	for (i = 0; i < want && !failed; i++) {
		model = take(&used, 0);
		expect(chains[i].cookie == (void *)model.cookie, "a cookie");
		expect(chains[i].written == model.written, "the bytes written");
		*free_count += descs(model.reads + model.writes);
	}
	expect(dpu_virtq_room(driver) == *free_count, "how many descriptors are free");
}

static void run(uint32_t layout, uint32_t size, uint64_t features)
{
	static struct vring_desc tables[256 * 3] __attribute__((aligned(16)));
	DPU_OPTS(dpu_virtq_opts, opts, .features = features, .layout = layout, .size = size);
	struct dpu_virtq *driver, *device;
	size_t avail_offset, used_offset;
	uint32_t free_count = size, i;
	int bytes = dpu_virtq_ring_size((enum dpu_virtq_layout)layout, size, &avail_offset, &used_offset);
	char *ring = aligned_alloc(4096, ((size_t)bytes + 4095) / 4096 * 4096);

	must(ring && bytes > 0);
	memset(ring, 0, (size_t)bytes);
	must(dpu_memory_map_create(&opts.memory) == 0);
	must(dpu_memory_map_add(opts.memory, BASE + ROOM, ROOM, memory[0]) == 0);
	must(dpu_memory_map_add(opts.memory, 16, ROOM, memory[1]) == 0);
	opts.desc = ring;
	opts.avail = ring + avail_offset;
	opts.used = ring + used_offset;
	must(dpu_memory_map_add(opts.memory, UINT64_C(1) << 40, sizeof(tables), tables) == 0);
	in_order = features & DPU_VIRTIO_F_IN_ORDER;
	table_max = 0;
	if (features & DPU_VIRTIO_F_INDIRECT_DESC) {
		opts.indirect = tables;
		opts.indirect_max = 3;
		table_max = size < 3 ? size : 3;
	}
	must(dpu_virtq_create(&opts, &driver) == 0);
	opts.side = DPU_VIRTQ_DEVICE;
	opts.indirect = NULL;
	opts.indirect_max = 0;
	must(dpu_virtq_create(&opts, &device) == 0);
	dpu_memory_map_unref(opts.memory);
	available.count = out.count = used.count = 0;
	failed = false;
	/* More than 65536 entries pass through, so the indices wrap. */
	for (i = 0; i < OPS * 4 && !failed; i++) {
		switch (roll(4)) {
		case 0:
			run_add(driver, size, &free_count);
			break;
		case 1:
			run_pop(device);
			break;
		case 2:
			run_push(device);
			break;
		default:
			run_get(driver, &free_count);
			break;
		}
		expect(!dpu_virtq_error(driver) && !dpu_virtq_error(device), "no side stops");
	}
	ok(!failed, "layout %u, size %u, features 0x%" PRIx64 ": as the model, %u operations", layout, size,
	   features, i);
	dpu_virtq_unref(device);
	dpu_virtq_unref(driver);
	free(ring);
}

int main(void)
{
	static const uint32_t sizes[] = { 1, 2, 3, 4, 7, 16, 61, 64, 255, 256 };
	static const uint64_t bits[] = { DPU_VIRTIO_F_EVENT_IDX, DPU_VIRTIO_F_IN_ORDER,
					 DPU_VIRTIO_F_INDIRECT_DESC };
	const char *seed = getenv("SEED");
	uint32_t layout, set, bit;
	uint64_t features;
	size_t i;

	state = seed ? strtoull(seed, NULL, 0) : 20261121;
	tap_diag("SEED=%" PRIu64, state);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (set = 0; set < 8; set++) {
			for (features = DPU_VIRTIO_F_VERSION_1, bit = 0; bit < 3; bit++)
				features |= set & 1 << bit ? bits[bit] : 0;
			for (layout = DPU_VIRTQ_SPLIT; layout <= DPU_VIRTQ_PACKED; layout++) {
				if (dpu_virtq_ring_size((enum dpu_virtq_layout)layout, sizes[i], NULL, NULL) >
				    0)
					run(layout, sizes[i], features);
			}
		}
	}
	return tap_done();
}
