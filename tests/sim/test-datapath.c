/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The e-switch under drivers that do not behave, and functions that come and go. Queues are driven by hand
 * here, so that every field of the ring can be wrong. */
#include <endian.h>
#include <errno.h>
#include "harness.h"
#include "lane.h"

#define DEADLINE_MS 10000
#define SIZE 16
#define HEADER 12

/* The ring of a split queue, VIRTIO 1.2, 2.7. */
struct descriptor {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct ring {
	void *memory;
	struct descriptor *desc;
	uint16_t *avail; /* flags, idx, ring */
	uint16_t *used;
	struct dpu_virtq *device;
};

struct setup {
	struct dpu_ctx *ctx;
	struct dpu_device *device;
	struct dpu_eswitch *eswitch;
	struct dpu_flow_table *table;
	struct dpu_port *host, *uplink;
	struct ring tx, rx; /* of the host PF, by hand */
	struct lane *wire;
};

static void ring_create(struct ring *ring)
{
	size_t avail, used;
	int bytes = dpu_virtq_ring_size(DPU_VIRTQ_SPLIT, SIZE, &avail, &used);

	must(bytes > 0 && posix_memalign(&ring->memory, 4096, (size_t)bytes) == 0);
	memset(ring->memory, 0, (size_t)bytes);
	ring->desc = ring->memory;
	ring->avail = (uint16_t *)((char *)ring->memory + avail);
	ring->used = (uint16_t *)((char *)ring->memory + used);

	DPU_OPTS(dpu_virtq_opts, opts, .desc = ring->desc, .avail = ring->avail, .used = ring->used,
		 .size = SIZE, .side = DPU_VIRTQ_DEVICE);
	must(dpu_virtq_create(&opts, &ring->device) == 0);
}

static void ring_free(struct ring *ring)
{
	dpu_virtq_unref(ring->device);
	free(ring->memory);
}

/* Makes descriptors first…first + count - 1 one chain and offers it. */
static void offer(struct ring *ring, uint16_t first, const struct iovec *iov, uint16_t count, bool write)
{
	uint16_t i, idx = le16toh(ring->avail[1]);

	for (i = 0; i < count; i++) {
		ring->desc[first + i].addr = htole64((uint64_t)(uintptr_t)iov[i].iov_base);
		ring->desc[first + i].len = htole32((uint32_t)iov[i].iov_len);
		ring->desc[first + i].flags = htole16((uint16_t)((i + 1 < count ? 1 : 0) | (write ? 2 : 0)));
		ring->desc[first + i].next = htole16((uint16_t)(first + i + 1));
	}
	ring->avail[2 + idx % SIZE] = htole16(first);
	ring->avail[1] = htole16((uint16_t)(idx + 1));
}

static void set_up(struct setup *s)
{
	s->ctx = open_uri("sim:");
	s->device = find_device(s->ctx, "p0");
	must(dpu_eswitch_open(s->device, &s->eswitch) == 0);
	must(dpu_flow_table_open(s->device, NULL, &s->table) == 0);
	must(dpu_port_find(s->ctx, "pf0hpf", &s->host) == 0 && dpu_port_find(s->ctx, "p0", &s->uplink) == 0);
	must(lane_create(s->eswitch, s->uplink, DPU_PORT_FUNCTION, SIZE, &s->wire) == 0);
	ring_create(&s->tx);
	ring_create(&s->rx);

	DPU_OPTS(dpu_eswitch_attach_opts, opts, .tx = s->tx.device, .rx = s->rx.device);
	must(dpu_eswitch_attach(s->eswitch, s->host, &opts) == 0);
	must(dpu_flow_insert_text(s->table, "in_port=pf0hpf actions=output:p0", NULL) == 0);
	must(dpu_flow_insert_text(s->table, "in_port=p0 actions=output:pf0hpf", NULL) == 0);
}

static void tear_down(struct setup *s)
{
	dpu_eswitch_unref(s->eswitch);
	lane_free(s->wire);
	ring_free(&s->tx);
	ring_free(&s->rx);
	dpu_port_unref(s->host);
	dpu_port_unref(s->uplink);
	dpu_flow_table_unref(s->table);
	dpu_device_unref(s->device);
	dpu_ctx_unref(s->ctx);
}

static uint64_t host_counter(struct setup *s, size_t offset)
{
	DPU_OPTS(dpu_port_stats, stats);

	must(dpu_port_stats(s->host, &stats) == 0);
	return *(const uint64_t *)((const char *)&stats + offset);
}

#define HOST(s, member) host_counter(s, offsetof(struct dpu_port_stats, member))

/* A frame in many pieces, the header among them cut in the middle, arrives as one. */
static void pieces(struct setup *s)
{
	uint8_t bytes[HEADER + 61];
	struct iovec iov[10], got[LANE_BURST];
	size_t i, at = 0;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = i < HEADER ? 0 : (uint8_t)i;
	for (i = 0; i < 10; i++, at += 7)
		iov[i] = (struct iovec){ bytes + at, 7 };
	iov[9].iov_len = sizeof(bytes) - 63;
	offer(&s->tx, 0, iov, 10, false);
	is_int(dpu_eswitch_process(s->eswitch), 1);
	ok(lane_receive(s->wire, got, LANE_BURST) == 1 && got[0].iov_len == 61 &&
		   !memcmp(got[0].iov_base, bytes + HEADER, 61),
	   "a frame in ten pieces arrives whole");
	is_int(le16toh(s->tx.used[1]), 1);
}

/* The other way: a frame goes into buffers too small for it one by one, behind a header with num_buffers 1.
 */
static void scattered(struct setup *s)
{
	uint8_t frame[60], bytes[HEADER + 60] = { 0 };
	struct iovec sent = { frame, sizeof(frame) }, iov[4];
	size_t i;

	for (i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)(i * 3);
	for (i = 0; i < 4; i++)
		iov[i] = (struct iovec){ bytes + 18 * i, 18 };
	offer(&s->rx, 0, iov, 4, true);
	must(lane_send(s->wire, &sent, 1) == 1);
	is_int(dpu_eswitch_process(s->eswitch), 1);
	is_int(le16toh(s->rx.used[1]), 1);
	is_int(le32toh(((uint32_t *)(s->rx.used + 2))[1]), HEADER + 60);
	ok(bytes[10] == 1 && bytes[11] == 0 && !memcmp(bytes + HEADER, frame, 60),
	   "header and frame are in place");
}

static void too_small(struct setup *s)
{
	uint8_t frame[60] = { 0 }, bytes[40];
	struct iovec sent = { frame, sizeof(frame) }, iov = { bytes, sizeof(bytes) };
	uint64_t dropped = HOST(s, tx_dropped);

	offer(&s->rx, 4, &iov, 1, true);
	must(lane_send(s->wire, &sent, 1) == 1);
	is_int(dpu_eswitch_process(s->eswitch), 1);
	is_int(HOST(s, tx_dropped), dropped + 1);
	is_int(le32toh(((uint32_t *)(s->rx.used + 2))[3]), 0); /* the buffer comes back empty */
}

/* What is no frame is dropped and counted; the buffers come back. */
static void no_frames(struct setup *s)
{
	static uint8_t huge[70000];
	struct iovec header = { huge, HEADER }, less = { huge, 3 }, more = { huge, sizeof(huge) };
	uint64_t dropped = HOST(s, rx_dropped);
	uint16_t used = le16toh(s->tx.used[1]);
	struct iovec got[LANE_BURST];

	offer(&s->tx, 0, &header, 1, false);
	offer(&s->tx, 1, &less, 1, false);
	offer(&s->tx, 2, &more, 1, false);
	is_int(dpu_eswitch_process(s->eswitch), 3);
	is_int(HOST(s, rx_dropped), dropped + 3);
	is_int(le16toh(s->tx.used[1]), used + 3);
	is_int(lane_receive(s->wire, got, LANE_BURST), 0);
}

/* A ring that lies: that end is taken off, the others go on. */
static void lying_driver(struct setup *s)
{
	uint8_t frame[60] = { 0 };
	struct iovec iov = { frame, sizeof(frame) };
	uint64_t rx = HOST(s, tx_dropped);

	s->tx.avail[1] = htole16((uint16_t)(le16toh(s->tx.avail[1]) + SIZE + 1));
	is_int(dpu_eswitch_process(s->eswitch), -EIO);
	is_str(dpu_error_step(dpu_ctx_error(s->ctx)), "datapath_process");
	contains(dpu_ctx_error_text(s->ctx), "pci/0000:03:00.0/131072");
	ok(dpu_virtq_error(s->tx.device), "the queue says why: %s", dpu_virtq_error(s->tx.device));
	is_int(dpu_eswitch_process(s->eswitch), 0);
	is_int(dpu_eswitch_detach(s->eswitch, s->host, DPU_PORT_FUNCTION), -ENOENT);
	must(lane_send(s->wire, &iov, 1) == 1);
	is_int(dpu_eswitch_process(s->eswitch), 1);
	is_int(HOST(s, tx_dropped), rx + 1);
}

/* A queue that is no device side is refused when it comes. */
static void wrong_side(struct setup *s)
{
	DPU_OPTS(dpu_eswitch_attach_opts, opts);
	struct dpu_virtq *driver;
	struct ring ring;

	ring_create(&ring);
	DPU_OPTS(dpu_virtq_opts, queue, .desc = ring.desc, .avail = ring.avail, .used = ring.used,
		 .size = SIZE, .side = DPU_VIRTQ_DRIVER);
	must(dpu_virtq_create(&queue, &driver) == 0);
	opts.tx = driver;
	opts.rx = ring.device;
	is_int(dpu_eswitch_attach(s->eswitch, s->host, &opts), -EINVAL);
	contains(dpu_ctx_error_text(s->ctx), "no device side");
	dpu_virtq_unref(driver);
	ring_free(&ring);
}

/* Packets of an inactive function stay in its queue until it is active again. */
static void inactive(void)
{
	DPU_OPTS(dpu_function_attrs, attrs, .set_state = 1, .state = DPU_FUNCTION_INACTIVE);
	struct setup s = { 0 };
	struct dpu_function *sf;
	struct lane *lane;
	uint8_t frame[60] = { 0 };
	struct iovec iov = { frame, sizeof(frame) };

	set_up(&s);
	must(dpu_function_find(s.ctx, "enp3s0f0s0", &sf) == 0);
	must(lane_create(s.eswitch, dpu_function_representor(sf), DPU_PORT_FUNCTION, SIZE, &lane) == 0);
	must(dpu_function_set(sf, &attrs, DEADLINE_MS) == 0);
	must(lane_send(lane, &iov, 1) == 1);
	is_int(dpu_eswitch_process(s.eswitch), 0);
	attrs.state = DPU_FUNCTION_ACTIVE;
	must(dpu_function_set(sf, &attrs, DEADLINE_MS) == 0);
	is_int(dpu_eswitch_process(s.eswitch), 1);

	/* In legacy mode nothing moves and the SF is gone; in NIC mode the e-switch itself. */
	must(dpu_eswitch_mode_set(s.device, DPU_ESWITCH_LEGACY, DEADLINE_MS) == 0);
	must(lane_send(s.wire, &iov, 1) == 1);
	is_int(dpu_eswitch_process(s.eswitch), 0);
	must(dpu_mode_set(s.device, DPU_MODE_NIC) == 0);
	must(dpu_device_reset(s.device, DPU_RESET_SYSTEM, DEADLINE_MS) == 0);
	is_int(dpu_eswitch_process(s.eswitch), -EOPNOTSUPP);
	dpu_function_unref(sf);
	tear_down(&s);
	lane_free(lane);
}

int main(void)
{
	struct setup s = { 0 };

	set_up(&s);
	pieces(&s);
	scattered(&s);
	too_small(&s);
	no_frames(&s);
	wrong_side(&s);
	lying_driver(&s);
	tear_down(&s);
	inactive();
	return tap_done();
}
