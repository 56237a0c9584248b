/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data path allocates nothing, takes no lock and makes no system call: counted. The linker turns the
 * library's calls of the allocator and of locks into those below (-Wl,--wrap), and the kernel sends SIGSYS
 * for each system call. That both would be noticed is shown first. */
#include <dpu/virtq.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tap.h"

#define SIZE 64
#define ROUNDS 2000
#define COUNTED 0x7f

static char ring[3 * 4096] __attribute__((aligned(4096)));
static char memory[1 << 16] __attribute__((aligned(4096)));
static char tables[SIZE * 4 * 16] __attribute__((aligned(16)));
static char region[8192] __attribute__((aligned(8)));
static uint8_t log_bits[4096];
static volatile sig_atomic_t system_calls;
static long calls;

void *__real_calloc(size_t count, size_t size);
void __real_free(void *ptr);
int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *ptr);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);

void *__wrap_calloc(size_t count, size_t size)
{
	calls++;
	return __real_calloc(count, size);
}

void __wrap_free(void *ptr)
{
	calls++;
	__real_free(ptr);
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
	calls++;
	return __real_pthread_mutex_lock(mutex);
}

static void on_system_call(int signal)
{
	(void)signal;
	system_calls++;
}

/* From here on each system call but these is counted instead of made. */
static bool watch(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	signal(SIGSYS, on_system_call);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

/* _exit(2) without what a sanitizer does before it. */
static _Noreturn void leave(int code)
{
	syscall(SYS_exit_group, code);
	__builtin_unreachable();
}

struct rig {
	struct dpu_memory_map *map;
	struct dpu_virtq *driver;
	struct dpu_virtq *device;
};

static void make(struct rig *rig, uint32_t layout, uint64_t features, bool tracked)
{
	DPU_OPTS(dpu_virtq_opts, opts, .features = features, .desc = ring, .layout = layout, .size = SIZE);
	size_t avail, used;

	memset(ring, 0, sizeof(ring));
	memset(region, 0, sizeof(region));
	must(dpu_virtq_ring_size((enum dpu_virtq_layout)layout, SIZE, &avail, &used) > 0);
	must(dpu_memory_map_create(&rig->map) == 0);
	must(dpu_memory_map_add(rig->map, 4096, sizeof(memory) / 2, memory) == 0);
	must(dpu_memory_map_add(rig->map, 1 << 20, sizeof(memory) / 2, memory + sizeof(memory) / 2) == 0);
	must(dpu_memory_map_add(rig->map, 1 << 24, sizeof(tables), tables) == 0);
	opts.memory = rig->map;
	opts.avail = ring + avail;
	opts.used = ring + used;
	if (features & DPU_VIRTIO_F_INDIRECT_DESC) {
		opts.indirect = tables;
		opts.indirect_max = 4;
	}
	must(dpu_virtq_create(&opts, &rig->driver) == 0);
	opts.side = DPU_VIRTQ_DEVICE;
	opts.indirect = NULL;
	opts.indirect_max = 0;
	opts.inflight = tracked ? region : NULL;
	opts.inflight_size = tracked ? sizeof(region) : 0;
	must(dpu_virtq_create(&opts, &rig->device) == 0);
	if (tracked)
		must(dpu_memory_map_set_log(rig->map, log_bits, sizeof(log_bits)) == 0);
}

/* Bursts of chains of one to three elements, some across the border of two regions. */
static uint32_t work(struct rig *rig)
{
	struct dpu_virtq_chain chains[8], taken[8];
	struct iovec iov[8][3], elements[8][8];
	uint32_t round, i, wrong = 0;
	int n;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < 8; i++) {
			uint32_t count = 1 + (round + i) % 3, e;

			for (e = 0; e < 3; e++)
				iov[i][e] =
					(struct iovec){ memory + (round * 8 + i * 100 + e * 4000) % 32000 +
								(i & 1) * 700,
							1000 };
			chains[i] = (struct dpu_virtq_chain){ .iov = iov[i],
							      .read_count = (uint16_t)(count - 1),
							      .write_count = 1 };
			taken[i] = (struct dpu_virtq_chain){ .iov = elements[i], .iov_max = 8 };
		}
		dpu_virtq_notify(rig->driver, round & 1);
		dpu_virtq_notify(rig->device, round & 2);
		wrong += dpu_virtq_add(rig->driver, chains, 8) != 8;
		dpu_virtq_should_notify(rig->driver);
		wrong += dpu_virtq_pending(rig->device) != 8;
		n = dpu_virtq_pop(rig->device, taken, 8);
		wrong += n != 8;
		for (i = 0; i < 8; i++)
			taken[i].written = (uint32_t)dpu_virtq_chain_write(&taken[i], 0, "x", 1);
		wrong += dpu_virtq_push(rig->device, taken, 8) != 0;
		dpu_virtq_should_notify(rig->device);
		wrong += dpu_virtq_get(rig->driver, chains, 8) != 8;
	}
	return wrong;
}

static int exit_code(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256;
}

/* In a process of its own, since the filter stays. Returns what was counted, and whether the work was done.
 */
static int counted(uint32_t layout, uint64_t features, bool tracked)
{
	struct rig rig;
	uint32_t wrong;
	pid_t pid = fork();

	must(pid >= 0);
	if (pid)
		return exit_code(pid);
	make(&rig, layout, features, tracked);
	if (!watch())
		_exit(99);
	calls = 0;
	wrong = work(&rig);
	leave(wrong ? 98 : (int)(calls + system_calls) & COUNTED);
}

/* The counters count: making a queue allocates and locks, and getppid(2) is a system call. */
static int control(void)
{
	struct rig rig;
	pid_t pid = fork();

	must(pid >= 0);
	if (pid)
		return exit_code(pid);
	calls = 0;
	make(&rig, DPU_VIRTQ_SPLIT, 0, false);
	if (!watch())
		_exit(99);
	syscall(SYS_getppid);
	leave(calls > 5 && system_calls == 1 ? 1 : 0);
}

int main(void)
{
	static const uint64_t features[] = {
		0,
		DPU_VIRTIO_F_EVENT_IDX,
		DPU_VIRTIO_F_IN_ORDER,
		DPU_VIRTIO_F_INDIRECT_DESC | DPU_VIRTIO_F_EVENT_IDX,
		DPU_VIRTIO_F_ACCESS_PLATFORM,
	};
	uint32_t layout;
	size_t i;

	is_int(control(), 1);
	for (layout = DPU_VIRTQ_SPLIT; layout <= DPU_VIRTQ_PACKED; layout++) {
		for (i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
			is_int(counted(layout, features[i], false), 0);
			is_int(counted(layout, features[i], true), 0);
		}
	}
	return tap_done();
}
