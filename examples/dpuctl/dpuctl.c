/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dpuctl: a DPU from the shell. Global options, the choice of the verb, help. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"

#define DEFAULT_TIMEOUT_MS 30000

static const struct command *const tables[] = {
	inventory_commands, mode_commands,    config_commands, function_commands, vf_commands,
	rate_commands,      flow_commands,    param_commands,  resource_commands, health_commands,
	rdma_commands,      monitor_commands, virtio_commands,
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

static void help_of(const struct command *command)
{
	printf("usage: dpuctl [-u URI] [-j] [-t MS] %s%s%s\n\n%s\n", command->name,
	       command->args[0] ? " " : "", command->args, command->help);
}

/* The verbs whose first word this is (NULL: all of them), one on a line; how many there are. */
static int list_verbs(FILE *stream, const char *word)
{
	const struct command *command;
	int count = 0;
	size_t i, len;

	for (i = 0; i < TABLES; i++) {
		for (command = tables[i]; command->name; command++) {
			len = strcspn(command->name, " ");
			if (word && (strlen(word) != len || memcmp(command->name, word, len)))
				continue;
			fprintf(stream, "  %s%s%s\n", command->name, command->args[0] ? " " : "",
				command->args);
			count++;
		}
	}
	return count;
}

static void help(FILE *stream)
{
	fprintf(stream,
		"usage: dpuctl [-u URI] [-j] [-t MS] VERB ...\n\n"
		"  -u, --uri URI      linux: (default), sim:, sim:/path/topology.json; else from DPU_URI\n"
		"  -j, --json         JSON for programs, errors on standard error too\n"
		"  -t, --timeout MS   how long a change may take, default %d, -1 for ever\n"
		"  -h, --help         this text; after a verb, that verb's\n"
		"  -V, --version      the library's version\n\n",
		DEFAULT_TIMEOUT_MS);
	list_verbs(stream, NULL);
	fprintf(stream, "\ndpuctl(1) has the details and the exit codes.\n");
}

/* There is no such verb: says which there are, if the first word is right. */
static int no_verb(int argc, char **argv)
{
	bool words = argc > 1 && argv[1][0] != '-';

	fprintf(stderr, "dpuctl: there is no verb \"%s%s%s\"; see dpuctl --help\n", argv[0], words ? " " : "",
		words ? argv[1] : "");
	list_verbs(stderr, argv[0]);
	return EXIT_USAGE;
}

/* The command whose words argv starts with, the longest one; *words says how many they were. */
static const struct command *find(int argc, char **argv, int *words)
{
	const struct command *command, *found = NULL;
	const char *word, *end;
	size_t i, len;
	int n;

	*words = 0;
	for (i = 0; i < TABLES; i++) {
		for (command = tables[i]; command->name; command++) {
			n = 0;
			for (word = command->name; *word; word = *end ? end + 1 : end) {
				end = word + strcspn(word, " ");
				len = (size_t)(end - word);
				if (n >= argc || strlen(argv[n]) != len || memcmp(argv[n], word, len))
					break;
				n++;
			}
			if (!*word && n > *words) {
				found = command;
				*words = n;
			}
		}
	}
	return found;
}

static bool wants_help(int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	}
	return false;
}

static int run(struct cli *cli, const char *uri, int argc, char **argv)
{
	char error[1024] = "";
	DPU_OPTS(dpu_ctx_opts, opts, .error = error, .error_size = sizeof(error));
	int code;

	code = dpu_ctx_open(uri, &opts, &cli->ctx);
	if (code < 0) {
		if (cli->json)
			cli_error_json("open", uri, code, error, "");
		else
			fprintf(stderr, "dpuctl: %s\n", error);
		return cli_exit_code(code);
	}
	code = cli->command->run(cli, argc, argv);
	dpu_ctx_unref(cli->ctx);
	return code;
}

/* A closed standard stream would give its number to the next file that is opened: what is printed would go
 * there. So it is taken; writing to it fails. */
static void take_closed_streams(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) < 0)
			_exit(EXIT_FAILED);
	}
}

/* Output that did not get out is a failure, whatever else went well. */
static int finish(int code)
{
	bool failed = ferror(stdout);

	errno = 0;
	if (fflush(stdout) == 0 && !failed)
		return code;
	fprintf(stderr, "dpuctl: standard output: %s\n", errno ? strerror(errno) : "cannot be written");
	return EXIT_FAILED;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "uri", required_argument, NULL, 'u' },     { "json", no_argument, NULL, 'j' },
		{ "timeout", required_argument, NULL, 't' }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },       { NULL, 0, NULL, 0 },
	};
	struct cli cli = { .timeout_ms = DEFAULT_TIMEOUT_MS };
	const char *uri = getenv("DPU_URI");
	char *end;
	long value;
	int c, words;

	take_closed_streams();
	while ((c = getopt_long(argc, argv, "+u:jt:hV", options, NULL)) != -1) {
		switch (c) {
		case 'u':
			uri = optarg;
			break;
		case 'j':
			cli.json = true;
			break;
		case 't':
			value = strtol(optarg, &end, 10);
			if (*end || end == optarg || value < -1 || value > INT_MAX) {
				fprintf(stderr, "dpuctl: \"%s\" is no number of milliseconds\n", optarg);
				return EXIT_USAGE;
			}
			cli.timeout_ms = (int)value;
			break;
		case 'h':
			help(stdout);
			return finish(EXIT_OK);
		case 'V':
			printf("dpuctl %s\n", dpu_version_string());
			return finish(EXIT_OK);
		default:
			fprintf(stderr, "dpuctl: see dpuctl --help\n");
			return EXIT_USAGE;
		}
	}
	argc -= optind;
	argv += optind;
	cli.command = find(argc, argv, &words);
	if (cli.command && wants_help(argc, argv)) {
		help_of(cli.command);
		return finish(EXIT_OK);
	}
	if (wants_help(argc, argv)) { /* the first word of several verbs */
		if (!list_verbs(stdout, argv[0]))
			return no_verb(argc, argv);
		return finish(EXIT_OK);
	}
	if (!argc) {
		help(stderr);
		return EXIT_USAGE;
	}
	if (!cli.command)
		return no_verb(argc, argv);
	return finish(run(&cli, uri && uri[0] ? uri : "linux:", argc - words, argv + words));
}
