/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "virtq/inflight.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "virtq/packed.h"

#define REGION_VERSION 1

struct split_entry {
	uint8_t inflight;
	uint8_t padding[5];
	uint16_t next;
	uint64_t counter;
};

struct split_region {
	uint64_t features;
	uint16_t version;
	uint16_t desc_num;
	uint16_t last_batch_head;
	uint16_t used_idx;
	struct split_entry desc[];
};

struct packed_entry {
	uint8_t inflight;
	uint8_t padding;
	uint16_t next;
	uint16_t last;
	uint16_t num;
	uint64_t counter;
	uint16_t id;
	uint16_t flags;
	uint32_t len;
	uint64_t addr;
};

struct packed_region {
	uint64_t features;
	uint16_t version;
	uint16_t desc_num;
	uint16_t free_head;
	uint16_t old_free_head;
	uint16_t used_idx;
	uint16_t old_used_idx;
	uint8_t used_wrap_counter;
	uint8_t old_used_wrap_counter;
	uint8_t padding[7];
	struct packed_entry desc[];
};

/* The part of the packed region that tells places. It is written as a whole: a place with another lap's wrap
 * counter would be another place. */
union packed_places {
	struct {
		uint16_t used_idx;
		uint16_t old_used_idx;
		uint8_t used_wrap_counter;
		uint8_t old_used_wrap_counter;
		uint8_t padding[2];
	};
	uint64_t word;
};

_Static_assert(sizeof(struct split_region) == 16 && sizeof(struct split_entry) == 16, "split region");
_Static_assert(offsetof(struct packed_region, used_idx) == 16 && sizeof(union packed_places) == 8, "places");
_Static_assert(sizeof(struct packed_region) == 32 && sizeof(struct packed_entry) == 32, "packed region");

/* What comes before is in the region, should the process die, when what comes after is. */
static void step(void)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

size_t inflight_size(bool packed, uint32_t size)
{
	return packed ? sizeof(struct packed_region) + size * sizeof(struct packed_entry)
		      : sizeof(struct split_region) + size * sizeof(struct split_entry);
}

static struct split_region *split_of(const struct dpu_virtq *vq)
{
	return vq->inflight->region;
}

static void write_places(struct packed_region *region, union packed_places places)
{
	__atomic_store_n((uint64_t *)(void *)&region->used_idx, places.word, __ATOMIC_RELEASE);
}

static struct packed_region *packed_of(const struct dpu_virtq *vq)
{
	return vq->inflight->region;
}

void inflight_reset(struct dpu_virtq *vq, const struct dpu_virtq_state *state)
{
	struct inflight *inflight = vq->inflight;
	struct packed_region *packed = inflight->region;
	struct split_region *split = inflight->region;
	uint32_t i;

	memset(inflight->region, 0, inflight_size(vq->packed, vq->size));
	inflight->counter = 0;
	inflight->free_head = 0;
	vq->again = 0;
	for (i = 0; vq->packed && i < vq->size; i++)
		packed->desc[i].next = inflight->next[i] = (uint16_t)(i + 1);
	if (vq->packed) {
		packed->desc_num = (uint16_t)vq->size;
		packed->used_idx = packed->old_used_idx = state->used;
		packed->used_wrap_counter = packed->old_used_wrap_counter = state->used_wrap;
	} else {
		split->desc_num = (uint16_t)vq->size;
		split->used_idx = state->used;
	}
	step();
	/* Both regions have it at the same place. */
	split->version = REGION_VERSION;
}

static void again_add(struct dpu_virtq *vq, uint64_t counter, uint32_t entry)
{
	vq->inflight->again[vq->again++] = (struct inflight_again){ counter, (uint16_t)entry };
}

static int compare_again(const void *a, const void *b)
{
	uint64_t left = ((const struct inflight_again *)a)->counter;
	uint64_t right = ((const struct inflight_again *)b)->counter;

	return (left > right) - (left < right);
}

