// SPDX-License-Identifier: GPL-2.0
/* Rules at work: matching packets and executing actions.  Under RCU. */
#include <linux/icmp.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>
#include <net/tc_act/tc_csum.h>
#include "dpulab.h"
#if DPL_SINCE(6, 12)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#define MAX_JUMPS 32

struct flow_dissector dpl_dissector;

#define KEY(id, field) { FLOW_DISSECTOR_KEY_##id,			\
			 offsetof(struct dpl_key, field) }
static const struct flow_dissector_key keys[] = {
	KEY(CONTROL, control), KEY(BASIC, basic), KEY(ETH_ADDRS, eth),
	KEY(VLAN, vlan), KEY(CVLAN, cvlan), KEY(NUM_OF_VLANS, nvlans),
	KEY(IPV4_ADDRS, ipv4), KEY(IPV6_ADDRS, ipv6), KEY(PORTS, ports),
	KEY(TCP, tcp), KEY(IP, ip), KEY(ICMP, icmp), KEY(ARP, arp),
};

static const size_t lens[FLOW_DISSECTOR_KEY_MAX] = {
#define LEN(id, field) [FLOW_DISSECTOR_KEY_##id] =			\
			sizeof(((struct dpl_key *)0)->field)
	LEN(CONTROL, control), LEN(BASIC, basic), LEN(ETH_ADDRS, eth),
	LEN(VLAN, vlan), LEN(CVLAN, cvlan), LEN(NUM_OF_VLANS, nvlans),
	LEN(IPV4_ADDRS, ipv4), LEN(IPV6_ADDRS, ipv6), LEN(PORTS, ports),
	LEN(TCP, tcp), LEN(IP, ip), LEN(ICMP, icmp), LEN(ARP, arp),
};

void dpl_dissector_init(void)
{
	skb_flow_dissector_init(&dpl_dissector, keys, ARRAY_SIZE(keys));
}

dpl_keys_t dpl_keys_supported(void)
{
	return dpl_dissector.used_keys;
}

size_t dpl_key_offset(enum flow_dissector_key_id id, size_t *len)
{
	*len = lens[id];
	return dpl_dissector.offset[id];
}

static void dissect(struct sk_buff *skb, struct dpl_key *k)
{
	memset(k, 0, sizeof(*k));
	skb_flow_dissect(skb, &dpl_dissector, k, FLOW_DISSECTOR_F_STOP_BEFORE_ENCAP);
}

static bool matches(const struct dpl_rule *r, const struct dpl_key *k,
		    __be16 proto)
{
	const u64 *key = (const u64 *)&r->key, *mask = (const u64 *)&r->mask;
	const u64 *pkt = (const u64 *)k;
	size_t i;

	BUILD_BUG_ON(sizeof(struct dpl_key) % sizeof(u64));
	if (r->protocol != htons(ETH_P_ALL) && r->protocol != proto)
		return false;
	for (i = 0; i < sizeof(*k) / sizeof(u64); i++)
		if ((pkt[i] & mask[i]) != key[i])
			return false;
	return true;
}

/* ---- where the headers are ---- */
static int l3_offset(struct sk_buff *skb, __be16 *proto)
{
	int off = ETH_HLEN;

	*proto = skb->protocol;
	while (eth_type_vlan(*proto)) {
		if (off + VLAN_HLEN > (int)skb->len)
			return -1;
		*proto = ((struct vlan_hdr *)(skb->data + off))->h_vlan_encapsulated_proto;
		off += VLAN_HLEN;
	}
	return off;
}

/* the offset of L4, its protocol and length; -1 if there is none */
static int l4_offset(struct sk_buff *skb, int l3, __be16 proto, u8 *ip_proto,
		     int *len)
{
	if (proto == htons(ETH_P_IP)) {
		struct iphdr *ip = (struct iphdr *)(skb->data + l3);

		if (l3 + sizeof(*ip) > skb->len || ip->ihl < 5 ||
		    l3 + ntohs(ip->tot_len) > skb->len ||
		    ntohs(ip->tot_len) < ip->ihl * 4 ||
		    ip_is_fragment(ip))
			return -1;
		*ip_proto = ip->protocol;
		*len = ntohs(ip->tot_len) - ip->ihl * 4;
		return l3 + ip->ihl * 4;
	}
	if (proto == htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (struct ipv6hdr *)(skb->data + l3);
		__be16 frag;
		int off;

		if (l3 + sizeof(*ip) > skb->len ||
		    l3 + sizeof(*ip) + ntohs(ip->payload_len) > skb->len)
			return -1;
		*ip_proto = ip->nexthdr;
		off = ipv6_skip_exthdr(skb, l3 + sizeof(*ip), ip_proto, &frag);
		if (off < 0 || frag)
			return -1;
		*len = l3 + sizeof(*ip) + ntohs(ip->payload_len) - off;
		return *len < 0 ? -1 : off;
	}
	return -1;
}

