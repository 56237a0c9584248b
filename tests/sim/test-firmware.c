/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The simulated firmware, asked through the seam as a real one is: TLVs as bytes, three values of each, what
 * resets make of them, what is refused, and what each has an effect on. */
#include <errno.h>
#include <unistd.h>
#include "firmware/nvtable.h"
#include "harness.h"
#include "provider/provider.h"

#define DEADLINE_MS 10000
#define P0 "pci/0000:03:00.0"
#define P1 "pci/0000:03:00.1"
#define FUNCTION_SHIFT 10
#define FUNCTION_1 (1u << FUNCTION_SHIFT)

static const enum provider_nvconfig_when whens[] = { PROVIDER_NVCONFIG_CURRENT, PROVIDER_NVCONFIG_NEXT,
						     PROVIDER_NVCONFIG_DEFAULT };

static char dir[] = "/tmp/libdpu-test-XXXXXX";
static char path[64], uri[96];

static struct provider_tlv read_tlv(struct dpu_ctx *ctx, const char *handle, uint32_t type,
				    enum provider_nvconfig_when when)
{
	struct provider_tlv tlv = { .type = type };

	must(ctx->ops->nvconfig_get(ctx, handle, when, &tlv) == 0);
	must(tlv.type == type);
	return tlv;
}

static const struct nv_param_info *param_of(const char *name)
{
	const struct nv_param_info *param = nv_param_find(name);

	must(param);
	return param;
}

static uint32_t type_of(const char *name)
{
	return nv_tlvs[param_of(name)->field.tlv].type;
}

static uint32_t value(struct dpu_ctx *ctx, const char *handle, const char *name,
		      enum provider_nvconfig_when when)
{
	struct provider_tlv tlv = read_tlv(ctx, handle, type_of(name), when);

	return nv_field_get(&param_of(name)->field, tlv.data);
}

#define CURRENT(ctx, handle, name) value(ctx, handle, name, PROVIDER_NVCONFIG_CURRENT)
#define NEXT(ctx, handle, name) value(ctx, handle, name, PROVIDER_NVCONFIG_NEXT)
#define DEFAULT(ctx, handle, name) value(ctx, handle, name, PROVIDER_NVCONFIG_DEFAULT)

/* One parameter, and no bit beside it; of the PF that a type's function names. */
static int set_of(struct dpu_ctx *ctx, const char *handle, uint32_t function, const char *name,
		  uint32_t number)
{
	const struct nv_field *field = &param_of(name)->field;
	struct provider_tlv tlv = { .type = type_of(name) | function, .size = nv_tlvs[field->tlv].size };
	struct provider_tlv former;
	uint8_t mask[sizeof(tlv.data)] = { 0 };

	memset(&former, 0xee, sizeof(former));
	nv_field_put(field, tlv.data, number);
	nv_field_put(field, mask, nv_field_max(field));
	return ctx->ops->nvconfig_update(ctx, handle, &tlv, mask, &former);
}

static int set(struct dpu_ctx *ctx, const char *handle, const char *name, uint32_t number)
{
	return set_of(ctx, handle, 0, name, number);
}

static void reset(struct dpu_ctx *ctx, enum dpu_reset level)
{
	int i;

	must(ctx->ops->reset(ctx, P0, level) == 0);
	for (i = 0; i < 10000 && ctx->ops->reset_done(ctx, P0) == 0; i++)
		ctx->ops->wait(ctx, 1);
	must(ctx->ops->reset_done(ctx, P0) == 1);
}

/* All that is stored, as text to be freed: caps too, of both PFs. */
static char *config(struct dpu_ctx *ctx)
{
	static const char *const handles[] = { P0, P1 };
	struct provider_tlv tlv;
	char *text = NULL;
	size_t size, i, j, k, pf;
	FILE *out = open_memstream(&text, &size);

	must(out);
	for (pf = 0; pf < 2; pf++) {
		for (i = 0; i < NV_TLVS; i++) {
			for (j = 0; j < 3; j++) {
				tlv = read_tlv(ctx, handles[pf], nv_tlvs[i].type, whens[j]);
				fprintf(out, "%zu %s %zu ", pf, nv_tlvs[i].name, j);
				for (k = 0; k < tlv.size; k++)
					fprintf(out, "%02x", tlv.data[k]);
				fputc('\n', out);
			}
		}
	}
	fclose(out);
	return text;
}

