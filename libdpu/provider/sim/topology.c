/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A BlueField-3 as the Arm side sees it after boot: two uplinks, host PFs behind controller 1, one default SF
 * per PF, the out-of-band port and the rshim network. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "core/text.h"
#include "flow/softtable.h"
#include "provider/sim/model.h"

/* Port indices are (number of the PF's vhca) << 16 | vport, as mlx5 composes them. */
#define PORT_BASE(pfnum) (((pfnum) + 2) << 16)
#define VPORT_VF 1
#define VPORT_SF 0x8000

/* The first numbers of network devices on a BlueField's Arm side; lo is 1. */
#define FIRST_IFINDEX 12

#define INITIAL_IO_EQS 8
#define INITIAL_UC_LIST 128

static const uint8_t default_sf_addr[SIM_MAX_PFS][6] = {
	{ 0x02, 0x04, 0x5f, 0x68, 0xef, 0x1e },
	{ 0x02, 0x7e, 0xf1, 0xe2, 0xc4, 0xa2 },
};

static const uint8_t host_pf_addr[SIM_MAX_PFS][6] = {
	{ 0xa0, 0x88, 0xc2, 0x75, 0xc1, 0x10 },
	{ 0xa0, 0x88, 0xc2, 0x75, 0xc1, 0x11 },
};

struct sim_function *sim_model_add(struct dpu_ctx *ctx, struct sim_model *model, enum dpu_function_type type)
{
	struct sim_function *function;

	if (ctx_grow(ctx, &model->functions, model->function_count, sizeof(*function)) < 0)
		return NULL;
	function = &model->functions[model->function_count++];
	memset(function, 0, sizeof(*function));
	function->type = type;
	function->caps = DPU_FUNCTION_CAP_ROCE;
	function->max_io_eqs = type == DPU_FUNCTION_PF ? 0 : INITIAL_IO_EQS;
	function->max_uc_list = INITIAL_UC_LIST;
	function->vf.vlan_proto = 0x8100;
	return function;
}

void sim_model_remove(struct sim_model *model, struct sim_function *function)
{
	size_t i = (size_t)(function - model->functions);

	/* The last one takes its place, so that the count alone tells ctx_grow() when the array is full. */
	model->functions[i] = model->functions[--model->function_count];
}

/* The lowest number that no function uses, as the kernel's allocators give them. */
static uint32_t lowest_free(const struct sim_model *model, size_t offset, const char *prefix, uint32_t first)
{
	char name[32];
	uint32_t n;
	size_t i;

	for (n = first;; n++) {
		snprintf(name, sizeof(name), "%s%" PRIu32, prefix, n);
		for (i = 0; i < model->function_count; i++) {
			if (!strcmp((const char *)&model->functions[i] + offset, name))
				break;
		}
		if (i == model->function_count)
			return n;
	}
}

/* Locally administered, and the same whenever the same function is made again. */
static void derive_addr(const struct sim_function *function, uint8_t addr[6])
{
	uint32_t hash = 2166136261u;
	const uint32_t words[] = { function->pfnum, (uint32_t)function->type, function->controller,
				   function->number };
	size_t i;

	for (i = 0; i < sizeof(words); i++)
		hash = (hash ^ ((const uint8_t *)words)[i]) * 16777619u;
	addr[0] = 0x02;
	addr[1] = 0x25;
	addr[2] = (uint8_t)(hash >> 24);
	addr[3] = (uint8_t)(hash >> 16);
	addr[4] = (uint8_t)(hash >> 8);
	addr[5] = (uint8_t)hash;
}

uint32_t sim_sf_port(uint32_t pfnum, uint32_t controller, uint32_t slot)
{
	return PORT_BASE(pfnum) | (VPORT_SF + slot + (controller ? 0 : SIM_EXTERNAL_SFS));
}

