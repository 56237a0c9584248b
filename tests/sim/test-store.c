/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A state that several processes share: no change is lost, no counter is lost, and a held lock is told. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "harness.h"
#include "lane.h"

#define DEADLINE_MS 20000
#define PROCESSES 6
#define SFS_EACH 6

static char dir[] = "/tmp/libdpu-test-XXXXXX";
static char path[64], uri[96], lock[80];

static int child(uint32_t number)
{
	struct dpu_ctx *ctx = open_uri(uri);
	struct dpu_device *device = find_device(ctx, "p0");
	struct dpu_function *sf;
	uint32_t i;

	for (i = 0; i < SFS_EACH; i++) {
		DPU_OPTS(dpu_sf_opts, opts, .sfnum = 100 + number * SFS_EACH + i);

		if (dpu_sf_create(device, &opts, DEADLINE_MS, &sf) < 0) {
			fprintf(stderr, "# %s\n", dpu_ctx_error_text(ctx));
			return 1;
		}
		/* Half of them go again, so that numbers and ports are used again meanwhile. */
		if (i % 2 && dpu_sf_delete(sf, DEADLINE_MS) < 0)
			return 2;
		dpu_function_unref(sf);
	}
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
	return 0;
}

static void together(void)
{
	struct dpu_function_list *list;
	struct dpu_device *device;
	struct dpu_ctx *ctx;
	int status, failed = 0, shared = 0;
	size_t i, j, made = 0;
	pid_t pids[PROCESSES];

	fflush(stdout);
	for (i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(child((uint32_t)i));
	}
	for (i = 0; i < PROCESSES; i++) {
		must(waitpid(pids[i], &status, 0) == pids[i]);
		failed += !WIFEXITED(status) || WEXITSTATUS(status);
	}
	is_int(failed, 0);
	ctx = open_uri(uri);
	device = find_device(ctx, "p0");
	must(dpu_function_list(device, &list) == 0);
	for (i = 0; i < dpu_function_list_count(list); i++) {
		made += dpu_function_number(dpu_function_list_get(list, i)) >= 100 &&
			dpu_function_type(dpu_function_list_get(list, i)) == DPU_FUNCTION_SF;
		for (j = 0; j < i; j++)
			shared += dpu_port_index(dpu_function_representor(dpu_function_list_get(list, i))) ==
				  dpu_port_index(dpu_function_representor(dpu_function_list_get(list, j)));
	}
	is_int(made, PROCESSES * SFS_EACH / 2);
	is_int(shared, 0);
	dpu_function_list_unref(list);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
}

/* Somebody holds the lock and does not let go: reading goes on, changing says so. */
static void locked(void)
{
	struct dpu_ctx *ctx = open_uri(uri);
	struct dpu_device *device = find_device(ctx, "p0");
	char *before = picture(device), *after;
	int fd = open(lock, O_RDWR);

	must(fd >= 0 && flock(fd, LOCK_EX) == 0);
	is_int(dpu_mode_set(device, DPU_MODE_NIC), -EBUSY);
	is_str(dpu_error_step(dpu_ctx_error(ctx)), "lock");
	contains(dpu_ctx_error_text(ctx), "another process has held it");
	contains(dpu_error_hint(dpu_ctx_error(ctx)), "fuser");
	after = picture(device);
	ok(!strcmp(before, after), "reading goes on, and shows what was");
	close(fd);
	is_int(dpu_mode_set(device, DPU_MODE_DPU), 0);
	free(before);
	free(after);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
}

/* One context sees what another one has changed. */
static void seen(void)
{
	struct dpu_ctx *one = open_uri(uri), *two = open_uri(uri);
	struct dpu_device *p0 = find_device(one, "p0");
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 9000);
	struct dpu_function *sf = NULL, *same = NULL;

	is_int(dpu_sf_create(p0, &opts, DEADLINE_MS, &sf), 0);
	is_int(dpu_function_find(two, "pf0sf9000", &same), 0);
	is_int(dpu_sf_delete(same, DEADLINE_MS), 0);
	dpu_function_unref(same);
	is_int(dpu_sf_delete(sf, DEADLINE_MS), -ENODEV);
	dpu_function_unref(sf);
	dpu_device_unref(p0);
	dpu_ctx_unref(one);
	dpu_ctx_unref(two);
}

