/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A driver side and a device side of one queue, and a virtio-blk device between them, in one thread. */
#ifndef BLK_RIG_H
#define BLK_RIG_H

#include <dpu/virtio_blk.h>
#include <endian.h>
#include <errno.h>
#include "tap.h"

#define SECTOR DPU_VIRTIO_BLK_SECTOR_SIZE
#define OK DPU_VIRTIO_BLK_S_OK
#define IOERR DPU_VIRTIO_BLK_S_IOERR
#define UNSUPP DPU_VIRTIO_BLK_S_UNSUPP

#define SECTORS 64

struct rig {
	struct dpu_virtio_blk *blk;
	struct dpu_virtq *driver, *device;
	char *ring;
};

/* The layout of every queue that is made. */
static enum dpu_virtq_layout rig_layout;

static inline void queue_up(struct rig *rig, uint32_t size)
{
	size_t avail, used, bytes;
	int rc = dpu_virtq_ring_size(rig_layout, size, &avail, &used);

	must(rc > 0);
	bytes = ((size_t)rc + 4095) / 4096 * 4096;
	rig->ring = aligned_alloc(4096, bytes);
	must(rig->ring);
	memset(rig->ring, 0, bytes);
	DPU_OPTS(dpu_virtq_opts, opts, .desc = rig->ring, .avail = rig->ring + avail,
		 .used = rig->ring + used, .layout = rig_layout, .size = size, .side = DPU_VIRTQ_DRIVER);
	must(dpu_virtq_create(&opts, &rig->driver) == 0);
	opts.side = DPU_VIRTQ_DEVICE;
	must(dpu_virtq_create(&opts, &rig->device) == 0);
}

static inline void rig_down(struct rig *rig)
{
	dpu_virtq_unref(rig->driver);
	dpu_virtq_unref(rig->device);
	dpu_virtio_blk_unref(rig->blk);
	free(rig->ring);
}

/* Sends elements as they are; the bytes that the device says it wrote. */
static inline uint32_t send_raw(struct rig *rig, struct iovec *iov, uint32_t readers, uint32_t writers)
{
	struct dpu_virtq_chain chain = { .iov = iov,
					 .read_count = (uint16_t)readers,
					 .write_count = (uint16_t)writers };

	must(dpu_virtq_add(rig->driver, &chain, 1) == 1);
	must(dpu_virtio_blk_process(rig->blk, rig->device, 8) == 1);
	must(dpu_virtq_get(rig->driver, &chain, 1) == 1);
	return chain.written;
}

/* Sends a request of any kind, well formed or not: header, bytes to read, bytes to write, status. The status.
 */
static inline int send_any(struct rig *rig, uint32_t type, uint64_t sector, void *out, size_t out_len,
			   void *in, size_t in_len)
{
	struct dpu_virtio_blk_req req = { .type = htole32(type), .sector = htole64(sector), .status = 0xee };
	struct iovec iov[4] = { { &req, 16 } };
	uint32_t n = 1, readers;
	uint32_t written;

	if (out_len)
		iov[n++] = (struct iovec){ out, out_len };
	readers = n;
	if (in_len)
		iov[n++] = (struct iovec){ in, in_len };
	iov[n++] = (struct iovec){ &req.status, 1 };
	written = send_raw(rig, iov, readers, n - readers);
	return written == in_len + 1 ? req.status : -1;
}

/* The same by way of the driver's helpers; what dpu_virtio_blk_req_result() says. */
static inline int request(struct rig *rig, uint32_t type, uint64_t sector, void *data, size_t len)
{
	struct iovec element = { data, len }, iov[3];
	struct dpu_virtq_chain chain = { .iov = iov, .iov_max = 3 }, got;
	struct dpu_virtio_blk_req req;

	must(dpu_virtio_blk_req_init(&req, type, sector, &element, len != 0, &chain) == 0);
	must(dpu_virtq_add(rig->driver, &chain, 1) == 1);
	must(dpu_virtio_blk_process(rig->blk, rig->device, 8) == 1);
	must(dpu_virtq_get(rig->driver, &got, 1) == 1);
	return dpu_virtio_blk_req_result(&chain, got.written);
}

static inline struct dpu_virtio_blk_discard_write_zeroes segment(uint64_t sector, uint32_t count,
								 uint32_t flags)
{
	return (struct dpu_virtio_blk_discard_write_zeroes){ htole64(sector), htole32(count),
							     htole32(flags) };
}

/* A back-end that writes down what it is asked for. */
struct record {
	char text[1024];
	uint64_t sectors;
	int rc;
	struct rig *other; /* a queue that is served from within a read */
	int nested;
	int flushes;
	int released;
};

static inline void note(struct record *record, const char *what, uint64_t offset, uint64_t len)
{
	size_t used = strlen(record->text);

	snprintf(record->text + used, sizeof(record->text) - used, "%s %" PRIu64 "+%" PRIu64 ";", what,
		 offset / SECTOR, len / SECTOR);
}

static inline uint64_t sum(const struct iovec *iov, uint32_t count)
{
	uint64_t len = 0;

	while (count--)
		len += iov++->iov_len;
	return len;
}

static inline int record_capacity(void *user, uint64_t *sectors)
{
	*sectors = ((struct record *)user)->sectors;
	return *sectors ? 0 : -ENODEV;
}

static inline int record_read(void *user, uint64_t offset, const struct iovec *iov, uint32_t count)
{
	struct record *record = user;

	note(record, "read", offset, sum(iov, count));
	if (record->other)
		record->nested = dpu_virtio_blk_process(record->other->blk, record->other->device, 8);
	return record->rc;
}

static inline int record_write(void *user, uint64_t offset, const struct iovec *iov, uint32_t count)
{
	note(user, "write", offset, sum(iov, count));
	return ((struct record *)user)->rc;
}

static inline int record_flush(void *user)
{
	((struct record *)user)->flushes++;
	return ((struct record *)user)->rc;
}

static inline int record_discard(void *user, uint64_t offset, uint64_t len)
{
	note(user, "discard", offset, len);
	return ((struct record *)user)->rc;
}

static inline int record_write_zeroes(void *user, uint64_t offset, uint64_t len, int unmap)
{
	note(user, unmap ? "unmap" : "zero", offset, len);
	return ((struct record *)user)->rc;
}

static inline void record_release(void *user)
{
	((struct record *)user)->released++;
}

static inline struct dpu_virtio_blk_backend recorder(struct record *record)
{
	DPU_OPTS(dpu_virtio_blk_backend, backend, .user = record, .capacity = record_capacity,
		 .read = record_read, .write = record_write, .flush = record_flush, .discard = record_discard,
		 .write_zeroes = record_write_zeroes, .release = record_release);

	memset(record, 0, sizeof(*record));
	record->sectors = SECTORS;
	return backend;
}

static inline void rig_record(struct rig *rig, struct record *record, uint64_t withhold)
{
	struct dpu_virtio_blk_backend backend = recorder(record);
	DPU_OPTS(dpu_virtio_blk_opts, opts, .backend = &backend, .withhold = withhold, .max_discard_seg = 4,
		 .max_discard_sectors = 32, .max_write_zeroes_seg = 3, .max_write_zeroes_sectors = 16);

	*rig = (struct rig){ 0 };
	must(dpu_virtio_blk_create(&opts, &rig->blk) == 0);
	must(dpu_virtio_blk_set_features(rig->blk, dpu_virtio_blk_features(rig->blk)) == 0);
	queue_up(rig, 64);
}

#endif
