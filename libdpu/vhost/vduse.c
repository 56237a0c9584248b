/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VDUSE: a device that the kernel shows to its own drivers, or to vhost-vdpa's users, as a vDPA device. The
 * kernel asks by messages, each of which it waits for; memory is looked up as addresses are missed. Source:
 * linux/vduse.h.
 */
#include <errno.h>
#include <linux/vduse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "vhost/kernel.h"
#include "virtq/memory-map.h"
#include "virtq/ring.h"

/* The most descriptors that a driver may choose for a queue. */
#define QUEUE_SIZE_MAX 1024

enum { VDUSE_MESSAGES = VHOST_FIRST_OF_TRANSPORT };

/* A piece of the driver's memory, mapped. */
struct vduse_piece {
	struct memory_mapping *mapping;
	uint64_t first, last;
};

struct vduse_queue {
	struct dpu_virtq_state state; /* when it stopped */
	_Atomic uint64_t miss;        /* the address that it waits for */
};

struct vduse {
	int control;
	int fd;
	bool created; /* by us */
	struct dpu_memory_map *iotlb;
	struct vduse_piece *pieces;
	uint32_t piece_count;
	struct vduse_queue *queues;
	/* The message that is answered when the caller has handled its events. */
	struct vduse_dev_request later;
};

static struct vduse *vduse_of(const struct dpu_vhost *vh)
{
	return vh->transport;
}

static void answer(struct dpu_vhost *vh, struct vduse_dev_response *response, uint32_t id, bool failed)
{
	response->request_id = id;
	response->result = failed ? VDUSE_REQ_RESULT_FAILED : VDUSE_REQ_RESULT_OK;
	if (write(vduse_of(vh)->fd, response, sizeof(*response)) != sizeof(*response))
		kernel_end(vh, vhost_fail(vh, errno ? -errno : -EIO, "answer", NULL));
}

static void acknowledge(struct dpu_vhost *vh, uint32_t id, bool failed)
{
	struct vduse_dev_response response = { 0 };

	answer(vh, &response, id, failed);
}

static void forget_memory(struct vduse *vduse)
{
	uint32_t i;

	dpu_memory_map_remove(vduse->iotlb, 0, UINT64_MAX);
	dpu_memory_map_settled(vduse->iotlb);
	for (i = 0; i < vduse->piece_count; i++)
		memory_mapping_unref(vduse->pieces[i].mapping);
	free(vduse->pieces);
	vduse->pieces = NULL;
	vduse->piece_count = 0;
}

/* Adds the piece that has an address. 0 or a negative errno. */
static int look_up(struct dpu_vhost *vh, uint64_t addr)
{
	struct vduse *vduse = vduse_of(vh);
	struct vduse_iotlb_entry entry = { .start = addr, .last = addr };
	struct vduse_piece piece, *pieces;
	void *ptr;
	int fd, rc;

	fd = ioctl(vduse->fd, VDUSE_IOTLB_GET_FD, &entry);
	if (fd < 0)
		return vhost_fail(vh, -EFAULT, "VDUSE_IOTLB_GET_FD", "0x%llx: %s", (unsigned long long)addr,
				  strerror(errno));
	piece.first = entry.start;
	piece.last = entry.last;
	rc = memory_mapping_create(fd, entry.offset, entry.last - entry.start + 1, &piece.mapping, &ptr);
	close(fd);
	if (rc < 0)
		return vhost_fail(vh, rc, "memory", NULL);
	pieces = reallocarray(vduse->pieces, vduse->piece_count + 1, sizeof(*pieces));
	if (pieces) {
		vduse->pieces = pieces;
		pieces[vduse->piece_count++] = piece;
		rc = dpu_memory_map_add_iova(vduse->iotlb, piece.first, piece.last - piece.first + 1, ptr,
					     (enum dpu_memory_access)entry.perm);
	} else {
		memory_mapping_unref(piece.mapping);
		rc = -ENOMEM;
	}
	return rc < 0 ? vhost_fail(vh, rc, "memory", NULL) : 0;
}

