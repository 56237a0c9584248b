/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A capture file instead of hosts: needs no privilege. */
#include <pcap/pcap.h>
#include <stdio.h>
#include "demo.h"

struct replay {
	pcap_t *in;
	pcap_t *dead; /* what a dumper belongs to */
	pcap_dumper_t *out;
	uint64_t sent;
	uint64_t left;
};

/* Moves everything that is under way; what leaves the uplink is written down. */
static int drain(struct demo *demo, struct replay *replay, const struct timeval *ts)
{
	struct iovec frames[LANE_BURST];
	int i, n, moved;

	do {
		moved = dpu_eswitch_process(demo->eswitch);
		if (moved < 0)
			return failed(demo);
		n = lane_receive(demo->wire, frames, LANE_BURST);
		for (i = 0; i < n; i++) {
			struct pcap_pkthdr header = { .ts = *ts,
						      .caplen = (bpf_u_int32)frames[i].iov_len,
						      .len = (bpf_u_int32)frames[i].iov_len };

			pcap_dump((u_char *)replay->out, &header, frames[i].iov_base);
			replay->left++;
		}
	} while (moved || n > 0);
	return 0;
}

static int run(struct demo *demo, struct replay *replay, const char *in)
{
	struct pcap_pkthdr *header;
	const u_char *data;
	int rc;

	while ((rc = pcap_next_ex(replay->in, &header, &data)) == 1) {
		struct iovec frame = { (void *)(uintptr_t)data, header->caplen };

		if (lane_send(demo->lane[0], &frame, 1) != 1) {
			printf("   frame %lu of %s is too long\n", (unsigned long)replay->sent + 1, in);
			return -1;
		}
		replay->sent++;
		if (drain(demo, replay, &header->ts) < 0)
			return -1;
	}
	if (rc == PCAP_ERROR) {
		printf("   %s: %s\n", in, pcap_geterr(replay->in));
		return -1;
	}
	return 0;
}

int demo_replay(struct demo *demo, const char *in, const char *out)
{
	char error[PCAP_ERRBUF_SIZE];
	struct replay replay = { .in = NULL };
	int rc = -1;

	step("replay %s through %s", in, dpu_function_netdev(demo->sf[0]));
	replay.in = pcap_open_offline(in, error);
	if (!replay.in) {
		printf("   %s\n", error);
		return -1;
	}
	if (pcap_datalink(replay.in) != DLT_EN10MB) {
		printf("   %s holds no Ethernet frames\n", in);
		goto out;
	}
	replay.dead = pcap_open_dead(DLT_EN10MB, 65535);
	replay.out = replay.dead ? pcap_dump_open(replay.dead, out) : NULL;
	if (!replay.out) {
		printf("   %s\n", replay.dead ? pcap_geterr(replay.dead) : "out of memory");
		goto out;
	}
	rc = run(demo, &replay, in);
	if (rc == 0 && pcap_dump_flush(replay.out) != 0) {
		printf("   %s: cannot be written\n", out);
		rc = -1;
	}
	if (rc == 0)
		printf("   %lu frames sent, %lu left the uplink (%s)\n", (unsigned long)replay.sent,
		       (unsigned long)replay.left, out);
out:
	if (replay.out)
		pcap_dump_close(replay.out);
	if (replay.dead)
		pcap_close(replay.dead);
	pcap_close(replay.in);
	return rc;
}
