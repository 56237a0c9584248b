/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A device whose firmware a test arranges as it likes: which TLVs it has and what is in them, which side
 * asks, which write fails, who else writes. The simulated DPU would refuse most of this.
 */
#ifndef FAKE_FIRMWARE_H
#define FAKE_FIRMWARE_H

#include <errno.h>
#include "device/device.h"
#include "firmware/nvtable.h"
#include "harness.h"

struct fake_tlv {
	uint32_t type;
	uint32_t size;
	int supports;
	uint8_t data[3][NV_TABLE_DATA_MAX];
};

struct fake {
	struct fake_tlv tlvs[40];
	size_t count;
	struct provider_firmware firmware;
	struct provider_mode_evidence evidence;
	struct provider_reset_info reset;
	struct provider_port ports[4];
	size_t port_count;
	int firmware_rc;
	int evidence_rc;
	int eswitch_rc;
	int reset_rc;
	enum dpu_eswitch_mode eswitch;
	int versions;           /* how many devlink tells */
	unsigned int updates;   /* so far, those that changed nothing too */
	unsigned int writes;    /* TLVs written so far */
	unsigned int fail_at;   /* which update fails; 0 none */
	unsigned int dead_from; /* from which update on nothing answers; 0 never */
	bool done_all_the_same; /* the one that fails has been written */
	uint32_t meddle;        /* after each update of this type another program changes … */
	uint8_t meddle_mask;    /* … these bits of its last byte */
	bool is_dead;
};

__attribute__((unused)) static struct fake fake;

__attribute__((unused)) static struct fake_tlv *fake_find(uint32_t type)
{
	size_t i;

	for (i = 0; i < fake.count; i++) {
		if (fake.tlvs[i].type == type)
			return &fake.tlvs[i];
	}
	return NULL;
}

static int fake_dead(struct dpu_ctx *ctx, const char *step)
{
	return fake.is_dead ? ctx_fail(ctx, -EIO, step, "fake", "the device does not answer") : 0;
}

static int fake_firmware(struct dpu_ctx *ctx, const char *handle, struct provider_firmware *ret)
{
	if (fake.firmware_rc < 0)
		return ctx_fail(ctx, fake.firmware_rc, "firmware", handle, "no way");
	*ret = fake.firmware;
	return 0;
}

static int fake_supports(struct dpu_ctx *ctx, const char *handle, uint32_t type)
{
	struct fake_tlv *tlv = fake_find(type);

	(void)handle;
	if (fake_dead(ctx, "nvconfig_supports") < 0)
		return -EIO;
	return tlv ? tlv->supports : 0;
}

static int fake_get(struct dpu_ctx *ctx, const char *handle, enum provider_nvconfig_when when,
		    struct provider_tlv *ret)
{
	struct fake_tlv *tlv = fake_find(ret->type);

	if (fake_dead(ctx, "nvconfig_get") < 0)
		return -EIO;
	if (!tlv)
		return ctx_fail(ctx, -ENOENT, "nvconfig_get", handle, "no such TLV");
	ret->size = tlv->size;
	memcpy(ret->data, tlv->data[when], tlv->size);
	return 0;
}

