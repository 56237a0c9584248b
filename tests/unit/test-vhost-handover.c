/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Live update: a back-end's connection goes to another handle while its queues are in use. */
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "vhost-rig.h"

static const uint64_t layouts[] = { DPU_VIRTIO_F_VERSION_1,
				    DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_F_RING_PACKED };

struct successor {
	const struct dpu_vhost_opts *opts;
	struct dpu_vhost *vh;
	int fd;
	int rc;
};

static void *take_over(void *data)
{
	struct successor *next = data;

	next->rc = dpu_vhost_takeover(next->fd, next->opts, 5000, &next->vh);
	return NULL;
}

/* What both say of it; the rig's handle is the successor then, if it has come to that. */
static int hand_over(struct rig *rig, const struct dpu_vhost_opts *opts, int *theirs)
{
	struct successor next = { .opts = opts };
	struct dpu_vhost *old = rig->vh;
	pthread_t thread;
	int pair[2], rc;

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	next.fd = pair[1];
	must(pthread_create(&thread, NULL, take_over, &next) == 0);
	rc = dpu_vhost_handover(old, pair[0], 5000);
	close(pair[0]);
	must(pthread_join(thread, NULL) == 0);
	close(pair[1]);
	*theirs = next.rc;
	if (next.rc == 0) {
		if (rc == 0) {
			is_int(dpu_vhost_process(
				       old, &(struct dpu_vhost_event){ .sz = sizeof(struct dpu_vhost_event) },
				       0),
			       -ENOTCONN);
			ok(!dpu_vhost_virtq(old, 0), "the old handle has no queue");
		}
		dpu_vhost_unref(old);
		rig->vh = next.vh;
	}
	return rc;
}

/* Buffers before and after it, a chain out, memory, log, in-flight region, notifications. */
static void test_handover(uint64_t features)
{
	const bool packed = features & DPU_VIRTIO_F_RING_PACKED;
	struct vhost_user_message message, *answer;
	int fds = count_fds(), maps = count_maps(), theirs;
	struct dpu_virtq_chain got;
	struct dpu_virtq *driver;
	struct pollfd pollfd;
	struct rig rig;
	uint16_t head;
	int logfd;

	rig_open(&rig, NULL);
	rig_negotiate(&rig, features | DPU_VHOST_F_LOG_ALL,
		      VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD | VHOST_USER_PROTOCOL_F_LOG_SHMFD |
			      VHOST_USER_PROTOCOL_F_MTU);
	rig_share(&rig);
	message = (struct vhost_user_message){ .u64 = 1600 };
	must(rig_try(&rig, &message, VHOST_USER_NET_SET_MTU, 8) == 0);
	logfd = rig_memfd(4096);
	message = (struct vhost_user_message){ .log = { 4096, 0 }, .fds = { logfd }, .fd_count = 1 };
	must(rig_try(&rig, &message, VHOST_USER_SET_LOG_BASE, 16) == 0);
	must(rig_start(&rig, 0, packed ? 0x80008000u : 0) == 0);
	driver = rig_driver(&rig, 0);
	rig_add(&rig, driver, 0, 1);
	rig_add(&rig, driver, 1, 2);
	is_int(rig_take(dpu_vhost_virtq(rig.vh, 0), &head), 1);

	is_int(hand_over(&rig, NULL, &theirs), -EBUSY);
	contains(dpu_error_message(dpu_vhost_error(rig.vh)), "not returned");
	ok(theirs < 0, "and there is no successor");
	is_int(rig_return(dpu_vhost_virtq(rig.vh, 0), head), 0);
	is_int(hand_over(&rig, NULL, &theirs), 0);
	is_int(theirs, 0);
	rig_forget(&rig);
	pollfd = (struct pollfd){ .fd = dpu_vhost_fd(rig.vh), .events = POLLIN };
	is_int(poll(&pollfd, 1, 0), 1);
	rig_pump(&rig);
	is_int(rig_told(&rig, DPU_VHOST_CONNECTED, 0), 1);
	is_int(rig_told(&rig, DPU_VHOST_FEATURES, 0), 1);
	is_int(rig_told(&rig, DPU_VHOST_LOG, 0), 1);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_START, 0), 1);
	is_int(dpu_vhost_enabled(rig.vh, 0), 1);
	is_int(rig_take(dpu_vhost_virtq(rig.vh, 0), &head), 2);
	is_int(rig_return(dpu_vhost_virtq(rig.vh, 0), head), 0);
	is_int(dpu_vhost_notify(rig.vh, 0), 0);
	ok(signalled(rig.call[0]), "the front-end is notified where it was");
	is_int(dpu_virtq_get(driver, &got, 1), 1);
	is_int(dpu_virtq_get(driver, &got, 1), 1);
	rig_add(&rig, driver, 2, 3);
	must(eventfd_write(rig.kick[0], 1) == 0);
	rig_pump(&rig);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_NOTIFIED, 0), 1);
	is_int(rig_take(dpu_vhost_virtq(rig.vh, 0), &head), 3);
	is_int(rig_return(dpu_vhost_virtq(rig.vh, 0), head), 0);

	/* It goes on being a back-end: stop, an in-flight region, start. */
	must(rig_state(&rig, VHOST_USER_GET_VRING_BASE, 0, 0) == 0);
	is_int(rig.peer.in.state.num, packed ? 0x80038003u : 3);
	message = (struct vhost_user_message){ .inflight = { .queues = 2, .queue_size = SIZE } };
	rig_say(&rig, &message, VHOST_USER_GET_INFLIGHT_FD, VHOST_USER_INFLIGHT_SIZE);
	rig_pump(&rig);
	answer = rig_answer(&rig, VHOST_USER_GET_INFLIGHT_FD);
	must(answer && answer->fd_count == 1);
	must(rig_start(&rig, 0, packed ? 0x80038003u : 3) == 0);
	rig_add(&rig, driver, 3, 4);
	rig_add(&rig, driver, 4, 5);
	is_int(rig_take(dpu_vhost_virtq(rig.vh, 0), &head), 4);
	/* A chain may be out now. */
	is_int(hand_over(&rig, NULL, &theirs), 0);
	is_int(theirs, 0);
	rig_pump(&rig);
	is_int(rig_take(dpu_vhost_virtq(rig.vh, 0), &head), 4);
	is_int(rig_return(dpu_vhost_virtq(rig.vh, 0), head), 0);
	is_int(rig_take(dpu_vhost_virtq(rig.vh, 0), &head), 5);
	is_int(rig_return(dpu_vhost_virtq(rig.vh, 0), head), 0);
	dpu_virtq_unref(driver);
	close(logfd);
	rig_close(&rig);
	is_int(count_fds(), fds);
	is_int(count_maps(), maps);
}

