// SPDX-License-Identifier: GPL-2.0
/*
 * dpulab: a DPU as the kernel sees it, for the tests of libdpu.
 *
 * Instances: PCI functions given to the driver "dpulab" (new_id or
 * driver_override; VFs of an instance are bound by it too) and, with
 * platform=N, platform devices dpulab.0 ... dpulab.N-1, whose VFs are virtual.
 * PCI functions of one slot are ports of one switch; pfnum is the PCI function.
 * Each instance has a netdev dpulabwN (no parent, alias "wire of DEV"): the far
 * end of its cable.  What the host behind controller 1 has are netdevs dpulabhN
 * (no parent, alias "host of DEV pfN[vfM|sfM]").
 *
 * Module params: platform=N, max_sfs=512 (of each controller), max_vfs=1024 (of
 * a platform instance, and of the host), ecpf=1 (there is a host), switchdev=0
 * (instances start so), sf_cfg=0, sf_eth_default=1, vf_msix_pool=64.
 *
 * Port indices: 0 uplink, 1 host's PF, 128 + n VF n, 2048 + n VF n of the host,
 * 32768 + slot SF, 49152 + slot SF of controller 1 (lowest free slot).
 *
 * debugfs, /sys/kernel/debug/dpulab/DEV/:
 *  fault/OP       "ERRNO [COUNT]", e.g. "-16 1": the next COUNT calls fail
 *                 (default 1, -1 all; "0" ends it).  OP: port_new port_del
 *                 port_get state_set hw_addr_set caps_set (and max_io_eqs)
 *                 eswitch_set sf_probe vf_probe sriov reload reload_up rate_set
 *                 param_set tc_add health_recover
 *  delay/WHAT     milliseconds; WHAT: rep_netdev sf_attach sf_probe opstate
 *                 vf_probe (the netdev of a VF).  Negative: never, for all but
 *                 opstate
 *  vfs            number of virtual VFs (platform; 0 before another number)
 *  host_vfs       number of VFs of the host
 *  host_attach    "SFNUM": the host's driver takes that SF of controller 1,
 *                 "-SFNUM": lets go of it
 *  fw_stored      "A.B.C": the stored firmware (A.B as running: live patch)
 *  health_error   "fw [TEXT]" or "fw_fatal [TEXT]": report an error
 *  link           0 pulls the cable
 *  sf_cfg, sf_eth_default   as the module params, for this instance
 *  wire, stats, functions   to read
 *
 * As on mlx5: function attributes are taken by a driver when it starts; in
 * switchdev mode a function has a carrier while its representor is up; mode
 * changes are refused while rules are offloaded, and lose SFs, their rules and
 * all port attributes but those of VFs; reload ends in legacy mode.
 *
 * Limits: rates are checked, not enforced.  No offload of tunnels, ct, sample,
 * mpls, port ranges, shared policers by TC_SETUP_ACT.  Rules of one priority are
 * tried in order of arrival, one by one.  Rule counters count L2 bytes.  No
 * segmentation or checksum offload, no queues.  MSI-X counts are numbers only.
 * On 6.1: no capabilities, max_io_eqs, PORT_FUNCTION.DEVLINK, rate priority and
 * weight, as that kernel has none.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/platform_device.h>
#include "dpulab.h"

static unsigned int platform;
module_param(platform, uint, 0444);
MODULE_PARM_DESC(platform, "number of platform devices dpulab.N to create");

unsigned int dpl_max_sfs = 512;
module_param_named(max_sfs, dpl_max_sfs, uint, 0444);
MODULE_PARM_DESC(max_sfs, "SFs of each controller of an instance");

unsigned int dpl_max_vfs = DPL_MAX_VFS;
module_param_named(max_vfs, dpl_max_vfs, uint, 0444);
MODULE_PARM_DESC(max_vfs, "VFs of a platform instance, and of its host");

bool dpl_ecpf = true;
module_param_named(ecpf, dpl_ecpf, bool, 0444);
MODULE_PARM_DESC(ecpf, "there is a host (controller 1), as on a BlueField's Arm");

bool dpl_switchdev;
module_param_named(switchdev, dpl_switchdev, bool, 0644);
MODULE_PARM_DESC(switchdev, "new instances start in switchdev mode");

bool dpl_sf_cfg;
module_param_named(sf_cfg, dpl_sf_cfg, bool, 0644);
MODULE_PARM_DESC(sf_cfg, "the sf_cfg driver takes new SFs first");

bool dpl_sf_eth_default = true;
module_param_named(sf_eth_default, dpl_sf_eth_default, bool, 0644);
MODULE_PARM_DESC(sf_eth_default, "enable_eth of a new SF");

int dpl_vf_msix_pool = 64;
module_param_named(vf_msix_pool, dpl_vf_msix_pool, int, 0444);
MODULE_PARM_DESC(vf_msix_pool, "MSI-X vectors that the VFs of a PF share");

struct dentry *dpl_debugfs;
static struct platform_device **platform_devs;

static int dpl_platform_probe(struct platform_device *pdev)
{
	return PTR_ERR_OR_ZERO(dpl_create(&pdev->dev, NULL));
}

#if DPL_SINCE(6, 11)
static void dpl_platform_remove(struct platform_device *pdev)
{
	dpl_destroy(platform_get_drvdata(pdev));
}
#else
static int dpl_platform_remove(struct platform_device *pdev)
{
	dpl_destroy(platform_get_drvdata(pdev));
	return 0;
}
#endif

static struct platform_driver dpl_platform_driver = {
	.driver.name = KBUILD_MODNAME,
	.probe = dpl_platform_probe,
	.remove = dpl_platform_remove,
};

static void dpl_platform_del(void)
{
	unsigned int i;

	for (i = 0; platform_devs && i < platform; i++)
		if (!IS_ERR_OR_NULL(platform_devs[i]))
			platform_device_unregister(platform_devs[i]);
	kfree(platform_devs);
}

static int dpl_platform_add(void)
{
	unsigned int i;

	if (!platform)
		return 0;
	if (platform > 64)
		return -EINVAL;
	platform_devs = kcalloc(platform, sizeof(*platform_devs), GFP_KERNEL);
	if (!platform_devs)
		return -ENOMEM;
	for (i = 0; i < platform; i++) {
		platform_devs[i] = platform_device_register_simple(KBUILD_MODNAME,
								   i, NULL, 0);
		if (IS_ERR(platform_devs[i])) {
			int err = PTR_ERR(platform_devs[i]);

			dpl_platform_del();
			return err;
		}
	}
	return 0;
}

static int __init dpl_init(void)
{
	int err;

	if (!dpl_max_sfs || dpl_max_sfs > DPL_MAX_SFS ||
	    dpl_max_vfs > DPL_MAX_VFS)
		return -EINVAL;
	dpl_dissector_init();
	dpl_debugfs = debugfs_create_dir(KBUILD_MODNAME, NULL);
	err = dpl_sf_drivers_register();
	if (err)
		goto err_debugfs;
	err = platform_driver_register(&dpl_platform_driver);
	if (err)
		goto err_sf;
	err = dpl_pci_register();
	if (err)
		goto err_platform;
	err = dpl_platform_add();
	if (err)
		goto err_pci;
	return 0;

err_pci:
	dpl_pci_unregister();
err_platform:
	platform_driver_unregister(&dpl_platform_driver);
err_sf:
	dpl_sf_drivers_unregister();
err_debugfs:
	debugfs_remove_recursive(dpl_debugfs);
	return err;
}

static void __exit dpl_exit(void)
{
	dpl_platform_del();
	dpl_pci_unregister();
	platform_driver_unregister(&dpl_platform_driver);
	dpl_sf_drivers_unregister();
	debugfs_remove_recursive(dpl_debugfs);
	rcu_barrier();
}

module_init(dpl_init);
module_exit(dpl_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("DPU of libdpu's lab");
