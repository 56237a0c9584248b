/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/profile.h
 * @brief Named sets of firmware parameters: what a DPU needs for one purpose.
 *
 * A profile is what its users otherwise type as a page of mlxconfig commands, for each port what that port
 * needs:
 *
 * - "virtio-hotplug": virtio-net PFs that are plugged into the host while it runs, behind an emulated PCI
 *   switch;
 * - "virtio-static": virtio-net PFs and VFs that are there when the host boots;
 * - "sf-internal": SFs for the Arm side;
 * - "sf-external": SFs for the host, with interrupt vectors of their own; to be applied on both sides;
 * - "lag": both uplinks as one;
 * - "vfe-vdpa": virtio-net and virtio-blk with VFs, for vDPA in the host.
 *
 * The two virtio-* profiles begin with the defaults: each parameter that libdpu knows and that the profile
 * does not name goes to its default, but for the operation mode's.
 *
 * Thread rule: as the context, see dpu/ctx.h.
 */
#ifndef DPU_PROFILE_H
#define DPU_PROFILE_H

#include <dpu/nvconfig.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief Names a profile.
 * @param i Position, from 0.
 * @return Its name; NULL past the last one.
 */
DPU_PUBLIC const char *dpu_profile_name(size_t i);

/**
 * @brief Says in a sentence what a profile is for.
 * @param name A profile.
 * @return The sentence; NULL when there is no such profile.
 */
DPU_PUBLIC const char *dpu_profile_description(const char *name);

/**
 * @brief Says which options a profile presumes on the command line of the host's kernel.
 * @param name A profile.
 * @return The options, "pci=realloc intel_iommu=on iommu=pt"; "" for none; NULL when there is no such
 * profile. More than 127 VFs take pci=assign-busses.
 */
DPU_PUBLIC const char *dpu_profile_boot_options(const char *name);

/**
 * @brief Tells what dpu_profile_apply() would change. Writes nothing.
 * @param device A device of the board; what belongs to a port is that port's, whichever device is named.
 * @param name A profile.
 * @param ret A list of changes, those that are stored already among them, to be released with
 *  dpu_nvconfig_change_list_unref(). Untouched on failure.
 * @return 0, or a negative errno: as dpu_profile_apply().
 */
DPU_PUBLIC int dpu_profile_plan(struct dpu_device *device, const char *name,
				struct dpu_nvconfig_change_list **ret);

/**
 * @brief Stores the parameters of a profile for the next boot, on all ports or on none.
 * @param device A device of the board.
 * @param name A profile.
 * @return How many TLVs were written, or a negative errno: -ENOENT there is no such profile; -EOPNOTSUPP the
 *  device lacks a parameter of it; else as dpu_nvconfig_set().
 */
DPU_PUBLIC int dpu_profile_apply(struct dpu_device *device, const char *name);

#ifdef __cplusplus
}
#endif

#endif
