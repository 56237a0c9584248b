/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What DPDK's own virtio rings do: packets of 64 bytes one way, from its virtio PMD to its vhost PMD, in this
 * one process on two cores; and its ring of pointers, with the same copy. As in virtq-bench, each round
 * measures every case once and a case's figure is the median.
 *
 * usage: dpdk-rings [ROUNDS [MILLISECONDS]]
 *
 * A line is NAME LAYOUT BURST and millions of packets a second. Free huge pages (256 MiB) are used, and told;
 * without them DPDK is slower than it has to be. */
#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <rte_version.h>

#define SIZE 256
#define MAX_BURST 64
#define PAYLOAD 64
#define MBUFS 8191
#define MAX_ROUNDS 101
#define MEMORY_MB 256

/* A virtio port and the vhost port that it is connected to. */
struct pair {
	const char *layout;
	const char *options;
	uint16_t virtio, vhost;
};

struct bench {
	struct pair *pair; /* NULL: the ring of pointers */
	uint32_t burst;
	double rates[MAX_ROUNDS];
};

static struct pair pairs[] = {
	{ .layout = "split", .options = "packed_vq=0,in_order=0" },
	{ .layout = "split-in-order", .options = "packed_vq=0,in_order=1" },
	{ .layout = "packed", .options = "packed_vq=1,in_order=0" },
	{ .layout = "packed-in-order", .options = "packed_vq=1,in_order=1" },
};

static const uint32_t bursts[] = { 1, 4, 8, 16, 32, 64 };

static struct {
	_Alignas(256) atomic_bool stop;
	_Alignas(256) atomic_bool ready;
	_Alignas(256) char end;
} shared;

static struct rte_mempool *sent, *received;
static struct rte_ring *ring;
static uint64_t milliseconds = 60;

__attribute__((noreturn)) static void fail(const char *what)
{
	fprintf(stderr, "dpdk-rings: %s: %s\n", what, rte_strerror(rte_errno));
	exit(1);
}

static void fill(struct rte_mbuf **mbufs, uint32_t burst, uint64_t n)
{
	uint32_t i;

	for (i = 0; i < burst; i++, n++) {
		char *data = rte_pktmbuf_mtod(mbufs[i], char *);

		memcpy(data, &n, sizeof(n));
		memcpy(data + 40, &n, sizeof(n));
		mbufs[i]->data_len = PAYLOAD;
		mbufs[i]->pkt_len = PAYLOAD;
	}
}

/* Sends until the time is over, on the main core. */
static void send_ports(const struct bench *bench, uint64_t end)
{
	struct rte_mbuf *mbufs[MAX_BURST];
	uint32_t done;
	uint64_t n = 0;

	for (; rte_rdtsc() < end; n += bench->burst) {
		if (rte_pktmbuf_alloc_bulk(sent, mbufs, bench->burst) < 0)
			continue;
		fill(mbufs, bench->burst, n);
		for (done = 0; done < bench->burst && rte_rdtsc() < end;)
			done += rte_eth_tx_burst(bench->pair->virtio, 0, mbufs + done,
						 (uint16_t)(bench->burst - done));
		rte_pktmbuf_free_bulk(mbufs + done, bench->burst - done);
	}
}

static void send_ring(const struct bench *bench, uint64_t end)
{
	struct rte_mbuf *mbufs[SIZE + MAX_BURST];
	uint64_t n;

	/* The ring is never longer than what is not filled anew meanwhile. */
	if (rte_pktmbuf_alloc_bulk(sent, mbufs, RTE_DIM(mbufs)) < 0)
		fail("packets");
	for (n = 0; rte_rdtsc() < end;) {
		if (rte_ring_free_count(ring) < bench->burst)
			continue;
		fill(mbufs + n % RTE_DIM(mbufs), bench->burst, n);
		rte_ring_sp_enqueue_bulk(ring, (void **)(mbufs + n % RTE_DIM(mbufs)), bench->burst, NULL);
		n += bench->burst;
	}
	atomic_store(&shared.stop, true);
	rte_eal_mp_wait_lcore();
	rte_pktmbuf_free_bulk(mbufs, RTE_DIM(mbufs));
}

