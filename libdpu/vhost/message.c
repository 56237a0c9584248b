/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vhost/message.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define HEADER ((uint32_t)sizeof(((struct vhost_user_message *)0)->header))

_Static_assert(offsetof(struct vhost_user_message, u64) == 16,
	       "the payload is aligned to 8 behind 12 bytes of header");

static const char *const names[VHOST_USER_REQUESTS] = {
	[VHOST_USER_GET_FEATURES] = "GET_FEATURES",
	[VHOST_USER_SET_FEATURES] = "SET_FEATURES",
	[VHOST_USER_SET_OWNER] = "SET_OWNER",
	[VHOST_USER_RESET_OWNER] = "RESET_OWNER",
	[VHOST_USER_SET_MEM_TABLE] = "SET_MEM_TABLE",
	[VHOST_USER_SET_LOG_BASE] = "SET_LOG_BASE",
	[VHOST_USER_SET_LOG_FD] = "SET_LOG_FD",
	[VHOST_USER_SET_VRING_NUM] = "SET_VRING_NUM",
	[VHOST_USER_SET_VRING_ADDR] = "SET_VRING_ADDR",
	[VHOST_USER_SET_VRING_BASE] = "SET_VRING_BASE",
	[VHOST_USER_GET_VRING_BASE] = "GET_VRING_BASE",
	[VHOST_USER_SET_VRING_KICK] = "SET_VRING_KICK",
	[VHOST_USER_SET_VRING_CALL] = "SET_VRING_CALL",
	[VHOST_USER_SET_VRING_ERR] = "SET_VRING_ERR",
	[VHOST_USER_GET_PROTOCOL_FEATURES] = "GET_PROTOCOL_FEATURES",
	[VHOST_USER_SET_PROTOCOL_FEATURES] = "SET_PROTOCOL_FEATURES",
	[VHOST_USER_GET_QUEUE_NUM] = "GET_QUEUE_NUM",
	[VHOST_USER_SET_VRING_ENABLE] = "SET_VRING_ENABLE",
	[VHOST_USER_SEND_RARP] = "SEND_RARP",
	[VHOST_USER_NET_SET_MTU] = "NET_SET_MTU",
	[VHOST_USER_SET_BACKEND_REQ_FD] = "SET_BACKEND_REQ_FD",
	[VHOST_USER_IOTLB_MSG] = "IOTLB_MSG",
	[VHOST_USER_SET_VRING_ENDIAN] = "SET_VRING_ENDIAN",
	[VHOST_USER_GET_CONFIG] = "GET_CONFIG",
	[VHOST_USER_SET_CONFIG] = "SET_CONFIG",
	[VHOST_USER_GET_INFLIGHT_FD] = "GET_INFLIGHT_FD",
	[VHOST_USER_SET_INFLIGHT_FD] = "SET_INFLIGHT_FD",
	[VHOST_USER_RESET_DEVICE] = "RESET_DEVICE",
	[VHOST_USER_VRING_KICK] = "VRING_KICK",
	[VHOST_USER_GET_MAX_MEM_SLOTS] = "GET_MAX_MEM_SLOTS",
	[VHOST_USER_ADD_MEM_REG] = "ADD_MEM_REG",
	[VHOST_USER_REM_MEM_REG] = "REM_MEM_REG",
	[VHOST_USER_SET_STATUS] = "SET_STATUS",
	[VHOST_USER_GET_STATUS] = "GET_STATUS",
	[VHOST_USER_SET_DEVICE_STATE_FD] = "SET_DEVICE_STATE_FD",
	[VHOST_USER_CHECK_DEVICE_STATE] = "CHECK_DEVICE_STATE",
};

const char *vhost_user_request_name(uint32_t request)
{
	return request < VHOST_USER_REQUESTS && names[request] ? names[request] : "unknown request";
}

void vhost_channel_init(struct vhost_channel *channel)
{
	memset(channel, 0, sizeof(*channel));
	channel->fd = -1;
}

