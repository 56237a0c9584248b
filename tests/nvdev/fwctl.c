/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's fwctl for mlx5, as a character device: requests in the kernel's form, with commands of the
 * firmware in them, about the registers of function 0. What the caller's memory says is read again with each
 * turn that CUSE takes for more of it, so each turn checks it all. */
#include "nvdev.h"

#define FUSE_USE_VERSION 31
#include <cuse_lowlevel.h>
#include <errno.h>
#include <linux/ioctl.h>
#include <string.h>

#define FWCTL_INFO _IO(0x9a, 0)
#define FWCTL_RPC _IO(0x9a, 1)

#define SCOPE_CONFIGURATION 0u
#define SCOPE_READ 1u
#define SCOPE_WRITE 2u /* from here on a kernel is tainted */
#define SCOPE_WRITE_FULL 3u

#define LENGTH_MAX 4096u /* the kernel takes 2 MB; no register is that long */
#define COMMAND_HEADER 16u
#define OPCODE_ACCESS_REG 0x805u
#define OP_WRITE 0u
#define OP_READ 1u

#define UID 1u
#define UCTX_TOOLS 0x4u
#define SYNDROME 0x00f17c00u

#define COMMAND_OK 0x00u
#define COMMAND_INTERNAL 0x01u
#define COMMAND_BAD_OP 0x02u
#define COMMAND_BAD_PARAMETER 0x03u
#define COMMAND_BAD_SYSTEM_STATE 0x04u
#define COMMAND_BAD_RESOURCE 0x05u
#define COMMAND_BUSY 0x06u
#define COMMAND_LIMIT 0x08u
#define COMMAND_BAD_INPUT_LENGTH 0x50u
#define COMMAND_BAD_OUTPUT_LENGTH 0x51u

struct info {
	uint32_t size, flags, device_type, device_data_len;
	uint64_t device_data;
};

struct device_data {
	uint32_t uid, uctx_caps;
};

struct rpc {
	uint32_t size, scope, in_len, out_len;
	uint64_t in, out;
};

/* What of the caller's memory is here by now, and how much of it can be written. */
struct turn {
	void *arg;
	const uint8_t *in;
	size_t in_size, out_size;
};

static void refuse(fuse_req_t req, int error)
{
	fuse_reply_err(req, error);
}

static void refuse_malformed(fuse_req_t req, int error)
{
	dev.counters.fwctl_malformed++;
	refuse(req, error);
}

/* The caller's structure, and a buffer of the caller's beside it. */
static void ask(fuse_req_t req, void *arg, size_t in_size, size_t out_size, struct iovec in, struct iovec out)
{
	struct iovec ins[2] = { { arg, in_size }, in }, outs[2] = { { arg, out_size }, out };

	fuse_reply_ioctl_retry(req, ins, in.iov_len ? 2 : 1, outs, out.iov_len ? 2 : 1);
}

static struct iovec buffer_at(uint64_t address, size_t size)
{
	return (struct iovec){ (void *)(uintptr_t)address, size };
}

static void do_info(fuse_req_t req, const struct turn *turn)
{
	const struct device_data data = { UID, UCTX_TOOLS };
	struct {
		struct info info;
		uint8_t data[LENGTH_MAX];
	} reply;
	size_t length;

	memset(&reply, 0, sizeof(reply));
	memcpy(&reply.info, turn->in, sizeof(reply.info));
	if (reply.info.flags != 0) {
		refuse_malformed(req, EOPNOTSUPP);
		return;
	}
	/* What there is room for beyond that stays as it was, where a kernel would write zeros. */
	length = reply.info.device_data_len < LENGTH_MAX ? reply.info.device_data_len : LENGTH_MAX;
	if (turn->out_size == 0) {
		ask(req, turn->arg, reply.info.size, sizeof(reply.info), buffer_at(0, 0),
		    buffer_at(reply.info.device_data, length));
		return;
	}
	if (turn->out_size != sizeof(reply.info) + length) {
		refuse_malformed(req, EFAULT);
		return;
	}
	memcpy(reply.data, &data, sizeof(data));
	reply.info.device_type = (uint32_t)dev.fwctl.type;
	reply.info.device_data_len = sizeof(data);
	fuse_reply_ioctl(req, 0, &reply, sizeof(reply.info) + length);
}

