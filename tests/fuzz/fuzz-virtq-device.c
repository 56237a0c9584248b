/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device side of a virtqueue, whose driver writes what it likes, when it likes: into the rings, indirect
 * tables, and the region of chains in flight. The map changes meanwhile, and a dirty log is kept. */
#include "fuzz-ring.h"

#define ELEMENTS 64
#define BURST 8

static struct {
	struct dpu_virtq *vq;
	uint8_t *region, *log;
	size_t region_size, log_size;
	/* Where the driver of the input is: chains that make sense are made there. */
	uint16_t at;
	bool wrap;
	uint16_t id;
	uint32_t owed; /* descriptors available, as far as such chains go */
	uint32_t descs[MAX_SIZE];
	/* Chains that are out, in the order in which they were taken. */
	struct dpu_virtq_chain out[MAX_SIZE];
	struct iovec iov[MAX_SIZE][ELEMENTS];
	uint32_t count;
	uint32_t changes; /* of the map, since nothing was out */
	bool logging;
} dev;

static void ring_zero(void)
{
	uint32_t i;

	for (i = 0; i < 3; i++)
		memset(ring.part[i], 0, ring.part_size[i]);
}

/* An address: mostly in an area, or at its ends. */
static uint64_t some_addr(struct fuzz_input *in)
{
	const struct area *area;
	uint32_t kind = (uint32_t)fuzz_bytes(in, 1);

	if (kind == 0)
		return fuzz_bytes(in, 8);
	area = &ring.areas[kind % 16 < 12 ? kind % 2 : kind % AREAS];
	if (kind < 64)
		return area->addr + area->size - kind % 40;
	return area->addr + (uint32_t)fuzz_bytes(in, 2) % area->size;
}

/* The area that a pointer is in, with all that follows it. */
static const struct area *area_of(const void *ptr, size_t len)
{
	const uint8_t *at = ptr;
	uint32_t i;

	for (i = 0; i < AREAS; i++) {
		if (at >= ring.areas[i].ptr && at < ring.areas[i].ptr + ring.areas[i].size)
			return len <= (size_t)(ring.areas[i].ptr + ring.areas[i].size - at) ? &ring.areas[i]
											    : NULL;
	}
	return NULL;
}

static void create(void)
{
	struct dpu_virtq_opts opts = ring_opts(DPU_VIRTQ_DEVICE);
	int rc;

	opts.inflight = dev.region;
	opts.inflight_size = dev.region_size;
	rc = dpu_virtq_create(&opts, &dev.vq);
	if (rc == 0)
		return;
	/* A region that was never one. */
	check(rc == -EINVAL && dev.region);
	do
		memset(dev.region, 0, dev.region_size);
	while (dpu_virtq_create(&opts, &dev.vq) != 0);
}

/* What the driver's side of a reset is. */
static void driver_reset(void)
{
	ring_zero();
	dev.at = 0;
	dev.wrap = true;
	dev.owed = 0;
	dev.count = 0;
	dev.changes = 0;
}

static void begin(struct fuzz_input *in)
{
	uint32_t kind = fuzz_below(in, 16);

	memset(&dev, 0, sizeof(dev));
	ring_begin(in);
	driver_reset();
	if (kind & 1) {
		dev.region_size =
			(size_t)dpu_virtq_inflight_size((enum dpu_virtq_layout)ring.packed, ring.size);
		dev.region = new_memory(8, dev.region_size);
	}
	if (kind & 2) {
		dev.log_size = kind & 4 ? 3 : 16;
		dev.log = new_memory(8, dev.log_size);
		check(dpu_memory_map_set_log(ring.map, dev.log, dev.log_size) == 0);
		dev.logging = true;
	}
	ring_expose();
	if (dev.region && fuzz_scribble.on)
		fuzz_expose(dev.region, dev.region_size);
	create();
}

static void end(void)
{
	fuzz_hide();
	dpu_virtq_unref(dev.vq);
	ring_end();
	free(dev.region);
	free(dev.log);
}

