/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include "flow/index.h"

#define FIRST_SLOTS 16

int flow_index_reserve(struct dpu_ctx *ctx, struct flow_index *index)
{
	struct flow_index grown = { .count = 0 };
	size_t i, slots = index->slots ? index->mask + 1 : 0;

	if (index->count < slots / 2)
		return 0;
	if (slots > SIZE_MAX / 2 / sizeof(*grown.slots))
		return -ENOMEM;
	slots = slots ? slots * 2 : FIRST_SLOTS;
	grown.slots = ctx_alloc(ctx, slots * sizeof(*grown.slots));
	if (!grown.slots)
		return -ENOMEM;
	grown.mask = slots - 1;
	for (i = 0; index->slots && i <= index->mask; i++) {
		if (index->slots[i].node)
			flow_index_add(&grown, index->slots[i].hash, index->slots[i].node);
	}
	flow_index_free(ctx, index);
	*index = grown;
	return 0;
}

void flow_index_add(struct flow_index *index, uint64_t hash, void *node)
{
	size_t i = hash & index->mask;

	while (index->slots[i].node)
		i = (i + 1) & index->mask;
	index->slots[i] = (struct flow_slot){ .hash = hash, .node = node };
	index->count++;
}

static size_t find_node(const struct flow_index *index, uint64_t hash, const void *node)
{
	size_t i = hash & index->mask;

	while (index->slots[i].node != node)
		i = (i + 1) & index->mask;
	return i;
}

void flow_index_remove(struct flow_index *index, uint64_t hash, const void *node)
{
	size_t hole = find_node(index, hash, node), i = hole, home;

	/* A node may move into the hole unless that is before the place its hash asks for. */
	for (i = (i + 1) & index->mask; index->slots[i].node; i = (i + 1) & index->mask) {
		home = index->slots[i].hash & index->mask;
		if (((i - home) & index->mask) < ((i - hole) & index->mask))
			continue;
		index->slots[hole] = index->slots[i];
		hole = i;
	}
	index->slots[hole].node = NULL;
	index->count--;
}

void flow_index_replace(struct flow_index *index, uint64_t hash, const void *node, void *other)
{
	index->slots[find_node(index, hash, node)].node = other;
}

void flow_index_free(struct dpu_ctx *ctx, struct flow_index *index)
{
	ctx_free(ctx, index->slots);
	*index = (struct flow_index){ .count = 0 };
}
