/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The linux: provider: the machine that the program runs on, or a recorded sysfs tree of another. */
#include <errno.h>
#include <inttypes.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include "provider/linux/devlink.h"
#include "provider/linux/gather.h"
#include "provider/linux/join.h"
#include "provider/linux/linux.h"
#include "provider/linux/pci.h"
#include "provider/linux/rdma.h"
#include "provider/linux/rtnl.h"

enum {
	/* Not everything that may change is told by an event: wait() never sleeps longer. */
	WAIT_SLICE_MS = 50,
};

static void open_netlink(struct linux_provider *machine)
{
	const size_t size = sizeof(machine->facility_reason[0]);
	int rc;

	machine->rtnl.fd = machine->genl.fd = machine->events.fd = -1;
	if (machine->recorded) {
		snprintf(machine->facility_reason[DPU_FACILITY_NETDEV], size,
			 "a recorded sysfs tree has no rtnetlink");
		snprintf(machine->facility_reason[DPU_FACILITY_DEVLINK], size,
			 "a recorded sysfs tree has no devlink");
		return;
	}
	rc = netlink_open(&machine->rtnl, NETLINK_ROUTE);
	if (rc < 0)
		snprintf(machine->facility_reason[DPU_FACILITY_NETDEV], size, "no rtnetlink socket: %.100s",
			 strerror(-rc));
	rc = netlink_open(&machine->genl, NETLINK_GENERIC);
	if (rc < 0)
		snprintf(machine->facility_reason[DPU_FACILITY_DEVLINK], size,
			 "no generic netlink socket: %.100s", strerror(-rc));
	/* Without it wait() only wakes up later. */
	if (netlink_open(&machine->events, NETLINK_ROUTE) == 0 &&
	    netlink_join(&machine->events, RTNLGRP_LINK) < 0)
		netlink_close(&machine->events);
}

static int linux_open(struct dpu_ctx *ctx, const char *path, const char *params)
{
	struct linux_provider *machine;
	int rc;

	if (path && path[0])
		return ctx_fail(ctx, -EINVAL, "open", path, "linux: takes no path");
	if (params && params[0])
		return ctx_fail(ctx, -EINVAL, "open", params, "linux: takes no parameters");
	machine = ctx_alloc(ctx, sizeof(*machine));
	if (!machine)
		return ctx_fail_nomem(ctx, "open");
	rc = sysfs_open(&machine->sysfs, ctx->sysfs_root);
	/* A container may go without /sys; a recorded tree that is not there is a mistake. */
	if (rc < 0 && strcmp(ctx->sysfs_root, "/sys") != 0) {
		ctx_free(ctx, machine);
		return ctx_fail(ctx, rc, "open", ctx->sysfs_root, NULL);
	}
	machine->recorded = rc == 0 && strcmp(machine->sysfs.root, "/sys") != 0;
	open_netlink(machine);
	ctx->provider = machine;
	return 0;
}

static void linux_close(struct dpu_ctx *ctx)
{
	struct linux_provider *machine = linux_provider(ctx);

	netlink_close(&machine->rtnl);
	netlink_close(&machine->genl);
	netlink_close(&machine->events);
	sysfs_close(&machine->sysfs);
	ctx_free(ctx, machine);
	ctx->provider = NULL;
}

static int linux_facility(struct dpu_ctx *ctx, enum dpu_facility facility, const char **reason)
{
	struct linux_provider *machine = linux_provider(ctx);
	const char *absent = NULL;
	int rc;

	switch (facility) {
	case DPU_FACILITY_PCI:
		if (!sysfs_exists(&machine->sysfs, "bus/pci/devices"))
			absent = "the machine has no PCI bus (no bus/pci in sysfs)";
		break;
	case DPU_FACILITY_NETDEV:
		if (machine->rtnl.fd < 0)
			absent = machine->facility_reason[facility];
		break;
	case DPU_FACILITY_DEVLINK:
		rc = devlink_present(ctx, machine);
		if (rc < 0)
			return ctx_fail(ctx, rc, "facility", "devlink", NULL);
		if (!rc)
			absent = machine->facility_reason[facility];
		break;
	case DPU_FACILITY_RDMA:
		absent = rdma_absent(&machine->sysfs);
		break;
	default:
		return ctx_fail(ctx, -EINVAL, "facility", NULL, "no facility %d", (int)facility);
	}
	*reason = absent;
	return absent ? 0 : 1;
}

