/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The family itself: finding it, putting requests together, and its instances. */
#include <errno.h>
#include <linux/genetlink.h>
#include <netlink/genl/genl.h>
#include <stdio.h>
#include <string.h>
#include "core/text.h"
#include "provider/linux/devlink.h"

enum {
	/* A request names objects; the largest has a few names of 64 bytes. */
	REQUEST_SIZE = 1024,
};

struct nl_msg *devlink_request(const struct linux_family *family, uint8_t command, const char *handle,
			       int flags)
{
	size_t bus_len = handle ? strcspn(handle, "/") : 0;
	char bus[HANDLE_SIZE] = "";
	struct nl_msg *msg;

	msg = nlmsg_alloc_size(REQUEST_SIZE);
	if (msg && !genlmsg_put(msg, 0, NL_AUTO_SEQ, family->id, 0, flags, command, 1)) {
		nlmsg_free(msg);
		return NULL;
	}
	if (!handle)
		return msg;
	memcpy(bus, handle, bus_len < sizeof(bus) ? bus_len : sizeof(bus) - 1);
	devlink_put_text(&msg, DEVLINK_ATTR_BUS_NAME, bus);
	devlink_put_text(&msg, DEVLINK_ATTR_DEV_NAME, handle + bus_len + (handle[bus_len] == '/'));
	return msg;
}

struct nl_msg *devlink_dump(const struct linux_family *family, uint8_t command, const char *handle)
{
	return devlink_request(family, command, handle, NLM_F_DUMP);
}

void devlink_put(struct nl_msg **msg, int attr, const void *value, size_t len)
{
	if (*msg && nla_put(*msg, attr, (int)len, value) < 0) {
		nlmsg_free(*msg);
		*msg = NULL;
	}
}

void devlink_put_text(struct nl_msg **msg, int attr, const char *text)
{
	devlink_put(msg, attr, text, strlen(text) + 1);
}

void devlink_put_u8(struct nl_msg **msg, int attr, uint8_t value)
{
	devlink_put(msg, attr, &value, sizeof(value));
}

void devlink_put_u16(struct nl_msg **msg, int attr, uint16_t value)
{
	devlink_put(msg, attr, &value, sizeof(value));
}

void devlink_put_u32(struct nl_msg **msg, int attr, uint32_t value)
{
	devlink_put(msg, attr, &value, sizeof(value));
}

void devlink_put_u64(struct nl_msg **msg, int attr, uint64_t value)
{
	devlink_put(msg, attr, &value, sizeof(value));
}

static bool is_device(struct dpu_ctx *ctx, const char *handle)
{
	char path[SYSFS_PATH_SIZE];

	return sysfs_device_path(&linux_provider(ctx)->sysfs, handle, "uevent", path);
}

/* True when the device that a refused request was about is there, but has no devlink instance. Its ports,
 * which there were then, have gone with that. */
static bool lacks_instance(struct dpu_ctx *ctx, struct nl_msg *msg, bool *had_ports)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct netlink_answer answer = { .object = NULL };
	struct nlattr *attrs[DEVLINK_ATTR_PORT_INDEX + 1];
	char handle[HANDLE_SIZE];
	int rc;

	if (!devlink_attrs(nlmsg_hdr(msg), attrs, DEVLINK_ATTR_PORT_INDEX) ||
	    !devlink_parse_handle(attrs, handle) || !is_device(ctx, handle))
		return false;
	*had_ports = attrs[DEVLINK_ATTR_PORT_INDEX] != NULL;
	msg = devlink_request(&machine->devlink, DEVLINK_CMD_GET, handle, 0);
	rc = msg ? netlink_request(ctx, &machine->genl, msg, &answer) : -ENOMEM;
	nlmsg_free(msg);
	return rc == -ENODEV;
}

/* What a request is about: "pci/0000:03:00.0", or a port of it. */
static void name_object(struct nl_msg *msg, char text[96])
{
	struct nlattr *attrs[DEVLINK_ATTR_PORT_INDEX + 1];
	char handle[HANDLE_SIZE];
	uint32_t port;

	text[0] = '\0';
	if (!devlink_attrs(nlmsg_hdr(msg), attrs, DEVLINK_ATTR_PORT_INDEX) ||
	    !devlink_parse_handle(attrs, handle))
		return;
	if (netlink_u32(attrs[DEVLINK_ATTR_PORT_INDEX], &port))
		port_format(handle, port, text, 96);
	else
		text_copy(text, 96, handle);
}

