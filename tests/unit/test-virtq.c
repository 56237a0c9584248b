/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One side against ring memory written by hand, after VIRTIO 1.2, 2.7; and both sides on two threads.
 *
 * MESSAGES=NUMBER between the threads, for each of the settings. */
#include <dpu/virtq.h>
#include <errno.h>
#include <pthread.h>
#include <linux/virtio_ring.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>
#include "tap.h"

#define SIZE 4

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
	is_int(dpu_virtq_ring_size(DPU_VIRTQ_PACKED, 5, &avail, &used), 128 + 128);
	is_int(avail, 128);
	is_int(used, 192);
	is_int(dpu_virtq_ring_size(DPU_VIRTQ_PACKED, 0, NULL, NULL), -EINVAL);
	is_int(dpu_virtq_ring_size(DPU_VIRTQ_PACKED, 32769, NULL, NULL), -EINVAL);
	is_int(dpu_virtq_ring_size((enum dpu_virtq_layout)2, 4, NULL, NULL), -EINVAL);
#define BAD(member, value, rc)                                                                               \
	opts = ring_opts(DPU_VIRTQ_DRIVER, 0);                                                               \
	opts.member = (value);                                                                               \
	ok(dpu_virtq_create(&opts, &vq) == (rc), #member " " #value " is refused")
	BAD(layout, 2, -EINVAL);
	BAD(features, UINT64_C(1) << 24, -EOPNOTSUPP);
	BAD(features, UINT64_C(1) << 41, -EOPNOTSUPP);
	BAD(features, DPU_VIRTIO_F_RING_PACKED, -EINVAL);
	BAD(side, 2, -EINVAL);
	BAD(size, 0, -EINVAL);
	BAD(size, 6, -EINVAL);
	BAD(size, 65536, -EINVAL);
	BAD(indirect_max, 1, -EINVAL);
	BAD(indirect, ring, -EINVAL);
	BAD(inflight, ring, -EINVAL);
	BAD(inflight_size, 4096, -EINVAL);
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
	struct vring_desc *desc = opts.desc;
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

/* Both sides on two threads. The device gives the complement of what it reads back, in the same order only
 * where that was negotiated; each chain's elements are checked by what lies in them. */
#define QUEUE 8
#define MESSAGES 4000
#define SLOTS (2 * QUEUE)

struct message {
	uint32_t number, answer;
	uint32_t more[2]; /* one of the device's to read, one to write */
};

static struct dpu_virtq *sides[2];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake[2] = { PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER };
static bool told[2];
static uint32_t messages;
static bool in_order;
static struct vring_desc tables[QUEUE * 4] __attribute__((aligned(16)));

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

static void answer(struct dpu_virtq_chain *chain)
{
	uint32_t got[2] = { 0, 0 };

	must(dpu_virtq_chain_read(chain, 0, got, sizeof(got)) == chain->read_count * sizeof(uint32_t));
	got[0] = ~got[0];
	got[1] = ~got[1];
	chain->written = chain->write_count * (uint32_t)sizeof(uint32_t);
	must(dpu_virtq_chain_write(chain, 0, got, chain->written) == chain->written);
}

static void swap_chains(struct dpu_virtq_chain *a, struct dpu_virtq_chain *b)
{
	struct dpu_virtq_chain c = *a;

	*a = *b;
	*b = c;
}

static void *device_thread(void *data)
{
	struct iovec iov[QUEUE][4];
	struct dpu_virtq_chain chains[QUEUE];
	uint32_t done;
	int i, n;

	for (done = 0; done < messages; done += (uint32_t)n) {
		for (i = 0; i < QUEUE; i++)
			chains[i] = (struct dpu_virtq_chain){ .iov = iov[i], .iov_max = 4 };
		n = dpu_virtq_pop(sides[DPU_VIRTQ_DEVICE], chains, 1 + done % QUEUE);
		must(n >= 0);
		for (i = 0; i < n; i++)
			answer(&chains[i]);
		for (i = 0; !in_order && i < n / 2; i++)
			swap_chains(&chains[i], &chains[n - 1 - i]);
		must(dpu_virtq_push(sides[DPU_VIRTQ_DEVICE], chains, (uint32_t)n) == 0);
		tell(DPU_VIRTQ_DRIVER);
		if (!n)
			wait_told(DPU_VIRTQ_DEVICE);
	}
	return data;
}

/* A chain of one to four elements; one alone is a message without answer, or an answer that nobody asked for.
 */
static uint32_t make_message(struct message *message, uint32_t number, struct iovec *iov,
			     struct dpu_virtq_chain *chain)
{
	uint32_t kind = number * 2654435761u >> 30;

	*message = (struct message){ number, 0, { ~number, 0 } };
	*chain = (struct dpu_virtq_chain){ .iov = iov, .cookie = message, .read_count = 1, .write_count = 1 };
	iov[0] = (struct iovec){ &message->number, 4 };
	iov[1] = (struct iovec){ &message->answer, 4 };
	if (kind == 0)
		chain->write_count = 0;
	if (kind == 1) {
		iov[0] = iov[1];
		chain->read_count = 0;
	}
	if (kind == 2) {
		iov[2] = iov[1];
		iov[1] = (struct iovec){ &message->more[0], 4 };
		iov[3] = (struct iovec){ &message->more[1], 4 };
		chain->read_count = chain->write_count = 2;
	}
	return chain->read_count + chain->write_count;
}

static bool message_right(const struct message *message, uint32_t written)
{
	uint32_t kind = message->number * 2654435761u >> 30;

	if (kind == 0)
		return !written;
	if (kind == 1)
		return written == 4 && message->answer == UINT32_MAX;
	if (kind == 2)
		return written == 8 && message->answer == ~message->number &&
		       message->more[1] == message->number;
	return written == 4 && message->answer == ~message->number;
}

/* The driver's thread: any number of chains at once, as long as messages can be kept apart. */
static uint32_t drive(void)
{
	struct message slots[SLOTS], *free_slots[SLOTS], *message;
	uint32_t i, n, sent = 0, back = 0, wrong = 0, free_count = SLOTS;
	struct iovec iov[QUEUE][4];
	struct dpu_virtq_chain chains[QUEUE];
	int got;

	for (i = 0; i < SLOTS; i++)
		free_slots[i] = &slots[i];
	while (back < messages) {
		n = messages - sent < 1 + sent % QUEUE ? messages - sent : 1 + sent % QUEUE;
		n = n < free_count ? n : free_count;
		for (i = 0; i < n; i++)
			make_message(free_slots[free_count - 1 - i], sent + i, iov[i], &chains[i]);
		got = dpu_virtq_add(sides[DPU_VIRTQ_DRIVER], chains, n);
		must(got >= 0);
		sent += (uint32_t)got;
		free_count -= (uint32_t)got;
		tell(DPU_VIRTQ_DEVICE);
		got = dpu_virtq_get(sides[DPU_VIRTQ_DRIVER], chains, 1 + back % QUEUE);
		must(got >= 0);
		for (i = 0; i < (uint32_t)got; i++) {
			message = chains[i].cookie;
			wrong += !message_right(message, chains[i].written);
			wrong += in_order && message->number != back;
			free_slots[free_count++] = message;
			back++;
		}
		if (!got)
			wait_told(DPU_VIRTQ_DRIVER);
	}
	return wrong + (free_count != SLOTS);
}

static void make_sides(uint32_t layout, uint32_t size, uint64_t features, struct dpu_memory_map **maps)
{
	DPU_OPTS(dpu_virtq_opts, opts, .features = features, .desc = ring, .layout = layout, .size = size);
	size_t avail, used;

	must((size_t)dpu_virtq_ring_size((enum dpu_virtq_layout)layout, size, &avail, &used) <= sizeof(ring));
	memset(ring, 0, sizeof(ring));
	told[0] = told[1] = false;
	in_order = features & DPU_VIRTIO_F_IN_ORDER;
	opts.avail = ring + avail;
	opts.used = ring + used;
	opts.memory = maps[DPU_VIRTQ_DRIVER];
	if (features & DPU_VIRTIO_F_INDIRECT_DESC) {
		opts.indirect = tables;
		opts.indirect_max = 4;
	}
	must(dpu_virtq_create(&opts, &sides[DPU_VIRTQ_DRIVER]) == 0);
	opts.indirect = NULL;
	opts.indirect_max = 0;
	opts.side = DPU_VIRTQ_DEVICE;
	opts.memory = maps[DPU_VIRTQ_DEVICE];
	must(dpu_virtq_create(&opts, &sides[DPU_VIRTQ_DEVICE]) == 0);
}

static void end_sides(void)
{
	dpu_virtq_unref(sides[DPU_VIRTQ_DRIVER]);
	dpu_virtq_unref(sides[DPU_VIRTQ_DEVICE]);
}

static uint64_t some_features(uint32_t set)
{
	return (set & 1 ? DPU_VIRTIO_F_EVENT_IDX : 0) | (set & 2 ? DPU_VIRTIO_F_IN_ORDER : 0) |
	       (set & 4 ? DPU_VIRTIO_F_INDIRECT_DESC : 0);
}

static void test_threads(uint32_t layout, uint32_t size, uint64_t features)
{
	struct dpu_memory_map *none[2] = { NULL, NULL };
	pthread_t thread;
	uint32_t wrong;

	make_sides(layout, size, features, none);
	must(pthread_create(&thread, NULL, device_thread, NULL) == 0);
	wrong = drive();
	must(pthread_join(thread, NULL) == 0);
	ok(!wrong, "layout %u, size %u, features 0x%" PRIx64 ": %u messages between two threads", layout,
	   size, features, messages);
	end_sides();
}

/* Memory of the driver, seen by the device through a map that a third thread replaces all the time. */
#define BYTES (64 * 1024)
#define ELEMENT 2048
#define ADDRESS UINT64_C(0x100000)

static struct dpu_memory_map *map;
static int memory_fd;
static bool at_end;
static bool all_back;
static uint32_t replaced;

static void *new_view(struct dpu_memory_map *from)
{
	void *ptr = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0);

	must(ptr != MAP_FAILED && dpu_memory_map_add(from, ADDRESS, BYTES, ptr) == 0);
	return ptr;
}

