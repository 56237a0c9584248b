/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random requests to a vhost-user-blk back-end, such as vhost-blk or qemu-storage-daemon: how many it does in
 * a second, and how long each takes; or whether what was written is read back. It goes on when the back-end
 * is followed by another one, and ends early, with all that belongs to it, when it is interrupted. */
#include <dpu/dpu.h>
#include <endian.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEPTH_MAX 1024
#define SIZE_MAX_BYTES (1u << 20)
#define LANES_MAX 64
#define BURST 32
/* Descriptors of a request: header, data, status. */
#define ELEMENTS 3
/* Blocks that are verified, so few that each is written often. */
#define VERIFY_BLOCKS 2048
/* One request in so many makes those before it stable. */
#define FLUSH_EACH 64
/* Rounds over the queues between two looks at the connection, while polling. */
#define ROUNDS 1024
#define WAIT_MS 100
/* For an answer, or for a back-end. */
#define PATIENCE_NS UINT64_C(30000000000)
#define STEPS 32 /* buckets of a power of two */
#define BUCKETS (STEPS * 48)

enum mode { READ, WRITE, VERIFY };

struct slot {
	struct dpu_virtio_blk_req *req;
	uint8_t *data;
	uint64_t begin; /* nanoseconds */
	uint64_t block;
	struct dpu_virtq_chain chain;
	struct iovec iov[ELEMENTS];
	uint32_t type;
	uint32_t generation; /* what a write stores */
};

struct lane {
	struct dpu_virtq *vq;  /* kept over connections, because it may go on */
	struct dpu_virtq *run; /* the same, while it is started */
};

struct block {
	uint32_t generation; /* 0: was never written */
	bool busy;
};

static struct options {
	const char *socket;
	unsigned long depth, size, seconds, count, seed;
	enum mode mode;
	bool poll;
} options = { .depth = 32, .size = 4096 };

static struct dpu_vhost *vhost;
static struct lane lanes[LANES_MAX];
static uint32_t lane_count, next_lane;
static struct slot slots[DEPTH_MAX], *spare[DEPTH_MAX];
static struct slot *again[DEPTH_MAX]; /* were out of queues that have not gone on */
static unsigned long spares, agains;
static struct block *blocks;
static uint64_t block_count, random_state, buckets[BUCKETS], latency_sum, latency_max;
static uint64_t begun, ended, sent, answered, checked, written, flushed, reconnections, were_out;
static uint64_t last_answer, check_next;
static bool failed, draining, checking, flushes;
static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void complain(const struct slot *slot, const char *what)
{
	fprintf(stderr, "block %llu: %s\n", (unsigned long long)slot->block, what);
	failed = true;
}

static void latency_add(uint64_t ns)
{
	uint32_t shift = ns < 2 * STEPS ? 0 : (uint32_t)(63 - __builtin_clzll(ns / STEPS));

	buckets[(shift * STEPS + (ns >> shift)) % BUCKETS]++;
	latency_sum += ns;
	if (ns > latency_max)
		latency_max = ns;
}

static double latency_us(double part)
{
	uint64_t seen = 0, want = (uint64_t)((double)answered * part);
	uint32_t i, shift;

	for (i = 0; i < BUCKETS - 1 && seen + buckets[i] <= want; i++)
		seen += buckets[i];
	shift = i < 2 * STEPS ? 0 : i / STEPS - 1;
	return (double)((uint64_t)(i - shift * STEPS) << shift) / 1e3;
}

/* A block begins with its number and generation; what follows depends on these and on the seed. */
static uint64_t word_of(const struct slot *slot, uint64_t at)
{
	uint64_t word = options.seed + slot->block * UINT64_C(0x9e3779b97f4a7c15) +
			((uint64_t)slot->generation << 32) + at;

	if (at < 2)
		return htole64(at ? slot->generation : slot->block);
	word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
	return word ^ word >> 31;
}

