/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data path, where packets need the program's time. */
#include <errno.h>
#include <inttypes.h>
#include "conformance.h"
#include "lane.h"

#define QUEUE 64

struct setup {
	struct dpu_ctx *ctx;
	struct dpu_device *device;
	struct dpu_eswitch *eswitch;
	struct dpu_flow_table *table;
	struct dpu_function *sf[2];
	struct dpu_port *uplink;
	struct lane *lane[2];
	struct lane *wire;
	struct lane *representor;
};

/* An Ethernet frame with a UDP datagram and a payload of its own. */
static struct iovec make_frame(uint8_t *frame, uint8_t mark)
{
	static const uint8_t head[] = {
		0x02, 0,  0,  0,    0,    2,   0x02, 0, 0, 0,   0, 1, 0x08, 0,    0x45, 0, 0, 46, 0,  0, 0,
		0,    64, 17, 0xf6, 0xbc, 192, 0,    2, 1, 192, 0, 2, 2,    0x13, 0x88, 0, 9, 0,  26, 0, 0,
	};

	memset(frame, mark, 60);
	memcpy(frame, head, sizeof(head));
	return (struct iovec){ frame, 60 };
}

/* Runs the e-switch until nothing moves; how many packets it took. */
static int settle(struct setup *s)
{
	int n, total = 0;

	while ((n = dpu_eswitch_process(s->eswitch)) > 0)
		total += n;
	return n < 0 ? n : total;
}

static uint64_t port_counter(struct setup *s, struct dpu_port *port, size_t offset)
{
	DPU_OPTS(dpu_port_stats, stats);

	(void)s;
	must(dpu_port_stats(port, &stats) == 0);
	return *(const uint64_t *)((const char *)&stats + offset);
}

#define COUNTER(s, port, member) port_counter(s, port, offsetof(struct dpu_port_stats, member))

static struct dpu_port *rep(struct setup *s, int i)
{
	return dpu_function_representor(s->sf[i]);
}

__attribute__((format(printf, 2, 3))) static uint64_t insert(struct setup *s, const char *format, ...)
{
	char text[160];
	uint64_t id = 0;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (dpu_flow_insert_text(s->table, text, &id) < 0)
		tap_diag("%s: %s", text, dpu_ctx_error_text(s->ctx));
	return id;
}

/* One frame arrives at a lane, exactly as given. */
static void arrives(struct lane *lane, const uint8_t *frame, size_t len, const char *what)
{
	struct iovec got[LANE_BURST];
	int n = lane_receive(lane, got, LANE_BURST);

	ok(n == 1 && got[0].iov_len == len && !memcmp(got[0].iov_base, frame, len), "%s", what);
}

static void nothing_arrives(struct lane *lane, const char *what)
{
	struct iovec got[LANE_BURST];

	ok(lane_receive(lane, got, LANE_BURST) == 0, "%s", what);
}

static void forwarding(struct setup *s)
{
	const char *a = dpu_port_netdev(rep(s, 0)), *b = dpu_port_netdev(rep(s, 1));
	uint64_t tx = COUNTER(s, rep(s, 1), tx_packets), misses = COUNTER(s, rep(s, 0), misses);
	DPU_OPTS(dpu_flow_stats, stats);
	uint8_t frame[60], tagged[64];
	struct iovec iov = make_frame(frame, 1);
	uint64_t id;

	/* No rule: the packet is a miss, and dropped where nobody listens. */
	is_int(lane_send(s->lane[0], &iov, 1), 1);
	is_int(settle(s), 1);
	nothing_arrives(s->lane[1], "without a rule nothing arrives");
	is_int(COUNTER(s, rep(s, 0), misses), misses + 1);

	id = insert(s, "in_port=%s,udp actions=output:%s", a, b);
	is_int(lane_send(s->lane[0], &iov, 1), 1);
	is_int(settle(s), 1);
	arrives(s->lane[1], frame, 60, "with a rule the frame arrives, byte by byte");
	is_int(COUNTER(s, rep(s, 1), tx_packets), tx + 1);
	is_int(dpu_flow_stats(s->table, id, &stats), 0);
	is_int(stats.packets, 1);
	is_int(stats.bytes, 60);
	is_int(dpu_flow_delete(s->table, id), 0);

	/* Rewriting, then two outputs: each copy is the packet as it was at that point. */
	id = insert(s, "in_port=%s actions=output:p0,push_vlan:5,output:%s", a, b);
	is_int(lane_send(s->lane[0], &iov, 1), 1);
	is_int(settle(s), 1);
	arrives(s->wire, frame, 60, "the first output has no tag");
	memcpy(tagged, frame, 12);
	memcpy(tagged + 12, "\x81\x00\x00\x05", 4);
	memcpy(tagged + 16, frame + 12, 48);
	arrives(s->lane[1], tagged, 64, "the second has one");
	is_int(dpu_flow_delete(s->table, id), 0);
}

