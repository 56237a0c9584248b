/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "core/list.h"
#include "core/opts.h"
#include "core/text.h"
#include "device/find.h"
#include "function/function.h"

_Static_assert(sizeof(struct dpu_function_attrs) ==
		       offsetof(struct dpu_function_attrs, state) + sizeof(uint32_t),
	       "dpu_function_attrs has tail padding");

static void function_destroy(struct dpu_function *function)
{
	struct dpu_device *device = function->device;

	dpu_port_unref(function->port);
	ctx_free(device->ctx, function);
	dpu_device_unref(device);
}

DEFINE_REF(dpu_function, function_destroy)
DEFINE_LIST(dpu_function_list, dpu_function)

static const struct provider_port *find_port(const struct provider_port *ports, size_t count, uint32_t index)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (ports[i].index == index)
			return &ports[i];
	}
	return NULL;
}

static int function_wrap(struct dpu_device *device, const struct provider_function *info,
			 const struct provider_port *port, struct dpu_function **ret)
{
	struct dpu_function *function = ctx_alloc(device->ctx, sizeof(*function));
	int rc;

	if (!function)
		return ctx_fail_nomem(device->ctx, "list functions");
	ref_init(&function->ref);
	function->device = dpu_device_ref(device);
	function->info = *info;
	if (port) {
		rc = port_wrap(device, port, &function->port);
		if (rc < 0) {
			dpu_function_unref(function);
			return rc;
		}
	}
	*ret = function;
	return 0;
}

int dpu_function_list(struct dpu_device *device, struct dpu_function_list **ret)
{
	struct dpu_ctx *ctx = device->ctx;
	struct provider_function *infos = NULL;
	struct provider_port *ports = NULL;
	struct dpu_function_list *list;
	size_t count = 0, port_count = 0;
	size_t i;
	int rc;

	rc = ctx->ops->functions(ctx, device->info.handle, &infos, &count);
	if (rc < 0)
		return rc;
	rc = ctx->ops->ports(ctx, device->info.handle, &ports, &port_count);
	if (rc < 0)
		goto out;
	list = dpu_function_list_alloc(ctx, count);
	if (!list) {
		rc = ctx_fail_nomem(ctx, "list functions");
		goto out;
	}
	for (i = 0; i < count; i++) {
		rc = function_wrap(device, &infos[i],
				   infos[i].has_port ? find_port(ports, port_count, infos[i].port) : NULL,
				   &list->items[i]);
		if (rc < 0) {
			dpu_function_list_unref(list);
			goto out;
		}
		list->count++;
	}
	*ret = list;
	rc = 0;
out:
	ctx_free(ctx, ports);
	ctx_free(ctx, infos);
	return rc;
}

void function_format(const struct provider_function *info, char *text, size_t size)
{
	char controller[16] = "";

	if (info->controller)
		snprintf(controller, sizeof(controller), "c%" PRIu32, info->controller);
	if (info->type == DPU_FUNCTION_PF)
		snprintf(text, size, "%spf%" PRIu32, controller, info->pfnum);
	else
		snprintf(text, size, "%spf%" PRIu32 "%s%" PRIu32, controller, info->pfnum,
			 dpu_function_type_name(info->type), info->number);
}

static bool same(const char *value, const char *name)
{
	return value[0] && !strcmp(value, name);
}

static enum find_rank answers_to(const struct dpu_function *function, const char *handle, const char *name)
{
	const struct provider_function *info = &function->info;
	char text[32];

	if (same(info->netdev, name) || same(info->rdma_device, name) || same(info->aux_device, name))
		return FIND_EXACT;
	if (function->port && (same(function->port->info.netdev, name) || !strcmp(handle, name)))
		return FIND_EXACT;
	/* Each e-switch has its own "pf0sf1". */
	function_format(info, text, sizeof(text));
	return strcmp(text, name) ? FIND_NOT : FIND_LOOSE;
}

