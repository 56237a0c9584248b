/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel keeps a device whose process has died, and the driver waits for another process. What the former
 * one had taken and not returned neither the kernel nor the ring tells: it is kept in a file, as vhost-user's
 * front-ends keep it for their back-ends. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "vhost/vduse.h"

#define SLOT_ALIGN 4096u
/* Temporary files of the running system: gone after a boot, as the devices are. */
#define REGION_DIR "/run/libdpu"
#define REGION_PATH REGION_DIR "/vduse-%s"
#define REGION_PATH_MAX (sizeof(REGION_PATH) + VDUSE_NAME_MAX)

static size_t slot_size(void)
{
	int split = dpu_virtq_inflight_size(DPU_VIRTQ_SPLIT, VDUSE_QUEUE_SIZE_MAX),
	    packed = dpu_virtq_inflight_size(DPU_VIRTQ_PACKED, VDUSE_QUEUE_SIZE_MAX);

	return ((size_t)(split > packed ? split : packed) + SLOT_ALIGN - 1) / SLOT_ALIGN * SLOT_ALIGN;
}

/* Of another size it is another device's: it is made anew. */
static int size_file(int fd, size_t size, bool fresh)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!fresh && (size_t)st.st_size == size)
		return 0;
	return ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

int vduse_region_open(struct dpu_vhost *vh, bool fresh)
{
	struct vduse *vduse = vduse_of(vh);
	size_t size = slot_size() * vh->queue_count;
	char path[REGION_PATH_MAX];
	void *region;
	int fd, rc;

	if (vh->opts.flags & DPU_VHOST_NO_INFLIGHT) {
		/* What one before has left would be taken for this one's. */
		vduse_region_unlink(vh);
		return 0;
	}
	if (mkdir(REGION_DIR, 0755) < 0 && errno != EEXIST)
		return vhost_fail(vh, -errno, "open", "%s: %s", REGION_DIR, strerror(errno));
	snprintf(path, sizeof(path), REGION_PATH, vh->path);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return vhost_fail(vh, -errno, "open", "%s: %s", path, strerror(errno));
	rc = size_file(fd, size, fresh);
	region = rc < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (rc == 0 && region == MAP_FAILED)
		rc = -errno;
	close(fd);
	if (rc < 0)
		return vhost_fail(vh, rc, "open", "%s: %s", path, strerror(-rc));
	vduse->region = region;
	vduse->slot = slot_size();
	return 0;
}

void *vduse_region_slot(const struct vduse *vduse, uint32_t index)
{
	return vduse->region ? vduse->region + vduse->slot * index : NULL;
}

bool vduse_region_kept(const struct vduse *vduse, uint32_t index)
{
	const uint8_t *slot = vduse_region_slot(vduse, index);
	size_t i;

	/* What is not new has its version and size in its first bytes. */
	for (i = 0; slot && i < 16; i++) {
		if (slot[i])
			return true;
	}
	return false;
}

void vduse_region_close(struct vduse *vduse, uint32_t count)
{
	if (vduse->region)
		munmap(vduse->region, vduse->slot * count);
}

void vduse_region_unlink(const struct dpu_vhost *vh)
{
	char path[REGION_PATH_MAX];

	snprintf(path, sizeof(path), REGION_PATH, vh->path);
	unlink(path);
}
