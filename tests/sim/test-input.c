/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bad input: each gives its own clear error and leaves the state as it was. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "attrs.h"

#define DEADLINE_MS 10000

static char dir[] = "/tmp/libdpu-test-XXXXXX";

static void refused(const char *uri, int code, const char *text)
{
	char error[512] = "";
	DPU_OPTS(dpu_ctx_opts, opts, .error = error, .error_size = sizeof(error));
	struct dpu_ctx *ctx = NULL;
	int rc = dpu_ctx_open(uri, &opts, &ctx);

	ok(rc == code && !ctx && strstr(error, text), "%.60s is refused: %s", uri, error);
	if (rc != code)
		tap_diag("got %d, wanted %d", rc, code);
	dpu_ctx_unref(ctx);
}

static void uris(void)
{
	struct dpu_ctx_opts small = { .sz = 3 };
	struct {
		struct dpu_ctx_opts known;
		uint64_t newer;
	} large = { .known = { .sz = sizeof(large) } };
	struct dpu_ctx *ctx = NULL;

	refused("", -EINVAL, "no provider name before a colon");
	refused("bluefield", -EINVAL, "no provider name before a colon");
	refused("pci:0000:03:00.0", -EPROTONOSUPPORT, "no provider is called \"pci\"");
	refused("sim:?colour=red", -EINVAL, "no such parameter");
	refused("sim:?fault=no_such_step:EIO", -EINVAL, "there is no such step");
	refused("sim:?fault=sf_add:ESOMETHING", -EINVAL, "no such errno");
	refused("sim:?fault=sf_add:EIO@0", -EINVAL, "number of the call");
	refused("sim:?fault=sf_add", -EINVAL, "no step before a colon");
	refused("sim:?latency=sf_attach:soon", -EINVAL, "milliseconds");
	refused("sim:?eswitch=bridge", -EINVAL, "no such parameter");
	refused("linux:/somewhere", -EINVAL, "/somewhere");
	refused("sim:/no/such/folder/t.json", -ENOENT, "open /no/such/folder/t.json: the folder");
	refused("sim:/dev/null", -EINVAL, "not a regular file");
	is_int(dpu_ctx_open("sim:", &small, &ctx), -EINVAL);
	is_int(dpu_ctx_open("sim:", &large.known, &ctx), 0);
	ctx = dpu_ctx_unref(ctx);
	large.newer = 1; /* an option of a newer library, which this one would silently not obey */
	is_int(dpu_ctx_open("sim:", &large.known, &ctx), -EINVAL);
}

static char *slurp(const char *path)
{
	struct stat st;
	char *text;
	int fd = open(path, O_RDONLY);

	must(fd >= 0 && fstat(fd, &st) == 0);
	text = calloc(1, (size_t)st.st_size + 1);
	must(read(fd, text, (size_t)st.st_size) == st.st_size);
	close(fd);
	return text;
}

static void spill(const char *path, const char *text, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0 && write(fd, text, size) == (ssize_t)size);
	close(fd);
}

/* One text replaced in an otherwise good file. */
static void edited(const char *good, const char *from, const char *to, int code, const char *text)
{
	char path[64], uri[96], *edit, *at;

	snprintf(path, sizeof(path), "%s/edited.json", dir);
	snprintf(uri, sizeof(uri), "sim:%s", path);
	at = strstr(good, from);
	must(at);
	must(asprintf(&edit, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from)) > 0);
	spill(path, edit, strlen(edit));
	free(edit);
	refused(uri, code, text);
	unlink(path);
}

