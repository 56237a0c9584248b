/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/device.h
 * @brief Discovery: the network devices of a machine, a DPU's physical functions first.
 *
 * A device is one function that owns a devlink instance or, where there is none, one PCI or platform
 * function with a network device. A BlueField with two uplinks is two devices with one serial number.
 * A device is an immutable snapshot: what it says was true when it was listed.
 *
 * Source: devlink (DEVLINK_CMD_GET, _INFO_GET), rtnetlink (RTM_GETLINK), sysfs, RDMA netlink; the sources
 * are joined by PCI address, ifindex and devlink handle.
 *
 * Thread rule: as the context, see dpu/ctx.h.
 */
#ifndef DPU_DEVICE_H
#define DPU_DEVICE_H

#include <dpu/ctx.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A device. */
struct dpu_device;
/** A list of devices, ordered by handle. */
struct dpu_device_list;

/** What a device is. */
enum dpu_device_kind {
	DPU_DEVICE_NIC = 0,           /**< A plain network device. */
	DPU_DEVICE_SWITCHDEV_NIC = 1, /**< A NIC with an e-switch. */
	DPU_DEVICE_DPU = 2,           /**< A DPU's physical function. */
	DPU_DEVICE_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/**
 * @brief Lists the devices.
 * @param ctx A context.
 * @param ret The list, to be released with dpu_device_list_unref(). Untouched on failure.
 * @return 0, or a negative errno: -ENOMEM; -EIO, -EACCES and others as the kernel says.
 */
DPU_PUBLIC int dpu_device_list(struct dpu_ctx *ctx, struct dpu_device_list **ret);

/**
 * @brief Counts the devices of a list.
 * @param list A list.
 * @return The count.
 */
DPU_PUBLIC size_t dpu_device_list_count(const struct dpu_device_list *list);

/**
 * @brief Gives one device of a list.
 * @param list A list.
 * @param i Position, from 0.
 * @return The device, owned by the list (take a reference to keep it longer); NULL past the end.
 */
DPU_PUBLIC struct dpu_device *dpu_device_list_get(const struct dpu_device_list *list, size_t i);

/**
 * @brief Releases a list.
 * @param list A list, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_device_list *dpu_device_list_unref(struct dpu_device_list *list);

/**
 * @brief Finds one device by any name a person would use.
 * @param ctx A context.
 * @param name devlink handle ("pci/0000:03:00.0"), PCI address ("0000:03:00.0", "03:00.0"), network
 *  device ("p0") or RDMA device ("mlx5_0") of the device or of one of its uplinks.
 * @param ret The device, to be released with dpu_device_unref(). Untouched on failure.
 * @return 0, or a negative errno: -ENODEV no such device; -EINVAL the name is empty; -ENOTUNIQ several
 *  devices answer to it; else as dpu_device_list().
 */
DPU_PUBLIC int dpu_device_find(struct dpu_ctx *ctx, const char *name, struct dpu_device **ret);

/**
 * @brief Takes one more reference.
 * @param device A device.
 * @return device.
 */
DPU_PUBLIC struct dpu_device *dpu_device_ref(struct dpu_device *device);

/**
 * @brief Drops a reference.
 * @param device A device, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_device *dpu_device_unref(struct dpu_device *device);

/**
 * @brief Tells the context of a device.
 * @param device A device.
 * @return The context, owned by the device.
 */
DPU_PUBLIC struct dpu_ctx *dpu_device_ctx(struct dpu_device *device);

/**
 * @brief Tells the handle: bus and name as devlink writes them.
 * @param device A device.
 * @return "pci/0000:03:00.0", "platform/MLNXBF17:00", "virtual/…"; owned by the device.
 */
DPU_PUBLIC const char *dpu_device_handle(struct dpu_device *device);

/**
 * @brief Tells the PCI address.
 * @param device A device.
 * @return "0000:03:00.0", owned by the device, or NULL for a device that is no PCI function.
 */
DPU_PUBLIC const char *dpu_device_pci_address(struct dpu_device *device);

/**
 * @brief Tells what the device is.
 * @param device A device.
 * @return The kind.
 */
DPU_PUBLIC enum dpu_device_kind dpu_device_kind(struct dpu_device *device);

/**
 * @brief Names a kind.
 * @param kind A kind.
 * @return "nic", "switchdev-nic", "dpu", or NULL when unknown.
 */
DPU_PUBLIC const char *dpu_device_kind_name(enum dpu_device_kind kind);

/**
 * @brief Tells the model in words.
 * @param device A device.
 * @return "BlueField-3", the name that pci.ids has, or "" when unknown; owned by the device.
 */
DPU_PUBLIC const char *dpu_device_model(struct dpu_device *device);

/**
 * @brief Tells the kernel driver.
 * @param device A device.
 * @return "mlx5_core", or "" when none is bound; owned by the device.
 */
DPU_PUBLIC const char *dpu_device_driver(struct dpu_device *device);

/**
 * @brief Tells the PCI vendor number.
 * @param device A device.
 * @return 0x15b3 for NVIDIA (Mellanox); 0 for a device that is no PCI function.
 */
DPU_PUBLIC uint16_t dpu_device_vendor_id(struct dpu_device *device);

/**
 * @brief Tells the PCI device number.
 * @param device A device.
 * @return 0xa2dc for BlueField-3; 0 for a device that is no PCI function.
 */
DPU_PUBLIC uint16_t dpu_device_device_id(struct dpu_device *device);

/**
 * @brief Tells the running firmware's version.
 * @param device A device.
 * @return "32.41.1000", or "" when unknown; owned by the device.
 */
DPU_PUBLIC const char *dpu_device_firmware_version(struct dpu_device *device);

/**
 * @brief Tells the board's parameter set (devlink info's fw.psid).
 * @param device A device.
 * @return The PSID, or "" when unknown; owned by the device.
 */
DPU_PUBLIC const char *dpu_device_psid(struct dpu_device *device);

/**
 * @brief Tells the board's serial number: devices with one serial number are one board.
 * @param device A device.
 * @return The serial number, or "" when unknown; owned by the device.
 */
DPU_PUBLIC const char *dpu_device_serial_number(struct dpu_device *device);

/**
 * @brief Tells the release of the software on the DPU's Arm cores (/etc/mlnx-release).
 * @param device A device.
 * @return The release, or "" when unknown; owned by the device.
 */
DPU_PUBLIC const char *dpu_device_bsp_release(struct dpu_device *device);

/**
 * @brief Tells the network device: of an uplink its representor, of a plain NIC the device itself.
 * @param device A device.
 * @return "p0", or "" when there is none; owned by the device.
 */
DPU_PUBLIC const char *dpu_device_netdev(struct dpu_device *device);

/**
 * @brief Tells the interface number of the network device.
 * @param device A device.
 * @return The ifindex; 0 when there is none.
 */
DPU_PUBLIC uint32_t dpu_device_ifindex(struct dpu_device *device);

/**
 * @brief Tells the RDMA device.
 * @param device A device.
 * @return "mlx5_0", or "" when there is none; owned by the device.
 */
DPU_PUBLIC const char *dpu_device_rdma_device(struct dpu_device *device);

/**
 * @brief Tells the NUMA node.
 * @param device A device.
 * @return The node, or -1 when unknown.
 */
DPU_PUBLIC int dpu_device_numa_node(struct dpu_device *device);

/** A list of versions. */
struct dpu_device_version_list;

/** What a version is of. */
enum dpu_version_kind {
	DPU_VERSION_FIXED = 0,   /**< Hardware, which cannot change. */
	DPU_VERSION_RUNNING = 1, /**< What runs. */
	DPU_VERSION_STORED = 2,  /**< What will run after a reset (dpu_device_reload(), fw_activate). */
	DPU_VERSION_KIND_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** One version: a plain fact that its list owns. It may grow at its end in later releases. */
struct dpu_device_version {
	char name[64];     /**< "fw.version", "fw.psid". */
	char value[96];    /**< "32.41.1000". */
	uint32_t kind;     /**< enum dpu_version_kind. */
	uint32_t reserved; /**< Zero. */
};

/**
 * @brief Lists the versions that a device tells of itself.
 * @param device A device.
 * @param ret The list, to be released with dpu_device_version_list_unref(). Untouched on failure.
 * @return 0, or a negative errno: -EOPNOTSUPP the device tells none, or has no devlink instance; -ENODEV the
 *  device has gone; -ENOMEM; others as the kernel says.
 */
DPU_PUBLIC int dpu_device_version_list(struct dpu_device *device, struct dpu_device_version_list **ret);

/**
 * @brief Counts the versions of a list.
 * @param list A list.
 * @return The count.
 */
DPU_PUBLIC size_t dpu_device_version_list_count(const struct dpu_device_version_list *list);

/**
 * @brief Gives one version of a list.
 * @param list A list.
 * @param i Position, from 0.
 * @return The version, owned by the list; NULL past the end.
 */
DPU_PUBLIC const struct dpu_device_version *
dpu_device_version_list_get(const struct dpu_device_version_list *list, size_t i);

/**
 * @brief Releases a list with its versions.
 * @param list A list, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_device_version_list *
dpu_device_version_list_unref(struct dpu_device_version_list *list);

/**
 * @brief Names a kind.
 * @param kind A kind.
 * @return "fixed", "running", "stored", or NULL when unknown.
 */
DPU_PUBLIC const char *dpu_version_kind_name(enum dpu_version_kind kind);

#ifdef __cplusplus
}
#endif

#endif
