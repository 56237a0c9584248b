/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The simulated DPU. model.h's structures are the whole of its state; store.c keeps them in memory or in a
 * file that several processes share; the other rooms are what the hardware, its firmware and the kernel
 * would do to them. steps.c makes any step fail or take time on demand.
 */
#ifndef DPU_SIM_SIM_H
#define DPU_SIM_SIM_H

#include <sys/stat.h>
#include "provider/provider.h"
#include "provider/sim/model.h"

/* How long the wait for another process's lock may take. */
#define SIM_LOCK_MS 5000

struct sim_fault {
	char step[32];
	int error;      /* negative errno */
	uint64_t nth;   /* which call fails, 0 for every one */
	uint64_t calls; /* so far */
};

struct sim_latency {
	char step[32];
	uint64_t ms;
};

struct claims;
struct sim_monitor;

struct sim {
	struct dpu_ctx *ctx;
	struct sim_model *model;
	uint64_t generation; /* grows whenever pointers into the model may no longer be right */
	char *path;          /* NULL: memory only */
	char *lock_path;
	char *claims_dir;
	struct claims *claims;        /* NULL: none yet */
	struct sim_monitor *monitors; /* all that are open */
	int lock_fd;                  /* -1 while not locked */
	struct stat loaded;           /* what the model was read from */
	struct sim_fault *faults;
	size_t fault_count;
	struct sim_latency *latencies;
	size_t latency_count;
};

static inline struct sim *sim_of(struct dpu_ctx *ctx)
{
	return ctx->provider;
}

/* steps.c */

/* Reads "STEP:ERRNO[@N]" or "STEP:MILLISECONDS"; -EINVAL with the detail recorded. */
int sim_fault_add(struct sim *sim, const char *text);
int sim_latency_add(struct sim *sim, const char *text);
/* One call of a step: takes the time it was told to take, fails if it was told to fail. */
int sim_step(struct sim *sim, const char *step, const char *object);
/* When what begins now in the background will be done, in ms of the system's clock; never, if told so. */
int64_t sim_settle_ms(struct sim *sim, const char *step);
/* Whether what was to be done at that time is done. */
bool sim_settled(int64_t when_ms);
/* The system's clock, which all processes and reboots share. */
int64_t sim_now_ms(void);

/* store.c */

int sim_store_open(struct sim *sim, const char *path, const char *eswitch);
void sim_store_close(struct sim *sim);
/* To read: takes over what another process has changed. */
int sim_read(struct sim *sim);
/* The way into a step that reads: its faults and latency, then the state as it is now. */
int sim_read_step(struct sim *sim, const char *step, const char *object);
/* To change: locks and takes over. After 0, exactly one of the two ends must follow. */
int sim_begin(struct sim *sim);
/* The way into a step that changes. After 0, sim_end() must follow. */
int sim_begin_step(struct sim *sim, const char *step, const char *object);
/* sim_begin() for those who can do it later: -EBUSY at once, and nothing recorded, while another process
 * holds the lock. */
int sim_try_begin(struct sim *sim);
/* Saves and unlocks. When saving fails, the model is again what it was before sim_begin(). */
int sim_commit(struct sim *sim);
/* Unlocks; the model must not have been changed. */
void sim_abort(struct sim *sim);
/* The end that fits: sim_commit() if all went well, else sim_abort() and rc. */
int sim_end(struct sim *sim, int rc);

/* sim.c: one device as facts. These, here and below, fill a structure that is zero. */
void sim_device_fill(const struct sim_model *model, const struct sim_pf *pf, struct provider_device *info);

/* ports.c */

/* The PF of a handle; -ENODEV. */
int sim_pf_find(struct sim *sim, const char *step, const char *handle, struct sim_pf **pf);
/* The same for what a plain NIC does not have; -EOPNOTSUPP for such. */
int sim_devlink_find(struct sim *sim, const char *step, const char *handle, struct sim_pf **pf);
/* The same for what needs a DPU's firmware; -EOPNOTSUPP. */
int sim_firmware_find(struct sim *sim, const char *step, const char *handle, struct sim_pf **pf);
/* The same for what needs an e-switch that the Arm cores own; -EOPNOTSUPP where they do not. */
int sim_eswitch_find(struct sim *sim, const char *step, const char *handle, struct sim_pf **pf);
/* Any of these. */
typedef int (*sim_find_fn)(struct sim *sim, const char *step, const char *handle, struct sim_pf **pf);
/* sim_read_step() and sim_begin_step() on a PF, found this way. */
int sim_read_on(struct sim *sim, const char *step, const char *handle, sim_find_fn find, struct sim_pf **pf);
int sim_begin_on(struct sim *sim, const char *step, const char *handle, sim_find_fn find, struct sim_pf **pf);
/* The same on a PF with its e-switch. */
int sim_read_eswitch(struct sim *sim, const char *step, const char *handle, struct sim_pf **pf);
int sim_begin_eswitch(struct sim *sim, const char *step, const char *handle, struct sim_pf **pf);
/* The function behind a port of the PF, or NULL. */
struct sim_function *sim_function_at(struct sim_model *model, const struct sim_pf *pf, uint32_t port);
/* True while the PF's e-switch has that port: its uplink's or a function's. */
bool sim_port_exists(struct sim_model *model, const struct sim_pf *pf, uint32_t port);
/* Turns a port's name or number, as flow rules write it, into its number; softtable_resolve_fn. */
int sim_port_resolve(void *pf_and_model, const char *name, uint32_t *number);
struct sim_resolve {
	struct sim_model *model;
	struct sim_pf *pf;
};
/* The port of a function, or the uplink's for NULL. */
void sim_port_fill(const struct sim_model *model, const struct sim_pf *pf,
		   const struct sim_function *function, struct provider_port *port);
