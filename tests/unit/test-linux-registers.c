/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The firmware's registers, byte by byte; answers that lie; and the window in a configuration space that is a
 * file: whoever is in it does not move. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "harness.h"
#include "provider/linux/icmd.h"
#include "provider/linux/registers.h"

static const char address[] = "0000:03:00.0";

static void is_bytes(const uint8_t *got, const char *want, const char *what)
{
	char text[2 * REGISTER_MAX + 1];
	const size_t len = strlen(want) / 2;
	size_t i;

	must(len <= REGISTER_MAX);
	for (i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", got[i]);
	ok(!strcmp(text, want), "%s is %s", what, want);
	if (strcmp(text, want) != 0)
		tap_diag("got %s", text);
}

static void test_tlv(void)
{
	struct provider_tlv tlv = { .type = 0x0c, .size = 16, .data = { 0, 0, 1, 0x71, [15] = 0xfe } };
	struct register_access access;
	uint32_t length, version;

	mnvda_get(&access, 0x0c, PROVIDER_NVCONFIG_NEXT, 16);
	is_bytes(access.body, "020900100000000c00000000", "a read of TLV 12");
	ok(access.id == 0x9024 && !access.write && access.size == 28 && access.write_size == 12 &&
		   access.read_size == 28,
	   "its header goes, and all of it comes");
	mnvda_get(&access, 0x0c, PROVIDER_NVCONFIG_NEXT, 256);
	is_bytes(access.body, "020901000000000c", "a read of a length that is not known");
	mnvda_get(&access, 0x0c, PROVIDER_NVCONFIG_CURRENT, 256);
	is_bytes(access.body, "024901000000000c", "a read of what is current");
	mnvda_get(&access, 0x0c, PROVIDER_NVCONFIG_DEFAULT, 256);
	is_bytes(access.body, "028901000000000c", "a read of the default");
	mnvda_set(&access, &tlv, 3);
	is_bytes(access.body,
		 "020930100000000c000000000000017100000000000000000000"
		 "00fe",
		 "a write");
	ok(access.write && access.size == 28 && access.write_size == 28 && !access.read_size,
	   "all of it goes, and nothing comes");
	tlv.type = 0x07000083 | 2 << 18;
	tlv.size = 4;
	mnvda_set(&access, &tlv, 0);
	is_bytes(access.body, "03090204070800830000000000000171", "a write of host 2's privileges");
	tlv.type = 0x07000080;
	mnvda_set(&access, &tlv, 0);
	is_bytes(access.body, "0209000407000080", "a write of something else of a host");

	memset(access.body, 0, sizeof(access.body));
	be32_put(access.body, 0x33391010);
	ok(mnvda_got(&access, &length, &version) && length == 16 && version == 1, "an answer's header");
	be32_put(access.body, 0x02090101);
	ok(!mnvda_got(&access, &length, &version), "no TLV has 257 bytes");
	be32_put(access.body, 0x020901ff);
	ok(!mnvda_got(&access, &length, &version), "nor 511");
	be32_put(access.body, 0x02090006);
	ok(!mnvda_got(&access, &length, &version), "nor one and a half dwords");

	mnvda_get(&access, 0x0c, PROVIDER_NVCONFIG_NEXT, 256);
	be32_put(access.body, 0x02090010);
	is_int(register_answer_size(&access), 28);
	be32_put(access.body, 0x020901ff);
	is_int(register_answer_size(&access), 268);
	mnvda_get(&access, 0x0c, PROVIDER_NVCONFIG_NEXT, 4);
	be32_put(access.body, 0x02090100);
	is_int(register_answer_size(&access), 16);
}

static void test_registers(void)
{
	struct provider_firmware firmware = { 0 };
	struct register_access access;
	struct mfrl mfrl;

	mnvqc_get(&access, 0x03000080);
	is_bytes(access.body, "0300008000000000", "MNVQC");
	mnvqc_get(&access, 0x07000083);
	is_bytes(access.body, "0700008300000200", "MNVQC of a host's privileges");
	be32_put(access.body + 4, 0x30);
	is_int(mnvqc_got(&access), 0);
	be32_put(access.body + 4, 0x31);
	is_int(mnvqc_got(&access), 1);
	be32_put(access.body + 4, 0x33);
	is_int(mnvqc_got(&access), 2);
	be32_put(access.body + 4, 0x32);
	is_int(mnvqc_got(&access), 0);
	mnvia_set(&access);
	is_bytes(access.body, "0000009000000000", "MNVIA");
	ok(access.id == 0x9033 && access.write && access.size == 8, "it is a write of 8 bytes");
	mnvgc_get(&access);
	be32_put(access.body, 5);
	mnvgc_got(&access, &firmware);
	ok(firmware.tells_default && !firmware.tells_current && firmware.writes_other_hosts, "MNVGC");
	mmhi_get(&access);
	be32_put(access.body + 8, 0xffff0013);
	is_int(mmhi_got(&access), 0x13);
	mgir_get(&access);
	be32_put(access.body + 8, 0x0001021c);
	is_int(hardware_generation(mgir_got(&access)), 3);
	is_int(hardware_generation(0x214), 2);
	is_int(hardware_generation(0x218), 0);
	is_int(hardware_generation(0), 0);

	mfrl_get(&access);
	be32_put(access.body + 4, 0x00061549);
	mfrl = mfrl_got(&access);
	ok(mfrl.levels == 0x19 && mfrl.types == 0x15 && mfrl.state == MFRL_ARM_IS_UP, "MFRL");
	mfrl_set(&access, MFRL_NIC_ONLY, true);
	is_bytes(access.body, "0000000022000008", "a reset with the drivers");
	mfrl_set(&access, MFRL_FULL_CHIP, false);
	is_bytes(access.body, "0000000000000008", "a reset without them");
	mroq_get(&access, MFRL_NIC_ONLY);
	is_bytes(access.body, "00000200", "MROQ");
	be32_put(access.body, 0x03050249);
	ok(mroq_got(&access), "drivers can take part");
	be32_put(access.body, 0x03040249);
	ok(!mroq_got(&access), "not in what is not valid");
	be32_put(access.body, 0x03030249);
	ok(!mroq_got(&access), "nor in the old flow");
}

static void test_frames(void)
{
	static const struct {
		const char *words;
		uint32_t dwords[3]; /* 0, 1 and 4 */
	} bad[] = {
		{ "does not begin with an operation", { 0x10040000, 0x90248101, 0x18080000 } },
		{ "does not begin with an operation", { 0, 0, 0 } },
		{ "does not begin with an operation", { 0xffffffff, 0xffffffff, 0xffffffff } },
		{ "the operation's length is wrong", { 0x08030000, 0x90248101, 0x18080000 } },
		{ "another register", { 0x08040000, 0x90258101, 0x18080000 } },
		{ "another register", { 0x08040000, 0x90248102, 0x18080000 } },
		{ "it has no register", { 0x08040000, 0x90248101, 0x00080000 } },
		{ "too long", { 0x08040000, 0x90248101, 0x18090000 } },
		{ "too long", { 0x08040000, 0x90248101, 0x1fff0000 } },
		{ "too short", { 0x08040000, 0x90248101, 0x18070000 } },
		{ "too short", { 0x08040000, 0x90248101, 0x18000000 } },
	};
	uint8_t frame[ICMD_FRAME_SIZE], header[COMMAND_HEADER_SIZE];
	struct register_access access;
	uint32_t status, syndrome;
	size_t i;

	mnvda_get(&access, 0x0c, PROVIDER_NVCONFIG_NEXT, 16);
	icmd_frame(&access, frame);
	is_bytes(frame, "0804000090240101000000000000000018080000", "the frame of a read of TLV 12");
	ok(!icmd_parse(&access, frame, &status) && !status, "sent back as it is, it is an answer");
	be32_put(frame, 0x08048400);
	be32_put(frame + 16, 0);
	ok(!icmd_parse(&access, frame, &status) && status == 4, "a refusal has no register");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		be32_put(frame, bad[i].dwords[0]);
		be32_put(frame + 4, bad[i].dwords[1]);
		be32_put(frame + 16, bad[i].dwords[2]);
		contains(icmd_parse(&access, frame, &status), bad[i].words);
	}
	command_frame(&access, header);
	is_bytes(header, "08050000000000010000902400000000", "mlx5's command of a read");
	mnvia_set(&access);
	icmd_frame(&access, frame);
	is_bytes(frame, "0804000090330201000000000000000018030000", "the frame of a write");
	command_frame(&access, header);
	is_bytes(header, "08050000000000000000903300000000", "mlx5's command of a write");
	memcpy(header, "\x03\0\0\0\x12\x34\x56\x78", 8);
	command_parse(header, &status, &syndrome);
	ok(status == 3 && syndrome == 0x12345678, "mlx5's answer");
}