static void fill(const struct slot *slot)
{
	uint64_t i, word;

	for (i = 0; i < options.size / sizeof(word); i++) {
		word = word_of(slot, i);
		memcpy(slot->data + i * sizeof(word), &word, sizeof(word));
	}
}

static void check(const struct slot *slot)
{
	uint64_t i, word;
	char text[160];

	for (i = 0; i < options.size / sizeof(word); i++) {
		memcpy(&word, slot->data + i * sizeof(word), sizeof(word));
		if (word == word_of(slot, i))
			continue;
		memcpy(&word, slot->data, sizeof(word));
		snprintf(text, sizeof(text),
			 "generation %u is not there: other from byte %llu on; begins as block %llu would",
			 slot->generation, (unsigned long long)(i * sizeof(word)),
			 (unsigned long long)le64toh(word));
		complain(slot, text);
		return;
	}
	checked++;
}

/* A block that no request is out for: random, or at the end one after the other. */
static bool choose_block(struct slot *slot)
{
	if (checking) {
		while (check_next < block_count && !blocks[check_next].generation)
			check_next++;
		slot->block = check_next++;
		return slot->block < block_count;
	}
	slot->block = next_random() % block_count;
	if (options.mode != VERIFY)
		return true;
	while (blocks[slot->block].busy)
		slot->block = (slot->block + 1) % block_count;
	return true;
}

static void choose_type(struct slot *slot)
{
	struct block *block;

	slot->type = options.mode == READ || checking ? DPU_VIRTIO_BLK_T_IN : DPU_VIRTIO_BLK_T_OUT;
	if (options.mode != VERIFY)
		return;
	block = &blocks[slot->block];
	block->busy = true;
	slot->generation = block->generation;
	if (flushes && !checking && sent % FLUSH_EACH == FLUSH_EACH - 1) {
		slot->type = DPU_VIRTIO_BLK_T_FLUSH;
	} else if (!checking && block->generation && next_random() & 1) {
		slot->type = DPU_VIRTIO_BLK_T_IN;
	} else if (!checking) {
		slot->generation++;
		fill(slot);
	}
	if (slot->type == DPU_VIRTIO_BLK_T_IN)
		memset(slot->data, 0, options.size);
}

static void make(struct slot *slot)
{
	bool flush = slot->type == DPU_VIRTIO_BLK_T_FLUSH;
	uint64_t sector = slot->block * (options.size / DPU_VIRTIO_BLK_SECTOR_SIZE);
	struct iovec data = { slot->data, options.size };

	slot->chain = (struct dpu_virtq_chain){ .iov = slot->iov, .iov_max = ELEMENTS, .cookie = slot };
	dpu_virtio_blk_req_init(slot->req, slot->type, flush ? 0 : sector, &data, !flush, &slot->chain);
}

static void finish(struct slot *slot, uint32_t got, uint64_t now)
{
	int rc = dpu_virtio_blk_req_result(&slot->chain, got);

	if (!checking) {
		answered++;
		latency_add(now - slot->begin);
	}
	if (options.mode == VERIFY)
		blocks[slot->block].busy = false;
	if (rc < 0) {
		complain(slot, strerror(-rc));
	} else if (slot->type == DPU_VIRTIO_BLK_T_FLUSH) {
		flushed++;
	} else if (options.mode == VERIFY && slot->type == DPU_VIRTIO_BLK_T_IN) {
		check(slot);
	} else if (options.mode == VERIFY) {
		blocks[slot->block].generation = slot->generation;
		written++;
	}
	spare[spares++] = slot;
}

static bool has_more(void)
{
	return !draining && !failed && (!options.count || sent < options.count || checking);
}

/* There is room in each queue for all requests. */
static void add(struct lane *lane, struct slot *slot)
{
	make(slot);
	if (dpu_virtq_add(lane->run, &slot->chain, 1) != 1)
		complain(slot,
			 dpu_virtq_error(lane->run) ? dpu_virtq_error(lane->run) : "no room in the queue");
}

/* The next request, or NULL. */
static struct slot *next_request(uint64_t now)
{
	struct slot *slot;

