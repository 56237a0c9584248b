/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The e-switch of a device, and reloading the device. */
#include <errno.h>
#include <string.h>
#include "provider/linux/devlink.h"

struct eswitch {
	bool has_mode;
	uint16_t mode;
	bool has_inline;
	uint8_t inline_mode;
	bool has_encap;
	uint8_t encap;
};

static int take_eswitch(void *data, const struct nlmsghdr *nlh)
{
	struct nlattr *attrs[DEVLINK_PARSE_MAX + 1];
	struct eswitch *eswitch = data;

	if (!devlink_attrs(nlh, attrs, DEVLINK_PARSE_MAX))
		return -EBADMSG;
	eswitch->has_mode = netlink_u16(attrs[DEVLINK_ATTR_ESWITCH_MODE], &eswitch->mode);
	eswitch->has_inline = netlink_u8(attrs[DEVLINK_ATTR_ESWITCH_INLINE_MODE], &eswitch->inline_mode);
	eswitch->has_encap = netlink_u8(attrs[DEVLINK_ATTR_ESWITCH_ENCAP_MODE], &eswitch->encap);
	return 0;
}

static int get(struct dpu_ctx *ctx, const char *step, const char *handle, struct eswitch *eswitch)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct netlink_answer answer = { .object = take_eswitch, .data = eswitch };
	int rc;

	*eswitch = (struct eswitch){ .has_mode = false };
	rc = devlink_need(ctx, step, handle);
	if (rc < 0)
		return rc;
	return devlink_ask(ctx, devlink_request(&machine->devlink, DEVLINK_CMD_ESWITCH_GET, handle, 0),
			   &answer, step, handle);
}

int devlink_eswitch_mode_get(struct dpu_ctx *ctx, const char *handle, enum dpu_eswitch_mode *ret)
{
	struct eswitch eswitch;
	int rc;

	rc = get(ctx, "eswitch_mode_get", handle, &eswitch);
	if (rc < 0)
		return rc;
	if (!eswitch.has_mode || eswitch.mode > DPU_ESWITCH_SWITCHDEV_INACTIVE)
		return ctx_fail(ctx, -EPROTO, "eswitch_mode_get", handle, "mode %u is none that is known",
				eswitch.mode);
	*ret = (enum dpu_eswitch_mode)eswitch.mode;
	return 0;
}

int devlink_eswitch_mode_set(struct dpu_ctx *ctx, const char *handle, enum dpu_eswitch_mode mode)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct nl_msg *msg;
	int rc;

	rc = devlink_need(ctx, "eswitch_mode_set", handle);
	if (rc < 0)
		return rc;
	msg = devlink_request(&machine->devlink, DEVLINK_CMD_ESWITCH_SET, handle, 0);
	devlink_put_u16(&msg, DEVLINK_ATTR_ESWITCH_MODE, (uint16_t)mode);
	rc = devlink_do(ctx, msg, "eswitch_mode_set", handle);
	/* An older kernel does not know the number, and says so of the attribute. */
	if ((rc == -EINVAL || rc == -ERANGE) && mode == DPU_ESWITCH_SWITCHDEV_INACTIVE)
		ctx_hint(ctx, "the kernel may be too old for switchdev_inactive");
	return rc;
}

int devlink_eswitch_attrs_get(struct dpu_ctx *ctx, const char *handle, struct dpu_eswitch_attrs *ret)
{
	struct eswitch eswitch;
	int rc;

	rc = get(ctx, "eswitch_attrs_get", handle, &eswitch);
	if (rc < 0)
		return rc;
	ret->inline_mode = eswitch.inline_mode;
	ret->encap = eswitch.encap;
	ret->set = (eswitch.has_inline ? DPU_ESWITCH_INLINE_MODE : 0u) |
		   (eswitch.has_encap ? DPU_ESWITCH_ENCAP : 0u);
	return 0;
}

static int set_attr(struct dpu_ctx *ctx, const char *handle, int attr, uint8_t value)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct nl_msg *msg;

	msg = devlink_request(&machine->devlink, DEVLINK_CMD_ESWITCH_SET, handle, 0);
	devlink_put_u8(&msg, attr, value);
	return devlink_do(ctx, msg, "eswitch_attrs_set", handle);
}

/* The kernel hands one message's attributes to the driver one by one and stops at the first refusal, so the
 * first is put back when the second is refused. */
int devlink_eswitch_attrs_set(struct dpu_ctx *ctx, const char *handle, const struct dpu_eswitch_attrs *attrs)
{
	struct eswitch before;
	struct dpu_error error;
	int rc;

	rc = get(ctx, "eswitch_attrs_set", handle, &before);
	if (rc == 0 && attrs->set & DPU_ESWITCH_INLINE_MODE)
		rc = set_attr(ctx, handle, DEVLINK_ATTR_ESWITCH_INLINE_MODE, (uint8_t)attrs->inline_mode);
	if (rc < 0 || !(attrs->set & DPU_ESWITCH_ENCAP))
		return rc;
	rc = set_attr(ctx, handle, DEVLINK_ATTR_ESWITCH_ENCAP_MODE, (uint8_t)attrs->encap);
	if (rc < 0 && attrs->set & DPU_ESWITCH_INLINE_MODE && before.has_inline) {
		error = ctx->error;
		set_attr(ctx, handle, DEVLINK_ATTR_ESWITCH_INLINE_MODE, before.inline_mode);
		ctx->error = error;
	}
	return rc;
}

/* Bit n of the kernel's answer is enum devlink_reload_action n, as in ours. */
static int take_performed(void *data, const struct nlmsghdr *nlh)
{
	struct nlattr *attrs[DEVLINK_PARSE_MAX + 1];
	struct nla_bitfield32 performed;
	const struct nlattr *attr;
	uint32_t *ret = data;

	if (!devlink_attrs(nlh, attrs, DEVLINK_PARSE_MAX))
		return -EBADMSG;
	attr = attrs[DEVLINK_ATTR_RELOAD_ACTIONS_PERFORMED];
	if (!attr || nla_len(attr) < (int)sizeof(performed))
		return 0;
	memcpy(&performed, nla_data(attr), sizeof(performed));
	*ret = performed.value & performed.selector;
	return 0;
}

int devlink_reload(struct dpu_ctx *ctx, const char *handle, enum dpu_reload_action action,
		   enum dpu_reload_limit limit, uint32_t *performed)
{
	struct linux_provider *machine = linux_provider(ctx);
	uint32_t done = 1u << action;
	struct netlink_answer answer = { .object = take_performed, .data = &done };
	struct nla_bitfield32 limits;
	struct nl_msg *msg;
	int rc;

	rc = devlink_need(ctx, "reload", handle);
	if (rc < 0)
		return rc;
	msg = devlink_request(&machine->devlink, DEVLINK_CMD_RELOAD, handle, 0);
	devlink_put_u8(&msg, DEVLINK_ATTR_RELOAD_ACTION, (uint8_t)action);
	if (limit != DPU_RELOAD_UNLIMITED) {
		limits.value = limits.selector = 1u << limit;
		devlink_put(&msg, DEVLINK_ATTR_RELOAD_LIMITS, &limits, sizeof(limits));
	}
	rc = devlink_ask(ctx, msg, &answer, "reload", handle);
	if (rc == 0)
		*performed = done;
	return rc;
}
