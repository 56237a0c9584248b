/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core-distance FIRST SECOND: for each line that it reads, how many nanoseconds a cache line takes from one
 * core to the other and back. A virtual machine's cores are moved about by what is below it: between two
 * threads of one core and two ends of a machine lies a factor of ten, and what was measured here is not
 * comparable with what was measured there.
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TRIPS 1000

static _Alignas(128) atomic_uint there;
static _Alignas(128) atomic_uint back;
static sem_t begin;

static void stay_on(const char *core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)atoi(core), &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0) {
		perror("core-distance: sched_setaffinity");
		exit(1);
	}
}

static void trip(atomic_uint *out, unsigned int i, atomic_uint *in)
{
	atomic_store_explicit(out, i, memory_order_release);
	while (atomic_load_explicit(in, memory_order_acquire) != i)
		continue;
}

static void *answer(void *core)
{
	unsigned int i;

	stay_on(core);
	for (;;) {
		while (sem_wait(&begin) < 0)
			continue;
		for (i = 1; i <= TRIPS; i++) {
			while (atomic_load_explicit(&there, memory_order_acquire) != i)
				continue;
			atomic_store_explicit(&back, i, memory_order_release);
		}
	}
	return NULL;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	unsigned int i;
	char line[16];
	double from;

	if (argc != 3 || sem_init(&begin, 0, 0) < 0 || pthread_create(&thread, NULL, answer, argv[2]) != 0) {
		fprintf(stderr, "usage: core-distance FIRST SECOND\n");
		return 2;
	}
	stay_on(argv[1]);
	while (fgets(line, sizeof(line), stdin)) {
		atomic_store(&there, 0);
		atomic_store(&back, 0);
		sem_post(&begin);
		trip(&there, 1, &back);
		from = now();
		for (i = 2; i <= TRIPS; i++)
			trip(&there, i, &back);
		printf("%.0f\n", (now() - from) / (TRIPS - 1));
		fflush(stdout);
	}
	return 0;
}
