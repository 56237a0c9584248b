/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What has come, changed and gone. Providers say what they hear, or, when they may have missed something, all
 * that there is; the monitor remembers what it knows of each object, and so turns both into the same exact
 * events.
 */
#include <errno.h>
#include <string.h>
#include "core/opts.h"
#include "core/text.h"
#include "device/device.h"

_Static_assert(sizeof(struct dpu_event) == offsetof(struct dpu_event, name) + 64,
	       "dpu_event has tail padding");
_Static_assert(sizeof(struct dpu_monitor_opts) ==
		       offsetof(struct dpu_monitor_opts, reserved) + sizeof(uint32_t),
	       "dpu_monitor_opts has tail padding");

enum {
	ALL_OBJECTS = (1 << (DPU_EVENT_HEALTH + 1)) - 1,
	BUCKETS = 1024,
	NONE = -1,
};

/* An object that is there. */
struct known {
	struct provider_event fact;
	int next;  /* in its bucket, or in the free list */
	bool seen; /* by the dump that is being compared */
};

struct dpu_monitor {
	struct ref ref;
	struct dpu_ctx *ctx;
	void *source; /* the provider's */
	int fd;
	uint32_t objects;
	bool stale; /* something was lost: only a dump can tell what is there */
	struct known *known;
	size_t known_count;
	int free;
	int buckets[BUCKETS];
	struct dpu_event *events; /* not yet taken: from first to count */
	size_t first;
	size_t count;
};

static void monitor_destroy(struct dpu_monitor *monitor)
{
	struct dpu_ctx *ctx = monitor->ctx;

	ctx->ops->monitor_close(ctx, monitor->source);
	ctx_free(ctx, monitor->events);
	ctx_free(ctx, monitor->known);
	ctx_free(ctx, monitor);
	dpu_ctx_unref(ctx);
}

DEFINE_REF(dpu_monitor, monitor_destroy)

static uint32_t hash_text(uint32_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619u;
	return hash;
}

/* What tells an object from others of its kind: a network device's index (its name may change), else its
 * names. */
static bool same_object(const struct provider_event *a, const struct provider_event *b)
{
	if (a->object != b->object)
		return false;
	switch (a->object) {
	case DPU_EVENT_NETDEV:
		return a->ifindex == b->ifindex;
	case DPU_EVENT_RDMA:
		return !strcmp(a->name, b->name);
	case DPU_EVENT_HEALTH:
		return a->port == b->port && !strcmp(a->handle, b->handle) && !strcmp(a->name, b->name);
	default:
		return a->port == b->port && !strcmp(a->handle, b->handle);
	}
}

static int *bucket_of(struct dpu_monitor *monitor, const struct provider_event *fact)
{
	uint32_t hash = 2166136261u + fact->object;

	switch (fact->object) {
	case DPU_EVENT_NETDEV:
		hash += fact->ifindex;
		break;
	case DPU_EVENT_RDMA:
		hash = hash_text(hash, fact->name);
		break;
	default:
		hash = hash_text(hash, fact->handle) + fact->port;
		break;
	}
	return &monitor->buckets[hash % BUCKETS];
}

/* The link that leads to the object, or to the end of its bucket. */
static int *find(struct dpu_monitor *monitor, const struct provider_event *fact)
{
	int *link = bucket_of(monitor, fact);

	while (*link != NONE && !same_object(&monitor->known[*link].fact, fact))
		link = &monitor->known[*link].next;
	return link;
}

static int report(struct dpu_monitor *monitor, const struct provider_event *fact,
		  enum dpu_event_action action)
{
	struct dpu_event *event;

	if (ctx_grow(monitor->ctx, &monitor->events, monitor->count, sizeof(*event)) < 0)
		return -ENOMEM;
	event = &monitor->events[monitor->count++];
	*event = (struct dpu_event){
		.sz = sizeof(*event),
		.object = fact->object,
		.action = action,
		.port = fact->port,
		.ifindex = fact->ifindex,
	};
	text_copy(event->handle, sizeof(event->handle), fact->handle);
	text_copy(event->name, sizeof(event->name), fact->name);
	return 0;
}

static int add(struct dpu_monitor *monitor, const struct provider_event *fact, bool quiet)
{
	struct known *known;
	int at = monitor->free;
	int *bucket;

	if (at == NONE) {
		if (ctx_grow(monitor->ctx, &monitor->known, monitor->known_count, sizeof(*known)) < 0)
			return -ENOMEM;
		at = (int)monitor->known_count++;
	} else {
		monitor->free = monitor->known[at].next;
	}
	known = &monitor->known[at];
	if (!quiet && report(monitor, fact, DPU_EVENT_ADDED) < 0) {
		known->next = monitor->free;
		monitor->free = at;
		return -ENOMEM;
	}
	bucket = bucket_of(monitor, fact);
	*known = (struct known){ .fact = *fact, .next = *bucket, .seen = true };
	*bucket = at;
	return 0;
}

static int drop(struct dpu_monitor *monitor, int *link)
{
	struct known *known = &monitor->known[*link];
	int at = *link;

	/* The memory is there: what was known says more than the message that it has gone. */
	if (report(monitor, &known->fact, DPU_EVENT_REMOVED) < 0)
		return -ENOMEM;
	*link = known->next;
	known->next = monitor->free;
	monitor->free = at;
	return 0;
}

/* At the same port, but not the same: what was there has gone, and something else has come. */
static bool is_replaced(const struct provider_event *old, const struct provider_event *fact)
{
	if (fact->object != DPU_EVENT_PORT && fact->object != DPU_EVENT_FUNCTION)
		return false;
	return old->identity != fact->identity ||
	       (old->ifindex && fact->ifindex && old->ifindex != fact->ifindex);
}

