/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One virtio-blk request, 5.2.6, at the device.
 *
 * The driver can change its memory at any time: header and segments are copied and only the copies are looked
 * at. The data go through without being looked at. */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include "virtio/blk.h"

#define HEADER_SIZE offsetof(struct dpu_virtio_blk_req, status)

struct request {
	struct dpu_virtq_chain data; /* the chain without header and status */
	uint64_t sector;
	uint64_t out_len; /* data from the driver */
	uint64_t in_len;  /* data for the driver */
	uint32_t type;
	bool filled; /* the data for the driver are written */
};

/* An element that is cut for the back-end; the queue wants it back as it was. */
struct cut {
	struct iovec *at;
	struct iovec was;
};

static uint8_t status_of(int rc)
{
	if (rc >= 0)
		return DPU_VIRTIO_BLK_S_OK;
	return rc == -EOPNOTSUPP ? DPU_VIRTIO_BLK_S_UNSUPP : DPU_VIRTIO_BLK_S_IOERR;
}

/* Whether completed writes are stable without a flush (5.2.6.2). */
static bool writes_through(struct dpu_virtio_blk *blk)
{
	if (blk->accepted & DPU_VIRTIO_BLK_F_CONFIG_WCE)
		return !atomic_load_explicit(&blk->writeback, memory_order_relaxed);
	return (blk->offered & DPU_VIRTIO_BLK_F_FLUSH) && !(blk->accepted & DPU_VIRTIO_BLK_F_FLUSH);
}

static uint8_t after_write(struct dpu_virtio_blk *blk, int rc)
{
	if (rc >= 0 && writes_through(blk))
		rc = blk->backend.flush(blk->backend.user);
	return status_of(rc);
}

static bool within(struct dpu_virtio_blk *blk, uint64_t sector, uint64_t count)
{
	uint64_t capacity = atomic_load_explicit(&blk->capacity, memory_order_relaxed);

	return sector <= capacity && count <= capacity - sector;
}

static bool transferable(struct dpu_virtio_blk *blk, uint64_t sector, uint64_t len)
{
	return len % DPU_VIRTIO_BLK_SECTOR_SIZE == 0 && within(blk, sector, len / DPU_VIRTIO_BLK_SECTOR_SIZE);
}

static uint8_t read_sectors(struct dpu_virtio_blk *blk, struct request *req)
{
	int rc;

	if (req->out_len || !transferable(blk, req->sector, req->in_len))
		return DPU_VIRTIO_BLK_S_IOERR;
	rc = blk->backend.read(blk->backend.user, req->sector * DPU_VIRTIO_BLK_SECTOR_SIZE,
			       req->data.iov + req->data.read_count, req->data.write_count);
	req->filled = rc >= 0;
	return status_of(rc);
}

static uint8_t write_sectors(struct dpu_virtio_blk *blk, const struct request *req)
{
	if (blk->offered & DPU_VIRTIO_BLK_F_RO || req->in_len ||
	    !transferable(blk, req->sector, req->out_len))
		return DPU_VIRTIO_BLK_S_IOERR;
	return after_write(blk,
			   blk->backend.write(blk->backend.user, req->sector * DPU_VIRTIO_BLK_SECTOR_SIZE,
					      req->data.iov, req->data.read_count));
}

static uint8_t get_id(struct dpu_virtio_blk *blk, struct request *req)
{
	if (req->out_len || req->in_len != sizeof(blk->id))
		return DPU_VIRTIO_BLK_S_IOERR;
	dpu_virtq_chain_write(&req->data, 0, blk->id, sizeof(blk->id));
	req->filled = true;
	return DPU_VIRTIO_BLK_S_OK;
}

/* Data are not refused: the driver only should not send any. */
static uint8_t flush(struct dpu_virtio_blk *blk)
{
	if (!(blk->offered & DPU_VIRTIO_BLK_F_FLUSH))
		return DPU_VIRTIO_BLK_S_UNSUPP;
	return status_of(blk->backend.flush(blk->backend.user));
}

/* What discard and write zeroes differ in. */
struct ranges {
	uint64_t feature;
	uint32_t max_seg;
	uint32_t max_sectors;
	uint32_t flags; /* known ones */
};

/* Copies the segments and checks them all, so that nothing is done by a request that is wrong. */
static uint8_t
read_segments(struct dpu_virtio_blk *blk, const struct request *req, const struct ranges *ranges,
	      struct dpu_virtio_blk_discard_write_zeroes segments[static DPU_VIRTIO_BLK_SEG_LIMIT],
	      uint32_t *count)
{
	uint64_t n = req->out_len / sizeof(*segments);
	uint8_t status = DPU_VIRTIO_BLK_S_OK;
	uint32_t i;

	if (!(blk->accepted & ranges->feature))
		return DPU_VIRTIO_BLK_S_UNSUPP;
	if (req->in_len || !n || n > ranges->max_seg || req->out_len % sizeof(*segments))
		return DPU_VIRTIO_BLK_S_IOERR;
	*count = (uint32_t)n;
	dpu_virtq_chain_read(&req->data, 0, segments, n * sizeof(*segments));
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* not a second time */
	for (i = 0; i < *count; i++) {
		segments[i].sector = le64toh(segments[i].sector);
		segments[i].num_sectors = le32toh(segments[i].num_sectors);
		segments[i].flags = le32toh(segments[i].flags);
		/* An unknown flag counts before every other error (5.2.6.2). */
		if (segments[i].flags & ~ranges->flags)
			return DPU_VIRTIO_BLK_S_UNSUPP;
		if (segments[i].num_sectors > ranges->max_sectors ||
		    !within(blk, segments[i].sector, segments[i].num_sectors))
			status = DPU_VIRTIO_BLK_S_IOERR;
	}
	return status;
}

