/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vhost-user back-end, whose front-end says what it likes, with whatever descriptors, and takes its files
 * away while queues run on them. Whatever it does, nothing of it is left when it has gone. */
#include <dpu/vhost.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include "fuzz.h"
#include "leaks.h"
#include "vhost/message.h"

#define GUEST UINT64_C(0x100000)
#define USER UINT64_C(0x7f0000000000)
#define MEMORY (1u << 18)
#define QUEUES 4
#define ELEMENTS 64

#define PROTOCOL                                                                                             \
	(VHOST_USER_PROTOCOL_F_MQ | VHOST_USER_PROTOCOL_F_LOG_SHMFD | VHOST_USER_PROTOCOL_F_RARP |           \
	 VHOST_USER_PROTOCOL_F_REPLY_ACK | VHOST_USER_PROTOCOL_F_MTU | VHOST_USER_PROTOCOL_F_BACKEND_REQ |   \
	 VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD | VHOST_USER_PROTOCOL_F_RESET_DEVICE |                         \
	 VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS | VHOST_USER_PROTOCOL_F_STATUS |                          \
	 VHOST_USER_PROTOCOL_F_DEVICE_STATE)

/* What a descriptor can be. */
enum { SHARED, VICTIM, SMALL, EVENT, OTHER_EVENT, STREAM, DATAGRAM, PIPE, DEVICE, FOLDER, FILES };

static struct {
	struct dpu_vhost *vh;
	int peer;
	int files[FILES];
	int ends[2]; /* of STREAM and PIPE */
	uint8_t *shared;
	struct iovec iov[ELEMENTS];
	bool gone;
} fe = { .shared = NULL };

static void make_files(void)
{
	int pair[2];

	fe.files[SHARED] = memfd_create("shared", MFD_CLOEXEC);
	fe.files[VICTIM] = memfd_create("victim", MFD_CLOEXEC);
	fe.files[SMALL] = memfd_create("small", MFD_CLOEXEC);
	check(ftruncate(fe.files[SHARED], MEMORY) == 0 && ftruncate(fe.files[VICTIM], MEMORY) == 0 &&
	      ftruncate(fe.files[SMALL], 100) == 0);
	fe.files[EVENT] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	fe.files[OTHER_EVENT] = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	fe.files[STREAM] = pair[0];
	fe.ends[0] = pair[1];
	fe.files[DATAGRAM] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	check(pipe2(pair, O_CLOEXEC) == 0);
	fe.files[PIPE] = pair[0];
	fe.ends[1] = pair[1];
	fe.files[DEVICE] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	fe.files[FOLDER] = open("/", O_RDONLY | O_CLOEXEC);
	fe.shared = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, fe.files[SHARED], 0);
	check(fe.shared != MAP_FAILED);
	fuzz_expose(fe.shared, MEMORY);
}

static void close_files(void)
{
	int i;

	fuzz_hide();
	munmap(fe.shared, MEMORY);
	for (i = 0; i < FILES; i++)
		close(fe.files[i]);
	close(fe.ends[0]);
	close(fe.ends[1]);
}

/* Until the handle has nothing to do. */
static void pump(void)
{
	DPU_OPTS(dpu_vhost_event, event);
	uint32_t i;
	int rc;

	for (i = 0; i < 1000; i++) {
		rc = dpu_vhost_process(fe.vh, &event, 0);
		if (rc != 1)
			break;
		check(event.type && event.index < 2 * QUEUES);
		if (event.type == DPU_VHOST_QUEUE_START)
			check(dpu_vhost_virtq(fe.vh, event.index));
		fe.gone |= event.type == DPU_VHOST_DISCONNECTED;
	}
	check(rc == 0 || rc == -ENOTCONN);
}

/* What the kernel has no room for is as if it had not been said. */
static void say(struct vhost_user_message *message)
{
	struct vhost_channel channel = { .fd = fe.peer };

	vhost_channel_send(&channel, message);
}

