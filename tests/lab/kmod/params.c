// SPDX-License-Identifier: GPL-2.0
/* devlink params, of the PF's instance and of the functions' own. */
#include <linux/log2.h>
#include "dpulab.h"

enum {
	PARAM_BASE = DEVLINK_PARAM_GENERIC_ID_MAX,
	PARAM_STEERING,
	PARAM_MULTIPORT,
	PARAM_TOTAL_VFS,
};

#if DPL_PARAM_SET_EXTACK
#define SET_ARGS struct devlink *dl, u32 id, struct devlink_param_gset_ctx *ctx, \
		 struct netlink_ext_ack *ea
#define SET_EA ea
#else
#define SET_ARGS struct devlink *dl, u32 id, struct devlink_param_gset_ctx *ctx
#define SET_EA NULL
#endif

#define VALIDATE_ARGS struct devlink *dl, u32 id, \
		      union devlink_param_value val, struct netlink_ext_ack *ea

static int roce_validate(VALIDATE_ARGS)
{
	return dpl_fault(dpl_of(dl), DPL_OP_PARAM_SET, ea);
}

static int eq_size_validate(VALIDATE_ARGS)
{
	int err = dpl_fault(dpl_of(dl), DPL_OP_PARAM_SET, ea);

	if (err)
		return err;
	if (val.vu32 < 64 || val.vu32 > 4096) {
		NL_SET_ERR_MSG_MOD(ea, "Value is out of the range 64-4096");
		return -EINVAL;
	}
	return 0;
}

static int max_macs_validate(VALIDATE_ARGS)
{
	int err = dpl_fault(dpl_of(dl), DPL_OP_PARAM_SET, ea);

	if (err)
		return err;
	if (!val.vu32) {
		NL_SET_ERR_MSG_MOD(ea, "max_macs value must be greater than 0");
		return -EINVAL;
	}
	if (!is_power_of_2(val.vu32)) {
		NL_SET_ERR_MSG_MOD(ea, "Only power of 2 values are supported for max_macs");
		return -EINVAL;
	}
	if (val.vu32 > 128) {
		NL_SET_ERR_MSG_MOD(ea, "max_macs value is out of the supported range");
		return -EINVAL;
	}
	return 0;
}

static int steering_get(struct devlink *dl, u32 id,
			struct devlink_param_gset_ctx *ctx)
{
	strscpy(ctx->val.vstr, dpl_of(dl)->steering, sizeof(ctx->val.vstr));
	return 0;
}

static int steering_set(SET_ARGS)
{
	struct dpl *d = dpl_of(dl);

	strscpy(d->steering, ctx->val.vstr, sizeof(d->steering));
	return 0;
}

static int steering_validate(VALIDATE_ARGS)
{
	struct dpl *d = dpl_of(dl);
	int err = dpl_fault(d, DPL_OP_PARAM_SET, ea);

	if (err)
		return err;
	if (strcmp(val.vstr, "dmfs") && strcmp(val.vstr, "smfs") &&
	    strcmp(val.vstr, "hmfs")) {
		NL_SET_ERR_MSG_MOD(ea, "Bad parameter: supported values are [\"dmfs\", \"smfs\", \"hmfs\"]");
		return -EINVAL;
	}
	if (d->mode == DEVLINK_ESWITCH_MODE_SWITCHDEV) {
		NL_SET_ERR_MSG_MOD(ea, "Moving to a different steering mode is not supported when eswitch offloads enabled.");
		return -EOPNOTSUPP;
	}
	return 0;
}

static int multiport_get(struct devlink *dl, u32 id,
			 struct devlink_param_gset_ctx *ctx)
{
	ctx->val.vbool = dpl_of(dl)->esw_multiport;
	return 0;
}

static int multiport_set(SET_ARGS)
{
	int err = dpl_fault(dpl_of(dl), DPL_OP_PARAM_SET, SET_EA);

	if (!err)
		dpl_of(dl)->esw_multiport = ctx->val.vbool;
	return err;
}

static int multiport_validate(VALIDATE_ARGS)
{
	if (dpl_of(dl)->mode != DEVLINK_ESWITCH_MODE_SWITCHDEV) {
		NL_SET_ERR_MSG_MOD(ea, "E-Switch must be in switchdev mode");
		return -EBUSY;
	}
	return 0;
}

static int sriov_get(struct devlink *dl, u32 id,
		     struct devlink_param_gset_ctx *ctx)
{
	ctx->val.vbool = dpl_of(dl)->enable_sriov;
	return 0;
}

static int sriov_set(SET_ARGS)
{
	int err = dpl_fault(dpl_of(dl), DPL_OP_PARAM_SET, SET_EA);

	if (!err)
		dpl_of(dl)->enable_sriov = ctx->val.vbool;
	return err;
}

static int total_vfs_get(struct devlink *dl, u32 id,
			 struct devlink_param_gset_ctx *ctx)
{
	ctx->val.vu32 = dpl_of(dl)->total_vfs;
	return 0;
}

static int total_vfs_set(SET_ARGS)
{
	int err = dpl_fault(dpl_of(dl), DPL_OP_PARAM_SET, SET_EA);

	if (!err)
		dpl_of(dl)->total_vfs = ctx->val.vu32;
	return err;
}

