/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rings as they lie in memory, and how that is read and written. */
#ifndef DPU_VIRTQ_RING_H
#define DPU_VIRTQ_RING_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>

#define VIRTQ_MAX_SIZE 32768

/* Bytes of a cache line, for guesses only. */
#define RING_LINE 64
/* Entries whose lines are asked for in advance, at most. */
#define RING_PREFETCH 64

/* 2.7.5 and 2.8.1: flags of descriptors; the last two in packed rings only. */
#define VIRTQ_DESC_F_NEXT 1
#define VIRTQ_DESC_F_WRITE 2
#define VIRTQ_DESC_F_INDIRECT 4
#define VIRTQ_DESC_F_AVAIL (1 << 7)
#define VIRTQ_DESC_F_USED (1 << 15)

/* 2.7.6 and 2.7.8: in the flags of the available and of the used ring, "do not notify me". */
#define VIRTQ_F_NO_NOTIFY 1

/* 2.8.10: in the flags of an event suppression structure. */
#define VIRTQ_EVENT_ENABLE 0
#define VIRTQ_EVENT_DISABLE 1
#define VIRTQ_EVENT_DESC 2

/* 2.7.5.2: no chain describes more than 2^32 bytes. */
#define VIRTQ_CHAIN_BYTES (UINT64_C(1) << 32)

/* Descriptors of both layouts end in a word of 8 bytes: length, then flags and next, or id and flags. It is
 * read and written at once; a packed descriptor is published by it, the flags being its end. */
struct virtq_desc {
	uint64_t addr;
	uint64_t word; /* le32 len, le16 flags, le16 next */
};

struct virtq_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[]; /* then used_event */
};

/* Aligned to 4 only, so not always read and written at once: the index publishes it. */
struct virtq_used_elem {
	uint64_t word; /* le32 id, le32 len */
} __attribute__((packed, aligned(4), may_alias));

struct virtq_used {
	uint16_t flags;
	uint16_t idx;
	struct virtq_used_elem ring[]; /* then avail_event */
};

struct pvirtq_desc {
	uint64_t addr;
	uint64_t word; /* le32 len, le16 id, le16 flags */
};

_Static_assert(sizeof(struct virtq_desc) == 16, "virtq_desc");
_Static_assert(sizeof(struct virtq_used_elem) == 8, "virtq_used_elem");
_Static_assert(sizeof(struct pvirtq_desc) == 16, "pvirtq_desc");

/* One read of memory that the peer may change at any time. */
static inline uint16_t ring_load16(const uint16_t *at)
{
	return le16toh(__atomic_load_n(at, __ATOMIC_RELAXED));
}

static inline uint32_t ring_load32(const uint32_t *at)
{
	return le32toh(__atomic_load_n(at, __ATOMIC_RELAXED));
}

static inline uint64_t ring_load64(const uint64_t *at)
{
	return le64toh(__atomic_load_n(at, __ATOMIC_RELAXED));
}

static inline void ring_store16(uint16_t *at, uint16_t value)
{
	__atomic_store_n(at, htole16(value), __ATOMIC_RELAXED);
}

static inline void ring_store32(uint32_t *at, uint32_t value)
{
	__atomic_store_n(at, htole32(value), __ATOMIC_RELAXED);
}

static inline void ring_store64(uint64_t *at, uint64_t value)
{
	__atomic_store_n(at, htole64(value), __ATOMIC_RELAXED);
}

/* volatile, so that it is one read of memory that the peer may change. */
static inline uint64_t ring_load_used(const volatile struct virtq_used_elem *elem)
{
	return le64toh(elem->word);
}

static inline void ring_store_used(volatile struct virtq_used_elem *elem, uint32_t id, uint32_t len)
{
	elem->word = htole64(id | (uint64_t)len << 32);
}

static inline uint64_t desc_word(uint32_t len, uint16_t low, uint16_t high)
{
	return len | (uint64_t)low << 32 | (uint64_t)high << 48;
}

/* What follows is read after this word, which publishes it. */
static inline uint16_t ring_load16_acquire(const uint16_t *at)
{
	return le16toh(__atomic_load_n(at, __ATOMIC_ACQUIRE));
}

/* What was written before is visible before this word, which publishes it. */
static inline void ring_store16_release(uint16_t *at, uint16_t value)
{
	__atomic_store_n(at, htole16(value), __ATOMIC_RELEASE);
}

static inline uint64_t ring_load64_acquire(const uint64_t *at)
{
	return le64toh(__atomic_load_n(at, __ATOMIC_ACQUIRE));
}

static inline void ring_store64_release(uint64_t *at, uint64_t value)
{
	__atomic_store_n(at, htole64(value), __ATOMIC_RELEASE);
}

/* Asks for a cache line to write to, so that it comes once and not first to be read. */
static inline void ring_prefetch_write(const void *at)
{
#if defined(__x86_64__)
	/* gcc's builtin reads only, unless told of the processor. */
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)at));
#else
	__builtin_prefetch(at, 1);
#endif
}

/* Out of the way of the loops that move the common case. */
#define RING_COLD __attribute__((noinline, cold))

static inline bool ring_likely(bool condition)
{
	return __builtin_expect(condition, 1);
}

static inline bool ring_unlikely(bool condition)
{
	return __builtin_expect(condition, 0);
}

#endif
