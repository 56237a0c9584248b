/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of device types, feature bits and the device status; which feature requires which. */
#include <dpu/virtio.h>
#include <dpu/virtio_net.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "core/text.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define WORD_BITS 64
#define TOKEN_MAX 64

/* Section 5; the words are those of the kernel's virtio_ids.h, the newest types' the specification's. */
static const char *const device_names[] = {
	[1] = "net",
	[2] = "blk",
	[3] = "console",
	[4] = "rng",
	[5] = "balloon",
	[6] = "iomem",
	[7] = "rpmsg",
	[8] = "scsi",
	[9] = "9p",
	[10] = "mac80211-wlan",
	[11] = "rproc-serial",
	[12] = "caif",
	[13] = "memory-balloon",
	[16] = "gpu",
	[17] = "clock",
	[18] = "input",
	[19] = "vsock",
	[20] = "crypto",
	[21] = "signal-dist",
	[22] = "pstore",
	[23] = "iommu",
	[24] = "mem",
	[25] = "sound",
	[26] = "fs",
	[27] = "pmem",
	[28] = "rpmb",
	[29] = "mac80211-hwsim",
	[30] = "video-encoder",
	[31] = "video-decoder",
	[32] = "scmi",
	[33] = "nitro-sec-mod",
	[34] = "i2c-adapter",
	[35] = "watchdog",
	[36] = "can",
	[37] = "dmabuf",
	[38] = "param-serv",
	[39] = "audio-policy",
	[40] = "bt",
	[41] = "gpio",
	[42] = "rdma",
	[43] = "camera",
	[44] = "ism",
	[45] = "spi",
	[46] = "tee",
	[47] = "cpu-balloon",
	[48] = "media",
	[49] = "usb",
};

/* Section 6, and the two bits that vhost takes from the reserved ones for itself. */
static const struct dpu_virtio_feature common_features[] = {
	{ "VIRTIO_F_NOTIFY_ON_EMPTY", "device notifies when the ring runs empty (legacy)", 24, 0 },
	{ "VHOST_F_LOG_ALL", "vhost logs the pages that it writes", 26, 0 },
	{ "VIRTIO_F_ANY_LAYOUT", "buffers may be laid out in any way (legacy)", 27, 0 },
	{ "VIRTIO_F_INDIRECT_DESC", "descriptors may point to tables of descriptors", 28, 0 },
	{ "VIRTIO_F_EVENT_IDX", "notifications are asked for by index", 29, 0 },
	{ "VHOST_USER_F_PROTOCOL_FEATURES", "vhost-user has protocol features to negotiate", 30, 0 },
	{ "VIRTIO_F_VERSION_1", "VIRTIO 1.0 or later", 32, 0 },
	{ "VIRTIO_F_ACCESS_PLATFORM", "device reaches memory as the platform allows (IOMMU)", 33, 0 },
	{ "VIRTIO_F_RING_PACKED", "packed virtqueues", 34, 0 },
	{ "VIRTIO_F_IN_ORDER", "buffers are used in the order they were made available", 35, 0 },
	{ "VIRTIO_F_ORDER_PLATFORM", "memory accesses are ordered as the platform orders them", 36, 0 },
	{ "VIRTIO_F_SR_IOV", "device has virtual functions", 37, 0 },
	{ "VIRTIO_F_NOTIFICATION_DATA", "notifications carry the driver's position", 38, 0 },
	{ "VIRTIO_F_NOTIF_CONFIG_DATA", "notifications carry what the device said", 39, 0 },
	{ "VIRTIO_F_RING_RESET", "a single queue can be reset", 40, 0 },
	{ "VIRTIO_F_ADMIN_VQ", "device has administration queues", 41, 0 },
	{ "VIRTIO_F_SUSPEND", "driver can suspend the device", 43, 0 },
};

#define NET(bit, name, what)                                                                                 \
	{                                                                                                    \
		"VIRTIO_NET_F_" name, what, bit, DPU_VIRTIO_ID_NET                                           \
	}
