/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A rule from text. The grammar is in dpu-flow(7); format.c is the inverse. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include "core/text.h"
#include "flow/rule.h"

#define STEP "parse flow"

struct parser {
	struct dpu_ctx *ctx;
	const char *text;
	const char *at;
	struct dpu_flow_rule *rule;
	bool first; /* no word has been read in this list */
	size_t column;
	char word[128];
};

static int wrong(struct parser *parser, const char *reason)
{
	return ctx_fail(parser->ctx, -EINVAL, STEP, parser->text, "column %zu: \"%s\": %s", parser->column,
			parser->word, reason);
}

/* The rule's own words about what it just refused. */
static int refused(struct parser *parser, int rc)
{
	return rc == -EINVAL ? wrong(parser, parser->ctx->error.message) : rc;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* How long the word at text is. Within quotes a comma or a space is part of it. */
static size_t word_length(const char *text)
{
	bool quoted = false;
	size_t i;

	for (i = 0; text[i] && (quoted || (text[i] != ',' && !is_space(text[i]))); i++) {
		if (text[i] == '"')
			quoted = !quoted;
	}
	return i;
}

/* The next word of a list: 1, 0 at the end, or -EINVAL. */
static int next_word(struct parser *parser)
{
	bool comma = false;
	size_t len;

	parser->word[0] = '\0';
	for (; *parser->at == ',' || is_space(*parser->at); parser->at++) {
		if (*parser->at != ',')
			continue;
		parser->column = (size_t)(parser->at - parser->text) + 1;
		if (comma || parser->first)
			return wrong(parser, "a word is missing before the comma");
		comma = true;
	}
	parser->column = (size_t)(parser->at - parser->text) + 1;
	if (!*parser->at)
		return comma ? wrong(parser, "a word is missing after the comma") : 0;
	len = word_length(parser->at);
	memcpy(parser->word, parser->at, len < sizeof(parser->word) ? len : sizeof(parser->word) - 1);
	parser->word[len < sizeof(parser->word) ? len : sizeof(parser->word) - 1] = '\0';
	if (len >= sizeof(parser->word))
		return wrong(parser, "the word is too long");
	parser->at += len;
	parser->first = false;
	return 1;
}

/* A port's name, with or without quotes, into name. */
static int read_port(struct parser *parser, const char *text, char *name, size_t size)
{
	size_t len = strlen(text);

	if (text[0] == '"') {
		if (len < 2 || text[len - 1] != '"')
			return wrong(parser, "the quote is not closed");
		text++;
		len -= 2;
	}
	if (len >= size)
		return wrong(parser, "a port's name is longer than 15 characters");
	memcpy(name, text, len);
	name[len] = '\0';
	return 0;
}

/* Sets a field. What is said twice must be the same both times. */
static int match(struct parser *parser, enum dpu_flow_field field, const void *value, const void *mask)
{
	const struct flow_field *where = flow_field_find(field);
	struct dpu_flow_rule *rule = parser->rule;
	struct flow_key key = rule->key, bits = rule->mask;
	uint32_t before = rule->fields;
	int rc;

	rc = dpu_flow_rule_match(rule, field, value, mask, where->size);
	if (rc < 0)
		return refused(parser, rc);
	if (before & ~rule->fields ||
	    (before >> field & 1 &&
	     (memcmp(&key, &rule->key, sizeof(key)) != 0 || memcmp(&bits, &rule->mask, sizeof(bits)) != 0)))
		return wrong(parser, "contradicts what comes before");
	return 0;
}

static int match_type(struct parser *parser, uint16_t type)
{
	type = htons(type);
	return match(parser, DPU_FLOW_ETH_TYPE, &type, NULL);
}

/* Words without a value. */
static const struct short_form {
	const char *name;
	uint16_t type;
	int proto; /* -1: none */
} short_forms[] = {
	{ "ip", 0x0800, -1 },   { "ipv6", 0x86dd, -1 },   { "arp", 0x0806, -1 },   { "tcp", 0x0800, 6 },
	{ "udp", 0x0800, 17 },  { "sctp", 0x0800, 132 },  { "icmp", 0x0800, 1 },   { "tcp6", 0x86dd, 6 },
	{ "udp6", 0x86dd, 17 }, { "sctp6", 0x86dd, 132 }, { "icmp6", 0x86dd, 58 },
};

static int parse_short_form(struct parser *parser)
{
	const struct short_form *form = short_forms;
	const struct short_form *end = form + sizeof(short_forms) / sizeof(short_forms[0]);
	uint8_t proto;
	int rc;

	if (!strcmp(parser->word, "any"))
		return 0;
	while (form < end && strcmp(form->name, parser->word) != 0)
		form++;
	if (form == end)
		return wrong(parser, "unknown word");
	rc = match_type(parser, form->type);
	if (rc < 0 || form->proto < 0)
		return rc;
	proto = (uint8_t)form->proto;
	return match(parser, DPU_FLOW_IP_PROTO, &proto, NULL);
}

enum value_kind {
	VALUE_NUMBER,
	VALUE_MAC,
	VALUE_IPV4,
	VALUE_IPV6,
};

/* Words with a value for a field. */
static const struct field_word {
	const char *name;
	enum dpu_flow_field field;
	enum value_kind kind;
	uint32_t max;
} field_words[] = {
	{ "dl_src", DPU_FLOW_ETH_SRC, VALUE_MAC, 0 },
	{ "dl_dst", DPU_FLOW_ETH_DST, VALUE_MAC, 0 },
	{ "dl_type", DPU_FLOW_ETH_TYPE, VALUE_NUMBER, 0xffff },
	{ "vlan_vid", DPU_FLOW_VLAN_VID, VALUE_NUMBER, 0x1fff },
	{ "dl_vlan_pcp", DPU_FLOW_VLAN_PCP, VALUE_NUMBER, 7 },
	{ "nw_src", DPU_FLOW_IPV4_SRC, VALUE_IPV4, 0 },
	{ "nw_dst", DPU_FLOW_IPV4_DST, VALUE_IPV4, 0 },
	{ "ipv6_src", DPU_FLOW_IPV6_SRC, VALUE_IPV6, 0 },
	{ "ipv6_dst", DPU_FLOW_IPV6_DST, VALUE_IPV6, 0 },
	{ "nw_proto", DPU_FLOW_IP_PROTO, VALUE_NUMBER, 0xff },
	{ "nw_tos", DPU_FLOW_IP_TOS, VALUE_NUMBER, 0xff },
	{ "tp_src", DPU_FLOW_L4_SRC, VALUE_NUMBER, 0xffff },
	{ "tp_dst", DPU_FLOW_L4_DST, VALUE_NUMBER, 0xffff },
	{ "icmp_type", DPU_FLOW_L4_SRC, VALUE_NUMBER, 0xff },
	{ "icmp_code", DPU_FLOW_L4_DST, VALUE_NUMBER, 0xff },
	{ "arp_op", DPU_FLOW_ARP_OP, VALUE_NUMBER, 0xffff },
};

/* A number of one or two bytes, in network byte order. */
static bool read_number(const char *text, uint64_t max, size_t size, uint8_t *bytes)
{
	uint64_t number;

	if (!text_number(text, max, &number))
		return false;
	if (size == 2)
		*bytes++ = (uint8_t)(number >> 8);
	*bytes = (uint8_t)number;
	return true;
}

static bool read_value(const struct field_word *word, const char *text, uint64_t max, uint8_t *bytes)
{
	switch (word->kind) {
	case VALUE_MAC:
		return text_mac(text, bytes);
	case VALUE_IPV4:
		return inet_pton(AF_INET, text, bytes) == 1;
	case VALUE_IPV6:
		return inet_pton(AF_INET6, text, bytes) == 1;
	case VALUE_NUMBER:
		break;
	}
	return read_number(text, max, flow_field_find(word->field)->size, bytes);
}

/* What comes after the slash: a prefix length of an IP address, or a mask in the form of the value. */
static bool read_mask(const struct field_word *word, const char *text, uint8_t *bytes)
{
	size_t i, size = flow_field_find(word->field)->size;
	uint64_t prefix;

	if (word->kind == VALUE_NUMBER)
		return read_number(text, size == 2 ? 0xffff : 0xff, size, bytes);
	if (word->kind == VALUE_MAC || !text_number(text, size * 8, &prefix))
		return read_value(word, text, 0, bytes);
	for (i = 0; i < size * 8; i++) {
		if (i % 8 == 0)
			bytes[i / 8] = 0;
		if (i < prefix)
			bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
	}
	return true;
}

static int parse_field(struct parser *parser, const char *name, const char *text)
{
	const struct field_word *word = field_words;
	const struct field_word *end = word + sizeof(field_words) / sizeof(field_words[0]);
	uint8_t value[16], mask[16];
	char copy[sizeof(parser->word)];
	char *slash;

	while (word < end && strcmp(word->name, name) != 0)
		word++;
	if (word == end)
		return wrong(parser, "unknown word");
	text_copy(copy, sizeof(copy), text);
	slash = strchr(copy, '/');
	if (slash)
		*slash++ = '\0';
	if (!read_value(word, copy, word->max, value))
		return wrong(parser, "the value is malformed or out of range");
	if (slash && !read_mask(word, slash, mask))
		return wrong(parser, "the mask is malformed or out of range");
	return match(parser, word->field, value, slash ? mask : NULL);
}

/* ovs-ofctl's word: a number of 12 bits, or 0xffff for no tag. */
static int parse_dl_vlan(struct parser *parser, const char *text)
{
	uint64_t number;
	uint16_t vid;

	if (!text_number(text, 0xffff, &number) || (number > 0xfff && number != 0xffff))
		return wrong(parser, "a VLAN number is 0 to 4095, or 0xffff for no tag");
	vid = htons(number == 0xffff ? 0 : (uint16_t)(0x1000 | number));
	return match(parser, DPU_FLOW_VLAN_VID, &vid, NULL);
}

static int parse_in_port(struct parser *parser, const char *text)
{
	char name[sizeof(parser->rule->in_port.name)];
	int rc;

	if (parser->rule->match_port)
		return wrong(parser, "in_port is given twice");
	rc = read_port(parser, text, name, sizeof(name));
	return rc < 0 ? rc : refused(parser, dpu_flow_rule_match_port(parser->rule, name));
}

static int parse_match_word(struct parser *parser)
{
	char name[sizeof(parser->word)];
	uint64_t number;
	char *value;

	text_copy(name, sizeof(name), parser->word);
	value = strchr(name, '=');
	if (!value)
		return parse_short_form(parser);
	*value++ = '\0';
	if (!strcmp(name, "table"))
		return text_number(value, 0, &number) ? 0 : wrong(parser, "there is table 0 only");
	if (!strcmp(name, "priority")) {
		if (!text_number(value, UINT16_MAX, &number))
			return wrong(parser, "a priority is 0 to 65535");
		return dpu_flow_rule_set_priority(parser->rule, (uint32_t)number);
	}
	if (!strcmp(name, "in_port"))
		return parse_in_port(parser, value);
	if (!strcmp(name, "dl_vlan"))
		return parse_dl_vlan(parser, value);
	return parse_field(parser, name, value);
}

/* VID[:PCP] */
static int parse_push_vlan(struct parser *parser, char *text)
{
	uint64_t vid, pcp = 0;
	char *colon = strchr(text, ':');

	if (colon)
		*colon++ = '\0';
	if (!text_number(text, 4095, &vid))
		return wrong(parser, "a VLAN number is 0 to 4095");
	if (colon && !text_number(colon, 7, &pcp))
		return wrong(parser, "a VLAN priority is 0 to 7");
	return dpu_flow_rule_push_vlan(parser->rule, (uint16_t)vid, (uint8_t)pcp);
}

static int parse_mac_action(struct parser *parser, enum dpu_flow_field field, const char *text)
{
	uint8_t mac[6];

	if (!text_mac(text, mac))
		return wrong(parser, "the MAC address is malformed");
	return dpu_flow_rule_set_field(parser->rule, field, mac, sizeof(mac));
}

static int parse_output(struct parser *parser, const char *text)
{
	char name[sizeof(parser->rule->in_port.name)];
	int rc = read_port(parser, text, name, sizeof(name));

	return rc < 0 ? rc : refused(parser, dpu_flow_rule_output(parser->rule, name));
}

static int parse_action(struct parser *parser)
{
	char name[sizeof(parser->word)];
	char *value;

	text_copy(name, sizeof(name), parser->word);
	if (!strcmp(name, "pop_vlan"))
		return dpu_flow_rule_pop_vlan(parser->rule);
	if (!strcmp(name, "drop"))
		return wrong(parser, "drop stands alone");
	/* A quoted port may have a colon only by mistake, which is reported as such. */
	value = name[0] == '"' ? NULL : strchr(name, ':');
	if (!value)
		return parse_output(parser, name);
	*value++ = '\0';
	if (!strcmp(name, "output"))
		return parse_output(parser, value);
	if (!strcmp(name, "push_vlan"))
		return parse_push_vlan(parser, value);
	if (!strcmp(name, "mod_dl_src"))
		return parse_mac_action(parser, DPU_FLOW_ETH_SRC, value);
	if (!strcmp(name, "mod_dl_dst"))
		return parse_mac_action(parser, DPU_FLOW_ETH_DST, value);
	return wrong(parser, "unknown action");
}

static int parse_actions(struct parser *parser)
{
	unsigned int count = 0;
	bool drop = false;
	int rc;

	parser->first = true;
	while ((rc = next_word(parser)) > 0) {
		if (drop)
			return wrong(parser, "drop stands alone");
		drop = !count++ && !strcmp(parser->word, "drop");
		rc = drop ? 0 : parse_action(parser);
		if (rc == -ENOSPC)
			return wrong(parser, "a rule has at most 16 actions");
		if (rc < 0)
			return rc;
	}
	if (rc == 0 && !count)
		return wrong(parser, "an action is missing");
	return rc;
}

static int parse_rule(struct parser *parser)
{
	static const char actions[] = "actions=";
	int rc;

	parser->first = true;
	while ((rc = next_word(parser)) > 0) {
		if (!strncmp(parser->word, actions, sizeof(actions) - 1)) {
			parser->at = parser->text + parser->column - 1 + sizeof(actions) - 1;
			return parse_actions(parser);
		}
		rc = parse_match_word(parser);
		if (rc < 0)
			return rc;
	}
	return rc < 0 ? rc : wrong(parser, "actions= is missing");
}

int dpu_flow_rule_parse(struct dpu_ctx *ctx, const char *text, struct dpu_flow_rule **ret)
{
	struct parser parser = { .ctx = ctx, .text = text, .at = text };
	int rc;

	rc = dpu_flow_rule_new(ctx, &parser.rule);
	if (rc < 0)
		return rc;
	rc = parse_rule(&parser);
	if (rc < 0) {
		dpu_flow_rule_unref(parser.rule);
		return rc;
	}
	*ret = parser.rule;
	return 0;
}
