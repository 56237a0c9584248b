/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A front-end whose peer stops answering. Time passes when the test says so: the only timer that there is
 * here is the limit, and it is never set by the library itself. */
#include <poll.h>
#include <sys/timerfd.h>
#include "vhost-script.h"

#define ALL UINT32_MAX
/* What a back-end that has everything is to answer, in that order. */
#define ANSWERED                                                                                             \
	" GET_FEATURES GET_PROTOCOL_FEATURES GET_QUEUE_NUM SET_BACKEND_REQ_FD GET_MAX_MEM_SLOTS GET_CONFIG"  \
	" SET_FEATURES GET_STATUS NET_SET_MTU GET_INFLIGHT_FD SET_INFLIGHT_FD ADD_MEM_REG SET_VRING_ADDR"    \
	" SET_VRING_ENABLE"

static int timer = -1;
static uint64_t limit; /* milliseconds; 0: nothing is waited for */

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *at, struct itimerspec *old);
int __real_timerfd_settime(int fd, int flags, const struct itimerspec *at, struct itimerspec *old);

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *at, struct itimerspec *old)
{
	must(flags == 0 && !old);
	timer = fd;
	limit = (uint64_t)at->it_value.tv_sec * 1000 + (uint64_t)at->it_value.tv_nsec / 1000000;
	return 0;
}

static void let_it_pass(void)
{
	const struct itimerspec soon = { .it_value = { .tv_nsec = 1 } };
	struct pollfd pollfd = { .fd = timer, .events = POLLIN };

	must(__real_timerfd_settime(timer, 0, &soon, NULL) == 0);
	must(poll(&pollfd, 1, 5000) == 1);
}

/* The time is over: the peer is given up, for that reason. */
static bool given_up(struct script *script, const char *step, const char *message)
{
	const struct dpu_error *error;

	let_it_pass();
	script_pump(script);
	error = dpu_vhost_error(script->vh);
	return script_told(script, DPU_VHOST_DISCONNECTED) == 1 &&
	       script->events[script->event_count - 1].type == DPU_VHOST_DISCONNECTED &&
	       script->events[script->event_count - 1].value == ETIMEDOUT && error &&
	       dpu_error_code(error) == -ETIMEDOUT && strcmp(dpu_error_step(error), step) == 0 &&
	       strstr(dpu_error_object(error), script->path) &&
	       strcmp(dpu_error_message(error), message) == 0;
}

static const char *last_request(const struct script *script)
{
	return vhost_user_request_name(script->log[script->count - 1]);
}

/* Answers so many messages, and takes those that come then. */
static void fall_silent(struct script *script, uint32_t after)
{
	script->event_count = 0;
	script->mute = false;
	must(script_try_connect(script) == 0);
	script_run(script, after);
	script->mute = true;
	script_run(script, ALL);
}

static void test_handshake(void)
{
	DPU_OPTS(dpu_vhost_opts, opts, .features = DPU_VIRTIO_NET_F_MTU, .mtu = 1400);
	bool good = true, same = true;
	char silent[512] = "";
	struct script script;
	uint32_t k;
	int fds, maps;

	script_init(&script);
	script.features |= DPU_VIRTIO_NET_F_MTU;
	script.protocol |= VHOST_USER_PROTOCOL_F_MTU;
	script_open(&script, ",timeout=5000", &opts);
	fds = count_fds();
	maps = count_maps();
	for (k = 0;; k++) {
		fall_silent(&script, k);
		if (script_told(&script, DPU_VHOST_QUEUE_START))
			break;
		good = good && limit == 5000 &&
		       given_up(&script, last_request(&script), "no answer within 5000 ms") && limit == 0;
		if (!strstr(silent, last_request(&script)))
			snprintf(silent + strlen(silent), sizeof(silent) - strlen(silent), " %s",
				 last_request(&script));
		script_die(&script);
		script_pump(&script);
		/* In-flight region and queues are kept for the next one. */
		same = same && count_fds() <= fds + 1 && count_maps() == maps;
	}
	is_str(silent, ANSWERED);
	ok(good, "who stops answering is given up, and it is said what was asked");
	ok(same, "nothing is left behind by %u of them", k);
	is_int(script_told(&script, DPU_VHOST_QUEUE_START), 2);
	is_int(script_told(&script, DPU_VHOST_DISCONNECTED), 0);
	is_int(limit, 0);
	script_close(&script);
	ok(count_fds() < fds, "the handle takes all with it");
	is_int(count_maps(), maps - 1);
}

