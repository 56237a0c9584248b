/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver side of a packed virtqueue: VIRTIO 1.2, 2.8.21 (supplying buffers) and 2.8.22 (getting them
 * back).
 *
 * A buffer's ID is the number of its slot. Slots are taken from a list, or, in order, are those of the place
 * of the buffer's first descriptor: what is out is then known without a list. */
#include <errno.h>
#include "virtq/packed.h"
#include "virtq/scatter.h"

/* Where a burst is being written: the ring's own place moves on only when a chain is complete. */
struct writer {
	uint16_t place;
	uint16_t flags;
	uint32_t count;
	struct pvirtq_desc first; /* of the chain */
};

static void write_desc(struct dpu_virtq *vq, struct writer *writer, const struct piece *piece, uint16_t id)
{
	struct pvirtq_desc *desc = &vq->ring[writer->place];
	uint64_t word = desc_word(piece->len, id, piece->flags | writer->flags);

	if (writer->count++) {
		ring_store64(&desc->addr, piece->addr);
		ring_store64(&desc->word, word);
	} else {
		writer->first = (struct pvirtq_desc){ piece->addr, word };
	}
	packed_advance(vq->size, &writer->place, &writer->flags, 1);
}

static void take(struct dpu_virtq *vq, uint16_t id, uint32_t count, uint32_t writable, void *cookie)
{
	struct driver_slot *slot = &vq->driver[id];

	vq->free_head = slot->next;
	slot->cookie = cookie;
	slot->chain = driver_chain(writable, count, 0);
	vq->free_count -= count;
	vq->out++;
}

/* The chain is gone through before any of it is written: what is written behind the first descriptor is
 * available as soon as that is, even if another chain comes to be there. */
static RING_COLD int add_direct(struct dpu_virtq *vq, struct writer *writer,
				const struct dpu_virtq_chain *chain, uint16_t id)
{
	struct scatter scatter;
	uint32_t count = 0;
	struct piece piece;
	int rc;

	rc = scatter_begin(vq, &scatter, chain);
	while (rc == 0 && (rc = scatter_next(vq, &scatter, &piece)) > 0)
		rc = count++ < vq->size ? 0 : -EINVAL;
	if (rc < 0)
		return rc;
	if (count > vq->free_count)
		return count > vq->size ? -EINVAL : -EAGAIN;
	scatter_begin(vq, &scatter, chain);
	while (scatter_next(vq, &scatter, &piece) > 0)
		write_desc(vq, writer, &piece, id);
	take(vq, id, writer->count, (uint32_t)scatter.writable, chain->cookie);
	return 0;
}

/* A burst that is being written. The device stops at its first descriptor until that is written, at the end.
 */
struct burst {
	struct writer writer;
	uint32_t descs;
	struct pvirtq_desc first;
};

/* The first descriptor of a chain, which is written at last, after the others; the burst's after all. */
static inline void burst_add(struct dpu_virtq *vq, struct burst *burst, uint16_t place, uint64_t addr,
			     uint64_t word, uint32_t descs)
{
	if (burst->descs) {
		ring_store64(&vq->ring[place].addr, addr);
		ring_store64(&vq->ring[place].word, word);
	} else {
		burst->first = (struct pvirtq_desc){ addr, word };
	}
	burst->descs += descs;
}

/* Adds chains as long as they are of the common case; returns how many. */
static inline uint32_t add_singles(struct dpu_virtq *vq, struct burst *burst,
				   const struct dpu_virtq_chain *chains, uint32_t count)
{
	struct memory_region region = vq->regions[vq->data_hint];
	uint16_t place = burst->writer.place, flags = burst->writer.flags, id = vq->free_head;
	struct driver_slot *slot;
	struct piece piece;
	uint32_t i;

	if (count > vq->free_count)
		count = vq->free_count;
	for (i = 0; i < count && scatter_single(&region, &chains[i], &piece); i++) {
		if (vq->in_order)
			id = place;
		burst_add(vq, burst, place, piece.addr, desc_word(piece.len, id, piece.flags | flags), 1);
		slot = &vq->driver[id];
		slot->cookie = chains[i].cookie;
		slot->chain = driver_chain(piece.flags ? piece.len : 0, 1, 0);
		id = slot->next;
		packed_advance(vq->size, &place, &flags, 1);
	}
	burst->writer.place = place;
	burst->writer.flags = flags;
	vq->free_head = id;
	vq->free_count -= i;
	vq->out += i;
	return i;
}

