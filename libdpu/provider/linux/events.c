/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "core/hash.h"
#include "core/text.h"
#include "provider/linux/devlink.h"
#include "provider/linux/events.h"
#include "provider/linux/rdma.h"
#include "provider/linux/rtnl.h"
#include "provider/linux/sfs.h"

enum {
	UEVENT_GROUP = 1, /* the kernel's own; udev's is another */
	UEVENT_SIZE = 8192,
	SOURCES = 3,
};

struct monitor {
	struct linux_events events;
	uint32_t objects;
	int epoll;
};

/* Collects what has been heard. */
struct heard {
	struct dpu_ctx *ctx;
	uint32_t objects;
	struct provider_event *items;
	size_t count;
};

static void join(struct dpu_ctx *ctx, struct netlink *nl, int protocol, uint32_t group)
{
	if (netlink_open(nl, protocol) == 0 && netlink_join(nl, group) < 0)
		netlink_close(ctx, nl);
}

void events_open(struct dpu_ctx *ctx, struct linux_events *events)
{
	struct linux_provider *machine = linux_provider(ctx);

	events->rtnl.fd = events->devlink.fd = events->uevent.fd = -1;
	if (machine->recorded)
		return;
	join(ctx, &events->rtnl, NETLINK_ROUTE, RTNLGRP_LINK);
	join(ctx, &events->uevent, NETLINK_KOBJECT_UEVENT, UEVENT_GROUP);
	if (devlink_present(ctx, machine) > 0 && machine->devlink.config)
		join(ctx, &events->devlink, NETLINK_GENERIC, machine->devlink.config);
}

void events_close(struct dpu_ctx *ctx, struct linux_events *events)
{
	netlink_close(ctx, &events->rtnl);
	netlink_close(ctx, &events->devlink);
	netlink_close(ctx, &events->uevent);
}

/* "add@/devices/…\0ACTION=add\0DEVPATH=/devices/…\0SUBSYSTEM=infiniband\0…" */
struct uevent {
	const char *action;
	const char *subsystem;
	const char *name; /* of the device */
};

static bool parse_uevent(const char *text, size_t len, struct uevent *uevent)
{
	const char *slash = NULL, *end;

	*uevent = (struct uevent){ .action = NULL };
	for (; len; len -= (size_t)(end + 1 - text), text = end + 1) {
		end = memchr(text, '\0', len);
		if (!end)
			break;
		if (!strncmp(text, "ACTION=", 7)) {
			uevent->action = text + 7;
		} else if (!strncmp(text, "SUBSYSTEM=", 10)) {
			uevent->subsystem = text + 10;
		} else if (!strncmp(text, "DEVPATH=", 8)) {
			slash = strrchr(text, '/');
		}
	}
	uevent->name = slash ? slash + 1 : NULL;
	return uevent->action && uevent->subsystem && uevent->name;
}

/* Forgets what a socket has heard. False when that was nothing. */
static bool drain(const struct netlink *nl)
{
	bool heard = false;
	char waste[256];

	while (nl->fd >= 0 && (recv(nl->fd, waste, sizeof(waste), MSG_DONTWAIT) > 0 || errno == ENOBUFS))
		heard = true;
	return heard;
}

/* The same, hearing of SFs that come and go. What has come is noted by its name alone: it is looked at by
 * whoever needs it. */
static void take_uevent(struct dpu_ctx *ctx, const char *text, size_t len)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct uevent uevent;

	if (!parse_uevent(text, len, &uevent) || strcmp(uevent.subsystem, "auxiliary") != 0)
		return;
	if (!strcmp(uevent.action, "add"))
		sfs_come(ctx, uevent.name);
	else if (!strcmp(uevent.action, "remove"))
		sfs_gone(machine, uevent.name);
	else if (!strcmp(uevent.action, "move"))
		machine->sfs_current = false;
}

static bool drain_uevents(struct dpu_ctx *ctx)
{
	struct linux_provider *machine = linux_provider(ctx);
	const struct netlink *nl = &machine->events.uevent;
	char text[UEVENT_SIZE];
	bool heard = false;
	ssize_t len;

	while (nl->fd >= 0) {
		len = recv(nl->fd, text, sizeof(text), MSG_DONTWAIT);
		if (len <= 0 && errno != ENOBUFS && errno != EINTR)
			break;
		heard = true;
		if (len > 0)
			take_uevent(ctx, text, (size_t)len);
		else if (errno == ENOBUFS)
			machine->sfs_current = false;
	}
	return heard;
}

