/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VDUSE: a device that the kernel shows to its own drivers, or to vhost-vdpa's users, as a vDPA device. The
 * kernel asks by messages, each of which it waits for; memory is looked up as addresses are missed. Source:
 * linux/vduse.h.
 */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "vhost/kernel.h"
#include "vhost/vduse.h"
#include "virtq/ring.h"

/* What a driver has said that lets a device go on. */
#define RUNNING                                                                                              \
	(DPU_VIRTIO_STATUS_ACKNOWLEDGE | DPU_VIRTIO_STATUS_DRIVER | DPU_VIRTIO_STATUS_FEATURES_OK |          \
	 DPU_VIRTIO_STATUS_DRIVER_OK)

enum { VDUSE_MESSAGES = VHOST_FIRST_OF_TRANSPORT };

/* The kernel has done with the device. */
static void lose(struct dpu_vhost *vh, int code)
{
	vhost_unwatch(vh, vduse_of(vh)->fd);
	if (vh->connected)
		kernel_end(vh, code);
	else
		vh->ended = true;
}

static void answer(struct dpu_vhost *vh, struct vduse_dev_response *response, uint32_t id, bool failed)
{
	response->request_id = id;
	response->result = failed ? VDUSE_REQ_RESULT_FAILED : VDUSE_REQ_RESULT_OK;
	/* ENOENT: who asked was killed meanwhile. */
	if (write(vduse_of(vh)->fd, response, sizeof(*response)) < 0 && errno != ENOENT)
		lose(vh, vhost_fail(vh, -errno, "answer", NULL));
}

static void acknowledge(struct dpu_vhost *vh, uint32_t id, bool failed)
{
	struct vduse_dev_response response = { 0 };

	answer(vh, &response, id, failed);
}

static void read_position(const struct dpu_vhost *vh, const struct vduse_vq_info *info,
			  const struct virtq_used *used, struct dpu_virtq_state *state)
{
	if (vh->features & DPU_VIRTIO_F_RING_PACKED)
		*state = (struct dpu_virtq_state){
			.avail = info->packed.last_avail_idx,
			.used = info->packed.last_used_idx,
			.avail_wrap = (uint8_t)(info->packed.last_avail_counter & 1),
			.used_wrap = (uint8_t)(info->packed.last_used_counter & 1),
		};
	else
		*state = (struct dpu_virtq_state){ .avail = info->split.avail_index,
						   .used = ring_load16(&used->idx) };
	/* A former process without a region has returned what it took in order; the rest is taken again. */
	state->avail = state->used;
	state->avail_wrap = state->used_wrap;
}

static int set_kick(struct dpu_vhost *vh, uint32_t index)
{
	struct vduse_vq_eventfd kick = { .index = index, .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };

	if (kick.fd < 0)
		return vhost_fail(vh, -errno, "start", "eventfd: %s", strerror(errno));
	vhost_queue_set_in(vh, index, kick.fd);
	return kernel_ioctl(vh, vduse_of(vh)->fd, VDUSE_VQ_SETUP_KICKFD, &kick, "VDUSE_VQ_SETUP_KICKFD");
}

/* The position is the region's, or else the ring's. */
static int make_queue(struct dpu_vhost *vh, const struct vduse_vq_info *info, struct dpu_virtq **ret)
{
	struct vduse *vduse = vduse_of(vh);
	struct vduse_queue *queue = &vduse->queues[info->index];
	bool packed = vh->features & DPU_VIRTIO_F_RING_PACKED;
	uint64_t n = info->num;
	struct dpu_virtq_state state;
	DPU_OPTS(dpu_virtq_opts, opts, .features = vh->features, .memory = vduse->iotlb, .state = &state,
		 .layout = packed ? DPU_VIRTQ_PACKED : DPU_VIRTQ_SPLIT, .side = DPU_VIRTQ_DEVICE,
		 .size = info->num, .inflight = vduse_region_slot(vduse, info->index),
		 .inflight_size = vduse->slot);
	int rc;

	opts.desc = vduse_memory_find(vh, info->desc_addr, n * sizeof(struct virtq_desc));
	opts.avail = vduse_memory_find(vh, info->driver_addr, packed ? 4 : 6 + 2 * n);
	opts.used = vduse_memory_find(vh, info->device_addr, packed ? 4 : 6 + 8 * n);
	if (!opts.desc || !opts.avail || !opts.used)
		return vhost_fail(vh, -EFAULT, "start", "the rings of queue %u are nowhere", info->index);
	read_position(vh, info, opts.used, &state);
	rc = dpu_virtq_create(&opts, ret);
	if (rc < 0)
		return vhost_fail(vh, rc, "start", "queue %u of %u descriptors", info->index, info->num);
	queue->rings[0] = opts.desc;
	queue->rings[1] = opts.avail;
	queue->rings[2] = opts.used;
	return 0;
}

