/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A front-end's queues: what is agreed on, what goes on after a connection and what begins anew. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "vhost/frontend.h"
#include "virtq/virtq.h"

/* What the driver side can do of rings and transports, whoever uses the queues. */
#define RING_FEATURES                                                                                        \
	(DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_F_RING_PACKED | DPU_VIRTIO_F_EVENT_IDX |                        \
	 DPU_VIRTIO_F_INDIRECT_DESC | DPU_VIRTIO_F_IN_ORDER)

int frontend_accept(struct dpu_vhost *vh)
{
	struct frontend *frontend = vhost_frontend(vh);

	/* Other devices have as many queues as their drivers know, with or without MQ. */
	if (vh->opts.device == DPU_VIRTIO_ID_NET && !(vh->protocol_features & VHOST_USER_PROTOCOL_F_MQ))
		frontend->queue_count = 2;
	vh->features = vhost_agreed(vh, RING_FEATURES);
	if (dpu_virtq_ring_size(arena_layout(vh), vh->opts.queue_size, NULL, NULL) < 0)
		return vhost_fail(vh, -EOPNOTSUPP, "connect",
				  "the peer has no %s rings, and other rings have no %u descriptors",
				  arena_layout(vh) == DPU_VIRTQ_SPLIT ? "packed" : "split",
				  vh->opts.queue_size);
	if (frontend_wanted(vh) > frontend->slots)
		return vhost_fail(vh, -ENOSPC, "connect", "%u pieces of memory, and the peer takes %u",
				  frontend_wanted(vh), frontend->slots);
	vhost_emit(vh, DPU_VHOST_CONNECTED, 0, 0);
	return 0;
}

static void drop_inflight(struct frontend *frontend)
{
	if (frontend->inflight_fd >= 0)
		close(frontend->inflight_fd);
	frontend->inflight_fd = -1;
}

void frontend_drop_queues(struct dpu_vhost *vh)
{
	struct frontend *frontend = vhost_frontend(vh);
	uint32_t i;

	for (i = 0; i < frontend->kept; i++)
		frontend->queues[i].vq = dpu_virtq_unref(frontend->queues[i].vq);
	frontend->kept = 0;
	drop_inflight(frontend);
}

/* How many chains of the former connection's are out, or a negative errno: its queues cannot go on. All do or
 * none does: what the device has taken of them is remembered in one region. */
static int go_on(struct dpu_vhost *vh)
{
	struct frontend *frontend = vhost_frontend(vh);
	int out = 0, rc;
	uint32_t i;

	if (frontend->kept != frontend->queue_count || frontend->features != vh->features)
		return -ENOENT;
	for (i = 0; i < frontend->kept; i++) {
		rc = virtq_resume(frontend->queues[i].vq, frontend->inflight_fd >= 0,
				  &frontend->queues[i].base);
		if (rc < 0)
			return rc;
		out += rc;
	}
	return out;
}

static int begin(struct dpu_vhost *vh, uint32_t index)
{
	struct frontend *frontend = vhost_frontend(vh);
	struct frontend_queue *queue = &frontend->queues[index];
	int rc = 0;

	if (index < frontend->kept) {
		dpu_virtq_reset(queue->vq);
	} else {
		rc = arena_virtq(&frontend->arena, vh, index, &queue->vq);
		if (rc < 0)
			return vhost_fail(vh, rc, "connect", NULL);
		frontend->kept = index + 1;
	}
	dpu_virtq_get_state(queue->vq, &queue->base);
	return 0;
}

int frontend_prepare_queues(struct dpu_vhost *vh)
{
	struct frontend *frontend = vhost_frontend(vh);
	int out, rc = 0;
	uint32_t i;

	/* A region that misses what happens on this connection is of no use to the next one. */
	if (!(vh->protocol_features & VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD))
		drop_inflight(frontend);
	out = go_on(vh);
	if (out > 0)
		return 0;
	drop_inflight(frontend);
	if (out < 0)
		frontend_drop_queues(vh);
	for (i = 0; rc == 0 && i < frontend->queue_count; i++)
		rc = begin(vh, i);
	frontend->features = vh->features;
	return rc;
}

