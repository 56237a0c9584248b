/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtqueue's inside. Both sides of both layouts have the same shape: each publishes entries of its own at
 * "next", takes its peer's at "last", and both suppress notifications in the same way. So that part is
 * written in terms of "own" and "peer": in split rings the driver owns the available ring and the device the
 * used ring, in a packed ring each owns the descriptors that it writes next. */
#ifndef DPU_VIRTQ_VIRTQ_H
#define DPU_VIRTQ_VIRTQ_H

#include <dpu/virtq.h>
#include "core/ref.h"
#include "virtq/memory-map.h"
#include "virtq/ring.h"

/* What the driver side knows of each chain, by head or buffer ID; the ring itself can be scribbled on by the
 * device. What is written together is one word: the loops are bound by how many stores wait for cache lines.
 */
struct driver_slot {
	void *cookie;
	/* Bytes that the device may write; from bit 32 the chain's descriptors in the ring; from bit 48,
	 * split, its last descriptor. 0: no chain. */
	uint64_t chain;
	uint16_t next; /* split: in its chain, or in the list of those that are free; packed: see
			  packed-driver.c */
};

static inline uint64_t driver_chain(uint32_t writable, uint32_t count, uint16_t last)
{
	return writable | (uint64_t)count << 32 | (uint64_t)last << 48;
}

static inline uint32_t driver_writable(uint64_t chain)
{
	return (uint32_t)chain;
}

static inline uint16_t driver_count(uint64_t chain)
{
	return (uint16_t)(chain >> 32);
}

static inline uint16_t driver_last(uint64_t chain)
{
	return (uint16_t)(chain >> 48);
}

/* What the device side knows of each chain that is out. */
struct device_slot {
	uint64_t taken; /* how many chains were taken before */
	/* Bytes that the device may write; from bit 32, packed, the chain's descriptors in the ring; from bit
	 * 48 the epoch in which it was taken; bit 63: OUT. */
	uint64_t chain;
};

#define DEVICE_OUT (UINT64_C(1) << 63)

static inline uint64_t device_chain(uint32_t writable, uint32_t count, uint8_t epoch)
{
	return writable | (uint64_t)count << 32 | (uint64_t)epoch << 48 | DEVICE_OUT;
}

static inline uint32_t device_writable(uint64_t chain)
{
	return (uint32_t)chain;
}

static inline uint16_t device_count(uint64_t chain)
{
	return (uint16_t)(chain >> 32);
}

static inline uint8_t device_epoch(uint64_t chain)
{
	return (uint8_t)(chain >> 48);
}

static inline bool device_out(uint64_t chain)
{
	return chain & DEVICE_OUT;
}

/* Chains that a device side took while it used the same memory tables. As many as a slot can tell apart. */
#define VIRTQ_EPOCHS 255
struct virtq_epoch {
	const struct memory_table *memory;
	const struct memory_table *log;
	uint32_t out;
};

struct virtq_ops {
	/* The four calls of the data path. */
	int (*add)(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count);
	int (*get)(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count);
	int (*pop)(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count);
	int (*push)(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count);
	/* Writes the wish to be notified of the next buffer, or of none. */
	void (*wish)(struct dpu_virtq *vq, bool on);
	/* Whether the peer wants to know of the entries published last, which are unannounced. */
	bool (*wanted)(struct dpu_virtq *vq, uint32_t unannounced);
	/* Buffers of the peer that wait: as many as there are, or whether there is any; -EIO for nonsense. */
	int (*waiting)(struct dpu_virtq *vq, bool any);
	/* Goes to a position. */
	void (*start)(struct dpu_virtq *vq, const struct dpu_virtq_state *state);
};

struct dpu_virtq {
	const struct virtq_ops *ops;
	union {
		struct virtq_desc *desc;
		struct pvirtq_desc *ring;
	};
	struct virtq_avail *avail;
	struct virtq_used *used;
	union {
		struct driver_slot *driver;
		struct device_slot *device;
	};

	/* Ring memory by who writes it. */
	uint16_t *own_flags, *own_idx, *own_event;
	const uint16_t *peer_flags, *peer_idx, *peer_event;
	uint32_t *own_events, *peer_events; /* packed */

	/* Addresses to pointers. */
	const memory_table_pointer *memory_at;
	const memory_table_pointer *log_at;
	const struct memory_table *memory;
	const struct memory_region *regions; /* memory's */
	const struct memory_table *log;
	uint32_t data_hint;
	uint32_t table_hint;

