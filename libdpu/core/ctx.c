/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/ctx.h"
#include "core/opts.h"

/* Ends here on purpose, see dpu/export.h: a member after it would be invisible tail padding. */
_Static_assert(sizeof(struct dpu_ctx_opts) == offsetof(struct dpu_ctx_opts, reserved) + sizeof(uint32_t),
	       "dpu_ctx_opts has tail padding");

static void *default_alloc(void *data, size_t size)
{
	(void)data;
	return malloc(size);
}

static void *default_realloc(void *data, void *ptr, size_t size)
{
	(void)data;
	return realloc(ptr, size);
}

static void default_free(void *data, void *ptr)
{
	(void)data;
	free(ptr);
}

static const struct dpu_allocator default_allocator = {
	.alloc = default_alloc,
	.realloc = default_realloc,
	.free = default_free,
};

void *ctx_alloc(struct dpu_ctx *ctx, size_t size)
{
	void *ptr = ctx->allocator.alloc(ctx->allocator.data, size ? size : 1);

	if (ptr)
		memset(ptr, 0, size);
	return ptr;
}

void *ctx_realloc(struct dpu_ctx *ctx, void *ptr, size_t size)
{
	return ctx->allocator.realloc(ctx->allocator.data, ptr, size ? size : 1);
}

void ctx_free(struct dpu_ctx *ctx, void *ptr)
{
	if (ptr)
		ctx->allocator.free(ctx->allocator.data, ptr);
}

char *ctx_strdup(struct dpu_ctx *ctx, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = ctx_alloc(ctx, size);

	if (copy)
		memcpy(copy, text, size);
	return copy;
}

int ctx_grow(struct dpu_ctx *ctx, void *array_ptr, size_t count, size_t size)
{
	void **array = array_ptr;
	size_t room;
	void *grown;

	/* Full exactly when count is 0 or a power of two from 8 on. */
	if (!count || (count >= 8 && !(count & (count - 1)))) {
		room = count ? count * 2 : 8;
		if (room < count || room > SIZE_MAX / size)
			return -ENOMEM;
		grown = ctx_realloc(ctx, *array, room * size);
		if (!grown)
			return -ENOMEM;
		*array = grown;
	}
	/* One at a time: room that is never used is memory that need not be there. */
	memset((char *)*array + count * size, 0, size);
	return 0;
}

int ctx_create(const struct dpu_ctx_opts *user, struct dpu_ctx **ret)
{
	struct dpu_ctx_opts opts;
	const struct dpu_allocator *allocator;
	struct dpu_ctx *ctx;
	int rc;

	rc = opts_read(&opts, sizeof(opts), user);
	if (rc < 0)
		return rc;
	allocator = opts.allocator ? opts.allocator : &default_allocator;
	if (opts.reserved || opts.log_level > DPU_LOG_DEBUG || !allocator->alloc || !allocator->realloc ||
	    !allocator->free)
		return -EINVAL;

	ctx = allocator->alloc(allocator->data, sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	memset(ctx, 0, sizeof(*ctx));
	ref_init(&ctx->ref);
	ctx->allocator = *allocator;
	ctx->log = opts.log;
	ctx->log_data = opts.log_data;
	ctx->log_level = opts.log ? opts.log_level : DPU_LOG_NONE;
	ctx->sysfs_root = ctx_strdup(ctx, opts.sysfs_root ? opts.sysfs_root : "/sys");
	if (!ctx->sysfs_root) {
		dpu_ctx_unref(ctx);
		return -ENOMEM;
	}
	*ret = ctx;
	return 0;
}

static void ctx_destroy(struct dpu_ctx *ctx)
{
	struct dpu_allocator allocator = ctx->allocator;

	if (ctx->close)
		ctx->close(ctx);
	ctx_free(ctx, ctx->sysfs_root);
	ctx_free(ctx, ctx->uri);
	allocator.free(allocator.data, ctx);
}

DEFINE_REF(dpu_ctx, ctx_destroy)

const char *dpu_ctx_uri(struct dpu_ctx *ctx)
{
	return ctx->uri;
}

void ctx_log_at(struct dpu_ctx *ctx, int level, const char *file, int line, const char *func,
		const char *format, ...)
{
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	ctx->log(ctx->log_data, level, file, line, func, message);
}
