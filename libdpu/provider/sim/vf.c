/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VFs: how many there are, and what the PF's network device and its PCI function decide for them, with the
 * refusals of mlx5 and the kernel in their own words. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "provider/sim/sim.h"

static uint32_t count_vfs(const struct sim_model *model, const struct sim_pf *pf)
{
	uint32_t count = 0;
	size_t i;

	for (i = 0; i < model->function_count; i++) {
		if (model->functions[i].pfnum == pf->pfnum && model->functions[i].type == DPU_FUNCTION_VF)
			count++;
	}
	return count;
}

static uint32_t total_vfs(const struct sim_model *model, const struct sim_pf *pf)
{
	const struct nv_param_info *own = nv_param_find("PF_NUM_OF_VF");
	const struct sim_tlv *tlv = &pf->tlvs[own->field.tlv];

	if (!sim_nvconfig_current(model, NULL, "SRIOV_EN"))
		return 0;
	/* The PF's own number counts where the board says so and the PF has one. */
	if (sim_nvconfig_current(model, NULL, "PF_NUM_OF_VF_VALID") &&
	    nv_field_get(&own->valid, tlv->current))
		return nv_field_get(&own->field, tlv->current);
	return (uint32_t)sim_nvconfig_current(model, NULL, "NUM_OF_VFS");
}

int sim_vf_count(struct dpu_ctx *ctx, const char *handle, uint32_t *total)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	int rc;

	rc = sim_read_eswitch(sim, "vf_count", handle, &pf);
	if (rc < 0)
		return rc;
	*total = total_vfs(sim->model, pf);
	return (int)count_vfs(sim->model, pf);
}

static void remove_vfs(struct sim *sim, struct sim_pf *pf)
{
	struct sim_function *function;
	size_t i = sim->model->function_count;

	while (i--) {
		function = &sim->model->functions[i];
		if (function->pfnum != pf->pfnum || function->type != DPU_FUNCTION_VF)
			continue;
		sim_flows_forget_port(pf, function->port, function->representor);
		sim_model_remove(sim->model, function);
	}
}

static int add_vfs(struct sim *sim, struct sim_pf *pf, uint32_t count)
{
	int64_t ready = sim_settle_ms(sim, "representors");
	struct sim_function *vf;
	uint32_t i;

	for (i = 0; i < count; i++) {
		vf = sim_model_add(sim->ctx, sim->model, DPU_FUNCTION_VF);
		if (!vf) {
			remove_vfs(sim, pf);
			return ctx_fail_nomem(sim->ctx, "vf_set_count");
		}
		vf->pfnum = pf->pfnum;
		vf->vf.unbound = !pf->autoprobe;
		vf->controller = sim_vf_controller(sim->model);
		vf->number = i;
		vf->state = DPU_FUNCTION_ACTIVE;
		vf->representor_ms = ready;
		sim_model_name_vf(sim->model, vf);
	}
	return 0;
}

static int check_vfs(struct sim *sim, const struct sim_pf *pf, const char *handle, uint32_t count)
{
	uint32_t now = count_vfs(sim->model, pf), total = total_vfs(sim->model, pf);

	if (count > total)
		return ctx_fail(sim->ctx, -ERANGE, "vf_set_count", handle, "the PF can have %" PRIu32 " VFs",
				total);
	if (now && count)
		return ctx_fail(sim->ctx, -EBUSY, "vf_set_count", handle,
				"%" PRIu32 " VFs already enabled. Disable before enabling %" PRIu32 " VFs",
				now, count);
	return 0;
}

int sim_vf_set_count(struct dpu_ctx *ctx, const char *handle, uint32_t count)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	int rc;

	rc = sim_begin_eswitch(sim, "vf_set_count", handle, &pf);
	if (rc < 0)
		return rc;
	rc = check_vfs(sim, pf, handle, count);
	if (rc == 0 && count)
		rc = add_vfs(sim, pf, count);
	else if (rc == 0)
		remove_vfs(sim, pf);
	return sim_end(sim, rc);
}

