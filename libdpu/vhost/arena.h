/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory that a driver side shares with its device: one file, mapped once, for the handle's life. The
 * rings of all queues come first, then their indirect tables, then what the caller has for its buffers.
 * Addresses in descriptors are this process's. */
#ifndef DPU_VHOST_ARENA_H
#define DPU_VHOST_ARENA_H

#include "vhost/vhost.h"

struct arena {
	int fd; /* -1: there is none */
	uint8_t *base;
	size_t size;
	size_t ring_size;  /* of each queue, in either layout */
	size_t table_size; /* of each queue's indirect tables */
	size_t tables;     /* where they begin */
	/* What is to be added to a pointer to make the device's address, and the map that says so; NULL:
	 * nothing. */
	uint64_t delta;
	struct dpu_memory_map *map;
};

struct arena_ring {
	void *desc;
	void *avail;
	void *used;
};

static inline void arena_init(struct arena *arena)
{
	*arena = (struct arena){ .fd = -1 };
}

/* As the handle's options say; its caller's memory is set. 0, or a negative errno with the reason recorded.
 */
int arena_open(struct arena *arena, struct dpu_vhost *vh);
void arena_close(struct arena *arena);

/* Where a queue's ring is. */
struct arena_ring arena_ring(const struct arena *arena, const struct dpu_vhost *vh, uint32_t index,
			     enum dpu_virtq_layout layout);

/* Makes the driver side of a queue from its beginning, with the handle's features: its ring is zeroed. 0, or
 * what dpu_virtq_create() says. */
int arena_virtq(const struct arena *arena, const struct dpu_vhost *vh, uint32_t index,
		struct dpu_virtq **ret);

static inline enum dpu_virtq_layout arena_layout(const struct dpu_vhost *vh)
{
	return vh->features & DPU_VIRTIO_F_RING_PACKED ? DPU_VIRTQ_PACKED : DPU_VIRTQ_SPLIT;
}

#endif
