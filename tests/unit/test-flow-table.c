/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The software table against a list that is searched from end to end, and with memory that runs out. */
#include <arpa/inet.h>
#include <errno.h>
#include "flow/rule.h"
#include "tap.h"

#define RULES 3000

static uint64_t state;

static uint32_t roll(uint32_t n)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(state >> 33) % n;
}

static struct {
	struct dpu_flow_rule *rule;
	uint64_t id, packets, bytes;
} model[RULES];
static size_t model_count;

static bool rule_matches(const struct dpu_flow_rule *rule, const struct flow_key *key)
{
	const uint8_t *want = (const uint8_t *)&rule->key, *mask = (const uint8_t *)&rule->mask;
	const uint8_t *got = (const uint8_t *)key;
	size_t i;

	if (rule->match_port && strtoul(rule->in_port.name, NULL, 10) != key->in_port)
		return false;
	for (i = offsetof(struct flow_key, eth_dst); i < sizeof(*key); i++) {
		if ((got[i] & mask[i]) != want[i])
			return false;
	}
	return true;
}

static size_t model_lookup(const struct dpu_flow_packet *packet)
{
	struct flow_key key;
	size_t i, best = SIZE_MAX;

	flow_key_extract(packet, &key);
	for (i = 0; i < model_count; i++) {
		if (rule_matches(model[i].rule, &key) &&
		    (best == SIZE_MAX || model[i].rule->priority > model[best].rule->priority))
			best = i;
	}
	return best;
}

static bool model_has(const struct dpu_flow_rule *rule)
{
	size_t i;

	for (i = 0; i < model_count; i++) {
		if (model[i].rule->priority == rule->priority &&
		    model[i].rule->match_port == rule->match_port &&
		    !strcmp(model[i].rule->in_port.name, rule->in_port.name) &&
		    !memcmp(&model[i].rule->key, &rule->key, sizeof(rule->key)) &&
		    !memcmp(&model[i].rule->mask, &rule->mask, sizeof(rule->mask)))
			return true;
	}
	return false;
}

/* Few values, so that rules overlap and packets meet them. */
static struct dpu_flow_rule *random_rule(struct dpu_ctx *ctx)
{
	struct dpu_flow_rule *rule;
	char text[300] = "", word[60];

	snprintf(text, sizeof(text), "priority=%u", roll(6));
	if (roll(3) == 0) {
		snprintf(word, sizeof(word), ",in_port=%u", roll(3));
		strcat(text, word);
	}
	if (roll(3) == 0) {
		snprintf(word, sizeof(word), ",dl_dst=02:00:00:00:00:%02x", roll(4));
		strcat(text, word);
	}
	if (roll(4)) {
		strcat(text, roll(2) ? ",udp" : ",tcp");
		if (roll(2)) {
			uint32_t prefix = 28 + roll(5), value = 0x0a000000 | roll(16);

			value &= prefix == 32 ? UINT32_MAX : ~(UINT32_MAX >> prefix);
			snprintf(word, sizeof(word), ",nw_dst=%u.%u.%u.%u/%u", value >> 24, value >> 16 & 255,
				 value >> 8 & 255, value & 255, prefix);
			strcat(text, word);
		}
		if (roll(2)) {
			snprintf(word, sizeof(word), ",tp_dst=%u", roll(8));
			strcat(text, word);
		}
	}
	strcat(text, " actions=output:1");
	must(dpu_flow_rule_parse(ctx, text, &rule) == 0);
	return rule;
}

static void random_packet(struct dpu_flow_packet *packet, uint8_t *frame)
{
	memset(frame, 0, 60);
	frame[0] = frame[6] = 2;
	frame[5] = (uint8_t)roll(4);
	frame[12] = 8;
	frame[14] = 0x45;
	frame[17] = 46;
	frame[23] = roll(2) ? 6 : 17;
	frame[30] = 10;
	frame[33] = (uint8_t)roll(16);
	frame[37] = (uint8_t)roll(8);
	*packet = (struct dpu_flow_packet){ .data = frame, .len = 60, .in_port = roll(3) };
}

