/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include "core/text.h"
#include "flow/rule.h"

#define STEP "flow rule"

#define FIELD(member, bytes)                                                                                 \
	{                                                                                                    \
		.offset = offsetof(struct flow_key, member), .size = (bytes)                                 \
	}

static const struct flow_field fields[] = {
	[DPU_FLOW_ETH_DST] = FIELD(eth_dst, 6),   [DPU_FLOW_ETH_SRC] = FIELD(eth_src, 6),
	[DPU_FLOW_ETH_TYPE] = FIELD(eth_type, 2), [DPU_FLOW_VLAN_VID] = FIELD(vlan_vid, 2),
	[DPU_FLOW_VLAN_PCP] = FIELD(vlan_pcp, 1), [DPU_FLOW_IPV4_SRC] = FIELD(ip_src, 4),
	[DPU_FLOW_IPV4_DST] = FIELD(ip_dst, 4),   [DPU_FLOW_IPV6_SRC] = FIELD(ip_src, 16),
	[DPU_FLOW_IPV6_DST] = FIELD(ip_dst, 16),  [DPU_FLOW_IP_PROTO] = FIELD(ip_proto, 1),
	[DPU_FLOW_IP_TOS] = FIELD(ip_tos, 1),     [DPU_FLOW_L4_SRC] = FIELD(l4_src, 2),
	[DPU_FLOW_L4_DST] = FIELD(l4_dst, 2),     [DPU_FLOW_ARP_OP] = FIELD(arp_op, 2),
};

const struct flow_field *flow_field_find(enum dpu_flow_field field)
{
	return (size_t)field < sizeof(fields) / sizeof(fields[0]) ? &fields[field] : NULL;
}

int dpu_flow_rule_new(struct dpu_ctx *ctx, struct dpu_flow_rule **ret)
{
	struct dpu_flow_rule *rule;

	rule = ctx_alloc(ctx, sizeof(*rule));
	if (!rule)
		return ctx_fail_nomem(ctx, STEP);
	ref_init(&rule->ref);
	rule->ctx = dpu_ctx_ref(ctx);
	rule->priority = FLOW_DEFAULT_PRIORITY;
	*ret = rule;
	return 0;
}

static void flow_rule_destroy(struct dpu_flow_rule *rule)
{
	struct dpu_ctx *ctx = rule->ctx;
	bool weak = rule->weak;

	ctx_free(ctx, rule);
	if (!weak)
		dpu_ctx_unref(ctx);
}

DEFINE_REF(dpu_flow_rule, flow_rule_destroy)

int flow_rule_clone(struct dpu_ctx *ctx, const struct dpu_flow_rule *rule, bool weak, struct dpu_flow_rule **ret)
{
	struct dpu_flow_rule *clone = ctx_alloc(ctx, sizeof(*clone));

	if (!clone)
		return ctx_fail_nomem(ctx, STEP);
	*clone = *rule;
	ref_init(&clone->ref);
	clone->ctx = weak ? ctx : dpu_ctx_ref(ctx);
	clone->weak = weak;
	clone->sealed = true;
	*ret = clone;
	return 0;
}

void flow_rule_seal(struct dpu_flow_rule *rule)
{
	rule->sealed = true;
}

static int invalid(struct dpu_flow_rule *rule, const char *reason)
{
	return ctx_fail(rule->ctx, -EINVAL, STEP, NULL, "%s", reason);
}

static int check_open(struct dpu_flow_rule *rule)
{
	if (!rule->sealed)
		return 0;
	return ctx_fail(rule->ctx, -EBUSY, STEP, NULL, "a rule that is in a table cannot be changed");
}

int dpu_flow_rule_set_priority(struct dpu_flow_rule *rule, uint32_t priority)
{
	int rc = check_open(rule);

	if (rc < 0)
		return rc;
	if (priority > UINT16_MAX)
		return invalid(rule, "the priority is above 65535");
	rule->priority = priority;
	return 0;
}

uint32_t dpu_flow_rule_priority(const struct dpu_flow_rule *rule)
{
	return rule->priority;
}

/* Refuses what the kernel refuses as the name of a network device, and the quote of the text form. */
static int set_port(struct dpu_flow_rule *rule, struct flow_port *port, const char *name)
{
	size_t i, len = strlen(name);

	if (!len)
		return invalid(rule, "a port's name is empty");
	if (len >= sizeof(port->name))
		return invalid(rule, "a port's name is longer than 15 characters");
	for (i = 0; i < len; i++) {
		if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f || strchr("/:\"", name[i]))
			return invalid(rule, "a port's name has a character that no network device may have");
	}
	memset(port, 0, sizeof(*port));
	text_copy(port->name, sizeof(port->name), name);
	return 0;
}

