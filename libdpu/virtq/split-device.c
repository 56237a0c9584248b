/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device side of a split virtqueue: VIRTIO 1.2, 2.7.5 (descriptors, indirect ones among them), 2.7.6
 * and 2.7.8 (the rings).
 *
 * The driver owns all that is read here. A descriptor is copied before it is looked at, so what was checked
 * is what is used. */
#include <errno.h>
#include <string.h>
#include "virtq/virtq.h"

/* A descriptor table: the queue's own, or an indirect one. */
struct table {
	const struct virtq_desc *own; /* NULL: indirect, at addr */
	uint64_t addr;
	uint32_t count;
};

struct chain_reader {
	struct dpu_virtq_chain *chain;
	uint32_t max;     /* elements that fit */
	uint32_t count;   /* elements so far */
	uint32_t readers; /* of them, those to read */
	uint32_t buffers; /* descriptors so far */
	uint64_t bytes;
	uint64_t writable;
	bool writing; /* the first descriptor to write has come */
};

static int read_desc(struct dpu_virtq *vq, const struct table *table, uint32_t i, struct virtq_desc *desc)
{
	if (i >= table->count)
		return virtq_stop(vq, "a descriptor's number is outside its table");
	if (table->own)
		memcpy(desc, &table->own[i], sizeof(*desc));
	else if (!memory_map_read(vq->map, &vq->table_hint, table->addr + i * sizeof(*desc), desc,
				  sizeof(*desc)))
		return virtq_stop(vq, "an indirect table is outside the memory map");
	/* From here on the copy counts; the compiler may not read the ring a second time. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	desc->addr = le64toh(desc->addr);
	desc->len = le32toh(desc->len);
	desc->flags = le16toh(desc->flags);
	desc->next = le16toh(desc->next);
	return 0;
}

static bool wraps(const struct virtq_desc *desc)
{
	return desc->len && desc->addr > UINT64_MAX - (desc->len - 1);
}

/* Turns one descriptor into elements, as many as it has regions. */
static int read_buffer(struct dpu_virtq *vq, struct chain_reader *reader, const struct virtq_desc *desc)
{
	bool write = desc->flags & VIRTQ_DESC_F_WRITE;
	uint64_t addr = desc->addr, len = desc->len, got;
	void *ptr;

	/* Each turn of a loop among descriptors comes past here, so this ends it. */
	if (++reader->buffers > vq->size)
		return virtq_stop(vq, "a descriptor chain loops or is longer than the queue");
	if (reader->writing && !write)
		return virtq_stop(vq, "a descriptor to read comes after one to write");
	reader->writing = write;
	if (wraps(desc))
		return virtq_stop(vq, "a descriptor's address wraps");
	reader->bytes += len;
	if (reader->bytes > VIRTQ_CHAIN_BYTES)
		return virtq_stop(vq, "a descriptor chain is longer than 4 GiB");
	if (write)
		reader->writable += len;
	for (; len; len -= got, addr += got) {
		ptr = memory_map_pointer(vq->map, &vq->data_hint, addr, len, &got);
		if (!ptr)
			return virtq_stop(vq, "a descriptor's address is outside the memory map");
		if (reader->count == reader->max)
			return -E2BIG;
		reader->chain->iov[reader->count++] = (struct iovec){ .iov_base = ptr, .iov_len = got };
		reader->readers += !write;
	}
	return 0;
}

static int open_indirect(struct dpu_virtq *vq, const struct virtq_desc *desc, struct table *table)
{
	if (!vq->indirect)
		return virtq_stop(vq, "an indirect descriptor without VIRTIO_F_INDIRECT_DESC");
	if (!table->own)
		return virtq_stop(vq, "an indirect descriptor within an indirect table");
	if (desc->flags & VIRTQ_DESC_F_NEXT)
		return virtq_stop(vq, "an indirect descriptor that is not the last of its chain");
	if (!desc->len || desc->len % sizeof(struct virtq_desc))
		return virtq_stop(vq, "an indirect table's length is not a multiple of 16");
	if (wraps(desc))
		return virtq_stop(vq, "a descriptor's address wraps");
	*table = (struct table){ .addr = desc->addr, .count = (uint32_t)(desc->len / sizeof(*desc)) };
	return 0;
}

static int read_chain(struct dpu_virtq *vq, struct chain_reader *reader, uint32_t head)
{
	struct table table = { .own = vq->desc, .count = vq->size };
	struct virtq_desc desc;
	uint32_t i = head;
	int rc;

	for (;;) {
		rc = read_desc(vq, &table, i, &desc);
		if (rc < 0)
			return rc;
		if (desc.flags & VIRTQ_DESC_F_INDIRECT) {
			/* Its WRITE flag is to be ignored (2.7.5.3.2). */
			rc = open_indirect(vq, &desc, &table);
			i = 0;
		} else {
			rc = read_buffer(vq, reader, &desc);
			if (rc == 0 && !(desc.flags & VIRTQ_DESC_F_NEXT))
				return 0;
			i = desc.next;
		}
		if (rc < 0)
			return rc;
	}
}

static int pop_chain(struct dpu_virtq *vq, struct dpu_virtq_chain *chain)
{
	struct chain_reader reader = {
		.chain = chain,
		.max = chain->iov_max < UINT16_MAX ? chain->iov_max : UINT16_MAX,
	};
	uint16_t head = ring_load16(&vq->avail->ring[vq->last & vq->mask]);
	struct device_slot *slot;
	int rc;

	if (head >= vq->size)
		return virtq_stop(vq, "the available ring names a descriptor outside the table");
	slot = &vq->device[head];
	if (slot->out)
		return virtq_stop(vq, "a chain is made available that is out already");
	rc = read_chain(vq, &reader, head);
	if (rc < 0)
		return rc;
	slot->out = true;
	slot->writable = reader.writable < UINT32_MAX ? (uint32_t)reader.writable : UINT32_MAX;
	chain->head = head;
	chain->written = 0;
	chain->read_count = (uint16_t)reader.readers;
	chain->write_count = (uint16_t)(reader.count - reader.readers);
	return 0;
}

int split_pop(struct dpu_virtq *vq, struct dpu_virtq_chain *chains, uint32_t count)
{
	int waiting, rc = 0;
	uint32_t i;

	waiting = virtq_waiting(vq, false);
	if (waiting <= 0)
		return waiting;
	if (count > (uint32_t)waiting)
		count = (uint32_t)waiting;
	for (i = 0; i < count; i++) {
		rc = pop_chain(vq, &chains[i]);
		if (rc < 0)
			break;
		vq->last++;
		vq->out++;
	}
	if (i)
		virtq_taken(vq);
	return i ? (int)i : rc;
}

int split_push(struct dpu_virtq *vq, const struct dpu_virtq_chain *chains, uint32_t count)
{
	struct virtq_used_elem *elem;
	struct device_slot *slot;
	uint32_t i;

	for (i = 0; i < count; i++) {
		if (chains[i].head >= vq->size)
			break;
		slot = &vq->device[chains[i].head];
		if (!slot->out || chains[i].written > slot->writable)
			break;
		slot->out = false;
		/* Not visible before the index is: a burst that fails leaves nothing behind. */
		elem = &vq->used->ring[(vq->next + i) & vq->mask];
		ring_store32(&elem->id, chains[i].head);
		ring_store32(&elem->len, chains[i].written);
	}
	if (i < count) {
		while (i--)
			vq->device[chains[i].head].out = true;
		return -EINVAL;
	}
	vq->out -= count;
	virtq_publish(vq, count);
	return 0;
}
