/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker.h"
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Rounds without a packet before a worker of interrupt mode sleeps. */
#define IDLE_ROUNDS 64
#define EVENTS 16

static int said(const char *what, int rc)
{
	fprintf(stderr, "%s: %s\n", what, strerror(-rc));
	return rc;
}

/* The i-th core of a list such as "0,2-3", the list over and over; -1: the list is wrong. */
static int core_of(const char *cores, uint32_t i)
{
	uint32_t count = 0;
	const char *at = cores;
	long first, last;
	char *end;

	for (;;) {
		first = last = strtol(at, &end, 10);
		if (end == at || first < 0 || first >= CPU_SETSIZE)
			return -1;
		if (*end == '-') {
			at = end + 1;
			last = strtol(at, &end, 10);
		}
		if (end == at || last < first || last >= CPU_SETSIZE)
			return -1;
		if (i < count + (uint32_t)(last - first + 1))
			return (int)(first + (long)(i - count));
		count += (uint32_t)(last - first + 1);
		at = end + 1;
		if (*end == ',')
			continue;
		if (*end)
			return -1;
		i %= count;
		count = 0;
		at = cores;
	}
}

static int prepare(struct worker *worker)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (sem_init(&worker->held, 0, 0) < 0 || sem_init(&worker->go, 0, 0) < 0)
		return -errno;
	worker->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	worker->wait_set = epoll_create1(EPOLL_CLOEXEC);
	if (worker->wake < 0 || worker->wait_set < 0 ||
	    epoll_ctl(worker->wait_set, EPOLL_CTL_ADD, worker->wake, &event) < 0)
		return -errno;
	return 0;
}

int workers_create(struct workers *workers, uint32_t count, const char *cores, bool interrupt)
{
	struct worker *worker;
	uint32_t i;
	int rc = 0;

	workers->all = aligned_alloc(PORT_CACHE_LINE, count * sizeof(*workers->all));
	if (!workers->all)
		return said("workers", -ENOMEM);
	memset(workers->all, 0, count * sizeof(*workers->all));
	workers->count = count;
	for (i = 0; i < count; i++)
		workers->all[i].wake = workers->all[i].wait_set = -1;
	for (i = 0; rc == 0 && i < count; i++) {
		worker = &workers->all[i];
		worker->index = i;
		worker->interrupt = interrupt;
		worker->core = cores ? core_of(cores, i) : -1;
		if (cores && worker->core < 0) {
			fprintf(stderr, "\"%s\" is no list of cores\n", cores);
			return -EINVAL;
		}
		rc = prepare(worker);
	}
	return rc < 0 ? said("workers", rc) : 0;
}

static void park(struct worker *worker)
{
	eventfd_t count;

	eventfd_read(worker->wake, &count);
	sem_post(&worker->held);
	while (sem_wait(&worker->go) < 0)
		;
}

/* After the wish to be notified comes one more look. */
static void rest(struct worker *worker)
{
	struct epoll_event events[EVENTS];
	bool work = false;
	uint32_t i;

	for (i = 0; i < worker->source_count; i++)
		work |= worker->sources[i]->ops->sleep(worker->sources[i]);
	if (!work)
		epoll_wait(worker->wait_set, events, EVENTS, -1);
	for (i = 0; i < worker->source_count; i++)
		worker->sources[i]->ops->awake(worker->sources[i]);
}

/* Looks again a little later: who looks all the time takes cache lines from the peer that is writing them. */
static inline void relax(void)
{
#if defined(__x86_64__)
	__asm__ volatile("pause");
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static void *run(void *arg)
{
	struct worker *worker = arg;
	uint32_t idle = 0;

	while (!atomic_load_explicit(&worker->stop, memory_order_relaxed)) {
		if (unlikely(atomic_load_explicit(&worker->hold, memory_order_acquire))) {
			park(worker);
			continue;
		}
		if (worker->move(worker))
			idle = 0;
		else if (worker->interrupt && ++idle >= IDLE_ROUNDS)
			rest(worker);
		else
			relax();
	}
	return NULL;
}

int workers_start(struct workers *workers)
{
	struct worker *worker;
	cpu_set_t set;
	char name[24];
	uint32_t i;
	int rc = 0;

	for (i = 0; i < workers->count; i++) {
		worker = &workers->all[i];
		rc = -pthread_create(&worker->thread, NULL, run, worker);
		if (rc < 0)
			return said("start a worker", rc);
		worker->started = true;
		snprintf(name, sizeof(name), "worker-%u", i);
		pthread_setname_np(worker->thread, name);
		if (worker->core < 0)
			continue;
		CPU_ZERO(&set);
		CPU_SET((size_t)worker->core, &set);
		rc = -pthread_setaffinity_np(worker->thread, sizeof(set), &set);
		if (rc < 0)
			return said("put a worker on its core", rc);
	}
	return 0;
}

void workers_hold(struct workers *workers)
{
	struct worker *worker;
	uint32_t i;

	if (workers->holds++)
		return;
	for (i = 0; i < workers->count; i++) {
		worker = &workers->all[i];
		if (!worker->started)
			continue;
		atomic_store_explicit(&worker->hold, true, memory_order_release);
		eventfd_write(worker->wake, 1);
	}
	for (i = 0; i < workers->count; i++) {
		while (workers->all[i].started && sem_wait(&workers->all[i].held) < 0)
			;
	}
}

void workers_release(struct workers *workers)
{
	uint32_t i;

	if (--workers->holds)
		return;
	for (i = 0; i < workers->count; i++) {
		if (!workers->all[i].started)
			continue;
		atomic_store_explicit(&workers->all[i].hold, false, memory_order_release);
		sem_post(&workers->all[i].go);
	}
}

bool workers_done(const struct workers *workers)
{
	bool done = true;
	uint32_t i;

	for (i = 0; i < workers->count; i++)
		done &= atomic_load(&workers->all[i].done);
	return done;
}

void workers_stop(struct workers *workers)
{
	struct worker *worker;
	uint32_t i;

	for (i = 0; i < workers->count; i++)
		atomic_store(&workers->all[i].stop, true);
	if (workers->holds) {
		workers->holds = 1;
		workers_release(workers);
	}
	for (i = 0; i < workers->count; i++) {
		worker = &workers->all[i];
		if (worker->started) {
			eventfd_write(worker->wake, 1);
			pthread_join(worker->thread, NULL);
		}
		worker->started = false;
	}
}

void workers_destroy(struct workers *workers)
{
	struct worker *worker;
	uint32_t i;

	for (i = 0; i < workers->count; i++) {
		worker = &workers->all[i];
		if (worker->wake >= 0)
			close(worker->wake);
		if (worker->wait_set >= 0)
			close(worker->wait_set);
	}
	free(workers->all);
}

static void signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGUSR1);
}

