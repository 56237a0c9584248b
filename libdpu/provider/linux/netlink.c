/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "provider/linux/netlink.h"

#ifndef NLM_F_CAPPED
#define NLM_F_CAPPED 0x100
#endif
#ifndef NLM_F_ACK_TLVS
#define NLM_F_ACK_TLVS 0x200
#endif

enum {
	DUMP_TRIES = 16,
	FIRST_BUFFER = 32 * 1024, /* the largest part of a dump */
	SOCKET_BUFFER = 1024 * 1024,
};

int netlink_open(struct netlink *nl, int protocol)
{
	struct sockaddr_nl local = { .nl_family = AF_NETLINK };
	int one = 1, room = SOCKET_BUFFER, fd, rc;

	*nl = (struct netlink){ .fd = -1 };
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		return -errno;
	/* None of these is a must: an older kernel only says less. */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (bind(fd, (struct sockaddr *)&local, sizeof(local)) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	nl->fd = fd;
	return 0;
}

int netlink_join(struct netlink *nl, uint32_t group)
{
	return setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0 ? -errno
												  : 0;
}

void netlink_close(struct dpu_ctx *ctx, struct netlink *nl)
{
	if (nl->fd >= 0)
		close(nl->fd);
	ctx_free(ctx, nl->buffer);
	*nl = (struct netlink){ .fd = -1 };
}

static void take_extended_ack(struct netlink_answer *answer, const struct nlmsghdr *nlh, size_t offset)
{
	struct nlattr *attrs[NLMSGERR_ATTR_MSG + 1];

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (netlink_parse(nlh, offset, attrs, NLMSGERR_ATTR_MSG) && attrs[NLMSGERR_ATTR_MSG]) {
		const struct nlattr *attr = attrs[NLMSGERR_ATTR_MSG];

		snprintf(answer->message, sizeof(answer->message), "%.*s", nla_len(attr),
			 (const char *)nla_data(attr));
	}
}

/* An error number from outside: only what is a negative errno may be passed on as one. */
static int error_code(int error)
{
	return error < 0 && error >= -4095 ? error : -EBADMSG;
}

static int take_error(struct netlink_answer *answer, const struct nlmsghdr *nlh)
{
	size_t offset = sizeof(struct nlmsgerr);
	struct nlmsgerr error;

	if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(error))
		return -EBADMSG;
	memcpy(&error, nlmsg_data(nlh), sizeof(error));
	/* With NETLINK_CAP_ACK only the request's header is quoted; a kernel that does not cap quotes it all.
	 */
	if (error.error && !(nlh->nlmsg_flags & NLM_F_CAPPED) && error.msg.nlmsg_len > NLMSG_HDRLEN)
		offset += NLMSG_ALIGN((size_t)error.msg.nlmsg_len - NLMSG_HDRLEN);
	take_extended_ack(answer, nlh, offset);
	return error.error ? error_code(error.error) : 1;
}

static int take_done(struct netlink_answer *answer, const struct nlmsghdr *nlh)
{
	int error;

	if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(error))
		return 1;
	memcpy(&error, nlmsg_data(nlh), sizeof(error));
	take_extended_ack(answer, nlh, sizeof(error));
	return error < 0 ? error_code(error) : 1;
}

/* Visits the messages of a datagram until visit says something else than 0: that, or 0. */
static int each_message(const char *at, size_t len, netlink_object_fn visit, void *data)
{
	const struct nlmsghdr *nlh;
	size_t step;
	int rc;

	if (len && len < sizeof(*nlh))
		return -EBADMSG;
	for (; len >= sizeof(*nlh); at += step, len -= step) {
		nlh = (const void *)at;
		if (nlh->nlmsg_len < sizeof(*nlh) || nlh->nlmsg_len > len)
			return -EBADMSG;
		rc = visit(data, nlh);
		if (rc)
			return rc;
		step = NLMSG_ALIGN((size_t)nlh->nlmsg_len);
		if (step >= len)
			break;
	}
	return 0;
}

static int take_message(void *data, const struct nlmsghdr *nlh)
{
	struct netlink_answer *answer = data;

	/* What an earlier, given up request left behind. */
	if (nlh->nlmsg_seq != answer->seq)
		return 0;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		answer->interrupted = true;
	if (nlh->nlmsg_type == NLMSG_ERROR)
		return take_error(answer, nlh);
	if (nlh->nlmsg_type == NLMSG_DONE)
		return take_done(answer, nlh);
	if (nlh->nlmsg_type == NLMSG_OVERRUN)
		return -ENOBUFS;
	if (nlh->nlmsg_type < NLMSG_MIN_TYPE || !answer->object)
		return 0;
	return answer->object(answer->data, nlh);
}

