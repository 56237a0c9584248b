/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of a topology file, checked as they are read: state-values.c has them one by one, state-attrs.c
 * those of attributes, state-firmware.c those of the firmware, state.c the file. */
#ifndef DPU_SIM_STATE_H
#define DPU_SIM_STATE_H

#include "core/text.h"
#include "provider/sim/model.h"

/* Where we are in a file, and the first thing that was wrong. */
struct state_reader {
	struct dpu_ctx *ctx;
	const char *path;
	char where[64];
	int rc;
};

void state_wrong(struct state_reader *r, const char *key, const char *what);

/* These need the value to be there… */
uint64_t state_number(struct state_reader *r, const json_t *object, const char *key, uint64_t max);
const char *state_text(struct state_reader *r, const json_t *object, const char *key, size_t max);
const json_t *state_array(struct state_reader *r, const json_t *object, const char *key, size_t max);
void state_mac(struct state_reader *r, const json_t *object, const char *key, uint8_t mac[6]);

#define STATE_TEXT(r, object, key, array)                                                                    \
	text_copy(array, sizeof(array), state_text(r, object, key, sizeof(array) - 1))

/* …and these leave *value as it was when it is not. */
void state_number_maybe(struct state_reader *r, const json_t *object, const char *key, uint64_t min,
			uint64_t max, uint64_t *value);
void state_u32_maybe(struct state_reader *r, const json_t *object, const char *key, uint32_t min,
		     uint32_t max, uint32_t *value);
void state_bool_maybe(struct state_reader *r, const json_t *object, const char *key, bool *value);
/* A GUID is a text: JSON's numbers have 63 bits here. */
void state_guid_maybe(struct state_reader *r, const json_t *object, const char *key, uint64_t *value);
/* A member that is an object, or NULL. */
const json_t *state_object_maybe(struct state_reader *r, const json_t *object, const char *key);

/* Failures are collected, so that each value is one line. */
void state_put(json_t *object, const char *key, json_t *value, bool *failed);
void state_append(json_t *array, json_t *value, bool *failed);
json_t *state_integer(uint64_t value);
json_t *state_mac_text(const uint8_t mac[6]);
json_t *state_guid_text(uint64_t guid);

/* state-attrs.c: what of a PF and of a function older files do not have. */
void state_pf_attrs(struct state_reader *r, const json_t *object, struct sim_pf *pf);
void state_function_attrs(struct state_reader *r, const json_t *object, const struct sim_pf *pf,
			  struct sim_function *function);
void state_put_pf_attrs(json_t *object, const struct sim_pf *pf, bool *failed);
void state_put_function_attrs(json_t *object, const struct sim_function *function, bool *failed);

/* state-firmware.c: the firmware's configuration of a PF, or of the board (pf NULL). */
void state_firmware(struct state_reader *r, const json_t *object, struct sim_model *model, struct sim_pf *pf);
void state_put_firmware(json_t *object, const struct sim_tlv tlvs[NV_TLVS], bool of_pf, bool *failed);

#endif
