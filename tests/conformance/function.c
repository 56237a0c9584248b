/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include "conformance.h"

#define SFNUM 700

static const uint8_t mac[6] = { 0x02, 0x25, 0xf2, 0x8d, 0xa2, 0x5c };

/* Everything that is said of an SF that was just made. */
static void usable(struct dpu_ctx *ctx, struct dpu_function *sf)
{
	const char *names[] = { dpu_function_netdev(sf), dpu_port_netdev(dpu_function_representor(sf)) };
	struct dpu_function *found = NULL;
	size_t i;

	is_int(dpu_function_type(sf), DPU_FUNCTION_SF);
	is_str(dpu_function_type_name(dpu_function_type(sf)), "sf");
	is_int(dpu_function_number(sf), SFNUM);
	is_int(dpu_function_controller(sf), 0);
	is_int(dpu_function_state(sf), DPU_FUNCTION_ACTIVE);
	is_int(dpu_function_opstate(sf), DPU_FUNCTION_ATTACHED);
	ok(!memcmp(dpu_function_hw_addr(sf), mac, 6), "it has the MAC address that was asked for");
	ok(dpu_function_aux_device(sf)[0], "it has an auxiliary device");
	is_int(dpu_port_sfnum(dpu_function_representor(sf)), SFNUM);
	is_int(dpu_port_flavour(dpu_function_representor(sf)), DPU_PORT_PCISF);
	is_int(dpu_port_pfnum(dpu_function_representor(sf)), dpu_function_pfnum(sf));
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ok(names[i][0] && dpu_function_find(ctx, names[i], &found) == 0 &&
			   dpu_function_number(found) == SFNUM,
		   "it is found as %s", names[i]);
		found = dpu_function_unref(found);
	}
}

static void attributes(struct dpu_function *sf)
{
	static const uint8_t other[6] = { 0x02, 0, 0, 0, 0, 1 }, multicast[6] = { 0x01, 0, 0x5e, 0, 0, 1 };
	DPU_OPTS(dpu_function_attrs, attrs, .set_state = 1, .state = DPU_FUNCTION_INACTIVE, .hw_addr = other);
	struct dpu_function *now = NULL;

	is_int(dpu_function_set(sf, &attrs, DEADLINE_MS), 0);
	is_int(dpu_function_refresh(sf, &now), 0);
	is_int(dpu_function_state(now), DPU_FUNCTION_INACTIVE);
	is_int(dpu_function_opstate(now), DPU_FUNCTION_DETACHED);
	is_str(dpu_function_netdev(now), "");
	ok(!memcmp(dpu_function_hw_addr(now), other, 6), "the address is changed too");
	ok(!memcmp(dpu_function_hw_addr(sf), mac, 6), "the old snapshot keeps the old one");
	dpu_function_unref(now);
	attrs.state = DPU_FUNCTION_ACTIVE;
	attrs.hw_addr = multicast;
	is_int(dpu_function_set(sf, &attrs, DEADLINE_MS), -EINVAL);
	attrs.hw_addr = mac;
	is_int(dpu_function_set(sf, &attrs, DEADLINE_MS), 0);
}

static void refusals(struct dpu_device *device)
{
	static const uint8_t multicast[6] = { 0x03, 0, 0, 0, 0, 1 }, zero[6];
	struct dpu_ctx *ctx = dpu_device_ctx(device);
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = SFNUM);
	struct dpu_function *sf = NULL;
	char *before = picture(device), *after;

	is_int(dpu_sf_create(device, &opts, DEADLINE_MS, &sf), -EEXIST);
	opts.sfnum = SFNUM + 1;
	opts.hw_addr = multicast;
	is_int(dpu_sf_create(device, &opts, DEADLINE_MS, &sf), -EINVAL);
	contains(dpu_ctx_error_text(ctx), "multicast");
	opts.hw_addr = zero;
	is_int(dpu_sf_create(device, &opts, DEADLINE_MS, &sf), -EINVAL);
	opts.hw_addr = NULL;
	opts.controller = 9;
	is_int(dpu_sf_create(device, &opts, DEADLINE_MS, &sf), -EINVAL);
	opts.controller = 0;
	opts.set_caps = 1 << 30;
	is_int(dpu_sf_create(device, &opts, DEADLINE_MS, &sf), -EINVAL);
	opts.set_caps = 0;
	is_int(dpu_sf_create(device, NULL, DEADLINE_MS, &sf), -EINVAL);
	is_int(dpu_function_find(ctx, "no-such-function", &sf), -ENODEV);
	ok(sf == NULL, "no output was written");
	after = picture(device);
	ok(!strcmp(before, after), "what was refused has changed nothing");
	free(before);
	free(after);
}

