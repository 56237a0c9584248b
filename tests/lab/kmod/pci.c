// SPDX-License-Identifier: GPL-2.0
/*
 * The PCI driver.  It has no ids of its own: a PF is given to it through new_id
 * or driver_override, its VFs have the same ids.
 */
#include <linux/pci.h>
#include "dpulab.h"

#define VF_MSIX_DEFAULT	4
#define VF_MSIX_MAX	32

static struct pci_driver dpl_pci_driver;

static struct dpl *pf_of(struct pci_dev *vf)
{
	struct pci_dev *pf = pci_physfn(vf);

	return pf->dev.driver == &dpl_pci_driver.driver ? pci_get_drvdata(pf) :
							  NULL;
}

static int vf_probe(struct pci_dev *pdev)
{
	struct dpl *d = pf_of(pdev);
	struct dpl_port *p;
	struct dpl_fn *fn;
	int err;

	if (!d)
		return -ENODEV;
	err = dpl_fault(d, DPL_OP_VF_PROBE, NULL);
	if (err)
		return err;
	p = dpl_vf_get(d, pci_iov_vf_id(pdev));
	if (!p)
		return -ENODEV;
	fn = dpl_fn_create(d, p, &pdev->dev, false, true);
	dpl_port_put(p);
	if (IS_ERR(fn))
		return PTR_ERR(fn);
	pci_set_drvdata(pdev, fn);
	return 0;
}

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int err = pcim_enable_device(pdev);

	if (err)
		return err;
	if (pdev->is_virtfn)
		return vf_probe(pdev);
	pci_set_master(pdev);
	return PTR_ERR_OR_ZERO(dpl_create(&pdev->dev, pdev));
}

static void remove(struct pci_dev *pdev)
{
	struct dpl *d;

	if (pdev->is_virtfn) {
		dpl_fn_destroy(pci_get_drvdata(pdev));
		return;
	}
	d = pci_get_drvdata(pdev);
	pci_disable_sriov(pdev);
	dpl_vfs_set(d, 0, false);
	dpl_destroy(d);
}

static int sriov_configure(struct pci_dev *pdev, int n)
{
	struct dpl *d = pci_get_drvdata(pdev);
	int err = dpl_fault(d, DPL_OP_SRIOV, NULL);

	if (err)
		return err;
	if (!n) {
		pci_disable_sriov(pdev);
		return dpl_vfs_set(d, 0, false);
	}
	err = dpl_vfs_set(d, n, false);
	if (err)
		return err;
	err = pci_enable_sriov(pdev, n);
	if (err) {
		dpl_vfs_set(d, 0, false);
		return err;
	}
	return n;
}

static u32 get_vf_total_msix(struct pci_dev *pf)
{
	return dpl_vf_msix_pool;
}

/* the PF's device_lock is held, and the VF has no driver */
static int set_msix_vec_count(struct pci_dev *vf, int n)
{
	struct dpl *d = pf_of(vf);
	struct dpl_port *p;
	int err = 0;

	if (!d)
		return -ENODEV;
	if (n < 0 || n > VF_MSIX_MAX)
		return -EINVAL;
	if (!n)
		n = VF_MSIX_DEFAULT;
	p = dpl_vf_get(d, pci_iov_vf_id(vf));
	if (!p)
		return -ENODEV;
	devl_lock(d->dl);
	if (d->msix_used - p->msix + n > dpl_vf_msix_pool) {
		err = -ENOSPC;
	} else {
		d->msix_used += n - p->msix;
		p->msix = n;
	}
	devl_unlock(d->dl);
	dpl_port_put(p);
	return err;
}

static struct pci_driver dpl_pci_driver = {
	.name = KBUILD_MODNAME,
	.probe = probe,
	.remove = remove,
	.sriov_configure = sriov_configure,
	.sriov_get_vf_total_msix = get_vf_total_msix,
	.sriov_set_msix_vec_count = set_msix_vec_count,
};

int dpl_pci_register(void)
{
	return pci_register_driver(&dpl_pci_driver);
}

void dpl_pci_unregister(void)
{
	pci_unregister_driver(&dpl_pci_driver);
}