/* 5.1.3. */
static const struct dpu_virtio_feature net_features[] = {
	NET(0, "CSUM", "device completes checksums"),
	NET(1, "GUEST_CSUM", "driver takes packets with incomplete checksums"),
	NET(2, "CTRL_GUEST_OFFLOADS", "driver can switch its receive offloads"),
	NET(3, "MTU", "device tells its largest MTU"),
	NET(5, "MAC", "device has a MAC address"),
	NET(6, "GSO", "device takes any kind of large packet (legacy)"),
	NET(7, "GUEST_TSO4", "driver takes large TCP packets over IPv4"),
	NET(8, "GUEST_TSO6", "driver takes large TCP packets over IPv6"),
	NET(9, "GUEST_ECN", "driver takes large TCP packets with ECN"),
	NET(10, "GUEST_UFO", "driver takes UDP packets to be fragmented"),
	NET(11, "HOST_TSO4", "device takes large TCP packets over IPv4"),
	NET(12, "HOST_TSO6", "device takes large TCP packets over IPv6"),
	NET(13, "HOST_ECN", "device takes large TCP packets with ECN"),
	NET(14, "HOST_UFO", "device takes UDP packets to be fragmented"),
	NET(15, "MRG_RXBUF", "a received packet may span several buffers"),
	NET(16, "STATUS", "device tells its link's state"),
	NET(17, "CTRL_VQ", "control queue"),
	NET(18, "CTRL_RX", "driver can set receive modes and the MAC table"),
	NET(19, "CTRL_VLAN", "driver can filter VLANs"),
	NET(20, "CTRL_RX_EXTRA", "more receive modes"),
	NET(21, "GUEST_ANNOUNCE", "device can ask the driver to announce itself"),
	NET(22, "MQ", "several pairs of queues"),
	NET(23, "CTRL_MAC_ADDR", "driver can set the MAC address"),
	NET(41, "GUEST_RSC4", "device coalesces TCP over IPv4 (legacy)"),
	NET(42, "GUEST_RSC6", "device coalesces TCP over IPv6 (legacy)"),
	NET(50, "DEVICE_STATS", "device tells statistics"),
	NET(51, "HASH_TUNNEL", "hash over the inner headers of tunnels"),
	NET(52, "VQ_NOTF_COAL", "notifications are coalesced by queue"),
	NET(53, "NOTF_COAL", "notifications are coalesced"),
	NET(54, "GUEST_USO4", "driver takes large UDP packets over IPv4"),
	NET(55, "GUEST_USO6", "driver takes large UDP packets over IPv6"),
	NET(56, "HOST_USO", "device takes large UDP packets"),
	NET(57, "HASH_REPORT", "received packets carry their hash"),
	NET(59, "GUEST_HDRLEN", "driver tells the exact length of headers"),
	NET(60, "RSS", "queues are chosen by hash and table"),
	NET(61, "RSC_EXT", "device tells what it coalesced"),
	NET(62, "STANDBY", "device stands by for another one"),
	NET(63, "SPEED_DUPLEX", "device tells speed and duplex"),
	NET(64, "RSS_CONTEXT", "several RSS contexts"),
	NET(65, "GUEST_UDP_TUNNEL_GSO", "driver takes large packets in UDP tunnels"),
	NET(66, "GUEST_UDP_TUNNEL_GSO_CSUM", "with an incomplete outer checksum"),
	NET(67, "HOST_UDP_TUNNEL_GSO", "device takes large packets in UDP tunnels"),
	NET(68, "HOST_UDP_TUNNEL_GSO_CSUM", "with an incomplete outer checksum"),
	NET(69, "OUT_NET_HEADER", "packets tell where the outer network header is"),
	NET(70, "IPSEC", "inline IPsec"),
};

#define BLK(bit, name, what)                                                                                 \
	{                                                                                                    \
		"VIRTIO_BLK_F_" name, what, bit, DPU_VIRTIO_ID_BLOCK                                         \
	}
