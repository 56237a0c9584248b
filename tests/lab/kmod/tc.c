// SPDX-License-Identifier: GPL-2.0
/*
 * TC offload: flower and matchall rules of the ingress blocks of representors
 * and of the uplink.  A rule belongs to one port; on a shared block each port
 * has its own copy.  Look-up within a priority is linear, in order of arrival.
 */
#include <net/tc_act/tc_csum.h>
#include "dpulab.h"

static LIST_HEAD(block_cbs);		/* under rtnl */

#define SAY(ea, text) do {						\
	if (ea)								\
		(ea)->_msg = KBUILD_MODNAME ": " text;			\
} while (0)

#define NOT_HW " is not supported in hardware"

static const struct rhashtable_params rule_params = {
	.head_offset = offsetof(struct dpl_rule, node),
	.key_offset = offsetof(struct dpl_rule, cookie),
	.key_len = sizeof(unsigned long),
	.automatic_shrinking = true,
};

int dpl_tc_init(struct dpl_port *p)
{
	return rhashtable_init(&p->rules, &rule_params);
}

/* ---- actions ---- */
static struct dpl_port *target_of(struct dpl *d, struct net_device *nd,
				  struct netlink_ext_ack *ea)
{
	struct dpl_np *np;

	if (!nd || !dpl_nd_is_ours(nd)) {
		SAY(ea, "devices are not on same switch HW, can't offload forwarding");
		return NULL;
	}
	np = netdev_priv(nd);
	if (memcmp(np->d->swid, d->swid, sizeof(d->swid))) {
		SAY(ea, "devices are not on same switch HW, can't offload forwarding");
		return NULL;
	}
	dpl_port_hold(np->port);
	return np->port;
}

/* tc_lock held in the next two */
static struct dpl_meter *meter_get(struct dpl *d,
				   const struct flow_action_entry *a)
{
	struct dpl_meter *m;

	list_for_each_entry(m, &d->meters, list)
		if (m->index == a->hw_index)
			goto found;
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return NULL;
	spin_lock_init(&m->lock);
	m->index = a->hw_index;
	m->last = ktime_get_ns();
	list_add(&m->list, &d->meters);
found:
	m->ref++;
	spin_lock_bh(&m->lock);
	m->packets = a->police.rate_pkt_ps;
	m->rate = m->packets ? a->police.rate_pkt_ps : a->police.rate_bytes_ps;
	m->burst = m->packets ? a->police.burst_pkt : a->police.burst;
	m->mtu = m->packets ? 0 : a->police.mtu;
	m->rate = min_t(u64, m->rate, DPL_MAX_RATE);
	m->burst = clamp_t(u64, m->burst, 1, U32_MAX);
	if (m->ref == 1)
		m->tokens = m->burst * NSEC_PER_SEC;
	spin_unlock_bh(&m->lock);
	return m;
}

static void meter_put(struct dpl_meter *m)
{
	if (--m->ref)
		return;
	list_del(&m->list);
	kfree_rcu(m, rcu);
}

static int parse_police(struct dpl *d, const struct flow_action_entry *a,
			bool last, struct dpl_act *act,
			struct netlink_ext_ack *ea)
{
	if (a->police.exceed.act_id != FLOW_ACTION_DROP) {
		SAY(ea, "Offload not supported when exceed action is not drop");
		return -EOPNOTSUPP;
	}
	if (a->police.notexceed.act_id != FLOW_ACTION_PIPE &&
	    a->police.notexceed.act_id != FLOW_ACTION_ACCEPT) {
		SAY(ea, "Offload not supported when conform action is not pipe or ok");
		return -EOPNOTSUPP;
	}
	if (a->police.notexceed.act_id == FLOW_ACTION_ACCEPT && !last) {
		SAY(ea, "Offload not supported when conform action is ok, but police action is not last");
		return -EOPNOTSUPP;
	}
	if (a->police.peakrate_bytes_ps || a->police.avrate ||
	    a->police.overhead) {
		SAY(ea, "Offload not supported when peakrate/avrate/overhead is configured");
		return -EOPNOTSUPP;
	}
	act->ok = a->police.notexceed.act_id == FLOW_ACTION_ACCEPT;
	act->meter = meter_get(d, a);
	return act->meter ? 0 : -ENOMEM;
}

