/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vhost/vhost.h"
#include "virtio/net.h"

/* Bits of rings and transports (6). */
#define TRANSPORT_FEATURES (((UINT64_C(1) << 26) - 1) << 24)

uint64_t vhost_consistent(const struct dpu_vhost *vh, uint64_t features)
{
	const struct dpu_virtio_feature *feature;

	while (dpu_virtio_features_check(vh->opts.device, features, &feature, NULL) < 0)
		features &= ~(UINT64_C(1) << feature->bit);
	return features;
}

uint64_t vhost_agreed(const struct dpu_vhost *vh, uint64_t ring_features)
{
	uint64_t known = ring_features | (vh->opts.features & ~TRANSPORT_FEATURES);

	return vhost_consistent(vh, vh->offered & known & ~vh->opts.withhold);
}

uint64_t vhost_model_features(const struct dpu_vhost *vh)
{
	if (vh->opts.net)
		return vh->opts.net->opts.features;
	return vh->opts.blk ? dpu_virtio_blk_features(vh->opts.blk) : vh->opts.features;
}

/* A network device knows no bits but its own. */
int vhost_model_accept(struct dpu_vhost *vh, uint64_t features)
{
	if (vh->opts.net)
		return dpu_virtio_net_set_features(vh->opts.net, features & vh->opts.net->opts.features);
	return vh->opts.blk ? dpu_virtio_blk_set_features(vh->opts.blk, features) : 0;
}

void vhost_model_reset(struct dpu_vhost *vh)
{
	if (vh->opts.net)
		dpu_virtio_net_reset(vh->opts.net);
	if (vh->opts.blk)
		dpu_virtio_blk_set_features(vh->opts.blk, 0);
}
