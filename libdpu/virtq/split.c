/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of steps, P1 to P3 of who publishes and W1 to W3 of who waits, are those of the model in
 * tests/model, which shows that no wake-up is lost, and that one is without either fence. */
#include "virtq/split.h"
#include <errno.h>
#include "virtq/log.h"

void split_attach(struct dpu_virtq *vq)
{
	uint16_t *used_event = &vq->avail->ring[vq->size];
	uint16_t *avail_event = (uint16_t *)(void *)&vq->used->ring[vq->size];

	if (vq->side == DPU_VIRTQ_DRIVER) {
		vq->own_flags = &vq->avail->flags;
		vq->own_idx = &vq->avail->idx;
		vq->own_event = used_event;
		vq->peer_flags = &vq->used->flags;
		vq->peer_idx = &vq->used->idx;
		vq->peer_event = avail_event;
	} else {
		vq->own_flags = &vq->used->flags;
		vq->own_idx = &vq->used->idx;
		vq->own_event = avail_event;
		vq->peer_flags = &vq->avail->flags;
		vq->peer_idx = &vq->avail->idx;
		vq->peer_event = used_event;
	}
}

int split_look(struct dpu_virtq *vq)
{
	uint32_t limit = vq->side == DPU_VIRTQ_DRIVER ? vq->out : vq->size;
	uint32_t waiting;

	/* W3. Acquire: the entries and what they describe are read after the index that publishes them
	 * (2.7.13.3 at the driver, 2.7.14 at the device). */
	vq->seen = ring_load16_acquire(vq->peer_idx);
	waiting = (uint16_t)(vq->seen - vq->last);
	if (ring_unlikely(waiting > limit))
		return virtq_stop(vq, vq->side == DPU_VIRTQ_DRIVER
					      ? "the used index is ahead of the chains that are available"
					      : "the available index is ahead by more than the queue's size");
	return (int)waiting;
}

int split_waiting_now(struct dpu_virtq *vq, bool any)
{
	(void)any;
	return split_look(vq);
}

bool split_wanted(struct dpu_virtq *vq, uint32_t unannounced)
{
	uint16_t event;

	/* P2. The index just published is visible before the peer's wish is read (2.7.13.4.1, 2.7.7.2). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/* P3. */
	if (!vq->event_idx)
		return !(ring_load16(vq->peer_flags) & VIRTQ_F_NO_NOTIFY);
	if (unannounced > UINT16_MAX)
		return true;
	/* Whether the entry at the event index is among the unannounced ones before next. */
	event = ring_load16(vq->peer_event);
	return (uint16_t)(vq->next - event - 1) < unannounced;
}

void split_wish(struct dpu_virtq *vq, bool on)
{
	uint16_t *at = vq->event_idx ? vq->own_event : vq->own_flags;

	/* W1. An index just passed is the one that takes longest to come again. With event indices the flags
	 * stay 0 (2.7.7.1, 2.7.10.1). */
	if (vq->event_idx)
		ring_store16(at, (uint16_t)(on ? vq->last : vq->last - 1));
	else
		ring_store16(at, on ? 0 : VIRTQ_F_NO_NOTIFY);
	if (ring_unlikely(vq->log->log != NULL))
		log_ring(vq, at, sizeof(*at));
	/* W2. The wish is visible before the peer's index is read for the last time before sleep, or both
	 * sides could miss each other: the peer publishes, sees the old wish and stays silent, while this
	 * side sees the old index and sleeps (2.7.14). */
	if (on)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