void events_take(struct dpu_ctx *ctx)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct linux_events *events = &machine->events;
	/* What cannot be heard may have happened. */
	bool deaf = events->rtnl.fd < 0 || events->uevent.fd < 0 ||
		    (events->devlink.fd < 0 && machine->devlink.id);
	bool heard;

	heard = drain(&events->rtnl);
	heard = drain(&events->devlink) || heard;
	heard = drain_uevents(ctx) || heard;
	if (heard || deaf)
		machine->cache.valid = false;
}

void events_wait(struct dpu_ctx *ctx, int timeout_ms)
{
	const struct linux_events *events = &linux_provider(ctx)->events;
	struct pollfd fds[SOURCES] = {
		{ .fd = events->rtnl.fd, .events = POLLIN },
		{ .fd = events->devlink.fd, .events = POLLIN },
		{ .fd = events->uevent.fd, .events = POLLIN },
	};

	/* poll() leaves a negative descriptor alone and only sleeps. */
	if (poll(fds, SOURCES, timeout_ms) != 0)
		events_take(ctx);
}

static int add(struct heard *heard, const struct provider_event *event)
{
	if (!(heard->objects & (1u << event->object)))
		return 0;
	return ctx_append(heard->ctx, heard->items, heard->count, *event);
}

static void forget(void *data)
{
	struct heard *heard = data;

	ctx_free(heard->ctx, heard->items);
	heard->items = NULL;
	heard->count = 0;
}

/* All that is said of an instance beside its name (that a reload failed, how often it was reloaded) stands in
 * the message in the same way each time. */
static int hear_device(struct heard *heard, const struct nlmsghdr *nlh, bool gone)
{
	struct provider_event event = { .object = DPU_EVENT_DEVICE,
					.gone = gone,
					.port = DPU_PORT_NO_NUMBER };
	const size_t header = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct genlmsghdr));
	struct nlattr *attrs[DEVLINK_ATTR_DEV_NAME + 1];

	if (!devlink_attrs(nlh, attrs, DEVLINK_ATTR_DEV_NAME) || !devlink_parse_handle(attrs, event.handle))
		return 0;
	event.hash = hash_bytes(hash_start, (const char *)nlh + header, nlh->nlmsg_len - header);
	return add(heard, &event);
}

static int hear_port(struct heard *heard, const struct nlmsghdr *nlh, bool gone)
{
	struct provider_event event = { .object = DPU_EVENT_PORT, .gone = gone };
	struct fact_port port;
	int rc;

	if (!devlink_parse_port(nlh, DEVLINK_ABI, &port))
		return 0;
	event.port = port.index;
	event.ifindex = port.ifindex;
	memcpy(event.handle, port.handle, sizeof(event.handle));
	text_copy(event.name, sizeof(event.name), port.netdev);
	event.identity = hash_number(hash_start, port.flavour);
	event.identity = hash_number(event.identity, port.controller);
	event.identity = hash_number(event.identity, port.pfnum);
	event.identity = hash_number(event.identity, port.vfnum);
	event.identity = hash_number(event.identity, port.sfnum);
	event.hash = hash_number(event.identity, port.ifindex);
	event.hash = hash_text(event.hash, port.netdev);
	rc = add(heard, &event);
	if (rc < 0 || (port.flavour != DPU_PORT_PCIPF && port.flavour != DPU_PORT_PCIVF &&
		       port.flavour != DPU_PORT_PCISF))
		return rc;
	event.object = DPU_EVENT_FUNCTION;
	event.hash = hash_bytes(hash_start, port.hw_addr, sizeof(port.hw_addr));
	event.hash = hash_number(event.hash, port.state);
	event.hash = hash_number(event.hash, port.opstate);
	event.hash = hash_number(event.hash, port.caps);
	event.hash = hash_number(event.hash, port.max_io_eqs);
	event.hash = hash_text(event.hash, port.function_handle);
	return add(heard, &event);
}

static int hear_health(struct heard *heard, const struct nlmsghdr *nlh, bool gone)
{
	struct provider_event event = { .object = DPU_EVENT_HEALTH, .gone = gone };
	struct dpu_health health;

	if (!devlink_parse_health(nlh, event.handle, &health))
		return 0;
	event.port = health.port;
	text_copy(event.name, sizeof(event.name), health.name);
	event.hash = hash_number(hash_start, health.state);
	event.hash = hash_number(event.hash, health.errors);
	event.hash = hash_number(event.hash, health.recoveries);
	event.hash = hash_number(event.hash, health.grace_period_ms);
	event.hash = hash_number(event.hash, health.auto_recover);
	event.hash = hash_number(event.hash, health.auto_dump);
	return add(heard, &event);
}

static bool has_port(const struct nlmsghdr *nlh)
{
	struct nlattr *attrs[DEVLINK_ATTR_PORT_INDEX + 1];

	return devlink_attrs(nlh, attrs, DEVLINK_ATTR_PORT_INDEX) && attrs[DEVLINK_ATTR_PORT_INDEX];
}

