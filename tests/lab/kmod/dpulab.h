/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dpulab: a DPU as the kernel sees it.  Common definitions.
 *
 * Locks, outermost first:
 *   devl_lock of the instance  ports, mode, VF array's size
 *   port->sf_lock              the auxiliary device of one SF
 *   device_lock, devl_lock of a function (SF, VF)
 *   d->fn_lock                 which function belongs to which port
 *   rtnl
 *   d->tc_lock                 offloaded rules (rules are read under RCU)
 * The data path runs under RCU and takes only the spinlock of a policer.
 */
#ifndef DPULAB_H
#define DPULAB_H

#include <linux/module.h>
#include <linux/auxiliary_bus.h>
#include <linux/debugfs.h>
#include <linux/etherdevice.h>
#include <linux/idr.h>
#include <linux/if_vlan.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/devlink.h>
#include <net/flow_dissector.h>
#include <net/flow_offload.h>
#include <net/pkt_cls.h>

#include "compat.h"

#define DPL_IDX_UPLINK	0
#define DPL_IDX_HOSTPF	1
#define DPL_IDX_VF	128		/* + number of the VF: 128..1151 */
#define DPL_IDX_HOSTVF	2048		/* + number of the VF: 2048..3071 */
#define DPL_IDX_SF	32768		/* + slot: 32768..49151 */
#define DPL_IDX_EXTSF	49152		/* + slot: 49152..65535 */
#define DPL_IDX_FN	0		/* the port of a function's own devlink */

#define DPL_MAX_VFS	1024
#define DPL_MAX_SFS	16384
#define DPL_MAX_RATE	12500000000ULL	/* bytes/s: 100 Gbit/s */
#define DPL_RATE_UNIT	125000ULL	/* bytes/s: 1 Mbit/s */
#define DPL_RATE_DEPTH	3
#define DPL_MAX_EQS	1024
#define DPL_VF_EQS	15
#define DPL_SF_EQS	8

enum dpl_op {
	DPL_OP_PORT_NEW, DPL_OP_PORT_DEL, DPL_OP_PORT_GET, DPL_OP_STATE_SET,
	DPL_OP_HW_ADDR_SET, DPL_OP_CAPS_SET, DPL_OP_ESWITCH_SET,
	DPL_OP_SF_PROBE, DPL_OP_VF_PROBE, DPL_OP_SRIOV, DPL_OP_RELOAD,
	DPL_OP_RELOAD_UP,
	DPL_OP_RATE_SET, DPL_OP_PARAM_SET, DPL_OP_TC_ADD, DPL_OP_RECOVER,
	DPL_OP_MAX
};

enum dpl_delay {
	DPL_DELAY_REP, DPL_DELAY_SF_ATTACH, DPL_DELAY_SF_PROBE,
	DPL_DELAY_OPSTATE, DPL_DELAY_VF_PROBE, DPL_DELAY_MAX
};

struct dpl_fault {
	int err;
	int count;		/* calls that still fail; -1: all of them */
	u64 hits;
};

struct dpl_port;
struct dpl_fn;
struct dpl_sf;

struct dpl {
	struct device *dev;
	struct pci_dev *pdev;		/* NULL: a platform device */
	struct devlink *dl;
	u32 pfnum;
	u8 swid[8];
	char serial[24];
	bool external;			/* there is a host behind controller 1 */

	/* under devl_lock */
	u16 mode;
	u8 inline_mode;
	u8 encap;
	struct list_head ports;
	struct dpl_port *uplink;
	int nvfs, nhostvfs;
	struct ida sf_ids[2];		/* by controller */
	unsigned int nsfs[2];
	char fw_running[32], fw_stored[32];
	char steering[8];
	bool esw_multiport;
	bool enable_sriov;
	u32 total_vfs;

	struct dpl_port __rcu *vfs[DPL_MAX_VFS];	/* under rtnl */
	struct dpl_port __rcu *uplink_rcu;
	struct net_device *wire;
	bool legacy;			/* what the data path obeys */
	bool cable;

	struct mutex fn_lock;
	struct mutex tc_lock;
	struct list_head meters;	/* under tc_lock */
	atomic_t nrules;
	u64 rules_added, rules_deleted;
	struct workqueue_struct *wq;

	spinlock_t fault_lock;
	struct dpl_fault fault[DPL_OP_MAX];
	int delay[DPL_DELAY_MAX];
	int sf_cfg;
	int sf_eth_default;
	struct dentry *dbg;

	struct devlink_health_reporter *hr[2];
	struct work_struct health_work;
	unsigned long health_pending;

	int msix_used;
	atomic64_t slow_path, hw_fwd, dropped;
};

