/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Contexts are independent: one in each thread, some on worlds of their own, some on one file. References may
 * be dropped from any thread. (Under -fsanitize=thread this also shows that nothing is shared unguarded.) */
#include <errno.h>
#include <pthread.h>
#include <unistd.h>
#include "harness.h"

#define DEADLINE_MS 20000
#define THREADS 4
#define ROUNDS 12

static char dir[] = "/tmp/libdpu-test-XXXXXX";
static char shared_uri[64];

struct job {
	const char *uri;
	uint32_t sfnum;
	int failures;
	pthread_t thread;
};

static int round_trip(struct dpu_device *device, uint32_t sfnum)
{
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = sfnum);
	struct dpu_flow_table *table;
	struct dpu_function *sf;
	char text[96];
	uint64_t id;
	int rc;

	rc = dpu_sf_create(device, &opts, DEADLINE_MS, &sf);
	if (rc < 0)
		return rc;
	rc = dpu_flow_table_open(device, NULL, &table);
	if (rc == 0) {
		snprintf(text, sizeof(text), "in_port=en3f0pf0sf%u actions=output:p0", sfnum);
		rc = dpu_flow_insert_text(table, text, &id);
		/* A failure of one context is not told by another one's words. */
		if (rc == 0 && (dpu_flow_insert_text(table, text, NULL) != -EEXIST ||
				!strstr(dpu_ctx_error_text(dpu_device_ctx(device)), "flow_insert")))
			rc = -EIO;
		dpu_flow_table_unref(table);
	}
	if (rc == 0)
		rc = dpu_sf_delete(sf, DEADLINE_MS);
	dpu_function_unref(sf);
	return rc;
}

static void *work(void *arg)
{
	struct job *job = arg;
	struct dpu_device *device;
	struct dpu_ctx *ctx;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		ctx = open_uri(job->uri);
		device = find_device(ctx, "p0");
		dpu_ctx_unref(ctx);
		if (round_trip(device, job->sfnum + (uint32_t)i) < 0) {
			job->failures++;
			fprintf(stderr, "# %s\n", dpu_ctx_error_text(dpu_device_ctx(device)));
		}
		dpu_device_unref(device);
	}
	return NULL;
}

static void contexts(const char *uri, const char *what)
{
	struct job jobs[THREADS] = { { .uri = uri } };
	int i, failures = 0;

	for (i = 0; i < THREADS; i++) {
		jobs[i] = (struct job){ .uri = uri, .sfnum = 1000 * (uint32_t)(i + 1) };
		must(pthread_create(&jobs[i].thread, NULL, work, &jobs[i]) == 0);
	}
	for (i = 0; i < THREADS; i++) {
		must(pthread_join(jobs[i].thread, NULL) == 0);
		failures += jobs[i].failures;
	}
	ok(failures == 0, "%d threads with a context each, %s", THREADS, what);
}

/* As a garbage collector does: many references to one object, dropped from several threads at once. */
static void *drop(void *arg)
{
	struct dpu_device *device = arg;
	int i;

	for (i = 0; i < 20000; i++)
		dpu_device_unref(dpu_device_ref(device));
	dpu_device_unref(device);
	return NULL;
}

static void references(void)
{
	struct fail_nth memory = { 0 };
	struct dpu_allocator allocator = fail_nth_allocator(&memory);
	DPU_OPTS(dpu_ctx_opts, opts, .allocator = &allocator);
	struct dpu_device *device;
	pthread_t threads[THREADS];
	struct dpu_ctx *ctx;
	int i;

	must(dpu_ctx_open("sim:", &opts, &ctx) == 0);
	device = find_device(ctx, "p0");
	dpu_ctx_unref(ctx);
	for (i = 0; i < THREADS; i++)
		must(pthread_create(&threads[i], NULL, drop, dpu_device_ref(device)) == 0);
	dpu_device_unref(device);
	for (i = 0; i < THREADS; i++)
		must(pthread_join(threads[i], NULL) == 0);
	is_int(memory.live, 0);
}

int main(void)
{
	char path[80];

	must(mkdtemp(dir));
	snprintf(shared_uri, sizeof(shared_uri), "sim:%s/t.json", dir);
	contexts("sim:", "each on a DPU of its own");
	contexts(shared_uri, "all on one file");
	references();
	snprintf(path, sizeof(path), "%s/t.json", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/t.json.lock", dir);
	unlink(path);
	ok(rmdir(dir) == 0, "no other file is left");
	return tap_done();
}