/* A server without a peer, and its name. */
static void test_server(void)
{
	char directory[] = "/tmp/vhost-handover.XXXXXX", uri[160];
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fds = count_fds(), theirs, fd;
	struct rig rig = { .peer.fd = -1 };
	struct stat st;

	must(mkdtemp(directory));
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/s", directory);
	snprintf(uri, sizeof(uri), "vhost-user:%s,server", sun.sun_path);
	must(dpu_vhost_open(uri, NULL, &rig.vh) == 0);
	is_int(hand_over(&rig, NULL, &theirs), 0);
	is_int(stat(sun.sun_path, &st), 0);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	is_int(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	rig_pump(&rig);
	is_int(rig_told(&rig, DPU_VHOST_CONNECTED, 0), 1);
	close(fd);
	rig_pump(&rig);
	is_int(rig_told(&rig, DPU_VHOST_DISCONNECTED, 0), 1);
	dpu_vhost_unref(rig.vh);
	is_int(stat(sun.sun_path, &st), -1);
	must(rmdir(directory) == 0);
	is_int(count_fds(), fds);
}

/* A successor that dies, or answers nonsense, after so many messages; the old handle serves on. */
static void test_dead_successor(void)
{
	int fds = count_fds(), maps = count_maps(), pair[2], rc;
	struct vhost_channel fake;
	struct dpu_virtq *driver;
	struct rig rig;
	uint16_t head;

	rig_open(&rig, NULL);
	rig_negotiate(&rig, layouts[0], 0);
	rig_share(&rig);
	must(rig_start(&rig, 0, 0) == 0);
	driver = rig_driver(&rig, 0);

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	is_int(dpu_vhost_handover(rig.vh, pair[0], 20), -ETIMEDOUT);
	close(pair[1]);
	rc = dpu_vhost_handover(rig.vh, pair[0], 1000);
	is_int(rc, -EPIPE);
	close(pair[0]);
	/* It says something else than that it has it all. */
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	vhost_channel_init(&fake);
	must(vhost_channel_open(&fake, pair[1]) == 0);
	must(vhost_channel_send(&fake, &(struct vhost_user_message){ .header = { 1, 1, 0 } }) == 0);
	is_int(dpu_vhost_handover(rig.vh, pair[0], 1000), -EPROTO);
	vhost_channel_close(&fake);
	close(pair[0]);

	rig_add(&rig, driver, 0, 9);
	must(eventfd_write(rig.kick[0], 1) == 0);
	rig_forget(&rig);
	rig_pump(&rig);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_NOTIFIED, 0), 1);
	is_int(rig_take(dpu_vhost_virtq(rig.vh, 0), &head), 9);
	is_int(rig_return(dpu_vhost_virtq(rig.vh, 0), head), 0);
	dpu_virtq_unref(driver);
	rig_close(&rig);
	is_int(count_fds(), fds);
	is_int(count_maps(), maps);
}

