/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/text.h"
#include "provider/linux/sysfs.h"

int sysfs_open(struct sysfs *sysfs, const char *root)
{
	char resolved[PATH_MAX];
	size_t len;
	int fd;

	memset(sysfs, 0, sizeof(*sysfs));
	sysfs->fd = -1;
	if (!realpath(root, resolved))
		return -errno;
	len = strlen(resolved);
	if (len >= sizeof(sysfs->root))
		return -ENAMETOOLONG;
	fd = open(resolved, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	sysfs->fd = fd;
	memcpy(sysfs->root, resolved, len + 1);
	return 0;
}

void sysfs_close(struct sysfs *sysfs)
{
	if (sysfs->fd >= 0)
		close(sysfs->fd);
	sysfs->fd = -1;
}

bool sysfs_path(char path[SYSFS_PATH_SIZE], const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(path, SYSFS_PATH_SIZE, format, args);
	va_end(args);
	if (len >= 0 && len < SYSFS_PATH_SIZE)
		return true;
	path[0] = '\0';
	return false;
}

bool sysfs_exists(const struct sysfs *sysfs, const char *path)
{
	return path[0] && !faccessat(sysfs->fd, path, F_OK, 0);
}

bool sysfs_device_path(const struct sysfs *sysfs, const char *handle, const char *attribute,
		       char path[SYSFS_PATH_SIZE])
{
	const char *slash = strchr(handle, '/');
	int bus = slash ? (int)(slash - handle) : 0;

	if (!slash || strchr(slash + 1, '/') || handle[0] == '.' || slash[1] == '.' || !slash[1])
		return false;
	if (!sysfs_path(path, "bus/%.*s/devices/%s", bus, handle, slash + 1) || !sysfs_exists(sysfs, path))
		return false;
	return sysfs_path(path, "bus/%.*s/devices/%s/%s", bus, handle, slash + 1, attribute);
}

static bool read_text(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	text[0] = '\0';
	do {
		n = read(fd, text, size - 1);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return false;
	/* An attribute is read in one go. */
	len = (size_t)n;
	text[len] = '\0';
	/* An attribute may hold anything, also bytes after a NUL: what counts ends there. */
	len = strlen(text);
	while (len && strchr(" \t\r\n", text[len - 1]))
		text[--len] = '\0';
	return true;
}

bool sysfs_text(const struct sysfs *sysfs, const char *path, char *text, size_t size)
{
	bool done;
	int fd;

	text[0] = '\0';
	/* O_NONBLOCK: a recorded tree may hold a FIFO where it should hold a file. */
	fd = path[0] ? openat(sysfs->fd, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
	if (fd < 0)
		return false;
	done = read_text(fd, text, size);
	close(fd);
	if (!done)
		text[0] = '\0';
	return done;
}

bool sysfs_number(const struct sysfs *sysfs, const char *path, uint64_t max, uint64_t *ret)
{
	char text[32];

	return sysfs_text(sysfs, path, text, sizeof(text)) && text_number(text, max, ret);
}

int sysfs_write(const struct sysfs *sysfs, const char *path, const char *text)
{
	const size_t len = strlen(text);
	int fd, rc = 0;
	ssize_t n;

	fd = path[0] ? openat(sysfs->fd, path, O_WRONLY | O_NONBLOCK | O_CLOEXEC) : -1;
	if (fd < 0)
		return path[0] ? -errno : -ENAMETOOLONG;
	/* The kernel acts on each write: one that was interrupted has not been acted on. */
	do {
		n = write(fd, text, len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		rc = -errno;
	else if ((size_t)n != len)
		rc = -EIO;
	close(fd);
	return rc;
}

bool sysfs_link_name(const struct sysfs *sysfs, const char *path, char *name, size_t size)
{
	char target[SYSFS_PATH_SIZE];
	const char *slash;
	ssize_t len;

	name[0] = '\0';
	len = path[0] ? readlinkat(sysfs->fd, path, target, sizeof(target) - 1) : -1;
	if (len <= 0)
		return false;
	target[len] = '\0';
	slash = strrchr(target, '/');
	text_copy(name, size, slash ? slash + 1 : target);
	return true;
}

bool sysfs_link_dir(const struct sysfs *sysfs, const char *path, char dir[SYSFS_PATH_SIZE])
{
	ssize_t len;
	char *slash;

	dir[0] = '\0';
	len = path[0] ? readlinkat(sysfs->fd, path, dir, SYSFS_PATH_SIZE - 1) : -1;
	if (len <= 0)
		return false;
	dir[len] = '\0';
	slash = strrchr(dir, '/');
	if (slash)
		*slash = '\0';
	return slash != NULL;
}

bool sysfs_resolve(const struct sysfs *sysfs, const char *path, char resolved[SYSFS_PATH_SIZE])
{
	char full[2 * SYSFS_PATH_SIZE], real[PATH_MAX];
	size_t root_len = strlen(sysfs->root), len;

	resolved[0] = '\0';
	if (!path[0] || sysfs->fd < 0)
		return false;
	snprintf(full, sizeof(full), "%s/%s", sysfs->root, path);
	if (!realpath(full, real))
		return false;
	if (strncmp(real, sysfs->root, root_len) || real[root_len] != '/')
		return false;
	len = strlen(real + root_len + 1);
	if (len >= SYSFS_PATH_SIZE)
		return false;
	memcpy(resolved, real + root_len + 1, len + 1);
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct sysfs_entry *)a)->name, ((const struct sysfs_entry *)b)->name);
}

int sysfs_list(struct dpu_ctx *ctx, const struct sysfs *sysfs, const char *path, struct sysfs_names *ret)
{
	struct sysfs_names list = { 0 };
	struct dirent *entry;
	int fd, rc = 0;
	DIR *dir;

	*ret = list;
	fd = path[0] ? openat(sysfs->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return 0;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= sizeof(list.entries->name))
			continue;
		rc = ctx_grow(ctx, &list.entries, list.count, sizeof(list.entries[0]));
		if (rc < 0)
			break;
		list.entries[list.count].inode = entry->d_ino;
		text_copy(list.entries[list.count++].name, sizeof(list.entries->name), entry->d_name);
	}
	closedir(dir);
	if (rc < 0) {
		sysfs_names_free(ctx, &list);
		return rc;
	}
	if (list.count)
		qsort(list.entries, list.count, sizeof(list.entries[0]), compare_names);
	*ret = list;
	return 0;
}

void sysfs_names_free(struct dpu_ctx *ctx, struct sysfs_names *names)
{
	ctx_free(ctx, names->entries);
	names->entries = NULL;
	names->count = 0;
}

/* The bus of the device at path, if it is on one: its "subsystem" link may name a class as well. */
static bool bus_of(const struct sysfs *sysfs, const char *path, char *bus, size_t size)
{
	char link[SYSFS_PATH_SIZE], target[SYSFS_PATH_SIZE];
	const char *slash;
	ssize_t len;

	if (!sysfs_path(link, "%s/subsystem", path))
		return false;
	len = readlinkat(sysfs->fd, link, target, sizeof(target) - 1);
	if (len <= 0)
		return false;
	target[len] = '\0';
	slash = strrchr(target, '/');
	if (!slash || slash - target < 4 || strncmp(slash - 4, "/bus", 4))
		return false;
	if (strlen(slash + 1) >= size)
		return false;
	text_copy(bus, size, slash + 1);
	return true;
}

void sysfs_place(const struct sysfs *sysfs, const char *path, struct fact_place *place)
{
	char at[SYSFS_PATH_SIZE], attribute[SYSFS_PATH_SIZE], bus[32], handle[2 * HANDLE_SIZE];
	uint64_t number;
	char *slash;

	memset(place, 0, sizeof(*place));
	place->numa_node = -1;
	if (!sysfs_resolve(sysfs, path, at))
		return;
	for (; (slash = strrchr(at, '/')); *slash = '\0') {
		const char *name = slash + 1;

		if (!bus_of(sysfs, at, bus, sizeof(bus)))
			continue;
		if (!strcmp(bus, "auxiliary")) {
			if (!place->sf[0] && strlen(name) < sizeof(place->sf) &&
			    sysfs_path(attribute, "%s/sfnum", at) && sysfs_exists(sysfs, attribute))
				text_copy(place->sf, sizeof(place->sf), name);
			continue;
		}
		if (!strcmp(bus, "virtio"))
			continue;

		if (snprintf(handle, sizeof(handle), "%s/%s", bus, name) >= HANDLE_SIZE)
			return;
		text_copy(place->handle, sizeof(place->handle), handle);
		if (sysfs_path(attribute, "%s/driver", at))
			sysfs_link_name(sysfs, attribute, place->driver, sizeof(place->driver));
		if (sysfs_path(attribute, "%s/numa_node", at) &&
		    sysfs_number(sysfs, attribute, INT_MAX, &number))
			place->numa_node = (int)number;
		return;
	}
}

bool file_first_line(const char *path, char *text, size_t size)
{
	bool done;
	int fd;

	text[0] = '\0';
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	done = read_text(fd, text, size);
	close(fd);
	text[strcspn(text, "\n")] = '\0';
	return done && text[0];
}
