/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vhost-user's messages, as both ends speak them, and a stream socket that carries them. Numbers are in the
 * machine's own byte order. Source: QEMU's docs/interop/vhost-user.rst. */
#ifndef DPU_VHOST_MESSAGE_H
#define DPU_VHOST_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the front-end sends. */
enum vhost_user_request {
	VHOST_USER_GET_FEATURES = 1,
	VHOST_USER_SET_FEATURES = 2,
	VHOST_USER_SET_OWNER = 3,
	VHOST_USER_RESET_OWNER = 4,
	VHOST_USER_SET_MEM_TABLE = 5,
	VHOST_USER_SET_LOG_BASE = 6,
	VHOST_USER_SET_LOG_FD = 7,
	VHOST_USER_SET_VRING_NUM = 8,
	VHOST_USER_SET_VRING_ADDR = 9,
	VHOST_USER_SET_VRING_BASE = 10,
	VHOST_USER_GET_VRING_BASE = 11,
	VHOST_USER_SET_VRING_KICK = 12,
	VHOST_USER_SET_VRING_CALL = 13,
	VHOST_USER_SET_VRING_ERR = 14,
	VHOST_USER_GET_PROTOCOL_FEATURES = 15,
	VHOST_USER_SET_PROTOCOL_FEATURES = 16,
	VHOST_USER_GET_QUEUE_NUM = 17,
	VHOST_USER_SET_VRING_ENABLE = 18,
	VHOST_USER_SEND_RARP = 19,
	VHOST_USER_NET_SET_MTU = 20,
	VHOST_USER_SET_BACKEND_REQ_FD = 21,
	VHOST_USER_IOTLB_MSG = 22,
	VHOST_USER_SET_VRING_ENDIAN = 23,
	VHOST_USER_GET_CONFIG = 24,
	VHOST_USER_SET_CONFIG = 25,
	VHOST_USER_GET_INFLIGHT_FD = 31,
	VHOST_USER_SET_INFLIGHT_FD = 32,
	VHOST_USER_RESET_DEVICE = 34,
	VHOST_USER_VRING_KICK = 35,
	VHOST_USER_GET_MAX_MEM_SLOTS = 36,
	VHOST_USER_ADD_MEM_REG = 37,
	VHOST_USER_REM_MEM_REG = 38,
	VHOST_USER_SET_STATUS = 39,
	VHOST_USER_GET_STATUS = 40,
	VHOST_USER_SET_DEVICE_STATE_FD = 42,
	VHOST_USER_CHECK_DEVICE_STATE = 43,
	VHOST_USER_REQUESTS = 44,
};

/* What the back-end sends, on its own channel. */
enum vhost_user_backend_request {
	VHOST_USER_BACKEND_IOTLB_MSG = 1,
	VHOST_USER_BACKEND_CONFIG_CHANGE_MSG = 2,
	VHOST_USER_BACKEND_VRING_HOST_NOTIFIER_MSG = 3,
	VHOST_USER_BACKEND_VRING_CALL = 4,
	VHOST_USER_BACKEND_VRING_ERR = 5,
};

#define VHOST_USER_VERSION 1u
#define VHOST_USER_VERSION_MASK 3u
#define VHOST_USER_REPLY 4u
#define VHOST_USER_NEED_REPLY 8u

#define VHOST_USER_PROTOCOL_F_MQ (UINT64_C(1) << 0)
#define VHOST_USER_PROTOCOL_F_LOG_SHMFD (UINT64_C(1) << 1)
#define VHOST_USER_PROTOCOL_F_RARP (UINT64_C(1) << 2)
#define VHOST_USER_PROTOCOL_F_REPLY_ACK (UINT64_C(1) << 3)
#define VHOST_USER_PROTOCOL_F_MTU (UINT64_C(1) << 4)
#define VHOST_USER_PROTOCOL_F_BACKEND_REQ (UINT64_C(1) << 5)
#define VHOST_USER_PROTOCOL_F_CONFIG (UINT64_C(1) << 9)
#define VHOST_USER_PROTOCOL_F_BACKEND_SEND_FD (UINT64_C(1) << 10)
#define VHOST_USER_PROTOCOL_F_HOST_NOTIFIER (UINT64_C(1) << 11)
#define VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD (UINT64_C(1) << 12)
#define VHOST_USER_PROTOCOL_F_RESET_DEVICE (UINT64_C(1) << 13)
#define VHOST_USER_PROTOCOL_F_INBAND_NOTIFICATIONS (UINT64_C(1) << 14)
#define VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS (UINT64_C(1) << 15)
#define VHOST_USER_PROTOCOL_F_STATUS (UINT64_C(1) << 16)
#define VHOST_USER_PROTOCOL_F_DEVICE_STATE (UINT64_C(1) << 19)

