#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# For lab.sh to source: finds Debian's kernel of a series and keeps what make-part.sh makes of it. Each part lies in
# the cache under a name that says what it was made of, is made beside it and renamed when it is complete: a
# name that exists is good, and nothing in the cache is ever changed.
cache=${LIBDPU_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/libdpu/lab}

die()
{
	echo "lab: $*" >&2
	exit 1
}

hash()
{
	sha256sum | cut -c 1-12
}

# cached FOLDER PART: unless the folder is there, make-part.sh fills it.
cached()
{
	local folder=$1 part=$2 new=$cache/new
	if [ -d "$folder" ]; then
		touch "$folder" 2>/dev/null
		return 0
	fi
	mkdir -p "$cache" || return
	(
		flock 9
		[ ! -d "$folder" ] || exit 0
		# Only who holds the lock writes here, and all that write hold it: what is found was left by a run
		# that was killed.
		rm -rf "$new"
		mkdir "$new"
		echo "lab: making ${folder##*/}" >&2
		export kernel release modules
		if ! bash "$lab/make-part.sh" "$part" "$new" "${@:3}" > "$cache/log" 2>&1; then
			tail -n 30 "$cache/log" >&2
			echo "lab: ${folder##*/} could not be made; all that was said: $cache/log" >&2
			exit 1
		fi
		touch "$new"
		mv -T "$new" "$folder" || exit
		# What nobody has used for long.
		find "$cache" -mindepth 1 -maxdepth 1 -type d -mtime +30 -exec rm -rf {} +
	) 9> "$cache/lock"
}

# depends PACKAGE: what the candidate version depends on, a package a line.
depends()
{
	apt-cache show --no-all-versions "$1" 2>/dev/null | sed -n 's/^Depends: //p' | tr ',|' '\n' | sed 's/^ *//'
}

# find_packages SERIES: the kernel that the metapackage stands for, as "package=version" in packages; the release.
find_packages()
{
	local meta image='' version='' kbuild known=$cache/packages-$1
	# apt-cache takes a second, every time.
	if [ "$known" -nt /var/lib/apt/lists ]; then
		read -ra packages < "$known"
		release=${packages[0]#linux-image-}
		release=${release%%=*}
		kernel=$cache/kernel-$release-${packages[0]#*=}
		return
	fi
	for meta in "linux-image-$1-amd64" linux-image-amd64; do
		read -r image version < <(depends "$meta" | sed -nE "s/^(linux-image-$1\.[^ ]*) \(= (.*)\)\$/\1 \2/p")
		[ -z "$image" ] || break
	done
	[ -n "$image" ] || return
	release=${image#linux-image-}
	kbuild=$(depends "linux-headers-$release" | sed -nE 's/^(linux-kbuild-[^ ]*).*/\1/p' | head -n 1)
	[ -n "$kbuild" ] || return
	# Asked for by version, so that apt refuses a mixture.
	packages=(
		"$image=$version"
		"linux-headers-$release=$version"
		"linux-headers-${release%-amd64}-common=$version"
		"$kbuild=$version"
		"linux-source-$1=$version"
	)
	kernel=$cache/kernel-$release-$version
	mkdir -p "$cache" && echo "${packages[*]}" > "$known.$$" && mv "$known.$$" "$known"
}

apt_update()
{
	local sudo=
	command -v apt-get >/dev/null || return
	[ "$(id -u)" -eq 0 ] || sudo='sudo -n'
	echo "lab: asking apt for news" >&2
	$sudo apt-get update -qq >&2
}

# find_kernel SERIES: the kernel's folder and its release. Without apt's help, the last one that was unpacked.
find_kernel()
{
	local try
	for try in 1 2; do
		if find_packages "$1" && cached "$kernel" kernel "$1" "${packages[@]}"; then
			return
		fi
		rm -f "$cache/packages-$1"
		[ "$try" -ne 1 ] || apt_update || true
	done
	kernel=$(find "$cache" -maxdepth 1 -name "kernel-$1.*" -printf '%T@ %p\n' 2>/dev/null | sort -rn | sed -n '1s/[^ ]* //p')
	if [ -n "$kernel" ]; then
		release=$(cat "$kernel/release")
		echo "lab: apt gives no kernel $1; taking $release, which is in the cache" >&2
		return
	fi
	die "apt has no kernel $1 with its headers, its kbuild and its source, all of one version." \
		"On Debian 12 they come with this line in sources.list:
	deb http://security.debian.org/debian-security bookworm-security main"
}

# prepare SERIES: sets kernel, release, modules, initrd, dpulab: folders, but for the release.
prepare()
{
	local program missing=''
	for program in qemu-system-x86_64 busybox cpio modprobe depmod xz strip make flock; do
		command -v "$program" >/dev/null || missing+=" $program"
	done
	[ -z "$missing" ] || die "not installed:$missing (./quickstart installs what is needed)"
	find_kernel "$1"
	modules=$cache/modules-$release-$( (echo "$kernel"; cat "$lab/make-part.sh") | hash)
	cached "$modules" modules "$1" || exit
	initrd=$cache/initrd-$release-$( (echo "$modules"; cat "$lab/guest/initramfs.sh") | hash)
	cached "$initrd" initrd "$lab/guest/initramfs.sh" || exit
	dpulab=$cache/dpulab-$release-$( (echo "$modules"; cat "$lab/kmod"/{Kbuild,*.[ch]}) | hash)
	cached "$dpulab" dpulab "$lab/kmod" || exit
}
