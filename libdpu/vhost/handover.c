/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Live update: a back-end's process hands its connection to its successor, with all that the front-end has
 * said and given, so that the front-end notices nothing. What is said is vhost-user's framing with requests
 * of our own. The old process waits for the successor's word that it has it all, and could go on until then;
 * the successor waits for the old one's word that it has heard that. So at no time both serve the queues. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "vhost/backend.h"

enum {
	HANDOVER_BEGIN = 0x10000,
	HANDOVER_NAME,
	HANDOVER_DEVICE,
	HANDOVER_FILE,
	HANDOVER_REGION,
	HANDOVER_QUEUE,
	HANDOVER_END,
	HANDOVER_TAKEN,
	HANDOVER_GO,
};

#define HANDOVER_VERSION 1

/* Which descriptors HANDOVER_BEGIN brings, in this order. */
enum { WITH_LISTENER = 1, WITH_PEER = 2, WITH_BACK = 4 };

struct begin {
	uint32_t version;
	uint32_t device;
	uint32_t queues;
	uint32_t regions;
	uint64_t features;
	uint64_t protocol_features;
	uint64_t connections;
	uint64_t dev, ino; /* of the listener's name */
	uint32_t with;
	uint8_t status;
	uint8_t pad[3];
};

/* The dirty log and the in-flight region. */
struct file {
	uint64_t size;
	uint64_t offset;
	uint16_t queues, queue_size;
	uint32_t inflight; /* 1: the region */
};

/* Its eventfds: kick if kicked, call, err if there is one. */
struct queue {
	struct vhost_user_vring_addr addr;
	struct dpu_virtq_state base;
	uint32_t num;
	uint8_t addressed, kicked, enabled, in_band, err;
	uint8_t pad[7];
};

_Static_assert(sizeof(struct begin) <= VHOST_USER_PAYLOAD_MAX &&
		       sizeof(struct queue) <= VHOST_USER_PAYLOAD_MAX,
	       "they fit into messages");

/* The socket to the other process, which stays the caller's. */
static int open_channel(struct dpu_vhost *vh, struct vhost_channel *channel, int fd)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0), rc = own < 0 ? -errno : 0;

	vhost_channel_init(channel);
	if (rc == 0)
		rc = vhost_channel_open(channel, own);
	if (rc == 0)
		return 0;
	if (own >= 0)
		close(own);
	return vhost_fail(vh, rc, "handover", NULL);
}

/* Until the other process has read, or written. */
static int wait_for(struct dpu_vhost *vh, int fd, short what, int64_t end)
{
	struct pollfd pollfd = { .fd = fd, .events = what };
	int64_t left = end < 0 ? -1 : end - vhost_now_ms();
	int n;

	if (end >= 0 && left < 0)
		left = 0;
	n = poll(&pollfd, 1, (int)left);
	if (n < 0 && errno != EINTR)
		return vhost_fail(vh, -errno, "handover", NULL);
	return n == 0 ? vhost_fail(vh, -ETIMEDOUT, "handover", "the other process says nothing") : 0;
}

static int say(struct dpu_vhost *vh, struct vhost_channel *channel, struct vhost_user_message *message,
	       uint32_t request, const void *payload, uint32_t size, int64_t end)
{
	int rc;

	message->header.request = request;
	message->header.flags = VHOST_USER_VERSION;
	message->header.size = size;
	if (size)
		memcpy(&message->u64, payload, size);
	while ((rc = vhost_channel_send(channel, message)) == -EAGAIN) {
		rc = wait_for(vh, channel->fd, POLLOUT, end);
		if (rc < 0)
			return rc;
	}
	return rc < 0 ? vhost_fail(vh, rc, "handover", NULL) : 0;
}

/* The next message. */
static int hear_any(struct dpu_vhost *vh, struct vhost_channel *channel, int64_t end)
{
	int rc;

	while ((rc = vhost_channel_receive(channel)) == 0) {
		rc = wait_for(vh, channel->fd, POLLIN, end);
		if (rc < 0)
			return rc;
	}
	return rc < 0 ? vhost_fail(vh, rc, "handover", "the other process: %s", strerror(-rc)) : 0;
}

