// SPDX-License-Identifier: GPL-2.0
/*
 * Netdevs: the PF's (it stays as the uplink's representor in switchdev mode),
 * representors, those of functions, and the far end of the cable.
 */
#include <linux/ethtool.h>
#include "dpulab.h"

static int nd_init(struct net_device *nd)
{
	struct dpl_np *np = netdev_priv(nd);

	nd->tstats = netdev_alloc_pcpu_stats(struct pcpu_sw_netstats);
	if (!nd->tstats)
		return -ENOMEM;
	if (np->port)
		dpl_port_hold(np->port);
	return 0;
}

static void nd_uninit(struct net_device *nd)
{
	struct dpl_np *np = netdev_priv(nd);

	free_percpu(nd->tstats);
	if (np->port)
		dpl_port_put(np->port);
}

/*
 * Legacy mode: the VF's link follows the cable, or what the PF's administrator
 * said.  Switchdev mode: the representor controls the function's link.
 */
void dpl_carrier_update(struct dpl_port *p)
{
	struct net_device *rep, *fn;
	bool on, cable;

	rcu_read_lock();
	rep = rcu_dereference(p->rep);
	fn = rcu_dereference(p->fn);
	cable = READ_ONCE(p->d->cable);
	if (!dpl_port_is_not_uplink(p)) {
		on = cable;
		if (rep)
			cable ? netif_carrier_on(rep) : netif_carrier_off(rep);
	} else if (READ_ONCE(p->d->legacy)) {
		on = p->vf.link_state == IFLA_VF_LINK_STATE_AUTO ? cable :
		     p->vf.link_state == IFLA_VF_LINK_STATE_ENABLE;
	} else {
		on = rep && netif_running(rep);
	}
	if (fn)
		on ? netif_carrier_on(fn) : netif_carrier_off(fn);
	rcu_read_unlock();
}

static int nd_open(struct net_device *nd)
{
	return 0;
}

static int nd_stop(struct net_device *nd)
{
	return 0;
}

static void rep_link(struct net_device *nd, bool up)
{
	struct dpl_np *np = netdev_priv(nd);
	struct net_device *fn;

	rcu_read_lock();
	fn = rcu_dereference(np->port->fn);
	if (fn && !READ_ONCE(np->d->legacy))
		up ? netif_carrier_on(fn) : netif_carrier_off(fn);
	rcu_read_unlock();
}

static int rep_open(struct net_device *nd)
{
	netif_carrier_on(nd);
	rep_link(nd, true);
	return 0;
}

static int rep_stop(struct net_device *nd)
{
	netif_carrier_off(nd);
	rep_link(nd, false);
	return 0;
}

/* of a representor and of the uplink: what the hardware has counted */
static void port_stats64(struct net_device *nd, struct rtnl_link_stats64 *st)
{
	struct dpl_port *p = ((struct dpl_np *)netdev_priv(nd))->port;

	st->rx_packets = atomic64_read(&p->in_pkts);
	st->rx_bytes = atomic64_read(&p->in_bytes);
	st->multicast = atomic64_read(&p->in_mcast);
	st->tx_packets = atomic64_read(&p->out_pkts);
	st->tx_bytes = atomic64_read(&p->out_bytes);
	st->rx_dropped = atomic64_read(&p->in_drops);
	st->tx_dropped = atomic64_read(&p->out_drops);
}

static bool has_offload_stats(const struct net_device *nd, int id)
{
	return id == IFLA_OFFLOAD_XSTATS_CPU_HIT;
}

static int get_offload_stats(int id, const struct net_device *nd, void *data)
{
	struct dpl_port *p = ((struct dpl_np *)netdev_priv(nd))->port;
	struct rtnl_link_stats64 *st = data;

	if (id != IFLA_OFFLOAD_XSTATS_CPU_HIT)
		return -EINVAL;
	memset(st, 0, sizeof(*st));
	st->rx_packets = atomic64_read(&p->cpu_rx_pkts);
	st->rx_bytes = atomic64_read(&p->cpu_rx_bytes);
	st->tx_packets = atomic64_read(&p->cpu_tx_pkts);
	st->tx_bytes = atomic64_read(&p->cpu_tx_bytes);
	return 0;
}

static int set_features(struct net_device *nd, netdev_features_t features)
{
	struct dpl_port *p = ((struct dpl_np *)netdev_priv(nd))->port;

	if ((nd->features & NETIF_F_HW_TC) && !(features & NETIF_F_HW_TC) &&
	    atomic_read(&p->nrules)) {
		netdev_err(nd, "Active offloaded tc filters, can't turn hw_tc_offload off\n");
		return -EINVAL;
	}
	return 0;
}

#if !DPL_HAVE_PORT_OPS
static struct devlink_port *get_devlink_port(struct net_device *nd)
{
	return ((struct dpl_np *)netdev_priv(nd))->dlp;
}
#endif

#if DPL_HAVE_PORT_OPS
#define COMMON_OPS
#else
#define COMMON_OPS .ndo_get_devlink_port = get_devlink_port,
#endif

/* what all have, and what those have besides that stand for a port */
#define BASE_OPS \
	.ndo_init = nd_init, \
	.ndo_uninit = nd_uninit, \
	.ndo_start_xmit = dpl_xmit, \
	.ndo_set_mac_address = eth_mac_addr, \
	.ndo_validate_addr = eth_validate_addr

