/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding by name: the best answer wins, two equally good ones are told, and none is told. */
#include <errno.h>
#include "device/find.h"
#include "harness.h"

struct candidate {
	enum find_rank rank;
	const char *handle;
};

/* What comes of a row of candidates: the code, and which one was taken last. */
static int search(struct dpu_ctx *ctx, const struct candidate *candidates, size_t count, int *taken)
{
	struct find find;
	size_t i;

	*taken = -1;
	must(find_begin(ctx, &find, "port", "x") == 0);
	for (i = 0; i < count; i++) {
		if (find_take(&find, candidates[i].rank, candidates[i].handle))
			*taken = (int)i;
	}
	return find_end(ctx, &find, "look closer");
}

#define SEARCH(...)                                                                                          \
	search(ctx, (const struct candidate[]){ __VA_ARGS__ },                                               \
	       sizeof((const struct candidate[]){ __VA_ARGS__ }) / sizeof(struct candidate), &taken)

static int count_devices(struct dpu_device *device, void *arg)
{
	int *count = arg;

	(void)device;
	return ++*count == 3 ? -ECANCELED : 0;
}

int main(void)
{
	struct dpu_ctx *ctx = open_uri("sim:");
	struct find find;
	int taken, count = 0;

	is_int(find_begin(ctx, &find, "port", ""), -EINVAL);
	is_int(find_begin(ctx, &find, "port", NULL), -EINVAL);
	is_int(SEARCH({ FIND_NOT, "a" }, { FIND_NOT, "b" }), -ENODEV);
	is_int(taken, -1);
	is_str(dpu_ctx_error_text(ctx), "find port x: no such port");
	is_str(dpu_error_hint(dpu_ctx_error(ctx)), "look closer");
	is_int(SEARCH({ FIND_NOT, "a" }, { FIND_LOOSE, "b" }, { FIND_NOT, "c" }), 0);
	is_int(taken, 1);
	is_int(SEARCH({ FIND_LOOSE, "a" }, { FIND_NOT, "b" }, { FIND_LOOSE, "c" }), -ENOTUNIQ);
	is_str(dpu_ctx_error_text(ctx), "find port x: both a and c answer to it");
	is_int(SEARCH({ FIND_EXACT, "a" }, { FIND_EXACT, "b" }), -ENOTUNIQ);
	/* A name of its own beats any number of names that several have, whichever comes first. */
	is_int(SEARCH({ FIND_LOOSE, "a" }, { FIND_LOOSE, "b" }, { FIND_EXACT, "c" }), 0);
	is_int(taken, 2);
	is_int(SEARCH({ FIND_EXACT, "a" }, { FIND_LOOSE, "b" }, { FIND_LOOSE, "c" }), 0);
	is_int(taken, 0);

	is_int(device_each(ctx, count_devices, &count), -ECANCELED);
	is_int(count, 3);
	dpu_ctx_unref(ctx);
	return tap_done();
}