/* A queue that the driver uses, from its beginning or where a former process was. */
static int start_queue(struct dpu_vhost *vh, uint32_t index, bool again)
{
	struct vduse *vduse = vduse_of(vh);
	struct vduse_vq_info info = { .index = index };
	struct dpu_virtq *vq;
	int rc;

	rc = kernel_ioctl(vh, vduse->fd, VDUSE_VQ_GET_INFO, &info, "VDUSE_VQ_GET_INFO");
	if (rc < 0 || !info.ready)
		return rc;
	if (!again && vduse->region)
		memset(vduse_region_slot(vduse, index), 0, vduse->slot);
	if (again && vh->features & DPU_VIRTIO_F_RING_PACKED && !vduse_region_kept(vduse, index))
		return vhost_fail(vh, -EINVAL, "start",
				  "queue %u is packed, and how far it has come was not kept", index);
	rc = make_queue(vh, &info, &vq);
	if (rc < 0)
		return rc;
	rc = set_kick(vh, index);
	vh->queues[index].enabled = true;
	atomic_store(&vh->queues[index].in_band, true);
	if (rc == 0)
		rc = vhost_queue_started(vh, index, vq);
	if (rc < 0) {
		dpu_virtq_unref(vq);
		return rc;
	}
	/* What was notified before there was somebody to hear it, and what the former process did not live to
	 * notify of. */
	vhost_queue_ring(vh, index);
	return again ? kernel_ioctl(vh, vduse->fd, VDUSE_VQ_INJECT_IRQ, &index, "VDUSE_VQ_INJECT_IRQ") : 0;
}

/* What the driver has accepted is the device's too. */
static int accept_features(struct dpu_vhost *vh)
{
	int rc;

	rc = kernel_ioctl(vh, vduse_of(vh)->fd, VDUSE_DEV_GET_FEATURES, &vh->features,
			  "VDUSE_DEV_GET_FEATURES");
	if (rc == 0 && (vh->features & ~vh->offered || vhost_model_accept(vh, vh->features) < 0))
		rc = vhost_fail(vh, -EINVAL, "start", "the device cannot have these features together");
	return rc;
}

/* The driver is ready: everything begins, or goes on. */
static int begin(struct dpu_vhost *vh, bool again)
{
	uint32_t i;
	int rc = 0;

	vh->connected = true;
	vh->connections++;
	vhost_emit(vh, DPU_VHOST_CONNECTED, 0, 0);
	vhost_emit(vh, DPU_VHOST_FEATURES, 0, vh->features);
	for (i = 0; rc == 0 && i < vh->queue_count; i++)
		rc = start_queue(vh, i, again);
	return rc;
}

static void release_queues(struct dpu_vhost *vh)
{
	uint32_t i;

	for (i = 0; i < vh->queue_count; i++) {
		if (!vh->queues[i].vq)
			continue;
		dpu_virtq_get_state(vh->queues[i].vq, &vduse_of(vh)->queues[i].state);
		vhost_queue_release(vh, i);
		vhost_queue_set_in(vh, i, -1);
		memset(vduse_of(vh)->queues[i].rings, 0, sizeof(vduse_of(vh)->queues[i].rings));
	}
}

/* The caller has let go of the queues: the driver may have its memory back. */
static void after_reset(struct dpu_vhost *vh)
{
	struct vduse *vduse = vduse_of(vh);

	release_queues(vh);
	vduse_memory_forget(vduse);
	vhost_model_reset(vh);
	vh->features = 0;
	memset(vduse->queues, 0, vh->queue_count * sizeof(*vduse->queues));
	acknowledge(vh, vduse->later.request_id, false);
}

