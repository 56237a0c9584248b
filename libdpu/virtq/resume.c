/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A driver side that goes on with another device, the first having gone without a word.
 *
 * What a device had taken only it knows, and its in-flight region. Without one the next device goes on behind
 * what is used; what is available there is right if the first one returned chains in the order in which they
 * were made available. If not, it is put right: a split queue's available ring can be written anew, because
 * the descriptors are all there. In a packed ring used descriptors lie on others' available ones. */
#include <errno.h>
#include <stdlib.h>
#include "virtq/packed.h"
#include "virtq/split.h"

/* Of a head. */
enum { FREE, OUT, PLACED };

/* Marks the heads that are out and not used. */
static int mark_out(struct dpu_virtq *vq, uint16_t used, uint8_t *marks)
{
	uint32_t i, id;
	uint16_t at;

	for (i = 0; i < vq->size; i++)
		marks[i] = vq->driver[i].chain ? OUT : FREE;
	for (at = vq->last; at != used; at++) {
		id = (uint32_t)ring_load_used(&vq->used->ring[at & vq->mask]);
		if (id >= vq->size || marks[id] != OUT)
			return virtq_stop(vq, "a used entry names no chain that is available");
		marks[id] = FREE;
	}
	return 0;
}

/* From used on there are as many entries as there are heads that are out: those that are right are moved to
 * the end, in their order, and those that are missing come before. What no device has taken yet stays where
 * it is, so that a device with a region finds it there. */
static void put_right(struct dpu_virtq *vq, uint16_t used, uint8_t *marks)
{
	uint16_t at, to = vq->next, head, *ring = vq->avail->ring;
	uint32_t i;

	for (at = vq->next; at != used;) {
		head = ring_load16(&ring[--at & vq->mask]);
		if (head >= vq->size || marks[head] != OUT)
			continue;
		marks[head] = PLACED;
		ring_store16(&ring[--to & vq->mask], head);
	}
	for (i = 0; i < vq->size && to != used; i++) {
		if (marks[i] == OUT)
			ring_store16(&ring[--to & vq->mask], (uint16_t)i);
	}
}

static int resume_split(struct dpu_virtq *vq, uint16_t *used)
{
	uint8_t *marks;
	int rc;

	*used = ring_load16_acquire(vq->peer_idx);
	if ((uint16_t)(*used - vq->last) > (uint16_t)(vq->next - vq->last))
		return virtq_stop(vq, "the used index runs ahead of what is available");
	ring_store16(&vq->used->flags, 0);
	if (vq->in_order)
		return 0;
	marks = calloc(vq->size, 1);
	if (!marks)
		return -ENOMEM;
	rc = mark_out(vq, *used, marks);
	if (rc == 0)
		put_right(vq, *used, marks);
	free(marks);
	return rc;
}

/* The ID of the chain at a place, which goes behind it; or -1: there is none. */
static int chain_at(const struct dpu_virtq *vq, uint16_t *place, uint16_t *flags)
{
	uint64_t word;
	uint32_t count = 0;
	uint16_t id;

	do {
		word = ring_load64(&vq->ring[*place].word);
		if ((word >> 48 & PACKED_FLAGS) != *flags || count++ >= vq->size)
			return -1;
		packed_advance(vq->size, place, flags, 1);
	} while (word >> 48 & VIRTQ_DESC_F_NEXT);
	id = (uint16_t)(word >> 32);
	return id < vq->size && driver_count(vq->driver[id].chain) == count ? id : -1;
}

static int resume_packed(struct dpu_virtq *vq, bool region, uint16_t *used, bool *wrap)
{
	uint16_t place, flags;
	uint32_t chains = 0;
	int rc = packed_driver_used(vq, used, wrap);

	if (rc < 0)
		return rc;
	ring_store32(vq->peer_events, 0);
	place = *used;
	flags = packed_available(*wrap);
	while (!region && (place != vq->next || flags != vq->next_flags)) {
		if (chain_at(vq, &place, &flags) < 0 || chains++ >= vq->size)
			return -ENOTRECOVERABLE;
	}
	return 0;
}

int virtq_resume(struct dpu_virtq *vq, bool region, struct dpu_virtq_state *state)
{
	bool wrap = false;
	uint16_t used = 0;
	int rc;

	if (vq->error)
		return -EIO;
	rc = vq->packed ? resume_packed(vq, region, &used, &wrap) : resume_split(vq, &used);
	if (rc < 0)
		return rc;
	*state = (struct dpu_virtq_state){ used, used, wrap, wrap, 0 };
	return (int)vq->out;
}
