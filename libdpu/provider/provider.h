/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The seam between what libdpu promises and the world it talks to.
 *
 * A provider does single steps and reports facts as plain structures. The rooms above it (device, mode,
 * function) check arguments, put steps in order, wait, and undo. A provider never calls up, never retries a
 * step, and never waits except in wait().
 *
 * Rules for every member:
 * - It returns 0 (or what it documents) or a negative errno, and on failure has recorded the detail with
 *   ctx_fail(): the step named as the member is, the object, and the kernel's or the firmware's own words.
 * - On failure nothing has changed and no output is written.
 * - Arrays that it returns come from ctx_realloc()/ctx_alloc() and are the caller's to ctx_free(); an empty
 *   array may be NULL.
 * - "handle" is a device's devlink-style handle, "pci/0000:03:00.0". An unknown one is -ENODEV.
 * - "port" is a devlink port index of that device. An unknown one is -ENODEV.
 * - A member may be NULL when the provider has no such thing: provider_complete() puts the answer of
 *   unsupported.c there, -EOPNOTSUPP with the provider's and the member's name.
 *
 * To add a provider: write one table, add it to the list in libdpu/open.c, and make tests/conformance pass.
 */
#ifndef DPU_PROVIDER_H
#define DPU_PROVIDER_H

#include <dpu/dpu.h>
#include <stdbool.h>
#include "core/ctx.h"

/* One device. Empty strings and zeros stand for what is not known. */
struct provider_device {
	char handle[64];
	char pci_address[16]; /* "0000:03:00.0"; empty for no PCI function */
	enum dpu_device_kind kind;
	char model[96];
	char driver[32];
	uint16_t vendor_id;
	uint16_t device_id;
	char firmware_version[32];
	char psid[20];
	char serial_number[48];
	char bsp_release[80];
	char netdev[16];
	uint32_t ifindex;
	char rdma_device[32];
	uint32_t pfnum;         /* of its PF, as the ports of its functions have it */
	uint32_t vf_controller; /* which controller's VFs the vf_ members are about */
	int numa_node;          /* -1 unknown */
};

/* One devlink port, or a representor known from rtnetlink alone. */
struct provider_port {
	uint32_t index;
	enum dpu_port_flavour flavour;
	uint32_t controller;
	uint32_t pfnum; /* DPU_PORT_NO_NUMBER where the flavour has none, likewise below */
	uint32_t vfnum;
	uint32_t sfnum;
	char netdev[16]; /* empty while the representor has not come up yet */
	uint32_t ifindex;
	char phys_port_name[24];
	char phys_switch_id[68];
	uint32_t bridge; /* ifindex of the bridge that its network device is a port of; 0 none */
};

/* One function served by a device's e-switch. */
struct provider_function {
	bool has_port; /* false: no port on the e-switch (legacy mode), and port is meaningless */
	uint32_t port;
	enum dpu_function_type type;
	uint32_t controller;
	uint32_t pfnum;
	uint32_t number; /* vfnum or sfnum, DPU_PORT_NO_NUMBER for a PF */
	uint8_t hw_addr[6];
	enum dpu_function_state state;
	enum dpu_function_opstate opstate;
	uint32_t known_caps; /* enum dpu_function_cap: those that the world told of */
	uint32_t caps;       /* those that it has */
	uint32_t max_io_eqs; /* 0 unknown */
	uint32_t max_uc_list;
	char netdev[16]; /* where this machine drives it */
	char rdma_device[32];
	char aux_device[32];
	char representor[16]; /* the port's network device, as the port has it */
	uint32_t representor_ifindex;
};

/* The way to a device's firmware, and what that can tell. */
struct provider_firmware {
	const char *transport;   /* "fwctl", "vsc", "sim"; never freed */
	uint32_t generation;     /* of the BlueField: 2, 3; 0 for another device */
	uint32_t hosts;          /* beside the Arm cores; 0 unknown */
	bool tells_current;      /* the values that the firmware started with can be read */
	bool tells_default;      /* likewise the factory's */
	bool writes_other_hosts; /* one side may write what belongs to another one */
};

