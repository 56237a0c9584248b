/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "provider/linux/facts-index.h"
#include "provider/linux/join.h"

static int compare_number(uint64_t left, uint64_t right)
{
	return (left > right) - (left < right);
}

static int compare_place(const struct fact_place *place, const char *handle, const char *sf)
{
	int order = strcmp(place->handle, handle);

	return order ? order : strcmp(place->sf, sf);
}

static int order_links(const void *a, const void *b, void *arg)
{
	const struct facts *facts = arg;
	const struct fact_link *l = &facts->links[*(const uint32_t *)a],
			       *r = &facts->links[*(const uint32_t *)b];
	int order = compare_place(&l->place, r->place.handle, r->place.sf);

	return order ? order : compare_number(l->ifindex, r->ifindex);
}

static int order_ports(const void *a, const void *b, void *arg)
{
	const struct facts *facts = arg;
	const struct fact_port *l = &facts->ports[*(const uint32_t *)a],
			       *r = &facts->ports[*(const uint32_t *)b];
	int order = strcmp(l->handle, r->handle);

	return order ? order : compare_number(l->index, r->index);
}

static int order_sfs(const void *a, const void *b, void *arg)
{
	const struct facts *facts = arg;
	const struct fact_sf *l = &facts->sfs[*(const uint32_t *)a], *r = &facts->sfs[*(const uint32_t *)b];
	int order = strcmp(l->place.handle, r->place.handle);

	return order ? order : compare_number(l->sfnum, r->sfnum);
}

static int order_vfs(const void *a, const void *b, void *arg)
{
	const struct facts *facts = arg;
	const struct fact_pci *l = &facts->pci[*(const uint32_t *)a], *r = &facts->pci[*(const uint32_t *)b];
	int order = strcmp(l->physfn, r->physfn);

	return order ? order : compare_number(l->vfnum, r->vfnum);
}

static int order_rdma(const void *a, const void *b, void *arg)
{
	const struct facts *facts = arg;
	const struct fact_rdma *l = &facts->rdma[*(const uint32_t *)a],
			       *r = &facts->rdma[*(const uint32_t *)b];
	int order = compare_place(&l->place, r->place.handle, r->place.sf);

	return order ? order : strcmp(l->name, r->name);
}

static int sort(struct dpu_ctx *ctx, struct facts *facts, size_t count,
		int (*order)(const void *a, const void *b, void *arg), uint32_t **ret)
{
	uint32_t *positions;
	size_t i;

	if (!count)
		return 0;
	positions = ctx_alloc(ctx, count * sizeof(*positions));
	if (!positions)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		positions[i] = (uint32_t)i;
	qsort_r(positions, count, sizeof(*positions), order, facts);
	*ret = positions;
	return 0;
}

