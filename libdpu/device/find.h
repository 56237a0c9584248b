/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding one thing by any of its names, on all devices. */
#ifndef DPU_DEVICE_FIND_H
#define DPU_DEVICE_FIND_H

#include "device/device.h"

/* How well a name fits: a name of the thing's own on this machine counts more than one that several may have.
 */
enum find_rank {
	FIND_NOT = 0,
	FIND_LOOSE = 1,
	FIND_EXACT = 2,
};

struct find {
	const char *what; /* "port" */
	const char *name;
	enum find_rank rank;
	char first[96];
	char second[96];
};

/* 0, or -EINVAL with the detail recorded when there is no name. */
int find_begin(struct dpu_ctx *ctx, struct find *find, const char *what, const char *name);

/* True when the candidate, called so by its handle, is the best so far: it takes the former one's place. */
bool find_take(struct find *find, enum find_rank rank, const char *handle);

/* 0 when one was best; -ENODEV or -ENOTUNIQ with the detail recorded. */
int find_end(struct dpu_ctx *ctx, const struct find *find, const char *hint);

/* Calls each device until one answers other than 0. */
int device_each(struct dpu_ctx *ctx, int (*each)(struct dpu_device *device, void *arg), void *arg);

#endif