/* The next message, which must be this one; its payload is copied. */
static int hear(struct dpu_vhost *vh, struct vhost_channel *channel, uint32_t request, void *payload,
		uint32_t size, int64_t end)
{
	int rc;

	if (size)
		memset(payload, 0, size);
	rc = hear_any(vh, channel, end);
	if (rc < 0)
		return rc;
	if (channel->in.header.request != request || channel->in.header.size != size)
		return vhost_fail(vh, -EPROTO, "handover", "the other process is not of this kind");
	if (size)
		memcpy(payload, &channel->in.u64, size);
	return 0;
}

static int say_begin(struct dpu_vhost *vh, struct vhost_channel *channel, int64_t end)
{
	const struct vhost_user *user = vhost_user(vh);
	const struct backend *be = vhost_backend(vh);
	struct vhost_user_message message = { .fd_count = 0 };
	struct backend_device_state state;
	struct begin begin = {
		.version = HANDOVER_VERSION,
		.device = vh->opts.device,
		.queues = vh->queue_count,
		.regions = be->memory.count,
		.features = vh->features,
		.protocol_features = vh->protocol_features,
		.connections = vh->connections,
		.dev = user->dev,
		.ino = user->ino,
		.status = vh->status,
	};
	int rc;

	if (user->listener >= 0) {
		begin.with |= WITH_LISTENER;
		message.fds[message.fd_count++] = user->listener;
	}
	if (vh->connected) {
		begin.with |= WITH_PEER;
		message.fds[message.fd_count++] = user->peer.fd;
	}
	if (be->back.fd >= 0) {
		begin.with |= WITH_BACK;
		message.fds[message.fd_count++] = be->back.fd;
	}
	rc = say(vh, channel, &message, HANDOVER_BEGIN, &begin, sizeof(begin), end);
	message = (struct vhost_user_message){ .fd_count = 0 };
	if (rc == 0)
		rc = say(vh, channel, &message, HANDOVER_NAME, vh->path, (uint32_t)strlen(vh->path), end);
	backend_save(vh, &state);
	if (rc == 0)
		rc = say(vh, channel, &message, HANDOVER_DEVICE, &state, sizeof(state), end);
	return rc;
}

static int say_file(struct dpu_vhost *vh, struct vhost_channel *channel, const struct backend_file *at,
		    uint32_t inflight, int64_t end)
{
	const struct backend *be = vhost_backend(vh);
	struct vhost_user_message message = { .fd_count = 0 };
	struct file file = { .inflight = inflight };

	if (at->mapping) {
		file = (struct file){ at->size, at->offset, be->inflight_queues, be->inflight_queue_size,
				      inflight };
		message.fds[message.fd_count++] = at->mapping->fd;
	}
	return say(vh, channel, &message, HANDOVER_FILE, &file, sizeof(file), end);
}

static int say_regions(struct dpu_vhost *vh, struct vhost_channel *channel, int64_t end)
{
	const struct backend *be = vhost_backend(vh);
	uint32_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < be->memory.count; i++) {
		struct vhost_user_message message = { .fds = { be->memory.regions[i].mapping->fd },
						      .fd_count = 1 };

		rc = say(vh, channel, &message, HANDOVER_REGION, &be->memory.regions[i].at,
			 sizeof(be->memory.regions[i].at), end);
	}
	return rc;
}

