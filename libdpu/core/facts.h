/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of plain facts: an array of structures that the list owns. Where items have no life of their own and
 * refer to nothing, objects with reference counts would be weight without use. */
#ifndef DPU_CORE_FACTS_H
#define DPU_CORE_FACTS_H

#include "core/ctx.h"

/* The _count, _get and _unref of the list type list_type of items item_type, and list_type_take(), which
 * makes a list of an array and owns that from then on, also when it fails. */
#define DEFINE_FACTS(list_type, item_type)                                                                   \
	struct list_type {                                                                                   \
		struct dpu_ctx *ctx;                                                                         \
		size_t count;                                                                                \
		struct item_type *items;                                                                     \
	};                                                                                                   \
	static int list_type##_take(struct dpu_ctx *ctx, const char *step, struct item_type *items,          \
				    size_t count, struct list_type **ret)                                    \
	{                                                                                                    \
		struct list_type *list;                                                                      \
                                                                                                             \
		list = ctx_alloc(ctx, sizeof(*list));                                                        \
		if (!list) {                                                                                 \
			ctx_free(ctx, items);                                                                \
			return ctx_fail_nomem(ctx, step);                                                    \
		}                                                                                            \
		list->ctx = dpu_ctx_ref(ctx);                                                                \
		list->items = items;                                                                         \
		list->count = count;                                                                         \
		*ret = list;                                                                                 \
		return 0;                                                                                    \
	}                                                                                                    \
	size_t list_type##_count(const struct list_type *list)                                               \
	{                                                                                                    \
		return list->count;                                                                          \
	}                                                                                                    \
	const struct item_type *list_type##_get(const struct list_type *list, size_t i)                      \
	{                                                                                                    \
		return i < list->count ? &list->items[i] : NULL;                                             \
	}                                                                                                    \
	struct list_type *list_type##_unref(struct list_type *list)                                          \
	{                                                                                                    \
		struct dpu_ctx *ctx;                                                                         \
                                                                                                             \
		if (!list)                                                                                   \
			return NULL;                                                                         \
		ctx = list->ctx;                                                                             \
		ctx_free(ctx, list->items);                                                                  \
		ctx_free(ctx, list);                                                                         \
		dpu_ctx_unref(ctx);                                                                          \
		return NULL;                                                                                 \
	}

#endif
