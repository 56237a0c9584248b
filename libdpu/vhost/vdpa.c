/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vhost-vdpa: the driver of a vDPA device, through its character device. The device reaches memory by I/O
 * addresses, which are the pointers where the device's range has them. Source: linux/vhost.h,
 * linux/vhost_types.h. */
#include <errno.h>
#include <linux/vhost.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "vhost/kernel.h"

#define RING_FEATURES                                                                                        \
	(DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_F_RING_PACKED | DPU_VIRTIO_F_EVENT_IDX |                        \
	 DPU_VIRTIO_F_INDIRECT_DESC | DPU_VIRTIO_F_IN_ORDER | DPU_VIRTIO_F_ACCESS_PLATFORM |                 \
	 DPU_VIRTIO_F_ORDER_PLATFORM)
#define FEATURE(bit) (UINT64_C(1) << (bit))
#define MEMORY_MAX 64

/* The structure, and room for what is at its end. */
union config_room {
	struct vhost_vdpa_config header;
	uint8_t bytes[sizeof(struct vhost_vdpa_config) + VHOST_CONFIG_MAX];
};

struct vdpa_region {
	uintptr_t ptr;
	size_t size;
};

struct vdpa {
	int fd;
	int config; /* eventfd: the configuration space has changed */
	struct arena arena;
	struct vhost_vdpa_iova_range range;
	struct vdpa_region regions[MEMORY_MAX];
	uint32_t region_count;
};

static struct vdpa *vdpa_of(const struct dpu_vhost *vh)
{
	return vh->transport;
}

static int call(struct dpu_vhost *vh, unsigned long request, void *argument, const char *name)
{
	return kernel_ioctl(vh, vdpa_of(vh)->fd, request, argument, name);
}

static int set_status(struct dpu_vhost *vh, uint8_t bits)
{
	uint8_t status = bits ? vh->status | bits : 0;
	int rc;

	rc = call(vh, VHOST_VDPA_SET_STATUS, &status, "VHOST_VDPA_SET_STATUS");
	if (rc == 0)
		rc = call(vh, VHOST_VDPA_GET_STATUS, &vh->status, "VHOST_VDPA_GET_STATUS");
	return rc;
}

static int say_iotlb(struct dpu_vhost *vh, uint8_t type, uintptr_t ptr, size_t size)
{
	struct vhost_msg_v2 message = {
		.type = VHOST_IOTLB_MSG_V2,
		.iotlb = {
			.iova = ptr + vdpa_of(vh)->arena.delta,
			.size = size,
			.uaddr = ptr,
			.perm = VHOST_ACCESS_RW,
			.type = type,
		},
	};

	if (write(vdpa_of(vh)->fd, &message, sizeof(message)) == sizeof(message))
		return 0;
	return vhost_fail(vh, errno ? -errno : -EIO, "IOTLB", NULL);
}

static int begin_device(struct dpu_vhost *vh)
{
	uint64_t backend = 0;
	uint32_t device;
	int rc;

	rc = call(vh, VHOST_SET_OWNER, NULL, "VHOST_SET_OWNER");
	if (rc == 0)
		rc = call(vh, VHOST_VDPA_GET_DEVICE_ID, &device, "VHOST_VDPA_GET_DEVICE_ID");
	if (rc < 0)
		return rc;
	if (device != vh->opts.device)
		return vhost_fail(vh, -EINVAL, "open",
				  "a device of type %u, and one of type %u was asked for", device,
				  vh->opts.device);
	rc = call(vh, VHOST_GET_BACKEND_FEATURES, &backend, "VHOST_GET_BACKEND_FEATURES");
	if (rc == 0 && !(backend & FEATURE(VHOST_BACKEND_F_IOTLB_MSG_V2)))
		rc = vhost_fail(vh, -EOPNOTSUPP, "open",
				"the kernel does not have IOTLB messages of version 2");
	backend = FEATURE(VHOST_BACKEND_F_IOTLB_MSG_V2);
	if (rc == 0)
		rc = call(vh, VHOST_SET_BACKEND_FEATURES, &backend, "VHOST_SET_BACKEND_FEATURES");
	if (rc == 0)
		rc = set_status(vh, 0);
	if (rc == 0)
		rc = set_status(vh, DPU_VIRTIO_STATUS_ACKNOWLEDGE | DPU_VIRTIO_STATUS_DRIVER);
	if (rc == 0)
		rc = call(vh, VHOST_GET_FEATURES, &vh->offered, "VHOST_GET_FEATURES");
	return rc;
}