	if (agains)
		return again[--agains];
	if (!spares || !has_more())
		return NULL;
	slot = spare[spares - 1];
	if (!choose_block(slot)) {
		draining = true;
		return NULL;
	}
	choose_type(slot);
	slot->begin = now;
	spares--;
	sent++;
	return slot;
}

static struct lane *running_lane(void)
{
	uint32_t i;

	for (i = 0; i < lane_count; i++) {
		if (lanes[next_lane++ % lane_count].run)
			return &lanes[(next_lane - 1) % lane_count];
	}
	return NULL;
}

static void submit(uint64_t now)
{
	struct lane *lane;
	struct slot *slot;

	while (!failed && (lane = running_lane()) && (slot = next_request(now)))
		add(lane, slot);
	for (lane = lanes; lane < lanes + lane_count; lane++) {
		if (lane->run && dpu_virtq_should_notify(lane->run))
			dpu_vhost_notify(vhost, (uint32_t)(lane - lanes));
	}
}

/* Takes what has been answered; how much. */
static uint32_t reap(struct lane *lane, uint64_t *now)
{
	struct dpu_virtq_chain used[BURST];
	int i, n = dpu_virtq_get(lane->run, used, BURST);

	if (n < 0) {
		fprintf(stderr, "%s\n", dpu_virtq_error(lane->run));
		failed = true;
		return 0;
	}
	if (n)
		last_answer = *now = now_ns();
	for (i = 0; i < n; i++)
		finish(used[i].cookie, used[i].written, *now);
	return (uint32_t)n;
}

static uint32_t turn(void)
{
	uint64_t now = 0;
	uint32_t i, n = 0;

	for (i = 0; i < lane_count; i++) {
		if (lanes[i].run)
			n += reap(&lanes[i], &now);
	}
	if (n)
		submit(now);
	return n;
}

/* Takes back what is out of queues that other ones have followed; not all of them need have a successor. */
static void take_back(void)
{
	struct dpu_virtq_chain chain;
	struct lane *lane;

	for (lane = lanes; lane < lanes + lane_count; lane++) {
		if (!lane->vq || lane->vq == dpu_vhost_virtq(vhost, (uint32_t)(lane - lanes)))
			continue;
		while (dpu_virtq_detach(lane->vq, &chain, 1) == 1)
			again[agains++] = chain.cookie;
		lane->vq = dpu_virtq_unref(lane->vq);
	}
}

static void start(struct lane *lane, struct dpu_virtq *vq)
{
	take_back();
	if (!lane->vq)
		lane->vq = dpu_virtq_ref(vq);
	lane->run = vq;
	dpu_virtq_notify(vq, !options.poll);
	last_answer = now_ns();
	submit(last_answer);
}

/* The device is there: is it the one that is wanted? */
static void meet(void)
{
	DPU_OPTS(dpu_vhost_state, state);
	uint64_t capacity, count;

	dpu_vhost_state(vhost, &state);
	if (dpu_vhost_config_read(vhost, 0, &capacity, sizeof(capacity)) != sizeof(capacity)) {
		fprintf(stderr, "the back-end does not tell its capacity\n");
		failed = true;
		return;
	}
	flushes = state.features & DPU_VIRTIO_BLK_F_FLUSH;
	count = le64toh(capacity) / (options.size / DPU_VIRTIO_BLK_SECTOR_SIZE);
	if (options.mode == VERIFY && count > VERIFY_BLOCKS)
		count = VERIFY_BLOCKS;
	if ((options.mode != READ && state.offered & DPU_VIRTIO_BLK_F_RO) || count < block_count ||
	    count < (options.mode == VERIFY ? 2 * options.depth : 1)) {
		fprintf(stderr, "the device is read-only, or too small: %llu blocks\n",
			(unsigned long long)count);
		failed = true;
		return;
	}
	fprintf(stderr, "a back-end is there, with %llu blocks\n", (unsigned long long)count);
	if (block_count)
		return;
	block_count = count;
	begun = now_ns();
}

