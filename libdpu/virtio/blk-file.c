/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtio-blk back-end in a regular file or a block device. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/opts.h"
#include "virtio/blk.h"

/* Elements for one system call. */
#define PART 256
#define ZEROES 4096

struct blk_file {
	int fd;
};

static int file_fd(void *user)
{
	return ((struct blk_file *)user)->fd;
}

static int file_capacity(void *user, uint64_t *sectors)
{
	uint64_t size = 0;
	struct stat st;

	if (fstat(file_fd(user), &st) < 0)
		return -errno;
	if (S_ISBLK(st.st_mode)) {
		if (ioctl(file_fd(user), BLKGETSIZE64, &size) < 0)
			return -errno;
	} else {
		size = (uint64_t)st.st_size;
	}
	*sectors = size / DPU_VIRTIO_BLK_SECTOR_SIZE;
	return 0;
}

typedef ssize_t (*transfer_fn)(int fd, const struct iovec *iov, int count, off_t offset);

/* Transfers all of iov, however little a system call moves at once. */
static int transfer(transfer_fn move, void *user, uint64_t offset, const struct iovec *iov, uint32_t count)
{
	struct iovec part[PART];
	size_t skip = 0;
	uint32_t n;
	ssize_t got;

	while (count) {
		n = count < PART ? count : PART;
		memcpy(part, iov, n * sizeof(*part));
		part[0].iov_base = (char *)part[0].iov_base + skip;
		part[0].iov_len -= skip;
		got = move(file_fd(user), part, (int)n, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		/* The file has become shorter than it was. */
		if (got == 0)
			return -EIO;
		offset += (uint64_t)got;
		skip += (size_t)got;
		for (; count && skip >= iov->iov_len; iov++, count--)
			skip -= iov->iov_len;
	}
	return 0;
}

static int file_read(void *user, uint64_t offset, const struct iovec *iov, uint32_t count)
{
	return transfer(preadv, user, offset, iov, count);
}

static int file_write(void *user, uint64_t offset, const struct iovec *iov, uint32_t count)
{
	return transfer(pwritev, user, offset, iov, count);
}

static int file_flush(void *user)
{
	int rc;

	do {
		rc = fdatasync(file_fd(user));
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : 0;
}

static int allocate(void *user, int mode, uint64_t offset, uint64_t len)
{
	int rc;

	do {
		rc = fallocate(file_fd(user), mode | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)len);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : 0;
}

/* The file system has no such thing, or a block device none so finely aligned. */
static bool cannot(int rc)
{
	return rc == -EOPNOTSUPP || rc == -ENOSYS || rc == -EINVAL;
}

/* A discard is advice: where no hole can be made the data stay. */
static int file_discard(void *user, uint64_t offset, uint64_t len)
{
	int rc = allocate(user, FALLOC_FL_PUNCH_HOLE, offset, len);

	return cannot(rc) ? 0 : rc;
}

static int write_zero_data(void *user, uint64_t offset, uint64_t len)
{
	static const char zeroes[ZEROES];
	struct iovec iov[PART];
	uint64_t now, rest;
	uint32_t n;
	int rc;

	for (; len; len -= now, offset += now) {
		now = len < sizeof(zeroes) * PART ? len : sizeof(zeroes) * PART;
		for (n = 0, rest = now; rest; rest -= iov[n++].iov_len) {
			iov[n].iov_base = (void *)(uintptr_t)zeroes;
			iov[n].iov_len = rest < sizeof(zeroes) ? (size_t)rest : sizeof(zeroes);
		}
		rc = file_write(user, offset, iov, n);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int file_write_zeroes(void *user, uint64_t offset, uint64_t len, int unmap)
{
	int rc = allocate(user, unmap ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE, offset, len);

	return cannot(rc) ? write_zero_data(user, offset, len) : rc;
}

static void file_release(void *user)
{
	close(file_fd(user));
	free(user);
}

/* Takes over fd when it succeeds. */
static int make(int fd, bool read_only, struct dpu_virtio_blk_backend *ret)
{
	struct dpu_virtio_blk_backend backend = {
		.capacity = file_capacity,
		.read = file_read,
		.write = read_only ? NULL : file_write,
		.flush = file_flush,
		.discard = read_only ? NULL : file_discard,
		.write_zeroes = read_only ? NULL : file_write_zeroes,
		.release = file_release,
		.write_zeroes_may_unmap = 1,
	};
	struct blk_file *file;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return -EINVAL;
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	file->fd = fd;
	backend.user = file;
	opts_write(ret, &backend, sizeof(backend));
	return 0;
}

int dpu_virtio_blk_backend_file(const char *path, int read_only, struct dpu_virtio_blk_backend *ret)
{
	int fd, rc;

	if (!opts_valid(ret))
		return -EINVAL;
	/* Not to wait for a writer, should it be a pipe. */
	fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	rc = make(fd, read_only, ret);
	if (rc < 0)
		close(fd);
	return rc;
}

int dpu_virtio_blk_backend_fd(int fd, struct dpu_virtio_blk_backend *ret)
{
	int flags, own, rc;

	if (!opts_valid(ret))
		return -EINVAL;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0)
		return -errno;
	if ((flags & O_ACCMODE) == O_WRONLY || flags & O_PATH)
		return -EBADF;
	/* pwritev(2) would not write where it is told to. */
	if (flags & O_APPEND)
		return -EINVAL;
	own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own < 0)
		return -errno;
	rc = make(own, (flags & O_ACCMODE) == O_RDONLY, ret);
	if (rc < 0)
		close(own);
	return rc;
}
