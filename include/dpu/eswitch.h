/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/eswitch.h
 * @brief The data path of a simulated DPU: virtqueues attached to ports, packets moved by flow rules.
 *
 * On hardware packets move by themselves. On `sim:` the program gives them the time: it attaches the device
 * side of virtqueues to either end of a port, installs flow rules (dpu/flow.h) and calls
 * dpu_eswitch_process(). Each buffer of such a queue is one packet behind a 12-byte virtio-net header
 * (VIRTIO 1.2, section 5.1.6; without offloads, num_buffers 1).
 *
 * A port has two ends. What the *function* end sends enters the e-switch, which applies the flow rules; a
 * packet that no rule decides comes out at the *representor* end, where the program can decide. What the
 * representor end sends goes to the function (for an uplink: to the wire), past the rules.
 *
 * Thread rule: as the context, see dpu/ctx.h.
 */
#ifndef DPU_ESWITCH_H
#define DPU_ESWITCH_H

#include <dpu/port.h>
#include <dpu/virtq.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The data path of a device's e-switch. */
struct dpu_eswitch;

/** An end of a port. */
enum dpu_port_end {
	DPU_PORT_FUNCTION = 0,          /**< The PF, VF or SF behind the port; for an uplink, the wire. */
	DPU_PORT_REPRESENTOR = 1,       /**< The representor. */
	DPU_PORT_END_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** Options of dpu_eswitch_attach(). */
struct dpu_eswitch_attach_opts {
	size_t sz; /**< Set by DPU_OPTS(). */
	struct dpu_virtq
		*tx; /**< Device side of the queue on which the end sends (virtio-net's transmitq). */
	struct dpu_virtq *rx; /**< Device side of the queue on which it receives (virtio-net's receiveq). */
	uint32_t end;         /**< enum dpu_port_end. */
	uint32_t reserved;    /**< Zero. */
};

/**
 * @brief Opens the data path of a device's e-switch.
 * @param device A device in switchdev mode.
 * @param ret The data path, to be released with dpu_eswitch_unref(). Untouched on failure.
 * @return 0, or a negative errno: -EOPNOTSUPP the packets of this device move by themselves (`linux:`), or it
 *  is not in switchdev mode; -ENODEV the device has gone; -ENOMEM.
 */
DPU_PUBLIC int dpu_eswitch_open(struct dpu_device *device, struct dpu_eswitch **ret);

/**
 * @brief Takes one more reference.
 * @param eswitch A data path.
 * @return eswitch.
 */
DPU_PUBLIC struct dpu_eswitch *dpu_eswitch_ref(struct dpu_eswitch *eswitch);

/**
 * @brief Drops a reference. The last one saves the counters and lets go of the queues.
 * @param eswitch A data path, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_eswitch *dpu_eswitch_unref(struct dpu_eswitch *eswitch);

/**
 * @brief Attaches queues to one end of a port.
 * @param eswitch A data path.
 * @param port A port of the same device.
 * @param opts The queues, of which the data path takes references, and the end.
 * @return 0, or a negative errno: -EINVAL a queue is missing, is no device side, or opts are malformed;
 *  -EXDEV the port belongs to another device; -ENODEV the port has gone; -EBUSY that end has queues already;
 *  -ENOMEM.
 */
DPU_PUBLIC int dpu_eswitch_attach(struct dpu_eswitch *eswitch, struct dpu_port *port,
				  const struct dpu_eswitch_attach_opts *opts);

/**
 * @brief Detaches the queues of one end of a port.
 * @param eswitch A data path.
 * @param port A port.
 * @param end The end.
 * @return 0, or -ENOENT that end has no queues.
 */
DPU_PUBLIC int dpu_eswitch_detach(struct dpu_eswitch *eswitch, struct dpu_port *port, enum dpu_port_end end);

/**
 * @brief Moves packets: takes up to a burst from each end, decides them and delivers them.
 * @param eswitch A data path.
 * @return How many packets were taken, 0 when there was nothing to do; or a negative errno: -EIO a queue has
 *  stopped (its end is detached, the others go on at the next call); -ENODEV the device has gone; -EOPNOTSUPP
 * its e-switch has been taken away (NIC mode). In legacy mode nothing moves.
 */
DPU_PUBLIC int dpu_eswitch_process(struct dpu_eswitch *eswitch);

#ifdef __cplusplus
}
#endif

#endif
