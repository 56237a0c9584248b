/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device side of a packed virtqueue: VIRTIO 1.2, 2.8.13 ff. */
#include <errno.h>
#include "virtq/gather.h"
#include "virtq/inflight.h"
#include "virtq/log.h"
#include "virtq/packed.h"

/* What take_chain() learns beside the elements. */
struct taken {
	uint32_t writable;
	uint16_t id;
	uint16_t count; /* descriptors in the ring */
};

static int gather_one(struct dpu_virtq *vq, struct gather *gather, uint64_t addr, uint64_t word)
{
	uint16_t flags = (uint16_t)(word >> 48);

	if (flags & VIRTQ_DESC_F_INDIRECT)
		return gather->buffers
			       ? virtq_stop(vq, "an indirect descriptor that is not its chain's only one")
			       : gather_table(vq, gather, addr, (uint32_t)word, flags);
	return gather_buffer(vq, gather, addr, (uint32_t)word, flags);
}

static RING_COLD int gather_chain(struct dpu_virtq *vq, struct dpu_virtq_chain *chain, uint16_t place,
				  struct taken *taken)
{
	struct gather gather;
	uint64_t addr, word;
	uint16_t flags = 0;
	int rc;

	gather_begin(&gather, chain);
	taken->count = 0;
	do {
		if (taken->count++ == vq->size)
			return virtq_stop(vq, "a descriptor chain loops or is longer than the queue");
		addr = ring_load64(&vq->ring[place].addr);
		word = ring_load64(&vq->ring[place].word);
		rc = gather_one(vq, &gather, addr, word);
		if (rc < 0)
			return rc;
		packed_advance(vq->size, &place, &flags, 1);
	} while (word >> 48 & VIRTQ_DESC_F_NEXT);
	/* The last descriptor has the buffer's ID (2.8.6). */
	taken->id = (uint16_t)(word >> 32);
	taken->writable = gather_end(&gather, taken->id);
	return 0;
}

/* Whether a chain can be entered into the books. */
static inline bool free_to_enter(const struct dpu_virtq *vq, uint32_t id, uint32_t count)
{
	return id < vq->size && !device_out(vq->device[id].chain) && count <= vq->size - vq->out_descs;
}

static RING_COLD int refuse(struct dpu_virtq *vq, const struct taken *taken)
{
	if (taken->id >= vq->size)
		return virtq_stop(vq, "a descriptor has a buffer ID beyond the queue's size");
	return virtq_stop(vq, device_out(vq->device[taken->id].chain)
				      ? "a chain is made available that is out already"
				      : "more descriptors are available than the queue has");
}

/* Enters a chain into the books, the n-th of a burst. */
static inline void enter(struct dpu_virtq *vq, uint32_t id, uint32_t writable, uint32_t count, uint32_t n)
{
	vq->device[id].taken = vq->taken + n;
	vq->device[id].chain = device_chain(writable, count, vq->epoch);
}

/* Takes chains as long as they are of the common case; returns how many. Calls nothing, so that all of it
 * stays in registers. */
static inline uint32_t take_singles(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count)
{
	struct memory_region region = vq->regions[vq->data_hint];
	uint16_t place = vq->last, flags = vq->last_flags;
	uint32_t i, id, size = vq->size;
	const struct pvirtq_desc *desc;
	uint64_t addr, word;

	if (count > size - vq->out_descs)
		count = size - vq->out_descs;
	for (i = 0; i < count; i++) {
		desc = &vq->ring[place];
		if (!packed_ready(desc, flags, &word))
			break;
		addr = ring_load64(&desc->addr);
		id = (uint16_t)(word >> 32);
		if (ring_unlikely(id >= size || device_out(vq->device[id].chain) ||
				  !gather_single(&region, &chains[i], addr, (uint32_t)word,
						 (uint16_t)(word >> 48), (uint16_t)id)))
			break;
		enter(vq, id, word >> 48 & VIRTQ_DESC_F_WRITE ? (uint32_t)word : 0, 1, i);
		packed_advance(size, &place, &flags, 1);
	}
	vq->last = place;
	vq->last_flags = flags;
	vq->out_descs += i;
	virtq_took(vq, i);
	return i;
}

