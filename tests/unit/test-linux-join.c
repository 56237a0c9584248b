/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts synthetic machines together: what hardware that is not here would say. */
#include <errno.h>
#include "provider/linux/facts-index.h"
#include "provider/linux/join.h"
#include "tap.h"

static long allocations_left = -1;
static long allocations_live;

static bool spend(void)
{
	if (allocations_left == 0)
		return false;
	if (allocations_left > 0)
		allocations_left--;
	return true;
}

static void *counting_alloc(void *data, size_t size)
{
	(void)data;
	if (!spend())
		return NULL;
	allocations_live++;
	return malloc(size);
}

static void *counting_realloc(void *data, void *ptr, size_t size)
{
	(void)data;
	if (!spend())
		return NULL;
	allocations_live += !ptr;
	return realloc(ptr, size);
}

static void counting_free(void *data, void *ptr)
{
	(void)data;
	allocations_live--;
	free(ptr);
}

static struct dpu_ctx *ctx;

static const struct provider_device *device_of(const struct provider_device *devices, size_t count,
					       const char *handle)
{
	static const struct provider_device none;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!strcmp(devices[i].handle, handle))
			return &devices[i];
	}
	ok(false, "there is a device %s", handle);
	return &none;
}

#define PF0 "0000:03:00.0"
#define PF1 "0000:03:00.1"
#define VF0 "0000:03:00.2"
#define NOT DPU_PORT_NO_NUMBER

#define PLACE(at) .place = { .handle = at, .numa_node = -1 }
#define SF_PLACE(at, aux) .place = { .handle = at, .sf = aux, .numa_node = -1 }
#define PORT(dev, nr, fl, c, pf, vf, sf, ifi)                                                                \
	.handle = dev, .index = nr, .flavour = fl, .controller = c, .pfnum = pf, .vfnum = vf, .sfnum = sf,   \
	.ifindex = ifi

/* A BlueField-3 as its Arm cores see it. */
static struct fact_pci bluefield_pci[] = {
	{ .address = "0000:00:00.0", .vendor = 0x15b3, .device = 0x197b, .class_code = 0x060400 },
	{ .address = PF0,
	  .vendor = 0x15b3,
	  .device = 0xa2dc,
	  .class_code = 0x020000,
	  .driver = "mlx5_core",
	  .numa_node = 1 },
	{ .address = PF1, .vendor = 0x15b3, .device = 0xa2dc, .class_code = 0x020000, .driver = "mlx5_core" },
	{ .address = VF0,
	  .vendor = 0x15b3,
	  .device = 0x101e,
	  .class_code = 0x020000,
	  .driver = "mlx5_core",
	  .physfn = PF0,
	  .vfnum = 0 },
	{ .address = "0000:06:00.0",
	  .vendor = 0x144d,
	  .device = 0xa80a,
	  .class_code = 0x010802,
	  .driver = "nvme" },
};

static struct fact_link bluefield_links[] = {
	{ .ifindex = 1, .name = "lo" },
	/* The order is not the uplink's first. */
	{ .ifindex = 4,
	  .name = "pf0hpf",
	  .phys_port_name = "c1pf0",
	  .phys_switch_id = "aabb",
	  PLACE("pci/" PF0) },
	{ .ifindex = 5,
	  .name = "p0",
	  .phys_port_name = "p0",
	  .phys_switch_id = "aabb",
	  .address = { 2, 1 },
	  PLACE("pci/" PF0) },
	{ .ifindex = 6, .name = "p1", .phys_port_name = "p1", .phys_switch_id = "aabb", PLACE("pci/" PF1) },
	{ .ifindex = 7,
	  .name = "pf0vf0",
	  .phys_port_name = "c1pf0vf0",
	  .phys_switch_id = "aabb",
	  PLACE("pci/" PF0) },
	{ .ifindex = 8,
	  .name = "en3f0pf0sf88",
	  .phys_port_name = "pf0sf88",
	  .phys_switch_id = "aabb",
	  PLACE("pci/" PF0) },
	{ .ifindex = 9,
	  .name = "enp3s0f0s88",
	  .address = { 2, 0, 0, 0, 0, 88 },
	  SF_PLACE("pci/" PF0, "mlx5_core.sf.4") },
	{ .ifindex = 10, .name = "enp3s0f1s88", SF_PLACE("pci/" PF1, "mlx5_core.sf.5") },
	{ .ifindex = 11,
	  .name = "oob_net0",
	  .place = { .handle = "platform/MLNXBF17:00", .driver = "mlxbf_gige", .numa_node = -1 } },
	{ .ifindex = 12, .name = "ovs-system" },
	{ .ifindex = 13, .name = "enp3s0f0v0", .address = { 2, 0, 0, 0, 0, 13 }, PLACE("pci/" VF0) },
	{ .ifindex = 14,
	  .name = "vfrep",
	  .phys_port_name = "pf0vf0",
	  .phys_switch_id = "aabb",
	  PLACE("pci/" PF0) },
	{ .ifindex = 15, .name = "c1sf", .phys_port_name = "c1pf0sf88", PLACE("pci/" PF0) },
};

