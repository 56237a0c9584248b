/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registers of the firmware, and the frames around them in the mailbox of the command interface. */
#include "nvdev.h"

#include <string.h>

#define FRAME_HEADER 20u /* bytes before the register */
#define NV_HEADER 12u
#define NV_DATA_MAX 256u

#define ICMD_OK 0u
#define ICMD_BAD_PARAMETER 4u

#define STATUS_OK 0x00u
#define STATUS_VERSION 0x02u
#define STATUS_NO_REG 0x04u
#define STATUS_CLASS 0x05u
#define STATUS_METHOD 0x06u
#define STATUS_PARAMETER 0x07u
#define STATUS_RESOURCE 0x08u
#define STATUS_SHORT 0x24u

#define NV_LENGTH(dw0) ((dw0)&0x1ffu)
#define NV_WRITER_HOST(dw0) (((dw0) >> 9) & 0x7u)
#define NV_VERSION(dw0) (((dw0) >> 12) & 0xfu)
#define NV_WRITER(dw0) (((dw0) >> 16) & 0x1fu)
#define NV_CURRENT 0x00400000u
#define NV_DEFAULT 0x00800000u
#define NV_RD_EN 0x01000000u
#define NV_OVER_EN 0x02000000u

#define MFRL_LIVE_PATCH 0x01u
#define MFRL_PCI 0x08u
#define MFRL_WARM 0x40u
#define MFRL_TYPES 0x05u /* the full chip, the NIC only */

typedef unsigned int (*handler)(struct function *function, uint8_t *body, unsigned int size);

static unsigned int nvda_get(struct function *function, uint8_t *body, unsigned int size)
{
	uint32_t dw0 = be32(body), reply;
	unsigned int asked = NV_LENGTH(dw0), length, pf;
	enum tlv_kind kind = TLV_NEXT;
	struct tlv *tlv;

	if (asked > NV_DATA_MAX || size < NV_HEADER + asked)
		return STATUS_PARAMETER;
	if ((dw0 & NV_CURRENT) && (dw0 & NV_DEFAULT))
		return STATUS_PARAMETER;
	tlv = tlv_addressed(be32(body + 4), function->pf, &pf);
	if (!tlv)
		return STATUS_RESOURCE;
	if (dw0 & NV_CURRENT)
		kind = TLV_CURRENT;
	else if (dw0 & NV_DEFAULT)
		kind = TLV_DEFAULT;
	/* All that was asked for is written, even where the TLV has no more. */
	memset(body + NV_HEADER, 0, asked);
	memcpy(body + NV_HEADER, tlv->pf[pf].bytes[kind], asked < tlv->size ? asked : tlv->size);
	length = dev.rewrite_length ? tlv->size : asked;
	if (dev.faults.short_reply)
		length = (length < asked ? length : asked) / 2;
	reply = length | (dw0 & (NV_CURRENT | NV_DEFAULT)) | NV_RD_EN | NV_OVER_EN;
	if (kind == TLV_NEXT)
		reply |= tlv->pf[pf].writer_host << 9 | tlv->pf[pf].writer << 16;
	put_be32(body, reply);
	return STATUS_OK;
}

/* Tells whether the power goes at this write, and before it has taken effect. */
static bool power_lost_before(void)
{
	if (dev.faults.power_loss_before == 0 || --dev.faults.power_loss_before > 0)
		return false;
	dev.faults.power_off = true;
	return true;
}

static unsigned int nvda_set(struct function *function, uint8_t *body, unsigned int size)
{
	uint32_t dw0 = be32(body);
	unsigned int length = NV_LENGTH(dw0), pf;
	struct tlv *tlv;

	if (length > NV_DATA_MAX || size < NV_HEADER + length || (dw0 & (NV_CURRENT | NV_DEFAULT)))
		return STATUS_PARAMETER;
	tlv = tlv_addressed(be32(body + 4), function->pf, &pf);
	if (!tlv)
		return STATUS_RESOURCE;
	if (tlv->constant || tlv->readonly)
		return STATUS_PARAMETER;
	if (NV_VERSION(dw0) != 0)
		return STATUS_VERSION;
	/* The privileges of a host are all in the first four bytes, and written so by who knows no more. */
	if (!(tlv->type == 0x07000083u && length == 4)) {
		if (length < tlv->size)
			return STATUS_SHORT;
		if (length > tlv->size)
			return STATUS_PARAMETER;
	}
	if (power_lost_before())
		return STATUS_OK;
	tlv_write(tlv, pf, body + NV_HEADER, length);
	tlv->pf[pf].writer = NV_WRITER(dw0);
	tlv->pf[pf].writer_host = NV_WRITER_HOST(dw0);
	if (dev.faults.power_loss_after > 0 && --dev.faults.power_loss_after == 0)
		dev.faults.power_off = true;
	return STATUS_OK;
}

