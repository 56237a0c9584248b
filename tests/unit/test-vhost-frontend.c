/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vhost-user front-end against a back-end that says what the test wants. */
#include "fail-alloc.h"
#include "vhost-script.h"

#define ALL UINT32_MAX
#define FULL_LOG                                                                                             \
	"GET_FEATURES GET_PROTOCOL_FEATURES SET_PROTOCOL_FEATURES GET_QUEUE_NUM SET_OWNER "                  \
	"SET_BACKEND_REQ_FD GET_MAX_MEM_SLOTS SET_STATUS GET_CONFIG SET_FEATURES SET_STATUS GET_STATUS "     \
	"GET_INFLIGHT_FD SET_INFLIGHT_FD ADD_MEM_REG SET_VRING_NUM SET_VRING_NUM SET_VRING_BASE "            \
	"SET_VRING_BASE SET_VRING_ADDR SET_VRING_ADDR SET_VRING_CALL SET_VRING_CALL SET_VRING_KICK "         \
	"SET_VRING_KICK SET_VRING_ENABLE SET_VRING_ENABLE SET_STATUS"
#define BARE_LOG                                                                                             \
	"GET_FEATURES SET_OWNER SET_FEATURES SET_MEM_TABLE GET_FEATURES SET_VRING_NUM SET_VRING_NUM "        \
	"SET_VRING_BASE SET_VRING_BASE SET_VRING_ADDR SET_VRING_ADDR SET_VRING_CALL SET_VRING_CALL "         \
	"SET_VRING_KICK SET_VRING_KICK"

static const char *log_text(const struct script *script)
{
	static char text[65536];
	size_t used = 0;
	uint32_t i;

	text[0] = '\0';
	for (i = 0; i < script->count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "",
					 vhost_user_request_name(script->log[i]));
	return text;
}

static bool readable(int fd)
{
	eventfd_t count;

	return eventfd_read(fd, &count) == 0;
}

static bool inside(const struct script *script, uint64_t addr)
{
	uint32_t i;

	for (i = 0; i < script->region_count; i++) {
		if (addr - script->regions[i].user < script->regions[i].size)
			return true;
	}
	return false;
}

static void check_rings(struct script *script, uint32_t base)
{
	uint32_t i;

	for (i = 0; i < 2; i++) {
		struct script_ring *ring = &script->rings[i];

		is_int(ring->num, 256);
		is_int(ring->base, base);
		is_int(ring->addr.index, i);
		ok(inside(script, ring->addr.desc) && inside(script, ring->addr.avail) &&
			   inside(script, ring->addr.used),
		   "ring %u is in the memory that is shared", i);
		ok(readable(ring->kick), "ring %u is notified once, which starts it", i);
		eventfd_write(ring->call, 1);
	}
	ok(script->rings[0].addr.desc != script->rings[1].addr.desc, "each has its own place");
	script_pump(script);
	is_int(script_told(script, DPU_VHOST_QUEUE_NOTIFIED), 2);
}

