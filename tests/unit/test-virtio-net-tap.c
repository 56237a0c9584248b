/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel cuts the same large packets: sent into a tap device that has no offloads, it must do so in
 * software, and what comes out has to be the same bytes. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "net-frames.h"
#include "tap.h"

#define ELEMENTS 16
#define WAIT_MS 5000

static int tap_fd = -1, packet_fd = -1;
static int ifindex;

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd >= 0) {
		if (write(fd, text, strlen(text)) < 0)
			tap_diag("%s: %s", path, strerror(errno));
		close(fd);
	}
}

static void set_up(void)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int control, on = 1;

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		tap_skip_all("no network namespace of its own: %s", strerror(errno));
	/* The kernel's own packets would only be in the way. */
	write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	tap_fd = open("/dev/net/tun", O_RDWR);
	if (tap_fd < 0)
		tap_skip_all("/dev/net/tun: %s", strerror(errno));
	if (ioctl(tap_fd, TUNSETIFF, &ifr) < 0 || ioctl(tap_fd, TUNSETOFFLOAD, 0) < 0)
		tap_skip_all("a tap device: %s", strerror(errno));
	control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(control >= 0);
	must(ioctl(control, SIOCGIFINDEX, &ifr) == 0);
	ifindex = ifr.ifr_ifindex;
	ifr.ifr_flags = IFF_UP;
	must(ioctl(control, SIOCSIFFLAGS, &ifr) == 0);
	ifr.ifr_qlen = 10000;
	must(ioctl(control, SIOCSIFTXQLEN, &ifr) == 0);
	close(control);
	packet_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (packet_fd < 0 || setsockopt(packet_fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) < 0)
		tap_skip_all("a packet socket: %s", strerror(errno));
}

/* Gives the packet to the kernel, with its header as we write it. */
static int send_frame(const struct frame *frame)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = ifindex };
	uint8_t wire[DPU_VIRTIO_NET_HDR_MAX];
	struct iovec iov[2] = { { wire, dpu_virtio_net_hdr_encode(&frame->hdr, 0, wire) },
				{ (void *)frame->data, frame->len } };
	struct msghdr msg = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = iov, .msg_iovlen = 2 };

	to.sll_protocol = htons(peek16(frame->data + 12));
	return sendmsg(packet_fd, &msg, 0) < 0 ? -errno : 0;
}

/* The next packet of ours that comes out; 0 when none does. */
static size_t receive(uint8_t *buf, size_t size)
{
	struct pollfd poll_fd = { .fd = tap_fd, .events = POLLIN };
	ssize_t len;

	do {
		if (poll(&poll_fd, 1, WAIT_MS) <= 0)
			return 0;
		len = read(tap_fd, buf, size);
		must(len > 0);
	} while (len < 14 || memcmp(buf + 6, "\x02\x00\x00\x00\x00\x01", 6) != 0);
	return (size_t)len;
}

static void show(const char *who, const uint8_t *data, size_t len)
{
	size_t i;

	printf("# %s, %zu bytes:", who, len);
	for (i = 0; i < len && i < 120; i++)
		printf(" %02x", data[i]);
	printf("\n");
}

/* The kernel chooses the fragments' identification; ours can be set. */
static void take_fragment_id(struct frame *frame, struct dpu_virtio_net_gso *gso, const uint8_t *got)
{
	const uint8_t *header = got + frame->network + 40 + (frame->transport - frame->network - 40);

	if (frame->hdr.gso_type == DPU_VIRTIO_NET_HDR_GSO_UDP && frame->v6)
		gso->fragment_id = (uint32_t)peek16(header + 4) << 16 | peek16(header + 6);
}

/* 0: the same; else which segment differs, or -errno of the kernel. */
static int compare(struct frame *frame)
{
	static uint8_t ours[FRAME_MAX], theirs[FRAME_MAX];
	struct dpu_virtio_net_gso gso;
	struct iovec iov[ELEMENTS];
	uint32_t count = frame_scatter(frame, iov, ELEMENTS), i;
	size_t got;
	int len, rc;

	rc = dpu_virtio_net_gso_start(&gso, &frame->hdr, iov, count, 0);
	if (rc < 0) {
		tap_diag("gso_start: %s", strerror(-rc));
		return 1;
	}
	rc = send_frame(frame);
	if (rc < 0)
		return rc;
	for (i = 0; i < gso.segments; i++) {
		got = receive(theirs, sizeof(theirs));
		if (!got)
			return (int)i + 1;
		if (!i)
			take_fragment_id(frame, &gso, theirs);
		len = dpu_virtio_net_gso_next(&gso, ours, gso.segment_max);
		if (len != (int)got || memcmp(ours, theirs, got) != 0) {
			show("ours", ours, len > 0 ? (size_t)len : 0);
			show("the kernel's", theirs, got);
			return (int)i + 1;
		}
	}
	return dpu_virtio_net_gso_next(&gso, ours, sizeof(ours)) ? 1 : 0;
}

