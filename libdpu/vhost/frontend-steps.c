/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said on a connection, in which order, and what must have been answered before it goes on. Source:
 * QEMU's docs/interop/vhost-user.rst; the order is that of QEMU's own front-end. */
#include <errno.h>
#include <string.h>
#include "vhost/frontend.h"

/* What there is a use for here. Of in-band notifications, a front-end whose eventfds always work, of host
 * notifiers, one that cannot map them, there is none. */
#define PROTOCOL_FEATURES                                                                                    \
	(VHOST_USER_PROTOCOL_F_MQ | VHOST_USER_PROTOCOL_F_REPLY_ACK | VHOST_USER_PROTOCOL_F_MTU |            \
	 VHOST_USER_PROTOCOL_F_BACKEND_REQ | VHOST_USER_PROTOCOL_F_CONFIG |                                  \
	 VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD | VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS |                  \
	 VHOST_USER_PROTOCOL_F_STATUS)

static bool has_protocol(const struct dpu_vhost *vh)
{
	return vhost_frontend(vh)->protocol;
}

static int got_features(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	vh->offered = message->u64 & ~DPU_VHOST_USER_F_PROTOCOL_FEATURES;
	vhost_frontend(vh)->protocol = message->u64 & DPU_VHOST_USER_F_PROTOCOL_FEATURES;
	return 0;
}

static int got_protocol_features(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	struct frontend *frontend = vhost_frontend(vh);
	uint64_t features = message->u64 & PROTOCOL_FEATURES;

	/* Without an acknowledgement nobody knows when a region can be used. */
	if (!(features & VHOST_USER_PROTOCOL_F_REPLY_ACK))
		features &= ~VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS;
	if (!vh->opts.mtu)
		features &= ~VHOST_USER_PROTOCOL_F_MTU;
	vh->protocol_features = features;
	frontend->config_stale = features & VHOST_USER_PROTOCOL_F_CONFIG;
	return 0;
}

static int fill_protocol_features(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index)
{
	(void)index;
	message->u64 = vh->protocol_features;
	message->header.size = sizeof(message->u64);
	return 0;
}

/* Of a network device back-ends tell the pairs. */
static int got_queue_num(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	struct frontend *frontend = vhost_frontend(vh);
	uint32_t each = vh->opts.device == DPU_VIRTIO_ID_NET ? 2 : 1;

	if (!message->u64)
		return vhost_fail(vh, -EPROTO, "GET_QUEUE_NUM", "a device without queues");
	if (message->u64 < vh->queue_count / each)
		frontend->queue_count = (uint32_t)message->u64 * each;
	return 0;
}

static int got_slots(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	uint64_t slots = message->u64 < DPU_MEMORY_REGIONS ? message->u64 : DPU_MEMORY_REGIONS;

	vhost_frontend(vh)->slots = (uint32_t)slots;
	return 0;
}

static int fill_status(struct dpu_vhost *vh, struct vhost_user_message *message, uint8_t bits)
{
	vh->status |= bits;
	message->u64 = vh->status;
	message->header.size = sizeof(message->u64);
	return 0;
}

static int fill_driver(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index)
{
	(void)index;
	return fill_status(vh, message, DPU_VIRTIO_STATUS_ACKNOWLEDGE | DPU_VIRTIO_STATUS_DRIVER);
}

static int fill_features_ok(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index)
{
	(void)index;
	return fill_status(vh, message, DPU_VIRTIO_STATUS_FEATURES_OK);
}

static int fill_driver_ok(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index)
{
	(void)index;
	return fill_status(vh, message, DPU_VIRTIO_STATUS_DRIVER_OK);
}

/* VIRTIO 1.2, 3.1.1: the device says whether it takes the features. */
static int got_status(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	if (!(message->u64 & DPU_VIRTIO_STATUS_FEATURES_OK))
		return vhost_fail(vh, -EOPNOTSUPP, "GET_STATUS", "the device does not take features 0x%llx",
				  (unsigned long long)vh->features);
	return 0;
}