static void handle(const struct dpu_vhost_event *event)
{
	const char *error;

	if (event->type == DPU_VHOST_CONNECTED) {
		meet();
	} else if (event->type == DPU_VHOST_QUEUE_START && event->index < lane_count) {
		start(&lanes[event->index], dpu_vhost_virtq(vhost, event->index));
	} else if (event->type == DPU_VHOST_QUEUE_STOP && event->index < lane_count) {
		lanes[event->index].run = NULL;
	} else if (event->type == DPU_VHOST_DISCONNECTED) {
		reconnections++;
		were_out += options.depth - spares;
		error = event->value ? dpu_error_message(dpu_vhost_error(vhost)) : "it has ended";
		fprintf(stderr, "the back-end is gone: %s\n", error);
	}
}

/* Handles what has happened, and waits for it when nothing else is to be done. */
static int look(bool wait)
{
	DPU_OPTS(dpu_vhost_event, event);
	int rc = dpu_vhost_process(vhost, &event, wait ? WAIT_MS : 0);

	while (rc == 1) {
		handle(&event);
		rc = dpu_vhost_process(vhost, &event, 0);
	}
	return rc;
}

/* Until everything that was sent is answered. */
static int run(void)
{
	uint32_t rounds = 0, got = 0;
	uint64_t now;
	int rc;

	last_answer = now_ns();
	while (!failed && (has_more() || spares < options.depth)) {
		if (!got || rounds >= ROUNDS) {
			rc = look(!options.poll && !got);
			now = now_ns();
			if (rc < 0 && rc != -EINTR)
				return rc;
			if (begun && options.seconds && now - begun >= options.seconds * 1000000000)
				interrupted = 1;
			draining |= interrupted && !checking;
			if (now - last_answer > PATIENCE_NS)
				return -ETIMEDOUT;
			rounds = 0;
		}
		/* Polling, the connection is looked at only now and then. */
		do {
			got = turn();
			rounds += 1 + got * 16;
		} while (!got && options.poll && rounds < ROUNDS);
	}
	return 0;
}

static void report(void)
{
	static const char *const names[] = { "read", "write", "verify" };
	double time = (double)(ended - begun) / 1e9, rate = (double)answered / time;

	printf("%s, %lu bytes, depth %lu: %llu requests in %.3f s, %.0f IOPS, %.1f MB/s\n",
	       names[options.mode], options.size, options.depth, (unsigned long long)answered, time, rate,
	       rate * (double)options.size / 1e6);
	printf("latency in us: average %.2f, 50%% %.2f, 99%% %.2f, 99.9%% %.2f, largest %.2f\n",
	       answered ? (double)latency_sum / 1e3 / (double)answered : 0, latency_us(0.5), latency_us(0.99),
	       latency_us(0.999), (double)latency_max / 1e3);
	if (options.mode == VERIFY)
		printf("verified: %llu blocks written, %llu read as written, %llu flushes\n",
		       (unsigned long long)written, (unsigned long long)checked, (unsigned long long)flushed);
	printf("the back-end was gone %llu times, with %llu requests out\n",
	       (unsigned long long)reconnections, (unsigned long long)were_out);
}

static int measure(void)
{
	int rc = run();

	ended = now_ns();
	if (rc < 0 || failed || options.mode != VERIFY)
		return rc;
	checking = true;
	draining = false;
	submit(ended);
	return run();
}