enum provider_nvconfig_when {
	PROVIDER_NVCONFIG_CURRENT,
	PROVIDER_NVCONFIG_NEXT,
	PROVIDER_NVCONFIG_DEFAULT,
};

/* One TLV of the firmware's non-volatile configuration; see firmware/nvtable.h. */
struct provider_tlv {
	uint32_t type;
	uint32_t size; /* bytes; 0 where the caller does not know it */
	uint8_t data[256];
};

/* What shows the mode beside the configuration. */
struct provider_mode_evidence {
	enum dpu_side side;
	enum dpu_mode rshim; /* what the rshim driver says; UNKNOWN when it says nothing */
};

/* The resets that the firmware has: register MFRL, MROQ. */
struct provider_reset_info {
	uint32_t levels;   /* bit n: mlxfwreset's level n */
	bool arm_shutdown; /* the Arm cores' system can be shut down by the firmware */
	bool synced;       /* with the drivers of all hosts taking part */
};

/* One flow rule of a device's table. */
struct provider_flow {
	uint64_t id;
	struct dpu_flow_rule *rule; /* a reference, the caller's to drop */
	uint64_t packets;
	uint64_t bytes;
};

/* What is known of one object that a monitor watches. */
struct provider_event {
	uint32_t object; /* enum dpu_event_object */
	bool gone;
	uint32_t port;    /* DPU_PORT_NO_NUMBER where there is none */
	uint32_t ifindex; /* 0 where there is none; what tells network devices apart */
	char handle[64];  /* may be empty when gone */
	char name[64];
	/* Of a port or function: of the numbers that it is called by. Another one, or another network device,
	 * at the same port is another object, which has taken the former one's place. */
	uint64_t identity;
	uint64_t hash; /* of all that is said of the object: another one, and it has changed */
};

/* Why a program's name stands beside an SF. */
enum provider_claim_kind {
	PROVIDER_CLAIM_MAKING, /* it is being made */
	PROVIDER_CLAIM_OWNED,  /* it belongs to the program */
};

/* An SF whose program has ended. */
struct provider_claim {
	enum provider_claim_kind kind;
	uint32_t controller;
	uint32_t pfnum;
	uint32_t sfnum;
	uint32_t ifindex; /* its representor's: no later SF has the same; 0 while it has none */
	char owner[64];
};

struct provider_ops {
	const char *name;

	/* Opens the world. path is the URI's part after "name:", before any "?"; params the part after it, or
	 * NULL. The result goes to ctx->provider. Unknown parameters are -EINVAL. */
	int (*open)(struct dpu_ctx *ctx, const char *path, const char *params);

	/* Releases ctx->provider. Not called if open failed. */
	void (*close)(struct dpu_ctx *ctx);

	/* 1 present, or 0 and *reason set to text that lives as long as the context. */
	int (*facility)(struct dpu_ctx *ctx, enum dpu_facility facility, const char **reason);

	/* Everything that is a network device in hardware (or simulated), ordered by handle. */
	int (*devices)(struct dpu_ctx *ctx, struct provider_device **ret, size_t *count);

	/* The ports of one device, ordered by index. None is no error. */
	int (*ports)(struct dpu_ctx *ctx, const char *handle, struct provider_port **ret, size_t *count);

	/* The functions of one device: host PFs, VFs, SFs, in this order. None is no error. */
	int (*functions)(struct dpu_ctx *ctx, const char *handle, struct provider_function **ret,
			 size_t *count);

	/* One of these, without looking at the others: what waits asks often. A function's port is seen in
	 * the same look, for who wants it (not NULL). */
	int (*port)(struct dpu_ctx *ctx, const char *handle, uint32_t port, struct provider_port *ret);
	int (*function)(struct dpu_ctx *ctx, const char *handle, uint32_t port, struct provider_function *ret,
			struct provider_port *ret_port);

