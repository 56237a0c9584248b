/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virtio-blk's back-ends: files with holes, descriptors of every kind, system calls that do less than they
 * were asked for or fail, and random requests on a file and in memory against an array. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "blk-rig.h"

#define DISK (SECTORS * SECTOR)
#define MIB (1024 * 1024)
#define ROUNDS 3000
#define BURST 6
#define PIECES 40

/* What the system calls do instead of what they are asked for. */
static struct {
	size_t most; /* bytes at once */
	int fail;    /* errno of every transfer, flush, allocation */
	bool interrupt;
	bool interrupted;
	long calls, flushes;
	long fail_at, callocs, live;
} with;

void *__real_calloc(size_t count, size_t size);
void __real_free(void *ptr);
ssize_t __real_preadv(int fd, const struct iovec *iov, int count, off_t offset);
ssize_t __real_pwritev(int fd, const struct iovec *iov, int count, off_t offset);
int __real_fallocate(int fd, int mode, off_t offset, off_t len);
int __real_fdatasync(int fd);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *ptr);
ssize_t __wrap_preadv(int fd, const struct iovec *iov, int count, off_t offset);
ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int count, off_t offset);
int __wrap_fallocate(int fd, int mode, off_t offset, off_t len);
int __wrap_fdatasync(int fd);

void *__wrap_calloc(size_t count, size_t size)
{
	void *ptr = ++with.callocs == with.fail_at ? NULL : __real_calloc(count, size);

	with.live += ptr != NULL;
	return ptr;
}

void __wrap_free(void *ptr)
{
	with.live -= ptr != NULL;
	__real_free(ptr);
}

/* Every second call is interrupted, if any is. */
static bool disturbed(void)
{
	with.calls++;
	with.interrupted = with.interrupt && !with.interrupted;
	if (!with.interrupted && !with.fail)
		return false;
	errno = with.interrupted ? EINTR : with.fail;
	return true;
}

static int shorten(const struct iovec *iov, int count, struct iovec *part)
{
	size_t rest = with.most;
	int n = 0;

	for (; n < count && rest; rest -= part[n++].iov_len)
		part[n] = (struct iovec){ iov[n].iov_base, iov[n].iov_len < rest ? iov[n].iov_len : rest };
	return n;
}

ssize_t __wrap_preadv(int fd, const struct iovec *iov, int count, off_t offset)
{
	struct iovec part[1024];

	if (disturbed())
		return -1;
	if (!with.most)
		return __real_preadv(fd, iov, count, offset);
	return __real_preadv(fd, part, shorten(iov, count, part), offset);
}

ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
	struct iovec part[1024];

	if (disturbed())
		return -1;
	if (!with.most)
		return __real_pwritev(fd, iov, count, offset);
	return __real_pwritev(fd, part, shorten(iov, count, part), offset);
}

int __wrap_fallocate(int fd, int mode, off_t offset, off_t len)
{
	return disturbed() ? -1 : __real_fallocate(fd, mode, offset, len);
}

int __wrap_fdatasync(int fd)
{
	with.flushes++;
	return disturbed() ? -1 : __real_fdatasync(fd);
}

/* A file in memory: it can have holes, but cannot zero a range, in every kernel so far. */
static int memory_file(off_t size)
{
	int fd = memfd_create("disk", MFD_CLOEXEC);

	must(fd >= 0 && ftruncate(fd, size) == 0);
	return fd;
}

static struct rig file_rig(int fd)
{
	DPU_OPTS(dpu_virtio_blk_backend, backend);
	DPU_OPTS(dpu_virtio_blk_opts, opts, .backend = &backend);
	struct rig rig = { 0 };

	must(dpu_virtio_blk_backend_fd(fd, &backend) == 0);
	must(dpu_virtio_blk_create(&opts, &rig.blk) == 0);
	must(dpu_virtio_blk_set_features(rig.blk, dpu_virtio_blk_features(rig.blk)) == 0);
	queue_up(&rig, 256);
	return rig;
}

static long blocks(int fd)
{
	struct stat st;

	must(fstat(fd, &st) == 0);
	return (long)st.st_blocks;
}

/* Whether a range of the file is filled with one byte, told by the file itself. */
static bool filled(int fd, off_t offset, size_t len, int byte)
{
	uint8_t *data = malloc(len);
	bool same = true;
	size_t i;

	must(data && pread(fd, data, len, offset) == (ssize_t)len);
	for (i = 0; i < len; i++)
		same = same && data[i] == byte;
	free(data);
	return same;
}