static int parse_mangle(const struct flow_action_entry *a, struct dpl_act *act,
			struct netlink_ext_ack *ea)
{
	switch (a->mangle.htype) {
	case FLOW_ACT_MANGLE_HDR_TYPE_ETH:
		if (a->mangle.offset > 8) {
			SAY(ea, "pedit of the Ethernet type" NOT_HW);
			return -EOPNOTSUPP;
		}
		break;
	case FLOW_ACT_MANGLE_HDR_TYPE_IP4:
	case FLOW_ACT_MANGLE_HDR_TYPE_IP6:
	case FLOW_ACT_MANGLE_HDR_TYPE_TCP:
	case FLOW_ACT_MANGLE_HDR_TYPE_UDP:
		break;
	default:
		SAY(ea, "pedit of this header" NOT_HW);
		return -EOPNOTSUPP;
	}
	if (a->mangle.offset > 60) {
		SAY(ea, "pedit at this offset" NOT_HW);
		return -EOPNOTSUPP;
	}
	act->mangle.htype = a->mangle.htype;
	act->mangle.offset = a->mangle.offset;
	act->mangle.mask = a->mangle.mask;
	act->mangle.val = a->mangle.val;
	return 0;
}

static int refuse(enum flow_action_id id, struct netlink_ext_ack *ea)
{
	switch (id) {
	case FLOW_ACTION_TUNNEL_ENCAP:
	case FLOW_ACTION_TUNNEL_DECAP:
		SAY(ea, "action tunnel_key" NOT_HW);
		break;
	case FLOW_ACTION_CT:
	case FLOW_ACTION_CT_METADATA:
		SAY(ea, "action ct" NOT_HW);
		break;
	case FLOW_ACTION_SAMPLE:
		SAY(ea, "action sample" NOT_HW);
		break;
	case FLOW_ACTION_REDIRECT_INGRESS:
	case FLOW_ACTION_MIRRED_INGRESS:
		SAY(ea, "mirred to the ingress of a device" NOT_HW);
		break;
	case FLOW_ACTION_PRIORITY:
	case FLOW_ACTION_PTYPE:
	case FLOW_ACTION_QUEUE:
		SAY(ea, "action skbedit other than mark" NOT_HW);
		break;
	case FLOW_ACTION_MPLS_PUSH:
	case FLOW_ACTION_MPLS_POP:
	case FLOW_ACTION_MPLS_MANGLE:
		SAY(ea, "action mpls" NOT_HW);
		break;
	case FLOW_ACTION_VLAN_PUSH_ETH:
	case FLOW_ACTION_VLAN_POP_ETH:
		SAY(ea, "action vlan push_eth or pop_eth" NOT_HW);
		break;
	default:
		SAY(ea, "this action" NOT_HW);
	}
	return -EOPNOTSUPP;
}

static int parse_action(struct dpl *d, const struct flow_action_entry *a,
			u32 chain, bool last, struct dpl_act *act,
			struct netlink_ext_ack *ea)
{
	switch (a->id) {
	case FLOW_ACTION_ACCEPT:
	case FLOW_ACTION_DROP:
	case FLOW_ACTION_TRAP:
	case FLOW_ACTION_VLAN_POP:
		break;
	case FLOW_ACTION_GOTO:
		if (a->chain_index <= chain) {
			SAY(ea, "Goto lower numbered chain isn't supported");
			return -EOPNOTSUPP;
		}
		act->chain = a->chain_index;
		break;
	case FLOW_ACTION_REDIRECT:
	case FLOW_ACTION_MIRRED:
		act->port = target_of(d, a->dev, ea);
		if (!act->port)
			return -EOPNOTSUPP;
		break;
	case FLOW_ACTION_VLAN_PUSH:
	case FLOW_ACTION_VLAN_MANGLE:
		act->vlan.vid = a->vlan.vid;
		act->vlan.prio = a->vlan.prio;
		act->vlan.proto = a->vlan.proto;
		break;
	case FLOW_ACTION_MANGLE:
	case FLOW_ACTION_ADD:
		if (parse_mangle(a, act, ea))
			return -EOPNOTSUPP;
		break;
	case FLOW_ACTION_CSUM:
		if (a->csum_flags & ~(TCA_CSUM_UPDATE_FLAG_IPV4HDR |
				      TCA_CSUM_UPDATE_FLAG_ICMP |
				      TCA_CSUM_UPDATE_FLAG_TCP |
				      TCA_CSUM_UPDATE_FLAG_UDP)) {
			SAY(ea, "csum of IGMP, UDP-Lite or SCTP" NOT_HW);
			return -EOPNOTSUPP;
		}
		act->csum = a->csum_flags;
		break;
	case FLOW_ACTION_MARK:
		act->mark = a->mark;
		break;
	case FLOW_ACTION_POLICE:
		return parse_police(d, a, last, act, ea);
	default:
		return refuse(a->id, ea);
	}
	return 0;
}

