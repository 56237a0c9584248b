/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "firmware/nvtable.h"
#include "provider/linux/registers.h"

enum {
	/* The first dword of a TLV's header. */
	NV_LENGTH_MASK = 0x1ff,
	NV_HOST_ID_VALID = 1 << 9,
	NV_VERSION_SHIFT = 12,
	NV_WRITER_SHIFT = 16,
	NV_READ_CURRENT = 1 << 22,
	NV_READ_DEFAULT = 1 << 23,
	NV_READ_ENABLE = 1 << 24,
	NV_OVERRIDE_ENABLE = 1 << 25,

	/* As mlxconfig signs what it writes: others show it by that name. */
	NV_WRITER_MLXCONFIG = 9,

	MFRL_TRIGGER_PCI = 1 << 3,
	MFRL_SYNC_DRIVERS = 1,

	TLV_OPERATION = 1,
	TLV_REGISTER = 3,
	OPERATION_DWORDS = 4,
	METHOD_GET = 1,
	METHOD_SET = 2,
	CLASS_REGISTER = 1,

	OPCODE_ACCESS_REG = 0x805,
};

static void prepare(struct register_access *access, uint16_t id, uint16_t size, uint16_t write_size,
		    uint16_t read_size)
{
	memset(access, 0, sizeof(*access));
	access->id = id;
	access->size = size;
	access->write_size = write_size;
	access->read_size = read_size;
}

bool mnvda_is_host_priv(uint32_t type)
{
	const uint32_t hosts = (NV_TYPE(1, 0) - 1) >> NV_HOST_SHIFT << NV_HOST_SHIFT;

	return (type & ~hosts) == NV_TYPE(NV_HOST, 0x83);
}

/* Whose they are stands in the type; without this bit they would be those of whoever asks, as of other TLVs.
 */
static uint32_t host_bits(uint32_t type)
{
	return mnvda_is_host_priv(type) ? NV_HOST_ID_VALID : 0;
}

void mnvda_get(struct register_access *access, uint32_t type, enum provider_nvconfig_when when, uint32_t size)
{
	uint32_t which = 0;

	if (when == PROVIDER_NVCONFIG_CURRENT)
		which = NV_READ_CURRENT;
	else if (when == PROVIDER_NVCONFIG_DEFAULT)
		which = NV_READ_DEFAULT;
	prepare(access, REGISTER_MNVDA, (uint16_t)(NV_HEADER_SIZE + size), NV_HEADER_SIZE,
		(uint16_t)(NV_HEADER_SIZE + size));
	be32_put(access->body, NV_OVERRIDE_ENABLE | which | NV_WRITER_MLXCONFIG << NV_WRITER_SHIFT |
				       host_bits(type) | size);
	be32_put(access->body + 4, type);
}

bool mnvda_got(const struct register_access *access, uint32_t *length, uint32_t *version)
{
	const uint32_t header = be32_get(access->body);

	*length = header & NV_LENGTH_MASK;
	*version = header >> NV_VERSION_SHIFT & 15;
	return *length <= NV_TLV_MAX && *length % 4 == 0;
}

uint16_t register_answer_size(const struct register_access *access)
{
	uint32_t length, version;

	if (access->id != REGISTER_MNVDA || access->write || !mnvda_got(access, &length, &version) ||
	    NV_HEADER_SIZE + length > access->read_size)
		return access->read_size;
	return (uint16_t)(NV_HEADER_SIZE + length);
}

void mnvda_set(struct register_access *access, const struct provider_tlv *tlv, uint32_t version)
{
	/* A host that cannot see its restrictions could not tell them either. */
	const uint32_t readable = mnvda_is_host_priv(tlv->type) ? NV_READ_ENABLE : 0;
	const uint16_t size = (uint16_t)(NV_HEADER_SIZE + tlv->size);

	prepare(access, REGISTER_MNVDA, size, size, 0);
	access->write = true;
	be32_put(access->body, NV_OVERRIDE_ENABLE | readable | NV_WRITER_MLXCONFIG << NV_WRITER_SHIFT |
				       version << NV_VERSION_SHIFT | host_bits(tlv->type) | tlv->size);
	be32_put(access->body + 4, tlv->type);
	memcpy(access->body + NV_HEADER_SIZE, tlv->data, tlv->size);
}

void mnvqc_get(struct register_access *access, uint32_t type)
{
	prepare(access, REGISTER_MNVQC, 8, 8, 8);
	be32_put(access->body, type);
	be32_put(access->body + 4, host_bits(type));
}

