/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vhost-user back-end, message by message. */
#include <sys/stat.h>
#include "vhost-rig.h"

static const uint64_t layouts[] = { DPU_VIRTIO_F_VERSION_1,
				    DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_F_RING_PACKED };

/* Split begins at 0; packed with both wrap counters 1. */
static uint32_t beginning(const struct rig *rig)
{
	return rig->features & DPU_VIRTIO_F_RING_PACKED ? 0x80008000u : 0;
}

static void test_features(void)
{
	DPU_OPTS(dpu_virtio_net_opts, net_opts,
		 .features = DPU_VIRTIO_NET_F_CSUM | DPU_VIRTIO_NET_F_MRG_RXBUF);
	DPU_OPTS(dpu_vhost_opts, opts, .queues = 4, .withhold = DPU_VIRTIO_F_RING_PACKED);
	DPU_OPTS(dpu_virtio_net_state, net_state);
	DPU_OPTS(dpu_vhost_state, state);
	struct vhost_user_message message;
	uint64_t offered;
	struct rig rig;

	must(dpu_virtio_net_create(&net_opts, &opts.net) == 0);
	rig_open(&rig, &opts);
	offered = rig_ask_u64(&rig, VHOST_USER_GET_FEATURES);
	is_int(rig_told(&rig, DPU_VHOST_CONNECTED, 0), 1);
	ok((offered & net_opts.features) == net_opts.features, "the device's features are offered");
	ok(offered & DPU_VIRTIO_NET_F_MQ, "and several pairs of queues");
	ok(!(offered & DPU_VIRTIO_F_RING_PACKED), "but not what is withheld");
	rig_say_u64(&rig, VHOST_USER_SET_PROTOCOL_FEATURES,
		    rig_ask_u64(&rig, VHOST_USER_GET_PROTOCOL_FEATURES));
	is_int(rig_ask_u64(&rig, VHOST_USER_GET_QUEUE_NUM), 4);
	is_int(rig_ask_u64(&rig, VHOST_USER_GET_MAX_MEM_SLOTS), DPU_MEMORY_REGIONS);

	message = (struct vhost_user_message){ .u64 = DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_NET_F_CSUM };
	is_int(rig_try(&rig, &message, VHOST_USER_SET_FEATURES, 8), 0);
	is_int(rig_told(&rig, DPU_VHOST_FEATURES, 0), 1);
	must(dpu_virtio_net_state(opts.net, &net_state) == 0 && dpu_vhost_state(rig.vh, &state) == 0);
	is_int(net_state.features, DPU_VIRTIO_NET_F_CSUM);
	is_int(state.features, DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_NET_F_CSUM);
	is_int(state.virtqs, 8);
	is_int(state.connected, 1);

	message = (struct vhost_user_message){ .u64 = DPU_VIRTIO_F_RING_PACKED };
	is_int(rig_try(&rig, &message, VHOST_USER_SET_FEATURES, 8), 1);
	contains(dpu_error_message(dpu_vhost_error(rig.vh)), "RING_PACKED");
	message = (struct vhost_user_message){ .u64 = VHOST_USER_PROTOCOL_F_INBAND_NOTIFICATIONS |
						      VHOST_USER_PROTOCOL_F_REPLY_ACK };
	is_int(rig_try(&rig, &message, VHOST_USER_SET_PROTOCOL_FEATURES, 8), 1);

	message = (struct vhost_user_message){ .u64 = 1500 };
	is_int(rig_try(&rig, &message, VHOST_USER_NET_SET_MTU, 8), 0);
	message = (struct vhost_user_message){ .u64 = 67 };
	is_int(rig_try(&rig, &message, VHOST_USER_NET_SET_MTU, 8), 1);
	must(dpu_vhost_state(rig.vh, &state) == 0);
	is_int(state.mtu, 1500);
	rig_forget(&rig);
	message = (struct vhost_user_message){ 0 };
	memcpy(&message.u64, "\x02\x11\x22\x33\x44\x55", 6);
	is_int(rig_try(&rig, &message, VHOST_USER_SEND_RARP, 8), 0);
	ok(rig.events[0].type == DPU_VHOST_RARP &&
		   memcmp(rig.events[0].mac, "\x02\x11\x22\x33\x44\x55", 6) == 0,
	   "RARP for that address");
	rig_close(&rig);
	dpu_virtio_net_unref(opts.net);
}

