/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events. What changes is not told one by one: the descriptor becomes readable, and a dump of all that there
 * is shows the rest. Three things wake it: changes by this context, changes of the shared file by others, and
 * the moments when something that was begun is done.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "core/hash.h"
#include "core/text.h"
#include "provider/sim/sim.h"

struct sim_monitor {
	struct sim_monitor *next;
	uint32_t objects;
	int fd; /* an epoll of the others */
	int change;
	int timer;
	int file; /* -1: in memory */
	bool woken;
};

/* When the next thing that was begun is done; never, if nothing was. */
static int64_t next_due(const struct sim_model *model)
{
	int64_t due = SIM_NEVER_MS;
	size_t i;

	for (i = 0; i < model->function_count; i++) {
		if (!sim_settled(model->functions[i].settled_ms) && model->functions[i].settled_ms < due)
			due = model->functions[i].settled_ms;
		if (!sim_settled(model->functions[i].representor_ms) &&
		    model->functions[i].representor_ms < due)
			due = model->functions[i].representor_ms;
	}
	for (i = 0; i < model->pf_count; i++) {
		if (!sim_settled(model->pfs[i].representors_ms) && model->pfs[i].representors_ms < due)
			due = model->pfs[i].representors_ms;
	}
	return due;
}

static void arm(struct sim_monitor *monitor, const struct sim_model *model)
{
	struct itimerspec when = { .it_value = { .tv_sec = 0 } };
	int64_t due = next_due(model), left;

	if (due != SIM_NEVER_MS) {
		/* Of a time that has come meanwhile it is told at once: 0 would be never. */
		left = due - sim_now_ms();
		if (left < 1)
			left = 1;
		when.it_value.tv_sec = (time_t)(left / 1000);
		when.it_value.tv_nsec = (long)(left % 1000) * 1000000;
	}
	timerfd_settime(monitor->timer, 0, &when, NULL);
}

void sim_monitors_wake(struct sim *sim)
{
	struct sim_monitor *monitor;

	for (monitor = sim->monitors; monitor; monitor = monitor->next) {
		eventfd_write(monitor->change, 1);
		arm(monitor, sim->model);
	}
}