int devlink_ask(struct dpu_ctx *ctx, struct nl_msg *msg, struct netlink_answer *answer, const char *step,
		const char *object)
{
	char name[96] = "";
	bool had_ports;
	int rc;

	if (!msg)
		return ctx_fail_nomem(ctx, step);
	rc = netlink_request(ctx, &linux_provider(ctx)->genl, msg, answer);
	if (rc == -ENODEV && !answer->message[0] && lacks_instance(ctx, msg, &had_ports)) {
		rc = had_ports ? -ENODEV : -EOPNOTSUPP;
		snprintf(answer->message, sizeof(answer->message), "%s",
			 had_ports ? "the device's devlink instance has gone"
				   : "the device has no devlink instance");
	}
	if (rc < 0 && !object)
		name_object(msg, name);
	nlmsg_free(msg);
	return rc < 0 ? netlink_fail(ctx, rc, answer, step, object ? object : name) : 0;
}

int devlink_do(struct dpu_ctx *ctx, struct nl_msg *msg, const char *step, const char *object)
{
	struct netlink_answer answer = { .object = NULL };

	return devlink_ask(ctx, msg, &answer, step, object);
}

struct families {
	struct linux_family devlink;
	struct linux_family mlxdevm;
};

static int take_family(void *data, const struct nlmsghdr *nlh)
{
	struct families *families = data;
	struct linux_family family;
	char name[GENL_NAMSIZ];

	if (!devlink_parse_family(nlh, &family, name))
		return -EBADMSG;
	if (!strcmp(name, DEVLINK_GENL_NAME)) {
		families->devlink = family;
		families->devlink.abi = DEVLINK_ABI;
	} else if (!strcmp(name, "mlxdevm")) {
		families->mlxdevm = family;
		/* The older one has no events. */
		families->mlxdevm.abi = family.config ? MLXDEVM_V2_ABI : MLXDEVM_V1_ABI;
	}
	return 0;
}

/* To ask for a family by its name makes the kernel start modprobe for one that is not there; to ask for all
 * does not. */
int devlink_present(struct dpu_ctx *ctx, struct linux_provider *machine)
{
	static const struct linux_family control = { .id = GENL_ID_CTRL };
	char *reason = machine->facility_reason[DPU_FACILITY_DEVLINK];
	const size_t reason_size = sizeof(machine->facility_reason[0]);
	struct families families = { .devlink = { .id = 0 } };
	struct netlink_answer answer = { .object = take_family, .data = &families };
	struct nl_msg *msg;
	int rc;

	if (machine->devlink.id)
		return 1;
	if (machine->genl.fd < 0)
		return 0;
	msg = devlink_dump(&control, CTRL_CMD_GETFAMILY, NULL);
	rc = msg ? netlink_request(ctx, &machine->genl, msg, &answer) : -ENOMEM;
	nlmsg_free(msg);
	if (rc == -ENOMEM)
		return rc;
	if (rc < 0)
		snprintf(reason, reason_size, "devlink cannot be asked: %.100s",
			 answer.message[0] ? answer.message : strerror(-rc));
	else if (!families.devlink.id)
		snprintf(reason, reason_size, "the kernel has no devlink (CONFIG_NET_DEVLINK)");
	if (rc < 0 || !families.devlink.id)
		return 0;
	machine->devlink = families.devlink;
	machine->mlxdevm = families.mlxdevm;
	return 1;
}

int devlink_need(struct dpu_ctx *ctx, const char *step, const char *handle)
{
	struct linux_provider *machine = linux_provider(ctx);
	int rc;

	rc = devlink_present(ctx, machine);
	if (rc < 0)
		return ctx_fail_nomem(ctx, step);
	if (rc)
		return 0;
	if (!is_device(ctx, handle))
		return ctx_fail(ctx, -ENODEV, step, handle, "no such device");
	return ctx_fail(ctx, -EOPNOTSUPP, step, handle, "%s", machine->facility_reason[DPU_FACILITY_DEVLINK]);
}

struct devices {
	struct dpu_ctx *ctx;
	struct fact_devlink *items;
	size_t count;
	bool (*is_part)(const void *data, const char *handle);
	const void *data;
};