static struct fact_devlink bluefield_devlinks[] = {
	{ .handle = "pci/" PF1,
	  .has_eswitch = true,
	  .serial_number = "MT1",
	  .board_serial_number = "MTBOARD",
	  PLACE("pci/" PF1) },
	{ .handle = "pci/" PF0,
	  .has_eswitch = true,
	  .driver = "mlx5_core",
	  .serial_number = "MT0",
	  .psid = "MT_0000000884",
	  .firmware_version = "32.41.1000",
	  PLACE("pci/" PF0) },
	{ .handle = "auxiliary/mlx5_core.sf.4", SF_PLACE("pci/" PF0, "mlx5_core.sf.4") },
};

static struct fact_port bluefield_ports[] = {
	{ PORT("pci/" PF0, 229409, DPU_PORT_PCISF, 0, 0, NOT, 88, 8), .has_hw_addr = true,
	  .hw_addr = { 2, 9, 9, 9, 9, 9 }, .has_state = true, .state = 1, .has_opstate = true, .opstate = 1 },
	{ PORT("pci/" PF0, 65535, DPU_PORT_PHYSICAL, 0, NOT, NOT, NOT, 5) },
	{ PORT("pci/" PF0, 196608, DPU_PORT_PCIPF, 1, 0, NOT, NOT, 4), .external = true, .has_hw_addr = true,
	  .hw_addr = { 2, 7 } },
	{ PORT("pci/" PF0, 196609, DPU_PORT_PCIVF, 1, 0, 0, NOT, 7), .external = true },
	{ PORT("pci/" PF0, 131072, DPU_PORT_PCIVF, 0, 0, 0, NOT, 14) },
	/* The host's SF of the same number as the local one. */
	{ PORT("pci/" PF0, 229500, DPU_PORT_PCISF, 1, 0, NOT, 88, 15), .external = true, .has_state = true,
	  .state = 0, .has_opstate = true, .opstate = 0 },
	{ PORT("pci/" PF1, 131071, DPU_PORT_PHYSICAL, 0, NOT, NOT, NOT, 6) },
	{ PORT("pci/" PF1, 294945, DPU_PORT_PCISF, 0, 1, NOT, 88, 0) },
	{ PORT("auxiliary/mlx5_core.sf.4", 0, DPU_PORT_VIRTUAL, 0, NOT, NOT, NOT, 9) },
};

static struct fact_rdma bluefield_rdma[] = {
	{ .name = "mlx5_0", .netdev = "pf0hpf", PLACE("pci/" PF0) },
	{ .name = "mlx5_1", .netdev = "p0", PLACE("pci/" PF0) },
	{ .name = "mlx5_2", PLACE("pci/" PF1) },
	{ .name = "mlx5_4", .netdev = "enp3s0f0s88", SF_PLACE("pci/" PF0, "mlx5_core.sf.4") },
	/* In software: over a network device, over a representor, over one that is elsewhere. */
	{ .name = "rxe0", .netdev = "oob_net0" },
	{ .name = "rxe1", .netdev = "vfrep" },
	{ .name = "siw0", .netdev = "gone0" },
};

static struct fact_sf bluefield_sfs[] = {
	{ .name = "mlx5_core.sf.5", .sfnum = 88, SF_PLACE("pci/" PF1, "mlx5_core.sf.5") },
	{ .name = "mlx5_core.sf.4", .sfnum = 88, .bound = true, SF_PLACE("pci/" PF0, "mlx5_core.sf.4") },
	{ .name = "mlx5_core.sf.9", .sfnum = 99, .bound = true, SF_PLACE("pci/" PF0, "mlx5_core.sf.9") },
};

