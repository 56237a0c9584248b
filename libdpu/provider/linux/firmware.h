/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The firmware: its configuration, its resets, and what shows its mode. Members of the seam. */
#ifndef DPU_LINUX_FIRMWARE_H
#define DPU_LINUX_FIRMWARE_H

#include "provider/provider.h"

int firmware_tell(struct dpu_ctx *ctx, const char *handle, struct provider_firmware *ret);
int firmware_nvconfig_supports(struct dpu_ctx *ctx, const char *handle, uint32_t type);
int firmware_nvconfig_get(struct dpu_ctx *ctx, const char *handle, enum provider_nvconfig_when when,
			  struct provider_tlv *tlv);
int firmware_nvconfig_update(struct dpu_ctx *ctx, const char *handle, const struct provider_tlv *tlv,
			     const uint8_t *mask, struct provider_tlv *former);
int firmware_nvconfig_reset(struct dpu_ctx *ctx, const char *handle);
int firmware_reset_info(struct dpu_ctx *ctx, const char *handle, struct provider_reset_info *ret);
int firmware_reset(struct dpu_ctx *ctx, const char *handle, enum dpu_reset level);
int firmware_reset_done(struct dpu_ctx *ctx, const char *handle);

/* Closes the way to the firmware that was asked last. */
void firmware_close(struct dpu_ctx *ctx);

/* mode-evidence.c */
int mode_evidence(struct dpu_ctx *ctx, const char *handle, struct provider_mode_evidence *ret);

/* What the rshim driver says of the DPU whose functions have that PCI address but for the last number; dev is
 * a directory like /dev. */
enum dpu_mode rshim_mode(const char *dev, const char *address);

#endif
