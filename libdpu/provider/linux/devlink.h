/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* devlink (generic netlink): devices, their info and e-switch, ports and their functions. */
#ifndef DPU_LINUX_DEVLINK_H
#define DPU_LINUX_DEVLINK_H

#include <linux/devlink.h>
#include "provider/linux/facts.h"
#include "provider/linux/linux.h"
#include "provider/linux/netlink.h"

enum {
	/* Newer than the kernel headers that libdpu may be built with. */
	DEVLINK_FUNCTION_DEVLINK = 5, /* DEVLINK_PORT_FN_ATTR_DEVLINK */
	/* More than any attribute that is read. */
	DEVLINK_PARSE_MAX = DEVLINK_ATTR_PORT_PCI_SF_NUMBER,
};

/* Finds the family: 1 it is there, 0 it is not (facility_reason says why), or -ENOMEM. */
int devlink_present(struct dpu_ctx *ctx, struct linux_provider *machine);

/* All devlink instances of this network namespace with info and e-switch; place is not filled. */
int devlink_devices(struct dpu_ctx *ctx, struct linux_provider *machine, const char *step,
		    struct fact_devlink **ret, size_t *count);

/* All ports of all instances. */
int devlink_ports(struct dpu_ctx *ctx, struct linux_provider *machine, const char *step,
		  struct fact_port **ret, size_t *count);

/* The mode of one e-switch: -ENODEV no such instance, -EOPNOTSUPP it has no e-switch. */
int devlink_eswitch_mode(struct dpu_ctx *ctx, struct linux_provider *machine, const char *handle,
			 uint16_t *ret);

/* Takes messages apart: false for what is malformed or is something else. */
bool devlink_parse_handle(struct nlattr **attrs, char handle[HANDLE_SIZE]);
bool devlink_parse_port(const struct nlmsghdr *nlh, struct fact_port *port);
bool devlink_parse_info(const struct nlmsghdr *nlh, struct fact_devlink *device);
bool devlink_parse_eswitch(const struct nlmsghdr *nlh, uint16_t *mode);
bool devlink_parse_family(const struct nlmsghdr *nlh, uint16_t *family);

#endif
