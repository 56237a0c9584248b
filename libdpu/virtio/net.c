/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The network device as an object: what it offers, what is negotiated, what it tells. */
#include <dpu/virtio_net.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/opts.h"
#include "virtio/net.h"

/* What this model does not do, and so must not be offered (2.2.2). */
#define UNSUPPORTED                                                                                          \
	(DPU_VIRTIO_NET_F_DEVICE_STATS | DPU_VIRTIO_NET_F_HASH_TUNNEL | DPU_VIRTIO_NET_F_VQ_NOTF_COAL |      \
	 DPU_VIRTIO_NET_F_NOTF_COAL | UINT64_C(1) << 42)
#define RSS_TABLE_MIN 128
#define RSS_KEY_MIN 40
#define MTU_MIN 68
#define SPEED_MAX 0x7fffffff

static void destroy(struct dpu_virtio_net *net)
{
	free(net->table);
	free(net->incoming);
	free(net);
}

DEFINE_REF(dpu_virtio_net, destroy)

static bool speed_valid(uint32_t speed, uint8_t duplex)
{
	return (speed <= SPEED_MAX || speed == DPU_VIRTIO_NET_SPEED_UNKNOWN) &&
	       (duplex <= DPU_VIRTIO_NET_DUPLEX_FULL || duplex == DPU_VIRTIO_NET_DUPLEX_UNKNOWN);
}

static int check_opts(struct dpu_virtio_net_opts *opts)
{
	uint64_t features = opts->features;

	if (features & UNSUPPORTED)
		return -EOPNOTSUPP;
	if (!opts->max_virtqueue_pairs)
		opts->max_virtqueue_pairs = 1;
	if (!opts->rss_max_indirection_table_length)
		opts->rss_max_indirection_table_length = RSS_TABLE_MIN;
	if (!opts->rss_max_key_size)
		opts->rss_max_key_size = RSS_KEY_MIN;
	if (!opts->supported_hash_types)
		opts->supported_hash_types = DPU_VIRTIO_NET_HASH_TYPE_ALL;
	if (dpu_virtio_features_check(DPU_VIRTIO_ID_NET, features, NULL, NULL) < 0 || opts->reserved)
		return -EINVAL;
	if (opts->mac[0] & 1 || opts->max_virtqueue_pairs > NET_PAIRS_MAX ||
	    opts->rss_max_indirection_table_length < RSS_TABLE_MIN || opts->rss_max_key_size < RSS_KEY_MIN ||
	    opts->supported_hash_types & ~DPU_VIRTIO_NET_HASH_TYPE_ALL)
		return -EINVAL;
	if (features & DPU_VIRTIO_NET_F_MTU && opts->mtu < MTU_MIN)
		return -EINVAL;
	if (features & DPU_VIRTIO_NET_F_SPEED_DUPLEX && !speed_valid(opts->speed, opts->duplex))
		return -EINVAL;
	return 0;
}

int dpu_virtio_net_create(const struct dpu_virtio_net_opts *user, struct dpu_virtio_net **ret)
{
	struct dpu_virtio_net_opts opts;
	struct dpu_virtio_net *net;
	int rc;

	rc = opts_read(&opts, sizeof(opts), user);
	if (rc == 0)
		rc = check_opts(&opts);
	if (rc < 0)
		return rc;
	net = calloc(1, sizeof(*net));
	if (!net)
		return -ENOMEM;
	ref_init(&net->ref);
	net->opts = opts;
	net->table = calloc(opts.rss_max_indirection_table_length, sizeof(*net->table));
	net->incoming = calloc(opts.rss_max_indirection_table_length, sizeof(*net->incoming));
	if (!net->table || !net->incoming) {
		destroy(net);
		return -ENOMEM;
	}
	if (opts.features & DPU_VIRTIO_NET_F_STATUS && !opts.link_down)
		net->status = DPU_VIRTIO_NET_S_LINK_UP;
	dpu_virtio_net_reset(net);
	net->generation = 0;
	*ret = net;
	return 0;
}

void dpu_virtio_net_reset(struct dpu_virtio_net *net)
{
	/* The key of the published test vectors, until the driver gives one: flows shall spread before that,
	 * too. */
	static const uint8_t key[RSS_KEY_MIN] = {
		0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
		0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
		0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
	};

	memset(&net->driver, 0, sizeof(net->driver));
	net->driver.pairs = 1;
	net_hash_set(&net->hash, 0, key, sizeof(key));
	memcpy(net->mac, net->opts.mac, sizeof(net->mac));
	net->status &= (uint16_t)~DPU_VIRTIO_NET_S_ANNOUNCE;
	net->generation++;
}

