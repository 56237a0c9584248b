/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Netlink requests: libnl puts messages together and takes them apart; sending and receiving is done here,
 * because libnl does not read extended acks, nor the error in the message that ends a dump. */
#ifndef DPU_LINUX_NETLINK_H
#define DPU_LINUX_NETLINK_H

#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include "core/ctx.h"

struct netlink {
	int fd; /* -1: not open */
	uint32_t seq;
};

/* One object of an answer: 0, or a negative errno that fails the request. */
typedef int (*netlink_object_fn)(void *data, const struct nlmsghdr *nlh);

/* What becomes of an answer. */
struct netlink_answer {
	uint32_t seq;
	netlink_object_fn object;
	void (*restart)(void *data); /* forget all objects: the dump was interrupted and is being redone */
	void *data;
	bool interrupted;
	char message[256]; /* the kernel's own words, of an error or a warning */
};

/* Opens a request socket with extended acks. 0 or a negative errno. */
int netlink_open(struct netlink *nl, int protocol);

/* Makes it a socket that hears of a multicast group. 0 or a negative errno. */
int netlink_join(struct netlink *nl, uint32_t group);
void netlink_close(struct netlink *nl);

/*
 * Sends a request (NLM_F_DUMP in its flags makes it a dump) and takes the answer apart. 0 or a negative
 * errno, the kernel's words then in answer->message; nothing is recorded with ctx_fail(), because to many
 * callers a refusal is an answer.
 */
int netlink_request(struct dpu_ctx *ctx, struct netlink *nl, struct nl_msg *msg,
		    struct netlink_answer *answer);

/* Takes one datagram apart. 1: the answer is complete, 0: there is more to come, or a negative errno. */
int netlink_datagram(struct netlink_answer *answer, const void *buffer, size_t len);

/* Finds the attributes of a message behind a fixed header; attributes of unknown type are ignored. False for
 * a message that is too short or malformed. */
bool netlink_parse(const struct nlmsghdr *nlh, size_t header, struct nlattr **attrs, int max);
bool netlink_parse_nested(const struct nlattr *attr, struct nlattr **attrs, int max);

/* The value of an attribute; false, and *ret untouched, when it is missing or too short. */
bool netlink_u8(const struct nlattr *attr, uint8_t *ret);
bool netlink_u16(const struct nlattr *attr, uint16_t *ret);
bool netlink_u32(const struct nlattr *attr, uint32_t *ret);
/* Text that fits; what does not fit would be another name, and is left out. */
bool netlink_text(const struct nlattr *attr, char *text, size_t size);

#endif
