// SPDX-License-Identifier: GPL-2.0
/* Ports of the e-switch and their functions' attributes. */
#include "dpulab.h"

static struct dpl_port *port_of(struct devlink_port *dp)
{
	return container_of(dp, struct dpl_port, dlp);
}

bool dpl_port_is_any(struct dpl_port *p)
{
	return true;
}

bool dpl_port_is_not_uplink(struct dpl_port *p)
{
	return p->flavour != DEVLINK_PORT_FLAVOUR_PHYSICAL;
}

bool dpl_port_is_sf(struct dpl_port *p)
{
	return p->flavour == DEVLINK_PORT_FLAVOUR_PCI_SF;
}

bool dpl_port_is_vf(struct dpl_port *p)
{
	return p->flavour == DEVLINK_PORT_FLAVOUR_PCI_VF && !p->external;
}

bool dpl_port_is_hostvf(struct dpl_port *p)
{
	return p->flavour == DEVLINK_PORT_FLAVOUR_PCI_VF && p->external;
}

struct dpl_port *dpl_port_find(struct dpl *d, enum devlink_port_flavour fl,
			       u32 controller, u32 num)
{
	struct dpl_port *p;

	list_for_each_entry(p, &d->ports, list)
		if (p->flavour == fl && p->controller == controller &&
		    p->num == num)
			return p;
	return NULL;
}

/* ---- function attributes ---- */
int dpl_hw_addr_get(struct devlink_port *dp, u8 *addr, int *len,
		    struct netlink_ext_ack *ea)
{
	struct dpl_port *p = port_of(dp);
	int err;

	if (p->flavour == DEVLINK_PORT_FLAVOUR_PHYSICAL)
		return -EOPNOTSUPP;
	err = dpl_fault(p->d, DPL_OP_PORT_GET, ea);
	if (err)
		return err;
	ether_addr_copy(addr, p->mac);
	*len = ETH_ALEN;
	return 0;
}

int dpl_hw_addr_set(struct devlink_port *dp, const u8 *addr, int len,
		    struct netlink_ext_ack *ea)
{
	struct dpl_port *p = port_of(dp);
	int err;

	if (p->flavour == DEVLINK_PORT_FLAVOUR_PHYSICAL)
		return -EOPNOTSUPP;
	err = dpl_fault(p->d, DPL_OP_HW_ADDR_SET, ea);
	if (err)
		return err;
	if (len != ETH_ALEN || is_multicast_ether_addr(addr)) {
		NL_SET_ERR_MSG_MOD(ea, "Invalid hardware address");
		return -EINVAL;
	}
	ether_addr_copy(p->mac, addr);
	return 0;
}

bool dpl_op_attached(struct dpl_port *p)
{
	/* a change shows only after delay/opstate */
	if (p->op_at && time_before(jiffies, p->op_at))
		return !p->attached;
	return p->attached;
}

/* mlx5: from its deactivation on, until its device is gone, an SF is attached */
static bool sf_attached(struct dpl_port *p)
{
	return dpl_op_attached(p) || (!READ_ONCE(p->active) && READ_ONCE(p->sf));
}

int dpl_state_get(struct devlink_port *dp, enum devlink_port_fn_state *state,
		  enum devlink_port_fn_opstate *op, struct netlink_ext_ack *ea)
{
	struct dpl_port *p = port_of(dp);

	if (!dpl_port_is_sf(p))
		return -EOPNOTSUPP;
	*state = p->active ? DEVLINK_PORT_FN_STATE_ACTIVE :
			     DEVLINK_PORT_FN_STATE_INACTIVE;
	*op = sf_attached(p) ? DEVLINK_PORT_FN_OPSTATE_ATTACHED :
			       DEVLINK_PORT_FN_OPSTATE_DETACHED;
	return 0;
}

int dpl_state_set(struct devlink_port *dp, enum devlink_port_fn_state state,
		  struct netlink_ext_ack *ea)
{
	bool on = state == DEVLINK_PORT_FN_STATE_ACTIVE;
	struct dpl_port *p = port_of(dp);
	struct dpl *d = p->d;
	int err, ms;