/* ---- actions ---- */
static void mangle(struct sk_buff *skb, const struct dpl_act *a, bool add)
{
	int off, base, len;
	u8 ip_proto = 0;
	__be16 proto;
	u32 v, n;

	if (skb_ensure_writable(skb, skb->len))
		return;
	base = l3_offset(skb, &proto);
	if (base < 0)
		return;
	switch (a->mangle.htype) {
	case FLOW_ACT_MANGLE_HDR_TYPE_ETH:
		base = 0;
		break;
	case FLOW_ACT_MANGLE_HDR_TYPE_IP4:
		if (proto != htons(ETH_P_IP))
			return;
		break;
	case FLOW_ACT_MANGLE_HDR_TYPE_IP6:
		if (proto != htons(ETH_P_IPV6))
			return;
		break;
	default:
		base = l4_offset(skb, base, proto, &ip_proto, &len);
		if (base < 0 || ip_proto !=
		    (a->mangle.htype == FLOW_ACT_MANGLE_HDR_TYPE_TCP ?
		     IPPROTO_TCP : IPPROTO_UDP))
			return;
	}
	off = base + a->mangle.offset;
	if (off + 4 > (int)skb->len)
		return;
	v = get_unaligned((u32 *)(skb->data + off));
	n = add ? (v + a->mangle.val) & ~a->mangle.mask : a->mangle.val;
	put_unaligned((v & a->mangle.mask) ^ n, (u32 *)(skb->data + off));
	skb->ip_summed = CHECKSUM_NONE;
}

static __sum16 l4_csum(struct sk_buff *skb, int l3, __be16 proto, int l4,
		       int len, u8 ip_proto)
{
	__wsum sum = skb_checksum(skb, l4, len, 0);

	if (proto == htons(ETH_P_IP)) {
		struct iphdr *ip = (struct iphdr *)(skb->data + l3);

		return csum_tcpudp_magic(ip->saddr, ip->daddr, len, ip_proto,
					 sum);
	} else {
		struct ipv6hdr *ip = (struct ipv6hdr *)(skb->data + l3);

		return csum_ipv6_magic(&ip->saddr, &ip->daddr, len, ip_proto,
				       sum);
	}
}

static void csum(struct sk_buff *skb, u32 flags)
{
	int l3, l4, len;
	u8 ip_proto;
	__be16 proto;

	if (skb_ensure_writable(skb, skb->len))
		return;
	l3 = l3_offset(skb, &proto);
	if (l3 < 0)
		return;
	if (proto == htons(ETH_P_IP) && (flags & TCA_CSUM_UPDATE_FLAG_IPV4HDR) &&
	    l3 + sizeof(struct iphdr) <= skb->len)
		ip_send_check((struct iphdr *)(skb->data + l3));
	l4 = l4_offset(skb, l3, proto, &ip_proto, &len);
	if (l4 < 0)
		return;
	if (ip_proto == IPPROTO_TCP && (flags & TCA_CSUM_UPDATE_FLAG_TCP) &&
	    len >= (int)sizeof(struct tcphdr)) {
		struct tcphdr *th = (struct tcphdr *)(skb->data + l4);

		th->check = 0;
		th->check = l4_csum(skb, l3, proto, l4, len, ip_proto);
	} else if (ip_proto == IPPROTO_UDP &&
		   (flags & TCA_CSUM_UPDATE_FLAG_UDP) &&
		   len >= (int)sizeof(struct udphdr)) {
		struct udphdr *uh = (struct udphdr *)(skb->data + l4);

		if (!uh->check && proto == htons(ETH_P_IP))
			return;
		uh->check = 0;
		uh->check = l4_csum(skb, l3, proto, l4, len, ip_proto) ?:
			    CSUM_MANGLED_0;
	} else if (ip_proto == IPPROTO_ICMP &&
		   (flags & TCA_CSUM_UPDATE_FLAG_ICMP) &&
		   len >= (int)sizeof(struct icmphdr)) {
		struct icmphdr *ih = (struct icmphdr *)(skb->data + l4);

		ih->checksum = 0;
		ih->checksum = csum_fold(skb_checksum(skb, l4, len, 0));
	}
	skb->ip_summed = CHECKSUM_NONE;
}

static bool conforms(struct dpl_meter *m, u32 len)
{
	u64 now = ktime_get_ns(), need;
	bool ok;

	spin_lock_bh(&m->lock);
	need = (m->packets ? 1 : (u64)len) * NSEC_PER_SEC;
	m->tokens += min_t(u64, now - m->last, NSEC_PER_SEC) * m->rate;
	m->tokens = min(m->tokens, m->burst * NSEC_PER_SEC);
	m->last = now;
	ok = m->tokens >= need && (!m->mtu || len <= m->mtu);
	if (ok)
		m->tokens -= need;
	spin_unlock_bh(&m->lock);
	return ok;
}

