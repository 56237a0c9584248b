/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a vhost-user connection comes to be: URIs, listening, connecting, and the next peer. */
#include <poll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "vhost-rig.h"

static char directory[] = "/tmp/vhost-socket.XXXXXX";
static char path[64];

/* What the handle says next, and whether it says it in time. */
static int next_event(struct dpu_vhost *vh)
{
	DPU_OPTS(dpu_vhost_event, event);

	return dpu_vhost_process(vh, &event, 5000) == 1 ? (int)event.type : 0;
}

static bool quiet(struct dpu_vhost *vh)
{
	DPU_OPTS(dpu_vhost_event, event);

	return dpu_vhost_process(vh, &event, 20) == 0;
}

static struct dpu_vhost *open_vhost(const char *words)
{
	struct dpu_vhost *vh;
	char uri[128], why[256] = "";
	DPU_OPTS(dpu_vhost_opts, opts, .error = why, .error_size = sizeof(why));

	snprintf(uri, sizeof(uri), "vhost-user:%s%s", path, words);
	if (dpu_vhost_open(uri, &opts, &vh) < 0) {
		tap_diag("%s", why);
		return NULL;
	}
	return vh;
}

static struct sockaddr_un name(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	strcpy(sun.sun_path, path);
	return sun;
}

static int peer_connect(void)
{
	struct sockaddr_un sun = name();
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int peer_listen(void)
{
	struct sockaddr_un sun = name();
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	must(fd >= 0 && bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 && listen(fd, 1) == 0);
	return fd;
}

static void test_uris(void)
{
	static const struct {
		const char *uri;
		int rc;
		const char *why;
	} wrong[] = {
		{ "vhost-user:", -EINVAL, "no path" },
		{ "vhost-usr:/tmp/x", -EPROTONOSUPPORT, "no such transport" },
		{ "vhost-user:/tmp/x,sever", -EINVAL, "sever" },
		{ "vhost-user:/tmp/x,queues=0", -EINVAL, "no queues" },
		{ "vhost-user:/tmp/x,queues=129", -EINVAL, "at most 128" },
		{ "vhost-user:/tmp/x,queues=many", -EINVAL, "many" },
		{ "vhost-user:/tmp/x,size=65536", -EINVAL, "size" },
		{ "vhost-user:/tmp/x,speed=9", -EINVAL, "speed" },
		{ "vhost-user:/tmp/x,without=packing", -EINVAL, "packing" },
		{ "vhost-user:/tmp/x,timeout=100", -EINVAL, "only a vhost-user front-end" },
		{ "vhost-user:/tmp/x,server,timeout=0", -EINVAL, "only a vhost-user front-end" },
		{ "vhost-net:,timeout=100", -EINVAL, "only a vhost-user front-end" },
		{ "vhost-user:/tmp/x,frontend,timeout=soon", -EINVAL, "soon" },
		{ "vhost-user:/tmp/x,mtu=1500", -EINVAL, "only a vhost-user front-end" },
		{ "vhost-user:/tmp/x,frontend,mtu=1500", -EINVAL, "knows MTU" },
		{ "vhost-user:/tmp/x,frontend,mtu=65536", -EINVAL, "mtu" },
		{ "vhost-user:fd=", -EINVAL, "no socket" },
		{ "vhost-user:fd=0x7ffffff0", -EINVAL, "no socket" },
		{ "vhost-user:/nowhere/at/all,server", -ENOENT, "bind" },
		{ "vhost-user:/tmp/"
		  "123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
		  "1"
		  "234561234567890,server",
		  -ENAMETOOLONG, "shorter" },
	};
	struct dpu_vhost *vh = NULL;
	char why[256];
	DPU_OPTS(dpu_vhost_opts, opts, .error = why, .error_size = sizeof(why));
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		why[0] = '\0';
		is_int(dpu_vhost_open(wrong[i].uri, &opts, &vh), wrong[i].rc);
		contains(why, wrong[i].why);
	}
	opts.flags = 1u << 31;
	is_int(dpu_vhost_open("vhost-user:/tmp/x", &opts, &vh), -EINVAL);
	opts.flags = 0;
	opts.role = 2;
	is_int(dpu_vhost_open("vhost-user:/tmp/x", &opts, &vh), -EINVAL);
	is_int(dpu_vhost_open(NULL, NULL, &vh), -EINVAL);
	ok(!vh, "nothing was opened");
}