/* Records what a join found wrong. */
static int join_fail(struct dpu_ctx *ctx, int rc, const char *step, const char *handle)
{
	if (rc == -ENOMEM)
		return ctx_fail_nomem(ctx, step);
	return ctx_fail(ctx, rc, step, handle, "no such device");
}

static int linux_devices(struct dpu_ctx *ctx, struct provider_device **ret, size_t *count)
{
	struct facts facts;
	int rc;

	rc = gather(ctx, "devices", &facts);
	if (rc < 0)
		return rc;
	rc = join_devices(ctx, &facts, ret, count);
	facts_free(ctx, &facts);
	if (rc < 0)
		return join_fail(ctx, rc, "devices", NULL);
	pci_name_models(*ret, *count);
	return 0;
}

static int list_ports(struct dpu_ctx *ctx, const char *step, const char *handle, struct provider_port **ret,
		      size_t *count)
{
	struct facts facts;
	int rc;

	rc = gather(ctx, step, &facts);
	if (rc < 0)
		return rc;
	rc = join_ports(ctx, &facts, handle, ret, count);
	facts_free(ctx, &facts);
	return rc < 0 ? join_fail(ctx, rc, step, handle) : 0;
}

static int linux_ports(struct dpu_ctx *ctx, const char *handle, struct provider_port **ret, size_t *count)
{
	return list_ports(ctx, "ports", handle, ret, count);
}

static int linux_functions(struct dpu_ctx *ctx, const char *handle, struct provider_function **ret,
			   size_t *count)
{
	struct facts facts;
	int rc;

	rc = gather(ctx, "functions", &facts);
	if (rc < 0)
		return rc;
	rc = join_functions(ctx, &facts, handle, ret, count);
	facts_free(ctx, &facts);
	return rc < 0 ? join_fail(ctx, rc, "functions", handle) : 0;
}

static uint64_t counter(const struct sysfs *sysfs, const char *netdev, const char *name)
{
	char path[SYSFS_PATH_SIZE];
	uint64_t value = 0;

	if (sysfs_path(path, "class/net/%s/statistics/%s", netdev, name))
		sysfs_number(sysfs, path, UINT64_MAX, &value);
	return value;
}

/*
 * The seam's point of view is the e-switch's: rx entered it through the port. For an uplink the network
 * device received that from the wire, so its rx is rx. A representor counts as if it stood in the function's
 * place on the switch: what the function sent, the representor received. So its rx is rx as well, and the
 * same for tx. The kernel does not count misses by port.
 */
static int linux_port_stats(struct dpu_ctx *ctx, const char *handle, uint32_t index,
			    struct dpu_port_stats *stats)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct rtnl_link_stats64 counters = { 0 };
	struct provider_port port = { 0 }, *ports;
	bool found = false;
	size_t count, i;
	int rc;

	rc = list_ports(ctx, "port_stats", handle, &ports, &count);
	if (rc < 0)
		return rc;
	for (i = 0; i < count && !found; i++) {
		found = ports[i].index == index;
		if (found)
			port = ports[i];
	}
	ctx_free(ctx, ports);
	if (!found)
		return ctx_fail(ctx, -ENODEV, "port_stats", handle, "no port %" PRIu32, index);
	if (!port.ifindex)
		return ctx_fail(ctx, -EOPNOTSUPP, "port_stats", handle,
				"port %" PRIu32 " has no network device that counts", index);
	if (machine->rtnl.fd >= 0) {
		rc = rtnl_stats(ctx, &machine->rtnl, port.ifindex, &counters);
		if (rc < 0)
			return rc;
	} else {
		counters.rx_packets = counter(&machine->sysfs, port.netdev, "rx_packets");
		counters.rx_bytes = counter(&machine->sysfs, port.netdev, "rx_bytes");
		counters.rx_dropped = counter(&machine->sysfs, port.netdev, "rx_dropped");
		counters.tx_packets = counter(&machine->sysfs, port.netdev, "tx_packets");
		counters.tx_bytes = counter(&machine->sysfs, port.netdev, "tx_bytes");
		counters.tx_dropped = counter(&machine->sysfs, port.netdev, "tx_dropped");
	}
	*stats = (struct dpu_port_stats){
		.sz = sizeof(*stats),
		.rx_packets = counters.rx_packets,
		.rx_bytes = counters.rx_bytes,
		.rx_dropped = counters.rx_dropped,
		.tx_packets = counters.tx_packets,
		.tx_bytes = counters.tx_bytes,
		.tx_dropped = counters.tx_dropped,
	};
	return 0;
}

