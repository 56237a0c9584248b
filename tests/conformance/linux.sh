#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The suite on the machine itself: what it lacks is skipped.
exec "$top_builddir/tests/conformance/conformance" linux:
