/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver's side of a network device. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "vhost.h"

#define BUFFERS 64u
#define PAIRS_MAX 4u
#define PINGS 50u
#define OUR_ADDRESS "10.9.0.2"
#define ADDED ((size_t)64 << 10)
/* Milliseconds that a packet is waited for. */
#define PATIENCE 5000

static int patience = PATIENCE;
static uint32_t pairs;

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

/* A buffer for each chain of all queues. */
static uint8_t *buffer(uint32_t queue, uintptr_t slot)
{
	return (uint8_t *)dpu_vhost_memory(vh, NULL) + (queue * BUFFERS + slot) * BUFFER;
}

/* Chains are known by their buffers. */
static void receive_into(uint32_t pair, uint8_t *room)
{
	struct iovec iov = { room, BUFFER };
	struct dpu_virtq_chain chain = { .iov = &iov, .write_count = 1, .cookie = room };

	if (dpu_virtq_add(dpu_vhost_virtq(vh, 2 * pair), &chain, 1) != 1)
		errx(1, "add");
	notify(2 * pair);
}

static void begin_driver(const char *uri)
{
	char why[256] = "";
	DPU_OPTS(dpu_vhost_opts, opts, .role = DPU_VHOST_FRONTEND, .features = DPU_VIRTIO_NET_F_MAC,
		 .error = why, .error_size = sizeof(why));
	DPU_OPTS(dpu_vhost_event, event);
	DPU_OPTS(dpu_vhost_state, state);
	uint32_t started = 0;

	if (dpu_vhost_open(uri, &opts, &vh) < 0)
		errx(1, "%s", why);
	dpu_vhost_state(vh, &state);
	while (started < state.virtqs && step(&event, 5000))
		started += event.type == DPU_VHOST_QUEUE_START;
	if (started != state.virtqs)
		errx(1, "%u queues of %u", started, state.virtqs);
	pairs = state.virtqs / 2;
	features = state.features;
	header = (uint32_t)dpu_virtio_net_hdr_len(features);
	if (pairs > PAIRS_MAX)
		errx(1, "%u pairs", pairs);
}

static void fill_queues(void)
{
	uintptr_t slot;
	uint32_t pair;

	for (pair = 0; pair < pairs; pair++) {
		for (slot = 0; slot < BUFFERS; slot++)
			receive_into(pair, buffer(2 * pair, slot));
	}
}

static bool sent_back(uint32_t pair)
{
	struct dpu_virtq_chain chain;
	int rc = dpu_virtq_get(dpu_vhost_virtq(vh, 2 * pair + 1), &chain, 1);

	if (rc < 0)
		errx(1, "get: %s", dpu_virtq_error(dpu_vhost_virtq(vh, 2 * pair + 1)));
	return rc == 1;
}

static void send_from(uint32_t pair, uint8_t *packet, uint32_t len)
{
	struct iovec iov = { packet, header + len };
	struct dpu_virtq_chain chain = { .iov = &iov, .read_count = 1 };

	memset(packet, 0, header);
	if (dpu_virtq_add(dpu_vhost_virtq(vh, 2 * pair + 1), &chain, 1) != 1)
		errx(1, "add");
	notify(2 * pair + 1);
}

static uint8_t *out(uint32_t pair)
{
	return buffer(2 * pair + 1, 0);
}

static void transmit(uint32_t pair, uint32_t len)
{
	send_from(pair, out(pair), len);
	/* The one buffer there is has to come back. */
	while (!sent_back(pair))
		usleep(100);
}

/* A packet, in a buffer that is the driver's again, and its bytes; 0 when none comes. */
static uint32_t got_packet(uint8_t **room, uint32_t *pair)
{
	DPU_OPTS(dpu_vhost_event, event);
	struct dpu_virtq_chain chain;
	int rc;

	do {
		for (*pair = 0; *pair < pairs; ++*pair) {
			rc = dpu_virtq_get(dpu_vhost_virtq(vh, 2 * *pair), &chain, 1);
			if (rc < 0)
				errx(1, "get: %s", dpu_virtq_error(dpu_vhost_virtq(vh, 2 * *pair)));
			if (rc == 0)
				continue;
			*room = chain.cookie;
			return chain.written - header;
		}
	} while (step(&event, patience));
	return 0;
}

