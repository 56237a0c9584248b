/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public table: what is common to all backends, and the software table as one of them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/opts.h"
#include "flow/softtable.h"

#define BURST 64

_Static_assert(sizeof(struct dpu_flow_table_opts) ==
		       offsetof(struct dpu_flow_table_opts, reserved) + sizeof(uint32_t),
	       "dpu_flow_table_opts has tail padding");

struct dpu_flow_table {
	struct ref ref;
	struct dpu_ctx *ctx;
	const struct flow_backend_ops *ops;
	void *backend;
};

struct dpu_flow_list {
	struct dpu_ctx *ctx;
	size_t count;
	struct flow_entry *entries;
};

int flow_table_wrap(struct dpu_ctx *ctx, const struct flow_backend_ops *ops, void *backend,
		    struct dpu_flow_table **ret)
{
	struct dpu_flow_table *table;

	table = ctx_alloc(ctx, sizeof(*table));
	if (!table)
		return ctx_fail_nomem(ctx, "flow_table_new");
	ref_init(&table->ref);
	table->ctx = dpu_ctx_ref(ctx);
	table->ops = ops;
	table->backend = backend;
	*ret = table;
	return 0;
}

static void flow_table_destroy(struct dpu_flow_table *table)
{
	struct dpu_ctx *ctx = table->ctx;

	table->ops->close(table->backend);
	ctx_free(ctx, table);
	dpu_ctx_unref(ctx);
}

DEFINE_REF(dpu_flow_table, flow_table_destroy)

/* A software table behind the public one. The softtable does not hold the context: the public table does. */
struct soft_backend {
	struct dpu_ctx *ctx;
	struct softtable *table;
};

static int soft_insert(void *backend, struct dpu_flow_rule *rule, uint64_t *id)
{
	struct soft_backend *soft = backend;

	return softtable_insert(soft->table, rule, NULL, NULL, DPU_FLOW_NONE, id);
}

static int soft_remove(void *backend, uint64_t id)
{
	struct soft_backend *soft = backend;

	return softtable_remove(soft->table, id);
}

static int soft_flush(void *backend)
{
	struct soft_backend *soft = backend;

	return softtable_flush(soft->table);
}

static int soft_stats(void *backend, uint64_t id, uint64_t *packets, uint64_t *bytes)
{
	struct soft_backend *soft = backend;
	const struct softtable_entry *entry = softtable_find(soft->table, id);
	char text[24];

	if (!entry) {
		snprintf(text, sizeof(text), "%" PRIu64, id);
		return ctx_fail(soft->ctx, -ENOENT, "flow statistics", text, "no such rule");
	}
	*packets = entry->packets;
	*bytes = entry->bytes;
	return 0;
}

static int soft_lookup(void *backend, const struct dpu_flow_packet *packets, uint32_t count, uint64_t *ids)
{
	struct soft_backend *soft = backend;
	struct softtable_entry *entries[BURST];
	uint32_t i, done, burst, found = 0;

	for (done = 0; done < count; done += burst) {
		burst = count - done < BURST ? count - done : BURST;
		found += softtable_lookup(soft->table, packets + done, burst, entries);
		for (i = 0; i < burst; i++)
			ids[done + i] = entries[i] ? entries[i]->id : DPU_FLOW_NONE;
	}
	return (int)found;
}

static int soft_list(void *backend, struct flow_entry **ret, size_t *count)
{
	struct soft_backend *soft = backend;
	struct softtable_entry *entry;
	struct flow_entry *entries;
	size_t i;

	entries = ctx_alloc(soft->ctx, softtable_count(soft->table) * sizeof(*entries));
	if (!entries)
		return ctx_fail_nomem(soft->ctx, "list flows");
	for (i = 0; (entry = softtable_at(soft->table, i)); i++) {
		entries[i].id = entry->id;
		entries[i].rule = dpu_flow_rule_ref(entry->rule);
		entries[i].packets = entry->packets;
		entries[i].bytes = entry->bytes;
	}
	*ret = entries;
	*count = i;
	return 0;
}

static void soft_close(void *backend)
{
	struct soft_backend *soft = backend;

	softtable_destroy(soft->table);
	ctx_free(soft->ctx, soft);
}

static const struct flow_backend_ops soft_ops = {
	.insert = soft_insert,
	.remove = soft_remove,
	.flush = soft_flush,
	.stats = soft_stats,
	.lookup = soft_lookup,
	.list = soft_list,
	.close = soft_close,
};

int dpu_flow_table_new(struct dpu_ctx *ctx, const struct dpu_flow_table_opts *user,
		       struct dpu_flow_table **ret)
{
	struct dpu_flow_table_opts opts;
	struct soft_backend *soft;
	int rc;