static void test_statuses(void)
{
	static const struct {
		uint32_t status;
		int code;
		const char *words;
	} cases[] = {
		{ 1, -EBUSY, "busy (status 1)" },
		{ 2, -EPROTO, "version" },
		{ 3, -EPROTO, "unknown TLV" },
		{ 4, -EOPNOTSUPP, "the firmware: register not supported (status 4)" },
		{ 5, -EPROTO, "class" },
		{ 6, -EOPNOTSUPP, "method not supported" },
		{ 7, -EINVAL, "bad parameter" },
		{ 8, -ENOENT, "resource not available" },
		{ 0x20, -EINVAL, "bad configuration (status 0x20)" },
		{ 0x21, -ENOSPC, "erased" },
		{ 0x22, -EBADMSG, "corrupt" },
		{ 0x24, -EMSGSIZE, "too small" },
		{ 0x70, -EIO, "internal error" },
		{ 0x55, -EIO, "without a name (status 0x55)" },
	};
	char words[256];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		is_int(register_status(cases[i].status, words, sizeof(words)), cases[i].code);
		contains(words, cases[i].words);
	}
	is_int(icmd_status(1, words, sizeof(words)), -EOPNOTSUPP);
	contains(words, "command interface: unknown command (status 1)");
	is_int(icmd_status(7, words, sizeof(words)), -EPERM);
	is_int(icmd_status(99, words, sizeof(words)), -EIO);
	is_int(command_status(3, 0x5a82ce, words, sizeof(words)), -EINVAL);
	contains(words, "the firmware: bad parameter (status 0x3, syndrome 0x5a82ce)");
	is_int(command_status(4, 0, words, sizeof(words)), -EOPNOTSUPP);
	is_int(command_status(0xee, 0, words, sizeof(words)), -EIO);
	snprintf(words, sizeof(words), "as before");
	ok(!register_status(0, words, sizeof(words)) && !icmd_status(0, words, sizeof(words)) &&
		   !command_status(0, 0, words, sizeof(words)) && !strcmp(words, "as before"),
	   "0 is no failure, and has no words");
}

