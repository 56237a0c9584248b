/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hash of received packets and the queue that it chooses: 5.1.6.4.3, 5.1.6.5.7. */
#include <string.h>
#include "virtio/net-packet.h"
#include "virtio/net.h"

/* 32 bits of the key from this bit on, zeroes behind its end. */
static uint32_t window(const uint8_t *key, size_t key_len, size_t bit)
{
	uint64_t bits = 0;
	size_t i;

	for (i = bit / 8; i < bit / 8 + 5; i++)
		bits = bits << 8 | (i < key_len ? key[i] : 0);
	return (uint32_t)(bits >> (8 - bit % 8));
}

uint32_t dpu_virtio_net_toeplitz(const void *key, size_t key_len, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint32_t hash = 0;
	size_t bit;

	for (bit = 0; bit < len * 8; bit++) {
		if (bytes[bit / 8] >> (7 - bit % 8) & 1)
			hash ^= window(key, key_len, bit);
	}
	return hash;
}

void net_hash_set(struct net_hash *hash, uint32_t types, const uint8_t *key, uint8_t key_len)
{
	uint8_t input[NET_HASH_INPUT] = { 0 };
	uint32_t place, value;

	hash->types = types;
	hash->key_len = key_len;
	memset(hash->key, 0, sizeof(hash->key));
	memcpy(hash->key, key, key_len);
	for (place = 0; place < NET_HASH_INPUT * 2; place++) {
		for (value = 0; value < 16; value++) {
			input[place / 2] = (uint8_t)(place % 2 ? value : value << 4);
			hash->nibbles[place][value] =
				dpu_virtio_net_toeplitz(key, key_len, input, sizeof(input));
		}
		input[place / 2] = 0;
	}
}

static uint32_t calculate(const struct net_hash *hash, const uint8_t *input, size_t len)
{
	uint32_t value = 0;
	size_t i;

	for (i = 0; i < len; i++)
		value ^= hash->nibbles[2 * i][input[i] >> 4] ^ hash->nibbles[2 * i + 1][input[i] & 15];
	return value;
}

/* The kind of hash that these types ask for, as reported; 0 for none. */
static uint16_t choose(const struct net_packet *packet, uint32_t types)
{
	uint32_t ip = DPU_VIRTIO_NET_HASH_TYPE_IPv4, with_ports = 0;
	uint32_t extended = packet->extended ? DPU_VIRTIO_NET_HASH_TYPE_IP_EX : 0;

	if (packet->version == 6)
		ip = DPU_VIRTIO_NET_HASH_TYPE_IPv6;
	/* The types with ports follow the one without, in the same order for all three kinds of addresses. */
	if (!packet->fragment && packet->protocol == IP_TCP)
		with_ports = 1;
	else if (!packet->fragment && packet->protocol == IP_UDP)
		with_ports = 2;
	if (with_ports && types & extended << with_ports)
		return (uint16_t)__builtin_ffs((int)(extended << with_ports));
	if (types & extended)
		return (uint16_t)__builtin_ffs((int)extended);
	if (with_ports && types & ip << with_ports)
		return (uint16_t)__builtin_ffs((int)(ip << with_ports));
	return types & ip ? (uint16_t)__builtin_ffs((int)ip) : 0;
}

/* The packet's hash by these types; what kind it is, 0: none. */
static uint16_t hash_packet(const struct dpu_virtio_net *net, const uint8_t *data, size_t len, uint32_t types,
			    uint32_t *value)
{
	uint8_t input[NET_HASH_INPUT];
	struct net_packet packet;
	size_t address, used;
	uint16_t report;

	if (!types || !net_packet_parse(data, len, &packet))
		return 0;
	if (len - packet.transport < 4) /* too short for ports */
		packet.fragment = true;
	report = choose(&packet, types);
	if (!report)
		return 0;
	address = packet.version == 4 ? 4 : 16;
	if (packet.version == 6 && 1u << (report - 1) < DPU_VIRTIO_NET_HASH_TYPE_IP_EX) {
		packet.source = data + packet.network + 8;
		packet.destination = data + packet.network + 24;
	}
	memcpy(input, packet.source, address);
	memcpy(input + address, packet.destination, address);
	used = 2 * address;
	if ((report - 1) % 3) {
		memcpy(input + used, data + packet.transport, 4);
		used += 4;
	}
	*value = calculate(&net->hash, input, used);
	return report;
}

uint16_t dpu_virtio_net_steer(const struct dpu_virtio_net *net, const void *packet, size_t len,
			      struct dpu_virtio_net_hdr *hdr)
{
	const struct net_driver *driver = &net->driver;
	uint32_t value = 0;
	uint16_t report = hash_packet(net, packet, len, net->hash.types, &value);

	if (hdr) {
		bool reports = net_negotiated(net, DPU_VIRTIO_NET_F_HASH_REPORT);

		hdr->hash_report = reports ? report : 0;
		hdr->hash_value = reports ? value : 0;
	}
	if (driver->rss)
		return report ? net->table[value & (driver->table_len - 1u)] : driver->unclassified;
	if (driver->pairs == 1)
		return 0;
	if (!report)
		hash_packet(net, packet, len, DPU_VIRTIO_NET_HASH_TYPE_ALL, &value);
	return (uint16_t)(value % driver->pairs);
}
