/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/vhost.h
 * @brief How a virtqueue reaches its peer: vhost-user (both ends), vhost-net, vhost-vdpa and VDUSE behind one
 * handle.
 *
 * A URI says who the peer is:
 *
 * - `vhost-user:PATH` a Unix socket. This end is the back-end, the device side of the queues, for QEMU,
 * DPDK's virtio_user or Open vSwitch; with the word `frontend` it is the front-end, the driver side, for
 * DPDK's net_vhost, Open vSwitch or qemu-storage-daemon. It connects, again and again until somebody is
 * there; with the word `server` it listens, for one peer after another.
 * - `vhost-user:fd=N` a Unix socket that is connected already; the handle owns it from then on.
 *
 * - `vhost-net:NAME` the driver side of queues that the kernel serves (/dev/vhost-net) and passes on to a tap
 *   device of that name, which is made if it is not there; without a name the kernel chooses one.
 * - `vhost-vdpa:/dev/vhost-vdpa-N` the driver side of a vDPA device. With CTRL_VQ among the features its
 * control queue is the last one.
 * - `vduse:NAME` the device side: a device in user space that the kernel can make a vDPA device of that name
 *   of (`vdpa dev add name NAME mgmtdev vduse`), and so a network or block device of its own. A device whose
 *   process has died is taken over by opening its name again, with the same queues and features; what was not
 *   returned comes again (it is kept in /run/libdpu, 0600).
 *
 * Behind the path follow words, separated by commas: `server`, `client`, `frontend`, `backend`, `queues=N`,
 * `size=N`, `reconnect=MILLISECONDS` (`0`: never again), `timeout=MILLISECONDS` (a vhost-user front-end's for
 * each answer; 10000 when it is not there, `0`: it waits without end), `mtu=BYTES` (a vhost-user
 * front-end's), `hugepages`, `without=FEATURE+FEATURE` (names as dpu_virtio_features_parse() has them). They
 * go before the options of the same names.
 *
 * The event loop is the caller's: dpu_vhost_fd() is one descriptor to poll for reading, dpu_vhost_process()
 * does what there is to be done, until there is an event for the caller. An event counts as handled when
 * dpu_vhost_process() is called again, and only then are its consequences drawn. So a queue that is to stop
 * is the caller's until that call, whichever of its threads has it, and the peer is not told that it has
 * stopped before.
 *
 * The queues are the caller's to serve, with dpu/virtq.h, and with the device models of dpu/virtio_net.h and
 * dpu/virtio_blk.h. A queue exists from DPU_VHOST_QUEUE_START to DPU_VHOST_QUEUE_STOP.
 *
 * The peer is not trusted. A message that is malformed, untimely or cannot be carried out is answered with a
 * failure where the peer has asked for an answer, else the connection is closed; either way nothing else is
 * harmed. Memory that the peer shares can be taken away by it at any time, which Linux tells with SIGBUS.
 * While memory of a peer is mapped, the library therefore handles this signal: at an address of such memory
 * it puts empty memory in its place, and the connection is closed at the next dpu_vhost_process(); every
 * other SIGBUS goes to who had the signal before. A program that wants no such handler says
 * DPU_VHOST_NO_SIGBUS.
 *
 * Source: QEMU's vhost-user specification (docs/interop/vhost-user.rst); Linux's linux/vhost.h,
 * linux/vduse.h.
 *
 * Thread rule: a handle belongs to one thread at a time, but a queue belongs to the thread that serves it,
 * and so do dpu_vhost_notify() and dpu_vhost_miss() of that queue. dpu_vhost_ref() and dpu_vhost_unref() may
 * be called from any.
 */
#ifndef DPU_VHOST_H
#define DPU_VHOST_H

#include <dpu/ctx.h>
#include <dpu/export.h>
#include <dpu/memory.h>
#include <dpu/virtio_blk.h>
#include <dpu/virtio_net.h>
#include <dpu/virtq.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A connection of virtqueues to their peer. */
struct dpu_vhost;

/** Which side of the queues this end has. */
enum dpu_vhost_role {
	DPU_VHOST_BACKEND = 0,            /**< The device side. */
	DPU_VHOST_FRONTEND = 1,           /**< The driver side. */
	DPU_VHOST_ROLE_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** What happened; see struct dpu_vhost_event. */
enum dpu_vhost_event_type {
	/** The peer is there. Front-end: it has told what it offers, and the queues will start. */
	DPU_VHOST_CONNECTED = 1,
	/** The peer is gone, or was sent away: value is 0 or an errno, and dpu_vhost_error() has the detail.
	 * The queues have been stopped by events before. */
	DPU_VHOST_DISCONNECTED = 2,
	/** A queue starts: index; value is 1 when it is enabled. A network device passes over what is sent on
	 * a queue that is not enabled, and puts nothing into one. Front-end: either all queues go on where
	 * they stopped, or all are at their beginning; see DPU_VHOST_QUEUE_STOP. */
	DPU_VHOST_QUEUE_START = 3,
	/** A queue stops: index. Handled means that no thread uses it any more and that its chains are
	 * returned (dpu_virtio_net_rxq_drain()), or are to be taken again by a successor that is given the
	 * in-flight region. Front-end: chains that are out may stay out. When a peer comes
	 * that has as many queues and accepts the same features, the same queues go on, and it takes again
	 * what was not returned: in any order where the peers keep an in-flight region or the queue is split,
	 * else when they return chains in order. When nothing is out of any queue, or all of it was taken
	 * back (dpu_virtq_detach(), of all queues or of none), the queues begin anew. When they cannot go on,
	 * dpu_vhost_virtq() gives new ones: who has kept a reference to the former one can still take back
	 * what was out of that. */
	DPU_VHOST_QUEUE_STOP = 4,
	/** A queue was enabled or disabled: index, value. */
	DPU_VHOST_QUEUE_ENABLE = 5,
	/** The peer has notified a queue: index. */
	DPU_VHOST_QUEUE_NOTIFIED = 6,
	/** Back-end: the driver has accepted features: value. */
	DPU_VHOST_FEATURES = 7,
	/** Back-end: the driver's memory has changed. What was taken out of it stays mapped until no queue
	 * uses it any more (dpu_memory_map_settled()). With an IOTLB: a translation was taken back; handled
	 * means that the chains that were taken before are returned. Front-end: the peer has taken all that
	 * dpu_vhost_memory_add() and dpu_vhost_memory_remove() have changed. */
	DPU_VHOST_MEMORY = 8,
	/** Back-end: the dirty log is kept from now on (value 1: migration has begun) or no more (0). */
	DPU_VHOST_LOG = 9,
	/** Back-end: a guest with this mac has come by migration: the network is to be told, with a broadcast
	 * RARP packet. */
	DPU_VHOST_RARP = 10,
	/** Back-end: the driver's MTU: value. */
	DPU_VHOST_MTU = 11,
	/** The configuration space was changed by the peer. */
	DPU_VHOST_CONFIG = 12,
	/** Back-end: the device was reset; its queues have been stopped by events before. */
	DPU_VHOST_RESET = 13,
	/** Back-end: the device status field: value. */
	DPU_VHOST_STATUS = 14,
	DPU_VHOST_EVENT_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** An event; see dpu_vhost_process(). */
struct dpu_vhost_event {
	size_t sz;         /**< Set by DPU_OPTS(). */
	uint64_t value;    /**< By type. */
	uint32_t type;     /**< enum dpu_vhost_event_type. */
	uint32_t index;    /**< The virtqueue's number. */
	uint8_t mac[6];    /**< By type. */
	uint16_t reserved; /**< Zero. */
};

/** dpu_vhost_opts.flags: listen on the socket. */
#define DPU_VHOST_SERVER 1u
/** dpu_vhost_opts.flags: the descriptors of dpu_vhost_queue_fd() are not waited for by the handle, and there
 * are no DPU_VHOST_QUEUE_NOTIFIED: other threads wait for them, or nobody does. */
#define DPU_VHOST_OWN_WAIT 2u
/** dpu_vhost_opts.flags: no handler for SIGBUS. */
#define DPU_VHOST_NO_SIGBUS 4u
/** dpu_vhost_opts.flags: front-end: its memory is of huge pages; opening fails when there are not enough. */
#define DPU_VHOST_HUGEPAGES 8u
/** dpu_vhost_opts.flags: back-end: the in-flight region is not offered. VDUSE: none is kept, and only a
 * device with split rings that returns chains in order can be taken over. */
#define DPU_VHOST_NO_INFLIGHT 16u
/** dpu_vhost_opts.reconnect: never. */
#define DPU_VHOST_NO_RECONNECT UINT32_MAX

/** dpu_vhost_opts.timeout: without end. */
#define DPU_VHOST_NO_TIMEOUT UINT32_MAX

/** Options of dpu_vhost_open(). */
struct dpu_vhost_opts {
	size_t sz; /**< Set by DPU_OPTS(). */
	/** Back-end: the device is this network device; a reference is taken. Its features are offered, its
	 * configuration space is read by the driver, and it hears what the driver accepts. It should have
	 * neither CTRL_VQ nor MAC nor STATUS: the front-end adds these. */
	struct dpu_virtio_net *net;
	/** Back-end: the device is this block device; a reference is taken. */
	struct dpu_virtio_blk *blk;
	/** Back-end without net and blk: what the device offers. Front-end: what the driver knows; what the
	 * peer offers of it is accepted. Bits of rings and transports need not be named. */
	uint64_t features;
	uint64_t withhold;  /**< Features not to offer, or not to accept, though they could be. */
	char *error;        /**< Where the reason goes when opening fails, or NULL. */
	size_t error_size;  /**< Bytes at error. */
	size_t memory_size; /**< Front-end: bytes of dpu_vhost_memory(); 0: 16 MiB. */
	uint32_t role;      /**< enum dpu_vhost_role. */
	/** Front-end, or without net and blk: the device type, such as DPU_VIRTIO_ID_NET; 0: that. */
	uint32_t device;
	/** Network device: pairs of queues, else queues. Back-end: the most that there can be; front-end:
	 * those that are used, fewer if the peer has fewer. 0: 1, or as many as net has. */
	uint32_t queues;
	uint32_t queue_size; /**< Front-end: descriptors of each queue; 0: 256. */
	uint32_t reconnect;  /**< The longest pause before connecting again, in milliseconds; 0: 1000. */
	uint32_t flags;      /**< DPU_VHOST_*. */
	/** vhost-user front-end: how long the peer may take for an answer, or until it reads what it is sent,
	 * in milliseconds; 0: 10000. Each answer begins it anew. A peer that takes longer is given up
	 * (DPU_VHOST_DISCONNECTED with ETIMEDOUT; dpu_vhost_error() names the message), and connecting again
	 * is as after any other end. */
	uint32_t timeout;
	/** vhost-user front-end whose features have MTU: the MTU that the device is told (NET_SET_MTU), 68 to
	 * 65535; 0: none. Who refuses it is sent away with EIO. dpu_vhost_state.mtu stays 0 when the peer has
	 * no MTU to be set. */
	uint32_t mtu;
};

/** What dpu_vhost_state() tells. */
struct dpu_vhost_state {
	size_t sz;                  /**< Set by DPU_OPTS(). */
	uint64_t offered;           /**< Features that the device offers; front-end: 0 without a peer. */
	uint64_t features;          /**< Features that the driver has accepted. */
	uint64_t protocol_features; /**< vhost-user: protocol features that are in use. */
	uint64_t connections;       /**< Peers there have been. */
	uint32_t role;              /**< enum dpu_vhost_role. */
	uint32_t device;            /**< The device type. */
	uint32_t virtqs;            /**< Virtqueues that there can be; their indices are less. */
	uint16_t mtu;               /**< What the driver has set; 0: nothing. */
	uint8_t status;             /**< The device status field; 0 where the peer does not tell. */
	uint8_t connected;          /**< 1: there is a peer. */
};

/**
 * @brief Opens a handle. A server listens and a client tries to connect when this has returned; that there is
 * no peer yet is no error.
 *
 * A server's socket takes the place of one whose process is gone; it is removed when the handle is.
 * @param uri Who the peer is, see above.
 * @param opts Options, or NULL for none.
 * @param ret The handle, to be released with dpu_vhost_unref(). Untouched on failure.
 * @return 0, or a negative errno with the reason in opts->error: -EINVAL the URI, one of its words or an
 * option is wrong; -EPROTONOSUPPORT there is no such transport; -EADDRINUSE somebody listens there;
 * -ENAMETOOLONG the path is longer than Unix sockets allow; -ENOMEM; what socket(2), bind(2),
 * epoll_create(2), eventfd(2), timerfd_create(2) and, for a front-end's memory, memfd_create(2), ftruncate(2)
 * and mmap(2) say.
 */
DPU_PUBLIC int dpu_vhost_open(const char *uri, const struct dpu_vhost_opts *opts, struct dpu_vhost **ret);

/**
 * @brief Takes one more reference.
 * @param vh A handle.
 * @return vh.
 */
DPU_PUBLIC struct dpu_vhost *dpu_vhost_ref(struct dpu_vhost *vh);

/**
 * @brief Drops a reference. The last one closes the connection; no thread may use a queue of it then.
 * @param vh A handle, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_vhost *dpu_vhost_unref(struct dpu_vhost *vh);

/**
 * @brief Tells the descriptor to wait on: readable when dpu_vhost_process() has something to do. The same one
 * for the handle's life, and its own: it is not to be read or closed.
 * @param vh A handle.
 * @return The descriptor.
 */
DPU_PUBLIC int dpu_vhost_fd(struct dpu_vhost *vh);

/**
 * @brief Does what is to be done until there is an event for the caller. The event before counts as handled.
 * @param vh A handle.
 * @param event Receives the event, as much as fits into its sz. Untouched when there is none.
 * @param timeout How long to wait for one, in milliseconds: 0 only what is there, -1 without end.
 * @return 1 with an event, 0 when the time has passed; or a negative errno: -EINVAL event's sz is not set;
 * -EINTR a signal came while waiting; -ENOTCONN the peer is gone and there is no way to another. Failures of
 * the connection are no errors here but DPU_VHOST_DISCONNECTED.
 */
DPU_PUBLIC int dpu_vhost_process(struct dpu_vhost *vh, struct dpu_vhost_event *event, int timeout);

/**
 * @brief Gives a queue that has started.
 * @param vh A handle.
 * @param index The virtqueue's number: of a network device's pair n, 2n receives for the driver and 2n + 1
 * transmits.
 * @return The queue, owned by the handle and good until its DPU_VHOST_QUEUE_STOP is handled; NULL when it has
 * not started.
 */
DPU_PUBLIC struct dpu_virtq *dpu_vhost_virtq(struct dpu_vhost *vh, uint32_t index);

/**
 * @brief Tells the eventfd on which the peer notifies a queue. With DPU_VHOST_OWN_WAIT the caller waits for
 * it and reads it. It is another one each time the queue starts.
 * @param vh A handle.
 * @param index The virtqueue's number.
 * @return The descriptor, owned by the handle; -ENOENT when the queue has not started.
 */
DPU_PUBLIC int dpu_vhost_queue_fd(struct dpu_vhost *vh, uint32_t index);

/**
 * @brief Notifies the peer of a queue, after dpu_virtq_should_notify() has said so. Never blocks.
 * @param vh A handle.
 * @param index The virtqueue's number.
 * @return 0 also when the peer wants no notifications; or a negative errno: -ENOENT the queue has not
 * started; -EIO the connection is broken, of which dpu_vhost_process() tells more.
 */
DPU_PUBLIC int dpu_vhost_notify(struct dpu_vhost *vh, uint32_t index);

/**
 * @brief Back-end with an IOTLB: asks the front-end for the translation that a queue misses, after
 * dpu_virtq_pop() has returned -EFAULT. When it has come, the queue is notified as if by the peer.
 * @param vh A handle.
 * @param index The virtqueue's number.
 * @return 0; or a negative errno: -ENOENT the queue has not started, or misses nothing; -EOPNOTSUPP there is
 * no IOTLB; -EIO the connection is broken.
 */
DPU_PUBLIC int dpu_vhost_miss(struct dpu_vhost *vh, uint32_t index);

/**
 * @brief Tells what a handle has come to.
 * @param vh A handle.
 * @param state Receives it, as much as fits into its sz.
 * @return 0, or -EINVAL when sz is not set.
 */
DPU_PUBLIC int dpu_vhost_state(struct dpu_vhost *vh, struct dpu_vhost_state *state);

/**
 * @brief Tells whether a queue is enabled.
 * @param vh A handle.
 * @param index The virtqueue's number.
 * @return 1 when it has started and is enabled, else 0.
 */
DPU_PUBLIC int dpu_vhost_enabled(struct dpu_vhost *vh, uint32_t index);

/**
 * @brief Gives the detail of what failed last: of a call on the handle, or the reason why a peer was sent
 * away.
 * @param vh A handle.
 * @return The detail, owned by the handle and valid until the next failure; NULL if nothing failed.
 */
DPU_PUBLIC const struct dpu_error *dpu_vhost_error(struct dpu_vhost *vh);

/**
 * @brief Front-end: gives the memory that the device reaches, for the driver's buffers. It is there from
 * dpu_vhost_open() on, whether there is a peer or not.
 * @param vh A handle.
 * @param size Receives its bytes; may be NULL. Untouched on failure.
 * @return The memory, owned by the handle; NULL for a back-end.
 */
DPU_PUBLIC void *dpu_vhost_memory(struct dpu_vhost *vh, size_t *size);

/**
 * @brief Front-end: shows the device one more piece of memory, now and after each reconnection. Chains may
 * have parts of it from the next DPU_VHOST_MEMORY or DPU_VHOST_QUEUE_START on.
 * @param vh A handle.
 * @param ptr Where it is in this process, mapped, shared, from fd; at a page's start. Addresses in
 * descriptors are this process's.
 * @param size Bytes, whole pages.
 * @param fd The file that it is of; a duplicate is kept.
 * @param offset Where it starts in the file.
 * @return 0, or a negative errno, nothing changed: -EINVAL not a front-end, or an argument is wrong; -EEXIST
 * it overlaps other memory, also such as was removed and is not the caller's again; -ENOSPC the peer takes no
 * more pieces; -EIO the connection is broken; -EMFILE; -ENOMEM.
 */
DPU_PUBLIC int dpu_vhost_memory_add(struct dpu_vhost *vh, void *ptr, size_t size, int fd, uint64_t offset);

/**
 * @brief Front-end: takes a piece of memory away from the device. No chain that is out may have a part of it.
 * The memory is the caller's again at the next DPU_VHOST_MEMORY, DPU_VHOST_QUEUE_START or
 * DPU_VHOST_DISCONNECTED; without a peer at once.
 * @param vh A handle.
 * @param ptr As it was added.
 * @return 0, or a negative errno, nothing changed: -EINVAL not a front-end; -ENOENT no such piece was added;
 * -EIO the connection is broken.
 */
DPU_PUBLIC int dpu_vhost_memory_remove(struct dpu_vhost *vh, void *ptr);

/**
 * @brief Front-end: reads the device's configuration space as it was last told: when the peer came, and when
 * it last said that it had changed.
 * @param vh A handle.
 * @param offset First byte.
 * @param buf Receives the bytes.
 * @param len How many.
 * @return How many of them the peer has told; or a negative errno: -EINVAL not a front-end; -ENOTCONN there
 * is no peer; -EOPNOTSUPP it tells no configuration space.
 */
DPU_PUBLIC int dpu_vhost_config_read(struct dpu_vhost *vh, uint32_t offset, void *buf, uint32_t len);

/**
 * @brief Front-end: writes the device's configuration space. What is read afterwards is the new value. When a
 * peer does not take it, the old one is back with DPU_VHOST_CONFIG, and dpu_vhost_error() says so.
 * @param vh A handle.
 * @param offset First byte.
 * @param buf The bytes.
 * @param len How many.
 * @return 0, or a negative errno: those of dpu_vhost_config_read(), and -EINVAL it is beyond the end;
 * -EAGAIN the write before has not been answered, which dpu_vhost_process() waits for; -EIO
 * the connection is broken.
 */
DPU_PUBLIC int dpu_vhost_config_write(struct dpu_vhost *vh, uint32_t offset, const void *buf, uint32_t len);

/**
 * @brief Back-end: tells the driver that the configuration space has changed: after
 * dpu_virtio_net_set_link(), dpu_virtio_blk_refresh() and the like.
 * @param vh A handle.
 * @return 0, or a negative errno: -EINVAL not a back-end; -ENOTCONN there is no peer; -EOPNOTSUPP it cannot
 * be told; -EIO the connection is broken.
 */
DPU_PUBLIC int dpu_vhost_config_changed(struct dpu_vhost *vh);

/**
 * @brief vhost-user back-end: hands the connection to a successor, another process that calls
 * dpu_vhost_takeover() with the other end of a socket: a live update, of which the front-end notices nothing.
 * Its memory, eventfds and the listening socket are passed on, with the position of each queue.
 *
 * No thread may serve a queue of the handle from before the call until it has failed. On success the handle
 * has no peer any more, and its queues are gone, without events; what is left to do is to drop it.
 * @param vh A handle.
 * @param fd A connected Unix stream socket; stays the caller's.
 * @param timeout How long to wait for the successor, in milliseconds; -1 without end.
 * @return 0; or a negative errno, and the handle goes on as before: -EOPNOTSUPP not a vhost-user back-end;
 * -EBUSY events are not handled, or chains are not returned and there is no in-flight region; -ETIMEDOUT;
 * -EPROTO the successor speaks another version; what sendmsg(2) and recvmsg(2) say.
 */
DPU_PUBLIC int dpu_vhost_handover(struct dpu_vhost *vh, int fd, int timeout);

/**
 * @brief Takes over what dpu_vhost_handover() hands on. Events tell the caller what there is, as if it had
 * just begun: DPU_VHOST_CONNECTED, DPU_VHOST_FEATURES, DPU_VHOST_QUEUE_START.
 * @param fd A connected Unix stream socket; stays the caller's.
 * @param opts As for dpu_vhost_open(): the same kind of device, with as many queues, that offers at least
 * what the driver has accepted.
 * @param timeout How long to wait for the predecessor, in milliseconds; -1 without end.
 * @param ret The handle, to be released with dpu_vhost_unref(). Untouched on failure.
 * @return 0, or a negative errno with the reason in opts->error; the predecessor goes on then: -EINVAL an
 * option is wrong, or the device is another one; -ETIMEDOUT; -EPROTO the predecessor speaks another version;
 * -ENOMEM; what dpu_vhost_open() and recvmsg(2) say.
 */
DPU_PUBLIC int dpu_vhost_takeover(int fd, const struct dpu_vhost_opts *opts, int timeout,
				  struct dpu_vhost **ret);

#ifdef __cplusplus
}
#endif

#endif
