/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes hand-made netlink messages apart, also torn and lying ones, and asks the real kernel for an error. */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <netlink/genl/genl.h>
#include "provider/linux/devlink.h"
#include "provider/linux/rtnl.h"
#include "tap.h"

/* Messages are taken apart at the very end of an allocation, so that the sanitizer sees a byte too far. */
static struct nlmsghdr *exact(const void *message, size_t len)
{
	void *copy = malloc(len);

	must(copy);
	memcpy(copy, message, len);
	return copy;
}

static struct nl_msg *devlink_message(uint8_t command)
{
	struct nl_msg *msg = nlmsg_alloc();

	must(msg && genlmsg_put(msg, 0, 1, 0x1f, 0, 0, command, 1));
	nla_put_string(msg, DEVLINK_ATTR_BUS_NAME, "pci");
	nla_put_string(msg, DEVLINK_ATTR_DEV_NAME, "0000:03:00.0");
	return msg;
}

static struct nl_msg *port_message(void)
{
	static const uint8_t mac[6] = { 2, 1, 2, 3, 4, 5 };
	struct nl_msg *msg = devlink_message(DEVLINK_CMD_PORT_NEW);
	struct nlattr *nest, *inner;

	nla_put_u32(msg, DEVLINK_ATTR_PORT_INDEX, 229409);
	nla_put_u16(msg, DEVLINK_ATTR_PORT_TYPE, 2);
	nla_put_u32(msg, DEVLINK_ATTR_PORT_NETDEV_IFINDEX, 8);
	nla_put_string(msg, DEVLINK_ATTR_PORT_NETDEV_NAME, "en3f0pf0sf88");
	nla_put_u16(msg, DEVLINK_ATTR_PORT_FLAVOUR, DPU_PORT_PCISF);
	nla_put_u16(msg, DEVLINK_ATTR_PORT_PCI_PF_NUMBER, 0);
	nla_put_u32(msg, DEVLINK_ATTR_PORT_PCI_SF_NUMBER, 88);
	nla_put_u32(msg, DEVLINK_ATTR_PORT_CONTROLLER_NUMBER, 1);
	nla_put_u8(msg, DEVLINK_ATTR_PORT_EXTERNAL, 1);
	/* From a kernel of the future. */
	nla_put_u32(msg, 3000, 1);
	nest = nla_nest_start(msg, DEVLINK_ATTR_PORT_FUNCTION);
	nla_put(msg, DEVLINK_PORT_FUNCTION_ATTR_HW_ADDR, 6, mac);
	nla_put_u8(msg, DEVLINK_PORT_FN_ATTR_STATE, 1);
	nla_put_u8(msg, DEVLINK_PORT_FN_ATTR_OPSTATE, 1);
	nla_put_u32(msg, 77, 1);
	inner = nla_nest_start(msg, DEVLINK_FUNCTION_DEVLINK);
	nla_put_string(msg, DEVLINK_ATTR_BUS_NAME, "auxiliary");
	nla_put_string(msg, DEVLINK_ATTR_DEV_NAME, "mlx5_core.sf.4");
	nla_nest_end(msg, inner);
	nla_nest_end(msg, nest);
	return msg;
}

static void put_version(struct nl_msg *msg, int type, const char *name, const char *value)
{
	struct nlattr *nest = nla_nest_start(msg, type);

	nla_put_string(msg, DEVLINK_ATTR_INFO_VERSION_NAME, name);
	nla_put_string(msg, DEVLINK_ATTR_INFO_VERSION_VALUE, value);
	nla_nest_end(msg, nest);
}

static struct nl_msg *info_message(void)
{
	struct nl_msg *msg = devlink_message(DEVLINK_CMD_INFO_GET);

	nla_put_string(msg, DEVLINK_ATTR_INFO_DRIVER_NAME, "mlx5_core");
	nla_put_string(msg, DEVLINK_ATTR_INFO_SERIAL_NUMBER, "MT2251");
	nla_put_string(msg, DEVLINK_ATTR_INFO_BOARD_SERIAL_NUMBER, "MTB");
	put_version(msg, DEVLINK_ATTR_INFO_VERSION_FIXED, "fw.psid", "MT_0000000884");
	put_version(msg, DEVLINK_ATTR_INFO_VERSION_RUNNING, "fw.version", "32.41.1000");
	put_version(msg, DEVLINK_ATTR_INFO_VERSION_RUNNING, "fw", "32.41.1001");
	put_version(msg, DEVLINK_ATTR_INFO_VERSION_STORED, "fw.version", "32.99.0000");
	return msg;
}

