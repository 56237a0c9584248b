/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdbool.h>
#include <string.h>
#include "flow/execute.h"

#define MACS 12
#define ETH_HEADER 14
#define TAG 4

static bool is_tagged(const struct flow_frame *frame)
{
	const uint8_t *type = frame->data + MACS;

	return (type[0] == 0x81 && type[1] == 0x00) || (type[0] == 0x88 && type[1] == 0xa8);
}

static bool push_vlan(struct flow_frame *frame, uint16_t tci)
{
	if (frame->headroom < TAG)
		return false;
	frame->data -= TAG;
	frame->headroom -= TAG;
	frame->len += TAG;
	memmove(frame->data, frame->data + TAG, MACS);
	frame->data[MACS] = 0x81;
	frame->data[MACS + 1] = 0x00;
	frame->data[MACS + 2] = (uint8_t)(tci >> 8);
	frame->data[MACS + 3] = (uint8_t)tci;
	return true;
}

static bool pop_vlan(struct flow_frame *frame)
{
	if (!is_tagged(frame))
		return true;
	if (frame->len < ETH_HEADER + TAG)
		return false;
	memmove(frame->data + TAG, frame->data, MACS);
	frame->data += TAG;
	frame->headroom += TAG;
	frame->len -= TAG;
	return true;
}

/* False: the frame is too short, or its headroom is used up. */
static bool change(const struct flow_action *action, struct flow_frame *frame)
{
	if (frame->len < ETH_HEADER)
		return false;
	switch (action->type) {
	case FLOW_ACTION_PUSH_VLAN:
		return push_vlan(frame, action->vlan_tci);
	case FLOW_ACTION_POP_VLAN:
		return pop_vlan(frame);
	case FLOW_ACTION_SET_FIELD:
		memcpy(frame->data + (action->field == DPU_FLOW_ETH_SRC ? 6 : 0), action->value, 6);
		return true;
	case FLOW_ACTION_OUTPUT:
		break;
	}
	return false;
}

uint32_t flow_execute(const struct flow_action *actions, uint32_t count, struct flow_frame *frame,
		      flow_output_fn output, void *arg)
{
	uint32_t i, outputs = 0;

	for (i = 0; i < count; i++) {
		if (actions[i].type == FLOW_ACTION_OUTPUT) {
			output(arg, actions[i].port_number, frame->data, frame->len);
			outputs++;
		} else if (!change(&actions[i], frame)) {
			break;
		}
	}
	return outputs;
}
