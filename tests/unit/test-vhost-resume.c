/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a vhost-user front-end keeps over the lives of its peers: queues with what is out of them, memory. */
#include "vhost-script.h"

#define ALL UINT32_MAX

/* The device side of a queue as a back-end process has it: its own mapping. */
static void make_device(struct script *script, uint32_t index)
{
	bool packed = script->accepted & DPU_VIRTIO_F_RING_PACKED;
	const struct script_ring *ring = &script->rings[index];
	uint32_t base = ring->base;
	struct dpu_virtq_state state = { .avail = (uint16_t)base, .used = (uint16_t)base };
	DPU_OPTS(dpu_virtq_opts, opts, .features = script->accepted & ~DPU_VHOST_USER_F_PROTOCOL_FEATURES,
		 .state = &state, .layout = packed, .side = DPU_VIRTQ_DEVICE, .size = ring->num);
	uint32_t i;

	must(dpu_memory_map_create(&script->map) == 0);
	for (i = 0; i < script->region_count; i++)
		must(dpu_memory_map_add_fd(script->map, script->regions[i].guest, script->regions[i].size,
					   script->region_fds[i], script->regions[i].offset) == 0);
	if (packed)
		state = (struct dpu_virtq_state){ base & 0x7fff, base >> 16 & 0x7fff, base >> 15 & 1,
						  (uint8_t)(base >> 31), 0 };
	opts.memory = script->map;
	opts.desc = dpu_memory_map_find(script->map, ring->addr.desc, NULL);
	opts.avail = dpu_memory_map_find(script->map, ring->addr.avail, NULL);
	opts.used = dpu_memory_map_find(script->map, ring->addr.used, NULL);
	if (script->inflight_fd >= 0) {
		script->inflight_ptr = mmap(NULL, script->inflight.size, PROT_READ | PROT_WRITE, MAP_SHARED,
					    script->inflight_fd, 0);
		must(script->inflight_ptr != MAP_FAILED);
		opts.inflight_size =
			(size_t)dpu_virtq_inflight_size((enum dpu_virtq_layout)packed, ring->num);
		opts.inflight =
			(uint8_t *)script->inflight_ptr + index * ((opts.inflight_size + 63) & ~(size_t)63);
	}
	must(dpu_virtq_create(&opts, &script->device) == 0);
}

/* Chains of 8 bytes, which hold the number of the chain; those of odd numbers are of two pieces. */
static void add_chain(struct script *script, struct dpu_virtq *vq, uint64_t number)
{
	uint64_t *at = (uint64_t *)dpu_vhost_memory(script->vh, NULL) + number;
	struct iovec iov[2] = { { at, 4 }, { (uint8_t *)at + 4, 4 } };
	struct dpu_virtq_chain chain = { .iov = iov, .read_count = 2, .cookie = at };

	*at = number;
	if (number % 2 == 0) {
		iov[0].iov_len = 8;
		chain.read_count = 1;
	}
	must(dpu_virtq_add(vq, &chain, 1) == 1);
}

/* The device takes a chain: its number, or -1. */
static int64_t take_chain(struct script *script, uint16_t *head)
{
	struct iovec iov[2];
	struct dpu_virtq_chain chain = { .iov = iov, .iov_max = 2 };
	uint64_t number;

	if (dpu_virtq_pop(script->device, &chain, 1) != 1)
		return -1;
	must(dpu_virtq_chain_read(&chain, 0, &number, sizeof(number)) == sizeof(number));
	*head = chain.head;
	return (int64_t)number;
}

static void return_chain(struct script *script, uint16_t head)
{
	struct dpu_virtq_chain chain = { .head = head };

	must(dpu_virtq_push(script->device, &chain, 1) == 0);
}

/* The driver gets what there is: the set of numbers. */
static uint64_t get_all(struct script *script, struct dpu_virtq *vq)
{
	struct dpu_virtq_chain chain;
	uint64_t set = 0;

	while (dpu_virtq_get(vq, &chain, 1) == 1)
		set |= UINT64_C(1) << ((uint64_t *)chain.cookie -
				       (uint64_t *)dpu_vhost_memory(script->vh, NULL));
	return set;
}

#define CHAINS 8u

/* Makes chains available to a device that takes taken of them and returns some; the driver gets the first of
 * those. Then the device is gone, and another one comes. What is not returned the first time is out. */
static struct dpu_virtq *interrupt(struct script *script, const uint32_t *returned, uint32_t count,
				   struct dpu_virtq *same)
{
	struct dpu_virtq *vq = dpu_vhost_virtq(script->vh, 1);
	struct dpu_virtq_chain got;
	uint16_t heads[CHAINS];
	uint32_t i;

