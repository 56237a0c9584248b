/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device side of a vhost port's pair: packets come from the driver's transmitq and go to its receiveq. */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include "vhost-port.h"

/* Elements that each chain has room for: as many as Linux's driver makes. */
#define ELEMENTS 20
/* A longer chain is taken alone. */
#define LONG_ELEMENTS 1024

/* The driver's transmitq. */
struct source {
	struct dpu_virtq *vq;
	uint64_t features;
	uint32_t index;
	uint32_t taken; /* chains that rx() has given out */
	uint32_t hdr_len;
	bool enabled;
	bool was_enabled; /* since it started */
	bool offloads;    /* headers can ask for something */
	bool lent;        /* the first chain has the long array */
	struct iovec *long_iov;
	struct dpu_virtq_chain chains[PORT_BURST];
	struct iovec iov[PORT_BURST][1 + ELEMENTS]; /* the first is for a packet's head */
};

/* The driver's receiveq. */
struct sink {
	struct dpu_virtq *vq;
	struct dpu_virtio_net_rxq *rxq;
	uint64_t features;
	uint32_t index;
	uint32_t held; /* chains at hand that have nothing in them yet */
	uint32_t hdr_len;
	bool enabled;
	bool merge; /* a packet may span chains */
	bool own;   /* packets are put here; else by rxq, which knows chains of any length */
	uint8_t plain[DPU_VIRTIO_NET_HDR_MAX]; /* the header of packets without offloads */
	struct dpu_virtq_chain chains[PORT_BURST];
	struct iovec iov[PORT_BURST][ELEMENTS];
};

struct backend {
	struct pair pair;
	struct source source;
	struct sink sink;
};

const size_t backend_size = sizeof(struct backend);

static inline struct backend *backend_of(struct pair *pair)
{
	return (struct backend *)pair;
}

static void give_back(struct pair *pair, struct source *source)
{
	dpu_virtq_push(source->vq, source->chains, source->taken);
	source->taken = 0;
	if (source->lent) {
		source->lent = false;
		source->chains[0].iov = source->iov[0] + 1;
		source->chains[0].iov_max = ELEMENTS;
	}
	vhost_notify(pair, source->vq, source->index);
}

/* Nothing could be taken; 1 when it can after all. */
static int take_again(struct pair *pair, struct source *source, int why)
{
	struct dpu_virtq_chain *chain = &source->chains[0];
	int rc;

	if (why == -EFAULT)
		dpu_vhost_miss(pair->port->vhost, source->index);
	if (why != -E2BIG)
		return 0;
	source->lent = true;
	chain->iov = source->long_iov + 1;
	chain->iov_max = LONG_ELEMENTS;
	rc = dpu_virtq_pop(source->vq, chain, 1);
	if (rc == 1)
		return 1;
	source->lent = false;
	chain->iov = source->iov[0] + 1;
	chain->iov_max = ELEMENTS;
	return 0;
}

/* A packet of several elements, or a strange one. */
static bool take_other(struct source *source, const struct dpu_virtq_chain *chain, struct packet *packet)
{
	size_t skip = source->hdr_len, len = dpu_virtq_chain_readable(chain);
	uint8_t wire[DPU_VIRTIO_NET_HDR_MAX];
	struct iovec *iov = chain->iov;
	uint32_t count = chain->read_count;

	if (chain->write_count || len < skip + ETH_HEADER || len - skip > DPU_VIRTIO_NET_PACKET_MAX)
		return false;
	dpu_virtq_chain_read(chain, 0, wire, skip);
	while (skip >= iov->iov_len) {
		skip -= iov->iov_len;
		iov++;
		count--;
	}
	iov->iov_base = (uint8_t *)iov->iov_base + skip;
	iov->iov_len -= skip;
	packet->iov = iov;
	packet->iov_count = count;
	packet->len = (uint32_t)(len - source->hdr_len);
	packet->buffer = NULL;
	packet->offload = false;
	packet->tail = NULL;
	return !source->offloads || vhost_take_header(packet, wire, source->features, DPU_VIRTQ_DRIVER);
}

static inline bool take(struct source *source, struct dpu_virtq_chain *chain, struct packet *packet)
{
	uint8_t *at = chain->iov->iov_base;
	size_t most = DPU_VIRTIO_NET_PACKET_MAX - ETH_HEADER;

	/* Too short a buffer becomes a very long one here. */
	if (unlikely(chain->read_count != 1 || chain->write_count ||
		     chain->iov->iov_len - source->hdr_len - ETH_HEADER > most))
		return take_other(source, chain, packet);
	packet_single(packet, at + source->hdr_len, (uint32_t)chain->iov->iov_len - source->hdr_len);
	__builtin_prefetch(at + source->hdr_len);
	return !source->offloads || vhost_take_header(packet, at, source->features, DPU_VIRTQ_DRIVER);
}

