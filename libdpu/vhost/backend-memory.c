/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The front-end's memory: regions by three kinds of address, the dirty log, and files it shares besides.
 *
 * A region that the front-end names again, as when it adds another one, keeps its mapping: queues run on, and
 * only those whose rings have moved are stopped and started. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "vhost/backend.h"

static struct backend_region *find_region(const struct backend *be, const struct vhost_user_region *at)
{
	struct backend_region *region;
	uint32_t i;

	for (i = 0; i < be->memory.count; i++) {
		region = &be->memory.regions[i];
		if (region->at.guest == at->guest && region->at.size == at->size &&
		    region->at.user == at->user)
			return region;
	}
	return NULL;
}

/* Maps a region that a message names, or finds it mapped. */
static int take_region(struct dpu_vhost *vh, const struct vhost_user_region *at, int fd,
		       struct backend_region *region)
{
	const struct backend *be = vhost_backend(vh);
	const struct backend_region *old;
	struct backend_file file;
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return backend_fail(vh, -errno, "fstat: %s", strerror(errno));
	old = find_region(be, at);
	if (old && old->at.offset == at->offset && old->dev == st.st_dev && old->ino == st.st_ino) {
		*region = *old;
		region->again = 0;
		memory_mapping_ref(region->mapping);
		return 0;
	}
	rc = backend_map(vh, fd, at->offset, at->size, &file);
	if (rc < 0)
		return rc;
	*region = (struct backend_region){
		.at = *at,
		.mapping = file.mapping,
		.ptr = file.ptr,
		.dev = st.st_dev,
		.ino = st.st_ino,
	};
	return 0;
}

static void drop_regions(struct backend_region *regions, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		memory_mapping_unref(regions[i].mapping);
	free(regions);
}

/* Makes maps of regions, of both kinds of address. All or nothing. */
static int make_maps(struct dpu_vhost *vh, const struct backend_region *regions, uint32_t count,
		     struct dpu_memory_map **guest, struct dpu_memory_map **user)
{
	uint32_t i;
	int rc;

	rc = dpu_memory_map_create(guest);
	if (rc == 0)
		rc = dpu_memory_map_create(user);
	for (i = 0; rc == 0 && i < count; i++) {
		rc = memory_map_add_mapping(*guest, regions[i].at.guest, regions[i].at.size, regions[i].ptr,
					    regions[i].mapping);
		if (rc == 0)
			rc = memory_map_add_mapping(*user, regions[i].at.user, regions[i].at.size,
						    regions[i].ptr, regions[i].mapping);
	}
	if (rc == 0)
		return 0;
	*guest = dpu_memory_map_unref(*guest);
	*user = dpu_memory_map_unref(*user);
	if (rc == -EEXIST)
		return backend_fail(vh, rc, "regions overlap");
	return backend_fail(vh, rc, rc == -EINVAL ? "a region wraps, or is empty" : NULL);
}

/* What an IOTLB says of memory that has changed is void. */
static void forget_translations(struct backend *be)
{
	dpu_memory_map_remove(be->iotlb, 0, UINT64_MAX);
}

static void drop_next(struct backend *be)
{
	drop_regions(be->next.regions, be->next.count);
	dpu_memory_map_unref(be->next.guest);
	dpu_memory_map_unref(be->next.user);
	memset(&be->next, 0, sizeof(be->next));
}

void backend_settle(struct dpu_vhost *vh)
{
	struct backend *be = vhost_backend(vh);

	if (be->unsettled)
		be->unsettled =
			!dpu_memory_map_settled(be->memory.guest) || !dpu_memory_map_settled(be->iotlb);
}

/* The new memory takes effect. What is left in "next" is the old one. */
static int go_over(struct backend *be)
{
	struct backend_memory old = be->memory;
	int rc;

	/* The queues know the one map for addresses in descriptors. */
	rc = dpu_memory_map_replace(old.guest, be->next.guest);
	if (rc < 0)
		return rc;
	dpu_memory_map_unref(be->next.guest);
	be->memory = be->next;
	be->memory.guest = old.guest;
	be->next = old;
	be->next.guest = NULL;
	forget_translations(be);
	return 0;
}

