/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which message there is, what it must look like, who carries it out, and the answers. */
#include "vhost/backend.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "virtio/net.h"

/* Of rings and transport. */
#define RING_FEATURES                                                                                        \
	(DPU_VIRTIO_F_ANY_LAYOUT | DPU_VIRTIO_F_INDIRECT_DESC | DPU_VIRTIO_F_EVENT_IDX |                     \
	 DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_F_ACCESS_PLATFORM | DPU_VIRTIO_F_RING_PACKED |                  \
	 DPU_VIRTIO_F_IN_ORDER | DPU_VIRTIO_F_ORDER_PLATFORM | DPU_VHOST_F_LOG_ALL |                         \
	 DPU_VHOST_USER_F_PROTOCOL_FEATURES)

static uint64_t offered_features(const struct dpu_vhost *vh)
{
	uint64_t features = RING_FEATURES | vhost_model_features(vh);

	/* Pairs of queues are the front-end's business, and so are the commands that choose among them. */
	if (vh->opts.device == DPU_VIRTIO_ID_NET && vh->opts.queues > 1)
		features |= DPU_VIRTIO_NET_F_MQ;
	return features & ~vh->opts.withhold;
}

static uint64_t offered_protocol(const struct dpu_vhost *vh)
{
	uint64_t features = VHOST_USER_PROTOCOL_F_MQ | VHOST_USER_PROTOCOL_F_LOG_SHMFD |
			    VHOST_USER_PROTOCOL_F_REPLY_ACK | VHOST_USER_PROTOCOL_F_BACKEND_REQ |
			    VHOST_USER_PROTOCOL_F_BACKEND_SEND_FD | VHOST_USER_PROTOCOL_F_HOST_NOTIFIER |
			    VHOST_USER_PROTOCOL_F_RESET_DEVICE | VHOST_USER_PROTOCOL_F_INBAND_NOTIFICATIONS |
			    VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS | VHOST_USER_PROTOCOL_F_STATUS |
			    VHOST_USER_PROTOCOL_F_DEVICE_STATE;

	if (!(vh->opts.flags & DPU_VHOST_NO_INFLIGHT))
		features |= VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD;
	if (vh->opts.device == DPU_VIRTIO_ID_NET)
		features |= VHOST_USER_PROTOCOL_F_RARP | VHOST_USER_PROTOCOL_F_MTU;
	/* A network device that says nothing of itself spares QEMU a warning. */
	if (vh->opts.blk || (vh->opts.net && vh->opts.net->opts.features &
						     (DPU_VIRTIO_NET_F_MAC | DPU_VIRTIO_NET_F_STATUS |
						      DPU_VIRTIO_NET_F_SPEED_DUPLEX | DPU_VIRTIO_NET_F_RSS)))
		features |= VHOST_USER_PROTOCOL_F_CONFIG;
	return features;
}

int backend_fail(struct dpu_vhost *vh, int code, const char *format, ...)
{
	uint32_t request = vhost_user(vh)->peer.in.header.request;
	va_list args;

	va_start(args, format);
	error_set(&vh->error, code, vhost_user_request_name(request), vh->name, format, args);
	va_end(args);
	return code;
}

int backend_reply(struct dpu_vhost *vh, struct vhost_user_message *reply, uint32_t request)
{
	int rc;

	reply->header.request = request;
	reply->header.flags = VHOST_USER_VERSION | VHOST_USER_REPLY;
	rc = vhost_channel_send(&vhost_user(vh)->peer, reply);
	if (rc == -EAGAIN)
		return backend_fail(vh, -EIO, "the front-end reads no answers");
	return rc < 0 ? backend_fail(vh, rc, NULL) : 0;
}

int backend_reply_u64(struct dpu_vhost *vh, uint32_t request, uint64_t value)
{
	struct vhost_user_message reply = { .header.size = sizeof(reply.u64), .u64 = value };

	return backend_reply(vh, &reply, request);
}

/* Tells how a message went, if that was asked for; rc stays the connection's end if not. */
static int acknowledge(struct dpu_vhost *vh, uint32_t request, uint32_t flags, int rc)
{
	if (!(flags & VHOST_USER_NEED_REPLY) || !backend_negotiated(vh, VHOST_USER_PROTOCOL_F_REPLY_ACK))
		return rc;
	return backend_reply_u64(vh, request, rc < 0);
}

