/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The linux: provider's own state, behind ctx->provider. */
#ifndef DPU_LINUX_LINUX_H
#define DPU_LINUX_LINUX_H

#include "provider/provider.h"
#include "provider/linux/facts.h"
#include "provider/linux/netlink.h"
#include "provider/linux/sysfs.h"

/* A generic netlink family. */
struct linux_family {
	uint16_t id;     /* 0: not there */
	uint32_t config; /* its multicast group "config"; 0: it has none */
	int abi;         /* enum devlink_abi */
};

/* Sockets that hear of changes; fd -1: not open. */
struct linux_events {
	struct netlink rtnl;
	struct netlink devlink;
	struct netlink uevent;
};

/* What was gathered last. It is good for another question as long as no event has been heard; but not for
 * long, because not every change makes one (when another machine's driver takes an SF, only asking tells). */
struct linux_cache {
	struct facts facts;
	bool valid;
	bool details;
	int64_t since_ms;
};

/* An SF's auxiliary device as it was read. */
struct linux_sf {
	uint64_t inode;
	struct fact_sf sf;
};

/* What stands in one directory of sysfs has the same place but for the name. */
struct linux_dir {
	char path[SYSFS_PATH_SIZE];
	struct fact_place place;
};

struct transport;

/* The way to the firmware of the device that was asked last. */
struct linux_firmware {
	struct transport *transport; /* NULL: not open */
	char handle[HANDLE_SIZE];
	bool told; /* info is what it has told */
	struct provider_firmware info;
	char reloaded[HANDLE_SIZE]; /* the device whose driver has done the last reset; "": none has */
};

struct linux_provider {
	struct sysfs sysfs;
	const char *dev; /* "/dev" */
	/* A recorded sysfs tree is another machine's: this one's netlink and /etc say nothing about it. */
	bool recorded;
	struct netlink rtnl; /* fd -1: none, and facility_reason says why */
	struct netlink genl; /* likewise */
	struct linux_events events;
	struct linux_family devlink;
	struct linux_family mlxdevm;
	struct linux_cache cache;
	struct linux_sf *sfs; /* by inode, when they were listed; what came since stands behind */
	size_t sf_count;
	size_t sf_listed;        /* how many of them are in order */
	bool sfs_current;        /* none has come or gone unheard since they were listed */
	struct linux_dir sf_dir; /* where the last one was */
	struct claims *claims;   /* NULL until there is one */
	struct linux_firmware firmware;
	char facility_reason[4][160];
};

/* One function, as the seam has it; a failure is recorded under the step's name. */
int linux_read_function(struct dpu_ctx *ctx, const char *step, const char *handle, uint32_t port,
			struct provider_function *ret, struct provider_port *ret_port);

static inline struct linux_provider *linux_provider(struct dpu_ctx *ctx)
{
	return ctx->provider;
}

#endif