int dpu_virtio_net_set_features(struct dpu_virtio_net *net, uint64_t features)
{
	if (features & ~net->opts.features ||
	    dpu_virtio_features_check(DPU_VIRTIO_ID_NET, features, NULL, NULL) < 0)
		return -EINVAL;
	net->driver.features = features;
	net->driver.offloads = features & NET_OFFLOADS;
	return 0;
}

static int set_status(struct dpu_virtio_net *net, uint16_t status)
{
	if (status == net->status)
		return 0;
	net->status = status;
	net->generation++;
	return 1;
}

int dpu_virtio_net_set_link(struct dpu_virtio_net *net, int up)
{
	if (!(net->opts.features & DPU_VIRTIO_NET_F_STATUS))
		return -EOPNOTSUPP;
	return set_status(net, up ? net->status | DPU_VIRTIO_NET_S_LINK_UP
				  : net->status & (uint16_t)~DPU_VIRTIO_NET_S_LINK_UP);
}

int dpu_virtio_net_announce(struct dpu_virtio_net *net)
{
	if (!net_negotiated(net, DPU_VIRTIO_NET_F_STATUS) ||
	    !net_negotiated(net, DPU_VIRTIO_NET_F_GUEST_ANNOUNCE))
		return -EOPNOTSUPP;
	return set_status(net, net->status | DPU_VIRTIO_NET_S_ANNOUNCE);
}

int dpu_virtio_net_set_speed(struct dpu_virtio_net *net, uint32_t speed, uint8_t duplex)
{
	if (!(net->opts.features & DPU_VIRTIO_NET_F_SPEED_DUPLEX))
		return -EOPNOTSUPP;
	if (!speed_valid(speed, duplex))
		return -EINVAL;
	if (speed == net->opts.speed && duplex == net->opts.duplex)
		return 0;
	net->opts.speed = speed;
	net->opts.duplex = duplex;
	net->generation++;
	return 1;
}

int dpu_virtio_net_state(const struct dpu_virtio_net *net, struct dpu_virtio_net_state *user)
{
	const struct net_driver *driver = &net->driver;
	struct dpu_virtio_net_state state = {
		.features = driver->features,
		.offloads = driver->offloads,
		.rx_mode = driver->rx_mode,
		.generation = net->generation,
		.hash_types = net->hash.types,
		.status = net->status,
		.queue_pairs = driver->pairs,
		.rss = driver->rss,
	};

	if (!opts_valid(user))
		return -EINVAL;
	if (driver->unicast.overflow)
		state.rx_mode |= 1u << DPU_VIRTIO_NET_CTRL_RX_ALLUNI;
	if (driver->multicast.overflow)
		state.rx_mode |= 1u << DPU_VIRTIO_NET_CTRL_RX_ALLMULTI;
	memcpy(state.mac, net->mac, sizeof(state.mac));
	opts_write(user, &state, sizeof(state));
	return 0;
}

uint32_t dpu_virtio_net_macs(const struct dpu_virtio_net *net, int multicast, uint8_t (*macs)[6],
			     uint32_t max)
{
	const struct net_macs *table = multicast ? &net->driver.multicast : &net->driver.unicast;
	uint32_t i;
	int byte;

	for (i = 0; i < table->count && i < max; i++) {
		for (byte = 0; byte < 6; byte++)
			macs[i][byte] = (uint8_t)(table->mac[i] >> (40 - 8 * byte));
	}
	return table->count;
}

int dpu_virtio_net_has_vlan(const struct dpu_virtio_net *net, uint16_t vid)
{
	return vid < NET_VLANS && net->driver.vlans[vid / 8] >> (vid % 8) & 1;
}

int dpu_virtio_net_rss(const struct dpu_virtio_net *net, struct dpu_virtio_net_rss *user)
{
	const struct net_driver *driver = &net->driver;
	struct dpu_virtio_net_rss rss = {
		.hash_key = net->hash.key,
		.hash_types = net->hash.types,
		.hash_key_length = net->hash.key_len,
	};

	if (!opts_valid(user))
		return -EINVAL;
	if (driver->rss) {
		rss.indirection_table = net->table;
		rss.indirection_table_length = driver->table_len;
		rss.unclassified_queue = driver->unclassified;
		rss.max_tx_vq = driver->max_tx_vq;
	}
	opts_write(user, &rss, sizeof(rss));
	return 0;
}
