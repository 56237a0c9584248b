/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The network device: configuration space, control queue of both sides, receive filter, receive-side scaling
 * with the published test vectors. */
#include <dpu/virtio_net.h>
#include <arpa/inet.h>
#include <errno.h>
#include "tap.h"

#define F(name) DPU_VIRTIO_NET_F_##name
#define CONTROL                                                                                              \
	(F(CTRL_VQ) | F(CTRL_RX) | F(CTRL_RX_EXTRA) | F(CTRL_VLAN) | F(CTRL_MAC_ADDR) | F(MQ) | F(RSS) |     \
	 F(HASH_REPORT) | F(GUEST_ANNOUNCE) | F(CTRL_GUEST_OFFLOADS))
#define OFFLOADS (F(GUEST_CSUM) | F(GUEST_TSO4) | F(GUEST_TSO6) | F(GUEST_USO4))
#define ALL                                                                                                  \
	(DPU_VIRTIO_F_VERSION_1 | CONTROL | OFFLOADS | F(MAC) | F(STATUS) | F(MTU) | F(SPEED_DUPLEX) |       \
	 F(MRG_RXBUF))

static const uint8_t own[6] = { 2, 0, 0, 0, 0, 1 }, other[6] = { 2, 0, 0, 0, 0, 2 };
static const uint8_t group[6] = { 0x33, 0x33, 0, 0, 0, 1 }, everyone[6] = { 255, 255, 255, 255, 255, 255 };
static struct dpu_virtio_net *net;
static uint8_t command[4096];

static struct dpu_virtio_net *make(uint64_t features)
{
	DPU_OPTS(dpu_virtio_net_opts, opts, .features = features, .mac = { 2, 0, 0, 0, 0, 1 }, .mtu = 9000,
		 .speed = 100000, .duplex = DPU_VIRTIO_NET_DUPLEX_FULL, .max_virtqueue_pairs = 8);
	struct dpu_virtio_net *ret;

	must(dpu_virtio_net_create(&opts, &ret) == 0);
	return ret;
}

static struct dpu_virtio_net_state state(void)
{
	DPU_OPTS(dpu_virtio_net_state, ret);

	must(dpu_virtio_net_state(net, &ret) == 0);
	return ret;
}

/* Has the device do what is in command, its bytes in elements of so many; tells what the device says, and
 * checks its byte. */
static int run_in(int len, size_t each)
{
	static struct iovec iov[1024];
	uint8_t ack[2] = { 0xaa, 0xaa };
	struct dpu_virtq_chain chain = { .iov = iov, .write_count = 1 };
	size_t at = 0, piece;
	int rc;

	must(len >= 0);
	for (; at < (size_t)len && chain.read_count < 1000; at += piece) {
		piece = (size_t)len - at < each ? (size_t)len - at : each;
		iov[chain.read_count++] = (struct iovec){ command + at, piece };
	}
	iov[chain.read_count] = (struct iovec){ ack, 2 };
	rc = dpu_virtio_net_control(net, &chain);
	if (chain.written != 1 || ack[0] != (rc < 0) || ack[1] != 0xaa) {
		tap_diag("written %u, acknowledged %u for %d", chain.written, ack[0], rc);
		return -EBADMSG;
	}
	return rc;
}

static int run(int len)
{
	return run_in(len, sizeof(command));
}

