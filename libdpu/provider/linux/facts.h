/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each source of discovery says, as plain structures: the sources fill them, join.c puts them together.
 * Empty strings and zeros stand for what a source did not say. */
#ifndef DPU_LINUX_FACTS_H
#define DPU_LINUX_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HANDLE_SIZE = 64,  /* "pci/0000:03:00.0" */
	IFNAME_SIZE = 16,  /* IFNAMSIZ */
	DEVNAME_SIZE = 32, /* RDMA and auxiliary devices, drivers */
};

/* sysfs: one PCI function. */
struct fact_pci {
	char address[16];
	uint16_t vendor;
	uint16_t device;
	uint32_t class_code; /* 24 bits: class, subclass, interface */
	int numa_node;
	char driver[DEVNAME_SIZE];
	char physfn[16]; /* of a VF: its PF's address */
	uint32_t vfnum;  /* of a VF: its number on the PF */
};

/* Where a device sits: found by climbing its sysfs path. */
struct fact_place {
	char handle[HANDLE_SIZE]; /* the hardware that it belongs to; empty for software devices */
	char sf[DEVNAME_SIZE];    /* the SF's auxiliary device on the way there */
	char driver[DEVNAME_SIZE];
	int numa_node;
};

/* rtnetlink or sysfs: one network device. */
struct fact_link {
	uint32_t ifindex;
	char name[IFNAME_SIZE];
	char phys_port_name[24];
	char phys_switch_id[68];
	uint8_t address[6];
	uint32_t flags;  /* IFF_UP, IFF_RUNNING, IFF_LOWER_UP */
	uint32_t bridge; /* ifindex of the bridge that it is a port of; 0 none */
	/* The parent is what the place is found by, and then of no more use. */
	union {
		struct {
			char parent_bus[16];
			char parent_name[HANDLE_SIZE];
		};
		struct fact_place place;
	};
	/* facts_index() tells */
	bool has_port;    /* devlink knows the port that it is the network device of */
	bool representor; /* the e-switch's end of another function */
};

/* devlink: one instance, with what its info and its e-switch say. */
struct fact_devlink {
	char handle[HANDLE_SIZE];
	bool has_eswitch;
	char driver[DEVNAME_SIZE];
	char serial_number[48];
	char board_serial_number[48];
	char psid[20];
	char firmware_version[32];
	struct fact_place place;
};

/* devlink: one port and its function. */
struct fact_port {
	char handle[HANDLE_SIZE];
	uint32_t index;
	uint32_t flavour; /* enum dpu_port_flavour */
	uint32_t controller;
	uint32_t pfnum; /* DPU_PORT_NO_NUMBER where it has none, likewise below */
	uint32_t vfnum;
	uint32_t sfnum;
	bool external; /* another machine drives the function */
	uint32_t ifindex;
	char netdev[IFNAME_SIZE];
	bool has_hw_addr;
	uint8_t hw_addr[6];
	bool has_state;
	uint8_t state;
	bool has_opstate;
	uint8_t opstate;
	uint32_t known_caps; /* enum dpu_function_cap */
	uint32_t caps;
	uint32_t max_io_eqs;               /* 0 not said */
	uint32_t max_uc_list;              /* 0 not said */
	char function_handle[HANDLE_SIZE]; /* the devlink instance of a local SF: "auxiliary/mlx5_core.sf.4"
					    */
};

/* sysfs: one RDMA device. */
struct fact_rdma {
	char name[DEVNAME_SIZE];
	char netdev[IFNAME_SIZE]; /* of its first port */
	struct fact_place place;
};

/* sysfs: the auxiliary device of one SF that this machine may drive. */
struct fact_sf {
	char name[DEVNAME_SIZE];
	uint32_t sfnum;
	bool bound; /* a driver has it */
	struct fact_place place;
};

/* Positions in one of the arrays below, found by hash. */
struct fact_index {
	uint32_t *chains; /* NULL: there are none */
	uint32_t mask;
};

struct facts {
	struct fact_pci *pci;
	size_t pci_count;
	struct fact_link *links;
	size_t link_count;
	struct fact_devlink *devlinks;
	size_t devlink_count;
	struct fact_port *ports;
	size_t port_count;
	struct fact_rdma *rdma;
	size_t rdma_count;
	struct fact_sf *sfs;
	size_t sf_count;
	/* Made by facts_index(): a thousand functions are not looked for one by one. */
	struct fact_index pci_by_address;
	struct fact_index vfs_by_number; /* PF, vfnum */
	struct fact_index sfs_by_name;
	struct fact_index sfs_by_number;  /* device, sfnum */
	struct fact_index links_by_place; /* device, SF */
	struct fact_index ports_by_device;
	struct fact_index devlinks_by_handle;
	struct fact_index rdma_by_place; /* device, SF */
	uint32_t soft_vfs; /* of the device that is asked about, when they are no PCI functions */
	char bsp_release[80];
};

#endif
