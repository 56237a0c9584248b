// SPDX-License-Identifier: GPL-2.0
/* An instance: its devlink, e-switch modes, information, reload. */
#include <linux/pci.h>
#include <linux/platform_device.h>
#include "dpulab.h"

static bool fw_split(const char *v, unsigned int n[3])
{
	return sscanf(v, "%u.%u.%u", &n[0], &n[1], &n[2]) == 3;
}

int dpl_info(struct dpl *d, struct devlink_info_req *req, const char *driver)
{
	char board[sizeof(d->serial) + 2];
	int err;

	snprintf(board, sizeof(board), "%sB", d->serial);
#if !DPL_HAVE_PORT_OPS
	err = devlink_info_driver_name_put(req, driver);
	if (err)
		return err;
#endif
	err = devlink_info_serial_number_put(req, d->serial);
	if (!err)
		err = devlink_info_board_serial_number_put(req, board);
	if (!err)
		err = devlink_info_version_fixed_put(req, "fw.psid",
						     "DPL0000000001");
	if (!err)
		err = devlink_info_version_running_put(req, "fw.version",
						       d->fw_running);
	if (!err)
		err = devlink_info_version_running_put(req, "fw",
						       d->fw_running);
	if (!err)
		err = devlink_info_version_stored_put(req, "fw.version",
						      d->fw_stored);
	if (!err)
		err = devlink_info_version_stored_put(req, "fw", d->fw_stored);
	return err;
}

static int info_get(struct devlink *dl, struct devlink_info_req *req,
		    struct netlink_ext_ack *ea)
{
	return dpl_info(dpl_of(dl), req, KBUILD_MODNAME);
}

/* ---- e-switch ---- */
static int mode_get(struct devlink *dl, u16 *mode)
{
	*mode = dpl_of(dl)->mode;
	return 0;
}

static void set_mode(struct dpl *d, u16 mode)
{
	d->mode = mode;
	WRITE_ONCE(d->legacy, mode == DEVLINK_ESWITCH_MODE_LEGACY);
}

static void to_legacy(struct dpl *d)
{
	dpl_ports_remove(d, dpl_port_is_not_uplink);
	set_mode(d, DEVLINK_ESWITCH_MODE_LEGACY);
	dpl_vfs_carrier(d);
}

static int to_switchdev(struct dpl *d)
{
	struct dpl_port *p;
	int err = 0, n;

	set_mode(d, DEVLINK_ESWITCH_MODE_SWITCHDEV);
	if (d->external) {
		p = dpl_port_alloc(d, DEVLINK_PORT_FLAVOUR_PCI_PF, 1, 0,
				   DPL_IDX_HOSTPF);
		if (!p)
			return -ENOMEM;
		err = dpl_port_add(p);
		dpl_port_put(p);
	}
	if (!err)
		err = dpl_vf_ports_add(d);
	n = d->nhostvfs;
	d->nhostvfs = 0;
	if (!err)
		err = dpl_hostvfs_set(d, n);
	return err;
}

static int mode_set(struct devlink *dl, u16 mode, struct netlink_ext_ack *ea)
{
	struct dpl *d = dpl_of(dl);
	int err;

	if (mode != DEVLINK_ESWITCH_MODE_LEGACY &&
	    mode != DEVLINK_ESWITCH_MODE_SWITCHDEV)
		return -EINVAL;
	err = dpl_fault(d, DPL_OP_ESWITCH_SET, ea);
	if (err)
		return err;
	if (!d->uplink)
		return -ENODEV;
	if (mode == d->mode)
		return 0;
	if (atomic_read(&d->nrules)) {
		NL_SET_ERR_MSG_MOD(ea, "Can't change mode, E-Switch is busy");
		return -EBUSY;
	}
	if (mode == DEVLINK_ESWITCH_MODE_LEGACY) {
		to_legacy(d);
		return 0;
	}
	err = to_switchdev(d);
	if (err) {
		NL_SET_ERR_MSG_MOD(ea, "Failed setting eswitch to offloads");
		to_legacy(d);
	}
	return err;
}

