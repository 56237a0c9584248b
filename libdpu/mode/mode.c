/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operation mode: which firmware parameters make it, current and next boot, and from which side. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "core/opts.h"
#include "mode/mode.h"

_Static_assert(sizeof(struct dpu_mode_info) == offsetof(struct dpu_mode_info, reserved) + sizeof(uint32_t),
	       "dpu_mode_info has tail padding");

/* The parameters of nv_internal_cpu_conf that make the mode: 1 is EMBEDDED_CPU, EXT_HOST_PF or DISABLED. */
static const char *const mode_params[] = {
	"INTERNAL_CPU_MODEL",     "INTERNAL_CPU_PAGE_SUPPLIER",  "INTERNAL_CPU_ESWITCH_MANAGER",
	"INTERNAL_CPU_IB_VPORT0", "INTERNAL_CPU_OFFLOAD_ENGINE",
};

enum {
	MODEL = 0,
	OFFLOAD_ENGINE = 4,
	MODE_PARAMS = 5,
};

/* On every generation two of the parameters decide: BlueField-3 in NIC mode may have the others at 0.
 * UNKNOWN for a combination that is no mode. */
static int decode(struct nv_look *look, enum provider_nvconfig_when when, enum dpu_mode *mode)
{
	uint32_t model, offload, hosts;
	int rc;

	rc = nv_look_supports(look, NV_INTERNAL_CPU_CONF);
	if (rc == 0)
		return ctx_fail(look->ctx, -EOPNOTSUPP, "mode_get", look->handle,
				"its firmware has no operation mode");
	if (rc > 0)
		rc = nv_look_field(look, &nv_param_find(mode_params[MODEL])->field, when, &model);
	if (rc == 0)
		rc = nv_look_field(look, &nv_param_find(mode_params[OFFLOAD_ENGINE])->field, when, &offload);
	if (rc < 0)
		return rc;
	if (model == 0) {
		*mode = DPU_MODE_SEPARATED;
	} else if (model > 1) {
		*mode = DPU_MODE_UNKNOWN;
	} else if (offload) {
		*mode = DPU_MODE_NIC;
	} else {
		rc = rights_restricted(look, when, &hosts);
		*mode = rc > 0 ? DPU_MODE_RESTRICTED : DPU_MODE_DPU;
	}
	return rc < 0 ? rc : 0;
}

/* The level of the reset that makes all of what is stored current. */
static int pending(struct nv_look *look, enum dpu_reset *level)
{
	uint32_t now, next;
	size_t i;
	int rc = 0;

	*level = DPU_RESET_NONE;
	if (!look->firmware.tells_current)
		return 0;
	for (i = 0; i < MODE_PARAMS && rc == 0; i++) {
		const struct nv_field *field = &nv_param_find(mode_params[i])->field;

		rc = nv_look_field(look, field, PROVIDER_NVCONFIG_CURRENT, &now);
		if (rc == 0)
			rc = nv_look_field(look, field, PROVIDER_NVCONFIG_NEXT, &next);
		if (rc == 0 && now != next)
			*level = nv_tlvs[field->tlv].reset;
	}
	return rc < 0 ? rc : rights_pending(look, level);
}

/* What the firmware says. */
static int read_stored(struct dpu_device *device, struct dpu_mode_info *info)
{
	enum dpu_mode current = DPU_MODE_UNKNOWN, next = DPU_MODE_UNKNOWN;
	enum dpu_reset level = DPU_RESET_NONE;
	uint32_t restricted = 0, next_restricted = 0;
	struct nv_look look;
	int rc;

	rc = nv_look_begin(device->ctx, device->info.handle, &look);
	if (rc == 0)
		rc = decode(&look, PROVIDER_NVCONFIG_NEXT, &next);
	if (rc == 0 && look.firmware.tells_current)
		rc = decode(&look, PROVIDER_NVCONFIG_CURRENT, &current);
	if (rc == 0)
		rc = rights_restricted(&look, PROVIDER_NVCONFIG_NEXT, &next_restricted);
	if (rc >= 0 && look.firmware.tells_current)
		rc = rights_restricted(&look, PROVIDER_NVCONFIG_CURRENT, &restricted);
	if (rc >= 0)
		rc = pending(&look, &level);
	if (rc < 0)
		return rc;
	info->current = current;
	info->next = next;
	info->reset = level;
	info->hosts = look.firmware.hosts;
	info->restricted = restricted;
	info->next_restricted = next_restricted;
	return 0;
}

