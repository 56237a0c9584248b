/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every allocation fails once: each call says so or does without, nothing leaks, and what failed changed
 * nothing. */
#include <errno.h>
#include <unistd.h>
#include "attrs.h"
#include "lane.h"

#define DEADLINE_MS 10000

static const uint8_t mac[6] = { 0x02, 0x25, 0xf2, 0x8d, 0xa2, 0x5c };

struct world {
	struct dpu_ctx *ctx;
	struct fail_nth *memory;
	long budget;  /* allocations until the one that fails */
	long calls;   /* made before the present call */
	char *before; /* what there was to see before it */
	int failures; /* calls that said -ENOMEM */
	int wrong;
};

/* Before a call: what there is to see, then the fault is armed. */
static void arm(struct world *w, struct dpu_device *device)
{
	w->before = device ? whole_picture(device) : NULL;
	w->calls = w->memory->calls;
	w->memory->fail_at = w->budget > 0 ? w->memory->calls + w->budget : 0;
}

/* After it: what is left of the budget goes to the next call; what failed must have changed nothing. */
static void judge(struct world *w, struct dpu_device *device, int rc, const char *what)
{
	bool hit = w->memory->fail_at && w->memory->calls >= w->memory->fail_at;
	char *after;

	w->memory->fail_at = 0;
	w->budget -= w->memory->calls - w->calls;
	w->failures += rc == -ENOMEM && hit;
	if (rc < 0 && !(rc == -ENOMEM && hit)) {
		w->wrong++;
		tap_diag("%s: %d, %s", what, rc, dpu_ctx_error_text(w->ctx));
	}
	if (rc < 0 && w->before) {
		after = whole_picture(device);
		if (strcmp(w->before, after)) {
			w->wrong++;
			tap_diag("%s failed and changed\n%sto\n%s", what, w->before, after);
		}
		free(after);
	}
	free(w->before);
}

#define STEP(w, what, call)                                                                                  \
	do {                                                                                                 \
		arm(w, device);                                                                              \
		judge(w, device, (call), what);                                                              \
	} while (0)

static int use_flows(struct dpu_device *device)
{
	struct dpu_flow_table *table = NULL;
	struct dpu_flow_list *list = NULL;
	DPU_OPTS(dpu_flow_stats, stats);
	uint64_t id = 0;
	int rc;

	rc = dpu_flow_table_open(device, NULL, &table);
	if (rc < 0)
		return rc;
	rc = dpu_flow_insert_text(table, "in_port=p0,tcp actions=push_vlan:7,output:pf0hpf", &id);
	if (rc == 0) {
		rc = dpu_flow_list(table, &list);
		if (rc == 0)
			rc = dpu_flow_stats(table, id, &stats);
		/* Undo, whatever it takes, so that the picture tells whether the failure left something. */
		while (dpu_flow_delete(table, id) == -ENOMEM)
			;
	}
	dpu_flow_list_unref(list);
	dpu_flow_table_unref(table);
	return rc;
}

static int use_datapath(struct dpu_device *device)
{
	struct dpu_eswitch *eswitch = NULL;
	struct dpu_port *port = NULL;
	struct lane *lane = NULL;
	int rc;

	rc = dpu_eswitch_open(device, &eswitch);
	if (rc == 0)
		rc = dpu_port_find(dpu_device_ctx(device), "pf0hpf", &port);
	if (rc == 0)
		rc = lane_create(eswitch, port, DPU_PORT_FUNCTION, 8, &lane);
	if (rc == 0)
		rc = dpu_eswitch_process(eswitch);
	dpu_eswitch_unref(eswitch);
	lane_free(lane);
	dpu_port_unref(port);
	return rc;
}

/* A data path looks at the functions while their array grows, and fails to. */
static void vfs_beside_datapath(struct world *w, struct dpu_device *device)
{
	struct dpu_eswitch *eswitch = NULL;
	struct dpu_port *port = NULL;
	struct lane *lane = NULL;
	uint8_t frame[60] = { 0 };
	struct iovec iov = { frame, sizeof(frame) };
	int rc;

	must(dpu_eswitch_open(device, &eswitch) == 0);
	must(dpu_port_find(w->ctx, "pf0hpf", &port) == 0);
	must(lane_create(eswitch, port, DPU_PORT_FUNCTION, 8, &lane) == 0);
	must(dpu_eswitch_process(eswitch) == 0);
	arm(w, device);
	rc = dpu_vf_set_count(device, 16, DEADLINE_MS);
	judge(w, device, rc, "vfs beside a data path");
	must(lane_send(lane, &iov, 1) == 1);
	if (dpu_eswitch_process(eswitch) != 1)
		w->wrong++;
	must(dpu_vf_set_count(device, 0, DEADLINE_MS) == 0);
	dpu_eswitch_unref(eswitch);
	lane_free(lane);
	dpu_port_unref(port);
}

/* Every list of facts once. */
static int positive(int rc)
{
	return rc < 0 ? rc : 0;
}