/* Three buffers through a queue, a stop in the middle, and on from where it was. */
static void test_queue(uint64_t features)
{
	struct dpu_virtq *driver, *device;
	struct dpu_virtq_chain got;
	struct rig rig;
	uint16_t head;
	uint32_t base;

	rig_open(&rig, NULL);
	rig_negotiate(&rig, features, 0);
	rig_share(&rig);
	rig_forget(&rig);
	is_int(rig_start(&rig, 1, beginning(&rig)), 0);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_START, 1), 1);
	is_int(dpu_vhost_enabled(rig.vh, 1), 1);
	is_int(dpu_vhost_enabled(rig.vh, 0), 0);
	device = dpu_vhost_virtq(rig.vh, 1);
	ok(device && !dpu_vhost_virtq(rig.vh, 0), "the queue that was started is there");
	driver = rig_driver(&rig, 1);

	rig_add(&rig, driver, 0, 0x11);
	must(eventfd_write(rig.kick[1], 1) == 0);
	rig_pump(&rig);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_NOTIFIED, 1), 1);
	is_int(rig_take(device, &head), 0x11);
	is_int(rig_return(device, head), 0);
	is_int(dpu_vhost_notify(rig.vh, 1), 0);
	ok(signalled(rig.call[1]), "the front-end is notified");
	is_int(dpu_virtq_get(driver, &got, 1), 1);
	ok(got.cookie == rig.memory + BUFFERS, "it has its buffer back");

	/* The answer has to wait for the caller. */
	rig_forget(&rig);
	rig_say(&rig, &(struct vhost_user_message){ .state = { 1, 0 } }, VHOST_USER_GET_VRING_BASE, 8);
	is_int(rig_step(&rig), 1);
	is_int(rig.events[0].type, DPU_VHOST_QUEUE_STOP);
	ok(!rig_answer(&rig, VHOST_USER_GET_VRING_BASE), "no answer before the event is handled");
	ok(dpu_vhost_virtq(rig.vh, 1) == device, "until then the queue is the caller's");
	is_int(rig_step(&rig), 0);
	must(rig_answer(&rig, VHOST_USER_GET_VRING_BASE));
	base = rig.peer.in.state.num;
	is_int(base, features & DPU_VIRTIO_F_RING_PACKED ? 0x80018001u : 1);
	ok(!dpu_vhost_virtq(rig.vh, 1), "then it is gone");
	is_int(dpu_vhost_notify(rig.vh, 1), -ENOENT);

	is_int(rig_start(&rig, 1, base), 0);
	device = dpu_vhost_virtq(rig.vh, 1);
	rig_add(&rig, driver, 1, 0x22);
	rig_add(&rig, driver, 2, 0x33);
	is_int(rig_take(device, &head), 0x22);
	is_int(rig_return(device, head), 0);
	is_int(rig_take(device, &head), 0x33);
	is_int(rig_return(device, head), 0);
	is_int(dpu_virtq_get(driver, &got, 1), 1);
	is_int(dpu_virtq_get(driver, &got, 1), 1);

	/* Disabled and enabled while it runs; kicked twice, which gives it another eventfd. */
	rig_forget(&rig);
	rig_say(&rig,
		&(struct vhost_user_message){ .header.flags = VHOST_USER_NEED_REPLY, .state = { 1, 0 } },
		VHOST_USER_SET_VRING_ENABLE, 8);
	is_int(rig_step(&rig), 1);
	ok(!rig_answer(&rig, VHOST_USER_SET_VRING_ENABLE), "no answer before the caller has handled it");
	is_int(rig_step(&rig), 0);
	ok(rig_answer(&rig, VHOST_USER_SET_VRING_ENABLE), "then there is one");
	is_int(rig_state(&rig, VHOST_USER_SET_VRING_ENABLE, 1, 0), 0);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_ENABLE, 1), 1);
	is_int(rig_state(&rig, VHOST_USER_SET_VRING_ENABLE, 1, 1), 0);
	is_int(rig_state(&rig, VHOST_USER_SET_VRING_ENABLE, 1, 2), 1);
	is_int(rig_eventfd(&rig, VHOST_USER_SET_VRING_KICK, 1, &rig.kick[1]), 0);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_STOP, 1), 1);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_START, 1), 1);
	device = dpu_vhost_virtq(rig.vh, 1);
	rig_add(&rig, driver, 3, 0x44);
	must(eventfd_write(rig.kick[1], 1) == 0);
	rig_pump(&rig);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_NOTIFIED, 1), 1);
	is_int(rig_take(device, &head), 0x44);

	/* What must not change under its feet. */
	is_int(rig_state(&rig, VHOST_USER_SET_VRING_NUM, 1, SIZE), 0);
	is_int(rig_state(&rig, VHOST_USER_SET_VRING_NUM, 1, SIZE * 2), 1);
	is_int(rig_state(&rig, VHOST_USER_SET_VRING_BASE, 1, 0), 1);
	dpu_virtq_unref(driver);
	rig_close(&rig);
}

