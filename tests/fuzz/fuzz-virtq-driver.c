/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver side of a virtqueue, whose device writes what it likes, when it likes, into the rings, and into
 * the driver's indirect tables. */
#include "fuzz-ring.h"

#define BURST 8
#define ELEMENTS 6
#define TABLE_MAX 4

/* A chain that was added; its address is the cookie. */
struct sent {
	bool out;
	uint32_t number;
	uint64_t writable;
};

static struct {
	struct dpu_virtq *vq;
	uint8_t *tables;
	struct sent sent[MAX_SIZE];
	uint32_t out;
	uint32_t added, got;
	bool in_get;
	/* Where the device of the input is: used entries that make sense are written there. */
	uint16_t seen, at;
	bool wrap;
} drv;

/* What the device's side of a reset is. */
static void device_reset(void)
{
	drv.seen = drv.at = 0;
	drv.wrap = true;
}

static void begin(struct fuzz_input *in)
{
	struct dpu_virtq_opts opts;
	size_t bytes;

	memset(&drv, 0, sizeof(drv));
	ring_begin(in);
	device_reset();
	opts = ring_opts(DPU_VIRTQ_DRIVER);
	if (ring.features & DPU_VIRTIO_F_INDIRECT_DESC) {
		bytes = ring.size * TABLE_MAX * sizeof(struct vring_desc);
		drv.tables = new_memory(16, bytes);
		opts.indirect = drv.tables;
		opts.indirect_max = TABLE_MAX;
		if (fuzz_below(in, 4))
			check(dpu_memory_map_add_iova(ring.map, 0x100000, bytes, drv.tables,
						      DPU_MEMORY_READ) == 0);
	}
	check(dpu_virtq_create(&opts, &drv.vq) == 0);
	ring_expose();
	if (drv.tables && fuzz_scribble.on)
		fuzz_expose(drv.tables, ring.size * TABLE_MAX * sizeof(struct vring_desc));
}

static void end(void)
{
	fuzz_hide();
	dpu_virtq_unref(drv.vq);
	ring_end();
	free(drv.tables);
}

/* A cookie that comes back is that of a chain that was added, and comes once; in order, if that was
 * negotiated, whatever the device says. */
static void back(const struct dpu_virtq_chain *chain)
{
	struct sent *sent = chain->cookie;

	check(sent >= drv.sent && sent < drv.sent + MAX_SIZE && sent->out);
	check(chain->written <= sent->writable);
	if (ring.features & DPU_VIRTIO_F_IN_ORDER && drv.in_get)
		check(sent->number == drv.got);
	drv.got++;
	sent->out = false;
	drv.out--;
}

/* All that the device has not given back comes from detach, and the queue begins anew. */
static void reset(void)
{
	struct dpu_virtq_chain chains[BURST];
	int i, n;

	check(dpu_virtq_reset(drv.vq) == (drv.out ? -EBUSY : 0));
	while (drv.out) {
		n = dpu_virtq_detach(drv.vq, chains, BURST);
		check(n > 0 && n <= BURST);
		for (i = 0; i < n; i++) {
			back(&chains[i]);
			check(chains[i].written == 0);
		}
	}
	check(dpu_virtq_detach(drv.vq, chains, 1) == 0);
	check(dpu_virtq_reset(drv.vq) == 0);
	check(!dpu_virtq_error(drv.vq) && dpu_virtq_room(drv.vq) == ring.size);
	device_reset();
}

static void after(void)
{
	struct iovec iov = { ring.areas[0].ptr, 1 };
	struct dpu_virtq_chain chain = { .iov = &iov, .read_count = 1 };
	const char *reason = dpu_virtq_error(drv.vq);

	check(dpu_virtq_room(drv.vq) <= ring.size);
	if (!reason)
		return;
	check(dpu_virtq_add(drv.vq, &chain, 1) == -EIO);
	check(dpu_virtq_get(drv.vq, &chain, 1) == -EIO);
	check(dpu_virtq_should_notify(drv.vq) == 0);
	check(dpu_virtq_notify(drv.vq, 1) == 1);
	check(dpu_virtq_pending(drv.vq) == 0);
	check(dpu_virtq_error(drv.vq) == reason);
	reset();
}

