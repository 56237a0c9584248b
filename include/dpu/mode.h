/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/mode.h
 * @brief Modes: the DPU's operation mode (current and next boot), the e-switch mode, and resets.
 *
 * The operation mode lives in the firmware's non-volatile configuration. Writing it changes the *next boot*
 * value only; a reset of sufficient level makes it current. The exception is the level of a host's rights,
 * which makes DPU mode restricted mode: that holds at once.
 *
 * Who owns what:
 *
 * | mode       | e-switch  | host's PF            | Arm cores            | host writes configuration |
 * |------------|-----------|----------------------|----------------------|---------------------------|
 * | dpu        | Arm       | a port of it         | control the DPU      | yes                       |
 * | restricted | Arm       | a port of it         | control the DPU      | no                        |
 * | nic        | host      | owns the uplink      | not in the data path | yes                       |
 * | separated  | each own  | a function like Arm's| a second host        | yes                       |
 *
 * Source: NV configuration TLVs nv_internal_cpu_conf (INTERNAL_CPU_MODEL, INTERNAL_CPU_OFFLOAD_ENGINE,
 * …) and nv_host_priv_conf; access registers MFRL and MROQ; devlink (DEVLINK_CMD_ESWITCH_GET, _SET).
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
	DPU_MODE_RESTRICTED = 4,    /**< DPU mode, and a host that has no rights over the DPU (zero trust). */
	DPU_MODE_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** Sides of a DPU. */
