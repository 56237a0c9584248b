/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the library's objects look like in JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"

json_t *cli_string(const char *text)
{
	json_t *string = json_string(text);
	char *copy;
	size_t i;

	if (string)
		return string;
	copy = strdup(text);
	for (i = 0; copy && copy[i]; i++) {
		if ((unsigned char)copy[i] >= 0x80)
			copy[i] = '?';
	}
	string = json_string(copy);
	free(copy);
	return string;
}

json_t *cli_text(const char *text)
{
	return text && text[0] ? cli_string(text) : json_null();
}

json_t *cli_mac_json(const uint8_t mac[6])
{
	char text[18];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
	return json_string(text);
}

json_t *cli_number_json(uint32_t number)
{
	return number == DPU_PORT_NO_NUMBER ? json_null() : json_integer(number);
}

json_t *cli_u64_json(uint64_t number)
{
	return number > INT64_MAX ? json_real((double)number) : json_integer((json_int_t)number);
}

json_t *cli_count_json(uint32_t count)
{
	return count ? json_integer(count) : json_null();
}

json_t *cli_guid_json(uint64_t guid, unsigned int group)
{
	char text[24];
	size_t length = 0;
	int shift;

	for (shift = 60; shift >= 0; shift -= 4) {
		text[length++] = "0123456789abcdef"[guid >> shift & 15];
		if (shift && (unsigned int)shift % (4 * group) == 0)
			text[length++] = ':';
	}
	return json_stringn(text, length);
}

void cli_add_eswitch(struct dpu_device *device, json_t *object)
{
	DPU_OPTS(dpu_eswitch_attrs, attrs);

	if (dpu_eswitch_attrs_get(device, &attrs) < 0)
		attrs.set = 0;
	json_object_set_new(
		object, "inline_mode",
		attrs.set & DPU_ESWITCH_INLINE_MODE
			? cli_text(dpu_eswitch_inline_name((enum dpu_eswitch_inline)attrs.inline_mode))
			: json_null());
	json_object_set_new(object, "encap",
			    attrs.set & DPU_ESWITCH_ENCAP ? json_boolean(attrs.encap) : json_null());
}

/* What a function may do and have; null where the kernel did not tell. */
static void add_limits(struct dpu_function *function, json_t *object)
{
	uint32_t known, caps = dpu_function_caps(function, &known);
	const char *name;
	uint32_t bit;

	for (bit = 1; bit; bit <<= 1) {
		name = dpu_function_cap_name((enum dpu_function_cap)bit);
		if (name)
			json_object_set_new(object, name,
					    known & bit ? json_boolean(caps & bit) : json_null());
	}
	json_object_set_new(object, "max_io_eqs", cli_count_json(dpu_function_max_io_eqs(function)));
	json_object_set_new(object, "max_uc_list", cli_count_json(dpu_function_max_uc_list(function)));
}

json_t *cli_function_json(struct dpu_function *function)
{
	struct dpu_port *port = dpu_function_representor(function);
	struct dpu_device *device = dpu_function_device(function);
	json_t *object = json_object();
	char text[96];

	json_object_set_new(object, "device", json_string(dpu_device_handle(device)));
	json_object_set_new(object, "type", json_string(dpu_function_type_name(dpu_function_type(function))));
	json_object_set_new(object, "controller", json_integer(dpu_function_controller(function)));
	json_object_set_new(object, "external", json_boolean(dpu_function_controller(function) != 0));
	json_object_set_new(object, "pfnum", json_integer(dpu_function_pfnum(function)));
	json_object_set_new(object, "number", cli_number_json(dpu_function_number(function)));
	json_object_set_new(object, "hw_addr", cli_mac_json(dpu_function_hw_addr(function)));
	json_object_set_new(
		object, "state",
		json_string(dpu_function_state(function) == DPU_FUNCTION_ACTIVE ? "active" : "inactive"));
	json_object_set_new(object, "opstate",
			    json_string(dpu_function_opstate(function) == DPU_FUNCTION_ATTACHED
						? "attached"
						: "detached"));
	json_object_set_new(object, "netdev", cli_text(dpu_function_netdev(function)));
	json_object_set_new(object, "rdma_device", cli_text(dpu_function_rdma_device(function)));
	json_object_set_new(object, "aux_device", cli_text(dpu_function_aux_device(function)));
	json_object_set_new(object, "representor", cli_text(port ? dpu_port_netdev(port) : NULL));
	if (port) {
		snprintf(text, sizeof(text), "%s/%" PRIu32, dpu_device_handle(device), dpu_port_index(port));
		json_object_set_new(object, "port", json_string(text));
	}
	add_limits(function, object);
	return object;
}

const struct column cli_function_columns[] = {
	{ "number", "NUMBER" },   { "controller", "CONTROLLER" }, { "pfnum", "PF" },
	{ "hw_addr", "HW_ADDR" }, { "state", "STATE" },           { "opstate", "OPSTATE" },
	{ "netdev", "NETDEV" },   { "rdma_device", "RDMA" },      { "representor", "REPRESENTOR" },
	{ NULL, NULL },
};

int cli_add_functions(struct cli *cli, struct dpu_device *device, enum dpu_function_type type, json_t *rows)
{
	struct dpu_function_list *list;
	struct dpu_function *function;
	size_t i;

	if (dpu_function_list(device, &list) < 0)
		return cli_fail(cli);
	for (i = 0; i < dpu_function_list_count(list); i++) {
		function = dpu_function_list_get(list, i);
		if (dpu_function_type(function) == type)
			json_array_append_new(rows, cli_function_json(function));
	}
	dpu_function_list_unref(list);
	return EXIT_OK;
}

json_t *cli_port_json(struct dpu_port *port)
{
	json_t *object = json_object();

	json_object_set_new(object, "device", json_string(dpu_device_handle(dpu_port_device(port))));
	json_object_set_new(object, "index", json_integer(dpu_port_index(port)));
	json_object_set_new(object, "flavour", cli_text(dpu_port_flavour_name(dpu_port_flavour(port))));
	json_object_set_new(object, "controller", json_integer(dpu_port_controller(port)));
	json_object_set_new(object, "pfnum", cli_number_json(dpu_port_pfnum(port)));
	json_object_set_new(object, "vfnum", cli_number_json(dpu_port_vfnum(port)));
	json_object_set_new(object, "sfnum", cli_number_json(dpu_port_sfnum(port)));
	json_object_set_new(object, "netdev", cli_text(dpu_port_netdev(port)));
	json_object_set_new(object, "ifindex", json_integer(dpu_port_ifindex(port)));
	json_object_set_new(object, "phys_port_name", cli_text(dpu_port_phys_port_name(port)));
	json_object_set_new(object, "phys_switch_id", cli_text(dpu_port_phys_switch_id(port)));
	return object;
}