	uint32_t size;
	uint16_t mask;       /* split: size - 1 */
	uint16_t next;       /* entries published, or where the next one will be */
	uint16_t last;       /* the peer's entries taken, or where the next one is */
	uint16_t seen;       /* split: the peer's index when it was last read */
	uint16_t next_flags; /* packed: AVAIL and USED of an own entry at next ... */
	uint16_t last_flags; /* ... and of the peer's at last */
	uint16_t free_head;  /* split driver side: first of the free slots */
	uint8_t epoch;
	bool event_idx;
	bool indirect;
	bool in_order;
	bool iotlb;
	bool only_reads; /* device side: no descriptor of a chain is for writing */
	bool packed;
	bool notified;       /* the peer is asked to notify */
	uint32_t free_slots; /* packed driver side: how many */
	uint32_t free_count; /* driver side: free descriptors */
	uint32_t out; /* chains that the driver added and has not got back, or that the device has out */
	uint32_t out_descs;   /* packed device side: their descriptors in the ring */
	uint32_t unannounced; /* entries published since the last dpu_virtq_should_notify() */
	uint64_t taken;       /* device side: chains taken */
	uint64_t returned;    /* device side: chains returned */
	uint32_t former;      /* device side: chains out that were taken in former epochs */
	uint32_t again;       /* device side: chains of a former one to be taken again */

	/* Driver side, in order: the batch that the last used entry told of is not all got yet. */
	bool batch;
	uint16_t batch_id;
	uint32_t batch_len;

	struct virtq_desc *tables; /* driver side: an indirect table for each slot */
	uint32_t table_max;

	struct inflight *inflight;
	struct virtq_epoch epochs[VIRTQ_EPOCHS + 1]; /* from 1 */
	uint32_t log_hint;

	/* Beside the data path. */
	struct memory_view memory_view;
	struct memory_view log_view;
	uint64_t features;
	uint64_t miss_addr;
	uint32_t miss_access; /* 0: no miss */
	uint32_t side;
	const char *error;
	struct ref ref;
};

extern const struct virtq_ops virtq_split_driver, virtq_split_device, virtq_packed_driver,
	virtq_packed_device;

/* Stops the queue; returns -EIO. */
int virtq_stop(struct dpu_virtq *vq, const char *reason);

/* In the tables of operations for what the other side does: -EINVAL. */
int virtq_wrong_side(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count);
int virtq_wrong_side_const(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count);

/* The state in which a ring begins. */
struct dpu_virtq_state virtq_beginning(const struct dpu_virtq *vq);

/* Lets the engine run from a position on. */
void virtq_start(struct dpu_virtq *vq, const struct dpu_virtq_state *state);

/* Driver side whose device has gone: where another one goes on, which takes all chains again that the first
 * has not returned, from the ring or, with a region, from its in-flight region. Whatever the first one
 * wished, this one is notified. How many chains are out, or a negative errno: -EIO the queue has stopped;
 * -ENOTRECOVERABLE the ring does not tell of all of them any more; -ENOMEM. */
int virtq_resume(struct dpu_virtq *vq, bool region, struct dpu_virtq_state *state);

/* Entries were published: remembers them for the next question whether to notify. */
static inline void virtq_published(struct dpu_virtq *vq, uint32_t count)
{
	vq->unannounced = vq->unannounced > UINT32_MAX - count ? UINT32_MAX : vq->unannounced + count;
}

/* Takes the newest memory tables, if they have changed. */
void virtq_adopt(struct dpu_virtq *vq);

static inline bool virtq_stale(const struct dpu_virtq *vq)
{
	return atomic_load_explicit(vq->memory_at, memory_order_relaxed) != vq->memory ||
	       atomic_load_explicit(vq->log_at, memory_order_relaxed) != vq->log;
}

static inline void virtq_refresh(struct dpu_virtq *vq)
{
	if (ring_unlikely(virtq_stale(vq)))
		virtq_adopt(vq);
}

static inline void virtq_forget_miss(struct dpu_virtq *vq)
{
	if (ring_unlikely(vq->miss_access))
		vq->miss_access = 0;
}

/* The device side's books: a burst has been taken. */
static inline void virtq_took(struct dpu_virtq *vq, uint32_t count)
{
	vq->taken += count;
	vq->out += count;
}

/* Takes the marks of the first chains of a burst away; returns -EINVAL. */
int virtq_unmark(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count);

/* Marks a burst as returned, all of it or, with -EINVAL, none. */
static inline int virtq_mark(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	uint64_t i, head, chain, size = vq->size, returned = vq->returned;
	struct device_slot *slots = vq->device;
	bool in_order = vq->in_order;

	for (i = 0; i < count; i++) {
		head = chains[i].head;
		if (ring_unlikely(head >= size))
			return virtq_unmark(vq, chains, (uint32_t)i);
		chain = slots[head].chain;
		if (ring_unlikely(!device_out(chain) || chains[i].written > device_writable(chain) ||
				  (in_order && slots[head].taken != returned + i)))
			return virtq_unmark(vq, chains, (uint32_t)i);
		slots[head].chain = chain & ~DEVICE_OUT;
	}
	return 0;
}

/* Chains of a burst were taken before the last change of memory. */
void virtq_epochs_returned(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count);

/* A burst has been returned. */
static inline void virtq_returned(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	vq->out -= count;
	vq->returned += count;
	if (ring_unlikely(vq->former))
		virtq_epochs_returned(vq, chains, count);
}

#endif
