/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/virtio_net_packet.h
 * @brief Packets of virtio network devices: their headers, offloads in software, and receive queues.
 *
 * Pure memory: no system call, and nothing but dpu_virtio_net_rxq_create() allocates. The feature bits are in
 * dpu/virtio_net.h.
 *
 * Source: Virtual I/O Device (VIRTIO) 1.3, section 5.1.6 (device operation).
 *
 * Thread rule: an object belongs to one thread at a time; the functions without an object can be called from
 * any.
 */
#ifndef DPU_VIRTIO_NET_PACKET_H
#define DPU_VIRTIO_NET_PACKET_H

#include <dpu/export.h>
#include <dpu/virtio.h>
#include <dpu/virtq.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Header flag: the checksum is to be completed from csum_start on. */
#define DPU_VIRTIO_NET_HDR_F_NEEDS_CSUM 1
/** Header flag: the device has validated the checksum. */
#define DPU_VIRTIO_NET_HDR_F_DATA_VALID 2
/** Header flag: csum_start and csum_offset count coalesced segments and duplicate ACKs. */
#define DPU_VIRTIO_NET_HDR_F_RSC_INFO 4
/** gso_type: not a large packet. */
#define DPU_VIRTIO_NET_HDR_GSO_NONE 0
/** gso_type: TCP over IPv4. */
#define DPU_VIRTIO_NET_HDR_GSO_TCPV4 1
/** gso_type: UDP, to be fragmented by IP. */
#define DPU_VIRTIO_NET_HDR_GSO_UDP 3
/** gso_type: TCP over IPv6. */
#define DPU_VIRTIO_NET_HDR_GSO_TCPV6 4
/** gso_type: UDP, to be cut into datagrams. */
#define DPU_VIRTIO_NET_HDR_GSO_UDP_L4 5
/** In gso_type beside a TCP one: the packet has CWR set. */
#define DPU_VIRTIO_NET_HDR_GSO_ECN 0x80
/** Bytes of the longest header form. */
#define DPU_VIRTIO_NET_HDR_MAX 20
/** Bytes of the longest packet: two VLAN tags, Ethernet, IPv6 and its longest payload. */
#define DPU_VIRTIO_NET_PACKET_MAX 65597

/** A receive queue's device side: puts packets into the driver's buffers. */
struct dpu_virtio_net_rxq;

/** A packet's header (struct virtio_net_hdr), native. What the negotiated form does not have is 0. */
struct dpu_virtio_net_hdr {
	uint8_t flags;     /**< DPU_VIRTIO_NET_HDR_F_*. */
	uint8_t gso_type;  /**< DPU_VIRTIO_NET_HDR_GSO_*. */
	uint16_t hdr_len;  /**< Bytes of Ethernet, IP and transport headers: a hint that nothing here uses. */
	uint16_t gso_size; /**< Bytes of payload in each segment. */
	uint16_t csum_start;  /**< Where checksumming begins, in bytes from the packet's start. */
	uint16_t csum_offset; /**< Where the checksum goes, in bytes from csum_start. */
	uint16_t num_buffers; /**< Received packets: buffers that the packet spans. */
	uint32_t hash_value;  /**< The packet's hash. */
	uint16_t hash_report; /**< VIRTIO_NET_HASH_REPORT_*: the hash's kind, 0 for none. */
	uint16_t reserved;    /**< Zero. */
};

/**
 * A large packet that is cut into segments. The caller owns it, on its stack too; dpu_virtio_net_gso_start()
 * sets all of it. The members from iov on are the library's own.
 */
struct dpu_virtio_net_gso {
	uint32_t segments;       /**< How many segments there are. */
	uint32_t segment_max;    /**< Bytes of the longest. */
	uint32_t fragment_id;    /**< IPv6 fragments: their identification, which the caller may change. */
	uint32_t done;           /**< Segments that have been written. */
	const struct iovec *iov; /**< What is left of the payload. */
	size_t iov_offset;       /**< Bytes of the first element that are used up. */
	uint32_t iov_count;      /**< Elements left. */
	uint32_t payload;        /**< Bytes to be divided. */
	uint32_t position;       /**< Of them, those that have been written. */
	uint32_t size;           /**< Of them, those in a segment. */
	uint32_t transport;      /**< Where the transport header is, or where else the checksum begins. */
	uint32_t check;          /**< Where the checksum is, 0: it is complete. */
	uint32_t sum;            /**< The pseudo header's sum, without the length. */
	uint16_t header_len;     /**< Bytes of headers that each segment gets. */
	uint16_t copied;         /**< Bytes of headers that are not read again from the packet. */
	uint16_t network;        /**< Where the IP header is. */
	uint8_t kind;            /**< What is done: a gso_type. */
	uint8_t version;         /**< IP's version. */
	uint8_t fragment_next;   /**< IPv6 fragments: what is fragmented. */
	uint8_t reserved[3];     /**< Zero. */
	uint8_t headers[256];    /**< The headers, copied once. */
};