static int total_vfs_validate(VALIDATE_ARGS)
{
	if (val.vu32 > DPL_MAX_VFS) {
		NL_SET_ERR_MSG_MOD(ea, "Max allowed by device is 1024 VFs");
		return -EINVAL;
	}
	return 0;
}

static const struct devlink_param params[] = {
	DEVLINK_PARAM_GENERIC(ENABLE_ROCE, BIT(DEVLINK_PARAM_CMODE_DRIVERINIT),
			      NULL, NULL, roce_validate),
	DEVLINK_PARAM_GENERIC(IO_EQ_SIZE, BIT(DEVLINK_PARAM_CMODE_DRIVERINIT),
			      NULL, NULL, eq_size_validate),
	DEVLINK_PARAM_GENERIC(MAX_MACS, BIT(DEVLINK_PARAM_CMODE_DRIVERINIT),
			      NULL, NULL, max_macs_validate),
	DEVLINK_PARAM_GENERIC(ENABLE_SRIOV, BIT(DEVLINK_PARAM_CMODE_PERMANENT),
			      sriov_get, sriov_set, NULL),
	DEVLINK_PARAM_DRIVER(PARAM_TOTAL_VFS, "total_vfs",
			     DEVLINK_PARAM_TYPE_U32,
			     BIT(DEVLINK_PARAM_CMODE_PERMANENT),
			     total_vfs_get, total_vfs_set, total_vfs_validate),
	DEVLINK_PARAM_DRIVER(PARAM_STEERING, "flow_steering_mode",
			     DEVLINK_PARAM_TYPE_STRING,
			     BIT(DEVLINK_PARAM_CMODE_RUNTIME),
			     steering_get, steering_set, steering_validate),
	DEVLINK_PARAM_DRIVER(PARAM_MULTIPORT, "esw_multiport",
			     DEVLINK_PARAM_TYPE_BOOL,
			     BIT(DEVLINK_PARAM_CMODE_RUNTIME),
			     multiport_get, multiport_set, multiport_validate),
};

static void init_bool(struct devlink *dl, u32 id, bool v)
{
	union devlink_param_value val = { .vbool = v };

	dpl_driverinit_set(dl, id, val);
}

static void init_u32(struct devlink *dl, u32 id, u32 v)
{
	union devlink_param_value val = { .vu32 = v };

	dpl_driverinit_set(dl, id, val);
}

int dpl_params_register(struct dpl *d)
{
	int err = devlink_params_register(d->dl, params, ARRAY_SIZE(params));

	if (err)
		return err;
	strscpy(d->steering, "smfs", sizeof(d->steering));
	d->enable_sriov = true;
	d->total_vfs = d->pdev ? 4 : dpl_max_vfs;
	init_bool(d->dl, DEVLINK_PARAM_GENERIC_ID_ENABLE_ROCE, true);
	init_u32(d->dl, DEVLINK_PARAM_GENERIC_ID_IO_EQ_SIZE, 1024);
	init_u32(d->dl, DEVLINK_PARAM_GENERIC_ID_MAX_MACS, 128);
	return 0;
}

void dpl_params_unregister(struct dpl *d)
{
	devlink_params_unregister(d->dl, params, ARRAY_SIZE(params));
}

/* ---- functions ---- */
static const struct devlink_param fn_params[] = {
	DEVLINK_PARAM_GENERIC(ENABLE_ETH, BIT(DEVLINK_PARAM_CMODE_DRIVERINIT),
			      NULL, NULL, NULL),
	DEVLINK_PARAM_GENERIC(ENABLE_RDMA, BIT(DEVLINK_PARAM_CMODE_DRIVERINIT),
			      NULL, NULL, NULL),
	DEVLINK_PARAM_GENERIC(ENABLE_VNET, BIT(DEVLINK_PARAM_CMODE_DRIVERINIT),
			      NULL, NULL, NULL),
};

int dpl_fn_params_register(struct dpl_fn *fn)
{
	int err = devlink_params_register(fn->dl, fn_params,
					  ARRAY_SIZE(fn_params));
	bool on = true;

	if (err)
		return err;
	if (fn->is_sf)
		on = fn->d->sf_eth_default < 0 ? dpl_sf_eth_default :
						 fn->d->sf_eth_default;
	init_bool(fn->dl, DEVLINK_PARAM_GENERIC_ID_ENABLE_ETH, on);
	init_bool(fn->dl, DEVLINK_PARAM_GENERIC_ID_ENABLE_RDMA, on);
	init_bool(fn->dl, DEVLINK_PARAM_GENERIC_ID_ENABLE_VNET, on);
	return 0;
}

void dpl_fn_params_unregister(struct dpl_fn *fn)
{
	devlink_params_unregister(fn->dl, fn_params, ARRAY_SIZE(fn_params));
}

/* the function's devl_lock held */
bool dpl_fn_eth_enabled(struct dpl_fn *fn)
{
	union devlink_param_value val;
	int err;

	err = dpl_driverinit_get(fn->dl, DEVLINK_PARAM_GENERIC_ID_ENABLE_ETH,
				 &val);
	return err || val.vbool;
}
