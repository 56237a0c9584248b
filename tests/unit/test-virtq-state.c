/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What outlives a side: its position, chains in flight, and starting anew. Over both layouts. */
#include <dpu/virtq.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tap.h"

#define SIZE 16
#define ROUNDS 60

static uint32_t layout;

/* Shared with the device's process. */
static struct {
	char ring[3 * 4096];
	char region[4096];
	uint32_t data[SIZE * 4];
} * shared;

static struct dpu_virtq *driver;

static void opts_set(struct dpu_virtq_opts *opts, uint32_t side)
{
	size_t avail, used;

	must(dpu_virtq_ring_size((enum dpu_virtq_layout)layout, SIZE, &avail, &used) > 0);
	opts->layout = layout;
	opts->size = SIZE;
	opts->side = side;
	opts->desc = shared->ring;
	opts->avail = shared->ring + avail;
	opts->used = shared->ring + used;
}

static void start_driver(uint64_t features)
{
	DPU_OPTS(dpu_virtq_opts, opts, .features = features);

	memset(shared, 0, sizeof(*shared));
	opts_set(&opts, DPU_VIRTQ_DRIVER);
	must(dpu_virtq_create(&opts, &driver) == 0);
}

static struct dpu_virtq *start_device(bool region, const struct dpu_virtq_state *state, uint64_t features)
{
	DPU_OPTS(dpu_virtq_opts, opts, .state = state, .features = features);
	struct dpu_virtq *device;

	opts_set(&opts, DPU_VIRTQ_DEVICE);
	if (region) {
		opts.inflight = shared->region;
		opts.inflight_size = (size_t)dpu_virtq_inflight_size((enum dpu_virtq_layout)layout, SIZE);
		must(opts.inflight_size <= sizeof(shared->region));
	}
	must(dpu_virtq_create(&opts, &device) == 0);
	return device;
}

/* Makes chains of one to three elements available, with n and those after it as their cookies. */
static void add(uintptr_t n, uint32_t count, uint32_t elements)
{
	struct iovec iov[3];
	struct dpu_virtq_chain chain = { .iov = iov,
					 .write_count = 1,
					 .read_count = (uint16_t)(elements - 1) };
	uint32_t i;

	for (i = 0; i < 3; i++)
		iov[i] = (struct iovec){ &shared->data[n % (SIZE * 4)], 4 };
	for (; count--; n++) {
		chain.cookie = (void *)n;
		must(dpu_virtq_add(driver, &chain, 1) == 1);
	}
}

static uint32_t pop(struct dpu_virtq *device, struct dpu_virtq_chain *chains, uint32_t count)
{
	static struct iovec iov[SIZE][3];
	uint32_t i;
	int n;

	for (i = 0; i < count; i++)
		chains[i] = (struct dpu_virtq_chain){ .iov = iov[i], .iov_max = 3 };
	n = dpu_virtq_pop(device, chains, count);
	must(n >= 0);
	return (uint32_t)n;
}

static void test_region_size(void)
{
	/* The specification's structures: 16 + 16 bytes an entry, and 32 + 32. */
	is_int(dpu_virtq_inflight_size(DPU_VIRTQ_SPLIT, 256), 16 + 256 * 16);
	is_int(dpu_virtq_inflight_size(DPU_VIRTQ_PACKED, 255), 32 + 255 * 32);
	is_int(dpu_virtq_inflight_size(DPU_VIRTQ_SPLIT, 255), -EINVAL);
}

/* A device side follows another, with nothing out. */
static void test_position(void)
{
	struct dpu_virtq_chain chains[SIZE], got[SIZE];
	struct dpu_virtq_state state, before = { 0 };
	struct dpu_virtq *device;
	uint32_t i, n, wraps = 0;

	start_driver(0);
	device = start_device(false, NULL, 0);
	dpu_virtq_get_state(device, &state);
	ok(state.avail == 0 && state.used == 0 && state.avail_wrap == layout && state.used_wrap == layout,
	   "the beginning");
	for (i = 0; i < 40; i++) {
		add(i * 5, 5, 1 + i % 3);
		n = pop(device, chains, SIZE);
		must(n == 5);
		must(dpu_virtq_push(device, chains, n) == 0);
		dpu_virtq_get_state(device, &state);
		wraps += state.used_wrap != before.used_wrap;
		before = state;
		dpu_virtq_unref(device);
		device = start_device(false, &state, 0);
		must(dpu_virtq_get(driver, got, SIZE) == 5);
		dpu_virtq_get_state(driver, &state);
		must(!memcmp(&state, &before, sizeof(state)));
	}
	ok(layout == DPU_VIRTQ_SPLIT ? !wraps : wraps > 10, "40 device sides, %u wraps", wraps);
	dpu_virtq_unref(device);
	dpu_virtq_unref(driver);
}