/** A packet for dpu_virtio_net_rxq_put(). */
struct dpu_virtio_net_packet {
	const struct dpu_virtio_net_hdr *hdr; /**< Its header; num_buffers is set by the queue. */
	const struct iovec *iov;              /**< The packet, from Ethernet's header on. */
	uint32_t iov_count;                   /**< Elements. */
	uint32_t reserved;                    /**< Zero. */
};

/** Options of dpu_virtio_net_rxq_create(). */
struct dpu_virtio_net_rxq_opts {
	size_t sz;            /**< Set by DPU_OPTS(). */
	struct dpu_virtq *vq; /**< The device side of the queue; a reference is taken. */
	uint64_t features;    /**< What was negotiated. */
	uint32_t chains;      /**< Chains that can be held at once, so the most a packet can span; 0: 64. */
	uint32_t elements;    /**< Elements of the longest chain that is taken; 0: 1024. */
};

/**
 * @brief Tells how long a packet's header is: 20 bytes with HASH_REPORT, 12 with VERSION_1 or MRG_RXBUF,
 * else 10.
 * @param features What was negotiated.
 * @return Bytes.
 */
DPU_PUBLIC size_t dpu_virtio_net_hdr_len(uint64_t features);

/**
 * @brief Writes a header as it is on the wire.
 * @param hdr The header.
 * @param features What was negotiated.
 * @param buf Receives as many bytes as dpu_virtio_net_hdr_len() says.
 * @return Bytes.
 */
DPU_PUBLIC size_t dpu_virtio_net_hdr_encode(const struct dpu_virtio_net_hdr *hdr, uint64_t features,
					    void *buf);

/**
 * @brief Reads a header. Nothing is checked: dpu_virtio_net_hdr_check() does that.
 * @param buf As many bytes as dpu_virtio_net_hdr_len() says, each read once.
 * @param features What was negotiated.
 * @param hdr Receives the header.
 * @return Bytes.
 */
DPU_PUBLIC size_t dpu_virtio_net_hdr_decode(const void *buf, uint64_t features,
					    struct dpu_virtio_net_hdr *hdr);

/**
 * @brief Checks a header against the features and the packet's length: what 5.1.6.2 asks of a driver
 * and 5.1.6.4 of a device. Flags that say nothing to the reader are passed over, and hdr_len is.
 *
 * It also answers whether a packet can go to a driver as it is: with that driver's features and
 * DPU_VIRTQ_DEVICE, -EOPNOTSUPP says that dpu_virtio_net_gso_start() has to come first.
 * @param hdr The header.
 * @param features What was negotiated; of a driver's receive offloads, those that are on.
 * @param writer Who wrote it, an enum dpu_virtq_side: DPU_VIRTQ_DRIVER transmitted packets, DPU_VIRTQ_DEVICE
 * received ones.
 * @param len Bytes of the packet.
 * @return 0, or a negative errno: -EINVAL the packet is shorter than Ethernet's header, the checksum is
 * outside it, gso_type is none there is, or a large packet has no gso_size or no checksum to complete;
 * -EMSGSIZE it is longer than DPU_VIRTIO_NET_PACKET_MAX; -EOPNOTSUPP what it asks for was not negotiated.
 */
DPU_PUBLIC int dpu_virtio_net_hdr_check(const struct dpu_virtio_net_hdr *hdr, uint64_t features,
					uint32_t writer, size_t len);

/**
 * @brief Completes a checksum in software (NEEDS_CSUM) and takes the flag away. Without the flag it does
 * nothing.
 * @param hdr The packet's header.
 * @param packet The packet, from Ethernet's header on: memory that only the caller writes.
 * @param len Its bytes.
 * @return 0, or -EINVAL when the checksum is outside the packet.
 */
DPU_PUBLIC int dpu_virtio_net_checksum(struct dpu_virtio_net_hdr *hdr, void *packet, size_t len);

/**
 * @brief Begins to cut a large packet into segments for those who take none: TCP over IPv4 and IPv6, UDP into
 * datagrams (GSO_UDP_L4), and UDP into IP fragments (GSO_UDP). A packet that is not large is its one segment.
 *
 * Behind up to two VLAN tags and IPv6 extension headers; headers are 256 bytes at most. Each segment gets its
 * lengths and complete checksums; IPv4's identification counts up; TCP's sequence number moves on, FIN and
 * PSH stay with the last segment and CWR with the first. The packet may be memory that a peer writes: its
 * headers are copied and checked once.
 * @param gso Receives the state. Untouched on failure.
 * @param hdr The packet's header, of which the caller has checked that it was negotiated. It is not kept.
 * @param iov The packet, which must stay until the last segment is written.
 * @param count Elements.
 * @param offset Bytes to pass over first: the header's, in a chain's elements.
 * @return 0, or a negative errno: -EINVAL the headers are not what gso_type says, or contradict csum_start,
 * or gso_size is 0 (for fragments, less than 8); -EMSGSIZE the packet, or a segment's IP packet, would be too
 * long.
 */
