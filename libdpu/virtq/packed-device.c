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

/* Takes chains as long as they are of the common case, up to the ring's end; returns how many. */
static inline uint32_t take_singles(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count)
{
	struct gather_burst burst = gather_burst_begin(vq, 1, vq->last_flags, PACKED_FLAGS);
	const struct pvirtq_desc *desc = &vq->ring[vq->last];
	uint64_t addr, word;
	uint32_t i;

	if (count > vq->size - vq->last)
		count = vq->size - vq->last;
	if (count > vq->size - vq->out_descs)
		count = vq->size - vq->out_descs;
	for (i = 0; i < count; i++) {
		/* W3. Acquire: what it describes is read afterwards, its address too. */
		word = ring_load64_acquire(&desc[i].word);
		addr = ring_load64(&desc[i].addr);
		if (ring_unlikely(!gather_single(&burst, &chains[i], i, addr, (uint32_t)word, word >> 48,
						 word >> 32 & UINT16_MAX)))
			break;
	}
	packed_advance(vq->size, &vq->last, &vq->last_flags, i);
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
	/* In order, few of those are written that the device only reads. */
	if (!vq->in_order || chains->write_count)
		packed_prefetch(vq, place, n);
	if (ring_unlikely(vq->inflight != NULL))
		note_taken(vq, chains, n, place);
	packed_event(vq);
	return (int)n;
}

static inline uint64_t used_word(const struct dpu_virtq_chain *chain, uint16_t flags)
{
	return desc_word(chain->written, chain->head,
			 (uint16_t)(flags | (chain->written ? VIRTQ_DESC_F_WRITE : 0)));
}

/* A burst that is being returned. The driver stops at its first descriptor until that is written, at the end.
 */
struct used {
	bool begun;
	uint64_t first; /* word */
};

static inline void put_used(struct used *used, struct pvirtq_desc *desc, uint64_t word)
{
	if (used->begun)
		ring_store64(&desc->word, word);
	else
		used->first = word;
	used->begun = true;
}

static inline void go_on(struct dpu_virtq *vq, uint32_t descs)
{
	packed_advance(vq->size, &vq->next, &vq->next_flags, descs);
	vq->out_descs -= descs;
}

/* Writes used descriptors as long as chains have one, up to the ring's end; returns how many. So their places
 * do not wait for what is read of the chains before. */
static inline uint32_t write_singles(struct dpu_virtq *vq, struct used *used,
				     const struct dpu_virtq_chain *chains, uint32_t count)
{
	const struct device_slot *slots = vq->device;
	struct pvirtq_desc *ring = &vq->ring[vq->next];
	uint16_t flags = vq->next_flags;
	uint32_t i;

	if (count > vq->size - vq->next)
		count = vq->size - vq->next;
	for (i = 0; i < count && device_count(slots[chains[i].head].chain) == 1; i++)
		put_used(used, &ring[i], used_word(&chains[i], flags));
	go_on(vq, i);
	return i;
}

/* The same in order, where one descriptor tells of a run of chains, by its last. Those before it pass for
 * full, so only chains in which the device has nothing to write can be before it (2.8.8). */
static inline uint32_t write_singles_in_order(struct dpu_virtq *vq, struct used *used,
					      const struct dpu_virtq_chain *chains, uint32_t count)
{
	const struct device_slot *slots = vq->device;
	struct pvirtq_desc *ring = &vq->ring[vq->next];
	uint16_t flags = vq->next_flags;
	uint32_t i, told = 0;
	uint64_t chain;

	if (count > vq->size - vq->next)
		count = vq->size - vq->next;
	for (i = 0; i < count; i++) {
		chain = slots[chains[i].head].chain;
		if (device_count(chain) != 1)
			break;
		if (!device_writable(chain))
			continue;
		put_used(used, &ring[told], used_word(&chains[i], flags));
		told = i + 1;
	}
	if (told < i)
		put_used(used, &ring[told], used_word(&chains[i - 1], flags));
	go_on(vq, i);
	return i;
}

/* Writes the used descriptors of a burst and goes on behind them; all but the first one's word, which is
 * returned. */
static uint64_t write_used(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	struct used used = { 0 };
	uint32_t n;

	for (n = 0;; n++) {
		n += vq->in_order ? write_singles_in_order(vq, &used, &chains[n], count - n)
				  : write_singles(vq, &used, &chains[n], count - n);
		if (ring_likely(n == count))
			return used.first;
		put_used(&used, &vq->ring[vq->next], used_word(&chains[n], vq->next_flags));
		go_on(vq, device_count(vq->device[chains[n].head].chain));
	}
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
