/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vhost-net: the kernel serves the queues and passes packets to a tap device: the way to the host's own
 * network stack. A pair of queues has a vhost device and a queue of the tap device. Source: linux/vhost.h,
 * linux/if_tun.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/vhost.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "vhost/kernel.h"

/* What the tap device does whoever serves the queues, as it carries packet headers. */
#define TAP_FEATURES                                                                                         \
	(DPU_VIRTIO_NET_F_CSUM | DPU_VIRTIO_NET_F_GUEST_CSUM | DPU_VIRTIO_NET_F_GUEST_TSO4 |                 \
	 DPU_VIRTIO_NET_F_GUEST_TSO6 | DPU_VIRTIO_NET_F_GUEST_ECN | DPU_VIRTIO_NET_F_HOST_TSO4 |             \
	 DPU_VIRTIO_NET_F_HOST_TSO6 | DPU_VIRTIO_NET_F_HOST_ECN)
#define RING_FEATURES                                                                                        \
	(DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_F_RING_PACKED | DPU_VIRTIO_F_EVENT_IDX |                        \
	 DPU_VIRTIO_F_INDIRECT_DESC | DPU_VIRTIO_F_IN_ORDER)
#define MEMORY_MAX 64

struct net_pair {
	int vhost;
	int tap;
	int err; /* eventfd: the kernel met something in a ring that it cannot take */
};

struct net {
	struct arena arena;
	struct net_pair *pairs;
	uint32_t count; /* opened */
	/* Ours first. */
	struct vhost_memory_region regions[MEMORY_MAX];
	uint32_t region_count;
	char name[IFNAMSIZ];
};

static struct net *net_of(const struct dpu_vhost *vh)
{
	return vh->transport;
}

static int tap_open(struct dpu_vhost *vh)
{
	struct net *net = net_of(vh);
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int fd, rc;

	if (vh->opts.queues > 1)
		ifr.ifr_flags |= IFF_MULTI_QUEUE;
	memcpy(ifr.ifr_name, net->name, sizeof(ifr.ifr_name));
	fd = kernel_open(vh, "/dev/net/tun");
	if (fd < 0)
		return fd;
	rc = kernel_ioctl(vh, fd, TUNSETIFF, &ifr, "TUNSETIFF");
	if (rc < 0) {
		close(fd);
		return rc;
	}
	/* The kernel's choice when there was no name. */
	memcpy(net->name, ifr.ifr_name, sizeof(net->name));
	return fd;
}

/* What the driver takes unfinished, and how long headers are. */
static int tap_set(struct dpu_vhost *vh, int tap)
{
	static const struct {
		uint64_t feature;
		unsigned int offload;
	} offloads[] = {
		{ DPU_VIRTIO_NET_F_GUEST_CSUM, TUN_F_CSUM },
		{ DPU_VIRTIO_NET_F_GUEST_TSO4, TUN_F_TSO4 },
		{ DPU_VIRTIO_NET_F_GUEST_TSO6, TUN_F_TSO6 },
		{ DPU_VIRTIO_NET_F_GUEST_ECN, TUN_F_TSO_ECN },
	};
	int size = (int)dpu_virtio_net_hdr_len(vh->features), rc;
	unsigned int flags = 0;
	size_t i;

	for (i = 0; i < sizeof(offloads) / sizeof(offloads[0]); i++) {
		if (vh->features & offloads[i].feature)
			flags |= offloads[i].offload;
	}
	rc = kernel_ioctl(vh, tap, TUNSETVNETHDRSZ, &size, "TUNSETVNETHDRSZ");
	/* The argument is the number itself. */
	if (rc == 0 && ioctl(tap, TUNSETOFFLOAD, (unsigned long)flags) < 0)
		rc = vhost_fail(vh, -errno, "TUNSETOFFLOAD", NULL);
	return rc;
}

static int open_pair(struct dpu_vhost *vh, struct net_pair *pair)
{
	struct net *net = net_of(vh);

	pair->tap = pair->err = -1;
	pair->vhost = kernel_open(vh, "/dev/vhost-net");
	net->count++;
	if (pair->vhost < 0)
		return pair->vhost;
	pair->tap = tap_open(vh);
	if (pair->tap < 0)
		return pair->tap;
	pair->err = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pair->err < 0)
		return vhost_fail(vh, -errno, "open", "eventfd: %s", strerror(errno));
	return kernel_ioctl(vh, pair->vhost, VHOST_SET_OWNER, NULL, "VHOST_SET_OWNER");
}