struct dpl_vfinfo {
	u16 vlan;
	u8 qos;
	__be16 proto;
	bool spoofchk, trusted;
	int link_state;
	u32 min_rate, max_rate;		/* Mbit/s */
	u64 node_guid, port_guid;
};

struct dpl_port {
	struct devlink_port dlp;
	bool registered;
	struct list_head list;
	struct dpl *d;
	refcount_t ref;
	struct rcu_head rcu;

	enum devlink_port_flavour flavour;
	u32 index, controller, pf, num;	/* num: of the VF or SF */
	bool external;

	u8 mac[ETH_ALEN];		/* of the port function, or zero */
	u8 eff_mac[ETH_ALEN];		/* what its driver started with */
	bool active, attached, dying;
	unsigned long op_at;		/* jiffies when opstate becomes true */
	bool roce, migratable, ipsec_crypto, ipsec_packet;
	u32 max_io_eqs;
	u64 tx_share, tx_max;
	int msix;
	struct dpl_vfinfo vf;

	struct net_device __rcu *rep;	/* representor; uplink: the PF netdev */
	struct net_device __rcu *fn;	/* function's; uplink: the wire */
	struct net_device *hostnd;	/* netdev in place of the host's */
	struct delayed_work rep_work;
	struct delayed_work sf_work;
	struct mutex sf_lock;
	struct dpl_sf *sf;
	struct dpl_fn *fnp;		/* under d->fn_lock */

	struct list_head chains;	/* struct dpl_chain; tc_lock / RCU */
	struct rhashtable rules;
	atomic_t nrules;

	/* as the switch sees it: in = from the function (from the wire) */
	atomic64_t in_pkts, in_bytes, out_pkts, out_bytes;
	atomic64_t in_mcast, in_bcast, in_drops, out_drops;
	atomic64_t cpu_rx_pkts, cpu_rx_bytes, cpu_tx_pkts, cpu_tx_bytes;
};

struct dpl_sf {
	struct auxiliary_device adev;
	struct dpl_port *port;		/* with a reference */
	u32 sfnum;
};

/* an instance of the function's own driver: of an SF or a VF */
struct dpl_fn {
	struct dpl *d;
	struct dpl_port *port;		/* with a reference */
	struct device *dev;
	struct devlink *dl;		/* NULL: a virtual VF */
	struct devlink_port dlp;
	bool dlp_registered;
	struct net_device *nd;		/* under d->fn_lock */
	bool is_sf;
	bool gone;
	struct delayed_work work;
};

enum dpl_nd_kind { DPL_ND_FN, DPL_ND_REP, DPL_ND_PF, DPL_ND_WIRE };

struct dpl_np {				/* netdev_priv */
	enum dpl_nd_kind kind;
	struct dpl *d;
	struct dpl_port *port;		/* with a reference, except the wire's */
	struct devlink_port *dlp;
};

/* main.c */
extern unsigned int dpl_max_sfs, dpl_max_vfs;
extern bool dpl_ecpf, dpl_switchdev, dpl_sf_cfg, dpl_sf_eth_default;
extern int dpl_vf_msix_pool;
extern struct dentry *dpl_debugfs;

/* devlink.c */
struct dpl *dpl_create(struct device *dev, struct pci_dev *pdev);
void dpl_destroy(struct dpl *d);
static inline struct dpl *dpl_of(struct devlink *dl)
{
	return *(struct dpl **)devlink_priv(dl);
}
int dpl_info(struct dpl *d, struct devlink_info_req *req, const char *driver);

/* port.c */
struct dpl_port *dpl_port_alloc(struct dpl *d, enum devlink_port_flavour fl,
				u32 controller, u32 num, u32 index);
int dpl_port_add(struct dpl_port *p);
void dpl_ports_remove(struct dpl *d, bool (*which)(struct dpl_port *p));
bool dpl_port_is_any(struct dpl_port *p);
bool dpl_port_is_sf(struct dpl_port *p);
bool dpl_port_is_vf(struct dpl_port *p);
bool dpl_port_is_hostvf(struct dpl_port *p);
bool dpl_port_is_not_uplink(struct dpl_port *p);
struct dpl_port *dpl_port_find(struct dpl *d, enum devlink_port_flavour fl,
			       u32 controller, u32 num);
void dpl_port_free(struct dpl_port *p);
void dpl_hostnd_create(struct dpl_port *p);
bool dpl_op_attached(struct dpl_port *p);
static inline void dpl_port_hold(struct dpl_port *p)
{
	refcount_inc(&p->ref);
}
static inline void dpl_port_put(struct dpl_port *p)
{
	if (refcount_dec_and_test(&p->ref))
		dpl_port_free(p);
}
#if DPL_HAVE_PORT_OPS
int dpl_port_new(struct devlink *dl, const struct devlink_port_new_attrs *a,
		 struct netlink_ext_ack *ea, struct devlink_port **out);
