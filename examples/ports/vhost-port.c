/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A port that is a handle of dpu/vhost.h, either role. */
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include "vhost-port.h"

static struct pair *pair_of(struct port *port, uint32_t index)
{
	return index / 2 < port->pair_count ? port->pairs[index / 2] : NULL;
}

static bool is_frontend(const struct port *port)
{
	return port->pairs[0]->ops == &frontend_ops;
}

/* The queue that packets come from. */
static bool is_source(const struct port *port, uint32_t index)
{
	return index % 2 != (is_frontend(port) ? 1U : 0U);
}

static void start(struct port *port, struct pair *pair, uint32_t index, bool enabled)
{
	DPU_OPTS(dpu_vhost_state, state);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = pair };
	int rc;

	dpu_vhost_state(port->vhost, &state);
	if (is_frontend(port))
		rc = frontend_start(pair, index, state.features);
	else
		rc = backend_start(pair, index, enabled, state.features);
	if (rc < 0) {
		fprintf(stderr, "%s: queue %u is not used: %s\n", port->uri, index, strerror(-rc));
		return;
	}
	if (!is_source(port, index))
		return;
	pair->wait_fd = dpu_vhost_queue_fd(port->vhost, index);
	if (pair->wait_set >= 0 && epoll_ctl(pair->wait_set, EPOLL_CTL_ADD, pair->wait_fd, &event) < 0)
		fprintf(stderr, "%s: queue %u wakes nobody: %s\n", port->uri, index, strerror(errno));
}

/* Why this end has ended the connection. */
static void say_disconnected(const struct port *port)
{
	const struct dpu_error *error = dpu_vhost_error(port->vhost);

	fprintf(stderr, "%s: the connection is given up: %s: %s\n", port->uri, dpu_error_step(error),
		dpu_error_message(error));
}

static void stop(struct port *port, struct pair *pair, uint32_t index)
{
	struct dpu_virtq *vq = dpu_vhost_virtq(port->vhost, index);

	if (vq && dpu_virtq_error(vq))
		fprintf(stderr, "%s: queue %u had stopped: %s\n", port->uri, index, dpu_virtq_error(vq));
	if (is_source(port, index) && pair->wait_fd >= 0) {
		if (pair->wait_set >= 0)
			epoll_ctl(pair->wait_set, EPOLL_CTL_DEL, pair->wait_fd, NULL);
		pair->wait_fd = -1;
	}
	if (is_frontend(port))
		frontend_stop(pair, index);
	else
		backend_stop(pair, index);
}

static void handle(struct port *port, const struct dpu_vhost_event *event)
{
	struct pair *pair = pair_of(port, event->index);
	uint32_t i;

	if (event->type == DPU_VHOST_MEMORY) {
		/* What was taken through the old map must not be kept. */
		for (i = 0; i < port->pair_count && !is_frontend(port); i++)
			backend_drain(port->pairs[i]);
		return;
	}
	if (event->type == DPU_VHOST_DISCONNECTED && event->value)
		say_disconnected(port);
	if (!pair)
		return;
	if (event->type == DPU_VHOST_QUEUE_START)
		start(port, pair, event->index, event->value);
	else if (event->type == DPU_VHOST_QUEUE_STOP)
		stop(port, pair, event->index);
	else if (event->type == DPU_VHOST_QUEUE_ENABLE && !is_frontend(port))
		backend_enable(pair, event->index, event->value);
}

static int process(struct port *port, struct dpu_vhost_event *event)
{
	return dpu_vhost_process(port->vhost, event, 0);
}

static void close_port(struct port *port)
{
	uint32_t i;

	for (i = 0; i < port->pair_count; i++) {
		stop(port, port->pairs[i], 2 * i);
		stop(port, port->pairs[i], 2 * i + 1);
		if (is_frontend(port))
			frontend_free(port->pairs[i]);
	}
	dpu_vhost_unref(port->vhost);
}

