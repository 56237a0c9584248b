/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses in descriptors to pointers and back. Every function takes a hint, which belongs to the caller:
 * the region that was right last time, tried first. */
#ifndef DPU_VIRTQ_MEMORY_MAP_H
#define DPU_VIRTQ_MEMORY_MAP_H

#include <dpu/virtq.h>
#include <stdbool.h>

/* No region may be added any more. */
void memory_map_freeze(struct dpu_memory_map *map);

/* Where addr is in this process, and how many of the len bytes (not 0) follow there without a gap; NULL when
 * addr is outside the map. map NULL: addresses are pointers. */
void *memory_map_pointer(const struct dpu_memory_map *map, uint32_t *hint, uint64_t addr, uint64_t len,
			 uint64_t *got);

/* The inverse; false when ptr is in no region. */
bool memory_map_address(const struct dpu_memory_map *map, uint32_t *hint, const void *ptr, uint64_t len,
			uint64_t *addr, uint64_t *got);

/* Copies len bytes at addr, which may lie across regions; false when one of them is outside the map. */
bool memory_map_read(const struct dpu_memory_map *map, uint32_t *hint, uint64_t addr, void *buf,
		     uint64_t len);

#endif