/* An SF that a host drives is usable when its representor is there. */
static void external(struct dpu_device *device)
{
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = SFNUM, .controller = 1);
	struct dpu_function *sf = NULL;

	is_int(dpu_sf_create(device, &opts, DEADLINE_MS, &sf), 0);
	if (!sf)
		return;
	is_int(dpu_function_controller(sf), 1);
	is_str(dpu_function_netdev(sf), "");
	ok(dpu_port_netdev(dpu_function_representor(sf))[0], "it has a representor");
	is_int(dpu_sf_delete(sf, DEADLINE_MS), 0);
	dpu_function_unref(sf);
}

static void inactive(struct dpu_device *device)
{
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = SFNUM + 2, .inactive = 1);
	struct dpu_function *sf = NULL;

	is_int(dpu_sf_create(device, &opts, DEADLINE_MS, &sf), 0);
	if (!sf)
		return;
	is_int(dpu_function_state(sf), DPU_FUNCTION_INACTIVE);
	is_int(dpu_function_opstate(sf), DPU_FUNCTION_DETACHED);
	is_int(dpu_sf_delete(sf, DEADLINE_MS), 0);
	dpu_function_unref(sf);
}

void chapter_sf(struct dpu_ctx *ctx)
{
	struct dpu_device *device = conformance_eswitch_device(ctx);
	DPU_OPTS(dpu_sf_opts, opts, .sfnum = SFNUM, .hw_addr = mac);
	struct dpu_function *sf = NULL, *gone = NULL;
	char *before, *after;
	int rc;

	tap_diag("chapter: SF");
	rc = device ? dpu_sf_create(device, &opts, DEADLINE_MS, &sf) : -EOPNOTSUPP;
	if (rc == -EOPNOTSUPP) {
		tap_skip("no SFs here: %s", device ? dpu_ctx_error_text(ctx) : "no e-switch");
		dpu_device_unref(device);
		return;
	}
	must(rc == 0);
	usable(ctx, sf);
	attributes(sf);
	refusals(device);
	external(device);
	inactive(device);
	is_int(dpu_sf_delete(sf, DEADLINE_MS), 0);
	is_int(dpu_sf_delete(sf, DEADLINE_MS), -ENODEV);
	is_int(dpu_function_refresh(sf, &gone), -ENODEV);
	is_int(dpu_function_number(sf), SFNUM); /* the object still tells what was */

	/* There and back leaves nothing. */
	before = picture(device);
	is_int(dpu_sf_create(device, &opts, DEADLINE_MS, &gone), 0);
	is_int(dpu_sf_delete(gone, DEADLINE_MS), 0);
	after = picture(device);
	ok(!strcmp(before, after), "making and deleting an SF leaves nothing behind");
	free(before);
	free(after);
	dpu_function_unref(gone);
	dpu_function_unref(sf);
	dpu_device_unref(device);
}

static uint32_t count_vfs(struct dpu_device *device)
{
	struct dpu_function_list *list;
	uint32_t count = 0;
	size_t i;

	must(dpu_function_list(device, &list) == 0);
	for (i = 0; i < dpu_function_list_count(list); i++)
		count += dpu_function_type(dpu_function_list_get(list, i)) == DPU_FUNCTION_VF &&
			 dpu_function_representor(dpu_function_list_get(list, i));
	dpu_function_list_unref(list);
	return count;
}

void chapter_vf(struct dpu_ctx *ctx)
{
	struct dpu_device *device = conformance_eswitch_device(ctx);
	struct dpu_function *vf = NULL;
	DPU_OPTS(dpu_function_attrs, attrs, .set_state = 1, .state = DPU_FUNCTION_ACTIVE);
	uint32_t total = 0;
	int rc;

	tap_diag("chapter: VF");
	rc = device ? dpu_vf_count(device, &total) : -EOPNOTSUPP;
	if (rc < 0 || total < 3 || dpu_vf_set_count(device, (uint32_t)rc, DEADLINE_MS) < 0) {
		tap_skip("no VFs here: %s", device ? dpu_ctx_error_text(ctx) : "no e-switch");
		dpu_device_unref(device);
		return;
	}
	is_int(dpu_vf_set_count(device, 2, DEADLINE_MS), 0);
	is_int(dpu_vf_count(device, NULL), 2);
	is_int(count_vfs(device), 2);
	is_int(dpu_vf_set_count(device, 3, DEADLINE_MS), 0); /* through 0 */
	is_int(count_vfs(device), 3);
	is_int(dpu_vf_set_count(device, total + 1, DEADLINE_MS), -ERANGE);
	is_int(dpu_vf_count(device, NULL), 3);
	if (dpu_function_find(ctx, "c1pf0vf2", &vf) == 0) {
		is_int(dpu_port_vfnum(dpu_function_representor(vf)), 2);
		is_int(dpu_function_set(vf, &attrs, DEADLINE_MS), -EOPNOTSUPP);
		is_int(dpu_sf_delete(vf, DEADLINE_MS), -EINVAL);
		dpu_function_unref(vf);
	}
	is_int(dpu_vf_set_count(device, 0, DEADLINE_MS), 0);
	is_int(count_vfs(device), 0);
	dpu_device_unref(device);
}
