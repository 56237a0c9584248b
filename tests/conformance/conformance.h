/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The suite that defines what a provider is. It is given a URI and asks of that world what the public headers
 * promise of every world. What a world does not have (no DPU, no SFs) is skipped, with the world's own words.
 */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include "harness.h"

#define DEADLINE_MS 20000

/* The device that the chapters about e-switches work on, or NULL where the world has none. */
struct dpu_device *conformance_eswitch_device(struct dpu_ctx *ctx);

void chapter_discovery(struct dpu_ctx *ctx);
void chapter_eswitch(struct dpu_ctx *ctx);
void chapter_mode(struct dpu_ctx *ctx);
void chapter_nvconfig(struct dpu_ctx *ctx);
void chapter_sf(struct dpu_ctx *ctx);
void chapter_vf(struct dpu_ctx *ctx);
void chapter_attributes(struct dpu_ctx *ctx);
void chapter_vf_attributes(struct dpu_ctx *ctx);
void chapter_flow(struct dpu_ctx *ctx);
void chapter_datapath(struct dpu_ctx *ctx);

#endif
