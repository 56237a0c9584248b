/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/health.h
 * @brief Health: what a device's reporters know of errors.
 *
 * The items of a list are plain facts, read when the list was made and owned by it. They may grow at their
 * end in later releases, so take them from the list one by one.
 *
 * Source: devlink (DEVLINK_CMD_HEALTH_REPORTER_GET, _SET, _RECOVER).
 *
 * Thread rule: as the context, see dpu/ctx.h.
 */
#ifndef DPU_HEALTH_H
#define DPU_HEALTH_H

#include <dpu/port.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A list of health reporters. */
struct dpu_health_list;

/** State of a reporter: enum devlink_health_reporter_state. */
enum dpu_health_state {
	DPU_HEALTH_HEALTHY = 0,             /**< All is well. */
	DPU_HEALTH_ERROR = 1,               /**< An error was reported, and recovery did not mend it. */
	DPU_HEALTH_STATE_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** One reporter. */
struct dpu_health {
	char name[64];            /**< "fw_fatal", "tx". */
	uint64_t errors;          /**< Errors reported so far. */
	uint64_t recoveries;      /**< Recoveries so far. */
	uint64_t grace_period_ms; /**< No second automatic recovery within this time. */
	uint32_t port;            /**< The port that it watches; DPU_PORT_NO_NUMBER for the device. */
	uint32_t state;           /**< enum dpu_health_state. */
	uint32_t auto_recover;    /**< 1: it recovers by itself. */
	uint32_t auto_dump;       /**< 1: it takes a dump by itself. */
};

/**
 * @brief Lists the health reporters of a device and of its ports.
 * @param device A device.
 * @param ret The list, to be released with dpu_health_list_unref(). Untouched on failure.
 * @return 0, or a negative errno: -EOPNOTSUPP the device has none, or no devlink
 *  instance; -ENODEV the device has gone; -ENOMEM; others as the kernel says.
 */
DPU_PUBLIC int dpu_health_list(struct dpu_device *device, struct dpu_health_list **ret);

/**
 * @brief Counts the reporters of a list.
 * @param list A list.
 * @return The count.
 */
DPU_PUBLIC size_t dpu_health_list_count(const struct dpu_health_list *list);

/**
 * @brief Gives one item of a list.
 * @param list A list.
 * @param i Position, from 0.
 * @return The item, owned by the list; NULL past the end.
 */
DPU_PUBLIC const struct dpu_health *dpu_health_list_get(const struct dpu_health_list *list, size_t i);

/**
 * @brief Releases a list with its items.
 * @param list A list, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_health_list *dpu_health_list_unref(struct dpu_health_list *list);

/**
 * @brief Recovers from what a reporter reported.
 * @param device A device.
 * @param port The port that the reporter watches; DPU_PORT_NO_NUMBER for the device's own.
 * @param name The reporter's name.
 * @return 0, or a negative errno: -ENOENT no such reporter; -EOPNOTSUPP it cannot recover; -EPERM without
 *  CAP_NET_ADMIN; others as the driver says.
 */
DPU_PUBLIC int dpu_health_recover(struct dpu_device *device, uint32_t port, const char *name);

/**
 * @brief Lets a reporter recover by itself, or not.
 * @param device A device.
 * @param port The port that the reporter watches; DPU_PORT_NO_NUMBER for the device's own.
 * @param name The reporter's name.
 * @param on Not 0: it does.
 * @return As dpu_health_recover().
 */
DPU_PUBLIC int dpu_health_set_auto_recover(struct dpu_device *device, uint32_t port, const char *name,
					   int on);

/**
 * @brief Names a state.
 * @param state A state.
 * @return "healthy", "error", or NULL when unknown.
 */
DPU_PUBLIC const char *dpu_health_state_name(enum dpu_health_state state);

#ifdef __cplusplus
}
#endif

#endif
