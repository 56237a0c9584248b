/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/genetlink.h>
#include <string.h>
#include "core/text.h"
#include "provider/linux/devlink.h"

bool devlink_attrs(const struct nlmsghdr *nlh, struct nlattr **attrs, int max)
{
	return netlink_parse(nlh, sizeof(struct genlmsghdr), attrs, max);
}

bool devlink_is_about(struct nlattr **attrs, const char *handle)
{
	char found[HANDLE_SIZE];

	return devlink_parse_handle(attrs, found) && (!handle || !strcmp(found, handle));
}

int devlink_each(const struct nlmsghdr *nlh, int (*visit)(void *data, const struct nlattr *attr), void *data)
{
	const size_t header = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct genlmsghdr));
	const struct nlattr *attr = (const void *)((const char *)nlh + header);
	int rest = nlh->nlmsg_len < header ? 0 : (int)(nlh->nlmsg_len - header);
	int rc;

	for (; nla_ok(attr, rest); attr = nla_next(attr, &rest)) {
		rc = visit(data, attr);
		if (rc < 0)
			return rc;
	}
	return 0;
}

bool devlink_parse_handle(struct nlattr **attrs, char handle[HANDLE_SIZE])
{
	char bus[HANDLE_SIZE], name[HANDLE_SIZE];

	if (!netlink_text(attrs[DEVLINK_ATTR_BUS_NAME], bus, sizeof(bus)) ||
	    !netlink_text(attrs[DEVLINK_ATTR_DEV_NAME], name, sizeof(name)) || !bus[0] || !name[0])
		return false;
	if (strlen(bus) + 1 + strlen(name) >= HANDLE_SIZE)
		return false;
	memcpy(handle, bus, strlen(bus));
	handle[strlen(bus)] = '/';
	memcpy(handle + strlen(bus) + 1, name, strlen(name) + 1);
	return true;
}

/* A value of bitfield32: what is selected is said, and is on when its bit is in value. */
static void parse_caps(const struct nlattr *attr, struct fact_port *port)
{
	const uint32_t all = DPU_FUNCTION_CAP_ROCE | DPU_FUNCTION_CAP_MIGRATABLE |
			     DPU_FUNCTION_CAP_IPSEC_CRYPTO | DPU_FUNCTION_CAP_IPSEC_PACKET;
	struct nla_bitfield32 caps;

	if (!attr || nla_len(attr) < (int)sizeof(caps))
		return;
	memcpy(&caps, nla_data(attr), sizeof(caps));
	port->known_caps |= caps.selector & all;
	port->caps |= caps.value & caps.selector & all;
}

static void parse_cap(const struct nlattr *attr, uint32_t cap, struct fact_port *port)
{
	uint8_t value;

	if (!netlink_u8(attr, &value))
		return;
	port->known_caps |= cap;
	if (value)
		port->caps |= cap;
}

/* The same numbers mean other things in each version of mlxdevm. */
static void parse_vendor_function(struct nlattr **attrs, enum devlink_abi abi, struct fact_port *port)
{
	if (abi == MLXDEVM_V1_ABI) {
		parse_cap(attrs[MLXDEVM_V1_FUNCTION_TRUST], DPU_FUNCTION_CAP_TRUST, port);
		parse_cap(attrs[MLXDEVM_V1_CAP_ROCE], DPU_FUNCTION_CAP_ROCE, port);
		netlink_u32(attrs[MLXDEVM_V1_CAP_UC_LIST], &port->max_uc_list);
		return;
	}
	parse_caps(attrs[DEVLINK_FUNCTION_CAPS], port);
	netlink_u32(attrs[DEVLINK_FUNCTION_MAX_IO_EQS], &port->max_io_eqs);
	if (abi != MLXDEVM_V2_ABI)
		return;
	parse_cap(attrs[MLXDEVM_FUNCTION_TRUST], DPU_FUNCTION_CAP_TRUST, port);
	netlink_u32(attrs[MLXDEVM_FUNCTION_UC_LIST], &port->max_uc_list);
}

