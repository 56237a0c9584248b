/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What programs hear of the simulated DPU, of each other, and of what others have left behind. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "attrs.h"

#define DEADLINE_MS 10000

static char dir[] = "/tmp/libdpu-test-XXXXXX";
static char path[64], uri[80];

/* Waits for an event on an object with a name that contains text; everything before it is passed over. */
static bool heard(struct dpu_monitor *monitor, enum dpu_event_object object, enum dpu_event_action action,
		  const char *text)
{
	struct pollfd poller = { .fd = dpu_monitor_fd(monitor), .events = POLLIN };
	DPU_OPTS(dpu_event, event);
	int rc;

	for (;;) {
		rc = dpu_monitor_next(monitor, &event);
		if (rc < 0)
			return false;
		if (rc > 0 && event.object == object && event.action == action && strstr(event.name, text))
			return true;
		if (rc == 0 && poll(&poller, 1, DEADLINE_MS) != 1)
			return false;
	}
}

static bool silent(struct dpu_monitor *monitor)
{
	DPU_OPTS(dpu_event, event);
	int rc;

	while ((rc = dpu_monitor_next(monitor, &event)) > 0)
		continue;
	return rc == 0;
}

/* One's own changes, and those that are done only after a while. */
static void own(const char *world)
{
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 88, .inactive = 1);
	DPU_OPTS(dpu_function_attrs, attrs, .set_state = 1, .state = DPU_FUNCTION_ACTIVE);
	struct dpu_ctx *ctx = open_uri(world);
	struct dpu_device *p0 = find_device(ctx, "p0");
	struct dpu_monitor *monitor = NULL;
	struct dpu_function *sf;
	struct pollfd poller;

	must(dpu_monitor_open(ctx, NULL, &monitor) == 0);
	poller = (struct pollfd){ .fd = dpu_monitor_fd(monitor), .events = POLLIN };
	ok(poll(&poller, 1, 0) == 0 && silent(monitor), "what is there already is not reported");
	must(dpu_sf_create(p0, &opts, DEADLINE_MS, &sf) == 0);
	ok(heard(monitor, DPU_EVENT_PORT, DPU_EVENT_ADDED, "en3f0pf0sf88") ||
		   heard(monitor, DPU_EVENT_PORT, DPU_EVENT_CHANGED, "en3f0pf0sf88"),
	   "a new port");
	must(dpu_function_set(sf, &attrs, DEADLINE_MS) == 0);
	ok(heard(monitor, DPU_EVENT_RDMA, DPU_EVENT_ADDED, "mlx5_4"), "its RDMA device");
	must(dpu_sf_delete(sf, DEADLINE_MS) == 0);
	ok(heard(monitor, DPU_EVENT_NETDEV, DPU_EVENT_REMOVED, "s"), "its network device goes");
	ok(silent(monitor), "and then there is silence");
	ok(poll(&poller, 1, 0) == 0, "on the descriptor too");
	dpu_function_unref(sf);
	dpu_device_unref(p0);
	dpu_ctx_unref(ctx); /* the monitor holds it */
	ok(dpu_monitor_ref(monitor) == monitor && !dpu_monitor_unref(monitor) && silent(monitor),
	   "one reference less, and it still listens");
	dpu_monitor_unref(monitor);
}

/* Nothing happens but the time: the driver of an SF comes when it comes. */
static void later(void)
{
	DPU_OPTS(dpu_monitor_opts, mopts, .objects = 1 << DPU_EVENT_NETDEV);
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 88);
	struct dpu_ctx *ctx = open_uri("sim:?latency=representors:60&latency=sf_attach:3600000");
	struct dpu_device *p0 = find_device(ctx, "p0");
	struct dpu_monitor *monitor = NULL;
	struct dpu_function *sf = NULL;

	must(dpu_monitor_open(ctx, &mopts, &monitor) == 0);
	is_int(dpu_vf_set_count(p0, 1, 0), -ETIMEDOUT); /* and is undone */
	must(dpu_sf_create(p0, &opts, 0, &sf) < 0);
	ok(silent(monitor), "what has come to nothing is not heard of");
	is_int(dpu_vf_set_count(p0, 1, DEADLINE_MS), 0);
	ok(heard(monitor, DPU_EVENT_NETDEV, DPU_EVENT_ADDED, "pf0vf0"), "a representor that took a while");
	dpu_monitor_unref(monitor);
	dpu_device_unref(p0);
	dpu_ctx_unref(ctx);
}

