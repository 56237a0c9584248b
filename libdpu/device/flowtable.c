/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The flow table of a device's e-switch: the back-end of dpu_flow_table_open(). */
#include <errno.h>
#include <inttypes.h>
#include "core/opts.h"
#include "device/device.h"
#include "flow/backend.h"
#include "flow/rule.h"

_Static_assert(sizeof(struct dpu_flow_table_opts) ==
		       offsetof(struct dpu_flow_table_opts, reserved) + sizeof(uint32_t),
	       "dpu_flow_table_opts has tail padding");

struct device_table {
	struct dpu_device *device;
	uint32_t max_rules;
};

static int table_list(void *backend, struct flow_entry **ret, size_t *ret_count)
{
	struct device_table *table = backend;
	struct dpu_ctx *ctx = table->device->ctx;
	struct provider_flow *flows = NULL;
	struct flow_entry *entries;
	size_t count = 0;
	size_t i;
	int rc;

	rc = ctx->ops->flow_list(ctx, table->device->info.handle, &flows, &count);
	if (rc < 0)
		return rc;
	entries = ctx_alloc(ctx, count * sizeof(*entries));
	for (i = 0; i < count; i++) {
		if (!entries) {
			dpu_flow_rule_unref(flows[i].rule);
			continue;
		}
		entries[i] = (struct flow_entry){
			.id = flows[i].id,
			.rule = flows[i].rule,
			.packets = flows[i].packets,
			.bytes = flows[i].bytes,
		};
	}
	ctx_free(ctx, flows);
	if (!entries)
		return ctx_fail_nomem(ctx, "flow_list");
	*ret = entries;
	*ret_count = count;
	return 0;
}

static void free_entries(struct dpu_ctx *ctx, struct flow_entry *entries, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		dpu_flow_rule_unref(entries[i].rule);
	ctx_free(ctx, entries);
}

static int table_insert(void *backend, struct dpu_flow_rule *rule, uint64_t *id)
{
	struct device_table *table = backend;
	struct dpu_ctx *ctx = table->device->ctx;
	struct flow_entry *entries;
	size_t count;
	int rc;

	rc = flow_rule_check(rule);
	if (rc < 0)
		return rc;
	if (table->max_rules) {
		rc = table_list(table, &entries, &count);
		if (rc < 0)
			return rc;
		free_entries(ctx, entries, count);
		if (count >= table->max_rules)
			return ctx_fail(ctx, -ENOSPC, "flow_insert", table->device->info.handle,
					"the table has its %" PRIu32 " rules", table->max_rules);
	}
	return ctx->ops->flow_insert(ctx, table->device->info.handle, rule, id);
}

static int table_remove(void *backend, uint64_t id)
{
	struct device_table *table = backend;
	struct dpu_ctx *ctx = table->device->ctx;

	return ctx->ops->flow_delete(ctx, table->device->info.handle, id);
}

static int table_flush(void *backend)
{
	struct device_table *table = backend;
	struct dpu_ctx *ctx = table->device->ctx;

	return ctx->ops->flow_flush(ctx, table->device->info.handle);
}

static int table_stats(void *backend, uint64_t id, uint64_t *packets, uint64_t *bytes)
{
	struct device_table *table = backend;
	struct dpu_ctx *ctx = table->device->ctx;
	struct flow_entry *entries;
	size_t count;
	size_t i;
	int rc;

	rc = table_list(table, &entries, &count);
	if (rc < 0)
		return rc;
	rc = -ENOENT;
	for (i = 0; i < count && rc; i++) {
		if (entries[i].id != id)
			continue;
		*packets = entries[i].packets;
		*bytes = entries[i].bytes;
		rc = 0;
	}
	free_entries(ctx, entries, count);
	if (rc < 0)
		return ctx_fail(ctx, rc, "flow_stats", table->device->info.handle,
				"no flow has the id %" PRIu64, id);
	return 0;
}

static void table_close(void *backend)
{
	struct device_table *table = backend;
	struct dpu_device *device = table->device;

	ctx_free(device->ctx, table);
	dpu_device_unref(device);
}

static const struct flow_backend_ops device_table_ops = {
	.insert = table_insert,
	.remove = table_remove,
	.flush = table_flush,
	.stats = table_stats,
	.list = table_list,
	.close = table_close,
};

int dpu_flow_table_open(struct dpu_device *device, const struct dpu_flow_table_opts *user,
			struct dpu_flow_table **ret)
{
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_flow_table_opts opts;
	struct device_table *table;
	enum dpu_eswitch_mode mode;
	int rc;

	rc = opts_read(&opts, sizeof(opts), user);
	if (rc < 0 || opts.reserved)
		return ctx_fail(ctx, -EINVAL, "open flow table", device->info.handle, "malformed options");
	rc = ctx->ops->eswitch_mode_get(ctx, device->info.handle, &mode);
	if (rc < 0)
		return rc;
	if (mode == DPU_ESWITCH_LEGACY) {
		ctx_fail(ctx, -EOPNOTSUPP, "open flow table", device->info.handle,
			 "the e-switch is in legacy mode");
		return ctx_hint(ctx, "set the e-switch to switchdev first");
	}
	/* Rather now than with the first rule. */
	if (ctx->ops->flow_insert == provider_unsupported.flow_insert)
		return ctx_fail(ctx, -EOPNOTSUPP, "open flow table", device->info.handle,
				"the %s provider has no flow table", ctx->ops->name);
	table = ctx_alloc(ctx, sizeof(*table));
	if (!table)
		return ctx_fail_nomem(ctx, "open flow table");
	table->device = dpu_device_ref(device);
	table->max_rules = opts.max_rules;
	rc = flow_table_wrap(ctx, &device_table_ops, table, ret);
	if (rc < 0)
		table_close(table);
	return rc;
}
