/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include "pktgen.h"

static uint64_t per_second(uint64_t count, double seconds)
{
	return seconds > 0 ? (uint64_t)((double)count / seconds) : 0;
}

static void show_port(uint32_t number, const struct port_total *total, const struct port_total *before,
		      double seconds)
{
	printf("\n  ######################## NIC statistics for port %-2u ########################\n",
	       number);
	printf("  RX-packets: %-10" PRIu64 " RX-missed: %-10u RX-bytes:  %-" PRIu64 "\n", total->rx_packets,
	       0U, total->rx_bytes);
	printf("  RX-errors: %-" PRIu64 "\n", total->rx_errors);
	printf("  RX-nombuf:  %-10u\n", 0U);
	printf("  TX-packets: %-10" PRIu64 " TX-errors: %-10" PRIu64 " TX-bytes:  %-" PRIu64 "\n",
	       total->tx_packets, total->tx_errors, total->tx_bytes);
	printf("\n  Throughput (since last show)\n");
	printf("  Rx-pps: %12" PRIu64 "          Rx-bps: %12" PRIu64 "\n",
	       per_second(total->rx_packets - before->rx_packets, seconds),
	       per_second(8 * (total->rx_bytes - before->rx_bytes), seconds));
	printf("  Tx-pps: %12" PRIu64 "          Tx-bps: %12" PRIu64 "\n",
	       per_second(total->tx_packets - before->tx_packets, seconds),
	       per_second(8 * (total->tx_bytes - before->tx_bytes), seconds));
	printf("  ############################################################################\n");
}

void report_show(struct report *report)
{
	uint64_t now = now_ns();
	struct port_total total;
	uint32_t i;

	for (i = 0; i < report->port_count; i++) {
		port_total(report->ports[i], &total);
		if (!report->options->json)
			show_port(i, &total, &report->shown[i], (double)(now - report->last) / 1e9);
		report->shown[i] = total;
	}
	report->last = now;
	fflush(stdout);
}

/* What all workers found. */
struct findings {
	struct check_result check;
	struct latency latency;
	double seconds;
};

static void count(const struct report *report, struct moment *moment)
{
	struct port_total total;
	uint32_t i;

	*moment = (struct moment){ .at = now_ns() };
	for (i = 0; i < report->port_count; i++) {
		port_total(report->ports[i], &total);
		moment->rx += total.rx_packets;
		moment->tx += total.tx_packets;
	}
}

void report_look(struct report *report)
{
	DPU_OPTS(dpu_vhost_state, state);
	struct moment now;

	if (report->ports[0]->vhost && dpu_vhost_state(report->ports[0]->vhost, &state) == 0 &&
	    state.features)
		report->features = state.features;
	count(report, &now);
	if (now.rx == report->last_moved.rx && now.tx == report->last_moved.tx)
		return;
	report->last_moved = now;
	if (!report->first_moved.at)
		report->first_moved = now;
}

static void gather(const struct report *report, struct findings *findings)
{
	const struct check_result *check;
	const struct job *job;
	uint32_t i;

	memset(findings, 0, sizeof(*findings));
	findings->seconds = (double)(now_ns() - report->begin) / 1e9;
	for (i = 0; i < report->workers->count; i++) {
		job = report->workers->all[i].data;
		if (job->latency)
			latency_add(&findings->latency, job->latency);
		if (!job->checker)
			continue;
		check = &job->checker->result;
		findings->check.checked += check->checked;
		findings->check.lost += check->lost;
		findings->check.reordered += check->reordered;
		findings->check.corrupted += check->corrupted;
		findings->check.other += check->other;
	}
}

/* While packets moved, as far as there are two looks at them; else from the beginning to the end. What is
 * sent is what may come back; of a pair of programs, the one that receives tells the result. */
static uint64_t moved(const struct report *report, double *seconds)
{
	struct moment from = report->first_moved, to = report->last_moved;

	if (from.at == to.at) {
		from = (struct moment){ .at = report->begin };
		count(report, &to);
	}
	*seconds = (double)(to.at - from.at) / 1e9;
	return to.rx ? to.rx - from.rx : to.tx - from.tx;
}

static void show_check(const struct check_result *check)
{
	printf("\nchecked: %" PRIu64 "  lost: %" PRIu64 "  reordered: %" PRIu64 "  corrupted: %" PRIu64
	       "  other: %" PRIu64 "\n",
	       check->checked, check->lost, check->reordered, check->corrupted, check->other);
}

static double us(uint64_t ns)
{
	return (double)ns / 1000;
}

static uint64_t average(const struct latency *latency)
{
	return latency->count ? latency->sum / latency->count : 0;
}

static void show_latency(const struct latency *latency)
{
	printf("\nlatency of %" PRIu64 " packets, in microseconds:\n", latency->count);
	printf("  min %.2f  average %.2f  p50 %.2f  p99 %.2f  p99.9 %.2f  max %.2f\n", us(latency->min),
	       us(average(latency)), us(latency_percentile(latency, 0.5)),
	       us(latency_percentile(latency, 0.99)), us(latency_percentile(latency, 0.999)),
	       us(latency->max));
}