/* A chain of any kind, if there is one: 1 or 0. The descriptors are read anew, and looked at whole. */
static RING_COLD int take_other(struct dpu_virtq *vq, struct dpu_virtq_chain *chain)
{
	struct taken taken;
	uint64_t word;
	int rc;

	if (!packed_ready(&vq->ring[vq->last], vq->last_flags, &word))
		return 0;
	rc = gather_chain(vq, chain, vq->last, &taken);
	if (rc < 0)
		return rc;
	if (!free_to_enter(vq, taken.id, taken.count))
		return refuse(vq, &taken);
	enter(vq, taken.id, taken.writable, taken.count, 0);
	packed_advance(vq->size, &vq->last, &vq->last_flags, taken.count);
	vq->out_descs += taken.count;
	virtq_took(vq, 1);
	return 1;
}

/* A chain that a former device side had taken, from the in-flight region. */
static RING_COLD int take_chain_again(struct dpu_virtq *vq, struct dpu_virtq_chain *chain, uint32_t first)
{
	uint16_t entry = (uint16_t)first, at = entry, i;
	struct taken taken = { .count = (uint16_t)inflight_packed_count(vq, entry) };
	struct pvirtq_desc desc = { 0 };
	struct gather gather;
	int rc;

	gather_begin(&gather, chain);
	for (i = 0; i < taken.count; i++) {
		inflight_packed_desc(vq, at, &desc, &at);
		rc = gather_one(vq, &gather, desc.addr, desc.word);
		if (rc < 0)
			return rc;
	}
	taken.id = (uint16_t)(desc.word >> 32);
	taken.writable = gather_end(&gather, taken.id);
	if (!free_to_enter(vq, taken.id, taken.count))
		return refuse(vq, &taken);
	enter(vq, taken.id, taken.writable, taken.count, 0);
	vq->out_descs += taken.count;
	virtq_took(vq, 1);
	inflight_packed_kept(vq, taken.id, entry);
	return 0;
}

/* Notes a burst in the in-flight region: chains whose descriptors are in the ring from a place on. */
static RING_COLD void note_taken(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count,
				 uint16_t place)
{
	uint16_t flags = 0, n;
	uint32_t i;

	for (i = 0; i < count; i++) {
		n = device_count(vq->device[chains[i].head].chain);
		inflight_packed_took(vq, chains[i].head, place, n);
		packed_advance(vq->size, &place, &flags, n);
	}
}

static int packed_pop(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count)
{
	uint16_t place = vq->last;
	uint64_t word;
	uint32_t n;
	int rc = 0;
	bool ready;

	ready = packed_ready(&vq->ring[place], vq->last_flags, &word);
	/* After the look at what is available: memory that was added before a chain was is there then. */
	virtq_refresh(vq);
	virtq_forget_miss(vq);
	if (ring_unlikely(vq->again))
		return inflight_take_again(vq, chains, count, take_chain_again);
	/* What a side that polls sees most. */
	if (!ready)
		return 0;
	for (n = 0;; n++) {
		n += take_singles(vq, &chains[n], count - n);
		if (ring_likely(n == count))
			break;
		rc = take_other(vq, &chains[n]);
		if (rc <= 0)
			break;
	}
	if (!n)
		return rc < 0 && rc != -EAGAIN ? rc : 0;
	if (ring_unlikely(vq->inflight != NULL))
		note_taken(vq, chains, n, place);
	packed_event(vq);
	return (int)n;
}

/* Writes the used descriptors of a burst and goes on behind them; all but the first one's word, which is
 * returned: the driver stops there until that is written. In order, one descriptor tells of a run of chains,
 * by its last. Those before it pass for full, so only chains in which the device has nothing to write can be
 * before it (2.8.8). */