static void slow_path(struct setup *s)
{
	uint8_t frame[60];
	struct iovec iov = make_frame(frame, 2);

	must(lane_create(s->eswitch, rep(s, 0), DPU_PORT_REPRESENTOR, QUEUE, &s->representor) == 0);
	is_int(lane_send(s->lane[0], &iov, 1), 1);
	is_int(settle(s), 1);
	arrives(s->representor, frame, 60, "a miss comes out at the representor");
	is_int(lane_send(s->representor, &iov, 1), 1);
	is_int(settle(s), 1);
	arrives(s->lane[0], frame, 60, "what the representor sends goes to the function");
	is_int(dpu_eswitch_detach(s->eswitch, rep(s, 0), DPU_PORT_REPRESENTOR), 0);
	is_int(dpu_eswitch_detach(s->eswitch, rep(s, 0), DPU_PORT_REPRESENTOR), -ENOENT);
	lane_free(s->representor);
	s->representor = NULL;
}

/* More than a queue holds: what is lost is counted, and nothing is lost without being counted. */
static void overload(struct setup *s)
{
	const char *a = dpu_port_netdev(rep(s, 0)), *b = dpu_port_netdev(rep(s, 1));
	uint64_t id = insert(s, "in_port=%s actions=output:%s", a, b);
	uint64_t tx = COUNTER(s, rep(s, 1), tx_packets), dropped = COUNTER(s, rep(s, 1), tx_dropped);
	struct iovec got[LANE_BURST], iov;
	int sent = 0, received = 0, n;
	uint8_t frame[60];

	iov = make_frame(frame, 3);
	while (sent < 3 * QUEUE) {
		n = lane_send(s->lane[0], &iov, 1);
		must(n >= 0);
		sent += n;
		must(settle(s) >= 0);
	}
	while ((n = lane_receive(s->lane[1], got, LANE_BURST)) > 0)
		received += n;
	ok(received > 0 && received < sent, "a queue that nobody empties takes some and no more");
	is_int(COUNTER(s, rep(s, 1), tx_packets) - tx, received);
	is_int(COUNTER(s, rep(s, 1), tx_dropped) - dropped, sent - received);
	is_int(dpu_flow_delete(s->table, id), 0);
}

static void refusals(struct setup *s)
{
	DPU_OPTS(dpu_eswitch_attach_opts, opts);
	struct lane *second = NULL;
	struct dpu_port *other = NULL;

	is_int(dpu_eswitch_attach(s->eswitch, rep(s, 0), &opts), -EINVAL);
	is_int(lane_create(s->eswitch, rep(s, 0), DPU_PORT_FUNCTION, QUEUE, &second), -EBUSY);
	if (dpu_port_find(s->ctx, "p1", &other) == 0) {
		is_int(lane_create(s->eswitch, other, DPU_PORT_FUNCTION, QUEUE, &second), -EXDEV);
		dpu_port_unref(other);
	}
}

/* A port that goes takes its queues and its rules with it. */
static void port_goes(struct setup *s)
{
	const char *a = dpu_port_netdev(rep(s, 0)), *b = dpu_port_netdev(rep(s, 1));
	struct dpu_flow_list *list;
	uint8_t frame[60];
	struct iovec iov = make_frame(frame, 4);

	must(insert(s, "in_port=%s actions=output:%s", a, b));
	must(insert(s, "in_port=%s actions=output:%s", b, a));
	is_int(dpu_sf_delete(s->sf[1], DEADLINE_MS), 0);
	must(dpu_flow_list(s->table, &list) == 0);
	is_int(dpu_flow_list_count(list), 0);
	dpu_flow_list_unref(list);
	is_int(lane_send(s->lane[0], &iov, 1), 1);
	is_int(settle(s), 1);
	is_int(dpu_eswitch_detach(s->eswitch, rep(s, 1), DPU_PORT_FUNCTION), -ENOENT);
}

static bool set_up(struct setup *s)
{
	DPU_OPTS(dpu_sf_opts, opts);
	int i;

	if (!s->device || dpu_eswitch_open(s->device, &s->eswitch) < 0)
		return false;
	must(dpu_flow_table_open(s->device, NULL, &s->table) == 0);
	for (i = 0; i < 2; i++) {
		opts.sfnum = 800 + (uint32_t)i;
		must(dpu_sf_create(s->device, &opts, DEADLINE_MS, &s->sf[i]) == 0);
		must(lane_create(s->eswitch, rep(s, i), DPU_PORT_FUNCTION, QUEUE, &s->lane[i]) == 0);
	}
	must(dpu_port_find(s->ctx, dpu_device_netdev(s->device), &s->uplink) == 0);
	must(lane_create(s->eswitch, s->uplink, DPU_PORT_FUNCTION, QUEUE, &s->wire) == 0);
	return true;
}

void chapter_datapath(struct dpu_ctx *ctx)
{
	struct setup s = { .ctx = ctx, .device = conformance_eswitch_device(ctx) };

	tap_diag("chapter: data path");
	if (!set_up(&s)) {
		tap_skip("no data path here: %s", s.device ? dpu_ctx_error_text(ctx) : "no e-switch");
		dpu_device_unref(s.device);
		return;
	}
	forwarding(&s);
	slow_path(&s);
	overload(&s);
	refusals(&s);
	port_goes(&s);
	dpu_eswitch_unref(s.eswitch);
	is_int(dpu_sf_delete(s.sf[0], DEADLINE_MS), 0);
	lane_free(s.lane[0]);
	lane_free(s.lane[1]);
	lane_free(s.wire);
	dpu_function_unref(s.sf[0]);
	dpu_function_unref(s.sf[1]);
	dpu_port_unref(s.uplink);
	dpu_flow_table_unref(s.table);
	dpu_device_unref(s.device);
}
