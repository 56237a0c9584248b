/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/memory.h
 * @brief Memory maps: from the addresses that a driver writes into descriptors to this process's memory.
 *
 * A map is a set of regions. It may change while queues use it: each queue takes the new regions at its next
 * burst and needs no lock for that (only a device side with chains out from 255 former states of the map
 * waits for one of these to be returned). Chains that a device side has taken before keep their pointers; so
 * memory that was removed must stay readable and writable until dpu_memory_map_settled() says that no queue
 * refers to it any more. What dpu_memory_map_add_fd() mapped is unmapped by the map itself, then.
 *
 * A queue with VIRTIO_F_ACCESS_PLATFORM uses a map as its IOTLB: an address that is not in it is not an error
 * but a miss, which dpu_virtq_miss() tells; once the translation has been added (dpu_memory_map_add_iova()),
 * the queue goes on where it was.
 *
 * Source: VIRTIO 1.2, section 2.6; QEMU's vhost-user specification: memory regions, IOMMU support, migration
 * (the dirty log).
 *
 * Thread rule: the calls on a map belong to one thread at a time. Queues that use it may run in other threads
 * meanwhile.
 */
#ifndef DPU_MEMORY_H
#define DPU_MEMORY_H

#include <dpu/export.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A map from the addresses in descriptors to this process's memory. */
struct dpu_memory_map;

/** The most regions that dpu_memory_map_add() and dpu_memory_map_add_fd() make: vhost-user's limit. */
#define DPU_MEMORY_REGIONS 509
/** Bytes that one bit of the dirty log stands for. */
#define DPU_MEMORY_LOG_PAGE 4096

/** What a device may do with memory; numbers as in Linux's vhost interface (VHOST_ACCESS_*). */
enum dpu_memory_access {
	DPU_MEMORY_READ = 1,                 /**< The device may read. */
	DPU_MEMORY_WRITE = 2,                /**< The device may write. */
	DPU_MEMORY_READ_WRITE = 3,           /**< Both. */
	DPU_MEMORY_ACCESS_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/**
 * @brief Makes an empty memory map.
 * @param ret The map, to be released with dpu_memory_map_unref(). Untouched on failure.
 * @return 0, or -ENOMEM.
 */
DPU_PUBLIC int dpu_memory_map_create(struct dpu_memory_map **ret);

/**
 * @brief Takes one more reference.
 * @param map A map.
 * @return map.
 */
DPU_PUBLIC struct dpu_memory_map *dpu_memory_map_ref(struct dpu_memory_map *map);

/**
 * @brief Drops a reference. A queue holds one.
 * @param map A map, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_memory_map *dpu_memory_map_unref(struct dpu_memory_map *map);

/**
 * @brief Adds a region that the device may read and write.
 * @param map A map.
 * @param addr First address of the region, as descriptors write it.
 * @param size Bytes, not 0.
 * @param ptr Where the region is in this process. The memory stays the caller's.
 * @return 0, or a negative errno, nothing changed: -EINVAL size is 0, ptr is NULL or the region wraps;
 *  -EEXIST it overlaps another; -ENOSPC there are DPU_MEMORY_REGIONS already; -ENOMEM.
 */
DPU_PUBLIC int dpu_memory_map_add(struct dpu_memory_map *map, uint64_t addr, uint64_t size, void *ptr);

/**
 * @brief Adds a region that is part of a file, and maps that, shared, into this process.
 * @param map A map.
 * @param addr First address of the region, as descriptors write it.
 * @param size Bytes, not 0. Need not be whole pages.
 * @param fd A file: a memfd, a file in hugetlbfs, ... The caller may close it afterwards.
 * @param offset Where the region starts in the file. Need not be at a page's start.
 * @return 0, or a negative errno, nothing changed: those of dpu_memory_map_add(); -EINVAL the file ends
 * before the region does; what fstat(2) and mmap(2) say.
 */
DPU_PUBLIC int dpu_memory_map_add_fd(struct dpu_memory_map *map, uint64_t addr, uint64_t size, int fd,
				     uint64_t offset);

/**
 * @brief Adds a translation to a map that is used as an IOTLB, in place of what it said of these addresses.
 * Translations that continue each other become one.
 * @param map A map.
 * @param addr First address, as descriptors write it.
 * @param size Bytes, not 0.
 * @param ptr Where they are in this process. The memory stays the caller's.
 * @param access What the device may do: an enum dpu_memory_access.
 * @return 0, or a negative errno, nothing changed: -EINVAL as for dpu_memory_map_add(), or access is none;
 *  -ENOSPC there are 65536 translations; -ENOMEM.
 */
DPU_PUBLIC int dpu_memory_map_add_iova(struct dpu_memory_map *map, uint64_t addr, uint64_t size, void *ptr,
				       enum dpu_memory_access access);

/**
 * @brief Removes a range of addresses; regions that reach beyond it are cut.
 * @param map A map.
 * @param addr First address.
 * @param size Bytes, not 0.
 * @return 0, or a negative errno, nothing changed: -EINVAL size is 0 or the range wraps; -ENOENT no region is
 *  there; -ENOSPC cutting one would make too many; -ENOMEM.
 */
DPU_PUBLIC int dpu_memory_map_remove(struct dpu_memory_map *map, uint64_t addr, uint64_t size);

/**
 * @brief Puts all regions of another map in place of a map's own, at once: no queue ever sees a mixture.
 * The dirty log stays as it was.
 * @param map The map that changes.
 * @param from The map to take the regions from; it keeps them too. May be empty.
 * @return 0, or -ENOMEM, nothing changed.
 */
DPU_PUBLIC int dpu_memory_map_replace(struct dpu_memory_map *map, const struct dpu_memory_map *from);

/**
 * @brief Starts, changes or ends the dirty log: device sides set, with an atomic or, the bit of each page
 * that they write to, after the writing: bit N % 8 of byte N / 8 for the page at address N *
 * DPU_MEMORY_LOG_PAGE.
 *
 * What is logged: used chains, the bytes that were written of each, and the rings, as far as these lie in the
 * map. Queues log from their next burst on; dpu_memory_map_settled() tells when all do.
 * @param map A map.
 * @param log The log, which stays the caller's; NULL ends it.
 * @param size Bytes of the log. A queue that writes to a page beyond them stops.
 * @return 0, or a negative errno, nothing changed: -EINVAL log without size; -ENOMEM.
 */
DPU_PUBLIC int dpu_memory_map_set_log(struct dpu_memory_map *map, void *log, size_t size);

/**
 * @brief Tells whether every queue has taken the last change and has returned the chains that were taken
 * before it. Memory that was removed may go then.
 * @param map A map.
 * @return 1 or 0.
 */
DPU_PUBLIC int dpu_memory_map_settled(struct dpu_memory_map *map);

/**
 * @brief Finds an address.
 * @param map A map.
 * @param addr The address.
 * @param got Receives how many bytes follow there in one piece. Untouched when there are none.
 * @return Where it is in this process; NULL when no region has it.
 */
DPU_PUBLIC void *dpu_memory_map_find(const struct dpu_memory_map *map, uint64_t addr, uint64_t *got);

/**
 * @brief Tells how many regions a map has.
 * @param map A map.
 * @return The count.
 */
DPU_PUBLIC uint32_t dpu_memory_map_count(const struct dpu_memory_map *map);

#ifdef __cplusplus
}
#endif

#endif
