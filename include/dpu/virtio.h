/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/virtio.h
 * @brief What all virtio devices have in common: device types, feature bits with their names, the device
 * status.
 *
 * Features are words of 64 bits here, as the transports and vhost pass them. The tables also know the network
 * device's bits from 64 on, which no word has.
 *
 * Source: Virtual I/O Device (VIRTIO) 1.3 and the draft of 1.4, sections 2.1 (device status field), 2.2
 * (feature bits), 5 (device types) and 6 (reserved feature bits).
 *
 * Thread rule: everything here is constant; any thread.
 */
#ifndef DPU_VIRTIO_H
#define DPU_VIRTIO_H

#include <dpu/export.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Device type 1: network device. */
#define DPU_VIRTIO_ID_NET 1
/** Device type 2: block device. */
#define DPU_VIRTIO_ID_BLOCK 2

/** Feature bit 24: the device notifies when the available ring runs empty (legacy). */
#define DPU_VIRTIO_F_NOTIFY_ON_EMPTY (UINT64_C(1) << 24)
/** Feature bit 26: vhost logs the pages that it writes. */
#define DPU_VHOST_F_LOG_ALL (UINT64_C(1) << 26)
/** Feature bit 27: buffers may be laid out in any way (legacy). */
#define DPU_VIRTIO_F_ANY_LAYOUT (UINT64_C(1) << 27)
/** Feature bit 28: descriptors may point to tables of descriptors. */
#define DPU_VIRTIO_F_INDIRECT_DESC (UINT64_C(1) << 28)
/** Feature bit 29: notifications are asked for by index. */
#define DPU_VIRTIO_F_EVENT_IDX (UINT64_C(1) << 29)
/** Feature bit 30: vhost-user has protocol features to negotiate. */
#define DPU_VHOST_USER_F_PROTOCOL_FEATURES (UINT64_C(1) << 30)
/** Feature bit 32: VIRTIO 1.0 or later; rings are little-endian. */
#define DPU_VIRTIO_F_VERSION_1 (UINT64_C(1) << 32)
/** Feature bit 33: the device reaches memory through an IOMMU. */
#define DPU_VIRTIO_F_ACCESS_PLATFORM (UINT64_C(1) << 33)
/** Feature bit 34: the packed layout. */
#define DPU_VIRTIO_F_RING_PACKED (UINT64_C(1) << 34)
/** Feature bit 35: the device uses buffers in the order in which they were made available. */
#define DPU_VIRTIO_F_IN_ORDER (UINT64_C(1) << 35)
/** Feature bit 36: memory accesses are ordered as the platform orders them. */
#define DPU_VIRTIO_F_ORDER_PLATFORM (UINT64_C(1) << 36)
/** Feature bit 37: the device has virtual functions. */
#define DPU_VIRTIO_F_SR_IOV (UINT64_C(1) << 37)
/** Feature bit 38: a notification carries the driver's position. */
#define DPU_VIRTIO_F_NOTIFICATION_DATA (UINT64_C(1) << 38)
/** Feature bit 39: a notification carries what the device said, instead of the queue's number. */
#define DPU_VIRTIO_F_NOTIF_CONFIG_DATA (UINT64_C(1) << 39)
/** Feature bit 40: a single queue can be reset. */
#define DPU_VIRTIO_F_RING_RESET (UINT64_C(1) << 40)
/** Feature bit 41: the device has administration queues. */
#define DPU_VIRTIO_F_ADMIN_VQ (UINT64_C(1) << 41)
/** Feature bit 43: the driver can suspend the device. */
#define DPU_VIRTIO_F_SUSPEND (UINT64_C(1) << 43)

/** Device status: the driver has found the device. */
#define DPU_VIRTIO_STATUS_ACKNOWLEDGE 1
/** Device status: the driver knows how to drive it. */
#define DPU_VIRTIO_STATUS_DRIVER 2
/** Device status: the driver is ready. */
#define DPU_VIRTIO_STATUS_DRIVER_OK 4
/** Device status: features are negotiated. */
#define DPU_VIRTIO_STATUS_FEATURES_OK 8
/** Device status: the driver has suspended the device. */
#define DPU_VIRTIO_STATUS_SUSPEND 16
/** Device status: the device cannot go on. */
#define DPU_VIRTIO_STATUS_DEVICE_NEEDS_RESET 64
/** Device status: the driver has given up. */
#define DPU_VIRTIO_STATUS_FAILED 128

