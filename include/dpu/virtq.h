/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/virtq.h
 * @brief Virtqueues: rings of buffers between a driver and a device, as pure memory.
 *
 * One engine, two sides. The driver side makes chains available (dpu_virtq_add()) and gets them back used
 * (dpu_virtq_get()); the device side takes available chains (dpu_virtq_pop()) and returns them used
 * (dpu_virtq_push()). Each call moves a burst and publishes once. Nothing here makes a system call or needs
 * a context: how a side tells the other (eventfd, busy polling) is the caller's.
 *
 * The other side is not trusted. Every index, length and address that it wrote is read once and checked; a
 * bad ring stops that queue with an error and touches nothing outside the memory map.
 *
 * Source: Virtual I/O Device (VIRTIO) 1.2, sections 2.6 (virtqueues) and 2.7 (split virtqueues).
 *
 * Thread rule: each side of a queue is an object of its own, owned by one thread at a time. A memory map
 * must not change while a queue uses it.
 */
#ifndef DPU_VIRTQ_H
#define DPU_VIRTQ_H

#include <dpu/export.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One side of a virtqueue. */
struct dpu_virtq;
/** A map from the addresses in descriptors to this process's memory. */
struct dpu_memory_map;

/** Layout of a virtqueue. */
enum dpu_virtq_layout {
	DPU_VIRTQ_SPLIT = 0,                /**< Descriptor table, available ring, used ring. */
	DPU_VIRTQ_PACKED = 1,               /**< One descriptor ring; not in this version. */
	DPU_VIRTQ_LAYOUT_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** Side of a virtqueue. */
enum dpu_virtq_side {
	DPU_VIRTQ_DRIVER = 0,             /**< Makes buffers available. */
	DPU_VIRTQ_DEVICE = 1,             /**< Uses buffers. */
	DPU_VIRTQ_SIDE_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** Feature bit: descriptors may point to tables of descriptors (VIRTIO_F_INDIRECT_DESC). */
#define DPU_VIRTIO_F_INDIRECT_DESC (UINT64_C(1) << 28)
/** Feature bit: notifications are asked for by index (VIRTIO_F_EVENT_IDX). */
#define DPU_VIRTIO_F_EVENT_IDX (UINT64_C(1) << 29)
/** Feature bit: little-endian rings (VIRTIO_F_VERSION_1); always on. */
#define DPU_VIRTIO_F_VERSION_1 (UINT64_C(1) << 32)

/** Options of dpu_virtq_create(). */
struct dpu_virtq_opts {
	size_t sz;                     /**< Set by DPU_OPTS(). */
	uint64_t features;             /**< DPU_VIRTIO_F_* negotiated. */
	void *desc;                    /**< Descriptor table, 16 bytes an entry, aligned to 16. */
	void *avail;                   /**< Available ring (driver area), aligned to 2. */
	void *used;                    /**< Used ring (device area), aligned to 4. */
	struct dpu_memory_map *memory; /**< How addresses in descriptors are read; NULL: as pointers. */
	uint32_t layout;               /**< enum dpu_virtq_layout. */
	uint32_t side;                 /**< enum dpu_virtq_side. */
	uint32_t size;                 /**< Number of descriptors: a power of two, 2 to 32768. */
	uint32_t reserved;             /**< Zero. */
};

/**
 * A chain of buffers. The elements that the device reads come first, then those it writes.
 *
 * Driver side: dpu_virtq_add() reads iov, read_count, write_count and cookie; dpu_virtq_get() sets cookie and
 * written. Device side: the caller gives iov with room for iov_max elements; dpu_virtq_pop() sets them,
 * read_count, write_count and head; dpu_virtq_push() reads head and written.
 */
struct dpu_virtq_chain {
	struct iovec *iov;    /**< Elements. */
	void *cookie;         /**< The driver's own mark of the chain. */
	uint32_t iov_max;     /**< Elements that iov has room for. */
	uint32_t written;     /**< Bytes that the device wrote. */
	uint16_t read_count;  /**< Elements that the device reads. */
	uint16_t write_count; /**< Elements that the device writes. */
	uint16_t head;        /**< The ring's name of the chain. */
	uint16_t reserved;    /**< Zero. */
};

/**
 * @brief Makes an empty memory map.
 * @param ret The map, to be released with dpu_memory_map_unref(). Untouched on failure.
 * @return 0, or -ENOMEM.
 */
DPU_PUBLIC int dpu_memory_map_create(struct dpu_memory_map **ret);

/**
 * @brief Adds a region.
 * @param map A map that no queue uses yet.
 * @param addr First address of the region, as descriptors write it.
 * @param size Bytes, not 0.
 * @param ptr Where the region is in this process. Must stay valid as long as the map.
 * @return 0, or a negative errno: -EINVAL size is 0, ptr is NULL or the region wraps; -EEXIST it overlaps
 * another; -ENOSPC there are 509 already; -EBUSY a queue uses the map; -ENOMEM.
 */
DPU_PUBLIC int dpu_memory_map_add(struct dpu_memory_map *map, uint64_t addr, uint64_t size, void *ptr);

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
 * @brief Tells how much memory a ring takes, laid out in the order descriptor table, available ring, used
 * ring, each aligned as the specification asks (the used ring to 4096, as legacy drivers do).
 * @param layout The layout.
 * @param size Number of descriptors.
 * @param avail_offset Receives where the available ring starts; may be NULL. Untouched on failure.
 * @param used_offset Receives where the used ring starts; may be NULL. Untouched on failure.
 * @return Bytes, or a negative errno: -EINVAL no ring has that size; -EOPNOTSUPP the layout.
 */
DPU_PUBLIC int dpu_virtq_ring_size(enum dpu_virtq_layout layout, uint32_t size, size_t *avail_offset,
				   size_t *used_offset);

/**
 * @brief Makes one side of a queue over ring memory that both sides share. The driver side starts with every
 * descriptor free and writes nothing but what it adds; the memory must be zero before the first side starts.
 * @param opts What to make; the memory stays the caller's and must outlive the queue.
 * @param ret The queue, to be released with dpu_virtq_unref(). Untouched on failure.
 * @return 0, or a negative errno: -EINVAL a size, side or pointer is wrong or misaligned; -EOPNOTSUPP the
 *  layout or a feature; -ENOMEM.
 */
DPU_PUBLIC int dpu_virtq_create(const struct dpu_virtq_opts *opts, struct dpu_virtq **ret);

/**
 * @brief Takes one more reference.
 * @param vq A queue.
 * @return vq.
 */
DPU_PUBLIC struct dpu_virtq *dpu_virtq_ref(struct dpu_virtq *vq);

/**
 * @brief Drops a reference.
 * @param vq A queue, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_virtq *dpu_virtq_unref(struct dpu_virtq *vq);

/**
 * @brief Driver side: makes chains available, and publishes them at once.
 * @param vq A driver side.
 * @param chains The chains. The memory of each must be in the map, if there is one.
 * @param count How many.
 * @return How many were added: less than count when descriptors run out, or when a chain after the first is
 *  wrong. Or a negative errno, nothing added: -EINVAL wrong side, or the first chain has no element, an
 *  element of no bytes, more than 4 GiB less one byte, or is longer than the queue; -EFAULT memory of the
 *  first chain is outside the map; -EIO the queue has stopped.
 */
DPU_PUBLIC int dpu_virtq_add(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count);

/**
 * @brief Driver side: gets back chains that the device has used.
 * @param vq A driver side.
 * @param chains Receives cookie and written of each.
 * @param count Room at chains.
 * @return How many, 0 when there are none; or a negative errno: -EINVAL wrong side; -EIO the device wrote
 *  nonsense and the queue has stopped.
 */
DPU_PUBLIC int dpu_virtq_get(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count);

/**
 * @brief Device side: takes chains that the driver has made available.
 * @param vq A device side.
 * @param chains Receives the chains; iov and iov_max must be set in each.
 * @param count Room at chains.
 * @return How many, 0 when there are none; or a negative errno: -EINVAL wrong side; -E2BIG the first chain
 *  has more than iov_max elements and stays available; -EIO the driver wrote nonsense and the queue has
 *  stopped (chains taken before it in the same call are returned first).
 */
DPU_PUBLIC int dpu_virtq_pop(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count);

/**
 * @brief Device side: returns chains as used, and publishes them at once.
 * @param vq A device side.
 * @param chains Chains from dpu_virtq_pop(), in any order, with written set.
 * @param count How many.
 * @return 0, or a negative errno, nothing returned: -EINVAL wrong side, a chain that is not out, or one with
 *  more written than it has room for; -EIO the queue has stopped.
 */
DPU_PUBLIC int dpu_virtq_push(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count);

/**
 * @brief Tells whether the other side wants to be told of what was published since the last call.
 * @param vq A queue.
 * @return 1 or 0.
 */
DPU_PUBLIC int dpu_virtq_should_notify(struct dpu_virtq *vq);

/**
 * @brief Asks the other side to notify of the next buffer, or not to.
 * @param vq A queue.
 * @param on Not 0 to be notified.
 * @return 1 when there is work already (look before you sleep) or the queue has stopped, else 0.
 */
DPU_PUBLIC int dpu_virtq_notify(struct dpu_virtq *vq, int on);

/**
 * @brief Tells how many chains could be had now: used ones on the driver side, available ones on the device
 * side.
 * @param vq A queue.
 * @return The count.
 */
DPU_PUBLIC uint32_t dpu_virtq_pending(struct dpu_virtq *vq);

/**
 * @brief Tells the number of free descriptors of a driver side, or of chains out at a device side.
 * @param vq A queue.
 * @return The count.
 */
DPU_PUBLIC uint32_t dpu_virtq_room(struct dpu_virtq *vq);

/**
 * @brief Tells why a queue has stopped.
 * @param vq A queue.
 * @return The reason, a constant string; NULL while it runs.
 */
DPU_PUBLIC const char *dpu_virtq_error(struct dpu_virtq *vq);

#ifdef __cplusplus
}
#endif

#endif
