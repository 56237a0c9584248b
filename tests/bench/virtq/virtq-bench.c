/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the ring engines cost, beside what two cores can do at all, in the same run: each round measures every
 * case once, and a case's figure is the median of its rounds, so that whatever the machine is busy with
 * meanwhile falls on all alike. Floors: a ring of descriptors between one producer and one consumer, with
 * nothing of virtio, and cache lines that go to and fro.
 *
 * usage: virtq-bench [ROUNDS [MILLISECONDS [BURST]]] */
#include <dpu/virtq.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SIZE 256
#define MAX_BURST 64
#define PAYLOAD 64
#define BUFFERS (2 * SIZE)
#define BUFFER_SIZE 2048
#define MAX_ROUNDS 101

/* One case: how a side passes buffers, and what is counted. */
struct bench {
	const char *name;
	uint64_t (*first)(const struct bench *bench); /* on core 0; returns what was passed */
	void (*second)(const struct bench *bench);    /* on core 1, until stop */
	uint32_t burst;
	uint32_t layout;
	uint64_t features;
	size_t floor;             /* which case it is compared with */
	double rates[MAX_ROUNDS]; /* a second */
	double ratios[MAX_ROUNDS];
};

static struct {
	_Alignas(256) _Atomic uint64_t ping;
	_Alignas(256) _Atomic uint64_t pong;
	_Alignas(256) atomic_bool stop;
	_Alignas(256) atomic_bool ready;
	_Alignas(256) char end;
} shared;

static _Alignas(4096) char buffers[BUFFERS][BUFFER_SIZE];
static _Alignas(4096) char copies[BUFFERS][BUFFER_SIZE];
static _Alignas(4096) char ring[16384];
static struct dpu_virtq *driver, *device;
static uint32_t milliseconds = 100;

static bool running(void)
{
	return !atomic_load_explicit(&shared.stop, memory_order_relaxed);
}

/* What a program does between two looks at a queue, so as not to take the line away that the other side
 * writes. */
static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

/* The floor: descriptors of 16 bytes, an index on a cache line of its own for each side. */
struct slot {
	char *ptr;
	uint32_t len;
	uint32_t id;
};

static _Alignas(4096) struct slot slots[SIZE];

static void fill(char *buffer, uint64_t n)
{
	memcpy(buffer, &n, sizeof(n));
	memcpy(buffer + 40, &n, sizeof(n));
}

static uint64_t produce(const struct bench *bench)
{
	uint32_t burst = bench->burst, i;
	uint64_t n = 0;

	while (running()) {
		if (n + burst - atomic_load_explicit(&shared.pong, memory_order_acquire) > SIZE)
			continue;
		for (i = 0; i < burst; i++, n++) {
			fill(buffers[n % BUFFERS], n);
			slots[n % SIZE] = (struct slot){ buffers[n % BUFFERS], PAYLOAD, i };
		}
		atomic_store_explicit(&shared.ping, n, memory_order_release);
	}
	return n;
}

static void consume(const struct bench *bench)
{
	uint64_t n = 0, ready;

	while (running()) {
		ready = atomic_load_explicit(&shared.ping, memory_order_acquire);
		if (ready == n)
			continue;
		if (ready > n + bench->burst)
			ready = n + bench->burst;
		for (; n < ready; n++)
			memcpy(copies[n % BUFFERS], slots[n % SIZE].ptr, slots[n % SIZE].len);
		atomic_store_explicit(&shared.pong, n, memory_order_release);
	}
}

/* Cache lines that go to and fro: one that both write, or one each. */
static uint64_t ping(const struct bench *bench)
{
	_Atomic uint64_t *back = bench->burst == 1 ? &shared.ping : &shared.pong;
	uint64_t n = 0;

	while (running()) {
		atomic_store_explicit(&shared.ping, 2 * n + 1, memory_order_release);
		while (atomic_load_explicit(back, memory_order_acquire) != 2 * n + 2 && running())
			;
		n++;
	}
	return n;
}

static void pong(const struct bench *bench)
{
	_Atomic uint64_t *back = bench->burst == 1 ? &shared.ping : &shared.pong;
	uint64_t n;

	for (n = 0; running(); n++) {
		while (atomic_load_explicit(&shared.ping, memory_order_acquire) != 2 * n + 1 && running())
			;
		atomic_store_explicit(back, 2 * n + 2, memory_order_release);
	}
}

