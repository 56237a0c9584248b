/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a device and its functions can be asked and told beside their lives. */
#include <errno.h>
#include <poll.h>
#include "conformance.h"

#define SFNUM 730
#define MBIT 125000ull

static const struct dpu_param *find_param(const struct dpu_param_list *list, const char *name)
{
	size_t i;

	for (i = 0; i < dpu_param_list_count(list); i++) {
		if (!strcmp(dpu_param_list_get(list, i)->name, name))
			return dpu_param_list_get(list, i);
	}
	return NULL;
}

/* The driverinit value of a parameter, as a number; -1 when it has none. */
static long param_value(struct dpu_device *device, const char *name)
{
	const struct dpu_param *param;
	struct dpu_param_list *list;
	long value = -1;

	must(dpu_param_list(device, &list) == 0);
	param = find_param(list, name);
	if (param && param->cmodes & (1u << DPU_PARAM_DRIVERINIT))
		value = atol(param->value[DPU_PARAM_DRIVERINIT]);
	dpu_param_list_unref(list);
	return value;
}

static void params(struct dpu_device *device)
{
	enum dpu_param_cmode cmode = DPU_PARAM_PERMANENT;
	struct dpu_param_list *list = NULL;
	const struct dpu_param *param;
	size_t i;
	long before;

	if (dpu_param_list(device, &list) < 0) {
		tap_skip("no parameters here: %s", dpu_ctx_error_text(dpu_device_ctx(device)));
		return;
	}
	for (i = 0; i < dpu_param_list_count(list); i++) {
		param = dpu_param_list_get(list, i);
		ok(param->name[0] && param->cmodes && dpu_param_type_name((enum dpu_param_type)param->type),
		   "%s has a type and a value", param->name);
	}
	ok(dpu_param_list_get(list, i) == NULL, "there is nothing past the end");
	dpu_param_list_unref(list);
	is_int(dpu_param_set(device, "no_such_parameter", DPU_PARAM_RUNTIME, "1"), -ENOENT);
	is_int(dpu_param_set(device, "", DPU_PARAM_RUNTIME, "1"), -EINVAL);
	is_int(dpu_param_cmode_parse("driverinit", &cmode), 0);
	is_int(cmode, DPU_PARAM_DRIVERINIT);
	is_int(dpu_param_cmode_parse("never", &cmode), -EINVAL);
	before = param_value(device, "io_eq_size");
	if (before < 0) {
		tap_skip("no io_eq_size");
		return;
	}
	is_int(dpu_param_set(device, "io_eq_size", DPU_PARAM_DRIVERINIT, "128"), 0);
	is_int(param_value(device, "io_eq_size"), 128);
	is_int(dpu_param_set(device, "io_eq_size", DPU_PARAM_DRIVERINIT, "many"), -EINVAL);
	ok(dpu_param_set(device, "io_eq_size", DPU_PARAM_DRIVERINIT, "1") < 0,
	   "what is out of range is refused");
	is_int(dpu_param_set(device, "io_eq_size", DPU_PARAM_RUNTIME, "128"), -EOPNOTSUPP);
	is_int(param_value(device, "io_eq_size"), 128);
	is_int(dpu_param_set(device, "io_eq_size", DPU_PARAM_DRIVERINIT, before == 64 ? "0x40" : "0x400"), 0);
}

static void facts(struct dpu_device *device)
{
	struct dpu_device_version_list *versions;
	struct dpu_resource_list *resources;
	struct dpu_health_list *health;
	size_t i;

	if (dpu_device_version_list(device, &versions) == 0) {
		for (i = 0; i < dpu_device_version_list_count(versions); i++) {
			const struct dpu_device_version *version = dpu_device_version_list_get(versions, i);

			ok(version->name[0] && version->value[0] &&
				   dpu_version_kind_name((enum dpu_version_kind)version->kind),
			   "version %s %s", version->name, version->value);
		}
		dpu_device_version_list_unref(versions);
	}
	if (dpu_health_list(device, &health) == 0) {
		for (i = 0; i < dpu_health_list_count(health); i++)
			ok(dpu_health_state_name(
				   (enum dpu_health_state)dpu_health_list_get(health, i)->state) != NULL,
			   "reporter %s has a state", dpu_health_list_get(health, i)->name);
		dpu_health_list_unref(health);
		is_int(dpu_health_recover(device, DPU_PORT_NO_NUMBER, "no such reporter"), -ENOENT);
		is_int(dpu_health_set_auto_recover(device, DPU_PORT_NO_NUMBER, "no such reporter", 1),
		       -ENOENT);
		is_int(dpu_health_recover(device, DPU_PORT_NO_NUMBER, NULL), -EINVAL);
	}
	if (dpu_resource_list(device, &resources) == 0) {
		for (i = 0; i < dpu_resource_list_count(resources); i++) {
			const struct dpu_resource *resource = dpu_resource_list_get(resources, i);

			ok(resource->size_min <= resource->size && resource->size <= resource->size_max &&
				   (!resource->has_occupied || resource->occupied <= resource->size),
			   "resource %s has a size within its bounds", resource->path);
		}
		dpu_resource_list_unref(resources);
		is_int(dpu_resource_set(device, "no/such/resource", 1), -ENOENT);
	}
}

