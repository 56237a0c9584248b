/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a URI to an open context: the one place that knows which providers there are. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "core/opts.h"
#include "provider/provider.h"

static const struct provider_ops *const providers[] = {
	&provider_linux,
	&provider_sim,
};

int dpu_ctx_facility(struct dpu_ctx *ctx, enum dpu_facility which, const char **reason)
{
	const char *why = NULL;
	int rc;

	if (!dpu_facility_name(which))
		return ctx_fail(ctx, -EINVAL, "facility", NULL, "no facility has the number %u",
				(unsigned int)which);
	rc = ctx->ops->facility(ctx, which, &why);
	if (rc >= 0 && reason)
		*reason = rc ? NULL : why;
	return rc;
}

const char *dpu_ctx_provider(struct dpu_ctx *ctx)
{
	return ctx->ops->name;
}

static const struct provider_ops *find_provider(const char *uri, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
		if (strlen(providers[i]->name) == len && !memcmp(providers[i]->name, uri, len))
			return providers[i];
	}
	return NULL;
}

/* One block for the table that open() completes; freed with the context. */
static void close_provider(struct dpu_ctx *ctx)
{
	ctx->ops->close(ctx);
	ctx_free(ctx, (void *)(uintptr_t)ctx->ops);
}

static int open_provider(struct dpu_ctx *ctx, const char *uri)
{
	const struct provider_ops *ops;
	struct provider_ops *complete;
	char *path, *params;
	size_t len;
	int rc;

	len = strcspn(uri, ":");
	if (!uri[len]) {
		ctx_fail(ctx, -EINVAL, "open", uri, "not a URI: no provider name before a colon");
		return ctx_hint(ctx, "use linux: or sim: or sim:/path/topology.json");
	}
	ops = find_provider(uri, len);
	if (!ops) {
		ctx_fail(ctx, -EPROTONOSUPPORT, "open", uri, "no provider is called \"%.*s\"", (int)len, uri);
		return ctx_hint(ctx, "there are linux: and sim:");
	}
	complete = ctx_alloc(ctx, sizeof(*complete));
	path = ctx_strdup(ctx, uri + len + 1);
	if (!complete || !path) {
		rc = ctx_fail_nomem(ctx, "open");
		goto fail;
	}
	provider_complete(complete, ops);
	ctx->ops = complete;
	params = strchr(path, '?');
	if (params)
		*params++ = '\0';
	rc = complete->open(ctx, path, params);
	ctx_free(ctx, path);
	path = NULL;
	if (rc < 0)
		goto fail;
	ctx->close = close_provider;
	return 0;
fail:
	ctx->ops = NULL;
	ctx_free(ctx, path);
	ctx_free(ctx, complete);
	return rc;
}

/* The context that would hold the detail is gone when opening fails, so the text goes to the caller. */
static void tell(const struct dpu_ctx_opts *opts, const char *text, const char *hint)
{
	if (opts && opts->error && opts->error_size)
		snprintf(opts->error, opts->error_size, "%s%s%s%s", text, hint[0] ? " (" : "", hint,
			 hint[0] ? ")" : "");
}

int dpu_ctx_open(const char *uri, const struct dpu_ctx_opts *user, struct dpu_ctx **ret)
{
	struct dpu_ctx_opts opts;
	struct dpu_ctx *ctx;
	int rc;

	if (!uri)
		uri = "linux:";
	rc = opts_read(&opts, sizeof(opts), user);
	if (rc < 0)
		return rc;
	opts.sz = sizeof(opts);
	rc = ctx_create(&opts, &ctx);
	if (rc < 0) {
		tell(&opts, rc == -ENOMEM ? "open: out of memory" : "open: malformed options", "");
		return rc;
	}
	ctx->uri = ctx_strdup(ctx, uri);
	rc = ctx->uri ? open_provider(ctx, uri) : ctx_fail_nomem(ctx, "open");
	if (rc < 0) {
		tell(&opts, dpu_ctx_error_text(ctx), ctx->error.hint);
		dpu_ctx_unref(ctx);
		return rc;
	}
	*ret = ctx;
	return 0;
}