/* Shows the same memory elsewhere. What is no longer shown goes as soon as the map says that nobody uses it:
 * if that is too early, somebody faults. */
static void *replacing_thread(void *view)
{
	struct dpu_memory_map *from;
	void *next;

	while (!__atomic_load_n(&at_end, __ATOMIC_ACQUIRE)) {
		must(dpu_memory_map_create(&from) == 0);
		next = new_view(from);
		must(dpu_memory_map_replace(map, from) == 0);
		dpu_memory_map_unref(from);
		while (!dpu_memory_map_settled(map) && !__atomic_load_n(&at_end, __ATOMIC_ACQUIRE))
			sched_yield();
		if (!dpu_memory_map_settled(map))
			return NULL;
		must(munmap(view, BYTES) == 0);
		view = next;
		__atomic_fetch_add(&replaced, 1, __ATOMIC_RELAXED);
	}
	return view;
}

/* Adds a byte to all bytes of an element. Out of order: chains stay out while others come and go. */
static void *counting_thread(void *data)
{
	struct dpu_virtq_chain chains[QUEUE], chain;
	struct iovec iov[QUEUE][2];
	uint32_t done = 0, out = 0, i, first;
	uint8_t *bytes;
	int n;

	while (!__atomic_load_n(&all_back, __ATOMIC_ACQUIRE)) {
		chains[out] = (struct dpu_virtq_chain){ .iov = iov[out], .iov_max = 2 };
		n = out < QUEUE ? dpu_virtq_pop(sides[DPU_VIRTQ_DEVICE], &chains[out], 1) : 0;
		must(n >= 0);
		out += (uint32_t)n;
		if (!n)
			sched_yield();
		if (!out || (n && out < QUEUE / 2))
			continue;
		first = in_order ? 0 : done % out;
		chain = chains[first];
		must(chain.write_count == 1 && chain.iov->iov_len == ELEMENT);
		for (i = 0, bytes = chain.iov->iov_base; i < ELEMENT; i++)
			bytes[i]++;
		chain.written = ELEMENT;
		must(dpu_virtq_push(sides[DPU_VIRTQ_DEVICE], &chain, 1) == 0);
		for (i = first; i + 1 < out; i++) {
			iov[i][0] = iov[i + 1][0];
			chains[i] = chains[i + 1];
			chains[i].iov = iov[i];
		}
		out--;
		done++;
	}
	return data;
}