/* 5.2.3. */
static const struct dpu_virtio_feature blk_features[] = {
	BLK(0, "BARRIER", "request barriers (legacy)"),
	BLK(1, "SIZE_MAX", "device tells the largest segment"),
	BLK(2, "SEG_MAX", "device tells the largest number of segments"),
	BLK(4, "GEOMETRY", "device tells a disk's geometry"),
	BLK(5, "RO", "device is read-only"),
	BLK(6, "BLK_SIZE", "device tells its block size"),
	BLK(7, "SCSI", "SCSI commands (legacy)"),
	BLK(9, "FLUSH", "cache flush command"),
	BLK(10, "TOPOLOGY", "device tells its best alignment"),
	BLK(11, "CONFIG_WCE", "driver can switch the write cache"),
	BLK(12, "MQ", "several queues"),
	BLK(13, "DISCARD", "discard command"),
	BLK(14, "WRITE_ZEROES", "write zeroes command"),
	BLK(15, "LIFETIME", "device tells its lifetime"),
	BLK(16, "SECURE_ERASE", "secure erase command"),
	BLK(17, "ZONED", "zoned device"),
};

/* Other names of the same bits: the kernel's and older ones, and those that a DPU's own virtio-net service
 * prints. */
static const struct {
	const char *name;
	uint32_t bit;
	uint32_t device;
} aliases[] = {
	{ "VIRTIO_RING_F_INDIRECT_DESC", 28, 0 },
	{ "VIRTIO_F_RING_INDIRECT_DESC", 28, 0 },
	{ "VIRTIO_RING_F_EVENT_IDX", 29, 0 },
	{ "VIRTIO_F_RING_EVENT_IDX", 29, 0 },
	{ "VIRTIO_F_IOMMU_PLATFORM", 33, 0 },
	{ "VIRTIO_NET_F_HOST_TS04", 11, DPU_VIRTIO_ID_NET },
	{ "VIRTIO_NET_F_HOST_TS06", 12, DPU_VIRTIO_ID_NET },
	{ "VIRTIO_NET_F_GUEST_TS04", 7, DPU_VIRTIO_ID_NET },
	{ "VIRTIO_NET_F_GUEST_TS06", 8, DPU_VIRTIO_ID_NET },
	{ "VIRTIO_F_MRG_RX_BUFFER", 15, DPU_VIRTIO_ID_NET },
	{ "VIRTIO_BLK_F_WCE", 9, DPU_VIRTIO_ID_BLOCK },
};

/* What can be left out in front of a name; the longest first. */
static const char *const prefixes[] = { "VIRTIO_NET_F_", "VIRTIO_BLK_F_", "VIRTIO_RING_F_",
					"VHOST_USER_F_", "VIRTIO_F_",     "VHOST_F_" };

#define F(name) DPU_VIRTIO_NET_F_##name
/* 5.1.3.1; of "any" one is enough. */
static const struct {
	uint64_t feature;
	uint64_t all;
	uint64_t any;
} net_requirements[] = {
	{ F(GUEST_TSO4), F(GUEST_CSUM), 0 },
	{ F(GUEST_TSO6), F(GUEST_CSUM), 0 },
	{ F(GUEST_ECN), 0, F(GUEST_TSO4) | F(GUEST_TSO6) },
	{ F(GUEST_UFO), F(GUEST_CSUM), 0 },
	{ F(GUEST_USO4), F(GUEST_CSUM), 0 },
	{ F(GUEST_USO6), F(GUEST_CSUM), 0 },
	{ F(HOST_TSO4), F(CSUM), 0 },
	{ F(HOST_TSO6), F(CSUM), 0 },
	{ F(HOST_ECN), 0, F(HOST_TSO4) | F(HOST_TSO6) },
	{ F(HOST_UFO), F(CSUM), 0 },
	{ F(HOST_USO), F(CSUM), 0 },
	{ F(CTRL_RX), F(CTRL_VQ), 0 },
	{ F(CTRL_VLAN), F(CTRL_VQ), 0 },
	{ F(GUEST_ANNOUNCE), F(CTRL_VQ), 0 },
	{ F(MQ), F(CTRL_VQ), 0 },
	{ F(CTRL_MAC_ADDR), F(CTRL_VQ), 0 },
	{ F(NOTF_COAL), F(CTRL_VQ), 0 },
	{ F(RSC_EXT), 0, F(HOST_TSO4) | F(HOST_TSO6) },
	{ F(RSS), F(CTRL_VQ), 0 },
	{ F(VQ_NOTF_COAL), F(CTRL_VQ), 0 },
	{ F(HASH_TUNNEL), F(CTRL_VQ), F(RSS) | F(HASH_REPORT) },
};