static void test_holes(void)
{
	int fd = memory_file(2 * MIB + 100);
	struct rig rig = file_rig(fd);
	struct dpu_virtio_blk_discard_write_zeroes seg;
	uint8_t *data = malloc(MIB);
	long before;

	must(data);
	memset(data, 0x5a, MIB);
	is_int(blocks(fd), 0);
	is_int(request(&rig, DPU_VIRTIO_BLK_T_OUT, 0, data, MIB), 0);
	is_int(request(&rig, DPU_VIRTIO_BLK_T_OUT, MIB / SECTOR, data, MIB), 0);
	is_int(request(&rig, DPU_VIRTIO_BLK_T_OUT, 2 * MIB / SECTOR, data, SECTOR), -EIO);
	is_int(blocks(fd), 2 * MIB / 512);
	seg = segment(2048 - 8, 1024 + 8, 0);
	is_int(request(&rig, DPU_VIRTIO_BLK_T_DISCARD, 0, &seg, sizeof(seg)), 0);
	is_int(blocks(fd), 2 * MIB / 512 - 1032);
	seg = segment(0, 1024, DPU_VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP);
	is_int(request(&rig, DPU_VIRTIO_BLK_T_WRITE_ZEROES, 0, &seg, sizeof(seg)), 0);
	is_int(blocks(fd), 2 * MIB / 512 - 1032 - 1024);
	ok(filled(fd, 0, MIB / 2, 0) && filled(fd, MIB / 2, MIB / 2 - 4096, 0x5a),
	   "zeroes, and nothing else");
	/* Not to be unmapped: allocated, where it was a hole before. */
	before = blocks(fd);
	seg = segment(3, 1021 + 64, 0);
	is_int(request(&rig, DPU_VIRTIO_BLK_T_WRITE_ZEROES, 0, &seg, sizeof(seg)), 0);
	ok(blocks(fd) > before, "zeroes as data");
	ok(filled(fd, 0, MIB / 2 + 64 * SECTOR, 0) && filled(fd, MIB / 2 + 64 * SECTOR, SECTOR, 0x5a),
	   "zeroes as data, and nothing else");
	is_int(lseek(fd, 0, SEEK_END), 2 * MIB + 100);
	/* Where no hole can be made. */
	with.fail = EOPNOTSUPP;
	seg = segment(MIB / SECTOR + 1024, 8, 0);
	is_int(request(&rig, DPU_VIRTIO_BLK_T_DISCARD, 0, &seg, sizeof(seg)), 0);
	with.fail = EIO;
	is_int(request(&rig, DPU_VIRTIO_BLK_T_DISCARD, 0, &seg, sizeof(seg)), -EIO);
	is_int(request(&rig, DPU_VIRTIO_BLK_T_WRITE_ZEROES, 0, &seg, sizeof(seg)), -EIO);
	with.fail = 0;
	rig_down(&rig);
	is_int(fcntl(fd, F_GETFD) >= 0, 1);
	close(fd);
	free(data);
}

static void test_disturbed(void)
{
	int fd = memory_file(DISK);
	struct rig rig = file_rig(fd);
	uint8_t data[8 * SECTOR], back[8 * SECTOR];
	struct dpu_virtio_blk_discard_write_zeroes seg = segment(3, 2, 0);
	size_t i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 13 + i / 256);
	with.interrupt = true;
	with.most = 700;
	with.calls = 0;
	is_int(request(&rig, DPU_VIRTIO_BLK_T_OUT, 1, data, sizeof(data)), 0);
	is_int(with.calls, 12);
	is_int(request(&rig, DPU_VIRTIO_BLK_T_IN, 1, back, sizeof(back)), 0);
	ok(!memcmp(data, back, sizeof(data)), "a piece at a time, and interrupted");
	is_int(request(&rig, DPU_VIRTIO_BLK_T_WRITE_ZEROES, 0, &seg, sizeof(seg)), 0);
	with.flushes = 0;
	is_int(request(&rig, DPU_VIRTIO_BLK_T_FLUSH, 0, NULL, 0), 0);
	ok(with.flushes >= 1, "a flush reaches the file");
	with.interrupt = false;
	with.most = 0;
	ok(filled(fd, 3 * SECTOR, 2 * SECTOR, 0) && !filled(fd, 5 * SECTOR, 1, 0), "zeroes");
	with.fail = ENOSPC;
	is_int(request(&rig, DPU_VIRTIO_BLK_T_OUT, 1, data, SECTOR), -EIO);
	is_int(request(&rig, DPU_VIRTIO_BLK_T_IN, 1, data, SECTOR), -EIO);
	is_int(request(&rig, DPU_VIRTIO_BLK_T_FLUSH, 0, NULL, 0), -EIO);
	with.fail = 0;

	must(ftruncate(fd, SECTOR) == 0);
	is_int(request(&rig, DPU_VIRTIO_BLK_T_IN, 1, data, SECTOR), -EIO);
	is_int(dpu_virtio_blk_refresh(rig.blk), 1);
	is_int(request(&rig, DPU_VIRTIO_BLK_T_IN, 0, data, SECTOR), 0);
	must(ftruncate(fd, 4 * DISK) == 0);
	is_int(request(&rig, DPU_VIRTIO_BLK_T_IN, SECTORS, data, SECTOR), -EIO);
	is_int(dpu_virtio_blk_refresh(rig.blk), 1);
	is_int(request(&rig, DPU_VIRTIO_BLK_T_IN, SECTORS, data, SECTOR), 0);
	is_int(dpu_virtio_blk_config_generation(rig.blk), 2);
	rig_down(&rig);
	close(fd);
}

