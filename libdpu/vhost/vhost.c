/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The handle: opening, the events, and what is the same for every transport. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "core/opts.h"
#include "vhost/vhost.h"

_Static_assert(sizeof(struct dpu_vhost_opts) == offsetof(struct dpu_vhost_opts, mtu) + sizeof(uint32_t),
	       "dpu_vhost_opts has tail padding");
_Static_assert(sizeof(struct dpu_vhost_state) == offsetof(struct dpu_vhost_state, connected) + 1,
	       "dpu_vhost_state has tail padding");
_Static_assert(sizeof(struct dpu_vhost_event) ==
		       offsetof(struct dpu_vhost_event, reserved) + sizeof(uint16_t),
	       "dpu_vhost_event has tail padding");

/* Events beside those of queues that a single message can cause. */
#define EVENTS_OF_DEVICE 8

static const struct transport {
	const char *scheme;
	int (*open)(struct dpu_vhost *vh);
	bool frontend; /* it is always one */
	bool control;  /* a network device's control queue is this end's */
} transports[] = {
	{ "vhost-user:", vhost_user_open, false, false },
	{ "vhost-net:", vhost_net_open, true, false },
	{ "vhost-vdpa:", vhost_vdpa_open, true, true },
	{ "vduse:", vhost_vduse_open, false, false },
};

int vhost_fail(struct dpu_vhost *vh, int code, const char *step, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_set(&vh->error, code, step, vh->name, format, args);
	va_end(args);
	return code;
}

static void destroy(struct dpu_vhost *vh)
{
	if (vh->queues)
		vhost_queues_destroy(vh);
	if (vh->ops)
		vh->ops->close(vh);
	if (vh->wake >= 0)
		close(vh->wake);
	if (vh->epoll >= 0)
		close(vh->epoll);
	dpu_virtio_net_unref(vh->opts.net);
	dpu_virtio_blk_unref(vh->opts.blk);
	free(vh->events);
	free(vh->name);
	free(vh);
}

DEFINE_REF(dpu_vhost, destroy)

/* What only one end of one transport has. */
static int check_frontend_opts(struct dpu_vhost *vh, bool vhost_user)
{
	const struct dpu_vhost_opts *opts = &vh->opts;
	bool frontend = vhost_user && opts->role == DPU_VHOST_FRONTEND;

	if (opts->timeout && !frontend)
		return vhost_fail(vh, -EINVAL, "open",
				  "timeout: only a vhost-user front-end waits for answers");
	if (!opts->mtu)
		return 0;
	if (!frontend || opts->device != DPU_VIRTIO_ID_NET || !(opts->features & DPU_VIRTIO_NET_F_MTU))
		return vhost_fail(vh, -EINVAL, "open",
				  "mtu: only a vhost-user front-end sets one, whose driver knows MTU");
	if (opts->mtu < 68 || opts->mtu > UINT16_MAX)
		return vhost_fail(vh, -EINVAL, "open", "mtu is 68 to 65535 bytes, not %u", opts->mtu);
	return 0;
}

/* Completes the options and checks them. */
static int check_opts(struct dpu_vhost *vh, bool vhost_user)
{
	struct dpu_vhost_opts *opts = &vh->opts;
	uint32_t queues_max = VHOST_QUEUES_MAX;
	int rc;

	if (opts->role > DPU_VHOST_FRONTEND)
		return vhost_fail(vh, -EINVAL, "open", "there is no role %u", opts->role);
	if (opts->net && opts->blk)
		return vhost_fail(vh, -EINVAL, "open", "a network and a block device at once");
	if (opts->role == DPU_VHOST_FRONTEND && (opts->net || opts->blk))
		return vhost_fail(vh, -EINVAL, "open", "a front-end drives a device and has none");
	if (opts->flags & ~(DPU_VHOST_SERVER | DPU_VHOST_OWN_WAIT | DPU_VHOST_NO_SIGBUS |
			    DPU_VHOST_HUGEPAGES | DPU_VHOST_NO_INFLIGHT))
		return vhost_fail(vh, -EINVAL, "open", "unknown flags 0x%x", opts->flags);
	if (opts->device == DPU_VIRTIO_ID_NET)
		queues_max /= 2;
	if (!opts->queues)
		opts->queues = 1;
	if (opts->queues > queues_max)
		return vhost_fail(vh, -EINVAL, "open", "%u queues, at most %u", opts->queues, queues_max);
	if (!opts->queue_size)
		opts->queue_size = 256;
	if (!opts->reconnect)
		opts->reconnect = 1000;
	if (!opts->memory_size)
		opts->memory_size = (size_t)16 << 20;
	rc = check_frontend_opts(vh, vhost_user);
	if (rc == 0 && !opts->timeout)
		opts->timeout = 10000;
	return rc;
}

