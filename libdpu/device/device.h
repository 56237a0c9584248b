/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The insides of devices and ports, for device/, mode/ and function/. */
#ifndef DPU_DEVICE_DEVICE_H
#define DPU_DEVICE_DEVICE_H

#include "provider/provider.h"

struct dpu_device {
	struct ref ref;
	struct dpu_ctx *ctx;
	struct provider_device info;
};

struct dpu_port {
	struct ref ref;
	struct dpu_device *device;
	struct provider_port info;
};

/* A snapshot made of a provider's facts; holds the device. */
int port_wrap(struct dpu_device *device, const struct provider_port *info, struct dpu_port **ret);

#endif
