/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What many functions cost, in numbers for bench.sh: lines "NAME VALUE". */
#include <dpu/dpu.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

struct heap {
	size_t now;
	size_t most;
};

/* Each block remembers its size in front of it. */
enum {
	FRONT = 16,
};

static void *heap_realloc(void *data, void *ptr, size_t size)
{
	struct heap *heap = data;
	size_t old = 0;
	char *block;

	if (ptr)
		memcpy(&old, (char *)ptr - FRONT, sizeof(old));
	block = realloc(ptr ? (char *)ptr - FRONT : NULL, size + FRONT);
	if (!block)
		return NULL;
	memcpy(block, &size, sizeof(size));
	heap->now += size - old;
	if (heap->now > heap->most)
		heap->most = heap->now;
	return block + FRONT;
}

static void *heap_alloc(void *data, size_t size)
{
	return heap_realloc(data, NULL, size);
}

static void heap_free(void *data, void *ptr)
{
	struct heap *heap = data;
	size_t old;

	if (!ptr)
		return;
	memcpy(&old, (char *)ptr - FRONT, sizeof(old));
	heap->now -= old;
	free((char *)ptr - FRONT);
}

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static double user_ms(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_utime.tv_sec * 1e3 + (double)usage.ru_utime.tv_usec / 1e3;
}

static void check(struct dpu_ctx *ctx, int rc)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "scale: %s\n", ctx ? dpu_ctx_error_text(ctx) : strerror(-rc));
	exit(1);
}

/* Memory is counted where there is something to count it in. */
static struct dpu_ctx *open_ctx(struct heap *heap)
{
	struct dpu_allocator allocator = {
		.alloc = heap_alloc, .realloc = heap_realloc, .free = heap_free, .data = heap
	};
	DPU_OPTS(dpu_ctx_opts, opts, .allocator = heap ? &allocator : NULL);
	struct dpu_ctx *ctx;

	check(NULL, dpu_ctx_open(NULL, &opts, &ctx));
	return ctx;
}

static struct dpu_device *find(struct dpu_ctx *ctx, const char *name)
{
	struct dpu_device *device;

	check(ctx, dpu_device_find(ctx, name, &device));
	return device;
}

/* Makes SFs and leaves them: how long it took, and how much of that was in this program's own code. */
static void create(const char *name, uint32_t first, uint32_t count)
{
	struct dpu_ctx *ctx = open_ctx(NULL);
	struct dpu_device *device = find(ctx, name);
	double wall = now_ms(), user = user_ms();
	struct dpu_function *sf;
	uint32_t i;

	for (i = first; i < first + count; i++) {
		const uint8_t hw_addr[6] = { 0x02, 0x25, 0, 0, (uint8_t)(i >> 8), (uint8_t)i };
		DPU_OPTS(dpu_sf_opts, opts, .sfnum = i, .hw_addr = hw_addr);

		check(ctx, dpu_sf_create(device, &opts, 20000, &sf));
		dpu_function_unref(sf);
	}
	printf("create_ms %.1f\ncreate_user_ms %.1f\n", now_ms() - wall, user_ms() - user);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
}

static size_t discover_once(struct dpu_ctx *ctx)
{
	struct dpu_function_list *functions;
	struct dpu_device_list *devices;
	struct dpu_port_list *ports;
	struct dpu_rdma_list *rdma;
	struct dpu_device *device;
	size_t i, found = 0;
	int rc;

	check(ctx, dpu_device_list(ctx, &devices));
	for (i = 0; i < dpu_device_list_count(devices); i++) {
		device = dpu_device_list_get(devices, i);
		if (dpu_device_kind(device) == DPU_DEVICE_NIC)
			continue;
		check(ctx, dpu_port_list(device, &ports));
		check(ctx, dpu_function_list(device, &functions));
		found += dpu_function_list_count(functions);
		dpu_function_list_unref(functions);
		dpu_port_list_unref(ports);
	}
	dpu_device_list_unref(devices);
	rc = dpu_rdma_list(ctx, &rdma);
	if (rc == 0)
		dpu_rdma_list_unref(rdma);
	else if (rc != -EOPNOTSUPP)
		check(ctx, rc);
	return found;
}

/* Finds everything, from nothing each time, as a program that starts has it: how long it took at best. */
static void discover(int times)
{
	double least = 0, ms;
	size_t found = 0;
	int i;

	for (i = 0; i < times; i++) {
		struct dpu_ctx *ctx;

		ms = now_ms();
		ctx = open_ctx(NULL);
		found = discover_once(ctx);
		dpu_ctx_unref(ctx);
		ms = now_ms() - ms;
		if (!i || ms < least)
			least = ms;
	}
	printf("discover_ms %.2f\nfunctions %zu\n", least, found);
}

/* Bytes that a context holds while there is a list of the device's functions, and the most that it ever had
 * when it found everything. */
static void heap(const char *name)
{
	struct heap held = { 0 }, peak = { 0 };
	struct dpu_function_list *list;
	struct dpu_device *device;
	struct dpu_ctx *ctx;

	ctx = open_ctx(&held);
	device = find(ctx, name);
	check(ctx, dpu_function_list(device, &list));
	printf("functions %zu\nheap_held %zu\n", dpu_function_list_count(list), held.now);
	dpu_function_list_unref(list);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
	ctx = open_ctx(&peak);
	discover_once(ctx);
	dpu_ctx_unref(ctx);
	printf("heap_peak %zu\n", peak.most);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "discover")) {
		discover(atoi(argv[2]));
	} else if (argc == 5 && !strcmp(argv[1], "create")) {
		create(argv[2], (uint32_t)atoi(argv[3]), (uint32_t)atoi(argv[4]));
	} else if (argc == 3 && !strcmp(argv[1], "heap")) {
		heap(argv[2]);
	} else {
		fprintf(stderr, "usage: scale create DEVICE FIRST COUNT | discover TIMES | heap DEVICE\n");
		return 2;
	}
	return 0;
}