#else
int dpl_port_new(struct devlink *dl, const struct devlink_port_new_attrs *a,
		 struct netlink_ext_ack *ea, unsigned int *out);
int dpl_port_del_index(struct devlink *dl, unsigned int index,
		       struct netlink_ext_ack *ea);
#endif
int dpl_hw_addr_get(struct devlink_port *dp, u8 *addr, int *len,
		    struct netlink_ext_ack *ea);
int dpl_hw_addr_set(struct devlink_port *dp, const u8 *addr, int len,
		    struct netlink_ext_ack *ea);
int dpl_state_get(struct devlink_port *dp, enum devlink_port_fn_state *state,
		  enum devlink_port_fn_opstate *op, struct netlink_ext_ack *ea);
int dpl_state_set(struct devlink_port *dp, enum devlink_port_fn_state state,
		  struct netlink_ext_ack *ea);

/* sf.c */
int dpl_sf_drivers_register(void);
void dpl_sf_drivers_unregister(void);
void dpl_sf_work(struct work_struct *w);
void dpl_sf_kill(struct dpl_port *p);
void dpl_sf_id_free(struct dpl_port *p);
int dpl_sf_host_attach(struct dpl *d, u32 sfnum, bool on);

/* fn.c */
struct dpl_fn *dpl_fn_create(struct dpl *d, struct dpl_port *p,
			     struct device *dev, bool is_sf, bool own_devlink);
void dpl_fn_destroy(struct dpl_fn *fn);
void dpl_fn_netdevs_del(struct dpl *d);
void dpl_set_attached(struct dpl_port *p, bool on);

/* netdev.c */
struct net_device *dpl_nd_create(struct dpl *d, enum dpl_nd_kind kind,
				 struct dpl_port *p, struct device *parent,
				 struct devlink_port *dlp, const u8 *mac,
				 const char *alias);
void dpl_nd_unregister(struct net_device *nd);
void dpl_nd_unregister_queue(struct net_device *nd, struct list_head *head);
bool dpl_nd_is_ours(const struct net_device *nd);
void dpl_carrier_update(struct dpl_port *p);

/* fwd.c */
netdev_tx_t dpl_xmit(struct sk_buff *skb, struct net_device *nd);
bool dpl_deliver(struct net_device *nd, struct sk_buff *skb);
void dpl_to_port(struct dpl_port *p, struct sk_buff *skb);
void dpl_to_cpu(struct dpl_port *p, struct sk_buff *skb);

/* tc.c */
int dpl_setup_tc(struct net_device *nd, enum tc_setup_type type, void *data);
int dpl_tc_init(struct dpl_port *p);
void dpl_tc_fini(struct dpl_port *p);

/* flow.c */
struct dpl_meter {
	struct list_head list;
	u32 index;
	int ref;
	spinlock_t lock;
	u64 rate, burst;		/* bytes, or packets, per second */
	bool packets;
	u64 tokens;			/* in units of 1/NSEC_PER_SEC */
	u64 last;
	u32 mtu;
	struct rcu_head rcu;
};

struct dpl_act {
	enum flow_action_id id;
	union {
		struct dpl_port *port;
		u32 chain;
		u32 mark;
		u32 csum;
		struct { u16 vid; u8 prio; __be16 proto; } vlan;
		struct {
			enum flow_action_mangle_base htype;
			u32 offset, mask, val;
		} mangle;
		struct dpl_meter *meter;
	};
	bool ok;			/* police: conforming is accepted */
};

struct dpl_key {			/* a multiple of 8 bytes */
	struct flow_dissector_key_control control;
	struct flow_dissector_key_basic basic;
	struct flow_dissector_key_eth_addrs eth;
	struct flow_dissector_key_vlan vlan;
	struct flow_dissector_key_vlan cvlan;
	struct flow_dissector_key_num_of_vlans nvlans;
	struct flow_dissector_key_ipv4_addrs ipv4;
	struct flow_dissector_key_ipv6_addrs ipv6;
	struct flow_dissector_key_ports ports;
	struct flow_dissector_key_tcp tcp;
	struct flow_dissector_key_ip ip;
	struct flow_dissector_key_icmp icmp;
	struct flow_dissector_key_arp arp;
} __aligned(8);

