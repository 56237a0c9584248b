/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/virtio_net.h
 * @brief The virtio network device: its configuration space, its control queue of both sides, and what
 * follows for received packets. The packets themselves are in dpu/virtio_net_packet.h.
 *
 * Everything is pure memory: no system call, no thread, and nothing but dpu_virtio_net_create() allocates. A
 * legacy guest is taken for little-endian. Queues are numbered by pair: receive queue n is receiveq(n + 1),
 * virtqueue 2n.
 *
 * Source: Virtual I/O Device (VIRTIO) 1.3 and the draft of 1.4, section 5.1 (network device).
 *
 * Thread rule: an object belongs to one thread at a time; the functions without an object can be called from
 * any.
 */
#ifndef DPU_VIRTIO_NET_H
#define DPU_VIRTIO_NET_H

#include <dpu/export.h>
#include <dpu/virtio.h>
#include <dpu/virtio_net_packet.h>
#include <dpu/virtq.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Feature bit 0: the device completes checksums. */
#define DPU_VIRTIO_NET_F_CSUM (UINT64_C(1) << 0)
/** Feature bit 1: the driver takes packets with incomplete checksums. */
#define DPU_VIRTIO_NET_F_GUEST_CSUM (UINT64_C(1) << 1)
/** Feature bit 2: the driver can switch its receive offloads. */
#define DPU_VIRTIO_NET_F_CTRL_GUEST_OFFLOADS (UINT64_C(1) << 2)
/** Feature bit 3: the device tells its largest MTU. */
#define DPU_VIRTIO_NET_F_MTU (UINT64_C(1) << 3)
/** Feature bit 5: the device has a MAC address. */
#define DPU_VIRTIO_NET_F_MAC (UINT64_C(1) << 5)
/** Feature bit 6: the device takes any kind of large packet (legacy). */
#define DPU_VIRTIO_NET_F_GSO (UINT64_C(1) << 6)
/** Feature bit 7: the driver takes large TCP packets over IPv4. */
#define DPU_VIRTIO_NET_F_GUEST_TSO4 (UINT64_C(1) << 7)
/** Feature bit 8: the driver takes large TCP packets over IPv6. */
#define DPU_VIRTIO_NET_F_GUEST_TSO6 (UINT64_C(1) << 8)
/** Feature bit 9: the driver takes large TCP packets with ECN. */
#define DPU_VIRTIO_NET_F_GUEST_ECN (UINT64_C(1) << 9)
/** Feature bit 10: the driver takes UDP packets to be fragmented. */
#define DPU_VIRTIO_NET_F_GUEST_UFO (UINT64_C(1) << 10)
/** Feature bit 11: the device takes large TCP packets over IPv4. */
#define DPU_VIRTIO_NET_F_HOST_TSO4 (UINT64_C(1) << 11)
/** Feature bit 12: the device takes large TCP packets over IPv6. */
#define DPU_VIRTIO_NET_F_HOST_TSO6 (UINT64_C(1) << 12)
/** Feature bit 13: the device takes large TCP packets with ECN. */
#define DPU_VIRTIO_NET_F_HOST_ECN (UINT64_C(1) << 13)
/** Feature bit 14: the device takes UDP packets to be fragmented. */
#define DPU_VIRTIO_NET_F_HOST_UFO (UINT64_C(1) << 14)
/** Feature bit 15: a received packet may span several buffers. */
#define DPU_VIRTIO_NET_F_MRG_RXBUF (UINT64_C(1) << 15)
/** Feature bit 16: the device tells its link's state. */
#define DPU_VIRTIO_NET_F_STATUS (UINT64_C(1) << 16)
/** Feature bit 17: there is a control queue. */
#define DPU_VIRTIO_NET_F_CTRL_VQ (UINT64_C(1) << 17)
/** Feature bit 18: the driver can set receive modes and the MAC table. */
#define DPU_VIRTIO_NET_F_CTRL_RX (UINT64_C(1) << 18)
/** Feature bit 19: the driver can filter VLANs. */
#define DPU_VIRTIO_NET_F_CTRL_VLAN (UINT64_C(1) << 19)
/** Feature bit 20: more receive modes. */
#define DPU_VIRTIO_NET_F_CTRL_RX_EXTRA (UINT64_C(1) << 20)
/** Feature bit 21: the device can ask the driver to announce itself. */
#define DPU_VIRTIO_NET_F_GUEST_ANNOUNCE (UINT64_C(1) << 21)
/** Feature bit 22: several pairs of queues. */
#define DPU_VIRTIO_NET_F_MQ (UINT64_C(1) << 22)
/** Feature bit 23: the driver can set the MAC address. */
#define DPU_VIRTIO_NET_F_CTRL_MAC_ADDR (UINT64_C(1) << 23)
/** Feature bit 50: the device tells statistics. */
#define DPU_VIRTIO_NET_F_DEVICE_STATS (UINT64_C(1) << 50)
/** Feature bit 51: the hash covers the inner headers of tunnels. */
#define DPU_VIRTIO_NET_F_HASH_TUNNEL (UINT64_C(1) << 51)
/** Feature bit 52: notifications are coalesced by queue. */
#define DPU_VIRTIO_NET_F_VQ_NOTF_COAL (UINT64_C(1) << 52)
/** Feature bit 53: notifications are coalesced. */
#define DPU_VIRTIO_NET_F_NOTF_COAL (UINT64_C(1) << 53)
/** Feature bit 54: the driver takes large UDP packets over IPv4. */
#define DPU_VIRTIO_NET_F_GUEST_USO4 (UINT64_C(1) << 54)
/** Feature bit 55: the driver takes large UDP packets over IPv6. */
#define DPU_VIRTIO_NET_F_GUEST_USO6 (UINT64_C(1) << 55)
/** Feature bit 56: the device takes large UDP packets. */
#define DPU_VIRTIO_NET_F_HOST_USO (UINT64_C(1) << 56)
/** Feature bit 57: received packets carry their hash. */
#define DPU_VIRTIO_NET_F_HASH_REPORT (UINT64_C(1) << 57)
/** Feature bit 59: the driver tells the exact length of headers. */
#define DPU_VIRTIO_NET_F_GUEST_HDRLEN (UINT64_C(1) << 59)
/** Feature bit 60: receive queues are chosen by hash and table. */
#define DPU_VIRTIO_NET_F_RSS (UINT64_C(1) << 60)
/** Feature bit 61: the device tells what it coalesced. */
#define DPU_VIRTIO_NET_F_RSC_EXT (UINT64_C(1) << 61)
/** Feature bit 62: the device stands by for another one with the same MAC address. */
#define DPU_VIRTIO_NET_F_STANDBY (UINT64_C(1) << 62)
/** Feature bit 63: the device tells speed and duplex. */
#define DPU_VIRTIO_NET_F_SPEED_DUPLEX (UINT64_C(1) << 63)

/** In the configuration's status: the link is up. */
#define DPU_VIRTIO_NET_S_LINK_UP 1
/** In the configuration's status: the driver shall announce itself. */
#define DPU_VIRTIO_NET_S_ANNOUNCE 2
/** speed: not known. */
#define DPU_VIRTIO_NET_SPEED_UNKNOWN 0xffffffffu
/** duplex: half. */
#define DPU_VIRTIO_NET_DUPLEX_HALF 0
/** duplex: full. */
#define DPU_VIRTIO_NET_DUPLEX_FULL 1
/** duplex: not known. */
#define DPU_VIRTIO_NET_DUPLEX_UNKNOWN 0xff

/** Hash over IPv4 addresses. A type is 1 << (report - 1) of what a header reports. */
#define DPU_VIRTIO_NET_HASH_TYPE_IPv4 (1u << 0)
/** Hash over IPv4 addresses and TCP ports. */
#define DPU_VIRTIO_NET_HASH_TYPE_TCPv4 (1u << 1)
/** Hash over IPv4 addresses and UDP ports. */
#define DPU_VIRTIO_NET_HASH_TYPE_UDPv4 (1u << 2)
/** Hash over IPv6 addresses. */
#define DPU_VIRTIO_NET_HASH_TYPE_IPv6 (1u << 3)
/** Hash over IPv6 addresses and TCP ports. */
#define DPU_VIRTIO_NET_HASH_TYPE_TCPv6 (1u << 4)
/** Hash over IPv6 addresses and UDP ports. */
#define DPU_VIRTIO_NET_HASH_TYPE_UDPv6 (1u << 5)
/** As IPv6, with the addresses of extension headers. */
#define DPU_VIRTIO_NET_HASH_TYPE_IP_EX (1u << 6)
/** As TCPv6, with the addresses of extension headers. */
#define DPU_VIRTIO_NET_HASH_TYPE_TCP_EX (1u << 7)
/** As UDPv6, with the addresses of extension headers. */
#define DPU_VIRTIO_NET_HASH_TYPE_UDP_EX (1u << 8)
/** All types of hashes. */
#define DPU_VIRTIO_NET_HASH_TYPE_ALL 0x1ffu

