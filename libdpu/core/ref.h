/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reference counts: atomic, because a garbage collector may drop a reference from any thread. */
#ifndef DPU_CORE_REF_H
#define DPU_CORE_REF_H

#include <stdatomic.h>
#include <stdbool.h>

struct ref {
	atomic_uint count;
};

static inline void ref_init(struct ref *ref)
{
	atomic_init(&ref->count, 1);
}

static inline void ref_get(struct ref *ref)
{
	atomic_fetch_add_explicit(&ref->count, 1, memory_order_relaxed);
}

/* True when this was the last reference: the caller destroys the object. */
static inline bool ref_put(struct ref *ref)
{
	return atomic_fetch_sub_explicit(&ref->count, 1, memory_order_acq_rel) == 1;
}

/* The _ref and _unref of an opaque object with a member "struct ref ref". */
#define DEFINE_REF(type, destroy)                                                                            \
	struct type *type##_ref(struct type *object)                                                         \
	{                                                                                                    \
		ref_get(&object->ref);                                                                       \
		return object;                                                                               \
	}                                                                                                    \
	struct type *type##_unref(struct type *object)                                                       \
	{                                                                                                    \
		if (object && ref_put(&object->ref))                                                         \
			destroy(object);                                                                     \
		return NULL;                                                                                 \
	}

#endif
