/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operation mode: decoded, set from either side, restricted per host, and held against what else shows
 * it. */
#include "fake-firmware.h"

static struct dpu_device device;
static struct dpu_ctx *ctx;

static const char *hint(void)
{
	return dpu_error_hint(dpu_ctx_error(ctx));
}

static struct dpu_mode_info look(void)
{
	DPU_OPTS(dpu_mode_info, info);

	is_int(dpu_mode_get(&device, &info), 0);
	return info;
}

static void decoding(void)
{
	static const struct {
		uint32_t dword;
		enum dpu_mode mode;
	} cases[] = {
		{ 0x001, DPU_MODE_DPU },       { 0x171, DPU_MODE_NIC },       { 0x101, DPU_MODE_NIC },
		{ 0x000, DPU_MODE_SEPARATED }, { 0x170, DPU_MODE_SEPARATED }, { 0x002, DPU_MODE_UNKNOWN },
		{ 0x071, DPU_MODE_DPU },
	};
	struct dpu_mode_info info;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_fresh();
		fake_dword(0x0c, DPU_NVCONFIG_NEXT, 0, cases[i].dword);
		info = look();
		is_int(info.current, DPU_MODE_DPU);
		is_int(info.next, cases[i].mode);
		is_int(info.reset, cases[i].dword == 1 ? DPU_RESET_NONE : DPU_RESET_SYSTEM);
	}
	fake_all(0x07000083, 0, 0x10000000);
	fake_all(0x0c, 0, 1);
	is_int(look().current, DPU_MODE_RESTRICTED);
	is_int(look().restricted, 1);
	fake_all(0x0c, 0, 0x101);
	is_int(look().current, DPU_MODE_NIC);
	fake_find(0x0c)->supports = 0;
	is_int(look().stored, -EOPNOTSUPP);
	device.info.kind = DPU_DEVICE_NIC;
	is_int(dpu_mode_set(&device, DPU_MODE_DPU), -EOPNOTSUPP);
	device.info.kind = DPU_DEVICE_DPU;
}

static void generations(void)
{
	fake_fresh();
	fake_all(0x0c, 0, 0xc01); /* bits that are not ours */
	is_int(dpu_mode_set(&device, DPU_MODE_NIC), 0);
	is_int(fake_next(0x0c, 0), 0xd01);
	fake.firmware.generation = 2;
	is_int(dpu_mode_set(&device, DPU_MODE_NIC), 0);
	is_int(fake_next(0x0c, 0), 0xd71);
	is_int(dpu_mode_set(&device, DPU_MODE_DPU), 0);
	is_int(fake_next(0x0c, 0), 0xc01);
	is_int(dpu_mode_set(&device, DPU_MODE_NIC), 0);
	is_int(dpu_mode_set(&device, DPU_MODE_SEPARATED), 0);
	is_int(fake_next(0x0c, 0), 0xc00);
	is_int(dpu_mode_set(&device, DPU_MODE_DPU), 0);
	is_int(fake_next(0x0c, 0), 0xc01);
	/* Firmware without the separated model, and without NIC mode. */
	fake_all(0x0d, 0, 0x40000000);
	is_int(dpu_mode_set(&device, DPU_MODE_SEPARATED), -EOPNOTSUPP);
	contains(hint(), "separated");
	is_int(dpu_mode_set(&device, DPU_MODE_NIC), -EOPNOTSUPP);
	contains(dpu_ctx_error_text(ctx), "INTERNAL_CPU_PAGE_SUPPLIER");
	is_int(fake_next(0x0c, 0), 0xc01);
	is_int(dpu_mode_set(&device, (enum dpu_mode)9), -EINVAL);
	is_int(dpu_mode_set(&device, DPU_MODE_UNKNOWN), -EINVAL);
}

