/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The firmware's command interface (ICMD), behind the window in PCI configuration space: the way without a
 * driver. mstflint goes it too, and a semaphore keeps those apart who do. */
#ifndef DPU_LINUX_ICMD_H
#define DPU_LINUX_ICMD_H

#include "provider/linux/transport.h"

/* Opens it for a PCI function ("0000:03:00.0"). 0, or a negative errno and *failure: -EOPNOTSUPP there is no
 * such way, -EACCES no right to go it, -EPERM the device is locked, -EBUSY its firmware is still starting,
 * -EIO it does not answer, -ETIMEDOUT. */
int icmd_open(struct dpu_ctx *ctx, const struct sysfs *sysfs, const char *address,
	      const struct transport_deadlines *deadlines, struct transport **ret,
	      struct transport_failure *failure);

#endif
