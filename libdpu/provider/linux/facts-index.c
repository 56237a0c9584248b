/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/hash.h"
#include "core/sort.h"
#include "provider/linux/facts-index.h"
#include "provider/linux/join.h"

/* No position: the end of a chain. */
#define NONE UINT32_MAX

static uint64_t hash_place(const char *handle, const char *sf)
{
	return hash_text(hash_text(hash_start, handle), sf ? sf : "");
}

static uint64_t hash_numbered(const char *handle, uint32_t number)
{
	return hash_number(hash_text(hash_start, handle), number);
}

static uint64_t hash_handle(const char *handle)
{
	return hash_text(hash_start, handle);
}

static uint64_t hash_pci(const struct facts *facts, size_t at)
{
	return hash_handle(facts->pci[at].address);
}

static uint64_t hash_vf(const struct facts *facts, size_t at)
{
	return hash_numbered(facts->pci[at].physfn, facts->pci[at].vfnum);
}

static uint64_t hash_sf(const struct facts *facts, size_t at)
{
	return hash_handle(facts->sfs[at].name);
}

static uint64_t hash_sf_number(const struct facts *facts, size_t at)
{
	return hash_numbered(facts->sfs[at].place.handle, facts->sfs[at].sfnum);
}

static uint64_t hash_link(const struct facts *facts, size_t at)
{
	return hash_place(facts->links[at].place.handle, facts->links[at].place.sf);
}

static uint64_t hash_port(const struct facts *facts, size_t at)
{
	return hash_handle(facts->ports[at].handle);
}

static uint64_t hash_devlink(const struct facts *facts, size_t at)
{
	return hash_handle(facts->devlinks[at].handle);
}

static uint64_t hash_rdma(const struct facts *facts, size_t at)
{
	return hash_place(facts->rdma[at].place.handle, facts->rdma[at].place.sf);
}

/* Behind the heads of the chains stands what follows each position. From the last to the first, so that a
 * chain goes from the first to the last. */
static int make_index(struct dpu_ctx *ctx, const struct facts *facts, size_t count,
		      uint64_t (*hash)(const struct facts *facts, size_t at), struct fact_index *ret)
{
	uint32_t *head, *next;
	size_t heads = 8, at;

	ctx_free(ctx, ret->chains);
	ret->chains = NULL;
	if (!count)
		return 0;
	while (heads < count)
		heads *= 2;
	ret->chains = ctx_alloc(ctx, (heads + count) * sizeof(*ret->chains));
	if (!ret->chains)
		return -ENOMEM;
	ret->mask = (uint32_t)heads - 1;
	memset(ret->chains, 0xff, heads * sizeof(*ret->chains));
	next = ret->chains + heads;
	for (at = count; at-- > 0;) {
		head = &ret->chains[hash(facts, at) & ret->mask];
		next[at] = *head;
		*head = (uint32_t)at;
	}
	return 0;
}

static uint32_t first_of(const struct fact_index *index, uint64_t hash)
{
	return index->chains ? index->chains[hash & index->mask] : NONE;
}

static uint32_t next_of(const struct fact_index *index, size_t at)
{
	return index->chains[index->mask + 1 + at];
}

/* What is looked for. */
struct key {
	const char *text;
	const char *sf;
	uint32_t number;
};

/* The first position from at on, in its chain, that the key is of. */
static uint32_t seek(const struct facts *facts, const struct fact_index *index, uint32_t at,
		     bool (*is)(const struct facts *facts, size_t at, const struct key *key),
		     const struct key *key)
{
	while (at != NONE && !is(facts, at, key))
		at = next_of(index, at);
	return at;
}

static bool is_pci(const struct facts *facts, size_t at, const struct key *key)
{
	return !strcmp(facts->pci[at].address, key->text);
}

static bool is_vf(const struct facts *facts, size_t at, const struct key *key)
{
	return facts->pci[at].vfnum == key->number && !strcmp(facts->pci[at].physfn, key->text);
}

static bool is_sf(const struct facts *facts, size_t at, const struct key *key)
{
	return !strcmp(facts->sfs[at].name, key->text);
}

static bool is_sf_number(const struct facts *facts, size_t at, const struct key *key)
{
	return facts->sfs[at].sfnum == key->number && !strcmp(facts->sfs[at].place.handle, key->text);
}

