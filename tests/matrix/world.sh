#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Other releases of Debian, each in a directory of its own, with their QEMU and guest
# kernel and freehint built for them. Usage:
#
#	world.sh make NAME		build it, unless it is there; prints its directory
#	world.sh run NAME COMMAND...	run a command in it, at the top of this tree
#
# NAME is bookworm, trixie or backports (trixie with what is newer in its backports).
# A world is a chroot in a mount namespace: it sees this machine's /dev, /tmp and /proc,
# and this tree under its own path, so tests of two worlds can migrate to each other.

set -eu

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
WORLDS=${FREEHINT_WORLDS:-$ROOT/build/worlds}
PACKAGES=qemu-system-x86,linux-image-cloud-amd64,linux-headers-cloud-amd64,python3,\
busybox-static,build-essential,pkg-config,kmod,liburing-dev,libseccomp-dev,libjansson-dev,\
libcap-ng-dev,libpng-dev,libxml2-dev,xz-utils,zstd,cpio,stress-ng,debhelper,dh-dkms,dkms,\
dpkg-dev,scdoc

# A line of sources.list, and the same for the backports.
BESIDE='s/^deb \(.*\) trixie \(.*\)/&\ndeb \1 trixie-backports \2/'

die()
{
	echo "world.sh: $1" >&2
	exit 1
}

# bootstrap NAME DIRECTORY - the release itself
bootstrap()
{
	local suite=$1 pins=()

	command -v mmdebstrap >/dev/null || die "no mmdebstrap; run tests/deps.sh matrix"
	if [ "$1" = backports ]; then
		suite=trixie
		# the mirror is mmdebstrap's own choice; the second suite is beside the first
		pins=(--aptopt='APT::Default-Release "trixie-backports"'
		      --setup-hook="sed -i '$BESIDE' \"\$1/etc/apt/sources.list\"")
	fi
	rm -rf "$2.new"
	mmdebstrap --quiet --variant=minbase --include="$PACKAGES" "${pins[@]}" "$suite" \
		"$2.new" >&2
	mv "$2.new" "$2"
}

# become DIRECTORY COMMAND... - this process becomes the command, so that whoever started
# it can end it; mounts are gone with it
become()
{
	local directory=$1

	shift
	mkdir -p "$directory$ROOT"
	# shellcheck disable=SC2016 # for the inner shell
	exec unshare --mount --propagation private bash -c '
		set -e
		directory=$1 root=$2
		shift 2
		for path in /dev /proc /sys /tmp "$root"; do
			mount --rbind "$path" "$directory$path"
		done
		exec chroot "$directory" env -C "$root" "$@"' - \
		"$directory" "$ROOT" OUT="$directory.out" PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# in_world DIRECTORY COMMAND... - and come back
in_world()
{
	(become "$@")
}

# The guest kernel as tests/lib/initramfs.py takes it from FREEHINT_TEST_KERNEL.
make_kernel()
{
	local directory=$1 home=$1.kernel version

	version=$(basename "$(find "$directory/boot" -name 'vmlinuz-*-cloud-amd64' |
		sort -V | tail -n 1)" | sed 's/^vmlinuz-//')
	mkdir -p "$home/include/config" "$home/arch/x86/boot"
	echo "$version" >"$home/include/config/kernel.release"
	cp "$directory/boot/vmlinuz-$version" "$home/arch/x86/boot/bzImage"
	cp "$directory/boot/config-$version" "$home/.config"
	in_world "$directory" tests/kernel/kmod.sh "/lib/modules/$version/build" \
		"$home/freehint.ko" >&2
	in_world "$directory" tests/kernel/kmod.sh "/lib/modules/$version/build" \
		"$home/freehint-always-dead.ko" always-dead >&2
}

# A world of an earlier day may lack what is wanted now.
update_packages()
{
	[ "$(cat "$1.packages" 2>/dev/null)" = "$PACKAGES" ] && return
	in_world "$1" sh -c "apt-get -q update && DEBIAN_FRONTEND=noninteractive \
		apt-get -q -y install --no-install-recommends ${PACKAGES//,/ }" >&2
	echo "$PACKAGES" >"$1.packages"
}

make_world()
{
	local directory=$WORLDS/$1

	mkdir -p "$WORLDS"
	exec 9>"$WORLDS/$1.lock"
	flock 9
	[ -d "$directory" ] || bootstrap "$1" "$directory"
	update_packages "$directory"
	in_world "$directory" make -s DEPS=no OUT="$directory.out" agent cli qemu-module >&2
	make_kernel "$directory"
	printf '#!/bin/sh\nexec %q run %q qemu-system-x86_64 "$@"\n' \
		"$ROOT/tests/matrix/world.sh" "$1" >"$directory.qemu"
	chmod +x "$directory.qemu"
	echo "$directory"
}

[ "$(id -u)" = 0 ] || die "mounts and chroots take root"
case ${2:-} in
bookworm | trixie | backports) ;;
*) die "usage: world.sh make|run bookworm|trixie|backports [COMMAND...]" ;;
esac
case $1 in
make) make_world "$2" ;;
run)
	world=$WORLDS/$2
	[ -d "$world" ] || die "there is no $world, make it first"
	shift 2
	become "$world" "$@"
	;;
*) die "make it or run in it" ;;
esac