static int use_nvconfig(struct dpu_device *device)
{
	const struct dpu_nvconfig_setting settings[] = { { "NUM_OF_VFS", "20" }, { "PF_TOTAL_SF", "100" } };
	struct dpu_nvconfig_change_list *changes = NULL;
	struct dpu_nvconfig_list *list = NULL;
	int rc;

	rc = dpu_nvconfig_list(device, NULL, 0, &list);
	dpu_nvconfig_list_unref(list);
	if (rc == 0)
		rc = dpu_nvconfig_plan(device, settings, 2, &changes);
	dpu_nvconfig_change_list_unref(changes);
	if (rc == 0)
		rc = dpu_profile_plan(device, "virtio-static", &changes);
	if (rc == 0)
		dpu_nvconfig_change_list_unref(changes);
	return rc < 0 ? rc : positive(dpu_nvconfig_set(device, settings, 2));
}

static int plan_mode(struct dpu_device *device)
{
	DPU_OPTS(dpu_mode_plan, plan);

	return dpu_mode_plan(device, DPU_MODE_SEPARATED, &plan);
}

static int use_lists(struct dpu_device *device)
{
	struct dpu_device_version_list *versions = NULL;
	struct dpu_resource_list *resources = NULL;
	struct dpu_health_list *health = NULL;
	struct dpu_orphan_list *orphans = NULL;
	struct dpu_param_list *params = NULL;
	struct dpu_rate_list *rates = NULL;
	struct dpu_rdma_list *rdma = NULL;
	int rc;

	rc = dpu_device_version_list(device, &versions);
	if (rc == 0)
		rc = dpu_resource_list(device, &resources);
	if (rc == 0)
		rc = dpu_health_list(device, &health);
	if (rc == 0)
		rc = dpu_orphan_list(device, &orphans);
	if (rc == 0)
		rc = dpu_param_list(device, &params);
	if (rc == 0)
		rc = dpu_rate_list(device, &rates);
	if (rc == 0)
		rc = dpu_rdma_list(dpu_device_ctx(device), &rdma);
	dpu_device_version_list_unref(versions);
	dpu_resource_list_unref(resources);
	dpu_health_list_unref(health);
	dpu_orphan_list_unref(orphans);
	dpu_param_list_unref(params);
	dpu_rate_list_unref(rates);
	dpu_rdma_list_unref(rdma);
	return rc;
}

static int use_rates(struct dpu_device *device)
{
	DPU_OPTS(dpu_rate_attrs, node, .node = "gold");
	int rc;

	rc = dpu_rate_node_add(device, &node);
	if (rc < 0)
		return rc;
	node.set = DPU_RATE_TX_MAX;
	node.tx_max = 1000000;
	rc = dpu_rate_set(device, &node);
	while (dpu_rate_node_delete(device, "gold") == -ENOMEM)
		;
	return rc;
}

/* Two changes, and all events of them; a failure in between loses none. */
static int use_monitor(struct dpu_device *device)
{
	DPU_OPTS(dpu_event, event);
	struct dpu_monitor *monitor = NULL;
	int rc, failed = 0, count = 0;

	rc = dpu_monitor_open(dpu_device_ctx(device), NULL, &monitor);
	if (rc < 0)
		return rc;
	rc = dpu_vf_set_count(device, 10, DEADLINE_MS);
	if (rc == 0) {
		do {
			rc = dpu_monitor_next(monitor, &event);
			count += rc > 0;
			failed |= rc < 0;
		} while (rc > 0 || (rc == -ENOMEM && count < 100));
		/* One device, port, function each at least, and one more network device. */
		if (rc == 0 && count < 30)
			rc = -EIO;
		while (dpu_vf_set_count(device, 0, DEADLINE_MS) == -ENOMEM)
			;
	}
	dpu_monitor_unref(monitor);
	return rc == 0 && failed ? -ENOMEM : rc;
}

static int list_all(struct dpu_ctx *ctx)
{
	struct dpu_device_list *devices;
	int rc = dpu_device_list(ctx, &devices);

	if (rc == 0)
		dpu_device_list_unref(devices);
	return rc;
}

