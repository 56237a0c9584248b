/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/resource.h
 * @brief Resources: how a device divides what it has.
 *
 * The items of a list are plain facts, read when the list was made and owned by it. They may grow at their
 * end in later releases, so take them from the list one by one.
 *
 * Source: devlink (DEVLINK_CMD_RESOURCE_DUMP, _SET).
 *
 * Thread rule: as the context, see dpu/ctx.h.
 */
#ifndef DPU_RESOURCE_H
#define DPU_RESOURCE_H

#include <dpu/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A list of resources. */
struct dpu_resource_list;

/** One resource. */
struct dpu_resource {
	char path[160];        /**< Its name after those above it: "IPv4/fib". */
	uint64_t size;         /**< What it has now. */
	uint64_t size_new;     /**< What it will have after dpu_device_reload(), driver_reinit. */
	uint64_t size_min;     /**< size_new goes from here … */
	uint64_t size_max;     /**< … to here … */
	uint64_t granularity;  /**< … in steps of this. */
	uint64_t occupied;     /**< What is in use; meaningful when has_occupied. */
	uint32_t has_occupied; /**< 1: the driver counts what is in use. */
	uint32_t reserved;     /**< Zero. */
};

/**
 * @brief Lists the resources of a device, each before those that it contains.
 * @param device A device.
 * @param ret The list, to be released with dpu_resource_list_unref(). Untouched on failure.
 * @return 0, or a negative errno: -EOPNOTSUPP the device has none, or no devlink
 *  instance; -ENODEV the device has gone; -ENOMEM; others as the kernel says.
 */
DPU_PUBLIC int dpu_resource_list(struct dpu_device *device, struct dpu_resource_list **ret);

/**
 * @brief Counts the items of a list.
 * @param list A list.
 * @return The count.
 */
DPU_PUBLIC size_t dpu_resource_list_count(const struct dpu_resource_list *list);

/**
 * @brief Gives one item of a list.
 * @param list A list.
 * @param i Position, from 0.
 * @return The item, owned by the list; NULL past the end.
 */
DPU_PUBLIC const struct dpu_resource *dpu_resource_list_get(const struct dpu_resource_list *list, size_t i);

/**
 * @brief Releases a list with its items.
 * @param list A list, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_resource_list *dpu_resource_list_unref(struct dpu_resource_list *list);

/**
 * @brief Gives a resource another size.
 * @param device A device.
 * @param path The resource, as a list has it.
 * @param size The size to have after the next driver_reinit.
 * @return 0, or a negative errno: -ENOENT no such resource; -EINVAL the size is out of range or no multiple
 * of the granularity; -EPERM without CAP_NET_ADMIN; others as the kernel says.
 */
DPU_PUBLIC int dpu_resource_set(struct dpu_device *device, const char *path, uint64_t size);

#ifdef __cplusplus
}
#endif

#endif