/** Receive mode: everything. */
#define DPU_VIRTIO_NET_CTRL_RX_PROMISC 0
/** Receive mode: every multicast packet. */
#define DPU_VIRTIO_NET_CTRL_RX_ALLMULTI 1
/** Receive mode: every unicast packet. */
#define DPU_VIRTIO_NET_CTRL_RX_ALLUNI 2
/** Receive mode: no multicast packet. */
#define DPU_VIRTIO_NET_CTRL_RX_NOMULTI 3
/** Receive mode: no unicast packet. */
#define DPU_VIRTIO_NET_CTRL_RX_NOUNI 4
/** Receive mode: no broadcast packet. */
#define DPU_VIRTIO_NET_CTRL_RX_NOBCAST 5

/** Acknowledgement of a command: done. */
#define DPU_VIRTIO_NET_OK 0
/** Acknowledgement of a command: refused. */
#define DPU_VIRTIO_NET_ERR 1

/** A command changed the receive modes, the MAC table or the VLAN table. */
#define DPU_VIRTIO_NET_CHANGED_FILTER 1
/** A command changed the MAC address. */
#define DPU_VIRTIO_NET_CHANGED_MAC 2
/** A command changed the number of queue pairs in use. */
#define DPU_VIRTIO_NET_CHANGED_QUEUES 4
/** A command changed the hash, its key or its table. */
#define DPU_VIRTIO_NET_CHANGED_HASH 8
/** A command changed the receive offloads. */
#define DPU_VIRTIO_NET_CHANGED_OFFLOADS 16
/** The driver has announced itself. */
#define DPU_VIRTIO_NET_CHANGED_ANNOUNCE 32

/** A network device, as the device side keeps it. */
struct dpu_virtio_net;

/** Options of dpu_virtio_net_create(); what belongs to a feature that is not offered is not looked at. */
struct dpu_virtio_net_opts {
	size_t sz;                     /**< Set by DPU_OPTS(). */
	uint64_t features;             /**< What the device offers. */
	uint32_t speed;                /**< Mbit per second, to 0x7fffffff; DPU_VIRTIO_NET_SPEED_UNKNOWN. */
	uint32_t supported_hash_types; /**< DPU_VIRTIO_NET_HASH_TYPE_*; 0: all. */
	uint16_t max_virtqueue_pairs;  /**< 1 to 0x8000; 0: 1. */
	uint16_t mtu;                  /**< Bytes, 68 to 65535. */
	uint16_t rss_max_indirection_table_length; /**< At least 128; 0: 128. */
	uint8_t rss_max_key_size;                  /**< Bytes, at least 40; 0: 40. */
	uint8_t duplex;                            /**< DPU_VIRTIO_NET_DUPLEX_*. */
	uint8_t mac[6];                            /**< MAC address. */
	uint8_t link_down;                         /**< Not 0: the link is down at first. */
	uint8_t reserved;                          /**< Zero. */
};

/** What dpu_virtio_net_state() tells. */
struct dpu_virtio_net_state {
	size_t sz;         /**< Set by DPU_OPTS(). */
	uint64_t features; /**< What was negotiated. */
	uint64_t offloads; /**< Those of the driver's receive offloads (GUEST_CSUM, GUEST_TSO4, …) that are
			      on. */
	uint32_t rx_mode;  /**< 1 << DPU_VIRTIO_NET_CTRL_RX_* for each mode that is on. */
	uint32_t generation;  /**< Counts the changes of the configuration space. */
	uint32_t hash_types;  /**< DPU_VIRTIO_NET_HASH_TYPE_* that are on. */
	uint16_t status;      /**< DPU_VIRTIO_NET_S_*. */
	uint16_t queue_pairs; /**< Pairs in use. */
	uint8_t mac[6];       /**< MAC address. */
	uint8_t rss;          /**< 1: receive queues are chosen by the indirection table. */
	uint8_t reserved;     /**< Zero. */
};