/* Faults and latencies may come with the topology, and stay in it when it is saved. */
static void faults_in_file(const char *good, const char *path, const char *uri)
{
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 9);
	struct dpu_function *sf = NULL;
	struct dpu_device *device;
	struct dpu_ctx *ctx;
	char *edit, *saved;
	int i;

	must(asprintf(&edit, "{ \"faults\": [\"sf_add:ENXIO@2\"], \"latencies\": [\"sf_attach:1\"], %s",
		      good + 1) > 0);
	spill(path, edit, strlen(edit));
	free(edit);
	for (i = 0; i < 2; i++) {
		ctx = open_uri(uri);
		device = find_device(ctx, "p0");
		is_int(dpu_sf_create(device, &opts, DEADLINE_MS, &sf), 0);
		opts.sfnum++;
		sf = dpu_function_unref(sf);
		is_int(dpu_sf_create(device, &opts, DEADLINE_MS, &sf), -ENXIO);
		is_str(dpu_error_step(dpu_ctx_error(ctx)), "sf_add");
		contains(dpu_ctx_error_text(ctx), "simulated fault");
		dpu_device_unref(device);
		dpu_ctx_unref(ctx);
	}
	saved = slurp(path);
	contains(saved, "sf_add:ENXIO@2");
	contains(saved, "sf_attach:1");
	free(saved);
}

/* A state saved under a clock that was ahead of today's: what it waits for has long been done. */
static void clock_set_back(const char *good, const char *path, const char *uri)
{
	const char *at = strstr(good, "\"settled_ms\": 0");
	struct dpu_function_list *list;
	struct dpu_device *device;
	struct dpu_ctx *ctx;
	char *edit;

	must(at);
	must(asprintf(&edit, "%.*s\"settled_ms\": 9999999999999%s", (int)(at - good), good,
		      at + strlen("\"settled_ms\": 0")) > 0);
	spill(path, edit, strlen(edit));
	free(edit);
	ctx = open_uri(uri);
	device = find_device(ctx, "p0");
	must(dpu_function_list(device, &list) == 0);
	is_int(dpu_function_opstate(dpu_function_list_get(list, 0)), DPU_FUNCTION_ATTACHED);
	dpu_function_list_unref(list);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
}

/* Attributes may be left out, but not be wrong. */
static void attributes(const char *good)
{
	static const char *const edits[][3] = {
		{ "\"encap\": true", "\"encap\": \"yes\"", "pfs[0].encap: neither true nor false" },
		{ "\"autoprobe\": true", "\"autoprobe\": 1", "pfs[0].autoprobe: neither true nor false" },
		{ "\"params\": {", "\"params\": 1, \"others\": {", "pfs[0].params: not an object" },
		{ "\"io_eq_size\": 1024", "\"io_eq_size\": 63",
		  "pfs[0].params.io_eq_size: not a number in range" },
		{ "\"max_macs\": 128", "\"max_macs\": 100", "pfs[0].params.max_macs: Only power of 2" },
		{ "\"smfs\"", "\"fast\"", "pfs[0].params.flow_steering_mode: no value that" },
		{ "\"enable_roce\": true", "\"enable_roce\": 1", "pfs[0].params.enable_roce: neither true" },
		{ "\"health\": {", "\"health\": [], \"others\": {", "pfs[0].health: not an object" },
		{ "\"state\": \"healthy\"", "\"state\": \"ill\"", "pfs[0].health.fw.state: neither healthy" },
		{ "\"auto_recover\": false", "\"auto_recover\": true",
		  "health.fw.auto_recover: the reporter" },
		{ "\"errors\": 0", "\"errors\": -1", "pfs[0].health.fw.errors: not a number in range" },
		{ "\"rate_nodes\": []", "\"rate_nodes\": [{ \"name\": \"\" }]", "rate_nodes[0].name: empty" },
		{ "\"rate_nodes\": []", "\"rate_nodes\": [{ \"name\": \"a\", \"parent\": \"a\" }]",
		  "pfs[0].rate_nodes[0].parent: no such node, or one below" },
		{ "\"rate_nodes\": []", "\"rate_nodes\": [{ \"name\": \"a\" }, { \"name\": \"a\" }]",
		  "pfs[0].rate_nodes[1].name: another node has it" },
		{ "\"rate_nodes\": []",
		  "\"rate_nodes\": [{ \"name\": \"a\", \"tx_share\": 9, \"tx_max\": 8 }]",
		  "tx_share: more than" },
		{ "\"roce\"", "\"migratable\"", "functions[0].caps: not a list of what" },
		{ "\"roce\"", "7", "functions[0].caps: not a list of what" },
		{ "\"max_io_eqs\": 8", "\"max_io_eqs\": 257", "max_io_eqs: not a number in range" },
		{ "\"max_uc_list\": 128", "\"max_uc_list\": 0",
		  "functions[0].max_uc_list: not a number in range" },
		{ "\"parent\": \"\"", "\"parent\": \"gold\"", "functions[0].rate.parent: no such node" },
		{ "\"tx_max\": 0", "\"tx_max\": 25000000001",
		  "functions[0].rate.tx_max: not a number in range" },
		{ "\"bound\": true", "\"bound\": null", "functions[4].vf.bound: neither true nor false" },
		{ "\"vlan\": 0", "\"vlan\": 4095", "functions[4].vf.vlan: not a number in range" },
		{ "\"vlan_proto\": 33024", "\"vlan_proto\": 2048", "functions[4].vf.vlan_proto: neither" },
		{ "\"link_state\": \"auto\"", "\"link_state\": \"up\"",
		  "functions[4].vf.link_state: not auto" },
		{ "\"node_guid\": \"00", "\"node_guid\": \"xx", "functions[4].vf.node_guid: not a GUID" },
		{ "\"msix\": 0", "\"msix\": 1", "functions[4].vf.msix: not a number in range" },
	};
	size_t i;

	for (i = 0; i < sizeof(edits) / sizeof(edits[0]); i++)
		edited(good, edits[i][0], edits[i][1], -EBADMSG, edits[i][2]);
}