/* One burst received and what it held dropped. */
static uint32_t receive_port(const struct bench *bench)
{
	struct rte_mbuf *mbufs[MAX_BURST];
	uint32_t count = rte_eth_rx_burst(bench->pair->vhost, 0, mbufs, (uint16_t)bench->burst);

	if (count)
		rte_pktmbuf_free_bulk(mbufs, count);
	return count;
}

static uint32_t receive_ring(const struct bench *bench)
{
	static _Alignas(64) char copies[MAX_BURST][2048];
	struct rte_mbuf *mbufs[MAX_BURST];
	uint32_t count = rte_ring_sc_dequeue_burst(ring, (void **)mbufs, bench->burst, NULL), i;

	for (i = 0; i < count; i++)
		memcpy(copies[i], rte_pktmbuf_mtod(mbufs[i], char *), PAYLOAD);
	return count;
}

static void realtime(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	/* Best effort: without the right to it the figures are noisier. */
	sched_setscheduler(0, priority ? SCHED_FIFO : SCHED_OTHER, &param);
}

/* The other core: receives until it is told to stop and nothing is left; the rate is that of what it got. */
static int receive(void *data)
{
	uint32_t (*receive_burst)(const struct bench *) = NULL;
	struct bench *bench = data;
	uint64_t start, count = 0;
	double *rate = &bench->rates[MAX_ROUNDS - 1];

	receive_burst = bench->pair ? receive_port : receive_ring;
	realtime(1);
	atomic_store(&shared.ready, true);
	while (!count && !atomic_load_explicit(&shared.stop, memory_order_relaxed))
		count = receive_burst(bench);
	start = rte_rdtsc();
	for (count = 0; !atomic_load_explicit(&shared.stop, memory_order_relaxed);)
		count += receive_burst(bench);
	*rate = (double)count * (double)rte_get_tsc_hz() / (double)(rte_rdtsc() - start);
	while (receive_burst(bench))
		;
	realtime(0);
	return 0;
}

static double run(struct bench *bench, uint64_t duration)
{
	unsigned int worker = rte_get_next_lcore(-1, 1, 0);
	uint64_t end;

	atomic_store(&shared.stop, false);
	atomic_store(&shared.ready, false);
	if (rte_eal_remote_launch(receive, bench, worker) < 0)
		fail("the second core");
	while (!atomic_load(&shared.ready))
		sched_yield();
	realtime(1);
	end = rte_rdtsc() + duration * (rte_get_tsc_hz() / 1000);
	if (bench->pair)
		send_ports(bench, end);
	else
		send_ring(bench, end);
	atomic_store(&shared.stop, true);
	realtime(0);
	rte_eal_mp_wait_lcore();
	return bench->rates[MAX_ROUNDS - 1];
}

/* Makes a port of one queue each way and starts it. */
static uint16_t start_port(const char *name, const char *options)
{
	struct rte_eth_conf conf = { 0 };
	uint16_t port;

	if (rte_eal_hotplug_add("vdev", name, options) < 0 || rte_eth_dev_get_port_by_name(name, &port) < 0 ||
	    rte_eth_dev_configure(port, 1, 1, &conf) < 0 ||
	    rte_eth_rx_queue_setup(port, 0, SIZE, SOCKET_ID_ANY, NULL, received) < 0 ||
	    rte_eth_tx_queue_setup(port, 0, SIZE, SOCKET_ID_ANY, NULL) < 0 || rte_eth_dev_start(port) < 0)
		fail(name);
	return port;
}

