/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/virtio.h
 * @brief What all virtio devices have in common: feature bits.
 *
 * Source: Virtual I/O Device (VIRTIO) 1.2, section 6 (reserved feature bits).
 */
#ifndef DPU_VIRTIO_H
#define DPU_VIRTIO_H

#include <dpu/export.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Feature bit 28: descriptors may point to tables of descriptors. */
#define DPU_VIRTIO_F_INDIRECT_DESC (UINT64_C(1) << 28)
/** Feature bit 29: notifications are asked for by index. */
#define DPU_VIRTIO_F_EVENT_IDX (UINT64_C(1) << 29)
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

#ifdef __cplusplus
}
#endif

#endif
