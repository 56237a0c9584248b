/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A vhost handle's inside: what all transports share. A transport is a table of operations; it queues events
 * for the caller, and what must wait until the caller has handled them it leaves in "then". */
#ifndef DPU_VHOST_VHOST_H
#define DPU_VHOST_VHOST_H

#include <dpu/vhost.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>
#include "core/error.h"
#include "core/ref.h"

/* Virtqueues that a handle has at most: as many as a vhost-user message can name. */
#define VHOST_QUEUES_MAX 256

struct vhost_queue {
	struct dpu_virtq *vq;   /* NULL: has not started */
	struct dpu_virtq *made; /* will start; for transports that make all queues first */
	int in;                 /* the peer notifies us here; -1 until it has given its eventfd */
	/* We notify the peer here. The number stays the same for the handle's life, whatever eventfd is
	 * behind it: the thread that serves the queue needs no lock. */
	int out;
	int err;             /* likewise, where the peer hears that a queue has stopped; -1: nowhere */
	atomic_bool in_band; /* the peer is notified by a message instead */
	atomic_bool missed;  /* waits for a translation */
	bool enabled;
	bool stopping; /* the caller hears, or has heard, that it stops */
};

/* What a descriptor of the epoll set is. */
enum vhost_source {
	VHOST_WAKE,  /* the handle's own: there are events */
	VHOST_QUEUE, /* a queue's "in" */
	VHOST_FIRST_OF_TRANSPORT,
};

struct vhost_ops {
	/* What a ready descriptor of the transport's asks for. */
	void (*ready)(struct dpu_vhost *vh, uint32_t source);
	/* The handle's own descriptor was ready: perhaps a guarded mapping broke. NULL: of no interest. */
	void (*woken)(struct dpu_vhost *vh);
	/* Notifies the peer of a queue by message; any thread. */
	int (*notify)(struct dpu_vhost *vh, uint32_t index);
	int (*miss)(struct dpu_vhost *vh, uint32_t index);
	int (*memory_add)(struct dpu_vhost *vh, void *ptr, size_t size, int fd, uint64_t offset);
	int (*memory_remove)(struct dpu_vhost *vh, void *ptr);
	int (*config_write)(struct dpu_vhost *vh, uint32_t offset, const void *buf, uint32_t len);
	int (*config_changed)(struct dpu_vhost *vh);
	int (*handover)(struct dpu_vhost *vh, int fd, int timeout); /* NULL: cannot be */
	/* Releases what the transport has; the queues have been released. */
	void (*close)(struct dpu_vhost *vh);
};

struct vhost_event {
	uint64_t value;
	uint32_t type;
	uint32_t index;
	uint8_t mac[6];
};

/* Configuration space as a front-end keeps it: vhost-user's messages have room for so much. */
#define VHOST_CONFIG_MAX 256

struct dpu_vhost {
	struct ref ref;
	const struct vhost_ops *ops;
	void *transport; /* its own structure */
	struct dpu_vhost_opts opts;
	char *name; /* the URI without its words: the object of errors */
	char *path; /* in it, behind the scheme */
	struct dpu_error error;

	int epoll;
	int wake;
	/* The caller has events to come, or the transport something to do after them. */
	struct vhost_event *events;
	uint32_t event_room;
	uint32_t event_first;
	uint32_t event_count;
	void (*then)(struct dpu_vhost *vh);
	bool ended; /* the peer is gone and none will come */

	struct vhost_queue *queues;
	uint32_t queue_count;
	uint64_t offered;
	uint64_t features;
	uint64_t protocol_features;
	uint64_t connections;
	uint16_t mtu;
	uint8_t status;
	bool connected;
	bool iotlb; /* addresses are translated */

	/* Front-end. */
	uint8_t config[VHOST_CONFIG_MAX];
	uint32_t config_len; /* bytes that the peer has told */
	void *memory;        /* dpu_vhost_memory() */
	size_t memory_size;
};

