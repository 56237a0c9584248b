/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every step of every multi-step operation fails once, at each of its calls. Whatever fails, the failure is
 * told by the step's name, and the DPU is as it was. One context acts, with the fault; another one looks.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "attrs.h"

#define DEADLINE_MS 10000
/* More calls of one step than any operation makes. */
#define MANY 200

static char dir[] = "/tmp/libdpu-test-XXXXXX";
static char path[64];

static const uint8_t mac[6] = { 0x02, 0x25, 0xf2, 0x8d, 0xa2, 0x5c };

/* An operation: gets a device and, where it names one, a function. */
struct operation {
	const char *name;
	const char *const *steps;
	int (*run)(struct dpu_device *device, struct dpu_function *function);
	const char *function;
	bool legacy; /* the e-switch is in legacy mode */
};

static int create(struct dpu_device *device, struct dpu_function *sf)
{
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 42, .hw_addr = mac, .set_caps = DPU_FUNCTION_CAP_ROCE,
		 .max_io_eqs = 4, .max_uc_list = 256);
	struct dpu_function *made = NULL;
	int rc;

	(void)sf;
	rc = dpu_sf_create(device, &opts, DEADLINE_MS, &made);
	if (rc < 0 && made)
		rc = 1; /* an output written on failure */
	dpu_function_unref(made);
	return rc;
}

static int delete (struct dpu_device *device, struct dpu_function *sf)
{
	(void)device;
	return dpu_sf_delete(sf, DEADLINE_MS);
}

static int set(struct dpu_device *device, struct dpu_function *sf)
{
	DPU_OPTS(dpu_function_attrs, attrs, .hw_addr = mac, .set_state = 1, .state = DPU_FUNCTION_INACTIVE,
		 .set_caps = DPU_FUNCTION_CAP_ROCE | DPU_FUNCTION_CAP_TRUST, .caps = DPU_FUNCTION_CAP_TRUST,
		 .max_io_eqs = 4, .max_uc_list = 256);

	(void)device;
	return dpu_function_set(sf, &attrs, DEADLINE_MS);
}

static int vfs(struct dpu_device *device, struct dpu_function *sf)
{
	(void)sf;
	return dpu_vf_set_count(device, 3, DEADLINE_MS);
}

static int mode(struct dpu_device *device, struct dpu_function *sf)
{
	(void)sf;
	return dpu_mode_set(device, DPU_MODE_NIC);
}

/* Three TLVs. */
static int config(struct dpu_device *device, struct dpu_function *none)
{
	const struct dpu_nvconfig_setting settings[] = {
		{ "NUM_OF_VFS", "20" },
		{ "LAG_RESOURCE_ALLOCATION", "PRE_ALLOCATION" },
		{ "PF_TOTAL_SF", "100" },
	};
	int rc;

	(void)none;
	rc = dpu_nvconfig_set(device, settings, 3);
	return rc < 0 ? rc : 0;
}

static int config_reset(struct dpu_device *device, struct dpu_function *none)
{
	(void)none;
	return dpu_nvconfig_reset(device, "NUM_OF_VFS", 0);
}

static int profile(struct dpu_device *device, struct dpu_function *none)
{
	int rc;

	(void)none;
	rc = dpu_profile_apply(device, "virtio-hotplug");
	return rc < 0 ? rc : 0;
}

static int tlv(struct dpu_device *device, struct dpu_function *none)
{
	(void)none;
	return dpu_nvconfig_tlv_set(device, 0x80, 0, "\x80", 1);
}

static int flow(struct dpu_device *device, struct dpu_function *sf)
{
	struct dpu_flow_table *table = NULL;
	int rc;

	(void)sf;
	rc = dpu_flow_table_open(device, NULL, &table);
	if (rc < 0)
		return rc;
	rc = dpu_flow_insert_text(table, "arp actions=drop", NULL);
	dpu_flow_table_unref(table);
	return rc;
}

static int param(struct dpu_device *device, struct dpu_function *none)
{
	(void)none;
	return dpu_param_set(device, "io_eq_size", DPU_PARAM_DRIVERINIT, "0x200");
}

static int rate(struct dpu_device *device, struct dpu_function *sf)
{
	DPU_OPTS(dpu_rate_attrs, attrs, .port = dpu_port_index(dpu_function_representor(sf)),
		 .parent = "silver", .tx_share = 1000000, .tx_max = 2000000,
		 .set = DPU_RATE_TX_SHARE | DPU_RATE_TX_MAX | DPU_RATE_PARENT);

	return dpu_rate_set(device, &attrs);
}