static int try_fd(int fd)
{
	DPU_OPTS(dpu_virtio_blk_backend, backend);
	int rc = dpu_virtio_blk_backend_fd(fd, &backend);

	if (rc == 0)
		backend.release(backend.user);
	else
		must(!backend.read);
	if (fd >= 0)
		close(fd);
	return rc;
}

static void test_open(void)
{
	char dir[] = "/tmp/test-virtio-blk.XXXXXX", path[64], fifo[64];
	DPU_OPTS(dpu_virtio_blk_backend, backend);
	struct dpu_virtio_blk_backend unsized = { 0 };
	uint64_t sectors = 0;
	int pipes[2], fd, next;

	must(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/disk", dir);
	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	is_int(dpu_virtio_blk_backend_file(path, 0, &backend), -ENOENT);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	must(fd >= 0 && ftruncate(fd, 3 * SECTOR + 511) == 0 && mkfifo(fifo, 0600) == 0);
	next = dup(fd);
	close(next);
	is_int(dpu_virtio_blk_backend_file(dir, 1, &backend), -EINVAL);
	is_int(dpu_virtio_blk_backend_file(dir, 0, &backend), -EISDIR);
	is_int(dpu_virtio_blk_backend_file(fifo, 1, &backend), -EINVAL);
	is_int(dpu_virtio_blk_backend_file("/dev/zero", 0, &backend), -EINVAL);
	is_int(dpu_virtio_blk_backend_file(path, 0, &unsized), -EINVAL);
	is_int(dpu_virtio_blk_backend_fd(fd, &unsized), -EINVAL);
	with.callocs = 0;
	with.fail_at = 1;
	is_int(dpu_virtio_blk_backend_file(path, 0, &backend), -ENOMEM);
	with.callocs = 0;
	is_int(dpu_virtio_blk_backend_fd(fd, &backend), -ENOMEM);
	with.fail_at = 0;
	is_int(try_fd(-1), -EBADF);
	is_int(try_fd(open(path, O_WRONLY)), -EBADF);
	is_int(try_fd(open(path, O_PATH)), -EBADF);
	is_int(try_fd(open(path, O_RDWR | O_APPEND)), -EINVAL);
	must(pipe(pipes) == 0);
	is_int(try_fd(pipes[0]), -EINVAL);
	close(pipes[1]);
	is_int(try_fd(open(path, O_RDWR)), 0);
	ok(!backend.read && dup(fd) == next, "failures leave no descriptor and the result alone");
	close(next);

	must(dpu_virtio_blk_backend_file(path, 1, &backend) == 0);
	ok(!backend.write && !backend.discard && !backend.write_zeroes && backend.flush, "read-only by wish");
	ok(backend.capacity(backend.user, &sectors) == 0 && sectors == 3, "whole sectors");
	backend.release(backend.user);
	close(fd);
	fd = open(path, O_RDONLY);
	must(dpu_virtio_blk_backend_fd(fd, &backend) == 0);
	ok(!backend.write && backend.read, "read-only as it is open");
	backend.release(backend.user);
	close(fd);
	must(dpu_virtio_blk_backend_file(path, 0, &backend) == 0);
	ok(backend.write && backend.discard && backend.write_zeroes_may_unmap, "to be written");
	backend.release(backend.user);
	must(unlink(path) == 0 && unlink(fifo) == 0 && rmdir(dir) == 0);
}

static uint64_t state;

static uint32_t draw(uint32_t below)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((state >> 33) % below);
}

/* A request with what it needs until it is back. */
struct job {
	struct dpu_virtio_blk_req req;
	struct dpu_virtio_blk_discard_write_zeroes seg[4];
	struct iovec iov[PIECES + 2], pieces[PIECES];
	struct dpu_virtq_chain chain;
	uint8_t data[16 * SECTOR], want[16 * SECTOR];
	uint32_t len;
	int result;
};

/* Cuts the data anywhere. */
static uint32_t random_pieces(struct job *job)
{
	uint32_t n = 0, at, piece;

	for (at = 0; at < job->len; at += piece) {
		piece = n == PIECES - 1 ? job->len - at : 1 + draw(job->len - at);
		job->pieces[n++] = (struct iovec){ job->data + at, piece };
	}
	return n;
}

