/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rings that Linux and DPDK wrote, tests/vectors: the device side gives the chains that the recorder found in
 * them, and returns them as the recorder did, which those drivers took. Both know nothing of libdpu. */
#include <dpu/memory.h>
#include <dpu/virtq.h>
#include <endian.h>
#include <errno.h>
#include <glob.h>
#include "tap.h"

#define HEADER 12
#define PAGE 4096
#define REGIONS 512
#define CHAINS 256
#define ELEMENTS 32
#define HEX_LINE 128
#define ROUNDS 300
#define FLIPS 20

struct region {
	uint64_t addr, size;
	unsigned char *ptr;
};

struct expected {
	uint64_t addr[ELEMENTS];
	uint32_t len[ELEMENTS];
	uint32_t crc;
	uint16_t head, read_count, write_count;
};

struct returned {
	uint32_t index, written;
	uint16_t head, flags;
};

/* One snapshot of a vector; the first lines of the file hold for all in it. */
struct snapshot {
	char file[64], name[32], content[16];
	uint64_t features, rings[3];
	bool packed;
	uint32_t size, waiting;
	struct dpu_virtq_state state;
	struct region regions[REGIONS];
	struct expected chains[CHAINS]; /* those that are out come first */
	struct returned returned[CHAINS];
	uint32_t region_count, out_count, chain_count, returned_count;
};

static struct snapshot vector;
static uint64_t seed;
static uint32_t scribbled, stopped;
static struct dpu_virtq_chain got[CHAINS];
static struct iovec iov[CHAINS][ELEMENTS];

static unsigned char *find(uint64_t addr, uint64_t len)
{
	uint32_t i;

	for (i = 0; i < vector.region_count; i++) {
		struct region *region = &vector.regions[i];

		if (addr >= region->addr && addr + len <= region->addr + region->size)
			return region->ptr + (addr - region->addr);
	}
	must(!"an address of the vector is in one of its regions");
	return NULL;
}

static bool in_regions(const void *ptr, size_t len)
{
	uint32_t i;

	for (i = 0; i < vector.region_count; i++) {
		struct region *region = &vector.regions[i];

		if ((uintptr_t)ptr >= (uintptr_t)region->ptr &&
		    (uintptr_t)ptr + len <= (uintptr_t)region->ptr + region->size)
			return true;
	}
	return false;
}

static uint32_t random_below(size_t limit)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)((seed >> 33) % limit);
}

static void read_region(const char *line)
{
	struct region *region = &vector.regions[vector.region_count++];

	must(vector.region_count <= REGIONS);
	must(sscanf(line, "%" SCNx64 " %" SCNx64, &region->addr, &region->size) == 2);
	must(posix_memalign((void **)&region->ptr, PAGE, region->size) == 0);
	memset(region->ptr, 0, region->size);
}

static void read_bytes(const char *line)
{
	char hex[2 * HEX_LINE + 1];
	unsigned char *to;
	uint64_t addr;
	unsigned int byte;
	size_t i, len;

	must(sscanf(line, "%" SCNx64 " %256s", &addr, hex) == 2);
	len = strlen(hex) / 2;
	to = find(addr, len);
	for (i = 0; i < len; i++) {
		must(sscanf(hex + 2 * i, "%2x", &byte) == 1);
		to[i] = (unsigned char)byte;
	}
}

static void read_chain(const char *line)
{
	struct expected *chain = &vector.chains[vector.out_count + vector.chain_count];
	uint32_t count;
	char kind;
	int used;

	must(vector.out_count + vector.chain_count < CHAINS);
	must(sscanf(line, "%" SCNu16 " %" SCNx32 "%n", &chain->head, &chain->crc, &used) == 2);
	chain->read_count = chain->write_count = 0;
	for (count = 0, line += used; count < ELEMENTS; count++, line += used) {
		if (sscanf(line, " %c:%" SCNx64 ":%" SCNu32 "%n", &kind, &chain->addr[count],
			   &chain->len[count], &used) != 3)
			break;
		must(kind == 'w' || (kind == 'r' && !chain->write_count));
		*(kind == 'r' ? &chain->read_count : &chain->write_count) += 1;
	}
	must(count > 0 && count < ELEMENTS);
}