void backend_acknowledge_later(struct dpu_vhost *vh)
{
	struct backend *be = vhost_backend(vh);

	be->later.request = vhost_user(vh)->peer.in.header.request;
	be->later.flags = vhost_user(vh)->peer.in.header.flags;
}

void backend_acknowledge(struct dpu_vhost *vh, int rc)
{
	const struct backend *be = vhost_backend(vh);

	if (!vh->connected)
		return;
	rc = acknowledge(vh, be->later.request, be->later.flags, rc);
	if (rc < 0)
		vhost_user_disconnect(vh, rc);
}

void backend_acknowledge_handled(struct dpu_vhost *vh)
{
	backend_acknowledge(vh, 0);
}

static int get_features(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	int rc = backend_reply_u64(vh, message->header.request, vh->offered);

	return rc < 0 ? rc : BACKEND_ANSWERED;
}

static bool any_started(const struct dpu_vhost *vh)
{
	uint32_t i;

	for (i = 0; i < vh->queue_count; i++) {
		if (vh->queues[i].vq)
			return true;
	}
	return false;
}

static int set_features(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	uint64_t features = message->u64;
	char names[256];
	uint32_t i;
	int rc;

	if (features & ~vh->offered) {
		dpu_virtio_features_format(vh->opts.device, features & ~vh->offered, names, sizeof(names));
		return backend_fail(vh, -EINVAL, "not offered: %s", names);
	}
	if ((features ^ vh->features) & ~DPU_VHOST_F_LOG_ALL) {
		if (any_started(vh))
			return backend_fail(vh, -EBUSY, "the queues run with other features");
		rc = vhost_model_accept(vh, features);
		if (rc < 0)
			return backend_fail(vh, rc, "the device cannot have these features together");
	}
	vh->features = features;
	vh->iotlb = features & DPU_VIRTIO_F_ACCESS_PLATFORM;
	for (i = 0; i < vh->queue_count && !(features & DPU_VHOST_USER_F_PROTOCOL_FEATURES); i++)
		vh->queues[i].enabled = true;
	vhost_emit(vh, DPU_VHOST_FEATURES, 0, features);
	return backend_update_log(vh);
}

static int get_protocol_features(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	int rc = backend_reply_u64(vh, message->header.request, offered_protocol(vh));

	return rc < 0 ? rc : BACKEND_ANSWERED;
}

static int set_protocol_features(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	const uint64_t in_band = VHOST_USER_PROTOCOL_F_BACKEND_REQ | VHOST_USER_PROTOCOL_F_REPLY_ACK;
	uint64_t features = message->u64;

	if (features & ~offered_protocol(vh))
		return backend_fail(vh, -EINVAL, "not offered: 0x%llx",
				    (unsigned long long)(features & ~offered_protocol(vh)));
	if (features & VHOST_USER_PROTOCOL_F_INBAND_NOTIFICATIONS && (features & in_band) != in_band)
		return backend_fail(vh, -EINVAL, "INBAND_NOTIFICATIONS without BACKEND_REQ and REPLY_ACK");
	vh->protocol_features = features;
	return 0;
}

static int get_queue_num(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	/* Of a network device too, virtqueues are meant by the text but pairs by every front-end. */
	int rc = backend_reply_u64(vh, message->header.request, vh->opts.queues);

	return rc < 0 ? rc : BACKEND_ANSWERED;
}

static int set_owner(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	(void)vh;
	(void)message;
	return 0;
}

static int send_rarp(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	struct vhost_event event = { .type = DPU_VHOST_RARP };

	/* In the machine's byte order the first byte is the lowest. */
	memcpy(event.mac, &message->u64, sizeof(event.mac));
	vhost_emit_event(vh, &event);
	return 0;
}

static int set_mtu(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	if (message->u64 < 68 || message->u64 > 65535)
		return backend_fail(vh, -EINVAL, "an MTU of %llu bytes", (unsigned long long)message->u64);
	vh->mtu = (uint16_t)message->u64;
	vhost_emit(vh, DPU_VHOST_MTU, 0, vh->mtu);
	return 0;
}