static struct nl_msg *link_message(void)
{
	static const uint8_t mac[6] = { 2, 1, 2, 3, 4, 5 }, id[8] = { 0xaa, 0xbb, 0, 0, 0, 0, 0, 1 };
	struct ifinfomsg header = { .ifi_index = 8 };
	struct rtnl_link_stats64 stats = { .rx_packets = 1ull << 40, .tx_bytes = 7 };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);
	struct nlattr *nest;

	must(msg);
	nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO);
	nla_put_string(msg, IFLA_IFNAME, "en3f0pf0sf88");
	nla_put(msg, IFLA_ADDRESS, 6, mac);
	nla_put_string(msg, IFLA_PHYS_PORT_NAME, "c1pf0sf88");
	nla_put(msg, IFLA_PHYS_SWITCH_ID, 8, id);
	nla_put(msg, IFLA_STATS64, sizeof(stats), &stats);
	nla_put_string(msg, IFLA_PARENT_DEV_NAME, "0000:03:00.0");
	nla_put_string(msg, IFLA_PARENT_DEV_BUS_NAME, "pci");
	nest = nla_nest_start(msg, 62 /* IFLA_DEVLINK_PORT */);
	nla_put_string(msg, DEVLINK_ATTR_BUS_NAME, "pci");
	nla_put_string(msg, DEVLINK_ATTR_DEV_NAME, "0000:03:00.0");
	nla_put_u32(msg, DEVLINK_ATTR_PORT_INDEX, 229409);
	nla_nest_end(msg, nest);
	nla_put_u32(msg, 2000, 1);
	return msg;
}

static void test_port(void)
{
	struct nl_msg *msg = port_message();
	struct fact_port port;

	ok(devlink_parse_port(nlmsg_hdr(msg), DEVLINK_ABI, &port), "a port is understood");
	is_str(port.handle, "pci/0000:03:00.0");
	is_int(port.index, 229409);
	is_int(port.flavour, DPU_PORT_PCISF);
	is_int(port.controller, 1);
	is_int(port.pfnum, 0);
	is_int(port.vfnum, DPU_PORT_NO_NUMBER);
	is_int(port.sfnum, 88);
	is_int(port.ifindex, 8);
	is_str(port.netdev, "en3f0pf0sf88");
	ok(port.external && port.has_hw_addr && port.has_state && port.has_opstate, "what was said is known");
	is_int(port.hw_addr[5], 5);
	is_int(port.state, 1);
	is_int(port.opstate, 1);
	is_str(port.function_handle, "auxiliary/mlx5_core.sf.4");
	nlmsg_free(msg);

	msg = devlink_message(DEVLINK_CMD_PORT_NEW);
	ok(!devlink_parse_port(nlmsg_hdr(msg), DEVLINK_ABI, &port), "a port without an index is none");
	nla_put_u32(msg, DEVLINK_ATTR_PORT_INDEX, 1);
	nla_put(msg, DEVLINK_ATTR_PORT_PCI_SF_NUMBER, 2, "xx");
	nla_put_string(msg, DEVLINK_ATTR_PORT_NETDEV_NAME, "a-name-longer-than-any-device-has");
	ok(devlink_parse_port(nlmsg_hdr(msg), DEVLINK_ABI, &port), "short and long attributes do no harm");
	is_int(port.sfnum, DPU_PORT_NO_NUMBER);
	is_str(port.netdev, "");
	is_int(port.flavour, DPU_PORT_PHYSICAL);
	ok(!port.has_hw_addr && !port.has_state && !port.has_opstate && !port.external,
	   "what was not said is not known");
	nlmsg_free(msg);

	msg = nlmsg_alloc();
	must(msg && genlmsg_put(msg, 0, 1, 0x1f, 0, 0, DEVLINK_CMD_PORT_NEW, 1));
	nla_put(msg, DEVLINK_ATTR_BUS_NAME, 3, "pci");
	nla_put(msg, DEVLINK_ATTR_DEV_NAME, 12, "0000:03:00.0");
	nla_put_u32(msg, DEVLINK_ATTR_PORT_INDEX, 1);
	ok(devlink_parse_port(nlmsg_hdr(msg), DEVLINK_ABI, &port), "text need not be terminated");
	is_str(port.handle, "pci/0000:03:00.0");
	nlmsg_free(msg);
}

