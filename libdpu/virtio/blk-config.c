/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virtio-blk's configuration space, 5.2.4: a field exists when its feature is offered (2.5.1), else it is 0.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include "virtio/blk.h"

static void add_limits(const struct dpu_virtio_blk *blk, struct dpu_virtio_blk_config *config)
{
	const struct dpu_virtio_blk_config *from = &blk->config;

	if (blk->offered & DPU_VIRTIO_BLK_F_DISCARD) {
		config->max_discard_sectors = htole32(from->max_discard_sectors);
		config->max_discard_seg = htole32(from->max_discard_seg);
		config->discard_sector_alignment = htole32(from->discard_sector_alignment);
	}
	if (blk->offered & DPU_VIRTIO_BLK_F_WRITE_ZEROES) {
		config->max_write_zeroes_sectors = htole32(from->max_write_zeroes_sectors);
		config->max_write_zeroes_seg = htole32(from->max_write_zeroes_seg);
		config->write_zeroes_may_unmap = from->write_zeroes_may_unmap;
	}
}

static void build(struct dpu_virtio_blk *blk, struct dpu_virtio_blk_config *config)
{
	const struct dpu_virtio_blk_config *from = &blk->config;

	memset(config, 0, sizeof(*config));
	config->capacity = htole64(atomic_load_explicit(&blk->capacity, memory_order_relaxed));
	if (blk->offered & DPU_VIRTIO_BLK_F_SIZE_MAX)
		config->size_max = htole32(from->size_max);
	if (blk->offered & DPU_VIRTIO_BLK_F_SEG_MAX)
		config->seg_max = htole32(from->seg_max);
	if (blk->offered & DPU_VIRTIO_BLK_F_GEOMETRY) {
		config->cylinders = htole16(from->cylinders);
		config->heads = from->heads;
		config->sectors = from->sectors;
	}
	if (blk->offered & DPU_VIRTIO_BLK_F_BLK_SIZE)
		config->blk_size = htole32(from->blk_size);
	if (blk->offered & DPU_VIRTIO_BLK_F_TOPOLOGY) {
		config->physical_block_exp = from->physical_block_exp;
		config->alignment_offset = from->alignment_offset;
		config->min_io_size = htole16(from->min_io_size);
		config->opt_io_size = htole32(from->opt_io_size);
	}
	if (blk->offered & DPU_VIRTIO_BLK_F_CONFIG_WCE)
		config->writeback = atomic_load_explicit(&blk->writeback, memory_order_relaxed);
	if (blk->offered & DPU_VIRTIO_BLK_F_MQ)
		config->num_queues = htole16(from->num_queues);
	add_limits(blk, config);
}

void dpu_virtio_blk_config_read(struct dpu_virtio_blk *blk, uint32_t offset, void *buf, uint32_t len)
{
	struct dpu_virtio_blk_config config;
	uint32_t here;

	memset(buf, 0, len);
	if (offset >= sizeof(config))
		return;
	build(blk, &config);
	here = (uint32_t)sizeof(config) - offset;
	memcpy(buf, (const char *)&config + offset, len < here ? len : here);
}

int dpu_virtio_blk_config_write(struct dpu_virtio_blk *blk, uint32_t offset, const void *buf, uint32_t len)
{
	uint8_t value;

	if (!len)
		return 0;
	if (offset != offsetof(struct dpu_virtio_blk_config, writeback) || len != 1 ||
	    !(blk->accepted & DPU_VIRTIO_BLK_F_CONFIG_WCE))
		return -EPERM;
	value = *(const uint8_t *)buf;
	if (value > 1 || (value && !(blk->accepted & DPU_VIRTIO_BLK_F_FLUSH)))
		return -EINVAL;
	atomic_store_explicit(&blk->writeback, value, memory_order_relaxed);
	return 0;
}
