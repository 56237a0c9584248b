/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rings: what the front-end says of each, and when a queue starts and stops.
 *
 * A queue starts with SET_VRING_KICK, as with every other back-end, although the specification would have it
 * wait for the first kick: a front-end that polls may never send one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "vhost/backend.h"
#include "virtq/ring.h"

/* Bytes of the three parts of a ring. */
struct ring_parts {
	void *at[3];
	uint64_t addr[3];
	uint64_t len[3];
};

static bool packed(const struct dpu_vhost *vh)
{
	return vh->features & DPU_VIRTIO_F_RING_PACKED;
}

static void ring_parts(const struct dpu_vhost *vh, uint32_t index, struct ring_parts *parts)
{
	const struct backend_vring *vring = &vhost_backend(vh)->vrings[index];
	uint64_t n = vring->num;

	*parts = (struct ring_parts){
		.addr = { vring->addr.desc, vring->addr.avail, vring->addr.used },
		.len = { n * sizeof(struct virtq_desc), sizeof(uint32_t), sizeof(uint32_t) },
	};
	if (packed(vh))
		return;
	parts->len[1] = sizeof(struct virtq_avail) + n * sizeof(uint16_t) + sizeof(uint16_t);
	parts->len[2] = sizeof(struct virtq_used) + n * sizeof(struct virtq_used_elem) + sizeof(uint16_t);
}

/* Finds the parts in a map. 0, or the number from 1 of the one that is missing. */
static int find_parts(const struct dpu_memory_map *map, struct ring_parts *parts)
{
	uint64_t got;
	int i;

	for (i = 0; i < 3; i++) {
		parts->at[i] = dpu_memory_map_find(map, parts->addr[i], &got);
		if (!parts->at[i] || got < parts->len[i])
			return i + 1;
	}
	return 0;
}

/* Where the device goes on. What a former device had taken and not returned is taken again, which is right
 * for one that works in order; for others there is the in-flight region. */
static struct dpu_virtq_state position(const struct dpu_vhost *vh, uint32_t index,
				       const struct ring_parts *parts)
{
	struct dpu_virtq_state state = vhost_backend(vh)->vrings[index].base;
	const struct virtq_used *used = parts->at[2];

	if (!packed(vh) && !((uintptr_t)used & 1))
		state.used = ring_load16(&used->idx);
	state.avail = state.used;
	state.avail_wrap = state.used_wrap;
	return state;
}

static void inflight_of(const struct dpu_vhost *vh, uint32_t index, struct dpu_virtq_opts *opts)
{
	const struct backend *be = vhost_backend(vh);
	uint64_t size;

	if (!be->inflight.mapping || index >= be->inflight_queues || opts->size > be->inflight_queue_size)
		return;
	size = backend_inflight_size(vh, be->inflight_queue_size);
	opts->inflight = (char *)be->inflight.ptr + index * size;
	opts->inflight_size = (size_t)size;
}

static int start(struct dpu_vhost *vh, uint32_t index, const struct ring_parts *parts)
{
	struct backend *be = vhost_backend(vh);
	struct dpu_virtq_state state = position(vh, index, parts);
	DPU_OPTS(dpu_virtq_opts, opts, .features = vh->features, .desc = parts->at[0], .avail = parts->at[1],
		 .used = parts->at[2], .memory = vh->iotlb ? be->iotlb : be->memory.guest,
		 .log_memory = vh->iotlb ? be->memory.guest : NULL, .state = &state,
		 .layout = packed(vh) ? DPU_VIRTQ_PACKED : DPU_VIRTQ_SPLIT, .side = DPU_VIRTQ_DEVICE,
		 .size = be->vrings[index].num);
	struct dpu_virtq *vq;
	int rc;

	/* A network device's transmit queue. */
	if (vh->opts.device == DPU_VIRTIO_ID_NET && index % 2)
		opts.flags = DPU_VIRTQ_ONLY_READS;
	inflight_of(vh, index, &opts);
	rc = dpu_virtq_create(&opts, &vq);
	if (rc < 0)
		return backend_fail(vh, rc, "queue %u: %s", index,
				    rc == -EINVAL ? "misaligned, or the position or in-flight region is wrong"
						  : strerror(-rc));
	rc = vhost_queue_started(vh, index, vq);
	if (rc < 0) {
		dpu_virtq_unref(vq);
		return backend_fail(vh, rc, "queue %u: its eventfd: %s", index, strerror(-rc));
	}
	return 0;
}

