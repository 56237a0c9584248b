/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vhost-user front-end, whose back-end answers what it likes, on both channels, and writes into the
 * rings. */
#include <dpu/vhost.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include "fuzz.h"
#include "leaks.h"
#include "vhost/message.h"

#define PAIRS 2
#define PIECE 64

static struct {
	struct dpu_vhost *vh;
	struct vhost_channel peer; /* our end */
	struct vhost_channel back;
	/* Not a socket of ours: in a message that is never whole it would keep itself. */
	int event;
	int memory; /* what the front-end has shared first */
	uint8_t *shared;
	size_t size;
	uint32_t slot;
	bool gone;
} be;

static void pump(void)
{
	DPU_OPTS(dpu_vhost_event, event);
	uint32_t i;
	int rc = 0;

	for (i = 0; i < 1000; i++) {
		rc = dpu_vhost_process(be.vh, &event, 0);
		if (rc != 1)
			break;
		check(event.type && event.index < 2 * PAIRS);
		if (event.type == DPU_VHOST_QUEUE_START)
			check(dpu_vhost_virtq(be.vh, event.index));
		be.gone |= event.type == DPU_VHOST_DISCONNECTED;
	}
	check(rc == 0 || rc == -ENOTCONN);
}

/* Looks at what the front-end gives, as a back-end does. */
static void take(struct vhost_user_message *message)
{
	if (message->header.request == VHOST_USER_SET_MEM_TABLE && message->fd_count && be.memory < 0) {
		be.memory = vhost_message_take(message, 0);
		be.size = (size_t)message->memory.regions[0].size;
		be.shared = mmap(NULL, be.size, PROT_READ | PROT_WRITE, MAP_SHARED, be.memory, 0);
		check(be.shared != MAP_FAILED);
		fuzz_expose(be.shared, be.size);
	}
	if (message->header.request == VHOST_USER_SET_BACKEND_REQ_FD && message->fd_count && be.back.fd < 0)
		check(vhost_channel_open(&be.back, vhost_message_take(message, 0)) == 0);
}

/* What a good back-end would answer, if anything. */
static bool good_answer(struct fuzz_input *in, const struct vhost_user_message *asked,
			struct vhost_user_message *answer)
{
	answer->header.size = sizeof(answer->u64);
	switch (asked->header.request) {
	case VHOST_USER_GET_FEATURES:
		answer->u64 = DPU_VIRTIO_F_VERSION_1 | DPU_VHOST_USER_F_PROTOCOL_FEATURES;
		answer->u64 |= fuzz_below(in, 2) ? DPU_VIRTIO_F_RING_PACKED : 0;
		answer->u64 |= fuzz_below(in, 4) ? 0 : fuzz_bytes(in, 8);
		return true;
	case VHOST_USER_GET_PROTOCOL_FEATURES:
		answer->u64 =
			fuzz_below(in, 4) ? fuzz_bytes(in, 3) | VHOST_USER_PROTOCOL_F_MQ : fuzz_bytes(in, 8);
		return true;
	case VHOST_USER_GET_QUEUE_NUM:
	case VHOST_USER_GET_MAX_MEM_SLOTS:
		answer->u64 = fuzz_below(in, 4) ? 1 + fuzz_below(in, 16) : fuzz_bytes(in, 8);
		return true;
	case VHOST_USER_GET_STATUS:
		answer->u64 = fuzz_below(in, 8) ? DPU_VIRTIO_STATUS_FEATURES_OK : fuzz_bytes(in, 1);
		return true;
	case VHOST_USER_GET_CONFIG:
		answer->config = asked->config;
		answer->header.size = asked->header.size;
		return true;
	case VHOST_USER_GET_INFLIGHT_FD:
		answer->inflight = asked->inflight;
		answer->inflight.size = fuzz_below(in, 2) ? 65536 : fuzz_bytes(in, 8);
		answer->header.size = sizeof(answer->inflight);
		answer->fds[0] = be.memory;
		answer->fd_count = be.memory >= 0;
		return true;
	default:
		answer->u64 = fuzz_below(in, 16) == 0;
		return asked->header.flags & VHOST_USER_NEED_REPLY;
	}
}

