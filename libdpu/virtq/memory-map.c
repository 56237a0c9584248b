/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A map takes its memory from calloc(3): a context and its allocator belong to another thread. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "virtq/memory-map.h"

/* Bounds what one peer's IOTLB messages can make this process keep. */
#define MAX_TRANSLATIONS 65536

struct dpu_memory_map {
	struct ref ref;
	pthread_mutex_t lock; /* of views, which come and go with queues, in their threads */
	memory_table_pointer table;
	struct memory_table *newest; /* the same table, first of the list of those not freed */
	struct memory_view *views;
};

/* Not address 0, which is no pointer. */
static const struct memory_region everything = {
	.addr = 1,
	.size = UINT64_MAX,
	.access = DPU_MEMORY_READ_WRITE,
};
static const struct memory_table identity = {
	.count = 1,
	.regions = (struct memory_region *)&everything,
};

const memory_table_pointer memory_identity = &identity;

static void copy_log(struct memory_table *table, const struct memory_table *from)
{
	table->log = from->log;
	table->log_pages = from->log_pages;
	table->log_mapping = from->log_mapping;
}

static struct memory_table *table_alloc(uint32_t count)
{
	struct memory_table *table;

	/* One at least, so that a hint of 0 always points at one. */
	count += !count;
	table = calloc(1, sizeof(*table) + count * (sizeof(table->regions[0]) + sizeof(table->by_ptr[0])));
	if (!table)
		return NULL;
	table->regions = (struct memory_region *)(void *)(table + 1);
	table->by_ptr = (uint32_t *)(void *)(table->regions + count);
	return table;
}

static void table_free(struct memory_table *table)
{
	uint32_t i;

	for (i = 0; i < table->count; i++)
		memory_mapping_unref(table->regions[i].mapping);
	memory_mapping_unref(table->log_mapping);
	free(table);
}

int dpu_memory_map_create(struct dpu_memory_map **ret)
{
	struct dpu_memory_map *map;

	map = calloc(1, sizeof(*map));
	if (!map)
		return -ENOMEM;
	map->newest = table_alloc(0);
	if (!map->newest) {
		free(map);
		return -ENOMEM;
	}
	atomic_init(&map->table, map->newest);
	pthread_mutex_init(&map->lock, NULL);
	ref_init(&map->ref);
	*ret = map;
	return 0;
}

static void memory_map_destroy(struct dpu_memory_map *map)
{
	struct memory_table *table, *older;

	for (table = map->newest; table; table = older) {
		older = table->older;
		table_free(table);
	}
	pthread_mutex_destroy(&map->lock);
	free(map);
}

DEFINE_REF(dpu_memory_map, memory_map_destroy)

/* Frees the tables that no view refers to; true when only the newest is left. */
static bool reap(struct dpu_memory_map *map)
{
	uint64_t held, oldest = map->newest->generation;
	struct memory_table *table, **link;
	struct memory_view *view;

	pthread_mutex_lock(&map->lock);
	for (view = map->views; view; view = view->next) {
		held = atomic_load_explicit(&view->held, memory_order_acquire);
		if (held < oldest)
			oldest = held;
	}
	pthread_mutex_unlock(&map->lock);
	for (link = &map->newest; (table = *link);) {
		if (table->generation >= oldest) {
			link = &table->older;
			continue;
		}
		*link = table->older;
		table_free(table);
	}
	return oldest == map->newest->generation;
}

static int compare_pointers(const void *a, const void *b, void *arg)
{
	const struct memory_table *table = arg;
	uint64_t left =
		table->regions[*(const uint32_t *)a].addr + table->regions[*(const uint32_t *)a].delta;
	uint64_t right =
		table->regions[*(const uint32_t *)b].addr + table->regions[*(const uint32_t *)b].delta;

	return (left > right) - (left < right);
}

static void sort_by_pointer(struct memory_table *table)
{
	const struct memory_region *region;
	uint64_t ptr, end = 0;
	uint32_t i;

	for (i = 0; i < table->count; i++)
		table->by_ptr[i] = i;
	qsort_r(table->by_ptr, table->count, sizeof(table->by_ptr[0]), compare_pointers, table);
	for (i = 0; i < table->count; i++) {
		region = &table->regions[table->by_ptr[i]];
		ptr = region->addr + region->delta;
		table->aliases |= i && ptr < end;
		end = ptr + region->size;
	}
}

/* Makes a table the map's, and that to which all queues turn. */
static void publish(struct dpu_memory_map *map, struct memory_table *table)
{
	uint32_t i;

	for (i = 0; i < table->count; i++)
		memory_mapping_ref(table->regions[i].mapping);
	memory_mapping_ref(table->log_mapping);
	sort_by_pointer(table);
	table->generation = map->newest->generation + 1;
	table->older = map->newest;
	map->newest = table;
	atomic_store_explicit(&map->table, table, memory_order_release);
	reap(map);
}

