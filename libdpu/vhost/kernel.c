/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vhost/kernel.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

int kernel_ioctl(struct dpu_vhost *vh, int fd, unsigned long request, void *argument, const char *name)
{
	int rc = ioctl(fd, request, argument);

	return rc < 0 ? vhost_fail(vh, -errno, name, NULL) : rc;
}

int kernel_open(struct dpu_vhost *vh, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? vhost_fail(vh, -errno, "open", "%s: %s", path, strerror(errno)) : fd;
}

static int tell_place(struct dpu_vhost *vh, const struct arena *arena, int fd, uint32_t index,
		      uint32_t number)
{
	struct arena_ring ring = arena_ring(arena, vh, index, arena_layout(vh));
	struct vhost_vring_state size = { number, vh->opts.queue_size };
	/* Packed: both wrap counters are 1. */
	struct vhost_vring_state base = { number, vh->features & DPU_VIRTIO_F_RING_PACKED ? 0x80008000u : 0 };
	struct vhost_vring_addr addr = {
		.index = number,
		.desc_user_addr = (uintptr_t)ring.desc + arena->delta,
		.avail_user_addr = (uintptr_t)ring.avail + arena->delta,
		.used_user_addr = (uintptr_t)ring.used + arena->delta,
	};
	int rc;

	rc = kernel_ioctl(vh, fd, VHOST_SET_VRING_NUM, &size, "VHOST_SET_VRING_NUM");
	if (rc == 0)
		rc = kernel_ioctl(vh, fd, VHOST_SET_VRING_BASE, &base, "VHOST_SET_VRING_BASE");
	if (rc == 0)
		rc = kernel_ioctl(vh, fd, VHOST_SET_VRING_ADDR, &addr, "VHOST_SET_VRING_ADDR");
	return rc;
}

static int tell_eventfds(struct dpu_vhost *vh, int fd, uint32_t index, uint32_t number)
{
	struct vhost_vring_file call = { number, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	struct vhost_vring_file kick = { number, vh->queues[index].out };
	int rc;

	if (call.fd < 0)
		return vhost_fail(vh, -errno, "open", "eventfd: %s", strerror(errno));
	vhost_queue_set_in(vh, index, call.fd);
	rc = kernel_ioctl(vh, fd, VHOST_SET_VRING_CALL, &call, "VHOST_SET_VRING_CALL");
	if (rc == 0)
		rc = kernel_ioctl(vh, fd, VHOST_SET_VRING_KICK, &kick, "VHOST_SET_VRING_KICK");
	return rc;
}

int kernel_ring(struct dpu_vhost *vh, const struct arena *arena, int fd, uint32_t index, uint32_t number)
{
	int rc;

	rc = arena_virtq(arena, vh, index, &vh->queues[index].made);
	if (rc < 0)
		return vhost_fail(vh, rc, "open", "queue %u of %u descriptors", index, vh->opts.queue_size);
	rc = tell_place(vh, arena, fd, index, number);
	return rc == 0 ? tell_eventfds(vh, fd, index, number) : rc;
}

int kernel_begin(struct dpu_vhost *vh)
{
	struct dpu_virtq *vq;
	uint32_t i;
	int rc;

	vh->connected = true;
	vh->connections = 1;
	vhost_emit(vh, DPU_VHOST_CONNECTED, 0, 0);
	for (i = 0; i < vh->queue_count; i++) {
		vq = vh->queues[i].made;
		if (!vq)
			continue;
		vh->queues[i].enabled = true;
		rc = vhost_queue_started(vh, i, vq);
		if (rc < 0)
			return vhost_fail(vh, rc, "open", NULL);
		vh->queues[i].made = NULL;
	}
	return 0;
}

static void after_end(struct dpu_vhost *vh)
{
	uint32_t i;

	for (i = 0; i < vh->queue_count; i++)
		vhost_queue_release(vh, i);
	vh->ended = true;
}

void kernel_end(struct dpu_vhost *vh, int code)
{
	uint32_t i;

	if (!vh->connected)
		return;
	vh->connected = false;
	for (i = 0; i < vh->queue_count; i++)
		vhost_queue_stopping(vh, i);
	vhost_emit(vh, DPU_VHOST_DISCONNECTED, 0, (uint64_t)-code);
	vh->then = after_end;
}

static bool waits(const struct dpu_vhost *vh, uint32_t type)
{
	uint32_t i;

	for (i = 0; i < vh->event_count; i++) {
		if (vh->events[(vh->event_first + i) % vh->event_room].type == type)
			return true;
	}
	return false;
}

void kernel_memory_changed(struct dpu_vhost *vh)
{
	if (!vh->connected || waits(vh, DPU_VHOST_MEMORY))
		return;
	vhost_emit(vh, DPU_VHOST_MEMORY, 0, 0);
	eventfd_write(vh->wake, 1);
}
