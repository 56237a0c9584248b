/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rtnetlink: the network devices of this network namespace, and their counters. */
#ifndef DPU_LINUX_RTNL_H
#define DPU_LINUX_RTNL_H

#include <linux/if_link.h>
#include "provider/linux/facts.h"
#include "provider/linux/netlink.h"

/* All network devices, ordered by ifindex; link->place is not filled. */
int rtnl_links(struct dpu_ctx *ctx, struct netlink *rtnl, const char *step, struct fact_link **ret,
	       size_t *count);

/* The counters of one. -ENODEV, -EOPNOTSUPP it counts nothing. */
int rtnl_stats(struct dpu_ctx *ctx, struct netlink *rtnl, uint32_t ifindex, struct rtnl_link_stats64 *ret);

/* Takes a message apart. 1 it was a link, 0 it was something else, or -EBADMSG. */
int rtnl_parse_link(const struct nlmsghdr *nlh, struct fact_link *link);
/* 1 it had counters, 0 it had none, or -EBADMSG. */
int rtnl_parse_stats(const struct nlmsghdr *nlh, struct rtnl_link_stats64 *stats);

#endif
