/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qsort(3) for what mostly comes in order, and is large: it is looked at before it is moved. */
#ifndef DPU_CORE_SORT_H
#define DPU_CORE_SORT_H

#include <stddef.h>
#include <stdlib.h>

static inline void sort_unsorted(void *items, size_t count, size_t size,
				 int (*compare)(const void *a, const void *b))
{
	const char *at = items;
	size_t i;

	for (i = 1; i < count; i++, at += size) {
		if (compare(at, at + size) > 0) {
			qsort(items, count, size, compare);
			return;
		}
	}
}

#endif
