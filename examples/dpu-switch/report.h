/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SWITCH_REPORT_H
#define SWITCH_REPORT_H

#include "switch.h"

/* Shows all queues, and with rules, whose workers are held then, these too. */
void report(const struct members *members, struct rules *rules, bool json);

#endif