/* A packet as DPDK's driver sends it: in an indirect table of a packed ring, and the header's entry for
 * writing. */
static void test_only_reads(void)
{
	struct iovec iov[4];
	struct dpu_virtq_chain chain = { .iov = iov, .iov_max = 4 };
	struct rig rig;
	struct virtq_desc {
		uint64_t addr;
		uint32_t len;
		uint16_t id, flags;
	} * ring, *table;
	uint32_t index;

	rig_open(&rig, NULL);
	rig_negotiate(&rig, layouts[1] | DPU_VIRTIO_F_INDIRECT_DESC, 0);
	rig_share(&rig);
	table = (struct virtq_desc *)(void *)(rig.memory + BUFFERS);
	table[0] = (struct virtq_desc){ .addr = GUEST + BUFFERS + 4096, .len = 12, .flags = 2 };
	table[1] = (struct virtq_desc){ .addr = GUEST + BUFFERS + 8192, .len = 60 };
	for (index = 0; index < 2; index++) {
		must(rig_start(&rig, index, 0x80008000u) == 0);
		ring = (struct virtq_desc *)(void *)(rig.memory + index * RING);
		/* INDIRECT, available. */
		ring[0] = (struct virtq_desc){ .addr = GUEST + BUFFERS, .len = 32, .flags = 4 | 1 << 7 };
	}
	is_int(dpu_virtq_pop(dpu_vhost_virtq(rig.vh, 0), &chain, 1), -EIO);
	contains(dpu_virtq_error(dpu_vhost_virtq(rig.vh, 0)), "comes after");
	is_int(dpu_virtq_pop(dpu_vhost_virtq(rig.vh, 1), &chain, 1), 1);
	is_int(chain.read_count, 2);
	is_int(chain.write_count, 0);
	is_int(dpu_virtq_chain_readable(&chain), 72);
	rig_close(&rig);
}