/* The way to one VF. After 0 of the one that begins, sim_end() must follow. */
static int find_vf(struct sim *sim, const char *step, const char *handle, const struct sim_pf *pf,
		   uint32_t vfnum, struct sim_function **vf)
{
	struct sim_function *function;
	char object[96];
	size_t i;

	for (i = 0; i < sim->model->function_count; i++) {
		function = &sim->model->functions[i];
		if (function->type != DPU_FUNCTION_VF || function->pfnum != pf->pfnum ||
		    function->number != vfnum)
			continue;
		*vf = function;
		return 0;
	}
	snprintf(object, sizeof(object), "%s vf %" PRIu32, handle, vfnum);
	return ctx_fail(sim->ctx, -ENODEV, step, object, "there is no such VF");
}

static int read_vf(struct sim *sim, const char *step, const char *handle, uint32_t vfnum, struct sim_pf **pf,
		   struct sim_function **vf)
{
	int rc = sim_read_eswitch(sim, step, handle, pf);

	return rc < 0 ? rc : find_vf(sim, step, handle, *pf, vfnum, vf);
}

static int begin_vf(struct sim *sim, const char *step, const char *handle, uint32_t vfnum, struct sim_pf **pf,
		    struct sim_function **vf)
{
	int rc;

	rc = sim_begin_eswitch(sim, step, handle, pf);
	if (rc < 0)
		return rc;
	rc = find_vf(sim, step, handle, *pf, vfnum, vf);
	if (rc < 0)
		sim_abort(sim);
	return rc;
}

enum {
	/* What goes through the PF's network device in switchdev mode too. */
	SWITCHDEV_FIELDS = DPU_VF_HW_ADDR | DPU_VF_LINK_STATE | DPU_VF_RATE,
	ALL_FIELDS = SWITCHDEV_FIELDS | DPU_VF_VLAN | DPU_VF_SPOOFCHK | DPU_VF_TRUST | DPU_VF_NODE_GUID |
		     DPU_VF_PORT_GUID,
};

int sim_vf_attrs_get(struct dpu_ctx *ctx, const char *handle, uint32_t vfnum, struct dpu_vf_attrs *ret)
{
	struct sim_function *vf;
	struct sim_pf *pf;
	int rc;

	rc = read_vf(sim_of(ctx), "vf_attrs_get", handle, vfnum, &pf, &vf);
	if (rc < 0)
		return rc;
	*ret = (struct dpu_vf_attrs){
		.sz = sizeof(*ret),
		.set = SWITCHDEV_FIELDS,
		.link_state = vf->vf.link_state,
		.min_tx_rate = (uint32_t)(vf->rate.tx_share / SIM_RATE_UNIT),
		.max_tx_rate = (uint32_t)(vf->rate.tx_max / SIM_RATE_UNIT),
	};
	memcpy(ret->hw_addr, vf->hw_addr, sizeof(ret->hw_addr));
	if (pf->eswitch_mode != DPU_ESWITCH_LEGACY)
		return 0;
	ret->set = ALL_FIELDS;
	ret->vlan = vf->vf.vlan;
	ret->qos = vf->vf.qos;
	ret->vlan_proto = vf->vf.vlan_proto;
	ret->spoofchk = vf->vf.spoofchk;
	ret->trust = (vf->caps & DPU_FUNCTION_CAP_TRUST) != 0;
	ret->node_guid = vf->vf.node_guid;
	ret->port_guid = vf->vf.port_guid;
	return 0;
}