static void test_handshake(void)
{
	DPU_OPTS(dpu_vhost_opts, opts, .features = DPU_VIRTIO_NET_F_CSUM | DPU_VIRTIO_NET_F_MAC);
	DPU_OPTS(dpu_vhost_state, state);
	struct script script;
	uint8_t mac[6];
	size_t size;

	script_init(&script);
	script.features |= DPU_VIRTIO_NET_F_CSUM | DPU_VIRTIO_NET_F_MRG_RXBUF;
	memcpy(script.config, "\2\1\2\3\4\5", 6);
	script_open(&script, "", &opts);
	ok(dpu_vhost_memory(script.vh, &size) && size >= 16 << 20, "there is memory before there is a peer");
	is_int(dpu_vhost_config_read(script.vh, 0, mac, 6), -ENOTCONN);
	script_connect(&script);
	is_str(log_text(&script), FULL_LOG);
	is_int(script.events[0].type, DPU_VHOST_CONNECTED);
	is_int(script_told(&script, DPU_VHOST_QUEUE_START), 2);
	is_int(script_told(&script, DPU_VHOST_DISCONNECTED), 0);
	is_int(script.accepted, DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_F_RING_PACKED | DPU_VIRTIO_NET_F_CSUM |
					DPU_VHOST_USER_F_PROTOCOL_FEATURES);
	is_int(script.status, DPU_VIRTIO_STATUS_ACKNOWLEDGE | DPU_VIRTIO_STATUS_DRIVER |
				      DPU_VIRTIO_STATUS_FEATURES_OK | DPU_VIRTIO_STATUS_DRIVER_OK);
	must(dpu_vhost_state(script.vh, &state) == 0);
	is_int(state.features | DPU_VHOST_USER_F_PROTOCOL_FEATURES, script.accepted);
	is_int(state.offered | DPU_VHOST_USER_F_PROTOCOL_FEATURES, script.features);
	is_int(state.protocol_features, script.used);
	is_int(state.status, script.status);
	is_int(state.connected, 1);
	is_int(state.role, DPU_VHOST_FRONTEND);
	is_int(dpu_vhost_config_read(script.vh, 0, mac, 6), 6);
	ok(memcmp(mac, "\2\1\2\3\4\5", 6) == 0, "the configuration space was read");
	is_int(dpu_vhost_config_changed(script.vh), -EINVAL);

	is_int(script.region_count, 1);
	ok(fcntl(script.region_fds[0], F_GET_SEALS) & F_SEAL_SHRINK, "its file cannot become shorter");
	is_int(script.inflight.queues, 2);
	is_int(script.inflight.queue_size, 256);
	is_int(script.rings[0].enabled + script.rings[1].enabled, 2);
	check_rings(&script, 0x80008000u);
	ok(dpu_vhost_enabled(script.vh, 1), "queues are enabled");
	is_int(dpu_vhost_notify(script.vh, 1), 0);
	ok(readable(script.rings[1].kick) && !readable(script.rings[0].kick), "the peer is notified");
	script_close(&script);

	/* A back-end that knows nothing but rings. */
	script_init(&script);
	script.features = DPU_VIRTIO_F_VERSION_1;
	script_open(&script, ",queues=4", NULL);
	script_connect(&script);
	is_str(log_text(&script), BARE_LOG);
	is_int(script_told(&script, DPU_VHOST_QUEUE_START), 2);
	is_int(script.accepted, DPU_VIRTIO_F_VERSION_1);
	is_int(dpu_vhost_config_read(script.vh, 0, mac, 6), -EOPNOTSUPP);
	check_rings(&script, 0);
	script_close(&script);
}

static uint64_t accepts(uint64_t offered, const char *words, uint64_t features)
{
	DPU_OPTS(dpu_vhost_opts, opts, .features = features);
	struct script script;
	uint64_t accepted;

	script_init(&script);
	script.features = offered;
	script_open(&script, words, &opts);
	script_connect(&script);
	accepted = script.accepted;
	script_close(&script);
	return accepted;
}

static void test_features(void)
{
	const uint64_t rings = DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_F_RING_PACKED | DPU_VIRTIO_F_EVENT_IDX |
			       DPU_VIRTIO_F_INDIRECT_DESC | DPU_VIRTIO_F_IN_ORDER;

	is_int(accepts(~UINT64_C(0) & ~DPU_VHOST_USER_F_PROTOCOL_FEATURES, "", 0), rings);
	is_int(accepts(~UINT64_C(0) & ~DPU_VHOST_USER_F_PROTOCOL_FEATURES,
		       ",without=ring_packed+in_order+event_idx", 0),
	       DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_F_INDIRECT_DESC);
	is_int(accepts(DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_F_ACCESS_PLATFORM, "",
		       DPU_VIRTIO_F_ACCESS_PLATFORM),
	       DPU_VIRTIO_F_VERSION_1);
	is_int(accepts(DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_NET_F_HOST_TSO4 | DPU_VIRTIO_NET_F_HOST_ECN, "",
		       UINT64_MAX),
	       DPU_VIRTIO_F_VERSION_1);
	is_int(accepts(DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_NET_F_CTRL_VQ | DPU_VIRTIO_NET_F_MQ |
			       DPU_VIRTIO_NET_F_MTU,
		       "", UINT64_MAX),
	       DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_NET_F_MTU);
}