/* The position in an order of count items of the first that is not before what is looked for. */
static size_t lower_bound(const struct facts *facts, size_t count,
			  int (*compare)(const struct facts *facts, size_t at, const void *key),
			  const void *key)
{
	size_t low = 0, high = count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare(facts, middle, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct key {
	const char *text;
	const char *sf;
	uint32_t number;
};

static int compare_vf(const struct facts *facts, size_t at, const void *arg)
{
	const struct fact_pci *vf = &facts->pci[facts->vfs_by_number[at]];
	const struct key *key = arg;
	int order = strcmp(vf->physfn, key->text);

	return order ? order : compare_number(vf->vfnum, key->number);
}

static int compare_port(const struct facts *facts, size_t at, const void *arg)
{
	const struct fact_port *port = &facts->ports[facts->ports_by_index[at]];
	const struct key *key = arg;
	int order = strcmp(port->handle, key->text);

	return order ? order : compare_number(port->index, key->number);
}

static int compare_sf_number(const struct facts *facts, size_t at, const void *arg)
{
	const struct fact_sf *sf = &facts->sfs[facts->sfs_by_number[at]];
	const struct key *key = arg;
	int order = strcmp(sf->place.handle, key->text);

	return order ? order : compare_number(sf->sfnum, key->number);
}

static int compare_link_place(const struct facts *facts, size_t at, const void *arg)
{
	const struct key *key = arg;

	return compare_place(&facts->links[facts->links_by_place[at]].place, key->text, key->sf);
}

static int compare_rdma_place(const struct facts *facts, size_t at, const void *arg)
{
	const struct key *key = arg;

	return compare_place(&facts->rdma[facts->rdma_by_place[at]].place, key->text, key->sf);
}

static int compare_ifindex(const struct facts *facts, size_t at, const void *arg)
{
	return compare_number(facts->links[at].ifindex, ((const struct key *)arg)->number);
}

static int compare_address(const struct facts *facts, size_t at, const void *arg)
{
	return strcmp(facts->pci[at].address, ((const struct key *)arg)->text);
}

static int compare_sf_name(const struct facts *facts, size_t at, const void *arg)
{
	return strcmp(facts->sfs[at].name, ((const struct key *)arg)->text);
}

const struct fact_pci *facts_pci(const struct facts *facts, const char *address)
{
	const struct key key = { .text = address };
	size_t at = lower_bound(facts, facts->pci_count, compare_address, &key);

	return at < facts->pci_count && !compare_address(facts, at, &key) ? &facts->pci[at] : NULL;
}

const struct fact_pci *facts_vf(const struct facts *facts, const char *pf_address, uint32_t vfnum)
{
	const struct key key = { .text = pf_address, .number = vfnum };
	size_t at = lower_bound(facts, facts->pci_count, compare_vf, &key);

	return at < facts->pci_count && !compare_vf(facts, at, &key) ? &facts->pci[facts->vfs_by_number[at]]
								     : NULL;
}

const struct fact_link *facts_link(const struct facts *facts, uint32_t ifindex)
{
	const struct key key = { .number = ifindex };
	size_t at = lower_bound(facts, facts->link_count, compare_ifindex, &key);

	return at < facts->link_count && !compare_ifindex(facts, at, &key) ? &facts->links[at] : NULL;
}

const struct fact_port *facts_port(const struct facts *facts, const char *handle, uint32_t index)
{
	const struct key key = { .text = handle, .number = index };
	size_t at = lower_bound(facts, facts->port_count, compare_port, &key);

	return at < facts->port_count && !compare_port(facts, at, &key)
		       ? &facts->ports[facts->ports_by_index[at]]
		       : NULL;
}

const struct fact_sf *facts_sf(const struct facts *facts, const char *name)
{
	const struct key key = { .text = name };
	size_t at = lower_bound(facts, facts->sf_count, compare_sf_name, &key);

	return at < facts->sf_count && !compare_sf_name(facts, at, &key) ? &facts->sfs[at] : NULL;
}

const struct fact_sf *facts_sf_number(const struct facts *facts, const char *handle, uint32_t sfnum)
{
	const struct key key = { .text = handle, .number = sfnum };
	size_t at = lower_bound(facts, facts->sf_count, compare_sf_number, &key);

	return at < facts->sf_count && !compare_sf_number(facts, at, &key)
		       ? &facts->sfs[facts->sfs_by_number[at]]
		       : NULL;
}

/* A port says its network device's number; an older kernel leaves it to the network device to say its port.
 */
const struct fact_link *facts_port_link(const struct facts *facts, const struct fact_port *port)
{
	const struct fact_link *link;
	size_t i;

	if (port->ifindex)
		return facts_link(facts, port->ifindex);
	for (i = 0; i < facts->link_count; i++) {
		link = &facts->links[i];
		if (link->has_devlink_port && link->devlink_port == port->index &&
		    !strcmp(link->devlink_handle, port->handle))
			return link;
	}
	return NULL;
}

size_t facts_links_at(const struct facts *facts, const char *handle, const char *sf, size_t *first)
{
	const struct key key = { .text = handle, .sf = sf ? sf : "" };
	size_t at = lower_bound(facts, facts->link_count, compare_link_place, &key);

	for (*first = at; at < facts->link_count && !compare_link_place(facts, at, &key); at++)
		continue;
	return at - *first;
}

size_t facts_rdma_at(const struct facts *facts, const char *handle, const char *sf, size_t *first)
{
	const struct key key = { .text = handle, .sf = sf ? sf : "" };
	size_t at = lower_bound(facts, facts->rdma_count, compare_rdma_place, &key);

	for (*first = at; at < facts->rdma_count && !compare_rdma_place(facts, at, &key); at++)
		continue;
	return at - *first;
}

/* It shares the uplink's parent, but is not the device's own. Where devlink knows the port, its flavour
 * tells, else the name that the kernel gives the port. */
static void mark_representors(struct facts *facts)
{
	struct provider_port parsed;
	struct fact_link *link;
	size_t i;

	for (i = 0; i < facts->link_count; i++) {
		link = &facts->links[i];
		link->representor = join_parse_phys_port_name(link->phys_port_name, &parsed) &&
				    parsed.flavour != DPU_PORT_PHYSICAL;
	}
	for (i = 0; i < facts->port_count; i++) {
		const uint32_t flavour = facts->ports[i].flavour;

		link = (struct fact_link *)(uintptr_t)facts_port_link(facts, &facts->ports[i]);
		if (link)
			link->representor = flavour == DPU_PORT_PCIPF || flavour == DPU_PORT_PCIVF ||
					    flavour == DPU_PORT_PCISF;
	}
}

static int by_ifindex(const void *a, const void *b)
{
	return compare_number(((const struct fact_link *)a)->ifindex, ((const struct fact_link *)b)->ifindex);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct fact_sf *)a)->name, ((const struct fact_sf *)b)->name);
}

