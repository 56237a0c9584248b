/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Firmware parameters: names and words, what is checked before a write, and that a write is all or nothing.
 */
#include "fake-firmware.h"

static struct dpu_device device;
static struct dpu_ctx *ctx;

static int set1(const char *name, const char *value)
{
	const struct dpu_nvconfig_setting setting = { name, value };

	return dpu_nvconfig_set(&device, &setting, 1);
}

static const char *hint(void)
{
	return dpu_error_hint(dpu_ctx_error(ctx));
}

/* No two parameters share a bit but for those that are meant to, and none lies outside its TLV. */
static void table(void)
{
	uint8_t used[NV_TLVS][NV_TABLE_DATA_MAX] = { 0 }, bits[NV_TABLE_DATA_MAX];
	size_t i, b;

	for (i = 0; i < nv_param_count; i++) {
		const struct nv_param_info *param = &nv_params[i];
		const struct nv_field *field = &param->field;
		bool apart = true;

		ok(field->offset % 4 == 0 && field->offset + 4 <= nv_tlvs[field->tlv].size &&
			   field->bit + field->width <= 32 && field->width,
		   "%s lies in its TLV", param->name);
		memset(bits, 0, sizeof(bits));
		nv_field_put(field, bits, UINT32_MAX);
		for (b = 0; b < sizeof(bits); b++) {
			apart = apart && !(bits[b] & used[field->tlv][b]);
			used[field->tlv][b] |= bits[b];
		}
		ok(apart, "%s has bits of its own", param->name);
		ok(nv_param_find(param->name) == param, "%s is found by its name, and but once", param->name);
		ok(!param->needs || nv_param_find(param->needs), "what %s needs is a parameter", param->name);
		ok((param->type == DPU_NVCONFIG_ENUM) == (param->words != NULL), "%s has words or not",
		   param->name);
		ok(strlen(param->name) < sizeof(((struct dpu_nvconfig_param *)0)->name), "%s fits",
		   param->name);
	}
}

/* The dumps of the facts, written on a device by mstconfig. */
static void known_dumps(void)
{
	const struct dpu_nvconfig_setting pci[] = {
		{ "NUM_OF_VFS", "64" },
		{ "SRIOV_EN", "1" },
		{ "PER_PF_NUM_SF", "True" },
		{ "hide_port2_pf", "true" },
	};
	const struct dpu_nvconfig_setting sf[] = { { "PF_TOTAL_SF", "0x64" }, { "PF_SF_BAR_SIZE", "8" } };
	const struct dpu_nvconfig_setting virtio[] = {
		{ "VIRTIO_NET_EMULATION_ENABLE", "1" },
		{ "VIRTIO_NET_EMULATION_NUM_PF", "2" },
		{ "VIRTIO_NET_EMULATION_NUM_VF", "24" },
		{ "VIRTIO_NET_EMULATION_NUM_MSIX", "10" },
	};
	const struct dpu_nvconfig_setting cpu[] = {
		{ "INTERNAL_CPU_MODEL", "EMBEDDED_CPU" },
		{ "INTERNAL_CPU_PAGE_SUPPLIER", "EXT_HOST_PF" },
		{ "INTERNAL_CPU_ESWITCH_MANAGER", "EXT_HOST_PF" },
		{ "INTERNAL_CPU_IB_VPORT0", "EXT_HOST_PF" },
		{ "INTERNAL_CPU_OFFLOAD_ENGINE", "DISABLED" },
	};

	fake_fresh();
	is_int(dpu_nvconfig_set(&device, pci, 4), 1);
	is_int(fake_next(0x80, 0), 0x80100000);
	is_int(fake_next(0x80, 1), 0x90000040);
	is_int(dpu_nvconfig_set(&device, sf, 2), 1);
	is_int(fake_next(0x03000080, 0), 0x08800064);
	is_int(dpu_nvconfig_set(&device, virtio, 4), 1);
	is_int(fake_next(0x90, 0), 0x80000000);
	is_int(fake_next(0x90, 1), 0x00020018);
	is_int(fake_next(0x90, 5), 0x0000000a);
	is_int(dpu_nvconfig_set(&device, cpu, 5), 1);
	is_int(fake_next(0x0c, 0), 0x171);
	is_int(set1("LAG_RESOURCE_ALLOCATION", "PRE_ALLOCATION"), 1);
	is_int(fake_next(0x88, 0), 0x00100000);
	is_int(fake.writes, 5);
	is_int(set1("LAG_RESOURCE_ALLOCATION", "1"), 0);
	is_int(fake.writes, 5);
}

