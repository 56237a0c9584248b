/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtqueue's inside. The two sides of a split ring mirror each other: each publishes an index of its own,
 * reads its peer's, and both suppress notifications in the same way. So that part is common and is written in
 * terms of "own" and "peer"; the driver owns the available ring, the device the used ring. */
#ifndef DPU_VIRTQ_VIRTQ_H
#define DPU_VIRTQ_VIRTQ_H

#include <dpu/virtq.h>
#include <endian.h>
#include <stdbool.h>
#include "core/ref.h"
#include "virtq/memory-map.h"

/* 2.7.5: descriptors. */
#define VIRTQ_DESC_F_NEXT 1
#define VIRTQ_DESC_F_WRITE 2
#define VIRTQ_DESC_F_INDIRECT 4

/* 2.7.6 and 2.7.8: in the flags of the available and of the used ring, "do not notify me". */
#define VIRTQ_F_NO_NOTIFY 1

/* 2.7.5.3.1 and 2.7.5.2: no chain describes more than 2^32 bytes. */
#define VIRTQ_CHAIN_BYTES (UINT64_C(1) << 32)

struct virtq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct virtq_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[]; /* then used_event */
};

struct virtq_used_elem {
	uint32_t id;
	uint32_t len;
};

struct virtq_used {
	uint16_t flags;
	uint16_t idx;
	struct virtq_used_elem ring[]; /* then avail_event */
};

/* What the driver side knows of each descriptor; the table itself can be scribbled on by the device. */
struct driver_slot {
	void *cookie;
	uint32_t writable; /* of a head: bytes that the device may write */
	uint16_t last;     /* of a head: the chain's last descriptor */
	uint16_t count;    /* of a head: the chain's descriptors; 0: no chain starts here */
	uint16_t next;     /* in its chain, or in the list of free descriptors */
};

/* What the device side knows of each head. */
struct device_slot {
	uint32_t writable;
	bool out;
};

struct dpu_virtq {
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	struct dpu_memory_map *map;
	union {
		struct driver_slot *driver;
		struct device_slot *device;
	};

	/* Ring memory by who writes it. */
	uint16_t *own_flags, *own_idx, *own_event;
	const uint16_t *peer_flags, *peer_idx, *peer_event;

	uint32_t size;
	uint16_t mask;
	uint16_t next; /* own index: entries published */
	uint16_t last; /* entries of the peer's ring taken */
	uint16_t seen; /* peer's index when it was last read */
	uint16_t free_head;
	uint32_t free_count; /* driver side: free descriptors */
	uint32_t out; /* chains that the driver added and has not got back, or that the device has out */
	uint32_t unannounced; /* entries published since the last dpu_virtq_should_notify() */
	uint32_t data_hint;
	uint32_t table_hint;
	bool event_idx;
	bool indirect;
	bool notified; /* the peer is asked to notify */
	uint32_t side;
	const char *error;
	struct ref ref;
};

/* One read of memory that the peer may change at any time. */
static inline uint16_t ring_load16(const uint16_t *at)
{
	return le16toh(__atomic_load_n(at, __ATOMIC_RELAXED));
}

static inline uint32_t ring_load32(const uint32_t *at)
{
	return le32toh(__atomic_load_n(at, __ATOMIC_RELAXED));
}

static inline void ring_store16(uint16_t *at, uint16_t value)
{
	__atomic_store_n(at, htole16(value), __ATOMIC_RELAXED);
}

static inline void ring_store32(uint32_t *at, uint32_t value)
{
	__atomic_store_n(at, htole32(value), __ATOMIC_RELAXED);
}

static inline void ring_store64(uint64_t *at, uint64_t value)
{
	__atomic_store_n(at, htole64(value), __ATOMIC_RELAXED);
}

/* Stops the queue for good; returns -EIO. */
int virtq_stop(struct dpu_virtq *vq, const char *reason);

/* How many of the peer's entries wait; reads the peer's index again when none is known of, or when fresh is
 * set. -EIO when the index is nonsense. */
int virtq_waiting(struct dpu_virtq *vq, bool fresh);

/* Makes count more own entries visible to the peer. */
void virtq_publish(struct dpu_virtq *vq, uint32_t count);

/* Entries of the peer's ring were taken: keeps the event index up with them. */
void virtq_taken(struct dpu_virtq *vq);

int split_add(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count);
int split_get(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count);
int split_pop(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count);
int split_push(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count);

#endif
