/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a side is, what is out, and starting anew: all beside the data path. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "virtq/inflight.h"
#include "virtq/packed.h"
#include "virtq/virtq.h"

void dpu_virtq_get_state(struct dpu_virtq *vq, struct dpu_virtq_state *state)
{
	bool driver = vq->side == DPU_VIRTQ_DRIVER;
	bool next_wrap = vq->packed && packed_wrap(vq->next_flags);
	bool last_wrap = vq->packed && packed_wrap(vq->last_flags);

	*state = (struct dpu_virtq_state){
		.avail = driver ? vq->next : vq->last,
		.used = driver ? vq->last : vq->next,
		.avail_wrap = driver ? next_wrap : last_wrap,
		.used_wrap = driver ? last_wrap : next_wrap,
	};
}

static int compare_taken(const void *a, const void *b, void *arg)
{
	const struct dpu_virtq *vq = arg;
	uint64_t left = vq->device[*(const uint16_t *)a].taken,
		 right = vq->device[*(const uint16_t *)b].taken;

	return (left > right) - (left < right);
}

int dpu_virtq_inflight(struct dpu_virtq *vq, uint16_t *heads, uint32_t count)
{
	uint32_t i, n = 0;

	if (vq->side != DPU_VIRTQ_DEVICE)
		return -EINVAL;
	if (count < vq->out)
		return (int)vq->out;
	for (i = 0; i < vq->size; i++) {
		if (device_out(vq->device[i].chain))
			heads[n++] = (uint16_t)i;
	}
	if (n)
		qsort_r(heads, n, sizeof(*heads), compare_taken, vq);
	return (int)n;
}

int dpu_virtq_detach(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count)
{
	uint32_t i, n = 0;

	if (vq->side != DPU_VIRTQ_DRIVER)
		return -EINVAL;
	for (i = 0; i < vq->size && n < count && vq->out; i++) {
		if (!vq->driver[i].chain)
			continue;
		chains[n].cookie = vq->driver[i].cookie;
		chains[n++].written = 0;
		vq->driver[i].chain = 0;
		vq->out--;
	}
	return (int)n;
}

static void zero_ring(struct dpu_virtq *vq)
{
	size_t event = vq->event_idx ? sizeof(uint16_t) : 0;

	memset(vq->desc, 0, vq->size * sizeof(struct virtq_desc));
	if (vq->packed) {
		ring_store32(vq->own_events, 0);
		ring_store32(vq->peer_events, 0);
		return;
	}
	memset(vq->avail, 0, sizeof(*vq->avail) + vq->size * sizeof(vq->avail->ring[0]) + event);
	memset(vq->used, 0, sizeof(*vq->used) + vq->size * sizeof(vq->used->ring[0]) + event);
}

int dpu_virtq_reset(struct dpu_virtq *vq)
{
	struct dpu_virtq_state state = virtq_beginning(vq);

	if (vq->side == DPU_VIRTQ_DRIVER) {
		if (vq->out)
			return -EBUSY;
		zero_ring(vq);
	} else {
		memset(vq->device, 0, vq->size * sizeof(*vq->device));
		memset(vq->epochs, 0, sizeof(vq->epochs));
		vq->out = vq->former = 0;
		vq->miss_access = 0;
		vq->epoch = 0;
		vq->returned = vq->taken;
		virtq_adopt(vq);
		if (vq->inflight)
			inflight_reset(vq, &state);
	}
	virtq_start(vq, &state);
	return 0;
}

/* 2.9: where the next chain will be made available, 15 bits of place and the wrap counter; the upper bit of
 * an index takes the latter's place in the split layout. */
uint32_t dpu_virtq_notification(struct dpu_virtq *vq, uint16_t index)
{
	struct dpu_virtq_state state;

	if (!(vq->features & DPU_VIRTIO_F_NOTIFICATION_DATA))
		return index;
	dpu_virtq_get_state(vq, &state);
	return index | (uint32_t)state.avail << 16 | (uint32_t)state.avail_wrap << 31;
}

int dpu_virtq_notified(struct dpu_virtq *vq, uint32_t data)
{
	uint32_t place = data >> 16, waiting;
	struct dpu_virtq_state state;

	if (vq->side != DPU_VIRTQ_DEVICE || !(vq->features & DPU_VIRTIO_F_NOTIFICATION_DATA))
		return -EINVAL;
	if (vq->error)
		return -EIO;
	dpu_virtq_get_state(vq, &state);
	if (vq->packed) {
		if ((place & 0x7fff) >= vq->size)
			return -EINVAL;
		waiting = (place & 0x7fff) + (place >> 15 != state.avail_wrap ? vq->size : 0) - state.avail;
	} else {
		waiting = (uint16_t)(place - state.avail);
	}
	return waiting <= vq->size ? (int)waiting : -EINVAL;
}