	if (!dpl_port_is_sf(p))
		return -EOPNOTSUPP;
	err = dpl_fault(d, DPL_OP_STATE_SET, ea);
	if (err)
		return err;
	if (on == p->active)
		return 0;
	if (on && sf_attached(p)) {
		NL_SET_ERR_MSG_MOD(ea, "SF is inactivated but it is still attached");
		return -EBUSY;
	}
	WRITE_ONCE(p->active, on);
	if (p->external) {
		if (!on)
			dpl_sf_host_attach(d, p->num, false);
		return 0;
	}
	ms = READ_ONCE(d->delay[DPL_DELAY_SF_ATTACH]);
	if (on && ms < 0)
		return 0;
	mod_delayed_work(d->wq, &p->sf_work, on ? msecs_to_jiffies(ms) : 0);
	return 0;
}

#if DPL_HAVE_FN_CAPS
static int caps_check(struct dpl_port *p, struct netlink_ext_ack *ea)
{
	int err = dpl_fault(p->d, DPL_OP_CAPS_SET, ea);

	if (err)
		return err;
	if (dpl_port_is_sf(p) && (p->active || sf_attached(p))) {
		NL_SET_ERR_MSG_MOD(ea, "SF is in use. Function capabilities can be set only when it is inactive");
		return -EBUSY;
	}
	if (!dpl_port_is_sf(p) && p->attached) {
		NL_SET_ERR_MSG_MOD(ea, "Function is in use. Its capabilities can be set only when its driver is unbound");
		return -EBUSY;
	}
	return 0;
}

#define CAP(cap)							\
static int cap##_get(struct devlink_port *dp, bool *on,			\
		     struct netlink_ext_ack *ea)			\
{									\
	*on = port_of(dp)->cap;						\
	return 0;							\
}									\
static int cap##_set(struct devlink_port *dp, bool on,			\
		     struct netlink_ext_ack *ea)			\
{									\
	struct dpl_port *p = port_of(dp);				\
	int err;							\
									\
	if (on == p->cap)						\
		return 0;						\
	err = caps_check(p, ea);					\
	if (!err)							\
		p->cap = on;						\
	return err;							\
}

CAP(roce)
CAP(migratable)
CAP(ipsec_crypto)
CAP(ipsec_packet)

static int max_io_eqs_get(struct devlink_port *dp, u32 *v,
			  struct netlink_ext_ack *ea)
{
	*v = port_of(dp)->max_io_eqs;
	return 0;
}

static int max_io_eqs_set(struct devlink_port *dp, u32 v,
			  struct netlink_ext_ack *ea)
{
	struct dpl_port *p = port_of(dp);
	int err;

	if (v > DPL_MAX_EQS) {
		NL_SET_ERR_MSG_MOD(ea, "Supplied value out of range");
		return -EINVAL;
	}
	err = caps_check(p, ea);
	if (!err)
		p->max_io_eqs = v;
	return err;
}
#endif

static int port_del(struct dpl_port *p, struct netlink_ext_ack *ea);

#if DPL_HAVE_PORT_OPS
static int port_del_op(struct devlink *dl, struct devlink_port *dp,
		       struct netlink_ext_ack *ea)
{
	return port_del(port_of(dp), ea);
}

#if DPL_HAVE_FN_CAPS
#define FN_CAP_OPS \
	.port_fn_roce_get = roce_get, \
	.port_fn_roce_set = roce_set, \
	.port_fn_max_io_eqs_get = max_io_eqs_get, \
	.port_fn_max_io_eqs_set = max_io_eqs_set,
#define VF_CAP_OPS \
	.port_fn_migratable_get = migratable_get, \
	.port_fn_migratable_set = migratable_set, \
	.port_fn_ipsec_crypto_get = ipsec_crypto_get, \
	.port_fn_ipsec_crypto_set = ipsec_crypto_set, \
	.port_fn_ipsec_packet_get = ipsec_packet_get, \
	.port_fn_ipsec_packet_set = ipsec_packet_set,
#else
#define FN_CAP_OPS
#define VF_CAP_OPS
#endif
#define FN_OPS \
	.port_fn_hw_addr_get = dpl_hw_addr_get, \
	.port_fn_hw_addr_set = dpl_hw_addr_set, \
	FN_CAP_OPS

static const struct devlink_port_ops sf_ops = {
	.port_del = port_del_op,
	.port_fn_state_get = dpl_state_get,
	.port_fn_state_set = dpl_state_set,
	FN_OPS
};

static const struct devlink_port_ops pf_ops = {
	FN_OPS
};

static const struct devlink_port_ops vf_ops = {
	FN_OPS
	VF_CAP_OPS
};

static const struct devlink_port_ops phys_ops = {};
#else
int dpl_port_del_index(struct devlink *dl, unsigned int index,
		       struct netlink_ext_ack *ea)
{
	struct dpl *d = dpl_of(dl);
	struct dpl_port *p;

