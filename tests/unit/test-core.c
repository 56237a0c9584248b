/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lowest floor: options, errors, log, text, references in any order. */
#include <errno.h>
#include "config.h"
#include "core/ctx.h"
#include "core/opts.h"
#include "core/text.h"
#include "harness.h"

struct small {
	size_t sz;
	uint64_t a;
};

struct big {
	size_t sz;
	uint64_t a;
	uint64_t b;
};

static void options(void)
{
	struct small small = { sizeof(small), 5 };
	struct big big = { sizeof(big), 6, 0 }, seen;

	/* An old program with a new library: what it does not have is zero. */
	is_int(opts_read(&seen, sizeof(seen), &small), 0);
	is_int(seen.a, 5);
	is_int(seen.b, 0);
	/* A new program with an old library: only what it does not know matters. */
	is_int(opts_read(&small, sizeof(small), &big), 0);
	is_int(small.a, 6);
	big.b = 1;
	is_int(opts_read(&small, sizeof(small), &big), -EINVAL);
	big.sz = 4;
	is_int(opts_read(&seen, sizeof(seen), &big), -EINVAL);
	is_int(opts_read(&seen, sizeof(seen), NULL), 0);
	is_int(seen.a, 0);

	/* Results the same way. */
	seen = (struct big){ sizeof(seen), 7, 8 };
	small = (struct small){ sizeof(small), 0 };
	opts_write(&small, &seen, sizeof(seen));
	is_int(small.a, 7);
	is_int(small.sz, sizeof(small));
	big = (struct big){ sizeof(big), 9, 9 };
	opts_write(&big, &small, sizeof(small));
	is_int(big.a, 7);
	is_int(big.b, 0);
	is_int(big.sz, sizeof(big));
}

struct logged {
	int count;
	int level;
	char message[128];
};

static void log_one(void *data, int level, const char *file, int line, const char *func, const char *message)
{
	struct logged *logged = data;

	logged->count++;
	logged->level = level;
	snprintf(logged->message, sizeof(logged->message), "%s", message);
	must(file && line > 0 && func);
}

static void errors_and_log(void)
{
	struct logged logged = { 0 };
	DPU_OPTS(dpu_ctx_opts, opts, .log = log_one, .log_data = &logged, .log_level = DPU_LOG_ERROR);
	struct dpu_ctx *ctx;

	must(ctx_create(&opts, &ctx) == 0);
	ok(dpu_ctx_error(ctx) == NULL, "at first nothing has failed");
	is_str(dpu_ctx_error_text(ctx), "");
	is_int(ctx_fail(ctx, -ENODEV, "step", "object", "because of %d", 7), -ENODEV);
	is_int(dpu_error_code(dpu_ctx_error(ctx)), -ENODEV);
	is_str(dpu_error_step(dpu_ctx_error(ctx)), "step");
	is_str(dpu_error_object(dpu_ctx_error(ctx)), "object");
	is_str(dpu_error_message(dpu_ctx_error(ctx)), "because of 7");
	is_str(dpu_error_hint(dpu_ctx_error(ctx)), "");
	is_str(dpu_ctx_error_text(ctx), "step object: because of 7");
	is_int(ctx_hint(ctx, "do %s", "that"), -ENODEV);
	is_str(dpu_error_hint(dpu_ctx_error(ctx)), "do that");
	is_int(logged.count, 1);
	is_int(logged.level, DPU_LOG_ERROR);
	is_str(logged.message, "step object: because of 7");
	/* A new failure may be told in the words of the old one. */
	ctx_fail(ctx, -EIO, "next", NULL, "after %s", dpu_error_message(dpu_ctx_error(ctx)));
	is_str(dpu_ctx_error_text(ctx), "next: after because of 7");
	is_str(dpu_error_hint(dpu_ctx_error(ctx)), "");
	ctx_fail(ctx, -ENOENT, "plain", "x", NULL);
	contains(dpu_ctx_error_text(ctx), "plain x: No such file");
	ctx_log(ctx, DPU_LOG_DEBUG, "not wanted");
	is_int(logged.count, 3);
	dpu_ctx_unref(ctx);
	ok(dpu_ctx_unref(NULL) == NULL, "nothing can be released");
	opts.log_level = 99;
	is_int(ctx_create(&opts, &ctx), -EINVAL);
}

