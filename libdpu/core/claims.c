/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "core/claims.h"
#include "core/text.h"

/* A record: its mark, its text filled up with spaces, a newline. */
enum {
	RECORD = CLAIMS_TEXT_MAX + 2,
	OWNER = '#',
	FREE = '-',
	HELD = '+',
	/* How often somebody else's short look at a file may be in the way. */
	TRIES = 1000,
	FILES_MAX = 1000, /* of one process */
};

#define OWNER_PREFIX "claims of "

struct slot {
	bool held;
	char key[CLAIMS_TEXT_MAX + 1];
};

struct claims {
	char *dir;
	char name[48]; /* of the file in it */
	int fd;        /* -1 while there is no file */
	pid_t pid;     /* whose it is */
	struct slot *slots;
	size_t count;
};

int claims_open(struct dpu_ctx *ctx, const char *step, const char *dir, struct claims **ret)
{
	struct claims *claims = ctx_alloc(ctx, sizeof(*claims));

	if (!claims)
		return ctx_fail_nomem(ctx, step);
	claims->fd = -1;
	claims->pid = getpid();
	claims->dir = ctx_strdup(ctx, dir);
	if (!claims->dir) {
		ctx_free(ctx, claims);
		return ctx_fail_nomem(ctx, step);
	}
	*ret = claims;
	return 0;
}

