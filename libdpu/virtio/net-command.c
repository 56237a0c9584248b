/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control queue, driver side: commands as bytes (5.1.6.5). */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include "core/opts.h"
#include "virtio/net.h"

#define MACS_MAX 1000000
#define TABLE_MAX 0x8000

/* A command being written: it goes on counting when there is no room, and tells at the end. */
struct writer {
	uint8_t *at;
	size_t left;
	size_t len;
};

static void put(struct writer *writer, const void *data, size_t len)
{
	writer->len += len;
	if (len > writer->left) {
		writer->left = 0;
		return;
	}
	memcpy(writer->at, data, len);
	writer->at += len;
	writer->left -= len;
}

static void put8(struct writer *writer, uint8_t value)
{
	put(writer, &value, 1);
}

static void put16(struct writer *writer, uint16_t value)
{
	value = htole16(value);
	put(writer, &value, sizeof(value));
}

static void put32(struct writer *writer, uint32_t value)
{
	value = htole32(value);
	put(writer, &value, sizeof(value));
}

static struct writer begin(void *buf, size_t size, uint8_t class, uint8_t command)
{
	struct writer writer = { buf, size, 0 };

	put8(&writer, class);
	put8(&writer, command);
	return writer;
}

static int end(const struct writer *writer, size_t size)
{
	return writer->len > size ? -ENOBUFS : (int)writer->len;
}

int dpu_virtio_net_ctrl_rx(void *buf, size_t size, uint8_t mode, int on)
{
	struct writer writer = begin(buf, size, NET_CTRL_RX, mode);

	if (mode > DPU_VIRTIO_NET_CTRL_RX_NOBCAST)
		return -EINVAL;
	put8(&writer, on != 0);
	return end(&writer, size);
}

int dpu_virtio_net_ctrl_mac_addr(void *buf, size_t size, const uint8_t mac[6])
{
	struct writer writer = begin(buf, size, NET_CTRL_MAC, NET_CTRL_MAC_ADDR_SET);

	put(&writer, mac, 6);
	return end(&writer, size);
}

int dpu_virtio_net_ctrl_mac_table(void *buf, size_t size, const uint8_t (*unicast)[6], uint32_t unicast_count,
				  const uint8_t (*multicast)[6], uint32_t multicast_count)
{
	struct writer writer = begin(buf, size, NET_CTRL_MAC, NET_CTRL_MAC_TABLE_SET);

	if (unicast_count > MACS_MAX || multicast_count > MACS_MAX)
		return -EINVAL;
	put32(&writer, unicast_count);
	if (unicast_count)
		put(&writer, unicast, unicast_count * sizeof(*unicast));
	put32(&writer, multicast_count);
	if (multicast_count)
		put(&writer, multicast, multicast_count * sizeof(*multicast));
	return end(&writer, size);
}

int dpu_virtio_net_ctrl_vlan(void *buf, size_t size, uint16_t vid, int add)
{
	struct writer writer = begin(buf, size, NET_CTRL_VLAN, add ? NET_CTRL_VLAN_ADD : NET_CTRL_VLAN_DEL);

	if (vid >= NET_VLANS)
		return -EINVAL;
	put16(&writer, vid);
	return end(&writer, size);
}

int dpu_virtio_net_ctrl_announce_ack(void *buf, size_t size)
{
	struct writer writer = begin(buf, size, NET_CTRL_ANNOUNCE, NET_CTRL_ANNOUNCE_ACK);

	return end(&writer, size);
}

int dpu_virtio_net_ctrl_mq(void *buf, size_t size, uint16_t pairs)
{
	struct writer writer = begin(buf, size, NET_CTRL_MQ, NET_CTRL_MQ_VQ_PAIRS_SET);

	if (!pairs || pairs > NET_PAIRS_MAX)
		return -EINVAL;
	put16(&writer, pairs);
	return end(&writer, size);
}

static void put_key(struct writer *writer, const struct dpu_virtio_net_rss *rss)
{
	put8(writer, rss->hash_key_length);
	if (rss->hash_key_length)
		put(writer, rss->hash_key, rss->hash_key_length);
}

int dpu_virtio_net_ctrl_rss(void *buf, size_t size, const struct dpu_virtio_net_rss *user)
{
	struct writer writer = begin(buf, size, NET_CTRL_MQ, NET_CTRL_MQ_RSS_CONFIG);
	struct dpu_virtio_net_rss rss;
	uint32_t i, len;

	if (opts_read(&rss, sizeof(rss), user) < 0)
		return -EINVAL;
	len = rss.indirection_table_length;
	if (!len || len & (len - 1) || len > TABLE_MAX || rss.unclassified_queue >= NET_PAIRS_MAX ||
	    !rss.max_tx_vq || rss.max_tx_vq > NET_PAIRS_MAX)
		return -EINVAL;
	put32(&writer, rss.hash_types);
	put16(&writer, (uint16_t)(len - 1));
	put16(&writer, rss.unclassified_queue);
	for (i = 0; i < len; i++) {
		if (rss.indirection_table[i] >= NET_PAIRS_MAX)
			return -EINVAL;
		put16(&writer, rss.indirection_table[i]);
	}
	put16(&writer, rss.max_tx_vq);
	put_key(&writer, &rss);
	return end(&writer, size);
}

int dpu_virtio_net_ctrl_hash(void *buf, size_t size, const struct dpu_virtio_net_rss *user)
{
	struct writer writer = begin(buf, size, NET_CTRL_MQ, NET_CTRL_MQ_HASH_CONFIG);
	static const uint8_t reserved[8];
	struct dpu_virtio_net_rss rss;

	if (opts_read(&rss, sizeof(rss), user) < 0)
		return -EINVAL;
	put32(&writer, rss.hash_types);
	put(&writer, reserved, sizeof(reserved));
	put_key(&writer, &rss);
	return end(&writer, size);
}

int dpu_virtio_net_ctrl_offloads(void *buf, size_t size, uint64_t offloads)
{
	struct writer writer = begin(buf, size, NET_CTRL_GUEST_OFFLOADS, NET_CTRL_GUEST_OFFLOADS_SET);

	put32(&writer, (uint32_t)offloads);
	put32(&writer, (uint32_t)(offloads >> 32));
	return end(&writer, size);
}
