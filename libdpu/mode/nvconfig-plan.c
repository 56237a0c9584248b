/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From wishes to TLVs: whether the device can do what is wished for, and what that comes to. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "core/facts.h"
#include "core/text.h"
#include "mode/nvconfig.h"

DEFINE_FACTS(dpu_nvconfig_change_list, dpu_nvconfig_change)

int nv_target_open(struct dpu_ctx *ctx, const char *handle, struct nv_target *target)
{
	memset(target, 0, sizeof(*target));
	return nv_look_begin(ctx, handle, &target->look);
}

void nv_target_close(struct nv_target *target)
{
	if (target->look.ctx)
		ctx_free(target->look.ctx, target->wishes);
	target->wishes = NULL;
	target->count = 0;
}

static int add_wish(struct nv_target *target, const struct nv_wish *wish)
{
	if (ctx_append(target->look.ctx, target->wishes, target->count, *wish) < 0)
		return ctx_fail_nomem(target->look.ctx, "nvconfig");
	return 0;
}

int nv_target_wish(struct nv_target *target, const struct nv_param_info *param, uint32_t value)
{
	const struct nv_wish wish = { .param = param, .value = value, .valid = 1 };

	return add_wish(target, &wish);
}

int nv_target_set(struct nv_target *target, const char *step, const struct dpu_nvconfig_setting *setting)
{
	const struct nv_param_info *param;
	uint32_t value;
	int rc;

	rc = nv_find(target->look.ctx, step, setting->name, &param);
	if (rc == 0)
		rc = nv_parse(target->look.ctx, step, param, setting->value, &value);
	return rc < 0 ? rc : nv_target_wish(target, param, value);
}

int nv_target_default(struct nv_target *target, const struct nv_param_info *param, const char *step)
{
	struct nv_look *look = &target->look;
	struct nv_wish wish = { .param = param, .is_default = true };
	int rc;

	if (!nv_look_tells(look, PROVIDER_NVCONFIG_DEFAULT))
		return ctx_fail(look->ctx, -EOPNOTSUPP, step, param->name,
				"the firmware does not tell its defaults");
	rc = nv_look_value(look, param, PROVIDER_NVCONFIG_DEFAULT, &wish.value, &wish.valid);
	return rc < 0 ? rc : add_wish(target, &wish);
}

int nv_target_defaults(struct nv_target *target, const char *step, nv_keep_fn keep, const void *arg)
{
	size_t i;
	int rc;

	for (i = 0; i < nv_param_count; i++) {
		const struct nv_param_info *param = &nv_params[i];

		if (keep(param, arg))
			continue;
		rc = nv_look_has(&target->look, param);
		if (rc > 0 && nv_look_supports(&target->look, param->field.tlv) > 1)
			rc = nv_target_default(target, param, step);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Whether the device has the parameter, lets it be written, and takes the value. */
static int check_wish(struct nv_target *target, const struct nv_wish *wish, const char *step)
{
	struct nv_look *look = &target->look;
	const struct nv_param_info *param = wish->param;
	uint32_t max = 0;
	int rc;

	rc = nv_look_has(look, param);
	if (rc < 0)
		return rc;
	if (rc == 0) {
		ctx_fail(look->ctx, -EOPNOTSUPP, step, param->name, "%s has no such parameter", look->handle);
		return ctx_hint(look->ctx, "its firmware does not support it; list what it does support");
	}
	if (nv_look_supports(look, param->field.tlv) < 2) {
		ctx_fail(look->ctx, -EPERM, step, param->name, "the firmware lets this side only read it");
		return ctx_hint(look->ctx,
				"set it from the other side of the DPU, or give this host its rights");
	}
	rc = nv_look_max(look, param, &max);
	if (rc < 0)
		return rc;
	if (wish->value > max)
		return ctx_fail(look->ctx, -ERANGE, step, param->name,
				"%" PRIu32 " is more than the device takes, which is %" PRIu32, wish->value,
				max);
	return 0;
}

static void put(struct nv_target *target, const struct nv_field *field, uint32_t value)
{
	nv_field_put(field, target->mask[field->tlv], UINT32_MAX);
	nv_field_put(field, target->data[field->tlv], value);
}

/* The TLVs as they are stored, then as they are wished for. */
static int compose(struct nv_target *target)
{
	const uint8_t *stored;
	size_t i;
	int rc;

	memset(target->mask, 0, sizeof(target->mask));
	for (i = 0; i < target->count; i++) {
		const enum nv_tlv_id id = target->wishes[i].param->field.tlv;

		rc = nv_look_tlv(&target->look, id, PROVIDER_NVCONFIG_NEXT, &stored);
		if (rc < 0)
			return rc;
		memcpy(target->data[id], stored, nv_tlvs[id].size);
	}
	/* A valid bit may be a parameter too: then what is wished of that counts. */
	for (i = 0; i < target->count; i++) {
		if (target->wishes[i].param->valid.width)
			put(target, &target->wishes[i].param->valid, target->wishes[i].valid);
	}
	for (i = 0; i < target->count; i++)
		put(target, &target->wishes[i].param->field, target->wishes[i].value);
	return 0;
}

/* The value that a field will have. */
static int field_then(struct nv_target *target, const struct nv_field *field, uint32_t *value)
{
	static const uint8_t untouched[NV_TABLE_DATA_MAX];

	if (!memcmp(target->mask[field->tlv], untouched, sizeof(untouched)))
		return nv_look_field(&target->look, field, PROVIDER_NVCONFIG_NEXT, value);
	*value = nv_field_get(field, target->data[field->tlv]);
	return 0;
}

static int check_needs(struct nv_target *target, const struct nv_wish *wish, const char *step)
{
	const struct nv_param_info *needed;
	uint32_t value = 0;
	char word[24];
	int rc;

	if (!wish->param->needs || !wish->value || wish->is_default)
		return 0;
	rc = nv_look_field(&target->look, &wish->param->field, PROVIDER_NVCONFIG_NEXT, &value);
	if (rc < 0 || value == wish->value)
		return rc;
	needed = nv_param_find(wish->param->needs);
	rc = field_then(target, &needed->field, &value);
	if (rc < 0 || value)
		return rc;
	nv_value_format(needed, 0, word, sizeof(word));
	ctx_fail(target->look.ctx, -EINVAL, step, wish->param->name, "it means nothing while %s is %s",
		 needed->name, word);
	nv_value_format(needed, 1, word, sizeof(word));
	return ctx_hint(target->look.ctx, "set %s=%s with it", needed->name, word);
}

/* What the PFs and VFs get of interrupt vectors must not be more than there are, where the device says how
 * many that is. */
static int check_vectors(struct nv_target *target, const char *step)
{
	static const struct nv_field total_valid = { NV_GLOBAL_PCI_CAP, 0x0, 30, 1 };
	static const struct nv_field total = { NV_GLOBAL_PCI_CAP, 0xc, 0, 32 };
	static const char *const names[] = { "NUM_OF_PF", "NUM_PF_MSIX", "NUM_OF_VFS", "NUM_VF_MSIX" };
	uint32_t there = 0, value[4] = { 0 };
	uint64_t wanted;
	size_t i;
	int rc;

	if (!target->mask[NV_GLOBAL_PCI_CONF][0] && !target->mask[NV_GLOBAL_PCI_CONF][4] &&
	    !target->mask[NV_GLOBAL_PCI_CONF][8])
		return 0;
	rc = nv_look_field(&target->look, &total_valid, PROVIDER_NVCONFIG_NEXT, &there);
	if (rc == 0 && there)
		rc = nv_look_field(&target->look, &total, PROVIDER_NVCONFIG_NEXT, &there);
	if (rc < 0 || !there)
		return rc;
	for (i = 0; i < 4; i++) {
		rc = field_then(target, &nv_param_find(names[i])->field, &value[i]);
		if (rc < 0)
			return rc;
	}
	wanted = (uint64_t)value[0] * (value[1] + (uint64_t)value[2] * value[3]);
	if (wanted <= there)
		return 0;
	return ctx_fail(target->look.ctx, -ERANGE, step, "NUM_VF_MSIX",
			"%" PRIu64
			" interrupt vectors for all PFs and VFs are more than the device's %" PRIu32,
			wanted, there);
}

int nv_target_check(struct nv_target *target, const char *step)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < target->count && rc == 0; i++)
		rc = check_wish(target, &target->wishes[i], step);
	if (rc == 0)
		rc = compose(target);
	for (i = 0; i < target->count && rc == 0; i++)
		rc = check_needs(target, &target->wishes[i], step);
	return rc < 0 ? rc : check_vectors(target, step);
}

