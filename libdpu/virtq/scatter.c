/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "virtq/scatter.h"
#include <errno.h>

int scatter_begin(const struct dpu_virtq *vq, struct scatter *scatter, const struct dpu_virtq_chain *chain)
{
	*scatter = (struct scatter){
		.chain = chain,
		.count = (uint32_t)chain->read_count + chain->write_count,
	};
	return scatter->count && scatter->count <= vq->size ? 0 : -EINVAL;
}

int scatter_next(struct dpu_virtq *vq, struct scatter *scatter, struct piece *piece)
{
	bool write = scatter->element >= scatter->chain->read_count;
	const struct memory_region *region;
	const struct iovec *iov;
	const char *ptr;
	uint64_t left;

	if (scatter->element == scatter->count)
		return 0;
	iov = &scatter->chain->iov[scatter->element];
	if (!iov->iov_len || iov->iov_len > UINT32_MAX || scatter->bytes + iov->iov_len > UINT32_MAX)
		return -EINVAL;
	ptr = (const char *)iov->iov_base + scatter->offset;
	region = memory_table_find_pointer(vq->memory, &vq->data_hint, ptr);
	if (!region)
		return -EFAULT;
	piece->addr = (uint64_t)(uintptr_t)ptr - region->delta;
	left = region->size - (piece->addr - region->addr);
	if (left > iov->iov_len - scatter->offset)
		left = iov->iov_len - scatter->offset;
	piece->len = (uint32_t)left;
	scatter->offset += left;
	if (scatter->offset == iov->iov_len) {
		scatter->offset = 0;
		scatter->element++;
		scatter->bytes += iov->iov_len;
		scatter->writable += write ? iov->iov_len : 0;
	}
	piece->flags = (uint16_t)((write ? VIRTQ_DESC_F_WRITE : 0) |
				  (scatter->element < scatter->count ? VIRTQ_DESC_F_NEXT : 0));
	return 1;
}

int scatter_table(struct dpu_virtq *vq, uint16_t slot, const struct dpu_virtq_chain *chain,
		  struct piece *reference, uint32_t *writable)
{
	struct virtq_desc *table = vq->tables + (size_t)slot * vq->table_max;
	const struct memory_region *region;
	struct scatter scatter;
	struct piece piece;
	uint32_t count;
	int rc;

	rc = scatter_begin(vq, &scatter, chain);
	if (rc < 0 || scatter.count == 1 || scatter.count > vq->table_max)
		return rc;
	for (count = 0; (rc = scatter_next(vq, &scatter, &piece)) > 0; count++) {
		if (count == vq->table_max)
			return 0;
		ring_store64(&table[count].addr, piece.addr);
		ring_store64(
			&table[count].word,
			vq->packed ? desc_word(piece.len, 0, piece.flags & VIRTQ_DESC_F_WRITE)
				   : desc_word(piece.len, piece.flags,
					       piece.flags & VIRTQ_DESC_F_NEXT ? (uint16_t)(count + 1) : 0));
	}
	if (rc < 0)
		return rc;
	region = memory_table_find_pointer(vq->memory, &vq->table_hint, table);
	if (!region)
		return -EFAULT;
	reference->addr = (uint64_t)(uintptr_t)table - region->delta;
	reference->len = count * (uint32_t)sizeof(*table);
	reference->flags = VIRTQ_DESC_F_INDIRECT;
	if (!memory_region_has(region, reference->addr, reference->len))
		return -EFAULT;
	*writable = (uint32_t)scatter.writable;
	return 1;
}
