/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Faults and latencies on demand. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include "core/text.h"
#include "provider/sim/sim.h"

/* What each background step takes when nothing else was asked for. */
#define SETTLE_MS 2
#define MAX_LATENCY_MS (3600 * 1000)

static const char *const steps[] = {
	"devices",
	"ports",
	"functions",
	"port",
	"function",
	"versions",
	"rdma",
	"params",
	"param_set",
	"rates",
	"rate_set",
	"rate_node_add",
	"rate_node_delete",
	"health",
	"health_recover",
	"health_set",
	"resources",
	"resource_set",
	"port_stats",
	"eswitch_mode_get",
	"eswitch_mode_set",
	"eswitch_attrs_get",
	"eswitch_attrs_set",
	"reload",
	"firmware",
	"nvconfig_supports",
	"nvconfig_get",
	"nvconfig_update",
	"nvconfig_reset",
	"mode_evidence",
	"reset_info",
	"reset",
	"reset_done",
	"sf_add",
	"function_set_hw_addr",
	"function_set_caps",
	"function_set_max_io_eqs",
	"function_set_max_uc_list",
	"sf_claim",
	"sf_unclaim",
	"claims_left",
	"sf_activate",
	"sf_deactivate",
	"sf_bind",
	"sf_attach",
	"sf_detach",
	"sf_delete",
	"vf_count",
	"vf_set_count",
	"vf_attrs_get",
	"vf_attrs_set",
	"vf_stats",
	"vf_set_msix",
	"vf_msix_total",
	"vf_autoprobe",
	"vf_set_autoprobe",
	"port_rules",
	"monitor_open",
	"monitor_read",
	"monitor_dump",
	"representors",
	"flow_insert",
	"flow_delete",
	"flow_flush",
	"flow_list",
	"datapath_open",
	"datapath_attach",
	"save",
};

int64_t sim_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int bad(struct sim *sim, const char *text, const char *what)
{
	ctx_fail(sim->ctx, -EINVAL, "open", text, "%s", what);
	return ctx_hint(sim->ctx,
			"dpu-sim(5) lists the steps; write fault=sf_activate:EIO@2 or latency=sf_attach:500");
}

/* Splits "STEP:REST"; the step must be one of the list. */
static int parse_step(struct sim *sim, const char *text, char step[32], const char **rest)
{
	size_t len = strcspn(text, ":");

	if (!text[len] || len >= 32)
		return bad(sim, text, "no step before a colon");
	memcpy(step, text, len);
	step[len] = '\0';
	if (text_index(steps, sizeof(steps) / sizeof(steps[0]), step) < 0)
		return bad(sim, text, "there is no such step");
	*rest = text + len + 1;
	return 0;
}

static int parse_errno(const char *name, size_t len)
{
	const char *known;
	int code;

	for (code = 1; code < 256; code++) {
		known = strerrorname_np(code);
		if (known && strlen(known) == len && !memcmp(known, name, len))
			return -code;
	}
	return 0;
}

int sim_fault_add(struct sim *sim, const char *text)
{
	struct sim_fault fault = { .nth = 1 };
	const char *rest;
	size_t len;
	int rc;

	rc = parse_step(sim, text, fault.step, &rest);
	if (rc < 0)
		return rc;
	len = strcspn(rest, "@");
	fault.error = parse_errno(rest, len);
	if (!fault.error)
		return bad(sim, text, "no such errno");
	if (rest[len] && !strcmp(rest + len, "@*"))
		fault.nth = 0;
	else if (rest[len] && (!text_number(rest + len + 1, UINT64_MAX, &fault.nth) || !fault.nth))
		return bad(sim, text, "after @ comes the number of the call that fails, from 1, or *");
	if (ctx_grow(sim->ctx, &sim->faults, sim->fault_count, sizeof(fault)) < 0)
		return ctx_fail_nomem(sim->ctx, "open");
	sim->faults[sim->fault_count++] = fault;
	return 0;
}

int sim_latency_add(struct sim *sim, const char *text)
{
	struct sim_latency latency;
	const char *rest;
	int rc;

	rc = parse_step(sim, text, latency.step, &rest);
	if (rc < 0)
		return rc;
	if (!text_number(rest, MAX_LATENCY_MS, &latency.ms))
		return bad(sim, text, "after the step comes a number of milliseconds, at most an hour");
	if (ctx_grow(sim->ctx, &sim->latencies, sim->latency_count, sizeof(latency)) < 0)
		return ctx_fail_nomem(sim->ctx, "open");
	sim->latencies[sim->latency_count++] = latency;
	return 0;
}

static bool latency_of(const struct sim *sim, const char *step, uint64_t *ms)
{
	size_t i;

	for (i = 0; i < sim->latency_count; i++) {
		if (strcmp(sim->latencies[i].step, step))
			continue;
		*ms = sim->latencies[i].ms;
		return true;
	}
	return false;
}

/* The error of this call of a step, or 0. */
static int fault_of(struct sim *sim, const char *step)
{
	struct sim_fault *fault;
	int rc = 0;
	size_t i;

	for (i = 0; i < sim->fault_count; i++) {
		fault = &sim->faults[i];
		if (strcmp(fault->step, step))
			continue;
		fault->calls++;
		if (!rc && (!fault->nth || fault->calls == fault->nth))
			rc = fault->error;
	}
	return rc;
}

int sim_step(struct sim *sim, const char *step, const char *object)
{
	struct timespec ts;
	uint64_t ms;
	int rc;

	ctx_log(sim->ctx, DPU_LOG_DEBUG, "%s %s", step, object ? object : "");
	if (latency_of(sim, step, &ms)) {
		ts.tv_sec = (time_t)(ms / 1000);
		ts.tv_nsec = (long)(ms % 1000) * 1000000;
		nanosleep(&ts, NULL);
	}
	rc = fault_of(sim, step);
	if (rc < 0)
		return ctx_fail(sim->ctx, rc, step, object, "%s (simulated fault)", strerror(-rc));
	return 0;
}

bool sim_settled(int64_t when_ms)
{
	int64_t now = sim_now_ms();

	/* Further away than anything may take: the clock was set back since. */
	return now >= when_ms || (when_ms != SIM_NEVER_MS && when_ms - now > MAX_LATENCY_MS);
}

int64_t sim_settle_ms(struct sim *sim, const char *step)
{
	uint64_t ms = SETTLE_MS;

	if (fault_of(sim, step) < 0)
		return SIM_NEVER_MS;
	latency_of(sim, step, &ms);
	return sim_now_ms() + (int64_t)ms;
}
