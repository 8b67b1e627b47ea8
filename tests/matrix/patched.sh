#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make qemu-patched: QEMU 10.0 with freehint built in and nothing that a shared object could
# use, neither modules nor plugins. Takes Debian's source, builds it in the world of its
# release, and runs tests on it. What is built already is kept.

set -eu

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
WORLD=trixie
OUT=$ROOT/build/qemu-patched
JOBS=${JOBS:-$(nproc)}
PACKAGES="meson ninja-build libglib2.0-dev libfdt-dev zlib1g-dev python3-venv
python3-pycotap flex bison patch"
TESTS="vm/test_content vm/test_cancel_retry vm/test_refused vm/test_tool vm/test_postcopy"
WORLDS=${FREEHINT_WORLDS:-$ROOT/build/worlds}

die()
{
	echo "patched.sh: $1" >&2
	exit 1
}

say()
{
	echo "patched.sh: $1" >&2
}

in_world()
{
	"$ROOT/tests/matrix/world.sh" run "$WORLD" "$@"
}

# quietly COMMAND... - its output only if it fails
quietly()
{
	local log

	log=$(mktemp)
	"$@" >"$log" 2>&1 || { tail -n 40 "$log" >&2; rm -f "$log"; die "failed: $*"; }
	rm -f "$log"
}

# The world's own mirror has the sources, too; its lists of packages stay as they are.
fetch_source()
{
	local apt=$OUT/apt

	rm -rf "$apt" "$OUT/source" "$OUT/fetched"
	mkdir -p "$apt/lists/partial" "$OUT/fetched"
	sed -n 's/^deb /deb-src /p' "$WORLDS/$WORLD/etc/apt/sources.list" >"$apt/sources.list"
	chmod -R a+rwX "$OUT"
	set -- -q -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/nowhere \
		-o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt" -o APT::Sandbox::User=root
	quietly in_world apt-get "$@" update
	quietly in_world env -C "$OUT/fetched" apt-get "$@" source --download-only qemu
	mkdir "$OUT/source.new"
	tar -xf "$OUT"/fetched/qemu_*.orig.tar.* -C "$OUT/source.new" --strip-components=1
	# Debian leaves firmware out of the archive; the configuration only wants its names
	sed -n "s/^ *'\(edk2-[a-z0-9_-]*.fd\)',$/\1.bz2/p" "$OUT/source.new/pc-bios/meson.build" |
		(cd "$OUT/source.new/pc-bios" && xargs touch)
	"$ROOT/host-agent/qemu-patches/apply.sh" "$OUT/source.new"
	mv "$OUT/source.new" "$OUT/source"
}

configure()
{
	mkdir -p "$OUT/build"
	quietly in_world env -C "$OUT/build" ../source/configure --target-list=x86_64-softmmu \
		--without-default-features --enable-system --enable-kvm --enable-tcg \
		--disable-plugins --disable-modules --disable-docs --disable-download \
		--enable-freehint --disable-install-blobs
	# firmware is that of the world
	printf '#!/bin/sh\nexec %q -L /usr/share/qemu -L /usr/share/seabios "$@"\n' \
		"$OUT/build/qemu-system-x86_64" >"$OUT/qemu-system-x86_64"
	chmod +x "$OUT/qemu-system-x86_64"
}

# The patches and the sources that were built in, to know whether they changed.
state()
{
	cat "$ROOT"/host-agent/qemu-patches/* "$ROOT"/host-agent/qemu-module/*/*.[ch] \
		"$ROOT"/proto/*.[ch] "$ROOT"/include/freehint/*.h "$0" | sha256sum
}

build()
{
	[ -e "$OUT/state" ] && [ "$(state)" = "$(cat "$OUT/state")" ] && return
	# shellcheck disable=SC2086 # names without blanks
	quietly in_world env DEBIAN_FRONTEND=noninteractive apt-get -q -y install \
		--no-install-recommends $PACKAGES
	say "QEMU's source"
	mkdir -p "$OUT"
	fetch_source
	say "configuring"
	rm -rf "$OUT/build"
	configure
	say "building, some minutes"
	quietly in_world ninja -C "$OUT/build" -j"$JOBS" qemu-system-x86_64
	state >"$OUT/state"
}

"$ROOT/tests/matrix/world.sh" make "$WORLD" >/dev/null
build
set -- env "FREEHINT_TEST_QEMU=$OUT/qemu-system-x86_64" \
	"FREEHINT_TEST_KERNEL=$WORLDS/$WORLD.kernel" "TEST_LOGS=$OUT/logs"
in_world "$@" python3 tests/matrix/linked.py
# shellcheck disable=SC2086
in_world "$@" tests/run.sh $TESTS
