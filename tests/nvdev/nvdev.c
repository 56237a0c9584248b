/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A BlueField as files, to be mounted over /sys/bus/pci/devices: nvdev.sh does so where nobody else sees it.
 *
 *   nvdev [--state FILE] [--device bf2|bf3] [--functions 1|2] [--slot 0000:03:00] [--fwctl] MOUNTPOINT
 *
 * With --fwctl there is also /dev/fwctl/fwctl0, as a kernel has it for function 0; that is seen by everybody.
 * Stays in the foreground until it is unmounted or told to end. Beside the functions there are .control
 * (lines to write), .state (the configuration) and .counters (what was done). A line of .control is one of
 * these, where CODE, REGISTER and TYPE are hexadecimal:
 *
 *   hold-vsc | free-vsc	 someone has the semaphore of the capability for ever
 *   hold-icmd | free-icmd	 someone has the semaphore of the command interface for ever
 *   busy | idle		 no command ends; what was begun meanwhile is not done later
 *   flag-stuck | flag-ok	 no access through the capability ends
 *   dead | alive		 configuration space has all bits set
 *   not-ready | ready		 the firmware has not started yet
 *   locked | unlocked		 the hardware does not tell its id
 *   slow MS			 each command takes so long
 *   slow-flag N		 each access ends only after so many looks
 *   icmd-status CODE [COUNT]	 commands end so, and do nothing
 *   status REGISTER get|set|any CODE [COUNT]	 accesses of a register end so, and do nothing
 *   garble SEED		 a few bytes of each answer are others, which the seed decides (0: none)
 *   short-reply on|off		 the answer to a read says that there is less
 *   rewrite-length on|off	 the answer to a read has the length of the TLV (on), or as asked
 *   power-loss-after N		 the power goes after so many writes (0: no)
 *   power-loss-before N	 the power goes before the Nth write is done (0: no)
 *   readonly TYPE | writable TYPE	absent TYPE | present TYPE
 *   fwctl-deny-scope N | fwctl-allow-scope N	 the kernel refuses requests in this scope
 *   fwctl-lax | fwctl-strict	 reads are passed in scope 0 too, or from 1 on, as by the kernels of today
 *   fwctl-type N		 the kind of device that is told: 1 is mlx5
 *   fwctl-syndrome HEX		 told beside each status by fwctl (0: one that is made up from the status)
 *   reset-ms MS		 how long there is no answer during a reset
 *   set-tlv next|current|default PF TYPE HEX
 *   power-cycle		 power back on; semaphores and faults are gone, but for readonly and absent
 *   clear			 no faults, nothing readonly or absent; power stays away
 *   counters-reset | save
 */
#include "nvdev.h"

#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <fuse_lowlevel.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_SIZE 256u
#define CONTROL_MAX 65536u
#define PCIE_CAP_AT 0x60u
#define MSIX_CAP_AT 0x9cu
#define FUNCTION_FMT "%s.%u"

struct device dev;

static const char *const attributes[] = { "config",           "subsystem", "vendor",
					  "device",           "class",     "subsystem_vendor",
					  "subsystem_device", "numa_node", "uevent" };
static const char bus[] = "../../../../bus/pci";
static const char *const controls[] = { ".control", ".state", ".counters" };

enum file { FILE_CONFIG, FILE_BUS, FILE_TEXT, FILE_CONTROL, FILE_STATE, FILE_COUNTERS, FILE_DIRECTORY };

struct place {
	enum file file;
	unsigned int pf;       /* of a function's; FUNCTIONS for the folder of all */
	const char *attribute; /* of FILE_TEXT */
	char *text;            /* as it was when it was opened */
};

