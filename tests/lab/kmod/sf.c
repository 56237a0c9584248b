// SPDX-License-Identifier: GPL-2.0
/*
 * Subfunctions: their ports' creation, their auxiliary devices and the two
 * drivers that may bind those.
 */
#include <linux/delay.h>
#include <linux/wait.h>
#include "dpulab.h"

static DEFINE_IDA(sf_dev_ida);		/* of all instances, from 2 */
static atomic_t sf_live = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(sf_gone);

void dpl_sf_id_free(struct dpl_port *p)
{
	u32 base = p->external ? DPL_IDX_EXTSF : DPL_IDX_SF;

	ida_free(&p->d->sf_ids[p->external], p->index - base);
	p->d->nsfs[p->external]--;
}

static int sf_new(struct dpl *d, const struct devlink_port_new_attrs *a,
		  struct netlink_ext_ack *ea, struct dpl_port **out)
{
	u32 c = a->controller_valid ? a->controller : 0;
	struct dpl_port *p;
	int id, err;

	if (a->flavour != DEVLINK_PORT_FLAVOUR_PCI_SF) {
		NL_SET_ERR_MSG_MOD(ea, "Driver supports only SF port addition");
		return -EOPNOTSUPP;
	}
	if (a->port_index_valid) {
		NL_SET_ERR_MSG_MOD(ea, "Driver does not support user defined port index assignment");
		return -EOPNOTSUPP;
	}
	if (!a->sfnum_valid) {
		NL_SET_ERR_MSG_MOD(ea, "User must provide unique sfnum. Driver does not support auto assignment");
		return -EOPNOTSUPP;
	}
	if (c && !d->external) {
		NL_SET_ERR_MSG_MOD(ea, "External controller is unsupported");
		return -EOPNOTSUPP;
	}
	if (a->pfnum != d->pfnum) {
		NL_SET_ERR_MSG_MOD(ea, "Invalid pfnum supplied");
		return -EOPNOTSUPP;
	}
	if (d->mode != DEVLINK_ESWITCH_MODE_SWITCHDEV) {
		NL_SET_ERR_MSG_MOD(ea, "SF ports are only supported in eswitch switchdev mode.");
		return -EOPNOTSUPP;
	}
	if (c > 1) {
		NL_SET_ERR_MSG_MOD(ea, "Invalid controller number");
		return -EINVAL;
	}
	err = dpl_fault(d, DPL_OP_PORT_NEW, ea);
	if (err)
		return err;
	if (dpl_port_find(d, DEVLINK_PORT_FLAVOUR_PCI_SF, c, a->sfnum)) {
		NL_SET_ERR_MSG_MOD(ea, "SF already exist. Choose different sfnum");
		return -EEXIST;
	}
	id = ida_alloc_max(&d->sf_ids[c], dpl_max_sfs - 1, GFP_KERNEL);
	if (id < 0) {
		if (id == -ENOSPC)
			NL_SET_ERR_MSG_MOD(ea, "No free SF, max_sfs is reached");
		return id;
	}
	d->nsfs[c]++;
	p = dpl_port_alloc(d, DEVLINK_PORT_FLAVOUR_PCI_SF, c, a->sfnum,
			   (c ? DPL_IDX_EXTSF : DPL_IDX_SF) + id);
	if (!p) {
		ida_free(&d->sf_ids[c], id);
		d->nsfs[c]--;
		return -ENOMEM;
	}
	err = dpl_port_add(p);
	if (err)
		dpl_sf_id_free(p);
	else
		*out = p;
	dpl_port_put(p);
	return err;
}

#if DPL_HAVE_PORT_OPS
int dpl_port_new(struct devlink *dl, const struct devlink_port_new_attrs *a,
		 struct netlink_ext_ack *ea, struct devlink_port **out)
{
	struct dpl_port *p;
	int err = sf_new(dpl_of(dl), a, ea, &p);

	if (!err)
		*out = &p->dlp;
	return err;
}
#else
int dpl_port_new(struct devlink *dl, const struct devlink_port_new_attrs *a,
		 struct netlink_ext_ack *ea, unsigned int *out)
{
	struct dpl_port *p;
	int err = sf_new(dpl_of(dl), a, ea, &p);

	if (!err)
		*out = p->index;
	return err;
}
#endif

/* ---- the auxiliary device ---- */
static ssize_t sfnum_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  container_of(dev, struct dpl_sf, adev.dev)->sfnum);
}
static DEVICE_ATTR_RO(sfnum);

static struct attribute *sf_attrs[] = { &dev_attr_sfnum.attr, NULL };
ATTRIBUTE_GROUPS(sf);

static void sf_release(struct device *dev)
{
	struct dpl_sf *sf = container_of(dev, struct dpl_sf, adev.dev);

	dpl_port_put(sf->port);
	kfree(sf);
	if (atomic_dec_and_test(&sf_live))
		wake_up(&sf_gone);
}

