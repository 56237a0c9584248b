/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver side of vhost-user: its life, and that of a connection. */
#include "vhost/frontend.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int connected(struct dpu_vhost *vh)
{
	struct frontend *frontend = vhost_frontend(vh);

	frontend->queue_count = vh->queue_count;
	frontend->slots = VHOST_USER_REGIONS;
	return frontend_pump(vh);
}

static int writable(struct dpu_vhost *vh)
{
	return vhost_frontend(vh)->waits ? frontend_pump(vh) : 0;
}

static void gone(struct dpu_vhost *vh)
{
	struct frontend *frontend = vhost_frontend(vh);
	uint32_t i;

	for (i = 0; i < vh->queue_count; i++) {
		vhost_queue_set_in(vh, i, -1);
		vh->queues[i].enabled = false;
	}
	if (frontend->back.fd >= 0)
		vhost_unwatch(vh, frontend->back.fd);
	vhost_channel_close(&frontend->back);
	if (frontend->back_peer >= 0)
		close(frontend->back_peer);
	frontend->back_peer = -1;
	frontend_memory_gone(vh);
	frontend->at = frontend->index = 0;
	frontend->sending = frontend->awaited = NULL;
	frontend->waits = frontend->protocol = frontend->barrier = false;
	frontend->changed = frontend->config_stale = false;
	frontend->config_size = frontend->write_len = 0;
	vh->offered = vh->features = vh->protocol_features = 0;
	vh->config_len = 0;
	vh->status = 0;
	vh->mtu = 0;
}

static void destroy(struct dpu_vhost *vh)
{
	struct frontend *frontend = vhost_frontend(vh);
	uint32_t i;

	frontend_drop_queues(vh);
	for (i = 1; i < frontend->region_count; i++)
		close(frontend->regions[i].fd);
	free(frontend->regions);
	free(frontend->queues);
	arena_close(&frontend->arena);
	free(frontend);
}

static const struct vhost_user_role frontend_role = {
	.connected = connected,
	.message = frontend_answer,
	.late = frontend_late,
	.writable = writable,
	.ready = frontend_ready,
	.gone = gone,
	.close = destroy,
};

static const struct vhost_ops frontend_ops = {
	.ready = vhost_user_ready,
	.memory_add = frontend_memory_add,
	.memory_remove = frontend_memory_remove,
	.config_write = frontend_config_write,
	.close = vhost_user_close,
};

int vhost_frontend_create(struct dpu_vhost *vh)
{
	struct frontend *frontend;
	int rc;

	frontend = calloc(1, sizeof(*frontend));
	if (!frontend)
		return vhost_fail(vh, -ENOMEM, "open", NULL);
	arena_init(&frontend->arena);
	vhost_channel_init(&frontend->back);
	frontend->back_peer = frontend->inflight_fd = -1;
	vhost_user(vh)->role = &frontend_role;
	vhost_user(vh)->end = frontend;
	vh->ops = &frontend_ops;
	/* There is no control queue. */
	if (vh->opts.device == DPU_VIRTIO_ID_NET)
		vh->opts.withhold |= DPU_VIRTIO_NET_F_CTRL_VQ;
	frontend->queues = calloc(vh->queue_count, sizeof(*frontend->queues));
	frontend->regions = calloc(1, sizeof(*frontend->regions));
	if (!frontend->queues || !frontend->regions)
		return vhost_fail(vh, -ENOMEM, "open", NULL);
	rc = arena_open(&frontend->arena, vh);
	if (rc < 0)
		return rc;
	frontend->regions[frontend->region_count++] = (struct frontend_region){
		.ptr = frontend->arena.base,
		.size = frontend->arena.size,
		.fd = frontend->arena.fd,
		.wanted = true,
	};
	return 0;
}
