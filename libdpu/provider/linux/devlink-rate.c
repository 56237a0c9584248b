/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rates. The older mlxdevm has them under numbers of its own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/text.h"
#include "provider/linux/devlink.h"

enum command {
	GET,
	SET,
	NEW,
	DEL,
};

/* The numbers of one family. */
struct numbers {
	uint8_t command[DEL + 1];
	int type, node, parent, tx_share, tx_max;
	uint16_t leaf; /* the type that is a leaf */
};

static const struct numbers devlink_numbers = {
	.command = { DEVLINK_CMD_RATE_GET, DEVLINK_CMD_RATE_SET, DEVLINK_CMD_RATE_NEW, DEVLINK_CMD_RATE_DEL },
	.type = DEVLINK_ATTR_RATE_TYPE,
	.node = DEVLINK_ATTR_RATE_NODE_NAME,
	.parent = DEVLINK_ATTR_RATE_PARENT_NODE_NAME,
	.tx_share = DEVLINK_ATTR_RATE_TX_SHARE,
	.tx_max = DEVLINK_ATTR_RATE_TX_MAX,
	.leaf = DEVLINK_RATE_TYPE_LEAF,
};

static const struct numbers v1_numbers = {
	.command = { MLXDEVM_V1_RATE_GET, MLXDEVM_V1_RATE_SET, MLXDEVM_V1_RATE_NEW, MLXDEVM_V1_RATE_DEL },
	.type = MLXDEVM_V1_RATE_TYPE,
	.node = MLXDEVM_V1_RATE_NODE_NAME,
	.parent = MLXDEVM_V1_RATE_PARENT,
	.tx_share = MLXDEVM_V1_RATE_TX_SHARE,
	.tx_max = MLXDEVM_V1_RATE_TX_MAX,
	.leaf = MLXDEVM_V1_RATE_LEAF,
};

static const struct numbers *numbers_of(const struct linux_family *family)
{
	return family->abi == MLXDEVM_V1_ABI ? &v1_numbers : &devlink_numbers;
}

struct rates {
	struct dpu_ctx *ctx;
	const char *handle;
	const struct numbers *numbers;
	struct dpu_rate *items;
	size_t count;
};

/* The attributes that are wanted are far apart in the older mlxdevm: picked one by one, not by a table. */
struct parsed {
	const struct numbers *numbers;
	struct dpu_rate *rate;
	bool typed;
};

static int take_attr(void *data, const struct nlattr *attr)
{
	struct parsed *parsed = data;
	const struct numbers *numbers = parsed->numbers;
	struct dpu_rate *rate = parsed->rate;
	const int type = nla_type(attr);
	uint16_t kind;

	if (type == DEVLINK_ATTR_PORT_INDEX)
		netlink_u32(attr, &rate->port);
	else if (type == numbers->node)
		netlink_text(attr, rate->node, sizeof(rate->node));
	else if (type == numbers->parent)
		netlink_text(attr, rate->parent, sizeof(rate->parent));
	else if (type == numbers->tx_share)
		netlink_u64(attr, &rate->tx_share);
	else if (type == numbers->tx_max)
		netlink_u64(attr, &rate->tx_max);
	else if (type == DEVLINK_RATE_TX_PRIORITY)
		netlink_u32(attr, &rate->priority);
	else if (type == DEVLINK_RATE_TX_WEIGHT)
		netlink_u32(attr, &rate->weight);
	else if (type == numbers->type && netlink_u16(attr, &kind)) {
		rate->type = kind == numbers->leaf ? DPU_RATE_LEAF : DPU_RATE_NODE;
		parsed->typed = true;
	}
	return 0;
}

static int add_rate(void *data, const struct nlmsghdr *nlh)
{
	struct nlattr *attrs[DEVLINK_ATTR_DEV_NAME + 1];
	struct rates *rates = data;
	struct dpu_rate rate = { .port = DPU_PORT_NO_NUMBER };
	struct parsed parsed = { .numbers = rates->numbers, .rate = &rate };

	if (!devlink_attrs(nlh, attrs, DEVLINK_ATTR_DEV_NAME) || !devlink_is_about(attrs, rates->handle))
		return 0;
	devlink_each(nlh, take_attr, &parsed);
	if (!parsed.typed || (rate.type == DPU_RATE_LEAF) != (rate.port != DPU_PORT_NO_NUMBER))
		return 0;
	return ctx_append(rates->ctx, rates->items, rates->count, rate);
}

static void forget_rates(void *data)
{
	struct rates *rates = data;

	ctx_free(rates->ctx, rates->items);
	rates->items = NULL;
	rates->count = 0;
}

static int compare(const void *a, const void *b)
{
	const struct dpu_rate *l = a, *r = b;

	if (l->type != r->type)
		return l->type > r->type ? 1 : -1;
	if (l->port != r->port)
		return l->port > r->port ? 1 : -1;
	return strcmp(l->node, r->node);
}

