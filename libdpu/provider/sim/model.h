/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of a simulated DPU, as plain data. Times are milliseconds of the system's clock. */
#ifndef DPU_SIM_MODEL_H
#define DPU_SIM_MODEL_H

#include <dpu/dpu.h>
#include <jansson.h>
#include <stdbool.h>
#include "core/ctx.h"
#include "firmware/nvtable.h"

struct softtable;

#define SIM_MAX_PFS 2
#define SIM_MAX_NICS 8
#define SIM_MAX_SFNUM 65535
/* Ports for SFs of the host come first; seeds' and hardware's numbers for local ones start behind them. */
#define SIM_EXTERNAL_SFS 32
#define SIM_HOST_CONTROLLER 1
#define SIM_NEVER_MS INT64_MAX
/* Interrupt vectors that a PF has for its VFs, and what one VF may get of them. */
#define SIM_MSIX_TOTAL 2048
#define SIM_MSIX_MIN 2
#define SIM_MSIX_MAX 256
#define SIM_IO_EQS_MAX 256
#define SIM_UC_LIST_MAX 4096
#define SIM_RATE_NODES 256
/* The links' speed, and the unit in which the driver takes rates, in bytes per second. */
#define SIM_LINK_SPEED (UINT64_C(200) * 1000 * 1000 * 1000 / 8)
#define SIM_RATE_UNIT (UINT64_C(1000) * 1000 / 8)

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

/* What a function or a node may send, in bytes per second; parent is a node's name, or empty. */
struct sim_rate {
	uint64_t tx_share;
	uint64_t tx_max;
	char parent[64];
};

struct sim_rate_node {
	char name[64];
	struct sim_rate rate;
};

/* A health reporter; the table is in health.c. */
struct sim_reporter {
	enum dpu_health_state state;
	uint64_t errors;
	uint64_t recoveries;
	bool auto_recover;
};

struct sim_reporter_info {
	const char *name;
	bool recovers; /* the driver can recover from what it reports, and does at once if it may */
	uint64_t grace_period_ms;
};

#define SIM_REPORTERS 2
extern const struct sim_reporter_info sim_reporter_infos[SIM_REPORTERS];

/* A driver's parameter as it is; the table is in params.c. Of a text, the number of the choice. */
struct sim_setting_info {
	const char *name;
	enum dpu_param_type type;
	enum dpu_param_cmode cmode;
	bool generic;
	uint64_t initial;
	uint64_t min;               /* numbers go from here … */
	uint64_t max;               /* … to here … */
	bool power_of_2;            /* … and only those */
	const char *const *choices; /* NULL-terminated, of a text */
	const char *nvconfig;       /* the firmware's parameter of the board that keeps it, or NULL */
};

#define SIM_SETTINGS 8
extern const struct sim_setting_info sim_setting_infos[SIM_SETTINGS];
/* The number of a text among a setting's choices, or -1. */
int sim_setting_choice(const struct sim_setting_info *info, const char *text);
/* What is wrong with a number for a setting, in the driver's words; NULL when nothing is. */
const char *sim_setting_wrong(const struct sim_setting_info *info, uint64_t value);

/* function.c: what a function of a type may have, enum dpu_function_cap. */
uint32_t sim_known_caps(enum dpu_function_type type);

/* A TLV of the firmware's configuration; nvconfig.c knows what the factory stored. */
struct sim_tlv {
	uint8_t factory[NV_TABLE_DATA_MAX];
	uint8_t current[NV_TABLE_DATA_MAX];
	uint8_t next[NV_TABLE_DATA_MAX];
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
	uint64_t settings[SIM_SETTINGS]; /* those that the firmware does not keep */
	struct sim_tlv tlvs[NV_TLVS];    /* those that each PF has for itself; see sim_tlv_at() */
	struct sim_reporter reporters[SIM_REPORTERS];
	struct sim_rate_node *nodes;
	size_t node_count;
	bool encap;
	bool autoprobe;
	struct softtable *fdb;
	uint64_t next_flow_id;
	struct sim_flow_saved *flows_saved; /* by rising id */
	size_t flows_saved_count;
};

