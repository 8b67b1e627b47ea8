#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds a small kernel for the test guests out of Debian's linux-source, and
# freehint.ko for it. Prints the directory, which tests take in
# FREEHINT_TEST_KERNEL. Usage: build.sh [-n] VARIANT, where VARIANT.config is beside
# this file, and VARIANT.patch if the source is patched; -n only prints. What is
# built already is kept: the name of the directory is a hash of the source's
# version, the configuration and the patch.
#
# The head of VARIANT.config may name the package that has the source, the architecture as
# Debian names it, what QEMU boots, and the mutants of freehint.ko that are built beside it:
# "# source: linux-source-6.12", "# arch: arm64", "# image: vmlinux", "# mutants: always-dead".

set -eu

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
OUT=${OUT:-$ROOT/build}/kernel
JOBS=${JOBS:-$(nproc)}

die()
{
	echo "build.sh: $1" >&2
	exit 1
}

# head_of WORD DEFAULT - what the head of the configuration says
head_of()
{
	local value

	value=$(sed -n "1,10s/^# $1: //p" "$HERE/$variant.config")
	echo "${value:-$2}"
}

# for_architecture NAME - of the kernel, and of what is built for it
for_architecture()
{
	local prefix

	[ "$1" = "$(dpkg --print-architecture)" ] && return
	prefix=$(dpkg-architecture -a "$1" -q DEB_HOST_GNU_TYPE 2>/dev/null)- ||
		die "dpkg knows no architecture $1"
	command -v "${prefix}gcc" > /dev/null || die "no ${prefix}gcc; run tests/deps.sh $1"
	export ARCH=${1/amd64/x86_64} CROSS_COMPILE=$prefix
}

# Prints the package that linux-source stands for.
default_source()
{
	dpkg-query -W -f '${Depends}' linux-source 2>/dev/null | grep -o '^linux-source-[0-9.]*' ||
		die "no kernel source; run tests/deps.sh kernel"
}

# What no guest of ours has, two thirds of the source. Kconfig reads its own files everywhere.
LEFT_OUT=('Documentation/*.rst' 'Documentation/*.yaml' 'Documentation/*.svg' 'tools/perf/*'
	'tools/testing/*' 'sound/*.[chS]'
	drivers/{accel,gpu,infiniband,media,net/ethernet,net/wireless,staging}/'*.[chS]')

# unpack ARCHIVE DIRECTORY - the source, once, with the patch if there is one
unpack()
{
	[ -e "$2/Makefile" ] && return
	rm -rf "$2.new"
	mkdir -p "$2.new"
	tar -xf "$1" -C "$2.new" --strip-components=1 --wildcards --wildcards-match-slash \
		"${LEFT_OUT[@]/#/--exclude=*/}"
	if [ -e "$patch" ]; then
		patch -d "$2.new" -p1 --forward --quiet --no-backup-if-mismatch < "$patch" ||
			die "$patch does not apply to $1"
	fi
	mv "$2.new" "$2"
}

# Prints what both fragments want; the variant has the last word about an option.
wanted()
{
	local own

	own=$(sed -n 's/^\(# \)\?\(CONFIG_[A-Z0-9_]*\)\(=.*\| is not set\)$/^\2=/p' \
		"$HERE/$variant.config")
	grep -v "$own" "$HERE/base.config"
	cat "$HERE/$variant.config"
}

# configure SOURCE DIRECTORY - exactly what the fragments say, the rest is off
configure()
{
	local line lost=

	mkdir -p "$2"
	wanted > "$2/wanted.config"
	make -s -C "$1" O="$2" KCONFIG_ALLCONFIG="$2/wanted.config" allnoconfig
	while read -r line; do
		grep -qxF "$line" "$2/.config" || lost="$lost $line"
	done < <(grep '^CONFIG_' "$2/wanted.config")
	[ -z "$lost" ] || die "this kernel cannot have$lost"
}

# build_kernel SOURCE DIRECTORY - modules, if there are any, go where packages have them
build_kernel()
{
	local args=(-s -C "$1" O="$2" LOCALVERSION="-freehint-$variant")

	[ -e "$2/complete" ] && return
	configure "$1" "$2"
	nice make "${args[@]}" -j "$JOBS" "$(head_of image bzImage)" modules
	if grep -q '=m$' "$2/.config"; then
		make "${args[@]}" INSTALL_MOD_PATH="$2" DEPMOD=true modules_install
	fi
	touch "$2/complete"
}

build=1
if [ "${1:-}" = -n ]; then
	build=
	shift
fi
variant=${1:-}
[ -e "$HERE/${variant:-none}.config" ] ||
	die "usage: build.sh [-n] VARIANT; there is no $HERE/$variant.config"
patch=$HERE/$variant.patch

package=$(head_of source "")
[ -n "$package" ] || package=$(default_source)
archive=/usr/src/$package.tar.xz
[ -e "$archive" ] || die "no $archive; install the package $package"
version=$(dpkg-query -W -f '${Version}' "$package")
source=$OUT/source-$version
key=$({ echo "$version"; cat "$HERE/base.config" "$HERE/$variant.config"; } | sha256sum)
if [ -e "$patch" ]; then
	source=$source-$variant-$(sha256sum < "$patch" | head -c 12)
	key=$(echo "$key" | cat - "$patch" | sha256sum)
fi
directory=$OUT/$variant-${key:0:12}

if [ -n "$build" ]; then
	for_architecture "$(head_of arch amd64)"
	mkdir -p "$OUT"
	exec 9> "$OUT/lock"
	flock 9
	unpack "$archive" "$source"
	build_kernel "$source" "$directory"
	"$HERE/kmod.sh" "$directory" "$directory/freehint.ko"
	for mutant in $(head_of mutants always-dead); do
		"$HERE/kmod.sh" "$directory" "$directory/freehint-$mutant.ko" "$mutant"
	done
fi >&2
echo "$directory"
