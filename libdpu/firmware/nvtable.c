/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The TLVs and parameters of a BlueField's firmware that have to do with what it is to its host. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "core/text.h"
#include "firmware/nvtable.h"

const struct nv_tlv_info nv_tlvs[NV_TLVS] = {
	[NV_INTERNAL_CPU_CONF] = { "nv_internal_cpu_conf", NV_TYPE(NV_GLOBAL, 0xc), 16, false,
				   DPU_RESET_SYSTEM },
	[NV_INTERNAL_CPU_CAP] = { "nv_internal_cpu_cap", NV_TYPE(NV_GLOBAL, 0xd), 16, true, DPU_RESET_NONE },
	[NV_GLOBAL_PCI_CONF] = { "nv_global_pci_conf", NV_TYPE(NV_GLOBAL, 0x80), 12, false,
				 DPU_RESET_FIRMWARE },
	[NV_GLOBAL_PCI_CAP] = { "nv_global_pci_cap", NV_TYPE(NV_GLOBAL, 0x81), 20, true, DPU_RESET_NONE },
	[NV_POWER_CONF] = { "nv_power_conf", NV_TYPE(NV_GLOBAL, 0x88), 4, false, DPU_RESET_FIRMWARE },
	[NV_POWER_CAP] = { "nv_power_cap", NV_TYPE(NV_GLOBAL, 0x89), 4, true, DPU_RESET_NONE },
	[NV_PCI_SWITCH_CONF] = { "nv_emulation_pci_switch_conf", NV_TYPE(NV_GLOBAL, 0x8d), 4, false,
				 DPU_RESET_SYSTEM },
	[NV_PCI_SWITCH_CAP] = { "nv_emulation_pci_switch_cap", NV_TYPE(NV_GLOBAL, 0x8e), 8, true,
				DPU_RESET_NONE },
	[NV_VIRTIO_NET_CONF] = { "nv_emulation_virtio_net_conf", NV_TYPE(NV_GLOBAL, 0x90), 32, false,
				 DPU_RESET_SYSTEM },
	[NV_VIRTIO_NET_CAP] = { "nv_emulation_virtio_net_cap", NV_TYPE(NV_GLOBAL, 0x91), 16, true,
				DPU_RESET_NONE },
	[NV_VIRTIO_BLK_CONF] = { "nv_emulation_virtio_blk_conf", NV_TYPE(NV_GLOBAL, 0x92), 32, false,
				 DPU_RESET_SYSTEM },
	[NV_VIRTIO_BLK_CAP] = { "nv_emulation_virtio_blk_cap", NV_TYPE(NV_GLOBAL, 0x93), 16, true,
				DPU_RESET_NONE },
	[NV_ROM_CAP] = { "nv_rom_cap", NV_TYPE(NV_GLOBAL, 0x101), 4, true, DPU_RESET_NONE },
	[NV_PF_PCI_CONF] = { "nv_pf_pci_conf", NV_TYPE(NV_HOST_FUNCTION, 0x80), 16, false,
			     DPU_RESET_FIRMWARE },
	[NV_ROM_UEFI_CONF] = { "nv_rom_uefi_conf", NV_TYPE(NV_HOST_FUNCTION, 0x196), 4, false,
			       DPU_RESET_FIRMWARE },
	[NV_ROM_UEFI_DEBUG_LEVEL] = { "nv_rom_uefi_debug_level", NV_TYPE(NV_HOST_FUNCTION, 0x206), 4, false,
				      DPU_RESET_FIRMWARE },
	[NV_PCI_CONF] = { "nv_pci_conf", NV_TYPE(NV_HOST, 0x80), 4, false, DPU_RESET_FIRMWARE },
	[NV_PCI_CAP] = { "nv_pci_cap", NV_TYPE(NV_HOST, 0x81), 4, true, DPU_RESET_NONE },
	[NV_HOST_PRIV_CONF] = { "nv_host_priv_conf", NV_TYPE(NV_HOST, 0x83), 4, false, DPU_RESET_SYSTEM },
};

