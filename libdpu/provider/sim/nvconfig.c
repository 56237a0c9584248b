/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The firmware's non-volatile configuration: what the factory stored, what the firmware takes, and what makes
 * a next-boot value current. TLVs are bytes; of what they mean, only what has an effect is looked at. */
#include <string.h>
#include "provider/sim/model.h"

struct value {
	const char *name;
	uint32_t value;
};

/* All that is not 0. What only counts with a bit that says so has that bit set too. */
static const struct value factory_values[] = {
	{ "INTERNAL_CPU_MODEL", 1 },
	{ "SRIOV_EN", 1 },
	{ "NUM_OF_VFS", 16 },
	{ "NUM_OF_PF", 2 },
	{ "PER_PF_NUM_SF", 1 },
	{ "NUM_PF_MSIX_VALID", 1 },
	{ "NUM_PF_MSIX", 63 },
	{ "NUM_VF_MSIX", 11 },
	{ "PF_TOTAL_SF", 236 },
	{ "PF_SF_BAR_SIZE", 10 },
	{ "PF_NUM_OF_VF", 16 },
	{ "PF_NUM_PF_MSIX", 63 },
	{ "PF_NUM_VF_MSIX", 11 },
	{ "VIRTIO_NET_EMULATION_NUM_PF", 1 },
	{ "VIRTIO_NET_EMULATION_NUM_MSIX", 2 },
	{ "VIRTIO_NET_EMULATION_VENDOR_ID", 0x1af4 },
	{ "VIRTIO_NET_EMULATION_DEVICE_ID", 0x1041 },
	{ "VIRTIO_NET_EMULATION_CLASS_CODE", 0x020000 },
	{ "VIRTIO_NET_EMULATION_REVISION_ID", 1 },
	{ "VIRTIO_NET_EMU_SUBSYSTEM_VENDOR_ID", 0x1af4 },
	{ "VIRTIO_NET_EMULATION_SUBSYSTEM_ID", 0x1041 },
	{ "VIRTIO_BLK_EMULATION_NUM_PF", 1 },
	{ "VIRTIO_BLK_EMULATION_NUM_MSIX", 2 },
	{ "VIRTIO_BLK_EMULATION_VENDOR_ID", 0x1af4 },
	{ "VIRTIO_BLK_EMULATION_DEVICE_ID", 0x1042 },
	{ "VIRTIO_BLK_EMULATION_CLASS_CODE", 0x010000 },
	{ "VIRTIO_BLK_EMULATION_REVISION_ID", 1 },
	{ "VIRTIO_BLK_EMU_SUBSYSTEM_VENDOR_ID", 0x1af4 },
	{ "VIRTIO_BLK_EMULATION_SUBSYSTEM_ID", 0x1042 },
	{ "UEFI_HII_EN", 1 },
	{ "EXP_ROM_UEFI_ARM_ENABLE", 1 },
	{ "EXP_ROM_UEFI_x86_ENABLE", 1 },
	{ "EXP_ROM_PXE_ENABLE", 1 },
};

/* Capabilities: the greatest values that the device tells of… */
static const struct value maxima[] = {
	{ "NUM_OF_VFS", 504 },
	{ "NUM_OF_PF", 16 },
	{ "NUM_PF_MSIX", 1023 },
	{ "NUM_VF_MSIX", 1023 },
	{ "PCI_SWITCH_EMULATION_NUM_PORT", 32 },
	{ "VIRTIO_NET_EMULATION_NUM_PF", 31 },
	{ "VIRTIO_NET_EMULATION_NUM_VF", 504 },
	{ "VIRTIO_BLK_EMULATION_NUM_PF", 31 },
	{ "VIRTIO_BLK_EMULATION_NUM_VF", 504 },
};

/* …and those that only its firmware knows. */
static const struct value own_maxima[] = {
	{ "PF_NUM_OF_VF", 504 },
	{ "PF_TOTAL_SF", 512 },
	{ "PF_SF_BAR_SIZE", 16 },
};

/* Bits that no parameter of the table has: of the factory's configuration, and of nv_internal_cpu_cap the two
 * that say that there are the separated and the embedded model. */
