/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports that packets come from and go to: virtqueues of a vhost peer, a tap, a network device, a capture
 * file.
 *
 * A port has pairs of queues. A pair belongs to one worker; what changes it while packets move is done by the
 * main thread with that worker held (worker.h). Packets stay where their sender put them until they have been
 * copied into the receiver's buffers. */
#ifndef PORTS_PORT_H
#define PORTS_PORT_H

#include <dpu/dpu.h>
#include <dpu/vhost.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#define PORT_BURST 64
#define PORT_CACHE_LINE 64
#define ETH_HEADER 14
/* Bytes of a packet that are enough for every decision about it. */
#define PACKET_HEAD 256
/* Bytes before a packet's tail. */
#define PACKET_FRESH 64

#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

struct packet {
	struct iovec *iov; /* from Ethernet's header on; the element before the first may be overwritten */
	uint32_t iov_count;
	uint32_t len;
	struct iovec piece[2]; /* for packets that need no longer array */
	void **buffer;         /* where its pair notes the buffer that it fills, if that can be handed on */
	bool offload;          /* hdr asks for something */
	/* The name of what is behind the first PACKET_FRESH bytes, NULL: none. All packets of the name are of
	 * one element and one length and have the same there: a buffer that has had one of them need not have
	 * it again. */
	const void *tail;
	struct dpu_virtio_net_hdr hdr;
};

/* Counters of a pair. One thread writes them, any may read them. */
struct pair_stats {
	atomic_uint_fast64_t rx_packets;
	atomic_uint_fast64_t rx_bytes;
	atomic_uint_fast64_t rx_errors;
	atomic_uint_fast64_t tx_packets;
	atomic_uint_fast64_t tx_bytes;
	atomic_uint_fast64_t tx_errors;  /* packets that the port can never take */
	atomic_uint_fast64_t tx_dropped; /* packets for which there was no room */
};

struct port_total {
	uint64_t rx_packets, rx_bytes, rx_errors, tx_packets, tx_bytes, tx_errors, tx_dropped;
};

struct port;
struct pair;

struct pair_ops {
	/* Takes up to count packets, at most PORT_BURST. Where there were any, rx_done() gives them back, and
	 * comes before the next rx(). */
	uint32_t (*rx)(struct pair *pair, struct packet *packets, uint32_t count);
	void (*rx_done)(struct pair *pair);
	/* Copies up to count packets, at most PORT_BURST, none with an offload that the port does not take;
	 * how many it is done with. A buffer that it can hand on instead is no longer noted at its pair. */
	uint32_t (*tx)(struct pair *pair, struct packet *const *packets, uint32_t count);
	/* Before a worker sleeps: true when there is work already. */
	bool (*sleep)(struct pair *pair);
	void (*awake)(struct pair *pair);
	/* Whether the peer has taken all that was sent; NULL: it is the peer's at once. With the worker held.
	 */
	bool (*settled)(struct pair *pair);
};

struct pair {
	const struct pair_ops *ops;
	struct port *port;
	uint32_t index;
	uint32_t writer; /* who writes headers of what is sent, an enum dpu_virtq_side */
	uint64_t takes;  /* offloads that packets may ask for, as features */
	int wait_fd;     /* readable when there are packets, -1: ask */
	int wait_set;    /* the epoll set that has it, -1: none */
	bool ready;      /* packets can be sent */
	bool shared;     /* several workers send */
	atomic_bool end; /* nothing will ever come */
	atomic_flag busy;
	_Alignas(PORT_CACHE_LINE) struct pair_stats stats;
};

struct port_opts {
	uint64_t offloads; /* what is offered to peers, as DPU_VIRTIO_NET_F_*; the driver side accepts less */
	/* Live update: the port is taken over from the process at the other end of this stream socket, where
	 * hand_over() is called. The socket stays the caller's. */
	bool take_over;
	int from;
	int timeout; /* milliseconds */
	/* Peers need not be able to go on with another process where this one was killed: it is no loss that
	 * packets are, and nothing is noted of those under way. */
	bool forgetful;
};