/* The engines, polling: the driver keeps the ring full of bursts, the device copies each buffer's content. As
 * a driver does, it keeps a chain for each buffer. */
static uint64_t drive(const struct bench *bench)
{
	static struct dpu_virtq_chain chains[BUFFERS];
	static struct iovec iov[BUFFERS];
	struct dpu_virtq_chain got[MAX_BURST];
	uint32_t room = SIZE, burst = bench->burst, at, i;
	uint64_t n = 0;
	int rc;

	for (i = 0; i < BUFFERS; i++) {
		iov[i] = (struct iovec){ buffers[i], PAYLOAD };
		chains[i] = (struct dpu_virtq_chain){ .iov = &iov[i], .read_count = 1, .cookie = buffers[i] };
	}
	while (running()) {
		rc = dpu_virtq_get(driver, got, burst);
		if (rc < 0)
			abort();
		room += (uint32_t)rc;
		if (room < burst) {
			relax();
			continue;
		}
		at = (uint32_t)(n % BUFFERS);
		for (i = 0; i < burst; i++)
			fill(buffers[at + i], n + i);
		if (dpu_virtq_add(driver, &chains[at], burst) != (int)burst)
			abort();
		n += burst;
		room -= burst;
	}
	return n;
}

static void serve(const struct bench *bench)
{
	struct dpu_virtq_chain chains[MAX_BURST];
	struct iovec iov[MAX_BURST];
	uint64_t n = 0;
	int rc, i;

	for (i = 0; i < MAX_BURST; i++)
		chains[i] = (struct dpu_virtq_chain){ .iov = &iov[i], .iov_max = 1 };
	while (running()) {
		rc = dpu_virtq_pop(device, chains, bench->burst);
		if (rc < 0)
			abort();
		if (!rc) {
			relax();
			continue;
		}
		for (i = 0; i < rc; i++, n++)
			memcpy(copies[n % BUFFERS], iov[i].iov_base, iov[i].iov_len);
		if (dpu_virtq_push(device, chains, (uint32_t)rc) < 0)
			abort();
	}
}

/* One buffer at a time, there and back; its content is not touched. */
static uint64_t ask(const struct bench *bench)
{
	struct iovec iov = { buffers[0], PAYLOAD };
	struct dpu_virtq_chain chain = { .iov = &iov, .read_count = 1 }, got;
	uint64_t n = 0;

	(void)bench;
	for (; running(); n++) {
		if (dpu_virtq_add(driver, &chain, 1) != 1)
			abort();
		while (!dpu_virtq_get(driver, &got, 1) && running())
			relax();
	}
	return n;
}

static void answer(const struct bench *bench)
{
	struct iovec iov;
	struct dpu_virtq_chain chain = { .iov = &iov, .iov_max = 1 };

	(void)bench;
	while (running()) {
		if (dpu_virtq_pop(device, &chain, 1) > 0)
			dpu_virtq_push(device, &chain, 1);
		else
			relax();
	}
}

