/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's way to the firmware, with a kernel that answers as a test tells it to; and what else is found
 * in /dev, the rshim driver. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>
#include "harness.h"
#include "provider/linux/firmware.h"
#include "provider/linux/fwctl.h"

static const char address[] = "0000:03:00.0";
static const struct transport_deadlines deadlines = { 20, 20, 20, 20 };
static char root[64];

/* A path below the root, with the directories that it needs. */
static const char *at(const char *format, ...)
{
	static char path[512];
	va_list args;
	char *slash;
	int len;

	len = snprintf(path, sizeof(path), "%s/", root);
	va_start(args, format);
	vsnprintf(path + len, sizeof(path) - (size_t)len, format, args);
	va_end(args);
	for (slash = strchr(path + len, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		must(mkdir(path, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
	return path;
}

static void put_file(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);

	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void put_link(const char *path, const char *target)
{
	unlink(path);
	must(symlink(target, path) == 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* A kernel that passes requests on to a firmware. */
struct kernel {
	struct fwctl_peer peer;
	uint32_t type;      /* of the device */
	int refuse_scope;   /* -1: none */
	int refusal;        /* how */
	uint8_t status;     /* the firmware's */
	uint32_t out_len;   /* of the answer; 0: as long as it should be */
	unsigned int asked; /* how many requests */
	uint32_t scopes[8];
	uint32_t in_len;
	uint8_t in[COMMAND_HEADER_SIZE + REGISTER_MAX];
};

static int answer(void *data, unsigned long request, void *arg)
{
	struct fwctl_info_arg *info = arg;
	struct kernel *kernel = data;
	struct fwctl_rpc_arg *rpc = arg;
	uint8_t *out;

	if (request == _IO(0x9a, 0)) {
		info->out_device_type = kernel->type;
		return info->size == 24 && !info->flags && !info->device_data_len ? 0 : -EINVAL;
	}
	if (request != _IO(0x9a, 1) || rpc->size != 32 || rpc->in_len > sizeof(kernel->in))
		return -EINVAL;
	kernel->scopes[kernel->asked++ % 8] = rpc->scope;
	if (kernel->refuse_scope == (int)rpc->scope)
		return kernel->refusal;
	kernel->in_len = rpc->in_len;
	memcpy(kernel->in, (const void *)(uintptr_t)rpc->in, rpc->in_len);
	out = (uint8_t *)(uintptr_t)rpc->out;
	memcpy(out, kernel->in, rpc->out_len);
	memset(out, 0, COMMAND_HEADER_SIZE);
	out[0] = kernel->status;
	be32_put(out + 4, 0xabc);
	out[rpc->out_len - 1] = 0x5a;
	if (kernel->out_len)
		rpc->out_len = kernel->out_len;
	return 0;
}

static struct kernel new_kernel(void)
{
	return (struct kernel){ .type = FWCTL_TYPE_MLX5, .refuse_scope = -1 };
}

static int open_fwctl(struct dpu_ctx *ctx, struct kernel *kernel, struct transport **ret,
		      struct transport_failure *failure)
{
	struct sysfs sysfs;
	char dev[80];
	int rc;

	if (kernel)
		kernel->peer = (struct fwctl_peer){ answer, kernel };
	memset(failure, 0, sizeof(*failure));
	*ret = NULL;
	snprintf(dev, sizeof(dev), "%s/dev", root);
	must(sysfs_open(&sysfs, root) == 0);
	rc = fwctl_open(ctx, &sysfs, dev, address, &deadlines, kernel ? &kernel->peer : NULL, ret, failure);
	sysfs_close(&sysfs);
	return rc;
}

static void test_find(struct dpu_ctx *ctx)
{
	struct transport_failure failure;
	struct kernel kernel = new_kernel();
	struct transport *transport;

	is_int(open_fwctl(ctx, &kernel, &transport, &failure), -ENOENT);
	contains(failure.words, "no fwctl for the device");
	put_link(at("class/fwctl/fwctl0/device"), "../../../devices/pci0000:00/0000:03:00.0");
	is_int(open_fwctl(ctx, &kernel, &transport, &failure), -ENOENT);
	at("bus/pci/devices/");
	put_link(at("devices/pci0000:00/0000:03:00.1/subsystem"), "../../../bus/pci");
	put_link(at("class/fwctl/fwctl1/device"), "../../../devices/pci0000:00/0000:03:00.1");
	put_link(at("class/fwctl/fwctl2/device"), "../../../../../..");
	is_int(open_fwctl(ctx, &kernel, &transport, &failure), -ENOENT);
	contains(failure.words, "no fwctl for the device");

	/* There it is, and its parent may be a part of the device. */
	put_link(at("devices/pci0000:00/0000:03:00.0/subsystem"), "../../../bus/pci");
	at("bus/auxiliary/devices/");
	put_link(at("devices/pci0000:00/0000:03:00.0/mlx5_core.fwctl.0/subsystem"),
		 "../../../../bus/auxiliary");
	is_int(open_fwctl(ctx, &kernel, &transport, &failure), -ENOENT);
	contains(failure.words, "dev/fwctl/fwctl0: No such file");
	put_file(at("dev/fwctl/fwctl0"), "");
	is_int(open_fwctl(ctx, &kernel, &transport, &failure), 0);
	transport->ops->close(ctx, transport);
	put_link(at("class/fwctl/fwctl0/device"),
		 "../../../devices/pci0000:00/0000:03:00.0/mlx5_core.fwctl.0");
	is_int(open_fwctl(ctx, &kernel, &transport, &failure), 0);
	is_str(transport->ops->name, "fwctl");
	transport->ops->close(ctx, transport);

	is_int(open_fwctl(ctx, NULL, &transport, &failure), -EOPNOTSUPP);
	contains(failure.words, "does not say what it is");
	kernel.type = 2;
	is_int(open_fwctl(ctx, &kernel, &transport, &failure), -EOPNOTSUPP);
	contains(failure.words, "type 2");
	ok(!transport, "what cannot be used is not given");
}

static void test_access(struct dpu_ctx *ctx)
{
	struct provider_tlv tlv = { .type = 0x0c, .size = 16, .data = { 0, 0, 1, 0x71 } };
	struct transport_failure failure;
	struct kernel kernel = new_kernel();
	struct register_access access;
	struct transport *transport;

	must(open_fwctl(ctx, &kernel, &transport, &failure) == 0);
	mnvda_get(&access, 0x0c, PROVIDER_NVCONFIG_NEXT, 16);
	is_int(transport->ops->access(transport, &access), 0);
	ok(kernel.in_len == 44 && !memcmp(kernel.in, "\x08\x05\0\0\0\0\0\x01\0\0\x90\x24\0\0\0\0", 16) &&
		   !memcmp(kernel.in + 16, "\x02\x09\0\x10\0\0\0\x0c\0\0\0\0\0\0\0\0", 16),
	   "a read as the firmware knows it");
	ok(kernel.asked == 1 && kernel.scopes[0] == 0 && access.body[27] == 0x5a && access.sent,
	   "in the scope of configuration, and its answer");
	mnvda_set(&access, &tlv, 0);
	is_int(transport->ops->access(transport, &access), 0);
	ok(kernel.in_len == 44 && kernel.in[7] == 0 && kernel.in[31] == 0x71 && kernel.scopes[1] == 0,
	   "a write, likewise");

	kernel.status = 3;
	is_int(transport->ops->access(transport, &access), -EINVAL);
	contains(transport->failure.words, "bad parameter (status 0x3, syndrome 0xabc)");
	ok(!transport->broken, "a refusal is an answer");
	kernel.out_len = 16;
	kernel.status = 0;
	mnvda_get(&access, 0x0c, PROVIDER_NVCONFIG_NEXT, 16);
	is_int(transport->ops->access(transport, &access), -EPROTO);
	contains(transport->failure.words, "too short");
	kernel.out_len = 8;
	is_int(transport->ops->access(transport, &access), -EPROTO);
	contains(transport->failure.words, "no header");
	kernel.out_len = 4000;
	is_int(transport->ops->access(transport, &access), 0);
	ok(transport->broken, "who answers so is not to be asked again");
	transport->ops->close(ctx, transport);
}

/* A kernel may let reads pass as reads only; and what it does not let pass is not forced. */
static void test_scopes(struct dpu_ctx *ctx)
{
	struct transport_failure failure;
	struct kernel kernel = new_kernel();
	struct register_access access;
	struct transport *transport;

	must(open_fwctl(ctx, &kernel, &transport, &failure) == 0);
	kernel.refuse_scope = FWCTL_SCOPE_CONFIGURATION;
	kernel.refusal = -EBADMSG;
	mfrl_get(&access);
	is_int(transport->ops->access(transport, &access), 0);
	is_int(transport->ops->access(transport, &access), 0);
	ok(kernel.asked == 3 && kernel.scopes[0] == 0 && kernel.scopes[1] == 1 && kernel.scopes[2] == 1,
	   "the second scope is remembered");
	mnvia_set(&access);
	is_int(transport->ops->access(transport, &access), -EBADMSG);
	ok(kernel.asked == 4 && kernel.scopes[3] == 0 && !access.sent, "a write is tried in the first only");
	contains(transport->failure.words, "does not pass register 0x9033 on");
	ok(transport->broken, "this way is closed");
	kernel.refusal = -EPERM;
	is_int(transport->ops->access(transport, &access), -EPERM);
	contains(transport->failure.hint, "fwctl");
	transport->ops->close(ctx, transport);
}

static void test_lock(struct dpu_ctx *ctx)
{
	struct kernel kernel = new_kernel(), other = new_kernel();
	struct transport *first, *second;
	struct transport_failure failure;

	must(open_fwctl(ctx, &kernel, &first, &failure) == 0);
	must(open_fwctl(ctx, &other, &second, &failure) == 0);
	is_int(first->ops->lock(first), 0);
	is_int(first->ops->lock(first), 0);
	is_int(second->ops->lock(second), -ETIMEDOUT);
	contains(second->failure.words, "locked by another program");
	first->ops->unlock(first);
	is_int(second->ops->lock(second), -ETIMEDOUT);
	first->ops->unlock(first);
	is_int(second->ops->lock(second), 0);
	second->ops->close(ctx, second);
	is_int(first->ops->lock(first), 0);
	first->ops->close(ctx, first);
}

static void test_nomem(void)
{
	struct fail_nth state = { .fail_at = 0 };
	struct dpu_allocator allocator = fail_nth_allocator(&state);
	DPU_OPTS(dpu_ctx_opts, opts, .allocator = &allocator);
	struct transport_failure failure;
	struct kernel kernel = new_kernel();
	struct transport *transport;
	struct dpu_ctx *ctx;
	long before, live;
	int rc, failed = 0;

	must(dpu_ctx_open("linux:", &opts, &ctx) == 0);
	live = state.live;
	do {
		before = state.calls;
		state.fail_at = before + ++failed;
		rc = open_fwctl(ctx, &kernel, &transport, &failure);
		ok(rc == 0 || rc == -ENOMEM, "allocation %d", failed);
		if (rc == 0)
			transport->ops->close(ctx, transport);
		is_int(state.live, live);
	} while (rc < 0 && failed < 20);
	ok(rc == 0 && failed > 1, "with enough memory it opens");
	dpu_ctx_unref(ctx);
}

static void test_rshim(void)
{
	static const char dpu[] = "DISPLAY_LEVEL   0 (0:basic, 1:advanced, 2:log)\n"
				  "BF_MODE         DPU mode\n"
				  "BOOT_MODE       1 (0:rshim, 1:emmc, 2:emmc-boot-swap)\n"
				  "DEV_NAME        pcie-0000:03:00.2\n";
	static const char nic[] = "BF_MODE         NIC mode\nDEV_NAME        pcie-0000:13:00.2\n";
	char dev[80];

	snprintf(dev, sizeof(dev), "%s/dev", root);
	is_int(rshim_mode("/nowhere", address), DPU_MODE_UNKNOWN);
	is_int(rshim_mode(dev, address), DPU_MODE_UNKNOWN);
	put_file(at("dev/rshim0/misc"), nic);
	is_int(rshim_mode(dev, address), DPU_MODE_UNKNOWN);
	is_int(rshim_mode(dev, "0000:13:00.1"), DPU_MODE_NIC);
	put_file(at("dev/rshim7/misc"), dpu);
	is_int(rshim_mode(dev, address), DPU_MODE_DPU);
	is_int(rshim_mode(dev, "0000:03:00.1"), DPU_MODE_DPU);
	is_int(rshim_mode(dev, "0000:03:01.0"), DPU_MODE_UNKNOWN);
	is_int(rshim_mode(dev, ""), DPU_MODE_UNKNOWN);
	put_file(at("dev/rshim7/misc"), "BF_MODE         Unknown\nDEV_NAME        pcie-0000:03:00.2\n");
	is_int(rshim_mode(dev, address), DPU_MODE_UNKNOWN);
	put_file(at("dev/rshim7/misc"), "DEV_NAME        usb-1-1.4\nBF_MODE         DPU mode\n");
	is_int(rshim_mode(dev, address), DPU_MODE_UNKNOWN);
	put_file(at("dev/rshim7/misc"), "BF_MODE\nDEV_NAME\n\n");
	is_int(rshim_mode(dev, address), DPU_MODE_UNKNOWN);
}

int main(void)
{
	struct dpu_ctx *ctx = open_uri("linux:");

	snprintf(root, sizeof(root), "/tmp/test-linux-fwctl.XXXXXX");
	must(mkdtemp(root));
	test_find(ctx);
	test_access(ctx);
	test_scopes(ctx);
	test_lock(ctx);
	test_nomem();
	test_rshim();
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	dpu_ctx_unref(ctx);
	return tap_done();
}
