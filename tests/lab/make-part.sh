#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# make-part.sh PART FOLDER ARGUMENT…: makes one part of the lab in an empty folder, for kernel.sh, which keeps it. The
# finished parts that it is made of are in the environment: kernel, modules; and the kernel's release.
set -euo pipefail
part=$1 folder=$2
shift 2
# What make check-lab was called with is not for the kernel's own makefiles.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES

# kernel SERIES PACKAGE=VERSION…: the packages unpacked, of the source only what modules_part builds.
kernel_part()
{
	local series=$1 package headers=usr/src/linux-headers-$release
	local sources=(drivers/infiniband/sw/siw drivers/net/netdevsim drivers/vdpa drivers/vhost drivers/virtio
		samples/vfio-mdev)
	mkdir "$folder/debs" "$folder/source"
	cd "$folder/debs"
	apt-get download "${@:2}"
	cd ..
	for package in debs/*.deb; do
		case $package in
		*/linux-source-*)
			dpkg --fsys-tarfile "$package" | tar -xO "./usr/src/linux-source-$series.tar.xz" |
				tar -C source -xJ --strip-components=1 "${sources[@]/#/linux-source-$series/}"
			;;
		*)
			dpkg -x "$package" .
			;;
		esac
	done
	rm -r debs
	# The headers expect to be installed in /usr/src.
	sed -i 's|^include /usr/src/|include $(dir $(lastword $(MAKEFILE_LIST)))../|' "$headers/Makefile"
	# With it kbuild would add BTF to our modules, and wants pahole for that.
	rm -f "$headers/vmlinux"
	echo "$release" > release
}

# build FOLDER VARIABLE=…: makes the modules of the folder.
build()
{
	make -C "$kernel/usr/src/linux-headers-$release" M="$1" -j"$(nproc)" "${@:2}" modules
	find "$1" -name '*.ko' -exec strip --strip-debug {} +
}

# modules SERIES: Debian's modules, and those that it does not build.
modules_part()
{
	local series=$1 build=$folder/build tree=$folder/lib/modules/$release
	cp -r "$kernel/source" "$build"
	cd "$build"
	# The kernel's own makefiles of these folders would build Debian's modules once more.
	echo 'obj-m := drivers/ samples/vfio-mdev/' > Kbuild
	echo 'obj-m := infiniband/sw/siw/ net/netdevsim/ vdpa/ vhost/ virtio/' > drivers/Makefile
	echo 'obj-m := vdpa_sim/' > drivers/vdpa/Makefile
	echo 'obj-m := vringh.o' > drivers/vhost/Makefile
	echo 'obj-m :=' > drivers/virtio/Makefile
	echo 'obj-m := mtty.o' > samples/vfio-mdev/Makefile
	if [ "$series" = 6.1 ]; then
		echo 'obj-m += vdpa.o vdpa_user/' >> drivers/vdpa/Makefile
		printf 'obj-m += vhost_vdpa.o\nvhost_vdpa-y := vdpa.o\n' >> drivers/vhost/Makefile
		echo 'obj-m += virtio_vdpa.o' >> drivers/virtio/Makefile
	fi
	build "$build" CONFIG_{NETDEVSIM,RDMA_SIW,VDPA,VDPA_SIM,VDPA_SIM_NET,VDPA_SIM_BLOCK,VDPA_USER}=m
	mkdir "$folder/lib"
	# Links in place of copies, of some 4000 files. depmod writes its own into the ones it finds: not into the
	# other folder's.
	cp -al "$kernel/lib/modules" "$folder/lib/"
	rm -f "$tree"/modules.{alias,dep,devname,softdep,symbols,weakdep}{,.bin} "$tree"/modules.builtin.{alias.,}bin
	mkdir "$tree/updates"
	find . -name '*.ko' -exec cp -t "$tree/updates" {} +
	rm -r "$build"
	depmod -b "$folder" "$release"
}

# initrd INIT: what it takes to reach the host's root.
initrd_part()
{
	local root=$folder/root name file to
	mkdir -p "$root"/{bin,dev,host,modules,proc,root,sys}
	cp "$(command -v busybox)" "$root/bin/busybox"
	cp "$1" "$root/init"
	chmod +x "$root/init"
	for name in virtio_pci 9pnet_virtio 9p; do
		modprobe -d "$modules" -S "$release" --show-depends "$name"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' > "$folder/files"
	while read -r file; do
		to=$root/modules/$(basename "$file" .xz)
		case $file in
		*.xz) xz -dc "$file" > "$to" ;;
		*) cp "$file" "$to" ;;
		esac
		strip --strip-debug "$to"
		basename "$to" >> "$root/modules/order"
	done < "$folder/files"
	(cd "$root" && find . | cpio -o -H newc --quiet) > "$folder/initrd"
	rm -r "$root"
}

# dpulab SOURCE
dpulab_part()
{
	cp "$1"/{Kbuild,*.[ch]} "$folder/"
	build "$folder"
	[ -f "$folder/dpulab.ko" ]
}

"${part}_part" "$@"
