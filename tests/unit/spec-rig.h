/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What test-virtq-spec works on: memory in regions, and chains of buffers in it. */
#ifndef SPEC_RIG_H
#define SPEC_RIG_H

#include <dpu/virtq.h>
#include "ring-spec.h"
#include "tap.h"

#define BASE UINT64_C(0x7fff0000)
#define TABLES UINT64_C(0x4000000000)
#define SLOT 64
#define TABLE_BYTES ((SPEC_ELEMENTS + 1) * 16) /* of the model's tables, which are not aligned */
#define TABLE_MAX 4                            /* of the engine's */
#define BURST 64
#define REGIONS 24

static uint64_t state;

static uint32_t roll(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % n;
}

/* A chain as its driver made it; its address is the cookie. */
struct sent {
	struct iovec iov[SPEC_ELEMENTS]; /* an engine's driver */
	struct spec_chain chain;         /* what the model reads of it in the ring */
	uint32_t slots[SPEC_ELEMENTS];
	uint32_t count, reads, seed, written;
};

struct list {
	struct sent **at;
	uint32_t count;
};

static struct rig {
	struct spec_ring ring;
	struct spec_region regions[REGIONS];
	struct dpu_virtq *driver, *device; /* NULL: the model is that side */
	struct dpu_virtq_opts opts;        /* of the device */
	struct dpu_memory_map *map;
	uint8_t *memory, *tables;
	void *region; /* in flight, or NULL */
	uint32_t *slots, free_slots;
	uint32_t seed;
	struct list available, out, used;
	uint32_t again;      /* of the available, those that a former device had taken */
	uint32_t used_descs; /* of chains that are used and that the driver has not got */
	struct spec_place took, got;
	struct {
		struct spec_place from;
		uint32_t count;
		bool on, known; /* the wish for notifications */
	} told[2];
} rig;

static const char *wrong;

static bool expect(bool right, const char *what)
{
	if (!right && !wrong)
		wrong = what;
	return right;
}

static struct sent *take(struct list *list, uint32_t i)
{
	struct sent *sent = list->at[i];

	memmove(&list->at[i], &list->at[i + 1], (--list->count - i) * sizeof(list->at[0]));
	return sent;
}

/* Cuts memory into regions. In one of the spaces, addresses or pointers, they follow each other; in the other
 * they are in some order, with gaps between addresses. */
static void add_memory(uint64_t addr, uint8_t *ptr, uint32_t bytes, uint32_t pieces, bool pointers_follow)
{
	struct spec_region *regions = &rig.regions[rig.ring.region_count];
	uint32_t i, j, size, order[REGIONS];
	uint64_t offset = 0;

	for (i = 0; i < pieces; i++) {
		size = i + 1 < pieces ? bytes / (pieces - i) - roll(bytes / (pieces - i) / 2 + 1) : bytes;
		regions[i] = (struct spec_region){ addr + offset, size, ptr + offset };
		bytes -= size;
		offset += size;
		order[i] = i;
	}
	for (i = pieces, offset = 0; i--;) {
		j = roll(i + 1);
		size = order[j];
		order[j] = order[i];
		if (pointers_follow)
			regions[size].addr = addr + offset;
		else
			regions[size].ptr = ptr + offset;
		offset += regions[size].size + (pointers_follow ? roll(2) : 0);
	}
	rig.ring.region_count += pieces;
}

/* The pieces of memory that an element of the driver's program, or of a descriptor, has. */
static uint32_t cut_pointer(const struct iovec *iov, bool write, struct spec_element *to)
{
	uint8_t *ptr = iov->iov_base, *end = ptr + iov->iov_len;
	const struct spec_region *region;
	uint32_t n = 0;

	while (ptr < end) {
		for (region = rig.regions; ptr < region->ptr || ptr >= region->ptr + region->size; region++)
			;
		to[n].addr = region->addr + (uint64_t)(ptr - region->ptr);
		to[n].len = (uint32_t)(end < region->ptr + region->size ? end - ptr
									: region->ptr + region->size - ptr);
		to[n].write = write;
		ptr += to[n++].len;
	}
	return n;
}

static uint32_t cut_element(const struct spec_element *element, struct iovec *to)
{
	uint64_t addr = element->addr, left = element->len, got;
	uint32_t n = 0;

	for (; left; left -= got, addr += got) {
		to[n].iov_base = spec_pointer(&rig.ring, addr, &got);
		if (got > left)
			got = left;
		to[n++].iov_len = got;
	}
	return n;
}

/* What the device sees of a chain. */
static struct dpu_virtq_chain view(const struct spec_chain *chain, struct iovec *iov)
{
	struct dpu_virtq_chain ret = { .iov = iov, .head = (uint16_t)chain->id };
	uint32_t i, n;

	for (i = 0; i < chain->count; i++) {
		n = cut_element(&chain->elements[i], iov);
		iov += n;
		if (chain->elements[i].write)
			ret.write_count = (uint16_t)(ret.write_count + n);
		else
			ret.read_count = (uint16_t)(ret.read_count + n);
	}
	return ret;
}