static int say_queue(struct dpu_vhost *vh, struct vhost_channel *channel, uint32_t index, int64_t end)
{
	const struct backend_vring *vring = &vhost_backend(vh)->vrings[index];
	const struct vhost_queue *at = &vh->queues[index];
	struct vhost_user_message message = { .fd_count = 0 };
	struct queue queue = {
		.addr = vring->addr,
		.base = vring->base,
		.num = vring->num,
		.addressed = vring->addressed,
		.kicked = vring->kicked && at->in >= 0,
		.enabled = at->enabled,
		.in_band = atomic_load(&at->in_band),
		.err = at->err >= 0,
	};

	if (at->vq)
		dpu_virtq_get_state(at->vq, &queue.base);
	if (queue.kicked)
		message.fds[message.fd_count++] = at->in;
	message.fds[message.fd_count++] = at->out;
	if (queue.err)
		message.fds[message.fd_count++] = at->err;
	return say(vh, channel, &message, HANDOVER_QUEUE, &queue, sizeof(queue), end);
}

/* What only the old process knows must not be lost with it. */
static int check_idle(struct dpu_vhost *vh)
{
	const struct backend *be = vhost_backend(vh);
	uint32_t i;

	if (vhost_busy(vh))
		return vhost_fail(vh, -EBUSY, "handover", "there are events to be handled");
	if (be->state_fd >= 0 || vhost_user(vh)->peer.have || be->back.have)
		return vhost_fail(vh, -EBUSY, "handover", "in the middle of a message");
	for (i = 0; i < vh->queue_count; i++) {
		if (!vh->queues[i].vq || !dpu_virtq_room(vh->queues[i].vq))
			continue;
		if (!be->inflight.mapping || i >= be->inflight_queues)
			return vhost_fail(vh, -EBUSY, "handover", "queue %u has chains that are not returned",
					  i);
	}
	return 0;
}

/* The successor has it all: what is left here is let go of, and no name is removed. */
static void let_go(struct dpu_vhost *vh)
{
	struct vhost_user *user = vhost_user(vh);
	uint32_t i;

	for (i = 0; i < vh->queue_count; i++) {
		vhost_queue_stopping(vh, i);
		vhost_queue_release(vh, i);
	}
	vh->event_count = 0;
	if (user->listener >= 0) {
		vhost_unwatch(vh, user->listener);
		close(user->listener);
		user->listener = -1;
	}
	if (vh->connected) {
		vhost_unwatch(vh, user->peer.fd);
		vhost_channel_close(&user->peer);
	}
	vh->connected = false;
	vhost_backend(vh)->handed_over = true;
	user->role->gone(vh);
	vh->ended = true;
}

int backend_handover(struct dpu_vhost *vh, int fd, int timeout)
{
	int64_t end = timeout < 0 ? -1 : vhost_now_ms() + timeout;
	struct vhost_user_message message = { .fd_count = 0 };
	struct vhost_channel channel;
	uint32_t i;
	int rc;

	rc = check_idle(vh);
	if (rc < 0)
		return rc;
	rc = open_channel(vh, &channel, fd);
	if (rc < 0)
		return rc;
	rc = say_begin(vh, &channel, end);
	if (rc == 0)
		rc = say_file(vh, &channel, &vhost_backend(vh)->log, 0, end);
	if (rc == 0)
		rc = say_file(vh, &channel, &vhost_backend(vh)->inflight, 1, end);
	if (rc == 0)
		rc = say_regions(vh, &channel, end);
	for (i = 0; rc == 0 && i < vh->queue_count; i++)
		rc = say_queue(vh, &channel, i, end);
	if (rc == 0)
		rc = say(vh, &channel, &message, HANDOVER_END, NULL, 0, end);
	if (rc == 0)
		rc = hear(vh, &channel, HANDOVER_TAKEN, NULL, 0, end);
	if (rc == 0)
		rc = say(vh, &channel, &message, HANDOVER_GO, NULL, 0, end);
	vhost_channel_close(&channel);
	if (rc == 0)
		let_go(vh);
	return rc;
}