static int node_add(struct dpu_device *device, struct dpu_function *none)
{
	DPU_OPTS(dpu_rate_attrs, attrs, .node = "bronze", .parent = "silver", .set = DPU_RATE_PARENT);

	(void)none;
	return dpu_rate_node_add(device, &attrs);
}

static int node_delete(struct dpu_device *device, struct dpu_function *none)
{
	(void)none;
	return dpu_rate_node_delete(device, "silver");
}

static int recover(struct dpu_device *device, struct dpu_function *none)
{
	(void)none;
	return dpu_health_recover(device, DPU_PORT_NO_NUMBER, "fw_fatal");
}

static int auto_recover(struct dpu_device *device, struct dpu_function *none)
{
	(void)none;
	return dpu_health_set_auto_recover(device, DPU_PORT_NO_NUMBER, "fw_fatal", 0);
}

static int resource(struct dpu_device *device, struct dpu_function *none)
{
	(void)none;
	return dpu_resource_set(device, "max_local_SFs", 236);
}

static int encap(struct dpu_device *device, struct dpu_function *none)
{
	DPU_OPTS(dpu_eswitch_attrs, attrs, .set = DPU_ESWITCH_ENCAP);

	(void)none;
	return dpu_eswitch_attrs_set(device, &attrs);
}

static int reload(struct dpu_device *device, struct dpu_function *none)
{
	uint32_t performed = 0;
	int rc;

	(void)none;
	rc = dpu_device_reload(device, DPU_RELOAD_FW_ACTIVATE, DPU_RELOAD_UNLIMITED, &performed);
	return rc < 0 && performed ? 1 : rc;
}

static int vf_attrs(struct dpu_device *device, struct dpu_function *vf)
{
	DPU_OPTS(dpu_vf_attrs, attrs, .hw_addr = { 2, 2, 3, 4, 5, 6 }, .vlan = 7, .spoofchk = 1, .trust = 1,
		 .link_state = DPU_VF_LINK_ENABLE, .min_tx_rate = 1, .max_tx_rate = 2, .node_guid = 3,
		 .port_guid = 4,
		 .set = DPU_VF_HW_ADDR | DPU_VF_VLAN | DPU_VF_SPOOFCHK | DPU_VF_TRUST | DPU_VF_LINK_STATE |
			DPU_VF_RATE | DPU_VF_NODE_GUID | DPU_VF_PORT_GUID);

	(void)device;
	return dpu_vf_attrs_set(vf, &attrs);
}

/* With a port, address and rates go through that. */
static int vf_port_attrs(struct dpu_device *device, struct dpu_function *vf)
{
	DPU_OPTS(dpu_vf_attrs, attrs, .hw_addr = { 2, 2, 3, 4, 5, 6 }, .link_state = DPU_VF_LINK_ENABLE,
		 .min_tx_rate = 1, .max_tx_rate = 2, .set = DPU_VF_HW_ADDR | DPU_VF_LINK_STATE | DPU_VF_RATE);

	(void)device;
	return dpu_vf_attrs_set(vf, &attrs);
}

static int msix(struct dpu_device *device, struct dpu_function *vf)
{
	(void)device;
	return dpu_vf_set_msix(vf, 5);
}

static int autoprobe(struct dpu_device *device, struct dpu_function *none)
{
	(void)none;
	return dpu_vf_set_autoprobe(device, 1);
}

#define STEPS(...)                                                                                           \
	(const char *const[])                                                                                \
	{                                                                                                    \
		__VA_ARGS__, NULL                                                                            \
	}