static void is_config(struct dpu_ctx *ctx, char *before, const char *what)
{
	char *after = config(ctx);

	ok(!strcmp(before, after), "%s", what);
	free(after);
	free(before);
}

static void facts(struct dpu_ctx *ctx)
{
	static const char plain[] = "platform/MLNXBF17:00";
	struct provider_firmware firmware = { .transport = NULL };
	struct provider_mode_evidence evidence = { .side = DPU_SIDE_UNKNOWN };
	struct provider_reset_info info = { .levels = 0 };
	struct provider_tlv tlv = { .type = nv_tlvs[NV_POWER_CONF].type };

	is_int(ctx->ops->firmware(ctx, P0, &firmware), 0);
	is_str(firmware.transport, "sim");
	is_int(firmware.generation, 3);
	is_int(firmware.hosts, 1);
	ok(firmware.tells_current && firmware.tells_default && firmware.writes_other_hosts,
	   "it tells all, and all can be written");
	is_int(ctx->ops->mode_evidence(ctx, P0, &evidence), 0);
	is_int(evidence.side, DPU_SIDE_ARM);
	is_int(evidence.rshim, DPU_MODE_UNKNOWN);
	is_int(ctx->ops->reset_info(ctx, P0, &info), 0);
	is_int(info.levels, 1 << 0 | 1 << 3 | 1 << 4);
	ok(info.arm_shutdown && info.synced, "it shuts the Arm cores down, and asks the drivers");
	is_int(ctx->ops->firmware(ctx, plain, &firmware), -EOPNOTSUPP);
	is_int(ctx->ops->nvconfig_supports(ctx, plain, tlv.type), -EOPNOTSUPP);
	is_int(ctx->ops->nvconfig_get(ctx, plain, PROVIDER_NVCONFIG_NEXT, &tlv), -EOPNOTSUPP);
	is_int(ctx->ops->nvconfig_reset(ctx, plain), -EOPNOTSUPP);
	is_int(ctx->ops->mode_evidence(ctx, "pci/0000:99:00.0", &evidence), -ENODEV);
	is_int(ctx->ops->reset_info(ctx, "pci/0000:99:00.0", &info), -ENODEV);
}

static void supports(struct dpu_ctx *ctx)
{
	int wrong = 0;
	size_t i;

	for (i = 0; i < NV_TLVS; i++)
		wrong += ctx->ops->nvconfig_supports(ctx, P0, nv_tlvs[i].type) != (nv_tlvs[i].cap ? 1 : 2);
	is_int(wrong, 0);
	is_int(ctx->ops->nvconfig_supports(ctx, P0, NV_TYPE(NV_GLOBAL, 0x3ff)), 0);
	is_int(ctx->ops->nvconfig_supports(ctx, P0, NV_TYPE(NV_PORT, 0x80)), 0);
	is_int(ctx->ops->nvconfig_supports(ctx, P0, nv_tlvs[NV_PF_PCI_CONF].type | FUNCTION_1), 2);
	is_int(ctx->ops->nvconfig_supports(ctx, P0, nv_tlvs[NV_PF_PCI_CONF].type | 2 << FUNCTION_SHIFT), 0);
	is_int(ctx->ops->nvconfig_supports(ctx, P0, nv_tlvs[NV_HOST_PRIV_CONF].type | 1 << NV_HOST_SHIFT), 0);
}

