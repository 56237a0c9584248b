/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that others can truncate, as memory: where it has ended, Linux answers with SIGBUS. Seals forbid
 * that, but files in hugetlbfs and of guests that were started without take none. So the signal is handled:
 * while there is a guarded mapping, and only for addresses in one.
 *
 * Signal handlers have no argument of ours: the table of mappings is the library's one global. The handler
 * reads it without a lock; entries are never freed, only used again. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "virtq/memory-map.h"

#define SLOTS 64

struct guard_slots {
	_Atomic(struct memory_mapping *) mapping[SLOTS];
	_Atomic(struct guard_slots *) next;
};

static struct guard_slots first;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of who adds and removes */
static uint32_t guarded;
static struct sigaction former;

static struct memory_mapping *find(uintptr_t addr)
{
	struct memory_mapping *mapping;
	struct guard_slots *slots;
	int i;

	for (slots = &first; slots; slots = atomic_load(&slots->next)) {
		for (i = 0; i < SLOTS; i++) {
			mapping = atomic_load(&slots->mapping[i]);
			if (mapping && addr - (uintptr_t)mapping->ptr < mapping->size)
				return mapping;
		}
	}
	return NULL;
}

/* Empty memory in place of the page. */
static bool replace(struct memory_mapping *mapping, uintptr_t addr)
{
	void *page = (void *)(addr - addr % mapping->page);
	const uint64_t one = 1;

	if (mmap(page, mapping->page, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED)
		return false;
	/* A full eventfd has been told before. */
	if (!atomic_exchange(&mapping->broken, true) && write(mapping->alarm, &one, sizeof(one)) < 0)
		return errno == EAGAIN;
	return true;
}

static void handle(int number, siginfo_t *info, void *context)
{
	struct memory_mapping *mapping;
	int saved = errno;

	/* Only from the kernel there is an address. */
	mapping = info->si_code > 0 ? find((uintptr_t)info->si_addr) : NULL;
	if (mapping && replace(mapping, (uintptr_t)info->si_addr)) {
		errno = saved;
		return;
	}
	errno = saved;
	if (former.sa_flags & SA_SIGINFO) {
		former.sa_sigaction(number, info, context);
		return;
	}
	if (former.sa_handler != SIG_DFL && former.sa_handler != SIG_IGN) {
		former.sa_handler(number);
		return;
	}
	if (former.sa_handler == SIG_IGN && info->si_code <= 0)
		return;
	/* The fault comes again at once; what somebody sent has to be sent again. */
	signal(SIGBUS, SIG_DFL);
	if (info->si_code <= 0)
		raise(SIGBUS);
}

static int install(void)
{
	struct sigaction action = { .sa_sigaction = handle,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART };

	sigemptyset(&action.sa_mask);
	return sigaction(SIGBUS, &action, &former) < 0 ? -errno : 0;
}

/* Unless somebody has put another handler on top, who may call ours. */
static void uninstall(void)
{
	struct sigaction now;

	if (sigaction(SIGBUS, NULL, &now) == 0 && now.sa_flags & SA_SIGINFO && now.sa_sigaction == handle)
		sigaction(SIGBUS, &former, NULL);
}

/* A slot that has the mapping; NULL is one that has none. NULL when there is no such slot. */
static _Atomic(struct memory_mapping *) *slot_of(const struct memory_mapping *mapping)
{
	struct guard_slots *slots;
	int i;

	for (slots = &first; slots; slots = atomic_load(&slots->next)) {
		for (i = 0; i < SLOTS; i++) {
			if (atomic_load(&slots->mapping[i]) == mapping)
				return &slots->mapping[i];
		}
	}
	return NULL;
}

static int more_slots(void)
{
	struct guard_slots *slots = calloc(1, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	atomic_store(&slots->next, atomic_load(&first.next));
	atomic_store(&first.next, slots);
	return 0;
}

int memory_guard(struct memory_mapping *mapping, int alarm)
{
	int rc = 0;

	mapping->alarm = fcntl(alarm, F_DUPFD_CLOEXEC, 0);
	if (mapping->alarm < 0)
		return -errno;
	pthread_mutex_lock(&lock);
	if (!slot_of(NULL))
		rc = more_slots();
	if (rc == 0 && !guarded)
		rc = install();
	if (rc == 0) {
		atomic_store(slot_of(NULL), mapping);
		guarded++;
	}
	pthread_mutex_unlock(&lock);
	if (rc < 0) {
		close(mapping->alarm);
		mapping->alarm = -1;
	}
	return rc;
}

void memory_unguard(struct memory_mapping *mapping)
{
	if (mapping->alarm < 0)
		return;
	pthread_mutex_lock(&lock);
	atomic_store(slot_of(mapping), NULL);
	if (!--guarded)
		uninstall();
	pthread_mutex_unlock(&lock);
	close(mapping->alarm);
	mapping->alarm = -1;
}
