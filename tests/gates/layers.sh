#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The layer rules of the house, told by the include lines; and what a library must never call.
. "${top_srcdir:=.}/tests/gates/tap.sh"

# sources TREE: its sources and headers, relative.
sources()
{
	(cd "$1" && find include/dpu libdpu -name '*.[ch]' | sort)
}

# code FILE: without comments and without the text of strings.
code()
{
	$CC -fpreprocessed -E -P -x c "$1" 2>/dev/null | sed 's/\\\\.//g; s/"[^"]*"/""/g'
}

# includes TREE: "FILE TARGET" for each include line, the target with its brackets or quotes.
includes()
{
	sources "$1" | while read -r file; do
		sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*\([<"][^>"]*[>"]\).*/\1/p' "$1/$file" |
			sed "s|^|$file |"
	done
}

# breaches TREE: one line for each breach of a layer rule.
breaches()
{
	includes "$1" | awk '
	# Which rooms a room may look into: the arrows run one way.
	BEGIN {
		may["core"] = "core"
		may["virtq"] = "virtq core"
		may["virtio"] = "virtio virtq core"
		may["vhost"] = "vhost virtio virtq core"
		may["flow"] = "flow core"
		may["firmware"] = "firmware core"
		may["provider"] = "provider flow virtq core"
		may["provider/linux"] = "provider/linux provider firmware flow virtq core"
		may["provider/sim"] = "provider/sim provider firmware flow virtq core"
		may["device"] = "device mode provider flow virtq core"
		may["mode"] = "device mode provider firmware flow virtq core"
		may["function"] = "function device mode provider flow virtq core"
		may["."] = "function device mode provider provider/linux provider/sim flow virtq core"
		split("stdarg stdbool stddef stdint sys/uio", c)
		for (i in c)
			public["<" c[i] ".h>"] = 1
	}
	# The room of a path under libdpu/.
	function room(path)
	{
		if (path !~ "/")
			return "."
		sub("/[^/]*$", "", path)
		return path
	}
	function breach(why) { print $1 ": " $2 ": " why }

	$1 ~ "^include/" {
		if ($2 !~ "^<dpu/" && !($2 in public))
			breach("a public header includes C headers and <dpu/...> only")
		next
	}
	{
		here = $1
		sub("^libdpu/", "", here)
		here = room(here)
	}
	!(here in may) {
		breach("tests/gates/layers.sh does not know the room " here)
		next
	}
	$2 ~ "^<" {
		if ($2 ~ "^<(netlink|pci|infiniband|rdma|linux)/" && here != "provider/linux" &&
		    !(here == "vhost" && $2 ~ "^<linux/(vhost|vhost_types|vduse|if_tun|virtio_net)[.]h>"))
			breach("only provider/linux sees netlink, pci, infiniband and the kernel")
		if (here == "virtq" && $1 !~ "^libdpu/virtq/memory-(fd|guard).c$" && $2 ~ "^<(sys/(socket|ioctl|mman|eventfd|epoll)|net/.*|netinet/.*|arpa/.*|unistd|fcntl|poll)[.h]*>")
			breach("virtq/ is pure memory")
		next
	}
	{
		target = substr($2, 2, length($2) - 2)
		if (target == "config.h" || target !~ "/")
			next
		there = room(target)
		if (index(" " may[here] " ", " " there " ") == 0)
			breach(here "/ does not look into " there "/")
	}'
}

# unresolved TREE: includes of our own headers that are not there.
unresolved()
{
	includes "$1" | while read -r file target; do
		name=$(echo "$target" | sed 's/^.//; s/.$//')
		case $target in
		'<dpu/version.h>' | '"config.h"') ;;
		'<dpu/'*) [ -f "$1/include/$name" ] || echo "$file: $target: no such header" ;;
		'"'*)
			[ -f "$1/libdpu/$name" ] || [ -f "$1/$(dirname "$file")/$name" ] ||
				echo "$file: $target: no such header"
			;;
		esac
	done
}