/* The device has all parameters of the table, and runs with the factory's values. */
static void factory(struct dpu_ctx *ctx)
{
	static const struct {
		const char *name;
		uint32_t value;
	} expected[] = { { "INTERNAL_CPU_MODEL", 1 },
			 { "INTERNAL_CPU_OFFLOAD_ENGINE", 0 },
			 { "SRIOV_EN", 1 },
			 { "NUM_OF_VFS", 16 },
			 { "NUM_OF_PF", 2 },
			 { "PER_PF_NUM_SF", 1 },
			 { "PF_TOTAL_SF", 236 },
			 { "PF_SF_BAR_SIZE", 10 },
			 { "LAG_RESOURCE_ALLOCATION", 0 },
			 { "EXP_ROM_UEFI_x86_ENABLE", 1 },
			 { "HOST_PRIV_LEVEL", 0 } };
	const struct nv_param_info *param;
	int lacking = 0, differing = 0;
	size_t i, j;

	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		for (j = 0; j < 3; j++)
			differing += value(ctx, P0, expected[i].name, whens[j]) != expected[i].value;
	}
	is_int(differing, 0);
	for (i = 0; i < nv_param_count; i++) {
		struct provider_tlv caps;

		param = &nv_params[i];
		if (!param->cap.width)
			continue;
		caps = read_tlv(ctx, P0, nv_tlvs[param->cap.tlv].type, PROVIDER_NVCONFIG_CURRENT);
		lacking += nv_field_get(&param->cap, caps.data) == 0;
		if (param->cap_max.width)
			lacking += nv_field_get(&param->cap_max, caps.data) == 0;
	}
	is_int(lacking, 0);
	/* What lies in a TLV without a size is as long as the table says; a size has to be that. */
	is_int(read_tlv(ctx, P0, type_of("NUM_OF_VFS"), PROVIDER_NVCONFIG_NEXT).size, 12);
}

/* A next-boot value waits for its reset. */
static void levels(struct dpu_ctx *ctx)
{
	uint32_t total = 0;

	is_int(set(ctx, P0, "NUM_OF_VFS", 32), 0);
	is_int(set(ctx, P0, "INTERNAL_CPU_OFFLOAD_ENGINE", 1), 0);
	is_int(NEXT(ctx, P1, "NUM_OF_VFS"), 32);
	is_int(CURRENT(ctx, P0, "NUM_OF_VFS"), 16);
	is_int(DEFAULT(ctx, P0, "NUM_OF_VFS"), 16);
	reset(ctx, DPU_RESET_FIRMWARE);
	is_int(CURRENT(ctx, P0, "NUM_OF_VFS"), 32);
	is_int(ctx->ops->vf_count(ctx, P0, &total), 0);
	is_int(total, 32);
	is_int(CURRENT(ctx, P0, "INTERNAL_CPU_OFFLOAD_ENGINE"), 0);
	is_int(NEXT(ctx, P0, "INTERNAL_CPU_OFFLOAD_ENGINE"), 1);
	reset(ctx, DPU_RESET_SYSTEM);
	is_int(CURRENT(ctx, P0, "INTERNAL_CPU_OFFLOAD_ENGINE"), 1);
	is_int(ctx->ops->vf_count(ctx, P0, &total), -EOPNOTSUPP);
	contains(dpu_ctx_error_text(ctx), "NIC mode");
	is_int(ctx->ops->nvconfig_reset(ctx, P1), 0);
	is_int(CURRENT(ctx, P0, "NUM_OF_VFS"), 32);
	is_int(NEXT(ctx, P0, "NUM_OF_VFS"), 16);
	is_int(NEXT(ctx, P0, "INTERNAL_CPU_OFFLOAD_ENGINE"), 0);
	reset(ctx, DPU_RESET_SYSTEM);
	is_int(ctx->ops->vf_count(ctx, P0, &total), 0);
	is_int(total, 16);
}

