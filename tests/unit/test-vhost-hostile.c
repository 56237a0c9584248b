/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Front-ends that lie, die and take their memory away: errors on their connection only, and nothing is left.
 */
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include "fail-alloc.h"
#include "vhost-rig.h"

#define ALL_PROTOCOL                                                                                         \
	(VHOST_USER_PROTOCOL_F_MQ | VHOST_USER_PROTOCOL_F_LOG_SHMFD | VHOST_USER_PROTOCOL_F_RARP |           \
	 VHOST_USER_PROTOCOL_F_MTU | VHOST_USER_PROTOCOL_F_BACKEND_REQ |                                     \
	 VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD | VHOST_USER_PROTOCOL_F_RESET_DEVICE |                         \
	 VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS | VHOST_USER_PROTOCOL_F_STATUS |                          \
	 VHOST_USER_PROTOCOL_F_DEVICE_STATE)

/* The queues of 2 pairs, each with its 4 rings' messages. */
static const struct dpu_vhost_opts two_pairs = { .sz = sizeof(two_pairs), .queues = 2 };

static bool gone(struct rig *rig)
{
	rig_pump(rig);
	return rig_told(rig, DPU_VHOST_DISCONNECTED, 0) == 1;
}

static const char *why(struct rig *rig)
{
	const struct dpu_error *error = dpu_vhost_error(rig->vh);

	return error ? dpu_error_message(error) : "no reason";
}

/* Something that is wrong: with a request for an answer the connection lives, without one it ends. */
static void refused(const char *what, uint32_t request, uint32_t size, uint32_t fds,
		    const struct vhost_user_message *message)
{
	int before = count_fds(), answer;
	struct vhost_user_message said;
	struct rig rig;
	uint32_t i;

	rig_open(&rig, &two_pairs);
	rig_negotiate(&rig, DPU_VIRTIO_F_VERSION_1, ALL_PROTOCOL);
	rig_share(&rig);
	must(rig_start(&rig, 1, 0) == 0);
	said = *message;
	said.fd_count = fds;
	for (i = 0; i < fds; i++)
		said.fds[i] = said.fds[i] ? said.fds[i] : rig.memfd;
	answer = rig_try(&rig, &said, request, size);
	ok(answer == 1 && dpu_vhost_virtq(rig.vh, 1), "%s: refused, the queue runs on", what);
	rig_forget(&rig);
	said.header.flags = 0;
	rig_say(&rig, &said, request, size);
	ok(gone(&rig) && dpu_vhost_error(rig.vh), "%s: without an answer, the end (%s)", what, why(&rig));
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_STOP, 1), 1);
	is_int(rig_step(&rig), -ENOTCONN);
	rig_close(&rig);
	is_int(count_fds(), before);
}

#define MESSAGE(...) (&(struct vhost_user_message){ __VA_ARGS__ })
#define SHARE(...) MESSAGE(.memory = { .count = 1, .regions = { { __VA_ARGS__ } } })
#define SLOT(...) MESSAGE(.slot.region = { __VA_ARGS__ })
#define U64_OF(n) MESSAGE(.u64 = (n))
#define STATE_OF(index, num) MESSAGE(.state = { index, num })

