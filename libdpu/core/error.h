/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What went wrong last, as the objects that remember it keep it. */
#ifndef DPU_CORE_ERROR_H
#define DPU_CORE_ERROR_H

#include <dpu/ctx.h>
#include <stdarg.h>

struct dpu_error {
	int code;
	char step[48];
	char object[128];
	char message[512];
	char hint[256];
	char text[720];
};

/* Records a failure and returns its code (negative). A NULL format takes the errno's own words. */
int error_set(struct dpu_error *error, int code, const char *step, const char *object, const char *format,
	      va_list args) __attribute__((format(printf, 5, 0)));

#endif
