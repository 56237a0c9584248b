/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virtio-blk's requests after VIRTIO 1.2, 5.2.6: of every type, with every error, framed in every way. */
#include "virtio/blk.h"
#include "blk-rig.h"

static uint8_t disk[SECTORS * SECTOR];

static void rig_memory(struct rig *rig, int read_only, const char *id)
{
	DPU_OPTS(dpu_virtio_blk_backend, backend);
	DPU_OPTS(dpu_virtio_blk_opts, opts, .backend = &backend, .id = id);

	*rig = (struct rig){ 0 };
	must(dpu_virtio_blk_backend_memory(disk, sizeof(disk) + 511, read_only, &backend) == 0);
	must(dpu_virtio_blk_create(&opts, &rig->blk) == 0);
	must(dpu_virtio_blk_set_features(rig->blk, dpu_virtio_blk_features(rig->blk)) == 0);
	queue_up(rig, 8192);
}

static void test_requests(void)
{
	static uint8_t data[SECTORS * SECTOR], back[SECTORS * SECTOR];
	char id[21] = "";
	struct rig rig;
	size_t i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 512);
	rig_memory(&rig, 0, "12345678901234567890");
	is_int(request(&rig, DPU_VIRTIO_BLK_T_OUT, 3, data, 5 * SECTOR), 0);
	ok(!memcmp(disk + 3 * SECTOR, data, 5 * SECTOR) && !disk[3 * SECTOR - 1] && !disk[8 * SECTOR],
	   "written where it should be");
	is_int(request(&rig, DPU_VIRTIO_BLK_T_IN, 4, back, 2 * SECTOR), 0);
	ok(!memcmp(back, data + SECTOR, 2 * SECTOR), "read from where it should be");
	is_int(request(&rig, DPU_VIRTIO_BLK_T_OUT, 0, data, sizeof(data)), 0);
	is_int(request(&rig, DPU_VIRTIO_BLK_T_OUT, SECTORS, NULL, 0), 0);
	is_int(request(&rig, DPU_VIRTIO_BLK_T_FLUSH, 0, NULL, 0), 0);
	is_int(send_any(&rig, DPU_VIRTIO_BLK_T_FLUSH, 0, NULL, 0, back, 3), OK);
	ok(!back[0] && !back[2], "what a flush has no use for is zero");
	is_int(request(&rig, DPU_VIRTIO_BLK_T_GET_ID, 0, id, 20), 0);
	is_str(id, "12345678901234567890");
	is_int(request(&rig, DPU_VIRTIO_BLK_T_GET_LIFETIME, 0, id, 6), -EOPNOTSUPP);
	ok(!id[0] && !id[5] && id[6] == '7', "a request that is not supported leaves zeroes");
	rig_down(&rig);

	rig_memory(&rig, 1, "short");
	memset(id, 'x', 20);
	is_int(request(&rig, DPU_VIRTIO_BLK_T_GET_ID, 0, id, 20), 0);
	ok(!memcmp(id, "short\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20), "a short ID is padded");
	is_int(request(&rig, DPU_VIRTIO_BLK_T_OUT, 0, back, SECTOR), -EIO);
	ok(!memcmp(disk, data, sizeof(disk)), "read-only: not written");
	is_int(request(&rig, DPU_VIRTIO_BLK_T_IN, 0, back, SECTOR), 0);
	rig_down(&rig);
}

/* One line for each way to be wrong. Lengths are those of the data. */
static void test_errors(void)
{
	static const struct {
		const char *what;
		uint64_t sector;
		uint32_t type, out, in;
		int status;
	} cases[] = {
		{ "read, not whole sectors", 0, DPU_VIRTIO_BLK_T_IN, 0, 511, IOERR },
		{ "read beyond the end", SECTORS - 1, DPU_VIRTIO_BLK_T_IN, 0, 1024, IOERR },
		{ "read of nothing at the end", SECTORS, DPU_VIRTIO_BLK_T_IN, 0, 0, OK },
		{ "read of nothing beyond the end", SECTORS + 1, DPU_VIRTIO_BLK_T_IN, 0, 0, IOERR },
		{ "read, the end wraps", UINT64_MAX, DPU_VIRTIO_BLK_T_IN, 0, 1024, IOERR },
		{ "read, bytes wrap", UINT64_C(1) << 55, DPU_VIRTIO_BLK_T_IN, 0, 512, IOERR },
		{ "read with data to read", 0, DPU_VIRTIO_BLK_T_IN, 512, 512, IOERR },
		{ "write, not whole sectors", 0, DPU_VIRTIO_BLK_T_OUT, 513, 0, IOERR },
		{ "write beyond the end", SECTORS, DPU_VIRTIO_BLK_T_OUT, 512, 0, IOERR },
		{ "write, the end wraps", UINT64_MAX - 1, DPU_VIRTIO_BLK_T_OUT, 1024, 0, IOERR },
		{ "write with data to write", 0, DPU_VIRTIO_BLK_T_OUT, 512, 512, IOERR },
		{ "ID of 19 bytes", 0, DPU_VIRTIO_BLK_T_GET_ID, 0, 19, IOERR },
		{ "ID of 21 bytes", 0, DPU_VIRTIO_BLK_T_GET_ID, 0, 21, IOERR },
		{ "ID with data to read", 0, DPU_VIRTIO_BLK_T_GET_ID, 1, 20, IOERR },
		{ "SCSI command", 0, 2, 16, 16, UNSUPP },
		{ "lifetime", 0, DPU_VIRTIO_BLK_T_GET_LIFETIME, 0, 6, UNSUPP },
		{ "secure erase", 0, DPU_VIRTIO_BLK_T_SECURE_ERASE, 16, 0, UNSUPP },
		{ "zone append", 0, 15, 512, 8, UNSUPP },
		{ "zone report", 0, 16, 0, 512, UNSUPP },
		{ "zone reset all", 0, 26, 0, 0, UNSUPP },
		{ "read with a barrier", 0, 0x80000000, 0, 512, UNSUPP },
		{ "unknown type", 0, UINT32_MAX, 0, 0, UNSUPP },
		{ "discard, no segment", 0, DPU_VIRTIO_BLK_T_DISCARD, 0, 0, IOERR },
		{ "discard, half a segment", 0, DPU_VIRTIO_BLK_T_DISCARD, 24, 0, IOERR },
		{ "discard, 5 segments of 4", 0, DPU_VIRTIO_BLK_T_DISCARD, 80, 0, IOERR },
		{ "discard with data to write", 0, DPU_VIRTIO_BLK_T_DISCARD, 16, 16, IOERR },
		{ "write zeroes, 4 segments of 3", 0, DPU_VIRTIO_BLK_T_WRITE_ZEROES, 64, 0, IOERR },
		{ "discard, nothing to do", 0, DPU_VIRTIO_BLK_T_DISCARD, 64, 0, OK },
	};
	static uint8_t out[2048], in[2048];
	struct record record;
	struct rig rig;
	size_t i, k;
	int status;

	rig_record(&rig, &record, 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(in, 0xaa, sizeof(in));
		status = send_any(&rig, cases[i].type, cases[i].sector, out, cases[i].out, in, cases[i].in);
		for (k = 0; status != OK && k < cases[i].in && !in[k]; k++)
			;
		ok(status == cases[i].status && (status == OK || k == cases[i].in),
		   "%s: status %d, nothing stale", cases[i].what, cases[i].status);
	}
	is_str(record.text, "read 64+0;");
	is_int(record.flushes, 0);
	record.rc = -ENOSPC;
	is_int(request(&rig, DPU_VIRTIO_BLK_T_OUT, 0, out, 512), -EIO);
	is_int(request(&rig, DPU_VIRTIO_BLK_T_FLUSH, 0, NULL, 0), -EIO);
	memset(in, 0xaa, sizeof(in));
	is_int(request(&rig, DPU_VIRTIO_BLK_T_IN, 0, in, 512), -EIO);
	ok(!in[0] && !in[511] && in[512] == 0xaa, "a read that failed leaves zeroes");
	record.rc = -EOPNOTSUPP;
	is_int(request(&rig, DPU_VIRTIO_BLK_T_OUT, 0, out, 512), -EOPNOTSUPP);
	rig_down(&rig);
	is_int(record.released, 1);
}

static void test_segments(void)
{
	struct dpu_virtio_blk_discard_write_zeroes seg[4];
	const uint32_t discard = DPU_VIRTIO_BLK_T_DISCARD, zero = DPU_VIRTIO_BLK_T_WRITE_ZEROES;
	struct record record;
	struct rig rig;

	rig_record(&rig, &record, 0);
	seg[0] = segment(1, 2, 0);
	seg[1] = segment(SECTORS - 32, 32, 0);
	seg[2] = segment(5, 0, 0);
	seg[3] = segment(0, 1, 0);
	is_int(request(&rig, discard, 0, seg, sizeof(seg)), 0);
	is_str(record.text, "discard 1+2;discard 32+32;discard 0+1;");
	record.text[0] = '\0';
	seg[1] = segment(8, 16, DPU_VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP);
	is_int(request(&rig, zero, 0, seg, 2 * sizeof(*seg)), 0);
	is_str(record.text, "zero 1+2;unmap 8+16;");
	record.text[0] = '\0';

	is_int(request(&rig, discard, 0, seg, 2 * sizeof(*seg)), -EOPNOTSUPP);
	seg[1] = segment(8, 16, 2);
	is_int(request(&rig, zero, 0, seg, 2 * sizeof(*seg)), -EOPNOTSUPP);
	seg[0] = segment(UINT64_MAX, UINT32_MAX, 0);
	is_int(request(&rig, zero, 0, seg, 2 * sizeof(*seg)), -EOPNOTSUPP);
	seg[1] = segment(8, 16, UINT32_C(1) << 31);
	is_int(request(&rig, discard, 0, seg, 2 * sizeof(*seg)), -EOPNOTSUPP);
	seg[0] = segment(1, 2, 0);
	seg[1] = segment(SECTORS - 1, 2, 0);
	is_int(request(&rig, discard, 0, seg, 2 * sizeof(*seg)), -EIO);
	is_int(request(&rig, zero, 0, seg, 2 * sizeof(*seg)), -EIO);
	seg[1] = segment(UINT64_MAX, 1, 0);
	is_int(request(&rig, zero, 0, seg, 2 * sizeof(*seg)), -EIO);
	seg[1] = segment(0, 33, 0);
	is_int(request(&rig, discard, 0, seg, 2 * sizeof(*seg)), -EIO);
	seg[1] = segment(0, 17, 0);
	is_int(request(&rig, zero, 0, seg, 2 * sizeof(*seg)), -EIO);
	is_str(record.text, "");
	record.rc = -EIO;
	is_int(request(&rig, discard, 0, seg, 2 * sizeof(*seg)), -EIO);
	is_str(record.text, "discard 1+2;");
	record.rc = 0;
	must(dpu_virtio_blk_set_features(rig.blk, 0) == 0);
	is_int(request(&rig, discard, 0, seg, sizeof(*seg)), -EOPNOTSUPP);
	is_int(request(&rig, zero, 0, seg, sizeof(*seg)), -EOPNOTSUPP);
	rig_down(&rig);
}

/* Cuts len bytes at buf into pieces of at most max; how many. */
static uint32_t cut(struct iovec *iov, void *buf, size_t len, size_t max)
{
	uint32_t n = 0;
	size_t at, piece;

	for (at = 0; at < len; at += piece) {
		piece = len - at < max ? len - at : max;
		iov[n++] = (struct iovec){ (char *)buf + at, piece };
	}
	return n;
}

/* Header, data and status in pieces that know nothing of where one ends and the next begins. */
static void test_framing(void)
{
	static struct iovec iov[8192];
	uint8_t out[16 + 3 * SECTOR], in[3 * SECTOR + 1];
	struct dpu_virtio_blk_req header = { .type = htole32(DPU_VIRTIO_BLK_T_OUT), .sector = htole64(7) };
	uint32_t n, written;
	size_t size, wrong = 0, i;
	struct rig rig;

	rig_memory(&rig, 0, NULL);
	for (size = 1; size < 1600; size += 1 + size / 8) {
		memcpy(out, &header, 16);
		for (i = 16; i < sizeof(out); i++)
			out[i] = (uint8_t)(i * size);
		out[0] = DPU_VIRTIO_BLK_T_OUT;
		n = cut(iov, out, sizeof(out), size);
		iov[n] = (struct iovec){ in, 1 };
		written = send_raw(&rig, iov, n, 1);
		wrong += written != 1 || in[0] != OK || memcmp(disk + 7 * SECTOR, out + 16, 3 * SECTOR) != 0;

		out[0] = DPU_VIRTIO_BLK_T_IN;
		memset(in, 0xaa, sizeof(in));
		n = cut(iov, out, 16, size);
		written = send_raw(&rig, iov, n, cut(iov + n, in, sizeof(in), size));
		wrong += written != sizeof(in) || in[3 * SECTOR] != OK ||
			 memcmp(in, out + 16, 3 * SECTOR) != 0;
	}
	is_int(wrong, 0);

	/* More elements than one of a burst has room for. */
	out[0] = DPU_VIRTIO_BLK_T_IN;
	iov[0] = (struct iovec){ out, 16 };
	for (i = 0; i < 8 * SECTOR; i++)
		iov[i + 1] = (struct iovec){ &in[i % 1024], 1 };
	iov[i + 1] = (struct iovec){ &in[1024], 1 };
	in[1024] = 0xee;
	is_int(send_raw(&rig, iov, 1, 8 * SECTOR + 1), 8 * SECTOR + 1);
	ok(in[1024] == OK && !memcmp(in, disk + (7 + 6) * SECTOR, 1024), "a read of 4097 elements");
	is_int(sizeof(out), 16 + 3 * SECTOR);
	for (; i < 8190; i++)
		iov[i + 1] = (struct iovec){ &in[i % 1024], 1 };
	iov[8190] = (struct iovec){ &in[1024], 1 };
	is_int(send_raw(&rig, iov, 1, 8190), 8190);
	is_int(in[1024], IOERR);
	rig_down(&rig);
}

static void test_too_short(void)
{
	uint8_t out[16] = { 0 }, in[SECTOR + 1];
	struct record record;
	struct rig rig;
	uint32_t len, wrong = 0;

	rig_record(&rig, &record, 0);
	for (len = 0; len < 16; len++) {
		struct iovec iov[2] = { { out, len }, { in, sizeof(in) } };

		memset(in, 0xaa, sizeof(in));
		wrong += send_raw(&rig, len ? iov : iov + 1, len != 0, 1) != sizeof(in);
		wrong += in[SECTOR] != IOERR || in[0] || in[SECTOR - 1];
	}
	is_int(wrong, 0);
	is_int(send_raw(&rig, &(struct iovec){ out, 16 }, 1, 0), 0);
	is_int(send_raw(&rig, &(struct iovec){ out, 1 }, 1, 0), 0);
	is_str(record.text, "");
	is_int(request(&rig, DPU_VIRTIO_BLK_T_IN, 1, in, SECTOR), 0);
	rig_down(&rig);
}

/* dpu_virtq_push() wants the elements as dpu_virtq_pop() left them while a dirty log is kept. */
static void test_elements_stay(void)
{
	uint8_t out[16 + SECTOR] = { [8] = 2 }, in[SECTOR + 1];
	struct iovec iov[8], was[8];
	struct dpu_virtq_chain chain = { .iov = iov }, before;
	struct record record;
	struct rig rig;
	uint32_t type, wrong = 0;

	rig_record(&rig, &record, 0);
	for (type = DPU_VIRTIO_BLK_T_IN; type <= DPU_VIRTIO_BLK_T_OUT; type++) {
		out[0] = (uint8_t)type;
		chain.read_count = (uint16_t)cut(iov, out, type ? sizeof(out) : 16, type ? 100 : 10);
		chain.write_count = (uint16_t)cut(iov + chain.read_count, in, type ? 1 : sizeof(in), 1000);
		memcpy(was, iov, sizeof(was));
		before = chain;
		in[type ? 0 : SECTOR] = 0xee;
		must(blk_execute(rig.blk, &chain) == (type ? 1 : sizeof(in)));
		wrong += in[type ? 0 : SECTOR] != OK || memcmp(&before, &chain, sizeof(chain)) != 0 ||
			 memcmp(iov, was, sizeof(was)) != 0;
	}
	is_str(record.text, "read 2+1;write 2+1;");
	is_int(wrong, 0);
	rig_down(&rig);
}

int main(void)
{
	for (rig_layout = DPU_VIRTQ_SPLIT; rig_layout <= DPU_VIRTQ_PACKED; rig_layout++) {
		memset(disk, 0, sizeof(disk));
		test_requests();
		test_errors();
		test_segments();
		test_framing();
		test_too_short();
	}
	rig_layout = DPU_VIRTQ_SPLIT;
	test_elements_stay();
	return tap_done();
}
