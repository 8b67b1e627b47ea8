#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# time limit: 600 s
#
# The sources that make install-dkms installs are complete: dkms builds the module out
# of them, for every kernel whose headers are here. A kernel that is too old for it is no
# failure of dkms's autoinstall, which would leave the kernel's package half configured.

set -eu

cd "$(dirname "$0")/../.."
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

VERSION=$(sed -n 's/#define FREEHINT_RELEASE "\(.*\)"/\1/p' include/freehint/version.h)
mkdir "$WORK/dkms" "$WORK/modules"

if ! command -v dkms >/dev/null; then
	echo "dkms is missing: install dkms"
	exit 77
fi
make -s DESTDIR="$WORK/tree" install-dkms
[ -d "$WORK/tree/usr/src/freehint-$VERSION" ] || {
	echo "the version in dkms.conf is not $VERSION"
	exit 1
}

# run_dkms COMMAND [ARGUMENT...] - in trees of our own
run_dkms()
{
	dkms "$1" -m freehint -v "$VERSION" --sourcetree "$WORK/tree/usr/src" \
		--dkmstree "$WORK/dkms" --installtree "$WORK/modules" "${@:2}" >"$WORK/log" 2>&1 ||
		{ cat "$WORK/log"; cat "$WORK"/dkms/freehint/*/build/make.log; exit 1; } 2>/dev/null
}

# dkms_status COMMAND [ARGUMENT...] - prints the exit status of dkms, in trees of our own
dkms_status()
{
	local status=0

	dkms "$@" --sourcetree "$WORK/tree/usr/src" --dkmstree "$WORK/dkms" \
		--installtree "$WORK/modules" >"$WORK/log" 2>&1 || status=$?
	echo "$status"
}

# expect_status STATUS WHAT COMMAND [ARGUMENT...]
expect_status()
{
	local status

	status=$(dkms_status "${@:3}")
	[ "$status" = "$1" ] && return
	echo "$2: dkms ${*:3} ended with $status, not with $1"
	cat "$WORK/log"
	exit 1
}

# An old kernel arrives beside others, before the module was built and afterwards. None
# of these kernels is here: where dkms tries to build, it fails.
passes_over_old_kernels()
{
	local version

	for version in 3.10.0-1160.el7.x86_64 4.19.0-27-amd64 5.4.0-216-generic 5.9.0-5-amd64; do
		expect_status 0 "$1" autoinstall -k "$version"
		expect_status 77 "$1" install -m freehint -v "$VERSION" -k "$version"
	done
	echo "kernels before 5.10 are passed over, $1"
}

# Nothing else is passed over.
tries_new_kernels()
{
	local version

	for version in 5.10.0-32-cloud-arm64 5.14.0-503.el9.x86_64 5.15.0-119-generic \
		6.0.0-6-amd64 6.10.11-amd64 6.12.43+deb13-amd64 7.3.4+deb13-amd64 10.0.0-1-amd64; do
		[ "$(dkms_status autoinstall -k "$version")" != 0 ] && continue
		echo "$version is passed over"
		cat "$WORK/log"
		exit 1
	done
}

run_dkms add
passes_over_old_kernels "nothing built"
found=0
for headers in /lib/modules/*-amd64/build/; do
	kernel=${headers#/lib/modules/}
	kernel=${kernel%/build/}
	[ -d "$headers" ] || continue
	run_dkms build -k "$kernel" --kernelsourcedir "/lib/modules/$kernel/build"
	module=$(find "$WORK/dkms/freehint/$VERSION/$kernel" -name 'freehint.ko*')
	[ -s "$module" ] || { echo "no module for $kernel"; exit 1; }
	modinfo "$module" | grep -q "^vermagic: *$kernel " || {
		echo "$module is not for $kernel"
		exit 1
	}
	modinfo "$module" | grep -q '^alias: *pci:v00001AF4d00001110' || {
		echo "$module has no alias for ivshmem"
		exit 1
	}
	for field in "version: *$VERSION" 'author: ' 'description: ' 'license: *GPL'; do
		modinfo "$module" | grep -q "^$field" || {
			echo "modinfo of $module has no $field"
			exit 1
		}
	done
	echo "built for $kernel"
	found=1
done
passes_over_old_kernels "built for others"
tries_new_kernels
run_dkms remove --all
[ "$found" = 1 ] || { echo "no kernel headers: install linux-headers-cloud-amd64"; exit 77; }