void sim_model_name_sf(struct sim_model *model, struct sim_function *sf, uint32_t slot)
{
	char name[40];

	sf->port = sim_sf_port(sf->pfnum, sf->controller, slot);
	derive_addr(sf, sf->hw_addr);
	sf->representor_ifindex = model->next_ifindex++;
	if (sf->controller) {
		/* Where udev's name would be too long the kernel's phys_port_name does. */
		if (snprintf(name, sizeof(name), "en3f%" PRIu32 "c%" PRIu32 "pf%" PRIu32 "sf%" PRIu32,
			     sf->pfnum, sf->controller, sf->pfnum, sf->number) > 15)
			snprintf(name, sizeof(name), "c%" PRIu32 "pf%" PRIu32 "sf%" PRIu32, sf->controller,
				 sf->pfnum, sf->number);
		text_copy(sf->representor, sizeof(sf->representor), name);
		return;
	}
	snprintf(name, sizeof(name), "en3f%" PRIu32 "pf%" PRIu32 "sf%" PRIu32, sf->pfnum, sf->pfnum,
		 sf->number);
	text_copy(sf->representor, sizeof(sf->representor), name);
	snprintf(name, sizeof(name), "enp3s0f%" PRIu32 "s%" PRIu32, sf->pfnum, sf->number);
	text_copy(sf->netdev, sizeof(sf->netdev), name);
	sf->ifindex = model->next_ifindex++;
	snprintf(sf->rdma_device, sizeof(sf->rdma_device), "mlx5_%" PRIu32,
		 lowest_free(model, offsetof(struct sim_function, rdma_device), "mlx5_", SIM_MAX_PFS));
	snprintf(sf->aux_device, sizeof(sf->aux_device), "mlx5_core.sf.%" PRIu32,
		 lowest_free(model, offsetof(struct sim_function, aux_device), "mlx5_core.sf.", 2));
}

void sim_model_name_vf(struct sim_model *model, struct sim_function *vf)
{
	vf->port = PORT_BASE(vf->pfnum) | (VPORT_VF + vf->number);
	derive_addr(vf, vf->hw_addr);
	vf->representor_ifindex = model->next_ifindex++;
	snprintf(vf->representor, sizeof(vf->representor), "pf%" PRIu32 "vf%" PRIu32, vf->pfnum % 10,
		 vf->number % 100000);
}

static int boot_host_pf(struct dpu_ctx *ctx, struct sim_model *model, const struct sim_pf *pf)
{
	struct sim_function *host = sim_model_add(ctx, model, DPU_FUNCTION_PF);

	if (!host)
		return ctx_fail_nomem(ctx, "boot");
	host->pfnum = pf->pfnum;
	host->controller = SIM_HOST_CONTROLLER;
	host->number = DPU_PORT_NO_NUMBER;
	host->port = PORT_BASE(pf->pfnum);
	host->state = DPU_FUNCTION_ACTIVE;
	memcpy(host->hw_addr, host_pf_addr[pf->pfnum], sizeof(host->hw_addr));
	snprintf(host->representor, sizeof(host->representor), "pf%" PRIu32 "hpf", pf->pfnum % 10);
	host->representor_ifindex = 6 + pf->pfnum;
	return 0;
}

static int boot_default_sf(struct dpu_ctx *ctx, struct sim_model *model, const struct sim_pf *pf)
{
	struct sim_function *sf = sim_model_add(ctx, model, DPU_FUNCTION_SF);
	uint32_t next = model->next_ifindex;

	if (!sf)
		return ctx_fail_nomem(ctx, "boot");
	sf->pfnum = pf->pfnum;
	sf->state = DPU_FUNCTION_ACTIVE;
	model->next_ifindex = 8 + 2 * pf->pfnum;
	sim_model_name_sf(model, sf, 0);
	model->next_ifindex = next;
	memcpy(sf->hw_addr, default_sf_addr[pf->pfnum], sizeof(sf->hw_addr));
	return 0;
}

int sim_model_boot(struct dpu_ctx *ctx, struct sim_model *model, bool legacy)
{
	struct sim_function *former = model->functions;
	size_t former_count = model->function_count;
	int rc = 0;
	size_t i;

	model->functions = NULL;
	model->function_count = 0;
	for (i = 0; i < model->pf_count && rc == 0 && !sim_nic_mode(model); i++) {
		if (!sim_separated_mode(model))
			rc = boot_host_pf(ctx, model, &model->pfs[i]);
		if (rc == 0 && !legacy)
			rc = boot_default_sf(ctx, model, &model->pfs[i]);
	}
	if (rc < 0) {
		ctx_free(ctx, model->functions);
		model->functions = former;
		model->function_count = former_count;
		return rc;
	}
	ctx_free(ctx, former);
	for (i = 0; i < model->pf_count; i++) {
		sim_rates_forget(ctx, model, &model->pfs[i]);
		softtable_flush(model->pfs[i].fdb);
		model->pfs[i].representors_ms = 0;
		model->pfs[i].eswitch_mode = legacy ? DPU_ESWITCH_LEGACY : DPU_ESWITCH_SWITCHDEV;
	}
	return 0;
}