static int fill_change(struct nv_target *target, const struct nv_wish *wish,
		       struct dpu_nvconfig_change *change)
{
	const struct nv_param_info *param = wish->param;
	const uint8_t *data = target->data[param->field.tlv];
	uint32_t stored = 0, stored_valid, current = 0, current_valid = 0, wanted, wanted_valid;
	bool tells = nv_look_tells(&target->look, PROVIDER_NVCONFIG_CURRENT);
	int rc;

	rc = nv_look_value(&target->look, param, PROVIDER_NVCONFIG_NEXT, &stored, &stored_valid);
	if (rc == 0 && tells)
		rc = nv_look_value(&target->look, param, PROVIDER_NVCONFIG_CURRENT, &current, &current_valid);
	if (rc < 0)
		return rc;
	/* Not the wish itself: a later one may have overruled it. */
	wanted = nv_field_get(&param->field, data);
	wanted_valid = param->valid.width ? nv_field_get(&param->valid, data) : 1;
	text_copy(change->device, sizeof(change->device), target->look.handle);
	text_copy(change->name, sizeof(change->name), param->name);
	if (tells)
		nv_value_format(param, current, change->current, sizeof(change->current));
	nv_value_format(param, stored, change->next, sizeof(change->next));
	nv_value_format(param, wanted, change->wanted, sizeof(change->wanted));
	change->differs = stored != wanted || stored_valid != wanted_valid;
	if (!tells || current != wanted || current_valid != wanted_valid)
		change->reset = nv_param_reset(param);
	return 0;
}

int nv_targets_plan(struct dpu_ctx *ctx, struct nv_target *targets, size_t count, const char *step,
		    struct dpu_nvconfig_change_list **ret)
{
	struct dpu_nvconfig_change *items = NULL;
	size_t total = 0, n = 0, i, j;
	int rc = 0;

	for (i = 0; i < count; i++)
		total += targets[i].count;
	if (total) {
		items = ctx_alloc(ctx, total * sizeof(*items));
		if (!items)
			return ctx_fail_nomem(ctx, step);
	}
	for (i = 0; i < count; i++) {
		for (j = 0; j < targets[i].count && rc == 0; j++)
			rc = fill_change(&targets[i], &targets[i].wishes[j], &items[n++]);
	}
	if (rc < 0) {
		ctx_free(ctx, items);
		return rc;
	}
	return dpu_nvconfig_change_list_take(ctx, step, items, total, ret);
}
