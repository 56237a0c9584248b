/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moves packets between ports by the flow rules of a simulated DPU's e-switch: dpu-switch(1). */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include "report.h"

#define TICK_MS 20
/* What is offered to peers; a port that does not take it gets packets that are finished in software. */
#define OFFLOADS                                                                                             \
	(DPU_VIRTIO_NET_F_MRG_RXBUF | DPU_VIRTIO_NET_F_CSUM | DPU_VIRTIO_NET_F_HOST_TSO4 |                   \
	 DPU_VIRTIO_NET_F_HOST_TSO6 | DPU_VIRTIO_NET_F_HOST_ECN | DPU_VIRTIO_NET_F_GUEST_CSUM |              \
	 DPU_VIRTIO_NET_F_GUEST_TSO4 | DPU_VIRTIO_NET_F_GUEST_TSO6 | DPU_VIRTIO_NET_F_GUEST_ECN)

static const char usage_text[] =
	"usage: dpu-switch [OPTION...] URI NAME=PORT...\n"
	"  --flows FILE     insert these rules first\n"
	"  --normal         what no rule decides goes where its address was learned\n"
	"  --create         make SFs for representors that are not there\n"
	"  --workers N      threads (1)\n"
	"  --cores LIST     where they run, such as 0,2-3\n"
	"  --interrupt      sleep when there is nothing to do\n"
	"  --once           end when every capture file was read\n"
	"  --update PATH    take over from the dpu-switch that listens there, and listen for the next\n"
	"  --stats-period N show the queues every N seconds\n"
	"  -j, --json       statistics as JSON\n"
	"URI: a simulated DPU, sim:FILE; NAME: the network device of a port of its e-switch\n"
	"PORT: vhost-user:PATH[,server][,frontend][,queues=N]..., tap:NAME, packet:NETDEV,\n"
	"  pcap:[IN][,OUT]\n";

enum {
	OPT_FLOWS = 256,
	OPT_NORMAL,
	OPT_CREATE,
	OPT_WORKERS,
	OPT_CORES,
	OPT_INTERRUPT,
	OPT_ONCE,
	OPT_PERIOD,
	OPT_UPDATE
};

