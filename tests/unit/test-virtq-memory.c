/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory maps: what they say, what happens to queues when they change, misses, and the dirty log. Each test
 * of a queue runs over both layouts. */
#include <dpu/virtq.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>
#include "tap.h"

#define SIZE 8
#define PAGE DPU_MEMORY_LOG_PAGE

static uint32_t layout, size;
static char ring[8 * PAGE] __attribute__((aligned(PAGE)));
static char memory[8 * PAGE] __attribute__((aligned(PAGE)));
static struct dpu_virtq *driver, *device;
static struct iovec elements[SIZE][4];

/* The driver's addresses are pointers; the device sees them through a map that shows memory at BASE less. */
#define BASE ((uint64_t)(uintptr_t)memory)

static void start(struct dpu_memory_map *map, struct dpu_memory_map *log_map, uint64_t features)
{
	size_t avail, used;
	DPU_OPTS(dpu_virtq_opts, opts, .desc = ring, .layout = layout, .size = size, .features = features);

	must(dpu_virtq_ring_size((enum dpu_virtq_layout)layout, size, &avail, &used) > 0);
	memset(ring, 0, sizeof(ring));
	memset(memory, 0, sizeof(memory));
	opts.avail = ring + avail;
	opts.used = ring + used;
	must(dpu_virtq_create(&opts, &driver) == 0);
	opts.side = DPU_VIRTQ_DEVICE;
	opts.memory = map;
	opts.log_memory = log_map;
	must(dpu_virtq_create(&opts, &device) == 0);
}

static void stop(void)
{
	driver = dpu_virtq_unref(driver);
	device = dpu_virtq_unref(device);
}

/* Makes a buffer of the device's to write available. */
static void add(size_t offset, size_t len)
{
	struct iovec iov = { memory + offset, len };
	struct dpu_virtq_chain chain = { .iov = &iov, .write_count = 1 };

	must(dpu_virtq_add(driver, &chain, 1) == 1);
}

static struct dpu_virtq_chain take(int want)
{
	struct dpu_virtq_chain chain = { .iov = elements[0], .iov_max = 4 };

	is_int(dpu_virtq_pop(device, &chain, 1), want);
	return chain;
}

static void give(struct dpu_virtq_chain *chain, uint32_t written)
{
	struct dpu_virtq_chain got;

	chain->written = written;
	is_int(dpu_virtq_push(device, chain, 1), 0);
	is_int(dpu_virtq_get(driver, &got, 1), 1);
}

static void test_find(void)
{
	struct dpu_memory_map *map, *other;
	uint64_t got = 77;

	must(dpu_memory_map_create(&map) == 0 && dpu_memory_map_create(&other) == 0);
	ok(!dpu_memory_map_find(map, 0, &got) && got == 77, "nothing in an empty map");
	is_int(dpu_memory_map_add(map, 1000, 100, memory), 0);
	is_int(dpu_memory_map_add(map, 1100, 100, memory + 200), 0);
	ok(dpu_memory_map_find(map, 1099, &got) == memory + 99 && got == 1, "the last byte of a region");
	ok(dpu_memory_map_find(map, 1100, &got) == memory + 200 && got == 100, "the first of the next");
	ok(!dpu_memory_map_find(map, 999, &got) && !dpu_memory_map_find(map, 1200, &got), "outside");
	is_int(dpu_memory_map_remove(map, 1050, 100), 0);
	is_int(dpu_memory_map_count(map), 2);
	ok(dpu_memory_map_find(map, 1049, &got) == memory + 49 && got == 1, "what is left of the first");
	ok(dpu_memory_map_find(map, 1150, &got) == memory + 250 && got == 50, "what is left of the second");
	ok(!dpu_memory_map_find(map, 1050, &got) && !dpu_memory_map_find(map, 1149, &got),
	   "what was cut out");
	is_int(dpu_memory_map_remove(map, 1060, 80), -ENOENT);
	is_int(dpu_memory_map_remove(map, 1060, 0), -EINVAL);
	is_int(dpu_memory_map_remove(map, UINT64_MAX, 2), -EINVAL);
	is_int(dpu_memory_map_remove(map, 1010, 10), 0);
	is_int(dpu_memory_map_count(map), 3);
	is_int(dpu_memory_map_add(other, 5, 5, memory), 0);
	is_int(dpu_memory_map_replace(map, other), 0);
	is_int(dpu_memory_map_count(map), 1);
	ok(dpu_memory_map_find(map, 5, NULL) == memory, "replaced");
	is_int(dpu_memory_map_remove(map, 0, UINT64_MAX), 0);
	is_int(dpu_memory_map_count(map), 0);
	is_int(dpu_memory_map_count(other), 1);
	dpu_memory_map_unref(other);
	dpu_memory_map_unref(map);
}

