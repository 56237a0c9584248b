/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of an e-switch and the functions behind them. What devlink's driver does not do for a port, the
 * vendor's own family may. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "provider/linux/devlink.h"

struct ports {
	struct dpu_ctx *ctx;
	const char *handle; /* NULL: of any */
	enum devlink_abi abi;
	struct fact_port *items;
	size_t count;
};

static int add(struct ports *ports, const struct fact_port *port)
{
	return ctx_append(ports->ctx, ports->items, ports->count, *port);
}

/* A device whose name does not fit is one that nobody could ask for; anything else that is not understood is
 * an error. */
static bool is_unaskable(const struct nlmsghdr *nlh)
{
	struct nlattr *attrs[DEVLINK_ATTR_DEV_NAME + 1];
	char handle[HANDLE_SIZE];

	return devlink_attrs(nlh, attrs, DEVLINK_ATTR_DEV_NAME) && attrs[DEVLINK_ATTR_BUS_NAME] &&
	       attrs[DEVLINK_ATTR_DEV_NAME] && !devlink_parse_handle(attrs, handle);
}

static int add_port(void *data, const struct nlmsghdr *nlh)
{
	struct ports *ports = data;
	struct fact_port *port;
	int rc;

	rc = ctx_grow(ports->ctx, &ports->items, ports->count, sizeof(ports->items[0]));
	if (rc < 0)
		return rc;
	port = &ports->items[ports->count];
	if (!devlink_parse_port(nlh, ports->abi, port))
		return is_unaskable(nlh) ? 0 : -EBADMSG;
	if (!ports->handle || !strcmp(port->handle, ports->handle))
		ports->count++;
	return 0;
}

static void forget_ports(void *data)
{
	struct ports *ports = data;

	ctx_free(ports->ctx, ports->items);
	ports->items = NULL;
	ports->count = 0;
}

static int dump(const struct linux_family *family, const char *step, struct ports *ports)
{
	struct netlink_answer answer = { .object = add_port, .restart = forget_ports, .data = ports };

	ports->abi = (enum devlink_abi)family->abi;
	return devlink_ask(ports->ctx, devlink_dump(family, DEVLINK_CMD_PORT_GET, ports->handle), &answer,
			   step, "DEVLINK_CMD_PORT_GET");
}

static void supplement(struct fact_port *known, const struct fact_port *port)
{
	known->caps |= port->caps & ~known->known_caps;
	known->known_caps |= port->known_caps;
	known->max_uc_list = port->max_uc_list;
}

/* What the vendor's family says beside devlink of ports that both know, and those that it alone knows. */
static int merge(struct ports *ports, const struct ports *vendor)
{
	const size_t known = ports->count;
	const struct fact_port *port;
	size_t i, k;
	int rc = 0;

	for (i = 0; i < vendor->count && rc == 0; i++) {
		port = &vendor->items[i];
		/* Both tell of them in the same order. */
		for (k = 0; k < known; k++) {
			struct fact_port *own = &ports->items[(i + k) % known];

			if (own->index == port->index && !strcmp(own->handle, port->handle)) {
				supplement(own, port);
				break;
			}
		}
		if (k == known)
			rc = add(ports, port);
	}
	return rc;
}

int devlink_ports(struct dpu_ctx *ctx, struct linux_provider *machine, const char *step, const char *handle,
		  struct fact_port **ret, size_t *count)
{
	struct ports ports = { .ctx = ctx, .handle = handle }, vendor = ports;
	int rc;

	rc = dump(&machine->devlink, step, &ports);
	if (rc == 0 && machine->mlxdevm.id) {
		rc = dump(&machine->mlxdevm, step, &vendor);
		if (rc == 0 && merge(&ports, &vendor) < 0)
			rc = ctx_fail_nomem(ctx, step);
		forget_ports(&vendor);
	}
	if (rc < 0) {
		forget_ports(&ports);
		return rc;
	}
	*ret = ports.items;
	*count = ports.count;
	return 0;
}

struct one_port {
	enum devlink_abi abi;
	struct fact_port *port;
};

static int take_port(void *data, const struct nlmsghdr *nlh)
{
	struct one_port *one = data;

	return devlink_parse_port(nlh, one->abi, one->port) ? 0 : -EBADMSG;
}

