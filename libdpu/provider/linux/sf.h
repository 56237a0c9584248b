/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The auxiliary device of a local SF, and the driver that has it. */
#ifndef DPU_LINUX_SF_H
#define DPU_LINUX_SF_H

#include "provider/linux/linux.h"

int sf_bind(struct dpu_ctx *ctx, const char *handle, const struct provider_function *sf);
int sf_deactivate(struct dpu_ctx *ctx, const char *handle, uint32_t port);

#endif
