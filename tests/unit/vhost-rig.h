/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A front-end that says whatever a test wants, on the other end of a back-end's socket. Its memory is a
 * memfd; what descriptors say of it, what messages say of it and where it is are three different addresses.
 */
#ifndef VHOST_RIG_H
#define VHOST_RIG_H

#include <dpu/vhost.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "leaks.h"
#include "tap.h"
#include "vhost/message.h"

#define GUEST UINT64_C(0x100000)
#define USER UINT64_C(0x7f0000000000)
#define MEMORY (1u << 20)
/* Each ring has 64 KiB; behind the rings there are buffers. */
#define RING 0x10000u
#define BUFFERS 0x80000u
#define SIZE 64u
#define EVENTS 128u
#define RIG __attribute__((unused)) static

struct rig {
	struct dpu_vhost *vh;
	struct vhost_channel peer;
	int memfd;
	uint8_t *memory;
	struct dpu_memory_map *map; /* a driver's */
	uint64_t features;
	/* What the handle has told, oldest first. */
	struct dpu_vhost_event events[EVENTS];
	uint32_t event_count;
	int kick[8], call[8];
};

RIG int rig_memfd(size_t size)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);

	must(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
	return fd;
}

/* A handle on one end of a socket pair; opts may be NULL. */
RIG void rig_open(struct rig *rig, const struct dpu_vhost_opts *opts)
{
	int pair[2], i;
	char uri[64];

	memset(rig, 0, sizeof(*rig));
	for (i = 0; i < 8; i++)
		rig->kick[i] = rig->call[i] = -1;
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	vhost_channel_init(&rig->peer);
	must(vhost_channel_open(&rig->peer, pair[0]) == 0);
	snprintf(uri, sizeof(uri), "vhost-user:fd=%d", pair[1]);
	must(dpu_vhost_open(uri, opts, &rig->vh) == 0);
	rig->memfd = rig_memfd(MEMORY);
	rig->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, rig->memfd, 0);
	must(rig->memory != MAP_FAILED);
	must(dpu_memory_map_create(&rig->map) == 0 &&
	     dpu_memory_map_add(rig->map, GUEST, MEMORY, rig->memory) == 0);
}

RIG void rig_close(struct rig *rig)
{
	int i;

	vhost_channel_close(&rig->peer);
	dpu_vhost_unref(rig->vh);
	dpu_memory_map_unref(rig->map);
	munmap(rig->memory, MEMORY);
	close(rig->memfd);
	for (i = 0; i < 8; i++) {
		if (rig->kick[i] >= 0)
			close(rig->kick[i]);
		if (rig->call[i] >= 0)
			close(rig->call[i]);
	}
}

/* One event, or none. */
RIG int rig_step(struct rig *rig)
{
	struct dpu_vhost_event *event = &rig->events[rig->event_count % EVENTS];
	int rc;

	event->sz = sizeof(*event);
	rc = dpu_vhost_process(rig->vh, event, 0);
	rig->event_count += rc == 1;
	return rc;
}

/* All there are, handled by doing nothing. */
RIG int rig_pump(struct rig *rig)
{
	int rc;

	do
		rc = rig_step(rig);
	while (rc == 1);
	return rc;
}

/* How often an event was told since the last look. */
RIG uint32_t rig_told(const struct rig *rig, uint32_t type, uint32_t index)
{
	uint32_t i, n = 0;

	for (i = 0; i < rig->event_count && i < EVENTS; i++)
		n += rig->events[i].type == type && rig->events[i].index == index;
	return n;
}

RIG void rig_forget(struct rig *rig)
{
	rig->event_count = 0;
}

RIG void rig_say(struct rig *rig, struct vhost_user_message *message, uint32_t request, uint32_t size)
{
	message->header.request = request;
	message->header.flags |= VHOST_USER_VERSION;
	message->header.size = size;
	must(vhost_channel_send(&rig->peer, message) == 0);
}

/* The back-end's answer; NULL when there is none. */
RIG struct vhost_user_message *rig_answer(struct rig *rig, uint32_t request)
{
	if (vhost_channel_receive(&rig->peer) != 1 || rig->peer.in.header.request != request ||
	    !(rig->peer.in.header.flags & VHOST_USER_REPLY))
		return NULL;
	return &rig->peer.in;
}

RIG void rig_say_u64(struct rig *rig, uint32_t request, uint64_t value)
{
	struct vhost_user_message message = { .u64 = value };

	rig_say(rig, &message, request, sizeof(message.u64));
}

RIG uint64_t rig_ask_u64(struct rig *rig, uint32_t request)
{
	struct vhost_user_message message = { 0 }, *answer;

	rig_say(rig, &message, request, 0);
	rig_pump(rig);
	answer = rig_answer(rig, request);
	must(answer && answer->header.size == sizeof(answer->u64));
	return answer->u64;
}

/* Says something and wants to know how it went: the answer's number, or -1 when there is none. */
RIG int rig_try(struct rig *rig, struct vhost_user_message *message, uint32_t request, uint32_t size)
{
	struct vhost_user_message *answer;

	message->header.flags = VHOST_USER_NEED_REPLY;
	rig_say(rig, message, request, size);
	rig_pump(rig);
	answer = rig_answer(rig, request);
	return answer ? (int)answer->u64 : -1;
}