/* TLVs may be left out, but not be others or of another length. */
static void firmware_config(const char *good)
{
	static const char model[] = "\"00000001000000000000000000000000\"";
	static const char *const edits[][3] = {
		{ "\"firmware_config\": {", "\"firmware_config\": [], \"others\": {",
		  "firmware_config: not an object" },
		{ "\"0x0000000c\"", "\"0x0000000d\"",
		  "firmware_config.0x0000000d.current: the board has no" },
		{ "\"0x0000000c\"", "\"0x03000080\"",
		  "firmware_config.0x03000080.current: the board has no" },
		{ "\"0x0000000c\"", "\"0xc\"", "firmware_config.0xc.current: the board has no such TLV" },
		{ "\"0x03000080\"", "\"0x00000080\"",
		  "pfs[0].firmware_config.0x00000080.current: a PF has no such TLV" },
		{ "\"0x0000000c\": {", "\"0x0000000c\": 5, \"others\": {",
		  "firmware_config.0x0000000c.current: missing" },
		{ model, "12", "firmware_config.0x0000000c.current: not a text" },
		{ model, "\"0000000100000000000000000000000\"",
		  "firmware_config.0x0000000c.current: not 16 bytes as hexadecimal digits" },
		{ model, "\"0000000100000000000000000000000000\"",
		  "firmware_config.0x0000000c.current: not 16 bytes" },
		{ model, "\"0000000x000000000000000000000000\"",
		  "firmware_config.0x0000000c.current: not 16 bytes" },
		{ model, "\"00000007000000000000000000000000\"",
		  "firmware_config.0x0000000c.current: INTERNAL_CPU_MODEL is not a number in range" },
		{ "\"0x0000000c\": {",
		  "\"NUM_OF_VFS\": { \"current\": 16, \"next\": 505 }, \"0x0000000c\": {",
		  "firmware_config.NUM_OF_VFS.next: not a number in range" },
	};
	size_t i;

	for (i = 0; i < sizeof(edits) / sizeof(edits[0]); i++)
		edited(good, edits[i][0], edits[i][1], -EBADMSG, edits[i][2]);
}

