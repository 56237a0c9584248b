/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A front-end's copy of the configuration space, and the back-end's own channel, on which it tells that this
 * has changed. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "vhost/frontend.h"

/* A network device's, to which field it goes: MTU, SPEED_DUPLEX, HASH_REPORT or RSS (5.1.4). */
#define NET_CONFIG 12u
#define NET_CONFIG_SPEED 17u
#define NET_CONFIG_RSS 24u

/* Some back-ends refuse to tell more than they have, so what is asked for ends with the last field that the
 * offered features can bring. */
static uint32_t config_size(const struct dpu_vhost *vh)
{
	uint64_t offered = vh->offered;

	switch (vh->opts.device) {
	case DPU_VIRTIO_ID_NET:
		if (offered & (DPU_VIRTIO_NET_F_RSS | DPU_VIRTIO_NET_F_HASH_REPORT))
			return NET_CONFIG_RSS;
		return offered & DPU_VIRTIO_NET_F_SPEED_DUPLEX ? NET_CONFIG_SPEED : NET_CONFIG;
	case DPU_VIRTIO_ID_BLOCK:
		if (offered & DPU_VIRTIO_BLK_F_ZONED)
			return sizeof(struct dpu_virtio_blk_config);
		if (offered & DPU_VIRTIO_BLK_F_SECURE_ERASE)
			return offsetof(struct dpu_virtio_blk_config, zoned);
		if (offered & (DPU_VIRTIO_BLK_F_WRITE_ZEROES | DPU_VIRTIO_BLK_F_DISCARD))
			return offsetof(struct dpu_virtio_blk_config, max_secure_erase_sectors);
		return offsetof(struct dpu_virtio_blk_config, max_discard_sectors);
	}
	return VHOST_CONFIG_MAX;
}

static int fill_get(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index)
{
	struct frontend *frontend = vhost_frontend(vh);

	(void)index;
	if (!frontend->config_size)
		frontend->config_size = config_size(vh);
	frontend->config_stale = false;
	message->config.size = frontend->config_size;
	message->header.size = VHOST_USER_CONFIG_HEADER + frontend->config_size;
	return 0;
}

static int got(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	struct frontend *frontend = vhost_frontend(vh);
	uint32_t size = frontend->config_size;

	/* It refuses: it has less. */
	if (message->header.size < VHOST_USER_CONFIG_HEADER || !message->config.size) {
		frontend->config_size = size / 2;
		frontend->config_stale = size > 1;
		return 0;
	}
	if (message->header.size != VHOST_USER_CONFIG_HEADER + size || message->config.size != size ||
	    message->config.offset)
		return vhost_fail(vh, -EPROTO, "GET_CONFIG", "not the %u bytes that were asked for", size);
	memcpy(vh->config, message->config.bytes, size);
	vh->config_len = size;
	if (frontend_running(vh))
		vhost_emit(vh, DPU_VHOST_CONFIG, 0, 0);
	return 0;
}

static int fill_set(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index)
{
	struct frontend *frontend = vhost_frontend(vh);

	(void)index;
	message->config.offset = frontend->write_offset;
	message->config.size = frontend->write_len;
	memcpy(message->config.bytes, &vh->config[frontend->write_offset], frontend->write_len);
	message->header.size = VHOST_USER_CONFIG_HEADER + frontend->write_len;
	return 0;
}

/* Who does not take what was written is asked what it has instead. */
static int written(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	struct frontend *frontend = vhost_frontend(vh);

	if (message && message->u64) {
		vhost_fail(vh, -EIO, "SET_CONFIG", "the peer does not take %u bytes at %u",
			   frontend->write_len, frontend->write_offset);
		frontend->config_stale = true;
	}
	frontend->write_len = 0;
	return 0;
}

const struct frontend_step *frontend_config_step(struct dpu_vhost *vh)
{
	static const struct frontend_step get = {
		.request = VHOST_USER_GET_CONFIG, .answered = true, .fill = fill_get, .answer = got
	};
	static const struct frontend_step set = {
		.request = VHOST_USER_SET_CONFIG, .acknowledged = true, .fill = fill_set, .answer = written
	};

	if (vhost_frontend(vh)->write_len)
		return &set;
	return vhost_frontend(vh)->config_stale ? &get : NULL;
}