/* SET_MEM_TABLE's regions, and so the descriptors that a message brings. */
#define VHOST_USER_REGIONS 8
#define VHOST_USER_FDS VHOST_USER_REGIONS
#define VHOST_USER_CONFIG_MAX 256

/* SET_VRING_KICK, _CALL, _ERR: the queue in the low byte, and that there is no descriptor. */
#define VHOST_USER_VRING_INDEX 0xffu
#define VHOST_USER_VRING_NOFD 0x100u

struct vhost_user_region {
	uint64_t guest; /* as in descriptors */
	uint64_t size;
	uint64_t user; /* as in SET_VRING_ADDR */
	uint64_t offset;
};

struct vhost_user_vring_state {
	uint32_t index;
	uint32_t num;
};

struct vhost_user_vring_addr {
	uint32_t index;
	uint32_t flags;
	uint64_t desc;
	uint64_t used;
	uint64_t avail;
	uint64_t log;
};

struct vhost_user_config {
	uint32_t offset;
	uint32_t size;
	uint32_t flags; /* 1: also what only migration may change */
	uint8_t bytes[VHOST_USER_CONFIG_MAX];
};
#define VHOST_USER_CONFIG_HEADER 12u

struct vhost_user_iotlb {
	uint64_t iova;
	uint64_t size;
	uint64_t user;
	uint8_t access; /* enum dpu_memory_access */
	uint8_t type;
	uint8_t pad[6];
};
enum { VHOST_USER_IOTLB_MISS = 1, VHOST_USER_IOTLB_UPDATE = 2, VHOST_USER_IOTLB_INVALIDATE = 3 };

struct vhost_user_inflight {
	uint64_t size;
	uint64_t offset;
	uint16_t queues;
	uint16_t queue_size;
	uint32_t pad;
};
/* Without the padding at its end, which QEMU sends. */
#define VHOST_USER_INFLIGHT_SIZE 20u

struct vhost_user_message {
	struct {
		uint32_t request;
		uint32_t flags;
		uint32_t size; /* of the payload */
	} header;
	union {
		uint64_t u64;
		struct {
			uint32_t count;
			uint32_t pad;
			struct vhost_user_region regions[VHOST_USER_REGIONS];
		} memory;
		struct {
			uint64_t pad;
			struct vhost_user_region region;
		} slot;
		struct {
			uint64_t size;
			uint64_t offset;
		} log;
		struct vhost_user_vring_state state;
		struct vhost_user_vring_addr addr;
		struct vhost_user_config config;
		struct vhost_user_iotlb iotlb;
		struct vhost_user_inflight inflight;
		struct {
			uint32_t direction; /* 0 save, 1 load */
			uint32_t phase;
		} transfer;
	};
	int fds[VHOST_USER_FDS];
	uint32_t fd_count;
};
/* The longest payload: what the union has room for. */
#define VHOST_USER_PAYLOAD_MAX                                                                               \
	(offsetof(struct vhost_user_message, fds) - offsetof(struct vhost_user_message, u64))

/* One end of a socket. */
struct vhost_channel {
	int fd;        /* -1: none */
	uint32_t have; /* bytes of in */
	struct vhost_user_message in;
};

void vhost_channel_init(struct vhost_channel *channel);
/* fd becomes the channel's, and does not block any more. */
int vhost_channel_open(struct vhost_channel *channel, int fd);
void vhost_channel_close(struct vhost_channel *channel);

/* Goes on receiving. 1: there is a message in "in", whose descriptors are the caller's to take until the next
 * call; 0: not yet; or a negative errno: -ECONNRESET the peer is gone; -EPROTO it does not speak vhost-user;
 * what recvmsg(2) says. */
int vhost_channel_receive(struct vhost_channel *channel);

/* Sends a whole message or nothing; the descriptors stay the caller's. 0 or a negative errno: -EAGAIN there
 * is no room. */
int vhost_channel_send(struct vhost_channel *channel, const struct vhost_user_message *message);

/* Takes a descriptor out of a message; -1 when it has none of that number. */
int vhost_message_take(struct vhost_user_message *message, uint32_t index);
/* Closes those that nobody took. */
void vhost_message_clear(struct vhost_user_message *message);

/* The request's name, as the specification has it without its prefix. */
const char *vhost_user_request_name(uint32_t request);

#endif
