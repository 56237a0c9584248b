// SPDX-License-Identifier: GPL-2.0
/*
 * VFs: their ports' life, those of the host, virtual ones of platform devices,
 * and the settings through the PF's netdev.
 */
#include "dpulab.h"

#define VF_MSIX_DEFAULT	4

/* with a reference */
struct dpl_port *dpl_vf_get(struct dpl *d, int vf)
{
	struct dpl_port *p = NULL;

	if (vf < 0 || vf >= DPL_MAX_VFS)
		return NULL;
	rcu_read_lock();
	p = rcu_dereference(d->vfs[vf]);
	if (p && !refcount_inc_not_zero(&p->ref))
		p = NULL;
	rcu_read_unlock();
	return p;
}

/* devl_lock held: representors for the VFs there are */
int dpl_vf_ports_add(struct dpl *d)
{
	struct dpl_port *p;
	int i, err = 0;

	for (i = 0; i < d->nvfs && !err; i++) {
		p = dpl_vf_get(d, i);
		if (p) {
			err = dpl_port_add(p);
			dpl_port_put(p);
		}
	}
	return err;
}

/* devl_lock held: the links of VFs after a change of mode or of the cable */
void dpl_vfs_carrier(struct dpl *d)
{
	struct dpl_port *p;
	int i;

	for (i = 0; i < d->nvfs; i++) {
		p = dpl_vf_get(d, i);
		if (p) {
			dpl_carrier_update(p);
			dpl_port_put(p);
		}
	}
}

static void vfs_drop(struct dpl *d)
{
	struct dpl_port *p;
	int i, n = d->nvfs;

	rtnl_lock();
	WRITE_ONCE(d->nvfs, 0);
	for (i = 0; i < n; i++) {
		p = rtnl_dereference(d->vfs[i]);
		RCU_INIT_POINTER(d->vfs[i], NULL);
		if (p)
			dpl_port_put(p);
	}
	rtnl_unlock();
	d->msix_used = 0;
}

static int vfs_alloc(struct dpl *d, int n)
{
	struct dpl_port *p;
	int i;

	for (i = 0; i < n; i++) {
		p = dpl_port_alloc(d, DEVLINK_PORT_FLAVOUR_PCI_VF, 0, i,
				   DPL_IDX_VF + i);
		if (!p)
			return -ENOMEM;
		if (d->msix_used + VF_MSIX_DEFAULT <= dpl_vf_msix_pool)
			p->msix = VF_MSIX_DEFAULT;
		d->msix_used += p->msix;
		rtnl_lock();
		rcu_assign_pointer(d->vfs[i], p);
		WRITE_ONCE(d->nvfs, i + 1);
		rtnl_unlock();
	}
	return 0;
}

/* virtual VFs: a netdev each, and no function behind it */
static void virt_fns_del(struct dpl *d)
{
	struct net_device *nd;
	struct dpl_fn *fn;
	struct dpl_port *p;
	LIST_HEAD(kill);
	int i;

	mutex_lock(&d->fn_lock);
	rtnl_lock();
	for (i = 0; i < d->nvfs; i++) {
		p = rtnl_dereference(d->vfs[i]);
		fn = p ? p->fnp : NULL;
		if (!fn)
			continue;
		fn->gone = true;
		nd = fn->nd;
		fn->nd = NULL;
		RCU_INIT_POINTER(p->fn, NULL);
		if (nd)
			dpl_nd_unregister_queue(nd, &kill);
	}
	unregister_netdevice_many(&kill);
	rtnl_unlock();
	mutex_unlock(&d->fn_lock);
	for (i = 0; i < d->nvfs; i++) {
		p = dpl_vf_get(d, i);
		if (p && p->fnp)
			dpl_fn_destroy(p->fnp);
		if (p)
			dpl_port_put(p);
	}
}

static int virt_fns_add(struct dpl *d)
{
	struct dpl_port *p;
	struct dpl_fn *fn;
	int i;

	for (i = 0; i < d->nvfs; i++) {
		p = dpl_vf_get(d, i);
		if (!p)
			continue;
		fn = dpl_fn_create(d, p, d->dev, false, false);
		dpl_port_put(p);
		if (IS_ERR(fn))
			return PTR_ERR(fn);
	}
	return 0;
}

/*
 * The number of VFs of the e-switch becomes n.  PCI functions come after this
 * and go before it.
 */
int dpl_vfs_set(struct dpl *d, int n, bool virt)
{
	int err = 0;

	if (n > DPL_MAX_VFS)
		return -ERANGE;
	devl_lock(d->dl);
	if (d->nvfs) {
		if (virt)
			virt_fns_del(d);
		dpl_ports_remove(d, dpl_port_is_vf);
		vfs_drop(d);
	}
	if (n) {
		err = vfs_alloc(d, n);
		if (!err && d->mode == DEVLINK_ESWITCH_MODE_SWITCHDEV)
			err = dpl_vf_ports_add(d);
		if (!err && virt)
			err = virt_fns_add(d);
		if (err) {
			if (virt)
				virt_fns_del(d);
			dpl_ports_remove(d, dpl_port_is_vf);
			vfs_drop(d);
		}
	}
	devl_unlock(d->dl);
	return err;
}

/* the host has n VFs; devl_lock held */
int dpl_hostvfs_set(struct dpl *d, int n)
{
	struct dpl_port *p;
	int i, err = 0;

	if (d->mode == DEVLINK_ESWITCH_MODE_SWITCHDEV && n < d->nhostvfs) {
		list_for_each_entry(p, &d->ports, list)
			if (dpl_port_is_hostvf(p) && p->num >= (u32)n)
				p->dying = true;
		dpl_ports_remove(d, NULL);
	}
	if (d->mode == DEVLINK_ESWITCH_MODE_SWITCHDEV)
		for (i = d->nhostvfs; i < n && !err; i++) {
			p = dpl_port_alloc(d, DEVLINK_PORT_FLAVOUR_PCI_VF, 1, i,
					   DPL_IDX_HOSTVF + i);
			err = p ? dpl_port_add(p) : -ENOMEM;
			if (p)
				dpl_port_put(p);
			if (err)
				n = i;
		}
	d->nhostvfs = n;
	return err;
}