static void start_pair(struct pair *pair, const char *folder, int number)
{
	struct bench bench = { .pair = pair, .burst = 32 };
	char name[32], options[256];
	int tries;

	snprintf(name, sizeof(name), "net_vhost%d", number);
	snprintf(options, sizeof(options), "iface=%s/socket%d,queues=1", folder, number);
	pair->vhost = start_port(name, options);
	snprintf(name, sizeof(name), "net_virtio_user%d", number);
	snprintf(options, sizeof(options),
		 "path=%s/socket%d,queues=1,queue_size=%d,mrg_rxbuf=0,vectorized=0,mac=02:00:00:00:00:01,%s",
		 folder, number, SIZE, pair->options);
	pair->virtio = start_port(name, options);
	for (tries = 0; tries < 50 && run(&bench, 20) < 1; tries++)
		;
	if (tries == 50)
		fail(pair->layout);
}

static bool huge_pages(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long number, free_pages = 0, size = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "HugePages_Free: %lu", &number) == 1)
			free_pages = number;
		if (sscanf(line, "Hugepagesize: %lu kB", &number) == 1)
			size = number;
	}
	if (file)
		fclose(file);
	return free_pages * size >= MEMORY_MB * 1024UL;
}

static void start_dpdk(char *program)
{
	bool huge = huge_pages();
	char prefix[64];
	/* virtio_user hands out its memory in files, not many. */
	const char *args[] = {
		program,
		"--no-pci",
		"--lcores=0@0,1@1",
		"-m",
		RTE_STR(MEMORY_MB),
		"--no-telemetry",
		"--log-level=error",
		prefix,
		huge ? "--in-memory" : "--no-huge",
		huge ? "--single-file-segments" : "--no-shconf",
	};

	snprintf(prefix, sizeof(prefix), "--file-prefix=dpdk-rings-%d", (int)getpid());
	if (rte_eal_init(RTE_DIM(args), (char **)args) < 0)
		fail("DPDK does not start");
	sent = rte_pktmbuf_pool_create("sent", MBUFS, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	received =
		rte_pktmbuf_pool_create("received", MBUFS, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	ring = rte_ring_create("ring", SIZE, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
	if (!sent || !received || !ring)
		fail("memory");
	printf("# %s, %s pages\n", rte_version(), huge ? "huge" : "small");
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
	static struct bench benches[(RTE_DIM(pairs) + 1) * RTE_DIM(bursts)];
	uint32_t rounds = argc > 1 ? (uint32_t)atoi(argv[1]) : 5, r;
	char folder[] = "/tmp/dpdk-rings-XXXXXX";
	size_t i, j, count = 0;

	if (argc > 2)
		milliseconds = (uint64_t)atoi(argv[2]);
	if (!rounds || rounds >= MAX_ROUNDS || !milliseconds)
		return 2;
	start_dpdk(argv[0]);
	if (!mkdtemp(folder))
		fail(folder);
	for (i = 0; i < RTE_DIM(pairs); i++)
		start_pair(&pairs[i], folder, (int)i);
	for (j = 0; j < RTE_DIM(bursts); j++)
		benches[count++] = (struct bench){ .burst = bursts[j] };
	for (i = 0; i < RTE_DIM(pairs); i++) {
		for (j = 0; j < RTE_DIM(bursts); j++)
			benches[count++] = (struct bench){ .pair = &pairs[i], .burst = bursts[j] };
	}
	for (r = 0; r < rounds; r++) {
		for (i = 0; i < count; i++)
			benches[i].rates[r] = run(&benches[i], milliseconds);
	}
	for (i = 0; i < count; i++) {
		qsort(benches[i].rates, rounds, sizeof(double), compare);
		printf("%s %s %" PRIu32 " %.2f\n", benches[i].pair ? "dpdk" : "rte_ring",
		       benches[i].pair ? benches[i].pair->layout : "spsc", benches[i].burst,
		       benches[i].rates[rounds / 2] / 1e6);
	}
	for (i = 0; i < RTE_DIM(pairs); i++) {
		rte_eth_dev_stop(pairs[i].virtio);
		rte_eth_dev_close(pairs[i].virtio);
		rte_eth_dev_stop(pairs[i].vhost);
		rte_eth_dev_close(pairs[i].vhost);
	}
	rte_eal_cleanup();
	return rmdir(folder) < 0;
}
