/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VDUSE device's inside: the driver's memory, and what outlives the process. */
#ifndef DPU_VHOST_VDUSE_H
#define DPU_VHOST_VDUSE_H

#include <linux/vduse.h>
#include "vhost/vhost.h"

/* The most descriptors that a driver may choose for a queue. */
#define VDUSE_QUEUE_SIZE_MAX 1024

/* A piece of the driver's memory, mapped. */
struct vduse_piece {
	struct memory_mapping *mapping;
	uint64_t first, last;
	bool gone; /* taken back, and only mapped for a queue whose ring is in it */
};

struct vduse_queue {
	struct dpu_virtq_state state; /* when it stopped */
	_Atomic uint64_t miss;        /* the address that it waits for */
	const void *rings[3];         /* where it is mapped, while it runs */
};

struct vduse {
	int control;
	int fd;
	bool ours; /* to be destroyed at the end */
	struct dpu_memory_map *iotlb;
	struct vduse_piece *pieces;
	uint32_t piece_count;
	struct vduse_queue *queues;
	uint8_t *region; /* a slot for each queue; NULL: there is none */
	size_t slot;     /* its bytes */
	/* The message that is answered when the caller has handled its events. */
	struct vduse_dev_request later;
};

static inline struct vduse *vduse_of(const struct dpu_vhost *vh)
{
	return vh->transport;
}

/* vduse-memory.c: makes that the map has an address, if the kernel has it. 0, or a negative errno with the
 * reason recorded. */
int vduse_memory_reach(struct dpu_vhost *vh, uint64_t addr);
/* Where len bytes are, in one piece; or NULL. */
void *vduse_memory_find(struct dpu_vhost *vh, uint64_t addr, uint64_t len);
/* The driver takes addresses back: they are missed from now on, and once the chains that were taken before
 * are returned nothing is mapped that no ring is in. */
void vduse_memory_remove(struct vduse *vduse, uint64_t first, uint64_t last);
void vduse_memory_removed(struct dpu_vhost *vh, uint64_t first, uint64_t last);
/* All of it; no queue runs. */
void vduse_memory_forget(struct vduse *vduse);

/* vduse-region.c: the in-flight regions of all queues, in a file by the device's name. A new device's are
 * new, else as the former process left them. 0, or a negative errno with the reason recorded. */
int vduse_region_open(struct dpu_vhost *vh, bool fresh);
/* A queue's; NULL: none. */
void *vduse_region_slot(const struct vduse *vduse, uint32_t index);
/* True when a former process has kept it. */
bool vduse_region_kept(const struct vduse *vduse, uint32_t index);
void vduse_region_close(struct vduse *vduse, uint32_t count);
void vduse_region_unlink(const struct dpu_vhost *vh);

#endif
