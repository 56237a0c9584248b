/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fuzz target has fuzz_one(), which does what the bytes of an input say. With -DLIBFUZZER the file is a
 * target of libFuzzer's; otherwise a test that makes inputs itself:
 *
 *     fuzz-NAME [COUNT [SEED]]          random inputs
 *     fuzz-NAME --file FILE...          inputs that libFuzzer found
 *
 * COUNT inputs are run, and as many again while a second thread writes random words into the memory that the
 * other side owns, as fast as it can: between two reads of the library, too. */
#ifndef FUZZ_H
#define FUZZ_H

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>
#include "tap.h"

struct fuzz_input {
	const uint8_t *at, *end;
};

static void fuzz_one(struct fuzz_input *in);

#define check(pass)                                                                                          \
	do {                                                                                                 \
		if (!(pass)) {                                                                               \
			printf("Bail out! %s:%d: %s\n", __FILE__, __LINE__, #pass);                          \
			fflush(stdout);                                                                      \
			abort();                                                                             \
		}                                                                                            \
	} while (0)

/* The next bytes; zeros after the end. */
static inline uint64_t fuzz_bytes(struct fuzz_input *in, uint32_t count)
{
	uint64_t value = 0;

	while (count-- && in->at < in->end)
		value = value << 8 | *in->at++;
	return value;
}

static inline uint32_t fuzz_below(struct fuzz_input *in, uint32_t n)
{
	return (uint32_t)fuzz_bytes(in, n > 256 ? 4 : 1) % n;
}

/* Memory of the other side, for the thread that scribbles. */
static struct {
	pthread_mutex_t lock;
	struct {
		uint8_t *ptr;
		size_t size;
	} at[8];
	uint32_t count;
	bool on, end;
	bool wanted; /* the lock: the thread that scribbles would take it again at once */
} fuzz_scribble = { .lock = PTHREAD_MUTEX_INITIALIZER };

static inline void fuzz_lock(void)
{
	__atomic_store_n(&fuzz_scribble.wanted, true, __ATOMIC_RELAXED);
	pthread_mutex_lock(&fuzz_scribble.lock);
	__atomic_store_n(&fuzz_scribble.wanted, false, __ATOMIC_RELAXED);
}

static inline void fuzz_expose(void *ptr, size_t size)
{
	fuzz_lock();
	check(fuzz_scribble.count < 8);
	fuzz_scribble.at[fuzz_scribble.count].ptr = ptr;
	fuzz_scribble.at[fuzz_scribble.count++].size = size;
	pthread_mutex_unlock(&fuzz_scribble.lock);
}

/* All of it goes. */
static inline void fuzz_hide(void)
{
	fuzz_lock();
	fuzz_scribble.count = 0;
	pthread_mutex_unlock(&fuzz_scribble.lock);
}

#ifdef LIBFUZZER

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, data + size };

	fuzz_one(&in);
	return 0;
}

#else

static uint64_t fuzz_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Words are small, or have some bits, or any. */
static void scribble_word(uint8_t *ptr, size_t size, uint64_t random)
{
	size_t at = (random >> 32) % size;
	uint16_t word = (uint16_t)random;

	if (random >> 16 & 1)
		word &= 7;
	else if (random >> 17 & 1)
		word = (uint16_t)(1u << (word & 15));
	at -= at % 2;
	if (at + 2 <= size)
		__atomic_store_n((uint16_t *)(void *)(ptr + at), word, __ATOMIC_RELAXED);
}

static void *fuzz_scribbler(void *data)
{
	uint64_t state = 88172645463325252, random;
	uint32_t n;

	while (!__atomic_load_n(&fuzz_scribble.end, __ATOMIC_ACQUIRE)) {
		pthread_mutex_lock(&fuzz_scribble.lock);
		while (fuzz_scribble.count && !__atomic_load_n(&fuzz_scribble.wanted, __ATOMIC_RELAXED)) {
			random = fuzz_random(&state);
			n = (uint32_t)(random >> 24) % fuzz_scribble.count;
			scribble_word(fuzz_scribble.at[n].ptr, fuzz_scribble.at[n].size, fuzz_random(&state));
		}
		pthread_mutex_unlock(&fuzz_scribble.lock);
		sched_yield();
	}
	return data;
}

static void fuzz_many(uint64_t count, uint64_t *state)
{
	static uint8_t bytes[4096];
	struct fuzz_input in;
	uint64_t i;
	size_t j, size;

	for (i = 0; i < count; i++) {
		size = 16 + fuzz_random(state) % (i % 8 ? 400 : sizeof(bytes) - 16);
		for (j = 0; j < size; j++)
			bytes[j] = (uint8_t)(fuzz_random(state) >> 32);
		in = (struct fuzz_input){ bytes, bytes + size };
		/* An endless loop ends the program. */
		alarm(60);
		fuzz_one(&in);
	}
}

static void fuzz_file(const char *name)
{
	static uint8_t bytes[1 << 20];
	FILE *file = fopen(name, "rb");
	struct fuzz_input in = { bytes, bytes };

	must(file);
	in.end += fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	fuzz_one(&in);
	ok(true, "%s", name);
}

static int fuzz_main(int argc, char **argv, uint64_t count)
{
	uint64_t state;
	pthread_t thread;
	int i;

	for (i = 2; argc > 2 && !strcmp(argv[1], "--file") && i < argc; i++)
		fuzz_file(argv[i]);
	if (i > 2)
		return tap_done();
	count = argc > 1 ? strtoull(argv[1], NULL, 0) : count;
	state = argc > 2 ? strtoull(argv[2], NULL, 0) : 20261121;
	state += !state;
	tap_diag("SEED=%" PRIu64, state);
	fuzz_many(count, &state);
	ok(true, "%" PRIu64 " inputs", count);
	fuzz_scribble.on = true;
	must(pthread_create(&thread, NULL, fuzz_scribbler, NULL) == 0);
	fuzz_many(count, &state);
	__atomic_store_n(&fuzz_scribble.end, true, __ATOMIC_RELEASE);
	must(pthread_join(thread, NULL) == 0);
	ok(true, "%" PRIu64 " inputs while somebody scribbles", count);
	return tap_done();
}

#endif

#endif
