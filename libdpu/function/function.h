/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of a function, shared by the rooms that change functions. */
#ifndef DPU_FUNCTION_FUNCTION_H
#define DPU_FUNCTION_FUNCTION_H

#include "device/device.h"
#include "device/wait.h"

struct dpu_function {
	struct ref ref;
	struct dpu_device *device;
	struct dpu_port *port; /* NULL without a representor */
	struct provider_function info;
};

/* A snapshot of the function behind one port; -ENODEV when it has gone. */
int function_at_port(struct dpu_device *device, uint32_t port, struct dpu_function **ret);

/* The same of what has just been read; without a port it has no representor. */
int function_wrap(struct dpu_device *device, const struct provider_function *info,
		  const struct provider_port *port, struct dpu_function **ret);

/* "pf0sf88", "c1pf0vf2": the kernel's name of the function's port. */
void function_format(const struct provider_function *info, char *text, size_t size);

/* 0, or -EINVAL with the detail recorded for an address that no function can have. */
int function_check_hw_addr(struct dpu_ctx *ctx, const char *step, const uint8_t *hw_addr);

enum {
	FUNCTION_CAPS = DPU_FUNCTION_CAP_ROCE | DPU_FUNCTION_CAP_MIGRATABLE | DPU_FUNCTION_CAP_IPSEC_CRYPTO |
			DPU_FUNCTION_CAP_IPSEC_PACKET | DPU_FUNCTION_CAP_TRUST,
};

/* Attributes of a function that are set one by one. */
struct function_change {
	const uint8_t *hw_addr; /* NULL leaves it, as do the zeros below */
	uint32_t set_caps;
	uint32_t caps;
	uint32_t max_io_eqs;
	uint32_t max_uc_list;
};

/* Makes the change; after a refusal, what was changed is changed back to before (NULL: it is not). */
int function_change(struct dpu_device *device, uint32_t port, const struct function_change *change,
		    const struct provider_function *before);

void function_change_back(struct dpu_device *device, uint32_t port, const struct function_change *change,
			  const struct provider_function *before);

/* Brings an SF to a state and waits until its driver has followed; on failure it is brought back. */
int sf_set_state(struct dpu_device *device, uint32_t port, const char *object, bool active,
		 const struct deadline *deadline);

#endif
