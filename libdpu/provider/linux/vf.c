/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "provider/linux/gather.h"
#include "provider/linux/join.h"
#include "provider/linux/rtnl.h"
#include "provider/linux/vf.h"

/* A number that a device's attribute has; -ENODEV no such device, -EOPNOTSUPP it has no such attribute. */
static int read_number(struct dpu_ctx *ctx, const char *step, const char *handle, const char *attribute,
		       const char *lack, uint64_t *ret)
{
	char path[SYSFS_PATH_SIZE];

	if (!sysfs_device_path(&linux_provider(ctx)->sysfs, handle, attribute, path))
		return ctx_fail(ctx, -ENODEV, step, handle, "no such device");
	if (!sysfs_number(&linux_provider(ctx)->sysfs, path, INT32_MAX, ret))
		return ctx_fail(ctx, -EOPNOTSUPP, step, handle, "%s", lack);
	return 0;
}

/* sysfs has no words but errno. */
static int write_number(struct dpu_ctx *ctx, const char *step, const char *handle, const char *attribute,
			const char *lack, uint32_t value)
{
	char path[SYSFS_PATH_SIZE], text[16];
	int rc;

	if (!sysfs_device_path(&linux_provider(ctx)->sysfs, handle, attribute, path))
		return ctx_fail(ctx, -ENODEV, step, handle, "no such device");
	snprintf(text, sizeof(text), "%" PRIu32, value);
	rc = sysfs_write(&linux_provider(ctx)->sysfs, path, text);
	if (rc == -ENOENT)
		return ctx_fail(ctx, -EOPNOTSUPP, step, handle, "%s", lack);
	if (rc < 0) {
		ctx_fail(ctx, rc, step, handle, "%s: %s", attribute, strerror(-rc));
		if (rc == -EACCES || rc == -EPERM)
			ctx_hint(ctx, "only root may write %s", attribute);
		else
			ctx_hint(ctx, "the kernel's log may say more");
	}
	return rc;
}

static const char no_sriov[] = "the device has no SR-IOV";

int vf_count(struct dpu_ctx *ctx, const char *handle, uint32_t *total)
{
	uint64_t count, max;
	char path[SYSFS_PATH_SIZE];
	int rc;

	rc = read_number(ctx, "vf_count", handle, "sriov_numvfs", no_sriov, &count);
	if (rc < 0)
		return rc;
	/* Not every bus that has the one has the other. */
	if (!sysfs_device_path(&linux_provider(ctx)->sysfs, handle, "sriov_totalvfs", path) ||
	    !sysfs_number(&linux_provider(ctx)->sysfs, path, INT32_MAX, &max))
		max = INT32_MAX;
	if (total)
		*total = (uint32_t)max;
	return (int)count;
}

int vf_set_count(struct dpu_ctx *ctx, const char *handle, uint32_t count)
{
	return write_number(ctx, "vf_set_count", handle, "sriov_numvfs", no_sriov, count);
}

int vf_autoprobe(struct dpu_ctx *ctx, const char *handle)
{
	uint64_t on;
	int rc;

	rc = read_number(ctx, "vf_autoprobe", handle, "sriov_drivers_autoprobe", no_sriov, &on);
	return rc < 0 ? rc : on != 0;
}

int vf_set_autoprobe(struct dpu_ctx *ctx, const char *handle, bool on)
{
	return write_number(ctx, "vf_set_autoprobe", handle, "sriov_drivers_autoprobe", no_sriov, on);
}

static const char no_msix[] = "the device does not hand out interrupts to its VFs";

int vf_msix_total(struct dpu_ctx *ctx, const char *handle)
{
	uint64_t total;
	int rc;

	rc = read_number(ctx, "vf_msix_total", handle, "sriov_vf_total_msix", no_msix, &total);
	if (rc < 0)
		return rc;
	/* The kernel shows a 0 for a driver that cannot. */
	return total ? (int)total : ctx_fail(ctx, -EOPNOTSUPP, "vf_msix_total", handle, "%s", no_msix);
}

int vf_set_msix(struct dpu_ctx *ctx, const char *handle, uint32_t vfnum, uint32_t count)
{
	char attribute[64];
	int rc;

	snprintf(attribute, sizeof(attribute), "virtfn%" PRIu32 "/sriov_vf_msix_count", vfnum);
	rc = write_number(ctx, "vf_set_msix", handle, attribute, no_msix, count);
	if (rc == -EBUSY)
		ctx_hint(ctx, "unbind the VF's driver first");
	return rc;
}

/* The network device that decides for the VFs: the PF's, which in switchdev mode is the uplink's representor.
 */
static int pf_link(struct dpu_ctx *ctx, const char *step, const char *handle, uint32_t *ifindex)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct provider_port port;
	char path[SYSFS_PATH_SIZE];
	struct sysfs_names names;
	struct fact_link link;
	size_t i;
	int rc;

	if (machine->rtnl.fd < 0)
		return ctx_fail(ctx, -EOPNOTSUPP, step, handle, "%s",
				machine->facility_reason[DPU_FACILITY_NETDEV]);
	if (!sysfs_device_path(&linux_provider(ctx)->sysfs, handle, "net", path))
		return ctx_fail(ctx, -ENODEV, step, handle, "no such device");
	rc = sysfs_list(ctx, &machine->sysfs, path, &names);
	if (rc < 0)
		return ctx_fail_nomem(ctx, step);
	*ifindex = 0;
	for (i = 0; i < names.count; i++) {
		/* One that has been renamed since is looked at by whoever comes next. */
		if (rtnl_link(ctx, &machine->rtnl, step, 0, names.entries[i].name, &link) < 0 ||
		    !link.ifindex)
			continue;
		if (join_parse_phys_port_name(link.phys_port_name, &port) &&
		    port.flavour != DPU_PORT_PHYSICAL)
			continue;
		if (!*ifindex || link.ifindex < *ifindex)
			*ifindex = link.ifindex;
	}
	sysfs_names_free(ctx, &names);
	return *ifindex ? 0
			: ctx_fail(ctx, -EOPNOTSUPP, step, handle,
				   "the device has no network device of its own here");
}

int vf_attrs_get(struct dpu_ctx *ctx, const char *handle, uint32_t vfnum, struct dpu_vf_attrs *ret)
{
	uint32_t ifindex;
	int rc;

	rc = pf_link(ctx, "vf_attrs_get", handle, &ifindex);
	return rc < 0 ? rc : rtnl_vf(ctx, &linux_provider(ctx)->rtnl, ifindex, vfnum, ret);
}

int vf_attrs_set(struct dpu_ctx *ctx, const char *handle, uint32_t vfnum, const struct dpu_vf_attrs *attrs)
{
	uint32_t ifindex;
	int rc;

	rc = pf_link(ctx, "vf_attrs_set", handle, &ifindex);
	return rc < 0 ? rc : rtnl_vf_set(ctx, &linux_provider(ctx)->rtnl, ifindex, vfnum, attrs);
}

int vf_stats(struct dpu_ctx *ctx, const char *handle, uint32_t vfnum, struct dpu_vf_stats *ret)
{
	uint32_t ifindex;
	int rc;

	rc = pf_link(ctx, "vf_stats", handle, &ifindex);
	return rc < 0 ? rc : rtnl_vf_stats(ctx, &linux_provider(ctx)->rtnl, ifindex, vfnum, ret);
}