/* Takes over what is said of one object. */
static int apply(struct dpu_monitor *monitor, const struct provider_event *fact, bool quiet)
{
	struct known *known;
	int *link;
	int rc;

	if (!(monitor->objects & (1u << fact->object)))
		return 0;
	link = find(monitor, fact);
	if (*link == NONE)
		return fact->gone ? 0 : add(monitor, fact, quiet);
	if (fact->gone)
		return drop(monitor, link);
	known = &monitor->known[*link];
	if (is_replaced(&known->fact, fact)) {
		rc = drop(monitor, link);
		return rc < 0 ? rc : add(monitor, fact, quiet);
	}
	known->seen = true;
	if (known->fact.hash == fact->hash)
		return 0;
	if (report(monitor, fact, DPU_EVENT_CHANGED) < 0)
		return -ENOMEM;
	known->fact = *fact;
	return 0;
}

/* Reports what is known and not among the facts. */
static int drop_missing(struct dpu_monitor *monitor, const struct provider_event *facts, size_t count)
{
	int rc = 0, *link;
	size_t i;

	for (i = 0; i < monitor->known_count; i++)
		monitor->known[i].seen = false;
	for (i = 0; i < count; i++) {
		link = find(monitor, &facts[i]);
		if (*link != NONE)
			monitor->known[*link].seen = true;
	}
	for (i = 0; i < BUCKETS && rc == 0; i++) {
		link = &monitor->buckets[i];
		while (*link != NONE && rc == 0) {
			if (monitor->known[*link].seen)
				link = &monitor->known[*link].next;
			else
				rc = drop(monitor, link);
		}
	}
	return rc;
}

/* Compares all that there is with all that is known. What has gone is told first: its name may be another's
 * by now. */
static int resync(struct dpu_monitor *monitor, bool quiet)
{
	struct dpu_ctx *ctx = monitor->ctx;
	struct provider_event *facts = NULL;
	size_t count = 0, i;
	int rc;

	rc = ctx->ops->monitor_dump(ctx, monitor->source, &facts, &count);
	if (rc < 0)
		return rc;
	rc = drop_missing(monitor, facts, count);
	for (i = 0; i < count && rc == 0; i++)
		rc = apply(monitor, &facts[i], quiet);
	ctx_free(ctx, facts);
	if (rc < 0)
		return ctx_fail_nomem(ctx, "monitor");
	monitor->stale = false;
	return 0;
}

static int listen(struct dpu_monitor *monitor)
{
	struct dpu_ctx *ctx = monitor->ctx;
	struct provider_event *facts = NULL;
	size_t count = 0, i;
	int rc;

	rc = ctx->ops->monitor_read(ctx, monitor->source, &facts, &count);
	if (rc == -ENOBUFS) {
		monitor->stale = true;
		return 0;
	}
	if (rc < 0)
		return rc;
	for (i = 0; i < count && rc >= 0; i++)
		rc = apply(monitor, &facts[i], false);
	ctx_free(ctx, facts);
	if (rc < 0) {
		/* What has been read cannot be read again. */
		monitor->stale = true;
		return ctx_fail_nomem(ctx, "monitor");
	}
	return 0;
}

int dpu_monitor_open(struct dpu_ctx *ctx, const struct dpu_monitor_opts *user, struct dpu_monitor **ret)
{
	struct dpu_monitor_opts opts;
	struct dpu_monitor *monitor;
	size_t i;
	int rc;

	rc = opts_read(&opts, sizeof(opts), user);
	if (rc < 0 || opts.reserved || opts.objects & ~(uint32_t)ALL_OBJECTS)
		return ctx_fail(ctx, -EINVAL, "monitor_open", NULL, "malformed options");
	monitor = ctx_alloc(ctx, sizeof(*monitor));
	if (!monitor)
		return ctx_fail_nomem(ctx, "monitor_open");
	monitor->objects = opts.objects ? opts.objects : ALL_OBJECTS;
	rc = ctx->ops->monitor_open(ctx, monitor->objects, &monitor->source, &monitor->fd);
	if (rc < 0) {
		ctx_free(ctx, monitor);
		return rc;
	}
	ref_init(&monitor->ref);
	monitor->ctx = dpu_ctx_ref(ctx);
	monitor->free = NONE;
	for (i = 0; i < BUCKETS; i++)
		monitor->buckets[i] = NONE;
	rc = resync(monitor, true);
	if (rc < 0) {
		dpu_monitor_unref(monitor);
		return rc;
	}
	*ret = monitor;
	return 0;
}

int dpu_monitor_fd(struct dpu_monitor *monitor)
{
	return monitor->fd;
}

int dpu_monitor_next(struct dpu_monitor *monitor, struct dpu_event *event)
{
	int rc = 0;

	if (!opts_valid(event))
		return ctx_fail(monitor->ctx, -EINVAL, "monitor_next", NULL, "sz is not set");
	if (monitor->first == monitor->count) {
		/* ctx_grow() tells room from the count: begin anew with a new array. */
		ctx_free(monitor->ctx, monitor->events);
		monitor->events = NULL;
		monitor->first = monitor->count = 0;
		if (!monitor->stale)
			rc = listen(monitor);
		if (rc == 0 && monitor->stale)
			rc = resync(monitor, false);
	}
	if (monitor->first == monitor->count)
		return rc;
	opts_write(event, &monitor->events[monitor->first++], sizeof(*event));
	return 1;
}
