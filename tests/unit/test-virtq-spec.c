/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each engine against the specification as ring-spec.c has it: random operations of an engine's driver and
 * the model's device, of the model's driver and an engine's device, and of two engines. Whatever is written
 * into the rings is read by the model at once, and all that the engines say must agree with it.
 *
 * STEPS=NUMBER of operations in all, and SEED=NUMBER: both the same, and the same happens again. */
#include "spec-rig.h"

/* Entries that a side has published now. */
static void published(enum spec_side side, struct spec_place from, uint32_t count)
{
	if (!rig.told[side].count)
		rig.told[side].from = from;
	rig.told[side].count += count;
}

/* Reads what a driver has just made available. */
static void read_added(struct sent *sent)
{
	struct spec_place from = rig.ring.next_avail;
	struct spec_chain *chain = spec_read_available(&rig.ring);

	if (!expect(chain != NULL, "a chain is in the ring"))
		return;
	expect(same_elements(chain, &sent->chain), "the elements in the ring");
	sent->chain = *chain;
	rig.available.at[rig.available.count++] = sent;
	published(SPEC_DRIVER, from, rig.ring.packed ? chain->descs : 1);
}

/* Free descriptors of the driver. */
static uint32_t room(void)
{
	return rig.ring.size - rig.ring.descs - rig.used_descs;
}

/* Descriptors of the ring that an engine's driver takes for a chain of so many pieces. */
static uint32_t needs(const struct sent *sent, uint32_t pieces)
{
	uint32_t max = TABLE_MAX < rig.ring.size ? TABLE_MAX : rig.ring.size;

	return rig.ring.indirect && sent->count > 1 && pieces <= max ? 1 : pieces;
}

static void engine_add(void)
{
	struct dpu_virtq_chain chains[BURST];
	struct sent *sents[BURST];
	uint32_t n = 1 + roll(roll(8) ? 4 : BURST), i, descs[BURST];
	int got;

	for (i = 0; i < n && rig.free_slots >= SPEC_ELEMENTS; i++) {
		sents[i] = new_sent(some_count());
		while ((descs[i] = make_elements(sents[i])) > rig.ring.size) {
			free_sent(sents[i]);
			sents[i] = new_sent(1);
		}
		chains[i] = (struct dpu_virtq_chain){ .iov = sents[i]->iov,
						      .cookie = sents[i],
						      .read_count = (uint16_t)sents[i]->reads,
						      .write_count =
							      (uint16_t)(sents[i]->count - sents[i]->reads) };
	}
	n = i;
	got = dpu_virtq_add(rig.driver, chains, n);
	expect(got >= 0 && got <= (int)n, "what add says");
	for (i = 0; i < n; i++) {
		if ((int)i == got)
			expect(room() < needs(sents[i], descs[i]), "there was no room");
		if ((int)i < got)
			read_added(sents[i]);
		else
			free_sent(sents[i]);
	}
	expect(!spec_is_available(&rig.ring), "nothing more is in the ring");
}

static void model_add(void)
{
	struct spec_how how;
	struct sent *sent;

	if (rig.free_slots < SPEC_ELEMENTS)
		return;
	sent = new_sent(some_count());
	make_descs(sent);
	how.direct = sent->count;
	how.table = TABLES + sent->slots[0] * TABLE_BYTES + roll(16);
	if (rig.ring.indirect && roll(2))
		how.direct = rig.ring.packed ? 0 : roll(sent->count);
	if (how.direct + (how.direct < sent->count) <= room() &&
	    spec_write_available(&rig.ring, &sent->chain, how))
		read_added(sent);
	else
		free_sent(sent);
}

/* A chain, as an engine's device gave it. */
static void check_taken(const struct dpu_virtq_chain *got, const struct sent *sent)
{
	struct iovec iov[2 * SPEC_ELEMENTS];
	struct dpu_virtq_chain want = view(&sent->chain, iov);
	uint8_t bytes[CHAIN_BYTES], back[CHAIN_BYTES];
	uint32_t i;

	if (!expect(got->read_count == want.read_count && got->write_count == want.write_count,
		    "how many elements a chain has") ||
	    !expect(got->head == want.head, "a chain's head"))
		return;
	for (i = 0; i < (uint32_t)want.read_count + want.write_count; i++)
		expect(got->iov[i].iov_base == iov[i].iov_base && got->iov[i].iov_len == iov[i].iov_len,
		       "an element");
	pattern(bytes, sizeof(bytes), sent->seed);
	i = (uint32_t)dpu_virtq_chain_read(got, 0, back, sizeof(back));
	expect(i == dpu_virtq_chain_readable(got) && !memcmp(back, bytes, i), "what the device reads");
	expect(dpu_virtq_chain_writable(got) == sent->chain.writable, "what the device may write");
}

