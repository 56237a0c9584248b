/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dpu/version.h>
#include "config.h"

const char *dpu_version_string(void)
{
	return PACKAGE_VERSION;
}
