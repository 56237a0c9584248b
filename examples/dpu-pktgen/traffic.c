/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <stdlib.h>
#include "pktgen.h"

#define IP_AT ETH_HEADER
#define UDP_AT (IP_AT + 20)
#define MARK_AT (UDP_AT + 8)
#define FLOW_AT (MARK_AT + 2)
#define NUMBER_AT (FLOW_AT + 4)
#define STAMP_AT (NUMBER_AT + 8)
#define PATTERN_AT (STAMP_AT + 8)
#define INDEX_BITS 20
_Static_assert(PATTERN_AT <= PACKET_FRESH, "what is written anew is before the tail");

/* Addresses for tests of networks (RFC 2544), as testpmd's txonly has them. */
#define NET 0xc6120000u
#define UDP_PORT 9

static const uint8_t mark[2] = { 'd', 'p' };

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static uint16_t ip_checksum(const uint8_t *ip)
{
	uint32_t sum = 0;
	int i;

	for (i = 0; i < 20; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

/* Headers that all packets of a source and length share. */
static void put_fixed(uint8_t *packet, uint32_t source, uint32_t length)
{
	static const uint8_t macs[12] = { 2, 0, 0, 0, 1, 0, 2 };

	memset(packet, 0, PATTERN_AT);
	memcpy(packet, macs, sizeof(macs));
	put16(packet + 10, source);
	put16(packet + 12, 0x0800);
	packet[IP_AT] = 0x45;
	put16(packet + IP_AT + 2, length - IP_AT);
	packet[IP_AT + 8] = 64;
	packet[IP_AT + 9] = IPPROTO_UDP;
	put16(packet + UDP_AT + 2, UDP_PORT);
	put16(packet + UDP_AT + 4, length - UDP_AT);
	memcpy(packet + MARK_AT, mark, sizeof(mark));
}

static void put_flow(uint8_t *packet, uint32_t flow)
{
	uint32_t index = flow & (FLOWS_MAX - 1), source = flow >> INDEX_BITS;

	put32(packet + IP_AT + 12, NET | (index & 0xffff));
	put32(packet + IP_AT + 16, (NET + 0x10000) | source);
	put16(packet + UDP_AT, 1024 + (index >> 16));
	put16(packet + IP_AT + 10, 0);
	put16(packet + IP_AT + 10, ip_checksum(packet + IP_AT));
	put32(packet + FLOW_AT, flow);
}

static void put_pattern(uint8_t *packet, uint32_t length, uint32_t flow, uint64_t number)
{
	uint64_t word = mix((uint64_t)flow << 32 ^ number);
	uint32_t at;

	memcpy(packet + NUMBER_AT, &number, sizeof(number));
	memcpy(packet + STAMP_AT, &word, sizeof(word));
	for (at = PATTERN_AT; at < length; at += 8) {
		word = word * UINT64_C(0x9e3779b97f4a7c15) + 1;
		memcpy(packet + at, &word, length - at < 8 ? length - at : 8);
	}
}

struct traffic *traffic_create(const struct options *options, uint32_t source)
{
	struct traffic *traffic = calloc(1, sizeof(*traffic));
	uint32_t i;

	if (!traffic)
		return NULL;
	traffic->rooms = aligned_alloc(PORT_CACHE_LINE, PORT_BURST * sizeof(*traffic->rooms));
	if (!traffic->rooms) {
		free(traffic);
		return NULL;
	}
	memset(traffic->rooms, 0, PORT_BURST * sizeof(*traffic->rooms));
	traffic->options = options;
	traffic->source = source;
	for (i = 0; i < PORT_BURST; i++) {
		put_fixed(traffic->rooms[i], source, options->length);
		put_flow(traffic->rooms[i], source << INDEX_BITS);
		packet_single(&traffic->packets[i], traffic->rooms[i], options->length);
		/* Only the pattern, which is checked, differs from packet to packet behind there. */
		if (!options->check && options->length > PACKET_FRESH)
			traffic->packets[i].tail = traffic;
		traffic->list[i] = &traffic->packets[i];
	}
	return traffic;
}

void traffic_free(struct traffic *traffic)
{
	if (traffic)
		free(traffic->rooms);
	free(traffic);
}

void traffic_make(struct traffic *traffic, uint32_t count)
{
	const struct options *options = traffic->options;
	uint64_t stamp = options->latency ? now_ns() : 0, number;
	uint32_t i, flow;
	uint8_t *packet;

	for (i = 0; i < count; i++) {
		packet = traffic->rooms[i];
		number = options->flows > 1 ? (traffic->next + i) / options->flows : traffic->next + i;
		flow = traffic->source << INDEX_BITS;
		if (options->flows > 1) {
			flow |= (uint32_t)((traffic->next + i) % options->flows);
			put_flow(packet, flow);
		}
		if (options->check)
			put_pattern(packet, options->length, flow, number);
		if (options->latency)
			memcpy(packet + STAMP_AT, &stamp, sizeof(stamp));
	}
}

/* Where the number that a flow expects is kept; NULL: there is no such flow. */
static uint64_t *expected_of(struct checker *checker, uint32_t flow)
{
	uint32_t index = flow & (FLOWS_MAX - 1), source = flow >> INDEX_BITS, count;
	uint64_t *more;

	count = checker->sources[source].count;
	if (index >= count) {
		while (index >= count)
			count = count ? 2 * count : 64;
		more = realloc(checker->sources[source].next, count * sizeof(*more));
		if (!more)
			return NULL;
		memset(more + checker->sources[source].count, 0,
		       (count - checker->sources[source].count) * sizeof(*more));
		checker->sources[source].next = more;
		checker->sources[source].count = count;
	}
	return &checker->sources[source].next[index];
}

static void count_number(struct checker *checker, uint32_t flow, uint64_t number)
{
	uint64_t *next = expected_of(checker, flow);

	if (!next)
		return;
	if (number < *next) {
		checker->result.reordered++;
		checker->result.lost -= checker->result.lost > 0;
		return;
	}
	checker->result.lost += number - *next;
	*next = number + 1;
}

/* A forwarder may have swapped the addresses. */
static bool same_macs(const uint8_t *a, const uint8_t *b)
{
	return !memcmp(a, b, 12) || (!memcmp(a, b + 6, 6) && !memcmp(a + 6, b, 6));
}

/* Whose addresses are ours, so that everything else has to be right. */
static bool is_ours(const uint8_t *packet, uint32_t len)
{
	return len >= PATTERN_AT && packet[12] == 0x08 && packet[13] == 0 &&
	       packet[IP_AT + 9] == IPPROTO_UDP && packet[IP_AT + 12] == NET >> 24 &&
	       packet[IP_AT + 13] == (NET >> 16 & 255);
}

void checker_look(struct checker *checker, const struct packet *packet)
{
	uint8_t *got = checker->packet, *want = checker->expected;
	uint64_t number;
	uint32_t flow;

	packet_copy(packet, got);
	if (!is_ours(got, packet->len)) {
		checker->result.other++;
		return;
	}
	checker->result.checked++;
	memcpy(&flow, got + FLOW_AT, sizeof(flow));
	flow = ntohl(flow);
	memcpy(&number, got + NUMBER_AT, sizeof(number));
	put_fixed(want, flow >> INDEX_BITS, packet->len);
	put_flow(want, flow);
	put_pattern(want, packet->len, flow, number);
	if (checker->stamped)
		memcpy(want + STAMP_AT, got + STAMP_AT, 8);
	if (same_macs(got, want) && !memcmp(got + 12, want + 12, packet->len - 12))
		count_number(checker, flow, number);
	else
		checker->result.corrupted++;
}

void checker_free(struct checker *checker)
{
	uint32_t i;

	for (i = 0; checker && i < SOURCES_MAX; i++)
		free(checker->sources[i].next);
	free(checker);
}

void latency_look(struct latency *latency, const struct packet *packet, uint64_t now)
{
	uint8_t head[PACKET_HEAD];
	struct packet copy = *packet;
	struct iovec iov[2];
	uint64_t stamp, took;
	uint32_t bucket, shift;

	/* Only the head is of interest, and the packet stays as it is. */
	if (packet->iov->iov_len < PATTERN_AT)
		return;
	iov[0] = (struct iovec){ packet->iov->iov_base, PATTERN_AT };
	copy.iov = iov;
	copy.iov_count = 1;
	copy.len = PATTERN_AT;
	packet_copy(&copy, head);
	if (!is_ours(head, copy.len))
		return;
	memcpy(&stamp, head + STAMP_AT, sizeof(stamp));
	took = now > stamp ? now - stamp : 0;
	/* 64 buckets for each power of two. */
	shift = took < 64 ? 0 : 58 - (uint32_t)__builtin_clzll(took);
	bucket = shift * 64 + (uint32_t)(took >> shift);
	latency->buckets[bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1]++;
	latency->sum += took;
	if (!latency->count++ || took < latency->min)
		latency->min = took;
	if (took > latency->max)
		latency->max = took;
}