static void read_returned(const char *line)
{
	struct returned *returned = &vector.returned[vector.returned_count++];

	must(vector.returned_count <= CHAINS);
	must(sscanf(line, "%" SCNu32 " %" SCNu16 " %" SCNu32 " %" SCNu16, &returned->index, &returned->head,
		    &returned->written, &returned->flags) == (vector.packed ? 4 : 3));
}

static void begin_snapshot(const char *line)
{
	while (vector.region_count)
		free(vector.regions[--vector.region_count].ptr);
	vector.out_count = vector.chain_count = vector.returned_count = 0;
	must(sscanf(line, "%31s", vector.name) == 1);
}

static void read_line(const char *line)
{
	int wraps = vector.packed ? 2 : 1;
	char word[16];
	int used;

	if (sscanf(line, "%15s %n", word, &used) != 1 || !strcmp(word, "peer"))
		return;
	line += used;
	if (!strcmp(word, "features"))
		must(sscanf(line, "%" SCNx64, &vector.features) == 1);
	else if (!strcmp(word, "layout"))
		vector.packed = !strcmp(line, "packed\n");
	else if (!strcmp(word, "content"))
		must(sscanf(line, "%15s", vector.content) == 1);
	else if (!strcmp(word, "snapshot"))
		begin_snapshot(line);
	else if (!strcmp(word, "size"))
		must(sscanf(line, "%" SCNu32, &vector.size) == 1);
	else if (!strcmp(word, "rings"))
		must(sscanf(line, "%" SCNx64 " %" SCNx64 " %" SCNx64, &vector.rings[0], &vector.rings[1],
			    &vector.rings[2]) == 3);
	else if (!strcmp(word, "avail"))
		must(sscanf(line, "%" SCNu16 " %" SCNu8, &vector.state.avail, &vector.state.avail_wrap) ==
		     wraps);
	else if (!strcmp(word, "used"))
		must(sscanf(line, "%" SCNu16 " %" SCNu8, &vector.state.used, &vector.state.used_wrap) ==
		     wraps);
	else if (!strcmp(word, "waiting"))
		must(sscanf(line, "%" SCNu32, &vector.waiting) == 1);
	else if (!strcmp(word, "region"))
		read_region(line);
	else if (!strcmp(word, "bytes"))
		read_bytes(line);
	else if (!strcmp(word, "out"))
		read_chain(line), vector.out_count++;
	else if (!strcmp(word, "chain"))
		read_chain(line), vector.chain_count++;
	else if (!strcmp(word, "returned"))
		read_returned(line);
	else
		must(!"a word of the vector is known");
}

