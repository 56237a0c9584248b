/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all four engines share: making a queue, its memory, its position.
 *
 * A queue allocates here, while it is made, with calloc(3): it belongs to a data-plane thread, while a
 * context and its allocator belong to the control plane's. */
#include "virtq/virtq.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/opts.h"
#include "virtq/inflight.h"
#include "virtq/packed.h"
#include "virtq/split.h"

#define USED_ALIGN 4096
#define CACHE_LINE 64

/* Bits of the transport and of the ring itself; all others are the device type's (6). */
#define TRANSPORT_BITS (((UINT64_C(1) << 18) - 1) << 24)
#define NOTIFY_ON_EMPTY (UINT64_C(1) << 24)
/* No matter here: VHOST_F_LOG_ALL, VIRTIO_F_ANY_LAYOUT, VHOST_USER_F_PROTOCOL_FEATURES. */
#define OTHERS_BITS (UINT64_C(1) << 26 | UINT64_C(1) << 27 | UINT64_C(1) << 30)
#define KNOWN_BITS                                                                                           \
	(DPU_VIRTIO_F_INDIRECT_DESC | DPU_VIRTIO_F_EVENT_IDX | DPU_VIRTIO_F_VERSION_1 |                      \
	 DPU_VIRTIO_F_ACCESS_PLATFORM | DPU_VIRTIO_F_RING_PACKED | DPU_VIRTIO_F_IN_ORDER |                   \
	 DPU_VIRTIO_F_ORDER_PLATFORM | DPU_VIRTIO_F_SR_IOV | DPU_VIRTIO_F_NOTIFICATION_DATA |                \
	 DPU_VIRTIO_F_NOTIF_CONFIG_DATA | DPU_VIRTIO_F_RING_RESET)

_Static_assert(sizeof(struct dpu_virtq_opts) == offsetof(struct dpu_virtq_opts, reserved) + sizeof(uint32_t),
	       "dpu_virtq_opts has tail padding");

static bool size_valid(enum dpu_virtq_layout layout, uint32_t size)
{
	if (layout != DPU_VIRTQ_SPLIT && layout != DPU_VIRTQ_PACKED)
		return false;
	return size >= 1 && size <= VIRTQ_MAX_SIZE && (layout == DPU_VIRTQ_PACKED || !(size & (size - 1)));
}

static size_t round_up(size_t bytes, size_t align)
{
	return (bytes + align - 1) / align * align;
}

int dpu_virtq_ring_size(enum dpu_virtq_layout layout, uint32_t size, size_t *avail_offset,
			size_t *used_offset)
{
	size_t avail, used, end;

	if (!size_valid(layout, size))
		return -EINVAL;
	if (layout == DPU_VIRTQ_PACKED) {
		avail = round_up(sizeof(struct pvirtq_desc) * size, CACHE_LINE);
		used = avail + CACHE_LINE;
		end = used + CACHE_LINE;
	} else {
		avail = sizeof(struct virtq_desc) * size;
		used = avail + sizeof(struct virtq_avail) + sizeof(uint16_t) * size + sizeof(uint16_t);
		used = round_up(used, USED_ALIGN);
		end = used + sizeof(struct virtq_used) + sizeof(struct virtq_used_elem) * size +
		      sizeof(uint16_t);
	}
	if (avail_offset)
		*avail_offset = avail;
	if (used_offset)
		*used_offset = used;
	return (int)end;
}

int dpu_virtq_inflight_size(enum dpu_virtq_layout layout, uint32_t size)
{
	return size_valid(layout, size) ? (int)inflight_size(layout == DPU_VIRTQ_PACKED, size) : -EINVAL;
}

static bool aligned(const void *ptr, uintptr_t align)
{
	return ptr && !((uintptr_t)ptr & (align - 1));
}