bool flow_port_number(const struct flow_port *port, uint32_t *number)
{
	uint64_t value;

	if (strspn(port->name, "0123456789") != strlen(port->name) ||
	    !text_number(port->name, UINT32_MAX, &value))
		return false;
	*number = (uint32_t)value;
	return true;
}

int dpu_flow_rule_match_port(struct dpu_flow_rule *rule, const char *port)
{
	int rc = check_open(rule);

	if (rc == 0)
		rc = set_port(rule, &rule->in_port, port);
	if (rc == 0)
		rule->match_port = true;
	return rc;
}

static uint16_t load16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void store16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* The key has fewer bits for a VLAN's number and priority than the field has room for. A mask that covers
 * them all is made full, and no mask covers what is not there: so equal matches have equal masks. */
static int check_vlan(struct dpu_flow_rule *rule, enum dpu_flow_field field, const uint8_t *value,
		      uint8_t *mask)
{
	uint16_t bits;

	if (field == DPU_FLOW_VLAN_PCP) {
		if (value[0] > 7)
			return invalid(rule, "the VLAN priority is above 7");
		mask[0] = (mask[0] & 7) == 7 ? 0xff : mask[0] & 7;
		return 0;
	}
	bits = load16(mask) & 0x1fff;
	if (load16(value) & 0xe000)
		return invalid(rule, "the VLAN number has more than 12 bits");
	if (bits & 0x1000 && !(value[0] & 0x10) && load16(value))
		return invalid(rule, "the VLAN number lacks bit 12, which says that there is a tag");
	store16(mask, bits == 0x1fff ? 0xffff : bits);
	return 0;
}

/* IPv4 and IPv6 addresses share their place: the last one set counts. */
static uint32_t field_and_twin(enum dpu_flow_field field)
{
	if (field == DPU_FLOW_IPV4_SRC || field == DPU_FLOW_IPV6_SRC)
		return 1U << DPU_FLOW_IPV4_SRC | 1U << DPU_FLOW_IPV6_SRC;
	if (field == DPU_FLOW_IPV4_DST || field == DPU_FLOW_IPV6_DST)
		return 1U << DPU_FLOW_IPV4_DST | 1U << DPU_FLOW_IPV6_DST;
	return 1U << field;
}

static void clear_fields(struct dpu_flow_rule *rule, uint32_t set)
{
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (!(set & rule->fields & 1U << i))
			continue;
		memset((uint8_t *)&rule->key + fields[i].offset, 0, fields[i].size);
		memset((uint8_t *)&rule->mask + fields[i].offset, 0, fields[i].size);
	}
	rule->fields &= ~set;
}

int dpu_flow_rule_match(struct dpu_flow_rule *rule, enum dpu_flow_field field, const void *value,
			const void *mask, size_t len)
{
	const struct flow_field *where = flow_field_find(field);
	uint8_t bytes[16], bits[16], any = 0;
	size_t i;
	int rc;

	rc = check_open(rule);
	if (rc < 0)
		return rc;
	if (!where || len != where->size)
		return invalid(rule, where ? "the field has another length" : "no such field");
	memcpy(bytes, value, len);
	memset(bits, 0xff, len);
	if (mask)
		memcpy(bits, mask, len);
	for (i = 0; i < len; i++) {
		if (bytes[i] & ~bits[i])
			return invalid(rule, "the value has bits outside the mask");
	}
	if (field == DPU_FLOW_VLAN_VID || field == DPU_FLOW_VLAN_PCP) {
		rc = check_vlan(rule, field, bytes, bits);
		if (rc < 0)
			return rc;
	}
	clear_fields(rule, field_and_twin(field));
	for (i = 0; i < len; i++)
		any |= bits[i];
	if (!any)
		return 0;
	memcpy((uint8_t *)&rule->key + where->offset, bytes, len);
	memcpy((uint8_t *)&rule->mask + where->offset, bits, len);
	rule->fields |= 1U << field;
	return 0;
}

/* Whether there is room for one more action. */
static int check_room(struct dpu_flow_rule *rule)
{
	int rc = check_open(rule);

	if (rc < 0)
		return rc;
	if (rule->action_count == FLOW_MAX_ACTIONS)
		return ctx_fail(rule->ctx, -ENOSPC, STEP, NULL, "more than %d actions", FLOW_MAX_ACTIONS);
	return 0;
}

