/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vhost/user.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>
#include "core/text.h"
#include "vhost/backend.h"

/* The first pause before another attempt to connect. */
#define FIRST_PAUSE 10

static int address(struct dpu_vhost *vh, struct sockaddr_un *sun)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (!vh->path[0])
		return vhost_fail(vh, -EINVAL, "open", "no path");
	if (strlen(vh->path) >= sizeof(sun->sun_path))
		return vhost_fail(vh, -ENAMETOOLONG, "open", "a socket's path is shorter than %zu bytes",
				  sizeof(sun->sun_path));
	strcpy(sun->sun_path, vh->path);
	return 0;
}

static int unix_socket(struct dpu_vhost *vh)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? vhost_fail(vh, -errno, "open", "socket: %s", strerror(errno)) : fd;
}

/* Whether somebody listens there. A socket's file stays behind when its process was killed. */
static bool stale(const struct sockaddr_un *sun)
{
	struct stat st;
	int fd, rc;

	if (lstat(sun->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	rc = connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) < 0 ? errno : 0;
	close(fd);
	return rc == ECONNREFUSED;
}

static int bind_to(int fd, const struct sockaddr_un *sun)
{
	if (bind(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0)
		return 0;
	if (errno != EADDRINUSE)
		return -errno;
	if (!stale(sun) || unlink(sun->sun_path) < 0)
		return -EADDRINUSE;
	return bind(fd, (const struct sockaddr *)sun, sizeof(*sun)) < 0 ? -errno : 0;
}

static int listen_at(struct dpu_vhost *vh)
{
	struct vhost_user *user = vhost_user(vh);
	struct sockaddr_un sun;
	struct stat st;
	int rc;

	rc = address(vh, &sun);
	if (rc < 0)
		return rc;
	user->listener = unix_socket(vh);
	if (user->listener < 0)
		return user->listener;
	rc = bind_to(user->listener, &sun);
	if (rc < 0)
		return vhost_fail(vh, rc, "open", "bind: %s", strerror(-rc));
	if (lstat(sun.sun_path, &st) == 0) {
		user->dev = st.st_dev;
		user->ino = st.st_ino;
	}
	if (listen(user->listener, 1) < 0)
		return vhost_fail(vh, -errno, "open", "listen: %s", strerror(errno));
	rc = vhost_watch(vh, user->listener, USER_LISTENER, 0, EPOLLIN);
	return rc < 0 ? vhost_fail(vh, rc, "open", NULL) : 0;
}

/* The name, unless it is somebody else's by now. */
static void unlink_own(const struct dpu_vhost *vh, const struct vhost_user *user)
{
	struct stat st;

	if (user->ino && lstat(vh->path, &st) == 0 && st.st_dev == user->dev && st.st_ino == user->ino)
		unlink(vh->path);
}

int vhost_user_adopt_peer(struct dpu_vhost *vh, int fd)
{
	struct vhost_user *user = vhost_user(vh);
	int rc;

	rc = vhost_channel_open(&user->peer, fd);
	if (rc < 0) {
		close(fd);
		return vhost_fail(vh, rc, "connect", NULL);
	}
	rc = vhost_watch(vh, fd, USER_PEER, 0, EPOLLIN);
	if (rc < 0) {
		vhost_channel_close(&user->peer);
		return vhost_fail(vh, rc, "connect", NULL);
	}
	vh->connected = true;
	/* The next one waits until this one is gone. */
	if (user->listener >= 0)
		vhost_rewatch(vh, user->listener, USER_LISTENER, 0, 0);
	return 0;
}

static int have_peer(struct dpu_vhost *vh, int fd)
{
	struct vhost_user *user = vhost_user(vh);
	int rc = vhost_user_adopt_peer(vh, fd);

	if (rc < 0)
		return rc;
	vh->connections++;
	rc = user->role->connected(vh);
	if (rc < 0)
		vhost_user_disconnect(vh, rc);
	return 0;
}

static void arm(const struct vhost_user *user, uint32_t ms)
{
	struct itimerspec at = { .it_value = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L } };

	timerfd_settime(user->timer, 0, &at, NULL);
}

void vhost_user_expect(struct dpu_vhost *vh, uint32_t ms)
{
	vhost_user(vh)->late = false;
	arm(vhost_user(vh), ms);
}

/* Each pause is twice as long as the one before, until a peer has something to say. */
static void try_later(struct dpu_vhost *vh)
{
	struct vhost_user *user = vhost_user(vh);

	arm(user, user->pause);
	user->pause *= 2;
	if (user->pause > vh->opts.reconnect)
		user->pause = vh->opts.reconnect;
}

static void try_connect(struct dpu_vhost *vh)
{
	struct sockaddr_un sun;
	int fd;

	if (address(vh, &sun) < 0)
		return;
	fd = unix_socket(vh);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		vhost_fail(vh, -errno, "connect", NULL);
		close(fd);
		fd = -1;
	}
	if (fd < 0 || have_peer(vh, fd) < 0)
		try_later(vh);
}