/* The next packet, good until the one after it. */
static uint32_t receive(const uint8_t **frame, uint32_t *pair)
{
	static uint8_t *last;
	static uint32_t last_pair;
	uint32_t got;

	if (last)
		receive_into(last_pair, last);
	last = NULL;
	got = got_packet(&last, pair);
	last_pair = *pair;
	*frame = last + header;
	return got;
}

static bool is_arp_answer(const uint8_t *frame, uint32_t len)
{
	return len >= 42 && get16(frame + 12) == 0x0806 && get16(frame + 20) == 2;
}

static bool is_echo(const uint8_t *frame, uint32_t len)
{
	return len >= ICMP && get16(frame + 12) == 0x0800 && frame[ETH + 9] == 1 && frame[IP] == 0;
}

/* The echoes of one pair: how many came on its own queue. */
static uint32_t ping_pair(uint32_t pair, const uint8_t *peer, const struct in_addr *to)
{
	uint32_t got, len, on, own = 0;
	const uint8_t *frame = NULL;
	uint8_t wanted[BUFFER];
	uint16_t n;

	for (n = 0; n < PINGS; n++) {
		len = n * 29u;
		transmit(pair, echo(out(pair) + header, peer, to, n, len));
		echo(wanted, peer, to, n, len);
		do
			got = receive(&frame, &on);
		while (got && !is_echo(frame, got));
		if (!got)
			errx(1, "no echo of %u bytes", len);
		if (got < ICMP + len || get16(frame + IP + 6) != n ||
		    memcmp(frame + ICMP, wanted + ICMP, len) != 0 || checksum(frame + IP, 8 + len) != 0)
			errx(1, "echo %u of %u bytes is another one: %u bytes, number %u, checksum %04x", n,
			     len, got, get16(frame + IP + 6), checksum(frame + IP, 8 + len));
		own += on == pair;
	}
	return own;
}

int ping(const char *uri, const char *address)
{
	const uint8_t *frame = NULL;
	uint32_t got, on, pair, own;
	struct in_addr to;
	uint8_t peer[6];

	begin_driver(uri);
	fill_queues();
	if (inet_pton(AF_INET, address, &to) != 1)
		errx(2, "%s is no address", address);
	transmit(0, arp(out(0) + header, NULL, OUR_ADDRESS, &to));
	do
		got = receive(&frame, &on);
	while (got && !is_arp_answer(frame, got));
	if (!got)
		errx(1, "nobody has %s", address);
	memcpy(peer, frame + 6, 6);
	/* The tap device sends a flow to the queue that it last came from, which it may learn after it has
	 * answered: few may be elsewhere. */
	for (pair = 0; pair < pairs; pair++) {
		own = ping_pair(pair, peer, &to);
		if (own < PINGS * 3 / 4)
			errx(1, "only %u echoes of pair %u came back on it", own, pair);
	}
	return 0;
}

int loop(const char *uri)
{
	uint8_t wanted[BUFFER];
	const uint8_t *frame = NULL;
	uint32_t got, len, on;
	uint16_t n;

	begin_driver(uri);
	fill_queues();
	if (dpu_vhost_config_read(vh, 0, mac, 6) != 6)
		errx(1, "no MAC address");
	for (n = 0; n < 50; n++) {
		len = n * 29u;
		transmit(0, echo(out(0) + header, mac, mac, n, len));
		got = receive(&frame, &on);
		if (got != echo(wanted, mac, mac, n, len) || memcmp(frame, wanted, got) != 0)
			errx(1, "packet %u of %u bytes did not come back as it was: %u", n, ICMP + len, got);
	}
	return 0;
}

/* What is sent to be answered: a question for an address, or a packet that comes back. */
static uint32_t question(uint8_t *frame, const char *address, uint16_t number)
{
	struct in_addr to;

	if (!address)
		return echo(frame, mac, mac, number, 1000);
	inet_pton(AF_INET, address, &to);
	return arp(frame, NULL, OUR_ADDRESS, &to);
}

/* Room for an answer, unless it was given before. Several pairs have rooms for all that may come: the answer
 * may come on another one. */
static bool given;

static void give_room(uint8_t *room)
{
	if (pairs == 1 && !given)
		receive_into(0, room);
	given = true;
}

/* What was sent is answered; another packet's room is given again. */
static bool answered(const char *address, uint16_t number)
{
	const uint8_t *frame;
	uint8_t wanted[BUFFER], *in = NULL;
	uint32_t got, on;

	for (;;) {
		if (pairs > 1) {
			got = receive(&frame, &on);
		} else {
			got = got_packet(&in, &on);
			frame = in + header;
		}
		if (!got)
			return false;
		given = false;
		if (address ? is_arp_answer(frame, got)
			    : got == question(wanted, NULL, number) && memcmp(frame, wanted, got) == 0)
			return true;
		give_room(in);
	}
}

