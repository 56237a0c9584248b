/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way to the firmware: its non-volatile configuration, and the resets that make next-boot values current.
 * Any of the board's PFs will do, in every mode. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "provider/sim/sim.h"

enum {
	FUNCTION_SHIFT = 10,
	FUNCTION_MAX = 0xff,

	/* What the access registers say when they refuse. */
	STATUS_RESOURCE = 8,
	STATUS_CONFIGURATION = 0x20,
	STATUS_LENGTH = 0x24,

	RESET_LIVE = 1 << 0,
	RESET_PCI = 1 << 3,
	RESET_WARM_REBOOT = 1 << 4,
};

/* A TLV that a step is about, and what messages call it. */
struct at {
	enum nv_tlv_id id;
	struct sim_tlv *tlv;
	uint32_t size;
	char object[48];
};

/* Function 0 of the host is the PF that is asked, any other the one that is named; NULL for none. */
static struct sim_pf *addressed(struct sim_model *model, struct sim_pf *pf, uint32_t *type)
{
	uint32_t function = *type >> FUNCTION_SHIFT & FUNCTION_MAX;

	if (nv_class_of(*type) != NV_HOST_FUNCTION || !function)
		return pf;
	*type &= ~((uint32_t)FUNCTION_MAX << FUNCTION_SHIFT);
	return function < model->pf_count ? &model->pfs[function] : NULL;
}

static bool find_tlv(struct sim_model *model, struct sim_pf *pf, uint32_t type, struct at *at)
{
	size_t i;

	snprintf(at->object, sizeof(at->object), "TLV 0x%08" PRIx32, type);
	pf = addressed(model, pf, &type);
	for (i = 0; i < NV_TLVS && nv_tlvs[i].type != type; i++)
		continue;
	if (!pf || i == NV_TLVS)
		return false;
	at->id = (enum nv_tlv_id)i;
	at->tlv = sim_tlv_at(model, pf, at->id);
	at->size = nv_tlvs[i].size;
	snprintf(at->object, sizeof(at->object), "%s", nv_tlvs[i].name);
	return true;
}

static int no_tlv(struct sim *sim, const char *step, const struct at *at)
{
	return ctx_fail(sim->ctx, -ENOENT, step, at->object,
			"the firmware: resource not available (status %d)", STATUS_RESOURCE);
}

static int check_size(struct sim *sim, const char *step, const struct at *at, uint32_t size)
{
	if (size == at->size)
		return 0;
	return ctx_fail(sim->ctx, -EMSGSIZE, step, at->object,
			"the firmware: the length is too small (status %#x)", STATUS_LENGTH);
}

int sim_firmware(struct dpu_ctx *ctx, const char *handle, struct provider_firmware *ret)
{
	struct sim_pf *pf;
	int rc;

	rc = sim_read_on(sim_of(ctx), "firmware", handle, sim_firmware_find, &pf);
	if (rc < 0)
		return rc;
	*ret = (struct provider_firmware){
		.transport = "sim",
		.generation = 3,
		.hosts = 1,
		.tells_current = true,
		.tells_default = true,
		.writes_other_hosts = true,
	};
	return 0;
}

int sim_nvconfig_supports(struct dpu_ctx *ctx, const char *handle, uint32_t type)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	struct at at;
	int rc;

	rc = sim_read_on(sim, "nvconfig_supports", handle, sim_firmware_find, &pf);
	if (rc < 0)
		return rc;
	if (!find_tlv(sim->model, pf, type, &at))
		return 0;
	return nv_tlvs[at.id].cap ? 1 : 2;
}

int sim_nvconfig_get(struct dpu_ctx *ctx, const char *handle, enum provider_nvconfig_when when,
		     struct provider_tlv *tlv)
{
	struct sim *sim = sim_of(ctx);
	const uint8_t *data;
	struct sim_pf *pf;
	struct at at;
	int rc;

	rc = sim_read_on(sim, "nvconfig_get", handle, sim_firmware_find, &pf);
	if (rc < 0)
		return rc;
	if (!find_tlv(sim->model, pf, tlv->type, &at))
		return no_tlv(sim, "nvconfig_get", &at);
	rc = tlv->size ? check_size(sim, "nvconfig_get", &at, tlv->size) : 0;
	if (rc < 0)
		return rc;
	data = when == PROVIDER_NVCONFIG_CURRENT ? at.tlv->current : at.tlv->next;
	if (when == PROVIDER_NVCONFIG_DEFAULT)
		data = at.tlv->factory;
	tlv->size = at.size;
	memcpy(tlv->data, data, at.size);
	return 0;
}

/* The firmware gets whole TLVs and looks at all that is in them. */
static int check_values(struct sim *sim, const struct at *at, const uint8_t *data)
{
	const struct nv_param_info *param = sim_nvconfig_wrong(sim->model, at->id, data);

	if (!param)
		return 0;
	ctx_fail(sim->ctx, -EINVAL, "nvconfig_update", at->object,
		 "the firmware: bad configuration (status %#x)", STATUS_CONFIGURATION);
	return ctx_hint(sim->ctx, "%s goes to %" PRIu64, param->name, sim_nvconfig_max(sim->model, param));
}

static int update(struct sim *sim, struct sim_pf *pf, const struct provider_tlv *tlv, const uint8_t *mask,
		  struct provider_tlv *former)
{
	uint8_t data[NV_TABLE_DATA_MAX];
	struct at at;
	uint32_t i;
	int rc;