/* The MTU that a device of these features is told, and the handle then says. */
static int64_t mtu_told(uint64_t features, uint64_t protocol, const char *words)
{
	DPU_OPTS(dpu_vhost_opts, opts, .features = DPU_VIRTIO_NET_F_MTU);
	DPU_OPTS(dpu_vhost_state, state);
	struct script script;
	int64_t told;

	script_init(&script);
	script.features |= features;
	script.protocol |= protocol;
	script_open(&script, words, &opts);
	script_connect(&script);
	is_int(script_told(&script, DPU_VHOST_QUEUE_START), 2);
	must(dpu_vhost_state(script.vh, &state) == 0);
	is_int(state.mtu, script.mtu);
	is_int(script.used & VHOST_USER_PROTOCOL_F_MTU, strstr(words, "mtu=") ? protocol : 0);
	told = (int64_t)script.mtu;
	script_close(&script);
	return told;
}

static void test_mtu(void)
{
	DPU_OPTS(dpu_vhost_opts, opts, .features = DPU_VIRTIO_NET_F_MTU, .mtu = 9000);
	DPU_OPTS(dpu_vhost_state, state);
	struct script script;

	is_int(mtu_told(DPU_VIRTIO_NET_F_MTU, VHOST_USER_PROTOCOL_F_MTU, ",mtu=1400"), 1400);
	is_int(mtu_told(DPU_VIRTIO_NET_F_MTU, VHOST_USER_PROTOCOL_F_MTU, ""), 0);
	is_int(mtu_told(DPU_VIRTIO_NET_F_MTU, 0, ",mtu=1400"), 0);
	is_int(mtu_told(0, VHOST_USER_PROTOCOL_F_MTU, ",mtu=1400"), 0);
	is_int(mtu_told(DPU_VIRTIO_NET_F_MTU, VHOST_USER_PROTOCOL_F_MTU, ",mtu=1400,without=mtu"), 0);

	script_init(&script);
	script.features |= DPU_VIRTIO_NET_F_MTU;
	script.protocol |= VHOST_USER_PROTOCOL_F_MTU;
	script.wrong_request = VHOST_USER_NET_SET_MTU;
	script.wrong = WRONG_NO;
	script_open(&script, "", &opts);
	script_connect(&script);
	is_int(script_told(&script, DPU_VHOST_DISCONNECTED), 1);
	is_int(dpu_error_code(dpu_vhost_error(script.vh)), -EIO);
	is_str(dpu_error_step(dpu_vhost_error(script.vh)), "NET_SET_MTU");
	contains(dpu_error_message(dpu_vhost_error(script.vh)), "does not take an MTU of 9000 bytes");
	must(dpu_vhost_state(script.vh, &state) == 0);
	is_int(state.mtu, 0);
	script_close(&script);
}

