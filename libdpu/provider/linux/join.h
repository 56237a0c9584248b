/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Puts the facts of all sources together by the kernel's numbers: PCI address, devlink handle and port index,
 * ifindex, sfnum, vfnum. Pure: it asks nobody.
 *
 * Names are read in one case only: a switchdev NIC without devlink, whose representors say what they are in
 * phys_port_name, by the grammar that the kernel documents. Such a port's index is its ifindex.
 */
#ifndef DPU_LINUX_JOIN_H
#define DPU_LINUX_JOIN_H

#include "provider/linux/facts.h"
#include "provider/provider.h"

/* All of these record nothing: 0, -ENOMEM, or -ENODEV for an unknown handle. */
int join_devices(struct dpu_ctx *ctx, const struct facts *facts, struct provider_device **ret, size_t *count);
int join_ports(struct dpu_ctx *ctx, const struct facts *facts, const char *handle, struct provider_port **ret,
	       size_t *count);
int join_functions(struct dpu_ctx *ctx, const struct facts *facts, const char *handle,
		   struct provider_function **ret, size_t *count);

/* Visits a device's ports, in any order, with what devlink says of each (NULL: nothing), until visit says
 * something else than 0: that, 0, or -ENODEV. */
typedef int (*join_port_fn)(void *data, const struct provider_port *port, const struct fact_port *fact);
int join_each_port(const struct facts *facts, const char *handle, join_port_fn visit, void *data);

/* One of a device's ports, with what devlink says of it (fact may be NULL), and the function behind it.
 * -ENXIO where the device has no such port, or nothing is behind it. */
int join_port(const struct facts *facts, const char *handle, uint32_t index, struct provider_port *ret,
	      const struct fact_port **ret_fact);
int join_function(const struct facts *facts, const char *handle, uint32_t index,
		  struct provider_function *ret, struct provider_port *ret_port);

/* True when the facts make a device of this handle. */
bool join_is_device(const struct facts *facts, const char *handle);
/* Of one device: its PCI function, or NULL. */
const struct fact_pci *join_pci(const struct facts *facts, const char *handle);

/* The network device that a device or (sf not NULL) one of its local SFs has for itself: no representor. */
const struct fact_link *join_own_link(const struct facts *facts, const char *handle, const char *sf);
/* Likewise the RDMA device, rather the one that belongs to netdev. */
const struct fact_rdma *join_own_rdma(const struct facts *facts, const char *handle, const char *sf,
				      const char *netdev);

/* Parses phys_port_name into flavour and numbers; false if it is not in the grammar. */
bool join_parse_phys_port_name(const char *name, struct provider_port *port);

#endif