static void unknown_bits_stay(void)
{
	fake_fresh();
	fake_all(0x80, 2, 0x00000fff);
	fake_all(0x0c, 3, 0xdeadbeef);
	is_int(set1("NUM_VF_MSIX", "1023"), 1);
	is_int(fake_next(0x80, 2), 0xffc00fff);
	is_int(fake_next(0x80, 0), 1 << 27);
	is_int(set1("INTERNAL_CPU_OFFLOAD_ENGINE", "DISABLED"), 1);
	is_int(fake_next(0x0c, 3), 0xdeadbeef);
}

static void refusals(void)
{
	const struct dpu_nvconfig_setting with_model[] = { { "INTERNAL_CPU_PAGE_SUPPLIER", "1" },
							   { "INTERNAL_CPU_MODEL", "1" } };
	const struct dpu_nvconfig_setting valid_off[] = { { "NUM_PF_MSIX_VALID", "0" },
							  { "NUM_PF_MSIX", "5" } };

	fake_fresh();
	is_int(set1("NUM_OF_VF", "1"), -ENOENT);
	contains(hint(), "NUM_OF_VFS");
	is_int(set1("SRIOV", "1"), -ENOENT);
	contains(hint(), "SRIOV_EN");
	is_int(set1("something that nobody has ever heard of", "1"), -ENOENT);
	contains(hint(), "list");
	is_int(set1(NULL, "1"), -ENOENT);
	is_int(set1("SRIOV_EN", "2"), -EINVAL);
	is_int(set1("SRIOV_EN", NULL), -EINVAL);
	is_int(set1("SRIOV_EN", "yes"), -EINVAL);
	contains(hint(), "True or False");
	is_int(set1("INTERNAL_CPU_MODEL", "ECPF"), -EINVAL);
	contains(hint(), "SEPARATED_HOST, EMBEDDED_CPU");
	is_int(set1("INTERNAL_CPU_MODEL", "2"), -EINVAL);
	is_int(set1("NUM_OF_VFS", "65536"), -ERANGE);
	is_int(set1("NUM_OF_VFS", "-1"), -EINVAL);
	/* The device's own limit. */
	fake_all(0x81, 1, 0xf8100000 | 127);
	is_int(set1("NUM_OF_VFS", "128"), -ERANGE);
	contains(dpu_ctx_error_text(ctx), "127");
	is_int(set1("NUM_OF_VFS", "127"), 1);
	/* A parameter needs another one, in the same call too. */
	fake_all(0x0c, 0, 0);
	is_int(set1("INTERNAL_CPU_PAGE_SUPPLIER", "1"), -EINVAL);
	contains(hint(), "INTERNAL_CPU_MODEL=EMBEDDED_CPU");
	is_int(dpu_nvconfig_set(&device, with_model, 2), 1);
	is_int(fake_next(0x0c, 0), 0x11);
	/* A valid bit that is wished for counts, whatever else would set it. */
	is_int(dpu_nvconfig_set(&device, valid_off, 2), 1);
	is_int(fake_next(0x80, 0) >> 26 & 1, 0);
	is_int(fake_next(0x80, 2), 5 << 12);
	/* What the device lacks, and what this side may only read. */
	fake_all(0x89, 0, 0);
	is_int(set1("LAG_RESOURCE_ALLOCATION", "1"), -EOPNOTSUPP);
	fake_find(0x07000080)->supports = 1;
	is_int(set1("EXP_ROM_PXE_ENABLE", "1"), -EPERM);
	contains(hint(), "other side");
	fake_find(0x90)->supports = 0;
	is_int(set1("VIRTIO_NET_EMULATION_ENABLE", "1"), -EOPNOTSUPP);
	is_int(dpu_nvconfig_set(&device, NULL, 1), -EINVAL);
	is_int(dpu_nvconfig_set(&device, NULL, 0), 0);
}