static void test_queues(void)
{
	struct script script;
	char error[256] = "";
	DPU_OPTS(dpu_vhost_opts, opts, .queue_size = 40000, .role = DPU_VHOST_FRONTEND, .error = error,
		 .error_size = sizeof(error));
	struct dpu_vhost *vh = NULL;
	uint32_t i;

	script_init(&script);
	script.queue_num = 3;
	script_open(&script, ",queues=4", NULL);
	script_connect(&script);
	is_int(script_told(&script, DPU_VHOST_QUEUE_START), 6);
	ok(dpu_vhost_virtq(script.vh, 5) && !dpu_vhost_virtq(script.vh, 6), "as many as the peer has");
	script_close(&script);

	script_init(&script);
	script.queue_num = 100;
	script_open(&script, ",queues=4", NULL);
	script_connect(&script);
	is_int(script_told(&script, DPU_VHOST_QUEUE_START), 8);
	script_close(&script);

	is_int(dpu_vhost_open("vhost-user:/nowhere", &opts, &vh), -EINVAL);
	contains(error, "40000");

	script_init(&script);
	script_open(&script, ",size=100", NULL);
	script_connect(&script);
	is_int(script.rings[0].num, 100);
	script_die(&script);
	script_pump(&script);
	script.features &= ~DPU_VIRTIO_F_RING_PACKED;
	script_connect(&script);
	ok(!script.rings[0].enabled || script.rings[0].kick < 0, "no ring is set up that there cannot be");
	contains(dpu_error_message(dpu_vhost_error(script.vh)), "no packed rings");
	script_close(&script);

	/* So many messages fill the socket: what finds no room is said later, once and in its order. */
	script_init(&script);
	script.features = DPU_VIRTIO_F_VERSION_1 | DPU_VHOST_USER_F_PROTOCOL_FEATURES;
	script.protocol = VHOST_USER_PROTOCOL_F_MQ;
	script.queue_num = 64;
	script_open(&script, ",queues=64,size=64", NULL);
	must(script_try_connect(&script) == 0);
	while (script.count < 6 || script.log[script.count - 1] != VHOST_USER_SET_MEM_TABLE)
		script_run(&script, script.count + 1);
	script_run(&script, script.count + 1); /* the barrier: now it speaks without a pause */
	is_int(script_told(&script, DPU_VHOST_QUEUE_START), 0);
	for (i = script.count; script_step(&script);)
		;
	ok(script.count - i < 128 * 6, "the socket is full before all is said (%u messages)",
	   script.count - i);
	script_run(&script, ALL);
	is_int(script.count - i, 128 * 6);
	for (i = 0; i < 128; i++) {
		if (script.rings[i].num != 64 || script.rings[i].enabled != 1 || script.rings[i].kick < 0 ||
		    script.rings[i].call < 0 || script.rings[i].addr.index != i)
			break;
	}
	is_int(i, 128);
	is_int(script_told(&script, DPU_VHOST_QUEUE_START), 128);
	script_close(&script);
}

/* Which answers of a request can be wrong in which way. */
static bool can_be(uint32_t request, enum wrong wrong)
{
	bool acknowledged = request == VHOST_USER_SET_FEATURES || request == VHOST_USER_SET_VRING_ADDR ||
			    request == VHOST_USER_SET_INFLIGHT_FD || request == VHOST_USER_ADD_MEM_REG ||
			    request == VHOST_USER_SET_BACKEND_REQ_FD ||
			    request == VHOST_USER_SET_VRING_ENABLE;

	return wrong == WRONG_NO ? acknowledged : wrong != RIGHT;
}

