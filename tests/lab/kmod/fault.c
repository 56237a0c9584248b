// SPDX-License-Identifier: GPL-2.0
/* Faults and delays on demand, and the other files in debugfs. */
#include <linux/ctype.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>
#include "dpulab.h"

#define OP(id, name) [id] = { name, KBUILD_MODNAME ": injected failure of " name }
static const struct {
	const char *name;
	const char *msg;
} ops[DPL_OP_MAX] = {
	OP(DPL_OP_PORT_NEW, "port_new"),
	OP(DPL_OP_PORT_DEL, "port_del"),
	OP(DPL_OP_PORT_GET, "port_get"),
	OP(DPL_OP_STATE_SET, "state_set"),
	OP(DPL_OP_HW_ADDR_SET, "hw_addr_set"),
	OP(DPL_OP_CAPS_SET, "caps_set"),
	OP(DPL_OP_ESWITCH_SET, "eswitch_set"),
	OP(DPL_OP_SF_PROBE, "sf_probe"),
	OP(DPL_OP_VF_PROBE, "vf_probe"),
	OP(DPL_OP_SRIOV, "sriov"),
	OP(DPL_OP_RELOAD, "reload"),
	OP(DPL_OP_RELOAD_UP, "reload_up"),
	OP(DPL_OP_RATE_SET, "rate_set"),
	OP(DPL_OP_PARAM_SET, "param_set"),
	OP(DPL_OP_TC_ADD, "tc_add"),
	OP(DPL_OP_RECOVER, "health_recover"),
};

static const char *const delays[DPL_DELAY_MAX] = {
	[DPL_DELAY_REP] = "rep_netdev",
	[DPL_DELAY_SF_ATTACH] = "sf_attach",
	[DPL_DELAY_SF_PROBE] = "sf_probe",
	[DPL_DELAY_OPSTATE] = "opstate",
	[DPL_DELAY_VF_PROBE] = "vf_probe",
};

int dpl_fault(struct dpl *d, enum dpl_op op, struct netlink_ext_ack *ea)
{
	struct dpl_fault *f = &d->fault[op];
	int err = 0;

	spin_lock_bh(&d->fault_lock);
	if (f->err && f->count) {
		err = f->err;
		f->hits++;
		if (f->count > 0)
			f->count--;
	}
	spin_unlock_bh(&d->fault_lock);
	if (err && ea)
		ea->_msg = ops[op].msg;
	return err;
}

/* ---- a file: what it prints, what is written to it ---- */
struct dpl_file {
	const char *name;
	void (*show)(struct seq_file *s, struct dpl *d);
	int (*write)(struct dpl *d, char *arg);
};

static const struct dpl_file *file_of(const struct file *f);

static struct dpl *file_dpl(struct file *f)
{
	return file_inode(f)->i_private;
}

/* fault/<op> and delay/<what>: found by the file's name */
static int name_index(struct file *f, bool fault)
{
	const char *name = f->f_path.dentry->d_name.name;
	int i;

	if (fault) {
		for (i = 0; i < DPL_OP_MAX; i++)
			if (!strcmp(ops[i].name, name))
				return i;
	} else {
		for (i = 0; i < DPL_DELAY_MAX; i++)
			if (!strcmp(delays[i], name))
				return i;
	}
	return -ENOENT;
}

static ssize_t get_arg(char *buf, size_t size, const char __user *u, size_t n)
{
	if (n >= size)
		return -EINVAL;
	if (copy_from_user(buf, u, n))
		return -EFAULT;
	buf[n] = 0;
	strim(buf);
	return 0;
}

static ssize_t fault_read(struct file *f, char __user *u, size_t n, loff_t *pos)
{
	struct dpl *d = file_dpl(f);
	int i = name_index(f, true), len;
	char buf[64];

	if (i < 0)
		return i;
	len = scnprintf(buf, sizeof(buf), "%d %d hits %llu\n", d->fault[i].err,
			d->fault[i].count, d->fault[i].hits);
	return simple_read_from_buffer(u, n, pos, buf, len);
}

static ssize_t fault_write(struct file *f, const char __user *u, size_t n,
			   loff_t *pos)
{
	struct dpl *d = file_dpl(f);
	int i = name_index(f, true), err = 0, count = 1;
	char buf[64];
	ssize_t ret;

	if (i < 0)
		return i;
	ret = get_arg(buf, sizeof(buf), u, n);
	if (ret)
		return ret;
	if (sscanf(buf, "%d %d", &err, &count) < 1 || err > 0 ||
	    err < -MAX_ERRNO)
		return -EINVAL;
	spin_lock_bh(&d->fault_lock);
	d->fault[i].err = err;
	d->fault[i].count = err ? count : 0;
	spin_unlock_bh(&d->fault_lock);
	return n;
}

static const struct file_operations fault_fops = {
	.owner = THIS_MODULE, .open = simple_open,
	.read = fault_read, .write = fault_write, .llseek = default_llseek,
};