static void restricting(void)
{
	DPU_OPTS(dpu_mode_host, host);
	struct dpu_mode_info info;
	const uint32_t second = 0x07000083 | 1 << NV_HOST_SHIFT;

	fake_fresh();
	fake.firmware.hosts = 2;
	fake.tlvs[fake.count] = *fake_find(0x07000083);
	fake.tlvs[fake.count++].type = second;
	is_int(dpu_mode_restrict(&device, 1, DPU_RESTRICT_RSHIM | DPU_RESTRICT_PORT_OWNER), 0);
	is_int(fake_next(0x07000083, 0), 0);
	is_int(fake_next(second, 0), 0x10000009);
	is_int(fake.writes, 1);
	info = look();
	is_int(info.next, DPU_MODE_RESTRICTED);
	is_int(info.next_restricted, 2);
	is_int(info.reset, DPU_RESET_SYSTEM);
	is_int(dpu_mode_host_get(&device, 1, &host), 0);
	is_int(host.restricted, 0);
	is_int(host.next_restricted, 1);
	is_int(host.next_restrictions, 9);
	is_int(dpu_mode_host_get(&device, 2, &host), -EINVAL);
	/* From one restriction to another by way of none. */
	is_int(dpu_mode_restrict(&device, 1, DPU_RESTRICT_TRACER), 0);
	is_int(fake_next(second, 0), 0x10000004);
	is_int(fake.writes, 3);
	is_int(look().reset, DPU_RESET_FIRMWARE);
	is_int(dpu_mode_restrict(&device, 1, DPU_RESTRICT_TRACER), 0);
	is_int(fake.writes, 3);
	is_int(dpu_mode_set(&device, DPU_MODE_RESTRICTED), 0);
	is_int(fake_next(0x07000083, 0), 0x1000000f);
	is_int(fake_next(second, 0), 0x1000000f);
	/* Rights that are given back count only after the reset too. */
	fake_all(0x07000083, 0, 0x1000000f);
	fake_dword(0x07000083, DPU_NVCONFIG_CURRENT, 0, 0x0000000f);
	fake_dword(0x07000083, DPU_NVCONFIG_NEXT, 0, 0);
	is_int(look().reset, DPU_RESET_SYSTEM);
	fake_all(0x07000083, 0, 0x1000000f);
	/* Any other mode gives the rights back. */
	is_int(dpu_mode_set(&device, DPU_MODE_NIC), 0);
	is_int(fake_next(0x07000083, 0), 0);
	is_int(fake_next(second, 0), 0);
	/* It is DPU mode too, in one go; and all or nothing. */
	fake.fail_at = fake.updates + 2;
	is_int(dpu_mode_set(&device, DPU_MODE_RESTRICTED), -EIO);
	is_int(fake_next(0x0c, 0), 0x101);
	is_int(fake_next(0x07000083, 0), 0);
	is_int(dpu_mode_set(&device, DPU_MODE_RESTRICTED), 0);
	is_int(fake_next(0x0c, 0), 1);
	is_int(dpu_mode_restrict(&device, 2, 0), -EINVAL);
	is_int(dpu_mode_restrict(&device, 0, 16), -EINVAL);
	fake_find(0x07000083)->supports = 0;
	is_int(dpu_mode_set(&device, DPU_MODE_RESTRICTED), -EOPNOTSUPP);
	is_int(dpu_mode_host_get(&device, 0, &host), -EOPNOTSUPP);
}

static void from_the_host(void)
{
	fake_fresh();
	fake.evidence.side = DPU_SIDE_HOST;
	is_int(dpu_mode_set(&device, DPU_MODE_RESTRICTED), -EPERM);
	contains(hint(), "Arm side");
	is_int(dpu_mode_set(&device, DPU_MODE_NIC), 0);
	fake_all(0x07000083, 0, 0x10000000);
	is_int(dpu_mode_set(&device, DPU_MODE_DPU), -EPERM);
	contains(hint(), "Arm side");
	fake_all(0x07000083, 0, 0);
	fake_find(0x0c)->supports = 1;
	is_int(dpu_mode_set(&device, DPU_MODE_DPU), -EPERM);
}

static void evidence(void)
{
	struct dpu_mode_info info;

	fake_fresh();
	info = look();
	is_int(info.side, DPU_SIDE_ARM);
	is_int(info.evidence, DPU_EVIDENCE_ESWITCH | DPU_EVIDENCE_REPRESENTORS);
	is_int(info.runtime, DPU_MODE_DPU);
	is_int(info.contradicts, 0);
	/* The configuration says NIC mode, but the reset has not taken place. */
	fake_all(0x0c, 0, 0x101);
	info = look();
	is_int(info.current, DPU_MODE_NIC);
	is_int(info.runtime, DPU_MODE_DPU);
	is_int(info.contradicts, DPU_EVIDENCE_ESWITCH | DPU_EVIDENCE_REPRESENTORS);
	/* It has. */
	fake.eswitch_rc = -EOPNOTSUPP;
	fake.port_count = 0;
	info = look();
	is_int(info.runtime, DPU_MODE_NIC);
	is_int(info.contradicts, 0);
	/* Nothing answers devlink: that says nothing. */
	fake.versions = 0;
	is_int(look().evidence, 0);
	is_int(look().runtime, DPU_MODE_UNKNOWN);
	fake.evidence.rshim = DPU_MODE_DPU;
	info = look();
	is_int(info.evidence, DPU_EVIDENCE_RSHIM);
	is_int(info.contradicts, DPU_EVIDENCE_RSHIM);
	is_int(info.runtime, DPU_MODE_UNKNOWN);
	/* On the host it is the other way round. */
	fake_fresh();
	fake.evidence.side = DPU_SIDE_HOST;
	info = look();
	is_int(info.evidence, DPU_EVIDENCE_ESWITCH);
	is_int(info.contradicts, DPU_EVIDENCE_ESWITCH);
	fake.eswitch_rc = -EOPNOTSUPP;
	is_int(look().runtime, DPU_MODE_DPU);
	is_int(look().contradicts, 0);
	/* Both PFs have representors in none of the modes but DPU mode; separated has an e-switch and none.
	 */
	fake_fresh();
	fake.port_count = 0;
	is_int(look().runtime, DPU_MODE_SEPARATED);
	is_int(look().contradicts, DPU_EVIDENCE_REPRESENTORS);
	/* Without the right to read the configuration, evidence is all there is. */
	fake_fresh();
	fake.firmware_rc = -EACCES;
	info = look();
	is_int(info.stored, -EACCES);
	is_int(info.current, DPU_MODE_UNKNOWN);
	is_int(info.runtime, DPU_MODE_DPU);
	is_int(info.contradicts, 0);
	fake.evidence_rc = -EOPNOTSUPP;
	is_int(dpu_mode_get(&device, &info), -EACCES);
	contains(dpu_ctx_error_text(ctx), "no way");
	fake.firmware_rc = 0;
	is_int(look().evidence, 0);
}

