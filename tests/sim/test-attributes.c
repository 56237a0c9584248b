/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the simulated DPU's attributes are, what it refuses and in which words, and what survives what. */
#include <errno.h>
#include <unistd.h>
#include "attrs.h"

#define DEADLINE_MS 10000

static const struct dpu_param *find_param(struct dpu_param_list *params, const char *name)
{
	size_t i;

	for (i = 0; i < dpu_param_list_count(params); i++) {
		if (!strcmp(dpu_param_list_get(params, i)->name, name))
			return dpu_param_list_get(params, i);
	}
	return NULL;
}

static void is_param(struct dpu_device *device, const char *name, enum dpu_param_cmode cmode,
		     const char *value)
{
	const struct dpu_param *param;
	struct dpu_param_list *params;

	must(dpu_param_list(device, &params) == 0);
	param = find_param(params, name);
	must(param);
	is_int(param->cmodes, 1 << cmode);
	is_str(param->value[cmode], value);
	dpu_param_list_unref(params);
}

/* Refused, in these words, and as before. */
static void refused(struct dpu_device *device, const char *what, int rc, int code, const char *words,
		    char *before)
{
	const char *text = dpu_ctx_error_text(dpu_device_ctx(device));
	char *after;

	ok(rc == code && strstr(text, words), "%s is refused: %s", what, text);
	if (rc != code)
		tap_diag("got %d, wanted %d", rc, code);
	after = whole_picture(device);
	if (strcmp(before, after) != 0)
		ok(false, "%s changes nothing: before\n%safter\n%s", what, before, after);
	free(after);
	free(before);
}