static void reset(struct dpu_vhost *vh, const struct vduse_dev_request *request)
{
	uint32_t i;

	for (i = 0; i < vh->queue_count; i++)
		vhost_queue_stopping(vh, i);
	vhost_emit(vh, DPU_VHOST_RESET, 0, 0);
	if (vh->connected)
		vhost_emit(vh, DPU_VHOST_DISCONNECTED, 0, 0);
	vh->connected = false;
	vduse_of(vh)->later = *request;
	vh->then = after_reset;
}

static void status_changed(struct dpu_vhost *vh, const struct vduse_dev_request *request)
{
	bool ready = request->s.status & ~vh->status & DPU_VIRTIO_STATUS_DRIVER_OK;
	int rc = 0;

	vh->status = request->s.status;
	vhost_emit(vh, DPU_VHOST_STATUS, 0, vh->status);
	if (!vh->status) {
		reset(vh, request);
		return;
	}
	if (ready)
		rc = accept_features(vh);
	if (ready && rc == 0)
		rc = begin(vh, false);
	acknowledge(vh, request->request_id, rc < 0);
}

static void tell_state(struct dpu_vhost *vh, const struct vduse_dev_request *request)
{
	uint32_t index = request->vq_state.index;
	struct vduse_dev_response response = { .vq_state.index = index };
	struct dpu_virtq_state state;

	if (index >= vh->queue_count) {
		acknowledge(vh, request->request_id, true);
		return;
	}
	state = vduse_of(vh)->queues[index].state;
	if (vh->queues[index].vq)
		dpu_virtq_get_state(vh->queues[index].vq, &state);
	if (vh->features & DPU_VIRTIO_F_RING_PACKED)
		response.vq_state.packed = (struct vduse_vq_state_packed){
			.last_avail_counter = state.avail_wrap,
			.last_avail_idx = state.avail,
			.last_used_counter = state.used_wrap,
			.last_used_idx = state.used,
		};
	else
		response.vq_state.split.avail_index = state.avail;
	answer(vh, &response, request->request_id, false);
}

/* The caller has heard that memory was taken back. */
static void after_update(struct dpu_vhost *vh)
{
	const struct vduse_dev_request *request = &vduse_of(vh)->later;

	vduse_memory_removed(vh, request->iova.start, request->iova.last);
	acknowledge(vh, request->request_id, false);
}

static void memory_changed(struct dpu_vhost *vh, const struct vduse_dev_request *request)
{
	struct vduse *vduse = vduse_of(vh);

	vduse_memory_remove(vduse, request->iova.start, request->iova.last);
	vhost_emit(vh, DPU_VHOST_MEMORY, 0, 0);
	vduse->later = *request;
	vh->then = after_update;
}

static void vduse_ready(struct dpu_vhost *vh, uint32_t source)
{
	struct pollfd poll_fd = { .fd = vduse_of(vh)->fd };
	struct vduse_dev_request request;

	(void)source;
	if (read(vduse_of(vh)->fd, &request, sizeof(request)) != sizeof(request)) {
		if (poll(&poll_fd, 1, 0) > 0 && poll_fd.revents & POLLERR)
			lose(vh, vhost_fail(vh, -EIO, "read",
					    "the kernel gave the device up: no answer for too long"));
		return;
	}
	switch (request.type) {
	case VDUSE_GET_VQ_STATE:
		tell_state(vh, &request);
		break;
	case VDUSE_SET_STATUS:
		status_changed(vh, &request);
		break;
	case VDUSE_UPDATE_IOTLB:
		memory_changed(vh, &request);
		break;
	default:
		acknowledge(vh, request.request_id, true);
	}
}

static int vduse_notify(struct dpu_vhost *vh, uint32_t index)
{
	return ioctl(vduse_of(vh)->fd, VDUSE_VQ_INJECT_IRQ, &index) < 0 ? -EIO : 0;
}

/* The map is the handle's thread's: it looks. */
static int vduse_miss(struct dpu_vhost *vh, uint32_t index)
{
	uint64_t addr;

	if (!dpu_virtq_miss(vh->queues[index].vq, &addr, NULL))
		return -ENOENT;
	atomic_store(&vduse_of(vh)->queues[index].miss, addr);
	atomic_store(&vh->queues[index].missed, true);
	return eventfd_write(vh->wake, 1) < 0 && errno != EAGAIN ? -EIO : 0;
}