static uint64_t write_used(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	uint16_t to = vq->next, to_flags = vq->next_flags, place = to, flags = to_flags, n;
	uint32_t i, size = vq->size, descs = 0;
	const struct device_slot *slots = vq->device;
	struct pvirtq_desc *ring = vq->ring;
	bool in_order = vq->in_order, at_first = true;
	uint64_t first = 0, word;

	for (i = 0; i < count; i++) {
		if (i && !(in_order && !device_writable(slots[chains[i - 1].head].chain))) {
			to = place;
			to_flags = flags;
			at_first = false;
		}
		word = desc_word(chains[i].written, chains[i].head,
				 (uint16_t)(to_flags | (chains[i].written ? VIRTQ_DESC_F_WRITE : 0)));
		if (at_first)
			first = word;
		else
			ring_store64(&ring[to].word, word);
		n = device_count(slots[chains[i].head].chain);
		descs += n;
		packed_advance(size, &place, &flags, n);
	}
	vq->next = place;
	vq->next_flags = flags;
	vq->out_descs -= descs;
	return first;
}

/* The descriptors from a place up to the ring's own; after the writing, as all that is logged. */
static int log_descs(struct dpu_virtq *vq, uint16_t place)
{
	uint16_t flags = 0;
	int rc = 0;

	do {
		rc = log_ring(vq, &vq->ring[place], sizeof(vq->ring[place]));
		packed_advance(vq->size, &place, &flags, 1);
	} while (rc == 0 && place != vq->next);
	return rc;
}

static int packed_push(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	uint32_t out_descs = vq->out_descs;
	uint16_t place = vq->next;
	uint64_t first;
	bool log;
	int rc;

	if (!count)
		return 0;
	virtq_refresh(vq);
	packed_prefetch(vq, count);
	log = vq->log->log;
	rc = log_and_mark(vq, chains, count, log);
	if (ring_unlikely(rc < 0))
		return rc;
	first = write_used(vq, chains, count);
	if (ring_unlikely(vq->inflight != NULL))
		inflight_packed_returning(vq, chains, count);
	virtq_published(vq, out_descs - vq->out_descs);
	/* P1. Release: what was written before is visible before the flags that say so (2.8.21.1). */
	ring_store64_release(&vq->ring[place].word, first);
	if (ring_unlikely(vq->inflight != NULL))
		inflight_packed_returned(vq, chains, count);
	virtq_returned(vq, chains, count);
	return ring_unlikely(log) ? log_descs(vq, place) : 0;
}

/* Whether there is one; how many only they themselves tell, so a count reads them ahead. */
static int packed_device_waiting(struct dpu_virtq *vq, bool any)
{
	uint16_t place = vq->last, flags = vq->last_flags;
	uint32_t descs = 0, waiting = 0;
	uint64_t word;

	while (descs < vq->size - vq->out_descs && !(any && waiting)) {
		word = ring_load64_acquire(&vq->ring[place].word);
		if ((word >> 48 & PACKED_FLAGS) != flags)
			break;
		do {
			word = ring_load64(&vq->ring[place].word);
			packed_advance(vq->size, &place, &flags, 1);
			descs++;
		} while (word >> 48 & VIRTQ_DESC_F_NEXT && descs < vq->size);
		waiting++;
	}
	return (int)waiting;
}

static void packed_device_start(struct dpu_virtq *vq, const struct dpu_virtq_state *state)
{
	vq->out_descs = 0;
	vq->last = state->avail;
	vq->last_flags = packed_available(state->avail_wrap);
	vq->next = state->used;
	vq->next_flags = packed_used(state->used_wrap);
}

const struct virtq_ops virtq_packed_device = {
	.add = virtq_wrong_side_const,
	.get = virtq_wrong_side,
	.pop = packed_pop,
	.push = packed_push,
	.wish = packed_wish,
	.wanted = packed_wanted,
	.waiting = packed_device_waiting,
	.start = packed_device_start,
};