static struct facts bluefield(void)
{
	struct facts facts = {
		.pci = bluefield_pci,
		.pci_count = sizeof(bluefield_pci) / sizeof(bluefield_pci[0]),
		.links = bluefield_links,
		.link_count = sizeof(bluefield_links) / sizeof(bluefield_links[0]),
		.devlinks = bluefield_devlinks,
		.devlink_count = sizeof(bluefield_devlinks) / sizeof(bluefield_devlinks[0]),
		.ports = bluefield_ports,
		.port_count = sizeof(bluefield_ports) / sizeof(bluefield_ports[0]),
		.rdma = bluefield_rdma,
		.rdma_count = sizeof(bluefield_rdma) / sizeof(bluefield_rdma[0]),
		.sfs = bluefield_sfs,
		.sf_count = sizeof(bluefield_sfs) / sizeof(bluefield_sfs[0]),
		.bsp_release = "DOCA_2.7.0_BSP_4.7.0",
	};

	must(facts_index(ctx, &facts) == 0);
	return facts;
}

static void test_bluefield_devices(void)
{
	struct facts facts = bluefield();
	const struct provider_device *device;
	struct provider_device *devices;
	size_t count, i;

	must(join_devices(ctx, &facts, &devices, &count) == 0);
	is_int(count, 4);
	for (i = 1; i < count; i++)
		ok(strcmp(devices[i - 1].handle, devices[i].handle) < 0, "%s comes after %s",
		   devices[i].handle, devices[i - 1].handle);

	device = device_of(devices, count, "pci/" PF0);
	is_str(device->pci_address, PF0);
	is_int(device->kind, DPU_DEVICE_DPU);
	is_str(device->netdev, "p0");
	is_int(device->ifindex, 5);
	is_str(device->rdma_device, "mlx5_1");
	is_str(device->driver, "mlx5_core");
	is_int(device->vendor_id, 0x15b3);
	is_int(device->device_id, 0xa2dc);
	is_str(device->psid, "MT_0000000884");
	is_str(device->firmware_version, "32.41.1000");
	is_str(device->serial_number, "MT0");
	is_str(device->bsp_release, "DOCA_2.7.0_BSP_4.7.0");
	is_int(device->numa_node, 1);

	device = device_of(devices, count, "pci/" PF1);
	is_str(device->netdev, "p1");
	is_str(device->rdma_device, "mlx5_2");
	is_str(device->serial_number, "MTBOARD");

	device = device_of(devices, count, "pci/" VF0);
	is_int(device->kind, DPU_DEVICE_NIC);
	is_str(device->netdev, "enp3s0f0v0");
	is_str(device->rdma_device, "");
	is_str(device->bsp_release, "");

	device = device_of(devices, count, "platform/MLNXBF17:00");
	is_int(device->kind, DPU_DEVICE_NIC);
	is_str(device->pci_address, "");
	is_str(device->driver, "mlxbf_gige");
	is_str(device->netdev, "oob_net0");
	is_str(device->rdma_device, "rxe0");
	is_int(device->vendor_id, 0);
	is_str(device->bsp_release, "");
	ctx_free(ctx, devices);
	facts_index_free(ctx, &facts);
}

static void test_bluefield_ports(void)
{
	static const uint32_t order[] = { 65535, 131072, 196608, 196609, 229409, 229500 };
	struct facts facts = bluefield();
	struct provider_port *ports = NULL;
	size_t count = 77, i;

	is_int(join_ports(ctx, &facts, "pci/0000:0a:00.0", &ports, &count), -ENODEV);
	is_int(join_ports(ctx, &facts, "auxiliary/mlx5_core.sf.4", &ports, &count), -ENODEV);
	is_int(join_ports(ctx, &facts, "", &ports, &count), -ENODEV);
	ok(!ports && count == 77, "a failure writes no output");

	must(join_ports(ctx, &facts, "pci/" PF0, &ports, &count) == 0);
	is_int(count, 6);
	must(count == 6);
	for (i = 0; i < count; i++)
		ok(ports[i].index == order[i], "port %zu has index %u, want %u", i, ports[i].index, order[i]);
	is_int(ports[0].flavour, DPU_PORT_PHYSICAL);
	is_str(ports[0].netdev, "p0");
	is_str(ports[0].phys_switch_id, "aabb");
	is_int(ports[0].pfnum, NOT);
	is_str(ports[2].netdev, "pf0hpf");
	is_str(ports[2].phys_port_name, "c1pf0");
	is_int(ports[2].controller, 1);
	is_int(ports[4].sfnum, 88);
	is_str(ports[4].netdev, "en3f0pf0sf88");
	is_str(ports[5].netdev, "c1sf");
	is_int(ports[5].ifindex, 15);
	ctx_free(ctx, ports);

	must(join_ports(ctx, &facts, "platform/MLNXBF17:00", &ports, &count) == 0);
	is_int(count, 0);
	ctx_free(ctx, ports);
	facts_index_free(ctx, &facts);
}

