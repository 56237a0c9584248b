/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data path of an e-switch whose packets need the program's time. */
#include <errno.h>
#include <string.h>
#include "core/opts.h"
#include "device/device.h"

_Static_assert(sizeof(struct dpu_eswitch_attach_opts) ==
		       offsetof(struct dpu_eswitch_attach_opts, reserved) + sizeof(uint32_t),
	       "dpu_eswitch_attach_opts has tail padding");

struct dpu_eswitch {
	struct ref ref;
	struct dpu_device *device;
	void *datapath;
};

static void eswitch_destroy(struct dpu_eswitch *eswitch)
{
	struct dpu_device *device = eswitch->device;
	struct dpu_ctx *ctx = device->ctx;

	ctx->ops->datapath_close(ctx, eswitch->datapath);
	ctx_free(ctx, eswitch);
	dpu_device_unref(device);
}

DEFINE_REF(dpu_eswitch, eswitch_destroy)

int dpu_eswitch_open(struct dpu_device *device, struct dpu_eswitch **ret)
{
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_eswitch *eswitch;
	int rc;

	eswitch = ctx_alloc(ctx, sizeof(*eswitch));
	if (!eswitch)
		return ctx_fail_nomem(ctx, "datapath_open");
	rc = ctx->ops->datapath_open(ctx, device->info.handle, &eswitch->datapath);
	if (rc < 0) {
		ctx_free(ctx, eswitch);
		return rc;
	}
	ref_init(&eswitch->ref);
	eswitch->device = dpu_device_ref(device);
	*ret = eswitch;
	return 0;
}

int dpu_eswitch_attach(struct dpu_eswitch *eswitch, struct dpu_port *port,
		       const struct dpu_eswitch_attach_opts *user)
{
	struct dpu_ctx *ctx = eswitch->device->ctx;
	struct dpu_eswitch_attach_opts opts;
	int rc;

	rc = opts_read(&opts, sizeof(opts), user);
	if (rc < 0 || opts.reserved || opts.end > DPU_PORT_REPRESENTOR)
		return ctx_fail(ctx, -EINVAL, "datapath_attach", port->info.netdev, "malformed options");
	if (!opts.tx || !opts.rx)
		return ctx_fail(ctx, -EINVAL, "datapath_attach", port->info.netdev,
				"an end has two queues, one to send and one to receive");
	if (strcmp(port->device->info.handle, eswitch->device->info.handle))
		return ctx_fail(ctx, -EXDEV, "datapath_attach", port->info.netdev,
				"the port belongs to %s, not to %s", port->device->info.handle,
				eswitch->device->info.handle);
	return ctx->ops->datapath_attach(ctx, eswitch->datapath, port->info.index,
					 (enum dpu_port_end)opts.end, opts.tx, opts.rx);
}

int dpu_eswitch_detach(struct dpu_eswitch *eswitch, struct dpu_port *port, enum dpu_port_end end)
{
	struct dpu_ctx *ctx = eswitch->device->ctx;

	return ctx->ops->datapath_detach(ctx, eswitch->datapath, port->info.index, end);
}

int dpu_eswitch_process(struct dpu_eswitch *eswitch)
{
	struct dpu_ctx *ctx = eswitch->device->ctx;

	return ctx->ops->datapath_process(ctx, eswitch->datapath);
}
