/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device side of a split virtqueue: VIRTIO 1.2, 2.7.5 (descriptors), 2.7.6 and 2.7.8 (the rings). */
#include <errno.h>
#include "virtq/gather.h"
#include "virtq/inflight.h"
#include "virtq/log.h"
#include "virtq/split.h"

static RING_COLD int gather_chain(struct dpu_virtq *vq, struct dpu_virtq_chain *chain, uint32_t head,
				  uint32_t *writable)
{
	struct gather gather;
	uint64_t addr, word;
	uint32_t at = head;
	uint16_t flags;
	int rc;

	gather_begin(&gather, chain);
	do {
		if (at >= vq->size)
			return virtq_stop(vq, "a descriptor's number is outside its table");
		addr = ring_load64(&vq->desc[at].addr);
		word = ring_load64(&vq->desc[at].word);
		flags = (uint16_t)(word >> 32);
		at = (uint32_t)(word >> 48);
		if (flags & VIRTQ_DESC_F_INDIRECT) {
			rc = gather_table(vq, &gather, addr, (uint32_t)word, flags);
			break;
		}
		rc = gather_buffer(vq, &gather, addr, (uint32_t)word, flags);
	} while (rc == 0 && flags & VIRTQ_DESC_F_NEXT);
	if (rc == 0)
		*writable = gather_end(&gather, (uint16_t)head);
	return rc;
}

/* Enters a chain into the books, the n-th of a burst. */
static inline void enter(struct dpu_virtq *vq, uint32_t head, uint32_t writable, uint32_t n)
{
	vq->device[head].taken = vq->taken + n;
	vq->device[head].chain = device_chain(writable, 0, vq->epoch);
}

/* Takes chains as long as they are of the common case; returns how many. */
static inline uint32_t take_singles(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count)
{
	struct gather_burst burst = gather_burst_begin(vq, 0, 0, 0);
	uint32_t i, head, at = vq->last, mask = vq->mask;
	const uint16_t *ring = vq->avail->ring;
	const struct virtq_desc *table = vq->desc;
	uint64_t addr, word;

	for (i = 0; i < count; i++) {
		head = ring_load16(&ring[(at + i) & mask]);
		if (ring_unlikely(head > mask))
			break;
		addr = ring_load64(&table[head].addr);
		word = ring_load64(&table[head].word);
		if (ring_unlikely(!gather_single(&burst, &chains[i], i, addr, (uint32_t)word,
						 word >> 32 & UINT16_MAX, head)))
			break;
	}
	vq->last = (uint16_t)(at + i);
	virtq_took(vq, i);
	return i;
}

/* A chain of any kind. The descriptors are read anew, and looked at whole. */
static RING_COLD int take_other(struct dpu_virtq *vq, struct dpu_virtq_chain *chain, uint32_t head)
{
	uint32_t writable;
	int rc;

	if (head >= vq->size)
		return virtq_stop(vq, "the available ring names a descriptor outside the table");
	if (device_out(vq->device[head].chain))
		return virtq_stop(vq, "a chain is made available that is out already");
	rc = gather_chain(vq, chain, head, &writable);
	if (rc < 0)
		return rc;
	enter(vq, head, writable, 0);
	virtq_took(vq, 1);
	return 0;
}

static int split_pop(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count)
{
	uint32_t i, n;
	int rc;

	rc = ring_likely(!vq->again) ? split_waiting(vq, count) : 0;
	/* After the look at what is available: memory that was added before a chain was is there then. */
	virtq_refresh(vq);
	virtq_forget_miss(vq);
	if (ring_unlikely(vq->again))
		return inflight_take_again(vq, chains, count, take_other);
	if (rc <= 0)
		return rc;
	if (count > (uint32_t)rc)
		count = (uint32_t)rc;
	for (n = 0;; n++) {
		n += take_singles(vq, &chains[n], count - n);
		if (ring_likely(n == count))
			break;
		rc = take_other(vq, &chains[n], ring_load16(&vq->avail->ring[vq->last & vq->mask]));
		if (rc < 0)
			break;
		vq->last++;
	}
	if (!n)
		return rc < 0 && rc != -EAGAIN ? rc : 0;
	for (i = 0; ring_unlikely(vq->inflight != NULL) && i < n; i++)
		inflight_split_took(vq, chains[i].head);
	split_event(vq);
	return (int)n;
}

/* Nobody sees these before they are published. In order, one entry tells of a run of chains, by its last.
 * Those before it pass for full, so only chains in which the device has nothing to write can be before it
 * (2.7.9). */
static void write_used(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	struct virtq_used_elem *ring = vq->used->ring, *elem = NULL;
	uint32_t i, at = vq->next, mask = vq->mask;
	bool in_order = vq->in_order;

	for (i = 0; i < count; i++) {
		if (!in_order || !elem || device_writable(vq->device[chains[i - 1].head].chain))
			elem = &ring[(at + i) & mask];
		ring_store_used(elem, chains[i].head, chains[i].written);
	}
}

/* The entries published last, which may go round the end of the ring; after the writing, as all that is
 * logged. */
static int log_entries(struct dpu_virtq *vq, uint32_t count)
{
	const struct virtq_used_elem *elem;
	int rc = 0;

	for (; rc == 0 && count; count--) {
		elem = &vq->used->ring[(vq->next - count) & vq->mask];
		rc = log_ring(vq, elem, sizeof(*elem));
	}
	return rc < 0 ? rc : log_ring(vq, vq->own_idx, sizeof(*vq->own_idx));
}

/* Asks for the cache lines of the entries that will be written: they come at once, not one by one. */
static inline void prefetch_used(const struct dpu_virtq *vq, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count && i < RING_PREFETCH; i += RING_LINE / sizeof(struct virtq_used_elem))
		ring_prefetch_write(&vq->used->ring[(vq->next + i) & vq->mask]);
}

static int split_push(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	bool log;
	int rc;

	virtq_refresh(vq);
	prefetch_used(vq, count);
	log = vq->log->log;
	rc = log_and_mark(vq, chains, count, log);
	if (ring_unlikely(rc < 0))
		return rc;
	write_used(vq, chains, count);
	if (ring_unlikely(vq->inflight != NULL))
		inflight_split_returning(vq, chains, count);
	split_publish(vq, count);
	if (ring_unlikely(vq->inflight != NULL))
		inflight_split_returned(vq, chains, count);
	virtq_returned(vq, chains, count);
	return ring_unlikely(log) && count ? log_entries(vq, count) : 0;
}

static void split_device_start(struct dpu_virtq *vq, const struct dpu_virtq_state *state)
{
	vq->last = vq->seen = state->avail;
	vq->next = state->used;
}

const struct virtq_ops virtq_split_device = {
	.add = virtq_wrong_side_const,
	.get = virtq_wrong_side,
	.pop = split_pop,
	.push = split_push,
	.wish = split_wish,
	.wanted = split_wanted,
	.waiting = split_waiting_now,
	.start = split_device_start,
};
