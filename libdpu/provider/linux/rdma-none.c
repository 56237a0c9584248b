/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include "provider/linux/rdma.h"

const char *rdma_absent(const struct sysfs *sysfs)
{
	(void)sysfs;
	return "libdpu was built without RDMA";
}

int rdma_devices(struct dpu_ctx *ctx, const struct sysfs *sysfs, struct fact_rdma **ret, size_t *count)
{
	(void)ctx;
	(void)sysfs;
	*ret = NULL;
	*count = 0;
	return 0;
}

void rdma_read(const struct sysfs *sysfs, const char *name, struct fact_rdma *rdma)
{
	(void)sysfs;
	(void)name;
	memset(rdma, 0, sizeof(*rdma));
}

int rdma_links(struct dpu_ctx *ctx, struct dpu_rdma **ret, size_t *count)
{
	(void)ret;
	(void)count;
	return ctx_fail(ctx, -EOPNOTSUPP, "rdma", NULL, "libdpu was built without RDMA");
}
