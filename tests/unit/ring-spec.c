/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ring-spec.h"
#include <endian.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>

#define AVAIL (1 << VRING_PACKED_DESC_F_AVAIL)
#define USED (1 << VRING_PACKED_DESC_F_USED)
#define NO_NOTIFY 1

static struct vring_desc *split_desc(const struct spec_ring *ring, uint32_t i)
{
	return (struct vring_desc *)ring->desc + i;
}

static struct vring_packed_desc *packed_desc(const struct spec_ring *ring, uint32_t i)
{
	return (struct vring_packed_desc *)ring->desc + i;
}

static __virtio16 *avail_event(const struct spec_ring *ring)
{
	return (__virtio16 *)(void *)&((struct vring_used *)ring->used)->ring[ring->size];
}

static __virtio16 *used_event(const struct spec_ring *ring)
{
	return &((struct vring_avail *)ring->avail)->ring[ring->size];
}

static bool wrong(struct spec_ring *ring, const char *what)
{
	if (!ring->wrong)
		ring->wrong = what;
	return false;
}

struct spec_place spec_advance(const struct spec_ring *ring, struct spec_place place, uint32_t count)
{
	while (count--) {
		place.at++;
		if (ring->packed && place.at == ring->size) {
			place.at = 0;
			place.wrap = !place.wrap;
		}
	}
	return place;
}

uint8_t *spec_pointer(const struct spec_ring *ring, uint64_t addr, uint64_t *got)
{
	const struct spec_region *region;
	uint32_t i;

	for (i = 0; i < ring->region_count; i++) {
		region = &ring->regions[i];
		if (addr >= region->addr && addr - region->addr < region->size) {
			*got = region->size - (addr - region->addr);
			return region->ptr + (addr - region->addr);
		}
	}
	return NULL;
}

static bool load(struct spec_ring *ring, uint64_t addr, void *to, uint32_t len)
{
	uint64_t got;
	uint8_t *at;
	uint32_t i;

	for (i = 0; i < len; i++) {
		at = spec_pointer(ring, addr + i, &got);
		if (!at)
			return wrong(ring, "an indirect table outside the driver's memory");
		((uint8_t *)to)[i] = *at;
	}
	return true;
}

static void store(struct spec_ring *ring, uint64_t addr, const void *from, uint32_t len)
{
	uint64_t got;
	uint32_t i;

	for (i = 0; i < len; i++)
		*spec_pointer(ring, addr + i, &got) = ((const uint8_t *)from)[i];
}

/* A ring in which count descriptors have passed looks so: those before the place have been used in this lap,
 * the others in the lap before. */
void spec_begin(struct spec_ring *ring, struct spec_place place)
{
	uint32_t i;

	for (i = 0; ring->packed && i < ring->size; i++)
		packed_desc(ring, i)->flags = htole16((i < place.at) == place.wrap ? AVAIL | USED : 0);
	if (!ring->packed) {
		((struct vring_avail *)ring->avail)->idx = htole16(place.at);
		((struct vring_used *)ring->used)->idx = htole16(place.at);
	}
	ring->next_avail = ring->next_used = place;
	ring->chains = calloc(ring->size, sizeof(*ring->chains));
	ring->taken = calloc(ring->size, sizeof(*ring->taken));
	ring->order = calloc(ring->size, sizeof(*ring->order));
	ring->first = ring->count = ring->descs = 0;
	ring->next_desc = place.at == 0 ? 0 : -1;
	ring->batch = false;
	ring->wrong = NULL;
	if (!ring->chains || !ring->taken || !ring->order)
		abort();
}

void spec_end(struct spec_ring *ring)
{
	free(ring->chains);
	free(ring->taken);
	free(ring->order);
}

static bool add_element(struct spec_ring *ring, struct spec_chain *chain, uint64_t addr, uint32_t len,
			uint16_t flags)
{
	bool write = flags & VRING_DESC_F_WRITE;

	/* 2.7.5.3.1, 2.8.19: "longer than the Queue Size". */
	if (chain->count == ring->size || chain->count == SPEC_ELEMENTS)
		return wrong(ring, "a chain is too long");
	if (!write && chain->count && chain->elements[chain->count - 1].write)
		return wrong(ring, "an element to read after one to write");
	chain->elements[chain->count++] = (struct spec_element){ addr, len, write };
	chain->writable += write ? len : 0;
	return true;
}