static unsigned int nvdi_set(struct function *function, uint8_t *body, unsigned int size)
{
	struct tlv *tlv;
	unsigned int pf;

	(void)size;
	tlv = tlv_addressed(be32(body + 4), function->pf, &pf);
	if (!tlv)
		return STATUS_RESOURCE;
	if (NV_LENGTH(be32(body)) != 0 || tlv->constant || tlv->readonly)
		return STATUS_PARAMETER;
	tlv_forget(tlv, pf);
	return STATUS_OK;
}

static unsigned int nvia_set(struct function *function, uint8_t *body, unsigned int size)
{
	unsigned int pf;
	size_t i;

	(void)function;
	(void)size;
	if ((be32(body) & 0x7u) != 0)
		return STATUS_PARAMETER;
	for (i = 0; i < tlv_count; i++) {
		for (pf = 0; pf < tlv_pfs(&tlvs[i]); pf++) {
			if (!tlvs[i].constant && !tlvs[i].readonly)
				tlv_forget(&tlvs[i], pf);
		}
	}
	return STATUS_OK;
}

/* What is not there can neither be read nor written; to ask is no mistake. */
static unsigned int nvqc_get(struct function *function, uint8_t *body, unsigned int size)
{
	struct tlv *tlv;
	unsigned int pf;
	uint32_t dw1 = 0;

	(void)size;
	tlv = tlv_addressed(be32(body), function->pf, &pf);
	if (tlv)
		dw1 = tlv->constant || tlv->readonly ? 0x1u : 0x3u;
	put_be32(body + 4, dw1);
	return STATUS_OK;
}

/* The defaults and what is current can be read. */
static unsigned int nvqgc_get(struct function *function, uint8_t *body, unsigned int size)
{
	(void)function;
	memset(body, 0, size);
	put_be32(body, 0x3u);
	return STATUS_OK;
}

static unsigned int mfrl_get(struct function *function, uint8_t *body, unsigned int size)
{
	(void)function;
	(void)size;
	put_be32(body, 0);
	put_be32(body + 4, MFRL_TYPES << 8 | MFRL_LIVE_PATCH | MFRL_PCI | MFRL_WARM);
	return STATUS_OK;
}

static unsigned int mfrl_set(struct function *function, uint8_t *body, unsigned int size)
{
	uint32_t dw1 = be32(body + 4);
	unsigned int trigger = dw1 & 0xffu, type = (dw1 >> 24) & 0x7u, start = (dw1 >> 29) & 0x3u;

	(void)size;
	if (trigger == MFRL_LIVE_PATCH || trigger == MFRL_WARM)
		return STATUS_OK;
	if (trigger != MFRL_PCI || start != 1 || !(MFRL_TYPES & 1u << type))
		return STATUS_PARAMETER;
	dev.counters.resets++;
	tlv_boot();
	if (dev.reset_ms > 0) {
		dev.reset_by = function;
		dev.reset_by_deadline = 0;
	}
	return STATUS_OK;
}

/* What can be done with a reset of one type: by driver in step, by taking the link down or by a hot reset. */
static unsigned int mroq_get(struct function *function, uint8_t *body, unsigned int size)
{
	unsigned int type = (be32(body) >> 8) & 0xffu;

	(void)function;
	memset(body, 0, size);
	put_be32(body, type << 8);
	if (type < 8 && (MFRL_TYPES & 1u << type))
		put_be32(body, 0x3u << 24 | 0x2u << 17 | 1u << 16 | type << 8 | MFRL_PCI | MFRL_WARM);
	return STATUS_OK;
}

/* Host 0 asks; there are host 0 and the cores of the board. */
static unsigned int mmhi_get(struct function *function, uint8_t *body, unsigned int size)
{
	(void)function;
	memset(body, 0, size);
	put_be32(body + 8, 0x3u);
	return STATUS_OK;
}

static unsigned int mgir_get(struct function *function, uint8_t *body, unsigned int size)
{
	uint32_t major = dev.bf2 ? 24 : 32, hw = dev.bf2 ? 0x214u : 0x21cu;

	(void)function;
	memset(body, 0, size);
	put_be32(body, dev.bf2 ? 0xa2d6u : 0xa2dcu);
	put_be32(body + 0x04, 2u << 16);
	put_be32(body + 0x08, hw);
	put_be32(body + 0x20, major << 16 | 41u << 8 | (1000u & 0xffu));
	memcpy(body + 0x30, dev.bf2 ? "MT_0000000703" : "MT_0000000884", sizeof("MT_0000000884"));
	put_be32(body + 0x44, major);
	put_be32(body + 0x48, 41);
	put_be32(body + 0x4c, 1000);
	put_be32(body + 0x80, hw);
	return STATUS_OK;
}

static unsigned int mqis_get(struct function *function, uint8_t *body, unsigned int size)
{
	static const char *const info[] = { "", "900-9D3B6-00CV-AA0", "emulated DPU; 200GbE; dual-port" };
	unsigned int type = be32(body) & 0xffu, read = be32(body + 8), length, offset;

	(void)function;
	if (type != 1 && type != 2)
		return STATUS_PARAMETER;
	length = (unsigned int)strlen(info[type]) + 1;
	offset = read >> 16;
	read &= 0xffffu;
	if (offset > length)
		return STATUS_PARAMETER;
	if (read > length - offset)
		read = length - offset;
	if (read > size - 0x10)
		read = size - 0x10;
	put_be32(body + 4, length);
	put_be32(body + 8, offset << 16 | read);
	memset(body + 0x10, 0, size - 0x10);
	memcpy(body + 0x10, info[type] + offset, read);
	return STATUS_OK;
}

