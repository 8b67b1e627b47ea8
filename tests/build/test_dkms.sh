#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# time limit: 600 s
#
# The sources that make install-dkms installs are complete: dkms builds the module out
# of them, for every kernel whose headers are here.

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

run_dkms add
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
	echo "built for $kernel"
	found=1
done
run_dkms remove --all
[ "$found" = 1 ] || { echo "no kernel headers: install linux-headers-cloud-amd64"; exit 77; }
