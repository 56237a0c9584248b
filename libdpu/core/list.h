/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Snapshot lists: an immutable array of references. Each public list type is this structure under its own
 * name, so that the compiler tells them apart. */
#ifndef DPU_CORE_LIST_H
#define DPU_CORE_LIST_H

#include "core/ctx.h"

/* The _count, _get and _unref of the list type list_type of items item_type. */
#define DEFINE_LIST(list_type, item_type)                                                                    \
	struct list_type {                                                                                   \
		struct dpu_ctx *ctx;                                                                         \
		size_t count;                                                                                \
		struct item_type *items[];                                                                   \
	};                                                                                                   \
	static struct list_type *list_type##_alloc(struct dpu_ctx *ctx, size_t room)                         \
	{                                                                                                    \
		struct list_type *list;                                                                      \
                                                                                                             \
		list = ctx_alloc(ctx, sizeof(*list) + room * sizeof(list->items[0]));                        \
		if (list)                                                                                    \
			list->ctx = dpu_ctx_ref(ctx);                                                        \
		return list;                                                                                 \
	}                                                                                                    \
	size_t list_type##_count(const struct list_type *list)                                               \
	{                                                                                                    \
		return list->count;                                                                          \
	}                                                                                                    \
	struct item_type *list_type##_get(const struct list_type *list, size_t i)                            \
	{                                                                                                    \
		return i < list->count ? list->items[i] : NULL;                                              \
	}                                                                                                    \
	struct list_type *list_type##_unref(struct list_type *list)                                          \
	{                                                                                                    \
		struct dpu_ctx *ctx;                                                                         \
		size_t i;                                                                                    \
                                                                                                             \
		if (!list)                                                                                   \
			return NULL;                                                                         \
		for (i = 0; i < list->count; i++)                                                            \
			item_type##_unref(list->items[i]);                                                   \
		ctx = list->ctx;                                                                             \
		ctx_free(ctx, list);                                                                         \
		dpu_ctx_unref(ctx);                                                                          \
		return NULL;                                                                                 \
	}

#endif
