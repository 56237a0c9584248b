/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of the kernel: a tap, and a network device through a packet socket. Both speak of offloads in
 * virtio's header and take them all. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include "vhost-port.h"

#define TAG 4
#define WIRE 10
/* Packets that are taken at once: with the room that each may need, more would not stay in the cache. */
#define BURST 32
#define ROOM (DPU_VIRTIO_NET_PACKET_MAX + PORT_CACHE_LINE + 3)
#define ELEMENTS 24
#define OFFLOADS                                                                                             \
	(DPU_VIRTIO_NET_F_GUEST_CSUM | DPU_VIRTIO_NET_F_GUEST_TSO4 | DPU_VIRTIO_NET_F_GUEST_TSO6 |           \
	 DPU_VIRTIO_NET_F_GUEST_ECN)

struct fd_pair {
	struct pair pair;
	int fd;
	uint8_t (*rooms)[ROOM];
	uint8_t whole[DPU_VIRTIO_NET_PACKET_MAX]; /* a packet of too many elements, in one */
	uint8_t wire[BURST][WIRE];
	struct iovec iov[BURST][1 + ELEMENTS];
	union {
		char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
		struct cmsghdr align;
	} control[BURST];
	struct mmsghdr messages[BURST];
};

static inline struct fd_pair *fd_of(struct pair *pair)
{
	return (struct fd_pair *)pair;
}

/* Before it there is room for a tag. */
static inline uint8_t *room_of(struct fd_pair *fd, uint32_t i)
{
	return fd->rooms[i] + PORT_CACHE_LINE;
}

static bool take(struct fd_pair *fd, uint32_t i, uint8_t *data, size_t len, struct packet *packet)
{
	if (len < ETH_HEADER || len > DPU_VIRTIO_NET_PACKET_MAX)
		return false;
	packet_single(packet, data, (uint32_t)len);
	return vhost_take_header(packet, fd->wire[i], OFFLOADS, DPU_VIRTQ_DEVICE);
}

static void count_rx(struct pair *pair, const struct packet *packets, uint32_t got, uint32_t read)
{
	uint64_t bytes = 0;
	uint32_t i;

	for (i = 0; i < got; i++)
		bytes += packets[i].len;
	count_add(&pair->stats.rx_packets, got);
	count_add(&pair->stats.rx_bytes, bytes);
	count_add(&pair->stats.rx_errors, read - got);
}

static uint32_t tap_rx(struct pair *pair, struct packet *packets, uint32_t count)
{
	struct fd_pair *fd = fd_of(pair);
	uint32_t i, got = 0;
	ssize_t len;

	for (i = 0; i < count && i < BURST; i++) {
		struct iovec iov[] = { { fd->wire[i], WIRE }, { room_of(fd, i), DPU_VIRTIO_NET_PACKET_MAX } };

		len = readv(fd->fd, iov, 2);
		if (len < WIRE)
			break;
		got += take(fd, i, room_of(fd, i), (size_t)len - WIRE, &packets[got]);
	}
	if (i)
		count_rx(pair, packets, got, i);
	return got;
}

/* The kernel takes tags off and tells them beside the packet: on again. */
static uint8_t *put_tag(struct msghdr *message, uint8_t *data, uint8_t *wire)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(message);
	struct tpacket_auxdata aux;
	uint16_t type, start;

	if (!control || control->cmsg_level != SOL_PACKET || control->cmsg_type != PACKET_AUXDATA)
		return data;
	memcpy(&aux, CMSG_DATA(control), sizeof(aux));
	if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
		return data;
	type = aux.tp_status & TP_STATUS_VLAN_TPID_VALID ? aux.tp_vlan_tpid : ETHERTYPE_VLAN;
	memmove(data - TAG, data, 12);
	data -= TAG;
	data[12] = (uint8_t)(type >> 8);
	data[13] = (uint8_t)type;
	data[14] = (uint8_t)(aux.tp_vlan_tci >> 8);
	data[15] = (uint8_t)aux.tp_vlan_tci;
	/* csum_start counts from the packet's start. */
	memcpy(&start, wire + 6, sizeof(start));
	start = (uint16_t)(start + TAG);
	if (*wire & DPU_VIRTIO_NET_HDR_F_NEEDS_CSUM)
		memcpy(wire + 6, &start, sizeof(start));
	return data;
}