static bool read_split_table(struct spec_ring *ring, struct spec_chain *chain, uint64_t addr, uint32_t len)
{
	struct vring_desc d;
	uint32_t i = 0;

	do {
		if (i >= len / sizeof(d))
			return wrong(ring, "a chain leaves its indirect table");
		if (!load(ring, addr + i * sizeof(d), &d, sizeof(d)))
			return false;
		if (le16toh(d.flags) & VRING_DESC_F_INDIRECT)
			return wrong(ring, "an indirect table in an indirect table");
		if (!add_element(ring, chain, le64toh(d.addr), le32toh(d.len), le16toh(d.flags)))
			return false;
		if (ring->in_order && le16toh(d.flags) & VRING_DESC_F_NEXT && le16toh(d.next) != i + 1)
			return wrong(ring, "an indirect table that is not in order");
		i = le16toh(d.next);
	} while (le16toh(d.flags) & VRING_DESC_F_NEXT);
	return true;
}

static bool read_packed_table(struct spec_ring *ring, struct spec_chain *chain, uint64_t addr, uint32_t len)
{
	struct vring_packed_desc d;
	uint32_t i;

	for (i = 0; i < len / sizeof(d); i++) {
		if (!load(ring, addr + i * sizeof(d), &d, sizeof(d)))
			return false;
		if (ring->strict && le16toh(d.flags) & ~VRING_DESC_F_WRITE)
			return wrong(ring, "a flag but WRITE in an indirect table");
		if (!add_element(ring, chain, le64toh(d.addr), le32toh(d.len), le16toh(d.flags)))
			return false;
	}
	return true;
}

static bool read_table(struct spec_ring *ring, struct spec_chain *chain, uint64_t addr, uint32_t len,
		       uint16_t flags)
{
	if (!ring->indirect)
		return wrong(ring, "an indirect descriptor that was not negotiated");
	if (flags & VRING_DESC_F_NEXT)
		return wrong(ring, "INDIRECT and NEXT in one descriptor");
	if (!len || len % sizeof(struct vring_desc))
		return wrong(ring, "an indirect table of some length");
	return ring->packed ? read_packed_table(ring, chain, addr, len)
			    : read_split_table(ring, chain, addr, len);
}

static bool read_split_chain(struct spec_ring *ring, struct spec_chain *chain, uint32_t at)
{
	const struct vring_desc *d;
	uint16_t flags;

	do {
		if (at >= ring->size)
			return wrong(ring, "a descriptor outside the table");
		if (ring->taken[at])
			return wrong(ring, "a descriptor is in two chains");
		if (ring->in_order && ring->strict && ring->next_desc >= 0 && at != (uint32_t)ring->next_desc)
			return wrong(ring, "descriptors are not used in ring order");
		ring->next_desc = (int)((at + 1) % ring->size);
		ring->taken[at] = true;
		chain->at[chain->descs++] = (uint16_t)at;
		d = split_desc(ring, at);
		flags = le16toh(d->flags);
		if (flags & VRING_DESC_F_INDIRECT)
			return read_table(ring, chain, le64toh(d->addr), le32toh(d->len), flags);
		if (!add_element(ring, chain, le64toh(d->addr), le32toh(d->len), flags))
			return false;
		at = le16toh(d->next);
	} while (flags & VRING_DESC_F_NEXT);
	return true;
}

static bool packed_is_available(const struct spec_ring *ring, struct spec_place place)
{
	uint16_t flags = le16toh(packed_desc(ring, place.at)->flags);

	return !!(flags & AVAIL) == place.wrap && !!(flags & USED) != place.wrap;
}

static bool packed_is_used(const struct spec_ring *ring, struct spec_place place)
{
	uint16_t flags = le16toh(packed_desc(ring, place.at)->flags);

	return !!(flags & AVAIL) == place.wrap && !!(flags & USED) == place.wrap;
}

static bool read_packed_chain(struct spec_ring *ring, struct spec_chain *chain, struct spec_place place)
{
	const struct vring_packed_desc *d;
	uint16_t flags;

	do {
		if (ring->descs + chain->descs++ == ring->size)
			return wrong(ring, "more descriptors than the ring has");
		if (!packed_is_available(ring, place))
			return wrong(ring, "a chain goes on in a descriptor that is not available");
		d = packed_desc(ring, place.at);
		flags = le16toh(d->flags);
		place = spec_advance(ring, place, 1);
		if (flags & VRING_DESC_F_INDIRECT) {
			if (chain->descs != 1)
				return wrong(ring, "an indirect descriptor after others");
			if (!read_table(ring, chain, le64toh(d->addr), le32toh(d->len), flags))
				return false;
		} else if (!add_element(ring, chain, le64toh(d->addr), le32toh(d->len), flags)) {
			return false;
		}
	} while (flags & VRING_DESC_F_NEXT);
	chain->id = le16toh(d->id);
	return true;
}