static int tell_memory(struct dpu_vhost *vh)
{
	const struct net *net = net_of(vh);
	size_t size = net->region_count * sizeof(net->regions[0]);
	struct vhost_memory *memory;
	uint32_t i;
	int rc = 0;

	memory = calloc(1, sizeof(*memory) + size);
	if (!memory)
		return vhost_fail(vh, -ENOMEM, "memory", NULL);
	memory->nregions = net->region_count;
	memcpy(memory->regions, net->regions, size);
	for (i = 0; rc == 0 && i < net->count; i++)
		rc = kernel_ioctl(vh, net->pairs[i].vhost, VHOST_SET_MEM_TABLE, memory,
				  "VHOST_SET_MEM_TABLE");
	free(memory);
	return rc;
}

static void add_region(struct net *net, void *ptr, size_t size)
{
	net->regions[net->region_count++] = (struct vhost_memory_region){
		.guest_phys_addr = (uintptr_t)ptr,
		.memory_size = size,
		.userspace_addr = (uintptr_t)ptr,
	};
}

static int start_pair(struct dpu_vhost *vh, uint32_t pair)
{
	struct net *net = net_of(vh);
	uint64_t features = vh->features & ~TAP_FEATURES;
	struct vhost_vring_file backend = { 0, net->pairs[pair].tap };
	struct vhost_vring_file err = { 0, net->pairs[pair].err };
	uint32_t i;
	int fd = net->pairs[pair].vhost, rc;

	rc = kernel_ioctl(vh, fd, VHOST_SET_FEATURES, &features, "VHOST_SET_FEATURES");
	if (rc == 0)
		rc = tap_set(vh, net->pairs[pair].tap);
	for (i = 0; rc == 0 && i < 2; i++)
		rc = kernel_ring(vh, &net->arena, fd, 2 * pair + i, i);
	for (; rc == 0 && err.index < 2; err.index++)
		rc = kernel_ioctl(vh, fd, VHOST_SET_VRING_ERR, &err, "VHOST_SET_VRING_ERR");
	for (; rc == 0 && backend.index < 2; backend.index++)
		rc = kernel_ioctl(vh, fd, VHOST_NET_SET_BACKEND, &backend, "VHOST_NET_SET_BACKEND");
	return rc;
}

static int net_memory_add(struct dpu_vhost *vh, void *ptr, size_t size, int fd, uint64_t offset)
{
	struct net *net = net_of(vh);
	uint32_t i;
	int rc;

	(void)fd;
	(void)offset;
	if (!size || size % VHOST_PAGE_SIZE || (uintptr_t)ptr % VHOST_PAGE_SIZE)
		return vhost_fail(vh, -EINVAL, "memory", "not whole pages");
	for (i = 0; i < net->region_count; i++) {
		if ((uintptr_t)ptr < net->regions[i].guest_phys_addr + net->regions[i].memory_size &&
		    net->regions[i].guest_phys_addr < (uintptr_t)ptr + size)
			return vhost_fail(vh, -EEXIST, "memory", NULL);
	}
	if (net->region_count == MEMORY_MAX)
		return vhost_fail(vh, -ENOSPC, "memory", "there are %u pieces", MEMORY_MAX);
	add_region(net, ptr, size);
	rc = tell_memory(vh);
	if (rc < 0)
		net->region_count--;
	else
		kernel_memory_changed(vh);
	return rc;
}

static int net_memory_remove(struct dpu_vhost *vh, void *ptr)
{
	struct net *net = net_of(vh);
	struct vhost_memory_region removed;
	uint32_t i;
	int rc;

	for (i = 1; i < net->region_count; i++) {
		if (net->regions[i].guest_phys_addr == (uintptr_t)ptr)
			break;
	}
	if (i >= net->region_count)
		return vhost_fail(vh, -ENOENT, "memory", NULL);
	removed = net->regions[i];
	net->regions[i] = net->regions[--net->region_count];
	rc = tell_memory(vh);
	if (rc < 0)
		net->regions[net->region_count++] = removed;
	else
		kernel_memory_changed(vh);
	return rc;
}