/* The format's first version had parameters by name, and all of them were the board's. */
static void named_parameters(const char *good, const char *path, const char *uri)
{
	json_t *file = json_loads(good, 0, NULL), *pf;
	struct dpu_resource_list *resources;
	struct dpu_param_list *params;
	struct dpu_device *device;
	uint32_t total = 0;
	struct dpu_ctx *ctx;
	char *text;
	size_t i;

	must(file);
	json_array_foreach(json_object_get(file, "pfs"), i, pf)
		must(json_object_del(pf, "firmware_config") == 0);
	must(json_object_set_new(file, "version", json_integer(1)) == 0);
	must(json_object_set_new(file, "firmware_config",
				 json_pack("{s{sisi}s{sisi}}", "NUM_OF_VFS", "current", 8, "next", 9,
					   "PF_TOTAL_SF", "current", 100, "next", 200)) == 0);
	text = json_dumps(file, 0);
	json_decref(file);
	spill(path, text, strlen(text));
	free(text);
	ctx = open_uri(uri);
	device = find_device(ctx, "p1");
	must(dpu_vf_count(device, &total) == 0);
	is_int(total, 8);
	must(dpu_resource_list(device, &resources) == 0);
	is_int(dpu_resource_list_get(resources, 0)->size, 100);
	dpu_resource_list_unref(resources);
	must(dpu_param_list(device, &params) == 0);
	for (i = 0; strcmp(dpu_param_list_get(params, i)->name, "total_vfs") != 0; i++)
		continue;
	is_str(dpu_param_list_get(params, i)->value[DPU_PARAM_PERMANENT], "9");
	dpu_param_list_unref(params);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
}

/* A file that was written before there were attributes means what it meant. */
static void older(const char *good, const char *path, const char *uri)
{
	static const char *const pf_keys[] = { "encap",  "autoprobe",  "params",
					       "health", "rate_nodes", "firmware_config" };
	static const char *const function_keys[] = { "caps", "max_io_eqs", "max_uc_list", "rate", "vf" };
	json_t *file = json_loads(good, 0, NULL), *item;
	struct dpu_device *device;
	char *text, *now, *then;
	struct dpu_ctx *ctx;
	size_t i, j;

	must(file);
	must(json_object_del(file, "firmware_config") == 0);
	json_array_foreach(json_object_get(file, "pfs"), i, item) {
		for (j = 0; j < 6; j++)
			must(json_object_del(item, pf_keys[j]) == 0);
	}
	json_array_foreach(json_object_get(file, "functions"), i, item) {
		for (j = 0; j < 4; j++)
			must(json_object_del(item, function_keys[j]) == 0);
		json_object_del(item, function_keys[4]);
	}
	text = json_dumps(file, 0);
	json_decref(file);
	spill(path, good, strlen(good));
	ctx = open_uri(uri);
	device = find_device(ctx, "p0");
	now = whole_picture(device);
	spill(path, text, strlen(text));
	then = whole_picture(device);
	ok(!strcmp(now, then), "a file without attributes is one of a DPU that has them all as at first");
	free(now);
	free(then);
	free(text);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
}

/* A good topology with all that there can be in one. */
static char *make_good(const char *path, const char *uri)
{
	struct dpu_ctx *ctx = open_uri(uri);
	struct dpu_device *device = find_device(ctx, "p0");

	must(dpu_vf_set_count(device, 1, DEADLINE_MS) == 0);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
	return slurp(path);
}

