/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Virtqueues between two threads: a driver sends messages, a device answers each in capitals. They share a
 * memfd, which each maps for itself as two processes would, and sleep on eventfds, which are written only
 * when the other side asked for it. usage: virtq-loopback [--layout split|packed] [--messages N] [--burst N]
 */
#include <ctype.h>
#include <dpu/dpu.h>
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE 256
#define OUT (SIZE / 2) /* a message takes two descriptors: its text, and room for the answer */
#define TEXT 32
/* Where descriptors say that the memory is. Where it really is differs from side to side. */
#define BASE (UINT64_C(1) << 32)

struct side {
	struct dpu_memory_map *map;
	struct dpu_virtq *vq;
	char *memory;
	int sleep_on, wake; /* eventfds */
	unsigned long notifications;
	struct dpu_virtq_chain chains[OUT];
	struct iovec iov[OUT][2];
};

static struct side driver, device;
static enum dpu_virtq_layout layout = DPU_VIRTQ_SPLIT;
static unsigned long messages = 100000, burst = 32;
static size_t avail, used, texts, bytes;

/* Gives back what is no error; an error on either side ends the program. */
static unsigned check(int rc, const char *what)
{
	if (rc >= 0)
		return (unsigned)rc;
	fprintf(stderr, "%s: %s\n", what, strerror(-rc));
	exit(EXIT_FAILURE);
}

static void side_open(struct side *side, enum dpu_virtq_side which, int fd)
{
	uint64_t features = DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_F_EVENT_IDX | DPU_VIRTIO_F_IN_ORDER;
	int i;

	check(dpu_memory_map_create(&side->map), "make memory map");
	check(dpu_memory_map_add_fd(side->map, BASE, bytes, fd, 0), "map memory");
	side->memory = dpu_memory_map_find(side->map, BASE, NULL);
	DPU_OPTS(dpu_virtq_opts, opts, .memory = side->map, .layout = layout, .side = which, .size = SIZE,
		 .desc = side->memory, .avail = side->memory + avail, .used = side->memory + used,
		 .features = features | (layout == DPU_VIRTQ_PACKED ? DPU_VIRTIO_F_RING_PACKED : 0));
	check(dpu_virtq_create(&opts, &side->vq), "make queue");
	/* Both look by themselves as long as there is something to find. */
	dpu_virtq_notify(side->vq, 0);
	for (i = 0; i < OUT; i++)
		side->chains[i] = (struct dpu_virtq_chain){ .iov = side->iov[i], .iov_max = 2 };
}

static void notify(struct side *side)
{
	if (!dpu_virtq_should_notify(side->vq))
		return;
	side->notifications++;
	check(eventfd_write(side->wake, 1) < 0 ? -errno : 0, "notify");
}

/* The other side does not tell of what it published before it saw the wish to be told. So one more look comes
 * after the wish and before the sleep. */
static void rest(struct side *side)
{
	eventfd_t count;

	if (!dpu_virtq_notify(side->vq, 1))
		check(eventfd_read(side->sleep_on, &count) < 0 ? -errno : 0, "sleep");
	dpu_virtq_notify(side->vq, 0);
}

/* Messages come back in order, so their buffers are a ring too. */
static char *text_of(unsigned long number)
{
	return driver.memory + texts + number % OUT * 2 * TEXT;
}

/* Sends a burst, or what there is room for. */
static unsigned send_messages(unsigned long sent, unsigned long answered)
{
	unsigned n;
	char *text;

	for (n = 0; n < burst && sent + n < messages && sent + n - answered < OUT; n++) {
		text = text_of(sent + n);
		snprintf(text, TEXT, "message %lu", sent + n);
		driver.iov[n][0] = (struct iovec){ text, TEXT };
		driver.iov[n][1] = (struct iovec){ text + TEXT, TEXT };
		driver.chains[n].read_count = driver.chains[n].write_count = 1;
	}
	n = check(dpu_virtq_add(driver.vq, driver.chains, n), "send");
	notify(&driver);
	return n;
}