	rc = opts_read(&opts, sizeof(opts), user);
	if (rc < 0 || opts.reserved)
		return ctx_fail(ctx, -EINVAL, "flow_table_new", NULL, "malformed options");
	soft = ctx_alloc(ctx, sizeof(*soft));
	if (!soft)
		return ctx_fail_nomem(ctx, "flow_table_new");
	soft->ctx = ctx;
	rc = softtable_create(ctx, opts.max_rules, &soft->table);
	if (rc == 0)
		rc = flow_table_wrap(ctx, &soft_ops, soft, ret);
	if (rc < 0)
		soft_close(soft);
	return rc;
}

int dpu_flow_insert(struct dpu_flow_table *table, struct dpu_flow_rule *rule, uint64_t *id)
{
	uint64_t inserted;
	int rc;

	rc = flow_rule_check(rule);
	if (rc == 0)
		rc = table->ops->insert(table->backend, rule, &inserted);
	if (rc < 0)
		return rc;
	flow_rule_seal(rule);
	if (id)
		*id = inserted;
	return 0;
}

int dpu_flow_insert_text(struct dpu_flow_table *table, const char *text, uint64_t *id)
{
	struct dpu_flow_rule *rule;
	int rc;

	rc = dpu_flow_rule_parse(table->ctx, text, &rule);
	if (rc < 0)
		return rc;
	rc = dpu_flow_insert(table, rule, id);
	dpu_flow_rule_unref(rule);
	return rc;
}

int dpu_flow_delete(struct dpu_flow_table *table, uint64_t id)
{
	return table->ops->remove(table->backend, id);
}

int dpu_flow_flush(struct dpu_flow_table *table)
{
	return table->ops->flush(table->backend);
}

int dpu_flow_stats(struct dpu_flow_table *table, uint64_t id, struct dpu_flow_stats *stats)
{
	struct dpu_flow_stats result = { .sz = sizeof(result) };
	int rc;

	if (!opts_valid(stats))
		return ctx_fail(table->ctx, -EINVAL, "flow statistics", NULL, "malformed result structure");
	rc = table->ops->stats(table->backend, id, &result.packets, &result.bytes);
	if (rc < 0)
		return rc;
	opts_write(stats, &result, sizeof(result));
	return 0;
}

int dpu_flow_lookup(struct dpu_flow_table *table, const struct dpu_flow_packet *packets, uint32_t count,
		    uint64_t *ids)
{
	if (!table->ops->lookup)
		return ctx_fail(table->ctx, -EOPNOTSUPP, "look up flow", NULL,
				"the device's hardware looks up");
	return table->ops->lookup(table->backend, packets, count, ids);
}

static int compare_entries(const void *a, const void *b)
{
	const struct flow_entry *left = a, *right = b;

	if (left->rule->priority != right->rule->priority)
		return left->rule->priority > right->rule->priority ? -1 : 1;
	return (left->id > right->id) - (left->id < right->id);
}

int dpu_flow_list(struct dpu_flow_table *table, struct dpu_flow_list **ret)
{
	struct dpu_flow_list *list;
	int rc;

	list = ctx_alloc(table->ctx, sizeof(*list));
	if (!list)
		return ctx_fail_nomem(table->ctx, "list flows");
	rc = table->ops->list(table->backend, &list->entries, &list->count);
	if (rc < 0) {
		ctx_free(table->ctx, list);
		return rc;
	}
	if (list->count)
		qsort(list->entries, list->count, sizeof(*list->entries), compare_entries);
	list->ctx = dpu_ctx_ref(table->ctx);
	*ret = list;
	return 0;
}

size_t dpu_flow_list_count(const struct dpu_flow_list *list)
{
	return list->count;
}

struct dpu_flow_rule *dpu_flow_list_get(const struct dpu_flow_list *list, size_t i, uint64_t *id,
					struct dpu_flow_stats *stats)
{
	const struct flow_entry *entry;
	struct dpu_flow_stats result = { .sz = sizeof(result) };

	if (i >= list->count || (stats && !opts_valid(stats)))
		return NULL;
	entry = &list->entries[i];
	if (id)
		*id = entry->id;
	if (stats) {
		result.packets = entry->packets;
		result.bytes = entry->bytes;
		opts_write(stats, &result, sizeof(result));
	}
	return entry->rule;
}

struct dpu_flow_list *dpu_flow_list_unref(struct dpu_flow_list *list)
{
	struct dpu_ctx *ctx;
	size_t i;

	if (!list)
		return NULL;
	ctx = list->ctx;
	for (i = 0; i < list->count; i++)
		dpu_flow_rule_unref(list->entries[i].rule);
	ctx_free(ctx, list->entries);
	ctx_free(ctx, list);
	dpu_ctx_unref(ctx);
	return NULL;
}
