/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The auxiliary devices of the SFs that this machine may drive: listed once, and kept up by the kernel's
 * uevents, for there may be hundreds, and whoever makes one asks many times. */
#ifndef DPU_LINUX_SFS_H
#define DPU_LINUX_SFS_H

#include "provider/linux/linux.h"

/* Sees to it that machine->sfs has all. 0 or -ENOMEM. */
int sfs_see(struct dpu_ctx *ctx);

/* Reads an SF's auxiliary device, or remembers it; false when it is no SF's. */
bool sfs_read(struct dpu_ctx *ctx, const struct sysfs_entry *entry, struct linux_sf *ret);

/* An auxiliary device has come, or gone. */
void sfs_come(struct dpu_ctx *ctx, const char *name);
void sfs_gone(struct linux_provider *machine, const char *name);

#endif
