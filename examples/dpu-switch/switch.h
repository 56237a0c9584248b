/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SWITCH_SWITCH_H
#define SWITCH_SWITCH_H

#include <stdio.h>
#include "../ports/worker.h"

#define PORTS_MAX 64
#define SOURCES_MAX 512
#define ACTIONS_MAX 16
/* Room in front of a packet: as much as 16 tags need. */
#define HEADROOM PORT_CACHE_LINE

/* Where a port comes from at a live update; also what its two sides say of it. */
enum {
	MEMBER_OPENED = 0,        /* the predecessor has none like it, or there is no predecessor */
	MEMBER_CLOSED = 'c',      /* it closes it first */
	MEMBER_HANDED_OVER = 'h', /* it hands it over */
};

/* A port of the e-switch, and what stands for it. Its number in rules is its place, from 1. */
struct member {
	char name[64]; /* the representor */
	const char *uri;
	uint32_t ifindex;
	struct port *port;
	char from;   /* MEMBER_* */
	int channel; /* over which it is handed over */
};

struct members {
	struct member all[PORTS_MAX];
	uint32_t count;
};

enum action_type { ACTION_OUTPUT, ACTION_PUSH_VLAN, ACTION_POP_VLAN, ACTION_SET_SRC, ACTION_SET_DST };

struct action {
	uint8_t type; /* enum action_type */
	uint8_t mac[6];
	uint16_t tci;
	uint32_t output; /* a member's place; OUTPUT_NOWHERE */
};

#define OUTPUT_NOWHERE UINT32_MAX

/* What is to be done with a packet at once: a member's place, or one of these. */
#define DECIDE_ACTIONS UINT32_MAX
#define DECIDE_DROP (UINT32_MAX - 1)
#define DECIDE_NORMAL (UINT32_MAX - 2)

/* A rule as a worker has it. */
struct entry {
	uint64_t rule; /* its number in the e-switch's table; 0: for packets that no rule decides */
	uint64_t packets, bytes;
	uint32_t decision;
	uint32_t action_count;
	struct action *actions; /* behind the entry */
	struct entry *next;     /* of those that have been deleted */
};

/* text.c: rules name ports, the worker's table knows numbers. Writes the match with numbers to match, and the
 * actions. 0, or -EINVAL for what is not understood. */
int rule_translate(const struct members *members, const char *text, char *match, size_t size,
		   struct action *actions, uint32_t *count);

/* cache.c: what was decided about packets with the same header. A cache line each, with the counters, which
 * reach the rule when they are asked for or the slot is used anew. */
struct slot {
	uint64_t key[4];
	struct entry *entry;
	uint64_t packets, bytes;
	uint32_t generation; /* of the table when it was decided; 0: never */
	uint32_t decision;
};

/* Room enough that of 100000 flows hardly any has to share: 32 MiB, of which only what is used is touched. */
#define CACHE_SLOTS (1u << 19)
#define CACHE_WAYS 4

struct slot *cache_create(void);
void cache_free(struct slot *slots);
/* Makes the key of a packet; false: packets of this kind are looked up each time. */
bool cache_key(const uint8_t *head, uint32_t len, uint32_t port, uint64_t key[4]);
static inline uint32_t cache_hash(const uint64_t key[4])
{
	uint64_t hash = key[0] * UINT64_C(0x9e3779b97f4a7c15) ^ key[1] * UINT64_C(0xc2b2ae3d27d4eb4f) ^
			key[2] * UINT64_C(0x165667b19e3779f9) ^ key[3] * UINT64_C(0xd6e8feb86659fd93);

	hash ^= hash >> 32;
	hash *= UINT64_C(0x9fb21c651e98df25);
	return (uint32_t)(hash >> 40) & (CACHE_SLOTS - CACHE_WAYS);
}
/* The slot of the set that is to be used for another key. */
struct slot *cache_replace(struct slot *set, uint32_t generation);
void cache_flush(struct slot *slot);
void cache_flush_all(struct slot *slots);

/* macs.c: on which port an address was seen last; all workers write and read it. */
struct macs;
struct macs *macs_create(void);
void macs_free(struct macs *macs);
void macs_learn(struct macs *macs, const uint8_t *mac, uint32_t member);
/* A member's place, or OUTPUT_NOWHERE: not known. */
uint32_t macs_find(const struct macs *macs, const uint8_t *mac);
void macs_tick(struct macs *macs);
void macs_forget(struct macs *macs, uint32_t member);

/* forward.c: what a worker has. */
struct lane {
	const struct members *members;
	struct macs *macs; /* NULL: what no rule decides is dropped */
	struct dpu_ctx *ctx;
	struct dpu_flow_table *table;
	struct entry **entries; /* by the number in the worker's table */
	uint64_t entry_room;
	struct entry *deleted; /* slots may still point at them */
	struct entry none;     /* packets that no rule decides */
	struct slot *slots;
	uint32_t generation;
	struct pair *sources[SOURCES_MAX];
	uint32_t source_member[SOURCES_MAX];
	uint32_t source_count;
	struct pair *sinks[PORTS_MAX]; /* where to send for each member */
	/* The burst. */
	struct packet packets[PORT_BURST];
	uint64_t keys[PORT_BURST][4];
	struct slot *sets[PORT_BURST]; /* NULL: no key */
	uint8_t heads[PORT_BURST][HEADROOM + PACKET_HEAD];
	struct packet *batch[PORTS_MAX][PORT_BURST];
	uint32_t batched[PORTS_MAX];
	uint32_t touched[PORTS_MAX];
	uint32_t touched_count;
};

bool lane_move(struct worker *worker);
int lane_create(struct worker *worker, const struct members *members, struct macs *macs);
void lane_free(struct worker *worker);
/* With the worker held: local is the rule's number in the worker's table. */
int lane_insert(struct lane *lane, uint64_t rule, const char *match, const struct action *actions,
		uint32_t count, uint64_t *local);
void lane_delete(struct lane *lane, uint64_t local);
/* Brings the counters to the rules. */
void lane_count(struct lane *lane);

/* rules.c: the e-switch's table and the workers' copies of it. */
struct rules;
int rules_open(struct dpu_device *device, const struct members *members, struct workers *workers,
	       struct rules **ret);
void rules_close(struct rules *rules);
/* Inserts each line of a file. */
int rules_load(struct rules *rules, const char *path);
/* Looks for changes, where the last look was long enough ago. */
void rules_follow(struct rules *rules);
struct rule_total {
	uint64_t rule, packets, bytes;
	const char *text;
};
/* Calls each for every rule with what all workers counted, the misses last (rule 0). Workers are held. */
void rules_each(struct rules *rules, void (*each)(void *arg, const struct rule_total *total), void *arg);

/* update.c: live update. */
struct update {
	const char *path;
	int listener;    /* where the successor comes, -1: nowhere */
	int predecessor; /* -1: none */
	bool own;        /* the name is this process's */
};
/* Asks the predecessor at the path, if there is one, what becomes of each member. 0, or a negative errno
 * after it was said why, as with all of these. */
int update_begin(struct update *update, const char *path, struct members *members);
/* Takes over what is handed over; the predecessor has closed everything else then. On failure it goes on. */
int update_take_over(struct update *update, struct members *members, const struct port_opts *opts);
/* Somebody has come to the listener: 1 when he has it all now, 0 when this process goes on. */
int update_serve(struct update *update, const struct members *members, struct workers *workers);
void update_close(struct update *update);

#endif
