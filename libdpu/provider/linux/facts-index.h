/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding facts by what they are about, in a time that does not grow with their number. */
#ifndef DPU_LINUX_FACTS_INDEX_H
#define DPU_LINUX_FACTS_INDEX_H

#include "core/ctx.h"
#include "provider/linux/facts.h"

/* Finds PCI functions or SFs from here on, which say where other things are; made anew when it is called
 * again. 0 or -ENOMEM. */
int facts_index_pci(struct dpu_ctx *ctx, struct facts *facts);
int facts_index_sfs(struct dpu_ctx *ctx, struct facts *facts);

/* The rest, and these where that has not been done. Puts links in the order of ifindex, RDMA devices
 * in that of names, and says of each link whether it is a representor. 0 or -ENOMEM. */
int facts_index(struct dpu_ctx *ctx, struct facts *facts);
void facts_index_free(struct dpu_ctx *ctx, struct facts *facts);

/* All of these give NULL for nothing. */
const struct fact_pci *facts_pci(const struct facts *facts, const char *address);
const struct fact_pci *facts_vf(const struct facts *facts, const char *pf_address, uint32_t vfnum);
const struct fact_sf *facts_sf(const struct facts *facts, const char *name);
const struct fact_sf *facts_sf_number(const struct facts *facts, const char *handle, uint32_t sfnum);
const struct fact_devlink *facts_devlink(const struct facts *facts, const char *handle);
const struct fact_link *facts_link(const struct facts *facts, uint32_t ifindex);

/* One after the other, in their order, those that sit at one place (sf NULL: at the device, but on none of
 * its SFs) or belong to one device. The first is after NULL. */
const struct fact_link *facts_next_link(const struct facts *facts, const char *handle, const char *sf,
					const struct fact_link *after);
const struct fact_rdma *facts_next_rdma(const struct facts *facts, const char *handle, const char *sf,
					const struct fact_rdma *after);
const struct fact_port *facts_next_port(const struct facts *facts, const char *handle,
					const struct fact_port *after);

#endif