	make_device(script, 1);
	/* So far that the ring begins again amid what follows. */
	for (i = 0; i < 9; i++) {
		add_chain(script, vq, i % 2);
		must(take_chain(script, &heads[0]) == i % 2);
		return_chain(script, heads[0]);
		must(get_all(script, vq) == UINT64_C(1) << i % 2);
	}
	for (i = 0; i < CHAINS; i++)
		add_chain(script, vq, i);
	for (i = 0; i < CHAINS; i++)
		must(take_chain(script, &heads[i]) == i);
	for (i = 0; i < count; i++)
		return_chain(script, heads[returned[i]]);
	must(count == 0 || dpu_virtq_get(vq, &got, 1) == 1);
	/* It polls: the next one will have to be notified all the same. */
	dpu_virtq_notify(script->device, 0);
	script_die(script);
	script_pump(script);
	must(!same || vq == same);
	return vq;
}

static void test_goes_on(uint64_t features, uint64_t protocol, const uint32_t *returned, uint32_t count,
			 const char *what)
{
	uint64_t missing = (1u << CHAINS) - 1, again = 0, got;
	struct dpu_virtq *vq;
	struct script script;
	int64_t number;
	uint16_t head;
	uint32_t i, n;
	bool once = true;

	script_init(&script);
	script.features = features | DPU_VHOST_USER_F_PROTOCOL_FEATURES;
	script.protocol = protocol;
	script_open(&script, ",size=16", NULL);
	script_connect(&script);
	vq = interrupt(&script, returned, count, NULL);
	for (i = 0; i < count; i++)
		missing &= ~(UINT64_C(1) << returned[i]);
	script_connect(&script);
	ok(dpu_vhost_virtq(script.vh, 1) == vq, "%s: the same queue goes on", what);
	ok(dpu_virtq_should_notify(vq) || features & DPU_VIRTIO_F_EVENT_IDX,
	   "%s: that the former device polled is no matter", what);
	make_device(&script, 1);
	for (n = 0; (number = take_chain(&script, &head)) >= 0; n++) {
		once = once && !(again >> number & 1);
		again |= UINT64_C(1) << number;
		return_chain(&script, head);
	}
	ok(once && again == missing, "%s: what was not returned is taken again, once (%u chains)", what, n);
	got = get_all(&script, vq);
	if (count)
		got |= UINT64_C(1) << returned[0];
	is_int(got, (1u << CHAINS) - 1);
	is_int(dpu_virtq_room(vq), 16);
	/* Round and round. */
	for (i = 0; i < 40; i++) {
		add_chain(&script, vq, i % CHAINS);
		once = once && take_chain(&script, &head) == i % CHAINS;
		return_chain(&script, head);
		once = once && get_all(&script, vq) == UINT64_C(1) << i % CHAINS;
	}
	ok(once, "%s: and all is as ever", what);
	script_close(&script);
}

static void test_reconnection(void)
{
	static const uint32_t in_order[] = { 0, 1, 2 }, out_of_order[] = { 5, 2, 7 };
	const uint64_t split = DPU_VIRTIO_F_VERSION_1, packed = split | DPU_VIRTIO_F_RING_PACKED,
		       inflight = VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD, event_idx = DPU_VIRTIO_F_EVENT_IDX;

	test_goes_on(split, 0, in_order, 3, "split");
	test_goes_on(packed, 0, in_order, 3, "packed");
	test_goes_on(split | event_idx, 0, in_order, 3, "split, event index");
	test_goes_on(packed | event_idx, 0, in_order, 3, "packed, event index");
	test_goes_on(split | DPU_VIRTIO_F_IN_ORDER, 0, in_order, 3, "split, in order");
	test_goes_on(packed | DPU_VIRTIO_F_IN_ORDER, 0, in_order, 3, "packed, in order");
	test_goes_on(split, 0, in_order, 0, "split, nothing returned");
	test_goes_on(packed, 0, in_order, 0, "packed, nothing returned");
	test_goes_on(split, 0, out_of_order, 3, "split, out of order");
	test_goes_on(split, inflight, out_of_order, 3, "split, in-flight region");
	test_goes_on(packed, inflight, out_of_order, 3, "packed, in-flight region");
}