static void test_server(void)
{
	struct dpu_vhost *vh, *second;
	DPU_OPTS(dpu_vhost_state, state);
	struct stat st;
	struct pollfd pollfd;
	int one, two;

	vh = open_vhost(",server,queues=2");
	must(vh);
	pollfd = (struct pollfd){ .fd = dpu_vhost_fd(vh), .events = POLLIN };
	ok(quiet(vh) && poll(&pollfd, 1, 0) == 0, "nobody there: nothing to do");
	ok(!open_vhost(",server"), "a second server is refused");
	/* It had to try whether somebody listens. */
	is_int(next_event(vh), DPU_VHOST_CONNECTED);
	is_int(next_event(vh), DPU_VHOST_DISCONNECTED);
	one = peer_connect();
	must(one >= 0);
	is_int(poll(&pollfd, 1, 1000), 1);
	is_int(next_event(vh), DPU_VHOST_CONNECTED);
	two = peer_connect();
	must(two >= 0);
	ok(quiet(vh), "the next peer waits");
	close(one);
	is_int(next_event(vh), DPU_VHOST_DISCONNECTED);
	ok(!dpu_vhost_error(vh), "a peer that goes is no failure");
	is_int(next_event(vh), DPU_VHOST_CONNECTED);
	must(dpu_vhost_state(vh, &state) == 0);
	is_int(state.connections, 3);
	close(two);
	is_int(next_event(vh), DPU_VHOST_DISCONNECTED);

	/* Its name is taken over when it is killed, and left alone when it is somebody else's. */
	must(unlink(path) == 0);
	second = open_vhost(",server");
	ok(second, "another server has the name");
	dpu_vhost_unref(vh);
	is_int(stat(path, &st), 0);
	dpu_vhost_unref(second);
	is_int(stat(path, &st), -1);
	one = peer_listen();
	close(one);
	is_int(stat(path, &st), 0);
	vh = open_vhost(",server");
	ok(vh, "the name of one that was killed is taken");
	dpu_vhost_unref(vh);
	one = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	must(one >= 0);
	close(one);
	ok(!open_vhost(",server"), "a file is not");
	is_int(stat(path, &st), 0);
	unlink(path);
}

static void test_client(void)
{
	struct dpu_vhost *vh;
	int listener, fd;

	vh = open_vhost(",reconnect=40");
	must(vh);
	ok(quiet(vh), "nobody there yet: no error");
	listener = peer_listen();
	is_int(next_event(vh), DPU_VHOST_CONNECTED);
	fd = accept(listener, NULL, NULL);
	close(fd);
	close(listener);
	unlink(path);
	is_int(next_event(vh), DPU_VHOST_DISCONNECTED);
	ok(quiet(vh), "and nobody again");
	listener = peer_listen();
	is_int(next_event(vh), DPU_VHOST_CONNECTED);
	close(accept(listener, NULL, NULL));
	is_int(next_event(vh), DPU_VHOST_DISCONNECTED);
	is_int(next_event(vh), DPU_VHOST_CONNECTED);
	dpu_vhost_unref(vh);

	vh = open_vhost(",reconnect=0");
	must(vh);
	/* The connection that was left waiting, then this one's. */
	close(accept(listener, NULL, NULL));
	is_int(next_event(vh), DPU_VHOST_CONNECTED);
	close(accept(listener, NULL, NULL));
	is_int(next_event(vh), DPU_VHOST_DISCONNECTED);
	is_int(dpu_vhost_process(vh, &(struct dpu_vhost_event){ .sz = sizeof(struct dpu_vhost_event) }, 20),
	       -ENOTCONN);
	is_int(dpu_vhost_process(vh, &(struct dpu_vhost_event){ 0 }, 0), -EINVAL);
	dpu_vhost_unref(vh);
	close(listener);
	unlink(path);
}