/* Records a failure and returns its code (negative). A NULL format takes the errno's own words. */
int vhost_fail(struct dpu_vhost *vh, int code, const char *step, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Queues an event for the caller. There is always room for two of each queue and some of the device. */
void vhost_emit(struct dpu_vhost *vh, uint32_t type, uint32_t index, uint64_t value);
void vhost_emit_event(struct dpu_vhost *vh, const struct vhost_event *event);

/* True when the transport has to wait for the caller. */
static inline bool vhost_busy(const struct dpu_vhost *vh)
{
	return vh->event_count || vh->then;
}

/* A clock for deadlines, in milliseconds. */
int64_t vhost_now_ms(void);

/* Adds a descriptor to the epoll set. 0 or a negative errno. */
int vhost_watch(struct dpu_vhost *vh, int fd, uint32_t source, uint32_t index, uint32_t epoll_events);
int vhost_rewatch(struct dpu_vhost *vh, int fd, uint32_t source, uint32_t index, uint32_t epoll_events);
void vhost_unwatch(struct dpu_vhost *vh, int fd);

/* uri.c: reads a URI's words into opts; name and path are set. -EINVAL or -EPROTONOSUPPORT with the reason.
 */
int vhost_uri(struct dpu_vhost *vh, const char *uri);

/* features.c: what a driver accepts of what is offered: of rings and transports that, of the device what opts
 * names, but for what is withheld or lacks what it requires. */
uint64_t vhost_agreed(const struct dpu_vhost *vh, uint64_t ring_features);
/* Without those that lack what they require. */
uint64_t vhost_consistent(const struct dpu_vhost *vh, uint64_t features);

/* The device model of a back-end: what it offers of its own; what a driver has accepted (0 or a negative
 * errno); that there is no driver any more. */
uint64_t vhost_model_features(const struct dpu_vhost *vh);
int vhost_model_accept(struct dpu_vhost *vh, uint64_t features);
void vhost_model_reset(struct dpu_vhost *vh);

/* queue.c */
int vhost_queues_create(struct dpu_vhost *vh, uint32_t count);
void vhost_queues_destroy(struct dpu_vhost *vh);
/* The eventfd on which the peer notifies; it is owned by the queue from now on, also on failure. -1: none but
 * the one that the transport writes to. 0 or a negative errno. */
int vhost_queue_set_in(struct dpu_vhost *vh, uint32_t index, int fd);
/* The eventfd by which the peer is notified; owned likewise. -1: the peer wants no notifications. */
int vhost_queue_set_out(struct dpu_vhost *vh, uint32_t index, int fd);
/* The eventfd by which the peer hears of a queue's error; owned likewise. */
int vhost_queue_set_err(struct dpu_vhost *vh, uint32_t index, int fd);
/* The queue is there: vq is the handle's from now on. 0, or a negative errno and it is not. */
int vhost_queue_started(struct dpu_vhost *vh, uint32_t index, struct dpu_virtq *vq);
/* The queue ends: its event is queued. True when it had been started. */
bool vhost_queue_stopping(struct dpu_vhost *vh, uint32_t index);
/* After that event was handled. */
void vhost_queue_release(struct dpu_vhost *vh, uint32_t index);
/* As if the peer had notified it. */
void vhost_queue_ring(struct dpu_vhost *vh, uint32_t index);
/* -EINVAL unless fd is an eventfd, which is then made not to block. */
int vhost_eventfd_check(int fd);

/* read(2) that never blocks, whatever the peer, who has the same open file, does to its flags. */
ssize_t vhost_read(int fd, void *buf, size_t size);

/* The transports' beginnings: opts, name and queues are there. */
int vhost_user_open(struct dpu_vhost *vh);
int vhost_user_take_over(struct dpu_vhost *vh, int fd, int timeout);
int vhost_net_open(struct dpu_vhost *vh);
int vhost_vdpa_open(struct dpu_vhost *vh);
int vhost_vduse_open(struct dpu_vhost *vh);

#endif
