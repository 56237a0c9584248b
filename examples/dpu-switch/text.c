/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A rule's text, as dpu_flow_rule_format() writes it: the words for ports are changed into numbers, and the
 * actions are read. */
#include <errno.h>
#include <stdlib.h>
#include "switch.h"

/* The next word of a list, up to a comma that is not in quotes; its length, and how far to go on. */
static size_t word_length(const char *text)
{
	bool quoted = false;
	size_t i;

	for (i = 0; text[i] && (quoted || (text[i] != ',' && text[i] != ' ')); i++) {
		if (text[i] == '"')
			quoted = !quoted;
	}
	return i;
}

/* A member's place by its name, in quotes or not, or by the number of its network device. */
static uint32_t find_member(const struct members *members, const char *name, size_t len)
{
	unsigned long number;
	uint32_t i;
	char *end;

	if (len >= 2 && *name == '"') {
		name++;
		len -= 2;
	}
	number = strtoul(name, &end, 10);
	for (i = 0; i < members->count; i++) {
		if (strlen(members->all[i].name) == len && !memcmp(members->all[i].name, name, len))
			return i;
		if (len && (size_t)(end - name) == len && number && number == members->all[i].ifindex)
			return i;
	}
	return OUTPUT_NOWHERE;
}

static bool parse_mac(const char *text, uint8_t mac[6])
{
	unsigned int m[6];
	int i;

	if (sscanf(text, "%x:%x:%x:%x:%x:%x", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]) != 6)
		return false;
	for (i = 0; i < 6; i++)
		mac[i] = (uint8_t)m[i];
	return true;
}

static bool starts(const char *word, size_t len, const char *with, const char **value)
{
	size_t n = strlen(with);

	if (len < n || memcmp(word, with, n) != 0)
		return false;
	*value = word + n;
	return true;
}

/* 1 for an action, 0 for one that does nothing, -EINVAL for one that is not known. */
static int read_action(const struct members *members, const char *word, size_t len, struct action *action)
{
	unsigned int vid, pcp = 0;
	const char *value;

	memset(action, 0, sizeof(*action));
	if (starts(word, len, "output:", &value)) {
		action->type = ACTION_OUTPUT;
		action->output = find_member(members, value, len - (size_t)(value - word));
		return 1;
	}
	if (starts(word, len, "push_vlan:", &value)) {
		if (sscanf(value, "%u:%u", &vid, &pcp) < 1)
			return -EINVAL;
		action->type = ACTION_PUSH_VLAN;
		action->tci = (uint16_t)(pcp << 13 | vid);
		return 1;
	}
	if (starts(word, len, "mod_dl_src:", &value)) {
		action->type = ACTION_SET_SRC;
		return parse_mac(value, action->mac) ? 1 : -EINVAL;
	}
	if (starts(word, len, "mod_dl_dst:", &value)) {
		action->type = ACTION_SET_DST;
		return parse_mac(value, action->mac) ? 1 : -EINVAL;
	}
	if (len == 8 && memcmp(word, "pop_vlan", 8) == 0) {
		action->type = ACTION_POP_VLAN;
		return 1;
	}
	return len == 4 && memcmp(word, "drop", 4) == 0 ? 0 : -EINVAL;
}

static int read_actions(const struct members *members, const char *text, struct action *actions,
			uint32_t *count)
{
	size_t len;
	int rc;

	*count = 0;
	for (; *text; text += len + (text[len] != '\0')) {
		len = word_length(text);
		if (*count == ACTIONS_MAX)
			return -EINVAL;
		rc = read_action(members, text, len, &actions[*count]);
		if (rc < 0)
			return rc;
		*count += (uint32_t)rc;
	}
	return 0;
}

/* Ports that nothing stands for get a number that no packet comes from. */
static int write_port(char *match, size_t size, size_t at, uint32_t member)
{
	return snprintf(match + at, size - at, "in_port=%u,",
			member == OUTPUT_NOWHERE ? PORTS_MAX + 1 : member + 1);
}

int rule_translate(const struct members *members, const char *text, char *match, size_t size,
		   struct action *actions, uint32_t *count)
{
	const char *value, *end = strstr(text, "actions=");
	size_t len, at = 0;
	int n;

	if (!end)
		return -EINVAL;
	for (; text < end; text += len + 1) {
		len = word_length(text);
		if (!len)
			continue;
		if (starts(text, len, "in_port=", &value))
			n = write_port(match, size, at,
				       find_member(members, value, len - (size_t)(value - text)));
		else
			n = snprintf(match + at, size - at, "%.*s,", (int)len, text);
		at += (size_t)n;
		if (at >= size)
			return -EINVAL;
	}
	/* What is to be done is known here; the table only has to find the rule. */
	if (at)
		match[--at] = '\0';
	n = snprintf(match + at, size - at, "%sactions=drop", at ? " " : "");
	if (at + (size_t)n >= size)
		return -EINVAL;
	return read_actions(members, end + strlen("actions="), actions, count);
}