static int ask_port(struct dpu_ctx *ctx, const struct linux_family *family, const char *step,
		    const char *handle, uint32_t index, struct fact_port *port)
{
	struct one_port one = { .abi = (enum devlink_abi)family->abi, .port = port };
	struct netlink_answer answer = { .object = take_port, .data = &one };
	struct nl_msg *msg;

	msg = devlink_request(family, DEVLINK_CMD_PORT_GET, handle, 0);
	devlink_put_u32(&msg, DEVLINK_ATTR_PORT_INDEX, index);
	return devlink_ask(ctx, msg, &answer, step, NULL);
}

int devlink_port(struct dpu_ctx *ctx, struct linux_provider *machine, const char *step, const char *handle,
		 uint32_t index, struct fact_port *port)
{
	struct fact_port vendor;
	struct dpu_error error;
	int rc;

	rc = ask_port(ctx, &machine->devlink, step, handle, index, port);
	if ((rc < 0 && rc != -ENODEV) || !machine->mlxdevm.id)
		return rc;
	if (rc == -ENODEV)
		return ask_port(ctx, &machine->mlxdevm, step, handle, index, port);
	error = ctx->error;
	if (ask_port(ctx, &machine->mlxdevm, step, handle, index, &vendor) == 0)
		supplement(port, &vendor);
	ctx->error = error;
	return 0;
}

/* A request about a port, made for each family that may take it. */
struct change {
	const char *step;
	const char *handle;
	uint32_t port;
	uint8_t command;
	int attr; /* in the function's nest; 0 for none */
	const void *value;
	size_t len;
};

static int send_change(struct dpu_ctx *ctx, const struct linux_family *family, const struct change *change)
{
	struct nlattr *nest = NULL;
	struct nl_msg *msg;

	msg = devlink_request(family, change->command, change->handle, 0);
	devlink_put_u32(&msg, DEVLINK_ATTR_PORT_INDEX, change->port);
	if (change->attr && msg) {
		nest = nla_nest_start(msg, DEVLINK_ATTR_PORT_FUNCTION);
		devlink_put(&msg, change->attr, change->value, change->len);
		if (msg && nest)
			nla_nest_end(msg, nest);
	}
	return devlink_do(ctx, msg, change->step, NULL);
}

/* What devlink's driver cannot do, or does not know, is the vendor's family's; when that cannot either,
 * devlink's words stand. */
static int send_to_either(struct dpu_ctx *ctx, const struct change *change)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct dpu_error error;
	int rc;

	rc = devlink_need(ctx, change->step, change->handle);
	if (rc < 0)
		return rc;
	rc = send_change(ctx, &machine->devlink, change);
	if ((rc != -EOPNOTSUPP && rc != -ENODEV) || !machine->mlxdevm.id)
		return rc;
	/* To the older mlxdevm the later numbers mean other things. */
	if (machine->mlxdevm.abi == MLXDEVM_V1_ABI && change->attr >= DEVLINK_FUNCTION_CAPS)
		return rc;
	error = ctx->error;
	if (send_change(ctx, &machine->mlxdevm, change) == 0)
		return 0;
	if (dpu_error_code(&ctx->error) == -EOPNOTSUPP)
		ctx->error = error;
	return dpu_error_code(&ctx->error);
}

struct new_port {
	uint32_t index;
	uint32_t ifindex;
};

static int take_new_port(void *data, const struct nlmsghdr *nlh)
{
	struct nlattr *attrs[DEVLINK_ATTR_PORT_NETDEV_IFINDEX + 1];
	struct new_port *port = data;

	if (!devlink_attrs(nlh, attrs, DEVLINK_ATTR_PORT_NETDEV_IFINDEX) ||
	    !netlink_u32(attrs[DEVLINK_ATTR_PORT_INDEX], &port->index))
		return -EBADMSG;
	netlink_u32(attrs[DEVLINK_ATTR_PORT_NETDEV_IFINDEX], &port->ifindex);
	return 0;
}