/* The kernel touches no queue any more. */
static void detach(const struct net_pair *pair)
{
	struct vhost_vring_file backend = { 0, -1 };

	for (; backend.index < 2; backend.index++)
		ioctl(pair->vhost, VHOST_NET_SET_BACKEND, &backend);
}

/* The pair whose ring the kernel cannot take. */
static uint32_t faulty(const struct net *net)
{
	eventfd_t count;
	uint32_t i;

	for (i = 0; i < net->count && eventfd_read(net->pairs[i].err, &count) < 0; i++)
		;
	return i;
}

static void net_ready(struct dpu_vhost *vh, uint32_t source)
{
	struct net *net = net_of(vh);
	uint32_t i;
	int rc;

	if (source == KERNEL_LINK)
		rc = vhost_fail(vh, -ENODEV, "tap", "%s has gone", net->name);
	else
		rc = vhost_fail(vh, -EIO, "queues", "the kernel cannot take what is in a ring of pair %u",
				faulty(net));
	for (i = 0; i < net->count; i++) {
		detach(&net->pairs[i]);
		vhost_unwatch(vh, net->pairs[i].tap);
		vhost_unwatch(vh, net->pairs[i].err);
	}
	kernel_end(vh, rc);
}

static void net_close(struct dpu_vhost *vh)
{
	struct net *net = net_of(vh);
	uint32_t i;

	if (!net)
		return;
	/* The kernel lets go of the memory with the last descriptor. */
	for (i = 0; i < net->count; i++) {
		if (net->pairs[i].vhost >= 0)
			close(net->pairs[i].vhost);
		if (net->pairs[i].tap >= 0)
			close(net->pairs[i].tap);
		if (net->pairs[i].err >= 0)
			close(net->pairs[i].err);
	}
	arena_close(&net->arena);
	free(net->pairs);
	free(net);
}

static const struct vhost_ops net_ops = {
	.ready = net_ready,
	.memory_add = net_memory_add,
	.memory_remove = net_memory_remove,
	.close = net_close,
};

static int start(struct dpu_vhost *vh)
{
	struct net *net = net_of(vh);
	uint32_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < vh->opts.queues; i++)
		rc = open_pair(vh, &net->pairs[i]);
	if (rc == 0)
		rc = kernel_ioctl(vh, net->pairs[0].vhost, VHOST_GET_FEATURES, &vh->offered,
				  "VHOST_GET_FEATURES");
	if (rc < 0)
		return rc;
	/* A bit that means something else to vhost than to a driver. */
	vh->offered = (vh->offered & ~(UINT64_C(1) << VHOST_NET_F_VIRTIO_NET_HDR)) | TAP_FEATURES;
	vh->features = vhost_agreed(vh, RING_FEATURES);
	rc = arena_open(&net->arena, vh);
	if (rc < 0)
		return rc;
	add_region(net, net->arena.base, net->arena.size);
	rc = tell_memory(vh);
	for (i = 0; rc == 0 && i < net->count; i++)
		rc = start_pair(vh, i);
	for (i = 0; rc == 0 && i < net->count; i++) {
		rc = vhost_watch(vh, net->pairs[i].tap, KERNEL_LINK, 0, 0);
		if (rc == 0)
			rc = vhost_watch(vh, net->pairs[i].err, KERNEL_ERROR, 0, EPOLLIN);
	}
	return rc == 0 ? kernel_begin(vh) : rc;
}

int vhost_net_open(struct dpu_vhost *vh)
{
	struct net *net;

	if (strlen(vh->path) >= IFNAMSIZ)
		return vhost_fail(vh, -ENAMETOOLONG, "open",
				  "a network device's name is shorter than %d bytes", IFNAMSIZ);
	net = calloc(1, sizeof(*net));
	if (!net)
		return vhost_fail(vh, -ENOMEM, "open", NULL);
	vh->transport = net;
	vh->ops = &net_ops;
	arena_init(&net->arena);
	memcpy(net->name, vh->path, strlen(vh->path));
	net->pairs = calloc(vh->opts.queues, sizeof(*net->pairs));
	if (!net->pairs)
		return vhost_fail(vh, -ENOMEM, "open", NULL);
	return start(vh);
}
