/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The in-flight region, through which a device side survives its process: which chains were taken and not
 * returned. The formats and the order of steps are those of QEMU's vhost-user specification, "Inflight I/O
 * tracking"; the order is what makes the region right wherever the process dies.
 *
 * The region is shared with the front-end, so what is read from it is checked, and read at the start only. */
#ifndef DPU_VIRTQ_INFLIGHT_H
#define DPU_VIRTQ_INFLIGHT_H

#include "virtq/virtq.h"

/* A chain to be taken again: its head, or in the packed layout its first entry of the region. */
struct inflight_again {
	uint64_t counter;
	uint16_t entry;
};

struct inflight {
	void *region;
	uint64_t counter;             /* of the next chain that is taken */
	struct inflight_again *again; /* by rising counter */
	uint32_t again_at;            /* of them, already taken */
	/* Of the packed layout, so that nothing is read back from the region. */
	uint16_t free_head; /* the first entry that is free ... */
	uint16_t *next;     /* ... and what is linked to it; entries of a chain are linked too */
	uint16_t *last;     /* of the chain that begins in an entry */
	uint16_t *first;    /* entry of a chain that is out, by its buffer ID */
};

size_t inflight_size(bool packed, uint32_t size);

/* Opens the region, and where it is not new moves state to where the former device side was and sets
 * vq->again. -EINVAL: it is not this queue's. */
int inflight_open(struct dpu_virtq *vq, void *region, struct dpu_virtq_state *state);
void inflight_close(struct dpu_virtq *vq);
/* As new. */
void inflight_reset(struct dpu_virtq *vq, const struct dpu_virtq_state *state);

/* Gives chains that a former device side had taken and not returned, as dpu_virtq_pop() does; take() takes
 * one, by its head or first entry. The region has them already. */
int inflight_take_again(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count,
			int (*take)(struct dpu_virtq *vq, struct dpu_virtq_chain *chain, uint32_t entry));

void inflight_split_took(struct dpu_virtq *vq, uint16_t head);
/* Around the publication of a burst. */
void inflight_split_returning(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count);
void inflight_split_returned(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count);

/* The chain's descriptors are in the ring from at on. */
void inflight_packed_took(struct dpu_virtq *vq, uint16_t id, uint16_t at, uint32_t count);
void inflight_packed_returning(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count);
void inflight_packed_returned(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count);

/* The same for a chain that is taken again: its entries stay. */
void inflight_packed_kept(struct dpu_virtq *vq, uint16_t id, uint16_t entry);

/* A descriptor of a chain that is taken again, and the entry that follows. */
void inflight_packed_desc(const struct dpu_virtq *vq, uint16_t entry, struct pvirtq_desc *desc,
			  uint16_t *next);
/* The number of the chain's descriptors. */
uint32_t inflight_packed_count(const struct dpu_virtq *vq, uint16_t entry);

#endif
