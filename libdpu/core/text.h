/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small text helpers that several rooms need. */
#ifndef DPU_CORE_TEXT_H
#define DPU_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies text into a fixed array, cut to fit and terminated. */
void text_copy(char *array, size_t size, const char *text);

/* A whole decimal or 0x-hexadecimal number up to max; false for anything else. */
bool text_number(const char *text, uint64_t max, uint64_t *ret);

/* "02:25:f2:8d:a2:5c" into 6 bytes; false for anything else. */
bool text_mac(const char *text, uint8_t mac[6]);

/* 6 bytes into 18 characters. */
void text_mac_format(const uint8_t mac[6], char text[18]);

/* The position of text in a table of names (NULL entries are skipped), or -1. */
int text_index(const char *const *names, size_t count, const char *text);

#endif
