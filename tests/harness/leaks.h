/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a process holds of the kernel, to be counted before and after: descriptors, and mappings of memfds. */
#ifndef TESTS_LEAKS_H
#define TESTS_LEAKS_H

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include "tap.h"

__attribute__((unused)) static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	must(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

__attribute__((unused)) static int count_maps(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	int count = 0;

	must(maps);
	while (fgets(line, sizeof(line), maps))
		count += strstr(line, "memfd:") != NULL;
	fclose(maps);
	return count;
}

#endif
