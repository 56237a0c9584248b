/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operation mode as the firmware's configuration has it, for the rooms of mode/. */
#ifndef DPU_MODE_MODE_H
#define DPU_MODE_MODE_H

#include "mode/nvconfig.h"

/* -EOPNOTSUPP unless the device is a DPU. */
int mode_check_dpu(struct dpu_device *device, const char *step);
/* What is stored of the mode and of the hosts' rights, as writes that put it back after a reset to defaults.
 * To be freed. */
int mode_stored(struct dpu_device *device, struct nv_write **writes, size_t *count);
/* mode-rights.c: what the hosts may. */

struct rights {
	bool restricted;
	uint32_t restrictions; /* enum dpu_restriction; in force while it is restricted */
};

/* How many hosts are told of, at least 1; 0 where the firmware knows no rights. */
int rights_hosts(struct nv_look *look);
int rights_read(struct nv_look *look, uint32_t host, enum provider_nvconfig_when when, struct rights *rights);
/* Adds what it takes to give one host, or DPU_ALL_HOSTS, these rights. */
int rights_write(struct nv_look *look, uint32_t host, const struct rights *rights, struct nv_write **writes,
		 size_t *count);
/* What it takes to make such restrictions (enum dpu_restriction) of all hosts current. */
int rights_level(struct nv_look *look, uint32_t restrictions, enum dpu_reset *level);
/* What it takes to make what is stored current, if that is more than *level. */
int rights_pending(struct nv_look *look, enum dpu_reset *level);
/* Which hosts are restricted, as bits; 1 when one is. */
int rights_restricted(struct nv_look *look, enum provider_nvconfig_when when, uint32_t *hosts);
/* Adds writes of the rights that hosts have, where they are not all rights. */
int rights_keep(struct nv_look *look, struct nv_write **writes, size_t *count);

/* mode-evidence.c: what shows the mode beside the configuration. */

struct evidence {
	enum dpu_side side;
	uint32_t kinds;   /* enum dpu_mode_evidence: what there is */
	uint32_t modes;   /* bit per enum dpu_mode: those that all of it fits */
	uint32_t fits[8]; /* the same for each kind, by its bit */
};

int evidence_gather(struct dpu_device *device, struct evidence *evidence);

#endif