static int fake_update(struct dpu_ctx *ctx, const char *handle, const struct provider_tlv *wanted,
		       const uint8_t *mask, struct provider_tlv *former)
{
	struct fake_tlv *tlv = fake_find(wanted->type);
	uint8_t *next = tlv ? tlv->data[PROVIDER_NVCONFIG_NEXT] : NULL;
	struct provider_tlv was = { .type = wanted->type };
	bool fails = ++fake.updates == fake.fail_at;
	uint32_t i;

	if (fake_dead(ctx, "nvconfig_update") < 0)
		return -EIO;
	if (fake.dead_from && fake.updates >= fake.dead_from)
		fake.is_dead = fails = true;
	if (!tlv)
		return ctx_fail(ctx, -ENOENT, "nvconfig_update", handle, "no such TLV");
	if (fails && !fake.done_all_the_same)
		return ctx_fail(ctx, -EIO, "nvconfig_update", handle, "write failed");
	was.size = tlv->size;
	memcpy(was.data, next, tlv->size);
	for (i = 0; i < tlv->size; i++)
		next[i] = (uint8_t)((next[i] & ~mask[i]) | (wanted->data[i] & mask[i]));
	fake.writes += memcmp(was.data, next, tlv->size) != 0;
	if (wanted->type == fake.meddle)
		next[tlv->size - 1] ^= fake.meddle_mask;
	if (fails)
		return ctx_fail(ctx, -EIO, "nvconfig_update", handle, "the answer was lost");
	*former = was;
	return 0;
}

static int fake_reset_all(struct dpu_ctx *ctx, const char *handle)
{
	size_t i;

	(void)ctx;
	(void)handle;
	for (i = 0; i < fake.count; i++)
		memcpy(fake.tlvs[i].data[PROVIDER_NVCONFIG_NEXT],
		       fake.tlvs[i].data[PROVIDER_NVCONFIG_DEFAULT], NV_TABLE_DATA_MAX);
	return 0;
}

static int fake_evidence(struct dpu_ctx *ctx, const char *handle, struct provider_mode_evidence *ret)
{
	if (fake.evidence_rc < 0)
		return ctx_fail(ctx, fake.evidence_rc, "mode_evidence", handle, "none");
	*ret = fake.evidence;
	return 0;
}

static int fake_reset_info(struct dpu_ctx *ctx, const char *handle, struct provider_reset_info *ret)
{
	if (fake.reset_rc < 0)
		return ctx_fail(ctx, fake.reset_rc, "reset_info", handle, "none");
	*ret = fake.reset;
	return 0;
}

static int fake_eswitch(struct dpu_ctx *ctx, const char *handle, enum dpu_eswitch_mode *ret)
{
	if (fake.eswitch_rc < 0)
		return ctx_fail(ctx, fake.eswitch_rc, "eswitch_mode_get", handle, "not here");
	*ret = fake.eswitch;
	return 0;
}

static int fake_versions(struct dpu_ctx *ctx, const char *handle, struct dpu_device_version **ret,
			 size_t *count)
{
	if (!fake.versions)
		return ctx_fail(ctx, -EOPNOTSUPP, "versions", handle, "no devlink");
	*ret = ctx_alloc(ctx, (size_t)fake.versions * sizeof(**ret));
	*count = (size_t)fake.versions;
	return *ret ? 0 : -ENOMEM;
}

static int fake_ports(struct dpu_ctx *ctx, const char *handle, struct provider_port **ret, size_t *count)
{
	(void)handle;
	*ret = fake.port_count ? ctx_alloc(ctx, fake.port_count * sizeof(**ret)) : NULL;
	*count = fake.port_count;
	if (fake.port_count)
		memcpy(*ret, fake.ports, fake.port_count * sizeof(**ret));
	return 0;
}

static int fake_functions(struct dpu_ctx *ctx, const char *handle, struct provider_function **ret,
			  size_t *count)
{
	(void)handle;
	*ret = ctx_alloc(ctx, 3 * sizeof(**ret));
	(*ret)[0].type = DPU_FUNCTION_SF;
	(*ret)[1].type = DPU_FUNCTION_VF;
	(*ret)[2].type = DPU_FUNCTION_SF;
	*count = 3;
	return *ret ? 0 : -ENOMEM;
}