static void test_bluefield_functions(void)
{
	static const uint8_t sf_mac[6] = { 2, 9, 9, 9, 9, 9 }, vf_mac[6] = { 2, 0, 0, 0, 0, 13 };
	struct facts facts = bluefield();
	struct provider_function *f;
	size_t count;

	must(join_functions(ctx, &facts, "pci/" PF0, &f, &count) == 0);
	is_int(count, 6);
	must(count == 6);
	is_int(f[0].type, DPU_FUNCTION_PF);
	is_int(f[0].controller, 1);
	is_int(f[0].number, NOT);
	is_int(f[0].hw_addr[1], 7);
	is_str(f[0].netdev, "");

	is_int(f[1].type, DPU_FUNCTION_VF);
	is_int(f[1].controller, 0);
	is_int(f[1].port, 131072);
	is_str(f[1].netdev, "enp3s0f0v0");
	ok(!memcmp(f[1].hw_addr, vf_mac, 6), "the VF's address is its network device's");
	is_int(f[1].opstate, DPU_FUNCTION_ATTACHED);

	is_int(f[2].type, DPU_FUNCTION_VF);
	is_int(f[2].controller, 1);
	is_str(f[2].netdev, "");

	is_int(f[3].type, DPU_FUNCTION_SF);
	is_int(f[3].number, 88);
	is_int(f[3].port, 229409);
	is_str(f[3].netdev, "enp3s0f0s88");
	is_str(f[3].rdma_device, "mlx5_4");
	is_str(f[3].aux_device, "mlx5_core.sf.4");
	ok(!memcmp(f[3].hw_addr, sf_mac, 6), "devlink's address wins");
	is_int(f[3].state, DPU_FUNCTION_ACTIVE);
	is_int(f[3].opstate, DPU_FUNCTION_ATTACHED);

	is_int(f[4].number, 99);
	ok(!f[4].has_port, "an SF without representor is listed");
	is_str(f[4].aux_device, "mlx5_core.sf.9");

	is_int(f[5].number, 88);
	is_int(f[5].controller, 1);
	is_int(f[5].port, 229500);
	is_str(f[5].aux_device, "");
	is_int(f[5].state, DPU_FUNCTION_INACTIVE);
	is_int(f[5].opstate, DPU_FUNCTION_DETACHED);
	ctx_free(ctx, f);

	/* The other PF's SF of the same number. */
	must(join_functions(ctx, &facts, "pci/" PF1, &f, &count) == 0);
	is_int(count, 1);
	is_str(f[0].aux_device, "mlx5_core.sf.5");
	is_str(f[0].netdev, "enp3s0f1s88");
	is_int(f[0].opstate, DPU_FUNCTION_DETACHED);
	ctx_free(ctx, f);

	/* Where devlink names the SF's instance, that decides. */
	strcpy(bluefield_ports[0].function_handle, "auxiliary/mlx5_core.sf.9");
	must(join_functions(ctx, &facts, "pci/" PF0, &f, &count) == 0);
	is_str(f[3].aux_device, count > 3 ? "mlx5_core.sf.9" : "");
	ctx_free(ctx, f);
	bluefield_ports[0].function_handle[0] = '\0';

	is_int(join_functions(ctx, &facts, "pci/none", &f, &count), -ENODEV);
	facts_index_free(ctx, &facts);
}