/* Who asks gets what is its own; another one is named. */
static void per_pf(struct dpu_ctx *ctx)
{
	struct provider_tlv tlv;
	struct dpu_resource *resources;
	uint32_t total[2] = { 0, 0 };
	size_t count;

	is_int(set(ctx, P0, "PF_TOTAL_SF", 100), 0);
	is_int(set(ctx, P1, "PF_TOTAL_SF", 50), 0);
	is_int(set_of(ctx, P0, FUNCTION_1, "PF_SF_BAR_SIZE", 8), 0);
	is_int(set_of(ctx, P1, FUNCTION_1, "PF_NUM_OF_VF", 5), 0);
	is_int(set_of(ctx, P0, 2 << FUNCTION_SHIFT, "PF_TOTAL_SF", 1), -ENOENT);
	contains(dpu_ctx_error_text(ctx), "0x03000880");
	is_int(NEXT(ctx, P0, "PF_TOTAL_SF"), 100);
	is_int(NEXT(ctx, P1, "PF_TOTAL_SF"), 50);
	is_int(NEXT(ctx, P0, "PF_SF_BAR_SIZE"), 10);
	is_int(NEXT(ctx, P1, "PF_SF_BAR_SIZE"), 8);
	tlv = read_tlv(ctx, P0, type_of("PF_TOTAL_SF") | FUNCTION_1, PROVIDER_NVCONFIG_NEXT);
	is_int(nv_field_get(&param_of("PF_TOTAL_SF")->field, tlv.data), 50);
	is_int(set(ctx, P0, "PF_NUM_OF_VF_VALID", 1), 0);
	reset(ctx, DPU_RESET_FIRMWARE);
	must(ctx->ops->resources(ctx, P0, &resources, &count) == 0);
	is_int(resources[0].size, 100);
	ctx_free(ctx, resources);
	must(ctx->ops->resources(ctx, P1, &resources, &count) == 0);
	is_int(resources[0].size, 50);
	ctx_free(ctx, resources);
	must(ctx->ops->vf_count(ctx, P0, &total[0]) == 0 && ctx->ops->vf_count(ctx, P1, &total[1]) == 0);
	is_int(total[0], 16);
	is_int(total[1], 5);
}

/* A value counts only where its bit says that it is valid. */
static void validity(struct dpu_ctx *ctx)
{
	const struct nv_param_info *param = param_of("NUM_OF_VFS");
	struct provider_tlv tlv = { .type = type_of("NUM_OF_VFS"), .size = 12 }, former;
	uint8_t mask[12] = { 0 };
	uint32_t total = 0;

	nv_field_put(&param->valid, mask, 1);
	is_int(set(ctx, P0, "NUM_OF_VFS", 99), 0);
	is_int(ctx->ops->nvconfig_update(ctx, P0, &tlv, mask, &former), 0);
	reset(ctx, DPU_RESET_FIRMWARE);
	must(ctx->ops->vf_count(ctx, P0, &total) == 0);
	is_int(total, 16);
}

static void refuse_value(struct dpu_ctx *ctx, const char *name, uint32_t number)
{
	is_int(set(ctx, P0, name, number), -EINVAL);
	contains(dpu_ctx_error_text(ctx), "the firmware: bad configuration (status 0x20)");
	contains(dpu_error_hint(dpu_ctx_error(ctx)), name);
}

