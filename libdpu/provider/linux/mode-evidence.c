/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What shows a DPU's mode beside its configuration: on which side this is, and what the rshim driver says. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "core/text.h"
#include "provider/linux/firmware.h"
#include "provider/linux/linux.h"

enum {
	/* The driver's own buffer is as large. */
	MISC_SIZE = 4096,
};

/* True when a line "KEY    value" has that key; *value is then at its value. */
static bool has_key(const char *line, const char *key, const char **value)
{
	const size_t len = strlen(key);

	if (strncmp(line, key, len) != 0 || line[len] != ' ')
		return false;
	*value = line + len + strspn(line + len, " ");
	return true;
}

/* "pcie-0000:03:00.2" is another function of the device at "0000:03:00.0"; "usb-1-1.4" may be of any. */
static bool same_slot(const char *name, const char *address)
{
	const size_t len = strcspn(address, ".") + 1;
	const char *dash = strrchr(name, '-');

	return !strncmp(name, "pcie-", 5) && dash && !strncmp(dash + 1, address, len);
}

static enum dpu_mode parse_misc(char *text, const char *address)
{
	enum dpu_mode mode = DPU_MODE_UNKNOWN;
	bool same = false;
	const char *value;
	char *line, *rest;

	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (has_key(line, "DEV_NAME", &value))
			same = same_slot(value, address);
		else if (has_key(line, "BF_MODE", &value) && !strncmp(value, "DPU mode", 8))
			mode = DPU_MODE_DPU;
		else if (has_key(line, "BF_MODE", &value) && !strncmp(value, "NIC mode", 8))
			mode = DPU_MODE_NIC;
	}
	return same ? mode : DPU_MODE_UNKNOWN;
}

static enum dpu_mode read_misc(int dir, const char *name, const char *address)
{
	char path[64], text[MISC_SIZE];
	size_t len = 0;
	ssize_t n;
	int fd;

	if (snprintf(path, sizeof(path), "%s/misc", name) >= (int)sizeof(path))
		return DPU_MODE_UNKNOWN;
	fd = openat(dir, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return DPU_MODE_UNKNOWN;
	while (len < sizeof(text) - 1) {
		n = read(fd, text + len, sizeof(text) - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	close(fd);
	text[len] = '\0';
	return parse_misc(text, address);
}

enum dpu_mode rshim_mode(const char *dev, const char *address)
{
	enum dpu_mode mode = DPU_MODE_UNKNOWN;
	struct dirent *entry;
	DIR *dir;

	dir = opendir(dev);
	if (!dir)
		return mode;
	while (mode == DPU_MODE_UNKNOWN && (entry = readdir(dir))) {
		if (!strncmp(entry->d_name, "rshim", 5))
			mode = read_misc(dirfd(dir), entry->d_name, address);
	}
	closedir(dir);
	return mode;
}

static int find_device(struct dpu_ctx *ctx, const char *handle, struct provider_device *ret)
{
	struct provider_device *devices = NULL;
	struct dpu_error refusal;
	size_t count = 0, i;
	int rc;

	rc = provider_linux.devices(ctx, &devices, &count);
	if (rc < 0) {
		refusal = ctx->error;
		return ctx_fail(ctx, rc, "mode_evidence", handle, "%.500s", refusal.message);
	}
	for (i = 0; i < count && strcmp(devices[i].handle, handle) != 0; i++)
		continue;
	if (i < count)
		*ret = devices[i];
	ctx_free(ctx, devices);
	return i < count ? 0 : ctx_fail(ctx, -ENODEV, "mode_evidence", handle, "no such device");
}

/* On the Arm side the host's PF is a port. */
static int has_host_port(struct dpu_ctx *ctx, const char *handle)
{
	struct provider_port *ports = NULL;
	struct dpu_error refusal;
	size_t count = 0, i;
	int rc;

	rc = provider_linux.ports(ctx, handle, &ports, &count);
	if (rc < 0) {
		refusal = ctx->error;
		return ctx_fail(ctx, rc, "mode_evidence", handle, "%.500s", refusal.message);
	}
	for (i = 0; i < count; i++)
		rc = rc || (ports[i].flavour == DPU_PORT_PCIPF && ports[i].controller);
	ctx_free(ctx, ports);
	return rc;
}

/* 1 the machine is the DPU's own, 0 it is a host. */
static int is_arm(struct dpu_ctx *ctx, const struct provider_device *device)
{
	char product[64];

	if (device->bsp_release[0])
		return 1;
	sysfs_text(&linux_provider(ctx)->sysfs, "class/dmi/id/product_name", product, sizeof(product));
	if (strstr(product, "BlueField"))
		return 1;
	return has_host_port(ctx, device->handle);
}

int mode_evidence(struct dpu_ctx *ctx, const char *handle, struct provider_mode_evidence *ret)
{
	struct provider_mode_evidence evidence = { DPU_SIDE_UNKNOWN, DPU_MODE_UNKNOWN };
	const struct linux_provider *machine = linux_provider(ctx);
	struct provider_device device;
	int rc;

	rc = find_device(ctx, handle, &device);
	if (rc < 0)
		return rc;
	if (device.kind == DPU_DEVICE_DPU) {
		rc = is_arm(ctx, &device);
		if (rc < 0)
			return rc;
		evidence.side = rc ? DPU_SIDE_ARM : DPU_SIDE_HOST;
		if (!machine->recorded)
			evidence.rshim = rshim_mode(machine->dev, device.pci_address);
	}
	*ret = evidence;
	return 0;
}
