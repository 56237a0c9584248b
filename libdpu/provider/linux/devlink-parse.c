/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/genetlink.h>
#include <string.h>
#include "core/text.h"
#include "provider/linux/devlink.h"

static bool parse(const struct nlmsghdr *nlh, struct nlattr **attrs, int max)
{
	return netlink_parse(nlh, sizeof(struct genlmsghdr), attrs, max);
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

static void parse_function(const struct nlattr *nest, struct fact_port *port)
{
	struct nlattr *attrs[DEVLINK_FUNCTION_DEVLINK + 1], *handle[DEVLINK_ATTR_DEV_NAME + 1];
	const struct nlattr *hw_addr;

	if (!netlink_parse_nested(nest, attrs, DEVLINK_FUNCTION_DEVLINK))
		return;
	hw_addr = attrs[DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR];
	/* An InfiniBand port's has 20 bytes, and is no MAC address. */
	if (hw_addr && nla_len(hw_addr) == sizeof(port->hw_addr)) {
		memcpy(port->hw_addr, nla_data(hw_addr), sizeof(port->hw_addr));
		port->has_hw_addr = true;
	}
	port->has_state = netlink_u8(attrs[DEVLINK_PORT_FN_ATTR_STATE], &port->state);
	port->has_opstate = netlink_u8(attrs[DEVLINK_PORT_FN_ATTR_OPSTATE], &port->opstate);
	if (netlink_parse_nested(attrs[DEVLINK_FUNCTION_DEVLINK], handle, DEVLINK_ATTR_DEV_NAME))
		devlink_parse_handle(handle, port->function_handle);
}

bool devlink_parse_port(const struct nlmsghdr *nlh, struct fact_port *port)
{
	struct nlattr *attrs[DEVLINK_PARSE_MAX + 1];
	uint8_t external = 0;
	uint16_t number;

	if (!parse(nlh, attrs, DEVLINK_PARSE_MAX))
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
	parse_function(attrs[DEVLINK_ATTR_PORT_FUNCTION], port);
	return true;
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

bool devlink_parse_info(const struct nlmsghdr *nlh, struct fact_devlink *device)
{
	const size_t header = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct genlmsghdr));
	struct nlattr *attrs[DEVLINK_PARSE_MAX + 1];
	const struct nlattr *attr;
	char handle[HANDLE_SIZE];
	int rest;

	if (!parse(nlh, attrs, DEVLINK_PARSE_MAX) || !devlink_parse_handle(attrs, handle) ||
	    strcmp(handle, device->handle) != 0)
		return false;
	netlink_text(attrs[DEVLINK_ATTR_INFO_DRIVER_NAME], device->driver, sizeof(device->driver));
	netlink_text(attrs[DEVLINK_ATTR_INFO_SERIAL_NUMBER], device->serial_number,
		     sizeof(device->serial_number));
	netlink_text(attrs[DEVLINK_ATTR_INFO_BOARD_SERIAL_NUMBER], device->board_serial_number,
		     sizeof(device->board_serial_number));
	/* One nest per version, all of the same few types: a table would keep the last. */
	rest = (int)(nlh->nlmsg_len - header);
	for (attr = (const void *)((const char *)nlh + header); nla_ok(attr, rest);
	     attr = nla_next(attr, &rest)) {
		if (nla_type(attr) == DEVLINK_ATTR_INFO_VERSION_RUNNING)
			parse_version(attr, device, true);
		if (nla_type(attr) == DEVLINK_ATTR_INFO_VERSION_FIXED)
			parse_version(attr, device, false);
	}
	return true;
}

bool devlink_parse_eswitch(const struct nlmsghdr *nlh, uint16_t *mode)
{
	struct nlattr *attrs[DEVLINK_PARSE_MAX + 1];

	return parse(nlh, attrs, DEVLINK_PARSE_MAX) && netlink_u16(attrs[DEVLINK_ATTR_ESWITCH_MODE], mode);
}

bool devlink_parse_family(const struct nlmsghdr *nlh, uint16_t *family)
{
	struct nlattr *attrs[CTRL_ATTR_FAMILY_ID + 1];

	return parse(nlh, attrs, CTRL_ATTR_FAMILY_ID) && netlink_u16(attrs[CTRL_ATTR_FAMILY_ID], family);
}
