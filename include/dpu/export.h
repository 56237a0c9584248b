/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/export.h
 * @brief Symbol visibility and the shape of option structures.
 */
#ifndef DPU_EXPORT_H
#define DPU_EXPORT_H

#include <stddef.h>
#include <stdint.h>

/** Marks a function as part of the stable ABI. */
#define DPU_PUBLIC __attribute__((visibility("default")))

/**
 * Declares an option structure whose size member is set, the other members being zero unless named:
 * `DPU_OPTS(dpu_sf_opts, opts, .sfnum = 88);`
 *
 * Every public option and result structure starts with `size_t sz`. The library reads no byte beyond
 * `sz`, takes what is missing as zero, and refuses a larger structure whose unknown bytes are not zero,
 * so old programs run with new libraries and the other way round.
 */
#define DPU_OPTS(type, name, ...) struct type name = { .sz = sizeof(struct type), ##__VA_ARGS__ }

#endif
