/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tests tell the device: one line each, and nothing that is not understood in full is done. */
#include "nvdev.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 6

static bool number(const char *text, int base, unsigned long max, unsigned long *value)
{
	char *end;

	if (!isxdigit((unsigned char)*text))
		return false;
	errno = 0;
	*value = strtoul(text, &end, base);
	return errno == 0 && *end == '\0' && *value <= max;
}

/* How often: for ever if there is no such word. */
static bool times(const char *text, long *value)
{
	unsigned long n;

	*value = FOR_EVER;
	if (!text)
		return true;
	if (!number(text, 10, 1000000, &n))
		return false;
	*value = (long)n;
	return true;
}

static bool on_off(const char *text, bool *value)
{
	*value = strcmp(text, "on") == 0;
	return *value || strcmp(text, "off") == 0;
}

static struct tlv *tlv_named(const char *text)
{
	unsigned long type;

	return number(text, 16, UINT32_MAX, &type) ? tlv_by_type((uint32_t)type) : NULL;
}

static int do_icmd_status(char **word)
{
	unsigned long code;
	long left;

	if (!number(word[1], 16, 0xff, &code) || !times(word[2], &left))
		return -EINVAL;
	dev.faults.icmd_status = (unsigned int)code;
	dev.faults.icmd_status_left = left;
	return 0;
}

static int do_status(char **word)
{
	struct status_fault fault, *slot = NULL;
	unsigned long reg, code;
	unsigned int i;

	if (!number(word[1], 16, 0xffff, &reg) || !number(word[3], 16, 0x7f, &code) ||
	    !times(word[4], &fault.left))
		return -EINVAL;
	if (strcmp(word[2], "get") == 0)
		fault.method = 1;
	else if (strcmp(word[2], "set") == 0)
		fault.method = 2;
	else if (strcmp(word[2], "any") == 0)
		fault.method = 0;
	else
		return -EINVAL;
	fault.reg = (unsigned int)reg;
	fault.status = (unsigned int)code;
	for (i = 0; i < STATUS_MAX; i++) {
		struct status_fault *one = &dev.faults.status[i];

		if (one->left != 0 && one->reg == fault.reg && one->method == fault.method) {
			*one = fault;
			return 0;
		}
		if (one->left == 0 && !slot)
			slot = one;
	}
	if (!slot)
		return -ENOSPC;
	*slot = fault;
	return 0;
}

static int do_set_tlv(char **word)
{
	static const char *const names[TLV_KINDS] = { "default", "current", "next" };
	uint8_t bytes[TLV_MAX];
	struct tlv *tlv = tlv_named(word[3]);
	unsigned long pf;
	unsigned int kind;

	for (kind = 0; kind < TLV_KINDS && strcmp(word[1], names[kind]) != 0; kind++)
		;
	if (kind == TLV_KINDS || !tlv || !number(word[2], 10, tlv_pfs(tlv) - 1, &pf) ||
	    !tlv_hex(tlv, word[4], bytes))
		return -EINVAL;
	memcpy(tlv->pf[pf].bytes[kind], bytes, tlv->size);
	return 0;
}

static int do_tlv_flag(char **word)
{
	struct tlv *tlv = tlv_named(word[1]);

	if (!tlv)
		return -EINVAL;
	if (strcmp(word[0], "readonly") == 0 || strcmp(word[0], "writable") == 0)
		tlv->readonly = word[0][0] == 'r';
	else
		tlv->absent = word[0][0] == 'a';
	return 0;
}

static int do_switch(char **word)
{
	return on_off(word[1],
		      strcmp(word[0], "short-reply") == 0 ? &dev.faults.short_reply : &dev.rewrite_length)
		       ? 0
		       : -EINVAL;
}

static int do_value(char **word)
{
	static const struct {
		const char *name;
		unsigned long *value, max;
	} values[] = {
		{ "slow", &dev.faults.slow, 600000 },
		{ "slow-flag", &dev.faults.slow_flag, 1000000 },
		{ "garble", &dev.faults.garble, UINT32_MAX },
		{ "reset-ms", &dev.reset_ms, 600000 },
		{ "power-loss-after", &dev.faults.power_loss_after, 1000000 },
		{ "power-loss-before", &dev.faults.power_loss_before, 1000000 },
		{ "fwctl-type", &dev.fwctl.type, UINT32_MAX },
	};
	size_t i;

	for (i = 0; strcmp(values[i].name, word[0]) != 0; i++)
		;
	return number(word[1], 10, values[i].max, values[i].value) ? 0 : -EINVAL;
}

static int do_scope(char **word)
{
	unsigned long scope;

	if (!number(word[1], 10, 3, &scope))
		return -EINVAL;
	if (strcmp(word[0], "fwctl-deny-scope") == 0)
		dev.fwctl.denied |= 1u << scope;
	else
		dev.fwctl.denied &= ~(1u << scope);
	return 0;
}

static int do_syndrome(char **word)
{
	return number(word[1], 16, UINT32_MAX, &dev.fwctl.syndrome) ? 0 : -EINVAL;
}

