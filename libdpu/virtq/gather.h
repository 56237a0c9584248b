/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device's way from descriptors to elements, the same for both layouts.
 *
 * The driver owns all that is read here. A descriptor is copied before it is looked at, so what was checked
 * is what is used. */
#ifndef DPU_VIRTQ_GATHER_H
#define DPU_VIRTQ_GATHER_H

#include "virtq/virtq.h"

struct gather {
	struct dpu_virtq_chain *chain;
	uint32_t max;     /* elements that fit */
	uint32_t count;   /* elements so far */
	uint32_t readers; /* of them, those to read */
	uint32_t buffers; /* descriptors so far */
	uint64_t bytes;
	uint64_t writable;
	bool writing; /* the first descriptor to write has come */
};

void gather_begin(struct gather *gather, struct dpu_virtq_chain *chain);

/* Turns one descriptor into elements, as many as it has regions. Returns 0, or as dpu_virtq_pop(), or
 * -EAGAIN: not now. */
int gather_buffer(struct dpu_virtq *vq, struct gather *gather, uint64_t addr, uint32_t len, uint16_t flags);

/* The same for all descriptors of an indirect table, which ends the chain. flags are those of the descriptor
 * that refers to it. */
int gather_table(struct dpu_virtq *vq, struct gather *gather, uint64_t addr, uint32_t len, uint16_t flags);

/* Tells the chain what was gathered, and its head; returns how many bytes of it are the device's to write. */
uint32_t gather_end(const struct gather *gather, uint16_t head);

/* What dpu_virtq_pop() tells of a chain beside its elements. Stores of their own: one of 8 bytes is slower
 * where the caller reads a part of it right away. */
static inline void gather_tell(struct dpu_virtq_chain *chain, uint16_t readers, uint16_t writers,
			       uint16_t head)
{
	chain->written = 0;
	chain->read_count = readers;
	chain->write_count = writers;
	chain->head = head;
}

/* What taking a burst of chains of the common case needs of the queue. Nothing that is stored meanwhile
 * changes it, which the compiler cannot know: a copy stays in registers. */
struct gather_burst {
	struct device_slot *slots;
	uint64_t mark;      /* of a slot whose chain is out, but for the length */
	uint64_t taken;     /* chains before this burst */
	uint64_t addr;      /* of the region that was right last time */
	uint64_t bytes;     /* of it */
	uint64_t pointer;   /* to it */
	uint64_t size;      /* of the queue */
	uint64_t flags;     /* that a descriptor must have ... */
	uint64_t flag_mask; /* ... of these */
};

/* count is what a slot notes of descriptors; flags are those that a descriptor must have among those of
 * flag_mask. */
static inline struct gather_burst gather_burst_begin(const struct dpu_virtq *vq, uint32_t count,
						     uint64_t flags, uint64_t flag_mask)
{
	const struct memory_region *region = &vq->regions[vq->data_hint];
	bool readable = memory_region_allows(region, false), writable = memory_region_allows(region, true);

	return (struct gather_burst){
		.slots = vq->device,
		.mark = device_chain(0, count, vq->epoch),
		.taken = vq->taken,
		.addr = region->addr,
		.bytes = readable || writable ? region->size : 0,
		.pointer = region->addr + region->delta,
		.size = vq->size,
		.flags = flags | (readable ? 0 : VIRTQ_DESC_F_WRITE),
		.flag_mask = flag_mask | VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_INDIRECT |
			     (readable && writable ? 0 : VIRTQ_DESC_F_WRITE),
	};
}

/* The common case, a buffer of its own in one region: true when it was one, and is the burst's n-th chain and
 * in the books now. */
static inline bool gather_single(const struct gather_burst *burst, struct dpu_virtq_chain *chain, uint64_t n,
				 uint64_t addr, uint64_t len, uint64_t flags, uint64_t head)
{
	uint64_t offset = addr - burst->addr, write = flags / VIRTQ_DESC_F_WRITE & 1;
	struct iovec *iov = chain->iov;

	/* A length of 0 becomes too long a one. */
	if (ring_unlikely((flags ^ burst->flags) & burst->flag_mask || head >= burst->size ||
			  device_out(burst->slots[head].chain) || offset >= burst->bytes ||
			  len - 1 >= burst->bytes - offset || !chain->iov_max))
		return false;
	iov->iov_base = (void *)(uintptr_t)(burst->pointer + offset);
	iov->iov_len = len;
	__builtin_prefetch(iov->iov_base);
	gather_tell(chain, (uint16_t)(write ^ 1), (uint16_t)write, (uint16_t)head);
	burst->slots[head].taken = burst->taken + n;
	burst->slots[head].chain = burst->mark | (len & -write);
	return true;
}

#endif