/* The caller has heard of it. */
static void apply(struct dpu_vhost *vh)
{
	struct backend *be = vhost_backend(vh);
	int rc;

	rc = go_over(be);
	if (rc == 0)
		rc = backend_start_all(vh);
	else
		vhost_fail(vh, rc, "memory", NULL);
	drop_next(be);
	be->unsettled = true;
	backend_settle(vh);
	backend_acknowledge(vh, rc);
}

/* Makes regions those of "next", whose they are from now on, also on failure. */
static int prepare_next(struct dpu_vhost *vh, struct backend_region *regions, uint32_t count)
{
	struct backend *be = vhost_backend(vh);
	int rc;

	rc = make_maps(vh, regions, count, &be->next.guest, &be->next.user);
	if (rc < 0) {
		drop_regions(regions, count);
		return rc;
	}
	be->next.regions = regions;
	be->next.count = count;
	return 0;
}

/* Goes over to other regions, which are be's from now on: after the caller has let go of the queues whose
 * rings lie elsewhere then. */
static int change_to(struct dpu_vhost *vh, struct backend_region *regions, uint32_t count)
{
	int rc = prepare_next(vh, regions, count);

	if (rc < 0)
		return rc;
	backend_stop_moved(vh, vhost_backend(vh)->next.user);
	vhost_emit(vh, DPU_VHOST_MEMORY, 0, 0);
	backend_acknowledge_later(vh);
	vh->then = apply;
	return BACKEND_ANSWERED;
}

/* Takes all regions that are named: all or nothing. */
static int take_regions(struct dpu_vhost *vh, const struct vhost_user_region *at, const int *fds,
			uint32_t count, struct backend_region **ret)
{
	struct backend_region *regions;
	uint32_t i;
	int rc;

	regions = calloc(count + 1, sizeof(*regions));
	if (!regions)
		return backend_fail(vh, -ENOMEM, NULL);
	for (i = 0; i < count; i++) {
		rc = take_region(vh, &at[i], fds[i], &regions[i]);
		if (rc < 0) {
			drop_regions(regions, i);
			return rc;
		}
	}
	*ret = regions;
	return 0;
}

int backend_adopt_regions(struct dpu_vhost *vh, const struct vhost_user_region *at, const int *fds,
			  uint32_t count)
{
	struct backend *be = vhost_backend(vh);
	struct backend_region *regions;
	int rc;

	rc = take_regions(vh, at, fds, count, &regions);
	if (rc == 0)
		rc = prepare_next(vh, regions, count);
	if (rc < 0)
		return rc;
	rc = go_over(be);
	drop_next(be);
	return rc;
}

int backend_set_mem_table(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	uint32_t count = message->memory.count;
	struct backend_region *regions;
	int rc;

	if (count > VHOST_USER_REGIONS || message->fd_count != count ||
	    message->header.size < sizeof(uint64_t) + count * sizeof(struct vhost_user_region))
		return backend_fail(vh, -EINVAL, "%u regions, %u descriptors, %u bytes", count,
				    message->fd_count, message->header.size);
	rc = take_regions(vh, message->memory.regions, message->fds, count, &regions);
	return rc < 0 ? rc : change_to(vh, regions, count);
}

/* The regions that there are, with room for one more, or without one. */
static struct backend_region *regions_with_room(const struct backend *be, uint32_t without)
{
	struct backend_region *regions;
	uint32_t i, count = 0;

	regions = calloc(be->memory.count + 1, sizeof(*regions));
	for (i = 0; regions && i < be->memory.count; i++) {
		if (i == without)
			continue;
		regions[count] = be->memory.regions[i];
		memory_mapping_ref(regions[count++].mapping);
	}
	return regions;
}