static void engine_take(void)
{
	static struct iovec iov[BURST][2 * SPEC_ELEMENTS];
	struct dpu_virtq_chain chains[BURST];
	uint32_t n = 1 + roll(roll(8) ? 4 : BURST), i, want,
		 limit = rig.again ? rig.again : rig.available.count;
	struct sent *sent;

	for (i = 0; i < n; i++)
		chains[i] = (struct dpu_virtq_chain){ .iov = iov[i], .iov_max = 2 * SPEC_ELEMENTS };
	want = n < limit ? n : limit;
	expect(dpu_virtq_pending(rig.device) == rig.available.count, "how many are available");
	if (!expect(dpu_virtq_pop(rig.device, chains, n) == (int)want, "how many are taken"))
		return;
	for (i = 0; i < want; i++) {
		sent = take(&rig.available, 0);
		rig.out.at[rig.out.count++] = sent;
		check_taken(&chains[i], sent);
		if (rig.again)
			rig.again--;
		else
			rig.took = spec_advance(&rig.ring, rig.took, rig.ring.packed ? sent->chain.descs : 1);
	}
	expect(dpu_virtq_room(rig.device) == rig.out.count, "how many are out");
}

static void model_take(void)
{
	struct sent *sent;

	if (!rig.available.count)
		return;
	sent = take(&rig.available, 0);
	rig.out.at[rig.out.count++] = sent;
	rig.took = spec_advance(&rig.ring, rig.took, rig.ring.packed ? sent->chain.descs : 1);
}

/* Chooses chains to be returned, and writes to them. */
static uint32_t choose(struct sent **sents, uint32_t n)
{
	struct iovec iov[2 * SPEC_ELEMENTS];
	uint8_t bytes[CHAIN_BYTES];
	struct dpu_virtq_chain chain;
	uint32_t i;

	for (i = 0; i < n && rig.out.count; i++) {
		sents[i] = take(&rig.out, rig.ring.in_order ? 0 : roll(rig.out.count));
		chain = view(&sents[i]->chain, iov);
		sents[i]->written = (uint32_t)sents[i]->chain.writable;
		if (roll(3) == 0)
			sents[i]->written = roll(sents[i]->written + 1);
		pattern(bytes, sizeof(bytes), ~sents[i]->seed);
		expect(dpu_virtq_chain_write(&chain, 0, bytes, sents[i]->written) == sents[i]->written,
		       "all is written");
	}
	return i;
}

/* Reads what a device has just used. */
static void read_returned(struct sent **sents, uint32_t count)
{
	struct spec_place from = rig.ring.next_used;
	struct spec_chain *chain;
	uint32_t i, entries = 0;

	for (i = 0; i < count; i++) {
		chain = spec_read_used(&rig.ring);
		if (!expect(chain && chain->id == sents[i]->chain.id, "the used entry of a chain"))
			return;
		expect(chain->written == sents[i]->written, "how much was written");
		entries += rig.ring.packed ? chain->descs : 1;
		rig.used.at[rig.used.count++] = sents[i];
		rig.used_descs += chain->descs;
	}
	expect(!spec_is_used(&rig.ring), "nothing more is used");
	if (count)
		published(SPEC_DEVICE, from, entries);
}

static void engine_return(void)
{
	struct dpu_virtq_chain chains[BURST];
	struct sent *sents[BURST];
	uint32_t n = choose(sents, 1 + roll(roll(8) ? 4 : BURST)), i;

	for (i = 0; i < n; i++)
		chains[i] = (struct dpu_virtq_chain){ .head = (uint16_t)sents[i]->chain.id,
						      .written = sents[i]->written };
	expect(dpu_virtq_push(rig.device, chains, n) == 0, "push");
	read_returned(sents, n);
}

