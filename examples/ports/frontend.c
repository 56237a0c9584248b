/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver side of a vhost port's pair. Buffers lie in the memory that the device reaches; one that a
 * packet came in can go out again as it is. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include "vhost-port.h"

/* A buffer: a header that ends where a cache line does, and behind it a packet. An odd number of cache lines
 * from one to the next, so that they do not all want the same few sets of the cache. */
#define BUFFER (35 * PORT_CACHE_LINE)
#define PACKET_AT PORT_CACHE_LINE
#define PACKET_ROOM (BUFFER - PACKET_AT)
#define SLOTS (2 * PORT_BURST)

struct frontend {
	struct pair pair;
	struct dpu_virtq *in, *out;
	uint64_t features;
	uint32_t hdr_len;
	uint32_t in_free;  /* descriptors */
	uint32_t out_free; /* likewise */
	uint32_t out_size;
	bool headers; /* of received packets have to be read */
	bool spread;  /* a received packet may span buffers */
	uint8_t *memory;
	uint32_t buffers;
	uint8_t **pool;     /* buffers that are nowhere else */
	const void **tails; /* that buffers have, if tailed */
	bool tailed;
	uint32_t pooled;
	uint32_t taken; /* buffers that rx() has given out */
	uint32_t used;  /* of slots */
	void *given[SLOTS];
	struct dpu_virtq_chain chains[PORT_BURST]; /* what moves */
	struct iovec iov[PORT_BURST];
	struct dpu_virtq_chain got[SLOTS]; /* received, and not yet whole packets */
	struct iovec got_iov[SLOTS];
	struct iovec gathered[2 * SLOTS];
};

const size_t frontend_size = sizeof(struct frontend);

static inline struct frontend *frontend_of(struct pair *pair)
{
	return (struct frontend *)pair;
}

int frontend_memory(struct pair *pair, uint8_t *memory, size_t size)
{
	struct frontend *frontend = frontend_of(pair);

	frontend->memory = memory;
	frontend->buffers = (uint32_t)(size / BUFFER);
	frontend->pool = calloc(frontend->buffers, sizeof(*frontend->pool));
	frontend->tails = calloc(frontend->buffers, sizeof(*frontend->tails));
	return frontend->pool && frontend->tails ? 0 : -ENOMEM;
}

void frontend_free(struct pair *pair)
{
	free(frontend_of(pair)->pool);
	free(frontend_of(pair)->tails);
}

static inline uint8_t *header_of(const struct frontend *frontend, uint8_t *buffer)
{
	return buffer + PACKET_AT - frontend->hdr_len;
}

static inline const void **tail_of(const struct frontend *frontend, const uint8_t *buffer)
{
	return &frontend->tails[(size_t)(buffer - frontend->memory) / BUFFER];
}

/* Offers the device empty buffers, many at once. */
static void refill(struct pair *pair, struct frontend *frontend)
{
	uint32_t i, count = frontend->in_free < frontend->pooled ? frontend->in_free : frontend->pooled;
	int n;

	if (count > PORT_BURST)
		count = PORT_BURST;
	for (i = 0; i < count; i++) {
		uint8_t *buffer = frontend->pool[frontend->pooled - 1 - i];

		frontend->iov[i] =
			(struct iovec){ header_of(frontend, buffer), PACKET_ROOM + frontend->hdr_len };
		frontend->chains[i] = (struct dpu_virtq_chain){ .iov = &frontend->iov[i],
								.cookie = buffer,
								.write_count = 1 };
		if (frontend->tailed)
			*tail_of(frontend, buffer) = NULL;
	}
	n = dpu_virtq_add(frontend->in, frontend->chains, count);
	if (n <= 0)
		return;
	frontend->pooled -= (uint32_t)n;
	frontend->in_free -= (uint32_t)n;
	vhost_notify(pair, frontend->in, 2 * pair->index);
}

static inline bool take(struct frontend *frontend, const struct dpu_virtq_chain *chain, struct packet *packet)
{
	uint8_t *buffer = chain->cookie;
	uint32_t len = chain->written - frontend->hdr_len;

	if (unlikely(chain->written < frontend->hdr_len + ETH_HEADER || len > PACKET_ROOM))
		return false;
	packet_single(packet, buffer + PACKET_AT, len);
	packet->buffer = &frontend->given[frontend->taken - 1];
	return !frontend->headers ||
	       vhost_take_header(packet, header_of(frontend, buffer), frontend->features, DPU_VIRTQ_DEVICE);
}