static uint32_t packet_rx(struct pair *pair, struct packet *packets, uint32_t count)
{
	struct fd_pair *fd = fd_of(pair);
	uint32_t i, got = 0;
	struct msghdr *message;
	uint8_t *data;
	size_t len;
	int n;

	if (count > BURST)
		count = BURST;
	for (i = 0; i < count; i++) {
		fd->iov[i][0] = (struct iovec){ fd->wire[i], WIRE };
		fd->iov[i][1] = (struct iovec){ room_of(fd, i), DPU_VIRTIO_NET_PACKET_MAX };
		fd->messages[i].msg_hdr = (struct msghdr){ .msg_iov = fd->iov[i],
							   .msg_iovlen = 2,
							   .msg_control = fd->control[i].bytes,
							   .msg_controllen = sizeof(fd->control[i].bytes) };
	}
	n = recvmmsg(fd->fd, fd->messages, count, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return 0;
	for (i = 0; i < (uint32_t)n; i++) {
		message = &fd->messages[i].msg_hdr;
		len = fd->messages[i].msg_len;
		if (len < WIRE + ETH_HEADER || message->msg_flags & MSG_TRUNC)
			continue;
		data = put_tag(message, room_of(fd, i), fd->wire[i]);
		len += (size_t)(room_of(fd, i) - data);
		got += take(fd, i, data, len - WIRE, &packets[got]);
	}
	count_rx(pair, packets, got, (uint32_t)n);
	return got;
}

static void nothing_to_give_back(struct pair *pair)
{
	(void)pair;
}

/* Header and packet as one message. */
static size_t make_message(struct fd_pair *fd, uint32_t i, const struct packet *packet)
{
	const struct dpu_virtio_net_hdr *hdr = packet->offload ? &packet->hdr : &packet_plain_hdr;
	struct iovec *iov = fd->iov[i];

	dpu_virtio_net_hdr_encode(hdr, 0, fd->wire[i]);
	iov[0] = (struct iovec){ fd->wire[i], WIRE };
	if (packet->iov_count <= ELEMENTS) {
		memcpy(iov + 1, packet->iov, packet->iov_count * sizeof(*iov));
		return 1 + packet->iov_count;
	}
	packet_copy(packet, fd->whole);
	iov[1] = (struct iovec){ fd->whole, packet->len };
	return 2;
}

static void count_tx(struct pair *pair, struct packet *const *packets, uint32_t sent)
{
	uint64_t bytes = 0;
	uint32_t i;

	for (i = 0; i < sent; i++)
		bytes += packets[i]->len;
	count_add(&pair->stats.tx_packets, sent);
	count_add(&pair->stats.tx_bytes, bytes);
}

/* Whether what could not be sent is only too much for now. */
static bool is_full(void)
{
	return errno == EAGAIN || errno == ENOBUFS || errno == EINTR;
}

static uint32_t tap_tx(struct pair *pair, struct packet *const *packets, uint32_t count)
{
	struct fd_pair *fd = fd_of(pair);
	uint32_t i;
	size_t n;

	for (i = 0; i < count; i++) {
		n = make_message(fd, 0, packets[i]);
		if (writev(fd->fd, fd->iov[0], (int)n) >= 0)
			count_tx(pair, packets + i, 1);
		else if (is_full())
			break;
		else
			count_add(&pair->stats.tx_errors, 1);
	}
	return i;
}

/* Of a burst, what fits into one call; how many are done with. */
static uint32_t send_some(struct pair *pair, struct packet *const *packets, uint32_t count)
{
	struct fd_pair *fd = fd_of(pair);
	uint32_t i;
	int n;

	for (i = 0; i < count && i < BURST; i++) {
		/* There is one place for a packet of too many elements. */
		if (i && packets[i]->iov_count > ELEMENTS)
			break;
		fd->messages[i].msg_hdr = (struct msghdr){ .msg_iov = fd->iov[i] };
		fd->messages[i].msg_hdr.msg_iovlen = make_message(fd, i, packets[i]);
	}
	n = sendmmsg(fd->fd, fd->messages, i, MSG_DONTWAIT);
	if (n > 0) {
		count_tx(pair, packets, (uint32_t)n);
		return (uint32_t)n;
	}
	if (is_full())
		return 0;
	count_add(&pair->stats.tx_errors, 1);
	return 1;
}

static uint32_t packet_tx(struct pair *pair, struct packet *const *packets, uint32_t count)
{
	uint32_t done = 0, n;

	do {
		n = send_some(pair, packets + done, count - done);
		done += n;
	} while (n && done < count);
	return done;
}

static bool fd_sleep(struct pair *pair)
{
	(void)pair;
	return false;
}

static const struct pair_ops tap_ops = {
	.rx = tap_rx,
	.rx_done = nothing_to_give_back,
	.tx = tap_tx,
	.sleep = fd_sleep,
	.awake = nothing_to_give_back,
};

static const struct pair_ops packet_ops = {
	.rx = packet_rx,
	.rx_done = nothing_to_give_back,
	.tx = packet_tx,
	.sleep = fd_sleep,
	.awake = nothing_to_give_back,
};

static void close_port(struct port *port)
{
	struct fd_pair *fd;
	uint32_t i;

	for (i = 0; i < port->pair_count; i++) {
		fd = fd_of(port->pairs[i]);
		if (fd->fd >= 0)
			close(fd->fd);
		free(fd->rooms);
	}
}

/* One word from the other process. */
static int hear(int fd, int timeout)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	int n = poll(&pollfd, 1, timeout);
	char word;

	if (n > 0)
		n = (int)recv(fd, &word, 1, 0);
	else if (n == 0)
		return -ETIMEDOUT;
	return n < 0 ? -errno : n == 0 ? -ECONNRESET : 0;
}

