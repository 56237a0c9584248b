/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the firmware's non-volatile configuration consists of: TLVs (type, length, value), each a few
 * big-endian dwords in which the parameters lie as bit fields. Facts alone; who reads and writes them is
 * elsewhere.
 *
 * Source: the parameters' names, places, words and conditions are those of mlxconfig's database, checked bit
 * by bit against mstconfig in tests/nvdev.
 */
#ifndef DPU_FIRMWARE_NVTABLE_H
#define DPU_FIRMWARE_NVTABLE_H

#include <dpu/mode.h>
#include <dpu/nvconfig.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest value that a TLV can have. */
#define NV_DATA_MAX 256
/* The longest of those in the table. */
#define NV_TABLE_DATA_MAX 32

/* Classes of TLVs: bits 31 to 24 of a type. The bits below say which of its kind and, where a class is about
 * a port, a function or a host, whose. */
enum nv_class {
	NV_GLOBAL = 0,
	NV_PORT = 1,
	NV_HOST_FUNCTION = 3,
	NV_FILE = 6,
	NV_HOST = 7,
	NV_SWITCH = 8,
	NV_MODULE = 9,
};

/* A parameter of the class NV_HOST_FUNCTION is its own PF's: host 0, function 0 is whoever asks. */
#define NV_TYPE(nv_class, id) ((uint32_t)(nv_class) << 24 | (id))
/* The same TLV of another host, in the class NV_HOST. */
#define NV_HOST_SHIFT 18

static inline uint32_t nv_class_of(uint32_t type)
{
	return type >> 24;
}

/* The TLVs of the table. */
enum nv_tlv_id {
	NV_INTERNAL_CPU_CONF,
	NV_INTERNAL_CPU_CAP,
	NV_GLOBAL_PCI_CONF,
	NV_GLOBAL_PCI_CAP,
	NV_POWER_CONF,
	NV_POWER_CAP,
	NV_PCI_SWITCH_CONF,
	NV_PCI_SWITCH_CAP,
	NV_VIRTIO_NET_CONF,
	NV_VIRTIO_NET_CAP,
	NV_VIRTIO_BLK_CONF,
	NV_VIRTIO_BLK_CAP,
	NV_ROM_CAP,
	NV_PF_PCI_CONF,
	NV_ROM_UEFI_CONF,
	NV_ROM_UEFI_DEBUG_LEVEL,
	NV_PCI_CONF,
	NV_PCI_CAP,
	NV_HOST_PRIV_CONF,
	NV_TLVS,
};

struct nv_tlv_info {
	const char *name;
	uint32_t type;
	uint8_t size;
	bool cap;             /* tells what the device can do; nobody writes it */
	enum dpu_reset reset; /* what makes its next-boot value current */
};

extern const struct nv_tlv_info nv_tlvs[NV_TLVS];

/* A bit field of a TLV: bit 0 is the lowest of the big-endian dword at offset. width 0: no such field. */
struct nv_field {
	enum nv_tlv_id tlv;
	uint8_t offset;
	uint8_t bit;
	uint8_t width;
};

uint32_t nv_field_get(const struct nv_field *field, const uint8_t *data);
void nv_field_put(const struct nv_field *field, uint8_t *data, uint32_t value);
/* The greatest number that fits. */
uint32_t nv_field_max(const struct nv_field *field);

struct nv_param_info {
	const char *name;
	struct nv_field field;
	enum dpu_nvconfig_type type;
	const char *const *words; /* by value, NULL-terminated; of DPU_NVCONFIG_ENUM */
	struct nv_field valid;    /* to be 1 when the parameter is to count */
	struct nv_field cap;      /* 1 when the device has the parameter */
	struct nv_field cap_max;  /* the device's own greatest value */
	const char *needs;        /* a parameter without which, not 0, this one means nothing; or NULL */
};

extern const struct nv_param_info nv_params[];
extern const size_t nv_param_count;

/* What makes the next-boot value of a parameter current; NONE where it holds at once. */
enum dpu_reset nv_param_reset(const struct nv_param_info *param);

/* NULL when there is none. Case does not matter, as little as mlxconfig minds it. */
const struct nv_param_info *nv_param_find(const char *name);

/* The value as mlxconfig writes it: "True", "EMBEDDED_CPU", "16". */
void nv_value_format(const struct nv_param_info *param, uint32_t value, char *text, size_t size);
/* Reads what nv_value_format() writes, or a number; false for what is neither. Its range is not checked. */
bool nv_value_parse(const struct nv_param_info *param, const char *text, uint64_t *value);

/* The greatest value of a parameter, where its device says no less. */
uint32_t nv_param_max(const struct nv_param_info *param);

#endif
