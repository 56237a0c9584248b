/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The firmware's configuration, for the rooms of mode/. nvconfig-read.c looks, nvconfig-plan.c turns wishes
 * into TLVs and checks them, nvconfig-write.c writes those, all or none.
 */
#ifndef DPU_MODE_NVCONFIG_H
#define DPU_MODE_NVCONFIG_H

#include "device/device.h"
#include "firmware/nvtable.h"

/* More hosts than any DPU has. */
#define NV_HOSTS_MAX 16

/* What was read of one TLV. */
struct nv_seen {
	int supports; /* as nvconfig_supports() answers; -1 not asked yet */
	bool have[3]; /* by enum provider_nvconfig_when */
	uint8_t data[3][NV_TABLE_DATA_MAX];
};

/* One look at the firmware of a device, which reads each TLV once. */
struct nv_look {
	struct dpu_ctx *ctx;
	const char *handle;
	struct provider_firmware firmware;
	struct nv_seen tlvs[NV_TLVS];
};

/* handle must outlive the look. */
int nv_look_begin(struct dpu_ctx *ctx, const char *handle, struct nv_look *look);
/* 0 the firmware has no such TLV, 1 it may be read, 2 written too. */
int nv_look_supports(struct nv_look *look, enum nv_tlv_id id);
/* A TLV that the firmware has. The data is the look's own. */
int nv_look_tlv(struct nv_look *look, enum nv_tlv_id id, enum provider_nvconfig_when when,
		const uint8_t **data);
/* The value of a field; 0 of a TLV that the firmware does not have. */
int nv_look_field(struct nv_look *look, const struct nv_field *field, enum provider_nvconfig_when when,
		  uint32_t *value);
/* A parameter's value, and its valid bit (1 where it has none). */
int nv_look_value(struct nv_look *look, const struct nv_param_info *param, enum provider_nvconfig_when when,
		  uint32_t *value, uint32_t *valid);
/* 1 when the device has the parameter, else 0. */
int nv_look_has(struct nv_look *look, const struct nv_param_info *param);
/* True when such values can be read at all. */
bool nv_look_tells(const struct nv_look *look, enum provider_nvconfig_when when);
/* The greatest value of a parameter on this device. */
int nv_look_max(struct nv_look *look, const struct nv_param_info *param, uint32_t *max);

/* A parameter by name; -ENOENT with the nearest names as hint. */
int nv_find(struct dpu_ctx *ctx, const char *step, const char *name, const struct nv_param_info **ret);
/* A value of a parameter; -EINVAL with what it may be. */
int nv_parse(struct dpu_ctx *ctx, const char *step, const struct nv_param_info *param, const char *text,
	     uint32_t *value);

/* A parameter that shall have a value. */
struct nv_wish {
	const struct nv_param_info *param;
	uint32_t value;
	uint32_t valid;  /* and its valid bit this one */
	bool is_default; /* it is what the device itself would have */
};

/* A device that shall have parameters. */
struct nv_target {
	struct nv_look look;
	struct nv_wish *wishes;
	size_t count;
	uint8_t mask[NV_TLVS][NV_TABLE_DATA_MAX]; /* the bits that are wished for … */
	uint8_t data[NV_TLVS][NV_TABLE_DATA_MAX]; /* … and the TLVs with them */
};

int nv_target_open(struct dpu_ctx *ctx, const char *handle, struct nv_target *target);
void nv_target_close(struct nv_target *target);
int nv_target_wish(struct nv_target *target, const struct nv_param_info *param, uint32_t value);
/* The same by name and text. */
int nv_target_set(struct nv_target *target, const char *step, const struct dpu_nvconfig_setting *setting);
/* Wishes for the default. */
int nv_target_default(struct nv_target *target, const struct nv_param_info *param, const char *step);
/* Wishes for the default of all that the device has and lets be written, but for what keep says. */
typedef bool (*nv_keep_fn)(const struct nv_param_info *param, const void *arg);
int nv_target_defaults(struct nv_target *target, const char *step, nv_keep_fn keep, const void *arg);
/* Whether the device can do what is wished for; -EOPNOTSUPP, -ERANGE, -EPERM, -EINVAL. */
int nv_target_check(struct nv_target *target, const char *step);
/* What was wished for against what is; count targets, all checked. */
int nv_targets_plan(struct dpu_ctx *ctx, struct nv_target *targets, size_t count, const char *step,
		    struct dpu_nvconfig_change_list **ret);

/* One TLV to be changed. */
struct nv_write {
	const char *handle;
	struct provider_tlv tlv;
	struct provider_tlv former;
	uint8_t mask[NV_DATA_MAX];
};

/* Writes all or none. How many. */
int nv_write_all(struct dpu_ctx *ctx, const char *step, struct nv_write *writes, size_t count);
/* Adds what a target needs written to an array that grows. */
int nv_target_writes(struct nv_target *target, struct nv_write **writes, size_t *count);
/* Both. */
int nv_targets_write(struct dpu_ctx *ctx, const char *step, struct nv_target *targets, size_t count);

/* True for two PFs of one board: functions of one PCI slot. */
bool nv_same_board(const struct provider_device *a, const struct provider_device *b);

/* The handles of a board's PFs, by port. */
#define NV_PORTS 2
struct nv_ports {
	char handles[NV_PORTS][64];
	size_t count;
};
int nv_find_ports(struct dpu_device *device, const char *step, struct nv_ports *ports);
/* The device alone. */
void nv_one_port(const struct dpu_device *device, struct nv_ports *ports);
/* True for a parameter that makes the mode, or a host's rights. */
bool nv_is_of_mode(const struct nv_param_info *param);
/* True for a parameter that a port has of its own, or that the first one has for the board. */
bool nv_is_of_port(const struct nv_param_info *param, size_t port);

/* Says what a port shall have. */
typedef int (*nv_wish_fn)(struct nv_target *target, size_t port, const void *arg);
/* What all ports shall have, checked: what it comes to where plan is not NULL; else it is written, all or
 * none, and the result is how many TLVs. */
int nv_on_ports(struct dpu_ctx *ctx, const char *step, const struct nv_ports *ports, nv_wish_fn wish,
		const void *arg, struct dpu_nvconfig_change_list **plan);

#endif