static void judge(struct dpu_mode_info *info, const struct evidence *evidence)
{
	uint32_t kind;

	info->side = evidence->side;
	info->evidence = evidence->kinds;
	for (kind = 1; kind < 8; kind <<= 1) {
		if (evidence->kinds & kind && info->current != DPU_MODE_UNKNOWN &&
		    !(evidence->fits[kind] & 1u << info->current))
			info->contradicts |= kind;
	}
	if (!evidence->kinds)
		return;
	/* Restricted mode is DPU mode to all but the configuration. */
	if (evidence->modes & 1u << info->current)
		info->runtime = info->current;
	else if (evidence->modes == (1u << DPU_MODE_DPU | 1u << DPU_MODE_RESTRICTED))
		info->runtime = DPU_MODE_DPU;
	else if (evidence->modes && !(evidence->modes & (evidence->modes - 1)))
		info->runtime = (uint32_t)__builtin_ctz(evidence->modes);
}

int dpu_mode_get(struct dpu_device *device, struct dpu_mode_info *info)
{
	struct dpu_ctx *ctx = device->ctx;
	DPU_OPTS(dpu_mode_info, result);
	struct evidence evidence = { 0 };
	struct dpu_error error;
	int rc;

	if (!opts_valid(info))
		return ctx_fail(ctx, -EINVAL, "mode_get", device->info.handle, "sz is not set");
	rc = mode_check_dpu(device, "mode_get");
	if (rc < 0)
		return rc;
	result.stored = read_stored(device, &result);
	error = ctx->error;
	rc = evidence_gather(device, &evidence);
	if (rc < 0 && result.stored == 0)
		return rc;
	if (result.stored < 0) {
		ctx->error = error;
		if (rc < 0 || !evidence.kinds)
			return result.stored;
	}
	judge(&result, &evidence);
	opts_write(info, &result, sizeof(result));
	return 0;
}

int mode_stored(struct dpu_device *device, struct nv_write **writes, size_t *count)
{
	const uint8_t *stored;
	struct nv_write *write;
	struct nv_look look;
	size_t i;
	int rc;

	rc = nv_look_begin(device->ctx, device->info.handle, &look);
	/* The hosts' rights first: they hold at once. */
	if (rc == 0)
		rc = rights_keep(&look, writes, count);
	if (rc == 0)
		rc = nv_look_supports(&look, NV_INTERNAL_CPU_CONF);
	if (rc <= 0)
		return rc;
	rc = nv_look_tlv(&look, NV_INTERNAL_CPU_CONF, PROVIDER_NVCONFIG_NEXT, &stored);
	if (rc < 0)
		return rc;
	if (ctx_grow(device->ctx, writes, *count, sizeof(**writes)) < 0)
		return ctx_fail_nomem(device->ctx, "nvconfig_reset");
	write = &(*writes)[(*count)++];
	write->handle = device->info.handle;
	write->tlv.type = nv_tlvs[NV_INTERNAL_CPU_CONF].type;
	write->tlv.size = nv_tlvs[NV_INTERNAL_CPU_CONF].size;
	memcpy(write->tlv.data, stored, write->tlv.size);
	write->former = write->tlv;
	for (i = 0; i < MODE_PARAMS; i++)
		nv_field_put(&nv_param_find(mode_params[i])->field, write->mask, UINT32_MAX);
	return 0;
}

/* What each mode needs. BlueField-3 looks at two of the parameters only; BlueField-2 needs all of them. */
static int wish_mode(struct nv_target *target, enum dpu_mode mode)
{
	const bool all = mode == DPU_MODE_NIC && target->look.firmware.generation < 3;
	const struct nv_param_info *param;
	uint32_t i, value;
	int rc = 0;

	for (i = 0; i < MODE_PARAMS && rc == 0; i++) {
		param = nv_param_find(mode_params[i]);
		value = i == MODEL ? mode != DPU_MODE_SEPARATED
				   : mode == DPU_MODE_NIC && (all || i == OFFLOAD_ENGINE);
		rc = nv_look_has(&target->look, param);
		/* What the firmware lacks and would be 0 is 0. */
		if (rc == 0 && value)
			return ctx_fail(target->look.ctx, -EOPNOTSUPP, "mode_set", target->look.handle,
					"the firmware has no %s, which %s mode needs", param->name,
					dpu_mode_name(mode));
		if (rc > 0)
			rc = nv_target_wish(target, param, value);
	}
	return rc;
}