static bool find(const char *path, struct place *place)
{
	unsigned int pf;
	char name[32];
	size_t i;

	memset(place, 0, sizeof(*place));
	place->file = FILE_DIRECTORY;
	place->pf = FUNCTIONS;
	if (strcmp(path, "/") == 0)
		return true;
	for (i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		if (strcmp(path + 1, controls[i]) == 0) {
			place->file = (enum file)(FILE_CONTROL + i);
			return true;
		}
	}
	for (pf = 0; pf < dev.functions; pf++) {
		int length = snprintf(name, sizeof(name), "/" FUNCTION_FMT, dev.slot, pf);

		if (strncmp(path, name, (size_t)length) != 0)
			continue;
		place->pf = pf;
		if (path[length] == '\0')
			return true;
		for (i = 0; path[length] == '/' && i < sizeof(attributes) / sizeof(attributes[0]); i++) {
			if (strcmp(path + length + 1, attributes[i]) == 0) {
				place->file = i < FILE_TEXT ? (enum file)i : FILE_TEXT;
				place->attribute = attributes[i];
				return true;
			}
		}
	}
	return false;
}

static unsigned int device_id(void)
{
	return dev.bf2 ? 0xa2d6u : 0xa2dcu;
}

static void put_text(FILE *file, const struct place *place)
{
	const char *name = place->attribute;

	if (strcmp(name, "vendor") == 0 || strcmp(name, "subsystem_vendor") == 0)
		fprintf(file, "0x15b3\n");
	else if (strcmp(name, "device") == 0)
		fprintf(file, "0x%04x\n", device_id());
	else if (strcmp(name, "subsystem_device") == 0)
		fprintf(file, "0x0083\n");
	else if (strcmp(name, "class") == 0)
		fprintf(file, "0x020000\n");
	else if (strcmp(name, "numa_node") == 0)
		fprintf(file, "-1\n");
	else
		fprintf(file,
			"PCI_CLASS=20000\nPCI_ID=15B3:%04X\nPCI_SUBSYS_ID=15B3:0083\nPCI_SLOT_"
			"NAME=" FUNCTION_FMT "\n",
			device_id(), dev.slot, place->pf);
}

static void put_le32(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
	p[2] = (uint8_t)(value >> 16);
	p[3] = (uint8_t)(value >> 24);
}

/* Configuration space as it is looked at, without what a look at a register does. */
static void config_image(const struct function *function, uint8_t image[CONFIG_SIZE])
{
	unsigned int offset;

	memset(image, 0, CONFIG_SIZE);
	put_le32(image + 0x00, device_id() << 16 | 0x15b3u);
	put_le32(image + 0x04, 0x00100006u);
	put_le32(image + 0x08, 0x02000001u);
	put_le32(image + 0x0c, 0x00800000u);
	put_le32(image + 0x2c, 0x008315b3u);
	image[0x34] = PCIE_CAP_AT;
	put_le32(image + PCIE_CAP_AT, 0x00020000u | VSC_AT << 8 | 0x10u);
	put_le32(image + MSIX_CAP_AT, 0x003f0000u | 0x11u);
	for (offset = 0; offset < VSC_SIZE; offset += 4)
		put_le32(image + VSC_AT + offset, vsc_peek(function, offset));
}

static bool vsc_register(size_t size, off_t offset)
{
	return size == 4 && offset % 4 == 0 && offset >= VSC_AT && offset < VSC_AT + VSC_SIZE;
}

static int config_read(unsigned int pf, char *buffer, size_t size, off_t offset)
{
	struct function *function = &dev.function[pf];
	uint8_t image[CONFIG_SIZE];

	if (offset < 0 || offset >= (off_t)CONFIG_SIZE)
		return 0;
	if (size > CONFIG_SIZE - (size_t)offset)
		size = CONFIG_SIZE - (size_t)offset;
	if (device_dead()) {
		memset(buffer, 0xff, size);
	} else if (vsc_register(size, offset)) {
		put_le32(image, vsc_read(function, (unsigned int)offset - VSC_AT));
		memcpy(buffer, image, 4);
	} else {
		config_image(function, image);
		memcpy(buffer, image + offset, size);
	}
	return (int)size;
}