static int inline_get(struct devlink *dl, u8 *mode)
{
	*mode = dpl_of(dl)->inline_mode;
	return 0;
}

static int inline_set(struct devlink *dl, u8 mode, struct netlink_ext_ack *ea)
{
	struct dpl *d = dpl_of(dl);
	int err = dpl_fault(d, DPL_OP_ESWITCH_SET, ea);

	if (err)
		return err;
	if (mode > DEVLINK_ESWITCH_INLINE_MODE_TRANSPORT) {
		NL_SET_ERR_MSG_MOD(ea, "Unknown inline mode");
		return -EINVAL;
	}
	if (mode == d->inline_mode)
		return 0;
	if (d->nvfs) {
		NL_SET_ERR_MSG_MOD(ea, "Can't set inline mode while there are VFs");
		return -EOPNOTSUPP;
	}
	if (atomic_read(&d->nrules)) {
		NL_SET_ERR_MSG_MOD(ea, "Can't set inline mode when flows are configured");
		return -EOPNOTSUPP;
	}
	d->inline_mode = mode;
	return 0;
}

static int encap_get(struct devlink *dl, enum devlink_eswitch_encap_mode *mode)
{
	*mode = dpl_of(dl)->encap;
	return 0;
}

static int encap_set(struct devlink *dl, enum devlink_eswitch_encap_mode mode,
		     struct netlink_ext_ack *ea)
{
	struct dpl *d = dpl_of(dl);
	int err = dpl_fault(d, DPL_OP_ESWITCH_SET, ea);

	if (err)
		return err;
	if (mode != DEVLINK_ESWITCH_ENCAP_MODE_NONE &&
	    mode != DEVLINK_ESWITCH_ENCAP_MODE_BASIC)
		return -EOPNOTSUPP;
	if (mode != d->encap && atomic_read(&d->nrules)) {
		NL_SET_ERR_MSG_MOD(ea, "Can't set encapsulation when flows are configured");
		return -EOPNOTSUPP;
	}
	d->encap = mode;
	return 0;
}

/* ---- bring-up, shared by probe and reload ---- */
static int load(struct dpl *d)
{
	struct dpl_port *p;
	int err;

	p = dpl_port_alloc(d, DEVLINK_PORT_FLAVOUR_PHYSICAL, 0, 0,
			   DPL_IDX_UPLINK);
	if (!p)
		return -ENOMEM;
	rcu_assign_pointer(p->fn, d->wire);
	err = dpl_port_add(p);
	if (err) {
		RCU_INIT_POINTER(p->fn, NULL);
		dpl_port_put(p);
		return err;
	}
	d->uplink = p;
	rcu_assign_pointer(d->uplink_rcu, p);
	dpl_carrier_update(p);
	dpl_port_put(p);
	return 0;
}

static void unload(struct dpl *d)
{
	devl_rate_nodes_destroy(d->dl);
	RCU_INIT_POINTER(d->uplink_rcu, NULL);
	dpl_ports_remove(d, dpl_port_is_any);
	d->uplink = NULL;
	set_mode(d, DEVLINK_ESWITCH_MODE_LEGACY);
	dpl_vfs_carrier(d);
}

static int reload_down(struct devlink *dl, bool netns_change,
		       enum devlink_reload_action action,
		       enum devlink_reload_limit limit,
		       struct netlink_ext_ack *ea)
{
	struct dpl *d = dpl_of(dl);
	unsigned int r[3], s[3];
	int err = dpl_fault(d, DPL_OP_RELOAD, ea);

	if (err)
		return err;
	if (limit == DEVLINK_RELOAD_LIMIT_NO_RESET) {
		if (!fw_split(d->fw_running, r) || !fw_split(d->fw_stored, s) ||
		    r[0] != s[0] || r[1] != s[1]) {
			NL_SET_ERR_MSG_MOD(ea, "FW upgrade to the stored FW can't be done by FW live patching");
			return -EINVAL;
		}
		return 0;
	}
	if (d->nvfs)
		NL_SET_ERR_MSG_MOD(ea, "reload while VFs are present is unfavorable");
	unload(d);
	return 0;
}

