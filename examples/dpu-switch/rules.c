/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The e-switch's table is the one that counts, whoever changes it. It is looked at again and again, and what
 * is new or gone is told to the workers, a few rules at a time, so that packets wait only shortly. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include "switch.h"

#define CHUNK 64
#define INTERVAL_MS 100
#define TEXT 1024

struct rule {
	uint64_t id;
	char *text;
	uint64_t *local; /* by worker: its number there, 0: it could not be inserted */
};

struct rules {
	struct dpu_flow_table *table;
	struct dpu_ctx *ctx;
	const struct members *members;
	struct workers *workers;
	struct rule *all; /* by id */
	size_t count;
	uint64_t next_look;
	bool failed; /* it has been said that the table cannot be read */
};

static struct lane *lane_of(const struct rules *rules, uint32_t worker)
{
	return rules->workers->all[worker].data;
}

int rules_open(struct dpu_device *device, const struct members *members, struct workers *workers,
	       struct rules **ret)
{
	struct rules *rules = calloc(1, sizeof(*rules));
	int rc;

	if (!rules)
		return -ENOMEM;
	rules->members = members;
	rules->workers = workers;
	rules->ctx = dpu_device_ctx(device);
	rc = dpu_flow_table_open(device, NULL, &rules->table);
	if (rc < 0) {
		free(rules);
		return rc;
	}
	*ret = rules;
	return 0;
}

static void rule_free(struct rule *rule)
{
	free(rule->text);
	free(rule->local);
}

void rules_close(struct rules *rules)
{
	size_t i;

	if (!rules)
		return;
	for (i = 0; i < rules->count; i++)
		rule_free(&rules->all[i]);
	free(rules->all);
	dpu_flow_table_unref(rules->table);
	free(rules);
}

int rules_load(struct rules *rules, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[TEXT];
	int rc = 0;

	if (!file) {
		rc = -errno;
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return rc;
	}
	while (rc == 0 && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "#\n")] = '\0';
		if (!line[strspn(line, " \t")])
			continue;
		rc = dpu_flow_insert_text(rules->table, line, NULL);
		if (rc == -EEXIST) /* from the last time */
			rc = 0;
		if (rc < 0)
			fprintf(stderr, "%s: %s: %s\n", path, line, dpu_ctx_error_text(rules->ctx));
	}
	fclose(file);
	return rc;
}

/* Tells one worker, which is held. */
static void insert_at(struct rules *rules, struct rule *rule, const char *match, const struct action *actions,
		      uint32_t count)
{
	struct lane *lane;
	uint32_t w;
	int rc;

	for (w = 0; w < rules->workers->count; w++) {
		lane = lane_of(rules, w);
		rc = lane_insert(lane, rule->id, match, actions, count, &rule->local[w]);
		if (rc < 0)
			fprintf(stderr, "rule %" PRIu64 ", %s: %s\n", rule->id, rule->text,
				rc == -ENOMEM ? strerror(ENOMEM) : dpu_ctx_error_text(lane->ctx));
	}
}

static void insert(struct rules *rules, struct rule *rules_new, size_t count)
{
	struct action actions[ACTIONS_MAX];
	uint32_t action_count;
	char match[TEXT];
	size_t i;

	workers_hold(rules->workers);
	for (i = 0; i < count; i++) {
		if (rule_translate(rules->members, rules_new[i].text, match, sizeof(match), actions,
				   &action_count) < 0)
			fprintf(stderr, "rule %" PRIu64 ", %s: is not understood\n", rules_new[i].id,
				rules_new[i].text);
		else
			insert_at(rules, &rules_new[i], match, actions, action_count);
	}
	workers_release(rules->workers);
}

static void delete (struct rules *rules, struct rule *const *old, size_t count)
{
	size_t i;
	uint32_t w;

	workers_hold(rules->workers);
	for (i = 0; i < count; i++) {
		for (w = 0; w < rules->workers->count; w++) {
			if (old[i]->local[w])
				lane_delete(lane_of(rules, w), old[i]->local[w]);
		}
	}
	workers_release(rules->workers);
}

static int by_id(const void *a, const void *b)
{
	const struct rule *left = a, *right = b;

	return left->id < right->id ? -1 : left->id > right->id;
}

