/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ports of RDMA devices, from the kernel's RDMA netlink. */
#include <errno.h>
#include <rdma/rdma_netlink.h>
#include <stdlib.h>
#include <string.h>
#include "core/text.h"
#include "provider/linux/linux.h"
#include "provider/linux/rdma.h"
#include "provider/linux/rtnl.h"

enum {
	PARSE_MAX = RDMA_NLDEV_ATTR_NDEV_NAME,
};

struct links {
	struct dpu_ctx *ctx;
	struct dpu_rdma device; /* the one whose ports are being asked for */
	struct dpu_rdma *items;
	size_t count;
};

static struct nl_msg *request(int command, const uint32_t *device)
{
	struct nl_msg *msg;

	msg = nlmsg_alloc_simple(RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, command), NLM_F_DUMP);
	if (msg && device && nla_put_u32(msg, RDMA_NLDEV_ATTR_DEV_INDEX, *device) < 0) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static int add(struct links *links, const struct dpu_rdma *link)
{

	return ctx_append(links->ctx, links->items, links->count, *link);
}

static void forget(void *data)
{
	struct links *links = data;

	ctx_free(links->ctx, links->items);
	links->items = NULL;
	links->count = 0;
}

static int take_device(void *data, const struct nlmsghdr *nlh)
{
	struct nlattr *attrs[PARSE_MAX + 1];
	struct dpu_rdma device = { .reserved = 0 };

	if (!netlink_parse(nlh, 0, attrs, PARSE_MAX) ||
	    !netlink_u32(attrs[RDMA_NLDEV_ATTR_DEV_INDEX], &device.index) ||
	    !netlink_text(attrs[RDMA_NLDEV_ATTR_DEV_NAME], device.device, sizeof(device.device)))
		return 0;
	netlink_text(attrs[RDMA_NLDEV_ATTR_FW_VERSION], device.firmware, sizeof(device.firmware));
	netlink_u64(attrs[RDMA_NLDEV_ATTR_NODE_GUID], &device.node_guid);
	netlink_u64(attrs[RDMA_NLDEV_ATTR_SYS_IMAGE_GUID], &device.sys_image_guid);
	return add(data, &device);
}

static int take_port(void *data, const struct nlmsghdr *nlh)
{
	struct nlattr *attrs[PARSE_MAX + 1];
	struct links *links = data;
	struct dpu_rdma link = links->device;
	uint32_t index;
	uint8_t state;

	if (!netlink_parse(nlh, 0, attrs, PARSE_MAX) ||
	    !netlink_u32(attrs[RDMA_NLDEV_ATTR_DEV_INDEX], &index) || index != link.index ||
	    !netlink_u32(attrs[RDMA_NLDEV_ATTR_PORT_INDEX], &link.port))
		return 0;
	if (netlink_u8(attrs[RDMA_NLDEV_ATTR_PORT_STATE], &state))
		link.state = state;
	if (netlink_u8(attrs[RDMA_NLDEV_ATTR_PORT_PHYS_STATE], &state))
		link.phys_state = state;
	/* Absent for a network device in another network namespace. */
	netlink_u32(attrs[RDMA_NLDEV_ATTR_NDEV_INDEX], &link.ifindex);
	netlink_text(attrs[RDMA_NLDEV_ATTR_NDEV_NAME], link.netdev, sizeof(link.netdev));
	return add(links, &link);
}

static int compare(const void *a, const void *b)
{
	const struct dpu_rdma *l = a, *r = b;

	if (l->index != r->index)
		return l->index > r->index ? 1 : -1;
	return (l->port > r->port) - (l->port < r->port);
}

/* A dump of ports is of one device: so one for each. */
static int ask_ports(struct netlink *nl, const struct links *devices, struct links *links)
{
	struct netlink_answer answer;
	struct links part;
	size_t i, k;
	int rc = 0;

	for (i = 0; i < devices->count && rc == 0; i++) {
		part = (struct links){ .ctx = links->ctx, .device = devices->items[i] };
		answer = (struct netlink_answer){ .object = take_port, .restart = forget, .data = &part };
		rc = netlink_step(links->ctx, nl, request(RDMA_NLDEV_CMD_PORT_GET, &part.device.index),
				  &answer, "rdma", part.device.device);
		/* It has gone since. */
		if (rc == -EINVAL || rc == -ENODEV)
			rc = 0;
		for (k = 0; k < part.count && rc == 0; k++) {
			if (add(links, &part.items[k]) < 0)
				rc = ctx_fail_nomem(links->ctx, "rdma");
		}
		forget(&part);
	}
	return rc;
}

int rdma_links(struct dpu_ctx *ctx, struct dpu_rdma **ret, size_t *count)
{
	struct links devices = { .ctx = ctx }, links = devices;
	struct netlink_answer answer = { .object = take_device, .restart = forget, .data = &devices };
	struct linux_provider *machine = linux_provider(ctx);
	const char *absent = rdma_absent(&machine->sysfs);
	struct netlink nl = { .fd = -1 };
	int rc;

	if (machine->recorded)
		return ctx_fail(ctx, -EOPNOTSUPP, "rdma", NULL, "a recorded sysfs tree has no RDMA netlink");
	if (absent)
		return ctx_fail(ctx, -EOPNOTSUPP, "rdma", NULL, "%s", absent);
	rc = netlink_open(&nl, NETLINK_RDMA);
	if (rc < 0)
		return ctx_fail(ctx, rc, "rdma", NULL, "no RDMA netlink socket: %s", strerror(-rc));
	rc = netlink_step(ctx, &nl, request(RDMA_NLDEV_CMD_GET, NULL), &answer, "rdma", NULL);
	if (rc == 0)
		rc = ask_ports(&nl, &devices, &links);
	netlink_close(ctx, &nl);
	forget(&devices);
	if (rc < 0) {
		forget(&links);
		return rc;
	}
	if (links.count)
		qsort(links.items, links.count, sizeof(links.items[0]), compare);
	*ret = links.items;
	*count = links.count;
	return 0;
}
