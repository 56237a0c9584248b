/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "core/facts.h"
#include "core/opts.h"
#include "device/device.h"

_Static_assert(sizeof(struct dpu_rate_attrs) == offsetof(struct dpu_rate_attrs, weight) + sizeof(uint32_t),
	       "dpu_rate_attrs has tail padding");

DEFINE_FACTS(dpu_rate_list, dpu_rate)

enum {
	RATE_FIELDS =
		DPU_RATE_TX_SHARE | DPU_RATE_TX_MAX | DPU_RATE_PRIORITY | DPU_RATE_WEIGHT | DPU_RATE_PARENT,
	NODE_SIZE = sizeof(((struct dpu_rate *)0)->node),
};

int dpu_rate_list(struct dpu_device *device, struct dpu_rate_list **ret)
{
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_rate *items = NULL;
	size_t count = 0;
	int rc;

	rc = ctx->ops->rates(ctx, device->info.handle, &items, &count);
	return rc < 0 ? rc : dpu_rate_list_take(ctx, "rates", items, count, ret);
}

static int read_attrs(struct dpu_device *device, const char *step, const struct dpu_rate_attrs *user,
		      struct dpu_rate_attrs *attrs)
{
	char object[PORT_TEXT_SIZE];
	const char *bad = NULL;
	int rc;

	rc = opts_read(attrs, sizeof(*attrs), user);
	rate_format(device->info.handle, attrs, object, sizeof(object));
	if (rc < 0 || !user || attrs->set & ~(uint32_t)RATE_FIELDS)
		bad = "malformed attributes";
	else if (attrs->node && (!attrs->node[0] || strlen(attrs->node) >= NODE_SIZE))
		bad = "a node's name has 1 to 63 characters";
	else if (attrs->parent && strlen(attrs->parent) >= NODE_SIZE)
		bad = "a node's name has 1 to 63 characters";
	else if ((attrs->set & DPU_RATE_TX_SHARE) && (attrs->set & DPU_RATE_TX_MAX) && attrs->tx_max &&
		 attrs->tx_share > attrs->tx_max)
		bad = "more is assured (tx_share) than allowed (tx_max)";
	if (bad)
		return ctx_fail(device->ctx, -EINVAL, step, object, "%s", bad);
	if (!attrs->parent)
		attrs->parent = "";
	return 0;
}

/* The object as it is; -ENODEV. */
static int find(struct dpu_device *device, const struct dpu_rate_attrs *attrs, struct dpu_rate *ret)
{
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_rate *items = NULL;
	char object[PORT_TEXT_SIZE];
	size_t count = 0, i;
	int rc;

	rc = ctx->ops->rates(ctx, device->info.handle, &items, &count);
	if (rc < 0)
		return rc;
	for (i = 0; i < count; i++) {
		if (attrs->node ? items[i].type == DPU_RATE_NODE && !strcmp(items[i].node, attrs->node)
				: items[i].type == DPU_RATE_LEAF && items[i].port == attrs->port)
			break;
	}
	if (i < count) {
		*ret = items[i];
	} else {
		rate_format(device->info.handle, attrs, object, sizeof(object));
		ctx_fail(ctx, -ENODEV, "rate_set", object, "there is no such rate");
		rc = ctx_hint(ctx, "list the device's rates to see what there is");
	}
	ctx_free(ctx, items);
	return rc;
}

/*
 * The kernel takes several attributes in one message, but hands them to the driver one by one and stops at
 * the first refusal: what it had changed until then is put back.
 */
int dpu_rate_set(struct dpu_device *device, const struct dpu_rate_attrs *user)
{
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_rate_attrs attrs, old;
	struct dpu_rate before;
	struct dpu_error error;
	int rc;

	rc = read_attrs(device, "rate_set", user, &attrs);
	if (rc < 0)
		return rc;
	rc = find(device, &attrs, &before);
	if (rc < 0)
		return rc;
	rc = ctx->ops->rate_set(ctx, device->info.handle, &attrs);
	if (rc == 0)
		return 0;
	error = ctx->error;
	old = attrs;
	old.tx_share = before.tx_share;
	old.tx_max = before.tx_max;
	old.priority = before.priority;
	old.weight = before.weight;
	old.parent = before.parent;
	for (uint32_t bit = 1; bit <= RATE_FIELDS; bit <<= 1) {
		old.set = attrs.set & bit;
		if (old.set)
			ctx->ops->rate_set(ctx, device->info.handle, &old);
	}
	ctx->error = error;
	return rc;
}

int dpu_rate_node_add(struct dpu_device *device, const struct dpu_rate_attrs *user)
{
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_rate_attrs attrs;
	int rc;

	rc = read_attrs(device, "rate_node_add", user, &attrs);
	if (rc < 0)
		return rc;
	if (!attrs.node)
		return ctx_fail(ctx, -EINVAL, "rate_node_add", device->info.handle, "a node has a name");
	if (strspn(attrs.node, "0123456789") == strlen(attrs.node))
		return ctx_fail(ctx, -EINVAL, "rate_node_add", attrs.node, "a node's name is no number");
	return ctx->ops->rate_node_add(ctx, device->info.handle, &attrs);
}

int dpu_rate_node_delete(struct dpu_device *device, const char *node)
{
	struct dpu_ctx *ctx = device->ctx;

	if (!node || !node[0])
		return ctx_fail(ctx, -EINVAL, "rate_node_delete", device->info.handle, "a node has a name");
	return ctx->ops->rate_node_delete(ctx, device->info.handle, node);
}
