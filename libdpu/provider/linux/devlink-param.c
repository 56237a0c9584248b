/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parameters. Their numbers are the same in devlink and in both versions of mlxdevm. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "core/text.h"
#include "provider/linux/devlink.h"

/* The kernel's types of parameters are netlink's. */
static const struct {
	uint8_t type;
	enum dpu_param_type own;
	size_t len; /* of the value */
} types[] = {
	{ NLA_U8, DPU_PARAM_U8, 1 },   { NLA_U16, DPU_PARAM_U16, 2 },       { NLA_U32, DPU_PARAM_U32, 4 },
	{ NLA_U64, DPU_PARAM_U64, 8 }, { NLA_STRING, DPU_PARAM_STRING, 0 }, { NLA_FLAG, DPU_PARAM_BOOL, 0 },
};

struct params {
	struct dpu_ctx *ctx;
	const char *handle;
	struct dpu_param *items;
	size_t count;
};

static bool take_value(const struct nlattr *attr, size_t len, uint64_t *value)
{
	uint8_t small;
	uint16_t half;
	uint32_t word;

	switch (len) {
	case 1:
		return netlink_u8(attr, &small) && (*value = small, true);
	case 2:
		return netlink_u16(attr, &half) && (*value = half, true);
	case 4:
		return netlink_u32(attr, &word) && (*value = word, true);
	default:
		return netlink_u64(attr, value);
	}
}

/* One cmode's value. A flag is true by being there. */
static void parse_value(const struct nlattr *nest, struct dpu_param *param)
{
	struct nlattr *attrs[DEVLINK_ATTR_PARAM_VALUE_CMODE + 1];
	const struct nlattr *data;
	uint64_t number = 0;
	uint8_t cmode;
	char *value;

	if (!netlink_parse_nested(nest, attrs, DEVLINK_ATTR_PARAM_VALUE_CMODE) ||
	    !netlink_u8(attrs[DEVLINK_ATTR_PARAM_VALUE_CMODE], &cmode) || cmode > DPU_PARAM_PERMANENT)
		return;
	data = attrs[DEVLINK_ATTR_PARAM_VALUE_DATA];
	value = param->value[cmode];
	if (param->type == DPU_PARAM_BOOL) {
		text_copy(value, sizeof(param->value[0]), data ? "true" : "false");
	} else if (param->type == DPU_PARAM_STRING) {
		if (!netlink_text(data, value, sizeof(param->value[0])))
			return;
	} else {
		if (!take_value(data, types[param->type].len, &number))
			return;
		snprintf(value, sizeof(param->value[0]), "%" PRIu64, number);
	}
	param->cmodes |= 1u << cmode;
}

static bool parse_param(const struct nlattr *nest, struct dpu_param *param)
{
	struct nlattr *attrs[DEVLINK_ATTR_PARAM_VALUES_LIST + 1];
	const struct nlattr *value;
	uint8_t type;
	size_t i;
	int rest;

	*param = (struct dpu_param){ .reserved = 0 };
	if (!netlink_parse_nested(nest, attrs, DEVLINK_ATTR_PARAM_VALUES_LIST) ||
	    !netlink_text(attrs[DEVLINK_ATTR_PARAM_NAME], param->name, sizeof(param->name)) ||
	    !netlink_u8(attrs[DEVLINK_ATTR_PARAM_TYPE], &type))
		return false;
	for (i = 0; i < sizeof(types) / sizeof(types[0]) && types[i].type != type; i++)
		continue;
	if (i == sizeof(types) / sizeof(types[0]))
		return false;
	param->type = types[i].own;
	param->generic = attrs[DEVLINK_ATTR_PARAM_GENERIC] != NULL;
	if (!attrs[DEVLINK_ATTR_PARAM_VALUES_LIST])
		return true;
	rest = nla_len(attrs[DEVLINK_ATTR_PARAM_VALUES_LIST]);
	for (value = nla_data(attrs[DEVLINK_ATTR_PARAM_VALUES_LIST]); nla_ok(value, rest);
	     value = nla_next(value, &rest))
		parse_value(value, param);
	return true;
}

static int add_param(void *data, const struct nlmsghdr *nlh)
{
	struct nlattr *attrs[DEVLINK_ATTR_PARAM + 1];
	struct params *params = data;
	struct dpu_param param;

	if (!devlink_attrs(nlh, attrs, DEVLINK_ATTR_PARAM) || !devlink_is_about(attrs, params->handle) ||
	    !parse_param(attrs[DEVLINK_ATTR_PARAM], &param))
		return 0;
	return ctx_append(params->ctx, params->items, params->count, param);
}