RIG void rig_negotiate(struct rig *rig, uint64_t features, uint64_t protocol)
{
	rig_say_u64(rig, VHOST_USER_SET_PROTOCOL_FEATURES, protocol | VHOST_USER_PROTOCOL_F_REPLY_ACK);
	rig_say_u64(rig, VHOST_USER_SET_FEATURES, features | DPU_VHOST_USER_F_PROTOCOL_FEATURES);
	rig_pump(rig);
	rig->features = features;
}

RIG void rig_share(struct rig *rig)
{
	struct vhost_user_message message = {
		.memory = { .count = 1, .regions = { { GUEST, MEMORY, USER, 0 } } },
		.fds = { rig->memfd },
		.fd_count = 1,
	};

	must(rig_try(rig, &message, VHOST_USER_SET_MEM_TABLE, 8 + 32) == 0);
}

RIG size_t rig_ring(const struct rig *rig, size_t *avail, size_t *used)
{
	bool packed = rig->features & DPU_VIRTIO_F_RING_PACKED;

	must(dpu_virtq_ring_size(packed ? DPU_VIRTQ_PACKED : DPU_VIRTQ_SPLIT, SIZE, avail, used) > 0);
	return packed;
}

/* SET_VRING_ADDR as the ring of that number lies. */
RIG struct vhost_user_message rig_addr(const struct rig *rig, uint32_t index)
{
	size_t avail, used;

	rig_ring(rig, &avail, &used);
	return (struct vhost_user_message){
		.addr = { .index = index,
			  .desc = USER + index * RING,
			  .avail = USER + index * RING + avail,
			  .used = USER + index * RING + used },
	};
}

RIG int rig_eventfd(struct rig *rig, uint32_t request, uint32_t index, int *fd)
{
	struct vhost_user_message message = { .u64 = index, .fd_count = 1 };

	if (*fd >= 0)
		close(*fd);
	*fd = message.fds[0] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	must(*fd >= 0);
	return rig_try(rig, &message, request, sizeof(message.u64));
}

RIG int rig_state(struct rig *rig, uint32_t request, uint32_t index, uint32_t num)
{
	struct vhost_user_message message = { .state = { index, num } };

	return rig_try(rig, &message, request, sizeof(message.state));
}

/* All that a queue needs; the answer of the last step. */
RIG int rig_start(struct rig *rig, uint32_t index, uint32_t base)
{
	struct vhost_user_message addr = rig_addr(rig, index);

	must(rig_state(rig, VHOST_USER_SET_VRING_NUM, index, SIZE) == 0);
	must(rig_state(rig, VHOST_USER_SET_VRING_BASE, index, base) == 0);
	must(rig_try(rig, &addr, VHOST_USER_SET_VRING_ADDR, sizeof(addr.addr)) == 0);
	must(rig_eventfd(rig, VHOST_USER_SET_VRING_CALL, index, &rig->call[index]) == 0);
	must(rig_state(rig, VHOST_USER_SET_VRING_ENABLE, index, 1) == 0);
	return rig_eventfd(rig, VHOST_USER_SET_VRING_KICK, index, &rig->kick[index]);
}

RIG struct dpu_virtq *rig_driver(struct rig *rig, uint32_t index)
{
	size_t avail, used;
	size_t packed = rig_ring(rig, &avail, &used);
	uint8_t *ring = rig->memory + index * RING;
	DPU_OPTS(dpu_virtq_opts, opts, .features = rig->features, .desc = ring, .avail = ring + avail,
		 .used = ring + used, .memory = rig->map,
		 .layout = packed ? DPU_VIRTQ_PACKED : DPU_VIRTQ_SPLIT, .side = DPU_VIRTQ_DRIVER,
		 .size = SIZE);
	struct dpu_virtq *vq;

	must(dpu_virtq_create(&opts, &vq) == 0);
	return vq;
}

/* Makes a buffer of 64 bytes available for reading, filled with a byte. */
RIG void rig_add(struct rig *rig, struct dpu_virtq *driver, uint32_t slot, uint8_t fill)
{
	struct iovec iov = { .iov_base = rig->memory + BUFFERS + slot * 64, .iov_len = 64 };
	struct dpu_virtq_chain chain = { .iov = &iov, .read_count = 1, .cookie = iov.iov_base };

	memset(iov.iov_base, fill, 64);
	must(dpu_virtq_add(driver, &chain, 1) == 1);
}

/* Takes a buffer at the back-end: what byte it is filled with; -1 when there is none. head for rig_return().
 */
RIG int rig_take(struct dpu_virtq *device, uint16_t *head)
{
	struct iovec iov[4];
	struct dpu_virtq_chain chain = { .iov = iov, .iov_max = 4 };
	uint8_t bytes[64];
	int rc = dpu_virtq_pop(device, &chain, 1);

	if (rc != 1)
		return rc < 0 ? rc : -1;
	if (dpu_virtq_chain_read(&chain, 0, bytes, 64) != 64 || memcmp(bytes, bytes + 1, 63) != 0)
		return -2;
	*head = chain.head;
	return bytes[0];
}

RIG int rig_return(struct dpu_virtq *device, uint16_t head)
{
	struct dpu_virtq_chain chain = { .head = head };

	return dpu_virtq_push(device, &chain, 1);
}

RIG bool signalled(int fd)
{
	eventfd_t count;

	return eventfd_read(fd, &count) == 0;
}

#endif
