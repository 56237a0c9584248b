/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include "core/text.h"
#include "provider/linux/pci.h"

static uint64_t number(const struct sysfs *sysfs, const char *address, const char *attribute, uint64_t max)
{
	char path[SYSFS_PATH_SIZE];
	uint64_t value = 0;

	if (sysfs_path(path, "bus/pci/devices/%s/%s", address, attribute))
		sysfs_number(sysfs, path, max, &value);
	return value;
}

static void read_function(const struct sysfs *sysfs, const char *address, struct fact_pci *function)
{
	char path[SYSFS_PATH_SIZE];
	uint64_t node;

	text_copy(function->address, sizeof(function->address), address);
	function->vendor = (uint16_t)number(sysfs, address, "vendor", UINT16_MAX);
	function->device = (uint16_t)number(sysfs, address, "device", UINT16_MAX);
	function->class_code = (uint32_t)number(sysfs, address, "class", 0xffffff);
	/* -1, the kernel's word for none, is no number to sysfs_number(). */
	function->numa_node = -1;
	if (sysfs_path(path, "bus/pci/devices/%s/numa_node", address) &&
	    sysfs_number(sysfs, path, INT_MAX, &node))
		function->numa_node = (int)node;
	if (sysfs_path(path, "bus/pci/devices/%s/driver", address))
		sysfs_link_name(sysfs, path, function->driver, sizeof(function->driver));
	if (sysfs_path(path, "bus/pci/devices/%s/physfn", address))
		sysfs_link_name(sysfs, path, function->physfn, sizeof(function->physfn));
}

/* A VF's number is known to its PF only: virtfn<number> links to the VF. */
static void number_vf(const struct sysfs *sysfs, struct fact_pci *vf, size_t count)
{
	char path[SYSFS_PATH_SIZE], target[16];
	size_t i;

	vf->vfnum = UINT32_MAX;
	/* A PF cannot have more VFs than the machine has PCI functions. */
	for (i = 0; i < count; i++) {
		if (!sysfs_path(path, "bus/pci/devices/%s/virtfn%zu", vf->physfn, i) ||
		    !sysfs_link_name(sysfs, path, target, sizeof(target)))
			break;
		if (!strcmp(target, vf->address)) {
			vf->vfnum = (uint32_t)i;
			return;
		}
	}
}

int pci_functions(struct dpu_ctx *ctx, const struct sysfs *sysfs, struct fact_pci **ret, size_t *count)
{
	struct fact_pci *functions = NULL;
	struct sysfs_names names;
	size_t i;
	int rc;

	rc = sysfs_list(ctx, sysfs, "bus/pci/devices", &names);
	if (rc < 0)
		return rc;
	if (names.count) {
		functions = ctx_alloc(ctx, names.count * sizeof(*functions));
		if (!functions) {
			sysfs_names_free(ctx, &names);
			return -ENOMEM;
		}
	}
	for (i = 0; i < names.count; i++)
		read_function(sysfs, names.names[i], &functions[i]);
	for (i = 0; i < names.count; i++) {
		if (functions[i].physfn[0])
			number_vf(sysfs, &functions[i], names.count);
	}
	*ret = functions;
	*count = names.count;
	sysfs_names_free(ctx, &names);
	return 0;
}