#define REFUSED(device, call, code, words)                                                                   \
	do {                                                                                                 \
		char *before_ = whole_picture(device);                                                       \
		refused(device, #call, (call), (code), (words), before_);                                    \
	} while (0)

static void params(struct dpu_ctx *ctx)
{
	struct dpu_device *p0 = find_device(ctx, "p0"), *p1 = find_device(ctx, "p1"), *oob;
	const char *kernel = strerror(EINVAL);

	is_param(p0, "enable_roce", DPU_PARAM_DRIVERINIT, "true");
	is_param(p0, "io_eq_size", DPU_PARAM_DRIVERINIT, "1024");
	is_param(p0, "flow_steering_mode", DPU_PARAM_RUNTIME, "smfs");
	is_param(p0, "enable_sriov", DPU_PARAM_PERMANENT, "true");
	is_param(p0, "total_vfs", DPU_PARAM_PERMANENT, "16");
	/* A driverinit value can be seen at once, and stays over the reload that it is for. */
	is_int(dpu_param_set(p0, "io_eq_size", DPU_PARAM_DRIVERINIT, "0x40"), 0);
	is_int(dpu_param_set(p0, "enable_roce", DPU_PARAM_DRIVERINIT, "false"), 0);
	is_param(p0, "io_eq_size", DPU_PARAM_DRIVERINIT, "64");
	is_param(p1, "io_eq_size", DPU_PARAM_DRIVERINIT, "1024");
	REFUSED(p0, dpu_param_set(p0, "io_eq_size", DPU_PARAM_DRIVERINIT, "63"), -EINVAL, kernel);
	REFUSED(p0, dpu_param_set(p0, "io_eq_size", DPU_PARAM_DRIVERINIT, "4097"), -EINVAL, kernel);
	REFUSED(p0, dpu_param_set(p0, "io_eq_size", DPU_PARAM_RUNTIME, "64"), -EOPNOTSUPP, "io_eq_size");
	REFUSED(p0, dpu_param_set(p0, "max_macs", DPU_PARAM_DRIVERINIT, "0"), -EINVAL, "greater than 0");
	REFUSED(p0, dpu_param_set(p0, "max_macs", DPU_PARAM_DRIVERINIT, "100"), -EINVAL, "Only power of 2");
	REFUSED(p0, dpu_param_set(p0, "max_macs", DPU_PARAM_DRIVERINIT, "8192"), -EINVAL, "supported range");
	REFUSED(p0, dpu_param_set(p0, "flow_steering_mode", DPU_PARAM_RUNTIME, "hmfs"), -EOPNOTSUPP,
		"Moving to hmfs is not supported when eswitch offloads enabled.");
	REFUSED(p0, dpu_param_set(p0, "flow_steering_mode", DPU_PARAM_RUNTIME, "fast"), -EINVAL,
		"supported values are [\"dmfs\", \"smfs\", \"hmfs\"]");
	REFUSED(p0, dpu_param_set(p0, "total_vfs", DPU_PARAM_PERMANENT, "505"), -EINVAL,
		"Max allowed by device is 504");
	REFUSED(p0, dpu_param_set(p0, "no_such", DPU_PARAM_RUNTIME, "1"), -ENOENT, "no such parameter");
	is_int(dpu_param_set(p0, "esw_multiport", DPU_PARAM_RUNTIME, "true"), 0);
	must(dpu_eswitch_mode_set(p0, DPU_ESWITCH_LEGACY, DEADLINE_MS) == 0);
	is_param(p0, "esw_multiport", DPU_PARAM_RUNTIME, "false");
	REFUSED(p0, dpu_param_set(p0, "esw_multiport", DPU_PARAM_RUNTIME, "true"), -EOPNOTSUPP,
		"esw_multiport");
	is_int(dpu_param_set(p0, "flow_steering_mode", DPU_PARAM_RUNTIME, "hmfs"), 0);
	is_param(p0, "flow_steering_mode", DPU_PARAM_RUNTIME, "hmfs");
	oob = find_device(ctx, "oob_net0");
	is_int(dpu_param_set(oob, "enable_roce", DPU_PARAM_DRIVERINIT, "true"), -EOPNOTSUPP);
	dpu_device_unref(oob);
	dpu_device_unref(p1);
	dpu_device_unref(p0);
}

/* The permanent ones are the firmware's, for its next reset, and all PFs show the same. */
static void permanent(void)
{
	struct dpu_ctx *ctx = open_uri("sim:");
	struct dpu_device *p0 = find_device(ctx, "p0"), *p1 = find_device(ctx, "p1");
	uint32_t total = 0, performed = 0;

	is_int(dpu_param_set(p0, "total_vfs", DPU_PARAM_PERMANENT, "32"), 0);
	is_int(dpu_param_set(p0, "io_eq_size", DPU_PARAM_DRIVERINIT, "64"), 0);
	is_param(p1, "total_vfs", DPU_PARAM_PERMANENT, "32");
	is_int(dpu_vf_count(p0, &total), 0);
	is_int(total, 16);
	is_int(dpu_device_reload(p0, DPU_RELOAD_FW_ACTIVATE, DPU_RELOAD_NO_RESET, &performed), 0);
	is_int(performed, 1 << DPU_RELOAD_FW_ACTIVATE);
	must(dpu_vf_count(p0, &total) == 0);
	is_int(total, 16);
	is_int(dpu_device_reload(p0, DPU_RELOAD_FW_ACTIVATE, DPU_RELOAD_UNLIMITED, &performed), 0);
	is_int(performed, 1 << DPU_RELOAD_FW_ACTIVATE | 1 << DPU_RELOAD_DRIVER_REINIT);
	must(dpu_vf_count(p0, &total) == 0);
	is_int(total, 32);
	is_int(dpu_param_set(p0, "enable_sriov", DPU_PARAM_PERMANENT, "false"), 0);
	is_param(p0, "io_eq_size", DPU_PARAM_DRIVERINIT, "64");
	is_int(dpu_device_reset(p0, DPU_RESET_FIRMWARE, DEADLINE_MS), 0);
	must(dpu_vf_count(p0, &total) == 0);
	is_int(total, 0);
	is_param(p0, "io_eq_size", DPU_PARAM_DRIVERINIT, "1024"); /* the Arm side's driver came up anew */
	dpu_device_unref(p1);
	dpu_device_unref(p0);
	dpu_ctx_unref(ctx);
}

static void is_rate(struct dpu_device *device, const char *node, uint32_t port, uint64_t share, uint64_t max,
		    const char *parent)
{
	const struct dpu_rate *rate;
	struct dpu_rate_list *rates;
	size_t i;

	must(dpu_rate_list(device, &rates) == 0);
	for (i = 0; (rate = dpu_rate_list_get(rates, i)); i++) {
		if (rate->port == port && !strcmp(rate->node, node))
			break;
	}
	ok(rate && rate->tx_share == share && rate->tx_max == max && !strcmp(rate->parent, parent),
	   "the rate of %u%s is %" PRIu64 " to %" PRIu64 " under \"%s\"", port, node, share, max, parent);
	dpu_rate_list_unref(rates);
}

static void rates(struct dpu_ctx *ctx)
{
	DPU_OPTS(dpu_rate_attrs, leaf, .set = DPU_RATE_TX_SHARE | DPU_RATE_TX_MAX, .tx_share = 125000,
		 .tx_max = UINT64_C(25000000000));
	DPU_OPTS(dpu_rate_attrs, gold, .node = "gold", .set = DPU_RATE_TX_MAX, .tx_max = 1000000);
	DPU_OPTS(dpu_rate_attrs, silver, .node = "silver", .set = DPU_RATE_PARENT, .parent = "gold");
	struct dpu_device *p0 = find_device(ctx, "p0");
	struct dpu_rate_list *list;
	struct dpu_port *port;
	enum dpu_eswitch_mode mode;

	must(dpu_port_find(ctx, "en3f0pf0sf0", &port) == 0);
	leaf.port = dpu_port_index(port);
	must(dpu_rate_list(p0, &list) == 0);
	is_int(dpu_rate_list_count(list), 2); /* the host's PF and the default SF */
	is_int(dpu_rate_list_get(list, 0)->type, DPU_RATE_LEAF);
	dpu_rate_list_unref(list);
	is_int(dpu_rate_set(p0, &leaf), 0);
	is_rate(p0, "", leaf.port, 125000, UINT64_C(25000000000), "");
	is_int(dpu_rate_node_add(p0, &gold), 0);
	is_int(dpu_rate_node_add(p0, &silver), 0);
	is_rate(p0, "gold", DPU_PORT_NO_NUMBER, 0, 1000000, "");
	REFUSED(p0, dpu_rate_node_add(p0, &gold), -EEXIST, "gold");
	leaf.set = DPU_RATE_PARENT;
	leaf.parent = "silver";
	is_int(dpu_rate_set(p0, &leaf), 0);
	is_rate(p0, "", leaf.port, 125000, UINT64_C(25000000000), "silver");
	REFUSED(p0, dpu_rate_node_delete(p0, "silver"), -EBUSY, "Node has children. Cannot delete node.");
	REFUSED(p0, dpu_rate_node_delete(p0, "gold"), -EBUSY, "Node has children");
	REFUSED(p0, dpu_rate_node_delete(p0, "iron"), -ENODEV, "iron");
	leaf.parent = "iron";
	REFUSED(p0, dpu_rate_set(p0, &leaf), -ENODEV, "iron");
	gold.set = DPU_RATE_PARENT;
	gold.parent = "gold";
	REFUSED(p0, dpu_rate_set(p0, &gold), -EINVAL, "Parent to self is not allowed");
	gold.parent = "silver";
	REFUSED(p0, dpu_rate_set(p0, &gold), -EEXIST, "Node is already a parent of parent node.");
	leaf.set = DPU_RATE_TX_MAX;
	leaf.tx_max = UINT64_C(25000125000);
	REFUSED(p0, dpu_rate_set(p0, &leaf), -EINVAL, "TX rate value exceed link maximum speed");
	leaf.tx_max = 125001;
	REFUSED(p0, dpu_rate_set(p0, &leaf), -EINVAL, "TX rate value not in link speed units of 1Mbps");
	leaf.set = DPU_RATE_TX_SHARE;
	leaf.tx_share = UINT64_C(25000000000) + 125000;
	REFUSED(p0, dpu_rate_set(p0, &leaf), -EINVAL, "exceed link maximum speed");
	leaf.set = DPU_RATE_PRIORITY;
	REFUSED(p0, dpu_rate_set(p0, &leaf), -EOPNOTSUPP, "TX priority set isn't supported for the leafs");
	gold.set = DPU_RATE_WEIGHT;
	REFUSED(p0, dpu_rate_set(p0, &gold), -EOPNOTSUPP, "TX weight set isn't supported for the nodes");
	leaf.port = 1;
	REFUSED(p0, dpu_rate_set(p0, &leaf), -ENODEV, "no such rate");
	/* The kernel keeps the e-switch's mode while there are nodes. */
	REFUSED(p0, dpu_eswitch_mode_set(p0, DPU_ESWITCH_LEGACY, DEADLINE_MS), -EBUSY,
		"Rate node(s) exists.");
	leaf.port = dpu_port_index(port);
	leaf.set = DPU_RATE_PARENT;
	leaf.parent = NULL;
	is_int(dpu_rate_set(p0, &leaf), 0);
	is_int(dpu_rate_node_delete(p0, "silver"), 0);
	is_int(dpu_rate_node_delete(p0, "gold"), 0);
	is_int(dpu_eswitch_mode_set(p0, DPU_ESWITCH_LEGACY, DEADLINE_MS), 0);
	is_int(dpu_eswitch_mode_get(p0, &mode), 0);
	must(dpu_rate_list(p0, &list) == 0);
	is_int(dpu_rate_list_count(list), 0);
	dpu_rate_list_unref(list);
	REFUSED(p0, dpu_rate_node_add(p0, &gold), -EOPNOTSUPP, "only in switchdev mode");
	dpu_port_unref(port);
	dpu_device_unref(p0);
}

/* What nobody reads back: the firmware's own, the same everywhere. */
static void facts(struct dpu_ctx *ctx)
{
	static const char *const expected[][2] = {
		{ "fw.psid", "MT_00000000884" }, { "fw.version", "32.41.1000" }, { "fw", "32.41.1000" },
		{ "fw.version", "32.41.1000" },  { "fw", "32.41.1000" },
	};
	struct dpu_device_version_list *versions;
	struct dpu_resource_list *resources;
	struct dpu_rdma_list *links;
	struct dpu_device *p0 = find_device(ctx, "p0");
	const struct dpu_rdma *link;
	size_t i;

	must(dpu_device_version_list(p0, &versions) == 0);
	is_int(dpu_device_version_list_count(versions), 5);
	for (i = 0; i < 5; i++) {
		is_str(dpu_device_version_list_get(versions, i)->name, expected[i][0]);
		is_str(dpu_device_version_list_get(versions, i)->value, expected[i][1]);
		is_int(dpu_device_version_list_get(versions, i)->kind, (i + 1) / 2);
	}
	dpu_device_version_list_unref(versions);
	must(dpu_resource_list(p0, &resources) == 0);
	is_int(dpu_resource_list_count(resources), 2);
	is_str(dpu_resource_list_get(resources, 0)->path, "max_local_SFs");
	is_int(dpu_resource_list_get(resources, 0)->size, 236);
	is_int(dpu_resource_list_get(resources, 0)->occupied, 1);
	is_str(dpu_resource_list_get(resources, 1)->path, "max_external_SFs");
	is_int(dpu_resource_list_get(resources, 1)->size, 32);
	dpu_resource_list_unref(resources);
	is_int(dpu_resource_set(p0, "max_local_SFs", 236), 0);
	REFUSED(p0, dpu_resource_set(p0, "max_local_SFs", 237), -EINVAL, "Size larger than maximum");
	REFUSED(p0, dpu_resource_set(p0, "max_local_SFs", 5), -EINVAL, "Size smaller than minimum");
	REFUSED(p0, dpu_resource_set(p0, "kvd", 5), -ENOENT, "no such resource");
	must(dpu_rdma_list(ctx, &links) == 0);
	is_int(dpu_rdma_list_count(links), 4);
	for (i = 0; i < 4; i++)
		is_int(dpu_rdma_list_get(links, i)->index, i);
	link = dpu_rdma_list_get(links, 2);
	is_str(link->device, "mlx5_2");
	is_str(link->netdev, "enp3s0f0s0");
	is_int(link->node_guid, 0x02045f000368ef1e);
	is_int(link->sys_image_guid, (int64_t)0xe8ebd30003cecc00);
	is_int(link->state, DPU_RDMA_ACTIVE);
	is_int(link->phys_state, 5);
	dpu_rdma_list_unref(links);
	dpu_device_unref(p0);
}

static void eswitch(struct dpu_ctx *ctx)
{
	struct dpu_device *p0 = find_device(ctx, "p0");
	DPU_OPTS(dpu_eswitch_attrs, attrs);
	struct dpu_flow_table *table;

	is_int(dpu_eswitch_attrs_get(p0, &attrs), 0);
	is_int(attrs.set, DPU_ESWITCH_INLINE_MODE | DPU_ESWITCH_ENCAP);
	is_int(attrs.inline_mode, DPU_ESWITCH_INLINE_NONE);
	is_int(attrs.encap, 1);
	is_int(dpu_eswitch_attrs_set(p0, &attrs), 0);
	attrs.inline_mode = DPU_ESWITCH_INLINE_LINK;
	attrs.encap = 0;
	REFUSED(p0, dpu_eswitch_attrs_set(p0, &attrs), -EOPNOTSUPP, "Inline mode can't be set");
	must(dpu_flow_table_open(p0, NULL, &table) == 0);
	must(dpu_flow_insert_text(table, "arp actions=drop", NULL) == 0);
	attrs.set = DPU_ESWITCH_ENCAP;
	REFUSED(p0, dpu_eswitch_attrs_set(p0, &attrs), -EOPNOTSUPP,
		"Can't set encapsulation when flows are configured");
	must(dpu_flow_flush(table) == 1);
	dpu_flow_table_unref(table);
	is_int(dpu_eswitch_attrs_set(p0, &attrs), 0);
	is_int(dpu_eswitch_attrs_get(p0, &attrs), 0);
	is_int(attrs.encap, 0);
	dpu_device_unref(p0);
}

/* The driver starts anew in legacy mode: SFs, rules and rates are gone, VFs and the driver's parameters stay.
 */
static void reload(struct dpu_ctx *ctx)
{
	DPU_OPTS(dpu_rate_attrs, node, .node = "gold");
	struct dpu_device *p0 = find_device(ctx, "p0");
	struct dpu_function_list *list;
	enum dpu_eswitch_mode mode;
	uint32_t performed = 0;

	must(dpu_vf_set_count(p0, 2, DEADLINE_MS) == 0 && dpu_rate_node_add(p0, &node) == 0);
	REFUSED(p0, dpu_device_reload(p0, DPU_RELOAD_DRIVER_REINIT, DPU_RELOAD_NO_RESET, &performed), -EINVAL,
		"Requested limit is invalid for this action");
	is_int(performed, 0);
	is_int(dpu_device_reload(p0, DPU_RELOAD_DRIVER_REINIT, DPU_RELOAD_UNLIMITED, &performed), 0);
	is_int(performed, 1 << DPU_RELOAD_DRIVER_REINIT);
	is_int(dpu_eswitch_mode_get(p0, &mode), 0);
	is_int(mode, DPU_ESWITCH_LEGACY);
	must(dpu_function_list(p0, &list) == 0);
	is_int(dpu_function_list_count(list), 3); /* the host's PF and its VFs */
	dpu_function_list_unref(list);
	is_int(dpu_eswitch_mode_set(p0, DPU_ESWITCH_SWITCHDEV, DEADLINE_MS), 0);
	dpu_device_unref(p0);
}

static void caps(struct dpu_ctx *ctx)
{
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 5, .inactive = 1, .set_caps = DPU_FUNCTION_CAP_ROCE,
		 .max_io_eqs = 16, .max_uc_list = 64);
	DPU_OPTS(dpu_function_attrs, attrs, .set_caps = DPU_FUNCTION_CAP_ROCE, .caps = DPU_FUNCTION_CAP_ROCE);
	struct dpu_device *p0 = find_device(ctx, "p0");
	struct dpu_function *sf = NULL, *now, *host;
	uint32_t known = 0;

	must(dpu_sf_create(p0, &opts, DEADLINE_MS, &sf) == 0);
	is_int(dpu_function_caps(sf, &known), 0);
	is_int(known, DPU_FUNCTION_CAP_ROCE | DPU_FUNCTION_CAP_TRUST);
	is_int(dpu_function_max_io_eqs(sf), 16);
	is_int(dpu_function_max_uc_list(sf), 64);
	is_int(dpu_function_set(sf, &attrs, DEADLINE_MS), 0);
	attrs.set_state = 1;
	attrs.state = DPU_FUNCTION_ACTIVE;
	is_int(dpu_function_set(sf, &attrs, DEADLINE_MS), 0);
	attrs.set_state = 0;
	is_int(dpu_function_set(sf, &attrs, DEADLINE_MS), 0); /* as it is already */
	attrs.caps = 0;
	REFUSED(p0, dpu_function_set(sf, &attrs, DEADLINE_MS), -EBUSY, "Failed setting HCA roce cap");
	attrs.set_caps = DPU_FUNCTION_CAP_MIGRATABLE;
	REFUSED(p0, dpu_function_set(sf, &attrs, DEADLINE_MS), -EOPNOTSUPP,
		"Port doesn't support migratable function attribute");
	attrs.set_caps = attrs.caps = DPU_FUNCTION_CAP_TRUST;
	is_int(dpu_function_set(sf, &attrs, DEADLINE_MS), 0);
	attrs.set_caps = attrs.caps = 0;
	attrs.max_io_eqs = 257;
	REFUSED(p0, dpu_function_set(sf, &attrs, DEADLINE_MS), -EINVAL, "256 event queues");
	attrs.max_io_eqs = 1;
	REFUSED(p0, dpu_function_set(sf, &attrs, DEADLINE_MS), -EBUSY, "Failed setting HCA caps");
	attrs.max_io_eqs = 0;
	attrs.max_uc_list = 4097;
	REFUSED(p0, dpu_function_set(sf, &attrs, DEADLINE_MS), -EINVAL, "from 1 to 4096");
	must(dpu_function_refresh(sf, &now) == 0);
	is_int(dpu_function_caps(now, NULL), DPU_FUNCTION_CAP_ROCE | DPU_FUNCTION_CAP_TRUST);
	dpu_function_unref(now);
	must(dpu_function_find(ctx, "pf0hpf", &host) == 0);
	attrs.max_uc_list = 0;
	attrs.max_io_eqs = 4;
	REFUSED(p0, dpu_function_set(host, &attrs, DEADLINE_MS), -EOPNOTSUPP, "max_io_eqs");
	attrs.max_io_eqs = 0;
	attrs.set_caps = DPU_FUNCTION_CAP_IPSEC_CRYPTO;
	REFUSED(p0, dpu_function_set(host, &attrs, DEADLINE_MS), -EOPNOTSUPP,
		"ipsec_crypto function attribute supported for VFs only");
	dpu_function_unref(host);
	must(dpu_sf_delete(sf, DEADLINE_MS) == 0);
	dpu_function_unref(sf);
	dpu_device_unref(p0);
}