/** Receive-side scaling, or with hash_types and the key only, the hash that is reported. */
struct dpu_virtio_net_rss {
	size_t sz;                         /**< Set by DPU_OPTS(). */
	const uint16_t *indirection_table; /**< Receive queues. */
	const uint8_t *hash_key;           /**< Key. */
	uint32_t hash_types;               /**< DPU_VIRTIO_NET_HASH_TYPE_*. */
	uint16_t indirection_table_length; /**< Entries: a power of two, to 0x8000. */
	uint16_t unclassified_queue;       /**< Receive queue of packets without a hash. */
	uint16_t max_tx_vq;                /**< Transmit queues that the driver uses. */
	uint8_t hash_key_length;           /**< Bytes of key. */
	uint8_t reserved[5];               /**< Zero. */
};

/**
 * @brief Makes a device, in the state after a reset.
 * @param opts What to make.
 * @param ret The device, to be released with dpu_virtio_net_unref(). Untouched on failure.
 * @return 0, or a negative errno: -EINVAL an option is out of its range, the MAC address is a multicast one,
 * or a feature lacks one that it requires; -EOPNOTSUPP a feature that this model does not have (DEVICE_STATS,
 *  HASH_TUNNEL, NOTF_COAL, VQ_NOTF_COAL, GUEST_RSC6); -ENOMEM.
 */
DPU_PUBLIC int dpu_virtio_net_create(const struct dpu_virtio_net_opts *opts, struct dpu_virtio_net **ret);

/**
 * @brief Takes one more reference.
 * @param net A device.
 * @return net.
 */
DPU_PUBLIC struct dpu_virtio_net *dpu_virtio_net_ref(struct dpu_virtio_net *net);

/**
 * @brief Drops a reference.
 * @param net A device, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_virtio_net *dpu_virtio_net_unref(struct dpu_virtio_net *net);

/**
 * @brief Resets the device: nothing is negotiated, tables are empty, modes off, the MAC address is its own
 * again. The link stays as it is.
 * @param net A device.
 */
DPU_PUBLIC void dpu_virtio_net_reset(struct dpu_virtio_net *net);

/**
 * @brief Takes the features that the driver has accepted. Every receive offload among them is on.
 * @param net A device.
 * @param features The features.
 * @return 0, or -EINVAL, nothing changed: one was not offered, or lacks one that it requires. FEATURES_OK
 * stays 0 then.
 */
DPU_PUBLIC int dpu_virtio_net_set_features(struct dpu_virtio_net *net, uint64_t features);

/**
 * @brief Switches the link.
 * @param net A device.
 * @param up Not 0 for up.
 * @return 1 when the configuration changed, of which the driver is to be told; 0 when not; -EOPNOTSUPP when
 *  STATUS is not offered.
 */
DPU_PUBLIC int dpu_virtio_net_set_link(struct dpu_virtio_net *net, int up);

/**
 * @brief Sets speed and duplex.
 * @param net A device.
 * @param speed Mbit per second, to 0x7fffffff, or DPU_VIRTIO_NET_SPEED_UNKNOWN.
 * @param duplex DPU_VIRTIO_NET_DUPLEX_*.
 * @return 1 when the configuration changed, of which the driver is to be told; 0 when not; or a negative
 * errno: -EINVAL neither a speed nor a duplex; -EOPNOTSUPP SPEED_DUPLEX is not offered.
 */
DPU_PUBLIC int dpu_virtio_net_set_speed(struct dpu_virtio_net *net, uint32_t speed, uint8_t duplex);

/**
 * @brief Asks the driver to announce itself.
 * @param net A device.
 * @return 1 when the configuration changed, of which the driver is to be told; 0 when it had been asked;
 *  -EOPNOTSUPP when STATUS and GUEST_ANNOUNCE are not negotiated.
 */
DPU_PUBLIC int dpu_virtio_net_announce(struct dpu_virtio_net *net);

/**
 * @brief Tells what the driver has set.
 * @param net A device.
 * @param state Receives it, as much as fits into its sz.
 * @return 0, or -EINVAL when sz is not set.
 */
DPU_PUBLIC int dpu_virtio_net_state(const struct dpu_virtio_net *net, struct dpu_virtio_net_state *state);