static void eswitch(struct dpu_device *device)
{
	enum dpu_eswitch_inline mode = DPU_ESWITCH_INLINE_LINK;
	DPU_OPTS(dpu_eswitch_attrs, attrs);

	is_int(dpu_eswitch_attrs_get(device, &attrs), 0);
	ok(!(attrs.set & DPU_ESWITCH_INLINE_MODE) ||
		   dpu_eswitch_inline_name((enum dpu_eswitch_inline)attrs.inline_mode),
	   "the inline mode, if there is one, has a name");
	attrs.set = 1 << 20;
	is_int(dpu_eswitch_attrs_set(device, &attrs), -EINVAL);
	attrs.set = 0;
	is_int(dpu_eswitch_attrs_set(device, &attrs), 0);
	is_int(dpu_eswitch_attrs_set(device, NULL), -EINVAL);
	is_int(dpu_eswitch_inline_parse("transport", &mode), 0);
	is_int(mode, DPU_ESWITCH_INLINE_TRANSPORT);
	is_int(dpu_device_reload(device, (enum dpu_reload_action)9, DPU_RELOAD_UNLIMITED, NULL), -EINVAL);
}

/* The rate of a port or node: false when there is none. */
static bool find_rate(struct dpu_device *device, uint32_t port, const char *node, struct dpu_rate *ret)
{
	struct dpu_rate_list *list;
	bool found = false;
	size_t i;

	must(dpu_rate_list(device, &list) == 0);
	for (i = 0; i < dpu_rate_list_count(list) && !found; i++) {
		*ret = *dpu_rate_list_get(list, i);
		found = node ? ret->type == DPU_RATE_NODE && !strcmp(ret->node, node)
			     : ret->type == DPU_RATE_LEAF && ret->port == port;
	}
	dpu_rate_list_unref(list);
	return found;
}

static void rates(struct dpu_device *device, uint32_t port)
{
	DPU_OPTS(dpu_rate_attrs, leaf, .port = port, .tx_max = 1000 * MBIT, .tx_share = 10 * MBIT,
		 .set = DPU_RATE_TX_MAX | DPU_RATE_TX_SHARE);
	DPU_OPTS(dpu_rate_attrs, node, .node = "gold", .tx_max = 2000 * MBIT, .set = DPU_RATE_TX_MAX);
	DPU_OPTS(dpu_rate_attrs, child, .port = port, .parent = "gold", .set = DPU_RATE_PARENT);
	struct dpu_rate rate;

	if (!find_rate(device, port, NULL, &rate)) {
		tap_skip("functions have no rates here");
		return;
	}
	is_int(dpu_rate_set(device, &leaf), 0);
	ok(find_rate(device, port, NULL, &rate) && rate.tx_max == 1000 * MBIT && rate.tx_share == 10 * MBIT,
	   "a leaf has the rates that were set");
	leaf.tx_share = 3000 * MBIT;
	is_int(dpu_rate_set(device, &leaf), -EINVAL);
	/* More than any link has: the second is refused, the first put back. */
	leaf.tx_share = 20 * MBIT;
	leaf.tx_max = 100000000 * MBIT;
	ok(dpu_rate_set(device, &leaf) < 0, "more than the link has is refused");
	ok(find_rate(device, port, NULL, &rate) && rate.tx_max == 1000 * MBIT && rate.tx_share == 10 * MBIT,
	   "and nothing is changed by that");
	leaf.port = 0xfffffff;
	is_int(dpu_rate_set(device, &leaf), -ENODEV);

	is_int(dpu_rate_node_add(device, &node), 0);
	is_int(dpu_rate_node_add(device, &node), -EEXIST);
	ok(find_rate(device, 0, "gold", &rate) && rate.tx_max == 2000 * MBIT,
	   "a node has the rate it was made with");
	is_int(dpu_rate_set(device, &child), 0);
	ok(find_rate(device, port, NULL, &rate) && !strcmp(rate.parent, "gold"), "a leaf has its parent");
	is_int(dpu_rate_node_delete(device, "gold"), -EBUSY);
	child.parent = "silver";
	is_int(dpu_rate_set(device, &child), -ENODEV);
	child.parent = NULL;
	is_int(dpu_rate_set(device, &child), 0);
	ok(find_rate(device, port, NULL, &rate) && !rate.parent[0], "and can be without");
	is_int(dpu_rate_node_delete(device, "gold"), 0);
	is_int(dpu_rate_node_delete(device, "gold"), -ENODEV);
	node.node = "17";
	is_int(dpu_rate_node_add(device, &node), -EINVAL);
}

