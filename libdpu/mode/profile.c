/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Named sets of firmware parameters, each as BlueField's own guides give it. */
#include <errno.h>
#include <string.h>
#include "mode/mode.h"

/* A port's own settings; NULL-terminated. */
struct profile {
	const char *name;
	const char *description;
	const char *boot_options;
	bool from_defaults;                                    /* what is not named goes to its default */
	const struct dpu_nvconfig_setting *settings[NV_PORTS]; /* by port */
	const struct dpu_nvconfig_setting *arm;                /* the Arm side's only */
};

static const struct dpu_nvconfig_setting virtio_hotplug[] = {
	{ "INTERNAL_CPU_MODEL", "EMBEDDED_CPU" },
	{ "SRIOV_EN", "False" },
	{ "NUM_OF_VFS", "0" },
	{ "NUM_OF_PF", "0" },
	{ "PCI_SWITCH_EMULATION_ENABLE", "True" },
	{ "PCI_SWITCH_EMULATION_NUM_PORT", "32" },
	{ "VIRTIO_NET_EMULATION_ENABLE", "True" },
	{ "VIRTIO_NET_EMULATION_NUM_VF", "0" },
	{ "VIRTIO_NET_EMULATION_NUM_PF", "0" },
	{ "VIRTIO_NET_EMULATION_NUM_MSIX", "64" },
	{ "LAG_RESOURCE_ALLOCATION", "PRE_ALLOCATION" },
	{ "PER_PF_NUM_SF", "True" },
	{ "PF_TOTAL_SF", "64" },
	{ "PF_SF_BAR_SIZE", "10" },
	{ NULL, NULL },
};

static const struct dpu_nvconfig_setting virtio_hotplug_port2[] = {
	{ "PER_PF_NUM_SF", "True" },
	{ "PF_TOTAL_SF", "2" },
	{ "PF_SF_BAR_SIZE", "10" },
	{ NULL, NULL },
};

static const struct dpu_nvconfig_setting virtio_static[] = {
	{ "INTERNAL_CPU_MODEL", "EMBEDDED_CPU" },
	{ "SRIOV_EN", "True" },
	{ "PCI_SWITCH_EMULATION_ENABLE", "False" },
	{ "PCI_SWITCH_EMULATION_NUM_PORT", "0" },
	{ "VIRTIO_NET_EMULATION_ENABLE", "True" },
	{ "VIRTIO_NET_EMULATION_NUM_VF", "126" },
	{ "VIRTIO_NET_EMULATION_NUM_PF", "4" },
	{ "VIRTIO_NET_EMULATION_NUM_MSIX", "32" },
	{ "LAG_RESOURCE_ALLOCATION", "PRE_ALLOCATION" },
	{ "PER_PF_NUM_SF", "True" },
	{ "PF_TOTAL_SF", "512" },
	{ "PF_SF_BAR_SIZE", "8" },
	{ NULL, NULL },
};

static const struct dpu_nvconfig_setting virtio_static_port2[] = {
	{ "PER_PF_NUM_SF", "True" },
	{ "PF_TOTAL_SF", "2" },
	{ "PF_SF_BAR_SIZE", "8" },
	{ NULL, NULL },
};

static const struct dpu_nvconfig_setting sf_internal[] = {
	{ "PF_BAR2_ENABLE", "False" },
	{ "PER_PF_NUM_SF", "True" },
	{ "PF_TOTAL_SF", "236" },
	{ "PF_SF_BAR_SIZE", "10" },
	{ NULL, NULL },
};

static const struct dpu_nvconfig_setting sf_external_arm[] = {
	{ "NUM_PF_MSIX_VALID", "False" },
	{ "PF_NUM_PF_MSIX_VALID", "True" },
	{ NULL, NULL },
};

static const struct dpu_nvconfig_setting sf_external[] = {
	{ "PF_TOTAL_SF", "32" },     { "PF_NUM_PF_MSIX", "128" }, { "PF_BAR2_ENABLE", "False" },
	{ "PER_PF_NUM_SF", "True" }, { "PF_SF_BAR_SIZE", "10" },  { NULL, NULL },
};

static const struct dpu_nvconfig_setting lag[] = {
	{ "LAG_RESOURCE_ALLOCATION", "PRE_ALLOCATION" },
	{ "HIDE_PORT2_PF", "True" },
	{ "NUM_OF_PF", "1" },
	{ NULL, NULL },
};

static const struct dpu_nvconfig_setting vfe_vdpa[] = {
	{ "VIRTIO_NET_EMULATION_ENABLE", "True" },
	{ "VIRTIO_NET_EMULATION_NUM_PF", "1" },
	{ "VIRTIO_NET_EMULATION_NUM_VF", "16" },
	{ "VIRTIO_BLK_EMULATION_ENABLE", "True" },
	{ "VIRTIO_BLK_EMULATION_NUM_PF", "1" },
	{ "VIRTIO_BLK_EMULATION_NUM_VF", "16" },
	{ "VIRTIO_NET_EMULATION_NUM_MSIX", "64" },
	{ "VIRTIO_BLK_EMULATION_NUM_MSIX", "64" },
	{ "NUM_VF_MSIX", "64" },
	{ NULL, NULL },
};