static uint32_t backend_rx(struct pair *pair, struct packet *packets, uint32_t count)
{
	struct source *source = &backend_of(pair)->source;
	uint32_t i, got = 0;
	uint64_t bytes = 0;
	int n;

	/* Before its peer has come so far as to enable it, what is there waits; later it is passed over. */
	if (unlikely(!source->vq || !source->was_enabled))
		return 0;
	n = dpu_virtq_pop(source->vq, source->chains, count);
	if (n < 0)
		n = take_again(pair, source, n);
	if (n == 0)
		return 0;
	source->taken = (uint32_t)n;
	for (i = 0; i < source->taken && source->enabled; i++) {
		if (unlikely(!take(source, &source->chains[i], &packets[got])))
			continue;
		bytes += packets[got++].len;
	}
	count_add(&pair->stats.rx_packets, got);
	count_add(&pair->stats.rx_bytes, bytes);
	if (unlikely(got < source->taken && source->enabled))
		count_add(&pair->stats.rx_errors, source->taken - got);
	if (unlikely(!got))
		give_back(pair, source);
	return got;
}

static void backend_rx_done(struct pair *pair)
{
	give_back(pair, &backend_of(pair)->source);
}

/* Writes the header that packets without offloads have. Mostly it is there from the packet before, and a
 * cache line that is only read can stay with the driver too. */
static inline void put_plain(const struct sink *sink, uint8_t *to)
{
	uint64_t first, first_now;
	uint32_t last, last_now;

	if (unlikely(sink->hdr_len != 12)) {
		memcpy(to, sink->plain, sink->hdr_len);
		return;
	}
	memcpy(&first, sink->plain, 8);
	memcpy(&last, sink->plain + 8, 4);
	memcpy(&first_now, to, 8);
	memcpy(&last_now, to + 8, 4);
	if (first != first_now || last != last_now)
		memcpy(to, sink->plain, 12);
}

static void put_header(const struct sink *sink, const struct packet *packet, uint8_t *to)
{
	struct dpu_virtio_net_hdr hdr = packet->hdr;

	hdr.num_buffers = 1;
	dpu_virtio_net_hdr_encode(&hdr, sink->features, to);
}

/* Puts a packet into a chain of several elements; false when it has no room for it. */
static bool put_other(const struct sink *sink, struct dpu_virtq_chain *chain, const struct packet *packet)
{
	uint8_t wire[DPU_VIRTIO_NET_HDR_MAX];
	size_t at = sink->hdr_len;
	uint32_t i;

	if (chain->read_count || dpu_virtq_chain_writable(chain) < at + packet->len)
		return false;
	if (packet->offload)
		put_header(sink, packet, wire);
	else
		memcpy(wire, sink->plain, at);
	dpu_virtq_chain_write(chain, 0, wire, at);
	for (i = 0; i < packet->iov_count; i++)
		at += dpu_virtq_chain_write(chain, at, packet->iov[i].iov_base, packet->iov[i].iov_len);
	chain->written = (uint32_t)at;
	return true;
}

static inline bool put(const struct sink *sink, struct dpu_virtq_chain *chain, const struct packet *packet)
{
	uint8_t *at = chain->iov->iov_base;
	uint32_t need = sink->hdr_len + packet->len;

	if (unlikely(chain->write_count != 1 || chain->read_count || chain->iov->iov_len < need))
		return put_other(sink, chain, packet);
	if (unlikely(packet->offload))
		put_header(sink, packet, at);
	else
		put_plain(sink, at);
	packet_copy(packet, at + sink->hdr_len);
	chain->written = need;
	return true;
}

/* Chains for so many packets, as far as there are any; how many. */
static uint32_t hold_chains(struct pair *pair, struct sink *sink, uint32_t count)
{
	uint32_t i;
	int n;

	if (sink->held < count) {
		n = dpu_virtq_pop(sink->vq, sink->chains + sink->held, count - sink->held);
		if (unlikely(n == -EFAULT))
			dpu_vhost_miss(pair->port->vhost, sink->index);
		if (unlikely(n == -E2BIG && !sink->held))
			sink->own = false;
		for (i = sink->held; n > 0 && i < sink->held + (uint32_t)n; i++)
			__builtin_prefetch((uint8_t *)sink->chains[i].iov->iov_base + sink->hdr_len, 1);
		sink->held += n > 0 ? (uint32_t)n : 0;
	}
	return sink->held;
}