int vhost_channel_open(struct vhost_channel *channel, int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	vhost_channel_close(channel);
	channel->fd = fd;
	return 0;
}

void vhost_channel_close(struct vhost_channel *channel)
{
	vhost_message_clear(&channel->in);
	channel->have = 0;
	if (channel->fd >= 0)
		close(channel->fd);
	channel->fd = -1;
}

int vhost_message_take(struct vhost_user_message *message, uint32_t index)
{
	int fd;

	if (index >= message->fd_count)
		return -1;
	fd = message->fds[index];
	message->fds[index] = -1;
	return fd;
}

void vhost_message_clear(struct vhost_user_message *message)
{
	uint32_t i;

	for (i = 0; i < message->fd_count; i++) {
		if (message->fds[i] >= 0)
			close(message->fds[i]);
	}
	message->fd_count = 0;
}

/* Keeps the descriptors that came; false when there were more than a message has. */
static bool keep_fds(struct vhost_user_message *message, struct msghdr *msg)
{
	struct cmsghdr *cmsg;
	bool fit = !(msg->msg_flags & MSG_CTRUNC);
	size_t i, count;
	int fd;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < count; i++) {
			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(fd));
			if (message->fd_count < VHOST_USER_FDS) {
				message->fds[message->fd_count++] = fd;
				continue;
			}
			close(fd);
			fit = false;
		}
	}
	return fit;
}

/* Reads up to a place in the message, header and payload counted without what lies between. 1 when it has
 * come that far. */
static int receive_up_to(struct vhost_channel *channel, uint32_t end)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(VHOST_USER_FDS * sizeof(int))];
	} control;
	struct iovec iov;
	struct msghdr msg;
	ssize_t n;

	while (channel->have < end) {
		iov.iov_base = channel->have < HEADER ? (char *)&channel->in.header + channel->have
						      : (char *)&channel->in.u64 + (channel->have - HEADER);
		iov.iov_len = end - channel->have;
		msg = (struct msghdr){
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control.bytes,
			.msg_controllen = sizeof(control.bytes),
		};
		n = recvmsg(channel->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (!keep_fds(&channel->in, &msg))
			return -EPROTO;
		if (n == 0)
			return -ECONNRESET;
		channel->have += (uint32_t)n;
	}
	return 1;
}

int vhost_channel_receive(struct vhost_channel *channel)
{
	uint32_t size;
	int rc;

	if (!channel->have)
		vhost_message_clear(&channel->in);
	rc = receive_up_to(channel, HEADER);
	if (rc <= 0)
		return rc;
	size = channel->in.header.size;
	if ((channel->in.header.flags & VHOST_USER_VERSION_MASK) != VHOST_USER_VERSION ||
	    size > VHOST_USER_PAYLOAD_MAX)
		return -EPROTO;
	rc = receive_up_to(channel, HEADER + size);
	if (rc <= 0)
		return rc;
	/* Nobody shall see what an earlier message has left there. */
	memset((char *)&channel->in.u64 + size, 0, VHOST_USER_PAYLOAD_MAX - size);
	channel->have = 0;
	return 1;
}

int vhost_channel_send(struct vhost_channel *channel, const struct vhost_user_message *message)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(VHOST_USER_FDS * sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec iov[2] = {
		{ .iov_base = (void *)(uintptr_t)&message->header, .iov_len = HEADER },
		{ .iov_base = (void *)(uintptr_t)&message->u64, .iov_len = message->header.size },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	struct cmsghdr *cmsg;
	ssize_t n;

	if (message->fd_count) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(message->fd_count * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(message->fd_count * sizeof(int));
		memcpy(CMSG_DATA(cmsg), message->fds, message->fd_count * sizeof(int));
	}
	do
		n = sendmsg(channel->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	/* The kernel takes so few bytes at once or not at all. */
	return (size_t)n == HEADER + message->header.size ? 0 : -EIO;
}
