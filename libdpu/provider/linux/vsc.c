/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "core/text.h"
#include "provider/linux/vsc.h"

enum {
	CONFIG_COMMAND = 0x04, /* and status */
	CONFIG_CAPABILITIES = 0x34,
	CONFIG_HEADER_SIZE = 0x40,
	STATUS_HAS_CAPABILITIES = 1 << 20,
	CAPABILITY_VENDOR = 0x09,
	CAPABILITIES_MAX = (256 - CONFIG_HEADER_SIZE) / 4,

	/* Of the capability. */
	VSC_CONTROL = 0x04,
	VSC_COUNTER = 0x08,
	VSC_SEMAPHORE = 0x0c,
	VSC_ADDRESS = 0x10,
	VSC_DATA = 0x14,
	TYPE_RECOVERY = 2,

	/* How often to look before sleeping in between. */
	FLAG_LOOKS = 64,
};

#define ADDRESS_FLAG 0x80000000u
#define ADDRESS_REFUSED 0x40000000u
#define ALL_ONES 0xffffffffu

static int dead(struct vsc *vsc)
{
	return transport_break(vsc->transport, -EIO, "the device does not answer (reads as all ones)");
}

static int config_failed(struct vsc *vsc, const char *what, ssize_t n, int error)
{
	struct transport *transport = vsc->transport;

	if (n < 0) {
		transport_break(transport, -error, "cannot %s PCI configuration space: %s", what,
				strerror(error));
		if (error == EPERM)
			transport_hint(transport, -error,
				       "a locked down kernel (secure boot) lets nobody write it");
		return -error;
	}
	transport_break(transport, -EACCES, "the kernel shows only the beginning of PCI configuration space");
	return transport_hint(transport, -EACCES, "root is needed (CAP_SYS_ADMIN)");
}