/* A child that makes an owned SF and begins another one; it waits to be killed. */
static pid_t start_owner(void)
{
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 88, .owned = 1);
	struct dpu_function *sf = NULL;
	struct dpu_ctx *ctx;
	char slow[128], byte;
	int ready[2];
	pid_t pid;

	must(pipe(ready) == 0);
	fflush(stdout);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		ctx = open_uri(uri);
		must(dpu_sf_create(find_device(ctx, "p0"), &opts, DEADLINE_MS, &sf) == 0);
		snprintf(slow, sizeof(slow), "%s?latency=sf_attach:3600000", uri);
		ctx = open_uri(slow);
		must(write(ready[1], "", 1) == 1);
		opts.sfnum = 89;
		dpu_sf_create(find_device(ctx, "p0"), &opts, -1, &sf);
		_exit(1);
	}
	must(read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static size_t count_orphans(struct dpu_device *device)
{
	struct dpu_orphan_list *orphans;
	size_t count;

	must(dpu_orphan_list(device, &orphans) == 0);
	count = dpu_orphan_list_count(orphans);
	dpu_orphan_list_unref(orphans);
	return count;
}

static void orphans(void)
{
	struct dpu_ctx *ctx = open_uri(uri);
	struct dpu_device *p0 = find_device(ctx, "p0"), *p1 = find_device(ctx, "p1");
	struct dpu_flow_table *table;
	const struct dpu_orphan *orphan;
	struct dpu_monitor *monitor;
	struct dpu_orphan_list *list;
	char owner[64];
	pid_t pid;

	must(dpu_monitor_open(ctx, NULL, &monitor) == 0);
	pid = start_owner();
	ok(heard(monitor, DPU_EVENT_NETDEV, DPU_EVENT_ADDED, "enp3s0f0s88"), "what another process has made");
	ok(heard(monitor, DPU_EVENT_NETDEV, DPU_EVENT_ADDED, "en3f0pf0sf89"), "what it is making");
	is_int(count_orphans(p0), 0);
	must(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	must(dpu_flow_table_open(p0, NULL, &table) == 0);
	must(dpu_flow_insert_text(table, "in_port=en3f0pf0sf88,arp actions=drop", NULL) == 0);
	must(dpu_flow_insert_text(table, "in_port=p0 actions=output:en3f0pf0sf88", NULL) == 0);
	must(dpu_flow_insert_text(table, "in_port=en3f0pf0sf0 actions=output:p0", NULL) == 0);
	dpu_flow_table_unref(table);
	is_int(count_orphans(p1), 0);
	must(dpu_orphan_list(p0, &list) == 0);
	is_int(dpu_orphan_list_count(list), 2);
	orphan = dpu_orphan_list_get(list, 0);
	is_str(orphan->name, "pf0sf88");
	is_str(orphan->representor, "en3f0pf0sf88");
	snprintf(owner, sizeof(owner), "process %ld", (long)pid);
	contains(orphan->owner, owner);
	is_int(orphan->making, 0);
	is_int(orphan->rules, 2);
	orphan = dpu_orphan_list_get(list, 1);
	is_str(orphan->name, "pf0sf89");
	is_int(orphan->making, 1);
	dpu_orphan_list_unref(list);
	is_int(dpu_orphan_sweep(p0, DEADLINE_MS), 2);
	is_int(count_orphans(p0), 0);
	ok(heard(monitor, DPU_EVENT_PORT, DPU_EVENT_REMOVED, "en3f0pf0sf88"), "they are gone");
	dpu_monitor_unref(monitor);
	dpu_device_unref(p0);
	dpu_device_unref(p1);
	dpu_ctx_unref(ctx);
}

/* A child that makes an SF, and takes its time; it waits to be killed. */
static pid_t start_maker(const char *latencies, uint32_t sfnum)
{
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = sfnum);
	struct dpu_function *sf = NULL;
	char slow[160];
	pid_t pid;

	snprintf(slow, sizeof(slow), "%s?%s", uri, latencies);
	fflush(stdout);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		dpu_sf_create(find_device(open_uri(slow), "p0"), &opts, -1, &sf);
		_exit(1);
	}
	return pid;
}