static void refusals(struct dpu_ctx *ctx)
{
	struct provider_tlv tlv = { .type = type_of("NUM_OF_VFS"), .size = 16 }, former, before;
	uint8_t mask[256] = { 0xff };
	char *picture = config(ctx);

	refuse_value(ctx, "NUM_OF_VFS", 505);
	refuse_value(ctx, "NUM_OF_PF", 17);
	refuse_value(ctx, "PF_TOTAL_SF", 513);
	refuse_value(ctx, "PF_NUM_OF_VF", 505);
	refuse_value(ctx, "INTERNAL_CPU_MODEL", 7);
	refuse_value(ctx, "LAG_RESOURCE_ALLOCATION", 3);
	refuse_value(ctx, "HOST_PRIV_LEVEL", 2);
	refuse_value(ctx, "PCI_SWITCH_EMULATION_NUM_PORT", 33);
	refuse_value(ctx, "VIRTIO_NET_EMULATION_NUM_PF", 32);
	refuse_value(ctx, "VIRTIO_BLK_EMULATION_NUM_VF", 505);

	memset(&former, 0xaa, sizeof(former));
	before = former;
	is_int(ctx->ops->nvconfig_update(ctx, P0, &tlv, mask, &former), -EMSGSIZE);
	contains(dpu_ctx_error_text(ctx), "(status 0x24)");
	contains(dpu_ctx_error_text(ctx), "nv_global_pci_conf");
	is_int(ctx->ops->nvconfig_get(ctx, P0, PROVIDER_NVCONFIG_NEXT, &tlv), -EMSGSIZE);
	tlv.type = NV_TYPE(NV_GLOBAL, 0x3ff);
	is_int(ctx->ops->nvconfig_update(ctx, P0, &tlv, mask, &former), -ENOENT);
	contains(dpu_ctx_error_text(ctx), "TLV 0x000003ff: the firmware: ");
	contains(dpu_ctx_error_text(ctx), "(status 8)");
	is_int(ctx->ops->nvconfig_get(ctx, P0, PROVIDER_NVCONFIG_CURRENT, &tlv), -ENOENT);
	tlv.type = nv_tlvs[NV_GLOBAL_PCI_CAP].type;
	tlv.size = nv_tlvs[NV_GLOBAL_PCI_CAP].size;
	is_int(ctx->ops->nvconfig_update(ctx, P0, &tlv, mask, &former), -EPERM);
	ok(!memcmp(&former, &before, sizeof(former)), "no output is written on failure");
	is_config(ctx, picture, "none of it changed anything");
	/* The limits themselves are within. */
	is_int(set(ctx, P0, "NUM_OF_VFS", 504), 0);
	is_int(set(ctx, P0, "PF_TOTAL_SF", 512), 0);
	is_int(set(ctx, P0, "VIRTIO_NET_EMULATION_NUM_PF", 31), 0);
	is_int(set(ctx, P0, "PCI_SWITCH_EMULATION_NUM_PORT", 32), 0);
}

/* Bits that no parameter has: 1 in unknown. */
static void unknown_bits(enum nv_tlv_id id, uint8_t *unknown)
{
	size_t i;

	memset(unknown, 0xff, nv_tlvs[id].size);
	for (i = 0; i < nv_param_count; i++) {
		if (nv_params[i].field.tlv == id)
			nv_field_put(&nv_params[i].field, unknown, 0);
		if (nv_params[i].valid.width && nv_params[i].valid.tlv == id)
			nv_field_put(&nv_params[i].valid, unknown, 0);
	}
}

/* What nobody knows stays as it was written: beside a parameter's change, in the file, and over resets. */
static void opaque(void)
{
	const enum nv_tlv_id ids[] = { NV_GLOBAL_PCI_CONF, NV_PF_PCI_CONF, NV_HOST_PRIV_CONF };
	struct dpu_ctx *ctx = open_uri(uri);
	struct provider_tlv tlv, former, was;
	uint8_t unknown[256];
	size_t i, j;
	char *text;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		was = read_tlv(ctx, P1, nv_tlvs[ids[i]].type, PROVIDER_NVCONFIG_NEXT);
		tlv = was;
		unknown_bits(ids[i], unknown);
		for (j = 0; j < tlv.size; j++)
			tlv.data[j] = (uint8_t)(0xa5 + 7 * j);
		must(ctx->ops->nvconfig_update(ctx, P1, &tlv, unknown, &former) == 0);
		ok(former.type == was.type && former.size == was.size &&
			   !memcmp(former.data, was.data, was.size),
		   "%s: the former value is told", nv_tlvs[ids[i]].name);
	}
	is_int(set(ctx, P1, "NUM_OF_VFS", 44), 0);
	is_int(set(ctx, P1, "PF_TOTAL_SF", 444), 0);
	is_int(set(ctx, P1, "HOST_DISABLE_RSHIM", 1), 0);
	reset(ctx, DPU_RESET_FIRMWARE);
	text = config(ctx);
	dpu_ctx_unref(ctx);
	ctx = open_uri(uri);
	is_config(ctx, text, "a file that is opened again has the same, bit by bit");
	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		tlv = read_tlv(ctx, P1, nv_tlvs[ids[i]].type, PROVIDER_NVCONFIG_NEXT);
		unknown_bits(ids[i], unknown);
		for (j = 0; j < tlv.size; j++)
			must((tlv.data[j] & unknown[j]) == ((0xa5 + 7 * j) & unknown[j]));
		ok(true, "%s: the bits without a name are as written", nv_tlvs[ids[i]].name);
	}
	is_int(CURRENT(ctx, P1, "NUM_OF_VFS"), 44);
	is_int(CURRENT(ctx, P1, "PF_TOTAL_SF"), 444);
	dpu_ctx_unref(ctx);
	unlink(path);
}

