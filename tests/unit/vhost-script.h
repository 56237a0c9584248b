/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A back-end that answers as a test wants, on the other end of a front-end's socket, in the same thread. */
#ifndef VHOST_SCRIPT_H
#define VHOST_SCRIPT_H

#include <dpu/vhost.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "leaks.h"
#include "tap.h"
#include "vhost/message.h"

#define SCRIPT __attribute__((unused)) static
#define QUEUES 128u
#define LOG 1024u

/* What is wrong with an answer. */
enum wrong {
	RIGHT,
	WRONG_REQUEST,
	WRONG_FLAGS,
	WRONG_SIZE_LESS,
	WRONG_SIZE_MORE,
	WRONG_FD, /* one that does not belong there, or none where one does */
	WRONG_FDS,
	WRONG_TWICE,
	WRONG_NO, /* what is to be acknowledged is refused */
	WRONGS,
};

struct script_ring {
	uint32_t num, base, enabled;
	struct vhost_user_vring_addr addr;
	int kick, call;
};

struct script {
	struct dpu_vhost *vh;
	char path[64];
	struct vhost_channel peer, back;
	/* What it offers. */
	uint64_t features, protocol;
	uint64_t queue_num, slots;
	uint32_t config_max;
	uint8_t config[VHOST_USER_CONFIG_MAX];
	/* What goes wrong with the answer to a request. */
	uint32_t wrong_request;
	enum wrong wrong;
	bool mute; /* answers nothing any more */
	/* What it was told. */
	uint32_t log[LOG];
	uint32_t count;
	uint64_t accepted, used;
	uint64_t status, mtu;
	struct vhost_user_region regions[16];
	int region_fds[16];
	uint32_t region_count;
	struct script_ring rings[QUEUES];
	struct vhost_user_inflight inflight;
	int inflight_fd;
	/* A device side. */
	struct dpu_memory_map *map;
	struct dpu_virtq *device;
	void *inflight_ptr;
	/* Events of the handle. */
	struct dpu_vhost_event events[512];
	uint32_t event_count;
};

static void script_init(struct script *script)
{
	uint32_t i;

	memset(script, 0, sizeof(*script));
	vhost_channel_init(&script->peer);
	vhost_channel_init(&script->back);
	script->inflight_fd = -1;
	for (i = 0; i < QUEUES; i++)
		script->rings[i].kick = script->rings[i].call = -1;
	script->features =
		DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_F_RING_PACKED | DPU_VHOST_USER_F_PROTOCOL_FEATURES;
	script->protocol = VHOST_USER_PROTOCOL_F_MQ | VHOST_USER_PROTOCOL_F_REPLY_ACK |
			   VHOST_USER_PROTOCOL_F_BACKEND_REQ | VHOST_USER_PROTOCOL_F_CONFIG |
			   VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD | VHOST_USER_PROTOCOL_F_STATUS |
			   VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS;
	script->queue_num = 1;
	script->slots = 32;
	script->config_max = sizeof(script->config);
}

/* A front-end that listens: a test's back-ends come when the test wants it. */
static void script_open(struct script *script, const char *words, const struct dpu_vhost_opts *opts)
{
	static int number;
	char uri[160];

	snprintf(script->path, sizeof(script->path), "socket.%d", number++);
	snprintf(uri, sizeof(uri), "vhost-user:%s,server,frontend%s", script->path, words);
	must(dpu_vhost_open(uri, opts, &script->vh) == 0);
}

static int script_try_connect(struct script *script)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0);
	strcpy(sun.sun_path, script->path);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		close(fd);
		return -1;
	}
	return vhost_channel_open(&script->peer, fd);
}

SCRIPT void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void forget_regions(struct script *script)
{
	while (script->region_count)
		close(script->region_fds[--script->region_count]);
}

/* Dies, as a process does. */
static void script_die(struct script *script)
{
	uint32_t i;

	script->device = dpu_virtq_unref(script->device);
	script->map = dpu_memory_map_unref(script->map);
	if (script->inflight_ptr)
		munmap(script->inflight_ptr, script->inflight.size);
	script->inflight_ptr = NULL;
	close_fd(&script->inflight_fd);
	vhost_channel_close(&script->peer);
	vhost_channel_close(&script->back);
	forget_regions(script);
	for (i = 0; i < QUEUES; i++) {
		close_fd(&script->rings[i].kick);
		close_fd(&script->rings[i].call);
	}
	script->count = 0;
	script->accepted = script->used = script->status = script->mtu = 0;
}