	list_for_each_entry(p, &d->ports, list)
		if (p->index == index)
			return port_del(p, ea);
	NL_SET_ERR_MSG_MOD(ea, "Fail to find port by its index");
	return -ENODEV;
}

static const struct devlink_port_ops sf_ops, pf_ops, vf_ops, phys_ops;
#endif

/* ---- representor ---- */
static void rep_create(struct dpl_port *p)
{
	enum dpl_nd_kind kind = p->flavour == DEVLINK_PORT_FLAVOUR_PHYSICAL ?
				DPL_ND_PF : DPL_ND_REP;
	struct net_device *nd;

	nd = dpl_nd_create(p->d, kind, p, p->d->dev, &p->dlp, NULL, NULL);
	if (IS_ERR(nd)) {
		dev_err(p->d->dev, "representor of port %u: %ld\n", p->index,
			PTR_ERR(nd));
		return;
	}
	rcu_assign_pointer(p->rep, nd);
	dpl_port_type_eth(&p->dlp, nd);
	dpl_carrier_update(p);
}

static void rep_work(struct work_struct *w)
{
	rep_create(container_of(w, struct dpl_port, rep_work.work));
}

/* what the host would have: its PF's netdev, its VFs' */
void dpl_hostnd_create(struct dpl_port *p)
{
	struct net_device *nd;
	char alias[64];

	if (p->flavour == DEVLINK_PORT_FLAVOUR_PCI_PF)
		snprintf(alias, sizeof(alias), "host of %s pf%u",
			 dev_name(p->d->dev), p->pf);
	else
		snprintf(alias, sizeof(alias), "host of %s pf%u%s%u",
			 dev_name(p->d->dev), p->pf,
			 dpl_port_is_sf(p) ? "sf" : "vf", p->num);
	nd = dpl_nd_create(p->d, DPL_ND_FN, p, NULL, NULL, p->mac, alias);
	if (IS_ERR(nd))
		return;
	ether_addr_copy(p->eff_mac, nd->dev_addr);
	p->hostnd = nd;
	rcu_assign_pointer(p->fn, nd);
	dpl_carrier_update(p);
}

/* ---- life ---- */
struct dpl_port *dpl_port_alloc(struct dpl *d, enum devlink_port_flavour fl,
				u32 controller, u32 num, u32 index)
{
	struct dpl_port *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return NULL;
	p->d = d;
	p->flavour = fl;
	p->controller = controller;
	p->external = controller;
	p->pf = d->pfnum;
	p->num = num;
	p->index = index;
	p->roce = true;
	p->max_io_eqs = fl == DEVLINK_PORT_FLAVOUR_PCI_SF ? DPL_SF_EQS :
							    DPL_VF_EQS;
	p->vf.link_state = IFLA_VF_LINK_STATE_AUTO;
	p->vf.proto = htons(ETH_P_8021Q);
	refcount_set(&p->ref, 1);
	INIT_LIST_HEAD(&p->list);
	INIT_LIST_HEAD(&p->chains);
	mutex_init(&p->sf_lock);
	INIT_DELAYED_WORK(&p->rep_work, rep_work);
	INIT_DELAYED_WORK(&p->sf_work, dpl_sf_work);
	if (dpl_tc_init(p)) {
		kfree(p);
		return NULL;
	}
	return p;
}

void dpl_port_free(struct dpl_port *p)
{
	dpl_tc_fini(p);
	mutex_destroy(&p->sf_lock);
	kfree_rcu(p, rcu);
}

static void set_attrs(struct dpl_port *p)
{
	struct devlink_port_attrs at = {};

	memset(&p->dlp, 0, sizeof(p->dlp));
	at.flavour = p->flavour;
	at.switch_id.id_len = sizeof(p->d->swid);
	memcpy(at.switch_id.id, p->d->swid, sizeof(p->d->swid));
	if (p->flavour == DEVLINK_PORT_FLAVOUR_PHYSICAL)
		at.phys.port_number = p->pf;
	devlink_port_attrs_set(&p->dlp, &at);
	switch (p->flavour) {
	case DEVLINK_PORT_FLAVOUR_PCI_PF:
		devlink_port_attrs_pci_pf_set(&p->dlp, p->controller, p->pf,
					      p->external);
		break;
	case DEVLINK_PORT_FLAVOUR_PCI_VF:
		devlink_port_attrs_pci_vf_set(&p->dlp, p->controller, p->pf,
					      p->num, p->external);
		break;
	case DEVLINK_PORT_FLAVOUR_PCI_SF:
		devlink_port_attrs_pci_sf_set(&p->dlp, p->controller, p->pf,
					      p->num, p->external);
		break;
	default:
		break;
	}
}