static void pattern(uint8_t *bytes, size_t count, uint32_t seed)
{
	for (; count--; seed = seed * 1664525 + 1013904223)
		*bytes++ = (uint8_t)(seed >> 24);
}

#define CHAIN_BYTES (SPEC_ELEMENTS * SLOT)

/* 1 byte to SLOT, or what is left of the slot. */
static uint32_t some_len(uint32_t *offset)
{
	*offset = roll(4) ? roll(SLOT) : 0;
	return roll(4) ? 1 + roll(SLOT - *offset) : SLOT - *offset;
}

static struct sent *new_sent(uint32_t count)
{
	struct sent *sent = calloc(1, sizeof(*sent));
	uint32_t i, pick;

	must(sent);
	sent->count = count;
	sent->reads = roll(4) ? roll(count + 1) : roll(2) * count;
	sent->seed = ++rig.seed * 2654435761u;
	for (i = 0; i < count; i++) {
		pick = roll(rig.free_slots);
		sent->slots[i] = rig.slots[pick];
		rig.slots[pick] = rig.slots[--rig.free_slots];
	}
	return sent;
}

static void free_sent(struct sent *sent)
{
	uint32_t i;

	for (i = 0; i < sent->count; i++)
		rig.slots[rig.free_slots++] = sent->slots[i];
	free(sent);
}

static uint32_t some_count(void)
{
	uint32_t max = rig.ring.size < 6 ? rig.ring.size : 6;

	if (roll(16) == 0)
		max = rig.ring.size < SPEC_ELEMENTS / 2 ? rig.ring.size : SPEC_ELEMENTS / 2;
	return roll(3) ? 1 : 1 + roll(max);
}

/* For an engine's driver: returns how many descriptors a chain takes without a table. */
static uint32_t make_elements(struct sent *sent)
{
	struct spec_element *to = sent->chain.elements;
	uint8_t bytes[CHAIN_BYTES];
	uint32_t i, offset, len, n = 0;

	pattern(bytes, sizeof(bytes), sent->seed);
	for (i = 0, len = 0; i < sent->count; i++) {
		sent->iov[i].iov_len = some_len(&offset);
		sent->iov[i].iov_base = rig.memory + sent->slots[i] * SLOT + offset;
		if (i < sent->reads)
			memcpy(sent->iov[i].iov_base, bytes + len, sent->iov[i].iov_len);
		len += (uint32_t)sent->iov[i].iov_len;
		n += cut_pointer(&sent->iov[i], i >= sent->reads, to + n);
	}
	sent->chain.count = n;
	return n;
}

/* For the model's driver. */
static void make_descs(struct sent *sent)
{
	struct spec_element *to = sent->chain.elements;
	uint8_t bytes[CHAIN_BYTES];
	struct iovec iov[SLOT];
	uint32_t i, j, n, offset;
	size_t done = 0;

	pattern(bytes, sizeof(bytes), sent->seed);
	sent->chain.count = sent->count;
	for (i = 0; i < sent->count; i++) {
		to[i].len = roll(32) ? some_len(&offset) : (offset = 0);
		to[i].addr = BASE + sent->slots[i] * SLOT + offset;
		to[i].write = i >= sent->reads;
		n = to[i].write ? 0 : cut_element(&to[i], iov);
		for (j = 0; j < n; j++) {
			memcpy(iov[j].iov_base, bytes + done, iov[j].iov_len);
			done += iov[j].iov_len;
		}
	}
}

static bool same_elements(const struct spec_chain *a, const struct spec_chain *b)
{
	uint32_t i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++) {
		if (a->elements[i].addr != b->elements[i].addr || a->elements[i].len != b->elements[i].len ||
		    a->elements[i].write != b->elements[i].write)
			return false;
	}
	return true;
}

static void make_memory(bool engine_driver)
{
	uint32_t i, slots = 2 * rig.ring.size + 4 * SPEC_ELEMENTS, pieces = 12;
	size_t bytes = (size_t)slots * TABLE_BYTES;

	rig.memory = malloc((size_t)slots * SLOT);
	rig.slots = malloc(slots * sizeof(rig.slots[0]));
	rig.tables = aligned_alloc(16, bytes);
	must(rig.memory && rig.slots && rig.tables);
	rig.free_slots = slots;
	for (i = 0; i < slots; i++)
		rig.slots[i] = i;
	add_memory(BASE, rig.memory, slots * SLOT, pieces, engine_driver);
	add_memory(TABLES, rig.tables, (uint32_t)bytes, engine_driver ? 1 : 3, engine_driver);
	must(dpu_memory_map_create(&rig.map) == 0);
	for (i = 0; i < rig.ring.region_count; i++)
		must(dpu_memory_map_add(rig.map, rig.regions[i].addr, rig.regions[i].size,
					rig.regions[i].ptr) == 0);
	rig.available.at = calloc(rig.ring.size, sizeof(struct sent *));
	rig.out.at = calloc(rig.ring.size, sizeof(struct sent *));
	rig.used.at = calloc(rig.ring.size, sizeof(struct sent *));
	must(rig.available.at && rig.out.at && rig.used.at);
}

#endif
