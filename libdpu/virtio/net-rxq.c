/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device's end of a receive queue: packets over the driver's buffers (5.1.6.3, 5.1.6.4).
 *
 * What was taken from a ring cannot be put back, so chains that no packet has filled yet are held. They lie
 * behind those that are filled and wait to be pushed: [0, filled) and [filled, count). */
#include <dpu/virtio_net.h>
#include <errno.h>
#include <stdlib.h>
#include "core/opts.h"
#include "core/ref.h"

#define CHAINS 64
#define CHAINS_MAX 32768
#define ELEMENTS 1024
/* Elements that each chain has room for; one chain at a time can have the long array instead. */
#define SHORT 32

struct dpu_virtio_net_rxq {
	struct dpu_virtq *vq;
	uint64_t features;
	struct dpu_virtq_chain *chains;
	struct iovec *iov;
	struct iovec *long_iov;
	struct iovec *lent; /* the array of the chain that has the long one, NULL when none has */
	uint32_t max;
	uint32_t long_max;
	uint32_t filled;
	uint32_t count;
	struct ref ref;
};

static void destroy(struct dpu_virtio_net_rxq *rxq)
{
	dpu_virtq_unref(rxq->vq);
	free(rxq->chains);
	free(rxq->iov);
	free(rxq->long_iov);
	free(rxq);
}

DEFINE_REF(dpu_virtio_net_rxq, destroy)

int dpu_virtio_net_rxq_create(const struct dpu_virtio_net_rxq_opts *user, struct dpu_virtio_net_rxq **ret)
{
	struct dpu_virtio_net_rxq_opts opts;
	struct dpu_virtio_net_rxq *rxq;
	uint32_t i;

	if (opts_read(&opts, sizeof(opts), user) < 0 || !opts.vq || opts.chains > CHAINS_MAX ||
	    opts.elements > CHAINS_MAX || dpu_virtq_pop(opts.vq, NULL, 0) == -EINVAL)
		return -EINVAL;
	rxq = calloc(1, sizeof(*rxq));
	if (!rxq)
		return -ENOMEM;
	ref_init(&rxq->ref);
	rxq->vq = dpu_virtq_ref(opts.vq);
	rxq->features = opts.features;
	rxq->max = opts.chains ? opts.chains : CHAINS;
	rxq->long_max = opts.elements ? opts.elements : ELEMENTS;
	rxq->chains = calloc(rxq->max, sizeof(*rxq->chains));
	rxq->iov = calloc((size_t)rxq->max * SHORT, sizeof(*rxq->iov));
	rxq->long_iov = calloc(rxq->long_max, sizeof(*rxq->long_iov));
	if (!rxq->chains || !rxq->iov || !rxq->long_iov) {
		destroy(rxq);
		return -ENOMEM;
	}
	for (i = 0; i < rxq->max; i++) {
		rxq->chains[i].iov = rxq->iov + (size_t)i * SHORT;
		rxq->chains[i].iov_max = SHORT;
	}
	*ret = rxq;
	return 0;
}

/* Publishes what is filled; what is held moves to the front, each chain with its array. */
static int push_filled(struct dpu_virtio_net_rxq *rxq)
{
	struct dpu_virtq_chain chain;
	uint32_t i;
	int rc;

	if (!rxq->filled)
		return 0;
	rc = dpu_virtq_push(rxq->vq, rxq->chains, rxq->filled);
	if (rc < 0)
		return rc;
	for (i = 0; i < rxq->filled; i++) {
		if (rxq->chains[i].iov == rxq->long_iov) {
			rxq->chains[i].iov = rxq->lent;
			rxq->chains[i].iov_max = SHORT;
			rxq->lent = NULL;
		}
	}
	for (i = rxq->filled; i < rxq->count; i++) {
		chain = rxq->chains[i - rxq->filled];
		rxq->chains[i - rxq->filled] = rxq->chains[i];
		rxq->chains[i] = chain;
	}
	rxq->count -= rxq->filled;
	rxq->filled = 0;
	return 0;
}

/* The next chain is longer than usual. */
static int pop_long(struct dpu_virtio_net_rxq *rxq)
{
	struct dpu_virtq_chain *chain = &rxq->chains[rxq->count];
	struct iovec *usual = chain->iov;
	int rc;

	if (rxq->lent || rxq->long_max <= SHORT)
		return -E2BIG;
	chain->iov = rxq->long_iov;
	chain->iov_max = rxq->long_max;
	rc = dpu_virtq_pop(rxq->vq, chain, 1);
	if (rc == 1) {
		rxq->lent = usual;
		return 1;
	}
	chain->iov = usual;
	chain->iov_max = SHORT;
	return rc;
}

