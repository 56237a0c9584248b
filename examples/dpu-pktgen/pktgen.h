/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PKTGEN_PKTGEN_H
#define PKTGEN_PKTGEN_H

#include <stdio.h>
#include "../ports/worker.h"

#define LENGTH_MIN 64
#define LENGTH_MAX 1518
/* Where a packet is made or copied to: an odd number of cache lines from one to the next, so that they do not
 * all want the same few sets of the cache. */
#define ROOM (33 * PORT_CACHE_LINE)
#define FLOWS_MAX (1u << 20)
#define SOURCES_MAX (1u << 12)
#define PORTS_MAX 16

enum mode { MODE_IO, MODE_MACSWAP, MODE_TXONLY, MODE_RXONLY, MODE_FLOWGEN };

struct options {
	enum mode mode;
	uint32_t length;
	uint32_t flows;
	uint32_t burst;
	uint32_t workers;
	uint32_t tx_first;
	uint64_t count;
	uint64_t rate; /* packets per second and worker; 0: as fast as it goes */
	double seconds;
	double period;
	const char *cores;
	bool check, latency, report, json;
};

/* traffic.c: packets that say what every byte of them is.
 *
 * The payload: "dp", the flow, the packet's number within it, a time stamp, and a pattern made from flow and
 * number. A flow is a source's number above an index. */
struct traffic {
	const struct options *options;
	uint32_t source;
	uint64_t next; /* number of the next packet among all of the source's */
	uint8_t (*rooms)[ROOM];
	struct packet packets[PORT_BURST];
	struct packet *list[PORT_BURST];
};

/* NULL: out of memory. */
struct traffic *traffic_create(const struct options *options, uint32_t source);
void traffic_free(struct traffic *traffic);
/* Makes the next packets in traffic->list. They are made again until they count as sent. */
void traffic_make(struct traffic *traffic, uint32_t count);
static inline void traffic_sent(struct traffic *traffic, uint32_t count)
{
	traffic->next += count;
}

struct check_result {
	uint64_t checked;
	uint64_t lost;
	uint64_t reordered;
	uint64_t corrupted;
	uint64_t other; /* packets that are none of ours */
};

struct checker {
	bool stamped; /* packets carry times, which nobody can foretell */
	struct check_result result;
	struct {
		uint64_t *next; /* of each flow, the number that is expected */
		uint32_t count;
	} sources[SOURCES_MAX];
	uint8_t packet[DPU_VIRTIO_NET_PACKET_MAX];
	uint8_t expected[DPU_VIRTIO_NET_PACKET_MAX];
};

void checker_look(struct checker *checker, const struct packet *packet);
void checker_free(struct checker *checker);

/* latency.c: how long packets were under way, in buckets that are finer than 2 %. */
#define LATENCY_BUCKETS (64 * 64)

struct latency {
	uint64_t count, sum, min, max;
	uint32_t buckets[LATENCY_BUCKETS];
};

uint64_t now_ns(void);
void latency_look(struct latency *latency, const struct packet *packet, uint64_t now);
void latency_add(struct latency *total, const struct latency *latency);
uint64_t latency_percentile(const struct latency *latency, double part);

/* forward.c: what workers do. */
struct stream {
	struct pair *from, *to;
	struct traffic *traffic; /* where packets are made */
	uint32_t first;          /* packets of --tx-first that are still to be sent */
};

struct job {
	const struct options *options;
	struct stream *streams;
	uint32_t stream_count;
	uint64_t limit; /* packets to count to; 0: none */
	uint64_t counted;
	uint64_t begin; /* of the rate */
	uint64_t paced;
	struct checker *checker;
	struct latency *latency;
	uint8_t (*rooms)[ROOM]; /* where packets are copied to */
	uint8_t *large;
	struct packet packets[PORT_BURST];
	struct packet *list[PORT_BURST];
};

/* Gives each worker its job. 0 or a negative errno. */
int jobs_create(struct workers *workers, const struct options *options, struct port **ports, uint32_t count);
void jobs_free(struct workers *workers);

/* report.c */
struct moment {
	uint64_t at; /* 0: never */
	uint64_t rx, tx;
};

struct report {
	const struct options *options;
	struct port **ports;
	uint32_t port_count;
	struct workers *workers;
	uint64_t begin;
	uint64_t last;
	uint64_t features;                     /* of port 0, when it last had a peer */
	struct moment first_moved, last_moved; /* without the time before there was a peer, and after */
	struct port_total shown[PORTS_MAX];
};

/* From time to time. */
void report_look(struct report *report);

/* As testpmd's "show port stats all". */
void report_show(struct report *report);
/* The end: all there is to say. The exit code. */
int report_end(struct report *report);

#endif