bool spec_is_available(const struct spec_ring *ring)
{
	if (ring->packed)
		return ring->descs < ring->size && packed_is_available(ring, ring->next_avail);
	return le16toh(((struct vring_avail *)ring->avail)->idx) != ring->next_avail.at;
}

bool spec_is_used(const struct spec_ring *ring)
{
	if (ring->batch)
		return true;
	if (ring->packed)
		return ring->count && packed_is_used(ring, ring->next_used);
	return le16toh(((struct vring_used *)ring->used)->idx) != ring->next_used.at;
}

struct spec_chain *spec_read_available(struct spec_ring *ring)
{
	const struct vring_avail *avail = ring->avail;
	struct spec_chain chain = { .available = true };
	bool right;

	if (!spec_is_available(ring))
		return NULL;
	if (!ring->packed && (uint16_t)(le16toh(avail->idx) - ring->next_avail.at) > ring->size) {
		wrong(ring, "the available index is ahead by more than the ring's size");
		return NULL;
	}
	if (ring->packed) {
		right = read_packed_chain(ring, &chain, ring->next_avail);
	} else {
		chain.id = le16toh(avail->ring[ring->next_avail.at % ring->size]);
		right = read_split_chain(ring, &chain, chain.id);
	}
	if (right && (chain.id >= ring->size || ring->chains[chain.id].available))
		right = wrong(ring, "an ID that is none, or in use");
	if (!right)
		return NULL;
	ring->next_avail = spec_advance(ring, ring->next_avail, ring->packed ? chain.descs : 1);
	ring->descs += chain.descs;
	ring->order[(ring->first + ring->count++) % ring->size] = chain.id;
	ring->chains[chain.id] = chain;
	return &ring->chains[chain.id];
}

/* The used entry that is next: which chain, and how long. */
static void read_entry(struct spec_ring *ring)
{
	const struct vring_used *used = ring->used;
	const struct vring_packed_desc *d;

	if (ring->packed) {
		d = packed_desc(ring, ring->next_used.at);
		ring->batch_id = le16toh(d->id);
		/* 2.8.5: the length is reserved without WRITE. */
		ring->batch_len = le16toh(d->flags) & VRING_DESC_F_WRITE ? le32toh(d->len) : 0;
	} else {
		ring->batch_id = le32toh(used->ring[ring->next_used.at % ring->size].id);
		ring->batch_len = le32toh(used->ring[ring->next_used.at % ring->size].len);
	}
}

static void forget(struct spec_ring *ring, uint32_t id)
{
	uint32_t i, j;

	for (i = 0; ring->order[(ring->first + i) % ring->size] != id; i++)
		;
	for (j = i; j > 0; j--)
		ring->order[(ring->first + j) % ring->size] = ring->order[(ring->first + j - 1) % ring->size];
	ring->first = (ring->first + 1) % ring->size;
	ring->count--;
}

struct spec_chain *spec_read_used(struct spec_ring *ring)
{
	struct spec_chain *chain;
	uint32_t i, id;

	if (!spec_is_used(ring))
		return NULL;
	if (!ring->batch)
		read_entry(ring);
	if (ring->batch_id >= ring->size || !ring->chains[ring->batch_id].available) {
		wrong(ring, "a used entry names no chain");
		return NULL;
	}
	id = ring->in_order ? ring->order[ring->first] : ring->batch_id;
	chain = &ring->chains[id];
	ring->batch = id != ring->batch_id;
	chain->written = ring->batch ? (uint32_t)chain->writable : ring->batch_len;
	chain->available = false;
	if (chain->written > chain->writable) {
		wrong(ring, "more is written than there is room for");
		return NULL;
	}
	for (i = 0; !ring->packed && i < chain->descs; i++)
		ring->taken[chain->at[i]] = false;
	ring->descs -= chain->descs;
	forget(ring, id);
	ring->next_used = spec_advance(ring, ring->next_used, ring->packed ? chain->descs : 1);
	if (ring->batch && !ring->packed &&
	    le16toh(((struct vring_used *)ring->used)->idx) == ring->next_used.at)
		wrong(ring, "the used index ends within a batch");
	return chain;
}

