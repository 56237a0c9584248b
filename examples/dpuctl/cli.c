/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "cli.h"

/* Words with commas between. */
static void words_text(const json_t *array, char *text, size_t size)
{
	size_t used = 0, i;
	json_t *word;

	json_array_foreach(array, i, word) {
		if (used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "," : "",
						 json_string_value(word));
	}
}

/* One value as a person reads it. */
static void value_text(const json_t *value, char *text, size_t size)
{
	if (json_is_string(value))
		snprintf(text, size, "%s", json_string_value(value));
	else if (json_is_integer(value))
		snprintf(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		snprintf(text, size, "no limit");
	else if (json_is_boolean(value))
		snprintf(text, size, "%s", json_is_true(value) ? "on" : "off");
	else if (json_is_array(value) && json_array_size(value))
		words_text(value, text, size);
	else
		snprintf(text, size, "-");
}

static int print_json(json_t *value)
{
	int rc = json_dumpf(value, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);

	json_decref(value);
	if (rc == 0)
		rc = putchar('\n') == EOF ? -1 : 0;
	return rc == 0 ? EXIT_OK : EXIT_FAILED;
}

static size_t column_width(const json_t *rows, const struct column *column)
{
	size_t width = strlen(column->title), i, len;
	char text[512];
	json_t *row;

	json_array_foreach(rows, i, row) {
		value_text(json_object_get(row, column->key), text, sizeof(text));
		len = strlen(text);
		if (len > width)
			width = len;
	}
	return width;
}

/* The last cell of a line is not padded: no line ends in blanks. */
static void print_cell(const json_t *rows, const struct column *column, const char *text)
{
	if (column[1].key)
		printf("%-*s  ", (int)column_width(rows, column), text);
	else
		printf("%s\n", text);
}

int cli_rows(struct cli *cli, json_t *rows, const struct column *columns)
{
	const struct column *column;
	char text[512];
	json_t *row;
	size_t i;

	if (cli->json)
		return print_json(rows);
	for (column = columns; column->key; column++)
		print_cell(rows, column, column->title);
	json_array_foreach(rows, i, row) {
		for (column = columns; column->key; column++) {
			value_text(json_object_get(row, column->key), text, sizeof(text));
			print_cell(rows, column, text);
		}
	}
	json_decref(rows);
	return EXIT_OK;
}

int cli_object(struct cli *cli, json_t *object)
{
	const char *key;
	char text[512];
	json_t *value;

	if (cli->json)
		return print_json(object);
	json_object_foreach(object, key, value) {
		value_text(value, text, sizeof(text));
		printf("%-18s %s\n", key, text);
	}
	json_decref(object);
	return EXIT_OK;
}

int cli_done(struct cli *cli, json_t *object, const char *format, ...)
{
	va_list args;

	if (cli->json)
		return print_json(object);
	json_decref(object);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	return EXIT_OK;
}

int cli_exit_code(int code)
{
	switch (-code) {
	case ENODEV:
	case ENOENT:
		return EXIT_NOT_FOUND;
	case EINVAL:
	case ERANGE:
	case EOVERFLOW:
	case EEXIST:
	case ENOSPC:
	case EBUSY:
	case ENOTUNIQ:
		return EXIT_REFUSED;
	case EOPNOTSUPP:
	case EPROTONOSUPPORT:
		return EXIT_UNSUPPORTED;
	case ETIMEDOUT:
		return EXIT_TIMEOUT;
	case EPERM:
	case EACCES:
		return EXIT_PERMISSION;
	default:
		return EXIT_FAILED;
	}
}

void cli_error_json(const char *step, const char *object, int code, const char *message, const char *hint)
{
	const char *name = strerrorname_np(-code);
	json_t *error = json_pack("{s:{s:o, s:o, s:s, s:i, s:o, s:o}}", "error", "step", cli_string(step),
				  "object", cli_string(object), "errno_name", name ? name : "", "errno",
				  -code, "message", cli_string(message), "hint", cli_string(hint));

	json_dumpf(error, stderr, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	json_decref(error);
	fputc('\n', stderr);
}

int cli_fail(struct cli *cli)
{
	const struct dpu_error *error = dpu_ctx_error(cli->ctx);

	if (cli->json) {
		cli_error_json(dpu_error_step(error), dpu_error_object(error), dpu_error_code(error),
			       dpu_error_message(error), dpu_error_hint(error));
	} else {
		fprintf(stderr, "dpuctl: %s\n", dpu_ctx_error_text(cli->ctx));
		if (dpu_error_hint(error)[0])
			fprintf(stderr, "dpuctl: %s\n", dpu_error_hint(error));
	}
	return cli_exit_code(dpu_error_code(error));
}

int cli_usage(struct cli *cli, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "dpuctl: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nusage: dpuctl %s%s%s\n", cli->command->name, cli->command->args[0] ? " " : "",
		cli->command->args);
	return EXIT_USAGE;
}

int cli_each_device(struct cli *cli, const char *name, device_fn each, void *arg)
{
	struct dpu_device_list *list;
	struct dpu_device *device;
	int code = EXIT_OK;
	size_t i;

	cli->one_device = name != NULL;
	if (name) {
		if (dpu_device_find(cli->ctx, name, &device) < 0)
			return cli_fail(cli);
		code = each(cli, device, arg);
		dpu_device_unref(device);
		return code;
	}
	if (dpu_device_list(cli->ctx, &list) < 0)
		return cli_fail(cli);
	for (i = 0; i < dpu_device_list_count(list) && code == EXIT_OK; i++) {
		device = dpu_device_list_get(list, i);
		if (dpu_device_kind(device) != DPU_DEVICE_NIC)
			code = each(cli, device, arg);
	}
	dpu_device_list_unref(list);
	return code;
}

int cli_list(struct cli *cli, int argc, char **argv, device_fn each, const struct column *columns)
{
	json_t *rows;
	int code;

	if (argc > 1)
		return cli_usage(cli, "\"%s\" is too much", argv[1]);
	rows = json_array();
	code = cli_each_device(cli, argc ? argv[0] : NULL, each, rows);
	if (code == EXIT_OK)
		return cli_rows(cli, rows, columns);
	json_decref(rows);
	return code;
}

int cli_fail_listing(struct cli *cli)
{
	if (!cli->one_device && dpu_error_code(dpu_ctx_error(cli->ctx)) == -EOPNOTSUPP)
		return EXIT_OK;
	return cli_fail(cli);
}