static int hear_file(struct dpu_vhost *vh, struct vhost_channel *channel, int64_t end)
{
	struct backend *be = vhost_backend(vh);
	struct file file;
	int rc;

	rc = hear(vh, channel, HANDOVER_FILE, &file, sizeof(file), end);
	if (rc < 0 || !channel->in.fd_count)
		return rc;
	if (file.inflight && (file.queues > vh->queue_count ||
			      file.size < file.queues * backend_inflight_size(vh, file.queue_size)))
		return vhost_fail(vh, -EPROTO, "handover", "an in-flight region that is none");
	rc = backend_map(vh, channel->in.fds[0], file.offset, file.size,
			 file.inflight ? &be->inflight : &be->log);
	if (file.inflight) {
		be->inflight_queues = file.queues;
		be->inflight_queue_size = file.queue_size;
	}
	return rc;
}

static int hear_regions(struct dpu_vhost *vh, struct vhost_channel *channel, uint32_t count, int64_t end)
{
	struct vhost_user_region *at;
	uint32_t i, got = 0;
	int *fds, rc = 0;

	if (count > DPU_MEMORY_REGIONS)
		return vhost_fail(vh, -EPROTO, "handover", "%u regions", count);
	at = calloc(count + 1, sizeof(*at) + sizeof(*fds));
	if (!at)
		return vhost_fail(vh, -ENOMEM, "handover", NULL);
	fds = (int *)(void *)(at + count + 1);
	while (rc == 0 && got < count) {
		rc = hear(vh, channel, HANDOVER_REGION, &at[got], sizeof(at[got]), end);
		if (rc == 0 && channel->in.fd_count != 1)
			rc = vhost_fail(vh, -EPROTO, "handover", "a region without its file");
		if (rc == 0)
			fds[got++] = vhost_message_take(&channel->in, 0);
	}
	if (rc == 0)
		rc = backend_adopt_regions(vh, at, fds, count);
	for (i = 0; i < got; i++)
		close(fds[i]);
	free(at);
	return rc;
}

static int hear_queue(struct dpu_vhost *vh, struct vhost_channel *channel, uint32_t index, int64_t end)
{
	struct backend_vring *vring = &vhost_backend(vh)->vrings[index];
	struct vhost_queue *at = &vh->queues[index];
	struct queue queue;
	uint32_t i = 0;
	int rc;

	rc = hear(vh, channel, HANDOVER_QUEUE, &queue, sizeof(queue), end);
	if (rc < 0)
		return rc;
	if (channel->in.fd_count != 1u + !!queue.kicked + !!queue.err || queue.num > 32768)
		return vhost_fail(vh, -EPROTO, "handover", "a queue without its eventfds");
	vring->addr = queue.addr;
	vring->base = queue.base;
	vring->num = queue.num;
	vring->addressed = queue.addressed;
	vring->kicked = queue.kicked;
	at->enabled = queue.enabled;
	atomic_store(&at->in_band, queue.in_band);
	if (queue.kicked)
		vhost_queue_set_in(vh, index, vhost_message_take(&channel->in, i++));
	rc = vhost_queue_set_out(vh, index, vhost_message_take(&channel->in, i++));
	if (rc == 0 && queue.err)
		rc = vhost_queue_set_err(vh, index, vhost_message_take(&channel->in, i));
	return rc < 0 ? vhost_fail(vh, rc, "handover", NULL) : 0;
}

static int hear_name(struct dpu_vhost *vh, struct vhost_channel *channel, int64_t end)
{
	static const char scheme[] = "vhost-user:";
	uint32_t size;
	int rc;

	rc = hear_any(vh, channel, end);
	if (rc < 0)
		return rc;
	size = channel->in.header.size;
	if (channel->in.header.request != HANDOVER_NAME)
		return vhost_fail(vh, -EPROTO, "handover", "no name");
	free(vh->name);
	vh->name = calloc(1, sizeof(scheme) + size);
	if (!vh->name)
		return vhost_fail(vh, -ENOMEM, "handover", NULL);
	memcpy(vh->name, scheme, sizeof(scheme) - 1);
	vh->path = vh->name + sizeof(scheme) - 1;
	memcpy(vh->path, &channel->in.u64, size);
	return 0;
}