static void test_refused(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), file = rig_memfd(4096);
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	refused("an unknown request", 33, 0, 0, MESSAGE(0));
	refused("a request beyond all numbers", 0xffffffff, 0, 0, MESSAGE(0));
	refused("request 0", 0, 0, 0, MESSAGE(0));
	refused("features of no bytes", VHOST_USER_SET_FEATURES, 0, 0, MESSAGE(0));
	refused("features of too many bytes", VHOST_USER_SET_FEATURES, 16, 0, MESSAGE(0));
	refused("features with a descriptor", VHOST_USER_SET_FEATURES, 8, 1, MESSAGE(0));
	refused("features under a queue", VHOST_USER_SET_FEATURES, 8, 0, U64_OF(DPU_VIRTIO_F_EVENT_IDX));
	refused("a table of 9", VHOST_USER_SET_MEM_TABLE, 264, 8, MESSAGE(.memory = { .count = 9 }));
	refused("a table without descriptor", VHOST_USER_SET_MEM_TABLE, 40, 0, SHARE(GUEST, MEMORY, USER, 0));
	refused("a table with two for one", VHOST_USER_SET_MEM_TABLE, 40, 2, SHARE(GUEST, MEMORY, USER, 0));
	refused("a table cut short", VHOST_USER_SET_MEM_TABLE, 39, 1, SHARE(GUEST, MEMORY, USER, 0));
	refused("a region longer than its file", VHOST_USER_SET_MEM_TABLE, 40, 1,
		SHARE(GUEST, MEMORY + 1, USER, 0));
	refused("a region of no bytes", VHOST_USER_SET_MEM_TABLE, 40, 1, SHARE(GUEST, 0, USER, 0));
	refused("a region beyond all files", VHOST_USER_SET_MEM_TABLE, 40, 1,
		SHARE(GUEST, MEMORY, USER, UINT64_MAX - 4096));
	refused("a region that wraps", VHOST_USER_ADD_MEM_REG, 40, 1, SLOT(UINT64_MAX - 4095, 8192, 0, 0));
	refused("a region whose user addresses wrap", VHOST_USER_ADD_MEM_REG, 40, 1,
		SLOT(0, 8192, UINT64_MAX - 4095, 0));
	refused("a region over another", VHOST_USER_ADD_MEM_REG, 40, 1, SLOT(GUEST + 4096, 4096, 0, 0));
	refused("memory of a device", VHOST_USER_ADD_MEM_REG, 40, 1,
		MESSAGE(.slot.region = { 0, 4096, 0, 0 }, .fds = { null }));
	refused("memory of a socket", VHOST_USER_ADD_MEM_REG, 40, 1,
		MESSAGE(.slot.region = { 0, 4096, 0, 0 }, .fds = { sock }));
	refused("removing what is not there", VHOST_USER_REM_MEM_REG, 40, 0, SLOT(0, 4096, 0, 0));
	refused("a log that is too small", VHOST_USER_SET_LOG_BASE, 16, 1, MESSAGE(.log = { 1, 0 }));
	refused("a log beyond its file", VHOST_USER_SET_LOG_BASE, 16, 1,
		MESSAGE(.log = { 8192, 0 }, .fds = { file }));
	refused("a queue that is not there", VHOST_USER_SET_VRING_NUM, 8, 0, STATE_OF(4, 64));
	refused("a queue far away", VHOST_USER_SET_VRING_BASE, 8, 0, STATE_OF(0xffffffff, 0));
	refused("no descriptors", VHOST_USER_SET_VRING_NUM, 8, 0, STATE_OF(0, 0));
	refused("too many descriptors", VHOST_USER_SET_VRING_NUM, 8, 0, STATE_OF(0, 32769));
	refused("an index of 17 bits", VHOST_USER_SET_VRING_BASE, 8, 0, STATE_OF(0, 65536));
	refused("base of a queue not there", VHOST_USER_GET_VRING_BASE, 8, 0, STATE_OF(4, 0));
	refused("other rings under a queue", VHOST_USER_SET_VRING_ADDR, 40, 0,
		MESSAGE(.addr = { 1, 0, USER, USER, USER, 0 }));
	refused("an eventfd that is a file", VHOST_USER_SET_VRING_KICK, 8, 1, U64_OF(1));
	refused("an eventfd that is a device", VHOST_USER_SET_VRING_CALL, 8, 1,
		MESSAGE(.u64 = 1, .fds = { null }));
	refused("an eventfd and none", VHOST_USER_SET_VRING_ERR, 8, 1, U64_OF(0x100));
	refused("no eventfd and one", VHOST_USER_SET_VRING_KICK, 8, 0, U64_OF(0));
	refused("an eventfd of a queue not there", VHOST_USER_SET_VRING_KICK, 8, 0, U64_OF(0x104));
	refused("half enabled", VHOST_USER_SET_VRING_ENABLE, 8, 0, STATE_OF(0, 2));
	refused("a channel that is a file", VHOST_USER_SET_BACKEND_REQ_FD, 0, 1, MESSAGE(0));
	refused("a channel of datagrams", VHOST_USER_SET_BACKEND_REQ_FD, 0, 1, MESSAGE(.fds = { sock }));
	refused("a translation of nowhere", VHOST_USER_IOTLB_MSG, 32, 0,
		MESSAGE(.iotlb = { 0, 4096, 0, 3, VHOST_USER_IOTLB_UPDATE, { 0 } }));
	refused("a translation of no kind", VHOST_USER_IOTLB_MSG, 32, 0, MESSAGE(.iotlb = { .type = 9 }));
	refused("a translation that allows nothing", VHOST_USER_IOTLB_MSG, 32, 0,
		MESSAGE(.iotlb = { 0, 4096, USER, 0, VHOST_USER_IOTLB_UPDATE, { 0 } }));
	refused("configuration that nobody offered", VHOST_USER_GET_CONFIG, 12, 0, MESSAGE(0));
	refused("an in-flight region of no queues", VHOST_USER_GET_INFLIGHT_FD, 20, 0, MESSAGE(0));
	refused("an in-flight region under a queue", VHOST_USER_GET_INFLIGHT_FD, 20, 0,
		MESSAGE(.inflight = { .queues = 4, .queue_size = 64 }));
	refused("an in-flight region too small", VHOST_USER_SET_INFLIGHT_FD, 20, 1,
		MESSAGE(.inflight = { .size = 64, .queues = 4, .queue_size = 64 }));
	refused("a status of more than a byte", VHOST_USER_SET_STATUS, 8, 0, U64_OF(256));
	refused("a state of no direction", VHOST_USER_SET_DEVICE_STATE_FD, 8, 1, U64_OF(2));
	refused("a state from a file", VHOST_USER_SET_DEVICE_STATE_FD, 8, 1, U64_OF(1));
	close(null);
	close(file);
	close(sock);
}