/* Starts a queue that has all it needs. 1 when its rings are nowhere. */
static int start_if_complete(struct dpu_vhost *vh, uint32_t index)
{
	struct backend *be = vhost_backend(vh);
	struct backend_vring *vring = &be->vrings[index];
	struct ring_parts parts;
	int missing;

	if (vh->queues[index].vq || !vring->kicked || !vring->addressed || !vring->num)
		return 0;
	ring_parts(vh, index, &parts);
	missing = find_parts(vh->iotlb ? be->iotlb : be->memory.user, &parts);
	if (!missing)
		return start(vh, index, &parts);
	if (vh->iotlb)
		return backend_request_translation(vh, parts.addr[missing - 1], DPU_MEMORY_READ_WRITE);
	return 1;
}

int backend_try_start(struct dpu_vhost *vh, uint32_t index)
{
	int rc = start_if_complete(vh, index);

	return rc < 0 ? rc : 0;
}

/* Remembers how far a stopped queue had come, and lets it go. */
static void stopped(struct dpu_vhost *vh, uint32_t index)
{
	struct backend *be = vhost_backend(vh);
	struct dpu_virtq *vq = vh->queues[index].vq;
	DPU_OPTS(dpu_virtq_opts, opts, .size = be->vrings[index].num);

	if (!vq)
		return;
	dpu_virtq_get_state(vq, &be->vrings[index].base);
	/* Nothing is out: the region is as new, whatever becomes of the ring before the next start. */
	inflight_of(vh, index, &opts);
	if (opts.inflight && !dpu_virtq_room(vq) && !dpu_virtq_error(vq))
		memset(opts.inflight, 0, opts.inflight_size);
	vhost_queue_release(vh, index);
}

static int bad_index(struct dpu_vhost *vh, uint32_t index)
{
	if (index < vh->queue_count)
		return 0;
	return backend_fail(vh, -EINVAL, "queue %u of %u", index, vh->queue_count);
}

/* For what cannot change under a queue's feet. */
static int check_stopped(struct dpu_vhost *vh, uint32_t index)
{
	if (bad_index(vh, index) < 0)
		return -EINVAL;
	return vh->queues[index].vq ? backend_fail(vh, -EBUSY, "queue %u runs", index) : 0;
}

int backend_set_vring_num(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	uint32_t index = message->state.index, num = message->state.num;
	struct backend_vring *vring;

	if (bad_index(vh, index) < 0)
		return -EINVAL;
	if (!num || num > 32768)
		return backend_fail(vh, -EINVAL, "%u descriptors", num);
	vring = &vhost_backend(vh)->vrings[index];
	if (vring->num == num)
		return 0;
	if (check_stopped(vh, index) < 0)
		return -EBUSY;
	vring->num = num;
	return 0;
}

int backend_set_vring_addr(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	const struct vhost_user_vring_addr *addr = &message->addr;
	struct backend_vring *vring;

	if (bad_index(vh, addr->index) < 0)
		return -EINVAL;
	vring = &vhost_backend(vh)->vrings[addr->index];
	/* QEMU says it again when it begins to log. */
	if (vring->addressed && vring->addr.desc == addr->desc && vring->addr.used == addr->used &&
	    vring->addr.avail == addr->avail)
		return 0;
	if (check_stopped(vh, addr->index) < 0)
		return -EBUSY;
	vring->addr = *addr;
	vring->addressed = true;
	return 0;
}

/* The upper half is the used position of a packed ring. Some front-ends leave it 0: then it is the other one.
 */
