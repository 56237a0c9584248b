/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands behind a dpu_flow_table: the software table here, a device's e-switch in device/flowtable.c. */
#ifndef DPU_FLOW_BACKEND_H
#define DPU_FLOW_BACKEND_H

#include <dpu/flow.h>
#include "core/ctx.h"

/* One rule as a table has it. */
struct flow_entry {
	uint64_t id;
	struct dpu_flow_rule *rule; /* a reference */
	uint64_t packets;
	uint64_t bytes;
};

struct flow_backend_ops {
	int (*insert)(void *backend, struct dpu_flow_rule *rule, uint64_t *id);
	int (*remove)(void *backend, uint64_t id);
	int (*flush)(void *backend); /* how many */
	int (*stats)(void *backend, uint64_t id, uint64_t *packets, uint64_t *bytes);
	/* NULL: the table of a device, whose hardware looks up. */
	int (*lookup)(void *backend, const struct dpu_flow_packet *packets, uint32_t count, uint64_t *ids);
	/* The rules in any order; the array is the caller's to ctx_free(), the references to drop. */
	int (*list)(void *backend, struct flow_entry **ret, size_t *count);
	void (*close)(void *backend);
};

/* Makes the public object. On success the table owns backend and holds the context. */
int flow_table_wrap(struct dpu_ctx *ctx, const struct flow_backend_ops *ops, void *backend,
		    struct dpu_flow_table **ret);

#endif
