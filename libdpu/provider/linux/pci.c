/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
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

/* What is most asked for stands together in one file. False where it does not: an old or a recorded tree. */
static bool read_uevent(const struct sysfs *sysfs, const char *address, struct fact_pci *function)
{
	char path[SYSFS_PATH_SIZE], text[1024], *line, *rest;
	bool has_class = false, has_id = false;
	unsigned int class_code;

	if (!sysfs_path(path, "bus/pci/devices/%s/uevent", address) ||
	    !sysfs_text(sysfs, path, text, sizeof(text)))
		return false;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (sscanf(line, "PCI_CLASS=%6x", &class_code) == 1) {
			function->class_code = class_code;
			has_class = true;
		} else if (!strncmp(line, "DRIVER=", 7)) {
			text_copy(function->driver, sizeof(function->driver), line + 7);
		} else if (sscanf(line, "PCI_ID=%4hx:%4hx", &function->vendor, &function->device) == 2) {
			has_id = true;
		}
	}
	return has_class && has_id;
}

static void read_files(const struct sysfs *sysfs, const char *address, struct fact_pci *function)
{
	char path[SYSFS_PATH_SIZE];

	function->vendor = (uint16_t)number(sysfs, address, "vendor", UINT16_MAX);
	function->device = (uint16_t)number(sysfs, address, "device", UINT16_MAX);
	function->class_code = (uint32_t)number(sysfs, address, "class", 0xffffff);
	if (sysfs_path(path, "bus/pci/devices/%s/driver", address))
		sysfs_link_name(sysfs, path, function->driver, sizeof(function->driver));
}

static void read_function(const struct sysfs *sysfs, const char *address, struct fact_pci *function)
{
	char path[SYSFS_PATH_SIZE];
	uint64_t node;

	text_copy(function->address, sizeof(function->address), address);
	if (!read_uevent(sysfs, address, function))
		read_files(sysfs, address, function);
	/* -1, the kernel's word for none, is no number to sysfs_number(). */
	function->numa_node = -1;
	if (sysfs_path(path, "bus/pci/devices/%s/numa_node", address) &&
	    sysfs_number(sysfs, path, INT_MAX, &node))
		function->numa_node = (int)node;
	if (sysfs_path(path, "bus/pci/devices/%s/physfn", address))
		sysfs_link_name(sysfs, path, function->physfn, sizeof(function->physfn));
}

static int compare_address(const void *address, const void *function)
{
	return strcmp(address, ((const struct fact_pci *)function)->address);
}

/* A VF's number is known to its PF only: virtfn<number> links to the VF. */
static void number_vfs(const struct sysfs *sysfs, const struct fact_pci *pf, struct fact_pci *functions,
		       size_t count)
{
	char path[SYSFS_PATH_SIZE], target[16];
	struct fact_pci *vf;
	size_t i;

	/* A PF cannot have more VFs than the machine has PCI functions. */
	for (i = 0; i < count; i++) {
		if (!sysfs_path(path, "bus/pci/devices/%s/virtfn%zu", pf->address, i) ||
		    !sysfs_link_name(sysfs, path, target, sizeof(target)))
			break;
		vf = bsearch(target, functions, count, sizeof(*vf), compare_address);
		if (vf && !strcmp(vf->physfn, pf->address))
			vf->vfnum = (uint32_t)i;
	}
}

int pci_functions(struct dpu_ctx *ctx, const struct sysfs *sysfs, struct fact_pci **ret, size_t *count)
{
	struct fact_pci *functions = NULL;
	struct sysfs_names names;
	size_t i, vfs = 0;
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
		read_function(sysfs, names.entries[i].name, &functions[i]);
	for (i = 0; i < names.count; i++) {
		functions[i].vfnum = UINT32_MAX;
		if (functions[i].physfn[0])
			vfs++;
	}
	for (i = 0; vfs && i < names.count; i++) {
		if (!functions[i].physfn[0])
			number_vfs(sysfs, &functions[i], functions, names.count);
	}
	*ret = functions;
	*count = names.count;
	sysfs_names_free(ctx, &names);
	return 0;
}

size_t pci_pair(const struct sysfs *sysfs, const char *address, uint32_t vfnum, struct fact_pci functions[2])
{
	char path[SYSFS_PATH_SIZE], vf[32];

	if (!sysfs_path(path, "bus/pci/devices/%s", address) || !sysfs_exists(sysfs, path))
		return 0;
	read_function(sysfs, address, &functions[0]);
	if (!sysfs_path(path, "bus/pci/devices/%s/virtfn%u", address, vfnum) ||
	    !sysfs_link_name(sysfs, path, vf, sizeof(vf)))
		return 1;
	read_function(sysfs, vf, &functions[1]);
	functions[1].vfnum = vfnum;
	return 2;
}
