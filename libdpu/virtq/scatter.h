/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver's way from elements to descriptors, the same for both layouts: an element becomes as many pieces
 * as it has regions, and a piece is what one descriptor describes. */
#ifndef DPU_VIRTQ_SCATTER_H
#define DPU_VIRTQ_SCATTER_H

#include "virtq/virtq.h"

struct scatter {
	const struct dpu_virtq_chain *chain;
	uint32_t element; /* that the next piece is of */
	uint32_t count;   /* elements in all */
	uint64_t offset;  /* in the element */
	uint64_t bytes;   /* so far, whole elements */
	uint64_t writable;
};

struct piece {
	uint64_t addr;
	uint32_t len;
	uint16_t flags; /* WRITE, and NEXT when more pieces follow */
};

/* Returns 0, or -EINVAL: a chain of nothing, or of more elements than the queue has descriptors. */
int scatter_begin(const struct dpu_virtq *vq, struct scatter *scatter, const struct dpu_virtq_chain *chain);

/* Gives the next piece: 1; 0 when there are no more; or as dpu_virtq_add(). */
int scatter_next(struct dpu_virtq *vq, struct scatter *scatter, struct piece *piece);

/* Writes a chain into the indirect table of a slot. Returns 1 and the descriptor that refers to it; 0 when it
 * is not for a table: a single element, or too many; or as dpu_virtq_add(). */
int scatter_table(struct dpu_virtq *vq, uint16_t slot, const struct dpu_virtq_chain *chain,
		  struct piece *reference, uint32_t *writable);

/* What adding a burst of chains of the common case needs of the region that was right last time; a copy stays
 * in registers. */
struct scatter_burst {
	uint64_t pointer;
	uint64_t addr;
	uint64_t bytes;
};

static inline struct scatter_burst scatter_burst_begin(const struct dpu_virtq *vq)
{
	const struct memory_region *region = &vq->regions[vq->data_hint];

	return (struct scatter_burst){ region->addr + region->delta, region->addr, region->size };
}

/* The common case, a single element in one region. */
static inline bool scatter_single(const struct scatter_burst *burst, const struct dpu_virtq_chain *chain,
				  struct piece *piece)
{
	const struct iovec *iov = chain->iov;
	uint64_t offset = (uint64_t)(uintptr_t)iov->iov_base - burst->pointer, len = iov->iov_len;

	piece->addr = burst->addr + offset;
	piece->len = (uint32_t)len;
	piece->flags = (uint16_t)(chain->write_count * VIRTQ_DESC_F_WRITE);
	/* A length of 0 becomes too long a one. */
	return ring_likely(chain->read_count + chain->write_count == 1 && offset < burst->bytes &&
			   len - 1 < burst->bytes - offset && len <= UINT32_MAX);
}

#endif
