/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of the demo share. */
#ifndef DEMO_DEMO_H
#define DEMO_DEMO_H

#include <dpu/dpu.h>
#include <stdbool.h>
#include "lane.h"

#define SFS 2

struct demo {
	struct dpu_ctx *ctx;
	struct dpu_device *device;
	struct dpu_function *sf[SFS];
	struct dpu_flow_table *fdb;
	struct dpu_eswitch *eswitch;
	struct lane *lane[SFS];
	struct dpu_port *uplink;
	struct lane *wire;
};

/* Says what comes, numbered. */
void step(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Says why the last call on the context failed; gives -1. */
int failed(struct demo *demo);

/* hosts.c: each SF is the network of a host in a namespace. 0, -1 told, or 1 when namespaces cannot be had.
 */
int demo_hosts(struct demo *demo);
/* replay.c: the frames of a capture go out through the first SF; what leaves the uplink is captured. */
int demo_replay(struct demo *demo, const char *in, const char *out);
/* rate.c: how many packets a second pass from one SF to the other. */
int demo_rate(struct demo *demo);

#endif