	/* What a device tells of its versions. */
	int (*versions)(struct dpu_ctx *ctx, const char *handle, struct dpu_device_version **ret,
			size_t *count);

	/* The ports of all RDMA devices. */
	int (*rdma)(struct dpu_ctx *ctx, struct dpu_rdma **ret, size_t *count);

	/* Parameters. param_set gets a value of the parameter's type, checked; -ENOENT no such parameter. */
	int (*params)(struct dpu_ctx *ctx, const char *handle, struct dpu_param **ret, size_t *count);
	int (*param_set)(struct dpu_ctx *ctx, const char *handle, const struct dpu_param *param,
			 enum dpu_param_cmode cmode, const char *value);

	/* Rates. rate_set changes what attrs->set says, in one step. */
	int (*rates)(struct dpu_ctx *ctx, const char *handle, struct dpu_rate **ret, size_t *count);
	int (*rate_set)(struct dpu_ctx *ctx, const char *handle, const struct dpu_rate_attrs *attrs);
	int (*rate_node_add)(struct dpu_ctx *ctx, const char *handle, const struct dpu_rate_attrs *attrs);
	int (*rate_node_delete)(struct dpu_ctx *ctx, const char *handle, const char *node);

	/* Health reporters; port is DPU_PORT_NO_NUMBER for the device's own. -ENOENT no such reporter. */
	int (*health)(struct dpu_ctx *ctx, const char *handle, struct dpu_health **ret, size_t *count);
	int (*health_recover)(struct dpu_ctx *ctx, const char *handle, uint32_t port, const char *name);
	int (*health_set)(struct dpu_ctx *ctx, const char *handle, uint32_t port, const char *name,
			  bool auto_recover);

	/* Resources, each before what it contains. -ENOENT no such resource. */
	int (*resources)(struct dpu_ctx *ctx, const char *handle, struct dpu_resource **ret, size_t *count);
	int (*resource_set)(struct dpu_ctx *ctx, const char *handle, const char *path, uint64_t size);

	/* The counters of one port; stats->sz is set to the library's own size. */
	int (*port_stats)(struct dpu_ctx *ctx, const char *handle, uint32_t port,
			  struct dpu_port_stats *stats);

	int (*eswitch_mode_get)(struct dpu_ctx *ctx, const char *handle, enum dpu_eswitch_mode *ret);

	/* Starts the change; representors may come and go after it returns. */
	int (*eswitch_mode_set)(struct dpu_ctx *ctx, const char *handle, enum dpu_eswitch_mode mode);

	int (*eswitch_attrs_get)(struct dpu_ctx *ctx, const char *handle, struct dpu_eswitch_attrs *ret);
	int (*eswitch_attrs_set)(struct dpu_ctx *ctx, const char *handle,
				 const struct dpu_eswitch_attrs *attrs);

	/* Reloads, and returns when that is done. */
	int (*reload)(struct dpu_ctx *ctx, const char *handle, enum dpu_reload_action action,
		      enum dpu_reload_limit limit, uint32_t *performed);

	/* Finds the way to the firmware. -EOPNOTSUPP there is none, -EACCES no right to take it. */
	int (*firmware)(struct dpu_ctx *ctx, const char *handle, struct provider_firmware *ret);

	/* Whether the firmware has a TLV: 0 not, 1 to be read only, 2 to be written from this side too. */
	int (*nvconfig_supports)(struct dpu_ctx *ctx, const char *handle, uint32_t type);

	/* Reads the TLV of tlv->type: its bytes, and its size if that was 0. What the firmware has but has no
	 * value for is all zero. -ENOENT: it has no such TLV. */
	int (*nvconfig_get)(struct dpu_ctx *ctx, const char *handle, enum provider_nvconfig_when when,
			    struct provider_tlv *tlv);