/* A notification and an answer to a dump say the same with (nearly) the same command. */
static int hear_devlink(void *data, const struct nlmsghdr *nlh)
{
	struct genlmsghdr header;

	if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(header))
		return 0;
	memcpy(&header, nlmsg_data(nlh), sizeof(header));
	switch (header.cmd) {
	case DEVLINK_CMD_NEW:
	case DEVLINK_CMD_DEL:
		/* An older kernel answers a dump of ports as if they were devices. */
		if (has_port(nlh))
			return hear_port(data, nlh, header.cmd == DEVLINK_CMD_DEL);
		return hear_device(data, nlh, header.cmd == DEVLINK_CMD_DEL);
	case DEVLINK_CMD_PORT_NEW:
	case DEVLINK_CMD_PORT_DEL:
		return hear_port(data, nlh, header.cmd == DEVLINK_CMD_PORT_DEL);
	case DEVLINK_CMD_HEALTH_REPORTER_GET:
	case DEVLINK_CMD_HEALTH_REPORTER_RECOVER:
		return hear_health(data, nlh, false);
	default:
		return 0;
	}
}

static int hear_link(void *data, const struct nlmsghdr *nlh)
{
	struct provider_event event = { .object = DPU_EVENT_NETDEV, .port = DPU_PORT_NO_NUMBER };
	struct heard *heard = data;
	char path[SYSFS_PATH_SIZE];
	struct fact_place place;
	struct fact_link link;
	int rc;

	rc = rtnl_parse_link(nlh, &link);
	if (rc <= 0)
		return 0;
	event.gone = nlh->nlmsg_type == RTM_DELLINK;
	event.ifindex = link.ifindex;
	text_copy(event.name, sizeof(event.name), link.name);
	if (link.parent_bus[0] && !event.gone &&
	    sysfs_path(path, "bus/%s/devices/%s", link.parent_bus, link.parent_name)) {
		sysfs_place(&linux_provider(heard->ctx)->sysfs, path, &place);
		memcpy(event.handle, place.handle, sizeof(event.handle));
	}
	event.hash = hash_text(hash_start, link.name);
	event.hash = hash_bytes(event.hash, link.address, sizeof(link.address));
	event.hash = hash_number(event.hash, link.flags);
	event.hash = hash_text(event.hash, link.phys_port_name);
	event.hash = hash_text(event.hash, link.phys_switch_id);
	return add(heard, &event);
}

static int hear_rdma(struct heard *heard, const char *name, bool gone)
{
	struct provider_event event = { .object = DPU_EVENT_RDMA, .gone = gone, .port = DPU_PORT_NO_NUMBER };
	const struct sysfs *sysfs = &linux_provider(heard->ctx)->sysfs;
	char path[SYSFS_PATH_SIZE];
	struct fact_place place;

	text_copy(event.name, sizeof(event.name), name);
	if (!gone && sysfs_path(path, "class/infiniband/%s/device", name)) {
		sysfs_place(sysfs, path, &place);
		memcpy(event.handle, place.handle, sizeof(event.handle));
	}
	event.hash = hash_text(hash_start, event.handle);
	return add(heard, &event);
}

static int hear_uevent(struct heard *heard, const char *text, size_t len)
{
	struct uevent uevent;

	if (!parse_uevent(text, len, &uevent) || strcmp(uevent.subsystem, "infiniband") != 0)
		return 0;
	if (!strcmp(uevent.action, "add"))
		return hear_rdma(heard, uevent.name, false);
	if (!strcmp(uevent.action, "remove"))
		return hear_rdma(heard, uevent.name, true);
	/* Renamed: what it was called before is easier seen than read. */
	return -ENOBUFS;
}

static int read_uevents(struct heard *heard, const struct netlink *nl)
{
	char text[UEVENT_SIZE];
	ssize_t len;
	int rc = 0;

	while (nl->fd >= 0 && rc == 0) {
		len = recv(nl->fd, text, sizeof(text), MSG_DONTWAIT);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return errno == EAGAIN ? 0 : -errno;
		rc = hear_uevent(heard, text, (size_t)len);
	}
	return rc;
}