/* Rings that cannot be. */
static void test_rings(void)
{
	static const struct {
		const char *what;
		uint64_t desc, avail, used;
		uint32_t num;
	} wrong[] = {
		{ "outside", USER + MEMORY, USER + 0x2000, USER + 0x3000, 64 },
		{ "beginning before", USER - 16, USER + 0x2000, USER + 0x3000, 64 },
		{ "reaching out", USER + MEMORY - 512, USER + 0x2000, USER + 0x3000, 64 },
		{ "misaligned", USER + 1, USER + 0x2000, USER + 0x3000, 64 },
		{ "misaligned used", USER, USER + 0x2000, USER + 0x3001, 64 },
		{ "wrapping", UINT64_MAX - 15, USER + 0x2000, USER + 0x3000, 64 },
		{ "of 63", USER, USER + 0x2000, USER + 0x3000, 63 },
	};
	struct vhost_user_message message;
	struct rig rig;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		rig_open(&rig, &two_pairs);
		rig_negotiate(&rig, DPU_VIRTIO_F_VERSION_1, 0);
		rig_share(&rig);
		must(rig_state(&rig, VHOST_USER_SET_VRING_NUM, 0, wrong[i].num) == 0);
		message = (struct vhost_user_message){
			.addr = { 0, 0, wrong[i].desc, wrong[i].used, wrong[i].avail, 0 },
		};
		must(rig_try(&rig, &message, VHOST_USER_SET_VRING_ADDR, 40) == 0);
		is_int(rig_eventfd(&rig, VHOST_USER_SET_VRING_KICK, 0, &rig.kick[0]), 1);
		ok(!dpu_vhost_virtq(rig.vh, 0), "no queue with rings %s (%s)", wrong[i].what, why(&rig));
		rig_close(&rig);
	}
}

/* A whole session as messages, so that it can end anywhere. */
#define SESSION 24
struct session {
	struct vhost_user_message messages[SESSION];
	uint32_t requests[SESSION], sizes[SESSION], count;
	int memfd, logfd, kick, call, back[2];
};

static struct vhost_user_message *next(struct session *s, uint32_t request, uint32_t size)
{
	s->requests[s->count] = request;
	s->sizes[s->count] = size;
	return &s->messages[s->count++];
}

static void with_fd(struct vhost_user_message *message, int fd)
{
	message->fds[0] = fd;
	message->fd_count = 1;
}

