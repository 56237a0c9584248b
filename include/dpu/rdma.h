/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/rdma.h
 * @brief RDMA devices: their ports, and the network devices that belong to them.
 *
 * The items of a list are plain facts, read when the list was made and owned by it. They may grow at their
 * end in later releases, so take them from the list one by one.
 *
 * Source: RDMA netlink (RDMA_NLDEV_CMD_GET, _PORT_GET); without it, sysfs class/infiniband.
 *
 * Thread rule: as the context, see dpu/ctx.h.
 */
#ifndef DPU_RDMA_H
#define DPU_RDMA_H

#include <dpu/ctx.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A list of RDMA links. */
struct dpu_rdma_list;

/** State of an RDMA port: enum ib_port_state. */
enum dpu_rdma_state {
	DPU_RDMA_NOP = 0,                 /**< Not known. */
	DPU_RDMA_DOWN = 1,                /**< Down. */
	DPU_RDMA_INIT = 2,                /**< Being set up. */
	DPU_RDMA_ARMED = 3,               /**< Armed. */
	DPU_RDMA_ACTIVE = 4,              /**< Usable. */
	DPU_RDMA_ACTIVE_DEFER = 5,        /**< Usable, after an error. */
	DPU_RDMA_STATE_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** One port of an RDMA device. */
struct dpu_rdma {
	char device[64];         /**< "mlx5_0". */
	char netdev[16];         /**< Its network device; empty for none. */
	char firmware[64];       /**< The device's firmware version. */
	uint64_t node_guid;      /**< The device's node GUID, in host byte order. */
	uint64_t sys_image_guid; /**< The device's system image GUID, in host byte order. */
	uint32_t index;          /**< The device's index, as the kernel counts them. */
	uint32_t port;           /**< From 1. */
	uint32_t ifindex;        /**< The network device's; 0 for none. */
	uint32_t state;          /**< enum dpu_rdma_state. */
	uint32_t phys_state; /**< Physical state: 3 disabled, 5 link up, … (InfiniBand PortPhysicalState). */
	uint32_t reserved;   /**< Zero. */
};

/**
 * @brief Lists the ports of all RDMA devices, by device and port.
 * @param ctx A context.
 * @param ret The list, to be released with dpu_rdma_list_unref(). Untouched on failure.
 * @return 0, or a negative errno: -EOPNOTSUPP this world has no RDMA; -ENOMEM; others as
 *  the kernel says.
 */
DPU_PUBLIC int dpu_rdma_list(struct dpu_ctx *ctx, struct dpu_rdma_list **ret);

/**
 * @brief Counts the items of a list.
 * @param list A list.
 * @return The count.
 */
DPU_PUBLIC size_t dpu_rdma_list_count(const struct dpu_rdma_list *list);

/**
 * @brief Gives one item of a list.
 * @param list A list.
 * @param i Position, from 0.
 * @return The item, owned by the list; NULL past the end.
 */
DPU_PUBLIC const struct dpu_rdma *dpu_rdma_list_get(const struct dpu_rdma_list *list, size_t i);

/**
 * @brief Releases a list with its items.
 * @param list A list, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_rdma_list *dpu_rdma_list_unref(struct dpu_rdma_list *list);

/**
 * @brief Names a state.
 * @param state A state.
 * @return "NOP", "DOWN", "INIT", "ARMED", "ACTIVE", "ACTIVE_DEFER" (the words of rdma(8)), or NULL when
 * unknown.
 */
DPU_PUBLIC const char *dpu_rdma_state_name(enum dpu_rdma_state state);

#ifdef __cplusplus
}
#endif

#endif