static bool parse_function(const struct nlattr *nest, enum devlink_abi abi, struct fact_port *port)
{
	struct nlattr *attrs[MLXDEVM_FUNCTION_UC_LIST + 1], *handle[DEVLINK_ATTR_DEV_NAME + 1];
	/* mlxdevm's own are far behind devlink's. */
	const int max = abi == DEVLINK_ABI ? DEVLINK_FUNCTION_MAX_IO_EQS : MLXDEVM_FUNCTION_UC_LIST;
	const struct nlattr *hw_addr;

	if (!nest)
		return true;
	if (!netlink_parse_nested(nest, attrs, max))
		return false;
	hw_addr = attrs[DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR];
	/* An InfiniBand port's has 20 bytes, and is no MAC address. */
	if (hw_addr && nla_len(hw_addr) == sizeof(port->hw_addr)) {
		memcpy(port->hw_addr, nla_data(hw_addr), sizeof(port->hw_addr));
		port->has_hw_addr = true;
	}
	port->has_state = netlink_u8(attrs[DEVLINK_PORT_FN_ATTR_STATE], &port->state);
	port->has_opstate = netlink_u8(attrs[DEVLINK_PORT_FN_ATTR_OPSTATE], &port->opstate);
	parse_vendor_function(attrs, abi, port);
	if (abi != MLXDEVM_V1_ABI &&
	    netlink_parse_nested(attrs[DEVLINK_FUNCTION_DEVLINK], handle, DEVLINK_ATTR_DEV_NAME))
		devlink_parse_handle(handle, port->function_handle);
	return true;
}

bool devlink_parse_port(const struct nlmsghdr *nlh, enum devlink_abi abi, struct fact_port *port)
{
	struct nlattr *attrs[DEVLINK_PARSE_MAX + 1];
	uint8_t external = 0;
	uint16_t number;

	if (!devlink_attrs(nlh, attrs, DEVLINK_PARSE_MAX))
		return false;
	memset(port, 0, sizeof(*port));
	port->pfnum = port->vfnum = port->sfnum = DPU_PORT_NO_NUMBER;
	if (!devlink_parse_handle(attrs, port->handle) ||
	    !netlink_u32(attrs[DEVLINK_ATTR_PORT_INDEX], &port->index))
		return false;

	/* A driver that sets no flavour has ordinary ports; the kernel then sends no attribute. */
	port->flavour = DPU_PORT_PHYSICAL;
	if (netlink_u16(attrs[DEVLINK_ATTR_PORT_FLAVOUR], &number))
		port->flavour = number;
	netlink_u32(attrs[DEVLINK_ATTR_PORT_CONTROLLER_NUMBER], &port->controller);
	if (netlink_u16(attrs[DEVLINK_ATTR_PORT_PCI_PF_NUMBER], &number))
		port->pfnum = number;
	if (netlink_u16(attrs[DEVLINK_ATTR_PORT_PCI_VF_NUMBER], &number))
		port->vfnum = number;
	netlink_u32(attrs[DEVLINK_ATTR_PORT_PCI_SF_NUMBER], &port->sfnum);
	netlink_u8(attrs[DEVLINK_ATTR_PORT_EXTERNAL], &external);
	port->external = external != 0;
	netlink_u32(attrs[DEVLINK_ATTR_PORT_NETDEV_IFINDEX], &port->ifindex);
	netlink_text(attrs[DEVLINK_ATTR_PORT_NETDEV_NAME], port->netdev, sizeof(port->netdev));
	return parse_function(attrs[DEVLINK_ATTR_PORT_FUNCTION], abi, port);
}

static void parse_version(const struct nlattr *nest, struct fact_devlink *device, bool running)
{
	struct nlattr *attrs[DEVLINK_ATTR_INFO_VERSION_VALUE + 1];
	char name[32], value[32];

	if (!netlink_parse_nested(nest, attrs, DEVLINK_ATTR_INFO_VERSION_VALUE) ||
	    !netlink_text(attrs[DEVLINK_ATTR_INFO_VERSION_NAME], name, sizeof(name)) ||
	    !netlink_text(attrs[DEVLINK_ATTR_INFO_VERSION_VALUE], value, sizeof(value)))
		return;
	if (!strcmp(name, "fw.psid") && strlen(value) < sizeof(device->psid))
		text_copy(device->psid, sizeof(device->psid), value);
	/* "fw" is the whole image's version; "fw.version" says the same where both are. */
	if (running && (!strcmp(name, "fw.version") || (!strcmp(name, "fw") && !device->firmware_version[0])))
		text_copy(device->firmware_version, sizeof(device->firmware_version), value);
}

static int visit_version(void *data, const struct nlattr *attr)
{
	if (nla_type(attr) == DEVLINK_ATTR_INFO_VERSION_RUNNING)
		parse_version(attr, data, true);
	if (nla_type(attr) == DEVLINK_ATTR_INFO_VERSION_FIXED)
		parse_version(attr, data, false);
	return 0;
}