/* What the status of a register is as that of a command. */
static uint8_t command_status(unsigned int status)
{
	switch (status) {
	case 0x00:
		return COMMAND_OK;
	case 0x01:
		return COMMAND_BUSY;
	case 0x04:
		return COMMAND_BAD_SYSTEM_STATE;
	case 0x05:
	case 0x06:
		return COMMAND_BAD_OP;
	case 0x02:
	case 0x03:
	case 0x07:
	case 0x20:
		return COMMAND_BAD_PARAMETER;
	case 0x08:
		return COMMAND_BAD_RESOURCE;
	case 0x21:
		return COMMAND_LIMIT;
	case 0x24:
		return COMMAND_BAD_INPUT_LENGTH;
	default:
		return COMMAND_INTERNAL;
	}
}

static void put_failure(uint8_t *out, uint8_t command, unsigned int status)
{
	out[0] = command;
	put_be32(out + 4, dev.fwctl.syndrome ? (uint32_t)dev.fwctl.syndrome : SYNDROME | status);
}

/* The firmware's part: out has room for rpc->out_len bytes, which are 0. */
static void do_command(const struct rpc *rpc, const uint8_t *in, uint8_t *out)
{
	uint32_t size = rpc->in_len - COMMAND_HEADER, room = rpc->out_len - COMMAND_HEADER;
	bool read = (be32(in + 4) & 0xffffu) == OP_READ;
	uint8_t body[REGISTER_MAX];
	unsigned int status;

	/* What is reserved, and the argument, which none of these registers has. */
	if (be32(in + 4) >> 16 != 0 || be32(in + 8) >> 16 != 0 || be32(in + 12) != 0)
		dev.counters.fwctl_malformed++;
	if (size > sizeof(body) || size % 4 != 0) {
		dev.counters.fwctl_malformed++;
		put_failure(out, COMMAND_BAD_INPUT_LENGTH, 0);
		return;
	}
	if (read && room < size) {
		dev.counters.fwctl_malformed++;
		put_failure(out, COMMAND_BAD_OUTPUT_LENGTH, 0);
		return;
	}
	memcpy(body, in + COMMAND_HEADER, size);
	status = register_one(&dev.function[0], be32(in + 8) & 0xffffu, read ? METHOD_GET : METHOD_SET, body,
			      size);
	if (status != 0)
		put_failure(out, command_status(status), status);
	else
		memcpy(out + COMMAND_HEADER, body, room < size ? room : size);
}

static void count_scope(uint32_t scope)
{
	dev.counters.fwctl_rpc++;
	dev.counters.fwctl_scope0 += scope == SCOPE_CONFIGURATION;
	dev.counters.fwctl_scope1 += scope == SCOPE_READ;
	dev.counters.fwctl_scope2 += scope == SCOPE_WRITE;
	dev.counters.fwctl_scope3 += scope == SCOPE_WRITE_FULL;
	dev.counters.tainted += scope >= SCOPE_WRITE;
}

/* The kernel's part, before and after the firmware's: 0 or what errno will be. */
static int pass_on(const struct rpc *rpc, const uint8_t *in, uint8_t *out)
{
	uint32_t opcode, op;

	if (rpc->scope > SCOPE_WRITE_FULL) {
		dev.counters.fwctl_malformed++;
		return EOPNOTSUPP;
	}
	count_scope(rpc->scope);
	if (dev.fwctl.denied & 1u << rpc->scope)
		return EPERM;
	if (rpc->in_len < COMMAND_HEADER || rpc->out_len < COMMAND_HEADER) {
		dev.counters.fwctl_malformed++;
		return EMSGSIZE;
	}
	opcode = be32(in) >> 16;
	op = be32(in + 4) & 0xffffu;
	if (opcode != OPCODE_ACCESS_REG || op > OP_READ) {
		dev.counters.fwctl_malformed++;
		return EBADMSG;
	}
	/* To read is to look for faults, says the kernel; to write is to configure. */
	if (op == OP_READ && rpc->scope < SCOPE_READ && !dev.fwctl.lax)
		return EBADMSG;
	device_settle();
	if (dev.faults.busy)
		return ETIMEDOUT;
	if (device_dead() || dev.faults.not_ready)
		return ENXIO;
	do_command(rpc, in, out);
	return device_dead() ? ENXIO : 0;
}