static int add_sf(struct dpu_ctx *ctx, const struct linux_family *family, const char *handle,
		  uint32_t controller, uint32_t pfnum, uint32_t sfnum, struct new_port *port)
{
	struct netlink_answer answer = { .object = take_new_port, .data = port };
	struct nl_msg *msg;
	char object[32];
	int rc;

	snprintf(object, sizeof(object), "sfnum %" PRIu32, sfnum);
	msg = devlink_request(family, DEVLINK_CMD_PORT_NEW, handle, 0);
	devlink_put_u16(&msg, DEVLINK_ATTR_PORT_FLAVOUR, DPU_PORT_PCISF);
	devlink_put_u16(&msg, DEVLINK_ATTR_PORT_PCI_PF_NUMBER, (uint16_t)pfnum);
	devlink_put_u32(&msg, DEVLINK_ATTR_PORT_PCI_SF_NUMBER, sfnum);
	/* Absent is the DPU's own, also to drivers that know no other. */
	if (controller)
		devlink_put_u32(&msg, DEVLINK_ATTR_PORT_CONTROLLER_NUMBER, controller);
	rc = devlink_ask(ctx, msg, &answer, "sf_add", object);
	if (rc == -EEXIST)
		ctx_hint(ctx, "list the SFs to see the numbers that are taken");
	if (rc == 0 && port->index == DPU_PORT_NO_NUMBER)
		return ctx_fail(ctx, -EPROTO, "sf_add", object, "the kernel did not say which port it made");
	return rc;
}

int devlink_sf_add(struct dpu_ctx *ctx, const char *handle, uint32_t controller, uint32_t pfnum,
		   uint32_t sfnum, uint32_t *port, uint32_t *ifindex)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct new_port made = { .index = DPU_PORT_NO_NUMBER };
	struct dpu_error error;
	int rc;

	rc = devlink_need(ctx, "sf_add", handle);
	if (rc < 0)
		return rc;
	if (pfnum > UINT16_MAX)
		return ctx_fail(ctx, -EINVAL, "sf_add", handle, "PF number %" PRIu32, pfnum);
	rc = add_sf(ctx, &machine->devlink, handle, controller, pfnum, sfnum, &made);
	if (rc == -EOPNOTSUPP && machine->mlxdevm.id) {
		error = ctx->error;
		rc = add_sf(ctx, &machine->mlxdevm, handle, controller, pfnum, sfnum, &made);
		if (rc == -EOPNOTSUPP)
			ctx->error = error;
	}
	if (rc < 0)
		return rc;
	*port = made.index;
	*ifindex = made.ifindex;
	return 0;
}

int devlink_sf_delete(struct dpu_ctx *ctx, const char *handle, uint32_t port)
{
	const struct change change = {
		.step = "sf_delete",
		.handle = handle,
		.port = port,
		.command = DEVLINK_CMD_PORT_DEL,
	};

	return send_to_either(ctx, &change);
}

static int set_function(struct dpu_ctx *ctx, const char *step, const char *handle, uint32_t port, int attr,
			const void *value, size_t len)
{
	const struct change change = {
		.step = step,
		.handle = handle,
		.port = port,
		.command = DEVLINK_CMD_PORT_SET,
		.attr = attr,
		.value = value,
		.len = len,
	};

	return send_to_either(ctx, &change);
}

int devlink_sf_activate(struct dpu_ctx *ctx, const char *handle, uint32_t port)
{
	const uint8_t active = DPU_FUNCTION_ACTIVE;

	return set_function(ctx, "sf_activate", handle, port, DEVLINK_PORT_FN_ATTR_STATE, &active,
			    sizeof(active));
}

int devlink_sf_deactivate(struct dpu_ctx *ctx, const char *handle, uint32_t port)
{
	const uint8_t inactive = DPU_FUNCTION_INACTIVE;

	return set_function(ctx, "sf_deactivate", handle, port, DEVLINK_PORT_FN_ATTR_STATE, &inactive,
			    sizeof(inactive));
}

int devlink_function_set_hw_addr(struct dpu_ctx *ctx, const char *handle, uint32_t port,
				 const uint8_t hw_addr[6])
{
	return set_function(ctx, "function_set_hw_addr", handle, port, DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR,
			    hw_addr, 6);
}

/* To an older kernel the attribute is malformed. That it does not have it shows in what it says of the port.
 */
static int explain_unknown(struct dpu_ctx *ctx, int rc, const char *step, const char *handle, uint32_t index,
			   uint32_t caps)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct dpu_error error = ctx->error;
	struct fact_port port;
	char object[96];

	if (rc != -EINVAL)
		return rc;
	if (devlink_port(ctx, machine, step, handle, index, &port) == 0 &&
	    !(caps ? port.known_caps & caps : port.max_io_eqs)) {
		port_format(handle, index, object, sizeof(object));
		return ctx_fail(ctx, -EOPNOTSUPP, step, object, "neither the kernel nor the driver has this");
	}
	ctx->error = error;
	return rc;
}

int devlink_function_set_max_io_eqs(struct dpu_ctx *ctx, const char *handle, uint32_t port, uint32_t count)
{
	static const char step[] = "function_set_max_io_eqs";
	int rc;

	rc = set_function(ctx, step, handle, port, DEVLINK_FUNCTION_MAX_IO_EQS, &count, sizeof(count));
	return explain_unknown(ctx, rc, step, handle, port, 0);
}

