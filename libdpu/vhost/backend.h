/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device side of vhost-user. Each file has a part of the messages; backend.c knows which. */
#ifndef DPU_VHOST_BACKEND_H
#define DPU_VHOST_BACKEND_H

#include <pthread.h>
#include "vhost/user.h"
#include "virtq/memory-map.h"

/* What a handler returns when its message is answered later, or has been answered. */
#define BACKEND_ANSWERED 1

struct backend_region {
	struct vhost_user_region at;
	struct memory_mapping *mapping;
	void *ptr;
	dev_t dev; /* of the file, which tells whether it is the same one */
	ino_t ino;
	uint32_t again; /* times that it was added although it was there */
};

/* What the front-end has said of a ring. */
struct backend_vring {
	struct vhost_user_vring_addr addr;
	struct dpu_virtq_state base;
	uint32_t num;
	bool addressed;
	bool kicked; /* is to run: SET_VRING_KICK has come, and no GET_VRING_BASE since */
};

/* A file that the front-end shares: the dirty log, the in-flight region. */
struct backend_file {
	struct memory_mapping *mapping;
	void *ptr;
	uint64_t size;
	uint64_t offset;
};

struct backend_memory {
	struct dpu_memory_map *guest; /* addresses as in descriptors */
	struct dpu_memory_map *user;  /* addresses as in SET_VRING_ADDR */
	struct backend_region *regions;
	uint32_t count;
};

struct backend {
	/* Empty while there is no peer. */
	struct backend_memory memory;
	struct backend_memory next; /* takes effect when the caller has handled its events */
	struct dpu_memory_map *iotlb;

	struct backend_vring *vrings;
	struct backend_file log;
	struct backend_file inflight;
	uint16_t inflight_queues;
	uint16_t inflight_queue_size;

	/* To the front-end, by any thread. */
	struct vhost_channel back;
	pthread_mutex_t back_lock;

	bool handed_over; /* the device is a successor's */
	bool logging;
	bool unsettled; /* queues may still use memory that was taken away */

	/* The message that is answered when the caller has handled its events. */
	struct {
		uint32_t request;
		uint32_t flags;
		uint32_t index;
		int fd;
	} later;

	/* The device's state, while it is moved. */
	int state_fd;
	bool state_loading;
	int state_result; /* 0 or a negative errno */
	uint32_t state_len;
	uint8_t state[256];
};

static inline struct backend *vhost_backend(const struct dpu_vhost *vh)
{
	return vhost_user(vh)->end;
}

static inline bool backend_negotiated(const struct dpu_vhost *vh, uint64_t protocol_feature)
{
	return vh->protocol_features & protocol_feature;
}

/* backend.c: answers a message that carries a number; with NEED_REPLY, tells 0 or 1. 0 or a negative errno.
 */
int backend_reply_u64(struct dpu_vhost *vh, uint32_t request, uint64_t value);
int backend_reply(struct dpu_vhost *vh, struct vhost_user_message *reply, uint32_t request);
/* Keeps what it takes to acknowledge the message that is being handled, after the caller's events. */
void backend_acknowledge_later(struct dpu_vhost *vh);
/* Does it: rc is how it went. Sends the peer away when it could not be told. */
void backend_acknowledge(struct dpu_vhost *vh, int rc);
/* For "then": the caller has handled its events, and that is all there was to do. */
void backend_acknowledge_handled(struct dpu_vhost *vh);
/* A failure of a message, whose name is the step. */
int backend_fail(struct dpu_vhost *vh, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A handler gets the message, of which size and number of descriptors are right. 0, BACKEND_ANSWERED or a
 * negative errno. */
typedef int backend_handler(struct dpu_vhost *vh, struct vhost_user_message *message);

/* backend-memory.c */
backend_handler backend_set_mem_table, backend_add_mem_reg, backend_rem_mem_reg, backend_iotlb,
	backend_set_log_base;
/* Maps a file of the front-end's. */
int backend_map(struct dpu_vhost *vh, int fd, uint64_t offset, uint64_t size, struct backend_file *file);
void backend_unmap(struct backend_file *file);
/* The log as the features have it. */
int backend_update_log(struct dpu_vhost *vh);
int backend_memory_begin(struct dpu_vhost *vh);
void backend_memory_gone(struct dpu_vhost *vh);
/* Unmaps memory that was taken away, if no queue uses it any more. */
void backend_settle(struct dpu_vhost *vh);
/* Whether a piece of the front-end's memory has been taken away from behind. */
bool backend_memory_broken(const struct dpu_vhost *vh);

/* Maps regions that a predecessor had; the files are theirs. 0 or a negative errno. */
int backend_adopt_regions(struct dpu_vhost *vh, const struct vhost_user_region *at, const int *fds,
			  uint32_t count);

/* backend-vring.c */
backend_handler backend_set_vring_num, backend_set_vring_addr, backend_set_vring_base, backend_get_vring_base,
	backend_set_vring_kick, backend_set_vring_call, backend_set_vring_err, backend_set_vring_enable,
	backend_vring_kick;
/* Starts what can be started: a queue that has all it needs. 0 also when it has not; or a negative errno. */
int backend_try_start(struct dpu_vhost *vh, uint32_t index);
/* Stops all queues for good. */
void backend_stop_all(struct dpu_vhost *vh);
/* Stops, to go on afterwards, the queues whose rings lie elsewhere, or nowhere, by this map. */
void backend_stop_moved(struct dpu_vhost *vh, const struct dpu_memory_map *next_user);
/* Releases the queues that were stopped and starts all that can be. */
int backend_start_all(struct dpu_vhost *vh);
void backend_vrings_gone(struct dpu_vhost *vh);

/* backend-state.c */
backend_handler backend_get_inflight, backend_set_inflight, backend_set_status, backend_reset_device,
	backend_set_device_state, backend_check_device_state;
/* Bytes of a queue's part of the in-flight region. */
uint64_t backend_inflight_size(const struct dpu_vhost *vh, uint16_t queue_size);
/* The device's state, as it goes to another back-end. */
struct backend_device_state {
	char magic[8];
	uint32_t version;
	uint32_t device;
	uint64_t features;
	uint16_t mtu;
	uint8_t writeback;
	uint8_t pad[5];
};
void backend_save(struct dpu_vhost *vh, struct backend_device_state *state);
int backend_load(struct dpu_vhost *vh, const struct backend_device_state *state);
int backend_state_ready(struct dpu_vhost *vh);
void backend_state_gone(struct dpu_vhost *vh);

/* backend-channel.c */
backend_handler backend_set_channel;
int backend_notify(struct dpu_vhost *vh, uint32_t index);
int backend_miss(struct dpu_vhost *vh, uint32_t index);
int backend_config_changed(struct dpu_vhost *vh);
int backend_request_translation(struct dpu_vhost *vh, uint64_t iova, uint32_t access);
int backend_open_channel(struct dpu_vhost *vh, int fd);
int backend_channel_ready(struct dpu_vhost *vh);
void backend_channel_gone(struct dpu_vhost *vh);

/* handover.c */
int backend_handover(struct dpu_vhost *vh, int fd, int timeout);
int backend_take_over(struct dpu_vhost *vh, int fd, int timeout);

#endif
