/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The firmware's access registers as bytes: bodies and the two frames in which they go out and come back.
 * Nothing is sent here. What comes from a device is not trusted: lengths are checked before they are used.
 *
 * Source: the layouts mnvda_reg, mnvqc_reg, mnvia_reg, mnvgc_reg, mfrl_reg, mroq, mmhi_reg and mgir of the
 * register access table that mstflint has; mlx5's command ACCESS_REG.
 */
#ifndef DPU_LINUX_REGISTERS_H
#define DPU_LINUX_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "provider/provider.h"

enum register_id {
	REGISTER_MGIR = 0x9020,  /* general information */
	REGISTER_MNVDA = 0x9024, /* a TLV of the configuration */
	REGISTER_MFRL = 0x9028,  /* reset */
	REGISTER_MROQ = 0x902f,  /* what a reset can be like */
	REGISTER_MNVQC = 0x9030, /* whether there is a TLV */
	REGISTER_MNVIA = 0x9033, /* forget all TLVs */
	REGISTER_MNVGC = 0x9034, /* what the configuration can be asked for */
	REGISTER_MMHI = 0x904a,  /* hosts */
};

enum {
	NV_HEADER_SIZE = 12,
	NV_TLV_MAX = 256,
	REGISTER_MAX = NV_HEADER_SIZE + NV_TLV_MAX, /* the longest that is used here */
	ICMD_FRAME_SIZE = 20,                       /* before the register */
	COMMAND_HEADER_SIZE = 16,                   /* likewise, in both directions */
};

/* One access. The body goes out, and what comes back stands in its place. */
struct register_access {
	uint16_t id;
	bool write;
	uint16_t size;       /* of the register */
	uint16_t write_size; /* how much of the body says something to the firmware */
	uint16_t read_size;  /* how much of the answer says something to us */
	bool sent;           /* the firmware has been told to do it */
	uint8_t body[REGISTER_MAX];
};

static inline uint32_t be32_get(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static inline void be32_put(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)(value >> 24);
	bytes[1] = (uint8_t)(value >> 16);
	bytes[2] = (uint8_t)(value >> 8);
	bytes[3] = (uint8_t)value;
}

/* MNVDA. size is at most NV_TLV_MAX, a whole number of dwords. */
void mnvda_get(struct register_access *access, uint32_t type, enum provider_nvconfig_when when,
	       uint32_t size);
/* What came back: the length that the TLV has, which may be more than was asked for, and its version. False:
 * no TLV has such a length. */
bool mnvda_got(const struct register_access *access, uint32_t *length, uint32_t *version);
/* How much of an answer is worth fetching, told by its first dword. */
uint16_t register_answer_size(const struct register_access *access);
void mnvda_set(struct register_access *access, const struct provider_tlv *tlv, uint32_t version);
/* The TLV of a host's privileges is all in its first dword, and may be written so. */
bool mnvda_is_host_priv(uint32_t type);

/* 0 no such TLV, 1 it can be read, 2 written as well. */
void mnvqc_get(struct register_access *access, uint32_t type);
int mnvqc_got(const struct register_access *access);

void mnvia_set(struct register_access *access);

void mnvgc_get(struct register_access *access);
void mnvgc_got(const struct register_access *access, struct provider_firmware *ret);

/* The bits of the hosts that there are; 0: it does not say. */
void mmhi_get(struct register_access *access);
uint32_t mmhi_got(const struct register_access *access);

/* The hardware's id. */
void mgir_get(struct register_access *access);
uint32_t mgir_got(const struct register_access *access);

/* Types of a reset. */
enum mfrl_type {
	MFRL_FULL_CHIP = 0,
	MFRL_NIC_ONLY = 2,
	MFRL_ARM_SHUTDOWN = 4,
};

enum mfrl_state {
	MFRL_IDLE = 0,
	MFRL_NEGOTIATION_TIMEOUT = 3,
	MFRL_NEGOTIATION_REFUSED = 4,
	MFRL_UNLOAD_TIMEOUT = 5,
	MFRL_ARM_IS_UP = 6,
};

/* What MFRL tells. */
struct mfrl {
	uint32_t levels; /* bit n: mlxfwreset's level n */
	uint32_t types;  /* bit n: enum mfrl_type */
	uint32_t state;  /* enum mfrl_state, and others on the way */
};

void mfrl_get(struct register_access *access);
struct mfrl mfrl_got(const struct register_access *access);
/* Level 3; synced: the drivers take part. */
void mfrl_set(struct register_access *access, enum mfrl_type type, bool synced);

/* Whether the drivers can take part in such a reset. */
void mroq_get(struct register_access *access, enum mfrl_type type);
bool mroq_got(const struct register_access *access);

/* The generation of the BlueField with that hardware id; 0: it is another device. */
uint32_t hardware_generation(uint32_t hardware_id);

/* The frame in the mailbox of the command interface. */
void icmd_frame(const struct register_access *access, uint8_t frame[ICMD_FRAME_SIZE]);
/* Takes apart what came back: NULL and the status of the operation, or what is wrong with it. */
const char *icmd_parse(const struct register_access *access, const uint8_t frame[ICMD_FRAME_SIZE],
		       uint32_t *status);

/* mlx5's command ACCESS_REG: header and body go out, and another header and the body come back. */
void command_frame(const struct register_access *access, uint8_t header[COMMAND_HEADER_SIZE]);
void command_parse(const uint8_t header[COMMAND_HEADER_SIZE], uint32_t *status, uint32_t *syndrome);

/* What statuses mean: 0 or a negative errno, with the firmware's words for it. Of an operation on a register,
 * of the command interface, and of mlx5's commands. */
int register_status(uint32_t status, char *words, size_t size);
int icmd_status(uint32_t status, char *words, size_t size);
int command_status(uint32_t status, uint32_t syndrome, char *words, size_t size);

#endif