static int add_device(void *data, const struct nlmsghdr *nlh)
{
	struct nlattr *attrs[DEVLINK_ATTR_DEV_NAME + 1];
	struct devices *devices = data;
	char handle[HANDLE_SIZE];
	int rc;

	/* A name that does not fit is a device that nobody could ask for. */
	if (!devlink_attrs(nlh, attrs, DEVLINK_ATTR_DEV_NAME))
		return -EBADMSG;
	if (!devlink_parse_handle(attrs, handle) || devices->is_part(devices->data, handle))
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

static int ask_one(struct dpu_ctx *ctx, struct linux_provider *machine, uint8_t command, const char *handle,
		   struct netlink_answer *answer)
{
	struct nl_msg *msg;
	int rc;

	msg = devlink_request(&machine->devlink, command, handle, 0);
	rc = msg ? netlink_request(ctx, &machine->genl, msg, answer) : -ENOMEM;
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

	rc = ask_one(ctx, machine, DEVLINK_CMD_INFO_GET, device->handle, &info);
	if (rc == -ENOMEM)
		return rc;
	if (rc < 0)
		ctx_log(ctx, DPU_LOG_DEBUG, "%s: no info: %s", device->handle,
			info.message[0] ? info.message : strerror(-rc));
	eswitch.data = &mode;
	rc = ask_one(ctx, machine, DEVLINK_CMD_ESWITCH_GET, device->handle, &eswitch);
	device->has_eswitch = rc == 0;
	return rc == -ENOMEM ? rc : 0;
}

int devlink_devices(struct dpu_ctx *ctx, struct linux_provider *machine, const char *step, bool details,
		    bool (*is_part)(const void *data, const char *handle), const void *data,
		    struct fact_devlink **ret, size_t *count)
{
	struct devices devices = { .ctx = ctx, .is_part = is_part, .data = data };
	struct netlink_answer answer = { .object = add_device, .restart = forget_devices, .data = &devices };
	size_t i;
	int rc;

	rc = devlink_ask(ctx, devlink_dump(&machine->devlink, DEVLINK_CMD_GET, NULL), &answer, step,
			 "DEVLINK_CMD_GET");
	for (i = 0; rc == 0 && details && i < devices.count; i++) {
		if (ask_details(ctx, machine, &devices.items[i]) < 0)
			rc = ctx_fail_nomem(ctx, step);
	}
	if (rc < 0) {
		forget_devices(&devices);
		return rc;
	}
	*ret = devices.items;
	*count = devices.count;
	return 0;
}

struct versions {
	struct dpu_ctx *ctx;
	const char *handle;
	struct dpu_device_version *items;
	size_t count;
};

static int add_version(void *data, const struct nlattr *attr)
{
	struct nlattr *attrs[DEVLINK_ATTR_INFO_VERSION_VALUE + 1];
	struct versions *versions = data;
	struct dpu_device_version version = { .reserved = 0 };

	switch (nla_type(attr)) {
	case DEVLINK_ATTR_INFO_VERSION_FIXED:
		version.kind = DPU_VERSION_FIXED;
		break;
	case DEVLINK_ATTR_INFO_VERSION_RUNNING:
		version.kind = DPU_VERSION_RUNNING;
		break;
	case DEVLINK_ATTR_INFO_VERSION_STORED:
		version.kind = DPU_VERSION_STORED;
		break;
	default:
		return 0;
	}
	if (!netlink_parse_nested(attr, attrs, DEVLINK_ATTR_INFO_VERSION_VALUE) ||
	    !netlink_text(attrs[DEVLINK_ATTR_INFO_VERSION_NAME], version.name, sizeof(version.name)) ||
	    !netlink_text(attrs[DEVLINK_ATTR_INFO_VERSION_VALUE], version.value, sizeof(version.value)))
		return 0;
	return ctx_append(versions->ctx, versions->items, versions->count, version);
}

static int take_versions(void *data, const struct nlmsghdr *nlh)
{
	struct nlattr *attrs[DEVLINK_ATTR_DEV_NAME + 1];
	struct versions *versions = data;

	if (!devlink_attrs(nlh, attrs, DEVLINK_ATTR_DEV_NAME) || !devlink_is_about(attrs, versions->handle))
		return -EBADMSG;
	return devlink_each(nlh, add_version, versions);
}

int devlink_versions(struct dpu_ctx *ctx, const char *handle, struct dpu_device_version **ret, size_t *count)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct versions versions = { .ctx = ctx, .handle = handle };
	struct netlink_answer answer = { .object = take_versions, .data = &versions };
	int rc;

	rc = devlink_need(ctx, "versions", handle);
	if (rc < 0)
		return rc;
	rc = devlink_ask(ctx, devlink_request(&machine->devlink, DEVLINK_CMD_INFO_GET, handle, 0), &answer,
			 "versions", handle);
	if (rc < 0) {
		ctx_free(ctx, versions.items);
		return rc;
	}
	*ret = versions.items;
	*count = versions.count;
	return 0;
}