static void test_iova(void)
{
	struct dpu_memory_map *map;
	uint64_t got, i;

	must(dpu_memory_map_create(&map) == 0);
	is_int(dpu_memory_map_add_iova(map, 0, PAGE, memory, (enum dpu_memory_access)0), -EINVAL);
	is_int(dpu_memory_map_add_iova(map, 0, PAGE, memory, (enum dpu_memory_access)4), -EINVAL);
	is_int(dpu_memory_map_add_iova(map, 0, 0, memory, DPU_MEMORY_READ), -EINVAL);
	for (i = 8; i--;)
		must(dpu_memory_map_add_iova(map, i * PAGE, PAGE, memory + i * PAGE, DPU_MEMORY_READ) == 0);
	is_int(dpu_memory_map_count(map), 1);
	ok(dpu_memory_map_find(map, 1, &got) == memory + 1 && got == 8 * PAGE - 1, "pages become one");
	is_int(dpu_memory_map_add_iova(map, 3 * PAGE, PAGE, memory, DPU_MEMORY_READ), 0);
	is_int(dpu_memory_map_count(map), 3);
	ok(dpu_memory_map_find(map, 3 * PAGE, &got) == memory && got == PAGE,
	   "a page is shown elsewhere now");
	is_int(dpu_memory_map_add_iova(map, 3 * PAGE, PAGE, memory + 3 * PAGE, DPU_MEMORY_READ_WRITE), 0);
	is_int(dpu_memory_map_count(map), 3);
	is_int(dpu_memory_map_add_iova(map, 3 * PAGE, PAGE, memory + 3 * PAGE, DPU_MEMORY_READ), 0);
	is_int(dpu_memory_map_count(map), 1);
	dpu_memory_map_unref(map);
}

static void test_fd(void)
{
	struct dpu_memory_map *map, *copy;
	int fd = memfd_create("memory", 0);
	char text[5], *ptr;
	uint64_t got;

	must(fd >= 0 && ftruncate(fd, 3 * PAGE) == 0 && pwrite(fd, "hello", 5, PAGE + 100) == 5);
	must(dpu_memory_map_create(&map) == 0 && dpu_memory_map_create(&copy) == 0);
	is_int(dpu_memory_map_add_fd(map, 0x1000, 3 * PAGE + 1, fd, 0), -EINVAL);
	is_int(dpu_memory_map_add_fd(map, 0x1000, 1, fd, 3 * PAGE), -EINVAL);
	is_int(dpu_memory_map_add_fd(map, 0x1000, 2, fd, UINT64_MAX), -EINVAL);
	is_int(dpu_memory_map_add_fd(map, 0x1000, 0, fd, 0), -EINVAL);
	is_int(dpu_memory_map_add_fd(map, 0x1000, 1, -1, 0), -EBADF);
	is_int(dpu_memory_map_add_fd(map, 0x1000, 2 * PAGE - 100, fd, PAGE + 100), 0);
	is_int(dpu_memory_map_add_fd(map, 0x1000, 1, fd, 0), -EEXIST);
	ptr = dpu_memory_map_find(map, 0x1000, &got);
	ok(ptr && !memcmp(ptr, "hello", 5) && got == 2 * PAGE - 100, "the file, from its offset on");
	memcpy(ptr, "HELLO", 5);
	ok(pread(fd, text, 5, PAGE + 100) == 5 && !memcmp(text, "HELLO", 5), "it is shared");
	close(fd);
	/* The mapping lives as long as some map shows it. */
	is_int(dpu_memory_map_replace(copy, map), 0);
	dpu_memory_map_unref(map);
	ok(dpu_memory_map_find(copy, 0x1000, &got) == ptr && !memcmp(ptr, "HELLO", 5), "also in another map");
	is_int(mincore(ptr - 100, 2 * PAGE, (unsigned char *)text), 0);
	is_int(dpu_memory_map_remove(copy, 0x1000, PAGE), 0);
	is_int(mincore(ptr - 100, 2 * PAGE, (unsigned char *)text), 0);
	is_int(dpu_memory_map_remove(copy, 0, UINT64_MAX), 0);
	ok(mincore(ptr - 100, 2 * PAGE, (unsigned char *)text) < 0 && errno == ENOMEM,
	   "what no map shows is unmapped");
	dpu_memory_map_unref(copy);
}

