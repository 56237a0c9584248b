/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A worker's way of a burst: the heads are copied, decided from the cache or the table, and each packet is
 * copied once more, into the buffers of its receiver. */
#include <errno.h>
#include <stdlib.h>
#include "switch.h"

#define TAG 4

static void flush(struct lane *lane)
{
	uint32_t i, member;

	for (i = 0; i < lane->touched_count; i++) {
		member = lane->touched[i];
		pair_send(lane->sinks[member], lane->batch[member], lane->batched[member]);
		lane->batched[member] = 0;
	}
	lane->touched_count = 0;
}

static inline void batch(struct lane *lane, uint32_t member, struct packet *packet)
{
	if (!lane->batched[member])
		lane->touched[lane->touched_count++] = member;
	lane->batch[member][lane->batched[member]++] = packet;
}

/* At once, behind what was sent before. */
static void send_now(struct lane *lane, uint32_t member, struct packet *packet)
{
	flush(lane);
	pair_send(lane->sinks[member], &packet, 1);
}

static void move_checksum(struct packet *packet, int by)
{
	if (!packet->offload)
		return;
	packet->hdr.csum_start = (uint16_t)(packet->hdr.csum_start + by);
	packet->hdr.hdr_len = (uint16_t)(packet->hdr.hdr_len + by);
}

static bool push_vlan(struct packet *packet, uint16_t tci, uint32_t *headroom)
{
	uint8_t *head = (uint8_t *)packet->iov->iov_base - TAG;

	if (*headroom < TAG)
		return false;
	*headroom -= TAG;
	memmove(head, head + TAG, 12);
	head[12] = 0x81;
	head[13] = 0;
	head[14] = (uint8_t)(tci >> 8);
	head[15] = (uint8_t)tci;
	packet->iov->iov_base = head;
	packet->iov->iov_len += TAG;
	packet->len += TAG;
	move_checksum(packet, TAG);
	return true;
}

static bool pop_vlan(struct packet *packet, uint32_t *headroom)
{
	uint8_t *head = packet->iov->iov_base;

	if (!(head[12] == 0x81 && head[13] == 0x00) && !(head[12] == 0x88 && head[13] == 0xa8))
		return true;
	if (packet->len < ETH_HEADER + TAG)
		return false;
	*headroom += TAG;
	memmove(head + TAG, head, 12);
	packet->iov->iov_base = head + TAG;
	packet->iov->iov_len -= TAG;
	packet->len -= TAG;
	move_checksum(packet, -TAG);
	return true;
}

static bool change(struct packet *packet, const struct action *action, uint32_t *headroom)
{
	uint8_t *head = packet->iov->iov_base;

	switch (action->type) {
	case ACTION_PUSH_VLAN:
		return push_vlan(packet, action->tci, headroom);
	case ACTION_POP_VLAN:
		return pop_vlan(packet, headroom);
	case ACTION_SET_SRC:
		memcpy(head + 6, action->mac, 6);
		return true;
	default:
		memcpy(head, action->mac, 6);
		return true;
	}
}

/* Copies go out as the packet is by then. */
static void execute(struct lane *lane, struct packet *packet, const struct entry *entry)
{
	uint32_t i, headroom = HEADROOM;

	for (i = 0; i < entry->action_count; i++) {
		const struct action *action = &entry->actions[i];

		if (action->type != ACTION_OUTPUT) {
			if (!change(packet, action, &headroom))
				return;
		} else if (action->output != OUTPUT_NOWHERE) {
			send_now(lane, action->output, packet);
		}
	}
}

/* As a switch that has no rules does. */
static void normal(struct lane *lane, struct packet *packet, uint32_t from)
{
	const uint8_t *head = packet->iov->iov_base;
	uint32_t to, i;

	macs_learn(lane->macs, head + 6, from);
	to = macs_find(lane->macs, head);
	if (to != OUTPUT_NOWHERE) {
		if (to != from)
			batch(lane, to, packet);
		return;
	}
	for (i = 0; i < lane->members->count; i++) {
		if (i != from)
			send_now(lane, i, packet);
	}
}

static inline void carry_out(struct lane *lane, struct packet *packet, uint32_t decision,
			     const struct entry *entry, uint32_t from)
{
	if (likely(decision < PORTS_MAX))
		batch(lane, decision, packet);
	else if (decision == DECIDE_NORMAL)
		normal(lane, packet, from);
	else if (decision == DECIDE_ACTIONS)
		execute(lane, packet, entry);
}

static inline bool same_key(const uint64_t a[4], const uint64_t b[4])
{
	return !((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]));
}

/* The slot that knows what to do with packet i, counted there; NULL: look it up. */
static inline struct slot *from_cache(struct lane *lane, uint32_t i, uint32_t len)
{
	struct slot *slot = lane->sets[i];
	uint32_t way;

	for (way = 0; slot && way < CACHE_WAYS; way++, slot++) {
		if (slot->generation != lane->generation || !same_key(slot->key, lane->keys[i]))
			continue;
		slot->packets++;
		slot->bytes += len;
		return slot;
	}
	return NULL;
}

static void remember(struct lane *lane, uint32_t i, struct entry *entry, uint32_t len)
{
	struct slot *slot;

	if (!lane->sets[i]) {
		entry->packets++;
		entry->bytes += len;
		return;
	}
	slot = cache_replace(lane->sets[i], lane->generation);
	memcpy(slot->key, lane->keys[i], sizeof(slot->key));
	slot->entry = entry;
	slot->packets = 1;
	slot->bytes = len;
	slot->generation = lane->generation;
	slot->decision = entry->decision;
}

/* Asks the table about the packets that the cache does not know. */
static void look_up(struct lane *lane, uint32_t from, const uint8_t *missed, uint32_t count,
		    struct entry **entries)
{
	struct dpu_flow_packet asked[PORT_BURST];
	uint64_t ids[PORT_BURST];
	uint32_t i;

	for (i = 0; i < count; i++) {
		const struct iovec *head = lane->packets[missed[i]].iov;

		asked[i] = (struct dpu_flow_packet){ head->iov_base, (uint32_t)head->iov_len, from + 1 };
	}
	if (dpu_flow_lookup(lane->table, asked, count, ids) < 0)
		memset(ids, 0, sizeof(ids));
	for (i = 0; i < count; i++) {
		entries[missed[i]] = ids[i] < lane->entry_room ? lane->entries[ids[i]] : &lane->none;
		remember(lane, missed[i], entries[missed[i]], lane->packets[missed[i]].len);
	}
}

static void decide(struct lane *lane, uint32_t from, uint32_t count)
{
	struct entry *entries[PORT_BURST] = { NULL };
	uint32_t decisions[PORT_BURST], i, misses = 0;
	uint8_t missed[PORT_BURST];
	struct slot *slot;

	for (i = 0; i < count; i++) {
		slot = from_cache(lane, i, lane->packets[i].len);
		if (unlikely(!slot)) {
			missed[misses++] = (uint8_t)i;
			continue;
		}
		decisions[i] = slot->decision;
		entries[i] = slot->entry;
	}
	if (unlikely(misses)) {
		look_up(lane, from, missed, misses, entries);
		for (i = 0; i < misses; i++)
			decisions[missed[i]] = entries[missed[i]]->decision;
	}
	for (i = 0; i < count; i++)
		carry_out(lane, &lane->packets[i], decisions[i], entries[i], from);
	flush(lane);
}

static uint32_t serve(struct lane *lane, struct pair *source, uint32_t from)
{
	uint32_t i, n = source->ops->rx(source, lane->packets, 32);
	struct packet *packet;

	if (!n)
		return 0;
	for (i = 0; i < n; i++) {
		packet = &lane->packets[i];
		packet_take_head(packet, lane->heads[i] + HEADROOM);
		lane->sets[i] = NULL;
		if (likely(cache_key(packet->iov->iov_base, packet->len, from, lane->keys[i]))) {
			lane->sets[i] = &lane->slots[cache_hash(lane->keys[i])];
			__builtin_prefetch(lane->sets[i], 1);
		}
	}
	decide(lane, from, n);
	source->ops->rx_done(source);
	return n;
}

bool lane_move(struct worker *worker)
{
	struct lane *lane = worker->data;
	uint32_t i, moved = 0;

	for (i = 0; i < lane->source_count; i++)
		moved += serve(lane, lane->sources[i], lane->source_member[i]);
	return moved;
}

