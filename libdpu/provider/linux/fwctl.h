/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fwctl: the kernel's own way to a device's firmware, /dev/fwctl/fwctlN (Linux 6.15). Requests are made in
 * the scope of configuration, which does not taint the kernel. */
#ifndef DPU_LINUX_FWCTL_H
#define DPU_LINUX_FWCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include "provider/linux/transport.h"

/* The interface of the kernel, as linux/fwctl.h has it: that may be newer than the headers here. */
struct fwctl_info_arg {
	__u32 size;
	__u32 flags;
	__u32 out_device_type;
	__u32 device_data_len;
	__aligned_u64 out_device_data;
};

struct fwctl_rpc_arg {
	__u32 size;
	__u32 scope;
	__u32 in_len;
	__u32 out_len;
	__aligned_u64 in;
	__aligned_u64 out;
};

#define FWCTL_IOC_INFO _IO(0x9a, 0)
#define FWCTL_IOC_RPC _IO(0x9a, 1)

enum {
	FWCTL_TYPE_MLX5 = 1,
	FWCTL_SCOPE_CONFIGURATION = 0,
	FWCTL_SCOPE_READ = 1, /* FWCTL_RPC_DEBUG_READ_ONLY; those above it taint the kernel */
};

/* Whom requests go to when not to the kernel: tests stand in for it. control() has the semantics of ioctl(),
 * but gives a negative errno. */
struct fwctl_peer {
	int (*control)(void *data, unsigned long request, void *arg);
	void *data;
};

/* Opens it for a PCI function ("0000:03:00.0"), through a directory like /dev; peer may be NULL. 0, or a
 * negative errno and *failure: -ENOENT the kernel has no such way, -EACCES no right to go it, -EOPNOTSUPP it
 * does not lead to a firmware of mlx5's kind. */
int fwctl_open(struct dpu_ctx *ctx, const struct sysfs *sysfs, const char *dev, const char *address,
	       const struct transport_deadlines *deadlines, const struct fwctl_peer *peer,
	       struct transport **ret, struct transport_failure *failure);

#endif
