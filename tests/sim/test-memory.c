/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every allocation fails once: each call says so or does without, nothing leaks, and what failed changed
 * nothing. */
#include <errno.h>
#include "harness.h"
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
	w->before = device ? picture(device) : NULL;
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
		after = picture(device);
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
	if (sf) {
		STEP(w, "refresh", dpu_function_refresh(sf, &again));
		dpu_function_unref(again);
		STEP(w, "set", dpu_function_set(sf, &attrs, DEADLINE_MS));
		STEP(w, "delete", dpu_sf_delete(sf, DEADLINE_MS));
		dpu_function_unref(sf);
	}
	vfs_beside_datapath(w, device);
	STEP(w, "vfs", dpu_vf_set_count(device, 9, DEADLINE_MS));
	STEP(w, "mode", dpu_mode_set(device, DPU_MODE_NIC));
	/* These two cannot be undone, and say so: only memory is looked at. */
	arm(w, NULL);
	judge(w, NULL, dpu_eswitch_mode_set(device, DPU_ESWITCH_LEGACY, DEADLINE_MS), "e-switch");
	arm(w, NULL);
	judge(w, NULL, dpu_device_reset(device, DPU_RESET_FIRMWARE, DEADLINE_MS), "reset");
	dpu_device_unref(device);
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
	return tap_done();
}