static void acts_put(struct dpl_rule *r)
{
	int i;

	for (i = 0; i < r->nacts; i++) {
		switch (r->act[i].id) {
		case FLOW_ACTION_REDIRECT:
		case FLOW_ACTION_MIRRED:
			dpl_port_put(r->act[i].port);
			break;
		case FLOW_ACTION_POLICE:
			meter_put(r->act[i].meter);
			break;
		default:
			break;
		}
	}
}

static int parse_actions(struct dpl *d, const struct flow_action *fa,
			 struct dpl_rule *r, struct netlink_ext_ack *ea)
{
	const struct flow_action_entry *a;
	bool ends = false;
	int i, err;

	r->count = true;
	flow_action_for_each(i, a, fa) {
		err = parse_action(d, a, r->chain, i == (int)fa->num_entries - 1,
				   &r->act[i], ea);
		if (err)
			return err;
		r->act[i].id = a->id;
		r->nacts = i + 1;
		if (a->hw_stats == FLOW_ACTION_HW_STATS_DISABLED)
			r->count = false;
		switch (a->id) {
		case FLOW_ACTION_ACCEPT:
		case FLOW_ACTION_DROP:
		case FLOW_ACTION_TRAP:
		case FLOW_ACTION_GOTO:
		case FLOW_ACTION_REDIRECT:
		case FLOW_ACTION_MIRRED:
		case FLOW_ACTION_POLICE:
			ends = true;
			break;
		default:
			break;
		}
	}
	if (!ends) {
		SAY(ea, "Rule must have at least one forward/drop action");
		return -EOPNOTSUPP;
	}
	return 0;
}

/* ---- matches ---- */
static int refuse_keys(dpl_keys_t keys, struct netlink_ext_ack *ea)
{
#define HAS(id) (keys & ((dpl_keys_t)1 << FLOW_DISSECTOR_KEY_##id))
	if (HAS(ENC_KEYID) || HAS(ENC_CONTROL) || HAS(ENC_PORTS) ||
	    HAS(ENC_IPV4_ADDRS) || HAS(ENC_IPV6_ADDRS) || HAS(ENC_IP) ||
	    HAS(ENC_OPTS))
		SAY(ea, "matching on a tunnel's headers" NOT_HW);
	else if (HAS(CT))
		SAY(ea, "matching on ct" NOT_HW);
	else if (HAS(PORTS_RANGE))
		SAY(ea, "matching on a range of ports" NOT_HW);
	else if (HAS(MPLS))
		SAY(ea, "matching on MPLS" NOT_HW);
	else if (HAS(HASH))
		SAY(ea, "matching on a hash" NOT_HW);
	else
		SAY(ea, "matching on this field" NOT_HW);
#undef HAS
	return -EOPNOTSUPP;
}

/* flower keeps IPv4 and IPv6 addresses in one place and names both */
static bool other_family(struct flow_rule *rule, int id)
{
	struct flow_match_control m;

	if (id != FLOW_DISSECTOR_KEY_IPV4_ADDRS &&
	    id != FLOW_DISSECTOR_KEY_IPV6_ADDRS)
		return false;
	flow_rule_match_control(rule, &m);
	return m.key->addr_type != id;
}

static int parse_match(struct net_device *nd, struct flow_rule *rule,
		       struct dpl_rule *r, struct netlink_ext_ack *ea)
{
	struct flow_dissector *fd = rule->match.dissector;
	dpl_keys_t left;
	size_t i, len, off;
	u8 *key = (u8 *)&r->key, *mask = (u8 *)&r->mask;
	int id;

