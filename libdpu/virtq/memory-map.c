/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A map is made once, by the thread that sets a queue up, and is read by data-plane threads: it takes its
 * memory from calloc(3), because a context and its allocator belong to another thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/ref.h"
#include "virtq/memory-map.h"

/* vhost-user's limit of memory slots. */
#define MAX_REGIONS 509

struct region {
	uint64_t addr;
	uint64_t size;
	uint8_t *ptr;
};

struct dpu_memory_map {
	struct ref ref;
	atomic_bool frozen;
	uint32_t count;
	struct region regions[MAX_REGIONS]; /* by rising address, none overlaps another */
};

int dpu_memory_map_create(struct dpu_memory_map **ret)
{
	struct dpu_memory_map *map;

	map = calloc(1, sizeof(*map));
	if (!map)
		return -ENOMEM;
	ref_init(&map->ref);
	atomic_init(&map->frozen, false);
	*ret = map;
	return 0;
}

static void memory_map_destroy(struct dpu_memory_map *map)
{
	free(map);
}

DEFINE_REF(dpu_memory_map, memory_map_destroy)

void memory_map_freeze(struct dpu_memory_map *map)
{
	atomic_store_explicit(&map->frozen, true, memory_order_relaxed);
}

/* The number of regions that start at or below addr. */
static uint32_t regions_below(const struct dpu_memory_map *map, uint64_t addr)
{
	uint32_t low = 0, high = map->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (map->regions[middle].addr <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int dpu_memory_map_add(struct dpu_memory_map *map, uint64_t addr, uint64_t size, void *ptr)
{
	struct region *at;
	uint32_t i;

	if (atomic_load_explicit(&map->frozen, memory_order_relaxed))
		return -EBUSY;
	if (!size || !ptr || addr > UINT64_MAX - (size - 1) || (uintptr_t)ptr > UINTPTR_MAX - (size - 1))
		return -EINVAL;
	i = regions_below(map, addr);
	at = &map->regions[i];
	if (i && addr - at[-1].addr < at[-1].size)
		return -EEXIST;
	if (i < map->count && at->addr - addr < size)
		return -EEXIST;
	if (map->count == MAX_REGIONS)
		return -ENOSPC;
	memmove(at + 1, at, (map->count - i) * sizeof(*at));
	*at = (struct region){ .addr = addr, .size = size, .ptr = ptr };
	map->count++;
	return 0;
}

static bool in_region(const struct region *region, uint64_t addr)
{
	return addr >= region->addr && addr - region->addr < region->size;
}

void *memory_map_pointer(const struct dpu_memory_map *map, uint32_t *hint, uint64_t addr, uint64_t len,
			 uint64_t *got)
{
	const struct region *region;
	uint64_t offset;
	uint32_t i = *hint;

	if (!map) {
		*got = len;
		return addr <= UINTPTR_MAX ? (void *)(uintptr_t)addr : NULL;
	}
	if (i >= map->count || !in_region(&map->regions[i], addr)) {
		i = regions_below(map, addr);
		if (!i || !in_region(&map->regions[i - 1], addr))
			return NULL;
		*hint = --i;
	}
	region = &map->regions[i];
	offset = addr - region->addr;
	*got = len < region->size - offset ? len : region->size - offset;
	return region->ptr + offset;
}

static bool in_memory(const struct region *region, const void *ptr)
{
	uintptr_t start = (uintptr_t)region->ptr;

	return (uintptr_t)ptr >= start && (uintptr_t)ptr - start < region->size;
}

bool memory_map_address(const struct dpu_memory_map *map, uint32_t *hint, const void *ptr, uint64_t len,
			uint64_t *addr, uint64_t *got)
{
	const struct region *region;
	uint64_t offset;
	uint32_t i = *hint;

	if (!map) {
		*addr = (uintptr_t)ptr;
		*got = len;
		return true;
	}
	/* One by one: regions may show the same memory twice, so no order of pointers can be searched. */
	if (i >= map->count || !in_memory(&map->regions[i], ptr)) {
		for (i = 0; i < map->count && !in_memory(&map->regions[i], ptr); i++)
			;
		if (i == map->count)
			return false;
		*hint = i;
	}
	region = &map->regions[i];
	offset = (uintptr_t)ptr - (uintptr_t)region->ptr;
	*addr = region->addr + offset;
	*got = len < region->size - offset ? len : region->size - offset;
	return true;
}

bool memory_map_read(const struct dpu_memory_map *map, uint32_t *hint, uint64_t addr, void *buf, uint64_t len)
{
	uint8_t *to = buf;
	uint64_t got;
	void *from;

	for (; len; len -= got, addr += got, to += got) {
		from = memory_map_pointer(map, hint, addr, len, &got);
		if (!from)
			return false;
		memcpy(to, from, got);
	}
	return true;
}
