/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A hash index from 64-bit hashes to nodes: linear probing in one array, half full at most. The caller
 * compares what the nodes are; the index holds pointers only. */
#ifndef DPU_FLOW_INDEX_H
#define DPU_FLOW_INDEX_H

#include "core/ctx.h"

struct flow_slot {
	uint64_t hash;
	void *node; /* NULL: free */
};

struct flow_index {
	struct flow_slot *slots;
	size_t mask; /* number of slots less one; 0: none yet */
	size_t count;
};

/* Makes sure that one more node fits; 0 or -ENOMEM, nothing then changed. */
int flow_index_reserve(struct dpu_ctx *ctx, struct flow_index *index);
/* After flow_index_reserve(). */
void flow_index_add(struct flow_index *index, uint64_t hash, void *node);
/* The node must be there. */
void flow_index_remove(struct flow_index *index, uint64_t hash, const void *node);
/* The same place under another node of the same hash. */
void flow_index_replace(struct flow_index *index, uint64_t hash, const void *node, void *other);
void flow_index_free(struct dpu_ctx *ctx, struct flow_index *index);

/* Spreads every bit of a word over the whole of it. */
static inline uint64_t flow_hash_mix(uint64_t value)
{
	value ^= value >> 32;
	value *= UINT64_C(0xd6e8feb86659fd93);
	value ^= value >> 32;
	value *= UINT64_C(0xd6e8feb86659fd93);
	return value ^ value >> 32;
}

#endif