static void script_close(struct script *script)
{
	script_die(script);
	dpu_vhost_unref(script->vh);
}

/* Lets the front-end do what it can. */
static int script_pump(struct script *script)
{
	struct dpu_vhost_event *event;
	int rc;

	do {
		event = &script->events[script->event_count % 512];
		event->sz = sizeof(*event);
		rc = dpu_vhost_process(script->vh, event, 0);
		script->event_count += rc == 1;
	} while (rc == 1);
	return rc;
}

static uint32_t script_told(const struct script *script, uint32_t type)
{
	uint32_t i, n = 0;

	for (i = 0; i < script->event_count; i++)
		n += script->events[i].type == type;
	return n;
}

/* Sends an answer, spoiled if it is to be. */
static void script_answer(struct script *script, struct vhost_user_message *message, uint32_t size, int fd)
{
	struct vhost_user_message answer = *message;
	enum wrong wrong = script->wrong;

	answer.header.flags = VHOST_USER_VERSION | VHOST_USER_REPLY;
	answer.header.size = size;
	answer.fd_count = fd >= 0;
	answer.fds[0] = fd;
	if (message->header.request != script->wrong_request)
		wrong = RIGHT;
	if (wrong == WRONG_REQUEST)
		answer.header.request = VHOST_USER_GET_VRING_BASE;
	if (wrong == WRONG_FLAGS)
		answer.header.flags = VHOST_USER_VERSION;
	if (wrong == WRONG_SIZE_LESS)
		answer.header.size -= 4;
	if (wrong == WRONG_SIZE_MORE)
		answer.header.size += 16;
	if (wrong == WRONG_FD)
		answer.fd_count ^= 1;
	if (wrong == WRONG_FD || wrong == WRONG_FDS)
		answer.fds[0] = 0;
	if (wrong == WRONG_FDS)
		answer.fd_count = 2;
	if (wrong == WRONG_NO)
		answer.u64 = 1;
	/* The front-end may have closed by now, because of an answer before. */
	vhost_channel_send(&script->peer, &answer);
	if (wrong == WRONG_TWICE)
		vhost_channel_send(&script->peer, &answer);
}

static void script_answer_u64(struct script *script, struct vhost_user_message *message, uint64_t value)
{
	message->u64 = value;
	script_answer(script, message, sizeof(value), -1);
}

static void give_config(struct script *script, struct vhost_user_message *message)
{
	uint32_t size = message->config.size;

	if (size > script->config_max) {
		script_answer(script, message, 0, -1);
		return;
	}
	memcpy(message->config.bytes, &script->config[message->config.offset], size);
	script_answer(script, message, VHOST_USER_CONFIG_HEADER + size, -1);
}

static void give_inflight(struct script *script, struct vhost_user_message *message)
{
	int fd = memfd_create("inflight", MFD_CLOEXEC);

	message->inflight.size = 65536;
	message->inflight.offset = 0;
	must(fd >= 0 && ftruncate(fd, 65536) == 0);
	script_answer(script, message, sizeof(message->inflight), fd);
	close(fd);
}

static void take_regions(struct script *script, struct vhost_user_message *message)
{
	uint32_t i;

	forget_regions(script);
	must(message->memory.count == message->fd_count &&
	     message->header.size == 8 + 32 * message->memory.count);
	for (i = 0; i < message->memory.count; i++) {
		script->regions[i] = message->memory.regions[i];
		script->region_fds[i] = vhost_message_take(message, i);
	}
	script->region_count = message->memory.count;
}

static void remove_region(struct script *script, const struct vhost_user_region *region)
{
	uint32_t i, last = script->region_count - 1;

	for (i = 0; i <= last && script->regions[i].guest != region->guest; i++)
		;
	must(i <= last && script->regions[i].size == region->size);
	close(script->region_fds[i]);
	script->regions[i] = script->regions[last];
	script->region_fds[i] = script->region_fds[last];
	script->region_count = last;
}

static void take_eventfd(struct script *script, struct vhost_user_message *message)
{
	struct script_ring *ring = &script->rings[message->u64 & VHOST_USER_VRING_INDEX];
	int *at = message->header.request == VHOST_USER_SET_VRING_KICK ? &ring->kick : &ring->call;

	must(message->u64 < QUEUES && message->fd_count == 1);
	close_fd(at);
	*at = vhost_message_take(message, 0);
}

