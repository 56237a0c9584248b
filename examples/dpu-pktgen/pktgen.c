/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes, takes and forwards packets over any port, as DPDK's testpmd does: dpu-pktgen(1). */
#include "pktgen.h"
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#define TICK_MS 50
/* Ticks without a packet after which those that are missing are lost. */
#define PATIENCE 20
/* Ticks after which a peer takes no more. */
#define PATIENCE_TAKEN 200

static const char *const modes[] = {
	[MODE_IO] = "io",         [MODE_MACSWAP] = "macswap", [MODE_TXONLY] = "txonly",
	[MODE_RXONLY] = "rxonly", [MODE_FLOWGEN] = "flowgen",
};

static const char usage_text[] =
	"usage: dpu-pktgen [OPTION...] PORT...\n"
	"  --mode io|macswap|txonly|rxonly|flowgen   what is done with packets (io)\n"
	"  --length N       bytes of the packets that are made, 64 to 1518 (64)\n"
	"  --flows N        flows that they belong to (1; flowgen 1024)\n"
	"  --burst N        packets at a time, 1 to 64 (32)\n"
	"  --tx-first N     forwarding modes: first send N bursts\n"
	"  --count N        end after so many packets\n"
	"  --seconds N      end after so long\n"
	"  --rate N         packets per second and worker (as many as possible)\n"
	"  --workers N      threads (1)\n"
	"  --cores LIST     where they run, such as 0,2-3\n"
	"  --stats-period N show statistics every N seconds\n"
	"  --check          packets carry what every byte of them must be, and are checked\n"
	"  --latency        packets carry the time, and how long they took is shown\n"
	"  --report         end with the results template of DPDK's PVP benchmark\n"
	"  -j, --json       one JSON document at the end, and nothing else\n"
	"PORT: vhost-user:PATH[,server][,frontend][,queues=N]..., tap:NAME, packet:NETDEV,\n"
	"  pcap:[IN][,OUT]\n";

enum { OPT_MODE = 256, OPT_LENGTH, OPT_FLOWS, OPT_BURST, OPT_FIRST, OPT_COUNT, OPT_SECONDS, OPT_RATE };
enum { OPT_WORKERS = 300, OPT_CORES, OPT_PERIOD, OPT_CHECK, OPT_LATENCY, OPT_REPORT };

static const struct option long_options[] = {
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "length", required_argument, NULL, OPT_LENGTH },
	{ "flows", required_argument, NULL, OPT_FLOWS },
	{ "burst", required_argument, NULL, OPT_BURST },
	{ "tx-first", required_argument, NULL, OPT_FIRST },
	{ "count", required_argument, NULL, OPT_COUNT },
	{ "seconds", required_argument, NULL, OPT_SECONDS },
	{ "rate", required_argument, NULL, OPT_RATE },
	{ "workers", required_argument, NULL, OPT_WORKERS },
	{ "cores", required_argument, NULL, OPT_CORES },
	{ "stats-period", required_argument, NULL, OPT_PERIOD },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "latency", no_argument, NULL, OPT_LATENCY },
	{ "report", no_argument, NULL, OPT_REPORT },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

static bool number(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && *ret >= min && *ret <= max)
		return true;
	fprintf(stderr, "\"%s\" is no number from %llu to %llu\n", text, (unsigned long long)min,
		(unsigned long long)max);
	return false;
}

static bool number32(const char *text, uint32_t min, uint32_t max, uint32_t *ret)
{
	uint64_t value;

	if (!number(text, min, max, &value))
		return false;
	*ret = (uint32_t)value;
	return true;
}

static bool seconds(const char *text, double *ret)
{
	char *end;

	*ret = strtod(text, &end);
	if (*text && !*end && *ret > 0)
		return true;
	fprintf(stderr, "\"%s\" is no number of seconds\n", text);
	return false;
}

static bool mode(const char *text, enum mode *ret)
{
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		*ret = (enum mode)i;
		if (strcmp(text, modes[i]) == 0)
			return true;
	}
	fprintf(stderr, "\"%s\" is no mode\n", text);
	return false;
}

static bool take_switch(struct options *options, int option)
{
	if (option == OPT_CHECK)
		options->check = true;
	else if (option == OPT_LATENCY)
		options->latency = true;
	else if (option == OPT_REPORT)
		options->report = true;
	else if (option == 'j')
		options->json = true;
	else
		return false;
	return true;
}

static bool take_option(struct options *options, int option, const char *text)
{
	switch (option) {
	case OPT_MODE:
		return mode(text, &options->mode);
	case OPT_LENGTH:
		return number32(text, LENGTH_MIN, LENGTH_MAX, &options->length);
	case OPT_FLOWS:
		return number32(text, 1, FLOWS_MAX, &options->flows);
	case OPT_BURST:
		return number32(text, 1, PORT_BURST, &options->burst);
	case OPT_FIRST:
		return number32(text, 0, 1u << 20, &options->tx_first);
	case OPT_COUNT:
		return number(text, 1, UINT64_MAX, &options->count);
	case OPT_SECONDS:
		return seconds(text, &options->seconds);
	case OPT_RATE:
		return number(text, 1, UINT64_C(1000000000), &options->rate);
	case OPT_WORKERS:
		return number32(text, 1, 256, &options->workers);
	case OPT_CORES:
		options->cores = text;
		return true;
	case OPT_PERIOD:
		return seconds(text, &options->period);
	default:
		return take_switch(options, option);
	}
}

