/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What shows the operation mode beside the configuration: who controls the e-switch, whom it represents, what
 * the rshim driver says. Each piece fits some modes and not others. */
#include <errno.h>
#include <string.h>
#include "mode/mode.h"

#define MODE(mode) (1u << DPU_MODE_##mode)

static void add(struct evidence *evidence, enum dpu_mode_evidence kind, uint32_t modes)
{
	evidence->fits[kind] = modes;
	evidence->modes = evidence->kinds ? evidence->modes & modes : modes;
	evidence->kinds |= kind;
}

/* True when the device's driver answers devlink at all: only then does a refusal say something. */
static bool has_devlink(struct dpu_device *device)
{
	struct dpu_device_version *versions = NULL;
	struct dpu_ctx *ctx = device->ctx;
	size_t count = 0;

	if (ctx->ops->versions(ctx, device->info.handle, &versions, &count) < 0)
		return false;
	ctx_free(ctx, versions);
	return count > 0;
}

static void look_at_eswitch(struct dpu_device *device, struct evidence *evidence, bool *switchdev)
{
	enum dpu_eswitch_mode mode = DPU_ESWITCH_LEGACY;
	int rc;

	rc = device->ctx->ops->eswitch_mode_get(device->ctx, device->info.handle, &mode);
	*switchdev = rc == 0 && mode != DPU_ESWITCH_LEGACY;
	if (rc < 0 && (rc != -EOPNOTSUPP || !has_devlink(device)))
		return;
	if (evidence->side == DPU_SIDE_ARM)
		add(evidence, DPU_EVIDENCE_ESWITCH,
		    rc == 0 ? MODE(DPU) | MODE(RESTRICTED) | MODE(SEPARATED) : MODE(NIC));
	else if (evidence->side == DPU_SIDE_HOST)
		add(evidence, DPU_EVIDENCE_ESWITCH,
		    rc == 0 ? MODE(NIC) | MODE(SEPARATED) : MODE(DPU) | MODE(RESTRICTED));
}

/* The host's PF has a port on the Arm side's e-switch in DPU mode only; in switchdev mode it then must. */
static int look_at_ports(struct dpu_device *device, struct evidence *evidence, bool switchdev)
{
	struct provider_port *ports = NULL;
	struct dpu_ctx *ctx = device->ctx;
	size_t count = 0, i;
	bool host = false;
	int rc;

	if (evidence->side != DPU_SIDE_ARM)
		return 0;
	rc = ctx->ops->ports(ctx, device->info.handle, &ports, &count);
	if (rc < 0)
		return rc;
	for (i = 0; i < count; i++)
		host = host || (ports[i].flavour == DPU_PORT_PCIPF && ports[i].controller);
	ctx_free(ctx, ports);
	if (host)
		add(evidence, DPU_EVIDENCE_REPRESENTORS, MODE(DPU) | MODE(RESTRICTED));
	else if (switchdev)
		add(evidence, DPU_EVIDENCE_REPRESENTORS, MODE(SEPARATED));
	return 0;
}

int evidence_gather(struct dpu_device *device, struct evidence *evidence)
{
	struct provider_mode_evidence told = { 0 };
	struct dpu_ctx *ctx = device->ctx;
	bool switchdev;
	int rc;

	memset(evidence, 0, sizeof(*evidence));
	rc = ctx->ops->mode_evidence(ctx, device->info.handle, &told);
	if (rc == -EOPNOTSUPP)
		return 0;
	if (rc < 0)
		return rc;
	evidence->side = told.side;
	look_at_eswitch(device, evidence, &switchdev);
	rc = look_at_ports(device, evidence, switchdev);
	if (rc < 0)
		return rc;
	/* To the rshim driver all that is not NIC mode is DPU mode. */
	if (told.rshim == DPU_MODE_NIC)
		add(evidence, DPU_EVIDENCE_RSHIM, MODE(NIC));
	else if (told.rshim == DPU_MODE_DPU)
		add(evidence, DPU_EVIDENCE_RSHIM, MODE(DPU) | MODE(RESTRICTED) | MODE(SEPARATED));
	return 0;
}
