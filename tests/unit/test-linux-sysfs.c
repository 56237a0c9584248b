/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The provider on a recorded sysfs tree: a BlueField in switchdev mode with an SF and a legacy VF, a virtio
 * NIC, a platform NIC, software devices. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* nftw() */
#endif
#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>
#include "provider/linux/pci.h"
#include "provider/linux/sysfs.h"
#include "provider/provider.h"
#include "tap.h"

static char root[] = "/tmp/dpu-sysfs-XXXXXX";

static void make_dirs(const char *path)
{
	char full[600];
	char *slash;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	for (slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	mkdir(full, 0755);
}

static void parent(const char *path)
{
	char dir[512];

	snprintf(dir, sizeof(dir), "%s", path);
	*strrchr(dir, '/') = '\0';
	make_dirs(dir);
}

static void put(const char *path, const char *text)
{
	char full[600];
	FILE *file;

	parent(path);
	snprintf(full, sizeof(full), "%s/%s", root, path);
	file = fopen(full, "w");
	must(file);
	fprintf(file, "%s\n", text);
	fclose(file);
}

/* A link as the kernel makes them: relative. */
static void put_link(const char *path, const char *target)
{
	char full[600], relative[600] = "";
	const char *at;

	parent(path);
	for (at = path; (at = strchr(at, '/')); at++)
		strcat(relative, "../");
	strcat(relative, target);
	snprintf(full, sizeof(full), "%s/%s", root, path);
	must(symlink(relative, full) == 0);
}

/* A device on a bus, at its place. */
static void put_device(const char *bus, const char *name, const char *where, const char *driver)
{
	char path[400], target[400];

	make_dirs(where);
	snprintf(path, sizeof(path), "bus/%s/devices/%s", bus, name);
	put_link(path, where);
	snprintf(path, sizeof(path), "%s/subsystem", where);
	snprintf(target, sizeof(target), "bus/%s", bus);
	put_link(path, target);
	if (!driver)
		return;
	snprintf(target, sizeof(target), "bus/%s/drivers/%s", bus, driver);
	make_dirs(target);
	snprintf(path, sizeof(path), "%s/driver", where);
	put_link(path, target);
}

static void put_pci(const char *address, const char *where, const char *vendor, const char *device,
		    const char *class, const char *driver)
{
	char path[400];

	put_device("pci", address, where, driver);
	snprintf(path, sizeof(path), "%s/vendor", where);
	put(path, vendor);
	snprintf(path, sizeof(path), "%s/device", where);
	put(path, device);
	snprintf(path, sizeof(path), "%s/class", where);
	put(path, class);
}

static void put_netdev(const char *name, const char *ifindex, const char *device, const char *port_name,
		       const char *switch_id)
{
	char where[300], path[400];

	if (device)
		snprintf(where, sizeof(where), "%s/net/%s", device, name);
	else
		snprintf(where, sizeof(where), "devices/virtual/net/%s", name);
	make_dirs(where);
	snprintf(path, sizeof(path), "class/net/%s", name);
	put_link(path, where);
	snprintf(path, sizeof(path), "%s/ifindex", where);
	put(path, ifindex);
	snprintf(path, sizeof(path), "%s/address", where);
	put(path, "02:00:00:00:00:07");
	snprintf(path, sizeof(path), "%s/statistics/rx_packets", where);
	put(path, "12345678901");
	snprintf(path, sizeof(path), "%s/statistics/tx_bytes", where);
	put(path, "42");
	if (port_name) {
		snprintf(path, sizeof(path), "%s/phys_port_name", where);
		put(path, port_name);
		snprintf(path, sizeof(path), "%s/phys_switch_id", where);
		put(path, switch_id);
	}
	if (device) {
		snprintf(path, sizeof(path), "%s/device", where);
		put_link(path, device);
	}
}

#define BRIDGE "devices/pci0000:00/0000:00:00.0/"
#define UPLINK BRIDGE "0000:03:00.0"

static void build_tree(void)
{
	put_pci("0000:00:00.0", "devices/pci0000:00/0000:00:00.0", "0x15b3", "0x197b", "0x060400",
		"pcieport");
	put_pci("0000:03:00.0", UPLINK, "0x15b3", "0xa2dc", "0x020000", "mlx5_core");
	put(UPLINK "/numa_node", "1");
	put(UPLINK "/sriov_numvfs", "1");
	put(UPLINK "/sriov_totalvfs", "16");
	put_pci("0000:03:00.2", BRIDGE "0000:03:00.2", "0x15b3", "0x101e", "0x020000", NULL);
	put(BRIDGE "0000:03:00.2/numa_node", "-1");
	put_link(UPLINK "/virtfn0", BRIDGE "0000:03:00.2");
	put_link(BRIDGE "0000:03:00.2/physfn", UPLINK);
	put_netdev("pf0hpf", "4", UPLINK, "c1pf0", "aabb");
	put_netdev("p0", "5", UPLINK, "p0", "aabb");
	put_netdev("en3f0pf0sf88", "6", UPLINK, "pf0sf88", "aabb");

	/* The SF, its network device on a class device beneath it. */
	put_device("auxiliary", "mlx5_core.sf.4", UPLINK "/mlx5_core.sf.4", "mlx5_core.sf");
	put(UPLINK "/mlx5_core.sf.4/sfnum", "88");
	put_device("auxiliary", "mlx5_core.eth.4", UPLINK "/mlx5_core.sf.4/mlx5_core.eth.4", "mlx5_core.eth");
	put_netdev("enp3s0f0s88", "7", UPLINK "/mlx5_core.sf.4/mlx5_core.eth.4", NULL, NULL);
	/* The uplink's own class device is no SF. */
	put_device("auxiliary", "mlx5_core.eth.0", UPLINK "/mlx5_core.eth.0", "mlx5_core.eth");

	make_dirs(UPLINK "/infiniband/mlx5_0/ports/1/gid_attrs/ndevs");
	put(UPLINK "/infiniband/mlx5_0/ports/1/gid_attrs/ndevs/0", "p0");
	put_link(UPLINK "/infiniband/mlx5_0/device", UPLINK);
	put_link("class/infiniband/mlx5_0", UPLINK "/infiniband/mlx5_0");
	make_dirs(UPLINK "/mlx5_core.sf.4/infiniband/mlx5_4");
	put_link(UPLINK "/mlx5_core.sf.4/infiniband/mlx5_4/device", UPLINK "/mlx5_core.sf.4");
	put_link("class/infiniband/mlx5_4", UPLINK "/mlx5_core.sf.4/infiniband/mlx5_4");

	/* One that has it all in one file, and one that has too little there. */
	put_device("pci", "0000:00:03.0", "devices/pci0000:00/0000:00:03.0", NULL);
	put("devices/pci0000:00/0000:00:03.0/uevent",
	    "DRIVER=virtio-pci\nPCI_CLASS=20000\nPCI_ID=1AF4:1041\nPCI_SUBSYS_ID=1AF4:1100\n"
	    "PCI_SLOT_NAME=0000:00:03.0");
	put(BRIDGE "0000:03:00.2/uevent", "PCI_CLASS=20000\nMODALIAS=pci:v000015B3");
	put_device("virtio", "virtio2", "devices/pci0000:00/0000:00:03.0/virtio2", "virtio_net");
	put_netdev("eth0", "3", "devices/pci0000:00/0000:00:03.0/virtio2", NULL, NULL);

	put_device("platform", "MLNXBF17:00", "devices/platform/MLNXBF17:00", "mlxbf_gige");
	put_netdev("oob_net0", "2", "devices/platform/MLNXBF17:00", NULL, NULL);

	put_netdev("lo", "1", NULL, NULL, NULL);
	put_netdev("dummy0", "9", NULL, NULL, NULL);
	put("class/net/bonding_masters", "bond0");
	make_dirs("class/net/broken");
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
	(void)info;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void test_reading(void)
{
	struct fact_place place;
	struct sysfs sysfs;
	uint64_t number = 7;
	char text[8], name[32], long_name[600], path[SYSFS_PATH_SIZE];

	must(sysfs_open(&sysfs, root) == 0);
	ok(sysfs_text(&sysfs, "class/net/p0/phys_port_name", text, sizeof(text)), "an attribute is read");
	is_str(text, "p0");
	ok(sysfs_text(&sysfs, "class/net/eth0/address", text, sizeof(text)), "a long one is cut");
	is_str(text, "02:00:0");
	ok(!sysfs_text(&sysfs, "class/net/eth0/phys_port_name", text, sizeof(text)) && !text[0],
	   "none is none");
	ok(!sysfs_text(&sysfs, "class/net/eth0", text, sizeof(text)) && !text[0], "a directory is none");
	ok(!sysfs_text(&sysfs, "", text, sizeof(text)), "no path is none");
	ok(!sysfs_number(&sysfs, "class/net/eth0/address", UINT64_MAX, &number) && number == 7, "no number");
	ok(!sysfs_number(&sysfs, "bus/pci/devices/0000:03:00.0/vendor", 0xff, &number), "too large a number");
	ok(sysfs_number(&sysfs, "bus/pci/devices/0000:03:00.0/vendor", 0xffff, &number), "a number");
	is_int(number, 0x15b3);
	ok(sysfs_link_name(&sysfs, "bus/pci/devices/0000:03:00.0/driver", name, sizeof(name)), "a link");
	is_str(name, "mlx5_core");
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	ok(!sysfs_path(path, "class/%s", long_name) && !path[0], "too long a path is none");
	snprintf(path, sizeof(path), "%s/outside", root);
	must(symlink("/etc", path) == 0);
	ok(!sysfs_resolve(&sysfs, "outside", path), "a link that leads out is not followed");
	sysfs_place(&sysfs, "class/net/enp3s0f0s88/device", &place);
	is_str(place.handle, "pci/0000:03:00.0");
	is_str(place.sf, "mlx5_core.sf.4");
	is_int(place.numa_node, 1);
	sysfs_place(&sysfs, "bus/auxiliary/devices/mlx5_core.eth.0", &place);
	is_str(place.handle, "pci/0000:03:00.0");
	is_str(place.sf, "");
	sysfs_place(&sysfs, "class/net/lo/device", &place);
	is_str(place.handle, "");
	sysfs_close(&sysfs);
	is_int(sysfs_open(&sysfs, "/nonexistent"), -ENOENT);
	ok(!sysfs_exists(&sysfs, "class/net"), "below a missing root nothing exists");
	sysfs_close(&sysfs);
}

static void test_pci(struct dpu_ctx *ctx)
{
	struct fact_pci *functions;
	struct sysfs sysfs;
	size_t count;

	must(sysfs_open(&sysfs, root) == 0);
	must(pci_functions(ctx, &sysfs, &functions, &count) == 0);
	must(count == 4);
	is_str(functions[0].address, "0000:00:00.0");
	is_int(functions[0].class_code, 0x060400);
	is_str(functions[1].address, "0000:00:03.0");
	is_int(functions[1].vendor, 0x1af4);
	is_int(functions[1].device, 0x1041);
	is_int(functions[1].class_code, 0x020000);
	is_str(functions[1].driver, "virtio-pci");
	is_int(functions[1].numa_node, -1);
	is_str(functions[1].physfn, "");
	is_str(functions[3].address, "0000:03:00.2");
	is_int(functions[3].vendor, 0x15b3);
	is_int(functions[3].device, 0x101e);
	is_str(functions[3].driver, "");
	is_str(functions[3].physfn, "0000:03:00.0");
	is_int(functions[3].vfnum, 0);
	ctx_free(ctx, functions);
	sysfs_close(&sysfs);
}

static void test_provider(struct dpu_ctx *ctx)
{
	struct dpu_port_stats stats = { .sz = 1 };
	struct provider_function *functions;
	struct provider_device *devices;
	enum dpu_eswitch_mode mode;
	struct provider_port *ports;
	const char *reason = NULL;
	uint32_t total = 0;
	size_t count;
	bool rdma;

	rdma = provider_linux.facility(ctx, DPU_FACILITY_RDMA, &reason) == 1;
	if (rdma)
		ok(!reason, "what is present has no reason to be absent");
	else
		is_str(reason, "libdpu was built without RDMA");
	must(provider_linux.devices(ctx, &devices, &count) == 0);
	is_int(count, 4);
	must(count == 4);
	is_str(devices[0].handle, "pci/0000:00:03.0");
	is_str(devices[0].netdev, "eth0");
	is_int(devices[0].kind, DPU_DEVICE_NIC);
	is_str(devices[1].handle, "pci/0000:03:00.0");
	is_int(devices[1].kind, DPU_DEVICE_DPU);
	is_str(devices[1].netdev, "p0");
	is_int(devices[1].ifindex, 5);
	is_str(devices[1].rdma_device, rdma ? "mlx5_0" : "");
	is_int(devices[1].numa_node, 1);
	contains(devices[1].model, "BlueField-3");
	is_str(devices[1].bsp_release, "");
	is_str(devices[2].handle, "pci/0000:03:00.2");
	is_str(devices[2].driver, "");
	is_int(devices[2].numa_node, -1);
	is_str(devices[3].handle, "platform/MLNXBF17:00");
	is_str(devices[3].netdev, "oob_net0");
	is_str(devices[3].driver, "mlxbf_gige");
	ctx_free(ctx, devices);

	must(provider_linux.ports(ctx, "pci/0000:03:00.0", &ports, &count) == 0);
	is_int(count, 3);
	is_str(ports[0].netdev, "pf0hpf");
	is_int(ports[0].flavour, DPU_PORT_PCIPF);
	is_int(ports[0].controller, 1);
	is_str(ports[1].phys_switch_id, "aabb");
	ctx_free(ctx, ports);
	is_int(provider_linux.ports(ctx, "pci/0000:09:00.0", &ports, &count), -ENODEV);
	is_str(dpu_error_step(dpu_ctx_error(ctx)), "ports");
	is_str(dpu_error_object(dpu_ctx_error(ctx)), "pci/0000:09:00.0");

	must(provider_linux.functions(ctx, "pci/0000:03:00.0", &functions, &count) == 0);
	is_int(count, 3);
	must(count == 3);
	is_int(functions[0].type, DPU_FUNCTION_PF);
	is_int(functions[1].type, DPU_FUNCTION_VF);
	ok(!functions[1].has_port, "the VF has no port");
	is_int(functions[1].number, 0);
	is_int(functions[2].number, 88);
	is_int(functions[2].port, 6);
	is_str(functions[2].netdev, "enp3s0f0s88");
	is_str(functions[2].rdma_device, rdma ? "mlx5_4" : "");
	is_str(functions[2].aux_device, "mlx5_core.sf.4");
	is_int(functions[2].opstate, DPU_FUNCTION_ATTACHED);
	is_int(functions[2].hw_addr[5], 7);
	ctx_free(ctx, functions);

	is_int(provider_linux.port_stats(ctx, "pci/0000:03:00.0", 5, &stats), 0);
	is_int(stats.rx_packets, 12345678901);
	is_int(stats.tx_bytes, 42);
	is_int(stats.sz, sizeof(stats));
	is_int(provider_linux.port_stats(ctx, "pci/0000:03:00.0", 99, &stats), -ENODEV);
	is_int(provider_linux.port_stats(ctx, "pci/none", 5, &stats), -ENODEV);
	is_str(dpu_error_step(dpu_ctx_error(ctx)), "port_stats");
	contains(dpu_ctx_error_text(ctx), "port_stats pci/none");

	is_int(provider_linux.vf_count(ctx, "pci/0000:03:00.0", &total), 1);
	is_int(total, 16);
	is_int(provider_linux.vf_count(ctx, "pci/0000:00:03.0", &total), -EOPNOTSUPP);
	is_int(provider_linux.vf_count(ctx, "pci/../../../class", &total), -ENODEV);
	is_int(provider_linux.eswitch_mode_get(ctx, "pci/0000:03:00.0", &mode), -EOPNOTSUPP);
	is_int(provider_linux.eswitch_mode_get(ctx, "pci/none", &mode), -ENODEV);

	is_int(provider_linux.facility(ctx, DPU_FACILITY_PCI, &reason), 1);
	ok(!reason, "what is present has no reason to be absent");
	is_int(provider_linux.facility(ctx, DPU_FACILITY_DEVLINK, &reason), 0);
	contains(reason, "recorded");
	is_int(provider_linux.facility(ctx, DPU_FACILITY_NETDEV, &reason), 0);
	is_int(provider_linux.facility(ctx, (enum dpu_facility)99, &reason), -EINVAL);
	is_int(provider_linux.wait(ctx, 1), 0);
}

static void test_opening(struct dpu_ctx *ctx)
{
	is_int(provider_linux.open(ctx, "x", NULL), -EINVAL);
	contains(dpu_ctx_error_text(ctx), "no path");
	is_int(provider_linux.open(ctx, "", "a=b"), -EINVAL);
	contains(dpu_ctx_error_text(ctx), "no parameters");
	is_int(provider_linux.open(ctx, NULL, ""), 0);
	provider_linux.close(ctx);
}

static long allocations_left = -1;
static long allocations_live;

static void *counting_realloc(void *data, void *ptr, size_t size)
{
	(void)data;
	if (allocations_left == 0)
		return NULL;
	if (allocations_left > 0)
		allocations_left--;
	allocations_live += !ptr;
	return realloc(ptr, size);
}

static void *counting_alloc(void *data, size_t size)
{
	return counting_realloc(data, NULL, size);
}

static void counting_free(void *data, void *ptr)
{
	(void)data;
	allocations_live--;
	free(ptr);
}

/* Everything once with each allocation failing: on the tree, then (its netlink is real) on this machine. */
static void test_out_of_memory(const char *where)
{
	const struct dpu_allocator allocator = { counting_alloc, counting_realloc, counting_free, NULL };
	struct dpu_ctx_opts opts = { .sz = sizeof(opts), .allocator = &allocator, .sysfs_root = where };
	struct provider_function *functions;
	struct provider_device *devices;
	struct provider_port *ports;
	const char *reason;
	struct dpu_ctx *ctx;
	bool clean = true;
	size_t count;
	long n;
	int rc;

	for (n = 0; n < 200; n++) {
		allocations_left = -1;
		must(ctx_create(&opts, &ctx) == 0);
		allocations_left = n;
		rc = provider_linux.open(ctx, "", NULL);
		if (rc == 0) {
			rc = provider_linux.facility(ctx, DPU_FACILITY_DEVLINK, &reason);
			if (rc >= 0)
				rc = provider_linux.devices(ctx, &devices, &count);
			if (rc == 0) {
				rc = where ? 0 : provider_linux.vf_count(ctx, "pci/none", NULL);
				ctx_free(ctx, devices);
				rc = rc == -ENODEV ? 0 : rc;
			}
			if (rc == 0 && where)
				rc = provider_linux.ports(ctx, "pci/0000:03:00.0", &ports, &count);
			if (rc == 0 && where) {
				ctx_free(ctx, ports);
				rc = provider_linux.functions(ctx, "pci/0000:03:00.0", &functions, &count);
				if (rc == 0)
					ctx_free(ctx, functions);
			}
			provider_linux.close(ctx);
		}
		allocations_left = -1;
		clean = clean &&
			(rc == 0 || (rc == -ENOMEM && dpu_error_code(dpu_ctx_error(ctx)) == -ENOMEM));
		dpu_ctx_unref(ctx);
		clean = clean && allocations_live == 0;
		if (rc == 0)
			break;
	}
	ok(n > 5 && n < 200, "enough memory is enough, after %ld failures", n);
	ok(clean, "each failure is -ENOMEM, recorded, and leaves nothing");
}

static void test_nothing(void)
{
	struct dpu_ctx_opts opts = { .sz = sizeof(opts) };
	struct provider_device *devices;
	char empty[600];
	const char *reason;
	size_t count = 9;
	struct dpu_ctx *ctx;

	snprintf(empty, sizeof(empty), "%s/bus/pci/drivers", root);
	opts.sysfs_root = empty;
	must(ctx_create(&opts, &ctx) == 0);
	must(provider_linux.open(ctx, "", NULL) == 0);
	is_int(provider_linux.devices(ctx, &devices, &count), 0);
	is_int(count, 0);
	is_int(provider_linux.facility(ctx, DPU_FACILITY_PCI, &reason), 0);
	contains(reason, "no PCI bus");
	is_int(provider_linux.facility(ctx, DPU_FACILITY_RDMA, &reason), 0);
	provider_linux.close(ctx);
	dpu_ctx_unref(ctx);
}

int main(void)
{
	struct dpu_ctx_opts opts = { .sz = sizeof(opts), .sysfs_root = root };
	struct dpu_ctx *ctx;

	must(mkdtemp(root));
	build_tree();
	test_reading();

	must(ctx_create(&opts, &ctx) == 0);
	test_opening(ctx);
	test_pci(ctx);
	must(provider_linux.open(ctx, "", NULL) == 0);
	test_provider(ctx);
	provider_linux.close(ctx);
	dpu_ctx_unref(ctx);

	test_out_of_memory(root);
	test_out_of_memory(NULL);

	test_nothing();

	opts.sysfs_root = "/nonexistent";
	must(ctx_create(&opts, &ctx) == 0);
	is_int(provider_linux.open(ctx, "", NULL), -ENOENT);
	dpu_ctx_unref(ctx);

	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return tap_done();
}
