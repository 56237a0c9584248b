/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver side of a split virtqueue: VIRTIO 1.2, 2.7.13 (supplying buffers) and 2.7.14 (getting them
 * back).
 *
 * The device can write to the descriptor table although it must not. So chains and the list of free
 * descriptors are kept in slots of the driver's own, and nothing that the table says is believed. */
#include <errno.h>
#include "virtq/scatter.h"
#include "virtq/split.h"

/* A descriptor that says the same already is not written again: its cache line stays with the device.
 * Whatever else a device that writes there makes of the table, it reads itself. */
static inline void write_desc(struct dpu_virtq *vq, uint16_t at, const struct piece *piece, uint16_t next)
{
	uint64_t word = desc_word(piece->len, piece->flags, next);
	struct virtq_desc *desc = &vq->desc[at];

	if (ring_load64(&desc->addr) == piece->addr && ring_load64(&desc->word) == word)
		return;
	ring_store64(&desc->addr, piece->addr);
	ring_store64(&desc->word, word);
}

/* Makes the free descriptors from head to last a chain. */
static void take(struct dpu_virtq *vq, uint16_t last, uint32_t count, uint32_t writable, void *cookie)
{
	struct driver_slot *slot = &vq->driver[vq->free_head];

	slot->cookie = cookie;
	slot->chain = driver_chain(writable, count, last);
	vq->free_head = vq->driver[last].next;
	vq->free_count -= count;
	vq->out++;
}

/* Writes a chain into free descriptors. Until they are taken they stay free, whatever is written in them. */
static RING_COLD int add_direct(struct dpu_virtq *vq, const struct dpu_virtq_chain *chain)
{
	uint16_t at = vq->free_head, last = at, next;
	struct scatter scatter;
	struct piece piece;
	uint32_t count = 0;
	int rc;

	rc = scatter_begin(vq, &scatter, chain);
	if (rc < 0)
		return rc;
	for (; (rc = scatter_next(vq, &scatter, &piece)) > 0; count++) {
		if (count >= vq->free_count)
			continue;
		next = vq->driver[at].next;
		write_desc(vq, at, &piece, piece.flags & VIRTQ_DESC_F_NEXT ? next : 0);
		last = at;
		at = next;
	}
	if (rc < 0)
		return rc;
	if (count > vq->free_count)
		return count > vq->size ? -EINVAL : -EAGAIN;
	take(vq, last, count, (uint32_t)scatter.writable, chain->cookie);
	return 0;
}

/* Adds chains as long as they are of the common case; returns how many. */
static inline uint32_t add_singles(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count,
				   uint32_t at)
{
	struct scatter_burst scatter = scatter_burst_begin(vq);
	uint16_t *ring = vq->avail->ring, head = vq->free_head;
	struct driver_slot *slot;
	struct piece piece;
	uint32_t i;

	if (count > vq->free_count)
		count = vq->free_count;
	for (i = 0; i < count && scatter_single(&scatter, &chains[i], &piece); i++) {
		write_desc(vq, head, &piece, 0);
		ring_store16(&ring[(at + i) & vq->mask], head);
		slot = &vq->driver[head];
		slot->cookie = chains[i].cookie;
		slot->chain = driver_chain(piece.flags ? piece.len : 0, 1, head);
		head = slot->next;
	}
	vq->free_head = head;
	vq->free_count -= i;
	vq->out += i;
	return i;
}

/* A chain of any kind. */
static RING_COLD int add_other(struct dpu_virtq *vq, const struct dpu_virtq_chain *chain, uint32_t at)
{
	uint16_t head = vq->free_head;
	struct piece piece;
	uint32_t writable;
	int rc;

	rc = vq->tables && vq->free_count ? scatter_table(vq, head, chain, &piece, &writable) : 0;
	if (rc > 0) {
		write_desc(vq, head, &piece, 0);
		take(vq, head, 1, writable, chain->cookie);
	} else if (rc == 0) {
		rc = add_direct(vq, chain);
	}
	if (rc >= 0)
		ring_store16(&vq->avail->ring[at & vq->mask], head);
	return rc;
}

/* Asks for the cache lines of the descriptors that will be written: they come at once, not one by one. A
 * guess: in order they follow each other, else what was given back last, and in order, is taken first. Not
 * for one alone, which may be there already. */
static inline void prefetch_descs(const struct dpu_virtq *vq, uint32_t count)
{
	uint32_t i, at = vq->free_head;

	if (count == 1)
		return;
	for (i = 0; i < count && i < RING_PREFETCH; i += RING_LINE / sizeof(struct virtq_desc))
		ring_prefetch_write(&vq->desc[(vq->in_order ? at + i : at - i) & vq->mask]);
}

