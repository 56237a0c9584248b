/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include "flow/rule.h"
#include "tap.h"

static uint64_t state;

static uint32_t roll(uint32_t n)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(state >> 33) % n;
}

static bool same_rule(const struct dpu_flow_rule *a, const struct dpu_flow_rule *b)
{
	return a->priority == b->priority && a->match_port == b->match_port && a->fields == b->fields &&
	       !strcmp(a->in_port.name, b->in_port.name) && !memcmp(&a->key, &b->key, sizeof(a->key)) &&
	       !memcmp(&a->mask, &b->mask, sizeof(a->mask)) && a->action_count == b->action_count &&
	       !memcmp(a->actions, b->actions, a->action_count * sizeof(a->actions[0]));
}

static void random_field(struct dpu_flow_rule *rule, enum dpu_flow_field field)
{
	uint8_t value[16], mask[16];
	size_t i, size = flow_field_find(field)->size;
	bool full = roll(2);

	for (i = 0; i < size; i++) {
		mask[i] = full ? 0xff : (uint8_t)roll(256);
		value[i] = (uint8_t)(roll(256) & mask[i]);
	}
	/* Refused values of VLAN fields leave the rule as it is. */
	dpu_flow_rule_match(rule, field, value, mask, size);
}

static void random_actions(struct dpu_flow_rule *rule)
{
	static const char *const ports[] = { "0", "p0", "en3f0pf0sf88", "a,b=c", "drop", "007" };
	uint32_t n = roll(FLOW_MAX_ACTIONS + 1);

	while (n--) {
		switch (roll(4)) {
		case 0:
			must(dpu_flow_rule_output(rule, ports[roll(6)]) == 0);
			break;
		case 1:
			must(dpu_flow_rule_push_vlan(rule, (uint16_t)roll(4096), (uint8_t)roll(8)) == 0);
			break;
		case 2:
			must(dpu_flow_rule_pop_vlan(rule) == 0);
			break;
		default:
			must(dpu_flow_rule_set_field(rule, (enum dpu_flow_field)roll(2), "\1\2\3\4\5\6", 6) ==
			     0);
			break;
		}
	}
}

static void test_inverse(struct dpu_ctx *ctx)
{
	static const uint16_t types[] = { 0x0800, 0x0806, 0x86dd, 0x1234 };
	static const uint8_t protos[] = { 1, 6, 17, 58, 132, 99 };
	struct dpu_flow_rule *rule, *again;
	char text[1024], second[1024];
	bool same = true;
	int i, f;

	for (i = 0; i < 20000 && same; i++) {
		must(dpu_flow_rule_new(ctx, &rule) == 0);
		if (roll(2))
			must(dpu_flow_rule_set_priority(rule, roll(65536)) == 0);
		if (roll(2))
			must(dpu_flow_rule_match_port(rule, roll(2) ? "p,0" : "17") == 0);
		for (f = 0; f <= DPU_FLOW_ARP_OP; f++) {
			if (roll(3) == 0)
				random_field(rule, (enum dpu_flow_field)f);
		}
		if (roll(2)) {
			uint16_t type = htons(types[roll(4)]);

			dpu_flow_rule_match(rule, DPU_FLOW_ETH_TYPE, &type, NULL, 2);
		}
		if (roll(2))
			dpu_flow_rule_match(rule, DPU_FLOW_IP_PROTO, &protos[roll(6)], NULL, 1);
		random_actions(rule);
		must(dpu_flow_rule_format(rule, text, sizeof(text)) < (int)sizeof(text));
		if (dpu_flow_rule_parse(ctx, text, &again) < 0) {
			tap_diag("%s", dpu_ctx_error_text(ctx));
			again = NULL;
		}
		same = again && same_rule(rule, again);
		if (again)
			dpu_flow_rule_format(again, second, sizeof(second));
		same = same && !strcmp(text, second);
		if (!same)
			tap_diag("%s", text);
		dpu_flow_rule_unref(again);
		dpu_flow_rule_unref(rule);
	}
	ok(same, "a rule's text reads back as the rule, %d times", i);
}