int netlink_datagram(struct netlink_answer *answer, const void *buffer, size_t len)
{
	return each_message(buffer, len, take_message, answer);
}

static ssize_t receive_once(const struct netlink *nl, void *buffer, size_t size, int flags)
{
	struct sockaddr_nl from = { 0 };
	socklen_t from_len = sizeof(from);
	ssize_t len;

	if (nl->peer)
		return nl->peer->receive(nl->peer->data, buffer, size, flags & MSG_PEEK);
	for (;;) {
		len = recvfrom(nl->fd, buffer, size, flags | MSG_TRUNC, (struct sockaddr *)&from, &from_len);
		if (len < 0 && errno != EINTR)
			return -errno;
		if (len < 0)
			continue;
		/* Any process may send to a netlink socket; only the kernel is answering. */
		if (from_len == sizeof(from) && from.nl_pid == 0)
			return len;
		if (flags & MSG_PEEK)
			recv(nl->fd, buffer, 0, flags & ~MSG_PEEK);
	}
}

/* Makes the buffer at least that large. */
static int make_room(struct dpu_ctx *ctx, struct netlink *nl, size_t size)
{
	char *grown;

	if (nl->size >= size)
		return 0;
	grown = ctx_realloc(ctx, nl->buffer, size);
	if (!grown)
		return -ENOMEM;
	nl->buffer = grown;
	nl->size = size;
	return 0;
}

/* Receives one datagram into the buffer, however large. Its length or a negative errno. */
static ssize_t receive(struct dpu_ctx *ctx, struct netlink *nl, int flags)
{
	ssize_t len;

	if (make_room(ctx, nl, FIRST_BUFFER) < 0)
		return -ENOMEM;
	/* Only its length: the bytes need not be copied for that. */
	len = receive_once(nl, nl->buffer, 0, flags | MSG_PEEK);
	if (len < 0)
		return len;
	if (make_room(ctx, nl, (size_t)len) < 0)
		return -ENOMEM;
	return receive_once(nl, nl->buffer, nl->size, flags);
}

static ssize_t send_message(const struct netlink *nl, const struct nlmsghdr *nlh)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t len;

	if (nl->peer)
		return nl->peer->send(nl->peer->data, nlh, nlh->nlmsg_len);
	do {
		len = sendto(nl->fd, nlh, nlh->nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel));
	} while (len < 0 && errno == EINTR);
	return len < 0 ? -errno : len;
}

static int request_once(struct dpu_ctx *ctx, struct netlink *nl, struct nl_msg *msg,
			struct netlink_answer *answer)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	ssize_t len;
	int rc;

	answer->interrupted = false;
	answer->message[0] = '\0';
	answer->seq = ++nl->seq;
	nlh->nlmsg_seq = answer->seq;
	nlh->nlmsg_pid = 0;
	nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	len = send_message(nl, nlh);
	rc = len < 0 ? (int)len : 0;
	while (rc == 0) {
		len = receive(ctx, nl, 0);
		rc = len < 0 ? (int)len : netlink_datagram(answer, nl->buffer, (size_t)len);
	}
	return rc < 0 ? rc : 0;
}

int netlink_request(struct dpu_ctx *ctx, struct netlink *nl, struct nl_msg *msg,
		    struct netlink_answer *answer)
{
	int rc, tries;

	for (tries = 0; tries < DUMP_TRIES; tries++) {
		rc = request_once(ctx, nl, msg, answer);
		/* Interrupted: objects came or went between two parts of the dump. Some kernels say it with
		 * -EINTR. Lost parts leave the same uncertainty. */
		if (rc != -EINTR && rc != -ENOBUFS && (rc < 0 || !answer->interrupted))
			return rc;
		if (answer->restart)
			answer->restart(answer->data);
	}
	snprintf(answer->message, sizeof(answer->message), "the dump was interrupted %d times", DUMP_TRIES);
	return -EAGAIN;
}

int netlink_fail(struct dpu_ctx *ctx, int rc, const struct netlink_answer *answer, const char *step,
		 const char *object)
{
	if (rc == -ENOMEM)
		return ctx_fail_nomem(ctx, step);
	if (rc == -EBADMSG)
		return ctx_fail(ctx, rc, step, object, "the kernel's answer is malformed");
	ctx_fail(ctx, rc, step, object, "%s", answer->message[0] ? answer->message : strerror(-rc));
	if (rc == -EPERM)
		ctx_hint(ctx, "the capability CAP_NET_ADMIN is missing: run as root, or grant it");
	return rc;
}