static void pin(int core)
{
	struct sched_param param = { .sched_priority = 1 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	/* Best effort: without the right to it the figures are noisier. */
	pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
}

static void *second_thread(void *data)
{
	const struct bench *bench = data;

	pin(1);
	atomic_store(&shared.ready, true);
	bench->second(bench);
	return NULL;
}

/* Ends the round: neither side looks at a clock. It sleeps, on the core that is first's. */
static void *clock_thread(void *data)
{
	struct sched_param param = { .sched_priority = 2 };
	struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000L };

	pin(0);
	pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
	while (!atomic_load(&shared.ready))
		sched_yield();
	nanosleep(&time, NULL);
	atomic_store(&shared.stop, true);
	return data;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void make_queue(const struct bench *bench)
{
	size_t avail, used;
	DPU_OPTS(dpu_virtq_opts, opts, .features = DPU_VIRTIO_F_VERSION_1 | bench->features, .desc = ring,
		 .layout = bench->layout, .size = SIZE);

	memset(ring, 0, sizeof(ring));
	if (dpu_virtq_ring_size((enum dpu_virtq_layout)bench->layout, SIZE, &avail, &used) < 0 ||
	    dpu_memory_map_create(&opts.memory) < 0 ||
	    dpu_memory_map_add(opts.memory, 0x40000000, sizeof(buffers), buffers) < 0)
		abort();
	opts.avail = ring + avail;
	opts.used = ring + used;
	if (dpu_virtq_create(&opts, &driver) < 0)
		abort();
	opts.side = DPU_VIRTQ_DEVICE;
	if (dpu_virtq_create(&opts, &device) < 0)
		abort();
	dpu_memory_map_unref(opts.memory);
	dpu_virtq_notify(driver, 0);
	dpu_virtq_notify(device, 0);
}

static double run(struct bench *bench)
{
	pthread_t second, clock;
	double start;
	uint64_t n;

	make_queue(bench);
	atomic_store(&shared.ping, 0);
	atomic_store(&shared.pong, 0);
	atomic_store(&shared.stop, false);
	atomic_store(&shared.ready, false);
	if (pthread_create(&second, NULL, second_thread, bench) ||
	    pthread_create(&clock, NULL, clock_thread, NULL))
		abort();
	while (!atomic_load(&shared.ready))
		sched_yield();
	start = now();
	n = bench->first(bench);
	start = now() - start;
	pthread_join(second, NULL);
	pthread_join(clock, NULL);
	driver = dpu_virtq_unref(driver);
	device = dpu_virtq_unref(device);
	return (double)n / start;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static struct bench benches[64];
static size_t count;

static void add(struct bench bench, size_t floor)
{
	benches[count] = bench;
	benches[count++].floor = floor;
}

static void add_cases(uint32_t burst)
{
	static const char *const names[2][2] = { { "split", "split-in-order" },
						 { "packed", "packed-in-order" } };
	size_t floor = count;
	uint32_t layout, order;

	add((struct bench){ .name = "spsc", .first = produce, .second = consume, .burst = burst }, floor);
	for (layout = 0; layout < 2; layout++) {
		for (order = 0; order < 2; order++)
			add((struct bench){ .name = names[layout][order],
					    .first = drive,
					    .second = serve,
					    .burst = burst,
					    .layout = layout,
					    .features = order ? DPU_VIRTIO_F_IN_ORDER : 0 },
			    floor);
	}
}

static double median(double *values, uint32_t rounds)
{
	qsort(values, rounds, sizeof(double), compare);
	return values[rounds / 2];
}

int main(int argc, char **argv)
{
	static const uint32_t bursts[] = { 1, 2, 4, 8, 16, 32, 64 };
	uint32_t rounds = argc > 1 ? (uint32_t)atoi(argv[1]) : 9, r;
	double rate;
	size_t i;

	if (argc > 2)
		milliseconds = (uint32_t)atoi(argv[2]);
	if (!rounds || rounds > MAX_ROUNDS || !milliseconds)
		return 2;
	add((struct bench){ .name = "two-lines", .first = ping, .second = pong, .burst = 2 }, 0);
	add((struct bench){ .name = "one-line", .first = ping, .second = pong, .burst = 1 }, 0);
	add((struct bench){ .name = "split-trip", .first = ask, .second = answer, .burst = 1 }, 0);
	add((struct bench){ .name = "packed-trip",
			    .first = ask,
			    .second = answer,
			    .burst = 1,
			    .layout = DPU_VIRTQ_PACKED },
	    0);
	for (i = 0; i < sizeof(bursts) / sizeof(bursts[0]); i++) {
		if (argc < 4 || bursts[i] == (uint32_t)atoi(argv[3]))
			add_cases(bursts[i]);
	}
	pin(0);
	for (r = 0; r < rounds; r++) {
		for (i = 0; i < count; i++)
			benches[i].rates[r] = run(&benches[i]);
		for (i = 0; i < count; i++)
			benches[i].ratios[r] = benches[i].rates[r] / benches[benches[i].floor].rates[r];
	}
	/* Case, burst, millions a second, nanoseconds each, part of the floor's rate in the same round. */
	for (i = 0; i < count; i++) {
		rate = median(benches[i].rates, rounds);
		printf("%-16s %2u %8.2f %8.1f %6.3f [%.2f %.2f]\n", benches[i].name, benches[i].burst,
		       rate / 1e6, 1e9 / rate, median(benches[i].ratios, rounds), benches[i].ratios[0],
		       benches[i].ratios[rounds - 1]);
	}
	return 0;
}