struct port_ops {
	/* Does what the descriptor asks for: 1 with an event, 0, or a negative errno when the port is gone
	 * for good. */
	int (*process)(struct port *port, struct dpu_vhost_event *event);
	/* Carries out what the event means; no worker uses the port. */
	void (*handle)(struct port *port, const struct dpu_vhost_event *event);
	void (*close)(struct port *port);
	/* Live update: hands the port over to the process at the other end of a stream socket; no worker uses
	 * the port. 0, and all that is left to do is to close it; or a negative errno after it was said why,
	 * and the port goes on. NULL: there is no way. */
	int (*hand_over)(struct port *port, int fd, int timeout);
};

struct port {
	const struct port_ops *ops;
	char *uri;
	int fd; /* for process(); -1: there is nothing to do */
	uint32_t pair_count;
	struct pair **pairs;
	struct dpu_vhost *vhost; /* NULL where there is none */
};

/* Opens a port. 0, or a negative errno with the reason in error. */
int port_open(const char *uri, const struct port_opts *opts, struct port **ret, char *error, size_t size);
/* Closes what it is a port of. Its statistics can still be read. */
void port_shut(struct port *port);
void port_close(struct port *port);
/* True for events that change what workers use. */
bool port_event_needs_workers(const struct dpu_vhost_event *event);
void port_total(const struct port *port, struct port_total *total);

/* Sends packets, each as the port can take it: checksums and large packets are finished in software where it
 * takes none. What there is no room for is dropped. How many were sent. */
uint32_t pair_send(struct pair *pair, struct packet **packets, uint32_t count);

/* Copies a packet's first PACKET_HEAD bytes, or all of it, to room, which is part of the packet from then on:
 * a peer can no longer change what was decided about it. */
void packet_take_head(struct packet *packet, uint8_t *room);
/* Copies a packet of several elements. */
void packet_copy_elements(const struct packet *packet, uint8_t *to);

static inline void count_add(atomic_uint_fast64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static inline uint64_t count_read(const atomic_uint_fast64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Asks for a cache line to write to. */
static inline void prefetch_write(const void *at)
{
#if defined(__x86_64__)
	/* gcc's builtin reads only, unless told of the processor. */
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)at));
#else
	__builtin_prefetch(at, 1);
#endif
}

/* Small packets are most packets. */
static inline void copy_bytes(void *to, const void *from, size_t len)
{
	if (likely(len >= 64 && len <= 128)) {
		memcpy(to, from, 64);
		memcpy((uint8_t *)to + len - 64, (const uint8_t *)from + len - 64, 64);
		return;
	}
	memcpy(to, from, len);
}

/* Copies a whole packet. */
static inline void packet_copy(const struct packet *packet, uint8_t *to)
{
	if (likely(packet->iov_count == 1))
		copy_bytes(to, packet->iov->iov_base, packet->len);
	else
		packet_copy_elements(packet, to);
}

static inline void packet_single(struct packet *packet, void *data, uint32_t len)
{
	packet->iov = packet->piece;
	packet->piece[0] = (struct iovec){ data, len };
	packet->iov_count = 1;
	packet->len = len;
	packet->buffer = NULL;
	packet->offload = false;
	packet->tail = NULL;
}

/* Packets that need neither an offload nor a second element. */
static const struct dpu_virtio_net_hdr packet_plain_hdr;

/* Prints a string of JSON. */
void port_print_json(const char *text);

/* For the implementations. */
/* Sends data with descriptors, and receives up to room of them, which are the caller's then; others are
 * closed. flags are of recvmsg(2). Bytes, 0 at the end, or a negative errno. */
#define PORT_FDS_MAX 253
int fds_send(int fd, const void *data, size_t len, const int *fds, uint32_t count);
int fds_receive(int fd, void *data, size_t size, int *fds, uint32_t room, uint32_t *count, int flags);

int port_create_pairs(struct port *port, uint32_t count, size_t pair_size, const struct pair_ops *ops);
/* A decimal word behind "NAME=" in a list of words with commas between them; fallback when it is not there.
 */
uint32_t port_uri_number(const char *uri, const char *name, uint32_t fallback);

int vhost_port_open(struct port *port, const struct port_opts *opts, char *error, size_t size);
int tap_port_open(struct port *port, const struct port_opts *opts, char *error, size_t size);
int packet_port_open(struct port *port, const struct port_opts *opts, char *error, size_t size);
int pcap_port_open(struct port *port, const struct port_opts *opts, char *error, size_t size);

#endif