int backend_add_mem_reg(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	struct backend *be = vhost_backend(vh);
	struct backend_region *regions, *old;
	int rc;

	if (be->memory.count >= DPU_MEMORY_REGIONS)
		return backend_fail(vh, -ENOSPC, "there are %u regions already", be->memory.count);
	regions = regions_with_room(be, UINT32_MAX);
	if (!regions)
		return backend_fail(vh, -ENOMEM, NULL);
	rc = take_region(vh, &message->slot.region, message->fds[0], &regions[be->memory.count]);
	if (rc < 0) {
		drop_regions(regions, be->memory.count);
		return rc;
	}
	/* QEMU adds a region once for each pair of queues, and removes it as often. */
	old = find_region(be, &message->slot.region);
	if (old && old->mapping == regions[be->memory.count].mapping) {
		old->again++;
		drop_regions(regions, be->memory.count + 1);
		return 0;
	}
	return change_to(vh, regions, be->memory.count + 1);
}

int backend_rem_mem_reg(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	struct backend *be = vhost_backend(vh);
	struct backend_region *regions, *old = find_region(be, &message->slot.region);

	if (!old)
		return backend_fail(vh, -ENOENT, "no such region");
	if (old->again) {
		old->again--;
		return 0;
	}
	regions = regions_with_room(be, (uint32_t)(old - be->memory.regions));
	if (!regions)
		return backend_fail(vh, -ENOMEM, NULL);
	return change_to(vh, regions, be->memory.count - 1);
}

/* A translation has come: who waited for one goes on. */
static int translations_came(struct dpu_vhost *vh)
{
	uint32_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < vh->queue_count; i++) {
		if (!vh->queues[i].vq)
			rc = backend_try_start(vh, i);
		else if (atomic_exchange(&vh->queues[i].missed, false))
			vhost_queue_ring(vh, i);
	}
	return rc;
}

static int invalidate(struct dpu_vhost *vh, const struct vhost_user_iotlb *iotlb)
{
	int rc = dpu_memory_map_remove(vhost_backend(vh)->iotlb, iotlb->iova, iotlb->size);

	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return backend_fail(vh, rc, NULL);
	vhost_emit(vh, DPU_VHOST_MEMORY, 0, 0);
	backend_acknowledge_later(vh);
	vh->then = backend_acknowledge_handled;
	return BACKEND_ANSWERED;
}

int backend_iotlb(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	const struct vhost_user_iotlb *iotlb = &message->iotlb;
	struct backend *be = vhost_backend(vh);
	uint64_t got = 0;
	void *ptr;
	int rc;

	if (iotlb->type == VHOST_USER_IOTLB_INVALIDATE)
		return invalidate(vh, iotlb);
	if (iotlb->type != VHOST_USER_IOTLB_UPDATE)
		return backend_fail(vh, -EINVAL, "type %u", iotlb->type);
	ptr = dpu_memory_map_find(be->memory.user, iotlb->user, &got);
	if (!ptr || got < iotlb->size)
		return backend_fail(vh, -EFAULT, "no memory at 0x%llx, %llu bytes",
				    (unsigned long long)iotlb->user, (unsigned long long)iotlb->size);
	rc = dpu_memory_map_add_iova(be->iotlb, iotlb->iova, iotlb->size, ptr,
				     (enum dpu_memory_access)iotlb->access);
	return rc < 0 ? backend_fail(vh, rc, NULL) : translations_came(vh);
}

int backend_map(struct dpu_vhost *vh, int fd, uint64_t offset, uint64_t size, struct backend_file *file)
{
	struct memory_mapping *mapping;
	void *ptr;
	int rc;

	rc = memory_mapping_create(fd, offset, size, &mapping, &ptr);
	if (rc < 0)
		return backend_fail(vh, rc,
				    rc == -EINVAL ? "the file is shorter than what it shall share" : NULL);
	/* A successor is given it. */
	mapping->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (mapping->fd < 0)
		rc = -errno;
	else if (!(vh->opts.flags & DPU_VHOST_NO_SIGBUS))
		rc = memory_guard(mapping, vh->wake);
	if (rc < 0) {
		memory_mapping_unref(mapping);
		return backend_fail(vh, rc, NULL);
	}
	*file = (struct backend_file){ .mapping = mapping, .ptr = ptr, .size = size, .offset = offset };
	return 0;
}