/**
 * @brief Tells the MAC table.
 * @param net A device.
 * @param multicast 0 for the unicast addresses, else the multicast ones.
 * @param macs Receives them; may be NULL when max is 0.
 * @param max Room at macs.
 * @return How many there are, up to 64. Where the driver gave more, there are none, and every address is
 * received (ALLUNI or ALLMULTI in dpu_virtio_net_state()).
 */
DPU_PUBLIC uint32_t dpu_virtio_net_macs(const struct dpu_virtio_net *net, int multicast, uint8_t (*macs)[6],
					uint32_t max);

/**
 * @brief Tells whether a VLAN is in the VLAN table.
 * @param net A device.
 * @param vid VLAN id.
 * @return 1 or 0.
 */
DPU_PUBLIC int dpu_virtio_net_has_vlan(const struct dpu_virtio_net *net, uint16_t vid);

/**
 * @brief Tells what receive-side scaling is set to; the table is empty when it is off.
 * @param net A device.
 * @param rss Receives it, as much as fits into its sz. Its pointers are good until the next command or reset.
 * @return 0, or -EINVAL when sz is not set.
 */
DPU_PUBLIC int dpu_virtio_net_rss(const struct dpu_virtio_net *net, struct dpu_virtio_net_rss *rss);

/**
 * @brief Reads the configuration space (5.1.4), as a transport does. Fields of features that are not offered
 * are 0.
 * @param net A device.
 * @param offset First byte.
 * @param buf Receives the bytes, 0 beyond the end.
 * @param len How many.
 * @return How many of them are within the configuration space.
 */
DPU_PUBLIC size_t dpu_virtio_net_config_read(const struct dpu_virtio_net *net, size_t offset, void *buf,
					     size_t len);

/**
 * @brief Writes the configuration space, as a transport does. All of it is read-only but a legacy driver's
 * mac.
 * @param net A device.
 * @param offset First byte.
 * @param buf The bytes.
 * @param len How many.
 * @return DPU_VIRTIO_NET_CHANGED_MAC, or -EACCES with nothing changed: the bytes are not all mac, or
 * VERSION_1 or CTRL_MAC_ADDR is negotiated.
 */
DPU_PUBLIC int dpu_virtio_net_config_write(struct dpu_virtio_net *net, size_t offset, const void *buf,
					   size_t len);

/**
 * @brief Device side of the control queue: carries out the command in a chain and writes its acknowledgement.
 * Bytes behind a command's own are passed over.
 * @param net A device.
 * @param chain A chain from dpu_virtq_pop(); written is set, for dpu_virtq_push().
 * @return What changed, DPU_VIRTIO_NET_CHANGED_*. Or why the command was refused (nothing changed,
 * acknowledged with DPU_VIRTIO_NET_ERR), a negative errno: -EOPNOTSUPP there is no such command, or its
 * feature was not negotiated; -EINVAL it is cut short, or a value is out of its range; -ENOSPC the chain has
 * no room for an acknowledgement.
 */
DPU_PUBLIC int dpu_virtio_net_control(struct dpu_virtio_net *net, struct dpu_virtq_chain *chain);

/**
 * @brief Tells whether the driver wants a received packet: by its MAC address, receive modes, MAC and VLAN
 * table (5.1.6.5.1 to 5.1.6.5.3). Without CTRL_RX it wants every address.
 * @param net A device.
 * @param packet The packet, from Ethernet's header on.
 * @param len Its bytes.
 * @return 1 or 0.
 */
DPU_PUBLIC int dpu_virtio_net_wants(const struct dpu_virtio_net *net, const void *packet, size_t len);

/**
 * @brief Chooses a received packet's queue. With RSS as 5.1.6.5.7 says; else packets of a flow go to the same
 * one of the queues in use.
 * @param net A device.
 * @param packet The packet, from Ethernet's header on.
 * @param len Its bytes.
 * @param hdr Its header, where with HASH_REPORT hash_value and hash_report are set; may be NULL.
 * @return The receive queue.
 */
DPU_PUBLIC uint16_t dpu_virtio_net_steer(const struct dpu_virtio_net *net, const void *packet, size_t len,
					 struct dpu_virtio_net_hdr *hdr);

/**
 * @brief The Toeplitz hash.
 * @param key Key; what is missing of it is 0.
 * @param key_len Bytes.
 * @param data What is hashed.
 * @param len Bytes.
 * @return The hash.
 */
DPU_PUBLIC uint32_t dpu_virtio_net_toeplitz(const void *key, size_t key_len, const void *data, size_t len);