static int config_write(unsigned int pf, const char *buffer, size_t size, off_t offset)
{
	const uint8_t *p = (const uint8_t *)buffer;
	uint32_t value;

	if (offset < 0 || offset >= (off_t)CONFIG_SIZE)
		return -EFBIG;
	if (device_dead())
		return (int)size;
	if (vsc_register(size, offset)) {
		value = (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
		vsc_write(&dev.function[pf], (unsigned int)offset - VSC_AT, value);
	} else if (offset < VSC_AT + VSC_SIZE && offset + (off_t)size > VSC_AT) {
		dev.counters.unaligned++;
	}
	return (int)size;
}

static void *nvdev_init(struct fuse_conn_info *conn, struct fuse_config *config)
{
	(void)conn;
	config->nullpath_ok = 1;
	config->entry_timeout = 0;
	config->attr_timeout = 0;
	config->negative_timeout = 0;
	return NULL;
}

static struct place *place_of(struct fuse_file_info *fi)
{
	return (struct place *)(uintptr_t)fi->fh;
}

static int nvdev_getattr(const char *path, struct stat *st, struct fuse_file_info *fi)
{
	struct place place;

	if (fi)
		place = *place_of(fi);
	else if (!find(path, &place))
		return -ENOENT;
	memset(st, 0, sizeof(*st));
	st->st_nlink = place.file == FILE_DIRECTORY ? 2 : 1;
	st->st_size = place.file == FILE_CONFIG ? (off_t)CONFIG_SIZE : 4096;
	if (place.file == FILE_DIRECTORY)
		st->st_mode = S_IFDIR | 0755;
	else if (place.file == FILE_BUS)
		st->st_mode = S_IFLNK | 0777;
	else if (place.file == FILE_CONFIG)
		st->st_mode = S_IFREG | 0644;
	else if (place.file == FILE_CONTROL)
		st->st_mode = S_IFREG | 0200;
	else
		st->st_mode = S_IFREG | 0444;
	return 0;
}

static int nvdev_readlink(const char *path, char *buffer, size_t size)
{
	struct place place;

	if (!find(path, &place))
		return -ENOENT;
	if (place.file != FILE_BUS)
		return -EINVAL;
	snprintf(buffer, size, "%s", bus);
	return 0;
}

static int nvdev_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
			 struct fuse_file_info *fi, enum fuse_readdir_flags flags)
{
	const struct place *place = place_of(fi);
	char name[32];
	unsigned int i;

