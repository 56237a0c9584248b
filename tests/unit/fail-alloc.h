/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The linker turns the library's calloc(3) and free(3) into these (-Wl,--wrap=calloc -Wl,--wrap=free): the
 * call with the number fail_at fails, and what is not freed yet is counted, on any thread. */
#ifndef TESTS_FAIL_ALLOC_H
#define TESTS_FAIL_ALLOC_H

#include <stddef.h>

static long fail_at, calls, live;

void *__real_calloc(size_t count, size_t size);
void __real_free(void *ptr);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *ptr);

void *__wrap_calloc(size_t count, size_t size)
{
	void *ptr = __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) == fail_at ? NULL
									       : __real_calloc(count, size);

	__atomic_add_fetch(&live, ptr != NULL, __ATOMIC_RELAXED);
	return ptr;
}

void __wrap_free(void *ptr)
{
	__atomic_sub_fetch(&live, ptr != NULL, __ATOMIC_RELAXED);
	__real_free(ptr);
}

#endif