static const char *const cpu_models[] = { "SEPARATED_HOST", "EMBEDDED_CPU", NULL };
static const char *const owners[] = { "ECPF", "EXT_HOST_PF", NULL };
static const char *const enabled_disabled[] = { "ENABLED", "DISABLED", NULL };
static const char *const disabled_enabled[] = { "DISABLED", "ENABLED", NULL };
static const char *const lag_allocations[] = { "DEVICE_DEFAULT", "PRE_ALLOCATION", "PRE_ALLOCATION_QA",
					       NULL };
static const char *const pci_layouts[] = { "VIRTIO_1_X", "VIRTIO_TRANSITIONAL", NULL };
static const char *const severities[] = { "ERROR", "WARNING", "INFO", "DEBUG", NULL };
static const char *const log_outputs[] = { "DISABLED", "STDOUT", "STDERR", NULL };
static const char *const priv_levels[] = { "PRIVILEGED", "LIMITED", NULL };

/* A bit field: TLV, offset of its dword, lowest bit, width. */
#define AT(tlv, offset, bit, width)                                                                          \
	{                                                                                                    \
		NV_##tlv, offset, bit, width                                                                 \
	}

/* The same for each kind of emulated device. The identifiers are databases' of 2020 and 2021; firmware that
 * came later may take no notice of them. */