/* nv_internal_cpu_cap tells which models the firmware has. */
static int check_model(struct nv_target *target, enum dpu_mode mode)
{
	static const struct nv_field separated = { NV_INTERNAL_CPU_CAP, 0x0, 31, 1 };
	static const struct nv_field embedded = { NV_INTERNAL_CPU_CAP, 0x0, 30, 1 };
	uint32_t has = 0;
	int rc;

	rc = nv_look_field(&target->look, mode == DPU_MODE_SEPARATED ? &separated : &embedded,
			   PROVIDER_NVCONFIG_NEXT, &has);
	if (rc < 0 || has)
		return rc;
	ctx_fail(target->look.ctx, -EOPNOTSUPP, "mode_set", target->look.handle,
		 "the firmware does not support the %s model",
		 mode == DPU_MODE_SEPARATED ? "separated host" : "embedded CPU");
	return ctx_hint(target->look.ctx, "the device lacks the mode \"%s\"", dpu_mode_name(mode));
}

/* A host cannot restrict itself, and one that is restricted cannot free itself. */
static int check_side(struct dpu_device *device, struct nv_target *target, enum dpu_mode mode)
{
	struct provider_mode_evidence told = { 0 };
	struct dpu_ctx *ctx = device->ctx;
	uint32_t hosts;
	int rc;

	rc = ctx->ops->mode_evidence(ctx, device->info.handle, &told);
	if (rc < 0 || told.side != DPU_SIDE_HOST)
		return rc == -EOPNOTSUPP ? 0 : rc;
	if (mode == DPU_MODE_RESTRICTED) {
		ctx_fail(ctx, -EPERM, "mode_set", device->info.handle, "a host cannot restrict itself");
		return ctx_hint(ctx, "it can be done on the DPU's Arm side");
	}
	rc = rights_restricted(&target->look, PROVIDER_NVCONFIG_NEXT, &hosts);
	if (rc <= 0)
		return rc;
	ctx_fail(ctx, -EPERM, "mode_set", device->info.handle, "this host is restricted");
	return ctx_hint(ctx,
			"its rights can be given back on the DPU's Arm side: set the mode \"dpu\" there");
}

static int set_mode(struct dpu_device *device, enum dpu_mode mode, uint32_t host, const struct rights *rights)
{
	struct dpu_ctx *ctx = device->ctx;
	struct nv_write *writes = NULL;
	struct nv_target target;
	size_t count = 0;
	int hosts, rc;

	rc = nv_target_open(ctx, device->info.handle, &target);
	if (rc == 0)
		rc = check_side(device, &target, mode);
	if (rc == 0)
		rc = check_model(&target, mode);
	if (rc == 0)
		rc = wish_mode(&target, mode);
	if (rc == 0)
		rc = nv_target_check(&target, "mode_set");
	if (rc < 0)
		goto out;
	hosts = rc = rights_hosts(&target.look);
	if (rc < 0)
		goto out;
	if (rights->restricted && (!hosts || (host != DPU_ALL_HOSTS && host >= (uint32_t)hosts))) {
		rc = ctx_fail(ctx, hosts ? -EINVAL : -EOPNOTSUPP, "mode_set", device->info.handle,
			      hosts ? "there is no such host" : "the firmware knows no rights of hosts");
		goto out;
	}
	rc = nv_target_writes(&target, &writes, &count);
	if (rc == 0)
		rc = rights_write(&target.look, host, rights, &writes, &count);
	if (rc == 0)
		rc = nv_write_all(ctx, "mode_set", writes, count);
out:
	ctx_free(ctx, writes);
	nv_target_close(&target);
	return rc < 0 ? rc : 0;
}

int dpu_mode_set(struct dpu_device *device, enum dpu_mode mode)
{
	const struct rights rights = {
		.restricted = mode == DPU_MODE_RESTRICTED,
		.restrictions = mode == DPU_MODE_RESTRICTED ? DPU_RESTRICT_ALL : 0,
	};
	int rc;

	if (!dpu_mode_name(mode) || mode == DPU_MODE_UNKNOWN)
		return ctx_fail(device->ctx, -EINVAL, "mode_set", device->info.handle,
				"there is no such mode to set");
	rc = mode_check_dpu(device, "mode_set");
	return rc < 0 ? rc : set_mode(device, mode, DPU_ALL_HOSTS, &rights);
}

int dpu_mode_restrict(struct dpu_device *device, uint32_t host, uint32_t restrictions)
{
	const struct rights rights = { .restricted = true, .restrictions = restrictions };
	int rc;

	if (restrictions & ~(uint32_t)DPU_RESTRICT_ALL)
		return ctx_fail(device->ctx, -EINVAL, "mode_restrict", device->info.handle,
				"there are no such restrictions");
	rc = mode_check_dpu(device, "mode_restrict");
	return rc < 0 ? rc : set_mode(device, DPU_MODE_RESTRICTED, host, &rights);
}
