/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/monitor.h
 * @brief Events: what comes, changes and goes, on one file descriptor that can be polled.
 *
 * Source: devlink's multicast group "config", rtnetlink's RTNLGRP_LINK, the kernel's uevents.
 *
 * Thread rule: as the context, see dpu/ctx.h.
 */
#ifndef DPU_MONITOR_H
#define DPU_MONITOR_H

#include <dpu/function.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A monitor. */
struct dpu_monitor;

/** What an event is about; 1 << value is its bit in dpu_monitor_opts.objects. */
enum dpu_event_object {
	DPU_EVENT_DEVICE = 0,               /**< A device (devlink instance). */
	DPU_EVENT_PORT = 1,                 /**< A port of an e-switch. */
	DPU_EVENT_FUNCTION = 2,             /**< A function behind a port: its address, state, opstate. */
	DPU_EVENT_NETDEV = 3,               /**< A network device: its name, address, link. */
	DPU_EVENT_RDMA = 4,                 /**< An RDMA device. */
	DPU_EVENT_HEALTH = 5,               /**< A health reporter. */
	DPU_EVENT_OBJECT_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** What happened. */
enum dpu_event_action {
	DPU_EVENT_ADDED = 0,                /**< It was not there before. */
	DPU_EVENT_CHANGED = 1,              /**< Something about it is different. */
	DPU_EVENT_REMOVED = 2,              /**< It has gone. */
	DPU_EVENT_ACTION_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** Options of dpu_monitor_open(). */
struct dpu_monitor_opts {
	size_t sz;         /**< Set by DPU_OPTS(). */
	uint32_t objects;  /**< Bits of enum dpu_event_object; 0: all. */
	uint32_t reserved; /**< Zero. */
};

/** One event. */
struct dpu_event {
	size_t sz;        /**< Set by DPU_OPTS(). */
	uint32_t object;  /**< enum dpu_event_object. */
	uint32_t action;  /**< enum dpu_event_action. */
	uint32_t port;    /**< The port's index; DPU_PORT_NO_NUMBER where there is none. */
	uint32_t ifindex; /**< The network device's index; 0 where there is none. */
	char handle[64];  /**< The device's handle; empty where it is not known. */
	char name[64];    /**< Of a network or RDMA device or a health reporter; a port's network device. */
};

/**
 * @brief Begins to watch. What is there already is not reported.
 * @param ctx A context.
 * @param opts Options, or NULL.
 * @param ret The monitor, to be released with dpu_monitor_unref(). Untouched on failure.
 * @return 0, or a negative errno: -EINVAL opts is malformed; -EOPNOTSUPP this world has no events; -EMFILE,
 *  -ENFILE no file descriptor left; -ENOMEM; others as the kernel says.
 */
DPU_PUBLIC int dpu_monitor_open(struct dpu_ctx *ctx, const struct dpu_monitor_opts *opts,
				struct dpu_monitor **ret);

/**
 * @brief Takes one more reference.
 * @param monitor A monitor.
 * @return monitor.
 */
DPU_PUBLIC struct dpu_monitor *dpu_monitor_ref(struct dpu_monitor *monitor);

/**
 * @brief Drops a reference; the last one ends the watch and closes the descriptor.
 * @param monitor A monitor, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_monitor *dpu_monitor_unref(struct dpu_monitor *monitor);

/**
 * @brief Gives the descriptor for poll(2). It is readable when dpu_monitor_next() may have something; call
 * that until it has nothing more before polling again, for events that it has read already do not make the
 * descriptor readable.
 * @param monitor A monitor.
 * @return The descriptor, owned by the monitor: neither read nor close it.
 */
DPU_PUBLIC int dpu_monitor_fd(struct dpu_monitor *monitor);

/**
 * @brief Takes the next event. Never blocks. Nothing is lost: where the kernel had to drop messages, the
 * monitor compares what is there with what was and reports the difference.
 * @param monitor A monitor.
 * @param event Where it goes; sz must be set. Untouched when there is none and on failure.
 * @return 1, 0 when there is no event now, or a negative errno: -EINVAL sz is wrong; -ENOMEM; others as the
 *  kernel says. After a failure the monitor can be asked again.
 */
DPU_PUBLIC int dpu_monitor_next(struct dpu_monitor *monitor, struct dpu_event *event);

/**
 * @brief Names what an event is about.
 * @param object An object.
 * @return "device", "port", "function", "netdev", "rdma", "health", or NULL when unknown.
 */
DPU_PUBLIC const char *dpu_event_object_name(enum dpu_event_object object);

/**
 * @brief Names what happened.
 * @param action An action.
 * @return "added", "changed", "removed", or NULL when unknown.
 */
DPU_PUBLIC const char *dpu_event_action_name(enum dpu_event_action action);

#ifdef __cplusplus
}
#endif

#endif