static int open_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A file of the folder that can be trusted to be one: no link, no device. */
static int open_file(int dir, const char *name, int flags)
{
	struct stat st;
	int fd, rc;

	fd = openat(dir, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = fstat(fd, &st) < 0 ? -errno : 0;
	/* What its owner removes while it is looked at has no claims any more. */
	if (rc == 0 && (!S_ISREG(st.st_mode) || !st.st_nlink))
		rc = -ENOENT;
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

static int put(int fd, const void *data, size_t size, off_t at)
{
	ssize_t n = pwrite(fd, data, size, at);

	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -ENOSPC;
}

static void fill(char record[RECORD], char mark, const char *text)
{
	size_t len = strnlen(text, CLAIMS_TEXT_MAX);

	memset(record, ' ', RECORD);
	record[0] = mark;
	memcpy(record + 1, text, len);
	record[RECORD - 1] = '\n';
}

/* The text of a record without what fills it up; false for what is none. */
static bool unfill(const char record[RECORD], char text[CLAIMS_TEXT_MAX + 1])
{
	size_t len = CLAIMS_TEXT_MAX;

	if (record[RECORD - 1] != '\n' || memchr(record, '\0', RECORD) || memchr(record, '\n', RECORD - 1))
		return false;
	while (len && record[len] == ' ')
		len--;
	memcpy(text, record + 1, len);
	text[len] = '\0';
	return true;
}

/* 1 a whole record, 0 the end, or a negative errno. */
static int get(int fd, size_t i, char record[RECORD])
{
	ssize_t n = pread(fd, record, RECORD, (off_t)(i * RECORD));

	if (n < 0)
		return -errno;
	return n == RECORD;
}

/* Reads who a file is of; false when it is none of ours, or was not finished. */
static bool read_owner(int fd, char owner[CLAIMS_TEXT_MAX + 1])
{
	size_t prefix = strlen(OWNER_PREFIX);
	char record[RECORD], text[CLAIMS_TEXT_MAX + 1];

	if (get(fd, 0, record) <= 0 || record[0] != OWNER || !unfill(record, text) ||
	    strncmp(text, OWNER_PREFIX, prefix) != 0)
		return false;
	memmove(owner, text + prefix, strlen(text + prefix) + 1);
	return true;
}

/* True when the program that locked the file has ended. A shared lock disturbs nobody who only looks. */
static bool is_left(int fd)
{
	return flock(fd, LOCK_SH | LOCK_NB) == 0;
}

/* A walk through the files of a folder. */
struct walk {
	struct dpu_ctx *ctx;
	const char *step;
	int dir;
	claims_visit_fn visit;
	void *arg;
	const char *key; /* to be forgotten; NULL: only what is empty goes */
};

static int fail(const struct walk *walk, int rc, const char *object)
{
	return ctx_fail(walk->ctx, rc, walk->step, object, NULL);
}

/* Calls each() for every file. What each() returns, other than 0, ends the walk; it has recorded why. */
static int each_file(struct walk *walk, const char *path, int (*each)(struct walk *walk, const char *name))
{
	struct dirent *entry;
	DIR *stream;
	int rc = 0;

	walk->dir = open_dir(path);
	if (walk->dir == -ENOENT)
		return 0;
	stream = walk->dir < 0 ? NULL : fdopendir(walk->dir);
	if (!stream) {
		rc = fail(walk, walk->dir < 0 ? walk->dir : -errno, path);
		if (walk->dir >= 0)
			close(walk->dir);
		return rc;
	}
	while (rc == 0) {
		errno = 0;
		entry = readdir(stream);
		if (!entry) {
			rc = errno ? fail(walk, -errno, path) : 0;
			break;
		}
		if (entry->d_name[0] != '.')
			rc = each(walk, entry->d_name);
	}
	closedir(stream);
	return rc;
}

/* The claims of one open file. */
static int visit_file(const struct walk *walk, int fd, const char *name, const char *owner, bool live)
{
	char record[RECORD], key[CLAIMS_TEXT_MAX + 1];
	size_t i;
	int rc;

	for (i = 1; (rc = get(fd, i, record)) > 0; i++) {
		if (record[0] != HELD || !unfill(record, key))
			continue;
		rc = walk->visit(walk->arg, owner, key, live);
		if (rc < 0)
			return rc;
	}
	return rc < 0 ? fail(walk, rc, name) : 0;
}

/* 0 for what is no file, or has gone meanwhile. */
static int open_seen(const struct walk *walk, const char *name, int flags)
{
	int fd = open_file(walk->dir, name, flags);

	if (fd == -ELOOP || fd == -ENOENT || fd == -EISDIR || fd == -ENXIO)
		return 0;
	return fd < 0 ? fail(walk, fd, name) : fd;
}

static int visit_one(struct walk *walk, const char *name)
{
	char owner[CLAIMS_TEXT_MAX + 1];
	int fd, rc = 0;
	bool left;

	fd = open_seen(walk, name, O_RDONLY);
	if (fd <= 0)
		return fd;
	left = is_left(fd);
	if (read_owner(fd, owner))
		rc = visit_file(walk, fd, name, owner, !left);
	else
		ctx_log(walk->ctx, DPU_LOG_INFO, "%s: no file of claims, passed over", name);
	close(fd);
	return rc;
}

int claims_visit(struct dpu_ctx *ctx, const char *step, const char *dir, claims_visit_fn visit, void *arg)
{
	struct walk walk = { .ctx = ctx, .step = step, .visit = visit, .arg = arg };

	return each_file(&walk, dir, visit_one);
}

/* Locks a file for oneself, past those who look at it shortly; false while its program lives. */
static bool lock_left(int fd, int tries)
{
	struct timespec ms = { .tv_nsec = 1000000 };

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		/* Who only looks shares the lock, who lives does not. */
		if (tries-- <= 0 || !is_left(fd))
			return false;
		flock(fd, LOCK_UN);
		nanosleep(&ms, NULL);
	}
	return true;
}

/* Takes the claim back in a file of which one has the lock. How many others it has, or a negative errno. */
static int forget_in(int fd, const char *forgotten)
{
	char record[RECORD], key[CLAIMS_TEXT_MAX + 1];
	int rc, held = 0;
	size_t i;

	for (i = 1; (rc = get(fd, i, record)) > 0; i++) {
		if (record[0] != HELD || !unfill(record, key))
			continue;
		if (!forgotten || strcmp(key, forgotten) != 0)
			held++;
		else if ((rc = put(fd, "-", 1, (off_t)(i * RECORD))) < 0)
			break;
	}
	return rc < 0 ? rc : held;
}

/* A file that is left without claims goes. */
static int forget_one(struct walk *walk, const char *name)
{
	char owner[CLAIMS_TEXT_MAX + 1];
	int fd, rc = 0;

	fd = open_seen(walk, name, O_RDWR);
	if (fd <= 0)
		return fd;
	if (lock_left(fd, walk->key ? TRIES : 0)) {
		/* With nothing in it at all, its maker was killed before it could say who it was. */
		if (read_owner(fd, owner))
			rc = forget_in(fd, walk->key);
		else
			rc = lseek(fd, 0, SEEK_END) != 0;
		if (rc == 0)
			unlinkat(walk->dir, name, 0);
	}
	close(fd);
	return rc < 0 ? fail(walk, rc, name) : 0;
}

int claims_forget(struct dpu_ctx *ctx, const char *step, const char *dir, const char *key)
{
	struct walk walk = { .ctx = ctx, .step = step, .key = key };
	int rc;

	rc = each_file(&walk, dir, forget_one);
	/* With the last file the folder goes; that it is in use, or not there, is as well. */
	if (rc == 0)
		rmdir(dir);
	return rc;
}

/* A new file with nothing but its owner in it, locked. */
static int create_file(struct claims *claims, int dir)
{
	char owner[CLAIMS_TEXT_MAX + 1], record[RECORD];
	struct stat st;
	unsigned int number = 0;
	int fd, rc = 0;

	/* A process may have several, and there may be those of an earlier one with its number. */
	do {
		snprintf(claims->name, sizeof(claims->name), "%ld-%u", (long)getpid(), number);
		fd = openat(dir, claims->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	} while (fd < 0 && errno == EEXIST && ++number < FILES_MAX);
	if (fd < 0)
		return -errno;
	/* Somebody may look at it, or even sweep it away, before it is locked: then it is no good. */
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		rc = errno == EWOULDBLOCK ? -EEXIST : -errno;
	else if (fstat(fd, &st) < 0 || !st.st_nlink)
		rc = -EEXIST;
	if (rc == 0) {
		snprintf(owner, sizeof(owner), OWNER_PREFIX "%.60s, process %ld",
			 program_invocation_short_name, (long)getpid());
		fill(record, OWNER, owner);
		rc = put(fd, record, RECORD, 0);
	}
	if (rc == 0)
		return fd;
	unlinkat(dir, claims->name, 0);
	close(fd);
	return rc;
}

/* The file, and the folder where it is missing. Both may be swept away by others until the file is locked. */
static int create(struct dpu_ctx *ctx, const char *step, struct claims *claims)
{
	struct walk walk = { .ctx = ctx, .step = step };
	int dir, tries, rc = -EEXIST;

	for (tries = 0; tries < TRIES && (rc == -EEXIST || rc == -ENOENT); tries++) {
		if (mkdir(claims->dir, 0755) < 0 && errno != EEXIST)
			return ctx_fail(ctx, -errno, step, claims->dir, NULL);
		dir = open_dir(claims->dir);
		rc = dir < 0 ? dir : create_file(claims, dir);
		if (dir >= 0)
			close(dir);
	}
	if (rc < 0)
		return ctx_fail(ctx, rc, step, claims->dir, NULL);
	claims->fd = rc;
	/* Files without claims are what a killed program may have left: of no use, and no failure. */
	if (each_file(&walk, claims->dir, forget_one) < 0)
		ctx_log(ctx, DPU_LOG_INFO, "%s", dpu_ctx_error_text(ctx));
	return 0;
}

static struct slot *find(struct claims *claims, const char *key)
{
	size_t i;

	for (i = 0; i < claims->count; i++) {
		if (claims->slots[i].held && !strcmp(claims->slots[i].key, key))
			return &claims->slots[i];
	}
	return NULL;
}

/* Where the slot's record is. */
static off_t offset(const struct claims *claims, const struct slot *slot)
{
	return (off_t)(slot - claims->slots + 1) * RECORD;
}

static int write_slot(const struct claims *claims, const struct slot *slot)
{
	char record[RECORD];
	int rc;

	fill(record, FREE, slot->key);
	rc = put(claims->fd, record, RECORD, offset(claims, slot));
	return rc < 0 ? rc : put(claims->fd, "+", 1, offset(claims, slot));
}

int claims_add(struct dpu_ctx *ctx, const char *step, struct claims *claims, const char *key)
{
	struct slot *slot;
	size_t i;
	int rc;

	if (find(claims, key))
		return 0;
	if (!key[0] || strlen(key) > CLAIMS_TEXT_MAX || strchr(key, '\n'))
		return ctx_fail(ctx, -EINVAL, step, key, "a claim is a line of up to %d bytes",
				CLAIMS_TEXT_MAX);
	for (i = 0; i < claims->count && claims->slots[i].held; i++)
		continue;
	if (i == claims->count && ctx_grow(ctx, &claims->slots, claims->count, sizeof(*slot)) < 0)
		return ctx_fail_nomem(ctx, step);
	if (claims->fd < 0) {
		rc = create(ctx, step, claims);
		if (rc < 0)
			return rc;
	}
	slot = &claims->slots[i];
	text_copy(slot->key, sizeof(slot->key), key);
	rc = write_slot(claims, slot);
	if (rc < 0)
		return ctx_fail(ctx, rc, step, claims->dir, NULL);
	slot->held = true;
	if (i == claims->count)
		claims->count++;
	return 0;
}

bool claims_remove(struct claims *claims, const char *key)
{
	struct slot *slot = find(claims, key);

	if (!slot)
		return false;
	/* One byte that is there already: no disk is too full for it. */
	put(claims->fd, "-", 1, offset(claims, slot));
	slot->held = false;
	return true;
}

void claims_close(struct dpu_ctx *ctx, struct claims *claims)
{
	bool held = false;
	size_t i;
	int dir;

	if (!claims)
		return;
	for (i = 0; i < claims->count; i++)
		held |= claims->slots[i].held;
	/* A child that has not called exec(3) shares the file; it is not the child's to remove. */
	dir = claims->fd < 0 || held || claims->pid != getpid() ? -1 : open_dir(claims->dir);
	if (dir >= 0) {
		unlinkat(dir, claims->name, 0);
		close(dir);
		rmdir(claims->dir);
	}
	if (claims->fd >= 0)
		close(claims->fd);
	ctx_free(ctx, claims->slots);
	ctx_free(ctx, claims->dir);
	ctx_free(ctx, claims);
}