static void test_create(void)
{
	DPU_OPTS(dpu_virtio_net_opts, opts);
	struct dpu_virtio_net *ret = NULL;

#define BAD(change, rc)                                                                                      \
	opts = (struct dpu_virtio_net_opts){ .sz = sizeof(opts), .features = ALL, .mtu = 1500 };             \
	change;                                                                                              \
	ok(dpu_virtio_net_create(&opts, &ret) == (rc), #change " is refused")
	BAD(opts.features |= F(NOTF_COAL), -EOPNOTSUPP);
	BAD(opts.features |= F(HASH_TUNNEL), -EOPNOTSUPP);
	BAD(opts.features &= ~F(CTRL_VQ), -EINVAL);
	BAD(opts.features |= F(HOST_TSO4), -EINVAL);
	BAD(opts.mac[0] = 1, -EINVAL);
	BAD(opts.mtu = 67, -EINVAL);
	BAD(opts.max_virtqueue_pairs = 0x8001, -EINVAL);
	BAD(opts.rss_max_indirection_table_length = 127, -EINVAL);
	BAD(opts.rss_max_key_size = 39, -EINVAL);
	BAD(opts.supported_hash_types = 0x200, -EINVAL);
	BAD(opts.speed = 0x80000000, -EINVAL);
	BAD(opts.duplex = 2, -EINVAL);
	BAD(opts.reserved = 1, -EINVAL);
	BAD(opts.sz = 7, -EINVAL);
	ok(!ret, "a failure leaves the result alone");
	net = make(ALL);
	is_int(dpu_virtio_net_set_features(net, ALL | F(HOST_UFO)), -EINVAL);
	is_int(dpu_virtio_net_set_features(net, ALL & ~F(GUEST_CSUM)), -EINVAL);
	is_int(state().features, 0);
	is_int(dpu_virtio_net_set_features(net, ALL), 0);
	ok(state().features == ALL && state().offloads == OFFLOADS, "every accepted offload is on");
	dpu_virtio_net_unref(dpu_virtio_net_ref(net));
	is_int(state().queue_pairs, 1);
	dpu_virtio_net_unref(net);
}

static void test_config(void)
{
	static const uint8_t want[24] = { 2,    0,    0, 0, 0,    1,    /* mac */
					  1,    0,    8, 0, 0x28, 0x23, /* status, pairs, mtu */
					  0xa0, 0x86, 1, 0, 1,    40,   128, 0, 0xff, 1, 0, 0 };
	uint8_t buf[64], at[24];
	uint32_t generation;
	unsigned int offset, len, wrong = 0;

	net = make(ALL);
	memset(buf, 0xaa, sizeof(buf));
	is_int(dpu_virtio_net_config_read(net, 0, buf, sizeof(buf)), 24);
	ok(!memcmp(buf, want, 24) && !buf[24] && !buf[63], "all fields, then zeroes");
	for (offset = 0; offset < 30; offset++) {
		for (len = 0; len < 24; len++) {
			size_t count = dpu_virtio_net_config_read(net, offset, at, len);

			wrong += count != (offset >= 24 ? 0 : 24 - offset < len ? 24 - offset : len);
			wrong += len && memcmp(at, buf + offset, len) != 0;
		}
	}
	is_int(wrong, 0);
	is_int(dpu_virtio_net_config_read(net, SIZE_MAX, at, 4), 0);
	generation = state().generation;
	is_int(dpu_virtio_net_set_link(net, 1), 0);
	is_int(state().generation, generation);
	is_int(dpu_virtio_net_set_link(net, 0), 1);
	is_int(state().generation, generation + 1);
	dpu_virtio_net_config_read(net, 6, at, 2);
	is_int(at[0], 0);
	is_int(dpu_virtio_net_set_speed(net, 100000, 1), 0);
	is_int(dpu_virtio_net_set_speed(net, DPU_VIRTIO_NET_SPEED_UNKNOWN, 0xff), 1);
	is_int(dpu_virtio_net_set_speed(net, 1, 3), -EINVAL);
	dpu_virtio_net_config_read(net, 12, at, 5);
	ok(!memcmp(at, "\xff\xff\xff\xff\xff", 5), "speed and duplex have changed");
	dpu_virtio_net_reset(net);
	is_int(state().status, 0);
	is_int(dpu_virtio_net_config_write(net, 0, "\x02\x09", 2), DPU_VIRTIO_NET_CHANGED_MAC);
	is_int(state().mac[1], 9);
	is_int(dpu_virtio_net_config_write(net, 5, "\x02\x09", 2), -EACCES);
	is_int(dpu_virtio_net_config_write(net, SIZE_MAX, "\x02\x09", 2), -EACCES);
	is_int(dpu_virtio_net_config_write(net, 0, "\x02\x09", 0), -EACCES);
	is_int(dpu_virtio_net_set_features(net, DPU_VIRTIO_F_VERSION_1), 0);
	is_int(dpu_virtio_net_config_write(net, 0, "\x02\x08", 2), -EACCES);
	dpu_virtio_net_unref(net);

	net = make(F(MAC) | F(MTU));
	is_int(dpu_virtio_net_config_read(net, 0, buf, sizeof(buf)), 12);
	ok(!memcmp(buf + 6, "\0\0\0\0\x28\x23", 6), "fields that are not offered are 0");
	is_int(dpu_virtio_net_set_link(net, 0), -EOPNOTSUPP);
	is_int(dpu_virtio_net_set_speed(net, 1, 1), -EOPNOTSUPP);
	is_int(dpu_virtio_net_announce(net), -EOPNOTSUPP);
	dpu_virtio_net_unref(net);
	net = make(F(CTRL_VQ) | F(HASH_REPORT));
	dpu_virtio_net_config_read(net, 0, buf, sizeof(buf));
	ok(!memcmp(buf + 17, "\x28\0\0\xff\1\0\0", 7), "HASH_REPORT alone has no table");
	dpu_virtio_net_unref(net);
}

static int wants(const uint8_t mac[6], int vlan)
{
	uint8_t frame[64] = { 0 };

	memcpy(frame, mac, 6);
	if (vlan >= 0) {
		memcpy(frame + 12, "\x81\x00", 2);
		frame[14] = (uint8_t)(0xe0 | vlan >> 8);
		frame[15] = (uint8_t)vlan;
	}
	return dpu_virtio_net_wants(net, frame, sizeof(frame));
}

static void rx(uint8_t mode, int on)
{
	if (run(dpu_virtio_net_ctrl_rx(command, sizeof(command), mode, on)) != DPU_VIRTIO_NET_CHANGED_FILTER)
		ok(false, "receive mode %u, %d", mode, on);
}

/* "owgb": wants its own address, another one, a group's, everyone's. */
static const char *wanted(void)
{
	static char text[5];

	snprintf(text, sizeof(text), "%c%c%c%c", wants(own, -1) ? 'o' : '-', wants(other, -1) ? 'w' : '-',
		 wants(group, -1) ? 'g' : '-', wants(everyone, -1) ? 'b' : '-');
	return text;
}

static void test_filter(void)
{
	uint8_t(*macs)[6] = calloc(65, sizeof(*macs)), got[2][6];
	int i, len;

	net = make(ALL);
	is_int(wants(other, 5), 1);
	must(dpu_virtio_net_set_features(net, ALL) == 0);
	is_str(wanted(), "o--b");
	is_int(dpu_virtio_net_wants(net, own, 13), 0);
	rx(DPU_VIRTIO_NET_CTRL_RX_ALLMULTI, 1);
	is_str(wanted(), "o-gb");
	rx(DPU_VIRTIO_NET_CTRL_RX_ALLUNI, 1);
	is_str(wanted(), "owgb");
	rx(DPU_VIRTIO_NET_CTRL_RX_NOMULTI, 1);
	is_str(wanted(), "ow-b");
	rx(DPU_VIRTIO_NET_CTRL_RX_NOUNI, 1);
	is_str(wanted(), "---b");
	rx(DPU_VIRTIO_NET_CTRL_RX_NOBCAST, 1);
	is_str(wanted(), "----");
	is_int(state().rx_mode, 0x3e);
	is_int(wants(own, 5), 0);
	rx(DPU_VIRTIO_NET_CTRL_RX_PROMISC, 1);
	is_str(wanted(), "owgb");
	is_int(wants(own, 5), 1);
	for (i = 0; i < 6; i++)
		rx((uint8_t)i, 0);
	is_str(wanted(), "o--b");

	memcpy(macs[0], other, 6);
	len = dpu_virtio_net_ctrl_mac_table(command, sizeof(command), (const uint8_t(*)[6])macs, 1,
					    (const uint8_t(*)[6])group, 1);
	is_int(len, 2 + 4 + 6 + 4 + 6);
	is_int(run(len), DPU_VIRTIO_NET_CHANGED_FILTER);
	is_str(wanted(), "owgb");
	is_int(dpu_virtio_net_macs(net, 0, got, 2), 1);
	ok(!memcmp(got[0], other, 6), "the table tells the unicast address");
	is_int(dpu_virtio_net_macs(net, 1, got, 2), 1);
	ok(!memcmp(got[0], group, 6), "and the multicast one");
	is_int(run(len - 1), -EINVAL);
	is_str(wanted(), "owgb");
	is_int(run_in(len, 1), DPU_VIRTIO_NET_CHANGED_FILTER);
	len = dpu_virtio_net_ctrl_mac_table(command, sizeof(command), NULL, 0, (const uint8_t(*)[6])macs, 64);
	is_int(run(len), DPU_VIRTIO_NET_CHANGED_FILTER);
	is_str(wanted(), "o--b");
	is_int(dpu_virtio_net_macs(net, 1, got, 2), 64);
	len = dpu_virtio_net_ctrl_mac_table(command, sizeof(command), NULL, 0, (const uint8_t(*)[6])macs, 65);
	is_int(run(len - 1), -EINVAL);
	is_int(run(len), DPU_VIRTIO_NET_CHANGED_FILTER);
	is_str(wanted(), "o-gb");
	is_int(state().rx_mode, 1 << DPU_VIRTIO_NET_CTRL_RX_ALLMULTI);
	is_int(dpu_virtio_net_macs(net, 1, NULL, 0), 0);
	memset(command + 2, 0xff, 8);
	is_int(run(len), -EINVAL);

	is_int(wants(own, 5), 0);
	is_int(run(dpu_virtio_net_ctrl_vlan(command, sizeof(command), 5, 1)), DPU_VIRTIO_NET_CHANGED_FILTER);
	is_int(run(dpu_virtio_net_ctrl_vlan(command, sizeof(command), 4095, 1)),
	       DPU_VIRTIO_NET_CHANGED_FILTER);
	ok(wants(own, 5) && wants(own, 4095) && !wants(own, 4) && !wants(own, 0), "two VLANs are wanted");
	ok(dpu_virtio_net_has_vlan(net, 5) && !dpu_virtio_net_has_vlan(net, 4) &&
		   !dpu_virtio_net_has_vlan(net, 0xffff),
	   "and told");
	is_int(wants(other, 5), 0);
	is_int(run(dpu_virtio_net_ctrl_vlan(command, sizeof(command), 5, 0)), DPU_VIRTIO_NET_CHANGED_FILTER);
	is_int(wants(own, 5), 0);
	memcpy(command, "\2\0\0\x10", 4);
	is_int(run(4), -EINVAL);

	is_int(run(dpu_virtio_net_ctrl_mac_addr(command, sizeof(command), other)),
	       DPU_VIRTIO_NET_CHANGED_MAC | DPU_VIRTIO_NET_CHANGED_FILTER);
	is_str(wanted(), "-wgb");
	dpu_virtio_net_config_read(net, 0, got[0], 6);
	ok(!memcmp(got[0], other, 6), "the configuration has the new address");
	is_int(run(dpu_virtio_net_ctrl_mac_addr(command, sizeof(command), group)), -EINVAL);
	dpu_virtio_net_reset(net);
	must(dpu_virtio_net_set_features(net, ALL) == 0);
	is_str(wanted(), "o--b");
	is_int(wants(own, 4095), 0);
	dpu_virtio_net_unref(net);
	free(macs);
}

static void test_control(void)
{
	struct dpu_virtq_chain chain = { 0 };
	uint8_t pairs[] = { 4, 0, 8, 0 };
	int i, wrong = 0;

	net = make(ALL);
	is_int(run(dpu_virtio_net_ctrl_mq(command, sizeof(command), 2)), -EOPNOTSUPP);
	must(dpu_virtio_net_set_features(net, ALL) == 0);
	is_int(run(dpu_virtio_net_ctrl_mq(command, sizeof(command), 8)), DPU_VIRTIO_NET_CHANGED_QUEUES);
	is_int(state().queue_pairs, 8);
	is_int(run(dpu_virtio_net_ctrl_mq(command, sizeof(command), 9)), -EINVAL);
	memcpy(command, pairs, 4);
	command[2] = 0;
	is_int(run(4), -EINVAL);
	is_int(state().queue_pairs, 8);
	is_int(run(3), -EINVAL);
	is_int(run(1), -EINVAL);
	is_int(run(0), -EINVAL);
	memcpy(command, "\4\3\0\0", 4);
	is_int(run(4), -EOPNOTSUPP);
	command[0] = 200;
	is_int(run(4), -EOPNOTSUPP);
	is_int(dpu_virtio_net_control(net, &chain), -ENOSPC);
	is_int(chain.written, 0);
	memcpy(command, "\0\0\2", 3);
	is_int(run(3), -EINVAL);
	memcpy(command, "\0\6\1", 3);
	is_int(run(3), -EOPNOTSUPP);
	/* What stands behind a command is passed over: some drivers send a whole structure. */
	is_int(dpu_virtio_net_ctrl_mq(command, sizeof(command), 3), 4);
	is_int(run(40), DPU_VIRTIO_NET_CHANGED_QUEUES);

	is_int(dpu_virtio_net_announce(net), 1);
	is_int(dpu_virtio_net_announce(net), 0);
	is_int(state().status, 3);
	is_int(run(dpu_virtio_net_ctrl_announce_ack(command, sizeof(command))),
	       DPU_VIRTIO_NET_CHANGED_ANNOUNCE);
	is_int(state().status, 1);

	is_int(run(dpu_virtio_net_ctrl_offloads(command, sizeof(command), F(GUEST_CSUM) | F(GUEST_USO4))),
	       DPU_VIRTIO_NET_CHANGED_OFFLOADS);
	ok(state().offloads == (F(GUEST_CSUM) | F(GUEST_USO4)), "two offloads are on");
	is_int(run(dpu_virtio_net_ctrl_offloads(command, sizeof(command), F(GUEST_UFO))), -EINVAL);
	is_int(run(dpu_virtio_net_ctrl_offloads(command, sizeof(command), F(MQ))), -EINVAL);
	is_int(run(9), -EINVAL);

	/* No command works without its feature. */
	dpu_virtio_net_reset(net);
	must(dpu_virtio_net_set_features(net, F(CTRL_VQ)) == 0);
	memset(command, 0, 64);
	for (i = 0; i < 8 * 8; i++) {
		command[0] = (uint8_t)(i / 8);
		command[1] = (uint8_t)(i % 8);
		wrong += run(64) != -EOPNOTSUPP;
	}
	is_int(wrong, 0);
	dpu_virtio_net_unref(net);
}

static void test_commands(void)
{
	DPU_OPTS(dpu_virtio_net_rss, rss, .indirection_table = (const uint16_t[]){ 0, 1 },
		 .indirection_table_length = 2, .max_tx_vq = 2);
	static const uint8_t want[] = { 4, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0 };

	is_int(dpu_virtio_net_ctrl_rss(command, sizeof(want), &rss), (int)sizeof(want));
	ok(!memcmp(command, want, sizeof(want)), "the command for RSS, byte by byte");
	is_int(dpu_virtio_net_ctrl_rss(command, sizeof(want) - 1, &rss), -ENOBUFS);
	rss.indirection_table_length = 3;
	is_int(dpu_virtio_net_ctrl_rss(command, sizeof(command), &rss), -EINVAL);
	rss.indirection_table_length = 0;
	is_int(dpu_virtio_net_ctrl_rss(command, sizeof(command), &rss), -EINVAL);
	is_int(dpu_virtio_net_ctrl_hash(command, 15, &rss), 15);
	ok(!memcmp(command, "\4\2\0\0\0\0\0\0\0\0\0\0\0\0\0", 15), "the command for the hash");
	is_int(dpu_virtio_net_ctrl_hash(command, 14, &rss), -ENOBUFS);
	is_int(dpu_virtio_net_ctrl_rx(command, sizeof(command), 6, 1), -EINVAL);
	is_int(dpu_virtio_net_ctrl_vlan(command, sizeof(command), 4096, 1), -EINVAL);
	is_int(dpu_virtio_net_ctrl_mq(command, sizeof(command), 0), -EINVAL);
	is_int(dpu_virtio_net_ctrl_mac_table(command, sizeof(command), NULL, 1000001, NULL, 0), -EINVAL);
	is_int(dpu_virtio_net_ctrl_mac_addr(command, 7, own), -ENOBUFS);
	is_int(dpu_virtio_net_ctrl_announce_ack(command, 1), -ENOBUFS);
	is_int(dpu_virtio_net_ctrl_offloads(command, 10, F(GUEST_USO6) | 2), 10);
	ok(!memcmp(command, "\5\0\2\0\0\0\0\0\x80\0", 10), "the command for offloads");
}

/* Microsoft's "Verifying the RSS hash calculation". */
static const uint8_t key[40] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};
static const struct {
	const char *destination;
	const char *source;
	uint16_t to, from;
	uint32_t ip, tcp;
} vectors[] = {
	{ "161.142.100.80", "66.9.149.187", 1766, 2794, 0x323e8fc2, 0x51ccc178 },
	{ "65.69.140.83", "199.92.111.2", 4739, 14230, 0xd718262a, 0xc626b0ea },
	{ "12.22.207.184", "24.19.198.95", 38024, 12898, 0xd2d0a5de, 0x5c2b394a },
	{ "209.142.163.6", "38.27.205.30", 2217, 48228, 0x82989176, 0xafc7327f },
	{ "202.188.127.2", "153.39.163.191", 1303, 44251, 0x5d1809c5, 0x10e828a2 },
	{ "3ffe:2501:200:3::1", "3ffe:2501:200:1fff::7", 1766, 2794, 0x2cc18cd5, 0x40207d3d },
	{ "ff02::1", "3ffe:501:8::260:97ff:fe40:efab", 4739, 14230, 0x0f0c461c, 0xdde51bbf },
	{ "fe80::200:f8ff:fe21:67cf", "3ffe:1900:4545:3:200:f8ff:fe21:67cf", 38024, 44251, 0x4b61e985,
	  0x02d1feef },
};