static uint8_t discard(struct dpu_virtio_blk *blk, const struct request *req)
{
	const struct ranges ranges = { .feature = DPU_VIRTIO_BLK_F_DISCARD,
				       .max_seg = blk->config.max_discard_seg,
				       .max_sectors = blk->config.max_discard_sectors };
	struct dpu_virtio_blk_discard_write_zeroes segments[DPU_VIRTIO_BLK_SEG_LIMIT];
	uint32_t i, count = 0;
	uint8_t status;
	int rc = 0;

	status = read_segments(blk, req, &ranges, segments, &count);
	if (status != DPU_VIRTIO_BLK_S_OK)
		return status;
	for (i = 0; i < count && rc >= 0; i++) {
		if (segments[i].num_sectors)
			rc = blk->backend.discard(
				blk->backend.user, segments[i].sector * DPU_VIRTIO_BLK_SECTOR_SIZE,
				(uint64_t)segments[i].num_sectors * DPU_VIRTIO_BLK_SECTOR_SIZE);
	}
	return status_of(rc);
}

static uint8_t write_zeroes(struct dpu_virtio_blk *blk, const struct request *req)
{
	const struct ranges ranges = { .feature = DPU_VIRTIO_BLK_F_WRITE_ZEROES,
				       .max_seg = blk->config.max_write_zeroes_seg,
				       .max_sectors = blk->config.max_write_zeroes_sectors,
				       .flags = DPU_VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP };
	struct dpu_virtio_blk_discard_write_zeroes segments[DPU_VIRTIO_BLK_SEG_LIMIT];
	uint32_t i, count = 0;
	uint8_t status;
	int rc = 0;

	status = read_segments(blk, req, &ranges, segments, &count);
	if (status != DPU_VIRTIO_BLK_S_OK)
		return status;
	for (i = 0; i < count && rc >= 0; i++) {
		if (segments[i].num_sectors)
			rc = blk->backend.write_zeroes(
				blk->backend.user, segments[i].sector * DPU_VIRTIO_BLK_SECTOR_SIZE,
				(uint64_t)segments[i].num_sectors * DPU_VIRTIO_BLK_SECTOR_SIZE,
				(int)(segments[i].flags & DPU_VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP));
	}
	return after_write(blk, rc);
}

static uint8_t run(struct dpu_virtio_blk *blk, struct request *req)
{
	switch (req->type) {
	case DPU_VIRTIO_BLK_T_IN:
		return read_sectors(blk, req);
	case DPU_VIRTIO_BLK_T_OUT:
		return write_sectors(blk, req);
	case DPU_VIRTIO_BLK_T_FLUSH:
		return flush(blk);
	case DPU_VIRTIO_BLK_T_GET_ID:
		return get_id(blk, req);
	case DPU_VIRTIO_BLK_T_DISCARD:
		return discard(blk, req);
	case DPU_VIRTIO_BLK_T_WRITE_ZEROES:
		return write_zeroes(blk, req);
	default:
		return DPU_VIRTIO_BLK_S_UNSUPP;
	}
}

static void cut_at(struct cut *cut, struct iovec *at)
{
	cut->at = at;
	cut->was = *at;
}

static void mend(const struct cut *cut)
{
	if (cut->at)
		*cut->at = cut->was;
}

/* Copies the header and cuts it off. */
static bool cut_header(struct request *req, struct cut *cut)
{
	struct dpu_virtq_chain *data = &req->data;
	struct dpu_virtio_blk_req header;
	size_t rest = HEADER_SIZE;

	if (dpu_virtq_chain_read(data, 0, &header, HEADER_SIZE) < HEADER_SIZE)
		return false;
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* not a second time */
	req->type = le32toh(header.type);
	req->sector = le64toh(header.sector);
	for (; data->read_count && rest >= data->iov->iov_len; data->iov++, data->read_count--)
		rest -= data->iov->iov_len;
	if (rest) {
		cut_at(cut, data->iov);
		data->iov->iov_base = (char *)data->iov->iov_base + rest;
		data->iov->iov_len -= rest;
	}
	req->out_len = dpu_virtq_chain_readable(data);
	return true;
}

/* Cuts off the last byte that the device can write, which there is; where. */
static uint8_t *cut_status(struct request *req, struct cut *cut)
{
	struct dpu_virtq_chain *data = &req->data;
	struct iovec *last = data->iov + data->read_count + data->write_count - 1;

	for (; !last->iov_len; last--)
		data->write_count--;
	cut_at(cut, last);
	if (!--last->iov_len)
		data->write_count--;
	return (uint8_t *)last->iov_base + last->iov_len;
}

static void fill_with_zeroes(const struct dpu_virtq_chain *data)
{
	const struct iovec *iov = data->iov + data->read_count;
	uint32_t i;

	for (i = 0; i < data->write_count; i++)
		memset(iov[i].iov_base, 0, iov[i].iov_len);
}

uint32_t blk_execute(struct dpu_virtio_blk *blk, const struct dpu_virtq_chain *chain)
{
	uint64_t writable = dpu_virtq_chain_writable(chain);
	uint8_t *at, status = DPU_VIRTIO_BLK_S_IOERR;
	struct cut first = { 0 }, last = { 0 };
	struct request req = { .data = *chain };

	if (!writable)
		return 0;
	at = cut_status(&req, &last);
	req.in_len = writable - 1;
	if (cut_header(&req, &first))
		status = run(blk, &req);
	if (!req.filled)
		fill_with_zeroes(&req.data);
	*at = status;
	mend(&first);
	mend(&last);
	return writable < UINT32_MAX ? (uint32_t)writable : UINT32_MAX;
}
