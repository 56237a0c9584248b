/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/genetlink.h>
#include <netlink/genl/genl.h>
#include <stdio.h>
#include <string.h>
#include "provider/linux/devlink.h"

static struct nl_msg *new_message(uint16_t family, uint8_t command, int flags)
{
	struct nl_msg *msg;

	msg = nlmsg_alloc();
	if (!msg)
		return NULL;
	if (!genlmsg_put(msg, 0, NL_AUTO_SEQ, family, 0, flags, command, 1)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* A message about one device. */
static struct nl_msg *new_handle_message(uint16_t family, uint8_t command, const char *handle)
{
	size_t bus_len = strcspn(handle, "/");
	char bus[HANDLE_SIZE];
	struct nl_msg *msg;

	msg = new_message(family, command, 0);
	if (!msg)
		return NULL;
	snprintf(bus, sizeof(bus), "%.*s", (int)bus_len, handle);
	if (nla_put_string(msg, DEVLINK_ATTR_BUS_NAME, bus) < 0 ||
	    nla_put_string(msg, DEVLINK_ATTR_DEV_NAME, handle + bus_len + (handle[bus_len] == '/')) < 0) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static int take_family(void *data, const struct nlmsghdr *nlh)
{
	uint16_t *family = data;

	return devlink_parse_family(nlh, family) ? 0 : -EBADMSG;
}

int devlink_present(struct dpu_ctx *ctx, struct linux_provider *machine)
{
	char *reason = machine->facility_reason[DPU_FACILITY_DEVLINK];
	const size_t reason_size = sizeof(machine->facility_reason[0]);
	struct netlink_answer answer = { .object = take_family };
	uint16_t family = 0;
	struct nl_msg *msg;
	int rc;

	if (machine->devlink_family)
		return 1;
	if (machine->genl.fd < 0)
		return 0;
	msg = new_message(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	if (!msg || nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, DEVLINK_GENL_NAME) < 0) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	answer.data = &family;
	rc = netlink_request(ctx, &machine->genl, msg, &answer);
	nlmsg_free(msg);
	if (rc == -ENOMEM)
		return rc;
	if (rc == -ENOENT)
		snprintf(reason, reason_size, "the kernel has no devlink (CONFIG_NET_DEVLINK)");
	else if (rc < 0)
		snprintf(reason, reason_size, "devlink cannot be asked: %.100s",
			 answer.message[0] ? answer.message : strerror(-rc));
	if (rc < 0 || !family)
		return 0;
	machine->devlink_family = family;
	return 1;
}

struct devices {
	struct dpu_ctx *ctx;
	struct fact_devlink *items;
	size_t count;
};

static int add_device(void *data, const struct nlmsghdr *nlh)
{
	struct nlattr *attrs[DEVLINK_ATTR_DEV_NAME + 1];
	struct devices *devices = data;
	char handle[HANDLE_SIZE];
	int rc;

	/* A name that does not fit is a device that nobody could ask for. */
	if (!netlink_parse(nlh, sizeof(struct genlmsghdr), attrs, DEVLINK_ATTR_DEV_NAME))
		return -EBADMSG;
	if (!devlink_parse_handle(attrs, handle))
		return 0;
	rc = ctx_grow(devices->ctx, &devices->items, devices->count, sizeof(devices->items[0]));
	if (rc < 0)
		return rc;
	memcpy(devices->items[devices->count++].handle, handle, sizeof(handle));
	return 0;
}

static void forget_devices(void *data)
{
	struct devices *devices = data;

	ctx_free(devices->ctx, devices->items);
	devices->items = NULL;
	devices->count = 0;
}

static int take_info(void *data, const struct nlmsghdr *nlh)
{
	struct fact_devlink *device = data;

	return devlink_parse_info(nlh, device) ? 0 : -EBADMSG;
}

static int take_eswitch(void *data, const struct nlmsghdr *nlh)
{
	uint16_t *mode = data;

	return devlink_parse_eswitch(nlh, mode) ? 0 : -EBADMSG;
}

static int ask(struct dpu_ctx *ctx, struct linux_provider *machine, uint8_t command, const char *handle,
	       struct netlink_answer *answer)
{
	struct nl_msg *msg;
	int rc;

	msg = new_handle_message(machine->devlink_family, command, handle);
	if (!msg)
		return -ENOMEM;
	rc = netlink_request(ctx, &machine->genl, msg, answer);
	nlmsg_free(msg);
	return rc;
}

/* What a device does not answer is not known of it; that is no reason to know nothing of the others. */
static int ask_details(struct dpu_ctx *ctx, struct linux_provider *machine, struct fact_devlink *device)
{
	struct netlink_answer info = { .object = take_info, .data = device };
	struct netlink_answer eswitch = { .object = take_eswitch };
	uint16_t mode;
	int rc;

	rc = ask(ctx, machine, DEVLINK_CMD_INFO_GET, device->handle, &info);
	if (rc == -ENOMEM)
		return rc;
	if (rc < 0)
		ctx_log(ctx, DPU_LOG_DEBUG, "%s: no info: %s", device->handle,
			info.message[0] ? info.message : strerror(-rc));
	eswitch.data = &mode;
	rc = ask(ctx, machine, DEVLINK_CMD_ESWITCH_GET, device->handle, &eswitch);
	if (rc == -ENOMEM)
		return rc;
	device->has_eswitch = rc == 0;
	return 0;
}

int devlink_devices(struct dpu_ctx *ctx, struct linux_provider *machine, const char *step,
		    struct fact_devlink **ret, size_t *count)
{
	struct devices devices = { .ctx = ctx };
	struct netlink_answer answer = { .object = add_device, .restart = forget_devices, .data = &devices };
	struct nl_msg *msg;
	size_t i;
	int rc;

	msg = new_message(machine->devlink_family, DEVLINK_CMD_GET, NLM_F_DUMP);
	if (!msg)
		return ctx_fail_nomem(ctx, step);
	rc = netlink_request(ctx, &machine->genl, msg, &answer);
	nlmsg_free(msg);
	for (i = 0; rc >= 0 && i < devices.count; i++)
		rc = ask_details(ctx, machine, &devices.items[i]);
	if (rc < 0) {
		forget_devices(&devices);
		return ctx_fail(ctx, rc, step, "DEVLINK_CMD_GET", "%s",
				answer.message[0] ? answer.message : strerror(-rc));
	}
	*ret = devices.items;
	*count = devices.count;
	return 0;
}

struct ports {
	struct dpu_ctx *ctx;
	struct fact_port *items;
	size_t count;
};

static int add_port(void *data, const struct nlmsghdr *nlh)
{
	struct ports *ports = data;
	struct fact_port port;
	int rc;

	if (!devlink_parse_port(nlh, &port))
		return 0;
	rc = ctx_grow(ports->ctx, &ports->items, ports->count, sizeof(port));
	if (rc < 0)
		return rc;
	ports->items[ports->count++] = port;
	return 0;
}

static void forget_ports(void *data)
{
	struct ports *ports = data;

	ctx_free(ports->ctx, ports->items);
	ports->items = NULL;
	ports->count = 0;
}

int devlink_ports(struct dpu_ctx *ctx, struct linux_provider *machine, const char *step,
		  struct fact_port **ret, size_t *count)
{
	struct ports ports = { .ctx = ctx };
	struct netlink_answer answer = { .object = add_port, .restart = forget_ports, .data = &ports };
	struct nl_msg *msg;
	int rc;

	msg = new_message(machine->devlink_family, DEVLINK_CMD_PORT_GET, NLM_F_DUMP);
	if (!msg)
		return ctx_fail_nomem(ctx, step);
	rc = netlink_request(ctx, &machine->genl, msg, &answer);
	nlmsg_free(msg);
	if (rc < 0) {
		forget_ports(&ports);
		return ctx_fail(ctx, rc, step, "DEVLINK_CMD_PORT_GET", "%s",
				answer.message[0] ? answer.message : strerror(-rc));
	}
	*ret = ports.items;
	*count = ports.count;
	return 0;
}

int devlink_eswitch_mode(struct dpu_ctx *ctx, struct linux_provider *machine, const char *handle,
			 uint16_t *ret)
{
	uint16_t mode = UINT16_MAX;
	struct netlink_answer answer = { .object = take_eswitch, .data = &mode };
	int rc;

	rc = ask(ctx, machine, DEVLINK_CMD_ESWITCH_GET, handle, &answer);
	if (rc < 0)
		return ctx_fail(ctx, rc, "eswitch_mode_get", handle, "%s",
				answer.message[0] ? answer.message : strerror(-rc));
	if (mode > DPU_ESWITCH_SWITCHDEV_INACTIVE)
		return ctx_fail(ctx, -EPROTO, "eswitch_mode_get", handle, "mode %u is none that is known",
				mode);
	*ret = mode;
	return 0;
}
