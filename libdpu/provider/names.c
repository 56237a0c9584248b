/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of the seam: what the enumerations are called, in the kernel's own terms. Both sides speak them.
 */
#include <dpu/dpu.h>
#include <errno.h>
#include "core/text.h"

#define COUNT(names) (sizeof(names) / sizeof((names)[0]))

static const char *const facility_names[] = {
	[DPU_FACILITY_PCI] = "pci",
	[DPU_FACILITY_NETDEV] = "netdev",
	[DPU_FACILITY_DEVLINK] = "devlink",
	[DPU_FACILITY_RDMA] = "rdma",
};

static const char *const kind_names[] = {
	[DPU_DEVICE_NIC] = "nic",
	[DPU_DEVICE_SWITCHDEV_NIC] = "switchdev-nic",
	[DPU_DEVICE_DPU] = "dpu",
};

static const char *const flavour_names[] = {
	[DPU_PORT_PHYSICAL] = "physical", [DPU_PORT_CPU] = "cpu",     [DPU_PORT_DSA] = "dsa",
	[DPU_PORT_PCIPF] = "pcipf",       [DPU_PORT_PCIVF] = "pcivf", [DPU_PORT_VIRTUAL] = "virtual",
	[DPU_PORT_UNUSED] = "unused",     [DPU_PORT_PCISF] = "pcisf",
};

static const char *const function_names[] = {
	[DPU_FUNCTION_PF] = "pf",
	[DPU_FUNCTION_VF] = "vf",
	[DPU_FUNCTION_SF] = "sf",
};

static const char *const mode_names[] = {
	[DPU_MODE_UNKNOWN] = "unknown",
	[DPU_MODE_DPU] = "dpu",
	[DPU_MODE_NIC] = "nic",
	[DPU_MODE_SEPARATED] = "separated",
};

static const char *const reset_names[] = {
	[DPU_RESET_NONE] = "none",
	[DPU_RESET_FIRMWARE] = "firmware",
	[DPU_RESET_SYSTEM] = "system",
};

static const char *const eswitch_names[] = {
	[DPU_ESWITCH_LEGACY] = "legacy",
	[DPU_ESWITCH_SWITCHDEV] = "switchdev",
	[DPU_ESWITCH_SWITCHDEV_INACTIVE] = "switchdev_inactive",
};

static const char *name_of(const char *const *names, size_t count, unsigned int value)
{
	return value < count ? names[value] : NULL;
}

/* The value of that name, or -EINVAL. */
static int value_of(const char *const *names, size_t count, const char *name)
{
	int i = name ? text_index(names, count, name) : -1;

	return i < 0 ? -EINVAL : i;
}

const char *dpu_facility_name(enum dpu_facility facility)
{
	return name_of(facility_names, COUNT(facility_names), facility);
}

const char *dpu_device_kind_name(enum dpu_device_kind kind)
{
	return name_of(kind_names, COUNT(kind_names), kind);
}

const char *dpu_port_flavour_name(enum dpu_port_flavour flavour)
{
	return name_of(flavour_names, COUNT(flavour_names), flavour);
}

const char *dpu_function_type_name(enum dpu_function_type type)
{
	return name_of(function_names, COUNT(function_names), type);
}

const char *dpu_mode_name(enum dpu_mode mode)
{
	return name_of(mode_names, COUNT(mode_names), mode);
}

const char *dpu_reset_name(enum dpu_reset level)
{
	return name_of(reset_names, COUNT(reset_names), level);
}

const char *dpu_eswitch_mode_name(enum dpu_eswitch_mode mode)
{
	return name_of(eswitch_names, COUNT(eswitch_names), mode);
}

int dpu_mode_parse(const char *name, enum dpu_mode *ret)
{
	int i = value_of(mode_names, COUNT(mode_names), name);

	if (i < 0)
		return i;
	*ret = (enum dpu_mode)i;
	return 0;
}

int dpu_reset_parse(const char *name, enum dpu_reset *ret)
{
	int i = value_of(reset_names, COUNT(reset_names), name);

	if (i < 0)
		return i;
	*ret = (enum dpu_reset)i;
	return 0;
}

int dpu_eswitch_mode_parse(const char *name, enum dpu_eswitch_mode *ret)
{
	int i = value_of(eswitch_names, COUNT(eswitch_names), name);

	if (i < 0)
		return i;
	*ret = (enum dpu_eswitch_mode)i;
	return 0;
}
