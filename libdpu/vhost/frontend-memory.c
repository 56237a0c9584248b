/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory that the device sees: the arena, and what the caller has added. The caller's wishes and what the
 * peer was told of them are kept apart; a difference is the next message. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "vhost/frontend.h"

static void fill_region(struct vhost_user_region *to, const struct frontend_region *region)
{
	to->guest = to->user = (uintptr_t)region->ptr;
	to->size = region->size;
	to->offset = region->offset;
}

uint32_t frontend_wanted(const struct dpu_vhost *vh)
{
	const struct frontend *frontend = vhost_frontend(vh);
	uint32_t i, wanted = 0;

	for (i = 0; i < frontend->region_count; i++)
		wanted += frontend->regions[i].wanted;
	return wanted;
}

static void forget(struct frontend *frontend, struct frontend_region *region)
{
	close(region->fd);
	*region = frontend->regions[--frontend->region_count];
}

/* What the caller has taken away, and the peer has no more. */
static void sweep(struct frontend *frontend)
{
	uint32_t i;

	for (i = frontend->region_count; i-- > 1;) {
		if (!frontend->regions[i].wanted && !frontend->regions[i].sent)
			forget(frontend, &frontend->regions[i]);
	}
}

static int acknowledged(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	struct frontend *frontend = vhost_frontend(vh);

	if (message && message->u64)
		return vhost_fail(vh, -EIO, vhost_user_request_name(message->header.request),
				  "the peer does not take the memory");
	frontend->barrier = !message;
	if (message)
		sweep(frontend);
	return 0;
}

static int passed_barrier(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	(void)message;
	vhost_frontend(vh)->barrier = false;
	sweep(vhost_frontend(vh));
	return 0;
}

static int fill_table(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index)
{
	struct frontend *frontend = vhost_frontend(vh);
	struct frontend_region *region;
	uint32_t i;

	(void)index;
	for (i = 0; i < frontend->region_count; i++) {
		region = &frontend->regions[i];
		region->sent = region->wanted;
		if (!region->wanted)
			continue;
		fill_region(&message->memory.regions[message->memory.count++], region);
		message->fds[message->fd_count++] = region->fd;
	}
	message->header.size = (uint32_t)(offsetof(struct vhost_user_message, memory.regions) -
					  offsetof(struct vhost_user_message, memory) +
					  message->memory.count * sizeof(message->memory.regions[0]));
	return 0;
}

/* What is removed goes first: the peer has no more places than it said. */
static struct frontend_region *differing(struct frontend *frontend)
{
	struct frontend_region *region, *found = NULL;
	uint32_t i;

	for (i = 0; i < frontend->region_count; i++) {
		region = &frontend->regions[i];
		if (region->sent && !region->wanted)
			return region;
		if (region->wanted && !region->sent && !found)
			found = region;
	}
	return found;
}

/* Adds or removes, whichever the region differs in. */
static int fill_slot(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index)
{
	struct frontend_region *region = differing(vhost_frontend(vh));

	(void)index;
	fill_region(&message->slot.region, region);
	message->header.size = sizeof(message->slot);
	if (region->wanted)
		message->fds[message->fd_count++] = region->fd;
	region->sent = region->wanted;
	return 0;
}

const struct frontend_step *frontend_memory_step(struct dpu_vhost *vh)
{
	static const struct frontend_step table = { .request = VHOST_USER_SET_MEM_TABLE,
						    .acknowledged = true,
						    .fill = fill_table,
						    .answer = acknowledged };
	static const struct frontend_step add = { .request = VHOST_USER_ADD_MEM_REG,
						  .acknowledged = true,
						  .fill = fill_slot,
						  .answer = acknowledged };
	static const struct frontend_step remove = { .request = VHOST_USER_REM_MEM_REG,
						     .acknowledged = true,
						     .fill = fill_slot,
						     .answer = acknowledged };
	static const struct frontend_step barrier = { .request = VHOST_USER_GET_FEATURES,
						      .answered = true,
						      .answer_size = sizeof(uint64_t),
						      .answer = passed_barrier };
	struct frontend *frontend = vhost_frontend(vh);
	struct frontend_region *region;

	if (frontend->barrier)
		return &barrier;
	region = differing(frontend);
	if (!region)
		return NULL;
	if (!(vh->protocol_features & VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS))
		return &table;
	return region->wanted ? &add : &remove;
}

void frontend_memory_gone(struct dpu_vhost *vh)
{
	struct frontend *frontend = vhost_frontend(vh);
	uint32_t i;

	for (i = 0; i < frontend->region_count; i++)
		frontend->regions[i].sent = false;
	sweep(frontend);
}

static bool page_aligned(uint64_t value)
{
	return !(value & ((uint64_t)sysconf(_SC_PAGESIZE) - 1));
}

static bool overlaps(const struct frontend *frontend, const uint8_t *ptr, size_t size)
{
	const struct frontend_region *region;
	uint32_t i;

	for (i = 0; i < frontend->region_count; i++) {
		region = &frontend->regions[i];
		if ((uintptr_t)ptr < (uintptr_t)region->ptr + region->size &&
		    (uintptr_t)region->ptr < (uintptr_t)ptr + size)
			return true;
	}
	return false;
}

int frontend_memory_add(struct dpu_vhost *vh, void *ptr, size_t size, int fd, uint64_t offset)
{
	struct frontend *frontend = vhost_frontend(vh);
	uint32_t most = vh->connected ? frontend->slots : DPU_MEMORY_REGIONS;
	struct frontend_region *regions;

	if (!ptr || !size || !page_aligned((uintptr_t)ptr | size | offset) ||
	    size - 1 > UINTPTR_MAX - (uintptr_t)ptr)
		return vhost_fail(vh, -EINVAL, "memory_add", "%p, %zu bytes at %llu: not whole pages", ptr,
				  size, (unsigned long long)offset);
	if (overlaps(frontend, ptr, size))
		return vhost_fail(vh, -EEXIST, "memory_add", "%p, %zu bytes: overlaps other memory", ptr,
				  size);
	if (frontend_wanted(vh) >= most)
		return vhost_fail(vh, -ENOSPC, "memory_add", "there are %u pieces already", most);
	regions = realloc(frontend->regions, (frontend->region_count + 1) * sizeof(*regions));
	if (!regions)
		return vhost_fail(vh, -ENOMEM, "memory_add", NULL);
	frontend->regions = regions;
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return vhost_fail(vh, errno == EBADF ? -EINVAL : -errno, "memory_add", NULL);
	regions[frontend->region_count++] = (struct frontend_region){
		.ptr = ptr, .size = size, .offset = offset, .fd = fd, .wanted = true
	};
	if (vh->connected) {
		frontend->changed = true;
		frontend_stir(vh);
	}
	return 0;
}

int frontend_memory_remove(struct dpu_vhost *vh, void *ptr)
{
	struct frontend *frontend = vhost_frontend(vh);
	uint32_t i;

	for (i = 1; i < frontend->region_count; i++) {
		if (frontend->regions[i].ptr == ptr && frontend->regions[i].wanted)
			break;
	}
	if (i >= frontend->region_count)
		return vhost_fail(vh, -ENOENT, "memory_remove", "%p was not added", ptr);
	frontend->regions[i].wanted = false;
	if (!frontend->regions[i].sent)
		forget(frontend, &frontend->regions[i]);
	if (vh->connected) {
		frontend->changed = true;
		frontend_stir(vh);
	}
	return 0;
}
