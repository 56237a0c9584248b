// SPDX-License-Identifier: GPL-2.0
/*
 * How packets travel.  While in the module a packet's data starts at its MAC
 * header, its first VLAN tag is out of band, and its network header is set
 * right behind the MAC header.
 */
#include "dpulab.h"

/* to a netdev's receive side; takes the packet */
bool dpl_deliver(struct net_device *nd, struct sk_buff *skb)
{
	unsigned int len = skb->len;

	if (dev_forward_skb(nd, skb) != NET_RX_SUCCESS)
		return false;
	dev_sw_netstats_rx_add(nd, len);
	return true;
}

/* out of the switch to the port's function, or to the cable */
void dpl_to_port(struct dpl_port *p, struct sk_buff *skb)
{
	struct net_device *fn = rcu_dereference(p->fn);
	unsigned int len = skb->len;

	if (!fn || !(fn->flags & IFF_UP) ||
	    (!dpl_port_is_not_uplink(p) && !READ_ONCE(p->d->cable))) {
		atomic64_inc(&p->out_drops);
		kfree_skb(skb);
		return;
	}
	if (dpl_deliver(fn, skb)) {
		atomic64_inc(&p->out_pkts);
		atomic64_add(len, &p->out_bytes);
	} else {
		atomic64_inc(&p->out_drops);
	}
}

/* slow path: out of the representor */
void dpl_to_cpu(struct dpl_port *p, struct sk_buff *skb)
{
	struct net_device *rep = rcu_dereference(p->rep);
	unsigned int len = skb->len;

	if (!rep || !(rep->flags & IFF_UP)) {
		atomic64_inc(&p->in_drops);
		kfree_skb(skb);
		return;
	}
	if (dpl_deliver(rep, skb)) {
		atomic64_inc(&p->cpu_rx_pkts);
		atomic64_add(len, &p->cpu_rx_bytes);
		atomic64_inc(&p->d->slow_path);
	} else {
		atomic64_inc(&p->in_drops);
	}
}

static void count_in(struct dpl_port *p, struct sk_buff *skb)
{
	atomic64_inc(&p->in_pkts);
	atomic64_add(skb->len, &p->in_bytes);
	if (is_broadcast_ether_addr(eth_hdr(skb)->h_dest))
		atomic64_inc(&p->in_bcast);
	else if (is_multicast_ether_addr(eth_hdr(skb)->h_dest))
		atomic64_inc(&p->in_mcast);
}

/* as described at the head of the file; NULL if the packet was bad */
static struct sk_buff *prepare(struct sk_buff *skb)
{
	if (skb_linearize(skb) || skb->len < ETH_HLEN) {
		kfree_skb(skb);
		return NULL;
	}
	skb_orphan(skb);
	skb_reset_mac_header(skb);
	skb->protocol = eth_hdr(skb)->h_proto;
	if (eth_type_vlan(skb->protocol) && !skb_vlan_tag_present(skb)) {
		skb_pull(skb, ETH_HLEN);
		skb = skb_vlan_untag(skb);
		if (!skb)
			return NULL;
		skb_push(skb, ETH_HLEN);
	}
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, ETH_HLEN);
	skb->mac_len = ETH_HLEN;
	return skb;
}

/* ---- legacy mode: a switch by MAC address ---- */
static bool vst_accepts(struct dpl_port *vf, struct sk_buff *skb)
{
	if (!vf->vf.vlan)
		return true;
	return skb_vlan_tag_present(skb) &&
	       skb->vlan_proto == vf->vf.proto &&
	       skb_vlan_tag_get_id(skb) == vf->vf.vlan;
}

static void legacy_to_vf(struct dpl_port *vf, struct sk_buff *skb)
{
	if (!vst_accepts(vf, skb)) {
		atomic64_inc(&vf->out_drops);
		kfree_skb(skb);
		return;
	}
	if (vf->vf.vlan)
		__vlan_hwaccel_clear_tag(skb);
	dpl_to_port(vf, skb);
}

static void legacy_to_pf(struct dpl *d, struct sk_buff *skb)
{
	struct dpl_port *up = rcu_dereference(d->uplink_rcu);

	if (!up) {
		kfree_skb(skb);
		return;
	}
	count_in(up, skb);
	dpl_to_cpu(up, skb);
}

static void legacy_to_wire(struct dpl *d, struct sk_buff *skb)
{
	struct dpl_port *up = rcu_dereference(d->uplink_rcu);

	if (up)
		dpl_to_port(up, skb);
	else
		kfree_skb(skb);
}

