/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A test program prints TAP, one line per check, and ends with tap_done(). A check names what it expects;
 * on failure it shows what it got. A program that cannot run here calls tap_skip_all() (exit code 77).
 */
#ifndef TAP_H
#define TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Weak, so that the files of one program share them. */
__attribute__((weak)) int tap_count;
__attribute__((weak)) int tap_failed;

__attribute__((format(printf, 4, 5), unused)) static bool tap_ok(bool pass, const char *file, int line,
								 const char *format, ...)
{
	va_list args;

	printf("%sok %d - ", pass ? "" : "not ", ++tap_count);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	if (!pass) {
		tap_failed++;
		printf("# at %s:%d\n", file, line);
	}
	fflush(stdout);
	return pass;
}

__attribute__((unused)) static bool tap_int(int64_t got, int64_t want, const char *file, int line,
					    const char *what)
{
	bool pass = tap_ok(got == want, file, line, "%s is %" PRId64, what, want);

	if (!pass)
		printf("# got %" PRId64 "\n", got);
	return pass;
}

__attribute__((unused)) static bool tap_str(const char *got, const char *want, const char *file, int line,
					    const char *what)
{
	bool pass = tap_ok(got && !strcmp(got, want), file, line, "%s is \"%s\"", what, want);

	if (!pass)
		printf("# got \"%s\"\n", got ? got : "(null)");
	return pass;
}

__attribute__((unused)) static bool tap_contains(const char *got, const char *want, const char *file,
						 int line, const char *what)
{
	bool pass = tap_ok(got && strstr(got, want), file, line, "%s contains \"%s\"", what, want);

	if (!pass)
		printf("# got \"%s\"\n", got ? got : "(null)");
	return pass;
}

/* ok(condition, "what, as printf") */
#define ok(pass, ...) tap_ok((pass), __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, want) tap_int((int64_t)(got), (int64_t)(want), __FILE__, __LINE__, #got)
#define is_str(got, want) tap_str((got), (want), __FILE__, __LINE__, #got)
#define contains(got, want) tap_contains((got), (want), __FILE__, __LINE__, #got)

/* Ends the program when going on makes no sense. */
#define must(pass)                                                                                           \
	do {                                                                                                 \
		if (!(pass)) {                                                                               \
			printf("Bail out! %s:%d: %s\n", __FILE__, __LINE__, #pass);                          \
			exit(1);                                                                             \
		}                                                                                            \
	} while (0)

#define tap_diag(...) (printf("# " __VA_ARGS__), printf("\n"))

__attribute__((format(printf, 1, 2), unused)) static void tap_skip(const char *format, ...)
{
	va_list args;

	printf("ok %d # SKIP ", ++tap_count);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

__attribute__((format(printf, 1, 2), noreturn, unused)) static void tap_skip_all(const char *format, ...)
{
	va_list args;

	printf("1..0 # SKIP ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	exit(77);
}

__attribute__((unused)) static int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed ? 1 : 0;
}

#endif
