/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vhost/vhost.h"

/* Bits of rings and transports (6). */
#define TRANSPORT_FEATURES (((UINT64_C(1) << 26) - 1) << 24)

uint64_t vhost_agreed(const struct dpu_vhost *vh, uint64_t ring_features)
{
	uint64_t known = ring_features | (vh->opts.features & ~TRANSPORT_FEATURES);
	uint64_t features = vh->offered & known & ~vh->opts.withhold;
	const struct dpu_virtio_feature *feature;

	while (dpu_virtio_features_check(vh->opts.device, features, &feature, NULL) < 0)
		features &= ~(UINT64_C(1) << feature->bit);
	return features;
}