/* Counters of a data path that is running, beside another context that changes rules. */
static void counters(void)
{
	struct dpu_ctx *mover = open_uri(uri), *other = open_uri(uri);
	struct dpu_device *p0 = find_device(mover, "p0"), *theirs = find_device(other, "p0");
	uint8_t frame[60] = { 0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x88, 0xb5 };
	struct iovec iov = { frame, sizeof(frame) }, got[LANE_BURST];
	struct dpu_flow_table *table;
	struct dpu_eswitch *eswitch;
	DPU_OPTS(dpu_flow_stats, stats);
	DPU_OPTS(dpu_port_stats, port_stats);
	struct dpu_port *uplink, *host;
	struct lane *from, *to;
	uint64_t id, later;
	int i;

	must(dpu_port_find(mover, "p0", &uplink) == 0);
	must(dpu_flow_table_open(theirs, NULL, &table) == 0);
	must(dpu_flow_insert_text(table, "in_port=p0,dl_type=0x88b5 actions=output:pf0hpf", &id) == 0);
	must(dpu_eswitch_open(p0, &eswitch) == 0);
	must(lane_create(eswitch, uplink, DPU_PORT_FUNCTION, 64, &from) == 0);
	must(dpu_port_find(mover, "pf0hpf", &host) == 0);
	must(lane_create(eswitch, host, DPU_PORT_FUNCTION, 64, &to) == 0);
	for (i = 0; i < 10; i++) {
		must(lane_send(from, &iov, 1) == 1 && dpu_eswitch_process(eswitch) >= 1);
		must(lane_receive(to, got, LANE_BURST) == 1);
		/* In the middle another process adds a rule: the file is replaced under the mover's feet. */
		if (i == 4)
			must(dpu_flow_insert_text(table, "priority=9,arp actions=drop", &later) == 0);
	}
	dpu_eswitch_unref(eswitch);
	is_int(dpu_flow_stats(table, id, &stats), 0);
	is_int(stats.packets, 10);
	is_int(stats.bytes, 600);
	is_int(dpu_port_stats(uplink, &port_stats), 0);
	is_int(port_stats.rx_packets, 10);
	is_int(dpu_flow_stats(table, later, &stats), 0);
	is_int(stats.packets, 0);
	lane_free(from);
	lane_free(to);
	dpu_port_unref(uplink);
	dpu_port_unref(host);
	dpu_flow_table_unref(table);
	dpu_device_unref(p0);
	dpu_device_unref(theirs);
	dpu_ctx_unref(mover);
	dpu_ctx_unref(other);
}

/* Packets do not wait for a lock, nor is that a failure; what was counted meanwhile is told later. */
static void lock_beside_packets(void)
{
	struct dpu_ctx *ctx = open_uri(uri);
	struct dpu_device *p0 = find_device(ctx, "p0"), *none = NULL;
	uint8_t frame[60] = { 0 };
	struct iovec iov = { frame, sizeof(frame) };
	struct timespec longer = { .tv_nsec = 300 * 1000 * 1000 };
	DPU_OPTS(dpu_port_stats, before);
	DPU_OPTS(dpu_port_stats, after);
	struct dpu_eswitch *eswitch;
	struct dpu_port *uplink;
	struct lane *lane;
	int fd, i, failures = 0;

	must(dpu_port_find(ctx, "p0", &uplink) == 0 && dpu_port_stats(uplink, &before) == 0);
	must(dpu_eswitch_open(p0, &eswitch) == 0);
	must(lane_create(eswitch, uplink, DPU_PORT_FUNCTION, 64, &lane) == 0);
	must(lane_send(lane, &iov, 1) == 1 && dpu_eswitch_process(eswitch) == 1);
	must(dpu_device_find(ctx, "p9", &none) == -ENODEV);
	fd = open(lock, O_RDWR);
	must(fd >= 0 && flock(fd, LOCK_EX) == 0);
	nanosleep(&longer, NULL); /* until it is time to look at the file again */
	for (i = 0; i < 128; i++)
		failures += dpu_eswitch_process(eswitch) < 0;
	is_int(failures, 0);
	contains(dpu_ctx_error_text(ctx), "find device p9");
	close(fd);
	dpu_eswitch_unref(eswitch);
	dpu_port_unref(uplink);
	dpu_device_unref(p0);
	dpu_ctx_unref(ctx);
	ctx = open_uri(uri);
	must(dpu_port_find(ctx, "p0", &uplink) == 0 && dpu_port_stats(uplink, &after) == 0);
	is_int(after.rx_packets, before.rx_packets + 1);
	dpu_port_unref(uplink);
	dpu_ctx_unref(ctx);
	lane_free(lane);
}

/* A link to the file stays a link, and the file keeps its permissions. */
static void link_and_mode(void)
{
	char name[80], through[96];
	struct dpu_device *device;
	struct dpu_ctx *ctx;
	struct stat st;

	snprintf(name, sizeof(name), "%s/link.json", dir);
	snprintf(through, sizeof(through), "sim:%s", name);
	must(symlink("t.json", name) == 0 && chmod(path, 0640) == 0);
	ctx = open_uri(through);
	device = find_device(ctx, "p0");
	is_int(dpu_mode_set(device, DPU_MODE_NIC), 0);
	ok(lstat(name, &st) == 0 && S_ISLNK(st.st_mode), "the link is still a link");
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0640, "the file keeps its permissions");
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
	unlink(name);
}

/* A new topology that is named from where the program stands is where it stood. */
static void elsewhere(void)
{
	char *here = getcwd(NULL, 0);
	struct dpu_function *sf;
	struct dpu_device *device;
	struct dpu_ctx *ctx;
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 7);

	must(here && chdir(dir) == 0);
	ctx = open_uri("sim:new.json");
	must(chdir("/") == 0);
	device = find_device(ctx, "p0");
	is_int(dpu_sf_create(device, &opts, DEADLINE_MS, &sf), 0);
	dpu_function_unref(sf);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
	ok(access("/new.json", F_OK) < 0 && access("/new.json.lock", F_OK) < 0, "nothing is where it went");
	must(chdir(dir) == 0);
	ok(unlink("new.json") == 0 && unlink("new.json.lock") == 0, "all of it is where it was");
	must(chdir(here) == 0);
	free(here);
}

int main(void)
{
	must(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/t.json", dir);
	snprintf(uri, sizeof(uri), "sim:%s", path);
	snprintf(lock, sizeof(lock), "%s.lock", path);
	together();
	seen();
	counters();
	locked();
	lock_beside_packets();
	link_and_mode();
	elsewhere();
	unlink(path);
	unlink(lock);
	ok(rmdir(dir) == 0, "no other file is left");
	return tap_done();
}