static uint64_t some_address(struct fuzz_input *in, uint64_t base)
{
	uint32_t kind = fuzz_below(in, 8);

	if (kind == 0)
		return fuzz_bytes(in, 8);
	return base + (kind == 1 ? MEMORY - fuzz_below(in, 64) : fuzz_below(in, 16) * 4096);
}

static uint64_t some_size(struct fuzz_input *in)
{
	uint32_t kind = fuzz_below(in, 8);

	return kind == 0   ? fuzz_bytes(in, 8)
	       : kind == 1 ? MEMORY + fuzz_below(in, 3) - 1
			   : fuzz_below(in, 65) * 4096;
}

static void some_region(struct fuzz_input *in, struct vhost_user_region *region)
{
	*region = (struct vhost_user_region){
		.guest = some_address(in, GUEST + fuzz_below(in, 3) * MEMORY),
		.size = some_size(in),
		.user = some_address(in, USER + fuzz_below(in, 3) * MEMORY),
		.offset = fuzz_below(in, 4) ? 0 : some_size(in),
	};
}

/* A payload as the request has it, more or less; its bytes. */
static uint32_t some_payload(struct fuzz_input *in, struct vhost_user_message *m)
{
	uint8_t *bytes = (uint8_t *)&m->u64;
	uint32_t i;

	switch (m->header.request) {
	case VHOST_USER_SET_MEM_TABLE:
		m->memory.count = fuzz_below(in, 4);
		for (i = 0; i < m->memory.count; i++)
			some_region(in, &m->memory.regions[i]);
		m->fd_count = m->memory.count;
		return 8 + m->memory.count * 32;
	case VHOST_USER_ADD_MEM_REG:
	case VHOST_USER_REM_MEM_REG:
		some_region(in, &m->slot.region);
		return 40;
	case VHOST_USER_SET_VRING_ADDR:
		m->addr = (struct vhost_user_vring_addr){
			.index = fuzz_below(in, 2 * QUEUES + 1),
			.desc = some_address(in, USER),
			.used = some_address(in, USER),
			.avail = some_address(in, USER),
		};
		return sizeof(m->addr);
	case VHOST_USER_SET_LOG_BASE:
		m->log.size = some_size(in);
		m->log.offset = fuzz_below(in, 4) ? 0 : some_size(in);
		return 16;
	case VHOST_USER_IOTLB_MSG:
		m->iotlb = (struct vhost_user_iotlb){
			.iova = some_address(in, GUEST),
			.size = some_size(in),
			.user = some_address(in, USER),
			.access = (uint8_t)fuzz_below(in, 5),
			.type = (uint8_t)fuzz_below(in, 5),
		};
		return sizeof(m->iotlb);
	case VHOST_USER_GET_INFLIGHT_FD:
	case VHOST_USER_SET_INFLIGHT_FD:
		m->inflight = (struct vhost_user_inflight){
			.size = some_size(in),
			.offset = fuzz_below(in, 4) ? 0 : some_size(in),
			.queues = (uint16_t)fuzz_below(in, 2 * QUEUES + 2),
			.queue_size = (uint16_t)(fuzz_below(in, 4) ? 64 : fuzz_bytes(in, 2)),
		};
		return VHOST_USER_INFLIGHT_SIZE;
	case VHOST_USER_SET_VRING_KICK:
	case VHOST_USER_SET_VRING_CALL:
	case VHOST_USER_SET_VRING_ERR:
		m->u64 = fuzz_below(in, 2 * QUEUES + 1) | (fuzz_below(in, 4) ? 0 : VHOST_USER_VRING_NOFD);
		m->fd_count = !(m->u64 & VHOST_USER_VRING_NOFD);
		return 8;
	case VHOST_USER_SET_VRING_NUM:
	case VHOST_USER_SET_VRING_BASE:
	case VHOST_USER_GET_VRING_BASE:
	case VHOST_USER_SET_VRING_ENABLE:
	case VHOST_USER_VRING_KICK:
		m->state.index = fuzz_below(in, 2 * QUEUES + 1);
		m->state.num = fuzz_below(in, 4) ? fuzz_below(in, 2) * 64 : (uint32_t)fuzz_bytes(in, 4);
		return 8;
	default:
		for (i = 0; i < 16; i++)
			bytes[i] = fuzz_below(in, 3) ? 0 : (uint8_t)fuzz_bytes(in, 1);
		return fuzz_below(in, 3) * 8;
	}
}

