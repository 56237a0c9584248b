/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A handle's queues: the eventfds of both directions, and when the caller hears of them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>
#include "vhost/vhost.h"

/* Every other kind of descriptor could block whoever reads or writes it, or mean something else. */
int vhost_eventfd_check(int fd)
{
	static const char wanted[] = "anon_inode:[eventfd]";
	char link[32], kind[sizeof(wanted) + 1];
	ssize_t len;
	int flags;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, kind, sizeof(kind));
	if (len >= 0 && (len != sizeof(wanted) - 1 || memcmp(kind, wanted, sizeof(wanted) - 1) != 0))
		return -EINVAL;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

ssize_t vhost_read(int fd, void *buf, size_t size)
{
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	ssize_t n = preadv2(fd, &iov, 1, -1, RWF_NOWAIT);

	/* Kernels before 5.8 know that of few kinds of files. */
	return n < 0 && errno == EOPNOTSUPP ? read(fd, buf, size) : n;
}

int vhost_queues_create(struct dpu_vhost *vh, uint32_t count)
{
	uint32_t i;

	vh->queues = calloc(count, sizeof(*vh->queues));
	if (!vh->queues)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		vh->queues[i].in = vh->queues[i].out = vh->queues[i].err = -1;
	vh->queue_count = count;
	for (i = 0; i < count; i++) {
		vh->queues[i].out = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (vh->queues[i].out < 0)
			return -errno;
	}
	return 0;
}

void vhost_queues_destroy(struct dpu_vhost *vh)
{
	uint32_t i;

	for (i = 0; i < vh->queue_count; i++) {
		vhost_queue_release(vh, i);
		dpu_virtq_unref(vh->queues[i].made);
		vhost_queue_set_in(vh, i, -1);
		if (vh->queues[i].out >= 0)
			close(vh->queues[i].out);
		if (vh->queues[i].err >= 0)
			close(vh->queues[i].err);
	}
	free(vh->queues);
	vh->queue_count = 0;
}

static bool waits_for(const struct dpu_vhost *vh, const struct vhost_queue *queue)
{
	return queue->vq && !(vh->opts.flags & DPU_VHOST_OWN_WAIT);
}

int vhost_queue_set_in(struct dpu_vhost *vh, uint32_t index, int fd)
{
	struct vhost_queue *queue = &vh->queues[index];

	if (queue->in >= 0)
		close(queue->in); /* which takes it out of the epoll set only if nobody else has it */
	queue->in = fd;
	return 0;
}

/* Puts an eventfd behind a number; -1 is one that nobody reads. */
static int put_behind(int number, int fd)
{
	int rc = 0;

	if (fd < 0)
		fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0 || dup3(fd, number, O_CLOEXEC) < 0)
		rc = -errno;
	if (fd >= 0)
		close(fd);
	return rc;
}

int vhost_queue_set_out(struct dpu_vhost *vh, uint32_t index, int fd)
{
	return put_behind(vh->queues[index].out, fd);
}

int vhost_queue_set_err(struct dpu_vhost *vh, uint32_t index, int fd)
{
	struct vhost_queue *queue = &vh->queues[index];

	if (queue->err >= 0)
		return put_behind(queue->err, fd);
	queue->err = fd;
	return 0;
}

int vhost_queue_started(struct dpu_vhost *vh, uint32_t index, struct dpu_virtq *vq)
{
	struct vhost_queue *queue = &vh->queues[index];
	int rc;

	queue->vq = vq;
	atomic_store_explicit(&queue->missed, false, memory_order_relaxed);
	if (waits_for(vh, queue)) {
		rc = vhost_watch(vh, queue->in, VHOST_QUEUE, index, EPOLLIN);
		if (rc < 0) {
			queue->vq = NULL;
			return rc;
		}
	}
	vhost_emit(vh, DPU_VHOST_QUEUE_START, index, queue->enabled);
	return 0;
}

bool vhost_queue_stopping(struct dpu_vhost *vh, uint32_t index)
{
	struct vhost_queue *queue = &vh->queues[index];

	if (!queue->vq || queue->stopping)
		return false;
	queue->stopping = true;
	if (waits_for(vh, queue))
		vhost_unwatch(vh, queue->in);
	vhost_emit(vh, DPU_VHOST_QUEUE_STOP, index, 0);
	return true;
}

void vhost_queue_release(struct dpu_vhost *vh, uint32_t index)
{
	vh->queues[index].vq = dpu_virtq_unref(vh->queues[index].vq);
	vh->queues[index].stopping = false;
}

void vhost_queue_ring(struct dpu_vhost *vh, uint32_t index)
{
	if (vh->queues[index].in >= 0)
		eventfd_write(vh->queues[index].in, 1);
}
