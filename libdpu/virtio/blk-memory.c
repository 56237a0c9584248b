/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtio-blk back-end in the caller's memory. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/opts.h"
#include "virtio/blk.h"

struct blk_memory {
	uint8_t *buf;
	uint64_t sectors;
};

static int memory_capacity(void *user, uint64_t *sectors)
{
	*sectors = ((struct blk_memory *)user)->sectors;
	return 0;
}

static int memory_read(void *user, uint64_t offset, const struct iovec *iov, uint32_t count)
{
	const uint8_t *from = ((struct blk_memory *)user)->buf + offset;
	uint32_t i;

	for (i = 0; i < count; from += iov[i++].iov_len)
		memcpy(iov[i].iov_base, from, iov[i].iov_len);
	return 0;
}

static int memory_write(void *user, uint64_t offset, const struct iovec *iov, uint32_t count)
{
	uint8_t *to = ((struct blk_memory *)user)->buf + offset;
	uint32_t i;

	for (i = 0; i < count; to += iov[i++].iov_len)
		memcpy(to, iov[i].iov_base, iov[i].iov_len);
	return 0;
}

/* Memory is as stable as it will ever be. */
static int memory_flush(void *user)
{
	(void)user;
	return 0;
}

static int memory_write_zeroes(void *user, uint64_t offset, uint64_t len, int unmap)
{
	(void)unmap;
	memset(((struct blk_memory *)user)->buf + offset, 0, len);
	return 0;
}

int dpu_virtio_blk_backend_memory(void *buf, uint64_t size, int read_only, struct dpu_virtio_blk_backend *ret)
{
	struct dpu_virtio_blk_backend backend = {
		.capacity = memory_capacity,
		.read = memory_read,
		.write = read_only ? NULL : memory_write,
		.flush = memory_flush,
		.write_zeroes = read_only ? NULL : memory_write_zeroes,
		.release = free,
	};
	struct blk_memory *memory;

	if (!buf || size < DPU_VIRTIO_BLK_SECTOR_SIZE || !opts_valid(ret))
		return -EINVAL;
	memory = calloc(1, sizeof(*memory));
	if (!memory)
		return -ENOMEM;
	memory->buf = buf;
	memory->sectors = size / DPU_VIRTIO_BLK_SECTOR_SIZE;
	backend.user = memory;
	opts_write(ret, &backend, sizeof(backend));
	return 0;
}
