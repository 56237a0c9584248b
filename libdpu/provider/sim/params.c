/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver's parameters, as mlx5 has them. Those that are permanent are the firmware's: what they say is
 * its configuration for the next boot. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "core/text.h"
#include "provider/sim/sim.h"

static const char *const steering_modes[] = { "dmfs", "smfs", "hmfs", NULL };

enum {
	SETTING_STEERING = 0,
	SETTING_MULTIPORT = 1,
};

const struct sim_setting_info sim_setting_infos[SIM_SETTINGS] = {
	[SETTING_STEERING] = { .name = "flow_steering_mode",
			       .type = DPU_PARAM_STRING,
			       .cmode = DPU_PARAM_RUNTIME,
			       .initial = 1,
			       .choices = steering_modes },
	[SETTING_MULTIPORT] = { .name = "esw_multiport", .type = DPU_PARAM_BOOL, .cmode = DPU_PARAM_RUNTIME },
	{ .name = "enable_roce",
	  .type = DPU_PARAM_BOOL,
	  .cmode = DPU_PARAM_DRIVERINIT,
	  .generic = true,
	  .initial = 1 },
	{ .name = "io_eq_size",
	  .type = DPU_PARAM_U32,
	  .cmode = DPU_PARAM_DRIVERINIT,
	  .generic = true,
	  .initial = 1024,
	  .min = 64,
	  .max = 4096 },
	{ .name = "event_eq_size",
	  .type = DPU_PARAM_U32,
	  .cmode = DPU_PARAM_DRIVERINIT,
	  .generic = true,
	  .initial = 4096,
	  .min = 64,
	  .max = 4096 },
	{ .name = "max_macs",
	  .type = DPU_PARAM_U32,
	  .cmode = DPU_PARAM_DRIVERINIT,
	  .generic = true,
	  .initial = 128,
	  .min = 1,
	  .max = SIM_UC_LIST_MAX,
	  .power_of_2 = true },
	{ .name = "enable_sriov",
	  .type = DPU_PARAM_BOOL,
	  .cmode = DPU_PARAM_PERMANENT,
	  .generic = true,
	  .nvconfig = "SRIOV_EN" },
	{ .name = "total_vfs",
	  .type = DPU_PARAM_U32,
	  .cmode = DPU_PARAM_PERMANENT,
	  .generic = true,
	  .nvconfig = "NUM_OF_VFS" },
};

int sim_setting_choice(const struct sim_setting_info *info, const char *text)
{
	int i;

	for (i = 0; info->choices[i]; i++) {
		if (!strcmp(info->choices[i], text))
			return i;
	}
	return -1;
}

const char *sim_setting_wrong(const struct sim_setting_info *info, uint64_t value)
{
	if (info->power_of_2 && !value)
		return "max_macs value must be greater than 0";
	if (info->power_of_2 && value & (value - 1))
		return "Only power of 2 values are supported for max_macs";
	if (info->power_of_2 && value > info->max)
		return "max_macs value is out of the supported range";
	/* The kernel says no more. */
	return info->max && (value < info->min || value > info->max) ? "Invalid argument" : NULL;
}

/* A PF's setting; some are kept by the firmware, for its next boot. */
static uint64_t value_of(const struct sim_model *model, const struct sim_pf *pf, size_t i)
{
	const struct nv_param_info *param;
	const struct sim_tlv *tlv;

	if (!sim_setting_infos[i].nvconfig)
		return pf->settings[i];
	param = nv_param_find(sim_setting_infos[i].nvconfig);
	tlv = &model->tlvs[param->field.tlv];
	return sim_nvconfig_value(tlv, param, tlv->next);
}

static void put_value(struct sim_model *model, struct sim_pf *pf, size_t i, uint64_t value)
{
	const struct nv_param_info *param;

	if (!sim_setting_infos[i].nvconfig) {
		pf->settings[i] = value;
		return;
	}
	param = nv_param_find(sim_setting_infos[i].nvconfig);
	sim_nvconfig_put(model->tlvs[param->field.tlv].next, param, value);
}