/* A chain of any kind. */
static RING_COLD int add_other(struct dpu_virtq *vq, struct burst *burst, const struct dpu_virtq_chain *chain)
{
	struct writer *writer = &burst->writer;
	uint16_t place = writer->place, id = vq->in_order ? place : vq->free_head;
	struct piece piece;
	uint32_t writable;
	int rc;

	writer->count = 0;
	rc = vq->tables && vq->free_count ? scatter_table(vq, id, chain, &piece, &writable) : 0;
	if (rc > 0) {
		write_desc(vq, writer, &piece, id);
		take(vq, id, 1, writable, chain->cookie);
	} else if (rc == 0) {
		rc = add_direct(vq, writer, chain, id);
	}
	if (rc >= 0)
		burst_add(vq, burst, place, writer->first.addr, writer->first.word, writer->count);
	return rc;
}

static int packed_add(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	struct burst burst = { .writer = { .place = vq->next, .flags = vq->next_flags } };
	uint16_t first = vq->next;
	uint32_t n;
	int rc = 0;

	virtq_refresh(vq);
	packed_prefetch(vq, count);
	for (n = 0;; n++) {
		n += add_singles(vq, &burst, &chains[n], count - n);
		if (ring_likely(n == count))
			break;
		rc = add_other(vq, &burst, &chains[n]);
		if (rc < 0)
			break;
	}
	if (!n)
		return rc == -EAGAIN ? 0 : rc;
	vq->next = burst.writer.place;
	vq->next_flags = burst.writer.flags;
	virtq_published(vq, burst.descs);
	/* P1. Release: what was written before is visible before the flags that make it available (2.8.21.1).
	 */
	ring_store64(&vq->ring[first].addr, burst.first.addr);
	ring_store64_release(&vq->ring[first].word, burst.first.word);
	return (int)n;
}

/* Gives a slot back; returns the chain's descriptors. */
static inline uint32_t give_back(struct dpu_virtq *vq, uint16_t id, struct dpu_virtq_chain *chain,
				 uint32_t written)
{
	struct driver_slot *slot = &vq->driver[id];
	uint32_t count = driver_count(slot->chain);

	chain->cookie = slot->cookie;
	chain->written = written;
	slot->chain = 0;
	slot->next = vq->free_head;
	vq->free_head = id;
	return count;
}

/* A used descriptor's ID and length. Devices differ in whether they set the WRITE flag, without which the
 * length means nothing (2.8.5); the chain tells whether there was anything to write. */
static inline int check_used(struct dpu_virtq *vq, uint64_t word, uint16_t *id, uint32_t *written)
{
	const struct driver_slot *slot;

	*id = (uint16_t)(word >> 32);
	slot = &vq->driver[*id];
	if (ring_unlikely(*id >= vq->size || !slot->chain))
		return virtq_stop(vq, "a used descriptor names no chain that is available");
	*written = driver_writable(slot->chain) ? (uint32_t)word : 0;
	if (ring_unlikely(*written > driver_writable(slot->chain)))
		return virtq_stop(vq, "a used descriptor is longer than what its chain has room for");
	return 0;
}

/* In order, one descriptor may tell of a batch: its ID names the last chain, and the others are full (2.8.8).
 * Gives what is got next, at a place. */
static inline int in_batch(struct dpu_virtq *vq, uint16_t place, uint64_t word, uint16_t *id,
			   uint32_t *written)
{
	int rc;

	if (!vq->batch) {
		rc = check_used(vq, word, &vq->batch_id, &vq->batch_len);
		if (rc < 0)
			return rc;
	}
	/* The ID is that of a chain that is out, and the chains that are out follow each other: it will come.
	 */
	*id = place;
	vq->batch = place != vq->batch_id;
	*written = vq->batch ? driver_writable(vq->driver[place].chain) : vq->batch_len;
	return 0;
}