bool frontend_lacks_inflight(const struct dpu_vhost *vh)
{
	return vhost_frontend(vh)->inflight_fd < 0;
}

int frontend_fill_get_inflight(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index)
{
	(void)index;
	message->inflight.queues = (uint16_t)vhost_frontend(vh)->queue_count;
	message->inflight.queue_size = (uint16_t)vh->opts.queue_size;
	message->header.size = sizeof(message->inflight);
	return 0;
}

/* What is in it only the back-end knows, which alone maps it. */
int frontend_got_inflight(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	struct frontend *frontend = vhost_frontend(vh);

	frontend->inflight = message->inflight;
	frontend->inflight_fd = vhost_message_take(message, 0);
	return 0;
}

int frontend_fill_set_inflight(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index)
{
	(void)index;
	message->inflight = vhost_frontend(vh)->inflight;
	message->header.size = sizeof(message->inflight);
	message->fds[message->fd_count++] = vhost_frontend(vh)->inflight_fd;
	return 0;
}

static int fill_state(struct vhost_user_message *message, uint32_t index, uint32_t num)
{
	message->state.index = index;
	message->state.num = num;
	message->header.size = sizeof(message->state);
	return 0;
}

int frontend_fill_num(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index)
{
	return fill_state(message, index, vh->opts.queue_size);
}

/* Packed: 15 bits of place and the wrap counter, of what is taken first, and of what is returned. */
int frontend_fill_base(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index)
{
	const struct dpu_virtq_state *base = &vhost_frontend(vh)->queues[index].base;
	uint32_t avail = base->avail | (uint32_t)base->avail_wrap << 15,
		 used = base->used | (uint32_t)base->used_wrap << 15;

	return fill_state(message, index,
			  arena_layout(vh) == DPU_VIRTQ_PACKED ? avail | used << 16 : base->avail);
}

int frontend_fill_addr(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index)
{
	struct arena_ring ring = arena_ring(&vhost_frontend(vh)->arena, vh, index, arena_layout(vh));

	message->addr.index = index;
	message->addr.desc = (uintptr_t)ring.desc;
	message->addr.avail = (uintptr_t)ring.avail;
	message->addr.used = (uintptr_t)ring.used;
	message->header.size = sizeof(message->addr);
	return 0;
}

static int fill_eventfd(struct vhost_user_message *message, uint32_t index, int fd)
{
	message->u64 = index;
	message->header.size = sizeof(message->u64);
	message->fds[message->fd_count++] = fd;
	return 0;
}

/* Both eventfds are new ones: a former peer may have kept those that it had. */
int frontend_fill_call(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return vhost_fail(vh, -errno, "SET_VRING_CALL", "eventfd: %s", strerror(errno));
	vhost_queue_set_in(vh, index, fd);
	return fill_eventfd(message, index, fd);
}

/* A ring starts when it is notified for the first time; and there may be chains in it. */
int frontend_fill_kick(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index)
{
	int rc = vhost_queue_set_out(vh, index, -1);

	if (rc < 0)
		return vhost_fail(vh, rc, "SET_VRING_KICK", NULL);
	eventfd_write(vh->queues[index].out, 1);
	return fill_eventfd(message, index, vh->queues[index].out);
}

int frontend_fill_enable(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index)
{
	(void)vh;
	return fill_state(message, index, 1);
}

int frontend_start(struct dpu_vhost *vh)
{
	struct frontend *frontend = vhost_frontend(vh);
	struct dpu_virtq *vq;
	uint32_t i;
	int rc;

	frontend->changed = false;
	for (i = 0; i < frontend->queue_count; i++) {
		vh->queues[i].enabled = true;
		vq = dpu_virtq_ref(frontend->queues[i].vq);
		rc = vhost_queue_started(vh, i, vq);
		if (rc < 0) {
			dpu_virtq_unref(vq);
			return vhost_fail(vh, rc, "connect", NULL);
		}
	}
	return 0;
}
