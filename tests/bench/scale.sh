#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Simulates guests of 1, 4 and 12 TiB with the real code of both sides of the region;
# writes a CSV file for tests/bench/report.py. Usage: scale.sh [FILE] [REPETITIONS]

set -eu

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
OUT=${1:-$ROOT/docs/performance/simulated.csv}
REPS=${2:-3}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

SOURCES="tests/bench/scale.c tests/bench/scale_guest.c tests/fakes/fake_qemu.c
tests/fakes/fake_qobject.c proto/guest_publish.c proto/host_request.c proto/host_offer.c
proto/host_snapshot.c host-agent/agent/round/hint_round.c
host-agent/common/bits_to_ranges.c host-agent/common/log.c host-agent/common/printable.c
host-agent/qemu-module/round/mark_clean.c
host-agent/qemu-module/gate/round_gate.c host-agent/qemu-module/gate/round_history.c
host-agent/qemu-module/gate/range_queue.c
host-agent/qemu-module/gate/bql_hold.c
host-agent/qemu-module/core/ram_map.c
host-agent/qemu-module/core/range_source.c host-agent/qemu-module/core/range_check.c
host-agent/qemu-module/core/qmp_args.c host-agent/qemu-module/core/guest_refusal.c
host-agent/qemu-module/core/arm.c
host-agent/qemu-module/core/bar.c
host-agent/qemu-module/core/region_lock.c
host-agent/qemu-module/core/peer_wake.c"

cd "$ROOT"
# shellcheck disable=SC2046,SC2086
${CC:-gcc} -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter -I. \
	${SCALE_CFLAGS:-} -o "$WORK/scale" $SOURCES $(pkg-config --cflags --libs jansson) -pthread

{
	echo "# simulated: no guest, no QEMU;$(sed -n 's/^model name\s*:/&/p;T;q' \
		/proc/cpuinfo | cut -d: -f2)"
	echo "tib,pattern,BAR MiB,publish ms,copy+convert ms,mark-clean ms,apply ms,all ms,\
ranges,commands,refused,free GiB,sent for nothing GiB"
	for _ in $(seq "$REPS"); do
		for tib in ${SCALE_TIB:-1 4 12}; do
			for pattern in idle used worst; do
				"$WORK/scale" "$tib" "$pattern"
			done
		done
	done
} >"$OUT.new"
mv "$OUT.new" "$OUT"