static int dump(const struct linux_family *family, struct rates *rates)
{
	struct netlink_answer answer = { .object = add_rate, .restart = forget_rates, .data = rates };

	rates->numbers = numbers_of(family);
	return devlink_ask(rates->ctx, devlink_dump(family, rates->numbers->command[GET], rates->handle),
			   &answer, "rates", rates->handle);
}

int devlink_rates(struct dpu_ctx *ctx, const char *handle, struct dpu_rate **ret, size_t *count)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct rates rates = { .ctx = ctx, .handle = handle };
	int rc;

	rc = devlink_need(ctx, "rates", handle);
	if (rc < 0)
		return rc;
	rc = dump(&machine->devlink, &rates);
	/* Rates came to devlink later than to the vendor's family. */
	if ((rc == -EOPNOTSUPP || (rc == 0 && !rates.count)) && machine->mlxdevm.id)
		rc = dump(&machine->mlxdevm, &rates);
	if (rc < 0) {
		forget_rates(&rates);
		return rc;
	}
	if (rates.count)
		qsort(rates.items, rates.count, sizeof(rates.items[0]), compare);
	*ret = rates.items;
	*count = rates.count;
	return 0;
}

static void name_object(const char *handle, const struct dpu_rate_attrs *attrs, char text[160])
{
	if (attrs->node)
		snprintf(text, 160, "%s/%s", handle, attrs->node);
	else
		snprintf(text, 160, "%s/%u", handle, attrs->port);
}

static int send_rate(struct dpu_ctx *ctx, const struct linux_family *family, enum command command,
		     const char *step, const char *handle, const struct dpu_rate_attrs *attrs)
{
	const struct numbers *numbers = numbers_of(family);
	struct nl_msg *msg;
	char object[160];

	name_object(handle, attrs, object);
	msg = devlink_request(family, numbers->command[command], handle, 0);
	if (attrs->node)
		devlink_put_text(&msg, numbers->node, attrs->node);
	else
		devlink_put_u32(&msg, DEVLINK_ATTR_PORT_INDEX, attrs->port);
	if (attrs->set & DPU_RATE_TX_SHARE)
		devlink_put_u64(&msg, numbers->tx_share, attrs->tx_share);
	if (attrs->set & DPU_RATE_TX_MAX)
		devlink_put_u64(&msg, numbers->tx_max, attrs->tx_max);
	if (attrs->set & DPU_RATE_PRIORITY)
		devlink_put_u32(&msg, DEVLINK_RATE_TX_PRIORITY, attrs->priority);
	if (attrs->set & DPU_RATE_WEIGHT)
		devlink_put_u32(&msg, DEVLINK_RATE_TX_WEIGHT, attrs->weight);
	if (attrs->set & DPU_RATE_PARENT)
		devlink_put_text(&msg, numbers->parent, attrs->parent);
	return devlink_do(ctx, msg, step, object);
}

/* To devlink, and to the vendor's family where devlink has no rates; its words stand if neither has. */
static int send_to_either(struct dpu_ctx *ctx, enum command command, const char *step, const char *handle,
			  const struct dpu_rate_attrs *attrs)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct dpu_error error;
	int rc;

	rc = devlink_need(ctx, step, handle);
	if (rc < 0)
		return rc;
	rc = send_rate(ctx, &machine->devlink, command, step, handle, attrs);
	if (rc != -EOPNOTSUPP || !machine->mlxdevm.id)
		return rc;
	error = ctx->error;
	rc = send_rate(ctx, &machine->mlxdevm, command, step, handle, attrs);
	if (rc == -EOPNOTSUPP)
		ctx->error = error;
	return rc;
}

/* An older kernel gives a parent only to what has none. What is refused after that, the caller undoes. */
int devlink_rate_set(struct dpu_ctx *ctx, const char *handle, const struct dpu_rate_attrs *attrs)
{
	struct dpu_rate_attrs orphan = *attrs;
	struct dpu_error error;
	int rc;

	rc = send_to_either(ctx, SET, "rate_set", handle, attrs);
	if (rc != -EBUSY || !(attrs->set & DPU_RATE_PARENT) || !attrs->parent[0])
		return rc;
	error = ctx->error;
	orphan.set = DPU_RATE_PARENT;
	orphan.parent = "";
	if (send_to_either(ctx, SET, "rate_set", handle, &orphan) < 0) {
		ctx->error = error;
		return rc;
	}
	return send_to_either(ctx, SET, "rate_set", handle, attrs);
}

int devlink_rate_node_add(struct dpu_ctx *ctx, const char *handle, const struct dpu_rate_attrs *attrs)
{
	return send_to_either(ctx, NEW, "rate_node_add", handle, attrs);
}

int devlink_rate_node_delete(struct dpu_ctx *ctx, const char *handle, const char *node)
{
	const struct dpu_rate_attrs attrs = { .sz = sizeof(attrs), .node = node };

	return send_to_either(ctx, DEL, "rate_node_delete", handle, &attrs);
}
