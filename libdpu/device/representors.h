/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DPU_DEVICE_REPRESENTORS_H
#define DPU_DEVICE_REPRESENTORS_H

#include "device/device.h"

/* 1 when the representors are as the e-switch's mode has them: in switchdev every function has a port with a
 * network device, in legacy none has a port. 0 not yet, or a negative errno. */
int representors_settled(struct dpu_device *device, enum dpu_eswitch_mode mode);

#endif
