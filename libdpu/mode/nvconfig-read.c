/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking at the firmware's configuration. Each TLV crosses the slow way to the firmware once in a look. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "mode/nvconfig.h"

int nv_look_begin(struct dpu_ctx *ctx, const char *handle, struct nv_look *look)
{
	size_t i;

	memset(look, 0, sizeof(*look));
	look->ctx = ctx;
	look->handle = handle;
	for (i = 0; i < NV_TLVS; i++)
		look->tlvs[i].supports = -1;
	return ctx->ops->firmware(ctx, handle, &look->firmware);
}

int nv_look_supports(struct nv_look *look, enum nv_tlv_id id)
{
	struct nv_seen *seen = &look->tlvs[id];
	int rc;

	if (seen->supports >= 0)
		return seen->supports;
	rc = look->ctx->ops->nvconfig_supports(look->ctx, look->handle, nv_tlvs[id].type);
	if (rc >= 0)
		seen->supports = rc;
	return rc;
}

bool nv_look_tells(const struct nv_look *look, enum provider_nvconfig_when when)
{
	if (when == PROVIDER_NVCONFIG_CURRENT)
		return look->firmware.tells_current;
	return when == PROVIDER_NVCONFIG_NEXT || look->firmware.tells_default;
}

int nv_look_tlv(struct nv_look *look, enum nv_tlv_id id, enum provider_nvconfig_when when,
		const uint8_t **data)
{
	struct nv_seen *seen = &look->tlvs[id];
	struct provider_tlv tlv = { .type = nv_tlvs[id].type, .size = nv_tlvs[id].size };
	int rc;

	if (!seen->have[when]) {
		rc = look->ctx->ops->nvconfig_get(look->ctx, look->handle, when, &tlv);
		if (rc < 0)
			return rc;
		memcpy(seen->data[when], tlv.data, nv_tlvs[id].size);
		seen->have[when] = true;
	}
	*data = seen->data[when];
	return 0;
}

int nv_look_field(struct nv_look *look, const struct nv_field *field, enum provider_nvconfig_when when,
		  uint32_t *value)
{
	const uint8_t *data;
	int rc;

	*value = 0;
	rc = nv_look_tlv(look, field->tlv, when, &data);
	/* Firmware that has no such capabilities is older than these; who asks for a value has asked before
	 * whether there is one. */
	if (rc == -ENOENT && nv_tlvs[field->tlv].cap) {
		look->tlvs[field->tlv].have[when] = true;
		return 0;
	}
	if (rc == 0)
		*value = nv_field_get(field, data);
	return rc;
}

int nv_look_value(struct nv_look *look, const struct nv_param_info *param, enum provider_nvconfig_when when,
		  uint32_t *value, uint32_t *valid)
{
	int rc;

	*valid = 1;
	rc = nv_look_field(look, &param->field, when, value);
	if (rc == 0 && param->valid.width)
		rc = nv_look_field(look, &param->valid, when, valid);
	return rc;
}

int nv_look_has(struct nv_look *look, const struct nv_param_info *param)
{
	uint32_t has = 1;
	int rc;

	rc = nv_look_supports(look, param->field.tlv);
	if (rc <= 0 || !param->cap.width)
		return rc < 0 ? rc : rc > 0;
	rc = nv_look_field(look, &param->cap, PROVIDER_NVCONFIG_NEXT, &has);
	return rc < 0 ? rc : has != 0;
}

int nv_look_max(struct nv_look *look, const struct nv_param_info *param, uint32_t *max)
{
	uint32_t device = 0;
	int rc = 0;

	*max = nv_param_max(param);
	if (param->cap_max.width)
		rc = nv_look_field(look, &param->cap_max, PROVIDER_NVCONFIG_NEXT, &device);
	/* 0: the device says nothing about it. */
	if (rc == 0 && device && device < *max)
		*max = device;
	return rc;
}

/* How many letters apart two names are. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], previous, above, i, j;
	const size_t len = strlen(b);

	if (len >= sizeof(row) / sizeof(row[0]))
		return SIZE_MAX;
	for (j = 0; j <= len; j++)
		row[j] = j;
	for (i = 0; a[i]; i++) {
		previous = row[0];
		row[0] = i + 1;
		for (j = 0; j < len; j++) {
			above = row[j + 1];
			row[j + 1] = previous + (a[i] != b[j]);
			if (above + 1 < row[j + 1])
				row[j + 1] = above + 1;
			if (row[j] + 1 < row[j + 1])
				row[j + 1] = row[j] + 1;
			previous = above;
		}
	}
	return row[len];
}

/* Up to three names that whoever typed this one may have meant. */
static void nearest(const char *name, char *text, size_t size)
{
	size_t best, best_distance, used = 0, apart, i, n;
	bool named[128] = { false };

	text[0] = '\0';
	for (n = 0; n < 3; n++) {
		best_distance = SIZE_MAX;
		best = 0;
		for (i = 0; i < nv_param_count && i < sizeof(named); i++) {
			apart = strlen(name) < 64 ? distance(name, nv_params[i].name) : SIZE_MAX;
			if (!named[i] && apart < best_distance) {
				best_distance = apart;
				best = i;
			}
		}
		if (best_distance > 3 + strlen(name) / 4)
			return;
		named[best] = true;
		used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
					 nv_params[best].name);
		if (used >= size)
			return;
	}
}

int nv_find(struct dpu_ctx *ctx, const char *step, const char *name, const struct nv_param_info **ret)
{
	char text[160];

	*ret = name ? nv_param_find(name) : NULL;
	if (*ret)
		return 0;
	ctx_fail(ctx, -ENOENT, step, name, "libdpu knows no firmware parameter of this name");
	nearest(name ? name : "", text, sizeof(text));
	if (text[0])
		return ctx_hint(ctx, "the nearest are %s", text);
	return ctx_hint(ctx, "list the parameters; what has no name here can be written as a TLV");
}

/* The values that a parameter may have, in words. */
static void choices(const struct nv_param_info *param, char *text, size_t size)
{
	size_t used = 0, i;

	if (param->type == DPU_NVCONFIG_UNSIGNED) {
		snprintf(text, size, "a number from 0 to %" PRIu32, nv_param_max(param));
		return;
	}
	if (param->type == DPU_NVCONFIG_BOOL) {
		snprintf(text, size, "True or False");
		return;
	}
	for (i = 0; param->words[i] && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", param->words[i]);
}

int nv_parse(struct dpu_ctx *ctx, const char *step, const struct nv_param_info *param, const char *text,
	     uint32_t *value)
{
	char words[160];
	uint64_t number;

	choices(param, words, sizeof(words));
	if (!text || !nv_value_parse(param, text, &number)) {
		ctx_fail(ctx, -EINVAL, step, param->name, "\"%s\" is no value of it", text ? text : "");
		return ctx_hint(ctx, "it may be %s", words);
	}
	if (number > nv_param_max(param)) {
		ctx_fail(ctx, param->type == DPU_NVCONFIG_UNSIGNED ? -ERANGE : -EINVAL, step, param->name,
			 "%s is more than it can be", text);
		return ctx_hint(ctx, "it may be %s", words);
	}
	*value = (uint32_t)number;
	return 0;
}