/* The descriptors go as they are: a tap, what waits in it and its addresses stay. They are of use here, too,
 * until this process closes them; that it does not read them any more is told last. */
static int hand_over(struct port *port, int fd, int timeout)
{
	int fds[PORT_FDS_MAX], rc = 0;
	uint32_t i;

	for (i = 0; i < port->pair_count; i++)
		fds[i] = fd_of(port->pairs[i])->fd;
	rc = fds_send(fd, "f", 1, fds, port->pair_count);
	if (rc > 0)
		rc = hear(fd, timeout);
	if (rc == 0)
		rc = fds_send(fd, "g", 1, NULL, 0);
	if (rc < 0)
		fprintf(stderr, "%s: hand over: %s\n", port->uri, strerror(-rc));
	return rc < 0 ? rc : 0;
}

static int take_over(struct port *port, const struct port_opts *opts)
{
	struct pollfd pollfd = { .fd = opts->from, .events = POLLIN };
	int fds[PORT_FDS_MAX], rc = -ETIMEDOUT;
	struct fd_pair *pair;
	uint32_t i, count = 0;
	char word;

	if (poll(&pollfd, 1, opts->timeout) == 1)
		rc = fds_receive(opts->from, &word, 1, fds, port->pair_count, &count, 0);
	for (i = 0; i < count; i++) {
		pair = fd_of(port->pairs[i]);
		pair->fd = pair->pair.wait_fd = fds[i];
	}
	if (rc < 0)
		return rc;
	if (count != port->pair_count)
		return -EPROTO;
	rc = fds_send(opts->from, "t", 1, NULL, 0);
	return rc < 0 ? rc : hear(opts->from, opts->timeout);
}