/* 0 when there is such a device. */
static int check_device(struct dpu_ctx *ctx, const char *step, const char *handle)
{
	struct facts facts;
	bool there;
	int rc;

	rc = gather(ctx, step, &facts);
	if (rc < 0)
		return rc;
	there = join_is_device(&facts, handle);
	facts_free(ctx, &facts);
	return there ? 0 : ctx_fail(ctx, -ENODEV, step, handle, "no such device");
}

static int linux_eswitch_mode_get(struct dpu_ctx *ctx, const char *handle, enum dpu_eswitch_mode *ret)
{
	struct linux_provider *machine = linux_provider(ctx);
	uint16_t mode;
	int rc;

	rc = check_device(ctx, "eswitch_mode_get", handle);
	if (rc < 0)
		return rc;
	rc = devlink_present(ctx, machine);
	if (rc < 0)
		return ctx_fail_nomem(ctx, "eswitch_mode_get");
	if (!rc)
		return ctx_fail(ctx, -EOPNOTSUPP, "eswitch_mode_get", handle, "%s",
				machine->facility_reason[DPU_FACILITY_DEVLINK]);
	rc = devlink_eswitch_mode(ctx, machine, handle, &mode);
	/* The device is there, so it is its devlink instance that is not: it has no e-switch to ask for. */
	if (rc == -ENODEV)
		return ctx_fail(ctx, -EOPNOTSUPP, "eswitch_mode_get", handle,
				"the device has no devlink instance");
	if (rc < 0)
		return rc;
	*ret = (enum dpu_eswitch_mode)mode;
	return 0;
}

static int linux_vf_count(struct dpu_ctx *ctx, const char *handle, uint32_t *total)
{
	struct linux_provider *machine = linux_provider(ctx);
	const char *slash = strchr(handle, '/');
	char path[SYSFS_PATH_SIZE];
	uint64_t count, max;
	int rc;

	/* Only then is the handle safe to make a path of. */
	rc = check_device(ctx, "vf_count", handle);
	if (rc < 0)
		return rc;
	if (!slash ||
	    !sysfs_path(path, "bus/%.*s/devices/%s/sriov_numvfs", (int)(slash - handle), handle, slash + 1) ||
	    !sysfs_number(&machine->sysfs, path, INT32_MAX, &count))
		return ctx_fail(ctx, -EOPNOTSUPP, "vf_count", handle, "the device has no SR-IOV");
	if (!sysfs_path(path, "bus/%.*s/devices/%s/sriov_totalvfs", (int)(slash - handle), handle,
			slash + 1) ||
	    !sysfs_number(&machine->sysfs, path, INT32_MAX, &max))
		max = count;
	if (total)
		*total = (uint32_t)max;
	return (int)count;
}

static int linux_wait(struct dpu_ctx *ctx, int timeout_ms)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct pollfd events = { .fd = machine->events.fd, .events = POLLIN };
	char waste[4096];

	if (timeout_ms > WAIT_SLICE_MS)
		timeout_ms = WAIT_SLICE_MS;
	/* poll() leaves a negative descriptor alone and only sleeps. What the event says does not matter: who
	 * waits looks again. */
	if (poll(&events, 1, timeout_ms) > 0) {
		while (recv(machine->events.fd, waste, sizeof(waste), MSG_DONTWAIT) > 0)
			continue;
	}
	return 0;
}

const struct provider_ops provider_linux = {
	.name = "linux",
	.open = linux_open,
	.close = linux_close,
	.facility = linux_facility,
	.devices = linux_devices,
	.ports = linux_ports,
	.functions = linux_functions,
	.port_stats = linux_port_stats,
	.eswitch_mode_get = linux_eswitch_mode_get,
	.vf_count = linux_vf_count,
	.wait = linux_wait,
};
