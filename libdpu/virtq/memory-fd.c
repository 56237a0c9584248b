/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files as memory: the one place of the rings that asks the kernel for something, while a map is made. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "virtq/memory-map.h"

/* hugetlbfs, as statfs(2) names it. */
#define HUGETLBFS 0x958458f6

/* Bytes of a page of the file: what offset and length of a mapping are multiples of; or a negative errno. */
static int64_t page_size(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return -errno;
	return fs.f_type == HUGETLBFS ? fs.f_bsize : sysconf(_SC_PAGESIZE);
}

int memory_mapping_create(int fd, uint64_t offset, uint64_t size, struct memory_mapping **ret, void **ptr)
{
	struct memory_mapping *mapping;
	uint64_t before, end;
	struct stat st;
	int64_t page;
	int rc;

	if (!size || __builtin_add_overflow(offset, size, &end) || end > INT64_MAX)
		return -EINVAL;
	if (fstat(fd, &st) < 0)
		return -errno;
	/* A file that ended before would end the process with SIGBUS. */
	if (S_ISREG(st.st_mode) && end > (uint64_t)st.st_size)
		return -EINVAL;
	page = page_size(fd);
	if (page < 0)
		return (int)page;
	mapping = calloc(1, sizeof(*mapping));
	if (!mapping)
		return -ENOMEM;
	before = offset % (uint64_t)page;
	mapping->size = (size_t)((before + size + (uint64_t)page - 1) / (uint64_t)page * (uint64_t)page);
	mapping->ptr = mmap(NULL, mapping->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd,
			    (off_t)(offset - before));
	if (mapping->ptr == MAP_FAILED) {
		rc = -errno;
		free(mapping);
		return rc;
	}
	mapping->page = (size_t)page;
	mapping->alarm = mapping->fd = -1;
	ref_init(&mapping->ref);
	*ptr = (char *)mapping->ptr + before;
	*ret = mapping;
	return 0;
}

struct memory_mapping *memory_mapping_ref(struct memory_mapping *mapping)
{
	if (mapping)
		ref_get(&mapping->ref);
	return mapping;
}

void memory_mapping_unref(struct memory_mapping *mapping)
{
	if (!mapping || !ref_put(&mapping->ref))
		return;
	memory_unguard(mapping);
	munmap(mapping->ptr, mapping->size);
	if (mapping->fd >= 0)
		close(mapping->fd);
	free(mapping);
}