enum dpu_side {
	DPU_SIDE_UNKNOWN = 0,       /**< Cannot be told. */
	DPU_SIDE_ARM = 1,           /**< The program runs on the DPU's Arm cores. */
	DPU_SIDE_HOST = 2,          /**< It runs on a host of the DPU. */
	DPU_SIDE_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** What is taken from a restricted host beside the writing of the configuration: nv_host_priv_conf. */
enum dpu_restriction {
	DPU_RESTRICT_PORT_OWNER = 1, /**< It cannot own a port. With the next firmware reset. */
	DPU_RESTRICT_PORT_COUNTER =
		2,               /**< It cannot read the ports' counters. With the next firmware reset. */
	DPU_RESTRICT_TRACER = 4, /**< It cannot own the firmware's tracer. With the next firmware reset. */
	DPU_RESTRICT_RSHIM = 8,  /**< It has no rshim. With the next power cycle. */
	DPU_RESTRICT_ALL = 15,   /**< All of these. */
	DPU_RESTRICT_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** What else than the configuration tells the mode, bits of dpu_mode_info.evidence. */
enum dpu_mode_evidence {
	DPU_EVIDENCE_ESWITCH = 1,       /**< Whether the e-switch is controlled from here. */
	DPU_EVIDENCE_REPRESENTORS = 2,  /**< The host's PF has a representor here. */
	DPU_EVIDENCE_RSHIM = 4,         /**< BF_MODE of the rshim driver. */
	DPU_EVIDENCE_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** All hosts of a DPU, in dpu_mode_restrict(). */
#define DPU_ALL_HOSTS UINT32_MAX

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
	uint32_t current;  /**< enum dpu_mode: what the firmware's configuration says the DPU runs in. */
	uint32_t next;     /**< enum dpu_mode: what it will run in after the reset. */
	uint32_t reset;    /**< enum dpu_reset: what makes all of next current; NONE when it is. */
	uint32_t side;     /**< enum dpu_side: where this program runs. */
	uint32_t runtime;  /**< enum dpu_mode: what the evidence shows; UNKNOWN when that is not one mode. */
	uint32_t evidence; /**< enum dpu_mode_evidence, ored: what there is of it. */
	uint32_t contradicts;     /**< Those of evidence that do not fit current. */
	uint32_t hosts;           /**< How many hosts the DPU has, as far as it tells; 0 unknown. */
	uint32_t restricted;      /**< Bit n: host n is restricted. */
	uint32_t next_restricted; /**< The same after the reset. */
	int32_t stored;           /**< 0, or the negative errno for which current and next are UNKNOWN. */
	uint32_t reserved;        /**< Zero. */
};

/** What dpu_mode_plan() tells: the way into a mode. */
struct dpu_mode_plan {
	size_t sz;             /**< Set by DPU_OPTS(). */
	uint32_t from;         /**< enum dpu_mode: the current one. */
	uint32_t to;           /**< enum dpu_mode: the one to be. */
	uint32_t reset;        /**< enum dpu_reset: how much has to be reset; NONE when nothing has. */
	uint32_t told;         /**< Not 0: the device tells which resets it has, in reset_levels. */
	uint32_t reset_levels; /**< Bit n: mlxfwreset's level n can be had: 0 live patch, 1 immediate, 3 PCI
				  reset, 4 warm reboot. */
	uint32_t reset_level;  /**< mlxfwreset's level that does it; 0 none does, see power_cycle. */
	uint32_t arm_shutdown; /**< Not 0: the Arm cores' system is to be shut down first. */
	uint32_t power_cycle;  /**< Not 0: only a power cycle of the host does it. */
	uint32_t synced;       /**< Not 0: the drivers of all hosts take part in the reset. */
	uint32_t bridges;      /**< What the reset will take away: bridges with ports of the DPU, … */
	uint32_t sfs;          /**< … SFs, … */
	uint32_t vfs;          /**< … VFs, … */
	uint32_t representors; /**< … representors, … */
	uint32_t rules;        /**< … and rules on them. */
};

/** What dpu_mode_host_get() tells of a host. */
struct dpu_mode_host {
	size_t sz;                  /**< Set by DPU_OPTS(). */
	uint32_t restricted;        /**< Not 0: it is restricted. */
	uint32_t restrictions;      /**< enum dpu_restriction, ored: what is taken from it. */
	uint32_t next_restricted;   /**< After the reset. */
	uint32_t next_restrictions; /**< After the reset. */
};

/**
 * @brief Tells the operation mode, current and next, and what else shows it.
 *
 * The stored mode and the evidence are independent. Where they disagree (a reset that did not take place, a
 * mode forced by the BMC), contradicts says so, and neither is changed to fit the other. What the firmware's
 * configuration does not tell, for want of rights or of a way to it, is told by the evidence alone, if there
 * is any.
 *
 * @param device A DPU's device.
 * @param info Where it goes; sz must be set. Untouched on failure.
 * @return 0, or a negative errno: -EOPNOTSUPP the device is no DPU, or neither its configuration nor any
 *  evidence can be had from here; -EINVAL sz is wrong; -ENODEV the device has gone; else, when there is no
 *  evidence, as dpu_nvconfig_list().
 */
DPU_PUBLIC int dpu_mode_get(struct dpu_device *device, struct dpu_mode_info *info);

/**
 * @brief Sets the operation mode for the next boot. Nothing changes before the reset that dpu_mode_get()
 * names, and no reset is implied. DPU_MODE_RESTRICTED takes all of enum dpu_restriction from all hosts (see
 * dpu_mode_restrict() for less); every other mode gives the hosts their rights back.
 * @param device A DPU's device. The mode is the board's: one call does for both uplinks.
 * @param mode The mode.
 * @return 0, or a negative errno: -EINVAL no such mode; -EOPNOTSUPP the device is no DPU or lacks the mode;
 *  -EPERM it cannot be set from this side, and the hint says from which; else as dpu_nvconfig_set(). After a
 *  failure the configuration is what it was.
 */
DPU_PUBLIC int dpu_mode_set(struct dpu_device *device, enum dpu_mode mode);

/**
 * @brief Sets DPU mode with a restricted host. Only the Arm side can do that. The writing of the
 * configuration is denied to the host at once; see enum dpu_restriction for the rest.
 * @param device A DPU's device.
 * @param host Which host, from 0, or DPU_ALL_HOSTS.
 * @param restrictions enum dpu_restriction, ored: what else is taken from it.
 * @return 0, or a negative errno: -EINVAL unknown restrictions or no such host; else as dpu_mode_set().
 */
DPU_PUBLIC int dpu_mode_restrict(struct dpu_device *device, uint32_t host, uint32_t restrictions);

/**
 * @brief Tells what a host may.
 * @param device A DPU's device.
 * @param host Which host, from 0.
 * @param info Where it goes; sz must be set. Untouched on failure.
 * @return 0, or a negative errno: -EINVAL sz is wrong, or there is no such host; -EOPNOTSUPP the device is no
 *  DPU, or does not tell; else as dpu_nvconfig_list().
 */
DPU_PUBLIC int dpu_mode_host_get(struct dpu_device *device, uint32_t host, struct dpu_mode_host *info);

/**
 * @brief Tells the way into a mode: what is to be reset, how, and what is lost by that. Changes nothing.
 * @param device A DPU's device.
 * @param mode The mode; DPU_MODE_UNKNOWN for what is stored for the next boot.
 * @param plan Where it goes; sz must be set. Untouched on failure.
 * @return 0, or a negative errno: -EINVAL no such mode or sz is wrong; else as dpu_mode_get() when the
 *  configuration cannot be read.
 */
DPU_PUBLIC int dpu_mode_plan(struct dpu_device *device, enum dpu_mode mode, struct dpu_mode_plan *plan);

/**
 * @brief Names a side.
 * @param side A side.
 * @return "unknown", "arm", "host", or NULL for no side.
 */
DPU_PUBLIC const char *dpu_side_name(enum dpu_side side);

/**
 * @brief Names an operation mode.
 * @param mode A mode.
 * @return "unknown", "dpu", "nic", "separated", "restricted", or NULL for no mode.
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
 * rules of the board are lost. When the wait fails the reset goes on all the same. The firmware is reset
 * through the driver where that offers it (devlink reload fw_activate), else by the firmware's own register
 * (MFRL). What was found before is what was before: find devices anew.
 * @param device A DPU's device.
 * @param level How much to reset, not DPU_RESET_NONE.
 * @param deadline_ms Milliseconds from now, -1 for none.
 * @return 0 when the DPU is back, or a negative errno: -EINVAL no such level; -EOPNOTSUPP the level cannot be
 *  had from here, and the hint says what can be done instead; -ETIMEDOUT the deadline passed; others as the
 * kernel says.
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