static void drain(void)
{
	static uint8_t buf[FRAME_MAX];
	struct pollfd poll_fd = { .fd = tap_fd, .events = POLLIN };

	while (poll(&poll_fd, 1, 100) > 0) {
		if (read(tap_fd, buf, sizeof(buf)) < 0)
			break;
	}
}

static void test_kind(const char *name, uint8_t gso_type, bool v6, int rounds)
{
	static struct frame frame;
	unsigned int segments = 0;
	int i, rc = 0;

	for (i = 0; i < rounds && !rc; i++) {
		struct frame_plan plan = {
			.gso_type = gso_type,
			.v6 = v6,
			.tags = (unsigned int)rand() % 3,
			.options = (unsigned int)rand() % 11,
			.extensions = rand() % 3 == 0,
			.gso_size = (uint16_t)(200 + rand() % 3000),
		};

		plan.payload = 1 + (size_t)rand() % (i % 4 ? 5000 : 61000);
		if (gso_type == DPU_VIRTIO_NET_HDR_GSO_UDP)
			plan.gso_size &= 0xfff8;
		if (gso_type == DPU_VIRTIO_NET_HDR_GSO_UDP_L4)
			plan.payload %= plan.gso_size * 126u; /* the kernel takes 128 segments */
		/* The kernel (6.18) counts extension headers into the offsets of fragments, against RFC 8200.
		 */
		if (gso_type == DPU_VIRTIO_NET_HDR_GSO_UDP && v6)
			plan.extensions = false;
		if (gso_type == DPU_VIRTIO_NET_HDR_GSO_NONE) {
			plan.payload %= 1400;
			plan.gso_size = 0;
		}
		plan.payload += plan.gso_size; /* the kernel may drop one that is no longer than a segment */
		frame_make(&frame, &plan);
		rc = compare(&frame);
		if (rc)
			tap_diag("round %d: %u tags, options %u, extensions %d, payload %zu, gso_size %u: %d",
				 i, plan.tags, plan.options, plan.extensions, plan.payload, plan.gso_size,
				 rc);
		segments += rc ? 0 : 1 + (plan.gso_size ? (unsigned int)plan.payload / plan.gso_size : 0);
	}
	if (rc == -EINVAL || rc == -EOPNOTSUPP)
		tap_skip("%s: this kernel does not take it", name);
	else
		ok(!rc, "%s: %u segments are the kernel's", name, segments);
	drain();
}

int main(void)
{
	const char *text = getenv("SEED");
	unsigned int seed = text ? (unsigned int)strtoul(text, NULL, 0) : 20261121;

	set_up();
	tap_diag("seed %u", seed);
	srand(seed);
	test_kind("a checksum over IPv4", DPU_VIRTIO_NET_HDR_GSO_NONE, false, 100);
	test_kind("a checksum over IPv6", DPU_VIRTIO_NET_HDR_GSO_NONE, true, 100);
	test_kind("TCP over IPv4", DPU_VIRTIO_NET_HDR_GSO_TCPV4, false, 300);
	test_kind("TCP over IPv6", DPU_VIRTIO_NET_HDR_GSO_TCPV6, true, 300);
	test_kind("UDP datagrams over IPv4", DPU_VIRTIO_NET_HDR_GSO_UDP_L4, false, 300);
	test_kind("UDP datagrams over IPv6", DPU_VIRTIO_NET_HDR_GSO_UDP_L4, true, 300);
	test_kind("UDP fragments over IPv4", DPU_VIRTIO_NET_HDR_GSO_UDP, false, 300);
	test_kind("UDP fragments over IPv6", DPU_VIRTIO_NET_HDR_GSO_UDP, true, 300);
	return tap_done();
}