/* ---- through the PF's netdev; rtnl held ---- */
static struct dpl_port *vf_of(struct net_device *nd, int vf)
{
	struct dpl *d = ((struct dpl_np *)netdev_priv(nd))->d;

	if (vf < 0 || vf >= d->nvfs)
		return NULL;
	return rtnl_dereference(d->vfs[vf]);
}

int dpl_set_vf_mac(struct net_device *nd, int vf, u8 *mac)
{
	struct dpl_port *p = vf_of(nd, vf);

	if (!p || is_multicast_ether_addr(mac))
		return -EINVAL;
	ether_addr_copy(p->mac, mac);
	return 0;
}

int dpl_set_vf_vlan(struct net_device *nd, int vf, u16 vlan, u8 qos,
		    __be16 proto)
{
	struct dpl_port *p = vf_of(nd, vf);

	if (!p || vlan > 4095 || qos > 7)
		return -EINVAL;
	if (proto != htons(ETH_P_8021Q) && proto != htons(ETH_P_8021AD))
		return -EPROTONOSUPPORT;
	if (!p->d->legacy)
		/* VID 0 is allowed, for compatibility with libvirt */
		return vlan ? -EOPNOTSUPP : 0;
	p->vf.qos = qos;
	p->vf.proto = proto;
	WRITE_ONCE(p->vf.vlan, vlan);
	return 0;
}

int dpl_set_vf_rate(struct net_device *nd, int vf, int min, int max)
{
	struct dpl_port *p = vf_of(nd, vf);

	if (!p || min < 0 || max < 0 || (max && min > max) ||
	    max > (int)(DPL_MAX_RATE / DPL_RATE_UNIT) ||
	    min > (int)(DPL_MAX_RATE / DPL_RATE_UNIT))
		return -EINVAL;
	p->vf.min_rate = min;
	p->vf.max_rate = max;
	return 0;
}

int dpl_set_vf_spoofchk(struct net_device *nd, int vf, bool on)
{
	struct dpl_port *p = vf_of(nd, vf);

	if (!p)
		return -EINVAL;
	if (!p->d->legacy)
		return -EOPNOTSUPP;
	p->vf.spoofchk = on;
	return 0;
}

int dpl_set_vf_link_state(struct net_device *nd, int vf, int state)
{
	struct dpl_port *p = vf_of(nd, vf);

	if (!p || state > IFLA_VF_LINK_STATE_DISABLE)
		return -EINVAL;
	if (!p->d->legacy)
		return -EOPNOTSUPP;
	p->vf.link_state = state;
	dpl_carrier_update(p);
	return 0;
}

int dpl_set_vf_trust(struct net_device *nd, int vf, bool on)
{
	struct dpl_port *p = vf_of(nd, vf);

	if (!p)
		return -EINVAL;
	if (!p->d->legacy)
		return -EOPNOTSUPP;
	p->vf.trusted = on;
	return 0;
}

int dpl_get_vf_config(struct net_device *nd, int vf, struct ifla_vf_info *iv)
{
	struct dpl_port *p = vf_of(nd, vf);

	if (!p)
		return -EINVAL;
	memset(iv, 0, sizeof(*iv));
	iv->vf = vf;
	ether_addr_copy(iv->mac, p->mac);
	iv->vlan = p->vf.vlan;
	iv->qos = p->vf.qos;
	iv->vlan_proto = p->vf.proto;
	iv->spoofchk = p->vf.spoofchk;
	iv->trusted = p->vf.trusted;
	iv->linkstate = p->vf.link_state;
	iv->min_tx_rate = p->vf.min_rate;
	iv->max_tx_rate = p->vf.max_rate;
	return 0;
}

int dpl_get_vf_stats(struct net_device *nd, int vf, struct ifla_vf_stats *st)
{
	struct dpl_port *p = vf_of(nd, vf);

	if (!p)
		return -EINVAL;
	memset(st, 0, sizeof(*st));
	st->tx_packets = atomic64_read(&p->in_pkts);
	st->tx_bytes = atomic64_read(&p->in_bytes);
	st->tx_dropped = atomic64_read(&p->in_drops);
	st->rx_packets = atomic64_read(&p->out_pkts);
	st->rx_bytes = atomic64_read(&p->out_bytes);
	st->rx_dropped = atomic64_read(&p->out_drops);
	st->broadcast = atomic64_read(&p->in_bcast);
	st->multicast = atomic64_read(&p->in_mcast);
	return 0;
}

int dpl_set_vf_guid(struct net_device *nd, int vf, u64 guid, int type)
{
	struct dpl_port *p = vf_of(nd, vf);

	if (!p)
		return -EINVAL;
	if (type == IFLA_VF_IB_NODE_GUID)
		p->vf.node_guid = guid;
	else if (type == IFLA_VF_IB_PORT_GUID)
		p->vf.port_guid = guid;
	else
		return -EINVAL;
	return 0;
}

int dpl_get_vf_guid(struct net_device *nd, int vf, struct ifla_vf_guid *node,
		    struct ifla_vf_guid *port)
{
	struct dpl_port *p = vf_of(nd, vf);

	if (!p)
		return -EINVAL;
	node->vf = vf;
	node->guid = p->vf.node_guid;
	port->vf = vf;
	port->guid = p->vf.port_guid;
	return 0;
}
