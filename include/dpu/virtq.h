/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/virtq.h
 * @brief Virtqueues: rings of buffers between a driver and a device, as pure memory.
 *
 * Four engines behind one set of calls: split or packed layout, driver or device side, chosen at creation.
 * The driver side makes chains available (dpu_virtq_add()) and gets them back used (dpu_virtq_get()); the
 * device side takes available chains (dpu_virtq_pop()) and returns them used (dpu_virtq_push()). Each call
 * moves a burst and publishes once. None of these allocates, locks or makes a system call, and nothing here
 * needs a context: how a side tells the other (eventfd, doorbell, busy polling) is the caller's.
 *
 * Who owns a buffer: the driver's program until dpu_virtq_add() has returned, the device from then on until
 * dpu_virtq_get() has given the chain back. The iovec arrays are read or filled during the call only and stay
 * the caller's. The ring's memory stays the caller's too and must outlive the queue.
 *
 * The other side is not trusted. Every index, length and address that it wrote is read once and checked; a
 * bad ring stops that queue with an error (dpu_virtq_error()) and touches nothing outside the memory map.
 *
 * Source: Virtual I/O Device (VIRTIO) 1.2, sections 2.6 (virtqueues), 2.7 (split virtqueues), 2.8 (packed
 * virtqueues) and 2.9 (driver notifications); QEMU's vhost-user specification, "Inflight I/O tracking".
 *
 * Thread rule: each side of a queue is an object of its own, owned by one thread at a time; the two sides may
 * run in two threads or processes. dpu_virtq_ref() and dpu_virtq_unref() may be called from any.
 */
#ifndef DPU_VIRTQ_H
#define DPU_VIRTQ_H

#include <dpu/export.h>
#include <dpu/memory.h>
#include <dpu/virtio.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One side of a virtqueue. */
struct dpu_virtq;

