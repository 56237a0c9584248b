/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks every source that there is, and places what they name in sysfs. */
#ifndef DPU_LINUX_GATHER_H
#define DPU_LINUX_GATHER_H

#include "provider/linux/facts.h"
#include "provider/linux/linux.h"

/*
 * Collects the facts; free with facts_free(). Each device's own words (info, whether it has an e-switch) are
 * asked for only with details; handle names the device that is asked about, or is NULL. 0, or a negative
 * errno, recorded under the step's name.
 */
int gather(struct dpu_ctx *ctx, const char *step, const char *handle, bool details, struct facts *facts);

/* The same facts for another device: what is known of one device only is asked again. */
void gather_again(struct dpu_ctx *ctx, const char *handle, struct facts *facts);

/* Collects what is needed for one port, and (function) for the function behind it. Where there is no devlink
 * to ask, everything. -ENODEV no such port. */
int gather_port(struct dpu_ctx *ctx, const char *step, const char *handle, uint32_t index, bool function,
		struct facts *facts);

void facts_free(struct dpu_ctx *ctx, struct facts *facts);

#endif
