#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The suite on a simulated DPU in memory.
exec "$top_builddir/tests/conformance/conformance" sim:
