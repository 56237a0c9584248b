/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration of the board, as bytes: what it was made with, what it runs with, what it starts with
 * next. In each there are bits that no parameter has, and that stay as they are for whoever writes only what
 * is known. */
#include "nvdev.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CLASS(type) ((type) >> 24)
#define CLASS_GLOBAL 0x00u
#define CLASS_FUNCTION 0x03u
#define CLASS_HOST 0x07u
#define FUNCTION_SHIFT 10u
#define TYPE_HOST_PRIV 0x07000083u
#define PRIV_LEVEL_MASK 0x30u /* of the first byte */
#define TLV(t, s, c, ...)                                                                                    \
	{                                                                                                    \
		.type = (t), .size = (s), .constant = (c), .at_first = { __VA_ARGS__ }                       \
	}

const char *const tlv_kind_names[TLV_KINDS] = { "DEFAULT", "CURRENT", "NEXT" };

struct tlv tlvs[] = {
	/* internal CPU: conf, cap */
	TLV(0x0000000c, 16, false, 0x00000001, 0, 0, 0),
	TLV(0x0000000d, 16, true, 0xfa000000, 0, 0, 0),
	/* PCI: conf, cap */
	TLV(0x00000080, 12, false, 0x9c010200, 0x80020010, 0x02c3f000),
	TLV(0x00000081, 20, true, 0x9f207e00, 0x9810007f, 0xffffffff, 0, 0),
	/* power: conf, cap */
	TLV(0x00000088, 4, false, 0x04000a00),
	TLV(0x00000089, 4, true, 0x00200002),
	/* NVMe emulation: conf, cap */
	TLV(0x0000008b, 24, false, 0x00005a00, 0x00010000, 0x600115b3, 0x00010802, 0x000015b3, 0x00000000),
	TLV(0x0000008c, 8, true, 0xcc000000, 0x001f01f8),
	/* emulated PCI switch: conf, cap */
	TLV(0x0000008d, 4, false, 0x00020000),
	TLV(0x0000008e, 8, true, 0xc0000020, 0),
	/* virtio-net emulation: conf, cap */
	TLV(0x00000090, 32, false, 0x00c00000, 0xa0010000, 0x10411af4, 0x01020000, 0x10411af4, 0x00000002,
	    0xcafe0001, 0x00000100),
	TLV(0x00000091, 16, true, 0xe0000000, 0x001f01f8, 0, 0),
	/* virtio-blk emulation: conf, cap */
	TLV(0x00000092, 32, false, 0x00c00000, 0x50010000, 0x10421af4, 0x01010000, 0x10421af4, 0x00000002,
	    0xcafe0002, 0x00000200),
	TLV(0x00000093, 16, true, 0xe0000000, 0x001f01f8, 0, 0),
	/* boot ROM: what it was built with, cap */
	TLV(0x00000100, 16, true, 0xfe000000, 0, 0, 0),
	TLV(0x00000101, 4, true, 0x14000000),
	/* each function: PCI, UEFI conf, UEFI debug level */
	TLV(0x03000080, 16, false, 0x00200000, 0x60000000, 0x00000000, 0x5a5a0001),
	TLV(0x03000196, 4, false, 0x80000a00),
	TLV(0x03000206, 4, false, 0x12040007),
	/* the host: PCI conf, cap, privileges, their cap */
	TLV(0x07000080, 4, false, 0x07000155),
	TLV(0x07000081, 4, true, 0x073f8000),
	TLV(0x07000083, 16, false, 0x00000100, 0x00000000, 0x0000a5a5, 0x00000000),
	TLV(0x07000100, 16, true, 0x3000000f, 0, 0, 0),
};
const size_t tlv_count = sizeof(tlvs) / sizeof(tlvs[0]);

void tlv_init(void)
{
	unsigned int pf, kind, word;
	size_t i;

	for (i = 0; i < tlv_count; i++) {
		for (pf = 0; pf < FUNCTIONS; pf++) {
			for (kind = 0; kind < TLV_KINDS; kind++) {
				for (word = 0; word < tlvs[i].size / 4; word++)
					put_be32(tlvs[i].pf[pf].bytes[kind] + 4 * word,
						 tlvs[i].at_first[word]);
			}
		}
	}
}

bool tlv_per_function(const struct tlv *tlv)
{
	return CLASS(tlv->type) == CLASS_FUNCTION;
}

unsigned int tlv_pfs(const struct tlv *tlv)
{
	return tlv_per_function(tlv) ? dev.functions : 1;
}

struct tlv *tlv_by_type(uint32_t type)
{
	size_t i;

	for (i = 0; i < tlv_count; i++) {
		if (tlvs[i].type == type)
			return &tlvs[i];
	}
	return NULL;
}

/* The firmware takes function 0 of host 0 as the one that asks; any other is the one named. */
struct tlv *tlv_addressed(uint32_t type, unsigned int issuer, unsigned int *pf)
{
	struct tlv *tlv;

