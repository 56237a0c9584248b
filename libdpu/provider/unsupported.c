/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answers to what a provider does not have. */
#include <errno.h>
#include <string.h>
#include "provider/provider.h"

static int unsupported(struct dpu_ctx *ctx, const char *member, const char *object)
{
	return ctx_fail(ctx, -EOPNOTSUPP, member, object, "the %s provider has no %s", ctx->ops->name,
			member);
}

/* The unused parameters are what makes each function fit its member. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

static int open_none(struct dpu_ctx *ctx, const char *path, const char *params)
{
	return 0;
}

static void close_none(struct dpu_ctx *ctx)
{
}

static int facility(struct dpu_ctx *ctx, enum dpu_facility which, const char **reason)
{
	*reason = "not offered by this provider";
	return 0;
}

static int devices(struct dpu_ctx *ctx, struct provider_device **ret, size_t *count)
{
	return unsupported(ctx, "devices", NULL);
}

static int ports(struct dpu_ctx *ctx, const char *handle, struct provider_port **ret, size_t *count)
{
	return unsupported(ctx, "ports", handle);
}

static int functions(struct dpu_ctx *ctx, const char *handle, struct provider_function **ret, size_t *count)
{
	return unsupported(ctx, "functions", handle);
}

static int port_stats(struct dpu_ctx *ctx, const char *handle, uint32_t port, struct dpu_port_stats *stats)
{
	return unsupported(ctx, "port_stats", handle);
}

static int eswitch_mode_get(struct dpu_ctx *ctx, const char *handle, enum dpu_eswitch_mode *ret)
{
	return unsupported(ctx, "eswitch_mode_get", handle);
}

static int eswitch_mode_set(struct dpu_ctx *ctx, const char *handle, enum dpu_eswitch_mode mode)
{
	return unsupported(ctx, "eswitch_mode_set", handle);
}

static int nvconfig_get(struct dpu_ctx *ctx, const char *handle, enum provider_nvconfig_when when,
			const char *name, uint64_t *value)
{
	return unsupported(ctx, "nvconfig_get", handle);
}

static int nvconfig_set(struct dpu_ctx *ctx, const char *handle, const struct provider_nvconfig *values,
			size_t count)
{
	return unsupported(ctx, "nvconfig_set", handle);
}

static int nvconfig_reset_level(struct dpu_ctx *ctx, const char *handle, const char *name,
				enum dpu_reset *ret)
{
	return unsupported(ctx, "nvconfig_reset_level", handle);
}

static int reset(struct dpu_ctx *ctx, const char *handle, enum dpu_reset level)
{
	return unsupported(ctx, "reset", handle);
}

static int reset_done(struct dpu_ctx *ctx, const char *handle)
{
	return unsupported(ctx, "reset_done", handle);
}

static int sf_add(struct dpu_ctx *ctx, const char *handle, uint32_t controller, uint32_t pfnum,
		  uint32_t sfnum, uint32_t *port)
{
	return unsupported(ctx, "sf_add", handle);
}

static int function_set_hw_addr(struct dpu_ctx *ctx, const char *handle, uint32_t port,
				const uint8_t hw_addr[6])
{
	return unsupported(ctx, "function_set_hw_addr", handle);
}

static int sf_activate(struct dpu_ctx *ctx, const char *handle, uint32_t port)
{
	return unsupported(ctx, "sf_activate", handle);
}

static int sf_deactivate(struct dpu_ctx *ctx, const char *handle, uint32_t port)
{
	return unsupported(ctx, "sf_deactivate", handle);
}

static int sf_bind(struct dpu_ctx *ctx, const char *handle, uint32_t port)
{
	return unsupported(ctx, "sf_bind", handle);
}

static int sf_delete(struct dpu_ctx *ctx, const char *handle, uint32_t port)
{
	return unsupported(ctx, "sf_delete", handle);
}

static int vf_count(struct dpu_ctx *ctx, const char *handle, uint32_t *total)
{
	return unsupported(ctx, "vf_count", handle);
}

static int vf_set_count(struct dpu_ctx *ctx, const char *handle, uint32_t count)
{
	return unsupported(ctx, "vf_set_count", handle);
}

static int wait_none(struct dpu_ctx *ctx, int timeout_ms)
{
	return unsupported(ctx, "wait", NULL);
}

static int flow_insert(struct dpu_ctx *ctx, const char *handle, struct dpu_flow_rule *rule, uint64_t *id)
{
	return unsupported(ctx, "flow_insert", handle);
}

static int flow_delete(struct dpu_ctx *ctx, const char *handle, uint64_t id)
{
	return unsupported(ctx, "flow_delete", handle);
}

static int flow_flush(struct dpu_ctx *ctx, const char *handle)
{
	return unsupported(ctx, "flow_flush", handle);
}

static int flow_list(struct dpu_ctx *ctx, const char *handle, struct provider_flow **ret, size_t *count)
{
	return unsupported(ctx, "flow_list", handle);
}

static int datapath_open(struct dpu_ctx *ctx, const char *handle, void **ret)
{
	return unsupported(ctx, "datapath_open", handle);
}

static void datapath_close(struct dpu_ctx *ctx, void *datapath)
{
}

static int datapath_attach(struct dpu_ctx *ctx, void *datapath, uint32_t port, enum dpu_port_end end,
			   struct dpu_virtq *tx, struct dpu_virtq *rx)
{
	return unsupported(ctx, "datapath_attach", NULL);
}

static int datapath_detach(struct dpu_ctx *ctx, void *datapath, uint32_t port, enum dpu_port_end end)
{
	return unsupported(ctx, "datapath_detach", NULL);
}

static int datapath_process(struct dpu_ctx *ctx, void *datapath)
{
	return unsupported(ctx, "datapath_process", NULL);
}

/* Positional on purpose: a member added to the table and not here is a compiler warning. */
const struct provider_ops provider_unsupported = {
	"unsupported",
	open_none,
	close_none,
	facility,
	devices,
	ports,
	functions,
	port_stats,
	eswitch_mode_get,
	eswitch_mode_set,
	nvconfig_get,
	nvconfig_set,
	nvconfig_reset_level,
	reset,
	reset_done,
	sf_add,
	function_set_hw_addr,
	sf_activate,
	sf_deactivate,
	sf_bind,
	sf_delete,
	vf_count,
	vf_set_count,
	wait_none,
	flow_insert,
	flow_delete,
	flow_flush,
	flow_list,
	datapath_open,
	datapath_close,
	datapath_attach,
	datapath_detach,
	datapath_process,
};