/* A stopped queue stays so, until it is reset. */
static void check_stopped(void)
{
	struct dpu_virtq_chain chain = { .iov = dev.iov[0], .iov_max = ELEMENTS };
	const char *reason = dpu_virtq_error(dev.vq);

	check(reason);
	check(dpu_virtq_pop(dev.vq, &chain, 1) == -EIO);
	check(dpu_virtq_push(dev.vq, &chain, 1) == -EIO);
	check(dpu_virtq_should_notify(dev.vq) == 0);
	check(dpu_virtq_notify(dev.vq, 1) == 1);
	check(dpu_virtq_pending(dev.vq) <= ring.size);
	check(dpu_virtq_notified(dev.vq, 0) == -EIO);
	check(dpu_virtq_error(dev.vq) == reason);
}

static void reset(void)
{
	driver_reset();
	check(dpu_virtq_reset(dev.vq) == 0);
	check(dpu_virtq_room(dev.vq) == 0 && !dpu_virtq_error(dev.vq));
}

static void after(void)
{
	if (!dpu_virtq_error(dev.vq))
		return;
	check_stopped();
	reset();
}

static uint32_t find_out(uint16_t head)
{
	uint32_t i;

	for (i = 0; i < dev.count && dev.out[i].head != head; i++)
		;
	return i;
}

static void put_desc(uint32_t at, uint64_t addr, uint32_t len, uint16_t flags, uint16_t other)
{
	struct vring_desc *d = (struct vring_desc *)(void *)ring.part[0] + at;

	if (ring.packed) {
		*packed_at(at) = (struct vring_packed_desc){ htole64(addr), htole32(len), htole16(other),
							     htole16(flags) };
		return;
	}
	*d = (struct vring_desc){ htole64(addr), htole32(len), htole16(flags), htole16(other) };
}

/* An indirect table in the first area. */
static uint32_t put_table(struct fuzz_input *in, uint32_t offset)
{
	uint32_t i, count = 1 + fuzz_below(in, 8);
	struct vring_desc d;

	for (i = 0; i < count; i++) {
		d.addr = htole64(some_addr(in));
		d.len = htole32(some_len(in));
		d.flags = htole16((uint16_t)(fuzz_below(in, 32) ? 0 : VRING_DESC_F_INDIRECT));
		d.flags |= htole16((uint16_t)(i >= count / 2 ? VRING_DESC_F_WRITE : 0));
		d.flags |= htole16((uint16_t)(i + 1 < count ? VRING_DESC_F_NEXT : 0));
		d.next = htole16((uint16_t)(fuzz_below(in, 32) ? i + 1 : fuzz_bytes(in, 1)));
		if (ring.packed) {
			d.next = d.flags;
			d.flags = 0;
		}
		memcpy(ring.areas[0].ptr + offset + i * sizeof(d), &d, sizeof(d));
	}
	return count * (uint32_t)sizeof(d);
}

/* Makes a chain available that may well be right. */
static void add_chain(struct fuzz_input *in)
{
	uint32_t i, count = 1 + fuzz_below(in, ring.size < 4 ? ring.size : 4),
		    writers = fuzz_below(in, count + 1);
	uint16_t flags, first = dev.at, id = (uint16_t)(dev.id++ % ring.size), at = id;
	uint32_t offset = (uint32_t)fuzz_bytes(in, 2) % 4096;
	bool wrap = dev.wrap, indirect = fuzz_below(in, 4) == 0;
	uint16_t *avail = (uint16_t *)(void *)ring.part[1];

	if (find_out(id) < dev.count || dev.owed + count > ring.size)
		return;
	for (i = 0; i < count; i++) {
		flags = (uint16_t)(i + writers >= count ? VRING_DESC_F_WRITE : 0);
		flags |= (uint16_t)(i + 1 < count ? VRING_DESC_F_NEXT : 0);
		if (indirect && i + 1 == count)
			flags = VRING_DESC_F_INDIRECT;
		if (ring.packed) {
			flags |= (uint16_t)(wrap ? AVAIL : USED);
			at = (uint16_t)((dev.at + i) % ring.size);
			wrap ^= at + 1u == ring.size;
		}
		if (flags & VRING_DESC_F_INDIRECT)
			put_desc(at, ring.areas[0].addr + offset, put_table(in, offset), flags, id);
		else
			put_desc(at, some_addr(in), some_len(in), flags,
				 (uint16_t)(ring.packed ? id : (at + 1u) % ring.size));
		at = (uint16_t)((at + 1u) % ring.size);
	}
	dev.descs[id] = count;
	dev.owed += count;
	if (ring.packed) {
		dev.at = (uint16_t)((first + count) % ring.size);
		dev.wrap = wrap;
		return;
	}
	avail[2 + dev.at % ring.size] = htole16(id);
	avail[1] = htole16(++dev.at);
}

