/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packets through the simulated e-switch: from the virtqueue of one end, through the flow table, into that of
 * another. Run to completion by whoever calls process(); no thread, no system call but a look at the shared
 * state now and then.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "flow/execute.h"
#include "flow/softtable.h"
#include "provider/sim/sim.h"

#define BURST 32
/* Elements that one packet may come in. */
#define MAX_ELEMENTS 20
/* Without mergeable buffers or offloads a frame is at most a jumbo frame; room for tags beside. */
#define FRAME_MAX 9728
/* struct virtio_net_hdr_v1: flags, gso_type, hdr_len, gso_size, csum_start, csum_offset, num_buffers. */
#define NET_HDR_LEN 12
/* How often the shared state is looked at. */
#define SYNC_CALLS 64
#define SYNC_MS 250

struct sim_end {
	uint32_t port;
	enum dpu_port_end end;
	struct dpu_virtq *tx;
	struct dpu_virtq *rx;
	bool live; /* its function may be driven now */
	struct sim_port_counters *counters;
	struct dpu_virtq_chain done[BURST]; /* filled, not yet published */
	uint32_t done_count;
	int rc; /* negative once a queue has stopped */
};

struct sim_datapath {
	struct sim *sim;
	char handle[64];
	struct sim_end **ends;
	size_t end_count;
	uint64_t generation; /* of the model that pf, live and counters come from */
	struct sim_pf *pf;
	uint64_t calls;
	int64_t synced_ms;
	uint8_t frames[BURST][FLOW_HEADROOM + NET_HDR_LEN + FRAME_MAX];
};

static struct sim_end *find_end(struct sim_datapath *dp, uint32_t port, enum dpu_port_end which)
{
	size_t i;

	for (i = 0; i < dp->end_count; i++) {
		if (dp->ends[i]->port == port && dp->ends[i]->end == which)
			return dp->ends[i];
	}
	return NULL;
}

static void free_end(struct dpu_ctx *ctx, struct sim_end *end)
{
	dpu_virtq_unref(end->tx);
	dpu_virtq_unref(end->rx);
	ctx_free(ctx, end);
}

static void remove_end(struct sim_datapath *dp, size_t i)
{
	free_end(dp->sim->ctx, dp->ends[i]);
	dp->ends[i] = dp->ends[--dp->end_count];
}

/* Looks up again, after the model may have changed, what the ends are attached to. */
static int refresh(struct sim_datapath *dp)
{
	struct sim_function *function;
	struct sim_end *end;
	size_t i;
	int rc;

	if (dp->generation == dp->sim->generation && dp->pf)
		return 0;
	dp->pf = NULL;
	rc = sim_eswitch_find(dp->sim, "datapath_process", dp->handle, &dp->pf);
	if (rc < 0)
		return rc;
	for (i = dp->end_count; i--;) {
		end = dp->ends[i];
		/* The port has gone, and with it whatever was attached. */
		if (!sim_port_exists(dp->sim->model, dp->pf, end->port)) {
			remove_end(dp, i);
			continue;
		}
		function = sim_function_at(dp->sim->model, dp->pf, end->port);
		end->live = dp->pf->eswitch_mode == DPU_ESWITCH_SWITCHDEV &&
			    (!function || function->state == DPU_FUNCTION_ACTIVE);
		end->counters = function ? &function->counters : &dp->pf->counters;
	}
	dp->generation = dp->sim->generation;
	return 0;
}

/* Takes over what other processes have changed and lets them see what was counted here. Packets do not wait
 * for another process: while it holds the lock, that is left for later. */
static int sync_state(struct sim_datapath *dp, bool patient)
{
	struct sim *sim = dp->sim;
	int rc;

	if (!sim->path)
		return 0;
	rc = sim_read(sim);
	if (rc < 0 || !sim_model_counted(sim->model))
		return rc;
	rc = patient ? sim_begin(sim) : sim_try_begin(sim);
	if (rc == -EBUSY && !patient)
		return 0;
	return rc < 0 ? rc : sim_commit(sim);
}