# forbidden TREE: calls by which a library would speak, end the program or start another.
forbidden()
{
	calls='printf|vprintf|puts|putchar|perror|exit|_exit|_Exit|abort|system|popen|fork|vfork|posix_spawnp?|exec[lv]p?e?'
	sources "$1" | grep '^libdpu/' | while read -r file; do
		code "$1/$file" | grep -Eo "(^|[^a-zA-Z0-9_.>])(($calls)[[:space:]]*\(|stderr|stdout)" |
			sed "s|^|$file: |"
	done
}

breaches "$top_srcdir" > "$work/out"
nothing_wrong "each room includes only what lies below it" "$work/out"
unresolved "$top_srcdir" > "$work/out"
nothing_wrong "all own includes resolve" "$work/out"
forbidden "$top_srcdir" > "$work/out"
nothing_wrong "the library prints nothing, ends nothing and starts nothing" "$work/out"

# The gate itself: in a small tree each rule is broken once, and each breach must be told. A file that keeps the
# rules must not.
plant()
{
	mkdir -p "$work/tree/$(dirname "$1")"
	echo "$2" > "$work/tree/$1"
}
caught()
{
	rm -rf "$work/tree"
	mkdir -p "$work/tree/include/dpu" "$work/tree/libdpu"
	plant "$2" "$3"
	{ breaches "$work/tree"; unresolved "$work/tree"; forbidden "$work/tree"; } | grep -F "$2: " > "$work/told"
	: > "$work/out"
	case $1 in
	yes) [ -s "$work/told" ] || echo "not told" > "$work/out" ;;
	no) cp "$work/told" "$work/out" ;;
	esac
	nothing_wrong "self-test: $2 with $(echo "$3" | tr '#' ' '): told $1" "$work/out"
}
caught yes include/dpu/a.h '#include <netlink/netlink.h>'
caught yes include/dpu/a.h '#include "core/ctx.h"'
caught yes libdpu/device/a.c '#include "provider/linux/linux.h"'
caught yes libdpu/mode/a.c '#include "provider/sim/sim.h"'
caught yes libdpu/function/a.c '#include <linux/devlink.h>'
caught yes libdpu/device/a.c '#include "function/function.h"'
caught yes libdpu/core/a.c '#include "provider/provider.h"'
caught yes libdpu/core/a.c '# include <pci/pci.h>'
caught yes libdpu/flow/a.c '#include "device/device.h"'
caught yes libdpu/firmware/a.c '#include "provider/provider.h"'
caught yes libdpu/device/a.c '#include "firmware/nvtable.h"'
caught yes libdpu/virtq/a.c '#include "provider/provider.h"'
caught yes libdpu/virtq/a.c '#include <sys/ioctl.h>'
caught yes libdpu/virtq/a.c '#include <sys/socket.h>'
caught yes libdpu/virtq/a.c '#include "vhost/vhost.h"'
caught yes libdpu/vhost/a.c '#include "provider/provider.h"'
caught yes libdpu/vhost/a.c '#include <linux/devlink.h>'
caught no libdpu/vhost/a.c '#include <linux/vhost.h>'
caught yes libdpu/provider/sim/a.c '#include "provider/linux/linux.h"'
caught yes libdpu/provider/sim/a.c '#include <infiniband/verbs.h>'
caught yes libdpu/provider/linux/a.c '#include "provider/sim/sim.h"'
caught yes libdpu/provider/linux/a.c '#include "device/device.h"'
caught yes libdpu/core/a.c '#include "core/nowhere.h"'
caught yes libdpu/newroom/a.c '#include <stdio.h>'
caught yes libdpu/core/a.c 'void f(void) { printf("x"); }'
caught yes libdpu/core/a.c 'void f(void) { fprintf(stderr, "x"); }'
caught yes libdpu/core/a.c 'void f(void) { if (1) exit(1); }'
caught yes libdpu/core/a.c 'void f(void) { system("x"); popen("x", "r"); }'
caught no libdpu/core/a.c 'void f(void) { snprintf(b, 1, "exit(1)"); a->exit(1); } /* printf("x") */'
caught no libdpu/provider/linux/a.c '#include <netlink/netlink.h>'
caught no include/dpu/a.h '#include <stdint.h>'
tap_done
