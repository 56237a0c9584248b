// SPDX-License-Identifier: GPL-2.0
/* Health reporters "fw" and "fw_fatal", and the resources. */
#include "dpulab.h"

enum { RES_SFS = 1, RES_EXTERNAL_SFS };

static bool is_fatal(struct dpl *d, struct devlink_health_reporter *r)
{
	return r == d->hr[1];
}

static int recover(struct devlink_health_reporter *r, void *ctx,
		   struct netlink_ext_ack *ea)
{
	return dpl_fault(devlink_health_reporter_priv(r), DPL_OP_RECOVER, ea);
}

static int dump(struct devlink_health_reporter *r, struct devlink_fmsg *fmsg,
		void *ctx, struct netlink_ext_ack *ea)
{
	struct dpl *d = devlink_health_reporter_priv(r);

	devlink_fmsg_string_pair_put(fmsg, "cause", ctx ? ctx : "asked for");
	devlink_fmsg_string_pair_put(fmsg, "fw_version", d->fw_running);
	devlink_fmsg_u32_pair_put(fmsg, "sfs", d->nsfs[0] + d->nsfs[1]);
	return 0;
}

static int diagnose(struct devlink_health_reporter *r,
		    struct devlink_fmsg *fmsg, struct netlink_ext_ack *ea)
{
	struct dpl *d = devlink_health_reporter_priv(r);

	devlink_fmsg_u32_pair_put(fmsg, "Syndrome", is_fatal(d, r) ? 1 : 0);
	devlink_fmsg_string_pair_put(fmsg, "Description", "no error");
	return 0;
}

static void health_work(struct work_struct *w)
{
	struct dpl *d = container_of(w, struct dpl, health_work);
	int i;

	for (i = 0; i < 2; i++)
		if (test_and_clear_bit(i, &d->health_pending))
			dpl_health_error(d, i, "test");
}

/* devl_lock is held, which reporting needs */
static int test(struct devlink_health_reporter *r, struct netlink_ext_ack *ea)
{
	struct dpl *d = devlink_health_reporter_priv(r);

	set_bit(is_fatal(d, r), &d->health_pending);
	queue_work(d->wq, &d->health_work);
	return 0;
}

static const struct devlink_health_reporter_ops fw_ops = {
	.name = "fw", .recover = recover, .dump = dump, .diagnose = diagnose,
	.test = test,
};

static const struct devlink_health_reporter_ops fw_fatal_ops = {
	.name = "fw_fatal", .recover = recover, .dump = dump,
	.diagnose = diagnose, .test = test,
};

int dpl_health_error(struct dpl *d, bool fatal, const char *msg)
{
	int err = devlink_health_report(d->hr[fatal], msg, (void *)msg);

	/* the state and its counts tell the rest */
	return err == -ECANCELED ? 0 : err;
}

int dpl_health_create(struct dpl *d)
{
	struct devlink_health_reporter *r;

	INIT_WORK(&d->health_work, health_work);
	r = devlink_health_reporter_create(d->dl, &fw_ops, 0, d);
	if (IS_ERR(r))
		return PTR_ERR(r);
	d->hr[0] = r;
	r = devlink_health_reporter_create(d->dl, &fw_fatal_ops, 60000, d);
	if (IS_ERR(r)) {
		devlink_health_reporter_destroy(d->hr[0]);
		return PTR_ERR(r);
	}
	d->hr[1] = r;
	return 0;
}

void dpl_health_destroy(struct dpl *d)
{
	cancel_work_sync(&d->health_work);
	devlink_health_reporter_destroy(d->hr[1]);
	devlink_health_reporter_destroy(d->hr[0]);
}

static u64 sfs_occ(void *priv)
{
	return ((struct dpl *)priv)->nsfs[0];
}

static u64 external_sfs_occ(void *priv)
{
	return ((struct dpl *)priv)->nsfs[1];
}

/* devl_lock held */
int dpl_resources_register(struct dpl *d)
{
	struct devlink_resource_size_params size;
	int err;

	devlink_resource_size_params_init(&size, dpl_max_sfs, dpl_max_sfs, 1,
					  DEVLINK_RESOURCE_UNIT_ENTRY);
	err = devl_resource_register(d->dl, "sfs", dpl_max_sfs, RES_SFS,
				     DEVLINK_RESOURCE_ID_PARENT_TOP, &size);
	if (!err && d->external)
		err = devl_resource_register(d->dl, "external_sfs", dpl_max_sfs,
					     RES_EXTERNAL_SFS,
					     DEVLINK_RESOURCE_ID_PARENT_TOP,
					     &size);
	if (err)
		return err;
	devl_resource_occ_get_register(d->dl, RES_SFS, sfs_occ, d);
	if (d->external)
		devl_resource_occ_get_register(d->dl, RES_EXTERNAL_SFS,
					       external_sfs_occ, d);
	return 0;
}