static bool state_valid(const struct dpu_virtq_opts *opts, const struct dpu_virtq_state *state)
{
	if (state->reserved || state->avail_wrap > 1 || state->used_wrap > 1)
		return false;
	if (opts->layout == DPU_VIRTQ_PACKED)
		return state->avail < opts->size && state->used < opts->size;
	return !state->avail_wrap && !state->used_wrap &&
	       (uint16_t)(state->avail - state->used) <= opts->size;
}

static int check_driver(const struct dpu_virtq_opts *opts)
{
	const struct dpu_virtq_state *state = opts->state;

	if (opts->inflight || opts->inflight_size || opts->log_memory || opts->flags)
		return -EINVAL;
	/* What another driver side had out, this one knows nothing of. */
	if (state && (state->avail != state->used || state->avail_wrap != state->used_wrap))
		return -EINVAL;
	if (!opts->indirect)
		return opts->indirect_max ? -EINVAL : 0;
	if (!aligned(opts->indirect, 16) || !opts->indirect_max ||
	    !(opts->features & DPU_VIRTIO_F_INDIRECT_DESC))
		return -EINVAL;
	return 0;
}

static int check_device(const struct dpu_virtq_opts *opts)
{
	bool packed = opts->layout == DPU_VIRTQ_PACKED;

	if (opts->indirect || opts->indirect_max || opts->flags & ~DPU_VIRTQ_ONLY_READS)
		return -EINVAL;
	if (!opts->inflight)
		return opts->inflight_size ? -EINVAL : 0;
	return aligned(opts->inflight, 8) && opts->inflight_size >= inflight_size(packed, opts->size)
		       ? 0
		       : -EINVAL;
}

static int check_opts(const struct dpu_virtq_opts *opts)
{
	bool packed = opts->layout == DPU_VIRTQ_PACKED;

	if (!size_valid((enum dpu_virtq_layout)opts->layout, opts->size) || opts->reserved)
		return -EINVAL;
	if (!aligned(opts->desc, 16) || !aligned(opts->avail, packed ? 4 : 2) || !aligned(opts->used, 4))
		return -EINVAL;
	if (!packed && opts->features & DPU_VIRTIO_F_RING_PACKED)
		return -EINVAL;
	if (opts->state && !state_valid(opts, opts->state))
		return -EINVAL;
	if (opts->features & TRANSPORT_BITS & ~(KNOWN_BITS | OTHERS_BITS))
		return -EOPNOTSUPP;
	switch (opts->side) {
	case DPU_VIRTQ_DRIVER:
		return check_driver(opts);
	case DPU_VIRTQ_DEVICE:
		return check_device(opts);
	}
	return -EINVAL;
}

static const struct virtq_ops *engine(const struct dpu_virtq *vq)
{
	if (vq->side == DPU_VIRTQ_DRIVER)
		return vq->packed ? &virtq_packed_driver : &virtq_split_driver;
	return vq->packed ? &virtq_packed_device : &virtq_split_device;
}

static void set_opts(struct dpu_virtq *vq, const struct dpu_virtq_opts *opts)
{
	vq->features = opts->features;
	vq->size = opts->size;
	vq->mask = (uint16_t)(opts->size - 1);
	vq->side = opts->side;
	vq->packed = opts->layout == DPU_VIRTQ_PACKED;
	vq->event_idx = opts->features & DPU_VIRTIO_F_EVENT_IDX;
	vq->indirect = opts->features & DPU_VIRTIO_F_INDIRECT_DESC;
	vq->in_order = opts->features & DPU_VIRTIO_F_IN_ORDER;
	vq->iotlb = opts->memory && opts->features & DPU_VIRTIO_F_ACCESS_PLATFORM;
	vq->only_reads = opts->flags & DPU_VIRTQ_ONLY_READS;
	vq->tables = opts->indirect;
	vq->table_max = opts->indirect_max < opts->size ? opts->indirect_max : opts->size;
	vq->desc = opts->desc;
	vq->avail = opts->avail;
	vq->used = opts->used;
	if (vq->packed)
		packed_attach(vq);
	else
		split_attach(vq);
	vq->ops = engine(vq);
	vq->memory_at = memory_view_open(&vq->memory_view, opts->memory);
	vq->log_at = vq->side == DPU_VIRTQ_DRIVER ? &memory_identity : vq->memory_at;
	if (opts->log_memory)
		vq->log_at = memory_view_open(&vq->log_view, opts->log_memory);
}