static int reload_up(struct devlink *dl, enum devlink_reload_action action,
		     enum devlink_reload_limit limit, u32 *performed,
		     struct netlink_ext_ack *ea)
{
	struct dpl *d = dpl_of(dl);
	int err;

	*performed = BIT(action);
	if (action == DEVLINK_RELOAD_ACTION_FW_ACTIVATE)
		strscpy(d->fw_running, d->fw_stored, sizeof(d->fw_running));
	if (limit == DEVLINK_RELOAD_LIMIT_NO_RESET)
		return 0;
	err = dpl_fault(d, DPL_OP_RELOAD_UP, ea);
	if (err)
		return err;
	err = load(d);
	if (err)
		return err;
	*performed |= BIT(DEVLINK_RELOAD_ACTION_DRIVER_REINIT);
	return 0;
}

static const struct devlink_ops dpl_ops = {
	.reload_actions = BIT(DEVLINK_RELOAD_ACTION_DRIVER_REINIT) |
			  BIT(DEVLINK_RELOAD_ACTION_FW_ACTIVATE),
	.reload_limits = BIT(DEVLINK_RELOAD_LIMIT_NO_RESET),
	.reload_down = reload_down,
	.reload_up = reload_up,
	.info_get = info_get,
	.eswitch_mode_get = mode_get,
	.eswitch_mode_set = mode_set,
	.eswitch_inline_mode_get = inline_get,
	.eswitch_inline_mode_set = inline_set,
	.eswitch_encap_mode_get = encap_get,
	.eswitch_encap_mode_set = encap_set,
	.port_new = dpl_port_new,
#if !DPL_HAVE_PORT_OPS
	.port_del = dpl_port_del_index,
	.port_function_hw_addr_get = dpl_hw_addr_get,
	.port_function_hw_addr_set = dpl_hw_addr_set,
	.port_fn_state_get = dpl_state_get,
	.port_fn_state_set = dpl_state_set,
#endif
	.rate_leaf_tx_share_set = dpl_rate_leaf_share,
	.rate_leaf_tx_max_set = dpl_rate_leaf_max,
	.rate_node_tx_share_set = dpl_rate_node_share,
	.rate_node_tx_max_set = dpl_rate_node_max,
#if DPL_HAVE_RATE_PRIO
	.rate_leaf_tx_priority_set = dpl_rate_prio,
	.rate_leaf_tx_weight_set = dpl_rate_weight,
	.rate_node_tx_priority_set = dpl_rate_prio,
	.rate_node_tx_weight_set = dpl_rate_weight,
#endif
	.rate_node_new = dpl_rate_node_new,
	.rate_node_del = dpl_rate_node_del,
	.rate_leaf_parent_set = dpl_rate_leaf_parent,
	.rate_node_parent_set = dpl_rate_node_parent,
};

static void identify(struct dpl *d)
{
	u32 a = 0xf, b;

	if (d->pdev) {
		a = pci_domain_nr(d->pdev->bus);
		b = d->pdev->bus->number << 8 | PCI_SLOT(d->pdev->devfn);
		d->pfnum = PCI_FUNC(d->pdev->devfn);
	} else {
		b = to_platform_device(d->dev)->id;
	}
	snprintf(d->serial, sizeof(d->serial), "DPL%04X%04X", a, b);
	d->swid[0] = 0xd9;
	d->swid[1] = 0x01;
	d->swid[2] = a >> 8;
	d->swid[3] = a;
	d->swid[6] = b >> 8;
	d->swid[7] = b;
}

static struct dpl *dpl_alloc(struct device *dev, struct pci_dev *pdev)
{
	struct devlink *dl = devlink_alloc(&dpl_ops, sizeof(struct dpl *), dev);
	struct dpl *d;

