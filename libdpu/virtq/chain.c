/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copying to and from a chain's elements as if they were one piece. */
#include <dpu/virtq.h>
#include <string.h>

static size_t sum(const struct iovec *iov, uint32_t count)
{
	size_t bytes = 0;
	uint32_t i;

	for (i = 0; i < count; i++)
		bytes += iov[i].iov_len;
	return bytes;
}

size_t dpu_virtq_chain_readable(const struct dpu_virtq_chain *chain)
{
	return sum(chain->iov, chain->read_count);
}

size_t dpu_virtq_chain_writable(const struct dpu_virtq_chain *chain)
{
	return sum(chain->iov + chain->read_count, chain->write_count);
}

/* One of to and from is NULL: that is the elements' end. */
static inline size_t copy(const struct iovec *iov, uint32_t count, size_t offset, char *to, const char *from,
			  size_t len)
{
	const struct iovec *end = iov + count;
	size_t done = 0, piece;
	char *at;

	for (; iov < end && done < len; iov++) {
		if (offset >= iov->iov_len) {
			offset -= iov->iov_len;
			continue;
		}
		piece = iov->iov_len - offset < len - done ? iov->iov_len - offset : len - done;
		at = (char *)iov->iov_base + offset;
		if (to)
			memcpy(to + done, at, piece);
		else
			memcpy(at, from + done, piece);
		done += piece;
		offset = 0;
	}
	return done;
}

size_t dpu_virtq_chain_read(const struct dpu_virtq_chain *chain, size_t offset, void *buf, size_t len)
{
	return copy(chain->iov, chain->read_count, offset, buf, NULL, len);
}

size_t dpu_virtq_chain_write(const struct dpu_virtq_chain *chain, size_t offset, const void *buf, size_t len)
{
	return copy(chain->iov + chain->read_count, chain->write_count, offset, NULL, buf, len);
}
