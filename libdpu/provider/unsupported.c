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

/* One member's answer, about object. */
#define ANSWER(member, object, ...)                                                                          \
	static int member(__VA_ARGS__)                                                                       \
	{                                                                                                    \
		return unsupported(ctx, #member, object);                                                    \
	}

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

static void datapath_close(struct dpu_ctx *ctx, void *datapath)
{
}

static void monitor_close(struct dpu_ctx *ctx, void *monitor)
{
}

static int wait_none(struct dpu_ctx *ctx, int timeout_ms)
{
	return unsupported(ctx, "wait", NULL);
}

ANSWER(devices, NULL, struct dpu_ctx *ctx, struct provider_device **ret, size_t *count)
ANSWER(ports, handle, struct dpu_ctx *ctx, const char *handle, struct provider_port **ret, size_t *count)
ANSWER(functions, handle, struct dpu_ctx *ctx, const char *handle, struct provider_function **ret,
       size_t *count)
ANSWER(port, handle, struct dpu_ctx *ctx, const char *handle, uint32_t port, struct provider_port *ret)
ANSWER(function, handle, struct dpu_ctx *ctx, const char *handle, uint32_t port,
       struct provider_function *ret, struct provider_port *ret_port)
ANSWER(versions, handle, struct dpu_ctx *ctx, const char *handle, struct dpu_device_version **ret,
       size_t *count)
ANSWER(rdma, NULL, struct dpu_ctx *ctx, struct dpu_rdma **ret, size_t *count)
ANSWER(params, handle, struct dpu_ctx *ctx, const char *handle, struct dpu_param **ret, size_t *count)
ANSWER(param_set, handle, struct dpu_ctx *ctx, const char *handle, const struct dpu_param *param,
       enum dpu_param_cmode cmode, const char *value)
ANSWER(rates, handle, struct dpu_ctx *ctx, const char *handle, struct dpu_rate **ret, size_t *count)
ANSWER(rate_set, handle, struct dpu_ctx *ctx, const char *handle, const struct dpu_rate_attrs *attrs)
ANSWER(rate_node_add, handle, struct dpu_ctx *ctx, const char *handle, const struct dpu_rate_attrs *attrs)
ANSWER(rate_node_delete, handle, struct dpu_ctx *ctx, const char *handle, const char *node)
ANSWER(health, handle, struct dpu_ctx *ctx, const char *handle, struct dpu_health **ret, size_t *count)
ANSWER(health_recover, handle, struct dpu_ctx *ctx, const char *handle, uint32_t port, const char *name)
ANSWER(health_set, handle, struct dpu_ctx *ctx, const char *handle, uint32_t port, const char *name,
       bool auto_recover)
ANSWER(resources, handle, struct dpu_ctx *ctx, const char *handle, struct dpu_resource **ret, size_t *count)
ANSWER(resource_set, handle, struct dpu_ctx *ctx, const char *handle, const char *path, uint64_t size)
ANSWER(port_stats, handle, struct dpu_ctx *ctx, const char *handle, uint32_t port,
       struct dpu_port_stats *stats)
ANSWER(eswitch_mode_get, handle, struct dpu_ctx *ctx, const char *handle, enum dpu_eswitch_mode *ret)
ANSWER(eswitch_mode_set, handle, struct dpu_ctx *ctx, const char *handle, enum dpu_eswitch_mode mode)
ANSWER(eswitch_attrs_get, handle, struct dpu_ctx *ctx, const char *handle, struct dpu_eswitch_attrs *ret)
ANSWER(eswitch_attrs_set, handle, struct dpu_ctx *ctx, const char *handle,
       const struct dpu_eswitch_attrs *attrs)
ANSWER(reload, handle, struct dpu_ctx *ctx, const char *handle, enum dpu_reload_action action,
       enum dpu_reload_limit limit, uint32_t *performed)
ANSWER(firmware, handle, struct dpu_ctx *ctx, const char *handle, struct provider_firmware *ret)
ANSWER(nvconfig_supports, handle, struct dpu_ctx *ctx, const char *handle, uint32_t type)
ANSWER(nvconfig_get, handle, struct dpu_ctx *ctx, const char *handle, enum provider_nvconfig_when when,
       struct provider_tlv *tlv)
ANSWER(nvconfig_update, handle, struct dpu_ctx *ctx, const char *handle, const struct provider_tlv *tlv,
       const uint8_t *mask, struct provider_tlv *former)
ANSWER(nvconfig_reset, handle, struct dpu_ctx *ctx, const char *handle)
ANSWER(mode_evidence, handle, struct dpu_ctx *ctx, const char *handle, struct provider_mode_evidence *ret)
ANSWER(reset_info, handle, struct dpu_ctx *ctx, const char *handle, struct provider_reset_info *ret)
ANSWER(reset, handle, struct dpu_ctx *ctx, const char *handle, enum dpu_reset level)
ANSWER(reset_done, handle, struct dpu_ctx *ctx, const char *handle)
ANSWER(sf_add, handle, struct dpu_ctx *ctx, const char *handle, uint32_t controller, uint32_t pfnum,
       uint32_t sfnum, uint32_t *port, uint32_t *ifindex)
ANSWER(function_set_hw_addr, handle, struct dpu_ctx *ctx, const char *handle, uint32_t port,
       const uint8_t hw_addr[6])
ANSWER(function_set_caps, handle, struct dpu_ctx *ctx, const char *handle, uint32_t port, uint32_t set,
       uint32_t caps)
ANSWER(function_set_max_io_eqs, handle, struct dpu_ctx *ctx, const char *handle, uint32_t port,
       uint32_t count)
ANSWER(function_set_max_uc_list, handle, struct dpu_ctx *ctx, const char *handle, uint32_t port,
       uint32_t count)
ANSWER(sf_claim, handle, struct dpu_ctx *ctx, const char *handle, const struct provider_claim *claim)
ANSWER(sf_unclaim, handle, struct dpu_ctx *ctx, const char *handle, const struct provider_claim *claim)
ANSWER(claims_left, handle, struct dpu_ctx *ctx, const char *handle, struct provider_claim **ret,
       size_t *count)
ANSWER(sf_activate, handle, struct dpu_ctx *ctx, const char *handle, uint32_t port)
ANSWER(sf_deactivate, handle, struct dpu_ctx *ctx, const char *handle, uint32_t port)
ANSWER(sf_bind, handle, struct dpu_ctx *ctx, const char *handle, const struct provider_function *sf)
ANSWER(sf_delete, handle, struct dpu_ctx *ctx, const char *handle, uint32_t port)
ANSWER(vf_count, handle, struct dpu_ctx *ctx, const char *handle, uint32_t *total)
ANSWER(vf_set_count, handle, struct dpu_ctx *ctx, const char *handle, uint32_t count)
ANSWER(vf_attrs_get, handle, struct dpu_ctx *ctx, const char *handle, uint32_t vfnum,
       struct dpu_vf_attrs *ret)
ANSWER(vf_attrs_set, handle, struct dpu_ctx *ctx, const char *handle, uint32_t vfnum,
       const struct dpu_vf_attrs *attrs)
ANSWER(vf_stats, handle, struct dpu_ctx *ctx, const char *handle, uint32_t vfnum, struct dpu_vf_stats *ret)
ANSWER(vf_set_msix, handle, struct dpu_ctx *ctx, const char *handle, uint32_t vfnum, uint32_t count)
ANSWER(vf_msix_total, handle, struct dpu_ctx *ctx, const char *handle)
ANSWER(vf_autoprobe, handle, struct dpu_ctx *ctx, const char *handle)
ANSWER(vf_set_autoprobe, handle, struct dpu_ctx *ctx, const char *handle, bool on)
ANSWER(monitor_open, NULL, struct dpu_ctx *ctx, uint32_t objects, void **ret, int *fd)
ANSWER(monitor_read, NULL, struct dpu_ctx *ctx, void *monitor, struct provider_event **ret, size_t *count)
ANSWER(monitor_dump, NULL, struct dpu_ctx *ctx, void *monitor, struct provider_event **ret, size_t *count)
ANSWER(port_rules, handle, struct dpu_ctx *ctx, const char *handle, uint32_t port)
ANSWER(flow_insert, handle, struct dpu_ctx *ctx, const char *handle, struct dpu_flow_rule *rule, uint64_t *id)
ANSWER(flow_delete, handle, struct dpu_ctx *ctx, const char *handle, uint64_t id)
ANSWER(flow_flush, handle, struct dpu_ctx *ctx, const char *handle)
ANSWER(flow_list, handle, struct dpu_ctx *ctx, const char *handle, struct provider_flow **ret, size_t *count)
ANSWER(datapath_open, handle, struct dpu_ctx *ctx, const char *handle, void **ret)
ANSWER(datapath_attach, NULL, struct dpu_ctx *ctx, void *datapath, uint32_t port, enum dpu_port_end end,
       struct dpu_virtq *tx, struct dpu_virtq *rx)
ANSWER(datapath_detach, NULL, struct dpu_ctx *ctx, void *datapath, uint32_t port, enum dpu_port_end end)
ANSWER(datapath_process, NULL, struct dpu_ctx *ctx, void *datapath)

const struct provider_ops provider_unsupported = {
	"unsupported",
	open_none,
	close_none,
	facility,
	devices,
	ports,
	functions,
	port,
	function,
	versions,
	rdma,
	params,
	param_set,
	rates,
	rate_set,
	rate_node_add,
	rate_node_delete,
	health,
	health_recover,
	health_set,
	resources,
	resource_set,
	port_stats,
	eswitch_mode_get,
	eswitch_mode_set,
	eswitch_attrs_get,
	eswitch_attrs_set,
	reload,
	firmware,
	nvconfig_supports,
	nvconfig_get,
	nvconfig_update,
	nvconfig_reset,
	mode_evidence,
	reset_info,
	reset,
	reset_done,
	sf_add,
	function_set_hw_addr,
	function_set_caps,
	function_set_max_io_eqs,
	function_set_max_uc_list,
	sf_claim,
	sf_unclaim,
	claims_left,
	sf_activate,
	sf_deactivate,
	sf_bind,
	sf_delete,
	vf_count,
	vf_set_count,
	vf_attrs_get,
	vf_attrs_set,
	vf_stats,
	vf_set_msix,
	vf_msix_total,
	vf_autoprobe,
	vf_set_autoprobe,
	monitor_open,
	monitor_close,
	monitor_read,
	monitor_dump,
	wait_none,
	port_rules,
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
	COMPLETE(port);
	COMPLETE(function);
	COMPLETE(versions);
	COMPLETE(rdma);
	COMPLETE(params);
	COMPLETE(param_set);
	COMPLETE(rates);
	COMPLETE(rate_set);
	COMPLETE(rate_node_add);
	COMPLETE(rate_node_delete);
	COMPLETE(health);
	COMPLETE(health_recover);
	COMPLETE(health_set);
	COMPLETE(resources);
	COMPLETE(resource_set);
	COMPLETE(port_stats);
	COMPLETE(eswitch_mode_get);
	COMPLETE(eswitch_mode_set);
	COMPLETE(eswitch_attrs_get);
	COMPLETE(eswitch_attrs_set);
	COMPLETE(reload);
	COMPLETE(firmware);
	COMPLETE(nvconfig_supports);
	COMPLETE(nvconfig_get);
	COMPLETE(nvconfig_update);
	COMPLETE(nvconfig_reset);
	COMPLETE(mode_evidence);
	COMPLETE(reset_info);
	COMPLETE(reset);
	COMPLETE(reset_done);
	COMPLETE(sf_add);
	COMPLETE(function_set_hw_addr);
	COMPLETE(function_set_caps);
	COMPLETE(function_set_max_io_eqs);
	COMPLETE(function_set_max_uc_list);
	COMPLETE(sf_claim);
	COMPLETE(sf_unclaim);
	COMPLETE(claims_left);
	COMPLETE(sf_activate);
	COMPLETE(sf_deactivate);
	COMPLETE(sf_bind);
	COMPLETE(sf_delete);
	COMPLETE(vf_count);
	COMPLETE(vf_set_count);
	COMPLETE(vf_attrs_get);
	COMPLETE(vf_attrs_set);
	COMPLETE(vf_stats);
	COMPLETE(vf_set_msix);
	COMPLETE(vf_msix_total);
	COMPLETE(vf_autoprobe);
	COMPLETE(vf_set_autoprobe);
	COMPLETE(monitor_open);
	COMPLETE(monitor_close);
	COMPLETE(monitor_read);
	COMPLETE(monitor_dump);
	COMPLETE(wait);
	COMPLETE(port_rules);
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