int netlink_step(struct dpu_ctx *ctx, struct netlink *nl, struct nl_msg *msg, struct netlink_answer *answer,
		 const char *step, const char *object)
{
	int rc;

	if (!msg)
		return ctx_fail_nomem(ctx, step);
	rc = netlink_request(ctx, nl, msg, answer);
	nlmsg_free(msg);
	return rc < 0 ? netlink_fail(ctx, rc, answer, step, object) : 0;
}

/* Events are of no request: their numbers say nothing, and what is no event is not ours. */
struct listener {
	netlink_object_fn object;
	void *data;
};

static int hear(void *data, const struct nlmsghdr *nlh)
{
	const struct listener *listener = data;

	return nlh->nlmsg_type >= NLMSG_MIN_TYPE ? listener->object(listener->data, nlh) : 0;
}

int netlink_events(struct dpu_ctx *ctx, struct netlink *nl, netlink_object_fn object, void *data)
{
	struct listener listener = { .object = object, .data = data };
	bool lost = false;
	ssize_t len;
	int rc = 0;

	do {
		len = receive(ctx, nl, MSG_DONTWAIT);
		/* The socket goes on after it has said so. */
		if (len == -ENOBUFS)
			lost = true;
		else if (len >= 0)
			rc = each_message(nl->buffer, (size_t)len, hear, &listener);
	} while (rc == 0 && (len >= 0 || len == -ENOBUFS));
	/* What cannot be understood has been missed as well. */
	if (rc < 0)
		return rc == -EBADMSG ? -ENOBUFS : rc;
	if (lost)
		return -ENOBUFS;
	return len == -EAGAIN ? 0 : (int)len;
}

static const char *data_of(const struct nlattr *attr)
{
	return (const char *)(attr + 1);
}

static size_t len_of(const struct nlattr *attr)
{
	return attr->nla_len - sizeof(*attr);
}

/* Most of what a discovery does itself is done here: without libnl's functions, which are calls. */
static bool parse(const char *at, size_t len, struct nlattr **attrs, int max)
{
	const struct nlattr *attr;
	size_t step;

	memset(attrs, 0, sizeof(*attrs) * ((size_t)max + 1));
	for (; len >= sizeof(*attr); at += step, len -= step) {
		int type;

		attr = (const void *)at;
		if (attr->nla_len < sizeof(*attr) || attr->nla_len > len)
			return false;
		type = attr->nla_type & NLA_TYPE_MASK;
		if (type <= max)
			attrs[type] = (struct nlattr *)(uintptr_t)attr;
		step = NLMSG_ALIGN((size_t)attr->nla_len);
		if (step >= len)
			return true;
	}
	/* Less than a header is padding. */
	return true;
}

bool netlink_parse(const struct nlmsghdr *nlh, size_t header, struct nlattr **attrs, int max)
{
	const size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(header);
	const bool whole = nlh->nlmsg_len >= NLMSG_HDRLEN + header && nlh->nlmsg_len <= INT32_MAX;

	return parse((const char *)nlh + skip, whole && nlh->nlmsg_len > skip ? nlh->nlmsg_len - skip : 0,
		     attrs, max) &&
	       whole;
}

bool netlink_parse_nested(const struct nlattr *attr, struct nlattr **attrs, int max)
{
	return parse(attr ? data_of(attr) : NULL, attr ? len_of(attr) : 0, attrs, max) && attr;
}

static bool value(const struct nlattr *attr, void *ret, size_t size)
{
	if (!attr || len_of(attr) < size)
		return false;
	memcpy(ret, data_of(attr), size);
	return true;
}

bool netlink_u8(const struct nlattr *attr, uint8_t *ret)
{
	return value(attr, ret, sizeof(*ret));
}

bool netlink_u16(const struct nlattr *attr, uint16_t *ret)
{
	return value(attr, ret, sizeof(*ret));
}

bool netlink_u32(const struct nlattr *attr, uint32_t *ret)
{
	return value(attr, ret, sizeof(*ret));
}

bool netlink_u64(const struct nlattr *attr, uint64_t *ret)
{
	return value(attr, ret, sizeof(*ret));
}

bool netlink_text(const struct nlattr *attr, char *text, size_t size)
{
	size_t len;

	if (!attr)
		return false;
	len = strnlen(data_of(attr), len_of(attr));
	if (len >= size)
		return false;
	memcpy(text, data_of(attr), len);
	text[len] = '\0';
	return true;
}