/* The map is as the last look at it of the queue: it was not in the way of taking the newest. */
static bool map_is_new(void)
{
	return dev.changes < 7;
}

static void check_element(const struct iovec *iov, uint32_t access)
{
	const struct area *area = area_of(iov->iov_base, iov->iov_len);
	uint64_t got;

	check(area && iov->iov_len);
	check(!iotlb() || area->access & access);
	if (map_is_new()) {
		check(dpu_memory_map_find(ring.map,
					  area->addr + (uint64_t)((uint8_t *)iov->iov_base - area->ptr),
					  &got) == iov->iov_base);
		check(got >= iov->iov_len);
	}
}

static void check_chain(const struct dpu_virtq_chain *chain)
{
	uint32_t i, count = (uint32_t)chain->read_count + chain->write_count;
	uint64_t bytes = 0;

	check(chain->head < ring.size);
	check(find_out(chain->head) == dev.count);
	/* A chain is not longer than the queue; an element can lie in two areas. */
	check(count <= chain->iov_max && count <= 2 * ring.size);
	for (i = 0; i < count; i++) {
		check_element(&chain->iov[i], i < chain->read_count ? DPU_MEMORY_READ : DPU_MEMORY_WRITE);
		bytes += chain->iov[i].iov_len;
	}
	check(bytes <= UINT64_C(1) << 32);
	check(bytes == dpu_virtq_chain_readable(chain) + dpu_virtq_chain_writable(chain));
}

static void check_miss(void)
{
	uint32_t access = 0;
	uint64_t addr = 0;
	const uint8_t *ptr;

	check(iotlb() && dpu_virtq_miss(dev.vq, &addr, &access) == 1);
	check(access == DPU_MEMORY_READ || access == DPU_MEMORY_WRITE);
	ptr = dpu_memory_map_find(ring.map, addr, NULL);
	check(!map_is_new() || !ptr || !(area_of(ptr, 1)->access & access));
}

static void pop(struct fuzz_input *in)
{
	static const uint32_t room[] = { 0, 1, 2, 8, ELEMENTS, ELEMENTS, ELEMENTS, ELEMENTS };
	struct dpu_virtq_chain chains[BURST];
	struct iovec iov[BURST][ELEMENTS];
	uint32_t i, n = fuzz_below(in, BURST + 1), max = room[fuzz_below(in, 8)];
	int rc;

	if (!dev.count)
		dev.changes = 0;
	for (i = 0; i < n; i++)
		chains[i] = (struct dpu_virtq_chain){ .iov = iov[i], .iov_max = max };
	rc = dpu_virtq_pop(dev.vq, chains, n);
	check(rc <= (int)n);
	check(rc >= 0 || rc == -EIO || rc == -E2BIG || rc == -EFAULT);
	check(rc != -EIO || dpu_virtq_error(dev.vq));
	if (rc == -EFAULT)
		check_miss();
	for (i = 0; rc > 0 && i < (uint32_t)rc; i++) {
		check_chain(&chains[i]);
		check(dev.count < ring.size);
		memcpy(dev.iov[dev.count], iov[i], sizeof(iov[i]));
		dev.out[dev.count] = chains[i];
		dev.out[dev.count].iov = dev.iov[dev.count];
		dev.count++;
	}
	check(dpu_virtq_room(dev.vq) == dev.count);
}