static void plans(void)
{
	DPU_OPTS(dpu_mode_plan, plan);

	fake_fresh();
	fake.reset = (struct provider_reset_info){ .levels = 1 << 0 | 1 << 3 | 1 << 4, .synced = true };
	fake.ports[0].bridge = 7;
	fake.ports[1] = (struct provider_port){ .flavour = DPU_PORT_PHYSICAL, .netdev = "p0", .bridge = 7 };
	fake.ports[2] = (struct provider_port){ .flavour = DPU_PORT_PCISF, .netdev = "sf0", .bridge = 8 };
	fake.port_count = 3;
	is_int(dpu_mode_plan(&device, DPU_MODE_UNKNOWN, &plan), 0);
	is_int(plan.reset, DPU_RESET_NONE);
	is_int(plan.sfs + plan.representors + plan.bridges + plan.reset_level, 0);
	is_int(dpu_mode_plan(&device, DPU_MODE_NIC, &plan), 0);
	is_int(plan.from, DPU_MODE_DPU);
	is_int(plan.to, DPU_MODE_NIC);
	is_int(plan.reset, DPU_RESET_SYSTEM);
	is_int(plan.told, 1);
	is_int(plan.reset_level, 4);
	is_int(plan.arm_shutdown, 1);
	is_int(plan.power_cycle, 0);
	/* Of both PFs of the board, and of no other board. */
	is_int(plan.sfs, 4);
	is_int(plan.vfs, 2);
	is_int(plan.representors, 4);
	is_int(plan.bridges, 2);
	/* A host's rights take a reset of the firmware only. */
	fake_dword(0x07000083, DPU_NVCONFIG_NEXT, 0, 0x10000004);
	is_int(dpu_mode_plan(&device, DPU_MODE_UNKNOWN, &plan), 0);
	is_int(plan.to, DPU_MODE_RESTRICTED);
	is_int(plan.reset, DPU_RESET_FIRMWARE);
	is_int(plan.reset_level, 3);
	is_int(plan.synced, 1);
	is_int(plan.arm_shutdown, 0);
	is_int(dpu_mode_plan(&device, DPU_MODE_DPU, &plan), 0);
	is_int(plan.reset, DPU_RESET_NONE);
	fake_all(0x07000083, 0, 0x10000004);
	is_int(dpu_mode_plan(&device, DPU_MODE_DPU, &plan), 0);
	is_int(plan.from, DPU_MODE_RESTRICTED);
	is_int(plan.reset, DPU_RESET_FIRMWARE);
	fake_all(0x07000083, 0, 0);
	is_int(dpu_mode_plan(&device, DPU_MODE_RESTRICTED, &plan), 0);
	is_int(plan.reset, DPU_RESET_SYSTEM);
	fake_dword(0x07000083, DPU_NVCONFIG_NEXT, 0, 0x10000004);
	fake.reset.levels = 1 << 4;
	is_int(dpu_mode_plan(&device, DPU_MODE_UNKNOWN, &plan), 0);
	is_int(plan.reset_level, 4);
	/* A device that does not tell: only the power switch is sure. */
	fake.reset_rc = -EOPNOTSUPP;
	is_int(dpu_mode_plan(&device, DPU_MODE_UNKNOWN, &plan), 0);
	is_int(plan.told, 0);
	is_int(plan.power_cycle, 1);
	fake.reset_rc = -EIO;
	is_int(dpu_mode_plan(&device, DPU_MODE_UNKNOWN, &plan), -EIO);
	is_int(dpu_mode_plan(&device, (enum dpu_mode)9, &plan), -EINVAL);
	fake.firmware_rc = -EACCES;
	is_int(dpu_mode_plan(&device, DPU_MODE_NIC, &plan), -EACCES);
}

int main(void)
{
	struct provider_ops ops;

	ctx = fake_open(&ops, &device);
	decoding();
	generations();
	restricting();
	from_the_host();
	evidence();
	plans();
	dpu_ctx_unref(ctx);
	return tap_done();
}