/* Queues that cannot go on are others; what was out can be taken back of the former. */
static void test_others(uint64_t before, uint64_t after, const char *what)
{
	static const uint32_t out_of_order[] = { 5, 2, 7 };
	struct dpu_virtq *former, *vq;
	struct dpu_virtq_chain chain;
	struct script script;
	uint64_t set = 0;
	uint16_t head;

	script_init(&script);
	script.features = before | DPU_VHOST_USER_F_PROTOCOL_FEATURES;
	script.protocol = 0;
	script_open(&script, ",size=16", NULL);
	script_connect(&script);
	former = dpu_virtq_ref(dpu_vhost_virtq(script.vh, 1));
	interrupt(&script, out_of_order, 3, former);
	script.features = after | DPU_VHOST_USER_F_PROTOCOL_FEATURES;
	script_connect(&script);
	vq = dpu_vhost_virtq(script.vh, 1);
	ok(vq && vq != former, "%s: another queue starts", what);
	while (dpu_virtq_detach(former, &chain, 1) == 1)
		set |= UINT64_C(1) << ((uint64_t *)chain.cookie -
				       (uint64_t *)dpu_vhost_memory(script.vh, NULL));
	is_int(set, 0xff & ~(1 << 5));
	dpu_virtq_unref(former);
	make_device(&script, 1);
	is_int(take_chain(&script, &head), -1);
	add_chain(&script, vq, 3);
	is_int(take_chain(&script, &head), 3);
	script_close(&script);
}

/* All was taken back while the peer was gone. */
static void test_detached(uint64_t features, uint64_t protocol)
{
	static const uint32_t in_order[] = { 0, 1, 2 };
	struct dpu_virtq_chain chains[CHAINS];
	struct dpu_virtq *vq;
	struct script script;
	uint16_t head;
	uint32_t i;

	script_init(&script);
	script.features = features | DPU_VHOST_USER_F_PROTOCOL_FEATURES;
	script.protocol = protocol;
	script_open(&script, ",size=16", NULL);
	script_connect(&script);
	vq = interrupt(&script, in_order, 0, NULL);
	is_int(dpu_virtq_detach(vq, chains, CHAINS), CHAINS);
	script_connect(&script);
	vq = dpu_vhost_virtq(script.vh, 1);
	is_int(dpu_virtq_room(vq), 16);
	is_int(script.rings[1].base, features & DPU_VIRTIO_F_RING_PACKED ? 0x80008000u : 0);
	make_device(&script, 1);
	is_int(take_chain(&script, &head), -1);
	for (i = 0; i < CHAINS; i++)
		add_chain(&script, vq, i);
	is_int(take_chain(&script, &head), 0);
	script_close(&script);
}

static uint8_t *share(size_t size, int *fd)
{
	uint8_t *ptr;

	*fd = memfd_create("more", MFD_CLOEXEC);
	must(*fd >= 0 && ftruncate(*fd, (off_t)size) == 0);
	ptr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	must(ptr != MAP_FAILED);
	return ptr;
}

static bool shows(const struct script *script, const uint8_t *ptr, size_t size, uint64_t offset)
{
	uint32_t i;

	for (i = 0; i < script->region_count; i++) {
		if (script->regions[i].guest == (uintptr_t)ptr && script->regions[i].user == (uintptr_t)ptr &&
		    script->regions[i].size == size && script->regions[i].offset == offset)
			return true;
	}
	return false;
}

