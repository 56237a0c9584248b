/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/json.h"

int json_file_read(struct dpu_ctx *ctx, const char *step, const char *path, json_t **ret)
{
	json_error_t error;
	json_t *value;
	struct stat st;
	int fd, rc;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return ctx_fail(ctx, -errno, step, path, NULL);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		rc = ctx_fail(ctx, -EINVAL, step, path, "not a regular file");
		goto out;
	}
	/* A directory or device would make jansson's reader stumble; a regular file only can be torn. */
	value = json_loadfd(fd, JSON_REJECT_DUPLICATES, &error);
	if (!value) {
		if (json_error_code(&error) == json_error_out_of_memory)
			rc = ctx_fail_nomem(ctx, step);
		else
			rc = ctx_fail(ctx, -EBADMSG, step, path, "line %d, column %d: %s", error.line,
				      error.column, error.text);
		goto out;
	}
	if (!json_is_object(value)) {
		json_decref(value);
		rc = ctx_fail(ctx, -EBADMSG, step, path, "not a JSON object");
		goto out;
	}
	*ret = value;
	rc = 0;
out:
	close(fd);
	return rc;
}

/* So that the rename itself survives a power cut. */
static void sync_directory(const char *path)
{
	char copy[PATH_MAX];
	int fd;

	if ((size_t)snprintf(copy, sizeof(copy), "%s", path) >= sizeof(copy))
		return;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static int write_all(int fd, const char *text, size_t size)
{
	ssize_t n;

	while (size) {
		n = write(fd, text, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		size -= (size_t)n;
	}
	return 0;
}

int json_file_write(struct dpu_ctx *ctx, const char *step, const char *path, const json_t *value)
{
	char beside[PATH_MAX];
	struct stat st;
	char *text;
	int fd = -1;
	int rc;

	if ((size_t)snprintf(beside, sizeof(beside), "%s.new", path) >= sizeof(beside))
		return ctx_fail(ctx, -ENAMETOOLONG, step, path, NULL);
	text = json_dumps(value, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	if (!text)
		return ctx_fail_nomem(ctx, step);

	/* What a killed writer left is of no use; what somebody else put there is not to be written through.
	 */
	unlink(beside);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0) {
		rc = ctx_fail(ctx, -errno, step, beside, NULL);
		goto out;
	}
	/* The new file is as accessible as the old one was; not being its owner is no reason to fail. */
	if (stat(path, &st) == 0)
		(void)!fchmod(fd, st.st_mode & 07777);
	rc = write_all(fd, text, strlen(text));
	if (rc == 0)
		rc = write_all(fd, "\n", 1);
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	if (rc == 0 && rename(beside, path) < 0)
		rc = -errno;
	if (rc < 0) {
		unlink(beside);
		ctx_fail(ctx, rc, step, path, NULL);
		goto out;
	}
	sync_directory(path);
out:
	if (fd >= 0)
		close(fd);
	free(text);
	return rc;
}