int mnvqc_got(const struct register_access *access)
{
	const uint32_t supported = be32_get(access->body + 4);

	if (!(supported & 1))
		return 0;
	return supported & 2 ? 2 : 1;
}

void mnvia_set(struct register_access *access)
{
	prepare(access, REGISTER_MNVIA, 8, 8, 0);
	access->write = true;
	be32_put(access->body, NV_WRITER_MLXCONFIG << 4);
}

void mnvgc_get(struct register_access *access)
{
	prepare(access, REGISTER_MNVGC, 16, 4, 4);
}

void mnvgc_got(const struct register_access *access, struct provider_firmware *ret)
{
	const uint32_t caps = be32_get(access->body);

	ret->tells_default = caps & 1;
	ret->tells_current = caps & 2;
	ret->writes_other_hosts = caps & 4;
}

void mmhi_get(struct register_access *access)
{
	prepare(access, REGISTER_MMHI, 0x80, 4, 12);
}

uint32_t mmhi_got(const struct register_access *access)
{
	return be32_get(access->body + 8) & 0xffff;
}

void mgir_get(struct register_access *access)
{
	prepare(access, REGISTER_MGIR, 0xa0, 4, 12);
}

uint32_t mgir_got(const struct register_access *access)
{
	return be32_get(access->body + 8) & 0xffff;
}

void mfrl_get(struct register_access *access)
{
	prepare(access, REGISTER_MFRL, 8, 8, 8);
}

struct mfrl mfrl_got(const struct register_access *access)
{
	const uint32_t dword = be32_get(access->body + 4);

	/* Levels 0, 1 and 3 are triggers by the same number; level 4 is the sixth, PERST. */
	return (struct mfrl){
		.levels = (dword & 0xb) | (dword >> 6 & 1) << 4,
		.types = dword >> 8 & 0xff,
		.state = dword >> 16 & 15,
	};
}

void mfrl_set(struct register_access *access, enum mfrl_type type, bool synced)
{
	prepare(access, REGISTER_MFRL, 8, 8, 0);
	access->write = true;
	be32_put(access->body + 4,
		 (synced ? (uint32_t)MFRL_SYNC_DRIVERS << 29 : 0) | (uint32_t)type << 24 | MFRL_TRIGGER_PCI);
}

void mroq_get(struct register_access *access, enum mfrl_type type)
{
	prepare(access, REGISTER_MROQ, 0x20, 4, 4);
	be32_put(access->body, (uint32_t)type << 8);
}

bool mroq_got(const struct register_access *access)
{
	const uint32_t dword = be32_get(access->body);

	return dword >> 16 & 1 && dword >> 17 & 2;
}

uint32_t hardware_generation(uint32_t hardware_id)
{
	static const uint16_t ids[] = { 0x211, 0x214, 0x21c, 0x220 };
	uint32_t i;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		if (ids[i] == hardware_id)
			return i + 1;
	}
	return 0;
}

/* A register's TLV has a header of one dword. */
static uint32_t register_dwords(const struct register_access *access)
{
	return access->size / 4u + 1;
}

void icmd_frame(const struct register_access *access, uint8_t frame[ICMD_FRAME_SIZE])
{
	memset(frame, 0, ICMD_FRAME_SIZE);
	be32_put(frame, (uint32_t)TLV_OPERATION << 27 | OPERATION_DWORDS << 16);
	be32_put(frame + 4, (uint32_t)access->id << 16 |
				    (uint32_t)(access->write ? METHOD_SET : METHOD_GET) << 8 |
				    CLASS_REGISTER);
	be32_put(frame + 16, (uint32_t)TLV_REGISTER << 27 | register_dwords(access) << 16);
}

const char *icmd_parse(const struct register_access *access, const uint8_t frame[ICMD_FRAME_SIZE],
		       uint32_t *status)
{
	const uint32_t operation = be32_get(frame), what = be32_get(frame + 4), tlv = be32_get(frame + 16);
	const uint32_t dwords = tlv >> 16 & 0x7ff;

	if (operation >> 27 != TLV_OPERATION)
		return "it does not begin with an operation";
	if ((operation >> 16 & 0x7ff) != OPERATION_DWORDS)
		return "the operation's length is wrong";
	if (what >> 16 != access->id || (what & 0xff) != CLASS_REGISTER)
		return "it is about another register";
	*status = operation >> 8 & 0x7f;
	/* What was refused need not be there. */
	if (*status)
		return NULL;
	if (tlv >> 27 != TLV_REGISTER)
		return "it has no register";
	if (dwords > register_dwords(access))
		return "the register is too long";
	if (4 * dwords < access->read_size + 4u)
		return "the register is too short";
	return NULL;
}

