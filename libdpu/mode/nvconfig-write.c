/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing TLVs, all or none. The firmware writes one at a time and a TLV as a whole, so that is what can be
 * lost between two of them; what cannot be put back is named. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "mode/nvconfig.h"

/* Appends the names of the parameters that a write is about. */
static void name_params(const struct nv_write *write, char *text, size_t size)
{
	const uint32_t host = nv_class_of(write->tlv.type) == NV_HOST ? 0x3fu << NV_HOST_SHIFT : 0;
	size_t used = strlen(text), i;
	bool any = false;

	for (i = 0; i < nv_param_count && used < size; i++) {
		const struct nv_param_info *param = &nv_params[i];

		if (nv_tlvs[param->field.tlv].type != (write->tlv.type & ~host) ||
		    !nv_field_get(&param->field, write->mask))
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", param->name);
		any = true;
	}
	if (!any && used < size)
		snprintf(text + used, size - used, "%sTLV 0x%08" PRIx32, used ? ", " : "", write->tlv.type);
}

enum outcome {
	AS_BEFORE,
	AS_WISHED,
	NOT_KNOWN,
	OUTCOMES,
};

/* What is stored of a TLV now; expected where that cannot be read. */
static enum outcome outcome_of(struct dpu_ctx *ctx, const struct nv_write *write, enum outcome expected)
{
	struct provider_tlv now = { .type = write->tlv.type, .size = write->tlv.size };
	bool before = true, wished = true;
	size_t i;

	if (ctx->ops->nvconfig_get(ctx, write->handle, PROVIDER_NVCONFIG_NEXT, &now) < 0)
		return expected;
	for (i = 0; i < write->tlv.size; i++) {
		before = before && !((now.data[i] ^ write->former.data[i]) & write->mask[i]);
		wished = wished && !((now.data[i] ^ write->tlv.data[i]) & write->mask[i]);
	}
	if (before)
		return AS_BEFORE;
	return wished ? AS_WISHED : NOT_KNOWN;
}

/* Says which parameters are new and which are as before, or that it is not known: the write that failed may
 * have been done. */
static void tell_mixed(struct dpu_ctx *ctx, const struct nv_write *writes, size_t failed, size_t count)
{
	static const char *const titles[OUTCOMES] = { "as before: ", "new: ", "not known: " };
	char names[OUTCOMES][120] = { "", "", "" };
	const struct dpu_error error = ctx->error;
	enum outcome outcome;
	char text[256];
	size_t used = 0, i;

	for (i = 0; i < count; i++) {
		outcome = i < failed ? AS_WISHED : NOT_KNOWN;
		outcome = i > failed ? AS_BEFORE : outcome_of(ctx, &writes[i], outcome);
		name_params(&writes[i], names[outcome], sizeof(names[outcome]));
	}
	ctx->error = error;
	if (!names[AS_WISHED][0] && !names[NOT_KNOWN][0])
		return;
	text[0] = '\0';
	/* The unlucky ones first: a hint has little room. */
	for (i = OUTCOMES; i-- > 0;) {
		if (names[i][0] && used < sizeof(text))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s%s",
						 used ? "; " : "mixed: ", titles[i], names[i]);
	}
	ctx_hint(ctx, "%s", text);
}

/* Puts back what was, last one first. The failed write is among them: it may have been done all the same. */
static void undo(struct dpu_ctx *ctx, const struct nv_write *writes, size_t failed, size_t count)
{
	const struct dpu_error error = ctx->error;
	struct provider_tlv ignored;
	bool undone = true;
	size_t i;

	for (i = failed + 1; i-- > 0;) {
		if (ctx->ops->nvconfig_update(ctx, writes[i].handle, &writes[i].former, writes[i].mask,
					      &ignored) < 0)
			undone = false;
	}
	ctx->error = error;
	if (!undone)
		tell_mixed(ctx, writes, failed, count);
}

