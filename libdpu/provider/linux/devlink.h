/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * devlink (generic netlink), and the vendor's copy of it, mlxdevm, behind the same calls.
 *
 * mlxdevm comes in two versions under one name and number. The newer one has devlink's own numbers and a
 * multicast group "config"; the older one has devlink's numbers for ports and parameters, none for the rest,
 * and its own for capabilities and rates.
 */
#ifndef DPU_LINUX_DEVLINK_H
#define DPU_LINUX_DEVLINK_H

#include <linux/devlink.h>
#include <linux/genetlink.h>
#include "provider/linux/facts.h"
#include "provider/linux/linux.h"
#include "provider/linux/netlink.h"

enum {
	/* Newer than the kernel headers that libdpu may be built with. */
	DEVLINK_FUNCTION_CAPS = 4,       /* DEVLINK_PORT_FN_ATTR_CAPS */
	DEVLINK_FUNCTION_DEVLINK = 5,    /* DEVLINK_PORT_FN_ATTR_DEVLINK */
	DEVLINK_FUNCTION_MAX_IO_EQS = 6, /* DEVLINK_PORT_FN_ATTR_MAX_IO_EQS */
	DEVLINK_RATE_TX_PRIORITY = 177,  /* DEVLINK_ATTR_RATE_TX_PRIORITY */
	DEVLINK_RATE_TX_WEIGHT = 178,    /* DEVLINK_ATTR_RATE_TX_WEIGHT */
	/* mlxdevm only, within the function's nest. */
	MLXDEVM_FUNCTION_TRUST = 161,
	MLXDEVM_FUNCTION_UC_LIST = 162,
	/* The older mlxdevm's own. */
	MLXDEVM_V1_FUNCTION_TRUST = 4,
	MLXDEVM_V1_CAP_SET = 161, /* commands */
	MLXDEVM_V1_RATE_NEW = 162,
	MLXDEVM_V1_RATE_DEL = 163,
	MLXDEVM_V1_RATE_GET = 164,
	MLXDEVM_V1_RATE_SET = 165,
	MLXDEVM_V1_CAP_ROCE = 161, /* attributes within the function's and the capabilities' nest */
	MLXDEVM_V1_CAP_UC_LIST = 162,
	MLXDEVM_V1_PORT_FN_CAP = 8193,
	MLXDEVM_V1_RATE_TYPE = 8194,
	MLXDEVM_V1_RATE_NODE_NAME = 8195,
	MLXDEVM_V1_RATE_TX_SHARE = 8197,
	MLXDEVM_V1_RATE_TX_MAX = 8198,
	MLXDEVM_V1_RATE_PARENT = 8199,
	MLXDEVM_V1_RATE_NODE = 160,
	MLXDEVM_V1_RATE_LEAF = 161,
	MLXDEVM_V1_MAX = MLXDEVM_V1_RATE_PARENT,
	/* More than any attribute that is read. */
	DEVLINK_PARSE_MAX = DEVLINK_RATE_TX_WEIGHT,
};

/* What a port message of a family says. */
enum devlink_abi {
	DEVLINK_ABI,
	MLXDEVM_V1_ABI,
	MLXDEVM_V2_ABI,
};

/* Looks for devlink, and for mlxdevm beside it: 1 it is there, 0 it is not (facility_reason says why), or
 * -ENOMEM. */
int devlink_present(struct dpu_ctx *ctx, struct linux_provider *machine);

/* 0, or a failure of the step when there is no devlink. */
int devlink_need(struct dpu_ctx *ctx, const char *step, const char *handle);

/* A message to a family about one device; NULL without memory. */
struct nl_msg *devlink_request(const struct linux_family *family, uint8_t command, const char *handle,
			       int flags);
/* A request for all objects of one device, or (NULL) of all. A kernel that does not know to choose sends all.
 */
struct nl_msg *devlink_dump(const struct linux_family *family, uint8_t command, const char *handle);
/* Puts more into a message; a message without memory stays NULL, one that has no room becomes it. */
void devlink_put(struct nl_msg **msg, int attr, const void *value, size_t len);
void devlink_put_text(struct nl_msg **msg, int attr, const char *text);
void devlink_put_u8(struct nl_msg **msg, int attr, uint8_t value);
void devlink_put_u16(struct nl_msg **msg, int attr, uint16_t value);
void devlink_put_u32(struct nl_msg **msg, int attr, uint32_t value);
void devlink_put_u64(struct nl_msg **msg, int attr, uint64_t value);

/* Sends a message (and frees it) whose answer does not matter. In a failure's words it is about the object;
 * NULL: the device or port that it names. */
int devlink_do(struct dpu_ctx *ctx, struct nl_msg *msg, const char *step, const char *object);
/* The same with an answer. */
int devlink_ask(struct dpu_ctx *ctx, struct nl_msg *msg, struct netlink_answer *answer, const char *step,
		const char *object);

/* All devlink instances of this network namespace but those that are part of another device (each SF may have
 * one of its own, and there may be a thousand); with their info and whether they have an e-switch, or
 * without. place is not filled. */