int control_block_signals(void)
{
	sigset_t set;

	signals(&set);
	return -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* Until the port has no event: each counts as handled when it is asked for the next. */
static int process(struct control *control, struct port *port)
{
	DPU_OPTS(dpu_vhost_event, event);
	bool alone;
	int rc;

	while ((rc = port->ops->process(port, &event)) > 0) {
		alone = port_event_needs_workers(&event);
		if (alone)
			workers_hold(control->workers);
		port->ops->handle(port, &event);
		if (control->event)
			control->event(control, port, &event);
		if (alone)
			workers_release(control->workers);
	}
	return rc;
}

static int watch(int set, int fd, uint64_t what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = what };

	if (fd < 0)
		return -errno;
	return epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int timer(int milliseconds)
{
	struct itimerspec every = { .it_interval = { milliseconds / 1000, milliseconds % 1000 * 1000000L } };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	every.it_value = every.it_interval;
	if (fd >= 0)
		timerfd_settime(fd, 0, &every, NULL);
	return fd;
}

/* True when the loop is to end. */
static bool took_signal(struct control *control, int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_signo != SIGUSR1)
		return true;
	if (control->user_signal)
		control->user_signal(control);
	return false;
}

static void serve(struct control *control, int set, struct port *port)
{
	/* A peer that is gone for good has nothing more to say. */
	if (process(control, port) == -ENOTCONN)
		epoll_ctl(set, EPOLL_CTL_DEL, port->fd, NULL);
}

void control_serve(struct control *control)
{
	uint32_t i;

	for (i = 0; i < control->port_count; i++) {
		if (control->ports[i]->fd >= 0)
			process(control, control->ports[i]);
	}
}

static bool is_ready(struct control *control)
{
	control_serve(control);
	return control->ready(control);
}

int control_run(struct control *control)
{
	int set, signal_fd, timer_fd, rc, n;
	struct epoll_event event;
	sigset_t mask;
	uint64_t count;
	bool end = false;
	uint32_t i;

	signals(&mask);
	set = epoll_create1(EPOLL_CLOEXEC);
	signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	timer_fd = timer(control->tick_ms);
	rc = watch(set, signal_fd, control->port_count);
	if (rc == 0)
		rc = watch(set, timer_fd, control->port_count + 1);
	if (rc == 0 && control->ready)
		rc = watch(set, control->fd, control->port_count + 2);
	for (i = 0; rc == 0 && i < control->port_count; i++) {
		if (control->ports[i]->fd >= 0)
			rc = watch(set, control->ports[i]->fd, i);
	}
	while (rc == 0 && !end) {
		n = epoll_wait(set, &event, 1, -1);
		if (n < 0 && errno != EINTR)
			rc = -errno;
		if (n <= 0)
			continue;
		if (event.data.u64 < control->port_count)
			serve(control, set, control->ports[event.data.u64]);
		else if (event.data.u64 == control->port_count)
			end = took_signal(control, signal_fd);
		else if (event.data.u64 == control->port_count + 2)
			end = is_ready(control);
		else if (read(timer_fd, &count, sizeof(count)) > 0)
			end = control->tick(control);
	}
	if (timer_fd >= 0)
		close(timer_fd);
	if (signal_fd >= 0)
		close(signal_fd);
	if (set >= 0)
		close(set);
	return rc < 0 ? said("control", rc) : 0;
}