/* Memory that changes while a queue runs. */
static void test_memory(void)
{
	const struct vhost_user_region other = { GUEST + MEMORY, MEMORY, USER + MEMORY, 0 };
	struct vhost_user_message message;
	struct dpu_virtq *driver, *device;
	int before = count_maps(), fd;
	struct rig rig;
	uint16_t head;

	rig_open(&rig, NULL);
	rig_negotiate(&rig, layouts[0], VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS);
	rig_share(&rig);
	must(rig_start(&rig, 0, 0) == 0);
	device = dpu_vhost_virtq(rig.vh, 0);
	driver = rig_driver(&rig, 0);
	rig_add(&rig, driver, 0, 0x55);
	is_int(rig_take(device, &head), 0x55);

	/* One region more: the queue does not notice. */
	rig_forget(&rig);
	fd = rig_memfd(MEMORY);
	message = (struct vhost_user_message){ .slot.region = other, .fds = { fd }, .fd_count = 1 };
	is_int(rig_try(&rig, &message, VHOST_USER_ADD_MEM_REG, 40), 0);
	is_int(rig_told(&rig, DPU_VHOST_MEMORY, 0), 1);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_STOP, 0), 0);
	ok(dpu_vhost_virtq(rig.vh, 0) == device, "the queue is the same");
	is_int(count_maps(), before + 3);
	message = (struct vhost_user_message){ .slot.region = other, .fds = { rig.memfd }, .fd_count = 1 };
	is_int(rig_try(&rig, &message, VHOST_USER_ADD_MEM_REG, 40), 1);
	contains(dpu_error_message(dpu_vhost_error(rig.vh)), "overlap");
	is_int(count_maps(), before + 3);
	/* The same one is not another one: it goes when it was removed as often as it was added. */
	message = (struct vhost_user_message){ .slot.region = other, .fds = { fd }, .fd_count = 1 };
	is_int(rig_try(&rig, &message, VHOST_USER_ADD_MEM_REG, 40), 0);
	message = (struct vhost_user_message){ .slot.region = other };
	is_int(rig_try(&rig, &message, VHOST_USER_REM_MEM_REG, 40), 0);
	is_int(count_maps(), before + 3);

	/* The same table again, as when memory is plugged: likewise. */
	message = (struct vhost_user_message){
		.memory = { .count = 2, .regions = { { GUEST, MEMORY, USER, 0 }, other } },
		.fds = { rig.memfd, fd },
		.fd_count = 2,
	};
	is_int(rig_try(&rig, &message, VHOST_USER_SET_MEM_TABLE, 8 + 2 * 32), 0);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_STOP, 0), 0);
	message = (struct vhost_user_message){ .slot.region = other };
	is_int(rig_try(&rig, &message, VHOST_USER_REM_MEM_REG, 40), 0);
	is_int(rig_try(&rig, &message, VHOST_USER_REM_MEM_REG, 40), 1);
	/* The queue has not looked since: what it could still use stays. */
	is_int(rig_return(device, head), 0);
	is_int(rig_take(device, &head), -1);

	/* The rings' memory is replaced by other memory: the queue is stopped, and goes on in it. */
	message = (struct vhost_user_message){
		.memory = { .count = 1, .regions = { { GUEST, MEMORY, USER, 0 } } },
		.fds = { fd },
		.fd_count = 1,
	};
	is_int(rig_try(&rig, &message, VHOST_USER_SET_MEM_TABLE, 8 + 32), 0);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_STOP, 0), 1);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_START, 0), 1);
	is_int(count_maps(), before + 2);
	/* And by none: it is stopped. */
	message = (struct vhost_user_message){ 0 };
	is_int(rig_try(&rig, &message, VHOST_USER_SET_MEM_TABLE, 8), 0);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_STOP, 0), 2);
	ok(!dpu_vhost_virtq(rig.vh, 0), "there is no queue without memory");
	is_int(count_maps(), before + 1);
	/* With memory it comes back. */
	rig_share(&rig);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_START, 0), 2);
	close(fd);
	dpu_virtq_unref(driver);
	rig_close(&rig);
	is_int(count_maps(), before);
}

/* Migration's dirty log. */
static void test_log(void)
{
	struct vhost_user_message message;
	struct dpu_virtq *driver, *device;
	const size_t size = (GUEST + MEMORY) / 4096 / 8;
	struct iovec iov, got[2];
	struct dpu_virtq_chain chain;
	struct rig rig;
	uint8_t *log;
	int fd;

	rig_open(&rig, NULL);
	rig_negotiate(&rig, layouts[0], VHOST_USER_PROTOCOL_F_LOG_SHMFD);
	rig_share(&rig);
	must(rig_start(&rig, 0, 0) == 0);
	device = dpu_vhost_virtq(rig.vh, 0);
	driver = rig_driver(&rig, 0);
	fd = rig_memfd(4096);
	log = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(log != MAP_FAILED);
	rig_forget(&rig);
	message = (struct vhost_user_message){ .log = { size - 1, 0 }, .fds = { fd }, .fd_count = 1 };
	is_int(rig_try(&rig, &message, VHOST_USER_SET_LOG_BASE, 16), 1);
	contains(dpu_error_message(dpu_vhost_error(rig.vh)), "too small");
	message.log.size = size;
	is_int(rig_try(&rig, &message, VHOST_USER_SET_LOG_BASE, 16), 0);
	is_int(rig_told(&rig, DPU_VHOST_LOG, 0), 0);
	message = (struct vhost_user_message){ .u64 = layouts[0] | DPU_VHOST_F_LOG_ALL |
						      DPU_VHOST_USER_F_PROTOCOL_FEATURES };
	is_int(rig_try(&rig, &message, VHOST_USER_SET_FEATURES, 8), 0);
	is_int(rig_told(&rig, DPU_VHOST_LOG, 0), 1);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_STOP, 0), 0);
	/* QEMU says the addresses again then. */
	message = rig_addr(&rig, 0);
	message.addr.flags = 1;
	is_int(rig_try(&rig, &message, VHOST_USER_SET_VRING_ADDR, sizeof(message.addr)), 0);

	iov = (struct iovec){ rig.memory + BUFFERS + 5 * 4096, 4096 };
	chain = (struct dpu_virtq_chain){ .iov = &iov, .write_count = 1 };
	must(dpu_virtq_add(driver, &chain, 1) == 1);
	chain = (struct dpu_virtq_chain){ .iov = got, .iov_max = 2 };
	must(dpu_virtq_pop(device, &chain, 1) == 1);
	dpu_virtq_chain_write(&chain, 0, "dirty", 5);
	chain.written = 5;
	is_int(dpu_virtq_push(device, &chain, 1), 0);
	is_int(log[(GUEST + BUFFERS + 5 * 4096) / 4096 / 8], 1 << (GUEST + BUFFERS + 5 * 4096) / 4096 % 8);
	is_int(log[(GUEST + BUFFERS + 6 * 4096) / 4096 / 8] & 1 << (GUEST + BUFFERS + 6 * 4096) / 4096 % 8,
	       0);

	message = (struct vhost_user_message){ .u64 = layouts[0] | DPU_VHOST_USER_F_PROTOCOL_FEATURES };
	is_int(rig_try(&rig, &message, VHOST_USER_SET_FEATURES, 8), 0);
	is_int(rig_told(&rig, DPU_VHOST_LOG, 0), 2);
	munmap(log, 4096);
	close(fd);
	dpu_virtq_unref(driver);
	rig_close(&rig);
}

