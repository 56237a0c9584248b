/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a PF decides for its VFs. In switchdev mode a VF has a port, which takes its address and its rates;
 * the rest, and all of it in legacy mode, goes through the PF's network device. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "core/opts.h"
#include "function/function.h"

_Static_assert(sizeof(struct dpu_vf_attrs) == offsetof(struct dpu_vf_attrs, reserved) + 6,
	       "dpu_vf_attrs has tail padding");
_Static_assert(sizeof(struct dpu_vf_stats) == offsetof(struct dpu_vf_stats, multicast) + sizeof(uint64_t),
	       "dpu_vf_stats has tail padding");

enum {
	VF_FIELDS = DPU_VF_HW_ADDR | DPU_VF_VLAN | DPU_VF_SPOOFCHK | DPU_VF_TRUST | DPU_VF_LINK_STATE |
		    DPU_VF_RATE | DPU_VF_NODE_GUID | DPU_VF_PORT_GUID,
	VLAN_MAX = 4094,
	QOS_MAX = 7,
	PROTO_8021Q = 0x8100,
	PROTO_8021AD = 0x88a8,
	MBIT_BYTES = 1000 * 1000 / 8,
};

static int check_vf(struct dpu_function *vf, const char *step)
{
	struct dpu_ctx *ctx = vf->device->ctx;
	char name[32];

	if (vf->info.type == DPU_FUNCTION_VF)
		return 0;
	function_format(&vf->info, name, sizeof(name));
	return ctx_fail(ctx, -EINVAL, step, name, "the function is no VF");
}

/* VFs of another machine's PF, of which there is only the port here. */
static bool is_foreign(const struct dpu_function *vf)
{
	return vf->info.controller != vf->device->info.vf_controller;
}

static int fail_foreign(struct dpu_function *vf, const char *step)
{
	char name[32];

	function_format(&vf->info, name, sizeof(name));
	return ctx_fail(vf->device->ctx, -EOPNOTSUPP, step, name,
			"the VF's PF is another machine's: only what its port has can be had here");
}

/* The way into what only the PF's own machine has. */
static int check_own_vf(struct dpu_function *vf, const char *step)
{
	int rc = check_vf(vf, step);

	return rc == 0 && is_foreign(vf) ? fail_foreign(vf, step) : rc;
}

/* The rates of a VF's port, as Mbit per second. 1 when it has any, 0, or a negative errno. */
static int read_rates(struct dpu_function *vf, struct dpu_vf_attrs *attrs)
{
	struct dpu_ctx *ctx = vf->device->ctx;
	struct dpu_rate *rates = NULL;
	size_t count = 0, i;
	int rc;

	rc = ctx->ops->rates(ctx, vf->device->info.handle, &rates, &count);
	if (rc == -EOPNOTSUPP)
		return 0;
	if (rc < 0)
		return rc;
	for (i = 0; i < count; i++) {
		if (rates[i].type == DPU_RATE_LEAF && rates[i].port == vf->info.port)
			break;
	}
	if (i < count) {
		attrs->min_tx_rate = (uint32_t)(rates[i].tx_share / MBIT_BYTES);
		attrs->max_tx_rate = (uint32_t)(rates[i].tx_max / MBIT_BYTES);
	}
	ctx_free(ctx, rates);
	return i < count;
}

static int read_port(struct dpu_function *vf, struct dpu_vf_attrs *attrs)
{
	struct dpu_ctx *ctx = vf->device->ctx;
	struct provider_function now;
	int rc;

	rc = ctx->ops->function(ctx, vf->device->info.handle, vf->info.port, &now, NULL);
	if (rc < 0)
		return rc;
	memcpy(attrs->hw_addr, now.hw_addr, sizeof(attrs->hw_addr));
	attrs->set |= DPU_VF_HW_ADDR;
	rc = read_rates(vf, attrs);
	if (rc > 0)
		attrs->set |= DPU_VF_RATE;
	return rc < 0 ? rc : 0;
}

static int read_attrs(struct dpu_function *vf, struct dpu_vf_attrs *attrs)
{
	struct dpu_ctx *ctx = vf->device->ctx;
	int rc;

	if (is_foreign(vf))
		rc = fail_foreign(vf, "vf_attrs_get");
	else
		rc = ctx->ops->vf_attrs_get(ctx, vf->device->info.handle, vf->info.number, attrs);
	/* In switchdev mode the PF's network device need not know its VFs. */
	if (rc == -EOPNOTSUPP && vf->info.has_port) {
		memset(attrs, 0, sizeof(*attrs));
		rc = 0;
	}
	if (rc < 0 || !vf->info.has_port)
		return rc;
	return read_port(vf, attrs);
}

int dpu_vf_attrs_get(struct dpu_function *vf, struct dpu_vf_attrs *attrs)
{
	DPU_OPTS(dpu_vf_attrs, result);
	struct dpu_ctx *ctx = vf->device->ctx;
	int rc;

	if (!opts_valid(attrs))
		return ctx_fail(ctx, -EINVAL, "vf_attrs_get", vf->device->info.handle, "sz is not set");
	rc = check_vf(vf, "vf_attrs_get");
	if (rc == 0)
		rc = read_attrs(vf, &result);
	if (rc < 0)
		return rc;
	opts_write(attrs, &result, sizeof(result));
	return 0;
}