/* An element, mostly one that may be added. */
static struct iovec some_element(struct fuzz_input *in, bool *right)
{
	static uint8_t elsewhere[64];
	uint32_t kind = fuzz_below(in, 64), offset, len;
	const struct area *area = &ring.areas[kind % AREAS];

	if (kind == 0) {
		*right = false;
		return (struct iovec){ elsewhere, 1 + fuzz_below(in, 64) };
	}
	if (kind == 1) {
		*right = false;
		return (struct iovec){ area->ptr, fuzz_below(in, 2) ? 0 : (size_t)UINT32_MAX + 1 };
	}
	offset = (uint32_t)fuzz_bytes(in, 2) % area->size;
	len = 1 + (uint32_t)fuzz_bytes(in, 1) % (area->size - offset);
	return (struct iovec){ area->ptr + offset, len };
}

static struct sent *some_sent(struct fuzz_input *in)
{
	uint32_t i = fuzz_below(in, MAX_SIZE);

	while (drv.sent[i].out)
		i = (i + 1) % MAX_SIZE;
	return &drv.sent[i];
}

static void add(struct fuzz_input *in)
{
	struct iovec iov[BURST][ELEMENTS];
	struct dpu_virtq_chain chains[BURST];
	uint32_t i, j, count, n = fuzz_below(in, BURST + 1), want = BURST;
	struct sent *sent;
	bool right = true;
	int rc;

	n = n < MAX_SIZE - drv.out ? n : MAX_SIZE - drv.out;
	for (i = 0; i < n; i++) {
		count = fuzz_below(in, 4) ? 1 : fuzz_below(in, ELEMENTS + 1);
		sent = some_sent(in);
		chains[i] = (struct dpu_virtq_chain){ .iov = iov[i], .cookie = sent };
		chains[i].read_count = (uint16_t)fuzz_below(in, count + 1);
		chains[i].write_count = (uint16_t)(count - chains[i].read_count);
		sent->writable = 0;
		for (j = 0; j < count; j++) {
			iov[i][j] = some_element(in, &right);
			sent->writable += j >= chains[i].read_count ? iov[i][j].iov_len : 0;
		}
		right &= count && count <= ring.size;
		if (!right && want == BURST)
			want = i;
		/* So that no other gets it. */
		sent->out = true;
	}
	rc = dpu_virtq_add(drv.vq, chains, n);
	check(rc <= (int)n && rc <= (int)want);
	check(rc >= 0 || rc == -EINVAL || rc == -EFAULT || (rc == -EIO && dpu_virtq_error(drv.vq)));
	for (i = 0; i < n; i++) {
		sent = chains[i].cookie;
		sent->out = rc > 0 && i < (uint32_t)rc;
		sent->number = drv.added;
		drv.added += sent->out;
		drv.out += sent->out;
	}
}

static void get(struct fuzz_input *in)
{
	struct dpu_virtq_chain chains[BURST];
	uint32_t n = fuzz_below(in, BURST + 1);
	int i, rc;

	rc = dpu_virtq_get(drv.vq, chains, n);
	check(rc <= (int)n && (rc >= 0 || (rc == -EIO && dpu_virtq_error(drv.vq))));
	drv.in_get = true;
	for (i = 0; i < rc; i++)
		back(&chains[i]);
	drv.in_get = false;
	check(drv.out || dpu_virtq_error(drv.vq) || dpu_virtq_room(drv.vq) == ring.size);
}

