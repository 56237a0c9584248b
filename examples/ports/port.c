/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all ports share: opening by URI, sending to a port that takes less than the packet asks for. */
#include "port.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *scheme;
	int (*open)(struct port *port, const struct port_opts *opts, char *error, size_t size);
} schemes[] = {
	{ "tap:", tap_port_open },
	{ "packet:", packet_port_open },
	{ "pcap:", pcap_port_open },
	/* Everything else is dpu_vhost_open()'s to know. */
	{ "", vhost_port_open },
};

int port_open(const char *uri, const struct port_opts *opts, struct port **ret, char *error, size_t size)
{
	struct port *port = calloc(1, sizeof(*port));
	size_t i = 0;
	int rc = -ENOMEM;

	snprintf(error, size, "%s: out of memory", uri);
	if (!port)
		return rc;
	port->fd = -1;
	port->uri = strdup(uri);
	if (!port->uri)
		goto fail;
	while (strncmp(uri, schemes[i].scheme, strlen(schemes[i].scheme)) != 0)
		i++;
	rc = schemes[i].open(port, opts, error, size);
	if (rc < 0)
		goto fail;
	*ret = port;
	return 0;
fail:
	port_close(port);
	return rc;
}

void port_shut(struct port *port)
{
	if (port->ops)
		port->ops->close(port);
	port->ops = NULL;
}

void port_close(struct port *port)
{
	uint32_t i;

	if (!port)
		return;
	port_shut(port);
	for (i = 0; i < port->pair_count; i++)
		free(port->pairs[i]);
	free(port->pairs);
	free(port->uri);
	free(port);
}

int port_create_pairs(struct port *port, uint32_t count, size_t pair_size, const struct pair_ops *ops)
{
	struct pair *pair;

	/* Whole cache lines, as aligned_alloc() wants it. */
	pair_size = (pair_size + PORT_CACHE_LINE - 1) / PORT_CACHE_LINE * PORT_CACHE_LINE;
	port->pairs = calloc(count, sizeof(struct pair *));
	if (!port->pairs)
		return -ENOMEM;
	for (; port->pair_count < count; port->pair_count++) {
		pair = aligned_alloc(PORT_CACHE_LINE, pair_size);
		if (!pair)
			return -ENOMEM;
		memset(pair, 0, pair_size);
		pair->ops = ops;
		pair->port = port;
		pair->index = port->pair_count;
		pair->wait_fd = pair->wait_set = -1;
		atomic_flag_clear(&pair->busy);
		port->pairs[port->pair_count] = pair;
	}
	return 0;
}

uint32_t port_uri_number(const char *uri, const char *name, uint32_t fallback)
{
	const char *word = strchr(uri, ',');
	size_t len = strlen(name);

	for (; word; word = strchr(word, ',')) {
		word++;
		if (strncmp(word, name, len) == 0 && word[len] == '=')
			return (uint32_t)strtoul(word + len + 1, NULL, 10);
	}
	return fallback;
}

bool port_event_needs_workers(const struct dpu_vhost_event *event)
{
	return event->type == DPU_VHOST_QUEUE_START || event->type == DPU_VHOST_QUEUE_STOP ||
	       event->type == DPU_VHOST_QUEUE_ENABLE || event->type == DPU_VHOST_MEMORY;
}

void port_total(const struct port *port, struct port_total *total)
{
	const struct pair_stats *stats;
	uint32_t i;

	memset(total, 0, sizeof(*total));
	for (i = 0; i < port->pair_count; i++) {
		stats = &port->pairs[i]->stats;
		total->rx_packets += count_read(&stats->rx_packets);
		total->rx_bytes += count_read(&stats->rx_bytes);
		total->rx_errors += count_read(&stats->rx_errors);
		total->tx_packets += count_read(&stats->tx_packets);
		total->tx_bytes += count_read(&stats->tx_bytes);
		total->tx_errors += count_read(&stats->tx_errors);
		total->tx_dropped += count_read(&stats->tx_dropped);
	}
}

