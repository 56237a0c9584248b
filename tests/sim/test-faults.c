/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every step of every multi-step operation fails once, at each of its calls. Whatever fails, the failure is
 * told by the step's name, and the DPU is as it was. One context acts, with the fault; another one looks.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "harness.h"

#define DEADLINE_MS 10000
/* More calls of one step than any operation makes. */
#define MANY 200

static char dir[] = "/tmp/libdpu-test-XXXXXX";
static char path[64];

static const uint8_t mac[6] = { 0x02, 0x25, 0xf2, 0x8d, 0xa2, 0x5c };

/* An operation: gets a device and, where it has one, an SF. */
struct operation {
	const char *name;
	const char *const *steps;
	int (*run)(struct dpu_device *device, struct dpu_function *sf);
	bool needs_sf;
};

static int create(struct dpu_device *device, struct dpu_function *sf)
{
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 42, .hw_addr = mac);
	struct dpu_function *made = NULL;
	int rc;

	(void)sf;
	rc = dpu_sf_create(device, &opts, DEADLINE_MS, &made);
	if (rc < 0 && made)
		rc = 1; /* an output written on failure */
	dpu_function_unref(made);
	return rc;
}

static int delete (struct dpu_device *device, struct dpu_function *sf)
{
	(void)device;
	return dpu_sf_delete(sf, DEADLINE_MS);
}

static int set(struct dpu_device *device, struct dpu_function *sf)
{
	DPU_OPTS(dpu_function_attrs, attrs, .hw_addr = mac, .set_state = 1, .state = DPU_FUNCTION_INACTIVE);

	(void)device;
	return dpu_function_set(sf, &attrs, DEADLINE_MS);
}

static int vfs(struct dpu_device *device, struct dpu_function *sf)
{
	(void)sf;
	return dpu_vf_set_count(device, 3, DEADLINE_MS);
}

static int mode(struct dpu_device *device, struct dpu_function *sf)
{
	(void)sf;
	return dpu_mode_set(device, DPU_MODE_NIC);
}

static int flow(struct dpu_device *device, struct dpu_function *sf)
{
	struct dpu_flow_table *table = NULL;
	int rc;

	(void)sf;
	rc = dpu_flow_table_open(device, NULL, &table);
	if (rc < 0)
		return rc;
	rc = dpu_flow_insert_text(table, "arp actions=drop", NULL);
	dpu_flow_table_unref(table);
	return rc;
}

static const char *const create_steps[] = {
	"eswitch_mode_get", "ports", "sf_add", "function_set_hw_addr", "sf_activate", "functions",
	"sf_bind",          "save",  NULL
};
static const char *const delete_steps[] = { "functions", "sf_deactivate", "sf_delete", "save", NULL };
static const char *const set_steps[] = { "functions", "function_set_hw_addr", "sf_deactivate", "save", NULL };
static const char *const vf_steps[] = { "vf_count",         "vf_set_count", "functions", "ports",
					"eswitch_mode_get", "save",         NULL };
static const char *const mode_steps[] = { "nvconfig_set", "save", NULL };
static const char *const flow_steps[] = { "eswitch_mode_get", "flow_insert", "save", NULL };

static const struct operation operations[] = {
	{ "create", create_steps, create, false }, { "delete", delete_steps, delete, true },
	{ "set", set_steps, set, true },           { "vfs", vf_steps, vfs, false },
	{ "mode", mode_steps, mode, false },       { "flow", flow_steps, flow, false },
};

/* A fresh DPU in the file, with one SF more than the default one. */
static struct dpu_device *look(void)
{
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 7);
	struct dpu_function *sf;
	struct dpu_device *device;
	struct dpu_ctx *ctx;
	char uri[96];

	unlink(path);
	snprintf(uri, sizeof(uri), "sim:%s", path);
	ctx = open_uri(uri);
	device = find_device(ctx, "p0");
	must(dpu_sf_create(device, &opts, DEADLINE_MS, &sf) == 0);
	dpu_function_unref(sf);
	must(dpu_vf_set_count(device, 2, DEADLINE_MS) == 0);
	dpu_ctx_unref(ctx); /* the device holds it */
	return device;
}