/* Takes up to so many more chains; how many. What is filled may have to be pushed first: *moved says how far
 * the others have moved. -EMSGSIZE: no more can be held. */
static int take(struct dpu_virtio_net_rxq *rxq, uint32_t want, uint32_t *moved)
{
	int rc;

	*moved = 0;
	if (rxq->count == rxq->max || rxq->lent) {
		*moved = rxq->filled;
		rc = push_filled(rxq);
		if (rc < 0)
			return rc;
	}
	if (rxq->count == rxq->max)
		return -EMSGSIZE;
	if (want > rxq->max - rxq->count)
		want = rxq->max - rxq->count;
	rc = dpu_virtq_pop(rxq->vq, rxq->chains + rxq->count, want);
	if (rc == -E2BIG)
		rc = pop_long(rxq);
	if (rc == -E2BIG && rxq->lent)
		return -EMSGSIZE;
	if (rc > 0)
		rxq->count += (uint32_t)rc;
	return rc;
}

static size_t length(const struct dpu_virtio_net_packet *packet)
{
	size_t len = 0;
	uint32_t i;

	for (i = 0; i < packet->iov_count; i++)
		len += packet->iov[i].iov_len;
	return len;
}

/* Copies header and packet over chains that have room for them. */
static void fill(struct dpu_virtio_net_rxq *rxq, const struct dpu_virtio_net_packet *packet, uint16_t chains)
{
	struct dpu_virtq_chain *chain = rxq->chains + rxq->filled;
	const struct iovec *iov = packet->iov, *iov_end = iov + packet->iov_count;
	struct dpu_virtio_net_hdr hdr = *packet->hdr;
	uint8_t wire[DPU_VIRTIO_NET_HDR_MAX];
	size_t at, offset = 0, done;

	hdr.num_buffers = chains;
	at = dpu_virtq_chain_write(chain, 0, wire, dpu_virtio_net_hdr_encode(&hdr, rxq->features, wire));
	while (iov < iov_end) {
		done = dpu_virtq_chain_write(chain, at, (const uint8_t *)iov->iov_base + offset,
					     iov->iov_len - offset);
		at += done;
		offset += done;
		if (offset == iov->iov_len) {
			iov++;
			offset = 0;
		} else {
			chain->written = (uint32_t)at;
			chain++;
			at = 0;
		}
	}
	chain->written = (uint32_t)at;
	rxq->filled += chains;
}

/* Puts one packet; more is how many follow it. 1, 0 when the driver has too few buffers now, or why not. */
static int put(struct dpu_virtio_net_rxq *rxq, const struct dpu_virtio_net_packet *packet, uint32_t more)
{
	size_t header = dpu_virtio_net_hdr_len(rxq->features), need = header + length(packet), room = 0;
	uint32_t moved, at = rxq->filled;
	int rc;

	while (room < need) {
		if (at == rxq->count) {
			rc = take(rxq, 1 + more, &moved);
			if (rc <= 0)
				return rc;
			at -= moved;
		}
		room += dpu_virtq_chain_writable(&rxq->chains[at++]);
		if (room < header) { /* no packet can begin in this one: the driver gets it back */
			rxq->chains[rxq->filled++].written = 0;
			return -EMSGSIZE;
		}
		if (room < need && !(rxq->features & DPU_VIRTIO_NET_F_MRG_RXBUF))
			return -EMSGSIZE;
	}
	fill(rxq, packet, (uint16_t)(at - rxq->filled));
	return 1;
}

int dpu_virtio_net_rxq_put(struct dpu_virtio_net_rxq *rxq, const struct dpu_virtio_net_packet *packets,
			   uint32_t count)
{
	uint32_t i;
	int rc = 0, pushed;

	for (i = 0; i < count; i++) {
		rc = put(rxq, &packets[i], count - i - 1);
		if (rc <= 0)
			break;
	}
	pushed = push_filled(rxq);
	if (pushed < 0)
		return pushed;
	return i || rc > 0 ? (int)i : rc;
}

int dpu_virtio_net_rxq_drain(struct dpu_virtio_net_rxq *rxq)
{
	uint32_t held = rxq->count - rxq->filled;
	int rc;

	for (; rxq->filled < rxq->count; rxq->filled++)
		rxq->chains[rxq->filled].written = 0;
	rc = push_filled(rxq);
	return rc < 0 ? rc : (int)held;
}