static int config_read(struct vsc *vsc, uint32_t offset, uint32_t *ret)
{
	uint8_t bytes[4];
	ssize_t n;

	do {
		n = pread(vsc->fd, bytes, sizeof(bytes), offset);
	} while (n < 0 && errno == EINTR);
	if (n != sizeof(bytes))
		return config_failed(vsc, "read", n, errno);
	*ret = (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
	return 0;
}

static int config_write(struct vsc *vsc, uint32_t offset, uint32_t value)
{
	const uint8_t bytes[4] = { (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
				   (uint8_t)(value >> 24) };
	ssize_t n;

	do {
		n = pwrite(vsc->fd, bytes, sizeof(bytes), offset);
	} while (n < 0 && errno == EINTR);
	return n == sizeof(bytes) ? 0 : config_failed(vsc, "write", n, errno);
}

/* Where no value can be all ones, the device has gone. */
static int register_read(struct vsc *vsc, uint32_t offset, uint32_t *ret)
{
	int rc = config_read(vsc, vsc->at + offset, ret);

	if (rc < 0)
		return rc;
	return *ret == ALL_ONES ? dead(vsc) : 0;
}

static int register_write(struct vsc *vsc, uint32_t offset, uint32_t value)
{
	return config_write(vsc, vsc->at + offset, value);
}

/* Tries to get the window: 1 it is ours, 0 it is another's; *holder is who has it. */
static int window_try(struct vsc *vsc, uint32_t *holder)
{
	uint32_t ticket;
	int rc;

	rc = register_read(vsc, VSC_SEMAPHORE, holder);
	if (rc < 0 || *holder)
		return rc;
	/* A number that nobody else gets. */
	rc = register_read(vsc, VSC_COUNTER, &ticket);
	if (rc < 0 || !ticket)
		return rc;
	rc = register_write(vsc, VSC_SEMAPHORE, ticket);
	if (rc == 0)
		rc = register_read(vsc, VSC_SEMAPHORE, holder);
	if (rc < 0 || *holder != ticket)
		return rc;
	vsc->ticket = ticket;
	vsc->selected = false;
	return 1;
}

static int window_take(struct vsc *vsc)
{
	struct transport *transport = vsc->transport;
	const int64_t end = transport_now_ms() + transport->deadlines.window_ms;
	uint32_t holder = 0;
	int rc;

	if (vsc->ticket)
		return 0;
	while ((rc = window_try(vsc, &holder)) == 0) {
		if (transport_now_ms() >= end) {
			transport_break(transport, -ETIMEDOUT,
					"the semaphore of the device's PCI window is held by another "
					"program (ticket %#x)",
					holder);
			return transport_hint(transport, -ETIMEDOUT,
					      "if that program has died: mstconfig -d %s clear_semaphore",
					      vsc->address);
		}
		transport_sleep_us(1000);
	}
	return rc < 0 ? rc : 0;
}

/* What has failed stays what has failed. */
void vsc_release(struct vsc *vsc)
{
	struct transport_failure failure = vsc->transport->failure;

	if (!vsc->ticket)
		return;
	vsc->ticket = 0;
	vsc->selected = false;
	register_write(vsc, VSC_SEMAPHORE, 0);
	vsc->transport->failure = failure;
}

int vsc_to(struct vsc *vsc, enum vsc_space space)
{
	int rc;

	rc = window_take(vsc);
	if (rc < 0 || (vsc->selected && (vsc->control & 0xffff) == space))
		return rc;
	vsc->selected = false;
	if (!vsc->has_control)
		rc = register_read(vsc, VSC_CONTROL, &vsc->control);
	if (rc == 0)
		rc = register_write(vsc, VSC_CONTROL, (vsc->control & ~0xffffu) | space);
	if (rc == 0)
		rc = register_read(vsc, VSC_CONTROL, &vsc->control);
	if (rc < 0)
		return rc;
	vsc->has_control = true;
	if ((vsc->control & 0xffff) != space || !(vsc->control >> 29))
		return transport_break(vsc->transport, -EOPNOTSUPP,
				       "the device's PCI window has no address space %#x",
				       (unsigned int)space);
	vsc->selected = true;
	return 0;
}

/* The device turns the flag round when it is done. */
static int flag_wait(struct vsc *vsc, uint32_t flag)
{
	struct transport *transport = vsc->transport;
	uint32_t value, looks;
	int64_t end = 0;
	int rc;

	for (looks = 0;; looks++) {
		rc = register_read(vsc, VSC_ADDRESS, &value);
		if (rc < 0)
			return rc;
		if ((value & ADDRESS_FLAG) == flag)
			break;
		if (looks < FLAG_LOOKS)
			continue;
		if (!end)
			end = transport_now_ms() + transport->deadlines.flag_ms;
		if (transport_now_ms() >= end)
			return transport_break(transport, -ETIMEDOUT,
					       "the device's PCI window does not finish an access");
		transport_sleep_us(100);
	}
	if (value & ADDRESS_REFUSED)
		return transport_break(transport, -EIO, "the device's PCI window refuses address %#x",
				       value & ~(ADDRESS_FLAG | ADDRESS_REFUSED));
	return 0;
}

int vsc_read(struct vsc *vsc, uint32_t address, uint32_t *ret)
{
	int rc;

	rc = register_write(vsc, VSC_ADDRESS, address);
	if (rc == 0)
		rc = flag_wait(vsc, ADDRESS_FLAG);
	return rc < 0 ? rc : config_read(vsc, vsc->at + VSC_DATA, ret);
}

int vsc_write(struct vsc *vsc, uint32_t address, uint32_t value)
{
	int rc;

	rc = register_write(vsc, VSC_DATA, value);
	if (rc == 0)
		rc = register_write(vsc, VSC_ADDRESS, address | ADDRESS_FLAG);
	return rc < 0 ? rc : flag_wait(vsc, 0);
}

int vsc_read_value(struct vsc *vsc, uint32_t address, uint32_t *ret)
{
	int rc = vsc_read(vsc, address, ret);

	if (rc < 0)
		return rc;
	return *ret == ALL_ONES ? dead(vsc) : 0;
}

static int no_capability(struct vsc *vsc)
{
	return transport_fail(vsc->transport, -EOPNOTSUPP, "the device has no vendor-specific capability");
}

/* A list that a device made may have no end. */
static int find_capability(struct vsc *vsc)
{
	uint32_t header, next, i;
	int rc;

	rc = config_read(vsc, CONFIG_COMMAND, &header);
	if (rc == 0 && header == ALL_ONES)
		return dead(vsc);
	if (rc == 0 && !(header & STATUS_HAS_CAPABILITIES))
		return no_capability(vsc);
	if (rc == 0)
		rc = config_read(vsc, CONFIG_CAPABILITIES, &next);
	for (i = 0; rc == 0 && i < CAPABILITIES_MAX; i++) {
		next &= 0xfc;
		if (next < CONFIG_HEADER_SIZE)
			return no_capability(vsc);
		rc = config_read(vsc, next, &header);
		if (rc < 0)
			return rc;
		if (header == ALL_ONES)
			return dead(vsc);
		if ((header & 0xff) == CAPABILITY_VENDOR && next + VSC_DATA + 4 <= 256) {
			vsc->at = next;
			if (header >> 24 != TYPE_RECOVERY)
				return 0;
			return transport_fail(vsc->transport, -EOPNOTSUPP,
					      "the device is in recovery: its firmware does not run");
		}
		next = header >> 8;
	}
	return rc < 0 ? rc : no_capability(vsc);
}

static int open_config(const struct sysfs *sysfs, const char *address, struct vsc *vsc)
{
	struct transport *transport = vsc->transport;
	char path[SYSFS_PATH_SIZE];
	int rc;

	if (!sysfs_path(path, "bus/pci/devices/%s/config", address))
		return transport_fail(transport, -ENODEV, "no such device");
	vsc->fd = openat(sysfs->fd, path, O_RDWR | O_CLOEXEC);
	if (vsc->fd >= 0)
		return 0;
	rc = -errno;
	if (rc == -ENOENT)
		return transport_fail(transport, -EOPNOTSUPP,
				      "the device has no PCI configuration space here");
	if (rc != -EACCES && rc != -EPERM && rc != -EROFS)
		return transport_fail(transport, rc, "cannot open PCI configuration space: %s",
				      strerror(-rc));
	transport_fail(transport, -EACCES, "cannot open PCI configuration space to write it: %s",
		       strerror(-rc));
	return transport_hint(transport, -EACCES,
			      rc == -EROFS ? "mount sysfs writable" : "root is needed (CAP_SYS_ADMIN)");
}

int vsc_open(struct vsc *vsc, struct transport *transport, const struct sysfs *sysfs, const char *address)
{
	int rc;

	memset(vsc, 0, sizeof(*vsc));
	vsc->transport = transport;
	text_copy(vsc->address, sizeof(vsc->address), address);
	rc = open_config(sysfs, address, vsc);
	if (rc < 0)
		return rc;
	rc = find_capability(vsc);
	if (rc < 0)
		vsc_close(vsc);
	return rc;
}

void vsc_close(struct vsc *vsc)
{
	close(vsc->fd);
}
