/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resource: how a device divides what it has. */
#include <inttypes.h>
#include "cli.h"

struct wanted {
	const char *path;
	uint64_t size;
};

static int list_of(struct cli *cli, struct dpu_device *device, void *arg)
{
	const struct dpu_resource *resource;
	struct dpu_resource_list *list;
	json_t *row;
	size_t i;

	if (dpu_resource_list(device, &list) < 0)
		return cli_fail_listing(cli);
	for (i = 0; i < dpu_resource_list_count(list); i++) {
		resource = dpu_resource_list_get(list, i);
		row = json_pack(
			"{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "device", dpu_device_handle(device),
			"path", cli_string(resource->path), "size", cli_u64_json(resource->size), "size_new",
			cli_u64_json(resource->size_new), "occ",
			resource->has_occupied ? cli_u64_json(resource->occupied) : json_null(), "size_min",
			cli_u64_json(resource->size_min), "size_max", cli_u64_json(resource->size_max),
			"size_gran", cli_u64_json(resource->granularity));
		json_array_append_new(arg, row);
	}
	dpu_resource_list_unref(list);
	return EXIT_OK;
}

static int resource_list(struct cli *cli, int argc, char **argv)
{
	static const struct column columns[] = {
		{ "device", "DEVICE" },     { "path", "RESOURCE" },       { "size", "SIZE" },
		{ "size_new", "SIZE_NEW" }, { "occ", "OCCUPIED" },        { "size_min", "SIZE_MIN" },
		{ "size_max", "SIZE_MAX" }, { "size_gran", "SIZE_GRAN" }, { NULL, NULL },
	};

	return cli_list(cli, argc, argv, list_of, columns);
}

static int do_set(struct cli *cli, struct dpu_device *device, void *arg)
{
	const struct wanted *wanted = arg;

	if (dpu_resource_set(device, wanted->path, wanted->size) < 0)
		return cli_fail(cli);
	return cli_done(cli,
			json_pack("{s:s, s:o, s:I}", "device", dpu_device_handle(device), "path",
				  cli_string(wanted->path), "size_new", (json_int_t)wanted->size),
			"%s has %" PRIu64 " after a reload driver_reinit", wanted->path, wanted->size);
}

static int resource_set(struct cli *cli, int argc, char **argv)
{
	struct wanted wanted;

	if (argc != 3)
		return cli_usage(cli, "a device, a resource and a size are needed");
	wanted.path = argv[1];
	if (!cli_number(cli, "the size", argv[2], 0, INT64_MAX, &wanted.size))
		return EXIT_USAGE;
	return cli_each_device(cli, argv[0], do_set, &wanted);
}

const struct command resource_commands[] = {
	{ "resource list", "[DEVICE]", "Lists the resources of a device.", resource_list },
	{ "resource set", "DEVICE RESOURCE SIZE",
	  "Gives a resource another size, from the next reload driver_reinit on.", resource_set },
	{ NULL, NULL, NULL, NULL },
};
