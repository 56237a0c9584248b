/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vendor-specific capability, the address spaces behind it, and the command interface in one of them. */
#include "nvdev.h"

#include <string.h>
#include <time.h>

#define SPACE_ICMD_EXT 0x1u
#define SPACE_CR 0x2u
#define SPACE_ICMD 0x3u
#define SPACE_SEMAPHORE 0xau

#define FLAG 0x80000000u
#define SYNDROME 0x40000000u
#define ADDRESS 0x3fffffffu
#define STALE 0x57a1e57au   /* what DATA has before the flag says it is there */
#define SOMEONE 0x0000beefu /* who holds a semaphore for ever */
#define HW_LOCKED 0xbadacce5u
#define ANSWER_MAX 100u /* ms within which who asks for a reset has to fetch the answer */

#define CR_STATIC_CFG 0xb5f04u
#define CR_HW_ID 0xf0014u

#define ICMD_CTRL 0x0u
#define ICMD_MAILBOX_SIZE 0x1000u
#define ICMD_MAILBOX 0x100000u
#define ICMD_GO 0x1u
#define ICMD_EXMB 0x2u
#define OPCODE_ACCESS_REG 0x9001u
#define OPCODE_QUERY_CAP 0x8400u
#define ICMD_BAD_OPCODE 1u
#define ICMD_OPERATIONAL 3u
#define ICMD_BAD_PARAMETER 4u
#define ICMD_NO_ICM 6u

enum vsc_register {
	VSC_HEADER = 0x00,
	VSC_CTRL = 0x04,
	VSC_COUNTER = 0x08,
	VSC_SEMAPHORE = 0x0c,
	VSC_ADDR = 0x10,
	VSC_DATA = 0x14
};

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000u + (uint64_t)ts.tv_nsec / 1000000u;
}

bool device_dead(void)
{
	return dev.faults.dead || dev.faults.power_off || now_ms() < dev.dead_until;
}

void device_volatile(void)
{
	unsigned int pf;

	for (pf = 0; pf < FUNCTIONS; pf++) {
		memset(&dev.function[pf], 0, sizeof(dev.function[pf]));
		dev.function[pf].pf = pf;
		/* Tickets of the two differ, so that one for the other is seen. */
		dev.function[pf].ticket = 0x100u + 0x1000u * pf;
	}
	dev.reset_by = NULL;
}

/* What a device answers that is broken, or not what it seems: any byte of it may be any. */
static void garble(struct function *function)
{
	uint64_t bytes = 1 + dev.faults.garble % 8, value;

	while (bytes--) {
		/* A linear congruential generator: the same seed, the same lies. */
		dev.faults.garble = dev.faults.garble * 6364136223846793005u + 1442695040888963407u;
		value = dev.faults.garble >> 33;
		function->mailbox[value % 48] = (uint8_t)(value >> 8);
		if (value % 7 == 0)
			function->icmd_status = (uint8_t)(value >> 16);
	}
}

static void icmd_complete(struct function *function)
{
	uint8_t status = ICMD_BAD_OPCODE;

	function->icmd_busy = false;
	if (dev.faults.icmd_status_left != 0) {
		if (dev.faults.icmd_status_left > 0)
			dev.faults.icmd_status_left--;
		function->icmd_status = (uint8_t)dev.faults.icmd_status;
		return;
	}
	if (dev.faults.not_ready) {
		status = ICMD_NO_ICM;
	} else if (function->icmd_exmb) {
		status = ICMD_BAD_PARAMETER;
	} else if (function->icmd_opcode == OPCODE_ACCESS_REG) {
		status = register_access(function);
	} else if (function->icmd_opcode == OPCODE_QUERY_CAP) {
		memset(function->mailbox, 0, 8);
		put_be32(function->mailbox, 0xe0000000u);
		status = 0;
	}
	function->icmd_status = status;
	if (dev.faults.garble != 0)
		garble(function);
}

void device_settle(void)
{
	uint64_t now = now_ms();
	struct function *by;
	unsigned int pf;

	for (pf = 0; pf < FUNCTIONS; pf++) {
		struct function *function = &dev.function[pf];

		if (function->icmd_busy && !dev.faults.busy && !device_dead() &&
		    now >= function->icmd_done_at)
			icmd_complete(function);
	}
	/* The reset begins when who asked for it has the answer and has let go, or is late with it. */
	by = dev.reset_by;
	if (by && dev.reset_by_deadline == 0)
		dev.reset_by_deadline = now + ANSWER_MAX;
	if (by && ((by->icmd_semaphore == 0 && by->semaphore == 0) || now >= dev.reset_by_deadline)) {
		device_volatile();
		dev.reset_by_deadline = 0;
		dev.dead_until = now + dev.reset_ms;
	}
}

static uint32_t icmd_ctrl(const struct function *function)
{
	return (uint32_t)function->icmd_opcode << 16 | (uint32_t)function->icmd_status << 8 |
	       (function->icmd_exmb ? ICMD_EXMB : 0) | (function->icmd_busy ? ICMD_GO : 0);
}