struct function_find {
	struct find find;
	struct dpu_function *found;
};

static int find_on(struct dpu_device *device, void *arg)
{
	struct function_find *search = arg;
	struct dpu_function_list *list;
	struct dpu_function *function;
	char handle[80];
	size_t i;
	int rc;

	rc = dpu_function_list(device, &list);
	if (rc < 0)
		return rc;
	for (i = 0; i < list->count; i++) {
		function = list->items[i];
		port_format(device->info.handle, function->info.port, handle, sizeof(handle));
		if (find_take(&search->find, answers_to(function, handle, search->find.name), handle)) {
			dpu_function_unref(search->found);
			search->found = dpu_function_ref(function);
		}
	}
	dpu_function_list_unref(list);
	return 0;
}

int dpu_function_find(struct dpu_ctx *ctx, const char *name, struct dpu_function **ret)
{
	struct function_find search = { .found = NULL };
	int rc;

	rc = find_begin(ctx, &search.find, "function", name);
	if (rc == 0)
		rc = device_each(ctx, find_on, &search);
	if (rc == 0)
		rc = find_end(ctx, &search.find, "list the functions to see what there is");
	if (rc < 0) {
		dpu_function_unref(search.found);
		return rc;
	}
	*ret = search.found;
	return 0;
}

/* The same function in a new list: by port where it has one, else by its numbers. */
static bool is_function(const struct provider_function *info, const struct provider_function *other)
{
	return info->type == other->type && info->controller == other->controller &&
	       info->pfnum == other->pfnum && info->number == other->number;
}

int dpu_function_refresh(struct dpu_function *function, struct dpu_function **ret)
{
	struct dpu_ctx *ctx = function->device->ctx;
	struct dpu_function_list *list;
	char text[32];
	size_t i;
	int rc;

	rc = dpu_function_list(function->device, &list);
	if (rc < 0)
		return rc;
	rc = -ENODEV;
	for (i = 0; i < list->count && rc; i++) {
		if (!is_function(&list->items[i]->info, &function->info))
			continue;
		*ret = dpu_function_ref(list->items[i]);
		rc = 0;
	}
	dpu_function_list_unref(list);
	if (rc < 0) {
		function_format(&function->info, text, sizeof(text));
		return ctx_fail(ctx, rc, "refresh function", text, "the function has gone");
	}
	return 0;
}

int function_read(struct dpu_device *device, uint32_t port, struct provider_function *ret)
{
	struct dpu_ctx *ctx = device->ctx;
	struct provider_function *infos = NULL;
	char text[80];
	size_t count = 0;
	size_t i;
	int rc;

	rc = ctx->ops->functions(ctx, device->info.handle, &infos, &count);
	if (rc < 0)
		return rc;
	for (i = 0; i < count; i++) {
		if (infos[i].has_port && infos[i].port == port)
			break;
	}
	if (i < count) {
		*ret = infos[i];
	} else {
		port_format(device->info.handle, port, text, sizeof(text));
		rc = ctx_fail(ctx, -ENODEV, "read function", text, "the function has gone");
	}
	ctx_free(ctx, infos);
	return rc;
}

int function_at_port(struct dpu_device *device, uint32_t port, struct dpu_function **ret)
{
	struct dpu_function_list *list;
	char text[80];
	size_t i;
	int rc;

	rc = dpu_function_list(device, &list);
	if (rc < 0)
		return rc;
	rc = -ENODEV;
	for (i = 0; i < list->count && rc; i++) {
		if (!list->items[i]->info.has_port || list->items[i]->info.port != port)
			continue;
		*ret = dpu_function_ref(list->items[i]);
		rc = 0;
	}
	dpu_function_list_unref(list);
	if (rc < 0) {
		port_format(device->info.handle, port, text, sizeof(text));
		return ctx_fail(device->ctx, rc, "read function", text, "the function has gone");
	}
	return 0;
}