static int packed_get(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count)
{
	uint16_t place = vq->last, flags = vq->last_flags, id = 0;
	uint32_t i, n, written = 0, descs = 0;
	uint64_t word = 0;
	int rc = 0;

	virtq_refresh(vq);
	/* What a side that polls sees most. */
	if (!packed_ready(&vq->ring[place], flags, &word) && !vq->batch)
		return 0;
	if (count > vq->out)
		count = vq->out;
	for (i = 0; i < count; i++) {
		if (!vq->batch && !packed_ready(&vq->ring[place], flags, &word))
			break;
		rc = vq->in_order ? in_batch(vq, place, word, &id, &written)
				  : check_used(vq, word, &id, &written);
		if (ring_unlikely(rc < 0))
			break;
		n = give_back(vq, id, &chains[i], written);
		descs += n;
		packed_advance(vq->size, &place, &flags, n);
	}
	if (!i)
		return rc;
	vq->last = place;
	vq->last_flags = flags;
	vq->free_count += descs;
	vq->out -= i;
	packed_event(vq);
	return (int)i;
}

/* Chains from a place to the one that the used descriptor there names, and behind it; 0: it names none. */
static uint32_t skip_used(const struct dpu_virtq *vq, uint16_t *place, uint16_t *flags, uint16_t id)
{
	uint32_t chains = 0;
	uint16_t at;

	/* In a full ring that has not such a chain, the search for it would not end. */
	if (id >= vq->size || !vq->driver[id].chain)
		return 0;
	do {
		at = vq->in_order ? *place : id;
		if (!vq->driver[at].chain)
			return 0;
		packed_advance(vq->size, place, flags, driver_count(vq->driver[at].chain));
		chains++;
	} while (at != id);
	return chains;
}

/* Goes behind what the device has used; any: behind the first of it. How many chains that are, which only
 * they themselves tell, so they are read ahead. */
static int go_behind(struct dpu_virtq *vq, bool any, uint16_t *place, uint16_t *flags)
{
	uint32_t waiting = 0, chains;
	uint64_t word;

	if (vq->batch)
		waiting = skip_used(vq, place, flags, vq->batch_id);
	while (waiting < vq->out && !(any && waiting)) {
		word = ring_load64_acquire(&vq->ring[*place].word);
		if ((word >> 48 & PACKED_FLAGS) != *flags)
			break;
		chains = skip_used(vq, place, flags, (uint16_t)(word >> 32));
		if (!chains)
			return virtq_stop(vq, "a used descriptor names no chain that is available");
		waiting += chains;
	}
	return (int)(waiting < vq->out ? waiting : vq->out);
}

static int packed_driver_waiting(struct dpu_virtq *vq, bool any)
{
	uint16_t place = vq->last, flags = vq->last_flags;

	return go_behind(vq, any, &place, &flags);
}

int packed_driver_used(struct dpu_virtq *vq, uint16_t *place, bool *wrap)
{
	uint16_t flags = vq->last_flags;
	int rc;

	*place = vq->last;
	rc = go_behind(vq, false, place, &flags);
	*wrap = packed_wrap(flags);
	return rc < 0 ? rc : 0;
}

static void packed_driver_start(struct dpu_virtq *vq, const struct dpu_virtq_state *state)
{
	uint32_t i;

	for (i = 0; i < vq->size; i++)
		vq->driver[i] = (struct driver_slot){ .next = (uint16_t)(i + 1) };
	vq->free_head = 0;
	vq->free_count = vq->size;
	vq->next = state->avail;
	vq->next_flags = packed_available(state->avail_wrap);
	vq->last = state->used;
	vq->last_flags = packed_used(state->used_wrap);
}

const struct virtq_ops virtq_packed_driver = {
	.add = packed_add,
	.get = packed_get,
	.pop = virtq_wrong_side,
	.push = virtq_wrong_side_const,
	.wish = packed_wish,
	.wanted = packed_wanted,
	.waiting = packed_driver_waiting,
	.start = packed_driver_start,
};
