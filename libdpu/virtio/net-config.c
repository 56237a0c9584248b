/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration space of a network device: 5.1.4. */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include "virtio/net.h"

struct net_config {
	uint8_t mac[6];
	uint16_t status;
	uint16_t max_virtqueue_pairs;
	uint16_t mtu;
	uint32_t speed;
	uint8_t duplex;
	uint8_t rss_max_key_size;
	uint16_t rss_max_indirection_table_length;
	uint32_t supported_hash_types;
};

#define END_OF(member) (offsetof(struct net_config, member) + sizeof(((struct net_config *)0)->member))

/* Lays out what the offered features have; it ends with the last of their fields. */
static size_t lay_out(const struct dpu_virtio_net *net, struct net_config *config)
{
	const struct dpu_virtio_net_opts *opts = &net->opts;
	uint64_t features = opts->features;
	size_t end = END_OF(mac);

	_Static_assert(sizeof(*config) == 24, "as on the wire");
	memset(config, 0, sizeof(*config));
	memcpy(config->mac, net->mac, sizeof(config->mac));
	if (features & DPU_VIRTIO_NET_F_STATUS) {
		config->status = htole16(net->status);
		end = END_OF(status);
	}
	if (features & (DPU_VIRTIO_NET_F_MQ | DPU_VIRTIO_NET_F_RSS)) {
		config->max_virtqueue_pairs = htole16(opts->max_virtqueue_pairs);
		end = END_OF(max_virtqueue_pairs);
	}
	if (features & DPU_VIRTIO_NET_F_MTU) {
		config->mtu = htole16(opts->mtu);
		end = END_OF(mtu);
	}
	if (features & DPU_VIRTIO_NET_F_SPEED_DUPLEX) {
		config->speed = htole32(opts->speed);
		config->duplex = opts->duplex;
		end = END_OF(duplex);
	}
	if (features & (DPU_VIRTIO_NET_F_RSS | DPU_VIRTIO_NET_F_HASH_REPORT)) {
		config->rss_max_key_size = opts->rss_max_key_size;
		config->supported_hash_types = htole32(opts->supported_hash_types);
		end = END_OF(supported_hash_types);
	}
	if (features & DPU_VIRTIO_NET_F_RSS)
		config->rss_max_indirection_table_length = htole16(opts->rss_max_indirection_table_length);
	return end;
}

size_t dpu_virtio_net_config_read(const struct dpu_virtio_net *net, size_t offset, void *buf, size_t len)
{
	struct net_config config;
	size_t end = lay_out(net, &config), count;

	count = offset >= end ? 0 : end - offset;
	if (count > len)
		count = len;
	memcpy(buf, (const uint8_t *)&config + (count ? offset : 0), count);
	memset((uint8_t *)buf + count, 0, len - count);
	return count;
}

int dpu_virtio_net_config_write(struct dpu_virtio_net *net, size_t offset, const void *buf, size_t len)
{
	if (net_negotiated(net, DPU_VIRTIO_F_VERSION_1) ||
	    net_negotiated(net, DPU_VIRTIO_NET_F_CTRL_MAC_ADDR) || !len || offset >= sizeof(net->mac) ||
	    len > sizeof(net->mac) - offset)
		return -EACCES;
	memcpy(net->mac + offset, buf, len);
	net->generation++;
	return DPU_VIRTIO_NET_CHANGED_MAC;
}