static uint32_t take_singles(struct frontend *frontend, struct packet *packets, uint32_t count)
{
	uint32_t got = 0;
	int i, n;

	n = dpu_virtq_get(frontend->in, frontend->chains, count);
	for (i = 0; i < n; i++) {
		frontend->given[frontend->taken++] = frontend->chains[i].cookie;
		got += take(frontend, &frontend->chains[i], &packets[got]);
	}
	frontend->in_free += n > 0 ? (uint32_t)n : 0;
	return got;
}

/* Appends to what was received. */
static void get_more(struct frontend *frontend, uint32_t *have, uint32_t count)
{
	struct dpu_virtq_chain *chain;
	int i, n;

	n = dpu_virtq_get(frontend->in, frontend->got + *have, count);
	for (i = 0; i < n; i++) {
		chain = &frontend->got[*have];
		frontend->got_iov[*have] =
			(struct iovec){ header_of(frontend, chain->cookie), PACKET_ROOM + frontend->hdr_len };
		chain->iov = &frontend->got_iov[(*have)++];
		chain->read_count = 0;
		chain->write_count = 1;
	}
	frontend->in_free += n > 0 ? (uint32_t)n : 0;
}

/* Whether the device says that a packet has a buffer for itself. */
static inline bool is_single(const struct frontend *frontend, const struct dpu_virtq_chain *chain)
{
	uint16_t num_buffers;

	memcpy(&num_buffers, header_of(frontend, chain->cookie) + 10, sizeof(num_buffers));
	return num_buffers == htole16(1);
}

/* Packets that may span buffers. What is not yet whole waits for the next time. */
static uint32_t take_spread(struct frontend *frontend, struct packet *packets, uint32_t count)
{
	uint32_t have = frontend->used, at = 0, slot = 1, got = 0, i;
	struct packet *packet;
	int n;

	if (have < PORT_BURST)
		get_more(frontend, &have, PORT_BURST);
	for (; at < have && got < count; at += (uint32_t)n) {
		packet = &packets[got];
		if (likely(is_single(frontend, &frontend->got[at]))) {
			frontend->given[frontend->taken++] = frontend->got[at].cookie;
			got += take(frontend, &frontend->got[at], packet);
			n = 1;
			continue;
		}
		packet_single(packet, NULL, 0);
		packet->iov = &frontend->gathered[slot];
		n = dpu_virtio_net_gather(&frontend->got[at], have - at, frontend->features, &packet->hdr,
					  packet->iov, 2 * SLOTS - slot, &packet->iov_count);
		if (n == -EAGAIN)
			break;
		if (n < 0)
			n = 1;
		else
			slot += packet->iov_count + 1;
		for (i = 0; i < (uint32_t)n; i++)
			frontend->given[frontend->taken++] = frontend->got[at + i].cookie;
		for (i = 0; i < packet->iov_count; i++)
			packet->len += (uint32_t)packet->iov[i].iov_len;
		packet->offload = packet->hdr.flags & DPU_VIRTIO_NET_HDR_F_NEEDS_CSUM || packet->hdr.gso_type;
		got += dpu_virtio_net_hdr_check(&packet->hdr, frontend->features, DPU_VIRTQ_DEVICE,
						packet->len) == 0;
	}
	/* A packet that spans more than there is room for has no end. */
	if (at == 0 && have >= PORT_BURST)
		frontend->given[frontend->taken++] = frontend->got[at++].cookie;
	frontend->used = have - at;
	for (i = 0; i < frontend->used; i++) {
		frontend->got[i] = frontend->got[at + i];
		frontend->got_iov[i] = frontend->got_iov[at + i];
		frontend->got[i].iov = &frontend->got_iov[i];
	}
	return got;
}

static void frontend_rx_done(struct pair *pair)
{
	struct frontend *frontend = frontend_of(pair);
	uint32_t i;

	for (i = 0; i < frontend->taken; i++) {
		if (frontend->given[i])
			frontend->pool[frontend->pooled++] = frontend->given[i];
	}
	frontend->taken = 0;
	if (frontend->in_free >= PORT_BURST / 2)
		refill(pair, frontend);
}