static int prepare(char *error, size_t size)
{
	size_t room = options.depth * (64 + options.size), queue_size = 256;
	DPU_OPTS(dpu_vhost_state, state);
	uint8_t *memory;
	char uri[256];
	uint32_t i;
	int rc;

	while (queue_size < options.depth * ELEMENTS)
		queue_size *= 2;
	DPU_OPTS(dpu_vhost_opts, opts, .role = DPU_VHOST_FRONTEND, .device = DPU_VIRTIO_ID_BLOCK,
		 .features = DPU_VIRTIO_BLK_F_FLUSH | DPU_VIRTIO_BLK_F_MQ | DPU_VIRTIO_BLK_F_RO,
		 .memory_size = room + 4096, .queue_size = (uint32_t)queue_size, .error = error,
		 .error_size = size, .flags = options.poll ? DPU_VHOST_OWN_WAIT : 0);
	snprintf(uri, sizeof(uri), strchr(options.socket, ':') ? "%s" : "vhost-user:%s", options.socket);
	rc = dpu_vhost_open(uri, &opts, &vhost);
	if (rc < 0)
		return rc;
	dpu_vhost_state(vhost, &state);
	lane_count = state.virtqs < LANES_MAX ? state.virtqs : LANES_MAX;
	memory = dpu_vhost_memory(vhost, NULL);
	for (i = 0; i < options.depth; i++) {
		slots[i].req = (struct dpu_virtio_blk_req *)(void *)(memory + i * 64);
		slots[i].data = memory + (options.depth * 64 + 4095) / 4096 * 4096 + i * options.size;
		spare[spares++] = &slots[i];
	}
	random_state = options.mode == VERIFY ? options.seed * 2 + 1 : UINT64_C(88172645463325252);
	blocks = calloc(VERIFY_BLOCKS, sizeof(*blocks));
	return blocks ? 0 : -ENOMEM;
}

static bool number(const char *text, unsigned long min, unsigned long max, unsigned long *ret)
{
	char *rest;

	*ret = strtoul(text, &rest, 10);
	return *text >= '0' && *text <= '9' && !*rest && *ret >= min && *ret <= max;
}

static bool take_option(int option, const char *text)
{
	switch (option) {
	case 'd':
		return number(text, 1, DEPTH_MAX, &options.depth);
	case 's':
		return number(text, DPU_VIRTIO_BLK_SECTOR_SIZE, SIZE_MAX_BYTES, &options.size) &&
		       options.size % DPU_VIRTIO_BLK_SECTOR_SIZE == 0;
	case 't':
		return number(text, 1, 1000000, &options.seconds);
	case 'c':
		return number(text, 1, ULONG_MAX, &options.count);
	case 'v':
		options.mode = VERIFY;
		return number(text, 0, ULONG_MAX, &options.seed);
	case 'r':
	case 'w':
		options.mode = option == 'r' ? READ : WRITE;
		return true;
	case 'p':
		options.poll = true;
		return true;
	default:
		return false;
	}
}

static void read_options(int argc, char **argv)
{
	static const struct option known[] = { { "depth", required_argument, NULL, 'd' },
					       { "size", required_argument, NULL, 's' },
					       { "seconds", required_argument, NULL, 't' },
					       { "count", required_argument, NULL, 'c' },
					       { "verify", required_argument, NULL, 'v' },
					       { "read", no_argument, NULL, 'r' },
					       { "write", no_argument, NULL, 'w' },
					       { "poll", no_argument, NULL, 'p' },
					       { 0 } };
	bool good = true;
	int option;

	while (good && (option = getopt_long(argc, argv, "", known, NULL)) != -1)
		good = take_option(option, optarg);
	if (good && argc - optind == 1) {
		options.socket = argv[optind];
		if (!options.seconds && !options.count)
			options.seconds = 5;
		return;
	}
	fprintf(stderr,
		"usage: %s SOCKET|URI [--read|--write|--verify SEED] [--depth 1 to %d] [--size BYTES]\n"
		"  [--seconds N] [--count N] [--poll]\n",
		argv[0], DEPTH_MAX);
	exit(2);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = interrupt };
	char error[256] = "";
	uint32_t i;
	int rc;

	read_options(argc, argv);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	rc = prepare(error, sizeof(error));
	if (rc == 0)
		rc = measure();
	if (rc < 0)
		fprintf(stderr, "%s\n", *error ? error : strerror(-rc));
	else if (begun)
		report();
	for (i = 0; i < lane_count; i++)
		dpu_virtq_unref(lanes[i].vq);
	dpu_vhost_unref(vhost);
	free(blocks);
	return rc < 0 || failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
