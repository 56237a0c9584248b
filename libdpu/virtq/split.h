/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both sides of a split virtqueue share: indices, and the suppression of notifications. */
#ifndef DPU_VIRTQ_SPLIT_H
#define DPU_VIRTQ_SPLIT_H

#include "virtq/virtq.h"

/* Points own_* and peer_* into the rings. */
void split_attach(struct dpu_virtq *vq);

void split_wish(struct dpu_virtq *vq, bool on);
bool split_wanted(struct dpu_virtq *vq, uint32_t unannounced);
int split_waiting_now(struct dpu_virtq *vq, bool any);

/* Reads the peer's index again; how many of its entries wait, or -EIO. */
int split_look(struct dpu_virtq *vq);

/* How many of the peer's entries wait; looks again unless there are known to be as many as wanted. */
static inline int split_waiting(struct dpu_virtq *vq, uint32_t wanted)
{
	uint32_t waiting = (uint16_t)(vq->seen - vq->last);

	return waiting >= wanted ? (int)waiting : split_look(vq);
}

/* Makes count more own entries visible to the peer. */
static inline void split_publish(struct dpu_virtq *vq, uint32_t count)
{
	if (!count)
		return;
	vq->next = (uint16_t)(vq->next + count);
	virtq_published(vq, count);
	/* P1. Release: descriptors and ring entries are visible before the index (2.7.13.3, 2.7.14). */
	ring_store16_release(vq->own_idx, vq->next);
}

/* Entries of the peer's ring were taken: keeps the event index up with them. */
static inline void split_event(struct dpu_virtq *vq)
{
	if (vq->event_idx && vq->notified)
		split_wish(vq, true);
}

#endif
