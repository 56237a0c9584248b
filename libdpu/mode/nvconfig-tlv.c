/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TLVs as they are: types, bytes. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "mode/nvconfig.h"

/* Where the numbers lie in the types of a class. width 0: it has none of this kind. */
struct class_layout {
	uint32_t nv_class;
	unsigned int id_width;
	unsigned int index_shift;
	unsigned int index_width;
	unsigned int function_width; /* from bit 10 */
};

#define FUNCTION_SHIFT 10

static const struct class_layout layouts[] = {
	{ NV_GLOBAL, 24, 0, 0, 0 },   { NV_PORT, 16, 16, 8, 0 }, { NV_HOST_FUNCTION, 10, 18, 6, 8 },
	{ NV_FILE, 24, 0, 0, 0 },     { NV_HOST, 18, 18, 6, 0 }, { NV_SWITCH, 24, 0, 0, 0 },
	{ NV_MODULE, 14, 14, 10, 0 },
};

static bool fits(uint32_t value, unsigned int width)
{
	return value < UINT64_C(1) << width;
}

int dpu_nvconfig_tlv_type(uint32_t tlv_class, uint32_t id, uint32_t index, uint32_t function, uint32_t *ret)
{
	size_t i;

	for (i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		const struct class_layout *layout = &layouts[i];

		if (layout->nv_class != tlv_class)
			continue;
		if (!fits(id, layout->id_width) || !fits(index, layout->index_width) ||
		    !fits(function, layout->function_width))
			return -EINVAL;
		*ret = NV_TYPE(tlv_class, id) | index << layout->index_shift | function << FUNCTION_SHIFT;
		return 0;
	}
	return -EINVAL;
}

static int read_tlv(struct dpu_device *device, enum provider_nvconfig_when when, struct provider_tlv *tlv)
{
	struct dpu_ctx *ctx = device->ctx;
	struct provider_firmware firmware;
	size_t i;

	for (i = 0; i < NV_TLVS; i++) {
		if (nv_tlvs[i].type == tlv->type)
			tlv->size = nv_tlvs[i].size;
	}
	if (when != PROVIDER_NVCONFIG_NEXT) {
		int rc = ctx->ops->firmware(ctx, device->info.handle, &firmware);

		if (rc < 0)
			return rc;
		if (!(when == PROVIDER_NVCONFIG_CURRENT ? firmware.tells_current : firmware.tells_default))
			return ctx_fail(ctx, -EOPNOTSUPP, "nvconfig_tlv_get", device->info.handle,
					"the firmware tells only what is stored for the next boot");
	}
	return ctx->ops->nvconfig_get(ctx, device->info.handle, when, tlv);
}

int dpu_nvconfig_tlv_get(struct dpu_device *device, uint32_t type, enum dpu_nvconfig_when when, void *data,
			 size_t size)
{
	struct provider_tlv tlv = { .type = type };
	int rc;

	if ((unsigned int)when > DPU_NVCONFIG_DEFAULT || (size && !data))
		return ctx_fail(device->ctx, -EINVAL, "nvconfig_tlv_get", device->info.handle,
				"a when and room are needed");
	rc = read_tlv(device, (enum provider_nvconfig_when)when, &tlv);
	if (rc < 0)
		return rc;
	if (tlv.size > size)
		return ctx_fail(device->ctx, -ENOSPC, "nvconfig_tlv_get", device->info.handle,
				"the TLV has %" PRIu32 " bytes", tlv.size);
	memcpy(data, tlv.data, tlv.size);
	return (int)tlv.size;
}

int dpu_nvconfig_tlv_set(struct dpu_device *device, uint32_t type, uint32_t offset, const void *data,
			 size_t size)
{
	struct dpu_ctx *ctx = device->ctx;
	struct nv_write write = { .handle = device->info.handle, .tlv = { .type = type } };
	int rc;

	if (!data || !size)
		return ctx_fail(ctx, -EINVAL, "nvconfig_tlv_set", device->info.handle, "nothing to write");
	rc = read_tlv(device, PROVIDER_NVCONFIG_NEXT, &write.tlv);
	if (rc < 0)
		return rc;
	if (offset > write.tlv.size || size > write.tlv.size - offset)
		return ctx_fail(ctx, -EINVAL, "nvconfig_tlv_set", device->info.handle,
				"the TLV has %" PRIu32 " bytes only", write.tlv.size);
	write.former = write.tlv;
	memcpy(write.tlv.data + offset, data, size);
	memset(write.mask + offset, 0xff, size);
	rc = nv_write_all(ctx, "nvconfig_tlv_set", &write, 1);
	return rc < 0 ? rc : 0;
}
