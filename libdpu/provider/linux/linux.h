/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The linux: provider's own state, behind ctx->provider. */
#ifndef DPU_LINUX_LINUX_H
#define DPU_LINUX_LINUX_H

#include "provider/provider.h"
#include "provider/linux/netlink.h"
#include "provider/linux/sysfs.h"

struct linux_provider {
	struct sysfs sysfs;
	/* A recorded sysfs tree is another machine's: this one's netlink and /etc say nothing about it. */
	bool recorded;
	struct netlink rtnl;     /* fd -1: none, and facility_reason says why */
	struct netlink genl;     /* likewise */
	struct netlink events;   /* likewise; nothing is lost without it but time */
	uint16_t devlink_family; /* 0: not found (yet) */
	char facility_reason[4][160];
};

static inline struct linux_provider *linux_provider(struct dpu_ctx *ctx)
{
	return ctx->provider;
}

#endif