/* In order, an entry may tell of several chains, of which all but the last are full. */
static void model_return(void)
{
	struct spec_used entries[BURST];
	struct sent *sents[BURST];
	uint32_t n = choose(sents, 1 + roll(roll(8) ? 4 : BURST)), i, count = 0;

	for (i = 0; i < n; i++) {
		if (!count || !rig.ring.in_order || sents[i - 1]->written < sents[i - 1]->chain.writable ||
		    roll(3) == 0)
			entries[count++].chains = 0;
		entries[count - 1].id = sents[i]->chain.id;
		entries[count - 1].len = sents[i]->written;
		entries[count - 1].chains++;
	}
	if (n)
		spec_write_used(&rig.ring, entries, count);
	read_returned(sents, n);
}

/* The driver's program has got a chain back. */
static void check_got(struct sent *sent)
{
	uint8_t bytes[CHAIN_BYTES], back[CHAIN_BYTES];
	struct iovec iov[2 * SPEC_ELEMENTS];
	struct dpu_virtq_chain chain = view(&sent->chain, iov);

	pattern(bytes, sizeof(bytes), ~sent->seed);
	chain.iov += chain.read_count;
	chain.read_count = chain.write_count;
	dpu_virtq_chain_read(&chain, 0, back, sent->written);
	expect(!memcmp(bytes, back, sent->written), "what the device has written");
	rig.got = spec_advance(&rig.ring, rig.got, rig.ring.packed ? sent->chain.descs : 1);
	rig.used_descs -= sent->chain.descs;
	free_sent(sent);
}

static void engine_get(void)
{
	struct dpu_virtq_chain chains[BURST];
	uint32_t n = 1 + roll(roll(8) ? 4 : BURST), i, want = n < rig.used.count ? n : rig.used.count;
	struct sent *sent;

	expect(dpu_virtq_pending(rig.driver) == rig.used.count, "how many are used");
	if (!expect(dpu_virtq_get(rig.driver, chains, n) == (int)want, "how many come back"))
		return;
	for (i = 0; i < want; i++) {
		sent = take(&rig.used, 0);
		if (expect(chains[i].cookie == sent, "a cookie"))
			expect(chains[i].written == sent->written, "bytes written, to the driver");
		check_got(sent);
	}
}

static void model_get(void)
{
	if (rig.used.count)
		check_got(take(&rig.used, 0));
}

/* Whether to notify: an engine must say just what the model does. */
static void ask(struct dpu_virtq *vq, enum spec_side side)
{
	uint32_t count = rig.told[side].count;
	bool must_notify = spec_must_notify(&rig.ring, side, rig.told[side].from, count);
	int says;

	if (!vq) {
		rig.told[side].count = 0;
		return;
	}
	says = dpu_virtq_should_notify(vq);
	/* A ring's whole lap, and it may be asked for too much. */
	if (must_notify || count < rig.ring.size)
		expect(says == must_notify, "should_notify");
	rig.told[side].count = 0;
}

/* While a side asks to be notified, the next entry that it has not taken must notify. */
static void check_wish(enum spec_side side)
{
	struct spec_place next = side == SPEC_DEVICE ? rig.took : rig.got;

	if (rig.told[side].known && rig.told[side].on)
		expect(spec_must_notify(&rig.ring, side == SPEC_DEVICE ? SPEC_DRIVER : SPEC_DEVICE, next, 1),
		       "the next entry notifies");
}

static void wish(struct dpu_virtq *vq, enum spec_side side)
{
	struct spec_place next = side == SPEC_DEVICE ? rig.took : rig.got;
	uint32_t waiting = side == SPEC_DEVICE ? rig.available.count : rig.used.count;
	enum spec_side other = side == SPEC_DEVICE ? SPEC_DRIVER : SPEC_DEVICE;
	bool on = roll(3);

	if (!vq) {
		next = spec_advance(&rig.ring, next, roll(2) ? roll(4) : roll(rig.ring.size));
		spec_write_wish(&rig.ring, side, rig.ring.event_idx && roll(4) ? SPEC_PLACE : roll(2), next);
		return;
	}
	expect(dpu_virtq_notify(vq, on) == (waiting != 0), "what notify says");
	rig.told[side].on = on;
	rig.told[side].known = true;
	if (!on)
		expect(!spec_must_notify(&rig.ring, other, next, rig.ring.size), "no entry notifies");
}

