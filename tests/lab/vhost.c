/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Both sides of a network device, for what the kernel has on the other side of a vhost handle.
 *
 *	vhost ping URI ADDRESS    drives a device: asks for an address by ARP, and wants 50 echoes of ICMP
 *	vhost loop URI            drives a device that sends back what is sent to its own MAC address
 *	vhost pong URI ADDRESS    is a device, behind which that address answers; ends with its standard input
 */
#include <arpa/inet.h>
#include <dpu/dpu.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFERS 64u
#define BUFFER 2048u
#define ETH 14u
#define IP (ETH + 20u)
#define ICMP (IP + 8u)
#define OUR_ADDRESS "10.9.0.2"

static struct dpu_vhost *vh;
static uint32_t header; /* bytes before a packet */
static uint64_t features;
static uint8_t mac[6] = { 2, 0, 0, 0, 9, 2 };

static uint16_t checksum(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void ethernet(uint8_t *frame, const uint8_t *to, uint16_t type)
{
	memcpy(frame, to, 6);
	memcpy(frame + 6, mac, 6);
	put16(frame + 12, type);
}

/* An ARP packet, an answer when there is somebody to answer to. */
static uint32_t arp(uint8_t *frame, const uint8_t *to, const char *from_address, const void *to_address)
{
	static const uint8_t head[6] = { 0, 1, 8, 0, 6, 4 }, all[6] = { 255, 255, 255, 255, 255, 255 };
	static const uint8_t nobody[6];

	ethernet(frame, to ? to : all, 0x0806);
	memcpy(frame + 14, head, 6);
	put16(frame + 20, to ? 2 : 1);
	memcpy(frame + 22, mac, 6);
	inet_pton(AF_INET, from_address, frame + 28);
	memcpy(frame + 32, to ? to : nobody, 6);
	memcpy(frame + 38, to_address, 4);
	return 42;
}

static uint32_t echo(uint8_t *frame, const uint8_t *to, const void *address, uint16_t number, uint32_t len)
{
	uint32_t i;

	ethernet(frame, to, 0x0800);
	memset(frame + ETH, 0, ICMP - ETH);
	frame[ETH] = 0x45;
	put16(frame + ETH + 2, (uint16_t)(ICMP - ETH + len));
	frame[ETH + 8] = 64;
	frame[ETH + 9] = 1;
	inet_pton(AF_INET, OUR_ADDRESS, frame + ETH + 12);
	memcpy(frame + ETH + 16, address, 4);
	put16(frame + ETH + 10, checksum(frame + ETH, 20));
	frame[IP] = 8;
	put16(frame + IP + 4, 0x4242);
	put16(frame + IP + 6, number);
	for (i = 0; i < len; i++)
		frame[ICMP + i] = (uint8_t)(number * 7 + i);
	put16(frame + IP + 2, checksum(frame + IP, 8 + len));
	return ICMP + len;
}

/* The driver's side: a buffer for each chain of both queues. */
static uint8_t *buffer(uint32_t queue, uintptr_t slot)
{
	return (uint8_t *)dpu_vhost_memory(vh, NULL) + (queue * BUFFERS + slot) * BUFFER;
}

static void notify(uint32_t index)
{
	if (dpu_virtq_should_notify(dpu_vhost_virtq(vh, index)) && dpu_vhost_notify(vh, index) < 0)
		errx(1, "notify");
}

static void receive_into(uintptr_t slot)
{
	struct iovec iov = { buffer(0, slot), BUFFER };
	struct dpu_virtq_chain chain = { .iov = &iov, .write_count = 1, .cookie = (void *)slot };

	if (dpu_virtq_add(dpu_vhost_virtq(vh, 0), &chain, 1) != 1)
		errx(1, "add");
}

/* One thing that happens to the handle, within so many milliseconds. */
static bool step(struct dpu_vhost_event *event, int ms)
{
	int rc = dpu_vhost_process(vh, event, ms);

	if (rc < 0 && rc != -EINTR)
		errx(1, "process: %s", strerror(-rc));
	return rc == 1;
}

static void begin_driver(const char *uri)
{
	char why[256] = "";
	DPU_OPTS(dpu_vhost_opts, opts, .role = DPU_VHOST_FRONTEND, .features = DPU_VIRTIO_NET_F_MAC,
		 .error = why, .error_size = sizeof(why));
	DPU_OPTS(dpu_vhost_event, event);
	DPU_OPTS(dpu_vhost_state, state);
	uint32_t started = 0;
	uintptr_t slot;

	if (dpu_vhost_open(uri, &opts, &vh) < 0)
		errx(1, "%s", why);
	while (started < 2 && step(&event, 5000))
		started += event.type == DPU_VHOST_QUEUE_START;
	if (started != 2)
		errx(1, "no queues");
	dpu_vhost_state(vh, &state);
	features = state.features;
	header = (uint32_t)dpu_virtio_net_hdr_len(features);
	for (slot = 0; slot < BUFFERS; slot++)
		receive_into(slot);
	notify(0);
}

static void transmit(uint32_t len)
{
	struct iovec iov = { buffer(1, 0), header + len };
	struct dpu_virtq_chain chain = { .iov = &iov, .read_count = 1 };

	memset(iov.iov_base, 0, header);
	if (dpu_virtq_add(dpu_vhost_virtq(vh, 1), &chain, 1) != 1)
		errx(1, "add");
	notify(1);
	/* The one buffer there is has to come back. */
	while (dpu_virtq_get(dpu_vhost_virtq(vh, 1), &chain, 1) == 0)
		usleep(100);
}

/* The next packet, good until the one after it; 0 when none comes. */
static uint32_t receive(const uint8_t **frame)
{
	static uintptr_t last = BUFFERS;
	DPU_OPTS(dpu_vhost_event, event);
	struct dpu_virtq_chain chain;
	int rc;

	if (last < BUFFERS) {
		receive_into(last);
		notify(0);
	}
	last = BUFFERS;
	while ((rc = dpu_virtq_get(dpu_vhost_virtq(vh, 0), &chain, 1)) == 0) {
		if (!step(&event, 5000))
			return 0;
	}
	if (rc < 0)
		errx(1, "get: %s", dpu_virtq_error(dpu_vhost_virtq(vh, 0)));
	last = (uintptr_t)chain.cookie;
	*frame = buffer(0, last) + header;
	return chain.written - header;
}

static int ping(const char *address)
{
	uint8_t wanted[BUFFER], peer[6];
	const uint8_t *frame = NULL;
	struct in_addr to;
	uint32_t got, len;
	uint16_t n;

	if (inet_pton(AF_INET, address, &to) != 1)
		errx(2, "%s is no address", address);
	transmit(arp(buffer(1, 0) + header, NULL, OUR_ADDRESS, &to));
	do
		got = receive(&frame);
	while (got && (got < 42 || get16(frame + 12) != 0x0806 || get16(frame + 20) != 2));
	if (!got)
		errx(1, "nobody has %s", address);
	memcpy(peer, frame + 6, 6);
	for (n = 0; n < 50; n++) {
		len = n * 29u;
		transmit(echo(buffer(1, 0) + header, peer, &to, n, len));
		echo(wanted, peer, &to, n, len);
		do
			got = receive(&frame);
		while (got &&
		       (got < ICMP || get16(frame + 12) != 0x0800 || frame[ETH + 9] != 1 || frame[IP] != 0));
		if (!got)
			errx(1, "no echo of %u bytes", len);
		if (got < ICMP + len || get16(frame + IP + 6) != n ||
		    memcmp(frame + ICMP, wanted + ICMP, len) != 0 || checksum(frame + IP, 8 + len) != 0)
			errx(1, "echo %u of %u bytes is another one: %u bytes, number %u, checksum %04x", n,
			     len, got, get16(frame + IP + 6), checksum(frame + IP, 8 + len));
	}
	return 0;
}

static int loop(void)
{
	uint8_t wanted[BUFFER];
	const uint8_t *frame = NULL;
	uint32_t got, len;
	uint16_t n;

	if (dpu_vhost_config_read(vh, 0, mac, 6) != 6)
		errx(1, "no MAC address");
	for (n = 0; n < 50; n++) {
		len = n * 29u;
		transmit(echo(buffer(1, 0) + header, mac, mac, n, len));
		got = receive(&frame);
		if (got != echo(wanted, mac, mac, n, len) || memcmp(frame, wanted, got) != 0)
			errx(1, "packet %u of %u bytes did not come back as it was: %u", n, ICMP + len, got);
	}
	return 0;
}

/* The device's side: what is answered to a packet; 0 for nothing. */
static uint32_t answer(const uint8_t *frame, uint32_t len, const char *address, uint8_t *out)
{
	struct in_addr own;

	inet_pton(AF_INET, address, &own);
	if (len >= 42 && get16(frame + 12) == 0x0806 && get16(frame + 20) == 1 &&
	    memcmp(frame + 38, &own, 4) == 0)
		return arp(out, frame + 6, address, frame + 28);
	if (len < ICMP || get16(frame + 12) != 0x0800 || frame[ETH + 9] != 1 || frame[IP] != 8)
		return 0;
	memcpy(out, frame, len);
	ethernet(out, frame + 6, 0x0800);
	memcpy(out + ETH + 12, frame + ETH + 16, 4);
	memcpy(out + ETH + 16, frame + ETH + 12, 4);
	out[IP] = 0;
	put16(out + IP + 2, 0);
	put16(out + IP + 2, checksum(out + IP, len - IP));
	return len;
}

static void give(const uint8_t *frame, uint32_t len)
{
	struct dpu_virtio_net_hdr hdr = { .num_buffers = 1 };
	struct iovec iov[16];
	struct dpu_virtq_chain chain = { .iov = iov, .iov_max = 16 };
	uint8_t encoded[DPU_VIRTIO_NET_HDR_MAX];
	int rc = dpu_virtq_pop(dpu_vhost_virtq(vh, 0), &chain, 1);

	if (rc == -EFAULT)
		dpu_vhost_miss(vh, 0);
	if (rc != 1)
		return;
	dpu_virtio_net_hdr_encode(&hdr, features, encoded);
	chain.written = (uint32_t)(dpu_virtq_chain_write(&chain, 0, encoded, header) +
				   dpu_virtq_chain_write(&chain, header, frame, len));
	dpu_virtq_push(dpu_vhost_virtq(vh, 0), &chain, 1);
	notify(0);
}

static void serve(const char *address)
{
	static uint8_t packet[BUFFER], out[BUFFER];
	struct iovec iov[16];
	struct dpu_virtq_chain chain = { .iov = iov, .iov_max = 16 };
	struct dpu_virtq *vq = dpu_vhost_virtq(vh, 1);
	uint32_t len;
	int rc;

	while (vq && (rc = dpu_virtq_pop(vq, &chain, 1)) == 1) {
		len = (uint32_t)dpu_virtq_chain_read(&chain, header, packet, sizeof(packet));
		dpu_virtq_push(vq, &chain, 1);
		notify(1);
		len = answer(packet, len, address, out);
		if (len)
			give(out, len);
	}
	if (vq && rc == -EFAULT)
		dpu_vhost_miss(vh, 1);
}

static int pong(const char *uri, const char *address)
{
	char why[256] = "";
	DPU_OPTS(dpu_virtio_net_opts, net_opts, .features = DPU_VIRTIO_NET_F_MAC | DPU_VIRTIO_NET_F_STATUS,
		 .mac = { 2, 0, 0, 0, 9, 9 });
	DPU_OPTS(dpu_vhost_opts, opts, .error = why, .error_size = sizeof(why));
	DPU_OPTS(dpu_vhost_event, event);
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN } };

	if (dpu_virtio_net_create(&net_opts, &opts.net) < 0 || dpu_vhost_open(uri, &opts, &vh) < 0)
		errx(1, "%s", why);
	fds[1] = (struct pollfd){ .fd = dpu_vhost_fd(vh), .events = POLLIN };
	while (poll(fds, 2, -1) > 0 && !fds[0].revents) {
		while (step(&event, 0)) {
			if (event.type == DPU_VHOST_FEATURES) {
				features = event.value;
				header = (uint32_t)dpu_virtio_net_hdr_len(features);
			} else if (event.type == DPU_VHOST_QUEUE_NOTIFIED) {
				serve(address);
			}
		}
	}
	dpu_virtio_net_unref(opts.net);
	return 0;
}

int main(int argc, char **argv)
{
	int rc;

	if (argc == 4 && strcmp(argv[1], "pong") == 0) {
		rc = pong(argv[2], argv[3]);
	} else if (argc == 4 && strcmp(argv[1], "ping") == 0) {
		begin_driver(argv[2]);
		rc = ping(argv[3]);
	} else if (argc == 3 && strcmp(argv[1], "loop") == 0) {
		begin_driver(argv[2]);
		rc = loop();
	} else {
		errx(2, "usage: vhost ping|pong URI ADDRESS, or vhost loop URI");
	}
	dpu_vhost_unref(vh);
	return rc;
}