static void test_canonical(struct dpu_ctx *ctx)
{
	static const char *const pairs[][2] = {
		{ "actions=drop", "actions=drop" },
		{ " any  actions=drop ", "actions=drop" },
		{ "table=0,priority=0x10, actions=p0", "priority=16 actions=output:p0" },
		{ "priority=32768,ip actions=drop", "ip actions=drop" },
		{ "dl_type=0x0800,nw_proto=6,tp_dst=80 actions=1", "tcp,tp_dst=80 actions=output:1" },
		{ "tcp,nw_proto=6 actions=1", "tcp actions=output:1" },
		{ "ip nw_src=10.0.0.0/255.0.0.0 actions=1", "ip,nw_src=10.0.0.0/8 actions=output:1" },
		{ "ip,nw_src=10.0.0.0/255.0.0.255 actions=1",
		  "ip,nw_src=10.0.0.0/255.0.0.255 actions=output:1" },
		{ "nw_src=0.0.0.0/0 actions=1", "actions=output:1" },
		{ "ipv6,ipv6_dst=FD00:0::/16 actions=1", "ipv6,ipv6_dst=fd00::/16 actions=output:1" },
		{ "icmp,icmp_type=8,icmp_code=0 actions=1", "icmp,icmp_type=8,icmp_code=0 actions=output:1" },
		{ "arp,arp_op=1 actions=1", "arp,arp_op=1 actions=output:1" },
		{ "dl_vlan=5,dl_vlan_pcp=3 actions=pop_vlan", "dl_vlan=5,dl_vlan_pcp=3 actions=pop_vlan" },
		{ "dl_vlan=0xffff actions=push_vlan:5:0,push_vlan:6:7",
		  "dl_vlan=0xffff actions=push_vlan:5,push_vlan:6:7" },
		{ "vlan_vid=0x1000/0x1000 actions=1", "vlan_vid=0x1000/0x1000 actions=output:1" },
		{ "vlan_vid=0x1005/0x1fff actions=1", "dl_vlan=5 actions=output:1" },
		{ "dl_src=02:00:00:00:00:00/ff:00:00:00:00:00 actions=mod_dl_dst:AA:0:0:0:0:0", NULL },
		{ "in_port=\"a,b\" actions=output:\"x y\"", NULL },
		{ "in_port=\"p0\" actions=\"p1\"", "in_port=p0 actions=output:p1" },
	};
	struct dpu_flow_rule *rule;
	char text[256], small[5];
	size_t i;
	int rc;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		rc = dpu_flow_rule_parse(ctx, pairs[i][0], &rule);
		is_int(rc, pairs[i][1] ? 0 : -EINVAL);
		if (rc < 0) {
			tap_diag("%s", dpu_ctx_error_text(ctx));
			continue;
		}
		rc = dpu_flow_rule_format(rule, text, sizeof(text));
		is_int(rc, strlen(text));
		is_str(text, pairs[i][1]);
		is_int(dpu_flow_rule_format(rule, small, sizeof(small)), strlen(text));
		ok(!strncmp(small, text, 4) && !small[4], "cut to fit");
		is_int(dpu_flow_rule_format(rule, NULL, 0), strlen(text));
		dpu_flow_rule_unref(rule);
	}
}

