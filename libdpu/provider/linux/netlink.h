/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Netlink requests: libnl puts messages together and takes them apart; sending and receiving is done here,
 * because libnl does not read extended acks, nor the error in the message that ends a dump. */
#ifndef DPU_LINUX_NETLINK_H
#define DPU_LINUX_NETLINK_H

#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include "core/ctx.h"

/* Where messages go and come from when not to and from the kernel: tests stand in for it. receive() has the
 * semantics of recv() with MSG_TRUNC, and with MSG_PEEK when peek is set. */
struct netlink_peer {
	ssize_t (*send)(void *data, const void *message, size_t len);
	ssize_t (*receive)(void *data, void *buffer, size_t size, bool peek);
	void *data;
};

struct netlink {
	int fd; /* -1: not open */
	uint32_t seq;
	char *buffer; /* of what is received; NULL before the first time */
	size_t size;
	const struct netlink_peer *peer; /* NULL: the kernel */
};

/* One object of an answer: 0, or a negative errno that fails the request; never more than 0. */
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

/* Opens a request socket with extended acks, which blocks. 0 or a negative errno. */
int netlink_open(struct netlink *nl, int protocol);

/* Makes it a socket that hears of a multicast group. 0 or a negative errno. */
int netlink_join(struct netlink *nl, uint32_t group);
void netlink_close(struct dpu_ctx *ctx, struct netlink *nl);

/*
 * Sends a request (NLM_F_DUMP in its flags makes it a dump) and takes the answer apart. 0 or a negative
 * errno, the kernel's words then in answer->message; nothing is recorded with ctx_fail(), because to many
 * callers a refusal is an answer.
 */
int netlink_request(struct dpu_ctx *ctx, struct netlink *nl, struct nl_msg *msg,
		    struct netlink_answer *answer);

/* As netlink_request(), but frees the message (NULL: there was no memory for it) and records a failure of the
 * step on the object, with the kernel's words, or what the caller lacks. */
int netlink_step(struct dpu_ctx *ctx, struct netlink *nl, struct nl_msg *msg, struct netlink_answer *answer,
		 const char *step, const char *object);

/* Records such a failure. */
int netlink_fail(struct dpu_ctx *ctx, int rc, const struct netlink_answer *answer, const char *step,
		 const char *object);

/*
 * Reads what an event socket has heard, without blocking, and hands each message on. 0, -ENOBUFS when the
 * kernel has dropped some, or what object returned.
 */
int netlink_events(struct dpu_ctx *ctx, struct netlink *nl, netlink_object_fn object, void *data);

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
bool netlink_u64(const struct nlattr *attr, uint64_t *ret);
/* Text that fits; what does not fit would be another name, and is left out. */
bool netlink_text(const struct nlattr *attr, char *text, size_t size);

#endif