static bool is_devlink(const struct facts *facts, size_t at, const struct key *key)
{
	return !strcmp(facts->devlinks[at].handle, key->text);
}

static bool is_port(const struct facts *facts, size_t at, const struct key *key)
{
	return !strcmp(facts->ports[at].handle, key->text);
}

static bool is_at(const struct fact_place *place, const struct key *key)
{
	return !strcmp(place->sf, key->sf) && !strcmp(place->handle, key->text);
}

static bool is_link(const struct facts *facts, size_t at, const struct key *key)
{
	return is_at(&facts->links[at].place, key);
}

static bool is_rdma(const struct facts *facts, size_t at, const struct key *key)
{
	return is_at(&facts->rdma[at].place, key);
}

const struct fact_pci *facts_pci(const struct facts *facts, const char *address)
{
	const struct fact_index *index = &facts->pci_by_address;
	const struct key key = { .text = address };
	uint32_t at = seek(facts, index, first_of(index, hash_handle(address)), is_pci, &key);

	return at == NONE ? NULL : &facts->pci[at];
}

const struct fact_pci *facts_vf(const struct facts *facts, const char *pf_address, uint32_t vfnum)
{
	const struct fact_index *index = &facts->vfs_by_number;
	const struct key key = { .text = pf_address, .number = vfnum };
	uint32_t at = seek(facts, index, first_of(index, hash_numbered(pf_address, vfnum)), is_vf, &key);

	return at == NONE ? NULL : &facts->pci[at];
}

const struct fact_sf *facts_sf(const struct facts *facts, const char *name)
{
	const struct fact_index *index = &facts->sfs_by_name;
	const struct key key = { .text = name };
	uint32_t at = seek(facts, index, first_of(index, hash_handle(name)), is_sf, &key);

	return at == NONE ? NULL : &facts->sfs[at];
}

const struct fact_sf *facts_sf_number(const struct facts *facts, const char *handle, uint32_t sfnum)
{
	const struct fact_index *index = &facts->sfs_by_number;
	const struct key key = { .text = handle, .number = sfnum };
	uint32_t at = seek(facts, index, first_of(index, hash_numbered(handle, sfnum)), is_sf_number, &key);

	return at == NONE ? NULL : &facts->sfs[at];
}

const struct fact_devlink *facts_devlink(const struct facts *facts, const char *handle)
{
	const struct fact_index *index = &facts->devlinks_by_handle;
	const struct key key = { .text = handle };
	uint32_t at = seek(facts, index, first_of(index, hash_handle(handle)), is_devlink, &key);

	return at == NONE ? NULL : &facts->devlinks[at];
}

const struct fact_port *facts_next_port(const struct facts *facts, const char *handle,
					const struct fact_port *after)
{
	const struct fact_index *index = &facts->ports_by_device;
	const struct key key = { .text = handle };
	uint32_t at =
		after ? next_of(index, (size_t)(after - facts->ports)) : first_of(index, hash_handle(handle));

	at = seek(facts, index, at, is_port, &key);
	return at == NONE ? NULL : &facts->ports[at];
}

const struct fact_link *facts_next_link(const struct facts *facts, const char *handle, const char *sf,
					const struct fact_link *after)
{
	const struct fact_index *index = &facts->links_by_place;
	const struct key key = { .text = handle, .sf = sf ? sf : "" };
	uint32_t at = after ? next_of(index, (size_t)(after - facts->links))
			    : first_of(index, hash_place(handle, sf));

	at = seek(facts, index, at, is_link, &key);
	return at == NONE ? NULL : &facts->links[at];
}

const struct fact_rdma *facts_next_rdma(const struct facts *facts, const char *handle, const char *sf,
					const struct fact_rdma *after)
{
	const struct fact_index *index = &facts->rdma_by_place;
	const struct key key = { .text = handle, .sf = sf ? sf : "" };
	uint32_t at = after ? next_of(index, (size_t)(after - facts->rdma))
			    : first_of(index, hash_place(handle, sf));

	at = seek(facts, index, at, is_rdma, &key);
	return at == NONE ? NULL : &facts->rdma[at];
}

static int by_ifindex(const void *a, const void *b)
{
	const struct fact_link *l = a, *r = b;

	return (l->ifindex > r->ifindex) - (l->ifindex < r->ifindex);
}