static void files(void)
{
	char path[64], uri[96], *good;
	size_t size, cut;
	int refusals = 0, cuts = 0;

	snprintf(path, sizeof(path), "%s/good.json", dir);
	snprintf(uri, sizeof(uri), "sim:%s", path);
	good = make_good(path, uri);
	size = strlen(good);

	/* Torn anywhere. The last two bytes are white space and the closing brace. */
	for (cut = 0; cut < size - 2; cut += 97) {
		char error[512] = "";
		DPU_OPTS(dpu_ctx_opts, opts, .error = error, .error_size = sizeof(error));
		struct dpu_ctx *ctx = NULL;

		spill(path, good, cut);
		cuts++;
		refusals += dpu_ctx_open(uri, &opts, &ctx) == -EBADMSG && strstr(error, "line");
	}
	ok(refusals == cuts && cuts > 20, "a file torn at any of %d places is refused with its line", cuts);
	is_int(strlen(good), size);

	spill(path, "[]\n", 3);
	refused(uri, -EBADMSG, "not a JSON object");
	spill(path, "{}\n", 3);
	refused(uri, -EBADMSG, "no libdpu topology");
	spill(path, "{\"format\": \"kicad\"}\n", 20);
	refused(uri, -EBADMSG, "no libdpu topology");
	edited(good, "\"version\": 2", "\"version\": 99", -EPROTONOSUPPORT, "newer format");
	edited(good, "\"vendor_id\": 5555", "\"vendor_id\": 555555", -EBADMSG,
	       "board.vendor_id: not a number in range");
	edited(good, "\"vendor_id\": 5555", "\"vendor_id\": -1", -EBADMSG, "board.vendor_id");
	edited(good, "\"model\": \"BlueField-3\"", "\"model\": 3", -EBADMSG, "board.model: not a text");
	edited(good, "\"eswitch_mode\": \"switchdev\"", "\"eswitch_mode\": \"bridge\"", -EBADMSG,
	       "pfs[0].eswitch_mode: not an e-switch mode");
	edited(good, "\"hw_addr\": \"e8:eb:d3:ce:cc:ec\"", "\"hw_addr\": \"e8:eb\"", -EBADMSG,
	       "not a MAC address");
	edited(good, "\"type\": \"pf\"", "\"type\": \"xf\"", -EBADMSG, "functions[0].type");
	edited(good, "\"port\": 163872", "\"port\": 131072", -EBADMSG, "another function has it");
	edited(good, "\"flows\": []", "\"flows\": [{\"id\": 1}]", -EBADMSG, "pfs[0].flows[0].id");
	firmware_config(good);
	attributes(good);
	edited(good, "\"pfs\": [", "\"faults\": [\"sf_add\"], \"pfs\": [", -EINVAL, "no step before a colon");

	faults_in_file(good, path, uri);
	clock_set_back(good, path, uri);
	older(good, path, uri);
	named_parameters(good, path, uri);
	spill(path, good, size);
	dpu_ctx_unref(open_uri(uri)); /* what was refused before was refused for its own sake */
	free(good);
	unlink(path);
}

static void arguments(void)
{
	static const uint8_t multicast[6] = { 0x01, 0, 0x5e, 0, 0, 1 };
	struct dpu_ctx *ctx = open_uri("sim:");
	struct dpu_device *device = find_device(ctx, "p0"), *none = NULL;
	char *before = picture(device), *after;
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 0);
	struct dpu_function *sf = NULL;

	is_int(dpu_device_find(ctx, "0000:99:00.0", &none), -ENODEV);
	contains(dpu_ctx_error_text(ctx), "find device 0000:99:00.0: no such device");
	is_int(dpu_sf_create(device, &opts, DEADLINE_MS, &sf), -EEXIST); /* the default SF has 0 */
	contains(dpu_ctx_error_text(ctx), "sfnum 0: SF already exist. Choose different sfnum");
	opts.sfnum = 70000;
	is_int(dpu_sf_create(device, &opts, DEADLINE_MS, &sf), -ERANGE);
	contains(dpu_ctx_error_text(ctx), "sfnum 70000");
	opts.sfnum = 5;
	opts.hw_addr = multicast;
	is_int(dpu_sf_create(device, &opts, DEADLINE_MS, &sf), -EINVAL);
	contains(dpu_ctx_error_text(ctx), "01:00:5e:00:00:01: a multicast address");
	is_int(dpu_eswitch_mode_set(device, DPU_ESWITCH_SWITCHDEV_INACTIVE, DEADLINE_MS), -EOPNOTSUPP);
	is_int(dpu_vf_set_count(device, 17, DEADLINE_MS), -ERANGE);
	contains(dpu_error_hint(dpu_ctx_error(ctx)), "NUM_OF_VFS");
	after = picture(device);
	ok(!strcmp(before, after), "none of it changed anything");
	free(before);
	free(after);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
}