/* devl_lock held; the list takes a reference of its own */
int dpl_port_add(struct dpl_port *p)
{
	const struct devlink_port_ops *ops;
	struct dpl *d = p->d;
	int err, ms;

	ops = dpl_port_is_sf(p) ? &sf_ops :
	      p->flavour == DEVLINK_PORT_FLAVOUR_PCI_VF ? &vf_ops :
	      p->flavour == DEVLINK_PORT_FLAVOUR_PCI_PF ? &pf_ops : &phys_ops;
	set_attrs(p);
	err = dpl_port_register(d->dl, &p->dlp, p->index, ops);
	if (err)
		return err;
	if (dpl_port_is_not_uplink(p)) {
		err = dpl_rate_leaf(&p->dlp, p);
		if (err) {
			devl_port_unregister(&p->dlp);
			return err;
		}
	}
	p->tx_share = 0;
	p->tx_max = 0;
	p->registered = true;
	p->dying = false;
	dpl_port_hold(p);
	list_add_tail(&p->list, &d->ports);
	ms = READ_ONCE(d->delay[DPL_DELAY_REP]);
	if (ms && dpl_port_is_not_uplink(p)) {
		if (ms > 0)
			queue_delayed_work(d->wq, &p->rep_work,
					   msecs_to_jiffies(ms));
	} else {
		rep_create(p);
	}
	if (p->external && !dpl_port_is_sf(p))
		dpl_hostnd_create(p);
	if (dpl_port_is_vf(p))
		dpl_carrier_update(p);
	return 0;
}

/*
 * Removes the ports that are marked as dying, those of which() too.  devl_lock
 * held.  Netdevs go in one batch: each unregistering waits for RCU several
 * times, which matters with hundreds of ports.
 */
void dpl_ports_remove(struct dpl *d, bool (*which)(struct dpl_port *p))
{
	struct dpl_port *p, *n;
	struct net_device *nd;
	LIST_HEAD(kill);

	list_for_each_entry(p, &d->ports, list) {
		if (which && which(p))
			WRITE_ONCE(p->dying, true);
		if (p->dying) {
			cancel_delayed_work_sync(&p->rep_work);
			cancel_delayed_work_sync(&p->sf_work);
		}
	}
	dpl_fn_netdevs_del(d);
	list_for_each_entry(p, &d->ports, list)
		if (p->dying && dpl_port_is_sf(p))
			dpl_sf_kill(p);
	list_for_each_entry(p, &d->ports, list)
		if (p->dying) {
			if (dpl_port_is_not_uplink(p))
				devl_rate_leaf_destroy(&p->dlp);
			if (rcu_access_pointer(p->rep))
				dpl_port_type_clear(&p->dlp);
		}

	rtnl_lock();
	list_for_each_entry(p, &d->ports, list) {
		if (!p->dying)
			continue;
		nd = rtnl_dereference(p->rep);
		RCU_INIT_POINTER(p->rep, NULL);
		if (nd)
			dpl_nd_unregister_queue(nd, &kill);
		if (p->hostnd) {
			RCU_INIT_POINTER(p->fn, NULL);
			dpl_nd_unregister_queue(p->hostnd, &kill);
			p->hostnd = NULL;
		}
		if (!dpl_port_is_not_uplink(p))
			RCU_INIT_POINTER(p->fn, NULL);
	}
	unregister_netdevice_many(&kill);
	rtnl_unlock();

	list_for_each_entry_safe(p, n, &d->ports, list) {
		if (!p->dying)
			continue;
		devl_port_unregister(&p->dlp);
		p->registered = false;
		if (dpl_port_is_sf(p))
			dpl_sf_id_free(p);
		list_del_init(&p->list);
		dpl_port_put(p);
	}
}

static int port_del(struct dpl_port *p, struct netlink_ext_ack *ea)
{
	int err;

	if (!dpl_port_is_sf(p)) {
		NL_SET_ERR_MSG_MOD(ea, "Only SF ports can be deleted");
		return -EOPNOTSUPP;
	}
	err = dpl_fault(p->d, DPL_OP_PORT_DEL, ea);
	if (err)
		return err;
	WRITE_ONCE(p->dying, true);
	dpl_ports_remove(p->d, NULL);
	return 0;
}
