/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What workers do with packets. Each has its pairs of queues; the burst is all that lies between them. */
#include <errno.h>
#include <stdlib.h>
#include "pktgen.h"

/* How many more packets a job with a limit may send or take, at most a burst. */
static uint32_t allowance(const struct job *job)
{
	uint64_t left = job->limit - job->counted;

	return job->limit && left < job->options->burst ? (uint32_t)left : job->options->burst;
}

static void counted(struct worker *worker, struct job *job, uint32_t count)
{
	job->counted += count;
	if (job->limit && job->counted >= job->limit)
		atomic_store_explicit(&worker->done, true, memory_order_relaxed);
}

/* How many of count packets may be sent now. */
static uint32_t pace(struct job *job, uint32_t count)
{
	uint64_t due;

	if (!job->options->rate)
		return count;
	if (!job->begin)
		job->begin = now_ns();
	due = (uint64_t)((double)(now_ns() - job->begin) / 1e9 * (double)job->options->rate);
	/* What nobody could take is not made up for. */
	if (due > job->paced + job->options->rate / 100 + PORT_BURST)
		job->paced = due - job->options->rate / 100;
	if (due < job->paced + count)
		count = due > job->paced ? (uint32_t)(due - job->paced) : 0;
	job->paced += count;
	return count;
}

/* Makes packets and sends as many as there is room for; nothing is lost here. */
static uint32_t generate(struct job *job, struct stream *stream, uint32_t count)
{
	uint32_t sent;

	if (!count)
		return 0;
	traffic_make(stream->traffic, count);
	sent = stream->to->ops->tx(stream->to, stream->traffic->list, count);
	traffic_sent(stream->traffic, sent);
	if (job->options->rate)
		job->paced -= count - sent;
	return sent;
}

/* The program's own copy, as a program has it that goes on with the packet: a buffer of a peer's must be
 * given back. */
static void keep(struct job *job, const struct packet *packet, uint32_t i)
{
	if (packet->buffer)
		return;
	packet_copy(packet, packet->len <= sizeof(job->rooms[i]) ? job->rooms[i] : job->large);
}

/* Takes packets and looks at them as far as that is asked for. */
static uint32_t consume(struct job *job, struct stream *stream, uint32_t count)
{
	uint32_t i, n = stream->from->ops->rx(stream->from, job->packets, count);
	uint64_t now;

	if (!n)
		return 0;
	if (job->latency) {
		now = now_ns();
		for (i = 0; i < n; i++)
			latency_look(job->latency, &job->packets[i], now);
	}
	for (i = 0; i < n; i++) {
		if (job->checker)
			checker_look(job->checker, &job->packets[i]);
		else
			keep(job, &job->packets[i], i);
	}
	stream->from->ops->rx_done(stream->from);
	return n;
}

static bool move_tx(struct worker *worker)
{
	struct job *job = worker->data;
	struct stream *stream;
	uint32_t i, n, moved = 0;

	for (i = 0; i < job->stream_count; i++) {
		stream = &job->streams[i];
		n = generate(job, stream, pace(job, allowance(job)));
		counted(worker, job, n);
		moved += n;
		if (stream->from)
			moved += consume(job, stream, job->options->burst);
	}
	return moved;
}

static bool move_rx(struct worker *worker)
{
	struct job *job = worker->data;
	uint32_t i, n, moved = 0;

	for (i = 0; i < job->stream_count; i++) {
		n = consume(job, &job->streams[i], allowance(job));
		counted(worker, job, n);
		moved += n;
	}
	return moved;
}

static void swap_macs(struct packet *packet, uint8_t *room)
{
	uint8_t *macs, mac[6];

	/* A buffer of our own is changed where it is. */
	if (!packet->buffer)
		packet_take_head(packet, room);
	macs = packet->iov->iov_base;
	memcpy(mac, macs, 6);
	memcpy(macs, macs + 6, 6);
	memcpy(macs + 6, mac, 6);
}

static uint32_t forward(struct worker *worker, struct job *job, struct stream *stream)
{
	uint32_t i, n;

	if (unlikely(stream->first))
		stream->first -=
			generate(job, stream,
				 stream->first < job->options->burst ? stream->first : job->options->burst);
	n = stream->from->ops->rx(stream->from, job->packets, allowance(job));
	if (!n)
		return 0;
	if (job->options->mode == MODE_MACSWAP) {
		for (i = 0; i < n; i++)
			swap_macs(&job->packets[i], job->rooms[i]);
	}
	pair_send(stream->to, job->list, n);
	stream->from->ops->rx_done(stream->from);
	counted(worker, job, n);
	return n;
}

