/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The packet rate from one SF to the other: driver, device, flow table, device, driver, all on one core. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "demo.h"

#define SECONDS 0.5

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* 60 bytes: Ethernet, IPv4, UDP to the discard port. */
static void make_frame(struct demo *demo, uint8_t frame[60])
{
	static const uint8_t ip_udp[] = {
		0x45, 0, 0,   46, 0, 0, 0,    0,    64, 17, 0xf6, 0xbc, 192, 0,
		2,    1, 192, 0,  2, 2, 0x13, 0x88, 0,  9,  0,    26,   0,   0,
	};

	memset(frame, 0, 60);
	memcpy(frame, dpu_function_hw_addr(demo->sf[1]), 6);
	memcpy(frame + 6, dpu_function_hw_addr(demo->sf[0]), 6);
	frame[12] = 0x08;
	memcpy(frame + 14, ip_udp, sizeof(ip_udp));
}

int demo_rate(struct demo *demo)
{
	struct iovec sent[LANE_BURST], received[LANE_BURST];
	uint64_t total = 0;
	uint8_t frame[60];
	double start, end;
	int i, n;

	step("packet rate, 64-byte frames, %s to %s", dpu_function_netdev(demo->sf[0]),
	     dpu_function_netdev(demo->sf[1]));
	make_frame(demo, frame);
	for (i = 0; i < LANE_BURST; i++)
		sent[i] = (struct iovec){ frame, sizeof(frame) };
	start = end = now();
	while (end - start < SECONDS) {
		for (i = 0; i < 64; i++) {
			if (lane_send(demo->lane[0], sent, LANE_BURST) < 0 ||
			    dpu_eswitch_process(demo->eswitch) < 0)
				return failed(demo);
			n = lane_receive(demo->lane[1], received, LANE_BURST);
			if (n < 0)
				return failed(demo);
			total += (uint64_t)n;
		}
		end = now();
	}
	if (!total) {
		printf("   nothing arrived\n");
		return -1;
	}
	printf("   %" PRIu64 " packets in %.2f s: %.2f million packets/s\n", total, end - start,
	       (double)total / (end - start) / 1e6);
	return 0;
}