/* The sockets: the listener, the peer, and the back-end's channel. */
static int hear_begin(struct dpu_vhost *vh, struct vhost_channel *channel, struct begin *begin, int64_t end)
{
	uint32_t i = 0;
	int rc;

	rc = hear(vh, channel, HANDOVER_BEGIN, begin, sizeof(*begin), end);
	if (rc < 0)
		return rc;
	if (begin->version != HANDOVER_VERSION ||
	    channel->in.fd_count != (uint32_t)__builtin_popcount(begin->with & 7))
		return vhost_fail(vh, -EPROTO, "handover", "version %u", begin->version);
	if (begin->device != vh->opts.device || begin->queues != vh->queue_count)
		return vhost_fail(vh, -EINVAL, "handover",
				  "a device of type %u with %u queues, and this one is of %u with %u",
				  begin->device, begin->queues, vh->opts.device, vh->queue_count);
	if (begin->features & ~vh->offered)
		return vhost_fail(vh, -EINVAL, "handover",
				  "the driver has accepted features that this device lacks");
	if (begin->with & WITH_LISTENER)
		rc = vhost_user_adopt_listener(vh, vhost_message_take(&channel->in, i++));
	if (rc == 0 && begin->with & WITH_PEER) {
		rc = vhost_user_adopt_peer(vh, vhost_message_take(&channel->in, i++));
		if (rc == 0)
			rc = backend_memory_begin(vh);
	}
	if (rc == 0 && begin->with & WITH_BACK)
		rc = backend_open_channel(vh, vhost_message_take(&channel->in, i));
	return rc;
}

static int take_over(struct dpu_vhost *vh, struct vhost_channel *channel, int64_t end)
{
	struct backend_device_state state;
	struct vhost_user_message message = { .fd_count = 0 };
	struct begin begin;
	uint32_t i;
	int rc;

	rc = hear_begin(vh, channel, &begin, end);
	if (rc == 0)
		rc = hear_name(vh, channel, end);
	if (rc < 0)
		return rc;
	vh->features = begin.features;
	vh->protocol_features = begin.protocol_features;
	vh->connections = begin.connections;
	vh->status = begin.status;
	vh->iotlb = begin.features & DPU_VIRTIO_F_ACCESS_PLATFORM;
	vhost_user(vh)->given = strncmp(vh->path, "fd=", 3) == 0;
	rc = hear(vh, channel, HANDOVER_DEVICE, &state, sizeof(state), end);
	if (rc == 0 && begin.features)
		rc = vhost_model_accept(vh, begin.features);
	if (rc == 0)
		rc = backend_load(vh, &state);
	for (i = 0; rc == 0 && i < 2; i++)
		rc = hear_file(vh, channel, end);
	if (rc == 0 && vh->connected)
		rc = hear_regions(vh, channel, begin.regions, end);
	for (i = 0; rc == 0 && i < vh->queue_count; i++)
		rc = hear_queue(vh, channel, i, end);
	if (rc == 0)
		rc = hear(vh, channel, HANDOVER_END, NULL, 0, end);
	if (rc == 0 && vh->connected) {
		vhost_emit(vh, DPU_VHOST_CONNECTED, 0, 0);
		vhost_emit(vh, DPU_VHOST_FEATURES, 0, vh->features);
		rc = backend_update_log(vh);
	}
	if (rc == 0)
		rc = say(vh, channel, &message, HANDOVER_TAKEN, NULL, 0, end);
	if (rc == 0)
		rc = hear(vh, channel, HANDOVER_GO, NULL, 0, end);
	if (rc == 0) {
		vhost_user(vh)->dev = begin.dev;
		vhost_user(vh)->ino = begin.ino;
		rc = backend_start_all(vh);
	}
	return rc;
}

int backend_take_over(struct dpu_vhost *vh, int fd, int timeout)
{
	int64_t end = timeout < 0 ? -1 : vhost_now_ms() + timeout;
	struct vhost_channel channel;
	int rc;

	rc = open_channel(vh, &channel, fd);
	if (rc < 0)
		return rc;
	rc = take_over(vh, &channel, end);
	vhost_channel_close(&channel);
	return rc;
}