static int sf_dev_add(struct dpl_port *p)
{
	struct dpl_sf *sf;
	int id, err;

	sf = kzalloc(sizeof(*sf), GFP_KERNEL);
	if (!sf)
		return -ENOMEM;
	id = ida_alloc_min(&sf_dev_ida, 2, GFP_KERNEL);
	if (id < 0) {
		kfree(sf);
		return id;
	}
	sf->port = p;
	sf->sfnum = p->num;
	sf->adev.id = id;
	sf->adev.name = "sf";
	sf->adev.dev.parent = p->d->dev;
	sf->adev.dev.release = sf_release;
	sf->adev.dev.groups = sf_groups;
	err = auxiliary_device_init(&sf->adev);
	if (err) {
		kfree(sf);
		goto err_id;
	}
	dpl_port_hold(p);
	atomic_inc(&sf_live);
	err = auxiliary_device_add(&sf->adev);
	if (err) {
		auxiliary_device_uninit(&sf->adev);
		goto err_id;
	}
	WRITE_ONCE(p->sf, sf);
	return 0;

err_id:
	ida_free(&sf_dev_ida, id);
	return err;
}

static void sf_dev_del(struct dpl_port *p)
{
	struct dpl_sf *sf = p->sf;
	u32 id = sf->adev.id;

	auxiliary_device_delete(&sf->adev);
	auxiliary_device_uninit(&sf->adev);
	WRITE_ONCE(p->sf, NULL);
	ida_free(&sf_dev_ida, id);
}

/* brings the device in line with the port's state, some time after it */
void dpl_sf_work(struct work_struct *w)
{
	struct dpl_port *p = container_of(w, struct dpl_port, sf_work.work);
	bool want;
	int err;

	mutex_lock(&p->sf_lock);
	want = READ_ONCE(p->active) && !READ_ONCE(p->dying);
	if (want && !p->sf) {
		err = sf_dev_add(p);
		if (err)
			dev_err(p->d->dev, "SF %u: no auxiliary device: %d\n",
				p->num, err);
	} else if (!want && p->sf) {
		sf_dev_del(p);
	}
	mutex_unlock(&p->sf_lock);
}

/* the port is dying and its work has been cancelled */
void dpl_sf_kill(struct dpl_port *p)
{
	mutex_lock(&p->sf_lock);
	p->active = false;
	if (p->sf)
		sf_dev_del(p);
	mutex_unlock(&p->sf_lock);
}

/* what the host's driver does with an SF of controller 1; devl_lock held */
int dpl_sf_host_attach(struct dpl *d, u32 sfnum, bool on)
{
	struct net_device *nd;
	struct dpl_port *p;

	p = dpl_port_find(d, DEVLINK_PORT_FLAVOUR_PCI_SF, 1, sfnum);
	if (!p)
		return -ENOENT;
	if (on == p->attached)
		return 0;
	if (on && !p->active)
		return -EINVAL;
	if (on) {
		dpl_hostnd_create(p);
	} else if (p->hostnd) {
		nd = p->hostnd;
		p->hostnd = NULL;
		RCU_INIT_POINTER(p->fn, NULL);
		dpl_nd_unregister(nd);
	}
	dpl_set_attached(p, on);
	return 0;
}

/* ---- drivers ---- */
static struct dpl_sf *sf_of(struct auxiliary_device *adev)
{
	return container_of(adev, struct dpl_sf, adev);
}

static int sf_probe(struct auxiliary_device *adev,
		    const struct auxiliary_device_id *id)
{
	struct dpl_sf *sf = sf_of(adev);
	struct dpl *d = sf->port->d;
	struct dpl_fn *fn;
	int err, ms;

	err = dpl_fault(d, DPL_OP_SF_PROBE, NULL);
	if (err)
		return err;
	ms = READ_ONCE(d->delay[DPL_DELAY_SF_PROBE]);
	if (ms < 0)
		return -ENODEV;
	if (ms)
		msleep(ms);
	fn = dpl_fn_create(d, sf->port, &adev->dev, true, true);
	if (IS_ERR(fn))
		return PTR_ERR(fn);
	auxiliary_set_drvdata(adev, fn);
	return 0;
}

static void sf_remove(struct auxiliary_device *adev)
{
	dpl_fn_destroy(auxiliary_get_drvdata(adev));
}

static int sf_cfg_probe(struct auxiliary_device *adev,
			const struct auxiliary_device_id *id)
{
	struct dpl *d = sf_of(adev)->port->d;
	bool on = d->sf_cfg < 0 ? dpl_sf_cfg : d->sf_cfg;

	return on ? 0 : -ENODEV;
}

static void sf_cfg_remove(struct auxiliary_device *adev)
{
}

static const struct auxiliary_device_id sf_ids[] = {
	{ .name = KBUILD_MODNAME ".sf" },
	{}
};
MODULE_DEVICE_TABLE(auxiliary, sf_ids);

static struct auxiliary_driver sf_cfg_driver = {
	.name = "sf_cfg",
	.probe = sf_cfg_probe,
	.remove = sf_cfg_remove,
	.id_table = sf_ids,
};

static struct auxiliary_driver sf_driver = {
	.name = "sf",
	.probe = sf_probe,
	.remove = sf_remove,
	.id_table = sf_ids,
};

int dpl_sf_drivers_register(void)
{
	int err = auxiliary_driver_register(&sf_cfg_driver);

	if (err)
		return err;
	err = auxiliary_driver_register(&sf_driver);
	if (err)
		auxiliary_driver_unregister(&sf_cfg_driver);
	return err;
}

void dpl_sf_drivers_unregister(void)
{
	auxiliary_driver_unregister(&sf_driver);
	auxiliary_driver_unregister(&sf_cfg_driver);
	/* their devlinks let go of the devices a little later */
	wait_event(sf_gone, !atomic_read(&sf_live));
}
