/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <time.h>
#include "device/wait.h"
#include "provider/provider.h"

/* The provider wakes us when something happens; this is only how long an event can go unnoticed. */
#define POLL_MS 100

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

struct deadline deadline_start(int deadline_ms)
{
	struct deadline deadline = { .end_ms = -1, .given_ms = deadline_ms };

	if (deadline_ms >= 0)
		deadline.end_ms = now_ms() + deadline_ms;
	return deadline;
}

int deadline_left(const struct deadline *deadline)
{
	int64_t left;

	if (deadline->end_ms < 0)
		return -1;
	left = deadline->end_ms - now_ms();
	return left > 0 ? (int)left : 0;
}

int wait_until(struct dpu_ctx *ctx, const struct deadline *deadline, wait_fn ready, void *arg,
	       const char *step, const char *object)
{
	int64_t left;
	int rc;

	for (;;) {
		rc = ready(arg);
		if (rc)
			return rc < 0 ? rc : 0;
		left = deadline->end_ms < 0 ? POLL_MS : deadline->end_ms - now_ms();
		if (left <= 0) {
			ctx_fail(ctx, -ETIMEDOUT, step, object, "not done within %d ms", deadline->given_ms);
			return ctx_hint(ctx,
					"give it more time, or see the kernel's log for what holds it up");
		}
		rc = ctx->ops->wait(ctx, left < POLL_MS ? (int)left : POLL_MS);
		if (rc < 0)
			return rc;
	}
}
