/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A lane: the two virtqueues of a virtio-net device whose driver is this program and whose device is a port
 * of the simulated e-switch. */
#ifndef DEMO_LANE_H
#define DEMO_LANE_H

#include <dpu/dpu.h>

#define LANE_BURST 32

struct lane;

/* Makes the queues (size descriptors each) and attaches their device sides to one end of a port. */
int lane_create(struct dpu_eswitch *eswitch, struct dpu_port *port, enum dpu_port_end end, uint32_t size,
		struct lane **ret);
/* The e-switch must have been released, or the end detached, before the memory goes. */
void lane_free(struct lane *lane);

/* Sends frames; returns how many there was room for. */
int lane_send(struct lane *lane, const struct iovec *frames, uint32_t count);
/* Receives up to LANE_BURST frames; they stay valid until the next call. */
int lane_receive(struct lane *lane, struct iovec *frames, uint32_t count);

#endif
