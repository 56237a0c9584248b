/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A vhost-user connection: listening or connecting, one peer after another. What is said on it is the role's.
 */
#ifndef DPU_VHOST_USER_H
#define DPU_VHOST_USER_H

#include <sys/types.h>
#include "vhost/message.h"
#include "vhost/vhost.h"

/* Descriptors in the epoll set. */
enum vhost_user_source {
	USER_LISTENER = VHOST_FIRST_OF_TRANSPORT,
	USER_TIMER,
	USER_PEER,
	USER_BACK,  /* the back-end's channel, whichever end has it */
	USER_STATE, /* where the device's state comes from */
};

struct vhost_user_role {
	/* There is a peer. -errno sends it away. */
	int (*connected)(struct dpu_vhost *vh);
	/* It has sent a message, which is in peer.in. */
	int (*message)(struct dpu_vhost *vh);
	/* vhost_user_expect()'s time is over: -errno. NULL: never called for. */
	int (*late)(struct dpu_vhost *vh);
	/* There is room to send again; NULL: never waited for. */
	int (*writable)(struct dpu_vhost *vh);
	/* Another descriptor of its own is ready. */
	int (*ready)(struct dpu_vhost *vh, uint32_t source);
	/* A guarded mapping may have broken. Called by vhost_user_woken() only. */
	int (*woken)(struct dpu_vhost *vh);
	/* The peer is gone and the caller uses no queue any more: nothing of it is kept. */
	void (*gone)(struct dpu_vhost *vh);
	/* Releases the role's own structure, after gone(). */
	void (*close)(struct dpu_vhost *vh);
};

struct vhost_user {
	const struct vhost_user_role *role;
	void *end; /* the role's own structure */
	int listener;
	int timer;      /* without a peer: for the next attempt; with one: for what is expected of it */
	uint32_t pause; /* before the next attempt, in milliseconds */
	bool late;      /* what is expected has not come */
	bool given;     /* the socket was given: there is no other */
	dev_t dev;      /* of the listener's name in the file system */
	ino_t ino;
	struct vhost_channel peer;
};

static inline struct vhost_user *vhost_user(const struct dpu_vhost *vh)
{
	return vh->transport;
}

/* Sends the peer away, or hears that it has gone; code is 0 or a negative errno, whose detail is recorded. */
void vhost_user_disconnect(struct dpu_vhost *vh, int code);

/* Waits for room to send, or no more. */
void vhost_user_want_room(struct dpu_vhost *vh, bool on);

/* The peer is to have done something by then, in milliseconds from now; 0: nothing. Replaces the time before.
 */
void vhost_user_expect(struct dpu_vhost *vh, uint32_t ms);

/* What a predecessor had; the descriptors are owned, also on failure. 0 or a negative errno. */
int vhost_user_adopt_listener(struct dpu_vhost *vh, int fd);
int vhost_user_adopt_peer(struct dpu_vhost *vh, int fd);

/* For the ends' own tables of operations. */
void vhost_user_ready(struct dpu_vhost *vh, uint32_t source);
void vhost_user_woken(struct dpu_vhost *vh);
void vhost_user_close(struct dpu_vhost *vh);

/* The two ends. They set role, end and the handle's operations. */
int vhost_backend_create(struct dpu_vhost *vh);
int vhost_frontend_create(struct dpu_vhost *vh);

#endif
