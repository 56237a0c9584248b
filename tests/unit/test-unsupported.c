/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A provider that has nothing but a name: every member answers, by that name and its own, and does nothing.
 */
#include <errno.h>
#include "harness.h"
#include "provider/provider.h"

static const struct provider_ops empty = { .name = "empty" };

static void answers(struct dpu_ctx *ctx, int rc, const char *member)
{
	char text[64];

	snprintf(text, sizeof(text), "the empty provider has no %s", member);
	ok(rc == -EOPNOTSUPP && !strcmp(dpu_error_step(dpu_ctx_error(ctx)), member) &&
		   !strcmp(dpu_error_message(dpu_ctx_error(ctx)), text),
	   "%s says that it is not there: %s", member, dpu_ctx_error_text(ctx));
}

#define ANSWERS(member, ...) answers(ctx, ops.member(ctx, ##__VA_ARGS__), #member)

/* The public calls pass the answer on. */
static void public_calls(struct dpu_ctx *ctx)
{
	struct dpu_device_list *devices = NULL;
	struct dpu_device *device = NULL;

	is_int(dpu_device_list(ctx, &devices), -EOPNOTSUPP);
	is_int(dpu_device_find(ctx, "p0", &device), -EOPNOTSUPP);
	contains(dpu_ctx_error_text(ctx), "devices: the empty provider has no devices");
	ok(!devices && !device, "nothing was written");
}

int main(void)
{
	const uint8_t mac[6] = { 2 };
	struct provider_function *functions = NULL;
	struct provider_device *devices;
	struct provider_flow *flows;
	struct provider_port *ports;
	struct dpu_port_stats stats;
	enum dpu_eswitch_mode mode;
	struct provider_ops ops;
	struct provider_firmware firmware;
	struct provider_mode_evidence evidence;
	struct provider_reset_info reset;
	struct provider_tlv tlv = { .type = 12 };
	const char *reason = NULL;
	struct dpu_ctx *ctx;
	uint32_t number;
	uint64_t id;
	void *datapath;
	size_t count;

	must(ctx_create(NULL, &ctx) == 0);
	provider_complete(&ops, &empty);
	ctx->ops = &ops;
	is_int(ops.open(ctx, "", NULL), 0);
	is_int(ops.facility(ctx, DPU_FACILITY_PCI, &reason), 0);
	ok(reason && reason[0], "a facility is absent for a reason");
	ANSWERS(devices, &devices, &count);
	ANSWERS(ports, "x", &ports, &count);
	ANSWERS(functions, "x", &functions, &count);
	ANSWERS(port_stats, "x", 1, &stats);
	ANSWERS(eswitch_mode_get, "x", &mode);
	ANSWERS(eswitch_mode_set, "x", DPU_ESWITCH_LEGACY);
	ANSWERS(firmware, "x", &firmware);
	ANSWERS(nvconfig_supports, "x", 12);
	ANSWERS(nvconfig_get, "x", PROVIDER_NVCONFIG_NEXT, &tlv);
	ANSWERS(nvconfig_update, "x", &tlv, tlv.data, &tlv);
	ANSWERS(nvconfig_reset, "x");
	ANSWERS(mode_evidence, "x", &evidence);
	ANSWERS(reset_info, "x", &reset);
	ANSWERS(reset, "x", DPU_RESET_FIRMWARE);
	ANSWERS(reset_done, "x");
	ANSWERS(sf_add, "x", 0, 0, 1, &number, &number);
	ANSWERS(function_set_hw_addr, "x", 1, mac);
	ANSWERS(sf_activate, "x", 1);
	ANSWERS(sf_deactivate, "x", 1);
	ANSWERS(sf_bind, "x", functions);
	ANSWERS(sf_delete, "x", 1);
	ANSWERS(vf_count, "x", &number);
	ANSWERS(vf_set_count, "x", 1);
	ANSWERS(wait, 1);
	ANSWERS(flow_insert, "x", NULL, &id);
	ANSWERS(flow_delete, "x", 1);
	ANSWERS(flow_flush, "x");
	ANSWERS(flow_list, "x", &flows, &count);
	ANSWERS(datapath_open, "x", &datapath);
	ANSWERS(datapath_attach, NULL, 1, DPU_PORT_FUNCTION, NULL, NULL);
	ANSWERS(datapath_detach, NULL, 1, DPU_PORT_FUNCTION);
	ANSWERS(datapath_process, NULL);
	ops.datapath_close(ctx, NULL);
	public_calls(ctx);
	ops.close(ctx);
	ctx->ops = NULL;
	dpu_ctx_unref(ctx);
	return tap_done();
}