/* A device side follows one that wanted no notifications: it asks for them. */
static void test_wish(uint64_t features)
{
	struct dpu_virtq_chain chains[SIZE];
	struct dpu_virtq_state state;
	struct dpu_virtq *device;
	uint32_t i;

	start_driver(features);
	device = start_device(false, NULL, features);
	dpu_virtq_notify(device, 0);
	for (i = 0; i < 3; i++) {
		add(0, 1, 1);
		is_int(dpu_virtq_should_notify(driver), 0);
		must(pop(device, chains, 1) == 1 && dpu_virtq_push(device, chains, 1) == 0);
	}
	dpu_virtq_get_state(device, &state);
	dpu_virtq_unref(device);
	device = start_device(false, &state, features);
	add(0, 1, 1);
	is_int(dpu_virtq_should_notify(driver), 1);
	dpu_virtq_unref(device);
	dpu_virtq_unref(driver);
}

static void test_bad_state(void)
{
	DPU_OPTS(dpu_virtq_opts, opts, .features = 0);
	struct dpu_virtq_state state = { .avail = SIZE + 1 };
	struct dpu_virtq *device = NULL;

	opts_set(&opts, DPU_VIRTQ_DEVICE);
	opts.state = &state;
	is_int(dpu_virtq_create(&opts, &device), -EINVAL);
	state = (struct dpu_virtq_state){ .avail_wrap = 2, .used_wrap = 2 };
	is_int(dpu_virtq_create(&opts, &device), -EINVAL);
	state = (struct dpu_virtq_state){ .reserved = 1 };
	is_int(dpu_virtq_create(&opts, &device), -EINVAL);
	opts_set(&opts, DPU_VIRTQ_DRIVER);
	state = (struct dpu_virtq_state){ .avail = 1 };
	is_int(dpu_virtq_create(&opts, &device), -EINVAL);
	opts_set(&opts, DPU_VIRTQ_DEVICE);
	opts.state = NULL;
	memset(shared, 0, sizeof(*shared));
	opts.inflight = shared->region;
	opts.inflight_size = (size_t)dpu_virtq_inflight_size((enum dpu_virtq_layout)layout, SIZE) - 1;
	is_int(dpu_virtq_create(&opts, &device), -EINVAL);
	opts.inflight_size++;
	shared->region[8] = 2; /* a version to come */
	is_int(dpu_virtq_create(&opts, &device), -EINVAL);
	shared->region[8] = 1;
	shared->region[10] = SIZE - 1; /* another size */
	is_int(dpu_virtq_create(&opts, &device), -EINVAL);
	shared->region[8] = 0; /* half made */
	is_int(dpu_virtq_create(&opts, &device), 0);
	ok(shared->region[8] == 1 && shared->region[10] == SIZE,
	   "a region that was not made whole is made anew");
	device = dpu_virtq_unref(device);
}

/* A device side that ended with chains out: the next one gets them again, in order, and then goes on. */
static void test_again(void)
{
	struct dpu_virtq_chain chains[SIZE], got[SIZE];
	uint16_t heads[SIZE], kept[3];
	struct dpu_virtq *device;
	uint32_t n, i, round;

	start_driver(0);
	device = start_device(true, NULL, 0);
	for (round = 0; round < 20; round++) {
		add(round * 6, 5, 1 + round % 3);
		n = pop(device, chains, SIZE);
		must(n == 5);
		kept[0] = chains[0].head;
		kept[1] = chains[2].head;
		kept[2] = chains[3].head;
		must(dpu_virtq_push(device, (struct dpu_virtq_chain[]){ chains[4], chains[1] }, 2) == 0);
		is_int(dpu_virtq_inflight(device, heads, SIZE), 3);
		ok(!memcmp(heads, kept, sizeof(kept)), "what is out, in order");
		dpu_virtq_unref(device);
		add(round * 6 + 5, 1, 1);
		device = start_device(true, NULL, 0);
		is_int(dpu_virtq_pending(device), 4);
		n = pop(device, chains, 2);
		n += pop(device, &chains[n], SIZE - n);
		n += pop(device, &chains[n], SIZE - n);
		is_int(n, 4);
		for (i = 0; i < 3; i++)
			is_int(chains[i].head, kept[i]);
		must(dpu_virtq_push(device, (struct dpu_virtq_chain[]){ chains[2], chains[3], chains[0] },
				    3) == 0);
		must(dpu_virtq_push(device, &chains[1], 1) == 0);
		must(dpu_virtq_get(driver, got, SIZE) == 6);
		ok(got[0].cookie == (void *)(uintptr_t)(round * 6 + 4) &&
			   got[5].cookie == (void *)(uintptr_t)(round * 6 + 2),
		   "all six come back, round %u", round);
	}
	is_int(dpu_virtq_inflight(device, NULL, 0), 0);
	dpu_virtq_unref(device);
	dpu_virtq_unref(driver);
}