/* Killed the moment its SF is active: whose that is was known before. */
static void active_orphan(void)
{
	struct dpu_ctx *ctx = open_uri(uri);
	struct dpu_device *p0 = find_device(ctx, "p0");
	struct dpu_function *sf = NULL;
	pid_t pid;
	int i;

	pid = start_maker("latency=representors:200&latency=sf_attach:3600000", 90);
	for (i = 0; i < DEADLINE_MS; i++) {
		if (dpu_function_find(ctx, "pf0sf90", &sf) == 0 &&
		    dpu_function_state(sf) == DPU_FUNCTION_ACTIVE)
			break;
		dpu_function_unref(sf);
		sf = NULL;
		usleep(1000);
	}
	ok(sf != NULL, "it is active");
	dpu_function_unref(sf);
	must(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	is_int(dpu_orphan_sweep(p0, DEADLINE_MS), 1);
	is_int(dpu_function_find(ctx, "pf0sf90", &sf), -ENODEV);
	dpu_device_unref(p0);
	dpu_ctx_unref(ctx);
}

/* A number that is used again: what the living claims is not taken for what the dead have left. */
static void used_again(void)
{
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 5, .owned = 1);
	struct dpu_ctx *ctx = open_uri(uri), *plain = open_uri(uri);
	struct dpu_device *p0 = find_device(ctx, "p0"), *theirs = find_device(plain, "p0");
	struct dpu_function *sf = NULL, *again = NULL;

	must(dpu_sf_create(p0, &opts, DEADLINE_MS, &sf) == 0);
	dpu_function_unref(sf);
	is_int(count_orphans(theirs), 0);
	dpu_device_unref(p0);
	dpu_ctx_unref(ctx); /* without having deleted it */
	is_int(count_orphans(theirs), 1);
	/* Somebody else, who has never heard of owners, deletes it: nothing is left to be swept. */
	must(dpu_function_find(plain, "pf0sf5", &sf) == 0);
	is_int(dpu_sf_delete(sf, DEADLINE_MS), 0);
	dpu_function_unref(sf);
	is_int(dpu_sf_create(theirs, &opts, DEADLINE_MS, &again), 0);
	is_int(count_orphans(theirs), 0);
	is_int(dpu_orphan_sweep(theirs, DEADLINE_MS), 0);
	is_int(dpu_sf_delete(again, DEADLINE_MS), 0);
	dpu_function_unref(again);
	dpu_device_unref(theirs);
	dpu_ctx_unref(plain);
}

/* A program that ended before there was an SF leaves nothing to be swept, and its name goes with the next
 * chance. */
static void nothing_made(void)
{
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 8);
	struct dpu_ctx *ctx = open_uri(uri);
	struct dpu_device *p0 = find_device(ctx, "p0");
	struct dpu_function *sf = NULL;
	char claims[80];
	int i, status;
	pid_t pid;

	snprintf(claims, sizeof(claims), "%s.claims", path);
	pid = start_maker("latency=sf_add:3600000", 7);
	for (i = 0; i < 10000 && access(claims, F_OK) < 0; i++)
		usleep(1000);
	must(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
	is_int(count_orphans(p0), 0);
	must(dpu_sf_create(p0, &opts, DEADLINE_MS, &sf) == 0 && dpu_sf_delete(sf, DEADLINE_MS) == 0);
	dpu_function_unref(sf);
	dpu_device_unref(p0);
	dpu_ctx_unref(ctx);
	ok(access(claims, F_OK) < 0, "no claim is left on what never was");
}

/* In memory nothing is left behind, and nothing is claimed. */
static void memory(void)
{
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 5, .owned = 1);
	struct dpu_ctx *ctx = open_uri("sim:");
	struct dpu_device *p0 = find_device(ctx, "p0");
	struct dpu_function *sf = NULL;

	is_int(dpu_sf_create(p0, &opts, DEADLINE_MS, &sf), 0);
	is_int(count_orphans(p0), 0);
	dpu_function_unref(sf);
	dpu_device_unref(p0);
	dpu_ctx_unref(ctx);
}