const memory_table_pointer *memory_view_open(struct memory_view *view, struct dpu_memory_map *map)
{
	view->map = map;
	if (!map)
		return &memory_identity;
	dpu_memory_map_ref(map);
	pthread_mutex_lock(&map->lock);
	/* Read under the lock: a table can be freed only by who has seen this view, or before it was the
	 * newest. */
	atomic_init(&view->held, atomic_load_explicit(&map->table, memory_order_acquire)->generation);
	view->next = map->views;
	map->views = view;
	pthread_mutex_unlock(&map->lock);
	return &map->table;
}

void memory_view_close(struct memory_view *view)
{
	struct dpu_memory_map *map = view->map;
	struct memory_view **link;

	if (!map)
		return;
	pthread_mutex_lock(&map->lock);
	for (link = &map->views; *link != view; link = &(*link)->next)
		;
	*link = view->next;
	pthread_mutex_unlock(&map->lock);
	dpu_memory_map_unref(map);
}

/* The number of regions that start at or below addr. */
static uint32_t regions_below(const struct memory_table *table, uint64_t addr)
{
	uint32_t low = 0, high = table->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (table->regions[middle].addr <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct memory_region *memory_table_find(const struct memory_table *table, uint32_t *hint, uint64_t addr)
{
	uint32_t i = *hint;

	if (i < table->count && memory_region_has(&table->regions[i], addr, 1))
		return &table->regions[i];
	i = regions_below(table, addr);
	if (!i || !memory_region_has(&table->regions[i - 1], addr, 1))
		return NULL;
	*hint = i - 1;
	return &table->regions[i - 1];
}

static bool has_pointer(const struct memory_region *region, const void *ptr)
{
	return (uint64_t)(uintptr_t)ptr - region->delta - region->addr < region->size;
}

const struct memory_region *memory_table_find_pointer(const struct memory_table *table, uint32_t *hint,
						      const void *ptr)
{
	uint32_t low = 0, high = table->count, middle, i = *hint;
	const struct memory_region *region;

	if (i < table->count && has_pointer(&table->regions[i], ptr))
		return &table->regions[i];
	if (table->aliases) {
		for (i = 0; i < table->count; i++) {
			if (has_pointer(&table->regions[i], ptr))
				goto found;
		}
		return NULL;
	}
	while (low < high) {
		middle = low + (high - low) / 2;
		i = table->by_ptr[middle];
		region = &table->regions[i];
		if (has_pointer(region, ptr))
			goto found;
		if (region->addr + region->delta < (uintptr_t)ptr)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
found:
	*hint = i;
	return &table->regions[i];
}

bool memory_table_log(const struct memory_table *table, uint64_t addr, uint64_t len)
{
	uint64_t page = addr / DPU_MEMORY_LOG_PAGE, last = (addr + (len - 1)) / DPU_MEMORY_LOG_PAGE;

	if (last >= table->log_pages)
		return false;
	/* Release: whoever takes the bit and copies the page finds there what was written before. */
	for (; page <= last; page++)
		__atomic_fetch_or(&table->log[page / 8], (uint8_t)(1 << page % 8), __ATOMIC_RELEASE);
	return true;
}

static bool range_valid(uint64_t addr, uint64_t size, const void *ptr)
{
	return size && addr <= UINT64_MAX - (size - 1) && (uintptr_t)ptr <= UINTPTR_MAX - (size - 1);
}

/* A table with the regions of old but for what they have in the range, and with room for one more. */
static struct memory_table *table_without(const struct memory_table *old, uint64_t addr, uint64_t size)
{
	uint64_t last = addr + (size - 1), end;
	struct memory_region *to, region;
	struct memory_table *table;
	uint32_t i;

	table = table_alloc(old->count + 2);
	if (!table)
		return NULL;
	copy_log(table, old);
	to = table->regions;
	for (i = 0; i < old->count; i++) {
		region = old->regions[i];
		end = region.addr + (region.size - 1);
		if (end < addr || region.addr > last) {
			*to++ = region;
			continue;
		}
		if (region.addr < addr) {
			*to = region;
			to++->size = addr - region.addr;
		}
		if (end > last) {
			*to = region;
			to->addr = last + 1;
			to++->size = end - last;
		}
	}
	table->count = (uint32_t)(to - table->regions);
	return table;
}

/* A table with the same regions, and no log. */
static struct memory_table *table_copy(const struct memory_table *from)
{
	struct memory_table *table = table_alloc(from->count);

	if (!table)
		return NULL;
	memcpy(table->regions, from->regions, from->count * sizeof(table->regions[0]));
	table->count = from->count;
	return table;
}

static void table_insert(struct memory_table *table, const struct memory_region *region)
{
	struct memory_region *at = &table->regions[regions_below(table, region->addr)];

	memmove(at + 1, at, (size_t)(&table->regions[table->count] - at) * sizeof(*at));
	*at = *region;
	table->count++;
}

/* Puts together what continues each other at another address, as translations of single pages do. */
static void table_merge(struct memory_table *table)
{
	const struct memory_region *region;
	struct memory_region *to;
	uint32_t i, count = 0;

	for (i = 0; i < table->count; i++) {
		region = &table->regions[i];
		to = &table->regions[count];
		if (count && to[-1].addr + to[-1].size == region->addr && to[-1].delta == region->delta &&
		    to[-1].access == region->access && to[-1].mapping == region->mapping)
			to[-1].size += region->size;
		else
			table->regions[count++] = *region;
	}
	table->count = count;
}

static int add_region(struct dpu_memory_map *map, const struct memory_region *region)
{
	const struct memory_table *old = map->newest;
	struct memory_table *table;
	uint32_t i;

	i = regions_below(old, region->addr);
	if (i && memory_region_has(&old->regions[i - 1], region->addr, 1))
		return -EEXIST;
	if (i < old->count && old->regions[i].addr - region->addr < region->size)
		return -EEXIST;
	if (old->count >= DPU_MEMORY_REGIONS)
		return -ENOSPC;
	table = table_without(old, region->addr, region->size);
	if (!table)
		return -ENOMEM;
	table_insert(table, region);
	publish(map, table);
	return 0;
}

int dpu_memory_map_add(struct dpu_memory_map *map, uint64_t addr, uint64_t size, void *ptr)
{
	return memory_map_add_mapping(map, addr, size, ptr, NULL);
}

int memory_map_add_mapping(struct dpu_memory_map *map, uint64_t addr, uint64_t size, void *ptr,
			   struct memory_mapping *mapping)
{
	struct memory_region region = {
		.addr = addr,
		.size = size,
		.delta = (uintptr_t)ptr - addr,
		.access = DPU_MEMORY_READ_WRITE,
		.mapping = mapping,
	};

	if (!ptr || !range_valid(addr, size, ptr))
		return -EINVAL;
	return add_region(map, &region);
}

int dpu_memory_map_add_fd(struct dpu_memory_map *map, uint64_t addr, uint64_t size, int fd, uint64_t offset)
{
	struct memory_mapping *mapping;
	void *ptr;
	int rc;

	if (!range_valid(addr, size, NULL))
		return -EINVAL;
	rc = memory_mapping_create(fd, offset, size, &mapping, &ptr);
	if (rc < 0)
		return rc;
	rc = memory_map_add_mapping(map, addr, size, ptr, mapping);
	/* The table has its own reference. */
	memory_mapping_unref(mapping);
	return rc;
}

int dpu_memory_map_add_iova(struct dpu_memory_map *map, uint64_t addr, uint64_t size, void *ptr,
			    enum dpu_memory_access access)
{
	struct memory_region region = {
		.addr = addr, .size = size, .delta = (uintptr_t)ptr - addr, .access = (uint32_t)access
	};
	struct memory_table *table;

	if (!ptr || !range_valid(addr, size, ptr) || !access || (uint32_t)access > DPU_MEMORY_READ_WRITE)
		return -EINVAL;
	table = table_without(map->newest, addr, size);
	if (!table)
		return -ENOMEM;
	table_insert(table, &region);
	table_merge(table);
	if (table->count > MAX_TRANSLATIONS) {
		free(table);
		return -ENOSPC;
	}
	publish(map, table);
	return 0;
}

int dpu_memory_map_remove(struct dpu_memory_map *map, uint64_t addr, uint64_t size)
{
	struct memory_table *table;
	uint32_t i;

	if (!range_valid(addr, size, NULL))
		return -EINVAL;
	i = regions_below(map->newest, addr + (size - 1));
	if (!i || map->newest->regions[i - 1].addr + (map->newest->regions[i - 1].size - 1) < addr)
		return -ENOENT;
	table = table_without(map->newest, addr, size);
	if (!table)
		return -ENOMEM;
	if (table->count > MAX_TRANSLATIONS) {
		free(table);
		return -ENOSPC;
	}
	publish(map, table);
	return 0;
}

int dpu_memory_map_replace(struct dpu_memory_map *map, const struct dpu_memory_map *from)
{
	struct memory_table *table = table_copy(from->newest);

	if (!table)
		return -ENOMEM;
	copy_log(table, map->newest);
	publish(map, table);
	return 0;
}

int dpu_memory_map_set_log(struct dpu_memory_map *map, void *log, size_t size)
{
	return memory_map_set_log_mapping(map, log, size, NULL);
}

int memory_map_set_log_mapping(struct dpu_memory_map *map, void *log, size_t size,
			       struct memory_mapping *mapping)
{
	struct memory_table *table;

	if (log && !size)
		return -EINVAL;
	table = table_copy(map->newest);
	if (!table)
		return -ENOMEM;
	table->log = log;
	table->log_pages = log ? (uint64_t)size * 8 : 0;
	table->log_mapping = mapping;
	publish(map, table);
	return 0;
}

int dpu_memory_map_settled(struct dpu_memory_map *map)
{
	return reap(map);
}

void *dpu_memory_map_find(const struct dpu_memory_map *map, uint64_t addr, uint64_t *got)
{
	const struct memory_region *region;
	uint32_t hint = 0;

	region = memory_table_find(map->newest, &hint, addr);
	if (!region)
		return NULL;
	if (got)
		*got = region->size - (addr - region->addr);
	return memory_region_pointer(region, addr);
}

uint32_t dpu_memory_map_count(const struct dpu_memory_map *map)
{
	return map->newest->count;
}
