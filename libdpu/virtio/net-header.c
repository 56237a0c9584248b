/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* struct virtio_net_hdr: 5.1.6. */
#include <dpu/virtio_net.h>
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "virtio/net-packet.h"

size_t dpu_virtio_net_hdr_len(uint64_t features)
{
	if (features & DPU_VIRTIO_NET_F_HASH_REPORT)
		return 20;
	return features & (DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_NET_F_MRG_RXBUF) ? 12 : 10;
}

size_t dpu_virtio_net_hdr_encode(const struct dpu_virtio_net_hdr *hdr, uint64_t features, void *buf)
{
	struct dpu_virtio_net_hdr wire = {
		.flags = hdr->flags,
		.gso_type = hdr->gso_type,
		.hdr_len = htole16(hdr->hdr_len),
		.gso_size = htole16(hdr->gso_size),
		.csum_start = htole16(hdr->csum_start),
		.csum_offset = htole16(hdr->csum_offset),
		.num_buffers = htole16(hdr->num_buffers),
		.hash_value = htole32(hdr->hash_value),
		.hash_report = htole16(hdr->hash_report),
	};
	size_t len = dpu_virtio_net_hdr_len(features);

	_Static_assert(sizeof(wire) == DPU_VIRTIO_NET_HDR_MAX, "the longest form, without padding");
	memcpy(buf, &wire, len);
	return len;
}

size_t dpu_virtio_net_hdr_decode(const void *buf, uint64_t features, struct dpu_virtio_net_hdr *hdr)
{
	struct dpu_virtio_net_hdr wire = { 0 };
	size_t len = dpu_virtio_net_hdr_len(features);

	memcpy(&wire, buf, len);
	*hdr = (struct dpu_virtio_net_hdr){
		.flags = wire.flags,
		.gso_type = wire.gso_type,
		.hdr_len = le16toh(wire.hdr_len),
		.gso_size = le16toh(wire.gso_size),
		.csum_start = le16toh(wire.csum_start),
		.csum_offset = le16toh(wire.csum_offset),
		.num_buffers = le16toh(wire.num_buffers),
		.hash_value = le32toh(wire.hash_value),
		.hash_report = le16toh(wire.hash_report),
	};
	return len;
}

/* The features of which one allows this gso_type: from a driver, from a device. 0 for a type that there is
 * not. */
static uint64_t allowed_by(uint8_t gso_type, uint32_t writer)
{
	bool driver = writer == DPU_VIRTQ_DRIVER;

	switch (gso_type) {
	case DPU_VIRTIO_NET_HDR_GSO_TCPV4:
		return driver ? DPU_VIRTIO_NET_F_HOST_TSO4 | DPU_VIRTIO_NET_F_GSO
			      : DPU_VIRTIO_NET_F_GUEST_TSO4;
	case DPU_VIRTIO_NET_HDR_GSO_TCPV6:
		return driver ? DPU_VIRTIO_NET_F_HOST_TSO6 | DPU_VIRTIO_NET_F_GSO
			      : DPU_VIRTIO_NET_F_GUEST_TSO6;
	case DPU_VIRTIO_NET_HDR_GSO_UDP:
		return driver ? DPU_VIRTIO_NET_F_HOST_UFO | DPU_VIRTIO_NET_F_GSO : DPU_VIRTIO_NET_F_GUEST_UFO;
	case DPU_VIRTIO_NET_HDR_GSO_UDP_L4:
		return driver ? DPU_VIRTIO_NET_F_HOST_USO
			      : DPU_VIRTIO_NET_F_GUEST_USO4 | DPU_VIRTIO_NET_F_GUEST_USO6;
	default:
		return 0;
	}
}

static int check_gso(const struct dpu_virtio_net_hdr *hdr, uint64_t features, uint32_t writer)
{
	uint8_t type = hdr->gso_type & (uint8_t)~DPU_VIRTIO_NET_HDR_GSO_ECN;
	bool ecn = hdr->gso_type & DPU_VIRTIO_NET_HDR_GSO_ECN;
	uint64_t allowed = allowed_by(type, writer);

	if (!allowed || !hdr->gso_size || !(hdr->flags & DPU_VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return -EINVAL;
	if (ecn && type != DPU_VIRTIO_NET_HDR_GSO_TCPV4 && type != DPU_VIRTIO_NET_HDR_GSO_TCPV6)
		return -EINVAL;
	if (!(features & allowed))
		return -EOPNOTSUPP;
	allowed = writer == DPU_VIRTQ_DRIVER ? DPU_VIRTIO_NET_F_HOST_ECN : DPU_VIRTIO_NET_F_GUEST_ECN;
	return ecn && !(features & allowed) ? -EOPNOTSUPP : 0;
}

static int check_checksum(const struct dpu_virtio_net_hdr *hdr, uint64_t features, uint32_t writer,
			  size_t len)
{
	bool counts = hdr->flags & DPU_VIRTIO_NET_HDR_F_RSC_INFO && writer == DPU_VIRTQ_DEVICE;
	uint64_t allowed;

	if (counts && !(features & DPU_VIRTIO_NET_F_RSC_EXT))
		return -EOPNOTSUPP;
	if (!(hdr->flags & DPU_VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return 0;
	if (!counts && (size_t)hdr->csum_start + hdr->csum_offset + 2 > len)
		return -EINVAL;
	allowed = writer == DPU_VIRTQ_DRIVER ? DPU_VIRTIO_NET_F_CSUM : DPU_VIRTIO_NET_F_GUEST_CSUM;
	return features & allowed ? 0 : -EOPNOTSUPP;
}

int dpu_virtio_net_hdr_check(const struct dpu_virtio_net_hdr *hdr, uint64_t features, uint32_t writer,
			     size_t len)
{
	int rc, gso;

	if (len < ETH_LEN)
		return -EINVAL;
	if (len > DPU_VIRTIO_NET_PACKET_MAX)
		return -EMSGSIZE;
	rc = check_checksum(hdr, features, writer, len);
	if (rc == -EINVAL || hdr->gso_type == DPU_VIRTIO_NET_HDR_GSO_NONE)
		return rc;
	/* Nonsense is told before what was not negotiated. */
	gso = check_gso(hdr, features, writer);
	return gso < 0 ? gso : rc;
}

int dpu_virtio_net_checksum(struct dpu_virtio_net_hdr *hdr, void *packet, size_t len)
{
	uint8_t *start;
	uint16_t sum;

	if (!(hdr->flags & DPU_VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return 0;
	if ((size_t)hdr->csum_start + hdr->csum_offset + 2 > len)
		return -EINVAL;
	start = (uint8_t *)packet + hdr->csum_start;
	sum = net_fold(net_sum(0, start, len - hdr->csum_start));
	/* 0 would say "no checksum" in UDP; the other protocols take both forms of zero. */
	net_put16(start + hdr->csum_offset, sum ? sum : 0xffff);
	hdr->flags &= (uint8_t)~DPU_VIRTIO_NET_HDR_F_NEEDS_CSUM;
	return 0;
}
