/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's grammar of phys_port_name (Documentation/networking/switchdev, net/devlink):
 *   [l<linecard>]p<port>[s<subport>]  an uplink
 *   [c<controller>]pf<pf>             a PF's representor
 *   [c<controller>]pf<pf>vf<vf>       a VF's
 *   [c<controller>]pf<pf>sf<sf>       an SF's
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "provider/linux/join.h"

/* Takes the word and the number behind it off the front of *at. */
static bool take(const char **at, const char *word, uint32_t *ret)
{
	size_t len = strlen(word);
	unsigned long value;
	char *end;

	if (strncmp(*at, word, len) != 0 || !isdigit((unsigned char)(*at)[len]))
		return false;
	errno = 0;
	value = strtoul(*at + len, &end, 10);
	if (errno || value >= DPU_PORT_NO_NUMBER)
		return false;
	*ret = (uint32_t)value;
	*at = end;
	return true;
}

bool join_parse_phys_port_name(const char *name, struct provider_port *port)
{
	uint32_t ignored, controller = 0, pfnum, vfnum = DPU_PORT_NO_NUMBER, sfnum = DPU_PORT_NO_NUMBER;
	enum dpu_port_flavour flavour;
	const char *at = name;

	take(&at, "l", &ignored);
	if (take(&at, "p", &ignored)) {
		take(&at, "s", &ignored);
		flavour = DPU_PORT_PHYSICAL;
		pfnum = DPU_PORT_NO_NUMBER;
	} else {
		at = name;
		take(&at, "c", &controller);
		if (!take(&at, "pf", &pfnum))
			return false;
		flavour = DPU_PORT_PCIPF;
		if (take(&at, "vf", &vfnum))
			flavour = DPU_PORT_PCIVF;
		else if (take(&at, "sf", &sfnum))
			flavour = DPU_PORT_PCISF;
	}
	if (*at)
		return false;
	port->flavour = flavour;
	port->controller = controller;
	port->pfnum = pfnum;
	port->vfnum = vfnum;
	port->sfnum = sfnum;
	return true;
}
