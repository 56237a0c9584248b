/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/function.h
 * @brief Functions (PF, VF, SF): their life from creation to a usable network device, and back.
 *
 * A function is what a host or the DPU's own Arm cores drive; its port on the e-switch side is its
 * representor. A function object is a snapshot; dpu_function_refresh() makes a new one.
 *
 * Every call that changes something returns when the change can be used, within the deadline that the
 * caller gives, or fails and leaves nothing half-made.
 *
 * Source: devlink port functions (DEVLINK_CMD_PORT_NEW, _SET, _DEL; DEVLINK_ATTR_PORT_FUNCTION), the
 * auxiliary bus (`mlx5_core.sf.N`), SR-IOV in sysfs (sriov_numvfs).
 *
 * Thread rule: as the context, see dpu/ctx.h.
 */
#ifndef DPU_FUNCTION_H
#define DPU_FUNCTION_H

#include <dpu/port.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A function. */
struct dpu_function;
/** A list of functions. */
struct dpu_function_list;

/** What a function is. */
enum dpu_function_type {
	DPU_FUNCTION_PF = 0,                 /**< PCI physical function of a host. */
	DPU_FUNCTION_VF = 1,                 /**< PCI virtual function. */
	DPU_FUNCTION_SF = 2,                 /**< Scalable function. */
	DPU_FUNCTION_TYPE_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** Whether a function may be driven: enum devlink_port_fn_state. */
enum dpu_function_state {
	DPU_FUNCTION_INACTIVE = 0,            /**< Not to be driven. */
	DPU_FUNCTION_ACTIVE = 1,              /**< May be driven. */
	DPU_FUNCTION_STATE_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** Whether a driver has the function: enum devlink_port_fn_opstate. */
enum dpu_function_opstate {
	DPU_FUNCTION_DETACHED = 0,              /**< No driver has it. */
	DPU_FUNCTION_ATTACHED = 1,              /**< A driver has it. */
	DPU_FUNCTION_OPSTATE_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** What a function may do: enum devlink_port_fn_attr_cap, and what mlxdevm has beside it. */
enum dpu_function_cap {
	DPU_FUNCTION_CAP_ROCE = 1,          /**< RDMA over Converged Ethernet. */
	DPU_FUNCTION_CAP_MIGRATABLE = 2,    /**< Live migration. */
	DPU_FUNCTION_CAP_IPSEC_CRYPTO = 4,  /**< IPsec cryptography in hardware. */
	DPU_FUNCTION_CAP_IPSEC_PACKET = 8,  /**< Full IPsec in hardware. */
	DPU_FUNCTION_CAP_TRUST = 256,       /**< Privileged registers; mlxdevm only. */
	DPU_FUNCTION_CAP_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** As dpu_sf_opts.sfnum: the lowest number that is free and not reserved, 1 to 999 (BlueField's
 * virtio-net controller takes those from 1000 for its own). */
#define DPU_SF_ANY UINT32_MAX

/** Options of dpu_sf_create(). */
struct dpu_sf_opts {
	size_t sz;              /**< Set by DPU_OPTS(). */
	const uint8_t *hw_addr; /**< MAC address, 6 bytes, unicast; NULL leaves the firmware's choice. */
	uint32_t sfnum;         /**< The number that names the SF on its controller and PF, or DPU_SF_ANY. */
	uint32_t controller;    /**< 0: driven by the DPU itself; 1…: by that host. */
	uint32_t inactive;      /**< Not 0: leave the SF inactive; done when its representor is there. */
	uint32_t set_caps;      /**< enum dpu_function_cap, ored: those that caps decides. */
	uint32_t caps;          /**< enum dpu_function_cap, ored: those of set_caps that it shall have. */
	uint32_t max_io_eqs;    /**< How many I/O event queues it may have; 0 leaves the default. */
	uint32_t max_uc_list; /**< How many unicast addresses it may have; 0 leaves the default. mlxdevm only.
			       */
	uint32_t owned; /**< Not 0: the SF is this context's; once that is gone without having deleted it,
			     dpu_orphan_list() tells. */
};

/** Attributes that dpu_function_set() changes. */
struct dpu_function_attrs {
	size_t sz;              /**< Set by DPU_OPTS(). */
	const uint8_t *hw_addr; /**< MAC address, 6 bytes, unicast; NULL leaves it. */
	uint32_t set_state;     /**< Not 0: bring the function to state. */
	uint32_t state;         /**< enum dpu_function_state. */
	uint32_t set_caps;      /**< enum dpu_function_cap, ored: those that caps decides. */
	uint32_t caps;          /**< enum dpu_function_cap, ored: those of set_caps that it shall have. */
	uint32_t max_io_eqs;    /**< How many I/O event queues it may have; 0 leaves it. */
	uint32_t max_uc_list;   /**< How many unicast addresses it may have; 0 leaves it. mlxdevm only. */
};

/** A list of orphans. */
struct dpu_orphan_list;

/** An SF that nobody owns any more: the program that made it has ended. A plain fact that its list owns. It
 * may grow at its end in later releases. */
struct dpu_orphan {
	char handle[64];      /**< The device's handle. */
	char name[32];        /**< The SF, "pf0sf88". */
	char representor[16]; /**< Its representor; empty when it has none. */
	char owner[64];       /**< Who made it: "dpu-agent, process 4711". */
	uint32_t port;        /**< The index of its port. */
	uint32_t controller;  /**< Who drives it, 0 the DPU itself. */
	uint32_t sfnum;       /**< Its number. */
	uint32_t rules;       /**< How many flow rules stand on its representor. */
	uint32_t making;      /**< 1: the program ended in the middle of making it. */
	uint32_t reserved;    /**< Zero. */
};

/**
 * @brief Lists the functions that a device's e-switch serves.
 * @param device A device.
 * @param ret The list, to be released with dpu_function_list_unref(). Untouched on failure.
 * @return 0, or a negative errno: -ENODEV the device has gone; -ENOMEM; others as the kernel says.
 */
DPU_PUBLIC int dpu_function_list(struct dpu_device *device, struct dpu_function_list **ret);

/**
 * @brief Counts the functions of a list.
 * @param list A list.
 * @return The count.
 */
DPU_PUBLIC size_t dpu_function_list_count(const struct dpu_function_list *list);

/**
 * @brief Gives one function of a list.
 * @param list A list.
 * @param i Position, from 0.
 * @return The function, owned by the list (take a reference to keep it longer); NULL past the end.
 */
DPU_PUBLIC struct dpu_function *dpu_function_list_get(const struct dpu_function_list *list, size_t i);

/**
 * @brief Releases a list.
 * @param list A list, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_function_list *dpu_function_list_unref(struct dpu_function_list *list);

/**
 * @brief Finds a function of any device.
 * @param ctx A context.
 * @param name The function's network device ("enp3s0f0s88"), RDMA or auxiliary device, its
 *  representor ("en3f0pf0sf88"), its devlink port ("pci/0000:03:00.0/229409"), or its kernel name
 *  ("pf0sf88", "c1pf0vf2").
 * @param ret The function, to be released with dpu_function_unref(). Untouched on failure.
 * @return 0, or a negative errno: -ENODEV no such function; -EINVAL the name is empty; -ENOTUNIQ several
 *  functions answer to it; else as dpu_function_list().
 */
DPU_PUBLIC int dpu_function_find(struct dpu_ctx *ctx, const char *name, struct dpu_function **ret);

/**
 * @brief Takes one more reference.
 * @param function A function.
 * @return function.
 */
DPU_PUBLIC struct dpu_function *dpu_function_ref(struct dpu_function *function);

/**
 * @brief Drops a reference. The function itself lives on.
 * @param function A function, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_function *dpu_function_unref(struct dpu_function *function);

/**
 * @brief Takes a new snapshot of a function.
 * @param function A function.
 * @param ret The new snapshot, to be released with dpu_function_unref(). Untouched on failure.
 * @return 0, or a negative errno: -ENODEV the function has gone; else as dpu_function_list().
 */
DPU_PUBLIC int dpu_function_refresh(struct dpu_function *function, struct dpu_function **ret);

/**
 * @brief Tells the device whose e-switch serves the function.
 * @param function A function.
 * @return The device, owned by the function.
 */
DPU_PUBLIC struct dpu_device *dpu_function_device(struct dpu_function *function);

/**
 * @brief Tells the function's port on the e-switch side.
 * @param function A function.
 * @return The port, owned by the function; NULL where there is none (legacy mode).
 */
DPU_PUBLIC struct dpu_port *dpu_function_representor(struct dpu_function *function);

/**
 * @brief Tells what the function is.
 * @param function A function.
 * @return The type.
 */
DPU_PUBLIC enum dpu_function_type dpu_function_type(struct dpu_function *function);

/**
 * @brief Names a type.
 * @param type A type.
 * @return "pf", "vf", "sf", or NULL when unknown.
 */
DPU_PUBLIC const char *dpu_function_type_name(enum dpu_function_type type);

/**
 * @brief Tells the controller that drives the function.
 * @param function A function.
 * @return 0 the DPU itself, 1 the first host.
 */
DPU_PUBLIC uint32_t dpu_function_controller(struct dpu_function *function);

/**
 * @brief Tells the PF number.
 * @param function A function.
 * @return The number.
 */
DPU_PUBLIC uint32_t dpu_function_pfnum(struct dpu_function *function);

/**
 * @brief Tells the function's own number: sfnum of an SF, vfnum of a VF.
 * @param function A function.
 * @return The number, or DPU_PORT_NO_NUMBER for a PF.
 */
DPU_PUBLIC uint32_t dpu_function_number(struct dpu_function *function);

/**
 * @brief Tells the MAC address.
 * @param function A function.
 * @return 6 bytes owned by the function, all zero when unknown.
 */
DPU_PUBLIC const uint8_t *dpu_function_hw_addr(struct dpu_function *function);

/**
 * @brief Tells whether the function may be driven.
 * @param function A function.
 * @return The state.
 */
DPU_PUBLIC enum dpu_function_state dpu_function_state(struct dpu_function *function);

/**
 * @brief Tells whether a driver has the function.
 * @param function A function.
 * @return The operational state.
 */
DPU_PUBLIC enum dpu_function_opstate dpu_function_opstate(struct dpu_function *function);

/**
 * @brief Tells the function's network device, where this machine drives the function.
 * @param function A function.
 * @return "enp3s0f0s88", or ""; owned by the function.
 */
DPU_PUBLIC const char *dpu_function_netdev(struct dpu_function *function);

/**
 * @brief Tells the function's RDMA device, where this machine drives the function.
 * @param function A function.
 * @return "mlx5_4", or ""; owned by the function.
 */
DPU_PUBLIC const char *dpu_function_rdma_device(struct dpu_function *function);

/**
 * @brief Tells an SF's auxiliary device, where this machine drives the SF.
 * @param function A function.
 * @return "mlx5_core.sf.4", or ""; owned by the function.
 */
DPU_PUBLIC const char *dpu_function_aux_device(struct dpu_function *function);

/**
 * @brief Makes an SF and waits until it can be used: for controller 0 its network device and its
 * representor are there, for another controller its representor.
 *
 * Steps: sf_add, function_set_hw_addr, sf_activate, sf_bind, sf_attach (the wait). When one fails, or
 * the deadline passes, the steps done are undone.
 *
 * @param device The PF's device, in switchdev mode.
 * @param opts What to make.
 * @param deadline_ms Milliseconds from now, -1 for none.
 * @param ret The SF, to be released with dpu_function_unref(). Untouched on failure.
 * @return 0, or a negative errno:
 *  -EINVAL hw_addr is multicast or all zero, opts are malformed, or there is no such controller;
 *  -ERANGE sfnum is out of the range the device has;
 *  -EEXIST the number is taken;
 *  -ENOSPC the device has no SF left;
 *  -EOPNOTSUPP not in switchdev mode, or the device has no SFs;
 *  -ETIMEDOUT the deadline passed;
 *  others as the kernel says.
 */
DPU_PUBLIC int dpu_sf_create(struct dpu_device *device, const struct dpu_sf_opts *opts, int deadline_ms,
			     struct dpu_function **ret);

/**
 * @brief Deletes an SF: deactivates it, waits until its driver has let go, removes its port.
 *
 * Steps: sf_deactivate, sf_detach (the wait), sf_delete. When the driver does not let go in time the SF is
 * activated again and stays.
 *
 * @param sf An SF. The object stays valid, as the record of what was.
 * @param deadline_ms Milliseconds from now, -1 for none.
 * @return 0, or a negative errno: -EINVAL the function is no SF; -ENODEV it has gone; -ETIMEDOUT the
 *  deadline passed; others as the kernel says.
 */
DPU_PUBLIC int dpu_sf_delete(struct dpu_function *sf, int deadline_ms);

/**
 * @brief Changes attributes of a function; all of them or none.
 * @param function A function. The object keeps the old values: take a new snapshot with
 *  dpu_function_refresh().
 * @param attrs What to change.
 * @param deadline_ms Milliseconds from now, -1 for none; counts for a change of state.
 * @return 0, or a negative errno: -EINVAL hw_addr is multicast or all zero, or attrs are malformed;
 *  -EOPNOTSUPP the function has no such attribute (only an SF has a state); -ENODEV it has gone;
 *  -ETIMEDOUT the deadline passed and the old state was restored; others as the kernel says.
 */
DPU_PUBLIC int dpu_function_set(struct dpu_function *function, const struct dpu_function_attrs *attrs,
				int deadline_ms);

/**
 * @brief Tells how many VFs a PF has and how many it could have.
 * @param device The PF's device.
 * @param total Receives the maximum; may be NULL. Untouched on failure.
 * @return The number of VFs, or a negative errno: -ENODEV the device has gone; -EOPNOTSUPP the device has
 *  no SR-IOV.
 */
DPU_PUBLIC int dpu_vf_count(struct dpu_device *device, uint32_t *total);

/**
 * @brief Sets the number of VFs of a PF and waits until all of them are there (in switchdev mode, with their
 * representors). A number other than 0 is reached through 0, as the kernel demands: existing VFs are lost.
 * @param device The PF's device. On `sim:` the VFs are those of the host behind controller 1.
 * @param count The number of VFs, 0 for none.
 * @param deadline_ms Milliseconds from now, -1 for none.
 * @return 0, or a negative errno: -ERANGE more than the device can have; -EOPNOTSUPP no SR-IOV;
 *  -ETIMEDOUT the deadline passed; others as the kernel says. After a failure the former number is
 *  restored.
 */
DPU_PUBLIC int dpu_vf_set_count(struct dpu_device *device, uint32_t count, int deadline_ms);

/**
 * @brief Tells what a function may do.
 * @param function A function.
 * @param known enum dpu_function_cap, ored: those that the kernel told of; may be NULL.
 * @return enum dpu_function_cap, ored: those that it has.
 */
DPU_PUBLIC uint32_t dpu_function_caps(struct dpu_function *function, uint32_t *known);

/**
 * @brief Tells how many I/O event queues a function may have.
 * @param function A function.
 * @return The number; 0 when not known.
 */
DPU_PUBLIC uint32_t dpu_function_max_io_eqs(struct dpu_function *function);

/**
 * @brief Tells how many unicast addresses a function may have.
 * @param function A function.
 * @return The number; 0 when not known (only mlxdevm tells).
 */
DPU_PUBLIC uint32_t dpu_function_max_uc_list(struct dpu_function *function);

/**
 * @brief Names a capability.
 * @param cap One capability.
 * @return "roce", "migratable", "ipsec_crypto", "ipsec_packet", "trust", or NULL when unknown.
 */
DPU_PUBLIC const char *dpu_function_cap_name(enum dpu_function_cap cap);

/**
 * @brief Lists the SFs that programs have left behind: those that were made with dpu_sf_opts.owned by a
 * context that is gone, and those whose making was cut short by the program's end. SFs that other tools made
 * are nobody's business here.
 * @param device A device.
 * @param ret The list, to be released with dpu_orphan_list_unref(). Untouched on failure.
 * @return 0, or a negative errno: -ENODEV the device has gone; -EACCES not allowed to read the records
 *  (@c /run/libdpu); -ENOMEM; others as dpu_function_list().
 */
DPU_PUBLIC int dpu_orphan_list(struct dpu_device *device, struct dpu_orphan_list **ret);

/**
 * @brief Counts the orphans of a list.
 * @param list A list.
 * @return The count.
 */
DPU_PUBLIC size_t dpu_orphan_list_count(const struct dpu_orphan_list *list);

/**
 * @brief Gives one orphan of a list.
 * @param list A list.
 * @param i Position, from 0.
 * @return The orphan, owned by the list; NULL past the end.
 */
DPU_PUBLIC const struct dpu_orphan *dpu_orphan_list_get(const struct dpu_orphan_list *list, size_t i);

/**
 * @brief Releases a list with its orphans.
 * @param list A list, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_orphan_list *dpu_orphan_list_unref(struct dpu_orphan_list *list);

/**
 * @brief Deletes all orphans of a device.
 * @param device A device.
 * @param deadline_ms Milliseconds for all of them, -1 for none.
 * @return How many were deleted, or a negative errno: as dpu_orphan_list() and dpu_sf_delete(). Those that
 *  were deleted before a failure are gone.
 */
DPU_PUBLIC int dpu_orphan_sweep(struct dpu_device *device, int deadline_ms);

#ifdef __cplusplus
}
#endif

#endif
