/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A rule's inside. Immutable from the moment it is sealed (inserted), so tables share it freely. */
#ifndef DPU_FLOW_RULE_H
#define DPU_FLOW_RULE_H

#include <dpu/flow.h>
#include "core/ctx.h"
#include "flow/key.h"

#define FLOW_MAX_ACTIONS 16
#define FLOW_DEFAULT_PRIORITY 32768

/* A port as the user wrote it: a network device's name, or a number in decimal. */
struct flow_port {
	char name[16];
};

enum flow_action_type {
	FLOW_ACTION_OUTPUT,
	FLOW_ACTION_PUSH_VLAN,
	FLOW_ACTION_POP_VLAN,
	FLOW_ACTION_SET_FIELD,
};

struct flow_action {
	enum flow_action_type type;
	struct flow_port port;     /* output: as written */
	uint32_t port_number;      /* output: in a table's own copy, what the name resolved to */
	uint16_t vlan_tci;         /* push_vlan: pcp << 13 | vid */
	enum dpu_flow_field field; /* set_field */
	uint8_t value[16];         /* set_field, network byte order */
};

struct dpu_flow_rule {
	struct ref ref;
	struct dpu_ctx *ctx;
	bool weak; /* does not hold its context: the rule belongs to the context's own provider */
	bool sealed;
	uint32_t priority;
	bool match_port;
	struct flow_port in_port;
	uint32_t fields;     /* bit per enum dpu_flow_field: those that are matched */
	struct flow_key key; /* key.in_port is not used: in_port above says it */
	struct flow_key mask;
	uint32_t action_count;
	struct flow_action actions[FLOW_MAX_ACTIONS];
};

/* Where a field lies in struct flow_key. */
struct flow_field {
	uint8_t offset;
	uint8_t size;
};

/* NULL: no such field. */
const struct flow_field *flow_field_find(enum dpu_flow_field field);

static inline bool flow_rule_has(const struct dpu_flow_rule *rule, enum dpu_flow_field field)
{
	return rule->fields >> field & 1;
}

/* True, and the number, when a port is written as one. */
bool flow_port_number(const struct flow_port *port, uint32_t *number);

/* A copy, sealed. A weak one must not outlive its context, nor be given to a user: a provider keeps its rules so,
 * for a context that its own provider held would never be closed. */
int flow_rule_clone(struct dpu_ctx *ctx, const struct dpu_flow_rule *rule, bool weak, struct dpu_flow_rule **ret);

/* No further change; called on insertion. */
void flow_rule_seal(struct dpu_flow_rule *rule);

/* 0, or -EINVAL with the detail recorded when a match presupposes another that is not there. */
int flow_rule_check(struct dpu_flow_rule *rule);

#endif