void virtq_start(struct dpu_virtq *vq, const struct dpu_virtq_state *state)
{
	/* Zeroed rings ask for the first notification, with flags and with event indices alike. */
	vq->notified = true;
	vq->unannounced = 0;
	vq->batch = false;
	vq->error = NULL;
	vq->ops = engine(vq);
	vq->ops->start(vq, state);
}

struct dpu_virtq_state virtq_beginning(const struct dpu_virtq *vq)
{
	return (struct dpu_virtq_state){ .avail_wrap = vq->packed, .used_wrap = vq->packed };
}

static void virtq_destroy(struct dpu_virtq *vq)
{
	memory_view_close(&vq->memory_view);
	memory_view_close(&vq->log_view);
	inflight_close(vq);
	if (vq->side == DPU_VIRTQ_DRIVER)
		free(vq->driver);
	else
		free(vq->device);
	free(vq);
}

DEFINE_REF(dpu_virtq, virtq_destroy)

int dpu_virtq_create(const struct dpu_virtq_opts *user, struct dpu_virtq **ret)
{
	struct dpu_virtq_opts opts;
	struct dpu_virtq_state state;
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
	ref_init(&vq->ref);
	set_opts(vq, &opts);
	state = opts.state ? *opts.state : virtq_beginning(vq);
	if (vq->side == DPU_VIRTQ_DRIVER)
		vq->driver = calloc(vq->size, sizeof(*vq->driver));
	else
		vq->device = calloc(vq->size, sizeof(*vq->device));
	rc = vq->driver || vq->device ? 0 : -ENOMEM;
	if (rc == 0 && opts.inflight)
		rc = inflight_open(vq, opts.inflight, &state);
	if (rc < 0) {
		virtq_destroy(vq);
		return rc;
	}
	virtq_adopt(vq);
	virtq_start(vq, &state);
	/* Zeroed rings ask for notifications; whoever was here before may have asked for none. */
	if (opts.state || opts.inflight)
		vq->ops->wish(vq, true);
	*ret = vq;
	return 0;
}

static int stopped(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count)
{
	(void)vq;
	(void)chains;
	(void)count;
	return -EIO;
}

static int stopped_const(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	(void)vq;
	(void)chains;
	(void)count;
	return -EIO;
}

static void stopped_wish(struct dpu_virtq *vq, bool on)
{
	(void)vq;
	(void)on;
}

static bool stopped_wanted(struct dpu_virtq *vq, uint32_t unannounced)
{
	(void)vq;
	(void)unannounced;
	return false;
}

static int stopped_waiting(struct dpu_virtq *vq, bool any)
{
	(void)vq;
	(void)any;
	return -EIO;
}

/* In place of the engine, so that the data path need not ask whether the queue runs. */
static const struct virtq_ops stopped_ops = {
	.add = stopped_const,
	.get = stopped,
	.pop = stopped,
	.push = stopped_const,
	.wish = stopped_wish,
	.wanted = stopped_wanted,
	.waiting = stopped_waiting,
};

int virtq_stop(struct dpu_virtq *vq, const char *reason)
{
	vq->error = reason;
	vq->ops = &stopped_ops;
	return -EIO;
}

int virtq_wrong_side(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count)
{
	(void)vq;
	(void)chains;
	(void)count;
	return -EINVAL;
}

int virtq_wrong_side_const(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	(void)vq;
	(void)chains;
	(void)count;
	return -EINVAL;
}

/* Tells the maps which of their tables are still in use: that of new chains, and those of chains that are
 * out. */
