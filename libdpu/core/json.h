/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON files: read whole, replaced whole. */
#ifndef DPU_CORE_JSON_H
#define DPU_CORE_JSON_H

#include <jansson.h>
#include "core/ctx.h"

/* -EBADMSG with line and column when the text is no JSON object; else as open(2) and read(2). */
int json_file_read(struct dpu_ctx *ctx, const char *step, const char *path, json_t **ret);

/* Writes beside the file (path + ".new"), syncs, renames: a reader, and whoever comes after a crash, sees the
 * old or the new state, never a part. The caller holds whatever lock keeps other writers away. */
int json_file_write(struct dpu_ctx *ctx, const char *step, const char *path, const json_t *value);

#endif