	if (!fd)
		return 0;		/* matchall */
	left = fd->used_keys & ~dpl_keys_supported() &
	       ~((dpl_keys_t)1 << FLOW_DISSECTOR_KEY_META);
	if (left)
		return refuse_keys(left, ea);
	if (flow_rule_match_key(rule, FLOW_DISSECTOR_KEY_META)) {
		struct flow_match_meta m;

		flow_rule_match_meta(rule, &m);
		if (m.mask->ingress_ifindex &&
		    (m.mask->ingress_ifindex != -1 ||
		     m.key->ingress_ifindex != nd->ifindex)) {
			SAY(ea, "Can't match on the ingress filter port");
			return -EOPNOTSUPP;
		}
#if DPL_SINCE(6, 5)
		if (m.mask->l2_miss) {
			SAY(ea, "Can't match on \"l2_miss\"");
			return -EOPNOTSUPP;
		}
#endif
	}
	for (id = 0; id < FLOW_DISSECTOR_KEY_MAX; id++) {
		if (id == FLOW_DISSECTOR_KEY_META ||
		    !dissector_uses_key(fd, id) || other_family(rule, id))
			continue;
		off = dpl_key_offset(id, &len);
		memcpy(key + off, (u8 *)rule->match.key + fd->offset[id], len);
		memcpy(mask + off, (u8 *)rule->match.mask + fd->offset[id], len);
	}
	if (r->mask.control.flags & ~(FLOW_DIS_IS_FRAGMENT |
				      FLOW_DIS_FIRST_FRAG)) {
		SAY(ea, "matching on this control flag" NOT_HW);
		return -EOPNOTSUPP;
	}
	for (i = 0; i < sizeof(r->key); i++)
		key[i] &= mask[i];
	return 0;
}

/* ---- tables; tc_lock held ---- */
static struct dpl_prio *prio_get(struct dpl_port *p, u32 chain, u32 prio)
{
	struct dpl_chain *c;
	struct dpl_prio *pr, *at;

	list_for_each_entry(c, &p->chains, list)
		if (c->chain == chain)
			goto have_chain;
	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return NULL;
	c->chain = chain;
	INIT_LIST_HEAD(&c->prios);
	list_add_tail_rcu(&c->list, &p->chains);
have_chain:
	list_for_each_entry(at, &c->prios, list) {
		if (at->prio == prio)
			return at;
		if (at->prio > prio)
			break;
	}
	pr = kzalloc(sizeof(*pr), GFP_KERNEL);
	if (!pr)
		return NULL;
	pr->prio = prio;
	INIT_LIST_HEAD(&pr->rules);
	list_add_tail_rcu(&pr->list, &at->list);
	return pr;
}

/* chains stay until their port goes; priorities go with their last rule */
static void unlink_rule(struct dpl_port *p, struct dpl_rule *r)
{
	struct dpl_prio *pr = r->pr;

	rhashtable_remove_fast(&p->rules, &r->node, rule_params);
	list_del_rcu(&r->list);
	if (!--pr->n) {
		list_del_rcu(&pr->list);
		kfree_rcu(pr, rcu);
	}
	atomic_dec(&p->nrules);
	atomic_dec(&p->d->nrules);
	p->d->rules_deleted++;
	acts_put(r);
	kfree_rcu(r, rcu);
}

