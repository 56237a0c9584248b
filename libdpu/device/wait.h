/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for the world to become as asked, within the caller's deadline. */
#ifndef DPU_DEVICE_WAIT_H
#define DPU_DEVICE_WAIT_H

#include "core/ctx.h"

struct deadline {
	int64_t end_ms; /* of the monotonic clock, -1 for none */
	int given_ms;
};

/* How long to wait when a step must be undone after its deadline has passed. */
#define UNDO_MS 5000

struct deadline deadline_start(int deadline_ms);

/* What is left of it, in milliseconds: 0 when it has passed, -1 when there is none. */
int deadline_left(const struct deadline *deadline);

/* 1 the world is as asked, 0 not yet, or a negative errno with the detail recorded. */
typedef int (*wait_fn)(void *arg);

/* Asks until the answer is not 0. 0, the negative errno of the answer, or -ETIMEDOUT (step and object say of
 * what). The world is asked at least once, whatever the deadline. */
int wait_until(struct dpu_ctx *ctx, const struct deadline *deadline, wait_fn ready, void *arg,
	       const char *step, const char *object);

#endif