/* Behind an IOTLB: the rings and then a buffer are asked for. */
static void test_iotlb(void)
{
	struct vhost_user_message message;
	struct dpu_virtq *driver, *device;
	struct vhost_channel back;
	struct rig rig;
	uint16_t head;
	int pair[2];

	rig_open(&rig, NULL);
	rig_negotiate(&rig, layouts[0] | DPU_VIRTIO_F_ACCESS_PLATFORM, VHOST_USER_PROTOCOL_F_BACKEND_REQ);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	vhost_channel_init(&back);
	must(vhost_channel_open(&back, pair[0]) == 0);
	message = (struct vhost_user_message){ .fds = { pair[1] }, .fd_count = 1 };
	is_int(rig_try(&rig, &message, VHOST_USER_SET_BACKEND_REQ_FD, 0), 0);
	close(pair[1]);
	rig_share(&rig);
	rig_forget(&rig);
	is_int(rig_start(&rig, 0, 0), 0);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_START, 0), 0);
	must(vhost_channel_receive(&back) == 1);
	is_int(back.in.header.request, VHOST_USER_BACKEND_IOTLB_MSG);
	is_int(back.in.iotlb.type, VHOST_USER_IOTLB_MISS);
	is_int(back.in.iotlb.iova, USER);

	/* Addresses of rings are I/O addresses, too: this one says where they are. */
	message = (struct vhost_user_message){
		.iotlb = { .iova = USER,
			   .size = RING,
			   .user = USER,
			   .access = 3,
			   .type = VHOST_USER_IOTLB_UPDATE },
	};
	is_int(rig_try(&rig, &message, VHOST_USER_IOTLB_MSG, sizeof(message.iotlb)), 0);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_START, 0), 1);
	device = dpu_vhost_virtq(rig.vh, 0);
	must(device);
	driver = rig_driver(&rig, 0);
	rig_add(&rig, driver, 0, 0x66);
	is_int(rig_take(device, &head), -EFAULT);
	is_int(dpu_vhost_miss(rig.vh, 0), 0);
	must(vhost_channel_receive(&back) == 1);
	is_int(back.in.iotlb.iova, GUEST + BUFFERS);
	message = (struct vhost_user_message){
		.iotlb = { .iova = GUEST + BUFFERS,
			   .size = 4096,
			   .user = USER + BUFFERS,
			   .access = 1,
			   .type = VHOST_USER_IOTLB_UPDATE },
	};
	rig_forget(&rig);
	is_int(rig_try(&rig, &message, VHOST_USER_IOTLB_MSG, sizeof(message.iotlb)), 0);
	rig_pump(&rig);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_NOTIFIED, 0), 1);
	is_int(rig_take(device, &head), 0x66);
	is_int(dpu_vhost_miss(rig.vh, 0), -ENOENT);
	is_int(rig_return(device, head), 0);

	message.iotlb.type = VHOST_USER_IOTLB_INVALIDATE;
	is_int(rig_try(&rig, &message, VHOST_USER_IOTLB_MSG, sizeof(message.iotlb)), 0);
	is_int(rig_told(&rig, DPU_VHOST_MEMORY, 0), 1);
	rig_add(&rig, driver, 1, 0x77);
	is_int(rig_take(device, &head), -EFAULT);
	message.iotlb.user = USER + 2 * MEMORY;
	message.iotlb.type = VHOST_USER_IOTLB_UPDATE;
	is_int(rig_try(&rig, &message, VHOST_USER_IOTLB_MSG, sizeof(message.iotlb)), 1);
	vhost_channel_close(&back);
	dpu_virtq_unref(driver);
	rig_close(&rig);
}

