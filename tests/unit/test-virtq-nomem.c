/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* No memory left: a queue or map that cannot be made says so, leaves the result alone and leaks nothing. The
 * linker turns the library's calloc(3) and free(3) into those below (-Wl,--wrap). */
#include <dpu/virtq.h>
#include <errno.h>
#include "tap.h"

static char ring[3 * 4096] __attribute__((aligned(4096)));
static long fail_at, calls, live;

void *__real_calloc(size_t count, size_t size);
void __real_free(void *ptr);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *ptr);

void *__wrap_calloc(size_t count, size_t size)
{
	void *ptr = ++calls == fail_at ? NULL : __real_calloc(count, size);

	live += ptr != NULL;
	return ptr;
}

void __wrap_free(void *ptr)
{
	live -= ptr != NULL;
	__real_free(ptr);
}

/* Fails each allocation in turn, until none is left to fail. */
static void test_queue(uint32_t side)
{
	DPU_OPTS(dpu_virtq_opts, opts, .desc = ring, .avail = ring + 4096, .used = ring + 8192, .side = side,
		 .size = 256);
	struct dpu_virtq *vq = NULL;
	int rc;

	must(dpu_memory_map_create(&opts.memory) == 0);
	calls = live = 0;
	for (fail_at = 1;; fail_at++) {
		calls = 0;
		rc = dpu_virtq_create(&opts, &vq);
		if (rc == 0)
			break;
		is_int(rc, -ENOMEM);
		ok(!vq && live == 0, "allocation %ld of side %u: nothing is left", fail_at, side);
		is_int(dpu_memory_map_add(opts.memory, (uint64_t)fail_at * 4096, 4096, ring), 0);
	}
	is_int(fail_at, 3);
	is_int(live, 2);
	is_int(dpu_memory_map_add(opts.memory, 0, 4096, ring), -EBUSY);
	/* The queue holds the map. */
	dpu_memory_map_unref(opts.memory);
	is_int(live, 2);
	dpu_virtq_unref(vq);
	is_int(live, -1);
	fail_at = 0;
}

int main(void)
{
	struct dpu_memory_map *map = NULL;

	calls = 0;
	fail_at = 1;
	is_int(dpu_memory_map_create(&map), -ENOMEM);
	ok(!map && live == 0, "a map that cannot be made");
	fail_at = 0;
	test_queue(DPU_VIRTQ_DRIVER);
	test_queue(DPU_VIRTQ_DEVICE);
	return tap_done();
}