static int fill_features(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index)
{
	(void)index;
	message->u64 = vh->features;
	if (has_protocol(vh))
		message->u64 |= DPU_VHOST_USER_F_PROTOCOL_FEATURES;
	message->header.size = sizeof(message->u64);
	return 0;
}

static bool has_mtu(const struct dpu_vhost *vh)
{
	return vh->features & DPU_VIRTIO_NET_F_MTU;
}

static int fill_mtu(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index)
{
	(void)index;
	message->u64 = vh->opts.mtu;
	message->header.size = sizeof(message->u64);
	return 0;
}

static int took_mtu(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	if (message && message->u64)
		return vhost_fail(vh, -EIO, "NET_SET_MTU", "the peer does not take an MTU of %u bytes",
				  vh->opts.mtu);
	vh->mtu = (uint16_t)vh->opts.mtu;
	return 0;
}

static const struct frontend_step *running(struct dpu_vhost *vh)
{
	struct frontend *frontend = vhost_frontend(vh);
	const struct frontend_step *step = frontend_memory_step(vh);

	if (step)
		return step;
	if (frontend->changed) {
		frontend->changed = false;
		vhost_emit(vh, DPU_VHOST_MEMORY, 0, 0);
	}
	return frontend_config_step(vh);
}

static const struct frontend_step steps[] = {
	{ .request = VHOST_USER_GET_FEATURES,
	  .answered = true,
	  .answer_size = sizeof(uint64_t),
	  .answer = got_features },
	{ .request = VHOST_USER_GET_PROTOCOL_FEATURES,
	  .due = has_protocol,
	  .answered = true,
	  .answer_size = sizeof(uint64_t),
	  .answer = got_protocol_features },
	{ .request = VHOST_USER_SET_PROTOCOL_FEATURES, .due = has_protocol, .fill = fill_protocol_features },
	{ .request = VHOST_USER_GET_QUEUE_NUM,
	  .protocol = VHOST_USER_PROTOCOL_F_MQ,
	  .answered = true,
	  .answer_size = sizeof(uint64_t),
	  .answer = got_queue_num },
	{ .request = VHOST_USER_SET_OWNER },
	{ .request = VHOST_USER_SET_BACKEND_REQ_FD,
	  .protocol = VHOST_USER_PROTOCOL_F_BACKEND_REQ,
	  .acknowledged = true,
	  .fill = frontend_fill_back,
	  .answer = frontend_sent_back },
	{ .request = VHOST_USER_GET_MAX_MEM_SLOTS,
	  .protocol = VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS,
	  .answered = true,
	  .answer_size = sizeof(uint64_t),
	  .answer = got_slots },
	{ .request = VHOST_USER_SET_STATUS, .protocol = VHOST_USER_PROTOCOL_F_STATUS, .fill = fill_driver },
	{ .pick = frontend_config_step },
	{ .act = frontend_accept },
	{ .request = VHOST_USER_SET_FEATURES, .acknowledged = true, .fill = fill_features },
	{ .request = VHOST_USER_SET_STATUS,
	  .protocol = VHOST_USER_PROTOCOL_F_STATUS,
	  .fill = fill_features_ok },
	{ .request = VHOST_USER_GET_STATUS,
	  .protocol = VHOST_USER_PROTOCOL_F_STATUS,
	  .answered = true,
	  .answer_size = sizeof(uint64_t),
	  .answer = got_status },
	{ .request = VHOST_USER_NET_SET_MTU,
	  .protocol = VHOST_USER_PROTOCOL_F_MTU,
	  .due = has_mtu,
	  .acknowledged = true,
	  .fill = fill_mtu,
	  .answer = took_mtu },
	{ .act = frontend_prepare_queues },
	{ .request = VHOST_USER_GET_INFLIGHT_FD,
	  .protocol = VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD,
	  .due = frontend_lacks_inflight,
	  .answered = true,
	  .answer_size = sizeof(struct vhost_user_inflight),
	  .answer_fds = 1,
	  .fill = frontend_fill_get_inflight,
	  .answer = frontend_got_inflight },
	{ .request = VHOST_USER_SET_INFLIGHT_FD,
	  .protocol = VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD,
	  .acknowledged = true,
	  .fill = frontend_fill_set_inflight },
	{ .pick = frontend_memory_step },
	{ .request = VHOST_USER_SET_VRING_NUM, .each_queue = true, .fill = frontend_fill_num },
	{ .request = VHOST_USER_SET_VRING_BASE, .each_queue = true, .fill = frontend_fill_base },
	{ .request = VHOST_USER_SET_VRING_ADDR,
	  .each_queue = true,
	  .acknowledged = true,
	  .fill = frontend_fill_addr },
	{ .request = VHOST_USER_SET_VRING_CALL, .each_queue = true, .fill = frontend_fill_call },
	{ .request = VHOST_USER_SET_VRING_KICK, .each_queue = true, .fill = frontend_fill_kick },
	{ .request = VHOST_USER_SET_VRING_ENABLE,
	  .each_queue = true,
	  .due = has_protocol,
	  .acknowledged = true,
	  .fill = frontend_fill_enable },
	{ .request = VHOST_USER_SET_STATUS,
	  .protocol = VHOST_USER_PROTOCOL_F_STATUS,
	  .fill = fill_driver_ok },
	/* What was added meanwhile: it can be used from the queues' start on. */
	{ .pick = frontend_memory_step },
	{ .act = frontend_start },
	{ .pick = running },
};
#define LAST ((uint32_t)(sizeof(steps) / sizeof(steps[0])) - 1)