/* Whoever wrote the same parameters meanwhile had the last word; that is told, not fought. */
static int verify(struct dpu_ctx *ctx, const char *step, const struct nv_write *write)
{
	struct provider_tlv now = { .type = write->tlv.type, .size = write->tlv.size };
	char names[200] = "";
	size_t i;
	int rc;

	rc = ctx->ops->nvconfig_get(ctx, write->handle, PROVIDER_NVCONFIG_NEXT, &now);
	if (rc < 0)
		return rc;
	for (i = 0; i < write->tlv.size; i++) {
		if (!((now.data[i] ^ write->tlv.data[i]) & write->mask[i]))
			continue;
		name_params(write, names, sizeof(names));
		ctx_fail(ctx, -EAGAIN, step, write->handle,
			 "another program wrote the same TLV at the same time: %s", names);
		return ctx_hint(ctx, "see what is stored now, and who else configures this device");
	}
	return 0;
}

int nv_write_all(struct dpu_ctx *ctx, const char *step, struct nv_write *writes, size_t count)
{
	size_t i;
	int rc;

	for (i = 0; i < count; i++) {
		struct provider_tlv former;

		rc = ctx->ops->nvconfig_update(ctx, writes[i].handle, &writes[i].tlv, writes[i].mask,
					       &former);
		if (rc < 0) {
			undo(ctx, writes, i, count);
			return rc;
		}
		writes[i].former = former;
	}
	for (i = 0; i < count; i++) {
		/* Of two writes of one TLV, one after the other, the second counts. */
		if (i + 1 < count && writes[i].tlv.type == writes[i + 1].tlv.type &&
		    !strcmp(writes[i].handle, writes[i + 1].handle))
			continue;
		rc = verify(ctx, step, &writes[i]);
		if (rc < 0) {
			/* Whoever cannot be heard cannot be trusted to have listened. */
			if (rc != -EAGAIN)
				undo(ctx, writes, count - 1, count);
			return rc;
		}
	}
	return (int)count;
}

int nv_target_writes(struct nv_target *target, struct nv_write **writes, size_t *count)
{
	struct dpu_ctx *ctx = target->look.ctx;
	struct nv_write *write;
	size_t id, size;

	for (id = 0; id < NV_TLVS; id++) {
		const uint8_t *stored = target->look.tlvs[id].data[PROVIDER_NVCONFIG_NEXT];

		size = nv_tlvs[id].size;
		/* Of what is not wished for, data is what is stored, or nothing was read. */
		if (!target->look.tlvs[id].have[PROVIDER_NVCONFIG_NEXT] || nv_tlvs[id].cap ||
		    !memcmp(target->mask[id], (uint8_t[NV_TABLE_DATA_MAX]){ 0 }, NV_TABLE_DATA_MAX) ||
		    !memcmp(target->data[id], stored, size))
			continue;
		if (ctx_grow(ctx, writes, *count, sizeof(**writes)) < 0)
			return ctx_fail_nomem(ctx, "nvconfig");
		write = &(*writes)[(*count)++];
		write->handle = target->look.handle;
		write->tlv.type = write->former.type = nv_tlvs[id].type;
		write->tlv.size = write->former.size = (uint32_t)size;
		memcpy(write->tlv.data, target->data[id], size);
		memcpy(write->former.data, stored, size);
		memcpy(write->mask, target->mask[id], size);
	}
	return 0;
}

int nv_targets_write(struct dpu_ctx *ctx, const char *step, struct nv_target *targets, size_t count)
{
	struct nv_write *writes = NULL;
	size_t write_count = 0, i;
	int rc = 0;

	for (i = 0; i < count && rc == 0; i++)
		rc = nv_target_writes(&targets[i], &writes, &write_count);
	if (rc == 0)
		rc = nv_write_all(ctx, step, writes, write_count);
	ctx_free(ctx, writes);
	return rc;
}