static uint32_t count_queues(const struct dpu_vhost *vh, bool control)
{
	if (vh->opts.device != DPU_VIRTIO_ID_NET)
		return vh->opts.queues;
	return vh->opts.queues * 2 + (control && vhost_model_features(vh) & DPU_VIRTIO_NET_F_CTRL_VQ);
}

static int create(struct dpu_vhost *vh, uint32_t count)
{
	int rc;

	vh->event_room = 2 * count + EVENTS_OF_DEVICE;
	vh->events = calloc(vh->event_room, sizeof(*vh->events));
	if (!vh->events)
		return vhost_fail(vh, -ENOMEM, "open", NULL);
	vh->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (vh->epoll < 0)
		return vhost_fail(vh, -errno, "open", "epoll_create1: %s", strerror(errno));
	vh->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vh->wake < 0)
		return vhost_fail(vh, -errno, "open", "eventfd: %s", strerror(errno));
	rc = vhost_watch(vh, vh->wake, VHOST_WAKE, 0, EPOLLIN);
	if (rc == 0)
		rc = vhost_queues_create(vh, count);
	if (rc < 0)
		return vhost_fail(vh, rc, "open", NULL);
	return 0;
}

static int open_transport(struct dpu_vhost *vh, const char *uri)
{
	const struct transport *transport;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
		transport = &transports[i];
		if (strncmp(uri, transport->scheme, strlen(transport->scheme)) != 0)
			continue;
		if (transport->frontend)
			vh->opts.role = DPU_VHOST_FRONTEND;
		rc = vhost_uri(vh, uri);
		if (rc == 0)
			rc = check_opts(vh, transport->open == vhost_user_open);
		if (rc == 0)
			rc = create(vh, count_queues(vh, transport->control));
		return rc < 0 ? rc : transport->open(vh);
	}
	return vhost_fail(vh, -EPROTONOSUPPORT, "open", "%s: there is no such transport", uri);
}

/* A handle that has only its options. */
static int begin(const struct dpu_vhost_opts *user, struct dpu_vhost **ret)
{
	struct dpu_vhost *vh;

	vh = calloc(1, sizeof(*vh));
	if (!vh)
		return -ENOMEM;
	ref_init(&vh->ref);
	vh->epoll = vh->wake = -1;
	if (opts_read(&vh->opts, sizeof(vh->opts), user) < 0) {
		free(vh);
		return -EINVAL;
	}
	if (vh->opts.net)
		dpu_virtio_net_ref(vh->opts.net);
	if (vh->opts.blk)
		dpu_virtio_blk_ref(vh->opts.blk);
	if (vh->opts.net || !vh->opts.device)
		vh->opts.device = DPU_VIRTIO_ID_NET;
	if (vh->opts.blk)
		vh->opts.device = DPU_VIRTIO_ID_BLOCK;
	*ret = vh;
	return 0;
}

/* Gives the handle out, or the reason why there is none. */
static int end(struct dpu_vhost *vh, int rc, struct dpu_vhost **ret)
{
	if (rc == 0) {
		/* Who waits for the descriptor shall come. */
		if (vhost_busy(vh))
			eventfd_write(vh->wake, 1);
		*ret = vh;
		return 0;
	}
	if (vh->opts.error && vh->opts.error_size)
		snprintf(vh->opts.error, vh->opts.error_size, "%s", vh->error.text);
	dpu_vhost_unref(vh);
	return rc;
}

int dpu_vhost_open(const char *uri, const struct dpu_vhost_opts *opts, struct dpu_vhost **ret)
{
	struct dpu_vhost *vh;
	int rc;

	if (!uri)
		return -EINVAL;
	rc = begin(opts, &vh);
	return rc < 0 ? rc : end(vh, open_transport(vh, uri), ret);
}

int dpu_vhost_handover(struct dpu_vhost *vh, int fd, int timeout)
{
	if (!vh->ops->handover)
		return vhost_fail(vh, -EOPNOTSUPP, "handover",
				  "only vhost-user back-ends can be handed over");
	return vh->ops->handover(vh, fd, timeout);
}

