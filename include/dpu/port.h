/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/port.h
 * @brief devlink ports: uplinks and the representors of PFs, VFs and SFs.
 *
 * A port is an immutable snapshot of one devlink port. Names follow the kernel: flavour, controller, pfnum,
 * vfnum, sfnum, phys_port_name. The names of network devices are what the machine has, never computed.
 *
 * Source: devlink (DEVLINK_CMD_PORT_GET), joined with rtnetlink by ifindex; without devlink, rtnetlink's
 * phys_port_name and phys_switch_id.
 *
 * Thread rule: as the context, see dpu/ctx.h.
 */
#ifndef DPU_PORT_H
#define DPU_PORT_H

#include <dpu/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A port. */
struct dpu_port;
/** A list of ports, ordered by port index. */
struct dpu_port_list;

/** A number that a port of this flavour does not have. */
#define DPU_PORT_NO_NUMBER UINT32_MAX

/** enum devlink_port_flavour. */
enum dpu_port_flavour {
	DPU_PORT_PHYSICAL = 0,      /**< An uplink. */
	DPU_PORT_CPU = 1,           /**< A switch's port to the CPU. */
	DPU_PORT_DSA = 2,           /**< A port between switch chips. */
	DPU_PORT_PCIPF = 3,         /**< Represents a PCI physical function. */
	DPU_PORT_PCIVF = 4,         /**< Represents a PCI virtual function. */
	DPU_PORT_VIRTUAL = 5,       /**< Represents any other function. */
	DPU_PORT_UNUSED = 6,        /**< Not in use. */
	DPU_PORT_PCISF = 7,         /**< Represents a scalable function. */
	DPU_PORT_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** Counters of a port, from the point of view of the e-switch: rx came in through the port. */
struct dpu_port_stats {
	size_t sz;           /**< Set by DPU_OPTS(). */
	uint64_t rx_packets; /**< Packets that entered the e-switch through the port. */
	uint64_t rx_bytes;   /**< Their bytes. */
	uint64_t rx_dropped; /**< Of these, dropped by a rule or for want of one. */
	uint64_t tx_packets; /**< Packets that left the e-switch through the port. */
	uint64_t tx_bytes;   /**< Their bytes. */
	uint64_t tx_dropped; /**< Lost because the peer gave no buffer. */
	uint64_t misses;     /**< Packets received for which no flow rule was found. */
};

/**
 * @brief Lists the ports of a device.
 * @param device A device.
 * @param ret The list, to be released with dpu_port_list_unref(). Untouched on failure.
 * @return 0, or a negative errno: -ENODEV the device has gone; -ENOMEM; others as the kernel says.
 */
DPU_PUBLIC int dpu_port_list(struct dpu_device *device, struct dpu_port_list **ret);

/**
 * @brief Counts the ports of a list.
 * @param list A list.
 * @return The count.
 */
DPU_PUBLIC size_t dpu_port_list_count(const struct dpu_port_list *list);

/**
 * @brief Gives one port of a list.
 * @param list A list.
 * @param i Position, from 0.
 * @return The port, owned by the list (take a reference to keep it longer); NULL past the end.
 */
DPU_PUBLIC struct dpu_port *dpu_port_list_get(const struct dpu_port_list *list, size_t i);

/**
 * @brief Releases a list.
 * @param list A list, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_port_list *dpu_port_list_unref(struct dpu_port_list *list);

/**
 * @brief Finds a port of any device.
 * @param ctx A context.
 * @param name Network device ("en3f0pf0sf88", "p0"), devlink port ("pci/0000:03:00.0/163840") or, if only
 *  one device has such a port, phys_port_name ("pf0sf88").
 * @param ret The port, to be released with dpu_port_unref(). Untouched on failure.
 * @return 0, or a negative errno: -ENODEV no such port; -EINVAL the name is empty; -ENOTUNIQ several ports
 *  answer to it; else as dpu_port_list().
 */
DPU_PUBLIC int dpu_port_find(struct dpu_ctx *ctx, const char *name, struct dpu_port **ret);

/**
 * @brief Takes one more reference.
 * @param port A port.
 * @return port.
 */
DPU_PUBLIC struct dpu_port *dpu_port_ref(struct dpu_port *port);

/**
 * @brief Drops a reference.
 * @param port A port, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_port *dpu_port_unref(struct dpu_port *port);

/**
 * @brief Tells the device of a port.
 * @param port A port.
 * @return The device, owned by the port.
 */
DPU_PUBLIC struct dpu_device *dpu_port_device(struct dpu_port *port);

/**
 * @brief Tells the devlink port index.
 * @param port A port.
 * @return The index.
 */
DPU_PUBLIC uint32_t dpu_port_index(struct dpu_port *port);

/**
 * @brief Tells the flavour.
 * @param port A port.
 * @return The flavour.
 */
DPU_PUBLIC enum dpu_port_flavour dpu_port_flavour(struct dpu_port *port);

/**
 * @brief Names a flavour as devlink does.
 * @param flavour A flavour.
 * @return "physical", "pcipf", "pcivf", "pcisf", …, or NULL when unknown.
 */
DPU_PUBLIC const char *dpu_port_flavour_name(enum dpu_port_flavour flavour);

/**
 * @brief Tells the controller: 0 is the DPU itself, 1 the first host.
 * @param port A port.
 * @return The controller number.
 */
DPU_PUBLIC uint32_t dpu_port_controller(struct dpu_port *port);

/**
 * @brief Tells the PF number.
 * @param port A port.
 * @return The number, or DPU_PORT_NO_NUMBER.
 */
DPU_PUBLIC uint32_t dpu_port_pfnum(struct dpu_port *port);

/**
 * @brief Tells the VF number.
 * @param port A port.
 * @return The number, or DPU_PORT_NO_NUMBER.
 */
DPU_PUBLIC uint32_t dpu_port_vfnum(struct dpu_port *port);

/**
 * @brief Tells the SF number that the user chose.
 * @param port A port.
 * @return The number, or DPU_PORT_NO_NUMBER.
 */
DPU_PUBLIC uint32_t dpu_port_sfnum(struct dpu_port *port);

/**
 * @brief Tells the network device of the port: uplink or representor.
 * @param port A port.
 * @return "en3f0pf0sf88", or "" when there is none; owned by the port.
 */
DPU_PUBLIC const char *dpu_port_netdev(struct dpu_port *port);

/**
 * @brief Tells the interface number of the network device.
 * @param port A port.
 * @return The ifindex; 0 when there is none.
 */
DPU_PUBLIC uint32_t dpu_port_ifindex(struct dpu_port *port);

/**
 * @brief Tells the kernel's name of the port (IFLA_PHYS_PORT_NAME).
 * @param port A port.
 * @return "p0", "pf0sf88", "c1pf0vf2", or ""; owned by the port.
 */
DPU_PUBLIC const char *dpu_port_phys_port_name(struct dpu_port *port);

/**
 * @brief Tells the e-switch that the port belongs to (IFLA_PHYS_SWITCH_ID).
 * @param port A port.
 * @return Hexadecimal digits, or ""; owned by the port.
 */
DPU_PUBLIC const char *dpu_port_phys_switch_id(struct dpu_port *port);

/**
 * @brief Reads the counters of a port.
 * @param port A port.
 * @param stats Where they go; sz must be set. Untouched on failure.
 * @return 0, or a negative errno: -ENODEV the port has gone; -EINVAL sz is wrong; -EOPNOTSUPP the port
 *  counts nothing.
 */
DPU_PUBLIC int dpu_port_stats(struct dpu_port *port, struct dpu_port_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