static void test_in_band(void)
{
	struct vhost_user_message message;
	struct vhost_channel back;
	struct dpu_virtq *driver;
	struct rig rig;
	int pair[2];

	rig_open(&rig, NULL);
	rig_negotiate(&rig, layouts[0],
		      VHOST_USER_PROTOCOL_F_BACKEND_REQ | VHOST_USER_PROTOCOL_F_INBAND_NOTIFICATIONS);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	vhost_channel_init(&back);
	must(vhost_channel_open(&back, pair[0]) == 0);
	message = (struct vhost_user_message){ .fds = { pair[1] }, .fd_count = 1 };
	is_int(rig_try(&rig, &message, VHOST_USER_SET_BACKEND_REQ_FD, 0), 0);
	close(pair[1]);
	rig_share(&rig);
	must(rig_start(&rig, 0, 0) == 0);
	message = (struct vhost_user_message){ .u64 = VHOST_USER_VRING_NOFD };
	is_int(rig_try(&rig, &message, VHOST_USER_SET_VRING_CALL, 8), 0);
	must(vhost_channel_receive(&back) == 1);
	is_int(back.in.header.request, VHOST_USER_BACKEND_VRING_CALL);
	message = (struct vhost_user_message){ .u64 = VHOST_USER_VRING_NOFD };
	is_int(rig_try(&rig, &message, VHOST_USER_SET_VRING_KICK, 8), 0);
	driver = rig_driver(&rig, 0);
	rig_forget(&rig);
	is_int(rig_state(&rig, VHOST_USER_VRING_KICK, 0, 0), 0);
	rig_pump(&rig);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_NOTIFIED, 0), 1);
	is_int(dpu_vhost_notify(rig.vh, 0), 0);
	must(vhost_channel_receive(&back) == 1);
	is_int(back.in.header.request, VHOST_USER_BACKEND_VRING_CALL);
	is_int(back.in.state.index, 0);
	vhost_channel_close(&back);
	rig_pump(&rig);
	is_int(dpu_vhost_notify(rig.vh, 0), -EIO);
	dpu_virtq_unref(driver);
	rig_close(&rig);
}

/* A back-end dies with chains out; its successor takes them again. */
static void test_inflight(uint64_t features)
{
	struct vhost_user_message message, *answer;
	struct dpu_virtq *driver;
	struct rig rig, next;
	uint16_t head;
	int fd;

	rig_open(&rig, NULL);
	rig_negotiate(&rig, features, VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD);
	rig_share(&rig);
	message = (struct vhost_user_message){ .inflight = { .queues = 1, .queue_size = SIZE } };
	rig_say(&rig, &message, VHOST_USER_GET_INFLIGHT_FD, VHOST_USER_INFLIGHT_SIZE);
	rig_pump(&rig);
	answer = rig_answer(&rig, VHOST_USER_GET_INFLIGHT_FD);
	must(answer && answer->fd_count == 1);
	ok(answer->inflight.size >= SIZE * 16, "there is a region");
	fd = vhost_message_take(answer, 0);
	message.inflight = answer->inflight;
	must(rig_start(&rig, 0, beginning(&rig)) == 0);
	driver = rig_driver(&rig, 0);
	rig_add(&rig, driver, 0, 1);
	rig_add(&rig, driver, 1, 2);
	rig_add(&rig, driver, 2, 3);
	is_int(rig_take(dpu_vhost_virtq(rig.vh, 0), &head), 1);
	is_int(rig_take(dpu_vhost_virtq(rig.vh, 0), &head), 2);
	is_int(rig_return(dpu_vhost_virtq(rig.vh, 0), head), 0);

	/* The successor has the same memory. */
	rig_open(&next, NULL);
	close(next.memfd);
	next.memfd = dup(rig.memfd);
	rig_negotiate(&next, features, VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD);
	rig_share(&next);
	message.fds[0] = fd;
	message.fd_count = 1;
	message.inflight.queues = 1;
	is_int(rig_try(&next, &message, VHOST_USER_SET_INFLIGHT_FD, VHOST_USER_INFLIGHT_SIZE), 0);
	is_int(rig_start(&next, 0, beginning(&next)), 0);
	is_int(rig_take(dpu_vhost_virtq(next.vh, 0), &head), 1);
	is_int(rig_return(dpu_vhost_virtq(next.vh, 0), head), 0);
	is_int(rig_take(dpu_vhost_virtq(next.vh, 0), &head), 3);
	is_int(rig_return(dpu_vhost_virtq(next.vh, 0), head), 0);
	is_int(rig_take(dpu_vhost_virtq(next.vh, 0), &head), -1);
	close(fd);
	rig_close(&next);
	dpu_virtq_unref(driver);
	rig_close(&rig);
}