static void test_lying_length(void)
{
	struct nl_msg *msg = port_message();
	struct nlattr *last;
	struct fact_port port;

	last = nla_reserve(msg, DEVLINK_ATTR_PORT_LANES, 4);
	must(last);
	last->nla_len = 40;
	ok(!devlink_parse_port(nlmsg_hdr(msg), DEVLINK_ABI, &port),
	   "a message with an attribute longer than it is refused");
	nlmsg_free(msg);
}

static void test_long_handles(void)
{
	char name[100], want[HANDLE_SIZE] = "virtual/";
	struct fact_port port;
	struct nl_msg *msg;
	size_t len;

	for (len = 54; len < 70; len++) {
		memset(name, 'x', len);
		name[len] = '\0';
		msg = nlmsg_alloc();
		must(msg && genlmsg_put(msg, 0, 1, 0x1f, 0, 0, DEVLINK_CMD_PORT_NEW, 1));
		nla_put_string(msg, DEVLINK_ATTR_BUS_NAME, "virtual");
		nla_put_string(msg, DEVLINK_ATTR_DEV_NAME, name);
		nla_put_u32(msg, DEVLINK_ATTR_PORT_INDEX, 1);
		if (len == HANDLE_SIZE - 9) {
			strcat(want, name);
			ok(devlink_parse_port(nlmsg_hdr(msg), DEVLINK_ABI, &port) &&
				   !strcmp(port.handle, want),
			   "the longest handle that fits is whole");
		} else if (len > HANDLE_SIZE - 9 && devlink_parse_port(nlmsg_hdr(msg), DEVLINK_ABI, &port)) {
			ok(false, "a handle is never cut");
		}
		nlmsg_free(msg);
	}
	msg = nlmsg_alloc();
	must(msg && genlmsg_put(msg, 0, 1, 0x1f, 0, 0, DEVLINK_CMD_PORT_NEW, 1));
	nla_put_string(msg, DEVLINK_ATTR_BUS_NAME, "a-bus-with-a-name-longer-than-thirty-letters");
	nla_put_string(msg, DEVLINK_ATTR_DEV_NAME, "d");
	nla_put_u32(msg, DEVLINK_ATTR_PORT_INDEX, 1);
	ok(devlink_parse_port(nlmsg_hdr(msg), DEVLINK_ABI, &port), "a long bus name is a name too");
	is_str(port.handle, "a-bus-with-a-name-longer-than-thirty-letters/d");
	nlmsg_free(msg);
}

static void test_info(void)
{
	struct fact_devlink device = { .handle = "pci/0000:03:00.0" },
			    other = { .handle = "pci/0000:04:00.0" };
	struct nl_msg *msg = info_message();

	ok(devlink_parse_info(nlmsg_hdr(msg), &device), "info is understood");
	is_str(device.driver, "mlx5_core");
	is_str(device.serial_number, "MT2251");
	is_str(device.board_serial_number, "MTB");
	is_str(device.psid, "MT_0000000884");
	is_str(device.firmware_version, "32.41.1000");
	ok(!devlink_parse_info(nlmsg_hdr(msg), &other), "another device's info is refused");
	is_str(other.driver, "");
	nlmsg_free(msg);

	msg = devlink_message(DEVLINK_CMD_INFO_GET);
	put_version(msg, DEVLINK_ATTR_INFO_VERSION_RUNNING, "fw", "1.2");
	memset(device.firmware_version, 0, sizeof(device.firmware_version));
	devlink_parse_info(nlmsg_hdr(msg), &device);
	is_str(device.firmware_version, "1.2");
	nlmsg_free(msg);
}