/* A device side that died in the middle of a burst: its used entries are in the ring, but for the store that
 * publishes them. */
static void test_torn(void)
{
	struct dpu_virtq_chain chains[SIZE], got[SIZE];
	static char region[sizeof(shared->region)], ring[sizeof(shared->ring)];
	struct dpu_virtq *device;
	uint32_t round, n;
	size_t used;

	must(dpu_virtq_ring_size((enum dpu_virtq_layout)layout, SIZE, NULL, &used) > 0);
	start_driver(0);
	device = start_device(true, NULL, 0);
	for (round = 0; round < SIZE; round++) {
		/* What publishes: the used index, or the word of the descriptor where the burst begins. */
		size_t at = layout == DPU_VIRTQ_PACKED ? round * 5 % SIZE * 16 + 8 : used + 2;

		add(round * 5, 5, 1);
		must(pop(device, chains, SIZE) == 5);
		memcpy(region, shared->region, sizeof(region));
		memcpy(ring, shared->ring, sizeof(ring));
		must(dpu_virtq_push(device, (struct dpu_virtq_chain[]){ chains[3], chains[1], chains[4] },
				    3) == 0);
		dpu_virtq_unref(device);
		memcpy(shared->region, region, sizeof(region));
		memcpy(shared->ring + at, ring + at, layout == DPU_VIRTQ_PACKED ? 8 : 2);
		device = start_device(true, NULL, 0);
		n = pop(device, chains, SIZE);
		must(n == 5);
		must(dpu_virtq_push(device, &chains[2], 1) == 0);
		is_int(dpu_virtq_get(driver, got, SIZE), 1);
		chains[2] = chains[4];
		must(dpu_virtq_push(device, chains, 4) == 0);
		is_int(dpu_virtq_get(driver, got, SIZE), 4);
	}
	dpu_virtq_unref(device);
	dpu_virtq_unref(driver);
}

static uint32_t roll(uint32_t n)
{
	static uint64_t state = 20261121;

	state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(state >> 33) % n;
}

/* The device's process: takes chains, returns them in any order, until it is killed. */
static void serve(void)
{
	struct dpu_virtq_chain chains[SIZE], pick;
	struct iovec iov[SIZE][3];
	struct dpu_virtq *device = start_device(true, NULL, 0);
	uint32_t out = 0, i, n;
	int rc;

	for (;;) {
		for (i = out; i < SIZE; i++)
			chains[i] = (struct dpu_virtq_chain){ .iov = iov[i], .iov_max = 3 };
		rc = dpu_virtq_pop(device, &chains[out], 1 + roll(SIZE - out));
		if (rc < 0 && out < SIZE)
			_exit(1);
		out += rc > 0 ? (uint32_t)rc : 0;
		n = roll(out + 1);
		for (i = 0; i < n; i++) {
			uint32_t other = i + roll(out - i);

			pick = chains[i];
			chains[i] = chains[other];
			chains[other] = pick;
		}
		if (dpu_virtq_push(device, chains, n) < 0)
			_exit(2);
		memmove(chains, &chains[n], (out - n) * sizeof(chains[0]));
		out -= n;
	}
}

/* Makes as many chains available as there is room for; how many there have been. */
static uint32_t fill(uint8_t *state, uint32_t size, uint32_t added)
{
	while (dpu_virtq_room(driver) >= 3 && added < size) {
		state[added] = 1;
		add(added++, 1, 1 + roll(3));
	}
	return added;
}

