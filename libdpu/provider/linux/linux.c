/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The linux: provider: the machine that the program runs on, or a recorded sysfs tree of another. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "core/claims.h"
#include "provider/linux/devlink.h"
#include "provider/linux/events.h"
#include "provider/linux/firmware.h"
#include "provider/linux/gather.h"
#include "provider/linux/join.h"
#include "provider/linux/linux.h"
#include "provider/linux/pci.h"
#include "provider/linux/rdma.h"
#include "provider/linux/rtnl.h"
#include "provider/linux/sf.h"
#include "provider/linux/vf.h"
#include "provider/sf-claims.h"

enum {
	/* Not everything that may change is told by an event: wait() never sleeps longer. */
	WAIT_SLICE_MS = 50,
	CACHE_MS = 50,
};

static void open_netlink(struct linux_provider *machine)
{
	const size_t size = sizeof(machine->facility_reason[0]);
	int rc;

	machine->rtnl.fd = machine->genl.fd = -1;
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
	machine->dev = "/dev";
	machine->recorded = rc == 0 && strcmp(machine->sysfs.root, "/sys") != 0;
	open_netlink(machine);
	ctx->provider = machine;
	events_open(ctx, &machine->events);
	return 0;
}

static void linux_close(struct dpu_ctx *ctx)
{
	struct linux_provider *machine = linux_provider(ctx);

	firmware_close(ctx);
	netlink_close(ctx, &machine->rtnl);
	netlink_close(ctx, &machine->genl);
	events_close(ctx, &machine->events);
	facts_free(ctx, &machine->cache.facts);
	ctx_free(ctx, machine->sfs);
	claims_close(ctx, machine->claims);
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

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void forget_facts(struct dpu_ctx *ctx)
{
	struct linux_cache *cache = &linux_provider(ctx)->cache;

	cache->valid = false;
	facts_free(ctx, &cache->facts);
}

/* The facts, owned by the cache, that the call may use until it returns. */
static int read_facts(struct dpu_ctx *ctx, const char *step, const char *handle, bool details,
		      const struct facts **ret)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct linux_cache *cache = &machine->cache;
	const int64_t now = now_ms();
	int rc;

	/* What happens from here on will be heard. */
	events_take(ctx);
	if (cache->valid && (cache->details || !details) && now - cache->since_ms < CACHE_MS) {
		gather_again(ctx, handle, &cache->facts);
		*ret = &cache->facts;
		return 0;
	}
	forget_facts(ctx);
	rc = gather(ctx, step, handle, details, &cache->facts);
	if (rc < 0)
		return rc;
	cache->valid = true;
	cache->details = details;
	/* A large machine is not asked faster than it can answer. */
	cache->since_ms = now_ms();
	*ret = &cache->facts;
	return 0;
}

static int linux_devices(struct dpu_ctx *ctx, struct provider_device **ret, size_t *count)
{
	const struct facts *facts;
	int rc;

	rc = read_facts(ctx, "devices", NULL, true, &facts);
	if (rc < 0)
		return rc;
	rc = join_devices(ctx, facts, ret, count);
	if (rc < 0)
		return join_fail(ctx, rc, "devices", NULL);
	pci_name_models(*ret, *count);
	return 0;
}

static int linux_ports(struct dpu_ctx *ctx, const char *handle, struct provider_port **ret, size_t *count)
{
	const struct facts *facts;
	int rc;

	rc = read_facts(ctx, "ports", handle, false, &facts);
	if (rc < 0)
		return rc;
	rc = join_ports(ctx, facts, handle, ret, count);
	return rc < 0 ? join_fail(ctx, rc, "ports", handle) : 0;
}

static int linux_functions(struct dpu_ctx *ctx, const char *handle, struct provider_function **ret,
			   size_t *count)
{
	const struct facts *facts;
	int rc;

	rc = read_facts(ctx, "functions", handle, false, &facts);
	if (rc < 0)
		return rc;
	rc = join_functions(ctx, facts, handle, ret, count);
	/* Who has asked for the functions has asked for all: so much need not be kept for the rest of its
	 * time. */
	forget_facts(ctx);
	return rc < 0 ? join_fail(ctx, rc, "functions", handle) : 0;
}

/* -ENXIO: the device is there, and has no such port. */
static int read_fail(struct dpu_ctx *ctx, int rc, const char *step, const char *handle, uint32_t index)
{
	if (rc != -ENXIO)
		return join_fail(ctx, rc, step, handle);
	return ctx_fail(ctx, -ENODEV, step, handle, "there is no port %" PRIu32, index);
}

static int read_port(struct dpu_ctx *ctx, const char *step, const char *handle, uint32_t index,
		     struct provider_port *ret)
{
	struct facts facts;
	int rc;

	rc = gather_port(ctx, step, handle, index, false, &facts);
	if (rc < 0)
		return rc;
	rc = join_port(&facts, handle, index, ret, NULL);
	facts_free(ctx, &facts);
	return rc < 0 ? read_fail(ctx, rc, step, handle, index) : 0;
}

static int linux_port(struct dpu_ctx *ctx, const char *handle, uint32_t index, struct provider_port *ret)
{
	return read_port(ctx, "port", handle, index, ret);
}

