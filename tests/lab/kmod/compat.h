/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernels that dpulab is built for: 6.1 and 6.12.
 */
#ifndef DPULAB_COMPAT_H
#define DPULAB_COMPAT_H

#include <linux/version.h>
#include <linux/netdevice.h>
#include <net/devlink.h>

#define DPL_SINCE(a, b)	(LINUX_VERSION_CODE >= KERNEL_VERSION(a, b, 0))

/* port operations live in struct devlink_port_ops, netdevs know their port */
#define DPL_HAVE_PORT_OPS	DPL_SINCE(6, 6)
/* port function capabilities: roce, migratable, ipsec, max_io_eqs */
#define DPL_HAVE_FN_CAPS	DPL_SINCE(6, 12)
/* PORT_FUNCTION.DEVLINK */
#define DPL_HAVE_FN_DEVLINK	DPL_SINCE(6, 7)
/* tx_priority and tx_weight of rates */
#define DPL_HAVE_RATE_PRIO	DPL_SINCE(6, 3)
/* the param setter gets an extack */
#define DPL_PARAM_SET_EXTACK	DPL_SINCE(6, 11)
/* used_keys of a flow dissector has 64 bits */
#if DPL_SINCE(6, 6)
typedef unsigned long long dpl_keys_t;
#else
typedef unsigned int dpl_keys_t;
#endif

#if DPL_HAVE_PORT_OPS
static inline int dpl_port_register(struct devlink *dl, struct devlink_port *p,
				    u32 index, const struct devlink_port_ops *o)
{
	return devl_port_register_with_ops(dl, p, index, o);
}

static inline void dpl_netdev_set_port(struct net_device *nd,
				       struct devlink_port *p)
{
	SET_NETDEV_DEVLINK_PORT(nd, p);
}

static inline void dpl_port_type_eth(struct devlink_port *p,
				     struct net_device *nd) { }
static inline void dpl_port_type_clear(struct devlink_port *p) { }
static inline void dpl_set_features(struct devlink *dl) { }

static inline int dpl_rate_leaf(struct devlink_port *p, void *priv)
{
	return devl_rate_leaf_create(p, priv, NULL);
}

static inline int dpl_driverinit_get(struct devlink *dl, u32 id,
				     union devlink_param_value *v)
{
	return devl_param_driverinit_value_get(dl, id, v);
}

static inline void dpl_driverinit_set(struct devlink *dl, u32 id,
				      union devlink_param_value v)
{
	devl_lock(dl);
	devl_param_driverinit_value_set(dl, id, v);
	devl_unlock(dl);
}
#else
struct devlink_port_ops { int unused; };

static inline int dpl_port_register(struct devlink *dl, struct devlink_port *p,
				    u32 index, const struct devlink_port_ops *o)
{
	return devl_port_register(dl, p, index);
}

static inline void dpl_netdev_set_port(struct net_device *nd,
				       struct devlink_port *p) { }

static inline void dpl_port_type_eth(struct devlink_port *p,
				     struct net_device *nd)
{
	devlink_port_type_eth_set(p, nd);
}

static inline void dpl_port_type_clear(struct devlink_port *p)
{
	devlink_port_type_clear(p);
}

static inline void dpl_set_features(struct devlink *dl)
{
	devlink_set_features(dl, DEVLINK_F_RELOAD);
}

static inline int dpl_rate_leaf(struct devlink_port *p, void *priv)
{
	return devl_rate_leaf_create(p, priv);
}

static inline int dpl_driverinit_get(struct devlink *dl, u32 id,
				     union devlink_param_value *v)
{
	return devlink_param_driverinit_value_get(dl, id, v);
}

static inline void dpl_driverinit_set(struct devlink *dl, u32 id,
				      union devlink_param_value v)
{
	devlink_param_driverinit_value_set(dl, id, v);
}
#endif

#endif
