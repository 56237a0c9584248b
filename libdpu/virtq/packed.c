/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of steps, P1 to P3 of who publishes and W1 to W3 of who waits, are those of the model in
 * tests/model, which shows that no wake-up is lost, and that one is without either fence. P1 is the release
 * of the first descriptor of a burst, W3 packed_ready(). */
#include "virtq/packed.h"
#include "virtq/log.h"

/* 2.8.10: place, wrap counter and flags are one word, so that each is seen with the others that it was
 * written with. */
static uint32_t event_word(uint16_t place, bool wrap, uint32_t flags)
{
	return place | (uint32_t)wrap << 15 | flags << 16;
}

void packed_attach(struct dpu_virtq *vq)
{
	uint32_t *driver = (uint32_t *)(void *)vq->avail, *device = (uint32_t *)(void *)vq->used;

	vq->own_events = vq->side == DPU_VIRTQ_DRIVER ? driver : device;
	vq->peer_events = vq->side == DPU_VIRTQ_DRIVER ? device : driver;
}

bool packed_wanted(struct dpu_virtq *vq, uint32_t unannounced)
{
	uint32_t events, event;

	/* P2. The descriptors just published are visible before the peer's wish is read (2.8.21.3.1). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/* P3. */
	events = ring_load32(vq->peer_events);
	switch (events >> 16 & 3) {
	case VIRTQ_EVENT_DISABLE:
		return false;
	case VIRTQ_EVENT_DESC:
		break;
	default:
		return true;
	}
	if (!vq->event_idx || unannounced >= vq->size)
		return true;
	/* Whether the event's place is among the unannounced ones before next: a place of the lap before is
	 * one ring's size behind. */
	event = events & 0x7fff;
	if ((events >> 15 & 1) != packed_wrap(vq->next_flags))
		event -= vq->size;
	return vq->next - event - 1 < unannounced;
}

void packed_wish(struct dpu_virtq *vq, bool on)
{
	/* W1. */
	if (!on)
		ring_store32(vq->own_events, event_word(0, false, VIRTQ_EVENT_DISABLE));
	else if (vq->event_idx)
		ring_store32(vq->own_events,
			     event_word(vq->last, packed_wrap(vq->last_flags), VIRTQ_EVENT_DESC));
	else
		ring_store32(vq->own_events, event_word(0, false, VIRTQ_EVENT_ENABLE));
	if (ring_unlikely(vq->log->log != NULL))
		log_ring(vq, vq->own_events, sizeof(*vq->own_events));
	/* W2. The wish is visible before the peer's next descriptor is read for the last time before sleep.
	 */
	if (on)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