static const struct operation operations[] = {
	{ "create",
	  STEPS("eswitch_mode_get", "sf_add", "function_set_caps", "function_set_max_io_eqs",
		"function_set_max_uc_list", "function_set_hw_addr", "sf_activate", "function", "sf_bind",
		"save"),
	  create, NULL, false },
	{ "delete", STEPS("function", "sf_deactivate", "sf_delete", "save"), delete, "enp3s0f0s7", false },
	{ "set",
	  STEPS("function", "sf_deactivate", "function_set_caps", "function_set_max_io_eqs",
		"function_set_max_uc_list", "function_set_hw_addr", "save"),
	  set, "enp3s0f0s7", false },
	{ "vfs", STEPS("vf_count", "vf_set_count", "functions", "ports", "eswitch_mode_get", "save"), vfs,
	  NULL, false },
	{ "mode",
	  STEPS("firmware", "nvconfig_supports", "nvconfig_get", "mode_evidence", "nvconfig_update", "save"),
	  mode, NULL, false },
	{ "configuration", STEPS("firmware", "nvconfig_supports", "nvconfig_get", "nvconfig_update", "save"),
	  config, NULL, false },
	{ "one parameter's default", STEPS("firmware", "nvconfig_supports", "nvconfig_get", "save"),
	  config_reset, NULL, false },
	{ "profile",
	  STEPS("devices", "firmware", "nvconfig_supports", "nvconfig_get", "nvconfig_update", "save"),
	  profile, NULL, false },
	{ "TLV", STEPS("nvconfig_get", "nvconfig_update", "save"), tlv, NULL, false },
	{ "flow", STEPS("eswitch_mode_get", "flow_insert", "save"), flow, NULL, false },
	{ "param", STEPS("params", "param_set", "save"), param, NULL, false },
	{ "rate", STEPS("rates", "rate_set", "save"), rate, "enp3s0f0s7", false },
	{ "rate node", STEPS("rate_node_add", "save"), node_add, NULL, false },
	{ "rate node less", STEPS("rate_node_delete", "save"), node_delete, NULL, false },
	{ "recover", STEPS("health_recover", "save"), recover, NULL, false },
	{ "auto recover", STEPS("health_set", "save"), auto_recover, NULL, false },
	{ "resource", STEPS("resource_set", "save"), resource, NULL, false },
	{ "encapsulation", STEPS("eswitch_attrs_set", "save"), encap, NULL, false },
	{ "reload", STEPS("reload", "save"), reload, NULL, false },
	{ "VF attributes", STEPS("vf_attrs_get", "vf_attrs_set", "save"), vf_attrs, "c1pf0vf1", true },
	{ "VF attributes by port",
	  STEPS("vf_attrs_get", "function", "rates", "function_set_hw_addr", "vf_attrs_set", "rate_set",
		"save"),
	  vf_port_attrs, "c1pf0vf1", false },
	{ "interrupts", STEPS("vf_set_msix", "save"), msix, "c1pf0vf1", false },
	{ "autoprobe", STEPS("vf_set_autoprobe", "save"), autoprobe, NULL, false },
};

/* Puts an error into the file, as only a broken DPU would. */
static void break_firmware(void)
{
	static const char healthy[] =
		"\"fw_fatal\": {\n          \"state\": \"healthy\",\n          \"errors\": 0";
	static char text[1 << 16];
	size_t size;
	char *at;
	FILE *file = fopen(path, "r+");

	must(file);
	size = fread(text, 1, sizeof(text) - 64, file);
	text[size] = '\0';
	at = strstr(text, healthy);
	must(at);
	at = strstr(at, "healthy");
	memcpy(at, "error\",  ", 9);
	rewind(file);
	must(fwrite(text, 1, size, file) == size);
	fclose(file);
}

/* A fresh DPU in the file, with one SF more than the default one, two VFs that no driver has, a rate node and
 * an error; or the same in legacy mode, where there is no SF and no node. */
static struct dpu_device *look(bool legacy)
{
	DPU_OPTS(dpu_rate_attrs, node, .node = "silver");
	const struct dpu_nvconfig_setting vfs_stored = { "NUM_OF_VFS", "9" };
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 7);
	struct dpu_function *sf;
	struct dpu_device *device;
	struct dpu_ctx *ctx;
	char uri[96];

	unlink(path);
	snprintf(uri, sizeof(uri), "sim:%s", path);
	ctx = open_uri(uri);
	device = find_device(ctx, "p0");
	must(dpu_sf_create(device, &opts, DEADLINE_MS, &sf) == 0);
	dpu_function_unref(sf);
	must(dpu_nvconfig_set(device, &vfs_stored, 1) == 1);
	must(dpu_vf_set_autoprobe(device, 0) == 0 && dpu_vf_set_count(device, 2, DEADLINE_MS) == 0);
	if (legacy)
		must(dpu_eswitch_mode_set(device, DPU_ESWITCH_LEGACY, DEADLINE_MS) == 0);
	else
		must(dpu_rate_node_add(device, &node) == 0);
	break_firmware();
	dpu_ctx_unref(ctx); /* the device holds it */
	return device;
}

/* One run with the Nth call of a step failing. True when the fault was met. */
static bool run_with_fault(const struct operation *operation, const char *step, int nth, bool *clean)
{
	struct dpu_device *observed = look(operation->legacy), *device;
	char *before = whole_picture(observed), *after;
	struct dpu_function *function = NULL;
	struct dpu_ctx *ctx;
	char uri[160];
	bool met;
	int rc;

	/* Looking up a function lists those of each of the four devices before the operation begins. */
	if (operation->function && !strcmp(step, "functions"))
		nth += 4;
	/* The device is looked up before the operation begins. */
	if (!strcmp(step, "devices"))
		nth++;
	/* An SF that takes its time has to be bound, and looked at more than once. */
	snprintf(uri, sizeof(uri), "sim:%s?latency=sf_attach:10&fault=%s:EIO@%d", path, step, nth);
	ctx = open_uri(uri);
	device = find_device(ctx, "p0");
	if (operation->function)
		must(dpu_function_find(ctx, operation->function, &function) == 0);
	rc = operation->run(device, function);
	met = rc != 0;
	after = whole_picture(observed);
	*clean = !met ||
		 (rc == -EIO && !strcmp(before, after) && !strcmp(dpu_error_step(dpu_ctx_error(ctx)), step));
	if (!*clean)
		tap_diag("%s with %s@%d: rc %d, %s\nbefore:\n%safter:\n%s", operation->name, step, nth, rc,
			 dpu_ctx_error_text(ctx), before, after);
	free(before);
	free(after);
	dpu_function_unref(function);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
	dpu_device_unref(observed);
	return met;
}