static const struct port_ops fd_port_ops = { .close = close_port, .hand_over = hand_over };

/* Pairs without descriptors. */
static int make_pairs(struct port *port, uint32_t count, const struct pair_ops *ops)
{
	struct fd_pair *fd;
	uint32_t i;
	int rc;

	rc = port_create_pairs(port, count, sizeof(struct fd_pair), ops);
	for (i = 0; i < port->pair_count; i++)
		fd_of(port->pairs[i])->fd = -1;
	port->ops = &fd_port_ops;
	for (i = 0; rc == 0 && i < port->pair_count; i++) {
		fd = fd_of(port->pairs[i]);
		fd->rooms = malloc(BURST * sizeof(*fd->rooms));
		if (!fd->rooms)
			rc = -ENOMEM;
		fd->pair.writer = DPU_VIRTQ_DEVICE;
		fd->pair.takes = OFFLOADS;
		fd->pair.ready = true;
	}
	return rc;
}

/* The name of a network device behind the scheme. */
static bool device_name(const char *uri, char name[IFNAMSIZ])
{
	const char *from = strchr(uri, ':') + 1;
	size_t len = strcspn(from, ",");

	if (!len || len >= IFNAMSIZ)
		return false;
	memcpy(name, from, len);
	name[len] = '\0';
	return true;
}

static int open_tap(const char *name, bool multi)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int fd, rc;

	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (multi)
		ifr.ifr_flags |= IFF_MULTI_QUEUE;
	memcpy(ifr.ifr_name, name, IFNAMSIZ);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0 ||
	    ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

int tap_port_open(struct port *port, const struct port_opts *opts, char *error, size_t size)
{
	uint32_t i, queues = port_uri_number(port->uri, "queues", 1);
	char name[IFNAMSIZ] = "";
	struct fd_pair *fd;
	int rc = -EINVAL;

	if (device_name(port->uri, name) && queues >= 1 && queues <= PORT_FDS_MAX)
		rc = make_pairs(port, queues, &tap_ops);
	if (rc == 0 && opts->take_over)
		rc = take_over(port, opts);
	for (i = 0; rc == 0 && !opts->take_over && i < queues; i++) {
		fd = fd_of(port->pairs[i]);
		rc = open_tap(name, queues > 1);
		if (rc < 0)
			break;
		fd->fd = fd->pair.wait_fd = rc;
		rc = 0;
	}
	if (rc < 0)
		snprintf(error, size, "%s: %s", port->uri, strerror(-rc));
	return rc;
}

static int open_socket(const char *name)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET, .sll_protocol = htobe16(ETH_P_ALL) };
	struct packet_mreq promiscuous = { .mr_type = PACKET_MR_PROMISC };
	const int on = 1;
	int fd, rc;

	addr.sll_ifindex = (int)if_nametoindex(name);
	if (!addr.sll_ifindex)
		return -errno;
	promiscuous.mr_ifindex = addr.sll_ifindex;
	/* Nothing comes before it is bound. */
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous)) < 0 ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

int packet_port_open(struct port *port, const struct port_opts *opts, char *error, size_t size)
{
	char name[IFNAMSIZ] = "";
	struct fd_pair *fd;
	int rc = -EINVAL;

	if (device_name(port->uri, name))
		rc = make_pairs(port, 1, &packet_ops);
	if (rc == 0)
		rc = opts->take_over ? take_over(port, opts) : open_socket(name);
	if (rc < 0) {
		snprintf(error, size, "%s: %s", port->uri, strerror(-rc));
		return rc;
	}
	fd = fd_of(port->pairs[0]);
	if (!opts->take_over)
		fd->fd = fd->pair.wait_fd = rc;
	return 0;
}
