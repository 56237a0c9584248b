/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Size-first structures: how they cross the ABI in both directions. */
#ifndef DPU_CORE_OPTS_H
#define DPU_CORE_OPTS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Copies the caller's options into a structure of the library's size; NULL is all zero. -EINVAL when the
 * caller's has no size or sets something this library does not know. */
static inline int opts_read(void *opts, size_t size, const void *user)
{
	size_t user_size, i;

	memset(opts, 0, size);
	if (!user)
		return 0;
	memcpy(&user_size, user, sizeof(user_size));
	if (user_size < sizeof(user_size))
		return -EINVAL;
	for (i = size; i < user_size; i++) {
		if (((const unsigned char *)user)[i])
			return -EINVAL;
	}
	memcpy(opts, user, user_size < size ? user_size : size);
	return 0;
}

/* True when the caller has set sz to something that can be written to. */
static inline bool opts_valid(const void *user)
{
	size_t user_size;

	if (!user)
		return false;
	memcpy(&user_size, user, sizeof(user_size));
	return user_size >= sizeof(user_size);
}

/* Fills the caller's result structure, as much of it as the caller knows; its sz stays. */
static inline void opts_write(void *user, const void *result, size_t size)
{
	size_t user_size;

	memcpy(&user_size, user, sizeof(user_size));
	memset((char *)user + sizeof(user_size), 0, user_size - sizeof(user_size));
	if (user_size > size)
		user_size = size;
	memcpy((char *)user + sizeof(user_size), (const char *)result + sizeof(user_size),
	       user_size - sizeof(user_size));
}

#endif