int dpu_vhost_takeover(int fd, const struct dpu_vhost_opts *opts, int timeout, struct dpu_vhost **ret)
{
	struct dpu_vhost *vh;
	int rc;

	rc = begin(opts, &vh);
	if (rc < 0)
		return rc;
	rc = check_opts(vh, true);
	if (rc == 0 && vh->opts.role != DPU_VHOST_BACKEND)
		rc = vhost_fail(vh, -EINVAL, "handover", "only back-ends are handed over");
	if (rc == 0)
		rc = create(vh, count_queues(vh, false));
	if (rc == 0)
		rc = vhost_user_take_over(vh, fd, timeout);
	return end(vh, rc, ret);
}

int dpu_vhost_fd(struct dpu_vhost *vh)
{
	return vh->epoll;
}

int vhost_watch(struct dpu_vhost *vh, int fd, uint32_t source, uint32_t index, uint32_t epoll_events)
{
	struct epoll_event event = { .events = epoll_events, .data.u64 = (uint64_t)index << 32 | source };

	return epoll_ctl(vh->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int vhost_rewatch(struct dpu_vhost *vh, int fd, uint32_t source, uint32_t index, uint32_t epoll_events)
{
	struct epoll_event event = { .events = epoll_events, .data.u64 = (uint64_t)index << 32 | source };

	return epoll_ctl(vh->epoll, EPOLL_CTL_MOD, fd, &event) < 0 ? -errno : 0;
}

void vhost_unwatch(struct dpu_vhost *vh, int fd)
{
	epoll_ctl(vh->epoll, EPOLL_CTL_DEL, fd, NULL);
}

void vhost_emit_event(struct dpu_vhost *vh, const struct vhost_event *event)
{
	vh->events[(vh->event_first + vh->event_count++) % vh->event_room] = *event;
}

void vhost_emit(struct dpu_vhost *vh, uint32_t type, uint32_t index, uint64_t value)
{
	const struct vhost_event event = { .type = type, .index = index, .value = value };

	vhost_emit_event(vh, &event);
}

static void deliver(struct dpu_vhost *vh, struct dpu_vhost_event *user)
{
	const struct vhost_event *event = &vh->events[vh->event_first];
	struct dpu_vhost_event told = { .value = event->value, .type = event->type, .index = event->index };

	memcpy(told.mac, event->mac, sizeof(told.mac));
	opts_write(user, &told, sizeof(told));
	vh->event_first = (vh->event_first + 1) % vh->event_room;
	vh->event_count--;
	/* Who waits for the descriptor shall come back. */
	if (vhost_busy(vh))
		eventfd_write(vh->wake, 1);
}

/* A notification. The peer has the eventfd too, and could read it before us or make it block. */
static void notified(struct dpu_vhost *vh, uint32_t index)
{
	struct vhost_queue *queue = &vh->queues[index];
	eventfd_t count;

	if (queue->vq && vhost_read(queue->in, &count, sizeof(count)) == sizeof(count))
		vhost_emit(vh, DPU_VHOST_QUEUE_NOTIFIED, index, 0);
}

static void ready(struct dpu_vhost *vh, uint64_t data)
{
	uint32_t source = (uint32_t)data;
	eventfd_t count;

	if (source == VHOST_WAKE) {
		eventfd_read(vh->wake, &count);
		if (vh->ops->woken)
			vh->ops->woken(vh);
	} else if (source == VHOST_QUEUE) {
		notified(vh, (uint32_t)(data >> 32));
	} else {
		vh->ops->ready(vh, source);
	}
}

int64_t vhost_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

int dpu_vhost_process(struct dpu_vhost *vh, struct dpu_vhost_event *event, int timeout)
{
	int64_t left = timeout, end = timeout > 0 ? vhost_now_ms() + timeout : 0;
	void (*then)(struct dpu_vhost * vh);
	struct epoll_event epoll_event;
	eventfd_t count;
	int n;

	if (!opts_valid(event))
		return -EINVAL;
	for (;;) {
		if (vh->event_count) {
			deliver(vh, event);
			return 1;
		}
		if (vh->then) {
			then = vh->then;
			vh->then = NULL;
			then(vh);
			continue;
		}
		if (vh->ended) {
			eventfd_read(vh->wake, &count);
			return -ENOTCONN;
		}
		/* One at a time: what one does may be the end of another. The set takes turns. */
		n = epoll_wait(vh->epoll, &epoll_event, 1, (int)left);
		if (n < 0)
			return -errno;
		if (n > 0)
			ready(vh, epoll_event.data.u64);
		else if (timeout == 0)
			return 0;
		if (timeout > 0) {
			left = end - vhost_now_ms();
			if (left <= 0) {
				left = 0;
				if (n == 0)
					return 0;
			}
		}
	}
}

static bool has_queue(const struct dpu_vhost *vh, uint32_t index)
{
	return index < vh->queue_count && vh->queues[index].vq;
}

struct dpu_virtq *dpu_vhost_virtq(struct dpu_vhost *vh, uint32_t index)
{
	return has_queue(vh, index) ? vh->queues[index].vq : NULL;
}

int dpu_vhost_enabled(struct dpu_vhost *vh, uint32_t index)
{
	return has_queue(vh, index) && vh->queues[index].enabled;
}

int dpu_vhost_queue_fd(struct dpu_vhost *vh, uint32_t index)
{
	return has_queue(vh, index) ? vh->queues[index].in : -ENOENT;
}

int dpu_vhost_notify(struct dpu_vhost *vh, uint32_t index)
{
	struct vhost_queue *queue = &vh->queues[index];

	if (!has_queue(vh, index))
		return -ENOENT;
	if (queue->err >= 0 && dpu_virtq_error(queue->vq))
		eventfd_write(queue->err, 1);
	if (atomic_load_explicit(&queue->in_band, memory_order_relaxed))
		return vh->ops->notify(vh, index);
	/* Full means that the peer has not looked for 2^64 notifications: it will. */
	return eventfd_write(queue->out, 1) < 0 && errno != EAGAIN ? -EIO : 0;
}

int dpu_vhost_miss(struct dpu_vhost *vh, uint32_t index)
{
	if (!has_queue(vh, index) || !dpu_virtq_miss(vh->queues[index].vq, NULL, NULL))
		return -ENOENT;
	return vh->iotlb ? vh->ops->miss(vh, index) : -EOPNOTSUPP;
}

int dpu_vhost_state(struct dpu_vhost *vh, struct dpu_vhost_state *user)
{
	struct dpu_vhost_state state = {
		.offered = vh->offered,
		.features = vh->features,
		.protocol_features = vh->protocol_features,
		.connections = vh->connections,
		.role = vh->opts.role,
		.device = vh->opts.device,
		.virtqs = vh->queue_count,
		.mtu = vh->mtu,
		.status = vh->status,
		.connected = vh->connected,
	};

	if (!opts_valid(user))
		return -EINVAL;
	opts_write(user, &state, sizeof(state));
	return 0;
}

const struct dpu_error *dpu_vhost_error(struct dpu_vhost *vh)
{
	return vh->error.code ? &vh->error : NULL;
}

static bool frontend(const struct dpu_vhost *vh)
{
	return vh->opts.role == DPU_VHOST_FRONTEND;
}

void *dpu_vhost_memory(struct dpu_vhost *vh, size_t *size)
{
	if (vh->memory && size)
		*size = vh->memory_size;
	return vh->memory;
}

int dpu_vhost_memory_add(struct dpu_vhost *vh, void *ptr, size_t size, int fd, uint64_t offset)
{
	return frontend(vh) ? vh->ops->memory_add(vh, ptr, size, fd, offset) : -EINVAL;
}

int dpu_vhost_memory_remove(struct dpu_vhost *vh, void *ptr)
{
	return frontend(vh) ? vh->ops->memory_remove(vh, ptr) : -EINVAL;
}

/* Whether the configuration space can be asked for. */
static int config_known(const struct dpu_vhost *vh)
{
	if (!frontend(vh))
		return -EINVAL;
	if (!vh->connected)
		return -ENOTCONN;
	return vh->config_len ? 0 : -EOPNOTSUPP;
}

int dpu_vhost_config_read(struct dpu_vhost *vh, uint32_t offset, void *buf, uint32_t len)
{
	int rc = config_known(vh);

	if (rc < 0)
		return rc;
	if (offset >= vh->config_len)
		return 0;
	if (len > vh->config_len - offset)
		len = vh->config_len - offset;
	memcpy(buf, &vh->config[offset], len);
	return (int)len;
}

int dpu_vhost_config_write(struct dpu_vhost *vh, uint32_t offset, const void *buf, uint32_t len)
{
	int rc = config_known(vh);

	if (rc < 0)
		return rc;
	if (offset > vh->config_len || len > vh->config_len - offset)
		return -EINVAL;
	return vh->ops->config_write(vh, offset, buf, len);
}

int dpu_vhost_config_changed(struct dpu_vhost *vh)
{
	if (frontend(vh))
		return -EINVAL;
	return vh->connected ? vh->ops->config_changed(vh) : -ENOTCONN;
}