static void test_eswitch_and_family(void)
{
	struct nl_msg *msg = devlink_message(DEVLINK_CMD_ESWITCH_GET);
	struct linux_family family = { .id = 9 };
	struct nlattr *groups, *group;
	char name[GENL_NAMSIZ] = "";
	uint16_t mode = 9;

	ok(!devlink_parse_eswitch(nlmsg_hdr(msg), &mode) && mode == 9, "no mode is no answer");
	nla_put_u16(msg, DEVLINK_ATTR_ESWITCH_MODE, 1);
	ok(devlink_parse_eswitch(nlmsg_hdr(msg), &mode), "a mode is");
	is_int(mode, DPU_ESWITCH_SWITCHDEV);
	nlmsg_free(msg);

	msg = nlmsg_alloc();
	must(msg && genlmsg_put(msg, 0, 1, GENL_ID_CTRL, 0, 0, CTRL_CMD_NEWFAMILY, 1));
	nla_put_u16(msg, CTRL_ATTR_FAMILY_ID, 0x22);
	nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, "devlink");
	ok(devlink_parse_family(nlmsg_hdr(msg), &family, name), "a family is understood");
	is_int(family.id, 0x22);
	is_str(name, "devlink");
	is_int(family.config, 0);
	groups = nla_nest_start(msg, CTRL_ATTR_MCAST_GROUPS);
	group = nla_nest_start(msg, 1);
	nla_put_string(msg, CTRL_ATTR_MCAST_GRP_NAME, "other");
	nla_put_u32(msg, CTRL_ATTR_MCAST_GRP_ID, 5);
	nla_nest_end(msg, group);
	group = nla_nest_start(msg, 2);
	nla_put_string(msg, CTRL_ATTR_MCAST_GRP_NAME, "config");
	nla_put_u32(msg, CTRL_ATTR_MCAST_GRP_ID, 6);
	nla_nest_end(msg, group);
	nla_nest_end(msg, groups);
	ok(devlink_parse_family(nlmsg_hdr(msg), &family, name) && family.config == 6,
	   "its group is found by its name");
	nlmsg_free(msg);
}

static void test_link(void)
{
	struct nl_msg *msg = link_message();
	struct rtnl_link_stats64 stats;
	struct fact_link link;

	is_int(rtnl_parse_link(nlmsg_hdr(msg), &link), 1);
	is_int(link.ifindex, 8);
	is_str(link.name, "en3f0pf0sf88");
	is_str(link.phys_port_name, "c1pf0sf88");
	is_str(link.phys_switch_id, "aabb000000000001");
	is_str(link.parent_bus, "pci");
	is_str(link.parent_name, "0000:03:00.0");
	is_int(link.address[5], 5);
	is_int(rtnl_parse_stats(nlmsg_hdr(msg), &stats), 1);
	is_int(stats.rx_packets, 1ll << 40);
	is_int(stats.tx_bytes, 7);
	nlmsg_hdr(msg)->nlmsg_type = RTM_NEWADDR;
	is_int(rtnl_parse_link(nlmsg_hdr(msg), &link), 0);
	is_int(rtnl_parse_stats(nlmsg_hdr(msg), &stats), 0);
	nlmsg_free(msg);
}

static int count_objects(void *data, const struct nlmsghdr *nlh)
{
	int *count = data;

	(void)nlh;
	(*count)++;
	return 0;
}

static void put_header(char *at, uint32_t len, uint16_t type, uint16_t flags, uint32_t seq)
{
	struct nlmsghdr header = {
		.nlmsg_len = len, .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = seq
	};

	memcpy(at, &header, sizeof(header));
}

/* An error with the kernel's words; capped or with the whole request quoted. */
static size_t error_message(char *at, int error, bool capped, const char *words)
{
	struct nlmsgerr body = { .error = error, .msg = { .nlmsg_len = NLMSG_HDRLEN + 24 } };
	size_t len = NLMSG_HDRLEN + sizeof(body) + (capped ? 0 : 24);
	struct nlattr attr = { .nla_type = NLMSGERR_ATTR_MSG };

	memset(at, 0xa5, len);
	memcpy(at + NLMSG_HDRLEN, &body, sizeof(body));
	attr.nla_len = (uint16_t)(NLA_HDRLEN + strlen(words) + 1);
	memcpy(at + len, &attr, sizeof(attr));
	strcpy(at + len + NLA_HDRLEN, words);
	len += NLA_ALIGN(attr.nla_len);
	put_header(at, (uint32_t)len, NLMSG_ERROR, (uint16_t)(0x200 | (capped ? 0x100 : 0)), 5);
	return len;
}

