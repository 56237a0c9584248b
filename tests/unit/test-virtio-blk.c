/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virtio-blk after VIRTIO 1.2, 5.2: requests of every type and with every error, framing, modes,
 * configuration. */
#include <pthread.h>
#include "blk-rig.h"
#include "fail-alloc.h"

static uint8_t disk[SECTORS * SECTOR];

static void test_create(void)
{
	struct record record;
	struct dpu_virtio_blk_backend backend = recorder(&record);
	struct dpu_virtio_blk *blk = NULL;
	uint64_t all = DPU_VIRTIO_BLK_F_SEG_MAX | DPU_VIRTIO_BLK_F_FLUSH | DPU_VIRTIO_BLK_F_CONFIG_WCE |
		       DPU_VIRTIO_BLK_F_DISCARD | DPU_VIRTIO_BLK_F_WRITE_ZEROES;

#define BAD(code, ...)                                                                                       \
	do {                                                                                                 \
		DPU_OPTS(dpu_virtio_blk_opts, bad, .backend = &backend, __VA_ARGS__);                        \
		ok(dpu_virtio_blk_create(&bad, &blk) == (code), #__VA_ARGS__ " is refused");                 \
	} while (0)
	BAD(-EINVAL, .blk_size = 256);
	BAD(-EINVAL, .blk_size = 1536);
	BAD(-EINVAL, .max_discard_seg = 257);
	BAD(-EINVAL, .max_write_zeroes_seg = 257);
	BAD(-EINVAL, .num_queues = 1025);
	BAD(-EINVAL, .id = "123456789012345678901");
	record.sectors = 0;
	BAD(-ENODEV, .id = "the back-end's error");
	record.sectors = (UINT64_C(1) << 54) + 1;
	BAD(-EINVAL, .id = "too large");
	record.sectors = SECTORS;
	BAD(-EINVAL, .withhold = DPU_VIRTIO_BLK_F_RO, .read_only = 1);
	backend.reserved = 1;
	BAD(-EINVAL, .id = "unknown member");
	backend.reserved = 0;
	backend.read = NULL;
	BAD(-EINVAL, .id = "no read");
	is_int(dpu_virtio_blk_create(NULL, &blk), -EINVAL);
	is_int(dpu_virtio_blk_create(&(struct dpu_virtio_blk_opts){ .sz = 4 }, &blk), -EINVAL);
	ok(!blk && !record.released, "a failure leaves the result alone and the back-end to the caller");

	backend.read = record_read;
#define OFFERS(features, ...)                                                                                \
	do {                                                                                                 \
		DPU_OPTS(dpu_virtio_blk_opts, opts, .backend = &backend, __VA_ARGS__);                       \
		must(dpu_virtio_blk_create(&opts, &blk) == 0);                                               \
		ok(dpu_virtio_blk_features(blk) == (features), "features with " #__VA_ARGS__);               \
		dpu_virtio_blk_unref(blk);                                                                   \
	} while (0)
	OFFERS(all, .num_queues = 1);
	OFFERS(all | DPU_VIRTIO_BLK_F_MQ, .num_queues = 2);
	OFFERS(all | DPU_VIRTIO_BLK_F_SIZE_MAX | DPU_VIRTIO_BLK_F_BLK_SIZE, .size_max = 4096,
	       .blk_size = 4096);
	OFFERS(all | DPU_VIRTIO_BLK_F_GEOMETRY | DPU_VIRTIO_BLK_F_TOPOLOGY, .heads = 1, .min_io_size = 8);
	OFFERS(DPU_VIRTIO_BLK_F_SEG_MAX | DPU_VIRTIO_BLK_F_RO | DPU_VIRTIO_BLK_F_FLUSH |
		       DPU_VIRTIO_BLK_F_CONFIG_WCE,
	       .read_only = 1);
	OFFERS(DPU_VIRTIO_BLK_F_DISCARD | DPU_VIRTIO_BLK_F_WRITE_ZEROES,
	       .withhold = DPU_VIRTIO_BLK_F_FLUSH | DPU_VIRTIO_BLK_F_SEG_MAX);
	is_int(record.released, 6);
}

/* When a write is stable at its completion, 5.2.6.2. */
static void test_modes(void)
{
	const uint64_t flush = DPU_VIRTIO_BLK_F_FLUSH, wce = DPU_VIRTIO_BLK_F_CONFIG_WCE,
		       zeroes = DPU_VIRTIO_BLK_F_WRITE_ZEROES;
	struct dpu_virtio_blk_discard_write_zeroes seg = segment(0, 1, 0);
	uint8_t off = 0, on = 1, odd = 2, data[SECTOR] = { 0 }, mode;
	struct record record;
	struct rig rig;

	rig_record(&rig, &record, 0);
#define FLUSHES(count, what)                                                                                 \
	do {                                                                                                 \
		record.flushes = 0;                                                                          \
		must(request(&rig, DPU_VIRTIO_BLK_T_OUT, 0, data, SECTOR) == 0);                             \
		ok(record.flushes == (count), what ": %d flushes for a write", (count));                     \
	} while (0)
	dpu_virtio_blk_set_features(rig.blk, 0);
	FLUSHES(1, "nothing accepted");
	is_int(dpu_virtio_blk_config_write(rig.blk, 32, &off, 1), -EPERM);
	dpu_virtio_blk_set_features(rig.blk, flush);
	FLUSHES(0, "FLUSH accepted");
	dpu_virtio_blk_set_features(rig.blk, wce);
	FLUSHES(1, "CONFIG_WCE accepted");
	dpu_virtio_blk_config_read(rig.blk, 32, &mode, 1);
	is_int(mode, 0);
	is_int(dpu_virtio_blk_config_write(rig.blk, 32, &on, 1), -EINVAL);
	is_int(dpu_virtio_blk_set_features(rig.blk, wce | flush | zeroes | UINT64_C(0x3ffff) << 24), 0);
	FLUSHES(0, "both accepted");
	is_int(dpu_virtio_blk_config_write(rig.blk, 32, &off, 1), 0);
	FLUSHES(1, "writeback 0");
	must(request(&rig, DPU_VIRTIO_BLK_T_WRITE_ZEROES, 0, &seg, sizeof(seg)) == 0);
	is_int(record.flushes, 2);
	must(request(&rig, DPU_VIRTIO_BLK_T_IN, 0, data, SECTOR) == 0);
	is_int(record.flushes, 2);
	dpu_virtio_blk_config_read(rig.blk, 32, &mode, 1);
	is_int(mode, 0);
	is_int(dpu_virtio_blk_config_write(rig.blk, 32, &on, 1), 0);
	FLUSHES(0, "writeback 1");
	is_int(dpu_virtio_blk_config_write(rig.blk, 32, &odd, 1), -EINVAL);
	is_int(dpu_virtio_blk_config_write(rig.blk, 31, data, 2), -EPERM);
	is_int(dpu_virtio_blk_config_write(rig.blk, 32, data, 2), -EPERM);
	is_int(dpu_virtio_blk_config_write(rig.blk, 0, data, 8), -EPERM);
	is_int(dpu_virtio_blk_config_write(rig.blk, UINT32_MAX, data, UINT32_MAX), -EPERM);
	is_int(dpu_virtio_blk_config_write(rig.blk, 5, data, 0), 0);
	is_int(dpu_virtio_blk_set_features(rig.blk, DPU_VIRTIO_BLK_F_ZONED), -EINVAL);
	is_int(dpu_virtio_blk_set_features(rig.blk, UINT64_C(1) << 50), -EINVAL);
	FLUSHES(0, "a set that is refused changes nothing");
	rig_down(&rig);

	rig_record(&rig, &record, flush);
	ok(!(dpu_virtio_blk_features(rig.blk) & wce), "no CONFIG_WCE without FLUSH");
	FLUSHES(0, "FLUSH not offered");
	is_int(request(&rig, DPU_VIRTIO_BLK_T_FLUSH, 0, NULL, 0), -EOPNOTSUPP);
	rig_down(&rig);
}

/* The places of the specification's fields, as numbers. */
static void test_config(void)
{
	static const uint8_t want[96] = {
		[0] = SECTORS, [8] = 0x44,  [9] = 0x33, [10] = 0x22, [11] = 0x11, [12] = 200,
		[16] = 0xcd,   [17] = 0xab, [18] = 16,  [19] = 63,   [21] = 0x10, [24] = 3,
		[25] = 1,      [26] = 8,    [28] = 0,   [29] = 1,    [32] = 1,    [34] = 4,
		[36] = 100,    [40] = 7,    [44] = 8,   [50] = 0x40, [53] = 1,    [56] = 1,
	};
	struct record record;
	struct dpu_virtio_blk_backend backend = recorder(&record);
	DPU_OPTS(dpu_virtio_blk_opts, opts, .backend = &backend, .size_max = 0x11223344, .seg_max = 200,
		 .blk_size = 4096, .opt_io_size = 256, .max_discard_sectors = 100, .max_discard_seg = 7,
		 .min_io_size = 8, .num_queues = 4, .cylinders = 0xabcd, .heads = 16, .sectors = 63,
		 .physical_block_exp = 3, .alignment_offset = 1);
	struct dpu_virtio_blk *blk;
	uint8_t got[200], whole[200] = { 0 };
	uint32_t offset, len, wrong = 0;

	backend.write_zeroes_may_unmap = 9;
	must(dpu_virtio_blk_create(&opts, &blk) == 0);
	dpu_virtio_blk_config_read(blk, 0, got, 96);
	ok(!memcmp(got, want, 96), "each field has its place");
	memcpy(whole, want, 96);
	for (offset = 0; offset < 100; offset++) {
		for (len = 0; len <= 100; len++) {
			memset(got, 0xaa, sizeof(got));
			dpu_virtio_blk_config_read(blk, offset, got, len);
			wrong += memcmp(got, whole + offset, len) != 0 || got[len] != 0xaa;
		}
	}
	is_int(wrong, 0);
	dpu_virtio_blk_config_read(blk, UINT32_MAX, got, 4);
	ok(!got[0] && !got[3], "zeroes beyond the end");

	is_int(dpu_virtio_blk_config_generation(blk), 0);
	is_int(dpu_virtio_blk_refresh(blk), 0);
	record.sectors = 2 * SECTORS;
	is_int(dpu_virtio_blk_refresh(blk), 1);
	is_int(dpu_virtio_blk_config_generation(blk), 1);
	dpu_virtio_blk_config_read(blk, 0, got, 8);
	is_int(got[0], 2 * SECTORS);
	record.sectors = 0;
	is_int(dpu_virtio_blk_refresh(blk), -ENODEV);
	record.sectors = UINT64_MAX;
	is_int(dpu_virtio_blk_refresh(blk), -EINVAL);
	is_int(dpu_virtio_blk_config_generation(blk), 1);
	is_int(dpu_virtio_blk_ref(blk) == blk, 1);
	dpu_virtio_blk_unref(blk);
	is_int(record.released, 0);
	dpu_virtio_blk_unref(blk);
	is_int(record.released, 1);

	record.sectors = 3;
	opts.withhold = UINT64_MAX;
	must(dpu_virtio_blk_create(&opts, &blk) == 0);
	is_int(dpu_virtio_blk_features(blk), 0);
	memset(whole, 0, sizeof(whole));
	whole[0] = 3;
	dpu_virtio_blk_config_read(blk, 0, got, sizeof(got));
	ok(!memcmp(got, whole, sizeof(got)), "without features there is the capacity alone");
	dpu_virtio_blk_unref(blk);
}

static void test_driver(void)
{
	struct dpu_virtio_blk_req req;
	uint8_t data[2 * SECTOR];
	struct iovec two[2] = { { data, 100 }, { data + 100, SECTOR - 100 } }, iov[4];
	struct dpu_virtq_chain chain = { .iov = iov, .iov_max = 4, .cookie = &req };

	is_int(dpu_virtio_blk_req_init(&req, DPU_VIRTIO_BLK_T_IN, 0x1234, two, 2, &chain), 0);
	ok(chain.read_count == 1 && chain.write_count == 3 && chain.cookie == &req, "a read");
	ok(iov[0].iov_base == &req && iov[0].iov_len == 16 && iov[3].iov_len == 1 &&
		   !memcmp(iov + 1, two, sizeof(two)),
	   "header, data, status");
	ok(!memcmp(&req, "\0\0\0\0\0\0\0\0\x34\x12\0\0\0\0\0", 16), "the header's bytes");
	is_int(dpu_virtio_blk_req_result(&chain, SECTOR + 1), -EPROTO);
	req.status = OK;
	is_int(dpu_virtio_blk_req_result(&chain, SECTOR), -EPROTO);
	is_int(dpu_virtio_blk_req_result(&chain, SECTOR + 1), 0);
	req.status = IOERR;
	is_int(dpu_virtio_blk_req_result(&chain, 0), -EIO);
	req.status = UNSUPP;
	is_int(dpu_virtio_blk_req_result(&chain, SECTOR + 1), -EOPNOTSUPP);
	req.status = 3;
	is_int(dpu_virtio_blk_req_result(&chain, SECTOR + 1), -EPROTO);
	is_int(dpu_virtio_blk_req_init(&req, DPU_VIRTIO_BLK_T_OUT, 1, two, 2, &chain), 0);
	ok(chain.read_count == 3 && chain.write_count == 1, "a write");
	chain.iov_max = 3;
	is_int(dpu_virtio_blk_req_init(&req, DPU_VIRTIO_BLK_T_OUT, 1, two, 2, &chain), -E2BIG);
	is_int(dpu_virtio_blk_req_init(&req, DPU_VIRTIO_BLK_T_OUT, 1, two, UINT32_MAX, &chain), -E2BIG);
	is_int(dpu_virtio_blk_req_init(&req, DPU_VIRTIO_BLK_T_OUT, 1, two, 1, &chain), -EINVAL);
	is_int(dpu_virtio_blk_req_init(&req, DPU_VIRTIO_BLK_T_FLUSH, 1, NULL, 0, &chain), -EINVAL);
	is_int(dpu_virtio_blk_req_init(&req, DPU_VIRTIO_BLK_T_FLUSH, 0, two, 1, &chain), -EINVAL);
	is_int(dpu_virtio_blk_req_init(&req, DPU_VIRTIO_BLK_T_GET_ID, 0, two, 1, &chain), -EINVAL);
	is_int(dpu_virtio_blk_req_init(&req, DPU_VIRTIO_BLK_T_DISCARD, 0, two, 1, &chain), -EINVAL);
	is_int(dpu_virtio_blk_req_init(&req, DPU_VIRTIO_BLK_T_DISCARD, 0, two, 0, &chain), -EINVAL);
	is_int(dpu_virtio_blk_req_init(&req, 15, 0, NULL, 0, &chain), -EINVAL);
}

/* A queue is served while another one is, if the device has two. */
static void test_nested(uint16_t queues, int want)
{
	struct record record;
	struct dpu_virtio_blk_backend backend = recorder(&record);
	DPU_OPTS(dpu_virtio_blk_opts, opts, .backend = &backend, .num_queues = queues);
	uint8_t data[SECTOR];
	struct rig outer = { 0 }, inner = { 0 };

	must(dpu_virtio_blk_create(&opts, &outer.blk) == 0);
	queue_up(&outer, 4);
	queue_up(&inner, 4);
	inner.blk = dpu_virtio_blk_ref(outer.blk);
	record.other = &inner;
	is_int(request(&outer, DPU_VIRTIO_BLK_T_IN, 0, data, SECTOR), 0);
	is_int(record.nested, want);
	is_int(dpu_virtio_blk_process(outer.blk, outer.driver, 1), -EINVAL);
	is_int(dpu_virtio_blk_process(outer.blk, outer.device, UINT32_MAX), -EINVAL);
	is_int(dpu_virtio_blk_process(outer.blk, outer.device, 0), 0);
	rig_down(&outer);
	rig_down(&inner);
}

struct worker {
	struct rig rig;
	uint64_t start;
	uint32_t wrong;
};

static void *one_queue(void *arg)
{
	struct worker *worker = arg;
	uint8_t data[SECTOR], back[SECTOR];
	uint64_t i, sector;

	for (i = 0; i < 2000; i++) {
		sector = worker->start + i % (SECTORS / 2);
		memset(data, (int)(i + worker->start), SECTOR);
		worker->wrong += request(&worker->rig, DPU_VIRTIO_BLK_T_OUT, sector, data, SECTOR) != 0;
		worker->wrong += request(&worker->rig, DPU_VIRTIO_BLK_T_IN, sector, back, SECTOR) != 0;
		worker->wrong += memcmp(data, back, SECTOR) != 0;
	}
	return NULL;
}

static void test_threads(void)
{
	DPU_OPTS(dpu_virtio_blk_backend, backend);
	DPU_OPTS(dpu_virtio_blk_opts, opts, .backend = &backend, .num_queues = 2);
	struct worker workers[2] = { { .start = 0 }, { .start = SECTORS / 2 } };
	pthread_t thread;

	must(dpu_virtio_blk_backend_memory(disk, sizeof(disk), 0, &backend) == 0);
	must(dpu_virtio_blk_create(&opts, &workers[0].rig.blk) == 0);
	workers[1].rig.blk = dpu_virtio_blk_ref(workers[0].rig.blk);
	queue_up(&workers[0].rig, 8);
	queue_up(&workers[1].rig, 8);
	must(pthread_create(&thread, NULL, one_queue, &workers[1]) == 0);
	one_queue(&workers[0]);
	must(pthread_join(thread, NULL) == 0);
	is_int(workers[0].wrong + workers[1].wrong, 0);
	rig_down(&workers[0].rig);
	rig_down(&workers[1].rig);
}

static void test_bursts(void)
{
	static struct dpu_virtio_blk_req reqs[20];
	static uint8_t data[20][SECTOR];
	struct iovec iov[3];
	struct dpu_virtq_chain chain = { .iov = iov, .iov_max = 3 }, got[20];
	struct record record;
	struct rig rig;
	uint32_t i;

	rig_record(&rig, &record, 0);
	for (i = 0; i < 20; i++) {
		must(dpu_virtio_blk_req_init(&reqs[i], DPU_VIRTIO_BLK_T_IN, i,
					     &(struct iovec){ data[i], SECTOR }, 1, &chain) == 0);
		chain.cookie = &reqs[i];
		must(dpu_virtq_add(rig.driver, &chain, 1) == 1);
	}
	is_int(dpu_virtio_blk_process(rig.blk, rig.device, 2), 2);
	is_str(record.text, "read 0+1;read 1+1;");
	is_int(dpu_virtq_get(rig.driver, got, 20), 2);
	ok(got[1].cookie == &reqs[1] && reqs[1].status == OK && reqs[2].status == 0xff, "two and no more");
	is_int(dpu_virtio_blk_process(rig.blk, rig.device, 100), 18);
	is_int(dpu_virtio_blk_process(rig.blk, rig.device, 100), 0);
	is_int(dpu_virtq_get(rig.driver, got, 20), 18);
	ok(got[17].cookie == &reqs[19] && reqs[19].status == OK, "the rest, in order");

	rig_down(&rig);
}

static void test_stopped(void)
{
	struct dpu_virtio_blk_req req;
	struct iovec iov[2];
	struct dpu_virtq_chain chain = { .iov = iov, .iov_max = 2 };
	struct record record;
	struct rig rig;

	rig_record(&rig, &record, 0);
	must(dpu_virtio_blk_req_init(&req, DPU_VIRTIO_BLK_T_FLUSH, 0, NULL, 0, &chain) == 0);
	must(dpu_virtq_add(rig.driver, &chain, 1) == 1 && dpu_virtq_add(rig.driver, &chain, 1) == 1);
	/* The second chain's head is outside the table: a queue that has stopped takes nothing back. */
	((uint16_t *)(void *)(rig.ring + 64 * 16))[2 + 1] = htole16(64);
	is_int(dpu_virtio_blk_process(rig.blk, rig.device, 100), -EIO);
	is_int(dpu_virtq_pending(rig.driver), 0);
	ok(dpu_virtq_error(rig.device), "the queue has stopped");
	rig_down(&rig);
}

static void test_nomem(void)
{
	DPU_OPTS(dpu_virtio_blk_backend, backend);
	DPU_OPTS(dpu_virtio_blk_opts, opts, .backend = &backend, .num_queues = 2);
	struct dpu_virtio_blk *blk = NULL;
	long at;

	live = calls = 0;
	fail_at = 1;
	is_int(dpu_virtio_blk_backend_memory(disk, sizeof(disk), 0, &backend), -ENOMEM);
	ok(!backend.read && !live, "a back-end that cannot be made");
	fail_at = 0;
	must(dpu_virtio_blk_backend_memory(disk, sizeof(disk), 0, &backend) == 0);
	for (at = 1;; at++) {
		calls = 0;
		fail_at = at;
		if (dpu_virtio_blk_create(&opts, &blk) == 0)
			break;
		ok(!blk && live == 1, "allocation %ld: nothing is left but the back-end", at);
	}
	is_int(at, 5);
	fail_at = 0;
	dpu_virtio_blk_unref(blk);
	is_int(live, 0);
	is_int(dpu_virtio_blk_backend_memory(NULL, sizeof(disk), 0, &backend), -EINVAL);
	is_int(dpu_virtio_blk_backend_memory(disk, 511, 0, &backend), -EINVAL);
	backend.sz = 0;
	is_int(dpu_virtio_blk_backend_memory(disk, sizeof(disk), 0, &backend), -EINVAL);
}

int main(void)
{
	test_nomem();
	test_create();
	test_config();
	test_driver();
	test_stopped();
	for (rig_layout = DPU_VIRTQ_SPLIT; rig_layout <= DPU_VIRTQ_PACKED; rig_layout++) {
		test_modes();
		test_nested(1, -EBUSY);
		test_nested(2, 0);
		test_bursts();
		test_threads();
	}
	return tap_done();
}
