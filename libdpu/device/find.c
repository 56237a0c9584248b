/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include "core/text.h"
#include "device/find.h"

/* Records a failure of the step "find port". */
static int find_fail(struct dpu_ctx *ctx, const struct find *find, int code, const char *message)
{
	char step[32];

	snprintf(step, sizeof(step), "find %s", find->what);
	return ctx_fail(ctx, code, step, find->name, "%s", message);
}

int find_begin(struct dpu_ctx *ctx, struct find *find, const char *what, const char *name)
{
	*find = (struct find){ .what = what, .name = name };
	return name && name[0] ? 0 : find_fail(ctx, find, -EINVAL, "the name is empty");
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
	char message[256];

	if (find->rank == FIND_NOT) {
		snprintf(message, sizeof(message), "no such %s", find->what);
		find_fail(ctx, find, -ENODEV, message);
		return ctx_hint(ctx, "%s", hint);
	}
	if (find->second[0]) {
		snprintf(message, sizeof(message), "both %s and %s answer to it", find->first, find->second);
		find_fail(ctx, find, -ENOTUNIQ, message);
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
