/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of a simulated DPU, as plain data. Times are milliseconds of the system's clock. */
#ifndef DPU_SIM_MODEL_H
#define DPU_SIM_MODEL_H

#include <dpu/dpu.h>
#include <jansson.h>
#include <stdbool.h>
#include "core/ctx.h"

struct softtable;

#define SIM_MAX_PFS 2
#define SIM_MAX_NICS 8
#define SIM_MAX_SFNUM 65535
/* Ports for SFs of the host come first; seeds' and hardware's numbers for local ones start behind them. */
#define SIM_EXTERNAL_SFS 32
#define SIM_HOST_CONTROLLER 1
#define SIM_NEVER_MS INT64_MAX

struct sim_counters {
	uint64_t rx_packets;
	uint64_t rx_bytes;
	uint64_t rx_dropped;
	uint64_t tx_packets;
	uint64_t tx_bytes;
	uint64_t tx_dropped;
	uint64_t misses;
};

/* What was counted, and how much of it the file already knows. */
struct sim_port_counters {
	struct sim_counters now;
	struct sim_counters saved;
};

/* How much of a flow's counters the file already knows. */
struct sim_flow_saved {
	uint64_t id;
	uint64_t packets;
	uint64_t bytes;
};

/* A physical function of the Arm side, with its uplink and its e-switch. */
struct sim_pf {
	uint32_t pfnum;
	char pci_address[16];
	char netdev[16];
	uint32_t ifindex;
	char rdma_device[32];
	uint8_t hw_addr[6];
	enum dpu_eswitch_mode eswitch_mode;
	int64_t representors_ms; /* when those of the last change are there */
	struct sim_port_counters counters;
	struct softtable *fdb;
	uint64_t next_flow_id;
	struct sim_flow_saved *flows_saved; /* by rising id */
	size_t flows_saved_count;
};

/* A function that an e-switch serves: host PF, VF or SF. */
struct sim_function {
	uint32_t pfnum;
	enum dpu_function_type type;
	uint32_t controller;
	uint32_t number;
	uint32_t port;
	uint8_t hw_addr[6];
	enum dpu_function_state state;
	int64_t settled_ms;     /* when its driver has followed the state */
	int64_t representor_ms; /* when its representor is there */
	char representor[16];
	uint32_t representor_ifindex;
	char netdev[16]; /* local SFs: what the driver makes */
	uint32_t ifindex;
	char rdma_device[32];
	char aux_device[32];
	struct sim_port_counters counters;
};

/* Another network device of the Arm side. */
struct sim_nic {
	char handle[64];
	char netdev[16];
	uint32_t ifindex;
	char driver[32];
	char model[96];
};

/* A firmware parameter. */
struct sim_param {
	const char *name;
	uint64_t factory;
	uint64_t current;
	uint64_t next;
};

/* What the firmware knows of a parameter; the table is in firmware.c. */
struct sim_param_info {
	const char *name;
	uint64_t factory;
	uint64_t max;
	enum dpu_reset level;
};

#define SIM_PARAMS 14
extern const struct sim_param_info sim_param_infos[SIM_PARAMS];

struct sim_model {
	char model[96];
	uint16_t vendor_id;
	uint16_t device_id;
	char serial_number[48];
	char psid[20];
	char firmware_version[32];
	char bsp_release[80];
	char switch_id[20];
	uint32_t next_ifindex;
	int64_t reset_ms; /* when the last reset is done */
	struct sim_param params[SIM_PARAMS];
	struct sim_nic nics[SIM_MAX_NICS];
	size_t nic_count;
	struct sim_pf pfs[SIM_MAX_PFS];
	size_t pf_count;
	struct sim_function *functions;
	size_t function_count;
	json_t *faults; /* as the file has them, or NULL */
	json_t *latencies;
};

/* topology.c: a factory-fresh BlueField-3 as its Arm side sees it after boot. */
int sim_model_fresh(struct dpu_ctx *ctx, struct sim_model **ret);
void sim_model_free(struct dpu_ctx *ctx, struct sim_model *model);
/* What boot makes of every PF by the current firmware configuration: e-switch, host PF, default SF, no flows.
 * On failure nothing has changed. */
int sim_model_boot(struct dpu_ctx *ctx, struct sim_model *model, bool legacy);
/* One more function, all zero; NULL when out of memory. The array may move. */
struct sim_function *sim_model_add(struct dpu_ctx *ctx, struct sim_model *model);
void sim_model_remove(struct sim_model *model, struct sim_function *function);
/* Fills in the names and numbers of an SF that its pfnum, controller and number decide. */
void sim_model_name_sf(struct sim_model *model, struct sim_function *sf, uint32_t slot);
/* The port of the SF in a slot of its controller. */
uint32_t sim_sf_port(uint32_t pfnum, uint32_t controller, uint32_t slot);
void sim_model_name_vf(struct sim_model *model, struct sim_function *vf);
uint64_t sim_param_current(const struct sim_model *model, const char *name);
/* True while the host owns the e-switch. */
bool sim_nic_mode(const struct sim_model *model);

/* state.c: to and from JSON. */
int sim_model_load(struct dpu_ctx *ctx, const char *path, const json_t *json, struct sim_model **ret);
/* NULL when out of memory. */
json_t *sim_model_dump(struct dpu_ctx *ctx, const struct sim_model *model);
/* Remembers that the file knows all counters. */
int sim_model_mark_saved(struct dpu_ctx *ctx, struct sim_model *model);
/* Adds to a model just read what the former one counted and did not save. */
void sim_model_carry(struct sim_model *model, const struct sim_model *former);
/* True when there are counters that the file does not know. */
bool sim_model_counted(const struct sim_model *model);

#endif