/* The device's process is killed again and again: each chain comes back once. */
static void test_killed(void)
{
	static uint8_t state[1 << 20]; /* by cookie: 1 added, 2 back */
	struct dpu_virtq_chain got[SIZE];
	uint32_t round, added = 0, back = 0, wrong = 0, again = 0;
	uintptr_t cookie;
	int n, i, status;
	pid_t pid;

	memset(state, 0, sizeof(state));
	start_driver(0);
	for (round = 0; round <= ROUNDS; round++) {
		/* The first round's device may not look at a region that is half made. */
		uint32_t until = back + 100 + roll(2000), last = round == ROUNDS;

		pid = fork();
		must(pid >= 0);
		if (!pid)
			serve();
		while (last ? back < added : back < until) {
			if (!last)
				added = fill(state, sizeof(state), added);
			n = dpu_virtq_get(driver, got, SIZE);
			must(n >= 0);
			for (i = 0; i < n; i++) {
				cookie = (uintptr_t)got[i].cookie;
				wrong += state[cookie] != 1;
				state[cookie] = 2;
			}
			back += (uint32_t)n;
			if (!n && waitpid(pid, &status, WNOHANG) == pid) {
				tap_diag("the device's process ended by itself: %d", status);
				wrong++;
				last = 1;
				round = ROUNDS;
				pid = 0;
				break;
			}
		}
		/* In the middle of something, however the two are scheduled. */
		if (!last) {
			added = fill(state, sizeof(state), added);
			sched_yield();
		}
		if (pid) {
			kill(pid, SIGKILL);
			must(waitpid(pid, &status, 0) == pid);
		}
		again += back < added;
	}
	tap_diag("%u wrong, %u of %u back", wrong, back, added);
	ok(!wrong && back == added && again > 10, "%u chains, a device killed %u times: each came back once",
	   back, round);
	dpu_virtq_unref(driver);
}

/* A region that somebody has written nonsense into is refused, or leads to chains that are refused. */
static void test_garbled_region(void)
{
	DPU_OPTS(dpu_virtq_opts, opts, .features = 0);
	struct dpu_virtq_chain chains[SIZE];
	struct iovec iov[SIZE][3];
	uint32_t round, i, refused = 0, taken = 0;
	struct dpu_virtq *device;
	static char good[sizeof(*shared)];
	size_t size = (size_t)dpu_virtq_inflight_size((enum dpu_virtq_layout)layout, SIZE);
	int n;

	start_driver(0);
	device = start_device(true, NULL, 0);
	add(0, 5, 3);
	pop(device, chains, 5);
	must(dpu_virtq_push(device, &chains[2], 2) == 0);
	dpu_virtq_unref(device);
	memcpy(good, shared, sizeof(good));
	opts_set(&opts, DPU_VIRTQ_DEVICE);
	opts.inflight = shared->region;
	opts.inflight_size = size;
	must(dpu_memory_map_create(&opts.memory) == 0);
	must(dpu_memory_map_add(opts.memory, (uint64_t)(uintptr_t)shared, sizeof(*shared), shared) == 0);
	for (round = 0; round < 20000; round++) {
		memcpy(shared, good, sizeof(good));
		for (i = 1 + roll(4); i--;)
			shared->region[roll((uint32_t)size)] = (char)roll(roll(2) ? 256 : 20);
		if (dpu_virtq_create(&opts, &device) < 0) {
			refused++;
			continue;
		}
		for (i = 0; i < SIZE; i++)
			chains[i] = (struct dpu_virtq_chain){ .iov = iov[i], .iov_max = 3 };
		n = dpu_virtq_pop(device, chains, SIZE);
		if (n > 0) {
			taken++;
			dpu_virtq_push(device, chains, (uint32_t)n);
			dpu_virtq_pop(device, chains, SIZE);
		}
		dpu_virtq_unref(device);
	}
	ok(refused > 100 && taken > 100, "%u regions refused, %u led to chains", refused, taken);
	dpu_memory_map_unref(opts.memory);
	dpu_virtq_unref(driver);
}