/* Where a part of a ring is. */
static void *find(struct dpu_vhost *vh, uint64_t addr, uint64_t len)
{
	struct vduse *vduse = vduse_of(vh);
	uint64_t got = 0;
	void *ptr;

	ptr = dpu_memory_map_find(vduse->iotlb, addr, &got);
	if (!ptr && look_up(vh, addr) == 0)
		ptr = dpu_memory_map_find(vduse->iotlb, addr, &got);
	return ptr && got >= len ? ptr : NULL;
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
	/* What a former process had taken and not returned is taken again. */
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

static int start_queue(struct dpu_vhost *vh, uint32_t index)
{
	struct vduse *vduse = vduse_of(vh);
	bool packed = vh->features & DPU_VIRTIO_F_RING_PACKED;
	struct vduse_vq_info info = { .index = index };
	struct dpu_virtq_state state;
	uint64_t n;
	DPU_OPTS(dpu_virtq_opts, opts, .features = vh->features, .memory = vduse->iotlb, .state = &state,
		 .layout = packed ? DPU_VIRTQ_PACKED : DPU_VIRTQ_SPLIT, .side = DPU_VIRTQ_DEVICE);
	struct dpu_virtq *vq;
	int rc;

	rc = kernel_ioctl(vh, vduse->fd, VDUSE_VQ_GET_INFO, &info, "VDUSE_VQ_GET_INFO");
	if (rc < 0 || !info.ready)
		return rc;
	n = opts.size = info.num;
	opts.desc = find(vh, info.desc_addr, n * sizeof(struct virtq_desc));
	opts.avail = find(vh, info.driver_addr, packed ? 4 : 6 + 2 * n);
	opts.used = find(vh, info.device_addr, packed ? 4 : 6 + 8 * n);
	if (!opts.desc || !opts.avail || !opts.used)
		return vhost_fail(vh, -EFAULT, "start", "the rings of queue %u are nowhere", index);
	read_position(vh, &info, opts.used, &state);
	rc = dpu_virtq_create(&opts, &vq);
	if (rc < 0)
		return vhost_fail(vh, rc, "start", "queue %u of %u descriptors", index, info.num);
	rc = set_kick(vh, index);
	vh->queues[index].enabled = true;
	atomic_store(&vh->queues[index].in_band, true);
	if (rc == 0)
		rc = vhost_queue_started(vh, index, vq);
	if (rc < 0) {
		dpu_virtq_unref(vq);
		return rc;
	}
	/* What was notified before there was somebody to hear it. */
	vhost_queue_ring(vh, index);
	return 0;
}

/* The driver is ready: everything begins. */
static int begin(struct dpu_vhost *vh)
{
	uint32_t i;
	int rc;

	rc = kernel_ioctl(vh, vduse_of(vh)->fd, VDUSE_DEV_GET_FEATURES, &vh->features,
			  "VDUSE_DEV_GET_FEATURES");
	if (rc == 0 && vhost_model_accept(vh, vh->features) < 0)
		rc = vhost_fail(vh, -EINVAL, "start", "the device cannot have these features together");
	if (rc < 0)
		return rc;
	vh->connected = true;
	vh->connections++;
	vhost_emit(vh, DPU_VHOST_CONNECTED, 0, 0);
	vhost_emit(vh, DPU_VHOST_FEATURES, 0, vh->features);
	for (i = 0; rc == 0 && i < vh->queue_count; i++)
		rc = start_queue(vh, i);
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
	}
}

/* The caller has let go of the queues: the driver may have its memory back. */
static void after_reset(struct dpu_vhost *vh)
{
	struct vduse *vduse = vduse_of(vh);

	release_queues(vh);
	forget_memory(vduse);
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
	uint8_t former = vh->status;
	int rc = 0;

	vh->status = request->s.status;
	vhost_emit(vh, DPU_VHOST_STATUS, 0, vh->status);
	if (!vh->status) {
		reset(vh, request);
		return;
	}
	if (vh->status & ~former & DPU_VIRTIO_STATUS_DRIVER_OK)
		rc = begin(vh);
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
	struct vduse *vduse = vduse_of(vh);
	uint32_t i, kept = 0;

	for (i = 0; i < vduse->piece_count; i++) {
		if (vduse->pieces[i].first <= vduse->later.iova.last &&
		    vduse->pieces[i].last >= vduse->later.iova.start)
			memory_mapping_unref(vduse->pieces[i].mapping);
		else
			vduse->pieces[kept++] = vduse->pieces[i];
	}
	vduse->piece_count = kept;
	acknowledge(vh, vduse->later.request_id, false);
}

