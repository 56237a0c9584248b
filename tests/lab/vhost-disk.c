/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A block device of two queues over a file. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "vhost.h"

#define QUEUES 2u
#define ELEMENTS 128u

static struct dpu_virtio_blk *blk;
static uint32_t served[QUEUES];
static bool holding;
static int file;

static void process(uint32_t index)
{
	struct dpu_virtq *vq = dpu_vhost_virtq(vh, index);
	int rc;

	while ((rc = dpu_virtio_blk_process(blk, vq, 64)) > 0) {
		served[index] += (uint32_t)rc;
		notify(index);
	}
	if (rc == -EFAULT)
		dpu_vhost_miss(vh, index);
	else if (rc < 0)
		errx(1, "process: %s", strerror(-rc));
}

/* A write, done by hand. */
static void carry_out(struct dpu_virtq_chain *chain)
{
	size_t len = dpu_virtq_chain_readable(chain) - 16;
	static uint8_t data[1 << 20];
	uint64_t sector;
	uint32_t type;

	dpu_virtq_chain_read(chain, 0, &type, sizeof(type));
	dpu_virtq_chain_read(chain, 8, &sector, sizeof(sector));
	if (le32toh(type) != DPU_VIRTIO_BLK_T_OUT || len > sizeof(data) ||
	    dpu_virtq_chain_read(chain, 16, data, len) != len ||
	    pwrite(file, data, len, (off_t)(le64toh(sector) * 512)) != (ssize_t)len)
		errx(1, "request of type %u, %zu bytes", le32toh(type), len);
	dpu_virtq_chain_write(chain, 0, &(uint8_t){ DPU_VIRTIO_BLK_S_OK }, 1);
	chain->written = 1;
}

/* Writes are held until there are two, and the later one is returned; reads are served. */
static void hold(uint32_t index)
{
	static uint32_t taken[QUEUES], held;
	struct iovec iov[ELEMENTS];
	struct dpu_virtq_chain chain = { .iov = iov, .iov_max = ELEMENTS };
	struct dpu_virtq *vq = dpu_vhost_virtq(vh, index);
	int rc;

	while ((rc = dpu_virtq_pop(vq, &chain, 1)) == 1) {
		if (taken[index]++ % 2 == 0) {
			fprintf(stderr, "held %u\n", ++held);
			continue;
		}
		carry_out(&chain);
		dpu_virtq_push(vq, &chain, 1);
		notify(index);
	}
	if (rc == -EFAULT)
		dpu_vhost_miss(vh, index);
	else if (rc < 0)
		errx(1, "pop: %s", strerror(-rc));
}

static void tell_disk(const struct dpu_vhost_event *event)
{
	if (event->type == DPU_VHOST_QUEUE_START)
		fprintf(stderr, "queue %u starts\n", event->index);
	if (event->type != DPU_VHOST_QUEUE_NOTIFIED)
		return;
	if (holding)
		hold(event->index);
	else
		process(event->index);
}

int disk(const char *uri, const char *path, bool hold_writes)
{
	char why[256] = "";
	DPU_OPTS(dpu_virtio_blk_backend, backend);
	DPU_OPTS(dpu_virtio_blk_opts, blk_opts, .backend = &backend, .id = "lab", .num_queues = QUEUES);
	DPU_OPTS(dpu_vhost_opts, opts, .error = why, .error_size = sizeof(why), .queues = QUEUES);
	uint32_t i;

	holding = hold_writes;
	file = open(path, O_RDWR | O_CLOEXEC);
	if (file < 0 || dpu_virtio_blk_backend_file(path, 0, &backend) < 0 ||
	    dpu_virtio_blk_create(&blk_opts, &blk) < 0)
		err(1, "%s", path);
	opts.blk = blk;
	if (dpu_vhost_open(uri, &opts, &vh) < 0)
		errx(1, "%s", why);
	serve_events(tell_disk);
	for (i = 0; i < QUEUES; i++)
		fprintf(stderr, "queue %u: %u requests\n", i, served[i]);
	dpu_virtio_blk_unref(blk);
	close(file);
	return 0;
}
