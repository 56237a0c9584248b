/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/vf.h
 * @brief What a PF decides for its VFs: addresses, VLAN, trust, rates, interrupts.
 *
 * Source: rtnetlink (IFLA_VFINFO_LIST), devlink (port function, rate leaf), PCI sysfs (sriov_numvfs,
 * sriov_vf_msix_count, sriov_drivers_autoprobe).
 *
 * Thread rule: as the context, see dpu/ctx.h.
 */
#ifndef DPU_VF_H
#define DPU_VF_H

#include <dpu/function.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Attributes of a VF: bits of dpu_vf_attrs.set. */
enum dpu_vf_field {
	DPU_VF_HW_ADDR = 1,             /**< hw_addr. */
	DPU_VF_VLAN = 2,                /**< vlan, qos, vlan_proto. */
	DPU_VF_SPOOFCHK = 4,            /**< spoofchk. */
	DPU_VF_TRUST = 8,               /**< trust. */
	DPU_VF_LINK_STATE = 16,         /**< link_state. */
	DPU_VF_RATE = 32,               /**< min_tx_rate, max_tx_rate. */
	DPU_VF_NODE_GUID = 64,          /**< node_guid. */
	DPU_VF_PORT_GUID = 128,         /**< port_guid. */
	DPU_VF_FIELD_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** What a VF takes for its link: IFLA_VF_LINK_STATE_…. */
enum dpu_vf_link_state {
	DPU_VF_LINK_AUTO = 0,                /**< The PF's. */
	DPU_VF_LINK_ENABLE = 1,              /**< Always up. */
	DPU_VF_LINK_DISABLE = 2,             /**< Always down. */
	DPU_VF_LINK_STATE_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** Attributes of a VF. */
struct dpu_vf_attrs {
	size_t sz;            /**< Set by DPU_OPTS(). */
	uint64_t node_guid;   /**< InfiniBand node GUID, in host byte order. */
	uint64_t port_guid;   /**< InfiniBand port GUID, in host byte order. */
	uint32_t set;         /**< enum dpu_vf_field, ored: what is known, or what to change. */
	uint32_t vlan;        /**< VLAN id that the VF's packets get, 1 to 4094; 0 none. */
	uint32_t qos;         /**< Their priority, 0 to 7. */
	uint32_t vlan_proto;  /**< 0x8100 (802.1Q, also for 0) or 0x88a8 (802.1ad). */
	uint32_t spoofchk;    /**< Not 0: packets with another source address are dropped. */
	uint32_t trust;       /**< Not 0: the VF may change its address and be promiscuous. */
	uint32_t link_state;  /**< enum dpu_vf_link_state. */
	uint32_t min_tx_rate; /**< Assured, Mbit per second; 0 none. */
	uint32_t max_tx_rate; /**< At most, Mbit per second; 0 no limit. */
	uint8_t hw_addr[6];   /**< MAC address. */
	uint8_t reserved[6];  /**< Zero. */
};

/** Counters of a VF. */
struct dpu_vf_stats {
	size_t sz;           /**< Set by DPU_OPTS(). */
	uint64_t rx_packets; /**< Packets that the VF received. */
	uint64_t rx_bytes;   /**< Their bytes. */
	uint64_t rx_dropped; /**< Packets to the VF that were dropped. */
	uint64_t tx_packets; /**< Packets that the VF sent. */
	uint64_t tx_bytes;   /**< Their bytes. */
	uint64_t tx_dropped; /**< Packets of the VF that were dropped. */
	uint64_t broadcast;  /**< Broadcasts that it received. */
	uint64_t multicast;  /**< Multicasts that it received. */
};

/**
 * @brief Reads the attributes of a VF.
 * @param vf A VF.
 * @param attrs Where they go; sz must be set. set then tells which are known: in switchdev mode there are
 *  fewer than in legacy mode. Untouched on failure.
 * @return 0, or a negative errno: -EINVAL the function is no VF, or sz is wrong; -EOPNOTSUPP the device has
 *  neither a port for it nor a network device that knows it (the VFs of another machine's PF have only what
 *  their port has); -ENODEV it has gone; others as the kernel says.
 */
DPU_PUBLIC int dpu_vf_attrs_get(struct dpu_function *vf, struct dpu_vf_attrs *attrs);

/**
 * @brief Changes attributes of a VF: through its port where there is one (switchdev mode; the address and the
 * rates), else through the PF's network device.
 * @param vf A VF.
 * @param attrs What to change; sz must be set.
 * @return 0, or a negative errno: -EINVAL the function is no VF, attrs is malformed or a value is out of
 *  range; -EOPNOTSUPP the driver has no such attribute in this mode; -ENODEV it has gone; -EPERM without
 *  CAP_NET_ADMIN; others as the kernel says. What was changed before a refusal is changed back.
 */
DPU_PUBLIC int dpu_vf_attrs_set(struct dpu_function *vf, const struct dpu_vf_attrs *attrs);

/**
 * @brief Reads the counters of a VF, as its PF has them.
 * @param vf A VF.
 * @param stats Where they go; sz must be set. Untouched on failure.
 * @return As dpu_vf_attrs_get().
 */
DPU_PUBLIC int dpu_vf_stats(struct dpu_function *vf, struct dpu_vf_stats *stats);

/**
 * @brief Gives a VF a number of interrupt vectors. No driver may have the VF.
 * @param vf A VF.
 * @param count How many; 0 the device's own choice.
 * @return 0, or a negative errno: -EBUSY a driver has the VF; -EOPNOTSUPP the device cannot; -EINVAL the
 *  function is no VF, or the device wants more for it; -EOVERFLOW more than one VF can have; -ENOSPC or
 * -ERANGE the pool has not so many; -EPERM or -EACCES not root; others as the driver says.
 */
DPU_PUBLIC int dpu_vf_set_msix(struct dpu_function *vf, uint32_t count);

/**
 * @brief Tells how many interrupt vectors a PF has for its VFs.
 * @param device A device.
 * @return The number, or a negative errno: -EOPNOTSUPP the device does not hand them out; -ENODEV the device
 *  has gone.
 */
DPU_PUBLIC int dpu_vf_msix_total(struct dpu_device *device);

/**
 * @brief Tells whether drivers take new VFs by themselves.
 * @param device A device.
 * @return 1 they do, 0 they do not, or a negative errno: -EOPNOTSUPP the device has no SR-IOV; -ENODEV the
 *  device has gone.
 */
DPU_PUBLIC int dpu_vf_autoprobe(struct dpu_device *device);

/**
 * @brief Decides whether drivers take new VFs by themselves.
 * @param device A device.
 * @param on Not 0: they do.
 * @return 0, or a negative errno: -EACCES not root; else as dpu_vf_autoprobe().
 */
DPU_PUBLIC int dpu_vf_set_autoprobe(struct dpu_device *device, int on);

/**
 * @brief Names a link state.
 * @param state A state.
 * @return "auto", "enable", "disable", or NULL when unknown.
 */
DPU_PUBLIC const char *dpu_vf_link_state_name(enum dpu_vf_link_state state);

/**
 * @brief Turns a name into a link state.
 * @param name A name as dpu_vf_link_state_name() gives it.
 * @param ret The state. Untouched on failure.
 * @return 0, or -EINVAL when there is no such name.
 */
DPU_PUBLIC int dpu_vf_link_state_parse(const char *name, enum dpu_vf_link_state *ret);

#ifdef __cplusplus
}
#endif

#endif