static void test_datagrams(void)
{
	int objects = 0, error = -EMSGSIZE;
	struct netlink_answer answer = { .seq = 5, .object = count_objects, .data = &objects };
	char buffer[1024] = { 0 };
	size_t len;

	len = error_message(buffer, -EOPNOTSUPP, true, "SRIOV is not per PF on this device");
	is_int(netlink_datagram(&answer, buffer, len), -EOPNOTSUPP);
	is_str(answer.message, "SRIOV is not per PF on this device");
	answer.message[0] = '\0';
	len = error_message(buffer, -EBUSY, false, "Port is busy");
	is_int(netlink_datagram(&answer, buffer, len), -EBUSY);
	is_str(answer.message, "Port is busy");
	len = error_message(buffer, 0, true, "a warning");
	is_int(netlink_datagram(&answer, buffer, len), 1);
	is_str(answer.message, "a warning");
	len = error_message(buffer, 17, true, "");
	is_int(netlink_datagram(&answer, buffer, len), -EBADMSG);
	len = error_message(buffer, INT32_MIN, true, "");
	is_int(netlink_datagram(&answer, buffer, len), -EBADMSG);

	put_header(buffer, 16, 0x20, NLM_F_MULTI, 5);
	put_header(buffer + 16, 16, 0x20, NLM_F_MULTI, 4);
	put_header(buffer + 32, 16, NLMSG_NOOP, 0, 5);
	is_int(netlink_datagram(&answer, buffer, 48), 0);
	is_int(objects, 1);
	ok(!answer.interrupted, "the dump was whole");
	put_header(buffer, 16, 0x20, NLM_F_MULTI | NLM_F_DUMP_INTR, 5);
	is_int(netlink_datagram(&answer, buffer, 16), 0);
	ok(answer.interrupted, "the dump was interrupted");
	put_header(buffer, 20, NLMSG_DONE, NLM_F_MULTI, 5);
	memcpy(buffer + 16, &error, sizeof(error));
	is_int(netlink_datagram(&answer, buffer, 20), -EMSGSIZE);
	memset(buffer + 16, 0, 4);
	is_int(netlink_datagram(&answer, buffer, 20), 1);
	put_header(buffer, 16, NLMSG_OVERRUN, 0, 5);
	is_int(netlink_datagram(&answer, buffer, 16), -ENOBUFS);
	put_header(buffer, 15, 0x20, 0, 5);
	is_int(netlink_datagram(&answer, buffer, 100), -EBADMSG);
	put_header(buffer, 0, 0x20, 0, 5);
	is_int(netlink_datagram(&answer, buffer, 100), -EBADMSG);
	put_header(buffer, 101, 0x20, 0, 5);
	is_int(netlink_datagram(&answer, buffer, 100), -EBADMSG);
	put_header(buffer, 0xffffffff, 0x20, 0, 5);
	is_int(netlink_datagram(&answer, buffer, 100), -EBADMSG);
	put_header(buffer, 20, NLMSG_ERROR, 0, 5);
	is_int(netlink_datagram(&answer, buffer, 20), -EBADMSG);
}