/* Makes up a request; the array says how it ends, for requests are carried out in order. */
static void make_up(struct job *job, uint8_t *model, bool discards)
{
	static const uint32_t types[] = { DPU_VIRTIO_BLK_T_IN, DPU_VIRTIO_BLK_T_OUT, DPU_VIRTIO_BLK_T_OUT,
					  DPU_VIRTIO_BLK_T_WRITE_ZEROES, DPU_VIRTIO_BLK_T_DISCARD };
	uint32_t type = types[draw(discards ? 5 : 4)], sector = draw(SECTORS), count = draw(16), i;
	bool inside = sector + count <= SECTORS;

	job->result = inside ? 0 : -EIO;
	job->len = count * SECTOR;
	if (type == DPU_VIRTIO_BLK_T_IN) {
		memset(job->data, 0xee, sizeof(job->data));
		memset(job->want, 0, sizeof(job->want));
		if (inside)
			memcpy(job->want, model + sector * SECTOR, job->len);
	} else if (type == DPU_VIRTIO_BLK_T_OUT) {
		for (i = 0; i < job->len; i++)
			job->data[i] = (uint8_t)draw(256);
		if (inside)
			memcpy(model + sector * SECTOR, job->data, job->len);
	} else {
		job->seg[0] = segment(sector, count, type == DPU_VIRTIO_BLK_T_WRITE_ZEROES ? draw(2) : 0);
		memcpy(job->data, job->seg, sizeof(job->seg[0]));
		job->len = sizeof(job->seg[0]);
		if (inside)
			memset(model + sector * SECTOR, 0, count * SECTOR);
		sector = 0;
	}
	job->chain = (struct dpu_virtq_chain){ .iov = job->iov, .iov_max = PIECES + 2 };
	must(dpu_virtio_blk_req_init(&job->req, type, sector, job->pieces, random_pieces(job), &job->chain) ==
	     0);
	job->chain.cookie = job;
}

static uint32_t check(struct job *job, uint32_t written)
{
	if (dpu_virtio_blk_req_result(&job->chain, written) != job->result)
		return 1;
	return le32toh(job->req.type) == DPU_VIRTIO_BLK_T_IN && memcmp(job->data, job->want, job->len) != 0;
}

/* discards: discarded sectors read as zeroes from this back-end, so the array knows them. */
static void test_model(struct rig *rig, bool discards, const char *what)
{
	static uint8_t model[DISK];
	static struct job jobs[BURST];
	struct dpu_virtq_chain got[BURST];
	uint32_t round, i, n, wrong = 0;

	memset(model, 0, sizeof(model));
	for (round = 0; round < ROUNDS && !wrong; round++) {
		n = 1 + draw(BURST);
		for (i = 0; i < n; i++) {
			make_up(&jobs[i], model, discards);
			must(dpu_virtq_add(rig->driver, &jobs[i].chain, 1) == 1);
		}
		must(dpu_virtio_blk_process(rig->blk, rig->device, n) == (int)n);
		must(dpu_virtq_get(rig->driver, got, BURST) == (int)n);
		for (i = 0; i < n; i++)
			wrong += check(got[i].cookie, got[i].written);
	}
	ok(!wrong, "%s: %u rounds as the array says", what, round);
}

int main(int argc, char **argv)
{
	static uint8_t disk[DISK];
	DPU_OPTS(dpu_virtio_blk_backend, backend);
	DPU_OPTS(dpu_virtio_blk_opts, opts, .backend = &backend);
	struct rig memory = { 0 }, file;
	int fd;

	state = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)getpid();
	tap_diag("seed %" PRIu64, state);
	test_holes();
	test_disturbed();
	test_open();

	must(dpu_virtio_blk_backend_memory(disk, sizeof(disk), 0, &backend) == 0);
	must(dpu_virtio_blk_create(&opts, &memory.blk) == 0);
	must(dpu_virtio_blk_set_features(memory.blk, dpu_virtio_blk_features(memory.blk)) == 0);
	queue_up(&memory, 256);
	test_model(&memory, false, "memory");
	rig_down(&memory);
	fd = memory_file(DISK);
	file = file_rig(fd);
	test_model(&file, true, "file");
	rig_down(&file);
	rig_layout = DPU_VIRTQ_PACKED;
	with.interrupt = true;
	with.most = 3 * SECTOR + 17;
	must(ftruncate(fd, 0) == 0 && ftruncate(fd, DISK) == 0);
	file = file_rig(fd);
	test_model(&file, true, "file, disturbed, packed");
	rig_down(&file);
	close(fd);
	return tap_done();
}