/* However slow the third thread is. */
static bool enough_replaced(void)
{
	return __atomic_load_n(&replaced, __ATOMIC_RELAXED) >= 20;
}

static uint32_t count_elements(uint8_t *memory)
{
	uint32_t sent = 0, back = 0, wrong = 0, i, count;
	struct dpu_virtq_chain chain;
	uint8_t *bytes, want;
	struct iovec iov;

	while (back < sent || sent < messages || !enough_replaced()) {
		if (sent - back < QUEUE && (sent < messages || !enough_replaced())) {
			iov = (struct iovec){ memory + sent % (BYTES / ELEMENT) * ELEMENT, ELEMENT };
			memset(iov.iov_base, (int)(sent & 0xff), ELEMENT);
			chain = (struct dpu_virtq_chain){ .iov = &iov,
							  .cookie = (void *)(uintptr_t)sent,
							  .write_count = 1 };
			must(dpu_virtq_add(sides[DPU_VIRTQ_DRIVER], &chain, 1) == 1);
			sent++;
		}
		if (dpu_virtq_get(sides[DPU_VIRTQ_DRIVER], &chain, 1) != 1) {
			sched_yield();
			continue;
		}
		count = (uint32_t)(uintptr_t)chain.cookie;
		want = (uint8_t)(count + 1);
		bytes = memory + count % (BYTES / ELEMENT) * ELEMENT;
		for (i = 0; i < ELEMENT; i++)
			wrong += bytes[i] != want;
		back++;
	}
	__atomic_store_n(&all_back, true, __ATOMIC_RELEASE);
	return wrong;
}