static void again_sort(struct dpu_virtq *vq)
{
	struct inflight *inflight = vq->inflight;

	qsort(inflight->again, vq->again, sizeof(inflight->again[0]), compare_again);
	inflight->counter = vq->again ? inflight->again[vq->again - 1].counter + 1 : 0;
}

static int split_recover(struct dpu_virtq *vq, struct dpu_virtq_state *state)
{
	struct split_region *region = split_of(vq);
	uint16_t used = ring_load16(&vq->used->idx), batch, at;
	uint32_t i;

	batch = (uint16_t)(used - region->used_idx);
	if (batch > vq->size)
		return -EINVAL;
	/* The process died between publishing a burst and noting that: it is no longer in flight. */
	for (at = region->last_batch_head; batch; batch--, at = region->desc[at].next) {
		if (at >= vq->size)
			return -EINVAL;
		region->desc[at].inflight = 0;
	}
	step();
	region->used_idx = used;
	for (i = 0; i < vq->size; i++) {
		if (region->desc[i].inflight)
			again_add(vq, region->desc[i].counter, i);
	}
	again_sort(vq);
	state->used = used;
	state->avail = (uint16_t)(used + vq->again);
	return 0;
}

/* Whether the first descriptor of the last burst became used before the process died. */
static bool packed_was_published(const struct dpu_virtq *vq, const struct packed_region *region)
{
	uint16_t flags = (uint16_t)(ring_load64(&vq->ring[region->old_used_idx].word) >> 48);

	return (flags & PACKED_FLAGS) != packed_available(region->old_used_wrap_counter);
}

static void packed_commit(struct packed_region *region)
{
	region->old_free_head = region->free_head;
	region->old_used_idx = region->used_idx;
	region->old_used_wrap_counter = region->used_wrap_counter;
}

static void packed_roll_back(struct packed_region *region)
{
	region->free_head = region->old_free_head;
	region->used_idx = region->old_used_idx;
	region->used_wrap_counter = region->old_used_wrap_counter;
}

/* Counts an entry as part of a chain or of the free list: false when it is none, or was counted before.
 * Marked is first[], which has no other use before a chain is taken. */
static bool packed_count(struct dpu_virtq *vq, uint16_t entry, uint32_t *total)
{
	if (entry >= vq->size || vq->inflight->first[entry])
		return false;
	vq->inflight->first[entry] = 1;
	++*total;
	return true;
}

/* Takes the list of free entries over from the region; it ends with a number that no entry has. No chain is
 * in flight in them, whatever they say: the process died before it could note that. */
static int packed_free_list(struct dpu_virtq *vq, uint16_t at, uint32_t *total)
{
	struct packed_region *region = packed_of(vq);
	uint32_t i;

	for (i = 0; i < vq->size; i++)
		vq->inflight->next[i] = region->desc[i].next;
	vq->inflight->free_head = at;
	for (; at < vq->size; at = vq->inflight->next[at]) {
		if (!packed_count(vq, at, total))
			return -EINVAL;
		region->desc[at].inflight = 0;
	}
	return 0;
}

/* Takes over a chain that is in flight; -EINVAL when its entries are none. */
static int packed_chain(struct dpu_virtq *vq, uint16_t entry, uint32_t *total)
{
	const struct packed_entry *first = &packed_of(vq)->desc[entry];
	uint16_t num = first->num, at = entry;
	uint32_t i;

	if (!num || !packed_count(vq, entry, total))
		return -EINVAL;
	for (i = 1; i < num; i++) {
		at = vq->inflight->next[at];
		if (!packed_count(vq, at, total))
			return -EINVAL;
	}
	vq->inflight->last[entry] = at;
	again_add(vq, first->counter, entry);
	return 0;
}

/* A burst's used descriptors are written before the first of them, which publishes it. Where the process died
 * in between, they are there, and the driver would come to them as soon as something is used before them. */