static void scenario(struct world *w)
{
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 42, .hw_addr = mac);
	DPU_OPTS(dpu_function_attrs, attrs, .set_state = 1, .state = DPU_FUNCTION_INACTIVE, .hw_addr = mac);
	struct dpu_device *device = NULL;
	struct dpu_function *sf = NULL, *again = NULL;

	arm(w, NULL);
	judge(w, NULL, list_all(w->ctx), "list");
	arm(w, NULL);
	judge(w, NULL, dpu_device_find(w->ctx, "p0", &device), "find");
	if (!device)
		return;
	STEP(w, "create", dpu_sf_create(device, &opts, DEADLINE_MS, &sf));
	STEP(w, "flows", use_flows(device));
	STEP(w, "data path", use_datapath(device));
	STEP(w, "lists", use_lists(device));
	STEP(w, "param", dpu_param_set(device, "max_macs", DPU_PARAM_DRIVERINIT, "256"));
	STEP(w, "rates", use_rates(device));
	STEP(w, "monitor", use_monitor(device));
	if (sf) {
		STEP(w, "refresh", dpu_function_refresh(sf, &again));
		dpu_function_unref(again);
		STEP(w, "set", dpu_function_set(sf, &attrs, DEADLINE_MS));
		STEP(w, "delete", dpu_sf_delete(sf, DEADLINE_MS));
		dpu_function_unref(sf);
	}
	vfs_beside_datapath(w, device);
	STEP(w, "vfs", dpu_vf_set_count(device, 9, DEADLINE_MS));
	STEP(w, "configuration", use_nvconfig(device));
	STEP(w, "profile", positive(dpu_profile_apply(device, "virtio-hotplug")));
	STEP(w, "mode", dpu_mode_set(device, DPU_MODE_RESTRICTED));
	STEP(w, "the way into a mode", plan_mode(device));
	/* These three cannot be undone, and say so: only memory is looked at. */
	arm(w, NULL);
	judge(w, NULL, dpu_eswitch_mode_set(device, DPU_ESWITCH_LEGACY, DEADLINE_MS), "e-switch");
	arm(w, NULL);
	judge(w, NULL, dpu_device_reload(device, DPU_RELOAD_FW_ACTIVATE, DPU_RELOAD_UNLIMITED, NULL),
	      "reload");
	arm(w, NULL);
	judge(w, NULL, dpu_device_reset(device, DPU_RESET_FIRMWARE, DEADLINE_MS), "reset");
	dpu_device_unref(device);
}

static char dir[] = "/tmp/libdpu-test-XXXXXX";

/* What somebody has left behind: found and swept away, or none of it is forgotten. */
static void orphans(void)
{
	DPU_OPTS(dpu_sf_opts, sf_opts, .sfnum = 88, .owned = 1);
	struct dpu_function *sf = NULL;
	struct dpu_device *device;
	struct dpu_ctx *ctx;
	char path[64], uri[80];
	long fail_at, leaks = 0;
	int rc = 0, failures = 0;

	must(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/t.json", dir);
	snprintf(uri, sizeof(uri), "sim:%s", path);
	ctx = open_uri(uri);
	device = find_device(ctx, "p0");
	must(dpu_sf_create(device, &sf_opts, DEADLINE_MS, &sf) == 0);
	dpu_function_unref(sf);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
	for (fail_at = 1; rc != 1 && fail_at < 1000; fail_at++) {
		struct fail_nth memory = { .fail_at = 0 };
		struct dpu_allocator allocator = fail_nth_allocator(&memory);
		DPU_OPTS(dpu_ctx_opts, opts, .allocator = &allocator);

		must(dpu_ctx_open(uri, &opts, &ctx) == 0);
		device = find_device(ctx, "p0");
		memory.fail_at = memory.calls + fail_at;
		rc = dpu_orphan_sweep(device, DEADLINE_MS);
		failures += rc == -ENOMEM;
		memory.fail_at = 0;
		dpu_device_unref(device);
		dpu_ctx_unref(ctx);
		leaks += memory.live;
	}
	is_int(rc, 1);
	ok(failures > 5, "%d sweeps failed before that", failures);
	is_int(leaks, 0);
	unlink(path);
	snprintf(path, sizeof(path), "%s/t.json.lock", dir);
	unlink(path);
	ok(rmdir(dir) == 0, "no other file is left");
}

int main(void)
{
	int opened = 0, failures = 0, wrong = 0;
	long budget, leaks = 0;
	bool done = false;

	for (budget = 1; !done; budget++) {
		struct fail_nth memory = { .fail_at = budget };
		struct dpu_allocator allocator = fail_nth_allocator(&memory);
		char error[128] = "";
		DPU_OPTS(dpu_ctx_opts, opts, .allocator = &allocator, .error = error,
			 .error_size = sizeof(error));
		struct world w = { .memory = &memory };
		int rc;

		rc = dpu_ctx_open("sim:?fault=sf_add:EIO@999&latency=sf_attach:1", &opts, &w.ctx);
		if (rc == 0) {
			opened++;
			w.budget = budget - memory.calls;
			scenario(&w);
			failures += w.failures;
			wrong += w.wrong;
			/* The whole scenario went through without meeting the fault: every allocation has had
			 * its turn. */
			done = w.budget > 0;
			dpu_ctx_unref(w.ctx);
		} else if (rc != -ENOMEM || !strstr(error, "out of memory")) {
			wrong++;
			tap_diag("open: %d, %s", rc, error);
		}
		leaks += memory.live != 0;
		must(budget < 20000);
	}
	tap_diag("%ld allocations, %d in calls after opening", budget, failures);
	ok(opened > 50 && failures > 50, "allocations failed in open and in %d calls", failures);
	is_int(wrong, 0);
	is_int(leaks, 0);
	orphans();
	return tap_done();
}