static void each_step(const struct operation *operation)
{
	const char *const *step;
	int nth, bad;
	bool clean;

	for (step = operation->steps; *step; step++) {
		bad = 0;
		for (nth = 1; nth < MANY && run_with_fault(operation, *step, nth, &clean); nth++)
			bad += !clean;
		bad += !clean;
		ok(nth > 1 && nth < MANY && !bad,
		   "%s: %s fails at each of its %d calls, and nothing is left of it", operation->name, *step,
		   nth - 1);
	}
}

/* What never comes about, for nothing is done of a step within the hour: the deadline passes, and what was
 * begun is undone. What is there already is not waited for. */
static void each_deadline(const char *step)
{
	struct dpu_device *observed = look(false), *device;
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 42);
	char *before = whole_picture(observed), *after;
	struct dpu_function *sf = NULL;
	struct dpu_ctx *ctx;
	char uri[160];

	snprintf(uri, sizeof(uri), "sim:%s?latency=%s:3600000", path, step);
	ctx = open_uri(uri);
	device = find_device(ctx, "p0");
	is_int(dpu_vf_set_count(device, 2, 50), 0);
	is_int(dpu_sf_create(device, &opts, 50, &sf), -ETIMEDOUT);
	contains(dpu_ctx_error_text(ctx), "not done within 50 ms");
	after = whole_picture(observed);
	ok(!sf && !strcmp(before, after), "%s that never comes leaves nothing behind", step);
	free(before);
	free(after);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
	dpu_device_unref(observed);
}

/* A driver that does not let go: the SF stays, active as before. */
static void stuck_driver(void)
{
	struct dpu_device *observed = look(false);
	char *before = whole_picture(observed), *after;
	struct dpu_function *sf = NULL;
	struct dpu_ctx *ctx;
	char uri[160];

	snprintf(uri, sizeof(uri), "sim:%s?fault=sf_detach:EIO", path);
	ctx = open_uri(uri);
	must(dpu_function_find(ctx, "enp3s0f0s7", &sf) == 0);
	is_int(dpu_sf_delete(sf, 50), -ETIMEDOUT);
	is_str(dpu_error_step(dpu_ctx_error(ctx)), "sf_detach");
	after = whole_picture(observed);
	ok(!strcmp(before, after), "an SF whose driver does not let go stays as it was");
	free(before);
	free(after);
	dpu_function_unref(sf);
	dpu_ctx_unref(ctx);
	dpu_device_unref(observed);
}

/* An SF that shall be owned and cannot be claimed is not made. */
static void unclaimed(void)
{
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 42, .owned = 1);
	struct dpu_device *observed = look(false), *device;
	char *before = whole_picture(observed), *after;
	struct dpu_function *sf = NULL;
	struct dpu_ctx *ctx;
	char uri[160];

	snprintf(uri, sizeof(uri), "sim:%s?fault=sf_claim:EACCES@*", path);
	ctx = open_uri(uri);
	device = find_device(ctx, "p0");
	is_int(dpu_sf_create(device, &opts, DEADLINE_MS, &sf), -EACCES);
	is_str(dpu_error_step(dpu_ctx_error(ctx)), "sf_claim");
	after = whole_picture(observed);
	ok(!sf && !strcmp(before, after), "an SF that cannot be claimed is not left behind");
	opts.owned = 0;
	is_int(dpu_sf_create(device, &opts, DEADLINE_MS, &sf), 0);
	free(before);
	free(after);
	dpu_function_unref(sf);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
	dpu_device_unref(observed);
}

int main(void)
{
	char lock[80];
	size_t i;

	must(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/t.json", dir);
	snprintf(lock, sizeof(lock), "%s.lock", path);
	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		each_step(&operations[i]);
	each_deadline("sf_attach");
	each_deadline("representors");
	stuck_driver();
	unclaimed();
	unlink(path);
	unlink(lock);
	ok(rmdir(dir) == 0, "no other file was left beside the topology");
	return tap_done();
}