static int agree(struct dpu_vhost *vh)
{
	int rc;

	vh->features = vhost_agreed(vh, RING_FEATURES);
	rc = call(vh, VHOST_SET_FEATURES, &vh->features, "VHOST_SET_FEATURES");
	if (rc == 0)
		rc = set_status(vh, DPU_VIRTIO_STATUS_FEATURES_OK);
	if (rc == 0 && !(vh->status & DPU_VIRTIO_STATUS_FEATURES_OK))
		rc = vhost_fail(vh, -EINVAL, "FEATURES_OK", "the device does not take these features");
	return rc;
}

static int check_queues(struct dpu_vhost *vh)
{
	uint32_t count = vh->queue_count;
	uint16_t size;
	int rc;

	rc = call(vh, VHOST_VDPA_GET_VQS_COUNT, &count, "VHOST_VDPA_GET_VQS_COUNT");
	/* Linux 5.18 is the first to tell. */
	if (rc < 0 && rc != -ENOTTY)
		return rc;
	if (count < vh->queue_count)
		return vhost_fail(vh, -EINVAL, "open", "the device has %u virtqueues, not %u", count,
				  vh->queue_count);
	rc = call(vh, VHOST_VDPA_GET_VRING_NUM, &size, "VHOST_VDPA_GET_VRING_NUM");
	if (rc == 0 && vh->opts.queue_size > size)
		vh->opts.queue_size = size;
	return rc;
}

static bool in_range(const struct vdpa *vdpa, uint64_t ptr, uint64_t size)
{
	uint64_t first = ptr + vdpa->arena.delta, last = first + size - 1;

	return first >= vdpa->range.first && first <= last && last <= vdpa->range.last;
}

/* Addresses are pointers, or begin where the device's range does. */
static int place(struct dpu_vhost *vh)
{
	struct vdpa *vdpa = vdpa_of(vh);
	struct arena *arena = &vdpa->arena;
	uint64_t first;
	int rc;

	rc = call(vh, VHOST_VDPA_GET_IOVA_RANGE, &vdpa->range, "VHOST_VDPA_GET_IOVA_RANGE");
	if (rc < 0 || in_range(vdpa, (uintptr_t)arena->base, arena->size))
		return rc;
	/* Not address 0, which looks like none. */
	first = vdpa->range.first ? vdpa->range.first : (uint64_t)1 << 20;
	arena->delta = first - (uintptr_t)arena->base;
	if (!in_range(vdpa, (uintptr_t)arena->base, arena->size))
		return vhost_fail(vh, -ENOSPC, "open", "the device's addresses are too few for the memory");
	rc = dpu_memory_map_create(&arena->map);
	if (rc == 0)
		rc = dpu_memory_map_add(arena->map, first, arena->size, arena->base);
	return rc < 0 ? vhost_fail(vh, rc, "open", NULL) : 0;
}

/* The device's number of the control queue: behind all pairs that there could be. */
static uint32_t control_number(const struct dpu_vhost *vh)
{
	const size_t at = offsetof(struct virtio_net_config, max_virtqueue_pairs);

	if (!(vh->features & DPU_VIRTIO_NET_F_MQ))
		return 2;
	return 2u * (vh->config[at] | (uint32_t)vh->config[at + 1] << 8);
}

static int start_queue(struct dpu_vhost *vh, uint32_t index, uint32_t number)
{
	struct vhost_vring_state enable = { number, 1 };
	int rc;

	rc = kernel_ring(vh, &vdpa_of(vh)->arena, vdpa_of(vh)->fd, index, number);
	if (rc == 0)
		rc = call(vh, VHOST_VDPA_SET_VRING_ENABLE, &enable, "VHOST_VDPA_SET_VRING_ENABLE");
	return rc;
}