	*pf = 0;
	if (CLASS(type) == CLASS_FUNCTION) {
		*pf = (type >> FUNCTION_SHIFT) & 0xffu;
		type &= ~(0xffu << FUNCTION_SHIFT);
		if (*pf == 0)
			*pf = issuer;
	}
	tlv = tlv_by_type(type);
	if (!tlv || tlv->absent || *pf >= tlv_pfs(tlv))
		return NULL;
	return tlv;
}

/* The level of privilege is there at once, all else at the next start. */
static void take_effect(struct tlv *tlv, unsigned int pf)
{
	const uint8_t *next = tlv->pf[pf].bytes[TLV_NEXT];
	uint8_t *current = tlv->pf[pf].bytes[TLV_CURRENT];

	if (tlv->type == TYPE_HOST_PRIV)
		current[0] = (uint8_t)((current[0] & ~PRIV_LEVEL_MASK) | (next[0] & PRIV_LEVEL_MASK));
}

void tlv_write(struct tlv *tlv, unsigned int pf, const uint8_t *bytes, unsigned int length)
{
	memcpy(tlv->pf[pf].bytes[TLV_NEXT], bytes, length);
	take_effect(tlv, pf);
}

void tlv_forget(struct tlv *tlv, unsigned int pf)
{
	memcpy(tlv->pf[pf].bytes[TLV_NEXT], tlv->pf[pf].bytes[TLV_DEFAULT], tlv->size);
	tlv->pf[pf].writer = 0;
	tlv->pf[pf].writer_host = 0;
	take_effect(tlv, pf);
}

void tlv_boot(void)
{
	unsigned int pf;
	size_t i;

	for (i = 0; i < tlv_count; i++) {
		for (pf = 0; pf < FUNCTIONS; pf++)
			memcpy(tlvs[i].pf[pf].bytes[TLV_CURRENT], tlvs[i].pf[pf].bytes[TLV_NEXT],
			       tlvs[i].size);
	}
}

static int hex_digit(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool tlv_hex(const struct tlv *tlv, const char *hex, uint8_t *bytes)
{
	unsigned int i;
	int high, low;

	if (strlen(hex) != (size_t)tlv->size * 2)
		return false;
	for (i = 0; i < tlv->size; i++) {
		high = hex_digit(hex[2 * i]);
		low = hex_digit(hex[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static void put_hex(FILE *file, const struct tlv *tlv, unsigned int pf, enum tlv_kind kind)
{
	unsigned int i;

	for (i = 0; i < tlv->size; i++)
		fprintf(file, "%02x", tlv->pf[pf].bytes[kind][i]);
	fputc('\n', file);
}

void tlv_dump(FILE *file)
{
	unsigned int kind, pf;
	size_t i;

	for (kind = TLV_KINDS; kind-- > 0;) {
		for (i = 0; i < tlv_count; i++) {
			if (tlvs[i].absent)
				continue;
			for (pf = 0; pf < tlv_pfs(&tlvs[i]); pf++) {
				fprintf(file, "%s %u %08x ", tlv_kind_names[kind], pf,
					(unsigned int)tlvs[i].type);
				put_hex(file, &tlvs[i], pf, (enum tlv_kind)kind);
			}
		}
	}
}

/* A type of each function names the function: 03000080 is that of function 0, 03000480 that of function 1. */
int tlv_load(const char *path)
{
	FILE *file = fopen(path, "r");
	char hex[TLV_MAX * 2 + 1];
	uint8_t bytes[TLV_MAX];
	unsigned int type, pf;
	struct tlv *tlv;
	char line[256];
	int rc = 0;

	if (!file)
		return errno == ENOENT ? 0 : -errno;
	while (rc == 0 && fgets(line, sizeof(line), file)) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		rc = -EINVAL;
		if (sscanf(line, "%x %128s", &type, hex) != 2)
			break;
		tlv = tlv_addressed(type, 0, &pf);
		if (!tlv || tlv->constant || !tlv_hex(tlv, hex, bytes))
			break;
		memcpy(tlv->pf[pf].bytes[TLV_NEXT], bytes, tlv->size);
		rc = 0;
	}
	if (rc == 0 && ferror(file))
		rc = -EIO;
	fclose(file);
	return rc;
}

int tlv_save(const char *path)
{
	FILE *file = fopen(path, "w");
	unsigned int pf;
	int rc = 0;
	size_t i;

	if (!file)
		return -errno;
	for (i = 0; i < tlv_count; i++) {
		if (tlvs[i].constant)
			continue;
		for (pf = 0; pf < tlv_pfs(&tlvs[i]); pf++) {
			fprintf(file, "%08x ", (unsigned int)(tlvs[i].type | pf << FUNCTION_SHIFT));
			put_hex(file, &tlvs[i], pf, TLV_NEXT);
		}
	}
	if (fflush(file) != 0 || ferror(file))
		rc = -EIO;
	fclose(file);
	return rc;
}
