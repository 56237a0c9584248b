/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "virtq/gather.h"
#include <errno.h>
#include <string.h>

void gather_begin(struct gather *gather, struct dpu_virtq_chain *chain)
{
	*gather = (struct gather){
		.chain = chain,
		.max = chain->iov_max < UINT16_MAX ? chain->iov_max : UINT16_MAX,
	};
}

uint32_t gather_end(const struct gather *gather, uint16_t head)
{
	gather_tell(gather->chain, (uint16_t)gather->readers, (uint16_t)(gather->count - gather->readers),
		    head);
	return gather->writable < UINT32_MAX ? (uint32_t)gather->writable : UINT32_MAX;
}

/* An address that the device may not use: a miss, if the map is an IOTLB. -EAGAIN: the map has changed since
 * the burst began, perhaps before the chain was made available, and a later burst is to look again. */
static int outside(struct dpu_virtq *vq, uint64_t addr, uint32_t access, const char *reason)
{
	if (virtq_stale(vq))
		return -EAGAIN;
	if (!vq->iotlb)
		return virtq_stop(vq, reason);
	vq->miss_addr = addr;
	vq->miss_access = access;
	return -EFAULT;
}

static const struct memory_region *find(struct dpu_virtq *vq, uint32_t *hint, uint64_t addr, uint32_t access)
{
	const struct memory_region *region = memory_table_find(vq->memory, hint, addr);

	return region && region->access & access ? region : NULL;
}

static bool wraps(uint64_t addr, uint32_t len)
{
	return len && addr > UINT64_MAX - (len - 1);
}

int gather_buffer(struct dpu_virtq *vq, struct gather *gather, uint64_t addr, uint32_t len, uint16_t flags)
{
	bool write = flags & VIRTQ_DESC_F_WRITE && !vq->only_reads;
	uint32_t access = write ? DPU_MEMORY_WRITE : DPU_MEMORY_READ;
	const struct memory_region *region;
	uint64_t left = len, got;
	struct iovec *iov;

	/* Each turn of a loop among descriptors comes past here, so this ends it. */
	if (++gather->buffers > vq->size)
		return virtq_stop(vq, "a descriptor chain loops or is longer than the queue");
	if (gather->writing && !write)
		return virtq_stop(vq, "a descriptor to read comes after one to write");
	gather->writing = write;
	if (wraps(addr, len))
		return virtq_stop(vq, "a descriptor's address wraps");
	gather->bytes += len;
	if (gather->bytes > VIRTQ_CHAIN_BYTES)
		return virtq_stop(vq, "a descriptor chain is longer than 4 GiB");
	if (write)
		gather->writable += len;
	for (; left; left -= got, addr += got) {
		region = find(vq, &vq->data_hint, addr, access);
		if (!region)
			return outside(vq, addr, access, "a descriptor's address is outside the memory map");
		if (gather->count == gather->max)
			return -E2BIG;
		got = region->size - (addr - region->addr);
		if (got > left)
			got = left;
		iov = &gather->chain->iov[gather->count++];
		*iov = (struct iovec){ .iov_base = memory_region_pointer(region, addr), .iov_len = got };
		gather->readers += !write;
	}
	return 0;
}

/* Copies a descriptor of an indirect table, which may lie across regions and at any address. */
static int read_desc(struct dpu_virtq *vq, uint64_t addr, struct virtq_desc *desc)
{
	uint64_t left = sizeof(*desc), got;
	const struct memory_region *region;
	char *to = (char *)desc;

	for (; left; left -= got, addr += got, to += got) {
		region = find(vq, &vq->table_hint, addr, DPU_MEMORY_READ);
		if (!region)
			return outside(vq, addr, DPU_MEMORY_READ,
				       "an indirect table is outside the memory map");
		got = region->size - (addr - region->addr);
		if (got > left)
			got = left;
		memcpy(to, memory_region_pointer(region, addr), got);
	}
	/* From here on the copy counts; the compiler may not read the table a second time. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	desc->addr = le64toh(desc->addr);
	desc->word = le64toh(desc->word);
	return 0;
}

int gather_table(struct dpu_virtq *vq, struct gather *gather, uint64_t addr, uint32_t len, uint16_t flags)
{
	uint32_t i = 0, count = len / sizeof(struct virtq_desc);
	struct virtq_desc desc;
	int rc;

	if (!vq->indirect)
		return virtq_stop(vq, "an indirect descriptor without VIRTIO_F_INDIRECT_DESC");
	if (flags & VIRTQ_DESC_F_NEXT)
		return virtq_stop(vq, "an indirect descriptor that is not the last of its chain");
	if (!len || len % sizeof(struct virtq_desc))
		return virtq_stop(vq, "an indirect table's length is not a multiple of 16");
	if (wraps(addr, len))
		return virtq_stop(vq, "a descriptor's address wraps");
	for (;;) {
		if (i >= count)
			return virtq_stop(vq, "a descriptor's number is outside its table");
		rc = read_desc(vq, addr + i * sizeof(desc), &desc);
		if (rc < 0)
			return rc;
		flags = (uint16_t)(desc.word >> (vq->packed ? 48 : 32));
		/* Packed tables are used from one end to the other; all flags but WRITE are ignored (2.8.7).
		 */
		if (vq->packed)
			flags = (flags & VIRTQ_DESC_F_WRITE) | (i + 1 < count ? VIRTQ_DESC_F_NEXT : 0);
		if (flags & VIRTQ_DESC_F_INDIRECT)
			return virtq_stop(vq, "an indirect descriptor within an indirect table");
		rc = gather_buffer(vq, gather, desc.addr, (uint32_t)desc.word, flags);
		if (rc < 0 || !(flags & VIRTQ_DESC_F_NEXT))
			return rc;
		i = vq->packed ? i + 1 : (uint16_t)(desc.word >> 48);
	}
}
