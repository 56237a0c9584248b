/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A BlueField as files: what its functions have in common with each other, and what the parts of this program
 * have. It knows configuration as bytes only, and no parameter of any: whoever reads and writes them is what
 * is to be tested. Nothing of libdpu is used here. */
#ifndef NVDEV_H
#define NVDEV_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define FUNCTIONS 2u
#define TLV_MAX 64u         /* the largest TLV kept here */
#define MAILBOX_SIZE 0x340u /* bytes */
#define VSC_AT 0x40u        /* where the capability is in configuration space */
#define VSC_SIZE 0x18u
#define STATUS_MAX 16u
#define FOR_EVER (-1L)

/* One line of .counters each, in this order. */
#define COUNTERS(X)                                                                                          \
	X(registers)                                                                                         \
	X(accesses)                                                                                          \
	X(unlocked_writes)                                                                                   \
	X(unlocked_icmd)                                                                                     \
	X(unaligned)                                                                                         \
	X(overrun)                                                                                           \
	X(malformed)                                                                                         \
	X(nvda_get)                                                                                          \
	X(nvda_set)                                                                                          \
	X(nvdi)                                                                                              \
	X(nvia)                                                                                              \
	X(nvqc)                                                                                              \
	X(nvqgc)                                                                                             \
	X(mfrl_set)                                                                                          \
	X(resets)                                                                                            \
	X(fwctl_rpc)                                                                                         \
	X(fwctl_scope0)                                                                                      \
	X(fwctl_scope1)                                                                                      \
	X(fwctl_scope2)                                                                                      \
	X(fwctl_scope3)                                                                                      \
	X(fwctl_malformed)                                                                                   \
	X(tainted)

struct counters {
#define COUNTER_FIELD(name) unsigned long name;
	COUNTERS(COUNTER_FIELD)
#undef COUNTER_FIELD
};

/* One PCI function: its vendor-specific capability, and the command interface behind it. */
struct function {
	unsigned int pf;
	uint32_t space, ticket, semaphore, address, data;
	uint32_t result; /* of a read whose flag is not there yet */
	bool pending;    /* the flag is not there yet */
	unsigned int polls;
	uint32_t icmd_semaphore;
	uint16_t icmd_opcode;
	uint8_t icmd_status;
	bool icmd_exmb, icmd_busy;
	uint64_t icmd_done_at;
	uint8_t mailbox[MAILBOX_SIZE];
};

struct status_fault {
	unsigned int reg, method; /* method 0: any */
	unsigned int status;
	long left; /* FOR_EVER, or so many times; 0: unused */
};

/* What goes with the power. */
struct faults {
	bool hold_vsc, hold_icmd, busy, flag_stuck, dead, power_off, not_ready, locked, short_reply;
	unsigned long slow, slow_flag;
	unsigned long garble; /* what the next lie is made from; 0: none */
	unsigned int icmd_status;
	long icmd_status_left;
	struct status_fault status[STATUS_MAX];
	unsigned long power_loss_after, power_loss_before;
};

/* How the kernel is that has an fwctl for function 0. */
struct fwctl {
	unsigned long type;
	unsigned int denied; /* scopes, as bits */
	bool lax;
	unsigned long syndrome; /* 0: one is made up from the status */
};
#define FWCTL_OF_MLX5                                                                                        \
	(struct fwctl)                                                                                       \
	{                                                                                                    \
		.type = 1                                                                                    \
	}

struct device {
	bool bf2;
	unsigned int functions;
	const char *state;
	const char *slot; /* the PCI address without the function */
	struct function function[FUNCTIONS];
	struct faults faults;
	struct counters counters;
	struct fwctl fwctl;
	bool rewrite_length;
	unsigned long reset_ms;
	struct function *reset_by; /* asked for a reset, has its answer not yet */
	uint64_t reset_by_deadline, dead_until;
};

enum tlv_kind { TLV_DEFAULT, TLV_CURRENT, TLV_NEXT, TLV_KINDS };

struct tlv {
	uint32_t type; /* class 3: of function 0 */
	unsigned int size;
	bool constant;         /* a capability: never written */
	uint32_t at_first[12]; /* what the factory made, as dwords */
	bool readonly, absent;
	struct {
		uint8_t bytes[TLV_KINDS][TLV_MAX];
		unsigned int writer, writer_host;
	} pf[FUNCTIONS];
};

extern struct device dev;
extern struct tlv tlvs[];
extern const size_t tlv_count;
extern const char *const tlv_kind_names[TLV_KINDS];

static inline uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void put_be32(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 24);
	p[1] = (uint8_t)(value >> 16);
	p[2] = (uint8_t)(value >> 8);
	p[3] = (uint8_t)value;
}

/* vsc.c */
uint64_t now_ms(void);
bool device_dead(void);     /* no answer: all bits set */
void device_settle(void);   /* does what has become due */
void device_volatile(void); /* the power went: semaphores, mailboxes */
uint32_t vsc_peek(const struct function *function, unsigned int offset);
uint32_t vsc_read(struct function *function, unsigned int offset);
void vsc_write(struct function *function, unsigned int offset, uint32_t value);

/* registers.c */
#define REGISTER_MAX (MAILBOX_SIZE - 20u) /* bytes: what has room in a mailbox, behind the frame */
enum { METHOD_GET = 1, METHOD_SET = 2 };
unsigned int register_one(struct function *function, unsigned int id, unsigned int method, uint8_t *body,
			  unsigned int size);       /* the status of the register */
uint8_t register_access(struct function *function); /* the frame in the mailbox; the status of the command */

/* tlv.c */
void tlv_init(void);
bool tlv_per_function(const struct tlv *tlv);
unsigned int tlv_pfs(const struct tlv *tlv);
struct tlv *tlv_by_type(uint32_t type); /* type of function 0 */
struct tlv *tlv_addressed(uint32_t type, unsigned int issuer, unsigned int *pf);
void tlv_write(struct tlv *tlv, unsigned int pf, const uint8_t *bytes, unsigned int length);
void tlv_forget(struct tlv *tlv, unsigned int pf); /* the next is the default */
void tlv_boot(void);                               /* the current are the next */
bool tlv_hex(const struct tlv *tlv, const char *hex, uint8_t *bytes);
void tlv_dump(FILE *file);
int tlv_load(const char *path);
int tlv_save(const char *path);

/* fwctl.c */
struct fuse_session;
struct fuse_session *fwctl_setup(void);

/* control.c */
int control_line(char *line);
void control_counters(FILE *file);

#endif