/* Of the first processor: "model name", "cpu MHz". */
static void cpu(const char *word, char *text, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256], *value;

	snprintf(text, size, "unknown");
	while (file && fgets(line, sizeof(line), file)) {
		value = strchr(line, ':');
		if (!value || strncmp(line, word, strlen(word)) != 0)
			continue;
		snprintf(text, size, "%.*s", (int)strcspn(value + 2, "\n"), value + 2);
		break;
	}
	if (file)
		fclose(file);
}

/* The guide's template for results of its benchmark "PVP". */
static void show_template(const struct report *report, const struct findings *findings)
{
	static const char *const modes[] = { "io", "macswap", "txonly", "rxonly", "flowgen" };
	char model[128], mhz[32], features[1024] = "";
	double loss = 0, seconds;
	uint64_t packets = moved(report, &seconds);
	uint32_t i;

	if (findings->check.checked + findings->check.lost)
		loss = 100.0 * (double)findings->check.lost /
		       (double)(findings->check.checked + findings->check.lost);
	cpu("model name", model, sizeof(model));
	cpu("cpu MHz", mhz, sizeof(mhz));
	if (report->features)
		dpu_virtio_features_format(DPU_VIRTIO_ID_NET, report->features, features, sizeof(features));
	printf("\nTraffic Generator: dpu-pktgen %s, %u bytes, %u flows, burst %u\n",
	       modes[report->options->mode], report->options->length, report->options->flows,
	       report->options->burst);
	printf("Acceptable Loss: %.4g%%\n", loss);
	printf("Validation run time: %.2fmin\n", seconds / 60);
	printf("Host DPDK version/commit: none (libdpu %s)\n", dpu_version_string());
	printf("Guest DPDK version/commit: \n");
	printf("Patches applied: none\n");
	printf("QEMU version/commit: \n");
	printf("Virtio features: %s\n", features);
	printf("CPU: %s, %s MHz\n", model, mhz);
	printf("NIC:");
	for (i = 0; i < report->port_count; i++)
		printf(" %s", report->ports[i]->uri);
	printf("\nResult: %.3f Mpps\n", (double)per_second(packets, seconds) / 1e6);
}

static void json_ports(const struct report *report)
{
	struct port_total total;
	uint32_t i;

	printf("\"ports\":[");
	for (i = 0; i < report->port_count; i++) {
		port_total(report->ports[i], &total);
		printf("%s{\"port\":", i ? "," : "");
		port_print_json(report->ports[i]->uri);
		printf(",\"rx_packets\":%" PRIu64 ",\"rx_bytes\":%" PRIu64 ",\"rx_errors\":%" PRIu64
		       ",\"tx_packets\":%" PRIu64 ",\"tx_bytes\":%" PRIu64 ",\"tx_errors\":%" PRIu64
		       ",\"tx_dropped\":%" PRIu64 "}",
		       total.rx_packets, total.rx_bytes, total.rx_errors, total.tx_packets, total.tx_bytes,
		       total.tx_errors, total.tx_dropped);
	}
	printf("]");
}

static void show_json(const struct report *report, const struct findings *findings)
{
	const struct check_result *check = &findings->check;
	const struct latency *latency = &findings->latency;

	printf("{\"seconds\":%.6f,", findings->seconds);
	json_ports(report);
	if (report->options->check)
		printf(",\"check\":{\"checked\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"reordered\":%" PRIu64
		       ",\"corrupted\":%" PRIu64 ",\"other\":%" PRIu64 "}",
		       check->checked, check->lost, check->reordered, check->corrupted, check->other);
	if (report->options->latency)
		printf(",\"latency\":{\"packets\":%" PRIu64 ",\"min_ns\":%" PRIu64 ",\"average_ns\":%" PRIu64
		       ",\"p50_ns\":%" PRIu64 ",\"p99_ns\":%" PRIu64 ",\"p999_ns\":%" PRIu64
		       ",\"max_ns\":%" PRIu64 "}",
		       latency->count, latency->min, average(latency), latency_percentile(latency, 0.5),
		       latency_percentile(latency, 0.99), latency_percentile(latency, 0.999), latency->max);
	printf("}\n");
}

static void show_forwarded(uint32_t number, const struct port *port)
{
	struct port_total total;

	port_total(port, &total);
	printf("\n  ---------------------- Forward statistics for port %-2u ----------------------\n",
	       number);
	printf("  RX-packets: %-14" PRIu64 " RX-dropped: %-14u RX-total: %-" PRIu64 "\n", total.rx_packets,
	       0U, total.rx_packets);
	printf("  TX-packets: %-14" PRIu64 " TX-dropped: %-14" PRIu64 " TX-total: %-" PRIu64 "\n",
	       total.tx_packets, total.tx_dropped, total.tx_packets + total.tx_dropped);
	printf("  ----------------------------------------------------------------------------\n");
}

int report_end(struct report *report)
{
	struct findings findings;
	uint32_t i;

	gather(report, &findings);
	if (report->options->json) {
		show_json(report, &findings);
	} else {
		report_show(report);
		for (i = 0; i < report->port_count; i++)
			show_forwarded(i, report->ports[i]);
		if (report->options->check)
			show_check(&findings.check);
		if (report->options->latency)
			show_latency(&findings.latency);
		if (report->options->report)
			show_template(report, &findings);
	}
	fflush(stdout);
	return findings.check.corrupted ? EXIT_FAILURE : EXIT_SUCCESS;
}