static const struct profile profiles[] = {
	{ .name = "virtio-hotplug",
	  .description =
		  "virtio-net PFs that are plugged into the running host, behind an emulated PCI switch",
	  .boot_options = "pci=realloc",
	  .from_defaults = true,
	  .settings = { virtio_hotplug, virtio_hotplug_port2 } },
	{ .name = "virtio-static",
	  .description = "4 virtio-net PFs with 126 VFs each, there when the host boots",
	  .boot_options = "pci=realloc intel_iommu=on iommu=pt pci=assign-busses",
	  .from_defaults = true,
	  .settings = { virtio_static, virtio_static_port2 } },
	{ .name = "sf-internal",
	  .description = "236 SFs for the Arm side on the named port",
	  .boot_options = "",
	  .settings = { sf_internal, NULL } },
	{ .name = "sf-external",
	  .description =
		  "32 SFs for the host on the named port; to be applied on the Arm side and on the host",
	  .boot_options = "",
	  .settings = { sf_external, NULL },
	  .arm = sf_external_arm },
	{ .name = "lag",
	  .description = "both uplinks as one, the host sees one PF",
	  .boot_options = "",
	  .settings = { lag, NULL } },
	{ .name = "vfe-vdpa",
	  .description = "a virtio-net and a virtio-blk PF with 16 VFs each, as underlay of vDPA in the host",
	  .boot_options = "intel_iommu=on iommu=pt",
	  .settings = { vfe_vdpa, NULL } },
};

#define PROFILES (sizeof(profiles) / sizeof(profiles[0]))

static const struct profile *find_profile(const char *name)
{
	size_t i;

	for (i = 0; name && i < PROFILES; i++) {
		if (!strcmp(profiles[i].name, name))
			return &profiles[i];
	}
	return NULL;
}

const char *dpu_profile_name(size_t i)
{
	return i < PROFILES ? profiles[i].name : NULL;
}

const char *dpu_profile_description(const char *name)
{
	const struct profile *profile = find_profile(name);

	return profile ? profile->description : NULL;
}

const char *dpu_profile_boot_options(const char *name)
{
	const struct profile *profile = find_profile(name);

	return profile ? profile->boot_options : NULL;
}

static int wish_all(struct nv_target *target, const struct dpu_nvconfig_setting *settings)
{
	int rc = 0;

	for (; settings && settings->name && rc == 0; settings++)
		rc = nv_target_set(target, "profile", settings);
	return rc;
}

static bool names(const struct dpu_nvconfig_setting *settings, const char *name)
{
	for (; settings && settings->name; settings++) {
		if (!strcmp(settings->name, name))
			return true;
	}
	return false;
}

/* A port of a profile. */
struct port {
	const struct dpu_nvconfig_setting *settings;
	size_t number;
};

static bool keep(const struct nv_param_info *param, const void *arg)
{
	const struct port *port = arg;

	return names(port->settings, param->name) || nv_is_of_mode(param) ||
	       !nv_is_of_port(param, port->number);
}

static int wish_profile(struct nv_target *target, size_t number, const void *arg)
{
	const struct profile *profile = arg;
	const struct port port = { profile->settings[number], number };
	struct provider_mode_evidence told = { 0 };
	struct dpu_ctx *ctx = target->look.ctx;
	int rc = 0;

	if (profile->from_defaults)
		rc = nv_target_defaults(target, "profile", keep, &port);
	if (rc == 0 && profile->arm) {
		rc = ctx->ops->mode_evidence(ctx, target->look.handle, &told);
		if (rc == 0 && told.side != DPU_SIDE_HOST)
			rc = wish_all(target, profile->arm);
	}
	return rc < 0 ? rc : wish_all(target, port.settings);
}

/* Plans, or writes where plan is NULL. */
static int with_profile(struct dpu_device *device, const char *name, const char *step,
			struct dpu_nvconfig_change_list **plan)
{
	const struct profile *profile = find_profile(name);
	struct dpu_ctx *ctx = device->ctx;
	struct nv_ports ports;
	int rc;

	if (!profile) {
		ctx_fail(ctx, -ENOENT, step, name, "there is no such profile");
		return ctx_hint(
			ctx,
			"there are virtio-hotplug, virtio-static, sf-internal, sf-external, lag, vfe-vdpa");
	}
	rc = mode_check_dpu(device, step);
	/* The named port is enough where the other one needs nothing. */
	if (rc == 0 && profile->settings[1])
		rc = nv_find_ports(device, "profile", &ports);
	else
		nv_one_port(device, &ports);
	return rc < 0 ? rc : nv_on_ports(ctx, step, &ports, wish_profile, profile, plan);
}

int dpu_profile_plan(struct dpu_device *device, const char *name, struct dpu_nvconfig_change_list **ret)
{
	return with_profile(device, name, "profile_plan", ret);
}

int dpu_profile_apply(struct dpu_device *device, const char *name)
{
	return with_profile(device, name, "profile_apply", NULL);
}