void sim_function_fill(const struct sim_pf *pf, const struct sim_function *function,
		       struct provider_function *info);
/* True while a driver has the function. */
bool sim_attached(const struct sim_function *function);
int sim_ports(struct dpu_ctx *ctx, const char *handle, struct provider_port **ret, size_t *count);
int sim_functions(struct dpu_ctx *ctx, const char *handle, struct provider_function **ret, size_t *count);
int sim_port(struct dpu_ctx *ctx, const char *handle, uint32_t port, struct provider_port *ret);
int sim_function(struct dpu_ctx *ctx, const char *handle, uint32_t port, struct provider_function *ret,
		 struct provider_port *ret_port);
int sim_port_stats(struct dpu_ctx *ctx, const char *handle, uint32_t port, struct dpu_port_stats *stats);

/* function.c */

int sim_sf_add(struct dpu_ctx *ctx, const char *handle, uint32_t controller, uint32_t pfnum, uint32_t sfnum,
	       uint32_t *port, uint32_t *ifindex);
int sim_function_set_hw_addr(struct dpu_ctx *ctx, const char *handle, uint32_t port,
			     const uint8_t hw_addr[6]);
int sim_function_set_caps(struct dpu_ctx *ctx, const char *handle, uint32_t port, uint32_t set,
			  uint32_t caps);
int sim_function_set_max_io_eqs(struct dpu_ctx *ctx, const char *handle, uint32_t port, uint32_t count);
int sim_function_set_max_uc_list(struct dpu_ctx *ctx, const char *handle, uint32_t port, uint32_t count);
int sim_sf_activate(struct dpu_ctx *ctx, const char *handle, uint32_t port);
int sim_sf_deactivate(struct dpu_ctx *ctx, const char *handle, uint32_t port);
int sim_sf_bind(struct dpu_ctx *ctx, const char *handle, const struct provider_function *function);
int sim_sf_delete(struct dpu_ctx *ctx, const char *handle, uint32_t port);

/* vf.c */

int sim_vf_count(struct dpu_ctx *ctx, const char *handle, uint32_t *total);
int sim_vf_set_count(struct dpu_ctx *ctx, const char *handle, uint32_t count);
int sim_vf_attrs_get(struct dpu_ctx *ctx, const char *handle, uint32_t vfnum, struct dpu_vf_attrs *ret);
int sim_vf_attrs_set(struct dpu_ctx *ctx, const char *handle, uint32_t vfnum,
		     const struct dpu_vf_attrs *attrs);
int sim_vf_stats(struct dpu_ctx *ctx, const char *handle, uint32_t vfnum, struct dpu_vf_stats *ret);
int sim_vf_set_msix(struct dpu_ctx *ctx, const char *handle, uint32_t vfnum, uint32_t count);
int sim_vf_msix_total(struct dpu_ctx *ctx, const char *handle);
int sim_vf_autoprobe(struct dpu_ctx *ctx, const char *handle);
int sim_vf_set_autoprobe(struct dpu_ctx *ctx, const char *handle, bool on);

/* claims.c */

int sim_sf_claim(struct dpu_ctx *ctx, const char *handle, const struct provider_claim *claim);
int sim_sf_unclaim(struct dpu_ctx *ctx, const char *handle, const struct provider_claim *claim);
int sim_claims_left(struct dpu_ctx *ctx, const char *handle, struct provider_claim **ret, size_t *count);

/* params.c */

int sim_params(struct dpu_ctx *ctx, const char *handle, struct dpu_param **ret, size_t *count);
int sim_param_set(struct dpu_ctx *ctx, const char *handle, const struct dpu_param *param,
		  enum dpu_param_cmode cmode, const char *value);
/* What parameters do not survive switchdev mode's end. */
void sim_settings_legacy(struct sim_pf *pf);

/* rates.c */

int sim_rates(struct dpu_ctx *ctx, const char *handle, struct dpu_rate **ret, size_t *count);
int sim_rate_set(struct dpu_ctx *ctx, const char *handle, const struct dpu_rate_attrs *attrs);
int sim_rate_node_add(struct dpu_ctx *ctx, const char *handle, const struct dpu_rate_attrs *attrs);
int sim_rate_node_delete(struct dpu_ctx *ctx, const char *handle, const char *name);
/* Rates that the hardware can do; -EINVAL. */
int sim_rate_check(struct sim *sim, const char *step, const char *object, uint64_t tx_share, uint64_t tx_max);

