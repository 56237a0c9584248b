/* SPDX-License-Identifier: LGPL-2.1-or-later */
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