static bool space_supported(uint32_t space)
{
	return space == SPACE_ICMD_EXT || space == SPACE_CR || space == SPACE_ICMD ||
	       space == SPACE_SEMAPHORE;
}

static uint32_t hw_id(void)
{
	if (dev.faults.locked)
		return HW_LOCKED;
	return dev.bf2 ? 0x214u : 0x21cu;
}

static uint32_t space_read(const struct function *function, uint32_t address)
{
	switch (function->space) {
	case SPACE_CR:
		if (address == CR_HW_ID)
			return hw_id();
		if (address == CR_STATIC_CFG)
			return dev.faults.not_ready ? FLAG : 0;
		return 0;
	case SPACE_ICMD:
		if (address == ICMD_CTRL)
			return icmd_ctrl(function);
		if (address == ICMD_MAILBOX_SIZE)
			return MAILBOX_SIZE;
		if (address >= ICMD_MAILBOX && address < ICMD_MAILBOX + MAILBOX_SIZE && address % 4 == 0)
			return be32(function->mailbox + (address - ICMD_MAILBOX));
		return 0;
	case SPACE_SEMAPHORE:
		if (address == 0)
			return dev.faults.hold_icmd ? SOMEONE : function->icmd_semaphore;
		return 0;
	default:
		return 0;
	}
}

static void icmd_write(struct function *function, uint32_t address, uint32_t value)
{
	bool mailbox = address >= ICMD_MAILBOX && address < ICMD_MAILBOX + MAILBOX_SIZE && address % 4 == 0;

	if (address != ICMD_CTRL && !mailbox)
		return;
	if (function->icmd_semaphore == 0 || dev.faults.hold_icmd)
		dev.counters.unlocked_icmd++;
	/* The firmware has them until it is done. */
	if (function->icmd_busy)
		return;
	if (mailbox) {
		put_be32(function->mailbox + (address - ICMD_MAILBOX), value);
		return;
	}
	function->icmd_opcode = (uint16_t)(value >> 16);
	function->icmd_exmb = value & ICMD_EXMB;
	if (value & ICMD_GO) {
		function->icmd_busy = true;
		function->icmd_done_at = now_ms() + dev.faults.slow;
	}
}

static void space_write(struct function *function, uint32_t address, uint32_t value)
{
	if (function->space == SPACE_ICMD) {
		icmd_write(function, address, value);
	} else if (function->space == SPACE_SEMAPHORE && address == 0) {
		if (value == 0 || (function->icmd_semaphore == 0 && !dev.faults.hold_icmd))
			function->icmd_semaphore = value;
	}
}

static void address_write(struct function *function, uint32_t value)
{
	uint32_t address = value & ADDRESS;

	if (function->pending)
		dev.counters.overrun++;
	function->address = value & (ADDRESS | FLAG);
	if (!space_supported(function->space))
		function->address |= SYNDROME;
	else if (value & FLAG)
		space_write(function, address, function->data);
	else
		function->result = space_read(function, address);
	function->polls = (unsigned int)dev.faults.slow_flag;
	function->pending = true;
	if (!(value & FLAG))
		function->data = STALE;
}

/* The flag turns round once it is done: what was a read can be fetched then, and not earlier. */
static uint32_t address_read(struct function *function)
{
	if (function->pending && !dev.faults.flag_stuck) {
		if (function->polls > 0) {
			function->polls--;
		} else {
			function->pending = false;
			if (!(function->address & FLAG))
				function->data = function->result;
			function->address ^= FLAG;
		}
	}
	return function->address;
}

uint32_t vsc_peek(const struct function *function, unsigned int offset)
{
	switch (offset) {
	case VSC_HEADER:
		return 0x09u | 0x9cu << 8 | VSC_SIZE << 16;
	case VSC_CTRL:
		return function->space | (space_supported(function->space) ? 0x20000000u : 0);
	case VSC_COUNTER:
		return function->ticket;
	case VSC_SEMAPHORE:
		return dev.faults.hold_vsc ? SOMEONE : function->semaphore;
	case VSC_ADDR:
		return function->address;
	case VSC_DATA:
		return function->data;
	default:
		return 0;
	}
}

uint32_t vsc_read(struct function *function, unsigned int offset)
{
	dev.counters.accesses++;
	if (offset == VSC_ADDR)
		return address_read(function);
	if (offset == VSC_COUNTER && ++function->ticket == 0)
		function->ticket = 1;
	return vsc_peek(function, offset);
}

void vsc_write(struct function *function, unsigned int offset, uint32_t value)
{
	dev.counters.accesses++;
	if (offset == VSC_SEMAPHORE) {
		if (value == 0 || (function->semaphore == 0 && !dev.faults.hold_vsc))
			function->semaphore = value;
		device_settle();
		return;
	}
	if (function->semaphore == 0 || dev.faults.hold_vsc)
		dev.counters.unlocked_writes++;
	switch (offset) {
	case VSC_CTRL:
		function->space = value & 0xffffu;
		break;
	case VSC_ADDR:
		address_write(function, value);
		break;
	case VSC_DATA:
		function->data = value;
		break;
	default:
		break;
	}
}
