/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "core/ctx.h"

int error_set(struct dpu_error *error, int code, const char *step, const char *object, const char *format,
	      va_list args)
{
	char message[sizeof(error->message)];

	/* The arguments may point into the former error: format first, then overwrite. */
	if (format)
		vsnprintf(message, sizeof(message), format, args);
	else
		snprintf(message, sizeof(message), "%s", strerror(-code));
	error->code = code;
	snprintf(error->step, sizeof(error->step), "%s", step);
	snprintf(error->object, sizeof(error->object), "%s", object ? object : "");
	memcpy(error->message, message, sizeof(message));
	error->hint[0] = '\0';
	snprintf(error->text, sizeof(error->text), "%s%s%s: %s", error->step, error->object[0] ? " " : "",
		 error->object, error->message);
	return code;
}

int ctx_fail(struct dpu_ctx *ctx, int code, const char *step, const char *object, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_set(&ctx->error, code, step, object, format, args);
	va_end(args);
	ctx_log(ctx, DPU_LOG_ERROR, "%s", ctx->error.text);
	return code;
}

int ctx_hint(struct dpu_ctx *ctx, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ctx->error.hint, sizeof(ctx->error.hint), format, args);
	va_end(args);
	return ctx->error.code;
}

int ctx_fail_nomem(struct dpu_ctx *ctx, const char *step)
{
	return ctx_fail(ctx, -ENOMEM, step, NULL, "out of memory");
}

const struct dpu_error *dpu_ctx_error(struct dpu_ctx *ctx)
{
	return ctx->error.code ? &ctx->error : NULL;
}

const char *dpu_ctx_error_text(struct dpu_ctx *ctx)
{
	return ctx->error.text;
}

int dpu_error_code(const struct dpu_error *error)
{
	return error->code;
}

const char *dpu_error_step(const struct dpu_error *error)
{
	return error->step;
}

const char *dpu_error_object(const struct dpu_error *error)
{
	return error->object;
}

const char *dpu_error_message(const struct dpu_error *error)
{
	return error->message;
}

const char *dpu_error_hint(const struct dpu_error *error)
{
	return error->hint;
}