#define PORT_OPS \
	.ndo_get_stats64 = port_stats64, \
	.ndo_has_offload_stats = has_offload_stats, \
	.ndo_get_offload_stats = get_offload_stats, \
	.ndo_set_features = set_features, \
	.ndo_setup_tc = dpl_setup_tc

static const struct net_device_ops fn_ndo = {
	BASE_OPS,
	.ndo_open = nd_open,
	.ndo_stop = nd_stop,
	.ndo_get_stats64 = dev_get_tstats64,
	COMMON_OPS
};

static const struct net_device_ops rep_ndo = {
	BASE_OPS,
	PORT_OPS,
	.ndo_open = rep_open,
	.ndo_stop = rep_stop,
	COMMON_OPS
};

static const struct net_device_ops pf_ndo = {
	BASE_OPS,
	PORT_OPS,
	.ndo_open = nd_open,
	.ndo_stop = nd_stop,
	.ndo_set_vf_mac = dpl_set_vf_mac,
	.ndo_set_vf_vlan = dpl_set_vf_vlan,
	.ndo_set_vf_rate = dpl_set_vf_rate,
	.ndo_set_vf_spoofchk = dpl_set_vf_spoofchk,
	.ndo_set_vf_link_state = dpl_set_vf_link_state,
	.ndo_set_vf_trust = dpl_set_vf_trust,
	.ndo_get_vf_config = dpl_get_vf_config,
	.ndo_get_vf_stats = dpl_get_vf_stats,
	.ndo_set_vf_guid = dpl_set_vf_guid,
	.ndo_get_vf_guid = dpl_get_vf_guid,
	COMMON_OPS
};

static const struct net_device_ops wire_ndo = {
	BASE_OPS,
	.ndo_open = nd_open,
	.ndo_stop = nd_stop,
	.ndo_get_stats64 = dev_get_tstats64,
};

static void get_drvinfo(struct net_device *nd, struct ethtool_drvinfo *info)
{
	struct dpl_np *np = netdev_priv(nd);

	strscpy(info->driver, np->kind == DPL_ND_REP ? KBUILD_MODNAME "_rep" :
						       KBUILD_MODNAME,
		sizeof(info->driver));
	strscpy(info->fw_version, np->d->fw_running, sizeof(info->fw_version));
	if (nd->dev.parent)
		strscpy(info->bus_info, dev_name(nd->dev.parent),
			sizeof(info->bus_info));
}

static int get_link_ksettings(struct net_device *nd,
			      struct ethtool_link_ksettings *ks)
{
	ks->base.speed = netif_carrier_ok(nd) ? SPEED_100000 : SPEED_UNKNOWN;
	ks->base.duplex = netif_carrier_ok(nd) ? DUPLEX_FULL : DUPLEX_UNKNOWN;
	ks->base.port = PORT_OTHER;
	ks->base.autoneg = AUTONEG_DISABLE;
	return 0;
}

static const struct ethtool_ops dpl_ethtool = {
	.get_drvinfo = get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_link_ksettings = get_link_ksettings,
};

/* takes rtnl itself; an error pointer on failure */
struct net_device *dpl_nd_create(struct dpl *d, enum dpl_nd_kind kind,
				 struct dpl_port *p, struct device *parent,
				 struct devlink_port *dlp, const u8 *mac,
				 const char *alias)
{
	struct net_device *nd;
	struct dpl_np *np;
	int err;

	nd = alloc_netdev(sizeof(*np), kind == DPL_ND_WIRE ? "dpulabw%d" :
			  kind == DPL_ND_FN && !parent ? "dpulabh%d" : "eth%d",
			  NET_NAME_ENUM, ether_setup);
	if (!nd)
		return ERR_PTR(-ENOMEM);
	np = netdev_priv(nd);
	np->kind = kind;
	np->d = d;
	np->port = p;
	np->dlp = dlp;
	nd->netdev_ops = kind == DPL_ND_FN ? &fn_ndo :
			 kind == DPL_ND_REP ? &rep_ndo :
			 kind == DPL_ND_PF ? &pf_ndo : &wire_ndo;
	nd->ethtool_ops = &dpl_ethtool;
	nd->needs_free_netdev = true;
	nd->priv_flags &= ~IFF_TX_SKB_SHARING;
	nd->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	nd->max_mtu = 9978;
	if (mac && is_valid_ether_addr(mac))
		eth_hw_addr_set(nd, mac);
	else
		eth_hw_addr_random(nd);
	ether_addr_copy(nd->perm_addr, nd->dev_addr);
	if (parent)
		SET_NETDEV_DEV(nd, parent);
	if (dlp)
		dpl_netdev_set_port(nd, dlp);
	if (kind != DPL_ND_WIRE)
		dev_net_set(nd, devlink_net(d->dl));
	if (kind == DPL_ND_REP || kind == DPL_ND_PF) {
		nd->hw_features |= NETIF_F_HW_TC;
		nd->features |= NETIF_F_HW_TC;
	}
	netif_carrier_off(nd);
	err = register_netdev(nd);
	if (err) {
		free_netdev(nd);
		return ERR_PTR(err);
	}
	if (alias)
		dev_set_alias(nd, alias, strlen(alias));
	return nd;
}

bool dpl_nd_is_ours(const struct net_device *nd)
{
	return nd->netdev_ops == &rep_ndo || nd->netdev_ops == &pf_ndo;
}

void dpl_nd_unregister(struct net_device *nd)
{
	unregister_netdev(nd);
}

void dpl_nd_unregister_queue(struct net_device *nd, struct list_head *head)
{
	unregister_netdevice_queue(nd, head);
}
