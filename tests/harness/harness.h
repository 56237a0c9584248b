/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tests that open contexts share: allocators that fail on demand, and a picture of a DPU's state. */
#ifndef HARNESS_H
#define HARNESS_H

#include <dpu/dpu.h>
#include "tap.h"

/* An allocator that counts, and fails one allocation. */
struct fail_nth {
	long fail_at; /* which allocation fails, from 1; 0 none */
	long calls;
	long live; /* blocks handed out and not freed */
};

static void *fail_nth_alloc(void *data, size_t size)
{
	struct fail_nth *state = data;
	void *ptr;

	if (++state->calls == state->fail_at)
		return NULL;
	ptr = malloc(size);
	state->live += ptr != NULL;
	return ptr;
}

static void *fail_nth_realloc(void *data, void *old, size_t size)
{
	struct fail_nth *state = data;
	void *ptr;

	if (++state->calls == state->fail_at)
		return NULL;
	ptr = realloc(old, size);
	state->live += ptr && !old;
	return ptr;
}

static void fail_nth_free(void *data, void *ptr)
{
	struct fail_nth *state = data;

	state->live -= ptr != NULL;
	free(ptr);
}

__attribute__((unused)) static struct dpu_allocator fail_nth_allocator(struct fail_nth *state)
{
	return (struct dpu_allocator){ fail_nth_alloc, fail_nth_realloc, fail_nth_free, state };
}

/* Opens a world that must open. */
__attribute__((unused)) static struct dpu_ctx *open_uri(const char *uri)
{
	char error[512] = "";
	DPU_OPTS(dpu_ctx_opts, opts, .error = error, .error_size = sizeof(error));
	struct dpu_ctx *ctx = NULL;

	if (dpu_ctx_open(uri, &opts, &ctx) < 0) {
		printf("Bail out! %s: %s\n", uri, error);
		exit(1);
	}
	return ctx;
}

__attribute__((unused)) static struct dpu_device *find_device(struct dpu_ctx *ctx, const char *name)
{
	struct dpu_device *device = NULL;

	if (dpu_device_find(ctx, name, &device) < 0) {
		printf("Bail out! %s\n", dpu_ctx_error_text(ctx));
		exit(1);
	}
	return device;
}

/* A picture of everything a user can see of a device but its counters, as text, to be freed. */
__attribute__((unused)) static char *picture(struct dpu_device *device)
{
	struct dpu_nvconfig_list *nvconfig;
	struct dpu_function_list *functions;
	DPU_OPTS(dpu_mode_info, info);
	struct dpu_param_list *params;
	const struct dpu_param *param;
	struct dpu_rate_list *rates;
	const struct dpu_rate *rate;
	struct dpu_flow_table *table;
	struct dpu_flow_list *flows;
	struct dpu_function *function;
	struct dpu_port_list *ports;
	enum dpu_eswitch_mode mode;
	char *text = NULL, line[512];
	const uint8_t *mac;
	size_t size, i;
	uint64_t id;
	FILE *out = open_memstream(&text, &size);

	must(out);
	if (dpu_mode_get(device, &info) == 0)
		fprintf(out, "mode %u next %u\n", info.current, info.next);
	if (dpu_nvconfig_list(device, NULL, 0, &nvconfig) == 0) {
		for (i = 0; i < dpu_nvconfig_list_count(nvconfig); i++)
			fprintf(out, "nvconfig %s %u\n", dpu_nvconfig_list_get(nvconfig, i)->name,
				dpu_nvconfig_list_get(nvconfig, i)->number[DPU_NVCONFIG_NEXT]);
		dpu_nvconfig_list_unref(nvconfig);
	}
	if (dpu_eswitch_mode_get(device, &mode) == 0)
		fprintf(out, "eswitch %d vfs %d\n", (int)mode, dpu_vf_count(device, NULL));
	must(dpu_port_list(device, &ports) == 0);
	for (i = 0; i < dpu_port_list_count(ports); i++)
		fprintf(out, "port %u %s\n", dpu_port_index(dpu_port_list_get(ports, i)),
			dpu_port_netdev(dpu_port_list_get(ports, i)));
	dpu_port_list_unref(ports);
	must(dpu_function_list(device, &functions) == 0);
	for (i = 0; i < dpu_function_list_count(functions); i++) {
		function = dpu_function_list_get(functions, i);
		mac = dpu_function_hw_addr(function);
		fprintf(out, "function %d %u %u %d %d %s %x %u %02x%02x%02x%02x%02x%02x\n",
			(int)dpu_function_type(function), dpu_function_controller(function),
			dpu_function_number(function), (int)dpu_function_state(function),
			(int)dpu_function_opstate(function), dpu_function_netdev(function),
			dpu_function_caps(function, NULL), dpu_function_max_io_eqs(function), mac[0], mac[1],
			mac[2], mac[3], mac[4], mac[5]);
	}
	dpu_function_list_unref(functions);
	if (dpu_rate_list(device, &rates) == 0) {
		for (i = 0; i < dpu_rate_list_count(rates); i++) {
			rate = dpu_rate_list_get(rates, i);
			fprintf(out, "rate %u %s %s %llu %llu\n", rate->port, rate->node, rate->parent,
				(unsigned long long)rate->tx_share, (unsigned long long)rate->tx_max);
		}
		dpu_rate_list_unref(rates);
	}
	if (dpu_param_list(device, &params) == 0) {
		for (i = 0; i < dpu_param_list_count(params); i++) {
			param = dpu_param_list_get(params, i);
			fprintf(out, "param %s %s %s %s\n", param->name, param->value[0], param->value[1],
				param->value[2]);
		}
		dpu_param_list_unref(params);
	}
	if (dpu_flow_table_open(device, NULL, &table) == 0) {
		must(dpu_flow_list(table, &flows) == 0);
		for (i = 0; i < dpu_flow_list_count(flows); i++) {
			dpu_flow_rule_format(dpu_flow_list_get(flows, i, &id, NULL), line, sizeof(line));
			fprintf(out, "flow %llu %s\n", (unsigned long long)id, line);
		}
		dpu_flow_list_unref(flows);
		dpu_flow_table_unref(table);
	}
	fclose(out);
	return text;
}

#endif
