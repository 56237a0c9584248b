/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "flow/execute.h"
#include "tap.h"

static uint8_t outputs[4][128];
static uint32_t lens[4], ports[4], output_count;

static void output(void *arg, uint32_t port, const uint8_t *data, uint32_t len)
{
	must(arg == outputs && output_count < 4 && len <= sizeof(outputs[0]));
	memcpy(outputs[output_count], data, len);
	lens[output_count] = len;
	ports[output_count++] = port;
}

/* Exactly headroom and frame, so that a sanitizer sees one byte too many. */
static uint32_t run(const struct flow_action *actions, uint32_t count, const void *data, uint32_t len,
		    uint32_t headroom)
{
	uint8_t *buf = malloc(headroom + len);
	struct flow_frame frame = { .data = buf + headroom, .len = len, .headroom = headroom };
	uint32_t made;

	must(buf);
	memcpy(frame.data, data, len);
	output_count = 0;
	made = flow_execute(actions, count, &frame, output, outputs);
	must(made == output_count);
	free(buf);
	return made;
}

#define OUT(n)                                                                                               \
	{                                                                                                    \
		.type = FLOW_ACTION_OUTPUT, .port_number = (n)                                               \
	}
#define RUN(actions, data, len, headroom)                                                                    \
	run(actions, sizeof(actions) / sizeof((actions)[0]), data, len, headroom)

int main(void)
{
	static const uint8_t plain[] = "DDDDDDSSSSSS\x08\x00payload";
	static const uint8_t tagged[] = "DDDDDDSSSSSS\x81\x00\x60\x05\x08\x00payload";
	static const uint8_t service[] = "DDDDDDSSSSSS\x88\xa8\x60\x05\x81\x00\x00\x07\x08\x00";
	static const uint8_t inner[] = "DDDDDDSSSSSS\x81\x00\x00\x07\x08\x00";
	static const struct flow_action push[] = { OUT(1),
						   { .type = FLOW_ACTION_PUSH_VLAN, .vlan_tci = 0x6005 },
						   OUT(2) };
	static const struct flow_action pop[] = { { .type = FLOW_ACTION_POP_VLAN }, OUT(3) };
	static const struct flow_action set[] = {
		{ .type = FLOW_ACTION_SET_FIELD, .field = DPU_FLOW_ETH_SRC, .value = "srcsrc" },
		OUT(1),
		{ .type = FLOW_ACTION_SET_FIELD, .field = DPU_FLOW_ETH_DST, .value = "dstdst" },
		OUT(2)
	};
	struct flow_action pushes[FLOW_MAX_ACTIONS];
	int i;

	is_int(RUN(push, plain, sizeof(plain), 4), 2);
	ok(ports[0] == 1 && lens[0] == sizeof(plain) && !memcmp(outputs[0], plain, sizeof(plain)),
	   "the first copy is as it came");
	ok(ports[1] == 2 && lens[1] == sizeof(tagged) && !memcmp(outputs[1], tagged, sizeof(tagged)),
	   "the second has a tag");
	is_int(RUN(push, plain, sizeof(plain), 3), 1);
	is_int(RUN(push, plain, 13, 4), 1);
	is_int(RUN(push, plain, 14, 4), 2);

	is_int(RUN(pop, tagged, sizeof(tagged), 0), 1);
	ok(lens[0] == sizeof(plain) && !memcmp(outputs[0], plain, sizeof(plain)), "the tag is gone");
	is_int(RUN(pop, plain, sizeof(plain), 0), 1);
	ok(lens[0] == sizeof(plain) && !memcmp(outputs[0], plain, sizeof(plain)), "no tag, no change");
	is_int(RUN(pop, service, sizeof(service), 0), 1);
	ok(lens[0] == sizeof(inner) && !memcmp(outputs[0], inner, sizeof(inner)),
	   "the outer of two tags goes");
	is_int(RUN(pop, tagged, 17, 0), 0);
	is_int(RUN(pop, tagged, 18, 0), 1);
	is_int(RUN(pop, plain, 13, 0), 0);

	is_int(RUN(set, plain, sizeof(plain), 0), 2);
	ok(!memcmp(outputs[0], "DDDDDDsrcsrc\x08", 13), "source set");
	ok(!memcmp(outputs[1], "dstdstsrcsrc\x08", 13), "destination set");
	is_int(RUN(set, plain, 13, 0), 0);
	is_int(run(NULL, 0, plain, sizeof(plain), 0), 0);

	for (i = 0; i < FLOW_MAX_ACTIONS; i++)
		pushes[i] = push[1];
	pushes[FLOW_MAX_ACTIONS - 1] = push[0];
	is_int(RUN(pushes, plain, sizeof(plain), FLOW_HEADROOM), 1);
	is_int(lens[0], sizeof(plain) + 4 * (FLOW_MAX_ACTIONS - 1));
	return tap_done();
}
