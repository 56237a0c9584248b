/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rtnetlink: the network devices of this network namespace, and their counters. */
#ifndef DPU_LINUX_RTNL_H
#define DPU_LINUX_RTNL_H

#include <dpu/vf.h>
#include <linux/if_link.h>
#include "provider/linux/facts.h"
#include "provider/linux/netlink.h"

enum {
	RTNL_VF = 1 << 0,         /* RTEXT_FILTER_VF */
	RTNL_SKIP_STATS = 1 << 3, /* RTEXT_FILTER_SKIP_STATS */
};

/* A RTM_GETLINK for one device, or (0) for all; NULL without memory. */
struct nl_msg *rtnl_getlink(uint32_t ifindex, uint32_t ext_mask);

/* All network devices; link->place is not filled. */
int rtnl_links(struct dpu_ctx *ctx, struct netlink *rtnl, const char *step, struct fact_link **ret,
	       size_t *count);

/* One network device, by name or (name NULL) by ifindex; link->place is not filled. -ENODEV. */
int rtnl_link(struct dpu_ctx *ctx, struct netlink *rtnl, const char *step, uint32_t ifindex, const char *name,
	      struct fact_link *ret);

/* The counters of one. -ENODEV, -EOPNOTSUPP it counts nothing. */
int rtnl_stats(struct dpu_ctx *ctx, struct netlink *rtnl, uint32_t ifindex, struct rtnl_link_stats64 *ret);

/* How many TC filters stand on one, on its way in. */
int rtnl_filters(struct dpu_ctx *ctx, struct netlink *rtnl, const char *step, uint32_t ifindex);

/* What the network device of a PF knows of a VF, and its counters. -ENODEV it knows no such VF. */
int rtnl_vf(struct dpu_ctx *ctx, struct netlink *rtnl, uint32_t ifindex, uint32_t vfnum,
	    struct dpu_vf_attrs *attrs);
int rtnl_vf_stats(struct dpu_ctx *ctx, struct netlink *rtnl, uint32_t ifindex, uint32_t vfnum,
		  struct dpu_vf_stats *stats);
/* Sets the one attribute that attrs->set has. */
int rtnl_vf_set(struct dpu_ctx *ctx, struct netlink *rtnl, uint32_t ifindex, uint32_t vfnum,
		const struct dpu_vf_attrs *attrs);

/* Finds what a link message says of one VF, or NULL. */
const struct nlattr *rtnl_find_vf(const struct nlmsghdr *nlh, uint32_t vfnum);
void rtnl_parse_vf(const struct nlattr *info, struct dpu_vf_attrs *attrs);

/* Takes a message apart. 1 it was a link, 0 it was something else, or -EBADMSG. */
int rtnl_parse_link(const struct nlmsghdr *nlh, struct fact_link *link);
/* 1 it had counters, 0 it had none, or -EBADMSG. */
int rtnl_parse_stats(const struct nlmsghdr *nlh, struct rtnl_link_stats64 *stats);

#endif