static void add_action(struct dpu_flow_rule *rule, const struct flow_action *action)
{
	rule->actions[rule->action_count++] = *action;
}

int dpu_flow_rule_output(struct dpu_flow_rule *rule, const char *port)
{
	struct flow_action action = { .type = FLOW_ACTION_OUTPUT };
	int rc = check_room(rule);

	if (rc == 0)
		rc = set_port(rule, &action.port, port);
	if (rc == 0)
		add_action(rule, &action);
	return rc;
}

int dpu_flow_rule_push_vlan(struct dpu_flow_rule *rule, uint16_t vid, uint8_t pcp)
{
	struct flow_action action = { .type = FLOW_ACTION_PUSH_VLAN };
	int rc = check_room(rule);

	if (rc < 0)
		return rc;
	if (vid > 4095 || pcp > 7)
		return invalid(rule,
			       vid > 4095 ? "the VLAN number is above 4095" : "the VLAN priority is above 7");
	action.vlan_tci = (uint16_t)(pcp << 13 | vid);
	add_action(rule, &action);
	return 0;
}

int dpu_flow_rule_pop_vlan(struct dpu_flow_rule *rule)
{
	struct flow_action action = { .type = FLOW_ACTION_POP_VLAN };
	int rc = check_room(rule);

	if (rc == 0)
		add_action(rule, &action);
	return rc;
}

int dpu_flow_rule_set_field(struct dpu_flow_rule *rule, enum dpu_flow_field field, const void *value,
			    size_t len)
{
	struct flow_action action = { .type = FLOW_ACTION_SET_FIELD, .field = field };
	const struct flow_field *where = flow_field_find(field);
	int rc = check_room(rule);

	if (rc < 0)
		return rc;
	if (!where || len != where->size)
		return invalid(rule, where ? "the field has another length" : "no such field");
	if (field != DPU_FLOW_ETH_SRC && field != DPU_FLOW_ETH_DST)
		return ctx_fail(rule->ctx, -EOPNOTSUPP, STEP, NULL, "only MAC addresses can be set");
	memcpy(action.value, value, len);
	add_action(rule, &action);
	return 0;
}

static bool has_any(const struct dpu_flow_rule *rule, enum dpu_flow_field a, enum dpu_flow_field b)
{
	return flow_rule_has(rule, a) || flow_rule_has(rule, b);
}

static bool is_l4(uint16_t type, uint8_t proto)
{
	switch (proto) {
	case 6:
	case 17:
	case 132:
		return true;
	case 1:
		return type == 0x0800;
	case 58:
		return type == 0x86dd;
	default:
		return false;
	}
}

int flow_rule_check(struct dpu_flow_rule *rule)
{
	const struct flow_key *key = &rule->key, *mask = &rule->mask;
	uint16_t type = mask->eth_type == 0xffff ? ntohs(key->eth_type) : 0;
	bool ip = type == 0x0800 || type == 0x86dd;
	bool tag = key->vlan_vid & mask->vlan_vid & htons(0x1000);

	if (has_any(rule, DPU_FLOW_IPV4_SRC, DPU_FLOW_IPV4_DST) && type != 0x0800 && type != 0x0806)
		return invalid(rule, "an IPv4 address presupposes dl_type=0x0800 or 0x0806");
	if (has_any(rule, DPU_FLOW_IPV6_SRC, DPU_FLOW_IPV6_DST) && type != 0x86dd)
		return invalid(rule, "an IPv6 address presupposes dl_type=0x86dd");
	if (has_any(rule, DPU_FLOW_IP_PROTO, DPU_FLOW_IP_TOS) && !ip)
		return invalid(rule, "nw_proto and nw_tos presuppose dl_type=0x0800 or 0x86dd");
	if (has_any(rule, DPU_FLOW_L4_SRC, DPU_FLOW_L4_DST) &&
	    (!ip || mask->ip_proto != 0xff || !is_l4(type, key->ip_proto)))
		return invalid(rule,
			       "ports presuppose tcp, udp or sctp; icmp_type and icmp_code presuppose icmp");
	if (flow_rule_has(rule, DPU_FLOW_ARP_OP) && type != 0x0806)
		return invalid(rule, "arp_op presupposes dl_type=0x0806");
	if (flow_rule_has(rule, DPU_FLOW_VLAN_PCP) && !tag)
		return invalid(rule, "dl_vlan_pcp presupposes a VLAN tag: dl_vlan or vlan_vid=0x1000/0x1000");
	return 0;
}
