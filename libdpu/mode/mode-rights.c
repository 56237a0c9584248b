/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rights of the hosts: TLV nv_host_priv_conf, one for each. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "core/opts.h"
#include "mode/mode.h"

_Static_assert(sizeof(struct dpu_mode_host) ==
		       offsetof(struct dpu_mode_host, next_restrictions) + sizeof(uint32_t),
	       "dpu_mode_host has tail padding");

static const struct nv_field level_field = { NV_HOST_PRIV_CONF, 0x0, 28, 2 };
/* Bit by bit enum dpu_restriction. */
static const struct nv_field flags_field = { NV_HOST_PRIV_CONF, 0x0, 0, 4 };

enum {
	LEVEL_PRIVILEGED = 0,
	LEVEL_LIMITED = 1,
};

int rights_hosts(struct nv_look *look)
{
	int rc;

	rc = nv_look_supports(look, NV_HOST_PRIV_CONF);
	if (rc <= 0)
		return rc;
	if (!look->firmware.writes_other_hosts || !look->firmware.hosts)
		return 1;
	return look->firmware.hosts < NV_HOSTS_MAX ? (int)look->firmware.hosts : NV_HOSTS_MAX;
}

static uint32_t type_of(uint32_t host)
{
	return nv_tlvs[NV_HOST_PRIV_CONF].type | host << NV_HOST_SHIFT;
}

static int read_tlv(struct nv_look *look, uint32_t host, enum provider_nvconfig_when when,
		    struct provider_tlv *tlv)
{
	const uint8_t *data;
	int rc;

	memset(tlv, 0, sizeof(*tlv));
	tlv->type = type_of(host);
	tlv->size = nv_tlvs[NV_HOST_PRIV_CONF].size;
	if (tlv->type != nv_tlvs[NV_HOST_PRIV_CONF].type)
		return look->ctx->ops->nvconfig_get(look->ctx, look->handle, when, tlv);
	/* The first host's is the one of the table, which the look reads once. */
	rc = nv_look_tlv(look, NV_HOST_PRIV_CONF, when, &data);
	if (rc == 0)
		memcpy(tlv->data, data, tlv->size);
	return rc;
}

int rights_read(struct nv_look *look, uint32_t host, enum provider_nvconfig_when when, struct rights *rights)
{
	struct provider_tlv tlv;
	int rc;

	rc = read_tlv(look, host, when, &tlv);
	if (rc < 0)
		return rc;
	rights->restricted = nv_field_get(&level_field, tlv.data) == LEVEL_LIMITED;
	rights->restrictions = nv_field_get(&flags_field, tlv.data);
	return 0;
}

/* The level that a change of these restrictions takes. */
static enum dpu_reset rights_reset(uint32_t changed)
{
	if (changed & DPU_RESTRICT_RSHIM)
		return DPU_RESET_SYSTEM;
	return changed ? DPU_RESET_FIRMWARE : DPU_RESET_NONE;
}

/* Of all hosts. How many. */
static int read_all(struct nv_look *look, enum provider_nvconfig_when when, struct rights all[NV_HOSTS_MAX])
{
	const int hosts = rights_hosts(look);
	int i, rc = 0;

	for (i = 0; i < hosts && rc == 0; i++)
		rc = rights_read(look, (uint32_t)i, when, &all[i]);
	return rc < 0 ? rc : hosts;
}

int rights_restricted(struct nv_look *look, enum provider_nvconfig_when when, uint32_t *hosts)
{
	struct rights all[NV_HOSTS_MAX];
	int count = read_all(look, when, all), i;

	*hosts = 0;
	for (i = 0; i < count; i++)
		*hosts |= (uint32_t)all[i].restricted << i;
	return count < 0 ? count : *hosts != 0;
}

static void raise_level(enum dpu_reset *level, uint32_t changed)
{
	const enum dpu_reset needed = rights_reset(changed);

	if (needed > *level)
		*level = needed;
}

int rights_level(struct nv_look *look, uint32_t restrictions, enum dpu_reset *level)
{
	struct rights all[NV_HOSTS_MAX];
	int count, i;

	*level = DPU_RESET_NONE;
	count = read_all(
		look, look->firmware.tells_current ? PROVIDER_NVCONFIG_CURRENT : PROVIDER_NVCONFIG_NEXT, all);
	for (i = 0; i < count; i++)
		raise_level(level, all[i].restrictions ^ restrictions);
	return count < 0 ? count : 0;
}

int rights_pending(struct nv_look *look, enum dpu_reset *level)
{
	struct rights now[NV_HOSTS_MAX], next[NV_HOSTS_MAX];
	int count, i;

	count = read_all(look, PROVIDER_NVCONFIG_CURRENT, now);
	if (count >= 0)
		count = read_all(look, PROVIDER_NVCONFIG_NEXT, next);
	for (i = 0; i < count; i++)
		raise_level(level, now[i].restrictions ^ next[i].restrictions);
	return count < 0 ? count : 0;
}