/* Somebody who takes every connection and drops it is not asked without end. */
static void test_pauses(void)
{
	DPU_OPTS(dpu_vhost_event, event);
	struct dpu_vhost *vh;
	int listener = peer_listen(), fd, taken = 0, i;

	vh = open_vhost("");
	must(vh);
	for (i = 0; i < 400; i++) {
		fd = accept(listener, NULL, NULL);
		if (fd >= 0) {
			close(fd);
			taken++;
		}
		dpu_vhost_process(vh, &event, 1);
	}
	ok(taken >= 2 && taken < 16, "400 looks, %d attempts to connect", taken);
	dpu_vhost_unref(vh);
	close(listener);
	unlink(path);
}

/* A front-end gives up who takes a connection and says nothing, and tries again. */
static void test_mute(void)
{
	struct dpu_vhost *vh;
	int listener = peer_listen(), first, second;
	const struct dpu_error *error;

	vh = open_vhost(",frontend,timeout=30");
	must(vh);
	first = accept(listener, NULL, NULL);
	must(first >= 0);
	is_int(next_event(vh), DPU_VHOST_DISCONNECTED);
	error = dpu_vhost_error(vh);
	must(error);
	is_int(dpu_error_code(error), -ETIMEDOUT);
	is_str(dpu_error_step(error), "GET_FEATURES");
	contains(dpu_error_object(error), path);
	contains(dpu_error_message(error), "no answer within 30 ms");
	is_int(next_event(vh), DPU_VHOST_DISCONNECTED);
	second = accept(listener, NULL, NULL);
	ok(second >= 0, "there was another attempt");
	close(first);
	close(second);
	dpu_vhost_unref(vh);

	vh = open_vhost(",frontend,timeout=30,reconnect=0");
	must(vh);
	is_int(next_event(vh), DPU_VHOST_DISCONNECTED);
	is_int(dpu_vhost_process(vh, &(struct dpu_vhost_event){ .sz = sizeof(struct dpu_vhost_event) }, 20),
	       -ENOTCONN);
	dpu_vhost_unref(vh);
	close(listener);
	unlink(path);
}

/* What belongs to the other end is refused. */
static void test_ends(void)
{
	struct dpu_vhost *vh = open_vhost(",server");
	DPU_OPTS(dpu_vhost_state, state);
	uint8_t byte;

	must(vh);
	is_int(dpu_vhost_config_read(vh, 0, &byte, 1), -EINVAL);
	is_int(dpu_vhost_config_write(vh, 0, &byte, 1), -EINVAL);
	is_int(dpu_vhost_config_changed(vh), -ENOTCONN);
	is_int(dpu_vhost_memory_add(vh, &byte, 1, 0, 0), -EINVAL);
	is_int(dpu_vhost_memory_remove(vh, &byte), -EINVAL);
	ok(!dpu_vhost_memory(vh, NULL), "a back-end has no memory of its own");
	is_int(dpu_vhost_queue_fd(vh, 0), -ENOENT);
	is_int(dpu_vhost_miss(vh, 0), -ENOENT);
	is_int(dpu_vhost_notify(vh, 77), -ENOENT);
	state.sz = 0;
	is_int(dpu_vhost_state(vh, &state), -EINVAL);
	ok(dpu_vhost_ref(vh) == vh && !dpu_vhost_unref(vh), "one reference more, and one less");
	dpu_vhost_unref(vh);
	dpu_vhost_unref(NULL);
}

int main(void)
{
	int fds = count_fds();

	must(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/s", directory);
	test_uris();
	test_server();
	test_client();
	test_pauses();
	test_mute();
	test_ends();
	is_int(count_fds(), fds);
	is_int(count_maps(), 0);
	must(rmdir(directory) == 0);
	return tap_done();
}