/* Publishes the first so many chains; the others come to the front, each with its array. */
static void publish(struct pair *pair, struct sink *sink, uint32_t used)
{
	struct dpu_virtq_chain chain;
	uint32_t i;

	if (!used)
		return;
	dpu_virtq_push(sink->vq, sink->chains, used);
	sink->held -= used;
	for (i = 0; unlikely(i < sink->held); i++) {
		chain = sink->chains[i];
		sink->chains[i] = sink->chains[used + i];
		sink->chains[used + i] = chain;
	}
	vhost_notify(pair, sink->vq, sink->index);
}

/* Puts a packet into the first chains, as many as it needs; 0: there are not enough. */
static uint32_t merge(struct pair *pair, struct sink *sink, const struct packet *packet)
{
	size_t need = sink->hdr_len + packet->len, room = 0, at, offset = 0, done;
	struct dpu_virtio_net_hdr hdr = packet->offload ? packet->hdr : packet_plain_hdr;
	struct dpu_virtq_chain *chain = sink->chains;
	uint8_t wire[DPU_VIRTIO_NET_HDR_MAX];
	uint32_t i = 0, n = 0;

	hold_chains(pair, sink, PORT_BURST);
	while (room < need && n < sink->held)
		room += dpu_virtq_chain_writable(&sink->chains[n++]);
	if (n && dpu_virtq_chain_writable(chain) < sink->hdr_len) {
		/* No packet can begin in this one: the driver gets it back. */
		chain->written = 0;
		publish(pair, sink, 1);
		return 0;
	}
	if (room < need)
		return 0;
	hdr.num_buffers = (uint16_t)n;
	dpu_virtio_net_hdr_encode(&hdr, sink->features, wire);
	at = dpu_virtq_chain_write(chain, 0, wire, sink->hdr_len);
	while (i < packet->iov_count) {
		done = dpu_virtq_chain_write(chain, at, (uint8_t *)packet->iov[i].iov_base + offset,
					     packet->iov[i].iov_len - offset);
		offset += done;
		at += done;
		chain->written = (uint32_t)at;
		if (offset == packet->iov[i].iov_len) {
			i++;
			offset = 0;
		} else {
			chain++;
			at = 0;
		}
	}
	return n;
}

static uint32_t send_own(struct pair *pair, struct sink *sink, struct packet *const *packets, uint32_t count)
{
	uint32_t i, used = 0, sent = 0, n;
	uint64_t bytes = 0;

	hold_chains(pair, sink, count);
	for (i = 0; i < count && used < sink->held; i++) {
		n = 1;
		if (unlikely(!put(sink, &sink->chains[used], packets[i]))) {
			if (!sink->merge) {
				count_add(&pair->stats.tx_errors, 1);
				continue;
			}
			/* It may need all chains that can be at hand. */
			publish(pair, sink, used);
			used = 0;
			n = merge(pair, sink, packets[i]);
			if (!n)
				break;
		}
		bytes += packets[i]->len;
		used += n;
		sent++;
	}
	publish(pair, sink, used);
	count_add(&pair->stats.tx_packets, sent);
	count_add(&pair->stats.tx_bytes, bytes);
	return i;
}

/* Through chains of any length. */
static uint32_t send_by_rxq(struct pair *pair, struct sink *sink, struct packet *const *packets,
			    uint32_t count)
{
	struct dpu_virtio_net_packet put[PORT_BURST];
	uint32_t i, done = 0, sent = 0;
	uint64_t bytes = 0;
	int rc;

	for (i = 0; i < count; i++)
		put[i] = (struct dpu_virtio_net_packet){ .hdr = packets[i]->offload ? &packets[i]->hdr
										    : &packet_plain_hdr,
							 .iov = packets[i]->iov,
							 .iov_count = packets[i]->iov_count };
	while (done < count) {
		rc = dpu_virtio_net_rxq_put(sink->rxq, put + done, count - done);
		if (unlikely(rc == -EMSGSIZE)) {
			count_add(&pair->stats.tx_errors, 1);
			done++;
			continue;
		}
		if (unlikely(rc == -EFAULT))
			dpu_vhost_miss(pair->port->vhost, sink->index);
		if (rc <= 0)
			break;
		for (i = done; i < done + (uint32_t)rc; i++)
			bytes += packets[i]->len;
		sent += (uint32_t)rc;
		done += (uint32_t)rc;
	}
	vhost_notify(pair, sink->vq, sink->index);
	count_add(&pair->stats.tx_packets, sent);
	count_add(&pair->stats.tx_bytes, bytes);
	return done;
}

static uint32_t backend_tx(struct pair *pair, struct packet *const *packets, uint32_t count)
{
	struct sink *sink = &backend_of(pair)->sink;

	if (unlikely(!sink->vq || !sink->enabled))
		return 0;
	return sink->own ? send_own(pair, sink, packets, count) : send_by_rxq(pair, sink, packets, count);
}