static void growth(void)
{
	struct fail_nth memory = { 0 };
	struct dpu_allocator allocator = fail_nth_allocator(&memory);
	DPU_OPTS(dpu_ctx_opts, opts, .allocator = &allocator);
	struct dpu_ctx *ctx;
	int *array = NULL, *before;
	size_t i;
	bool same = true;

	must(ctx_create(&opts, &ctx) == 0);
	for (i = 0; i < 1000; i++) {
		must(ctx_grow(ctx, &array, i, sizeof(*array)) == 0);
		same = same && array[i] == 0; /* new room is zero */
		array[i] = (int)i + 1;
	}
	for (i = 0; i < 1000; i++)
		same = same && array[i] == (int)i + 1;
	ok(same, "an array grows, keeps what it has, and its new room is zero");
	ok(memory.calls < 20, "and it grows in %ld steps, not in 1000", memory.calls);
	memory.fail_at = memory.calls + 1;
	before = array;
	is_int(ctx_grow(ctx, &array, 1024, sizeof(*array)), -ENOMEM);
	ok(array == before, "without memory the array stays");
	ctx_free(ctx, array);
	dpu_ctx_unref(ctx);
	is_int(memory.live, 0);
}

static void texts(void)
{
	uint64_t number = 77;
	uint8_t mac[6] = { 9 };
	char text[18], cut[4];
	size_t i;
	static const char *const bad_macs[] = { "",
						"02:25:f2:8d:a2",
						"02:25:f2:8d:a2:5c:",
						"02:25:f2:8d:a2:5g",
						"0225f28da25c",
						"02-25-f2-8d-a2-5c",
						" 2:25:f2:8d:a2:5c" };
	static const char *const bad_numbers[] = { "",   "-1", "+1",  " 1",
						   "1 ", "0x", "12a", "99999999999999999999",
						   "256" };

	ok(text_mac("02:25:F2:8d:a2:5c", mac) && mac[0] == 2 && mac[2] == 0xf2 && mac[5] == 0x5c,
	   "a MAC is read");
	text_mac_format(mac, text);
	is_str(text, "02:25:f2:8d:a2:5c");
	for (i = 0; i < sizeof(bad_macs) / sizeof(bad_macs[0]); i++)
		ok(!text_mac(bad_macs[i], mac) && mac[0] == 2, "\"%s\" is no MAC", bad_macs[i]);
	ok(text_number("255", 255, &number) && number == 255, "a number is read");
	ok(text_number("0xfF", 255, &number) && number == 255, "in hexadecimal too");
	number = 77;
	for (i = 0; i < sizeof(bad_numbers) / sizeof(bad_numbers[0]); i++)
		ok(!text_number(bad_numbers[i], 255, &number) && number == 77,
		   "\"%s\" is no number up to 255", bad_numbers[i]);
	text_copy(cut, sizeof(cut), "abcdef");
	is_str(cut, "abc");
}

/* A child holds its parent: any order of release is right (ASan would tell). */
static void any_order(void)
{
	struct dpu_function_list *functions;
	struct dpu_port_list *ports;
	struct dpu_function *function;
	struct dpu_device *device;
	struct dpu_flow_table *table;
	struct dpu_flow_rule *rule;
	struct dpu_flow_list *flows;
	struct dpu_port *port;
	struct dpu_ctx *ctx = open_uri("sim:");

	device = find_device(ctx, "p0");
	must(dpu_function_list(device, &functions) == 0 && dpu_port_list(device, &ports) == 0);
	must(dpu_flow_table_open(device, NULL, &table) == 0);
	must(dpu_flow_insert_text(table, "arp actions=drop", NULL) == 0);
	must(dpu_flow_list(table, &flows) == 0);
	rule = dpu_flow_rule_ref(dpu_flow_list_get(flows, 0, NULL, NULL));
	function = dpu_function_ref(dpu_function_list_get(functions, 0));
	port = dpu_port_ref(dpu_port_list_get(ports, 0));
	dpu_ctx_ref(ctx);
	dpu_ctx_unref(ctx);
	dpu_ctx_unref(ctx);
	dpu_device_unref(device);
	dpu_flow_table_unref(dpu_flow_table_ref(table));
	dpu_flow_table_unref(table);
	dpu_function_list_unref(functions);
	dpu_port_list_unref(ports);
	dpu_flow_list_unref(flows);
	is_str(dpu_device_handle(dpu_function_device(function)), "pci/0000:03:00.0");
	is_str(dpu_ctx_uri(dpu_device_ctx(dpu_port_device(port))), "sim:");
	is_int(dpu_flow_rule_priority(rule), 32768);
	dpu_port_unref(port);
	dpu_flow_rule_unref(rule);
	dpu_function_unref(function);
	is_str(dpu_version_string(), PACKAGE_VERSION);
}

int main(void)
{
	options();
	errors_and_log();
	growth();
	texts();
	any_order();
	return tap_done();
}