static int check_attrs(struct sim *sim, const char *object, const struct sim_pf *pf,
		       const struct dpu_vf_attrs *attrs)
{
	uint32_t fields = pf->eswitch_mode == DPU_ESWITCH_LEGACY ? ALL_FIELDS : SWITCHDEV_FIELDS;
	struct dpu_ctx *ctx = sim->ctx;
	const char *step = "vf_attrs_set";

	/* libvirt takes away a VLAN that is not there, and the driver lets it. */
	if (attrs->set & DPU_VF_VLAN && !attrs->vlan && !attrs->qos)
		fields |= DPU_VF_VLAN;
	if (attrs->set & ~fields)
		return ctx_fail(ctx, -EOPNOTSUPP, step, object, NULL);
	if (attrs->set & DPU_VF_HW_ADDR && attrs->hw_addr[0] & 1)
		return ctx_fail(ctx, -EINVAL, step, object, "a multicast address");
	if (attrs->set & DPU_VF_VLAN && (attrs->vlan > 4094 || attrs->qos > 7))
		return ctx_fail(ctx, -EINVAL, step, object, "VLAN ids go to 4094, priorities to 7");
	if (attrs->set & DPU_VF_VLAN && attrs->vlan_proto && attrs->vlan_proto != 0x8100 &&
	    attrs->vlan_proto != 0x88a8)
		return ctx_fail(ctx, -EPROTONOSUPPORT, step, object, NULL);
	if (attrs->set & DPU_VF_LINK_STATE &&
	    !dpu_vf_link_state_name((enum dpu_vf_link_state)attrs->link_state))
		return ctx_fail(ctx, -EINVAL, step, object, "there is no such link state");
	if (attrs->set & DPU_VF_RATE)
		return sim_rate_check(sim, step, object, attrs->min_tx_rate * SIM_RATE_UNIT,
				      attrs->max_tx_rate * SIM_RATE_UNIT);
	return 0;
}

static void set_attrs(struct sim_function *vf, const struct dpu_vf_attrs *attrs)
{
	if (attrs->set & DPU_VF_HW_ADDR)
		memcpy(vf->hw_addr, attrs->hw_addr, sizeof(vf->hw_addr));
	if (attrs->set & DPU_VF_VLAN) {
		vf->vf.vlan = attrs->vlan;
		vf->vf.qos = attrs->qos;
		vf->vf.vlan_proto = attrs->vlan_proto ? attrs->vlan_proto : 0x8100;
	}
	if (attrs->set & DPU_VF_SPOOFCHK)
		vf->vf.spoofchk = attrs->spoofchk != 0;
	if (attrs->set & DPU_VF_TRUST) {
		vf->caps &= ~(uint32_t)DPU_FUNCTION_CAP_TRUST;
		vf->caps |= attrs->trust ? DPU_FUNCTION_CAP_TRUST : 0;
	}
	if (attrs->set & DPU_VF_LINK_STATE)
		vf->vf.link_state = (enum dpu_vf_link_state)attrs->link_state;
	if (attrs->set & DPU_VF_RATE) {
		vf->rate.tx_share = attrs->min_tx_rate * SIM_RATE_UNIT;
		vf->rate.tx_max = attrs->max_tx_rate * SIM_RATE_UNIT;
	}
	if (attrs->set & DPU_VF_NODE_GUID)
		vf->vf.node_guid = attrs->node_guid;
	if (attrs->set & DPU_VF_PORT_GUID)
		vf->vf.port_guid = attrs->port_guid;
}

int sim_vf_attrs_set(struct dpu_ctx *ctx, const char *handle, uint32_t vfnum,
		     const struct dpu_vf_attrs *attrs)
{
	struct sim *sim = sim_of(ctx);
	struct sim_function *vf;
	struct sim_pf *pf;
	char object[96];
	int rc;

	rc = begin_vf(sim, "vf_attrs_set", handle, vfnum, &pf, &vf);
	if (rc < 0)
		return rc;
	snprintf(object, sizeof(object), "%s vf %" PRIu32, handle, vfnum);
	rc = check_attrs(sim, object, pf, attrs);
	if (rc == 0)
		set_attrs(vf, attrs);
	return sim_end(sim, rc);
}

/* What the e-switch sent out through the port is what the VF received. */
int sim_vf_stats(struct dpu_ctx *ctx, const char *handle, uint32_t vfnum, struct dpu_vf_stats *ret)
{
	const struct sim_counters *counters;
	struct sim_function *vf;
	struct sim_pf *pf;
	int rc;

	rc = read_vf(sim_of(ctx), "vf_stats", handle, vfnum, &pf, &vf);
	if (rc < 0)
		return rc;
	counters = &vf->counters.now;
	*ret = (struct dpu_vf_stats){
		.sz = sizeof(*ret),
		.rx_packets = counters->tx_packets,
		.rx_bytes = counters->tx_bytes,
		.rx_dropped = counters->tx_dropped,
		.tx_packets = counters->rx_packets,
		.tx_bytes = counters->rx_bytes,
		.tx_dropped = counters->rx_dropped,
	};
	return 0;
}