static int get_config(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	const struct vhost_user_config *asked = &message->config;
	struct vhost_user_message reply = { .config = { .offset = asked->offset, .size = asked->size } };
	bool fits =
		asked->size <= VHOST_USER_CONFIG_MAX && asked->offset <= VHOST_USER_CONFIG_MAX - asked->size;
	int rc;

	if (fits && vh->opts.net)
		dpu_virtio_net_config_read(vh->opts.net, asked->offset, reply.config.bytes, asked->size);
	else if (fits && vh->opts.blk)
		dpu_virtio_blk_config_read(vh->opts.blk, asked->offset, reply.config.bytes, asked->size);
	else
		fits = false;
	/* Nothing at all says that it failed. */
	reply.header.size = fits ? VHOST_USER_CONFIG_HEADER + asked->size : 0;
	rc = backend_reply(vh, &reply, message->header.request);
	return rc < 0 ? rc : BACKEND_ANSWERED;
}

static int set_config(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	const struct vhost_user_config *config = &message->config;
	int rc = -EOPNOTSUPP;

	if (message->header.size != VHOST_USER_CONFIG_HEADER + config->size)
		return backend_fail(vh, -EINVAL, "%u bytes are said to be %u", message->header.size,
				    VHOST_USER_CONFIG_HEADER + config->size);
	if (vh->opts.net)
		rc = dpu_virtio_net_config_write(vh->opts.net, config->offset, config->bytes, config->size);
	else if (vh->opts.blk)
		rc = dpu_virtio_blk_config_write(vh->opts.blk, config->offset, config->bytes, config->size);
	if (rc < 0)
		return backend_fail(vh, rc, NULL);
	vhost_emit(vh, DPU_VHOST_CONFIG, 0, 0);
	return 0;
}

static int get_max_mem_slots(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	int rc = backend_reply_u64(vh, message->header.request, DPU_MEMORY_REGIONS);

	return rc < 0 ? rc : BACKEND_ANSWERED;
}

static int get_status(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	int rc = backend_reply_u64(vh, message->header.request, vh->status);

	return rc < 0 ? rc : BACKEND_ANSWERED;
}

#define U64 sizeof(uint64_t)
#define STATE sizeof(struct vhost_user_vring_state)