	(void)path;
	(void)offset;
	(void)flags;
	fill(buffer, ".", NULL, 0, 0);
	fill(buffer, "..", NULL, 0, 0);
	if (place->pf < FUNCTIONS) {
		for (i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
			fill(buffer, attributes[i], NULL, 0, 0);
		return 0;
	}
	for (i = 0; i < dev.functions; i++) {
		snprintf(name, sizeof(name), FUNCTION_FMT, dev.slot, i);
		fill(buffer, name, NULL, 0, 0);
	}
	for (i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
		fill(buffer, controls[i], NULL, 0, 0);
	return 0;
}

static int make_text(struct place *place)
{
	FILE *file;
	size_t size;

	device_settle();
	file = open_memstream(&place->text, &size);
	if (!file)
		return -ENOMEM;
	if (place->file == FILE_STATE)
		tlv_dump(file);
	else if (place->file == FILE_COUNTERS)
		control_counters(file);
	else
		put_text(file, place);
	return fclose(file) == 0 ? 0 : -ENOMEM;
}

/* A text is made when it is opened, and stays as it is for who has it open. */
static int nvdev_open(const char *path, struct fuse_file_info *fi)
{
	struct place *place = malloc(sizeof(*place));
	int rc = 0;

	if (!place)
		return -ENOMEM;
	if (!find(path, place))
		rc = -ENOENT;
	else if (place->file == FILE_TEXT || place->file == FILE_STATE || place->file == FILE_COUNTERS)
		rc = make_text(place);
	if (rc < 0) {
		if (rc == -ENOMEM)
			free(place->text);
		free(place);
		return rc;
	}
	fi->direct_io = place->file != FILE_DIRECTORY;
	fi->fh = (uint64_t)(uintptr_t)place;
	return 0;
}

static int nvdev_release(const char *path, struct fuse_file_info *fi)
{
	struct place *place = place_of(fi);

	(void)path;
	free(place->text);
	free(place);
	return 0;
}

static int nvdev_read(const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *fi)
{
	const struct place *place = place_of(fi);
	size_t length;

	(void)path;
	device_settle();
	if (place->file == FILE_CONFIG)
		return config_read(place->pf, buffer, size, offset);
	if (!place->text)
		return -EACCES;
	length = strlen(place->text);
	if (offset < 0 || (size_t)offset >= length)
		return 0;
	if (size > length - (size_t)offset)
		size = length - (size_t)offset;
	memcpy(buffer, place->text + offset, size);
	return (int)size;
}

/* Each line is done before the next is looked at: the lines before one that is wrong have been done. */
static int control_write(const char *buffer, size_t size)
{
	char *text, *line, *save;
	int rc = -EINVAL;

	if (size == 0 || size > CONTROL_MAX || memchr(buffer, '\0', size))
		return -EINVAL;
	text = strndup(buffer, size);
	if (!text)
		return -ENOMEM;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		rc = control_line(line);
		if (rc < 0)
			break;
	}
	free(text);
	return rc < 0 ? rc : (int)size;
}

static int nvdev_write(const char *path, const char *buffer, size_t size, off_t offset,
		       struct fuse_file_info *fi)
{
	const struct place *place = place_of(fi);

	(void)path;
	device_settle();
	if (place->file == FILE_CONFIG)
		return config_write(place->pf, buffer, size, offset);
	if (place->file == FILE_CONTROL)
		return control_write(buffer, size);
	return -EACCES;
}

static int nvdev_truncate(const char *path, off_t size, struct fuse_file_info *fi)
{
	struct place place;

	(void)size;
	if (fi)
		place = *place_of(fi);
	else if (!find(path, &place))
		return -ENOENT;
	return place.file == FILE_CONTROL ? 0 : -EACCES;
}

static const struct fuse_operations operations = {
	.init = nvdev_init,
	.getattr = nvdev_getattr,
	.readlink = nvdev_readlink,
	.opendir = nvdev_open,
	.readdir = nvdev_readdir,
	.releasedir = nvdev_release,
	.open = nvdev_open,
	.release = nvdev_release,
	.read = nvdev_read,
	.write = nvdev_write,
	.truncate = nvdev_truncate,
};

static int usage(void)
{
	fprintf(stderr, "usage: nvdev [--state FILE] [--device bf2|bf3] [--functions 1|2] "
			"[--slot 0000:03:00] [--fwctl] MOUNTPOINT\n");
	return 2;
}

static int options(int argc, char **argv, bool *fwctl)
{
	static const struct option known[] = {
		{ "state", required_argument, NULL, 's' },     { "device", required_argument, NULL, 'd' },
		{ "functions", required_argument, NULL, 'f' }, { "slot", required_argument, NULL, 'l' },
		{ "fwctl", no_argument, NULL, 'w' },           { NULL, 0, NULL, 0 }
	};
	int c;

	dev.functions = FUNCTIONS;
	dev.slot = "0000:03:00";
	dev.fwctl = FWCTL_OF_MLX5;
	dev.rewrite_length = true;
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 's') {
			dev.state = optarg;
		} else if (c == 'd' && (strcmp(optarg, "bf2") == 0 || strcmp(optarg, "bf3") == 0)) {
			dev.bf2 = optarg[2] == '2';
		} else if (c == 'f' && (strcmp(optarg, "1") == 0 || strcmp(optarg, "2") == 0)) {
			dev.functions = (unsigned int)(optarg[0] - '0');
		} else if (c == 'l' && strlen(optarg) == strlen(dev.slot)) {
			dev.slot = optarg;
		} else if (c == 'w') {
			*fwctl = true;
		} else {
			return usage();
		}
	}
	return optind == argc - 1 ? 0 : usage();
}