static void do_rpc(fuse_req_t req, const struct turn *turn)
{
	struct {
		struct rpc rpc;
		uint8_t out[LENGTH_MAX];
	} reply;
	struct rpc *rpc = &reply.rpc;
	int error;

	memset(&reply, 0, sizeof(reply));
	memcpy(rpc, turn->in, sizeof(*rpc));
	if (rpc->in_len > LENGTH_MAX || rpc->out_len > LENGTH_MAX) {
		refuse_malformed(req, EMSGSIZE);
		return;
	}
	if (turn->out_size == 0) {
		ask(req, turn->arg, rpc->size, sizeof(*rpc), buffer_at(rpc->in, rpc->in_len),
		    buffer_at(rpc->out, rpc->out_len));
		return;
	}
	if (turn->in_size != (size_t)rpc->size + rpc->in_len ||
	    turn->out_size != sizeof(*rpc) + rpc->out_len) {
		refuse_malformed(req, EFAULT);
		return;
	}
	error = pass_on(rpc, turn->in + rpc->size, reply.out);
	if (error)
		refuse(req, error);
	else
		fuse_reply_ioctl(req, 0, &reply, sizeof(*rpc) + rpc->out_len);
}

/* The caller may know a structure that has grown: what this one does not know has to be 0. */
static int check_size(const struct turn *turn, size_t least, uint32_t size)
{
	size_t i;

	if (size < least)
		return EINVAL;
	if (size > LENGTH_MAX)
		return E2BIG;
	if (turn->in_size == sizeof(size))
		return 0;
	if (turn->in_size < size)
		return EFAULT;
	for (i = least; i < size; i++) {
		if (turn->in[i] != 0)
			return E2BIG;
	}
	return 0;
}

static void fwctl_ioctl(fuse_req_t req, int cmd, void *arg, struct fuse_file_info *fi, unsigned int flags,
			const void *in, size_t in_size, size_t out_size)
{
	const struct turn turn = { arg, in, in_size, out_size };
	const bool info = cmd == (int)FWCTL_INFO;
	uint32_t size = sizeof(size);
	int error;

	(void)fi;
	(void)flags;
	if (!info && cmd != (int)FWCTL_RPC) {
		refuse_malformed(req, ENOTTY);
		return;
	}
	if (in_size >= sizeof(size)) {
		memcpy(&size, in, sizeof(size));
		error = check_size(&turn, info ? sizeof(struct info) : sizeof(struct rpc), size);
		if (error) {
			refuse_malformed(req, error);
			return;
		}
	}
	/* First its size, then all of it. */
	if (in_size <= sizeof(size)) {
		const struct iovec whole = { arg, size };

		fuse_reply_ioctl_retry(req, &whole, 1, NULL, 0);
	} else if (info) {
		do_info(req, &turn);
	} else {
		do_rpc(req, &turn);
	}
}

static void fwctl_open(fuse_req_t req, struct fuse_file_info *fi)
{
	fuse_reply_open(req, fi);
}

struct fuse_session *fwctl_setup(void)
{
	static const struct cuse_lowlevel_ops operations = { .open = fwctl_open, .ioctl = fwctl_ioctl };
	static char name[] = "nvdev", foreground[] = "-f";
	const char *device = "DEVNAME=fwctl/fwctl0";
	const struct cuse_info info = { .dev_info_argc = 1,
					.dev_info_argv = &device,
					.flags = CUSE_UNRESTRICTED_IOCTL };
	char *argv[] = { name, foreground, NULL };
	struct fuse_session *session;
	int multithreaded;

	session = cuse_lowlevel_setup(2, argv, &info, &operations, &multithreaded, NULL);
	/* Whoever runs the other session hears the signals for both. */
	if (session)
		fuse_remove_signal_handlers(session);
	return session;
}
