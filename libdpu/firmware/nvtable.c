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

/* One parameter in a line or two; clang-format would make a page of each. */
/* clang-format off */

/* A bit field: TLV, offset of its dword, lowest bit, width. */
#define AT(tlv, offset, bit, width)   { NV_##tlv, offset, bit, width }
#define BOOL                          .type = DPU_NVCONFIG_BOOL
#define NUMBER                        .type = DPU_NVCONFIG_UNSIGNED
#define WORDS(list)                   .type = DPU_NVCONFIG_ENUM, .words = list
#define VALID(tlv, offset, bit)       .valid = AT(tlv, offset, bit, 1)
#define CAP(tlv, offset, bit)         .cap = AT(tlv, offset, bit, 1)
#define MOST(tlv, offset, bit, width) .cap_max = AT(tlv, offset, bit, width)

/* The same for each kind of emulated device. The identifiers are databases' of 2020 and 2021; firmware that came
 * later may take no notice of them. */
#define EMULATION(KIND) \
	{ "VIRTIO_" #KIND "_EMULATION_ENABLE", AT(VIRTIO_##KIND##_CONF, 0x0, 31, 1), BOOL, \
	  CAP(VIRTIO_##KIND##_CAP, 0x0, 31) }, \
	{ "VIRTIO_" #KIND "_EMULATION_NUM_PF", AT(VIRTIO_##KIND##_CONF, 0x4, 16, 8), NUMBER, \
	  CAP(VIRTIO_##KIND##_CAP, 0x0, 31), MOST(VIRTIO_##KIND##_CAP, 0x4, 16, 8) }, \
	{ "VIRTIO_" #KIND "_EMULATION_NUM_VF", AT(VIRTIO_##KIND##_CONF, 0x4, 0, 16), NUMBER, \
	  CAP(VIRTIO_##KIND##_CAP, 0x0, 31), MOST(VIRTIO_##KIND##_CAP, 0x4, 0, 16) }, \
	{ "VIRTIO_" #KIND "_EMULATION_NUM_MSIX", AT(VIRTIO_##KIND##_CONF, 0x14, 0, 16), NUMBER, \
	  CAP(VIRTIO_##KIND##_CAP, 0x0, 31) }, \
	{ "VIRTIO_" #KIND "_EMULATION_NUM_VF_MSIX", AT(VIRTIO_##KIND##_CONF, 0x14, 16, 12), NUMBER, \
	  CAP(VIRTIO_##KIND##_CAP, 0x0, 30) }, \
	{ "VIRTIO_" #KIND "_EMULATION_PF_PCI_LAYOUT", AT(VIRTIO_##KIND##_CONF, 0x0, 28, 2), \
	  WORDS(pci_layouts), CAP(VIRTIO_##KIND##_CAP, 0x0, 29) }, \
	{ "VIRTIO_" #KIND "_EMULATION_VF_PCI_LAYOUT", AT(VIRTIO_##KIND##_CONF, 0x0, 26, 2), \
	  WORDS(pci_layouts), CAP(VIRTIO_##KIND##_CAP, 0x0, 29) }, \
	{ "VIRTIO_" #KIND "_EMULATION_VENDOR_ID", AT(VIRTIO_##KIND##_CONF, 0x8, 0, 16), NUMBER, \
	  CAP(VIRTIO_##KIND##_CAP, 0x0, 31) }, \
	{ "VIRTIO_" #KIND "_EMULATION_DEVICE_ID", AT(VIRTIO_##KIND##_CONF, 0x8, 16, 16), NUMBER, \
	  CAP(VIRTIO_##KIND##_CAP, 0x0, 31) }, \
	{ "VIRTIO_" #KIND "_EMULATION_CLASS_CODE", AT(VIRTIO_##KIND##_CONF, 0xc, 0, 24), NUMBER, \
	  CAP(VIRTIO_##KIND##_CAP, 0x0, 31) }, \
	{ "VIRTIO_" #KIND "_EMULATION_REVISION_ID", AT(VIRTIO_##KIND##_CONF, 0xc, 24, 8), NUMBER, \
	  CAP(VIRTIO_##KIND##_CAP, 0x0, 31) }, \
	{ "VIRTIO_" #KIND "_EMU_SUBSYSTEM_VENDOR_ID", AT(VIRTIO_##KIND##_CONF, 0x10, 0, 16), NUMBER, \
	  CAP(VIRTIO_##KIND##_CAP, 0x0, 31) }, \
	{ "VIRTIO_" #KIND "_EMULATION_SUBSYSTEM_ID", AT(VIRTIO_##KIND##_CONF, 0x10, 16, 16), NUMBER, \
	  CAP(VIRTIO_##KIND##_CAP, 0x0, 31) }

/* What the expansion ROM of a UEFI machine logs; nothing while UEFI_LOGS is DISABLED. */
#define UEFI(name, bit) \
	{ name, AT(ROM_UEFI_DEBUG_LEVEL, 0x0, bit, 1), BOOL, CAP(ROM_CAP, 0x0, 28), .needs = "UEFI_LOGS" }

/* Each has the bit of its name in the capabilities. */
#define EXP_ROM(name, bit) \
	{ name, AT(PCI_CONF, 0x0, bit, 1), BOOL, CAP(PCI_CAP, 0x0, bit) }

const struct nv_param_info nv_params[] = {
	{ "INTERNAL_CPU_MODEL", AT(INTERNAL_CPU_CONF, 0x0, 0, 4), WORDS(cpu_models) },
	{ "INTERNAL_CPU_PAGE_SUPPLIER", AT(INTERNAL_CPU_CONF, 0x0, 4, 1), WORDS(owners),
	  CAP(INTERNAL_CPU_CAP, 0x0, 29), .needs = "INTERNAL_CPU_MODEL" },
	{ "INTERNAL_CPU_ESWITCH_MANAGER", AT(INTERNAL_CPU_CONF, 0x0, 5, 1), WORDS(owners),
	  CAP(INTERNAL_CPU_CAP, 0x0, 28), .needs = "INTERNAL_CPU_MODEL" },
	{ "INTERNAL_CPU_IB_VPORT0", AT(INTERNAL_CPU_CONF, 0x0, 6, 1), WORDS(owners),
	  CAP(INTERNAL_CPU_CAP, 0x0, 27), .needs = "INTERNAL_CPU_MODEL" },
	{ "INTERNAL_CPU_OFFLOAD_ENGINE", AT(INTERNAL_CPU_CONF, 0x0, 8, 1), WORDS(enabled_disabled),
	  CAP(INTERNAL_CPU_CAP, 0x0, 25), .needs = "INTERNAL_CPU_MODEL" },
	{ "INTERNAL_CPU_RSHIM", AT(GLOBAL_PCI_CONF, 0x0, 13, 1), WORDS(enabled_disabled),
	  CAP(GLOBAL_PCI_CAP, 0x0, 10) },
	{ "SRIOV_EN", AT(GLOBAL_PCI_CONF, 0x4, 31, 1), BOOL, VALID(GLOBAL_PCI_CONF, 0x0, 31),
	  CAP(GLOBAL_PCI_CAP, 0x4, 31) },
	{ "NUM_OF_VFS", AT(GLOBAL_PCI_CONF, 0x4, 0, 16), NUMBER, VALID(GLOBAL_PCI_CONF, 0x0, 31),
	  CAP(GLOBAL_PCI_CAP, 0x4, 31), MOST(GLOBAL_PCI_CAP, 0x4, 0, 16) },
	{ "NUM_OF_PF", AT(GLOBAL_PCI_CONF, 0x4, 16, 8), NUMBER, VALID(GLOBAL_PCI_CONF, 0x0, 28),
	  MOST(GLOBAL_PCI_CAP, 0x4, 16, 8) },
	{ "HIDE_PORT2_PF", AT(GLOBAL_PCI_CONF, 0x4, 28, 1), BOOL, CAP(GLOBAL_PCI_CAP, 0x4, 28) },
	{ "PER_PF_NUM_SF", AT(GLOBAL_PCI_CONF, 0x0, 20, 1), BOOL, CAP(GLOBAL_PCI_CAP, 0x0, 14) },
	{ "PF_BAR2_ENABLE", AT(GLOBAL_PCI_CONF, 0x4, 27, 1), BOOL, CAP(GLOBAL_PCI_CAP, 0x4, 27) },
	{ "PF_BAR2_SIZE", AT(GLOBAL_PCI_CONF, 0x0, 0, 8), NUMBER, CAP(GLOBAL_PCI_CAP, 0x4, 27) },
	{ "PF_NUM_OF_VF_VALID", AT(GLOBAL_PCI_CONF, 0x0, 14, 1), BOOL, CAP(GLOBAL_PCI_CAP, 0x0, 11) },
	{ "NUM_PF_MSIX_VALID", AT(GLOBAL_PCI_CONF, 0x0, 26, 1), BOOL, CAP(GLOBAL_PCI_CAP, 0x0, 26) },
	{ "NUM_PF_MSIX", AT(GLOBAL_PCI_CONF, 0x8, 12, 10), NUMBER, VALID(GLOBAL_PCI_CONF, 0x0, 26),
	  CAP(GLOBAL_PCI_CAP, 0x0, 26), MOST(GLOBAL_PCI_CAP, 0x8, 12, 10) },
	{ "PF_NUM_PF_MSIX_VALID", AT(GLOBAL_PCI_CONF, 0x0, 19, 1), BOOL, CAP(GLOBAL_PCI_CAP, 0x0, 13) },
	{ "PER_PF_NUM_VF_MSIX", AT(GLOBAL_PCI_CONF, 0x0, 15, 1), BOOL },
	{ "NUM_VF_MSIX", AT(GLOBAL_PCI_CONF, 0x8, 22, 10), NUMBER, VALID(GLOBAL_PCI_CONF, 0x0, 27),
	  CAP(GLOBAL_PCI_CAP, 0x0, 27), MOST(GLOBAL_PCI_CAP, 0x8, 22, 10) },
	{ "STRICT_VF_MSIX_NUM", AT(GLOBAL_PCI_CONF, 0x0, 21, 1), BOOL, CAP(GLOBAL_PCI_CAP, 0x0, 21) },
	{ "DPU_RESET_NOTIFICATION_ENABLED", AT(GLOBAL_PCI_CONF, 0x0, 12, 1), WORDS(disabled_enabled),
	  CAP(GLOBAL_PCI_CAP, 0x0, 9) },
	{ "PF_TOTAL_SF", AT(PF_PCI_CONF, 0x0, 0, 16), NUMBER, VALID(PF_PCI_CONF, 0x0, 23),
	  CAP(GLOBAL_PCI_CAP, 0x0, 14) },
	{ "PF_SF_BAR_SIZE", AT(PF_PCI_CONF, 0x0, 24, 8), NUMBER, VALID(PF_PCI_CONF, 0x0, 23),
	  CAP(GLOBAL_PCI_CAP, 0x0, 14) },
	{ "PF_NUM_OF_VF", AT(PF_PCI_CONF, 0x8, 0, 16), NUMBER, VALID(PF_PCI_CONF, 0x0, 22),
	  CAP(GLOBAL_PCI_CAP, 0x0, 11), .needs = "PF_NUM_OF_VF_VALID" },
	{ "PF_NUM_PF_MSIX", AT(PF_PCI_CONF, 0x4, 0, 12), NUMBER, CAP(GLOBAL_PCI_CAP, 0x0, 13) },
	{ "PF_NUM_VF_MSIX", AT(PF_PCI_CONF, 0x4, 12, 12), NUMBER },
	{ "LAG_RESOURCE_ALLOCATION", AT(POWER_CONF, 0x0, 20, 2), WORDS(lag_allocations),
	  CAP(POWER_CAP, 0x0, 21) },
	{ "PCI_SWITCH_EMULATION_ENABLE", AT(PCI_SWITCH_CONF, 0x0, 31, 1), BOOL, CAP(PCI_SWITCH_CAP, 0x0, 31) },
	{ "PCI_SWITCH_EMULATION_NUM_PORT", AT(PCI_SWITCH_CONF, 0x0, 0, 8), NUMBER,
	  CAP(PCI_SWITCH_CAP, 0x0, 31), MOST(PCI_SWITCH_CAP, 0x0, 0, 8) },
	{ "VIRTIO_EMULATION_HOTPLUG_TRANS", AT(PCI_SWITCH_CONF, 0x0, 30, 1), BOOL,
	  CAP(PCI_SWITCH_CAP, 0x0, 30) },
	EMULATION(NET),
	EMULATION(BLK),
	{ "UEFI_HII_EN", AT(ROM_UEFI_CONF, 0x0, 31, 1), BOOL, CAP(ROM_CAP, 0x0, 26) },
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
	{ "UEFI_LOG_MIN_SEVERITY", AT(ROM_UEFI_DEBUG_LEVEL, 0x0, 24, 2), WORDS(severities),
	  CAP(ROM_CAP, 0x0, 28), .needs = "UEFI_LOGS" },
	UEFI("UEFI_LOG_VERBOSE", 27),
	{ "UEFI_LOGS", AT(ROM_UEFI_DEBUG_LEVEL, 0x0, 28, 4), WORDS(log_outputs), CAP(ROM_CAP, 0x0, 28) },
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
	{ "HOST_DISABLE_PORT_OWNER", AT(HOST_PRIV_CONF, 0x0, 0, 1), BOOL },
	{ "HOST_DISABLE_PORT_COUNTER", AT(HOST_PRIV_CONF, 0x0, 1, 1), BOOL },
	{ "HOST_DISABLE_TRACER_OWNER", AT(HOST_PRIV_CONF, 0x0, 2, 1), BOOL },
	{ "HOST_DISABLE_RSHIM", AT(HOST_PRIV_CONF, 0x0, 3, 1), BOOL },
	{ "HOST_PRIV_LEVEL", AT(HOST_PRIV_CONF, 0x0, 28, 2), WORDS(priv_levels) },
};
/* clang-format on */

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
