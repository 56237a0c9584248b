/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What outlives a back-end: chains that are out (the in-flight region) and the device's state (migration of
 * the device itself); and how both end: status and reset. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>
#include "vhost/backend.h"

/* Each queue's part begins on a cache line, as in other back-ends' regions. */
#define INFLIGHT_ALIGN 64

uint64_t backend_inflight_size(const struct dpu_vhost *vh, uint16_t queue_size)
{
	bool packed = vh->features & DPU_VIRTIO_F_RING_PACKED;
	int size = dpu_virtq_inflight_size(packed ? DPU_VIRTQ_PACKED : DPU_VIRTQ_SPLIT, queue_size);

	return size < 0 ? 0 : ((uint64_t)size + INFLIGHT_ALIGN - 1) / INFLIGHT_ALIGN * INFLIGHT_ALIGN;
}

/* A region's bytes, 0 when the numbers make none. */
static uint64_t region_size(const struct dpu_vhost *vh, const struct vhost_user_inflight *inflight)
{
	if (!inflight->queues || inflight->queues > vh->queue_count)
		return 0;
	return inflight->queues * backend_inflight_size(vh, inflight->queue_size);
}

static void adopt(struct dpu_vhost *vh, const struct backend_file *file,
		  const struct vhost_user_inflight *inflight)
{
	struct backend *be = vhost_backend(vh);

	backend_unmap(&be->inflight);
	be->inflight = *file;
	be->inflight_queues = inflight->queues;
	be->inflight_queue_size = inflight->queue_size;
}

/* A queue that runs remembers what is out in the region that it has. */
static int check_idle(struct dpu_vhost *vh)
{
	uint32_t i;

	for (i = 0; i < vh->queue_count; i++) {
		if (vh->queues[i].vq)
			return backend_fail(vh, -EBUSY, "queue %u runs", i);
	}
	return 0;
}

static int new_file(struct dpu_vhost *vh, uint64_t size)
{
	int fd = memfd_create("vhost-inflight", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return backend_fail(vh, -errno, "memfd_create: %s", strerror(errno));
	if (ftruncate(fd, (off_t)size) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0) {
		backend_fail(vh, -errno, "memfd: %s", strerror(errno));
		close(fd);
		return vh->error.code;
	}
	return fd;
}

int backend_get_inflight(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	struct vhost_user_message reply = {
		.header.size = sizeof(reply.inflight),
		.inflight = message->inflight,
		.fd_count = 1,
	};
	struct backend_file file;
	int rc;

	reply.inflight.size = region_size(vh, &message->inflight);
	reply.inflight.offset = 0;
	if (!reply.inflight.size)
		return backend_fail(vh, -EINVAL, "%u queues of %u", message->inflight.queues,
				    message->inflight.queue_size);
	if (check_idle(vh) < 0)
		return -EBUSY;
	reply.fds[0] = new_file(vh, reply.inflight.size);
	if (reply.fds[0] < 0)
		return reply.fds[0];
	rc = backend_map(vh, reply.fds[0], 0, reply.inflight.size, &file);
	if (rc == 0) {
		adopt(vh, &file, &message->inflight);
		rc = backend_reply(vh, &reply, message->header.request);
	}
	close(reply.fds[0]);
	return rc < 0 ? rc : BACKEND_ANSWERED;
}

int backend_set_inflight(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	const struct vhost_user_inflight *inflight = &message->inflight;
	uint64_t size = region_size(vh, inflight);
	struct backend_file file;
	int rc;

	if (!size || inflight->size < size)
		return backend_fail(vh, -EINVAL, "%llu bytes for %u queues of %u",
				    (unsigned long long)inflight->size, inflight->queues,
				    inflight->queue_size);
	rc = check_idle(vh);
	if (rc == 0)
		rc = backend_map(vh, message->fds[0], inflight->offset, size, &file);
	if (rc == 0 && (uintptr_t)file.ptr % INFLIGHT_ALIGN) {
		backend_unmap(&file);
		rc = backend_fail(vh, -EINVAL, "offset %llu is misaligned",
				  (unsigned long long)inflight->offset);
	}
	if (rc == 0)
		adopt(vh, &file, inflight);
	return rc;
}

/* The device begins anew; the caller has let go of the queues. What was said of rings stays: QEMU asks where
 * they have stopped after a status of 0, and says all of it again before they start. */
static void after_reset(struct dpu_vhost *vh)
{
	backend_start_all(vh);
	vhost_model_reset(vh);
	vh->status = 0;
	vhost_emit(vh, DPU_VHOST_RESET, 0, 0);
	backend_acknowledge(vh, 0);
}

int backend_reset_device(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	(void)message;
	backend_acknowledge_later(vh);
	backend_stop_all(vh);
	vh->then = after_reset;
	return BACKEND_ANSWERED;
}

int backend_set_status(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	if (message->u64 > UINT8_MAX)
		return backend_fail(vh, -EINVAL, "status 0x%llx", (unsigned long long)message->u64);
	if (!message->u64 && vh->status)
		return backend_reset_device(vh, message);
	vh->status = (uint8_t)message->u64;
	vhost_emit(vh, DPU_VHOST_STATUS, 0, vh->status);
	return 0;
}

#define STATE_MAGIC "dpuvhost"
#define WRITEBACK offsetof(struct dpu_virtio_blk_config, writeback)

_Static_assert(sizeof(struct backend_device_state) <= sizeof(((struct backend *)0)->state), "the state fits");

void backend_save(struct dpu_vhost *vh, struct backend_device_state *state)
{
	*state = (struct backend_device_state){
		.version = 1,
		.device = vh->opts.device,
		.features = vh->features,
		.mtu = vh->mtu,
	};
	memcpy(state->magic, STATE_MAGIC, sizeof(state->magic));
	if (vh->opts.blk)
		dpu_virtio_blk_config_read(vh->opts.blk, WRITEBACK, &state->writeback, 1);
}

int backend_load(struct dpu_vhost *vh, const struct backend_device_state *state)
{
	if (memcmp(state->magic, STATE_MAGIC, sizeof(state->magic)) != 0 || state->version != 1 ||
	    state->device != vh->opts.device || state->writeback > 1)
		return vhost_fail(vh, -EINVAL, "load state", "this is no state of such a device");
	if (state->features & ~vh->offered)
		return vhost_fail(vh, -EINVAL, "load state", "the device had features that this one lacks");
	vh->mtu = state->mtu;
	if (vh->opts.blk && vh->features & DPU_VIRTIO_BLK_F_CONFIG_WCE)
		return dpu_virtio_blk_config_write(vh->opts.blk, WRITEBACK, &state->writeback, 1);
	return 0;
}

static int load_bytes(struct dpu_vhost *vh, const void *buf, uint32_t len)
{
	struct backend_device_state state;

	if (len != sizeof(state))
		return vhost_fail(vh, -EINVAL, "load state", "%u bytes", len);
	memcpy(&state, buf, sizeof(state));
	return backend_load(vh, &state);
}

/* All bytes have come, or all are gone. */
static void end_transfer(struct dpu_vhost *vh, int result)
{
	struct backend *be = vhost_backend(vh);

	if (be->state_fd >= 0) {
		vhost_unwatch(vh, be->state_fd);
		close(be->state_fd);
	}
	be->state_fd = -1;
	be->state_result = result;
}

/* A pipe takes so few bytes at once, and its closed end is the end of the state. Nobody may read it: no
 * signal of that shall end the program. */
static int write_quietly(int fd, const void *buf, size_t len)
{
	const struct timespec now = { 0 };
	sigset_t pipe, pending, before;
	ssize_t n;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &pipe, &before);
	n = write(fd, buf, len);
	if (n < 0 && errno == EPIPE && !sigismember(&pending, SIGPIPE))
		sigtimedwait(&pipe, NULL, &now);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return n == (ssize_t)len ? 0 : -EIO;
}

