/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/nvconfig.h
 * @brief The firmware's non-volatile configuration: what mlxconfig reads and writes, in process.
 *
 * A parameter has three values: the *current* one, with which the firmware started; the *next* one, which is
 * stored and becomes current with a reset; and the *default* one. Only the next one can be set, and setting
 * implies no reset. Parameters have mlxconfig's names and words ("INTERNAL_CPU_MODEL", "EMBEDDED_CPU").
 * They lie in TLVs (type, length, value), which the firmware writes as a whole: a TLV is read, changed and
 * written, and what libdpu does not know of it is kept.
 *
 * Some parameters are a PF's own (PF_TOTAL_SF …): they are those of the device that is asked. The others are
 * the board's, and any of its PFs will do.
 *
 * The firmware is reached by the first of these ways that is open, which dpu_nvconfig_transport() names:
 * /dev/fwctl (kernel 6.15, without tainting it), then the vendor-specific capability in PCI configuration
 * space, which needs root and no driver.
 *
 * The items of a list are plain facts, read when the list was made and owned by it. They may grow at their
 * end in later releases, so take them from the list one by one.
 *
 * Source: access registers MNVDA, MNVDI, MNVQC, MNVIA and MNVGC; mlxconfig's database of parameters.
 *
 * Thread rule: as the context, see dpu/ctx.h.
 */
#ifndef DPU_NVCONFIG_H
#define DPU_NVCONFIG_H

#include <dpu/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A list of parameters. */
struct dpu_nvconfig_list;

/** A list of changes. */
struct dpu_nvconfig_change_list;

