/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both sides of a packed virtqueue share: places and wrap counters, and the suppression of
 * notifications.
 *
 * A wrap counter is kept as the flags that it gives descriptors: AVAIL or USED for those made available, both
 * or none for those used (2.8.1). */
#ifndef DPU_VIRTQ_PACKED_H
#define DPU_VIRTQ_PACKED_H

#include "virtq/virtq.h"

#define PACKED_FLAGS (VIRTQ_DESC_F_AVAIL | VIRTQ_DESC_F_USED)

static inline uint16_t packed_available(bool wrap)
{
	return wrap ? VIRTQ_DESC_F_AVAIL : VIRTQ_DESC_F_USED;
}

static inline uint16_t packed_used(bool wrap)
{
	return wrap ? PACKED_FLAGS : 0;
}

static inline bool packed_wrap(uint16_t flags)
{
	return flags & VIRTQ_DESC_F_AVAIL;
}

/* Goes count places on; at the ring's end both flags change. */
static inline void packed_advance(uint32_t size, uint16_t *place, uint16_t *flags, uint32_t count)
{
	uint32_t to = *place + count;

	if (ring_unlikely(to >= size)) {
		to -= size;
		*flags ^= PACKED_FLAGS;
	}
	*place = (uint16_t)to;
}

/* Whether the peer has written a descriptor, with the flags of its lap, and the word of it. W3. Acquire: what
 * it describes is read afterwards. */
static inline bool packed_ready(const struct pvirtq_desc *desc, uint16_t flags, uint64_t *word)
{
	*word = ring_load64_acquire(&desc->word);
	return ((*word >> 48) & PACKED_FLAGS) == flags;
}

/* Descriptors from a place on have been taken, so the peer has no more to do with them, and others will be
 * written over them: asks for their cache lines to write to while the caller does its work. */
static inline void packed_prefetch(const struct dpu_virtq *vq, uint32_t place, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count && i < RING_PREFETCH; i += RING_LINE / sizeof(struct pvirtq_desc))
		ring_prefetch_write(&vq->ring[place + i < vq->size ? place + i : (place + i) % vq->size]);
}

/* Points own_events and peer_events into the rings. */
void packed_attach(struct dpu_virtq *vq);

void packed_wish(struct dpu_virtq *vq, bool on);
bool packed_wanted(struct dpu_virtq *vq, uint32_t unannounced);

/* Driver side: where the device writes its next used descriptor. -EIO: the ring is nonsense. */
int packed_driver_used(struct dpu_virtq *vq, uint16_t *place, bool *wrap);

/* Descriptors of the peer were taken: keeps the event up with them. */
static inline void packed_event(struct dpu_virtq *vq)
{
	if (vq->event_idx && vq->notified)
		packed_wish(vq, true);
}

#endif