static bool move_forward(struct worker *worker)
{
	struct job *job = worker->data;
	uint32_t i, moved = 0;

	for (i = 0; i < job->stream_count; i++)
		moved += forward(worker, job, &job->streams[i]);
	return moved;
}

/* A stream of the pair, at the worker that its index says. */
static int add_stream(struct workers *workers, const struct options *options, struct pair *from,
		      struct pair *to, uint32_t source)
{
	struct job *job = workers->all[(from ? from : to)->index % workers->count].data;
	struct stream *streams = realloc(job->streams, (job->stream_count + 1) * sizeof(*streams));
	struct stream *stream;

	if (!streams)
		return -ENOMEM;
	job->streams = streams;
	stream = &streams[job->stream_count++];
	memset(stream, 0, sizeof(*stream));
	stream->from = from;
	stream->to = to;
	stream->first = options->tx_first * options->burst;
	stream->traffic = traffic_create(options, source);
	return stream->traffic ? 0 : -ENOMEM;
}

/* As testpmd pairs ports: 0 with 1, 2 with 3; the last one of an odd number with itself. */
static int add_port(struct workers *workers, const struct options *options, struct port **ports,
		    uint32_t count, uint32_t at, uint32_t *source)
{
	struct port *port = ports[at], *other = (at ^ 1) < count ? ports[at ^ 1] : port;
	bool back = options->check || options->latency || options->mode == MODE_FLOWGEN;
	struct pair *pair, *to;
	uint32_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < port->pair_count; i++) {
		pair = port->pairs[i];
		to = other->pairs[i % other->pair_count];
		switch (options->mode) {
		case MODE_IO:
		case MODE_MACSWAP:
			to->shared |= port->pair_count > other->pair_count;
			rc = add_stream(workers, options, pair, to, (*source)++);
			break;
		case MODE_RXONLY:
			rc = add_stream(workers, options, pair, NULL, (*source)++);
			break;
		case MODE_TXONLY:
		case MODE_FLOWGEN:
			rc = add_stream(workers, options, back ? pair : NULL, pair, (*source)++);
			break;
		}
	}
	return *source > SOURCES_MAX ? -E2BIG : rc;
}

static int create_job(struct worker *worker, const struct options *options)
{
	struct job *job = calloc(1, sizeof(*job));
	uint32_t i;

	if (!job)
		return -ENOMEM;
	worker->data = job;
	job->options = options;
	job->rooms = aligned_alloc(PORT_CACHE_LINE, PORT_BURST * sizeof(*job->rooms));
	job->large = malloc(DPU_VIRTIO_NET_PACKET_MAX);
	if (options->check)
		job->checker = calloc(1, sizeof(*job->checker));
	if (options->latency)
		job->latency = calloc(1, sizeof(*job->latency));
	if (!job->rooms || !job->large || (options->check && !job->checker) ||
	    (options->latency && !job->latency))
		return -ENOMEM;
	if (job->checker)
		job->checker->stamped = options->latency;
	for (i = 0; i < PORT_BURST; i++)
		job->list[i] = &job->packets[i];
	worker->move = move_forward;
	if (options->mode == MODE_RXONLY)
		worker->move = move_rx;
	else if (options->mode == MODE_TXONLY || options->mode == MODE_FLOWGEN)
		worker->move = move_tx;
	return 0;
}

/* The count is divided among those that have something to do. */
static void divide_count(struct workers *workers, uint64_t count)
{
	struct job *job;
	uint32_t i, busy = 0, at = 0;

	for (i = 0; i < workers->count; i++)
		busy += ((struct job *)workers->all[i].data)->stream_count > 0;
	for (i = 0; i < workers->count; i++) {
		job = workers->all[i].data;
		if (job->stream_count && count)
			job->limit = count / busy + (at++ < count % busy);
		if (!job->stream_count || (count && !job->limit))
			atomic_store(&workers->all[i].done, true);
	}
}

int jobs_create(struct workers *workers, const struct options *options, struct port **ports, uint32_t count)
{
	uint32_t i, source = 0;
	int rc = 0;

	for (i = 0; rc == 0 && i < workers->count; i++)
		rc = create_job(&workers->all[i], options);
	for (i = 0; rc == 0 && i < count; i++)
		rc = add_port(workers, options, ports, count, i, &source);
	if (rc == 0)
		divide_count(workers, options->count);
	return rc;
}

void jobs_free(struct workers *workers)
{
	struct job *job;
	uint32_t i, s;

	for (i = 0; i < workers->count; i++) {
		job = workers->all[i].data;
		if (!job)
			continue;
		for (s = 0; s < job->stream_count; s++)
			traffic_free(job->streams[s].traffic);
		checker_free(job->checker);
		free(job->streams);
		free(job->latency);
		free(job->rooms);
		free(job->large);
		free(job);
	}
}