int function_check_hw_addr(struct dpu_ctx *ctx, const char *step, const uint8_t *hw_addr)
{
	static const uint8_t zero[6];
	char text[18];

	text_mac_format(hw_addr, text);
	if (hw_addr[0] & 1) {
		ctx_fail(ctx, -EINVAL, step, text, "a multicast address cannot be a function's own");
		return ctx_hint(ctx, "the first byte must be even");
	}
	if (!memcmp(hw_addr, zero, sizeof(zero)))
		return ctx_fail(ctx, -EINVAL, step, text, "the address is all zero");
	return 0;
}

int dpu_function_set(struct dpu_function *function, const struct dpu_function_attrs *user, int deadline_ms)
{
	struct deadline deadline = deadline_start(deadline_ms);
	struct dpu_device *device = function->device;
	struct dpu_ctx *ctx = device->ctx;
	struct dpu_function_attrs attrs;
	struct provider_function before;
	struct dpu_error error;
	char name[32];
	int rc;

	function_format(&function->info, name, sizeof(name));
	rc = opts_read(&attrs, sizeof(attrs), user);
	if (rc < 0 || attrs.state > DPU_FUNCTION_ACTIVE)
		return ctx_fail(ctx, -EINVAL, "set function", name, "malformed attributes");
	if (!function->info.has_port) {
		ctx_fail(ctx, -EOPNOTSUPP, "set function", name, "the function has no port on the e-switch");
		return ctx_hint(ctx, "set the e-switch to switchdev first");
	}
	if (attrs.set_state && function->info.type != DPU_FUNCTION_SF)
		return ctx_fail(ctx, -EOPNOTSUPP, "set function", name, "only an SF has a state");
	if (attrs.hw_addr) {
		rc = function_check_hw_addr(ctx, "set function", attrs.hw_addr);
		if (rc < 0)
			return rc;
	}
	rc = function_read(device, function->info.port, &before);
	if (rc < 0)
		return rc;
	if (attrs.hw_addr) {
		rc = ctx->ops->function_set_hw_addr(ctx, device->info.handle, function->info.port,
						    attrs.hw_addr);
		if (rc < 0)
			return rc;
	}
	if (!attrs.set_state)
		return 0;
	rc = sf_set_state(device, function->info.port, name, attrs.state == DPU_FUNCTION_ACTIVE, &deadline);
	if (rc == 0 || !attrs.hw_addr)
		return rc;
	error = ctx->error;
	ctx->ops->function_set_hw_addr(ctx, device->info.handle, function->info.port, before.hw_addr);
	ctx->error = error;
	return rc;
}

struct dpu_device *dpu_function_device(struct dpu_function *function)
{
	return function->device;
}

struct dpu_port *dpu_function_representor(struct dpu_function *function)
{
	return function->port;
}

enum dpu_function_type dpu_function_type(struct dpu_function *function)
{
	return function->info.type;
}

uint32_t dpu_function_controller(struct dpu_function *function)
{
	return function->info.controller;
}

uint32_t dpu_function_pfnum(struct dpu_function *function)
{
	return function->info.pfnum;
}

uint32_t dpu_function_number(struct dpu_function *function)
{
	return function->info.number;
}

const uint8_t *dpu_function_hw_addr(struct dpu_function *function)
{
	return function->info.hw_addr;
}

enum dpu_function_state dpu_function_state(struct dpu_function *function)
{
	return function->info.state;
}

enum dpu_function_opstate dpu_function_opstate(struct dpu_function *function)
{
	return function->info.opstate;
}

const char *dpu_function_netdev(struct dpu_function *function)
{
	return function->info.netdev;
}

const char *dpu_function_rdma_device(struct dpu_function *function)
{
	return function->info.rdma_device;
}

const char *dpu_function_aux_device(struct dpu_function *function)
{
	return function->info.aux_device;
}
