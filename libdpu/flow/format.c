/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A rule as text, the inverse of parse.c: every rule that the setters can make has a text, and reading that
 * text makes the same rule. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "core/text.h"
#include "flow/rule.h"

struct writer {
	char *buf;
	size_t size;
	size_t len;
	bool more; /* a word has been written: a comma before the next */
};

__attribute__((format(printf, 2, 3))) static void put(struct writer *writer, const char *format, ...)
{
	size_t at = writer->len < writer->size ? writer->len : writer->size;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(at < writer->size ? writer->buf + at : NULL, writer->size - at, format, args);
	va_end(args);
	writer->len += len > 0 ? (size_t)len : 0;
}

static void put_comma(struct writer *writer)
{
	if (writer->more)
		put(writer, ",");
	writer->more = true;
}

/* A name with anything unusual in it is quoted. */
static void put_port(struct writer *writer, const struct flow_port *port)
{
	static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@-";
	const char *quote = port->name[strspn(port->name, usual)] ? "\"" : "";

	put(writer, "%s%s%s", quote, port->name, quote);
}

static const uint8_t *field_bytes(const struct flow_key *key, enum dpu_flow_field field)
{
	return (const uint8_t *)key + flow_field_find(field)->offset;
}

static unsigned int number(const struct flow_key *key, enum dpu_flow_field field)
{
	const uint8_t *bytes = field_bytes(key, field);

	return flow_field_find(field)->size == 2 ? (unsigned int)(bytes[0] << 8 | bytes[1]) : bytes[0];
}

static bool is_full(const uint8_t *mask, size_t size)
{
	while (size && mask[size - 1] == 0xff)
		size--;
	return !size;
}

static bool is_exact(const struct dpu_flow_rule *rule, enum dpu_flow_field field)
{
	return flow_rule_has(rule, field) &&
	       is_full(field_bytes(&rule->mask, field), flow_field_find(field)->size);
}

static void put_number(struct writer *writer, const struct dpu_flow_rule *rule, const char *name,
		       enum dpu_flow_field field, bool hex)
{
	unsigned int value = number(&rule->key, field);

	if (!flow_rule_has(rule, field))
		return;
	put_comma(writer);
	put(writer, "%s=", name);
	if (!is_exact(rule, field))
		put(writer, "0x%x/0x%x", value, number(&rule->mask, field));
	else
		put(writer, hex ? "0x%04x" : "%u", value);
}

static void put_mac(struct writer *writer, const struct dpu_flow_rule *rule, const char *name,
		    enum dpu_flow_field field)
{
	char value[18], mask[18];

	if (!flow_rule_has(rule, field))
		return;
	text_mac_format(field_bytes(&rule->key, field), value);
	text_mac_format(field_bytes(&rule->mask, field), mask);
	put_comma(writer);
	put(writer, "%s=%s", name, value);
	if (!is_exact(rule, field))
		put(writer, "/%s", mask);
}

/* The length of the prefix that a mask is, or -1 when it is none. */
static int prefix_length(const uint8_t *mask, size_t size)
{
	int bits = (int)size * 8, length = 0, i;

	while (length < bits && mask[length / 8] & 0x80 >> length % 8)
		length++;
	for (i = length; i < bits; i++) {
		if (mask[i / 8] & 0x80 >> i % 8)
			return -1;
	}
	return length;
}

static void put_address(struct writer *writer, const struct dpu_flow_rule *rule, const char *name, int family,
			enum dpu_flow_field field)
{
	const uint8_t *mask = field_bytes(&rule->mask, field);
	int prefix = prefix_length(mask, flow_field_find(field)->size);
	char text[INET6_ADDRSTRLEN];

	if (!flow_rule_has(rule, field))
		return;
	put_comma(writer);
	put(writer, "%s=%s", name, inet_ntop(family, field_bytes(&rule->key, field), text, sizeof(text)));
	if (is_exact(rule, field))
		return;
	if (prefix >= 0)
		put(writer, "/%d", prefix);
	else
		put(writer, "/%s", inet_ntop(family, mask, text, sizeof(text)));
}

static void put_vlan(struct writer *writer, const struct dpu_flow_rule *rule)
{
	unsigned int vid = number(&rule->key, DPU_FLOW_VLAN_VID);

	if (!is_exact(rule, DPU_FLOW_VLAN_VID)) {
		put_number(writer, rule, "vlan_vid", DPU_FLOW_VLAN_VID, true);
		return;
	}
	put_comma(writer);
	if (vid)
		put(writer, "dl_vlan=%u", vid & 0xfff);
	else
		put(writer, "dl_vlan=0xffff");
}