static void write_table(struct spec_ring *ring, const struct spec_element *elements, uint32_t count,
			uint64_t addr)
{
	struct vring_packed_desc p;
	struct vring_desc d;
	uint32_t i;

	for (i = 0; i < count; i++) {
		/* Packed: all flags but WRITE are reserved, and ignored, and so is the ID. */
		p.addr = htole64(elements[i].addr);
		p.len = htole32(elements[i].len);
		p.id = htole16((uint16_t)ring->roll(65536));
		p.flags = htole16((uint16_t)((ring->roll(65536) & ~(uint32_t)VRING_DESC_F_WRITE) |
					     (elements[i].write ? VRING_DESC_F_WRITE : 0)));
		d.addr = p.addr;
		d.len = p.len;
		d.flags = htole16((uint16_t)((elements[i].write ? VRING_DESC_F_WRITE : 0) |
					     (i + 1 < count ? VRING_DESC_F_NEXT : 0)));
		d.next = htole16((uint16_t)(i + 1 < count ? i + 1 : ring->roll(65536)));
		store(ring, addr + i * sizeof(d), ring->packed ? (void *)&p : (void *)&d, sizeof(d));
	}
}

static uint32_t any_free(const struct spec_ring *ring)
{
	uint32_t at =
		ring->in_order && ring->next_desc >= 0 ? (uint32_t)ring->next_desc : ring->roll(ring->size);

	while (ring->taken[at])
		at = (at + 1) % ring->size;
	return at;
}

/* What a descriptor of the ring says, the i-th of a chain. 2.7.5.3.2: WRITE is ignored beside INDIRECT. */
static struct spec_element describe(struct spec_ring *ring, const struct spec_chain *chain,
				    struct spec_how how, uint32_t i, uint16_t *flags)
{
	struct spec_element element;

	if (i < how.direct) {
		element = chain->elements[i];
		*flags = element.write ? VRING_DESC_F_WRITE : 0;
		*flags |= i + 1 < chain->count ? VRING_DESC_F_NEXT : 0;
		return element;
	}
	*flags = (uint16_t)(VRING_DESC_F_INDIRECT | (ring->roll(2) ? VRING_DESC_F_WRITE : 0));
	write_table(ring, chain->elements + i, chain->count - i, how.table);
	return (struct spec_element){ how.table, (uint32_t)((chain->count - i) * sizeof(struct vring_desc)),
				      false };
}

static void write_split(struct spec_ring *ring, const struct spec_chain *chain, struct spec_how how,
			uint32_t descs)
{
	struct vring_avail *avail = ring->avail;
	struct spec_element element;
	uint32_t at[SPEC_ELEMENTS], i;
	struct vring_desc *d;
	uint16_t flags;
	int next_desc = ring->next_desc;

	for (i = 0; i < descs; i++) {
		at[i] = any_free(ring);
		ring->taken[at[i]] = true;
		ring->next_desc = (int)((at[i] + 1) % ring->size);
	}
	ring->next_desc = next_desc;
	for (i = 0; i < descs; i++) {
		ring->taken[at[i]] = false;
		element = describe(ring, chain, how, i, &flags);
		d = split_desc(ring, at[i]);
		d->addr = htole64(element.addr);
		d->len = htole32(element.len);
		d->flags = htole16(flags);
		d->next = htole16((uint16_t)(i + 1 < descs ? at[i + 1] : ring->roll(65536)));
	}
	avail->ring[ring->next_avail.at % ring->size] = htole16((uint16_t)at[0]);
	avail->idx = htole16((uint16_t)(ring->next_avail.at + 1));
}

static void write_packed(struct spec_ring *ring, const struct spec_chain *chain, struct spec_how how,
			 uint32_t descs)
{
	struct spec_place place = ring->next_avail;
	struct spec_element element;
	struct vring_packed_desc *d;
	uint32_t i, id = ring->roll(ring->size);
	uint16_t flags, first = 0;

	while (ring->chains[id].available)
		id = (id + 1) % ring->size;
	for (i = 0; i < descs; i++) {
		element = describe(ring, chain, how, i, &flags);
		flags |= place.wrap ? AVAIL : USED;
		d = packed_desc(ring, place.at);
		d->addr = htole64(element.addr);
		d->len = htole32(element.len);
		d->id = htole16((uint16_t)(i + 1 < descs ? ring->roll(65536) : id));
		if (i)
			d->flags = htole16(flags);
		else
			first = flags;
		place = spec_advance(ring, place, 1);
	}
	packed_desc(ring, ring->next_avail.at)->flags = htole16(first);
}