static const struct option long_options[] = {
	{ "flows", required_argument, NULL, OPT_FLOWS },
	{ "normal", no_argument, NULL, OPT_NORMAL },
	{ "create", no_argument, NULL, OPT_CREATE },
	{ "workers", required_argument, NULL, OPT_WORKERS },
	{ "cores", required_argument, NULL, OPT_CORES },
	{ "interrupt", no_argument, NULL, OPT_INTERRUPT },
	{ "once", no_argument, NULL, OPT_ONCE },
	{ "stats-period", required_argument, NULL, OPT_PERIOD },
	{ "update", required_argument, NULL, OPT_UPDATE },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

struct options {
	const char *flows;
	const char *cores;
	const char *update;
	double period;
	uint32_t workers;
	bool normal, create, interrupt, once, json;
};

struct program {
	struct options options;
	struct members members;
	struct workers workers;
	struct macs *macs;
	struct dpu_ctx *ctx;
	struct dpu_device *device;
	struct rules *rules;
	struct update update;
	double last_report, last_age;
	bool failed;
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool take_number(const char *text, double min, double max, double *ret)
{
	char *end;

	*ret = strtod(text, &end);
	if (*text && !*end && *ret >= min && *ret <= max)
		return true;
	fprintf(stderr, "\"%s\" is no number from %g to %g\n", text, min, max);
	return false;
}

static bool take_option(struct options *options, int option, const char *text)
{
	double number;

	switch (option) {
	case OPT_FLOWS:
		options->flows = text;
		return true;
	case OPT_NORMAL:
		return options->normal = true;
	case OPT_CREATE:
		return options->create = true;
	case OPT_WORKERS:
		if (!take_number(text, 1, 64, &number))
			return false;
		options->workers = (uint32_t)number;
		return true;
	case OPT_CORES:
		options->cores = text;
		return true;
	case OPT_INTERRUPT:
		return options->interrupt = true;
	case OPT_ONCE:
		return options->once = true;
	case OPT_PERIOD:
		return take_number(text, 0.01, 1e6, &options->period);
	case OPT_UPDATE:
		options->update = text;
		return true;
	case 'j':
		return options->json = true;
	default:
		return false;
	}
}

static void read_options(struct options *options, int argc, char **argv)
{
	bool good = true;
	int option, i;

	while (good && (option = getopt_long(argc, argv, "hjV", long_options, NULL)) != -1) {
		if (option == 'h' || option == 'V') {
			printf("%s\n", option == 'h' ? usage_text : dpu_version_string());
			exit(EXIT_SUCCESS);
		}
		good = take_option(options, option, optarg);
	}
	for (i = optind + 1; i < argc; i++) {
		if (strchr(argv[i], '='))
			continue;
		fprintf(stderr, "%s: NAME=PORT is wanted\n", argv[i]);
		good = false;
	}
	if (good && argc - optind >= 2 && argc - optind - 1 <= PORTS_MAX)
		return;
	fputs(usage_text, stderr);
	exit(2);
}

static int said(const char *what, int rc, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why && *why ? why : strerror(-rc));
	return rc;
}

/* The SF that a representor such as en3f0pf0sf88 names. */
static int create_sf(struct program *program, const char *name)
{
	unsigned int pf, sfnum;
	struct dpu_function *sf = NULL;
	struct dpu_device *device = NULL;
	const char *numbers = strstr(name, "pf"), *made;
	char uplink[16];
	int rc;

	if (!numbers || sscanf(numbers, "pf%usf%u", &pf, &sfnum) != 2)
		return said(name, -EINVAL, "is not there, and is no name of an SF's representor");
	snprintf(uplink, sizeof(uplink), "p%u", pf);
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = sfnum);
	rc = dpu_device_find(program->ctx, uplink, &device);
	if (rc == 0)
		rc = dpu_sf_create(device, &opts, 10000, &sf);
	dpu_device_unref(device);
	if (rc < 0)
		return said(name, rc, dpu_ctx_error_text(program->ctx));
	made = dpu_port_netdev(dpu_function_representor(sf));
	if (strcmp(made, name) != 0) {
		rc = -EINVAL;
		fprintf(stderr, "%s: the representor of SF %u is called %s\n", name, sfnum, made);
	}
	dpu_function_unref(sf);
	return rc;
}

/* The device's is the same for all members. */
static int join_eswitch(struct program *program, struct member *member)
{
	struct dpu_port *port = NULL;
	int rc;

	rc = dpu_port_find(program->ctx, member->name, &port);
	if (rc == -ENODEV && program->options.create) {
		rc = create_sf(program, member->name);
		if (rc < 0)
			return rc;
		rc = dpu_port_find(program->ctx, member->name, &port);
	}
	if (rc < 0)
		return said(member->name, rc, dpu_ctx_error_text(program->ctx));
	member->ifindex = dpu_port_ifindex(port);
	if (!program->device)
		program->device = dpu_device_ref(dpu_port_device(port));
	else if (strcmp(dpu_device_handle(program->device), dpu_device_handle(dpu_port_device(port))) != 0)
		rc = said(member->name, -EXDEV, "belongs to another e-switch");
	dpu_port_unref(port);
	return rc;
}

static int add_member(struct program *program, const char *word)
{
	struct member *member = &program->members.all[program->members.count++];
	const char *equals = strchr(word, '=');

	snprintf(member->name, sizeof(member->name), "%.*s", (int)(equals - word), word);
	member->uri = equals + 1;
	member->channel = -1;
	return join_eswitch(program, member);
}

static const struct port_opts port_opts = { .offloads = OFFLOADS };

/* Opens the ports that come from there. */
static int open_some(struct program *program, char from)
{
	struct member *member;
	char error[512] = "";
	uint32_t m;
	int rc = 0;

	for (m = 0; rc == 0 && m < program->members.count; m++) {
		member = &program->members.all[m];
		if (member->from != from)
			continue;
		rc = port_open(member->uri, &port_opts, &member->port, error, sizeof(error));
		if (rc < 0)
			said(member->name, rc, error);
	}
	return rc;
}