static int start_queues(struct dpu_vhost *vh)
{
	bool network = vh->opts.device == DPU_VIRTIO_ID_NET;
	uint32_t i, count = network ? 2 * vh->opts.queues : vh->opts.queues;
	int rc = 0;

	if (network && vh->opts.queues > 1 && !(vh->features & DPU_VIRTIO_NET_F_MQ))
		return vhost_fail(vh, -EOPNOTSUPP, "open", "several pairs take MQ and CTRL_VQ of both sides");
	for (i = 0; rc == 0 && i < count; i++)
		rc = start_queue(vh, i, i);
	if (rc == 0 && network && vh->features & DPU_VIRTIO_NET_F_CTRL_VQ)
		rc = start_queue(vh, count, control_number(vh));
	return rc;
}

static int read_config(struct dpu_vhost *vh)
{
	union config_room config = { .header.len = 0 };
	int rc;

	rc = call(vh, VHOST_VDPA_GET_CONFIG_SIZE, &config.header.len, "VHOST_VDPA_GET_CONFIG_SIZE");
	if (rc < 0)
		return rc;
	if (config.header.len > VHOST_CONFIG_MAX)
		config.header.len = VHOST_CONFIG_MAX;
	rc = call(vh, VHOST_VDPA_GET_CONFIG, &config, "VHOST_VDPA_GET_CONFIG");
	if (rc < 0)
		return rc;
	vh->config_len = config.header.len;
	memcpy(vh->config, config.header.buf, vh->config_len);
	return 0;
}

static int watch_config(struct dpu_vhost *vh)
{
	struct vdpa *vdpa = vdpa_of(vh);
	int rc;

	vdpa->config = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vdpa->config < 0)
		return vhost_fail(vh, -errno, "open", "eventfd: %s", strerror(errno));
	rc = call(vh, VHOST_VDPA_SET_CONFIG_CALL, &vdpa->config, "VHOST_VDPA_SET_CONFIG_CALL");
	return rc == 0 ? vhost_watch(vh, vdpa->config, KERNEL_CONFIG, 0, EPOLLIN) : rc;
}

static int start(struct dpu_vhost *vh)
{
	struct vdpa *vdpa = vdpa_of(vh);
	int rc;

	rc = begin_device(vh);
	if (rc == 0)
		rc = check_queues(vh);
	if (rc == 0)
		rc = agree(vh);
	if (rc == 0)
		rc = arena_open(&vdpa->arena, vh);
	if (rc == 0)
		rc = place(vh);
	if (rc == 0)
		rc = say_iotlb(vh, VHOST_IOTLB_UPDATE, (uintptr_t)vdpa->arena.base, vdpa->arena.size);
	if (rc == 0)
		rc = read_config(vh);
	if (rc == 0)
		rc = start_queues(vh);
	if (rc == 0)
		rc = watch_config(vh);
	if (rc == 0)
		rc = set_status(vh, DPU_VIRTIO_STATUS_DRIVER_OK);
	return rc == 0 ? kernel_begin(vh) : rc;
}

static bool overlaps(const struct vdpa *vdpa, uintptr_t ptr, size_t size)
{
	uintptr_t base = (uintptr_t)vdpa->arena.base;
	uint32_t i;

	if (ptr < base + vdpa->arena.size && base < ptr + size)
		return true;
	for (i = 0; i < vdpa->region_count; i++) {
		if (ptr < vdpa->regions[i].ptr + vdpa->regions[i].size && vdpa->regions[i].ptr < ptr + size)
			return true;
	}
	return false;
}