/* What only a VF has. */
struct sim_vf {
	bool unbound; /* made while no driver took new VFs */
	uint32_t vlan;
	uint32_t qos;
	uint32_t vlan_proto;
	bool spoofchk;
	enum dpu_vf_link_state link_state;
	uint64_t node_guid;
	uint64_t port_guid;
	uint32_t msix; /* 0 the driver's choice */
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
	uint32_t caps;
	uint32_t max_io_eqs;
	uint32_t max_uc_list;
	struct sim_rate rate;
	struct sim_vf vf;
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
	int64_t reset_ms;             /* when the last reset is done */
	struct sim_tlv tlvs[NV_TLVS]; /* the board's, and its capabilities */
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
/* What boot makes of every PF by the current firmware configuration: e-switch, host PF, default SF, no flows,
 * no rates. On failure nothing has changed. */
int sim_model_boot(struct dpu_ctx *ctx, struct sim_model *model, bool legacy);
/* What a driver that has just been loaded makes of a PF: parameters, reporters, probing. */
void sim_pf_defaults(struct sim_pf *pf);
/* One more function with the attributes that one of its type begins with, else all zero; NULL when out of
 * memory. The array may move. */
struct sim_function *sim_model_add(struct dpu_ctx *ctx, struct sim_model *model, enum dpu_function_type type);
void sim_model_remove(struct sim_model *model, struct sim_function *function);
/* Fills in the names and numbers of an SF that its pfnum, controller and number decide. */
void sim_model_name_sf(struct sim_model *model, struct sim_function *sf, uint32_t slot);
/* The port of the SF in a slot of its controller. */
uint32_t sim_sf_port(uint32_t pfnum, uint32_t controller, uint32_t slot);
void sim_model_name_vf(struct sim_model *model, struct sim_function *vf);

/* nvconfig.c */

/* All TLVs as the factory stored them. */
void sim_nvconfig_fresh(struct sim_model *model);
/* Whether each PF has a TLV of its own, and the board none. */
bool sim_tlv_of_pf(enum nv_tlv_id id);
/* The TLV that a PF has, or else the board. */
struct sim_tlv *sim_tlv_at(struct sim_model *model, struct sim_pf *pf, enum nv_tlv_id id);
/* What counts of a parameter: by name what the firmware runs with (pf may be NULL for the board's ones), or
 * in data, a value of a TLV. */
uint64_t sim_nvconfig_current(const struct sim_model *model, const struct sim_pf *pf, const char *name);
uint64_t sim_nvconfig_value(const struct sim_tlv *tlv, const struct nv_param_info *param,
			    const uint8_t *data);
/* Puts a parameter into a TLV's data, and that it counts. */
void sim_nvconfig_put(uint8_t *data, const struct nv_param_info *param, uint64_t value);
/* The greatest value that the firmware takes. */
uint64_t sim_nvconfig_max(const struct sim_model *model, const struct nv_param_info *param);
/* A parameter with a value that the firmware does not take in a TLV's data, or NULL. */
const struct nv_param_info *sim_nvconfig_wrong(const struct sim_model *model, enum nv_tlv_id id,
					       const uint8_t *data);
/* What has been stored and needs no reset becomes current; likewise what a reset of a level is enough for. */
void sim_nvconfig_stored(struct sim_model *model);
void sim_nvconfig_boot(struct sim_model *model, enum dpu_reset level);
/* True while the host owns the e-switch. */
bool sim_nic_mode(const struct sim_model *model);
/* True while host and Arm cores each have PFs of their own. */
bool sim_separated_mode(const struct sim_model *model);
/* The controller whose VFs the PFs' are. */
uint32_t sim_vf_controller(const struct sim_model *model);

/* rates.c */
struct sim_rate_node *sim_rate_node_find(const struct sim_pf *pf, const char *name);
/* True when a node stands under itself, or the parent is not there. */
bool sim_rate_parent_wrong(const struct sim_pf *pf, const struct sim_rate *rate);
/* All nodes of a PF go, and nothing is left under them. */
void sim_rates_forget(struct dpu_ctx *ctx, struct sim_model *model, struct sim_pf *pf);

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