static void test_wrong_answers(void)
{
	static const uint32_t answered[] = {
		VHOST_USER_GET_FEATURES,     VHOST_USER_GET_PROTOCOL_FEATURES,
		VHOST_USER_GET_QUEUE_NUM,    VHOST_USER_GET_MAX_MEM_SLOTS,
		VHOST_USER_GET_CONFIG,       VHOST_USER_GET_STATUS,
		VHOST_USER_GET_INFLIGHT_FD,  VHOST_USER_SET_FEATURES,
		VHOST_USER_SET_VRING_ADDR,   VHOST_USER_SET_INFLIGHT_FD,
		VHOST_USER_ADD_MEM_REG,      VHOST_USER_SET_BACKEND_REQ_FD,
		VHOST_USER_SET_VRING_ENABLE,
	};
	struct script script;
	int fds, maps;
	uint32_t i, n;

	script_init(&script);
	script_open(&script, "", NULL);
	fds = count_fds();
	maps = count_maps();
	for (i = 0; i < sizeof(answered) / sizeof(answered[0]); i++) {
		for (n = 0; n < WRONGS; n++) {
			if (!can_be(answered[i], (enum wrong)n))
				continue;
			script.wrong_request = answered[i];
			script.wrong = (enum wrong)n;
			script.event_count = 0;
			script_connect(&script);
			ok(script_told(&script, DPU_VHOST_DISCONNECTED) == 1 &&
				   script.events[script.event_count - 1].value && dpu_vhost_error(script.vh),
			   "%s answered wrongly (%u) ends the connection: %s",
			   vhost_user_request_name(answered[i]), n,
			   dpu_vhost_error(script.vh) ? dpu_error_message(dpu_vhost_error(script.vh)) : "-");
			script_die(&script);
			script_pump(&script);
		}
	}
	script.wrong_request = 0;
	script.event_count = 0;
	/* What no message can be. */
	must(script_try_connect(&script) == 0);
	must(write(script.peer.fd, "GET / HTTP/1.0\r\n\r\n", 18) == 18);
	script_pump(&script);
	is_int(script_told(&script, DPU_VHOST_DISCONNECTED), 1);
	script_die(&script);
	/* A device without queues, and one that takes no features. */
	script.queue_num = 0;
	script_connect(&script);
	contains(dpu_error_message(dpu_vhost_error(script.vh)), "without queues");
	script_die(&script);
	script.queue_num = 1;
	script_pump(&script);
	is_int(count_fds(), fds + 1); /* the in-flight region, for the next one */
	is_int(count_maps(), maps);
	script.event_count = 0;
	script_connect(&script);
	is_int(script_told(&script, DPU_VHOST_QUEUE_START), 2);
	script_close(&script);
}

/* The peer dies after each message in turn. */
static void test_deaths(uint64_t features, uint64_t protocol)
{
	struct script script;
	uint32_t k, deaths = 0;
	int fds, maps;
	bool same = true;

	script_init(&script);
	script.features = features;
	script.protocol = protocol;
	script_open(&script, "", NULL);
	fds = count_fds();
	maps = count_maps();
	for (k = 0;; k++) {
		script.event_count = 0;
		must(script_try_connect(&script) == 0);
		script_run(&script, k);
		if (script.count < k)
			break;
		script_die(&script);
		script_pump(&script);
		deaths += script_told(&script, DPU_VHOST_DISCONNECTED);
		same = same && script_told(&script, DPU_VHOST_QUEUE_START) ==
				       script_told(&script, DPU_VHOST_QUEUE_STOP);
		/* In-flight region and queues are kept for the next one. */
		same = same && count_fds() <= fds + 1 && count_maps() == maps;
	}
	is_int(deaths, k);
	ok(same, "nothing is left behind by %u peers that die", k);
	is_int(script_told(&script, DPU_VHOST_QUEUE_START), 2);
	script_close(&script);
	ok(count_fds() < fds, "the handle takes all with it");
	is_int(count_maps(), maps - 1);
}

/* What the back-end says on its own channel. -1: it has no answer. */
static int64_t back_says(struct script *script, uint32_t request, uint32_t flags, uint32_t size)
{
	struct vhost_user_message message = { .header = { request, VHOST_USER_VERSION | flags, size } };

	must(vhost_channel_send(&script->back, &message) == 0);
	script_run(script, ALL);
	if (script->back.fd < 0 || vhost_channel_receive(&script->back) != 1)
		return -1;
	must(script->back.in.header.request == request && script->back.in.header.size == 8 &&
	     script->back.in.header.flags == (VHOST_USER_VERSION | VHOST_USER_REPLY));
	return (int64_t)script->back.in.u64;
}