static int hand_over(struct port *port, int fd, int timeout)
{
	uint32_t i;
	int rc;

	for (i = 0; i < port->pair_count; i++)
		backend_drain(port->pairs[i]);
	rc = dpu_vhost_handover(port->vhost, fd, timeout);
	if (rc < 0) {
		fprintf(stderr, "%s: hand over: %s\n", port->uri,
			dpu_error_message(dpu_vhost_error(port->vhost)));
		return rc;
	}
	for (i = 0; i < port->pair_count; i++) {
		backend_forget(port->pairs[i], 2 * i);
		backend_forget(port->pairs[i], 2 * i + 1);
		port->pairs[i]->wait_fd = -1;
	}
	return 0;
}

static const struct port_ops vhost_ops = { .process = process, .handle = handle, .close = close_port };
static const struct port_ops backend_port_ops = {
	.process = process, .handle = handle, .close = close_port, .hand_over = hand_over
};

static int make_pairs(struct port *port)
{
	DPU_OPTS(dpu_vhost_state, state);
	uint8_t *memory;
	size_t size;
	uint32_t i;
	int rc;

	dpu_vhost_state(port->vhost, &state);
	if (state.role == DPU_VHOST_BACKEND)
		return port_create_pairs(port, state.virtqs / 2, backend_size, &backend_ops);
	rc = port_create_pairs(port, state.virtqs / 2, frontend_size, &frontend_ops);
	memory = dpu_vhost_memory(port->vhost, &size);
	size /= state.virtqs / 2;
	for (i = 0; rc == 0 && i < port->pair_count; i++)
		rc = frontend_memory(port->pairs[i], memory + i * size, size);
	return rc;
}

/* What dpu_vhost_open() would read from the URI. */
static int read_words(const char *uri, struct dpu_vhost_opts *vhost)
{
	const char *without = strstr(uri, ",without=");
	char names[512], *plus;

	vhost->queues = port_uri_number(uri, "queues", 0);
	if (strstr(uri, ",reconnect=")) {
		vhost->reconnect = port_uri_number(uri, "reconnect", 0);
		if (!vhost->reconnect)
			vhost->reconnect = DPU_VHOST_NO_RECONNECT;
	}
	if (!without)
		return 0;
	without = strchr(without, '=') + 1;
	snprintf(names, sizeof(names), "%.*s", (int)strcspn(without, ","), without);
	while ((plus = strchr(names, '+')))
		*plus = '|';
	return dpu_virtio_features_parse(vhost->device, names, &vhost->withhold);
}

static int take_over(struct port *port, const struct port_opts *opts, struct dpu_vhost_opts *vhost)
{
	int rc = read_words(port->uri, vhost);

	return rc < 0 ? rc : dpu_vhost_takeover(opts->from, vhost, opts->timeout, &port->vhost);
}

int vhost_port_open(struct port *port, const struct port_opts *opts, char *error, size_t size)
{
	uint32_t queues = port_uri_number(port->uri, "queues", 1);
	DPU_OPTS(dpu_vhost_opts, vhost, .device = DPU_VIRTIO_ID_NET, .flags = DPU_VHOST_OWN_WAIT,
		 .features = opts->offloads | DPU_VIRTIO_F_VERSION_1, .error = error, .error_size = size);
	int rc;

	/* The driver side neither cuts packets nor takes cut ones, so the device is to do with less. */
	if (strstr(port->uri, ",frontend"))
		vhost.features &= DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_NET_F_MRG_RXBUF |
				  DPU_VIRTIO_NET_F_CSUM | DPU_VIRTIO_NET_F_GUEST_CSUM;
	if (queues > 1)
		vhost.features |= DPU_VIRTIO_NET_F_MQ;
	if (opts->forgetful)
		vhost.flags |= DPU_VHOST_NO_INFLIGHT;
	if (opts->take_over)
		rc = take_over(port, opts, &vhost);
	else
		rc = dpu_vhost_open(port->uri, &vhost, &port->vhost);
	if (rc < 0)
		return rc;
	rc = make_pairs(port);
	if (rc < 0) {
		snprintf(error, size, "%s: out of memory", port->uri);
		return rc;
	}
	port->ops = &vhost_ops;
	if (!is_frontend(port) && strncmp(port->uri, "vhost-user:", 11) == 0)
		port->ops = &backend_port_ops;
	port->fd = dpu_vhost_fd(port->vhost);
	return 0;
}
