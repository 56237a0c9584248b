/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Both sides of devices, for what the kernel has on the other side of a vhost handle.
 *
 *	vhost ping URI ADDRESS    drives a device: asks for an address by ARP, and wants 50 echoes of ICMP for
 *each pair of queues vhost loop URI            drives a device that sends back what is sent to its own MAC
 *address vhost memory URI [ADDRESS] either one, from and into memory that is added and removed vhost pong URI
 *ADDRESS    is a device, behind which that address answers; ends with its standard input vhost disk URI FILE
 *is a block device; likewise vhost hold URI FILE       is one that answers every second request only
 */
#include "vhost.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

struct dpu_vhost *vh;
uint64_t features;
uint32_t header;
uint8_t mac[6] = { 2, 0, 0, 0, 9, 2 };

bool step(struct dpu_vhost_event *event, int ms)
{
	int rc = dpu_vhost_process(vh, event, ms);

	if (rc < 0 && rc != -EINTR)
		errx(1, "process: %s", strerror(-rc));
	return rc == 1;
}

void notify(uint32_t index)
{
	if (dpu_virtq_should_notify(dpu_vhost_virtq(vh, index)) && dpu_vhost_notify(vh, index) < 0)
		errx(1, "notify");
}

void serve_events(void (*tell)(const struct dpu_vhost_event *event))
{
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN },
				 { .fd = dpu_vhost_fd(vh), .events = POLLIN } };
	DPU_OPTS(dpu_vhost_event, event);

	while (poll(fds, 2, -1) > 0 && !fds[0].revents) {
		while (step(&event, 0))
			tell(&event);
	}
}

uint16_t checksum(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

void ethernet(uint8_t *frame, const uint8_t *to, uint16_t type)
{
	memcpy(frame, to, 6);
	memcpy(frame + 6, mac, 6);
	put16(frame + 12, type);
}

uint32_t arp(uint8_t *frame, const uint8_t *to, const char *from_address, const void *to_address)
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

/* False when it has to wait: the address of the driver's buffer is being looked up. */
static bool give(const uint8_t *frame, uint32_t len)
{
	struct dpu_virtio_net_hdr hdr = { .num_buffers = 1 };
	struct iovec iov[16];
	struct dpu_virtq_chain chain = { .iov = iov, .iov_max = 16 };
	uint8_t encoded[DPU_VIRTIO_NET_HDR_MAX];
	int rc = dpu_virtq_pop(dpu_vhost_virtq(vh, 0), &chain, 1);

	if (rc == -EFAULT)
		dpu_vhost_miss(vh, 0);
	if (rc != 1)
		return rc != -EFAULT;
	dpu_virtio_net_hdr_encode(&hdr, features, encoded);
	chain.written = (uint32_t)(dpu_virtq_chain_write(&chain, 0, encoded, header) +
				   dpu_virtq_chain_write(&chain, header, frame, len));
	dpu_virtq_push(dpu_vhost_virtq(vh, 0), &chain, 1);
	notify(0);
	return true;
}

static void serve(const char *address)
{
	static uint8_t packet[BUFFER], out[BUFFER];
	static uint32_t waiting; /* bytes of out */
	struct iovec iov[16];
	struct dpu_virtq_chain chain = { .iov = iov, .iov_max = 16 };
	struct dpu_virtq *vq = dpu_vhost_virtq(vh, 1);
	int rc;

	if (!vq || (waiting && !give(out, waiting)))
		return;
	waiting = 0;
	while ((rc = dpu_virtq_pop(vq, &chain, 1)) == 1) {
		waiting = (uint32_t)dpu_virtq_chain_read(&chain, header, packet, sizeof(packet));
		dpu_virtq_push(vq, &chain, 1);
		notify(1);
		waiting = answer(packet, waiting, address, out);
		if (waiting && !give(out, waiting))
			return;
		waiting = 0;
	}
	if (rc == -EFAULT)
		dpu_vhost_miss(vh, 1);
}

/* What the device is asked for is served. */
static const char *own_address;

static void tell_pong(const struct dpu_vhost_event *event)
{
	if (event->type == DPU_VHOST_FEATURES) {
		features = event->value;
		header = (uint32_t)dpu_virtio_net_hdr_len(features);
	} else if (event->type == DPU_VHOST_QUEUE_NOTIFIED) {
		serve(own_address);
	}
}

static int pong(const char *uri, const char *address)
{
	char why[256] = "";
	DPU_OPTS(dpu_virtio_net_opts, net_opts, .features = DPU_VIRTIO_NET_F_MAC | DPU_VIRTIO_NET_F_STATUS,
		 .mac = { 2, 0, 0, 0, 9, 9 });
	DPU_OPTS(dpu_vhost_opts, opts, .error = why, .error_size = sizeof(why));

	if (dpu_virtio_net_create(&net_opts, &opts.net) < 0 || dpu_vhost_open(uri, &opts, &vh) < 0)
		errx(1, "%s", why);
	own_address = address;
	serve_events(tell_pong);
	dpu_virtio_net_unref(opts.net);
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";
	int rc;

	if (argc == 4 && strcmp(mode, "pong") == 0)
		rc = pong(argv[2], argv[3]);
	else if (argc == 4 && strcmp(mode, "ping") == 0)
		rc = ping(argv[2], argv[3]);
	else if (argc == 3 && strcmp(mode, "loop") == 0)
		rc = loop(argv[2]);
	else if ((argc == 3 || argc == 4) && strcmp(mode, "memory") == 0)
		rc = memory(argv[2], argv[3]);
	else if (argc == 4 && (strcmp(mode, "disk") == 0 || strcmp(mode, "hold") == 0))
		rc = disk(argv[2], argv[3], strcmp(mode, "hold") == 0);
	else
		errx(2, "usage: vhost ping|pong URI ADDRESS, loop URI, memory URI [ADDRESS], or disk|hold "
			"URI FILE");
	dpu_vhost_unref(vh);
	return rc;
}
