/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the verbs take: options, numbers, addresses, rates. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "cli.h"

/* getopt_long wants argv[0] to be the program: one step back is the verb's last word. It moves what is no
 * option to the end. */
bool cli_options(struct cli *cli, int *argc, char ***argv, const struct option *options, take_fn take,
		 void *arg)
{
	char **words = *argv - 1;
	int count = *argc + 1, c;

	optind = 0;
	while ((c = getopt_long(count, words, ":", options, NULL)) != -1) {
		if (c == ':')
			cli_usage(cli, "%s needs a value", words[optind - 1]);
		else if (c == '?')
			cli_usage(cli, "\"%s\" is no option of this verb", words[optind - 1]);
		else if (take(cli, c, optarg, arg))
			continue;
		return false;
	}
	*argc = count - optind;
	*argv = words + optind;
	return true;
}

/* No octal: 010 is ten. */
static bool parse_number(const char *text, char **end, uint64_t *ret)
{
	errno = 0;
	*ret = strtoull(text, end, strncmp(text, "0x", 2) ? 10 : 16);
	return text[0] >= '0' && text[0] <= '9' && !errno;
}

bool cli_number(struct cli *cli, const char *what, const char *text, uint64_t min, uint64_t max,
		uint64_t *ret)
{
	char *end;

	if (parse_number(text, &end, ret) && !*end && *ret >= min && *ret <= max)
		return true;
	cli_usage(cli, "%s must be a number from %" PRIu64 " to %" PRIu64 ", not \"%s\"", what, min, max,
		  text);
	return false;
}

bool cli_number32(struct cli *cli, const char *what, const char *text, uint32_t min, uint32_t *ret)
{
	uint64_t number;

	if (!cli_number(cli, what, text, min, UINT32_MAX, &number))
		return false;
	*ret = (uint32_t)number;
	return true;
}

bool cli_switch(struct cli *cli, const char *text, uint32_t *ret)
{
	*ret = !strcmp(text, "on");
	if (*ret || !strcmp(text, "off"))
		return true;
	cli_usage(cli, "\"%s\" is neither on nor off", text);
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

bool cli_guid(struct cli *cli, const char *text, uint64_t *ret)
{
	size_t i, digits = 0;

	*ret = 0;
	for (i = 0; text[i]; i++) {
		if (text[i] == ':' && digits % 2 == 0 && digits)
			continue;
		if (!isxdigit((unsigned char)text[i]))
			break;
		*ret = *ret << 4 | (uint64_t)(isdigit((unsigned char)text[i])
						      ? text[i] - '0'
						      : tolower((unsigned char)text[i]) - 'a' + 10);
		digits++;
	}
	if (!text[i] && digits == 16 && text[i - 1] != ':')
		return true;
	cli_usage(cli, "\"%s\" is no GUID; write 02:25:f2:ff:fe:8d:a2:5c", text);
	return false;
}

/* The factor of "k", "Mi" and the like, which it steps over; 1 without one. */
static uint64_t rate_prefix(const char **unit)
{
	static const char prefixes[] = "kmgt";
	const char *prefix = **unit ? strchr(prefixes, tolower((unsigned char)**unit)) : NULL;
	uint64_t factor = 1, base = 1000;
	long i;

	if (!prefix)
		return 1;
	(*unit)++;
	if (tolower((unsigned char)**unit) == 'i') {
		(*unit)++;
		base = 1024;
	}
	for (i = 0; i <= prefix - prefixes; i++)
		factor *= base;
	return factor;
}

bool cli_rate(struct cli *cli, const char *text, uint64_t *ret)
{
	const char *unit;
	uint64_t number, factor;
	char *end;

	if (parse_number(text, &end, &number)) {
		unit = end;
		factor = rate_prefix(&unit);
		if (!__builtin_mul_overflow(number, factor, ret)) {
			if (!*end || !strcasecmp(unit, "bps"))
				return true;
			if (!strcasecmp(unit, "bit") && *ret % 8 == 0) {
				*ret /= 8;
				return true;
			}
		}
	}
	cli_usage(cli,
		  "\"%s\" is no whole rate in bytes per second; write 1gbit, 100mbit, 125MBps or 125000000",
		  text);
	return false;
}
