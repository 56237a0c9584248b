/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virtio: what the bits of a feature word mean. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include "cli.h"

static json_t *row(uint32_t bit, const char *name, const char *what)
{
	return json_pack("{s:i, s:s, s:o}", "bit", (int)bit, "name", name, "what", cli_text(what));
}

/* A bit of a word: where two features have had it, the one that is meant today. */
static json_t *bit_json(uint32_t device, uint32_t bit)
{
	const struct dpu_virtio_feature *feature;
	char name[64];

	dpu_virtio_features_format(device, UINT64_C(1) << bit, name, sizeof(name));
	feature = dpu_virtio_feature_find(device, name);
	return row(bit, name, feature ? feature->what : "");
}

/* All that a device type has. */
static int list(struct cli *cli, uint32_t device, const struct column *columns)
{
	json_t *rows = json_array();
	const struct dpu_virtio_feature *feature;
	uint32_t i;

	for (i = 0; (feature = dpu_virtio_feature_get(device, i)); i++)
		json_array_append_new(rows, row(feature->bit, feature->name, feature->what));
	return cli_rows(cli, rows, columns);
}

/* One word: itself, its features, and whether one lacks another. */
static int show(struct cli *cli, uint32_t device, uint64_t word, const struct column *columns)
{
	const struct dpu_virtio_feature *feature = NULL, *missing = NULL;
	json_t *rows = json_array();
	char text[32];
	uint32_t bit;

	for (bit = 0; bit < 64; bit++) {
		if (word >> bit & 1)
			json_array_append_new(rows, bit_json(device, bit));
	}
	snprintf(text, sizeof(text), "0x%" PRIx64, word);
	dpu_virtio_features_check(device, word, &feature, &missing);
	if (cli->json)
		return cli_object(cli,
				  json_pack("{s:s, s:o, s:o, s:o}", "word", text, "features", rows,
					    "requiring", feature ? json_string(feature->name) : json_null(),
					    "missing", missing ? json_string(missing->name) : json_null()));
	printf("%s\n", text);
	cli_rows(cli, rows, columns);
	if (missing)
		printf("%s requires %s\n", feature->name, missing->name);
	return EXIT_OK;
}

static int virtio_features(struct cli *cli, int argc, char **argv)
{
	static const struct column columns[] = {
		{ "bit", "BIT" },
		{ "name", "NAME" },
		{ "what", "MEANING" },
		{ NULL, NULL },
	};
	uint32_t device = DPU_VIRTIO_ID_NET;
	uint64_t word = 0, part;
	int i, rc;

	if (argc && dpu_virtio_device_parse(argv[0], &device) == 0) {
		argc--;
		argv++;
	}
	if (!argc)
		return list(cli, device, columns);
	for (i = 0; i < argc; i++) {
		rc = dpu_virtio_features_parse(device, argv[i], &part);
		if (rc == -ERANGE)
			return cli_usage(cli, "\"%s\" has a bit that no word of 64 bits has", argv[i]);
		if (rc < 0)
			return cli_usage(cli, "\"%s\" is no feature of virtio-%s and no number", argv[i],
					 dpu_virtio_device_name(device));
		word |= part;
	}
	return show(cli, device, word, columns);
}

const struct command virtio_commands[] = {
	{ "virtio features", "[TYPE] [WORD|NAME...]",
	  "Lists the feature bits of a virtio device type, or shows which ones words and names are together.",
	  virtio_features },
	{ NULL, NULL, NULL, NULL },
};
