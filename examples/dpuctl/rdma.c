/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rdma: the ports of RDMA devices. */
#include "cli.h"

/* The words of rdma(8); InfiniBand's PortPhysicalState. */
static const char *phys_state_name(uint32_t state)
{
	static const char *const names[] = {
		"NOP",      "SLEEP",   "POLLING",     "DISABLED", "ARMED",    "LINK_UP", "LINK_ERROR_RECOVER",
		"PHY_TEST", "UNKNOWN", "OPA_OFFLINE", "UNKNOWN",  "OPA_TEST",
	};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : "UNKNOWN";
}

/* The names are those of rdma -j link and rdma -j dev. */
static json_t *link_json(const struct dpu_rdma *link)
{
	return json_pack(
		"{s:I, s:o, s:I, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "ifindex", (json_int_t)link->index,
		"ifname", cli_string(link->device), "port", (json_int_t)link->port, "state",
		cli_text(dpu_rdma_state_name((enum dpu_rdma_state)link->state)), "physical_state",
		phys_state_name(link->phys_state), "netdev", cli_text(link->netdev), "netdev_index",
		cli_count_json(link->ifindex), "fw", cli_text(link->firmware), "node_guid",
		cli_guid_json(link->node_guid, 4), "sys_image_guid", cli_guid_json(link->sys_image_guid, 4));
}

static int rdma(struct cli *cli, int argc, char **argv)
{
	static const struct column columns[] = {
		{ "ifname", "RDMA" },   { "port", "PORT" },
		{ "state", "STATE" },   { "physical_state", "PHYSICAL_STATE" },
		{ "netdev", "NETDEV" }, { "node_guid", "NODE_GUID" },
		{ NULL, NULL },
	};
	struct dpu_rdma_list *list;
	json_t *rows;
	size_t i;

	if (argc)
		return cli_usage(cli, "\"%s\" is too much", argv[0]);
	if (dpu_rdma_list(cli->ctx, &list) < 0)
		return cli_fail(cli);
	rows = json_array();
	for (i = 0; i < dpu_rdma_list_count(list); i++)
		json_array_append_new(rows, link_json(dpu_rdma_list_get(list, i)));
	dpu_rdma_list_unref(list);
	return cli_rows(cli, rows, columns);
}

const struct command rdma_commands[] = {
	{ "rdma", "", "Lists the ports of all RDMA devices, with their network devices.", rdma },
	{ NULL, NULL, NULL, NULL },
};