static void test_config(void)
{
	DPU_OPTS(dpu_vhost_opts, opts, .device = 5);
	uint8_t bytes[256];
	struct script script;

	script_init(&script);
	script.config[3] = 7;
	script.config_max = 40;
	script_open(&script, "", &opts);
	script_connect(&script);
	is_int(dpu_vhost_config_read(script.vh, 0, bytes, sizeof(bytes)), 32);
	is_int(bytes[3], 7);
	is_int(dpu_vhost_config_read(script.vh, 30, bytes, sizeof(bytes)), 2);
	is_int(dpu_vhost_config_read(script.vh, 32, bytes, sizeof(bytes)), 0);

	script.config[3] = 8;
	is_int(back_says(&script, VHOST_USER_BACKEND_CONFIG_CHANGE_MSG, VHOST_USER_NEED_REPLY, 0), 0);
	is_int(script_told(&script, DPU_VHOST_CONFIG), 1);
	is_int(dpu_vhost_config_read(script.vh, 3, bytes, 1), 1);
	is_int(bytes[0], 8);
	is_int(back_says(&script, VHOST_USER_BACKEND_CONFIG_CHANGE_MSG, 0, 0), -1);
	is_int(script_told(&script, DPU_VHOST_CONFIG), 2);

	is_int(dpu_vhost_config_write(script.vh, 30, "abc", 3), -EINVAL);
	is_int(dpu_vhost_config_write(script.vh, 10, "abc", 3), 0);
	is_int(dpu_vhost_config_write(script.vh, 20, "d", 1), -EAGAIN);
	is_int(dpu_vhost_config_write(script.vh, 20, "", 0), 0);
	script_run(&script, ALL);
	ok(memcmp(&script.config[9], "\0abc\0", 5) == 0, "the device has what was written, and no more");
	script.wrong_request = VHOST_USER_SET_CONFIG;
	script.wrong = WRONG_NO;
	is_int(dpu_vhost_config_write(script.vh, 10, "xyz", 3), 0);
	is_int(dpu_vhost_config_read(script.vh, 10, bytes, 3), 3);
	ok(memcmp(bytes, "xyz", 3) == 0, "what was written is read");
	script_run(&script, ALL);
	is_int(script_told(&script, DPU_VHOST_CONFIG), 3);
	contains(dpu_error_message(dpu_vhost_error(script.vh)), "does not take");
	is_int(dpu_vhost_config_read(script.vh, 10, bytes, 3), 3);
	ok(memcmp(bytes, "abc", 3) == 0, "until the peer has refused it");
	is_int(script_told(&script, DPU_VHOST_DISCONNECTED), 0);
	script_close(&script);

	script_init(&script);
	script.config_max = 0;
	script_open(&script, "", &opts);
	script_connect(&script);
	is_int(dpu_vhost_config_read(script.vh, 0, bytes, 1), -EOPNOTSUPP);
	is_int(script_told(&script, DPU_VHOST_QUEUE_START), 1);
	script_close(&script);
}

static void test_back_channel(void)
{
	static const struct {
		uint32_t request, size;
	} refused[] = {
		{ VHOST_USER_BACKEND_IOTLB_MSG, sizeof(struct vhost_user_iotlb) },
		{ VHOST_USER_BACKEND_VRING_HOST_NOTIFIER_MSG, 24 },
		{ VHOST_USER_BACKEND_CONFIG_CHANGE_MSG, 8 },
		{ VHOST_USER_BACKEND_VRING_CALL, 8 },
		{ 4711, 0 },
	};
	struct script script;
	uint32_t i;

	script_init(&script);
	script_open(&script, "", NULL);
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		script.event_count = 0;
		script_connect(&script);
		is_int(back_says(&script, refused[i].request, VHOST_USER_NEED_REPLY, refused[i].size), 1);
		is_int(script_told(&script, DPU_VHOST_DISCONNECTED), 0);
		is_int(back_says(&script, refused[i].request, 0, refused[i].size), -1);
		is_int(script_told(&script, DPU_VHOST_DISCONNECTED), 1);
		script_die(&script);
		script_pump(&script);
	}
	script.event_count = 0;
	script_connect(&script);
	must(write(script.back.fd, "GET / HTTP/1.0\r\n\r\n", 18) == 18);
	script_pump(&script);
	is_int(script_told(&script, DPU_VHOST_DISCONNECTED), 1);
	script_die(&script);
	script_pump(&script);
	/* It need not keep the channel, and what it says on it is heard while it is still setting up. */
	script.event_count = 0;
	must(script_try_connect(&script) == 0);
	script_run(&script, 10);
	must(script.back.fd >= 0);
	is_int(back_says(&script, VHOST_USER_BACKEND_CONFIG_CHANGE_MSG, VHOST_USER_NEED_REPLY, 0), 0);
	is_int(script_told(&script, DPU_VHOST_CONFIG), 1);
	vhost_channel_close(&script.back);
	script_run(&script, ALL);
	is_int(script_told(&script, DPU_VHOST_QUEUE_START), 2);
	is_int(script_told(&script, DPU_VHOST_DISCONNECTED), 0);
	script_close(&script);
}

