/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virtio-blk requests at the driver, 5.2.6. */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include "virtio/blk.h"

#define LIFETIME_BYTES 6

/* A status that no device writes. */
#define NO_STATUS 0xff

static bool data_is_read_by_driver(uint32_t type)
{
	return type == DPU_VIRTIO_BLK_T_IN || type == DPU_VIRTIO_BLK_T_GET_ID ||
	       type == DPU_VIRTIO_BLK_T_GET_LIFETIME;
}

static bool fits(uint32_t type, uint64_t sector, uint64_t len)
{
	switch (type) {
	case DPU_VIRTIO_BLK_T_IN:
	case DPU_VIRTIO_BLK_T_OUT:
		return len % DPU_VIRTIO_BLK_SECTOR_SIZE == 0;
	case DPU_VIRTIO_BLK_T_FLUSH:
		return !sector && !len;
	case DPU_VIRTIO_BLK_T_GET_ID:
		return !sector && len == DPU_VIRTIO_BLK_ID_BYTES;
	case DPU_VIRTIO_BLK_T_GET_LIFETIME:
		return !sector && len == LIFETIME_BYTES;
	case DPU_VIRTIO_BLK_T_DISCARD:
	case DPU_VIRTIO_BLK_T_WRITE_ZEROES:
	case DPU_VIRTIO_BLK_T_SECURE_ERASE:
		return !sector && len && len % sizeof(struct dpu_virtio_blk_discard_write_zeroes) == 0;
	default:
		return false;
	}
}

int dpu_virtio_blk_req_init(struct dpu_virtio_blk_req *req, uint32_t type, uint64_t sector,
			    const struct iovec *data, uint32_t count, struct dpu_virtq_chain *chain)
{
	uint64_t len = 0;
	uint32_t i;

	if (count > UINT16_MAX - 2 || count + 2 > chain->iov_max)
		return -E2BIG;
	for (i = 0; i < count; i++)
		len += data[i].iov_len;
	if (!fits(type, sector, len))
		return -EINVAL;
	*req = (struct dpu_virtio_blk_req){ .type = htole32(type),
					    .sector = htole64(sector),
					    .status = NO_STATUS };
	chain->iov[0] =
		(struct iovec){ .iov_base = req, .iov_len = offsetof(struct dpu_virtio_blk_req, status) };
	if (count)
		memcpy(chain->iov + 1, data, count * sizeof(*data));
	chain->iov[count + 1] = (struct iovec){ .iov_base = &req->status, .iov_len = 1 };
	chain->read_count = (uint16_t)(data_is_read_by_driver(type) ? 1 : count + 1);
	chain->write_count = (uint16_t)(count + 2 - chain->read_count);
	return 0;
}

int dpu_virtio_blk_req_result(const struct dpu_virtq_chain *chain, uint32_t written)
{
	const struct iovec *last = &chain->iov[chain->read_count + chain->write_count - 1];
	uint8_t status = *(const volatile uint8_t *)last->iov_base;

	switch (status) {
	case DPU_VIRTIO_BLK_S_OK:
		/* What lies beyond is not the device's (2.7.8.3). */
		return written < dpu_virtq_chain_writable(chain) ? -EPROTO : 0;
	case DPU_VIRTIO_BLK_S_IOERR:
		return -EIO;
	case DPU_VIRTIO_BLK_S_UNSUPP:
		return -EOPNOTSUPP;
	default:
		return -EPROTO;
	}
}