int linux_read_function(struct dpu_ctx *ctx, const char *step, const char *handle, uint32_t index,
			struct provider_function *ret, struct provider_port *ret_port)
{
	struct provider_port port;
	struct facts facts;
	int rc;

	rc = gather_port(ctx, step, handle, index, true, &facts);
	if (rc < 0)
		return rc;
	rc = join_function(&facts, handle, index, ret, ret_port ? ret_port : &port);
	facts_free(ctx, &facts);
	return rc < 0 ? read_fail(ctx, rc, step, handle, index) : 0;
}

static int linux_function(struct dpu_ctx *ctx, const char *handle, uint32_t index,
			  struct provider_function *ret, struct provider_port *ret_port)
{
	return linux_read_function(ctx, "function", handle, index, ret, ret_port);
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
	struct provider_port port;
	int rc;

	rc = read_port(ctx, "port_stats", handle, index, &port);
	if (rc < 0)
		return rc;
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

static int linux_port_rules(struct dpu_ctx *ctx, const char *handle, uint32_t index)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct provider_port port;
	int rc;

	rc = read_port(ctx, "port_rules", handle, index, &port);
	if (rc < 0 || !port.ifindex || machine->rtnl.fd < 0)
		return rc < 0 ? rc : 0;
	return rtnl_filters(ctx, &machine->rtnl, "port_rules", port.ifindex);
}

/* Temporary files of the running system: gone after a boot, as the SFs are. */
static const char claims_dir[] = "/run/libdpu";

static int linux_sf_claim(struct dpu_ctx *ctx, const char *handle, const struct provider_claim *claim)
{
	return sf_claims_claim(ctx, &linux_provider(ctx)->claims, claims_dir, handle, claim);
}

static int linux_sf_unclaim(struct dpu_ctx *ctx, const char *handle, const struct provider_claim *claim)
{
	return sf_claims_unclaim(ctx, linux_provider(ctx)->claims, claims_dir, handle, claim);
}

static int linux_claims_left(struct dpu_ctx *ctx, const char *handle, struct provider_claim **ret,
			     size_t *count)
{
	return sf_claims_left(ctx, claims_dir, handle, ret, count);
}

static int linux_wait(struct dpu_ctx *ctx, int timeout_ms)
{
	linux_provider(ctx)->cache.valid = false;
	events_wait(ctx, timeout_ms < WAIT_SLICE_MS ? timeout_ms : WAIT_SLICE_MS);
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
	.port = linux_port,
	.function = linux_function,
	.versions = devlink_versions,
	.rdma = rdma_links,
	.params = devlink_params,
	.param_set = devlink_param_set,
	.rates = devlink_rates,
	.rate_set = devlink_rate_set,
	.rate_node_add = devlink_rate_node_add,
	.rate_node_delete = devlink_rate_node_delete,
	.health = devlink_health,
	.health_recover = devlink_health_recover,
	.health_set = devlink_health_set,
	.resources = devlink_resources,
	.resource_set = devlink_resource_set,
	.port_stats = linux_port_stats,
	.eswitch_mode_get = devlink_eswitch_mode_get,
	.eswitch_mode_set = devlink_eswitch_mode_set,
	.eswitch_attrs_get = devlink_eswitch_attrs_get,
	.eswitch_attrs_set = devlink_eswitch_attrs_set,
	.reload = devlink_reload,
	.firmware = firmware_tell,
	.nvconfig_supports = firmware_nvconfig_supports,
	.nvconfig_get = firmware_nvconfig_get,
	.nvconfig_update = firmware_nvconfig_update,
	.nvconfig_reset = firmware_nvconfig_reset,
	.mode_evidence = mode_evidence,
	.reset_info = firmware_reset_info,
	.reset = firmware_reset,
	.reset_done = firmware_reset_done,
	.sf_add = devlink_sf_add,
	.function_set_hw_addr = devlink_function_set_hw_addr,
	.function_set_caps = devlink_function_set_caps,
	.function_set_max_io_eqs = devlink_function_set_max_io_eqs,
	.function_set_max_uc_list = devlink_function_set_max_uc_list,
	.sf_claim = linux_sf_claim,
	.sf_unclaim = linux_sf_unclaim,
	.claims_left = linux_claims_left,
	.sf_activate = devlink_sf_activate,
	.sf_deactivate = sf_deactivate,
	.sf_bind = sf_bind,
	.sf_delete = devlink_sf_delete,
	.vf_count = vf_count,
	.vf_set_count = vf_set_count,
	.vf_attrs_get = vf_attrs_get,
	.vf_attrs_set = vf_attrs_set,
	.vf_stats = vf_stats,
	.vf_set_msix = vf_set_msix,
	.vf_msix_total = vf_msix_total,
	.vf_autoprobe = vf_autoprobe,
	.vf_set_autoprobe = vf_set_autoprobe,
	.monitor_open = monitor_open,
	.monitor_close = monitor_close,
	.monitor_read = monitor_read,
	.monitor_dump = monitor_dump,
	.port_rules = linux_port_rules,
	.wait = linux_wait,
};
