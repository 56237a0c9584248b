/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver side of a split virtqueue: VIRTIO 1.2, 2.7.13 (supplying buffers) and 2.7.14 (getting them
 * back).
 *
 * The device can write to the descriptor table although it must not. So chains and the list of free
 * descriptors are kept in slots of the driver's own, and nothing is ever read back from the table. */
#include <errno.h>
#include "virtq/virtq.h"

struct chain_writer {
	uint16_t at;    /* the free descriptor to write next */
	uint16_t last;  /* the one written last */
	uint32_t count; /* descriptors written */
	uint64_t bytes;
};

/* Writes one element; as many descriptors as it has regions. */
static int write_element(struct dpu_virtq *vq, struct chain_writer *writer, const struct iovec *iov,
			 uint16_t flags)
{
	const uint8_t *ptr = iov->iov_base;
	uint64_t len = iov->iov_len;
	struct virtq_desc *desc;
	uint64_t addr, got;

	if (!len || len > UINT32_MAX || writer->bytes + len > UINT32_MAX)
		return -EINVAL;
	writer->bytes += len;
	for (; len; len -= got, ptr += got) {
		if (!memory_map_address(vq->map, &vq->data_hint, ptr, len, &addr, &got))
			return -EFAULT;
		if (writer->count == vq->free_count)
			return vq->free_count == vq->size ? -EINVAL : -EAGAIN;
		desc = &vq->desc[writer->at];
		ring_store64(&desc->addr, addr);
		ring_store32(&desc->len, (uint32_t)got);
		ring_store16(&desc->flags, flags | VIRTQ_DESC_F_NEXT);
		ring_store16(&desc->next, vq->driver[writer->at].next);
		writer->last = writer->at;
		writer->at = vq->driver[writer->at].next;
		writer->count++;
	}
	return 0;
}

/* Writes a chain into free descriptors and takes them; -EAGAIN when there are too few. Until they are taken
 * they stay free, whatever is written in them. */
static int add_chain(struct dpu_virtq *vq, const struct dpu_virtq_chain *chain, uint16_t *head)
{
	uint32_t i, count = (uint32_t)chain->read_count + chain->write_count;
	struct chain_writer writer = { .at = vq->free_head };
	struct driver_slot *slot;
	uint64_t readable = 0;
	int rc;

	if (!count || count > vq->size)
		return -EINVAL;
	for (i = 0; i < count; i++) {
		if (i == chain->read_count)
			readable = writer.bytes;
		rc = write_element(vq, &writer, &chain->iov[i],
				   i < chain->read_count ? 0 : VIRTQ_DESC_F_WRITE);
		if (rc < 0)
			return rc;
	}
	ring_store16(&vq->desc[writer.last].flags, chain->write_count ? VIRTQ_DESC_F_WRITE : 0);

	*head = vq->free_head;
	slot = &vq->driver[*head];
	slot->cookie = chain->cookie;
	slot->writable = chain->write_count ? (uint32_t)(writer.bytes - readable) : 0;
	slot->last = writer.last;
	slot->count = (uint16_t)writer.count;
	vq->free_head = writer.at;
	vq->free_count -= writer.count;
	vq->out++;
	return 0;
}

int split_add(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	uint16_t head;
	uint32_t i;
	int rc = 0;

	for (i = 0; i < count && vq->out < vq->size; i++) {
		rc = add_chain(vq, &chains[i], &head);
		if (rc < 0)
			break;
		ring_store16(&vq->avail->ring[(vq->next + i) & vq->mask], head);
	}
	virtq_publish(vq, i);
	return i || rc == -EAGAIN ? (int)i : rc;
}

static void free_chain(struct dpu_virtq *vq, uint16_t head)
{
	struct driver_slot *slot = &vq->driver[head];

	vq->driver[slot->last].next = vq->free_head;
	vq->free_head = head;
	vq->free_count += slot->count;
	vq->out--;
	slot->count = 0;
}

int split_get(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count)
{
	const struct virtq_used_elem *elem;
	uint32_t i, id, len;
	int waiting, rc = 0;

	waiting = virtq_waiting(vq, false);
	if (waiting <= 0)
		return waiting;
	if (count > (uint32_t)waiting)
		count = (uint32_t)waiting;
	for (i = 0; i < count; i++) {
		elem = &vq->used->ring[vq->last & vq->mask];
		id = ring_load32(&elem->id);
		len = ring_load32(&elem->len);
		if (id >= vq->size || !vq->driver[id].count) {
			rc = virtq_stop(vq, "a used entry names no chain that is available");
			break;
		}
		if (len > vq->driver[id].writable) {
			rc = virtq_stop(vq, "a used entry is longer than what its chain has room for");
			break;
		}
		chains[i].cookie = vq->driver[id].cookie;
		chains[i].written = len;
		free_chain(vq, (uint16_t)id);
		vq->last++;
	}
	if (i)
		virtq_taken(vq);
	return i ? (int)i : rc;
}