int sim_params(struct dpu_ctx *ctx, const char *handle, struct dpu_param **ret, size_t *count)
{
	struct sim *sim = sim_of(ctx);
	const struct sim_setting_info *info;
	struct dpu_param *params;
	struct sim_pf *pf;
	uint64_t value;
	size_t i;
	char *text;
	int rc;

	rc = sim_read_on(sim, "params", handle, sim_devlink_find, &pf);
	if (rc < 0)
		return rc;
	params = ctx_alloc(ctx, SIM_SETTINGS * sizeof(*params));
	if (!params)
		return ctx_fail_nomem(ctx, "params");
	for (i = 0; i < SIM_SETTINGS; i++) {
		info = &sim_setting_infos[i];
		value = value_of(sim->model, pf, i);
		text_copy(params[i].name, sizeof(params[i].name), info->name);
		params[i].type = info->type;
		params[i].cmodes = 1u << info->cmode;
		params[i].generic = info->generic;
		text = params[i].value[info->cmode];
		if (info->type == DPU_PARAM_BOOL)
			text_copy(text, sizeof(params[i].value[0]), value ? "true" : "false");
		else if (info->type == DPU_PARAM_STRING)
			text_copy(text, sizeof(params[i].value[0]), info->choices[value]);
		else
			snprintf(text, sizeof(params[i].value[0]), "%" PRIu64, value);
	}
	*ret = params;
	*count = SIM_SETTINGS;
	return 0;
}

/* The value that a text means; -EINVAL, with the driver's words recorded, when it takes no such value. */
static int read_value(struct sim *sim, const struct sim_setting_info *info, const char *text, uint64_t *value)
{
	const char *wrong = NULL;
	uint64_t max;
	int choice;

	switch (info->type) {
	case DPU_PARAM_BOOL:
		*value = !strcmp(text, "true");
		return 0;
	case DPU_PARAM_STRING:
		choice = sim_setting_choice(info, text);
		if (choice < 0)
			wrong = "Bad parameter: supported values are [\"dmfs\", \"smfs\", \"hmfs\"]";
		*value = (uint64_t)choice;
		break;
	default:
		if (!text_number(text, UINT32_MAX, value)) {
			wrong = "Invalid argument";
			break;
		}
		wrong = sim_setting_wrong(info, *value);
		if (!info->nvconfig)
			break;
		max = sim_nvconfig_max(sim->model, nv_param_find(info->nvconfig));
		if (*value > max)
			return ctx_fail(sim->ctx, -EINVAL, "param_set", info->name,
					"Max allowed by device is %" PRIu64, max);
		break;
	}
	return wrong ? ctx_fail(sim->ctx, -EINVAL, "param_set", info->name, "%s", wrong) : 0;
}

/* What the driver refuses now. */
static int check_now(struct sim *sim, const struct sim_pf *pf, size_t i, const char *text, uint64_t value)
{
	bool switchdev = pf->eswitch_mode == DPU_ESWITCH_SWITCHDEV;
	const char *name = sim_setting_infos[i].name;

	if (i == SETTING_STEERING && switchdev && value != pf->settings[i]) {
		ctx_fail(sim->ctx, -EOPNOTSUPP, "param_set", name,
			 "Moving to %s is not supported when eswitch offloads enabled.", text);
		return ctx_hint(sim->ctx, "set the e-switch to legacy first");
	}
	if (i == SETTING_MULTIPORT && !switchdev && value)
		return ctx_fail(sim->ctx, -EOPNOTSUPP, "param_set", name, NULL);
	return 0;
}

static int set(struct sim *sim, struct sim_pf *pf, const char *name, enum dpu_param_cmode cmode,
	       const char *text)
{
	uint64_t value;
	size_t i;
	int rc;

	for (i = 0; i < SIM_SETTINGS && strcmp(sim_setting_infos[i].name, name) != 0; i++)
		continue;
	if (i == SIM_SETTINGS)
		return ctx_fail(sim->ctx, -ENOENT, "param_set", name, "the driver has no such parameter");
	if (sim_setting_infos[i].cmode != cmode)
		return ctx_fail(sim->ctx, -EOPNOTSUPP, "param_set", name, NULL);
	rc = read_value(sim, &sim_setting_infos[i], text, &value);
	if (rc == 0)
		rc = check_now(sim, pf, i, text, value);
	if (rc == 0)
		put_value(sim->model, pf, i, value);
	return rc;
}

int sim_param_set(struct dpu_ctx *ctx, const char *handle, const struct dpu_param *param,
		  enum dpu_param_cmode cmode, const char *value)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	int rc;

	rc = sim_begin_on(sim, "param_set", handle, sim_devlink_find, &pf);
	return rc < 0 ? rc : sim_end(sim, set(sim, pf, param->name, cmode, value));
}

void sim_settings_legacy(struct sim_pf *pf)
{
	pf->settings[SETTING_MULTIPORT] = 0;
}