/* A packet of a vector; extensions: the addresses that count stand in extension headers. */
static size_t packet_of(unsigned int i, uint8_t protocol, bool extensions, uint8_t *packet)
{
	bool v6 = strchr(vectors[i].source, ':');
	uint8_t *ip = packet + 14, *l4 = ip + (v6 ? 40 : 20);
	int family = v6 ? AF_INET6 : AF_INET;

	memset(packet, 0, 200);
	memcpy(packet + 12, v6 ? "\x86\xdd" : "\x08\x00", 2);
	ip[0] = v6 ? 0x60 : 0x45;
	ip[v6 ? 6 : 9] = protocol;
	must(inet_pton(family, vectors[i].source, ip + (v6 ? 8 : 12)) == 1);
	must(inet_pton(family, vectors[i].destination, ip + (v6 ? 24 : 16)) == 1);
	if (extensions) {
		/* Destination options with the home address, then routing type 2; IPv6's own addresses do not
		 * count. */
		ip[6] = 60;
		memcpy(l4, "\x2b\x02\x01\x02\x00\x00\xc9\x10", 8);
		memcpy(l4 + 8, ip + 8, 16);
		memcpy(l4 + 24, "\0\2\2\1\0\0\0\0", 8);
		l4[24] = protocol;
		memcpy(l4 + 32, ip + 24, 16);
		memset(ip + 8, 0x77, 32);
		l4 += 48;
	}
	l4[0] = (uint8_t)(vectors[i].from >> 8);
	l4[1] = (uint8_t)vectors[i].from;
	l4[2] = (uint8_t)(vectors[i].to >> 8);
	l4[3] = (uint8_t)vectors[i].to;
	return (size_t)(l4 - packet) + 20;
}