/* In legacy mode the PF's network device knows all of a VF, in switchdev mode less. */
static void vfs(struct dpu_ctx *ctx)
{
	DPU_OPTS(dpu_vf_attrs, attrs, .vlan = 4094, .qos = 7, .vlan_proto = 0x88a8, .spoofchk = 1, .trust = 1,
		 .link_state = DPU_VF_LINK_DISABLE, .min_tx_rate = 10, .max_tx_rate = 200000,
		 .node_guid = UINT64_MAX, .port_guid = 1,
		 .set = DPU_VF_VLAN | DPU_VF_SPOOFCHK | DPU_VF_TRUST | DPU_VF_LINK_STATE | DPU_VF_RATE |
			DPU_VF_NODE_GUID | DPU_VF_PORT_GUID);
	DPU_OPTS(dpu_vf_attrs, got);
	DPU_OPTS(dpu_vf_stats, stats, .rx_packets = 9);
	struct dpu_device *p0 = find_device(ctx, "p0");
	struct dpu_function *vf, *host;

	must(dpu_vf_set_count(p0, 2, DEADLINE_MS) == 0);
	must(dpu_function_find(ctx, "c1pf0vf1", &vf) == 0 && dpu_function_find(ctx, "pf0hpf", &host) == 0);
	is_int(dpu_vf_attrs_get(vf, &got), 0);
	is_int(got.set, DPU_VF_HW_ADDR | DPU_VF_LINK_STATE | DPU_VF_RATE);
	REFUSED(p0, dpu_vf_attrs_set(vf, &attrs), -EOPNOTSUPP, "vf 1: Operation not supported");
	is_int(dpu_vf_attrs_get(host, &got), -EINVAL);
	is_int(dpu_vf_stats(vf, &stats), 0);
	is_int(stats.rx_packets, 0);
	dpu_function_unref(vf);
	dpu_function_unref(host);
	must(dpu_eswitch_mode_set(p0, DPU_ESWITCH_LEGACY, DEADLINE_MS) == 0);
	must(dpu_function_find(ctx, "c1pf0vf1", &vf) == 0);
	is_int(dpu_vf_attrs_set(vf, &attrs), 0);
	is_int(dpu_vf_attrs_get(vf, &got), 0);
	is_int(got.set, 255);
	is_int(got.vlan, 4094);
	is_int(got.vlan_proto, 0x88a8);
	is_int(got.spoofchk && got.trust, 1);
	is_int(got.link_state, DPU_VF_LINK_DISABLE);
	is_int(got.max_tx_rate, 200000);
	ok(got.node_guid == UINT64_MAX && got.port_guid == 1, "the GUIDs are as they were set");
	attrs.set = DPU_VF_RATE;
	attrs.max_tx_rate = 200001;
	REFUSED(p0, dpu_vf_attrs_set(vf, &attrs), -EINVAL, "exceed link maximum speed");
	attrs.set = DPU_VF_VLAN;
	attrs.vlan = 4095;
	REFUSED(p0, dpu_vf_attrs_set(vf, &attrs), -EINVAL, "4094");
	dpu_function_unref(vf);
	dpu_device_unref(p0);
}

