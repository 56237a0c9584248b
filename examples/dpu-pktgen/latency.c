/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <time.h>
#include "pktgen.h"

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void latency_add(struct latency *total, const struct latency *latency)
{
	uint32_t i;

	if (!latency->count)
		return;
	if (!total->count || latency->min < total->min)
		total->min = latency->min;
	if (latency->max > total->max)
		total->max = latency->max;
	total->count += latency->count;
	total->sum += latency->sum;
	for (i = 0; i < LATENCY_BUCKETS; i++)
		total->buckets[i] += latency->buckets[i];
}

/* The upper end of the bucket that so large a part of all is not above. */
uint64_t latency_percentile(const struct latency *latency, double part)
{
	uint64_t want = (uint64_t)((double)latency->count * part + 0.999999), seen = 0;
	uint32_t i, shift;
	uint64_t end;

	for (i = 0; i < LATENCY_BUCKETS; i++) {
		seen += latency->buckets[i];
		if (seen < want)
			continue;
		shift = i < 128 ? 0 : i / 64 - 1;
		end = ((uint64_t)(i - shift * 64 + 1) << shift) - 1;
		return end < latency->max ? end : latency->max;
	}
	return latency->max;
}