int devlink_devices(struct dpu_ctx *ctx, struct linux_provider *machine, const char *step, bool details,
		    bool (*is_part)(const void *data, const char *handle), const void *data,
		    struct fact_devlink **ret, size_t *count);

/* All ports of one instance, or (NULL) of all. */
int devlink_ports(struct dpu_ctx *ctx, struct linux_provider *machine, const char *step, const char *handle,
		  struct fact_port **ret, size_t *count);
/* One port: -ENODEV. */
int devlink_port(struct dpu_ctx *ctx, struct linux_provider *machine, const char *step, const char *handle,
		 uint32_t index, struct fact_port *port);

/* Members of the seam; devlink-eswitch.c, devlink-port.c, devlink-param.c, devlink-rate.c, devlink-health.c,
 * devlink-resource.c. */
int devlink_versions(struct dpu_ctx *ctx, const char *handle, struct dpu_device_version **ret, size_t *count);
int devlink_eswitch_mode_get(struct dpu_ctx *ctx, const char *handle, enum dpu_eswitch_mode *ret);
int devlink_eswitch_mode_set(struct dpu_ctx *ctx, const char *handle, enum dpu_eswitch_mode mode);
int devlink_eswitch_attrs_get(struct dpu_ctx *ctx, const char *handle, struct dpu_eswitch_attrs *ret);
int devlink_eswitch_attrs_set(struct dpu_ctx *ctx, const char *handle, const struct dpu_eswitch_attrs *attrs);
int devlink_reload(struct dpu_ctx *ctx, const char *handle, enum dpu_reload_action action,
		   enum dpu_reload_limit limit, uint32_t *performed);
int devlink_sf_add(struct dpu_ctx *ctx, const char *handle, uint32_t controller, uint32_t pfnum,
		   uint32_t sfnum, uint32_t *port, uint32_t *ifindex);
int devlink_sf_delete(struct dpu_ctx *ctx, const char *handle, uint32_t port);
int devlink_sf_activate(struct dpu_ctx *ctx, const char *handle, uint32_t port);
int devlink_sf_deactivate(struct dpu_ctx *ctx, const char *handle, uint32_t port);
int devlink_function_set_hw_addr(struct dpu_ctx *ctx, const char *handle, uint32_t port,
				 const uint8_t hw_addr[6]);
int devlink_function_set_caps(struct dpu_ctx *ctx, const char *handle, uint32_t port, uint32_t set,
			      uint32_t caps);
int devlink_function_set_max_io_eqs(struct dpu_ctx *ctx, const char *handle, uint32_t port, uint32_t count);
int devlink_function_set_max_uc_list(struct dpu_ctx *ctx, const char *handle, uint32_t port, uint32_t count);
int devlink_params(struct dpu_ctx *ctx, const char *handle, struct dpu_param **ret, size_t *count);
int devlink_param_set(struct dpu_ctx *ctx, const char *handle, const struct dpu_param *param,
		      enum dpu_param_cmode cmode, const char *value);
int devlink_rates(struct dpu_ctx *ctx, const char *handle, struct dpu_rate **ret, size_t *count);
int devlink_rate_set(struct dpu_ctx *ctx, const char *handle, const struct dpu_rate_attrs *attrs);
int devlink_rate_node_add(struct dpu_ctx *ctx, const char *handle, const struct dpu_rate_attrs *attrs);
int devlink_rate_node_delete(struct dpu_ctx *ctx, const char *handle, const char *node);
int devlink_health(struct dpu_ctx *ctx, const char *handle, struct dpu_health **ret, size_t *count);
int devlink_health_recover(struct dpu_ctx *ctx, const char *handle, uint32_t port, const char *name);
int devlink_health_set(struct dpu_ctx *ctx, const char *handle, uint32_t port, const char *name,
		       bool auto_recover);
int devlink_resources(struct dpu_ctx *ctx, const char *handle, struct dpu_resource **ret, size_t *count);
int devlink_resource_set(struct dpu_ctx *ctx, const char *handle, const char *path, uint64_t size);

/* Takes messages apart: false for what is malformed or is something else. */
bool devlink_attrs(const struct nlmsghdr *nlh, struct nlattr **attrs, int max);
bool devlink_parse_handle(struct nlattr **attrs, char handle[HANDLE_SIZE]);
/* True when a message is about this device, or any (NULL). */
bool devlink_is_about(struct nlattr **attrs, const char *handle);
bool devlink_parse_port(const struct nlmsghdr *nlh, enum devlink_abi abi, struct fact_port *port);
bool devlink_parse_info(const struct nlmsghdr *nlh, struct fact_devlink *device);
bool devlink_parse_eswitch(const struct nlmsghdr *nlh, uint16_t *mode);
bool devlink_parse_family(const struct nlmsghdr *nlh, struct linux_family *family, char name[GENL_NAMSIZ]);
bool devlink_parse_health(const struct nlmsghdr *nlh, char handle[HANDLE_SIZE], struct dpu_health *health);

/* Visits the nests of one type at a message's top level: the kernel repeats them, where a table would keep
 * one. 0, or what visit returned. */
int devlink_each(const struct nlmsghdr *nlh, int (*visit)(void *data, const struct nlattr *attr), void *data);

#endif
