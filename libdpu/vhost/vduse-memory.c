/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory of a VDUSE device's driver: looked up as addresses are missed, mapped in the pieces that the
 * kernel has it in. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "vhost/vduse.h"
#include "virtq/memory-map.h"

static bool known(const struct vduse *vduse, uint64_t addr)
{
	uint64_t got;

	return dpu_memory_map_find(vduse->iotlb, addr, &got);
}

static int add_piece(struct vduse *vduse, const struct vduse_piece *piece, void *ptr,
		     enum dpu_memory_access access)
{
	struct vduse_piece *pieces;
	int rc;

	pieces = reallocarray(vduse->pieces, vduse->piece_count + 1, sizeof(*pieces));
	if (!pieces)
		return -ENOMEM;
	vduse->pieces = pieces;
	rc = dpu_memory_map_add_iova(vduse->iotlb, piece->first, piece->last - piece->first + 1, ptr, access);
	if (rc == 0)
		pieces[vduse->piece_count++] = *piece;
	return rc;
}

int vduse_memory_reach(struct dpu_vhost *vh, uint64_t addr)
{
	struct vduse *vduse = vduse_of(vh);
	struct vduse_iotlb_entry entry = { .start = addr, .last = addr };
	struct vduse_piece piece = { .mapping = NULL };
	void *ptr;
	int fd, rc;

	/* Another queue may have missed it before. */
	if (known(vduse, addr))
		return 0;
	fd = ioctl(vduse->fd, VDUSE_IOTLB_GET_FD, &entry);
	if (fd < 0)
		return vhost_fail(vh, -EFAULT, "VDUSE_IOTLB_GET_FD", "0x%llx: %s", (unsigned long long)addr,
				  strerror(errno));
	piece.first = entry.start;
	piece.last = entry.last;
	rc = memory_mapping_create(fd, entry.offset, entry.last - entry.start + 1, &piece.mapping, &ptr);
	close(fd);
	if (rc == 0)
		rc = add_piece(vduse, &piece, ptr, (enum dpu_memory_access)entry.perm);
	if (rc == 0)
		return 0;
	memory_mapping_unref(piece.mapping);
	return vhost_fail(vh, rc, "memory", "0x%llx: %s", (unsigned long long)addr, strerror(-rc));
}

void *vduse_memory_find(struct dpu_vhost *vh, uint64_t addr, uint64_t len)
{
	uint64_t got = 0;
	void *ptr;

	if (vduse_memory_reach(vh, addr) < 0)
		return NULL;
	ptr = dpu_memory_map_find(vduse_of(vh)->iotlb, addr, &got);
	return ptr && got >= len ? ptr : NULL;
}

static bool within(const struct vduse_piece *piece, uint64_t first, uint64_t last)
{
	return !piece->gone && piece->first <= last && piece->last >= first;
}

void vduse_memory_remove(struct vduse *vduse, uint64_t first, uint64_t last)
{
	const struct vduse_piece *piece;
	uint32_t i;

	/* Whole pieces, as they were mapped; what is still there is looked up again. */
	for (i = 0; i < vduse->piece_count; i++) {
		piece = &vduse->pieces[i];
		if (within(piece, first, last))
			dpu_memory_map_remove(vduse->iotlb, piece->first, piece->last - piece->first + 1);
	}
}

static bool has_ring(const struct dpu_vhost *vh, const struct memory_mapping *mapping)
{
	const struct vduse_queue *queue;
	uint32_t i, part;

	for (i = 0; i < vh->queue_count; i++) {
		queue = &vduse_of(vh)->queues[i];
		for (part = 0; part < 3; part++) {
			if ((uintptr_t)queue->rings[part] - (uintptr_t)mapping->ptr < mapping->size)
				return true;
		}
	}
	return false;
}

void vduse_memory_removed(struct dpu_vhost *vh, uint64_t first, uint64_t last)
{
	struct vduse *vduse = vduse_of(vh);
	struct vduse_piece *piece;
	uint32_t i, kept = 0;

	for (i = 0; i < vduse->piece_count; i++) {
		piece = &vduse->pieces[i];
		/* A driver that changes its memory says that all of it has changed, rings included. */
		if (within(piece, first, last))
			piece->gone = true;
		if (piece->gone && !has_ring(vh, piece->mapping))
			memory_mapping_unref(piece->mapping);
		else
			vduse->pieces[kept++] = *piece;
	}
	vduse->piece_count = kept;
}

void vduse_memory_forget(struct vduse *vduse)
{
	uint32_t i;

	dpu_memory_map_remove(vduse->iotlb, 0, UINT64_MAX);
	dpu_memory_map_settled(vduse->iotlb);
	for (i = 0; i < vduse->piece_count; i++)
		memory_mapping_unref(vduse->pieces[i].mapping);
	free(vduse->pieces);
	vduse->pieces = NULL;
	vduse->piece_count = 0;
}