static void test_replaced(uint32_t layout, uint64_t features)
{
	struct dpu_memory_map *maps[2] = { NULL, NULL };
	struct dpu_virtq_chain chain = { 0 };
	pthread_t device, replacer;
	uint8_t *memory;
	uint32_t wrong;
	void *view;

	memory_fd = memfd_create("memory", 0);
	must(memory_fd >= 0 && ftruncate(memory_fd, BYTES) == 0);
	must(dpu_memory_map_create(&map) == 0 && dpu_memory_map_create(&maps[DPU_VIRTQ_DRIVER]) == 0);
	memory = new_view(maps[DPU_VIRTQ_DRIVER]);
	maps[DPU_VIRTQ_DEVICE] = map;
	view = new_view(map);
	at_end = all_back = false;
	replaced = 0;
	make_sides(layout, QUEUE, features, maps);
	must(pthread_create(&device, NULL, counting_thread, NULL) == 0);
	must(pthread_create(&replacer, NULL, replacing_thread, view) == 0);
	wrong = count_elements(memory);
	must(pthread_join(device, NULL) == 0);
	__atomic_store_n(&at_end, true, __ATOMIC_RELEASE);
	must(pthread_join(replacer, &view) == 0);
	ok(!wrong, "layout %u, features 0x%" PRIx64 ": memory moved while both threads ran", layout,
	   features);
	is_int(dpu_memory_map_remove(map, ADDRESS, BYTES), 0);
	is_int(dpu_virtq_pop(sides[DPU_VIRTQ_DEVICE], &chain, 1), 0);
	ok(dpu_memory_map_settled(map) == 1, "a queue that finds nothing has taken the change, too");
	end_sides();
	dpu_memory_map_unref(map);
	dpu_memory_map_unref(maps[DPU_VIRTQ_DRIVER]);
	if (view)
		munmap(view, BYTES);
	munmap(memory, BYTES);
	close(memory_fd);
}