static bool lookups_agree(struct dpu_flow_table *table)
{
	static uint8_t frames[100][64];
	struct dpu_flow_packet packets[100];
	uint32_t i, n = 1 + roll(100), found = 0;
	uint64_t ids[100];
	size_t best;
	int got;

	for (i = 0; i < n; i++)
		random_packet(&packets[i], frames[i]);
	got = dpu_flow_lookup(table, packets, n, ids);
	for (i = 0; i < n; i++) {
		best = model_lookup(&packets[i]);
		if (ids[i] != (best == SIZE_MAX ? DPU_FLOW_NONE : model[best].id))
			return false;
		if (best == SIZE_MAX)
			continue;
		found++;
		model[best].packets++;
		model[best].bytes += packets[i].len;
	}
	return got == (int)found;
}

static bool list_agrees(struct dpu_flow_table *table)
{
	DPU_OPTS(dpu_flow_stats, stats);
	struct dpu_flow_list *list;
	uint64_t id, last_id = 0;
	uint32_t last = UINT32_MAX;
	size_t i, j;
	bool same;

	must(dpu_flow_list(table, &list) == 0);
	same = dpu_flow_list_count(list) == model_count;
	for (i = 0; same && i < model_count; i++) {
		struct dpu_flow_rule *rule = dpu_flow_list_get(list, i, &id, &stats);

		for (j = 0; j < model_count && model[j].id != id; j++)
			;
		same = j < model_count && model[j].rule == rule && model[j].packets == stats.packets &&
		       model[j].bytes == stats.bytes && (rule->priority < last || id > last_id) &&
		       rule->priority <= last;
		last = rule->priority;
		last_id = id;
	}
	same = same && !dpu_flow_list_get(list, model_count, NULL, NULL);
	dpu_flow_list_unref(list);
	return same;
}

static void test_model(struct dpu_ctx *ctx)
{
	struct dpu_flow_table *table;
	struct dpu_flow_rule *rule;
	bool same = true, lookups = true, lists = true;
	size_t i, pick, duplicates = 0;
	int rc;

	must(dpu_flow_table_new(ctx, NULL, &table) == 0);
	for (i = 0; i < RULES; i++) {
		rule = random_rule(ctx);
		rc = dpu_flow_insert(table, rule, &model[model_count].id);
		duplicates += rc == -EEXIST;
		same = same && rc == (model_has(rule) ? -EEXIST : 0);
		if (rc == 0) {
			model[model_count].packets = model[model_count].bytes = 0;
			model[model_count++].rule = rule;
		} else {
			dpu_flow_rule_unref(rule);
		}
		if (model_count && roll(4) == 0) {
			pick = roll((uint32_t)model_count);
			same = same && dpu_flow_delete(table, model[pick].id) == 0;
			same = same && dpu_flow_delete(table, model[pick].id) == -ENOENT;
			dpu_flow_rule_unref(model[pick].rule);
			memmove(&model[pick], &model[pick + 1], (--model_count - pick) * sizeof(model[0]));
		}
		if (i % 16 == 0)
			lookups = lookups && lookups_agree(table);
		if (i % 256 == 0)
			lists = lists && list_agrees(table);
	}
	ok(same, "insertion and deletion as the model");
	ok(lookups, "lookups as the model");
	ok(lists && list_agrees(table), "lists and counters as the model");
	ok(duplicates > 10, "there were duplicates: %zu", duplicates);
	is_int(dpu_flow_flush(table), model_count);
	while (model_count)
		dpu_flow_rule_unref(model[--model_count].rule);
	ok(list_agrees(table) && lookups_agree(table), "after a flush the table is empty");
	dpu_flow_table_unref(table);
}

