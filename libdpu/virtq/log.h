/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dirty log of a device side: what is written is logged before a burst is published. */
#ifndef DPU_VIRTQ_LOG_H
#define DPU_VIRTQ_LOG_H

#include <errno.h>
#include "virtq/virtq.h"

/* Logs what the device wrote into chains that it returns. 0, or -EIO: the queue has stopped. */
int log_chains(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count);

/* Marks a burst as returned and, while a log is kept, logs what was written to it: all of it or, with a
 * negative errno, nothing is marked. */
static inline int log_and_mark(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count,
			       bool log)
{
	int rc = virtq_mark(vq, chains, count);

	if (ring_unlikely(rc < 0))
		return rc;
	if (ring_unlikely(log) && log_chains(vq, chains, count) < 0) {
		virtq_unmark(vq, chains, count);
		return -EIO;
	}
	return 0;
}

/* Logs that the device writes to its ring. */
int log_ring(struct dpu_virtq *vq, const void *ptr, size_t len);

#endif
