/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Learned addresses. An entry is a single word, so that workers need no lock: what one writes the other reads
 * whole, and the worst that can happen is that an address is learned twice. */
#include <stdlib.h>
#include "switch.h"

#define SETS 4096
#define WAYS 4
/* Ticks of a second after which an address is forgotten. */
#define AGE 300

struct macs {
	atomic_uint_fast64_t words[SETS][WAYS]; /* the address above the member's place plus 1; 0: none */
	atomic_uint_fast32_t seen[SETS][WAYS];
	atomic_uint_fast32_t now;
};

struct macs *macs_create(void)
{
	return calloc(1, sizeof(struct macs));
}

void macs_free(struct macs *macs)
{
	free(macs);
}

static uint64_t address(const uint8_t *mac)
{
	uint64_t word = 0;

	memcpy(&word, mac, 6);
	return word;
}

static uint32_t set_of(uint64_t word)
{
	return (uint32_t)(word * UINT64_C(0x9e3779b97f4a7c15) >> 40) % SETS;
}

void macs_learn(struct macs *macs, const uint8_t *mac, uint32_t member)
{
	uint64_t word = address(mac), have;
	uint32_t set = set_of(word), i, way = 0;
	uint_fast32_t now = atomic_load_explicit(&macs->now, memory_order_relaxed), seen, oldest = now + 1;

	if (*mac & 1)
		return;
	for (i = 0; i < WAYS; i++) {
		have = atomic_load_explicit(&macs->words[set][i], memory_order_relaxed);
		seen = atomic_load_explicit(&macs->seen[set][i], memory_order_relaxed);
		if (have && have >> 16 == word) {
			way = i;
			break;
		}
		if (!have || seen < oldest) {
			way = i;
			oldest = have ? seen : 0;
		}
	}
	word = word << 16 | (member + 1);
	if (atomic_load_explicit(&macs->words[set][way], memory_order_relaxed) != word)
		atomic_store_explicit(&macs->words[set][way], word, memory_order_relaxed);
	if (atomic_load_explicit(&macs->seen[set][way], memory_order_relaxed) != now)
		atomic_store_explicit(&macs->seen[set][way], now, memory_order_relaxed);
}

uint32_t macs_find(const struct macs *macs, const uint8_t *mac)
{
	uint64_t word = address(mac), have;
	uint32_t set = set_of(word), i;

	for (i = 0; i < WAYS && !(*mac & 1); i++) {
		have = atomic_load_explicit(&macs->words[set][i], memory_order_relaxed);
		if (have && have >> 16 == word)
			return (uint32_t)(have & 0xffff) - 1;
	}
	return OUTPUT_NOWHERE;
}

/* Empties what a condition says: of one member, or too old. */
static void sweep(struct macs *macs, uint64_t member, uint_fast32_t older)
{
	uint64_t have;
	uint32_t s, i;

	for (s = 0; s < SETS; s++) {
		for (i = 0; i < WAYS; i++) {
			have = atomic_load_explicit(&macs->words[s][i], memory_order_relaxed);
			if (have && ((have & 0xffff) == member ||
				     atomic_load_explicit(&macs->seen[s][i], memory_order_relaxed) < older))
				atomic_store_explicit(&macs->words[s][i], 0, memory_order_relaxed);
		}
	}
}

void macs_tick(struct macs *macs)
{
	uint_fast32_t now = atomic_fetch_add_explicit(&macs->now, 1, memory_order_relaxed) + 1;

	if (now > AGE)
		sweep(macs, 0, now - AGE);
}

void macs_forget(struct macs *macs, uint32_t member)
{
	sweep(macs, member + 1, 0);
}