/* By number. */
static const struct {
	backend_handler *handle;
	uint32_t size_min, size_max;
	uint32_t fds_min, fds_max;
	uint64_t needs; /* a protocol feature */
} requests[VHOST_USER_REQUESTS] = {
	[VHOST_USER_GET_FEATURES] = { get_features, 0, U64, 0, 0, 0 },
	[VHOST_USER_SET_FEATURES] = { set_features, U64, U64, 0, 0, 0 },
	[VHOST_USER_SET_OWNER] = { set_owner, 0, U64, 0, 0, 0 },
	/* Told to be ignored: it once meant two things. */
	[VHOST_USER_RESET_OWNER] = { set_owner, 0, U64, 0, 0, 0 },
	[VHOST_USER_SET_MEM_TABLE] = { backend_set_mem_table, U64, VHOST_USER_PAYLOAD_MAX, 0, VHOST_USER_FDS,
				       0 },
	[VHOST_USER_SET_LOG_BASE] = { backend_set_log_base, 2 * U64, 2 * U64, 1, 1,
				      VHOST_USER_PROTOCOL_F_LOG_SHMFD },
	[VHOST_USER_SET_LOG_FD] = { set_owner, 0, U64, 0, 1, 0 },
	[VHOST_USER_SET_VRING_NUM] = { backend_set_vring_num, STATE, STATE, 0, 0, 0 },
	[VHOST_USER_SET_VRING_ADDR] = { backend_set_vring_addr, sizeof(struct vhost_user_vring_addr),
					sizeof(struct vhost_user_vring_addr), 0, 0, 0 },
	[VHOST_USER_SET_VRING_BASE] = { backend_set_vring_base, STATE, STATE, 0, 0, 0 },
	[VHOST_USER_GET_VRING_BASE] = { backend_get_vring_base, STATE, STATE, 0, 0, 0 },
	[VHOST_USER_SET_VRING_KICK] = { backend_set_vring_kick, U64, U64, 0, 1, 0 },
	[VHOST_USER_SET_VRING_CALL] = { backend_set_vring_call, U64, U64, 0, 1, 0 },
	[VHOST_USER_SET_VRING_ERR] = { backend_set_vring_err, U64, U64, 0, 1, 0 },
	[VHOST_USER_GET_PROTOCOL_FEATURES] = { get_protocol_features, 0, U64, 0, 0, 0 },
	[VHOST_USER_SET_PROTOCOL_FEATURES] = { set_protocol_features, U64, U64, 0, 0, 0 },
	[VHOST_USER_GET_QUEUE_NUM] = { get_queue_num, 0, U64, 0, 0, VHOST_USER_PROTOCOL_F_MQ },
	[VHOST_USER_SET_VRING_ENABLE] = { backend_set_vring_enable, STATE, STATE, 0, 0, 0 },
	[VHOST_USER_SEND_RARP] = { send_rarp, U64, U64, 0, 0, VHOST_USER_PROTOCOL_F_RARP },
	[VHOST_USER_NET_SET_MTU] = { set_mtu, U64, U64, 0, 0, VHOST_USER_PROTOCOL_F_MTU },
	[VHOST_USER_SET_BACKEND_REQ_FD] = { backend_set_channel, 0, U64, 1, 1,
					    VHOST_USER_PROTOCOL_F_BACKEND_REQ },
	[VHOST_USER_IOTLB_MSG] = { backend_iotlb, 26, sizeof(struct vhost_user_iotlb), 0, 0, 0 },
	[VHOST_USER_GET_CONFIG] = { get_config, VHOST_USER_CONFIG_HEADER, sizeof(struct vhost_user_config), 0,
				    0, VHOST_USER_PROTOCOL_F_CONFIG },
	[VHOST_USER_SET_CONFIG] = { set_config, VHOST_USER_CONFIG_HEADER, sizeof(struct vhost_user_config), 0,
				    0, VHOST_USER_PROTOCOL_F_CONFIG },
	[VHOST_USER_GET_INFLIGHT_FD] = { backend_get_inflight, VHOST_USER_INFLIGHT_SIZE,
					 sizeof(struct vhost_user_inflight), 0, 0,
					 VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD },
	[VHOST_USER_SET_INFLIGHT_FD] = { backend_set_inflight, VHOST_USER_INFLIGHT_SIZE,
					 sizeof(struct vhost_user_inflight), 1, 1,
					 VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD },
	[VHOST_USER_RESET_DEVICE] = { backend_reset_device, 0, U64, 0, 0,
				      VHOST_USER_PROTOCOL_F_RESET_DEVICE },
	[VHOST_USER_VRING_KICK] = { backend_vring_kick, STATE, STATE, 0, 0,
				    VHOST_USER_PROTOCOL_F_INBAND_NOTIFICATIONS },
	[VHOST_USER_GET_MAX_MEM_SLOTS] = { get_max_mem_slots, 0, U64, 0, 0,
					   VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS },
	[VHOST_USER_ADD_MEM_REG] = { backend_add_mem_reg, 40, 40, 1, 1,
				     VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS },
	[VHOST_USER_REM_MEM_REG] = { backend_rem_mem_reg, 40, 40, 0, 1,
				     VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS },
	[VHOST_USER_SET_STATUS] = { backend_set_status, U64, U64, 0, 0, VHOST_USER_PROTOCOL_F_STATUS },
	[VHOST_USER_GET_STATUS] = { get_status, 0, U64, 0, 0, VHOST_USER_PROTOCOL_F_STATUS },
	[VHOST_USER_SET_DEVICE_STATE_FD] = { backend_set_device_state, U64, U64, 1, 1,
					     VHOST_USER_PROTOCOL_F_DEVICE_STATE },
	[VHOST_USER_CHECK_DEVICE_STATE] = { backend_check_device_state, 0, U64, 0, 0,
					    VHOST_USER_PROTOCOL_F_DEVICE_STATE },
};