/* What the firmware did not get to while it hung is not done later either. */
static void drop_busy(void)
{
	unsigned int pf;

	for (pf = 0; dev.faults.busy && pf < FUNCTIONS; pf++) {
		if (dev.function[pf].icmd_busy) {
			dev.function[pf].icmd_busy = false;
			dev.function[pf].icmd_status = 3;
		}
	}
}

static int do_clear(char **word)
{
	bool power_off = dev.faults.power_off;
	size_t i;

	(void)word;
	drop_busy();
	memset(&dev.faults, 0, sizeof(dev.faults));
	dev.faults.power_off = power_off;
	dev.fwctl = FWCTL_OF_MLX5;
	dev.rewrite_length = true;
	dev.reset_ms = 0;
	dev.dead_until = 0;
	for (i = 0; i < tlv_count; i++) {
		tlvs[i].readonly = false;
		tlvs[i].absent = false;
	}
	return 0;
}

static int do_power_cycle(char **word)
{
	(void)word;
	memset(&dev.faults, 0, sizeof(dev.faults));
	dev.dead_until = 0;
	device_volatile();
	tlv_boot();
	return 0;
}

static int do_counters_reset(char **word)
{
	(void)word;
	memset(&dev.counters, 0, sizeof(dev.counters));
	return 0;
}

static int do_save(char **word)
{
	(void)word;
	return dev.state ? tlv_save(dev.state) : -EINVAL;
}

static const struct {
	const char *on, *off;
	bool *value;
} switches[] = {
	{ "hold-vsc", "free-vsc", &dev.faults.hold_vsc },
	{ "hold-icmd", "free-icmd", &dev.faults.hold_icmd },
	{ "busy", "idle", &dev.faults.busy },
	{ "flag-stuck", "flag-ok", &dev.faults.flag_stuck },
	{ "dead", "alive", &dev.faults.dead },
	{ "not-ready", "ready", &dev.faults.not_ready },
	{ "locked", "unlocked", &dev.faults.locked },
	{ "fwctl-lax", "fwctl-strict", &dev.fwctl.lax },
};

static const struct {
	const char *name;
	int least, most; /* words after the name */
	int (*call)(char **word);
} commands[] = {
	{ "icmd-status", 1, 2, do_icmd_status },
	{ "status", 3, 4, do_status },
	{ "set-tlv", 4, 4, do_set_tlv },
	{ "readonly", 1, 1, do_tlv_flag },
	{ "writable", 1, 1, do_tlv_flag },
	{ "absent", 1, 1, do_tlv_flag },
	{ "present", 1, 1, do_tlv_flag },
	{ "short-reply", 1, 1, do_switch },
	{ "rewrite-length", 1, 1, do_switch },
	{ "slow", 1, 1, do_value },
	{ "slow-flag", 1, 1, do_value },
	{ "garble", 1, 1, do_value },
	{ "reset-ms", 1, 1, do_value },
	{ "power-loss-after", 1, 1, do_value },
	{ "power-loss-before", 1, 1, do_value },
	{ "fwctl-type", 1, 1, do_value },
	{ "fwctl-deny-scope", 1, 1, do_scope },
	{ "fwctl-allow-scope", 1, 1, do_scope },
	{ "fwctl-syndrome", 1, 1, do_syndrome },
	{ "clear", 0, 0, do_clear },
	{ "power-cycle", 0, 0, do_power_cycle },
	{ "counters-reset", 0, 0, do_counters_reset },
	{ "save", 0, 0, do_save },
};

int control_line(char *line)
{
	char *word[WORDS_MAX + 2] = { NULL }, *save, *next;
	int words = 0;
	size_t i;

	for (next = strtok_r(line, " \t", &save); next; next = strtok_r(NULL, " \t", &save)) {
		if (words == WORDS_MAX)
			return -EINVAL;
		word[words++] = next;
	}
	if (words == 0)
		return -EINVAL;
	for (i = 0; words == 1 && i < sizeof(switches) / sizeof(switches[0]); i++) {
		if (strcmp(word[0], switches[i].off) == 0) {
			if (switches[i].value == &dev.faults.busy)
				drop_busy();
			*switches[i].value = false;
			return 0;
		}
		if (strcmp(word[0], switches[i].on) == 0) {
			*switches[i].value = true;
			return 0;
		}
	}
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(word[0], commands[i].name) == 0) {
			if (words - 1 < commands[i].least || words - 1 > commands[i].most)
				return -EINVAL;
			return commands[i].call(word);
		}
	}
	return -EINVAL;
}

void control_counters(FILE *file)
{
	unsigned int pf;
	int held = 0;

	for (pf = 0; pf < FUNCTIONS; pf++) {
		if (dev.function[pf].semaphore != 0 || dev.function[pf].icmd_semaphore != 0)
			held = 1;
	}
#define COUNTER_LINE(name) fprintf(file, "%s %lu\n", #name, dev.counters.name);
	COUNTERS(COUNTER_LINE)
#undef COUNTER_LINE
	fprintf(file, "semaphore_left %d\n", held);
}
