/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of features, device types and the device status; the kernel's own headers are the oracle for the
 * numbers. */
#include <dpu/virtio.h>
#include <dpu/virtio_blk.h>
#include <dpu/virtio_net.h>
#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include "tap.h"

#define NET DPU_VIRTIO_ID_NET
#define BLK DPU_VIRTIO_ID_BLOCK

/* A bit by our name, our macro and the kernel's macro. */
#define SAME(device, name, kernel)                                                                           \
	do {                                                                                                 \
		const struct dpu_virtio_feature *found = dpu_virtio_feature_find(device, #name);             \
                                                                                                             \
		ok(found && found->bit == (kernel) && DPU_##name == UINT64_C(1) << (kernel),                 \
		   #name " is bit %d", kernel);                                                              \
	} while (0)
#define NET_SAME(name) SAME(NET, VIRTIO_NET_F_##name, VIRTIO_NET_F_##name)
#define BLK_SAME(name) SAME(BLK, VIRTIO_BLK_F_##name, VIRTIO_BLK_F_##name)

static void test_kernel(void)
{
	NET_SAME(CSUM);
	NET_SAME(GUEST_CSUM);
	NET_SAME(CTRL_GUEST_OFFLOADS);
	NET_SAME(MTU);
	NET_SAME(MAC);
	NET_SAME(GUEST_TSO4);
	NET_SAME(GUEST_TSO6);
	NET_SAME(GUEST_ECN);
	NET_SAME(GUEST_UFO);
	NET_SAME(HOST_TSO4);
	NET_SAME(HOST_TSO6);
	NET_SAME(HOST_ECN);
	NET_SAME(HOST_UFO);
	NET_SAME(MRG_RXBUF);
	NET_SAME(STATUS);
	NET_SAME(CTRL_VQ);
	NET_SAME(CTRL_RX);
	NET_SAME(CTRL_VLAN);
	NET_SAME(CTRL_RX_EXTRA);
	NET_SAME(GUEST_ANNOUNCE);
	NET_SAME(MQ);
	NET_SAME(CTRL_MAC_ADDR);
	NET_SAME(HASH_REPORT);
	NET_SAME(RSS);
	NET_SAME(RSC_EXT);
	NET_SAME(STANDBY);
	NET_SAME(SPEED_DUPLEX);
	BLK_SAME(SIZE_MAX);
	BLK_SAME(SEG_MAX);
	BLK_SAME(GEOMETRY);
	BLK_SAME(RO);
	BLK_SAME(BLK_SIZE);
	BLK_SAME(FLUSH);
	BLK_SAME(TOPOLOGY);
	BLK_SAME(CONFIG_WCE);
	BLK_SAME(MQ);
	BLK_SAME(DISCARD);
	BLK_SAME(WRITE_ZEROES);
	SAME(0, VIRTIO_F_VERSION_1, VIRTIO_F_VERSION_1);
	SAME(0, VIRTIO_F_ACCESS_PLATFORM, VIRTIO_F_ACCESS_PLATFORM);
	SAME(0, VIRTIO_F_RING_PACKED, VIRTIO_F_RING_PACKED);
	SAME(0, VIRTIO_F_ORDER_PLATFORM, VIRTIO_F_ORDER_PLATFORM);
	SAME(0, VIRTIO_F_SR_IOV, VIRTIO_F_SR_IOV);
	SAME(0, VIRTIO_F_ANY_LAYOUT, VIRTIO_F_ANY_LAYOUT);
	SAME(0, VIRTIO_F_NOTIFY_ON_EMPTY, VIRTIO_F_NOTIFY_ON_EMPTY);
	is_int(DPU_VIRTIO_STATUS_DRIVER_OK, VIRTIO_CONFIG_S_DRIVER_OK);
	is_int(DPU_VIRTIO_STATUS_FEATURES_OK, VIRTIO_CONFIG_S_FEATURES_OK);
	is_int(DPU_VIRTIO_STATUS_DEVICE_NEEDS_RESET, VIRTIO_CONFIG_S_NEEDS_RESET);
	is_int(DPU_VIRTIO_STATUS_FAILED, VIRTIO_CONFIG_S_FAILED);
}

static void test_devices(void)
{
	uint32_t id = 77, i, wrong = 0;

	is_str(dpu_virtio_device_name(VIRTIO_ID_NET), "net");
	is_str(dpu_virtio_device_name(VIRTIO_ID_BLOCK), "blk");
	is_str(dpu_virtio_device_name(VIRTIO_ID_FS), "fs");
	ok(!dpu_virtio_device_name(0) && !dpu_virtio_device_name(14) && !dpu_virtio_device_name(UINT32_MAX),
	   "types that there are not have no name");
	for (i = 0; i < 64; i++) {
		if (dpu_virtio_device_name(i))
			wrong += dpu_virtio_device_parse(dpu_virtio_device_name(i), &id) || id != i;
	}
	is_int(wrong, 0);
	is_int(dpu_virtio_device_parse("virtio-net", &id), 0);
	is_int(id, VIRTIO_ID_NET);
	is_int(dpu_virtio_device_parse("Block", &id), 0);
	is_int(id, VIRTIO_ID_BLOCK);
	is_int(dpu_virtio_device_parse("toaster", &id), -EINVAL);
	is_int(id, VIRTIO_ID_BLOCK);
}

static uint32_t bit_of(uint32_t device, const char *name)
{
	const struct dpu_virtio_feature *feature = dpu_virtio_feature_find(device, name);

	return feature ? feature->bit : UINT32_MAX;
}

static void test_names(void)
{
	const struct dpu_virtio_feature *feature, *last = NULL;
	uint32_t devices[] = { 0, NET, BLK, 26 }, d, i, wrong;

	for (d = 0; d < 4; d++) {
		wrong = 0;
		last = NULL;
		for (i = 0; (feature = dpu_virtio_feature_get(devices[d], i)); i++) {
			wrong += dpu_virtio_feature_find(devices[d], feature->name) != feature;
			wrong += !feature->what[0];
			wrong += feature->device && feature->device != devices[d];
			wrong += last && last->device == feature->device && last->bit >= feature->bit;
			last = feature;
		}
		ok(!wrong && i == dpu_virtio_feature_count(devices[d]),
		   "type %u: %u features, in order, each found by its name", devices[d], i);
	}
	is_int(bit_of(NET, "csum"), 0);
	is_int(bit_of(NET, "virtio_net_f_csum"), 0);
	is_int(bit_of(BLK, "VIRTIO_NET_F_CSUM"), UINT32_MAX);
	is_int(bit_of(BLK, "MQ"), 12);
	is_int(bit_of(NET, "MQ"), 22);
	is_int(bit_of(NET, "VIRTIO_BLK_F_MQ"), UINT32_MAX);
	is_int(bit_of(NET, "VIRTIO_MQ"), UINT32_MAX);
	is_int(bit_of(NET, ""), UINT32_MAX);
	is_int(bit_of(NET, "VIRTIO_F_IOMMU_PLATFORM"), 33);
	is_int(bit_of(NET, "VIRTIO_NET_F_HOST_TS04"), 11);
	is_int(bit_of(NET, "VIRTIO_NET_F_HOST_TS06"), 12);
	is_int(bit_of(NET, "VIRTIO_F_MRG_RX_BUFFER"), 15);
	is_int(bit_of(BLK, "VIRTIO_F_MRG_RX_BUFFER"), UINT32_MAX);
	is_int(bit_of(BLK, "WCE"), 9);
	is_int(bit_of(0, "VIRTIO_RING_F_EVENT_IDX"), 29);
	is_int(bit_of(0, "admin_vq"), 41);
	is_int(bit_of(NET, "guest_rsc4"), 41);
	is_int(bit_of(NET, "IPSEC"), 70);
}

static void test_text(void)
{
	char text[256] = "";
	uint64_t word = 5;

	is_int(dpu_virtio_features_format(NET, 1 | UINT64_C(1) << 41 | UINT64_C(1) << 47, text, sizeof(text)),
	       42);
	is_str(text, "VIRTIO_NET_F_CSUM|VIRTIO_F_ADMIN_VQ|bit 47");
	is_int(dpu_virtio_features_format(NET, 0, text, sizeof(text)), 0);
	is_str(text, "");
	is_int(dpu_virtio_features_format(BLK, 1 << 9, text, 12), 18);
	is_str(text, "VIRTIO_BLK_");
	is_int(dpu_virtio_features_format(BLK, 3 << 9, text, 12), 40);
	is_int(dpu_virtio_features_format(0, 1, NULL, 0), 5);
	is_int(dpu_virtio_features_parse(NET, " csum, mac |bit 47\t0x300000000 2\n", &word), 0);
	ok(word == (1 | 1 << 5 | UINT64_C(1) << 47 | UINT64_C(3) << 32 | 2),
	   "names, bits and words become one");
	is_int(dpu_virtio_features_parse(NET, "", &word), 0);
	is_int(word, 0);
	word = 5;
	is_int(dpu_virtio_features_parse(NET, "csum toaster", &word), -EINVAL);
	is_int(dpu_virtio_features_parse(NET, "bit", &word), -EINVAL);
	is_int(dpu_virtio_features_parse(NET, "bit x", &word), -EINVAL);
	is_int(dpu_virtio_features_parse(NET, "bit 64", &word), -ERANGE);
	is_int(dpu_virtio_features_parse(NET, "ipsec", &word), -ERANGE);
	is_int(dpu_virtio_features_parse(NET, "0x10000000000000000", &word), -EINVAL);
	memset(text, '0', 200);
	text[200] = '1';
	text[201] = '\0';
	is_int(dpu_virtio_features_parse(NET, text, &word), -EINVAL);
	is_int(word, 5);
	is_int(dpu_virtio_status_format(0x4f, text, sizeof(text)), 59);
	is_str(text, "ACKNOWLEDGE|DRIVER|DRIVER_OK|FEATURES_OK|DEVICE_NEEDS_RESET");
	dpu_virtio_status_format(0xb0, text, sizeof(text));
	is_str(text, "SUSPEND|bit 5|FAILED");
}

/* Whatever the word is, its text is the word again. */
static void test_random(void)
{
	const char *seed_text = getenv("SEED");
	unsigned int seed = seed_text ? (unsigned int)strtoul(seed_text, NULL, 0) : 20261121, wrong = 0;
	uint64_t word, back;
	char text[4096];
	int i;

	tap_diag("seed %u", seed);
	srand(seed);
	for (i = 0; i < 2000; i++) {
		word = (uint64_t)rand() << 42 ^ (uint64_t)rand() << 21 ^ (uint64_t)rand();
		dpu_virtio_features_format(i % 3, word, text, sizeof(text));
		wrong += dpu_virtio_features_parse(i % 3, text, &back) || back != word;
	}
	is_int(wrong, 0);
}

static void test_check(void)
{
	const struct dpu_virtio_feature *feature = NULL, *missing = NULL;
	uint64_t word;

	is_int(dpu_virtio_features_check(NET, DPU_VIRTIO_NET_F_GUEST_TSO4 | DPU_VIRTIO_NET_F_GUEST_CSUM, NULL,
					 NULL),
	       0);
	is_int(dpu_virtio_features_check(NET, DPU_VIRTIO_NET_F_GUEST_TSO4, &feature, &missing), -EINVAL);
	is_str(feature->name, "VIRTIO_NET_F_GUEST_TSO4");
	is_str(missing->name, "VIRTIO_NET_F_GUEST_CSUM");
	is_int(dpu_virtio_features_check(NET, DPU_VIRTIO_NET_F_HOST_ECN | DPU_VIRTIO_NET_F_CSUM, &feature,
					 &missing),
	       -EINVAL);
	is_str(missing->name, "VIRTIO_NET_F_HOST_TSO4");
	word = DPU_VIRTIO_NET_F_HOST_ECN | DPU_VIRTIO_NET_F_CSUM | DPU_VIRTIO_NET_F_HOST_TSO6;
	is_int(dpu_virtio_features_check(NET, word, NULL, NULL), 0);
	word = DPU_VIRTIO_NET_F_HASH_TUNNEL | DPU_VIRTIO_NET_F_CTRL_VQ;
	is_int(dpu_virtio_features_check(NET, word, &feature, &missing), -EINVAL);
	is_str(missing->name, "VIRTIO_NET_F_HASH_REPORT");
	is_int(dpu_virtio_features_check(NET, word | DPU_VIRTIO_NET_F_HASH_REPORT, NULL, NULL), 0);
	is_int(dpu_virtio_features_check(BLK, DPU_VIRTIO_NET_F_GUEST_TSO4, NULL, NULL), 0);
	is_int(dpu_virtio_features_check(NET, 0, NULL, NULL), 0);
}

int main(void)
{
	test_kernel();
	test_devices();
	test_names();
	test_text();
	test_random();
	test_check();
	return tap_done();
}
