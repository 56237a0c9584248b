/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/text.h"
#include "provider/linux/events.h"
#include "provider/linux/sfs.h"

static bool read_sf(const struct sysfs *sysfs, const char *name, struct linux_dir *cache, struct fact_sf *sf)
{
	char path[SYSFS_PATH_SIZE], target[SYSFS_PATH_SIZE];
	uint64_t sfnum;

	memset(sf, 0, sizeof(*sf));
	if (strlen(name) >= sizeof(sf->name) || !sysfs_path(path, "bus/auxiliary/devices/%s/sfnum", name) ||
	    !sysfs_number(sysfs, path, UINT32_MAX, &sfnum))
		return false;
	text_copy(sf->name, sizeof(sf->name), name);
	sf->sfnum = (uint32_t)sfnum;
	if (!sysfs_path(path, "bus/auxiliary/devices/%s", name))
		return true;
	if (!sysfs_link_dir(sysfs, path, target)) {
		sysfs_place(sysfs, path, &sf->place);
		return true;
	}
	if (strcmp(target, cache->path) != 0) {
		text_copy(cache->path, sizeof(cache->path), target);
		sysfs_place(sysfs, path, &cache->place);
	}
	sf->place = cache->place;
	text_copy(sf->place.sf, sizeof(sf->place.sf), name);
	return true;
}

static int compare_inodes(const void *a, const void *b)
{
	const struct linux_sf *l = a, *r = b;

	return (l->inode > r->inode) - (l->inode < r->inode);
}

/* What was read of an SF when it was last seen: that does not change as long as its inode is the same. */
static const struct linux_sf *find_seen(const struct linux_provider *machine, uint64_t inode)
{
	const struct linux_sf key = { .inode = inode };

	return machine->sf_listed
		       ? bsearch(&key, machine->sfs, machine->sf_listed, sizeof(key), compare_inodes)
		       : NULL;
}

bool sfs_read(struct dpu_ctx *ctx, const struct sysfs_entry *entry, struct linux_sf *ret)
{
	struct linux_provider *machine = linux_provider(ctx);
	const struct linux_sf *seen = find_seen(machine, entry->inode);

	if (!seen) {
		ret->inode = entry->inode;
		return read_sf(&machine->sysfs, entry->name, &machine->sf_dir, &ret->sf);
	}
	*ret = *seen;
	return true;
}

int sfs_see(struct dpu_ctx *ctx)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct linux_sf *seen = NULL, sf;
	struct sysfs_names entries;
	size_t count = 0, i;
	int rc;

	/* What comes from here on will be heard. */
	events_take(ctx);
	if (machine->sfs_current)
		return 0;
	machine->sfs_current = machine->events.uevent.fd >= 0;
	rc = sysfs_list(ctx, &machine->sysfs, "bus/auxiliary/devices", &entries);
	for (i = 0; rc >= 0 && i < entries.count; i++) {
		if (!sfs_read(ctx, &entries.entries[i], &sf))
			continue;
		rc = ctx_append(ctx, seen, count, sf);
	}
	sysfs_names_free(ctx, &entries);
	if (rc < 0) {
		machine->sfs_current = false;
		ctx_free(ctx, seen);
		return rc;
	}
	if (count)
		qsort(seen, count, sizeof(*seen), compare_inodes);
	else
		machine->sf_dir.path[0] = '\0';
	ctx_free(ctx, machine->sfs);
	machine->sfs = seen;
	machine->sf_count = machine->sf_listed = count;
	return 0;
}

/* Without memory for it, all are listed the next time. */
void sfs_come(struct dpu_ctx *ctx, const char *name)
{
	struct linux_provider *machine = linux_provider(ctx);
	struct linux_sf sf = { .inode = 0 };
	size_t i;

	if (!machine->sfs_current || !read_sf(&machine->sysfs, name, &machine->sf_dir, &sf.sf))
		return;
	/* Behind those in order the place of one that has gone can be had. */
	for (i = machine->sf_listed; i < machine->sf_count && machine->sfs[i].sf.name[0]; i++)
		continue;
	if (i == machine->sf_count) {
		if (ctx_grow(ctx, &machine->sfs, machine->sf_count, sizeof(sf)) < 0) {
			machine->sfs_current = false;
			return;
		}
		machine->sf_count++;
	}
	machine->sfs[i] = sf;
}

/* Its place stays, so that the others keep theirs; without a name it is nobody. */
void sfs_gone(struct linux_provider *machine, const char *name)
{
	size_t i;

	for (i = 0; i < machine->sf_count; i++) {
		if (!strcmp(machine->sfs[i].sf.name, name))
			machine->sfs[i].sf.name[0] = '\0';
	}
}