/** Layout of a virtqueue. */
enum dpu_virtq_layout {
	DPU_VIRTQ_SPLIT = 0,                /**< Descriptor table, available ring, used ring. */
	DPU_VIRTQ_PACKED = 1,               /**< One descriptor ring that both sides write. */
	DPU_VIRTQ_LAYOUT_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** Side of a virtqueue. */
enum dpu_virtq_side {
	DPU_VIRTQ_DRIVER = 0,             /**< Makes buffers available. */
	DPU_VIRTQ_DEVICE = 1,             /**< Uses buffers. */
	DPU_VIRTQ_SIDE_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** How far a side has come. For the packed layout a wrap counter belongs to each position. */
struct dpu_virtq_state {
	/** Where the next chain is made available (driver) or taken (device): an index of the available ring
	 * that counts on to 65535, or a place in the packed ring. */
	uint16_t avail;
	/** Where the next used chain is read (driver) or written (device), likewise. */
	uint16_t used;
	uint8_t avail_wrap; /**< Wrap counter of avail, 0 or 1; 0 for the split layout. */
	uint8_t used_wrap;  /**< Wrap counter of used, 0 or 1; 0 for the split layout. */
	uint16_t reserved;  /**< Zero. */
};

/** dpu_virtq_opts.flags: device side: chains of several elements are for reading, whatever their descriptors
 * say. For queues of which every device knows that, such as a network device's transmit queues: DPDK's driver
 * leaves the flag VIRTQ_DESC_F_WRITE set in indirect tables of packed rings, against 2.8.7 and 2.7.4.2. */
#define DPU_VIRTQ_ONLY_READS 1u

/** Options of dpu_virtq_create(). */
struct dpu_virtq_opts {
	size_t sz; /**< Set by DPU_OPTS(). */
	/** The negotiated feature bits, all of them: bits of the device's type and of the transport are
	 * ignored. */
	uint64_t features;
	void *desc;  /**< Descriptor table or packed ring, 16 bytes an entry, aligned to 16. */
	void *avail; /**< Available ring, aligned to 2; packed: driver event suppression, aligned to 4. */
	void *used;  /**< Used ring, aligned to 4; packed: device event suppression, aligned to 4. */
	struct dpu_memory_map *memory;     /**< How addresses in descriptors are read; NULL: as pointers. */
	struct dpu_memory_map *log_memory; /**< Whose dirty log a device side keeps; NULL: memory's. */
	/** Driver side: size * indirect_max * 16 bytes, aligned to 16 and in the memory map, for indirect
	 * tables (VIRTIO_F_INDIRECT_DESC). NULL: chains of several elements take as many descriptors of the
	 * ring. */
	void *indirect;
	/** Where to start; NULL: at the beginning. A driver side starts with nothing out: its avail and used
	 * are the same place. */
	const struct dpu_virtq_state *state;
	void *inflight; /**< Device side: region that remembers chains that are out, or NULL; see below. */
	size_t inflight_size;  /**< Its bytes: at least dpu_virtq_inflight_size(). */
	uint32_t layout;       /**< enum dpu_virtq_layout. */
	uint32_t side;         /**< enum dpu_virtq_side. */
	uint32_t size;         /**< Number of descriptors, 1 to 32768; split: a power of two. */
	uint32_t indirect_max; /**< Descriptors that each indirect table has room for; 0 without indirect. */
	uint32_t flags;        /**< DPU_VIRTQ_*. */
	uint32_t reserved;     /**< Zero. */
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
 * @brief Tells how much memory a ring takes. Split: descriptor table, available ring, used ring, in this
 * order, each aligned as the specification asks (the used ring to 4096, as legacy drivers do). Packed:
 * descriptor ring, driver and device event suppression, each on a cache line of its own.
 * @param layout The layout.
 * @param size Number of descriptors.
 * @param avail_offset Receives where opts.avail starts; may be NULL. Untouched on failure.
 * @param used_offset Receives where opts.used starts; may be NULL. Untouched on failure.
 * @return Bytes, or -EINVAL: no ring of that layout has that size.
 */
DPU_PUBLIC int dpu_virtq_ring_size(enum dpu_virtq_layout layout, uint32_t size, size_t *avail_offset,
				   size_t *used_offset);

/**
 * @brief Tells how much memory the in-flight region of a queue takes, in the form that the vhost-user
 * specification gives it.
 * @param layout The layout.
 * @param size Number of descriptors.
 * @return Bytes, or -EINVAL: no ring of that layout has that size.
 */
DPU_PUBLIC int dpu_virtq_inflight_size(enum dpu_virtq_layout layout, uint32_t size);

/**
 * @brief Makes one side of a queue over ring memory that both sides share. The driver side starts with every
 * descriptor free and writes nothing but what it adds; ring memory must be zero before the first side starts.
 *
 * With VIRTIO_F_RING_PACKED the layout must be DPU_VIRTQ_PACKED. With VIRTIO_F_ACCESS_PLATFORM the memory map
 * is an IOTLB (see dpu/memory.h). With VIRTIO_F_IN_ORDER a device side must return chains in the order in
 * which it took them. A new queue asks to be notified; a side that polls calls dpu_virtq_notify() with 0
 * first, which spares it and its peer much.
 *
 * The in-flight region is memory that outlives the device side, usually shared with another process. All
 * zero, or without a version, it is new. Otherwise it tells which chains a former device side had taken and
 * not returned; dpu_virtq_pop() gives those again first, in the order in which they had been taken. The
 * position then comes from the region and the ring, and state is not read. Without a region a device side can
 * be followed by another only once all its chains are returned.
 * @param opts What to make.
 * @param ret The queue, to be released with dpu_virtq_unref(). Untouched on failure.
 * @return 0, or a negative errno: -EINVAL a size, side, flag, position or pointer is wrong or misaligned, or
 * the in-flight region is too small or was never one of this queue; -EOPNOTSUPP VIRTIO_F_NOTIFY_ON_EMPTY or a
 *  feature of the ring that is unknown; -ENOMEM.
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
 *
 * Descriptors and indirect tables are written first, then one store with release semantics makes all of them
 * visible: the available index, or the first descriptor of the burst. Chains of several elements go into an
 * indirect table where there are tables and it has room, else into as many descriptors of the ring.
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
 * @brief Driver side: gets back chains that the device has used. What the device wrote into their buffers can
 * be read from then on, and the buffers are the program's again.
 *
 * Nothing of the ring is written, but for the event index while notifications are asked for by index.
 * @param vq A driver side.
 * @param chains Receives cookie and written of each.
 * @param count Room at chains.
 * @return How many, 0 when there are none; or a negative errno: -EINVAL wrong side; -EIO the device wrote
 *  nonsense and the queue has stopped.
 */
DPU_PUBLIC int dpu_virtq_get(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count);

/**
 * @brief Device side: takes chains that the driver has made available. Their elements are pointers into the
 * driver's memory, without a copy, good until dpu_virtq_push() returns the chain. The driver can change what
 * is there at any time: read what you check once, into memory of your own (dpu_virtq_chain_read()).
 *
 * Nothing of the ring is written, but for the event index while notifications are asked for by index; and the
 * in-flight region, before the call returns.
 * @param vq A device side.
 * @param chains Receives the chains; iov and iov_max must be set in each.
 * @param count Room at chains.
 * @return How many, 0 when there are none; or a negative errno: -EINVAL wrong side; -E2BIG the first chain
 *  has more than iov_max elements and stays available; -EFAULT the first chain stays available because one of
 *  its addresses is not in the IOTLB: dpu_virtq_miss() tells which; -EIO the driver wrote nonsense and the
 *  queue has stopped (chains taken before it in the same call are returned first).
 */
DPU_PUBLIC int dpu_virtq_pop(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count);

/**
 * @brief Device side: returns chains as used, and publishes them at once: used entries are written first,
 * then one store with release semantics makes them visible. Bytes that the device wrote before are visible
 * with them.
 *
 * Only head and written are read, but while a dirty log is kept also iov, read_count and write_count, which
 * must be as dpu_virtq_pop() left them. With VIRTIO_F_IN_ORDER a run of chains that the device only reads is
 * told to the driver by its last one alone.
 * @param vq A device side.
 * @param chains Chains from dpu_virtq_pop(), in any order, with written set; with VIRTIO_F_IN_ORDER in the
 *  order in which they were taken.
 * @param count How many.
 * @return 0, or a negative errno, nothing returned: -EINVAL wrong side, a chain that is not out or not the
 * next in order, or one with more written than it has room for; -EIO the queue has stopped, or the dirty log
 * is too small for what was written, and the queue has stopped now.
 */
DPU_PUBLIC int dpu_virtq_push(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count);

/**
 * @brief Device side: tells which address the last dpu_virtq_pop() missed in the IOTLB. Once a translation
 * for it has been added, the next dpu_virtq_pop() goes on.
 * @param vq A queue.
 * @param addr Receives the address; may be NULL. Untouched when there was no miss.
 * @param access Receives what the device wants to do there, an enum dpu_memory_access; may be NULL. Untouched
 *  when there was no miss.
 * @return 1, or 0: there was no miss.
 */
DPU_PUBLIC int dpu_virtq_miss(struct dpu_virtq *vq, uint64_t *addr, uint32_t *access);

/**
 * @brief Tells whether the other side wants to be told of what was published since the last call. To be asked
 * after each dpu_virtq_add() or dpu_virtq_push(), or after several; on 1 the caller notifies, by its own
 * means.
 * @param vq A queue.
 * @return 1 or 0.
 */
DPU_PUBLIC int dpu_virtq_should_notify(struct dpu_virtq *vq);

/**
 * @brief Asks the other side to notify of the next buffer, or not to. Once asked, by event index, each burst
 * that is taken moves the wish on; a side that finds nothing then may sleep without asking again.
 * @param vq A queue.
 * @param on Not 0 to be notified.
 * @return 1 when there is work already (look before you sleep) or the queue has stopped, else 0.
 */
DPU_PUBLIC int dpu_virtq_notify(struct dpu_virtq *vq, int on);

/**
 * @brief Driver side: gives what a notification carries with VIRTIO_F_NOTIFICATION_DATA: the queue, and where
 * the next chain will be made available.
 * @param vq A driver side.
 * @param index The queue's index, or what the device asked for with VIRTIO_F_NOTIF_CONFIG_DATA.
 * @return The 32 bits in this machine's byte order; without VIRTIO_F_NOTIFICATION_DATA index alone.
 */
DPU_PUBLIC uint32_t dpu_virtq_notification(struct dpu_virtq *vq, uint16_t index);

/**
 * @brief Device side: tells how much waits, as a notification says with VIRTIO_F_NOTIFICATION_DATA. No memory
 * of the ring is read; what is taken later is checked against the ring all the same.
 * @param vq A device side.
 * @param data The 32 bits of the notification in this machine's byte order.
 * @return Chains (split) or descriptors (packed) made available and not taken; or a negative errno: -EINVAL
 *  wrong side, the feature was not negotiated, or no driver of this queue can have come so far; -EIO the
 * queue has stopped.
 */
DPU_PUBLIC int dpu_virtq_notified(struct dpu_virtq *vq, uint32_t data);

/**
 * @brief Tells how many chains could be had now: used ones on the driver side, available ones on the device
 * side, those that come from an in-flight region included. Packed: takes a time in proportion to the answer.
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
 * @brief Tells how far a side has come: what another side of the same kind can start from.
 * @param vq A queue, also one that has stopped.
 * @param state Receives the position.
 */
DPU_PUBLIC void dpu_virtq_get_state(struct dpu_virtq *vq, struct dpu_virtq_state *state);

/**
 * @brief Device side: lists the chains that are out, in the order in which they were taken.
 * @param vq A queue, also one that has stopped.
 * @param heads Receives the head of each (packed: its buffer ID); may be NULL when count is 0.
 * @param count Room at heads.
 * @return How many are out, which may be more than count; or -EINVAL: wrong side.
 */
DPU_PUBLIC int dpu_virtq_inflight(struct dpu_virtq *vq, uint16_t *heads, uint32_t count);

/**
 * @brief Driver side: takes back chains that the device has not returned. Only for a device that no longer
 * touches the queue: it has been reset, or has gone.
 * @param vq A driver side, also one that has stopped.
 * @param chains Receives cookie of each; written is 0.
 * @param count Room at chains.
 * @return How many, 0 when there are no more; or -EINVAL: wrong side.
 */
DPU_PUBLIC int dpu_virtq_detach(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count);

/**
 * @brief Makes a queue as new (VIRTIO_F_RING_RESET, or a reset of the whole device): position, notifications,
 * and the reason why it stopped. A driver side zeroes the ring; a device side forgets what was out, also in
 * its in-flight region. The other side must not touch the queue meanwhile, and is reset too.
 * @param vq A queue.
 * @return 0, or -EBUSY: the device has not returned chains; dpu_virtq_detach() takes them back.
 */
DPU_PUBLIC int dpu_virtq_reset(struct dpu_virtq *vq);

/**
 * @brief Tells why a queue has stopped.
 * @param vq A queue.
 * @return The reason, a constant string; NULL while it runs.
 */
DPU_PUBLIC const char *dpu_virtq_error(struct dpu_virtq *vq);

/**
 * @brief Tells how many bytes of a chain the device may read: the sum of its first read_count elements.
 * @param chain A chain.
 * @return Bytes.
 */
DPU_PUBLIC size_t dpu_virtq_chain_readable(const struct dpu_virtq_chain *chain);

/**
 * @brief Tells how many bytes of a chain the device may write: the sum of its last write_count elements.
 * @param chain A chain.
 * @return Bytes.
 */
DPU_PUBLIC size_t dpu_virtq_chain_writable(const struct dpu_virtq_chain *chain);

/**
 * @brief Copies from the elements that the device reads, as if they were one piece.
 * @param chain A chain.
 * @param offset Bytes to pass over first.
 * @param buf Receives the bytes.
 * @param len How many.
 * @return Bytes copied: less than len when the elements end before.
 */
DPU_PUBLIC size_t dpu_virtq_chain_read(const struct dpu_virtq_chain *chain, size_t offset, void *buf,
				       size_t len);

/**
 * @brief Copies to the elements that the device writes, as if they were one piece. Does not set written.
 * @param chain A chain.
 * @param offset Bytes to pass over first.
 * @param buf The bytes.
 * @param len How many.
 * @return Bytes copied: less than len when the elements end before.
 */
DPU_PUBLIC size_t dpu_virtq_chain_write(const struct dpu_virtq_chain *chain, size_t offset, const void *buf,
					size_t len);

#ifdef __cplusplus
}
#endif

#endif