/* Parameters of one TLV, changed in turns by two who do not know of each other. */
static void together(void)
{
	struct dpu_ctx *one = open_uri(uri), *two = open_uri(uri);
	int lost = 0;
	uint32_t i;

	for (i = 1; i <= 20; i++) {
		must(set(one, P0, "NUM_OF_VFS", i) == 0);
		must(set(two, P1, "NUM_OF_PF", i % 16 + 1) == 0);
		must(set(two, P0, "PF_BAR2_SIZE", 100 + i) == 0);
		must(set(one, P1, "NUM_PF_MSIX", 200 + i) == 0);
		lost += NEXT(two, P0, "NUM_OF_VFS") != i || NEXT(one, P0, "NUM_OF_PF") != i % 16 + 1 ||
			NEXT(one, P0, "PF_BAR2_SIZE") != 100 + i || NEXT(two, P0, "NUM_PF_MSIX") != 200 + i;
	}
	is_int(lost, 0);
	dpu_ctx_unref(one);
	dpu_ctx_unref(two);
	unlink(path);
}

static struct dpu_ctx *open_with(const char *fault)
{
	char faulty[320];

	snprintf(faulty, sizeof(faulty), "%s?fault=%s", uri, fault);
	return open_uri(faulty);
}

/* A step that fails has changed nothing, in the program that failed and in the file. */
static void faults(void)
{
	static const char *const writing[] = { "nvconfig_update:EIO@1", "save:ENOSPC@1" };
	struct dpu_ctx *observer = open_uri(uri), *ctx;
	struct provider_mode_evidence evidence;
	struct provider_firmware firmware;
	struct provider_reset_info info;
	struct provider_tlv tlv = { .type = nv_tlvs[NV_POWER_CONF].type };
	char *before;
	size_t i;

	for (i = 0; i < 2; i++) {
		ctx = open_with(writing[i]);
		before = config(observer);
		is_int(set(ctx, P0, "NUM_OF_VFS", 20), i ? -ENOSPC : -EIO);
		is_config(ctx, config(observer), "who failed sees what the others see");
		is_config(observer, before, "and that is what there was");
		is_int(set(ctx, P0, "NUM_OF_VFS", 21 + (uint32_t)i), 0);
		is_int(NEXT(observer, P0, "NUM_OF_VFS"), 21 + i);
		dpu_ctx_unref(ctx);
	}
	ctx = open_with("nvconfig_reset:EIO&fault=firmware:EACCES&fault=nvconfig_supports:EIO&"
			"fault=nvconfig_get:ETIMEDOUT&fault=mode_evidence:EIO&fault=reset_info:EIO");
	before = config(observer);
	is_int(ctx->ops->nvconfig_reset(ctx, P0), -EIO);
	is_str(dpu_error_step(dpu_ctx_error(ctx)), "nvconfig_reset");
	is_config(observer, before, "a reset that failed left the configuration alone");
	is_int(ctx->ops->firmware(ctx, P0, &firmware), -EACCES);
	is_str(dpu_error_step(dpu_ctx_error(ctx)), "firmware");
	is_int(ctx->ops->nvconfig_supports(ctx, P0, tlv.type), -EIO);
	is_int(ctx->ops->nvconfig_get(ctx, P0, PROVIDER_NVCONFIG_NEXT, &tlv), -ETIMEDOUT);
	is_int(ctx->ops->mode_evidence(ctx, P0, &evidence), -EIO);
	is_int(ctx->ops->reset_info(ctx, P0, &info), -EIO);
	dpu_ctx_unref(ctx);
	dpu_ctx_unref(observer);
	unlink(path);
}