static void test_memory(uint64_t protocol)
{
	struct dpu_vhost *vh;
	struct script script;
	uint8_t *ptr;
	int fd, fds, before = count_fds();
	uint32_t i;

	script_init(&script);
	script.protocol = protocol;
	script.slots = 8;
	script_open(&script, "", NULL);
	vh = script.vh;
	ptr = share(65536, &fd);
	fds = count_fds();
	is_int(dpu_vhost_memory_add(vh, ptr, 4096, fd, 0), 0);
	is_int(dpu_vhost_memory_remove(vh, ptr), 0);
	is_int(count_fds(), fds);
	is_int(dpu_vhost_memory_add(vh, ptr, 8192, fd, 0), 0);
	is_int(dpu_vhost_memory_add(vh, ptr + 4096, 4096, fd, 4096), -EEXIST);
	is_int(dpu_vhost_memory_add(vh, ptr + 100, 4096, fd, 0), -EINVAL);
	is_int(dpu_vhost_memory_add(vh, ptr, 100, fd, 0), -EINVAL);
	is_int(dpu_vhost_memory_add(vh, NULL, 4096, fd, 0), -EINVAL);
	is_int(dpu_vhost_memory_add(vh, ptr + 8192, 4096, -1, 0), -EINVAL);
	is_int(dpu_vhost_memory_add(vh, dpu_vhost_memory(vh, NULL), 4096, fd, 0), -EEXIST);
	is_int(dpu_vhost_memory_remove(vh, ptr + 4096), -ENOENT);
	is_int(dpu_vhost_memory_remove(vh, dpu_vhost_memory(vh, NULL)), -ENOENT);
	script_connect(&script);
	is_int(script.region_count, 2);
	ok(shows(&script, ptr, 8192, 0), "what was added before is shown");
	is_int(script_told(&script, DPU_VHOST_MEMORY), 0);

	is_int(dpu_vhost_memory_add(vh, ptr + 8192, 4096, fd, 8192), 0);
	script_run(&script, ALL);
	ok(shows(&script, ptr + 8192, 4096, 8192), "and what is added later");
	is_int(script_told(&script, DPU_VHOST_MEMORY), 1);
	for (i = 3; i < 8; i++)
		must(dpu_vhost_memory_add(vh, ptr + i * 4096, 4096, fd, i * 4096) == 0);
	is_int(dpu_vhost_memory_add(vh, ptr + 8 * 4096, 4096, fd, 0), -ENOSPC);
	/* The caller is told when all is done, not before. */
	script_pump(&script);
	is_int(script_told(&script, DPU_VHOST_MEMORY), 1);
	script_run(&script, ALL);
	is_int(script_told(&script, DPU_VHOST_MEMORY), 2);
	is_int(script.region_count, 8);
	/* One goes and one comes, and the peer never has more than it can have. */
	is_int(dpu_vhost_memory_remove(vh, ptr + 8192), 0);
	is_int(dpu_vhost_memory_remove(vh, ptr + 8192), -ENOENT);
	is_int(dpu_vhost_memory_add(vh, ptr + 8192, 4096, fd, 8192), -EEXIST);
	is_int(dpu_vhost_memory_add(vh, ptr + 8 * 4096, 4096, fd, 8 * 4096), 0);
	script_run(&script, ALL);
	is_int(script.region_count, 8);
	ok(!shows(&script, ptr + 8192, 4096, 8192) && shows(&script, ptr + 8 * 4096, 4096, 8 * 4096),
	   "one is gone, another one there");
	is_int(script_told(&script, DPU_VHOST_MEMORY), 3);
	is_int(dpu_vhost_memory_add(vh, ptr + 8192, 4096, fd, 8192), -ENOSPC);

	/* The next peer sees what the former saw. */
	script_die(&script);
	script_pump(&script);
	is_int(dpu_vhost_memory_remove(vh, ptr + 8 * 4096), 0);
	script_connect(&script);
	is_int(script.region_count, 7);
	ok(shows(&script, ptr, 8192, 0) && shows(&script, ptr + 7 * 4096, 4096, 7 * 4096), "all of it again");
	is_int(script_told(&script, DPU_VHOST_QUEUE_START), 4);
	/* It dies while something is on its way. */
	is_int(dpu_vhost_memory_remove(vh, ptr), 0);
	script_pump(&script);
	script_die(&script);
	script_pump(&script);
	is_int(dpu_vhost_memory_add(vh, ptr, 8192, fd, 0), 0);
	is_int(dpu_vhost_memory_add(vh, ptr + 9 * 4096, 4096, fd, 0), 0);
	is_int(dpu_vhost_memory_add(vh, ptr + 10 * 4096, 4096, fd, 0), 0);
	script_connect(&script);
	contains(dpu_error_message(dpu_vhost_error(vh)), "9 pieces of memory, and the peer takes 8");
	script_close(&script);
	munmap(ptr, 65536);
	close(fd);
	is_int(count_fds(), before);
}

static void test_memory_refused(void)
{
	struct script script;
	uint8_t *ptr;
	int fd;

	script_init(&script);
	script_open(&script, "", NULL);
	ptr = share(4096, &fd);
	script_connect(&script);
	script.wrong_request = VHOST_USER_ADD_MEM_REG;
	script.wrong = WRONG_NO;
	is_int(dpu_vhost_memory_add(script.vh, ptr, 4096, fd, 0), 0);
	script_run(&script, ALL);
	is_int(script_told(&script, DPU_VHOST_MEMORY), 0);
	is_int(script_told(&script, DPU_VHOST_DISCONNECTED), 1);
	is_int(script_told(&script, DPU_VHOST_QUEUE_STOP), 2);
	script_close(&script);
	munmap(ptr, 4096);
	close(fd);
}

int main(void)
{
	char folder[] = "/tmp/vhost-resume.XXXXXX";
	int fds = count_fds(), maps = count_maps();

	must(mkdtemp(folder) && chdir(folder) == 0);
	test_reconnection();
	test_others(DPU_VIRTIO_F_VERSION_1, DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_F_EVENT_IDX,
		    "other features");
	test_others(DPU_VIRTIO_F_VERSION_1, DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_F_RING_PACKED,
		    "another layout");
	test_others(DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_F_RING_PACKED,
		    DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_F_RING_PACKED, "packed, out of order");
	test_detached(DPU_VIRTIO_F_VERSION_1, VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD);
	test_detached(DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_F_RING_PACKED, 0);
	test_memory(UINT64_MAX);
	test_memory(VHOST_USER_PROTOCOL_F_REPLY_ACK);
	test_memory(0);
	test_memory_refused();
	is_int(count_fds(), fds);
	is_int(count_maps(), maps);
	must(chdir("/") == 0);
	ok(rmdir(folder) == 0, "no socket is left behind");
	return tap_done();
}
