/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both sides of a queue share: making it, publishing, and suppressing notifications.
 *
 * A queue allocates once, here, with calloc(3): it belongs to a data-plane thread, while a context and its
 * allocator belong to the control plane's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/opts.h"
#include "virtq/virtq.h"

#define MAX_SIZE 32768
#define USED_ALIGN 4096

_Static_assert(sizeof(struct virtq_desc) == 16, "virtq_desc");
_Static_assert(sizeof(struct virtq_used_elem) == 8, "virtq_used_elem");
_Static_assert(sizeof(struct dpu_virtq_opts) == offsetof(struct dpu_virtq_opts, reserved) + sizeof(uint32_t),
	       "dpu_virtq_opts has tail padding");

static bool size_valid(uint32_t size)
{
	return size >= 2 && size <= MAX_SIZE && !(size & (size - 1));
}

int dpu_virtq_ring_size(enum dpu_virtq_layout layout, uint32_t size, size_t *avail_offset,
			size_t *used_offset)
{
	size_t avail, used, end;

	if (layout == DPU_VIRTQ_PACKED)
		return -EOPNOTSUPP;
	if (layout != DPU_VIRTQ_SPLIT || !size_valid(size))
		return -EINVAL;
	avail = sizeof(struct virtq_desc) * size;
	used = avail + sizeof(struct virtq_avail) + sizeof(uint16_t) * size + sizeof(uint16_t);
	used = (used + USED_ALIGN - 1) & ~(size_t)(USED_ALIGN - 1);
	end = used + sizeof(struct virtq_used) + sizeof(struct virtq_used_elem) * size + sizeof(uint16_t);
	if (avail_offset)
		*avail_offset = avail;
	if (used_offset)
		*used_offset = used;
	return (int)end;
}

static bool aligned(const void *ptr, uintptr_t align)
{
	return ptr && !((uintptr_t)ptr & (align - 1));
}

static int check_opts(const struct dpu_virtq_opts *opts)
{
	const uint64_t known = DPU_VIRTIO_F_INDIRECT_DESC | DPU_VIRTIO_F_EVENT_IDX | DPU_VIRTIO_F_VERSION_1;

	if (opts->layout == DPU_VIRTQ_PACKED)
		return -EOPNOTSUPP;
	if (opts->layout != DPU_VIRTQ_SPLIT || opts->reserved)
		return -EINVAL;
	if (opts->side != DPU_VIRTQ_DRIVER && opts->side != DPU_VIRTQ_DEVICE)
		return -EINVAL;
	if (!size_valid(opts->size) || !aligned(opts->desc, 16) || !aligned(opts->avail, 2) ||
	    !aligned(opts->used, 4))
		return -EINVAL;
	return opts->features & ~known ? -EOPNOTSUPP : 0;
}