/* A device whose configuration space is a file of so many bytes. */
struct file_device {
	char root[64];
	char path[192];
	uint8_t config[256];
	size_t size;
};

static void put_le32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
	at[2] = (uint8_t)(value >> 16);
	at[3] = (uint8_t)(value >> 24);
}

static void file_device(struct file_device *device)
{
	static const char *const dirs[] = { "bus", "bus/pci", "bus/pci/devices",
					    "bus/pci/devices/0000:03:00.0" };
	char path[160];
	size_t i;

	memset(device, 0, sizeof(*device));
	snprintf(device->root, sizeof(device->root), "/tmp/test-linux-registers.XXXXXX");
	must(mkdtemp(device->root));
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", device->root, dirs[i]);
		must(mkdir(path, 0755) == 0);
	}
	snprintf(device->path, sizeof(device->path), "%s/config", path);
	put_le32(device->config, 0xa2dc15b3);
	put_le32(device->config + 4, 0x00100006);
	device->config[0x34] = 0x60;
	put_le32(device->config + 0x60, 0x4010);
	put_le32(device->config + 0x40, 0x00180009);
	device->size = sizeof(device->config);
}

static void file_device_gone(struct file_device *device)
{
	static const char *const dirs[] = { "bus/pci/devices/0000:03:00.0", "bus/pci/devices", "bus/pci",
					    "bus" };
	char path[160];
	size_t i;

	unlink(device->path);
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", device->root, dirs[i]);
		rmdir(path);
	}
	rmdir(device->root);
}

static int open_here(struct dpu_ctx *ctx, const struct file_device *device, struct transport_failure *failure)
{
	const struct transport_deadlines deadlines = { 20, 20, 20, 20 };
	struct transport *transport = NULL;
	struct sysfs sysfs;
	int rc;

	must(sysfs_open(&sysfs, device->root) == 0);
	memset(failure, 0, sizeof(*failure));
	rc = icmd_open(ctx, &sysfs, address, &deadlines, &transport, failure);
	if (rc == 0)
		transport->ops->close(ctx, transport);
	sysfs_close(&sysfs);
	return rc;
}

