/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses in descriptors to pointers and back, while the map may change.
 *
 * A map points at a table, which never changes. A change makes a new table and swaps the pointer; whoever
 * uses a table is registered with the map by a view, which tells the oldest table that it still refers to.
 * The map frees a table, and unmaps what only that had mapped, once no view is that far back. So a queue
 * finds out that its table is old by one load, and takes no lock. */
#ifndef DPU_VIRTQ_MEMORY_MAP_H
#define DPU_VIRTQ_MEMORY_MAP_H

#include <dpu/memory.h>
#include <stdatomic.h>
#include <stdbool.h>
#include "core/ref.h"

/* Memory that add_fd() mapped: as long as a region in some table shows it. */
struct memory_mapping {
	struct ref ref;
	void *ptr;
	size_t size;
	size_t page; /* bytes of a page of the file */
	/* Guarded: the file has ended before the mapping did, and empty memory is in its place. */
	atomic_bool broken;
	int alarm; /* a duplicate of the eventfd that is told then; -1: not guarded */
	int fd;    /* the file, for who wants to pass it on; closed with the mapping; -1: not kept */
};

struct memory_region {
	uint64_t addr;
	uint64_t size;
	uint64_t delta; /* to be added to an address to make a pointer */
	uint32_t access;
	uint32_t reserved;
	struct memory_mapping *mapping; /* NULL: the caller's memory */
};

struct memory_table {
	uint64_t generation;
	struct memory_table *older; /* not freed yet, in the map's list */
	uint8_t *log;               /* NULL: no dirty log */
	uint64_t log_pages;
	struct memory_mapping *log_mapping; /* NULL: the caller's memory */
	uint32_t count;
	bool aliases;                  /* some memory is shown at two addresses: by_ptr cannot be searched */
	struct memory_region *regions; /* by rising address, none overlaps another; at least one to look at */
	uint32_t *by_ptr;              /* numbers of regions, by rising pointer */
};

typedef _Atomic(const struct memory_table *) memory_table_pointer;

struct memory_view {
	struct dpu_memory_map *map;
	atomic_uint_fast64_t held; /* generation of the oldest table in use */
	struct memory_view *next;
};

/* The table of those who use no map: every address is a pointer. */
extern const memory_table_pointer memory_identity;

/* Registers a view, which holds a reference of the map; returns where the map keeps its table. map may be
 * NULL. */
const memory_table_pointer *memory_view_open(struct memory_view *view, struct dpu_memory_map *map);
void memory_view_close(struct memory_view *view);

/* Tables older than this one are no longer in use. */
static inline void memory_view_hold(struct memory_view *view, const struct memory_table *table)
{
	/* Release: what was read and written through older tables comes before. */
	if (view->map)
		atomic_store_explicit(&view->held, table->generation, memory_order_release);
}

static inline bool memory_region_has(const struct memory_region *region, uint64_t addr, uint64_t len)
{
	uint64_t offset = addr - region->addr;

	return offset < region->size && len <= region->size - offset;
}

static inline bool memory_region_allows(const struct memory_region *region, bool write)
{
	_Static_assert(DPU_MEMORY_READ == 1 && DPU_MEMORY_WRITE == 2, "bits of access");
	return region->access >> write & 1;
}

static inline void *memory_region_pointer(const struct memory_region *region, uint64_t addr)
{
	return (void *)(uintptr_t)(addr + region->delta);
}

/* The region that has addr, or NULL. The hint belongs to the caller: the number of the region that was right
 * last time, tried first. */
const struct memory_region *memory_table_find(const struct memory_table *table, uint32_t *hint,
					      uint64_t addr);

/* The inverse: the region that has ptr. */
const struct memory_region *memory_table_find_pointer(const struct memory_table *table, uint32_t *hint,
						      const void *ptr);

/* Sets the bits of the pages from addr to addr + len; false when the log ends before. len is not 0. */
bool memory_table_log(const struct memory_table *table, uint64_t addr, uint64_t len);

/* dpu_memory_map_add() of memory that a table holds by its mapping. */
int memory_map_add_mapping(struct dpu_memory_map *map, uint64_t addr, uint64_t size, void *ptr,
			   struct memory_mapping *mapping);
/* dpu_memory_map_set_log() likewise. */
int memory_map_set_log_mapping(struct dpu_memory_map *map, void *log, size_t size,
			       struct memory_mapping *mapping);

/* Maps part of a file, see dpu_memory_map_add_fd(): what was mapped, and where the part starts in it. */
int memory_mapping_create(int fd, uint64_t offset, uint64_t size, struct memory_mapping **ret, void **ptr);
struct memory_mapping *memory_mapping_ref(struct memory_mapping *mapping);
void memory_mapping_unref(struct memory_mapping *mapping);

/* Keeps a mapping usable when its file ends before it: instead of SIGBUS there is empty memory, broken is set
 * and alarm, an eventfd, is told. 0 or a negative errno. */
int memory_guard(struct memory_mapping *mapping, int alarm);
void memory_unguard(struct memory_mapping *mapping);

#endif