/* Which descriptor a request would have; or another one. */
static int some_file(struct fuzz_input *in, uint32_t request)
{
	if (fuzz_below(in, 8) == 0)
		return fe.files[fuzz_below(in, FILES)];
	switch (request) {
	case VHOST_USER_SET_VRING_KICK:
	case VHOST_USER_SET_VRING_CALL:
	case VHOST_USER_SET_VRING_ERR:
		return fe.files[EVENT + fuzz_below(in, 2)];
	case VHOST_USER_SET_BACKEND_REQ_FD:
		return fe.files[STREAM];
	case VHOST_USER_SET_DEVICE_STATE_FD:
		return fuzz_below(in, 2) ? fe.files[PIPE] : fe.ends[1];
	default:
		return fe.files[fuzz_below(in, 2)];
	}
}

static void some_message(struct fuzz_input *in)
{
	struct vhost_user_message m = { .header.request = fuzz_below(in, VHOST_USER_REQUESTS + 1) };
	uint32_t i;

	m.header.flags = VHOST_USER_VERSION | (fuzz_below(in, 4) ? VHOST_USER_NEED_REPLY : 0);
	m.header.size = some_payload(in, &m);
	if (m.header.request == VHOST_USER_ADD_MEM_REG || m.header.request == VHOST_USER_SET_LOG_BASE ||
	    m.header.request == VHOST_USER_SET_BACKEND_REQ_FD ||
	    m.header.request == VHOST_USER_SET_INFLIGHT_FD ||
	    m.header.request == VHOST_USER_SET_DEVICE_STATE_FD)
		m.fd_count = 1;
	if (fuzz_below(in, 32) == 0)
		m.fd_count = fuzz_below(in, VHOST_USER_FDS + 1);
	if (fuzz_below(in, 32) == 0)
		m.header.size = fuzz_below(in, VHOST_USER_PAYLOAD_MAX);
	if (fuzz_below(in, 64) == 0)
		m.header.flags = (uint32_t)fuzz_bytes(in, 1);
	for (i = 0; i < m.fd_count; i++)
		m.fds[i] = some_file(in, m.header.request);
	say(&m);
}

static void say_u64(uint32_t request, uint64_t value)
{
	struct vhost_user_message m = {
		.header = { request, VHOST_USER_VERSION | VHOST_USER_NEED_REPLY, 8 },
		.u64 = value,
	};

	say(&m);
}

/* What a front-end says that means well, so that the rest does not end at the door. */
static void begin(struct fuzz_input *in)
{
	struct vhost_user_message m;
	uint64_t features = DPU_VIRTIO_F_VERSION_1 | DPU_VHOST_USER_F_PROTOCOL_FEATURES;
	uint32_t i, file = fuzz_below(in, 2);

	features |= fuzz_below(in, 2) ? DPU_VIRTIO_F_RING_PACKED : 0;
	features |= fuzz_below(in, 4) ? 0 : DPU_VIRTIO_F_ACCESS_PLATFORM;
	features |= fuzz_below(in, 2) ? DPU_VHOST_F_LOG_ALL : 0;
	say_u64(VHOST_USER_SET_PROTOCOL_FEATURES, PROTOCOL);
	say_u64(VHOST_USER_SET_FEATURES, features);
	m = (struct vhost_user_message){
		.header = { VHOST_USER_SET_MEM_TABLE, VHOST_USER_VERSION, 40 },
		.memory = { .count = 1, .regions = { { GUEST, MEMORY, USER, 0 } } },
		.fds = { fe.files[file] },
		.fd_count = 1,
	};
	say(&m);
	for (i = 0; i < 2; i++) {
		m = (struct vhost_user_message){
			.header = { VHOST_USER_SET_VRING_NUM, VHOST_USER_VERSION, 8 }, .state = { i, 64 }
		};
		say(&m);
		m = (struct vhost_user_message){
			.header = { VHOST_USER_SET_VRING_ADDR, VHOST_USER_VERSION, 40 },
			.addr = { i, 0, USER + i * 0x4000, USER + i * 0x4000 + 0x2000,
				  USER + i * 0x4000 + 0x1000, 0 }
		};
		say(&m);
		m = (struct vhost_user_message){ .header = { VHOST_USER_SET_VRING_KICK, VHOST_USER_VERSION,
							     8 },
						 .u64 = i,
						 .fds = { fe.files[EVENT] },
						 .fd_count = 1 };
		say(&m);
		pump();
	}
}