/* The chains that are out keep a map's former regions, the next chains have the new ones. */
static void test_change(void)
{
	struct dpu_virtq_chain first, second, third;
	struct dpu_memory_map *map, *other;

	must(dpu_memory_map_create(&map) == 0 && dpu_memory_map_create(&other) == 0);
	must(dpu_memory_map_add(map, BASE, PAGE, memory + PAGE) == 0);
	must(dpu_memory_map_add(other, BASE, PAGE, memory + 2 * PAGE) == 0);
	start(map, NULL, 0);
	is_int(dpu_memory_map_settled(map), 1);
	add(0, 1);
	add(0, 2);
	add(0, 3);
	first = take(1);
	ok(elements[0][0].iov_base == memory + PAGE, "through the first regions");
	is_int(dpu_memory_map_replace(map, other), 0);
	is_int(dpu_memory_map_settled(map), 0);
	second = take(1);
	ok(elements[0][0].iov_base == memory + 2 * PAGE, "through the second");
	is_int(dpu_memory_map_settled(map), 0);
	is_int(dpu_memory_map_remove(map, BASE, PAGE), 0);
	is_int(dpu_memory_map_add(map, BASE, PAGE, memory + 3 * PAGE), 0);
	third = take(1);
	ok(elements[0][0].iov_base == memory + 3 * PAGE, "through the third");
	give(&second, 0);
	is_int(dpu_memory_map_settled(map), 0);
	give(&first, 0);
	ok(dpu_memory_map_settled(map) == 1, "settled, once all that was taken before is returned");
	/* Nothing is out that is older, but a queue that has not looked yet may be reading through it. */
	is_int(dpu_memory_map_set_log(map, NULL, 0), 0);
	is_int(dpu_memory_map_settled(map), 0);
	take(0);
	is_int(dpu_memory_map_settled(map), 0);
	give(&third, 0);
	is_int(dpu_memory_map_settled(map), 1);
	dpu_memory_map_unref(other);
	stop();
	is_int(dpu_memory_map_settled(map), 1);
	dpu_memory_map_unref(map);
}

/* More changes while chains are out than the queue can keep apart: the former regions stay until a chain
 * comes back, then the newest are taken. */
#define CHANGES 300

static void show(struct dpu_memory_map *map, uint32_t offset)
{
	dpu_memory_map_remove(map, 0, UINT64_MAX);
	must(dpu_memory_map_add(map, BASE, PAGE, memory + offset) == 0);
}

static uint32_t seen(void)
{
	return (uint32_t)((char *)elements[0][0].iov_base - memory);
}

static void test_epochs(void)
{
	static struct dpu_virtq_chain chains[CHANGES];
	struct dpu_memory_map *map;
	uint32_t i, last = 0;

	must(dpu_memory_map_create(&map) == 0);
	size = 512;
	start(map, NULL, 0);
	for (i = 0; i < CHANGES; i++) {
		show(map, i);
		add(0, 1);
		chains[i] = take(1);
		last = seen() == i ? i : last;
	}
	ok(last == 254 && seen() == 254, "255 states of the map are kept apart");
	is_int(dpu_memory_map_settled(map), 0);
	/* One of the newest stays out. */
	for (i = 0; i < 254; i++)
		give(&chains[i], 1);
	show(map, CHANGES);
	add(0, 1);
	chains[0] = take(1);
	ok(seen() == CHANGES, "the newest, when one of the former is free");
	give(&chains[0], 1);
	for (i = 254; i < CHANGES; i++)
		give(&chains[i], 1);
	is_int(dpu_memory_map_settled(map), 1);
	stop();
	size = SIZE;
	dpu_memory_map_unref(map);
}

