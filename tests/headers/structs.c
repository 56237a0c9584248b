/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Structures that grow tell their size in the first member, so a byte of padding at the end would hide a
 * member that is added there: old and new callers would look the same.
 */
#include <dpu/dpu.h>
#include "tap.h"

#define SIZE_OF(type, member) sizeof(((struct type *)0)->member)
#define NO_TAIL(type, last)                                                                                  \
	ok(sizeof(struct type) == offsetof(struct type, last) + SIZE_OF(type, last),                         \
	   #type " has no tail padding")
#define SIZED(type, last)                                                                                    \
	do {                                                                                                 \
		NO_TAIL(type, last);                                                                         \
		ok(offsetof(struct type, sz) == 0 && SIZE_OF(type, sz) == sizeof(size_t),                    \
		   #type " starts with its size");                                                           \
	} while (0)

int main(void)
{
	SIZED(dpu_ctx_opts, reserved);
	SIZED(dpu_eswitch_attach_opts, reserved);
	SIZED(dpu_eswitch_attrs, reserved);
	SIZED(dpu_event, name);
	SIZED(dpu_flow_stats, bytes);
	SIZED(dpu_flow_table_opts, reserved);
	SIZED(dpu_function_attrs, max_uc_list);
	SIZED(dpu_mode_host, next_restrictions);
	SIZED(dpu_mode_info, reserved);
	SIZED(dpu_mode_plan, rules);
	SIZED(dpu_monitor_opts, reserved);
	SIZED(dpu_port_stats, misses);
	SIZED(dpu_rate_attrs, weight);
	SIZED(dpu_sf_opts, owned);
	SIZED(dpu_vf_attrs, reserved);
	SIZED(dpu_vf_stats, multicast);
	SIZED(dpu_virtio_blk_backend, reserved);
	SIZED(dpu_vhost_event, reserved);
	SIZED(dpu_vhost_opts, mtu);
	SIZED(dpu_vhost_state, connected);
	SIZED(dpu_virtio_blk_opts, writethrough);
	SIZED(dpu_virtio_net_opts, reserved);
	SIZED(dpu_virtio_net_rss, reserved);
	SIZED(dpu_virtio_net_rxq_opts, elements);
	SIZED(dpu_virtio_net_state, reserved);
	SIZED(dpu_virtq_opts, reserved);
	/* Structures of a fixed size, and facts, which only the library makes. */
	NO_TAIL(dpu_allocator, data);
	NO_TAIL(dpu_device_version, reserved);
	NO_TAIL(dpu_flow_packet, in_port);
	NO_TAIL(dpu_health, auto_dump);
	NO_TAIL(dpu_nvconfig_change, reset);
	NO_TAIL(dpu_nvconfig_param, writable);
	NO_TAIL(dpu_nvconfig_setting, value);
	NO_TAIL(dpu_orphan, reserved);
	NO_TAIL(dpu_param, reserved);
	NO_TAIL(dpu_rate, weight);
	NO_TAIL(dpu_rdma, reserved);
	NO_TAIL(dpu_resource, reserved);
	NO_TAIL(dpu_virtio_blk_config, zoned);
	NO_TAIL(dpu_virtio_blk_discard_write_zeroes, flags);
	NO_TAIL(dpu_virtio_blk_req, pad);
	NO_TAIL(dpu_virtio_feature, device);
	NO_TAIL(dpu_virtio_net_gso, headers);
	NO_TAIL(dpu_virtio_net_hdr, reserved);
	NO_TAIL(dpu_virtio_net_packet, reserved);
	NO_TAIL(dpu_virtq_chain, reserved);
	NO_TAIL(dpu_virtq_state, reserved);
	return tap_done();
}