int sim_datapath_open(struct dpu_ctx *ctx, const char *handle, void **ret)
{
	struct sim *sim = sim_of(ctx);
	struct sim_datapath *dp;
	struct sim_pf *pf;
	int rc;

	rc = sim_read_eswitch(sim, "datapath_open", handle, &pf);
	if (rc < 0)
		return rc;
	if (pf->eswitch_mode == DPU_ESWITCH_LEGACY) {
		ctx_fail(ctx, -EOPNOTSUPP, "datapath_open", handle, "the e-switch is in legacy mode");
		return ctx_hint(ctx, "set the e-switch to switchdev first");
	}
	dp = ctx_alloc(ctx, sizeof(*dp));
	if (!dp)
		return ctx_fail_nomem(ctx, "datapath_open");
	dp->sim = sim;
	snprintf(dp->handle, sizeof(dp->handle), "%s", handle);
	*ret = dp;
	return 0;
}

void sim_datapath_close(struct dpu_ctx *ctx, void *datapath)
{
	struct sim_datapath *dp = datapath;
	struct dpu_error error = ctx->error;

	while (dp->end_count)
		remove_end(dp, dp->end_count - 1);
	sync_state(dp, true);
	ctx->error = error;
	ctx_free(ctx, dp->ends);
	ctx_free(ctx, dp);
}

int sim_datapath_attach(struct dpu_ctx *ctx, void *datapath, uint32_t port, enum dpu_port_end which,
			struct dpu_virtq *tx, struct dpu_virtq *rx)
{
	struct sim_datapath *dp = datapath;
	struct sim_end *end;
	char object[96];
	int rc;

	port_format(dp->handle, port, object, sizeof(object));
	rc = sim_read_step(dp->sim, "datapath_attach", object);
	if (rc == 0)
		rc = refresh(dp);
	if (rc < 0)
		return rc;
	/* Only a device side can take chains; a driver side says so. */
	if (dpu_virtq_pop(tx, NULL, 0) < 0 || dpu_virtq_pop(rx, NULL, 0) < 0)
		return ctx_fail(ctx, -EINVAL, "datapath_attach", object,
				"a queue is no device side, or has stopped");
	if (!sim_port_exists(dp->sim->model, dp->pf, port))
		return ctx_fail(ctx, -ENODEV, "datapath_attach", object, "the port has gone");
	if (find_end(dp, port, which))
		return ctx_fail(ctx, -EBUSY, "datapath_attach", object, "that end has queues already");
	end = ctx_alloc(ctx, sizeof(*end));
	if (!end || ctx_grow(ctx, &dp->ends, dp->end_count, sizeof(end)) < 0) {
		ctx_free(ctx, end);
		return ctx_fail_nomem(ctx, "datapath_attach");
	}
	end->port = port;
	end->end = which;
	end->tx = dpu_virtq_ref(tx);
	end->rx = dpu_virtq_ref(rx);
	dp->ends[dp->end_count++] = end;
	dp->pf = NULL; /* so that refresh() looks at the new end too */
	return 0;
}

int sim_datapath_detach(struct dpu_ctx *ctx, void *datapath, uint32_t port, enum dpu_port_end which)
{
	struct sim_datapath *dp = datapath;
	char object[96];
	size_t i;

	for (i = 0; i < dp->end_count; i++) {
		if (dp->ends[i]->port != port || dp->ends[i]->end != which)
			continue;
		remove_end(dp, i);
		return 0;
	}
	port_format(dp->handle, port, object, sizeof(object));
	return ctx_fail(ctx, -ENOENT, "datapath_detach", object, "that end has no queues");
}

static void publish(struct sim_end *end)
{
	int rc;

	if (!end->done_count)
		return;
	rc = dpu_virtq_push(end->rx, end->done, end->done_count);
	end->done_count = 0;
	if (rc < 0)
		end->rc = rc;
}

