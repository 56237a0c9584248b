#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# guest-image.sh FOLDER: makes FOLDER/kernel and FOLDER/initrd of a guest that lives in its memory alone, so that it can
# be migrated: the lab's kernel, and the lab's initramfs with a second one behind it.
set -euo pipefail
peers=$(cd "$(dirname "$0")" && pwd -P)
lab=$peers/../lab
folder=$1
. "$lab/kernel.sh"
prepare 6.12
root=$folder/root
mkdir -p "$root"/peers/modules
cp "$peers/guest-init.sh" "$root/peers/init"
chmod +x "$root/peers/init"
for name in virtio_pci virtio_net virtio_blk; do
	modprobe -d "$modules" -S "$release" --show-depends "$name"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
	to=$root/peers/modules/$(basename "$file" .xz)
	case $file in
	*.xz) xz -dc "$file" > "$to" ;;
	*) cp "$file" "$to" ;;
	esac
	strip --strip-debug "$to"
	basename "$to" >> "$root/peers/modules/order"
done
# With its libraries, and the linker that they name.
program=$(command -v ethtool)
{
	echo "$program"
	ldd "$program" | grep -o '/[^ ]*'
} | while read -r file; do
	mkdir -p "$root/${file%/*}"
	cp -L "$file" "$root/$file"
done
(cd "$root" && find . -mindepth 1 | cpio -o -H newc --quiet) | cat "$initrd/initrd" - > "$folder/initrd"
rm -r "$root"
ln -s "$kernel/boot/vmlinuz-$release" "$folder/kernel"
