/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A way to a device's firmware: accesses of its registers, one after the other. vsc.c and fwctl.c have one
 * each. A failure is not recorded with ctx_fail(), because to many callers a refusal is an answer. */
#ifndef DPU_LINUX_TRANSPORT_H
#define DPU_LINUX_TRANSPORT_H

#include "core/ctx.h"
#include "provider/linux/registers.h"
#include "provider/linux/sysfs.h"

/* Why something did not go. */
struct transport_failure {
	char words[256];
	char hint[256]; /* what a person can do; may be empty */
};

/* How long, in milliseconds, to wait for what belongs to others, and for the firmware. */
struct transport_deadlines {
	int flag_ms;      /* one access through the window in configuration space */
	int window_ms;    /* the semaphore of that window */
	int semaphore_ms; /* the one of the command interface */
	int command_ms;   /* one command */
};

struct transport;

struct transport_ops {
	const char *name;

	/* From lock() to unlock() no other who goes the same way comes between; they nest. -ETIMEDOUT. */
	int (*lock)(struct transport *transport);
	void (*unlock)(struct transport *transport);

	/* One access. 0, or a negative errno; the words are in failure. */
	int (*access)(struct transport *transport, struct register_access *access);

	void (*close)(struct dpu_ctx *ctx, struct transport *transport);
};

struct transport {
	const struct transport_ops *ops;
	struct transport_deadlines deadlines;
	uint32_t hardware_id; /* 0: it was not told when it was opened */
	bool broken;          /* it is of no more use: the failure was the way's, not an answer */
	struct transport_failure failure;
};

#define TRANSPORT_DEADLINES                                                                                  \
	{                                                                                                    \
		.flag_ms = 1000, .window_ms = 2000, .semaphore_ms = 6000, .command_ms = 30000                \
	}

/* Keeps the words of a failure, without a hint, and returns its code. */
int transport_fail(struct transport *transport, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same, and the way is broken. */
int transport_break(struct transport *transport, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Adds a hint to the failure just kept and returns the code. */
int transport_hint(struct transport *transport, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

int64_t transport_now_ms(void);
void transport_sleep_us(int64_t us);

#endif