int lane_create(struct worker *worker, const struct members *members, struct macs *macs)
{
	struct lane *lane = aligned_alloc(PORT_CACHE_LINE, sizeof(*lane) / 64 * 64 + 64);
	int rc;

	if (!lane)
		return -ENOMEM;
	memset(lane, 0, sizeof(*lane));
	worker->data = lane;
	worker->move = lane_move;
	lane->members = members;
	lane->macs = macs;
	lane->none.decision = macs ? DECIDE_NORMAL : DECIDE_DROP;
	lane->generation = 1;
	lane->slots = cache_create();
	lane->entries = calloc(1, sizeof(struct entry *));
	if (!lane->slots || !lane->entries)
		return -ENOMEM;
	lane->entries[DPU_FLOW_NONE] = &lane->none;
	lane->entry_room = 1;
	/* A world of its own for a table: contexts are not shared between threads. */
	rc = dpu_ctx_open("sim:", NULL, &lane->ctx);
	return rc < 0 ? rc : dpu_flow_table_new(lane->ctx, NULL, &lane->table);
}

static void free_deleted(struct lane *lane)
{
	struct entry *entry;

	while ((entry = lane->deleted)) {
		lane->deleted = entry->next;
		free(entry);
	}
}

void lane_free(struct worker *worker)
{
	struct lane *lane = worker->data;
	uint64_t i;

	if (!lane)
		return;
	for (i = 1; i < lane->entry_room; i++) {
		if (lane->entries[i] != &lane->none)
			free(lane->entries[i]);
	}
	free_deleted(lane);
	free(lane->entries);
	cache_free(lane->slots);
	dpu_flow_table_unref(lane->table);
	dpu_ctx_unref(lane->ctx);
	free(lane);
}

/* What a single output at the end, or nothing at all, comes to. */
static uint32_t decision_of(const struct action *actions, uint32_t count)
{
	uint32_t i, outputs = 0;

	for (i = 0; i < count; i++)
		outputs += actions[i].type == ACTION_OUTPUT && actions[i].output != OUTPUT_NOWHERE;
	if (!outputs)
		return DECIDE_DROP;
	return count == 1 ? actions[0].output : DECIDE_ACTIONS;
}

static int make_room(struct lane *lane, uint64_t local)
{
	uint64_t room = lane->entry_room, i;
	struct entry **entries;

	if (local < room)
		return 0;
	while (room <= local)
		room *= 2;
	entries = realloc(lane->entries, room * sizeof(struct entry *));
	if (!entries)
		return -ENOMEM;
	for (i = lane->entry_room; i < room; i++)
		entries[i] = &lane->none;
	lane->entries = entries;
	lane->entry_room = room;
	return 0;
}

int lane_insert(struct lane *lane, uint64_t rule, const char *match, const struct action *actions,
		uint32_t count, uint64_t *local)
{
	struct entry *entry = calloc(1, sizeof(*entry) + count * sizeof(*actions));
	int rc = -ENOMEM;

	if (!entry)
		return rc;
	rc = dpu_flow_insert_text(lane->table, match, local);
	if (rc < 0)
		goto fail;
	rc = make_room(lane, *local);
	if (rc < 0) {
		dpu_flow_delete(lane->table, *local);
		goto fail;
	}
	entry->rule = rule;
	entry->action_count = count;
	entry->actions = (struct action *)(entry + 1);
	memcpy(entry->actions, actions, count * sizeof(*actions));
	entry->decision = decision_of(actions, count);
	lane->entries[*local] = entry;
	lane->generation++;
	return 0;
fail:
	free(entry);
	return rc;
}

void lane_delete(struct lane *lane, uint64_t local)
{
	struct entry *entry = lane->entries[local];

	dpu_flow_delete(lane->table, local);
	lane->entries[local] = &lane->none;
	lane->generation++;
	entry->next = lane->deleted;
	lane->deleted = entry;
}

void lane_count(struct lane *lane)
{
	uint32_t i;

	cache_flush_all(lane->slots);
	if (!lane->deleted)
		return;
	for (i = 0; i < CACHE_SLOTS; i++) {
		if (lane->slots[i].generation != lane->generation)
			lane->slots[i].entry = NULL;
	}
	free_deleted(lane);
}