	if (!find_tlv(sim->model, pf, tlv->type, &at))
		return no_tlv(sim, "nvconfig_update", &at);
	if (nv_tlvs[at.id].cap)
		return ctx_fail(sim->ctx, -EPERM, "nvconfig_update", at.object,
				"the firmware lets nobody write its capabilities");
	rc = check_size(sim, "nvconfig_update", &at, tlv->size);
	if (rc < 0)
		return rc;
	for (i = 0; i < at.size; i++)
		data[i] = (uint8_t)((at.tlv->next[i] & ~mask[i]) | (tlv->data[i] & mask[i]));
	rc = check_values(sim, &at, data);
	if (rc < 0)
		return rc;
	former->type = tlv->type;
	former->size = at.size;
	memcpy(former->data, at.tlv->next, at.size);
	memcpy(at.tlv->next, data, at.size);
	sim_nvconfig_stored(sim->model);
	return 0;
}

int sim_nvconfig_update(struct dpu_ctx *ctx, const char *handle, const struct provider_tlv *tlv,
			const uint8_t *mask, struct provider_tlv *ret_former)
{
	struct provider_tlv former = { .type = 0 };
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	int rc;

	rc = sim_begin_on(sim, "nvconfig_update", handle, sim_firmware_find, &pf);
	if (rc < 0)
		return rc;
	rc = sim_end(sim, update(sim, pf, tlv, mask, &former));
	if (rc == 0)
		*ret_former = former;
	return rc;
}

int sim_nvconfig_reset(struct dpu_ctx *ctx, const char *handle)
{
	struct sim *sim = sim_of(ctx);
	struct sim_tlv *tlv;
	struct sim_pf *pf;
	size_t i, j;
	int rc;

	rc = sim_begin_on(sim, "nvconfig_reset", handle, sim_firmware_find, &pf);
	if (rc < 0)
		return rc;
	for (i = 0; i < NV_TLVS; i++) {
		for (j = 0; j < sim->model->pf_count; j++) {
			tlv = sim_tlv_at(sim->model, &sim->model->pfs[j], (enum nv_tlv_id)i);
			memcpy(tlv->next, tlv->factory, sizeof(tlv->next));
		}
	}
	sim_nvconfig_stored(sim->model);
	return sim_end(sim, 0);
}

int sim_mode_evidence(struct dpu_ctx *ctx, const char *handle, struct provider_mode_evidence *ret)
{
	struct sim_pf *pf;
	int rc;

	rc = sim_read_on(sim_of(ctx), "mode_evidence", handle, sim_firmware_find, &pf);
	if (rc < 0)
		return rc;
	/* The rshim driver is the host's. */
	*ret = (struct provider_mode_evidence){ .side = DPU_SIDE_ARM, .rshim = DPU_MODE_UNKNOWN };
	return 0;
}

int sim_reset_info(struct dpu_ctx *ctx, const char *handle, struct provider_reset_info *ret)
{
	struct sim_pf *pf;
	int rc;

	rc = sim_read_on(sim_of(ctx), "reset_info", handle, sim_firmware_find, &pf);
	if (rc < 0)
		return rc;
	*ret = (struct provider_reset_info){
		.levels = RESET_LIVE | RESET_PCI | RESET_WARM_REBOOT,
		.arm_shutdown = true,
		.synced = true,
	};
	return 0;
}

/* The current values, to put them back. */
struct kept {
	struct sim_tlv board[NV_TLVS];
	struct sim_tlv pfs[SIM_MAX_PFS][NV_TLVS];
};

static void keep(const struct sim_model *model, struct kept *kept)
{
	size_t i;

	memcpy(kept->board, model->tlvs, sizeof(kept->board));
	for (i = 0; i < SIM_MAX_PFS; i++)
		memcpy(kept->pfs[i], model->pfs[i].tlvs, sizeof(kept->pfs[i]));
}

static void put_back(struct sim_model *model, const struct kept *kept)
{
	size_t i;

	memcpy(model->tlvs, kept->board, sizeof(kept->board));
	for (i = 0; i < SIM_MAX_PFS; i++)
		memcpy(model->pfs[i].tlvs, kept->pfs[i], sizeof(kept->pfs[i]));
}

int sim_reset_board(struct sim *sim, enum dpu_reset level)
{
	struct kept kept;
	int rc;

	keep(sim->model, &kept);
	sim_nvconfig_boot(sim->model, level);
	rc = sim_model_boot(sim->ctx, sim->model, false);
	if (rc < 0)
		put_back(sim->model, &kept);
	return rc;
}

int sim_reset(struct dpu_ctx *ctx, const char *handle, enum dpu_reset level)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	size_t i;
	int rc;

	rc = sim_begin_on(sim, "reset", handle, sim_firmware_find, &pf);
	if (rc < 0)
		return rc;
	rc = sim_reset_board(sim, level);
	if (rc == 0) {
		for (i = 0; i < sim->model->pf_count; i++)
			sim_pf_defaults(&sim->model->pfs[i]);
		sim->model->reset_ms = sim_settle_ms(sim, "reset_done");
	}
	return sim_end(sim, rc);
}

int sim_reset_done(struct dpu_ctx *ctx, const char *handle)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	int rc;

	rc = sim_read_on(sim, "reset_done", handle, sim_firmware_find, &pf);
	return rc < 0 ? rc : sim_settled(sim->model->reset_ms);
}
