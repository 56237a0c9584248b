/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include "report.h"

static void text_pair(const struct pair *pair)
{
	const struct pair_stats *stats = &pair->stats;

	printf("  queue %-3u rx %" PRIu64 " packets, %" PRIu64 " bytes, %" PRIu64 " errors; tx %" PRIu64
	       " packets, %" PRIu64 " bytes, %" PRIu64 " errors, %" PRIu64 " dropped\n",
	       pair->index, count_read(&stats->rx_packets), count_read(&stats->rx_bytes),
	       count_read(&stats->rx_errors), count_read(&stats->tx_packets), count_read(&stats->tx_bytes),
	       count_read(&stats->tx_errors), count_read(&stats->tx_dropped));
}

static void json_pair(const struct pair *pair)
{
	const struct pair_stats *stats = &pair->stats;

	printf("%s{\"queue\":%u,\"rx_packets\":%" PRIu64 ",\"rx_bytes\":%" PRIu64 ",\"rx_errors\":%" PRIu64
	       ",\"tx_packets\":%" PRIu64 ",\"tx_bytes\":%" PRIu64 ",\"tx_errors\":%" PRIu64
	       ",\"tx_dropped\":%" PRIu64 "}",
	       pair->index ? "," : "", pair->index, count_read(&stats->rx_packets),
	       count_read(&stats->rx_bytes), count_read(&stats->rx_errors), count_read(&stats->tx_packets),
	       count_read(&stats->tx_bytes), count_read(&stats->tx_errors), count_read(&stats->tx_dropped));
}

static void text_rule(void *arg, const struct rule_total *total)
{
	(void)arg;
	printf("  %" PRIu64 " packets, %" PRIu64 " bytes: %s\n", total->packets, total->bytes, total->text);
}

static void json_rule(void *arg, const struct rule_total *total)
{
	bool *first = arg;

	if (!total->rule) {
		printf("],\"misses\":{\"packets\":%" PRIu64 ",\"bytes\":%" PRIu64 "}", total->packets,
		       total->bytes);
		return;
	}
	printf("%s{\"id\":%" PRIu64 ",\"packets\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"rule\":",
	       *first ? "" : ",", total->rule, total->packets, total->bytes);
	port_print_json(total->text);
	putchar('}');
	*first = false;
}

static void show_text(const struct members *members, struct rules *rules)
{
	const struct port *port;
	uint32_t i, q;

	for (i = 0; i < members->count; i++) {
		port = members->all[i].port;
		printf("%s: %s\n", members->all[i].name, port->uri);
		for (q = 0; q < port->pair_count; q++)
			text_pair(port->pairs[q]);
	}
	if (!rules)
		return;
	printf("rules:\n");
	rules_each(rules, text_rule, NULL);
}

static void show_json(const struct members *members, struct rules *rules)
{
	const struct port *port;
	bool first = true;
	uint32_t i, q;

	printf("{\"ports\":[");
	for (i = 0; i < members->count; i++) {
		port = members->all[i].port;
		printf("%s{\"name\":", i ? "," : "");
		port_print_json(members->all[i].name);
		printf(",\"port\":");
		port_print_json(port->uri);
		printf(",\"queues\":[");
		for (q = 0; q < port->pair_count; q++)
			json_pair(port->pairs[q]);
		printf("]}");
	}
	printf("]");
	if (rules) {
		printf(",\"rules\":[");
		rules_each(rules, json_rule, &first);
	}
	printf("}\n");
}

void report(const struct members *members, struct rules *rules, bool json)
{
	if (json)
		show_json(members, rules);
	else
		show_text(members, rules);
	fflush(stdout);
}
