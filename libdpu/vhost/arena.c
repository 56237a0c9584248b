/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vhost/arena.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define RING_ALIGN 4096u
/* Elements that an indirect table has room for: a block request of 6 pieces of data. Longer chains take as
 * many descriptors of the ring. */
#define TABLE_MAX 8u
#define DESC_SIZE 16u

static size_t round_up(size_t bytes, size_t align)
{
	return (bytes + align - 1) / align * align;
}

/* A ring's room, whichever layout the peer will have. */
static int ring_room(uint32_t size)
{
	int split = dpu_virtq_ring_size(DPU_VIRTQ_SPLIT, size, NULL, NULL),
	    packed = dpu_virtq_ring_size(DPU_VIRTQ_PACKED, size, NULL, NULL);

	return split > packed ? split : packed;
}

/* A device that made the file shorter would have this process killed. */
static int make_file(struct arena *arena, struct dpu_vhost *vh, size_t size)
{
	bool huge = vh->opts.flags & DPU_VHOST_HUGEPAGES;
	struct stat st;

	arena->fd = memfd_create("dpu-vhost", MFD_CLOEXEC | MFD_ALLOW_SEALING | (huge ? MFD_HUGETLB : 0));
	if (arena->fd < 0)
		return vhost_fail(vh, -errno, "open", "memfd_create: %s", strerror(errno));
	if (fstat(arena->fd, &st) < 0)
		return vhost_fail(vh, -errno, "open", "fstat: %s", strerror(errno));
	if (size > (size_t)INT64_MAX - (size_t)st.st_blksize)
		return vhost_fail(vh, -EINVAL, "open", "%zu bytes of memory", vh->opts.memory_size);
	arena->size = round_up(size, (size_t)st.st_blksize);
	if (ftruncate(arena->fd, (off_t)arena->size) < 0)
		return vhost_fail(vh, -errno, "open", "%zu bytes of memory: %s", arena->size,
				  strerror(errno));
	if (fcntl(arena->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return vhost_fail(vh, -errno, "open", "F_ADD_SEALS: %s", strerror(errno));
	return 0;
}

int arena_open(struct arena *arena, struct dpu_vhost *vh)
{
	int ring = ring_room(vh->opts.queue_size), rc;
	size_t before;
	void *base;

	if (ring < 0)
		return vhost_fail(vh, -EINVAL, "open", "a queue of %u descriptors, at most 32768",
				  vh->opts.queue_size);
	arena->ring_size = round_up((size_t)ring, RING_ALIGN);
	arena->table_size = round_up((size_t)vh->opts.queue_size * TABLE_MAX * DESC_SIZE, RING_ALIGN);
	arena->tables = arena->ring_size * vh->queue_count;
	before = arena->tables + arena->table_size * vh->queue_count;
	if (vh->opts.memory_size > (size_t)INT64_MAX - before)
		return vhost_fail(vh, -EINVAL, "open", "%zu bytes of memory", vh->opts.memory_size);
	rc = make_file(arena, vh, before + vh->opts.memory_size);
	if (rc < 0)
		return rc;
	/* All of it at once: the data path shall meet no page for the first time. */
	base = mmap(NULL, arena->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, arena->fd, 0);
	if (base == MAP_FAILED)
		return vhost_fail(vh, -errno, "open", "%zu bytes of memory: %s", arena->size,
				  strerror(errno));
	arena->base = base;
	vh->memory = arena->base + before;
	vh->memory_size = arena->size - before;
	return 0;
}

void arena_close(struct arena *arena)
{
	if (arena->base)
		munmap(arena->base, arena->size);
	if (arena->fd >= 0)
		close(arena->fd);
	dpu_memory_map_unref(arena->map);
	arena_init(arena);
}

struct arena_ring arena_ring(const struct arena *arena, const struct dpu_vhost *vh, uint32_t index,
			     enum dpu_virtq_layout layout)
{
	uint8_t *ring = arena->base + arena->ring_size * index;
	size_t avail = 0, used = 0;

	dpu_virtq_ring_size(layout, vh->opts.queue_size, &avail, &used);
	return (struct arena_ring){ ring, ring + avail, ring + used };
}

int arena_virtq(const struct arena *arena, const struct dpu_vhost *vh, uint32_t index, struct dpu_virtq **ret)
{
	enum dpu_virtq_layout layout = arena_layout(vh);
	struct arena_ring ring = arena_ring(arena, vh, index, layout);
	DPU_OPTS(dpu_virtq_opts, opts, .features = vh->features, .desc = ring.desc, .avail = ring.avail,
		 .used = ring.used, .memory = arena->map, .layout = layout, .side = DPU_VIRTQ_DRIVER,
		 .size = vh->opts.queue_size);

	if (vh->features & DPU_VIRTIO_F_INDIRECT_DESC) {
		opts.indirect = arena->base + arena->tables + arena->table_size * index;
		opts.indirect_max = TABLE_MAX;
	}
	memset(ring.desc, 0, arena->ring_size);
	return dpu_virtq_create(&opts, ret);
}