/**
 * @brief Driver side: writes the command that switches a receive mode. As with the other commands, the chain
 * for it has this to be read, and behind it one byte to be written: DPU_VIRTIO_NET_OK or DPU_VIRTIO_NET_ERR.
 * @param buf Receives the command.
 * @param size Bytes at buf.
 * @param mode DPU_VIRTIO_NET_CTRL_RX_*.
 * @param on Not 0 to switch it on.
 * @return Bytes, or a negative errno: -EINVAL there is no such mode; -ENOBUFS size is too small.
 */
DPU_PUBLIC int dpu_virtio_net_ctrl_rx(void *buf, size_t size, uint8_t mode, int on);

/**
 * @brief Driver side: writes the command that sets the MAC address.
 * @param buf Receives the command.
 * @param size Bytes at buf.
 * @param mac The address.
 * @return Bytes, or -ENOBUFS when size is too small.
 */
DPU_PUBLIC int dpu_virtio_net_ctrl_mac_addr(void *buf, size_t size, const uint8_t mac[6]);

/**
 * @brief Driver side: writes the command that sets the MAC table.
 * @param buf Receives the command.
 * @param size Bytes at buf.
 * @param unicast Unicast addresses.
 * @param unicast_count How many.
 * @param multicast Multicast addresses.
 * @param multicast_count How many.
 * @return Bytes, or a negative errno: -EINVAL there are more than a million; -ENOBUFS size is too small.
 */
DPU_PUBLIC int dpu_virtio_net_ctrl_mac_table(void *buf, size_t size, const uint8_t (*unicast)[6],
					     uint32_t unicast_count, const uint8_t (*multicast)[6],
					     uint32_t multicast_count);

/**
 * @brief Driver side: writes the command that adds a VLAN to the VLAN table or takes it away.
 * @param buf Receives the command.
 * @param size Bytes at buf.
 * @param vid VLAN id.
 * @param add 0 to take it away.
 * @return Bytes, or a negative errno: -EINVAL vid is more than 4095; -ENOBUFS size is too small.
 */
DPU_PUBLIC int dpu_virtio_net_ctrl_vlan(void *buf, size_t size, uint16_t vid, int add);

/**
 * @brief Driver side: writes the command that says that the driver has announced itself.
 * @param buf Receives the command.
 * @param size Bytes at buf.
 * @return Bytes, or -ENOBUFS when size is too small.
 */
DPU_PUBLIC int dpu_virtio_net_ctrl_announce_ack(void *buf, size_t size);

/**
 * @brief Driver side: writes the command that sets the number of queue pairs.
 * @param buf Receives the command.
 * @param size Bytes at buf.
 * @param pairs The number, 1 to 0x8000.
 * @return Bytes, or a negative errno: -EINVAL the number is out of its range; -ENOBUFS size is too small.
 */
DPU_PUBLIC int dpu_virtio_net_ctrl_mq(void *buf, size_t size, uint16_t pairs);

/**
 * @brief Driver side: writes the command that sets up receive-side scaling.
 * @param buf Receives the command.
 * @param size Bytes at buf.
 * @param rss What to set.
 * @return Bytes, or a negative errno: -EINVAL a member is out of its range; -ENOBUFS size is too small.
 */
DPU_PUBLIC int dpu_virtio_net_ctrl_rss(void *buf, size_t size, const struct dpu_virtio_net_rss *rss);

/**
 * @brief Driver side: writes the command that sets up the hash that packets report.
 * @param buf Receives the command.
 * @param size Bytes at buf.
 * @param rss What to set: hash_types, hash_key and hash_key_length.
 * @return Bytes, or a negative errno: -EINVAL sz is not set; -ENOBUFS size is too small.
 */
DPU_PUBLIC int dpu_virtio_net_ctrl_hash(void *buf, size_t size, const struct dpu_virtio_net_rss *rss);

/**
 * @brief Driver side: writes the command that switches the receive offloads.
 * @param buf Receives the command.
 * @param size Bytes at buf.
 * @param offloads Those that shall be on, as feature bits (GUEST_CSUM, GUEST_TSO4, …).
 * @return Bytes, or -ENOBUFS when size is too small.
 */
DPU_PUBLIC int dpu_virtio_net_ctrl_offloads(void *buf, size_t size, uint64_t offloads);

#ifdef __cplusplus
}
#endif

#endif