static struct dpu_virtio_net_hdr hdr;

static uint16_t steer(unsigned int i, uint8_t protocol, bool extensions)
{
	uint8_t packet[200];
	size_t len = packet_of(i, protocol, extensions, packet);

	return dpu_virtio_net_steer(net, packet, len, &hdr);
}

static int set_hash(uint32_t types)
{
	DPU_OPTS(dpu_virtio_net_rss, rss, .hash_key = key, .hash_key_length = 40, .hash_types = types);

	return run(dpu_virtio_net_ctrl_hash(command, sizeof(command), &rss));
}

static void test_vectors(void)
{
	uint8_t packet[200];
	unsigned int i, v6;

	net = make(ALL);
	must(dpu_virtio_net_set_features(net, ALL) == 0);
	for (i = 0; i < 8; i++) {
		v6 = i >= 5;
		packet_of(i, 6, false, packet);
		ok(dpu_virtio_net_toeplitz(key, 40, packet + (v6 ? 22 : 26), v6 ? 32 : 8) == vectors[i].ip &&
			   dpu_virtio_net_toeplitz(key, 40, packet + (v6 ? 22 : 26), v6 ? 36 : 12) ==
				   vectors[i].tcp,
		   "vector %u", i);
		must(set_hash(0x1ff) == DPU_VIRTIO_NET_CHANGED_HASH);
		steer(i, 6, false);
		ok(hdr.hash_value == vectors[i].tcp && hdr.hash_report == (v6 ? 5 : 2), "as a TCP packet");
		steer(i, 17, false);
		ok(hdr.hash_value == vectors[i].tcp && hdr.hash_report == (v6 ? 6 : 3), "as a UDP packet");
		steer(i, 1, false);
		ok(hdr.hash_value == vectors[i].ip && hdr.hash_report == (v6 ? 4 : 1), "as another one");
		must(set_hash(0x9) == DPU_VIRTIO_NET_CHANGED_HASH);
		steer(i, 6, false);
		ok(hdr.hash_value == vectors[i].ip && hdr.hash_report == (v6 ? 4 : 1), "without ports");
	}
	must(set_hash(0x1ff) == DPU_VIRTIO_NET_CHANGED_HASH);
	steer(6, 6, true);
	ok(hdr.hash_value == vectors[6].tcp && hdr.hash_report == 8,
	   "TCP_EX takes the extensions' addresses");
	steer(6, 17, true);
	ok(hdr.hash_value == vectors[6].tcp && hdr.hash_report == 9, "so does UDP_EX");
	must(set_hash(0x78) == DPU_VIRTIO_NET_CHANGED_HASH);
	steer(6, 6, true);
	ok(hdr.hash_value == vectors[6].ip && hdr.hash_report == 7, "and IP_EX, which comes before TCPv6");
	must(set_hash(0x38) == DPU_VIRTIO_NET_CHANGED_HASH);
	steer(6, 6, true);
	ok(hdr.hash_value != vectors[6].tcp && hdr.hash_report == 5, "TCPv6 passes over them");
	packet_of(0, 6, false, packet);
	packet[20] = 0x20;
	must(set_hash(0x1ff) == DPU_VIRTIO_NET_CHANGED_HASH);
	dpu_virtio_net_steer(net, packet, 60, &hdr);
	ok(hdr.hash_value == vectors[0].ip && hdr.hash_report == 1, "a fragment has no ports");
	packet[20] = 0;
	dpu_virtio_net_steer(net, packet, 37, &hdr);
	is_int(hdr.hash_report, 1);
	dpu_virtio_net_steer(net, packet, 33, &hdr);
	ok(!hdr.hash_report && !hdr.hash_value, "a header that is cut short has no hash");
	is_int(set_hash(0x200), -EINVAL);
	dpu_virtio_net_unref(net);
}