static void *echo_thread(void *data)
{
	struct dpu_virtq_chain chains[QUEUE];
	struct iovec iov[QUEUE];
	uint32_t i, done;
	int n;

	for (done = 0; done < messages; done += (uint32_t)n) {
		for (i = 0; i < QUEUE; i++)
			chains[i] = (struct dpu_virtq_chain){ .iov = &iov[i], .iov_max = 1 };
		n = dpu_virtq_pop(sides[DPU_VIRTQ_DEVICE], chains, QUEUE);
		if (n < 0 || dpu_virtq_push(sides[DPU_VIRTQ_DEVICE], chains, (uint32_t)n) < 0) {
			__atomic_store_n(&at_end, true, __ATOMIC_RELEASE);
			break;
		}
	}
	return data;
}

/* Memory that is added to the map just before a chain in it is made available is the device's to use, also
 * when it is looking at the ring meanwhile. */
static void test_added(uint32_t layout)
{
	struct dpu_memory_map *maps[2];
	static uint8_t memory[2 * QUEUE][16];
	struct dpu_virtq_chain chain;
	uint32_t sent = 0, back = 0;
	struct iovec iov;
	pthread_t device;
	int n = 0;

	must(dpu_memory_map_create(&map) == 0);
	maps[0] = maps[1] = map;
	at_end = false;
	make_sides(layout, QUEUE, 0, maps);
	must(pthread_create(&device, NULL, echo_thread, NULL) == 0);
	while (back < messages && n >= 0 && !__atomic_load_n(&at_end, __ATOMIC_ACQUIRE)) {
		if (sent < messages && sent - back < QUEUE) {
			if (sent >= 2 * QUEUE)
				must(dpu_memory_map_remove(map, (sent - 2 * QUEUE) * UINT64_C(64), 64) == 0);
			iov = (struct iovec){ memory[sent % (2 * QUEUE)], 16 };
			must(dpu_memory_map_add(map, sent * UINT64_C(64), 16, iov.iov_base) == 0);
			chain = (struct dpu_virtq_chain){ .iov = &iov, .read_count = 1 };
			must(dpu_virtq_add(sides[DPU_VIRTQ_DRIVER], &chain, 1) == 1);
			sent++;
		}
		n = dpu_virtq_get(sides[DPU_VIRTQ_DRIVER], &chain, 1);
		back += n > 0;
	}
	must(pthread_join(device, NULL) == 0);
	ok(!dpu_virtq_error(sides[DPU_VIRTQ_DEVICE]), "layout %u: %u chains in memory that was new", layout,
	   back);
	end_sides();
	dpu_memory_map_unref(map);
}

int main(void)
{
	const char *scale = getenv("MESSAGES");
	uint32_t layout, set;

	test_create();
	test_map();
	test_driver(0);
	test_driver(DPU_VIRTIO_F_EVENT_IDX);
	messages = scale ? (uint32_t)strtoul(scale, NULL, 0) : MESSAGES;
	for (layout = DPU_VIRTQ_SPLIT; layout <= DPU_VIRTQ_PACKED; layout++) {
		for (set = 0; set < 8; set++) {
			test_threads(layout, QUEUE, some_features(set));
			test_threads(layout, layout == DPU_VIRTQ_PACKED ? 5 : 4, some_features(set));
		}
		test_replaced(layout, 0);
		test_replaced(layout, DPU_VIRTIO_F_IN_ORDER);
		test_added(layout);
	}
	return tap_done();
}