static void forget_params(void *data)
{
	struct params *params = data;

	ctx_free(params->ctx, params->items);
	params->items = NULL;
	params->count = 0;
}

static int dump(const struct linux_family *family, struct params *params)
{
	struct netlink_answer answer = { .object = add_param, .restart = forget_params, .data = params };

	return devlink_ask(params->ctx, devlink_dump(family, DEVLINK_CMD_PARAM_GET, params->handle), &answer,
			   "params", params->handle);
}

/* Adds the vendor's own; a parameter that devlink has too is set there. */
static int merge(struct params *params, const struct params *vendor)
{
	size_t i, k, known = params->count;
	int rc = 0;

	for (i = 0; i < vendor->count && rc == 0; i++) {
		for (k = 0; k < known; k++) {
			if (!strcmp(params->items[k].name, vendor->items[i].name))
				break;
		}
		if (k < known)
			continue;
		rc = ctx_append(params->ctx, params->items, params->count, vendor->items[i]);
	}
	return rc;
}

int devlink_params(struct dpu_ctx *ctx, const char *handle, struct dpu_param **ret, size_t *count)
{
	struct params params = { .ctx = ctx, .handle = handle }, vendor = params;
	struct linux_provider *machine = linux_provider(ctx);
	int rc;

	rc = devlink_need(ctx, "params", handle);
	if (rc == 0)
		rc = dump(&machine->devlink, &params);
	if (rc == 0 && machine->mlxdevm.id) {
		rc = dump(&machine->mlxdevm, &vendor);
		if (rc == 0 && merge(&params, &vendor) < 0)
			rc = ctx_fail_nomem(ctx, "params");
		forget_params(&vendor);
	}
	if (rc < 0) {
		forget_params(&params);
		return rc;
	}
	*ret = params.items;
	*count = params.count;
	return 0;
}

static void put_value(struct nl_msg **msg, const struct dpu_param *param, const char *value)
{
	const size_t len = types[param->type].len;
	uint64_t number = 0;
	uint8_t small;
	uint16_t half;
	uint32_t word;

	if (param->type == DPU_PARAM_BOOL) {
		if (!strcmp(value, "true"))
			devlink_put(msg, DEVLINK_ATTR_PARAM_VALUE_DATA, NULL, 0);
		return;
	}
	if (param->type == DPU_PARAM_STRING) {
		devlink_put_text(msg, DEVLINK_ATTR_PARAM_VALUE_DATA, value);
		return;
	}
	text_number(value, UINT64_MAX, &number);
	small = (uint8_t)number;
	half = (uint16_t)number;
	word = (uint32_t)number;
	devlink_put(msg, DEVLINK_ATTR_PARAM_VALUE_DATA,
		    len == 1   ? (void *)&small
		    : len == 2 ? (void *)&half
		    : len == 4 ? (void *)&word
			       : &number,
		    len);
}

static int set(struct dpu_ctx *ctx, const struct linux_family *family, const char *handle,
	       const struct dpu_param *param, enum dpu_param_cmode cmode, const char *value)
{
	struct nl_msg *msg;

	msg = devlink_request(family, DEVLINK_CMD_PARAM_SET, handle, 0);
	devlink_put_text(&msg, DEVLINK_ATTR_PARAM_NAME, param->name);
	devlink_put_u8(&msg, DEVLINK_ATTR_PARAM_TYPE, types[param->type].type);
	devlink_put_u8(&msg, DEVLINK_ATTR_PARAM_VALUE_CMODE, (uint8_t)cmode);
	put_value(&msg, param, value);
	return devlink_do(ctx, msg, "param_set", param->name);
}

int devlink_param_set(struct dpu_ctx *ctx, const char *handle, const struct dpu_param *param,
		      enum dpu_param_cmode cmode, const char *value)
{
	struct linux_provider *machine = linux_provider(ctx);
	int rc;

	rc = devlink_need(ctx, "param_set", handle);
	if (rc == 0)
		rc = set(ctx, &machine->devlink, handle, param, cmode, value);
	/* devlink does not know the vendor's own. */
	if (rc == -EINVAL && machine->mlxdevm.id)
		rc = set(ctx, &machine->mlxdevm, handle, param, cmode, value);
	return rc;
}
