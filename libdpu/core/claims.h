/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Claims: a folder where programs put their name beside things, so that what a program has left behind can be
 * told from what one still uses.
 *
 * Each set of claims is a file of its own, which its owner keeps open and locked with flock(2). The kernel
 * drops the lock when the last process that has the file open is gone, however it went: so an unlocked file
 * is one whose program has ended, and no process number is ever trusted. A child made by fork(2) shares the
 * lock until it closes the file or calls exec(3).
 *
 * A file is records of one size: the owner, then a claim each, the first byte of which says whether it
 * stands. That byte is the last to be written and the first to be taken back, so that a program may be killed
 * at any moment, and what is cut off at the end is not taken for a claim.
 */
#ifndef DPU_CORE_CLAIMS_H
#define DPU_CORE_CLAIMS_H

#include <stdbool.h>
#include "core/ctx.h"

/* The longest claim, and the longest name of an owner. */
#define CLAIMS_TEXT_MAX 126

/* What one context has claimed. */
struct claims;

/* No file yet: that comes with the first claim, and the folder with it (mode 0755). */
int claims_open(struct dpu_ctx *ctx, const char *step, const char *dir, struct claims **ret);

/* Without claims the file goes, and with the last file the folder; else the file stays, unlocked, and its
 * claims are left behind. May be NULL. */
void claims_close(struct dpu_ctx *ctx, struct claims *claims);

/* A claim is a text of one line that only the caller understands. One that stands already is no failure.
 * Errors as of open(2) and write(2); after a failure nothing is claimed. */
int claims_add(struct dpu_ctx *ctx, const char *step, struct claims *claims, const char *key);

/* True when the claim stood and was taken back. */
bool claims_remove(struct claims *claims, const char *key);

/* Gets one claim; live when its program has not ended. A negative result ends the visit and is its result. */
typedef int (*claims_visit_fn)(void *arg, const char *owner, const char *key, bool live);

/* Visits all claims of a folder. A folder that is not there has none; a file that is none of ours is logged
 * and passed over. What comes and goes meanwhile may or may not be visited. */
int claims_visit(struct dpu_ctx *ctx, const char *step, const char *dir, claims_visit_fn visit, void *arg);

/* Takes back a claim that programs have left behind. That there is none is no failure. */
int claims_forget(struct dpu_ctx *ctx, const char *step, const char *dir, const char *key);

#endif
