/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both virtqueue targets work on: a ring of some layout, size and features, and memory in a map. */
#ifndef FUZZ_RING_H
#define FUZZ_RING_H

#include <dpu/virtq.h>
#include <endian.h>
#include <errno.h>
#include <linux/virtio_ring.h>
#include "fuzz.h"

#define AVAIL (1u << VRING_PACKED_DESC_F_AVAIL)
#define USED (1u << VRING_PACKED_DESC_F_USED)
#define AREAS 4
#define MAX_SIZE 256

/* Memory of the driver. Each area is an allocation of its own, so that a sanitizer sees its ends. */
struct area {
	uint64_t addr;
	uint32_t size;
	uint32_t access; /* when the map is an IOTLB */
	uint8_t *ptr;
};

static const struct area areas_at[AREAS] = {
	{ 0x10000, 5000, DPU_MEMORY_READ_WRITE, NULL },
	{ 0x10000 + 5000, 4100, DPU_MEMORY_READ_WRITE, NULL }, /* follows the first */
	{ 0x40000, 300, DPU_MEMORY_READ, NULL },
	{ UINT64_MAX - 599, 600, DPU_MEMORY_WRITE, NULL },
};

static struct ring {
	bool packed;
	uint32_t size;
	uint64_t features;
	/* Descriptor table or ring, available and used ring or the event suppression of either. */
	uint8_t *part[3];
	size_t part_size[3];
	struct area areas[AREAS];
	struct dpu_memory_map *map;
} ring;

static uint8_t *new_memory(size_t align, size_t size)
{
	void *ptr;

	check(posix_memalign(&ptr, align, size) == 0);
	memset(ptr, 0, size);
	return ptr;
}

static bool iotlb(void)
{
	return ring.features & DPU_VIRTIO_F_ACCESS_PLATFORM;
}

static int show_area(const struct area *area, uint32_t offset, uint32_t size)
{
	return iotlb() ? dpu_memory_map_add_iova(ring.map, area->addr + offset, size, area->ptr + offset,
						 (enum dpu_memory_access)area->access)
		       : dpu_memory_map_add(ring.map, area->addr + offset, size, area->ptr + offset);
}

static void ring_begin(struct fuzz_input *in)
{
	static const uint32_t sizes[] = { 1, 2, 4, 8, 8, 16, 64, 256 },
			      odd[] = { 1, 2, 3, 5, 8, 13, 61, 255 };
	static const uint64_t bits[] = { DPU_VIRTIO_F_INDIRECT_DESC, DPU_VIRTIO_F_EVENT_IDX,
					 DPU_VIRTIO_F_IN_ORDER, DPU_VIRTIO_F_ACCESS_PLATFORM };
	uint32_t i, set = (uint32_t)fuzz_bytes(in, 1);

	ring.packed = set & 1;
	ring.features = DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_F_NOTIFICATION_DATA;
	for (i = 0; i < 4; i++)
		ring.features |= set & 2u << i ? bits[i] : 0;
	ring.size = (ring.packed ? odd : sizes)[fuzz_below(in, 8)];
	ring.part_size[0] = ring.size * sizeof(struct vring_desc);
	ring.part_size[1] = ring.packed ? 4 : 2 * (3 + ring.size);
	ring.part_size[2] = ring.packed ? 4 : 2 * 3 + ring.size * sizeof(struct vring_used_elem);
	for (i = 0; i < 3; i++)
		ring.part[i] = new_memory(16, ring.part_size[i]);
	check(dpu_memory_map_create(&ring.map) == 0);
	for (i = 0; i < AREAS; i++) {
		ring.areas[i] = areas_at[i];
		ring.areas[i].ptr = new_memory(16, areas_at[i].size);
		check(show_area(&ring.areas[i], 0, areas_at[i].size) == 0);
	}
}

static void ring_expose(void)
{
	uint32_t i;

	if (!fuzz_scribble.on)
		return;
	for (i = 0; i < 3; i++)
		fuzz_expose(ring.part[i], ring.part_size[i]);
	fuzz_expose(ring.areas[0].ptr, ring.areas[0].size);
}

static void ring_end(void)
{
	uint32_t i;

	fuzz_hide();
	dpu_memory_map_unref(ring.map);
	for (i = 0; i < 3; i++)
		free(ring.part[i]);
	for (i = 0; i < AREAS; i++)
		free(ring.areas[i].ptr);
}

static struct dpu_virtq_opts ring_opts(uint32_t side)
{
	DPU_OPTS(dpu_virtq_opts, opts, .features = ring.features, .desc = ring.part[0], .avail = ring.part[1],
		 .used = ring.part[2], .memory = ring.map, .layout = ring.packed, .side = side,
		 .size = ring.size);

	return opts;
}

static uint32_t some_len(struct fuzz_input *in)
{
	uint32_t kind = (uint32_t)fuzz_bytes(in, 1);

	if (kind == 0)
		return (uint32_t)fuzz_bytes(in, 4);
	if (kind < 8)
		return UINT32_MAX - kind + 1;
	return kind < 32 ? kind * 300 : kind % 64;
}

/* Writes anything anywhere into the rings. */
static void write_raw(struct fuzz_input *in)
{
	uint32_t part = fuzz_below(in, 3), width = fuzz_below(in, 4);
	size_t at = (size_t)fuzz_bytes(in, 2) % ring.part_size[part];
	uint64_t value = fuzz_bytes(in, 1u << width);

	for (width = 1u << width; width-- && at < ring.part_size[part]; value >>= 8)
		ring.part[part][at++] = (uint8_t)value;
}

static struct vring_packed_desc *packed_at(uint32_t at)
{
	return (struct vring_packed_desc *)(void *)ring.part[0] + at;
}

#endif
