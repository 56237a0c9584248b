/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "core/text.h"
#include "provider/linux/fwctl.h"

struct fwctl {
	struct transport transport;
	int fd;
	const struct fwctl_peer *peer;
	__u32 read_scope;
	unsigned int depth;
};

static struct fwctl *fwctl_of(struct transport *transport)
{
	return (struct fwctl *)(void *)transport;
}

static int control(const struct fwctl *fwctl, unsigned long request, void *arg)
{
	int rc;

	if (fwctl->peer)
		return fwctl->peer->control(fwctl->peer->data, request, arg);
	do {
		rc = ioctl(fwctl->fd, request, arg);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : 0;
}

/* The kernel does one request after the other; what has to be several of them is kept apart by a lock of the
 * file, which ends with the process. */
static int fwctl_lock(struct transport *transport)
{
	const int64_t end = transport_now_ms() + transport->deadlines.semaphore_ms;
	struct fwctl *fwctl = fwctl_of(transport);

	if (fwctl->depth++)
		return 0;
	while (flock(fwctl->fd, LOCK_EX | LOCK_NB) < 0) {
		const int rc = -errno;

		if (rc != -EWOULDBLOCK && rc != -EINTR) {
			fwctl->depth--;
			return transport_break(transport, rc, "cannot lock the device's fwctl: %s",
					       strerror(-rc));
		}
		if (transport_now_ms() >= end) {
			fwctl->depth--;
			return transport_fail(transport, -ETIMEDOUT,
					      "the device's fwctl is locked by another program");
		}
		transport_sleep_us(2000);
	}
	return 0;
}

static void fwctl_unlock(struct transport *transport)
{
	struct fwctl *fwctl = fwctl_of(transport);

	if (!--fwctl->depth)
		flock(fwctl->fd, LOCK_UN);
}

struct exchange {
	_Alignas(8) uint8_t in[COMMAND_HEADER_SIZE + REGISTER_MAX];
	_Alignas(8) uint8_t out[COMMAND_HEADER_SIZE + REGISTER_MAX];
	__u32 out_len;
};

static int request(struct fwctl *fwctl, const struct register_access *access, __u32 scope,
		   struct exchange *exchange)
{
	const __u32 size = (__u32)(COMMAND_HEADER_SIZE + access->size);
	struct fwctl_rpc_arg rpc = {
		.size = sizeof(rpc),
		.scope = scope,
		.in_len = size,
		.out_len = size,
		.in = (uintptr_t)exchange->in,
		.out = (uintptr_t)exchange->out,
	};
	int rc;

	memset(exchange, 0, sizeof(*exchange));
	command_frame(access, exchange->in);
	memcpy(exchange->in + COMMAND_HEADER_SIZE, access->body, access->write_size);
	rc = control(fwctl, FWCTL_IOC_RPC, &rpc);
	/* The kernel says how much there was, which may be more than had room. */
	exchange->out_len = rpc.out_len < size ? rpc.out_len : size;
	return rc;
}

/* What kernels say to a request that the scope does not cover. */
static bool scope_refused(int rc)
{
	return rc == -EBADMSG || rc == -EPERM || rc == -EOPNOTSUPP;
}

static int take_answer(struct fwctl *fwctl, struct register_access *access, const struct exchange *exchange)
{
	struct transport *transport = &fwctl->transport;
	uint32_t status, syndrome;
	int rc;

	if (exchange->out_len < COMMAND_HEADER_SIZE)
		return transport_break(transport, -EPROTO,
				       "the firmware's answer is malformed: it has no header");
	command_parse(exchange->out, &status, &syndrome);
	rc = command_status(status, syndrome, transport->failure.words, sizeof(transport->failure.words));
	if (rc < 0) {
		transport->failure.hint[0] = '\0';
		return rc;
	}
	if (exchange->out_len < (uint32_t)COMMAND_HEADER_SIZE + access->read_size)
		return transport_break(transport, -EPROTO,
				       "the firmware's answer is malformed: the register is too short");
	memcpy(access->body, exchange->out + COMMAND_HEADER_SIZE, access->read_size);
	return 0;
}

static int fwctl_access(struct transport *transport, struct register_access *access)
{
	struct fwctl *fwctl = fwctl_of(transport);
	struct exchange exchange;
	int rc;

	access->sent = false;
	rc = request(fwctl, access, access->write ? FWCTL_SCOPE_CONFIGURATION : fwctl->read_scope, &exchange);
	if (scope_refused(rc) && !access->write && fwctl->read_scope == FWCTL_SCOPE_CONFIGURATION) {
		rc = request(fwctl, access, FWCTL_SCOPE_READ, &exchange);
		if (rc == 0)
			fwctl->read_scope = FWCTL_SCOPE_READ;
	}
	if (rc < 0) {
		transport_break(transport, rc, "the kernel does not pass register %#x on to the firmware: %s",
				access->id, strerror(-rc));
		if (scope_refused(rc))
			transport_hint(transport, rc, "the kernel allows no access of that kind by fwctl");
		return rc;
	}
	access->sent = true;
	return take_answer(fwctl, access, &exchange);
}

static void fwctl_close(struct dpu_ctx *ctx, struct transport *transport)
{
	struct fwctl *fwctl = fwctl_of(transport);

	if (fwctl->fd >= 0)
		close(fwctl->fd);
	ctx_free(ctx, fwctl);
}

/* 1 found, 0 not, or -ENOMEM. */
static int find_name(struct dpu_ctx *ctx, const struct sysfs *sysfs, const char *address, char *name,
		     size_t size)
{
	char path[SYSFS_PATH_SIZE], handle[HANDLE_SIZE];
	struct sysfs_names names;
	struct fact_place place;
	size_t i;
	int rc;

	snprintf(handle, sizeof(handle), "pci/%s", address);
	rc = sysfs_list(ctx, sysfs, "class/fwctl", &names);
	for (i = 0; rc == 0 && i < names.count; i++) {
		if (!sysfs_path(path, "class/fwctl/%s/device", names.entries[i].name))
			continue;
		sysfs_place(sysfs, path, &place);
		if (strcmp(place.handle, handle) != 0)
			continue;
		text_copy(name, size, names.entries[i].name);
		rc = 1;
	}
	sysfs_names_free(ctx, &names);
	return rc;
}

static int check_type(struct fwctl *fwctl)
{
	struct fwctl_info_arg info = { .size = sizeof(info) };
	struct transport *transport = &fwctl->transport;
	int rc;

	rc = control(fwctl, FWCTL_IOC_INFO, &info);
	if (rc < 0)
		return transport_fail(transport, rc == -ENOTTY ? -EOPNOTSUPP : rc,
				      "the device's fwctl does not say what it is: %s", strerror(-rc));
	if (info.out_device_type != FWCTL_TYPE_MLX5)
		return transport_fail(transport, -EOPNOTSUPP, "the device's fwctl is of type %u, not mlx5's",
				      info.out_device_type);
	return 0;
}

static int open_node(struct dpu_ctx *ctx, const struct sysfs *sysfs, const char *dev, const char *address,
		     struct fwctl *fwctl)
{
	struct transport *transport = &fwctl->transport;
	char name[64], path[SYSFS_PATH_SIZE];
	int rc;

	rc = find_name(ctx, sysfs, address, name, sizeof(name));
	if (rc < 0)
		return rc;
	if (!rc)
		return transport_fail(transport, -ENOENT, "the kernel has no fwctl for the device");
	if (!sysfs_path(path, "%s/fwctl/%s", dev, name))
		return transport_fail(transport, -ENAMETOOLONG, "the name of the device's fwctl is too long");
	fwctl->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fwctl->fd < 0) {
		rc = -errno;
		return transport_fail(transport, rc, "cannot open %s: %s", path, strerror(-rc));
	}
	return check_type(fwctl);
}

static const struct transport_ops ops = {
	.name = "fwctl",
	.lock = fwctl_lock,
	.unlock = fwctl_unlock,
	.access = fwctl_access,
	.close = fwctl_close,
};

int fwctl_open(struct dpu_ctx *ctx, const struct sysfs *sysfs, const char *dev, const char *address,
	       const struct transport_deadlines *deadlines, const struct fwctl_peer *peer,
	       struct transport **ret, struct transport_failure *failure)
{
	struct fwctl *fwctl;
	int rc;

	fwctl = ctx_alloc(ctx, sizeof(*fwctl));
	if (!fwctl)
		return -ENOMEM;
	fwctl->transport.ops = &ops;
	fwctl->transport.deadlines = *deadlines;
	fwctl->fd = -1;
	fwctl->peer = peer;
	fwctl->read_scope = FWCTL_SCOPE_CONFIGURATION;
	rc = open_node(ctx, sysfs, dev, address, fwctl);
	if (rc < 0) {
		*failure = fwctl->transport.failure;
		fwctl_close(ctx, &fwctl->transport);
		return rc;
	}
	*ret = &fwctl->transport;
	return 0;
}