struct dpl_rule {
	struct rhash_head node;
	struct list_head list;
	unsigned long cookie;
	u32 chain, prio;
	__be16 protocol;
	bool count;
	struct dpl_key key, mask;
	atomic64_t pkts, bytes, drops;
	u64 seen_pkts, seen_bytes, seen_drops;
	unsigned long lastused;
	struct rcu_head rcu;
	struct dpl *d;
	struct dpl_prio *pr;
	int nacts;
	struct dpl_act act[];
};

struct dpl_prio {			/* the rules of one priority */
	struct list_head list;
	u32 prio;
	int n;				/* of rules */
	struct list_head rules;
	struct rcu_head rcu;
};

struct dpl_chain {
	struct list_head list;
	u32 chain;
	struct list_head prios;
	struct rcu_head rcu;
};

extern struct flow_dissector dpl_dissector;
void dpl_dissector_init(void);
size_t dpl_key_offset(enum flow_dissector_key_id id, size_t *len);
dpl_keys_t dpl_keys_supported(void);
/* true: the packet was taken; false: it goes to the representor */
bool dpl_flow_run(struct dpl_port *in, struct sk_buff *skb);

/* rate.c */
int dpl_rate_leaf_share(struct devlink_rate *r, void *priv, u64 v,
			struct netlink_ext_ack *ea);
int dpl_rate_leaf_max(struct devlink_rate *r, void *priv, u64 v,
		      struct netlink_ext_ack *ea);
int dpl_rate_node_share(struct devlink_rate *r, void *priv, u64 v,
			struct netlink_ext_ack *ea);
int dpl_rate_node_max(struct devlink_rate *r, void *priv, u64 v,
		      struct netlink_ext_ack *ea);
int dpl_rate_prio(struct devlink_rate *r, void *priv, u32 v,
		  struct netlink_ext_ack *ea);
int dpl_rate_weight(struct devlink_rate *r, void *priv, u32 v,
		    struct netlink_ext_ack *ea);
int dpl_rate_node_new(struct devlink_rate *r, void **priv,
		      struct netlink_ext_ack *ea);
int dpl_rate_node_del(struct devlink_rate *r, void *priv,
		      struct netlink_ext_ack *ea);
int dpl_rate_leaf_parent(struct devlink_rate *c, struct devlink_rate *p,
			 void *priv_c, void *priv_p, struct netlink_ext_ack *ea);
int dpl_rate_node_parent(struct devlink_rate *c, struct devlink_rate *p,
			 void *priv_c, void *priv_p, struct netlink_ext_ack *ea);

/* params.c */
int dpl_params_register(struct dpl *d);
void dpl_params_unregister(struct dpl *d);
int dpl_fn_params_register(struct dpl_fn *fn);
void dpl_fn_params_unregister(struct dpl_fn *fn);
bool dpl_fn_eth_enabled(struct dpl_fn *fn);

/* health.c */
int dpl_health_create(struct dpl *d);
void dpl_health_destroy(struct dpl *d);
int dpl_resources_register(struct dpl *d);
int dpl_health_error(struct dpl *d, bool fatal, const char *msg);

/* fault.c */
int dpl_fault(struct dpl *d, enum dpl_op op, struct netlink_ext_ack *ea);
void dpl_debugfs_add(struct dpl *d);
void dpl_debugfs_del(struct dpl *d);

/* pci.c */
int dpl_pci_register(void);
void dpl_pci_unregister(void);

/* vf.c */
int dpl_vfs_set(struct dpl *d, int n, bool virt);
int dpl_hostvfs_set(struct dpl *d, int n);
int dpl_vf_ports_add(struct dpl *d);
void dpl_vfs_carrier(struct dpl *d);
struct dpl_port *dpl_vf_get(struct dpl *d, int vf);
int dpl_set_vf_mac(struct net_device *nd, int vf, u8 *mac);
int dpl_set_vf_vlan(struct net_device *nd, int vf, u16 vlan, u8 qos,
		    __be16 proto);
int dpl_set_vf_rate(struct net_device *nd, int vf, int min, int max);
int dpl_set_vf_spoofchk(struct net_device *nd, int vf, bool on);
int dpl_set_vf_link_state(struct net_device *nd, int vf, int state);
int dpl_set_vf_trust(struct net_device *nd, int vf, bool on);
int dpl_get_vf_config(struct net_device *nd, int vf, struct ifla_vf_info *iv);
int dpl_get_vf_stats(struct net_device *nd, int vf, struct ifla_vf_stats *st);
int dpl_set_vf_guid(struct net_device *nd, int vf, u64 guid, int type);
int dpl_get_vf_guid(struct net_device *nd, int vf, struct ifla_vf_guid *node,
		    struct ifla_vf_guid *port);

#endif