static void test_miss(void)
{
	const uint64_t features = DPU_VIRTIO_F_ACCESS_PLATFORM;
	struct dpu_memory_map *map;
	struct dpu_virtq_chain chain;
	uint32_t access = 9;
	uint64_t addr = 9;

	must(dpu_memory_map_create(&map) == 0);
	start(map, NULL, features);
	add(PAGE - 8, 16);
	is_int(dpu_virtq_miss(device, &addr, &access), 0);
	ok(addr == 9 && access == 9, "no miss, nothing told");
	take(-EFAULT);
	ok(dpu_virtq_miss(device, &addr, &access) == 1 && addr == BASE + PAGE - 8 &&
		   access == DPU_MEMORY_WRITE,
	   "the first address is missed");
	must(dpu_memory_map_add_iova(map, BASE, PAGE, memory, DPU_MEMORY_READ_WRITE) == 0);
	take(-EFAULT);
	ok(dpu_virtq_miss(device, &addr, &access) == 1 && addr == BASE + PAGE, "then that on the next page");
	must(dpu_memory_map_add_iova(map, BASE + PAGE, PAGE, memory + 5 * PAGE, DPU_MEMORY_READ) == 0);
	take(-EFAULT);
	ok(dpu_virtq_miss(device, &addr, &access) == 1 && addr == BASE + PAGE && access == DPU_MEMORY_WRITE,
	   "which may not be written to");
	must(dpu_memory_map_add_iova(map, BASE + PAGE, PAGE, memory + 5 * PAGE, DPU_MEMORY_WRITE) == 0);
	chain = take(1);
	is_int(dpu_virtq_miss(device, NULL, NULL), 0);
	ok(chain.write_count == 2 && elements[0][0].iov_base == memory + PAGE - 8 &&
		   elements[0][0].iov_len == 8 && elements[0][1].iov_base == memory + 5 * PAGE &&
		   elements[0][1].iov_len == 8,
	   "the chain goes on where it was");
	give(&chain, 16);
	ok(!dpu_virtq_error(device), "a miss is no error");
	stop();
	/* The same without the feature is an error. */
	start(map, NULL, 0);
	add(3 * PAGE, 1);
	take(-EIO);
	contains(dpu_virtq_error(device), "outside the memory map");
	stop();
	dpu_memory_map_unref(map);
}

/* The pages whose bits are set, as a number. */
static uint64_t pages(uint8_t *log)
{
	uint64_t set = 0;

	memcpy(&set, log, 8);
	memset(log, 0, 8);
	return set;
}

static void test_log(void)
{
	uint8_t log[16] = { 0 };
	struct dpu_memory_map *map, *iotlb;
	struct dpu_virtq_chain chain;
	struct iovec kept[4];
	uint16_t head = 99;

	must(dpu_memory_map_create(&map) == 0);
	/* Page 8 on: memory; the ring is not in the map. */
	must(dpu_memory_map_add(map, BASE, sizeof(memory), memory) == 0);
	must(dpu_memory_map_create(&iotlb) == 0);
	must(dpu_memory_map_add(iotlb, 8 * PAGE, sizeof(memory), memory) == 0);
	start(map, iotlb, 0);
	add(PAGE - 10, 100);
	chain = take(1);
	give(&chain, 50);
	ok(pages(log) == 0, "no log, nothing logged");
	must(dpu_memory_map_set_log(iotlb, log, 8) == 0);
	add(PAGE - 10, 100);
	chain = take(1);
	ok(pages(log) == 0, "nothing is logged before it is written");
	give(&chain, 10);
	ok(pages(log) == 1u << 8, "the page that was written, not the one that could have been");
	add(PAGE - 10, 100);
	chain = take(1);
	give(&chain, 11);
	ok(pages(log) == 3u << 8, "both pages");
	add(PAGE - 10, 3 * PAGE);
	chain = take(1);
	give(&chain, 0);
	ok(pages(log) == 0, "nothing written, nothing logged");
	add(PAGE - 10, 3 * PAGE);
	chain = take(1);
	give(&chain, 3 * PAGE);
	ok(pages(log) == 0xfu << 8, "pages between");
	/* Memory that is shown elsewhere since. */
	add(5 * PAGE, 8);
	chain = take(1);
	memcpy(kept, chain.iov, sizeof(kept));
	chain.iov = kept;
	must(dpu_memory_map_remove(iotlb, 0, UINT64_MAX) == 0);
	must(dpu_memory_map_add(iotlb, 16 * PAGE, sizeof(memory), memory) == 0);
	take(0);
	give(&chain, 8);
	ok(pages(log) == 1u << 13, "logged where it was when it was taken");
	must(dpu_memory_map_set_log(iotlb, log, 2) == 0);
	add(0, 8);
	chain = take(1);
	chain.written = 8;
	is_int(dpu_virtq_push(device, &chain, 1), -EIO);
	contains(dpu_virtq_error(device), "dirty log is smaller");
	is_int(dpu_virtq_inflight(device, &head, 1), 1);
	is_int(head, chain.head);
	stop();

	/* The ring in the map: each push writes there. */
	must(dpu_memory_map_remove(iotlb, 0, UINT64_MAX) == 0);
	must(dpu_memory_map_add(iotlb, 32 * PAGE, sizeof(ring), ring) == 0);
	must(dpu_memory_map_set_log(iotlb, log, 8) == 0);
	start(map, iotlb, DPU_VIRTIO_F_EVENT_IDX);
	dpu_virtq_notify(device, 0);
	pages(log);
	add(0, 8);
	chain = take(1);
	ok(pages(log) == 0, "taking writes nothing, without notifications");
	give(&chain, 8);
	ok(pages(log) == UINT64_C(1) << (layout == DPU_VIRTQ_PACKED ? 32 : 33), "the used entry's page");
	dpu_virtq_notify(device, 1);
	pages(log);
	add(0, 8);
	chain = take(1);
	ok(pages(log) == UINT64_C(1) << (layout == DPU_VIRTQ_PACKED ? 32 : 33), "the event's page");
	give(&chain, 8);
	stop();
	dpu_memory_map_unref(iotlb);
	dpu_memory_map_unref(map);
}

