/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dpu-demo: the main job on a simulated DPU, from discovery to packets, in one program. */
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "demo.h"

#define DEADLINE_MS 5000
#define QUEUE 256

static const uint8_t macs[SFS][6] = {
	{ 0x02, 0x25, 0xf2, 0x8d, 0xa2, 0x58 },
	{ 0x02, 0x25, 0xf2, 0x8d, 0xa2, 0x59 },
};

void step(const char *format, ...)
{
	static int number;
	va_list args;

	printf("%2d ", ++number);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

int failed(struct demo *demo)
{
	const struct dpu_error *error = dpu_ctx_error(demo->ctx);

	printf("   failed: %s\n", error ? dpu_ctx_error_text(demo->ctx) : "a queue could not be made");
	return -1;
}

static int list_devices(struct dpu_ctx *ctx)
{
	struct dpu_device_list *list;
	struct dpu_device *device;
	size_t i;

	if (dpu_device_list(ctx, &list) < 0)
		return -1;
	for (i = 0; i < dpu_device_list_count(list); i++) {
		device = dpu_device_list_get(list, i);
		printf("   %-22s %-8s %-14s %-12s %s%s%s\n", dpu_device_handle(device),
		       dpu_device_kind_name(dpu_device_kind(device)), dpu_device_netdev(device),
		       dpu_device_driver(device), dpu_device_model(device),
		       dpu_device_firmware_version(device)[0] ? ", firmware " : "",
		       dpu_device_firmware_version(device));
	}
	if (!i)
		printf("   none\n");
	dpu_device_list_unref(list);
	return 0;
}

static int discover(struct demo *demo, const char *name)
{
	step("discover");
	if (list_devices(demo->ctx) < 0 || dpu_device_find(demo->ctx, name, &demo->device) < 0)
		return failed(demo);
	return 0;
}

static int go_switchdev(struct demo *demo)
{
	DPU_OPTS(dpu_mode_info, info);
	enum dpu_eswitch_mode mode;

	step("show the mode of %s", dpu_device_handle(demo->device));
	if (dpu_mode_get(demo->device, &info) < 0 || dpu_eswitch_mode_get(demo->device, &mode) < 0)
		return failed(demo);
	printf("   operation mode %s, at next boot %s; e-switch %s\n",
	       dpu_mode_name((enum dpu_mode)info.current), dpu_mode_name((enum dpu_mode)info.next),
	       dpu_eswitch_mode_name(mode));
	step("bring its e-switch to switchdev");
	if (dpu_eswitch_mode_set(demo->device, DPU_ESWITCH_SWITCHDEV, DEADLINE_MS) < 0)
		return failed(demo);
	return 0;
}

static int create_sfs(struct demo *demo)
{
	uint32_t i;

	for (i = 0; i < SFS; i++) {
		DPU_OPTS(dpu_sf_opts, opts, .sfnum = 88 + i, .hw_addr = macs[i]);

		step("create SF %" PRIu32, opts.sfnum);
		if (dpu_sf_create(demo->device, &opts, DEADLINE_MS, &demo->sf[i]) < 0)
			return failed(demo);
		printf("   netdev %s, RDMA device %s, representor %s\n", dpu_function_netdev(demo->sf[i]),
		       dpu_function_rdma_device(demo->sf[i]),
		       dpu_port_netdev(dpu_function_representor(demo->sf[i])));
	}
	return 0;
}

static int attach(struct demo *demo)
{
	int i;

	step("attach virtqueues to the SFs and to the uplink");
	if (dpu_eswitch_open(demo->device, &demo->eswitch) < 0)
		return failed(demo);
	for (i = 0; i < SFS; i++) {
		if (lane_create(demo->eswitch, dpu_function_representor(demo->sf[i]), DPU_PORT_FUNCTION,
				QUEUE, &demo->lane[i]) < 0)
			return failed(demo);
	}
	if (dpu_port_find(demo->ctx, dpu_device_netdev(demo->device), &demo->uplink) < 0 ||
	    lane_create(demo->eswitch, demo->uplink, DPU_PORT_FUNCTION, QUEUE, &demo->wire) < 0)
		return failed(demo);
	return 0;
}

__attribute__((format(printf, 2, 3))) static int insert(struct demo *demo, const char *format, ...)
{
	char text[256];
	uint64_t id;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (dpu_flow_insert_text(demo->fdb, text, &id) < 0)
		return failed(demo);
	printf("   %" PRIu64 ": %s\n", id, text);
	return 0;
}

/* Between hosts: one rule for each kind of traffic, so that the counters tell them apart. */
static int flows_between(struct demo *demo)
{
	static const char *const kinds[] = { "arp", "icmp", "udp" };
	const char *a, *b;
	size_t i;
	int from;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (from = 0; from < SFS; from++) {
			a = dpu_port_netdev(dpu_function_representor(demo->sf[from]));
			b = dpu_port_netdev(dpu_function_representor(demo->sf[!from]));
			if (insert(demo, "in_port=%s,%s actions=output:%s", a, kinds[i], b) < 0)
				return -1;
		}
	}
	return 0;
}