static void save_to(struct dpu_vhost *vh, int fd)
{
	struct backend_device_state state;

	backend_save(vh, &state);
	vhost_backend(vh)->state_result = write_quietly(fd, &state, sizeof(state));
	close(fd);
}

int backend_set_device_state(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	struct backend *be = vhost_backend(vh);
	int fd = message->fds[0], flags = fcntl(fd, F_GETFL), rc;

	if (message->transfer.direction > 1 || message->transfer.phase)
		return backend_fail(vh, -EINVAL, "direction %u, phase %u", message->transfer.direction,
				    message->transfer.phase);
	if (be->state_fd >= 0)
		return backend_fail(vh, -EBUSY, "a transfer is going on");
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return backend_fail(vh, -errno, "fcntl: %s", strerror(errno));
	if (message->transfer.direction == 0) {
		save_to(vh, vhost_message_take(message, 0));
	} else {
		be->state_len = 0;
		rc = vhost_watch(vh, fd, USER_STATE, 0, EPOLLIN);
		if (rc < 0)
			return backend_fail(vh, rc, "the descriptor is none to wait for");
		be->state_fd = vhost_message_take(message, 0);
		be->state_result = -EINPROGRESS;
	}
	/* No descriptor of ours in exchange. */
	rc = backend_reply_u64(vh, message->header.request, VHOST_USER_VRING_NOFD);
	return rc < 0 ? rc : BACKEND_ANSWERED;
}

/* Reads what there is of the state. */
static void go_on_loading(struct dpu_vhost *vh)
{
	struct backend *be = vhost_backend(vh);
	ssize_t n;

	do {
		n = vhost_read(be->state_fd, be->state + be->state_len, sizeof(be->state) - be->state_len);
		if (n > 0)
			be->state_len += (uint32_t)n;
	} while (n > 0 && be->state_len < sizeof(be->state));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	end_transfer(vh, n == 0 ? load_bytes(vh, be->state, be->state_len) : -EIO);
}

int backend_state_ready(struct dpu_vhost *vh)
{
	go_on_loading(vh);
	return 0;
}

int backend_check_device_state(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	struct backend *be = vhost_backend(vh);
	int rc;

	/* The front-end asks when it has closed its end: what it wrote is there. */
	if (be->state_fd >= 0)
		go_on_loading(vh);
	if (be->state_fd >= 0)
		end_transfer(vh, -EIO);
	rc = backend_reply_u64(vh, message->header.request, be->state_result < 0);
	be->state_result = -EINVAL;
	return rc < 0 ? rc : BACKEND_ANSWERED;
}

void backend_state_gone(struct dpu_vhost *vh)
{
	end_transfer(vh, -EINVAL);
}
