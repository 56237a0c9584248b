/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FNV-1a, 64 bits: to see that something has changed, not to withstand anybody. */
#ifndef DPU_CORE_HASH_H
#define DPU_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static const uint64_t hash_start = UINT64_C(0xcbf29ce484222325);

static inline uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	for (; len; len--, at++)
		hash = (hash ^ *at) * UINT64_C(0x100000001b3);
	return hash;
}

static inline uint64_t hash_text(uint64_t hash, const char *text)
{
	return hash_bytes(hash, text, strlen(text) + 1);
}

static inline uint64_t hash_number(uint64_t hash, uint64_t number)
{
	return hash_bytes(hash, &number, sizeof(number));
}

#endif