	/* Changes the bits of mask in the next-boot value of a TLV to those of tlv, as one step: no other who
	 * goes the same way comes between the reading and the writing. *former is what it was. -EPERM: not
	 * from this side. After a failure it is not known whether the firmware has written; but what it has
	 * is the former TLV or the new one. */
	int (*nvconfig_update)(struct dpu_ctx *ctx, const char *handle, const struct provider_tlv *tlv,
			       const uint8_t *mask, struct provider_tlv *former);

	/* All that is stored goes; the defaults hold at the next boot. */
	int (*nvconfig_reset)(struct dpu_ctx *ctx, const char *handle);

	int (*mode_evidence)(struct dpu_ctx *ctx, const char *handle, struct provider_mode_evidence *ret);

	int (*reset_info)(struct dpu_ctx *ctx, const char *handle, struct provider_reset_info *ret);

	/* Starts a reset; done when reset_done() says 1. */
	int (*reset)(struct dpu_ctx *ctx, const char *handle, enum dpu_reset level);
	int (*reset_done)(struct dpu_ctx *ctx, const char *handle);

	/* Makes the port of an SF, inactive, and says its representor's ifindex, or 0 as long as that is not
	 * there. -EEXIST the number is taken, -ENOSPC none left. */
	int (*sf_add)(struct dpu_ctx *ctx, const char *handle, uint32_t controller, uint32_t pfnum,
		      uint32_t sfnum, uint32_t *port, uint32_t *ifindex);

	/* Sets the MAC address of a port's function. */
	int (*function_set_hw_addr)(struct dpu_ctx *ctx, const char *handle, uint32_t port,
				    const uint8_t hw_addr[6]);

	/* What else a port's function may; caps are decided where set has their bit. */
	int (*function_set_caps)(struct dpu_ctx *ctx, const char *handle, uint32_t port, uint32_t set,
				 uint32_t caps);
	int (*function_set_max_io_eqs)(struct dpu_ctx *ctx, const char *handle, uint32_t port,
				       uint32_t count);
	int (*function_set_max_uc_list)(struct dpu_ctx *ctx, const char *handle, uint32_t port,
					uint32_t count);

	/* Puts the program's name beside an SF, before there is one; takes it away again, also one that
	 * claims_left() has. A name is cut loose when its context ends, in whatever way: then claims_left()
	 * has it. That there is no such name is no failure. */
	int (*sf_claim)(struct dpu_ctx *ctx, const char *handle, const struct provider_claim *claim);
	int (*sf_unclaim)(struct dpu_ctx *ctx, const char *handle, const struct provider_claim *claim);
	int (*claims_left)(struct dpu_ctx *ctx, const char *handle, struct provider_claim **ret,
			   size_t *count);

	/* Starts the change of an SF's state; opstate follows later. */
	int (*sf_activate)(struct dpu_ctx *ctx, const char *handle, uint32_t port);
	int (*sf_deactivate)(struct dpu_ctx *ctx, const char *handle, uint32_t port);

	/* Sees to it that the driver that makes a network device gets a local, active SF, which function()
	 * has just told of. 1 when there is nothing (more) to do, 0 when the SF's auxiliary device is not
	 * there yet: call again after wait(). */
	int (*sf_bind)(struct dpu_ctx *ctx, const char *handle, const struct provider_function *sf);

	/* Removes the port of an SF. The SF should be inactive and detached; if not, the kernel tears it
	 * down. */
	int (*sf_delete)(struct dpu_ctx *ctx, const char *handle, uint32_t port);

	/* Number of VFs (the result) and their maximum. */
	int (*vf_count)(struct dpu_ctx *ctx, const char *handle, uint32_t *total);

	/* Starts the change. From one number to another, neither 0, is -EBUSY; too many is -ERANGE. */
	int (*vf_set_count)(struct dpu_ctx *ctx, const char *handle, uint32_t count);

	/* What the PF's network device knows of a VF. set: one attribute in one call. */
	int (*vf_attrs_get)(struct dpu_ctx *ctx, const char *handle, uint32_t vfnum,
			    struct dpu_vf_attrs *ret);
	int (*vf_attrs_set)(struct dpu_ctx *ctx, const char *handle, uint32_t vfnum,
			    const struct dpu_vf_attrs *attrs);
	int (*vf_stats)(struct dpu_ctx *ctx, const char *handle, uint32_t vfnum, struct dpu_vf_stats *ret);