/* 2.9: 15 bits of place and the wrap counter, or 16 bits of index. */
static void notification(void)
{
	struct spec_place place = rig.ring.next_avail, from = rig.took;
	uint32_t data = 7 | (uint32_t)place.at << 16 | (rig.ring.packed ? (uint32_t)place.wrap << 31 : 0);
	int waiting = 0;

	if (rig.driver)
		expect(dpu_virtq_notification(rig.driver, 7) == data, "what a notification carries");
	if (!rig.device || rig.ring.size > 1024)
		return;
	for (; from.at != place.at || (rig.ring.packed && from.wrap != place.wrap); waiting++)
		from = spec_advance(&rig.ring, from, 1);
	expect(dpu_virtq_notified(rig.device, data) == waiting, "how much a notification tells of");
}

static void make_device(void)
{
	must(dpu_virtq_create(&rig.opts, &rig.device) == 0);
}

/* The device goes, and another takes its place from the region. */
static void follow(void)
{
	struct dpu_virtq_state at;
	uint32_t n = rig.out.count;

	rig.device = dpu_virtq_unref(rig.device);
	make_device();
	memmove(&rig.available.at[n], rig.available.at, rig.available.count * sizeof(rig.available.at[0]));
	memcpy(rig.available.at, rig.out.at, n * sizeof(rig.out.at[0]));
	rig.available.count += n;
	rig.out.count = 0;
	rig.again += n;
	rig.told[SPEC_DEVICE].count = 0;
	rig.told[SPEC_DEVICE].known = false;
	dpu_virtq_get_state(rig.device, &at);
	expect(at.used == rig.ring.next_used.at && at.avail == rig.took.at, "where a device goes on");
	if (rig.ring.packed)
		expect(at.used_wrap == rig.ring.next_used.wrap && at.avail_wrap == rig.took.wrap,
		       "in which lap");
}

static void step(uint32_t bias)
{
	uint32_t op = roll(40);

	if (op < 8 + bias) {
		(rig.driver ? engine_add : model_add)();
	} else if (op < 20) {
		(rig.device ? engine_take : model_take)();
		check_wish(SPEC_DEVICE);
	} else if (op < 27) {
		(rig.device ? engine_return : model_return)();
	} else if (op < 34) {
		(rig.driver ? engine_get : model_get)();
		check_wish(SPEC_DRIVER);
	} else if (op == 34) {
		wish(rig.driver, SPEC_DRIVER);
	} else if (op == 35) {
		wish(rig.device, SPEC_DEVICE);
	} else if (op == 36) {
		notification();
	} else if (op == 37 && rig.region && roll(8) == 0) {
		follow();
	}
	if (roll(4))
		ask(rig.driver, SPEC_DRIVER);
	if (roll(4))
		ask(rig.device, SPEC_DEVICE);
	expect(!rig.driver || dpu_virtq_room(rig.driver) == room(), "how many descriptors are free");
	expect(!rig.ring.wrong, rig.ring.wrong);
	expect(!rig.driver || !dpu_virtq_error(rig.driver), "the driver runs");
	expect(!rig.device || !dpu_virtq_error(rig.device), "the device runs");
}

/* Where the ring begins: at its beginning, or anywhere. */
static struct spec_place some_place(void)
{
	bool packed = rig.ring.packed;

	if (roll(2))
		return (struct spec_place){ 0, packed };
	return (struct spec_place){ (uint16_t)(packed ? roll(rig.ring.size) : 65536 - 1 - roll(300)),
				    packed && roll(2) };
}

static void make_ring(void)
{
	size_t avail, used;
	int bytes;

	bytes = dpu_virtq_ring_size(rig.ring.packed ? DPU_VIRTQ_PACKED : DPU_VIRTQ_SPLIT, rig.ring.size,
				    &avail, &used);
	must(bytes > 0 && (rig.ring.desc = aligned_alloc(4096, ((size_t)bytes + 4095) / 4096 * 4096)));
	memset(rig.ring.desc, 0, (size_t)bytes);
	rig.ring.avail = (char *)rig.ring.desc + avail;
	rig.ring.used = (char *)rig.ring.desc + used;
	rig.ring.regions = rig.regions;
	rig.ring.roll = roll;
	spec_begin(&rig.ring, some_place());
	rig.took = rig.got = rig.ring.next_avail;
}