void packet_take_head(struct packet *packet, uint8_t *room)
{
	uint32_t want = packet->len < PACKET_HEAD ? packet->len : PACKET_HEAD, got = 0, n;
	struct iovec *iov = packet->iov;

	packet->tail = NULL;
	if (likely(packet->iov_count == 1)) {
		copy_bytes(room, iov->iov_base, want);
		packet->piece[1] = (struct iovec){ (uint8_t *)iov->iov_base + want, packet->len - want };
		packet->piece[0] = (struct iovec){ room, want };
		packet->iov = packet->piece;
		packet->iov_count = packet->len > want ? 2 : 1;
		packet->buffer = NULL;
		return;
	}
	while (got < want) {
		n = iov->iov_len < want - got ? (uint32_t)iov->iov_len : want - got;
		memcpy(room + got, iov->iov_base, n);
		got += n;
		iov->iov_base = (uint8_t *)iov->iov_base + n;
		iov->iov_len -= n;
		if (!iov->iov_len) {
			iov++;
			packet->iov_count--;
		}
	}
	packet->iov = iov - 1;
	packet->iov_count++;
	*packet->iov = (struct iovec){ room, want };
	packet->buffer = NULL;
}

void packet_copy_elements(const struct packet *packet, uint8_t *to)
{
	uint32_t i;

	for (i = 0; i < packet->iov_count; i++) {
		memcpy(to, packet->iov[i].iov_base, packet->iov[i].iov_len);
		to += packet->iov[i].iov_len;
	}
}

/* Segments are made and sent a few at a time. */
static uint32_t send_segments(struct pair *pair, const struct packet *packet)
{
	uint8_t room[DPU_VIRTIO_NET_PACKET_MAX];
	struct dpu_virtio_net_gso gso;
	struct packet segment, *one = &segment;
	uint32_t sent = 0;
	int len;

	if (dpu_virtio_net_gso_start(&gso, &packet->hdr, packet->iov, packet->iov_count, 0) < 0) {
		count_add(&pair->stats.tx_errors, 1);
		return 0;
	}
	segment.hdr = packet_plain_hdr;
	while ((len = dpu_virtio_net_gso_next(&gso, room, sizeof(room))) > 0) {
		packet_single(&segment, room, (uint32_t)len);
		if (pair->ops->tx(pair, &one, 1) == 1)
			sent++;
		else
			count_add(&pair->stats.tx_dropped, 1);
	}
	return sent > 0;
}

/* Packets with offloads, one by one, so that they stay in order. */
static uint32_t send_any(struct pair *pair, struct packet **packets, uint32_t count)
{
	uint32_t i, sent = 0;
	int rc;

	for (i = 0; i < count; i++) {
		rc = 0;
		if (packets[i]->offload)
			rc = dpu_virtio_net_hdr_check(&packets[i]->hdr, pair->takes, pair->writer,
						      packets[i]->len);
		if (rc == -EOPNOTSUPP)
			sent += send_segments(pair, packets[i]);
		else if (rc < 0)
			count_add(&pair->stats.tx_errors, 1);
		else if (pair->ops->tx(pair, &packets[i], 1) == 1)
			sent++;
		else
			count_add(&pair->stats.tx_dropped, 1);
	}
	return sent;
}

static uint32_t send_burst(struct pair *pair, struct packet **packets, uint32_t count)
{
	bool offload = false;
	uint32_t i, sent;

	for (i = 0; i < count; i++)
		offload |= packets[i]->offload;
	if (unlikely(offload))
		return send_any(pair, packets, count);
	sent = pair->ops->tx(pair, packets, count);
	if (sent < count)
		count_add(&pair->stats.tx_dropped, count - sent);
	return sent;
}

uint32_t pair_send(struct pair *pair, struct packet **packets, uint32_t count)
{
	uint32_t sent;

	if (likely(!pair->shared))
		return send_burst(pair, packets, count);
	while (atomic_flag_test_and_set_explicit(&pair->busy, memory_order_acquire))
		;
	sent = send_burst(pair, packets, count);
	atomic_flag_clear_explicit(&pair->busy, memory_order_release);
	return sent;
}

void port_print_json(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		if ((unsigned char)*text >= ' ')
			putchar(*text);
	}
	putchar('"');
}