bool devlink_parse_info(const struct nlmsghdr *nlh, struct fact_devlink *device)
{
	struct nlattr *attrs[DEVLINK_PARSE_MAX + 1];

	if (!devlink_attrs(nlh, attrs, DEVLINK_PARSE_MAX) || !devlink_is_about(attrs, device->handle))
		return false;
	netlink_text(attrs[DEVLINK_ATTR_INFO_DRIVER_NAME], device->driver, sizeof(device->driver));
	netlink_text(attrs[DEVLINK_ATTR_INFO_SERIAL_NUMBER], device->serial_number,
		     sizeof(device->serial_number));
	netlink_text(attrs[DEVLINK_ATTR_INFO_BOARD_SERIAL_NUMBER], device->board_serial_number,
		     sizeof(device->board_serial_number));
	devlink_each(nlh, visit_version, device);
	return true;
}

bool devlink_parse_eswitch(const struct nlmsghdr *nlh, uint16_t *mode)
{
	struct nlattr *attrs[DEVLINK_PARSE_MAX + 1];

	return devlink_attrs(nlh, attrs, DEVLINK_PARSE_MAX) &&
	       netlink_u16(attrs[DEVLINK_ATTR_ESWITCH_MODE], mode);
}

/* The number of the multicast group "config", 0 for none. */
static uint32_t config_group(const struct nlattr *groups)
{
	struct nlattr *attrs[CTRL_ATTR_MCAST_GRP_ID + 1];
	const struct nlattr *group = groups ? nla_data(groups) : NULL;
	int rest = groups ? nla_len(groups) : 0;
	uint32_t id = 0;
	char name[16];

	for (; group && nla_ok(group, rest); group = nla_next(group, &rest)) {
		if (netlink_parse_nested(group, attrs, CTRL_ATTR_MCAST_GRP_ID) &&
		    netlink_text(attrs[CTRL_ATTR_MCAST_GRP_NAME], name, sizeof(name)) &&
		    !strcmp(name, "config") && netlink_u32(attrs[CTRL_ATTR_MCAST_GRP_ID], &id))
			return id;
	}
	return 0;
}

bool devlink_parse_family(const struct nlmsghdr *nlh, struct linux_family *family, char name[GENL_NAMSIZ])
{
	struct nlattr *attrs[CTRL_ATTR_MCAST_GROUPS + 1];

	*family = (struct linux_family){ .id = 0 };
	if (!devlink_attrs(nlh, attrs, CTRL_ATTR_MCAST_GROUPS) ||
	    !netlink_u16(attrs[CTRL_ATTR_FAMILY_ID], &family->id) ||
	    !netlink_text(attrs[CTRL_ATTR_FAMILY_NAME], name, GENL_NAMSIZ))
		return false;
	family->config = config_group(attrs[CTRL_ATTR_MCAST_GROUPS]);
	return true;
}

bool devlink_parse_health(const struct nlmsghdr *nlh, char handle[HANDLE_SIZE], struct dpu_health *health)
{
	struct nlattr *attrs[DEVLINK_PARSE_MAX + 1], *nested[DEVLINK_PARSE_MAX + 1];
	uint8_t flag = 0;

	if (!devlink_attrs(nlh, attrs, DEVLINK_PARSE_MAX) || !devlink_parse_handle(attrs, handle) ||
	    !netlink_parse_nested(attrs[DEVLINK_ATTR_HEALTH_REPORTER], nested, DEVLINK_PARSE_MAX))
		return false;
	*health = (struct dpu_health){ .port = DPU_PORT_NO_NUMBER };
	if (!netlink_text(nested[DEVLINK_ATTR_HEALTH_REPORTER_NAME], health->name, sizeof(health->name)))
		return false;
	netlink_u32(attrs[DEVLINK_ATTR_PORT_INDEX], &health->port);
	netlink_u64(nested[DEVLINK_ATTR_HEALTH_REPORTER_ERR_COUNT], &health->errors);
	netlink_u64(nested[DEVLINK_ATTR_HEALTH_REPORTER_RECOVER_COUNT], &health->recoveries);
	netlink_u64(nested[DEVLINK_ATTR_HEALTH_REPORTER_GRACEFUL_PERIOD], &health->grace_period_ms);
	if (netlink_u8(nested[DEVLINK_ATTR_HEALTH_REPORTER_STATE], &flag))
		health->state = flag;
	if (netlink_u8(nested[DEVLINK_ATTR_HEALTH_REPORTER_AUTO_RECOVER], &flag))
		health->auto_recover = flag != 0;
	if (netlink_u8(nested[DEVLINK_ATTR_HEALTH_REPORTER_AUTO_DUMP], &flag))
		health->auto_dump = flag != 0;
	return true;
}