static void packed_take_back(struct dpu_virtq *vq, const struct dpu_virtq_state *state, uint32_t count)
{
	uint16_t place = state->used, flags = packed_used(state->used_wrap);
	uint64_t word;

	for (; count; count--) {
		word = ring_load64(&vq->ring[place].word);
		if ((word >> 48 & PACKED_FLAGS) == flags)
			ring_store64(&vq->ring[place].word, word ^ (uint64_t)VIRTQ_DESC_F_USED << 48);
		packed_advance(vq->size, &place, &flags, 1);
	}
}

static int packed_recover(struct dpu_virtq *vq, struct dpu_virtq_state *state)
{
	struct packed_region head = *packed_of(vq);
	uint32_t i, total = 0, free_count = 0;
	int rc;

	if (head.used_idx >= vq->size || head.old_used_idx >= vq->size || head.used_wrap_counter > 1 ||
	    head.old_used_wrap_counter > 1)
		return -EINVAL;
	if ((head.used_idx != head.old_used_idx || head.used_wrap_counter != head.old_used_wrap_counter) &&
	    packed_was_published(vq, &head))
		packed_commit(&head);
	packed_roll_back(&head);
	*packed_of(vq) = head;
	rc = packed_free_list(vq, head.free_head, &free_count);
	for (i = 0; rc == 0 && i < vq->size; i++) {
		if (packed_of(vq)->desc[i].inflight)
			rc = packed_chain(vq, (uint16_t)i, &total);
	}
	if (rc < 0)
		return rc;
	/* An entry that is neither would be missed when the ring is full. */
	if (free_count + total != vq->size)
		return -EINVAL;
	again_sort(vq);
	state->used = head.used_idx;
	state->used_wrap = head.used_wrap_counter;
	state->avail = (uint16_t)((head.used_idx + total) % vq->size);
	state->avail_wrap = head.used_wrap_counter ^ (head.used_idx + total >= vq->size);
	packed_take_back(vq, state, total);
	return 0;
}

/* Also one that a process died over while it made it: the version is written last. */
static bool region_is_new(const struct split_region *region)
{
	return !region->version;
}

static int inflight_alloc(struct dpu_virtq *vq, void *region)
{
	struct inflight *inflight = calloc(1, sizeof(*inflight));

	if (!inflight)
		return -ENOMEM;
	vq->inflight = inflight;
	inflight->region = region;
	inflight->again = calloc(vq->size, sizeof(inflight->again[0]));
	inflight->next = calloc(vq->size, sizeof(inflight->next[0]));
	inflight->last = calloc(vq->size, sizeof(inflight->last[0]));
	inflight->first = calloc(vq->size, sizeof(inflight->first[0]));
	return inflight->again && inflight->next && inflight->last && inflight->first ? 0 : -ENOMEM;
}

int inflight_open(struct dpu_virtq *vq, void *region, struct dpu_virtq_state *state)
{
	const struct split_region *split = region;
	int rc;

	rc = inflight_alloc(vq, region);
	if (rc < 0)
		return rc;
	if (region_is_new(split)) {
		inflight_reset(vq, state);
		return 0;
	}
	/* Both regions have these at the same place. */
	if (split->version != REGION_VERSION || split->features || split->desc_num != vq->size)
		return -EINVAL;
	return vq->packed ? packed_recover(vq, state) : split_recover(vq, state);
}

void inflight_close(struct dpu_virtq *vq)
{
	if (!vq->inflight)
		return;
	free(vq->inflight->again);
	free(vq->inflight->next);
	free(vq->inflight->last);
	free(vq->inflight->first);
	free(vq->inflight);
}

int inflight_take_again(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count,
			int (*take)(struct dpu_virtq *vq, struct dpu_virtq_chain *chain, uint32_t entry))
{
	struct inflight *inflight = vq->inflight;
	uint32_t i;
	int rc = 0;

	for (i = 0; i < count && vq->again; i++) {
		rc = take(vq, &chains[i], inflight->again[inflight->again_at].entry);
		if (rc < 0)
			break;
		inflight->again_at++;
		vq->again--;
	}
	return i || rc == -EAGAIN ? (int)i : rc;
}