static void read_options(struct options *options, int argc, char **argv)
{
	bool good = true;
	int option;

	while (good && (option = getopt_long(argc, argv, "hjV", long_options, NULL)) != -1) {
		if (option == 'h' || option == 'V') {
			printf("%s\n", option == 'h' ? usage_text : dpu_version_string());
			exit(EXIT_SUCCESS);
		}
		good = take_option(options, option, optarg);
	}
	if (good && optind < argc && argc - optind <= PORTS_MAX) {
		if (!options->flows)
			options->flows = options->mode == MODE_FLOWGEN ? 1024 : 1;
		return;
	}
	fputs(usage_text, stderr);
	exit(2);
}

struct run {
	struct report report;
	uint64_t moved;  /* at the last tick */
	uint32_t quiet;  /* ticks since then */
	uint32_t waited; /* ticks for the peer to take what was sent */
};

/* A driver that goes takes along what the device has not taken yet. */
static bool all_taken(struct run *run)
{
	struct report *report = &run->report;
	bool settled = true;
	struct pair *pair;
	uint32_t i, q;

	workers_hold(report->workers);
	for (i = 0; i < report->port_count; i++) {
		for (q = 0; q < report->ports[i]->pair_count; q++) {
			pair = report->ports[i]->pairs[q];
			settled &= !pair->ops->settled || pair->ops->settled(pair);
		}
	}
	workers_release(report->workers);
	return settled || ++run->waited > PATIENCE_TAKEN;
}

/* Packets that were sent may still be on their way back. */
static bool all_came(struct run *run)
{
	const struct options *options = run->report.options;
	struct port_total total;
	uint64_t moved = 0;
	uint32_t i;

	if (options->mode == MODE_RXONLY || (!options->check && !options->latency))
		return true;
	for (i = 0; i < run->report.port_count; i++) {
		port_total(run->report.ports[i], &total);
		moved += total.rx_packets;
	}
	if (moved != run->moved)
		run->quiet = 0;
	run->moved = moved;
	return ++run->quiet > PATIENCE;
}

/* A file to read has an end. */
static bool all_read(const struct report *report)
{
	uint32_t i, ended = 0, files = 0;

	for (i = 0; i < report->port_count; i++) {
		files += strncmp(report->ports[i]->uri, "pcap:", 5) == 0;
		ended += atomic_load(&report->ports[i]->pairs[0]->end);
	}
	return files == report->port_count && ended == files && report->options->mode != MODE_TXONLY &&
	       report->options->mode != MODE_FLOWGEN;
}

static bool tick(struct control *control)
{
	struct run *run = control->data;
	struct report *report = &run->report;
	const struct options *options = report->options;
	uint64_t now = now_ns();

	report_look(report);
	if (options->period > 0 && !options->json && (double)(now - report->last) / 1e9 >= options->period)
		report_show(report);
	if (options->seconds > 0 && (double)(now - report->begin) / 1e9 >= options->seconds)
		return true;
	return all_read(report) || (workers_done(control->workers) && all_taken(run) && all_came(run));
}

static void show(struct control *control)
{
	report_show(&((struct run *)control->data)->report);
}

static int open_ports(struct port **ports, uint32_t count, char **uris)
{
	const struct port_opts opts = { .offloads = DPU_VIRTIO_NET_F_MRG_RXBUF, .forgetful = true };
	char error[512] = "";
	uint32_t i;
	int rc;

	for (i = 0; i < count; i++) {
		rc = port_open(uris[i], &opts, &ports[i], error, sizeof(error));
		if (rc < 0) {
			fprintf(stderr, "%s\n", error);
			return rc;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct options options = { .length = 64, .burst = 32, .workers = 1 };
	struct port *ports[PORTS_MAX] = { NULL };
	struct workers workers = { .count = 0 };
	struct run run = { .report = { .options = &options, .ports = ports, .workers = &workers } };
	struct control control = { .workers = &workers,
				   .ports = ports,
				   .tick = tick,
				   .user_signal = show,
				   .data = &run,
				   .tick_ms = TICK_MS };
	int rc, code = EXIT_FAILURE;
	uint32_t i;

	read_options(&options, argc, argv);
	control.port_count = run.report.port_count = (uint32_t)(argc - optind);
	rc = control_block_signals();
	if (rc == 0)
		rc = open_ports(ports, control.port_count, argv + optind);
	if (rc == 0)
		rc = workers_create(&workers, options.workers, options.cores, false);
	if (rc == 0)
		rc = jobs_create(&workers, &options, ports, control.port_count);
	if (rc == 0)
		rc = workers_start(&workers);
	run.report.begin = run.report.last = now_ns();
	if (rc == 0)
		rc = control_run(&control);
	workers_stop(&workers);
	if (rc == 0)
		code = report_end(&run.report);
	for (i = 0; i < control.port_count; i++)
		port_close(ports[i]);
	jobs_free(&workers);
	workers_destroy(&workers);
	return code;
}