static void set_rings(struct dpu_virtq *vq, const struct dpu_virtq_opts *opts)
{
	uint16_t *used_event, *avail_event;

	vq->desc = opts->desc;
	vq->avail = opts->avail;
	vq->used = opts->used;
	used_event = &vq->avail->ring[vq->size];
	avail_event = (uint16_t *)(void *)&vq->used->ring[vq->size];
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

static int alloc_slots(struct dpu_virtq *vq)
{
	uint32_t i;

	if (vq->side == DPU_VIRTQ_DEVICE) {
		vq->device = calloc(vq->size, sizeof(*vq->device));
		return vq->device ? 0 : -ENOMEM;
	}
	vq->driver = calloc(vq->size, sizeof(*vq->driver));
	if (!vq->driver)
		return -ENOMEM;
	for (i = 0; i < vq->size; i++)
		vq->driver[i].next = (uint16_t)(i + 1);
	vq->free_count = vq->size;
	return 0;
}

int dpu_virtq_create(const struct dpu_virtq_opts *user, struct dpu_virtq **ret)
{
	struct dpu_virtq_opts opts;
	struct dpu_virtq *vq;
	int rc;

	rc = opts_read(&opts, sizeof(opts), user);
	if (rc == 0)
		rc = check_opts(&opts);
	if (rc < 0)
		return rc;
	vq = calloc(1, sizeof(*vq));
	if (!vq)
		return -ENOMEM;
	vq->size = opts.size;
	vq->mask = (uint16_t)(opts.size - 1);
	vq->side = opts.side;
	vq->event_idx = opts.features & DPU_VIRTIO_F_EVENT_IDX;
	vq->indirect = opts.features & DPU_VIRTIO_F_INDIRECT_DESC;
	/* Zeroed rings ask for the first notification, with flags and with event indices alike. */
	vq->notified = true;
	rc = alloc_slots(vq);
	if (rc < 0) {
		free(vq);
		return rc;
	}
	set_rings(vq, &opts);
	if (opts.memory) {
		memory_map_freeze(opts.memory);
		vq->map = dpu_memory_map_ref(opts.memory);
	}
	ref_init(&vq->ref);
	*ret = vq;
	return 0;
}

static void virtq_destroy(struct dpu_virtq *vq)
{
	dpu_memory_map_unref(vq->map);
	if (vq->side == DPU_VIRTQ_DRIVER)
		free(vq->driver);
	else
		free(vq->device);
	free(vq);
}

DEFINE_REF(dpu_virtq, virtq_destroy)

int virtq_stop(struct dpu_virtq *vq, const char *reason)
{
	vq->error = reason;
	return -EIO;
}

int virtq_waiting(struct dpu_virtq *vq, bool fresh)
{
	uint32_t limit = vq->side == DPU_VIRTQ_DRIVER ? vq->out : vq->size;
	uint32_t waiting = (uint16_t)(vq->seen - vq->last);

	if (waiting && !fresh)
		return (int)waiting;
	/* Acquire: the entries and what they describe are read after the index that publishes them
	 * (2.7.13.3 at the driver, 2.7.14 at the device). */
	vq->seen = le16toh(__atomic_load_n(vq->peer_idx, __ATOMIC_ACQUIRE));
	waiting = (uint16_t)(vq->seen - vq->last);
	if (waiting > limit)
		return virtq_stop(vq, vq->side == DPU_VIRTQ_DRIVER
					      ? "the used index is ahead of the chains that are available"
					      : "the available index is ahead by more than the queue's size");
	return (int)waiting;
}

void virtq_publish(struct dpu_virtq *vq, uint32_t count)
{
	if (!count)
		return;
	vq->next = (uint16_t)(vq->next + count);
	vq->unannounced = vq->unannounced > UINT32_MAX - count ? UINT32_MAX : vq->unannounced + count;
	/* Release: descriptors and ring entries are visible before the index (2.7.13.3, 2.7.14). */
	__atomic_store_n(vq->own_idx, htole16(vq->next), __ATOMIC_RELEASE);
}

void virtq_taken(struct dpu_virtq *vq)
{
	if (!vq->event_idx || !vq->notified)
		return;
	ring_store16(vq->own_event, vq->last);
	/* The event index is visible before the next read of the peer's index, or both sides could miss each
	 * other: the peer publishes, sees the old event and stays silent, while this side sees the old index
	 * and sleeps (2.7.7.2, 2.7.10.1). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

int dpu_virtq_add(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	if (vq->side != DPU_VIRTQ_DRIVER)
		return -EINVAL;
	return vq->error ? -EIO : split_add(vq, chains, count);
}

int dpu_virtq_get(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count)
{
	if (vq->side != DPU_VIRTQ_DRIVER)
		return -EINVAL;
	return vq->error ? -EIO : split_get(vq, chains, count);
}

int dpu_virtq_pop(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count)
{
	if (vq->side != DPU_VIRTQ_DEVICE)
		return -EINVAL;
	return vq->error ? -EIO : split_pop(vq, chains, count);
}

int dpu_virtq_push(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	if (vq->side != DPU_VIRTQ_DEVICE)
		return -EINVAL;
	return vq->error ? -EIO : split_push(vq, chains, count);
}

int dpu_virtq_should_notify(struct dpu_virtq *vq)
{
	uint32_t count = vq->unannounced;
	uint16_t event;

	if (!count)
		return 0;
	vq->unannounced = 0;
	/* The index just published is visible before the peer's wish is read (2.7.13.4.1, 2.7.7.2); pairs
	 * with the fences in virtq_taken() and dpu_virtq_notify(). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!vq->event_idx)
		return !(ring_load16(vq->peer_flags) & VIRTQ_F_NO_NOTIFY);
	if (count > UINT16_MAX)
		return 1;
	/* Whether the entry at the event index is among the count entries before next. */
	event = ring_load16(vq->peer_event);
	return (uint16_t)(vq->next - event - 1) < count;
}

int dpu_virtq_notify(struct dpu_virtq *vq, int on)
{
	if (vq->error)
		return 1;
	vq->notified = on;
	if (vq->event_idx) {
		/* An index just passed is the one that takes longest to come again. The flags stay 0
		 * (2.7.7.1, 2.7.10.1). */
		ring_store16(vq->own_event, (uint16_t)(on ? vq->last : vq->last - 1));
	} else {
		ring_store16(vq->own_flags, on ? 0 : VIRTQ_F_NO_NOTIFY);
	}
	/* The wish is visible before the peer's index is read for the last time before sleep (2.7.14). */
	if (on)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return virtq_waiting(vq, true) != 0;
}

uint32_t dpu_virtq_pending(struct dpu_virtq *vq)
{
	int waiting = vq->error ? 0 : virtq_waiting(vq, true);

	return waiting > 0 ? (uint32_t)waiting : 0;
}

uint32_t dpu_virtq_room(struct dpu_virtq *vq)
{
	return vq->side == DPU_VIRTQ_DRIVER ? vq->free_count : vq->out;
}

const char *dpu_virtq_error(struct dpu_virtq *vq)
{
	return vq->error;
}