/* An error in the file, as only a broken DPU would have it: told, heard of, recovered from. */
static void health(void)
{
	static char text[1 << 16];
	struct dpu_ctx *ctx = open_uri(uri);
	struct dpu_device *p0 = find_device(ctx, "p0");
	struct dpu_health_list *list;
	struct dpu_monitor *monitor;
	char beside[80], *at;
	size_t size;
	FILE *file;

	must(dpu_monitor_open(ctx, NULL, &monitor) == 0);
	must(dpu_health_list(p0, &list) == 0);
	is_int(dpu_health_list_count(list), 2);
	is_str(dpu_health_list_get(list, 0)->name, "fw");
	is_int(dpu_health_list_get(list, 0)->auto_recover, 0);
	is_str(dpu_health_list_get(list, 1)->name, "fw_fatal");
	is_int(dpu_health_list_get(list, 1)->state, DPU_HEALTH_HEALTHY);
	is_int(dpu_health_list_get(list, 1)->auto_recover, 1);
	is_int(dpu_health_list_get(list, 1)->grace_period_ms, 180000);
	dpu_health_list_unref(list);
	is_int(dpu_health_recover(p0, DPU_PORT_NO_NUMBER, "fw"), -EOPNOTSUPP);
	is_int(dpu_health_recover(p0, DPU_PORT_NO_NUMBER, "tx"), -ENOENT);
	is_int(dpu_health_recover(p0, 196607, "fw_fatal"), -ENOENT);
	is_int(dpu_health_set_auto_recover(p0, DPU_PORT_NO_NUMBER, "fw", 1), -EOPNOTSUPP);
	is_int(dpu_health_set_auto_recover(p0, DPU_PORT_NO_NUMBER, "fw_fatal", 0), 0);
	ok(heard(monitor, DPU_EVENT_HEALTH, DPU_EVENT_CHANGED, "fw_fatal"), "no more recovery by itself");
	file = fopen(path, "r");
	must(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	text[size] = '\0';
	fclose(file);
	at = strstr(text, "\"fw_fatal\"");
	must(at);
	at = strstr(at, "healthy\"");
	must(at);
	memcpy(at, "error\"  ", 8);
	snprintf(beside, sizeof(beside), "%s.hand", path);
	file = fopen(beside, "w");
	must(file && fwrite(text, 1, size, file) == size && fclose(file) == 0 && rename(beside, path) == 0);
	ok(heard(monitor, DPU_EVENT_HEALTH, DPU_EVENT_CHANGED, "fw_fatal"), "an error is heard of");
	is_int(dpu_health_recover(p0, DPU_PORT_NO_NUMBER, "fw_fatal"), 0);
	is_int(dpu_health_recover(p0, DPU_PORT_NO_NUMBER, "fw_fatal"), 0); /* healthy: nothing to do */
	must(dpu_health_list(p0, &list) == 0);
	is_int(dpu_health_list_get(list, 1)->state, DPU_HEALTH_HEALTHY);
	is_int(dpu_health_list_get(list, 1)->recoveries, 1);
	is_int(dpu_health_list_get(list, 1)->auto_recover, 0);
	dpu_health_list_unref(list);
	dpu_monitor_unref(monitor);
	dpu_device_unref(p0);
	dpu_ctx_unref(ctx);
}

/* Reading fails once, and nothing is lost by it. */
static void failing(void)
{
	static const char *const steps[] = { "monitor_read", "monitor_dump" };
	char failing_uri[160];
	size_t i;

	for (i = 0; i < 2; i++) {
		struct dpu_monitor *monitor = NULL;
		struct dpu_device *device;
		DPU_OPTS(dpu_event, event);
		struct dpu_ctx *ctx;
		int rc, failures = 0;

		/* The dump that opening takes is the first one. */
		snprintf(failing_uri, sizeof(failing_uri), "sim:?fault=%s:EIO@%zu", steps[i], i + 1);
		ctx = open_uri(failing_uri);
		device = find_device(ctx, "p0");
		must(dpu_monitor_open(ctx, NULL, &monitor) == 0);
		must(dpu_vf_set_count(device, 1, DEADLINE_MS) == 0);
		while ((rc = dpu_monitor_next(monitor, &event)) < 0)
			failures += rc == -EIO;
		is_int(failures, 1);
		is_int(rc, 1);
		dpu_monitor_unref(monitor);
		dpu_device_unref(device);
		dpu_ctx_unref(ctx);
	}
}

int main(void)
{
	char name[80];

	must(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/t.json", dir);
	snprintf(uri, sizeof(uri), "sim:%s", path);
	own("sim:");
	own(uri);
	later();
	orphans();
	active_orphan();
	used_again();
	nothing_made();
	memory();
	health();
	failing();
	unlink(path);
	snprintf(name, sizeof(name), "%s.lock", path);
	unlink(name);
	ok(rmdir(dir) == 0, "no other file is left");
	return tap_done();
}