/* Takes events until one fits or none comes for a while. */
static bool heard(struct dpu_monitor *monitor, enum dpu_event_object object, enum dpu_event_action action,
		  uint32_t port, const char *name)
{
	struct pollfd readable = { .fd = dpu_monitor_fd(monitor), .events = POLLIN };
	DPU_OPTS(dpu_event, event);
	int rc;

	for (;;) {
		rc = dpu_monitor_next(monitor, &event);
		must(rc >= 0);
		if (rc && event.object == object && event.action == action &&
		    (name ? !strcmp(event.name, name) : event.port == port))
			return true;
		if (!rc && poll(&readable, 1, 2000) <= 0)
			return false;
	}
}

static struct dpu_monitor *watch(struct dpu_ctx *ctx, enum dpu_event_object object)
{
	DPU_OPTS(dpu_monitor_opts, opts, .objects = 1u << object);
	struct dpu_monitor *monitor = NULL;

	must(dpu_monitor_open(ctx, &opts, &monitor) == 0);
	return monitor;
}

static void events(struct dpu_device *device)
{
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = DPU_SF_ANY);
	DPU_OPTS(dpu_monitor_opts, wrong, .objects = 1u << 31);
	struct dpu_monitor *ports, *functions, *netdevs, *none = NULL;
	struct dpu_ctx *ctx = dpu_device_ctx(device);
	struct dpu_function *sf = NULL;
	char netdev[16];
	uint32_t port;

	if (dpu_monitor_open(ctx, NULL, &none) < 0) {
		tap_skip("no events here: %s", dpu_ctx_error_text(ctx));
		return;
	}
	dpu_monitor_unref(none);
	is_int(dpu_monitor_open(ctx, &wrong, &none), -EINVAL);
	ports = watch(ctx, DPU_EVENT_PORT);
	functions = watch(ctx, DPU_EVENT_FUNCTION);
	netdevs = watch(ctx, DPU_EVENT_NETDEV);
	is_int(dpu_sf_create(device, &opts, DEADLINE_MS, &sf), 0);
	must(sf);
	ok(dpu_function_number(sf) > 0 && dpu_function_number(sf) < 1000,
	   "any number is one that is not reserved");
	port = dpu_port_index(dpu_function_representor(sf));
	snprintf(netdev, sizeof(netdev), "%s", dpu_function_netdev(sf));
	ok(heard(ports, DPU_EVENT_PORT, DPU_EVENT_ADDED, port, NULL), "the port is heard to come");
	ok(heard(functions, DPU_EVENT_FUNCTION, DPU_EVENT_ADDED, port, NULL), "and the function");
	ok(heard(netdevs, DPU_EVENT_NETDEV, DPU_EVENT_ADDED, 0, netdev), "and its network device");
	is_int(dpu_sf_delete(sf, DEADLINE_MS), 0);
	ok(heard(ports, DPU_EVENT_PORT, DPU_EVENT_REMOVED, port, NULL), "the port is heard to go");
	ok(heard(functions, DPU_EVENT_FUNCTION, DPU_EVENT_REMOVED, port, NULL), "and the function");
	ok(heard(netdevs, DPU_EVENT_NETDEV, DPU_EVENT_REMOVED, 0, netdev), "and its network device");
	dpu_function_unref(sf);
	dpu_monitor_unref(dpu_monitor_ref(ports));
	dpu_monitor_unref(ports);
	dpu_monitor_unref(functions);
	dpu_monitor_unref(netdevs);
	is_str(dpu_event_object_name(DPU_EVENT_HEALTH), "health");
	is_str(dpu_event_action_name(DPU_EVENT_REMOVED), "removed");
}