static bool has_mac(struct dpl_port *vf, const u8 *mac)
{
	struct net_device *fn = rcu_dereference(vf->fn);

	return fn && ether_addr_equal(fn->dev_addr, mac);
}

/* from: a VF, or NULL for the PF (wire false) or the cable (wire true) */
static void legacy_switch(struct dpl *d, struct dpl_port *from, bool wire,
			  struct sk_buff *skb)
{
	const u8 *dst = eth_hdr(skb)->h_dest;
	struct dpl_port *vf, *up;
	struct net_device *pf;
	struct sk_buff *copy;
	int i, n = READ_ONCE(d->nvfs);

	if (is_multicast_ether_addr(dst)) {
		for (i = 0; i < n; i++) {
			vf = rcu_dereference(d->vfs[i]);
			if (!vf || vf == from)
				continue;
			copy = skb_clone(skb, GFP_ATOMIC);
			if (copy)
				legacy_to_vf(vf, copy);
		}
		if (wire) {
			legacy_to_pf(d, skb);
			return;
		}
		if (from) {
			copy = skb_clone(skb, GFP_ATOMIC);
			if (copy)
				legacy_to_pf(d, copy);
		}
		legacy_to_wire(d, skb);
		return;
	}
	for (i = 0; i < n; i++) {
		vf = rcu_dereference(d->vfs[i]);
		if (vf && vf != from && has_mac(vf, dst)) {
			legacy_to_vf(vf, skb);
			return;
		}
	}
	up = rcu_dereference(d->uplink_rcu);
	pf = up ? rcu_dereference(up->rep) : NULL;
	if (wire || (from && pf && ether_addr_equal(pf->dev_addr, dst)))
		legacy_to_pf(d, skb);
	else
		legacy_to_wire(d, skb);
}

static void legacy_from_vf(struct dpl_port *vf, struct sk_buff *skb)
{
	const u8 *mac = is_zero_ether_addr(vf->mac) ? vf->eff_mac : vf->mac;

	if (vf->vf.spoofchk && !ether_addr_equal(eth_hdr(skb)->h_source, mac))
		goto drop;
	if (vf->vf.vlan) {
		if (skb_vlan_tag_present(skb))
			goto drop;
		__vlan_hwaccel_put_tag(skb, vf->vf.proto, vf->vf.vlan |
				       vf->vf.qos << VLAN_PRIO_SHIFT);
	}
	legacy_switch(vf->d, vf, false, skb);
	return;
drop:
	atomic64_inc(&vf->in_drops);
	kfree_skb(skb);
}

/* ---- into the switch ---- */
static void from_function(struct dpl_port *p, struct sk_buff *skb)
{
	if (!dpl_flow_run(p, skb))
		dpl_to_cpu(p, skb);
}

netdev_tx_t dpl_xmit(struct sk_buff *skb, struct net_device *nd)
{
	struct dpl_np *np = netdev_priv(nd);
	struct dpl *d = np->d;
	struct dpl_port *p = np->port;
	bool legacy = READ_ONCE(d->legacy);

	skb_tx_timestamp(skb);
	skb = prepare(skb);
	if (!skb)
		return NETDEV_TX_OK;
	dev_sw_netstats_tx_add(nd, 1, skb->len);
	rcu_read_lock();
	switch (np->kind) {
	case DPL_ND_REP:
		atomic64_inc(&p->cpu_tx_pkts);
		atomic64_add(skb->len, &p->cpu_tx_bytes);
		dpl_to_port(p, skb);
		break;
	case DPL_ND_PF:
		atomic64_inc(&p->cpu_tx_pkts);
		atomic64_add(skb->len, &p->cpu_tx_bytes);
		if (legacy)
			legacy_switch(d, NULL, false, skb);
		else
			dpl_to_port(p, skb);
		break;
	case DPL_ND_FN:
		count_in(p, skb);
		if (legacy)
			legacy_from_vf(p, skb);
		else
			from_function(p, skb);
		break;
	case DPL_ND_WIRE:
		p = rcu_dereference(d->uplink_rcu);
		if (!p || !READ_ONCE(d->cable)) {
			kfree_skb(skb);
			break;
		}
		if (legacy) {
			legacy_switch(d, NULL, true, skb);
		} else {
			count_in(p, skb);
			from_function(p, skb);
		}
		break;
	}
	rcu_read_unlock();
	return NETDEV_TX_OK;
}