/* health.c */

int sim_health(struct dpu_ctx *ctx, const char *handle, struct dpu_health **ret, size_t *count);
int sim_health_recover(struct dpu_ctx *ctx, const char *handle, uint32_t port, const char *name);
int sim_health_set(struct dpu_ctx *ctx, const char *handle, uint32_t port, const char *name,
		   bool auto_recover);
void sim_health_fill(const struct sim_pf *pf, size_t i, struct dpu_health *health);

/* resources.c */

int sim_resources(struct dpu_ctx *ctx, const char *handle, struct dpu_resource **ret, size_t *count);
int sim_resource_set(struct dpu_ctx *ctx, const char *handle, const char *path, uint64_t size);

/* rdma.c */

int sim_rdma(struct dpu_ctx *ctx, struct dpu_rdma **ret, size_t *count);
void sim_rdma_fill(const struct sim_model *model, const char *name, const uint8_t hw_addr[6],
		   const char *netdev, uint32_t ifindex, struct dpu_rdma *rdma);
bool sim_has_rdma(const struct sim_function *function);

/* monitor.c */

int sim_monitor_open(struct dpu_ctx *ctx, uint32_t objects, void **ret, int *fd);
void sim_monitor_close(struct dpu_ctx *ctx, void *monitor);
int sim_monitor_read(struct dpu_ctx *ctx, void *monitor, struct provider_event **ret, size_t *count);
int sim_monitor_dump(struct dpu_ctx *ctx, void *monitor, struct provider_event **ret, size_t *count);
/* Something has changed. */
void sim_monitors_wake(struct sim *sim);

/* reload.c */

int sim_reload(struct dpu_ctx *ctx, const char *handle, enum dpu_reload_action action,
	       enum dpu_reload_limit limit, uint32_t *performed);

/* firmware.c */

int sim_firmware(struct dpu_ctx *ctx, const char *handle, struct provider_firmware *ret);
int sim_nvconfig_supports(struct dpu_ctx *ctx, const char *handle, uint32_t type);
int sim_nvconfig_get(struct dpu_ctx *ctx, const char *handle, enum provider_nvconfig_when when,
		     struct provider_tlv *tlv);
int sim_nvconfig_update(struct dpu_ctx *ctx, const char *handle, const struct provider_tlv *tlv,
			const uint8_t *mask, struct provider_tlv *former);
int sim_nvconfig_reset(struct dpu_ctx *ctx, const char *handle);
int sim_mode_evidence(struct dpu_ctx *ctx, const char *handle, struct provider_mode_evidence *ret);
int sim_reset_info(struct dpu_ctx *ctx, const char *handle, struct provider_reset_info *ret);
int sim_reset(struct dpu_ctx *ctx, const char *handle, enum dpu_reset level);
/* What a reset does, between sim_begin() and sim_end(); on failure nothing has changed. */
int sim_reset_board(struct sim *sim, enum dpu_reset level);
int sim_reset_done(struct dpu_ctx *ctx, const char *handle);

/* eswitch.c */

int sim_eswitch_mode_get(struct dpu_ctx *ctx, const char *handle, enum dpu_eswitch_mode *ret);
int sim_eswitch_mode_set(struct dpu_ctx *ctx, const char *handle, enum dpu_eswitch_mode mode);
int sim_eswitch_attrs_get(struct dpu_ctx *ctx, const char *handle, struct dpu_eswitch_attrs *ret);
int sim_eswitch_attrs_set(struct dpu_ctx *ctx, const char *handle, const struct dpu_eswitch_attrs *attrs);
/* No representor, no SF, no rule, no rate survives that. */
void sim_go_legacy(struct sim *sim, struct sim_pf *pf);
int sim_port_rules(struct dpu_ctx *ctx, const char *handle, uint32_t port);
int sim_flow_insert(struct dpu_ctx *ctx, const char *handle, struct dpu_flow_rule *rule, uint64_t *id);
int sim_flow_delete(struct dpu_ctx *ctx, const char *handle, uint64_t id);
int sim_flow_flush(struct dpu_ctx *ctx, const char *handle);
int sim_flow_list(struct dpu_ctx *ctx, const char *handle, struct provider_flow **ret, size_t *count);
/* The rules that name a port which is about to go, go with it. */
void sim_flows_forget_port(struct sim_pf *pf, uint32_t port, const char *netdev);

/* datapath.c */

int sim_datapath_open(struct dpu_ctx *ctx, const char *handle, void **ret);
void sim_datapath_close(struct dpu_ctx *ctx, void *datapath);
int sim_datapath_attach(struct dpu_ctx *ctx, void *datapath, uint32_t port, enum dpu_port_end end,
			struct dpu_virtq *tx, struct dpu_virtq *rx);
int sim_datapath_detach(struct dpu_ctx *ctx, void *datapath, uint32_t port, enum dpu_port_end end);
int sim_datapath_process(struct dpu_ctx *ctx, void *datapath);

#endif