void command_frame(const struct register_access *access, uint8_t header[COMMAND_HEADER_SIZE])
{
	memset(header, 0, COMMAND_HEADER_SIZE);
	be32_put(header, (uint32_t)OPCODE_ACCESS_REG << 16);
	be32_put(header + 4, access->write ? 0 : 1);
	be32_put(header + 8, access->id);
}

void command_parse(const uint8_t header[COMMAND_HEADER_SIZE], uint32_t *status, uint32_t *syndrome)
{
	*status = header[0];
	*syndrome = be32_get(header + 4);
}

struct status {
	uint32_t number;
	int code;
	const char *words;
};

static const struct status *find_status(const struct status *table, size_t count, uint32_t number)
{
	static const struct status unknown = { 0, -EIO, "an error without a name" };
	size_t i;

	for (i = 0; i < count; i++) {
		if (table[i].number == number)
			return &table[i];
	}
	return &unknown;
}

static int say_status(const char *who, const struct status *status, uint32_t number, char *words, size_t size)
{
	snprintf(words, size, number < 10 ? "%s: %s (status %u)" : "%s: %s (status %#x)", who, status->words,
		 number);
	return status->code;
}

int register_status(uint32_t number, char *words, size_t size)
{
	static const struct status table[] = {
		{ 0x01, -EBUSY, "the device is busy" },
		{ 0x02, -EPROTO, "version not supported" },
		{ 0x03, -EPROTO, "unknown TLV" },
		{ 0x04, -EOPNOTSUPP, "register not supported" },
		{ 0x05, -EPROTO, "class not supported" },
		{ 0x06, -EOPNOTSUPP, "method not supported" },
		{ 0x07, -EINVAL, "bad parameter" },
		{ 0x08, -ENOENT, "resource not available" },
		{ 0x20, -EINVAL, "bad configuration" },
		{ 0x21, -ENOSPC, "the flash cannot be erased any more" },
		{ 0x22, -EBADMSG, "the stored configuration is corrupt" },
		{ 0x24, -EMSGSIZE, "the length is too small" },
		{ 0x70, -EIO, "internal error" },
	};
	const struct status *status;

	if (!number)
		return 0;
	status = find_status(table, sizeof(table) / sizeof(table[0]), number);
	return say_status("the firmware", status, number, words, size);
}

int icmd_status(uint32_t number, char *words, size_t size)
{
	static const struct status table[] = {
		{ 1, -EOPNOTSUPP, "unknown command" }, { 2, -EINVAL, "bad command" },
		{ 3, -EIO, "the command failed" },     { 4, -EINVAL, "bad parameter of the command" },
		{ 5, -EBUSY, "the firmware is busy" }, { 6, -EBUSY, "the firmware is not ready" },
		{ 7, -EPERM, "the device is locked" },
	};
	const struct status *status;

	if (!number)
		return 0;
	status = find_status(table, sizeof(table) / sizeof(table[0]), number);
	return say_status("the firmware's command interface", status, number, words, size);
}

int command_status(uint32_t number, uint32_t syndrome, char *words, size_t size)
{
	static const struct status table[] = {
		{ 0x01, -EIO, "internal error" },
		{ 0x02, -EOPNOTSUPP, "bad operation" },
		{ 0x03, -EINVAL, "bad parameter" },
		{ 0x04, -EOPNOTSUPP, "register not supported in this state" },
		{ 0x05, -ENOENT, "resource not available" },
		{ 0x06, -EBUSY, "resource busy" },
		{ 0x07, -EBUSY, "not ready" },
		{ 0x08, -ENOSPC, "limit exceeded" },
		{ 0x09, -EINVAL, "bad state of the resource" },
		{ 0x0a, -EINVAL, "bad index" },
		{ 0x0f, -ENOSPC, "no resources" },
		{ 0x50, -EMSGSIZE, "bad length of the request" },
		{ 0x51, -EMSGSIZE, "bad length of the answer" },
	};
	const struct status *status;

	if (!number)
		return 0;
	status = find_status(table, sizeof(table) / sizeof(table[0]), number);
	snprintf(words, size, "the firmware: %s (status %#x, syndrome %#x)", status->words, number, syndrome);
	return status->code;
}