static int vdpa_memory_add(struct dpu_vhost *vh, void *ptr, size_t size, int fd, uint64_t offset)
{
	struct vdpa *vdpa = vdpa_of(vh);
	int rc = 0;

	(void)fd;
	(void)offset;
	if (!size || size % VHOST_PAGE_SIZE || (uintptr_t)ptr % VHOST_PAGE_SIZE)
		return vhost_fail(vh, -EINVAL, "memory", "not whole pages");
	if (!in_range(vdpa, (uintptr_t)ptr, size))
		return vhost_fail(vh, -EINVAL, "memory", "beyond the device's addresses");
	if (overlaps(vdpa, (uintptr_t)ptr, size))
		return vhost_fail(vh, -EEXIST, "memory", NULL);
	if (vdpa->region_count == MEMORY_MAX)
		return vhost_fail(vh, -ENOSPC, "memory", "there are %u pieces", MEMORY_MAX);
	/* The kernel says EFAULT whatever it is. */
	if (say_iotlb(vh, VHOST_IOTLB_UPDATE, (uintptr_t)ptr, size) < 0)
		return vhost_fail(vh, -ENOMEM, "memory",
				  "the kernel refuses it: it is not mapped, or more than may be locked");
	if (vdpa->arena.map)
		rc = dpu_memory_map_add(vdpa->arena.map, (uintptr_t)ptr + vdpa->arena.delta, size, ptr);
	if (rc < 0) {
		say_iotlb(vh, VHOST_IOTLB_INVALIDATE, (uintptr_t)ptr, size);
		return vhost_fail(vh, rc, "memory", NULL);
	}
	vdpa->regions[vdpa->region_count++] = (struct vdpa_region){ (uintptr_t)ptr, size };
	kernel_memory_changed(vh);
	return 0;
}

static int vdpa_memory_remove(struct dpu_vhost *vh, void *ptr)
{
	struct vdpa *vdpa = vdpa_of(vh);
	uint32_t i;
	int rc;

	for (i = 0; i < vdpa->region_count && vdpa->regions[i].ptr != (uintptr_t)ptr; i++)
		;
	if (i == vdpa->region_count)
		return vhost_fail(vh, -ENOENT, "memory", NULL);
	rc = say_iotlb(vh, VHOST_IOTLB_INVALIDATE, (uintptr_t)ptr, vdpa->regions[i].size);
	if (rc < 0)
		return rc;
	if (vdpa->arena.map)
		dpu_memory_map_remove(vdpa->arena.map, (uintptr_t)ptr + vdpa->arena.delta,
				      vdpa->regions[i].size);
	vdpa->regions[i] = vdpa->regions[--vdpa->region_count];
	kernel_memory_changed(vh);
	return 0;
}

static int vdpa_config_write(struct dpu_vhost *vh, uint32_t offset, const void *buf, uint32_t len)
{
	union config_room config = { .header = { .off = offset, .len = len } };
	int rc;

	memcpy(config.header.buf, buf, len);
	rc = call(vh, VHOST_VDPA_SET_CONFIG, &config, "VHOST_VDPA_SET_CONFIG");
	return rc == 0 ? read_config(vh) : rc;
}

static void vdpa_ready(struct dpu_vhost *vh, uint32_t source)
{
	eventfd_t count;

	(void)source;
	eventfd_read(vdpa_of(vh)->config, &count);
	if (read_config(vh) == 0)
		vhost_emit(vh, DPU_VHOST_CONFIG, 0, 0);
	else
		kernel_end(vh, vh->error.code);
}

static void vdpa_close(struct dpu_vhost *vh)
{
	struct vdpa *vdpa = vdpa_of(vh);

	if (!vdpa)
		return;
	if (vdpa->fd >= 0) {
		set_status(vh, 0);
		close(vdpa->fd);
	}
	if (vdpa->config >= 0)
		close(vdpa->config);
	arena_close(&vdpa->arena);
	free(vdpa);
}

static const struct vhost_ops vdpa_ops = {
	.ready = vdpa_ready,
	.memory_add = vdpa_memory_add,
	.memory_remove = vdpa_memory_remove,
	.config_write = vdpa_config_write,
	.close = vdpa_close,
};

int vhost_vdpa_open(struct dpu_vhost *vh)
{
	struct vdpa *vdpa;

	vdpa = calloc(1, sizeof(*vdpa));
	if (!vdpa)
		return vhost_fail(vh, -ENOMEM, "open", NULL);
	vdpa->fd = vdpa->config = -1;
	arena_init(&vdpa->arena);
	vh->transport = vdpa;
	vh->ops = &vdpa_ops;
	vdpa->fd = kernel_open(vh, vh->path);
	return vdpa->fd < 0 ? vdpa->fd : start(vh);
}