const struct fact_link *facts_link(const struct facts *facts, uint32_t ifindex)
{
	const struct fact_link key = { .ifindex = ifindex };

	return facts->link_count
		       ? bsearch(&key, facts->links, facts->link_count, sizeof(facts->links[0]), by_ifindex)
		       : NULL;
}

/* It shares the uplink's parent, but is not the device's own. Where devlink knows the port, its flavour
 * tells, else the name that the kernel gives the port. */
static void mark_representors(struct facts *facts)
{
	struct provider_port parsed;
	struct fact_link *link;
	size_t i;

	for (i = 0; i < facts->port_count; i++) {
		const uint32_t flavour = facts->ports[i].flavour;

		link = (struct fact_link *)(uintptr_t)facts_link(facts, facts->ports[i].ifindex);
		if (!link)
			continue;
		link->has_port = true;
		link->representor =
			flavour == DPU_PORT_PCIPF || flavour == DPU_PORT_PCIVF || flavour == DPU_PORT_PCISF;
	}
	for (i = 0; i < facts->link_count; i++) {
		link = &facts->links[i];
		if (!link->has_port && link->phys_port_name[0])
			link->representor = join_parse_phys_port_name(link->phys_port_name, &parsed) &&
					    parsed.flavour != DPU_PORT_PHYSICAL;
	}
}

/* RDMA in software sits where its network device does; on a representor it is nobody's own. */
static void place_soft_rdma(struct facts *facts)
{
	struct fact_rdma *rdma;
	size_t i, k;

	for (i = 0; i < facts->rdma_count; i++) {
		rdma = &facts->rdma[i];
		for (k = 0; k < facts->link_count && rdma->netdev[0] && !rdma->place.handle[0]; k++) {
			if (!strcmp(facts->links[k].name, rdma->netdev) && !facts->links[k].representor)
				rdma->place = facts->links[k].place;
		}
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct fact_rdma *)a)->name, ((const struct fact_rdma *)b)->name);
}

int facts_index_pci(struct dpu_ctx *ctx, struct facts *facts)
{
	int rc;

	rc = make_index(ctx, facts, facts->pci_count, hash_pci, &facts->pci_by_address);
	return rc < 0 ? rc : make_index(ctx, facts, facts->pci_count, hash_vf, &facts->vfs_by_number);
}

int facts_index_sfs(struct dpu_ctx *ctx, struct facts *facts)
{
	int rc;

	rc = make_index(ctx, facts, facts->sf_count, hash_sf, &facts->sfs_by_name);
	return rc < 0 ? rc : make_index(ctx, facts, facts->sf_count, hash_sf_number, &facts->sfs_by_number);
}

int facts_index(struct dpu_ctx *ctx, struct facts *facts)
{
	int rc = 0;

	sort_unsorted(facts->links, facts->link_count, sizeof(facts->links[0]), by_ifindex);
	sort_unsorted(facts->rdma, facts->rdma_count, sizeof(facts->rdma[0]), by_name);
	if (!facts->pci_by_address.chains)
		rc = facts_index_pci(ctx, facts);
	if (rc == 0 && !facts->sfs_by_name.chains)
		rc = facts_index_sfs(ctx, facts);
	if (rc == 0)
		rc = make_index(ctx, facts, facts->link_count, hash_link, &facts->links_by_place);
	if (rc == 0)
		rc = make_index(ctx, facts, facts->port_count, hash_port, &facts->ports_by_device);
	if (rc == 0)
		rc = make_index(ctx, facts, facts->devlink_count, hash_devlink, &facts->devlinks_by_handle);
	if (rc < 0)
		return rc;
	mark_representors(facts);
	place_soft_rdma(facts);
	return make_index(ctx, facts, facts->rdma_count, hash_rdma, &facts->rdma_by_place);
}

static void free_index(struct dpu_ctx *ctx, struct fact_index *index)
{
	ctx_free(ctx, index->chains);
	*index = (struct fact_index){ .chains = NULL };
}

void facts_index_free(struct dpu_ctx *ctx, struct facts *facts)
{
	free_index(ctx, &facts->pci_by_address);
	free_index(ctx, &facts->vfs_by_number);
	free_index(ctx, &facts->sfs_by_name);
	free_index(ctx, &facts->sfs_by_number);
	free_index(ctx, &facts->links_by_place);
	free_index(ctx, &facts->ports_by_device);
	free_index(ctx, &facts->devlinks_by_handle);
	free_index(ctx, &facts->rdma_by_place);
}