int frontend_config_write(struct dpu_vhost *vh, uint32_t offset, const void *buf, uint32_t len)
{
	struct frontend *frontend = vhost_frontend(vh);

	if (!len)
		return 0;
	if (frontend->write_len)
		return vhost_fail(vh, -EAGAIN, "config_write", "the write before is not answered");
	memcpy(&vh->config[offset], buf, len);
	frontend->write_offset = offset;
	frontend->write_len = len;
	frontend_stir(vh);
	return 0;
}

int frontend_fill_back(struct dpu_vhost *vh, struct vhost_user_message *message, uint32_t index)
{
	struct frontend *frontend = vhost_frontend(vh);
	int fds[2], rc;

	(void)index;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return vhost_fail(vh, -errno, "SET_BACKEND_REQ_FD", "socketpair: %s", strerror(errno));
	frontend->back_peer = fds[1];
	rc = vhost_channel_open(&frontend->back, fds[0]);
	if (rc < 0) {
		close(fds[0]);
		return vhost_fail(vh, rc, "SET_BACKEND_REQ_FD", NULL);
	}
	rc = vhost_watch(vh, fds[0], USER_BACK, 0, EPOLLIN);
	if (rc < 0)
		return vhost_fail(vh, rc, "SET_BACKEND_REQ_FD", NULL);
	message->fds[message->fd_count++] = frontend->back_peer;
	return 0;
}

int frontend_sent_back(struct dpu_vhost *vh, struct vhost_user_message *message)
{
	struct frontend *frontend = vhost_frontend(vh);

	close(frontend->back_peer);
	frontend->back_peer = -1;
	if (message && message->u64)
		return vhost_fail(vh, -EIO, "SET_BACKEND_REQ_FD", "the peer says no");
	return 0;
}

/* Carries out what the back-end asks for: 0 or a negative errno. There is no translation to be missed, and no
 * host notifier to be mapped. */
static int carry_out(struct dpu_vhost *vh, const struct vhost_user_message *message)
{
	if (message->header.request != VHOST_USER_BACKEND_CONFIG_CHANGE_MSG ||
	    !(vh->protocol_features & VHOST_USER_PROTOCOL_F_CONFIG))
		return vhost_fail(vh, -EOPNOTSUPP, "back-end request", "there is no use for request %u here",
				  message->header.request);
	if (message->header.size || message->fd_count)
		return vhost_fail(vh, -EPROTO, "CONFIG_CHANGE_MSG", "%u bytes and %u descriptors, not none",
				  message->header.size, message->fd_count);
	vhost_frontend(vh)->config_stale = true;
	return 0;
}

static int reply(struct dpu_vhost *vh, const struct vhost_user_message *message, bool refused)
{
	struct vhost_user_message answer = {
		.header = { message->header.request, VHOST_USER_VERSION | VHOST_USER_REPLY,
			    sizeof(uint64_t) },
		.u64 = refused,
	};
	int rc = vhost_channel_send(&vhost_frontend(vh)->back, &answer);

	return rc < 0 ? vhost_fail(vh, rc, "back-end request", "it does not take the answer") : 0;
}

int frontend_ready(struct dpu_vhost *vh, uint32_t source)
{
	struct frontend *frontend = vhost_frontend(vh);
	const struct vhost_user_message *message = &frontend->back.in;
	int rc = vhost_channel_receive(&frontend->back);

	(void)source; /* there is no other */
	if (rc == -ECONNRESET) {
		vhost_unwatch(vh, frontend->back.fd);
		vhost_channel_close(&frontend->back);
		return 0;
	}
	if (rc < 0)
		return vhost_fail(vh, rc, "back-end request",
				  rc == -EPROTO ? "this is not vhost-user" : NULL);
	if (rc == 0)
		return 0;
	rc = carry_out(vh, message);
	vhost_message_clear(&frontend->back.in);
	if (message->header.flags & VHOST_USER_NEED_REPLY &&
	    vh->protocol_features & VHOST_USER_PROTOCOL_F_REPLY_ACK)
		rc = reply(vh, message, rc < 0);
	return rc < 0 ? rc : frontend_pump(vh);
}