static void interrupts(void)
{
	struct dpu_ctx *ctx = open_uri("sim:");
	struct dpu_device *p0 = find_device(ctx, "p0");
	struct dpu_function *vf, *other;

	is_int(dpu_vf_msix_total(p0), 2048);
	is_int(dpu_vf_autoprobe(p0), 1);
	must(dpu_vf_set_count(p0, 16, DEADLINE_MS) == 0 && dpu_function_find(ctx, "c1pf0vf1", &vf) == 0);
	is_int(dpu_function_opstate(vf), DPU_FUNCTION_ATTACHED);
	REFUSED(p0, dpu_vf_set_msix(vf, 4), -EBUSY, "a driver has the VF");
	dpu_function_unref(vf);
	is_int(dpu_vf_set_autoprobe(p0, 0), 0);
	is_int(dpu_vf_autoprobe(p0), 0);
	must(dpu_vf_set_count(p0, 0, DEADLINE_MS) == 0 && dpu_vf_set_count(p0, 16, DEADLINE_MS) == 0);
	must(dpu_function_find(ctx, "c1pf0vf1", &vf) == 0 && dpu_function_find(ctx, "c1pf0vf2", &other) == 0);
	is_int(dpu_function_opstate(vf), DPU_FUNCTION_DETACHED);
	REFUSED(p0, dpu_vf_set_msix(vf, 1), -EINVAL, "at least 2");
	REFUSED(p0, dpu_vf_set_msix(vf, 257), -EOVERFLOW, "at most 256");
	/* 16 VFs have 128 each: one gives before another one takes. */
	REFUSED(p0, dpu_vf_set_msix(vf, 129), -ENOSPC, "leave 128 of 2048");
	is_int(dpu_vf_set_msix(other, 2), 0);
	is_int(dpu_vf_set_msix(vf, 254), 0);
	REFUSED(p0, dpu_vf_set_msix(other, 0), -ENOSPC, "leave 2 of 2048");
	is_int(dpu_vf_set_msix(vf, 0), 0);
	is_int(dpu_vf_set_msix(other, 0), 0);
	dpu_function_unref(vf);
	dpu_function_unref(other);
	dpu_device_unref(p0);
	dpu_ctx_unref(ctx);
}

