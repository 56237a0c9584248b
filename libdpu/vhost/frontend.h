/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver side of vhost-user. What is said on a connection is a list of steps (frontend-steps.c), each one
 * message that perhaps awaits an answer; the last of them never ends, it says what has changed since. */
#ifndef DPU_VHOST_FRONTEND_H
#define DPU_VHOST_FRONTEND_H

#include "vhost/arena.h"
#include "vhost/user.h"

/* Either a message, or act, or pick. */
struct frontend_step {
	uint32_t request;
	bool each_queue;
	bool answered;     /* the request has an answer of its own */
	bool acknowledged; /* who can is asked whether it worked */
	uint8_t answer_fds;
	uint32_t answer_size; /* 0: answer() looks at it */
	uint64_t protocol;    /* only where this protocol feature is in use */
	bool (*due)(const struct dpu_vhost *vh);
	/* Completes the message, whose payload is empty. */
	int (*fill)(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index);
	/* The answer has come; without a message: it was sent, and there is none. NULL: an acknowledgement
	 * that says no is a failure. */
	int (*answer)(struct dpu_vhost *vh, struct vhost_user_message *message);
	int (*act)(struct dpu_vhost *vh);
	/* The message to send next, until there is none. */
	const struct frontend_step *(*pick)(struct dpu_vhost *vh);
};

struct frontend_region {
	uint8_t *ptr;
	size_t size;
	uint64_t offset;
	int fd;
	bool wanted; /* by the caller */
	bool sent;   /* the peer has been told of it */
};

/* What outlives a connection, so that a device that comes back goes on. */
struct frontend_queue {
	struct dpu_virtq *vq;
	struct dpu_virtq_state base; /* where the device begins */
};

struct frontend {
	struct arena arena;
	struct frontend_region *regions; /* the arena first */
	uint32_t region_count;
	struct frontend_queue *queues;
	uint32_t kept;     /* queues that there are */
	uint64_t features; /* that they were made for */
	/* The region in which the device keeps what it has taken, as it told it. */
	int inflight_fd;
	struct vhost_user_inflight inflight;

	/* Of this connection. */
	uint32_t at; /* in the list of steps */
	uint32_t index;
	const struct frontend_step *sending; /* its message is in "out" */
	const struct frontend_step *awaited;
	struct vhost_user_message out;
	bool waits; /* for room to send */
	bool protocol;
	bool barrier; /* what was sent is known to be done when GET_FEATURES is answered */
	bool changed; /* memory was, and the caller is to hear of it */
	bool config_stale;
	uint32_t config_size; /* to ask for */
	uint32_t write_offset;
	uint32_t write_len;
	uint32_t slots;       /* regions that the peer takes */
	uint32_t queue_count; /* queues in use */
	struct vhost_channel back;
	int back_peer; /* its other end, until it is sent */
};

static inline struct frontend *vhost_frontend(const struct dpu_vhost *vh)
{
	return vhost_user(vh)->end;
}

/* frontend-steps.c */

/* Goes on with the steps as far as it can. */
int frontend_pump(struct dpu_vhost *vh);
/* An answer has come, in peer.in. */
int frontend_answer(struct dpu_vhost *vh);
/* It has not come, or there has been no room to send: the error. */
int frontend_late(struct dpu_vhost *vh);
/* True when the queues have started. */
bool frontend_running(const struct dpu_vhost *vh);
/* The caller wants something: dpu_vhost_process() is to look. */
void frontend_stir(struct dpu_vhost *vh);

/* frontend-queue.c */
int frontend_accept(struct dpu_vhost *vh);
int frontend_prepare_queues(struct dpu_vhost *vh);
int frontend_start(struct dpu_vhost *vh);
int frontend_fill_num(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index);
int frontend_fill_base(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index);
int frontend_fill_addr(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index);
int frontend_fill_call(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index);
int frontend_fill_kick(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index);
int frontend_fill_enable(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index);
bool frontend_lacks_inflight(const struct dpu_vhost *vh);
int frontend_fill_get_inflight(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index);
int frontend_got_inflight(struct dpu_vhost *vh, struct vhost_user_message *message);
int frontend_fill_set_inflight(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index);
/* Releases the queues and what belongs to them. */
void frontend_drop_queues(struct dpu_vhost *vh);

/* frontend-memory.c */
int frontend_memory_add(struct dpu_vhost *vh, void *ptr, size_t size, int fd, uint64_t offset);
int frontend_memory_remove(struct dpu_vhost *vh, void *ptr);
/* Regions that the caller wants the device to see. */
uint32_t frontend_wanted(const struct dpu_vhost *vh);
/* The message that tells what the peer does not know. */
const struct frontend_step *frontend_memory_step(struct dpu_vhost *vh);
/* The peer is gone, and what it knew with it. */
void frontend_memory_gone(struct dpu_vhost *vh);

/* frontend-config.c: the configuration space, and the back-end's own channel, on which it tells that this has
 * changed. */
int frontend_config_write(struct dpu_vhost *vh, uint32_t offset, const void *buf, uint32_t len);
const struct frontend_step *frontend_config_step(struct dpu_vhost *vh);
int frontend_fill_back(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index);
int frontend_sent_back(struct dpu_vhost *vh, struct vhost_user_message *message);
int frontend_ready(struct dpu_vhost *vh, uint32_t source);

#endif