void inflight_split_took(struct dpu_virtq *vq, uint16_t head)
{
	struct split_entry *entry = &split_of(vq)->desc[head];

	entry->counter = vq->inflight->counter++;
	step();
	entry->inflight = 1;
}

void inflight_split_returning(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	struct split_region *region = split_of(vq);
	uint32_t i;

	for (i = 0; i < count; i++) {
		region->desc[chains[i].head].next = region->last_batch_head;
		step();
		region->last_batch_head = chains[i].head;
	}
}

void inflight_split_returned(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	struct split_region *region = split_of(vq);
	uint32_t i;

	step();
	for (i = 0; i < count; i++)
		region->desc[chains[i].head].inflight = 0;
	step();
	region->used_idx = vq->next;
}

void inflight_packed_took(struct dpu_virtq *vq, uint16_t id, uint16_t at, uint32_t count)
{
	struct packed_region *region = packed_of(vq);
	uint16_t first = vq->inflight->free_head, entry = first, last = first;
	uint64_t word;
	uint32_t i;

	region->desc[first].num = 0;
	region->desc[first].counter = vq->inflight->counter++;
	region->desc[first].inflight = 1;
	for (i = 0; i < count; i++) {
		word = ring_load64(&vq->ring[at].word);
		region->desc[entry].addr = ring_load64(&vq->ring[at].addr);
		region->desc[entry].len = (uint32_t)word;
		region->desc[entry].id = id;
		region->desc[entry].flags = (uint16_t)(word >> 48);
		last = entry;
		entry = vq->inflight->next[entry];
		at = (uint16_t)(at + 1u < vq->size ? at + 1u : 0);
	}
	region->desc[first].last = vq->inflight->last[first] = last;
	region->desc[first].num = (uint16_t)count;
	region->free_head = vq->inflight->free_head = entry;
	step();
	region->old_free_head = entry;
	vq->inflight->first[id] = first;
}

void inflight_packed_returning(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	struct packed_region *region = packed_of(vq);
	struct inflight *inflight = vq->inflight;
	uint16_t first, last;
	uint32_t i;

	for (i = 0; i < count; i++) {
		first = inflight->first[chains[i].head];
		last = inflight->last[first];
		region->desc[last].next = inflight->next[last] = inflight->free_head;
		step();
		region->free_head = inflight->free_head = first;
	}
	write_places(region, (union packed_places){
				     .used_idx = vq->next,
				     .old_used_idx = region->old_used_idx,
				     .used_wrap_counter = (vq->next_flags & VIRTQ_DESC_F_USED) != 0,
				     .old_used_wrap_counter = region->old_used_wrap_counter,
			     });
}

void inflight_packed_returned(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	struct packed_region *region = packed_of(vq);
	uint32_t i;

	step();
	for (i = 0; i < count; i++)
		region->desc[vq->inflight->first[chains[i].head]].inflight = 0;
	step();
	region->old_free_head = vq->inflight->free_head;
	write_places(region, (union packed_places){
				     .used_idx = vq->next,
				     .old_used_idx = vq->next,
				     .used_wrap_counter = (vq->next_flags & VIRTQ_DESC_F_USED) != 0,
				     .old_used_wrap_counter = (vq->next_flags & VIRTQ_DESC_F_USED) != 0,
			     });
}

void inflight_packed_kept(struct dpu_virtq *vq, uint16_t id, uint16_t entry)
{
	vq->inflight->first[id] = entry;
}

void inflight_packed_desc(const struct dpu_virtq *vq, uint16_t entry, struct pvirtq_desc *desc,
			  uint16_t *next)
{
	const struct packed_entry *from = &packed_of(vq)->desc[entry];

	desc->addr = from->addr;
	desc->word = desc_word(from->len, from->id, from->flags);
	*next = vq->inflight->next[entry];
}

uint32_t inflight_packed_count(const struct dpu_virtq *vq, uint16_t entry)
{
	uint32_t count = 1;
	uint16_t at;

	for (at = entry; at != vq->inflight->last[entry]; at = vq->inflight->next[at])
		count++;
	return count;
}