static void decode_base(uint32_t num, struct dpu_virtq_state *state)
{
	uint32_t used = num >> 16 ? num >> 16 : num;

	state->avail = num & 0x7fff;
	state->avail_wrap = num >> 15 & 1;
	state->used = used & 0x7fff;
	state->used_wrap = used >> 15 & 1;
}

int backend_set_vring_base(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	uint32_t index = message->state.index, num = message->state.num;
	struct dpu_virtq_state *base;

	if (check_stopped(vh, index) < 0)
		return -EINVAL;
	base = &vhost_backend(vh)->vrings[index].base;
	if (packed(vh)) {
		decode_base(num, base);
		return 0;
	}
	if (num > UINT16_MAX)
		return backend_fail(vh, -EINVAL, "index %u", num);
	*base = (struct dpu_virtq_state){ .avail = (uint16_t)num, .used = (uint16_t)num };
	return 0;
}

/* The caller has let go of the queue. */
static void answer_base(struct dpu_vhost *vh)
{
	struct backend *be = vhost_backend(vh);
	uint32_t index = be->later.index;
	struct vhost_user_message reply = { .header.size = sizeof(reply.state), .state.index = index };
	const struct dpu_virtq_state *base = &be->vrings[index].base;
	int rc;

	stopped(vh, index);
	vhost_queue_set_in(vh, index, -1);
	be->vrings[index].kicked = false;
	reply.state.num = base->avail;
	if (packed(vh))
		reply.state.num |= (uint32_t)base->avail_wrap << 15 | (uint32_t)base->used << 16 |
				   (uint32_t)base->used_wrap << 31;
	rc = backend_reply(vh, &reply, be->later.request);
	if (rc < 0)
		vhost_user_disconnect(vh, rc);
}

int backend_get_vring_base(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	uint32_t index = message->state.index;

	if (bad_index(vh, index) < 0)
		return -EINVAL;
	vhost_backend(vh)->later.index = index;
	backend_acknowledge_later(vh);
	vhost_queue_stopping(vh, index);
	vh->then = answer_base;
	return BACKEND_ANSWERED;
}

/* The queue and the descriptor of SET_VRING_KICK and the like; fd is -1 when there is none. */
static int vring_fd(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t *index, int *fd)
{
	bool none = message->u64 & VHOST_USER_VRING_NOFD;
	int rc;

	*index = message->u64 & VHOST_USER_VRING_INDEX;
	if (bad_index(vh, *index) < 0)
		return -EINVAL;
	if (none != !message->fd_count)
		return backend_fail(vh, -EINVAL, "a descriptor is there or not, and said not to be or to be");
	*fd = -1;
	if (none)
		return 0;
	rc = vhost_eventfd_check(message->fds[0]);
	if (rc < 0)
		return backend_fail(vh, rc, "not an eventfd");
	*fd = vhost_message_take(message, 0);
	return 0;
}

int backend_start_all(struct dpu_vhost *vh)
{
	uint32_t i;
	int rc = 0;

	for (i = 0; i < vh->queue_count; i++) {
		if (vh->queues[i].stopping)
			stopped(vh, i);
	}
	for (i = 0; rc == 0 && i < vh->queue_count; i++)
		rc = backend_try_start(vh, i);
	return rc;
}

/* The queue goes on with the eventfd that came for it. */
static void restart(struct dpu_vhost *vh)
{
	struct backend *be = vhost_backend(vh);

	stopped(vh, be->later.index);
	vhost_queue_set_in(vh, be->later.index, be->later.fd);
	be->later.fd = -1;
	backend_acknowledge(vh, backend_try_start(vh, be->later.index));
}