static void vlan_modify(struct sk_buff *skb, const struct dpl_act *a)
{
	u16 tci;

	if (!skb_vlan_tag_present(skb))
		return;
	tci = skb_vlan_tag_get(skb);
	if (a->vlan.prio)
		tci = (tci & ~VLAN_PRIO_MASK) | a->vlan.prio << VLAN_PRIO_SHIFT;
	tci = (tci & ~VLAN_VID_MASK) | a->vlan.vid;
	__vlan_hwaccel_put_tag(skb, a->vlan.proto, tci);
}

enum verdict { V_TAKEN, V_SLOW, V_GOTO };

/* V_TAKEN: the packet is gone */
static enum verdict execute(struct dpl_rule *r, struct sk_buff *skb, u32 *chain)
{
	u32 len = skb->len + (skb_vlan_tag_present(skb) ? VLAN_HLEN : 0);
	const struct dpl_act *a;
	struct sk_buff *copy;
	int i;

	atomic64_inc(&r->pkts);
	atomic64_add(len, &r->bytes);
	WRITE_ONCE(r->lastused, jiffies);
	for (i = 0; i < r->nacts; i++) {
		a = &r->act[i];
		switch (a->id) {
		case FLOW_ACTION_ACCEPT:
		case FLOW_ACTION_TRAP:
			return V_SLOW;
		case FLOW_ACTION_DROP:
			goto drop;
		case FLOW_ACTION_GOTO:
			*chain = a->chain;
			return V_GOTO;
		case FLOW_ACTION_REDIRECT:
			atomic64_inc(&r->d->hw_fwd);
			dpl_to_port(a->port, skb);
			return V_TAKEN;
		case FLOW_ACTION_MIRRED:
			copy = skb_clone(skb, GFP_ATOMIC);
			if (copy)
				dpl_to_port(a->port, copy);
			break;
		case FLOW_ACTION_VLAN_PUSH:
			if (skb_vlan_push(skb, a->vlan.proto, a->vlan.vid |
					  a->vlan.prio << VLAN_PRIO_SHIFT))
				goto drop;
			break;
		case FLOW_ACTION_VLAN_POP:
			if (skb_vlan_pop(skb))
				goto drop;
			break;
		case FLOW_ACTION_VLAN_MANGLE:
			vlan_modify(skb, a);
			break;
		case FLOW_ACTION_MANGLE:
		case FLOW_ACTION_ADD:
			mangle(skb, a, a->id == FLOW_ACTION_ADD);
			break;
		case FLOW_ACTION_CSUM:
			csum(skb, a->csum);
			break;
		case FLOW_ACTION_MARK:
			skb->mark = a->mark;
			break;
		case FLOW_ACTION_POLICE:
			if (!conforms(a->meter, len)) {
				atomic64_inc(&r->drops);
				goto drop;
			}
			if (a->ok)
				return V_SLOW;
			break;
		default:
			break;
		}
		skb_reset_mac_header(skb);
		skb_set_network_header(skb, ETH_HLEN);
		skb->mac_len = ETH_HLEN;
	}
	return V_SLOW;
drop:
	atomic64_inc(&r->d->dropped);
	kfree_skb(skb);
	return V_TAKEN;
}

static struct dpl_rule *lookup(struct dpl_port *p, u32 chain,
			       struct sk_buff *skb)
{
	__be16 proto = skb_vlan_tag_present(skb) ? skb->vlan_proto :
						   skb->protocol;
	struct dpl_chain *c;
	struct dpl_prio *pr;
	struct dpl_rule *r;
	struct dpl_key k;

	list_for_each_entry_rcu(c, &p->chains, list)
		if (c->chain == chain)
			goto found;
	return NULL;
found:
	dissect(skb, &k);
	list_for_each_entry_rcu(pr, &c->prios, list)
		list_for_each_entry_rcu(r, &pr->rules, list)
			if (matches(r, &k, proto))
				return r;
	return NULL;
}

bool dpl_flow_run(struct dpl_port *in, struct sk_buff *skb)
{
	struct dpl_rule *r;
	u32 chain = 0;
	int i;

	if (!atomic_read(&in->nrules))
		return false;
	for (i = 0; i < MAX_JUMPS; i++) {
		r = lookup(in, chain, skb);
		if (!r)
			return false;
		switch (execute(r, skb, &chain)) {
		case V_TAKEN:
			return true;
		case V_SLOW:
			return false;
		case V_GOTO:
			break;
		}
	}
	return false;
}
