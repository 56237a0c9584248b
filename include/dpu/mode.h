/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/mode.h
 * @brief Modes: the DPU's operation mode (current and next boot), the e-switch mode, and resets.
 *
 * The operation mode lives in the firmware's non-volatile configuration. Writing it changes the *next boot*
 * value only; a reset of sufficient level makes it current.
 *
 * Source: NV configuration TLV nv_internal_cpu_conf (INTERNAL_CPU_MODEL, INTERNAL_CPU_OFFLOAD_ENGINE, …);
 * devlink (DEVLINK_CMD_ESWITCH_GET, _SET).
 *
 * Thread rule: as the context, see dpu/ctx.h.
 */
#ifndef DPU_MODE_H
#define DPU_MODE_H

#include <dpu/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Operation mode: who owns the e-switch. */
enum dpu_mode {
	DPU_MODE_UNKNOWN = 0,       /**< Cannot be told. */
	DPU_MODE_DPU = 1,           /**< DPU (ECPF, SmartNIC) mode: the Arm cores own the e-switch. */
	DPU_MODE_NIC = 2,           /**< NIC mode: the host owns the e-switch. */
	DPU_MODE_SEPARATED = 3,     /**< Separated host: host and Arm cores each own a PF. */
	DPU_MODE_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** Resets, each including those before it. */
enum dpu_reset {
	DPU_RESET_NONE = 0,     /**< None. */
	DPU_RESET_FIRMWARE = 1, /**< The NIC's firmware (devlink reload fw_activate, mlxfwreset level 3). */
	DPU_RESET_SYSTEM = 2,   /**< Firmware and Arm cores: Arm shut down, then BlueField system-level reset
				     or power cycle. */
	DPU_RESET_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** Mode of an e-switch: enum devlink_eswitch_mode. */
enum dpu_eswitch_mode {
	DPU_ESWITCH_LEGACY = 0,             /**< Forwards by MAC address; no representors. */
	DPU_ESWITCH_SWITCHDEV = 1,          /**< Forwards by flow rules; representors. */
	DPU_ESWITCH_SWITCHDEV_INACTIVE = 2, /**< Switchdev, with forwarding blocked. */
	DPU_ESWITCH_PAD_ = 0x7fffffff,      /**< Fixes the width of the enumeration. */
};

/** How deep into a packet an e-switch's vports look by themselves: enum devlink_eswitch_inline_mode. */
enum dpu_eswitch_inline {
	DPU_ESWITCH_INLINE_NONE = 0,          /**< No headers. */
	DPU_ESWITCH_INLINE_LINK = 1,          /**< Ethernet. */
	DPU_ESWITCH_INLINE_NETWORK = 2,       /**< To IP. */
	DPU_ESWITCH_INLINE_TRANSPORT = 3,     /**< To TCP and UDP. */
	DPU_ESWITCH_INLINE_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** Attributes of an e-switch: bits of dpu_eswitch_attrs.set. */
enum dpu_eswitch_field {
	DPU_ESWITCH_INLINE_MODE = 1,         /**< inline_mode. */
	DPU_ESWITCH_ENCAP = 2,               /**< encap. */
	DPU_ESWITCH_FIELD_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** Attributes of an e-switch beside its mode. */
struct dpu_eswitch_attrs {
	size_t sz;            /**< Set by DPU_OPTS(). */
	uint32_t set;         /**< enum dpu_eswitch_field, ored: what is known, or what to change. */
	uint32_t inline_mode; /**< enum dpu_eswitch_inline. */
	uint32_t encap;       /**< 1: it encapsulates and decapsulates in hardware ("basic"), 0: not. */
	uint32_t reserved;    /**< Zero. */
};

/** Kinds of reload: enum devlink_reload_action. */
enum dpu_reload_action {
	DPU_RELOAD_DRIVER_REINIT = 1, /**< The driver starts anew; driverinit parameters take effect. */
	DPU_RELOAD_FW_ACTIVATE = 2,   /**< The stored firmware is activated. */
	DPU_RELOAD_ACTION_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** What a reload may not do: enum devlink_reload_limit. */
enum dpu_reload_limit {
	DPU_RELOAD_UNLIMITED = 0,           /**< Anything. */
	DPU_RELOAD_NO_RESET = 1,            /**< No reset, links stay up, traffic flows. */
	DPU_RELOAD_LIMIT_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** What dpu_mode_get() tells. */
struct dpu_mode_info {
	size_t sz;         /**< Set by DPU_OPTS(). */
	uint32_t current;  /**< enum dpu_mode: what the DPU runs in. */
	uint32_t next;     /**< enum dpu_mode: what it will run in after the reset. */
	uint32_t reset;    /**< enum dpu_reset: what makes next current; NONE when they are equal. */
	uint32_t reserved; /**< Zero. */
};

/**
 * @brief Tells the operation mode, current and next.
 * @param device A DPU's device.
 * @param info Where it goes; sz must be set. Untouched on failure.
 * @return 0, or a negative errno: -EOPNOTSUPP the device is no DPU or its configuration cannot be read from
 *  here; -EINVAL sz is wrong; -ENODEV the device has gone; -EIO the firmware failed.
 */
DPU_PUBLIC int dpu_mode_get(struct dpu_device *device, struct dpu_mode_info *info);

/**
 * @brief Sets the operation mode for the next boot. Nothing changes before the reset that dpu_mode_get()
 * names, and no reset is implied.
 * @param device A DPU's device. The mode is the board's: one call does for both uplinks.
 * @param mode The mode.
 * @return 0, or a negative errno: -EINVAL no such mode; -EOPNOTSUPP the device is no DPU or lacks the mode;
 *  -EPERM not allowed from this side; -EIO the firmware failed. After a failure the configuration is what
 *  it was.
 */
DPU_PUBLIC int dpu_mode_set(struct dpu_device *device, enum dpu_mode mode);

/**
 * @brief Names an operation mode.
 * @param mode A mode.
 * @return "unknown", "dpu", "nic", "separated", or NULL for no mode.
 */
DPU_PUBLIC const char *dpu_mode_name(enum dpu_mode mode);

/**
 * @brief Finds an operation mode by name.
 * @param name A name that dpu_mode_name() gives.
 * @param ret The mode. Untouched on failure.
 * @return 0, or -EINVAL.
 */
DPU_PUBLIC int dpu_mode_parse(const char *name, enum dpu_mode *ret);

/**
 * @brief Resets a DPU; what is pending for that level becomes current. Functions, representors and flow
 * rules of the board are lost. When the wait fails the reset goes on all the same.
 * @param device A DPU's device.
 * @param level How much to reset, not DPU_RESET_NONE.
 * @param deadline_ms Milliseconds from now, -1 for none.
 * @return 0 when the DPU is back, or a negative errno: -EINVAL no such level; -EOPNOTSUPP the level cannot be
 *  had from here; -ETIMEDOUT the deadline passed; others as the kernel says.
 */
DPU_PUBLIC int dpu_device_reset(struct dpu_device *device, enum dpu_reset level, int deadline_ms);

/**
 * @brief Names a reset level.
 * @param level A level.
 * @return "none", "firmware", "system", or NULL for no level.
 */
DPU_PUBLIC const char *dpu_reset_name(enum dpu_reset level);

/**
 * @brief Finds a reset level by name.
 * @param name A name that dpu_reset_name() gives.
 * @param ret The level. Untouched on failure.
 * @return 0, or -EINVAL.
 */
DPU_PUBLIC int dpu_reset_parse(const char *name, enum dpu_reset *ret);

/**
 * @brief Tells the mode of a device's e-switch.
 * @param device A device.
 * @param ret The mode. Untouched on failure.
 * @return 0, or a negative errno: -EOPNOTSUPP the device has no e-switch, or does not own it (NIC mode);
 *  -ENODEV the device has gone; others as the kernel says.
 */
DPU_PUBLIC int dpu_eswitch_mode_get(struct dpu_device *device, enum dpu_eswitch_mode *ret);

/**
 * @brief Sets the mode of a device's e-switch and waits until the representors are there or gone.
 * Going legacy destroys the device's SFs and flow rules. The change itself is one step of the driver and
 * cannot be undone: when the wait fails the mode has changed all the same, and calling again waits on.
 * @param device A device.
 * @param mode The mode. Setting the mode that is set changes nothing.
 * @param deadline_ms Milliseconds from now, -1 for none.
 * @return 0, or a negative errno: -EINVAL no such mode; -EOPNOTSUPP the device has no e-switch, does not own
 *  it, or lacks the mode; -ETIMEDOUT the deadline passed; others as the kernel says.
 */
DPU_PUBLIC int dpu_eswitch_mode_set(struct dpu_device *device, enum dpu_eswitch_mode mode, int deadline_ms);

/**
 * @brief Names an e-switch mode as devlink does.
 * @param mode A mode.
 * @return "legacy", "switchdev", "switchdev_inactive", or NULL for no mode.
 */
DPU_PUBLIC const char *dpu_eswitch_mode_name(enum dpu_eswitch_mode mode);

/**
 * @brief Finds an e-switch mode by name.
 * @param name A name that dpu_eswitch_mode_name() gives.
 * @param ret The mode. Untouched on failure.
 * @return 0, or -EINVAL.
 */
DPU_PUBLIC int dpu_eswitch_mode_parse(const char *name, enum dpu_eswitch_mode *ret);

/**
 * @brief Reads the attributes of an e-switch.
 * @param device A device.
 * @param attrs Where they go; sz must be set. set then tells which are known. Untouched on failure.
 * @return 0, or a negative errno: -EINVAL sz is wrong; else as dpu_eswitch_mode_get().
 */
DPU_PUBLIC int dpu_eswitch_attrs_get(struct dpu_device *device, struct dpu_eswitch_attrs *attrs);

/**
 * @brief Changes attributes of an e-switch, in one step: all or none.
 * @param device A device.
 * @param attrs What to change; sz must be set.
 * @return 0, or a negative errno: -EINVAL attrs is malformed; -EOPNOTSUPP the driver has no such attribute or
 *  cannot change it now; -EPERM without CAP_NET_ADMIN; else as dpu_eswitch_mode_get().
 */
DPU_PUBLIC int dpu_eswitch_attrs_set(struct dpu_device *device, const struct dpu_eswitch_attrs *attrs);

/**
 * @brief Names an inline mode.
 * @param mode A mode.
 * @return "none", "link", "network", "transport", or NULL when unknown.
 */
DPU_PUBLIC const char *dpu_eswitch_inline_name(enum dpu_eswitch_inline mode);

/**
 * @brief Turns a name into an inline mode.
 * @param name A name as dpu_eswitch_inline_name() gives it.
 * @param ret The mode. Untouched on failure.
 * @return 0, or -EINVAL when there is no such name.
 */
DPU_PUBLIC int dpu_eswitch_inline_parse(const char *name, enum dpu_eswitch_inline *ret);

/**
 * @brief Reloads a device's driver or activates its firmware, and returns when that is done. SFs, VFs and
 * flow rules of the device may be lost. There is no deadline: the kernel does it in one call that nothing
 * ends early.
 * @param device A device.
 * @param action What to do.
 * @param limit What must not happen on the way.
 * @param performed Which actions took place, bit 1 << enum dpu_reload_action; may be NULL. Untouched on
 *  failure.
 * @return 0, or a negative errno: -EINVAL no such action or limit; -EOPNOTSUPP the driver cannot, or has no
 *  devlink instance; -EBUSY something holds the device; -EPERM without CAP_NET_ADMIN; -ENODEV the device has
 *  gone; others as the kernel says.
 */
DPU_PUBLIC int dpu_device_reload(struct dpu_device *device, enum dpu_reload_action action,
				 enum dpu_reload_limit limit, uint32_t *performed);

/**
 * @brief Names a reload action.
 * @param action An action.
 * @return "driver_reinit", "fw_activate", or NULL when unknown.
 */
DPU_PUBLIC const char *dpu_reload_action_name(enum dpu_reload_action action);

/**
 * @brief Turns a name into a reload action.
 * @param name A name as dpu_reload_action_name() gives it.
 * @param ret The action. Untouched on failure.
 * @return 0, or -EINVAL when there is no such name.
 */
DPU_PUBLIC int dpu_reload_action_parse(const char *name, enum dpu_reload_action *ret);

#ifdef __cplusplus
}
#endif

#endif
