/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/param.h
 * @brief Parameters of a device, as devlink has them.
 *
 * The items of a list are plain facts, read when the list was made and owned by it. They may grow at their
 * end in later releases, so take them from the list one by one.
 *
 * Source: devlink (DEVLINK_CMD_PARAM_GET, _SET); mlxdevm where only it has them.
 *
 * Thread rule: as the context, see dpu/ctx.h.
 */
#ifndef DPU_PARAM_H
#define DPU_PARAM_H

#include <dpu/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A list of parameters. */
struct dpu_param_list;

/** What kind of value a parameter has: enum devlink_param_type, by name. */
enum dpu_param_type {
	DPU_PARAM_U8 = 0,                 /**< 0 to 255. */
	DPU_PARAM_U16 = 1,                /**< 0 to 65535. */
	DPU_PARAM_U32 = 2,                /**< 32 bits. */
	DPU_PARAM_U64 = 3,                /**< 64 bits. */
	DPU_PARAM_STRING = 4,             /**< Text. */
	DPU_PARAM_BOOL = 5,               /**< "true" or "false". */
	DPU_PARAM_TYPE_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** When a value takes effect: enum devlink_param_cmode. */
enum dpu_param_cmode {
	DPU_PARAM_RUNTIME = 0,             /**< At once. */
	DPU_PARAM_DRIVERINIT = 1,          /**< With dpu_device_reload(), driver_reinit. */
	DPU_PARAM_PERMANENT = 2,           /**< Stored in the device; with its next reset. */
	DPU_PARAM_CMODE_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** One parameter. */
struct dpu_param {
	char name[64];     /**< "enable_roce". */
	char value[3][64]; /**< By cmode, as text ("true", "64", "smfs"); see cmodes. */
	uint32_t type;     /**< enum dpu_param_type. */
	uint32_t cmodes;   /**< Bit n: there is a value in cmode n. */
	uint32_t generic;  /**< Not 0: the kernel defines what it means, not the driver alone. */
	uint32_t reserved; /**< Zero. */
};

/**
 * @brief Lists the parameters of a device.
 * @param device A device.
 * @param ret The list, to be released with dpu_param_list_unref(). Untouched on failure.
 * @return 0, or a negative errno: -EOPNOTSUPP the device has none, or no devlink
 *  instance; -ENODEV the device has gone; -ENOMEM; others as the kernel says.
 */
DPU_PUBLIC int dpu_param_list(struct dpu_device *device, struct dpu_param_list **ret);

/**
 * @brief Counts the parameters of a list.
 * @param list A list.
 * @return The count.
 */
DPU_PUBLIC size_t dpu_param_list_count(const struct dpu_param_list *list);

/**
 * @brief Gives one item of a list.
 * @param list A list.
 * @param i Position, from 0.
 * @return The item, owned by the list; NULL past the end.
 */
DPU_PUBLIC const struct dpu_param *dpu_param_list_get(const struct dpu_param_list *list, size_t i);

/**
 * @brief Releases a list with its items.
 * @param list A list, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_param_list *dpu_param_list_unref(struct dpu_param_list *list);

/**
 * @brief Sets a parameter.
 * @param device A device.
 * @param name The parameter's name.
 * @param cmode When the value shall take effect.
 * @param value The value as text, in the form in which a list has it; numbers may also be hexadecimal (0x…).
 * @return 0, or a negative errno: -ENOENT the device has no such parameter; -EINVAL value is not of its type;
 *  -EOPNOTSUPP it has no such cmode, or the driver cannot change it now; -EPERM without CAP_NET_ADMIN; else
 *  as dpu_param_list(). After a failure the parameter is what it was.
 */
DPU_PUBLIC int dpu_param_set(struct dpu_device *device, const char *name, enum dpu_param_cmode cmode,
			     const char *value);

/**
 * @brief Names a type.
 * @param type A type.
 * @return "u8", "u16", "u32", "u64", "string", "bool", or NULL when unknown.
 */
DPU_PUBLIC const char *dpu_param_type_name(enum dpu_param_type type);

/**
 * @brief Names a cmode.
 * @param cmode A cmode.
 * @return "runtime", "driverinit", "permanent", or NULL when unknown.
 */
DPU_PUBLIC const char *dpu_param_cmode_name(enum dpu_param_cmode cmode);

/**
 * @brief Turns a name into a cmode.
 * @param name A name as dpu_param_cmode_name() gives it.
 * @param ret The cmode. Untouched on failure.
 * @return 0, or -EINVAL when there is no such name.
 */
DPU_PUBLIC int dpu_param_cmode_parse(const char *name, enum dpu_param_cmode *ret);

#ifdef __cplusplus
}
#endif

#endif