/* Puts a header and a frame into one chain that the driver has offered. */
static bool scatter(struct dpu_virtq_chain *chain, const uint8_t *data, uint32_t len)
{
	static const uint8_t header[NET_HDR_LEN] = { [10] = 1 }; /* num_buffers, little-endian */
	const uint8_t *parts[] = { header, data };
	uint32_t sizes[] = { NET_HDR_LEN, len };
	uint32_t part = 0, offset = 0, n;
	struct iovec *iov = chain->iov + chain->read_count;
	size_t used = 0;
	uint16_t i = 0;

	while (part < 2) {
		if (offset == sizes[part]) {
			part++;
			offset = 0;
			continue;
		}
		if (i == chain->write_count)
			return false;
		n = sizes[part] - offset;
		if (n > iov[i].iov_len - used)
			n = (uint32_t)(iov[i].iov_len - used);
		memcpy((uint8_t *)iov[i].iov_base + used, parts[part] + offset, n);
		offset += n;
		used += n;
		if (used == iov[i].iov_len) {
			i++;
			used = 0;
		}
	}
	chain->written = NET_HDR_LEN + len;
	return true;
}

/* Delivers a frame to an end. */
static bool deliver(struct sim_end *end, const uint8_t *data, uint32_t len)
{
	struct iovec iov[MAX_ELEMENTS];
	struct dpu_virtq_chain *chain;
	bool fits;
	int n;

	if (end->done_count == BURST)
		publish(end);
	if (end->rc < 0)
		return false;
	chain = &end->done[end->done_count];
	memset(chain, 0, sizeof(*chain));
	chain->iov = iov;
	chain->iov_max = MAX_ELEMENTS;
	n = dpu_virtq_pop(end->rx, chain, 1);
	if (n <= 0) {
		end->rc = n == -E2BIG ? -EIO : n;
		return false;
	}
	fits = scatter(chain, data, len);
	if (!fits)
		chain->written = 0;
	chain->iov = NULL; /* the elements were ours for this call only */
	end->done_count++;
	return fits;
}

/* The port's own counters of what goes out to it. */
static bool transmit(struct sim_end *end, struct sim_port_counters *counters, const uint8_t *data,
		     uint32_t len)
{
	if (!end || !end->live || !deliver(end, data, len)) {
		counters->now.tx_dropped++;
		return false;
	}
	counters->now.tx_packets++;
	counters->now.tx_bytes += len;
	return true;
}

/* What a rule's output action does. */
static void output(void *arg, uint32_t port, const uint8_t *data, uint32_t len)
{
	struct sim_datapath *dp = arg;
	struct sim_end *end = find_end(dp, port, DPU_PORT_FUNCTION);
	struct sim_function *function;

	if (end) {
		transmit(end, end->counters, data, len);
		return;
	}
	function = sim_function_at(dp->sim->model, dp->pf, port);
	transmit(NULL, function ? &function->counters : &dp->pf->counters, data, len);
}

/* Reads one chain into a frame of its own: its sender may write on, so nothing is read twice. */
static bool gather(const struct dpu_virtq_chain *chain, uint8_t *buffer, uint32_t *len)
{
	uint32_t total = 0;
	uint16_t i;

	for (i = 0; i < chain->read_count; i++) {
		if (chain->iov[i].iov_len > NET_HDR_LEN + FRAME_MAX - total)
			return false;
		memcpy(buffer + total, chain->iov[i].iov_base, chain->iov[i].iov_len);
		total += (uint32_t)chain->iov[i].iov_len;
	}
	if (total <= NET_HDR_LEN)
		return false;
	*len = total - NET_HDR_LEN;
	return true;
}

