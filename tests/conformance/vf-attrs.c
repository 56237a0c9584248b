/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a PF decides for its VFs, in legacy mode and in switchdev mode. */
#include <errno.h>
#include "conformance.h"

static const uint8_t mac[6] = { 0x02, 0, 0, 0, 0x11, 0x22 };

static struct dpu_function *first_vf(struct dpu_device *device)
{
	struct dpu_function *function, *vf = NULL;
	struct dpu_function_list *list;
	size_t i;

	must(dpu_function_list(device, &list) == 0);
	for (i = 0; i < dpu_function_list_count(list) && !vf; i++) {
		function = dpu_function_list_get(list, i);
		/* On a DPU there are also those of the host's PF; the ones here are what vf_count() is about.
		 */
		if (dpu_function_type(function) == DPU_FUNCTION_VF && dpu_function_number(function) == 0)
			vf = dpu_function_ref(function);
	}
	dpu_function_list_unref(list);
	return vf;
}

static void legacy(struct dpu_function *vf)
{
	DPU_OPTS(dpu_vf_attrs, attrs,
		 .set = DPU_VF_HW_ADDR | DPU_VF_VLAN | DPU_VF_SPOOFCHK | DPU_VF_TRUST | DPU_VF_LINK_STATE |
			DPU_VF_RATE,
		 .vlan = 100, .qos = 3, .spoofchk = 1, .trust = 1, .link_state = DPU_VF_LINK_ENABLE,
		 .max_tx_rate = 1000, .min_tx_rate = 10);
	DPU_OPTS(dpu_vf_attrs, now);
	DPU_OPTS(dpu_vf_stats, stats);

	memcpy(attrs.hw_addr, mac, sizeof(mac));
	is_int(dpu_vf_attrs_set(vf, &attrs), 0);
	is_int(dpu_vf_attrs_get(vf, &now), 0);
	is_int(now.set & attrs.set, attrs.set);
	ok(!memcmp(now.hw_addr, mac, sizeof(mac)), "the address is as set");
	is_int(now.vlan, 100);
	is_int(now.qos, 3);
	is_int(now.vlan_proto, 0x8100);
	is_int(now.spoofchk, 1);
	is_int(now.trust, 1);
	is_int(now.link_state, DPU_VF_LINK_ENABLE);
	is_int(now.max_tx_rate, 1000);
	is_int(now.min_tx_rate, 10);
	attrs.set = DPU_VF_VLAN | DPU_VF_TRUST;
	attrs.vlan = 200;
	attrs.vlan_proto = 0x88a8;
	attrs.trust = 0;
	is_int(dpu_vf_attrs_set(vf, &attrs), 0);
	is_int(dpu_vf_attrs_get(vf, &now), 0);
	ok(now.vlan == 200 && now.vlan_proto == 0x88a8 && !now.trust && now.spoofchk == 1,
	   "the outer tag of 802.1ad, and the rest as it was");
	attrs.vlan = 4095;
	is_int(dpu_vf_attrs_set(vf, &attrs), -EINVAL);
	attrs.vlan = 5;
	attrs.vlan_proto = 0x9100;
	is_int(dpu_vf_attrs_set(vf, &attrs), -EINVAL);
	attrs.set = DPU_VF_RATE;
	attrs.min_tx_rate = 2000;
	is_int(dpu_vf_attrs_set(vf, &attrs), -EINVAL);
	attrs.set = DPU_VF_LINK_STATE;
	attrs.link_state = 3;
	is_int(dpu_vf_attrs_set(vf, &attrs), -EINVAL);
	is_int(dpu_vf_attrs_get(vf, &now), 0);
	ok(now.vlan == 200 && now.min_tx_rate == 10 && now.link_state == DPU_VF_LINK_ENABLE,
	   "what was refused has changed nothing");
	is_int(dpu_vf_stats(vf, &stats), 0);
	now.sz = stats.sz = 0;
	is_int(dpu_vf_attrs_get(vf, &now), -EINVAL);
	is_int(dpu_vf_stats(vf, &stats), -EINVAL);
	is_int(dpu_vf_attrs_set(vf, NULL), -EINVAL);
}