static int fake_devices(struct dpu_ctx *ctx, struct provider_device **ret, size_t *count)
{
	*ret = ctx_alloc(ctx, 3 * sizeof(**ret));
	*count = 3;
	strcpy((*ret)[0].handle, "pci/0000:03:00.0");
	strcpy((*ret)[0].pci_address, "0000:03:00.0");
	(*ret)[0].kind = DPU_DEVICE_DPU;
	strcpy((*ret)[1].handle, "pci/0000:03:00.1");
	strcpy((*ret)[1].pci_address, "0000:03:00.1");
	(*ret)[1].kind = DPU_DEVICE_DPU;
	strcpy((*ret)[2].handle, "pci/0000:08:00.0");
	strcpy((*ret)[2].pci_address, "0000:08:00.0");
	(*ret)[2].kind = DPU_DEVICE_DPU;
	return 0;
}

static const struct provider_ops fake_ops = {
	.name = "fake",
	.firmware = fake_firmware,
	.nvconfig_supports = fake_supports,
	.nvconfig_get = fake_get,
	.nvconfig_update = fake_update,
	.nvconfig_reset = fake_reset_all,
	.mode_evidence = fake_evidence,
	.reset_info = fake_reset_info,
	.eswitch_mode_get = fake_eswitch,
	.versions = fake_versions,
	.ports = fake_ports,
	.functions = fake_functions,
	.devices = fake_devices,
};

/* Big-endian dwords of a value of a TLV. */
__attribute__((unused)) static void fake_dword(uint32_t type, int when, size_t i, uint32_t dword)
{
	struct fake_tlv *tlv = fake_find(type);
	size_t b;

	must(tlv != NULL);
	for (b = 0; b < 4; b++)
		tlv->data[when][4 * i + b] = (uint8_t)(dword >> (24 - 8 * b));
}

__attribute__((unused)) static uint32_t fake_next(uint32_t type, size_t i)
{
	const uint8_t *at = fake_find(type)->data[PROVIDER_NVCONFIG_NEXT] + 4 * i;

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* One dword of all three values. */
__attribute__((unused)) static void fake_all(uint32_t type, size_t i, uint32_t dword)
{
	int when;

	for (when = 0; when < 3; when++)
		fake_dword(type, when, i, dword);
}

/* A BlueField-3 on the Arm side with everything supported and all values 0, but for DPU mode. */
__attribute__((unused)) static void fake_fresh(void)
{
	size_t i;

	memset(&fake, 0, sizeof(fake));
	for (i = 0; i < NV_TLVS; i++) {
		fake.tlvs[i].type = nv_tlvs[i].type;
		fake.tlvs[i].size = nv_tlvs[i].size;
		fake.tlvs[i].supports = nv_tlvs[i].cap ? 1 : 2;
		if (nv_tlvs[i].cap)
			memset(fake.tlvs[i].data, 0xff, sizeof(fake.tlvs[i].data));
	}
	fake.count = NV_TLVS;
	/* As many interrupt vectors as anybody wants. */
	fake_all(0x81, 0, 0xbfffffff);
	fake_all(0x0c, 0, 1);
	fake.firmware = (struct provider_firmware){ .transport = "fake",
						    .generation = 3,
						    .hosts = 1,
						    .tells_current = true,
						    .tells_default = true,
						    .writes_other_hosts = true };
	fake.evidence.side = DPU_SIDE_ARM;
	fake.versions = 1;
	fake.eswitch = DPU_ESWITCH_SWITCHDEV;
	fake.port_count = 1;
	fake.ports[0] =
		(struct provider_port){ .flavour = DPU_PORT_PCIPF, .controller = 1, .netdev = "pf0hpf" };
}

__attribute__((unused)) static struct dpu_ctx *fake_open(struct provider_ops *ops, struct dpu_device *device)
{
	struct dpu_ctx *ctx;

	must(ctx_create(NULL, &ctx) == 0);
	provider_complete(ops, &fake_ops);
	ctx->ops = ops;
	memset(device, 0, sizeof(*device));
	device->ctx = ctx;
	device->info.kind = DPU_DEVICE_DPU;
	strcpy(device->info.handle, "pci/0000:03:00.0");
	strcpy(device->info.pci_address, "0000:03:00.0");
	return ctx;
}

#endif