/* What the driver gives each of so many VFs. */
static uint32_t default_msix(uint32_t vfs)
{
	uint32_t each = SIM_MSIX_TOTAL / vfs;

	if (each > SIM_MSIX_MAX)
		return SIM_MSIX_MAX;
	return each < SIM_MSIX_MIN ? SIM_MSIX_MIN : each;
}

/* How many vectors all VFs of the PF but one have. */
static uint32_t msix_of_others(const struct sim_model *model, const struct sim_pf *pf,
			       const struct sim_function *vf)
{
	uint32_t each = default_msix(count_vfs(model, pf)), sum = 0;
	const struct sim_function *function;
	size_t i;

	for (i = 0; i < model->function_count; i++) {
		function = &model->functions[i];
		if (function->type == DPU_FUNCTION_VF && function->pfnum == pf->pfnum && function != vf)
			sum += function->vf.msix ? function->vf.msix : each;
	}
	return sum;
}

int sim_vf_set_msix(struct dpu_ctx *ctx, const char *handle, uint32_t vfnum, uint32_t count)
{
	struct sim *sim = sim_of(ctx);
	struct sim_function *vf;
	struct sim_pf *pf;
	char object[96];
	uint32_t want;
	int rc;

	rc = begin_vf(sim, "vf_set_msix", handle, vfnum, &pf, &vf);
	if (rc < 0)
		return rc;
	snprintf(object, sizeof(object), "%s vf %" PRIu32, handle, vfnum);
	want = count ? count : default_msix(count_vfs(sim->model, pf));
	if (sim_attached(vf)) {
		ctx_fail(ctx, -EBUSY, "vf_set_msix", object, "a driver has the VF");
		rc = ctx_hint(ctx, "unbind the VF, or turn autoprobe off before the VFs are made");
	} else if (want < SIM_MSIX_MIN) {
		rc = ctx_fail(ctx, -EINVAL, "vf_set_msix", object, "a VF has at least %d vectors",
			      SIM_MSIX_MIN);
	} else if (want > SIM_MSIX_MAX) {
		rc = ctx_fail(ctx, -EOVERFLOW, "vf_set_msix", object, "a VF has at most %d vectors",
			      SIM_MSIX_MAX);
	} else if (want + msix_of_others(sim->model, pf, vf) > SIM_MSIX_TOTAL) {
		rc = ctx_fail(ctx, -ENOSPC, "vf_set_msix", object,
			      "the other VFs leave %" PRIu32 " of %d vectors",
			      SIM_MSIX_TOTAL - msix_of_others(sim->model, pf, vf), SIM_MSIX_TOTAL);
	} else {
		vf->vf.msix = count;
	}
	return sim_end(sim, rc);
}

int sim_vf_msix_total(struct dpu_ctx *ctx, const char *handle)
{
	struct sim_pf *pf;
	int rc;

	rc = sim_read_eswitch(sim_of(ctx), "vf_msix_total", handle, &pf);
	return rc < 0 ? rc : SIM_MSIX_TOTAL;
}

int sim_vf_autoprobe(struct dpu_ctx *ctx, const char *handle)
{
	struct sim_pf *pf;
	int rc;

	rc = sim_read_eswitch(sim_of(ctx), "vf_autoprobe", handle, &pf);
	return rc < 0 ? rc : pf->autoprobe;
}

int sim_vf_set_autoprobe(struct dpu_ctx *ctx, const char *handle, bool on)
{
	struct sim *sim = sim_of(ctx);
	struct sim_pf *pf;
	int rc;

	rc = sim_begin_eswitch(sim, "vf_set_autoprobe", handle, &pf);
	if (rc < 0)
		return rc;
	pf->autoprobe = on;
	return sim_end(sim, 0);
}
