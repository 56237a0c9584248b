/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Carries out a rule's actions on a packet. */
#ifndef DPU_FLOW_EXECUTE_H
#define DPU_FLOW_EXECUTE_H

#include "flow/rule.h"

/* Headroom that a frame must have so that every action list fits: 16 pushes of a 4-byte tag. */
#define FLOW_HEADROOM 64

/* A packet that may be changed. data - headroom is writable memory. */
struct flow_frame {
	uint8_t *data;
	uint32_t len;
	uint32_t headroom;
};

/* Called for each output, with the frame as it is at that point; must not change it. */
typedef void (*flow_output_fn)(void *arg, uint32_t port, const uint8_t *data, uint32_t len);

/* Returns how many outputs were made; 0 is a drop. A packet too short for an action is dropped. */
uint32_t flow_execute(const struct flow_action *actions, uint32_t count, struct flow_frame *frame,
		      flow_output_fn output, void *arg);

#endif