static uint32_t crc32(const unsigned char *data, size_t len)
{
	uint32_t crc = UINT32_MAX;
	int bit;

	while (len--) {
		crc ^= *data++;
		for (bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	return ~crc;
}

static struct dpu_virtq *make_queue(const struct dpu_virtq_state *state, void *inflight, size_t inflight_size)
{
	size_t desc_size = vector.size * 16, other_size = vector.packed ? 4 : 6 + vector.size * 2;
	struct dpu_memory_map *map;
	struct dpu_virtq *vq;
	uint32_t i;

	must(dpu_memory_map_create(&map) == 0);
	for (i = 0; i < vector.region_count; i++)
		must(dpu_memory_map_add(map, vector.regions[i].addr, vector.regions[i].size,
					vector.regions[i].ptr) == 0);
	DPU_OPTS(dpu_virtq_opts, opts, .features = vector.features, .desc = find(vector.rings[0], desc_size),
		 .avail = find(vector.rings[1], other_size), .used = find(vector.rings[2], other_size),
		 .memory = map, .state = state, .inflight = inflight, .inflight_size = inflight_size,
		 .layout = vector.packed ? DPU_VIRTQ_PACKED : DPU_VIRTQ_SPLIT, .side = DPU_VIRTQ_DEVICE,
		 .size = vector.size);
	must(dpu_virtq_create(&opts, &vq) == 0);
	dpu_memory_map_unref(map);
	return vq;
}

/* What libdpu made of a chain is what the recorder made of it: pointers, not only bytes. */
static bool same(const struct dpu_virtq_chain *chain, const struct expected *expected)
{
	unsigned char data[1 << 16];
	uint32_t i, count = expected->read_count + expected->write_count;
	size_t len;

	if (chain->head != expected->head || chain->read_count != expected->read_count ||
	    chain->write_count != expected->write_count)
		return false;
	for (i = 0; i < count; i++) {
		if (chain->iov[i].iov_len != expected->len[i] ||
		    chain->iov[i].iov_base != find(expected->addr[i], expected->len[i]))
			return false;
	}
	len = dpu_virtq_chain_read(chain, 0, data, sizeof(data));
	return len < sizeof(data) && crc32(data, len) == expected->crc;
}

/* What the guest's program put into its packets: see payload() in tests/vectors/guest.py. */
static bool pattern(const unsigned char *frame, size_t len, uint32_t *number)
{
	size_t start = 14 + 20 + (frame[14 + 9] == 17 ? 8 : 20), i;
	const unsigned char *data = frame + start;
	uint32_t said[2];

	if (len < start + 12 || memcmp(data, "DPUV", 4) != 0)
		return false;
	memcpy(said, data + 4, sizeof(said));
	if (le32toh(said[1]) != len - start || (*number && le32toh(said[0]) != *number + 1))
		return false;
	*number = le32toh(said[0]);
	for (i = 12; i < len - start; i++) {
		if (data[i] != (unsigned char)(*number * 31 + i * 7 + (i >> 8) * 5))
			return false;
	}
	return true;
}

/* What testpmd sends: UDP from 198.18.0.1 to 198.18.0.2, port 9, with lengths and a checksum. */
static bool testpmd(const unsigned char *frame, size_t len)
{
	static const unsigned char addresses[] = { 198, 18, 0, 1, 198, 18, 0, 2, 0, 9, 0, 9 };
	uint32_t sum = 0;
	int i;

	if (len < 42 || memcmp(frame + 12, "\x08\x00\x45", 3) != 0 || memcmp(frame + 26, addresses, 12) != 0)
		return false;
	for (i = 14; i < 34; i += 2)
		sum += (uint32_t)frame[i] << 8 | frame[i + 1];
	return sum % 0xffff == 0 && ((uint32_t)frame[16] << 8 | frame[17]) == len - 14 &&
	       ((uint32_t)frame[38] << 8 | frame[39]) == len - 34;
}

static bool content(const struct dpu_virtq_chain *chain, uint32_t *number)
{
	unsigned char data[1 << 16];
	size_t len = dpu_virtq_chain_read(chain, 0, data, sizeof(data));

	if (len < HEADER + 64 - 4)
		return false;
	if (!strcmp(vector.content, "testpmd"))
		return testpmd(data + HEADER, len - HEADER);
	return pattern(data + HEADER, len - HEADER, number);
}

static void check_chains(const struct expected *expected, uint32_t count, const char *how)
{
	bool send = !strncmp(vector.name, "tx-", 3), all = true, meant = true;
	uint32_t i, number = 0;

	for (i = 0; i < count; i++) {
		if (!same(&got[i], &expected[i])) {
			tap_diag("chain %" PRIu32 " of %" PRIu32 ", head %u", i, count, expected[i].head);
			all = false;
		} else if (send) {
			meant &= content(&got[i], &number);
		}
	}
	ok(all, "%s %s: %" PRIu32 " chains%s", vector.file, vector.name, count, how);
	if (send)
		ok(all && meant, "%s %s: they are what the driver's program sent%s", vector.file, vector.name,
		   how);
}

static void room_for(uint32_t i, uint32_t elements)
{
	got[i] = (struct dpu_virtq_chain){ .iov = iov[i], .iov_max = elements };
}

/* In bursts of odd sizes. One may end early where those end that are given again. */
static void pop_bursts(struct dpu_virtq *vq, const struct expected *expected, uint32_t count, const char *how)
{
	uint32_t i, have = 0, burst = 1;
	int rc = 1;

	for (i = 0; i < count; i++)
		room_for(i, ELEMENTS);
	for (; have < count && rc > 0; have += rc > 0 ? (uint32_t)rc : 0, burst = burst * 2 + 1)
		rc = dpu_virtq_pop(vq, got + have, burst < count - have ? burst : count - have);
	ok(have == count, "%s %s: there are as many%s", vector.file, vector.name, how);
	if (have < count)
		tap_diag("%" PRIu32 " of %" PRIu32 ", then %d, %s", have, count, rc,
			 rc == -EIO ? dpu_virtq_error(vq) : "not stopped");
	must(have == count);
	check_chains(expected, count, how);
}

/* Where the ring says that chains are used; compared as numbers, since what a device need not write is its
 * own affair. */
static bool told(const struct returned *returned, uint16_t used)
{
	const unsigned char *at = find(vector.rings[vector.packed ? 0 : 2], 4);
	uint16_t index, id, flags;
	uint32_t elem[2];

	if (vector.packed) {
		memcpy(elem, at + returned->index * 16 + 8, 4);
		memcpy(&id, at + returned->index * 16 + 12, 2);
		memcpy(&flags, at + returned->index * 16 + 14, 2);
		return le16toh(id) == returned->head && le16toh(flags) == returned->flags &&
		       (!returned->written || le32toh(elem[0]) == returned->written);
	}
	memcpy(elem, at + 4 + returned->index * 8, 8);
	memcpy(&index, at + 2, 2);
	return le32toh(elem[0]) == returned->head && le32toh(elem[1]) == returned->written &&
	       le16toh(index) == used;
}

/* Returns what was popped, as the recorder did. */
static void push_all(struct dpu_virtq *vq, uint32_t count)
{
	bool all = true;
	uint32_t i, j;

	for (i = 0; i < vector.returned_count; i++) {
		const struct returned *returned = &vector.returned[i];

		for (j = 0; j < count && got[j].head != returned->head; j++)
			;
		must(j < count);
		got[j].written = returned->written;
		must(dpu_virtq_push(vq, &got[j], 1) == 0);
		if (!told(returned, (uint16_t)(vector.state.used + i + 1))) {
			tap_diag("chain %u, the %" PRIu32 "th that was returned", returned->head, i);
			all = false;
		}
	}
	ok(all, "%s %s: %" PRIu32 " chains are returned as the driver took it", vector.file, vector.name, i);
	is_int(dpu_virtq_room(vq), count - vector.returned_count);
}

/* A device that comes after one that had nothing out. */
static void test_from_used(void)
{
	struct dpu_virtq_state state = vector.state;
	uint32_t count = vector.out_count + vector.chain_count;
	struct dpu_virtq *vq;

	state.avail = state.used;
	state.avail_wrap = state.used_wrap;
	vq = make_queue(&state, NULL, 0);
	is_int(dpu_virtq_pending(vq), vector.out_count + vector.waiting);
	pop_bursts(vq, vector.chains, count, "");
	if (vector.waiting == vector.chain_count) {
		must(count < CHAINS);
		room_for(count, ELEMENTS);
		is_int(dpu_virtq_pop(vq, &got[count], 1), 0);
	}
	push_all(vq, count);
	dpu_virtq_unref(vq);
}

/* A device that goes on where one stopped whose chains are not known: only those after them. One by one, and
 * with no more room than they need. */
static void test_from_avail(void)
{
	const struct expected *expected = vector.chains + vector.out_count;
	struct dpu_virtq *vq = make_queue(&vector.state, NULL, 0);
	struct dpu_virtq_state state;
	uint32_t i, elements;
	bool refused = true;

	for (i = 0; i < vector.chain_count; i++) {
		elements = expected[i].read_count + expected[i].write_count;
		room_for(i, elements - 1);
		refused &= elements == 1 || dpu_virtq_pop(vq, &got[i], 1) == -E2BIG;
		room_for(i, elements);
		must(dpu_virtq_pop(vq, &got[i], 1) == 1);
	}
	ok(refused, "%s %s: no chain is cut short", vector.file, vector.name);
	check_chains(expected, vector.chain_count, ", one by one");
	dpu_virtq_get_state(vq, &state);
	ok(state.used == vector.state.used && state.used_wrap == vector.state.used_wrap,
	   "%s %s: nothing was returned", vector.file, vector.name);
	dpu_virtq_unref(vq);
}

/* A device that died with chains out, and one that finds them in the in-flight region. */
static void test_recovery(void)
{
	int size = dpu_virtq_inflight_size(vector.packed ? DPU_VIRTQ_PACKED : DPU_VIRTQ_SPLIT, vector.size);
	uint32_t i, count = vector.out_count + vector.chain_count;
	struct dpu_virtq_state state = vector.state;
	struct dpu_virtq *vq;
	void *inflight;

	must(size > 0 && posix_memalign(&inflight, 64, (size_t)size) == 0);
	memset(inflight, 0, (size_t)size);
	state.avail = state.used;
	state.avail_wrap = state.used_wrap;
	vq = make_queue(&state, inflight, (size_t)size);
	for (i = 0; i < vector.out_count; i++) {
		room_for(i, ELEMENTS);
		must(dpu_virtq_pop(vq, &got[i], 1) == 1);
	}
	dpu_virtq_get_state(vq, &state);
	ok(state.avail == vector.state.avail && state.avail_wrap == vector.state.avail_wrap,
	   "%s %s: the recorded position is reached", vector.file, vector.name);
	dpu_virtq_unref(vq);
	vq = make_queue(NULL, inflight, (size_t)size);
	pop_bursts(vq, vector.chains, count, ", some of them again");
	push_all(vq, count);
	dpu_virtq_unref(vq);
	free(inflight);
}

static void flip(unsigned char *flipped[FLIPS], unsigned char bits[FLIPS])
{
	/* The used ring of a split queue is the device's own. */
	size_t sizes[] = { vector.size * 16, 4 + vector.size * 2 };
	uint32_t i, part;

	for (i = 0; i < FLIPS; i++) {
		part = vector.packed ? 0 : random_below(2);
		bits[i] = (unsigned char)(1U << random_below(8));
		flipped[i] = find(vector.rings[part] + random_below(sizes[part]), 1);
		*flipped[i] ^= bits[i];
	}
}

/* Takes what can be taken of a ring with wrong bits: all of it lies in the driver's memory. */
static bool take_scribbled(void)
{
	struct dpu_virtq *vq = make_queue(&vector.state, NULL, 0);
	uint32_t i, j;
	int rc = 1;

	for (i = 0; i < vector.chain_count && rc > 0; i++) {
		room_for(0, ELEMENTS);
		rc = dpu_virtq_pop(vq, got, 1);
		for (j = 0; rc > 0 && j < (uint32_t)got->read_count + got->write_count; j++)
			must(in_regions(got->iov[j].iov_base, got->iov[j].iov_len));
	}
	must(rc >= 0 || rc == -E2BIG || (rc == -EIO && dpu_virtq_error(vq)));
	dpu_virtq_unref(vq);
	return rc == -EIO;
}

static void test_scribbled(void)
{
	unsigned char *flipped[FLIPS], bits[FLIPS];
	uint32_t round, i;

	for (round = 0; round < ROUNDS; round++) {
		flip(flipped, bits);
		scribbled++;
		stopped += take_scribbled();
		for (i = FLIPS; i--;)
			*flipped[i] ^= bits[i];
	}
}

static void each_snapshot(const char *path, void (*test)(void))
{
	char line[4096];
	FILE *file = fopen(path, "r");

	must(file);
	memset(&vector, 0, sizeof(vector));
	snprintf(vector.file, sizeof(vector.file), "%s", strrchr(path, '/') + 1);
	while (fgets(line, sizeof(line), file)) {
		must(strchr(line, '\n'));
		if (!strncmp(line, "snapshot ", 9) && vector.region_count)
			test();
		read_line(line);
	}
	must(vector.chain_count);
	test();
	begin_snapshot("end");
	fclose(file);
}

int main(void)
{
	const char *top = getenv("top_srcdir");
	char pattern_of_files[4096];
	glob_t files;
	size_t i;

	seed = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 0) : 20261121;
	tap_diag("SEED=%" PRIu64, seed);
	snprintf(pattern_of_files, sizeof(pattern_of_files), "%s/tests/vectors/*.vec", top ? top : ".");
	must(glob(pattern_of_files, 0, NULL, &files) == 0 && files.gl_pathc == 9);
	for (i = 0; i < files.gl_pathc; i++) {
		each_snapshot(files.gl_pathv[i], test_from_used);
		each_snapshot(files.gl_pathv[i], test_from_avail);
		each_snapshot(files.gl_pathv[i], test_recovery);
		each_snapshot(files.gl_pathv[i], test_scribbled);
	}
	globfree(&files);
	ok(stopped && stopped < scribbled, "%" PRIu32 " of %" PRIu32 " queues with wrong bits have stopped",
	   stopped, scribbled);
	return tap_done();
}
