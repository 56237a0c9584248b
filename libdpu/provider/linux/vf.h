/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VFs: their number, interrupts and drivers through sysfs, their attributes through the PF's network device.
 */
#ifndef DPU_LINUX_VF_H
#define DPU_LINUX_VF_H

#include "provider/linux/linux.h"

int vf_count(struct dpu_ctx *ctx, const char *handle, uint32_t *total);
int vf_set_count(struct dpu_ctx *ctx, const char *handle, uint32_t count);
int vf_attrs_get(struct dpu_ctx *ctx, const char *handle, uint32_t vfnum, struct dpu_vf_attrs *ret);
int vf_attrs_set(struct dpu_ctx *ctx, const char *handle, uint32_t vfnum, const struct dpu_vf_attrs *attrs);
int vf_stats(struct dpu_ctx *ctx, const char *handle, uint32_t vfnum, struct dpu_vf_stats *ret);
int vf_set_msix(struct dpu_ctx *ctx, const char *handle, uint32_t vfnum, uint32_t count);
int vf_msix_total(struct dpu_ctx *ctx, const char *handle);
int vf_autoprobe(struct dpu_ctx *ctx, const char *handle);
int vf_set_autoprobe(struct dpu_ctx *ctx, const char *handle, bool on);

#endif
