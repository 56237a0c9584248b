/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The software flow table: the simulated DPU's e-switch, and what dpu_flow_table_new() gives out. */
#ifndef DPU_FLOW_SOFTTABLE_H
#define DPU_FLOW_SOFTTABLE_H

#include "flow/backend.h"
#include "flow/rule.h"

struct softtable;

/* An entry: the rule, its actions with port numbers filled in, and its counters. */
struct softtable_entry {
	uint64_t id;
	struct dpu_flow_rule *rule; /* held by the table */
	uint32_t action_count;
	struct flow_action actions[FLOW_MAX_ACTIONS];
	uint64_t packets;
	uint64_t bytes;
};

/* Turns a port's name into its number; 0 or -ENODEV. The table records the detail. */
typedef int (*softtable_resolve_fn)(void *arg, const char *name, uint32_t *number);

/* max_rules 0: no limit. */
int softtable_create(struct dpu_ctx *ctx, uint32_t max_rules, struct softtable **ret);
void softtable_destroy(struct softtable *table);

/* resolve NULL: only numbers are ports; else it is asked first, and a number it does not know is still a port. id DPU_FLOW_NONE: the table picks one it never gave out before, else it
 * takes this one (-EEXIST if it is in use). Failures are recorded on the context: -EEXIST same match and
 * priority, -ENODEV unknown port, -EINVAL flow_rule_check(), -ENOSPC, -ENOMEM. */
int softtable_insert(struct softtable *table, struct dpu_flow_rule *rule, softtable_resolve_fn resolve, void *arg,
		     uint64_t id, uint64_t *ret_id);
int softtable_remove(struct softtable *table, uint64_t id); /* -ENOENT, detail recorded */
int softtable_flush(struct softtable *table);		    /* how many */

/* The entry of that id, or NULL. Valid until the table changes. */
struct softtable_entry *softtable_find(struct softtable *table, uint64_t id);

/* The i-th entry in insertion order, or NULL past the end. */
struct softtable_entry *softtable_at(struct softtable *table, size_t i);
size_t softtable_count(const struct softtable *table);

/* Decides a burst: entries[i] becomes the entry of packets[i], or NULL. Counts packets and bytes.
 * Returns how many found one. Allocates nothing. */
uint32_t softtable_lookup(struct softtable *table, const struct dpu_flow_packet *packets, uint32_t count,
			  struct softtable_entry **entries);

#endif
