#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The suite on a simulated DPU that takes its time, as hardware does: nothing may be reported before it is there.
exec "$top_builddir/tests/conformance/conformance" \
	'sim:?latency=sf_attach:60&latency=sf_detach:40&latency=representors:80&latency=reset_done:100'
