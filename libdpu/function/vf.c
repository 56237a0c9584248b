/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The number of a PF's virtual functions. */
#include <errno.h>
#include <inttypes.h>
#include "device/representors.h"
#include "function/function.h"

struct vf_wait {
	struct dpu_device *device;
	uint32_t count;
};

/* As many as asked for, in switchdev mode with their representors. */
static int vfs_present(void *arg)
{
	struct vf_wait *wait = arg;
	struct dpu_ctx *ctx = wait->device->ctx;
	struct provider_function *infos = NULL;
	enum dpu_eswitch_mode mode;
	uint32_t present = 0;
	size_t count = 0;
	size_t i;
	int rc;

	rc = ctx->ops->eswitch_mode_get(ctx, wait->device->info.handle, &mode);
	if (rc < 0)
		return rc;
	rc = ctx->ops->functions(ctx, wait->device->info.handle, &infos, &count);
	if (rc < 0)
		return rc;
	for (i = 0; i < count; i++) {
		/* Another machine's come and go with that. */
		if (infos[i].type == DPU_FUNCTION_VF &&
		    infos[i].controller == wait->device->info.vf_controller)
			present++;
	}
	ctx_free(ctx, infos);
	if (present != wait->count)
		return 0;
	return representors_settled(wait->device, mode);
}

int dpu_vf_count(struct dpu_device *device, uint32_t *total)
{
	struct dpu_ctx *ctx = device->ctx;
	uint32_t most;
	int rc;

	rc = ctx->ops->vf_count(ctx, device->info.handle, &most);
	if (rc >= 0 && total)
		*total = most;
	return rc;
}

/* One number to another goes through 0. */
static int set_count(struct dpu_device *device, uint32_t from, uint32_t to, const struct deadline *deadline)
{
	struct vf_wait wait = { .device = device, .count = to };
	struct dpu_ctx *ctx = device->ctx;
	int rc;

	if (from && to) {
		rc = set_count(device, from, 0, deadline);
		if (rc < 0)
			return rc;
	}
	rc = ctx->ops->vf_set_count(ctx, device->info.handle, to);
	if (rc < 0)
		return rc;
	return wait_until(ctx, deadline, vfs_present, &wait, "vf_set_count", device->info.handle);
}

int dpu_vf_set_count(struct dpu_device *device, uint32_t count, int deadline_ms)
{
	struct deadline deadline = deadline_start(deadline_ms);
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_error error;
	uint32_t total;
	int before, now, rc;

	before = ctx->ops->vf_count(ctx, device->info.handle, &total);
	if (before < 0)
		return before;
	/* Before anything is lost. */
	if (count > total) {
		ctx_fail(ctx, -ERANGE, "vf_set_count", device->info.handle,
			 "%" PRIu32 " VFs asked for, at most %" PRIu32 " there can be", count, total);
		return ctx_hint(ctx,
				"raise NUM_OF_VFS in the firmware configuration, then reset the firmware");
	}
	if ((uint32_t)before == count)
		return 0;
	rc = set_count(device, (uint32_t)before, count, &deadline);
	if (rc == 0)
		return 0;
	error = ctx->error;
	now = ctx->ops->vf_count(ctx, device->info.handle, &total);
	deadline = deadline_start(UNDO_MS);
	if (now >= 0 && now != before)
		set_count(device, (uint32_t)now, (uint32_t)before, &deadline);
	ctx->error = error;
	return rc;
}
