/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtqueue as the specification tells it: the rings' bytes, read and written one field at a time, without
 * anything that makes it fast. It is neither side: what a driver and a device write is read from the ring,
 * and what either could have written can be written. Shares nothing with the library.
 *
 * Source: VIRTIO 1.2, 2.7 (split), 2.8 (packed), 2.9 (driver notifications); <linux/virtio_ring.h>. */
#ifndef RING_SPEC_H
#define RING_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPEC_ELEMENTS 24

enum spec_side { SPEC_DRIVER, SPEC_DEVICE };

/* An index that counts on to 65535 (split), or a place in the ring with its wrap counter (packed). */
struct spec_place {
	uint16_t at;
	bool wrap;
};

struct spec_element {
	uint64_t addr;
	uint32_t len;
	bool write;
};

struct spec_chain {
	struct spec_element elements[SPEC_ELEMENTS];
	uint32_t count;
	uint32_t id;                /* of the first descriptor, or the buffer ID */
	uint32_t descs;             /* descriptors of the ring */
	uint32_t written;           /* by the device */
	uint64_t writable;          /* bytes */
	bool available;             /* made available and not used yet */
	uint16_t at[SPEC_ELEMENTS]; /* split: which descriptors */
};

/* Memory of the driver: addresses in descriptors, and where that is. */
struct spec_region {
	uint64_t addr;
	uint64_t size;
	uint8_t *ptr;
};

struct spec_ring {
	bool packed, indirect, event_idx, in_order;
	bool strict; /* the driver must also obey what a device has to tolerate */
	uint32_t size;
	void *desc, *avail, *used; /* or the packed ring, driver and device event suppression */
	const struct spec_region *regions;
	uint32_t region_count;
	uint32_t (*roll)(uint32_t n); /* picks one of n where the specification leaves it open */

	struct spec_place next_avail, next_used; /* where entries are read, or written, next */
	struct spec_chain *chains;               /* by ID */
	bool *taken;                             /* split: descriptors that are part of a chain */
	uint32_t *order;                         /* IDs in the order in which they were made available ... */
	uint32_t first, count;                   /* ... from the first on, in a circle */
	uint32_t descs;                          /* of all of them */
	int next_desc;                           /* split, in order; -1: not known yet */
	bool batch;                              /* in order: what the last used entry told of goes on ... */
	uint32_t batch_id, batch_len;            /* ... up to this chain */
	const char *wrong;                       /* what of the specification was not kept to */
};

/* How one chain is to be made available. */
struct spec_how {
	uint32_t direct; /* elements that have a descriptor in the ring */
	uint64_t table;  /* address of an indirect table for the rest */
};

/* One used entry: the last chain of a batch, and how many chains it tells of. */
struct spec_used {
	uint32_t id, len, chains;
};

/* The options that matter are set in ring; makes the rest, and the ring, as they are at a place. */
void spec_begin(struct spec_ring *ring, struct spec_place place);
void spec_end(struct spec_ring *ring);

/* Reads what was made available, or used, next. NULL: nothing yet, or the ring is wrong. */
struct spec_chain *spec_read_available(struct spec_ring *ring);
struct spec_chain *spec_read_used(struct spec_ring *ring);

/* Whether there is another. */
bool spec_is_available(const struct spec_ring *ring);
bool spec_is_used(const struct spec_ring *ring);

/* Makes a chain available, if its descriptors are free: true. It is to be read before the next is. */
bool spec_write_available(struct spec_ring *ring, const struct spec_chain *chain, struct spec_how how);

/* Writes used entries and publishes them together. */
void spec_write_used(struct spec_ring *ring, const struct spec_used *used, uint32_t count);

/* Writes a side's wish: to be told of the other's entry at a place, of all, or of none. */
enum spec_wish { SPEC_NONE, SPEC_ALL, SPEC_PLACE };
void spec_write_wish(struct spec_ring *ring, enum spec_side side, enum spec_wish wish,
		     struct spec_place place);

/* Whether a side that has published count entries from a place on must tell the other. Entries are those of
 * the available or used ring, or descriptors. */
bool spec_must_notify(const struct spec_ring *ring, enum spec_side side, struct spec_place from,
		      uint32_t count);

/* count entries further. */
struct spec_place spec_advance(const struct spec_ring *ring, struct spec_place place, uint32_t count);

/* Where an address is; NULL: nowhere. got: what follows there in one piece. */
uint8_t *spec_pointer(const struct spec_ring *ring, uint64_t addr, uint64_t *got);

#endif