static void hold(struct dpu_virtq *vq)
{
	const struct memory_table *memory = vq->memory, *log = vq->log;
	const struct virtq_epoch *epoch;

	for (epoch = &vq->epochs[1]; epoch <= &vq->epochs[VIRTQ_EPOCHS]; epoch++) {
		if (epoch->out && epoch->memory->generation < memory->generation)
			memory = epoch->memory;
		if (epoch->out && epoch->log->generation < log->generation)
			log = epoch->log;
	}
	memory_view_hold(&vq->memory_view, memory);
	memory_view_hold(&vq->log_view, log);
}

/* The epoch for chains from now on: a device side whose chains are out keeps the former for these. 0: none is
 * free, and the former tables stay in use until one is. */
static uint8_t next_epoch(struct dpu_virtq *vq)
{
	uint32_t i;

	if (!vq->epoch)
		return 1;
	vq->epochs[vq->epoch].out = vq->out - vq->former;
	if (vq->side == DPU_VIRTQ_DRIVER || !vq->epochs[vq->epoch].out)
		return vq->epoch;
	for (i = 1; i <= VIRTQ_EPOCHS; i++) {
		if (i != vq->epoch && !vq->epochs[i].out)
			return (uint8_t)i;
	}
	return 0;
}

void virtq_adopt(struct dpu_virtq *vq)
{
	uint8_t epoch = next_epoch(vq);

	if (!epoch)
		return;
	if (vq->side == DPU_VIRTQ_DEVICE && epoch != vq->epoch)
		vq->former = vq->out;
	vq->epoch = epoch;
	vq->memory = atomic_load_explicit(vq->memory_at, memory_order_acquire);
	vq->regions = vq->memory->regions;
	vq->log = atomic_load_explicit(vq->log_at, memory_order_acquire);
	vq->epochs[epoch].memory = vq->memory;
	vq->epochs[epoch].log = vq->log;
	vq->data_hint = vq->table_hint = vq->log_hint = 0;
	hold(vq);
}

int virtq_unmark(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		vq->device[chains[i].head].chain |= DEVICE_OUT;
	return -EINVAL;
}

void virtq_epochs_returned(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	uint32_t i, ended = 0;
	uint8_t epoch;

	for (i = 0; i < count; i++) {
		epoch = device_epoch(vq->device[chains[i].head].chain);
		if (epoch == vq->epoch)
			continue;
		vq->former--;
		ended += !--vq->epochs[epoch].out;
	}
	if (ended)
		hold(vq);
}

int dpu_virtq_add(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	return vq->ops->add(vq, chains, count);
}

int dpu_virtq_get(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count)
{
	return vq->ops->get(vq, chains, count);
}

int dpu_virtq_pop(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count)
{
	return vq->ops->pop(vq, chains, count);
}

int dpu_virtq_push(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	return vq->ops->push(vq, chains, count);
}

int dpu_virtq_miss(struct dpu_virtq *vq, uint64_t *addr, uint32_t *access)
{
	if (!vq->miss_access)
		return 0;
	if (addr)
		*addr = vq->miss_addr;
	if (access)
		*access = vq->miss_access;
	return 1;
}

int dpu_virtq_should_notify(struct dpu_virtq *vq)
{
	uint32_t count = vq->unannounced;

	if (!count)
		return 0;
	vq->unannounced = 0;
	return vq->ops->wanted(vq, count);
}

int dpu_virtq_notify(struct dpu_virtq *vq, int on)
{
	vq->notified = on;
	vq->ops->wish(vq, on);
	return vq->again || vq->ops->waiting(vq, true) != 0;
}

uint32_t dpu_virtq_pending(struct dpu_virtq *vq)
{
	int waiting = vq->ops->waiting(vq, false);

	return waiting < 0 ? 0 : vq->again + (uint32_t)waiting;
}

uint32_t dpu_virtq_room(struct dpu_virtq *vq)
{
	return vq->side == DPU_VIRTQ_DRIVER ? vq->free_count : vq->out;
}

const char *dpu_virtq_error(struct dpu_virtq *vq)
{
	return vq->error;
}
