/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The firmware's configuration to and from JSON. What a file does not have is as the factory had it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "provider/sim/state.h"

/* "0x00000080" */
#define KEY_SIZE 11

static void put_key(size_t id, char key[KEY_SIZE])
{
	snprintf(key, KEY_SIZE, "0x%08" PRIx32, nv_tlvs[id].type);
}

/* The TLV that a key of the board's or of a PF's configuration names, or -1. */
static int find_key(const char *wanted, bool of_pf)
{
	char key[KEY_SIZE];
	size_t i;

	for (i = 0; i < NV_TLVS; i++) {
		put_key(i, key);
		if (!strcmp(key, wanted) && !nv_tlvs[i].cap && sim_tlv_of_pf((enum nv_tlv_id)i) == of_pf)
			return (int)i;
	}
	return -1;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(const char *text, uint8_t *data, size_t size)
{
	size_t i;

	if (strlen(text) != 2 * size || strspn(text, "0123456789abcdef") != 2 * size)
		return false;
	for (i = 0; i < size; i++)
		data[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
	return true;
}

static void get_bytes(struct state_reader *r, const json_t *values, const char *key,
		      const struct sim_model *model, enum nv_tlv_id id, uint8_t *data)
{
	const struct nv_param_info *wrong;
	const size_t size = nv_tlvs[id].size;
	char what[80];

	if (!read_hex(state_text(r, values, key, 2 * NV_TABLE_DATA_MAX), data, size)) {
		snprintf(what, sizeof(what), "not %zu bytes as hexadecimal digits", size);
		state_wrong(r, key, what);
		return;
	}
	wrong = sim_nvconfig_wrong(model, id, data);
	if (!wrong)
		return;
	snprintf(what, sizeof(what), "%s is not a number in range", wrong->name);
	state_wrong(r, key, what);
}

/* The format's first version had some parameters by name. What is a PF's own was the board's then. */
static void get_named(struct state_reader *r, const json_t *values, const struct nv_param_info *param,
		      struct sim_model *model)
{
	const uint64_t max = sim_nvconfig_max(model, param);
	uint64_t current = state_number(r, values, "current", max);
	uint64_t next = state_number(r, values, "next", max);
	struct sim_tlv *tlv;
	size_t i;

	for (i = 0; i < SIM_MAX_PFS; i++) {
		tlv = sim_tlv_at(model, &model->pfs[i], param->field.tlv);
		sim_nvconfig_put(tlv->current, param, current);
		sim_nvconfig_put(tlv->next, param, next);
	}
}

static void get_tlv(struct state_reader *r, const json_t *values, const char *key, struct sim_model *model,
		    struct sim_pf *pf)
{
	const int id = find_key(key, pf != NULL);
	struct sim_tlv *tlv;

	if (id >= 0) {
		tlv = sim_tlv_at(model, pf, (enum nv_tlv_id)id);
		get_bytes(r, values, "current", model, (enum nv_tlv_id)id, tlv->current);
		get_bytes(r, values, "next", model, (enum nv_tlv_id)id, tlv->next);
	} else if (!pf && nv_param_find(key)) {
		get_named(r, values, nv_param_find(key), model);
	} else if (pf) {
		state_wrong(r, "current", "a PF has no such TLV");
	} else {
		state_wrong(r, "current", "the board has no such TLV");
	}
}

void state_firmware(struct state_reader *r, const json_t *object, struct sim_model *model, struct sim_pf *pf)
{
	char where[sizeof(r->where)];
	const char *key;
	json_t *values;

	if (!state_object_maybe(r, object, "firmware_config"))
		return;
	text_copy(where, sizeof(where), r->where);
	json_object_foreach(json_object_get(object, "firmware_config"), key, values) {
		snprintf(r->where, sizeof(r->where), "%.8s%sfirmware_config.%.32s", where,
			 where[0] ? "." : "", key);
		get_tlv(r, values, key, model, pf);
	}
	text_copy(r->where, sizeof(r->where), where);
}

static json_t *hex(const uint8_t *data, size_t size)
{
	char text[2 * NV_TABLE_DATA_MAX + 1];
	size_t i;

	for (i = 0; i < size; i++)
		snprintf(text + 2 * i, 3, "%02x", data[i]);
	return json_string(text);
}

void state_put_firmware(json_t *object, const struct sim_tlv tlvs[NV_TLVS], bool of_pf, bool *failed)
{
	json_t *config = json_object();
	char key[KEY_SIZE];
	json_t *values;
	size_t i;

	for (i = 0; i < NV_TLVS; i++) {
		if (nv_tlvs[i].cap || sim_tlv_of_pf((enum nv_tlv_id)i) != of_pf)
			continue;
		values = json_object();
		state_put(values, "current", hex(tlvs[i].current, nv_tlvs[i].size), failed);
		state_put(values, "next", hex(tlvs[i].next, nv_tlvs[i].size), failed);
		put_key(i, key);
		state_put(config, key, values, failed);
	}
	state_put(object, "firmware_config", config, failed);
}
