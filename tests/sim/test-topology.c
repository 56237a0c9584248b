/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fresh simulated DPU is the BlueField-3 that people's transcripts show, name by name. */
#include <errno.h>
#include "harness.h"

static void devices(struct dpu_ctx *ctx)
{
	static const char *const nics[][2] = { { "oob_net0", "mlxbf_gige" },
					       { "tmfifo_net0", "virtio_net" } };
	struct dpu_device_list *list;
	struct dpu_device *device;
	char name[8], handle[32];
	size_t i;

	must(dpu_device_list(ctx, &list) == 0);
	is_int(dpu_device_list_count(list), 4);
	dpu_device_list_unref(list);
	for (i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "p%zu", i);
		device = find_device(ctx, name);
		snprintf(handle, sizeof(handle), "pci/0000:03:00.%zu", i);
		is_str(dpu_device_handle(device), handle);
		is_str(dpu_device_pci_address(device), handle + 4);
		is_int(dpu_device_kind(device), DPU_DEVICE_DPU);
		is_str(dpu_device_model(device), "BlueField-3");
		is_str(dpu_device_driver(device), "mlx5_core");
		is_int(dpu_device_vendor_id(device), 0x15b3);
		is_int(dpu_device_device_id(device), 0xa2dc);
		is_str(dpu_device_firmware_version(device), "32.41.1000");
		is_str(dpu_device_psid(device), "MT_00000000884");
		contains(dpu_device_bsp_release(device), "2.7.0");
		ok(strlen(dpu_device_serial_number(device)) > 4, "it has a serial number");
		is_int(dpu_device_numa_node(device), 0);
		dpu_device_unref(device);
	}
	for (i = 0; i < 2; i++) {
		device = find_device(ctx, nics[i][0]);
		is_int(dpu_device_kind(device), DPU_DEVICE_NIC);
		is_str(dpu_device_driver(device), nics[i][1]);
		ok(dpu_device_pci_address(device) == NULL, "%s is no PCI function", nics[i][0]);
		dpu_device_unref(device);
	}
}

static void one_board(struct dpu_ctx *ctx)
{
	struct dpu_device *p0 = find_device(ctx, "p0"), *p1 = find_device(ctx, "p1");

	is_str(dpu_device_serial_number(p1), dpu_device_serial_number(p0));
	is_str(dpu_device_rdma_device(p0), "mlx5_0");
	is_str(dpu_device_rdma_device(p1), "mlx5_1");
	dpu_device_unref(p0);
	dpu_device_unref(p1);
}

static void ports(struct dpu_ctx *ctx)
{
	static const struct {
		const char *netdev;
		uint32_t index;
		enum dpu_port_flavour flavour;
		uint32_t controller;
		const char *phys_port_name;
	} expected[] = {
		{ "p0", 196607, DPU_PORT_PHYSICAL, 0, "p0" },
		{ "p1", 262143, DPU_PORT_PHYSICAL, 0, "p1" },
		{ "pf0hpf", 131072, DPU_PORT_PCIPF, 1, "c1pf0" },
		{ "pf1hpf", 196608, DPU_PORT_PCIPF, 1, "c1pf1" },
		{ "en3f0pf0sf0", 163872, DPU_PORT_PCISF, 0, "pf0sf0" },
		{ "en3f1pf1sf0", 229408, DPU_PORT_PCISF, 0, "pf1sf0" },
	};
	struct dpu_port *port = NULL, *again = NULL;
	char name[64];
	size_t i;

	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		must(dpu_port_find(ctx, expected[i].netdev, &port) == 0);
		is_int(dpu_port_index(port), expected[i].index);
		is_int(dpu_port_flavour(port), expected[i].flavour);
		is_int(dpu_port_controller(port), expected[i].controller);
		is_str(dpu_port_phys_port_name(port), expected[i].phys_port_name);
		is_int(strlen(dpu_port_phys_switch_id(port)), 16);
		snprintf(name, sizeof(name), "%s/%u", dpu_device_handle(dpu_port_device(port)),
			 dpu_port_index(port));
		ok(dpu_port_find(ctx, name, &again) == 0, "%s finds it", name);
		is_str(dpu_port_netdev(again), expected[i].netdev);
		again = dpu_port_unref(again);
		port = dpu_port_unref(port);
	}
	is_int(dpu_port_find(ctx, "pf9hpf", &port), -ENODEV);
}

static void functions(struct dpu_ctx *ctx)
{
	static const struct {
		const char *netdev, *rdma_device, *representor;
	} expected[] = { { "enp3s0f0s0", "mlx5_2", "en3f0pf0sf0" },
			 { "enp3s0f1s0", "mlx5_3", "en3f1pf1sf0" } };
	struct dpu_function *function;
	size_t i;

	for (i = 0; i < 2; i++) {
		must(dpu_function_find(ctx, expected[i].netdev, &function) == 0);
		is_str(dpu_function_rdma_device(function), expected[i].rdma_device);
		is_str(dpu_port_netdev(dpu_function_representor(function)), expected[i].representor);
		is_int(dpu_function_pfnum(function), i);
		dpu_function_unref(function);
	}
	must(dpu_function_find(ctx, "pf1hpf", &function) == 0);
	is_int(dpu_function_type(function), DPU_FUNCTION_PF);
	is_int(dpu_function_number(function), DPU_PORT_NO_NUMBER);
	is_int(dpu_function_controller(function), 1);
	is_str(dpu_function_netdev(function), "");
	dpu_function_unref(function);
	/* Two SFs answer to one number on two PFs, so the kernel's names tell the PF. */
	is_int(dpu_function_find(ctx, "pf1sf0", &function), 0);
	dpu_function_unref(function);
}

/* What a plain NIC does not have. */
static void plain_nic(struct dpu_ctx *ctx)
{
	struct dpu_device *oob = find_device(ctx, "oob_net0");
	DPU_OPTS(dpu_mode_info, info);
	enum dpu_eswitch_mode mode;
	struct dpu_port_list *list = NULL;

	is_int(dpu_mode_get(oob, &info), -EOPNOTSUPP);
	is_int(dpu_eswitch_mode_get(oob, &mode), -EOPNOTSUPP);
	is_int(dpu_vf_count(oob, NULL), -EOPNOTSUPP);
	is_int(dpu_device_reset(oob, DPU_RESET_FIRMWARE, 100), -EOPNOTSUPP);
	is_int(dpu_port_list(oob, &list), 0);
	is_int(dpu_port_list_count(list), 0);
	dpu_port_list_unref(list);
	dpu_device_unref(oob);
}

/* A DPU that starts in legacy mode has its host PFs, and no SF. */
static void legacy(void)
{
	struct dpu_ctx *ctx = open_uri("sim:?eswitch=legacy");
	struct dpu_device *p0 = find_device(ctx, "p0");
	struct dpu_function_list *list;
	enum dpu_eswitch_mode mode;

	is_int(dpu_eswitch_mode_get(p0, &mode), 0);
	is_int(mode, DPU_ESWITCH_LEGACY);
	must(dpu_function_list(p0, &list) == 0);
	is_int(dpu_function_list_count(list), 1);
	dpu_function_list_unref(list);
	dpu_device_unref(p0);
	dpu_ctx_unref(ctx);
}

int main(void)
{
	struct dpu_ctx *ctx = open_uri("sim:");

	is_str(dpu_ctx_provider(ctx), "sim");
	devices(ctx);
	one_board(ctx);
	ports(ctx);
	functions(ctx);
	plain_nic(ctx);
	dpu_ctx_unref(ctx);
	legacy();
	return tap_done();
}