bool spec_write_available(struct spec_ring *ring, const struct spec_chain *chain, struct spec_how how)
{
	uint32_t descs = how.direct + (how.direct < chain->count);

	if (descs > ring->size - ring->descs)
		return false;
	if (ring->packed)
		write_packed(ring, chain, how, descs);
	else
		write_split(ring, chain, how, descs);
	return true;
}

/* Descriptors that an entry passes over: those of its chains. */
static uint32_t used_descs(const struct spec_ring *ring, const struct spec_used *used, uint32_t before)
{
	uint32_t i, descs = 0;

	if (!ring->in_order)
		return ring->chains[used->id].descs;
	for (i = 0; i < used->chains; i++)
		descs += ring->chains[ring->order[(ring->first + before + i) % ring->size]].descs;
	return descs;
}

static void write_packed_used(struct spec_ring *ring, const struct spec_used *used, struct spec_place place)
{
	struct vring_packed_desc *d = packed_desc(ring, place.at);

	d->id = htole16((uint16_t)used->id);
	d->len = htole32(used->len);
	d->flags =
		htole16((uint16_t)((place.wrap ? AVAIL | USED : 0) | (used->len ? VRING_DESC_F_WRITE : 0)));
	/* Reserved then. Drivers in the field read it all the same where there was something to write. */
	if (!ring->chains[used->id].writable)
		d->len = htole32(ring->roll(65536));
}

void spec_write_used(struct spec_ring *ring, const struct spec_used *used, uint32_t count)
{
	struct vring_used *split = ring->used;
	struct spec_place place = ring->next_used;
	uint32_t i, before = 0;

	for (i = 0; i < count; i++) {
		if (ring->packed) {
			write_packed_used(ring, &used[i], place);
			place = spec_advance(ring, place, used_descs(ring, &used[i], before));
		} else {
			split->ring[place.at % ring->size].id = htole32(used[i].id);
			split->ring[place.at % ring->size].len = htole32(used[i].len);
			place = spec_advance(ring, place, used[i].chains);
		}
		before += used[i].chains;
	}
	if (!ring->packed)
		split->idx = htole16(place.at);
}

void spec_write_wish(struct spec_ring *ring, enum spec_side side, enum spec_wish wish,
		     struct spec_place place)
{
	struct vring_packed_desc_event *events = side == SPEC_DRIVER ? ring->avail : ring->used;
	struct vring_avail *avail = ring->avail;
	struct vring_used *used = ring->used;
	uint16_t flags = wish == SPEC_NONE ? NO_NOTIFY : 0;

	if (ring->packed) {
		events->off_wrap =
			htole16((uint16_t)(place.at | place.wrap << VRING_PACKED_EVENT_F_WRAP_CTR));
		events->flags =
			htole16((uint16_t)(wish == SPEC_PLACE ? VRING_PACKED_EVENT_FLAG_DESC : flags));
		return;
	}
	/* 2.7.7.2, 2.7.10.2: each is ignored when the other is in use. */
	if (ring->event_idx)
		flags = (uint16_t)ring->roll(2);
	if (side == SPEC_DRIVER) {
		avail->flags = htole16(flags);
		*used_event(ring) = htole16(place.at);
	} else {
		used->flags = htole16(flags);
		*avail_event(ring) = htole16(place.at);
	}
}

bool spec_must_notify(const struct spec_ring *ring, enum spec_side side, struct spec_place from,
		      uint32_t count)
{
	const struct vring_packed_desc_event *events = side == SPEC_DRIVER ? ring->used : ring->avail;
	uint16_t flags, event, off_wrap;
	bool driver = side == SPEC_DRIVER;

	if (ring->packed) {
		flags = le16toh(events->flags);
		off_wrap = le16toh(events->off_wrap);
		for (; count--; from = spec_advance(ring, from, 1)) {
			if (flags == VRING_PACKED_EVENT_FLAG_ENABLE)
				return true;
			if (flags == VRING_PACKED_EVENT_FLAG_DESC &&
			    (from.at | from.wrap << VRING_PACKED_EVENT_F_WRAP_CTR) == off_wrap)
				return true;
		}
		return false;
	}
	flags = le16toh(driver ? ((struct vring_used *)ring->used)->flags
			       : ((struct vring_avail *)ring->avail)->flags);
	event = le16toh(driver ? *avail_event(ring) : *used_event(ring));
	for (; count--; from = spec_advance(ring, from, 1)) {
		if (ring->event_idx ? from.at == event : !(flags & NO_NOTIFY))
			return true;
	}
	return false;
}