/* An element takes as many descriptors as it has regions: too many for now, or for good. */
static void test_pieces(void)
{
	DPU_OPTS(dpu_virtq_opts, opts, .desc = ring, .layout = layout, .size = SIZE);
	struct iovec iov = { memory + 100, 1 };
	struct dpu_virtq_chain chain = { .iov = &iov, .read_count = 1 };
	size_t avail, used;
	uint64_t i;

	must(dpu_virtq_ring_size((enum dpu_virtq_layout)layout, SIZE, &avail, &used) > 0);
	memset(ring, 0, sizeof(ring));
	opts.avail = ring + avail;
	opts.used = ring + used;
	must(dpu_memory_map_create(&opts.memory) == 0);
	must(dpu_memory_map_add(opts.memory, 0, 1, memory + 100) == 0);
	for (i = 0; i < SIZE + 1; i++)
		must(dpu_memory_map_add(opts.memory, 16 * i + 16, 1, memory + i) == 0);
	must(dpu_virtq_create(&opts, &driver) == 0);
	is_int(dpu_virtq_add(driver, &chain, 1), 1);
	iov = (struct iovec){ memory, SIZE + 1 };
	is_int(dpu_virtq_add(driver, &chain, 1), -EINVAL);
	iov.iov_len = SIZE;
	is_int(dpu_virtq_add(driver, &chain, 1), 0);
	iov.iov_len = SIZE - 1;
	is_int(dpu_virtq_add(driver, &chain, 1), 1);
	is_int(dpu_virtq_room(driver), 0);
	iov.iov_base = memory + 101;
	is_int(dpu_virtq_add(driver, &chain, 1), -EFAULT);
	driver = dpu_virtq_unref(driver);
	dpu_memory_map_unref(opts.memory);
}

/* A chain's elements as if they were one piece. */
static void test_chain(void)
{
	char buffer[16] = "", in[3][4] = { "abc", "def", "ghi" }, out[2][4];
	struct iovec iov[5] = { { in[0], 3 }, { in[1], 3 }, { in[2], 3 }, { out[0], 4 }, { out[1], 4 } };
	struct dpu_virtq_chain chain = { .iov = iov, .read_count = 3, .write_count = 2 };

	is_int(dpu_virtq_chain_readable(&chain), 9);
	is_int(dpu_virtq_chain_writable(&chain), 8);
	is_int(dpu_virtq_chain_read(&chain, 2, buffer, 5), 5);
	is_str(buffer, "cdefg");
	is_int(dpu_virtq_chain_read(&chain, 6, buffer, 16), 3);
	ok(!memcmp(buffer, "ghifg", 5), "only what is there");
	is_int(dpu_virtq_chain_read(&chain, 9, buffer, 1), 0);
	memset(out, '.', sizeof(out));
	is_int(dpu_virtq_chain_write(&chain, 3, "12345678", 8), 5);
	ok(!memcmp(out, "...12345", 8), "into the elements that the device writes, and no further");
	is_int(dpu_virtq_chain_write(&chain, 0, "AB", 2), 2);
	ok(!memcmp(out, "AB.12345", 8), "nothing else");
	is_int(dpu_virtq_chain_write(&chain, 8, "x", 1), 0);
}

int main(void)
{
	size = SIZE;
	test_chain();
	test_find();
	test_iova();
	test_fd();
	for (layout = DPU_VIRTQ_SPLIT; layout <= DPU_VIRTQ_PACKED; layout++) {
		test_pieces();
		test_change();
		test_epochs();
		test_miss();
		test_log();
	}
	return tap_done();
}