/* Every allocation fails once, of the handle and of its first connection. */
static void test_allocations(void)
{
	DPU_OPTS(dpu_vhost_opts, opts, .role = DPU_VHOST_FRONTEND, .flags = DPU_VHOST_SERVER);
	bool through = false, told = true, leaks = false, good = true;
	struct script script;
	long before, n;
	int fds = count_fds();

	for (n = 1; !through; n++) {
		script_init(&script);
		strcpy(script.path, "socket");
		before = live;
		calls = 0;
		fail_at = n;
		if (dpu_vhost_open("vhost-user:socket", &opts, &script.vh) == 0) {
			script_connect(&script);
			through = calls < n;
			fail_at = 0;
			told = told && script_told(&script, DPU_VHOST_DISCONNECTED) == !through;
			script_die(&script);
			script_pump(&script);
			script.event_count = 0;
			script_connect(&script);
			good = good && script_told(&script, DPU_VHOST_QUEUE_START) == 2;
			script_close(&script);
		}
		fail_at = 0;
		leaks = leaks || live != before || count_fds() != fds;
	}
	ok(n > 8 && told, "an allocation that fails ends a connection, or none comes to be (%ld tries)", n);
	ok(good, "and the next one is as ever");
	ok(!leaks, "nothing is left of it");
}

/* A socket that was given: there is no other peer behind this one. */
static void test_given(void)
{
	DPU_OPTS(dpu_vhost_event, event);
	struct script script;
	char uri[64];
	int pair[2];

	script_init(&script);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	must(vhost_channel_open(&script.peer, pair[0]) == 0);
	snprintf(uri, sizeof(uri), "vhost-user:fd=%d,frontend", pair[1]);
	must(dpu_vhost_open(uri, NULL, &script.vh) == 0);
	script_run(&script, ALL);
	is_int(script_told(&script, DPU_VHOST_QUEUE_START), 2);
	script_die(&script);
	is_int(script_pump(&script), -ENOTCONN);
	is_int(script_told(&script, DPU_VHOST_DISCONNECTED), 1);
	is_int(dpu_vhost_process(script.vh, &event, 0), -ENOTCONN);
	script_close(&script);
}

int main(void)
{
	char folder[] = "/tmp/vhost-frontend.XXXXXX";
	int fds = count_fds(), maps = count_maps();

	must(mkdtemp(folder) && chdir(folder) == 0);
	test_handshake();
	test_features();
	test_mtu();
	test_queues();
	test_wrong_answers();
	test_deaths(DPU_VIRTIO_F_VERSION_1 | DPU_VIRTIO_F_RING_PACKED | DPU_VHOST_USER_F_PROTOCOL_FEATURES,
		    UINT64_MAX);
	test_deaths(DPU_VIRTIO_F_VERSION_1, 0);
	test_config();
	test_back_channel();
	test_allocations();
	test_given();
	is_int(count_fds(), fds);
	is_int(count_maps(), maps);
	must(chdir("/") == 0);
	ok(rmdir(folder) == 0, "no socket is left behind");
	return tap_done();
}
