#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds a small kernel for the test guests out of Debian's linux-source, with
# options that no distribution kernel has on, and freehint.ko for it. Prints the
# directory, which tests take in FREEHINT_TEST_KERNEL. Usage: build.sh VARIANT,
# where VARIANT.config is beside this file. What is built already is kept: the
# name of the directory is a hash of the source's version and the configuration.

set -eu

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
OUT=${OUT:-$ROOT/build}/kernel
JOBS=${JOBS:-$(nproc)}
MUTANTS="always-dead"

die()
{
	echo "build.sh: $1" >&2
	exit 1
}

# Prints the newest source that is installed.
newest_source()
{
	local found

	found=$(find /usr/src -maxdepth 1 -name 'linux-source-*.tar.xz' | sort -V | tail -n 1)
	[ -n "$found" ] || die "no kernel source in /usr/src; run tests/deps.sh kernel"
	echo "$found"
}

# unpack ARCHIVE DIRECTORY - the source, once
unpack()
{
	[ -e "$2/Makefile" ] && return
	rm -rf "$2.new"
	mkdir -p "$2.new"
	tar -xf "$1" -C "$2.new" --strip-components=1
	mv "$2.new" "$2"
}

# configure SOURCE DIRECTORY - exactly what the fragments say, the rest is off
configure()
{
	local line lost=

	mkdir -p "$2"
	cat "$HERE/base.config" "$HERE/$variant.config" > "$2/wanted.config"
	make -s -C "$1" O="$2" KCONFIG_ALLCONFIG="$2/wanted.config" allnoconfig
	while read -r line; do
		grep -qxF "$line" "$2/.config" || lost="$lost $line"
	done < <(grep '^CONFIG_' "$2/wanted.config")
	[ -z "$lost" ] || die "this kernel cannot have$lost"
}

# build_kernel SOURCE DIRECTORY
build_kernel()
{
	[ -e "$2/complete" ] && return
	configure "$1" "$2"
	nice make -s -C "$1" O="$2" -j "$JOBS" LOCALVERSION="-freehint-$variant" bzImage modules
	touch "$2/complete"
}

variant=${1:-}
[ -n "$variant" ] && [ -e "$HERE/$variant.config" ] ||
	die "usage: build.sh VARIANT; there is no $HERE/$variant.config"
mkdir -p "$OUT"
exec 9> "$OUT/lock"
flock 9

archive=$(newest_source)
package=$(basename "$archive" .tar.xz)
version=$(dpkg-query -W -f '${Version}' "$package")
key=$({ echo "$version"; cat "$HERE/base.config" "$HERE/$variant.config"; } | sha256sum)
source=$OUT/source-$version
directory=$OUT/$variant-${key:0:12}
{
	unpack "$archive" "$source"
	build_kernel "$source" "$directory"
	"$HERE/kmod.sh" "$directory" "$directory/freehint.ko"
	for mutant in $MUTANTS; do
		"$HERE/kmod.sh" "$directory" "$directory/freehint-$mutant.ko" "$mutant"
	done
} >&2
echo "$directory"
