/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the back-end says of its own accord, on a channel that the front-end has given. Notifications and
 * misses come from the threads that serve queues, so the channel has a lock; no answer is asked for. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "vhost/backend.h"

static int say(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t request)
{
	struct backend *be = vhost_backend(vh);
	int rc = -ENOTCONN;

	message->header.request = request;
	message->header.flags = VHOST_USER_VERSION;
	pthread_mutex_lock(&be->back_lock);
	if (be->back.fd >= 0)
		rc = vhost_channel_send(&be->back, message);
	pthread_mutex_unlock(&be->back_lock);
	return rc < 0 ? -EIO : 0;
}

int backend_notify(struct dpu_vhost *vh, uint32_t index)
{
	struct vhost_user_message message = {
		.header.size = sizeof(message.state),
		.state.index = index,
	};

	return say(vh, &message, VHOST_USER_BACKEND_VRING_CALL);
}

int backend_request_translation(struct dpu_vhost *vh, uint64_t iova, uint32_t access)
{
	struct vhost_user_message message = {
		.header.size = sizeof(message.iotlb),
		.iotlb = { .iova = iova, .access = (uint8_t)access, .type = VHOST_USER_IOTLB_MISS },
	};

	return say(vh, &message, VHOST_USER_BACKEND_IOTLB_MSG);
}

int backend_miss(struct dpu_vhost *vh, uint32_t index)
{
	struct vhost_queue *queue = &vh->queues[index];
	uint32_t access;
	uint64_t addr;

	if (!dpu_virtq_miss(queue->vq, &addr, &access))
		return -ENOENT;
	/* Before the question: the answer may be quick. */
	atomic_store(&queue->missed, true);
	return backend_request_translation(vh, addr, access);
}

int backend_config_changed(struct dpu_vhost *vh)
{
	struct vhost_user_message message = { 0 };

	if (!backend_negotiated(vh, VHOST_USER_PROTOCOL_F_CONFIG) || vhost_backend(vh)->back.fd < 0)
		return -EOPNOTSUPP;
	return say(vh, &message, VHOST_USER_BACKEND_CONFIG_CHANGE_MSG);
}

int backend_open_channel(struct dpu_vhost *vh, int fd)
{
	struct backend *be = vhost_backend(vh);
	int rc;

	backend_channel_gone(vh);
	pthread_mutex_lock(&be->back_lock);
	rc = vhost_channel_open(&be->back, fd);
	pthread_mutex_unlock(&be->back_lock);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return vhost_watch(vh, fd, USER_BACK, 0, EPOLLIN);
}

int backend_set_channel(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	int kind = 0, rc;
	socklen_t size = sizeof(kind);

	if (getsockopt(message->fds[0], SOL_SOCKET, SO_TYPE, &kind, &size) < 0 || kind != SOCK_STREAM)
		return backend_fail(vh, -EINVAL, "not a stream socket");
	rc = backend_open_channel(vh, vhost_message_take(message, 0));
	return rc < 0 ? backend_fail(vh, rc, NULL) : 0;
}

int backend_channel_ready(struct dpu_vhost *vh)
{
	struct backend *be = vhost_backend(vh);
	int rc;

	/* Answers that nobody asked for, from front-ends that always answer, are passed over. */
	do
		rc = vhost_channel_receive(&be->back);
	while (rc > 0);
	if (rc < 0)
		backend_channel_gone(vh);
	return 0;
}

void backend_channel_gone(struct dpu_vhost *vh)
{
	struct backend *be = vhost_backend(vh);

	/* The front-end may still have it, and then the epoll set would, too. */
	if (be->back.fd >= 0)
		vhost_unwatch(vh, be->back.fd);
	pthread_mutex_lock(&be->back_lock);
	vhost_channel_close(&be->back);
	pthread_mutex_unlock(&be->back_lock);
}