static uint32_t frontend_rx(struct pair *pair, struct packet *packets, uint32_t count)
{
	struct frontend *frontend = frontend_of(pair);
	uint32_t i, got;
	uint64_t bytes = 0;

	if (unlikely(!frontend->in))
		return 0;
	got = frontend->spread ? take_spread(frontend, packets, count)
			       : take_singles(frontend, packets, count);
	for (i = 0; i < got; i++)
		bytes += packets[i].len;
	if (got) {
		count_add(&pair->stats.rx_packets, got);
		count_add(&pair->stats.rx_bytes, bytes);
		return got;
	}
	if (unlikely(frontend->taken))
		count_add(&pair->stats.rx_errors, frontend->taken);
	/* Also where nothing came: buffers may have become free by sending. */
	if (frontend->taken || frontend->in_free)
		frontend_rx_done(pair);
	return 0;
}

/* Takes back buffers that have been sent. */
static void reclaim(struct frontend *frontend)
{
	int i, n;

	do {
		n = dpu_virtq_get(frontend->out, frontend->chains, PORT_BURST);
		for (i = 0; i < n; i++)
			frontend->pool[frontend->pooled++] = frontend->chains[i].cookie;
		frontend->out_free += n > 0 ? (uint32_t)n : 0;
	} while (n == PORT_BURST);
}

/* The device has read the buffers that packets will be copied to: their cache lines come back at once, and
 * not each when it is written. */
static inline void prefetch_pool(const struct frontend *frontend, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count && i < frontend->pooled; i++)
		prefetch_write(frontend->pool[frontend->pooled - 1 - i] + PACKET_AT);
}

/* Puts a packet into a buffer, as far as it is not there already. */
static inline void put_packet(struct frontend *frontend, const struct packet *packet, uint8_t *buffer)
{
	const void **tail;

	if (likely(!packet->tail && !frontend->tailed)) {
		packet_copy(packet, buffer + PACKET_AT);
		return;
	}
	frontend->tailed = true;
	tail = tail_of(frontend, buffer);
	if (packet->tail && *tail == packet->tail)
		memcpy(buffer + PACKET_AT, packet->iov->iov_base, PACKET_FRESH);
	else
		packet_copy(packet, buffer + PACKET_AT);
	*tail = packet->tail;
}

/* The buffer that a packet goes out in: its own, or one that it is copied to. NULL: there is none. */
static inline uint8_t *buffer_for(struct frontend *frontend, const struct packet *packet)
{
	uint8_t *buffer;

	if (packet->buffer >= frontend->given && packet->buffer < frontend->given + SLOTS) {
		buffer = *packet->buffer;
		*packet->buffer = NULL;
		return buffer;
	}
	if (unlikely(!frontend->pooled))
		return NULL;
	buffer = frontend->pool[--frontend->pooled];
	put_packet(frontend, packet, buffer);
	return buffer;
}

/* Mostly the header is there from the packet before: its cache line is only read, and stays with both sides.
 * So that this holds for a buffer that a packet came in, num_buffers stays what the device has written, as
 * with DPDK's driver: it is to be 0 in what is sent, where it is of no use to any device
 * (VIRTIO 1.2, 5.1.6.2). */
static inline void put_header(const struct frontend *frontend, const struct packet *packet, uint8_t *to)
{
	static const uint8_t plain[10];
	uint64_t first;
	uint16_t last;

	if (likely(!packet->offload && frontend->hdr_len == 12)) {
		memcpy(&first, to, 8);
		memcpy(&last, to + 8, 2);
		if (first | last)
			memcpy(to, plain, 10);
	} else
		dpu_virtio_net_hdr_encode(packet->offload ? &packet->hdr : &packet_plain_hdr,
					  frontend->features, to);
}

