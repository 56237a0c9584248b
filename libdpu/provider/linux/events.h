/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events: what the kernel tells by itself through devlink, rtnetlink and uevents. */
#ifndef DPU_LINUX_EVENTS_H
#define DPU_LINUX_EVENTS_H

#include "provider/linux/linux.h"

/* Opens what can be opened; without any, whoever waits only wakes up later. */
void events_open(struct dpu_ctx *ctx, struct linux_events *events);
void events_close(struct dpu_ctx *ctx, struct linux_events *events);

/* Takes what the context's own sockets have heard, without blocking: what the provider remembers and may be
 * otherwise now, it forgets. */
void events_take(struct dpu_ctx *ctx);

/* Sleeps until something is heard, at most timeout_ms, and takes it. */
void events_wait(struct dpu_ctx *ctx, int timeout_ms);

int monitor_open(struct dpu_ctx *ctx, uint32_t objects, void **ret, int *fd);
void monitor_close(struct dpu_ctx *ctx, void *monitor);
int monitor_read(struct dpu_ctx *ctx, void *monitor, struct provider_event **ret, size_t *count);
int monitor_dump(struct dpu_ctx *ctx, void *monitor, struct provider_event **ret, size_t *count);

#endif
