/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Health reporters of a device and of its ports. */
#include <errno.h>
#include <string.h>
#include "provider/linux/devlink.h"

struct reporters {
	struct dpu_ctx *ctx;
	const char *handle;
	struct dpu_health *items;
	size_t count;
};

static int add_reporter(void *data, const struct nlmsghdr *nlh)
{
	struct reporters *reporters = data;
	struct dpu_health health;
	char handle[HANDLE_SIZE];

	if (!devlink_parse_health(nlh, handle, &health) || strcmp(handle, reporters->handle) != 0)
		return 0;
	return ctx_append(reporters->ctx, reporters->items, reporters->count, health);
}

static void forget_reporters(void *data)
{
	struct reporters *reporters = data;

	ctx_free(reporters->ctx, reporters->items);
	reporters->items = NULL;
	reporters->count = 0;
}

int devlink_health(struct dpu_ctx *ctx, const char *handle, struct dpu_health **ret, size_t *count)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct reporters reporters = { .ctx = ctx, .handle = handle };
	struct netlink_answer answer = { .object = add_reporter,
					 .restart = forget_reporters,
					 .data = &reporters };
	int rc;

	rc = devlink_need(ctx, "health", handle);
	if (rc < 0)
		return rc;
	rc = devlink_ask(ctx, devlink_dump(&machine->devlink, DEVLINK_CMD_HEALTH_REPORTER_GET, handle),
			 &answer, "health", handle);
	if (rc < 0) {
		forget_reporters(&reporters);
		return rc;
	}
	*ret = reporters.items;
	*count = reporters.count;
	return 0;
}

static struct nl_msg *reporter_request(struct dpu_ctx *ctx, uint8_t command, const char *handle,
				       uint32_t port, const char *name)
{
	struct nl_msg *msg;

	msg = devlink_request(&linux_provider(ctx)->devlink, command, handle, 0);
	if (port != DPU_PORT_NO_NUMBER)
		devlink_put_u32(&msg, DEVLINK_ATTR_PORT_INDEX, port);
	devlink_put_text(&msg, DEVLINK_ATTR_HEALTH_REPORTER_NAME, name);
	return msg;
}

/* The kernel says -EINVAL, and no word, of a reporter that is not there. */
static int check_reporter(struct dpu_ctx *ctx, const char *step, const char *handle, uint32_t port,
			  const char *name)
{
	struct dpu_health *items = NULL;
	size_t count = 0, i;
	int rc;

	rc = devlink_health(ctx, handle, &items, &count);
	if (rc < 0)
		return rc;
	for (i = 0; i < count; i++) {
		if (items[i].port == port && !strcmp(items[i].name, name))
			break;
	}
	ctx_free(ctx, items);
	return i < count ? 0 : ctx_fail(ctx, -ENOENT, step, name, "%s has no such health reporter", handle);
}

int devlink_health_recover(struct dpu_ctx *ctx, const char *handle, uint32_t port, const char *name)
{
	int rc;

	rc = check_reporter(ctx, "health_recover", handle, port, name);
	if (rc < 0)
		return rc;
	return devlink_do(ctx, reporter_request(ctx, DEVLINK_CMD_HEALTH_REPORTER_RECOVER, handle, port, name),
			  "health_recover", name);
}

int devlink_health_set(struct dpu_ctx *ctx, const char *handle, uint32_t port, const char *name,
		       bool auto_recover)
{
	struct nl_msg *msg;
	int rc;

	rc = check_reporter(ctx, "health_set", handle, port, name);
	if (rc < 0)
		return rc;
	msg = reporter_request(ctx, DEVLINK_CMD_HEALTH_REPORTER_SET, handle, port, name);
	devlink_put_u8(&msg, DEVLINK_ATTR_HEALTH_REPORTER_AUTO_RECOVER, auto_recover);
	return devlink_do(ctx, msg, "health_set", name);
}
