/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Both sides of a queue in one thread, in bursts, for callgrind to count the instructions of each call: they
 * do not depend on what else the machine does.
 *
 * usage: virtq-instructions LAYOUT FEATURES BURST COUNT */
#include <dpu/virtq.h>
#include <stdio.h>
#include <stdlib.h>

#define SIZE 256
#define MAX_BURST 64

static _Alignas(4096) char ring[16384], buffers[MAX_BURST][64];

int main(int argc, char **argv)
{
	struct dpu_virtq_chain chains[MAX_BURST], taken[MAX_BURST];
	struct iovec iov[MAX_BURST], elements[MAX_BURST];
	struct dpu_virtq *driver, *device;
	uint32_t burst, count, i;
	size_t avail, used;
	DPU_OPTS(dpu_virtq_opts, opts, .desc = ring, .size = SIZE);

	if (argc < 5)
		return 2;
	opts.layout = (uint32_t)strtoul(argv[1], NULL, 0);
	opts.features = strtoull(argv[2], NULL, 0);
	burst = (uint32_t)strtoul(argv[3], NULL, 0);
	count = (uint32_t)strtoul(argv[4], NULL, 0);
	if (burst < 1 || burst > MAX_BURST ||
	    dpu_virtq_ring_size((enum dpu_virtq_layout)opts.layout, SIZE, &avail, &used) < 0 ||
	    dpu_memory_map_create(&opts.memory) < 0 ||
	    dpu_memory_map_add(opts.memory, 0x40000000, sizeof(buffers), buffers) < 0)
		return 2;
	opts.avail = ring + avail;
	opts.used = ring + used;
	if (dpu_virtq_create(&opts, &driver) < 0)
		return 1;
	opts.side = DPU_VIRTQ_DEVICE;
	if (dpu_virtq_create(&opts, &device) < 0)
		return 1;
	dpu_memory_map_unref(opts.memory);
	dpu_virtq_notify(driver, 0);
	dpu_virtq_notify(device, 0);
	for (i = 0; i < burst; i++) {
		iov[i] = (struct iovec){ buffers[i], 64 };
		chains[i] = (struct dpu_virtq_chain){ .iov = &iov[i], .read_count = 1, .cookie = buffers[i] };
		taken[i] = (struct dpu_virtq_chain){ .iov = &elements[i], .iov_max = 1 };
	}
	for (; count >= burst; count -= burst) {
		if (dpu_virtq_add(driver, chains, burst) != (int)burst ||
		    dpu_virtq_pop(device, taken, burst) != (int)burst ||
		    dpu_virtq_push(device, taken, burst) != 0 ||
		    dpu_virtq_get(driver, chains, burst) != (int)burst)
			return 1;
		for (i = 0; i < burst; i++)
			chains[i].iov = &iov[i];
	}
	dpu_virtq_unref(driver);
	dpu_virtq_unref(device);
	return 0;
}