static const char *const status_names[8] = {
	"ACKNOWLEDGE", "DRIVER", "DRIVER_OK", "FEATURES_OK", "SUSPEND", NULL, "DEVICE_NEEDS_RESET", "FAILED",
};

const char *dpu_virtio_device_name(uint32_t device)
{
	return device < COUNT(device_names) ? device_names[device] : NULL;
}

int dpu_virtio_device_parse(const char *name, uint32_t *ret)
{
	uint32_t i;

	if (!strncasecmp(name, "virtio-", 7) || !strncasecmp(name, "virtio_", 7))
		name += 7;
	if (!strcasecmp(name, "block"))
		name = "blk";
	for (i = 0; i < COUNT(device_names); i++) {
		if (device_names[i] && !strcasecmp(name, device_names[i])) {
			*ret = i;
			return 0;
		}
	}
	return -EINVAL;
}

static const struct dpu_virtio_feature *own(uint32_t device, uint32_t *count)
{
	switch (device) {
	case DPU_VIRTIO_ID_NET:
		*count = COUNT(net_features);
		return net_features;
	case DPU_VIRTIO_ID_BLOCK:
		*count = COUNT(blk_features);
		return blk_features;
	default:
		*count = 0;
		return NULL;
	}
}

uint32_t dpu_virtio_feature_count(uint32_t device)
{
	uint32_t count;

	own(device, &count);
	return count + COUNT(common_features);
}

const struct dpu_virtio_feature *dpu_virtio_feature_get(uint32_t device, uint32_t index)
{
	const struct dpu_virtio_feature *features;
	uint32_t count;

	features = own(device, &count);
	if (index < count)
		return &features[index];
	index -= count;
	return index < COUNT(common_features) ? &common_features[index] : NULL;
}

/* From the end: bit 41 is ADMIN_VQ today, whatever a legacy network device meant by it. */
static const struct dpu_virtio_feature *by_bit(uint32_t device, uint32_t bit)
{
	const struct dpu_virtio_feature *feature;
	uint32_t i;

	for (i = dpu_virtio_feature_count(device); i > 0; i--) {
		feature = dpu_virtio_feature_get(device, i - 1);
		if (feature->bit == bit)
			return feature;
	}
	return NULL;
}

static const char *without_prefix(const char *name)
{
	uint32_t i;

	for (i = 0; i < COUNT(prefixes); i++) {
		if (!strncasecmp(name, prefixes[i], strlen(prefixes[i])))
			return name + strlen(prefixes[i]);
	}
	return name;
}

/* A prefix that is given must be the right one: VIRTIO_BLK_F_MQ is not VIRTIO_NET_F_MQ. */
static bool is_name(const char *given, const char *name)
{
	return !strcasecmp(given, name) || !strcasecmp(given, without_prefix(name));
}

const struct dpu_virtio_feature *dpu_virtio_feature_find(uint32_t device, const char *name)
{
	const struct dpu_virtio_feature *feature;
	uint32_t i;

	for (i = 0; (feature = dpu_virtio_feature_get(device, i)); i++) {
		if (is_name(name, feature->name))
			return feature;
	}
	for (i = 0; i < COUNT(aliases); i++) {
		if ((!aliases[i].device || aliases[i].device == device) && is_name(name, aliases[i].name))
			return by_bit(device, aliases[i].bit);
	}
	return NULL;
}

