/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A port that is a capture file to read, one to write, or both: pcap:IN, pcap:,OUT, pcap:IN,OUT. */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include "port.h"

#define BURST 32

struct pcap_pair {
	struct pair pair;
	pcap_t *in;
	pcap_t *dead; /* what a dumper belongs to */
	pcap_dumper_t *out;
	uint8_t (*rooms)[DPU_VIRTIO_NET_PACKET_MAX];
	uint8_t whole[DPU_VIRTIO_NET_PACKET_MAX];
};

static inline struct pcap_pair *pcap_of(struct pair *pair)
{
	return (struct pcap_pair *)pair;
}

static uint32_t pcap_rx(struct pair *pair, struct packet *packets, uint32_t count)
{
	struct pcap_pair *file = pcap_of(pair);
	struct pcap_pkthdr *header;
	const u_char *data;
	uint32_t got = 0;
	int rc = 0;

	if (!file->in) {
		/* The last packets have been given back by now. */
		atomic_store_explicit(&pair->end, true, memory_order_release);
		return 0;
	}
	while (got < count && got < BURST && (rc = pcap_next_ex(file->in, &header, &data)) == 1) {
		if (header->caplen < ETH_HEADER || header->caplen < header->len ||
		    header->caplen > DPU_VIRTIO_NET_PACKET_MAX) {
			count_add(&pair->stats.rx_errors, 1);
			continue;
		}
		memcpy(file->rooms[got], data, header->caplen);
		packet_single(&packets[got], file->rooms[got], header->caplen);
		count_add(&pair->stats.rx_packets, 1);
		count_add(&pair->stats.rx_bytes, packets[got++].len);
	}
	if (rc == PCAP_ERROR)
		fprintf(stderr, "%s: %s\n", pair->port->uri, pcap_geterr(file->in));
	if (rc < 0) {
		pcap_close(file->in);
		file->in = NULL;
	}
	return got;
}

static void pcap_nothing(struct pair *pair)
{
	(void)pair;
}

static uint32_t pcap_tx(struct pair *pair, struct packet *const *packets, uint32_t count)
{
	struct pcap_pair *file = pcap_of(pair);
	struct pcap_pkthdr header = { .len = 0 };
	uint32_t i;

	if (!file->out)
		return 0;
	gettimeofday(&header.ts, NULL);
	for (i = 0; i < count; i++) {
		if (packets[i]->len > DPU_VIRTIO_NET_PACKET_MAX) {
			count_add(&pair->stats.tx_errors, 1);
			continue;
		}
		packet_copy(packets[i], file->whole);
		header.len = header.caplen = packets[i]->len;
		pcap_dump((u_char *)file->out, &header, file->whole);
		count_add(&pair->stats.tx_packets, 1);
		count_add(&pair->stats.tx_bytes, packets[i]->len);
	}
	return count;
}

/* A file always has more, until it ends. */
static bool pcap_sleep(struct pair *pair)
{
	return !atomic_load(&pair->end);
}

static const struct pair_ops pcap_ops = {
	.rx = pcap_rx,
	.rx_done = pcap_nothing,
	.tx = pcap_tx,
	.sleep = pcap_sleep,
	.awake = pcap_nothing,
};

static void close_port(struct port *port)
{
	struct pcap_pair *file = pcap_of(port->pairs[0]);

	if (file->out) {
		if (pcap_dump_flush(file->out) != 0)
			fprintf(stderr, "%s: cannot be written\n", port->uri);
		pcap_dump_close(file->out);
	}
	if (file->dead)
		pcap_close(file->dead);
	if (file->in)
		pcap_close(file->in);
	free(file->rooms);
}

static const struct port_ops pcap_port_ops = { .close = close_port };

static int open_in(struct pcap_pair *file, const char *path, char *error, size_t size)
{
	char why[PCAP_ERRBUF_SIZE];

	file->in = pcap_open_offline(path, why);
	if (!file->in) {
		snprintf(error, size, "%s", why);
		return -ENOENT;
	}
	if (pcap_datalink(file->in) != DLT_EN10MB) {
		snprintf(error, size, "%s: holds no Ethernet packets", path);
		return -EINVAL;
	}
	file->rooms = malloc(BURST * sizeof(*file->rooms));
	return file->rooms ? 0 : -ENOMEM;
}

static int open_out(struct pcap_pair *file, const char *path, char *error, size_t size)
{
	file->dead = pcap_open_dead(DLT_EN10MB, DPU_VIRTIO_NET_PACKET_MAX);
	if (!file->dead)
		return -ENOMEM;
	file->out = pcap_dump_open(file->dead, path);
	if (file->out)
		return 0;
	snprintf(error, size, "%s", pcap_geterr(file->dead));
	return -EACCES;
}

int pcap_port_open(struct port *port, const struct port_opts *opts, char *error, size_t size)
{
	char *in = strdup(strchr(port->uri, ':') + 1), *out;
	struct pcap_pair *file;
	int rc = -ENOMEM;

	(void)opts;
	if (!in)
		return rc;
	out = strchr(in, ',');
	if (out)
		*out++ = '\0';
	rc = port_create_pairs(port, 1, sizeof(*file), &pcap_ops);
	if (rc < 0)
		goto out;
	port->ops = &pcap_port_ops;
	file = pcap_of(port->pairs[0]);
	if (!*in && (!out || !*out)) {
		snprintf(error, size, "%s: no file to read and none to write", port->uri);
		rc = -EINVAL;
	}
	if (rc == 0 && *in)
		rc = open_in(file, in, error, size);
	if (rc == 0 && out && *out)
		rc = open_out(file, out, error, size);
	atomic_store(&file->pair.end, !file->in);
	file->pair.ready = file->out != NULL;
out:
	free(in);
	return rc;
}