static void forget(uint32_t i)
{
	check(i < dev.count);
	dev.owed -= dev.owed < dev.descs[dev.out[i].head] ? dev.owed : dev.descs[dev.out[i].head];
	dev.count--;
	memmove(&dev.out[i], &dev.out[i + 1], (dev.count - i) * sizeof(dev.out[0]));
	memmove(dev.iov[i], dev.iov[i + 1], (dev.count - i) * sizeof(dev.iov[0]));
	for (; i < dev.count; i++)
		dev.out[i].iov = dev.iov[i];
}

/* The device writes, as far as it says. */
static void fill(const struct dpu_virtq_chain *chain)
{
	const struct iovec *iov = chain->iov + chain->read_count;
	uint64_t left = chain->written, len;

	for (; left; left -= len, iov++) {
		len = iov->iov_len < left ? iov->iov_len : left;
		memset(iov->iov_base, 0x5a, len);
	}
}

static void check_logged(const struct dpu_virtq_chain *chain)
{
	const struct iovec *iov = chain->iov + chain->read_count;
	uint64_t left = chain->written, len, addr, last;
	const struct area *area;

	for (; left; left -= len, iov++) {
		len = iov->iov_len < left ? iov->iov_len : left;
		area = area_of(iov->iov_base, 1);
		addr = area->addr + (uint64_t)((uint8_t *)iov->iov_base - area->ptr);
		for (last = (addr + len - 1) / DPU_MEMORY_LOG_PAGE, addr /= DPU_MEMORY_LOG_PAGE; addr <= last;
		     addr++)
			check(addr / 8 < dev.log_size && dev.log[addr / 8] & 1 << addr % 8);
	}
}

static uint16_t not_out(struct fuzz_input *in)
{
	uint16_t head = (uint16_t)fuzz_bytes(in, 2);

	if (head & 1)
		head = (uint16_t)(head % ring.size);
	return find_out(head) < dev.count ? (uint16_t)ring.size : head;
}

/* Returns some chains, rightly or not. */
static void push(struct fuzz_input *in)
{
	struct dpu_virtq_chain chains[BURST];
	uint32_t i, n = 1 + fuzz_below(in, BURST), from, kind;
	size_t writable;
	bool right = true;
	int rc;

	n = n < dev.count ? n : dev.count;
	from = n && !(ring.features & DPU_VIRTIO_F_IN_ORDER) ? fuzz_below(in, dev.count - n + 1) : 0;
	for (i = 0; i < n; i++) {
		chains[i] = dev.out[from + i];
		writable = dpu_virtq_chain_writable(&chains[i]);
		kind = fuzz_below(in, 16);
		chains[i].written = (uint32_t)writable;
		if (kind < 4)
			chains[i].written = (uint32_t)fuzz_bytes(in, 2) % (chains[i].written + 1);
		if (kind == 4 && writable < UINT32_MAX) {
			chains[i].written++;
			right = false;
		}
		if (kind == 5) {
			chains[i].head = not_out(in);
			right = false;
		}
		if (right && !dpu_virtq_error(dev.vq))
			fill(&chains[i]);
	}
	if (dev.log)
		memset(dev.log, 0, dev.log_size);
	rc = dpu_virtq_push(dev.vq, chains, n);
	check(rc == (right ? 0 : -EINVAL) || (rc == -EIO && dpu_virtq_error(dev.vq)));
	if (rc == -EINVAL)
		check(dpu_virtq_room(dev.vq) == dev.count);
	if (rc < 0)
		return;
	for (i = 0; dev.logging && map_is_new() && i < n; i++)
		check_logged(&chains[i]);
	for (i = 0; i < n; i++)
		forget(find_out(chains[i].head));
	check(dpu_virtq_room(dev.vq) == dev.count);
}