/* The host's rights go at once, what else is taken from it goes with resets. */
static void privileges(struct dpu_ctx *ctx)
{
	static const char *const restrictions[] = { "HOST_DISABLE_PORT_OWNER", "HOST_DISABLE_PORT_COUNTER",
						    "HOST_DISABLE_TRACER_OWNER", "HOST_DISABLE_RSHIM" };
	struct provider_function *functions;
	size_t count, i;

	for (i = 0; i < 4; i++)
		must(set(ctx, P0, restrictions[i], 1) == 0);
	is_int(set(ctx, P0, "HOST_PRIV_LEVEL", 1), 0);
	is_int(CURRENT(ctx, P1, "HOST_PRIV_LEVEL"), 1);
	is_int(CURRENT(ctx, P0, "HOST_DISABLE_PORT_OWNER"), 0);
	reset(ctx, DPU_RESET_FIRMWARE);
	for (i = 0; i < 4; i++)
		is_int(CURRENT(ctx, P0, restrictions[i]), i < 3);
	reset(ctx, DPU_RESET_SYSTEM);
	is_int(CURRENT(ctx, P0, "HOST_DISABLE_RSHIM"), 1);
	/* To the Arm side that is nothing: the host's PF is a port as before. */
	must(ctx->ops->functions(ctx, P0, &functions, &count) == 0);
	is_int(count, 2);
	is_int(functions[0].type, DPU_FUNCTION_PF);
	ctx_free(ctx, functions);
	is_int(ctx->ops->nvconfig_reset(ctx, P0), 0);
	is_int(CURRENT(ctx, P0, "HOST_PRIV_LEVEL"), 0);
	is_int(CURRENT(ctx, P0, "HOST_DISABLE_PORT_OWNER"), 1);
	is_int(NEXT(ctx, P0, "HOST_DISABLE_PORT_OWNER"), 0);
}

/* Two hosts that share a board: the Arm side's PFs have e-switches, and nothing of the other host's. */
static void separated(struct dpu_ctx *ctx)
{
	DPU_OPTS(dpu_sf_opts, theirs, .controller = 1, .sfnum = 5);
	DPU_OPTS(dpu_sf_opts, own, .sfnum = 5);
	struct dpu_function_list *list;
	struct dpu_resource *resources;
	struct dpu_function *sf = NULL;
	struct provider_port *ports;
	struct dpu_device *p0;
	size_t count, i;

	is_int(set(ctx, P0, "INTERNAL_CPU_MODEL", 0), 0);
	is_int(set(ctx, P0, "INTERNAL_CPU_OFFLOAD_ENGINE", 1), 0); /* without meaning there */
	reset(ctx, DPU_RESET_SYSTEM);
	must(ctx->ops->ports(ctx, P0, &ports, &count) == 0);
	is_int(count, 2); /* the uplink and the default SF */
	for (i = 0; i < count; i++)
		is_int(ports[i].controller, 0);
	ctx_free(ctx, ports);
	p0 = find_device(ctx, "p0"); /* a device is as it was found: whose VFs it has may have changed */
	is_int(dpu_sf_create(p0, &theirs, DEADLINE_MS, &sf), -EINVAL);
	contains(dpu_ctx_error_text(ctx), "Invalid controller number");
	is_int(dpu_sf_create(p0, &own, DEADLINE_MS, &sf), 0);
	dpu_function_unref(sf);
	is_int(dpu_vf_set_count(p0, 2, DEADLINE_MS), 0);
	must(dpu_function_list(p0, &list) == 0);
	is_int(dpu_function_list_count(list), 4);
	for (i = 0; i < 4; i++)
		is_int(dpu_function_controller(dpu_function_list_get(list, i)), 0);
	dpu_function_list_unref(list);
	must(ctx->ops->resources(ctx, P0, &resources, &count) == 0);
	is_int(resources[1].size, 0);
	ctx_free(ctx, resources);
	is_int(dpu_eswitch_mode_set(p0, DPU_ESWITCH_LEGACY, DEADLINE_MS), 0);
	must(set(ctx, P0, "INTERNAL_CPU_MODEL", 1) == 0 &&
	     set(ctx, P0, "INTERNAL_CPU_OFFLOAD_ENGINE", 0) == 0);
	reset(ctx, DPU_RESET_SYSTEM);
	must(ctx->ops->ports(ctx, P0, &ports, &count) == 0);
	is_int(count, 3); /* the host's PF is back */
	ctx_free(ctx, ports);
	dpu_device_unref(p0);
}

