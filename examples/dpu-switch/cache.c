/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <netinet/in.h>
#include <sys/mman.h>
#include "switch.h"

_Static_assert(sizeof(struct slot) == PORT_CACHE_LINE, "a slot is a cache line");

struct slot *cache_create(void)
{
	size_t size = CACHE_SLOTS * sizeof(struct slot);
	struct slot *slots =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (slots == MAP_FAILED)
		return NULL;
	/* Where it can be had: a page for each few slots is a miss of its own. */
	madvise(slots, size, MADV_HUGEPAGE);
	return slots;
}

void cache_free(struct slot *slots)
{
	if (slots)
		munmap(slots, CACHE_SLOTS * sizeof(struct slot));
}

/* IPv4 with ports, and without tags and options: all that a rule can match of it is in four words. */
bool cache_key(const uint8_t *head, uint32_t len, uint32_t port, uint64_t key[4])
{
	uint32_t last_macs, ports;
	uint16_t type, fragment;
	uint8_t proto;

	if (len < ETH_HEADER + 24)
		return false;
	memcpy(&type, head + 12, sizeof(type));
	memcpy(&fragment, head + 20, sizeof(fragment));
	proto = head[23];
	if (type != htons(0x0800) || head[14] != 0x45 || fragment & htons(0x1fff) ||
	    (head[16] == 0 && head[17] < 24))
		return false;
	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP && proto != IPPROTO_SCTP)
		return false;
	memcpy(&key[0], head, 8);
	memcpy(&last_macs, head + 8, 4);
	memcpy(&key[2], head + 26, 8);
	memcpy(&ports, head + 34, 4);
	key[1] = last_macs | (uint64_t)port << 32 | (uint64_t)head[15] << 48 | (uint64_t)proto << 56;
	key[3] = ports;
	return true;
}

void cache_flush(struct slot *slot)
{
	if (!slot->entry)
		return;
	slot->entry->packets += slot->packets;
	slot->entry->bytes += slot->bytes;
	slot->packets = slot->bytes = 0;
}

struct slot *cache_replace(struct slot *set, uint32_t generation)
{
	struct slot *slot = set, *other;

	for (other = set + 1; other < set + CACHE_WAYS && slot->generation == generation; other++) {
		if (other->generation != generation || other->packets < slot->packets)
			slot = other;
	}
	cache_flush(slot);
	return slot;
}

void cache_flush_all(struct slot *slots)
{
	uint32_t i;

	for (i = 0; i < CACHE_SLOTS; i++)
		cache_flush(&slots[i]);
}