static void spoil(struct fuzz_input *in, struct vhost_user_message *message)
{
	switch (fuzz_below(in, 64)) {
	case 0:
		message->header.request = (uint32_t)fuzz_bytes(in, 1);
		break;
	case 1:
		message->header.size = fuzz_below(in, VHOST_USER_PAYLOAD_MAX + 1);
		break;
	case 2:
		message->header.flags = (uint32_t)fuzz_bytes(in, 1);
		break;
	case 3:
		message->u64 = fuzz_bytes(in, 8);
		break;
	case 4:
		for (message->fd_count = 0; message->fd_count < fuzz_below(in, VHOST_USER_FDS + 1);
		     message->fd_count++)
			message->fds[message->fd_count] = be.event;
		break;
	default:
		break;
	}
}

/* Hears the front-end's next message and answers it. */
static void answer_one(struct fuzz_input *in)
{
	struct vhost_user_message answer = { 0 };

	if (vhost_channel_receive(&be.peer) != 1)
		return;
	take(&be.peer.in);
	answer.header.request = be.peer.in.header.request;
	answer.header.flags = VHOST_USER_VERSION | VHOST_USER_REPLY;
	if (!good_answer(in, &be.peer.in, &answer) && fuzz_below(in, 64))
		return;
	spoil(in, &answer);
	vhost_channel_send(&be.peer, &answer);
}

/* Something on the back-end's own channel. */
static void speak(struct fuzz_input *in)
{
	struct vhost_user_message message = { .header.request = fuzz_below(in, 8) };

	if (be.back.fd < 0)
		return;
	message.header.flags = VHOST_USER_VERSION | (fuzz_below(in, 2) ? VHOST_USER_NEED_REPLY : 0);
	message.header.size = fuzz_below(in, 2) ? 0 : 8 * fuzz_below(in, 5);
	message.u64 = fuzz_bytes(in, 1);
	spoil(in, &message);
	vhost_channel_send(&be.back, &message);
	while (vhost_channel_receive(&be.back) == 1)
		;
}

/* As a driver does. */
static void drive(struct fuzz_input *in)
{
	uint32_t index = fuzz_below(in, 2 * PAIRS);
	struct dpu_virtq *vq = dpu_vhost_virtq(be.vh, index);
	struct dpu_virtq_chain chain;
	struct iovec iov[2];
	uint8_t *memory;
	size_t size;

	if (!vq)
		return;
	memory = dpu_vhost_memory(be.vh, &size);
	memory += be.slot++ % (size / PIECE / 2) * PIECE * 2;
	iov[0] = (struct iovec){ memory, PIECE };
	iov[1] = (struct iovec){ memory + PIECE, PIECE };
	chain = (struct dpu_virtq_chain){ .iov = iov,
					  .read_count = 1,
					  .write_count = (uint16_t)fuzz_below(in, 2) };
	dpu_virtq_add(vq, &chain, 1);
	dpu_vhost_notify(be.vh, index);
	dpu_virtq_get(vq, &chain, 1);
}

static void one_thing(struct fuzz_input *in)
{
	switch (fuzz_below(in, 8)) {
	case 0:
		speak(in);
		break;
	case 1:
		drive(in);
		break;
	case 2:
		if (be.shared && be.size > 65536)
			be.shared[fuzz_below(in, 65536)] = (uint8_t)fuzz_bytes(in, 1);
		break;
	default:
		answer_one(in);
	}
	pump();
}

static void fuzz_one(struct fuzz_input *in)
{
	DPU_OPTS(dpu_vhost_opts, opts, .role = DPU_VHOST_FRONTEND, .queues = PAIRS, .queue_size = 32,
		 .memory_size = 65536);
	int before = count_fds(), pair[2];
	char uri[64];

	memset(&be, 0, sizeof(be));
	be.memory = -1;
	be.event = eventfd(0, EFD_CLOEXEC);
	vhost_channel_init(&be.peer);
	vhost_channel_init(&be.back);
	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	check(vhost_channel_open(&be.peer, pair[0]) == 0);
	snprintf(uri, sizeof(uri), "vhost-user:fd=%d", pair[1]);
	check(dpu_vhost_open(uri, &opts, &be.vh) == 0);
	pump();
	while (in->at < in->end && !be.gone)
		one_thing(in);
	vhost_channel_close(&be.peer);
	pump();
	check(be.gone);
	dpu_vhost_unref(be.vh);
	vhost_channel_close(&be.back);
	close(be.event);
	if (be.memory >= 0) {
		fuzz_hide();
		munmap(be.shared, be.size);
		close(be.memory);
	}
	check(count_fds() == before);
}

#ifndef LIBFUZZER
int main(int argc, char **argv)
{
	return fuzz_main(argc, argv, 4000);
}
#endif
