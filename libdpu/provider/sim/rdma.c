/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RDMA devices of the Arm side: one with one port for each PF and for each SF that a driver has. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/text.h"
#include "provider/sim/sim.h"

enum {
	LINK_UP = 5, /* InfiniBand PortPhysicalState */
};

/* A GUID is an address with two bytes more in its middle, 00 and 03 as NVIDIA has them. */
static uint64_t guid_of(const uint8_t mac[6])
{
	uint64_t high = (uint64_t)mac[0] << 16 | (uint64_t)mac[1] << 8 | mac[2];
	uint64_t low = (uint64_t)mac[3] << 16 | (uint64_t)mac[4] << 8 | mac[5];

	return high << 40 | UINT64_C(0x0003) << 24 | low;
}

void sim_rdma_fill(const struct sim_model *model, const char *name, const uint8_t hw_addr[6],
		   const char *netdev, uint32_t ifindex, struct dpu_rdma *rdma)
{
	text_copy(rdma->device, sizeof(rdma->device), name);
	text_copy(rdma->netdev, sizeof(rdma->netdev), netdev);
	text_copy(rdma->firmware, sizeof(rdma->firmware), model->firmware_version);
	rdma->node_guid = guid_of(hw_addr);
	rdma->sys_image_guid = strtoull(model->switch_id, NULL, 16);
	/* "mlx5_4": a device keeps its number as long as it is there. */
	rdma->index = (uint32_t)strtoul(name + strcspn(name, "_") + (strchr(name, '_') ? 1 : 0), NULL, 10);
	rdma->port = 1;
	rdma->ifindex = ifindex;
	rdma->state = DPU_RDMA_ACTIVE;
	rdma->phys_state = LINK_UP;
}

static int by_index(const void *a, const void *b)
{
	const struct dpu_rdma *left = a, *right = b;

	return (left->index > right->index) - (left->index < right->index);
}

bool sim_has_rdma(const struct sim_function *function)
{
	return function->rdma_device[0] && sim_attached(function);
}

int sim_rdma(struct dpu_ctx *ctx, struct dpu_rdma **ret, size_t *ret_count)
{
	struct sim *sim = sim_of(ctx);
	const struct sim_function *function;
	const struct sim_model *model;
	const struct sim_pf *pf;
	struct dpu_rdma *rdma;
	size_t count = 0;
	size_t i;
	int rc;

	rc = sim_read_step(sim, "rdma", NULL);
	if (rc < 0)
		return rc;
	model = sim->model;
	rdma = ctx_alloc(ctx, (model->pf_count + model->function_count) * sizeof(*rdma));
	if (!rdma)
		return ctx_fail_nomem(ctx, "rdma");
	for (i = 0; i < model->pf_count; i++) {
		pf = &model->pfs[i];
		sim_rdma_fill(model, pf->rdma_device, pf->hw_addr, pf->netdev, pf->ifindex, &rdma[count++]);
	}
	for (i = 0; i < model->function_count; i++) {
		function = &model->functions[i];
		if (sim_has_rdma(function))
			sim_rdma_fill(model, function->rdma_device, function->hw_addr, function->netdev,
				      function->ifindex, &rdma[count++]);
	}
	qsort(rdma, count, sizeof(*rdma), by_index);
	*ret = rdma;
	*ret_count = count;
	return 0;
}