static void test_rss(void)
{
	uint16_t table[128];
	DPU_OPTS(dpu_virtio_net_rss, rss, .indirection_table = table, .indirection_table_length = 128,
		 .unclassified_queue = 7, .max_tx_vq = 6, .hash_key = key, .hash_key_length = 40,
		 .hash_types = 0x1ff);
	DPU_OPTS(dpu_virtio_net_rss, told);
	uint8_t arp[60] = { 0 };
	unsigned int i, wrong = 0, seen = 0;
	int len;

	net = make(ALL);
	must(dpu_virtio_net_set_features(net, ALL) == 0);
	for (i = 0; i < 128; i++)
		table[i] = (uint16_t)(i * 5 % 8);
	len = dpu_virtio_net_ctrl_rss(command, sizeof(command), &rss);
	is_int(len, 2 + 4 + 2 + 2 + 256 + 2 + 1 + 40);
	is_int(run_in(len, 3), DPU_VIRTIO_NET_CHANGED_QUEUES | DPU_VIRTIO_NET_CHANGED_HASH);
	ok(state().rss && state().queue_pairs == 6 && state().hash_types == 0x1ff, "RSS is on");
	for (i = 0; i < 8; i++)
		wrong += steer(i, 6, false) != table[vectors[i].tcp & 127];
	is_int(wrong, 0);
	is_int(dpu_virtio_net_steer(net, arp, 60, NULL), 7);
	is_int(dpu_virtio_net_rss(net, &told), 0);
	ok(told.indirection_table_length == 128 && !memcmp(told.indirection_table, table, sizeof(table)) &&
		   told.hash_key_length == 40 && !memcmp(told.hash_key, key, 40) && told.max_tx_vq == 6 &&
		   told.unclassified_queue == 7,
	   "what was set is told");
	/* Each wrong value, in a command that is right but for it. */
#define WRONG(place, value)                                                                                  \
	must(dpu_virtio_net_ctrl_rss(command, sizeof(command), &rss) == len);                                \
	command[place] = value;                                                                              \
	ok(run(len) == -EINVAL, "byte %d is %d", place, value)
	WRONG(4, 2);    /* a hash type that there is not */
	WRONG(6, 126);  /* no power of two */
	WRONG(7, 1);    /* 383 */
	WRONG(6, 255);  /* more than there may be */
	WRONG(8, 8);    /* queue 8 of 8 */
	WRONG(9, 0x80); /* the reserved bit */
	WRONG(11, 0x80);
	WRONG(10 + 254, 8);
	WRONG(266, 0);
	WRONG(266, 9);
	WRONG(268, 41);
	WRONG(268, 0);
	must(dpu_virtio_net_ctrl_rss(command, sizeof(command), &rss) == len);
	for (i = 0; i < (unsigned int)len; i++)
		seen += run((int)i) != -EINVAL && i >= 2;
	is_int(seen, 0);
	wrong = 0;
	for (i = 0; i < 8; i++)
		wrong += steer(i, 6, false) != table[vectors[i].tcp & 127];
	ok(!wrong, "what was refused has changed nothing");

	/* The last command decides; then each flow has a queue of its own among those in use. */
	is_int(run(dpu_virtio_net_ctrl_mq(command, sizeof(command), 5)), DPU_VIRTIO_NET_CHANGED_QUEUES);
	is_int(state().rss, 0);
	for (i = 0; i < 8; i++) {
		wrong += steer(i, 6, false) >= 5 || steer(i, 6, false) != steer(i, 6, false);
		seen |= 1u << steer(i, 6, false);
	}
	ok(!wrong && (seen & (seen - 1)), "packets are spread over the queues in use");
	is_int(dpu_virtio_net_rss(net, &told) || told.indirection_table_length, 0);
	told.sz = 1;
	is_int(dpu_virtio_net_rss(net, &told), -EINVAL);
	dpu_virtio_net_unref(net);
}