/* The e-switch proper: what the function end of a port has sent. */
static void forward(struct sim_datapath *dp, struct sim_end *from, const struct dpu_flow_packet *packets,
		    uint32_t count)
{
	struct sim_end *representor = find_end(dp, from->port, DPU_PORT_REPRESENTOR);
	struct softtable_entry *entries[BURST];
	struct flow_frame frame;
	uint32_t i;

	softtable_lookup(dp->pf->fdb, packets, count, entries);
	for (i = 0; i < count; i++) {
		from->counters->now.rx_packets++;
		from->counters->now.rx_bytes += packets[i].len;
		if (!entries[i]) {
			from->counters->now.misses++;
			if (!representor || !representor->live ||
			    !deliver(representor, packets[i].data, packets[i].len))
				from->counters->now.rx_dropped++;
			continue;
		}
		frame.data = (uint8_t *)(uintptr_t)packets[i].data;
		frame.len = packets[i].len;
		frame.headroom = FLOW_HEADROOM;
		if (!flow_execute(entries[i]->actions, entries[i]->action_count, &frame, output, dp))
			from->counters->now.rx_dropped++;
	}
}

/* One burst of what an end has sent. */
static int take_burst(struct sim_datapath *dp, struct sim_end *from)
{
	struct iovec iov[BURST][MAX_ELEMENTS];
	struct dpu_virtq_chain chains[BURST];
	struct dpu_flow_packet packets[BURST];
	uint32_t count = 0;
	uint8_t *buffer;
	int i, n;

	memset(chains, 0, sizeof(chains));
	for (i = 0; i < BURST; i++) {
		chains[i].iov = iov[i];
		chains[i].iov_max = MAX_ELEMENTS;
	}
	n = dpu_virtq_pop(from->tx, chains, BURST);
	if (n <= 0)
		return n == -E2BIG ? -EIO : n;
	for (i = 0; i < n; i++) {
		/* The header goes into the headroom's end, so that the frame behind it keeps its own. */
		buffer = dp->frames[count] + FLOW_HEADROOM;
		if (!gather(&chains[i], buffer, &packets[count].len)) {
			from->counters->now.rx_dropped++;
			continue;
		}
		packets[count].data = buffer + NET_HDR_LEN;
		packets[count].in_port = from->port;
		count++;
	}
	if (from->end == DPU_PORT_FUNCTION)
		forward(dp, from, packets, count);
	else
		for (i = 0; i < (int)count; i++)
			transmit(find_end(dp, from->port, DPU_PORT_FUNCTION), from->counters, packets[i].data,
				 packets[i].len);
	/* Only now, so that a driver that waits for its buffers finds the packets delivered. */
	i = dpu_virtq_push(from->tx, chains, (uint32_t)n);
	return i < 0 ? i : n;
}

/* Drops the ends whose queues have stopped; the reason of the last one is told. */
static int drop_stopped(struct sim_datapath *dp)
{
	const char *why;
	char object[96];
	size_t i;
	int rc = 0;

	for (i = dp->end_count; i--;) {
		if (dp->ends[i]->rc == 0)
			continue;
		why = dpu_virtq_error(dp->ends[i]->tx);
		if (!why)
			why = dpu_virtq_error(dp->ends[i]->rx);
		port_format(dp->handle, dp->ends[i]->port, object, sizeof(object));
		rc = ctx_fail(dp->sim->ctx, -EIO, "datapath_process", object, "%s",
			      why ? why : "a chain has more elements than a packet may come in");
		remove_end(dp, i);
	}
	return rc;
}

int sim_datapath_process(struct dpu_ctx *ctx, void *datapath)
{
	struct sim_datapath *dp = datapath;
	int total = 0;
	int64_t now;
	size_t i;
	int rc;

	(void)ctx;
	if (dp->calls++ % SYNC_CALLS == 0) {
		now = sim_now_ms();
		if (now - dp->synced_ms >= SYNC_MS) {
			dp->synced_ms = now;
			rc = sync_state(dp, false);
			if (rc < 0)
				return rc;
		}
	}
	rc = refresh(dp);
	if (rc < 0)
		return rc;
	for (i = 0; i < dp->end_count; i++) {
		if (!dp->ends[i]->live || dp->ends[i]->rc < 0)
			continue;
		rc = take_burst(dp, dp->ends[i]);
		if (rc < 0)
			dp->ends[i]->rc = rc;
		else
			total += rc;
	}
	for (i = 0; i < dp->end_count; i++)
		publish(dp->ends[i]);
	rc = drop_stopped(dp);
	return rc < 0 ? rc : total;
}