/* devlink's permanent parameters are the firmware's, with the bits that make them count. */
static void permanent(struct dpu_ctx *ctx)
{
	struct dpu_device *p1 = find_device(ctx, "p1");
	struct provider_tlv tlv;

	is_int(dpu_param_set(p1, "total_vfs", DPU_PARAM_PERMANENT, "77"), 0);
	is_int(dpu_param_set(p1, "enable_sriov", DPU_PARAM_PERMANENT, "false"), 0);
	tlv = read_tlv(ctx, P0, type_of("NUM_OF_VFS"), PROVIDER_NVCONFIG_NEXT);
	is_int(nv_field_get(&param_of("NUM_OF_VFS")->field, tlv.data), 77);
	is_int(nv_field_get(&param_of("SRIOV_EN")->field, tlv.data), 0);
	is_int(nv_field_get(&param_of("SRIOV_EN")->valid, tlv.data), 1);
	is_int(CURRENT(ctx, P0, "NUM_OF_VFS"), 16);
	dpu_device_unref(p1);
}

/* A board that does not come up runs with what it ran with. */
static void no_memory(void)
{
	struct fail_nth memory = { 0 };
	struct dpu_allocator allocator = fail_nth_allocator(&memory);
	DPU_OPTS(dpu_ctx_opts, opts, .allocator = &allocator);
	struct dpu_ctx *ctx;

	must(dpu_ctx_open("sim:", &opts, &ctx) == 0);
	must(set(ctx, P0, "NUM_OF_VFS", 20) == 0 && set(ctx, P1, "PF_TOTAL_SF", 20) == 0);
	memory.fail_at = memory.calls + 1;
	is_int(ctx->ops->reset(ctx, P0, DPU_RESET_SYSTEM), -ENOMEM);
	is_int(CURRENT(ctx, P0, "NUM_OF_VFS"), 16);
	is_int(CURRENT(ctx, P1, "PF_TOTAL_SF"), 236);
	is_int(NEXT(ctx, P1, "PF_TOTAL_SF"), 20);
	dpu_ctx_unref(ctx);
	is_int(memory.live, 0);
}

static void fresh(void (*chapter)(struct dpu_ctx *ctx))
{
	struct dpu_ctx *ctx = open_uri("sim:");

	chapter(ctx);
	dpu_ctx_unref(ctx);
}

int main(void)
{
	char lock[80];

	must(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/t.json", dir);
	snprintf(uri, sizeof(uri), "sim:%s", path);
	fresh(facts);
	fresh(supports);
	fresh(factory);
	fresh(levels);
	fresh(per_pf);
	fresh(validity);
	fresh(refusals);
	opaque();
	together();
	faults();
	fresh(privileges);
	fresh(separated);
	fresh(permanent);
	no_memory();
	snprintf(lock, sizeof(lock), "%s.lock", path);
	unlink(lock);
	ok(rmdir(dir) == 0, "no other file is left");
	return tap_done();
}