static int open_file(struct dpu_ctx *ctx, const struct file_device *device, struct transport_failure *failure)
{
	int fd = open(device->path, O_CREAT | O_TRUNC | O_WRONLY, 0644);

	must(fd >= 0 && write(fd, device->config, device->size) == (ssize_t)device->size);
	close(fd);
	return open_here(ctx, device, failure);
}

static uint32_t semaphore_in(const struct file_device *device)
{
	uint8_t bytes[4];
	int fd = open(device->path, O_RDONLY);

	must(fd >= 0 && pread(fd, bytes, 4, 0x4c) == 4);
	close(fd);
	return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

static void test_window(struct dpu_ctx *ctx)
{
	struct transport_failure failure;
	struct file_device device;

	file_device(&device);
	put_le32(device.config + 0x4c, 0xbeef);
	is_int(open_file(ctx, &device, &failure), -ETIMEDOUT);
	contains(failure.words, "held by another program (ticket 0xbeef)");
	contains(failure.hint, "mstconfig -d 0000:03:00.0 clear_semaphore");
	is_int(semaphore_in(&device), 0xbeef);

	put_le32(device.config + 0x4c, 0);
	is_int(open_file(ctx, &device, &failure), -ETIMEDOUT);
	tap_diag("a counter that gives no ticket: %s", failure.words);
	put_le32(device.config + 0x48, 0x77);
	is_int(open_file(ctx, &device, &failure), -EOPNOTSUPP);
	contains(failure.words, "no address space 0x2");
	is_int(semaphore_in(&device), 0);
	put_le32(device.config + 0x44, 0x20000000);
	is_int(open_file(ctx, &device, &failure), -ETIMEDOUT);
	contains(failure.words, "does not finish an access");
	is_int(semaphore_in(&device), 0);
	put_le32(device.config + 0x44, 0xffffffff);
	is_int(open_file(ctx, &device, &failure), -EIO);
	is_int(semaphore_in(&device), 0);

	put_le32(device.config + 0x40, 0x02180009);
	is_int(open_file(ctx, &device, &failure), -EOPNOTSUPP);
	contains(failure.words, "recovery");
	put_le32(device.config + 0x40, 0x0018400a);
	is_int(open_file(ctx, &device, &failure), -EOPNOTSUPP);
	contains(failure.words, "no vendor-specific capability");
	device.config[0x34] = 0;
	is_int(open_file(ctx, &device, &failure), -EOPNOTSUPP);
	device.config[0x34] = 0xfc;
	put_le32(device.config + 0xfc, 0x00180009);
	is_int(open_file(ctx, &device, &failure), -EOPNOTSUPP);
	put_le32(device.config + 0xfc, 0xffffffff);
	is_int(open_file(ctx, &device, &failure), -EIO);
	put_le32(device.config + 4, 0x00000006);
	is_int(open_file(ctx, &device, &failure), -EOPNOTSUPP);
	put_le32(device.config + 4, 0x00100006);
	device.config[0x34] = 0x60;
	device.size = 64;
	is_int(open_file(ctx, &device, &failure), -EACCES);
	contains(failure.hint, "root");
	if (geteuid()) {
		must(chmod(device.path, 0444) == 0);
		is_int(open_here(ctx, &device, &failure), -EACCES);
		contains(failure.hint, "root");
		must(chmod(device.path, 0644) == 0);
	} else {
		tap_skip("root may write everything");
	}
	unlink(device.path);
	is_int(open_here(ctx, &device, &failure), -EOPNOTSUPP);
	memset(device.config, 0xff, sizeof(device.config));
	device.size = sizeof(device.config);
	is_int(open_file(ctx, &device, &failure), -EIO);
	contains(failure.words, "all ones");
	file_device_gone(&device);
}

int main(void)
{
	struct dpu_ctx *ctx = open_uri("linux:");

	test_tlv();
	test_registers();
	test_frames();
	test_statuses();
	test_window(ctx);
	dpu_ctx_unref(ctx);
	return tap_done();
}