static void vectors(void)
{
	const struct dpu_nvconfig_setting settings[] = {
		{ "NUM_OF_PF", "2" },
		{ "NUM_PF_MSIX", "60" },
		{ "NUM_OF_VFS", "10" },
		{ "NUM_VF_MSIX", "4" },
	};

	fake_fresh();
	fake_all(0x81, 0, 0xffffffff);
	fake_all(0x81, 3, 199);
	is_int(dpu_nvconfig_set(&device, settings, 4), -ERANGE);
	contains(dpu_ctx_error_text(ctx), "200 interrupt vectors");
	is_int(fake.writes, 0);
	fake_all(0x81, 3, 200);
	is_int(dpu_nvconfig_set(&device, settings, 4), 1);
}

static const struct dpu_nvconfig_setting three[] = {
	{ "NUM_OF_VFS", "3" },
	{ "LAG_RESOURCE_ALLOCATION", "1" },
	{ "PCI_SWITCH_EMULATION_ENABLE", "1" },
};

static uint32_t sum_of_three(void)
{
	return fake_next(0x80, 1) + fake_next(0x88, 0) + fake_next(0x8d, 0);
}

static void all_or_nothing(void)
{
	unsigned int at;
	int all_the_same;

	for (all_the_same = 0; all_the_same < 2; all_the_same++) {
		for (at = 1; at <= 3; at++) {
			fake_fresh();
			fake.fail_at = at;
			fake.done_all_the_same = all_the_same;
			is_int(dpu_nvconfig_set(&device, three, 3), -EIO);
			is_int(sum_of_three(), 0);
			is_int(fake_next(0x80, 0), 0);
			is_str(hint(), "");
		}
	}
	fake_fresh();
	is_int(dpu_nvconfig_set(&device, three, 3), 3);
	is_int(fake.writes, 3);
}

/* The power goes with the n-th write: what came before is new, what comes after is old. */
static void power_loss(void)
{
	fake_fresh();
	fake.dead_from = 2;
	is_int(dpu_nvconfig_set(&device, three, 3), -EIO);
	contains(hint(), "mixed: not known: LAG_RESOURCE_ALLOCATION; new: NUM_OF_VFS; as before: PCI_SWITCH");
	fake.is_dead = false;
	is_int(fake_next(0x80, 1), 3);
	is_int(fake_next(0x88, 0), 0);
	fake_fresh();
	fake.dead_from = 2;
	fake.done_all_the_same = true;
	is_int(dpu_nvconfig_set(&device, three, 3), -EIO);
	contains(hint(), "not known: LAG_RESOURCE_ALLOCATION; new: NUM_OF_VFS");
	fake.is_dead = false;
	is_int(fake_next(0x88, 0), 0x00100000);
	/* Whoever wishes for the same again is told what is missing. */
	fake.dead_from = 0;
	is_int(dpu_nvconfig_set(&device, three, 3), 1);
	is_int(fake_next(0x8d, 0), 0x80000000);
}

static void another_writer(void)
{
	fake_fresh();
	fake.meddle = 0x88;
	fake.meddle_mask = 0x01; /* a bit that is not ours */
	is_int(set1("LAG_RESOURCE_ALLOCATION", "1"), 1);
	fake_fresh();
	fake.meddle = 0x80;
	fake.meddle_mask = 0x10;
	is_int(set1("NUM_OF_VFS", "1"), 1);
	fake_fresh();
	fake.meddle = 0x8d;
	fake.meddle_mask = 0x10;
	is_int(set1("PCI_SWITCH_EMULATION_NUM_PORT", "3"), -EAGAIN);
	contains(dpu_ctx_error_text(ctx), "PCI_SWITCH_EMULATION_NUM_PORT");
}

