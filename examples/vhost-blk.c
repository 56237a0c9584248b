/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk for a virtual machine: a vhost-user-blk back-end over a file, over memory that goes with the
 * program, or over nothing. When it is killed, the next one does what it has not finished.
 *
 * QEMU: -object memory-backend-memfd,id=m,size=1G,share=on -machine memory-backend=m
 *       -chardev socket,id=c,path=SOCKET,reconnect=1 -device vhost-user-blk-pci,chardev=c */
#include <dpu/dpu.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define QUEUES_MAX 64
#define BURST 32
/* Rounds over the queues between two looks at the connection. A request takes as long as many of them. */
#define ROUNDS 1024
#define ROUNDS_OF_REQUEST 16
/* A signal that comes just before the wait ends only the next one. */
#define WAIT_MS 500

struct queue {
	struct dpu_virtq *vq; /* NULL: is not served */
	uint32_t index;
	int busy;
};

static struct options {
	const char *socket, *file;
	unsigned long queues;
	int read_only, poll;
} options = { .queues = 1 };

static struct dpu_virtio_blk *blk;
static struct dpu_vhost *vhost;
static struct queue queues[QUEUES_MAX];
static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

/* Serves some requests; how many. */
static uint32_t serve(struct queue *queue)
{
	int n = dpu_virtio_blk_process(blk, queue->vq, BURST);

	if (n > 0) {
		if (dpu_virtq_should_notify(queue->vq))
			dpu_vhost_notify(vhost, queue->index);
		return (uint32_t)n;
	}
	/* The driver must not tell of what it published before it saw the wish to be told: one more look. */
	if (n == 0) {
		queue->busy = options.poll || dpu_virtq_notify(queue->vq, 1);
		return 0;
	}
	queue->busy = 0;
	/* Once the translation has come, the queue is notified. */
	if (n == -EFAULT && dpu_vhost_miss(vhost, queue->index) == 0)
		return 0;
	fprintf(stderr, "queue %u is not served any more: %s\n", queue->index,
		dpu_virtq_error(queue->vq) ? dpu_virtq_error(queue->vq) : strerror(-n));
	dpu_vhost_notify(vhost, queue->index);
	return 0;
}

/* Serves all queues for a while; 0: there is nothing more to do. */
static int serve_all(void)
{
	uint32_t i, rounds = 0;
	int busy;

	do {
		for (i = 0, busy = 0; i < options.queues; i++) {
			if (!queues[i].busy)
				continue;
			rounds += 1 + serve(&queues[i]) * ROUNDS_OF_REQUEST;
			busy |= queues[i].busy;
		}
	} while (busy && rounds < ROUNDS);
	return busy;
}

/* There may be requests. The driver need not tell of more until they have been looked for. */
static void wake(struct queue *queue)
{
	queue->busy = queue->vq != NULL;
	if (queue->vq)
		dpu_virtq_notify(queue->vq, 0);
}

static void handle(const struct dpu_vhost_event *event)
{
	struct queue *queue = &queues[event->index];
	const struct dpu_error *error;

	switch (event->type) {
	case DPU_VHOST_QUEUE_START:
	case DPU_VHOST_QUEUE_ENABLE:
		queue->vq = event->value ? dpu_vhost_virtq(vhost, event->index) : NULL;
		wake(queue);
		break;
	case DPU_VHOST_QUEUE_NOTIFIED:
		wake(queue);
		break;
	case DPU_VHOST_QUEUE_STOP:
		queue->vq = NULL;
		queue->busy = 0;
		break;
	case DPU_VHOST_DISCONNECTED:
		error = dpu_vhost_error(vhost);
		if (event->value)
			fprintf(stderr, "%s: %s\n", dpu_error_step(error), dpu_error_message(error));
		break;
	default:
		break;
	}
}

static int run(void)
{
	DPU_OPTS(dpu_vhost_event, event);
	int rc, busy = 0;

	while (!ended) {
		rc = dpu_vhost_process(vhost, &event, busy ? 0 : WAIT_MS);
		if (rc < 0 && rc != -EINTR)
			return rc;
		if (rc == 1)
			handle(&event);
		busy = serve_all();
	}
	return 0;
}