static void test_reset(void)
{
	struct dpu_virtq_chain chains[SIZE], got[SIZE];
	struct dpu_virtq_state state;
	struct dpu_virtq *device;
	uint32_t cookies = 0;
	int n, i;

	start_driver(DPU_VIRTIO_F_RING_RESET | DPU_VIRTIO_F_EVENT_IDX);
	device = start_device(true, NULL, DPU_VIRTIO_F_RING_RESET | DPU_VIRTIO_F_EVENT_IDX);
	add(0, 5, 2);
	must(pop(device, chains, 3) == 3);
	must(dpu_virtq_push(device, chains, 1) == 0);
	must(dpu_virtq_get(driver, got, SIZE) == 1);
	is_int(dpu_virtq_detach(device, got, SIZE), -EINVAL);
	is_int(dpu_virtq_reset(driver), -EBUSY);
	is_int(dpu_virtq_reset(device), 0);
	n = dpu_virtq_detach(driver, got, 3);
	is_int(n, 3);
	n += dpu_virtq_detach(driver, got + n, SIZE);
	is_int(n, 4);
	for (i = 0; i < n; i++)
		cookies |= 1u << (uintptr_t)got[i].cookie;
	is_int(cookies, 0x1e);
	is_int(dpu_virtq_detach(driver, got, SIZE), 0);
	is_int(dpu_virtq_reset(driver), 0);
	is_int(dpu_virtq_room(driver), SIZE);
	is_int(dpu_virtq_room(device), 0);
	is_int(dpu_virtq_inflight(driver, NULL, 0), -EINVAL);
	dpu_virtq_get_state(driver, &state);
	ok(state.avail == 0 && state.used == 0 && state.avail_wrap == layout, "at the beginning again");
	add(7, 5, 2);
	is_int(dpu_virtq_should_notify(driver), 1);
	must(pop(device, chains, SIZE) == 5);
	must(dpu_virtq_push(device, chains, 5) == 0);
	is_int(dpu_virtq_get(driver, got, SIZE), 5);
	ok(got[0].cookie == (void *)7, "and at work");
	/* A queue that has stopped runs again. */
	add(0, 1, 1);
	for (i = 0; i < SIZE; i++)
		memset(shared->ring + i * 16 + 12, 0xff, 2); /* flags, or buffer ID */
	is_int(dpu_virtq_pop(device, chains, 1), -EIO);
	is_int(dpu_virtq_detach(driver, got, SIZE), 1);
	is_int(dpu_virtq_reset(driver), 0);
	is_int(dpu_virtq_reset(device), 0);
	ok(!dpu_virtq_error(device), "no error any more");
	add(9, 1, 1);
	must(pop(device, chains, SIZE) == 1);
	dpu_virtq_unref(device);
	dpu_virtq_unref(driver);
}

static void test_notification_data(void)
{
	const uint64_t features = DPU_VIRTIO_F_NOTIFICATION_DATA;
	struct dpu_virtq_chain chains[SIZE], got[SIZE];
	struct dpu_virtq *device;
	uint32_t i, wrong = 0, data;

	start_driver(0);
	is_int(dpu_virtq_notification(driver, 3), 3);
	device = start_device(false, NULL, 0);
	is_int(dpu_virtq_notified(device, 3), -EINVAL);
	dpu_virtq_unref(device);
	dpu_virtq_unref(driver);
	start_driver(features);
	device = start_device(false, NULL, features);
	is_int(dpu_virtq_notified(driver, 0), -EINVAL);
	is_int(dpu_virtq_notification(driver, 3), layout == DPU_VIRTQ_PACKED ? 0x80000003 : 3);
	add(0, 2, 1);
	is_int(dpu_virtq_notification(driver, 0xffff), layout == DPU_VIRTQ_PACKED ? 0x8002ffff : 0x2ffff);
	is_int(dpu_virtq_notified(device, dpu_virtq_notification(driver, 0)), 2);
	/* No driver can be a ring's size ahead, nor behind. */
	is_int(dpu_virtq_notified(device, layout == DPU_VIRTQ_PACKED ? 0x00010000 : 0x00110000), -EINVAL);
	is_int(dpu_virtq_notified(device, layout == DPU_VIRTQ_PACKED ? 0x80100000 : 0xffff0000), -EINVAL);
	must(pop(device, chains, 2) == 2);
	must(dpu_virtq_push(device, chains, 2) == 0);
	must(dpu_virtq_get(driver, got, 2) == 2);
	for (i = 0; i < 30000; i++) {
		add(i, 3, 1);
		data = dpu_virtq_notification(driver, 0);
		wrong += dpu_virtq_notified(device, data) != 3;
		must(pop(device, chains, 3) == 3);
		wrong += dpu_virtq_notified(device, data) != 0;
		must(dpu_virtq_push(device, chains, 3) == 0);
		must(dpu_virtq_get(driver, got, 3) == 3);
	}
	ok(!wrong, "30000 notifications, over all wraps");
	dpu_virtq_unref(device);
	dpu_virtq_unref(driver);
}

int main(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(shared != MAP_FAILED);
	test_region_size();
	for (layout = DPU_VIRTQ_SPLIT; layout <= DPU_VIRTQ_PACKED; layout++) {
		test_position();
		test_wish(0);
		test_wish(DPU_VIRTIO_F_EVENT_IDX);
		test_bad_state();
		test_again();
		test_torn();
		test_killed();
		test_garbled_region();
		test_reset();
		test_notification_data();
	}
	munmap(shared, sizeof(*shared));
	return tap_done();
}