#define COMPLETE(member)                                                                                     \
	do {                                                                                                 \
		if (!complete->member)                                                                       \
			complete->member = provider_unsupported.member;                                      \
	} while (0)

void provider_complete(struct provider_ops *complete, const struct provider_ops *ops)
{
	*complete = *ops;
	COMPLETE(open);
	COMPLETE(close);
	COMPLETE(facility);
	COMPLETE(devices);
	COMPLETE(ports);
	COMPLETE(functions);
	COMPLETE(port_stats);
	COMPLETE(eswitch_mode_get);
	COMPLETE(eswitch_mode_set);
	COMPLETE(nvconfig_get);
	COMPLETE(nvconfig_set);
	COMPLETE(nvconfig_reset_level);
	COMPLETE(reset);
	COMPLETE(reset_done);
	COMPLETE(sf_add);
	COMPLETE(function_set_hw_addr);
	COMPLETE(sf_activate);
	COMPLETE(sf_deactivate);
	COMPLETE(sf_bind);
	COMPLETE(sf_delete);
	COMPLETE(vf_count);
	COMPLETE(vf_set_count);
	COMPLETE(wait);
	COMPLETE(flow_insert);
	COMPLETE(flow_delete);
	COMPLETE(flow_flush);
	COMPLETE(flow_list);
	COMPLETE(datapath_open);
	COMPLETE(datapath_close);
	COMPLETE(datapath_attach);
	COMPLETE(datapath_detach);
	COMPLETE(datapath_process);
}