	if (!dl)
		return NULL;
	d = kvzalloc(sizeof(*d), GFP_KERNEL);
	if (!d)
		goto err_devlink;
	*(struct dpl **)devlink_priv(dl) = d;
	d->dl = dl;
	d->dev = dev;
	d->pdev = pdev;
	d->wq = alloc_workqueue("dpulab", WQ_UNBOUND, 0);
	if (!d->wq)
		goto err_d;
	INIT_LIST_HEAD(&d->ports);
	INIT_LIST_HEAD(&d->meters);
	ida_init(&d->sf_ids[0]);
	ida_init(&d->sf_ids[1]);
	mutex_init(&d->fn_lock);
	mutex_init(&d->tc_lock);
	spin_lock_init(&d->fault_lock);
	d->cable = true;
	d->external = dpl_ecpf;
	d->sf_cfg = -1;
	d->sf_eth_default = -1;
	d->encap = DEVLINK_ESWITCH_ENCAP_MODE_BASIC;
	strscpy(d->fw_running, "32.43.1014", sizeof(d->fw_running));
	strscpy(d->fw_stored, d->fw_running, sizeof(d->fw_stored));
	set_mode(d, DEVLINK_ESWITCH_MODE_LEGACY);
	identify(d);
	return d;

err_d:
	kvfree(d);
err_devlink:
	devlink_free(dl);
	return NULL;
}

static void dpl_free(struct dpl *d)
{
	struct devlink *dl = d->dl;

	destroy_workqueue(d->wq);
	ida_destroy(&d->sf_ids[0]);
	ida_destroy(&d->sf_ids[1]);
	mutex_destroy(&d->fn_lock);
	mutex_destroy(&d->tc_lock);
	devlink_free(dl);
	kvfree(d);
}

struct dpl *dpl_create(struct device *dev, struct pci_dev *pdev)
{
	struct dpl *d = dpl_alloc(dev, pdev);
	char alias[64];
	int err;

	if (!d)
		return ERR_PTR(-ENOMEM);
	snprintf(alias, sizeof(alias), "wire of %s", dev_name(dev));
	d->wire = dpl_nd_create(d, DPL_ND_WIRE, NULL, NULL, NULL, NULL, alias);
	if (IS_ERR(d->wire)) {
		err = PTR_ERR(d->wire);
		goto err_free;
	}
	err = dpl_params_register(d);
	if (err)
		goto err_wire;
	err = dpl_health_create(d);
	if (err)
		goto err_params;
	dpl_set_features(d->dl);
	dev_set_drvdata(dev, d);

	devl_lock(d->dl);
	err = dpl_resources_register(d);
	if (!err)
		err = load(d);
	if (!err && dpl_switchdev)
		err = to_switchdev(d);
	devl_unlock(d->dl);
	if (err)
		goto err_load;
	dpl_debugfs_add(d);
	devlink_register(d->dl);
	return d;

err_load:
	devl_lock(d->dl);
	unload(d);
	devl_resources_unregister(d->dl);
	devl_unlock(d->dl);
	dev_set_drvdata(dev, NULL);
	dpl_health_destroy(d);
err_params:
	dpl_params_unregister(d);
err_wire:
	dpl_nd_unregister(d->wire);
err_free:
	dpl_free(d);
	return ERR_PTR(err);
}

/* the VFs are gone already if they are PCI functions */
void dpl_destroy(struct dpl *d)
{
	dpl_debugfs_del(d);
	if (!d->pdev)
		dpl_vfs_set(d, 0, true);
	devlink_unregister(d->dl);
	devl_lock(d->dl);
	unload(d);
	devl_resources_unregister(d->dl);
	devl_unlock(d->dl);
	dpl_health_destroy(d);
	dpl_params_unregister(d);
	dpl_nd_unregister(d->wire);
	dev_set_drvdata(d->dev, NULL);
	dpl_free(d);
}
