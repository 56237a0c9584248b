/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver side of a packed virtqueue: VIRTIO 1.2, 2.8.21 (supplying buffers) and 2.8.22 (getting them
 * back).
 *
 * A buffer's ID is the number of its slot. The numbers of free slots are stacked in the slots' next; or, in
 * order, slots are those of the place of the buffer's first descriptor: what is out is then known without. */
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

	slot->cookie = cookie;
	slot->chain = driver_chain(writable, count, 0);
	vq->free_slots--;
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
static inline void burst_add(struct burst *burst, struct pvirtq_desc *desc, uint64_t addr, uint64_t word,
			     uint32_t descs)
{
	if (burst->descs) {
		ring_store64(&desc->addr, addr);
		ring_store64(&desc->word, word);
	} else {
		burst->first = (struct pvirtq_desc){ addr, word };
	}
	burst->descs += descs;
}

/* Adds chains as long as they are of the common case, up to the ring's end; returns how many. */
static inline uint32_t add_singles(struct dpu_virtq *vq, struct burst *burst,
				   const struct dpu_virtq_chain *chains, uint32_t count)
{
	struct scatter_burst scatter = scatter_burst_begin(vq);
	uint32_t i, id, place = burst->writer.place, flags = burst->writer.flags;
	const struct driver_slot *free = &vq->driver[vq->free_slots];
	struct pvirtq_desc *ring = &vq->ring[place];
	struct driver_slot *slots = vq->driver, *slot;
	bool in_order = vq->in_order;
	struct piece piece;

	if (count > vq->free_count)
		count = vq->free_count;
	if (count > vq->size - place)
		count = vq->size - place;
	for (i = 0; i < count && scatter_single(&scatter, &chains[i], &piece); i++) {
		id = in_order ? place + i : (--free)->next;
		burst_add(burst, &ring[i], piece.addr,
			  desc_word(piece.len, (uint16_t)id, (uint16_t)(piece.flags | flags)), 1);
		slot = &slots[id];
		slot->cookie = chains[i].cookie;
		slot->chain = driver_chain(piece.flags ? piece.len : 0, 1, 0);
	}
	packed_advance(vq->size, &burst->writer.place, &burst->writer.flags, i);
	vq->free_slots -= i;
	vq->free_count -= i;
	vq->out += i;
	return i;
}

/* A chain of any kind. */
static RING_COLD int add_other(struct dpu_virtq *vq, struct burst *burst, const struct dpu_virtq_chain *chain)
{
	struct writer *writer = &burst->writer;
	uint16_t place = writer->place, id = place;
	struct piece piece;
	uint32_t writable;
	int rc;

	writer->count = 0;
	/* Without a free descriptor nothing is added, and there may be no free slot. */
	if (!vq->in_order && vq->free_count)
		id = vq->driver[vq->free_slots - 1].next;
	rc = vq->tables && vq->free_count ? scatter_table(vq, id, chain, &piece, &writable) : 0;
	if (rc > 0) {
		write_desc(vq, writer, &piece, id);
		take(vq, id, 1, writable, chain->cookie);
	} else if (rc == 0) {
		rc = add_direct(vq, writer, chain, id);
	}
	if (rc >= 0)
		burst_add(burst, &vq->ring[place], writer->first.addr, writer->first.word, writer->count);
	return rc;
}