static unsigned int mcam_get(struct function *function, uint8_t *body, unsigned int size);

static const struct {
	unsigned int id, size;
	handler get, set;
} registers[] = {
	{ 0x9020, 0xa0, mgir_get, NULL },      { 0x9024, NV_HEADER, nvda_get, nvda_set },
	{ 0x9025, NV_HEADER, NULL, nvdi_set }, { 0x9028, 8, mfrl_get, mfrl_set },
	{ 0x902f, 0x20, mroq_get, NULL },      { 0x9030, 8, nvqc_get, NULL },
	{ 0x9033, 8, NULL, nvia_set },         { 0x9034, 16, nvqgc_get, NULL },
	{ 0x904a, 0x80, mmhi_get, NULL },      { 0x9064, 0x18, mqis_get, NULL },
	{ 0x907f, 0x48, mcam_get, NULL },
};

/* Bit n of a mask of sixteen bytes is for register 9000 + n, and the first byte has the highest bits. */
static unsigned int mcam_get(struct function *function, uint8_t *body, unsigned int size)
{
	unsigned int group = be32(body) & 0xffu, bit;
	size_t i;

	(void)function;
	memset(body + 4, 0, size - 4);
	for (i = 0; group == 0 && i < sizeof(registers) / sizeof(registers[0]); i++) {
		bit = registers[i].id & 0x7fu;
		body[0x08 + 15 - bit / 8] |= (uint8_t)(1u << bit % 8);
	}
	/* Features: the reset in step with drivers, the state of a reset. */
	if ((be32(body) >> 16 & 0xffu) == 0)
		body[0x28 + 15 - 19 / 8] |= 1u << 19 % 8 | 1u << 21 % 8;
	return STATUS_OK;
}

static void count(unsigned int id, unsigned int method)
{
	dev.counters.registers++;
	dev.counters.nvda_get += id == 0x9024 && method == METHOD_GET;
	dev.counters.nvda_set += id == 0x9024 && method == METHOD_SET;
	dev.counters.nvdi += id == 0x9025;
	dev.counters.nvqc += id == 0x9030;
	dev.counters.nvia += id == 0x9033;
	dev.counters.nvqgc += id == 0x9034;
	dev.counters.mfrl_set += id == 0x9028 && method == METHOD_SET;
}

static bool status_fault(unsigned int id, unsigned int method, unsigned int *status)
{
	struct status_fault *fault;
	unsigned int i;

	for (i = 0; i < STATUS_MAX; i++) {
		fault = &dev.faults.status[i];
		if (fault->left == 0 || fault->reg != id || (fault->method != 0 && fault->method != method))
			continue;
		if (fault->left > 0)
			fault->left--;
		*status = fault->status;
		return true;
	}
	return false;
}

unsigned int register_one(struct function *function, unsigned int id, unsigned int method, uint8_t *body,
			  unsigned int size)
{
	unsigned int status;
	handler call;
	size_t i;

	count(id, method);
	if (status_fault(id, method, &status))
		return status;
	for (i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		if (registers[i].id != id)
			continue;
		call = method == METHOD_GET ? registers[i].get : registers[i].set;
		if (!call)
			return STATUS_METHOD;
		if (size < registers[i].size) {
			dev.counters.malformed++;
			return STATUS_SHORT;
		}
		return call(function, body, size);
	}
	return STATUS_NO_REG;
}

uint8_t register_access(struct function *function)
{
	uint8_t *mailbox = function->mailbox;
	uint32_t operation = be32(mailbox), dw1 = be32(mailbox + 4), tlv = be32(mailbox + 16);
	unsigned int id = dw1 >> 16, method = (dw1 >> 8) & 0x7fu, words = (tlv >> 16) & 0x7ffu, status;

	/* Type 1, four dwords long, no answer yet. */
	if (operation != 0x08040000u) {
		dev.counters.malformed++;
		return ICMD_BAD_PARAMETER;
	}
	status = STATUS_OK;
	if ((dw1 & 0xffu) != 1)
		status = STATUS_CLASS;
	else if (method != METHOD_GET && method != METHOD_SET)
		status = STATUS_METHOD;
	else if (tlv >> 27 != 3 || (tlv & 0xffffu) != 0 || words < 1 || (words - 1) * 4 > REGISTER_MAX)
		status = STATUS_PARAMETER;
	if (status != STATUS_OK)
		dev.counters.malformed++;
	else
		status = register_one(function, id, method, mailbox + FRAME_HEADER, (words - 1) * 4);
	put_be32(mailbox, operation | (status & 0x7fu) << 8);
	put_be32(mailbox + 4, dw1 | 0x8000u);
	return ICMD_OK;
}
