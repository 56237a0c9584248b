/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of the seam: what the enumerations are called, in the kernel's own terms. Both sides speak them.
 */
#include <dpu/dpu.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include "core/text.h"
#include "provider/provider.h"

void port_format(const char *handle, uint32_t index, char *text, size_t size)
{
	snprintf(text, size, "%s/%" PRIu32, handle, index);
}

void rate_format(const char *handle, const struct dpu_rate_attrs *attrs, char *text, size_t size)
{
	if (attrs->node)
		snprintf(text, size, "%s/%s", handle, attrs->node);
	else
		port_format(handle, attrs->port, text, size);
}

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
	[DPU_MODE_RESTRICTED] = "restricted",
};

static const char *const side_names[] = {
	[DPU_SIDE_UNKNOWN] = "unknown",
	[DPU_SIDE_ARM] = "arm",
	[DPU_SIDE_HOST] = "host",
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

static const char *const version_names[] = {
	[DPU_VERSION_FIXED] = "fixed",
	[DPU_VERSION_RUNNING] = "running",
	[DPU_VERSION_STORED] = "stored",
};

static const char *const inline_names[] = {
	[DPU_ESWITCH_INLINE_NONE] = "none",
	[DPU_ESWITCH_INLINE_LINK] = "link",
	[DPU_ESWITCH_INLINE_NETWORK] = "network",
	[DPU_ESWITCH_INLINE_TRANSPORT] = "transport",
};

static const char *const reload_names[] = {
	[DPU_RELOAD_DRIVER_REINIT] = "driver_reinit",
	[DPU_RELOAD_FW_ACTIVATE] = "fw_activate",
};

static const char *const param_names[] = {
	[DPU_PARAM_U8] = "u8",   [DPU_PARAM_U16] = "u16",       [DPU_PARAM_U32] = "u32",
	[DPU_PARAM_U64] = "u64", [DPU_PARAM_STRING] = "string", [DPU_PARAM_BOOL] = "bool",
};

static const char *const cmode_names[] = {
	[DPU_PARAM_RUNTIME] = "runtime",
	[DPU_PARAM_DRIVERINIT] = "driverinit",
	[DPU_PARAM_PERMANENT] = "permanent",
};

static const char *const rate_names[] = {
	[DPU_RATE_LEAF] = "leaf",
	[DPU_RATE_NODE] = "node",
};

static const char *const health_names[] = {
	[DPU_HEALTH_HEALTHY] = "healthy",
	[DPU_HEALTH_ERROR] = "error",
};

static const char *const rdma_names[] = {
	[DPU_RDMA_NOP] = "NOP",     [DPU_RDMA_DOWN] = "DOWN",     [DPU_RDMA_INIT] = "INIT",
	[DPU_RDMA_ARMED] = "ARMED", [DPU_RDMA_ACTIVE] = "ACTIVE", [DPU_RDMA_ACTIVE_DEFER] = "ACTIVE_DEFER",
};

static const char *const link_state_names[] = {
	[DPU_VF_LINK_AUTO] = "auto",
	[DPU_VF_LINK_ENABLE] = "enable",
	[DPU_VF_LINK_DISABLE] = "disable",
};

static const char *const event_names[] = {
	[DPU_EVENT_DEVICE] = "device", [DPU_EVENT_PORT] = "port", [DPU_EVENT_FUNCTION] = "function",
	[DPU_EVENT_NETDEV] = "netdev", [DPU_EVENT_RDMA] = "rdma", [DPU_EVENT_HEALTH] = "health",
};

static const char *const action_names[] = {
	[DPU_EVENT_ADDED] = "added",
	[DPU_EVENT_CHANGED] = "changed",
	[DPU_EVENT_REMOVED] = "removed",
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

const char *dpu_side_name(enum dpu_side side)
{
	return name_of(side_names, COUNT(side_names), side);
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

const char *dpu_version_kind_name(enum dpu_version_kind kind)
{
	return name_of(version_names, COUNT(version_names), kind);
}

const char *dpu_eswitch_inline_name(enum dpu_eswitch_inline mode)
{
	return name_of(inline_names, COUNT(inline_names), mode);
}

const char *dpu_reload_action_name(enum dpu_reload_action action)
{
	return name_of(reload_names, COUNT(reload_names), action);
}

const char *dpu_param_type_name(enum dpu_param_type type)
{
	return name_of(param_names, COUNT(param_names), type);
}

const char *dpu_param_cmode_name(enum dpu_param_cmode cmode)
{
	return name_of(cmode_names, COUNT(cmode_names), cmode);
}

const char *dpu_rate_type_name(enum dpu_rate_type type)
{
	return name_of(rate_names, COUNT(rate_names), type);
}

const char *dpu_health_state_name(enum dpu_health_state state)
{
	return name_of(health_names, COUNT(health_names), state);
}

const char *dpu_rdma_state_name(enum dpu_rdma_state state)
{
	return name_of(rdma_names, COUNT(rdma_names), state);
}

const char *dpu_vf_link_state_name(enum dpu_vf_link_state state)
{
	return name_of(link_state_names, COUNT(link_state_names), state);
}

const char *dpu_event_object_name(enum dpu_event_object object)
{
	return name_of(event_names, COUNT(event_names), object);
}

const char *dpu_event_action_name(enum dpu_event_action action)
{
	return name_of(action_names, COUNT(action_names), action);
}

const char *dpu_function_cap_name(enum dpu_function_cap cap)
{
	switch (cap) {
	case DPU_FUNCTION_CAP_ROCE:
		return "roce";
	case DPU_FUNCTION_CAP_MIGRATABLE:
		return "migratable";
	case DPU_FUNCTION_CAP_IPSEC_CRYPTO:
		return "ipsec_crypto";
	case DPU_FUNCTION_CAP_IPSEC_PACKET:
		return "ipsec_packet";
	case DPU_FUNCTION_CAP_TRUST:
		return "trust";
	case DPU_FUNCTION_CAP_PAD_:
		break;
	}
	return NULL;
}

int dpu_eswitch_inline_parse(const char *name, enum dpu_eswitch_inline *ret)
{
	int i = value_of(inline_names, COUNT(inline_names), name);

	if (i < 0)
		return i;
	*ret = (enum dpu_eswitch_inline)i;
	return 0;
}

int dpu_reload_action_parse(const char *name, enum dpu_reload_action *ret)
{
	int i = value_of(reload_names, COUNT(reload_names), name);

	if (i < 0)
		return i;
	*ret = (enum dpu_reload_action)i;
	return 0;
}

int dpu_param_cmode_parse(const char *name, enum dpu_param_cmode *ret)
{
	int i = value_of(cmode_names, COUNT(cmode_names), name);

	if (i < 0)
		return i;
	*ret = (enum dpu_param_cmode)i;
	return 0;
}

int dpu_vf_link_state_parse(const char *name, enum dpu_vf_link_state *ret)
{
	int i = value_of(link_state_names, COUNT(link_state_names), name);

	if (i < 0)
		return i;
	*ret = (enum dpu_vf_link_state)i;
	return 0;
}