/* Configuration, status, reset and the device's state, of a block device. */
static void test_blk(void)
{
	static uint8_t disk[64 * 1024];
	DPU_OPTS(dpu_virtio_blk_backend, backend);
	DPU_OPTS(dpu_virtio_blk_opts, blk_opts, .backend = &backend, .num_queues = 2);
	DPU_OPTS(dpu_vhost_opts, opts, .queues = 2);
	struct vhost_user_message message, *answer;
	uint8_t state[256];
	ssize_t len;
	struct rig rig;
	size_t used;
	int pipes[2];

	must(dpu_virtio_blk_backend_memory(disk, sizeof(disk), 0, &backend) == 0);
	must(dpu_virtio_blk_create(&blk_opts, &opts.blk) == 0);
	rig_open(&rig, &opts);
	rig_negotiate(&rig, DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_BLK_F_CONFIG_WCE | DPU_VIRTIO_BLK_F_FLUSH,
		      VHOST_USER_PROTOCOL_F_CONFIG | VHOST_USER_PROTOCOL_F_STATUS |
			      VHOST_USER_PROTOCOL_F_RESET_DEVICE | VHOST_USER_PROTOCOL_F_DEVICE_STATE);
	message = (struct vhost_user_message){ .config = { .size = 60 } };
	rig_say(&rig, &message, VHOST_USER_GET_CONFIG, 12 + 60);
	rig_pump(&rig);
	answer = rig_answer(&rig, VHOST_USER_GET_CONFIG);
	must(answer && answer->header.size == 12 + 60);
	is_int(answer->config.bytes[0], sizeof(disk) / 512);
	is_int(answer->config.bytes[32], 1); /* writeback */
	message = (struct vhost_user_message){ .config = { .offset = 32, .size = 1, .bytes = { 0 } } };
	is_int(rig_try(&rig, &message, VHOST_USER_SET_CONFIG, 13), 0);
	message.config.offset = 0;
	is_int(rig_try(&rig, &message, VHOST_USER_SET_CONFIG, 13), 1);
	message = (struct vhost_user_message){ .config = { .offset = 250, .size = 60 } };
	rig_say(&rig, &message, VHOST_USER_GET_CONFIG, 12 + 60);
	rig_pump(&rig);
	answer = rig_answer(&rig, VHOST_USER_GET_CONFIG);
	ok(answer && answer->header.size == 0, "configuration beyond the end: an answer of no bytes");

	/* The cache mode travels to another device. */
	must(pipe2(pipes, O_CLOEXEC) == 0);
	message = (struct vhost_user_message){ .transfer = { 0, 0 }, .fds = { pipes[1] }, .fd_count = 1 };
	rig_say(&rig, &message, VHOST_USER_SET_DEVICE_STATE_FD, 8);
	close(pipes[1]);
	rig_pump(&rig);
	answer = rig_answer(&rig, VHOST_USER_SET_DEVICE_STATE_FD);
	must(answer);
	is_int(answer->u64, VHOST_USER_VRING_NOFD);
	len = read(pipes[0], state, sizeof(state));
	ok(len > 0, "the state is in the pipe");
	close(pipes[0]);
	is_int(rig_ask_u64(&rig, VHOST_USER_CHECK_DEVICE_STATE), 0);
	rig_close(&rig);

	rig_open(&rig, &opts);
	rig_negotiate(&rig, DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_BLK_F_CONFIG_WCE | DPU_VIRTIO_BLK_F_FLUSH,
		      VHOST_USER_PROTOCOL_F_CONFIG | VHOST_USER_PROTOCOL_F_DEVICE_STATE |
			      VHOST_USER_PROTOCOL_F_STATUS | VHOST_USER_PROTOCOL_F_RESET_DEVICE);
	must(pipe2(pipes, O_CLOEXEC) == 0);
	message = (struct vhost_user_message){ .transfer = { 1, 0 }, .fds = { pipes[0] }, .fd_count = 1 };
	rig_say(&rig, &message, VHOST_USER_SET_DEVICE_STATE_FD, 8);
	close(pipes[0]);
	rig_pump(&rig);
	must(rig_answer(&rig, VHOST_USER_SET_DEVICE_STATE_FD));
	must(write(pipes[1], state, (size_t)len) == len);
	close(pipes[1]);
	is_int(rig_ask_u64(&rig, VHOST_USER_CHECK_DEVICE_STATE), 0);
	dpu_virtio_blk_config_read(opts.blk, 32, state, 1);
	is_int(state[0], 0);
	/* Nonsense is told, and harms nothing. */
	must(pipe2(pipes, O_CLOEXEC) == 0);
	message = (struct vhost_user_message){ .transfer = { 1, 0 }, .fds = { pipes[0] }, .fd_count = 1 };
	rig_say(&rig, &message, VHOST_USER_SET_DEVICE_STATE_FD, 8);
	close(pipes[0]);
	must(write(pipes[1], "nonsense", 8) == 8);
	close(pipes[1]);
	rig_pump(&rig);
	must(rig_answer(&rig, VHOST_USER_SET_DEVICE_STATE_FD));
	is_int(rig_ask_u64(&rig, VHOST_USER_CHECK_DEVICE_STATE), 1);

	/* Reset, by both ways. */
	rig_share(&rig);
	/* As if five chains had come and gone. */
	rig_ring(&rig, NULL, &used);
	*(uint16_t *)(void *)(rig.memory + used + 2) = 5;
	must(rig_start(&rig, 0, 5) == 0);
	is_int(rig_ask_u64(&rig, VHOST_USER_GET_STATUS), 0);
	message = (struct vhost_user_message){ .u64 = 15 };
	is_int(rig_try(&rig, &message, VHOST_USER_SET_STATUS, 8), 0);
	is_int(rig_ask_u64(&rig, VHOST_USER_GET_STATUS), 15);
	rig_forget(&rig);
	message = (struct vhost_user_message){ .u64 = 0 };
	is_int(rig_try(&rig, &message, VHOST_USER_SET_STATUS, 8), 0);
	is_int(rig_told(&rig, DPU_VHOST_QUEUE_STOP, 0), 1);
	is_int(rig_told(&rig, DPU_VHOST_RESET, 0), 1);
	/* QEMU asks for the position after that. */
	must(rig_state(&rig, VHOST_USER_GET_VRING_BASE, 0, 0) == 0);
	is_int(rig.peer.in.state.num, 5);
	must(rig_start(&rig, 0, 5) == 0);
	message = (struct vhost_user_message){ 0 };
	is_int(rig_try(&rig, &message, VHOST_USER_RESET_DEVICE, 0), 0);
	is_int(rig_told(&rig, DPU_VHOST_RESET, 0), 2);
	ok(!dpu_vhost_virtq(rig.vh, 0), "no queue is left");

	/* A driver that dies leaves nothing to the next one. */
	message = (struct vhost_user_message){ .u64 = DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_BLK_F_FLUSH |
						      DPU_VIRTIO_BLK_F_CONFIG_WCE };
	is_int(rig_try(&rig, &message, VHOST_USER_SET_FEATURES, 8), 0);
	is_int(dpu_virtio_blk_config_write(opts.blk, 32, "\0", 1), 0);
	vhost_channel_close(&rig.peer);
	rig_pump(&rig);
	is_int(dpu_virtio_blk_config_write(opts.blk, 32, "\0", 1), -EPERM);
	rig_close(&rig);
	dpu_virtio_blk_unref(opts.blk);
}

int main(void)
{
	int fds = count_fds(), maps = count_maps();
	size_t i;

	test_features();
	for (i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		tap_diag("%s", i ? "packed" : "split");
		test_queue(layouts[i]);
		test_inflight(layouts[i]);
	}
	test_only_reads();
	test_memory();
	test_log();
	test_iotlb();
	test_in_band();
	test_blk();
	is_int(count_fds(), fds);
	is_int(count_maps(), maps);
	return tap_done();
}