/* The firmware's own limit: PF_TOTAL_SF of the factory. */
static void limits(void)
{
	struct dpu_ctx *ctx = open_uri("sim:?latency=sf_attach:0&latency=representors:0&latency=sf_detach:0");
	struct dpu_device *device = find_device(ctx, "p0");
	struct dpu_function *sf;
	uint32_t made = 0;
	int rc = 0;

	while (made < 1000) {
		DPU_OPTS(dpu_sf_opts, opts, .sfnum = 1 + made);

		rc = dpu_sf_create(device, &opts, DEADLINE_MS, &sf);
		if (rc < 0)
			break;
		dpu_function_unref(sf);
		made++;
	}
	is_int(rc, -ENOSPC);
	is_int(made, 235); /* 236, less the default one */
	contains(dpu_error_hint(dpu_ctx_error(ctx)), "PF_TOTAL_SF");
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
}

static void deadline(void)
{
	struct dpu_ctx *ctx = open_uri("sim:?latency=sf_attach:60000");
	struct dpu_device *device = find_device(ctx, "p0");
	char *before = picture(device), *after;
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 9);
	struct dpu_function *sf = NULL;

	is_int(dpu_sf_create(device, &opts, 30, &sf), -ETIMEDOUT);
	is_str(dpu_error_step(dpu_ctx_error(ctx)), "sf_attach");
	contains(dpu_ctx_error_text(ctx), "sfnum 9: not done within 30 ms");
	after = picture(device);
	ok(!sf && !strcmp(before, after), "the SF that came too late is gone");
	free(before);
	free(after);
	dpu_device_unref(device);
	dpu_ctx_unref(ctx);
}

/* A text, or else the map of one number to 0. */
static bool write_file(const char *path, const char *text, unsigned int number)
{
	char map[32];
	int fd = open(path, O_WRONLY), rc;

	if (fd < 0)
		return false;
	snprintf(map, sizeof(map), "0 %u 1", number);
	if (!text)
		text = map;
	rc = (int)write(fd, text, strlen(text));
	close(fd);
	return rc > 0;
}

/* Root of namespaces of one's own, for those who are not root. */
static bool become_root(void)
{
	unsigned int uid = getuid(), gid = getgid();

	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_file("/proc/self/setgroups", "deny", 0) &&
	       write_file("/proc/self/uid_map", NULL, uid) && write_file("/proc/self/gid_map", NULL, gid);
}

/* In a child with a small file system of its own: the disk is full when the state is saved. */
static int full_disk_child(void)
{
	char path[64], uri[96], filler[4096] = { 1 }, *before, *after, *text;
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = 9);
	struct dpu_function *sf = NULL;
	struct dpu_device *device;
	struct dpu_ctx *ctx;
	int fd, rc;

	if (unshare(CLONE_NEWNS) < 0 && !become_root())
		return 77;
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", dir, "tmpfs", 0, "size=64k") < 0)
		return 77;
	snprintf(path, sizeof(path), "%s/t.json", dir);
	snprintf(uri, sizeof(uri), "sim:%s", path);
	ctx = open_uri(uri);
	device = find_device(ctx, "p0");
	before = picture(device);
	snprintf(path, sizeof(path), "%s/filler", dir);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	while (write(fd, filler, sizeof(filler)) > 0)
		;
	close(fd);
	rc = dpu_sf_create(device, &opts, DEADLINE_MS, &sf);
	text = strdup(dpu_ctx_error_text(ctx));
	after = picture(device);
	fprintf(stderr, "# %s\n", text);
	if (rc != -ENOSPC || !strstr(text, "save") || !strstr(text, "No space left") || strcmp(before, after))
		return 1;
	/* When there is room again, everything goes on. */
	unlink(path);
	return dpu_sf_create(device, &opts, DEADLINE_MS, &sf) == 0 ? 0 : 2;
}

static void full_disk(void)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(full_disk_child());
	must(pid > 0 && waitpid(pid, &status, 0) == pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		tap_skip("a file system of one's own needs root or user namespaces");
	else
		ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		   "a full disk is told as such, and the state stays as it was (%d)", WEXITSTATUS(status));
}

int main(void)
{
	char lock[80];

	must(mkdtemp(dir));
	uris();
	files();
	arguments();
	limits();
	deadline();
	full_disk();
	snprintf(lock, sizeof(lock), "%s/good.json.lock", dir);
	unlink(lock);
	ok(rmdir(dir) == 0, "no other file is left");
	return tap_done();
}
