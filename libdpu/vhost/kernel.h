/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What vhost-net and vhost-vdpa have in common: the driver side of queues that the kernel serves, told by
 * ioctl(2). All of it is done when the handle is opened; there is one peer, which does not go. Source:
 * linux/vhost.h. */
#ifndef DPU_VHOST_KERNEL_H
#define DPU_VHOST_KERNEL_H

#include "vhost/arena.h"

/* Descriptors in the epoll set. */
enum kernel_source {
	KERNEL_LINK = VHOST_FIRST_OF_TRANSPORT, /* the network device behind vhost-net */
	KERNEL_CONFIG,                          /* the configuration space has changed */
	KERNEL_ERROR,                           /* the kernel cannot take what is in a ring */
};

/* ioctl(2) whose failure is recorded under its name. */
int kernel_ioctl(struct dpu_vhost *vh, int fd, unsigned long request, void *argument, const char *name);

/* Opens a device, read-write. */
int kernel_open(struct dpu_vhost *vh, const char *path);

/* Makes the queue with a number and tells the kernel of it, which may know it by another number. */
int kernel_ring(struct dpu_vhost *vh, const struct arena *arena, int fd, uint32_t index, uint32_t number);

/* The caller hears that the peer is there and that the queues have started. */
int kernel_begin(struct dpu_vhost *vh);

/* The kernel has taken a change of the memory, of which the caller hears once. */
void kernel_memory_changed(struct dpu_vhost *vh);

/* Stops the queues; the caller hears why. */
void kernel_end(struct dpu_vhost *vh, int code);

#endif