int backend_set_vring_kick(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	struct backend *be = vhost_backend(vh);
	uint32_t index;
	int fd, rc;

	rc = vring_fd(vh, message, &index, &fd);
	if (rc < 0)
		return rc;
	/* Without one of the front-end's, VRING_KICK and translations that come write to our own. */
	if (fd < 0)
		fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return backend_fail(vh, -errno, "eventfd: %s", strerror(errno));
	be->vrings[index].kicked = true;
	if (vhost_queue_stopping(vh, index)) {
		be->later.index = index;
		be->later.fd = fd;
		backend_acknowledge_later(vh);
		vh->then = restart;
		return BACKEND_ANSWERED;
	}
	vhost_queue_set_in(vh, index, fd);
	rc = start_if_complete(vh, index);
	if (rc == 1)
		return backend_fail(vh, -EFAULT, "the rings of queue %u lie outside the memory", index);
	return rc;
}

int backend_set_vring_call(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	uint32_t index;
	int fd, rc;

	rc = vring_fd(vh, message, &index, &fd);
	if (rc < 0)
		return rc;
	atomic_store(&vh->queues[index].in_band,
		     fd < 0 && backend_negotiated(vh, VHOST_USER_PROTOCOL_F_INBAND_NOTIFICATIONS));
	rc = vhost_queue_set_out(vh, index, fd);
	if (rc < 0)
		return backend_fail(vh, rc, NULL);
	/* One that went to the former eventfd may be lost. */
	if (vh->queues[index].vq)
		dpu_vhost_notify(vh, index);
	return 0;
}

int backend_set_vring_err(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	uint32_t index;
	int fd, rc;

	rc = vring_fd(vh, message, &index, &fd);
	if (rc < 0)
		return rc;
	rc = vhost_queue_set_err(vh, index, fd);
	return rc < 0 ? backend_fail(vh, rc, NULL) : 0;
}

int backend_set_vring_enable(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	uint32_t index = message->state.index;
	bool enable = message->state.num;

	if (bad_index(vh, index) < 0)
		return -EINVAL;
	if (message->state.num > 1)
		return backend_fail(vh, -EINVAL, "%u is neither 0 nor 1", message->state.num);
	if (vh->queues[index].enabled == enable || !vh->queues[index].vq) {
		vh->queues[index].enabled = enable;
		return 0;
	}
	vh->queues[index].enabled = enable;
	vhost_emit(vh, DPU_VHOST_QUEUE_ENABLE, index, enable);
	/* The front-end may rely on it, with what it does next. */
	backend_acknowledge_later(vh);
	vh->then = backend_acknowledge_handled;
	return BACKEND_ANSWERED;
}

int backend_vring_kick(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	if (bad_index(vh, message->state.index) < 0)
		return -EINVAL;
	vhost_queue_ring(vh, message->state.index);
	return 0;
}

void backend_stop_moved(struct dpu_vhost *vh, const struct dpu_memory_map *next_user)
{
	struct ring_parts now, next;
	uint32_t i;

	for (i = 0; i < vh->queue_count; i++) {
		if (!vh->queues[i].vq)
			continue;
		ring_parts(vh, i, &now);
		next = now;
		/* Behind an IOTLB every translation is void. */
		if (vh->iotlb || find_parts(vhost_backend(vh)->memory.user, &now) ||
		    find_parts(next_user, &next) || memcmp(now.at, next.at, sizeof(now.at)) != 0)
			vhost_queue_stopping(vh, i);
	}
}

void backend_stop_all(struct dpu_vhost *vh)
{
	uint32_t i;

	for (i = 0; i < vh->queue_count; i++) {
		vhost_queue_stopping(vh, i);
		vhost_backend(vh)->vrings[i].kicked = false;
	}
}

void backend_vrings_gone(struct dpu_vhost *vh)
{
	struct backend *be = vhost_backend(vh);
	uint32_t i;

	if (be->later.fd >= 0)
		close(be->later.fd);
	be->later.fd = -1;
	for (i = 0; i < vh->queue_count; i++) {
		vhost_queue_set_in(vh, i, -1);
		vhost_queue_set_out(vh, i, -1);
		vhost_queue_set_err(vh, i, -1);
		atomic_store(&vh->queues[i].in_band, false);
		memset(&be->vrings[i], 0, sizeof(be->vrings[i]));
	}
}
