/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/list.h"
#include "core/opts.h"
#include "core/text.h"
#include "device/find.h"
#include "function/function.h"

_Static_assert(sizeof(struct dpu_function_attrs) ==
		       offsetof(struct dpu_function_attrs, max_uc_list) + sizeof(uint32_t),
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

static int compare_index(const void *index, const void *port)
{
	const uint32_t left = *(const uint32_t *)index, right = ((const struct provider_port *)port)->index;

	return (left > right) - (left < right);
}

/* Ports are ordered by index. */
static const struct provider_port *find_port(const struct provider_port *ports, size_t count, uint32_t index)
{
	return count ? bsearch(&index, ports, count, sizeof(*ports), compare_index) : NULL;
}

int function_wrap(struct dpu_device *device, const struct provider_function *info,
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

	rc = ctx->ops->ports(ctx, device->info.handle, &ports, &port_count);
	if (rc < 0)
		return rc;
	rc = ctx->ops->functions(ctx, device->info.handle, &infos, &count);
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

int function_at_port(struct dpu_device *device, uint32_t port, struct dpu_function **ret)
{
	struct dpu_ctx *ctx = device->ctx;
	struct provider_function info;
	struct provider_port info_port;
	int rc;

	rc = ctx->ops->function(ctx, device->info.handle, port, &info, &info_port);
	return rc < 0 ? rc : function_wrap(device, &info, &info_port, ret);
}

int function_check_hw_addr(struct dpu_ctx *ctx, const char *step, const uint8_t *hw_addr)
{
	static const uint8_t zero[6];
	char text[18];

	if (hw_addr[0] & 1) {
		text_mac_format(hw_addr, text);
		ctx_fail(ctx, -EINVAL, step, text, "a multicast address cannot be a function's own");
		return ctx_hint(ctx, "the first byte must be even");
	}
	if (!memcmp(hw_addr, zero, sizeof(zero)))
		return ctx_fail(ctx, -EINVAL, step, "00:00:00:00:00:00", "the address is all zero");
	return 0;
}

static int check_attrs(struct dpu_function *function, const struct dpu_function_attrs *attrs,
		       const char *name)
{
	struct dpu_ctx *ctx = function->device->ctx;

	if (attrs->state > DPU_FUNCTION_ACTIVE || attrs->set_caps & ~(uint32_t)FUNCTION_CAPS ||
	    attrs->caps & ~attrs->set_caps)
		return ctx_fail(ctx, -EINVAL, "set function", name, "malformed attributes");
	if (!function->info.has_port) {
		ctx_fail(ctx, -EOPNOTSUPP, "set function", name, "the function has no port on the e-switch");
		return ctx_hint(ctx, "set the e-switch to switchdev first");
	}
	if (attrs->set_state && function->info.type != DPU_FUNCTION_SF)
		return ctx_fail(ctx, -EOPNOTSUPP, "set function", name, "only an SF has a state");
	return attrs->hw_addr ? function_check_hw_addr(ctx, "set function", attrs->hw_addr) : 0;
}

/* Drivers let an SF be changed while it is inactive: so an SF that shall be inactive becomes so first, and
 * one that shall be active last. */
static int set_all(struct dpu_device *device, const struct dpu_function_attrs *attrs,
		   const struct function_change *change, const struct provider_function *before,
		   const char *name, const struct deadline *deadline)
{
	const bool active = attrs->state == DPU_FUNCTION_ACTIVE;
	struct dpu_ctx *ctx = device->ctx;
	struct deadline undo;
	struct dpu_error error;
	int rc;

	if (attrs->set_state && !active) {
		rc = sf_set_state(device, before->port, name, false, deadline);
		if (rc < 0)
			return rc;
	}
	rc = function_change(device, before->port, change, before);
	if (rc == 0 && attrs->set_state && active) {
		rc = sf_set_state(device, before->port, name, true, deadline);
		if (rc < 0)
			function_change_back(device, before->port, change, before);
	} else if (rc < 0 && attrs->set_state && !active && before->state == DPU_FUNCTION_ACTIVE) {
		error = ctx->error;
		undo = deadline_start(UNDO_MS);
		sf_set_state(device, before->port, name, true, &undo);
		ctx->error = error;
	}
	return rc;
}

int dpu_function_set(struct dpu_function *function, const struct dpu_function_attrs *user, int deadline_ms)
{
	struct deadline deadline = deadline_start(deadline_ms);
	struct dpu_device *device = function->device;
	struct dpu_ctx *ctx = device->ctx;
	struct provider_function before;
	struct dpu_function_attrs attrs;
	struct function_change change;
	char name[32];
	int rc;

	function_format(&function->info, name, sizeof(name));
	rc = opts_read(&attrs, sizeof(attrs), user);
	if (rc < 0)
		return ctx_fail(ctx, -EINVAL, "set function", name, "malformed attributes");
	rc = check_attrs(function, &attrs, name);
	if (rc < 0)
		return rc;
	rc = ctx->ops->function(ctx, device->info.handle, function->info.port, &before, NULL);
	if (rc < 0)
		return rc;
	change = (struct function_change){
		.hw_addr = attrs.hw_addr,
		.set_caps = attrs.set_caps,
		.caps = attrs.caps,
		.max_io_eqs = attrs.max_io_eqs,
		.max_uc_list = attrs.max_uc_list,
	};
	return set_all(device, &attrs, &change, &before, name, &deadline);
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

uint32_t dpu_function_caps(struct dpu_function *function, uint32_t *known)
{
	if (known)
		*known = function->info.known_caps;
	return function->info.caps;
}

uint32_t dpu_function_max_io_eqs(struct dpu_function *function)
{
	return function->info.max_io_eqs;
}

uint32_t dpu_function_max_uc_list(struct dpu_function *function)
{
	return function->info.max_uc_list;
}