/* Answers when the queues run. */
static void test_later(void)
{
	const struct vhost_user_message changed = { .header = { VHOST_USER_BACKEND_CONFIG_CHANGE_MSG,
								VHOST_USER_VERSION, 0 } };
	struct script script;
	uint32_t n;

	script_init(&script);
	script_open(&script, ",timeout=5000", NULL);
	script_connect(&script);
	is_int(limit, 0);
	n = script.count;
	must(vhost_channel_send(&script.back, &changed) == 0);
	script_run(&script, n + 1);
	is_str(last_request(&script), "GET_CONFIG");
	is_int(script_told(&script, DPU_VHOST_CONFIG), 1);
	is_int(limit, 0);
	script.mute = true;
	must(vhost_channel_send(&script.back, &changed) == 0);
	script_run(&script, ALL);
	is_int(limit, 5000);
	/* What it says on its own channel is no answer. */
	limit = 1;
	must(vhost_channel_send(&script.back, &changed) == 0);
	script_run(&script, ALL);
	is_int(limit, 1);
	ok(given_up(&script, "GET_CONFIG", "no answer within 5000 ms"), "an answer that is missing later");
	is_int(script_told(&script, DPU_VHOST_QUEUE_STOP), 2);
	script_die(&script);
	fall_silent(&script, ALL);
	is_int(script_told(&script, DPU_VHOST_QUEUE_START), 2);
	is_int(dpu_vhost_config_write(script.vh, 0, "a", 1), 0);
	script_run(&script, ALL);
	ok(given_up(&script, "SET_CONFIG", "no answer within 5000 ms"), "to a write");
	script_close(&script);
}

/* The caller was late, not the peer. */
static void test_just_in_time(void)
{
	struct script script;

	script_init(&script);
	script_open(&script, "", NULL);
	must(script_try_connect(&script) == 0);
	script_pump(&script);
	is_int(limit, 10000);
	let_it_pass();
	must(script_step(&script));
	script_run(&script, ALL);
	is_int(script_told(&script, DPU_VHOST_DISCONNECTED), 0);
	is_int(script_told(&script, DPU_VHOST_QUEUE_START), 2);
	script_close(&script);
}

/* A peer that does not even read. */
static void test_no_room(void)
{
	struct script script;

	script_init(&script);
	script.features = DPU_VIRTIO_F_VERSION_1 | DPU_VHOST_USER_F_PROTOCOL_FEATURES;
	script.protocol = VHOST_USER_PROTOCOL_F_MQ;
	script.queue_num = 64;
	script_open(&script, ",queues=64,size=64,timeout=5000", NULL);
	must(script_try_connect(&script) == 0);
	while (script.count < 6 || script.log[script.count - 1] != VHOST_USER_SET_MEM_TABLE)
		script_run(&script, script.count + 1);
	script_run(&script, script.count + 1); /* the barrier: now it speaks without a pause */
	is_int(limit, 5000);
	/* Looking without finding room begins nothing anew; finding some does. */
	limit = 1;
	script_pump(&script);
	is_int(limit, 1);
	while (limit == 1 && script_step(&script))
		script_pump(&script);
	is_int(limit, 5000);
	let_it_pass();
	script_pump(&script);
	is_int(script_told(&script, DPU_VHOST_DISCONNECTED), 1);
	contains(dpu_error_step(dpu_vhost_error(script.vh)), "SET_VRING_");
	is_str(dpu_error_message(dpu_vhost_error(script.vh)), "not taken within 5000 ms");
	script_die(&script);
	script.event_count = 0;
	script_connect(&script);
	is_int(script_told(&script, DPU_VHOST_QUEUE_START), 128);
	is_int(limit, 0);
	script_close(&script);
}

static void test_none(void)
{
	DPU_OPTS(dpu_vhost_opts, opts, .timeout = 70);
	struct script script;

	script_init(&script);
	script_open(&script, ",timeout=0", &opts);
	must(script_try_connect(&script) == 0);
	script_pump(&script);
	is_int(limit, 0);
	script_close(&script);
	script_init(&script);
	script_open(&script, "", &opts);
	must(script_try_connect(&script) == 0);
	script_pump(&script);
	is_int(limit, 70);
	script_close(&script);
}

int main(void)
{
	char folder[] = "/tmp/vhost-timeout.XXXXXX";
	int fds = count_fds(), maps = count_maps();

	must(mkdtemp(folder) && chdir(folder) == 0);
	test_handshake();
	test_later();
	test_just_in_time();
	test_no_room();
	test_none();
	is_int(count_fds(), fds);
	is_int(count_maps(), maps);
	must(chdir("/") == 0);
	ok(rmdir(folder) == 0, "no socket is left behind");
	return tap_done();
}
