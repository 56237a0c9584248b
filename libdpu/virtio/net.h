/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtio network device's inside. */
#ifndef DPU_VIRTIO_NET_INTERNAL_H
#define DPU_VIRTIO_NET_INTERNAL_H

#include <dpu/virtio_net.h>
#include <stdbool.h>
#include "core/ref.h"

#define NET_MACS 64
#define NET_VLANS 4096
/* Two IPv6 addresses and two ports. */
#define NET_HASH_INPUT 36
#define NET_KEY_MAX 255
#define NET_PAIRS_MAX 0x8000

/* The driver's receive offloads: 5.1.6.5.8. */
#define NET_OFFLOADS                                                                                         \
	(DPU_VIRTIO_NET_F_GUEST_CSUM | DPU_VIRTIO_NET_F_GUEST_TSO4 | DPU_VIRTIO_NET_F_GUEST_TSO6 |           \
	 DPU_VIRTIO_NET_F_GUEST_ECN | DPU_VIRTIO_NET_F_GUEST_UFO | DPU_VIRTIO_NET_F_GUEST_USO4 |             \
	 DPU_VIRTIO_NET_F_GUEST_USO6)

/* Addresses as numbers, which are quick to compare. */
struct net_macs {
	uint64_t mac[NET_MACS];
	uint32_t count;
	bool overflow; /* the driver gave more: all are received */
};

/* What the hash is made with. */
struct net_hash {
	uint32_t types;
	uint8_t key_len;
	uint8_t key[NET_KEY_MAX];
	/* What each half byte of the input adds to the hash, by its place. */
	uint32_t nibbles[NET_HASH_INPUT * 2][16];
};

/* What a command sets, all of which a reset takes back. */
struct net_driver {
	uint64_t features;
	uint64_t offloads;
	uint32_t rx_mode; /* 1 << DPU_VIRTIO_NET_CTRL_RX_* */
	struct net_macs unicast;
	struct net_macs multicast;
	uint8_t vlans[NET_VLANS / 8];
	uint16_t pairs;
	bool rss;
	uint16_t unclassified;
	uint16_t table_len;
	uint16_t max_tx_vq;
};

struct dpu_virtio_net {
	struct dpu_virtio_net_opts opts; /* the MAC address too: a reset brings it back */
	struct net_driver driver;
	struct net_hash hash;
	uint16_t *table;    /* indirection table */
	uint16_t *incoming; /* the next one, until it has been checked */
	uint8_t mac[6];
	uint16_t status;
	uint32_t generation;
	struct ref ref;
};

static inline uint64_t net_mac(const uint8_t mac[6])
{
	return (uint64_t)mac[0] << 40 | (uint64_t)mac[1] << 32 | (uint64_t)mac[2] << 24 |
	       (uint64_t)mac[3] << 16 | (uint64_t)mac[4] << 8 | mac[5];
}

static inline bool net_negotiated(const struct dpu_virtio_net *net, uint64_t feature)
{
	return net->driver.features & feature;
}

/* Sets the hash's types and key. */
void net_hash_set(struct net_hash *hash, uint32_t types, const uint8_t *key, uint8_t key_len);

/* Classes and commands of the control queue: 5.1.6.5. */
enum {
	NET_CTRL_RX = 0,
	NET_CTRL_MAC = 1,
	NET_CTRL_MAC_TABLE_SET = 0,
	NET_CTRL_MAC_ADDR_SET = 1,
	NET_CTRL_VLAN = 2,
	NET_CTRL_VLAN_ADD = 0,
	NET_CTRL_VLAN_DEL = 1,
	NET_CTRL_ANNOUNCE = 3,
	NET_CTRL_ANNOUNCE_ACK = 0,
	NET_CTRL_MQ = 4,
	NET_CTRL_MQ_VQ_PAIRS_SET = 0,
	NET_CTRL_MQ_RSS_CONFIG = 1,
	NET_CTRL_MQ_HASH_CONFIG = 2,
	NET_CTRL_GUEST_OFFLOADS = 5,
	NET_CTRL_GUEST_OFFLOADS_SET = 0,
};

#endif