/* As a device does. */
static void serve(struct fuzz_input *in)
{
	uint32_t i, index = fuzz_below(in, 2 * QUEUES), n = fuzz_below(in, 8);
	struct dpu_virtq *vq = dpu_vhost_virtq(fe.vh, index);
	struct dpu_virtq_chain chain;
	int rc;

	for (i = 0; vq && i < n; i++) {
		chain = (struct dpu_virtq_chain){ .iov = fe.iov, .iov_max = ELEMENTS };
		rc = dpu_virtq_pop(vq, &chain, 1);
		if (rc == -EFAULT)
			dpu_vhost_miss(fe.vh, index);
		if (rc != 1)
			break;
		chain.written = (uint32_t)dpu_virtq_chain_write(&chain, 0, "vhost", 5);
		if (fuzz_below(in, 8))
			dpu_virtq_push(vq, &chain, 1);
		dpu_vhost_notify(fe.vh, index);
	}
}

static void some_bytes(struct fuzz_input *in)
{
	uint8_t bytes[64];
	uint32_t i, n = fuzz_below(in, sizeof(bytes));

	for (i = 0; i < n; i++)
		bytes[i] = (uint8_t)fuzz_bytes(in, 1);
	check(send(fe.peer, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 || errno == EPIPE || errno == EAGAIN);
}

static void one_thing(struct fuzz_input *in)
{
	uint8_t answers[4096];

	switch (fuzz_below(in, 16)) {
	case 0:
		check(ftruncate(fe.files[VICTIM], (off_t)some_size(in) & 0xfffff) == 0);
		break;
	case 1:
		check(eventfd_write(fe.files[EVENT], 1) == 0 || errno == EAGAIN);
		break;
	case 2:
	case 3:
	case 4:
		serve(in);
		break;
	case 5:
		while (recv(fe.peer, answers, sizeof(answers), MSG_DONTWAIT) > 0)
			;
		break;
	case 6:
		if (fuzz_below(in, 16) == 0)
			some_bytes(in);
		break;
	default:
		some_message(in);
	}
	pump();
}

static void fuzz_one(struct fuzz_input *in)
{
	DPU_OPTS(dpu_vhost_opts, opts, .queues = QUEUES);
	int before = count_fds(), pair[2];
	char uri[64];

	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	fe.peer = pair[0];
	fe.gone = false;
	snprintf(uri, sizeof(uri), "vhost-user:fd=%d", pair[1]);
	check(dpu_vhost_open(uri, &opts, &fe.vh) == 0);
	make_files();
	if (fuzz_below(in, 8))
		begin(in);
	while (in->at < in->end && !fe.gone)
		one_thing(in);
	/* A socket in a message to itself would keep itself: here none is. */
	close(fe.peer);
	pump();
	check(fe.gone);
	dpu_vhost_unref(fe.vh);
	close_files();
	check(count_fds() == before);
}

#ifndef LIBFUZZER
int main(int argc, char **argv)
{
	return fuzz_main(argc, argv, 4000);
}
#endif
