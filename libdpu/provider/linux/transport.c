/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include "provider/linux/transport.h"

__attribute__((format(printf, 2, 0))) static void keep_words(struct transport_failure *failure,
							     const char *format, va_list args)
{
	vsnprintf(failure->words, sizeof(failure->words), format, args);
	failure->hint[0] = '\0';
}

int transport_fail(struct transport *transport, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	keep_words(&transport->failure, format, args);
	va_end(args);
	return code;
}

int transport_break(struct transport *transport, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	keep_words(&transport->failure, format, args);
	va_end(args);
	transport->broken = true;
	return code;
}

int transport_hint(struct transport *transport, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(transport->failure.hint, sizeof(transport->failure.hint), format, args);
	va_end(args);
	return code;
}

int64_t transport_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void transport_sleep_us(int64_t us)
{
	const struct timespec ts = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	nanosleep(&ts, NULL);
}
