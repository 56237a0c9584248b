/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the verbs of dpuctl share: the context, the output, the errors. */
#ifndef DPUCTL_CLI_H
#define DPUCTL_CLI_H

#include <dpu/dpu.h>
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>

/* Exit codes; dpuctl(1) has them. */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_FOUND = 3,
	EXIT_REFUSED = 4,
	EXIT_UNSUPPORTED = 5,
	EXIT_TIMEOUT = 6,
	EXIT_PERMISSION = 7,
};

struct cli;

struct command {
	const char *name; /* "sf create" */
	const char *args; /* "DEVICE SFNUM [--hw-addr MAC]" */
	const char *help;
	int (*run)(struct cli *cli, int argc, char **argv); /* argv: what follows the name */
};

struct cli {
	struct dpu_ctx *ctx;
	const struct command *command;
	bool json;
	int timeout_ms;
	bool one_device; /* the verb was told which one */
};

/* The tables of verbs, each ended by an empty entry. */
extern const struct command inventory_commands[];
extern const struct command mode_commands[];
extern const struct command config_commands[];
extern const struct command function_commands[];
extern const struct command vf_commands[];
extern const struct command rate_commands[];
extern const struct command flow_commands[];
extern const struct command param_commands[];
extern const struct command resource_commands[];
extern const struct command health_commands[];
extern const struct command rdma_commands[];
extern const struct command monitor_commands[];
extern const struct command virtio_commands[];

struct column {
	const char *key;
	const char *title;
};

/* Prints rows (an array of objects, taken over) as a table of these columns, or all of them as JSON. */
int cli_rows(struct cli *cli, json_t *rows, const struct column *columns);
/* Prints one object (taken over): as JSON, or each member on a line of its own. */
int cli_object(struct cli *cli, json_t *object);
/* Says in JSON or in words that something was done. */
int cli_done(struct cli *cli, json_t *object, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Reports the context's last failure; gives the exit code. */
int cli_fail(struct cli *cli);
/* The exit code for a negative errno. */
int cli_exit_code(int code);
/* The error object of -j, on standard error. */
void cli_error_json(const char *step, const char *object, int code, const char *message, const char *hint);
/* Reports a usage error; gives the exit code. */
int cli_usage(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Takes a verb's options, one call of take for each; argc and argv are then what remains. False after a usage
 * error was reported, by take too. */
typedef bool (*take_fn)(struct cli *cli, int option, const char *text, void *arg);
bool cli_options(struct cli *cli, int *argc, char ***argv, const struct option *options, take_fn take,
		 void *arg);

/* Arguments of one kind; false after a usage error was reported. A rate is in bytes per second. */
bool cli_number(struct cli *cli, const char *what, const char *text, uint64_t min, uint64_t max,
		uint64_t *ret);
bool cli_number32(struct cli *cli, const char *what, const char *text, uint32_t min, uint32_t *ret);
bool cli_switch(struct cli *cli, const char *text, uint32_t *ret);
bool cli_mac(struct cli *cli, const char *text, uint8_t mac[6]);
bool cli_guid(struct cli *cli, const char *text, uint64_t *ret);
bool cli_rate(struct cli *cli, const char *text, uint64_t *ret);

typedef int (*device_fn)(struct cli *cli, struct dpu_device *device, void *arg);
/* Calls each device that is meant: the named one, or every one (of a kind that has an e-switch). */
int cli_each_device(struct cli *cli, const char *name, device_fn each, void *arg);
/* A verb with an optional DEVICE: each adds to the rows, which it gets as arg. */
int cli_list(struct cli *cli, int argc, char **argv, device_fn each, const struct column *columns);
/* As cli_fail(), for such a verb: among all devices, one that has nothing of the kind is no failure. */
int cli_fail_listing(struct cli *cli);

json_t *cli_string(const char *text); /* what is not UTF-8 becomes question marks */
json_t *cli_text(const char *text);   /* null for "" */
json_t *cli_mac_json(const uint8_t mac[6]);
json_t *cli_guid_json(uint64_t guid, unsigned int group); /* a colon after so many digits */
json_t *cli_number_json(uint32_t number);                 /* null for DPU_PORT_NO_NUMBER */
json_t *cli_count_json(uint32_t count);                   /* null for 0 */
json_t *
cli_u64_json(uint64_t number); /* what is more than jansson's integers as a real: the kernel's "no limit" */
/* Adds the attributes of a device's e-switch; null for what cannot be told. */
void cli_add_eswitch(struct dpu_device *device, json_t *object);
json_t *cli_function_json(struct dpu_function *function);
extern const struct column cli_function_columns[];
/* Adds a device's functions of this type to an array. */
int cli_add_functions(struct cli *cli, struct dpu_device *device, enum dpu_function_type type, json_t *rows);
json_t *cli_port_json(struct dpu_port *port);

#endif