static void capabilities(struct dpu_device *device)
{
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = SFNUM, .inactive = 1, .set_caps = DPU_FUNCTION_CAP_ROCE,
		 .caps = 0);
	DPU_OPTS(dpu_function_attrs, attrs, .set_caps = DPU_FUNCTION_CAP_ROCE, .caps = DPU_FUNCTION_CAP_ROCE);
	struct dpu_function *sf = NULL, *now = NULL;
	uint32_t known = 0;
	int rc;

	rc = dpu_sf_create(device, &opts, DEADLINE_MS, &sf);
	if (rc == -EOPNOTSUPP) {
		tap_skip("SFs have no capabilities here: %s", dpu_ctx_error_text(dpu_device_ctx(device)));
		opts.set_caps = 0;
		must(dpu_sf_create(device, &opts, DEADLINE_MS, &sf) == 0);
		rates(device, dpu_port_index(dpu_function_representor(sf)));
		is_int(dpu_sf_delete(sf, DEADLINE_MS), 0);
		dpu_function_unref(sf);
		return;
	}
	must(rc == 0);
	ok(!(dpu_function_caps(sf, &known) & DPU_FUNCTION_CAP_ROCE) && known & DPU_FUNCTION_CAP_ROCE,
	   "it was made without RoCE");
	is_int(dpu_function_set(sf, &attrs, DEADLINE_MS), 0);
	must(dpu_function_refresh(sf, &now) == 0);
	ok(dpu_function_caps(now, NULL) & DPU_FUNCTION_CAP_ROCE, "and has it now");
	now = dpu_function_unref(now);
	attrs.caps = DPU_FUNCTION_CAP_ROCE | DPU_FUNCTION_CAP_MIGRATABLE;
	is_int(dpu_function_set(sf, &attrs, DEADLINE_MS), -EINVAL);
	attrs.set_caps = attrs.caps = 0;
	attrs.max_io_eqs = 12;
	if (dpu_function_set(sf, &attrs, DEADLINE_MS) == 0) {
		must(dpu_function_refresh(sf, &now) == 0);
		is_int(dpu_function_max_io_eqs(now), 12);
		dpu_function_unref(now);
	}
	rates(device, dpu_port_index(dpu_function_representor(sf)));
	is_int(dpu_sf_delete(sf, DEADLINE_MS), 0);
	dpu_function_unref(sf);
}

static void orphans(struct dpu_device *device)
{
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = SFNUM + 1, .owned = 1);
	struct dpu_orphan_list *list = NULL;
	struct dpu_function *sf = NULL;

	is_int(dpu_sf_create(device, &opts, DEADLINE_MS, &sf), 0);
	is_int(dpu_orphan_list(device, &list), 0);
	must(sf && list);
	is_int(dpu_orphan_list_count(list), 0); /* its owner lives */
	ok(dpu_orphan_list_get(list, 0) == NULL, "there is nothing past the end");
	dpu_orphan_list_unref(list);
	is_int(dpu_orphan_sweep(device, DEADLINE_MS), 0);
	is_int(dpu_sf_delete(sf, DEADLINE_MS), 0);
	dpu_function_unref(sf);
}

void chapter_attributes(struct dpu_ctx *ctx)
{
	struct dpu_device *device = conformance_eswitch_device(ctx);
	enum dpu_eswitch_mode mode;

	tap_diag("chapter: attributes");
	if (!device || dpu_eswitch_mode_get(device, &mode) < 0 || mode != DPU_ESWITCH_SWITCHDEV) {
		tap_skip("no e-switch in switchdev mode");
		dpu_device_unref(device);
		return;
	}
	facts(device);
	params(device);
	eswitch(device);
	capabilities(device);
	orphans(device);
	events(device);
	dpu_device_unref(device);
}