static ssize_t delay_read(struct file *f, char __user *u, size_t n, loff_t *pos)
{
	int i = name_index(f, false), len;
	char buf[32];

	if (i < 0)
		return i;
	len = scnprintf(buf, sizeof(buf), "%d\n", file_dpl(f)->delay[i]);
	return simple_read_from_buffer(u, n, pos, buf, len);
}

static ssize_t delay_write(struct file *f, const char __user *u, size_t n,
			   loff_t *pos)
{
	int i = name_index(f, false), v;
	char buf[32];
	ssize_t ret;

	if (i < 0)
		return i;
	ret = get_arg(buf, sizeof(buf), u, n);
	if (ret)
		return ret;
	if (kstrtoint(buf, 0, &v) || v > 600000)
		return -EINVAL;
	WRITE_ONCE(file_dpl(f)->delay[i], v);
	return n;
}

static const struct file_operations delay_fops = {
	.owner = THIS_MODULE, .open = simple_open,
	.read = delay_read, .write = delay_write, .llseek = default_llseek,
};

/* ---- the instance's own files ---- */
static void fw_stored_show(struct seq_file *s, struct dpl *d)
{
	seq_printf(s, "%s\n", d->fw_stored);
}

static int fw_stored_write(struct dpl *d, char *arg)
{
	unsigned int a, b, c;

	if (sscanf(arg, "%u.%u.%u", &a, &b, &c) != 3 ||
	    strlen(arg) >= sizeof(d->fw_stored))
		return -EINVAL;
	devl_lock(d->dl);
	strscpy(d->fw_stored, arg, sizeof(d->fw_stored));
	devl_unlock(d->dl);
	return 0;
}

static int health_error_write(struct dpl *d, char *arg)
{
	char *text = strchr(arg, ' ');
	bool fatal;

	if (text)
		*text++ = 0;
	fatal = !strcmp(arg, "fw_fatal");
	if (!fatal && strcmp(arg, "fw"))
		return -EINVAL;
	return dpl_health_error(d, fatal, text ? text : "error asked for");
}

static void num_vfs_show(struct seq_file *s, struct dpl *d)
{
	seq_printf(s, "%d\n", d->nvfs);
}

static int num_vfs_write(struct dpl *d, char *arg)
{
	int n, err;

	if (d->pdev)
		return -EOPNOTSUPP;
	if (kstrtoint(arg, 0, &n) || n < 0 || n > (int)dpl_max_vfs)
		return -EINVAL;
	if (n && d->nvfs)
		return -EBUSY;
	err = dpl_fault(d, DPL_OP_SRIOV, NULL);
	return err ? err : dpl_vfs_set(d, n, true);
}

static void host_vfs_show(struct seq_file *s, struct dpl *d)
{
	seq_printf(s, "%d\n", d->nhostvfs);
}

static int host_vfs_write(struct dpl *d, char *arg)
{
	int n, err;

	if (!d->external)
		return -EOPNOTSUPP;
	if (kstrtoint(arg, 0, &n) || n < 0 || n > (int)dpl_max_vfs)
		return -EINVAL;
	devl_lock(d->dl);
	err = dpl_hostvfs_set(d, n);
	devl_unlock(d->dl);
	return err;
}

static int host_attach_write(struct dpl *d, char *arg)
{
	bool on = arg[0] != '-';
	u32 sfnum;
	int err;

	if (kstrtou32(on ? arg : arg + 1, 0, &sfnum))
		return -EINVAL;
	devl_lock(d->dl);
	err = dpl_sf_host_attach(d, sfnum, on);
	devl_unlock(d->dl);
	return err;
}

static void wire_show(struct seq_file *s, struct dpl *d)
{
	seq_printf(s, "%s\n", d->wire->name);
}

static void link_show(struct seq_file *s, struct dpl *d)
{
	seq_printf(s, "%d\n", d->cable);
}

static int link_write(struct dpl *d, char *arg)
{
	bool on;

	if (kstrtobool(arg, &on))
		return -EINVAL;
	devl_lock(d->dl);
	d->cable = on;
	if (d->uplink)
		dpl_carrier_update(d->uplink);
	dpl_vfs_carrier(d);
	devl_unlock(d->dl);
	return 0;
}

static void sf_cfg_show(struct seq_file *s, struct dpl *d)
{
	seq_printf(s, "%d\n", d->sf_cfg < 0 ? dpl_sf_cfg : d->sf_cfg);
}

static int sf_cfg_write(struct dpl *d, char *arg)
{
	bool on;

	if (kstrtobool(arg, &on))
		return -EINVAL;
	d->sf_cfg = on;
	return 0;
}

static void sf_eth_show(struct seq_file *s, struct dpl *d)
{
	seq_printf(s, "%d\n", d->sf_eth_default < 0 ? dpl_sf_eth_default :
						      d->sf_eth_default);
}