static const struct {
	struct nv_field field;
	uint32_t value;
} opaque_bits[] = {
	{ { NV_INTERNAL_CPU_CAP, 0x0, 30, 2 }, 3 }, { { NV_GLOBAL_PCI_CONF, 0x0, 9, 1 }, 1 },
	{ { NV_GLOBAL_PCI_CONF, 0x0, 16, 1 }, 1 },  { { NV_POWER_CONF, 0x0, 0, 16 }, 0x0a00 },
	{ { NV_PCI_SWITCH_CONF, 0x0, 17, 1 }, 1 },  { { NV_VIRTIO_NET_CONF, 0x0, 22, 2 }, 3 },
	{ { NV_VIRTIO_BLK_CONF, 0x0, 22, 2 }, 3 },  { { NV_PF_PCI_CONF, 0xc, 0, 16 }, 0x0001 },
	{ { NV_ROM_UEFI_CONF, 0x0, 8, 4 }, 0xa },   { { NV_PCI_CONF, 0x0, 0, 12 }, 0x155 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The restrictions of a host that take no more than a reset of the firmware. */
static const char *const early_restrictions[] = { "HOST_DISABLE_PORT_OWNER", "HOST_DISABLE_PORT_COUNTER",
						  "HOST_DISABLE_TRACER_OWNER" };

static void put_factory(struct sim_tlv tlvs[NV_TLVS], const struct nv_field *field, uint32_t value)
{
	if (field->width)
		nv_field_put(field, tlvs[field->tlv].factory, value);
}

/* The device has all that the table knows of. */
static void fill_caps(struct sim_tlv tlvs[NV_TLVS])
{
	size_t i;

	for (i = 0; i < nv_param_count; i++)
		put_factory(tlvs, &nv_params[i].cap, nv_field_max(&nv_params[i].cap));
	for (i = 0; i < COUNT(maxima); i++)
		put_factory(tlvs, &nv_param_find(maxima[i].name)->cap_max, maxima[i].value);
}

static void fill_factory(struct sim_tlv tlvs[NV_TLVS])
{
	const struct nv_param_info *param;
	size_t i;

	memset(tlvs, 0, NV_TLVS * sizeof(tlvs[0]));
	fill_caps(tlvs);
	for (i = 0; i < COUNT(factory_values); i++) {
		param = nv_param_find(factory_values[i].name);
		put_factory(tlvs, &param->field, factory_values[i].value);
		put_factory(tlvs, &param->valid, 1);
	}
	for (i = 0; i < COUNT(opaque_bits); i++)
		put_factory(tlvs, &opaque_bits[i].field, opaque_bits[i].value);
	for (i = 0; i < NV_TLVS; i++) {
		memcpy(tlvs[i].current, tlvs[i].factory, sizeof(tlvs[i].current));
		memcpy(tlvs[i].next, tlvs[i].factory, sizeof(tlvs[i].next));
	}
}

void sim_nvconfig_fresh(struct sim_model *model)
{
	size_t i;

	fill_factory(model->tlvs);
	for (i = 0; i < SIM_MAX_PFS; i++)
		memcpy(model->pfs[i].tlvs, model->tlvs, sizeof(model->tlvs));
}

bool sim_tlv_of_pf(enum nv_tlv_id id)
{
	return nv_class_of(nv_tlvs[id].type) == NV_HOST_FUNCTION;
}

struct sim_tlv *sim_tlv_at(struct sim_model *model, struct sim_pf *pf, enum nv_tlv_id id)
{
	return sim_tlv_of_pf(id) ? &pf->tlvs[id] : &model->tlvs[id];
}

uint64_t sim_nvconfig_value(const struct sim_tlv *tlv, const struct nv_param_info *param, const uint8_t *data)
{
	/* What the configuration has no valid value for is as the factory had it. */
	if (param->valid.width && !nv_field_get(&param->valid, data))
		data = tlv->factory;
	return nv_field_get(&param->field, data);
}

uint64_t sim_nvconfig_current(const struct sim_model *model, const struct sim_pf *pf, const char *name)
{
	const struct nv_param_info *param = nv_param_find(name);
	const struct sim_tlv *tlvs = pf && sim_tlv_of_pf(param->field.tlv) ? pf->tlvs : model->tlvs;
	const struct sim_tlv *tlv = &tlvs[param->field.tlv];

	return sim_nvconfig_value(tlv, param, tlv->current);
}

uint64_t sim_nvconfig_max(const struct sim_model *model, const struct nv_param_info *param)
{
	size_t i;

	for (i = 0; i < COUNT(own_maxima); i++) {
		if (!strcmp(own_maxima[i].name, param->name))
			return own_maxima[i].value;
	}
	if (param->cap_max.width)
		return nv_field_get(&param->cap_max, model->tlvs[param->cap_max.tlv].factory);
	return nv_param_max(param);
}

const struct nv_param_info *sim_nvconfig_wrong(const struct sim_model *model, enum nv_tlv_id id,
					       const uint8_t *data)
{
	const struct nv_param_info *param;
	size_t i;

	for (i = 0; i < nv_param_count; i++) {
		param = &nv_params[i];
		if (param->field.tlv == id &&
		    nv_field_get(&param->field, data) > sim_nvconfig_max(model, param))
			return param;
	}
	return NULL;
}

void sim_nvconfig_put(uint8_t *data, const struct nv_param_info *param, uint64_t value)
{
	nv_field_put(&param->field, data, (uint32_t)value);
	if (param->valid.width)
		nv_field_put(&param->valid, data, 1);
}

static void take_field(struct sim_model *model, const char *name)
{
	const struct nv_field *field = &nv_param_find(name)->field;
	struct sim_tlv *tlv = &model->tlvs[field->tlv];

	nv_field_put(field, tlv->current, nv_field_get(field, tlv->next));
}

void sim_nvconfig_stored(struct sim_model *model)
{
	take_field(model, "HOST_PRIV_LEVEL");
}

void sim_nvconfig_boot(struct sim_model *model, enum dpu_reset level)
{
	struct sim_tlv *tlv;
	size_t i, pf;

	for (i = 0; i < NV_TLVS; i++) {
		if (nv_tlvs[i].reset > level)
			continue;
		for (pf = 0; pf < model->pf_count; pf++) {
			tlv = sim_tlv_at(model, &model->pfs[pf], (enum nv_tlv_id)i);
			memcpy(tlv->current, tlv->next, sizeof(tlv->current));
		}
	}
	for (i = 0; i < COUNT(early_restrictions); i++)
		take_field(model, early_restrictions[i]);
}

bool sim_nic_mode(const struct sim_model *model)
{
	return sim_nvconfig_current(model, NULL, "INTERNAL_CPU_OFFLOAD_ENGINE") != 0 &&
	       !sim_separated_mode(model);
}

bool sim_separated_mode(const struct sim_model *model)
{
	return sim_nvconfig_current(model, NULL, "INTERNAL_CPU_MODEL") == 0;
}

uint32_t sim_vf_controller(const struct sim_model *model)
{
	return sim_separated_mode(model) ? 0 : SIM_HOST_CONTROLLER;
}