static void test_switchdev_without_devlink(void)
{
	struct fact_pci pci[] = {
		{ .address = PF1, .vendor = 0x15b3, .device = 0x101d, .class_code = 0x020000 },
		{ .address = "0000:03:00.3",
		  .vendor = 0x15b3,
		  .device = 0x101e,
		  .class_code = 0x020000,
		  .physfn = PF1,
		  .vfnum = 1 },
		{ .address = "0000:03:00.4",
		  .vendor = 0x15b3,
		  .device = 0x101e,
		  .class_code = 0x020000,
		  .physfn = PF1,
		  .vfnum = 2 },
	};
	struct fact_link links[] = {
		{ .ifindex = 20,
		  .name = "eth9",
		  .phys_port_name = "pf1vf1",
		  .phys_switch_id = "01",
		  PLACE("pci/" PF1) },
		{ .ifindex = 21,
		  .name = "ens1f1",
		  .phys_port_name = "p1",
		  .phys_switch_id = "01",
		  PLACE("pci/" PF1) },
		{ .ifindex = 22, .name = "ens1f1v1", PLACE("pci/0000:03:00.3") },
	};
	struct facts facts = { .pci = pci, .pci_count = 3, .links = links, .link_count = 3 };
	struct provider_function *functions;
	struct provider_device *devices;
	struct provider_port *ports;
	size_t count;

	must(facts_index(ctx, &facts) == 0);
	must(join_devices(ctx, &facts, &devices, &count) == 0);
	is_int(count, 3);
	is_int(devices[0].kind, DPU_DEVICE_SWITCHDEV_NIC);
	is_str(devices[0].netdev, "ens1f1");
	is_str(devices[1].netdev, "ens1f1v1");
	is_int(devices[1].kind, DPU_DEVICE_NIC);
	ctx_free(ctx, devices);

	must(join_ports(ctx, &facts, "pci/" PF1, &ports, &count) == 0);
	is_int(count, 2);
	must(count == 2);
	is_int(ports[0].index, 20);
	is_int(ports[0].flavour, DPU_PORT_PCIVF);
	is_int(ports[0].pfnum, 1);
	is_int(ports[0].vfnum, 1);
	is_int(ports[1].flavour, DPU_PORT_PHYSICAL);
	ctx_free(ctx, ports);

	must(join_functions(ctx, &facts, "pci/" PF1, &functions, &count) == 0);
	is_int(count, 2);
	must(count == 2);
	ok(functions[0].has_port, "the VF with a representor has a port");
	is_str(functions[0].netdev, "ens1f1v1");
	ok(!functions[1].has_port, "the VF without has none");
	is_int(functions[1].number, 2);
	is_int(functions[1].pfnum, 1);
	ctx_free(ctx, functions);
	facts_index_free(ctx, &facts);
}

static void test_plain_machines(void)
{
	struct fact_pci pci[] = {
		{ .address = "0000:00:03.0",
		  .vendor = 0x1af4,
		  .device = 0x1041,
		  .class_code = 0x020000,
		  .driver = "virtio-pci",
		  .numa_node = -1 },
		{ .address = "0000:00:04.0", .vendor = 0x8086, .device = 0x100e, .class_code = 0x020000 },
		{ .address = "0000:00:05.0", .vendor = 0x1af4, .device = 0x1042, .class_code = 0x018000 },
		/* A network device in all but its class. */
		{ .address = "0000:00:06.0", .vendor = 0x1af4, .device = 0x1041, .class_code = 0xffff00 },
		/* BlueField's number with another vendor's. */
		{ .address = "0000:00:07.0", .vendor = 0x8086, .device = 0xa2dc, .class_code = 0x028000 },
	};
	struct fact_link links[] = {
		{ .ifindex = 1, .name = "lo" },
		{ .ifindex = 2, .name = "eth0", PLACE("pci/0000:00:03.0") },
		{ .ifindex = 3, .name = "ifb0" },
		{ .ifindex = 4, .name = "dummy0" },
		{ .ifindex = 5, .name = "tap0" },
		{ .ifindex = 6, .name = "eth1", PLACE("pci/0000:00:06.0") },
		{ .ifindex = 7, .name = "eth2", PLACE("platform/virtio-mmio.3") },
	};
	struct fact_devlink devlinks[] = {
		{ .handle = "netdevsim/netdevsim1", .has_eswitch = true, PLACE("netdevsim/netdevsim1") },
	};
	struct facts facts = {
		.pci = pci,
		.pci_count = 5,
		.links = links,
		.link_count = 7,
		.devlinks = devlinks,
		.devlink_count = 1,
	};
	struct facts nothing = { .pci = NULL };
	struct provider_device *devices;
	size_t count;

	must(facts_index(ctx, &facts) == 0);
	must(join_devices(ctx, &facts, &devices, &count) == 0);
	is_int(count, 6);
	is_str(device_of(devices, count, "pci/0000:00:03.0")->netdev, "eth0");
	is_str(device_of(devices, count, "pci/0000:00:03.0")->driver, "virtio-pci");
	is_str(device_of(devices, count, "pci/0000:00:04.0")->netdev, "");
	is_str(device_of(devices, count, "pci/0000:00:04.0")->driver, "");
	is_str(device_of(devices, count, "pci/0000:00:06.0")->netdev, "eth1");
	is_int(device_of(devices, count, "pci/0000:00:07.0")->kind, DPU_DEVICE_NIC);
	is_str(device_of(devices, count, "platform/virtio-mmio.3")->netdev, "eth2");
	is_int(device_of(devices, count, "netdevsim/netdevsim1")->kind, DPU_DEVICE_SWITCHDEV_NIC);
	ctx_free(ctx, devices);

	must(join_devices(ctx, &nothing, &devices, &count) == 0);
	is_int(count, 0);
	ctx_free(ctx, devices);
	facts_index_free(ctx, &facts);
}