static int rule_add(struct net_device *nd, struct flow_rule *rule,
		    unsigned long cookie, struct flow_cls_common_offload *common)
{
	struct dpl_port *p = ((struct dpl_np *)netdev_priv(nd))->port;
	struct netlink_ext_ack *ea = common->extack;
	struct dpl *d = p->d;
	struct dpl_rule *r;
	int err;

	if (!tc_can_offload_extack(nd, ea))
		return -EOPNOTSUPP;
	if (READ_ONCE(d->legacy)) {
		SAY(ea, "TC rules are offloaded in eswitch switchdev mode only");
		return -EOPNOTSUPP;
	}
	err = dpl_fault(d, DPL_OP_TC_ADD, ea);
	if (err)
		return err;
	r = kzalloc(struct_size(r, act, rule->action.num_entries), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	r->d = d;
	r->cookie = cookie;
	r->chain = common->chain_index;
	r->prio = common->prio;
	r->protocol = common->protocol;
	r->lastused = jiffies;
	err = parse_match(nd, rule, r, ea);
	if (err) {
		kfree(r);
		return err;
	}

	mutex_lock(&d->tc_lock);
	err = parse_actions(d, &rule->action, r, ea);
	if (err)
		goto err_acts;
	r->pr = prio_get(p, r->chain, r->prio);
	if (!r->pr) {
		err = -ENOMEM;
		goto err_acts;
	}
	r->pr->n++;
	err = rhashtable_lookup_insert_fast(&p->rules, &r->node, rule_params);
	if (err)
		goto err_prio;
	list_add_tail_rcu(&r->list, &r->pr->rules);
	atomic_inc(&p->nrules);
	atomic_inc(&d->nrules);
	d->rules_added++;
	mutex_unlock(&d->tc_lock);
	return 0;

err_prio:
	if (!--r->pr->n) {
		list_del_rcu(&r->pr->list);
		kfree_rcu(r->pr, rcu);
	}
err_acts:
	acts_put(r);
	mutex_unlock(&d->tc_lock);
	kfree(r);
	return err;
}

static int rule_del(struct dpl_port *p, unsigned long cookie)
{
	struct dpl_rule *r;

	mutex_lock(&p->d->tc_lock);
	r = rhashtable_lookup_fast(&p->rules, &cookie, rule_params);
	if (r)
		unlink_rule(p, r);
	mutex_unlock(&p->d->tc_lock);
	return r ? 0 : -ENOENT;
}

static int rule_stats(struct dpl_port *p, unsigned long cookie,
		      struct flow_stats *st)
{
	struct dpl_rule *r;
	u64 pkts, bytes, drops;

	mutex_lock(&p->d->tc_lock);
	r = rhashtable_lookup_fast(&p->rules, &cookie, rule_params);
	if (r && r->count) {
		pkts = atomic64_read(&r->pkts);
		bytes = atomic64_read(&r->bytes);
		drops = atomic64_read(&r->drops);
		flow_stats_update(st, bytes - r->seen_bytes,
				  pkts - r->seen_pkts, drops - r->seen_drops,
				  r->lastused, FLOW_ACTION_HW_STATS_DELAYED);
		r->seen_pkts = pkts;
		r->seen_bytes = bytes;
		r->seen_drops = drops;
	}
	mutex_unlock(&p->d->tc_lock);
	return r ? 0 : -ENOENT;
}

/* rules go before their netdev does: only empty chains can be left */
void dpl_tc_fini(struct dpl_port *p)
{
	struct dpl_chain *c, *n;

	WARN_ON(atomic_read(&p->nrules));
	list_for_each_entry_safe(c, n, &p->chains, list)
		kfree_rcu(c, rcu);
	rhashtable_destroy(&p->rules);
}

/* ---- the kernel's side ---- */
static int flower_cb(struct net_device *nd, struct flow_cls_offload *f)
{
	struct dpl_port *p = ((struct dpl_np *)netdev_priv(nd))->port;

	switch (f->command) {
	case FLOW_CLS_REPLACE:
		return rule_add(nd, flow_cls_offload_flow_rule(f), f->cookie,
				&f->common);
	case FLOW_CLS_DESTROY:
		return rule_del(p, f->cookie);
	case FLOW_CLS_STATS:
		return rule_stats(p, f->cookie, &f->stats);
	default:
		return -EOPNOTSUPP;
	}
}

static int matchall_cb(struct net_device *nd, struct tc_cls_matchall_offload *f)
{
	struct dpl_port *p = ((struct dpl_np *)netdev_priv(nd))->port;

	switch (f->command) {
	case TC_CLSMATCHALL_REPLACE:
		return rule_add(nd, f->rule, f->cookie, &f->common);
	case TC_CLSMATCHALL_DESTROY:
		return rule_del(p, f->cookie);
	case TC_CLSMATCHALL_STATS:
		return rule_stats(p, f->cookie, &f->stats);
	default:
		return -EOPNOTSUPP;
	}
}

static int block_cb(enum tc_setup_type type, void *data, void *priv)
{
	switch (type) {
	case TC_SETUP_CLSFLOWER:
		return flower_cb(priv, data);
	case TC_SETUP_CLSMATCHALL:
		return matchall_cb(priv, data);
	default:
		return -EOPNOTSUPP;
	}
}

int dpl_setup_tc(struct net_device *nd, enum tc_setup_type type, void *data)
{
	struct flow_block_offload *f = data;

	if (type != TC_SETUP_BLOCK)
		return -EOPNOTSUPP;
	f->unlocked_driver_cb = true;
	return flow_block_cb_setup_simple(f, &block_cbs, block_cb, nd, nd, true);
}