void sim_pf_defaults(struct sim_pf *pf)
{
	size_t i;

	for (i = 0; i < SIM_SETTINGS; i++)
		pf->settings[i] = sim_setting_infos[i].initial;
	for (i = 0; i < SIM_REPORTERS; i++)
		pf->reporters[i] = (struct sim_reporter){ .auto_recover = sim_reporter_infos[i].recovers };
	pf->encap = true;
	pf->autoprobe = true;
}

static int fresh_pf(struct dpu_ctx *ctx, struct sim_model *model, uint32_t pfnum)
{
	struct sim_pf *pf = &model->pfs[pfnum];
	static const uint8_t addr[6] = { 0xe8, 0xeb, 0xd3, 0xce, 0xcc, 0xec };

	pf->pfnum = pfnum;
	snprintf(pf->pci_address, sizeof(pf->pci_address), "0000:03:00.%" PRIu32, pfnum % 8);
	snprintf(pf->netdev, sizeof(pf->netdev), "p%" PRIu32, pfnum);
	pf->ifindex = 4 + pfnum;
	snprintf(pf->rdma_device, sizeof(pf->rdma_device), "mlx5_%" PRIu32, pfnum);
	memcpy(pf->hw_addr, addr, sizeof(addr));
	pf->hw_addr[5] = (uint8_t)(addr[5] + pfnum);
	pf->next_flow_id = 1;
	sim_pf_defaults(pf);
	model->pf_count++;
	return softtable_create(ctx, 0, &pf->fdb);
}

static void fresh_nic(struct sim_model *model, const char *handle, const char *netdev, const char *driver,
		      const char *name)
{
	struct sim_nic *nic = &model->nics[model->nic_count++];

	text_copy(nic->handle, sizeof(nic->handle), handle);
	text_copy(nic->netdev, sizeof(nic->netdev), netdev);
	text_copy(nic->driver, sizeof(nic->driver), driver);
	text_copy(nic->model, sizeof(nic->model), name);
	nic->ifindex = (uint32_t)model->nic_count + 1;
}

int sim_model_fresh(struct dpu_ctx *ctx, struct sim_model **ret)
{
	struct sim_model *model = ctx_alloc(ctx, sizeof(*model));
	uint32_t pfnum;
	int rc;

	if (!model)
		return ctx_fail_nomem(ctx, "open");
	text_copy(model->model, sizeof(model->model), "BlueField-3");
	model->vendor_id = 0x15b3;
	model->device_id = 0xa2dc;
	text_copy(model->serial_number, sizeof(model->serial_number), "MT2333XZ0V3D");
	text_copy(model->psid, sizeof(model->psid), "MT_00000000884");
	text_copy(model->firmware_version, sizeof(model->firmware_version), "32.41.1000");
	text_copy(model->bsp_release, sizeof(model->bsp_release),
		  "bf-bundle-2.7.0-33_24.04_ubuntu-22.04_prod");
	text_copy(model->switch_id, sizeof(model->switch_id), "e8ebd30003cecc00");
	model->next_ifindex = FIRST_IFINDEX;
	sim_nvconfig_fresh(model);
	fresh_nic(model, "platform/MLNXBF17:00", "oob_net0", "mlxbf_gige", "BlueField out-of-band port");
	fresh_nic(model, "virtio/virtio0", "tmfifo_net0", "virtio_net", "rshim network (TmFifo)");
	for (pfnum = 0; pfnum < SIM_MAX_PFS; pfnum++) {
		rc = fresh_pf(ctx, model, pfnum);
		if (rc < 0)
			goto fail;
	}
	rc = sim_model_boot(ctx, model, false);
	if (rc < 0)
		goto fail;
	*ret = model;
	return 0;
fail:
	sim_model_free(ctx, model);
	return rc;
}

void sim_model_free(struct dpu_ctx *ctx, struct sim_model *model)
{
	size_t i;

	if (!model)
		return;
	for (i = 0; i < SIM_MAX_PFS; i++) {
		if (model->pfs[i].fdb)
			softtable_destroy(model->pfs[i].fdb);
		ctx_free(ctx, model->pfs[i].flows_saved);
		ctx_free(ctx, model->pfs[i].nodes);
	}
	json_decref(model->faults);
	json_decref(model->latencies);
	ctx_free(ctx, model->functions);
	ctx_free(ctx, model);
}
