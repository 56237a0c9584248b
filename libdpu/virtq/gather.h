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

/* The common case, a buffer of its own in one region, of which the caller has a copy: true when it was one
 * and is the chain now. */
static inline bool gather_single(const struct memory_region *region, struct dpu_virtq_chain *chain,
				 uint64_t addr, uint32_t len, uint16_t flags, uint16_t head)
{
	bool write = flags & VIRTQ_DESC_F_WRITE;
	struct iovec *iov = chain->iov;

	if (ring_unlikely(flags & (VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_INDIRECT) || !len || !chain->iov_max ||
			  !memory_region_has(region, addr, len) || !memory_region_allows(region, write)))
		return false;
	iov->iov_base = memory_region_pointer(region, addr);
	iov->iov_len = len;
	__builtin_prefetch(iov->iov_base);
	gather_tell(chain, !write, write, head);
	return true;
}

#endif