static void vduse_woken(struct dpu_vhost *vh)
{
	uint32_t i;

	for (i = 0; i < vh->queue_count; i++) {
		if (!vh->queues[i].vq || !atomic_exchange(&vh->queues[i].missed, false))
			continue;
		/* The kernel may have no such memory: asking again would not help. */
		if (vduse_memory_reach(vh, atomic_load(&vduse_of(vh)->queues[i].miss)) == 0)
			vhost_queue_ring(vh, i);
	}
}

/* The device's configuration space; its bytes. */
static uint32_t fill_config(struct dpu_vhost *vh, uint8_t *bytes)
{
	struct dpu_virtio_blk_config blk;

	if (vh->opts.net)
		return (uint32_t)dpu_virtio_net_config_read(vh->opts.net, 0, bytes, VHOST_CONFIG_MAX);
	if (!vh->opts.blk)
		return 0;
	dpu_virtio_blk_config_read(vh->opts.blk, 0, &blk, sizeof(blk));
	/* A driver that is told of more than there are finds none. */
	if (le16toh(blk.num_queues) > vh->queue_count)
		blk.num_queues = htole16((uint16_t)vh->queue_count);
	memcpy(bytes, &blk, sizeof(blk));
	return sizeof(blk);
}

static int set_config(struct dpu_vhost *vh)
{
	union {
		struct vduse_config_data header;
		uint8_t bytes[sizeof(struct vduse_config_data) + VHOST_CONFIG_MAX];
	} config = { .header.offset = 0 };

	config.header.length = fill_config(vh, config.header.buffer);
	if (!config.header.length)
		return -EOPNOTSUPP;
	return kernel_ioctl(vh, vduse_of(vh)->fd, VDUSE_DEV_SET_CONFIG, &config, "VDUSE_DEV_SET_CONFIG");
}

static int vduse_config_changed(struct dpu_vhost *vh)
{
	int rc = set_config(vh);

	return rc < 0 ? rc
		      : kernel_ioctl(vh, vduse_of(vh)->fd, VDUSE_DEV_INJECT_CONFIG_IRQ, NULL,
				     "VDUSE_DEV_INJECT_CONFIG_IRQ");
}

static void vduse_close(struct dpu_vhost *vh)
{
	struct vduse *vduse = vduse_of(vh);
	char name[VDUSE_NAME_MAX] = "";

	if (!vduse)
		return;
	if (vduse->iotlb)
		vduse_memory_forget(vduse);
	dpu_memory_map_unref(vduse->iotlb);
	vduse_region_close(vduse, vh->queue_count);
	if (vduse->fd >= 0)
		close(vduse->fd);
	/* While a vDPA device is made of it, it waits for a successor, and so does what was kept for that. */
	memcpy(name, vh->path, strlen(vh->path));
	if (vduse->ours && ioctl(vduse->control, VDUSE_DESTROY_DEV, name) == 0)
		vduse_region_unlink(vh);
	if (vduse->control >= 0)
		close(vduse->control);
	free(vduse->queues);
	free(vduse);
}

static const struct vhost_ops vduse_ops = {
	.ready = vduse_ready,
	.woken = vduse_woken,
	.notify = vduse_notify,
	.miss = vduse_miss,
	.config_changed = vduse_config_changed,
	.close = vduse_close,
};

static uint64_t offered(const struct dpu_vhost *vh)
{
	uint64_t features = vhost_model_features(vh);

	/* The kernel refuses devices whose configuration or commands it would have to wait for. */
	features &= vh->opts.device == DPU_VIRTIO_ID_NET ? ~DPU_VIRTIO_NET_F_CTRL_VQ
							 : ~DPU_VIRTIO_BLK_F_CONFIG_WCE;
	features |= DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_F_ACCESS_PLATFORM | DPU_VIRTIO_F_EVENT_IDX |
		    DPU_VIRTIO_F_INDIRECT_DESC | DPU_VIRTIO_F_RING_PACKED;
	return vhost_consistent(vh, features & ~vh->opts.withhold);
}

