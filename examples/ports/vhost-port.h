/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two sides of a vhost port's pairs. */
#ifndef PORTS_VHOST_PORT_H
#define PORTS_VHOST_PORT_H

#include "port.h"

extern const struct pair_ops backend_ops;
extern const struct pair_ops frontend_ops;
extern const size_t backend_size;
extern const size_t frontend_size;

/* A queue of the pair has started. 0 or a negative errno: it is not used then. */
int backend_start(struct pair *pair, uint32_t index, bool enabled, uint64_t features);
int frontend_start(struct pair *pair, uint32_t index, uint64_t features);
/* It stops: its chains are returned, or taken back. */
void backend_stop(struct pair *pair, uint32_t index);
void frontend_stop(struct pair *pair, uint32_t index);
/* It is somebody else's. */
void backend_forget(struct pair *pair, uint32_t index);
void backend_enable(struct pair *pair, uint32_t index, bool enabled);
/* No chain is kept. */
void backend_drain(struct pair *pair);
/* The part of the port's memory that is this pair's; -ENOMEM. */
int frontend_memory(struct pair *pair, uint8_t *memory, size_t size);
void frontend_free(struct pair *pair);

/* Features that are about what a header asks for. */
#define VHOST_SENT_OFFLOADS                                                                                  \
	(DPU_VIRTIO_NET_F_CSUM | DPU_VIRTIO_NET_F_HOST_TSO4 | DPU_VIRTIO_NET_F_HOST_TSO6 |                   \
	 DPU_VIRTIO_NET_F_HOST_ECN | DPU_VIRTIO_NET_F_HOST_UFO | DPU_VIRTIO_NET_F_HOST_USO)
#define VHOST_RECEIVED_OFFLOADS                                                                              \
	(DPU_VIRTIO_NET_F_GUEST_CSUM | DPU_VIRTIO_NET_F_GUEST_TSO4 | DPU_VIRTIO_NET_F_GUEST_TSO6 |           \
	 DPU_VIRTIO_NET_F_GUEST_ECN | DPU_VIRTIO_NET_F_GUEST_UFO | DPU_VIRTIO_NET_F_GUEST_USO4 |             \
	 DPU_VIRTIO_NET_F_GUEST_USO6)

/* What a header asks for is noted with the packet. False: the packet is nonsense. */
static inline bool vhost_take_header(struct packet *packet, const void *wire, uint64_t features,
				     uint32_t writer)
{
	dpu_virtio_net_hdr_decode(wire, features, &packet->hdr);
	packet->offload = packet->hdr.flags & DPU_VIRTIO_NET_HDR_F_NEEDS_CSUM || packet->hdr.gso_type;
	return !packet->offload || dpu_virtio_net_hdr_check(&packet->hdr, features, writer, packet->len) == 0;
}

static inline void vhost_notify(struct pair *pair, struct dpu_virtq *vq, uint32_t index)
{
	if (dpu_virtq_should_notify(vq))
		dpu_vhost_notify(pair->port->vhost, index);
}

#endif