static void accept_peer(struct dpu_vhost *vh)
{
	int fd = accept4(vhost_user(vh)->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		have_peer(vh, fd);
}

/* The caller has handled that the peer is gone. */
static void after_peer(struct dpu_vhost *vh)
{
	struct vhost_user *user = vhost_user(vh);
	uint32_t i;

	for (i = 0; i < vh->queue_count; i++)
		vhost_queue_release(vh, i);
	user->role->gone(vh);
	if (user->listener >= 0)
		vhost_rewatch(vh, user->listener, USER_LISTENER, 0, EPOLLIN);
	else if (!user->given && vh->opts.reconnect != DPU_VHOST_NO_RECONNECT)
		try_later(vh);
	else
		vh->ended = true;
}

void vhost_user_disconnect(struct dpu_vhost *vh, int code)
{
	struct vhost_user *user = vhost_user(vh);
	uint32_t i;

	if (!vh->connected)
		return;
	vh->connected = false;
	vhost_user_expect(vh, 0);
	vhost_unwatch(vh, user->peer.fd);
	vhost_channel_close(&user->peer);
	for (i = 0; i < vh->queue_count; i++)
		vhost_queue_stopping(vh, i);
	vhost_emit(vh, DPU_VHOST_DISCONNECTED, 0, (uint64_t)-code);
	vh->then = after_peer;
}

void vhost_user_want_room(struct dpu_vhost *vh, bool on)
{
	vhost_rewatch(vh, vhost_user(vh)->peer.fd, USER_PEER, 0, EPOLLIN | (on ? EPOLLOUT : 0));
}

static void hear(struct dpu_vhost *vh)
{
	struct vhost_user *user = vhost_user(vh);
	int rc = 0;

	if (user->role->writable)
		rc = user->role->writable(vh);
	while (rc >= 0 && vh->connected && !vhost_busy(vh)) {
		rc = vhost_channel_receive(&user->peer);
		if (rc == 0)
			return;
		if (rc == 1) {
			user->pause = FIRST_PAUSE;
			rc = user->role->message(vh);
			/* At once: a peer may have sent its own end of the socket, which would never close
			 * then. */
			vhost_message_clear(&user->peer.in);
		} else if (rc == -ECONNRESET || rc == -EPIPE) {
			vhost_user_disconnect(vh, 0);
			return;
		} else {
			vhost_fail(vh, rc, "receive", rc == -EPROTO ? "this is not vhost-user" : NULL);
		}
	}
	if (rc < 0)
		vhost_user_disconnect(vh, rc);
}

/* Who has looked late may find that the peer was not. */
static void time_over(struct dpu_vhost *vh)
{
	struct vhost_user *user = vhost_user(vh);

	user->late = true;
	hear(vh);
	if (vh->connected && user->late)
		vhost_user_disconnect(vh, user->role->late(vh));
}

void vhost_user_ready(struct dpu_vhost *vh, uint32_t source)
{
	struct vhost_user *user = vhost_user(vh);
	uint64_t expired;
	int rc;

	switch (source) {
	case USER_LISTENER:
		accept_peer(vh);
		break;
	case USER_TIMER:
		if (read(user->timer, &expired, sizeof(expired)) != sizeof(expired))
			break;
		if (vh->connected)
			time_over(vh);
		else
			try_connect(vh);
		break;
	case USER_PEER:
		hear(vh);
		break;
	default:
		rc = user->role->ready(vh, source);
		if (rc < 0)
			vhost_user_disconnect(vh, rc);
	}
}

void vhost_user_woken(struct dpu_vhost *vh)
{
	int rc = vhost_user(vh)->role->woken(vh);

	if (rc < 0)
		vhost_user_disconnect(vh, rc);
}

void vhost_user_close(struct dpu_vhost *vh)
{
	struct vhost_user *user = vhost_user(vh);

	if (!user)
		return;
	vhost_channel_close(&user->peer);
	if (user->end) {
		user->role->gone(vh);
		user->role->close(vh);
	}
	if (user->listener >= 0) {
		unlink_own(vh, user);
		close(user->listener);
	}
	if (user->timer >= 0)
		close(user->timer);
	free(user);
}

/* Until an end has its own. */
static const struct vhost_ops user_ops = {
	.ready = vhost_user_ready,
	.close = vhost_user_close,
};

int vhost_user_adopt_listener(struct dpu_vhost *vh, int fd)
{
	vhost_user(vh)->listener = fd;
	return vhost_watch(vh, fd, USER_LISTENER, 0, EPOLLIN);
}

static int make_timer(struct dpu_vhost *vh)
{
	struct vhost_user *user = vhost_user(vh);
	int rc;

	user->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (user->timer < 0)
		return vhost_fail(vh, -errno, "open", "timerfd_create: %s", strerror(errno));
	rc = vhost_watch(vh, user->timer, USER_TIMER, 0, EPOLLIN);
	return rc < 0 ? vhost_fail(vh, rc, "open", NULL) : 0;
}

static int start_client(struct dpu_vhost *vh)
{
	struct sockaddr_un sun;
	int rc;

	rc = address(vh, &sun);
	if (rc == 0)
		try_connect(vh);
	return rc;
}

static int start_given(struct dpu_vhost *vh, const char *number)
{
	struct vhost_user *user = vhost_user(vh);
	struct stat st;
	uint64_t fd;

	if (!text_number(number, INT32_MAX, &fd) || fstat((int)fd, &st) < 0 || !S_ISSOCK(st.st_mode))
		return vhost_fail(vh, -EINVAL, "open", "\"%s\" is no socket", number);
	user->given = true;
	return have_peer(vh, (int)fd);
}

static int prepare(struct dpu_vhost *vh)
{
	struct vhost_user *user;
	int rc;

	user = calloc(1, sizeof(*user));
	if (!user)
		return vhost_fail(vh, -ENOMEM, "open", NULL);
	user->listener = user->timer = -1;
	user->pause = FIRST_PAUSE;
	vhost_channel_init(&user->peer);
	vh->transport = user;
	vh->ops = &user_ops;
	rc = make_timer(vh);
	if (rc < 0)
		return rc;
	return vh->opts.role == DPU_VHOST_BACKEND ? vhost_backend_create(vh) : vhost_frontend_create(vh);
}

int vhost_user_open(struct dpu_vhost *vh)
{
	int rc = prepare(vh);

	if (rc < 0)
		return rc;
	if (strncmp(vh->path, "fd=", 3) == 0)
		return start_given(vh, vh->path + 3);
	return vh->opts.flags & DPU_VHOST_SERVER ? listen_at(vh) : start_client(vh);
}

int vhost_user_take_over(struct dpu_vhost *vh, int fd, int timeout)
{
	struct vhost_user *user;
	int rc;

	rc = prepare(vh);
	if (rc == 0)
		rc = backend_take_over(vh, fd, timeout);
	if (rc < 0)
		return rc;
	user = vhost_user(vh);
	/* A client connects again, a given socket ends with its peer. */
	if (user->listener < 0 && !user->given && !vh->connected)
		arm(user, FIRST_PAUSE);
	return 0;
}