static void test_edges(struct dpu_ctx *ctx)
{
	DPU_OPTS(dpu_flow_table_opts, opts, .max_rules = 2);
	DPU_OPTS(dpu_flow_stats, stats);
	struct dpu_flow_table *table;
	struct dpu_flow_rule *rule;
	uint64_t id, other;

	must(dpu_flow_table_new(ctx, &opts, &table) == 0);
	is_int(dpu_flow_insert_text(table, "in_port=p0 actions=drop", &id), -ENODEV);
	contains(dpu_ctx_error_text(ctx), "p0");
	is_int(dpu_flow_insert_text(table, "actions=output:4294967296", &id), -ENODEV);
	is_int(dpu_flow_insert_text(table, "nw_src=1.2.3.4 actions=drop", &id), -EINVAL);
	must(dpu_flow_rule_parse(ctx, "actions=drop", &rule) == 0);
	is_int(dpu_flow_insert(table, rule, &id), 0);
	is_int(dpu_flow_rule_pop_vlan(rule), -EBUSY);
	is_int(dpu_flow_rule_set_priority(rule, 1), -EBUSY);
	is_int(dpu_flow_rule_match_port(rule, "1"), -EBUSY);
	is_int(dpu_flow_rule_match(rule, DPU_FLOW_IP_TOS, "", NULL, 1), -EBUSY);
	is_int(dpu_flow_insert(table, rule, &other), -EEXIST);
	dpu_flow_rule_unref(rule);
	is_int(dpu_flow_insert_text(table, "priority=1 actions=drop", &other), 0);
	ok(other != id && id != DPU_FLOW_NONE && other != DPU_FLOW_NONE, "numbers of their own");
	is_int(dpu_flow_insert_text(table, "priority=2 actions=drop", NULL), -ENOSPC);
	is_int(dpu_flow_stats(table, other + 1, &stats), -ENOENT);
	stats.sz = 1;
	is_int(dpu_flow_stats(table, id, &stats), -EINVAL);
	is_int(dpu_flow_delete(table, id), 0);
	is_int(dpu_flow_insert_text(table, "priority=3 actions=drop", &id), 0);
	ok(id > other, "a number is never given out twice");
	dpu_flow_table_unref(table);
	opts.reserved = 1;
	is_int(dpu_flow_table_new(ctx, &opts, &table), -EINVAL);
}

/* An allocator that fails once, and counts what is not freed. */
struct failing {
	long left, live;
};

static bool fails(struct failing *failing)
{
	return failing->left >= 0 && failing->left-- == 0;
}

static void *failing_alloc(void *data, size_t size)
{
	struct failing *failing = data;

	if (fails(failing))
		return NULL;
	failing->live++;
	return malloc(size);
}

static void *failing_realloc(void *data, void *ptr, size_t size)
{
	struct failing *failing = data;

	if (fails(failing))
		return NULL;
	failing->live += !ptr;
	return realloc(ptr, size);
}

static void failing_free(void *data, void *ptr)
{
	((struct failing *)data)->live--;
	free(ptr);
}

static int use_table(struct dpu_ctx *ctx)
{
	struct dpu_flow_table *table;
	struct dpu_flow_list *list;
	struct dpu_flow_packet packet = { .data = "" };
	char text[64];
	size_t before;
	uint64_t id;
	int rc, i;

	rc = dpu_flow_table_new(ctx, NULL, &table);
	if (rc < 0)
		return rc;
	for (i = 0; rc == 0 && i < 40; i++) {
		snprintf(text, sizeof(text), "priority=%d,dl_type=0x%x/0x%x actions=1", i / 4, 1 << i % 12,
			 1 << i % 12);
		rc = dpu_flow_insert_text(table, text, NULL);
	}
	before = (size_t)i - (rc < 0);
	if (rc == 0)
		rc = dpu_flow_list(table, &list);
	if (rc == 0)
		dpu_flow_list_unref(list);
	/* A packet that no rule can meet asks every subtable. */
	if (dpu_flow_lookup(table, &packet, 1, &id) != 0)
		rc = -EPROTO;
	/* What was inserted before the failure is there, and no more. */
	if (dpu_flow_flush(table) != (int)before)
		rc = -EPROTO;
	dpu_flow_table_unref(table);
	return rc;
}

static void test_no_memory(void)
{
	struct failing failing = { .left = -1 };
	struct dpu_allocator allocator = { failing_alloc, failing_realloc, failing_free, &failing };
	DPU_OPTS(dpu_ctx_opts, opts, .allocator = &allocator);
	struct dpu_ctx *ctx;
	bool good = true;
	long n;
	int rc = -ENOMEM;

	for (n = 0; rc == -ENOMEM && n < 10000; n++) {
		must(ctx_create(&opts, &ctx) == 0);
		failing.left = n;
		rc = use_table(ctx);
		good = good && (rc == 0 || (rc == -ENOMEM && dpu_error_code(dpu_ctx_error(ctx)) == -ENOMEM));
		failing.left = -1;
		dpu_ctx_unref(ctx);
		good = good && !failing.live;
	}
	is_int(rc, 0);
	ok(good && n > 50, "each of %ld allocations may fail", n - 1);
}

int main(void)
{
	const char *seed = getenv("SEED");
	struct dpu_ctx *ctx;

	state = seed ? strtoull(seed, NULL, 0) : 20261121;
	tap_diag("SEED=%" PRIu64, state);
	must(ctx_create(NULL, &ctx) == 0);
	test_model(ctx);
	test_edges(ctx);
	dpu_ctx_unref(ctx);
	test_no_memory();
	return tap_done();
}