/* The words for all these numbers are those of the kernel's tools, and are read back where a person writes
 * them. */
static void names(void)
{
	enum dpu_param_cmode cmode = DPU_PARAM_RUNTIME;
	enum dpu_reload_action action = DPU_RELOAD_DRIVER_REINIT;
	enum dpu_vf_link_state link = DPU_VF_LINK_AUTO;
	enum dpu_eswitch_inline depth = DPU_ESWITCH_INLINE_NONE;

	is_str(dpu_param_type_name(DPU_PARAM_BOOL), "bool");
	is_str(dpu_param_cmode_name(DPU_PARAM_PERMANENT), "permanent");
	is_int(dpu_param_cmode_parse("driverinit", &cmode), 0);
	is_int(cmode, DPU_PARAM_DRIVERINIT);
	is_int(dpu_param_cmode_parse("later", &cmode), -EINVAL);
	is_str(dpu_rate_type_name(DPU_RATE_NODE), "node");
	is_str(dpu_health_state_name(DPU_HEALTH_ERROR), "error");
	is_str(dpu_rdma_state_name(DPU_RDMA_ACTIVE), "ACTIVE");
	is_str(dpu_version_kind_name(DPU_VERSION_STORED), "stored");
	is_str(dpu_function_cap_name(DPU_FUNCTION_CAP_TRUST), "trust");
	ok(!dpu_function_cap_name((enum dpu_function_cap)3), "two capabilities have no name");
	is_str(dpu_reload_action_name(DPU_RELOAD_FW_ACTIVATE), "fw_activate");
	is_int(dpu_reload_action_parse("fw_activate", &action), 0);
	is_int(action, DPU_RELOAD_FW_ACTIVATE);
	is_str(dpu_vf_link_state_name(DPU_VF_LINK_DISABLE), "disable");
	is_int(dpu_vf_link_state_parse("enable", &link), 0);
	is_int(link, DPU_VF_LINK_ENABLE);
	is_str(dpu_eswitch_inline_name(DPU_ESWITCH_INLINE_TRANSPORT), "transport");
	is_int(dpu_eswitch_inline_parse("network", &depth), 0);
	is_int(depth, DPU_ESWITCH_INLINE_NETWORK);
	is_str(dpu_event_object_name(DPU_EVENT_NETDEV), "netdev");
	is_str(dpu_event_action_name(DPU_EVENT_REMOVED), "removed");
	ok(!dpu_event_object_name(DPU_EVENT_OBJECT_PAD_), "what there is not has no name");
}

int main(void)
{
	static void (*const each[])(struct dpu_ctx *
				    ctx) = { params, rates, facts, eswitch, reload, caps, vfs };
	struct dpu_ctx *ctx;
	size_t i;

	for (i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		ctx = open_uri("sim:");
		each[i](ctx);
		dpu_ctx_unref(ctx);
	}
	names();
	permanent();
	interrupts();
	return tap_done();
}