static int add_write(struct nv_look *look, const struct provider_tlv *former, const struct rights *rights,
		     struct nv_write **writes, size_t *count)
{
	struct nv_write *write;

	if (ctx_grow(look->ctx, writes, *count, sizeof(**writes)) < 0)
		return ctx_fail_nomem(look->ctx, "mode_set");
	write = &(*writes)[(*count)++];
	write->handle = look->handle;
	write->tlv = write->former = *former;
	nv_field_put(&level_field, write->mask, UINT32_MAX);
	nv_field_put(&flags_field, write->mask, UINT32_MAX);
	nv_field_put(&level_field, write->tlv.data, rights->restricted ? LEVEL_LIMITED : LEVEL_PRIVILEGED);
	nv_field_put(&flags_field, write->tlv.data, rights->restrictions);
	return 0;
}

/* From one restriction to another the way leads over none, as mlxprivhost goes it. */
static int write_host(struct nv_look *look, uint32_t host, const struct rights *rights,
		      struct nv_write **writes, size_t *count)
{
	const struct rights none = { 0 };
	struct provider_tlv former;
	uint32_t flags;
	bool limited;
	int rc;

	rc = read_tlv(look, host, PROVIDER_NVCONFIG_NEXT, &former);
	if (rc < 0)
		return rc;
	limited = nv_field_get(&level_field, former.data) == LEVEL_LIMITED;
	flags = nv_field_get(&flags_field, former.data);
	if (limited == rights->restricted && flags == rights->restrictions)
		return 0;
	if (limited && rights->restricted)
		rc = add_write(look, &former, &none, writes, count);
	return rc < 0 ? rc : add_write(look, &former, rights, writes, count);
}

int rights_write(struct nv_look *look, uint32_t host, const struct rights *rights, struct nv_write **writes,
		 size_t *count)
{
	const int hosts = rights_hosts(look);
	uint32_t i;
	int rc = 0;

	for (i = 0; hosts > 0 && i < (uint32_t)hosts && rc == 0; i++) {
		if (host == DPU_ALL_HOSTS || host == i)
			rc = write_host(look, i, rights, writes, count);
	}
	return rc;
}

static int keep_host(struct nv_look *look, uint32_t host, struct nv_write **writes, size_t *count)
{
	struct provider_tlv stored;
	struct rights rights;
	int rc;

	rc = rights_read(look, host, PROVIDER_NVCONFIG_NEXT, &rights);
	if (rc < 0 || (!rights.restricted && !rights.restrictions))
		return rc;
	rc = read_tlv(look, host, PROVIDER_NVCONFIG_NEXT, &stored);
	return rc < 0 ? rc : add_write(look, &stored, &rights, writes, count);
}

int rights_keep(struct nv_look *look, struct nv_write **writes, size_t *count)
{
	const int hosts = rights_hosts(look);
	int i, rc = 0;

	for (i = 0; i < hosts && rc == 0; i++)
		rc = keep_host(look, (uint32_t)i, writes, count);
	return hosts < 0 ? hosts : rc;
}

int dpu_mode_host_get(struct dpu_device *device, uint32_t host, struct dpu_mode_host *info)
{
	struct dpu_ctx *ctx = device->ctx;
	DPU_OPTS(dpu_mode_host, result);
	struct rights now = { 0 }, next = { 0 };
	struct nv_look look;
	int rc;

	if (!opts_valid(info))
		return ctx_fail(ctx, -EINVAL, "mode_host_get", device->info.handle, "sz is not set");
	rc = mode_check_dpu(device, "mode_host_get");
	if (rc == 0)
		rc = nv_look_begin(ctx, device->info.handle, &look);
	if (rc == 0)
		rc = rights_hosts(&look);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return ctx_fail(ctx, -EOPNOTSUPP, "mode_host_get", device->info.handle,
				"the firmware knows no rights of hosts");
	if (host >= (uint32_t)rc)
		return ctx_fail(ctx, -EINVAL, "mode_host_get", device->info.handle,
				"there is no host %" PRIu32, host);
	rc = rights_read(&look, host, PROVIDER_NVCONFIG_NEXT, &next);
	now = next;
	if (rc == 0 && look.firmware.tells_current)
		rc = rights_read(&look, host, PROVIDER_NVCONFIG_CURRENT, &now);
	if (rc < 0)
		return rc;
	result.restricted = now.restricted;
	result.restrictions = now.restricted ? now.restrictions : 0;
	result.next_restricted = next.restricted;
	result.next_restrictions = next.restricted ? next.restrictions : 0;
	opts_write(info, &result, sizeof(result));
	return 0;
}
