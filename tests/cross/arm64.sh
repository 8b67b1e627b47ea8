#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds agent, tool and extension for arm64 hosts on this machine, and their unit tests, and runs
# the tests under QEMU's emulation of a process. Libraries come from the archive into a directory,
# nothing is installed. Usage: arm64.sh [DIRECTORY], build/arm64 by default. Status 77: the
# archive, or what the build needs, is not to be had.

set -eu

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
OUT=$(realpath -m "${1:-$ROOT/build/arm64}")
SYSROOT=$OUT/sysroot
TRIPLET=aarch64-linux-gnu
LIBRARIES="liburing-dev libseccomp-dev libjansson-dev libcap-ng-dev libpng-dev libxml2-dev
libcmocka-dev"
NOT_HERE=77
# Seconds a test may take; the emulation is some 20 times as slow.
LIMIT=300

# These need what the emulation of a process lacks: system call filters, signals and the memory
# map of a real process, userfaultfd. So do all that start the agent, whose program a kernel of
# another architecture does not start.
NOT_EMULATED="test_bar_room test_isolation test_metrics_writer test_zero_thread test_write_watch"

die()
{
	echo "arm64.sh: $2" >&2
	exit "$1"
}

# closure PACKAGE... - these and what they depend on, but for what the compiler brings
closure()
{
	apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
		--no-replaces --no-enhances "$@" | grep -E '^[a-z0-9].*:arm64$' | sort -u |
		grep -vE '^(libc6|libc6-dev|linux-libc-dev|libcrypt1|libcrypt-dev|debconf|perl.*):'
}

fetch_libraries()
{
	local apt=$OUT/apt deb wanted

	[ -e "$SYSROOT/complete" ] && return
	rm -rf "$SYSROOT" "$apt"
	mkdir -p "$SYSROOT" "$apt/lists/partial" "$apt/archives/partial"
	: >"$apt/status"
	cat >"$apt/conf" <<-END
		Dir::State::Lists "$apt/lists";
		Dir::State::status "$apt/status";
		Dir::Cache "$apt";
		APT::Architectures { "$(dpkg --print-architecture)"; "arm64"; };
		APT::Sandbox::User "root";
	END
	export APT_CONFIG=$apt/conf
	apt-get -q update >"$apt/log" 2>&1 || die $NOT_HERE "skipped: no lists of packages"
	# shellcheck disable=SC2086,SC2046 # names of packages
	wanted=$(closure $(printf '%s:arm64 ' $LIBRARIES))
	# shellcheck disable=SC2086
	(cd "$apt/archives" && apt-get -q download $wanted >"$apt/log" 2>&1) ||
		die $NOT_HERE "skipped: no packages: $(tail -n 1 "$apt/log")"
	for deb in "$apt"/archives/*.deb; do
		dpkg-deb --extract "$deb" "$SYSROOT"
	done
	rm -rf "$apt"
	touch "$SYSROOT/complete"
}

# cross_make ARGUMENT... - with the compiler and the libraries of arm64
cross_make()
{
	local lib

	lib="-L$SYSROOT/usr/lib/$TRIPLET -L$SYSROOT/lib/$TRIPLET"
	lib="$lib -Wl,-rpath-link,$SYSROOT/usr/lib/$TRIPLET:$SYSROOT/lib/$TRIPLET"
	env PKG_CONFIG_LIBDIR="$SYSROOT/usr/lib/$TRIPLET/pkgconfig:$SYSROOT/usr/share/pkgconfig" \
		PKG_CONFIG_SYSROOT_DIR="$SYSROOT" \
		make -s -j"${JOBS:-$(nproc)}" CC="$TRIPLET-gcc $lib" "$@"
}

is_arm64()
{
	readelf -h "$1" | grep -q 'Machine: *AArch64' || die 1 "$1 is not for arm64"
}

build()
{
	local name

	for name in agent cli qemu-module; do
		cross_make -C "$ROOT/host-agent/$name" OUT="$OUT" all
	done
	for name in freehint-agent freehint freehint-qemu.so; do
		is_arm64 "$OUT/$name"
	done
	echo "agent, tool and extension are built for arm64"
}

build_tests()
{
	local test goals=()

	for test in "$ROOT"/tests/unit/test_*.c; do
		goals+=("$OUT/tests/unit/$(basename "$test" .c)")
	done
	cross_make -C "$ROOT/tests" OUT="$OUT/tests" "${goals[@]}"
	echo "${#goals[@]} unit tests are built for arm64"
}

emulated()
{
	timeout "$LIMIT" "$EMULATOR" -L "/usr/$TRIPLET" \
		-E "LD_LIBRARY_PATH=$SYSROOT/usr/lib/$TRIPLET:$SYSROOT/lib/$TRIPLET" "$@"
}

cannot_run()
{
	[[ " $NOT_EMULATED " == *" $1 "* ]] ||
		grep -q 'tests/fakes/agent_rig' "$ROOT/tests/unit/$1.c"
}

run_tests()
{
	local test name passed=0 failed=0 skipped=0

	mkdir -p "$OUT/logs"
	for test in "$OUT"/tests/unit/test_*; do
		name=$(basename "$test")
		[ -x "$test" ] || continue
		if cannot_run "$name"; then
			skipped=$((skipped + 1))
		elif (cd "$ROOT" && emulated "$test") </dev/null >"$OUT/logs/$name" 2>&1; then
			passed=$((passed + 1))
		else
			failed=$((failed + 1))
			echo "FAIL  $name, see $OUT/logs/$name"
		fi
	done
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed = 0 ]
}

EMULATOR=$(command -v qemu-aarch64 || command -v qemu-aarch64-static) ||
	die $NOT_HERE "skipped: no qemu-aarch64; run tests/deps.sh cross"
command -v "$TRIPLET-gcc" >/dev/null ||
	die $NOT_HERE "skipped: no $TRIPLET-gcc; run tests/deps.sh cross"
mkdir -p "$OUT"
fetch_libraries
build
build_tests
run_tests
