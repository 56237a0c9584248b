/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A chain's elements are pointers by now. They are looked up in the table that was in use when the chain was
 * taken: the memory may be shown elsewhere meanwhile. The log is the newest one. */
#include "virtq/log.h"
#include <errno.h>

static int log_memory(struct dpu_virtq *vq, const struct memory_table *table, const void *at, uint64_t len)
{
	const struct memory_region *region;
	const char *ptr = at;
	uint64_t addr, got;

	for (; len; len -= got, ptr += got) {
		region = memory_table_find_pointer(table, &vq->log_hint, ptr);
		/* Not the guest's memory any more, or never: nobody waits for it. */
		if (!region)
			return 0;
		addr = (uint64_t)(uintptr_t)ptr - region->delta;
		got = region->size - (addr - region->addr);
		if (got > len)
			got = len;
		if (!memory_table_log(vq->log, addr, got))
			return virtq_stop(vq, "the dirty log is smaller than the memory");
	}
	return 0;
}

static int log_chain(struct dpu_virtq *vq, const struct dpu_virtq_chain *chain)
{
	const struct memory_table *table = vq->epochs[device_epoch(vq->device[chain->head].chain)].log;
	const struct iovec *iov = chain->iov + chain->read_count;
	uint64_t left = chain->written, len;
	int rc = 0;

	for (; rc == 0 && left; iov++, left -= len) {
		len = iov->iov_len < left ? iov->iov_len : left;
		rc = log_memory(vq, table, iov->iov_base, len);
	}
	return rc;
}

int log_chains(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	uint32_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < count; i++)
		rc = log_chain(vq, &chains[i]);
	return rc;
}

int log_ring(struct dpu_virtq *vq, const void *ptr, size_t len)
{
	return log_memory(vq, vq->log, ptr, len);
}