static void lists(void)
{
	static const char *const names[] = { "SRIOV_EN", "num_of_vfs", "INTERNAL_CPU_MODEL" };
	static const char *const lacking[] = { "SRIOV_EN", "PF_TOTAL_SF" };
	const struct dpu_nvconfig_param *param;
	struct dpu_nvconfig_list *list = NULL;
	const char *transport = NULL;

	fake_fresh();
	fake_dword(0x80, DPU_NVCONFIG_DEFAULT, 1, 8);
	fake_dword(0x80, DPU_NVCONFIG_CURRENT, 1, 9);
	fake_dword(0x80, DPU_NVCONFIG_NEXT, 1, 0x8000000a);
	is_int(dpu_nvconfig_list(&device, names, 3, &list), 0);
	is_int(dpu_nvconfig_list_count(list), 3);
	param = dpu_nvconfig_list_get(list, 1);
	is_str(param->name, "NUM_OF_VFS");
	is_str(param->value[DPU_NVCONFIG_DEFAULT], "8");
	is_str(param->value[DPU_NVCONFIG_CURRENT], "9");
	is_int(param->number[DPU_NVCONFIG_NEXT], 10);
	is_int(param->reset, DPU_RESET_FIRMWARE);
	is_int(param->tlv, 0x80);
	is_str(dpu_nvconfig_list_get(list, 0)->value[DPU_NVCONFIG_NEXT], "True");
	is_str(dpu_nvconfig_list_get(list, 2)->value[DPU_NVCONFIG_NEXT], "EMBEDDED_CPU");
	is_int(dpu_nvconfig_list_get(list, 2)->reset, DPU_RESET_NONE);
	dpu_nvconfig_list_unref(list);
	is_int(dpu_nvconfig_list(&device, NULL, 0, &list), 0);
	is_int(dpu_nvconfig_list_count(list), (int64_t)nv_param_count);
	dpu_nvconfig_list_unref(list);
	/* Firmware that lacks something, and that tells less. */
	fake_all(0x81, 0, 0xbfffbfff);
	fake.firmware.tells_current = fake.firmware.tells_default = false;
	is_int(dpu_nvconfig_list(&device, lacking, 2, &list), -EOPNOTSUPP);
	is_int(dpu_nvconfig_list(&device, lacking, 1, &list), 0);
	is_int(dpu_nvconfig_list_get(list, 0)->known, 1 << DPU_NVCONFIG_NEXT);
	is_str(dpu_nvconfig_list_get(list, 0)->value[DPU_NVCONFIG_CURRENT], "");
	dpu_nvconfig_list_unref(list);
	is_int(dpu_nvconfig_reset(&device, "SRIOV_EN", 0), -EOPNOTSUPP);
	is_int(dpu_nvconfig_transport(&device, &transport), 0);
	is_str(transport, "fake");
	fake.firmware_rc = -EACCES;
	is_int(dpu_nvconfig_list(&device, NULL, 0, &list), -EACCES);
	is_int(dpu_nvconfig_transport(&device, &transport), -EACCES);
}

static void resets(void)
{
	fake_fresh();
	fake_dword(0x80, DPU_NVCONFIG_DEFAULT, 1, 8);
	fake_dword(0x80, DPU_NVCONFIG_NEXT, 0, 0x90100000);
	fake_dword(0x80, DPU_NVCONFIG_NEXT, 1, 0x9002000a);
	is_int(dpu_nvconfig_reset(&device, "NUM_OF_VFS", 0), 0);
	/* Its valid bit with it; the others stay. */
	is_int(fake_next(0x80, 1), 0x90020008);
	is_int(fake_next(0x80, 0), 0x10100000);
	is_int(dpu_nvconfig_reset(&device, "NUM_OF_VF", 0), -ENOENT);
	is_int(dpu_nvconfig_reset(&device, NULL, 8), -EINVAL);
	/* All, but the mode. */
	fake_dword(0x0c, DPU_NVCONFIG_NEXT, 0, 0x101);
	fake_dword(0x07000083, DPU_NVCONFIG_NEXT, 0, 0x10000005);
	is_int(dpu_nvconfig_reset(&device, NULL, 0), 0);
	is_int(fake_next(0x80, 1), 8);
	is_int(fake_next(0x0c, 0), 0x101);
	is_int(fake_next(0x07000083, 0), 0x10000005);
	is_int(dpu_nvconfig_reset(&device, NULL, DPU_NVCONFIG_RESET_MODE), 0);
	is_int(fake_next(0x0c, 0), 1);
	is_int(fake_next(0x07000083, 0), 0);
	/* Reset, and the mode cannot be put back. */
	fake_dword(0x0c, DPU_NVCONFIG_NEXT, 0, 0x101);
	fake.fail_at = fake.updates + 1;
	is_int(dpu_nvconfig_reset(&device, NULL, 0), -EIO);
	contains(hint(), "mode could not be put back");
}

static const struct dpu_nvconfig_change *change_of(const struct dpu_nvconfig_change_list *list,
						   const char *name)
{
	size_t i;

	for (i = 0; i < dpu_nvconfig_change_list_count(list); i++) {
		if (!strcmp(dpu_nvconfig_change_list_get(list, i)->name, name))
			return dpu_nvconfig_change_list_get(list, i);
	}
	return NULL;
}

