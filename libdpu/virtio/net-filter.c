/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which packets a driver wants: 5.1.6.5.1 to 5.1.6.5.3. */
#include "virtio/net-packet.h"
#include "virtio/net.h"

#define BROADCAST UINT64_C(0xffffffffffff)

static bool has(const struct net_macs *macs, uint64_t mac)
{
	uint32_t i;

	if (macs->overflow)
		return true;
	for (i = 0; i < macs->count; i++) {
		if (macs->mac[i] == mac)
			return true;
	}
	return false;
}

/* The modes that suppress are stronger than those that allow. */
static bool wants_address(const struct dpu_virtio_net *net, const uint8_t address[6])
{
	const struct net_driver *driver = &net->driver;
	uint64_t mac = net_mac(address);

#define ON(mode) (driver->rx_mode & (1u << DPU_VIRTIO_NET_CTRL_RX_##mode))
	if (mac == BROADCAST)
		return !ON(NOBCAST);
	if (address[0] & 1)
		return !ON(NOMULTI) && (ON(ALLMULTI) || has(&driver->multicast, mac));
	return !ON(NOUNI) && (ON(ALLUNI) || mac == net_mac(net->mac) || has(&driver->unicast, mac));
#undef ON
}

int dpu_virtio_net_wants(const struct dpu_virtio_net *net, const void *packet, size_t len)
{
	const uint8_t *bytes = packet;

	if (len < ETH_LEN)
		return 0;
	if (net->driver.rx_mode & (1u << DPU_VIRTIO_NET_CTRL_RX_PROMISC))
		return 1;
	if (net_negotiated(net, DPU_VIRTIO_NET_F_CTRL_VLAN) && net_get16(bytes + 12) == ETH_VLAN) {
		if (len < ETH_LEN + 4 ||
		    !dpu_virtio_net_has_vlan(net, (uint16_t)(net_get16(bytes + 14) & (NET_VLANS - 1))))
			return 0;
	}
	return !net_negotiated(net, DPU_VIRTIO_NET_F_CTRL_RX) || wants_address(net, bytes);
}