/* The older mlxdevm sets capabilities by a command of its own, in a nest of its own. */
static int set_vendor_cap(struct dpu_ctx *ctx, const char *step, const char *handle, uint32_t port, int attr,
			  const void *value, size_t len)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct nlattr *nest = NULL;
	struct nl_msg *msg;

	msg = devlink_request(&machine->mlxdevm, MLXDEVM_V1_CAP_SET, handle, 0);
	devlink_put_u32(&msg, DEVLINK_ATTR_PORT_INDEX, port);
	if (msg)
		nest = nla_nest_start(msg, MLXDEVM_V1_PORT_FN_CAP);
	devlink_put(&msg, attr, value, len);
	if (msg && nest)
		nla_nest_end(msg, nest);
	return devlink_do(ctx, msg, step, NULL);
}

/* What only the vendor's family has. The number is the newer version's; trust is another one in the older,
 * and no capability there. */
static int set_vendor(struct dpu_ctx *ctx, const char *step, const char *handle, uint32_t port, int attr,
		      const void *value, size_t len)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct change change = {
		.step = step,
		.handle = handle,
		.port = port,
		.command = DEVLINK_CMD_PORT_SET,
		.attr = attr,
		.value = value,
		.len = len,
	};

	if (!machine->mlxdevm.id)
		return ctx_fail(ctx, -EOPNOTSUPP, step, handle, "only mlxdevm has this, and it is not there");
	if (machine->mlxdevm.abi == MLXDEVM_V1_ABI && attr == MLXDEVM_FUNCTION_UC_LIST)
		return set_vendor_cap(ctx, step, handle, port, MLXDEVM_V1_CAP_UC_LIST, value, len);
	if (machine->mlxdevm.abi == MLXDEVM_V1_ABI)
		change.attr = MLXDEVM_V1_FUNCTION_TRUST;
	return send_change(ctx, &machine->mlxdevm, &change);
}

int devlink_function_set_max_uc_list(struct dpu_ctx *ctx, const char *handle, uint32_t port, uint32_t count)
{
	return set_vendor(ctx, "function_set_max_uc_list", handle, port, MLXDEVM_FUNCTION_UC_LIST, &count,
			  sizeof(count));
}

static int set_devlink_caps(struct dpu_ctx *ctx, const char *handle, uint32_t port, uint32_t set,
			    uint32_t caps)
{
	const struct nla_bitfield32 value = { .selector = set, .value = caps & set };
	const uint8_t roce = caps & DPU_FUNCTION_CAP_ROCE ? 1 : 0;
	struct linux_provider *machine = linux_provider(ctx);
	int rc;

	rc = set_function(ctx, "function_set_caps", handle, port, DEVLINK_FUNCTION_CAPS, &value,
			  sizeof(value));
	rc = explain_unknown(ctx, rc, "function_set_caps", handle, port, set);
	if (rc != -EOPNOTSUPP || machine->mlxdevm.abi != MLXDEVM_V1_ABI || set != DPU_FUNCTION_CAP_ROCE)
		return rc;
	return set_vendor_cap(ctx, "function_set_caps", handle, port, MLXDEVM_V1_CAP_ROCE, &roce,
			      sizeof(roce));
}

int devlink_function_set_caps(struct dpu_ctx *ctx, const char *handle, uint32_t port, uint32_t set,
			      uint32_t caps)
{
	const uint8_t trust = caps & DPU_FUNCTION_CAP_TRUST ? 1 : 0, old = !trust;
	const uint32_t common = set & ~(uint32_t)DPU_FUNCTION_CAP_TRUST;
	struct dpu_error error;
	int rc = 0;

	if (set & DPU_FUNCTION_CAP_TRUST)
		rc = set_vendor(ctx, "function_set_caps", handle, port, MLXDEVM_FUNCTION_TRUST, &trust,
				sizeof(trust));
	if (rc < 0 || !common)
		return rc;
	rc = set_devlink_caps(ctx, handle, port, common, caps & common);
	if (rc < 0 && set & DPU_FUNCTION_CAP_TRUST) {
		error = ctx->error;
		set_vendor(ctx, "function_set_caps", handle, port, MLXDEVM_FUNCTION_TRUST, &old, sizeof(old));
		ctx->error = error;
	}
	return rc;
}
