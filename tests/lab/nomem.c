/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: nomem DEVICE
 * Every allocation of the linux: provider fails once, on a device that can make SFs: each call says so,
 * nothing leaks, and nothing half-made is left. For test-nomem.sh.
 */
#include <errno.h>
#include <unistd.h>
#include "harness.h"

#define SFNUM 900
#define DEADLINE_MS 10000

static int list_devices(struct dpu_ctx *ctx, struct dpu_device *device)
{
	struct dpu_device_list *list = NULL;
	int rc;

	(void)device;
	rc = dpu_device_list(ctx, &list);
	dpu_device_list_unref(list);
	return rc;
}

static int list_functions(struct dpu_ctx *ctx, struct dpu_device *device)
{
	struct dpu_function_list *list = NULL;
	int rc;

	(void)ctx;
	rc = dpu_function_list(device, &list);
	dpu_function_list_unref(list);
	return rc;
}

/* All that is a list of facts. */
static int list_facts(struct dpu_ctx *ctx, struct dpu_device *device)
{
	struct dpu_device_version_list *versions = NULL;
	struct dpu_resource_list *resources = NULL;
	struct dpu_orphan_list *orphans = NULL;
	struct dpu_health_list *health = NULL;
	struct dpu_param_list *params = NULL;
	struct dpu_rate_list *rates = NULL;
	int rc;

	(void)ctx;
	rc = dpu_device_version_list(device, &versions);
	if (rc == 0)
		rc = dpu_param_list(device, &params);
	if (rc == 0)
		rc = dpu_rate_list(device, &rates);
	if (rc == 0)
		rc = dpu_health_list(device, &health);
	if (rc == 0)
		rc = dpu_resource_list(device, &resources);
	if (rc == 0)
		rc = dpu_orphan_list(device, &orphans);
	dpu_device_version_list_unref(versions);
	dpu_param_list_unref(params);
	dpu_rate_list_unref(rates);
	dpu_health_list_unref(health);
	dpu_resource_list_unref(resources);
	dpu_orphan_list_unref(orphans);
	return rc;
}

/* What was made goes again, whatever that takes. */
static int make_sf(struct dpu_ctx *ctx, struct dpu_device *device)
{
	static const uint8_t mac[6] = { 0x02, 0, 0, 0, 0x99, 1 };
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = SFNUM, .hw_addr = mac, .owned = 1);
	struct dpu_function *sf = NULL;
	int rc;

	(void)ctx;
	rc = dpu_sf_create(device, &opts, DEADLINE_MS, &sf);
	while (rc == 0 && dpu_sf_delete(sf, DEADLINE_MS) == -ENOMEM)
		continue;
	dpu_function_unref(sf);
	return rc;
}

static int watch(struct dpu_ctx *ctx, struct dpu_device *device)
{
	struct dpu_monitor *monitor = NULL;
	DPU_OPTS(dpu_event, event);
	int rc;

	(void)device;
	rc = dpu_monitor_open(ctx, NULL, &monitor);
	while (rc == 0 && (rc = dpu_monitor_next(monitor, &event)) > 0)
		rc = 0;
	dpu_monitor_unref(monitor);
	return rc;
}

static const struct {
	const char *name;
	int (*run)(struct dpu_ctx *ctx, struct dpu_device *device);
} operations[] = {
	{ "device list", list_devices },
	{ "function list", list_functions },
	{ "lists of facts", list_facts },
	{ "making an SF", make_sf },
	{ "monitor", watch },
};

static void try(size_t i, const char *name, struct dpu_device *observed)
{
	struct fail_nth memory = { 0 };
	struct dpu_allocator allocator = fail_nth_allocator(&memory);
	DPU_OPTS(dpu_ctx_opts, opts, .allocator = &allocator);
	struct dpu_device *device;
	char *before, *after;
	int wrong = 0, failures = 0, rc = -1;
	struct dpu_ctx *ctx;
	long nth;

	must(dpu_ctx_open("linux:", &opts, &ctx) == 0);
	device = find_device(ctx, name);
	before = picture(observed);
	for (nth = 1; rc < 0 && nth < 5000; nth++) {
		long live = memory.live;

		/* What was asked just now is remembered for 50 ms, and then nothing is allocated for it. */
		usleep(60000);
		memory.fail_at = memory.calls + nth;
		rc = operations[i].run(ctx, device);
		/* What was remembered for the next time may be more or less than before; it goes with the
		 * context. */
		if (memory.calls < memory.fail_at)
			rc = rc < 0 ? rc : 0;
		else if (rc == 0)
			rc = -ENOMEM; /* it did without */
		memory.fail_at = 0;
		failures += rc == -ENOMEM;
		if (rc < 0 && rc != -ENOMEM) {
			wrong++;
			tap_diag("%s, allocation %ld: %s (%ld blocks)", operations[i].name, nth,
				 dpu_ctx_error_text(ctx), memory.live - live);
			break;
		}
	}
	after = picture(observed);
	ok(!wrong && failures > 2, "%s: each of %d failures of memory was told", operations[i].name,
	   failures);
	ok(!strcmp(before, after), "%s: nothing is left of them", operations[i].name);
	free(before);
	free(after);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
	is_int(memory.live, 0);
}

int main(int argc, char **argv)
{
	struct dpu_device *observed;
	struct dpu_ctx *ctx;
	size_t i;

	must(argc == 2);
	ctx = open_uri("linux:");
	observed = find_device(ctx, argv[1]);
	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		try(i, argv[1], observed);
	dpu_device_unref(observed);
	dpu_ctx_unref(ctx);
	return tap_done();
}