static void close_all(struct sim_monitor *monitor)
{
	const int fds[] = { monitor->fd, monitor->change, monitor->timer, monitor->file };
	size_t i;

	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

static int watch(struct sim_monitor *monitor, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return fd < 0 || epoll_ctl(monitor->fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* The folder, for the file itself is replaced with every change. */
static int watch_file(struct sim_monitor *monitor, const char *path)
{
	char copy[PATH_MAX];
	int rc;

	if ((size_t)snprintf(copy, sizeof(copy), "%s", path) >= sizeof(copy))
		return -ENAMETOOLONG;
	monitor->file = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	rc = watch(monitor, monitor->file);
	if (rc == 0 && inotify_add_watch(monitor->file, dirname(copy), IN_MOVED_TO | IN_CLOSE_WRITE) < 0)
		rc = -errno;
	return rc;
}

static int open_all(struct sim_monitor *monitor, const char *path)
{
	int rc;

	monitor->fd = epoll_create1(EPOLL_CLOEXEC);
	if (monitor->fd < 0)
		return -errno;
	monitor->change = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	rc = watch(monitor, monitor->change);
	if (rc < 0)
		return rc;
	monitor->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	rc = watch(monitor, monitor->timer);
	return rc == 0 && path ? watch_file(monitor, path) : rc;
}

int sim_monitor_open(struct dpu_ctx *ctx, uint32_t objects, void **ret, int *fd)
{
	struct sim *sim = sim_of(ctx);
	struct sim_monitor *monitor;
	int rc;

	rc = sim_read_step(sim, "monitor_open", NULL);
	if (rc < 0)
		return rc;
	monitor = ctx_alloc(ctx, sizeof(*monitor));
	if (!monitor)
		return ctx_fail_nomem(ctx, "monitor_open");
	*monitor =
		(struct sim_monitor){ .objects = objects, .fd = -1, .change = -1, .timer = -1, .file = -1 };
	rc = open_all(monitor, sim->path);
	if (rc < 0) {
		close_all(monitor);
		ctx_free(ctx, monitor);
		return ctx_fail(ctx, rc, "monitor_open", NULL, NULL);
	}
	monitor->next = sim->monitors;
	sim->monitors = monitor;
	arm(monitor, sim->model);
	*ret = monitor;
	*fd = monitor->fd;
	return 0;
}

void sim_monitor_close(struct dpu_ctx *ctx, void *arg)
{
	struct sim_monitor *monitor = arg, **link;

	for (link = &sim_of(ctx)->monitors; *link != monitor;)
		link = &(*link)->next;
	*link = monitor->next;
	close_all(monitor);
	ctx_free(ctx, monitor);
}

/* Empties the queue of file events; true when one was about the topology, or some were lost. */
static bool file_changed(const struct sim_monitor *monitor, const char *path)
{
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *event;
	const char *name = strrchr(path, '/');
	bool changed = false;
	ssize_t n, at;

	name = name ? name + 1 : path;
	while ((n = read(monitor->file, buffer, sizeof(buffer))) > 0) {
		for (at = 0; at < n; at += (ssize_t)(sizeof(*event) + event->len)) {
			event = (const struct inotify_event *)(buffer + at);
			changed |= event->mask & IN_Q_OVERFLOW || (event->len && !strcmp(event->name, name));
		}
	}
	return changed;
}

int sim_monitor_read(struct dpu_ctx *ctx, void *arg, struct provider_event **ret, size_t *count)
{
	struct sim *sim = sim_of(ctx);
	struct sim_monitor *monitor = arg;
	uint64_t times;
	int rc;

	rc = sim_step(sim, "monitor_read", NULL);
	if (rc < 0)
		return rc;
	if (monitor->file >= 0)
		monitor->woken |= file_changed(monitor, sim->path);
	monitor->woken |= read(monitor->timer, &times, sizeof(times)) > 0;
	/* Taking over what others have changed wakes all monitors: this one need not be told twice. */
	rc = sim_read(sim);
	if (rc < 0)
		return rc;
	monitor->woken |= read(monitor->change, &times, sizeof(times)) > 0;
	if (monitor->woken) {
		monitor->woken = false;
		arm(monitor, sim->model);
		return -ENOBUFS;
	}
	*ret = NULL;
	*count = 0;
	return 0;
}

/* A dump that is being made. */
struct dump {
	struct sim *sim;
	uint32_t objects;
	struct provider_event *events;
	size_t count;
	bool failed;
};

/* What the last event that was put is about: a port's numbers. */
static void identify(struct dump *dump, size_t count, const struct provider_port *port)
{
	const uint32_t numbers[] = { port->flavour, port->controller, port->pfnum, port->vfnum, port->sfnum };

	if (dump->count > count)
		dump->events[count].identity = hash_bytes(hash_start, numbers, sizeof(numbers));
}

static void put(struct dump *dump, enum dpu_event_object object, const char *handle, const char *name,
		uint32_t port, uint32_t ifindex, const void *facts, size_t size)
{
	struct provider_event *event;

	if (!(dump->objects & (1u << object)) || dump->failed)
		return;
	if (ctx_grow(dump->sim->ctx, &dump->events, dump->count, sizeof(*event)) < 0) {
		dump->failed = true;
		return;
	}
	event = &dump->events[dump->count++];
	memset(event, 0, sizeof(*event));
	event->object = object;
	event->port = port;
	event->ifindex = ifindex;
	text_copy(event->handle, sizeof(event->handle), handle);
	text_copy(event->name, sizeof(event->name), name);
	event->hash = hash_bytes(hash_start, facts, size);
}

static void put_netdev(struct dump *dump, const char *handle, const char *name, uint32_t ifindex,
		       const uint8_t hw_addr[6])
{
	struct {
		char name[16];
		uint8_t hw_addr[6];
	} facts;

	memset(&facts, 0, sizeof(facts));
	text_copy(facts.name, sizeof(facts.name), name);
	if (hw_addr)
		memcpy(facts.hw_addr, hw_addr, sizeof(facts.hw_addr));
	put(dump, DPU_EVENT_NETDEV, handle, name, DPU_PORT_NO_NUMBER, ifindex, &facts, sizeof(facts));
}

static void put_rdma(struct dump *dump, const char *handle, const char *name, const uint8_t hw_addr[6],
		     const char *netdev, uint32_t ifindex)
{
	struct dpu_rdma facts;

	memset(&facts, 0, sizeof(facts));
	sim_rdma_fill(dump->sim->model, name, hw_addr, netdev, ifindex, &facts);
	put(dump, DPU_EVENT_RDMA, handle, name, DPU_PORT_NO_NUMBER, 0, &facts, sizeof(facts));
}

static void put_port(struct dump *dump, const char *handle, const struct provider_port *port)
{
	const size_t count = dump->count;

	put(dump, DPU_EVENT_PORT, handle, port->netdev, port->index, port->ifindex, port, sizeof(*port));
	identify(dump, count, port);
}

static void put_function(struct dump *dump, const struct sim_pf *pf, const char *handle,
			 const struct sim_function *function)
{
	struct provider_function facts;
	struct provider_port port;
	size_t count;

	memset(&facts, 0, sizeof(facts));
	memset(&port, 0, sizeof(port));
	sim_function_fill(pf, function, &facts);
	if (pf->eswitch_mode != DPU_ESWITCH_LEGACY) {
		sim_port_fill(dump->sim->model, pf, function, &port);
		put_port(dump, handle, &port);
		if (port.netdev[0])
			put_netdev(dump, handle, port.netdev, port.ifindex, NULL);
		count = dump->count;
		put(dump, DPU_EVENT_FUNCTION, handle, port.netdev, function->port, port.ifindex, &facts,
		    sizeof(facts));
		identify(dump, count, &port);
	}
	if (facts.netdev[0])
		put_netdev(dump, handle, facts.netdev, function->ifindex, function->hw_addr);
	if (sim_has_rdma(function))
		put_rdma(dump, handle, function->rdma_device, function->hw_addr, function->netdev,
			 function->ifindex);
}

static void put_pf(struct dump *dump, const struct sim_pf *pf)
{
	const struct sim_model *model = dump->sim->model;
	struct provider_device device;
	struct provider_port port;
	struct dpu_health health;
	size_t i;

	memset(&device, 0, sizeof(device));
	sim_device_fill(model, pf, &device);
	put(dump, DPU_EVENT_DEVICE, device.handle, "", DPU_PORT_NO_NUMBER, 0, &device, sizeof(device));
	put_netdev(dump, device.handle, pf->netdev, pf->ifindex, pf->hw_addr);
	put_rdma(dump, device.handle, pf->rdma_device, pf->hw_addr, pf->netdev, pf->ifindex);
	for (i = 0; i < SIM_REPORTERS; i++) {
		memset(&health, 0, sizeof(health));
		sim_health_fill(pf, i, &health);
		put(dump, DPU_EVENT_HEALTH, device.handle, health.name, DPU_PORT_NO_NUMBER, 0, &health,
		    sizeof(health));
	}
	if (sim_nic_mode(model))
		return;
	memset(&port, 0, sizeof(port));
	sim_port_fill(model, pf, NULL, &port);
	put_port(dump, device.handle, &port);
	for (i = 0; i < model->function_count; i++) {
		if (model->functions[i].pfnum == pf->pfnum)
			put_function(dump, pf, device.handle, &model->functions[i]);
	}
}

int sim_monitor_dump(struct dpu_ctx *ctx, void *arg, struct provider_event **ret, size_t *count)
{
	const struct sim_monitor *monitor = arg;
	struct dump dump = { .sim = sim_of(ctx), .objects = monitor->objects };
	const struct sim_nic *nic;
	size_t i;
	int rc;

	rc = sim_read_step(dump.sim, "monitor_dump", NULL);
	if (rc < 0)
		return rc;
	for (i = 0; i < dump.sim->model->pf_count; i++)
		put_pf(&dump, &dump.sim->model->pfs[i]);
	for (i = 0; i < dump.sim->model->nic_count; i++) {
		nic = &dump.sim->model->nics[i];
		put(&dump, DPU_EVENT_DEVICE, nic->handle, "", DPU_PORT_NO_NUMBER, 0, nic, sizeof(*nic));
		put_netdev(&dump, nic->handle, nic->netdev, nic->ifindex, NULL);
	}
	if (dump.failed) {
		ctx_free(ctx, dump.events);
		return ctx_fail_nomem(ctx, "monitor_dump");
	}
	*ret = dump.events;
	*count = dump.count;
	return 0;
}
