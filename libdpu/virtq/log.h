/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dirty log of a device side: called only while one is kept, before a burst is published. */
#ifndef DPU_VIRTQ_LOG_H
#define DPU_VIRTQ_LOG_H

#include "virtq/virtq.h"

/* Logs what the device wrote into chains that it returns. 0, or -EIO: the queue has stopped. */
int log_chains(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count);

/* Logs that the device writes to its ring. */
int log_ring(struct dpu_virtq *vq, const void *ptr, size_t len);

#endif