static void make_session(struct session *s, struct rig *rig)
{
	struct vhost_user_message *m;

	memset(s, 0, sizeof(*s));
	s->logfd = rig_memfd(4096);
	s->kick = eventfd(0, EFD_CLOEXEC);
	s->call = eventfd(0, EFD_CLOEXEC);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s->back) == 0);
	next(s, VHOST_USER_GET_FEATURES, 0);
	next(s, VHOST_USER_GET_PROTOCOL_FEATURES, 0);
	next(s, VHOST_USER_SET_PROTOCOL_FEATURES, 8)->u64 = ALL_PROTOCOL | VHOST_USER_PROTOCOL_F_REPLY_ACK;
	next(s, VHOST_USER_SET_OWNER, 0);
	next(s, VHOST_USER_GET_QUEUE_NUM, 0);
	with_fd(next(s, VHOST_USER_SET_BACKEND_REQ_FD, 0), s->back[1]);
	next(s, VHOST_USER_SET_FEATURES, 8)->u64 =
		DPU_VIRTIO_F_VERSION_1 | DPU_VHOST_F_LOG_ALL | DPU_VHOST_USER_F_PROTOCOL_FEATURES;
	m = next(s, VHOST_USER_SET_MEM_TABLE, 40);
	m->memory.count = 1;
	m->memory.regions[0] = (struct vhost_user_region){ GUEST, MEMORY, USER, 0 };
	with_fd(m, rig->memfd);
	m = next(s, VHOST_USER_GET_INFLIGHT_FD, 20);
	m->inflight.queues = 4;
	m->inflight.queue_size = SIZE;
	next(s, VHOST_USER_SET_VRING_NUM, 8)->state.num = SIZE;
	next(s, VHOST_USER_SET_VRING_BASE, 8)->state.num = 0;
	*next(s, VHOST_USER_SET_VRING_ADDR, 40) = rig_addr(rig, 0);
	with_fd(next(s, VHOST_USER_SET_VRING_CALL, 8), s->call);
	with_fd(next(s, VHOST_USER_SET_VRING_ERR, 8), s->call);
	with_fd(next(s, VHOST_USER_SET_VRING_KICK, 8), s->kick);
	next(s, VHOST_USER_SET_VRING_ENABLE, 8)->state.num = 1;
	next(s, VHOST_USER_SET_STATUS, 8)->u64 = 15;
	m = next(s, VHOST_USER_SET_LOG_BASE, 16);
	m->log.size = 4096;
	with_fd(m, s->logfd);
	m = next(s, VHOST_USER_ADD_MEM_REG, 40);
	m->slot.region = (struct vhost_user_region){ GUEST + MEMORY, MEMORY, USER + MEMORY, 0 };
	with_fd(m, rig->memfd);
	next(s, VHOST_USER_REM_MEM_REG, 40)->slot.region =
		(struct vhost_user_region){ GUEST + MEMORY, MEMORY, USER + MEMORY, 0 };
	next(s, VHOST_USER_GET_VRING_BASE, 8);
	next(s, VHOST_USER_RESET_DEVICE, 0);
}

static void end_session(struct session *s)
{
	close(s->logfd);
	close(s->kick);
	close(s->call);
	close(s->back[0]);
	close(s->back[1]);
}

/* Says the first messages, and of the next one only so many bytes. */
static void say_some(struct session *s, struct rig *rig, uint32_t count, uint32_t bytes)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		s->messages[i].header.flags = 0;
		rig_say(rig, &s->messages[i], s->requests[i], s->sizes[i]);
		rig_pump(rig);
		must(rig_told(rig, DPU_VHOST_DISCONNECTED, 0) == 0);
		while (vhost_channel_receive(&rig->peer) == 1)
			;
	}
	s->messages[i].header.request = s->requests[i];
	s->messages[i].header.flags = VHOST_USER_VERSION;
	s->messages[i].header.size = s->sizes[i];
	if (bytes)
		must(send(rig->peer.fd, &s->messages[i].header, bytes, MSG_NOSIGNAL) == (ssize_t)bytes);
}