/** Which of a parameter's values. */
enum dpu_nvconfig_when {
	DPU_NVCONFIG_CURRENT = 0,            /**< The firmware runs with it. */
	DPU_NVCONFIG_NEXT = 1,               /**< It is stored, and current after the reset. */
	DPU_NVCONFIG_DEFAULT = 2,            /**< It holds when nothing is stored. */
	DPU_NVCONFIG_WHEN_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** What kind of value a parameter has. */
enum dpu_nvconfig_type {
	DPU_NVCONFIG_BOOL = 0,               /**< "True" or "False". */
	DPU_NVCONFIG_ENUM = 1,               /**< One of its words. */
	DPU_NVCONFIG_UNSIGNED = 2,           /**< A number. */
	DPU_NVCONFIG_TYPE_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** What dpu_nvconfig_reset() resets beside the rest. */
enum dpu_nvconfig_reset_flags {
	DPU_NVCONFIG_RESET_MODE = 1,          /**< The operation mode and its restrictions too. */
	DPU_NVCONFIG_RESET_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** One parameter. */
struct dpu_nvconfig_param {
	char name[40]; /**< "NUM_OF_VFS". */
	char value[3]
		  [24]; /**< By enum dpu_nvconfig_when, as text ("True", "EMBEDDED_CPU", "16"); see known. */
	uint32_t number[3]; /**< The same as numbers. */
	uint32_t known;     /**< Bit n: the value of that enum dpu_nvconfig_when is known. */
	uint32_t type;      /**< enum dpu_nvconfig_type. */
	uint32_t max;       /**< The greatest value that the device takes. */
	uint32_t tlv;       /**< Type of the TLV that it lies in; see dpu_nvconfig_tlv_type(). */
	uint32_t reset; /**< enum dpu_reset: what makes next current; DPU_RESET_NONE when they are equal. */
	uint32_t writable; /**< Not 0: it can be set from this side. */
};

/** A wish: a parameter and the value that it shall have. */
struct dpu_nvconfig_setting {
	const char *name;  /**< As in a list. */
	const char *value; /**< As in a list, or as a number, decimal or hexadecimal (0x…). */
};

/** What a wish comes to. */
struct dpu_nvconfig_change {
	char device[64];  /**< Handle of the device whose parameter it is. */
	char name[40];    /**< The parameter. */
	char current[24]; /**< Its current value; empty when unknown. */
	char next[24];    /**< What is stored now. */
	char wanted[24];  /**< What was wished for. */
	uint32_t differs; /**< Not 0: stored and wished for are not the same, so a write is needed. */
	uint32_t
		reset; /**< enum dpu_reset: what makes the wanted value current; DPU_RESET_NONE when it is. */
};

/**
 * @brief Lists parameters of a device, with their current, next and default values.
 * @param device A device.
 * @param names Which ones, in this order; NULL for all that the device supports.
 * @param count How many names; 0 for all.
 * @param ret The list, to be released with dpu_nvconfig_list_unref(). Untouched on failure.
 * @return 0, or a negative errno: -ENOENT there is no parameter of that name (the hint has the nearest);
 *  -EOPNOTSUPP the device lacks a named parameter, or its firmware cannot be reached from here; -EACCES,
 *  -EPERM without the right to reach it (root), or its configuration is locked; -ETIMEDOUT the firmware or a
 *  semaphore of the device did not become free; -EIO the device does not answer, or the firmware failed, in
 *  its own words; -ENODEV the device has gone; -ENOMEM.
 */
DPU_PUBLIC int dpu_nvconfig_list(struct dpu_device *device, const char *const *names, size_t count,
				 struct dpu_nvconfig_list **ret);

/**
 * @brief Counts the parameters of a list.
 * @param list A list.
 * @return The count.
 */
DPU_PUBLIC size_t dpu_nvconfig_list_count(const struct dpu_nvconfig_list *list);

/**
 * @brief Gives one item of a list.
 * @param list A list.
 * @param i Position, from 0.
 * @return The item, owned by the list; NULL past the end.
 */
DPU_PUBLIC const struct dpu_nvconfig_param *dpu_nvconfig_list_get(const struct dpu_nvconfig_list *list,
								  size_t i);

/**
 * @brief Releases a list with its items.
 * @param list A list, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_nvconfig_list *dpu_nvconfig_list_unref(struct dpu_nvconfig_list *list);

/**
 * @brief Tells by which way a device's firmware is reached.
 * @param device A device.
 * @param ret "fwctl", "vsc" (PCI configuration space) or "sim"; lives as long as the library. Untouched on
 *  failure.
 * @return 0, or a negative errno: as dpu_nvconfig_list().
 */
DPU_PUBLIC int dpu_nvconfig_transport(struct dpu_device *device, const char **ret);

/**
 * @brief Tells what dpu_nvconfig_set() would change, and checks the wishes as that does. Writes nothing.
 * @param device A device.
 * @param settings What is wished for.
 * @param count How many settings.
 * @param ret A list with one change for each setting, in this order, to be released with
 *  dpu_nvconfig_change_list_unref(). Untouched on failure.
 * @return 0, or a negative errno: as dpu_nvconfig_set().
 */
DPU_PUBLIC int dpu_nvconfig_plan(struct dpu_device *device, const struct dpu_nvconfig_setting *settings,
				 size_t count, struct dpu_nvconfig_change_list **ret);

/**
 * @brief Counts the changes of a list.
 * @param list A list.
 * @return The count.
 */
DPU_PUBLIC size_t dpu_nvconfig_change_list_count(const struct dpu_nvconfig_change_list *list);

/**
 * @brief Gives one item of a list.
 * @param list A list.
 * @param i Position, from 0.
 * @return The item, owned by the list; NULL past the end.
 */
DPU_PUBLIC const struct dpu_nvconfig_change *
dpu_nvconfig_change_list_get(const struct dpu_nvconfig_change_list *list, size_t i);

/**
 * @brief Releases a list with its items.
 * @param list A list, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_nvconfig_change_list *
dpu_nvconfig_change_list_unref(struct dpu_nvconfig_change_list *list);

/**
 * @brief Sets parameters for the next boot, all or none. What is stored already is not written again.
 *
 * All wishes are checked before anything is written, together: a parameter that needs another one
 * (INTERNAL_CPU_PAGE_SUPPLIER needs INTERNAL_CPU_MODEL=EMBEDDED_CPU) may be set with that in one call. When a
 * write fails, the TLVs written before it get back what they had; should that fail too (the power is gone),
 * the hint names the parameters that are new, those that are as before, and those of which it is not known.
 * After the writes the TLVs are read back.
 *
 * @param device A device.
 * @param settings What is wished for. Of two settings of one parameter the last one counts.
 * @param count How many settings.
 * @return How many TLVs were written, or a negative errno: -ENOENT there is no such parameter; -EINVAL a
 * value is not one of the parameter's, or something else that it needs is not given; -ERANGE a number is
 * greater than the device takes; -EOPNOTSUPP the device lacks a parameter; -EPERM the firmware lets this side
 * only read it; -EAGAIN another program has changed the same parameters meanwhile; else as
 * dpu_nvconfig_list().
 */
DPU_PUBLIC int dpu_nvconfig_set(struct dpu_device *device, const struct dpu_nvconfig_setting *settings,
				size_t count);

/**
 * @brief Sets parameters for the next boot to their defaults. The operation mode and the restrictions of the
 * hosts stay as they are stored, unless asked otherwise: a host that loses its mode this way has to be
 * rescued from the other side. The firmware resets all at once, and what stays is written back: for that
 * moment a restricted host has its rights.
 * @param device A device.
 * @param name Which parameter; NULL for the whole configuration, also what libdpu has no name for.
 * @param flags enum dpu_nvconfig_reset_flags, ored; without meaning when a parameter is named.
 * @return 0, or a negative errno: -EINVAL unknown flags; else as dpu_nvconfig_set(). When the whole
 *  configuration was to be reset and the mode could not be put back, the error says so.
 */
DPU_PUBLIC int dpu_nvconfig_reset(struct dpu_device *device, const char *name, uint32_t flags);

/**
 * @brief Tells what dpu_nvconfig_reset() would change, of the parameters that libdpu knows. Writes nothing.
 * @param device A device.
 * @param name Which parameter; NULL for all, those of the board's other PFs too.
 * @param flags As dpu_nvconfig_reset().
 * @param ret A list of changes, those that are stored already among them, to be released with
 *  dpu_nvconfig_change_list_unref(). Untouched on failure.
 * @return 0, or a negative errno: -EOPNOTSUPP the firmware does not tell its defaults; else as
 *  dpu_nvconfig_reset().
 */
DPU_PUBLIC int dpu_nvconfig_plan_reset(struct dpu_device *device, const char *name, uint32_t flags,
				       struct dpu_nvconfig_change_list **ret);

/**
 * @brief Composes the type of a TLV.
 * @param tlv_class Class: 0 global, 1 physical port, 3 host and function, 6 file, 7 host, 8 switch, 9 module.
 * @param id Number within the class.
 * @param index Whose it is: port (from 1), host or module; 0 in the other classes.
 * @param function Function of the host in class 3; else 0.
 * @param ret The type. Untouched on failure.
 * @return 0, or -EINVAL: there is no such class, or a number does not fit.
 */
DPU_PUBLIC int dpu_nvconfig_tlv_type(uint32_t tlv_class, uint32_t id, uint32_t index, uint32_t function,
				     uint32_t *ret);

/**
 * @brief Reads a TLV as it is, also one that libdpu has no names for.
 * @param device A device.
 * @param type Its type.
 * @param when Which value.
 * @param data Where it goes: big-endian dwords. Untouched on failure.
 * @param size Room in bytes; a TLV has at most 256.
 * @return Its length in bytes, or a negative errno: -EINVAL no such when; -ENOENT the device has no such TLV;
 *  -ENOSPC it does not fit; else as dpu_nvconfig_list().
 */
DPU_PUBLIC int dpu_nvconfig_tlv_get(struct dpu_device *device, uint32_t type, enum dpu_nvconfig_when when,
				    void *data, size_t size);

/**
 * @brief Writes bytes of a TLV for the next boot; its other bytes stay. What they mean is not checked.
 * @param device A device.
 * @param type Its type.
 * @param offset First byte to be written.
 * @param data The bytes.
 * @param size How many.
 * @return 0, or a negative errno: -EINVAL nothing to write, or past the end of the TLV; -ENOENT the device
 * has no such TLV; -EPERM the firmware lets this side only read it; else as dpu_nvconfig_set().
 */
DPU_PUBLIC int dpu_nvconfig_tlv_set(struct dpu_device *device, uint32_t type, uint32_t offset,
				    const void *data, size_t size);

#ifdef __cplusplus
}
#endif

#endif
