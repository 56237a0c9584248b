/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors that go to another process. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include "port.h"

union room {
	char bytes[CMSG_SPACE(PORT_FDS_MAX * sizeof(int))];
	struct cmsghdr align;
};

int fds_send(int fd, const void *data, size_t len, const int *fds, uint32_t count)
{
	union room room = { .bytes = "" };
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *control = &room.align;
	ssize_t n;

	if (count > PORT_FDS_MAX)
		return -E2BIG;
	if (count) {
		message.msg_control = room.bytes;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control->cmsg_level = SOL_SOCKET;
		control->cmsg_type = SCM_RIGHTS;
		control->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(control), fds, count * sizeof(int));
	}
	n = sendmsg(fd, &message, MSG_NOSIGNAL);
	return n < 0 ? -errno : (int)n;
}

int fds_receive(int fd, void *data, size_t size, int *fds, uint32_t room_for, uint32_t *count, int flags)
{
	union room room;
	struct iovec iov = { data, size };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof(room)
	};
	struct cmsghdr *control;
	uint32_t i, got;
	ssize_t n;
	int one;

	*count = 0;
	n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | flags);
	if (n < 0)
		return -errno;
	control = CMSG_FIRSTHDR(&message);
	if (!control || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
		return (int)n;
	got = (uint32_t)((control->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	for (i = 0; i < got; i++) {
		memcpy(&one, CMSG_DATA(control) + i * sizeof(int), sizeof(int));
		if (*count < room_for)
			fds[(*count)++] = one;
		else
			close(one);
	}
	return (int)n;
}