static void change_map(struct fuzz_input *in)
{
	struct area *area = &ring.areas[fuzz_below(in, AREAS)];
	uint32_t offset = (uint32_t)fuzz_bytes(in, 2) % area->size;
	uint32_t size = 1 + (uint32_t)fuzz_bytes(in, 2) % (area->size - offset);
	struct dpu_memory_map *empty;

	dev.changes++;
	switch (fuzz_below(in, 8)) {
	case 0:
		check(dpu_memory_map_create(&empty) == 0);
		check(dpu_memory_map_replace(ring.map, empty) == 0);
		dpu_memory_map_unref(empty);
		break;
	case 1:
		dev.logging = dev.log && fuzz_below(in, 2);
		check(dpu_memory_map_set_log(ring.map, dev.logging ? dev.log : NULL, dev.log_size) == 0);
		break;
	case 2:
		dpu_memory_map_remove(ring.map, area->addr + offset, size);
		break;
	default:
		show_area(area, 0, area->size);
		break;
	}
	dpu_memory_map_settled(ring.map);
}

/* Another device side takes over; the region may have been changed by the other process. */
static void follow(struct fuzz_input *in)
{
	uint32_t n = fuzz_below(in, 8);

	if (!dev.region)
		return;
	dev.vq = dpu_virtq_unref(dev.vq);
	for (; n > 4; n--)
		dev.region[(size_t)fuzz_bytes(in, 2) % dev.region_size] = (uint8_t)fuzz_bytes(in, 1);
	dev.count = 0;
	create();
}

static void ask(struct fuzz_input *in)
{
	struct dpu_virtq_state state;
	uint16_t heads[MAX_SIZE];
	uint32_t i;
	int n;

	n = dpu_virtq_should_notify(dev.vq);
	check(n == 0 || n == 1);
	n = dpu_virtq_notify(dev.vq, (int)fuzz_below(in, 2));
	check(n == 0 || n == 1);
	check(dpu_virtq_pending(dev.vq) <= 2 * ring.size);
	n = dpu_virtq_notified(dev.vq, (uint32_t)fuzz_bytes(in, 4));
	check(n <= (int)ring.size);
	dpu_virtq_get_state(dev.vq, &state);
	check(!ring.packed || (state.avail < ring.size && state.used < ring.size));
	n = dpu_virtq_inflight(dev.vq, heads, MAX_SIZE);
	check(n == (int)dev.count || dpu_virtq_error(dev.vq));
	for (i = 0; !dpu_virtq_error(dev.vq) && i < dev.count; i++)
		check(heads[i] == dev.out[i].head);
}

/* What must not change while the device works: the driver's part of the ring. */
static void keep(uint8_t *copy, bool table)
{
	if (table)
		memcpy(copy, ring.part[0], ring.part_size[0]);
	memcpy(copy + ring.part_size[0], ring.part[1], ring.part_size[1]);
}

static bool kept(const uint8_t *copy, bool table)
{
	return (!table || !memcmp(copy, ring.part[0], ring.part_size[0])) &&
	       !memcmp(copy + ring.part_size[0], ring.part[1], ring.part_size[1]);
}

static void step(struct fuzz_input *in)
{
	static uint8_t copy[MAX_SIZE * 32];
	uint32_t op = fuzz_below(in, 32);

	if (op < 12)
		add_chain(in);
	else if (op < 15)
		write_raw(in);
	else if (op == 15)
		reset();
	else if (op == 16)
		change_map(in);
	else if (op == 17)
		follow(in);
	keep(copy, true);
	if (op >= 18 && op < 24)
		pop(in);
	check(fuzz_scribble.on || kept(copy, true));
	if (op >= 24 && op < 30)
		push(in);
	else if (op >= 30)
		ask(in);
	check(fuzz_scribble.on || kept(copy, !ring.packed));
	after();
}

static void fuzz_one(struct fuzz_input *in)
{
	begin(in);
	while (in->at < in->end)
		step(in);
	end();
}

#ifndef LIBFUZZER
int main(int argc, char **argv)
{
	return fuzz_main(argc, argv, 40000);
}
#endif