/* To the wire: UDP with a tag, everything else of IP without one, ARP to the other SF. */
static int flows_to_wire(struct demo *demo)
{
	const char *a = dpu_port_netdev(dpu_function_representor(demo->sf[0]));
	const char *b = dpu_port_netdev(dpu_function_representor(demo->sf[1]));
	const char *uplink = dpu_port_netdev(demo->uplink);

	if (insert(demo, "priority=100,in_port=%s,udp,nw_dst=192.0.2.2 actions=output:%s", a, b) < 0 ||
	    insert(demo, "priority=50,in_port=%s,udp actions=push_vlan:5,output:%s", a, uplink) < 0 ||
	    insert(demo, "priority=10,in_port=%s,ip actions=output:%s", a, uplink) < 0 ||
	    insert(demo, "priority=10,in_port=%s,arp actions=output:%s", a, b) < 0)
		return -1;
	return 0;
}

static int show_counters(struct demo *demo)
{
	struct dpu_flow_list *flows;
	struct dpu_port_list *ports;
	struct dpu_port *port;
	char text[256];
	uint64_t id;
	size_t i;

	step("counters");
	if (dpu_flow_list(demo->fdb, &flows) < 0)
		return failed(demo);
	printf("   %4s %10s %12s  %s\n", "flow", "packets", "bytes", "rule");
	for (i = 0; i < dpu_flow_list_count(flows); i++) {
		DPU_OPTS(dpu_flow_stats, stats);

		dpu_flow_rule_format(dpu_flow_list_get(flows, i, &id, &stats), text, sizeof(text));
		printf("   %4" PRIu64 " %10" PRIu64 " %12" PRIu64 "  %s\n", id, stats.packets, stats.bytes,
		       text);
	}
	dpu_flow_list_unref(flows);
	if (dpu_port_list(demo->device, &ports) < 0)
		return failed(demo);
	printf("   %-14s %10s %12s %8s %10s %12s %8s\n", "port", "rx", "rx bytes", "dropped", "tx",
	       "tx bytes", "misses");
	for (i = 0; i < dpu_port_list_count(ports); i++) {
		DPU_OPTS(dpu_port_stats, stats);

		port = dpu_port_list_get(ports, i);
		if (dpu_port_stats(port, &stats) < 0)
			break;
		printf("   %-14s %10" PRIu64 " %12" PRIu64 " %8" PRIu64 " %10" PRIu64 " %12" PRIu64
		       " %8" PRIu64 "\n",
		       dpu_port_netdev(port), stats.rx_packets, stats.rx_bytes,
		       stats.rx_dropped + stats.tx_dropped, stats.tx_packets, stats.tx_bytes, stats.misses);
	}
	dpu_port_list_unref(ports);
	return 0;
}

/* What was made is unmade: on a shared topology the next run finds it as this one did. */
static int clean_up(struct demo *demo)
{
	int i, rc = 0;

	dpu_eswitch_unref(demo->eswitch);
	lane_free(demo->wire);
	if (demo->fdb)
		dpu_flow_table_unref(demo->fdb);
	for (i = 0; i < SFS; i++) {
		lane_free(demo->lane[i]);
		if (!demo->sf[i])
			continue;
		if (!rc)
			step("delete SF %" PRIu32, dpu_function_number(demo->sf[i]));
		if (dpu_sf_delete(demo->sf[i], DEADLINE_MS) < 0)
			rc = failed(demo);
		dpu_function_unref(demo->sf[i]);
	}
	dpu_port_unref(demo->uplink);
	dpu_device_unref(demo->device);
	return rc;
}