/* A disk that keeps nothing, and reads as whatever the driver's buffers have: for measuring. */
static int null_capacity(void *user, uint64_t *sectors)
{
	*sectors = *(const size_t *)user / DPU_VIRTIO_BLK_SECTOR_SIZE;
	return 0;
}

static int null_transfer(void *user, uint64_t offset, const struct iovec *iov, uint32_t count)
{
	(void)user;
	(void)offset;
	(void)iov;
	(void)count;
	return 0;
}

/* For the life of the program. */
static int open_memory(size_t size, struct dpu_virtio_blk_backend *backend)
{
	void *buf = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (buf == MAP_FAILED)
		return -errno;
	madvise(buf, size, MADV_HUGEPAGE);
	memset(buf, 0, size);
	return dpu_virtio_blk_backend_memory(buf, size, options.read_only, backend);
}

static int open_storage(struct dpu_virtio_blk_backend *backend)
{
	static size_t size;
	const char *colon = strchr(options.file, ':');
	int memory = strncmp(options.file, "memory:", 7) == 0;
	char *rest;

	if (!memory && strncmp(options.file, "null:", 5) != 0)
		return dpu_virtio_blk_backend_file(options.file, options.read_only, backend);
	size = strtoul(colon + 1, &rest, 10) << 20;
	if (*rest || !size)
		return -EINVAL;
	if (memory)
		return open_memory(size, backend);
	backend->user = &size;
	backend->capacity = null_capacity;
	backend->read = null_transfer;
	backend->write = null_transfer;
	return 0;
}

static int open_disk(void)
{
	DPU_OPTS(dpu_virtio_blk_backend, backend);
	DPU_OPTS(dpu_virtio_blk_opts, opts, .backend = &backend, .id = "libdpu-vhost-blk",
		 .num_queues = (uint16_t)options.queues);
	int rc;

	rc = open_storage(&backend);
	if (rc < 0)
		return rc;
	rc = dpu_virtio_blk_create(&opts, &blk);
	if (rc < 0 && backend.release)
		backend.release(backend.user);
	return rc;
}

/* Whoever polls is not woken. */
static int open_socket(char *error, size_t size)
{
	DPU_OPTS(dpu_vhost_opts, opts, .blk = blk, .queues = (uint32_t)options.queues, .error = error,
		 .error_size = size, .flags = options.poll ? DPU_VHOST_OWN_WAIT : 0);
	char uri[256];

	snprintf(uri, sizeof(uri), strchr(options.socket, ':') ? "%s" : "vhost-user:%s,server",
		 options.socket);
	return dpu_vhost_open(uri, &opts, &vhost);
}

static void read_options(int argc, char **argv)
{
	static const struct option known[] = { { "queues", required_argument, NULL, 'q' },
					       { "read-only", no_argument, NULL, 'r' },
					       { "poll", no_argument, NULL, 'p' },
					       { 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'q')
			options.queues = strtoul(optarg, NULL, 10);
		else if (option == 'r')
			options.read_only = 1;
		else if (option == 'p')
			options.poll = 1;
		else
			options.queues = 0;
	}
	if (argc - optind == 2 && options.queues && options.queues <= QUEUES_MAX) {
		options.socket = argv[optind];
		options.file = argv[optind + 1];
		return;
	}
	fprintf(stderr,
		"usage: %s SOCKET|URI FILE|memory:MIB|null:MIB [--queues 1 to %d] [--read-only] [--poll]\n",
		argv[0], QUEUES_MAX);
	exit(2);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = end };
	char error[256] = "";
	uint32_t i;
	int rc;

	read_options(argc, argv);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	for (i = 0; i < options.queues; i++)
		queues[i].index = i;
	rc = open_disk();
	if (rc < 0)
		snprintf(error, sizeof(error), "%s: %s", options.file, strerror(-rc));
	if (rc == 0)
		rc = open_socket(error, sizeof(error));
	if (rc == 0)
		rc = run();
	if (rc < 0)
		fprintf(stderr, "%s\n", *error ? error : strerror(-rc));
	dpu_vhost_unref(vhost);
	dpu_virtio_blk_unref(blk);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
