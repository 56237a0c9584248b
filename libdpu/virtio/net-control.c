/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control queue, device side: 5.1.6.5. A command's bytes are each read once; what it sets is changed when
 * all of it has been checked. */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include "virtio/net.h"

#define HEADER 2

/* What is left of a command. */
struct command {
	const struct dpu_virtq_chain *chain;
	size_t at;
	uint8_t number;
};

static bool take(struct command *command, void *buf, size_t len)
{
	if (dpu_virtq_chain_read(command->chain, command->at, buf, len) < len)
		return false;
	command->at += len;
	return true;
}

static bool take16(struct command *command, uint16_t *value)
{
	if (!take(command, value, sizeof(*value)))
		return false;
	*value = le16toh(*value);
	return true;
}

static bool take32(struct command *command, uint32_t *value)
{
	if (!take(command, value, sizeof(*value)))
		return false;
	*value = le32toh(*value);
	return true;
}

static int control_rx(struct dpu_virtio_net *net, struct command *command)
{
	uint64_t feature = DPU_VIRTIO_NET_F_CTRL_RX;
	uint8_t on;

	if (command->number > DPU_VIRTIO_NET_CTRL_RX_ALLMULTI)
		feature = DPU_VIRTIO_NET_F_CTRL_RX_EXTRA;
	if (command->number > DPU_VIRTIO_NET_CTRL_RX_NOBCAST || !net_negotiated(net, feature))
		return -EOPNOTSUPP;
	if (!take(command, &on, 1) || on > 1)
		return -EINVAL;
	net->driver.rx_mode &= ~(1u << command->number);
	net->driver.rx_mode |= (uint32_t)on << command->number;
	return DPU_VIRTIO_NET_CHANGED_FILTER;
}

/* One of the two tables. More addresses than there is room for are passed over: then all are received. */
static bool take_macs(struct command *command, struct net_macs *macs)
{
	uint8_t bytes[NET_MACS][6];
	uint32_t entries, i;

	memset(macs, 0, sizeof(*macs));
	if (!take32(command, &entries))
		return false;
	if (entries > NET_MACS) {
		/* Only their presence matters: there must be as many as is said. */
		if (entries > (dpu_virtq_chain_readable(command->chain) - command->at) / sizeof(bytes[0]))
			return false;
		command->at += entries * sizeof(bytes[0]);
		macs->overflow = true;
		return true;
	}
	if (!take(command, bytes, entries * sizeof(bytes[0])))
		return false;
	for (i = 0; i < entries; i++)
		macs->mac[i] = net_mac(bytes[i]);
	macs->count = entries;
	return true;
}

static int control_mac(struct dpu_virtio_net *net, struct command *command)
{
	struct net_macs unicast, multicast;
	uint8_t mac[6];

	if (command->number == NET_CTRL_MAC_TABLE_SET && net_negotiated(net, DPU_VIRTIO_NET_F_CTRL_RX)) {
		if (!take_macs(command, &unicast) || !take_macs(command, &multicast))
			return -EINVAL;
		net->driver.unicast = unicast;
		net->driver.multicast = multicast;
		return DPU_VIRTIO_NET_CHANGED_FILTER;
	}
	if (command->number != NET_CTRL_MAC_ADDR_SET || !net_negotiated(net, DPU_VIRTIO_NET_F_CTRL_MAC_ADDR))
		return -EOPNOTSUPP;
	if (!take(command, mac, sizeof(mac)) || mac[0] & 1)
		return -EINVAL;
	memcpy(net->mac, mac, sizeof(mac));
	net->generation++;
	return DPU_VIRTIO_NET_CHANGED_MAC | DPU_VIRTIO_NET_CHANGED_FILTER;
}

static int control_vlan(struct dpu_virtio_net *net, struct command *command)
{
	uint8_t *byte, bit;
	uint16_t vid;

	if (command->number > NET_CTRL_VLAN_DEL || !net_negotiated(net, DPU_VIRTIO_NET_F_CTRL_VLAN))
		return -EOPNOTSUPP;
	if (!take16(command, &vid) || vid >= NET_VLANS)
		return -EINVAL;
	byte = &net->driver.vlans[vid / 8];
	bit = (uint8_t)(1u << (vid % 8));
	*byte = command->number == NET_CTRL_VLAN_ADD ? *byte | bit : *byte & (uint8_t)~bit;
	return DPU_VIRTIO_NET_CHANGED_FILTER;
}

static int control_announce(struct dpu_virtio_net *net, struct command *command)
{
	if (command->number != NET_CTRL_ANNOUNCE_ACK || !net_negotiated(net, DPU_VIRTIO_NET_F_GUEST_ANNOUNCE))
		return -EOPNOTSUPP;
	if (net->status & DPU_VIRTIO_NET_S_ANNOUNCE) {
		net->status &= (uint16_t)~DPU_VIRTIO_NET_S_ANNOUNCE;
		net->generation++;
	}
	return DPU_VIRTIO_NET_CHANGED_ANNOUNCE;
}

static int set_pairs(struct dpu_virtio_net *net, struct command *command)
{
	uint16_t pairs;

	if (!net_negotiated(net, DPU_VIRTIO_NET_F_MQ))
		return -EOPNOTSUPP;
	if (!take16(command, &pairs) || !pairs || pairs > net->opts.max_virtqueue_pairs)
		return -EINVAL;
	net->driver.pairs = pairs;
	net->driver.rss = false; /* the last command decides */
	return DPU_VIRTIO_NET_CHANGED_QUEUES;
}

