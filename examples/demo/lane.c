/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "lane.h"

/* struct virtio_net_hdr_v1 */
#define HEADER 12
#define BUFFER 2048

struct queue {
	struct dpu_virtq *driver;
	struct dpu_virtq *device;
	void *ring;
	uint8_t *buffers;
};

struct lane {
	struct queue tx;
	struct queue rx;
	uint32_t size;
	uint8_t **free_tx; /* buffers that the device does not have */
	uint32_t free_count;
	uint8_t *received[LANE_BURST]; /* to be offered again */
	uint32_t received_count;
};

static int queue_create(struct queue *queue, uint32_t size)
{
	size_t avail, used;
	char *ring;
	int rc;

	rc = dpu_virtq_ring_size(DPU_VIRTQ_SPLIT, size, &avail, &used);
	if (rc < 0)
		return rc;
	queue->buffers = malloc((size_t)size * BUFFER);
	if (!queue->buffers || posix_memalign(&queue->ring, 4096, (size_t)rc))
		return -ENOMEM;
	ring = queue->ring;
	memset(ring, 0, (size_t)rc);

	DPU_OPTS(dpu_virtq_opts, opts, .desc = ring, .avail = ring + avail, .used = ring + used, .size = size,
		 .side = DPU_VIRTQ_DRIVER);
	rc = dpu_virtq_create(&opts, &queue->driver);
	if (rc < 0)
		return rc;
	opts.side = DPU_VIRTQ_DEVICE;
	return dpu_virtq_create(&opts, &queue->device);
}

static void queue_free(struct queue *queue)
{
	dpu_virtq_unref(queue->driver);
	dpu_virtq_unref(queue->device);
	free(queue->ring);
	free(queue->buffers);
}

static int offer(struct lane *lane, uint8_t *const *buffers, uint32_t count)
{
	struct dpu_virtq_chain chains[LANE_BURST];
	struct iovec iov[LANE_BURST];
	uint32_t i;

	memset(chains, 0, sizeof(chains));
	for (i = 0; i < count; i++) {
		iov[i] = (struct iovec){ buffers[i], BUFFER };
		chains[i].iov = &iov[i];
		chains[i].write_count = 1;
		chains[i].cookie = buffers[i];
	}
	return dpu_virtq_add(lane->rx.driver, chains, count);
}

int lane_create(struct dpu_eswitch *eswitch, struct dpu_port *port, enum dpu_port_end end, uint32_t size,
		struct lane **ret)
{
	struct lane *lane = calloc(1, sizeof(*lane));
	uint8_t *buffer;
	uint32_t i;
	int rc = -ENOMEM;

	if (!lane)
		return rc;
	lane->size = size;
	lane->free_tx = calloc(size, sizeof(*lane->free_tx));
	if (!lane->free_tx)
		goto fail;
	rc = queue_create(&lane->tx, size);
	if (rc == 0)
		rc = queue_create(&lane->rx, size);
	if (rc < 0)
		goto fail;
	for (i = 0; i < size; i++)
		lane->free_tx[lane->free_count++] = lane->tx.buffers + (size_t)i * BUFFER;
	for (i = 0; i < size; i++) {
		buffer = lane->rx.buffers + (size_t)i * BUFFER;
		rc = offer(lane, &buffer, 1);
		if (rc < 0)
			goto fail;
	}

	DPU_OPTS(dpu_eswitch_attach_opts, opts, .tx = lane->tx.device, .rx = lane->rx.device, .end = end);
	rc = dpu_eswitch_attach(eswitch, port, &opts);
	if (rc < 0)
		goto fail;
	*ret = lane;
	return 0;
fail:
	lane_free(lane);
	return rc;
}

void lane_free(struct lane *lane)
{
	if (!lane)
		return;
	queue_free(&lane->tx);
	queue_free(&lane->rx);
	free(lane->free_tx);
	free(lane);
}

/* Takes back the buffers that the device is done with. */
static int reclaim(struct lane *lane)
{
	struct dpu_virtq_chain chains[LANE_BURST];
	int i, n;

	n = dpu_virtq_get(lane->tx.driver, chains, LANE_BURST);
	for (i = 0; i < n; i++)
		lane->free_tx[lane->free_count++] = chains[i].cookie;
	return n;
}

int lane_send(struct lane *lane, const struct iovec *frames, uint32_t count)
{
	struct dpu_virtq_chain chains[LANE_BURST];
	struct iovec iov[LANE_BURST];
	uint8_t *buffer;
	uint32_t i;
	int rc;

	rc = reclaim(lane);
	if (rc < 0)
		return rc;
	if (count > LANE_BURST)
		count = LANE_BURST;
	if (count > lane->free_count)
		count = lane->free_count;
	memset(chains, 0, sizeof(chains));
	for (i = 0; i < count; i++) {
		if (frames[i].iov_len > BUFFER - HEADER)
			return -EMSGSIZE;
		buffer = lane->free_tx[lane->free_count - 1 - i];
		memset(buffer, 0, HEADER);
		memcpy(buffer + HEADER, frames[i].iov_base, frames[i].iov_len);
		iov[i] = (struct iovec){ buffer, HEADER + frames[i].iov_len };
		chains[i].iov = &iov[i];
		chains[i].read_count = 1;
		chains[i].cookie = buffer;
	}
	rc = dpu_virtq_add(lane->tx.driver, chains, count);
	if (rc > 0)
		lane->free_count -= (uint32_t)rc;
	return rc;
}

int lane_receive(struct lane *lane, struct iovec *frames, uint32_t count)
{
	struct dpu_virtq_chain chains[LANE_BURST];
	uint8_t *buffer;
	int i, n;

	n = offer(lane, lane->received, lane->received_count);
	if (n < 0)
		return n;
	lane->received_count = 0;
	n = dpu_virtq_get(lane->rx.driver, chains, count < LANE_BURST ? count : LANE_BURST);
	for (i = 0; i < n; i++) {
		buffer = chains[i].cookie;
		lane->received[lane->received_count++] = buffer;
		/* A chain that the device could not use comes back empty. */
		frames[i] = (struct iovec){ buffer + HEADER,
					    chains[i].written > HEADER ? chains[i].written - HEADER : 0 };
	}
	return n;
}
