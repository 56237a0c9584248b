/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks every source that there is, and places what they name in sysfs. */
#ifndef DPU_LINUX_GATHER_H
#define DPU_LINUX_GATHER_H

#include "provider/linux/facts.h"
#include "provider/linux/linux.h"

/* Collects the facts; free with facts_free(). 0, or a negative errno, recorded under the step's name. */
int gather(struct dpu_ctx *ctx, const char *step, struct facts *facts);
void facts_free(struct dpu_ctx *ctx, struct facts *facts);

#endif