int monitor_open(struct dpu_ctx *ctx, uint32_t objects, void **ret, int *fd)
{
	struct epoll_event readable = { .events = EPOLLIN };
	struct monitor *monitor;
	int fds[SOURCES], rc = 0;
	size_t i;

	if (linux_provider(ctx)->recorded)
		return ctx_fail(ctx, -EOPNOTSUPP, "monitor_open", NULL,
				"in a recorded sysfs tree nothing happens");
	monitor = ctx_alloc(ctx, sizeof(*monitor));
	if (!monitor)
		return ctx_fail_nomem(ctx, "monitor_open");
	monitor->objects = objects;
	monitor->epoll = epoll_create1(EPOLL_CLOEXEC);
	events_open(ctx, &monitor->events);
	fds[0] = monitor->events.rtnl.fd;
	fds[1] = monitor->events.devlink.fd;
	fds[2] = monitor->events.uevent.fd;
	for (i = 0; i < SOURCES && rc == 0; i++) {
		if (fds[i] >= 0 && epoll_ctl(monitor->epoll, EPOLL_CTL_ADD, fds[i], &readable) < 0)
			rc = -errno;
	}
	if (rc == 0 && fds[0] < 0)
		rc = -EOPNOTSUPP;
	if (rc < 0) {
		monitor_close(ctx, monitor);
		return ctx_fail(ctx, rc, "monitor_open", NULL, "%s",
				rc == -EOPNOTSUPP ? "the kernel's events cannot be heard here"
						  : strerror(-rc));
	}
	*ret = monitor;
	*fd = monitor->epoll;
	return 0;
}

void monitor_close(struct dpu_ctx *ctx, void *data)
{
	struct monitor *monitor = data;

	events_close(ctx, &monitor->events);
	if (monitor->epoll >= 0)
		close(monitor->epoll);
	ctx_free(ctx, monitor);
}

int monitor_read(struct dpu_ctx *ctx, void *data, struct provider_event **ret, size_t *count)
{
	struct monitor *monitor = data;
	struct heard heard = { .ctx = ctx, .objects = monitor->objects };
	int rc;

	rc = netlink_events(ctx, &monitor->events.rtnl, hear_link, &heard);
	if (rc == 0 && monitor->events.devlink.fd >= 0)
		rc = netlink_events(ctx, &monitor->events.devlink, hear_devlink, &heard);
	if (rc == 0)
		rc = read_uevents(&heard, &monitor->events.uevent);
	if (rc < 0) {
		forget(&heard);
		if (rc == -ENOMEM)
			return ctx_fail_nomem(ctx, "monitor_read");
		return rc == -ENOBUFS ? rc : ctx_fail(ctx, rc, "monitor_read", NULL, NULL);
	}
	*ret = heard.items;
	*count = heard.count;
	return 0;
}

static int dump_devlink(struct dpu_ctx *ctx, struct heard *heard)
{
	static const uint8_t commands[] = { DEVLINK_CMD_GET, DEVLINK_CMD_PORT_GET,
					    DEVLINK_CMD_HEALTH_REPORTER_GET };
	struct linux_provider *machine = linux_provider(ctx);
	struct netlink_answer answer;
	struct heard part;
	size_t i, k;
	int rc = 0;

	for (i = 0; i < sizeof(commands) && rc == 0; i++) {
		part = (struct heard){ .ctx = ctx, .objects = heard->objects };
		answer = (struct netlink_answer){ .object = hear_devlink, .restart = forget, .data = &part };
		rc = devlink_ask(ctx, devlink_dump(&machine->devlink, commands[i], NULL), &answer,
				 "monitor_dump", "devlink");
		for (k = 0; k < part.count && rc == 0; k++) {
			if (add(heard, &part.items[k]) < 0)
				rc = ctx_fail_nomem(ctx, "monitor_dump");
		}
		forget(&part);
	}
	return rc;
}

static int dump_rdma(struct dpu_ctx *ctx, struct heard *heard)
{
	struct fact_rdma *rdma = NULL;
	size_t count = 0, i;
	int rc;

	rc = rdma_devices(ctx, &linux_provider(ctx)->sysfs, &rdma, &count);
	for (i = 0; i < count && rc == 0; i++)
		rc = hear_rdma(heard, rdma[i].name, false);
	ctx_free(ctx, rdma);
	return rc < 0 ? ctx_fail_nomem(ctx, "monitor_dump") : 0;
}

int monitor_dump(struct dpu_ctx *ctx, void *data, struct provider_event **ret, size_t *count)
{
	struct monitor *monitor = data;
	struct linux_provider *machine = linux_provider(ctx);
	struct heard heard = { .ctx = ctx, .objects = monitor->objects };
	struct netlink_answer answer = { .object = hear_link, .restart = forget, .data = &heard };
	int rc;

	rc = netlink_step(ctx, &machine->rtnl, rtnl_getlink(0, RTNL_SKIP_STATS), &answer, "monitor_dump",
			  "RTM_GETLINK");
	if (rc == 0 && devlink_present(ctx, machine) > 0)
		rc = dump_devlink(ctx, &heard);
	if (rc == 0)
		rc = dump_rdma(ctx, &heard);
	if (rc < 0) {
		forget(&heard);
		return rc;
	}
	*ret = heard.items;
	*count = heard.count;
	return 0;
}
