#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Times the scan of the guest module in user space, on guests of several kinds; with a
# commit, the scan of that commit, too, in turns. Writes a CSV file for tests/bench/report.py.
# Usage: scan.sh [FILE] [REPETITIONS] [COMMIT]; SCAN_GIB is the size of the guests.

set -eu

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
OUT=${1:-$ROOT/docs/performance/scan.csv}
REPS=${2:-5}
BEFORE=${3:-}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

SOURCES="guest-kmod/scan/free_scan.c guest-kmod/scan/memory_end.c proto/guest_publish.c
proto/host_request.c proto/host_snapshot.c"

# build TREE BINARY - the scan of a tree with the harness of this one
build()
{
	local source sources=()

	for source in $SOURCES; do
		# An earlier tree may have the same in fewer files.
		[ ! -e "$1/$source" ] || sources+=("$1/$source")
	done
	${CC:-gcc} -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter -I"$1" -I"$ROOT" \
		-I"$ROOT/tests/fakes/kernel" -o "$2" "$ROOT/tests/bench/scan.c" \
		"$ROOT/tests/fakes/guest_kernel.c" "${sources[@]}"
}

build "$ROOT" "$WORK/now"
if [ -n "$BEFORE" ]; then
	mkdir "$WORK/tree"
	git -C "$ROOT" archive "$BEFORE" guest-kmod proto include | tar -x -C "$WORK/tree"
	# The sources of an earlier module are in one folder.
	[ -d "$WORK/tree/guest-kmod/scan" ] || ln -s . "$WORK/tree/guest-kmod/scan"
	build "$WORK/tree" "$WORK/before"
fi

{
	echo "# scan: no guest, no kernel;$(sed -n 's/^model name\s*:/&/p;T;q' \
		/proc/cpuinfo | cut -d: -f2)"
	echo "guest,scan,us/GiB,locked us/GiB,locked %,holds/GiB"
	for _ in $(seq "$REPS"); do
		[ -z "$BEFORE" ] || "$WORK/before" before "${SCAN_GIB:-8}"
		"$WORK/now" now "${SCAN_GIB:-8}"
	done
} >"$OUT.new"
mv "$OUT.new" "$OUT"
