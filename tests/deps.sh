#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Install the Debian packages that building, the demo and the checks need, and
# nothing when they are there. Usage: tests/deps.sh [build] [demo] [check] [bench] [man] [matrix]
# [libvirt] [deb] [rpm] [debian] [kernel] [interpreted] [debug] [arm64] [large-pages] [cross]
set -eu

# Compiles the agent, the QEMU extension and the guest's kernel module.
BUILD="build-essential pkg-config kmod liburing-dev libseccomp-dev libjansson-dev
libcap-ng-dev libpng-dev libxml2-dev linux-headers-cloud-amd64"

# Boots test guests. The kernel is for the guests, QEMU reads it from /boot; it
# must be the version of the headers.
DEMO="$BUILD qemu-system-x86 linux-image-cloud-amd64 busybox-static python3"

# Unit tests, model checking, static analysis, fuzzing; what the test guests run.
CHECK="$DEMO libcmocka-dev spin sparse cppcheck clang libclang-rt-dev clang-tidy shellcheck
cpio xz-utils pahole stress-ng kexec-tools strace gnuplot-nox
scdoc dkms man-db systemd mmdebstrap zsh fish rpm libvirt-daemon libvirt-clients
libvirt-daemon-driver-qemu"

# Disks of domains.
LIBVIRT="$CHECK qemu-utils"

# Other releases, in directories.
MATRIX="$DEMO mmdebstrap"

# Man pages.
MAN="scdoc"

# Packages.
DEB="$BUILD scdoc debhelper dh-dkms dpkg-dev"

RPM="$BUILD scdoc rpm"

# Debian hosts under emulation, and what their guests boot.
DEBIAN="$DEMO mmdebstrap e2fsprogs dpkg-dev openssh-client"

# Plots of what was measured.
BENCH="$DEMO gnuplot-nox"

# Builds the kernels of tests/kernel: with any source, and for a KVM that interprets the
# guest's kernel mode with the one that is patched for it.
KERNEL_TOOLS="$BUILD flex bison bc libelf-dev xz-utils patch"
KERNEL="$KERNEL_TOOLS linux-source"
INTERPRETED="$KERNEL_TOOLS linux-source-6.12"

# Guest kernels that check what the module does: one is built, one is Debian's.
DEBUG="$KERNEL_TOOLS linux-source-6.12 linux-image-rt-amd64 linux-headers-rt-amd64"

# Guests of another architecture: QEMU, and a compiler for the module and their programs. Their
# kernel is not installed: tests/kernel/archive.sh.
ARM64="$BUILD dpkg-dev qemu-system-arm gcc-aarch64-linux-gnu libc6-dev-arm64-cross pahole"

# And one of them is built, for pages of 64 KiB.
LARGE_PAGES="$ARM64 $KERNEL_TOOLS linux-source-6.12"

# Agent, tool and extension for hosts of another architecture, and their unit tests.
CROSS="$BUILD dpkg-dev gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"

say() { echo "deps: $*" >&2; }

# missing PACKAGE... - print those that are not installed
missing() {
	for package in "$@"; do
		state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || state=
		[ "$state" = installed ] || printf '%s ' "$package"
	done
}

# as_root COMMAND... - run it, with sudo when we are not root
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		say "not root and no sudo; as root, run: apt-get install $wanted"
		exit 1
	fi
}

# apt_get ARGUMENT... - quiet unless it fails
apt_get() {
	log=$(mktemp)
	if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
	     -o Dpkg::Use-Pty=0 "$@" >"$log" 2>&1; then
		cat "$log" >&2
		rm -f "$log"
		say "apt-get $1 failed; see above"
		exit 1
	fi
	rm -f "$log"
}

install_packages() {
	wanted=$*
	say "installing: $wanted"
	apt_get update
	apt_get install --no-install-recommends "$@"
}

# Is there a kernel image whose own headers are installed too?
kernel_matches() {
	for image in /boot/vmlinuz-*-cloud-amd64; do
		version=${image#/boot/vmlinuz-}
		[ -e "$image" ] && [ -d "/lib/modules/$version/build/" ] && return 0
	done
	return 1
}

# Headers and image that were installed at different times may differ.
match_kernel() {
	kernel_matches && return
	say "kernel image and headers differ: updating both"
	install_packages linux-image-cloud-amd64 linux-headers-cloud-amd64
	kernel_matches && return
	say "still no /boot/vmlinuz-*-cloud-amd64 with headers of the same version"
	exit 1
}

[ -e /etc/debian_version ] || {
	say "not a Debian system; install the packages named in $0 by hand"
	exit 1
}
[ $# -gt 0 ] || set -- build

packages=
kernel=no
for group in "$@"; do
	case $group in
	build) packages="$packages $BUILD" ;;
	demo) packages="$packages $DEMO" kernel=yes ;;
	check) packages="$packages $CHECK" kernel=yes ;;
	libvirt) packages="$packages $LIBVIRT" kernel=yes ;;
	man) packages="$packages $MAN" ;;
	deb) packages="$packages $DEB" ;;
	rpm) packages="$packages $RPM" ;;
	debian) packages="$packages $DEBIAN" kernel=yes ;;
	matrix) packages="$packages $MATRIX" kernel=yes ;;
	bench) packages="$packages $BENCH" kernel=yes ;;
	kernel) packages="$packages $KERNEL" ;;
	interpreted) packages="$packages $INTERPRETED" ;;
	debug) packages="$packages $DEBUG" ;;
	arm64) packages="$packages $ARM64" ;;
	large-pages) packages="$packages $LARGE_PAGES" ;;
	cross) packages="$packages $CROSS" ;;
	*)
		echo "usage: $0 [build] [demo] [check] [bench] [man] [matrix] [deb] [rpm]" \
			"[libvirt] [debian] [kernel] [interpreted] [debug] [arm64]" \
			"[large-pages] [cross]" >&2
		exit 2
		;;
	esac
done

# Package names hold no blanks: splitting is meant.
# shellcheck disable=SC2046,SC2086
absent=$(missing $(printf '%s\n' $packages | sort -u))
# shellcheck disable=SC2086
[ -z "$absent" ] || install_packages $absent
[ $kernel = no ] || match_kernel
