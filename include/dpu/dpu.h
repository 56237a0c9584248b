/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/dpu.h
 * @brief All of libdpu: discovery, modes, functions, virtqueues, flows, and the simulated DPU's data path.
 *
 * What holds everywhere:
 * - Functions return 0 or a positive count, or a negative errno; outputs are written on success only.
 *   dpu_ctx_error() has the detail.
 * - Objects are reference counted; a child holds its parent, so any order of release is right.
 * - Everything that can block takes a deadline in milliseconds, -1 for none.
 * - The library starts no thread, prints nothing and never exits. It installs no signal handler, but for one
 * of SIGBUS while memory of a vhost-user peer is mapped (dpu/vhost.h).
 */
#ifndef DPU_DPU_H
#define DPU_DPU_H

#include <dpu/ctx.h>
#include <dpu/device.h>
#include <dpu/eswitch.h>
#include <dpu/flow.h>
#include <dpu/function.h>
#include <dpu/health.h>
#include <dpu/memory.h>
#include <dpu/mode.h>
#include <dpu/monitor.h>
#include <dpu/nvconfig.h>
#include <dpu/param.h>
#include <dpu/port.h>
#include <dpu/profile.h>
#include <dpu/rate.h>
#include <dpu/rdma.h>
#include <dpu/resource.h>
#include <dpu/version.h>
#include <dpu/vf.h>
#include <dpu/vhost.h>
#include <dpu/virtio.h>
#include <dpu/virtio_blk.h>
#include <dpu/virtio_net.h>
#include <dpu/virtio_net_packet.h>
#include <dpu/virtq.h>

#endif
