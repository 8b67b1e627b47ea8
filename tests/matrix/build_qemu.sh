#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds a QEMU from Debian's source, for series that no release has as a package and for
# QEMUs with freehint built in. Usage:
#
#	build_qemu.sh SERIES stock|patched
#
# SERIES is 10.0 or 10.2: the newest source of it that the archive has, in whatever suite.
# stock is as Debian builds it where it matters, with modules and plugins. patched has
# host-agent/qemu-patches applied, and neither: nothing that a shared object could use.
# Prints the path of a program that runs in the world trixie, in which it is built. What is
# built already is kept; where only freehint changed, QEMU is not built from the start.
# Status 77: the archive has no such source.

set -eu

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
WORLD=trixie
WORLDS=${FREEHINT_WORLDS:-$ROOT/build/worlds}
JOBS=${JOBS:-$(nproc)}
SUITES="trixie trixie-backports forky sid"
PACKAGES="meson ninja-build libglib2.0-dev libfdt-dev zlib1g-dev python3-venv
python3-pycotap flex bison patch"
COMMON="--target-list=x86_64-softmmu --without-default-features --enable-system --enable-kvm
--enable-tcg --disable-docs --disable-download --disable-install-blobs --enable-werror"
STOCK="--enable-modules --enable-plugins"
PATCHED="--disable-modules --disable-plugins --enable-freehint"
NOT_HERE=77

die()
{
	echo "build_qemu.sh: $2" >&2
	exit "$1"
}

say()
{
	echo "build_qemu.sh: $1" >&2
}

in_world()
{
	"$ROOT/tests/matrix/world.sh" run "$WORLD" "$@"
}

# quietly COMMAND... - its output only if it fails
quietly()
{
	local log status=0

	log=$(mktemp)
	"$@" >"$log" 2>&1 || status=$?
	[ $status = 0 ] || tail -n 40 "$log" >&2
	rm -f "$log"
	return $status
}

# in_suites COMMAND... - apt with the sources of all suites; the world's lists stay as they are
in_suites()
{
	in_world env -C "$FETCHED" "$1" -q -o "Dir::Etc::SourceList=$APT/sources.list" \
		-o Dir::Etc::SourceParts=/nowhere -o "Dir::State::Lists=$APT/lists" \
		-o "Dir::Cache=$APT" -o APT::Sandbox::User=root \
		-o Acquire::Check-Valid-Until=false "${@:2}"
}

# Newest first. An index may name what the mirror has given up.
versions()
{
	in_suites apt-cache showsrc qemu | sed -n 's/^Version: //p' |
		grep -E "^[0-9]+:$SERIES\.[0-9]" | sort -Vru
}

fetch_source()
{
	local suite version mirror

	compgen -G "$FETCHED/complete" >/dev/null && return
	rm -rf "$FETCHED" "$APT"
	mkdir -p "$FETCHED" "$APT/lists/partial"
	mirror=$(sed -n "s/^deb \([^ ]*\) $WORLD main.*/\1/p" \
		"$WORLDS/$WORLD/etc/apt/sources.list")
	for suite in $SUITES; do
		echo "deb-src $mirror $suite main"
	done >"$APT/sources.list"
	chmod -R a+rwX "$HOME_OF"
	quietly in_suites apt-get update || die $NOT_HERE "skipped: no lists of packages"
	for version in $(versions); do
		quietly in_suites apt-get source --download-only "qemu=$version" || continue
		touch "$FETCHED/complete"
		return
	done
	die $NOT_HERE "skipped: the archive has no source of QEMU $SERIES"
}

# Debian leaves firmware out of its source; the configuration wants its names all the same.
name_firmware()
{
	sed -n "s/^ *'\(edk2-[a-z0-9_-]*.fd\)',$/\1.bz2/p" "$1/pc-bios/meson.build" |
		(cd "$1/pc-bios" && xargs touch)
	[ ! -e "$1/pc-bios/dtb/meson.build" ] ||
		sed -n "s/^ *'\([a-z0-9-]*.dtb\)',$/\1/p" "$1/pc-bios/dtb/meson.build" |
		(cd "$1/pc-bios/dtb" && xargs touch)
}

# An unpacked file has the date of the archive, so ninja sees only what the patches changed.
unpack_source()
{
	rm -rf "$OUT/source.new"
	mkdir -p "$OUT/source.new"
	tar -xf "$FETCHED"/qemu_*.orig.tar.* -C "$OUT/source.new" --strip-components=1
	name_firmware "$OUT/source.new"
	[ "$KIND" = stock ] ||
		quietly "$ROOT/host-agent/qemu-patches/apply.sh" "$OUT/source.new" ||
		die 1 "the patches do not apply to QEMU $SERIES"
	rm -rf "$OUT/source"
	mv "$OUT/source.new" "$OUT/source"
}

configure()
{
	[ -e "$OUT/build/build.ninja" ] &&
		[ "$(cat "$OUT/options" 2>/dev/null)" = "$COMMON $OPTIONS" ] && return
	rm -rf "$OUT/build"
	mkdir -p "$OUT/build"
	# shellcheck disable=SC2086 # options without blanks
	quietly in_world env -C "$OUT/build" ../source/configure $COMMON $OPTIONS ||
		{ rm -rf "$OUT/build"; die 1 "QEMU $SERIES cannot be configured"; }
	echo "$COMMON $OPTIONS" >"$OUT/options"
	# firmware is that of the world
	printf '#!/bin/sh\nexec %q -L /usr/share/qemu -L /usr/share/seabios "$@"\n' \
		"$OUT/build/qemu-system-x86_64" >"$OUT/qemu-system-x86_64"
	chmod +x "$OUT/qemu-system-x86_64"
}

# What a build depends on, to know whether it changed.
state()
{
	cat "$0" "$FETCHED"/*.dsc | sha256sum
	[ "$KIND" = stock ] || cat "$ROOT"/host-agent/qemu-patches/* "$ROOT"/proto/*.[ch] \
		"$ROOT"/host-agent/qemu-module/*/*.[ch] "$ROOT"/include/freehint/*.h | sha256sum
}

build()
{
	fetch_source
	[ -e "$OUT/state" ] && [ "$(state)" = "$(cat "$OUT/state")" ] && return
	# shellcheck disable=SC2086 # names without blanks
	quietly in_world env DEBIAN_FRONTEND=noninteractive apt-get -q -y install \
		--no-install-recommends $PACKAGES || die 1 "no packages to build QEMU with"
	unpack_source
	configure
	say "building QEMU $SERIES, $KIND: some minutes"
	quietly in_world ninja -C "$OUT/build" -j"$JOBS" qemu-system-x86_64 ||
		die 1 "QEMU $SERIES does not build"
	state >"$OUT/state"
}

usage="usage: build_qemu.sh 10.0|10.2 stock|patched"
case ${1:-} in
10.0 | 10.2) SERIES=$1 ;;
*) die 2 "$usage" ;;
esac
case ${2:-} in
stock) KIND=$2 OPTIONS=$STOCK ;;
patched) KIND=$2 OPTIONS=$PATCHED ;;
*) die 2 "$usage" ;;
esac
HOME_OF=${FREEHINT_QEMUS:-$ROOT/build/qemu}/$SERIES
FETCHED=$HOME_OF/fetched
APT=$HOME_OF/apt
OUT=$HOME_OF/$KIND

[ -d "$WORLDS/$WORLD" ] || "$ROOT/tests/matrix/world.sh" make "$WORLD" >/dev/null
mkdir -p "$OUT"
exec 9>"$HOME_OF/lock"
flock 9
build
echo "$OUT/qemu-system-x86_64"