	/* Interrupts of VFs, and whether drivers take new VFs. */
	int (*vf_set_msix)(struct dpu_ctx *ctx, const char *handle, uint32_t vfnum, uint32_t count);
	int (*vf_msix_total)(struct dpu_ctx *ctx, const char *handle);
	int (*vf_autoprobe)(struct dpu_ctx *ctx, const char *handle);
	int (*vf_set_autoprobe)(struct dpu_ctx *ctx, const char *handle, bool on);

	/*
	 * Events. The descriptor, owned by the monitor, is readable when monitor_read() may have something.
	 * It gives what has been heard since the last time, never blocking; -ENOBUFS, with nothing recorded,
	 * when something was lost, and then monitor_dump() gives all that there is. What is heard while a
	 * dump is taken may be in both.
	 */
	int (*monitor_open)(struct dpu_ctx *ctx, uint32_t objects, void **ret, int *fd);
	void (*monitor_close)(struct dpu_ctx *ctx, void *monitor);
	int (*monitor_read)(struct dpu_ctx *ctx, void *monitor, struct provider_event **ret, size_t *count);
	int (*monitor_dump)(struct dpu_ctx *ctx, void *monitor, struct provider_event **ret, size_t *count);

	/* Waits until something may have changed, at most timeout_ms (not negative). May return early. */
	int (*wait)(struct dpu_ctx *ctx, int timeout_ms);

	/* How many flow rules stand on a port's representor, whoever put them there. */
	int (*port_rules)(struct dpu_ctx *ctx, const char *handle, uint32_t port);

	/* The flow table of a device's e-switch. -EEXIST a rule with this match and priority is there,
	 * -ENODEV one of its ports is unknown. Ids are unique on the device, and never DPU_FLOW_NONE. */
	int (*flow_insert)(struct dpu_ctx *ctx, const char *handle, struct dpu_flow_rule *rule, uint64_t *id);
	int (*flow_delete)(struct dpu_ctx *ctx, const char *handle, uint64_t id); /* -ENOENT unknown */
	int (*flow_flush)(struct dpu_ctx *ctx, const char *handle);               /* how many */
	int (*flow_list)(struct dpu_ctx *ctx, const char *handle, struct provider_flow **ret, size_t *count);

	/* The data path, where packets need the program's time: see dpu/eswitch.h. The pointer that
	 * datapath_open gives is what the others take. */
	int (*datapath_open)(struct dpu_ctx *ctx, const char *handle, void **ret);
	void (*datapath_close)(struct dpu_ctx *ctx, void *datapath);
	int (*datapath_attach)(struct dpu_ctx *ctx, void *datapath, uint32_t port, enum dpu_port_end end,
			       struct dpu_virtq *tx, struct dpu_virtq *rx);
	int (*datapath_detach)(struct dpu_ctx *ctx, void *datapath, uint32_t port, enum dpu_port_end end);
	int (*datapath_process)(struct dpu_ctx *ctx, void *datapath); /* how many packets */
};

/* The answer to what a provider does not have; complete. */
extern const struct provider_ops provider_unsupported;

/* Copies ops with unsupported.c's answers in the place of NULLs. */
void provider_complete(struct provider_ops *complete, const struct provider_ops *ops);

/* The built-in ones. */
extern const struct provider_ops provider_linux;
extern const struct provider_ops provider_sim;

enum {
	PORT_TEXT_SIZE = 160, /* room for a handle and a name after it */
};

/* "pci/0000:03:00.0/163840", as devlink writes a port; a rate node is named in its place. */
void port_format(const char *handle, uint32_t index, char *text, size_t size);
void rate_format(const char *handle, const struct dpu_rate_attrs *attrs, char *text, size_t size);

#endif