/* The word for an Ethernet type alone or with a protocol; NULL when there is none. */
static const char *short_form(uint16_t type, int proto)
{
	if (type == 0x0806 && proto < 0)
		return "arp";
	if (type != 0x0800 && type != 0x86dd)
		return NULL;
	switch (proto) {
	case -1:
		return type == 0x0800 ? "ip" : "ipv6";
	case 6:
		return type == 0x0800 ? "tcp" : "tcp6";
	case 17:
		return type == 0x0800 ? "udp" : "udp6";
	case 132:
		return type == 0x0800 ? "sctp" : "sctp6";
	case 1:
		return type == 0x0800 ? "icmp" : NULL;
	case 58:
		return type == 0x86dd ? "icmp6" : NULL;
	default:
		return NULL;
	}
}

/* Ethernet type and protocol, in one word where there is one. */
static void put_protocol(struct writer *writer, const struct dpu_flow_rule *rule)
{
	uint16_t type = is_exact(rule, DPU_FLOW_ETH_TYPE) ? ntohs(rule->key.eth_type) : 0;
	const char *both = NULL, *one = short_form(type, -1);

	if (is_exact(rule, DPU_FLOW_IP_PROTO))
		both = short_form(type, rule->key.ip_proto);
	if (both || one) {
		put_comma(writer);
		put(writer, "%s", both ? both : one);
	} else {
		put_number(writer, rule, "dl_type", DPU_FLOW_ETH_TYPE, true);
	}
	if (!both)
		put_number(writer, rule, "nw_proto", DPU_FLOW_IP_PROTO, false);
}

/* Ports, or the type and code of ICMP where the protocol says so and the value is one. */
static void put_l4(struct writer *writer, const struct dpu_flow_rule *rule)
{
	bool icmp =
		is_exact(rule, DPU_FLOW_IP_PROTO) && (rule->key.ip_proto == 1 || rule->key.ip_proto == 58);
	bool type = icmp && number(&rule->key, DPU_FLOW_L4_SRC) <= 0xff;
	bool code = icmp && number(&rule->key, DPU_FLOW_L4_DST) <= 0xff;

	put_number(writer, rule, type ? "icmp_type" : "tp_src", DPU_FLOW_L4_SRC, false);
	put_number(writer, rule, code ? "icmp_code" : "tp_dst", DPU_FLOW_L4_DST, false);
}

static void put_match(struct writer *writer, const struct dpu_flow_rule *rule)
{
	if (rule->priority != FLOW_DEFAULT_PRIORITY) {
		put_comma(writer);
		put(writer, "priority=%" PRIu32, rule->priority);
	}
	if (rule->match_port) {
		put_comma(writer);
		put(writer, "in_port=");
		put_port(writer, &rule->in_port);
	}
	put_protocol(writer, rule);
	put_mac(writer, rule, "dl_src", DPU_FLOW_ETH_SRC);
	put_mac(writer, rule, "dl_dst", DPU_FLOW_ETH_DST);
	put_vlan(writer, rule);
	put_number(writer, rule, "dl_vlan_pcp", DPU_FLOW_VLAN_PCP, false);
	put_address(writer, rule, "nw_src", AF_INET, DPU_FLOW_IPV4_SRC);
	put_address(writer, rule, "nw_dst", AF_INET, DPU_FLOW_IPV4_DST);
	put_address(writer, rule, "ipv6_src", AF_INET6, DPU_FLOW_IPV6_SRC);
	put_address(writer, rule, "ipv6_dst", AF_INET6, DPU_FLOW_IPV6_DST);
	put_number(writer, rule, "nw_tos", DPU_FLOW_IP_TOS, false);
	put_l4(writer, rule);
	put_number(writer, rule, "arp_op", DPU_FLOW_ARP_OP, false);
}

static void put_action(struct writer *writer, const struct flow_action *action)
{
	char mac[18];

	put_comma(writer);
	switch (action->type) {
	case FLOW_ACTION_OUTPUT:
		put(writer, "output:");
		put_port(writer, &action->port);
		break;
	case FLOW_ACTION_PUSH_VLAN:
		put(writer, "push_vlan:%u", action->vlan_tci & 0xfffU);
		if (action->vlan_tci >> 13)
			put(writer, ":%u", (unsigned int)action->vlan_tci >> 13);
		break;
	case FLOW_ACTION_POP_VLAN:
		put(writer, "pop_vlan");
		break;
	case FLOW_ACTION_SET_FIELD:
		text_mac_format(action->value, mac);
		put(writer, "mod_dl_%s:%s", action->field == DPU_FLOW_ETH_SRC ? "src" : "dst", mac);
		break;
	}
}

int dpu_flow_rule_format(const struct dpu_flow_rule *rule, char *buf, size_t size)
{
	struct writer writer = { .buf = buf, .size = size };
	uint32_t i;

	put_match(&writer, rule);
	put(&writer, "%sactions=", writer.more ? " " : "");
	writer.more = false;
	for (i = 0; i < rule->action_count; i++)
		put_action(&writer, &rule->actions[i]);
	if (!rule->action_count)
		put(&writer, "drop");
	return (int)writer.len;
}
