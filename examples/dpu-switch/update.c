/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Live update: the next dpu-switch takes the ports of the running one, whose peers notice nothing but a
 * pause.
 *
 * They talk at a Unix socket. The successor says which ports it has; the predecessor answers what becomes of
 * each, and gives its listening socket, and one more socket for each port that is handed over. When the
 * successor is ready, the predecessor's workers stand still and all these ports are handed over at once
 * (port_ops.hand_over). A port is the successor's when its word that it has it has come to the predecessor.
 * So the successor keeps these words back until it has all ports: whatever fails or dies before, the
 * predecessor goes on with all of them. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include "switch.h"

#define GREETING "dpu-switch 1\n"
#define TIMEOUT_MS 5000
#define BACKLOG 8
#define REQUEST_MAX 65536
/* Longer than any word that says that a port was taken. */
#define WORD_MAX 64

static int said(const char *what, int rc)
{
	fprintf(stderr, "update: %s: %s\n", what, strerror(-rc));
	return rc;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void wait_at_most(int fd)
{
	const struct timeval timeout = { .tv_sec = TIMEOUT_MS / 1000 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

/* The predecessor. A port that it hands over, in a thread of its own. */
struct giving {
	const struct member *member;
	pthread_t thread;
	int fd;     /* its end */
	int theirs; /* the successor's */
	int rc;
};

static const struct member *find(const struct members *members, const char *line)
{
	char text[sizeof(members->all->name) + 4096];
	uint32_t m;

	for (m = 0; m < members->count; m++) {
		snprintf(text, sizeof(text), "%s=%s", members->all[m].name, members->all[m].uri);
		if (strcmp(text, line) == 0)
			return &members->all[m];
	}
	return NULL;
}

/* What becomes of a port that the successor names: MEMBER_*, or a negative errno. */
static int decide(const struct members *members, const char *line, struct giving *all, uint32_t *count)
{
	const struct member *member = find(members, line);
	struct giving *giving = &all[*count];
	uint32_t i;
	int pair[2];

	for (i = 0; i < *count; i++) {
		if (all[i].member == member)
			return MEMBER_OPENED;
	}
	if (!member)
		return MEMBER_OPENED;
	if (!member->port->ops->hand_over)
		return MEMBER_CLOSED;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	*giving = (struct giving){ .member = member, .fd = pair[0], .theirs = pair[1] };
	++*count;
	return MEMBER_HANDED_OVER;
}

/* Says what becomes of the ports. 0 when the successor is ready. */
static int answer(const struct update *update, const struct members *members, int fd, struct giving *all,
		  uint32_t *count)
{
	char *request = calloc(1, REQUEST_MAX), *rest, *line, says[PORTS_MAX], ready;
	uint32_t i, lines = 0;
	int fds[1 + PORTS_MAX], rc = -EPROTO;
	ssize_t n;

	if (!request)
		return -ENOMEM;
	n = recv(fd, request, REQUEST_MAX - 1, 0);
	if (n <= 0 || strncmp(request, GREETING, strlen(GREETING)) != 0)
		goto out;
	rest = request + strlen(GREETING);
	rc = 0;
	while (rc >= 0 && (line = strsep(&rest, "\n")) && *line && lines < PORTS_MAX) {
		rc = decide(members, line, all, count);
		says[lines++] = (char)rc;
	}
	fds[0] = update->listener;
	for (i = 0; i < *count; i++)
		fds[1 + i] = all[i].theirs;
	if (rc >= 0)
		rc = fds_send(fd, says, lines, fds, 1 + *count);
	for (i = 0; i < *count; i++)
		shut(&all[i].theirs);
	if (rc >= 0)
		rc = recv(fd, &ready, 1, 0) == 1 ? 0 : -ECONNRESET;
out:
	free(request);
	return rc;
}

static void *give(void *data)
{
	struct giving *giving = data;
	struct port *port = giving->member->port;

	giving->rc = port->ops->hand_over(port, giving->fd, TIMEOUT_MS);
	/* The others need not wait for this one. */
	if (giving->rc < 0)
		shutdown(giving->fd, SHUT_RDWR);
	return NULL;
}

/* How many ports are the successor's. */
static uint32_t give_all(struct giving *all, uint32_t count)
{
	uint32_t i, started, given = 0;

	for (started = 0; started < count; started++) {
		if (pthread_create(&all[started].thread, NULL, give, &all[started]) != 0)
			break;
	}
	for (i = started; i < count; i++)
		shutdown(all[i].fd, SHUT_RDWR);
	for (i = 0; i < started; i++) {
		pthread_join(all[i].thread, NULL);
		given += all[i].rc == 0;
	}
	return given;
}

int update_serve(struct update *update, const struct members *members, struct workers *workers)
{
	struct giving all[PORTS_MAX];
	uint32_t i, count = 0, given = 0;
	int fd, rc;

	fd = accept4(update->listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return 0;
	wait_at_most(fd);
	rc = answer(update, members, fd, all, &count);
	if (rc < 0)
		said("the successor", rc);
	if (rc == 0) {
		workers_hold(workers);
		given = give_all(all, count);
	}
	for (i = 0; i < count; i++)
		shut(&all[i].fd);
	if (rc == 0 && given == count) {
		for (i = 0; i < members->count; i++)
			port_shut(members->all[i].port);
		update->own = false;
		rc = 1;
	} else if (given) {
		/* It died between two last words. */
		rc = said("some ports were handed over, and others not", -EPIPE);
	} else if (rc == 0) {
		workers_release(workers);
	}
	close(fd);
	return rc < 0 && !given ? 0 : rc;
}

/* The successor. A port that it takes over, in a thread of its own. */
struct taking {
	struct member *member;
	struct port_opts opts;
	pthread_t thread;
	int inner; /* the other end of opts.from */
	int rc;
	char error[512];
	char word[WORD_MAX];
	int word_len; /* 0: it has not been said */
	bool ended;
};

static int listen_at(struct update *update, int fd, const struct sockaddr_un *sun)
{
	struct stat st;

	/* Its process is gone. */
	if (lstat(sun->sun_path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(sun->sun_path);
	if (bind(fd, (const struct sockaddr *)sun, sizeof(*sun)) < 0)
		return said(sun->sun_path, -errno);
	update->listener = fd;
	update->own = true;
	/* Who may connect may have the ports. */
	if (chmod(sun->sun_path, 0600) < 0 || listen(fd, BACKLOG) < 0)
		return said(sun->sun_path, -errno);
	return 0;
}

static int ask(struct update *update, struct members *members)
{
	char *request = malloc(REQUEST_MAX), says[PORTS_MAX + 1];
	int fds[1 + PORTS_MAX], rc = -EMSGSIZE;
	uint32_t i, count = 0, used = 1;
	size_t len;

	if (!request)
		return said(update->path, -ENOMEM);
	len = (size_t)snprintf(request, REQUEST_MAX, GREETING);
	for (i = 0; i < members->count && len < REQUEST_MAX; i++)
		len += (size_t)snprintf(request + len, REQUEST_MAX - len, "%s=%s\n", members->all[i].name,
					members->all[i].uri);
	if (len < REQUEST_MAX)
		rc = fds_send(update->predecessor, request, len, NULL, 0);
	free(request);
	if (rc > 0)
		rc = fds_receive(update->predecessor, says, sizeof(says), fds, 1 + PORTS_MAX, &count, 0);
	for (i = 0; rc == (int)members->count && i < members->count; i++) {
		members->all[i].from = says[i];
		if (says[i] == MEMBER_HANDED_OVER && used < count)
			members->all[i].channel = fds[used++];
		else if (says[i] == MEMBER_HANDED_OVER)
			rc = -EPROTO;
	}
	for (i = used; i < count; i++)
		close(fds[i]);
	if (count)
		update->listener = fds[0];
	if (rc == (int)members->count && count)
		return 0;
	return said(update->path, rc < 0 ? rc : -EPROTO);
}

int update_begin(struct update *update, const char *path, struct members *members)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, rc;

	if (strlen(path) >= sizeof(sun.sun_path))
		return said(path, -ENAMETOOLONG);
	strcpy(sun.sun_path, path);
	update->path = path;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return said(path, -errno);
	wait_at_most(fd);
	if (connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0) {
		update->predecessor = fd;
		return ask(update, members);
	}
	rc = -errno;
	if (rc == -ENOENT || rc == -ECONNREFUSED)
		rc = listen_at(update, fd, &sun);
	else
		said(path, rc);
	if (rc < 0 && update->listener != fd)
		close(fd);
	return rc;
}

static void *take(void *data)
{
	struct taking *taking = data;
	struct member *member = taking->member;

	taking->rc =
		port_open(member->uri, &taking->opts, &member->port, taking->error, sizeof(taking->error));
	shutdown(taking->opts.from, SHUT_RDWR);
	return NULL;
}

static int start(struct taking *taking, struct member *member, const struct port_opts *opts)
{
	int pair[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return said(member->name, -errno);
	taking->member = member;
	taking->opts = *opts;
	taking->opts.take_over = true;
	taking->opts.from = pair[0];
	taking->opts.timeout = TIMEOUT_MS;
	taking->inner = pair[1];
	rc = -pthread_create(&taking->thread, NULL, take, taking);
	if (rc == 0)
		return 0;
	close(pair[0]);
	close(pair[1]);
	return said(member->name, rc);
}

/* What goes from the predecessor to the thread; descriptors belong to the first byte. */
struct chunk {
	int fds[PORT_FDS_MAX];
	uint32_t fd_count;
	char data[4096];
	size_t len;
};

static void send_chunk(struct chunk *chunk, int fd)
{
	uint32_t i;

	if (chunk->len)
		fds_send(fd, chunk->data, chunk->len, chunk->fds, chunk->fd_count);
	for (i = 0; i < chunk->fd_count; i++)
		close(chunk->fds[i]);
	chunk->fd_count = 0;
	chunk->len = 0;
}

/* Passes on what is there. Byte by byte, since descriptors must stay with the byte that they came with.
 * False: there will be no more. */
static bool pass_on(const struct taking *taking)
{
	struct chunk chunk = { .fd_count = 0 };
	int fds[PORT_FDS_MAX], n;
	uint32_t count;
	char byte;

	while ((n = fds_receive(taking->member->channel, &byte, 1, fds, PORT_FDS_MAX, &count, MSG_DONTWAIT)) >
	       0) {
		if (count || chunk.len == sizeof(chunk.data))
			send_chunk(&chunk, taking->inner);
		memcpy(chunk.fds, fds, count * sizeof(int));
		chunk.fd_count += count;
		chunk.data[chunk.len++] = byte;
	}
	send_chunk(&chunk, taking->inner);
	if (n != -EAGAIN)
		shutdown(taking->inner, SHUT_WR);
	return n == -EAGAIN;
}

/* The thread's word that it has the port is kept. */
static void hear(struct taking *taking)
{
	ssize_t n = recv(taking->inner, taking->word + taking->word_len,
			 (size_t)(WORD_MAX - taking->word_len), 0);

	if (n > 0)
		taking->word_len += (int)n;
	else
		taking->ended = true;
}

/* True when the predecessor was told of all ports that they are taken. */
static bool tell(const struct taking *all, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		if (!all[i].word_len)
			return false;
	}
	for (i = 0; i < count; i++)
		fds_send(all[i].member->channel, all[i].word, (size_t)all[i].word_len, NULL, 0);
	return true;
}

/* Passes on what both sides say, until all threads have ended. One that ends too early is the end of all. */
static void mediate(struct taking *all, uint32_t count)
{
	struct pollfd polled[2 * PORTS_MAX];
	uint32_t i, ended = 0;
	bool told = false;

	for (i = 0; i < count; i++) {
		polled[2 * i] = (struct pollfd){ .fd = all[i].member->channel, .events = POLLIN };
		polled[2 * i + 1] = (struct pollfd){ .fd = all[i].inner, .events = POLLIN };
	}
	while (ended < count && poll(polled, 2 * count, TIMEOUT_MS) > 0) {
		for (i = 0; i < count; i++) {
			if (polled[2 * i].revents && !pass_on(&all[i]))
				polled[2 * i].fd = -1;
			if (!polled[2 * i + 1].revents)
				continue;
			hear(&all[i]);
			if (!all[i].ended)
				continue;
			polled[2 * i + 1].fd = -1;
			ended++;
			if (!told)
				return;
		}
		if (!told)
			told = tell(all, count);
	}
}

static int end(struct taking *taking)
{
	shutdown(taking->inner, SHUT_RDWR);
	shut(&taking->member->channel);
	pthread_join(taking->thread, NULL);
	close(taking->inner);
	close(taking->opts.from);
	if (taking->rc < 0)
		fprintf(stderr, "%s: %s\n", taking->member->name, taking->error);
	return taking->rc;
}

int update_take_over(struct update *update, struct members *members, const struct port_opts *opts)
{
	struct taking *all = calloc(PORTS_MAX, sizeof(*all));
	uint32_t m, i, count = 0;
	int rc = all ? 0 : -ENOMEM, one;
	char closed;

	for (m = 0; rc == 0 && m < members->count; m++) {
		if (members->all[m].from == MEMBER_HANDED_OVER)
			rc = start(&all[count], &members->all[m], opts);
		count += members->all[m].from == MEMBER_HANDED_OVER && rc == 0;
	}
	if (rc == 0)
		rc = fds_send(update->predecessor, "", 1, NULL, 0);
	if (rc == 1)
		mediate(all, count);
	for (i = 0; i < count; i++) {
		one = end(&all[i]);
		rc = one < 0 ? one : rc;
	}
	free(all);
	if (rc < 0)
		return rc;
	/* It closes what is to be opened here. */
	for (m = 0; m < members->count; m++) {
		if (members->all[m].from == MEMBER_CLOSED) {
			recv(update->predecessor, &closed, 1, 0);
			break;
		}
	}
	shut(&update->predecessor);
	update->own = true;
	return 0;
}

void update_close(struct update *update)
{
	if (update->own)
		unlink(update->path);
	shut(&update->listener);
	shut(&update->predecessor);
}