void backend_unmap(struct backend_file *file)
{
	memory_mapping_unref(file->mapping);
	*file = (struct backend_file){ 0 };
}

int backend_update_log(struct dpu_vhost *vh)
{
	struct backend *be = vhost_backend(vh);
	bool on = be->log.mapping && vh->features & DPU_VHOST_F_LOG_ALL;
	int rc;

	rc = memory_map_set_log_mapping(be->memory.guest, on ? be->log.ptr : NULL, be->log.size,
					on ? be->log.mapping : NULL);
	if (rc < 0)
		return backend_fail(vh, rc, NULL);
	if (on != be->logging)
		vhost_emit(vh, DPU_VHOST_LOG, 0, on);
	be->logging = on;
	return 0;
}

/* Bytes of a log of all memory there is. */
static uint64_t log_needed(const struct backend *be)
{
	uint64_t last, needed = 0;
	uint32_t i;

	for (i = 0; i < be->memory.count; i++) {
		last = be->memory.regions[i].at.guest + (be->memory.regions[i].at.size - 1);
		if (last / DPU_MEMORY_LOG_PAGE / 8 + 1 > needed)
			needed = last / DPU_MEMORY_LOG_PAGE / 8 + 1;
	}
	return needed;
}

int backend_set_log_base(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	struct backend *be = vhost_backend(vh);
	struct backend_file log;
	int rc;

	if (message->log.size < log_needed(be))
		return backend_fail(vh, -EINVAL, "a log of %llu bytes is too small for the memory: %llu",
				    (unsigned long long)message->log.size,
				    (unsigned long long)log_needed(be));
	rc = backend_map(vh, message->fds[0], message->log.offset, message->log.size, &log);
	if (rc < 0)
		return rc;
	/* What queues still use of the former one is the map's. */
	backend_unmap(&be->log);
	be->log = log;
	rc = backend_update_log(vh);
	if (rc < 0)
		return rc;
	rc = backend_reply_u64(vh, message->header.request, 0);
	return rc < 0 ? rc : BACKEND_ANSWERED;
}

bool backend_memory_broken(const struct dpu_vhost *vh)
{
	const struct backend *be = vhost_backend(vh);
	uint32_t i;

	for (i = 0; i < be->memory.count; i++) {
		if (atomic_load(&be->memory.regions[i].mapping->broken))
			return true;
	}
	return (be->log.mapping && atomic_load(&be->log.mapping->broken)) ||
	       (be->inflight.mapping && atomic_load(&be->inflight.mapping->broken));
}

void backend_memory_gone(struct dpu_vhost *vh)
{
	struct backend *be = vhost_backend(vh);

	drop_next(be);
	drop_regions(be->memory.regions, be->memory.count);
	dpu_memory_map_unref(be->memory.guest);
	dpu_memory_map_unref(be->memory.user);
	memset(&be->memory, 0, sizeof(be->memory));
	be->iotlb = dpu_memory_map_unref(be->iotlb);
	be->logging = be->unsettled = false;
	backend_unmap(&be->log);
	backend_unmap(&be->inflight);
}

int backend_memory_begin(struct dpu_vhost *vh)
{
	struct backend *be = vhost_backend(vh);

	if (dpu_memory_map_create(&be->memory.guest) < 0 || dpu_memory_map_create(&be->memory.user) < 0 ||
	    dpu_memory_map_create(&be->iotlb) < 0)
		return vhost_fail(vh, -ENOMEM, "connect", NULL);
	return 0;
}