static int create_device(struct dpu_vhost *vh)
{
	union {
		struct vduse_dev_config header;
		uint8_t bytes[sizeof(struct vduse_dev_config) + VHOST_CONFIG_MAX];
	} config = {
		.header = {
			.device_id = vh->opts.device,
			.features = vh->offered,
			.vq_num = vh->queue_count,
			.vq_align = 4096,
		},
	};
	struct vduse *vduse = vduse_of(vh);
	uint64_t version = VDUSE_API_VERSION;
	int rc;

	rc = kernel_ioctl(vh, vduse->control, VDUSE_SET_API_VERSION, &version, "VDUSE_SET_API_VERSION");
	if (rc < 0)
		return rc;
	memcpy(config.header.name, vh->path, strlen(vh->path));
	config.header.config_size = fill_config(vh, config.header.config);
	if (ioctl(vduse->control, VDUSE_CREATE_DEV, &config) == 0)
		vduse->ours = true;
	/* A former process's, which has died: it is ours if nobody else has it open. */
	else if (errno != EEXIST)
		return vhost_fail(vh, -errno, "VDUSE_CREATE_DEV", NULL);
	return 0;
}

static int open_device(struct dpu_vhost *vh)
{
	struct vduse *vduse = vduse_of(vh);
	struct vduse_vq_config queue = { .max_size = VDUSE_QUEUE_SIZE_MAX };
	struct vduse_vq_info beyond = { .index = vh->queue_count };
	char path[sizeof("/dev/vduse/") + VDUSE_NAME_MAX];
	int rc;

	snprintf(path, sizeof(path), "/dev/vduse/%s", vh->path);
	vduse->fd = kernel_open(vh, path);
	if (vduse->fd < 0)
		return vduse->fd;
	/* Again for one that was there: its process may not have come to this. */
	for (rc = 0; rc == 0 && queue.index < vh->queue_count; queue.index++)
		rc = kernel_ioctl(vh, vduse->fd, VDUSE_VQ_SETUP, &queue, "VDUSE_VQ_SETUP");
	if (rc == 0 && ioctl(vduse->fd, VDUSE_VQ_GET_INFO, &beyond) == 0)
		rc = vhost_fail(vh, -EINVAL, "open", "%s has more than %u queues", path, vh->queue_count);
	if (rc == 0)
		rc = vduse_region_open(vh, vduse->ours);
	if (rc == 0)
		rc = vhost_watch(vh, vduse->fd, VDUSE_MESSAGES, 0, EPOLLIN);
	return rc;
}

/* The device was there. Where its driver is the kernel does not tell, but a change of the configuration space
 * it passes on to a driver that is ready, and to no other. */
static int go_on(struct dpu_vhost *vh)
{
	struct vduse *vduse = vduse_of(vh);
	int rc;

	rc = accept_features(vh);
	if (rc == 0)
		rc = set_config(vh);
	if (rc < 0 && rc != -EOPNOTSUPP)
		return rc;
	vduse->ours = true;
	if (ioctl(vduse->fd, VDUSE_DEV_INJECT_CONFIG_IRQ) == 0) {
		vh->status = RUNNING;
		vhost_emit(vh, DPU_VHOST_STATUS, 0, vh->status);
		return begin(vh, true);
	}
	if (errno != EINVAL)
		return vhost_fail(vh, -errno, "VDUSE_DEV_INJECT_CONFIG_IRQ", NULL);
	vh->features = 0;
	vhost_model_reset(vh);
	return 0;
}

int vhost_vduse_open(struct dpu_vhost *vh)
{
	struct vduse *vduse;
	int rc;

	if (!vh->path[0] || strlen(vh->path) >= VDUSE_NAME_MAX || strchr(vh->path, '/'))
		return vhost_fail(vh, -EINVAL, "open", "\"%s\" is no device's name", vh->path);
	if (vh->opts.role == DPU_VHOST_FRONTEND)
		return vhost_fail(vh, -EINVAL, "open", "a back-end only");
	vduse = calloc(1, sizeof(*vduse));
	if (!vduse)
		return vhost_fail(vh, -ENOMEM, "open", NULL);
	vduse->control = vduse->fd = -1;
	vh->transport = vduse;
	vh->ops = &vduse_ops;
	vh->iotlb = true;
	vh->offered = offered(vh);
	vduse->queues = calloc(vh->queue_count, sizeof(*vduse->queues));
	if (!vduse->queues || dpu_memory_map_create(&vduse->iotlb) < 0)
		return vhost_fail(vh, -ENOMEM, "open", NULL);
	vduse->control = kernel_open(vh, "/dev/vduse/control");
	if (vduse->control < 0)
		return vduse->control;
	rc = create_device(vh);
	if (rc == 0)
		rc = open_device(vh);
	return rc < 0 || vduse->ours ? rc : go_on(vh);
}