#define EMULATION(KIND)                                                                                      \
	{ .name = "VIRTIO_" #KIND "_EMULATION_ENABLE",                                                       \
	  .field = AT(VIRTIO_##KIND##_CONF, 0x0, 31, 1),                                                     \
	  .type = DPU_NVCONFIG_BOOL,                                                                         \
	  .cap = AT(VIRTIO_##KIND##_CAP, 0x0, 31, 1) },                                                      \
		{ .name = "VIRTIO_" #KIND "_EMULATION_NUM_PF",                                               \
		  .field = AT(VIRTIO_##KIND##_CONF, 0x4, 16, 8),                                             \
		  .type = DPU_NVCONFIG_UNSIGNED,                                                             \
		  .cap = AT(VIRTIO_##KIND##_CAP, 0x0, 31, 1),                                                \
		  .cap_max = AT(VIRTIO_##KIND##_CAP, 0x4, 16, 8) },                                          \
		{ .name = "VIRTIO_" #KIND "_EMULATION_NUM_VF",                                               \
		  .field = AT(VIRTIO_##KIND##_CONF, 0x4, 0, 16),                                             \
		  .type = DPU_NVCONFIG_UNSIGNED,                                                             \
		  .cap = AT(VIRTIO_##KIND##_CAP, 0x0, 31, 1),                                                \
		  .cap_max = AT(VIRTIO_##KIND##_CAP, 0x4, 0, 16) },                                          \
		{ .name = "VIRTIO_" #KIND "_EMULATION_NUM_MSIX",                                             \
		  .field = AT(VIRTIO_##KIND##_CONF, 0x14, 0, 16),                                            \
		  .type = DPU_NVCONFIG_UNSIGNED,                                                             \
		  .cap = AT(VIRTIO_##KIND##_CAP, 0x0, 31, 1) },                                              \
		{ .name = "VIRTIO_" #KIND "_EMULATION_NUM_VF_MSIX",                                          \
		  .field = AT(VIRTIO_##KIND##_CONF, 0x14, 16, 12),                                           \
		  .type = DPU_NVCONFIG_UNSIGNED,                                                             \
		  .cap = AT(VIRTIO_##KIND##_CAP, 0x0, 30, 1) },                                              \
		{ .name = "VIRTIO_" #KIND "_EMULATION_PF_PCI_LAYOUT",                                        \
		  .field = AT(VIRTIO_##KIND##_CONF, 0x0, 28, 2),                                             \
		  .type = DPU_NVCONFIG_ENUM,                                                                 \
		  .words = pci_layouts,                                                                      \
		  .cap = AT(VIRTIO_##KIND##_CAP, 0x0, 29, 1) },                                              \
		{ .name = "VIRTIO_" #KIND "_EMULATION_VF_PCI_LAYOUT",                                        \
		  .field = AT(VIRTIO_##KIND##_CONF, 0x0, 26, 2),                                             \
		  .type = DPU_NVCONFIG_ENUM,                                                                 \
		  .words = pci_layouts,                                                                      \
		  .cap = AT(VIRTIO_##KIND##_CAP, 0x0, 29, 1) },                                              \
		{ .name = "VIRTIO_" #KIND "_EMULATION_VENDOR_ID",                                            \
		  .field = AT(VIRTIO_##KIND##_CONF, 0x8, 0, 16),                                             \
		  .type = DPU_NVCONFIG_UNSIGNED,                                                             \
		  .cap = AT(VIRTIO_##KIND##_CAP, 0x0, 31, 1) },                                              \
		{ .name = "VIRTIO_" #KIND "_EMULATION_DEVICE_ID",                                            \
		  .field = AT(VIRTIO_##KIND##_CONF, 0x8, 16, 16),                                            \
		  .type = DPU_NVCONFIG_UNSIGNED,                                                             \
		  .cap = AT(VIRTIO_##KIND##_CAP, 0x0, 31, 1) },                                              \
		{ .name = "VIRTIO_" #KIND "_EMULATION_CLASS_CODE",                                           \
		  .field = AT(VIRTIO_##KIND##_CONF, 0xc, 0, 24),                                             \
		  .type = DPU_NVCONFIG_UNSIGNED,                                                             \
		  .cap = AT(VIRTIO_##KIND##_CAP, 0x0, 31, 1) },                                              \
		{ .name = "VIRTIO_" #KIND "_EMULATION_REVISION_ID",                                          \
		  .field = AT(VIRTIO_##KIND##_CONF, 0xc, 24, 8),                                             \
		  .type = DPU_NVCONFIG_UNSIGNED,                                                             \
		  .cap = AT(VIRTIO_##KIND##_CAP, 0x0, 31, 1) },                                              \
		{ .name = "VIRTIO_" #KIND "_EMU_SUBSYSTEM_VENDOR_ID",                                        \
		  .field = AT(VIRTIO_##KIND##_CONF, 0x10, 0, 16),                                            \
		  .type = DPU_NVCONFIG_UNSIGNED,                                                             \
		  .cap = AT(VIRTIO_##KIND##_CAP, 0x0, 31, 1) },                                              \
	{                                                                                                    \
		.name = "VIRTIO_" #KIND "_EMULATION_SUBSYSTEM_ID",                                           \
		.field = AT(VIRTIO_##KIND##_CONF, 0x10, 16, 16), .type = DPU_NVCONFIG_UNSIGNED,              \
		.cap = AT(VIRTIO_##KIND##_CAP, 0x0, 31, 1)                                                   \
	}

/* What the expansion ROM of a UEFI machine logs; nothing while UEFI_LOGS is DISABLED. */
#define UEFI(param, bit)                                                                                     \
	{                                                                                                    \
		.name = param, .field = AT(ROM_UEFI_DEBUG_LEVEL, 0x0, bit, 1), .type = DPU_NVCONFIG_BOOL,    \
		.cap = AT(ROM_CAP, 0x0, 28, 1), .needs = "UEFI_LOGS"                                         \
	}

/* Each has the bit of its name in the capabilities. */
#define EXP_ROM(param, bit)                                                                                  \
	{                                                                                                    \
		.name = param, .field = AT(PCI_CONF, 0x0, bit, 1), .type = DPU_NVCONFIG_BOOL,                \
		.cap = AT(PCI_CAP, 0x0, bit, 1)                                                              \
	}

const struct nv_param_info nv_params[] = {
	{ .name = "INTERNAL_CPU_MODEL",
	  .field = AT(INTERNAL_CPU_CONF, 0x0, 0, 4),
	  .type = DPU_NVCONFIG_ENUM,
	  .words = cpu_models },
	{ .name = "INTERNAL_CPU_PAGE_SUPPLIER",
	  .field = AT(INTERNAL_CPU_CONF, 0x0, 4, 1),
	  .type = DPU_NVCONFIG_ENUM,
	  .words = owners,
	  .cap = AT(INTERNAL_CPU_CAP, 0x0, 29, 1),
	  .needs = "INTERNAL_CPU_MODEL" },
	{ .name = "INTERNAL_CPU_ESWITCH_MANAGER",
	  .field = AT(INTERNAL_CPU_CONF, 0x0, 5, 1),
	  .type = DPU_NVCONFIG_ENUM,
	  .words = owners,
	  .cap = AT(INTERNAL_CPU_CAP, 0x0, 28, 1),
	  .needs = "INTERNAL_CPU_MODEL" },
	{ .name = "INTERNAL_CPU_IB_VPORT0",
	  .field = AT(INTERNAL_CPU_CONF, 0x0, 6, 1),
	  .type = DPU_NVCONFIG_ENUM,
	  .words = owners,
	  .cap = AT(INTERNAL_CPU_CAP, 0x0, 27, 1),
	  .needs = "INTERNAL_CPU_MODEL" },
	{ .name = "INTERNAL_CPU_OFFLOAD_ENGINE",
	  .field = AT(INTERNAL_CPU_CONF, 0x0, 8, 1),
	  .type = DPU_NVCONFIG_ENUM,
	  .words = enabled_disabled,
	  .cap = AT(INTERNAL_CPU_CAP, 0x0, 25, 1),
	  .needs = "INTERNAL_CPU_MODEL" },
	{ .name = "INTERNAL_CPU_RSHIM",
	  .field = AT(GLOBAL_PCI_CONF, 0x0, 13, 1),
	  .type = DPU_NVCONFIG_ENUM,
	  .words = enabled_disabled,
	  .cap = AT(GLOBAL_PCI_CAP, 0x0, 10, 1) },
	{ .name = "SRIOV_EN",
	  .field = AT(GLOBAL_PCI_CONF, 0x4, 31, 1),
	  .type = DPU_NVCONFIG_BOOL,
	  .valid = AT(GLOBAL_PCI_CONF, 0x0, 31, 1),
	  .cap = AT(GLOBAL_PCI_CAP, 0x4, 31, 1) },
	{ .name = "NUM_OF_VFS",
	  .field = AT(GLOBAL_PCI_CONF, 0x4, 0, 16),
	  .type = DPU_NVCONFIG_UNSIGNED,
	  .valid = AT(GLOBAL_PCI_CONF, 0x0, 31, 1),
	  .cap = AT(GLOBAL_PCI_CAP, 0x4, 31, 1),
	  .cap_max = AT(GLOBAL_PCI_CAP, 0x4, 0, 16) },
	{ .name = "NUM_OF_PF",
	  .field = AT(GLOBAL_PCI_CONF, 0x4, 16, 8),
	  .type = DPU_NVCONFIG_UNSIGNED,
	  .valid = AT(GLOBAL_PCI_CONF, 0x0, 28, 1),
	  .cap_max = AT(GLOBAL_PCI_CAP, 0x4, 16, 8) },
	{ .name = "HIDE_PORT2_PF",
	  .field = AT(GLOBAL_PCI_CONF, 0x4, 28, 1),
	  .type = DPU_NVCONFIG_BOOL,
	  .cap = AT(GLOBAL_PCI_CAP, 0x4, 28, 1) },
	{ .name = "PER_PF_NUM_SF",
	  .field = AT(GLOBAL_PCI_CONF, 0x0, 20, 1),
	  .type = DPU_NVCONFIG_BOOL,
	  .cap = AT(GLOBAL_PCI_CAP, 0x0, 14, 1) },
	{ .name = "PF_BAR2_ENABLE",
	  .field = AT(GLOBAL_PCI_CONF, 0x4, 27, 1),
	  .type = DPU_NVCONFIG_BOOL,
	  .cap = AT(GLOBAL_PCI_CAP, 0x4, 27, 1) },
	{ .name = "PF_BAR2_SIZE",
	  .field = AT(GLOBAL_PCI_CONF, 0x0, 0, 8),
	  .type = DPU_NVCONFIG_UNSIGNED,
	  .cap = AT(GLOBAL_PCI_CAP, 0x4, 27, 1) },
	{ .name = "PF_NUM_OF_VF_VALID",
	  .field = AT(GLOBAL_PCI_CONF, 0x0, 14, 1),
	  .type = DPU_NVCONFIG_BOOL,
	  .cap = AT(GLOBAL_PCI_CAP, 0x0, 11, 1) },
	{ .name = "NUM_PF_MSIX_VALID",
	  .field = AT(GLOBAL_PCI_CONF, 0x0, 26, 1),
	  .type = DPU_NVCONFIG_BOOL,
	  .cap = AT(GLOBAL_PCI_CAP, 0x0, 26, 1) },
	{ .name = "NUM_PF_MSIX",
	  .field = AT(GLOBAL_PCI_CONF, 0x8, 12, 10),
	  .type = DPU_NVCONFIG_UNSIGNED,
	  .valid = AT(GLOBAL_PCI_CONF, 0x0, 26, 1),
	  .cap = AT(GLOBAL_PCI_CAP, 0x0, 26, 1),
	  .cap_max = AT(GLOBAL_PCI_CAP, 0x8, 12, 10) },
	{ .name = "PF_NUM_PF_MSIX_VALID",
	  .field = AT(GLOBAL_PCI_CONF, 0x0, 19, 1),
	  .type = DPU_NVCONFIG_BOOL,
	  .cap = AT(GLOBAL_PCI_CAP, 0x0, 13, 1) },
	{ .name = "PER_PF_NUM_VF_MSIX", .field = AT(GLOBAL_PCI_CONF, 0x0, 15, 1), .type = DPU_NVCONFIG_BOOL },
	{ .name = "NUM_VF_MSIX",
	  .field = AT(GLOBAL_PCI_CONF, 0x8, 22, 10),
	  .type = DPU_NVCONFIG_UNSIGNED,
	  .valid = AT(GLOBAL_PCI_CONF, 0x0, 27, 1),
	  .cap = AT(GLOBAL_PCI_CAP, 0x0, 27, 1),
	  .cap_max = AT(GLOBAL_PCI_CAP, 0x8, 22, 10) },
	{ .name = "STRICT_VF_MSIX_NUM",
	  .field = AT(GLOBAL_PCI_CONF, 0x0, 21, 1),
	  .type = DPU_NVCONFIG_BOOL,
	  .cap = AT(GLOBAL_PCI_CAP, 0x0, 21, 1) },
	{ .name = "DPU_RESET_NOTIFICATION_ENABLED",
	  .field = AT(GLOBAL_PCI_CONF, 0x0, 12, 1),
	  .type = DPU_NVCONFIG_ENUM,
	  .words = disabled_enabled,
	  .cap = AT(GLOBAL_PCI_CAP, 0x0, 9, 1) },
	{ .name = "PF_TOTAL_SF",
	  .field = AT(PF_PCI_CONF, 0x0, 0, 16),
	  .type = DPU_NVCONFIG_UNSIGNED,
	  .valid = AT(PF_PCI_CONF, 0x0, 23, 1),
	  .cap = AT(GLOBAL_PCI_CAP, 0x0, 14, 1) },
	{ .name = "PF_SF_BAR_SIZE",
	  .field = AT(PF_PCI_CONF, 0x0, 24, 8),
	  .type = DPU_NVCONFIG_UNSIGNED,
	  .valid = AT(PF_PCI_CONF, 0x0, 23, 1),
	  .cap = AT(GLOBAL_PCI_CAP, 0x0, 14, 1) },
	{ .name = "PF_NUM_OF_VF",
	  .field = AT(PF_PCI_CONF, 0x8, 0, 16),
	  .type = DPU_NVCONFIG_UNSIGNED,
	  .valid = AT(PF_PCI_CONF, 0x0, 22, 1),
	  .cap = AT(GLOBAL_PCI_CAP, 0x0, 11, 1),
	  .needs = "PF_NUM_OF_VF_VALID" },
	{ .name = "PF_NUM_PF_MSIX",
	  .field = AT(PF_PCI_CONF, 0x4, 0, 12),
	  .type = DPU_NVCONFIG_UNSIGNED,
	  .cap = AT(GLOBAL_PCI_CAP, 0x0, 13, 1) },
	{ .name = "PF_NUM_VF_MSIX", .field = AT(PF_PCI_CONF, 0x4, 12, 12), .type = DPU_NVCONFIG_UNSIGNED },
	{ .name = "LAG_RESOURCE_ALLOCATION",
	  .field = AT(POWER_CONF, 0x0, 20, 2),
	  .type = DPU_NVCONFIG_ENUM,
	  .words = lag_allocations,
	  .cap = AT(POWER_CAP, 0x0, 21, 1) },
	{ .name = "PCI_SWITCH_EMULATION_ENABLE",
	  .field = AT(PCI_SWITCH_CONF, 0x0, 31, 1),
	  .type = DPU_NVCONFIG_BOOL,
	  .cap = AT(PCI_SWITCH_CAP, 0x0, 31, 1) },
	{ .name = "PCI_SWITCH_EMULATION_NUM_PORT",
	  .field = AT(PCI_SWITCH_CONF, 0x0, 0, 8),
	  .type = DPU_NVCONFIG_UNSIGNED,
	  .cap = AT(PCI_SWITCH_CAP, 0x0, 31, 1),
	  .cap_max = AT(PCI_SWITCH_CAP, 0x0, 0, 8) },
	{ .name = "VIRTIO_EMULATION_HOTPLUG_TRANS",
	  .field = AT(PCI_SWITCH_CONF, 0x0, 30, 1),
	  .type = DPU_NVCONFIG_BOOL,
	  .cap = AT(PCI_SWITCH_CAP, 0x0, 30, 1) },
	EMULATION(NET),
	EMULATION(BLK),
	{ .name = "UEFI_HII_EN",
	  .field = AT(ROM_UEFI_CONF, 0x0, 31, 1),
	  .type = DPU_NVCONFIG_BOOL,
	  .cap = AT(ROM_CAP, 0x0, 26, 1) },
	UEFI("UEFI_DEBUG_LOG_INIT", 0),
	UEFI("UEFI_DEBUG_LOG_LOAD", 1),
	UEFI("UEFI_DEBUG_LOG_FS", 2),
	UEFI("UEFI_DEBUG_LOG_POOL", 3),
	UEFI("UEFI_DEBUG_LOG_PAGE", 4),
	UEFI("UEFI_DEBUG_LOG_DISPATCH", 5),
	UEFI("UEFI_DEBUG_LOG_BM", 6),
	UEFI("UEFI_DEBUG_LOG_BLKIO", 7),
	UEFI("UEFI_DEBUG_LOG_SNI", 8),
	UEFI("UEFI_DEBUG_LOG_UNDI", 9),
	UEFI("UEFI_DEBUG_LOG_EVENTS", 10),
	UEFI("UEFI_DEBUG_LOG_GCD", 11),
	UEFI("UEFI_DEBUG_LOG_CACHE", 12),
	{ .name = "UEFI_LOG_MIN_SEVERITY",
	  .field = AT(ROM_UEFI_DEBUG_LEVEL, 0x0, 24, 2),
	  .type = DPU_NVCONFIG_ENUM,
	  .words = severities,
	  .cap = AT(ROM_CAP, 0x0, 28, 1),
	  .needs = "UEFI_LOGS" },
	UEFI("UEFI_LOG_VERBOSE", 27),
	{ .name = "UEFI_LOGS",
	  .field = AT(ROM_UEFI_DEBUG_LEVEL, 0x0, 28, 4),
	  .type = DPU_NVCONFIG_ENUM,
	  .words = log_outputs,
	  .cap = AT(ROM_CAP, 0x0, 28, 1) },
	EXP_ROM("EXP_ROM_VIRTIO_NET_PXE_ENABLE", 15),
	EXP_ROM("EXP_ROM_VIRTIO_NET_UEFI_ARM_ENABLE", 16),
	EXP_ROM("EXP_ROM_VIRTIO_NET_UEFI_x86_ENABLE", 17),
	EXP_ROM("EXP_ROM_VIRTIO_BLK_UEFI_ARM_ENABLE", 18),
	EXP_ROM("EXP_ROM_VIRTIO_BLK_UEFI_x86_ENABLE", 19),
	EXP_ROM("EXP_ROM_NVME_UEFI_ARM_ENABLE", 20),
	EXP_ROM("EXP_ROM_NVME_UEFI_x86_ENABLE", 21),
	EXP_ROM("EXP_ROM_UEFI_ARM_ENABLE", 24),
	EXP_ROM("EXP_ROM_UEFI_x86_ENABLE", 25),
	EXP_ROM("EXP_ROM_PXE_ENABLE", 26),
	{ .name = "HOST_DISABLE_PORT_OWNER",
	  .field = AT(HOST_PRIV_CONF, 0x0, 0, 1),
	  .type = DPU_NVCONFIG_BOOL },
	{ .name = "HOST_DISABLE_PORT_COUNTER",
	  .field = AT(HOST_PRIV_CONF, 0x0, 1, 1),
	  .type = DPU_NVCONFIG_BOOL },
	{ .name = "HOST_DISABLE_TRACER_OWNER",
	  .field = AT(HOST_PRIV_CONF, 0x0, 2, 1),
	  .type = DPU_NVCONFIG_BOOL },
	{ .name = "HOST_DISABLE_RSHIM", .field = AT(HOST_PRIV_CONF, 0x0, 3, 1), .type = DPU_NVCONFIG_BOOL },
	{ .name = "HOST_PRIV_LEVEL",
	  .field = AT(HOST_PRIV_CONF, 0x0, 28, 2),
	  .type = DPU_NVCONFIG_ENUM,
	  .words = priv_levels },
};

const size_t nv_param_count = sizeof(nv_params) / sizeof(nv_params[0]);

uint32_t nv_field_max(const struct nv_field *field)
{
	return field->width < 32 ? (UINT32_C(1) << field->width) - 1 : UINT32_MAX;
}

uint32_t nv_field_get(const struct nv_field *field, const uint8_t *data)
{
	const uint8_t *at = data + field->offset;
	uint32_t dword = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];

	return dword >> field->bit & nv_field_max(field);
}

void nv_field_put(const struct nv_field *field, uint8_t *data, uint32_t value)
{
	uint32_t mask = nv_field_max(field) << field->bit;
	uint32_t bits = value << field->bit & mask;
	size_t i;

	for (i = 0; i < 4; i++) {
		const unsigned int shift = 24 - 8 * (unsigned int)i;
		uint8_t *at = data + field->offset + i;

		*at = (uint8_t)((*at & ~(mask >> shift)) | bits >> shift);
	}
}

/* A host's rights do not wait all alike: what it may do to the configuration is denied at once, its rshim
 * takes a power cycle. */
enum dpu_reset nv_param_reset(const struct nv_param_info *param)
{
	if (param->field.tlv != NV_HOST_PRIV_CONF)
		return nv_tlvs[param->field.tlv].reset;
	if (param->type == DPU_NVCONFIG_ENUM)
		return DPU_RESET_NONE;
	return param->field.bit == 3 ? DPU_RESET_SYSTEM : DPU_RESET_FIRMWARE;
}

const struct nv_param_info *nv_param_find(const char *name)
{
	size_t i;

	for (i = 0; i < nv_param_count; i++) {
		if (!strcasecmp(nv_params[i].name, name))
			return &nv_params[i];
	}
	return NULL;
}

static uint32_t word_count(const struct nv_param_info *param)
{
	uint32_t count = 0;

	while (param->words[count])
		count++;
	return count;
}

uint32_t nv_param_max(const struct nv_param_info *param)
{
	if (param->type == DPU_NVCONFIG_ENUM)
		return word_count(param) - 1;
	return nv_field_max(&param->field);
}

void nv_value_format(const struct nv_param_info *param, uint32_t value, char *text, size_t size)
{
	if (param->type == DPU_NVCONFIG_BOOL)
		text_copy(text, size, value ? "True" : "False");
	else if (param->type == DPU_NVCONFIG_ENUM && value < word_count(param))
		text_copy(text, size, param->words[value]);
	else
		snprintf(text, size, "%" PRIu32, value);
}

bool nv_value_parse(const struct nv_param_info *param, const char *text, uint64_t *value)
{
	uint32_t i;

	if (param->type == DPU_NVCONFIG_BOOL && (!strcasecmp(text, "true") || !strcasecmp(text, "false"))) {
		*value = !strcasecmp(text, "true");
		return true;
	}
	for (i = 0; param->type == DPU_NVCONFIG_ENUM && param->words[i]; i++) {
		if (!strcasecmp(text, param->words[i])) {
			*value = i;
			return true;
		}
	}
	return text_number(text, UINT64_MAX, value);
}