enum {
	MANY = 700,
};

/* Each with its own, however many there are and in whatever order the kernel tells of them. */
static void test_many(void)
{
	static struct fact_link links[2 * MANY];
	static struct fact_port ports[MANY];
	static struct fact_sf sfs[MANY];
	struct fact_pci pci[] = { { .address = PF0, .class_code = 0x020000, .numa_node = -1 } };
	struct fact_devlink devlinks[] = { { .handle = "pci/" PF0, PLACE("pci/" PF0) } };
	struct facts facts = {
		.pci = pci,
		.pci_count = 1,
		.links = links,
		.link_count = 2 * MANY,
		.devlinks = devlinks,
		.devlink_count = 1,
		.ports = ports,
		.port_count = MANY,
		.sfs = sfs,
		.sf_count = MANY,
	};
	struct provider_function *functions;
	struct provider_device *devices;
	size_t count, wrong = 0;
	uint32_t i, n;

	for (i = 0; i < MANY; i++) {
		/* 11 and 700 have no common factor. */
		n = i * 11 % MANY;
		ports[i] = (struct fact_port){ .handle = "pci/" PF0,
					       .index = 1000 - n,
					       .flavour = DPU_PORT_PCISF,
					       .vfnum = NOT,
					       .sfnum = n,
					       .ifindex = 2000 - n };
		if (n % 2)
			snprintf(ports[i].function_handle, sizeof(ports[i].function_handle),
				 "auxiliary/mlx5_core.sf.%u", n + 2);
		sfs[MANY - 1 - i] = (struct fact_sf){ .sfnum = n, .bound = true, PLACE("pci/" PF0) };
		snprintf(sfs[MANY - 1 - i].name, DEVNAME_SIZE, "mlx5_core.sf.%u", n + 2);
		links[2 * i] = (struct fact_link){ .ifindex = 2000 - n, PLACE("pci/" PF0) };
		snprintf(links[2 * i].name, IFNAME_SIZE, "rep%u", n);
		links[2 * i + 1] = (struct fact_link){ .ifindex = 3000 + n, PLACE("pci/" PF0) };
		snprintf(links[2 * i + 1].name, IFNAME_SIZE, "sf%u", n);
		snprintf(links[2 * i + 1].place.sf, DEVNAME_SIZE, "mlx5_core.sf.%u", n + 2);
	}
	must(facts_index(ctx, &facts) == 0);
	must(join_devices(ctx, &facts, &devices, &count) == 0);
	is_int(count, 1);
	is_str(devices[0].netdev, "");
	ctx_free(ctx, devices);
	must(join_functions(ctx, &facts, "pci/" PF0, &functions, &count) == 0);
	must(count == MANY);
	for (i = 0; i < MANY; i++) {
		char representor[IFNAME_SIZE], netdev[IFNAME_SIZE], aux_device[DEVNAME_SIZE];

		snprintf(representor, sizeof(representor), "rep%u", i);
		snprintf(netdev, sizeof(netdev), "sf%u", i);
		snprintf(aux_device, sizeof(aux_device), "mlx5_core.sf.%u", i + 2);
		wrong += functions[i].number != i || functions[i].port != 1000 - i ||
			 functions[i].opstate != DPU_FUNCTION_ATTACHED ||
			 strcmp(functions[i].representor, representor) != 0 ||
			 strcmp(functions[i].netdev, netdev) != 0 ||
			 strcmp(functions[i].aux_device, aux_device) != 0;
	}
	ok(!wrong, "%zu of %d functions have what is another's", wrong, MANY);
	ctx_free(ctx, functions);
	facts_index_free(ctx, &facts);
}