static void switchdev(struct dpu_function *vf)
{
	DPU_OPTS(dpu_vf_attrs, attrs, .set = DPU_VF_HW_ADDR | DPU_VF_RATE, .max_tx_rate = 500,
		 .min_tx_rate = 5);
	DPU_OPTS(dpu_vf_attrs, now);
	struct dpu_function *again = NULL;

	memcpy(attrs.hw_addr, mac, sizeof(mac));
	attrs.hw_addr[5] = 0x33;
	is_int(dpu_vf_attrs_set(vf, &attrs), 0);
	is_int(dpu_vf_attrs_get(vf, &now), 0);
	ok(now.set & DPU_VF_HW_ADDR && now.hw_addr[5] == 0x33, "the address goes through the port");
	ok(now.set & DPU_VF_RATE && now.max_tx_rate == 500 && now.min_tx_rate == 5,
	   "the rates through the leaf");
	is_int(dpu_function_refresh(vf, &again), 0);
	ok(again && dpu_function_hw_addr(again)[5] == 0x33, "the function has that address");
	dpu_function_unref(again);
	attrs.set = DPU_VF_HW_ADDR | DPU_VF_VLAN;
	attrs.vlan = 7;
	attrs.hw_addr[5] = 0x44;
	ok(dpu_vf_attrs_set(vf, &attrs) < 0, "a VLAN is for rules to give in this mode");
	is_int(dpu_vf_attrs_get(vf, &now), 0);
	is_int(now.hw_addr[5], 0x33); /* put back */
}

/* Interrupts, on a VF that no driver has. */
static void interrupts(struct dpu_device *device)
{
	struct dpu_function *vf;
	int total;

	total = dpu_vf_msix_total(device);
	if (total < 0) {
		tap_skip("no interrupts to hand out: %s", dpu_ctx_error_text(dpu_device_ctx(device)));
		return;
	}
	is_int(dpu_vf_set_count(device, 0, DEADLINE_MS), 0);
	is_int(dpu_vf_set_autoprobe(device, 0), 0);
	is_int(dpu_vf_autoprobe(device), 0);
	is_int(dpu_vf_set_count(device, 2, DEADLINE_MS), 0);
	vf = first_vf(device);
	must(vf);
	is_int(dpu_function_opstate(vf), DPU_FUNCTION_DETACHED);
	is_int(dpu_vf_set_msix(vf, 4), 0);
	ok(dpu_vf_set_msix(vf, (uint32_t)total + 1) < 0, "there are not more than there are");
	dpu_function_unref(vf);
	is_int(dpu_vf_set_autoprobe(device, 1), 0);
	is_int(dpu_vf_autoprobe(device), 1);
	is_int(dpu_vf_set_count(device, 0, DEADLINE_MS), 0);
	is_int(dpu_vf_set_count(device, 2, DEADLINE_MS), 0);
	vf = first_vf(device);
	must(vf);
	is_int(dpu_vf_set_msix(vf, 4), -EBUSY);
	dpu_function_unref(vf);
}

void chapter_vf_attributes(struct dpu_ctx *ctx)
{
	struct dpu_device *device = conformance_eswitch_device(ctx);
	enum dpu_vf_link_state state = DPU_VF_LINK_AUTO;
	struct dpu_function *vf;
	uint32_t total = 0;
	int rc;

	tap_diag("chapter: VF attributes");
	rc = device ? dpu_vf_count(device, &total) : -EOPNOTSUPP;
	if (rc < 0 || total < 3 || dpu_vf_set_count(device, 2, DEADLINE_MS) < 0) {
		tap_skip("no VFs here: %s", device ? dpu_ctx_error_text(ctx) : "no e-switch");
		dpu_device_unref(device);
		return;
	}
	is_int(dpu_vf_link_state_parse("disable", &state), 0);
	is_int(state, DPU_VF_LINK_DISABLE);
	is_str(dpu_vf_link_state_name(DPU_VF_LINK_AUTO), "auto");
	is_int(dpu_eswitch_mode_set(device, DPU_ESWITCH_LEGACY, DEADLINE_MS), 0);
	vf = first_vf(device);
	must(vf);
	legacy(vf);
	dpu_function_unref(vf);
	is_int(dpu_eswitch_mode_set(device, DPU_ESWITCH_SWITCHDEV, DEADLINE_MS), 0);
	vf = first_vf(device);
	must(vf);
	switchdev(vf);
	dpu_function_unref(vf);
	interrupts(device);
	is_int(dpu_vf_set_count(device, 0, DEADLINE_MS), 0);
	dpu_device_unref(device);
}
