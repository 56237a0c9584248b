/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"

/* One value as a person reads it. */
static void value_text(const json_t *value, char *text, size_t size)
{
	if (json_is_string(value))
		snprintf(text, size, "%s", json_string_value(value));
	else if (json_is_integer(value))
		snprintf(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_boolean(value))
		snprintf(text, size, "%s", json_is_true(value) ? "yes" : "no");
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

bool cli_number(struct cli *cli, const char *what, const char *text, uint64_t max, uint64_t *ret)
{
	char *end;

	/* No octal: 010 is ten. */
	errno = 0;
	*ret = strtoull(text, &end, strncmp(text, "0x", 2) ? 10 : 16);
	if (text[0] >= '0' && text[0] <= '9' && !*end && !errno && *ret <= max)
		return true;
	cli_usage(cli, "%s must be a number from 0 to %" PRIu64 ", not \"%s\"", what, max, text);
	return false;
}

bool cli_mac(struct cli *cli, const char *text, uint8_t mac[6])
{
	static const char form[] = "xx:xx:xx:xx:xx:xx";
	size_t i;

	for (i = 0; form[i] == ':' ? text[i] == ':' : isxdigit((unsigned char)text[i]); i++) {
		if (form[i + 1])
			continue;
		if (text[i + 1])
			break;
		for (i = 0; i < 6; i++)
			mac[i] = (uint8_t)strtoul(text + 3 * i, NULL, 16);
		return true;
	}
	cli_usage(cli, "\"%s\" is no MAC address; write 02:25:f2:8d:a2:5c", text);
	return false;
}

int cli_each_device(struct cli *cli, const char *name,
		    int (*each)(struct cli *cli, struct dpu_device *dev, void *arg), void *arg)
{
	struct dpu_device_list *list;
	struct dpu_device *device;
	int code = EXIT_OK;
	size_t i;

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
	return text && text[0] ? json_string(text) : json_null();
}

json_t *cli_mac_json(const uint8_t mac[6])
{
	char text[18];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
	return json_string(text);
}

static json_t *number_json(uint32_t number)
{
	return number == DPU_PORT_NO_NUMBER ? json_null() : json_integer(number);
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
	json_object_set_new(object, "pfnum", json_integer(dpu_function_pfnum(function)));
	json_object_set_new(object, "number", number_json(dpu_function_number(function)));
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
	return object;
}

json_t *cli_port_json(struct dpu_port *port)
{
	json_t *object = json_object();

	json_object_set_new(object, "device", json_string(dpu_device_handle(dpu_port_device(port))));
	json_object_set_new(object, "index", json_integer(dpu_port_index(port)));
	json_object_set_new(object, "flavour", cli_text(dpu_port_flavour_name(dpu_port_flavour(port))));
	json_object_set_new(object, "controller", json_integer(dpu_port_controller(port)));
	json_object_set_new(object, "pfnum", number_json(dpu_port_pfnum(port)));
	json_object_set_new(object, "vfnum", number_json(dpu_port_vfnum(port)));
	json_object_set_new(object, "sfnum", number_json(dpu_port_sfnum(port)));
	json_object_set_new(object, "netdev", cli_text(dpu_port_netdev(port)));
	json_object_set_new(object, "ifindex", json_integer(dpu_port_ifindex(port)));
	json_object_set_new(object, "phys_port_name", cli_text(dpu_port_phys_port_name(port)));
	json_object_set_new(object, "phys_switch_id", cli_text(dpu_port_phys_switch_id(port)));
	return object;
}