/* A value that is stored but does not count, for want of its valid bit, is not what was wished for. */
static void valid_bits(void)
{
	static const char *const names[] = { "NUM_OF_VFS", "HOST_PRIV_LEVEL", "HOST_DISABLE_RSHIM",
					     "HOST_DISABLE_TRACER_OWNER" };
	const struct dpu_nvconfig_setting setting = { "NUM_OF_VFS", "5" };
	const struct dpu_nvconfig_setting needing = { "UEFI_LOG_MIN_SEVERITY", "2" };
	struct dpu_nvconfig_change_list *changes = NULL;
	struct dpu_nvconfig_list *list = NULL;

	fake_fresh();
	fake_all(0x80, 1, 5);
	is_int(dpu_nvconfig_plan(&device, &setting, 1, &changes), 0);
	is_int(change_of(changes, "NUM_OF_VFS")->differs, 1);
	is_int(change_of(changes, "NUM_OF_VFS")->reset, DPU_RESET_FIRMWARE);
	dpu_nvconfig_change_list_unref(changes);
	is_int(set1("NUM_OF_VFS", "5"), 1);
	is_int(dpu_nvconfig_plan(&device, &setting, 1, &changes), 0);
	is_int(change_of(changes, "NUM_OF_VFS")->differs, 0);
	is_int(change_of(changes, "NUM_OF_VFS")->reset, DPU_RESET_FIRMWARE);
	dpu_nvconfig_change_list_unref(changes);
	/* A host's rights do not wait alike. */
	fake_dword(0x07000083, DPU_NVCONFIG_NEXT, 0, 0x1000000c);
	is_int(dpu_nvconfig_list(&device, names, 4, &list), 0);
	is_int(dpu_nvconfig_list_get(list, 0)->reset, DPU_RESET_FIRMWARE);
	is_int(dpu_nvconfig_list_get(list, 1)->reset, DPU_RESET_NONE);
	is_int(dpu_nvconfig_list_get(list, 2)->reset, DPU_RESET_SYSTEM);
	is_int(dpu_nvconfig_list_get(list, 3)->reset, DPU_RESET_FIRMWARE);
	dpu_nvconfig_list_unref(list);
	/* What is stored may be wished for, needed or not. */
	is_int(dpu_nvconfig_set(&device, &needing, 1), -EINVAL);
	fake_all(0x03000206, 0, 0x02000000);
	is_int(dpu_nvconfig_set(&device, &needing, 1), 0);
}

static void planned_resets(void)
{
	struct dpu_nvconfig_change_list *changes = NULL;

	fake_fresh();
	fake_dword(0x80, DPU_NVCONFIG_NEXT, 1, 7);
	fake_dword(0x03000080, DPU_NVCONFIG_NEXT, 0, 9);
	fake_dword(0x0c, DPU_NVCONFIG_NEXT, 0, 0x101);
	is_int(dpu_nvconfig_plan_reset(&device, "NUM_OF_VFS", 0, &changes), 0);
	is_int(dpu_nvconfig_change_list_count(changes), 1);
	is_str(change_of(changes, "NUM_OF_VFS")->next, "7");
	is_str(change_of(changes, "NUM_OF_VFS")->wanted, "0");
	dpu_nvconfig_change_list_unref(changes);
	is_int(dpu_nvconfig_plan_reset(&device, NULL, 0, &changes), 0);
	ok(change_of(changes, "NUM_OF_VFS")->differs && !change_of(changes, "INTERNAL_CPU_OFFLOAD_ENGINE"),
	   "the mode stays");
	/* Of the second port what is that port's, and no more. */
	is_str(dpu_nvconfig_change_list_get(changes, dpu_nvconfig_change_list_count(changes) - 1)->device,
	       "pci/0000:03:00.1");
	is_int(dpu_nvconfig_change_list_get(changes, dpu_nvconfig_change_list_count(changes) - 1)->differs,
	       0);
	dpu_nvconfig_change_list_unref(changes);
	is_int(dpu_nvconfig_plan_reset(&device, NULL, DPU_NVCONFIG_RESET_MODE, &changes), 0);
	ok(change_of(changes, "INTERNAL_CPU_OFFLOAD_ENGINE")->differs, "the mode goes");
	dpu_nvconfig_change_list_unref(changes);
	is_int(fake.writes, 0);
	is_int(dpu_nvconfig_plan_reset(&device, "NUM", 0, &changes), -ENOENT);
	is_int(dpu_nvconfig_plan_reset(&device, NULL, 4, &changes), -EINVAL);
	fake.firmware.tells_default = false;
	is_int(dpu_nvconfig_plan_reset(&device, NULL, 0, &changes), -EOPNOTSUPP);
}