static unsigned get_answers(unsigned long answered)
{
	unsigned i, n = check(dpu_virtq_get(driver.vq, driver.chains, (uint32_t)burst), "get answers");
	char want[TEXT];

	for (i = 0; i < n; i++) {
		snprintf(want, TEXT, "MESSAGE %lu", answered + i);
		if (driver.chains[i].written != TEXT ||
		    memcmp(text_of(answered + i) + TEXT, want, strlen(want) + 1) != 0)
			check(-EPROTO, want);
	}
	return n;
}

static void drive(void)
{
	unsigned long sent = 0, answered = 0;
	unsigned more, back;

	while (answered < messages) {
		more = send_messages(sent, answered);
		back = get_answers(answered);
		sent += more;
		answered += back;
		if (!more && !back)
			rest(&driver);
	}
}

static void *serve(void *arg)
{
	unsigned long served;
	unsigned i, j, n, len;
	char text[TEXT];

	for (served = 0; served < messages; served += n) {
		n = check(dpu_virtq_pop(device.vq, device.chains, (uint32_t)burst), "take messages");
		for (i = 0; i < n; i++) {
			len = (unsigned)dpu_virtq_chain_read(&device.chains[i], 0, text, TEXT);
			for (j = 0; j < len; j++)
				text[j] = (char)toupper((unsigned char)text[j]);
			dpu_virtq_chain_write(&device.chains[i], 0, text, len);
			device.chains[i].written = len;
		}
		check(dpu_virtq_push(device.vq, device.chains, n), "answer");
		notify(&device);
		if (!n)
			rest(&device);
	}
	return arg;
}

static void read_options(int argc, char **argv)
{
	static const struct option options[] = { { "layout", required_argument, NULL, 'l' },
						 { "messages", required_argument, NULL, 'm' },
						 { "burst", required_argument, NULL, 'b' },
						 { 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'l' && (strcmp(optarg, "packed") == 0 || strcmp(optarg, "split") == 0))
			layout = *optarg == 'p' ? DPU_VIRTQ_PACKED : DPU_VIRTQ_SPLIT;
		else if (option == 'm')
			messages = strtoul(optarg, NULL, 10);
		else if (option == 'b')
			burst = strtoul(optarg, NULL, 10);
		else
			messages = 0;
	}
	if (messages && burst && burst <= OUT)
		return;
	fprintf(stderr, "usage: %s [--layout split|packed] [--messages N] [--burst 1 to %d]\n", argv[0], OUT);
	exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int fd;

	read_options(argc, argv);
	texts = check(dpu_virtq_ring_size(layout, SIZE, &avail, &used), "ring");
	bytes = texts + (size_t)OUT * 2 * TEXT;
	driver.wake = device.sleep_on = eventfd(0, EFD_CLOEXEC);
	driver.sleep_on = device.wake = eventfd(0, EFD_CLOEXEC);
	fd = memfd_create("virtq-loopback", MFD_CLOEXEC);
	check(fd < 0 || ftruncate(fd, (off_t)bytes) < 0 ? -errno : 0, "memfd");
	side_open(&driver, DPU_VIRTQ_DRIVER, fd);
	side_open(&device, DPU_VIRTQ_DEVICE, fd);
	close(fd);
	check(-pthread_create(&thread, NULL, serve, NULL), "thread");
	drive();
	pthread_join(thread, NULL);
	printf("%s: %lu messages came back in capitals, for %lu kicks and %lu calls\n",
	       layout == DPU_VIRTQ_PACKED ? "packed" : "split", messages, driver.notifications,
	       device.notifications);
	dpu_virtq_unref(driver.vq);
	dpu_virtq_unref(device.vq);
	dpu_memory_map_unref(driver.map);
	dpu_memory_map_unref(device.map);
	return EXIT_SUCCESS;
}
