/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resources: a tree, told in one message or, when that is too small, in several. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "provider/linux/devlink.h"

enum {
	MAX_DEPTH = 8, /* the kernel's drivers have two levels; a lying message must not exhaust the stack */
};

struct resources {
	struct dpu_ctx *ctx;
	const char *handle;
	struct dpu_resource *items;
	uint64_t *ids; /* of the items, as the kernel counts them */
	size_t count;
};

static int add_list(struct resources *resources, const struct nlattr *list, const char *above, int depth);

static int add_resource(struct resources *resources, const struct nlattr *nest, const char *above, int depth)
{
	struct nlattr *attrs[DEVLINK_PARSE_MAX + 1];
	struct dpu_resource resource = { .reserved = 0 };
	char name[64];
	uint64_t id;
	int rc;

	if (!netlink_parse_nested(nest, attrs, DEVLINK_PARSE_MAX) ||
	    !netlink_text(attrs[DEVLINK_ATTR_RESOURCE_NAME], name, sizeof(name)) ||
	    !netlink_u64(attrs[DEVLINK_ATTR_RESOURCE_ID], &id) ||
	    !netlink_u64(attrs[DEVLINK_ATTR_RESOURCE_SIZE], &resource.size) ||
	    (size_t)snprintf(resource.path, sizeof(resource.path), "%s%s%s", above, above[0] ? "/" : "",
			     name) >= sizeof(resource.path))
		return 0;
	/* Told only when it is another one. */
	resource.size_new = resource.size;
	netlink_u64(attrs[DEVLINK_ATTR_RESOURCE_SIZE_NEW], &resource.size_new);
	netlink_u64(attrs[DEVLINK_ATTR_RESOURCE_SIZE_MIN], &resource.size_min);
	netlink_u64(attrs[DEVLINK_ATTR_RESOURCE_SIZE_MAX], &resource.size_max);
	netlink_u64(attrs[DEVLINK_ATTR_RESOURCE_SIZE_GRAN], &resource.granularity);
	resource.has_occupied = netlink_u64(attrs[DEVLINK_ATTR_RESOURCE_OCC], &resource.occupied);
	rc = ctx_grow(resources->ctx, &resources->ids, resources->count, sizeof(resources->ids[0]));
	if (rc == 0)
		rc = ctx_grow(resources->ctx, &resources->items, resources->count, sizeof(resource));
	if (rc < 0)
		return rc;
	resources->ids[resources->count] = id;
	resources->items[resources->count++] = resource;
	return add_list(resources, attrs[DEVLINK_ATTR_RESOURCE_LIST], resource.path, depth + 1);
}

static int add_list(struct resources *resources, const struct nlattr *list, const char *above, int depth)
{
	const struct nlattr *attr;
	int rest, rc = 0;

	if (!list || depth > MAX_DEPTH)
		return 0;
	rest = nla_len(list);
	for (attr = nla_data(list); nla_ok(attr, rest) && rc == 0; attr = nla_next(attr, &rest)) {
		if (nla_type(attr) == DEVLINK_ATTR_RESOURCE)
			rc = add_resource(resources, attr, above, depth);
	}
	return rc;
}

static int take_resources(void *data, const struct nlmsghdr *nlh)
{
	struct nlattr *attrs[DEVLINK_PARSE_MAX + 1];
	struct resources *resources = data;

	if (!devlink_attrs(nlh, attrs, DEVLINK_PARSE_MAX) || !devlink_is_about(attrs, resources->handle))
		return -EBADMSG;
	return add_list(resources, attrs[DEVLINK_ATTR_RESOURCE_LIST], "", 0);
}

static void free_resources(struct resources *resources)
{
	ctx_free(resources->ctx, resources->items);
	ctx_free(resources->ctx, resources->ids);
}

static int read_resources(const char *step, struct resources *resources)
{
	struct dpu_ctx *ctx = resources->ctx;
	struct linux_provider *machine = linux_provider(ctx);
	struct netlink_answer answer = { .object = take_resources, .data = resources };
	int rc;

	rc = devlink_need(ctx, step, resources->handle);
	if (rc < 0)
		return rc;
	rc = devlink_ask(ctx,
			 devlink_request(&machine->devlink, DEVLINK_CMD_RESOURCE_DUMP, resources->handle, 0),
			 &answer, step, resources->handle);
	if (rc < 0)
		free_resources(resources);
	return rc;
}

int devlink_resources(struct dpu_ctx *ctx, const char *handle, struct dpu_resource **ret, size_t *count)
{
	struct resources resources = { .ctx = ctx, .handle = handle };
	int rc;

	rc = read_resources("resources", &resources);
	if (rc < 0)
		return rc;
	ctx_free(ctx, resources.ids);
	*ret = resources.items;
	*count = resources.count;
	return 0;
}

int devlink_resource_set(struct dpu_ctx *ctx, const char *handle, const char *path, uint64_t size)
{
	struct resources resources = { .ctx = ctx, .handle = handle };
	struct nl_msg *msg;
	size_t i;
	int rc;

	rc = read_resources("resource_set", &resources);
	if (rc < 0)
		return rc;
	for (i = 0; i < resources.count && strcmp(resources.items[i].path, path) != 0; i++)
		continue;
	if (i < resources.count) {
		msg = devlink_request(&linux_provider(ctx)->devlink, DEVLINK_CMD_RESOURCE_SET, handle, 0);
		devlink_put_u64(&msg, DEVLINK_ATTR_RESOURCE_ID, resources.ids[i]);
		devlink_put_u64(&msg, DEVLINK_ATTR_RESOURCE_SIZE, size);
		rc = devlink_do(ctx, msg, "resource_set", path);
	} else {
		rc = ctx_fail(ctx, -ENOENT, "resource_set", path, "%s has no such resource", handle);
	}
	free_resources(&resources);
	return rc;
}