/* What can fail without harm to a predecessor's peers comes before they have to wait. */
static int open_ports(struct program *program)
{
	int rc = 0;

	if (program->options.update)
		rc = update_begin(&program->update, program->options.update, &program->members);
	if (rc == 0)
		rc = open_some(program, MEMBER_OPENED);
	if (rc == 0 && program->update.predecessor >= 0)
		rc = update_take_over(&program->update, &program->members, &port_opts);
	return rc < 0 ? rc : open_some(program, MEMBER_CLOSED);
}

static int open_eswitch(struct program *program, const char *uri)
{
	char error[512] = "";
	DPU_OPTS(dpu_ctx_opts, opts, .error = error, .error_size = sizeof(error));
	int rc;

	rc = dpu_ctx_open(uri, &opts, &program->ctx);
	return rc < 0 ? said(uri, rc, error) : 0;
}

/* Where each worker sends for a member: one of those queues that the peer uses now. A queue with several
 * workers is the only thing that they take turns for. */
static void choose_sinks(struct program *program, uint32_t m)
{
	struct port *port = program->members.all[m].port;
	uint32_t i, w, ready = 0;
	struct pair **pairs = calloc(port->pair_count, sizeof(*pairs));
	struct lane *lane;

	if (!pairs)
		return;
	for (i = 0; i < port->pair_count; i++) {
		if (port->pairs[i]->ready)
			pairs[ready++] = port->pairs[i];
	}
	if (!ready)
		pairs[ready++] = port->pairs[0];
	for (w = 0; w < program->workers.count; w++) {
		lane = program->workers.all[w].data;
		lane->sinks[m] = pairs[w % ready];
		lane->sinks[m]->shared = program->workers.count > ready;
	}
	free(pairs);
}

/* Queues that packets come from go round the workers. */
static int divide(struct program *program)
{
	uint32_t m, i, next = 0;
	struct worker *worker;
	struct lane *lane;
	struct pair *pair;
	struct epoll_event event = { .events = EPOLLIN };

	for (m = 0; m < program->members.count; m++) {
		for (i = 0; i < program->members.all[m].port->pair_count; i++) {
			pair = program->members.all[m].port->pairs[i];
			worker = &program->workers.all[next++ % program->workers.count];
			lane = worker->data;
			if (lane->source_count == SOURCES_MAX)
				return said("queues", -E2BIG, "too many for so few workers");
			lane->source_member[lane->source_count] = m;
			lane->sources[lane->source_count++] = pair;
			worker->sources = lane->sources;
			worker->source_count = lane->source_count;
			pair->wait_set = worker->wait_set;
			if (pair->wait_fd >= 0 &&
			    epoll_ctl(worker->wait_set, EPOLL_CTL_ADD, pair->wait_fd, &event) < 0)
				return said("epoll_ctl", -errno, NULL);
		}
		choose_sinks(program, m);
	}
	return 0;
}

/* Tells the network where a guest is now. */
static void announce(struct program *program, uint32_t from, const uint8_t *mac)
{
	uint8_t frame[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0,
			      0,    0x80, 0x35, 0,    1,    8,    0, 6, 4, 0, 3 };
	struct lane *lane = program->workers.all[0].data;
	struct packet packet, *one = &packet;
	uint32_t m;

	memcpy(frame + 6, mac, 6);
	memcpy(frame + 22, mac, 6);
	memcpy(frame + 32, mac, 6);
	workers_hold(&program->workers);
	if (program->macs)
		macs_learn(program->macs, mac, from);
	for (m = 0; m < program->members.count; m++) {
		packet_single(&packet, frame, sizeof(frame));
		if (m != from)
			pair_send(lane->sinks[m], &one, 1);
	}
	workers_release(&program->workers);
}

static void on_event(struct control *control, struct port *port, const struct dpu_vhost_event *event)
{
	struct program *program = control->data;
	uint32_t m = 0;

	while (program->members.all[m].port != port)
		m++;
	if (port_event_needs_workers(event))
		choose_sinks(program, m);
	if (event->type == DPU_VHOST_RARP)
		announce(program, m, event->mac);
	if (event->type == DPU_VHOST_DISCONNECTED && program->macs)
		macs_forget(program->macs, m);
}

