/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The simulated DPU as a provider: opening it, what is always there, and the table. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "core/claims.h"
#include "core/text.h"
#include "provider/sim/sim.h"

/* "fault=sf_activate:EIO@2&latency=sf_attach:500&eswitch=legacy" */
static int read_params(struct sim *sim, char *params, const char **eswitch)
{
	char *param, *rest = NULL;
	int rc;

	for (param = strtok_r(params, "&", &rest); param; param = strtok_r(NULL, "&", &rest)) {
		if (!strncmp(param, "fault=", 6)) {
			rc = sim_fault_add(sim, param + 6);
		} else if (!strncmp(param, "latency=", 8)) {
			rc = sim_latency_add(sim, param + 8);
		} else if (!strcmp(param, "eswitch=legacy") || !strcmp(param, "eswitch=switchdev")) {
			*eswitch = param + 8;
			rc = 0;
		} else {
			ctx_fail(sim->ctx, -EINVAL, "open", param, "sim: has no such parameter");
			rc = ctx_hint(sim->ctx, "there are fault=, latency= and eswitch=legacy|switchdev");
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void sim_free(struct sim *sim)
{
	struct dpu_ctx *ctx = sim->ctx;

	claims_close(ctx, sim->claims);
	sim_store_close(sim);
	ctx_free(ctx, sim->faults);
	ctx_free(ctx, sim->latencies);
	ctx_free(ctx, sim);
}

static int sim_open(struct dpu_ctx *ctx, const char *path, const char *params)
{
	const char *eswitch = NULL;
	char *copy = NULL;
	struct sim *sim;
	int rc;

	sim = ctx_alloc(ctx, sizeof(*sim));
	if (!sim)
		return ctx_fail_nomem(ctx, "open");
	sim->ctx = ctx;
	sim->lock_fd = -1;
	if (params) {
		copy = ctx_strdup(ctx, params);
		rc = copy ? read_params(sim, copy, &eswitch) : ctx_fail_nomem(ctx, "open");
		if (rc < 0)
			goto fail;
	}
	rc = sim_store_open(sim, path, eswitch);
	if (rc < 0)
		goto fail;
	ctx_free(ctx, copy);
	ctx->provider = sim;
	return 0;
fail:
	ctx_free(ctx, copy);
	sim_free(sim);
	return rc;
}

static void sim_close(struct dpu_ctx *ctx)
{
	sim_free(sim_of(ctx));
	ctx->provider = NULL;
}

static int sim_facility(struct dpu_ctx *ctx, enum dpu_facility facility, const char **reason)
{
	(void)ctx;
	(void)facility;
	*reason = NULL;
	return 1;
}

void sim_device_fill(const struct sim_model *model, const struct sim_pf *pf, struct provider_device *info)
{
	snprintf(info->handle, sizeof(info->handle), "pci/%s", pf->pci_address);
	text_copy(info->pci_address, sizeof(info->pci_address), pf->pci_address);
	info->kind = DPU_DEVICE_DPU;
	text_copy(info->model, sizeof(info->model), model->model);
	text_copy(info->driver, sizeof(info->driver), "mlx5_core");
	info->vendor_id = model->vendor_id;
	info->device_id = model->device_id;
	text_copy(info->firmware_version, sizeof(info->firmware_version), model->firmware_version);
	text_copy(info->psid, sizeof(info->psid), model->psid);
	text_copy(info->serial_number, sizeof(info->serial_number), model->serial_number);
	text_copy(info->bsp_release, sizeof(info->bsp_release), model->bsp_release);
	text_copy(info->netdev, sizeof(info->netdev), pf->netdev);
	info->ifindex = pf->ifindex;
	text_copy(info->rdma_device, sizeof(info->rdma_device), pf->rdma_device);
	info->pfnum = pf->pfnum;
	info->numa_node = 0;
	info->vf_controller = sim_vf_controller(model);
}

static int sim_devices(struct dpu_ctx *ctx, struct provider_device **ret, size_t *ret_count)
{
	struct sim *sim = sim_of(ctx);
	struct provider_device *infos;
	const struct sim_model *model;
	size_t count = 0;
	size_t i;
	int rc;

	rc = sim_read_step(sim, "devices", NULL);
	if (rc < 0)
		return rc;
	model = sim->model;
	infos = ctx_alloc(ctx, (model->pf_count + model->nic_count) * sizeof(*infos));
	if (!infos)
		return ctx_fail_nomem(ctx, "devices");
	for (i = 0; i < model->pf_count; i++)
		sim_device_fill(model, &model->pfs[i], &infos[count++]);
	for (i = 0; i < model->nic_count; i++) {
		text_copy(infos[count].handle, sizeof(infos[count].handle), model->nics[i].handle);
		infos[count].kind = DPU_DEVICE_NIC;
		text_copy(infos[count].model, sizeof(infos[count].model), model->nics[i].model);
		text_copy(infos[count].driver, sizeof(infos[count].driver), model->nics[i].driver);
		text_copy(infos[count].netdev, sizeof(infos[count].netdev), model->nics[i].netdev);
		infos[count].ifindex = model->nics[i].ifindex;
		infos[count++].numa_node = -1;
	}
	*ret = infos;
	*ret_count = count;
	return 0;
}

/* What mlx5 tells: the board's parameter set, and the firmware by its old name and by its generic one. */
static int sim_versions(struct dpu_ctx *ctx, const char *handle, struct dpu_device_version **ret,
			size_t *ret_count)
{
	static const struct {
		const char *name;
		enum dpu_version_kind kind;
	} versions[] = {
		{ "fw.psid", DPU_VERSION_FIXED }, { "fw.version", DPU_VERSION_RUNNING },
		{ "fw", DPU_VERSION_RUNNING },    { "fw.version", DPU_VERSION_STORED },
		{ "fw", DPU_VERSION_STORED },
	};
	const size_t count = sizeof(versions) / sizeof(versions[0]);
	struct sim *sim = sim_of(ctx);
	struct dpu_device_version *infos;
	struct sim_pf *pf;
	size_t i;
	int rc;

	rc = sim_read_on(sim, "versions", handle, sim_devlink_find, &pf);
	if (rc < 0)
		return rc;
	infos = ctx_alloc(ctx, count * sizeof(*infos));
	if (!infos)
		return ctx_fail_nomem(ctx, "versions");
	for (i = 0; i < count; i++) {
		text_copy(infos[i].name, sizeof(infos[i].name), versions[i].name);
		infos[i].kind = versions[i].kind;
		text_copy(infos[i].value, sizeof(infos[i].value),
			  versions[i].kind == DPU_VERSION_FIXED ? sim->model->psid
								: sim->model->firmware_version);
	}
	*ret = infos;
	*ret_count = count;
	return 0;
}

/* Something may always be about to settle: look again soon. */
static int sim_wait(struct dpu_ctx *ctx, int timeout_ms)
{
	struct timespec ms = { .tv_nsec = timeout_ms > 0 ? 1000000 : 0 };

	(void)ctx;
	nanosleep(&ms, NULL);
	return 0;
}

const struct provider_ops provider_sim = {
	.name = "sim",
	.open = sim_open,
	.close = sim_close,
	.facility = sim_facility,
	.devices = sim_devices,
	.ports = sim_ports,
	.functions = sim_functions,
	.port = sim_port,
	.function = sim_function,
	.versions = sim_versions,
	.rdma = sim_rdma,
	.params = sim_params,
	.param_set = sim_param_set,
	.rates = sim_rates,
	.rate_set = sim_rate_set,
	.rate_node_add = sim_rate_node_add,
	.rate_node_delete = sim_rate_node_delete,
	.health = sim_health,
	.health_recover = sim_health_recover,
	.health_set = sim_health_set,
	.resources = sim_resources,
	.resource_set = sim_resource_set,
	.port_stats = sim_port_stats,
	.eswitch_mode_get = sim_eswitch_mode_get,
	.eswitch_mode_set = sim_eswitch_mode_set,
	.eswitch_attrs_get = sim_eswitch_attrs_get,
	.eswitch_attrs_set = sim_eswitch_attrs_set,
	.reload = sim_reload,
	.firmware = sim_firmware,
	.nvconfig_supports = sim_nvconfig_supports,
	.nvconfig_get = sim_nvconfig_get,
	.nvconfig_update = sim_nvconfig_update,
	.nvconfig_reset = sim_nvconfig_reset,
	.mode_evidence = sim_mode_evidence,
	.reset_info = sim_reset_info,
	.reset = sim_reset,
	.reset_done = sim_reset_done,
	.sf_add = sim_sf_add,
	.function_set_hw_addr = sim_function_set_hw_addr,
	.function_set_caps = sim_function_set_caps,
	.function_set_max_io_eqs = sim_function_set_max_io_eqs,
	.function_set_max_uc_list = sim_function_set_max_uc_list,
	.sf_claim = sim_sf_claim,
	.sf_unclaim = sim_sf_unclaim,
	.claims_left = sim_claims_left,
	.sf_activate = sim_sf_activate,
	.sf_deactivate = sim_sf_deactivate,
	.sf_bind = sim_sf_bind,
	.sf_delete = sim_sf_delete,
	.vf_count = sim_vf_count,
	.vf_set_count = sim_vf_set_count,
	.vf_attrs_get = sim_vf_attrs_get,
	.vf_attrs_set = sim_vf_attrs_set,
	.vf_stats = sim_vf_stats,
	.vf_set_msix = sim_vf_set_msix,
	.vf_msix_total = sim_vf_msix_total,
	.vf_autoprobe = sim_vf_autoprobe,
	.vf_set_autoprobe = sim_vf_set_autoprobe,
	.port_rules = sim_port_rules,
	.monitor_open = sim_monitor_open,
	.monitor_close = sim_monitor_close,
	.monitor_read = sim_monitor_read,
	.monitor_dump = sim_monitor_dump,
	.wait = sim_wait,
	.flow_insert = sim_flow_insert,
	.flow_delete = sim_flow_delete,
	.flow_flush = sim_flow_flush,
	.flow_list = sim_flow_list,
	.datapath_open = sim_datapath_open,
	.datapath_close = sim_datapath_close,
	.datapath_attach = sim_datapath_attach,
	.datapath_detach = sim_datapath_detach,
	.datapath_process = sim_datapath_process,
};
