/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver's end of a receive queue: one packet out of the buffers that it spans. */
#include <dpu/virtio_net.h>
#include <errno.h>
#include <string.h>

/* Copies the first bytes of what the device wrote. */
static void copy_first(const struct dpu_virtq_chain *chain, uint8_t *to, size_t len)
{
	const struct iovec *iov = chain->iov + chain->read_count;
	size_t piece;

	for (; len; iov++) {
		piece = iov->iov_len < len ? iov->iov_len : len;
		memcpy(to, iov->iov_base, piece);
		to += piece;
		len -= piece;
	}
}

/* Adds what the device wrote behind the first bytes of a chain to the elements. */
static int add_written(const struct dpu_virtq_chain *chain, size_t offset, struct iovec *iov,
		       uint32_t iov_max, uint32_t *count)
{
	const struct iovec *from = chain->iov + chain->read_count;
	size_t left = chain->written, piece;

	for (; left; from++, left -= piece) {
		piece = from->iov_len < left ? from->iov_len : left;
		if (offset >= piece) {
			offset -= piece;
			continue;
		}
		if (*count == iov_max)
			return -ENOBUFS;
		iov[(*count)++] = (struct iovec){ (char *)from->iov_base + offset, piece - offset };
		offset = 0;
	}
	return 0;
}

int dpu_virtio_net_gather(const struct dpu_virtq_chain *chains, uint32_t count, uint64_t features,
			  struct dpu_virtio_net_hdr *hdr, struct iovec *iov, uint32_t iov_max,
			  uint32_t *iov_count)
{
	size_t header = dpu_virtio_net_hdr_len(features);
	uint8_t wire[DPU_VIRTIO_NET_HDR_MAX];
	struct dpu_virtio_net_hdr first;
	uint32_t elements = 0, span, i;
	int rc;

	if (!count)
		return -EINVAL;
	if (chains[0].written < header || chains[0].written > dpu_virtq_chain_writable(&chains[0]))
		return -EPROTO;
	copy_first(&chains[0], wire, header);
	dpu_virtio_net_hdr_decode(wire, features, &first);
	span = header == 10 ? 1 : first.num_buffers;
	if (!span || (span > 1 && !(features & DPU_VIRTIO_NET_F_MRG_RXBUF)))
		return -EPROTO;
	if (span > count)
		return -EAGAIN;
	for (i = 0; i < span; i++) {
		if (chains[i].written > dpu_virtq_chain_writable(&chains[i]))
			return -EPROTO;
		rc = add_written(&chains[i], i ? 0 : header, iov, iov_max, &elements);
		if (rc < 0)
			return rc;
	}
	*hdr = first;
	*iov_count = elements;
	return (int)span;
}
