// SPDX-License-Identifier: GPL-2.0
/*
 * The driver's side of a function, SF or VF: a devlink instance of its own, with
 * one port of flavour virtual, and the netdev.
 */
#include "dpulab.h"

static struct dpl_fn *fn_of(struct devlink *dl)
{
	return *(struct dpl_fn **)devlink_priv(dl);
}

void dpl_set_attached(struct dpl_port *p, bool on)
{
	int ms = READ_ONCE(p->d->delay[DPL_DELAY_OPSTATE]);

	if (p->attached == on)
		return;
	WRITE_ONCE(p->op_at, ms > 0 ? (jiffies + msecs_to_jiffies(ms)) ?: 1 : 0);
	WRITE_ONCE(p->attached, on);
}

static int netdev_add(struct dpl_fn *fn)
{
	struct dpl_port *p = fn->port;
	struct net_device *nd;

	nd = dpl_nd_create(fn->d, DPL_ND_FN, p, fn->dev,
			   fn->dlp_registered ? &fn->dlp : NULL, p->mac, NULL);
	if (IS_ERR(nd))
		return PTR_ERR(nd);
	mutex_lock(&fn->d->fn_lock);
	if (fn->gone || (fn->is_sf && READ_ONCE(p->dying))) {
		mutex_unlock(&fn->d->fn_lock);
		dpl_nd_unregister(nd);
		return -ENODEV;
	}
	ether_addr_copy(p->eff_mac, nd->dev_addr);
	fn->nd = nd;
	rcu_assign_pointer(p->fn, nd);
	mutex_unlock(&fn->d->fn_lock);
	if (fn->dlp_registered)
		dpl_port_type_eth(&fn->dlp, nd);
	dpl_carrier_update(p);
	return 0;
}

static void netdev_del(struct dpl_fn *fn)
{
	struct net_device *nd;

	mutex_lock(&fn->d->fn_lock);
	nd = fn->nd;
	fn->nd = NULL;
	if (nd) {
		RCU_INIT_POINTER(fn->port->fn, NULL);
		if (fn->dlp_registered)
			dpl_port_type_clear(&fn->dlp);
		dpl_nd_unregister(nd);
	}
	mutex_unlock(&fn->d->fn_lock);
}

static bool has_netdev(struct dpl_port *p)
{
	return p->dying && p->fnp && p->fnp->is_sf && p->fnp->nd;
}

/* in one batch, the netdevs of the SFs whose ports are dying */
void dpl_fn_netdevs_del(struct dpl *d)
{
	struct dpl_port *p;
	LIST_HEAD(kill);

	mutex_lock(&d->fn_lock);
	/* not under rtnl: 6.1 takes it to tell of a port */
	list_for_each_entry(p, &d->ports, list)
		if (has_netdev(p) && p->fnp->dlp_registered)
			dpl_port_type_clear(&p->fnp->dlp);
	rtnl_lock();
	list_for_each_entry(p, &d->ports, list) {
		if (!has_netdev(p))
			continue;
		RCU_INIT_POINTER(p->fn, NULL);
		dpl_nd_unregister_queue(p->fnp->nd, &kill);
		p->fnp->nd = NULL;
	}
	unregister_netdevice_many(&kill);
	rtnl_unlock();
	mutex_unlock(&d->fn_lock);
}

/* delay/vf_probe: the netdev comes later than the driver */
static void late_work(struct work_struct *w)
{
	netdev_add(container_of(w, struct dpl_fn, work.work));
}

static int start(struct dpl_fn *fn)
{
	int ms = fn->is_sf ? 0 : READ_ONCE(fn->d->delay[DPL_DELAY_VF_PROBE]);

	if (fn->dl && !dpl_fn_eth_enabled(fn))
		return 0;
	if (ms < 0)
		return 0;
	if (!ms)
		return netdev_add(fn);
	queue_delayed_work(fn->d->wq, &fn->work, msecs_to_jiffies(ms));
	return 0;
}

static void stop(struct dpl_fn *fn)
{
	cancel_delayed_work_sync(&fn->work);
	netdev_del(fn);
}

/* ---- the function's devlink; its devl_lock is held in these ---- */
static int port_add(struct dpl_fn *fn)
{
	static const struct devlink_port_ops no_ops;
	struct devlink_port_attrs at = {};
	int err;

	memset(&fn->dlp, 0, sizeof(fn->dlp));
	at.flavour = DEVLINK_PORT_FLAVOUR_VIRTUAL;
	devlink_port_attrs_set(&fn->dlp, &at);
	err = dpl_port_register(fn->dl, &fn->dlp, DPL_IDX_FN, &no_ops);
	fn->dlp_registered = !err;
	return err;
}

static void port_del(struct dpl_fn *fn)
{
	if (fn->dlp_registered)
		devl_port_unregister(&fn->dlp);
	fn->dlp_registered = false;
}

