#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds freehint.ko for a kernel that a package has installed, which is not the one that
# `make` builds it for. Prints the directory, which tests take in FREEHINT_TEST_KERNEL, as
# build.sh does. Usage: packaged.sh FLAVOUR [MUTANT...], where FLAVOUR ends the names of the
# kernels, the newest of which is meant: rt-amd64; and MUTANT is one that is built beside it.

set -eu

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
OUT=${OUT:-$ROOT/build}/kernel

die()
{
	echo "packaged.sh: $1" >&2
	exit 1
}

# Prints the version of the newest kernel whose headers are installed too.
newest()
{
	local path version

	for path in /boot/vmlinuz-*-"$1"; do
		version=${path#/boot/vmlinuz-}
		[ -e "/lib/modules/$version/build/Makefile" ] && echo "$version"
	done | sort -V | tail -n 1
}

# describe VERSION DIRECTORY - the files that tests look for, where a build has them
describe()
{
	mkdir -p "$2/include/config" "$2/arch/x86/boot"
	cp "/boot/vmlinuz-$1" "$2/arch/x86/boot/bzImage"
	cp "/boot/config-$1" "$2/.config"
	echo "$1" > "$2/include/config/kernel.release"
}

[ $# -ge 1 ] || die "usage: packaged.sh FLAVOUR [MUTANT...]"
flavour=$1
shift
version=$(newest "$flavour")
[ -n "$version" ] || die "no /boot/vmlinuz-*-$flavour with headers; run tests/deps.sh debug"
directory=$OUT/packaged-$version

mkdir -p "$OUT"
exec 9> "$OUT/lock"
flock 9
describe "$version" "$directory"
"$HERE/kmod.sh" "/lib/modules/$version/build" "$directory/freehint.ko" >&2
for mutant; do
	"$HERE/kmod.sh" "/lib/modules/$version/build" "$directory/freehint-$mutant.ko" \
		"$mutant" >&2
done
echo "$directory"
