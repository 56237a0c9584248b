/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tuple-space search. Rules with the same mask share a subtable, which is a hash of masked keys; a lookup
 * asks each subtable, those with the highest priorities first, until no later one can win. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "flow/index.h"
#include "flow/softtable.h"

#define STEP_INSERT "flow_insert"
#define STEP_REMOVE "flow_delete"
#define KEY_WORDS (sizeof(struct flow_key) / sizeof(uint64_t))
#define BURST 32

union words {
	struct flow_key key;
	uint64_t word[KEY_WORDS];
};

/* A rule in the table. Those of one subtable with the same masked key form a list by falling priority, whose
 * first is in the subtable's index. */
struct node {
	union words key; /* masked */
	uint64_t hash;
	uint64_t sequence; /* insertion order */
	uint32_t priority;
	struct node *next;
	struct subtable *subtable;
	size_t position; /* in softtable.order */
	struct softtable_entry entry;
};

struct subtable {
	union words mask;
	uint32_t word_count;
	uint8_t words[KEY_WORDS]; /* those of the mask that are not 0 */
	uint32_t max_priority;
	size_t max_count; /* nodes of that priority */
	size_t count;
	struct flow_index index;
};

struct softtable {
	struct dpu_ctx *ctx;
	uint32_t max_rules;
	uint64_t next_id; /* 0: all are given out */
	uint64_t next_sequence;
	struct flow_index ids;
	struct subtable **subtables; /* by falling max_priority */
	size_t subtable_count;
	size_t subtable_room;
	struct node **order; /* by insertion; NULL where a node was removed */
	size_t order_count;
	size_t order_room;
	size_t count;
};

int softtable_create(struct dpu_ctx *ctx, uint32_t max_rules, struct softtable **ret)
{
	struct softtable *table;

	table = ctx_alloc(ctx, sizeof(*table));
	if (!table)
		return ctx_fail_nomem(ctx, "flow_table_new");
	table->ctx = ctx;
	table->max_rules = max_rules;
	table->next_id = DPU_FLOW_NONE + 1;
	*ret = table;
	return 0;
}

static uint64_t hash_words(const struct subtable *subtable, const union words *key)
{
	uint64_t hash = 0;
	uint32_t i, w;

	for (i = 0; i < subtable->word_count; i++) {
		w = subtable->words[i];
		hash = flow_hash_mix(hash ^ (key->word[w] & subtable->mask.word[w])) + i + 1;
	}
	return hash;
}

static bool same_words(const struct subtable *subtable, const union words *key, const struct node *node)
{
	uint64_t differ = 0;
	uint32_t i, w;

	for (i = 0; i < subtable->word_count; i++) {
		w = subtable->words[i];
		differ |= (key->word[w] & subtable->mask.word[w]) ^ node->key.word[w];
	}
	return !differ;
}

/* The first of the list with that key, or NULL. */
static struct node *find_key(const struct subtable *subtable, uint64_t hash, const union words *key)
{
	const struct flow_slot *slot;
	size_t i;

	if (!subtable->index.slots)
		return NULL;
	for (i = hash & subtable->index.mask;; i = (i + 1) & subtable->index.mask) {
		slot = &subtable->index.slots[i];
		if (!slot->node)
			return NULL;
		if (slot->hash == hash && same_words(subtable, key, slot->node))
			return slot->node;
	}
}

static struct node *find_id(const struct softtable *table, uint64_t id)
{
	uint64_t hash = flow_hash_mix(id);
	struct node *node;
	size_t i;

	if (!table->ids.slots)
		return NULL;
	for (i = hash & table->ids.mask;; i = (i + 1) & table->ids.mask) {
		node = table->ids.slots[i].node;
		if (!node || node->entry.id == id)
			return node;
	}
}

/* Brings a subtable back to its place after its max_priority has changed. */
static void sort_subtable(struct softtable *table, struct subtable *subtable)
{
	struct subtable **all = table->subtables;
	size_t i;

	for (i = 0; all[i] != subtable; i++)
		;
	for (; i && all[i - 1]->max_priority < subtable->max_priority; i--)
		all[i] = all[i - 1];
	for (; i + 1 < table->subtable_count && all[i + 1]->max_priority > subtable->max_priority; i++)
		all[i] = all[i + 1];
	all[i] = subtable;
}

static void drop_subtable(struct softtable *table, struct subtable *subtable)
{
	struct subtable **all = table->subtables;
	size_t i;

	for (i = 0; all[i] != subtable; i++)
		;
	table->subtable_count--;
	memmove(&all[i], &all[i + 1], (table->subtable_count - i) * sizeof(*all));
	flow_index_free(table->ctx, &subtable->index);
	ctx_free(table->ctx, subtable);
}