/* The device uses a chain, or a few at once with the last one's name. */
static void use_split(struct fuzz_input *in)
{
	const uint16_t *avail = (const uint16_t *)(const void *)ring.part[1];
	uint16_t *used = (uint16_t *)(void *)ring.part[2];
	struct vring_used_elem *elem;
	uint32_t i, n = 1 + (fuzz_below(in, 4) ? 0 : fuzz_below(in, 4));
	uint16_t head;

	for (i = 0; i < n && drv.seen != le16toh(avail[1]); i++, drv.seen++) {
		head = le16toh(avail[2 + drv.seen % ring.size]);
		elem = (struct vring_used_elem *)(void *)(used + 2) + drv.at % ring.size;
		elem->id = htole32(head);
		elem->len = htole32(fuzz_below(in, 16) ? 0 : some_len(in));
		if (i && fuzz_below(in, 2))
			*((struct vring_used_elem *)(void *)(used + 2) + (drv.at - 1u) % ring.size) = *elem;
		drv.at++;
	}
	used[1] = htole16(drv.at);
}

static void use_packed(struct fuzz_input *in)
{
	uint32_t i = 0, n = 1 + (fuzz_below(in, 4) ? 0 : fuzz_below(in, 4)), at = drv.at, chains = 0;
	struct vring_packed_desc *d;
	bool wrap = drv.wrap;
	uint16_t flags, id = 0;

	for (; i < ring.size && chains < n; i++) {
		d = packed_at(at);
		flags = le16toh(d->flags);
		if (!!(flags & AVAIL) != wrap || !!(flags & USED) == wrap)
			break;
		id = le16toh(d->id);
		chains += !(flags & VRING_DESC_F_NEXT);
		at = (at + 1) % ring.size;
		wrap ^= !at;
	}
	if (!chains)
		return;
	d = packed_at(drv.at);
	d->id = htole16(id);
	d->len = htole32(fuzz_below(in, 8) ? 0 : some_len(in));
	d->flags = htole16(
		(uint16_t)((drv.wrap ? AVAIL | USED : 0) | (fuzz_below(in, 2) ? VRING_DESC_F_WRITE : 0)));
	drv.at = (uint16_t)at;
	drv.wrap = wrap;
}

static void write_table(struct fuzz_input *in)
{
	if (drv.tables)
		drv.tables[fuzz_bytes(in, 2) % (ring.size * TABLE_MAX * 16)] = (uint8_t)fuzz_bytes(in, 1);
}

static void change_map(struct fuzz_input *in)
{
	struct area *area = &ring.areas[fuzz_below(in, AREAS)];

	if (fuzz_below(in, 4) == 0)
		dpu_memory_map_remove(ring.map, area->addr, 1 + fuzz_below(in, area->size));
	else
		show_area(area, 0, area->size);
	dpu_memory_map_settled(ring.map);
}

static void ask(struct fuzz_input *in)
{
	struct dpu_virtq_state state;
	int n;

	n = dpu_virtq_should_notify(drv.vq);
	check(n == 0 || n == 1);
	n = dpu_virtq_notify(drv.vq, (int)fuzz_below(in, 2));
	check(n == 0 || n == 1);
	check(dpu_virtq_pending(drv.vq) <= drv.out);
	dpu_virtq_get_state(drv.vq, &state);
	check(!ring.packed || (state.avail < ring.size && state.used < ring.size));
	check((uint16_t)dpu_virtq_notification(drv.vq, 5) == 5);
}

static void step(struct fuzz_input *in)
{
	uint32_t op = fuzz_below(in, 32);

	if (op < 10)
		add(in);
	else if (op < 18)
		get(in);
	else if (op < 26)
		(ring.packed ? use_packed : use_split)(in);
	else if (op < 28)
		write_raw(in);
	else if (op == 28)
		write_table(in);
	else if (op == 29)
		change_map(in);
	else if (op == 30)
		ask(in);
	else if (fuzz_below(in, 4) == 0)
		reset();
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
	return fuzz_main(argc, argv, 60000);
}
#endif