/* One run with the Nth call of a step failing. True when the fault was met. */
static bool run_with_fault(const struct operation *operation, const char *step, int nth, bool *clean)
{
	struct dpu_device *observed = look(), *device;
	char *before = picture(observed), *after;
	struct dpu_function *sf = NULL;
	struct dpu_ctx *ctx;
	char uri[160];
	bool met;
	int rc;

	/* Looking up the SF lists the functions of each of the four devices before the operation begins. */
	if (operation->needs_sf && !strcmp(step, "functions"))
		nth += 4;
	snprintf(uri, sizeof(uri), "sim:%s?fault=%s:EIO@%d", path, step, nth);
	ctx = open_uri(uri);
	device = find_device(ctx, "p0");
	if (operation->needs_sf)
		must(dpu_function_find(ctx, "enp3s0f0s7", &sf) == 0);
	rc = operation->run(device, sf);
	met = rc != 0;
	after = picture(observed);
	*clean = !met ||
		 (rc == -EIO && !strcmp(before, after) && !strcmp(dpu_error_step(dpu_ctx_error(ctx)), step));
	if (!*clean)
		tap_diag("%s with %s@%d: rc %d, %s\nbefore:\n%safter:\n%s", operation->name, step, nth, rc,
			 dpu_ctx_error_text(ctx), before, after);
	free(before);
	free(after);
	dpu_function_unref(sf);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
	dpu_device_unref(observed);
	return met;
}

static void each_step(const struct operation *operation)
{
	const char *const *step;
	int nth, bad;
	bool clean;

	for (step = operation->steps; *step; step++) {
		bad = 0;
		for (nth = 1; nth < MANY && run_with_fault(operation, *step, nth, &clean); nth++)
			bad += !clean;
		bad += !clean;
		ok(nth > 1 && nth < MANY && !bad,
		   "%s: %s fails at each of its %d calls, and nothing is left of it", operation->name, *step,
		   nth - 1);
	}
}

/* What never comes about, for nothing is done of a step within the hour: the deadline passes, and what was
 * begun is undone. What is there already is not waited for. */
static void each_deadline(const char *step)
{
	struct dpu_device *observed = look(), *device;
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 42);
	char *before = picture(observed), *after;
	struct dpu_function *sf = NULL;
	struct dpu_ctx *ctx;
	char uri[160];

	snprintf(uri, sizeof(uri), "sim:%s?latency=%s:3600000", path, step);
	ctx = open_uri(uri);
	device = find_device(ctx, "p0");
	is_int(dpu_vf_set_count(device, 2, 50), 0);
	is_int(dpu_sf_create(device, &opts, 50, &sf), -ETIMEDOUT);
	contains(dpu_ctx_error_text(ctx), "not done within 50 ms");
	after = picture(observed);
	ok(!sf && !strcmp(before, after), "%s that never comes leaves nothing behind", step);
	free(before);
	free(after);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
	dpu_device_unref(observed);
}

/* A driver that does not let go: the SF stays, active as before. */
static void stuck_driver(void)
{
	struct dpu_device *observed = look();
	char *before = picture(observed), *after;
	struct dpu_function *sf = NULL;
	struct dpu_ctx *ctx;
	char uri[160];

	snprintf(uri, sizeof(uri), "sim:%s?fault=sf_detach:EIO", path);
	ctx = open_uri(uri);
	must(dpu_function_find(ctx, "enp3s0f0s7", &sf) == 0);
	is_int(dpu_sf_delete(sf, 50), -ETIMEDOUT);
	is_str(dpu_error_step(dpu_ctx_error(ctx)), "sf_detach");
	after = picture(observed);
	ok(!strcmp(before, after), "an SF whose driver does not let go stays as it was");
	free(before);
	free(after);
	dpu_function_unref(sf);
	dpu_ctx_unref(ctx);
	dpu_device_unref(observed);
}

int main(void)
{
	char lock[80];
	size_t i;

	must(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/t.json", dir);
	snprintf(lock, sizeof(lock), "%s.lock", path);
	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		each_step(&operations[i]);
	each_deadline("sf_attach");
	each_deadline("representors");
	stuck_driver();
	unlink(path);
	unlink(lock);
	ok(rmdir(dir) == 0, "no other file was left beside the topology");
	return tap_done();
}