static void make_engines(bool driver, bool device, uint64_t features)
{
	struct spec_place place = rig.ring.next_avail;
	struct dpu_virtq_state at = { place.at, place.at, place.wrap, place.wrap, 0 };
	DPU_OPTS(dpu_virtq_opts, opts, .features = features, .memory = rig.map, .state = &at);

	opts.layout = rig.ring.packed ? DPU_VIRTQ_PACKED : DPU_VIRTQ_SPLIT;
	opts.size = rig.ring.size;
	opts.desc = rig.ring.desc;
	opts.avail = rig.ring.avail;
	opts.used = rig.ring.used;
	rig.opts = opts;
	if (driver && rig.ring.indirect) {
		opts.indirect = rig.tables;
		opts.indirect_max = TABLE_MAX;
	}
	must(!driver || dpu_virtq_create(&opts, &rig.driver) == 0);
	rig.opts.side = DPU_VIRTQ_DEVICE;
	if (device && roll(2)) {
		rig.opts.inflight_size =
			(size_t)dpu_virtq_inflight_size((enum dpu_virtq_layout)opts.layout, opts.size);
		must((rig.region = aligned_alloc(8, rig.opts.inflight_size)));
		memset(rig.region, 0, rig.opts.inflight_size);
		rig.opts.inflight = rig.region;
	}
	if (device)
		make_device();
	/* Rings of zeros ask for the first entry. */
	rig.told[SPEC_DRIVER].on = rig.told[SPEC_DEVICE].on = true;
	rig.told[SPEC_DRIVER].known = driver && !place.at;
	rig.told[SPEC_DEVICE].known = device && !place.at;
	rig.opts.state = NULL;
}

static void end_list(struct list *list)
{
	while (list->count)
		free(take(list, 0));
	free(list->at);
}

static void end(void)
{
	dpu_virtq_unref(rig.driver);
	dpu_virtq_unref(rig.device);
	dpu_memory_map_unref(rig.map);
	end_list(&rig.available);
	end_list(&rig.out);
	end_list(&rig.used);
	spec_end(&rig.ring);
	free(rig.ring.desc);
	free(rig.memory);
	free(rig.tables);
	free(rig.slots);
	free(rig.region);
}

static bool run(uint32_t sides, bool packed, uint32_t size, uint64_t features, uint64_t steps)
{
	bool driver = sides & 1, device = sides & 2;
	uint64_t i;
	uint32_t bias = 0;

	memset(&rig, 0, sizeof(rig));
	rig.ring.packed = packed;
	rig.ring.size = size;
	rig.ring.strict = driver;
	rig.ring.indirect = features & DPU_VIRTIO_F_INDIRECT_DESC;
	rig.ring.event_idx = features & DPU_VIRTIO_F_EVENT_IDX;
	rig.ring.in_order = features & DPU_VIRTIO_F_IN_ORDER;
	make_ring();
	make_memory(driver);
	make_engines(driver, device, features | DPU_VIRTIO_F_NOTIFICATION_DATA | DPU_VIRTIO_F_VERSION_1);
	wrong = NULL;
	for (i = 0; i < steps && !wrong; i++) {
		if (i % 256 == 0)
			bias = roll(12);
		step(bias);
	}
	if (wrong)
		tap_diag("size %u, step %" PRIu64 ": %s", size, i, wrong);
	end();
	return !wrong;
}

int main(void)
{
	static const uint32_t sizes[] = { 1, 2, 3, 4, 5, 8, 16, 33, 64, 255, 256, 1021, 1024, 32768 };
	static const char *const names[] = { "", "the driver", "the device", "both sides" };
	static const uint64_t bits[] = { DPU_VIRTIO_F_INDIRECT_DESC, DPU_VIRTIO_F_EVENT_IDX,
					 DPU_VIRTIO_F_IN_ORDER };
	const char *seed = getenv("SEED"), *steps = getenv("STEPS");
	uint64_t each = (steps ? strtoull(steps, NULL, 0) : 1500000) / (3 * 2 * 8 * 14), features;
	uint32_t sides, packed, set, bit, i, size;
	bool right;

	state = seed ? strtoull(seed, NULL, 0) : 20261121;
	state += !state;
	tap_diag("SEED=%" PRIu64, state);
	for (sides = 1; sides <= 3; sides++) {
		for (packed = 0; packed < 2; packed++) {
			for (set = 0; set < 8; set++) {
				for (features = 0, bit = 0; bit < 3; bit++)
					features |= set & 1 << bit ? bits[bit] : 0;
				for (i = 0, right = true; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
					size = sizes[i];
					if (!packed)
						size = 1u << (31 - __builtin_clz(size));
					right &= run(sides, packed, size, features, each);
				}
				ok(right, "%s, %s, features 0x%" PRIx64 ": as the specification has it",
				   names[sides], packed ? "packed" : "split", features);
			}
		}
	}
	return tap_done();
}
