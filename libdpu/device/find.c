/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include "core/text.h"
#include "device/find.h"

int find_begin(struct dpu_ctx *ctx, struct find *find, const char *step, const char *name)
{
	*find = (struct find){ .step = step, .name = name };
	if (name && name[0])
		return 0;
	return ctx_fail(ctx, -EINVAL, step, NULL, "the name is empty");
}

bool find_take(struct find *find, enum find_rank rank, const char *handle)
{
	if (rank > find->rank) {
		find->rank = rank;
		find->second[0] = '\0';
		text_copy(find->first, sizeof(find->first), handle);
		return true;
	}
	if (rank && rank == find->rank)
		text_copy(find->second, sizeof(find->second), handle);
	return false;
}

int find_end(struct dpu_ctx *ctx, const struct find *find, const char *hint)
{
	if (find->rank == FIND_NOT) {
		ctx_fail(ctx, -ENODEV, find->step, find->name, "no such %s",
			 find->step + sizeof("find ") - 1);
		return ctx_hint(ctx, "%s", hint);
	}
	if (find->second[0]) {
		ctx_fail(ctx, -ENOTUNIQ, find->step, find->name, "both %s and %s answer to it", find->first,
			 find->second);
		return ctx_hint(ctx, "use one of these");
	}
	return 0;
}

int device_each(struct dpu_ctx *ctx, int (*each)(struct dpu_device *device, void *arg), void *arg)
{
	struct dpu_device_list *devices;
	size_t i;
	int rc;

	rc = dpu_device_list(ctx, &devices);
	if (rc < 0)
		return rc;
	for (i = 0; i < dpu_device_list_count(devices) && rc == 0; i++)
		rc = each(dpu_device_list_get(devices, i), arg);
	dpu_device_list_unref(devices);
	return rc;
}
