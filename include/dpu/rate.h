/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/rate.h
 * @brief Rates: what the functions of an e-switch may send, and the tree of nodes that share it.
 *
 * The items of a list are plain facts, read when the list was made and owned by it. They may grow at their
 * end in later releases, so take them from the list one by one.
 *
 * Source: devlink (DEVLINK_CMD_RATE_GET, _SET, _NEW, _DEL); mlxdevm's where only it has them.
 *
 * Thread rule: as the context, see dpu/ctx.h.
 */
#ifndef DPU_RATE_H
#define DPU_RATE_H

#include <dpu/port.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A list of rates. */
struct dpu_rate_list;

/** What a rate object is: enum devlink_rate_type. */
enum dpu_rate_type {
	DPU_RATE_LEAF = 0,               /**< The rate of one port's function. */
	DPU_RATE_NODE = 1,               /**< A group, whose members share its rate. */
	DPU_RATE_TYPE_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** One rate object. */
struct dpu_rate {
	char node[64];     /**< A node's name; empty for a leaf. */
	char parent[64];   /**< The name of the node above; empty for none. */
	uint64_t tx_share; /**< Assured, bytes per second; 0 none. */
	uint64_t tx_max;   /**< At most, bytes per second; 0 no limit. */
	uint32_t type;     /**< enum dpu_rate_type. */
	uint32_t port;     /**< Of a leaf: the port's index; else DPU_PORT_NO_NUMBER. */
	uint32_t priority; /**< Strict priority among siblings. */
	uint32_t weight;   /**< Weight among siblings of one priority. */
};

/** What to change: bits of dpu_rate_attrs.set. */
enum dpu_rate_field {
	DPU_RATE_TX_SHARE = 1,            /**< tx_share. */
	DPU_RATE_TX_MAX = 2,              /**< tx_max. */
	DPU_RATE_PRIORITY = 4,            /**< priority. */
	DPU_RATE_WEIGHT = 8,              /**< weight. */
	DPU_RATE_PARENT = 16,             /**< parent. */
	DPU_RATE_FIELD_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** Attributes of a rate object. */
struct dpu_rate_attrs {
	size_t sz;          /**< Set by DPU_OPTS(). */
	const char *node;   /**< The node's name (no number), or NULL for the leaf of port. */
	const char *parent; /**< The node to belong to; NULL or "" for none. */
	uint64_t tx_share;  /**< Assured, bytes per second; 0 none. */
	uint64_t tx_max;    /**< At most, bytes per second; 0 no limit. */
	uint32_t port;      /**< The port's index, when node is NULL. */
	uint32_t set;       /**< enum dpu_rate_field, ored. */
	uint32_t priority;  /**< Strict priority among siblings. */
	uint32_t weight;    /**< Weight among siblings of one priority. */
};

/**
 * @brief Lists the rate objects of a device, leaves before nodes.
 * @param device A device.
 * @param ret The list, to be released with dpu_rate_list_unref(). Untouched on failure.
 * @return 0, or a negative errno: -EOPNOTSUPP the device has none, or no devlink
 *  instance; -ENODEV the device has gone; -ENOMEM; others as the kernel says.
 */
DPU_PUBLIC int dpu_rate_list(struct dpu_device *device, struct dpu_rate_list **ret);

/**
 * @brief Counts the items of a list.
 * @param list A list.
 * @return The count.
 */
DPU_PUBLIC size_t dpu_rate_list_count(const struct dpu_rate_list *list);

/**
 * @brief Gives one item of a list.
 * @param list A list.
 * @param i Position, from 0.
 * @return The item, owned by the list; NULL past the end.
 */
DPU_PUBLIC const struct dpu_rate *dpu_rate_list_get(const struct dpu_rate_list *list, size_t i);

/**
 * @brief Releases a list with its items.
 * @param list A list, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_rate_list *dpu_rate_list_unref(struct dpu_rate_list *list);

/**
 * @brief Changes a leaf or a node.
 * @param device A device.
 * @param attrs Which one, and what; sz must be set.
 * @return 0, or a negative errno: -EINVAL attrs is malformed, or tx_share is more than tx_max; -ENODEV no
 *  such port, node or parent; -EOPNOTSUPP the driver has no such rate; -EPERM without CAP_NET_ADMIN; others
 *  as the kernel says. What the driver refuses in the middle is undone.
 */
DPU_PUBLIC int dpu_rate_set(struct dpu_device *device, const struct dpu_rate_attrs *attrs);

/**
 * @brief Makes a node.
 * @param device A device.
 * @param attrs Its name and first attributes; sz must be set.
 * @return 0, or a negative errno: -EEXIST the name is taken; else as dpu_rate_set(). After a failure there is
 *  no node.
 */
DPU_PUBLIC int dpu_rate_node_add(struct dpu_device *device, const struct dpu_rate_attrs *attrs);

/**
 * @brief Removes a node.
 * @param device A device.
 * @param node Its name.
 * @return 0, or a negative errno: -ENODEV no such node; -EBUSY it has members; -EPERM without CAP_NET_ADMIN;
 *  others as the kernel says.
 */
DPU_PUBLIC int dpu_rate_node_delete(struct dpu_device *device, const char *node);

/**
 * @brief Names a type.
 * @param type A type.
 * @return "leaf", "node", or NULL when unknown.
 */
DPU_PUBLIC const char *dpu_rate_type_name(enum dpu_rate_type type);

#ifdef __cplusplus
}
#endif

#endif