/** One feature bit. */
struct dpu_virtio_feature {
	const char *name; /**< The specification's name, such as "VIRTIO_NET_F_CSUM". */
	const char *what; /**< What it means, in a few words. */
	uint32_t bit;     /**< Its number. */
	uint32_t device;  /**< The device type that it belongs to; 0: every type. */
};

/**
 * @brief Names a device type, in the kernel's words: "net", "blk", "console" and so on.
 * @param device Device type.
 * @return The name, a constant string; NULL for a type that is not known.
 */
DPU_PUBLIC const char *dpu_virtio_device_name(uint32_t device);

/**
 * @brief Finds a device type by name, in any case: "net", "virtio-net", "blk", "block".
 * @param name The name.
 * @param ret Receives the type. Untouched on failure.
 * @return 0, or -EINVAL when no type has that name.
 */
DPU_PUBLIC int dpu_virtio_device_parse(const char *name, uint32_t *ret);

/**
 * @brief Tells how many features a device type has, those of every type among them.
 * @param device Device type; 0: only those of every type.
 * @return The count.
 */
DPU_PUBLIC uint32_t dpu_virtio_feature_count(uint32_t device);

/**
 * @brief Gives one of them: first the type's own, then those of every type, each in order of bits.
 * @param device Device type.
 * @param index Which one, from 0.
 * @return The feature, constant; NULL when index is too large.
 */
DPU_PUBLIC const struct dpu_virtio_feature *dpu_virtio_feature_get(uint32_t device, uint32_t index);

/**
 * @brief Finds a feature by name, in any case, with or without its prefix: "VIRTIO_NET_F_CSUM", "csum". Names
 * that other software prints for the same bit are known too (such as VIRTIO_F_IOMMU_PLATFORM for
 * ACCESS_PLATFORM).
 * @param device Device type.
 * @param name The name.
 * @return The feature, constant; NULL when the type has none of that name.
 */
DPU_PUBLIC const struct dpu_virtio_feature *dpu_virtio_feature_find(uint32_t device, const char *name);

/**
 * @brief Writes a feature word as names with "|" between them; a bit without a name as "bit 57".
 * @param device Device type.
 * @param features The word.
 * @param text Receives the text, cut to fit and terminated; may be NULL when size is 0.
 * @param size Bytes at text.
 * @return The length of the whole text, without the terminating zero.
 */
DPU_PUBLIC int dpu_virtio_features_format(uint32_t device, uint64_t features, char *text, size_t size);

/**
 * @brief Reads a feature word from text: names as dpu_virtio_feature_find() takes them, "bit 57", and words
 * in decimal or 0x-hexadecimal, with blanks, "|" or "," between them.
 * @param device Device type.
 * @param text The text.
 * @param ret Receives the word. Untouched on failure.
 * @return 0, or a negative errno: -EINVAL a name or number is not known; -ERANGE a feature's bit is
 * beyond 63.
 */
DPU_PUBLIC int dpu_virtio_features_parse(uint32_t device, const char *text, uint64_t *ret);

/**
 * @brief Checks that no feature lacks another one that it requires (5.1.3.1 for network devices).
 * @param device Device type.
 * @param features The word, as offered by a device or accepted by a driver.
 * @param feature Receives the feature that requires another one; may be NULL. Untouched on success.
 * @param missing Receives the required one, the first where one of several would do; may be NULL. Untouched
 * on success.
 * @return 0, or -EINVAL when one is missing.
 */
DPU_PUBLIC int dpu_virtio_features_check(uint32_t device, uint64_t features,
					 const struct dpu_virtio_feature **feature,
					 const struct dpu_virtio_feature **missing);

/**
 * @brief Writes a device status as names with "|" between them; a bit without a name as "bit 5".
 * @param status The device status field.
 * @param text Receives the text, cut to fit and terminated; may be NULL when size is 0.
 * @param size Bytes at text.
 * @return The length of the whole text, without the terminating zero.
 */
DPU_PUBLIC int dpu_virtio_status_format(uint8_t status, char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