static uint32_t frontend_tx(struct pair *pair, struct packet *const *packets, uint32_t count)
{
	struct frontend *frontend = frontend_of(pair);
	uint32_t i, added = 0;
	uint64_t bytes = 0;
	uint8_t *buffer;

	if (unlikely(!frontend->out))
		return 0;
	if (frontend->out_free < count || frontend->pooled < count) {
		reclaim(frontend);
		if (!packets[0]->buffer)
			prefetch_pool(frontend, count);
	}
	for (i = 0; i < count && added < frontend->out_free; i++) {
		if (unlikely(packets[i]->len > PACKET_ROOM)) {
			count_add(&pair->stats.tx_errors, 1);
			continue;
		}
		buffer = buffer_for(frontend, packets[i]);
		if (!buffer)
			break;
		put_header(frontend, packets[i], header_of(frontend, buffer));
		frontend->iov[added] =
			(struct iovec){ header_of(frontend, buffer), packets[i]->len + frontend->hdr_len };
		frontend->chains[added] = (struct dpu_virtq_chain){ .iov = &frontend->iov[added],
								    .cookie = buffer,
								    .read_count = 1 };
		bytes += packets[i]->len;
		added++;
	}
	if (!added)
		return i;
	/* There is room, so only a queue that has stopped takes less. */
	if (dpu_virtq_add(frontend->out, frontend->chains, added) < 0) {
		while (added)
			frontend->pool[frontend->pooled++] = frontend->chains[--added].cookie;
		return i;
	}
	frontend->out_free -= added;
	if (!packets[0]->buffer && frontend->out_free >= count)
		prefetch_pool(frontend, count);
	count_add(&pair->stats.tx_packets, added);
	count_add(&pair->stats.tx_bytes, bytes);
	vhost_notify(pair, frontend->out, 2 * pair->index + 1);
	return i;
}

static bool frontend_sleep(struct pair *pair)
{
	struct frontend *frontend = frontend_of(pair);

	return frontend->in && dpu_virtq_notify(frontend->in, 1);
}

static void frontend_awake(struct pair *pair)
{
	struct frontend *frontend = frontend_of(pair);
	eventfd_t count;

	if (!frontend->in)
		return;
	dpu_virtq_notify(frontend->in, 0);
	eventfd_read(pair->wait_fd, &count);
}

static bool frontend_settled(struct pair *pair)
{
	struct frontend *frontend = frontend_of(pair);

	if (!frontend->out)
		return true;
	reclaim(frontend);
	return frontend->out_free == frontend->out_size;
}

const struct pair_ops frontend_ops = {
	.rx = frontend_rx,
	.rx_done = frontend_rx_done,
	.tx = frontend_tx,
	.sleep = frontend_sleep,
	.awake = frontend_awake,
	.settled = frontend_settled,
};

/* As many buffers as both queues can have, and those under way: more would only pollute the cache. */
static void fill_pool(struct frontend *frontend, uint32_t size)
{
	uint32_t i, most = 2 * size + 2 * SLOTS;

	if (frontend->in || frontend->out)
		return;
	if (most > frontend->buffers)
		most = frontend->buffers;
	for (i = 0; i < most; i++)
		frontend->pool[i] = frontend->memory + (size_t)i * BUFFER;
	frontend->pooled = most;
}

int frontend_start(struct pair *pair, uint32_t index, uint64_t features)
{
	struct frontend *frontend = frontend_of(pair);
	struct dpu_virtq *vq = dpu_vhost_virtq(pair->port->vhost, index);
	uint32_t size = dpu_virtq_room(vq);

	fill_pool(frontend, size);
	frontend->features = features;
	frontend->hdr_len = (uint32_t)dpu_virtio_net_hdr_len(features);
	dpu_virtq_notify(vq, 0);
	if (index % 2) {
		frontend->out = vq;
		frontend->out_free = frontend->out_size = size;
		pair->ready = true;
		pair->writer = DPU_VIRTQ_DRIVER;
		pair->takes = features & VHOST_SENT_OFFLOADS;
		return 0;
	}
	frontend->headers = features & VHOST_RECEIVED_OFFLOADS;
	frontend->spread = features & DPU_VIRTIO_NET_F_MRG_RXBUF;
	frontend->in = vq;
	frontend->in_free = size;
	while (frontend->in_free && frontend->pooled > SLOTS)
		refill(pair, frontend);
	return 0;
}

void frontend_stop(struct pair *pair, uint32_t index)
{
	struct frontend *frontend = frontend_of(pair);
	struct dpu_virtq *vq = index % 2 ? frontend->out : frontend->in;
	int i, n;

	/* The device is done with the queue: what it has not returned, it never will. */
	while (vq && (n = dpu_virtq_detach(vq, frontend->chains, PORT_BURST)) > 0) {
		for (i = 0; i < n; i++)
			frontend->pool[frontend->pooled++] = frontend->chains[i].cookie;
	}
	if (index % 2) {
		frontend->out = NULL;
		pair->ready = false;
		return;
	}
	frontend->in = NULL;
	while (frontend->used)
		frontend->pool[frontend->pooled++] = frontend->got[--frontend->used].cookie;
}