static bool all_read(const struct members *members)
{
	uint32_t m, ended = 0, files = 0;

	for (m = 0; m < members->count; m++) {
		if (strncmp(members->all[m].port->uri, "pcap:", 5) != 0)
			continue;
		files++;
		ended += atomic_load(&members->all[m].port->pairs[0]->end);
	}
	return files && files == ended;
}

static bool tick(struct control *control)
{
	struct program *program = control->data;
	double now = now_s();

	rules_follow(program->rules);
	if (program->macs && now - program->last_age >= 1) {
		macs_tick(program->macs);
		program->last_age = now;
	}
	if (program->options.period > 0 && now - program->last_report >= program->options.period) {
		report(&program->members, NULL, program->options.json);
		program->last_report = now;
	}
	return program->options.once && all_read(&program->members);
}

static void show_all(struct control *control)
{
	struct program *program = control->data;

	workers_hold(&program->workers);
	report(&program->members, program->rules, program->options.json);
	workers_release(&program->workers);
}

static int create_lanes(struct program *program)
{
	const struct options *options = &program->options;
	uint32_t i;
	int rc;

	if (options->normal) {
		program->macs = macs_create();
		if (!program->macs)
			return said("addresses", -ENOMEM, NULL);
	}
	rc = workers_create(&program->workers, options->workers, options->cores, options->interrupt);
	for (i = 0; rc == 0 && i < program->workers.count; i++) {
		rc = lane_create(&program->workers.all[i], &program->members, program->macs);
		if (rc < 0)
			said("worker", rc, NULL);
	}
	return rc;
}

static int open_rules(struct program *program)
{
	int rc;

	rc = rules_open(program->device, &program->members, &program->workers, &program->rules);
	if (rc < 0)
		return said("flow table", rc, dpu_ctx_error_text(program->ctx));
	if (program->options.flows)
		rc = rules_load(program->rules, program->options.flows);
	/* The first packet meets them. */
	if (rc == 0)
		rules_follow(program->rules);
	return rc;
}

static bool update(struct control *control)
{
	struct program *program = control->data;
	int rc = update_serve(&program->update, &program->members, &program->workers);

	program->failed = rc < 0;
	return rc != 0;
}

static int run(struct program *program)
{
	struct port *ports[PORTS_MAX];
	struct control control = { .workers = &program->workers,
				   .ports = ports,
				   .port_count = program->members.count,
				   .event = on_event,
				   .tick = tick,
				   .user_signal = show_all,
				   .ready = program->options.update ? update : NULL,
				   .fd = program->update.listener,
				   .data = program,
				   .tick_ms = TICK_MS };
	uint32_t m;
	int rc;

	for (m = 0; m < program->members.count; m++)
		ports[m] = program->members.all[m].port;
	program->last_report = program->last_age = now_s();
	/* Queues that were taken over shall all have started before the first packet. */
	control_serve(&control);
	rc = workers_start(&program->workers);
	if (rc == 0)
		rc = control_run(&control);
	workers_stop(&program->workers);
	if (rc == 0)
		report(&program->members, program->rules, program->options.json);
	return program->failed ? -EPIPE : rc;
}

static void close_all(struct program *program)
{
	uint32_t i;

	update_close(&program->update);
	rules_close(program->rules);
	for (i = 0; i < program->workers.count; i++)
		lane_free(&program->workers.all[i]);
	for (i = 0; i < program->members.count; i++)
		port_close(program->members.all[i].port);
	workers_destroy(&program->workers);
	macs_free(program->macs);
	dpu_device_unref(program->device);
	dpu_ctx_unref(program->ctx);
}

int main(int argc, char **argv)
{
	static struct program program = { .options.workers = 1,
					  .update = { .listener = -1, .predecessor = -1 } };
	int rc, i;

	read_options(&program.options, argc, argv);
	rc = control_block_signals();
	if (rc == 0)
		rc = open_eswitch(&program, argv[optind]);
	for (i = optind + 1; rc == 0 && i < argc; i++)
		rc = add_member(&program, argv[i]);
	if (rc == 0)
		rc = create_lanes(&program);
	if (rc == 0)
		rc = open_rules(&program);
	if (rc == 0)
		rc = open_ports(&program);
	if (rc == 0)
		rc = divide(&program);
	if (rc == 0)
		rc = run(&program);
	close_all(&program);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