/* The front-end dies after each message, and in the middle of the next. */
static void test_deaths(void)
{
	static const uint32_t middle[] = { 0, 1, 11, 12 };
	int fds = count_fds(), maps = count_maps(), told = 1;
	struct session s;
	struct rig rig;
	uint32_t count, i;
	uint32_t total = 1;
	long before = live;

	for (count = 0; count < total; count++) {
		for (i = 0; i < 4; i++) {
			rig_open(&rig, &two_pairs);
			make_session(&s, &rig);
			total = s.count;
			say_some(&s, &rig, count, middle[i]);
			vhost_channel_close(&rig.peer);
			rig_pump(&rig);
			told &= rig_told(&rig, DPU_VHOST_DISCONNECTED, 0) == 1 &&
				rig_told(&rig, DPU_VHOST_QUEUE_START, 0) ==
					rig_told(&rig, DPU_VHOST_QUEUE_STOP, 0);
			rig_close(&rig);
			end_session(&s);
		}
	}
	ok(told, "%u deaths of a front-end are told, and every queue that had started has stopped",
	   4 * count);
	is_int(count_fds(), fds);
	is_int(count_maps(), maps);
	is_int(live, before);
}

/* Each allocation of a session fails once. */
static void test_no_memory(void)
{
	int fds = count_fds(), maps = count_maps();
	bool done = false, told = true;
	long before = live, n;
	struct session s;
	struct rig rig;
	uint32_t i;

	for (n = 1; !done; n++) {
		rig_open(&rig, &two_pairs);
		make_session(&s, &rig);
		calls = 0;
		fail_at = n;
		for (i = 0; i < s.count && !rig_told(&rig, DPU_VHOST_DISCONNECTED, 0); i++) {
			s.messages[i].header.flags = 0;
			rig_say(&rig, &s.messages[i], s.requests[i], s.sizes[i]);
			rig_pump(&rig);
			while (vhost_channel_receive(&rig.peer) == 1)
				;
		}
		done = calls < n;
		fail_at = 0;
		told &= done || rig_told(&rig, DPU_VHOST_DISCONNECTED, 0);
		rig_close(&rig);
		end_session(&s);
	}
	ok(told && n > 20, "%ld allocations fail, each of them ends its connection", n - 2);
	is_int(live, before);
	is_int(count_fds(), fds);
	is_int(count_maps(), maps);
}

static void test_open_no_memory(void)
{
	int fds = count_fds();
	long before = live, n;
	struct dpu_vhost *vh;
	int rc = -ENOMEM;
	char uri[64];

	snprintf(uri, sizeof(uri), "vhost-user:/tmp/none.%d", getpid());
	for (n = 1; rc == -ENOMEM; n++) {
		calls = 0;
		fail_at = n;
		rc = dpu_vhost_open(uri, NULL, &vh);
	}
	fail_at = 0;
	ok(rc == 0 && n > 5, "opening fails %ld times for want of memory, then it does not", n - 2);
	dpu_vhost_unref(vh);
	is_int(live, before);
	is_int(count_fds(), fds);
}

/* The front-end truncates what it shares. */
static void test_truncated(uint32_t what)
{
	static const char *const names[] = { "its memory", "the rings' memory", "the log" };
	struct dpu_virtq *driver, *device;
	struct vhost_user_message message;
	struct rig rig;
	uint16_t head;
	int fd = rig_memfd(4096), fds = count_fds();

	rig_open(&rig, &two_pairs);
	rig_negotiate(&rig, DPU_VIRTIO_F_VERSION_1 | DPU_VHOST_F_LOG_ALL, VHOST_USER_PROTOCOL_F_LOG_SHMFD);
	rig_share(&rig);
	must(rig_start(&rig, 0, 0) == 0);
	device = dpu_vhost_virtq(rig.vh, 0);
	driver = rig_driver(&rig, 0);
	rig_add(&rig, driver, 0, 0x11);
	rig_add(&rig, driver, 64, 0x22);
	message = (struct vhost_user_message){ .log = { 4096, 0 }, .fds = { fd }, .fd_count = 1 };
	must(rig_try(&rig, &message, VHOST_USER_SET_LOG_BASE, 16) == 0);
	if (what == 0)
		must(ftruncate(rig.memfd, BUFFERS + 4096) == 0);
	else if (what == 1)
		must(ftruncate(rig.memfd, 0) == 0);
	else
		must(ftruncate(fd, 0) == 0);
	rig_take(device, &head);
	rig_return(device, head);
	rig_take(device, &head);
	rig_return(device, head);
	ok(gone(&rig), "%s truncated: the process lives, the connection does not", names[what]);
	contains(why(&rig), "truncated");
	dpu_virtq_unref(driver);
	rig_close(&rig);
	is_int(count_fds(), fds);
	close(fd);
}

