/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A picture of what harness.h's picture() leaves out: parameters, rates, health, resources, attributes. */
#ifndef ATTRS_H
#define ATTRS_H

#include "harness.h"

static void draw_lists(FILE *out, struct dpu_device *device)
{
	struct dpu_resource_list *resources;
	const struct dpu_resource *resource;
	struct dpu_health_list *reporters;
	const struct dpu_health *reporter;
	const struct dpu_param *param;
	struct dpu_param_list *params;
	const struct dpu_rate *rate;
	struct dpu_rate_list *rates;
	size_t i;

	must(dpu_param_list(device, &params) == 0);
	for (i = 0; (param = dpu_param_list_get(params, i)); i++)
		fprintf(out, "param %s %u %u %u %s|%s|%s\n", param->name, param->type, param->cmodes,
			param->generic, param->value[0], param->value[1], param->value[2]);
	dpu_param_list_unref(params);
	must(dpu_rate_list(device, &rates) == 0);
	for (i = 0; (rate = dpu_rate_list_get(rates, i)); i++)
		fprintf(out, "rate %u %u %s %s %" PRIu64 " %" PRIu64 " %u %u\n", rate->type, rate->port,
			rate->node, rate->parent, rate->tx_share, rate->tx_max, rate->priority, rate->weight);
	dpu_rate_list_unref(rates);
	must(dpu_health_list(device, &reporters) == 0);
	for (i = 0; (reporter = dpu_health_list_get(reporters, i)); i++)
		fprintf(out, "health %s %u %" PRIu64 " %" PRIu64 " %u\n", reporter->name, reporter->state,
			reporter->errors, reporter->recoveries, reporter->auto_recover);
	dpu_health_list_unref(reporters);
	must(dpu_resource_list(device, &resources) == 0);
	for (i = 0; (resource = dpu_resource_list_get(resources, i)); i++)
		fprintf(out, "resource %s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", resource->path,
			resource->size, resource->size_new, resource->occupied);
	dpu_resource_list_unref(resources);
}

static void draw_vf(FILE *out, struct dpu_function *vf)
{
	DPU_OPTS(dpu_vf_attrs, attrs);

	must(dpu_vf_attrs_get(vf, &attrs) == 0);
	fprintf(out,
		"vf %u: %x vlan %u %u %x spoofchk %u trust %u link %u rate %u %u guid %" PRIx64 " %" PRIx64
		"\n",
		dpu_function_number(vf), attrs.set, attrs.vlan, attrs.qos, attrs.vlan_proto, attrs.spoofchk,
		attrs.trust, attrs.link_state, attrs.min_tx_rate, attrs.max_tx_rate, attrs.node_guid,
		attrs.port_guid);
}

/* To be freed, like picture()'s, which it begins with. */
__attribute__((unused)) static char *whole_picture(struct dpu_device *device)
{
	struct dpu_function_list *functions;
	struct dpu_function *function;
	DPU_OPTS(dpu_eswitch_attrs, attrs);
	char *text = NULL, *first = picture(device);
	uint32_t known;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	must(out);
	fputs(first, out);
	free(first);
	draw_lists(out, device);
	must(dpu_eswitch_attrs_get(device, &attrs) == 0);
	fprintf(out, "eswitch %u inline %u encap %u autoprobe %d\n", attrs.set, attrs.inline_mode,
		attrs.encap, dpu_vf_autoprobe(device));
	must(dpu_function_list(device, &functions) == 0);
	for (i = 0; i < dpu_function_list_count(functions); i++) {
		function = dpu_function_list_get(functions, i);
		fprintf(out, "function %zu caps %x", i, dpu_function_caps(function, &known));
		fprintf(out, " of %x eqs %u uc %u\n", known, dpu_function_max_io_eqs(function),
			dpu_function_max_uc_list(function));
		if (dpu_function_type(function) == DPU_FUNCTION_VF)
			draw_vf(out, function);
	}
	dpu_function_list_unref(functions);
	fclose(out);
	return text;
}

#endif