static void tlvs(void)
{
	const uint8_t bytes[2] = { 0xab, 0xcd };
	uint8_t data[16] = { 0 };
	uint32_t type = 0;

	fake_fresh();
	is_int(dpu_nvconfig_tlv_type(0, 0x80, 0, 0, &type), 0);
	is_int(type, 0x80);
	is_int(dpu_nvconfig_tlv_type(1, 0x10b, 2, 0, &type), 0);
	is_int(type, 0x0102010b);
	is_int(dpu_nvconfig_tlv_type(3, 0x80, 0, 1, &type), 0);
	is_int(type, 0x03000480);
	is_int(dpu_nvconfig_tlv_type(3, 0x80, 1, 0, &type), 0);
	is_int(type, 0x03040080);
	is_int(dpu_nvconfig_tlv_type(7, 0x83, 3, 0, &type), 0);
	is_int(type, 0x070c0083);
	is_int(dpu_nvconfig_tlv_type(9, 2, 5, 0, &type), 0);
	is_int(type, 0x09014002);
	is_int(dpu_nvconfig_tlv_type(2, 1, 0, 0, &type), -EINVAL);
	is_int(dpu_nvconfig_tlv_type(0, 1 << 24, 0, 0, &type), -EINVAL);
	is_int(dpu_nvconfig_tlv_type(0, 1, 1, 0, &type), -EINVAL);
	is_int(dpu_nvconfig_tlv_type(3, 1024, 0, 0, &type), -EINVAL);
	is_int(dpu_nvconfig_tlv_type(7, 1, 64, 0, &type), -EINVAL);
	is_int(type, 0x09014002);
	is_int(dpu_nvconfig_tlv_set(&device, 0x0c, 13, bytes, 2), 0);
	is_int(fake_next(0x0c, 3), 0x00abcd00);
	is_int(fake_next(0x0c, 0), 1);
	is_int(dpu_nvconfig_tlv_get(&device, 0x0c, DPU_NVCONFIG_NEXT, data, sizeof(data)), 16);
	is_int(data[13], 0xab);
	is_int(dpu_nvconfig_tlv_get(&device, 0x0c, DPU_NVCONFIG_CURRENT, data, sizeof(data)), 16);
	is_int(data[13], 0);
	is_int(dpu_nvconfig_tlv_get(&device, 0x0c, DPU_NVCONFIG_NEXT, data, 15), -ENOSPC);
	is_int(dpu_nvconfig_tlv_get(&device, 0x777, DPU_NVCONFIG_NEXT, data, 15), -ENOENT);
	is_int(dpu_nvconfig_tlv_get(&device, 0x0c, (enum dpu_nvconfig_when)3, data, 16), -EINVAL);
	is_int(dpu_nvconfig_tlv_set(&device, 0x0c, 15, bytes, 2), -EINVAL);
	is_int(dpu_nvconfig_tlv_set(&device, 0x0c, 17, bytes, 1), -EINVAL);
	is_int(dpu_nvconfig_tlv_set(&device, 0x0c, 0, bytes, 0), -EINVAL);
	is_int(dpu_nvconfig_tlv_set(&device, 0x0c, 0, NULL, 2), -EINVAL);
	fake.firmware.tells_current = false;
	is_int(dpu_nvconfig_tlv_get(&device, 0x0c, DPU_NVCONFIG_CURRENT, data, 16), -EOPNOTSUPP);
}

int main(void)
{
	struct provider_ops ops;

	ctx = fake_open(&ops, &device);
	table();
	known_dumps();
	unknown_bits_stay();
	refusals();
	vectors();
	all_or_nothing();
	power_loss();
	another_writer();
	lists();
	valid_bits();
	resets();
	planned_resets();
	tlvs();
	dpu_ctx_unref(ctx);
	return tap_done();
}