bool frontend_running(const struct dpu_vhost *vh)
{
	return vhost_frontend(vh)->at == LAST;
}

void frontend_stir(struct dpu_vhost *vh)
{
	vhost_frontend(vh)->waits = true;
	vhost_user_want_room(vh, true);
}

/* The next message, or NULL when the steps are through. */
static int next(struct dpu_vhost *vh, const struct frontend_step **ret)
{
	struct frontend *frontend = vhost_frontend(vh);
	const struct frontend_step *step;
	int rc;

	for (;; frontend->at++) {
		step = &steps[frontend->at];
		if (step->pick)
			step = step->pick(vh);
		if (step && step->request && (vh->protocol_features & step->protocol) == step->protocol &&
		    !(step->due && !step->due(vh)))
			break;
		rc = step && step->act ? step->act(vh) : 0;
		if (rc < 0)
			return rc;
		if (frontend->at == LAST)
			break;
	}
	*ret = step;
	return 0;
}

static bool acknowledges(const struct dpu_vhost *vh, const struct frontend_step *step)
{
	return step->acknowledged && vh->protocol_features & VHOST_USER_PROTOCOL_F_REPLY_ACK;
}

static int compose(struct dpu_vhost *vh, const struct frontend_step *step)
{
	struct frontend *frontend = vhost_frontend(vh);
	struct vhost_user_message *message = &frontend->out;
	int rc = 0;

	memset(message, 0, sizeof(*message));
	message->header.request = step->request;
	message->header.flags = VHOST_USER_VERSION;
	if (acknowledges(vh, step))
		message->header.flags |= VHOST_USER_NEED_REPLY;
	if (step->fill)
		rc = step->fill(vh, message, frontend->index);
	if (rc == 0)
		frontend->sending = step;
	return rc;
}

/* The step's message is sent, and answered if it is to be. */
static int done(struct dpu_vhost *vh, const struct frontend_step *step, struct vhost_user_message *message)
{
	struct frontend *frontend = vhost_frontend(vh);
	int rc = 0;

	if (step->answer)
		rc = step->answer(vh, message);
	else if (message && message->u64)
		rc = vhost_fail(vh, -EIO, vhost_user_request_name(step->request), "the peer says no");
	if (rc < 0 || steps[frontend->at].pick)
		return rc;
	if (step->each_queue && ++frontend->index < frontend->queue_count)
		return 0;
	frontend->index = 0;
	frontend->at++;
	return 0;
}