static int real_devices(void)
{
	char error[512] = "";
	DPU_OPTS(dpu_ctx_opts, opts, .error = error, .error_size = sizeof(error));
	const char *reason, *name;
	struct dpu_ctx *ctx;
	int i;

	step("this machine's own devices (linux:)");
	if (dpu_ctx_open("linux:", &opts, &ctx) < 0) {
		printf("   failed: %s\n", error);
		return -1;
	}
	if (list_devices(ctx) < 0)
		printf("   failed: %s\n", dpu_ctx_error_text(ctx));
	for (i = 0; (name = dpu_facility_name((enum dpu_facility)i)); i++) {
		if (dpu_ctx_facility(ctx, (enum dpu_facility)i, &reason) == 0)
			printf("   absent: %s (%s)\n", name, reason);
	}
	dpu_ctx_unref(ctx);
	return 0;
}

static int traffic(struct demo *demo, const char *pcap, const char *out)
{
	int rc = 1;

	step("install flows");
	if (!pcap && geteuid() == 0) {
		if (flows_between(demo) < 0)
			return -1;
		rc = demo_hosts(demo);
		if (rc < 0)
			return rc;
	}
	if (rc == 1) {
		/* The other set of rules: without namespaces the packets go to the wire. */
		if (dpu_flow_flush(demo->fdb) < 0)
			return failed(demo);
		if (flows_to_wire(demo) < 0)
			return -1;
		rc = demo_replay(demo, pcap ? pcap : DEMO_PCAP, out);
	}
	return rc < 0 ? rc : demo_rate(demo);
}

static int run(struct demo *demo, const char *device, const char *pcap, const char *out)
{
	if (discover(demo, device) < 0 || go_switchdev(demo) < 0 || create_sfs(demo) < 0 || attach(demo) < 0)
		return -1;
	if (dpu_flow_table_open(demo->device, NULL, &demo->fdb) < 0)
		return failed(demo);
	if (traffic(demo, pcap, out) < 0)
		return -1;
	return show_counters(demo);
}

static void usage(FILE *stream)
{
	fprintf(stream,
		"usage: dpu-demo [--uri URI] [--device NAME] [--pcap FILE] [--out FILE]\n\n"
		"  --uri URI      a simulated DPU, default sim:?eswitch=legacy\n"
		"  --device NAME  the PF to work on, default p0\n"
		"  --pcap FILE    replay this capture even as root; else, without root, the one shipped\n"
		"  --out FILE     where what leaves the uplink goes, default uplink.pcap\n");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "uri", required_argument, NULL, 'u' },  { "device", required_argument, NULL, 'd' },
		{ "pcap", required_argument, NULL, 'p' }, { "out", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },       { NULL, 0, NULL, 0 },
	};
	const char *uri = "sim:?eswitch=legacy", *device = "p0", *pcap = NULL, *out = "uplink.pcap";
	char error[512] = "";
	DPU_OPTS(dpu_ctx_opts, opts, .error = error, .error_size = sizeof(error));
	struct demo demo = { .ctx = NULL };
	int c, rc;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'u':
			uri = optarg;
			break;
		case 'd':
			device = optarg;
			break;
		case 'p':
			pcap = optarg;
			break;
		case 'o':
			out = optarg;
			break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (dpu_ctx_open(uri, &opts, &demo.ctx) < 0) {
		fprintf(stderr, "dpu-demo: %s\n", error);
		return EXIT_FAILURE;
	}
	rc = run(&demo, device, pcap, out);
	if (clean_up(&demo) < 0)
		rc = -1;
	dpu_ctx_unref(demo.ctx);
	if (real_devices() < 0)
		rc = -1;
	printf(rc < 0 ? "demo failed\n" : "demo done\n");
	if (fflush(stdout) == EOF || ferror(stdout)) {
		perror("dpu-demo: standard output");
		rc = -1;
	}
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