DPU_PUBLIC int dpu_virtio_net_gso_start(struct dpu_virtio_net_gso *gso, const struct dpu_virtio_net_hdr *hdr,
					const struct iovec *iov, uint32_t count, size_t offset);

/**
 * @brief Writes the next segment, from Ethernet's header on, which needs no offload any more.
 * @param gso The state.
 * @param buf Receives it: memory that only the caller writes.
 * @param size Bytes at buf; segment_max is always enough.
 * @return Bytes of the segment; 0 after the last one; -ENOBUFS when size is too small, and the segment stays
 * next.
 */
DPU_PUBLIC int dpu_virtio_net_gso_next(struct dpu_virtio_net_gso *gso, void *buf, size_t size);

/**
 * @brief Makes the device's end of a receive queue. It takes chains from the virtqueue by itself: after
 * dpu_virtq_reset() a new one has to be made.
 * @param opts What to make.
 * @param ret The queue, to be released with dpu_virtio_net_rxq_unref(). Untouched on failure.
 * @return 0, or a negative errno: -EINVAL vq is NULL or no device side, or chains or elements is more than
 * 32768; -ENOMEM.
 */
DPU_PUBLIC int dpu_virtio_net_rxq_create(const struct dpu_virtio_net_rxq_opts *opts,
					 struct dpu_virtio_net_rxq **ret);

/**
 * @brief Takes one more reference.
 * @param rxq A receive queue.
 * @return rxq.
 */
DPU_PUBLIC struct dpu_virtio_net_rxq *dpu_virtio_net_rxq_ref(struct dpu_virtio_net_rxq *rxq);

/**
 * @brief Drops a reference.
 * @param rxq A receive queue, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_virtio_net_rxq *dpu_virtio_net_rxq_unref(struct dpu_virtio_net_rxq *rxq);

/**
 * @brief Puts packets into the driver's buffers and publishes them at once. With MRG_RXBUF a packet spans as
 * many buffers as it needs; those taken for one that cannot be finished yet are kept for the next call.
 * @param rxq A receive queue.
 * @param packets The packets, copied from.
 * @param count How many.
 * @return How many were put: less than count when the driver has no more buffers. Or a negative errno,
 *  nothing put: -EMSGSIZE the driver's buffers are too small or too many for the first packet, which is best
 * dropped; -E2BIG a buffer has more elements than the queue was made for; -EFAULT and -EIO as dpu_virtq_pop()
 * has them.
 */
DPU_PUBLIC int dpu_virtio_net_rxq_put(struct dpu_virtio_net_rxq *rxq,
				      const struct dpu_virtio_net_packet *packets, uint32_t count);

/**
 * @brief Gives back unused the buffers that are kept, before the virtqueue is stopped or handed on. The
 * driver sees buffers with nothing in them.
 * @param rxq A receive queue.
 * @return How many were given back, or -EIO when the virtqueue has stopped.
 */
DPU_PUBLIC int dpu_virtio_net_rxq_drain(struct dpu_virtio_net_rxq *rxq);

/**
 * @brief Driver side: gathers one received packet from the buffers that the device has used.
 * @param chains What dpu_virtq_get() told, with iov, read_count and write_count set again as they were added.
 * @param count How many.
 * @param features What was negotiated.
 * @param hdr Receives the header. Untouched on failure.
 * @param iov Receives the packet's elements, which point into the chains'. Not all of them may be set on
 * failure.
 * @param iov_max Room at iov.
 * @param iov_count Receives the number of elements. Untouched on failure.
 * @return Chains that the packet takes. Or a negative errno: -EAGAIN it spans more than count chains: get
 * more, and if there are none, the device has lied; -EPROTO the first chain is no packet's start (shorter
 * than a header, num_buffers is 0 or not 1 without MRG_RXBUF, or a chain has more written than room): drop
 * that one and go on; -ENOBUFS iov_max is too small; -EINVAL count is 0.
 */
DPU_PUBLIC int dpu_virtio_net_gather(const struct dpu_virtq_chain *chains, uint32_t count, uint64_t features,
				     struct dpu_virtio_net_hdr *hdr, struct iovec *iov, uint32_t iov_max,
				     uint32_t *iov_count);

#ifdef __cplusplus
}
#endif

#endif
