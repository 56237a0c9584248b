/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/flow.h
 * @brief Flows: rules that match packets and say what becomes of them, and the tables that hold them.
 *
 * A rule is one line of text, in the words of ovs-ofctl where it has them:
 *
 *     [table=0,][priority=P,]MATCH actions=ACTION[,ACTION…]
 *
 * MATCH: `in_port=PORT`, `dl_src=MAC[/MASK]`, `dl_dst=…`, `dl_type=0xNNNN`, `dl_vlan=VID`, `dl_vlan_pcp=P`,
 * `nw_src=ADDRESS[/PREFIX]`, `nw_dst=…`, `ipv6_src=…`, `ipv6_dst=…`, `nw_proto=N`, `nw_tos=N`, `tp_src=PORT`,
 * `tp_dst=…`, `icmp_type=N`, `icmp_code=N`, `arp_op=N`, and the short forms `ip`, `ipv6`, `arp`, `tcp`,
 * `udp`, `sctp`, `icmp`, `tcp6`, `udp6`, `sctp6`, `icmp6`. An empty match (or `any`) matches every packet.
 * ACTION: `output:PORT` (or just `PORT`), `drop`, `push_vlan:VID[:PCP]`, `pop_vlan`, `mod_dl_src:MAC`,
 * `mod_dl_dst:MAC`.
 * PORT is a network device's name or a number. dpu-flow(7) has the whole of it.
 *
 * A table is software (dpu_flow_table_new()) or a device's e-switch (dpu_flow_table_open()); the calls are
 * the same. Among the rules that match a packet the one with the highest priority counts, among equals the
 * one that came first.
 *
 * Thread rule: rules and lists as the context, see dpu/ctx.h. A table: one thread at a time.
 */
#ifndef DPU_FLOW_H
#define DPU_FLOW_H

#include <dpu/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A rule: match and actions. */
struct dpu_flow_rule;
/** A table of rules. */
struct dpu_flow_table;
/** A snapshot of a table's rules with their counters. */
struct dpu_flow_list;