/* For the answer, or for room to send. */
static void wait_for_peer(struct dpu_vhost *vh)
{
	vhost_user_expect(vh, vh->opts.timeout == DPU_VHOST_NO_TIMEOUT ? 0 : vh->opts.timeout);
}

int frontend_late(struct dpu_vhost *vh)
{
	const struct frontend *frontend = vhost_frontend(vh);
	const struct frontend_step *step = frontend->awaited ? frontend->awaited : frontend->sending;

	return vhost_fail(vh, -ETIMEDOUT, vhost_user_request_name(step->request),
			  frontend->awaited ? "no answer within %u ms" : "not taken within %u ms",
			  vh->opts.timeout);
}

/* Sends what was composed. */
static int flush(struct dpu_vhost *vh)
{
	struct frontend *frontend = vhost_frontend(vh);
	const struct frontend_step *step = frontend->sending;
	int rc = vhost_channel_send(&vhost_user(vh)->peer, &frontend->out);

	if (rc == -EAGAIN)
		return rc;
	if (rc < 0)
		return vhost_fail(vh, rc, vhost_user_request_name(step->request), NULL);
	frontend->sending = NULL;
	if (!step->answered && !acknowledges(vh, step)) {
		vhost_user_expect(vh, 0);
		return done(vh, step, NULL);
	}
	frontend->awaited = step;
	wait_for_peer(vh);
	return 0;
}

int frontend_pump(struct dpu_vhost *vh)
{
	struct frontend *frontend = vhost_frontend(vh);
	const struct frontend_step *step;
	bool waited = frontend->sending; /* for room, since an earlier call */
	int rc = 0;

	while (!frontend->awaited) {
		if (!frontend->sending) {
			waited = false;
			rc = next(vh, &step);
			if (rc < 0 || !step)
				break;
			rc = compose(vh, step);
		}
		if (rc == 0)
			rc = flush(vh);
		if (rc < 0)
			break;
	}
	if (rc == -EAGAIN) {
		if (!waited)
			wait_for_peer(vh);
		frontend_stir(vh);
		return 0;
	}
	if (frontend->waits)
		vhost_user_want_room(vh, false);
	frontend->waits = false;
	return rc;
}

static int check_answer(struct dpu_vhost *vh, const struct frontend_step *step,
			const struct vhost_user_message *message)
{
	const char *name = vhost_user_request_name(step->request);
	uint32_t size = step->answered ? step->answer_size : sizeof(message->u64);

	if (message->header.request != step->request)
		return vhost_fail(vh, -EPROTO, name, "%s is answered instead",
				  vhost_user_request_name(message->header.request));
	if (!(message->header.flags & VHOST_USER_REPLY))
		return vhost_fail(vh, -EPROTO, name, "an answer that is not marked as one");
	if (size && message->header.size != size)
		return vhost_fail(vh, -EPROTO, name, "an answer of %u bytes, not %u", message->header.size,
				  size);
	if (message->fd_count != step->answer_fds)
		return vhost_fail(vh, -EPROTO, name, "an answer with %u descriptors, not %u",
				  message->fd_count, step->answer_fds);
	return 0;
}

int frontend_answer(struct dpu_vhost *vh)
{
	struct vhost_user_message *message = &vhost_user(vh)->peer.in;
	struct frontend *frontend = vhost_frontend(vh);
	const struct frontend_step *step = frontend->awaited;
	int rc;

	if (!step)
		return vhost_fail(vh, -EPROTO, vhost_user_request_name(message->header.request),
				  "an answer that nobody has asked for");
	rc = check_answer(vh, step, message);
	if (rc < 0)
		return rc;
	frontend->awaited = NULL;
	vhost_user_expect(vh, 0);
	rc = done(vh, step, message);
	return rc < 0 ? rc : frontend_pump(vh);
}
