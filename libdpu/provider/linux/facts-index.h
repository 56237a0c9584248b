/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding facts by what they are about, in logarithmic time. */
#ifndef DPU_LINUX_FACTS_INDEX_H
#define DPU_LINUX_FACTS_INDEX_H

#include "core/ctx.h"
#include "provider/linux/facts.h"

/* Orders links by ifindex, SFs by name and PCI functions by address: facts_link(), _sf() and _pci() need no
 * more. */
void facts_sort(struct facts *facts);

/* Makes the index, and says of each link whether it is a representor. Links are ordered by ifindex, SFs by
 * name, PCI functions by address. 0 or -ENOMEM. */
int facts_index(struct dpu_ctx *ctx, struct facts *facts);
void facts_index_free(struct dpu_ctx *ctx, struct facts *facts);

/* All of these give NULL for nothing. */
const struct fact_pci *facts_pci(const struct facts *facts, const char *address);
const struct fact_pci *facts_vf(const struct facts *facts, const char *pf_address, uint32_t vfnum);
const struct fact_link *facts_link(const struct facts *facts, uint32_t ifindex);
const struct fact_port *facts_port(const struct facts *facts, const char *handle, uint32_t index);
const struct fact_sf *facts_sf(const struct facts *facts, const char *name);
const struct fact_sf *facts_sf_number(const struct facts *facts, const char *handle, uint32_t sfnum);
/* The network device of a port. */
const struct fact_link *facts_port_link(const struct facts *facts, const struct fact_port *port);

/* What sits at one place (sf NULL: no SF): the positions from first on, in links_by_place and rdma_by_place.
 * How many. */
size_t facts_links_at(const struct facts *facts, const char *handle, const char *sf, size_t *first);
size_t facts_rdma_at(const struct facts *facts, const char *handle, const char *sf, size_t *first);

#endif