/* Whether a message looks as it must. */
static int check(struct dpu_vhost *vh, const struct vhost_user_message *message)
{
	uint32_t request = message->header.request;

	if (request >= VHOST_USER_REQUESTS || !requests[request].handle)
		return backend_fail(vh, -EOPNOTSUPP, "request %u", request);
	if ((requests[request].needs & vh->protocol_features) != requests[request].needs)
		return backend_fail(vh, -EOPNOTSUPP, "its protocol feature is not in use");
	if (message->header.size < requests[request].size_min ||
	    message->header.size > requests[request].size_max)
		return backend_fail(vh, -EINVAL, "%u bytes", message->header.size);
	if (message->fd_count < requests[request].fds_min || message->fd_count > requests[request].fds_max)
		return backend_fail(vh, -EINVAL, "%u descriptors", message->fd_count);
	return 0;
}

static int backend_message(struct dpu_vhost *vh)
{
	struct vhost_user_message *message = &vhost_user(vh)->peer.in;
	uint32_t flags = message->header.flags;
	int rc;

	backend_settle(vh);
	if (flags & VHOST_USER_REPLY)
		return backend_fail(vh, -EPROTO, "an answer that nobody asked for");
	rc = check(vh, message);
	if (rc == 0)
		rc = requests[message->header.request].handle(vh, message);
	if (rc == BACKEND_ANSWERED)
		return 0;
	return acknowledge(vh, message->header.request, flags, rc);
}

static int backend_connected(struct dpu_vhost *vh)
{
	int rc = backend_memory_begin(vh);

	if (rc == 0)
		vhost_emit(vh, DPU_VHOST_CONNECTED, 0, 0);
	return rc;
}

static int backend_ready(struct dpu_vhost *vh, uint32_t source)
{
	return source == USER_BACK ? backend_channel_ready(vh) : backend_state_ready(vh);
}

static int backend_woken(struct dpu_vhost *vh)
{
	if (vh->connected && backend_memory_broken(vh))
		return vhost_fail(vh, -EFAULT, "memory", "the front-end has truncated a file that it shares");
	return 0;
}

static void backend_gone(struct dpu_vhost *vh)
{
	uint32_t i;

	/* The next driver begins with nothing accepted. */
	if (!vhost_backend(vh)->handed_over)
		vhost_model_reset(vh);

	backend_vrings_gone(vh);
	backend_memory_gone(vh);
	backend_channel_gone(vh);
	backend_state_gone(vh);
	vh->protocol_features = 0;
	vh->features = 0;
	vh->iotlb = false;
	vh->mtu = 0;
	vh->status = 0;
	for (i = 0; i < vh->queue_count; i++)
		vh->queues[i].enabled = false;
}

static void backend_close(struct dpu_vhost *vh)
{
	struct backend *be = vhost_backend(vh);

	pthread_mutex_destroy(&be->back_lock);
	free(be->vrings);
	free(be);
}

static const struct vhost_user_role backend_role = {
	.connected = backend_connected,
	.message = backend_message,
	.ready = backend_ready,
	.woken = backend_woken,
	.gone = backend_gone,
	.close = backend_close,
};

static const struct vhost_ops backend_ops = {
	.ready = vhost_user_ready,
	.woken = vhost_user_woken,
	.notify = backend_notify,
	.miss = backend_miss,
	.config_changed = backend_config_changed,
	.handover = backend_handover,
	.close = vhost_user_close,
};

int vhost_backend_create(struct dpu_vhost *vh)
{
	struct vhost_user *user = vhost_user(vh);
	struct backend *be;

	be = calloc(1, sizeof(*be));
	if (!be)
		return vhost_fail(vh, -ENOMEM, "open", NULL);
	vhost_channel_init(&be->back);
	pthread_mutex_init(&be->back_lock, NULL);
	be->state_fd = be->later.fd = -1;
	user->end = be;
	user->role = &backend_role;
	vh->ops = &backend_ops;
	vh->offered = offered_features(vh);
	be->vrings = calloc(vh->queue_count, sizeof(*be->vrings));
	return be->vrings ? 0 : vhost_fail(vh, -ENOMEM, "open", NULL);
}