static void test_errors(struct dpu_ctx *ctx)
{
	static const struct {
		const char *text, *column, *word, *reason;
	} cases[] = {
		{ "", "column 1:", "\"\"", "actions= is missing" },
		{ "ip", "column 3:", "\"\"", "actions= is missing" },
		{ "ip,,tcp actions=1", "column 4:", "\"\"", "before the comma" },
		{ ",ip actions=1", "column 1:", "\"\"", "before the comma" },
		{ "ip,dl_scr=1 actions=1", "column 4:", "\"dl_scr=1\"", "unknown word" },
		{ "ipx actions=1", "column 1:", "\"ipx\"", "unknown word" },
		{ "table=1 actions=1", "column 1:", "\"table=1\"", "table 0 only" },
		{ "priority=65536 actions=1", "column 1:", "\"priority=65536\"", "0 to 65535" },
		{ "in_port= actions=1", "column 1:", "\"in_port=\"", "is empty" },
		{ "in_port=1234567890123456 actions=1", "column 1:", "in_port", "longer than 15" },
		{ "in_port=1,in_port=1 actions=1", "column 11:", "in_port", "given twice" },
		{ "in_port=\"a actions=1", "column 1:", "in_port", "quote is not closed" },
		{ "dl_src=1 actions=1", "column 1:", "dl_src", "value is malformed" },
		{ "dl_src=02:00:00:00:00:00/8 actions=1", "column 1:", "dl_src", "mask is malformed" },
		{ "ip,nw_src=10.0.0.1/8 actions=1", "column 4:", "nw_src", "bits outside the mask" },
		{ "ip,nw_src=10.0.0.0/33 actions=1", "column 4:", "nw_src", "mask is malformed" },
		{ "nw_tos=256 actions=1", "column 1:", "nw_tos", "out of range" },
		{ "icmp,icmp_type=256 actions=1", "column 6:", "icmp_type", "out of range" },
		{ "tcp,udp actions=1", "column 5:", "\"udp\"", "contradicts" },
		{ "nw_src=1.2.3.4,ipv6_src=::1 actions=1", "column 16:", "ipv6_src", "contradicts" },
		{ "dl_vlan=4096 actions=1", "column 1:", "dl_vlan", "0 to 4095" },
		{ "vlan_vid=5 actions=1", "column 1:", "vlan_vid", "bit 12" },
		{ "dl_vlan_pcp=8 actions=1", "column 1:", "dl_vlan_pcp", "out of range" },
		{ "actions=", "column 9:", "\"\"", "an action is missing" },
		{ "actions=1,", "column 11:", "\"\"", "after the comma" },
		{ "actions=,1", "column 9:", "\"\"", "before the comma" },
		{ "actions=drop,1", "column 14:", "\"1\"", "drop stands alone" },
		{ "actions=1,drop", "column 11:", "\"drop\"", "drop stands alone" },
		{ "actions=fly:1", "column 9:", "\"fly:1\"", "unknown action" },
		{ "actions=output:", "column 9:", "\"output:\"", "is empty" },
		{ "actions=push_vlan:4096", "column 9:", "push_vlan", "0 to 4095" },
		{ "actions=push_vlan:1:8", "column 9:", "push_vlan", "0 to 7" },
		{ "actions=mod_dl_src:1", "column 9:", "mod_dl_src", "MAC address" },
		{ "actions=1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", "column 41:", "\"1\"", "at most 16" },
	};
	struct dpu_flow_rule *rule = NULL;
	char text[300];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		is_int(dpu_flow_rule_parse(ctx, cases[i].text, &rule), -EINVAL);
		contains(dpu_error_message(dpu_ctx_error(ctx)), cases[i].column);
		contains(dpu_error_message(dpu_ctx_error(ctx)), cases[i].word);
		contains(dpu_error_message(dpu_ctx_error(ctx)), cases[i].reason);
	}
	dpu_flow_rule_parse(ctx, "actions=mod_dl_src:1", &rule);
	is_str(dpu_error_message(dpu_ctx_error(ctx)),
	       "column 9: \"mod_dl_src:1\": the MAC address is malformed");
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	is_int(dpu_flow_rule_parse(ctx, text, &rule), -EINVAL);
	contains(dpu_ctx_error_text(ctx), "too long");
	ok(!rule, "a failure leaves the result alone");
}

static void test_check(struct dpu_ctx *ctx)
{
	static const struct {
		const char *text;
		int rc;
	} cases[] = {
		{ "nw_src=1.2.3.4 actions=1", -EINVAL },
		{ "ip,nw_src=1.2.3.4 actions=1", 0 },
		{ "arp,nw_dst=1.2.3.4 actions=1", 0 },
		{ "ipv6,nw_dst=1.2.3.4 actions=1", -EINVAL },
		{ "ip,ipv6_src=::1 actions=1", -EINVAL },
		{ "ipv6,ipv6_src=::1 actions=1", 0 },
		{ "nw_proto=6 actions=1", -EINVAL },
		{ "arp,nw_proto=6 actions=1", -EINVAL },
		{ "ipv6,nw_tos=4 actions=1", 0 },
		{ "ip,tp_src=1 actions=1", -EINVAL },
		{ "ip,nw_proto=6/7,tp_src=6 actions=1", -EINVAL },
		{ "sctp6,tp_src=1 actions=1", 0 },
		{ "icmp6,icmp_type=1 actions=1", 0 },
		{ "ip,nw_proto=58,icmp_type=1 actions=1", -EINVAL },
		{ "ip,arp_op=1 actions=1", -EINVAL },
		{ "arp,arp_op=1 actions=1", 0 },
		{ "dl_vlan_pcp=1 actions=1", -EINVAL },
		{ "dl_vlan=0xffff,dl_vlan_pcp=1 actions=1", -EINVAL },
		{ "vlan_vid=0x1000/0x1000,dl_vlan_pcp=1 actions=1", 0 },
		{ "dl_type=0x0800/0xff00,nw_proto=6 actions=1", -EINVAL },
	};
	struct dpu_flow_rule *rule;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		must(dpu_flow_rule_parse(ctx, cases[i].text, &rule) == 0);
		ok(flow_rule_check(rule) == cases[i].rc, "%s: %d", cases[i].text, cases[i].rc);
		dpu_flow_rule_unref(rule);
	}
}

int main(void)
{
	const char *seed = getenv("SEED");
	struct dpu_ctx *ctx;

	state = seed ? strtoull(seed, NULL, 0) : 20261121;
	tap_diag("SEED=%" PRIu64, state);
	must(ctx_create(NULL, &ctx) == 0);
	test_inverse(ctx);
	test_canonical(ctx);
	test_errors(ctx);
	test_check(ctx);
	dpu_ctx_unref(ctx);
	return tap_done();
}