static int split_add(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	uint32_t n, at = vq->next;
	int rc = 0;

	virtq_refresh(vq);
	prefetch_descs(vq, count);
	for (n = 0;; n++) {
		n += add_singles(vq, &chains[n], count - n, at + n);
		if (ring_likely(n == count))
			break;
		rc = add_other(vq, &chains[n], at + n);
		if (rc < 0)
			break;
	}
	split_publish(vq, n);
	return n || rc == -EAGAIN ? (int)n : rc;
}

/* Gives descriptors back; returns how many. */
static inline uint32_t give_back(struct driver_slot *slot, struct dpu_virtq_chain *chain, uint32_t written)
{
	uint32_t count = driver_count(slot->chain);

	chain->cookie = slot->cookie;
	chain->written = written;
	slot->chain = 0;
	return count;
}

static inline int get_entry(struct dpu_virtq *vq, uint16_t at, uint32_t *id, uint32_t *len)
{
	uint64_t word = ring_load_used(&vq->used->ring[at & vq->mask]);

	*id = (uint32_t)word;
	*len = (uint32_t)(word >> 32);
	if (ring_unlikely(*id >= vq->size || !vq->driver[*id].chain))
		return virtq_stop(vq, "a used entry names no chain that is available");
	if (ring_unlikely(*len > driver_writable(vq->driver[*id].chain)))
		return virtq_stop(vq, "a used entry is longer than what its chain has room for");
	return 0;
}

/* In order, one entry may tell of a batch: its id names the last chain, and the others are full (2.7.9). The
 * descriptors come free in the order of the table, and stay linked so (2.7.5.3). */
static uint32_t get_in_order(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count, int *rc)
{
	uint32_t i, id, len = vq->batch_len, oldest = vq->free_head + vq->free_count, descs = 0,
			mask = vq->mask;
	uint16_t last = vq->last, seen = vq->seen, end = vq->batch_id, head;
	struct driver_slot *slots = vq->driver;
	bool batch = vq->batch;

	for (i = 0; i < count; i++) {
		if (!batch) {
			*rc = get_entry(vq, (uint16_t)(last + i), &id, &len);
			if (*rc < 0)
				break;
			end = (uint16_t)id;
		}
		/* All descriptors but the free ones are out, the oldest behind the last that is free. */
		head = (uint16_t)((oldest + descs) & mask);
		batch = head != end;
		if (ring_unlikely(batch && (uint16_t)(last + i + 1) == seen)) {
			*rc = virtq_stop(vq, "a used entry ends a batch that is longer than what was used");
			break;
		}
		descs +=
			give_back(&slots[head], &chains[i], batch ? driver_writable(slots[head].chain) : len);
	}
	vq->batch = batch;
	vq->batch_id = end;
	vq->batch_len = len;
	vq->free_count += descs;
	vq->last = (uint16_t)(last + i);
	return i;
}

static uint32_t get_any(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count, int *rc)
{
	uint16_t free_head = vq->free_head, last = vq->last;
	struct driver_slot *slots = vq->driver;
	uint32_t i, id, len, descs = 0;

	for (i = 0; i < count; i++) {
		*rc = get_entry(vq, (uint16_t)(last + i), &id, &len);
		if (ring_unlikely(*rc < 0))
			break;
		slots[driver_last(slots[id].chain)].next = free_head;
		free_head = (uint16_t)id;
		descs += give_back(&slots[id], &chains[i], len);
	}
	vq->free_head = free_head;
	vq->free_count += descs;
	vq->last = (uint16_t)(last + i);
	return i;
}

static int split_get(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count)
{
	uint32_t n;
	int rc;

	virtq_refresh(vq);
	rc = split_waiting(vq, count);
	if (rc <= 0) {
		__builtin_prefetch(&vq->used->ring[vq->last & vq->mask]);
		return rc;
	}
	if (count > (uint32_t)rc)
		count = (uint32_t)rc;
	n = vq->in_order ? get_in_order(vq, chains, count, &rc) : get_any(vq, chains, count, &rc);
	vq->out -= n;
	if (!n)
		return rc < 0 ? rc : 0;
	split_event(vq);
	return (int)n;
}

static void split_driver_start(struct dpu_virtq *vq, const struct dpu_virtq_state *state)
{
	uint32_t i;

	for (i = 0; i < vq->size; i++)
		vq->driver[i] = (struct driver_slot){ .next = (uint16_t)((i + 1) & vq->mask) };
	vq->free_head = state->avail & vq->mask;
	vq->free_count = vq->size;
	vq->next = state->avail;
	vq->last = vq->seen = state->used;
}

const struct virtq_ops virtq_split_driver = {
	.add = split_add,
	.get = split_get,
	.pop = virtq_wrong_side,
	.push = virtq_wrong_side_const,
	.wish = split_wish,
	.wanted = split_wanted,
	.waiting = split_waiting_now,
	.start = split_driver_start,
};
