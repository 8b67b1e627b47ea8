#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A kernel of Debian's archive for the test guests, of this machine's architecture or of
# another, and freehint.ko for it, in a directory: nothing is installed. Prints the
# directory, which tests take in FREEHINT_TEST_KERNEL, as build.sh does. Usage:
#
#	archive.sh [-n] [-H] [-s SUITE] FLAVOUR [MUTANT...]
#
# FLAVOUR is what follows "linux-image-" in the name of a package that stands for the newest
# kernel of its kind: cloud-arm64, 6.12-arm64-16k. SUITE is one that apt does not know here.
# MUTANT is built beside the module. -H takes the headers alone: the module is built, and
# nothing can boot. -n only prints. What is there is kept; `make clean`
# removes it. Status 77: the archive, or what the build needs, is not to be had.

set -eu

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
OUT=${OUT:-$ROOT/build}/kernel

# Without what these say about a package none of its kernels is to be had.
NOT_HERE=77

die()
{
	echo "archive.sh: $2" >&2
	exit "$1"
}

# own_apt DIRECTORY - lists and cache of our own, so that this machine's stay as they are
own_apt()
{
	mkdir -p "$1/lists/partial" "$1/archives/partial"
	: >"$1/status"
	cat >"$1/conf" <<-END
		Dir::State::Lists "$1/lists";
		Dir::State::status "$1/status";
		Dir::Cache "$1";
		Dir::Cache::archives "$1/archives";
		APT::Architectures { "$build_arch"; "$arch"; };
		APT::Sandbox::User "root";
	END
	export APT_CONFIG=$1/conf
	[ -z "$suite" ] || only_suite "$1"
	apt-get -q update >"$1/log" 2>&1 ||
		die $NOT_HERE "skipped: no lists of packages: $(tail -n 1 "$1/log")"
}

# only_suite DIRECTORY - the suite instead of those that apt knows, from the same mirror
only_suite()
{
	local mirror

	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
		grep '/debian/*$' | head -n 1)
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
		"${mirror:-http://deb.debian.org/debian} $suite main" >"$1/sources"
	cat >>"$1/conf" <<-END
		Dir::Etc::SourceList "$1/sources";
		Dir::Etc::SourceParts "-";
		Acquire::Check-Valid-Until "false";
	END
}

# depends_of PACKAGE PATTERN - prints what the package depends on and matches
depends_of()
{
	apt-cache show --no-all-versions "$1" 2>/dev/null | sed -n 's/^Depends: //p' |
		tr ',|' '\n\n' | sed 's/^ *//; s/ .*//' | grep -E "^$2\$" || true
}

# packages - prints the kernel, its headers, the tools to build with them, a busybox
packages()
{
	local image headers

	image=$(depends_of "linux-image-$flavour:$arch" 'linux-image-.*' | head -n 1)
	[ -n "$image" ] || die $NOT_HERE "skipped: the archive has no linux-image-$flavour"
	headers=linux-headers-${image#linux-image-}
	echo "$headers:$arch"
	if [ -z "$headers_only" ]; then
		echo "$image:$arch" "busybox-static:$arch"
		# from 7.2 on the image itself is in a package of its own
		depends_of "$image:$arch" 'linux-(base|binary|modules)-[0-9].*' |
			sed "s/\$/:$arch/"
	fi
	depends_of "$headers:$arch" 'linux-headers-.*-common.*'
	depends_of "$headers:$arch" 'linux-kbuild-.*' | sed "s/\$/:$build_arch/"
}

# unpack DIRECTORY - download, and unpack into it
unpack()
{
	local wanted deb

	wanted=$(packages)
	# shellcheck disable=SC2086 # names of packages
	(cd "$1/apt/archives" && apt-get -q download $wanted >"$1/apt/log" 2>&1) ||
		die $NOT_HERE "skipped: no packages: $(tail -n 1 "$1/apt/log")"
	for deb in "$1"/apt/archives/*.deb; do
		dpkg-deb --extract "$deb" "$1"
	done
	rm -rf "$1/apt"
}

# describe DIRECTORY - the files that tests look for, where a build has them
describe()
{
	local version image

	version=$(find "$1/usr/src" -maxdepth 1 -name 'linux-headers-*' ! -name '*-common*' |
		sed 's|.*/linux-headers-||')
	# the headers name their common part by where a package would have put it
	ln -s "$1/usr/src/linux-headers-$version" "$1/kdir"
	sed -i "s|/usr/src/|$1/usr/src/|" "$1/kdir/Makefile"
	[ -z "$headers_only" ] || return 0
	image=$1/arch/x86/boot/bzImage
	[ "$arch" = amd64 ] || image=$1/arch/$arch/boot/Image
	mkdir -p "$1/include/config" "$(dirname "$image")"
	echo "$version" >"$1/include/config/kernel.release"
	ln -s "$(first_of "$1/boot/vmlinuz-$version" "$1/usr/lib/modules/$version/vmlinuz")" \
		"$image"
	ln -s "$(first_of "$1/boot/config-$version" "$1/usr/lib/modules/$version/config" \
		"$1/kdir/.config")" "$1/.config"
}

# first_of FILE... - the first that is there
first_of()
{
	local file

	for file; do
		[ ! -e "$file" ] || { echo "$file"; return; }
	done
	die 1 "there is none of $*"
}

get_kernel()
{
	local new=$1.new

	[ -e "$1/complete" ] && return
	rm -rf "$new" "$1"
	mkdir -p "$new/apt"
	own_apt "$new/apt"
	unpack "$new"
	mv "$new" "$1"
	describe "$1"
	touch "$1/complete"
}

# build_modules DIRECTORY [MUTANT...] - with the compiler for the architecture
build_modules()
{
	local directory=$1 mutant cc=gcc

	shift
	[ "$arch" = "$build_arch" ] || cc=$(gnu_type)-gcc
	command -v "$cc" >/dev/null || die $NOT_HERE "skipped: no $cc; run tests/deps.sh $arch"
	for mutant in '' "$@"; do
		env KMOD_CC="$cc" ARCH="$kernel_arch" CROSS_COMPILE="${cc%gcc}" "$HERE/kmod.sh" \
			"$directory/kdir" "$directory/freehint${mutant:+-$mutant}.ko" \
			${mutant:+"$mutant"}
	done
}

gnu_type()
{
	dpkg-architecture -a "$arch" -q DEB_HOST_GNU_TYPE 2>/dev/null
}

only_print=
headers_only=
suite=
while getopts nHs: option; do
	case $option in
	n) only_print=1 ;;
	H) headers_only=-headers ;;
	s) suite=$OPTARG ;;
	*) die 2 "usage: archive.sh [-n] [-H] [-s SUITE] FLAVOUR [MUTANT...]" ;;
	esac
done
shift $((OPTIND - 1))
[ $# -ge 1 ] || die 2 "usage: archive.sh [-n] [-H] [-s SUITE] FLAVOUR [MUTANT...]"
flavour=$1
shift
case $flavour in
*arm64*) arch=arm64 kernel_arch=arm64 ;;
*amd64*) arch=amd64 kernel_arch=x86_64 ;;
*) die 2 "$flavour names neither amd64 nor arm64" ;;
esac
build_arch=$(dpkg --print-architecture)
directory=$OUT/archive-${suite:+$suite-}$flavour$headers_only

if [ -z "$only_print" ]; then
	mkdir -p "$OUT"
	exec 9>"$OUT/archive-lock"
	flock 9
	get_kernel "$directory"
	build_modules "$directory" "$@"
fi >&2
echo "$directory"