static int check_attrs(struct dpu_function *vf, struct dpu_vf_attrs *attrs)
{
	static const uint8_t none[6];
	struct dpu_ctx *ctx = vf->device->ctx;
	const char *bad = NULL;
	char name[32];

	if (!attrs->vlan_proto)
		attrs->vlan_proto = PROTO_8021Q;
	if (attrs->set & ~(uint32_t)VF_FIELDS || memcmp(attrs->reserved, none, sizeof(none)) != 0)
		bad = "malformed attributes";
	else if (attrs->set & DPU_VF_VLAN && (attrs->vlan > VLAN_MAX || attrs->qos > QOS_MAX))
		bad = "VLAN ids go to 4094, priorities to 7";
	else if (attrs->set & DPU_VF_VLAN && attrs->vlan_proto != PROTO_8021Q &&
		 attrs->vlan_proto != PROTO_8021AD)
		bad = "a VLAN's protocol is 0x8100 or 0x88a8";
	else if (attrs->set & DPU_VF_LINK_STATE && attrs->link_state > DPU_VF_LINK_DISABLE)
		bad = "there is no such link state";
	else if (attrs->set & DPU_VF_RATE && attrs->max_tx_rate && attrs->min_tx_rate > attrs->max_tx_rate)
		bad = "more is assured (min_tx_rate) than allowed (max_tx_rate)";
	if (bad) {
		function_format(&vf->info, name, sizeof(name));
		return ctx_fail(ctx, -EINVAL, "vf_attrs_set", name, "%s", bad);
	}
	return attrs->set & DPU_VF_HW_ADDR ? function_check_hw_addr(ctx, "vf_attrs_set", attrs->hw_addr) : 0;
}

/* Sets the one attribute that attrs->set has. */
static int set_one(struct dpu_function *vf, const struct dpu_vf_attrs *attrs)
{
	const char *handle = vf->device->info.handle;
	struct dpu_ctx *ctx = vf->device->ctx;
	DPU_OPTS(dpu_rate_attrs, rate, .set = DPU_RATE_TX_SHARE | DPU_RATE_TX_MAX, .parent = "");

	if (vf->info.has_port && attrs->set == DPU_VF_HW_ADDR)
		return ctx->ops->function_set_hw_addr(ctx, handle, vf->info.port, attrs->hw_addr);
	if (vf->info.has_port && attrs->set == DPU_VF_RATE) {
		rate.port = vf->info.port;
		rate.tx_share = (uint64_t)attrs->min_tx_rate * MBIT_BYTES;
		rate.tx_max = (uint64_t)attrs->max_tx_rate * MBIT_BYTES;
		return ctx->ops->rate_set(ctx, handle, &rate);
	}
	if (is_foreign(vf))
		return fail_foreign(vf, "vf_attrs_set");
	return ctx->ops->vf_attrs_set(ctx, handle, vf->info.number, attrs);
}

/* Puts back those of the attributes that have been changed. */
static void put_back(struct dpu_function *vf, const struct dpu_vf_attrs *before, uint32_t changed)
{
	struct dpu_ctx *ctx = vf->device->ctx;
	struct dpu_error error = ctx->error;
	struct dpu_vf_attrs one = *before;
	uint32_t bit;

	for (bit = 1; bit <= VF_FIELDS; bit <<= 1) {
		one.set = before->set & changed & bit;
		if (one.set)
			set_one(vf, &one);
	}
	ctx->error = error;
}

int dpu_vf_attrs_set(struct dpu_function *vf, const struct dpu_vf_attrs *user)
{
	DPU_OPTS(dpu_vf_attrs, before);
	struct dpu_ctx *ctx = vf->device->ctx;
	struct dpu_vf_attrs attrs, one;
	uint32_t bit;
	int rc;

	rc = opts_read(&attrs, sizeof(attrs), user);
	if (rc < 0 || !user)
		return ctx_fail(ctx, -EINVAL, "vf_attrs_set", vf->device->info.handle,
				"malformed attributes");
	rc = check_vf(vf, "vf_attrs_set");
	if (rc == 0)
		rc = check_attrs(vf, &attrs);
	if (rc == 0)
		rc = read_attrs(vf, &before);
	if (rc < 0)
		return rc;
	one = attrs;
	for (bit = 1; bit <= VF_FIELDS; bit <<= 1) {
		one.set = attrs.set & bit;
		if (!one.set)
			continue;
		rc = set_one(vf, &one);
		if (rc < 0) {
			/* The refused one too: the kernel takes two rates one after the other. */
			put_back(vf, &before, attrs.set & ((bit << 1) - 1));
			return rc;
		}
	}
	return 0;
}

int dpu_vf_stats(struct dpu_function *vf, struct dpu_vf_stats *stats)
{
	DPU_OPTS(dpu_vf_stats, result);
	struct dpu_ctx *ctx = vf->device->ctx;
	int rc;

	if (!opts_valid(stats))
		return ctx_fail(ctx, -EINVAL, "vf_stats", vf->device->info.handle, "sz is not set");
	rc = check_own_vf(vf, "vf_stats");
	if (rc == 0)
		rc = ctx->ops->vf_stats(ctx, vf->device->info.handle, vf->info.number, &result);
	if (rc < 0)
		return rc;
	opts_write(stats, &result, sizeof(result));
	return 0;
}

int dpu_vf_set_msix(struct dpu_function *vf, uint32_t count)
{
	struct dpu_ctx *ctx = vf->device->ctx;
	int rc;

	rc = check_own_vf(vf, "vf_set_msix");
	if (rc < 0)
		return rc;
	return ctx->ops->vf_set_msix(ctx, vf->device->info.handle, vf->info.number, count);
}

int dpu_vf_msix_total(struct dpu_device *device)
{
	return device->ctx->ops->vf_msix_total(device->ctx, device->info.handle);
}

int dpu_vf_autoprobe(struct dpu_device *device)
{
	return device->ctx->ops->vf_autoprobe(device->ctx, device->info.handle);
}

int dpu_vf_set_autoprobe(struct dpu_device *device, int on)
{
	return device->ctx->ops->vf_set_autoprobe(device->ctx, device->info.handle, on != 0);
}