static void memory_changed(struct dpu_vhost *vh, const struct vduse_dev_request *request)
{
	struct vduse *vduse = vduse_of(vh);
	uint32_t i;

	/* Whole pieces, as they were mapped; what is still there is looked up again. */
	for (i = 0; i < vduse->piece_count; i++) {
		if (vduse->pieces[i].first <= request->iova.last &&
		    vduse->pieces[i].last >= request->iova.start)
			dpu_memory_map_remove(vduse->iotlb, vduse->pieces[i].first,
					      vduse->pieces[i].last - vduse->pieces[i].first + 1);
	}
	vhost_emit(vh, DPU_VHOST_MEMORY, 0, 0);
	vduse->later = *request;
	vh->then = after_update;
}

static void vduse_ready(struct dpu_vhost *vh, uint32_t source)
{
	struct vduse_dev_request request;

	(void)source;
	if (read(vduse_of(vh)->fd, &request, sizeof(request)) != sizeof(request))
		return;
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
		if (look_up(vh, atomic_load(&vduse_of(vh)->queues[i].miss)) == 0)
			vhost_queue_ring(vh, i);
	}
}

/* The device's configuration space; its bytes. */
static uint32_t fill_config(struct dpu_vhost *vh, uint8_t *bytes)
{
	if (vh->opts.net)
		return (uint32_t)dpu_virtio_net_config_read(vh->opts.net, 0, bytes, VHOST_CONFIG_MAX);
	if (!vh->opts.blk)
		return 0;
	dpu_virtio_blk_config_read(vh->opts.blk, 0, bytes, sizeof(struct dpu_virtio_blk_config));
	return sizeof(struct dpu_virtio_blk_config);
}

static int vduse_config_changed(struct dpu_vhost *vh)
{
	union {
		struct vduse_config_data header;
		uint8_t bytes[sizeof(struct vduse_config_data) + VHOST_CONFIG_MAX];
	} config = { .header.offset = 0 };
	int rc;

	config.header.length = fill_config(vh, config.header.buffer);
	if (!config.header.length)
		return -EOPNOTSUPP;
	rc = kernel_ioctl(vh, vduse_of(vh)->fd, VDUSE_DEV_SET_CONFIG, &config, "VDUSE_DEV_SET_CONFIG");
	if (rc == 0)
		rc = kernel_ioctl(vh, vduse_of(vh)->fd, VDUSE_DEV_INJECT_CONFIG_IRQ, NULL,
				  "VDUSE_DEV_INJECT_CONFIG_IRQ");
	return rc;
}

static void vduse_close(struct dpu_vhost *vh)
{
	struct vduse *vduse = vduse_of(vh);
	char name[VDUSE_NAME_MAX] = "";

	if (!vduse)
		return;
	if (vduse->iotlb)
		forget_memory(vduse);
	dpu_memory_map_unref(vduse->iotlb);
	if (vduse->fd >= 0)
		close(vduse->fd);
	/* It stays while a vDPA device is made of it. */
	memcpy(name, vh->path, strlen(vh->path));
	if (vduse->created)
		ioctl(vduse->control, VDUSE_DESTROY_DEV, name);
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
		vduse->created = true;
	/* A former process's, which has died: it is ours if nobody else has it open. */
	else if (errno != EEXIST)
		return vhost_fail(vh, -errno, "VDUSE_CREATE_DEV", NULL);
	return 0;
}

static int open_device(struct dpu_vhost *vh)
{
	struct vduse *vduse = vduse_of(vh);
	struct vduse_vq_config queue = { .max_size = QUEUE_SIZE_MAX };
	char path[sizeof("/dev/vduse/") + VDUSE_NAME_MAX];
	int rc;

	snprintf(path, sizeof(path), "/dev/vduse/%s", vh->path);
	vduse->fd = kernel_open(vh, path);
	if (vduse->fd < 0)
		return vduse->fd;
	for (rc = 0; rc == 0 && vduse->created && queue.index < vh->queue_count; queue.index++)
		rc = kernel_ioctl(vh, vduse->fd, VDUSE_VQ_SETUP, &queue, "VDUSE_VQ_SETUP");
	if (rc == 0)
		rc = vhost_watch(vh, vduse->fd, VDUSE_MESSAGES, 0, EPOLLIN);
	return rc;
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
	return rc == 0 ? open_device(vh) : rc;
}