static void exchange(uint32_t pair, uint8_t *from, uint8_t *into, const char *address, uint16_t number)
{
	memset(into, 0, BUFFER);
	give_room(into);
	send_from(pair, from, question(from + header, address, number));
	if (!answered(address, number))
		errx(1, "no answer %u", number);
	while (!sent_back(pair))
		usleep(100);
}

static void wait_for(uint32_t type)
{
	DPU_OPTS(dpu_vhost_event, event);

	do {
		if (!step(&event, 5000))
			errx(1, "no event %u", type);
	} while (event.type != type);
}

static void add(uint8_t *added, int fd)
{
	int rc = dpu_vhost_memory_add(vh, added, ADDED, fd, 0);

	if (rc < 0)
		errx(1, "memory_add: %s", dpu_error_message(dpu_vhost_error(vh)));
	wait_for(DPU_VHOST_MEMORY);
}

static void expect_failure(const char *what, int got, int wanted)
{
	if (got != wanted)
		errx(1, "%s: %d, not %d", what, got, wanted);
}

/* Memory that was removed is sent from: the device may end, keep the chain or return it, but nothing is sent.
 */
static bool misuse(uint32_t pair, uint8_t *removed, const char *address)
{
	DPU_OPTS(dpu_vhost_event, event);
	bool back = false;
	int tries;

	give_room(buffer(0, 0));
	send_from(pair, removed, question(removed + header, address, 99));
	for (tries = 0; tries < 10; tries++) {
		back |= sent_back(pair);
		if (!step(&event, 50) || event.type != DPU_VHOST_QUEUE_STOP)
			continue;
		wait_for(DPU_VHOST_DISCONNECTED);
		errx(3, "%s", dpu_error_message(dpu_vhost_error(vh)));
	}
	patience = 500;
	if (answered(address, 99))
		errx(1, "what was removed was sent");
	patience = PATIENCE;
	return back;
}

int memory(const char *uri, const char *address)
{
	int fd = memfd_create("added", 0);
	uint8_t *added;
	uint32_t pair;
	uint16_t n;
	bool back;

	begin_driver(uri);
	if (pairs > 1)
		fill_queues();
	if (!address && dpu_vhost_config_read(vh, 0, mac, 6) != 6)
		errx(1, "no MAC address");
	for (pair = 0; pair < pairs; pair++)
		exchange(pair, out(pair), buffer(0, 0), address, 0);
	if (fd < 0 || ftruncate(fd, ADDED) < 0)
		err(1, "memfd_create");
	added = mmap(NULL, ADDED, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (added == MAP_FAILED)
		err(1, "mmap");
	expect_failure("half a page", dpu_vhost_memory_add(vh, added, 100, fd, 0), -EINVAL);
	add(added, fd);
	expect_failure("twice", dpu_vhost_memory_add(vh, added, ADDED, fd, 0), -EEXIST);
	expect_failure("its end", dpu_vhost_memory_add(vh, added + ADDED - 4096, 4096, fd, 0), -EEXIST);
	for (n = 1; n <= 10; n++) {
		pair = n % pairs;
		exchange(pair, added, buffer(0, 0), address, n);
		exchange(pair, out(pair), added + 8 * BUFFER, address, n);
		exchange(pair, added + ADDED - BUFFER, added, address, n);
	}
	if (dpu_vhost_memory_remove(vh, added) < 0)
		errx(1, "memory_remove: %s", dpu_error_message(dpu_vhost_error(vh)));
	wait_for(DPU_VHOST_MEMORY);
	expect_failure("removed twice", dpu_vhost_memory_remove(vh, added), -ENOENT);
	pair = pairs - 1;
	exchange(pair, out(pair), buffer(0, 0), address, 11);
	back = misuse(pair, added, address);
	add(added, fd);
	if (!back) {
		/* It waits for its memory, and is sent after all. */
		if (dpu_vhost_notify(vh, 2 * pair + 1) < 0 || !answered(address, 99))
			errx(1, "what was added again was not sent");
		while (!sent_back(pair))
			usleep(100);
	}
	exchange(pair, added, buffer(0, 0), address, 11);
	exchange(pair, out(pair), added, address, 12);
	return 0;
}
