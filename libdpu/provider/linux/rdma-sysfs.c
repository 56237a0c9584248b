/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include "core/text.h"
#include "provider/linux/rdma.h"

const char *rdma_absent(const struct sysfs *sysfs)
{
	return sysfs_exists(sysfs, "class/infiniband") ? NULL
						       : "the kernel has no RDMA (no class/infiniband)";
}

void rdma_read(const struct sysfs *sysfs, const char *name, struct fact_rdma *rdma)
{
	char path[SYSFS_PATH_SIZE];

	memset(rdma, 0, sizeof(*rdma));
	text_copy(rdma->name, sizeof(rdma->name), name);
	if (sysfs_path(path, "class/infiniband/%s/ports/1/gid_attrs/ndevs/0", name))
		sysfs_text(sysfs, path, rdma->netdev, sizeof(rdma->netdev));
}

int rdma_devices(struct dpu_ctx *ctx, const struct sysfs *sysfs, struct fact_rdma **ret, size_t *count)
{
	struct fact_rdma *devices = NULL;
	struct sysfs_names names;
	size_t i;
	int rc;

	rc = sysfs_list(ctx, sysfs, "class/infiniband", &names);
	if (rc < 0)
		return rc;
	if (names.count) {
		devices = ctx_alloc(ctx, names.count * sizeof(*devices));
		if (!devices) {
			sysfs_names_free(ctx, &names);
			return -ENOMEM;
		}
	}
	for (i = 0; i < names.count; i++)
		rdma_read(sysfs, names.entries[i].name, &devices[i]);
	*ret = devices;
	*count = names.count;
	sysfs_names_free(ctx, &names);
	return 0;
}