static int packed_add(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	struct burst burst = { .writer = { .place = vq->next, .flags = vq->next_flags } };
	uint16_t first = vq->next;
	uint32_t n;
	int rc = 0;

	virtq_refresh(vq);
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

/* A used descriptor's ID and length. Devices differ in whether they set the WRITE flag, without which the
 * length means nothing (2.8.5); the chain tells whether there was anything to write. */
static int check_used(struct dpu_virtq *vq, uint64_t word, uint16_t *id, uint32_t *written)
{
	const struct driver_slot *slot;

	*id = (uint16_t)(word >> 32);
	slot = &vq->driver[*id];
	if (*id >= vq->size || !slot->chain)
		return virtq_stop(vq, "a used descriptor names no chain that is available");
	*written = driver_writable(slot->chain) ? (uint32_t)word : 0;
	if (*written > driver_writable(slot->chain))
		return virtq_stop(vq, "a used descriptor is longer than what its chain has room for");
	return 0;
}

/* In order, one descriptor may tell of a batch: its ID names the last chain, and the others are full (2.8.8).
 * Gives what is got next, at a place. */
static int in_batch(struct dpu_virtq *vq, uint16_t place, uint64_t word, uint16_t *id, uint32_t *written)
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

/* Gives the slots of chains back that were got. */
static inline void got(struct dpu_virtq *vq, uint32_t chains, uint32_t descs)
{
	packed_advance(vq->size, &vq->last, &vq->last_flags, descs);
	vq->free_slots += chains;
	vq->free_count += descs;
	vq->out -= chains;
}

/* A chain of any kind, if there is one: 1 or 0. */
static RING_COLD int get_other(struct dpu_virtq *vq, struct dpu_virtq_chain *chain)
{
	struct driver_slot *slot;
	uint64_t word = 0;
	uint16_t id;
	int rc;

	if (!vq->batch && !packed_ready(&vq->ring[vq->last], vq->last_flags, &word))
		return 0;
	rc = vq->in_order ? in_batch(vq, vq->last, word, &id, &chain->written)
			  : check_used(vq, word, &id, &chain->written);
	if (rc < 0)
		return rc;
	slot = &vq->driver[id];
	chain->cookie = slot->cookie;
	vq->driver[vq->free_slots].next = id;
	got(vq, 1, driver_count(slot->chain));
	slot->chain = 0;
	return 1;
}

/* Gets chains of one descriptor each, up to the ring's end; returns how many. So the place of the next one
 * does not wait for what is read of this one. */
static inline uint32_t get_singles(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count)
{
	struct driver_slot *slots = vq->driver, *free = &slots[vq->free_slots];
	uint64_t word, chain, id, written, flags = vq->last_flags, size = vq->size;
	const struct pvirtq_desc *ring = &vq->ring[vq->last];
	uint32_t i;

	if (count > size - vq->last)
		count = (uint32_t)size - vq->last;
	for (i = 0; i < count; i++) {
		word = ring_load64_acquire(&ring[i].word);
		id = word >> 32 & UINT16_MAX;
		if (ring_unlikely((word >> 48 & PACKED_FLAGS) != flags || id >= size))
			break;
		chain = slots[id].chain;
		written = driver_writable(chain) ? (uint32_t)word : 0;
		if (ring_unlikely(driver_count(chain) != 1 || written > driver_writable(chain)))
			break;
		chains[i].cookie = slots[id].cookie;
		chains[i].written = (uint32_t)written;
		slots[id].chain = 0;
		free[i].next = (uint16_t)id;
	}
	got(vq, i, i);
	return i;
}

/* The same in order. */
static inline uint32_t get_singles_in_order(struct dpu_virtq *vq, struct dpu_virtq_chain *chains,
					    uint32_t count)
{
	uint64_t word, chain, id, len = vq->batch_len, flags = vq->last_flags, size = vq->size,
				  end = vq->batch_id;
	const struct pvirtq_desc *ring = vq->ring;
	struct driver_slot *slots = vq->driver;
	uint32_t i, place = vq->last;
	bool batch = vq->batch;

	if (count > size - place)
		count = (uint32_t)size - place;
	for (i = 0; i < count; i++, place++) {
		if (!batch) {
			word = ring_load64_acquire(&ring[place].word);
			id = word >> 32 & UINT16_MAX;
			if (ring_unlikely((word >> 48 & PACKED_FLAGS) != flags || id >= size))
				break;
			chain = slots[id].chain;
			len = driver_writable(chain) ? (uint32_t)word : 0;
			if (ring_unlikely(!chain || len > driver_writable(chain)))
				break;
			end = id;
		}
		chain = slots[place].chain;
		if (ring_unlikely(driver_count(chain) != 1))
			break;
		batch = place != end;
		chains[i].cookie = slots[place].cookie;
		chains[i].written = batch ? driver_writable(chain) : (uint32_t)len;
		slots[place].chain = 0;
	}
	vq->batch = batch;
	vq->batch_id = (uint16_t)end;
	vq->batch_len = (uint32_t)len;
	got(vq, i, i);
	return i;
}

static int packed_get(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count)
{
	uint16_t place = vq->last;
	uint64_t word;
	uint32_t n;
	int rc = 0;

	virtq_refresh(vq);
	/* What a side that polls sees most. */
	if (!packed_ready(&vq->ring[place], vq->last_flags, &word) && !vq->batch)
		return 0;
	if (count > vq->out)
		count = vq->out;
	for (n = 0;; n++) {
		n += vq->in_order ? get_singles_in_order(vq, &chains[n], count - n)
				  : get_singles(vq, &chains[n], count - n);
		if (ring_likely(n == count))
			break;
		rc = get_other(vq, &chains[n]);
		if (rc <= 0)
			break;
	}
	if (!n)
		return rc;
	packed_prefetch(vq, place, n);
	packed_event(vq);
	return (int)n;
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
		vq->driver[i] = (struct driver_slot){ .next = (uint16_t)(vq->size - 1 - i) };
	vq->free_slots = vq->size;
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
