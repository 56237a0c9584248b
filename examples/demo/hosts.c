/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two hosts in network namespaces, each behind a tap that stands for an SF's network device: the kernel's own
 * ping and a UDP transfer go through virtqueues and flow table from one to the other. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "demo.h"
#include "netns.h"

static const char *const addresses[SFS] = { "192.0.2.1", "192.0.2.2" };

#define TAP_BURST LANE_BURST
#define FRAME 2036

/* What the host's kernel has sent goes into the SF's transmit queue. */
static int tap_to_lane(struct host *host, struct lane *lane)
{
	static uint8_t buffers[TAP_BURST][FRAME];
	struct iovec frames[TAP_BURST];
	int count = 0;
	ssize_t n;

	while (count < TAP_BURST) {
		n = read(host->tap, buffers[count], FRAME);
		if (n <= 0)
			break;
		frames[count] = (struct iovec){ buffers[count], (size_t)n };
		count++;
	}
	return count ? lane_send(lane, frames, (uint32_t)count) : 0;
}

static int lane_to_tap(struct lane *lane, struct host *host)
{
	struct iovec frames[LANE_BURST];
	int i, n;

	n = lane_receive(lane, frames, LANE_BURST);
	for (i = 0; i < n; i++) {
		/* A full tap drops, as a network device would. */
		(void)!write(host->tap, frames[i].iov_base, frames[i].iov_len);
	}
	return n;
}

/* One turn of the whole machine: how many packets moved. */
static int turn(struct demo *demo, struct host *hosts)
{
	int moved = 0, n, i;

	for (i = 0; i < SFS; i++) {
		n = tap_to_lane(&hosts[i], demo->lane[i]);
		if (n < 0)
			return n;
		moved += n;
	}
	n = dpu_eswitch_process(demo->eswitch);
	if (n < 0)
		return n;
	moved += n;
	for (i = 0; i < SFS; i++) {
		n = lane_to_tap(demo->lane[i], &hosts[i]);
		if (n < 0)
			return n;
		moved += n;
	}
	return moved;
}

/* Turns until each of the hosts that were given a job has reported. */
static int run_jobs(struct demo *demo, struct host *hosts, struct report *reports, const bool *busy)
{
	bool waiting[SFS];
	struct pollfd fds[SFS];
	int i, n, left = 0;

	for (i = 0; i < SFS; i++) {
		waiting[i] = busy[i];
		left += busy[i];
		fds[i] = (struct pollfd){ .fd = hosts[i].tap, .events = POLLIN };
	}
	while (left) {
		n = turn(demo, hosts);
		if (n < 0)
			return n;
		if (n > 0)
			continue;
		for (i = 0; i < SFS; i++) {
			if (!waiting[i])
				continue;
			n = host_poll(&hosts[i], &reports[i]);
			if (n < 0)
				return n;
			waiting[i] = n == 0;
			left -= n;
		}
		poll(fds, SFS, 1);
	}
	return 0;
}

static int ping(struct demo *demo, struct host *hosts)
{
	const bool busy[SFS] = { true, false };
	struct report reports[SFS];
	int rc;

	step("ping from %s to %s", addresses[0], addresses[1]);
	rc = host_begin(&hosts[0], JOB_PING, addresses[1]);
	if (rc == 0)
		rc = run_jobs(demo, hosts, reports, busy);
	if (rc < 0)
		return rc;
	if (reports[0].status == 0)
		return 0;
	printf("   ping failed: %s\n", reports[0].status == 127 ? "there is no ping program" : "no answer");
	return -EIO;
}

static int udp(struct demo *demo, struct host *hosts)
{
	const bool busy[SFS] = { true, true };
	struct report reports[SFS];
	int i, rc;

	step("UDP transfer from %s to %s", addresses[0], addresses[1]);
	rc = host_begin(&hosts[1], JOB_RECEIVE, "");
	if (rc == 0)
		rc = host_begin(&hosts[0], JOB_SEND, addresses[1]);
	if (rc == 0)
		rc = run_jobs(demo, hosts, reports, busy);
	if (rc < 0)
		return rc;
	for (i = 0; i < SFS; i++) {
		if (reports[i].status) {
			printf("   transfer failed: %s\n", strerror(-reports[i].status));
			return -EIO;
		}
	}
	printf("   sent %" PRIu32 " datagrams, received %" PRIu32
	       ", every byte as sent: %.1f MB in %.2f s, %.0f Mbit/s\n",
	       reports[0].datagrams, reports[1].datagrams, (double)reports[1].bytes / 1e6,
	       (double)reports[0].microseconds / 1e6,
	       (double)reports[1].bytes * 8 / (double)reports[0].microseconds);
	if (reports[0].resent)
		printf("   %" PRIu32 " windows of datagrams were sent again\n", reports[0].resent);
	return 0;
}

int demo_hosts(struct demo *demo)
{
	struct host hosts[SFS] = { { .pid = 0 } };
	int i, rc = 0;

	step("put each SF into a network namespace of its own");
	for (i = 0; i < SFS; i++) {
		rc = host_start(&hosts[i], dpu_function_hw_addr(demo->sf[i]), addresses[i]);
		if (rc < 0) {
			printf("   not possible here: %s\n", strerror(-rc));
			rc = 1;
			goto out;
		}
		printf("   %s: tap eth0, %s/24\n", dpu_function_netdev(demo->sf[i]), addresses[i]);
	}
	rc = ping(demo, hosts);
	if (rc == 0)
		rc = udp(demo, hosts);
	if (rc < 0 && rc != -EIO)
		printf("   failed: %s\n", strerror(-rc));
	rc = rc < 0 ? -1 : 0;
out:
	for (i = 0; i < SFS; i++)
		host_stop(&hosts[i]);
	return rc;
}