/* Random commands and packets: nothing but what the sanitizers watch. */
static void test_hostile(void)
{
	uint8_t *packet;
	size_t len, j;
	int i, accepted = 0, wrong = 0;

	net = make(ALL);
	must(dpu_virtio_net_set_features(net, ALL) == 0);
	for (i = 0; i < 20000; i++) {
		len = (size_t)rand() % 400;
		for (j = 0; j < len; j++)
			command[j] = (uint8_t)(rand() % 4 ? rand() % 8 : rand());
		command[0] = (uint8_t)(rand() % 7);
		command[1] = (uint8_t)(rand() % 3);
		accepted += run_in((int)len, 1 + (size_t)rand() % 50) >= 0;
		packet = malloc(200);
		len = packet_of((unsigned int)rand() % 8, rand() % 2 ? 6 : 17, i % 2 && rand() % 2, packet);
		len = (size_t)rand() % (len + 1);
		packet = realloc(packet, len + 1);
		for (j = (size_t)rand() % 4; j && len; j--)
			packet[(size_t)rand() % len] = (uint8_t)rand();
		wrong += dpu_virtio_net_steer(net, packet, len, &hdr) >= 8;
		dpu_virtio_net_wants(net, packet, len);
		free(packet);
	}
	ok(!wrong && accepted > 100, "20000 random commands (%d accepted) and packets", accepted);
	dpu_virtio_net_unref(net);
}

int main(void)
{
	const char *text = getenv("SEED");
	unsigned int seed = text ? (unsigned int)strtoul(text, NULL, 0) : 20261121;

	tap_diag("seed %u", seed);
	srand(seed);
	test_create();
	test_config();
	test_filter();
	test_control();
	test_commands();
	test_vectors();
	test_rss();
	test_hostile();
	return tap_done();
}