static int fn_reload_down(struct devlink *dl, bool netns_change,
			  enum devlink_reload_action action,
			  enum devlink_reload_limit limit,
			  struct netlink_ext_ack *ea)
{
	struct dpl_fn *fn = fn_of(dl);
	int err = dpl_fault(fn->d, DPL_OP_RELOAD, ea);

	if (err)
		return err;
	dpl_set_attached(fn->port, false);
	stop(fn);
	port_del(fn);
	return 0;
}

static int fn_reload_up(struct devlink *dl, enum devlink_reload_action action,
			enum devlink_reload_limit limit, u32 *performed,
			struct netlink_ext_ack *ea)
{
	struct dpl_fn *fn = fn_of(dl);
	int err;

	*performed = BIT(DEVLINK_RELOAD_ACTION_DRIVER_REINIT);
	err = dpl_fault(fn->d, DPL_OP_RELOAD_UP, ea);
	if (err)
		return err;
	err = port_add(fn);
	if (err)
		return err;
	dpl_set_attached(fn->port, true);
	return start(fn);
}

static int fn_info_get(struct devlink *dl, struct devlink_info_req *req,
		       struct netlink_ext_ack *ea)
{
	struct dpl_fn *fn = fn_of(dl);

	return dpl_info(fn->d, req, fn->is_sf ? KBUILD_MODNAME ".sf" :
						KBUILD_MODNAME);
}

static const struct devlink_ops fn_ops = {
	.reload_actions = BIT(DEVLINK_RELOAD_ACTION_DRIVER_REINIT),
	.reload_down = fn_reload_down,
	.reload_up = fn_reload_up,
	.info_get = fn_info_get,
};

static void set_owner(struct dpl_fn *fn, bool on)
{
	struct dpl *d = fn->d;

	mutex_lock(&d->fn_lock);
	fn->port->fnp = on ? fn : NULL;
	if (!on)
		fn->gone = true;
	mutex_unlock(&d->fn_lock);
	/* an SF that comes up without Ethernet is not initialised: reload does */
	if (!on || !fn->is_sf || dpl_fn_eth_enabled(fn))
		dpl_set_attached(fn->port, on);
}

/* the port's own devlink names the function's; no lock but the SF's device's */
static int nest(struct dpl_fn *fn)
{
#if DPL_HAVE_FN_DEVLINK
	if (fn->is_sf && !READ_ONCE(fn->port->dying))
		return devl_port_fn_devlink_set(&fn->port->dlp, fn->dl);
#endif
	return 0;
}

struct dpl_fn *dpl_fn_create(struct dpl *d, struct dpl_port *p,
			     struct device *dev, bool is_sf, bool own_devlink)
{
	struct dpl_fn *fn = kzalloc(sizeof(*fn), GFP_KERNEL);
	int err;

	if (!fn)
		return ERR_PTR(-ENOMEM);
	fn->d = d;
	fn->dev = dev;
	fn->is_sf = is_sf;
	fn->port = p;
	dpl_port_hold(p);
	INIT_DELAYED_WORK(&fn->work, late_work);
	if (!own_devlink) {
		set_owner(fn, true);
		err = start(fn);
		if (err)
			goto err_owner;
		return fn;
	}

	fn->dl = devlink_alloc(&fn_ops, sizeof(struct dpl_fn *), dev);
	if (!fn->dl) {
		err = -ENOMEM;
		goto err_fn;
	}
	*(struct dpl_fn **)devlink_priv(fn->dl) = fn;
	err = dpl_fn_params_register(fn);
	if (err)
		goto err_devlink;
	dpl_set_features(fn->dl);
	err = nest(fn);
	if (err)
		goto err_params;
	devl_lock(fn->dl);
	err = port_add(fn);
	if (!err) {
		set_owner(fn, true);
		err = start(fn);
	}
	devl_unlock(fn->dl);
	if (err)
		goto err_port;
	devlink_register(fn->dl);
	return fn;

err_port:
	if (fn->dlp_registered) {
		set_owner(fn, false);
		stop(fn);
		devl_lock(fn->dl);
		port_del(fn);
		devl_unlock(fn->dl);
	}
err_params:
	dpl_fn_params_unregister(fn);
err_devlink:
	devlink_free(fn->dl);
	goto err_fn;
err_owner:
	set_owner(fn, false);
err_fn:
	dpl_port_put(p);
	kfree(fn);
	return ERR_PTR(err);
}

void dpl_fn_destroy(struct dpl_fn *fn)
{
	/* first: unregistering tells of the port, with its opstate */
	dpl_set_attached(fn->port, false);
	if (fn->dl)
		devlink_unregister(fn->dl);
	set_owner(fn, false);
	stop(fn);
	if (fn->dl) {
		devl_lock(fn->dl);
		port_del(fn);
		devl_unlock(fn->dl);
		dpl_fn_params_unregister(fn);
		devlink_free(fn->dl);
	}
	dpl_port_put(fn->port);
	kfree(fn);
}