static int by_address(const void *a, const void *b)
{
	return strcmp(((const struct fact_pci *)a)->address, ((const struct fact_pci *)b)->address);
}

/* Most come in order, and are large: so they are looked at before they are moved. */
static void put_in_order(void *items, size_t count, size_t size, int (*compare)(const void *a, const void *b))
{
	const char *at = items;
	size_t i;

	for (i = 1; i < count; i++, at += size) {
		if (compare(at, at + size) > 0) {
			qsort(items, count, size, compare);
			return;
		}
	}
}

void facts_sort(struct facts *facts)
{
	put_in_order(facts->links, facts->link_count, sizeof(facts->links[0]), by_ifindex);
	put_in_order(facts->sfs, facts->sf_count, sizeof(facts->sfs[0]), by_name);
	put_in_order(facts->pci, facts->pci_count, sizeof(facts->pci[0]), by_address);
}

int facts_index(struct dpu_ctx *ctx, struct facts *facts)
{
	int rc;

	facts_sort(facts);
	rc = sort(ctx, facts, facts->link_count, order_links, &facts->links_by_place);
	if (rc == 0)
		rc = sort(ctx, facts, facts->port_count, order_ports, &facts->ports_by_index);
	if (rc == 0)
		rc = sort(ctx, facts, facts->sf_count, order_sfs, &facts->sfs_by_number);
	if (rc == 0)
		rc = sort(ctx, facts, facts->pci_count, order_vfs, &facts->vfs_by_number);
	if (rc == 0)
		rc = sort(ctx, facts, facts->rdma_count, order_rdma, &facts->rdma_by_place);
	if (rc == 0)
		mark_representors(facts);
	return rc;
}

void facts_index_free(struct dpu_ctx *ctx, struct facts *facts)
{
	ctx_free(ctx, facts->links_by_place);
	ctx_free(ctx, facts->ports_by_index);
	ctx_free(ctx, facts->sfs_by_number);
	ctx_free(ctx, facts->vfs_by_number);
	ctx_free(ctx, facts->rdma_by_place);
	facts->links_by_place = facts->ports_by_index = facts->sfs_by_number = NULL;
	facts->vfs_by_number = facts->rdma_by_place = NULL;
}
