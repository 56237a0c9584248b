/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One side against ring memory written by hand, after VIRTIO 1.2, 2.7; and both sides on two threads. */
#include <dpu/virtq.h>
#include <errno.h>
#include <pthread.h>
#include "virtq/virtq.h"
#include "tap.h"

#define SIZE 4
#define MESSAGES 50000

static char ring[8192 + 64] __attribute__((aligned(4096)));

static struct dpu_virtq_opts ring_opts(uint32_t side, uint64_t features)
{
	DPU_OPTS(dpu_virtq_opts, opts, .features = features, .desc = ring, .side = side, .size = SIZE);
	size_t avail, used;
	int size = dpu_virtq_ring_size(DPU_VIRTQ_SPLIT, SIZE, &avail, &used);

	must(size > 0 && (size_t)size <= sizeof(ring));
	opts.avail = ring + avail;
	opts.used = ring + used;
	return opts;
}

static void test_create(void)
{
	struct dpu_virtq_opts opts = ring_opts(DPU_VIRTQ_DRIVER, 0);
	struct dpu_virtq *vq = NULL;
	size_t avail, used;

	is_int(dpu_virtq_ring_size(DPU_VIRTQ_SPLIT, 256, &avail, &used), 8192 + 4 + 256 * 8 + 2);
	is_int(avail, 4096);
	is_int(used, 8192);
	is_int(dpu_virtq_ring_size(DPU_VIRTQ_SPLIT, 3, NULL, NULL), -EINVAL);
	is_int(dpu_virtq_ring_size(DPU_VIRTQ_SPLIT, 65536, NULL, NULL), -EINVAL);
	is_int(dpu_virtq_ring_size(DPU_VIRTQ_PACKED, 4, NULL, NULL), -EOPNOTSUPP);
#define BAD(member, value, rc)                                                                               \
	opts = ring_opts(DPU_VIRTQ_DRIVER, 0);                                                               \
	opts.member = (value);                                                                               \
	ok(dpu_virtq_create(&opts, &vq) == (rc), #member " " #value " is refused")
	BAD(layout, DPU_VIRTQ_PACKED, -EOPNOTSUPP);
	BAD(layout, 2, -EINVAL);
	BAD(features, 1, -EOPNOTSUPP);
	BAD(side, 2, -EINVAL);
	BAD(size, 1, -EINVAL);
	BAD(size, 6, -EINVAL);
	BAD(size, 65536, -EINVAL);
	BAD(reserved, 1, -EINVAL);
	BAD(desc, ring + 8, -EINVAL);
	BAD(avail, ring + 1, -EINVAL);
	BAD(used, ring + 2, -EINVAL);
	BAD(used, NULL, -EINVAL);
	BAD(sz, 3, -EINVAL);
	ok(!vq, "a failure leaves the result alone");
}

static void test_map(void)
{
	struct dpu_memory_map *map;
	uint64_t i;
	int rc = 0;

	must(dpu_memory_map_create(&map) == 0);
	is_int(dpu_memory_map_add(map, 0, 0, ring), -EINVAL);
	is_int(dpu_memory_map_add(map, UINT64_MAX, 2, ring), -EINVAL);
	is_int(dpu_memory_map_add(map, 0, 1, NULL), -EINVAL);
	is_int(dpu_memory_map_add(map, 1 << 20, 16, ring), 0);
	is_int(dpu_memory_map_add(map, (1 << 20) - 15, 16, ring), -EEXIST);
	is_int(dpu_memory_map_add(map, (1 << 20) + 15, 16, ring), -EEXIST);
	is_int(dpu_memory_map_add(map, (1 << 20) + 4, 1, ring), -EEXIST);
	for (i = 0; i < 508; i++)
		rc |= dpu_memory_map_add(map, i * 16, 16, ring);
	is_int(rc, 0);
	is_int(dpu_memory_map_add(map, 1 << 30, 16, ring), -ENOSPC);
	dpu_memory_map_unref(map);
}

/* The driver's bytes, and its wish for notifications in both ways. */
static void test_driver(uint64_t features)
{
	bool event = features & DPU_VIRTIO_F_EVENT_IDX;
	struct dpu_virtq_opts opts = ring_opts(DPU_VIRTQ_DRIVER, features);
	uint16_t *avail = opts.avail, *used = opts.used;
	struct virtq_desc *desc = opts.desc;
	char data[3][8];
	struct iovec iov[3] = { { data[0], 8 }, { data[1], 7 }, { data[2], 6 } };
	struct dpu_virtq_chain chain = { .iov = iov, .read_count = 1, .write_count = 2, .cookie = data };
	struct dpu_virtq_chain empty = { .iov = iov }, got[2];
	struct dpu_virtq *vq;

	memset(ring, 0, sizeof(ring));
	must(dpu_virtq_create(&opts, &vq) == 0);
	is_int(dpu_virtq_pop(vq, got, 1), -EINVAL);
	is_int(dpu_virtq_push(vq, got, 1), -EINVAL);
	is_int(dpu_virtq_add(vq, &empty, 1), -EINVAL);
	is_int(dpu_virtq_should_notify(vq), 0);
	is_int(dpu_virtq_add(vq, (struct dpu_virtq_chain[]){ chain, chain }, 2), 1);
	ok(le64toh(desc[0].addr) == (uintptr_t)data[0] && le32toh(desc[1].len) == 7, "address and length");
	ok(le16toh(desc[0].flags) == 1 && le16toh(desc[1].flags) == 3 && le16toh(desc[2].flags) == 2,
	   "flags");
	ok(le16toh(desc[0].next) == 1 && le16toh(desc[1].next) == 2, "next");
	is_int(le16toh(avail[1]), 1);
	is_int(dpu_virtq_room(vq), 1);
	is_int(dpu_virtq_should_notify(vq), 1);
	is_int(dpu_virtq_should_notify(vq), 0);
	/* avail_event is still 0: that entry has passed. */
	if (!event)
		used[0] = htole16(1);
	chain.read_count = 1;
	chain.write_count = 0;
	is_int(dpu_virtq_add(vq, &chain, 1), 1);
	is_int(dpu_virtq_should_notify(vq), 0);

	is_int(dpu_virtq_notify(vq, 0), 0);
	is_int(le16toh(event ? avail[2 + SIZE] : avail[0]), event ? 0xffff : 1);
	is_int(dpu_virtq_notify(vq, 1), 0);
	is_int(le16toh(event ? avail[2 + SIZE] : avail[0]), 0);
	used[1] = htole16(1);
	used[4] = htole16(13);
	is_int(dpu_virtq_notify(vq, 1), 1);
	is_int(dpu_virtq_get(vq, got, 2), 1);
	ok(got[0].cookie == data && got[0].written == 13, "cookie and bytes written");
	is_int(le16toh(avail[2 + SIZE]), event ? 1 : 0);
	is_int(dpu_virtq_room(vq), 3);
	if (event)
		used[2 + SIZE * 4] = htole16(2);
	is_int(dpu_virtq_add(vq, &chain, 1), 1);
	is_int(dpu_virtq_should_notify(vq), event);
	dpu_virtq_unref(vq);
}

static struct dpu_virtq *sides[2];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake[2] = { PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER };
static bool told[2];

static void tell(int side)
{
	if (!dpu_virtq_should_notify(sides[!side]))
		return;
	pthread_mutex_lock(&lock);
	told[side] = true;
	pthread_cond_signal(&wake[side]);
	pthread_mutex_unlock(&lock);
}

/* Asks for a notification, and sleeps until it comes: one that is lost hangs the test. */
static void wait_told(int side)
{
	if (dpu_virtq_notify(sides[side], 1))
		return;
	pthread_mutex_lock(&lock);
	while (!told[side])
		pthread_cond_wait(&wake[side], &lock);
	told[side] = false;
	pthread_mutex_unlock(&lock);
}

static void *device_thread(void *data)
{
	struct iovec iov[SIZE][2];
	struct dpu_virtq_chain chains[SIZE];
	uint32_t done, value;
	int i, n;

	for (i = 0; i < SIZE; i++)
		chains[i] = (struct dpu_virtq_chain){ .iov = iov[i], .iov_max = 2 };
	for (done = 0; done < MESSAGES; done += (uint32_t)n) {
		n = dpu_virtq_pop(sides[DPU_VIRTQ_DEVICE], chains, SIZE);
		must(n >= 0);
		for (i = 0; i < n; i++) {
			memcpy(&value, iov[i][0].iov_base, 4);
			value = ~value;
			memcpy(iov[i][1].iov_base, &value, 4);
			chains[i].written = 4;
		}
		must(dpu_virtq_push(sides[DPU_VIRTQ_DEVICE], chains, (uint32_t)n) == 0);
		tell(DPU_VIRTQ_DRIVER);
		if (!n)
			wait_told(DPU_VIRTQ_DEVICE);
	}
	return data;
}

static void test_threads(uint64_t features)
{
	struct dpu_virtq_opts opts = ring_opts(DPU_VIRTQ_DRIVER, features);
	uint32_t slots[SIZE / 2][2], sent = 0, back = 0, wrong = 0;
	struct iovec iov[2];
	struct dpu_virtq_chain chain = { .iov = iov, .read_count = 1, .write_count = 1 };
	pthread_t thread;
	int n;

	memset(ring, 0, sizeof(ring));
	told[0] = told[1] = false;
	must(dpu_virtq_create(&opts, &sides[DPU_VIRTQ_DRIVER]) == 0);
	opts.side = DPU_VIRTQ_DEVICE;
	must(dpu_virtq_create(&opts, &sides[DPU_VIRTQ_DEVICE]) == 0);
	must(pthread_create(&thread, NULL, device_thread, NULL) == 0);
	while (back < MESSAGES) {
		while (sent < MESSAGES && sent - back < SIZE / 2) {
			uint32_t *slot = slots[sent % (SIZE / 2)];

			slot[0] = sent++;
			iov[0] = (struct iovec){ &slot[0], 4 };
			iov[1] = (struct iovec){ &slot[1], 4 };
			chain.cookie = slot;
			must(dpu_virtq_add(sides[DPU_VIRTQ_DRIVER], &chain, 1) == 1);
		}
		tell(DPU_VIRTQ_DEVICE);
		n = dpu_virtq_get(sides[DPU_VIRTQ_DRIVER], &chain, 1);
		must(n >= 0);
		if (n) {
			uint32_t *slot = chain.cookie;

			wrong += slot[0] != back || slot[1] != ~slot[0] || chain.written != 4;
			back++;
		} else {
			wait_told(DPU_VIRTQ_DRIVER);
		}
		chain.iov = iov;
	}
	must(pthread_join(thread, NULL) == 0);
	ok(!wrong, "features 0x%" PRIx64 ": %u messages between two threads", features, back);
	dpu_virtq_unref(sides[0]);
	dpu_virtq_unref(sides[1]);
}

int main(void)
{
	test_create();
	test_map();
	test_driver(0);
	test_driver(DPU_VIRTIO_F_EVENT_IDX);
	test_threads(0);
	test_threads(DPU_VIRTIO_F_EVENT_IDX);
	return tap_done();
}
