/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attributes and links of sysfs, below a root that need not be /sys. All paths are relative to the root. What
 * is not there is an empty answer, never an error: sysfs changes while it is read. */
#ifndef DPU_LINUX_SYSFS_H
#define DPU_LINUX_SYSFS_H

#include "core/ctx.h"
#include "provider/linux/facts.h"

enum {
	SYSFS_PATH_SIZE = 512,
};

struct sysfs {
	int fd;                     /* the root directory */
	char root[SYSFS_PATH_SIZE]; /* its absolute path, links resolved, without a trailing slash */
};

/* An entry of a directory; names that are longer are left out. */
struct sysfs_entry {
	uint64_t inode; /* in sysfs no other object ever has it again */
	char name[64];
};

/* The entries of a directory, sorted by name. */
struct sysfs_names {
	struct sysfs_entry *entries;
	size_t count;
};

/* Opens the root; a negative errno if it cannot be, and then everything is absent below it. */
int sysfs_open(struct sysfs *sysfs, const char *root);
void sysfs_close(struct sysfs *sysfs);

/* Builds a path; false if it does not fit, and then it is empty. */
bool sysfs_path(char path[SYSFS_PATH_SIZE], const char *format, ...) __attribute__((format(printf, 2, 3)));

bool sysfs_exists(const struct sysfs *sysfs, const char *path);

/* The path of an attribute of the device with that handle ("pci/0000:03:00.0"); false when there is no such
 * device. A handle may come from outside: one that leads out of its directory is none. */
bool sysfs_device_path(const struct sysfs *sysfs, const char *handle, const char *attribute,
		       char path[SYSFS_PATH_SIZE]);

/* The text of an attribute without its trailing white space; false (and "") if it cannot be read. */
bool sysfs_text(const struct sysfs *sysfs, const char *path, char *text, size_t size);

/* A number, decimal or 0x-hexadecimal; false (and *ret untouched) if it cannot be read or exceeds max. */
bool sysfs_number(const struct sysfs *sysfs, const char *path, uint64_t max, uint64_t *ret);

/* Writes an attribute in one write. 0 or the negative errno that the kernel's driver gave. */
int sysfs_write(const struct sysfs *sysfs, const char *path, const char *text);

/* The last component of what a link points to; false (and "") if there is no such link. */
bool sysfs_link_name(const struct sysfs *sysfs, const char *path, char *name, size_t size);

/* The directory that what a link points to stands in, as the link has it; false for no such link. */
bool sysfs_link_dir(const struct sysfs *sysfs, const char *path, char dir[SYSFS_PATH_SIZE]);

/* The path below the root with all links resolved; false (and "") if there is none or it leads out. */
bool sysfs_resolve(const struct sysfs *sysfs, const char *path, char resolved[SYSFS_PATH_SIZE]);

/* Lists a directory; a missing one is empty. 0 or -ENOMEM; free with sysfs_names_free(). */
int sysfs_list(struct dpu_ctx *ctx, const struct sysfs *sysfs, const char *path, struct sysfs_names *ret);
void sysfs_names_free(struct dpu_ctx *ctx, struct sysfs_names *names);

/*
 * Finds the hardware that a device belongs to: from the device at path upwards, the first one on a real bus.
 * virtio and auxiliary devices are parts of what is above them; an auxiliary device with an sfnum is an SF
 * and is noted on the way.
 */
void sysfs_place(const struct sysfs *sysfs, const char *path, struct fact_place *place);

/* One attribute of the process's own file system, for the few facts that live outside sysfs. */
bool file_first_line(const char *path, char *text, size_t size);

#endif