static int sf_eth_write(struct dpl *d, char *arg)
{
	bool on;

	if (kstrtobool(arg, &on))
		return -EINVAL;
	d->sf_eth_default = on;
	return 0;
}

static void stats_show(struct seq_file *s, struct dpl *d)
{
	devl_lock(d->dl);
	seq_printf(s, "mode %s\n", d->legacy ? "legacy" : "switchdev");
	seq_printf(s, "vfs %d\nhost_vfs %d\n", d->nvfs, d->nhostvfs);
	seq_printf(s, "sfs %u\nexternal_sfs %u\n", d->nsfs[0], d->nsfs[1]);
	seq_printf(s, "rules %d\nrules_added %llu\nrules_deleted %llu\n",
		   atomic_read(&d->nrules), d->rules_added, d->rules_deleted);
	seq_printf(s, "hw_packets %lld\nslow_path_packets %lld\ndropped_packets %lld\n",
		   (s64)atomic64_read(&d->hw_fwd),
		   (s64)atomic64_read(&d->slow_path),
		   (s64)atomic64_read(&d->dropped));
	devl_unlock(d->dl);
}

/* one line for each port: index, representor, function's netdev, counters */
static void functions_show(struct seq_file *s, struct dpl *d)
{
	struct net_device *rep, *fn;
	struct dpl_port *p;

	devl_lock(d->dl);
	rtnl_lock();
	list_for_each_entry(p, &d->ports, list) {
		rep = rtnl_dereference(p->rep);
		fn = rtnl_dereference(p->fn);
		seq_printf(s, "%u flavour %d c%u pf%u num %u rep %s fn %s in %lld out %lld rules %d\n",
			   p->index, p->flavour, p->controller, p->pf, p->num,
			   rep ? rep->name : "-", fn ? fn->name : "-",
			   (s64)atomic64_read(&p->in_pkts),
			   (s64)atomic64_read(&p->out_pkts),
			   atomic_read(&p->nrules));
	}
	rtnl_unlock();
	devl_unlock(d->dl);
}

static const struct dpl_file files[] = {
	{ "fw_stored", fw_stored_show, fw_stored_write },
	{ "health_error", NULL, health_error_write },
	{ "vfs", num_vfs_show, num_vfs_write },
	{ "host_vfs", host_vfs_show, host_vfs_write },
	{ "host_attach", NULL, host_attach_write },
	{ "wire", wire_show, NULL },
	{ "link", link_show, link_write },
	{ "sf_cfg", sf_cfg_show, sf_cfg_write },
	{ "sf_eth_default", sf_eth_show, sf_eth_write },
	{ "stats", stats_show, NULL },
	{ "functions", functions_show, NULL },
};

static const struct dpl_file *file_of(const struct file *f)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		if (!strcmp(files[i].name, f->f_path.dentry->d_name.name))
			return &files[i];
	return NULL;
}

static int any_show(struct seq_file *s, void *v)
{
	const struct dpl_file *file = file_of(s->file);

	if (!file || !file->show)
		return -EINVAL;
	file->show(s, s->private);
	return 0;
}

static int any_open(struct inode *inode, struct file *f)
{
	return single_open(f, any_show, inode->i_private);
}

static ssize_t any_write(struct file *f, const char __user *u, size_t n,
			 loff_t *pos)
{
	const struct dpl_file *file = file_of(f);
	char buf[128];
	ssize_t ret;

	if (!file || !file->write)
		return -EINVAL;
	ret = get_arg(buf, sizeof(buf), u, n);
	if (ret)
		return ret;
	ret = file->write(file_dpl(f), buf);
	return ret ? ret : (ssize_t)n;
}

static const struct file_operations any_fops = {
	.owner = THIS_MODULE, .open = any_open, .read = seq_read,
	.write = any_write, .llseek = seq_lseek, .release = single_release,
};

void dpl_debugfs_add(struct dpl *d)
{
	struct dentry *sub;
	size_t i;

	d->dbg = debugfs_create_dir(dev_name(d->dev), dpl_debugfs);
	for (i = 0; i < ARRAY_SIZE(files); i++)
		debugfs_create_file(files[i].name, (files[i].show ? 0444 : 0) |
				    (files[i].write ? 0200 : 0), d->dbg, d,
				    &any_fops);
	sub = debugfs_create_dir("fault", d->dbg);
	for (i = 0; i < DPL_OP_MAX; i++)
		debugfs_create_file(ops[i].name, 0644, sub, d, &fault_fops);
	sub = debugfs_create_dir("delay", d->dbg);
	for (i = 0; i < DPL_DELAY_MAX; i++)
		debugfs_create_file(delays[i], 0644, sub, d, &delay_fops);
}

void dpl_debugfs_del(struct dpl *d)
{
	debugfs_remove_recursive(d->dbg);
}
