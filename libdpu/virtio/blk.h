/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtio-blk device's inside. Section numbers are those of VIRTIO 1.2. */
#ifndef DPU_VIRTIO_BLK_INTERNAL_H
#define DPU_VIRTIO_BLK_INTERNAL_H

#include <dpu/virtio_blk.h>
#include <stdatomic.h>
#include <stdbool.h>
#include "core/ref.h"

/* Keeps an offset in bytes within what files can have. */
#define BLK_MAX_SECTORS (UINT64_C(1) << 54)

/* Chains taken at once. Each has so many elements that only a driver which is after it sends a longer one;
 * that one is taken alone, with all the elements. One line over 4096, so the chains' first elements do not
 * share a set of the cache. */
#define BLK_BURST 16
#define BLK_BURST_IOV 4100
#define BLK_IOV (BLK_BURST * BLK_BURST_IOV)

/* What one thread needs to process a queue. The elements are 1 MiB of which only those in use are touched. */
struct blk_worker {
	atomic_flag busy;
	struct dpu_virtq_chain chains[BLK_BURST];
	struct iovec *iov;
};

struct dpu_virtio_blk {
	struct ref ref;
	struct dpu_virtio_blk_backend backend;
	struct dpu_virtio_blk_config config; /* in the host's byte order; what changes is below */
	char id[DPU_VIRTIO_BLK_ID_BYTES];
	uint64_t offered;
	uint64_t accepted;
	_Atomic uint64_t capacity;
	atomic_uint generation;
	atomic_bool writeback;
	bool start_writeback;
	uint32_t worker_count;
	struct blk_worker *workers;
};

/* Carries out the request in a chain and writes its status; returns the bytes written. */
uint32_t blk_execute(struct dpu_virtio_blk *blk, const struct dpu_virtq_chain *chain);

#endif