static void test_phys_port_names(void)
{
	static const struct {
		const char *name;
		enum dpu_port_flavour flavour;
		uint32_t controller, pfnum, vfnum, sfnum;
	} good[] = {
		{ "p0", DPU_PORT_PHYSICAL, 0, NOT, NOT, NOT },
		{ "p12s3", DPU_PORT_PHYSICAL, 0, NOT, NOT, NOT },
		{ "l1p2", DPU_PORT_PHYSICAL, 0, NOT, NOT, NOT },
		{ "pf0", DPU_PORT_PCIPF, 0, 0, NOT, NOT },
		{ "c1pf1", DPU_PORT_PCIPF, 1, 1, NOT, NOT },
		{ "pf0vf1", DPU_PORT_PCIVF, 0, 0, 1, NOT },
		{ "c2pf1vf127", DPU_PORT_PCIVF, 2, 1, 127, NOT },
		{ "c1pf0sf88", DPU_PORT_PCISF, 1, 0, NOT, 88 },
		{ "pf0sf4294967294", DPU_PORT_PCISF, 0, 0, NOT, 4294967294u },
	};
	static const char *const bad[] = { "",
					   "p",
					   "pf",
					   "p0x",
					   "pf0vf",
					   "pf0vf1sf2",
					   "c1p0",
					   "c1",
					   "cpf0",
					   "pf-1",
					   "pf 1",
					   "pf+1",
					   " p0",
					   "p0 ",
					   "P0",
					   "pf0sf4294967295",
					   "pf99999999999999999999",
					   "eth0",
					   "hpf0",
					   "l1pf0",
					   "s1" };
	struct provider_port port;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		memset(&port, 0xff, sizeof(port));
		ok(join_parse_phys_port_name(good[i].name, &port) && port.flavour == good[i].flavour &&
			   port.controller == good[i].controller && port.pfnum == good[i].pfnum &&
			   port.vfnum == good[i].vfnum && port.sfnum == good[i].sfnum,
		   "\"%s\" is understood", good[i].name);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!join_parse_phys_port_name(bad[i], &port), "\"%s\" is not", bad[i]);
}

static void test_out_of_memory(void)
{
	struct facts facts = bluefield();
	struct provider_function *functions = NULL;
	struct provider_device *devices = NULL;
	struct provider_port *ports = NULL;
	int devices_rc, ports_rc, functions_rc;
	long before = allocations_live, n;
	bool clean = true;
	size_t count;

	for (n = 0; n < 100; n++) {
		allocations_left = n;
		devices_rc = join_devices(ctx, &facts, &devices, &count);
		allocations_left = n;
		ports_rc = join_ports(ctx, &facts, "pci/" PF0, &ports, &count);
		allocations_left = n;
		functions_rc = join_functions(ctx, &facts, "pci/" PF0, &functions, &count);
		allocations_left = -1;
		if (!devices_rc)
			ctx_free(ctx, devices);
		if (!ports_rc)
			ctx_free(ctx, ports);
		if (!functions_rc)
			ctx_free(ctx, functions);
		clean = clean && allocations_live == before && (!devices_rc || devices_rc == -ENOMEM) &&
			(!ports_rc || ports_rc == -ENOMEM) && (!functions_rc || functions_rc == -ENOMEM);
		if (!devices_rc && !ports_rc && !functions_rc)
			break;
	}
	ok(n > 1 && n < 100, "enough memory is enough, after %ld failures", n);
	ok(clean, "each failure is -ENOMEM and leaves nothing");
	facts_index_free(ctx, &facts);
}

int main(void)
{
	const struct dpu_allocator allocator = { counting_alloc, counting_realloc, counting_free, NULL };
	struct dpu_ctx_opts opts = { .sz = sizeof(opts), .allocator = &allocator };

	must(ctx_create(&opts, &ctx) == 0);
	test_bluefield_devices();
	test_bluefield_ports();
	test_bluefield_functions();
	test_switchdev_without_devlink();
	test_plain_machines();
	test_many();
	test_phys_port_names();
	test_out_of_memory();
	dpu_ctx_unref(ctx);
	is_int(allocations_live, 0);
	return tap_done();
}
