// SPDX-License-Identifier: GPL-2.0
/* Transmit rates: remembered and checked, not enforced. */
#include "dpulab.h"

static int check(struct devlink_rate *r, u64 share, u64 max,
		 struct netlink_ext_ack *ea)
{
	int err = dpl_fault(dpl_of(r->devlink), DPL_OP_RATE_SET, ea);

	if (err)
		return err;
	if (share % DPL_RATE_UNIT || max % DPL_RATE_UNIT) {
		NL_SET_ERR_MSG_MOD(ea, "TX rate value not in link speed units of 1Mbps");
		return -EINVAL;
	}
	if (share > DPL_MAX_RATE || max > DPL_MAX_RATE) {
		NL_SET_ERR_MSG_MOD(ea, "TX rate value exceed link maximum speed");
		return -EINVAL;
	}
	if (max && share > max) {
		NL_SET_ERR_MSG_MOD(ea, "tx_share is above tx_max");
		return -EINVAL;
	}
	return 0;
}

int dpl_rate_leaf_share(struct devlink_rate *r, void *priv, u64 v,
			struct netlink_ext_ack *ea)
{
	struct dpl_port *p = priv;
	int err = check(r, v, r->tx_max, ea);

	if (!err)
		p->tx_share = v;
	return err;
}

int dpl_rate_leaf_max(struct devlink_rate *r, void *priv, u64 v,
		      struct netlink_ext_ack *ea)
{
	struct dpl_port *p = priv;
	int err = check(r, r->tx_share, v, ea);

	if (!err)
		p->tx_max = v;
	return err;
}

int dpl_rate_node_share(struct devlink_rate *r, void *priv, u64 v,
			struct netlink_ext_ack *ea)
{
	return check(r, v, r->tx_max, ea);
}

int dpl_rate_node_max(struct devlink_rate *r, void *priv, u64 v,
		      struct netlink_ext_ack *ea)
{
	return check(r, r->tx_share, v, ea);
}

int dpl_rate_prio(struct devlink_rate *r, void *priv, u32 v,
		  struct netlink_ext_ack *ea)
{
	int err = dpl_fault(dpl_of(r->devlink), DPL_OP_RATE_SET, ea);

	if (!err && v > 7) {
		NL_SET_ERR_MSG_MOD(ea, "tx_priority is out of range 0-7");
		err = -EINVAL;
	}
	return err;
}

int dpl_rate_weight(struct devlink_rate *r, void *priv, u32 v,
		    struct netlink_ext_ack *ea)
{
	int err = dpl_fault(dpl_of(r->devlink), DPL_OP_RATE_SET, ea);

	if (!err && v > 100) {
		NL_SET_ERR_MSG_MOD(ea, "tx_weight is out of range 0-100");
		err = -EINVAL;
	}
	return err;
}

int dpl_rate_node_new(struct devlink_rate *r, void **priv,
		      struct netlink_ext_ack *ea)
{
	struct dpl *d = dpl_of(r->devlink);
	int err = dpl_fault(d, DPL_OP_RATE_SET, ea);

	if (err)
		return err;
	if (d->mode != DEVLINK_ESWITCH_MODE_SWITCHDEV) {
		NL_SET_ERR_MSG_MOD(ea, "Rate node creation supported only in switchdev mode");
		return -EOPNOTSUPP;
	}
	return 0;
}

int dpl_rate_node_del(struct devlink_rate *r, void *priv,
		      struct netlink_ext_ack *ea)
{
	return 0;
}

static int set_parent(struct devlink_rate *parent, int below,
		      struct netlink_ext_ack *ea)
{
	int err, depth = below;

	if (!parent)
		return 0;
	err = dpl_fault(dpl_of(parent->devlink), DPL_OP_RATE_SET, ea);
	if (err)
		return err;
	for (; parent; parent = parent->parent)
		depth++;
	if (depth > DPL_RATE_DEPTH) {
		NL_SET_ERR_MSG_MOD(ea, "Rate nodes are nested too deep, 3 levels are supported");
		return -EOPNOTSUPP;
	}
	return 0;
}

int dpl_rate_leaf_parent(struct devlink_rate *c, struct devlink_rate *p,
			 void *priv_c, void *priv_p, struct netlink_ext_ack *ea)
{
	return set_parent(p, 0, ea);
}

/* a node that has children itself counts twice */
int dpl_rate_node_parent(struct devlink_rate *c, struct devlink_rate *p,
			 void *priv_c, void *priv_p, struct netlink_ext_ack *ea)
{
	return set_parent(p, refcount_read(&c->refcnt) > 1 ? 2 : 1, ea);
}