/* One request of a session, if it is still there: who asked may have been killed meanwhile. */
static void turn(struct fuse_session *session, struct fuse_buf *buffer)
{
	int rc = fuse_session_receive_buf(session, buffer);

	if (rc > 0)
		fuse_session_process_buf(session, buffer);
	else if (rc != -EAGAIN && rc != -EINTR)
		fuse_session_exit(session);
}

/* The device has one thread, whichever way it is asked. */
static int serve(struct fuse_session *const session[2])
{
	struct fuse_buf buffer[2] = { { .mem = NULL }, { .mem = NULL } };
	struct pollfd fd[2];
	sigset_t ends, before;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		fd[i] = (struct pollfd){ .fd = fuse_session_fd(session[i]), .events = POLLIN };
		if (fcntl(fd[i].fd, F_SETFL, O_NONBLOCK) < 0)
			return 1;
	}
	/* A signal is heard while it is waited for, so that none comes unheard before. */
	sigemptyset(&ends);
	sigaddset(&ends, SIGHUP);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, &before);
	while (!fuse_session_exited(session[0]) && !fuse_session_exited(session[1])) {
		if (ppoll(fd, 2, NULL, &before) < 0)
			continue;
		for (i = 0; i < 2; i++) {
			if (fd[i].revents)
				turn(session[i], &buffer[i]);
		}
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	free(buffer[0].mem);
	free(buffer[1].mem);
	return 0;
}

static int serve_with_fwctl(struct fuse *fuse)
{
	struct fuse_session *session[2] = { fuse_get_session(fuse), fwctl_setup() };
	int rc = 1;

	if (!session[1])
		return 1;
	if (fuse_set_signal_handlers(session[0]) == 0) {
		rc = serve(session);
		fuse_remove_signal_handlers(session[0]);
	}
	fuse_session_destroy(session[1]);
	return rc;
}

static int serve_alone(struct fuse *fuse)
{
	struct fuse_session *session = fuse_get_session(fuse);
	int rc;

	if (fuse_set_signal_handlers(session) < 0)
		return 1;
	rc = fuse_loop(fuse);
	fuse_remove_signal_handlers(session);
	return rc < 0;
}

static int run(const char *name, const char *mountpoint, bool fwctl)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse *fuse = NULL;
	int rc = 1;

	if (fuse_opt_add_arg(&args, name) == 0 &&
	    fuse_opt_add_arg(&args, "-ofsname=nvdev,allow_other,default_permissions") == 0)
		fuse = fuse_new(&args, &operations, sizeof(operations), NULL);
	fuse_opt_free_args(&args);
	if (!fuse)
		return 1;
	if (fuse_mount(fuse, mountpoint) == 0) {
		rc = fwctl ? serve_with_fwctl(fuse) : serve_alone(fuse);
		fuse_unmount(fuse);
	}
	fuse_destroy(fuse);
	return rc;
}

int main(int argc, char **argv)
{
	char directory[4096], *state = NULL;
	bool fwctl = false;
	int rc;

	rc = options(argc, argv, &fwctl);
	if (rc != 0)
		return rc;
	tlv_init();
	/* CUSE goes to / for itself. */
	if (dev.state && dev.state[0] != '/' && getcwd(directory, sizeof(directory)) &&
	    asprintf(&state, "%s/%s", directory, dev.state) >= 0)
		dev.state = state;
	if (dev.state) {
		rc = tlv_load(dev.state);
		if (rc < 0) {
			fprintf(stderr, "nvdev: %s: %s\n", dev.state, strerror(-rc));
			return 1;
		}
	}
	device_volatile();
	tlv_boot();
	rc = run(argv[0], argv[optind], fwctl);
	if (dev.state && tlv_save(dev.state) < 0)
		rc = 1;
	free(state);
	return rc;
}