static void parse_all(const struct nlmsghdr *nlh)
{
	struct fact_devlink device = { .handle = "pci/0000:03:00.0" };
	struct netlink_answer answer = { .seq = nlh->nlmsg_seq };
	struct rtnl_link_stats64 stats;
	struct linux_family family;
	struct dpu_health health;
	struct dpu_vf_attrs vf;
	const struct nlattr *info;
	char handle[HANDLE_SIZE], name[GENL_NAMSIZ];
	struct fact_link link;
	struct fact_port port;
	uint16_t number;

	devlink_parse_port(nlh, DEVLINK_ABI, &port);
	devlink_parse_port(nlh, MLXDEVM_V1_ABI, &port);
	devlink_parse_port(nlh, MLXDEVM_V2_ABI, &port);
	devlink_parse_info(nlh, &device);
	devlink_parse_eswitch(nlh, &number);
	devlink_parse_family(nlh, &family, name);
	devlink_parse_health(nlh, handle, &health);
	info = rtnl_find_vf(nlh, 1);
	if (info)
		rtnl_parse_vf(info, &vf);
	rtnl_parse_link(nlh, &link);
	rtnl_parse_stats(nlh, &stats);
	netlink_datagram(&answer, nlh, nlh->nlmsg_len);
}

/* Every message cut at every byte, and every byte of it made another. The sanitizer is the judge. */
static void test_hostile(void)
{
	struct nl_msg *messages[] = { port_message(), info_message(), link_message() };
	static const uint8_t values[] = { 0, 1, 3, 0x7f, 0x80, 0xff };
	char error[256];
	size_t i, k, v, len, tried = 0;

	for (i = 0; i < 4; i++) {
		const char *message = i < 3 ? (char *)nlmsg_hdr(messages[i]) : error;

		len = i < 3 ? nlmsg_hdr(messages[i])->nlmsg_len : error_message(error, -EPERM, false, "no");
		for (k = NLMSG_HDRLEN; k < len; k++, tried++) {
			struct nlmsghdr *copy = exact(message, k);

			copy->nlmsg_len = (uint32_t)k;
			parse_all(copy);
			free(copy);
		}
		/* Not the header's length: whoever receives has checked it. */
		for (k = 4; k < len; k++) {
			for (v = 0; v < sizeof(values); v++, tried++) {
				struct nlmsghdr *copy = exact(message, len);

				((uint8_t *)copy)[k] = values[v];
				parse_all(copy);
				free(copy);
			}
		}
		if (i < 3)
			nlmsg_free(messages[i]);
	}
	ok(tried > 1000, "%zu hostile messages do no harm", tried);
}

static void test_kernel(void)
{
	struct rtnl_link_stats64 stats;
	struct netlink_answer answer = { .object = NULL };
	struct ifinfomsg header = { .ifi_flags = 1 };
	struct fact_link *links = NULL;
	struct dpu_ctx *ctx;
	struct netlink nl;
	struct nl_msg *msg;
	size_t count = 0, i, lo = 0;

	must(ctx_create(NULL, &ctx) == 0);
	if (netlink_open(&nl, NETLINK_ROUTE) < 0) {
		tap_skip("no rtnetlink socket");
		dpu_ctx_unref(ctx);
		return;
	}
	must(rtnl_links(ctx, &nl, "devices", &links, &count) == 0);
	for (i = 0; i < count; i++) {
		if (!strcmp(links[i].name, "lo"))
			lo = links[i].ifindex;
		ok(links[i].ifindex && links[i].name[0], "%s has a name and a number", links[i].name);
	}
	ok(lo, "the kernel lists lo");
	ctx_free(ctx, links);
	is_int(rtnl_stats(ctx, &nl, (uint32_t)lo, &stats), 0);
	is_int(rtnl_stats(ctx, &nl, INT32_MAX, &stats), -ENODEV);
	is_str(dpu_error_object(dpu_ctx_error(ctx)), "ifindex 2147483647");

	/* Strict checking refuses a dump with flags set, and says so. */
	msg = nlmsg_alloc_simple(RTM_GETLINK, NLM_F_DUMP);
	must(msg && nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO) == 0);
	is_int(netlink_request(ctx, &nl, msg, &answer), -EINVAL);
	contains(answer.message, "Invalid values in header for link dump request");
	nlmsg_free(msg);

	/* The socket is usable after an error. */
	is_int(rtnl_links(ctx, &nl, "devices", &links, &count), 0);
	ctx_free(ctx, links);
	netlink_close(ctx, &nl);
	dpu_ctx_unref(ctx);
}

int main(void)
{
	test_port();
	test_lying_length();
	test_long_handles();
	test_info();
	test_eswitch_and_family();
	test_link();
	test_datagrams();
	test_hostile();
	test_kernel();
	return tap_done();
}