static volatile sig_atomic_t theirs;

static void their_handler(int number)
{
	(void)number;
	theirs++;
}

/* Every other SIGBUS is the program's. */
static void test_other_sigbus(void)
{
	struct sigaction action = { .sa_handler = their_handler }, now;
	int status, fd = rig_memfd(4096);
	volatile uint8_t *page;
	struct rig rig;
	pid_t child;

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(page != MAP_FAILED && ftruncate(fd, 0) == 0);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		/* A sanitizer has much to say. */
		must(freopen("/dev/null", "w", stderr));
		rig_open(&rig, NULL);
		rig_negotiate(&rig, DPU_VIRTIO_F_VERSION_1, 0);
		rig_share(&rig);
		signal(SIGALRM, SIG_DFL);
		alarm(10);
		page[0] = 1;
		_exit(0);
	}
	must(child > 0 && waitpid(child, &status, 0) == child);
	ok(!WIFEXITED(status) || WEXITSTATUS(status), "a fault in the program's own memory still ends it");

	must(sigaction(SIGBUS, &action, NULL) == 0);
	rig_open(&rig, NULL);
	rig_negotiate(&rig, DPU_VIRTIO_F_VERSION_1, 0);
	rig_share(&rig);
	raise(SIGBUS);
	is_int(theirs, 1);
	rig_close(&rig);
	must(sigaction(SIGBUS, NULL, &now) == 0);
	ok(now.sa_handler == their_handler, "the program has its handler back");
	signal(SIGBUS, SIG_DFL);
	munmap((void *)(uintptr_t)page, 4096);
	close(fd);
}

/* A front-end that asks and never reads an answer. */
static void test_deaf(void)
{
	struct vhost_user_message message = { 0 };
	struct rig rig;
	uint32_t i;

	rig_open(&rig, NULL);
	message.header.flags = VHOST_USER_VERSION;
	message.header.request = VHOST_USER_GET_FEATURES;
	for (i = 0; i < 100000 && !rig_told(&rig, DPU_VHOST_DISCONNECTED, 0); i++) {
		if (vhost_channel_send(&rig.peer, &message) < 0)
			break;
		rig_pump(&rig);
	}
	ok(rig_told(&rig, DPU_VHOST_DISCONNECTED, 0), "who reads no answers is sent away (after %u)", i);
	rig_close(&rig);
}

/* A front-end that keeps a copy of what it gave: nothing of it wakes us once it was sent away. */
static void test_keeper(void)
{
	struct vhost_user_message message;
	struct rig rig;
	int pair[2];

	rig_open(&rig, NULL);
	rig_negotiate(&rig, DPU_VIRTIO_F_VERSION_1, VHOST_USER_PROTOCOL_F_BACKEND_REQ);
	rig_share(&rig);
	must(rig_start(&rig, 0, 0) == 0);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	message = (struct vhost_user_message){ .fds = { pair[1] }, .fd_count = 1 };
	must(rig_try(&rig, &message, VHOST_USER_SET_BACKEND_REQ_FD, 0) == 0);
	rig_say_u64(&rig, 99, 0);
	must(gone(&rig));
	must(eventfd_write(rig.kick[0], 1) == 0);
	close(pair[0]);
	is_int(rig_step(&rig), -ENOTCONN);
	{
		struct epoll_event event;

		is_int(epoll_wait(dpu_vhost_fd(rig.vh), &event, 1, 0), 0);
	}
	close(pair[1]);
	rig_close(&rig);
}

int main(void)
{
	uint32_t what;

	test_refused();
	test_rings();
	test_deaths();
	test_no_memory();
	test_open_no_memory();
	for (what = 0; what < 3; what++)
		test_truncated(what);
	test_other_sigbus();
	test_deaf();
	test_keeper();
	return tap_done();
}