static bool backend_sleep(struct pair *pair)
{
	struct source *source = &backend_of(pair)->source;

	return source->vq && dpu_virtq_notify(source->vq, 1);
}

static void backend_awake(struct pair *pair)
{
	struct source *source = &backend_of(pair)->source;
	eventfd_t count;

	if (!source->vq)
		return;
	dpu_virtq_notify(source->vq, 0);
	eventfd_read(pair->wait_fd, &count);
}

const struct pair_ops backend_ops = {
	.rx = backend_rx,
	.rx_done = backend_rx_done,
	.tx = backend_tx,
	.sleep = backend_sleep,
	.awake = backend_awake,
};

static int start_source(struct source *source, struct dpu_virtq *vq, uint64_t features)
{
	uint32_t i;

	source->long_iov = calloc(1 + LONG_ELEMENTS, sizeof(*source->long_iov));
	if (!source->long_iov)
		return -ENOMEM;
	source->vq = vq;
	source->features = features;
	source->hdr_len = (uint32_t)dpu_virtio_net_hdr_len(features);
	source->offloads = features & VHOST_SENT_OFFLOADS;
	for (i = 0; i < PORT_BURST; i++)
		source->chains[i] =
			(struct dpu_virtq_chain){ .iov = source->iov[i] + 1, .iov_max = ELEMENTS };
	return 0;
}

static int start_sink(struct sink *sink, struct dpu_virtq *vq, uint64_t features)
{
	DPU_OPTS(dpu_virtio_net_rxq_opts, opts, .vq = vq, .features = features);
	const struct dpu_virtio_net_hdr hdr = { .num_buffers = 1 };
	uint32_t i;
	int rc;

	rc = dpu_virtio_net_rxq_create(&opts, &sink->rxq);
	if (rc < 0)
		return rc;
	sink->vq = vq;
	sink->features = features;
	sink->hdr_len = (uint32_t)dpu_virtio_net_hdr_encode(&hdr, features, sink->plain);
	sink->merge = features & DPU_VIRTIO_NET_F_MRG_RXBUF;
	sink->own = true;
	sink->held = 0;
	for (i = 0; i < PORT_BURST; i++)
		sink->chains[i] = (struct dpu_virtq_chain){ .iov = sink->iov[i], .iov_max = ELEMENTS };
	return 0;
}

int backend_start(struct pair *pair, uint32_t index, bool enabled, uint64_t features)
{
	struct backend *backend = backend_of(pair);
	struct dpu_virtq *vq = dpu_vhost_virtq(pair->port->vhost, index);
	int rc;

	if (index % 2) {
		backend->source.index = index;
		backend->source.enabled = backend->source.was_enabled = enabled;
		rc = start_source(&backend->source, vq, features);
	} else {
		backend->sink.index = index;
		backend->sink.enabled = enabled;
		pair->writer = DPU_VIRTQ_DEVICE;
		pair->takes = features & VHOST_RECEIVED_OFFLOADS;
		rc = start_sink(&backend->sink, vq, features);
		pair->ready = rc == 0 && enabled;
	}
	if (rc == 0)
		dpu_virtq_notify(vq, 0);
	return rc;
}

void backend_drain(struct pair *pair)
{
	struct sink *sink = &backend_of(pair)->sink;
	uint32_t i;

	if (!sink->vq)
		return;
	for (i = 0; i < sink->held; i++)
		sink->chains[i].written = 0;
	publish(pair, sink, sink->held);
	if (dpu_virtio_net_rxq_drain(sink->rxq) > 0)
		vhost_notify(pair, sink->vq, sink->index);
}

void backend_stop(struct pair *pair, uint32_t index)
{
	if (index % 2 == 0)
		backend_drain(pair);
	backend_forget(pair, index);
}

void backend_forget(struct pair *pair, uint32_t index)
{
	struct backend *backend = backend_of(pair);

	if (index % 2) {
		free(backend->source.long_iov);
		backend->source.long_iov = NULL;
		backend->source.vq = NULL;
		return;
	}
	backend->sink.rxq = dpu_virtio_net_rxq_unref(backend->sink.rxq);
	backend->sink.vq = NULL;
	pair->ready = false;
}

void backend_enable(struct pair *pair, uint32_t index, bool enabled)
{
	struct backend *backend = backend_of(pair);

	if (index % 2) {
		backend->source.enabled = enabled;
		backend->source.was_enabled |= enabled;
		return;
	}
	backend->sink.enabled = enabled;
	pair->ready = enabled && backend->sink.vq;
}
