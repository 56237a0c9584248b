/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PCI functions. They are enumerated through sysfs always (pci.c); their models are named by one of two
 * interchangeable sources: libpci with pci.ids (pci-lib.c) or a small table (pci-none.c). */
#ifndef DPU_LINUX_PCI_H
#define DPU_LINUX_PCI_H

#include "provider/linux/facts.h"
#include "provider/linux/sysfs.h"
#include "provider/provider.h"

enum {
	NVIDIA_NETWORKING_VENDOR = 0x15b3,
	NETWORK_BASE_CLASS = 0x02,
};

/* All PCI functions, ordered by address; no PCI bus is none of them. 0 or -ENOMEM. */
int pci_functions(struct dpu_ctx *ctx, const struct sysfs *sysfs, struct fact_pci **ret, size_t *count);

/* A PF and one of its VFs, in this order; how many there are of the two. */
size_t pci_pair(const struct sysfs *sysfs, const char *address, uint32_t vfnum, struct fact_pci functions[2]);

/* Names the models of the devices that are PCI functions; an unknown one stays "". Never prints. */
void pci_name_models(struct provider_device *devices, size_t count);

#endif
