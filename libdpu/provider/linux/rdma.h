/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RDMA devices, by one of two interchangeable sources: the kernel's RDMA netlink and sysfs (rdma-netlink.c,
 * rdma-sysfs.c) or none (rdma-none.c). libibverbs is not asked: it prints to stderr when it initialises, and
 * says nothing here that these do not. */
#ifndef DPU_LINUX_RDMA_H
#define DPU_LINUX_RDMA_H

#include <dpu/rdma.h>
#include "core/ctx.h"
#include "provider/linux/facts.h"
#include "provider/linux/sysfs.h"

/* NULL when there can be RDMA devices, else why there can be none. */
const char *rdma_absent(const struct sysfs *sysfs);

/* One device by its name; place is not filled. */
void rdma_read(const struct sysfs *sysfs, const char *name, struct fact_rdma *rdma);

/* The ports of all devices, as the seam has them. */
int rdma_links(struct dpu_ctx *ctx, struct dpu_rdma **ret, size_t *count);

/* All RDMA devices, ordered by name; none is no error. 0 or -ENOMEM. Likewise. */
int rdma_devices(struct dpu_ctx *ctx, const struct sysfs *sysfs, struct fact_rdma **ret, size_t *count);

#endif