static int grow(struct dpu_ctx *ctx, void *array_ptr, size_t count, size_t *room, size_t size)
{
	void **array = array_ptr, *grown;
	size_t wanted = *room ? *room * 2 : 8;

	if (count < *room)
		return 0;
	if (wanted > SIZE_MAX / 2 / size)
		return -ENOMEM;
	grown = ctx_realloc(ctx, *array, wanted * size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*room = wanted;
	return 0;
}

/* The subtable of a mask; a new one is empty and last. */
static int get_subtable(struct softtable *table, const union words *mask, struct subtable **ret)
{
	struct subtable *subtable;
	size_t i;
	int rc;

	for (i = 0; i < table->subtable_count; i++) {
		if (!memcmp(&table->subtables[i]->mask, mask, sizeof(*mask))) {
			*ret = table->subtables[i];
			return 0;
		}
	}
	rc = grow(table->ctx, &table->subtables, table->subtable_count, &table->subtable_room,
		  sizeof(*table->subtables));
	if (rc < 0)
		return rc;
	subtable = ctx_alloc(table->ctx, sizeof(*subtable));
	if (!subtable)
		return -ENOMEM;
	subtable->mask = *mask;
	for (i = 0; i < KEY_WORDS; i++) {
		if (mask->word[i])
			subtable->words[subtable->word_count++] = (uint8_t)i;
	}
	table->subtables[table->subtable_count++] = subtable;
	*ret = subtable;
	return 0;
}

/* Closes the gaps that removals left in the order. */
static void compact_order(struct softtable *table)
{
	size_t i, count = 0;

	if (table->order_count == table->count)
		return;
	for (i = 0; i < table->order_count; i++) {
		if (!table->order[i])
			continue;
		table->order[i]->position = count;
		table->order[count++] = table->order[i];
	}
	table->order_count = count;
}

/* Everything that can fail for want of memory, so that the insertion itself cannot. */
static int reserve(struct softtable *table, struct subtable *subtable)
{
	int rc;

	if (table->order_count == table->order_room && table->order_count > 2 * table->count)
		compact_order(table);
	rc = grow(table->ctx, &table->order, table->order_count, &table->order_room, sizeof(*table->order));
	if (rc == 0)
		rc = flow_index_reserve(table->ctx, &table->ids);
	if (rc == 0)
		rc = flow_index_reserve(table->ctx, &subtable->index);
	return rc;
}

/* The places in the list where a node of that priority goes, first NULL when it goes first. -EEXIST when the
 * priority is taken. */
static int find_place(struct node *head, uint32_t priority, struct node **before)
{
	*before = NULL;
	for (; head && head->priority >= priority; head = head->next) {
		if (head->priority == priority)
			return -EEXIST;
		*before = head;
	}
	return 0;
}

static void link_node(struct softtable *table, struct node *node, struct node *head, struct node *before)
{
	struct subtable *subtable = node->subtable;

	if (before) {
		node->next = before->next;
		before->next = node;
	} else if (head) {
		node->next = head;
		flow_index_replace(&subtable->index, node->hash, head, node);
	} else {
		flow_index_add(&subtable->index, node->hash, node);
	}
	flow_index_add(&table->ids, flow_hash_mix(node->entry.id), node);
	node->position = table->order_count;
	table->order[table->order_count++] = node;
	table->count++;
	subtable->count++;
	if (subtable->count == 1 || node->priority > subtable->max_priority) {
		subtable->max_priority = node->priority;
		subtable->max_count = 0;
		sort_subtable(table, subtable);
	}
	subtable->max_count += node->priority == subtable->max_priority;
}

/* After the last node of the highest priority has gone. */
static void find_max_priority(struct subtable *subtable)
{
	const struct node *node;
	size_t i;

	subtable->max_priority = 0;
	subtable->max_count = 0;
	for (i = 0; i <= subtable->index.mask; i++) {
		/* The first of each list has the highest priority of the list. */
		node = subtable->index.slots[i].node;
		if (!node || node->priority < subtable->max_priority)
			continue;
		if (node->priority > subtable->max_priority)
			subtable->max_count = 0;
		subtable->max_priority = node->priority;
		subtable->max_count++;
	}
}

static void unlink_node(struct softtable *table, struct node *node)
{
	struct subtable *subtable = node->subtable;
	struct node *head = find_key(subtable, node->hash, &node->key);

	if (head != node) {
		while (head->next != node)
			head = head->next;
		head->next = node->next;
	} else if (node->next) {
		flow_index_replace(&subtable->index, node->hash, node, node->next);
	} else {
		flow_index_remove(&subtable->index, node->hash, node);
	}
	flow_index_remove(&table->ids, flow_hash_mix(node->entry.id), node);
	table->order[node->position] = NULL;
	table->count--;
	subtable->count--;
	if (!subtable->count) {
		drop_subtable(table, subtable);
	} else if (node->priority == subtable->max_priority && !--subtable->max_count) {
		find_max_priority(subtable);
		sort_subtable(table, subtable);
	}
}

static void free_node(struct softtable *table, struct node *node)
{
	dpu_flow_rule_unref(node->entry.rule);
	ctx_free(table->ctx, node);
}

/* With a resolver, a port is what it knows; without one, what is written as a number. */
static int resolve_port(struct softtable *table, const struct flow_port *port, softtable_resolve_fn resolve,
			void *arg, uint32_t *number)
{
	int rc;

	if (resolve)
		rc = resolve(arg, port->name, number);
	else
		rc = flow_port_number(port, number) ? 0 : -ENODEV;
	if (rc == 0)
		return 0;
	return ctx_fail(table->ctx, rc, STEP_INSERT, port->name,
			resolve ? "no such port" : "not a port's number");
}

static int make_node(struct softtable *table, struct dpu_flow_rule *rule, softtable_resolve_fn resolve,
		     void *arg, struct node **ret)
{
	struct node *node;
	uint32_t i;
	int rc = 0;

	node = ctx_alloc(table->ctx, sizeof(*node));
	if (!node)
		return ctx_fail_nomem(table->ctx, STEP_INSERT);
	node->key.key = rule->key;
	node->key.key.in_port = 0;
	node->priority = rule->priority;
	node->entry.action_count = rule->action_count;
	memcpy(node->entry.actions, rule->actions, sizeof(rule->actions));
	if (rule->match_port)
		rc = resolve_port(table, &rule->in_port, resolve, arg, &node->key.key.in_port);
	for (i = 0; rc == 0 && i < rule->action_count; i++) {
		if (rule->actions[i].type == FLOW_ACTION_OUTPUT)
			rc = resolve_port(table, &rule->actions[i].port, resolve, arg,
					  &node->entry.actions[i].port_number);
	}
	if (rc < 0) {
		ctx_free(table->ctx, node);
		return rc;
	}
	node->entry.rule = dpu_flow_rule_ref(rule);
	*ret = node;
	return 0;
}

static int insert_node(struct softtable *table, struct node *node)
{
	const struct dpu_flow_rule *rule = node->entry.rule;
	union words mask = { .key = rule->mask };
	struct node *head, *before;
	int rc;

	mask.key.in_port = rule->match_port ? UINT32_MAX : 0;
	rc = get_subtable(table, &mask, &node->subtable);
	if (rc < 0)
		return ctx_fail_nomem(table->ctx, STEP_INSERT);
	node->hash = hash_words(node->subtable, &node->key);
	head = find_key(node->subtable, node->hash, &node->key);
	rc = find_place(head, node->priority, &before);
	if (rc < 0)
		return ctx_fail(table->ctx, rc, STEP_INSERT, NULL,
				"a rule with the same match and priority is there");
	rc = reserve(table, node->subtable);
	if (rc < 0) {
		if (!node->subtable->count)
			drop_subtable(table, node->subtable);
		return ctx_fail_nomem(table->ctx, STEP_INSERT);
	}
	node->sequence = table->next_sequence++;
	link_node(table, node, head, before);
	return 0;
}

static int check_id(struct softtable *table, uint64_t id)
{
	char text[24];

	if (!id || !find_id(table, id))
		return 0;
	snprintf(text, sizeof(text), "%" PRIu64, id);
	return ctx_fail(table->ctx, -EEXIST, STEP_INSERT, text, "a rule of that number is there");
}

int softtable_insert(struct softtable *table, struct dpu_flow_rule *rule, softtable_resolve_fn resolve,
		     void *arg, uint64_t id, uint64_t *ret_id)
{
	struct node *node = NULL;
	int rc;

	rc = flow_rule_check(rule);
	if (rc == 0)
		rc = check_id(table, id);
	if (rc < 0)
		return rc;
	if (table->max_rules && table->count >= table->max_rules)
		return ctx_fail(table->ctx, -ENOSPC, STEP_INSERT, NULL,
				"the table has %" PRIu32 " rules already", table->max_rules);
	if (!id && !table->next_id)
		return ctx_fail(table->ctx, -ENOSPC, STEP_INSERT, NULL,
				"every rule number has been given out");
	rc = make_node(table, rule, resolve, arg, &node);
	if (rc < 0)
		return rc;
	node->entry.id = id ? id : table->next_id;
	rc = insert_node(table, node);
	if (rc < 0) {
		free_node(table, node);
		return rc;
	}
	if (table->next_id && node->entry.id >= table->next_id)
		table->next_id = node->entry.id + 1;
	flow_rule_seal(rule);
	if (ret_id)
		*ret_id = node->entry.id;
	return 0;
}

int softtable_remove(struct softtable *table, uint64_t id)
{
	struct node *node = find_id(table, id);
	char text[24];

	if (!node) {
		snprintf(text, sizeof(text), "%" PRIu64, id);
		return ctx_fail(table->ctx, -ENOENT, STEP_REMOVE, text, "no such rule");
	}
	unlink_node(table, node);
	free_node(table, node);
	return 0;
}

int softtable_flush(struct softtable *table)
{
	size_t i, count = table->count;

	for (i = 0; i < table->order_count; i++) {
		if (table->order[i])
			free_node(table, table->order[i]);
	}
	table->order_count = 0;
	table->count = 0;
	for (i = 0; i < table->subtable_count; i++) {
		flow_index_free(table->ctx, &table->subtables[i]->index);
		ctx_free(table->ctx, table->subtables[i]);
	}
	table->subtable_count = 0;
	flow_index_free(table->ctx, &table->ids);
	return (int)count;
}

void softtable_destroy(struct softtable *table)
{
	if (!table)
		return;
	softtable_flush(table);
	ctx_free(table->ctx, table->subtables);
	ctx_free(table->ctx, table->order);
	ctx_free(table->ctx, table);
}

struct softtable_entry *softtable_find(struct softtable *table, uint64_t id)
{
	struct node *node = find_id(table, id);

	return node ? &node->entry : NULL;
}

struct softtable_entry *softtable_at(struct softtable *table, size_t i)
{
	compact_order(table);
	return i < table->count ? &table->order[i]->entry : NULL;
}

size_t softtable_count(const struct softtable *table)
{
	return table->count;
}

static bool beats(const struct node *node, const struct node *best)
{
	if (!best || node->priority != best->priority)
		return !best || node->priority > best->priority;
	return node->sequence < best->sequence;
}

/* Asks one subtable for those packets of a burst that a rule of it could still win: first all hashes, then
 * all nodes, then all comparisons, so that the misses of the cache overlap. Returns how many it was asked
 * for. */
static uint32_t ask_subtable(const struct subtable *subtable, const union words *keys, uint32_t count,
			     struct node **best)
{
	uint8_t who[BURST];
	uint64_t hashes[BURST];
	const struct flow_slot *slot;
	struct node *node;
	uint32_t i, asked = 0;

	for (i = 0; i < count; i++) {
		if (best[i] && best[i]->priority > subtable->max_priority)
			continue;
		hashes[asked] = hash_words(subtable, &keys[i]);
		__builtin_prefetch(&subtable->index.slots[hashes[asked] & subtable->index.mask]);
		who[asked++] = (uint8_t)i;
	}
	for (i = 0; i < asked; i++) {
		slot = &subtable->index.slots[hashes[i] & subtable->index.mask];
		if (slot->hash == hashes[i])
			__builtin_prefetch(slot->node);
	}
	for (i = 0; i < asked; i++) {
		node = find_key(subtable, hashes[i], &keys[who[i]]);
		if (node && beats(node, best[who[i]]))
			best[who[i]] = node;
	}
	return asked;
}

static uint32_t lookup_burst(struct softtable *table, const struct dpu_flow_packet *packets, uint32_t count,
			     struct softtable_entry **entries)
{
	union words keys[BURST];
	struct node *best[BURST] = { NULL };
	uint32_t i, found = 0;
	size_t s;

	for (i = 0; i < count; i++)
		flow_key_extract(&packets[i], &keys[i].key);
	for (s = 0; s < table->subtable_count; s++) {
		if (!ask_subtable(table->subtables[s], keys, count, best))
			break;
	}
	for (i = 0; i < count; i++) {
		entries[i] = best[i] ? &best[i]->entry : NULL;
		if (!best[i])
			continue;
		best[i]->entry.packets++;
		best[i]->entry.bytes += packets[i].len;
		found++;
	}
	return found;
}

uint32_t softtable_lookup(struct softtable *table, const struct dpu_flow_packet *packets, uint32_t count,
			  struct softtable_entry **entries)
{
	uint32_t done, burst, found = 0;

	for (done = 0; done < count; done += burst) {
		burst = count - done < BURST ? count - done : BURST;
		found += lookup_burst(table, packets + done, burst, entries + done);
	}
	return found;
}
