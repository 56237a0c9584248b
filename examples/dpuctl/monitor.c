/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* monitor: events, one on a line. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>
#include "cli.h"

static const struct option options[] = {
	{ "object", required_argument, NULL, 'o' },
	{ "count", required_argument, NULL, 'c' },
	{ "timeout", required_argument, NULL, 's' },
	{ NULL, 0, NULL, 0 },
};

struct wanted {
	uint32_t objects;
	uint64_t count;   /* 0: no end */
	uint64_t seconds; /* 0: no end */
};

enum { FD_MONITOR, FD_SIGNAL, FD_OUTPUT, FDS };

static bool take_object(struct cli *cli, const char *word, size_t length, uint32_t *objects)
{
	const char *name;
	int i;

	for (i = 0; (name = dpu_event_object_name((enum dpu_event_object)i)); i++) {
		if (strlen(name) == length && !memcmp(name, word, length)) {
			*objects |= 1u << i;
			return true;
		}
	}
	cli_usage(cli, "\"%.*s\" is no object; there are device, port, function, netdev, rdma, health",
		  (int)length, word);
	return false;
}

static bool take_option(struct cli *cli, int option, const char *text, void *arg)
{
	struct wanted *wanted = arg;
	size_t length;

	switch (option) {
	case 'c':
		return cli_number(cli, "the count", text, 1, INT64_MAX, &wanted->count);
	case 's':
		return cli_number(cli, "the timeout", text, 1, INT_MAX / 1000, &wanted->seconds);
	default:
		for (;; text += length + 1) {
			length = strcspn(text, ",");
			if (!take_object(cli, text, length, &wanted->objects))
				return false;
			if (!text[length])
				return true;
		}
	}
}

static int64_t milliseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void print_json(const struct dpu_event *event, int64_t now)
{
	json_t *object = json_pack("{s:I, s:s, s:s, s:o, s:o, s:o, s:o}", "time_ms", (json_int_t)now,
				   "action", dpu_event_action_name((enum dpu_event_action)event->action),
				   "object", dpu_event_object_name((enum dpu_event_object)event->object),
				   "device", cli_text(event->handle), "port", cli_number_json(event->port),
				   "name", cli_text(event->name), "ifindex", cli_count_json(event->ifindex));

	json_dumpf(object, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(object);
	putchar('\n');
}

static void print_text(const struct dpu_event *event, int64_t now)
{
	time_t seconds = (time_t)(now / 1000);
	struct tm local;
	char text[16] = "";

	if (localtime_r(&seconds, &local))
		strftime(text, sizeof(text), "%H:%M:%S", &local);
	printf("%s.%03d %s %s", text, (int)(now % 1000),
	       dpu_event_action_name((enum dpu_event_action)event->action),
	       dpu_event_object_name((enum dpu_event_object)event->object));
	if (event->handle[0])
		printf(" %s", event->handle);
	if (event->port != DPU_PORT_NO_NUMBER)
		printf("/%" PRIu32, event->port);
	printf("%s%s\n", event->name[0] ? " " : "", event->name);
}

/* Prints what there is, *left at most; 0 at the end of it, else a negative errno. */
static int drain(const struct cli *cli, struct dpu_monitor *monitor, uint64_t *left)
{
	int rc;

	while (*left && !ferror(stdout)) {
		DPU_OPTS(dpu_event, event);

		rc = dpu_monitor_next(monitor, &event);
		if (rc <= 0)
			return rc;
		(cli->json ? print_json : print_text)(&event, milliseconds(CLOCK_REALTIME));
		fflush(stdout);
		(*left)--;
	}
	return 0;
}

/* Milliseconds until end; -1 for no end. */
static int until(int64_t end)
{
	int64_t left;

	if (end < 0)
		return -1;
	left = end - milliseconds(CLOCK_MONOTONIC);
	return left < 0 ? 0 : (int)left;
}

/* Until a signal comes, nobody reads any more, the time is up, or there were as many events as wanted. */
static int watch(struct cli *cli, struct dpu_monitor *monitor, const struct wanted *wanted, int signals)
{
	struct pollfd fds[FDS] = {
		[FD_MONITOR] = { .fd = dpu_monitor_fd(monitor), .events = POLLIN },
		[FD_SIGNAL] = { .fd = signals, .events = POLLIN },
		[FD_OUTPUT] = { .fd = STDOUT_FILENO },
	};
	int64_t end = wanted->seconds ? milliseconds(CLOCK_MONOTONIC) + (int64_t)wanted->seconds * 1000 : -1;
	uint64_t left = wanted->count ? wanted->count : UINT64_MAX;
	int ready;

	for (;;) {
		if (drain(cli, monitor, &left) < 0)
			return cli_fail(cli);
		if (!left || ferror(stdout) || fds[FD_SIGNAL].revents || fds[FD_OUTPUT].revents)
			return EXIT_OK;
		ready = poll(fds, FDS, until(end));
		if (ready == 0 || until(end) == 0)
			break;
		if (ready < 0 && errno != EINTR) {
			fprintf(stderr, "dpuctl: poll: %s\n", strerror(errno));
			return EXIT_FAILED;
		}
	}
	if (!wanted->count)
		return EXIT_OK;
	fprintf(stderr, "dpuctl: %" PRIu64 " of %" PRIu64 " events within %" PRIu64 " s\n",
		wanted->count - left, wanted->count, wanted->seconds);
	return EXIT_TIMEOUT;
}

static int monitor(struct cli *cli, int argc, char **argv)
{
	DPU_OPTS(dpu_monitor_opts, opts);
	struct wanted wanted = { .objects = 0 };
	struct dpu_monitor *monitor;
	sigset_t set;
	int signals, code;

	if (!cli_options(cli, &argc, &argv, options, take_option, &wanted))
		return EXIT_USAGE;
	if (argc)
		return cli_usage(cli, "\"%s\" is too much", argv[0]);
	if ((fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) == O_RDONLY) { /* it was closed */
		fprintf(stderr, "dpuctl: standard output: %s\n", strerror(EBADF));
		return EXIT_FAILED;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0) {
		fprintf(stderr, "dpuctl: signalfd: %s\n", strerror(errno));
		return EXIT_FAILED;
	}
	opts.objects = wanted.objects;
	if (dpu_monitor_open(cli->ctx, &opts, &monitor) < 0) {
		code = cli_fail(cli);
	} else {
		code = watch(cli, monitor, &wanted, signals);
		dpu_monitor_unref(monitor);
	}
	close(signals);
	return code;
}

const struct command monitor_commands[] = {
	{ "monitor", "[--object OBJECT[,OBJECT...]] [--count N] [--timeout S]",
	  "Shows what comes, changes and goes, until it is interrupted. OBJECT is device, port, function, "
	  "netdev,\n"
	  "rdma or health.",
	  monitor },
	{ NULL, NULL, NULL, NULL },
};
