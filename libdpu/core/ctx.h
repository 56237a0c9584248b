/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The context's inside: memory, log, last error. It knows no DPU; the provider is an opaque pointer that
 * whoever opened the context put there and will take away through the close hook. */
#ifndef DPU_CORE_CTX_H
#define DPU_CORE_CTX_H

#include <dpu/ctx.h>
#include <errno.h>
#include "core/error.h"
#include "core/ref.h"

struct dpu_ctx {
	struct ref ref;
	struct dpu_allocator allocator;
	dpu_log_fn log;
	void *log_data;
	uint32_t log_level;
	struct dpu_error error;
	char *uri;
	char *sysfs_root;
	const struct provider_ops *ops; /* never NULL in an open context */
	void *provider;
	void (*close)(struct dpu_ctx *ctx);
};

/* A context without a provider; opts may be NULL. */
int ctx_create(const struct dpu_ctx_opts *opts, struct dpu_ctx **ret);

void *ctx_alloc(struct dpu_ctx *ctx, size_t size); /* zeroed */
void *ctx_realloc(struct dpu_ctx *ctx, void *ptr, size_t size);
void ctx_free(struct dpu_ctx *ctx, void *ptr);
char *ctx_strdup(struct dpu_ctx *ctx, const char *text);

/* Makes room for one more element, all zero, in an array of *count elements of the given size; the array
 * grows by doubling, so *count must only ever grow by one through it. 0 or -ENOMEM, the array then unchanged.
 */
int ctx_grow(struct dpu_ctx *ctx, void *array_ptr, size_t count, size_t size);

/* Appends an item to such an array. 0 or -ENOMEM. */
#define ctx_append(ctx, array, count, item)                                                                  \
	(ctx_grow((ctx), &(array), (count), sizeof((array)[0])) < 0 ? -ENOMEM                                \
								    : ((array)[(count)++] = (item), 0))

/* Records a failure and returns its code (negative). A NULL format takes the errno's own words. */
int ctx_fail(struct dpu_ctx *ctx, int code, const char *step, const char *object, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* Adds to the failure just recorded what a person can do about it; returns the recorded code. */
int ctx_hint(struct dpu_ctx *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The common one. */
int ctx_fail_nomem(struct dpu_ctx *ctx, const char *step);

void ctx_log_at(struct dpu_ctx *ctx, int level, const char *file, int line, const char *func,
		const char *format, ...) __attribute__((format(printf, 6, 7)));

#define ctx_log(ctx, level, ...)                                                                             \
	do {                                                                                                 \
		if ((level) <= (int)(ctx)->log_level)                                                        \
			ctx_log_at((ctx), (level), __FILE__, __LINE__, __func__, __VA_ARGS__);               \
	} while (0)

#endif
