/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making a virtio-blk device, what it offers, and serving its queues.
 *
 * As a queue it belongs to the data plane's threads and takes its memory from calloc(3). */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "core/opts.h"
#include "virtio/blk.h"

#define DEFAULT_SEG_MAX 126
#define DEFAULT_SEGMENT_SECTORS (UINT32_C(1) << 22)
#define MAX_QUEUES 1024

/* Bits 0 to 23 and from 50 on belong to the kind of device (2.2). */
#define DEVICE_FEATURES (~(((UINT64_C(1) << 50) - 1) & ~((UINT64_C(1) << 24) - 1)))

_Static_assert(sizeof(struct dpu_virtio_blk_config) == 96, "dpu_virtio_blk_config");
_Static_assert(sizeof(struct dpu_virtio_blk_discard_write_zeroes) == 16, "segment");
_Static_assert(offsetof(struct dpu_virtio_blk_req, status) == 16, "dpu_virtio_blk_req");

static int check_opts(const struct dpu_virtio_blk_opts *opts, const struct dpu_virtio_blk_backend *backend)
{
	if (!backend->capacity || !backend->read || backend->reserved)
		return -EINVAL;
	if (opts->blk_size &&
	    (opts->blk_size < DPU_VIRTIO_BLK_SECTOR_SIZE || (opts->blk_size & (opts->blk_size - 1))))
		return -EINVAL;
	if (opts->max_discard_seg > DPU_VIRTIO_BLK_SEG_LIMIT ||
	    opts->max_write_zeroes_seg > DPU_VIRTIO_BLK_SEG_LIMIT)
		return -EINVAL;
	if (opts->num_queues > MAX_QUEUES)
		return -EINVAL;
	return opts->id && strnlen(opts->id, DPU_VIRTIO_BLK_ID_BYTES + 1) > DPU_VIRTIO_BLK_ID_BYTES ? -EINVAL
												    : 0;
}

static uint64_t all_features(const struct dpu_virtio_blk_opts *opts,
			     const struct dpu_virtio_blk_backend *backend)
{
	bool read_only = opts->read_only || !backend->write;
	uint64_t features = DPU_VIRTIO_BLK_F_SEG_MAX;

	if (opts->size_max)
		features |= DPU_VIRTIO_BLK_F_SIZE_MAX;
	if (opts->cylinders || opts->heads || opts->sectors)
		features |= DPU_VIRTIO_BLK_F_GEOMETRY;
	if (read_only)
		features |= DPU_VIRTIO_BLK_F_RO;
	if (opts->blk_size)
		features |= DPU_VIRTIO_BLK_F_BLK_SIZE;
	if (opts->physical_block_exp || opts->alignment_offset || opts->min_io_size || opts->opt_io_size)
		features |= DPU_VIRTIO_BLK_F_TOPOLOGY;
	if (backend->flush)
		features |= DPU_VIRTIO_BLK_F_FLUSH | DPU_VIRTIO_BLK_F_CONFIG_WCE;
	if (opts->num_queues > 1)
		features |= DPU_VIRTIO_BLK_F_MQ;
	if (backend->discard && !read_only)
		features |= DPU_VIRTIO_BLK_F_DISCARD;
	if (backend->write_zeroes && !read_only)
		features |= DPU_VIRTIO_BLK_F_WRITE_ZEROES;
	return features;
}

