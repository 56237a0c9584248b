/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* No memory left: a queue or map that cannot be made says so, leaves the result alone and leaks nothing. */
#include <dpu/virtq.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>
#include "fail-alloc.h"
#include "tap.h"

static char ring[3 * 4096] __attribute__((aligned(4096)));
static char region[16384] __attribute__((aligned(8)));

/* Fails each allocation of a queue in turn, until none is left to fail. */
static void test_queue(uint32_t layout, uint32_t side, bool inflight)
{
	DPU_OPTS(dpu_virtq_opts, opts, .desc = ring, .avail = ring + 4096, .used = ring + 8192,
		 .layout = layout, .side = side, .size = 256);
	struct dpu_virtq *vq = NULL;
	long made;
	int rc;

	memset(region, 0, sizeof(region));
	if (inflight) {
		opts.inflight = region;
		opts.inflight_size = sizeof(region);
	}
	must(dpu_memory_map_create(&opts.memory) == 0);
	live = 0;
	for (fail_at = 1;; fail_at++) {
		calls = 0;
		rc = dpu_virtq_create(&opts, &vq);
		if (rc == 0)
			break;
		is_int(rc, -ENOMEM);
		ok(!vq && live == 0, "allocation %ld of layout %u, side %u: nothing is left", fail_at, layout,
		   side);
		is_int(dpu_memory_map_settled(opts.memory), 1);
	}
	made = live;
	ok(fail_at == made + 1 && made >= 2, "all %ld allocations have failed once", made);
	/* The queue holds the map. */
	dpu_memory_map_unref(opts.memory);
	is_int(live, made);
	dpu_virtq_unref(vq);
	/* The map and its table were made before the counting. */
	is_int(live, -2);
	fail_at = 0;
}

/* A change of a map that fails leaves it as it was. */
static void test_map(void)
{
	struct dpu_memory_map *map, *other;
	int fd = memfd_create("map", 0), i, rc;
	uint64_t got = 0;

	must(fd >= 0 && ftruncate(fd, 8192) == 0);
	must(dpu_memory_map_create(&map) == 0 && dpu_memory_map_create(&other) == 0);
	must(dpu_memory_map_add(map, 0, 4096, ring) == 0);
	for (i = 0; i < 7; i++) {
		live = calls = 0;
		fail_at = i == 6 ? 2 : 1;
		switch (i) {
		case 0:
			rc = dpu_memory_map_add(map, 8192, 1, ring);
			break;
		case 1:
			rc = dpu_memory_map_add_iova(map, 0, 1, ring, DPU_MEMORY_READ);
			break;
		case 2:
			rc = dpu_memory_map_remove(map, 0, 4096);
			break;
		case 3:
			rc = dpu_memory_map_replace(map, other);
			break;
		case 4:
			rc = dpu_memory_map_set_log(map, ring, 1);
			break;
		default:
			rc = dpu_memory_map_add_fd(map, 8192, 8192, fd, 0);
		}
		is_int(rc, -ENOMEM);
		is_int(live, 0);
		is_int(dpu_memory_map_count(map), 1);
		ok(dpu_memory_map_find(map, 5, &got) == ring + 5 && got == 4091, "the region is the same");
	}
	fail_at = 0;
	dpu_memory_map_unref(map);
	dpu_memory_map_unref(other);
	close(fd);
}

int main(void)
{
	struct dpu_memory_map *map = NULL;
	uint32_t layout;
	long i;

	for (i = 1; i <= 2; i++) {
		calls = 0;
		fail_at = i;
		is_int(dpu_memory_map_create(&map), -ENOMEM);
		ok(!map && live == 0, "a map that cannot be made");
	}
	fail_at = 0;
	for (layout = DPU_VIRTQ_SPLIT; layout <= DPU_VIRTQ_PACKED; layout++) {
		test_queue(layout, DPU_VIRTQ_DRIVER, false);
		test_queue(layout, DPU_VIRTQ_DEVICE, false);
		test_queue(layout, DPU_VIRTQ_DEVICE, true);
	}
	test_map();
	return tap_done();
}