/* Does what a message asks for. True: it has an answer of its own. */
static bool script_do(struct script *script, struct vhost_user_message *message)
{
	switch (message->header.request) {
	case VHOST_USER_GET_FEATURES:
		script_answer_u64(script, message, script->features);
		return true;
	case VHOST_USER_GET_PROTOCOL_FEATURES:
		script_answer_u64(script, message, script->protocol);
		return true;
	case VHOST_USER_SET_PROTOCOL_FEATURES:
		script->used = message->u64;
		break;
	case VHOST_USER_SET_FEATURES:
		script->accepted = message->u64;
		break;
	case VHOST_USER_GET_QUEUE_NUM:
		script_answer_u64(script, message, script->queue_num);
		return true;
	case VHOST_USER_GET_MAX_MEM_SLOTS:
		script_answer_u64(script, message, script->slots);
		return true;
	case VHOST_USER_GET_STATUS:
		script_answer_u64(script, message, script->status);
		return true;
	case VHOST_USER_SET_STATUS:
		script->status = message->u64;
		break;
	case VHOST_USER_NET_SET_MTU:
		script->mtu = message->u64;
		break;
	case VHOST_USER_SET_BACKEND_REQ_FD:
		must(message->fd_count == 1 &&
		     vhost_channel_open(&script->back, vhost_message_take(message, 0)) == 0);
		break;
	case VHOST_USER_GET_CONFIG:
		give_config(script, message);
		return true;
	case VHOST_USER_SET_CONFIG:
		if (script->wrong_request != VHOST_USER_SET_CONFIG)
			memcpy(&script->config[message->config.offset], message->config.bytes,
			       message->config.size);
		break;
	case VHOST_USER_GET_INFLIGHT_FD:
		give_inflight(script, message);
		return true;
	case VHOST_USER_SET_INFLIGHT_FD:
		must(message->fd_count == 1);
		script->inflight = message->inflight;
		close_fd(&script->inflight_fd);
		script->inflight_fd = vhost_message_take(message, 0);
		break;
	case VHOST_USER_SET_MEM_TABLE:
		take_regions(script, message);
		break;
	case VHOST_USER_ADD_MEM_REG:
		must(message->fd_count == 1 && script->region_count < 16);
		script->region_fds[script->region_count] = vhost_message_take(message, 0);
		script->regions[script->region_count++] = message->slot.region;
		break;
	case VHOST_USER_REM_MEM_REG:
		must(message->fd_count == 0);
		remove_region(script, &message->slot.region);
		break;
	case VHOST_USER_SET_VRING_NUM:
		must(message->state.index < QUEUES);
		script->rings[message->state.index].num = message->state.num;
		break;
	case VHOST_USER_SET_VRING_BASE:
		must(message->state.index < QUEUES);
		script->rings[message->state.index].base = message->state.num;
		break;
	case VHOST_USER_SET_VRING_ENABLE:
		must(message->state.index < QUEUES);
		script->rings[message->state.index].enabled = message->state.num;
		break;
	case VHOST_USER_SET_VRING_ADDR:
		must(message->addr.index < QUEUES);
		script->rings[message->addr.index].addr = message->addr;
		break;
	case VHOST_USER_SET_VRING_KICK:
	case VHOST_USER_SET_VRING_CALL:
		take_eventfd(script, message);
		break;
	}
	return false;
}

/* Takes one message; false when there is none, or the front-end has closed. */
static bool script_step(struct script *script)
{
	struct vhost_user_message *message = &script->peer.in;
	uint32_t flags;

	if (script->peer.fd < 0 || vhost_channel_receive(&script->peer) != 1)
		return false;
	must(script->count < LOG);
	script->log[script->count++] = message->header.request;
	if (script->mute)
		return true;
	flags = message->header.flags;
	if (!script_do(script, message) && flags & VHOST_USER_NEED_REPLY)
		script_answer_u64(script, message, 0);
	return true;
}

/* Both ends, until neither has anything to do, or the back-end has taken so many messages. */
static void script_run(struct script *script, uint32_t most)
{
	script_pump(script);
	while (script->count < most && script_step(script))
		script_pump(script);
}

static void script_connect(struct script *script)
{
	must(script_try_connect(script) == 0);
	script_run(script, UINT32_MAX);
}

#endif