/* Text that may be longer than its room: goes on counting. */
struct text {
	char *at;
	size_t size;
	size_t len;
};

static void add(struct text *text, const char *name, uint32_t bit)
{
	char number[16];
	const char *part = name;
	size_t len;

	if (!name) {
		snprintf(number, sizeof(number), "bit %" PRIu32, bit);
		part = number;
	}
	len = (size_t)snprintf(text->len < text->size ? text->at + text->len : NULL,
			       text->len < text->size ? text->size - text->len : 0, "%s%s",
			       text->len ? "|" : "", part);
	text->len += len;
}

int dpu_virtio_features_format(uint32_t device, uint64_t features, char *text, size_t size)
{
	struct text out = { text, size, 0 };
	const struct dpu_virtio_feature *feature;
	uint32_t bit;

	if (size)
		text[0] = '\0';
	for (bit = 0; bit < WORD_BITS; bit++) {
		if (!(features >> bit & 1))
			continue;
		feature = by_bit(device, bit);
		add(&out, feature ? feature->name : NULL, bit);
	}
	return (int)out.len;
}

int dpu_virtio_status_format(uint8_t status, char *text, size_t size)
{
	struct text out = { text, size, 0 };
	uint32_t bit;

	if (size)
		text[0] = '\0';
	for (bit = 0; bit < COUNT(status_names); bit++) {
		if (status >> bit & 1)
			add(&out, status_names[bit], bit);
	}
	return (int)out.len;
}

/* The next word of text, which moves on; false at the end. A word that is too long is no name. */
static bool next_token(const char **text, char token[TOKEN_MAX])
{
	static const char between[] = " \t\n|,";
	size_t len;

	*text += strspn(*text, between);
	len = strcspn(*text, between);
	if (!len)
		return false;
	snprintf(token, TOKEN_MAX, "%.*s", len < TOKEN_MAX ? (int)len : 0, *text);
	*text += len;
	return true;
}

static int parse_token(uint32_t device, const char *token, const char **text, uint64_t *word)
{
	const struct dpu_virtio_feature *feature;
	char number[TOKEN_MAX];
	uint64_t value;

	if (text_number(token, UINT64_MAX, word))
		return 0;
	if (!strcasecmp(token, "bit")) {
		if (!next_token(text, number) || !text_number(number, UINT64_MAX, &value))
			return -EINVAL;
	} else {
		feature = dpu_virtio_feature_find(device, token);
		if (!feature)
			return -EINVAL;
		value = feature->bit;
	}
	if (value >= WORD_BITS)
		return -ERANGE;
	*word = UINT64_C(1) << value;
	return 0;
}

int dpu_virtio_features_parse(uint32_t device, const char *text, uint64_t *ret)
{
	char token[TOKEN_MAX];
	uint64_t word, all = 0;
	int rc;

	while (next_token(&text, token)) {
		rc = parse_token(device, token, &text, &word);
		if (rc < 0)
			return rc;
		all |= word;
	}
	*ret = all;
	return 0;
}

/* The lowest feature of a word that is not empty. */
static const struct dpu_virtio_feature *lowest(uint64_t word)
{
	return by_bit(DPU_VIRTIO_ID_NET, (uint32_t)__builtin_ctzll(word));
}

int dpu_virtio_features_check(uint32_t device, uint64_t features, const struct dpu_virtio_feature **feature,
			      const struct dpu_virtio_feature **missing)
{
	uint64_t lack;
	uint32_t i;

	if (device != DPU_VIRTIO_ID_NET)
		return 0;
	for (i = 0; i < COUNT(net_requirements); i++) {
		if (!(features & net_requirements[i].feature))
			continue;
		lack = net_requirements[i].all & ~features;
		if (!lack && !(net_requirements[i].any & features))
			lack = net_requirements[i].any;
		if (!lack)
			continue;
		if (feature)
			*feature = lowest(net_requirements[i].feature);
		if (missing)
			*missing = lowest(lack);
		return -EINVAL;
	}
	return 0;
}