/* A predecessor that dies after each message: what it would say is taken from a handover that works. */
static void test_dead_predecessor(void)
{
	static struct vhost_user_message said[64];
	int fds, maps, pair[2], none[2];
	struct successor next = { .rc = 1 };
	struct vhost_channel fake;
	uint32_t count = 0, k, i, failed = 0;
	pthread_t thread;
	struct rig rig;

	rig_open(&rig, NULL);
	rig_negotiate(&rig, layouts[0], 0);
	rig_share(&rig);
	must(rig_start(&rig, 0, 0) == 0);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, none) == 0);
	is_int(dpu_vhost_handover(rig.vh, none[0], 0), -ETIMEDOUT);
	vhost_channel_init(&fake);
	must(vhost_channel_open(&fake, none[1]) == 0);
	while (vhost_channel_receive(&fake) == 1) {
		must(count < 64);
		said[count++] = fake.in;
		fake.in.fd_count = 0;
	}
	ok(count > 6, "%u messages", count);
	fds = count_fds();
	maps = count_maps();
	for (k = 0; k < count; k++) {
		must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
		next.fd = pair[1];
		must(pthread_create(&thread, NULL, take_over, &next) == 0);
		for (i = 0; i < k; i++)
			must(send(pair[0], "", 0, MSG_NOSIGNAL) == 0 &&
			     vhost_channel_send(&(struct vhost_channel){ .fd = pair[0] }, &said[i]) == 0);
		close(pair[0]);
		must(pthread_join(thread, NULL) == 0);
		close(pair[1]);
		failed += next.rc < 0;
	}
	is_int(failed, count);
	is_int(count_fds(), fds);
	is_int(count_maps(), maps);
	for (i = 0; i < count; i++)
		vhost_message_clear(&said[i]);
	vhost_channel_close(&fake);
	close(none[0]);
	rig_close(&rig);
}

/* Devices that are not alike; and what is no back-end. */
static void test_unlike(void)
{
	DPU_OPTS(dpu_vhost_opts, more, .queues = 2);
	DPU_OPTS(dpu_vhost_opts, other, .device = DPU_VIRTIO_ID_BLOCK, .queues = 2);
	DPU_OPTS(dpu_vhost_opts, less, .withhold = DPU_VIRTIO_F_VERSION_1);
	DPU_OPTS(dpu_vhost_opts, frontend, .role = DPU_VHOST_FRONTEND);
	struct dpu_vhost *vh;
	struct rig rig;
	int theirs;

	rig_open(&rig, NULL);
	rig_negotiate(&rig, layouts[0], 0);
	ok(hand_over(&rig, &more, &theirs) < 0 && theirs == -EINVAL, "more queues");
	ok(hand_over(&rig, &other, &theirs) < 0 && theirs == -EINVAL, "another device");
	ok(hand_over(&rig, &less, &theirs) < 0 && theirs == -EINVAL, "fewer features than were accepted");
	rig_pump(&rig);
	is_int(rig_told(&rig, DPU_VHOST_DISCONNECTED, 0), 0);
	is_int(hand_over(&rig, NULL, &theirs), 0);
	rig_close(&rig);
	is_int(dpu_vhost_takeover(0, &frontend, 0, &vh), -EINVAL);
	is_int(dpu_vhost_takeover(-1, NULL, 0, &vh), -EBADF);
	must(dpu_vhost_open("vhost-user:/tmp/nobody-at-all,frontend", NULL, &vh) == 0);
	is_int(dpu_vhost_handover(vh, 0, 0), -EOPNOTSUPP);
	dpu_vhost_unref(vh);
}

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		test_handover(layouts[i]);
	test_server();
	test_dead_successor();
	test_dead_predecessor();
	test_unlike();
	return tap_done();
}
