/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The vendor-specific capability (VSC) in PCI configuration space: a window into the device, behind which are
 * address spaces of dwords. It needs root and no driver. A semaphore keeps those apart who look through it.
 */
#ifndef DPU_LINUX_VSC_H
#define DPU_LINUX_VSC_H

#include "provider/linux/transport.h"

enum vsc_space {
	VSC_SPACE_CR = 0x2, /* configuration registers */
	VSC_SPACE_ICMD = 0x3,
	VSC_SPACE_SEMAPHORE = 0xa,
};

struct vsc {
	struct transport *transport; /* whose deadlines hold, and whose failures they are */
	int fd;
	char address[16];
	uint32_t at;      /* the capability */
	uint32_t ticket;  /* with which the window is ours; 0: it is not */
	bool selected;    /* it shows the space of control */
	uint32_t control; /* as last read */
	bool has_control;
};

/* Opens the one of a PCI function ("0000:03:00.0"); -EOPNOTSUPP there is none, -EACCES no right to use it,
 * -EIO the device does not answer. */
int vsc_open(struct vsc *vsc, struct transport *transport, const struct sysfs *sysfs, const char *address);
void vsc_close(struct vsc *vsc);

/* Makes the window ours, if it is not yet, and turns it to a space. -ETIMEDOUT. */
int vsc_to(struct vsc *vsc, enum vsc_space space);
/* Leaves it to others. */
void vsc_release(struct vsc *vsc);

/* One dword of the space, while the window is ours. */
int vsc_read(struct vsc *vsc, uint32_t address, uint32_t *ret);
int vsc_write(struct vsc *vsc, uint32_t address, uint32_t value);
/* Of what is never all ones: if it is, the device has gone. */
int vsc_read_value(struct vsc *vsc, uint32_t address, uint32_t *ret);

#endif
