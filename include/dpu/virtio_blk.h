/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/virtio_blk.h
 * @brief virtio-blk: a block device served over virtqueues, and the requests that a driver makes of it.
 *
 * A device is made over a back-end (memory, a file, or a program's own) and serves any number of device-side
 * queues: dpu_virtio_blk_process() takes requests, carries them out and returns them. What a request
 * transfers goes between the driver's memory and the back-end without a copy. Where header, data and status
 * are cut into elements does not matter (VIRTIO 1.2, 2.6.4).
 *
 * What the driver gets wrong ends the request, not the device: VIRTIO_BLK_S_IOERR for a length, range,
 * direction or number of segments that is not allowed, VIRTIO_BLK_S_UNSUPP for a type or flag that is not
 * known or not negotiated. A chain without the byte for a status cannot be answered: it is returned with 0
 * bytes written. Data of a failed request that the device would have written is filled with zeroes, so the
 * used length always reaches to the status (2.7.8.2).
 *
 * Source: Virtual I/O Device (VIRTIO) 1.2, section 5.2; types of zoned devices as in 1.3, answered with
 * VIRTIO_BLK_S_UNSUPP. Legacy interfaces are not served.
 *
 * Thread rule: as many threads as the device has queues may be in dpu_virtio_blk_process() at once, each with
 * a queue of its own. Everything else belongs to one thread at a time, which may be another one than those,
 * but dpu_virtio_blk_set_features() must not run beside dpu_virtio_blk_process().
 */
#ifndef DPU_VIRTIO_BLK_H
#define DPU_VIRTIO_BLK_H

#include <dpu/export.h>
#include <dpu/virtq.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Feature bit 1: the largest segment is in size_max. */
#define DPU_VIRTIO_BLK_F_SIZE_MAX (UINT64_C(1) << 1)
/** Feature bit 2: the largest number of segments in a request is in seg_max. */
#define DPU_VIRTIO_BLK_F_SEG_MAX (UINT64_C(1) << 2)
/** Feature bit 4: the disk's geometry is in geometry. */
#define DPU_VIRTIO_BLK_F_GEOMETRY (UINT64_C(1) << 4)
/** Feature bit 5: the device is read-only. */
#define DPU_VIRTIO_BLK_F_RO (UINT64_C(1) << 5)
/** Feature bit 6: the block size is in blk_size. */
#define DPU_VIRTIO_BLK_F_BLK_SIZE (UINT64_C(1) << 6)
/** Feature bit 9: the flush command. */
#define DPU_VIRTIO_BLK_F_FLUSH (UINT64_C(1) << 9)
/** Feature bit 10: the best alignment is in topology. */
#define DPU_VIRTIO_BLK_F_TOPOLOGY (UINT64_C(1) << 10)
/** Feature bit 11: the driver chooses between writeback and writethrough. */
#define DPU_VIRTIO_BLK_F_CONFIG_WCE (UINT64_C(1) << 11)
/** Feature bit 12: more than one queue. */
#define DPU_VIRTIO_BLK_F_MQ (UINT64_C(1) << 12)
/** Feature bit 13: the discard command. */
#define DPU_VIRTIO_BLK_F_DISCARD (UINT64_C(1) << 13)
/** Feature bit 14: the write zeroes command. */
#define DPU_VIRTIO_BLK_F_WRITE_ZEROES (UINT64_C(1) << 14)
/** Feature bit 15: the storage's wear can be asked for; never offered here. */
#define DPU_VIRTIO_BLK_F_LIFETIME (UINT64_C(1) << 15)
/** Feature bit 16: the secure erase command; never offered here. */
#define DPU_VIRTIO_BLK_F_SECURE_ERASE (UINT64_C(1) << 16)
/** Feature bit 17: a zoned device (VIRTIO 1.3); never offered here. */
#define DPU_VIRTIO_BLK_F_ZONED (UINT64_C(1) << 17)

/** Bytes of a sector: the unit of the protocol, whatever the block size. */
#define DPU_VIRTIO_BLK_SECTOR_SIZE 512
/** Bytes of the device ID string. */
#define DPU_VIRTIO_BLK_ID_BYTES 20
/** Most segments of a discard or write zeroes command that a device takes. */
#define DPU_VIRTIO_BLK_SEG_LIMIT 256
/** In the flags of a segment to write zeroes to: the device may deallocate it. */
#define DPU_VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP UINT32_C(1)

/** Type of a request (5.2.6). */
enum dpu_virtio_blk_type {
	DPU_VIRTIO_BLK_T_IN = 0,            /**< Read. */
	DPU_VIRTIO_BLK_T_OUT = 1,           /**< Write. */
	DPU_VIRTIO_BLK_T_FLUSH = 4,         /**< Make completed writes stable. */
	DPU_VIRTIO_BLK_T_GET_ID = 8,        /**< The device ID string. */
	DPU_VIRTIO_BLK_T_GET_LIFETIME = 10, /**< The storage's wear. */
	DPU_VIRTIO_BLK_T_DISCARD = 11,      /**< Contents are not needed any more. */
	DPU_VIRTIO_BLK_T_WRITE_ZEROES = 13, /**< Fill with zeroes. */
	DPU_VIRTIO_BLK_T_SECURE_ERASE = 14, /**< Delete for good. */
	DPU_VIRTIO_BLK_T_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** Status of a request (5.2.6). */
enum dpu_virtio_blk_status {
	DPU_VIRTIO_BLK_S_OK = 0,            /**< Success. */
	DPU_VIRTIO_BLK_S_IOERR = 1,         /**< The device or the driver made an error. */
	DPU_VIRTIO_BLK_S_UNSUPP = 2,        /**< The device does not support the request. */
	DPU_VIRTIO_BLK_S_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** Configuration space (5.2.4), as it is there: all little-endian. */
struct dpu_virtio_blk_config {
	uint64_t capacity;                      /**< Sectors; always there. */
	uint32_t size_max;                      /**< Bytes; SIZE_MAX. */
	uint32_t seg_max;                       /**< SEG_MAX. */
	uint16_t cylinders;                     /**< GEOMETRY. */
	uint8_t heads;                          /**< GEOMETRY. */
	uint8_t sectors;                        /**< Of a track; GEOMETRY. */
	uint32_t blk_size;                      /**< Bytes; BLK_SIZE. */
	uint8_t physical_block_exp;             /**< log2 of the blocks in a physical block; TOPOLOGY. */
	uint8_t alignment_offset;               /**< First aligned block; TOPOLOGY. */
	uint16_t min_io_size;                   /**< Blocks; TOPOLOGY. */
	uint32_t opt_io_size;                   /**< Blocks; TOPOLOGY. */
	uint8_t writeback;                      /**< 0 writethrough, 1 writeback; CONFIG_WCE. */
	uint8_t unused0;                        /**< Zero. */
	uint16_t num_queues;                    /**< MQ. */
	uint32_t max_discard_sectors;           /**< DISCARD. */
	uint32_t max_discard_seg;               /**< DISCARD. */
	uint32_t discard_sector_alignment;      /**< Sectors; DISCARD. */
	uint32_t max_write_zeroes_sectors;      /**< WRITE_ZEROES. */
	uint32_t max_write_zeroes_seg;          /**< WRITE_ZEROES. */
	uint8_t write_zeroes_may_unmap;         /**< WRITE_ZEROES. */
	uint8_t unused1[3];                     /**< Zero. */
	uint32_t max_secure_erase_sectors;      /**< SECURE_ERASE. */
	uint32_t max_secure_erase_seg;          /**< SECURE_ERASE. */
	uint32_t secure_erase_sector_alignment; /**< Sectors; SECURE_ERASE. */
	uint8_t zoned[24];                      /**< ZONED. */
};

/** One segment of a discard or write zeroes command, little-endian (5.2.6). */
struct dpu_virtio_blk_discard_write_zeroes {
	uint64_t sector;      /**< Where it starts. */
	uint32_t num_sectors; /**< Its sectors. */
	uint32_t flags;       /**< DPU_VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP or 0. */
};

/** Header and status of a request, in memory that the device reaches; the data are elsewhere (5.2.6). */
struct dpu_virtio_blk_req {
	uint32_t type;   /**< enum dpu_virtio_blk_type, little-endian. */
	uint32_t ioprio; /**< Zero. */
	uint64_t sector; /**< Where to read or write, little-endian. */
	uint8_t status;  /**< Written by the device. */
	uint8_t pad[7];  /**< Zero. */
};

/**
 * What a device stores its sectors in. The device has checked what it asks for: ranges lie within the
 * capacity that it heard last, and are multiples of 512 bytes. Members are called by the threads that
 * process queues, several at once if there are several, and return 0 or a negative errno: -EOPNOTSUPP
 * becomes VIRTIO_BLK_S_UNSUPP, every other VIRTIO_BLK_S_IOERR.
 */
struct dpu_virtio_blk_backend {
	size_t sz;  /**< Set by DPU_OPTS(). */
	void *user; /**< Given to each call. */
	/** Tells how many sectors there are, at most 2^54. */
	int (*capacity)(void *user, uint64_t *sectors);
	/** Fills all elements from byte offset on. They lie in the driver's memory: never read what was put
	 * there. */
	int (*read)(void *user, uint64_t offset, const struct iovec *iov, uint32_t count);
	/** Stores all elements from byte offset on; NULL: read-only. The driver may change them meanwhile. */
	int (*write)(void *user, uint64_t offset, const struct iovec *iov, uint32_t count);
	/** Makes all that was written before stable; NULL: the device offers no FLUSH. */
	int (*flush)(void *user);
	/** The bytes are not needed any more; NULL: no DISCARD. */
	int (*discard)(void *user, uint64_t offset, uint64_t len);
	/** The bytes read as zeroes from now on, and if unmap is not 0 may be deallocated; NULL: no
	 * WRITE_ZEROES. */
	int (*write_zeroes)(void *user, uint64_t offset, uint64_t len, int unmap);
	/** The device is gone; may be NULL. */
	void (*release)(void *user);
	uint32_t write_zeroes_may_unmap; /**< Not 0: writing zeroes can deallocate. */
	uint32_t reserved;               /**< Zero. */
};

/** Options of dpu_virtio_blk_create(). What is 0 is not offered, unless another default is named. */
struct dpu_virtio_blk_opts {
	size_t sz;                                    /**< Set by DPU_OPTS(). */
	const struct dpu_virtio_blk_backend *backend; /**< The back-end; copied. */
	const char *id;                    /**< Device ID, up to 20 bytes of ASCII, copied; or NULL. */
	uint64_t withhold;                 /**< DPU_VIRTIO_BLK_F_* not to offer although they could be. */
	uint32_t size_max;                 /**< Largest segment in bytes. */
	uint32_t seg_max;                  /**< Most segments of a read or write; 0: 126. */
	uint32_t blk_size;                 /**< Bytes of a block: a power of two, 512 at least. */
	uint32_t opt_io_size;              /**< Best transfer, in blocks. */
	uint32_t max_discard_sectors;      /**< Most sectors of a segment to discard; 0: 2^22. */
	uint32_t max_discard_seg;          /**< Most segments to discard at once, 256 at most; 0: 256. */
	uint32_t discard_sector_alignment; /**< Best alignment of what is discarded; 0: a block. */
	uint32_t max_write_zeroes_sectors; /**< As max_discard_sectors. */
	uint32_t max_write_zeroes_seg;     /**< As max_discard_seg. */
	uint16_t min_io_size;              /**< Smallest good transfer, in blocks. */
	uint16_t num_queues;               /**< Queues, 1024 at most; 0: 1. */
	uint16_t cylinders;                /**< Geometry. */
	uint8_t heads;                     /**< Geometry. */
	uint8_t sectors;                   /**< Geometry: sectors of a track. */
	uint8_t physical_block_exp;        /**< log2 of the blocks in a physical block. */
	uint8_t alignment_offset;          /**< First block that is aligned to a physical one. */
	uint8_t read_only;                 /**< Not 0: nothing is written, although the back-end could. */
	uint8_t writethrough;              /**< Not 0: writeback is 0 after a reset. */
};

/** A virtio-blk device. */
struct dpu_virtio_blk;

/**
 * @brief Makes a back-end of a piece of memory.
 * @param buf The memory; stays the caller's and must outlive the device.
 * @param size Its bytes; what is over a multiple of 512 is not used.
 * @param read_only Not 0: it is never written.
 * @param ret Receives the back-end; its sz is set by DPU_OPTS(). Untouched on failure. A program that makes
 *  no device of it calls its release.
 * @return 0, or a negative errno: -EINVAL buf or sz is wrong, or size is less than 512; -ENOMEM.
 */
DPU_PUBLIC int dpu_virtio_blk_backend_memory(void *buf, uint64_t size, int read_only,
					     struct dpu_virtio_blk_backend *ret);

/**
 * @brief Makes a back-end of a regular file or a block device. What is discarded becomes a hole, if the file
 * system can; zeroes are written by the file system where it can, else as data. A flush is fdatasync(2).
 * @param path The file; it is not created. Its size is the capacity, a rest of less than 512 bytes is not
 * used.
 * @param read_only Not 0: it is opened for reading.
 * @param ret As for dpu_virtio_blk_backend_memory().
 * @return 0, or a negative errno: -EINVAL ret's sz is wrong, or path is neither a regular file nor a block
 *  device; -ENOMEM; what open(2) says.
 */
DPU_PUBLIC int dpu_virtio_blk_backend_file(const char *path, int read_only,
					   struct dpu_virtio_blk_backend *ret);

/**
 * @brief As dpu_virtio_blk_backend_file(), of a file that is open.
 * @param fd A descriptor of it, open for reading or for both; read-only in the first case. A duplicate is
 *  kept, the caller's own stays the caller's.
 * @param ret As for dpu_virtio_blk_backend_memory().
 * @return 0, or a negative errno: -EBADF fd is not open, or for writing only; -EINVAL it is neither a regular
 *  file nor a block device, or is open for appending, or ret's sz is wrong; -EMFILE; -ENOMEM.
 */
DPU_PUBLIC int dpu_virtio_blk_backend_fd(int fd, struct dpu_virtio_blk_backend *ret);

/**
 * @brief Makes a device. It offers each feature that the back-end and the options allow: RO when it cannot
 * or must not write, FLUSH and CONFIG_WCE with flush, DISCARD and WRITE_ZEROES with those members unless
 * read-only, MQ with more than one queue, SEG_MAX always, and SIZE_MAX, GEOMETRY, BLK_SIZE and TOPOLOGY when
 * one of their options is set.
 * @param opts What to make.
 * @param ret The device, to be released with dpu_virtio_blk_unref(). Untouched on failure. It owns the
 * back-end from now on; on failure the caller still does.
 * @return 0, or a negative errno: -EINVAL an option is wrong, the back-end lacks capacity or read, or its
 *  capacity is more than 2^54 sectors, or RO is withheld from a device that cannot write; -ENOMEM; what the
 *  back-end's capacity returns.
 */
DPU_PUBLIC int dpu_virtio_blk_create(const struct dpu_virtio_blk_opts *opts, struct dpu_virtio_blk **ret);

/**
 * @brief Takes one more reference.
 * @param blk A device.
 * @return blk.
 */
DPU_PUBLIC struct dpu_virtio_blk *dpu_virtio_blk_ref(struct dpu_virtio_blk *blk);

/**
 * @brief Drops a reference; with the last one the back-end is released. Nothing is flushed.
 * @param blk A device, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_virtio_blk *dpu_virtio_blk_unref(struct dpu_virtio_blk *blk);

/**
 * @brief Tells which of its own feature bits a device offers. Bits of rings and transports are not its own.
 * @param blk A device.
 * @return DPU_VIRTIO_BLK_F_*.
 */
DPU_PUBLIC uint64_t dpu_virtio_blk_features(struct dpu_virtio_blk *blk);

/**
 * @brief Says which features the driver has accepted (FEATURES_OK), or with 0 that the device was reset.
 * Until then none is: writes are stable when they complete, and DISCARD and WRITE_ZEROES are not supported.
 * The field writeback starts anew (5.2.5.2).
 * @param blk A device, of which no queue is being processed.
 * @param features What was accepted. Bits 24 to 49, those of rings and transports, are passed over.
 * @return 0, or a negative errno, nothing changed: -EINVAL one was not offered.
 */
DPU_PUBLIC int dpu_virtio_blk_set_features(struct dpu_virtio_blk *blk, uint64_t features);

/**
 * @brief Reads configuration space, struct dpu_virtio_blk_config. Fields of features that are not offered,
 * and bytes beyond the end, are zero.
 * @param blk A device.
 * @param offset First byte.
 * @param buf Receives the bytes.
 * @param len How many.
 */
DPU_PUBLIC void dpu_virtio_blk_config_read(struct dpu_virtio_blk *blk, uint32_t offset, void *buf,
					   uint32_t len);

/**
 * @brief Writes configuration space for the driver: the field writeback alone can be written, once
 * VIRTIO_BLK_F_CONFIG_WCE has been accepted.
 * @param blk A device. Queues may be processed meanwhile: a request that is on its way may go by either mode.
 * @param offset First byte.
 * @param buf The bytes.
 * @param len How many; 0 writes nothing.
 * @return 0, or a negative errno, nothing written: -EPERM another byte, or the feature was not accepted;
 *  -EINVAL a value that is neither 0 nor 1, or 1 without VIRTIO_BLK_F_FLUSH.
 */
DPU_PUBLIC int dpu_virtio_blk_config_write(struct dpu_virtio_blk *blk, uint32_t offset, const void *buf,
					   uint32_t len);

/**
 * @brief Tells the generation of configuration space: another number after each change that the device made
 * (2.5.3).
 * @param blk A device.
 * @return The number.
 */
DPU_PUBLIC uint32_t dpu_virtio_blk_config_generation(struct dpu_virtio_blk *blk);

/**
 * @brief Asks the back-end for its capacity again, after it has changed. Queues may be processed meanwhile;
 * the caller sends the configuration change notification.
 * @param blk A device.
 * @return 1 when the capacity is another one now, 0 when not, or a negative errno, nothing changed: -EINVAL
 * more than 2^54 sectors; what the back-end's capacity returns.
 */
DPU_PUBLIC int dpu_virtio_blk_refresh(struct dpu_virtio_blk *blk);

/**
 * @brief Serves a queue: takes requests, carries them out in order, returns them; published once for each
 * burst. Blocks as long as the back-end does. Allocates nothing. The caller asks dpu_virtq_should_notify()
 * afterwards.
 * @param blk A device.
 * @param vq A device side.
 * @param max Most requests to serve.
 * @return How many requests were served, 0 when there is none; or a negative errno, when there was none
 * before it: -EINVAL vq is not a device side, or max is more than INT_MAX; -EBUSY more threads do this than
 * the device has queues; -EIO the queue has stopped (see dpu_virtq_error()); -EFAULT an address is not in the
 * IOTLB (see dpu_virtq_miss()); -E2BIG a chain has more than 65535 elements and stays available: only a reset
 * of the queue helps.
 */
DPU_PUBLIC int dpu_virtio_blk_process(struct dpu_virtio_blk *blk, struct dpu_virtq *vq, uint32_t max);

/**
 * @brief Driver side: makes a request into a chain for dpu_virtq_add().
 * @param req Header and status, filled here; in memory that the device reaches, until the request is back.
 * @param type enum dpu_virtio_blk_type.
 * @param sector Where to read or write; 0 for the other types.
 * @param data What to transfer: for IN, GET_ID and GET_LIFETIME the device writes it, else it reads it.
 * @param count Elements at data. Their bytes: a multiple of 512 for IN and OUT, none for FLUSH, 20 for
 * GET_ID, 6 for GET_LIFETIME, else segments (struct dpu_virtio_blk_discard_write_zeroes), at least one.
 * @param chain Its iov and iov_max are given; iov, read_count and write_count are set, the cookie stays.
 * @return 0, or a negative errno: -EINVAL type, sector or the bytes of data do not fit together; -E2BIG
 *  chain has no room for count + 2 elements.
 */
DPU_PUBLIC int dpu_virtio_blk_req_init(struct dpu_virtio_blk_req *req, uint32_t type, uint64_t sector,
				       const struct iovec *data, uint32_t count,
				       struct dpu_virtq_chain *chain);

/**
 * @brief Driver side: tells how a request went that dpu_virtq_get() has brought back.
 * @param chain The chain as dpu_virtio_blk_req_init() made it.
 * @param written Bytes that the device says it has written.
 * @return 0, or a negative errno: -EIO VIRTIO_BLK_S_IOERR; -EOPNOTSUPP VIRTIO_BLK_S_UNSUPP; -EPROTO the
 * device wrote no status, none that is known, or less than it should have.
 */
DPU_PUBLIC int dpu_virtio_blk_req_result(const struct dpu_virtq_chain *chain, uint32_t written);

#ifdef __cplusplus
}
#endif

#endif