/* What the table has now: text only of what was not there before. */
static int read_table(struct rules *rules, struct dpu_flow_list *list, struct rule *now, size_t count)
{
	struct dpu_flow_rule *rule;
	struct rule *known;
	char text[TEXT];
	size_t i;

	for (i = 0; i < count; i++) {
		rule = dpu_flow_list_get(list, i, &now[i].id, NULL);
		known = rules->count ? bsearch(&now[i], rules->all, rules->count, sizeof(*now), by_id) : NULL;
		if (known) {
			now[i] = *known;
			continue;
		}
		dpu_flow_rule_format(rule, text, sizeof(text));
		now[i].text = strdup(text);
		now[i].local = calloc(rules->workers->count, sizeof(uint64_t));
		if (!now[i].text || !now[i].local)
			return -ENOMEM;
	}
	qsort(now, count, sizeof(*now), by_id);
	return 0;
}

/* Deletes what is gone, a chunk at a time. */
static void delete_gone(struct rules *rules, const struct rule *now, size_t count)
{
	struct rule *gone[CHUNK];
	size_t i, n = 0, k;

	for (i = 0; i < rules->count; i++) {
		if (!count || !bsearch(&rules->all[i], now, count, sizeof(*now), by_id))
			gone[n++] = &rules->all[i];
		if (n < CHUNK && (!n || i + 1 < rules->count))
			continue;
		delete (rules, gone, n);
		for (k = 0; k < n; k++)
			rule_free(gone[k]);
		n = 0;
	}
}

/* Inserts what is new: those have no number at any worker yet. */
static void insert_new(struct rules *rules, struct rule *now, size_t count)
{
	size_t i, n;

	for (i = 0; i < count; i += n) {
		n = 1;
		if (rules->count && bsearch(&now[i], rules->all, rules->count, sizeof(*now), by_id))
			continue;
		while (n < CHUNK && i + n < count &&
		       !(rules->count && bsearch(&now[i + n], rules->all, rules->count, sizeof(*now), by_id)))
			n++;
		insert(rules, &now[i], n);
	}
}

static int follow(struct rules *rules)
{
	struct dpu_flow_list *list;
	struct rule *now;
	size_t count;
	int rc;

	rc = dpu_flow_list(rules->table, &list);
	if (rc < 0)
		return rc;
	count = dpu_flow_list_count(list);
	now = calloc(count + 1, sizeof(*now));
	rc = now ? read_table(rules, list, now, count) : -ENOMEM;
	dpu_flow_list_unref(list);
	if (rc < 0) {
		free(now);
		return rc;
	}
	insert_new(rules, now, count);
	delete_gone(rules, now, count);
	free(rules->all);
	rules->all = now;
	rules->count = count;
	return 0;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void rules_follow(struct rules *rules)
{
	uint64_t begin = now_ms(), took;
	int rc;

	if (begin < rules->next_look)
		return;
	rc = follow(rules);
	if (rc < 0 && !rules->failed)
		fprintf(stderr, "read the flow table: %s\n",
			rc == -ENOMEM ? strerror(ENOMEM) : dpu_ctx_error_text(rules->ctx));
	rules->failed = rc < 0;
	/* A large table takes a tenth of the time at most. */
	took = now_ms() - begin;
	rules->next_look = begin + (10 * took > INTERVAL_MS ? 10 * took : INTERVAL_MS);
}

void rules_each(struct rules *rules, void (*each)(void *arg, const struct rule_total *total), void *arg)
{
	struct rule_total none = { .text = "no rule" };
	uint32_t w;
	size_t i;

	for (w = 0; w < rules->workers->count; w++) {
		lane_count(lane_of(rules, w));
		none.packets += lane_of(rules, w)->none.packets;
		none.bytes += lane_of(rules, w)->none.bytes;
	}
	for (i = 0; i < rules->count; i++) {
		struct rule_total total = { .rule = rules->all[i].id, .text = rules->all[i].text };

		for (w = 0; w < rules->workers->count; w++) {
			const struct lane *lane = lane_of(rules, w);

			if (!rules->all[i].local[w])
				continue;
			total.packets += lane->entries[rules->all[i].local[w]]->packets;
			total.bytes += lane->entries[rules->all[i].local[w]]->bytes;
		}
		each(arg, &total);
	}
	each(arg, &none);
}