/** What a rule can match. Values are given in network byte order, as in the packet. */
enum dpu_flow_field {
	DPU_FLOW_ETH_DST = 0,  /**< 6 bytes. */
	DPU_FLOW_ETH_SRC = 1,  /**< 6 bytes. */
	DPU_FLOW_ETH_TYPE = 2, /**< 2 bytes: the type after any VLAN tag. */
	DPU_FLOW_VLAN_VID = 3, /**< 2 bytes: 0 for no tag, else the 12-bit number with bit 12 (0x1000) set. */
	DPU_FLOW_VLAN_PCP = 4, /**< 1 byte. */
	DPU_FLOW_IPV4_SRC = 5, /**< 4 bytes; also ARP's sender. */
	DPU_FLOW_IPV4_DST = 6, /**< 4 bytes; also ARP's target. */
	DPU_FLOW_IPV6_SRC = 7, /**< 16 bytes. */
	DPU_FLOW_IPV6_DST = 8, /**< 16 bytes. */
	DPU_FLOW_IP_PROTO = 9, /**< 1 byte: last next-header of IPv6. */
	DPU_FLOW_IP_TOS = 10,  /**< 1 byte: the whole traffic class. */
	DPU_FLOW_L4_SRC = 11,  /**< 2 bytes: source port of TCP, UDP, SCTP; ICMP type. */
	DPU_FLOW_L4_DST = 12,  /**< 2 bytes: destination port; ICMP code. */
	DPU_FLOW_ARP_OP = 13,  /**< 2 bytes. */
	DPU_FLOW_FIELD_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** A packet in memory. */
struct dpu_flow_packet {
	const void *data; /**< The Ethernet frame. */
	uint32_t len;     /**< Its bytes. */
	uint32_t in_port; /**< The port that it came in through. */
};

/** Counters of a rule. */
struct dpu_flow_stats {
	size_t sz;        /**< Set by DPU_OPTS(). */
	uint64_t packets; /**< Packets that the rule decided. */
	uint64_t bytes;   /**< Their bytes. */
};

/** Options of dpu_flow_table_new() and dpu_flow_table_open(). */
struct dpu_flow_table_opts {
	size_t sz;          /**< Set by DPU_OPTS(). */
	uint32_t max_rules; /**< 0: no limit of its own. */
	uint32_t reserved;  /**< Zero. */
};

/** What no rule is called; the result of a lookup that found none. */
#define DPU_FLOW_NONE UINT64_C(0)

/**
 * @brief Makes an empty rule: it matches every packet, has priority 32768 and no action (drop).
 * @param ctx A context.
 * @param ret The rule, to be released with dpu_flow_rule_unref(). Untouched on failure.
 * @return 0, or -ENOMEM.
 */
DPU_PUBLIC int dpu_flow_rule_new(struct dpu_ctx *ctx, struct dpu_flow_rule **ret);

/**
 * @brief Reads a rule from text.
 * @param ctx A context.
 * @param text One rule as above.
 * @param ret The rule, to be released with dpu_flow_rule_unref(). Untouched on failure.
 * @return 0, or a negative errno: -EINVAL with the word that is wrong and its column in the message;
 *  -ENOMEM.
 */
DPU_PUBLIC int dpu_flow_rule_parse(struct dpu_ctx *ctx, const char *text, struct dpu_flow_rule **ret);

/**
 * @brief Writes a rule as text, the inverse of dpu_flow_rule_parse().
 * @param rule A rule.
 * @param buf Where the text goes, always terminated if size is not 0.
 * @param size Bytes at buf.
 * @return The length of the whole text, as snprintf(3); more than size - 1 means that it was cut.
 */
DPU_PUBLIC int dpu_flow_rule_format(const struct dpu_flow_rule *rule, char *buf, size_t size);

/**
 * @brief Takes one more reference.
 * @param rule A rule.
 * @return rule.
 */
DPU_PUBLIC struct dpu_flow_rule *dpu_flow_rule_ref(struct dpu_flow_rule *rule);

/**
 * @brief Drops a reference.
 * @param rule A rule, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_flow_rule *dpu_flow_rule_unref(struct dpu_flow_rule *rule);

/**
 * @brief Sets a rule's priority.
 * @param rule A rule that is in no table.
 * @param priority 0 to 65535; the higher counts.
 * @return 0, or a negative errno: -EINVAL the number is too large; -EBUSY the rule is in a table.
 */
DPU_PUBLIC int dpu_flow_rule_set_priority(struct dpu_flow_rule *rule, uint32_t priority);

/**
 * @brief Tells a rule's priority.
 * @param rule A rule.
 * @return The priority.
 */
DPU_PUBLIC uint32_t dpu_flow_rule_priority(const struct dpu_flow_rule *rule);

/**
 * @brief Makes a rule match packets from one port.
 * @param rule A rule that is in no table.
 * @param port A network device's name or a number in decimal.
 * @return 0, or a negative errno: -EINVAL the name is empty or too long; -EBUSY the rule is in a table.
 */
DPU_PUBLIC int dpu_flow_rule_match_port(struct dpu_flow_rule *rule, const char *port);

/**
 * @brief Makes a rule match a field. What the field presupposes (dl_type, nw_proto) must be matched too.
 * @param rule A rule that is in no table.
 * @param field The field.
 * @param value The value, network byte order. Bits outside the mask must be zero.
 * @param mask Which bits count, or NULL for all.
 * @param len Bytes at value and at mask; the field's size.
 * @return 0, or a negative errno: -EINVAL no such field, a wrong length, or value bits outside the mask;
 *  -EBUSY the rule is in a table.
 */
DPU_PUBLIC int dpu_flow_rule_match(struct dpu_flow_rule *rule, enum dpu_flow_field field, const void *value,
				   const void *mask, size_t len);

/**
 * @brief Adds an action: the packet, as it is by then, goes out of a port. Several copies may go out.
 * @param rule A rule that is in no table.
 * @param port A network device's name or a number in decimal.
 * @return 0, or a negative errno: -EINVAL the name is empty or too long; -ENOSPC a rule has at most 16
 *  actions; -EBUSY the rule is in a table.
 */
DPU_PUBLIC int dpu_flow_rule_output(struct dpu_flow_rule *rule, const char *port);

/**
 * @brief Adds an action: an 802.1Q tag is put on.
 * @param rule A rule that is in no table.
 * @param vid VLAN number, 0 to 4095.
 * @param pcp Priority, 0 to 7.
 * @return 0, or a negative errno: -EINVAL a number is too large; -ENOSPC; -EBUSY the rule is in a table.
 */
DPU_PUBLIC int dpu_flow_rule_push_vlan(struct dpu_flow_rule *rule, uint16_t vid, uint8_t pcp);

/**
 * @brief Adds an action: the outermost VLAN tag is taken off; a packet without one stays as it is.
 * @param rule A rule that is in no table.
 * @return 0, or a negative errno: -ENOSPC; -EBUSY the rule is in a table.
 */
DPU_PUBLIC int dpu_flow_rule_pop_vlan(struct dpu_flow_rule *rule);

/**
 * @brief Adds an action: a field of the packet is overwritten.
 * @param rule A rule that is in no table.
 * @param field DPU_FLOW_ETH_SRC or DPU_FLOW_ETH_DST in this version.
 * @param value The value, network byte order.
 * @param len Bytes at value; the field's size.
 * @return 0, or a negative errno: -EINVAL no such field or a wrong length; -EOPNOTSUPP the field cannot be
 *  set; -ENOSPC; -EBUSY the rule is in a table.
 */
DPU_PUBLIC int dpu_flow_rule_set_field(struct dpu_flow_rule *rule, enum dpu_flow_field field,
				       const void *value, size_t len);

/**
 * @brief Makes an empty table in software. Its ports are numbers: a rule that names a network device is
 * refused.
 * @param ctx A context.
 * @param opts Options, or NULL.
 * @param ret The table, to be released with dpu_flow_table_unref(). Untouched on failure.
 * @return 0, or a negative errno: -EINVAL malformed options; -ENOMEM.
 */
DPU_PUBLIC int dpu_flow_table_new(struct dpu_ctx *ctx, const struct dpu_flow_table_opts *opts,
				  struct dpu_flow_table **ret);

/**
 * @brief Opens the flow table of a device's e-switch. Its rules outlive the object.
 * @param device A device in switchdev mode.
 * @param opts Options, or NULL.
 * @param ret The table, to be released with dpu_flow_table_unref(). Untouched on failure.
 * @return 0, or a negative errno: -EOPNOTSUPP the device has no e-switch or is not in switchdev mode;
 *  -EINVAL malformed options; -ENODEV the device has gone; -ENOMEM.
 */
DPU_PUBLIC int dpu_flow_table_open(struct dpu_device *device, const struct dpu_flow_table_opts *opts,
				   struct dpu_flow_table **ret);

/**
 * @brief Takes one more reference.
 * @param table A table.
 * @return table.
 */
DPU_PUBLIC struct dpu_flow_table *dpu_flow_table_ref(struct dpu_flow_table *table);

/**
 * @brief Drops a reference.
 * @param table A table, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_flow_table *dpu_flow_table_unref(struct dpu_flow_table *table);

/**
 * @brief Inserts a rule. It decides packets from the moment the call returns.
 * @param table A table.
 * @param rule The rule; the table takes a reference, and the rule cannot be changed any more.
 * @param id Receives what the rule is called in this table; may be NULL. Untouched on failure.
 * @return 0, or a negative errno: -EEXIST a rule with the same match and priority is there; -ENODEV a port of
 *  the rule does not exist; -EINVAL a match presupposes another that is not there; -ENOSPC the table is
 *  full; -ENOMEM; others as the kernel says.
 */
DPU_PUBLIC int dpu_flow_insert(struct dpu_flow_table *table, struct dpu_flow_rule *rule, uint64_t *id);

/**
 * @brief Inserts a rule given as text.
 * @param table A table.
 * @param text As dpu_flow_rule_parse().
 * @param id Receives what the rule is called in this table; may be NULL. Untouched on failure.
 * @return As dpu_flow_rule_parse() and dpu_flow_insert().
 */
DPU_PUBLIC int dpu_flow_insert_text(struct dpu_flow_table *table, const char *text, uint64_t *id);

/**
 * @brief Deletes a rule.
 * @param table A table.
 * @param id The rule.
 * @return 0, or -ENOENT no such rule.
 */
DPU_PUBLIC int dpu_flow_delete(struct dpu_flow_table *table, uint64_t id);

/**
 * @brief Deletes every rule.
 * @param table A table.
 * @return How many, or a negative errno as the kernel says.
 */
DPU_PUBLIC int dpu_flow_flush(struct dpu_flow_table *table);

/**
 * @brief Reads the counters of a rule.
 * @param table A table.
 * @param id The rule.
 * @param stats Where they go; sz must be set. Untouched on failure.
 * @return 0, or a negative errno: -ENOENT no such rule; -EINVAL sz is wrong.
 */
DPU_PUBLIC int dpu_flow_stats(struct dpu_flow_table *table, uint64_t id, struct dpu_flow_stats *stats);

/**
 * @brief Decides a burst of packets: which rule each one meets. Counts each packet for its rule; executes no
 * action.
 * @param table A table made by dpu_flow_table_new().
 * @param packets The packets.
 * @param count How many.
 * @param ids Receives a rule, or DPU_FLOW_NONE, for each packet.
 * @return How many packets met a rule, or -EOPNOTSUPP for the table of a device, whose hardware looks up.
 */
DPU_PUBLIC int dpu_flow_lookup(struct dpu_flow_table *table, const struct dpu_flow_packet *packets,
			       uint32_t count, uint64_t *ids);

/**
 * @brief Lists the rules of a table by falling priority, with their counters.
 * @param table A table.
 * @param ret The list, to be released with dpu_flow_list_unref(). Untouched on failure.
 * @return 0, or a negative errno: -ENOMEM; others as the kernel says.
 */
DPU_PUBLIC int dpu_flow_list(struct dpu_flow_table *table, struct dpu_flow_list **ret);

/**
 * @brief Counts the rules of a list.
 * @param list A list.
 * @return The count.
 */
DPU_PUBLIC size_t dpu_flow_list_count(const struct dpu_flow_list *list);

/**
 * @brief Gives one rule of a list.
 * @param list A list.
 * @param i Position, from 0.
 * @param id Receives what the rule is called; may be NULL.
 * @param stats Receives its counters; may be NULL, else sz must be set.
 * @return The rule, owned by the list (take a reference to keep it longer); NULL past the end or if sz is
 *  wrong.
 */
DPU_PUBLIC struct dpu_flow_rule *dpu_flow_list_get(const struct dpu_flow_list *list, size_t i, uint64_t *id,
						   struct dpu_flow_stats *stats);

/**
 * @brief Releases a list.
 * @param list A list, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_flow_list *dpu_flow_list_unref(struct dpu_flow_list *list);

#ifdef __cplusplus
}
#endif

#endif