/* The end of both structures: the key. */
static bool take_key(const struct dpu_virtio_net *net, struct command *command, uint32_t types, uint8_t *key,
		     uint8_t *len)
{
	return take(command, len, 1) && *len <= net->opts.rss_max_key_size && (*len || !types) &&
	       !(types & ~net->opts.supported_hash_types) && take(command, key, *len);
}

/* Receive queues' ids: virtqueues' indexes without the last bit. */
static bool take_queues(const struct dpu_virtio_net *net, struct command *command, uint16_t *queues,
			uint32_t count)
{
	uint32_t i;

	if (!take(command, queues, count * sizeof(*queues)))
		return false;
	for (i = 0; i < count; i++) {
		queues[i] = le16toh(queues[i]);
		if (queues[i] >= net->opts.max_virtqueue_pairs) /* which the reserved bit makes it, too */
			return false;
	}
	return true;
}

static int set_rss(struct dpu_virtio_net *net, struct command *command)
{
	uint16_t mask, unclassified, max_tx_vq, *table;
	uint8_t key[NET_KEY_MAX], key_len;
	uint32_t types;

	if (!net_negotiated(net, DPU_VIRTIO_NET_F_RSS))
		return -EOPNOTSUPP;
	if (!take32(command, &types) || !take16(command, &mask) ||
	    !take_queues(net, command, &unclassified, 1))
		return -EINVAL;
	if (mask & (mask + 1u) || mask >= net->opts.rss_max_indirection_table_length)
		return -EINVAL;
	if (!take_queues(net, command, net->incoming, mask + 1u) || !take16(command, &max_tx_vq) ||
	    !max_tx_vq || max_tx_vq > net->opts.max_virtqueue_pairs ||
	    !take_key(net, command, types, key, &key_len))
		return -EINVAL;
	table = net->table;
	net->table = net->incoming;
	net->incoming = table;
	net->driver.rss = true;
	net->driver.table_len = (uint16_t)(mask + 1);
	net->driver.unclassified = unclassified;
	net->driver.max_tx_vq = max_tx_vq;
	net->driver.pairs = max_tx_vq;
	net_hash_set(&net->hash, types, key, key_len);
	return DPU_VIRTIO_NET_CHANGED_QUEUES | DPU_VIRTIO_NET_CHANGED_HASH;
}

static int set_hash(struct dpu_virtio_net *net, struct command *command)
{
	uint8_t key[NET_KEY_MAX], key_len, reserved[8];
	uint32_t types;

	if (!net_negotiated(net, DPU_VIRTIO_NET_F_HASH_REPORT))
		return -EOPNOTSUPP;
	if (!take32(command, &types) || !take(command, reserved, sizeof(reserved)) ||
	    !take_key(net, command, types, key, &key_len))
		return -EINVAL;
	net_hash_set(&net->hash, types, key, key_len);
	return DPU_VIRTIO_NET_CHANGED_HASH;
}

static int control_mq(struct dpu_virtio_net *net, struct command *command)
{
	switch (command->number) {
	case NET_CTRL_MQ_VQ_PAIRS_SET:
		return set_pairs(net, command);
	case NET_CTRL_MQ_RSS_CONFIG:
		return set_rss(net, command);
	case NET_CTRL_MQ_HASH_CONFIG:
		return set_hash(net, command);
	default:
		return -EOPNOTSUPP;
	}
}

static int control_offloads(struct dpu_virtio_net *net, struct command *command)
{
	uint64_t offloads;

	if (command->number != NET_CTRL_GUEST_OFFLOADS_SET ||
	    !net_negotiated(net, DPU_VIRTIO_NET_F_CTRL_GUEST_OFFLOADS))
		return -EOPNOTSUPP;
	if (!take(command, &offloads, sizeof(offloads)))
		return -EINVAL;
	offloads = le64toh(offloads);
	if (offloads & ~(net->driver.features & NET_OFFLOADS))
		return -EINVAL;
	net->driver.offloads = offloads;
	return DPU_VIRTIO_NET_CHANGED_OFFLOADS;
}

static int carry_out(struct dpu_virtio_net *net, const struct dpu_virtq_chain *chain)
{
	static int (*const classes[])(struct dpu_virtio_net * net, struct command * command) = {
		[NET_CTRL_RX] = control_rx,     [NET_CTRL_MAC] = control_mac,
		[NET_CTRL_VLAN] = control_vlan, [NET_CTRL_ANNOUNCE] = control_announce,
		[NET_CTRL_MQ] = control_mq,     [NET_CTRL_GUEST_OFFLOADS] = control_offloads,
	};
	struct command command = { .chain = chain };
	uint8_t header[HEADER];

	if (!take(&command, header, sizeof(header)))
		return -EINVAL;
	if (!net_negotiated(net, DPU_VIRTIO_NET_F_CTRL_VQ) ||
	    header[0] >= sizeof(classes) / sizeof(classes[0]))
		return -EOPNOTSUPP;
	command.number = header[1];
	return classes[header[0]](net, &command);
}

int dpu_virtio_net_control(struct dpu_virtio_net *net, struct dpu_virtq_chain *chain)
{
	uint8_t ack;
	int rc;

	chain->written = 0;
	if (!dpu_virtq_chain_writable(chain))
		return -ENOSPC;
	rc = carry_out(net, chain);
	ack = (uint8_t)(rc < 0 ? DPU_VIRTIO_NET_ERR : DPU_VIRTIO_NET_OK);
	chain->written = (uint32_t)dpu_virtq_chain_write(chain, 0, &ack, 1);
	return rc;
}
