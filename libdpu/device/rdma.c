/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/facts.h"
#include "device/device.h"

DEFINE_FACTS(dpu_rdma_list, dpu_rdma)

int dpu_rdma_list(struct dpu_ctx *ctx, struct dpu_rdma_list **ret)
{
	struct dpu_rdma *items = NULL;
	size_t count = 0;
	int rc;

	rc = ctx->ops->rdma(ctx, &items, &count);
	return rc < 0 ? rc : dpu_rdma_list_take(ctx, "rdma", items, count, ret);
}