static int offer(struct dpu_virtio_blk *blk, const struct dpu_virtio_blk_opts *opts)
{
	uint64_t all = all_features(opts, &blk->backend);

	if (all & opts->withhold & DPU_VIRTIO_BLK_F_RO)
		return -EINVAL;
	blk->offered = all & ~opts->withhold;
	/* CONFIG_WCE is not offered without FLUSH (5.2.5.2). */
	if (!(blk->offered & DPU_VIRTIO_BLK_F_FLUSH))
		blk->offered &= ~DPU_VIRTIO_BLK_F_CONFIG_WCE;
	return 0;
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

/* All values; what is shown depends on the features. */
static void set_config(struct dpu_virtio_blk *blk, const struct dpu_virtio_blk_opts *opts)
{
	uint32_t block = or_default(opts->blk_size, DPU_VIRTIO_BLK_SECTOR_SIZE) / DPU_VIRTIO_BLK_SECTOR_SIZE;

	blk->config = (struct dpu_virtio_blk_config){
		.size_max = opts->size_max,
		.seg_max = or_default(opts->seg_max, DEFAULT_SEG_MAX),
		.cylinders = opts->cylinders,
		.heads = opts->heads,
		.sectors = opts->sectors,
		.blk_size = opts->blk_size,
		.physical_block_exp = opts->physical_block_exp,
		.alignment_offset = opts->alignment_offset,
		.min_io_size = opts->min_io_size,
		.opt_io_size = opts->opt_io_size,
		.num_queues = opts->num_queues,
		.max_discard_sectors = or_default(opts->max_discard_sectors, DEFAULT_SEGMENT_SECTORS),
		.max_discard_seg = or_default(opts->max_discard_seg, DPU_VIRTIO_BLK_SEG_LIMIT),
		.discard_sector_alignment = or_default(opts->discard_sector_alignment, block),
		.max_write_zeroes_sectors =
			or_default(opts->max_write_zeroes_sectors, DEFAULT_SEGMENT_SECTORS),
		.max_write_zeroes_seg = or_default(opts->max_write_zeroes_seg, DPU_VIRTIO_BLK_SEG_LIMIT),
		.write_zeroes_may_unmap = blk->backend.write_zeroes_may_unmap != 0,
	};
	blk->start_writeback = !opts->writethrough;
	if (opts->id)
		memcpy(blk->id, opts->id, strnlen(opts->id, sizeof(blk->id)));
}

static int alloc_workers(struct dpu_virtio_blk *blk, uint32_t count)
{
	struct blk_worker *worker;
	uint32_t i;

	blk->workers = calloc(count, sizeof(*blk->workers));
	if (!blk->workers)
		return -ENOMEM;
	for (; blk->worker_count < count; blk->worker_count++) {
		worker = &blk->workers[blk->worker_count];
		atomic_flag_clear(&worker->busy);
		worker->iov = calloc(BLK_IOV, sizeof(*worker->iov));
		if (!worker->iov)
			return -ENOMEM;
		for (i = 0; i < BLK_BURST; i++) {
			worker->chains[i].iov = worker->iov + i * BLK_BURST_IOV;
			worker->chains[i].iov_max = BLK_BURST_IOV;
		}
	}
	return 0;
}

static void free_blk(struct dpu_virtio_blk *blk)
{
	uint32_t i;

	for (i = 0; i < blk->worker_count; i++)
		free(blk->workers[i].iov);
	free(blk->workers);
	free(blk);
}

static void blk_destroy(struct dpu_virtio_blk *blk)
{
	if (blk->backend.release)
		blk->backend.release(blk->backend.user);
	free_blk(blk);
}

DEFINE_REF(dpu_virtio_blk, blk_destroy)

static int read_capacity(struct dpu_virtio_blk *blk, uint64_t *sectors)
{
	int rc = blk->backend.capacity(blk->backend.user, sectors);

	if (rc < 0)
		return rc;
	return *sectors > BLK_MAX_SECTORS ? -EINVAL : 0;
}

int dpu_virtio_blk_create(const struct dpu_virtio_blk_opts *user, struct dpu_virtio_blk **ret)
{
	struct dpu_virtio_blk_backend backend;
	struct dpu_virtio_blk_opts opts;
	struct dpu_virtio_blk *blk;
	uint64_t capacity = 0;
	int rc;

	rc = opts_read(&opts, sizeof(opts), user);
	if (rc == 0)
		rc = opts_read(&backend, sizeof(backend), opts.backend);
	if (rc == 0)
		rc = check_opts(&opts, &backend);
	if (rc < 0)
		return rc;
	blk = calloc(1, sizeof(*blk));
	if (!blk)
		return -ENOMEM;
	blk->backend = backend;
	set_config(blk, &opts);
	rc = offer(blk, &opts);
	if (rc == 0)
		rc = read_capacity(blk, &capacity);
	if (rc == 0)
		rc = alloc_workers(blk, or_default(opts.num_queues, 1));
	if (rc < 0) {
		free_blk(blk);
		return rc;
	}
	ref_init(&blk->ref);
	atomic_init(&blk->capacity, capacity);
	atomic_init(&blk->generation, 0);
	atomic_init(&blk->writeback, blk->start_writeback);
	*ret = blk;
	return 0;
}

uint64_t dpu_virtio_blk_features(struct dpu_virtio_blk *blk)
{
	return blk->offered;
}

int dpu_virtio_blk_set_features(struct dpu_virtio_blk *blk, uint64_t features)
{
	const uint64_t mode = DPU_VIRTIO_BLK_F_CONFIG_WCE | DPU_VIRTIO_BLK_F_FLUSH;
	bool writeback = blk->start_writeback;

	features &= DEVICE_FEATURES;
	if (features & ~blk->offered)
		return -EINVAL;
	/* Who can switch but not flush starts, and stays, with writethrough (5.2.5.2). */
	if ((features & mode) == DPU_VIRTIO_BLK_F_CONFIG_WCE)
		writeback = false;
	blk->accepted = features;
	atomic_store_explicit(&blk->writeback, writeback, memory_order_relaxed);
	return 0;
}

uint32_t dpu_virtio_blk_config_generation(struct dpu_virtio_blk *blk)
{
	return atomic_load_explicit(&blk->generation, memory_order_relaxed);
}

int dpu_virtio_blk_refresh(struct dpu_virtio_blk *blk)
{
	uint64_t capacity = 0;
	int rc = read_capacity(blk, &capacity);

	if (rc < 0)
		return rc;
	if (atomic_exchange_explicit(&blk->capacity, capacity, memory_order_relaxed) == capacity)
		return 0;
	atomic_fetch_add_explicit(&blk->generation, 1, memory_order_relaxed);
	return 1;
}

static struct blk_worker *take_worker(struct dpu_virtio_blk *blk)
{
	uint32_t i;

	for (i = 0; i < blk->worker_count; i++) {
		if (!atomic_flag_test_and_set_explicit(&blk->workers[i].busy, memory_order_acquire))
			return &blk->workers[i];
	}
	return NULL;
}

static int pop_burst(struct blk_worker *worker, struct dpu_virtq *vq, uint32_t max)
{
	int n;

	n = dpu_virtq_pop(vq, worker->chains, max < BLK_BURST ? max : BLK_BURST);
	if (n != -E2BIG)
		return n;
	worker->chains[0].iov_max = BLK_IOV;
	n = dpu_virtq_pop(vq, worker->chains, 1);
	worker->chains[0].iov_max = BLK_BURST_IOV;
	return n;
}

int dpu_virtio_blk_process(struct dpu_virtio_blk *blk, struct dpu_virtq *vq, uint32_t max)
{
	struct blk_worker *worker;
	uint32_t done = 0;
	int i, n, rc = 0;

	if (max > INT_MAX)
		return -EINVAL;
	worker = take_worker(blk);
	if (!worker)
		return -EBUSY;
	while (done < max) {
		n = pop_burst(worker, vq, max - done);
		rc = n;
		if (n <= 0)
			break;
		for (i = 0; i < n; i++)
			worker->chains[i].written = blk_execute(blk, &worker->chains[i]);
		rc = dpu_virtq_push(vq, worker->chains, (uint32_t)n);
		if (rc < 0)
			break;
		done += (uint32_t)n;
	}
	atomic_flag_clear_explicit(&worker->busy, memory_order_release);
	return done ? (int)done : rc;
}
