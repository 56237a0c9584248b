/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* 64 bits to find something again, or to see that it has changed; not to withstand anybody. The step is
 * FNV-1a's, by words; a word's upper bits come down before the next, for a product moves bits only up. */
#ifndef DPU_CORE_HASH_H
#define DPU_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static const uint64_t hash_start = UINT64_C(0xcbf29ce484222325);

static inline uint64_t hash_number(uint64_t hash, uint64_t number)
{
	hash = (hash ^ number) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

static inline uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	uint64_t word;

	for (; len >= sizeof(word); len -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = hash_number(hash, word);
	}
	if (!len)
		return hash;
	word = 0;
	memcpy(&word, at, len);
	/* So many bytes of zero are not fewer of them. */
	return hash_number(hash, word ^ (uint64_t)len << 56);
}

static inline uint64_t hash_text(uint64_t hash, const char *text)
{
	return hash_bytes(hash, text, strlen(text) + 1);
}

#endif
